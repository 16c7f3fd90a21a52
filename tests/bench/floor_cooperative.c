#include "floor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the cooperative networks record after each step, in eight lanes. */
typedef struct measures {
    double distance[8], above[8], fallen[8], sum[8];
} measures;

static inline void measure(measures *m, size_t n, const double *restrict now, const double *restrict before,
                           const double *restrict target)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) {
            const double x = now[i + l], e = x - target[i + l], d = before[i + l] - x;
            m->distance[l] += fabs(e);
            m->above[l] += e > 0 ? e : 0;
            m->fallen[l] += d > 0 ? d : 0;
            m->sum[l] += x;
        }
    for (; i < n; i++) {
        const double e = now[i] - target[i], d = before[i] - now[i];
        m->distance[0] += fabs(e), m->above[0] += e > 0 ? e : 0, m->fallen[0] += d > 0 ? d : 0, m->sum[0] += now[i];
    }
}

static double total(const double *lane)
{
    double sum = 0;

    for (int l = 0; l < 8; l++) sum += lane[l];
    return sum;
}

static void keep(double *record, const measures *m, size_t units)
{
    record[0] = total(m->distance) / (double)units;
    record[1] = total(m->above);
    record[2] = -total(m->fallen);
    record[3] = total(m->sum);
}

static double greatest(size_t n, const double *x)
{
    double most = x[0];

    for (size_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

/* --- the torus: rows with a ghost column on either side, so that the inner loop knows no edge --- */

typedef struct torus {
    size_t n, stride; /* stride: of a row */
    double weight;
    double *x, *half, *next, *drive, *target;
} torus;

static double *row_of(const torus *net, double *x, size_t row) { return x + row * net->stride + 8; }

static void close_row(const torus *net, double *row) { row[-1] = row[net->n - 1], row[net->n] = row[0]; }

/* A row of: out = base + h * (-at + drive + weight * neighbours of at) */
static inline void torus_row(const torus *net, size_t row, double h, double *restrict out, const double *restrict base,
                             double *at_all)
{
    const size_t n = net->n;
    const double *restrict at = row_of(net, at_all, row), *restrict up = row_of(net, at_all, (row + n - 1) % n);
    const double *restrict down = row_of(net, at_all, (row + 1) % n), *restrict drive = row_of(net, net->drive, row);

    for (size_t j = 0; j < n; j++)
        out[j] = base[j] + h * (drive[j] - at[j] + net->weight * (up[j] + down[j] + (at - 1)[j] + (at + 1)[j]));
}

static void torus_step(torus *net, double dt, measures *m)
{
    for (size_t row = 0; row < net->n; row++) {
        torus_row(net, row, 0.5 * dt, row_of(net, net->half, row), row_of(net, net->x, row), net->x);
        close_row(net, row_of(net, net->half, row));
    }
    for (size_t row = 0; row < net->n; row++) {
        double *next = row_of(net, net->next, row), *x = row_of(net, net->x, row);
        torus_row(net, row, dt, next, x, net->half);
        close_row(net, next);
        if (m != NULL) measure(m, net->n, next, x, row_of(net, net->target, row));
    }
    double *old = net->x;
    net->x = net->next, net->next = old;
}

static void torus_drive(torus *net, double w_in)
{
    const size_t centre = net->n / 2;

    for (size_t row = 0; row < net->n; row++)
        for (size_t col = 0; col < net->n; col++)
            row_of(net, net->drive, row)[col] = w_in * ((row == centre) + (col == centre));
}

/* The default run of models/cooperative_2d.net: two phases, measures in the second; the result is the sum of the
 * loss after each step. */
floor_run floor_cooperative_2d(size_t size, size_t steps)
{
    const double dt = 0.1;
    const size_t phase = steps / 3;
    torus net = { .n = size, .stride = (size + 16 + 7) / 8 * 8, .weight = 0.25 * (1 - 1.0 / 100) };
    const size_t count = net.stride * size;
    double *record = floor_array(4 * phase), loss = 0;

    net.x = floor_array(count), net.half = floor_array(count), net.next = floor_array(count);
    net.drive = floor_array(count), net.target = floor_array(count);
    torus_drive(&net, 1);
    const double start = floor_now();
    for (size_t s = 0; s < 2 * phase; s++) torus_step(&net, dt, NULL);
    const double most = greatest(count, net.x); /* ghosts repeat values, the rest is 0 */
    for (size_t k = 0; k < count; k++) net.target[k] = net.x[k] / most;
    torus_drive(&net, 1 / most);
    memset(net.x, 0, count * sizeof *net.x);
    for (size_t s = 0; s < phase; s++) {
        measures m = { .sum = { 0 } };
        torus_step(&net, dt, &m);
        keep(record + 4 * s, &m, size * size);
    }
    const double seconds = floor_now() - start;
    for (size_t s = 0; s < phase; s++) loss += record[4 * s];
    free(net.x), free(net.half), free(net.next), free(net.drive), free(net.target), free(record);
    return (floor_run){ seconds, 3 * phase, loss };
}

/* --- the ring with late inhibition: Runge-Kutta of order 4, the past by cubic Hermite interpolation --- */

enum { LAG = 10, PAST = 16 }; /* steps; rows of the history, a power of two */

typedef struct ring {
    size_t n;
    double excitation, inhibition, dt; /* weights of x and of the delayed x */
    double *x[PAST], *slope[PAST];     /* by step modulo PAST */
    double *middle, *stage, *flow, *sum, *drive, *target;
} ring;

/* Slope at `at` with the delayed state `past`; flow has a ghost on either side. */
static inline void ring_slope(const ring *net, const double *restrict at, const double *restrict past,
                              double *restrict slope)
{
    const size_t n = net->n;
    double *restrict flow = net->flow;

    for (size_t i = 0; i < n; i++) flow[i] = net->excitation * at[i] + net->inhibition * past[i];
    flow[-1] = flow[n - 1], flow[n] = flow[0];
    for (size_t i = 0; i < n; i++) slope[i] = net->drive[i] - at[i] + (flow - 1)[i] + (flow + 1)[i];
}

/* The delayed state in the middle of the step; zero, as is its slope, before the start. */
static const double *ring_middle(ring *net, size_t step)
{
    const size_t from = (step - LAG) % PAST, to = (step - LAG + 1) % PAST;
    double *restrict middle = net->middle;

    if (step < LAG) memset(middle, 0, net->n * sizeof *middle);
    else
        for (size_t i = 0; i < net->n; i++)
            middle[i] = 0.5 * (net->x[from][i] + net->x[to][i])
                        + net->dt / 8 * (net->slope[from][i] - net->slope[to][i]);
    return middle;
}

static void ring_step(ring *net, size_t step)
{
    const size_t n = net->n, now = step % PAST;
    const double h = net->dt, *restrict x = net->x[now], *middle = ring_middle(net, step);
    double *restrict k1 = net->slope[now], *restrict next = net->x[(step + 1) % PAST];
    double *restrict stage = net->stage, *restrict sum = net->sum;
    double k[n];

    ring_slope(net, x, net->x[(step - LAG) % PAST], k1);
    for (size_t i = 0; i < n; i++) stage[i] = x[i] + 0.5 * h * k1[i], sum[i] = k1[i];
    ring_slope(net, stage, middle, k);
    for (size_t i = 0; i < n; i++) stage[i] = x[i] + 0.5 * h * k[i], sum[i] += 2 * k[i];
    ring_slope(net, stage, middle, k);
    for (size_t i = 0; i < n; i++) stage[i] = x[i] + h * k[i], sum[i] += 2 * k[i];
    ring_slope(net, stage, net->x[(step - LAG + 1) % PAST], k);
    for (size_t i = 0; i < n; i++) next[i] = x[i] + h / 6 * (sum[i] + k[i]);
}

static void ring_rest(ring *net)
{
    for (size_t k = 0; k < PAST; k++) {
        memset(net->x[k], 0, net->n * sizeof **net->x);
        memset(net->slope[k], 0, net->n * sizeof **net->slope);
    }
}

/* The default run of models/cooperative_1d.net; the result is the normalised input weight. */
floor_run floor_cooperative_1d(size_t size, size_t steps)
{
    const double dt = 0.01, lag = LAG * dt, t_resp = 2.2194014981019734, wI = -0.5 * exp(-lag / t_resp);
    const size_t phase = steps / 3;
    ring net = { .n = size, .dt = dt, .excitation = 0.5 * (1 - 1.0 / 100) - wI / lag, .inhibition = wI / lag };
    double *record = floor_array(4 * phase), *memory = floor_array((2 * PAST + 6) * (size + 16)), *at = memory;

    for (size_t k = 0; k < PAST; k++, at += 2 * (size + 16)) net.x[k] = at, net.slope[k] = at + size + 16;
    net.middle = at, net.stage = at + (size + 16), net.sum = at + 2 * (size + 16), net.drive = at + 3 * (size + 16);
    net.target = at + 4 * (size + 16), net.flow = at + 5 * (size + 16) + 8;
    net.drive[size / 2] = 1;
    const double start = floor_now();
    for (size_t s = 0; s < 2 * phase; s++) ring_step(&net, s);
    const double *end = net.x[2 * phase % PAST], w_in = 1 / greatest(size, end);
    for (size_t i = 0; i < size; i++) net.target[i] = end[i] * w_in;
    net.drive[size / 2] = w_in;
    ring_rest(&net);
    for (size_t s = 0; s < phase; s++) {
        measures m = { .sum = { 0 } };
        ring_step(&net, s);
        measure(&m, size, net.x[(s + 1) % PAST], net.x[s % PAST], net.target);
        keep(record + 4 * s, &m, size);
    }
    const floor_run run = { floor_now() - start, 3 * phase, w_in };
    free(record), free(memory);
    return run;
}

/* --- the ring with adaptation: Euler --- */

enum { SITES = 7, COLUMNS = 2 * SITES + 3 };

/* One step; x has a ghost on either side. */
static inline void adapt_step(size_t n, double *restrict next, const double *restrict x, double *restrict u, double w,
                              double a, double dt)
{
    for (size_t i = 0; i < n; i++) {
        next[i] = x[i] + dt * (w * ((x - 1)[i] + (x + 1)[i]) - x[i] - a * u[i]);
        u[i] += dt / 10 * (x[i] - u[i]);
    }
}

/* Recorded: x and u at seven units, loss, sum of distances, distance of the sums. */
static void adapt_record(double *record, size_t n, const double *restrict x, const double *u,
                         const double *restrict profile, double on, double norm)
{
    const size_t c = n / 2, sites[SITES] = { c, c + 1, c + 2, c + 5, c + 12, c - 1, 0 };
    double far[8] = { 0 }, sum[8] = { 0 };

    for (size_t i = 0; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++) {
            const double e = x[i + l] - on * profile[i + l];
            far[l] += fabs(e), sum[l] += e;
        }
    for (int k = 0; k < SITES; k++) record[k] = x[sites[k]], record[SITES + k] = u[sites[k]];
    record[2 * SITES] = total(far) / norm, record[2 * SITES + 1] = total(far), record[2 * SITES + 2] = fabs(total(sum));
}

/* The default run of models/cooperative_sfa.net (size a multiple of 8); the result is the response time. */
floor_run floor_cooperative_sfa(size_t size, size_t steps)
{
    const double dt = 0.01, a = 0.09, g = exp(-1 / 4.5);
    const double w = (1 + a) * g / (1 + g * g), w_ff = (1 + a) * (1 - g * g) / (1 + g * g);
    const size_t centre = size / 2, on_at = 10000, off_at = 30000;
    double *memory = floor_array(4 * (size + 16)), *record = floor_array(COLUMNS * steps), norm = 0, response = NAN;
    double *x = memory + 8, *next = x + size + 16, *u = next + size + 16, *profile = u + size + 16 - 8;

    for (size_t i = 0; i < size; i++) norm += profile[i] = pow(g, fabs((double)i - (double)centre));
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        const double on = s >= on_at && s < off_at;
        x[-1] = x[size - 1], x[size] = x[0];
        adapt_step(size, next, x, u, w, a, dt);
        next[centre] += dt * w_ff * on;
        double *old = x;
        x = next, next = old;
        adapt_record(record + COLUMNS * s, size, x, u, profile, on, norm);
    }
    const double seconds = floor_now() - start;
    for (size_t s = off_at; s < steps && isnan(response); s++)
        if (record[COLUMNS * s + 2 * SITES] < exp(-1)) response = (double)(s - off_at) * dt;
    free(memory), free(record);
    return (floor_run){ seconds, steps, response };
}
