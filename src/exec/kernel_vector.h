/* Vectors of doubles as wide as the instruction set for which this is compiled, and the words of lang/op_words.h read
 * for them (NL_READING nl_vec_).  GCC's vector extension gives arithmetic and comparisons; a comparison is a mask. */
#ifndef NL_EXEC_KERNEL_VECTOR_H
#define NL_EXEC_KERNEL_VECTOR_H

#include "lang/op_words.h"

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define NL_WIDTH 8
#define NL_SLEEF_NAME(name, ulp) Sleef_finz_##name##d8_##ulp##avx512f
#define NL_INTRINSIC(name) _mm512_##name
#elif defined(__AVX2__)
#define NL_WIDTH 4
#define NL_SLEEF_NAME(name, ulp) Sleef_finz_##name##d4_##ulp##avx2
#define NL_INTRINSIC(name) _mm256_##name
#else
#define NL_WIDTH 2
#endif

typedef double vec __attribute__((vector_size(8 * NL_WIDTH)));
typedef double vec_unaligned __attribute__((vector_size(8 * NL_WIDTH), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(8 * NL_WIDTH)));
typedef uint64_t vec_bits __attribute__((vector_size(8 * NL_WIDTH)));
typedef vec nl_vec_number;
typedef vec_bits nl_vec_bits;

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline vec vec_load(const double *p) { return *(const vec_unaligned *)p; }
static inline void vec_store(double *p, vec x) { *(vec_unaligned *)p = x; }

/* Fewer elements than a vector holds, 0 < count < NL_WIDTH; the others are read as 0 and not written. */
#if NL_WIDTH == 8
#define NL_FIRST(count) ((__mmask8)((1U << (count)) - 1))
static inline vec vec_load_part(const double *p, size_t count) { return _mm512_maskz_loadu_pd(NL_FIRST(count), p); }
static inline void vec_store_part(double *p, vec x, size_t count) { _mm512_mask_storeu_pd(p, NL_FIRST(count), x); }
#elif NL_WIDTH == 4
#define NL_FIRST(count) ((__m256i)((mask){ 0, 1, 2, 3 } < (int64_t)(count)))
static inline vec vec_load_part(const double *p, size_t count) { return _mm256_maskload_pd(p, NL_FIRST(count)); }
static inline void vec_store_part(double *p, vec x, size_t count) { _mm256_maskstore_pd(p, NL_FIRST(count), x); }
#else
static inline vec vec_load_part(const double *p, size_t count) { return (vec){ count == 0 ? 0 : *p, 0 }; }
static inline void vec_store_part(double *p, vec x, size_t count) { if (count != 0) *p = x[0]; }
#endif

/* Of a number or a vector; x - 0 is x for every x, which x + 0 is not. */
#define VEC_ALL(x) ((x) - (vec){ 0 })

static inline vec vec_blend(mask condition, vec yes, vec no)
{
    return (vec)(((mask)yes & condition) | ((mask)no & ~condition));
}

static inline bool vec_all(mask condition)
{
#if NL_WIDTH == 8
    return _mm512_movepi64_mask((__m512i)condition) == 0xFF;
#elif NL_WIDTH == 4
    return _mm256_movemask_pd((vec)condition) == 0xF;
#else
    return (condition[0] & condition[1]) != 0;
#endif
}

/* Comparisons with that of element k as bit k. */
#if NL_WIDTH == 8
#define VEC_BITS(ID, op) _mm512_cmp_pd_mask(a, b, _CMP_##ID##_OQ)
#elif NL_WIDTH == 4
#define VEC_BITS(ID, op) (uint64_t)_mm256_movemask_pd((vec)(a op b))
#else
#define VEC_BITS(ID, op) (uint64_t)(((a op b)[0] & 1) | ((a op b)[1] & 2))
#endif
static inline uint64_t vec_bits_LT(vec a, vec b) { return VEC_BITS(LT, <); }
static inline uint64_t vec_bits_LE(vec a, vec b) { return VEC_BITS(LE, <=); }
static inline uint64_t vec_bits_EQ(vec a, vec b) { return VEC_BITS(EQ, ==); }

#define nl_vec_truth(condition) ((vec)((condition) & (mask)VEC_ALL(1.0)))
#define nl_vec_select(condition, yes, no) vec_blend(condition, VEC_ALL(yes), VEC_ALL(no))
#define nl_vec_absolute(x) ((vec)((mask)(x) & ~(mask)VEC_ALL(-0.0)))
#define nl_vec_as_number(bits) ((vec)(bits))
#define nl_vec_as_bits(number) ((vec_bits)(number))

static inline vec nl_vec_each(double (*function)(double), vec x)
{
    vec y = x; /* GCC 12 does not see that the loop writes all elements */

    for (int k = 0; k < NL_WIDTH; k++) y[k] = function(x[k]);
    return y;
}

static inline vec nl_vec_each2(double (*function)(double, double), vec x, vec y)
{
    vec z;

    for (int k = 0; k < NL_WIDTH; k++) z[k] = function(x[k], y[k]);
    return z;
}

#if NL_WIDTH > 2
/* Of these instructions nan in the second operand stays. */
static inline vec nl_vec_at_least(double low, vec x) { return NL_INTRINSIC(max_pd)(VEC_ALL(low), x); }
static inline vec nl_vec_at_most(double high, vec x) { return NL_INTRINSIC(min_pd)(VEC_ALL(high), x); }

