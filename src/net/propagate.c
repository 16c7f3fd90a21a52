#include "propagate.h"

#include "conn_build.h"
#include "propagate_stencil.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* --- portable kernels --- */

enum { LANES = 8 };

static double fold(const double s[LANES])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double row_sum(size_t n, const uint32_t *col, const double *w, const double *x)
{
    double lane[LANES] = { 0 };
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++) lane[j] += (w != NULL ? w[k + j] : 1) * x[col[k + j]];
    for (; k < n; k++) lane[k % LANES] += (w != NULL ? w[k] : 1) * x[col[k]];
    return fold(lane);
}

static void portable_csr(size_t rows, const uint64_t *begin, const uint32_t *col, const double *w, const double *x,
                         double *out)
{
    for (size_t r = 0; r < rows; r++)
        out[r] = row_sum(begin[r + 1] - begin[r], col + begin[r], w != NULL ? w + begin[r] : NULL, x);
}

static double lane_sum(const nl_csr_rows *rows, size_t r, size_t width, const double *x)
{
    const uint64_t begin = rows->begin[r];
    double lane[LANES] = { 0 };

    for (uint64_t k = begin; k < rows->begin[r + 1]; k++)
        lane[(k - begin) % LANES] += (rows->w != NULL ? rows->w[k] : 1) * x[width * rows->col[k]];
    return fold(lane);
}

static void portable_csr_lanes(const nl_csr_rows *rows, size_t width, const double *x, size_t count, double *const *out)
{
    for (size_t r = rows->from; r < rows->end; r++)
        for (size_t l = 0; l < count; l++) out[l][r] = lane_sum(rows, r, width, x + l);
}

static void portable_shifted_sum(size_t n, double *out, const double *x, size_t count, const ptrdiff_t *shift,
                                 const double *weight)
{
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < n; i++) out[i] += (weight != NULL ? weight[k] : 1) * x[(ptrdiff_t)i + shift[k]];
}

static void portable_add_number(size_t n, const uint32_t *index, double number, double *out)
{
    for (size_t k = 0; k < n; k++) out[index[k]] += number;
}

static void portable_add_scaled(size_t n, const uint32_t *index, const double *weights, double number, double *out)
{
    for (size_t k = 0; k < n; k++) out[index[k]] += weights[k] * number;
}

const nl_propagate_kernels nl_propagate_portable = { portable_csr,         portable_csr_lanes,
                                                     portable_shifted_sum, portable_add_number,
                                                     portable_add_scaled,  { cblas_dgemv, cblas_dgemm } };

/* --- every pair, one weight for all --- */

static double sum(size_t n, const double *x)
{
    double lane[LANES] = { 0 };
    size_t k = 0;

    for (; k + LANES <= n; k += LANES)
        for (size_t j = 0; j < LANES; j++) lane[j] += x[k + j];
    for (; k < n; k++) lane[k % LANES] += x[k];
    return fold(lane);
}

/* out[j] = sum of x without x[j + offset]: from both ends, because subtracting from the whole sum would cancel.
 * `after` has in + 1 places. */
static void sum_but_self(size_t out_count, double *out, size_t in, const double *x, long offset, double *after)
{
    const double all = sum(in, x);
    size_t rows[2];
    double before = 0;

    nl_conn_self_rows(out_count, in, offset, rows);
    after[in] = 0;
    for (size_t i = in; i > 0; i--) after[i - 1] = after[i] + x[i - 1];
    for (size_t j = 0; j < out_count; j++) out[j] = all;
    for (size_t i = 0; i < in; before += x[i++]) {
        const long j = (long)i - offset;

        if (j >= (long)rows[0] && j < (long)rows[1]) out[j] = before + after[i + 1];
    }
}

static void fill_sum(size_t out_count, double *out, size_t in, const double *x)
{
    const double all = sum(in, x);

    for (size_t j = 0; j < out_count; j++) out[j] = all;
}

/* --- every pair, one weight each: general matrix times vector --- */

