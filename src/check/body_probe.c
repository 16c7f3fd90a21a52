/* Expressions of the protocol that a simulation can evaluate by itself at every sample.  Whatever is not of this kind
 * is left to the evaluator of values, which also gives the messages; so nothing is said here. */
#include "body.h"

#include <math.h>
#include <string.h>

/* --- indices --- */

/* The elements of one axis that an index takes. */
typedef struct axis {
    size_t *at;
    size_t count;
    bool is_scalar;
} axis;

static bool element_number(double number, size_t extent, size_t *out)
{
    if (number != floor(number)) return false;
    if (number < 0) number += (double)extent;
    if (!(number >= 0 && number < (double)extent)) return false;
    *out = (size_t)number;
    return true;
}

static bool bound(nl_resolver *rs, const nl_ast *e, double *out)
{
    if (e == NULL) return true;
    if (!nl_is_static(rs, e)) return false;
    const nl_value value = nl_static_value(rs, e);
    if (value.kind != NL_KIND_NUMBER || value.rank != 0) return false;
    *out = value.data[0];
    return *out == floor(*out);
}

static double clamped(double at, double extent)
{
    if (at < 0) at += extent;
    return at < 0 ? 0 : at > extent ? extent : at;
}

static bool slice_axis(nl_resolver *rs, const nl_ast *e, size_t extent, axis *out)
{
    double begin = 0, end = (double)extent, step = 1;

    if (!bound(rs, nl_ast_kid(e, 0), &begin) || !bound(rs, nl_ast_kid(e, 1), &end)
        || !bound(rs, nl_ast_kid(e, 2), &step) || step < 1)
        return false;
    begin = clamped(begin, (double)extent);
    end = clamped(end, (double)extent);
    out->count = end > begin ? (size_t)ceil((end - begin) / step) : 0;
    out->at = NL_NEW_ARRAY(rs->ck->arena, size_t, out->count + 1);
    for (size_t k = 0; k < out->count; k++) out->at[k] = (size_t)begin + k * (size_t)step;
    return true;
}

static bool value_axis(nl_resolver *rs, const nl_ast *e, size_t extent, axis *out)
{
    if (!nl_is_static(rs, e)) return false;
    const nl_value value = nl_static_value(rs, e);
    if (value.kind != NL_KIND_NUMBER || value.rank > 1) return false;
    out->is_scalar = value.rank == 0;
    out->count = nl_value_count(value);
    out->at = NL_NEW_ARRAY(rs->ck->arena, size_t, out->count + 1);
    for (size_t k = 0; k < out->count; k++)
        if (!element_number(value.data[k], extent, &out->at[k])) return false;
    return true;
}

/* At most one list: several are paired in NumPy, which is left to the evaluator. */
static bool axes_of(nl_resolver *rs, const nl_ast *e, const nl_space *space, axis *axes)
{
    int lists = 0;

    for (int k = 0; k < space->rank; k++) {
        const nl_ast *index = k + 1 < e->kid_count ? e->kids[k + 1] : NULL;
        const nl_ast all = { .kind = NL_AST_SLICE };
        const bool is_slice = index == NULL || index->kind == NL_AST_SLICE;

        axes[k] = (axis){ .is_scalar = false };
        if (!(is_slice ? slice_axis(rs, index != NULL ? index : &all, space->shape[k], &axes[k])
                       : value_axis(rs, index, space->shape[k], &axes[k])))
            return false;
        lists += !is_slice && !axes[k].is_scalar;
    }
    return lists <= 1 && e->kid_count - 1 <= space->rank;
}

/* Row-major numbers of the elements taken, in order. */
static double *taken(nl_arena *arena, const nl_space *space, const axis *axes, size_t count)
{
    double *flat = NL_NEW_ARRAY(arena, double, count + 1);

    for (size_t k = 0; k < count; k++) {
        size_t rest = k, stride = 1, number = 0;
        for (int a = space->rank; a-- > 0;) {
            number += axes[a].at[rest % axes[a].count] * stride;
            rest /= axes[a].count;
            stride *= space->shape[a];
        }
        flat[k] = (double)number;
    }
    return flat;
}

static bool is_range(const double *flat, size_t count)
{
    for (size_t k = 1; k < count; k++)
        if (flat[k] != flat[0] + (double)k) return false;
    return true;
}

