/* The words in which ops.def writes meanings.  They are read for doubles here and for vectors of doubles in
 * exec/kernel_vector.h; an includer says which by NL_READING, nl_real_ or nl_vec_.  exp, expm1 and exprel are written
 * out in exp_words.h.  For the other functions, with SLEEF, its finz_ functions are used at every width, since they
 * give the same bits at every width; on processors without fused multiply-add, and where SLEEF is missing, the C
 * library is used.  Special functions are GSL's: its error handler must be off. */
#ifndef NL_LANG_OP_WORDS_H
#define NL_LANG_OP_WORDS_H

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if NL_HAVE_SLEEF
#include <sleef.h>
#endif

#define NL_WORD_PASTE(prefix, word) prefix##word
#define NL_WORD_OF(prefix, word) NL_WORD_PASTE(prefix, word)
#define NL_WORD(word) NL_WORD_OF(NL_READING, word)

#define TRUTH(condition) NL_WORD(truth)(condition)
#define SELECT(condition, yes, no) NL_WORD(select)(condition, yes, no)
#define ABSOLUTE(x) NL_WORD(absolute)(x)
#define AT_LEAST(low, x) NL_WORD(at_least)(low, x) /* x or, where it is less, `low`; nan of nan */
#define AT_MOST(high, x) NL_WORD(at_most)(high, x)
#define FLOOR(x) NL_WORD(floor)(x)
#define CEIL(x) NL_WORD(ceil)(x)
#define TRUNC(x) NL_WORD(trunc)(x)
#define RINT(x) NL_WORD(rint)(x)
#define SQRT(x) NL_WORD(sqrt)(x)
#define MODULO(x, y) NL_WORD(modulo)(x, y)
#define EACH(function, x) NL_WORD(each)(nl_real_##function, x)
#define EACH2(function, x, y) NL_WORD(each2)(nl_real_##function, x, y)

#define EXP(x) NL_WORD(exp)(x)
#define EXP2(x) NL_WORD(exp2)(x)
#define EXPM1(x) NL_WORD(expm1)(x)
#define EXPREL(x) NL_WORD(exprel)(x)
#define LOG(x) NL_WORD(log)(x)
#define LOG1P(x) NL_WORD(log1p)(x)
#define LOG2(x) NL_WORD(log2)(x)
#define LOG10(x) NL_WORD(log10)(x)
#define SIN(x) NL_WORD(sin)(x)
#define COS(x) NL_WORD(cos)(x)
#define TAN(x) NL_WORD(tan)(x)
#define ASIN(x) NL_WORD(asin)(x)
#define ACOS(x) NL_WORD(acos)(x)
#define ATAN(x) NL_WORD(atan)(x)
#define SINH(x) NL_WORD(sinh)(x)
#define COSH(x) NL_WORD(cosh)(x)
#define TANH(x) NL_WORD(tanh)(x)
#define ASINH(x) NL_WORD(asinh)(x)
#define ACOSH(x) NL_WORD(acosh)(x)
#define ATANH(x) NL_WORD(atanh)(x)
#define CBRT(x) NL_WORD(cbrt)(x)
#define ERF(x) NL_WORD(erf)(x)
#define ERFC(x) NL_WORD(erfc)(x)
#define GAMMA(x) NL_WORD(tgamma)(x)
#define LGAMMA(x) NL_WORD(lgamma)(x)
#define POWER(x, y) NL_WORD(pow)(x, y)
#define ATAN2(y, x) NL_WORD(atan2)(y, x)
#define HYPOT(x, y) NL_WORD(hypot)(x, y)

/* The types of a reading, for functions that are written out. */
#define NUMBER NL_WORD(number)
#define BITS NL_WORD(bits)
#define AS_NUMBER(bits) NL_WORD(as_number)(bits)
#define AS_BITS(number) NL_WORD(as_bits)(number)
#define EVERY(number) NL_WORD(every)(number)
#define FUSED(x, y, z) NL_WORD(fused)(x, y, z)
#define SCALE(x, whole, k) NL_WORD(scale)(x, whole, k) /* x 2^k; k + NL_EXP_BIAS is in the lowest bits of `whole` */
#define NL_EXP_BIAS 2046 /* twice that of an exponent: each half of the sum has it once */

