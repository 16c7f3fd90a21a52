/* The dendritic microcircuit with one hidden layer, late rule: matrices by BLAS, everything else in plain loops. */
#include "floor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if NL_HAVE_OPENBLAS
#include <cblas.h>
#else
#include <gsl/gsl_cblas.h>
#endif

enum { PRESENTATION = 1000, HOLD = 10 };

static const double dt = 1e-4, tau_syn = 0.01, alpha = 0.1, noise_scale = 5e-6;
static const double gl = 0.03, gbas = 0.1, gapi = 0.06, gden = 0.1, gnI = 0.06, gntgt = 0.06;
static const double eta_fw = 0.1, eta_bw = 0.1, eta_IP = 1, eta_PI = 1; /* as the rows of the table say */

typedef struct layer {
    size_t n;
    double *u, *kept, *breve, *rate, *before; /* kept: u, before: the rate, of the last step */
} layer;

typedef struct circuit {
    size_t inputs;
    layer hidden, output, inter;
    double *w0, *w1, *wip, *bpp, *bpi;        /* [post, pre] */
    double *r0, *z, *noise, *held, *breve;
    double *vbas0, *vbas1, *vapi, *vden, *drive, *high, *error0, *error1, *error_i, *zeros;
} circuit;

/* --- what is given, to netlang too --- */

static void write_npy(const char *name, size_t rows, size_t columns, const double *values)
{
    char path[256], header[128];
    int length = snprintf(header, sizeof header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu,", rows);

    if (columns > 0) length += snprintf(header + length, 30, " %zu", columns);
    length += snprintf(header + length, 3, ")}");
    snprintf(path, sizeof path, "%s/%s.npy", floor_folder, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL) abort();
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, out);
    fprintf(out, "%-117s\n", header);
    fwrite(values, sizeof *values, rows * (columns > 0 ? columns : 1), out);
    fclose(out);
}

static double *given(const char *name, size_t rows, size_t columns, double scale, double frequency)
{
    const size_t count = rows * (columns > 0 ? columns : 1);
    double *values = floor_array(count);

    for (size_t k = 0; k < count; k++) values[k] = scale * sin(frequency * (double)(k + 1));
    write_npy(name, rows, columns, values);
    return values;
}

static layer layer_new(size_t n)
{
    return (layer){ n, floor_array(n), floor_array(n), floor_array(n), floor_array(n), floor_array(n) };
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

static circuit circuit_new(size_t inputs, size_t hidden, size_t output, size_t steps)
{
    const double scale = 1 / sqrt((double)hidden);
    circuit c = { inputs, layer_new(hidden), layer_new(output), layer_new(output) };
    double *u = given("uP_init", hidden + output, 0, 1, 0.7), *ui = given("uI_init", output, 0, 1, 0.9);

    memcpy(c.hidden.u, u, hidden * sizeof *u);
    memcpy(c.output.u, u + hidden, output * sizeof *u);
    memcpy(c.inter.u, ui, output * sizeof *ui);
    free(u), free(ui);
    c.w0 = given("WPP0_init", hidden, inputs, scale, 1.3);
    c.w1 = given("WPP1_init", output, hidden, scale, 1.7);
    c.wip = given("WIP_init", output, hidden, scale, 1.9);
    c.bpp = given("BPP0_init", hidden, output, scale, 2.3);
    c.bpi = given("BPI0_init", hidden, output, scale, 2.9);
    c.r0 = given("r0", (steps + PRESENTATION - 1) / PRESENTATION, inputs, 1, 0.3);
    c.z = given("noise_z", steps / HOLD + 1, hidden, 1.4, 3.1);
    double **const hidden_arrays[] = { &c.noise, &c.held, &c.breve, &c.vbas0, &c.vapi, &c.error0 };
    double **const output_arrays[] = { &c.vbas1, &c.vden, &c.drive, &c.high, &c.error1, &c.error_i };
    for (size_t k = 0; k < 6; k++) *hidden_arrays[k] = floor_array(hidden), *output_arrays[k] = floor_array(output);
    c.zeros = floor_array(inputs);
    for (size_t i = 0; i < hidden; i++) c.hidden.kept[i] = c.hidden.u[i], c.hidden.before[i] = logistic(c.hidden.u[i]);
    for (size_t i = 0; i < output; i++) {
        c.output.kept[i] = c.output.before[i] = c.high[i] = c.output.u[i];
        c.inter.kept[i] = c.inter.before[i] = c.inter.u[i];
    }
    return c;
}

static void layer_free(layer *l) { free(l->u), free(l->kept), free(l->breve), free(l->rate), free(l->before); }

static void circuit_free(circuit *c)
{
    double *const all[] = { c->w0, c->w1, c->wip, c->bpp, c->bpi, c->r0, c->z, c->noise, c->held, c->breve, c->vbas0,
                            c->vbas1, c->vapi, c->vden, c->drive, c->high, c->error0, c->error1, c->error_i, c->zeros };

    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    layer_free(&c->hidden), layer_free(&c->output), layer_free(&c->inter);
}

/* --- a step --- */

static void product(size_t rows, size_t columns, const double *w, const double *x, double beta, double *out)
{
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)columns, 1, w, (int)columns, x, 1, beta, out, 1);
}

