#include "floor_spiking.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if NL_HAVE_SLEEF
#include <sleef.h>
#endif

static void *checked(void *memory)
{
    if (memory != NULL) return memory;
    perror("memory");
    exit(2);
}

void *floor_bytes(size_t size)
{
    const size_t whole = (size + 63) / 64 * 64 + 64;

    return memset(checked(aligned_alloc(64, whole)), 0, whole);
}

void floor_exp(size_t count, const double *x, double *y)
{
#if NL_HAVE_SLEEF && defined(__AVX512F__)
    for (size_t i = 0; i < count; i += 8) _mm512_storeu_pd(y + i, Sleef_expd8_u10avx512f(_mm512_loadu_pd(x + i)));
#elif NL_HAVE_SLEEF && defined(__AVX2__)
    for (size_t i = 0; i < count; i += 4) _mm256_storeu_pd(y + i, Sleef_expd4_u10avx2(_mm256_loadu_pd(x + i)));
#else
    for (size_t i = 0; i < count; i++) y[i] = exp(x[i]);
#endif
}

void floor_sin(size_t count, const double *x, double *y)
{
#if NL_HAVE_SLEEF && defined(__AVX512F__)
    for (size_t i = 0; i < count; i += 8) _mm512_storeu_pd(y + i, Sleef_sind8_u10avx512f(_mm512_loadu_pd(x + i)));
#elif NL_HAVE_SLEEF && defined(__AVX2__)
    for (size_t i = 0; i < count; i += 4) _mm256_storeu_pd(y + i, Sleef_sind4_u10avx2(_mm256_loadu_pd(x + i)));
#else
    for (size_t i = 0; i < count; i++) y[i] = sin(x[i]);
#endif
}

/* --- random numbers --- */

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

double floor_uniform(uint64_t *state) { return (double)(splitmix(state) >> 11) * 0x1p-53; }

double floor_normal(uint64_t *state)
{
    const double radius = sqrt(-2 * log1p(-floor_uniform(state)));

    return radius * cos(6.283185307179586 * floor_uniform(state));
}

void floor_seed(floor_xoshiro *r, uint64_t seed)
{
    for (size_t k = 0; k < 4; k++)
        for (size_t l = 0; l < FLOOR_LANES; l++) r->word[k][l] = splitmix(&seed);
}

/* --- connectivity --- */

static void push(floor_out *out, size_t *room, size_t count, size_t to)
{
    if (count == *room) out->to = checked(realloc(out->to, (*room = *room * 2 + 1024) * sizeof *out->to));
    out->to[count] = (uint32_t)to;
}

/* Gaps between the targets of a neuron are geometric; `near` walks along the excluded ones. */
floor_out floor_connect(uint64_t *random, size_t pre, size_t post, double p, bool no_self, const floor_out *excluding)
{
    floor_out out = { .begin = floor_bytes((pre + 1) * sizeof *out.begin) };
    const double per_gap = 1 / log1p(-p);
    size_t room = 0, count = 0;

    for (size_t j = 0; j < pre; j++) {
        size_t near = excluding != NULL ? excluding->begin[j] : 0;
        const size_t last = excluding != NULL ? excluding->begin[j + 1] : 0;
        for (double at = -1;;) {
            at += 1 + floor(log1p(-floor_uniform(random)) * per_gap);
            if (at >= (double)post) break;
            const size_t i = (size_t)at;
            while (near < last && excluding->to[near] < i) near++;
            if ((no_self && i == j) || (near < last && excluding->to[near] == i)) continue;
            push(&out, &room, count++, i);
        }
        out.begin[j + 1] = count;
    }
    return out;
}

/* The inputs of all targets, k each. */
static uint32_t *draw_inputs(uint64_t *random, size_t pre, size_t post, size_t k)
{
    uint32_t *from = floor_bytes(post * k * sizeof *from), *taken_by = floor_bytes(pre * sizeof *taken_by);

    for (size_t i = 0; i < post; i++)
        for (size_t c = 0; c < k;) {
            const size_t j = (size_t)(floor_uniform(random) * (double)pre);
            if (taken_by[j] == i + 1) continue;
            taken_by[j] = (uint32_t)(i + 1), from[i * k + c++] = (uint32_t)j;
        }
    free(taken_by);
    return from;
}

floor_out floor_indegree(uint64_t *random, size_t pre, size_t post, size_t k)
{
    uint32_t *from = draw_inputs(random, pre, post, k);
    floor_out out = { floor_bytes((pre + 1) * sizeof *out.begin), floor_bytes(post * k * sizeof *out.to) };
    size_t *next = floor_bytes((pre + 1) * sizeof *next);

    for (size_t c = 0; c < post * k; c++) out.begin[from[c] + 1]++;
    for (size_t j = 0; j < pre; j++) next[j + 1] = out.begin[j + 1] += out.begin[j];
    for (size_t c = 0; c < post * k; c++) out.to[next[from[c]]++] = (uint32_t)(c / k);
    free(next), free(from);
    return out;
}

void floor_out_free(floor_out *out) { free(out->begin), free(out->to); }

/* --- trains --- */

floor_train floor_train_new(size_t steps)
{
    return (floor_train){ .begin = floor_bytes((steps + 2) * sizeof(size_t)) };
}

void floor_train_free(floor_train *train) { free(train->begin), free(train->id); }

void floor_train_step(floor_train *train, size_t most)
{
    const size_t count = floor_train_count(train);

    if (count + most > train->room)
        train->id = checked(realloc(train->id, (train->room = 2 * (count + most)) * sizeof *train->id));
    train->begin[++train->steps] = count;
}
