/* The elementwise operators and functions: two readings of ops.def.  A row holds name, dimension rule, meaning (one C
 * expression), example and documentation; the checker, the constant folder, the vector kernels, the dumps and `netlang
 * doc` read it. */
#ifndef NL_LANG_OP_H
#define NL_LANG_OP_H

#include "dim.h"

typedef enum nl_op {
#define OP(name, ...) NL_OP_##name,
#include "ops.def"
    NL_OP_COUNT
} nl_op;

/* What kind of value comes in and out: numbers or conditions. */
typedef enum nl_op_type {
    NL_OP_NUM,       /* numbers to a number (conditions count as 0 and 1) */
    NL_OP_COMPARE,   /* numbers to a condition */
    NL_OP_LOGIC,     /* conditions to a condition */
    NL_OP_CHOOSE     /* condition, two alike */
} nl_op_type;

enum { NL_OP_ARGS = 4 };

typedef struct nl_op_info {
    const char *id;    /* "EXP": in dumps */
    const char *name;  /* "exp", "+": in texts; NULL for forms that only passes make */
    int arity;
    nl_dim_rule dim;
    nl_op_type type;
    int cost;          /* rough, in additions: 1 for +, 20 for exp */
    const char *args;  /* "x" or "x, lo, hi": for documentation */
    const char *example;
    const char *doc;
    double (*fold)(const double *args); /* the meaning, on scalars */
} nl_op_info;

extern const nl_op_info nl_ops[NL_OP_COUNT];

/* By its name in texts and number of arguments; NL_OP_COUNT when there is none.  `any_arity` < 0 matches every
 * arity. */
nl_op nl_op_find(const char *name, int arity);

static inline double nl_op_fold(nl_op op, const double *args) { return nl_ops[op].fold(args); }

#endif
