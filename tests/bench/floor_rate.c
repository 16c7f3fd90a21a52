#include "floor.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if NL_HAVE_OPENBLAS
#include <cblas.h>
#endif
#if NL_HAVE_SLEEF
#include <sleef.h>
#endif

/* y = tanh(x); both have room for a multiple of 8. */
static void tanh_all(size_t n, const double *x, double *y)
{
#if NL_HAVE_SLEEF && defined(__AVX512F__)
    for (size_t i = 0; i < n; i += 8) _mm512_store_pd(y + i, Sleef_tanhd8_u10avx512f(_mm512_load_pd(x + i)));
#elif NL_HAVE_SLEEF && defined(__AVX2__)
    for (size_t i = 0; i < n; i += 4) _mm256_store_pd(y + i, Sleef_tanhd4_u10avx2(_mm256_load_pd(x + i)));
#else
    for (size_t i = 0; i < n; i++) y[i] = tanh(x[i]);
#endif
}

static double dot(size_t n, const double *a, const double *b)
{
    double lane[8] = { 0 }, sum = 0;
    size_t k = 0;

    for (; k + 8 <= n; k += 8)
        for (int l = 0; l < 8; l++) lane[l] += a[k + l] * b[k + l];
    for (int l = 0; l < 8; l++) sum += lane[l];
    for (; k < n; k++) sum += a[k] * b[k];
    return sum;
}

static void matrix_vector(size_t n, const double *w, const double *r, double *out)
{
#if NL_HAVE_OPENBLAS
    (void)dot;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)n, 1, w, (int)n, r, 1, 0, out, 1);
#else
    for (size_t i = 0; i < n; i++) out[i] = dot(n, w + i * n, r);
#endif
}

/* x += dt * (-x + rec) */
static void relax(size_t n, double *x, const double *rec, double dt)
{
    for (size_t i = 0; i < n; i++) x[i] += dt * (rec[i] - x[i]);
}

static double sum_of(size_t n, const double *x)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum;
}

floor_run floor_dense(size_t size, size_t steps)
{
    double *w = floor_array(size * size), *x = floor_array(size), *r = floor_array(size), *rec = floor_array(size);

#if NL_HAVE_OPENBLAS
    openblas_set_num_threads(1);
#endif
    for (size_t post = 0; post < size; post++)
        for (size_t pre = 0; pre < size; pre++)
            w[post * size + pre] = 1.5 / sqrt((double)size) * sin(0.7 * (double)(post + 1) * (double)(pre + 1));
    for (size_t i = 0; i < size; i++) x[i] = cos((double)i);
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        tanh_all(size, x, r);
        matrix_vector(size, w, r, rec);
        relax(size, x, rec, 0.1);
    }
    const floor_run run = { floor_now() - start, steps, sum_of(size, x) };
    free(w), free(x), free(r), free(rec);
    return run;
}

/* Compressed sparse rows; eight sums side by side, so that additions do not wait for each other. */
static double sparse_row(size_t count, const uint32_t *col, const double *w, const double *r)
{
    double lane[8] = { 0 }, sum = 0;
    size_t k = 0;

    for (; k + 8 <= count; k += 8)
        for (int l = 0; l < 8; l++) lane[l] += w[k + l] * r[col[k + l]];
    for (; k < count; k++) sum += w[k] * r[col[k]];
    for (int l = 0; l < 8; l++) sum += lane[l];
    return sum;
}

static int connected(uint64_t pre, uint64_t post) { return (pre * 7919 + post * 104729) % 10007 % 20 == 0; }

floor_run floor_sparse(size_t size, size_t steps)
{
    double *x = floor_array(size), *r = floor_array(size), *rec = floor_array(size), *drive = floor_array(size);
    uint64_t *begin = calloc(size + 1, sizeof *begin);
    size_t count = 0;

    if (begin == NULL) abort();
    for (size_t post = 0; post < size; post++) {
        for (size_t pre = 0; pre < size; pre++) count += (size_t)connected(pre, post);
        begin[post + 1] = count;
    }
    double *w = floor_array(count);
    uint32_t *col = malloc(count * sizeof *col);
    if (col == NULL) abort();
    for (size_t post = 0, k = 0; post < size; post++)
        for (size_t pre = 0; pre < size; pre++)
            if (connected(pre, post)) {
                col[k] = (uint32_t)pre;
                w[k++] = 0.05 * cos((double)pre + 3.0 * (double)post);
            }
    for (size_t i = 0; i < size; i++) x[i] = cos((double)i), drive[i] = sin((double)i);
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        tanh_all(size, x, r);
        for (size_t i = 0; i < size; i++)
            rec[i] = drive[i] + sparse_row(begin[i + 1] - begin[i], col + begin[i], w + begin[i], r);
        relax(size, x, rec, 0.1);
    }
    const floor_run run = { floor_now() - start, steps, sum_of(size, x) };
    free(w), free(col), free(begin), free(x), free(r), free(rec), free(drive);
    return run;
}

