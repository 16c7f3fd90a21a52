#define NL_READING nl_real_
#include "op_words.h"
#include "exp_words.h"

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__)) && !defined(__FMA__)
#define FUSING __attribute__((target("fma"), flatten))
#else
#define FUSING
#endif

/* The C library for processors that do not multiply and add in one instruction: it would do that slowly. */
static double exprel(double x) { return fabs(x) < 0x1p-54 ? 1 : x == (double)INFINITY ? x : expm1(x) / x; }

#define FUNCTION(name)                                                                       \
    FUSING static double name##_fused(double x) { return nl_real_##name##_here(x); }         \
    double nl_##name(double x) { return NL_HAS_FMA() ? name##_fused(x) : name(x); }

FUNCTION(exp)
FUNCTION(expm1)
FUNCTION(exprel)
