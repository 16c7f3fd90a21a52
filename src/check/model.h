/* The checked model: every name resolved, every dimension and shape known, all values in one coherent system.
 * Made by check/, read-only afterwards; what changes in time is in exec/. */
#ifndef NL_CHECK_MODEL_H
#define NL_CHECK_MODEL_H

#include "base/diag.h"
#include "lang/expr.h"
#include "lang/random.h"
#include "lang/value.h"

typedef enum nl_var_kind { NL_VAR_STATE, NL_VAR_PARAM, NL_VAR_INPUT } nl_var_kind;

/* A variable of a population, or a parameter of a projection (one value per synapse). */
typedef struct nl_var {
    nl_var_kind kind;
    const char *name;      /* "v" */
    const char *full_name; /* "E.v"; at top level "v" */
    const char *doc;
    nl_span span;
    uint32_t space;
    nl_dim dim;
    nl_ref init;           /* STATE: initial value, PARAM: its expression; may read params and states declared above */
    nl_ref deriv;          /* STATE with x' =: the right side, divided by the coefficient */
    nl_span deriv_span;    /* of the equation: for messages about NaN */
    nl_ref next;           /* STATE with next x = */
    nl_ref low, high;      /* STATE .. in [low, high], or 0 */
    nl_ref history;        /* history x = f(t), or 0: the initial value */
    uint32_t population;   /* owner, or UINT32_MAX */
    uint32_t projection;   /* owner, or UINT32_MAX */
    bool on_pre, on_post;  /* a state of a projection that lives on the neurons of this side */
    const char *method;    /* `method =` of its population's body, or NULL: the simulation's */
    nl_span method_span;
} nl_var;

/* A named expression of a body, for what reads it from outside (X.I_syn). */
typedef struct nl_let {
    const char *name;
    nl_span span;
    nl_ref node;
    nl_dim dim;
} nl_let;

typedef struct nl_population {
    const char *name;  /* "" for the equations at top level */
    const char *doc;
    nl_span span;
    uint32_t space;    /* 0 for a population of one */
    size_t count;
    int rank;          /* 1, or 2 for a grid */
    size_t shape[2];
    NL_LIST(uint32_t) vars;
    NL_LIST(nl_let) lets;
} nl_population;

/* A population or a named range of one: what may stand at either side of a projection. */
typedef struct nl_part {
    uint32_t population;
    size_t begin, count;
    bool whole;
} nl_part;

/* A continuous statement of a projection: post.x += value, pre.x += value, or -=. */
typedef struct nl_flow {
    uint32_t projection;
    uint32_t input;    /* variable */
    bool to_pre;
    nl_ref value;      /* in the synapses' space (signs applied) */
    nl_span span;
} nl_flow;

/* Connection rules: rows of rules.def in check/. */
typedef enum nl_rule_kind {
    NL_RULE_ALL_TO_ALL, NL_RULE_ONE_TO_ONE, NL_RULE_RANDOM, NL_RULE_WHERE, NL_RULE_FIXED_INDEGREE,
    NL_RULE_FIXED_OUTDEGREE, NL_RULE_FIXED_TOTAL, NL_RULE_OFFSETS, NL_RULE_KERNEL, NL_RULE_LOW_RANK, NL_RULE_PAIRS,
    NL_RULE_WEIGHTS
} nl_rule_kind;

/* A column of values that pairs() names: one per synapse, in the given order. */
typedef struct nl_given {
    uint32_t var;
    nl_value value;
} nl_given;

typedef struct nl_rule {
    nl_rule_kind kind;
    nl_ref expr;          /* RANDOM, WHERE: in the synapses' space (PRE, POST ..); a constant p is a CONST */
    nl_value values[2];   /* k, n; offsets; kernel; U, V; pre_ids, post_ids; W */
    bool zeros, multapses; /* WEIGHTS: keep zeros; FIXED_..: partners may repeat */
    int boundary;         /* 0 wrap, 1 zero, 2 reflect */
    uint32_t weight_var;  /* WEIGHTS, LOW_RANK, KERNEL: the variable `w` that the rule defines; UINT32_MAX: none */
    NL_LIST(nl_given) given; /* PAIRS: named values */
    nl_span span;
} nl_rule;

typedef struct nl_projection {
    const char *name;  /* as given, or "X -> Y" made unique */
    const char *doc;
    nl_span span;
    nl_part pre, post;
    uint32_t space;    /* of its synapses */
    nl_rule rule;
    bool no_self;
    NL_LIST(uint32_t) excluding; /* projections */
    NL_LIST(uint32_t) vars;      /* params and states, one value per synapse; params that do not vary are constants,
                                  * not variables */
    NL_LIST(nl_let) lets;
    bool by_pre;                 /* spikes travel along it: synapses are stored by pre neuron .. */
    bool by_post;                /* .. and those that reach a post neuron are found too */
} nl_projection;

typedef struct nl_assign {
    uint32_t var;
    nl_ref value; /* reads STATE nodes as they are when the block begins */
    nl_span span;
} nl_assign;

typedef enum nl_block_kind { NL_BLOCK_EVERY_STEP, NL_BLOCK_EVERY, NL_BLOCK_AT } nl_block_kind;

/* `every step`, `every T`, `at T`: assignments already in single-assignment form. */
typedef struct nl_block {
    nl_block_kind kind;
    uint32_t population;          /* owner, or UINT32_MAX .. */
    uint32_t projection;          /* .. owner, or UINT32_MAX */
    double period, from;          /* EVERY, coherent units */
    NL_LIST(double) times;        /* AT */
    NL_LIST(nl_assign) assigns;
    nl_span span;
} nl_block;

