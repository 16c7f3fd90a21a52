/* What the rules share while they build a connection; for src/net only. */
#ifndef NL_NET_CONN_BUILD_H
#define NL_NET_CONN_BUILD_H

#include "conn.h"

#define NL_NO_NEURON SIZE_MAX

/* False with a diagnostic when a side has more neurons than an index can tell apart or an excluded projection has other
 * sides. */
bool nl_conn_admit(nl_conn_context *cx);

/* A new connection of this kind between the sides of the context, without synapses; NULL when they are not admitted. */
nl_conn *nl_conn_new(nl_conn_context *cx, nl_conn_kind kind);

/* False with a diagnostic when `synapses` of so many bytes would not fit into this machine. */
bool nl_conn_fits(nl_conn_context *cx, double synapses, size_t bytes_each);

/* The last thing each rule does: adds up the memory and warns when there is no synapse.  NULL stays NULL. */
nl_conn *nl_conn_finish(nl_conn_context *cx, nl_conn *conn);

/* Memory of the structure and the rule's weights. */
size_t nl_conn_bytes(const nl_conn *conn);

/* The synapses of an OUT connection by number, as rows by post neuron; nothing is left out. */
nl_conn *nl_conn_out_to_rows(nl_conn_context *cx, const nl_conn *conn);

/* True when the context leaves out autapses and there are some; then the autapse of post j is pre j + *offset. */
bool nl_conn_leaves_self(const nl_conn_context *cx, long *offset);

/* Posts with an autapse among `post` and `pre` neurons, as [begin, end). */
void nl_conn_self_rows(size_t post, size_t pre, long offset, size_t rows[2]);

/* Rows that grow while they are built, by ascending post neuron. */
typedef struct nl_rows {
    nl_conn_context *cx;
    nl_conn *conn;
    uint64_t *begin;   /* begin[post + 1] counts the row until nl_rows_done */
    uint32_t *index;
    size_t count, room;
} nl_rows;

/* False with a diagnostic when it does not fit. */
bool nl_rows_init(nl_rows *rows, nl_conn_context *cx, double expected);
bool nl_rows_reserve(nl_rows *rows, size_t more);
static inline void nl_rows_add(nl_rows *rows, size_t post, size_t pre)
{
    rows->index[rows->count++] = (uint32_t)pre;
    rows->begin[post + 1]++;
}
nl_conn *nl_rows_done(nl_rows *rows);
nl_conn *nl_rows_drop(nl_rows *rows); /* after a failure: NULL */

/* The partners that the context leaves out, one row at a time.  By post neuron, partners are pre neurons; or the other
 * way round. */
typedef struct nl_partners {
    size_t count;      /* allowed in this row */
    size_t self;       /* left out of all partners, or NL_NO_NEURON */
    size_t all;        /* of the other side */
    bool by_pre, leaves_self;
    long self_offset;
    uint64_t *begin;   /* excluded pairs as rows, or NULL */
    uint32_t *index;
    uint32_t *list;    /* allowed partners of this row where there are excluded pairs */
    uint32_t *mark;    /* of each partner: the last row that excludes it, plus 1 */
    size_t row;
} nl_partners;

nl_partners nl_partners_new(const nl_conn_context *cx, bool by_pre);
void nl_partners_free(nl_partners *partners);
void nl_partners_row(nl_partners *partners, size_t row);

/* The k-th allowed partner of the row, ascending. */
static inline size_t nl_partners_get(const nl_partners *partners, size_t k)
{
    return partners->list != NULL ? partners->list[k] : k + (k >= partners->self);
}

static inline bool nl_partners_allow(const nl_partners *partners, size_t partner)
{
    return partner != partners->self && (partners->mark == NULL || partners->mark[partner] != partners->row + 1);
}

/* Sorts keys by their upper 32 bits (none above `largest`), keeping the order of equal ones; `spare` is as long. */
void nl_sort_keys(uint64_t *keys, uint64_t *spare, size_t count, uint32_t largest);

/* Sums of the entries before: entries[i] becomes entries[0] + .. + entries[i], for i < count. */
void nl_running_sum(uint64_t *entries, size_t count);

/* Neuron on the other side of a boundary, or -1: place in -extent .. 2*extent-1. */
static inline ptrdiff_t nl_stencil_place(nl_boundary boundary, ptrdiff_t place, ptrdiff_t extent)
{
    if (place >= 0 && place < extent) return place;
    if (boundary == NL_WRAP) return place < 0 ? place + extent : place - extent;
    if (boundary == NL_REFLECT) return place < 0 ? -1 - place : 2 * extent - 1 - place;
    return -1;
}

#endif
