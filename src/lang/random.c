#include "random.h"

#define NL_READING nl_real_
#include "op_words.h"

#include <Random123/philox.h>
#include <string.h>

#include "draw_words.h"

/* --- streams and words --- */

/* The finaliser of splitmix64: every bit of the result depends on every bit of x. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static const uint64_t golden = 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio: spreads consecutive numbers */

nl_stream nl_stream_of(uint64_t seed, const char *name, uint64_t trial)
{
    uint64_t key = mix(seed + golden);

    for (const char *c = name; *c != '\0'; c++) key = mix((key ^ (unsigned char)*c) + golden);
    return (nl_stream){ mix((key ^ mix(trial + golden)) + golden) };
}

/* Two independent words; `use` tells the blocks of one draw apart. */
typedef struct block {
    uint64_t a, b;
} block;

static inline block block_of(nl_stream stream, uint64_t element, uint64_t step, uint64_t use)
{
    const uint64_t key = use == 0 ? stream.key : mix(stream.key + use * golden);
    const philox4x32_ctr_t counter = { { (uint32_t)element, (uint32_t)(element >> 32), (uint32_t)step,
                                         (uint32_t)(step >> 32) } };
    const philox4x32_key_t words = { { (uint32_t)key, (uint32_t)(key >> 32) } };
    const philox4x32_ctr_t out = philox4x32(counter, words);

    return (block){ out.v[0] | (uint64_t)out.v[1] << 32, out.v[2] | (uint64_t)out.v[3] << 32 };
}

uint64_t nl_draw_bits(nl_stream stream, uint64_t element, uint64_t step)
{
    return block_of(stream, element, step, 0).a;
}

double nl_draw_unit(nl_stream stream, uint64_t element, uint64_t step)
{
    return nl_real_unit(nl_draw_bits(stream, element, step));
}

/* --- distributions: most take one number, of half a block; those that reject take blocks of their own --- */

typedef struct place {
    nl_stream stream;
    uint64_t element, step;
} place;

/* Elements 2k and 2k + 1 share block k: the first word is that of the even one; a pair of normals needs both. */
static inline block shared_block(const place *at)
{
    return block_of(at->stream, at->element / 2, at->step, 0);
}

/* Blocks of this element alone, for use = 1, 2, ... */
static inline block own_block(const place *at, uint64_t use)
{
    return block_of(at->stream, at->element, at->step, use);
}

static inline double unit_at(const place *at)
{
    const block words = shared_block(at);

    return nl_real_unit(at->element % 2 == 0 ? words.a : words.b);
}

static inline double normal_at(const place *at)
{
    const block words = shared_block(at);
    double first, second;

    nl_real_normals(words.a, words.b, &first, &second);
    return at->element % 2 == 0 ? first : second;
}

#define DRAW_OF(name, number, second)                                                            \
    static double draw_##name(const place *at, const double *args)                               \
    {                                                                                            \
        return nl_real_##name(number(at), args[0], second);                                      \
    }
DRAW_OF(uniform, unit_at, args[1])
DRAW_OF(normal, normal_at, args[1])
DRAW_OF(lognormal, normal_at, args[1])
DRAW_OF(exponential, unit_at, 0)
DRAW_OF(bernoulli, unit_at, 0)

