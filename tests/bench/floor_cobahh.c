#include "floor_spiking.h"

#include <math.h>
#include <stdlib.h>

/* examples/cobahh.net: Hodgkin-Huxley neurons by exponential Euler, in mV, ms, nS and pF. */

static const double dt = 0.05, v_t = -63;

typedef struct cells {
    size_t n, padded, excitatory;
    double *v, *m, *h, *gate_n, *ge, *gi;
    floor_out out;
    floor_train spikes;
} cells;

enum { AM, BM, AH, BH, AN, BN, RATES };       /* opening and closing rates of m, h, n, in pairs */
enum { V = RATES / 2, FLOWS = RATES / 2 + 1 }; /* the gates, then the potential */

typedef struct scratch {
    double x[RATES][FLOOR_BLOCK], e[RATES][FLOOR_BLOCK];
    double goal[FLOWS][FLOOR_BLOCK], stays[FLOWS][FLOOR_BLOCK];
} scratch;

/* x / (exp(x) - 1), where e is exp(x) */
static inline double ratio(double x, double e) { return fabs(x) < 1e-6 ? 1 - 0.5 * x : x / (e - 1); }

static void exponents(const double *restrict v, scratch *restrict s)
{
    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double u = v[i] - v_t;
        s->x[AM][i] = (13 - u) / 4, s->x[BM][i] = (u - 40) / 5;
        s->x[AH][i] = (17 - u) / 18, s->x[BH][i] = (40 - u) / 5;
        s->x[AN][i] = (15 - u) / 5, s->x[BN][i] = (10 - u) / 40;
    }
    floor_exp(RATES * FLOOR_BLOCK, s->x[0], s->e[0]);
}

/* Where gate `k` goes to and, as an exponent, how much of the distance stays. */
static inline void gate(scratch *s, size_t k, size_t i, double opening, double closing)
{
    const double rate = opening + closing;

    s->goal[k][i] = opening / rate, s->stays[k][i] = -dt * rate;
}

static void gates(scratch *s)
{
    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        gate(s, 0, i, 1.28 * ratio(s->x[AM][i], s->e[AM][i]), 1.4 * ratio(s->x[BM][i], s->e[BM][i]));
        gate(s, 1, i, 0.128 * s->e[AH][i], 4 / (1 + s->e[BH][i]));
        gate(s, 2, i, 0.16 * ratio(s->x[AN][i], s->e[AN][i]), 0.5 * s->e[BN][i]);
    }
}

static void potential(const cells *c, size_t at, scratch *restrict s)
{
    const double *restrict m = c->m + at, *restrict h = c->h + at, *restrict n = c->gate_n + at;
    const double *restrict ge = c->ge + at, *restrict gi = c->gi + at;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double n2 = n[i] * n[i], g_na = 20000 * (m[i] * m[i] * m[i]) * h[i], g_k = 6000 * (n2 * n2);
        const double g = 10 + ge[i] + gi[i] + g_na + g_k;
        s->goal[V][i] = (50 * g_na - 60 * 10 - 80 * gi[i] - 90 * g_k) / g;
        s->stays[V][i] = -dt / 200 * g;
    }
}

static inline void relax(double *restrict x, const double *restrict goal, const double *restrict stays)
{
    for (size_t i = 0; i < FLOOR_BLOCK; i++) x[i] = goal[i] + (x[i] - goal[i]) * stays[i];
}

/* Which neurons cross -20 mV, and how many. */
static int64_t update(cells *c, size_t at, double ee, double ii, int64_t *restrict crosses)
{
    double *restrict v = c->v + at, *restrict ge = c->ge + at, *restrict gi = c->gi + at;
    scratch s;
    int64_t count = 0;

    exponents(v, &s);
    gates(&s);
    potential(c, at, &s);
    floor_exp(FLOWS * FLOOR_BLOCK, s.stays[0], s.stays[0]);
    relax(c->m + at, s.goal[0], s.stays[0]);
    relax(c->h + at, s.goal[1], s.stays[1]);
    relax(c->gate_n + at, s.goal[2], s.stays[2]);
    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double now = s.goal[V][i] + (v[i] - s.goal[V][i]) * s.stays[V][i];
        crosses[i] = (v[i] <= -20) & (now > -20);
        count += crosses[i];
        v[i] = now, ge[i] *= ee, gi[i] *= ii;
    }
    return count;
}

static void step_all(cells *c, size_t step, double ee, double ii)
{
    int64_t crosses[FLOOR_BLOCK];
    floor_train *spikes = &c->spikes;

    floor_train_step(spikes, c->n);
    for (size_t at = 0; at < c->padded; at += FLOOR_BLOCK) {
        if (update(c, at, ee, ii, crosses) == 0) continue;
        for (size_t i = 0; i < FLOOR_BLOCK; i++)
            if (crosses[i] && at + i < c->n) floor_train_push(spikes, at + i);
    }
    for (size_t k = spikes->begin[step]; k < spikes->begin[step + 1]; k++) {
        const uint32_t j = spikes->id[k];
        if (j < c->excitatory) floor_add(&c->out, j, c->ge, 6);
        else floor_add(&c->out, j, c->gi, 67);
    }
}

static cells cells_new(size_t n, size_t steps)
{
    const size_t padded = floor_padded(n);
    uint64_t random = 1;
    cells c = { .n = n, .padded = padded, .excitatory = n / 5 * 4, .spikes = floor_train_new(steps) };

    c.v = floor_array(padded), c.m = floor_array(padded), c.h = floor_array(padded), c.gate_n = floor_array(padded);
    c.ge = floor_array(padded), c.gi = floor_array(padded);
    for (size_t i = 0; i < padded; i++) {
        c.v[i] = -65 + 5 * floor_normal(&random), c.h[i] = 1;
        c.ge[i] = fmax(0, 40 + 15 * floor_normal(&random)), c.gi[i] = fmax(0, 200 + 120 * floor_normal(&random));
    }
    c.out = floor_connect(&random, n, n, 0.02, false, NULL);
    return c;
}

floor_run floor_cobahh(size_t size, size_t steps)
{
    const double ee = exp(-dt / 5), ii = exp(-dt / 10);
    cells c = cells_new(size, steps);
    const double start = floor_now();

    for (size_t s = 0; s < steps; s++) step_all(&c, s, ee, ii);
    const double seconds = floor_now() - start;
    const size_t spikes = floor_train_count(&c.spikes);
    free(c.v), free(c.m), free(c.h), free(c.gate_n), free(c.ge), free(c.gi);
    floor_out_free(&c.out), floor_train_free(&c.spikes);
    return (floor_run){ seconds, steps, (double)spikes / ((double)size * (double)steps * dt * 1e-3), spikes };
}
