#include "floor_spiking.h"

#include <math.h>
#include <stdlib.h>

/* examples/stdp_song.net: Poisson inputs to one neuron, plastic synapses, traces on the neurons; in mV and ms. */
typedef struct learning {
    size_t n, padded;
    double *w, *trace;  /* of the synapses, of the inputs */
    double v, ge, post; /* of the neuron: potential, conductance, trace */
    floor_xoshiro random;
    floor_train in;
    size_t spikes;
} learning;

static const double dt = 0.1, w_max = 0.01, a_plus = 0.01 * 0.01, a_minus = 1.05 * 0.01 * 0.01;

static int64_t draw_block(learning *net, size_t at, uint32_t below, uint32_t *restrict word)
{
    double *restrict trace = net->trace + at;
    int32_t fired = 0;

    floor_words(&net->random, word);
    for (size_t i = 0; i < FLOOR_BLOCK; i++) trace[i] -= dt / 20 * trace[i];
    for (size_t i = 0; i < FLOOR_BLOCK; i++) fired += word[i] < below;
    return fired;
}

static void draw_inputs(learning *net)
{
    const uint32_t below = (uint32_t)(15e-3 * dt * 0x1p32); /* 15 Hz */
    uint32_t word[FLOOR_BLOCK];

    floor_train_step(&net->in, net->n);
    for (size_t at = 0; at < net->padded; at += FLOOR_BLOCK) {
        if (draw_block(net, at, below, word) == 0) continue;
        for (size_t i = 0; i < FLOOR_BLOCK; i++)
            if (word[i] < below && at + i < net->n) floor_train_push(&net->in, at + i);
    }
}

static void potentiate(size_t n, double *restrict w, const double *restrict trace)
{
    for (size_t i = 0; i < n; i++) w[i] = w[i] + trace[i] > w_max ? w_max : w[i] + trace[i];
}

static void learning_step(learning *net, size_t step)
{
    const size_t from = net->in.begin[step];

    draw_inputs(net);
    const double dv = dt / 10 * (-net->ge * net->v - 74 - net->v);
    net->v += dv, net->ge -= dt / 5 * net->ge, net->post -= dt / 20 * net->post;
    const uint32_t *id = net->in.id;
    const size_t to = net->in.begin[step + 1];
    for (size_t k = from; k < to; k++) {
        double *w = &net->w[id[k]];
        net->ge += *w;
        *w = fmax(0, *w - net->post);
    }
    if (net->v > -54) {
        potentiate(net->n, net->w, net->trace);
        net->v = -60, net->post += a_minus, net->spikes++;
    }
    for (size_t k = from; k < to; k++) net->trace[id[k]] += a_plus;
}

floor_run floor_stdp(size_t size, size_t steps)
{
    const size_t padded = floor_padded(size);
    learning net = { .n = size, .padded = padded, .v = -74, .w = floor_array(padded), .trace = floor_array(padded),
                     .in = floor_train_new(steps) };
    uint64_t random = 1;

    for (size_t i = 0; i < size; i++) net.w[i] = w_max * floor_uniform(&random);
    floor_seed(&net.random, 1);
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) learning_step(&net, s);
    const double seconds = floor_now() - start;
    free(net.w), free(net.trace), floor_train_free(&net.in);
    return (floor_run){ seconds, steps, (double)net.spikes / ((double)steps * dt * 1e-3), net.spikes };
}
