/* Rules that need no draws: every pair, one to one, and connections that are given as numbers. */
#include "conn_build.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A copy that nl_conn_free releases. */
static double *copy_numbers(const double *numbers, size_t count)
{
    double *copy = nl_realloc(NULL, nl_checked_mul(count, sizeof *copy));

    if (count > 0) memcpy(copy, numbers, count * sizeof *copy);
    return copy;
}

static nl_conn *dense_conn(nl_conn_context *cx, nl_conn_kind kind)
{
    nl_conn *conn = nl_conn_new(cx, kind);
    size_t self[2] = { 0, 0 };
    long offset;

    if (conn == NULL) return NULL;
    conn->no_self = nl_conn_leaves_self(cx, &offset);
    conn->self_offset = conn->no_self ? offset : 0;
    if (conn->no_self) nl_conn_self_rows(cx->post.count, cx->pre.count, offset, self);
    conn->synapse_count = cx->post.count * cx->pre.count - (self[1] - self[0]);
    return conn;
}

/* Every pair; nothing is stored, unless pairs are excluded. */
nl_conn *nl_conn_all_to_all(nl_conn_context *cx)
{
    nl_conn *conn = dense_conn(cx, NL_CONN_ALL);

    return nl_conn_finish(cx, conn != NULL && cx->excluding_count > 0 ? nl_conn_to_rows(cx, conn) : conn);
}

/* Neuron i to neuron i, between sides of one size; nothing is stored, unless pairs are left out. */
nl_conn *nl_conn_one_to_one(nl_conn_context *cx)
{
    nl_conn *conn = nl_conn_new(cx, NL_CONN_ONE);
    long offset;

    if (conn == NULL) return NULL;
    if (cx->pre.count != cx->post.count) {
        nl_diag *diag = nl_diag_add(cx->diags, NL_E_CONN_SIZES, cx->span,
                                    "one_to_one needs sides of one size, but `%s` has %zu pre and %zu post neurons",
                                    cx->name, cx->pre.count, cx->post.count);
        nl_diag_help(cx->diags, diag, "connect a part, such as P[0:%zu]",
                     cx->pre.count < cx->post.count ? cx->pre.count : cx->post.count);
        return NULL;
    }
    conn->synapse_count = cx->post.count;
    const bool is_whole = cx->excluding_count == 0 && !(nl_conn_leaves_self(cx, &offset) && offset == 0);
    return nl_conn_finish(cx, is_whole ? conn : nl_conn_to_rows(cx, conn));
}

/* Index of the first of the numbers that is nan, or count. */
static size_t find_nan(const double *numbers, size_t count)
{
    size_t i = 0;

    while (i < count && !isnan(numbers[i])) i++;
    return i;
}

static bool factor_is_good(nl_conn_context *cx, const char *name, const double *factor, size_t count, size_t rank)
{
    const size_t bad = find_nan(factor, count * rank);

    if (bad == count * rank) return true;
    nl_diag_add(cx->diags, NL_E_CONN_VALUES, cx->span, "low_rank: %s[%zu, %zu] is nan", name, bad / rank, bad % rank);
    return false;
}

/* Every pair, with weights of the form U V'; only u ([post, rank]) and v ([pre, rank]) are stored. */
nl_conn *nl_conn_low_rank(nl_conn_context *cx, size_t rank, const double *u, const double *v)
{
    nl_conn *conn = dense_conn(cx, NL_CONN_LOW_RANK);

    if (conn == NULL) return NULL;
    if (cx->excluding_count > 0) {
        nl_diag *diag = nl_diag_add(cx->diags, NL_E_CONN_SIZES, cx->span,
                                    "low_rank connects every pair: it cannot exclude any");
        nl_diag_help(cx->diags, diag, "weights(U @ transpose(V)) makes a matrix of the two factors");
        return NULL;
    }
    if (!factor_is_good(cx, "U", u, cx->post.count, rank)) return NULL;
    if (!factor_is_good(cx, "V", v, cx->pre.count, rank)) return NULL;
    conn->low_rank = rank;
    conn->u = copy_numbers(u, cx->post.count * rank);
    conn->v = copy_numbers(v, cx->pre.count * rank);
    return nl_conn_finish(cx, conn);
}

