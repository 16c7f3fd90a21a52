/* What the files about batches share. */
#ifndef NL_RUN_BATCH_IMPL_H
#define NL_RUN_BATCH_IMPL_H

#include "run_impl.h"

#include "base/text.h"

enum {
    NL_FAILED_SHOWN = 5, /* points that failed and are named */
    NL_WORKERS_MAX = 256,
    NL_LANES_MAX = 16    /* beyond that the states of all no longer share a cache with the connections */
};

/* A point while it is walked. */
typedef struct nl_point {
    size_t number;
    nl_lane *lane;
    nl_outcome *outcome;
    bool runs; /* it has not failed */
    /* while points walk together */
    nl_value value, range; /* that decides where it goes on: of a condition; of the `for` around */
    uint64_t steps, done;  /* of the `run` that are still to make; that were made */
    nl_sim_run run;
    nl_sim_status sim_status;
    nl_sim_failure failure;
} nl_point;

/* Points that go together: in one network. */
typedef struct nl_piece {
    const size_t *numbers;
    size_t count;
} nl_piece;

/* A batch while it runs. */
typedef struct nl_running {
    nl_session *s;
    const nl_batch *batch;
    nl_plan_batch *plan;
    nl_arena *arena;
    nl_sim_snapshot *around; /* of the lane around, where parameters of its network were set; else NULL */
    nl_outcome **outcomes;   /* by point; NULL: not done */
    nl_scope *scope;         /* of the statement that the points have come to */
    size_t turn, in_step;    /* of the `for` around it; points that run together */
    size_t workers;          /* processes that run points */
    NL_LIST(nl_piece) pieces;
    uint64_t journal_key;
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

/* Points that need a network of their own, from the text to their outcomes. */
void nl_points_rebuilt(nl_running *r, const nl_piece *piece, nl_outcome **outcomes);

/* Others: these from their beginning to their outcomes, side by side; so many at most. */
void nl_points_run(nl_running *r, const nl_piece *piece, nl_outcome **outcomes);
size_t nl_points_at_a_time(nl_running *r);
void nl_points_do_block(nl_running *r, nl_point *points, size_t count, const nl_ast *block);
void nl_points_do_statement(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt);

/* What was reported in a session since a mark belongs to the point. */
void nl_point_take_diags(nl_running *r, nl_session *from, size_t number, nl_outcome *outcome, size_t mark);

/* A piece of either kind. */
void nl_running_piece(nl_running *r, const nl_piece *piece, nl_outcome **outcomes);

/* --- workers.c --- */

/* In r->workers processes; false: there are none to be had. */
bool nl_workers_run(nl_running *r);

/* --- journal.c --- */
void nl_journal_open(nl_session *s);
void nl_journal_read(nl_running *r); /* accepts the points that are done */
void nl_journal_add(nl_running *r, size_t number, const nl_outcome *outcome);

/* A point is done: what it said is told as soon as all before it have been. */
void nl_running_accept(nl_running *r, size_t number, nl_outcome *outcome);

#endif