/* out = or += A x, or A' x where turned, for a row-major matrix. */
static void gemv(const nl_blas *blas, bool turned, size_t rows, size_t columns, size_t stride, const double *a,
                 const double *x, double beta, double *out)
{
    const size_t out_count = turned ? columns : rows;

    assert(rows <= INT_MAX && stride <= INT_MAX && "a matrix of this size does not fit into memory");
    if (rows == 0 || columns == 0) {
        if (beta == 0) memset(out, 0, out_count * sizeof *out);
        return;
    }
    blas->dgemv(CblasRowMajor, turned ? CblasTrans : CblasNoTrans, (int)rows, (int)columns, 1.0, a, (int)stride, x, 1,
                beta, out, 1);
}

enum { PANEL = 16 };

/* Up to PANEL rows of which each leaves out one entry, the hole: places left of it stand for that pre neuron, places
 * right of it for the next.  Left and right of all holes of the panel this is the same for its rows. */
typedef struct panel {
    const nl_blas *blas;
    const double *a;
    size_t n, stride, hole; /* rows, their length, hole of the first */
} panel;

static void panel_to_post(const panel *p, const double *x, double *out)
{
    const size_t right = p->hole + p->n - 1;

    gemv(p->blas, false, p->n, p->hole, p->stride, p->a, x, 0, out);
    gemv(p->blas, false, p->n, p->stride - right, p->stride, p->a + right, x + right + 1, 1, out);
    for (size_t j = 0; j < p->n; j++)
        for (size_t k = p->hole; k < right; k++) out[j] += p->a[j * p->stride + k] * x[k + (k >= p->hole + j)];
}

static void panel_to_pre(const panel *p, const double *x, double *out)
{
    const size_t right = p->hole + p->n - 1;

    gemv(p->blas, true, p->n, p->hole, p->stride, p->a, x, 1, out);
    gemv(p->blas, true, p->n, p->stride - right, p->stride, p->a + right, x, 1, out + right + 1);
    for (size_t j = 0; j < p->n; j++)
        for (size_t k = p->hole; k < right; k++) out[k + (k >= p->hole + j)] += p->a[j * p->stride + k] * x[j];
}

/* A matrix and the vectors that it is multiplied with, one after the other while a part of it is at hand. */
typedef struct products {
    const nl_blas *blas;
    bool to_pre;
    size_t count;
    const double *const *sources;
    double *const *outs;
} products;

/* Rows `from` .. end - 1, of one length; returns where the next begin.  The stretches do not depend on how many vectors
 * there are, so neither do the sums. */
static const double *whole_rows(const products *p, const double *a, size_t from, size_t end, size_t length)
{
    enum { STRETCH = 1 << 16 }; /* 512 KiB */
    const size_t rows = STRETCH / (length + 1) / PANEL * PANEL, most = rows > PANEL ? rows : PANEL;

    for (size_t at = from, n; at < end; a += n * length, at += n) {
        n = end - at < most ? end - at : most;
        for (size_t k = 0; k < p->count; k++)
            if (p->to_pre) gemv(p->blas, true, n, length, length, a, p->sources[k] + at, 1, p->outs[k]);
            else gemv(p->blas, false, n, length, length, a, p->sources[k], 0, p->outs[k] + at);
    }
    return a;
}

static const double *rows_with_holes(const products *p, const double *a, size_t from, size_t end, const nl_conn *conn)
{
    for (size_t at = from; at < end; at += PANEL) {
        const size_t n = end - at < PANEL ? end - at : PANEL;
        const panel rows = { p->blas, a, n, conn->pre.count - 1, (size_t)((long)at + conn->self_offset) };

        for (size_t k = 0; k < p->count; k++)
            if (p->to_pre) panel_to_pre(&rows, p->sources[k] + at, p->outs[k]);
            else panel_to_post(&rows, p->sources[k], p->outs[k] + at);
        a += n * rows.stride;
    }
    return a;
}

