/* What the files about batches share. */
#ifndef NL_RUN_BATCH_IMPL_H
#define NL_RUN_BATCH_IMPL_H

#include "run_impl.h"

#include "base/text.h"

enum { NL_FAILED_SHOWN = 5 }; /* points that failed and are named */

/* A point while it is walked. */
typedef struct nl_point {
    size_t number;
    nl_lane *lane;
    nl_outcome *outcome;
    bool runs; /* it has not failed */
} nl_point;

/* A batch while it runs. */
typedef struct nl_running {
    nl_session *s;
    const nl_batch *batch;
    nl_plan_batch *plan;
    nl_arena *arena;
    nl_sim_snapshot *around; /* of the lane around, where parameters of its network were set; else NULL */
    nl_outcome **outcomes;   /* by point; NULL: not done */
    size_t done, delivered;  /* how many; and of the first ones that were told of */
    size_t failed_count;
    nl_text failed;
} nl_running;

size_t nl_point_number(const nl_batch *batch, size_t point); /* without trials */
size_t nl_point_trial(const nl_batch *batch, size_t point);

void nl_point_begin(nl_running *r, nl_point *p, size_t number);
/* One thing in the lane of the point; false: it has failed. */
bool nl_point_do(nl_running *r, nl_point *p, bool (*step)(nl_running *r, nl_point *p, const nl_ast *stmt),
                 const nl_ast *stmt);
bool nl_point_run_statement(nl_running *r, nl_point *p, const nl_ast *stmt);
void nl_point_end(nl_running *r, nl_point *p);

/* A point that needs a network of its own, from the text to its outcome. */
nl_outcome *nl_point_rebuilt(nl_running *r, size_t number);
/* One that does not. */
nl_outcome *nl_point_run(nl_running *r, size_t number);

/* What was reported in a session since a mark belongs to the point. */
void nl_point_take_diags(nl_running *r, nl_session *from, size_t number, nl_outcome *outcome, size_t mark);

/* A point is done: what it said is told as soon as all before it have been. */
void nl_running_accept(nl_running *r, size_t number, nl_outcome *outcome);

#endif
