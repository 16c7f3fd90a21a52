/* Synapses by pre neuron, as spikes need them: one spike visits one row. */
#include "conn_build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- from rows by post neuron to rows by pre neuron --- */

/* Rows on their way: of each post neuron, what comes next; of each pre neuron, where the next one goes. */
typedef struct turning {
    const nl_conn *rows;
    uint64_t *from, *to;
    uint32_t *post_index, *in_place;
    double *weights;
    uint64_t *given;
} turning;

static uint64_t *count_by_pre(const nl_conn *rows)
{
    uint64_t *begin = nl_calloc(rows->pre.count + 1, sizeof *begin);

    for (uint64_t k = 0; k < rows->synapse_count; k++) begin[rows->pre_index[k] + 1]++;
    nl_running_sum(begin, rows->pre.count + 1);
    return begin;
}

/* Synapses of one post neuron, up to a pre neuron. */
static void turn_piece(turning *t, uint32_t post, size_t pre_end)
{
    const nl_conn *rows = t->rows;
    const uint64_t end = rows->row_begin[post + 1];
    uint64_t k = t->from[post];

    for (; k < end && rows->pre_index[k] < pre_end; k++) {
        const uint64_t place = t->to[rows->pre_index[k]]++;

        t->post_index[place] = post;
        if (t->in_place != NULL) t->in_place[k] = (uint32_t)place;
        if (t->weights != NULL) t->weights[place] = rows->weights[k];
        if (t->given != NULL) t->given[place] = rows->given_order[k];
    }
    t->from[post] = k;
}

/* Few pre neurons at a time, so that the lines that are written stay in the first-level cache; but not so few that a
 * piece of a row is less than the line it is read from. */
static size_t pre_neurons_at_once(const nl_conn *rows)
{
    enum { LINES = 512, ENTRIES = 16 };
    const double row = (double)rows->synapse_count / (double)(rows->post.count + 1);
    const double thin = row > 0 ? (double)rows->pre.count * ENTRIES / row : (double)rows->pre.count;

    return thin > (double)rows->pre.count ? rows->pre.count : thin > LINES ? (size_t)thin : LINES;
}

static void turn_all(turning *t)
{
    const nl_conn *rows = t->rows;
    const size_t width = pre_neurons_at_once(rows);

    for (size_t at = 0; at < rows->pre.count; at += width)
        for (size_t post = 0; post < rows->post.count; post++) turn_piece(t, (uint32_t)post, at + width);
}

static uint64_t *copied(const uint64_t *numbers, size_t count)
{
    uint64_t *copy = nl_realloc(NULL, nl_checked_mul(count, sizeof *copy));

    memcpy(copy, numbers, count * sizeof *copy);
    return copy;
}

static void *room_for(const nl_conn *conn, bool wanted, size_t size)
{
    return wanted ? nl_realloc(NULL, nl_checked_mul(conn->synapse_count, size)) : NULL;
}

/* What the rows have that the result needs as it is, it takes from them. */
static nl_conn *turn(nl_conn_context *cx, nl_conn *rows, bool incoming)
{
    uint64_t *begin = count_by_pre(rows);
    turning t = { .rows = rows,
                  .from = copied(rows->row_begin, rows->post.count + 1),
                  .to = copied(begin, rows->pre.count + 1),
                  .post_index = room_for(rows, true, sizeof *t.post_index),
                  .in_place = room_for(rows, incoming, sizeof *t.in_place),
                  .weights = room_for(rows, rows->weights != NULL, sizeof *t.weights),
                  .given = room_for(rows, rows->given_order != NULL, sizeof *t.given) };

    turn_all(&t);
    free(t.from);
    free(t.to);
    nl_conn *out = NL_NEW(cx->arena, nl_conn);
    *out = (nl_conn){ .kind = NL_CONN_OUT,
                      .pre = rows->pre,
                      .post = rows->post,
                      .synapse_count = rows->synapse_count,
                      .weights = t.weights,
                      .row_begin = begin,
                      .post_index = t.post_index,
                      .in_begin = rows->row_begin,
                      .in_place = t.in_place,
                      .in_pre = incoming ? rows->pre_index : NULL,
                      .given_order = t.given,
                      .saturated = rows->saturated };
    rows->row_begin = NULL;
    if (incoming) rows->pre_index = NULL;
    out->bytes = nl_conn_bytes(out);
    return out;
}

