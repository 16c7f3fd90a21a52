/* What the floors of spiking networks share: random numbers, outgoing lists by pre neuron, trains of spikes.
 * Random numbers need not be netlang's: only rates are compared. */
#ifndef TESTS_BENCH_FLOOR_SPIKING_H
#define TESTS_BENCH_FLOOR_SPIKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor.h"

/* Neurons are updated in blocks: the arrays of a block stay in the first-level cache, and only blocks where something
 * fired are searched for it.  Populations are filled up to whole blocks with neurons that are held for ever. */
enum { FLOOR_BLOCK = 64, FLOOR_LANES = FLOOR_BLOCK / 2 };

static inline size_t floor_padded(size_t n) { return (n + FLOOR_BLOCK - 1) / FLOOR_BLOCK * FLOOR_BLOCK; }

void *floor_bytes(size_t size); /* on a cache line, for whole blocks; ends the program when there is no memory */

/* Element by element; in blocks of 8, so that `count` is a multiple of 8. */
void floor_exp(size_t count, const double *x, double *y);
void floor_sin(size_t count, const double *x, double *y);

/* --- random numbers: splitmix64 for what is drawn before the first step, xoshiro256+ in lanes for steps --- */

double floor_uniform(uint64_t *state);
double floor_normal(uint64_t *state);

typedef struct floor_xoshiro {
    uint64_t word[4][FLOOR_LANES];
} floor_xoshiro;

void floor_seed(floor_xoshiro *r, uint64_t seed);

/* Uniform 32-bit numbers for a block of neurons: two of each lane. */
static inline void floor_words(floor_xoshiro *restrict r, uint32_t *restrict out)
{
    uint64_t *restrict a = r->word[0], *restrict b = r->word[1], *restrict c = r->word[2], *restrict d = r->word[3];

    for (size_t l = 0; l < FLOOR_LANES; l++) {
        const uint64_t sum = a[l] + d[l], shifted = b[l] << 17;
        out[l] = (uint32_t)(sum >> 32), out[FLOOR_LANES + l] = (uint32_t)sum;
        c[l] ^= a[l], d[l] ^= b[l];
        b[l] ^= c[l], a[l] ^= d[l];
        c[l] ^= shifted, d[l] = d[l] << 45 | d[l] >> 19;
    }
}

/* --- connectivity: the targets of neuron j are to[begin[j]] .. to[begin[j + 1] - 1], ascending --- */

typedef struct floor_out {
    size_t *begin;
    uint32_t *to;
} floor_out;

/* Each pair with probability p, but for pairs j -> j (no_self) and those of another list (may be NULL). */
floor_out floor_connect(uint64_t *random, size_t pre, size_t post, double p, bool no_self, const floor_out *excluding);

/* k different inputs for every target. */
floor_out floor_indegree(uint64_t *random, size_t pre, size_t post, size_t k);

void floor_out_free(floor_out *out);

/* dst[to] += w along the list of neuron j. */
static inline void floor_add(const floor_out *out, size_t j, double *restrict dst, double w)
{
    const uint32_t *const end = out->to + out->begin[j + 1];

    for (const uint32_t *to = out->to + out->begin[j]; to < end; to++) dst[*to] += w;
}

/* --- trains --- */

/* All spikes: those of step s are id[begin[s]] .. id[begin[s + 1] - 1], so that delays need no other memory. */
typedef struct floor_train {
    size_t steps, room;
    size_t *begin;
    uint32_t *id;
} floor_train;

floor_train floor_train_new(size_t steps);
void floor_train_free(floor_train *train);

static inline size_t floor_train_count(const floor_train *train) { return train->begin[train->steps]; }

/* Starts the list of the next step, with room for `most` spikes. */
void floor_train_step(floor_train *train, size_t most);

static inline void floor_train_push(floor_train *train, size_t id)
{
    train->id[train->begin[train->steps]++] = (uint32_t)id;
}

#endif
