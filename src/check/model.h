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
    NL_RULE_ALL_TO_ALL, NL_RULE_ONE_TO_ONE, NL_RULE_RANDOM, NL_RULE_WHERE, NL_RULE_FIXED_INDEGREE, NL_RULE_FIXED_OUTDEGREE,
    NL_RULE_FIXED_TOTAL, NL_RULE_OFFSETS, NL_RULE_KERNEL, NL_RULE_LOW_RANK, NL_RULE_PAIRS, NL_RULE_WEIGHTS
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
    NL_LIST(uint32_t) vars;      /* params, one value per synapse; values that do not vary are constants, not variables */
    NL_LIST(nl_let) lets;
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
    uint32_t population;
    double period, from;          /* EVERY, coherent units */
    NL_LIST(double) times;        /* AT */
    NL_LIST(nl_assign) assigns;
    nl_span span;
} nl_block;

typedef struct nl_prev_def { nl_ref expr, first; uint32_t space; nl_span span; } nl_prev_def; /* first 0: its value at the start */
typedef struct nl_delay_def {
    nl_ref expr, delay;
    nl_ref max;       /* bound for delays that vary in time, or 0 */
    uint32_t space;
    nl_span span;
} nl_delay_def;
typedef struct nl_window_def { nl_ref expr; double width; uint32_t space; nl_span span; } nl_window_def;
typedef struct nl_draw_def { nl_dist dist; const char *stream; uint32_t use; nl_span span; } nl_draw_def; /* use: counts the draws of one declaration */

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
    double rtol, atol;       /* of adaptive methods; atol in coherent units of each variable */
    NL_LIST(nl_population) populations;
    NL_LIST(nl_projection) projections;
    NL_LIST(nl_var) vars;
    NL_LIST(nl_flow) flows;
    NL_LIST(nl_block) blocks;
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
