#include "floor_attractor.h"

#include <math.h>
#include <stdlib.h>

/* Times in ms, potentials in mV. */
static const double dt = 0.1, v_th = 20, depression_end = 15.5, potentiation_start = 17.5;
static const double alpha = 0.0147, beta = 0.01, theta = 0.4;
static const double J_dep = 0.03, J_pot = 0.21, J_ei = 0.08, J_ie = -0.18, J_ii = -0.18;

/* --- synapses --- */

static inline double clip(double l)
{
    const double above = l > 0 ? l : 0;

    return above < 1 ? above : 1;
}

/* While a source is silent its latent variables drift to one side, which they cannot change. */
static void catch_up(size_t count, double *restrict latent, double steps)
{
    for (size_t k = 0; k < count; k++) {
        const double l = latent[k], drift = l < theta ? -alpha : beta;
        latent[k] = clip(l + steps * dt * drift);
    }
}

/* The present efficacies act on `sum`; `push` is what the post neurons do to the latent variables. */
static void transmit(size_t count, const uint32_t *restrict to, const uint8_t *restrict high,
                     const double *restrict jump, double *restrict sum, const double *restrict hebb,
                     double *restrict push)
{
    for (size_t k = 0; k < count; k++) {
        sum[to[k]] += jump[high[k]];
        push[k] = hebb[to[k]];
    }
}

/* How many latent variables crossed theta, and which: 1 above, -1 below.  Conditions are numbers, not branches. */
static int64_t learn(size_t count, const double *restrict push, double *restrict latent, double *restrict crossed)
{
    int64_t crossings = 0;

    for (size_t k = 0; k < count; k++) {
        const double l = latent[k], low = l <= theta, high = l >= theta;
        const double next = clip(l + dt * (beta * high - alpha * low + push[k]));
        const double turn = low * (next > theta) - high * (next < theta);
        latent[k] = next, crossed[k] = turn;
        crossings += turn != 0;
    }
    return crossings;
}

/* In blocks, so that what is scattered stays apart from what is vectorized. */
static void send_plastic(const attractor *net, const plastic *p, size_t j, double jump, double silent, double *sum)
{
    const size_t begin = p->out.begin[j], end = p->out.begin[j + 1];
    const double jumps[2] = { jump * J_dep, jump * J_pot };
    double push[FLOOR_BLOCK], crossed[FLOOR_BLOCK];

    if (silent > 0) catch_up(end - begin, p->latent + begin, silent);
    for (size_t at = begin; at < end; at += FLOOR_BLOCK) {
        const size_t count = end - at < FLOOR_BLOCK ? end - at : FLOOR_BLOCK;
        transmit(count, p->out.to + at, p->high + at, jumps, sum, net->hebb, push);
        if (learn(count, push, p->latent + at, crossed) == 0) continue;
        for (size_t k = 0; k < count; k++)
            if (crossed[k] != 0) p->high[at + k] = crossed[k] > 0;
    }
}

static void send(attractor *net, size_t j, size_t step)
{
    const size_t ne = net->ne;
    const double jump = net->scale * net->x[j];

    if (j >= ne) {
        floor_add(&net->ie_fast, j - ne, net->to_fast, jump * J_ie);
        floor_add(&net->ii_slow, j - ne, net->to_slow + ne, jump * J_ii);
        floor_add(&net->ii_fast, j - ne, net->to_fast + ne, jump * J_ii);
        return;
    }
    const double silent = (double)(step - net->touched[j]);
    net->touched[j] = step + 1;
    send_plastic(net, &net->ee_slow, j, jump, silent, net->to_slow);
    send_plastic(net, &net->ee_fast, j, jump, silent, net->to_fast);
    floor_add(&net->ei_fast, j, net->to_fast + ne, jump * J_ei);
}

/* --- neurons --- */

/* How many of a block transmit; how their potentials move the latent variables of their synapses. */
static int64_t read_block(const attractor *net, size_t at)
{
    const double *restrict v = net->v + at;
    double *restrict hebb = net->hebb + at;
    int64_t active = 0;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const int potentiates = (v[i] >= potentiation_start) & (v[i] <= v_th);
        const int depresses = (v[i] <= depression_end) & (v[i] >= 15);
        hebb[i] = (potentiates ? 0.25 : 0) - (depresses ? 0.17 : 0);
        active += v[i] >= v_th;
    }
    return active;
}

static size_t find_active(attractor *net)
{
    size_t count = 0;

    for (size_t at = 0; at < net->padded; at += FLOOR_BLOCK) {
        if (read_block(net, at) == 0) continue;
        for (size_t i = at; i < at + FLOOR_BLOCK; i++) {
            net->active[count] = (uint32_t)i;
            count += net->v[i] >= v_th;
        }
    }
    return count;
}

static void external_input(const attractor *net, size_t at, double t, double *restrict input)
{
    const double *restrict amplitude = net->amplitude + at, *restrict phase = net->phase + at;
    const double *restrict period = net->period + at;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) input[i] = t / period[i] + phase[i];
    floor_sin(FLOOR_BLOCK, input, input);
    for (size_t i = 0; i < FLOOR_BLOCK; i++) input[i] = amplitude[i] * input[i] + amplitude[i];
}