/* Whole rows, then panels of rows with a hole, then whole rows again. */
static void dense_sums(const products *p, const nl_conn *conn, const double *a)
{
    const size_t pre = conn->pre.count, post = conn->post.count;
    size_t self[2] = { 0, 0 };

    if (conn->no_self) nl_conn_self_rows(post, pre, conn->self_offset, self);
    for (size_t k = 0; p->to_pre && k < p->count; k++) memset(p->outs[k], 0, pre * sizeof(double));
    a = whole_rows(p, a, 0, self[0], pre);
    a = rows_with_holes(p, a, self[0], self[1], conn);
    whole_rows(p, a, self[1], post, pre);
}

/* --- by kind --- */

/* One call, with the rule's weights already resolved: values, or NULL for 1 (STENCIL: one for each offset). */
typedef struct propagation {
    const nl_propagate_kernels *kernels;
    const nl_conn *conn;
    const double *values;
    bool rule;
    const double *source;
    double *out, *scratch;
} propagation;

static void all_to_post(const propagation *p)
{
    const nl_conn *c = p->conn;

    if (p->values != NULL) dense_sums(&(products){ &p->kernels->blas, false, 1, &p->source, &p->out }, c, p->values);
    else if (c->no_self) sum_but_self(c->post.count, p->out, c->pre.count, p->source, c->self_offset, p->scratch);
    else fill_sum(c->post.count, p->out, c->pre.count, p->source);
}

static void all_to_pre(const propagation *p)
{
    const nl_conn *c = p->conn;

    if (p->values != NULL) dense_sums(&(products){ &p->kernels->blas, true, 1, &p->source, &p->out }, c, p->values);
    else if (c->no_self) sum_but_self(c->pre.count, p->out, c->post.count, p->source, -c->self_offset, p->scratch);
    else fill_sum(c->pre.count, p->out, c->post.count, p->source);
}

static void one_to_one(const propagation *p)
{
    for (size_t i = 0; i < p->conn->post.count; i++) p->out[i] = (p->values != NULL ? p->values[i] : 1) * p->source[i];
}

/* Stencils with a weight for each synapse: through their pre and post indices. */
static void by_synapse(const propagation *p, bool to_pre)
{
    enum { CHUNK = 256 };
    uint32_t index[2][CHUNK];

    memset(p->out, 0, (to_pre ? p->conn->pre.count : p->conn->post.count) * sizeof *p->out);
    for (uint64_t at = 0; at < p->conn->synapse_count; at += CHUNK) {
        const size_t n = p->conn->synapse_count - at < CHUNK ? p->conn->synapse_count - at : CHUNK;

        nl_conn_synapses(p->conn, at, n, index[0], index[1]);
        for (size_t k = 0; k < n; k++) p->out[index[!to_pre][k]] += p->values[at + k] * p->source[index[to_pre][k]];
    }
}

static void stencil_to_post(const propagation *p)
{
    const nl_stencil *s = p->conn->stencil;

    if (p->values != NULL) by_synapse(p, false);
    else nl_stencil_to_post(p->kernels, s, p->rule ? s->weights : NULL, p->source, p->out, p->scratch);
}

static void stencil_to_pre(const propagation *p)
{
    const nl_stencil *s = p->conn->stencil;

    if (p->values != NULL) by_synapse(p, true);
    else nl_stencil_to_pre(s, p->rule ? s->weights : NULL, p->source, p->out);
}

static void sparse_to_post(const propagation *p)
{
    p->kernels->csr(p->conn->post.count, p->conn->row_begin, p->conn->pre_index, p->values, p->source, p->out);
}

static void sparse_to_pre(const propagation *p)
{
    const nl_conn *c = p->conn;

    memset(p->out, 0, c->pre.count * sizeof *p->out);
    for (size_t j = 0; j < c->post.count; j++)
        for (uint64_t k = c->row_begin[j]; k < c->row_begin[j + 1]; k++)
            p->out[c->pre_index[k]] += (p->values != NULL ? p->values[k] : 1) * p->source[j];
}