/* --- pairs --- */

static bool ids_are_good(nl_conn_context *cx, const char *word, size_t count, const double *ids, size_t size)
{
    for (size_t k = 0; k < count; k++) {
        const char *fault = ids[k] != floor(ids[k])    ? "is no whole number"
                            : ids[k] < 0               ? "is negative"
                            : !(ids[k] < (double)size) ? "is out of range"
                                                       : NULL;

        if (fault == NULL) continue;
        nl_diag_add(cx->diags, NL_E_CONN_VALUES, cx->span,
                    "pairs: %s_ids[%zu] = %s %s (the side has %zu neurons)", word, k, nl_text_number(cx->arena, ids[k]),
                    fault, size);
        return false;
    }
    return true;
}

/* Numbers of the given pairs, sorted by post, then pre, then as given, in the lower halves of the keys. */
static void order_pairs(nl_conn_context *cx, size_t count, const double *pre, const double *post, uint64_t *keys)
{
    for (size_t k = 0; k < count; k++) keys[k] = (uint64_t)pre[k] << 32 | k;
    nl_sort_keys(keys, keys + count, count, (uint32_t)cx->pre.count);
    for (size_t k = 0; k < count; k++) keys[k] = (uint64_t)post[(uint32_t)keys[k]] << 32 | (uint32_t)keys[k];
    nl_sort_keys(keys, keys + count, count, (uint32_t)cx->post.count);
}

/* Adds the pairs that may be connected; given[synapse] is the number of the given pair. */
static void add_given(nl_rows *rows, const uint64_t *keys, size_t count, const double *pre, uint64_t *given)
{
    nl_partners partners = nl_partners_new(rows->cx, false);

    for (size_t k = 0, row = NL_NO_NEURON; k < count; k++) {
        const size_t source = (size_t)pre[(uint32_t)keys[k]];

        if (keys[k] >> 32 != row) nl_partners_row(&partners, row = keys[k] >> 32);
        if (!nl_partners_allow(&partners, source)) continue;
        given[rows->count] = (uint32_t)keys[k];
        nl_rows_add(rows, row, source);
    }
    nl_partners_free(&partners);
}

static bool is_counting(const uint64_t *numbers, size_t count)
{
    size_t i = 0;

    while (i < count && numbers[i] == i) i++;
    return i == count;
}

static nl_conn *pair_rows(nl_rows *rows, size_t count, const double *pre, const double *post)
{
    uint64_t *keys = nl_calloc(2 * count, sizeof *keys), *given = nl_calloc(count, sizeof *given);

    order_pairs(rows->cx, count, pre, post, keys);
    add_given(rows, keys, count, pre, given);
    free(keys);
    nl_conn *conn = nl_rows_done(rows);
    if (is_counting(given, conn->synapse_count)) free(given);
    else conn->given_order = given;
    return conn;
}

/* The pairs pre[k], post[k]; one that is given twice makes two synapses. */
nl_conn *nl_conn_pairs(nl_conn_context *cx, size_t count, const double *pre, const double *post)
{
    nl_rows rows;

    if (!ids_are_good(cx, "pre", count, pre, cx->pre.count) || !ids_are_good(cx, "post", count, post, cx->post.count))
        return NULL;
    if (count > UINT32_MAX) {
        nl_diag_add(cx->diags, NL_E_CONN_MEMORY, cx->span, "`%s` has %zu pairs; at most %u can be given",
                    cx->name, count, UINT32_MAX);
        return NULL;
    }
    if (!nl_rows_init(&rows, cx, (double)count) ||
        !nl_conn_fits(cx, (double)count, sizeof(uint32_t) + 3 * sizeof(uint64_t)))
        return nl_rows_drop(&rows);
    return nl_conn_finish(cx, pair_rows(&rows, count, pre, post));
}

