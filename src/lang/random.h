/* Counter-based random numbers (Philox 4x32-10 of Random123): every draw is a pure function of the stream's key, the
 * element and the step, so results do not depend on order, chunks, threads or ranks.  Elements 2k and 2k + 1 share a
 * block of two words; a draw that rejects takes blocks of its own.  exec/kernels_draw.c makes vectors of the same. */
#ifndef NL_LANG_RANDOM_H
#define NL_LANG_RANDOM_H

#include "base/arena.h"

/* A stream: keyed by the simulation's seed, the declaration's name ("E.v", "EE.w") and a trial number. */
typedef struct nl_stream {
    uint64_t key;
} nl_stream;

nl_stream nl_stream_of(uint64_t seed, const char *name, uint64_t trial);

typedef enum nl_dist {
    NL_DIST_UNIFORM,     /* a, b: [a, b) */
    NL_DIST_NORMAL,      /* mean, sd */
    NL_DIST_LOGNORMAL,   /* mean, sd of the result itself (not of its logarithm) */
    NL_DIST_EXPONENTIAL, /* mean */
    NL_DIST_GAMMA,       /* shape, scale */
    NL_DIST_POISSON,     /* mean */
    NL_DIST_BINOMIAL,    /* n, p */
    NL_DIST_BERNOULLI,   /* p */
    NL_DIST_COUNT
} nl_dist;

/* Name, number of arguments, documentation. */
typedef struct nl_dist_info {
    const char *name;
    int arg_count;
    const char *args, *doc;
} nl_dist_info;
extern const nl_dist_info nl_dists[NL_DIST_COUNT];

/* One draw.  Where one declaration draws several times for an element and step, `step` tells the draws apart: which
 * bits count what is the caller's choice. */
double nl_draw(nl_dist dist, nl_stream stream, uint64_t element, uint64_t step, const double *args);

/* `count` draws for elements first .. first+count-1; each argument is an array (stride 1) or one number (stride 0). */
void nl_draw_array(nl_dist dist, nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                   const double *const *args, const size_t *strides);

/* Draws of bernoulli with one probability for all, 0 <= p <= NL_RARE: who is hit follows from the gaps between hits, so
 * that the cost is that of the hits.  A function of stream, element, step and p like other draws, but another one than
 * nl_draw. */
#define NL_RARE 0.0625
typedef struct nl_rare { double p, scale; } nl_rare; /* scale: of gaps */
nl_rare nl_rare_of(double p);

/* Elements first .. first+count-1, as 0 and 1; or a list of those that are hit, numbered from `number` on: returns its
 * length, at most `count`. */
void nl_draw_rare(nl_stream stream, uint64_t first, uint64_t step, size_t count, nl_rare rare, double *out);
size_t nl_list_rare(nl_stream stream, uint64_t first, uint64_t step, size_t count, nl_rare rare, uint32_t number,
                    uint32_t *out);

/* A uniform 64-bit word and a uniform double in (0, 1), for connection rules. */
uint64_t nl_draw_bits(nl_stream stream, uint64_t element, uint64_t step);
double nl_draw_unit(nl_stream stream, uint64_t element, uint64_t step);

#endif