static nl_ref gathered(nl_resolver *rs, nl_ref source, int rank, const size_t *shape, const double *flat, size_t count)
{
    nl_graph *graph = nl_graph_of(rs);

    if (rank == 0) return nl_view_node(graph, NL_X_GATHER, 0, 0, source, nl_expr_const(graph, flat[0], nl_dim_none));
    const uint32_t space = nl_graph_array_space(graph, rank, shape);
    if (is_range(flat, count)) return nl_view_node(graph, NL_X_PART, (uint32_t)flat[0], space, source, 0);
    const nl_value numbers = nl_value_array(rs->ck->arena, NL_KIND_NUMBER, nl_dim_none, rank, shape, flat);
    return nl_view_node(graph, NL_X_GATHER, 0, space, source, nl_value_node(rs, numbers, NULL, (nl_span){ 0, 0 }));
}

/* X.x[k] for a number that changes: negative ones count from the end, as everywhere in the protocol. */
static nl_ref changing_element(nl_resolver *rs, const nl_ast *e, nl_ref source, size_t count)
{
    nl_graph *graph = nl_graph_of(rs);
    const nl_ref index = nl_resolve(rs, e), zero = nl_expr_const(graph, 0, nl_dim_none);

    if (index == 0 || nl_graph_node(graph, index)->space != 0) return 0;
    const nl_ref from_end = nl_expr_op2(graph, NL_OP_ADD, index, nl_expr_const(graph, (double)count, nl_dim_none));
    const nl_ref is_negative = nl_expr_op2(graph, NL_OP_LT, index, zero);
    return nl_view_node(graph, NL_X_GATHER, 0, 0, source, nl_expr_op3(graph, NL_OP_IF, is_negative, from_end, index));
}

static nl_ref fixed_elements(nl_resolver *rs, const nl_ast *e, nl_ref source, const nl_space *space)
{
    axis axes[NL_RANK];
    size_t shape[NL_RANK], count = 1;
    int rank = 0;

    if (!axes_of(rs, e, space, axes)) return 0;
    for (int k = 0; k < space->rank; k++) {
        count *= axes[k].count;
        if (!axes[k].is_scalar) shape[rank++] = axes[k].count;
    }
    return count > 0 ? gathered(rs, source, rank, shape, taken(rs->ck->arena, space, axes, count), count) : 0;
}

/* X.x[3], X.x[0:10], X.x[[c, c + 1]], X.x[r, :]: elements known beforehand, or one that is not. */
nl_ref nl_probe_index(nl_resolver *rs, const nl_ast *e)
{
    const nl_ref source = nl_resolve(rs, e->kids[0]);

    if (source == 0) return 0;
    const uint32_t number = nl_graph_node(nl_graph_of(rs), source)->space;
    const nl_space *space = nl_graph_space(nl_graph_of(rs), number);
    if (number == 0 || space->kind == NL_SPACE_SYNAPSES) return 0;
    const bool is_one = e->kid_count == 2 && space->rank == 1 && e->kids[1]->kind != NL_AST_SLICE;
    if (is_one && !nl_is_static(rs, e->kids[1])) return changing_element(rs, e->kids[1], source, space->count);
    return fixed_elements(rs, e, source, space);
}

/* --- the expression --- */

/* How much of the model belongs to what was resolved before. */
typedef struct extent {
    size_t prevs, delays, windows;
} extent;

static extent extent_of(const nl_model *model)
{
    return (extent){ model->prevs.count, model->delays.count, model->windows.count };
}

static void forget(nl_model *model, extent to)
{
    model->prevs.count = to.prevs;
    model->delays.count = to.delays;
    model->windows.count = to.windows;
}

static void shape_of(const nl_graph *graph, nl_ref ref, int *rank, size_t *shape)
{
    const uint32_t number = nl_graph_node(graph, ref)->space;
    const nl_space *space = nl_graph_space(graph, number);

    *rank = number == 0 ? 0 : space->rank;
    for (int k = 0; k < *rank; k++) shape[k] = space->kind == NL_SPACE_SYNAPSES ? NL_UNKNOWN_SIZE : space->shape[k];
}

nl_ref nl_body_probe(nl_check *ck, nl_scope *scope, const nl_ast *expr, int *rank, size_t shape[NL_RANK], nl_dim *dim)
{
    nl_resolver rs = { .ck = ck, .scope = scope, .outer = scope, .place = NL_IN_PROBE };
    const size_t mark = nl_diags_mark(ck->diags);
    const extent before = extent_of(ck->model);
    const nl_ref ref = nl_resolve(&rs, expr);

    nl_diags_undo(ck->diags, mark);
    if (ref == 0) {
        forget(ck->model, before);
        return 0;
    }
    shape_of(ck->model->graph, ref, rank, shape);
    *dim = nl_graph_node(ck->model->graph, ref)->dim;
    return ref;
}
