/* Draws: compiled once per instruction set, like kernels.c.  Random words are made for as many blocks as a vector has
 * elements; a stretch of uniform or normal numbers is made of them, and draws of these and the arguments. */
#include "kernels.h"

#include "kernel_vector.h"

#include <Random123/philox.h>

#define NL_READING nl_vec_
#include "lang/draw_words.h"

/* --- words --- */

/* Of the low halves. */
static inline vec_bits vec_product(vec_bits x, vec_bits y)
{
#if NL_WIDTH == 8
    return (vec_bits)_mm512_mul_epu32((__m512i)x, (__m512i)y);
#elif NL_WIDTH == 4
    return (vec_bits)_mm256_mul_epu32((__m256i)x, (__m256i)y);
#elif defined(__SSE2__)
    return (vec_bits)_mm_mul_epu32((__m128i)x, (__m128i)y);
#else
    return (x & UINT32_MAX) * (y & UINT32_MAX);
#endif
}

/* Numbers of even elements in x and of odd ones in y become two vectors of neighbours: element k of x and y is that of
 * block turns[k], the order in which the cheapest instructions take from both. */
#if NL_WIDTH > 2
static const vec_bits turns = {
#if NL_WIDTH == 8
    0, 4, 1, 5, 2, 6, 3, 7
#else
    0, 2, 1, 3
#endif
};
static inline vec vec_first_of_two(vec x, vec y) { return NL_INTRINSIC(unpacklo_pd)(x, y); }
static inline vec vec_second_of_two(vec x, vec y) { return NL_INTRINSIC(unpackhi_pd)(x, y); }
#else
static const vec_bits turns = { 0, 1 };
static inline vec vec_first_of_two(vec x, vec y) { return (vec){ x[0], y[0] }; }
static inline vec vec_second_of_two(vec x, vec y) { return (vec){ x[1], y[1] }; }
#endif

enum { ROUNDS = 10 };

/* What all blocks of a stream and step have in common. */
typedef struct counter {
    vec_bits keys[ROUNDS][2], step[2];
} counter;

static counter counter_of(nl_stream stream, uint64_t step)
{
    const vec_bits none = { 0 };
    counter c = { .step = { none + (step & UINT32_MAX), none + (step >> 32) } };

    for (uint64_t r = 0; r < ROUNDS; r++) {
        c.keys[r][0] = none + (uint32_t)(stream.key + r * PHILOX_W32_0);
        c.keys[r][1] = none + (uint32_t)((stream.key >> 32) + r * PHILOX_W32_1);
    }
    return c;
}

/* Philox 4x32 of NL_WIDTH blocks, a 32-bit word in the low half of each element.  What is left in the high halves is
 * not read by the products, and dropped at the end. */
ALWAYS_INLINE void words_of(const counter *c, vec_bits index, vec_bits *a, vec_bits *b)
{
    const vec_bits none = { 0 }, m0 = none + (uint64_t)PHILOX_M4x32_0, m1 = none + (uint64_t)PHILOX_M4x32_1;
    vec_bits x0 = index, x1 = index >> 32, x2 = c->step[0], x3 = c->step[1];

#pragma GCC unroll 10
    for (int r = 0; r < ROUNDS; r++) {
        const vec_bits p0 = vec_product(x0, m0), p1 = vec_product(x2, m1);
        x0 = p1 >> 32 ^ x1 ^ c->keys[r][0];
        x1 = p1;
        x2 = p0 >> 32 ^ x3 ^ c->keys[r][1];
        x3 = p0;
    }
    *a = (x0 & UINT32_MAX) | x1 << 32;
    *b = (x2 & UINT32_MAX) | x3 << 32;
}

/* --- stretches --- */

enum { STRETCH = 256, GROUP = 2 * NL_WIDTH }; /* a group: the two elements of each block of a vector */

/* Numbers for elements first .. first + count - 1, which begin in the place that is returned. */
typedef const double *stretch(const counter *c, uint64_t first, size_t count, double *room);

typedef void pair_meaning(vec_bits a, vec_bits b, vec *first, vec *second);

