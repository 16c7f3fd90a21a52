/* Random draws and tables in bodies. */
#include "body.h"

#include <math.h>
#include <string.h>

/* --- tables --- */

static uint32_t add_table(nl_resolver *rs, nl_value value)
{
    nl_model *model = rs->ck->model;
    const nl_table table = {
        .array = value, .dt = value.table_dt, .rows = value.shape[0], .columns = value.rank > 1 ? value.shape[1] : 1
    };

    for (size_t k = 0; k < model->tables.count; k++)
        if (model->tables.items[k].array.data == value.data && model->tables.items[k].dt == value.table_dt)
            return (uint32_t)k;
    NL_PUSH(rs->ck->arena, &model->tables, table);
    return (uint32_t)(model->tables.count - 1);
}

static nl_ref refuse_columns(nl_resolver *rs, const nl_ast *call, size_t columns)
{
    nl_diag *diag =
        nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, call->span, "this table has %zu columns; say which one", columns);

    nl_diag_help(rs->ck->diags, diag, "write %s(t, i)", nl_call_name(call));
    return 0;
}

static bool check_time(nl_resolver *rs, const nl_ast *e, nl_ref ref)
{
    const nl_dim dim = nl_graph_node(nl_graph_of(rs), ref)->dim;

    if (nl_dim_equal(dim, nl_check_time_dim(rs->ck))) return true;
    nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "a table is read at a time, not at %s",
                nl_dim_text(rs->ck->arena, dim));
    return false;
}

/* stim(t), stim(t, i) */
nl_ref nl_resolve_table(nl_resolver *rs, const nl_ast *call, nl_value value)
{
    static const char *const names[] = { "t", "i" };
    const nl_ast *args[2];
    const size_t columns = value.rank > 1 ? value.shape[1] : 1;

    if (!nl_bind_args(rs, call, names, 2, 1, args)) return 0;
    if (value.rank > 2 || !nl_value_known(value)) {
        nl_refuse_argument(rs, call->span, "a body can read tables with one or two axes");
        return 0;
    }
    if (args[1] == NULL && columns > 1) return refuse_columns(rs, call, columns);
    const nl_ast *const asts[] = { args[0], args[1] != NULL ? args[1] : args[0] };
    const nl_ref first = nl_expr_const(nl_graph_of(rs), 0, nl_dim_none);
    nl_ref refs[] = { nl_resolve(rs, args[0]), args[1] != NULL ? nl_resolve(rs, args[1]) : first };
    if (refs[0] == 0 || refs[1] == 0 || (refs[1] = nl_checked_index(rs, asts[1], refs[1], columns)) == 0
        || !nl_unify(rs, asts, refs, 2))
        return 0;
    if (!check_time(rs, args[0], refs[0])) return 0;
    nl_node node = { .kind = NL_X_TABLE, .id = add_table(rs, value), .arg_count = 2, .dim = value.dim };
    for (int k = 0; k < 2; k++) {
        const uint32_t space = nl_graph_node(nl_graph_of(rs), refs[k])->space;
        node.args[k] = refs[k];
        if (space != 0) node.space = space;
    }
    return nl_graph_add(nl_graph_of(rs), &node);
}

/* --- draws --- */

static uint32_t stream_use(nl_resolver *rs)
{
    nl_body_state *state = nl_body_state_of(rs->ck);

    for (size_t k = 0; k < state->streams.count; k++)
        if (strcmp(state->streams.items[k].name, rs->stream) == 0) return state->streams.items[k].uses++;
    const nl_stream_use use = { .name = rs->stream, .uses = 1 };
    NL_PUSH(rs->ck->arena, &state->streams, use);
    return 0;
}

static bool check_draw_place(nl_resolver *rs, const nl_ast *call)
{
    static const char *const words[] = {
        [NL_IN_LET] = "a `let`",       [NL_IN_EQUATION] = "an equation",          [NL_IN_FLOW] = "what synapses bring",
        [NL_IN_HISTORY] = "a history", [NL_IN_RULE] = "a connection rule",        [NL_IN_BOUND] = "a bound",
        [NL_IN_PROBE] = "a record",    [NL_IN_REFRACTORY] = "a refractory period"
    };

    if ((size_t)rs->place >= NL_LEN(words) || words[rs->place] == NULL) return true;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DRAW, call->span, "`%s` cannot draw in %s", nl_call_name(call),
                                words[rs->place]);
    if (rs->place == NL_IN_RULE) nl_diag_help(rs->ck->diags, diag, "draw it in a `param` of the populations");
    else if (rs->place == NL_IN_REFRACTORY) nl_diag_help(rs->ck->diags, diag, "draw it in a `param`");
    else
        nl_diag_help(rs->ck->diags, diag,
                     "use xi for noise in an equation, or a state that `next` or `every step` draws anew");
    return false;
}

/* The dimension of a draw: that of its location and scale; counts and conditions are pure. */
static bool draw_dim(nl_resolver *rs, const nl_ast *call, nl_dist dist, const nl_ref *args, int count, nl_dim *out)
{
    const bool pure = dist == NL_DIST_POISSON || dist == NL_DIST_BINOMIAL || dist == NL_DIST_BERNOULLI;

    *out = pure ? nl_dim_none : nl_dim_any;
    for (int k = 0; k < count; k++) {
        const nl_dim dim = nl_graph_node(nl_graph_of(rs), args[k])->dim;
        const nl_dim wanted = dist == NL_DIST_GAMMA && k == 0 ? nl_dim_none : *out;
        if (!nl_dim_equal(dim, wanted)) {
            nl_diag_add(rs->ck->diags, NL_E_DIMENSION, call->kids[k + 1]->span, "`%s` takes %s here, not %s",
                        nl_call_name(call), nl_dim_text(rs->ck->arena, wanted), nl_dim_text(rs->ck->arena, dim));
            return false;
        }
        if (!pure && (dist != NL_DIST_GAMMA || k > 0)) *out = nl_dim_common(*out, dim);
    }
    if (out->any) *out = nl_dim_none;
    return true;
}

