#include "conn_build.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool side_fits(nl_conn_context *cx, const nl_side *side, const char *word)
{
    if (side->count <= UINT32_MAX) return true;
    nl_diag_add(cx->diags, NL_E_CONN_MEMORY, cx->span,
                "the %s side of `%s` has %zu neurons; at most %u can be connected", word, cx->name, side->count,
                UINT32_MAX);
    return false;
}

static const char *bytes_text(nl_arena *arena, double bytes)
{
    static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB", "PB", "EB" };
    size_t unit = 0;

    for (; bytes >= 1000 && unit + 1 < NL_LEN(units); unit++) bytes /= 1000;
    return nl_arena_printf(arena, "%.3g %s", bytes, units[unit]);
}

static bool memory_fits(nl_conn_context *cx, const char *what, double count, size_t bytes_each)
{
    const double bytes = count * (double)bytes_each + 8 * ((double)cx->post.count + 1);
    const double room = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);

    if (bytes <= room) return true;
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_CONN_MEMORY, cx->span,
                                "the %.3g %s of `%s` need %s; this machine has %s", count, what, cx->name,
                                bytes_text(cx->arena, bytes), bytes_text(cx->arena, room));
    nl_diag_help(cx->diags, diag, "all_to_all, one_to_one, offsets, kernel and low_rank store no pairs");
    return false;
}

bool nl_conn_fits(nl_conn_context *cx, double synapses, size_t bytes_each)
{
    return memory_fits(cx, "synapses", synapses, bytes_each);
}

static bool excluding_fits(nl_conn_context *cx, const nl_conn *other)
{
    if (other->pre.count == cx->pre.count && other->post.count == cx->post.count)
        return memory_fits(cx, "excluded pairs", (double)other->synapse_count, sizeof(uint32_t));
    nl_diag_add(cx->diags, NL_E_CONN_SIZES, cx->span,
                "the excluded projection has %zu pre and %zu post neurons, `%s` has %zu and %zu",
                other->pre.count, other->post.count, cx->name, cx->pre.count, cx->post.count);
    return false;
}

bool nl_conn_admit(nl_conn_context *cx)
{
    if (!side_fits(cx, &cx->pre, "pre") || !side_fits(cx, &cx->post, "post")) return false;
    for (size_t i = 0; i < cx->excluding_count; i++)
        if (!excluding_fits(cx, cx->excluding[i])) return false;
    return true;
}

nl_conn *nl_conn_new(nl_conn_context *cx, nl_conn_kind kind)
{
    if (!nl_conn_admit(cx)) return NULL;
    nl_conn *conn = NL_NEW(cx->arena, nl_conn);

    conn->kind = kind;
    conn->pre = cx->pre;
    conn->post = cx->post;
    return conn;
}

static size_t incoming_bytes(const nl_conn *conn)
{
    const size_t lists = conn->in_place != NULL ? sizeof *conn->in_place + sizeof *conn->in_pre : 0;

    return (conn->post.count + 1) * sizeof *conn->in_begin + conn->synapse_count * lists;
}

static size_t run_bytes(const nl_conn *conn)
{
    const size_t runs = conn->run_begin[conn->pre.count];

    return (conn->pre.count + 1 + runs) * sizeof *conn->run_begin + runs * sizeof *conn->run_delay
           + conn->turned_count * sizeof *conn->turned;
}

size_t nl_conn_bytes(const nl_conn *conn)
{
    const size_t rows = conn->kind == NL_CONN_OUT ? conn->pre.count : conn->post.count;
    size_t bytes = sizeof *conn;

    if (conn->row_begin != NULL) bytes += (rows + 1) * sizeof *conn->row_begin;
    if (conn->pre_index != NULL) bytes += conn->synapse_count * sizeof *conn->pre_index;
    if (conn->post_index != NULL) bytes += conn->synapse_count * sizeof *conn->post_index;
    if (conn->in_begin != NULL) bytes += incoming_bytes(conn);
    if (conn->run_begin != NULL) bytes += run_bytes(conn);
    if (conn->given_order != NULL) bytes += conn->synapse_count * sizeof *conn->given_order;
    if (conn->weights != NULL) bytes += conn->synapse_count * sizeof *conn->weights;
    if (conn->stencil != NULL)
        bytes += sizeof *conn->stencil + conn->stencil->count * (2 * sizeof(int32_t) + sizeof(ptrdiff_t));
    return bytes + (conn->pre.count + conn->post.count) * conn->low_rank * sizeof *conn->u;
}