/* The functions that SLEEF has, as FUNCTION(name, bound on the error in tenths of an ulp). */
#define NL_VECTOR_FUNCTIONS(FUNCTION)                                                              \
    FUNCTION(exp2, u10) FUNCTION(log, u10) FUNCTION(log1p, u10) FUNCTION(log2, u10)                \
    FUNCTION(log10, u10) FUNCTION(sin, u10) FUNCTION(cos, u10) FUNCTION(tan, u10)                  \
    FUNCTION(asin, u10) FUNCTION(acos, u10) FUNCTION(atan, u10) FUNCTION(sinh, u10)                \
    FUNCTION(cosh, u10) FUNCTION(tanh, u10) FUNCTION(asinh, u10) FUNCTION(acosh, u10)              \
    FUNCTION(atanh, u10) FUNCTION(cbrt, u10) FUNCTION(erf, u10) FUNCTION(erfc, u15)                \
    FUNCTION(tgamma, u10) FUNCTION(lgamma, u10)
#define NL_VECTOR_FUNCTIONS_2(FUNCTION) FUNCTION(pow, u10) FUNCTION(atan2, u10) FUNCTION(hypot, u05)

/* SLEEF's scalar functions are built for processors with fused multiply-add and do not ask. */
#if defined(__FMA__) || !(defined(__x86_64__) || defined(__i386__))
#define NL_HAS_FMA() true
#else
#define NL_HAS_FMA() __builtin_cpu_supports("fma")
#endif

#if NL_HAVE_SLEEF && !defined(FP_FAST_FMA) /* sleef.h leaves these out */
#define NL_DECLARED(name, ulp) double Sleef_finz_##name##d1_##ulp##purecfma(double);
#define NL_DECLARED_2(name, ulp) double Sleef_finz_##name##d1_##ulp##purecfma(double, double);
NL_VECTOR_FUNCTIONS(NL_DECLARED)
NL_VECTOR_FUNCTIONS_2(NL_DECLARED_2)
#undef NL_DECLARED
#undef NL_DECLARED_2
#endif