/* Marsaglia and Tsang (2000), for shape >= 1. */
static double gamma_from_one(const place *at, double shape)
{
    const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);

    for (uint64_t use = 1;; use += 2) {
        const block words = own_block(at, use);
        double x, other;

        nl_real_normals(words.a, words.b, &x, &other);
        const double u = nl_real_unit(own_block(at, use + 1).a);
        const double root = 1 + c * x, v = root * root * root;

        if (root > 0 && log(u) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

/* Below shape 1: a draw of shape + 1 times a power of a uniform one. */
static double draw_gamma(const place *at, const double *args)
{
    const double shape = args[0], scale = args[1];

    if (shape == 0) return 0;
    if (!(shape > 0) || isinf(shape)) return NAN;
    if (shape >= 1) return scale * gamma_from_one(at, shape);
    return scale * gamma_from_one(at, shape + 1) * exp(log(unit_at(at)) / shape);
}

/* How many of the sums of the first probabilities, which the next ones no longer change in the end, are below u. */
static double poisson_by_inversion(double mean, double u)
{
    double p = nl_real_exp(-mean), sum = 0, k = 0;

    while (sum + p > sum && u > sum + p) {
        sum += p;
        k++;
        p *= mean * (1 / k);
    }
    return k;
}

/* Hoermann (1993), "The transformed rejection method for generating Poisson random variables", algorithm PTRS. */
static double poisson_by_rejection(const place *at, double mean)
{
    const double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    const double alpha = 1.1239 + 1.1328 / (b - 3.4), limit = 0.9277 - 3.6224 / (b - 2), log_mean = log(mean);

    for (uint64_t use = 1;; use++) {
        const block words = own_block(at, use);
        const double u = nl_real_unit(words.a) - 0.5, v = nl_real_unit(words.b), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + mean + 0.43);

        if (us >= 0.07 && v <= limit) return k;
        if (k >= 0 && (us >= 0.013 || v <= us)
            && log(v * alpha / (a / (us * us) + b)) <= k * log_mean - mean - lgamma(k + 1)) return k;
    }
}

static double draw_poisson(const place *at, const double *args)
{
    const double mean = args[0];

    if (!(mean >= 0) || mean > 1e15) return NAN; /* beyond, counts are no whole doubles */
    if (mean < NL_INVERSION_BELOW) return poisson_by_inversion(mean, unit_at(at));
    return poisson_by_rejection(at, mean);
}

static double binomial_by_inversion(double n, double p, double u)
{
    const double odds = p / (1 - p);
    double chance = exp(n * log1p(-p)), k = 0;

    while (u > chance && k < n && k < 200) {
        u -= chance;
        k++;
        chance *= odds * (n - k + 1) / k;
    }
    return k;
}

/* log(n! / (k! (n - k)!)) up to what cancels */
static double log_choose(double n, double k)
{
    return -lgamma(k + 1) - lgamma(n - k + 1);
}

/* Hoermann (1993), "The generation of binomial random variates", algorithm BTRS; p <= 1/2, n p >= 10. */
static double binomial_by_rejection(const place *at, double n, double p)
{
    const double sd = sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * sd, a = -0.0873 + 0.0248 * b + 0.01 * p, c = n * p + 0.5;
    const double alpha = (2.83 + 5.1 / b) * sd, limit = 0.92 - 4.2 / b, odds = log(p / (1 - p)),
                 mode = floor((n + 1) * p);
    const double at_mode = log_choose(n, mode);

    for (uint64_t use = 1;; use++) {
        const block words = own_block(at, use);
        const double u = nl_real_unit(words.a) - 0.5, v = nl_real_unit(words.b), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + c);

        if (k >= 0 && k <= n) {
            if (us >= 0.07 && v <= limit) return k;
            if (log(v * alpha / (a / (us * us) + b)) <= log_choose(n, k) - at_mode + (k - mode) * odds) return k;
        }
    }
}

static double draw_binomial(const place *at, const double *args)
{
    const double n = args[0], p = args[1];

    if (!(n >= 0) || n != floor(n) || n > 1e15 || !(p >= 0 && p <= 1)) return NAN;
    if (p > 0.5) return n - draw_binomial(at, (double[]){ n, 1 - p });
    if (n * p < NL_INVERSION_BELOW) return binomial_by_inversion(n, p, unit_at(at));
    return binomial_by_rejection(at, n, p);
}

/* --- the table --- */

