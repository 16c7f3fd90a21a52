/* sweep and trials: which points a statement has, as the checks and a run read it. */
#ifndef NL_CHECK_BATCH_H
#define NL_CHECK_BATCH_H

#include "plan.h"

/* What a sweep changes: NAME = VALUES, or a column of the rows. */
typedef struct nl_binding {
    const nl_ast *set;  /* left side and values, as in a SET */
    const char *name;   /* as written: "J0", "E.tau" */
    nl_value values;    /* one for each place of its axis; unknown where only a run can tell */
    bool fixed;         /* a size, a setting ..: each of its values has a network of its own */
    int axis;
} nl_binding;

typedef struct nl_axis {
    const char *name;   /* "J0", "point" of rows, "trial" */
    size_t count;       /* NL_UNKNOWN_SIZE: only a run can tell */
} nl_axis;

/* The points of a statement: all places of its axes, the last one fastest.  Trials that are all there is in the block
 * of a sweep are an axis of the sweep. */
typedef struct nl_batch {
    const nl_ast *stmt, *block;
    nl_binding *bindings;
    size_t binding_count;
    nl_axis axes[NL_RANK];
    int axis_count, trial_axis; /* -1: no trials */
    size_t points;
    bool has_fixed;
} nl_batch;

/* False with a diagnostic. */
bool nl_batch_read(nl_evaluator *ev, const nl_ast *stmt, nl_batch *out);
/* Where a point lies along an axis. */
size_t nl_batch_place(const nl_batch *batch, size_t point, int axis);
/* The value of a binding at a place of its axis. */
nl_value nl_batch_value(nl_evaluator *ev, const nl_binding *binding, size_t place);
/* NAME=VALUE, as -D takes it. */
const char *nl_batch_define(nl_arena *arena, const nl_binding *binding, nl_value value);

/* The sweep and trials of the command line: parsed before anything is declared; then their block, ck->batch_block,
 * takes the protocol.  False with a diagnostic. */
bool nl_batch_given(nl_check *ck);
void nl_batch_take_protocol(nl_check *ck);

/* Calls `visit` for each left side with its values in the sweeps of a tree. */
void nl_batch_targets(nl_check *ck, const nl_ast *node, void (*visit)(nl_check *ck, const nl_ast *set));

/* Whether a parameter or a setting is one that needs a network for each of its values. */
bool nl_batch_is_fixed(const nl_check *ck, const char *name);
/* Whether it may be a parameter of the file or of a circuit in it; also before anything is declared. */
bool nl_batch_is_parameter(const nl_check *ck, const char *name);
/* What is swept, as written. */
const char *nl_batch_name(nl_check *ck, const nl_ast *set);

#endif
