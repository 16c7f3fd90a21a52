/* Offsets on lines and grids.  Stored are the offsets alone; where an offset crosses the boundary is worked out when it
 * is met. */
#include "conn_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The least distance that means the same: whole turns of a ring, or of a reflected image, are taken off. */
static int32_t fold(ptrdiff_t distance, ptrdiff_t extent, nl_boundary boundary)
{
    const ptrdiff_t turn = boundary == NL_REFLECT ? 2 * extent : extent;

    if (boundary == NL_ZERO) return (int32_t)distance;
    distance = (distance % turn + turn) % turn;
    const bool is_far = 2 * distance > turn || (boundary == NL_REFLECT && 2 * distance == turn);
    return (int32_t)(is_far ? distance - turn : distance);
}

static bool leaves_grid(const nl_stencil *s, const int32_t offset[2])
{
    return s->boundary == NL_ZERO &&
           ((size_t)labs(offset[0]) >= s->rows || (size_t)labs(offset[1]) >= s->columns);
}

/* On a ring or torus, and on a line or grid with open ends, only the offset 0 makes autapses. */
static bool is_dropped(const nl_stencil *s, const int32_t offset[2], bool no_zero)
{
    return leaves_grid(s, offset) || (no_zero && offset[0] == 0 && offset[1] == 0);
}

/* The offsets that make synapses, folded, with their weights. */
static void take_offsets(nl_conn_context *cx, nl_stencil *s, size_t count, const int32_t (*given)[2],
                         const double *weights, bool no_zero)
{
    const bool is_grid = cx->post.rank == 2;
    int32_t(*offsets)[2] = nl_arena_alloc(cx->arena, nl_checked_mul(count, sizeof *offsets));
    double *kept = weights != NULL ? NL_NEW_ARRAY(cx->arena, double, count) : NULL;

    for (size_t k = 0; k < count; k++) {
        const int32_t row = is_grid ? given[k][0] : 0, column = given[k][is_grid];
        int32_t *offset = offsets[s->count];

        offset[0] = fold(row, (ptrdiff_t)s->rows, s->boundary);
        offset[1] = fold(column, (ptrdiff_t)s->columns, s->boundary);
        if (is_dropped(s, offset, no_zero)) continue;
        if (kept != NULL) kept[s->count] = weights[k];
        s->count++;
    }
    s->offsets = (const int32_t(*)[2])offsets;
    s->weights = kept;
}

/* Places from which every offset of this axis stays inside; an empty range lies at the end. */
static void find_inner(const nl_stencil *s, int axis, size_t extent, size_t inner[2])
{
    size_t behind = 0, ahead = 0;

    for (size_t k = 0; k < s->count; k++) {
        const int32_t d = s->offsets[k][axis];

        if (d < 0 && (size_t)-(long)d > behind) behind = (size_t)-(long)d;
        if (d > 0 && (size_t)d > ahead) ahead = (size_t)d;
    }
    const bool is_empty = behind + ahead >= extent;
    inner[0] = is_empty ? extent : behind;
    inner[1] = is_empty ? extent : extent - ahead;
}

static size_t largest(const nl_stencil *s, int axis)
{
    size_t most = 0;

    for (size_t k = 0; k < s->count; k++)
        if ((size_t)labs(s->offsets[k][axis]) > most) most = (size_t)labs(s->offsets[k][axis]);
    return most;
}

static const ptrdiff_t *shifts(nl_arena *arena, const nl_stencil *s, size_t columns)
{
    ptrdiff_t *shift = NL_NEW_ARRAY(arena, ptrdiff_t, s->count);

    for (size_t k = 0; k < s->count; k++) shift[k] = s->offsets[k][0] * (ptrdiff_t)columns + s->offsets[k][1];
    return shift;
}

static void find_edges(nl_arena *arena, nl_stencil *s)
{
    const ptrdiff_t columns = (ptrdiff_t)s->columns;
    size_t *at = NL_NEW_ARRAY(arena, size_t, s->columns + 1);

    for (size_t c = 0; c < s->columns; c++)
        if (c < s->inner_columns[0] || c >= s->inner_columns[1]) at[s->edge_count++] = c;
    ptrdiff_t *shift = NL_NEW_ARRAY(arena, ptrdiff_t, nl_checked_mul(s->edge_count, s->count) + 1);
    for (size_t e = 0; e < s->edge_count; e++)
        for (size_t k = 0; k < s->count; k++) {
            const ptrdiff_t c = (ptrdiff_t)at[e], place = nl_stencil_place(s->boundary, c + s->offsets[k][1], columns);
            shift[e * s->count + k] = place < 0 ? PTRDIFF_MAX : s->offsets[k][0] * columns + place - c;
        }
    s->edge_columns = at;
    s->edge_shift = shift;
}

static void find_shift_range(nl_stencil *s)
{
    for (size_t k = 0; k < s->count; k++) {
        if (k == 0 || s->shift[k] < s->shift_range[0]) s->shift_range[0] = s->shift[k];
        if (k == 0 || s->shift[k] > s->shift_range[1]) s->shift_range[1] = s->shift[k];
    }
}

/* Columns are worked through in runs; where runs are short beside their edges, a copy with margins is quicker. */
static void find_runs(nl_arena *arena, nl_stencil *s)
{
    find_inner(s, 0, s->rows, s->inner_rows);
    find_inner(s, 1, s->columns, s->inner_columns);
    s->shift = shifts(arena, s, s->columns);
    find_shift_range(s);
    find_edges(arena, s);
    if (s->columns - (s->inner_columns[1] - s->inner_columns[0]) <= s->columns / 16) return;
    s->margin_rows = largest(s, 0);
    s->margin_columns = largest(s, 1);
    s->margin_shift = shifts(arena, s, s->columns + 2 * s->margin_columns);
}

