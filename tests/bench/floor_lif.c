#include "floor_spiking.h"

#include <math.h>
#include <stdlib.h>

/* --- examples/cuba.net and examples/coba.net: four fifths excite, one fifth inhibits --- */

typedef struct network {
    size_t n, padded, excitatory;
    double *v, *ge, *gi;
    int64_t *until; /* v is held in steps before this one */
    floor_out out;
    floor_train spikes;
} network;

static network network_new(size_t n, size_t steps, double p, uint64_t *random)
{
    const size_t padded = floor_padded(n);
    network net = { .n = n, .padded = padded, .excitatory = n / 5 * 4 };

    net.v = floor_array(padded), net.ge = floor_array(padded), net.gi = floor_array(padded);
    net.until = floor_bytes(padded * sizeof *net.until);
    for (size_t i = n; i < padded; i++) net.until[i] = INT64_MAX;
    net.out = floor_connect(random, n, n, p, false, NULL);
    net.spikes = floor_train_new(steps);
    return net;
}

static floor_run network_free(network *net, double seconds, double dt)
{
    const size_t steps = net->spikes.steps, spikes = floor_train_count(&net->spikes);
    const double rate = (double)spikes / ((double)net->n * (double)steps * dt * 1e-3);

    free(net->v), free(net->ge), free(net->gi), free(net->until);
    floor_out_free(&net->out), floor_train_free(&net->spikes);
    return (floor_run){ seconds, steps, rate, spikes };
}

static void find_above(network *net, size_t at, double threshold)
{
    for (size_t i = at; i < at + FLOOR_BLOCK; i++)
        if (net->v[i] > threshold) floor_train_push(&net->spikes, i);
}

/* Spikes of this step act at once, then their neurons are reset and held. */
static void fire(network *net, size_t step, double we, double wi, double reset, int64_t refractory)
{
    const floor_train *spikes = &net->spikes;

    for (size_t k = spikes->begin[step]; k < spikes->begin[step + 1]; k++) {
        const uint32_t j = spikes->id[k];
        if (j < net->excitatory) floor_add(&net->out, j, net->ge, we);
        else floor_add(&net->out, j, net->gi, wi);
        net->v[j] = reset, net->until[j] = (int64_t)step + 1 + refractory;
    }
}

/* Exact integration over a step of 0.1 ms, in mV and ms: how much of v, ge, gi arrives in v, how much of them stays. */
typedef struct cuba {
    double vv, ve, vi, ee, ii;
} cuba;

static int64_t cuba_block(const network *net, size_t at, int64_t step, cuba c)
{
    double *restrict v = net->v + at, *restrict ge = net->ge + at, *restrict gi = net->gi + at;
    const int64_t *restrict until = net->until + at;
    int64_t above = 0;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double next = c.vv * (v[i] + 49) + c.ve * ge[i] + c.vi * gi[i] - 49;
        const double now = step < until[i] ? v[i] : next;
        v[i] = now, ge[i] *= c.ee, gi[i] *= c.ii;
        above += now > -50;
    }
    return above;
}

floor_run floor_cuba(size_t size, size_t steps)
{
    const double dt = 0.1, vv = exp(-dt / 20), ee = exp(-dt / 5), ii = exp(-dt / 10);
    const cuba c = { vv, (ee - vv) * 5 / (5 - 20), (ii - vv) * 10 / (10 - 20), ee, ii };
    uint64_t random = 1;
    network net = network_new(size, steps, 0.02, &random);

    for (size_t i = 0; i < size; i++) net.v[i] = -60 + 10 * floor_uniform(&random);
    for (size_t i = size; i < net.padded; i++) net.v[i] = -60;
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        floor_train_step(&net.spikes, size);
        for (size_t at = 0; at < net.padded; at += FLOOR_BLOCK)
            if (cuba_block(&net, at, (int64_t)s, c) > 0) find_above(&net, at, -50);
        fire(&net, s, 1.62, -9, -60, 50);
    }
    return network_free(&net, floor_now() - start, dt);
}

/* Exponential Euler; conductances in units of the leak's. */
static int64_t coba_block(const network *net, size_t at, int64_t step, double rate, double ee, double ii)
{
    double *restrict v = net->v + at, *restrict ge = net->ge + at, *restrict gi = net->gi + at;
    const int64_t *restrict until = net->until + at;
    double stays[FLOOR_BLOCK];
    int64_t above = 0;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) stays[i] = -rate * (1 + ge[i] + gi[i]);
    floor_exp(FLOOR_BLOCK, stays, stays);
    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double goal = (-60 - 80 * gi[i]) / (1 + ge[i] + gi[i]);
        const double now = step < until[i] ? v[i] : goal + (v[i] - goal) * stays[i];
        v[i] = now, ge[i] *= ee, gi[i] *= ii;
        above += now > -50;
    }
    return above;
}