/* --- weights --- */

/* Copies the kept entries of a row to `out`, and their pre neurons to `index` unless that is NULL. */
static size_t keep_row(const nl_partners *partners, const double *w, bool zeros, double *out, uint32_t *index)
{
    size_t kept = 0;

    for (size_t k = 0; k < partners->count; k++) {
        const size_t pre = nl_partners_get(partners, k);

        if (!zeros && w[pre] == 0) continue;
        if (index != NULL) index[kept] = (uint32_t)pre;
        out[kept++] = w[pre];
    }
    return kept;
}

static size_t count_kept(nl_conn_context *cx, nl_partners *partners, const double *w, bool zeros)
{
    size_t count = 0;

    for (size_t post = 0; post < cx->post.count; post++) {
        nl_partners_row(partners, post);
        for (size_t k = 0; k < partners->count; k++)
            count += zeros || w[post * cx->pre.count + nl_partners_get(partners, k)] != 0;
    }
    return count;
}

/* Every pair has a weight: the matrix, without its autapses where they are left out. */
static nl_conn *dense_weights(nl_conn_context *cx, nl_partners *partners, const double *w)
{
    nl_conn *conn = dense_conn(cx, NL_CONN_ALL);

    if (conn == NULL || !nl_conn_fits(cx, (double)conn->synapse_count, sizeof *w)) return NULL;
    double *weights = nl_realloc(NULL, nl_checked_mul(conn->synapse_count, sizeof *weights)), *out = weights;

    for (size_t post = 0; post < cx->post.count; post++) {
        nl_partners_row(partners, post);
        out += keep_row(partners, w + post * cx->pre.count, true, out, NULL);
    }
    conn->weights = weights;
    return conn;
}

static nl_conn *sparse_weights(nl_conn_context *cx, nl_partners *partners, const double *w, bool zeros, size_t count)
{
    nl_rows rows;

    if (!nl_rows_init(&rows, cx, (double)count)) return nl_rows_drop(&rows);
    if (!nl_conn_fits(cx, (double)count, sizeof(uint32_t) + sizeof *w)) return nl_rows_drop(&rows);
    double *weights = nl_realloc(NULL, nl_checked_mul(count, sizeof *weights));

    for (size_t post = 0; post < cx->post.count; post++) {
        nl_partners_row(partners, post);
        const size_t kept = keep_row(partners, w + post * cx->pre.count, zeros, weights + rows.count,
                                     rows.index + rows.count);

        rows.begin[post + 1] = kept;
        rows.count += kept;
    }
    rows.conn->weights = weights;
    return nl_rows_done(&rows);
}

static bool weights_are_numbers(nl_conn_context *cx, const double *w)
{
    const size_t all = cx->post.count * cx->pre.count, bad = find_nan(w, all);

    if (bad == all) return true;
    nl_diag_add(cx->diags, NL_E_CONN_VALUES, cx->span,
                "weights: the weight of post neuron %zu for pre neuron %zu is nan", bad / cx->pre.count,
                bad % cx->pre.count);
    return false;
}

/* The pairs whose weight w[post, pre] is not zero, or all of them. */
nl_conn *nl_conn_weights(nl_conn_context *cx, const double *w, bool zeros)
{
    if (!nl_conn_admit(cx) || !weights_are_numbers(cx, w)) return NULL;
    nl_partners partners = nl_partners_new(cx, false);
    const size_t count = count_kept(cx, &partners, w, zeros);
    const bool is_dense = cx->excluding_count == 0 && (double)count == nl_conn_pair_count(cx);
    nl_conn *conn = is_dense ? dense_weights(cx, &partners, w) : sparse_weights(cx, &partners, w, zeros, count);

    nl_partners_free(&partners);
    return nl_conn_finish(cx, conn);
}