static void add_row(const propagation *p, size_t i)
{
    const uint64_t begin = p->conn->row_begin[i];
    const size_t n = p->conn->row_begin[i + 1] - begin;
    const uint32_t *post = p->conn->post_index + begin;

    if (p->values == NULL) p->kernels->add_number(n, post, p->source[i], p->out);
    else p->kernels->add_scaled(n, post, p->values + begin, p->source[i], p->out);
}

static size_t next_active(const propagation *p, size_t i)
{
    while (i < p->conn->pre.count && p->source[i] == 0) i++;
    return i;
}

static void fetch_row(const propagation *p, uint64_t begin, uint64_t end)
{
    enum { LINE = 64, LONGEST = 1024 };
    const uint64_t last = end - begin < LONGEST ? end : begin + LONGEST;

    for (uint64_t k = begin; k < last; k += LINE / sizeof *p->conn->post_index)
        __builtin_prefetch(p->conn->post_index + k, 0, 2);
    for (uint64_t k = begin; p->values != NULL && k < last; k += LINE / sizeof *p->values)
        __builtin_prefetch(p->values + k, 0, 2);
}

/* What is silent costs nothing; the next row is on its way from memory while one is added. */
static void out_to_post(const propagation *p)
{
    const nl_conn *c = p->conn;

    memset(p->out, 0, c->post.count * sizeof *p->out);
    for (size_t i = next_active(p, 0), next; i < c->pre.count; i = next) {
        next = next_active(p, i + 1);
        if (next < c->pre.count) fetch_row(p, c->row_begin[next], c->row_begin[next + 1]);
        add_row(p, i);
    }
}

static void out_to_pre(const propagation *p)
{
    p->kernels->csr(p->conn->pre.count, p->conn->row_begin, p->conn->post_index, p->values, p->source, p->out);
}

/* out = to (from' x), less the autapses: out neuron j has the autapse j + offset. */
static void thin_products(const propagation *p, const nl_side *in, const double *from, const nl_side *out,
                          const double *to, long offset)
{
    const size_t rank = p->conn->low_rank;
    size_t rows[2] = { 0, 0 };

    gemv(&p->kernels->blas, true, in->count, rank, rank, from, p->source, 0, p->scratch);
    gemv(&p->kernels->blas, false, out->count, rank, rank, to, p->scratch, 0, p->out);
    if (p->conn->no_self) nl_conn_self_rows(out->count, in->count, offset, rows);
    for (size_t j = rows[0]; j < rows[1]; j++) {
        const size_t self = (size_t)((long)j + offset);
        double w = 0;

        for (size_t k = 0; k < rank; k++) w += to[j * rank + k] * from[self * rank + k];
        p->out[j] -= w * p->source[self];
    }
}

static void low_rank_to_post(const propagation *p)
{
    const nl_conn *c = p->conn;

    if (!p->rule || p->values != NULL) all_to_post(p);
    else thin_products(p, &c->pre, c->v, &c->post, c->u, c->self_offset);
}

static void low_rank_to_pre(const propagation *p)
{
    const nl_conn *c = p->conn;

    if (!p->rule || p->values != NULL) all_to_pre(p);
    else thin_products(p, &c->post, c->u, &c->pre, c->v, -c->self_offset);
}

static const struct {
    void (*to_post)(const propagation *p);
    void (*to_pre)(const propagation *p);
} kinds[] = {
    [NL_CONN_ALL] = { all_to_post, all_to_pre },
    [NL_CONN_ONE] = { one_to_one, one_to_one },
    [NL_CONN_STENCIL] = { stencil_to_post, stencil_to_pre },
    [NL_CONN_SPARSE] = { sparse_to_post, sparse_to_pre },
    [NL_CONN_LOW_RANK] = { low_rank_to_post, low_rank_to_pre },
    [NL_CONN_OUT] = { out_to_post, out_to_pre },
};

static propagation resolve(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, const double *source,
                           double *out, double *scratch)
{
    const double *values = w.values == NULL && w.rule ? conn->weights : w.values;

    return (propagation){ kernels, conn, values, w.rule, source, out, scratch };
}

