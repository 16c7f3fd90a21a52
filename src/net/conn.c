#include "conn_build.h"

#include <stdlib.h>
#include <string.h>

static bool is_dense(const nl_conn *conn)
{
    return conn->kind == NL_CONN_ALL || conn->kind == NL_CONN_LOW_RANK;
}

/* The pre neuron that a row of a dense kind leaves out, or NL_NO_NEURON. */
static size_t row_hole(const nl_conn *conn, size_t post)
{
    const long pre = (long)post + conn->self_offset;

    return conn->no_self && pre >= 0 && (size_t)pre < conn->pre.count ? (size_t)pre : NL_NO_NEURON;
}

bool nl_conn_is_matrix(const nl_conn *conn, size_t *columns)
{
    size_t self[2] = { 0, conn->post.count };

    if (!is_dense(conn)) return false;
    if (conn->no_self) nl_conn_self_rows(conn->post.count, conn->pre.count, conn->self_offset, self);
    *columns = conn->pre.count - conn->no_self;
    return *columns > 0 && self[0] == 0 && self[1] == conn->post.count;
}

static uint64_t dense_start(const nl_conn *conn, size_t post)
{
    size_t self[2] = { 0, 0 };

    if (conn->no_self) nl_conn_self_rows(conn->post.count, conn->pre.count, conn->self_offset, self);
    const size_t holes = post < self[0] ? 0 : post < self[1] ? post - self[0] : self[1] - self[0];
    return (uint64_t)post * conn->pre.count - holes;
}

static uint64_t one_start(const nl_conn *conn, size_t post)
{
    (void)conn;
    return post;
}

static uint64_t sparse_start(const nl_conn *conn, size_t post)
{
    return conn->row_begin[post];
}

static uint64_t stencil_start(const nl_conn *conn, size_t post)
{
    return conn->row_begin != NULL ? conn->row_begin[post] : (uint64_t)post * conn->stencil->count;
}

static void dense_row(const nl_conn *conn, size_t post, size_t at, size_t n, uint32_t *pre)
{
    const size_t hole = row_hole(conn, post);

    for (size_t k = 0; k < n; k++) pre[k] = (uint32_t)(at + k + (at + k >= hole));
}

static void one_row(const nl_conn *conn, size_t post, size_t at, size_t n, uint32_t *pre)
{
    (void)conn, (void)at, (void)n;
    pre[0] = (uint32_t)post;
}

static void sparse_row(const nl_conn *conn, size_t post, size_t at, size_t n, uint32_t *pre)
{
    memcpy(pre, conn->pre_index + conn->row_begin[post] + at, n * sizeof *pre);
}

static void out_row(const nl_conn *conn, size_t pre, size_t at, size_t n, uint32_t *post)
{
    memcpy(post, conn->post_index + conn->row_begin[pre] + at, n * sizeof *post);
}

/* Pre neuron that offset k brings to post (r, c), or -1. */
static ptrdiff_t stencil_pre(const nl_stencil *s, size_t r, size_t c, size_t k)
{
    const ptrdiff_t row = nl_stencil_place(s->boundary, (ptrdiff_t)r + s->offsets[k][0], (ptrdiff_t)s->rows);
    const ptrdiff_t column = nl_stencil_place(s->boundary, (ptrdiff_t)c + s->offsets[k][1], (ptrdiff_t)s->columns);

    return row < 0 || column < 0 ? -1 : row * (ptrdiff_t)s->columns + column;
}

/* Offset of the at-th synapse of a row: offsets that leave the grid make none. */
static size_t stencil_find(const nl_conn *conn, size_t post, size_t at)
{
    const nl_stencil *s = conn->stencil;
    size_t k = 0;

    if (conn->row_begin == NULL || conn->row_begin[post + 1] - conn->row_begin[post] == s->count) return at;
    for (;; k++)
        if (stencil_pre(s, post / s->columns, post % s->columns, k) >= 0 && at-- == 0) return k;
}

static void stencil_row(const nl_conn *conn, size_t post, size_t at, size_t n, uint32_t *pre)
{
    const nl_stencil *s = conn->stencil;
    const size_t r = post / s->columns, c = post % s->columns;

    for (size_t k = stencil_find(conn, post, at), made = 0; made < n; k++) {
        const ptrdiff_t source = stencil_pre(s, r, c, k);

        if (source >= 0) pre[made++] = (uint32_t)source;
    }
}

static void unit_weights(const nl_conn *conn, size_t post, size_t at, size_t n, double *weights)
{
    (void)conn, (void)post, (void)at;
    for (size_t k = 0; k < n; k++) weights[k] = 1;
}

static void stencil_weights(const nl_conn *conn, size_t post, size_t at, size_t n, double *weights)
{
    const nl_stencil *s = conn->stencil;

    for (size_t k = stencil_find(conn, post, at), made = 0; made < n; k++)
        if (stencil_pre(s, post / s->columns, post % s->columns, k) >= 0)
            weights[made++] = s->weights != NULL ? s->weights[k] : 1;
}

