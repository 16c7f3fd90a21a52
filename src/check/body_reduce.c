/* Reductions of whole populations, parts and arrays to a number. */
#include "body.h"

#include <string.h>

static nl_dim dim_at(const nl_graph *graph, nl_ref ref) { return nl_graph_node(graph, ref)->dim; }

typedef nl_ref (*reduce_fn)(nl_graph *graph, nl_ref ref);

static nl_ref reduced(nl_graph *graph, nl_reduction_kind kind, nl_ref ref, nl_dim dim, bool is_condition)
{
    return nl_graph_add(
        graph,
        &(nl_node){
            .kind = NL_X_REDUCE, .id = kind, .arg_count = 1, .args = { ref }, .dim = dim, .is_bool = is_condition });
}

static nl_ref reduce_sum(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_SUM, x, dim_at(graph, x), false); }
static nl_ref reduce_min(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_MIN, x, dim_at(graph, x), false); }
static nl_ref reduce_max(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_MAX, x, dim_at(graph, x), false); }
static nl_ref reduce_argmin(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_ARGMIN, x, nl_dim_none, false); }
static nl_ref reduce_argmax(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_ARGMAX, x, nl_dim_none, false); }
static nl_ref reduce_prod(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_PROD, x, nl_dim_none, false); }
static nl_ref reduce_any(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_ANY, x, nl_dim_none, true); }
static nl_ref reduce_all(nl_graph *graph, nl_ref x) { return reduced(graph, NL_R_ALL, x, nl_dim_none, true); }

/* The number of elements; that of synapses is known only when they are made, so it is counted. */
static nl_ref element_count(nl_graph *graph, uint32_t space)
{
    const nl_space *s = nl_graph_space(graph, space);

    if (s->kind != NL_SPACE_SYNAPSES) return nl_expr_const(graph, (double)s->count, nl_dim_none);
    return reduce_sum(graph, nl_spread(graph, nl_expr_bool(graph, true), space));
}

static nl_ref reduce_mean(nl_graph *graph, nl_ref x)
{
    return nl_expr_op2(graph, NL_OP_DIV, reduce_sum(graph, x), element_count(graph, nl_graph_node(graph, x)->space));
}

static nl_ref reduce_var(nl_graph *graph, nl_ref x)
{
    return reduce_mean(graph,
                       nl_expr_op1(graph, NL_OP_SQUARE, nl_expr_op2(graph, NL_OP_SUB, x, reduce_mean(graph, x))));
}

static nl_ref reduce_std(nl_graph *graph, nl_ref x) { return nl_expr_op1(graph, NL_OP_SQRT, reduce_var(graph, x)); }

static nl_ref reduce_norm(nl_graph *graph, nl_ref x)
{
    nl_dim dim;
    const nl_dim of = dim_at(graph, x);

    if (!nl_dim_apply(NL_DIM_SQUARE, &of, 1, &dim)) dim = nl_dim_unknown;
    return nl_expr_op1(graph, NL_OP_SQRT, reduced(graph, NL_R_SUMSQ, x, dim, false));
}

/* What each says about a single number. */
static nl_ref same(nl_graph *graph, nl_ref x) { return (void)graph, x; }
static nl_ref none(nl_graph *graph, nl_ref x) { return nl_expr_op2(graph, NL_OP_SUB, x, x); }
static nl_ref square_none(nl_graph *graph, nl_ref x) { return nl_expr_op1(graph, NL_OP_SQUARE, none(graph, x)); }
static nl_ref first(nl_graph *graph, nl_ref x) { return (void)x, nl_expr_const(graph, 0, nl_dim_none); }
static nl_ref magnitude(nl_graph *graph, nl_ref x) { return nl_expr_op1(graph, NL_OP_ABS, x); }

static const struct reduction {
    const char *name;
    reduce_fn of_space, of_number;
    bool of_conditions, pure;
} reductions[] = {
    { "sum", reduce_sum, same, false, false },        { "mean", reduce_mean, same, false, false },
    { "std", reduce_std, none, false, false },        { "var", reduce_var, square_none, false, false },
    { "min", reduce_min, same, false, false },        { "max", reduce_max, same, false, false },
    { "argmin", reduce_argmin, first, false, false }, { "argmax", reduce_argmax, first, false, false },
    { "prod", reduce_prod, same, false, true },       { "norm", reduce_norm, magnitude, false, false },
    { "any", reduce_any, same, true, false },         { "all", reduce_all, same, true, false },
};

static const struct reduction *reduction_find(const char *name)
{
    for (size_t k = 0; k < NL_LEN(reductions); k++)
        if (strcmp(reductions[k].name, name) == 0) return &reductions[k];
    return NULL;
}

/* What is reduced.  A state that a block made one number has still as many values as elements. */
static nl_ref reduced_value(nl_resolver *rs, const nl_ast *e, const struct reduction *row)
{
    nl_resolver all = *rs, before = *rs;

    all.guard = before.guard = 0;
    const nl_ref x = row->of_conditions
                         ? nl_resolve_condition(&all, e, nl_arena_printf(rs->ck->arena, "`%s`", row->name))
                         : nl_resolve(&all, e);
    if (x == 0 || rs->env == NULL || nl_graph_node(nl_graph_of(rs), x)->space != 0) return x;
    before.env = NULL;
    return nl_spread(nl_graph_of(rs), x, nl_graph_node(nl_graph_of(rs), nl_resolve(&before, e))->space);
}

bool nl_is_reduction(const nl_ast *call, const char *name)
{
    return call->kid_count == 2 && call->kids[1]->kind != NL_AST_ARG && reduction_find(name) != NULL;
}

nl_ref nl_resolve_reduction(nl_resolver *rs, const nl_ast *call, const char *name)
{
    const struct reduction *row = reduction_find(name);
    const nl_ref x = reduced_value(rs, call->kids[1], row);
    nl_graph *graph = nl_graph_of(rs);

    if (x == 0) return 0;
    if (row->pure && !nl_dim_is_pure(dim_at(graph, x))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, call->span, "`%s` takes pure numbers, not %s", row->name,
                    nl_dim_text(rs->ck->arena, dim_at(graph, x)));
        return 0;
    }
    return nl_graph_node(graph, x)->space == 0 ? row->of_number(graph, x) : row->of_space(graph, x);
}