/* A probability that is known must be one. */
static bool check_probability(nl_resolver *rs, const nl_ast *call, nl_dist dist, const nl_ref *args)
{
    const int slot = dist == NL_DIST_BERNOULLI ? 0 : dist == NL_DIST_BINOMIAL ? 1 : -1;
    double p;

    if (slot < 0 || !nl_expr_is_const(nl_graph_of(rs), args[slot], &p) || (p >= 0 && p <= 1)) return true;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DOMAIN, call->kids[slot + 1]->span,
                                "`p` of `%s` is a probability, not %.10g", nl_call_name(call), p);
    if (p > 1)
        nl_diag_help(rs->ck->diags, diag,
                     "several spikes in a step are counted: every step { x += w * poisson(rate * dt) }");
    return false;
}

static bool check_no_size(nl_resolver *rs, const nl_ast *call)
{
    for (int k = 1; k < call->kid_count; k++)
        if (call->kids[k]->kind == NL_AST_ARG && strcmp(call->kids[k]->name, "size") == 0)
            return nl_refuse_argument(rs, call->kids[k]->span,
                                      "in a body each element draws its own number; leave out `size`");
    return true;
}

nl_ref nl_resolve_draw(nl_resolver *rs, const nl_ast *call, nl_dist dist)
{
    const nl_dist_info *info = &nl_dists[dist];
    const char *names[NL_NODE_ARGS];
    const nl_ast *args[NL_NODE_ARGS];
    nl_ref refs[NL_NODE_ARGS] = { 0 };
    const int count = nl_split_names(rs->ck->arena, info->args, names, NL_NODE_ARGS);
    nl_dim dim;

    if (!check_draw_place(rs, call) || !check_no_size(rs, call)
        || !nl_bind_args(rs, call, names, count, info->arg_count, args))
        return 0;
    for (int k = 0; k < info->arg_count; k++)
        if ((refs[k] = nl_body_value(rs, args[k])) == 0) return 0;
    if (!draw_dim(rs, call, dist, refs, info->arg_count, &dim) || !check_probability(rs, call, dist, refs)) return 0;
    const nl_draw_def def = { .dist = dist, .stream = rs->stream, .use = stream_use(rs), .span = call->span };
    nl_node node = { .kind = NL_X_DRAW,
                     .id = (uint32_t)rs->ck->model->draws.count,
                     .arg_count = (uint8_t)info->arg_count,
                     .space = rs->space,
                     .dim = dim,
                     .is_bool = dist == NL_DIST_BERNOULLI };
    memcpy(node.args, refs, sizeof node.args);
    NL_PUSH(rs->ck->arena, &rs->ck->model->draws, def);
    return nl_graph_add(nl_graph_of(rs), &node);
}

int nl_dist_find(const char *name)
{
    for (int k = 0; k < NL_DIST_COUNT; k++)
        if (strcmp(nl_dists[k].name, name) == 0) return k;
    return -1;
}

/* --- white noise --- */

bool nl_is_noise(const char *name) { return strncmp(name, "xi", 2) == 0 && (name[2] == '\0' || name[2] == '_'); }

/* The draw of a symbol of noise in this population, the same wherever the symbol stands. */
static uint32_t noise_draw(nl_resolver *rs, const nl_ast *e)
{
    nl_model *model = rs->ck->model;
    const char *stream = nl_arena_printf(rs->ck->arena, "%s%s", rs->body->prefix, e->name);

    for (size_t k = 0; k < model->draws.count; k++)
        if (strcmp(model->draws.items[k].stream, stream) == 0) return (uint32_t)k;
    const nl_draw_def def = { .dist = NL_DIST_NORMAL, .stream = stream, .span = e->span };
    NL_PUSH(rs->ck->arena, &model->draws, def);
    return (uint32_t)(model->draws.count - 1);
}

/* xi: over a step, a normal number divided by the root of the step. */
nl_ref nl_resolve_noise(nl_resolver *rs, const nl_ast *e)
{
    nl_graph *graph = nl_graph_of(rs);
    nl_dim time = nl_check_time_dim(rs->ck), root = nl_dim_none;

    if (rs->body == NULL) {
        nl_body_not_yet(rs->ck, e->span, "white noise (`xi`) outside of a body is");
        return 0;
    }
    if (rs->place != NL_IN_EQUATION && rs->place != NL_IN_LET) {
        nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DRAW, e->span, "`%s` is noise of an equation x' = ..", e->name);
        nl_diag_help(rs->ck->diags, diag, "elsewhere a number is drawn: normal(0, 1)");
        return 0;
    }
    nl_node draw = { .kind = NL_X_DRAW, .id = noise_draw(rs, e), .arg_count = 2, .space = rs->body->space };
    draw.args[0] = nl_expr_const(graph, 0, nl_dim_none);
    draw.args[1] = nl_expr_const(graph, 1, nl_dim_none);
    (void)nl_dim_power(time, -0.5, &root);
    return nl_expr_op2(graph, NL_OP_MUL, nl_graph_add(graph, &draw),
                       nl_expr_const(graph, 1 / sqrt(rs->ck->model->dt), root));
}