nl_conn *nl_conn_finish(nl_conn_context *cx, nl_conn *conn)
{
    if (conn == NULL) return NULL;
    conn->bytes = nl_conn_bytes(conn);
    if (conn->synapse_count == 0) {
        nl_diag *d = nl_diag_add(cx->diags, NL_W_CONN_EMPTY, cx->span, "this projection makes no synapse");
        nl_diag_help(cx->diags, d, "its rule, `no self` and `excluding` leave no pair of the %zu by %zu neurons",
                     cx->pre.count, cx->post.count);
    }
    return conn;
}

/* Releases the large arrays; the rest is the arena's. */
void nl_conn_free(nl_conn *conn)
{
    if (conn == NULL) return;
    free((void *)conn->row_begin);
    free((void *)conn->pre_index);
    free((void *)conn->narrow_index);
    free((void *)conn->post_index);
    free((void *)conn->in_begin);
    free((void *)conn->in_place);
    free((void *)conn->in_pre);
    free((void *)conn->run_begin);
    free((void *)conn->run_start);
    free((void *)conn->run_delay);
    free((void *)conn->turned);
    free((void *)conn->given_order);
    free((void *)conn->weights);
    free((void *)conn->u);
    free((void *)conn->v);
}

void nl_conn_narrow(nl_conn *conn)
{
    if (conn->kind != NL_CONN_SPARSE || conn->pre.count > UINT16_MAX + 1 || conn->narrow_index != NULL) return;
    uint16_t *narrow = nl_calloc(conn->synapse_count, sizeof *narrow);

    for (uint64_t k = 0; k < conn->synapse_count; k++) narrow[k] = (uint16_t)conn->pre_index[k];
    conn->narrow_index = narrow;
    conn->bytes += conn->synapse_count * sizeof *narrow;
}

void nl_conn_self_rows(size_t post, size_t pre, long offset, size_t rows[2])
{
    const size_t ahead = offset > 0 ? (size_t)offset : 0, behind = offset < 0 ? -(size_t)offset : 0;
    const size_t end = pre > ahead ? pre - ahead + behind : 0;

    rows[1] = end < post ? end : post;
    rows[0] = behind < rows[1] ? behind : rows[1];
}

bool nl_conn_leaves_self(const nl_conn_context *cx, long *offset)
{
    size_t rows[2];

    *offset = cx->same ? 0 : cx->self_offset;
    if (!cx->no_self || *offset == LONG_MIN) return false;
    nl_conn_self_rows(cx->post.count, cx->pre.count, *offset, rows);
    return rows[0] < rows[1];
}

/* --- rows --- */

bool nl_rows_init(nl_rows *rows, nl_conn_context *cx, double expected)
{
    *rows = (nl_rows){ .cx = cx, .conn = nl_conn_new(cx, NL_CONN_SPARSE) };
    if (rows->conn == NULL || !nl_conn_fits(cx, expected, sizeof *rows->index)) return false;
    rows->begin = nl_calloc(cx->post.count + 1, sizeof *rows->begin);
    rows->room = (size_t)expected + 64;
    rows->index = nl_realloc(NULL, nl_checked_mul(rows->room, sizeof *rows->index));
    return true;
}

bool nl_rows_reserve(nl_rows *rows, size_t more)
{
    if (more <= rows->room - rows->count) return true;
    size_t room = rows->room + rows->room / 2;

    if (room < rows->count + more) room = rows->count + more;
    if (!nl_conn_fits(rows->cx, (double)room, sizeof *rows->index)) return false;
    rows->index = nl_realloc(rows->index, nl_checked_mul(room, sizeof *rows->index));
    rows->room = room;
    return true;
}

void nl_running_sum(uint64_t *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) entries[i] += entries[i - 1];
}

nl_conn *nl_rows_done(nl_rows *rows)
{
    nl_running_sum(rows->begin, rows->conn->post.count + 1);
    rows->conn->row_begin = rows->begin;
    rows->conn->pre_index = nl_realloc(rows->index, rows->count * sizeof *rows->index);
    rows->conn->synapse_count = rows->count;
    return rows->conn;
}

nl_conn *nl_rows_drop(nl_rows *rows)
{
    free(rows->begin);
    free(rows->index);
    return NULL;
}

/* --- partners --- */

enum { CHUNK = 1024 };

