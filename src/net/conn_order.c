/* The synapses of neurons by delay, where they are not stored in that order: one index for each pathway whose delays
 * differ between synapses, but for the one that they are stored by. */
#include "conn_build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A synapse of a neuron: where it stands in the neuron's row, and where it belongs. */
typedef struct entry {
    uint64_t number;
    uint32_t delay, index;
} entry;

typedef struct ordering {
    const nl_conn *conn;
    const uint32_t *delay; /* by place */
    const uint64_t *begin; /* of the rows of neurons: places, or, incoming, numbers */
    uint64_t *number;      /* by place, where it differs; else NULL */
    bool incoming;
    entry *row;
} ordering;

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->delay != y->delay) return x->delay < y->delay ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static size_t fill_row(const ordering *o, size_t neuron)
{
    const uint64_t begin = o->begin[neuron];
    const size_t n = o->begin[neuron + 1] - begin;

    for (size_t k = 0; k < n; k++) {
        const uint64_t place = o->incoming ? o->conn->in_place[begin + k] : begin + k;
        o->row[k] = (entry){ .number = o->number != NULL ? o->number[place] : begin + k,
                             .delay = o->delay[place],
                             .index = (uint32_t)k };
    }
    qsort(o->row, n, sizeof *o->row, compare);
    return n;
}

static void add_row(const ordering *o, size_t neuron, nl_conn_order *out)
{
    const size_t n = fill_row(o, neuron);
    uint64_t runs = out->run_begin[neuron];

    for (size_t k = 0; k < n; k++) {
        out->index[o->begin[neuron] + k] = o->row[k].index;
        if (k > 0 && o->row[k].delay == o->row[k - 1].delay) continue;
        out->run_start[runs] = o->begin[neuron] + k;
        out->run_delay[runs++] = o->row[k].delay;
    }
    out->run_begin[neuron + 1] = runs;
}

static size_t longest(const uint64_t *begin, size_t neurons)
{
    size_t most = 0;

    for (size_t i = 0; i < neurons; i++)
        if (begin[i + 1] - begin[i] > most) most = begin[i + 1] - begin[i];
    return most;
}

static uint64_t *numbers_by_place(const nl_conn *conn)
{
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t *number = nl_calloc(conn->synapse_count + 1, sizeof *number);

    nl_numbering_next(numbering, conn->synapse_count, number);
    nl_numbering_free(numbering);
    return number;
}

/* Runs are at most as many as synapses; what is not needed is given back. */
static void shrink(nl_conn_order *order, size_t neurons)
{
    const size_t runs = order->run_begin[neurons];

    order->run_start = nl_realloc(order->run_start, (runs + 1) * sizeof *order->run_start);
    order->run_delay = nl_realloc(order->run_delay, (runs + 1) * sizeof *order->run_delay);
}

nl_conn_order *nl_conn_order_new(nl_conn_context *cx, const nl_conn *conn, const uint32_t *delay, bool incoming)
{
    const size_t neurons = incoming ? conn->post.count : conn->pre.count, n = conn->synapse_count;
    ordering o = {
        .conn = conn, .delay = delay, .begin = incoming ? conn->in_begin : conn->row_begin, .incoming = incoming
    };

    assert(conn->kind == NL_CONN_OUT && (!incoming || conn->in_place != NULL));
    if (!nl_conn_fits(cx, (double)n, 2 * sizeof(uint32_t) + 2 * sizeof(uint64_t))) return NULL;
    nl_conn_order *order = nl_calloc(1, sizeof *order);
    order->run_begin = nl_calloc(neurons + 1, sizeof *order->run_begin);
    order->run_start = nl_calloc(n + 1, sizeof *order->run_start);
    order->run_delay = nl_calloc(n + 1, sizeof *order->run_delay);
    order->index = nl_calloc(n + 1, sizeof *order->index);
    o.row = nl_calloc(longest(o.begin, neurons) + 1, sizeof *o.row);
    if (!incoming && conn->run_begin != NULL) o.number = numbers_by_place(conn);
    for (size_t i = 0; i < neurons; i++) add_row(&o, i, order);
    shrink(order, neurons);
    order->run_start[order->run_begin[neurons]] = n;
    free(o.row);
    free(o.number);
    return order;
}

void nl_conn_order_free(nl_conn_order *order)
{
    if (order == NULL) return;
    free(order->run_begin);
    free(order->run_start);
    free(order->run_delay);
    free(order->index);
    free(order);
}