static bool turning_fits(nl_conn_context *cx, const nl_conn *rows, bool incoming)
{
    const size_t bytes = (2 + 2 * (size_t)incoming) * sizeof(uint32_t) + 2 * sizeof(double) * (rows->weights != NULL)
                         + 2 * sizeof(uint64_t) * (rows->given_order != NULL);

    if (!incoming || rows->synapse_count <= UINT32_MAX) return nl_conn_fits(cx, (double)rows->synapse_count, bytes);
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_CONN_MEMORY, cx->span,
                                "`%s` has %zu synapses; at most %u can be found by their post neurons", cx->name,
                                rows->synapse_count, UINT32_MAX);
    nl_diag_help(cx->diags, diag, "only `on post`, and what reads many synapses of a neuron in turn, need this");
    return false;
}

/* Rows of any other kind come first.  What was left out of them already is left out once more. */
static nl_conn *as_rows(nl_conn_context *cx, nl_conn *conn)
{
    if (conn == NULL || conn->kind == NL_CONN_SPARSE) return conn;
    nl_conn *rows = nl_conn_to_rows(cx, conn);

    if (rows != NULL) rows->saturated = conn->saturated;
    nl_conn_free(conn);
    return rows;
}

/* While it is made, both orders are in memory. */
nl_conn *nl_conn_by_pre(nl_conn_context *cx, nl_conn *conn, bool incoming)
{
    nl_conn *rows = as_rows(cx, conn);
    nl_conn *out = rows != NULL && turning_fits(cx, rows, incoming) ? turn(cx, rows, incoming) : NULL;

    nl_conn_free(rows);
    return out;
}

/* --- numbers --- */

struct nl_numbering {
    const nl_conn *conn;
    uint64_t at;
    uint64_t *next; /* of each post neuron: the number of its next synapse */
    size_t turned;
};

nl_numbering *nl_numbering_new(const nl_conn *conn)
{
    nl_numbering *numbering = nl_calloc(1, sizeof *numbering);

    numbering->conn = conn;
    if (conn->kind == NL_CONN_OUT) numbering->next = copied(conn->in_begin, conn->post.count + 1);
    return numbering;
}

static void correct_turned(nl_numbering *numbering, size_t count, uint64_t *numbers)
{
    const nl_conn *conn = numbering->conn;

    for (; numbering->turned < conn->turned_count; numbering->turned++) {
        const nl_conn_turned *turned = &conn->turned[numbering->turned];

        if (turned->place >= numbering->at + count) return;
        numbers[turned->place - numbering->at] += (uint64_t)turned->by;
    }
}

void nl_numbering_next(nl_numbering *numbering, size_t count, uint64_t *numbers)
{
    if (numbering->next == NULL) {
        for (size_t k = 0; k < count; k++) numbers[k] = numbering->at + k;
    } else {
        const uint32_t *post = numbering->conn->post_index + numbering->at;

        for (size_t k = 0; k < count; k++) numbers[k] = numbering->next[post[k]]++;
        correct_turned(numbering, count, numbers);
    }
    numbering->at += count;
}

void nl_numbering_free(nl_numbering *numbering)
{
    if (numbering == NULL) return;
    free(numbering->next);
    free(numbering);
}

enum { CHUNK = 1024 };

static size_t chunk_at(const nl_conn *conn, uint64_t at)
{
    return conn->synapse_count - at < CHUNK ? conn->synapse_count - at : CHUNK;
}

void nl_conn_by_number(const nl_conn *conn, const double *stored, double *numbered)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t number[CHUNK];

    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        nl_numbering_next(numbering, chunk_at(conn, at), number);
        for (size_t k = 0; k < chunk_at(conn, at); k++) numbered[number[k]] = stored[at + k];
    }
    nl_numbering_free(numbering);
}

void nl_conn_by_place(const nl_conn *conn, const double *numbered, double *stored)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t number[CHUNK];

    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        nl_numbering_next(numbering, chunk_at(conn, at), number);
        for (size_t k = 0; k < chunk_at(conn, at); k++) stored[at + k] = numbered[number[k]];
    }
    nl_numbering_free(numbering);
}