/* Synapses before each post neuron, where offsets that leave the grid make none. */
static uint64_t *count_open_rows(const nl_stencil *s)
{
    uint64_t *begin = nl_calloc(s->rows * s->columns + 1, sizeof *begin);

    for (size_t k = 0; k < s->count; k++)
        for (ptrdiff_t r = 0; r < (ptrdiff_t)s->rows; r++) {
            const ptrdiff_t dr = s->offsets[k][0], dc = s->offsets[k][1], columns = (ptrdiff_t)s->columns;

            if (r + dr < 0 || r + dr >= (ptrdiff_t)s->rows) continue;
            for (ptrdiff_t c = dc < 0 ? -dc : 0; c < columns && c + dc < columns; c++) begin[r * columns + c + 1]++;
        }
    nl_running_sum(begin, s->rows * s->columns + 1);
    return begin;
}

static const char *form_text(nl_arena *arena, const nl_side *side)
{
    if (side->rank == 1) return nl_arena_printf(arena, "[%zu]", side->count);
    return nl_arena_printf(arena, "[%zu, %zu]", side->shape[0], side->shape[1]);
}

static bool same_form(nl_conn_context *cx)
{
    const nl_side *a = &cx->pre, *b = &cx->post;

    if (a->rank == b->rank && a->count == b->count && (a->rank == 1 || a->shape[1] == b->shape[1])) return true;
    nl_diag_add(cx->diags, NL_E_CONN_SIZES, cx->span,
                "offsets and kernels need two lines or two grids of one size, but the sides of `%s` are %s and %s",
                cx->name, form_text(cx->arena, a), form_text(cx->arena, b));
    return false;
}

static nl_stencil *stencil_new(nl_conn_context *cx, nl_boundary boundary)
{
    nl_stencil *s = NL_NEW(cx->arena, nl_stencil);

    s->rows = cx->post.rank == 2 ? cx->post.shape[0] : 1;
    s->columns = cx->post.rank == 2 ? cx->post.shape[1] : cx->post.count;
    s->boundary = boundary;
    return s;
}

/* Post (r, c) receives from pre (r + dr, c + dc) for each offset, in this order.  Nothing is stored by pair, unless
 * pairs are left out by more than dropping the offset 0. */
nl_conn *nl_conn_offsets(nl_conn_context *cx, size_t count, const int32_t (*offsets)[2], const double *weights,
                         nl_boundary boundary)
{
    nl_conn *conn = nl_conn_new(cx, NL_CONN_STENCIL);
    long self;

    if (conn == NULL || !same_form(cx)) return NULL;
    const bool leaves_self = nl_conn_leaves_self(cx, &self);
    const bool no_zero = leaves_self && self == 0 && boundary != NL_REFLECT;
    nl_stencil *s = stencil_new(cx, boundary);

    conn->stencil = s;
    if (cx->post.count > 0) take_offsets(cx, s, count, offsets, weights, no_zero);
    find_runs(cx->arena, s);
    if (boundary == NL_ZERO) conn->row_begin = count_open_rows(s);
    conn->synapse_count = boundary == NL_ZERO ? conn->row_begin[cx->post.count] : cx->post.count * s->count;
    const bool is_whole = cx->excluding_count == 0 && (!leaves_self || no_zero);
    if (is_whole) return nl_conn_finish(cx, conn);
    nl_conn *rows = nl_conn_to_rows(cx, conn);
    nl_conn_free(conn);
    return nl_conn_finish(cx, rows);
}

static bool kernel_fits(nl_conn_context *cx, int rank, const size_t *shape)
{
    if (rank != cx->post.rank) {
        nl_diag_add(cx->diags, NL_E_CONN_STENCIL, cx->span, "a kernel of %d %s cannot lie on a population of %d", rank,
                    rank == 1 ? "axis" : "axes", cx->post.rank);
        return false;
    }
    for (int axis = 0; axis < rank; axis++) {
        if (shape[axis] % 2 != 0) continue;
        nl_diag_add(cx->diags, NL_E_CONN_STENCIL, cx->span,
                    "axis %d of the kernel has %zu entries; only an odd number has a middle", axis, shape[axis]);
        return false;
    }
    return true;
}

static bool kernel_is_number(nl_conn_context *cx, size_t count, const double *kernel)
{
    for (size_t k = 0; k < count; k++) {
        if (!isnan(kernel[k])) continue;
        nl_diag_add(cx->diags, NL_E_CONN_VALUES, cx->span, "kernel: entry %zu is nan", k);
        return false;
    }
    return true;
}

/* Weights by distance: the middle of the kernel lies on the post neuron.  Entries that are 0 make no synapse. */
nl_conn *nl_conn_kernel(nl_conn_context *cx, int rank, const size_t *shape, const double *kernel, nl_boundary boundary)
{
    const size_t columns = rank == 2 ? shape[1] : 1, count = shape[0] * columns;

    if (!kernel_fits(cx, rank, shape) || !kernel_is_number(cx, count, kernel)) return NULL;
    int32_t(*offsets)[2] = nl_arena_alloc(cx->arena, nl_checked_mul(count, sizeof *offsets));
    double *weights = NL_NEW_ARRAY(cx->arena, double, count);
    size_t used = 0;

    for (size_t k = 0; k < count; k++) {
        if (kernel[k] == 0) continue;
        offsets[used][0] = (int32_t)(k / columns) - (int32_t)(shape[0] / 2);
        offsets[used][1] = (int32_t)(k % columns) - (int32_t)(columns / 2);
        weights[used++] = kernel[k];
    }
    return nl_conn_offsets(cx, used, (const int32_t(*)[2])offsets, weights, boundary);
}