/* All right sides are old; the sums are used up.  A counter of plateaus that reaches 1 resets the potential. */
static int64_t advance(const attractor *net, size_t at, const double *restrict input, int64_t *restrict starts)
{
    double *restrict v = net->v + at, *restrict a = net->plateau + at, *restrict x = net->x + at;
    double *restrict slow = net->slow + at, *restrict fast = net->fast + at;
    double *restrict to_slow = net->to_slow + at, *restrict to_fast = net->to_fast + at;
    const double tau = at < net->ne ? 20 : 10, v_reset = at < net->ne ? 15 : 10;
    int64_t count = 0;

    for (size_t i = 0; i < FLOOR_BLOCK; i++) {
        const double s = v[i] >= v_th ? 1 : 0, current = slow[i] + fast[i] + input[i];
        const double moved = v[i] <= v_th ? v[i] + (current - v[i] / tau) * dt : v[i];
        const double now = a[i] >= 1 ? v_reset : moved, next_a = a[i] + dt / 2 * s;
        starts[i] = (v[i] < v_th) & (now >= v_th);
        count += starts[i];
        a[i] = a[i] >= 1 ? 0 : next_a;
        x[i] += dt / 200 * (1 - x[i]) - 0.45 * x[i] * s;
        v[i] = now;
        slow[i] += dt / 10 * (to_slow[i] - slow[i]), fast[i] = to_fast[i];
        to_slow[i] = to_fast[i] = 0;
    }
    return count;
}

void attractor_step(attractor *net, size_t step)
{
    const size_t active = find_active(net);
    double input[FLOOR_BLOCK];
    int64_t starts[FLOOR_BLOCK];

    for (size_t k = 0; k < active; k++) send(net, net->active[k], step);
    floor_train_step(&net->spikes, net->n);
    for (size_t at = 0; at < net->padded; at += FLOOR_BLOCK) {
        external_input(net, at, (double)step * dt, input);
        if (advance(net, at, input, starts) == 0) continue;
        for (size_t i = 0; i < FLOOR_BLOCK; i++)
            if (starts[i]) floor_train_push(&net->spikes, at + i);
    }
}

/* --- a network --- */

/* Neurons beyond the last one have no input, and stay at 0.  The reset is one per block, so `ne` makes whole blocks. */
attractor attractor_new(size_t ne, size_t ni, size_t steps, double scale)
{
    const size_t n = ne + ni, padded = floor_padded(n);
    attractor net = { .ne = ne, .n = n, .padded = padded, .scale = scale, .spikes = floor_train_new(steps) };
    double **const arrays[] = { &net.v, &net.plateau, &net.slow, &net.fast, &net.x, &net.to_slow, &net.to_fast,
                                &net.amplitude, &net.phase, &net.period, &net.hebb };

    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) *arrays[k] = floor_array(padded);
    for (size_t i = 0; i < padded; i++) net.x[i] = 1, net.period[i] = 1;
    net.touched = floor_bytes(ne * sizeof *net.touched);
    net.active = floor_bytes((padded + 1) * sizeof *net.active);
    return net;
}

plastic attractor_plastic(floor_out out, size_t pre)
{
    const size_t count = out.begin[pre];

    return (plastic){ out, floor_array(count), floor_bytes(count) };
}

static plastic draw_plastic(uint64_t *random, size_t n, double p, const floor_out *excluding)
{
    plastic drawn = attractor_plastic(floor_connect(random, n, n, p, true, excluding), n);

    for (size_t k = 0; k < drawn.out.begin[n]; k++)
        drawn.latent[k] = drawn.high[k] = (uint8_t)(floor_uniform(random) < 0.2);
    return drawn;
}

static void draw(attractor *net, uint64_t *random)
{
    const size_t ne = net->ne, ni = net->n - ne;

    for (size_t i = 0; i < net->n; i++) {
        net->amplitude[i] = 5 * floor_uniform(random), net->phase[i] = 10 * floor_uniform(random);
        net->period[i] = 5 + 5 * floor_uniform(random);
    }
    net->ee_slow = draw_plastic(random, ne, 0.2 * 0.5, NULL);
    net->ee_fast = draw_plastic(random, ne, 0.2 * 0.5, &net->ee_slow.out);
    net->ii_slow = floor_connect(random, ni, ni, 0.2 * 0.1, true, NULL);
    net->ii_fast = floor_connect(random, ni, ni, 0.2 * 0.9, true, &net->ii_slow);
    net->ei_fast = floor_connect(random, ne, ni, 0.2, false, NULL);
    net->ie_fast = floor_connect(random, ni, ne, 0.2, false, NULL);
}

void attractor_free(attractor *net)
{
    void *const memory[] = { net->v, net->plateau, net->slow, net->fast, net->x, net->to_slow, net->to_fast,
                             net->amplitude, net->phase, net->period, net->hebb, net->touched, net->active,
                             net->ee_slow.latent, net->ee_slow.high, net->ee_fast.latent, net->ee_fast.high };
    floor_out *const outs[] = { &net->ee_slow.out, &net->ee_fast.out, &net->ei_fast, &net->ie_fast, &net->ii_slow,
                                &net->ii_fast };

    for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) free(memory[k]);
    for (size_t k = 0; k < sizeof outs / sizeof *outs; k++) floor_out_free(outs[k]);
    floor_train_free(&net->spikes);
}

/* `size` excitatory neurons and a quarter as many inhibitory ones; the result is the rate of the excitatory ones. */
floor_run floor_attractor(size_t size, size_t steps)
{
    attractor net = attractor_new(size, size / 4, steps, 8000 / (double)size);
    uint64_t random = 1;
    size_t excitatory = 0;

    draw(&net, &random);
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) attractor_step(&net, s);
    const double seconds = floor_now() - start;
    const size_t spikes = floor_train_count(&net.spikes);
    for (size_t k = 0; k < spikes; k++) excitatory += net.spikes.id[k] < size;
    attractor_free(&net);
    return (floor_run){ seconds, steps, (double)excitatory / ((double)size * (double)steps * dt * 1e-3), spikes };
}