static void low_rank_weights(const nl_conn *conn, size_t post, size_t at, size_t n, double *weights)
{
    const size_t hole = row_hole(conn, post), rank = conn->low_rank;

    for (size_t k = 0; k < n; k++) {
        const double *u = conn->u + post * rank, *v = conn->v + (at + k + (at + k >= hole)) * rank;

        weights[k] = 0;
        for (size_t j = 0; j < rank; j++) weights[k] += u[j] * v[j];
    }
}

/* How the synapses of each kind are stored: where the row of a post neuron (OUT: pre neuron) starts, and n of its
 * entries from the at-th on. */
static const struct {
    uint64_t (*start)(const nl_conn *conn, size_t row);
    void (*row)(const nl_conn *conn, size_t row, size_t at, size_t n, uint32_t *partners);
    void (*weights)(const nl_conn *conn, size_t row, size_t at, size_t n, double *weights);
} kinds[] = {
    [NL_CONN_ALL] = { dense_start, dense_row, unit_weights },
    [NL_CONN_ONE] = { one_start, one_row, unit_weights },
    [NL_CONN_STENCIL] = { stencil_start, stencil_row, stencil_weights },
    [NL_CONN_SPARSE] = { sparse_start, sparse_row, unit_weights },
    [NL_CONN_LOW_RANK] = { dense_start, dense_row, low_rank_weights },
    [NL_CONN_OUT] = { sparse_start, out_row, unit_weights },
};

static size_t row_count(const nl_conn *conn)
{
    return conn->kind == NL_CONN_OUT ? conn->pre.count : conn->post.count;
}

/* The row of a synapse. */
static size_t row_of(const nl_conn *conn, uint64_t synapse)
{
    size_t low = 0, high = row_count(conn);

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        if (kinds[conn->kind].start(conn, middle) <= synapse) low = middle;
        else high = middle;
    }
    return low;
}

/* The part of synapses first .. first+count-1 that lies in one row, and where it starts in it. */
typedef struct row_part {
    size_t at, n;
} row_part;

static row_part part_of(const nl_conn *conn, size_t row, uint64_t first, size_t count)
{
    const uint64_t begin = kinds[conn->kind].start(conn, row), end = kinds[conn->kind].start(conn, row + 1);

    return (row_part){ first - begin, end - first < count ? end - first : count };
}

/* Synapses of any kind, in their order; made on the spot where they are not stored.  Each call costs one search for the
 * row of its first synapse. */
void nl_conn_synapses(const nl_conn *conn, uint64_t first, size_t count, uint32_t *pre, uint32_t *post)
{
    uint32_t *rows = conn->kind == NL_CONN_OUT ? pre : post, *partners = conn->kind == NL_CONN_OUT ? post : pre;

    for (size_t done = 0, row = row_of(conn, first); done < count; row++) {
        const row_part part = part_of(conn, row, first + done, count - done);

        if (part.n > 0) kinds[conn->kind].row(conn, row, part.at, part.n, partners + done);
        for (size_t k = 0; k < part.n; k++) rows[done + k] = (uint32_t)row;
        done += part.n;
    }
}

/* The rule's own weights, in the order of the synapses; 1 where the rule has none. */
void nl_conn_rule_weights(const nl_conn *conn, uint64_t first, size_t count, double *weights)
{
    if (conn->weights != NULL) {
        memcpy(weights, conn->weights + first, count * sizeof *weights);
        return;
    }
    for (size_t done = 0, row = row_of(conn, first); done < count; row++) {
        const row_part part = part_of(conn, row, first + done, count - done);

        if (part.n > 0) kinds[conn->kind].weights(conn, row, part.at, part.n, weights + done);
        done += part.n;
    }
}

static void dense_outdegrees(const nl_conn *conn, double *outdegree)
{
    for (size_t i = 0; i < conn->pre.count; i++) outdegree[i] = (double)conn->post.count;
    for (size_t j = 0; j < conn->post.count; j++)
        if (row_hole(conn, j) != NL_NO_NEURON) outdegree[row_hole(conn, j)]--;
}

static void count_outdegrees(const nl_conn *conn, double *outdegree)
{
    enum { CHUNK = 1024 };
    uint32_t pre[CHUNK], post[CHUNK];

    memset(outdegree, 0, conn->pre.count * sizeof *outdegree);
    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        const size_t n = conn->synapse_count - at < CHUNK ? conn->synapse_count - at : CHUNK;

        nl_conn_synapses(conn, at, n, pre, post);
        for (size_t k = 0; k < n; k++) outdegree[pre[k]]++;
    }
}

static void lengths(size_t rows, const uint64_t *begin, double *out)
{
    for (size_t r = 0; r < rows; r++) out[r] = (double)(begin[r + 1] - begin[r]);
}

