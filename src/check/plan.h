/* What the protocol reads and makes, found while it is checked and used again while it runs: the probes of the
 * simulation, the recorded series, the scopes of its blocks, the targets of `set`. */
#ifndef NL_CHECK_PLAN_H
#define NL_CHECK_PLAN_H

#include "check.h"

#include "lang/plot.h"

/* What fires: an event of the model, in all elements of its population or in a part of them. */
typedef struct nl_train_ref {
    uint32_t event;
    nl_part part;
} nl_train_ref;

typedef enum nl_series_mode {
    NL_SERIES_SAMPLED,
    NL_SERIES_TRAIN,    /* record E.spikes: who fired when */
    NL_SERIES_AT_EVENTS /* record m = C.mass at C.division: a value for each time an element fires */
} nl_series_mode;

typedef struct nl_plan_series {
    nl_series_mode mode;
    nl_train_ref train;    /* TRAIN, AT_EVENTS */
    bool used;             /* TRAIN: some expression reads it, whether under a name or as E.spikes */
    nl_value value;        /* TRAIN: as recorded until now; unknown until it begins */
    const char *name;      /* of the data set: "loss", "P(0).u" */
    nl_symbol *symbol;     /* under which expressions read it; NULL for one without a name of its own */
    const nl_ast *stmt;    /* RECORD */
    const nl_ast *points;  /* the block of the batch in whose points it stands, or NULL */
    const char *members; /* members of families that its expression reads: they tell apart what one statement records in
                            a loop */
    NL_LIST(size_t) probes; /* a sample is their values, one behind the other; none: evaluated by nl_eval each time */
    nl_kind kind;          /* of a sample */
    nl_dim dim;
    int rank;
    size_t shape[NL_RANK];
} nl_plan_series;

/* A condition of `run until` that the simulation evaluates. */
typedef struct nl_until {
    const nl_ast *stmt;
    const char *turn;      /* of the loops around it, where it reads members of families */
    size_t probe;
} nl_until;

/* The scope of a block of the protocol; the branches of an `if` whose condition is known beforehand have none. */
typedef struct nl_block_scope {
    const nl_ast *block;
    nl_scope *scope;
} nl_block_scope;

/* What the points of a sweep or trials collect: there, and of all of them together outside. */
typedef struct nl_plan_column {
    const nl_ast *stmt;    /* COLLECT */
    nl_symbol *inside, *outside;
    bool is_last;          /* the last sample of a series */
} nl_plan_column;

typedef struct nl_plan_batch {
    const nl_ast *stmt;
    nl_scope *scope;       /* of its block */
    NL_LIST(nl_plan_column) columns;
} nl_plan_batch;

struct nl_plan {
    NL_LIST(nl_ref) probes;       /* nodes that the simulation evaluates on request */
    NL_LIST(nl_plan_series) series;
    NL_LIST(nl_until) untils;
    NL_LIST(nl_block_scope) scopes;
    NL_LIST(nl_plan_batch *) batches;
    NL_LIST(const char *) kept;   /* names of `keep` */
    double steps;                 /* of all runs together; NAN: not known */
    int uncertain;                /* depth of blocks that may run any number of times: while checking */
};

/* The probe of a node, added when it is new. */
size_t nl_plan_probe(nl_check *ck, nl_ref node);
/* Its number, or -1. */
long nl_plan_find_probe(const nl_check *ck, nl_ref node);

/* The shape of values over a space; extents of synapses that are not built yet are unknown. */
void nl_plan_shape(const nl_check *ck, uint32_t space, int *rank, size_t shape[NL_RANK]);

nl_plan_series *nl_plan_find_series(nl_check *ck, const nl_ast *stmt, const char *name);
nl_until *nl_plan_find_until(nl_check *ck, const nl_ast *stmt, const char *turn);
nl_plan_batch *nl_plan_find_batch(const nl_check *ck, const nl_ast *stmt);
nl_scope *nl_plan_find_scope(const nl_check *ck, const nl_ast *block);
nl_scope *nl_plan_add_scope(nl_check *ck, const nl_ast *block, nl_scope *parent);