/* Calls fn with the row and the partner of every excluded pair. */
static void visit_excluded(const nl_conn_context *cx, nl_partners *partners,
                           void (*fn)(nl_partners *partners, size_t row, uint32_t partner))
{
    uint32_t side[2][CHUNK];

    for (size_t i = 0; i < cx->excluding_count; i++) {
        const nl_conn *conn = cx->excluding[i];

        for (size_t at = 0; at < conn->synapse_count; at += CHUNK) {
            const size_t n = conn->synapse_count - at < CHUNK ? conn->synapse_count - at : CHUNK;

            nl_conn_synapses(conn, at, n, side[0], side[1]);
            for (size_t k = 0; k < n; k++) fn(partners, side[!partners->by_pre][k], side[partners->by_pre][k]);
        }
    }
}

static void count_excluded(nl_partners *partners, size_t row, uint32_t partner)
{
    (void)partner;
    partners->begin[row + 2]++;
}

/* begin[row + 1] is where the row's next partner goes, and in the end where it ends. */
static void store_excluded(nl_partners *partners, size_t row, uint32_t partner)
{
    partners->index[partners->begin[row + 1]++] = partner;
}

static void collect_excluded(const nl_conn_context *cx, nl_partners *partners, size_t rows)
{
    partners->begin = nl_calloc(rows + 2, sizeof *partners->begin);
    visit_excluded(cx, partners, count_excluded);
    nl_running_sum(partners->begin, rows + 2);
    partners->index = nl_calloc(partners->begin[rows + 1], sizeof *partners->index);
    visit_excluded(cx, partners, store_excluded);
    partners->list = nl_calloc(partners->all, sizeof *partners->list);
    partners->mark = nl_calloc(partners->all, sizeof *partners->mark);
}

nl_partners nl_partners_new(const nl_conn_context *cx, bool by_pre)
{
    nl_partners partners = { .by_pre = by_pre, .all = by_pre ? cx->post.count : cx->pre.count };

    partners.leaves_self = nl_conn_leaves_self(cx, &partners.self_offset);
    if (by_pre && partners.leaves_self) partners.self_offset = -partners.self_offset;
    if (cx->excluding_count > 0) collect_excluded(cx, &partners, by_pre ? cx->pre.count : cx->post.count);
    return partners;
}

void nl_partners_free(nl_partners *partners)
{
    free(partners->begin);
    free(partners->index);
    free(partners->list);
    free(partners->mark);
}

static void list_allowed(nl_partners *partners)
{
    const size_t row = partners->row;

    for (uint64_t k = partners->begin[row]; k < partners->begin[row + 1]; k++)
        partners->mark[partners->index[k]] = (uint32_t)(row + 1);
    partners->count = 0;
    for (size_t i = 0; i < partners->all; i++)
        if (nl_partners_allow(partners, i)) partners->list[partners->count++] = (uint32_t)i;
}

void nl_partners_row(nl_partners *partners, size_t row)
{
    const long self = (long)row + partners->self_offset;
    const bool has_self = partners->leaves_self && self >= 0 && (size_t)self < partners->all;

    partners->row = row;
    partners->self = has_self ? (size_t)self : NL_NO_NEURON;
    if (partners->list != NULL) list_allowed(partners);
    else partners->count = partners->all - has_self;
}

/* --- sorting --- */

static void sort_few(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t k = i;

        for (; k > 0 && keys[k - 1] >> 32 > key >> 32; k--) keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

static void sort_by_byte(const uint64_t *keys, uint64_t *sorted, size_t count, int shift)
{
    size_t begin[256] = { 0 }, sum = 0;

    for (size_t i = 0; i < count; i++) begin[keys[i] >> shift & 255]++;
    for (size_t b = 0; b < NL_LEN(begin); b++) {
        const size_t n = begin[b];

        begin[b] = sum;
        sum += n;
    }
    for (size_t i = 0; i < count; i++) sorted[begin[keys[i] >> shift & 255]++] = keys[i];
}

void nl_sort_keys(uint64_t *keys, uint64_t *spare, size_t count, uint32_t largest)
{
    enum { FEW = 48 };

    if (count <= FEW) {
        sort_few(keys, count);
        return;
    }
    for (int shift = 32; shift < 64 && largest >> (shift - 32) > 0; shift += 8) {
        sort_by_byte(keys, spare, count, shift);
        memcpy(keys, spare, count * sizeof *keys);
    }
}