ALWAYS_INLINE const double *fill_stretch(const counter *c, uint64_t first, size_t count, double *room,
                                         pair_meaning *meaning)
{
    const size_t skip = first % 2;
    vec_bits index = first / 2 + turns;

    for (size_t i = 0; i < skip + count; i += GROUP, index += (uint64_t)NL_WIDTH) {
        vec_bits a, b;
        vec x, y;

        words_of(c, index, &a, &b);
        meaning(a, b, &x, &y);
        vec_store(room + i, vec_first_of_two(x, y));
        vec_store(room + i + NL_WIDTH, vec_second_of_two(x, y));
    }
    return room + skip;
}

ALWAYS_INLINE void units(vec_bits a, vec_bits b, vec *first, vec *second)
{
    *first = nl_vec_unit(a);
    *second = nl_vec_unit(b);
}

static const double *uniform_stretch(const counter *c, uint64_t first, size_t count, double *room)
{
    return fill_stretch(c, first, count, room, units);
}

static const double *normal_stretch(const counter *c, uint64_t first, size_t count, double *room)
{
    return fill_stretch(c, first, count, room, nl_vec_normals);
}

/* --- operands and results, of whole vectors and of the part at the end --- */

ALWAYS_INLINE vec take(const double *p, size_t i, size_t n)
{
    return n - i >= NL_WIDTH ? vec_load(p + i) : vec_load_part(p + i, n - i);
}

ALWAYS_INLINE void put(double *p, size_t i, size_t n, vec x)
{
    if (n - i >= NL_WIDTH) vec_store(p + i, x);
    else vec_store_part(p + i, x, n - i);
}

/* An argument is read before a result is written in its place. */
ALWAYS_INLINE vec argument(const double *p, size_t stride, vec all, size_t i, size_t n)
{
    return stride == 0 ? all : take(p, i, n);
}

typedef vec vec_meaning(vec number, vec a, vec b);

/* `a` and `b` are advanced to the stretch. */
ALWAYS_INLINE void apply(size_t n, double *out, const double *numbers, const double *a, size_t stride_a,
                         const double *b, size_t stride_b, vec_meaning *meaning)
{
    const vec all_a = stride_a == 0 ? VEC_ALL(*a) : (vec){ 0 }, all_b = stride_b == 0 ? VEC_ALL(*b) : (vec){ 0 };

    for (size_t i = 0; i < n; i += NL_WIDTH)
        put(out, i, n,
            meaning(take(numbers, i, n), argument(a, stride_a, all_a, i, n), argument(b, stride_b, all_b, i, n)));
}

ALWAYS_INLINE void draw(nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                        const double *const *args, const size_t *strides, int arity, stretch *make,
                        vec_meaning *meaning)
{
    const counter c = counter_of(stream, step);
    const double none = 0, *a = args[0], *b = arity > 1 ? args[1] : &none;
    const size_t stride_a = strides[0], stride_b = arity > 1 ? strides[1] : 0;
    double room[STRETCH + GROUP];

    for (size_t from = 0; from < count; from += STRETCH) {
        const size_t n = count - from < STRETCH ? count - from : STRETCH;
        const double *numbers = make(&c, first + from, n, room);
        apply(n, out + from, numbers, a + from * stride_a, stride_a, b + from * stride_b, stride_b, meaning);
    }
}

