/* name[expr]: another element of a population or an array.  One index per axis; out of range is an error, never a
 * wrap. */
#include "body.h"

#include <math.h>
#include <string.h>

static nl_ref refuse(nl_resolver *rs, nl_span span, const char *sentence)
{
    nl_diag_add(rs->ck->diags, NL_E_INDEX, span, "%s", sentence);
    return 0;
}

/* --- the range of an index --- */

/* The range of neurons that PRE or POST of a synapse can be. */
static nl_part side_of(const nl_resolver *rs, const nl_node *node)
{
    const nl_projection *p = &rs->ck->model->projections.items[nl_graph_space(nl_graph_of(rs), node->space)->owner];

    return node->kind == NL_X_PRE ? p->pre : p->post;
}

static bool is_side_index(const nl_graph *graph, const nl_node *node)
{
    return (node->kind == NL_X_PRE || node->kind == NL_X_POST)
           && nl_graph_node(graph, node->args[0])->kind == NL_X_INDEX;
}

static double limit_of(const nl_resolver *rs, nl_ref ref);

static double leaf_limit(const nl_resolver *rs, const nl_node *node)
{
    const nl_space *space = nl_graph_space(nl_graph_of(rs), node->space);

    if (node->kind == NL_X_CONST) return node->number >= 0 ? node->number + 1 : 0;
    if (node->kind == NL_X_INDEX) return space->kind == NL_SPACE_SYNAPSES ? 0 : (double)space->count;
    if (is_side_index(nl_graph_of(rs), node)) return (double)(side_of(rs, node).begin + side_of(rs, node).count);
    return node->kind == NL_X_PRE || node->kind == NL_X_POST ? limit_of(rs, node->args[0]) : 0;
}

/* i - begin counts the neurons of a part. */
static double part_limit(const nl_resolver *rs, const nl_node *index, double begin)
{
    if (!is_side_index(nl_graph_of(rs), index) || begin != (double)side_of(rs, index).begin) return 0;
    return (double)side_of(rs, index).count;
}

/* The number below which an index certainly stays while it is never negative, or 0 when that is not known. */
static double limit_of(const nl_resolver *rs, nl_ref ref)
{
    const nl_node *node = nl_graph_node(nl_graph_of(rs), ref);
    double number;

    if (node->is_bool) return 2;
    if (node->kind != NL_X_OP) return leaf_limit(rs, node);
    if (node->arg_count != 2 || !nl_expr_is_const(nl_graph_of(rs), node->args[1], &number) || !(number > 0)) return 0;
    switch (node->op) {
    case NL_OP_MOD: return ceil(number);
    case NL_OP_FLOORDIV: return ceil(limit_of(rs, node->args[0]) / number);
    case NL_OP_SUB: return part_limit(rs, nl_graph_node(nl_graph_of(rs), node->args[0]), number);
    default: return 0;
    }
}

static nl_ref refuse_range(nl_resolver *rs, nl_span span, nl_ref index, size_t extent)
{
    nl_arena *arena = rs->ck->arena;
    double number;

    if (nl_expr_is_const(nl_graph_of(rs), index, &number))
        return refuse(rs, span, nl_arena_printf(arena, "the index %g is outside of 0 .. %zu", number, extent - 1));
    return refuse(rs, span,
                  nl_arena_printf(arena, "this index runs to %.0f, but there are only %zu elements",
                                  limit_of(rs, index) - 1, extent));
}

/* Constants, and the numbers of neurons, of which each one occurs. */
static bool is_certain(const nl_graph *graph, nl_ref index)
{
    const nl_node *node = nl_graph_node(graph, index);

    if (node->kind == NL_X_OP && node->op == NL_OP_SUB) node = nl_graph_node(graph, node->args[0]);
    return node->kind == NL_X_CONST || node->kind == NL_X_INDEX || is_side_index(graph, node);
}