size_t nl_propagate_scratch(const nl_conn *conn)
{
    const size_t longer = conn->pre.count > conn->post.count ? conn->pre.count : conn->post.count;
    const size_t dense = conn->no_self ? longer + 1 : 0;

    if (conn->kind == NL_CONN_STENCIL) return nl_stencil_scratch(conn->stencil);
    return dense > conn->low_rank ? dense : conn->low_rank;
}

void nl_propagate_to_post(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, const double *source,
                          double *out, double *scratch)
{
    const propagation p = resolve(kernels, conn, w, source, out, scratch);

    kinds[conn->kind].to_post(&p);
}

void nl_propagate_to_pre(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, const double *source,
                         double *out, double *scratch)
{
    const propagation p = resolve(kernels, conn, w, source, out, scratch);

    kinds[conn->kind].to_pre(&p);
}

/* --- several sources --- */

/* As many as are summed at once; those that are missing are 0. */
static size_t width_of(size_t count) { return count > 4 ? 8 : count > 2 ? 4 : 2; }

static size_t among(size_t count, size_t k) { return count - k < 8 ? count - k : 8; }

static void interleave(size_t n, size_t width, size_t count, const double *const *sources, double *x)
{
    if (count < width) memset(x, 0, n * width * sizeof *x);
    for (size_t i = 0; i < n; i++, x += width)
        for (size_t l = 0; l < count; l++) x[l] = sources[l][i];
}

/* The end of the rows from `from` on that a cache holds until all have read them. */
static size_t tile_end(const nl_csr_rows *rows, size_t from, size_t count)
{
    enum { TILE = 4 << 20 };
    const uint64_t most = TILE / ((rows->narrow != NULL ? 2 : 4) + (rows->w != NULL ? sizeof(double) : 0));
    size_t end = from + 1;

    while (end < count && rows->begin[end + 1] - rows->begin[from] <= most) end++;
    return end;
}

static void rows_together(const propagation *p, size_t count, const double *const *sources, double *const *outs)
{
    const nl_conn *c = p->conn;
    const size_t n = c->pre.count;
    nl_csr_rows rows = { .begin = c->row_begin, .col = c->pre_index, .narrow = c->narrow_index, .w = p->values };

    for (size_t k = 0; k < count; k += 8)
        interleave(n, width_of(count - k), among(count, k), sources + k, p->scratch + k * n);
    for (; rows.from < c->post.count; rows.from = rows.end) {
        rows.end = tile_end(&rows, rows.from, c->post.count);
        for (size_t k = 0; k < count; k += 8)
            p->kernels->csr_lanes(&rows, width_of(count - k), p->scratch + k * n, among(count, k), outs + k);
    }
}

size_t nl_propagate_together_scratch(const nl_conn *conn, size_t count)
{
    const size_t one = nl_propagate_scratch(conn),
                 rows = conn->kind == NL_CONN_SPARSE ? (count + 7) / 8 * 8 * conn->pre.count : 0;

    return one > rows ? one : rows;
}

void nl_propagate_together(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, bool to_pre,
                           size_t count, const double *const *sources, double *const *outs, double *scratch)
{
    const bool is_dense = conn->kind == NL_CONN_ALL || conn->kind == NL_CONN_LOW_RANK;
    propagation p = resolve(kernels, conn, w, NULL, NULL, scratch);

    if (conn->kind == NL_CONN_SPARSE && !to_pre && count > 1) rows_together(&p, count, sources, outs);
    else if (is_dense && p.values != NULL)
        dense_sums(&(products){ &kernels->blas, to_pre, count, sources, outs }, conn, p.values);
    else
        for (size_t k = 0; k < count; k++) {
            p.source = sources[k];
            p.out = outs[k];
            (to_pre ? kinds[conn->kind].to_pre : kinds[conn->kind].to_post)(&p);
        }
}

void nl_propagate_accumulate(size_t count, const uint32_t *index, const double *values, double *out)
{
    for (size_t k = 0; k < count; k++) out[index[k]] += values[k];
}