static void outer(size_t rows, size_t columns, double factor, const double *post, const double *pre, double *w)
{
    cblas_dger(CblasRowMajor, (int)rows, (int)columns, factor, post, 1, pre, 1, w, (int)columns);
}

static void add_noise(circuit *c, size_t step, double tau)
{
    const size_t n = c->hidden.n;
    double most = 0;

    memcpy(c->held, c->noise, n * sizeof *c->noise);
    if (step % HOLD == 0) {
        for (size_t i = 0; i < n; i++) most = fmax(most, fabs(c->hidden.u[i]));
        for (size_t i = 0; i < n; i++) c->noise[i] = noise_scale * most * c->z[step / HOLD * n + i];
    }
    for (size_t i = 0; i < n; i++) {
        c->breve[i] = c->held[i] + tau * (c->noise[i] - c->held[i]) / dt;
        c->hidden.u[i] += c->noise[i];
    }
}

static void look_ahead(layer *l, double tau)
{
    for (size_t i = 0; i < l->n; i++) {
        l->breve[i] = l->kept[i] + tau * (l->u[i] - l->kept[i]) / dt;
        l->kept[i] = l->u[i];
    }
}

static void make_step(circuit *c, size_t step)
{
    const double tau = 1 / (gl + gbas + gapi), tau_out = 1 / (gl + gbas + gntgt), tau_i = 1 / (gl + gden + gnI);
    const double lambda = gbas / (gl + gbas + gapi), lambda_out = gbas / (gl + gbas), lambda_i = gden / (gl + gden);
    layer *h = &c->hidden, *o = &c->output, *q = &c->inter;
    const double *r = c->r0 + step / PRESENTATION * c->inputs;
    const double *r_before = step == 0 ? c->zeros : c->r0 + (step - 1) / PRESENTATION * c->inputs;

    add_noise(c, step, tau);
    look_ahead(h, tau), look_ahead(o, tau_out), look_ahead(q, tau_i);
    for (size_t i = 0; i < h->n; i++) {
        h->rate[i] = logistic(h->breve[i]);
        c->error0[i] = h->rate[i] - logistic(lambda * c->vbas0[i]);
    }
    for (size_t i = 0; i < o->n; i++) {
        c->error1[i] = o->breve[i] - lambda_out * c->vbas1[i];
        c->error_i[i] = q->breve[i] - lambda_i * c->vden[i];
        c->high[i] += o->breve[i] - o->before[i] - dt / tau_syn * c->high[i];
    }
    product(h->n, c->inputs, c->w0, r, 0, c->vbas0);
    product(o->n, h->n, c->w1, h->rate, 0, c->vbas1);
    product(o->n, h->n, c->wip, h->rate, 0, c->drive);
    product(h->n, o->n, c->bpp, o->breve, 0, c->vapi);
    product(h->n, o->n, c->bpi, q->breve, 1, c->vapi);
    for (size_t i = 0; i < o->n; i++) {
        c->vden[i] += dt / tau_syn * (c->drive[i] - c->vden[i]);
        q->u[i] += dt * (gden * c->vden[i] + gnI * o->breve[i] - q->u[i] / tau_i);
        o->u[i] += dt * (gbas * c->vbas1[i] / (gl + gbas) - o->u[i]) / tau_out;
    }
    for (size_t i = 0; i < h->n; i++) h->u[i] += dt * (gbas * c->vbas0[i] + gapi * c->vapi[i] - h->u[i] / tau);
    outer(h->n, c->inputs, dt * eta_fw, c->error0, r_before, c->w0);
    outer(o->n, h->n, dt * eta_fw, c->error1, h->before, c->w1);
    outer(o->n, h->n, dt * eta_IP, c->error_i, h->before, c->wip);
    outer(h->n, o->n, -dt * eta_PI, c->vapi, q->before, c->bpi);
    cblas_dscal((int)(h->n * o->n), 1 - dt * alpha * eta_bw, c->bpp, 1);
    outer(h->n, o->n, -dt * eta_bw, c->breve, c->high, c->bpp);
    memcpy(h->before, h->rate, h->n * sizeof *h->rate);
    memcpy(o->before, o->breve, o->n * sizeof *o->breve);
    memcpy(q->before, q->breve, q->n * sizeof *q->breve);
}

static floor_run run(size_t inputs, size_t hidden, size_t output, size_t steps)
{
    circuit c = circuit_new(inputs, hidden, output, steps);

#if NL_HAVE_OPENBLAS
    openblas_set_num_threads(1);
#endif
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) make_step(&c, s);
    const floor_run made = { floor_now() - start, steps, cblas_dnrm2((int)(hidden * output), c.bpp, 1) };
    circuit_free(&c);
    return made;
}

/* `size` of the hidden layer: 1-1-1, or N/2, N, N/4. */
floor_run floor_microcircuit(size_t size, size_t steps)
{
    return size == 1 ? run(1, 1, 1, steps) : run(size / 2, size, size / 4, steps);
}