const nl_dist_info nl_dists[NL_DIST_COUNT] = {
    [NL_DIST_UNIFORM] = { "uniform", 2, "a, b", "Uniform in [a, b)." },
    [NL_DIST_NORMAL] = { "normal", 2, "mean, sd", "Normal, with mean and standard deviation." },
    [NL_DIST_LOGNORMAL] = { "lognormal", 2, "mean, sd",
                            "Log-normal; mean and standard deviation are those of the result itself." },
    [NL_DIST_EXPONENTIAL] = { "exponential", 1, "mean", "Exponential, with its mean." },
    [NL_DIST_GAMMA] = { "gamma", 2, "shape, scale", "Gamma; the mean is shape * scale." },
    [NL_DIST_POISSON] = { "poisson", 1, "mean", "Poisson count." },
    [NL_DIST_BINOMIAL] = { "binomial", 2, "n, p", "Number of successes in n trials, each with probability p." },
    [NL_DIST_BERNOULLI] = { "bernoulli", 1, "p", "True with probability p." },
};

static double (*const draws[NL_DIST_COUNT])(const place *at, const double *args) = {
    [NL_DIST_UNIFORM] = draw_uniform, [NL_DIST_NORMAL] = draw_normal, [NL_DIST_LOGNORMAL] = draw_lognormal,
    [NL_DIST_EXPONENTIAL] = draw_exponential, [NL_DIST_GAMMA] = draw_gamma, [NL_DIST_POISSON] = draw_poisson,
    [NL_DIST_BINOMIAL] = draw_binomial, [NL_DIST_BERNOULLI] = draw_bernoulli,
};

double nl_draw(nl_dist dist, nl_stream stream, uint64_t element, uint64_t step, const double *args)
{
    return draws[dist](&(place){ stream, element, step }, args);
}

void nl_draw_array(nl_dist dist, nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                   const double *const *args, const size_t *strides)
{
    for (size_t i = 0; i < count; i++) {
        double values[2] = { 0 };

        for (int k = 0; k < nl_dists[dist].arg_count; k++) values[k] = args[k][i * strides[k]];
        out[i] = nl_draw(dist, stream, first + i, step, values);
    }
}

/* --- rare events --- */

enum { RARE_BLOCK = 1024 }; /* elements with a sequence of gaps of their own */

nl_rare nl_rare_of(double p)
{
    return (nl_rare){ p, 1 / log1p(-p) }; /* gaps are geometric: floor(log(u) / log(1 - p)) */
}

/* Hits among the elements of one block: first .. first+count-1 are in it. */
static size_t list_rare_block(nl_stream stream, uint64_t first, uint64_t step, size_t count, double scale,
                              uint32_t number, uint32_t *out)
{
    const uint64_t begin = first / RARE_BLOCK * RARE_BLOCK, from = first - begin, to = from + count;
    uint64_t next = 0;
    size_t hits = 0;

    for (uint64_t use = 1;; use++) {
        const block words = block_of(stream, begin, step, use);
        const uint64_t pair[] = { words.a, words.b };

        for (int k = 0; k < 2; k++) {
            const double gap = nl_real_log_of_unit(nl_real_unit(pair[k])) * scale;
            if (!(gap < RARE_BLOCK)) return hits;
            const uint64_t at = next + (uint64_t)gap;
            if (at >= to) return hits;
            if (at >= from) out[hits++] = number + (uint32_t)(at - from);
            next = at + 1;
        }
    }
}

size_t nl_list_rare(nl_stream stream, uint64_t first, uint64_t step, size_t count, nl_rare rare, uint32_t number,
                    uint32_t *out)
{
    size_t hits = 0;

    while (rare.p > 0 && count > 0) {
        const size_t left = RARE_BLOCK - first % RARE_BLOCK, n = left < count ? left : count;

        hits += list_rare_block(stream, first, step, n, rare.scale, number, out + hits);
        first += n;
        number += (uint32_t)n;
        count -= n;
    }
    return hits;
}

void nl_draw_rare(nl_stream stream, uint64_t first, uint64_t step, size_t count, nl_rare rare, double *out)
{
    uint32_t hit[RARE_BLOCK];

    memset(out, 0, count * sizeof *out);
    for (size_t from = 0, n; from < count; from += n) {
        n = count - from < RARE_BLOCK ? count - from : RARE_BLOCK;
        const size_t hits = nl_list_rare(stream, first + from, step, n, rare, (uint32_t)from, hit);
        for (size_t k = 0; k < hits; k++) out[hit[k]] = 1;
    }
}