nl_ref nl_checked_index(nl_resolver *rs, const nl_ast *e, nl_ref index, size_t extent)
{
    nl_graph *graph = nl_graph_of(rs);
    const double limit = limit_of(rs, index);
    const nl_node node = *nl_graph_node(graph, index);

    if (!nl_dim_is_pure(node.dim)) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "an index is a pure number, not %s",
                    nl_dim_text(rs->ck->arena, node.dim));
        return 0;
    }
    if (node.kind == NL_X_CONST && node.number != floor(node.number))
        return refuse(rs, e->span, "an index is a whole number");
    if (limit > 0 && limit <= (double)extent) return index;
    if (rs->guard == 0)
        return is_certain(graph, index) && (limit > 0 || node.kind == NL_X_CONST)
                   ? refuse_range(rs, e->span, index, extent)
                   : index;
    const uint32_t guard = nl_graph_node(graph, rs->guard)->space;
    if (guard != 0 && node.space != 0 && guard != node.space) return index;
    return nl_expr_op3(graph, NL_OP_IF, rs->guard, index, nl_expr_const(graph, 0, nl_dim_none));
}

/* --- the element --- */

static nl_ref one_index(nl_resolver *rs, const nl_ast *e, size_t extent)
{
    const nl_ref ref = nl_resolve(rs, e);

    return ref != 0 ? nl_checked_index(rs, e, ref, extent) : 0;
}

/* Row-major number of the element; -1 where an index behind the first is out of range, so that it cannot reach into the
 * next row. */
static nl_ref flat_index(nl_resolver *rs, nl_ref *indices, int rank, const size_t *shape)
{
    nl_graph *graph = nl_graph_of(rs);
    nl_ref flat = indices[0], inside = 0;

    for (int k = 1; k < rank; k++) {
        const nl_ref extent = nl_expr_const(graph, (double)shape[k], nl_dim_none);
        flat = nl_expr_op2(graph, NL_OP_ADD, nl_expr_op2(graph, NL_OP_MUL, flat, extent), indices[k]);
        const double limit = limit_of(rs, indices[k]);
        if (limit > 0 && limit <= (double)shape[k]) continue;
        const nl_ref above = nl_expr_op2(graph, NL_OP_GE, indices[k], nl_expr_const(graph, 0, nl_dim_none));
        const nl_ref fits = nl_expr_op2(graph, NL_OP_AND, above, nl_expr_op2(graph, NL_OP_LT, indices[k], extent));
        inside = inside == 0 ? fits : nl_expr_op2(graph, NL_OP_AND, inside, fits);
    }
    return inside == 0 ? flat : nl_expr_op3(graph, NL_OP_IF, inside, flat, nl_expr_const(graph, -1, nl_dim_none));
}

static nl_ref gather(nl_graph *graph, nl_ref source, nl_ref index)
{
    const nl_node *of = nl_graph_node(graph, source), *at = nl_graph_node(graph, index);

    if (at->kind == NL_X_INDEX && at->space == of->space) return source;
    return nl_view_node(graph, NL_X_GATHER, 0, at->space, source, index);
}

/* Every synapse of these has the number post * N_pre + pre. */
static bool connects_every_pair(const nl_projection *p)
{
    return p->rule.kind == NL_RULE_ALL_TO_ALL && !p->no_self && p->excluding.count == 0;
}

/* Synapses are named as in matrix(): [post, pre]. */
static bool pair_shape(nl_resolver *rs, const nl_ast *e, const nl_projection *p, size_t shape[2])
{
    const char *why = NULL;

    if (rs->place != NL_IN_PARAM && rs->place != NL_IN_STATE)
        why = "a synapse of another projection is read in initial values and parameters only";
    else if (!connects_every_pair(p))
        why = "a synapse is read by its neurons only where all_to_all connects every pair";
    if (why != NULL) return refuse(rs, e->span, why) != 0;
    shape[0] = p->post.count;
    shape[1] = p->pre.count;
    return true;
}