#define DRAW_OF(name, arity, make)                                                                                     \
    static void draw_##name(nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,                \
                            const double *const *args, const size_t *strides)                                          \
    {                                                                                                                  \
        draw(stream, first, step, count, out, args, strides, arity, make, nl_vec_##name);                              \
    }
DRAW_OF(uniform, 2, uniform_stretch)
DRAW_OF(bernoulli, 1, uniform_stretch)
DRAW_OF(exponential, 1, uniform_stretch)
DRAW_OF(normal, 2, normal_stretch)
DRAW_OF(lognormal, 2, normal_stretch)

/* --- Poisson counts: how many sums of the first probabilities are below u, as poisson_by_inversion() --- */

/* More sums than there are: below the mean at which rejection begins, the 60th probability is below 1e-25. */
enum { SUMS = 64 };

static double largest_of(const double *u, size_t n)
{
    vec most = { 0 };
    double largest = 0;

    for (size_t i = 0; i < n; i += NL_WIDTH) {
        const vec x = take(u, i, n);
        most = vec_blend(x > most, x, most);
    }
    for (int k = 0; k < NL_WIDTH; k++) largest = most[k] > largest ? most[k] : largest;
    return largest;
}

/* Those below `limit`; returns their number. */
static size_t sums_below(double mean, double limit, double *sums)
{
    double p = nl_real_exp(-mean), sum = 0;
    size_t count = 0;

    while (count < SUMS && sum + p > sum && limit > sum + p) {
        sums[count++] = sum += p;
        p *= mean * (1 / (double)count);
    }
    return count;
}

static void count_for_one_mean(size_t n, double *out, const double *u, double mean)
{
    double sums[SUMS];
    const size_t sum_count = sums_below(mean, largest_of(u, n), sums);

    for (size_t i = 0; i < n; i += NL_WIDTH) {
        const vec x = take(u, i, n);
        vec_bits count = { 0 };
        for (size_t k = 0; k < sum_count; k++) count -= (vec_bits)(x > sums[k]);
        put(out, i, n, (vec)(count | NL_WHOLE_BITS) - 0x1p52);
    }
}

ALWAYS_INLINE vec count_for_means(vec u, vec mean, mask valid)
{
    vec p = nl_vec_exp(-mean), sum = { 0 }, count = { 0 };
    mask more = valid & (u > p);

    for (double k = 1; !vec_all(~more); k++) {
        count += nl_vec_truth(more);
        sum += p;
        p *= mean * (1 / k);
        more &= (sum + p > sum) & (u > sum + p);
    }
    return count;
}

/* Means too large for this, or none, are left to the general function. */
static void count_for_each(nl_stream stream, uint64_t first, uint64_t step, size_t n, double *out, const double *u,
                           const double *means)
{
    for (size_t i = 0; i < n; i += NL_WIDTH) {
        const vec mean = take(means, i, n);
        const mask valid = (mean >= 0.0) & (mean < (double)NL_INVERSION_BELOW);
        vec count = count_for_means(take(u, i, n), mean, valid);
        for (uint64_t k = 0; !vec_all(valid) && k < NL_WIDTH; k++)
            if (!valid[k]) count[k] = nl_draw(NL_DIST_POISSON, stream, first + i + k, step, (double[]){ mean[k] });
        put(out, i, n, count);
    }
}

static void draw_poisson(nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                         const double *const *args, const size_t *strides)
{
    const bool one = strides[0] == 0;
    const double mean = count != 0 ? args[0][0] : 0;

    if (one && !(mean >= 0 && mean < NL_INVERSION_BELOW)) {
        nl_draw_array(NL_DIST_POISSON, stream, first, step, count, out, args, strides);
        return;
    }
    const counter c = counter_of(stream, step);
    double room[STRETCH + GROUP];
    for (size_t from = 0; from < count; from += STRETCH) {
        const size_t n = count - from < STRETCH ? count - from : STRETCH;
        const double *u = uniform_stretch(&c, first + from, n, room);
        if (one) count_for_one_mean(n, out + from, u, mean);
        else count_for_each(stream, first + from, step, n, out + from, u, args[0] + from);
    }
}

/* --- the table --- */

#define TABLE_OF(isa) TABLE_PASTE(isa)
#define TABLE_PASTE(isa) nl_draw_kernels_##isa

extern const nl_draw_kernel TABLE_OF(NL_ISA)[NL_DIST_COUNT];
const nl_draw_kernel TABLE_OF(NL_ISA)[NL_DIST_COUNT] = {
    [NL_DIST_UNIFORM] = draw_uniform,         [NL_DIST_NORMAL] = draw_normal,   [NL_DIST_LOGNORMAL] = draw_lognormal,
    [NL_DIST_EXPONENTIAL] = draw_exponential, [NL_DIST_POISSON] = draw_poisson, [NL_DIST_BERNOULLI] = draw_bernoulli,
};