#if NL_HAVE_SLEEF
#define NL_FUNCTION_OF(name, ulp, ...) \
    (NL_HAS_FMA() ? Sleef_finz_##name##d1_##ulp##purecfma(__VA_ARGS__) : name(__VA_ARGS__))
#else
#define NL_FUNCTION_OF(name, ulp, ...) name(__VA_ARGS__)
#endif
#define NL_REAL_FUNCTION(name, ulp) \
    static inline double nl_real_##name(double x) { return NL_FUNCTION_OF(name, ulp, x); }
#define NL_REAL_FUNCTION_2(name, ulp) \
    static inline double nl_real_##name(double x, double y) { return NL_FUNCTION_OF(name, ulp, x, y); }
NL_VECTOR_FUNCTIONS(NL_REAL_FUNCTION)
NL_VECTOR_FUNCTIONS_2(NL_REAL_FUNCTION_2)
#undef NL_REAL_FUNCTION
#undef NL_REAL_FUNCTION_2

static inline double nl_real_truth(int condition) { return condition; }
static inline double nl_real_select(int condition, double yes, double no) { return condition ? yes : no; }
static inline double nl_real_absolute(double x) { return fabs(x); }
static inline double nl_real_at_least(double low, double x) { return low > x ? low : x; }
static inline double nl_real_at_most(double high, double x) { return high < x ? high : x; }
static inline double nl_real_floor(double x) { return floor(x); }
static inline double nl_real_ceil(double x) { return ceil(x); }
static inline double nl_real_trunc(double x) { return trunc(x); }
static inline double nl_real_rint(double x) { return rint(x); }
static inline double nl_real_sqrt(double x) { return sqrt(x); }

typedef double nl_real_number;
typedef uint64_t nl_real_bits;

static inline double nl_real_as_number(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline uint64_t nl_real_as_bits(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static inline double nl_real_every(double number) { return number; }
static inline double nl_real_fused(double x, double y, double z) { return fma(x, y, z); }

/* By two powers, since 2^k need not be a number: the second product rounds, or is infinite. */
static inline double nl_real_scale(double x, uint64_t whole, double k)
{
    const uint64_t half = whole >> 1;

    (void)k;
    return x * nl_real_as_number(half << 52) * nl_real_as_number((whole - half) << 52);
}

double nl_exp(double x), nl_expm1(double x), nl_exprel(double x); /* exp.c */
static inline double nl_real_exp(double x) { return nl_exp(x); }
static inline double nl_real_expm1(double x) { return nl_expm1(x); }
static inline double nl_real_exprel(double x) { return nl_exprel(x); }

static inline double nl_real_each(double (*function)(double), double x) { return function(x); }
static inline double nl_real_each2(double (*function)(double, double), double x, double y) { return function(x, y); }

/* The rest of the division rounded down: fmod() is exact, and so is the result unless the signs differ. */
static inline double nl_real_modulo(double x, double y)
{
    const double rest = fmod(x, y);

    if (rest == 0) return copysign(0, y);
    return (rest < 0) != (y < 0) ? rest + y : rest;
}

/* erfcx(x) = sqrt(2/pi) / hazard(sqrt(2) x), the hazard function of the normal distribution. */
static inline double nl_real_erfcx(double x) { return M_SQRT2 * M_2_SQRTPI / 2 / gsl_sf_hazard(M_SQRT2 * x); }
static inline double nl_real_norminv(double p) { return p >= 0 && p <= 1 ? gsl_cdf_ugaussian_Pinv(p) : NAN; }
static inline double nl_real_digamma(double x) { return gsl_sf_psi(x); }
static inline double nl_real_beta(double a, double b) { return gsl_sf_beta(a, b); }
static inline double nl_real_bessel_j0(double x) { return gsl_sf_bessel_J0(x); }
static inline double nl_real_bessel_j1(double x) { return gsl_sf_bessel_J1(x); }
static inline double nl_real_bessel_i0(double x) { return gsl_sf_bessel_I0(x); }
static inline double nl_real_bessel_i1(double x) { return gsl_sf_bessel_I1(x); }
static inline double nl_real_bessel_k0(double x) { return gsl_sf_bessel_K0(x); }
static inline double nl_real_bessel_k1(double x) { return gsl_sf_bessel_K1(x); }
static inline double nl_real_airy_ai(double x) { return gsl_sf_airy_Ai(x, GSL_PREC_DOUBLE); }
static inline double nl_real_airy_bi(double x) { return gsl_sf_airy_Bi(x, GSL_PREC_DOUBLE); }
static inline double nl_real_dawsn(double x) { return gsl_sf_dawson(x); }
static inline double nl_real_exp1(double x) { return gsl_sf_expint_E1(x); }
static inline double nl_real_expi(double x) { return gsl_sf_expint_Ei(x); }
static inline double nl_real_lambertw(double x) { return gsl_sf_lambert_W0(x); }
static inline double nl_real_zeta(double x) { return gsl_sf_zeta(x); }
static inline double nl_real_ellipk(double m)
{
    return m >= 0 && m < 1 ? gsl_sf_ellint_Kcomp(sqrt(m), GSL_PREC_DOUBLE) : NAN;
}

/* The normal quantile loses digits of x near 0 (by adding 1): one step of Newton brings them back. */
static inline double nl_real_erfinv(double x)
{
    if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign(INFINITY, x) : NAN;
    const double y = gsl_cdf_ugaussian_Pinv(0.5 + 0.5 * x) * M_SQRT1_2;
    return y - (nl_real_erf(y) - x) / (M_2_SQRTPI * nl_real_exp(-y * y));
}

static inline double nl_real_legendre(double n, double x)
{
    if (n < 0 || n > 1e5 || n != floor(n) || !(fabs(x) <= 1)) return NAN;
    return gsl_sf_legendre_Pl((int)n, x);
}
#endif