uint64_t nl_conn_number(const nl_conn *conn, uint64_t place)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t number[CHUNK], at = 0;

    for (; at + CHUNK <= place; at += CHUNK) nl_numbering_next(numbering, CHUNK, number);
    nl_numbering_next(numbering, place - at + 1, number);
    nl_numbering_free(numbering);
    return number[place - at];
}

/* --- back to rows by post neuron --- */

static void fill_rows(const nl_conn *conn, uint32_t *pre_index, double *weights)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint32_t pre[CHUNK], post[CHUNK];
    uint64_t number[CHUNK];

    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        const size_t n = chunk_at(conn, at);

        nl_conn_synapses(conn, at, n, pre, post);
        nl_numbering_next(numbering, n, number);
        for (size_t k = 0; k < n; k++) pre_index[number[k]] = pre[k];
        for (size_t k = 0; weights != NULL && k < n; k++) weights[number[k]] = conn->weights[at + k];
    }
    nl_numbering_free(numbering);
}

nl_conn *nl_conn_out_to_rows(nl_conn_context *cx, const nl_conn *conn)
{
    nl_conn *rows = nl_conn_new(cx, NL_CONN_SPARSE);

    if (rows == NULL) return NULL;
    uint32_t *pre_index = room_for(conn, true, sizeof *pre_index);
    double *weights = room_for(conn, conn->weights != NULL, sizeof *weights);

    fill_rows(conn, pre_index, weights);
    rows->synapse_count = conn->synapse_count;
    rows->row_begin = copied(conn->in_begin, conn->post.count + 1);
    rows->pre_index = pre_index;
    rows->weights = weights;
    return rows;
}

/* --- rows in the order of delays --- */

typedef struct delay_sort {
    nl_conn_context *cx;
    nl_conn *conn;
    uint32_t *delay;        /* of each synapse */
    uint64_t *keys, *spare; /* of a row: delay, and place in the row */
    double *row;            /* room for a row of anything */
    uint32_t *first, *seen; /* by place: the first synapse between the same two neurons, how many came already */
    uint64_t *run_begin, *run_start;
    uint32_t *run_delay;
    size_t run_count, run_room;
    nl_conn_turned *turned;
    size_t turned_count, turned_room;
} delay_sort;

static size_t row_length(const nl_conn *conn, size_t pre)
{
    return conn->row_begin[pre + 1] - conn->row_begin[pre];
}

static size_t longest_row(const nl_conn *conn)
{
    size_t most = 0;

    for (size_t i = 0; i < conn->pre.count; i++)
        if (row_length(conn, i) > most) most = row_length(conn, i);
    return most;
}

static delay_sort sort_new(nl_conn_context *cx, nl_conn *conn, uint32_t *delay)
{
    const size_t n = longest_row(conn);

    return (delay_sort){ .cx = cx,
                         .conn = conn,
                         .delay = delay,
                         .keys = nl_calloc(n, sizeof(uint64_t)),
                         .spare = nl_calloc(n, sizeof(uint64_t)),
                         .row = nl_calloc(n, sizeof(double)),
                         .first = nl_calloc(n, sizeof(uint32_t)),
                         .seen = nl_calloc(n, sizeof(uint32_t)),
                         .run_begin = nl_calloc(conn->pre.count + 1, sizeof(uint64_t)) };
}

static void sort_free(delay_sort *s)
{
    free(s->keys);
    free(s->spare);
    free(s->row);
    free(s->first);
    free(s->seen);
}

static void sort_row(delay_sort *s, const uint32_t *delay, size_t n)
{
    uint32_t largest = 0;

    for (size_t k = 0; k < n; k++) {
        s->keys[k] = (uint64_t)delay[k] << 32 | k;
        if (delay[k] > largest) largest = delay[k];
    }
    nl_sort_keys(s->keys, s->spare, n, largest);
}

/* Entry k of the row becomes what was at the place of key k. */
static inline void reorder(const delay_sort *s, size_t n, void *row, size_t size)
{
    memcpy(s->row, row, n * size);
    for (size_t k = 0; k < n; k++) memcpy((char *)row + k * size, (char *)s->row + (uint32_t)s->keys[k] * size, size);
}