/* "P(0) P(2)": the members of families in an expression, with the present values of loop variables. */
const char *nl_plan_members(nl_evaluator *ev, const nl_ast *expr);
/* The same with the variables themselves; "" where there are no such members. */
const char *nl_plan_turn(nl_evaluator *ev, const nl_ast *expr);
/* The expressions whose values an expression holds one behind the other: those of concat(..), of the members of a
 * family P(0 .. L).x, of prev(..) of either; else the expression alone. */
const nl_ast *const *nl_plan_joined(nl_evaluator *ev, const nl_ast *expr, size_t *count);
/* The last row of an array; unknown where that is. */
nl_value nl_plan_last(nl_value rows);
/* The data set's name of a RECORD; NULL with a diagnostic. */
const char *nl_plan_series_name(nl_evaluator *ev, const nl_ast *stmt);

/* A symbol of the protocol: the one that the same statement declared before, or a new one.  NULL with a diagnostic when
 * the name is taken, in a scope around this one too. */
nl_symbol *nl_plan_declare(nl_check *ck, nl_scope *scope, nl_symbol_kind kind, const char *name, nl_span span,
                           const nl_ast *decl);

/* Whether this may be the file of a snapshot (a name that is not known yet may); false with a diagnostic. */
bool nl_plan_snapshot_file(nl_check *ck, const nl_ast *what, nl_value name);

/* --- trains (train.c) --- */

/* The first event NAME of a population, or -1. */
long nl_train_event(const nl_check *ck, uint32_t population, const char *name);
/* The event NAME of a population, a part, or the equations of an instance or (NULL) the file; false when it has
 * none. */
bool nl_train_find(const nl_check *ck, const nl_symbol *owner, const char *name, nl_train_ref *out);
/* The event that an expression names, E.spikes or, of the top level, `spikes`; false when it names none (a fault on the
 * way is reported). */
bool nl_train_named(nl_evaluator *ev, const nl_ast *expr, nl_train_ref *out);
/* A record's train before it is known. */
nl_value nl_train_unknown(const nl_check *ck, const nl_plan_series *series);
/* What has been recorded; NONE with a diagnostic where nothing records it.  `text` is how it was written. */
nl_value nl_train_value(nl_evaluator *ev, const nl_train_ref *ref, nl_span span, const char *text);

/* --- plots (plot.c) --- */

/* What a PLOT draws, in the evaluator's arena; false with diagnostics. */
bool nl_plot_read(nl_evaluator *ev, const nl_ast *stmt, nl_plot *out);

/* --- targets of `set` (target.c) --- */

typedef struct nl_target {
    nl_symbol *symbol;       /* a parameter of the file, or NULL: */
    uint32_t var;            /* a variable of a population or projection, */
    size_t begin, count;     /* these elements of it */
    const nl_symbol *owner;  /* population or part; NULL at top level */
    const nl_ast *index;     /* INDEX around it, or NULL */
    nl_dim dim;
    int rank;
    size_t shape[NL_RANK];
} nl_target;

/* What the left side of a SET names; false with a diagnostic. */
bool nl_target_find(nl_evaluator *ev, const nl_ast *left, nl_target *out);
/* The right side of the SET, with i, N, row and col of the population. */
nl_value nl_target_right(nl_evaluator *ev, const nl_target *target, const nl_ast *right);
/* All elements of the target after the assignment: `present` before it (unknown: so is the result).  NONE with a
 * diagnostic where the right side does not fit. */
nl_value nl_target_assign(nl_evaluator *ev, const nl_target *target, nl_value present, nl_value right,
                          const nl_ast *set);

/* --- times --- */

#define NL_STEPS_MAX 9007199254740992.0 /* of a run: beyond 2^53 a double does not count them one by one */

/* The nearest whole number of steps; a warning at `span` when that changes the time. */
double nl_plan_steps(nl_check *ck, nl_arena *arena, nl_span span, double time, const char *what);

#endif