#define nl_vec_every(number) VEC_ALL(number)
#define nl_vec_fused(x, y, z) NL_INTRINSIC(fmadd_pd)(x, y, z)

static inline vec nl_vec_scale(vec x, vec_bits whole, vec k)
{
#if NL_WIDTH == 8
    (void)whole;
    return _mm512_scalef_pd(x, k);
#else
    const vec_bits half = whole >> 1;
    (void)k;
    return x * nl_vec_as_number(half << 52) * nl_vec_as_number((whole - half) << 52);
#endif
}

#define NL_READING nl_vec_
#include "lang/exp_words.h"
#undef NL_READING
static inline vec nl_vec_exp(vec x) { return nl_vec_exp_here(x); }
static inline vec nl_vec_expm1(vec x) { return nl_vec_expm1_here(x); }
static inline vec nl_vec_exprel(vec x) { return nl_vec_exprel_here(x); }
#else
static inline vec nl_vec_exp(vec x) { return nl_vec_each(nl_exp, x); }
static inline vec nl_vec_expm1(vec x) { return nl_vec_each(nl_expm1, x); }
static inline vec nl_vec_exprel(vec x) { return nl_vec_each(nl_exprel, x); }
#endif

#if NL_HAVE_SLEEF && NL_WIDTH > 2
#define NL_VEC_FUNCTION(name, ulp) static inline vec nl_vec_##name(vec x) { return NL_SLEEF_NAME(name, ulp)(x); }
#define NL_VEC_FUNCTION_2(name, ulp) \
    static inline vec nl_vec_##name(vec x, vec y) { return NL_SLEEF_NAME(name, ulp)(x, y); }
#else
#define NL_VEC_FUNCTION(name, ulp) static inline vec nl_vec_##name(vec x) { return nl_vec_each(nl_real_##name, x); }
#define NL_VEC_FUNCTION_2(name, ulp) \
    static inline vec nl_vec_##name(vec x, vec y) { return nl_vec_each2(nl_real_##name, x, y); }
#endif
NL_VECTOR_FUNCTIONS(NL_VEC_FUNCTION)
NL_VECTOR_FUNCTIONS_2(NL_VEC_FUNCTION_2)
#undef NL_VEC_FUNCTION
#undef NL_VEC_FUNCTION_2

#if NL_WIDTH == 8
#define NL_VEC_ROUND(x, mode) _mm512_roundscale_pd(x, (mode) | _MM_FROUND_NO_EXC)
#elif NL_WIDTH == 4
#define NL_VEC_ROUND(x, mode) _mm256_round_pd(x, (mode) | _MM_FROUND_NO_EXC)
#endif
#if NL_WIDTH > 2
static inline vec nl_vec_floor(vec x) { return NL_VEC_ROUND(x, _MM_FROUND_TO_NEG_INF); }
static inline vec nl_vec_ceil(vec x) { return NL_VEC_ROUND(x, _MM_FROUND_TO_POS_INF); }
static inline vec nl_vec_trunc(vec x) { return NL_VEC_ROUND(x, _MM_FROUND_TO_ZERO); }
static inline vec nl_vec_rint(vec x) { return NL_VEC_ROUND(x, _MM_FROUND_TO_NEAREST_INT); }
static inline vec nl_vec_sqrt(vec x) { return NL_INTRINSIC(sqrt_pd)(x); }
#else
static inline vec nl_vec_floor(vec x) { return nl_vec_each(nl_real_floor, x); }
static inline vec nl_vec_ceil(vec x) { return nl_vec_each(nl_real_ceil, x); }
static inline vec nl_vec_trunc(vec x) { return nl_vec_each(nl_real_trunc, x); }
static inline vec nl_vec_rint(vec x) { return nl_vec_each(nl_real_rint, x); }
static inline vec nl_vec_sqrt(vec x) { return nl_vec_each(nl_real_sqrt, x); }
#endif

/* As nl_real_modulo, to the bit: while the quotient is small enough to be whole, one fused multiply-add takes its
 * multiple from x exactly or rounds once; a quotient that was rounded up to the next whole number shows in the sign. */
static inline vec nl_vec_modulo(vec x, vec y)
{
#if NL_WIDTH > 2
    const vec quotient = x / y, rest = NL_INTRINSIC(fnmadd_pd)(nl_vec_floor(quotient), y, x);
    const mask plain = (nl_vec_absolute(quotient) < 0x1p52) & (rest == rest);
    const vec moved = vec_blend((rest < 0.0) ^ (y < 0.0), rest + y, rest);

    if (vec_all(plain)) return vec_blend(rest == 0.0, (vec)((mask)y & (mask)VEC_ALL(-0.0)), moved);
#endif
    return nl_vec_each2(nl_real_modulo, x, y);
}

/* x[column[k]] for as many columns as a vector is wide: by single loads, which beat the gather instructions. */
static inline vec vec_gather(const double *x, const uint32_t *column)
{
#if NL_WIDTH == 8
    return (vec){ x[column[0]], x[column[1]], x[column[2]], x[column[3]],
                  x[column[4]], x[column[5]], x[column[6]], x[column[7]] };
#elif NL_WIDTH == 4
    return (vec){ x[column[0]], x[column[1]], x[column[2]], x[column[3]] };
#else
    return (vec){ x[column[0]], x[column[1]] };
#endif
}

#endif