/* --- the balanced network: one weight for each pair of populations --- */

typedef struct block {
    uint64_t *begin;
    uint32_t *col;
} block;

static int one_of(uint64_t pre, uint64_t post, uint64_t among)
{
    return (pre * 7919 + post * 104729) % 10007 % among == 0;
}

static block scattered(size_t rows, size_t columns, uint64_t among)
{
    block b = { calloc(rows + 1, sizeof *b.begin),
                malloc((rows * columns / among * 11 / 10 + columns) * sizeof *b.col) };

    if (b.begin == NULL || b.col == NULL) abort();
    for (size_t post = 0, k = 0; post < rows; b.begin[++post] = k)
        for (size_t pre = 0; pre < columns; pre++)
            if (one_of(pre, post, among)) b.col[k++] = (uint32_t)pre;
    return b;
}

static double sum_of_some(size_t count, const uint32_t *col, const double *r)
{
    double lane[8] = { 0 }, sum = 0;
    size_t k = 0;

    for (; k + 8 <= count; k += 8)
        for (int l = 0; l < 8; l++) lane[l] += r[col[k + l]];
    for (; k < count; k++) sum += r[col[k]];
    for (int l = 0; l < 8; l++) sum += lane[l];
    return sum;
}

static void sums(size_t rows, const block *b, double weight, const double *r, double *out)
{
    for (size_t i = 0; i < rows; i++)
        out[i] = weight * sum_of_some(b->begin[i + 1] - b->begin[i], b->col + b->begin[i], r);
}

typedef struct rates {
    double *h, *g, *r, *from_e, *from_i;
} rates;

static void move_rates(const rates *x, size_t from, size_t end, double input, double tau, double tau_syn)
{
    const double dt = 0.0025, keep_h = exp(-dt / tau_syn), keep_g = exp(-dt / 0.2), keep_r = exp(-dt / tau);

    for (size_t i = from; i < end; i++) {
        x->h[i] = x->h[i] * keep_h + (x->from_e[i] + x->from_i[i]) * dt / tau_syn;
        x->g[i] = x->g[i] * keep_g + 0.5 * x->from_e[i] * dt / 0.2;
        const double phi = input + x->h[i] + x->g[i];
        x->r[i] = x->r[i] * keep_r + (phi > 0 ? phi : 0) * dt / tau;
    }
}

floor_run floor_balanced(size_t size, size_t steps)
{
    const size_t e = size / 5 * 4;
    const double unit = sqrt(500) * 5, w = 0.5 / sqrt(500);
    const block from_e = scattered(size, e, 16), from_i = scattered(size, size - e, 4);
    const rates x = { floor_array(size), floor_array(size), floor_array(size), floor_array(size), floor_array(size) };

    for (size_t i = 0; i < size; i++) {
        x.h[i] = cos((double)i), x.g[i] = sin((double)i);
        x.r[i] = fmax(0, unit * (i < e ? 2 : 1) + x.h[i]);
    }
    const double start = floor_now();
    for (size_t s = 0; s < steps; s++) {
        sums(size, &from_e, w, x.r, x.from_e);
        sums(e, &from_i, -1.5 * w, x.r + e, x.from_i);
        sums(size - e, &(block){ from_i.begin + e, from_i.col }, -w, x.r + e, x.from_i + e);
        move_rates(&x, 0, e, unit * 2, 0.04, 0.003);
        move_rates(&x, e, size, unit, 0.02, 0.002);
    }
    const floor_run run = { floor_now() - start, steps, sum_of(size, x.r) };
    free(from_e.begin), free(from_e.col), free(from_i.begin), free(from_i.col);
    free(x.h), free(x.g), free(x.r), free(x.from_e), free(x.from_i);
    return run;
}
