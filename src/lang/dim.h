/* Physical dimensions.  All values live in one coherent system: ms, mV, pA, um, amol, K and what follows from
 * them (nS = pA/mV, pF = pA ms/mV, GOhm = mV/pA, kHz = 1/ms, mM = amol/um^3, fC = pA ms, aJ = fC mV ..). */
#ifndef NL_LANG_DIM_H
#define NL_LANG_DIM_H

#include "base/arena.h"

typedef enum nl_base_dim {
    NL_TIME, NL_VOLTAGE, NL_CURRENT, NL_LENGTH, NL_AMOUNT, NL_TEMPERATURE, NL_DIM_BASES
} nl_base_dim;

/* Exponents are stored doubled, so that the s^(-1/2) of white noise and the result of sqrt() are exact. */
typedef struct nl_dim {
    int8_t half[NL_DIM_BASES];
    bool any;     /* of a literal 0, inf or nan: fits every dimension */
    bool unknown; /* of a failed expression: silences follow-ups */
} nl_dim;

/* How the dimension of a result follows from those of the operands: the column "dim" of ops.def. */
typedef enum nl_dim_rule {
    NL_DIM_SAME,     /* all operands alike; so is the result            a + b  */
    NL_DIM_COMPARE,  /* all operands alike; the result is a pure number a < b  */
    NL_DIM_PURE,     /* all operands pure; the result is pure           exp(a) */
    NL_DIM_KEEP,     /* the first operand's                             -a     */
    NL_DIM_FREE,     /* any; the result is pure                         sign(a), a and b */
    NL_DIM_PRODUCT,  /* a * b */
    NL_DIM_QUOTIENT, /* a / b */
    NL_DIM_HALF,     /* sqrt(a) */
    NL_DIM_THIRD,    /* cbrt(a): exact or refused */
    NL_DIM_SQUARE,   /* square(a) */
    NL_DIM_POWER,    /* a ^ b: b pure and, where a has a dimension, a constant: see nl_dim_power */
    NL_DIM_SELECT    /* if a then b else c: b and c alike */
} nl_dim_rule;

extern const nl_dim nl_dim_none, nl_dim_any, nl_dim_unknown;

bool nl_dim_equal(nl_dim a, nl_dim b);    /* `any` and `unknown` equal everything */
bool nl_dim_is_pure(nl_dim a);            /* no dimension, `any` or unknown */
nl_dim nl_dim_common(nl_dim a, nl_dim b); /* of two equal ones: the one that is not `any` */

/* The result's dimension, or false where the operands do not fit the rule (or an exponent leaves the range). */
bool nl_dim_apply(nl_dim_rule rule, const nl_dim *args, int count, nl_dim *out);
bool nl_dim_power(nl_dim a, double exponent, nl_dim *out);

#endif