floor_run floor_coba(size_t size, size_t steps)
{
    const double dt = 0.1, ee = exp(-dt / 5), ii = exp(-dt / 10);
    uint64_t random = 1;
    network net = network_new(size, steps, 0.02, &random);

    for (size_t i = 0; i < net.padded; i++) {
        net.v[i] = i < size ? -60 + 10 * floor_uniform(&random) : -60;
        net.ge[i] = fmax(0, floor_normal(&random)), net.gi[i] = fmax(0, 4 * floor_normal(&random));
    }
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        floor_train_step(&net.spikes, size);
        for (size_t at = 0; at < net.padded; at += FLOOR_BLOCK)
            if (coba_block(&net, at, (int64_t)s, dt / 20, ee, ii) > 0) find_above(&net, at, -50);
        fire(&net, s, 0.6, 6.7, -60, 50);
    }
    return network_free(&net, floor_now() - start, dt);
}

/* --- examples/brunel.net: delta synapses with a delay, one Poisson number for each neuron and step --- */

enum { DELAY = 15, REFRACTORY = 20, EDGES = 24 };

typedef struct brunel {
    size_t n, padded, excitatory;
    double *v, decay, jump, inhibition;
    int64_t *until;
    uint32_t edge[EDGES]; /* the number drawn from a word is how many of these are not above it: inversion */
    size_t edges;
    floor_xoshiro random;
    floor_out from_e, from_i;
    floor_train spikes;
} brunel;

/* Probabilities of a Poisson number to be at most k, until they are 1 to 32 bits. */
static size_t poisson_edges(double mean, uint32_t *edge)
{
    double term = exp(-mean), sum = term;
    size_t k = 0;

    for (; k < EDGES && sum < 1 - 0x1p-32; term *= mean / (double)++k, sum += term) edge[k] = (uint32_t)(sum * 0x1p32);
    return k;
}

static int64_t brunel_block(brunel *net, size_t at, int64_t step)
{
    const double decay = net->decay, jump = net->jump;
    const int64_t *restrict until = net->until + at;
    double *restrict v = net->v + at;
    uint32_t word[FLOOR_BLOCK], drawn[FLOOR_BLOCK] = { 0 };
    int64_t above = 0;

    floor_words(&net->random, word);
    for (size_t k = 0; k < net->edges; k++)
        for (size_t i = 0; i < FLOOR_BLOCK; i++) drawn[i] += word[i] >= net->edge[k];
    for (size_t i = 0; i < FLOOR_BLOCK; i++) v[i] = decay * v[i] + jump * (double)(int32_t)drawn[i];
    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        v[i] = step < until[i] ? 10 : v[i]; /* held: what arrived is dropped */
        above += v[i] >= 20;
    }
    return above;
}

static void brunel_deliver(const brunel *net, size_t step)
{
    const floor_train *spikes = &net->spikes;

    for (size_t k = spikes->begin[step]; k < spikes->begin[step + 1]; k++) {
        const uint32_t j = spikes->id[k];
        if (j < net->excitatory) floor_add(&net->from_e, j, net->v, net->jump);
        else floor_add(&net->from_i, j - net->excitatory, net->v, net->inhibition);
    }
}

static void brunel_step(brunel *net, size_t step)
{
    floor_train *spikes = &net->spikes;

    floor_train_step(spikes, net->n);
    for (size_t at = 0; at < net->padded; at += FLOOR_BLOCK) {
        if (brunel_block(net, at, (int64_t)step) == 0) continue;
        for (size_t i = at; i < at + FLOOR_BLOCK; i++)
            if (net->v[i] >= 20) floor_train_push(spikes, i);
    }
    if (step >= DELAY) brunel_deliver(net, step - DELAY);
    for (size_t k = spikes->begin[step]; k < spikes->begin[step + 1]; k++)
        net->v[spikes->id[k]] = 10, net->until[spikes->id[k]] = (int64_t)step + 1 + REFRACTORY;
}

static brunel brunel_new(size_t n, size_t steps, double g, double eta)
{
    const size_t padded = floor_padded(n), excitatory = n / 5 * 4, k = excitatory / 10;
    brunel net = { .n = n, .padded = padded, .excitatory = excitatory, .decay = exp(-0.1 / 20), .jump = 0.1,
                   .inhibition = -0.1 * g, .v = floor_array(padded), .spikes = floor_train_new(steps) };
    uint64_t random = 1;

    net.until = floor_bytes(padded * sizeof *net.until);
    for (size_t i = n; i < padded; i++) net.until[i] = INT64_MAX;
    floor_seed(&net.random, 1);
    net.edges = poisson_edges(eta * 20 / (0.1 * 20) * 0.1, net.edge);
    net.from_e = floor_indegree(&random, excitatory, n, k);
    net.from_i = floor_indegree(&random, n - excitatory, n, k / 4);
    return net;
}

floor_run floor_brunel(size_t size, size_t steps)
{
    brunel net = brunel_new(size, steps, 5, 2);
    const double start = floor_now();

    for (size_t s = 0; s < steps; s++) brunel_step(&net, s);
    const double seconds = floor_now() - start;
    const size_t spikes = floor_train_count(&net.spikes);
    free(net.v), free(net.until);
    floor_out_free(&net.from_e), floor_out_free(&net.from_i), floor_train_free(&net.spikes);
    return (floor_run){ seconds, steps, (double)spikes / ((double)size * (double)steps * 1e-4), spikes };
}
