#include "dim.h"

#include <math.h>

const nl_dim nl_dim_none = { .any = false };
const nl_dim nl_dim_any = { .any = true };
const nl_dim nl_dim_unknown = { .unknown = true };

bool nl_dim_equal(nl_dim a, nl_dim b)
{
    if (a.any || b.any || a.unknown || b.unknown) return true;
    for (int k = 0; k < NL_DIM_BASES; k++)
        if (a.half[k] != b.half[k]) return false;
    return true;
}

bool nl_dim_is_pure(nl_dim a)
{
    return nl_dim_equal(a, nl_dim_none);
}

nl_dim nl_dim_common(nl_dim a, nl_dim b)
{
    if (a.unknown || b.unknown) return nl_dim_unknown;
    return a.any ? b : a;
}

/* *out = a + sign * b in exponents: the dimension of a product or a quotient. */
static bool combine(nl_dim a, nl_dim b, int sign, nl_dim *out)
{
    *out = (nl_dim){ .any = a.any && b.any };
    for (int k = 0; k < NL_DIM_BASES; k++) {
        const int half = a.half[k] + sign * b.half[k];

        if (half < INT8_MIN || half > INT8_MAX) return false;
        out->half[k] = (int8_t)half;
    }
    return true;
}

/* The dimension of a ^ exponent; false where an exponent would not be a multiple of one half. */
bool nl_dim_power(nl_dim a, double exponent, nl_dim *out)
{
    *out = (nl_dim){ .any = a.any, .unknown = a.unknown };
    for (int k = 0; k < NL_DIM_BASES; k++) {
        const double half = a.half[k] * exponent;

        if (!(fabs(half) <= INT8_MAX) || fabs(half - round(half)) > 1e-9) return false;
        out->half[k] = (int8_t)lround(half);
    }
    return true;
}

/* All operands from `first` on alike: their common dimension. */
static bool alike(const nl_dim *args, int first, int count, nl_dim *out)
{
    *out = args[first];
    for (int i = first + 1; i < count; i++) {
        if (!nl_dim_equal(*out, args[i])) return false;
        *out = nl_dim_common(*out, args[i]);
    }
    return true;
}

static bool all_pure(const nl_dim *args, int count)
{
    for (int i = 0; i < count; i++)
        if (!nl_dim_is_pure(args[i])) return false;
    return true;
}

static bool any_unknown(const nl_dim *args, int count)
{
    for (int i = 0; i < count; i++)
        if (args[i].unknown) return true;
    return false;
}

/* An unknown operand makes the result unknown, except where the rule alone decides it: one fault, one message. */
bool nl_dim_apply(nl_dim_rule rule, const nl_dim *args, int count, nl_dim *out)
{
    nl_dim common;

    *out = nl_dim_none;
    switch (rule) {
    case NL_DIM_COMPARE: return alike(args, 0, count, &common);
    case NL_DIM_PURE: return all_pure(args, count);
    case NL_DIM_FREE: return true;
    default: break;
    }
    if (any_unknown(args, count)) {
        *out = nl_dim_unknown;
        return true;
    }
    switch (rule) {
    case NL_DIM_SAME: return alike(args, 0, count, out);
    case NL_DIM_SELECT: return alike(args, 1, count, out);
    case NL_DIM_PRODUCT: return combine(args[0], args[1], 1, out);
    case NL_DIM_QUOTIENT: return combine(args[0], args[1], -1, out);
    case NL_DIM_HALF: return nl_dim_power(args[0], 0.5, out);
    case NL_DIM_THIRD: return nl_dim_power(args[0], 1.0 / 3, out);
    case NL_DIM_SQUARE: return nl_dim_power(args[0], 2, out);
    case NL_DIM_POWER: return all_pure(args, count);
    default: *out = args[0]; return true; /* KEEP */
    }
}