static nl_ref element(nl_resolver *rs, const nl_ast *e, nl_ref source)
{
    const int rank = e->kid_count - 1;
    const nl_space *space = nl_graph_space(nl_graph_of(rs), nl_graph_node(nl_graph_of(rs), source)->space);
    const bool is_pair = space->kind == NL_SPACE_SYNAPSES;
    const int axes = is_pair ? 2 : space->rank;
    size_t pair[2];
    nl_ref indices[NL_RANK];

    if (is_pair && !pair_shape(rs, e, &rs->ck->model->projections.items[space->owner], pair)) return 0;
    if (rank != axes) {
        nl_arena *arena = rs->ck->arena;
        return refuse(rs, e->span,
                      nl_arena_printf(arena, "%s has %d ax%s, but the index names %d", nl_ast_words(arena, e->kids[0]),
                                      axes, axes == 1 ? "is" : "es", rank));
    }
    const size_t *shape = is_pair ? pair : space->shape;
    for (int k = 0; k < rank; k++) {
        indices[k] = one_index(rs, e->kids[k + 1], shape[k]);
        if (indices[k] == 0) return 0;
    }
    if (!nl_unify(rs, (const nl_ast *const *)e->kids + 1, indices, rank)) return 0;
    return gather(nl_graph_of(rs), source, flat_index(rs, indices, rank, shape));
}

/* --- sources --- */

/* X.x, without repeating a number for every element when one of them is read anyway. */
static nl_ref source_of(nl_resolver *rs, const nl_ast *base, size_t *count)
{
    const nl_ast *bare = nl_ast_bare(base);
    const nl_symbol *owner = bare->kind == NL_AST_FIELD ? nl_name_owner(rs, bare->kids[0]) : NULL;

    *count = 1;
    if (owner == NULL || owner->kind == NL_SYM_PROJECTION) return nl_resolve(rs, base);
    *count = owner->kind == NL_SYM_PART ? owner->part.count : rs->ck->model->populations.items[owner->id].count;
    const nl_ref plain = nl_member_node(rs->ck, owner, bare->name, bare->span);
    if (plain == 0 || nl_graph_node(nl_graph_of(rs), plain)->space == 0) return nl_env_apply(rs, plain);
    return nl_env_apply(rs, nl_body_member(rs->ck, owner, bare->name, bare->span));
}

/* What has one value for all: any index within its size reads it. */
static nl_ref only_element(nl_resolver *rs, const nl_ast *e, nl_ref source, size_t count)
{
    const nl_ast *bare = nl_ast_bare(e->kids[0]);

    if (bare->kind != NL_AST_FIELD
        && (bare->kind != NL_AST_NAME || rs->body == NULL || nl_entry_find(rs->body, bare->name) == NULL))
        return refuse(
            rs, e->span,
            nl_arena_printf(rs->ck->arena, "%s is a number and has no elements", nl_ast_words(rs->ck->arena, bare)));
    if (count == 1 && rs->body != NULL && rs->space != 0 && bare->kind == NL_AST_NAME)
        count = nl_graph_space(nl_graph_of(rs), rs->space)->count;
    for (int k = 1; k < e->kid_count; k++)
        if (one_index(rs, e->kids[k], count) == 0) return 0;
    return source;
}

static bool has_slice(const nl_ast *e)
{
    for (int k = 1; k < e->kid_count; k++)
        if (e->kids[k]->kind == NL_AST_SLICE) return true;
    return false;
}

/* Values known before time starts: all of NumPy's indexing, but still no negative number. */
static nl_ref static_element(nl_resolver *rs, const nl_ast *e)
{
    for (int k = 1; rs->place != NL_IN_PROBE && k < e->kid_count; k++) {
        const nl_ast *index = e->kids[k];
        if (index->kind == NL_AST_SLICE) continue;
        const nl_value value = nl_static_value(rs, index);
        if (value.kind == NL_KIND_NONE) return 0;
        if (value.rank == 0 && nl_value_known(value) && value.kind == NL_KIND_NUMBER && value.data[0] < 0)
            return refuse(rs, index->span, "in a body an index counts from 0; a negative one is out of range");
    }
    return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span);
}

nl_ref nl_resolve_index(nl_resolver *rs, const nl_ast *e)
{
    size_t count;

    if (nl_is_static(rs, e)) return static_element(rs, e);
    if (rs->place == NL_IN_PROBE) return nl_probe_index(rs, e);
    if (has_slice(e)) return refuse(rs, e->span, "in a body an index is one element, not a range");
    const nl_ref source = source_of(rs, e->kids[0], &count);
    if (source == 0) return 0;
    if (nl_graph_node(nl_graph_of(rs), source)->space == 0) return only_element(rs, e, source, count);
    return element(rs, e, source);
}