/* Synapses that each post neuron receives and each pre neuron makes (post.count and pre.count numbers). */
void nl_conn_degrees(const nl_conn *conn, double *indegree, double *outdegree)
{
    if (conn->kind == NL_CONN_OUT) {
        if (indegree != NULL) lengths(conn->post.count, conn->in_begin, indegree);
        if (outdegree != NULL) lengths(conn->pre.count, conn->row_begin, outdegree);
        return;
    }
    for (size_t j = 0; indegree != NULL && j < conn->post.count; j++)
        indegree[j] = (double)(kinds[conn->kind].start(conn, j + 1) - kinds[conn->kind].start(conn, j));
    if (outdegree == NULL) return;
    if (is_dense(conn)) dense_outdegrees(conn, outdegree);
    else count_outdegrees(conn, outdegree);
}

/* --- to compressed rows --- */

/* A row on its way into compressed rows. */
typedef struct row_buffer {
    uint32_t *pre;
    double *weights;        /* NULL where the rule has none */
    uint64_t *keys, *spare; /* pre neuron and place in the row */
} row_buffer;

static bool has_weights(const nl_conn *conn)
{
    return conn->weights != NULL || conn->kind == NL_CONN_LOW_RANK ||
           (conn->kind == NL_CONN_STENCIL && conn->stencil->weights != NULL);
}

static size_t longest_row(const nl_conn *conn)
{
    uint64_t most = 0;

    for (size_t j = 0; j < conn->post.count; j++) {
        const uint64_t n = kinds[conn->kind].start(conn, j + 1) - kinds[conn->kind].start(conn, j);

        if (n > most) most = n;
    }
    return most;
}

static row_buffer buffer_new(const nl_conn *conn)
{
    const size_t n = longest_row(conn);

    return (row_buffer){ .pre = nl_calloc(n, sizeof(uint32_t)),
                         .weights = has_weights(conn) ? nl_calloc(n, sizeof(double)) : NULL,
                         .keys = nl_calloc(n, sizeof(uint64_t)),
                         .spare = nl_calloc(n, sizeof(uint64_t)) };
}

static void buffer_free(row_buffer *buffer)
{
    free(buffer->pre);
    free(buffer->weights);
    free(buffer->keys);
    free(buffer->spare);
}

/* Adds what is allowed of a row, sorted; the weights go to weights[synapse] unless that is NULL. */
static void add_row(nl_rows *rows, const nl_conn *conn, const nl_partners *partners, row_buffer *buffer,
                    double *weights)
{
    const uint64_t begin = kinds[conn->kind].start(conn, partners->row);
    const size_t n = kinds[conn->kind].start(conn, partners->row + 1) - begin;

    if (n == 0) return;
    kinds[conn->kind].row(conn, partners->row, 0, n, buffer->pre);
    if (weights != NULL) nl_conn_rule_weights(conn, begin, n, buffer->weights);
    for (size_t k = 0; k < n; k++) buffer->keys[k] = (uint64_t)buffer->pre[k] << 32 | k;
    if (conn->kind == NL_CONN_STENCIL) nl_sort_keys(buffer->keys, buffer->spare, n, (uint32_t)conn->pre.count);
    for (size_t k = 0; k < n; k++) {
        if (!nl_partners_allow(partners, buffer->keys[k] >> 32)) continue;
        if (weights != NULL) weights[rows->count] = buffer->weights[(uint32_t)buffer->keys[k]];
        nl_rows_add(rows, partners->row, buffer->keys[k] >> 32);
    }
}

static nl_conn *through_rows(nl_conn_context *cx, const nl_conn *out)
{
    nl_conn *all = nl_conn_out_to_rows(cx, out), *rows = all != NULL ? nl_conn_to_rows(cx, all) : NULL;

    nl_conn_free(all);
    return rows;
}

/* Compressed rows in ascending order of pre neurons, whatever the kind of `conn`, which stays as it is.  Weights of the
 * rule come along.  NULL with a diagnostic when it does not fit. */
nl_conn *nl_conn_to_rows(nl_conn_context *cx, const nl_conn *conn)
{
    const size_t bytes = sizeof(uint32_t) + (has_weights(conn) ? sizeof(double) : 0);
    nl_rows rows;

    if (!nl_conn_fits(cx, (double)conn->synapse_count, bytes)) return NULL;
    if (conn->kind == NL_CONN_OUT) return through_rows(cx, conn);
    if (!nl_rows_init(&rows, cx, (double)conn->synapse_count)) return NULL;
    nl_partners partners = nl_partners_new(cx, false);
    row_buffer buffer = buffer_new(conn);
    double *weights = has_weights(conn) ? nl_calloc(conn->synapse_count, sizeof *weights) : NULL;

    for (size_t post = 0; post < conn->post.count; post++) {
        nl_partners_row(&partners, post);
        add_row(&rows, conn, &partners, &buffer, weights);
    }
    buffer_free(&buffer);
    nl_partners_free(&partners);
    rows.conn->weights = weights;
    return nl_rows_done(&rows);
}

/* --- counting --- */

double nl_conn_pair_count(const nl_conn_context *cx)
{
    size_t self[2] = { 0, 0 };
    long offset;

    if (nl_conn_leaves_self(cx, &offset)) nl_conn_self_rows(cx->post.count, cx->pre.count, offset, self);
    return (double)cx->post.count * (double)cx->pre.count - (double)(self[1] - self[0]);
}
