#include "connect.h"

#include <limits.h>

static nl_side side_of(const nl_model *model, const nl_part *part)
{
    const nl_population *p = &model->populations.items[part->population];
    const bool is_grid = part->whole && p->rank == 2;

    return (nl_side){ .count = part->count,
                      .rank = is_grid ? 2 : 1,
                      .shape = { is_grid ? p->shape[0] : part->count, is_grid ? p->shape[1] : 1 } };
}

static void excluded(const nl_direct *direct, const nl_projection *p, nl_conn_context *cx)
{
    const nl_conn **list = NL_NEW_ARRAY(cx->arena, const nl_conn *, p->excluding.count + 1);

    for (size_t k = 0; k < p->excluding.count; k++) list[k] = direct->conns[p->excluding.items[k]];
    cx->excluding = list;
    cx->excluding_count = p->excluding.count;
}

static nl_conn *by_pairs(const nl_direct *direct, uint32_t number, nl_conn_context *cx,
                         nl_conn *(*build)(nl_conn_context *, nl_pair_fn, void *))
{
    nl_direct_pairs *pairs = nl_direct_pairs_new(direct, direct->model->projections.items[number].rule.expr, number);
    nl_conn *conn = build(cx, nl_direct_pairs_eval, pairs);

    nl_direct_pairs_free(pairs);
    return conn;
}

static nl_conn *random_rule(const nl_direct *direct, uint32_t number, nl_conn_context *cx)
{
    const nl_ref expr = direct->model->projections.items[number].rule.expr;
    double p;
    nl_ref bad;

    if (nl_graph_node(direct->model->graph, expr)->space != 0) return by_pairs(direct, number, cx, nl_conn_random_by);
    (void)nl_direct_eval(direct, expr, 0, 0, 1, &p, &bad);
    return nl_conn_random(cx, p);
}

static nl_conn *offsets_rule(const nl_rule *rule, nl_conn_context *cx)
{
    const nl_value v = rule->values[0];
    const size_t count = v.rank > 0 ? v.shape[0] : 1;
    int32_t(*offsets)[2] = nl_arena_alloc(cx->arena, (count + 1) * sizeof *offsets);

    for (size_t k = 0; k < count; k++) {
        const bool is_pair = v.rank == 2;
        offsets[k][0] = (int32_t)v.data[is_pair ? 2 * k : k];
        offsets[k][1] = is_pair ? (int32_t)v.data[2 * k + 1] : 0;
    }
    return nl_conn_offsets(cx, count, (const int32_t(*)[2])offsets, NULL, (nl_boundary)rule->boundary);
}

static nl_conn *build(const nl_direct *direct, uint32_t number, const nl_rule *rule, nl_conn_context *cx)
{
    const nl_value *v = rule->values;

    switch (rule->kind) {
    case NL_RULE_ALL_TO_ALL: return nl_conn_all_to_all(cx);
    case NL_RULE_ONE_TO_ONE: return nl_conn_one_to_one(cx);
    case NL_RULE_RANDOM: return random_rule(direct, number, cx);
    case NL_RULE_WHERE: return by_pairs(direct, number, cx, nl_conn_where);
    case NL_RULE_FIXED_INDEGREE: return nl_conn_fixed_indegree(cx, (size_t)*v[0].data, rule->multapses);
    case NL_RULE_FIXED_OUTDEGREE: return nl_conn_fixed_outdegree(cx, (size_t)*v[0].data, rule->multapses);
    case NL_RULE_FIXED_TOTAL: return nl_conn_fixed_total(cx, (size_t)*v[0].data);
    case NL_RULE_OFFSETS: return offsets_rule(rule, cx);
    case NL_RULE_KERNEL: return nl_conn_kernel(cx, v[0].rank, v[0].shape, v[0].data, (nl_boundary)rule->boundary);
    case NL_RULE_LOW_RANK: return nl_conn_low_rank(cx, v[0].rank > 1 ? v[0].shape[1] : 1, v[0].data, v[1].data);
    case NL_RULE_PAIRS: return nl_conn_pairs(cx, v[0].rank > 0 ? v[0].shape[0] : 1, v[0].data, v[1].data);
    case NL_RULE_WEIGHTS: return nl_conn_weights(cx, v[0].data, rule->zeros);
    }
    return NULL;
}

static nl_conn_context context(const nl_direct *direct, uint32_t number, nl_arena *arena, nl_diags *diags)
{
    const nl_model *model = direct->model;
    const nl_projection *p = &model->projections.items[number];
    const bool one_population = p->pre.population == p->post.population;
    return (nl_conn_context){
        .arena = arena,
        .diags = diags,
        .span = p->rule.span,
        .name = p->name,
        .stream = nl_stream_of(model->seed, p->name, 0),
        .uniform = direct->kernels->draw[NL_DIST_UNIFORM],
        .pre = side_of(model, &p->pre),
        .post = side_of(model, &p->post),
        .same = one_population && p->pre.begin == p->post.begin && p->pre.count == p->post.count,
        .self_offset = one_population ? (long)p->post.begin - (long)p->pre.begin : LONG_MIN,
        .no_self = p->no_self,
    };
}

nl_conn *nl_connect(const nl_direct *direct, uint32_t number, nl_arena *arena, nl_diags *diags)
{
    const nl_projection *p = &direct->model->projections.items[number];
    nl_conn_context cx = context(direct, number, arena, diags);

    excluded(direct, p, &cx);
    nl_conn *conn = build(direct, number, &p->rule, &cx);
    return p->by_pre ? nl_conn_by_pre(&cx, conn, p->by_post) : conn;
}

bool nl_connect_check(const nl_direct *direct, uint32_t number, nl_arena *arena, nl_diags *diags)
{
    const nl_rule *rule = &direct->model->projections.items[number].rule;
    nl_conn_context cx = context(direct, number, arena, diags);
    double p;

    switch (rule->kind) {
    case NL_RULE_RANDOM:
        return !nl_expr_is_const(direct->model->graph, rule->expr, &p) || nl_conn_check_probability(&cx, p);
    case NL_RULE_FIXED_INDEGREE:
    case NL_RULE_FIXED_OUTDEGREE:
        return nl_conn_check_degree(&cx, rule->kind == NL_RULE_FIXED_OUTDEGREE, (size_t)*rule->values[0].data,
                                    rule->multapses);
    default: return true;
    }
}

static bool fill_given(const nl_conn *conn, nl_value value, double *out)
{
    if (value.rank > 0 && conn->given_order == NULL) {
        nl_conn_by_place(conn, value.data, out);
        return true;
    }
    for (size_t s = 0; s < conn->synapse_count; s++) out[s] = value.data[value.rank > 0 ? conn->given_order[s] : 0];
    return true;
}

bool nl_connect_given(const nl_model *model, uint32_t var, const nl_conn *conn, double *out)
{
    const nl_rule *rule = &model->projections.items[model->vars.items[var].projection].rule;

    for (size_t k = 0; k < rule->given.count; k++)
        if (rule->given.items[k].var == var) return fill_given(conn, rule->given.items[k].value, out);
    if (rule->weight_var != var) return false;
    nl_conn_rule_weights(conn, 0, conn->synapse_count, out);
    return true;
}