static bool add_run(delay_sort *s, uint64_t start, uint32_t delay)
{
    if (s->run_count == s->run_room) {
        s->run_room = 2 * s->run_room + 64;
        if (!nl_conn_fits(s->cx, (double)s->run_room, sizeof *s->run_start + sizeof *s->run_delay)) return false;
        s->run_start = nl_realloc(s->run_start, (s->run_room + 1) * sizeof *s->run_start);
        s->run_delay = nl_realloc(s->run_delay, s->run_room * sizeof *s->run_delay);
    }
    s->run_start[s->run_count] = start;
    s->run_delay[s->run_count++] = delay;
    return true;
}

static bool add_runs(delay_sort *s, uint64_t begin, size_t n)
{
    bool fits = true;

    for (size_t k = 0; fits && k < n; k++)
        if (k == 0 || s->delay[begin + k] != s->delay[begin + k - 1]) fits = add_run(s, begin + k, s->delay[begin + k]);
    return fits;
}

static void add_turned(delay_sort *s, uint64_t place, int64_t by)
{
    if (s->turned_count == s->turned_room) {
        s->turned_room = 2 * s->turned_room + 64;
        s->turned = nl_realloc(s->turned, s->turned_room * sizeof *s->turned);
    }
    s->turned[s->turned_count++] = (nl_conn_turned){ place, by };
}

/* Synapses between the same two neurons stood side by side; delays may have turned their order. */
static void find_turned(delay_sort *s, uint64_t begin, size_t n, const uint32_t *post)
{
    for (uint32_t k = 0; k < n; k++) s->first[k] = k > 0 && post[k] == post[k - 1] ? s->first[k - 1] : k;
    for (size_t k = 0; k < n; k++) {
        const uint32_t place = (uint32_t)s->keys[k], rank = place - s->first[place], turn = s->seen[s->first[place]]++;

        if (rank != turn) add_turned(s, begin + k, (int64_t)rank - (int64_t)turn);
    }
    memset(s->seen, 0, n * sizeof *s->seen);
}

static bool order_row(delay_sort *s, size_t pre)
{
    nl_conn *conn = s->conn;
    const uint64_t begin = conn->row_begin[pre];
    const size_t n = row_length(conn, pre);

    sort_row(s, s->delay + begin, n);
    find_turned(s, begin, n, conn->post_index + begin);
    reorder(s, n, (uint32_t *)conn->post_index + begin, sizeof *conn->post_index);
    if (conn->weights != NULL) reorder(s, n, (double *)conn->weights + begin, sizeof *conn->weights);
    if (conn->given_order != NULL) reorder(s, n, (uint64_t *)conn->given_order + begin, sizeof *conn->given_order);
    for (size_t k = 0; k < n; k++) s->delay[begin + k] = (uint32_t)(s->keys[k] >> 32);
    const bool fits = add_runs(s, begin, n);
    s->run_begin[pre + 1] = s->run_count;
    return fits;
}

/* Incoming synapses stand in the order of their numbers. */
static void find_places(const nl_conn *conn, uint32_t *in_place)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t number[CHUNK];

    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        nl_numbering_next(numbering, chunk_at(conn, at), number);
        for (size_t k = 0; k < chunk_at(conn, at); k++) in_place[number[k]] = (uint32_t)(at + k);
    }
    nl_numbering_free(numbering);
}

static void give_runs(delay_sort *s)
{
    nl_conn *conn = s->conn;

    s->run_start = nl_realloc(s->run_start, (s->run_count + 1) * sizeof *s->run_start);
    s->run_start[s->run_count] = conn->synapse_count;
    conn->run_begin = s->run_begin;
    conn->run_start = s->run_start;
    conn->run_delay = s->run_delay;
    conn->turned = s->turned;
    conn->turned_count = s->turned_count;
    if (conn->in_place != NULL) find_places(conn, (uint32_t *)conn->in_place);
    conn->bytes = nl_conn_bytes(conn);
}

bool nl_conn_sort_by_delay(nl_conn_context *cx, nl_conn *conn, uint32_t *delay)
{
    assert(conn->kind == NL_CONN_OUT && conn->run_begin == NULL && "rows are sorted once");
    delay_sort s = sort_new(cx, conn, delay);
    bool fits = true;

    for (size_t pre = 0; fits && pre < conn->pre.count; pre++) fits = order_row(&s, pre);
    if (fits) {
        give_runs(&s);
    } else {
        free(s.run_begin);
        free(s.run_start);
        free(s.run_delay);
        free(s.turned);
    }
    sort_free(&s);
    return fits;
}