typedef enum nl_event_kind {
    NL_EVENT_LEVEL, /* `spike when`: fires in each step in which its condition holds */
    NL_EVENT_EDGE,  /* `event NAME when`, `when`: in the step in which it becomes true */
    NL_EVENT_TIMES  /* `spike at`: at given times */
} nl_event_kind;

/* When elements of a population fire, or (`when` of a projection) synapses do.  Conditions are read on the state after
 * the equations, with the clock of the step's end; NL_X_OLD inside of them is a value at the step's start. */
typedef struct nl_event {
    nl_event_kind kind;
    const char *name;             /* "spikes", the name of `event NAME`, NULL for `when` */
    uint32_t population;          /* owner, or UINT32_MAX .. */
    uint32_t projection;          /* .. owner, or UINT32_MAX: tested for each synapse after its states have moved */
    nl_ref condition;             /* in the owner's space; without refractoriness, EDGE:
                                   * without `was false before`; TIMES: 0 */
    nl_ref select;                /* only the element fires for which this is largest; 0: all */
    NL_LIST(nl_assign) assigns;   /* its body */
    size_t time_count;            /* TIMES: elements and their times, ascending in time, then in element */
    const double *times;
    const uint32_t *ids;
    nl_span span;
} nl_event;

/* For a time after a spike, or while a condition holds since, there is no other, and the held states stay. */
typedef struct nl_refractory {
    uint32_t population;
    nl_ref time;                  /* in the population's space; 0: `while` */
    nl_ref condition;             /* of `while` */
    NL_LIST(uint32_t) held;       /* states */
    nl_span span, time_span;
} nl_refractory;

typedef enum nl_write_kind {
    NL_WRITE_OWN, /* a state of the synapse: its value after the body */
    NL_WRITE_ADD, /* to a state of a neuron; nothing: 0 */
    NL_WRITE_SET  /* a state of a neuron, where `condition` holds */
} nl_write_kind;

typedef struct nl_write {
    nl_write_kind kind;
    bool to_pre;                  /* ADD, SET: a state of the pre neuron, else of the post neuron */
    uint32_t var;
    nl_ref value;                 /* in the synapses' space, of states as they are when the event arrives */
    nl_ref condition;             /* SET: 0: always */
    nl_span span;
} nl_write;

/* on pre { }, on post { }, on pre.NAME delay d { }: what the synapses of a neuron that fired do, in textual order,
 * synapse after synapse. */
typedef struct nl_pathway {
    uint32_t projection, event;
    bool on_post;
    nl_ref delay;                 /* in the synapses' space; 0: none.  Axonal, or dendritic */
    NL_LIST(nl_write) writes;
    bool in_turn;                 /* a synapse may read what another one of the same event wrote */
    nl_span span, delay_span;
} nl_pathway;

/* first 0: its value at the start */
typedef struct nl_prev_def { nl_ref expr, first; uint32_t space; nl_span span; } nl_prev_def;
typedef struct nl_delay_def {
    nl_ref expr, delay;
    nl_ref max;       /* bound for delays that vary in time, or 0 */
    uint32_t space;
    nl_span span;
} nl_delay_def;
typedef struct nl_window_def { nl_ref expr; double width; uint32_t space; nl_span span; } nl_window_def;
/* use: counts the draws of one declaration */
typedef struct nl_draw_def { nl_dist dist; const char *stream; uint32_t use; nl_span span; } nl_draw_def;

/* A top-level value that bodies read.  `set` and later `let`s change it: exec reads it afresh when told. */
typedef struct nl_slot { const char *name; double number; nl_dim dim; } nl_slot;
typedef struct nl_array { const char *name; nl_value value; uint32_t space; } nl_array;
typedef struct nl_table { nl_value array; double dt; size_t rows, columns; } nl_table;

/* An explicit Runge-Kutta method, from `method NAME { }`. */
typedef struct nl_tableau {
    const char *name, *doc;
    nl_span span;
    int stages, order;      /* order found by the order conditions (up to 5) */
    const double *c, *a, *b; /* a: stages x stages, row-major */
    const double *b_low;     /* embedded, or NULL */
} nl_tableau;

typedef struct nl_model {
    nl_arena *arena;
    nl_graph *graph;
    double dt, start;
    bool dimensional;        /* dt is a quantity */
    uint64_t seed;
    const char *method;      /* of the simulation: "rk4" */
    nl_span method_span;
    bool single;             /* what synapses keep unchanged is stored in single precision */
    double rtol, atol;       /* of adaptive methods; atol in coherent units of each variable */
    NL_LIST(nl_population) populations;
    NL_LIST(nl_projection) projections;
    NL_LIST(nl_var) vars;
    NL_LIST(nl_flow) flows;
    NL_LIST(nl_block) blocks;
    NL_LIST(nl_event) events;
    NL_LIST(nl_refractory) refractories; /* at most one for a population */
    NL_LIST(nl_pathway) pathways;        /* in file order */
    NL_LIST(nl_prev_def) prevs;
    NL_LIST(nl_delay_def) delays;
    NL_LIST(nl_window_def) windows;
    NL_LIST(nl_draw_def) draws;
    NL_LIST(nl_slot) slots;
    NL_LIST(nl_array) arrays;
    NL_LIST(nl_table) tables;
    NL_LIST(nl_tableau) tableaux;
} nl_model;

#endif
