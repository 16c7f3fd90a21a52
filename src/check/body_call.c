/* Calls in bodies: functions of the file (inlined), elementwise functions, reductions, draws, tables. */
#include "body.h"

#include <string.h>

enum { DEEPEST_CALL = 64 };

/* --- arguments --- */

static int name_index(const char *const *names, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) return k;
    return -1;
}

static const char *call_name(const nl_ast *call)
{
    const nl_ast *base = call->kind == NL_AST_NAME ? call : nl_ast_bare(nl_ast_kid(call, 0));

    return base->kind == NL_AST_NAME ? base->name : "this";
}

static bool refuse_argument(nl_resolver *rs, nl_span span, const char *sentence)
{
    nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, span, "%s", sentence);
    return false;
}

/* Sorts the arguments of a call by the names of its parameters; the first `needed` must be there. */
bool nl_bind_args(nl_resolver *rs, const nl_ast *call, const char *const *names, int count, int needed, const nl_ast **out)
{
    nl_arena *arena = rs->ck->arena;
    const char *f = call_name(call);

    memset(out, 0, (size_t)count * sizeof *out);
    for (int k = 1, at = 0; k < call->kid_count; k++) {
        const nl_ast *arg = call->kids[k];
        const int index = arg->kind == NL_AST_ARG ? name_index(names, count, arg->name) : at++;
        if (index < 0) {
            const char *close = nl_suggest(arg->name, names, (size_t)count);
            nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, arg->span, "`%s` has no argument `%s`", f, arg->name);
            if (close != NULL) nl_diag_help(rs->ck->diags, diag, "did you mean `%s`?", close);
            return false;
        }
        if (index >= count) return refuse_argument(rs, arg->span, nl_arena_printf(arena, "`%s` takes at most %d argument%s", f, count, count == 1 ? "" : "s"));
        if (out[index] != NULL) return refuse_argument(rs, arg->span, nl_arena_printf(arena, "`%s` is given twice", names[index]));
        out[index] = arg->kind == NL_AST_ARG ? arg->kids[0] : arg;
    }
    for (int k = 0; k < needed; k++)
        if (out[k] == NULL) return refuse_argument(rs, call->span, nl_arena_printf(arena, "`%s` needs `%s`", f, names[k]));
    return true;
}

/* --- functions of the file --- */

static nl_ref resolve_block(nl_resolver *rs, const nl_ast *block, int from, bool *returns);

static bool bind_let(nl_resolver *rs, const nl_ast *item)
{
    nl_symbol *symbol = NL_NEW(rs->ck->arena, nl_symbol);
    const nl_ast *expr = nl_ast_kid(item, 1);

    *symbol = (nl_symbol){ .kind = NL_SYM_BODY_LET, .name = item->name, .span = item->span, .slot = -1, .array = -1 };
    if (nl_is_static(rs, expr)) {
        symbol->kind = NL_SYM_VALUE;
        symbol->value = nl_static_value(rs, expr);
    } else {
        symbol->node = nl_resolve(rs, expr);
    }
    NL_PUSH(rs->ck->arena, &rs->scope->symbols, symbol);
    return symbol->kind == NL_SYM_VALUE ? symbol->value.kind != NL_KIND_NONE : symbol->node != 0;
}

static nl_ref resolve_if(nl_resolver *rs, const nl_ast *e, const nl_ast *block, int next, bool *returns);

/* One side of an `if`; where it does not return, the rest of the block does. */
static nl_ref resolve_branch(nl_resolver *rs, nl_ref condition, bool holds, const nl_ast *branch, const nl_ast *block, int next, bool *returns)
{
    nl_resolver sub = nl_resolver_under(rs, condition, holds);

    *returns = false;
    if (branch != NULL && branch->kind == NL_AST_IF) return resolve_if(&sub, branch, block, next, returns);
    sub.scope = nl_scope_new(rs->ck->arena, rs->scope);
    const nl_ref ref = branch != NULL ? resolve_block(&sub, branch, 0, returns) : 0;
    sub.scope = rs->scope;
    return *returns ? ref : resolve_block(&sub, block, next, returns);
}

static nl_dim dim_at(const nl_graph *graph, nl_ref ref) { return nl_graph_node(graph, ref)->dim; }

static nl_ref resolve_if(nl_resolver *rs, const nl_ast *e, const nl_ast *block, int next, bool *returns)
{
    const nl_ast *const asts[] = { e->kids[0], e, e }, *other = nl_ast_kid(e, 2);
    nl_graph *graph = nl_graph_of(rs);
    bool second;
    double known;
    nl_ref args[3] = { nl_resolve_condition(rs, e->kids[0], "`if`") };

    if (args[0] == 0) return *returns = true, 0;
    if (nl_expr_is_const(graph, args[0], &known)) return resolve_branch(rs, 0, true, known != 0 ? e->kids[1] : other, block, next, returns);
    args[1] = resolve_branch(rs, args[0], true, e->kids[1], block, next, returns);
    args[2] = resolve_branch(rs, args[0], false, other, block, next, &second);
    *returns = *returns && second;
    if (args[1] == 0 || args[2] == 0) return 0;
    if (!nl_dim_equal(dim_at(graph, args[1]), dim_at(graph, args[2]))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "the branches of `if` return %s and %s",
                    nl_dim_text(rs->ck->arena, dim_at(graph, args[1])), nl_dim_text(rs->ck->arena, dim_at(graph, args[2])));
        return 0;
    }
    const nl_dim dim = nl_dim_common(dim_at(graph, args[1]), dim_at(graph, args[2]));
    return nl_unify(rs, asts, args, 3) ? nl_op_node(rs, NL_OP_IF, args, 3, dim) : 0;
}

static nl_ref resolve_block(nl_resolver *rs, const nl_ast *block, int from, bool *returns)
{
    for (int k = from; k < block->kid_count; k++) {
        const nl_ast *statement = block->kids[k];

        if (statement->kind == NL_AST_RETURN) {
            *returns = true;
            return nl_resolve(rs, statement->kids[0]);
        }
        if (statement->kind == NL_AST_IF) return resolve_if(rs, statement, block, k + 1, returns);
        for (int j = 0; statement->kind == NL_AST_LETS && j < statement->kid_count; j++)
            if (!bind_let(rs, statement->kids[j])) {
                *returns = true;
                return 0;
            }
    }
    return 0;
}

static nl_ref function_value(nl_resolver *rs, const nl_ast *call, const nl_ast *function)
{
    const nl_ast *body = nl_ast_kid(function, 1);
    bool returns = false;

    if (body->kind != NL_AST_BLOCK) return nl_resolve(rs, body);
    const nl_ref ref = resolve_block(rs, body, 0, &returns);
    if (!returns) nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, call->span, "`%s` ends without returning a value", function->name);
    return ref;
}

/* Binds what a call gives to the names of the parameters: nodes, or values of any kind where they are known. */
static bool bind_parameter(nl_resolver *caller, nl_resolver *callee, const nl_ast *param, const nl_ast *arg)
{
    nl_symbol *symbol = NL_NEW(caller->ck->arena, nl_symbol);
    nl_resolver *from = arg != NULL ? caller : callee;

    *symbol = (nl_symbol){ .kind = NL_SYM_BODY_LET, .name = param->name, .span = param->span, .slot = -1, .array = -1 };
    if (arg == NULL) arg = nl_ast_kid(param, 0);
    if (nl_is_static(from, arg)) {
        symbol->kind = NL_SYM_VALUE;
        symbol->value = nl_static_value(from, arg);
    } else {
        symbol->node = nl_resolve(from, arg);
    }
    NL_PUSH(caller->ck->arena, &callee->scope->symbols, symbol);
    if (symbol->node == 0 && symbol->value.kind == NL_KIND_NONE) return false;
    const nl_dim got = symbol->node != 0 ? nl_graph_node(nl_graph_of(caller), symbol->node)->dim : symbol->value.dim;
    return !param->has_unit || nl_body_dim_fits(caller->ck, arg->span, param->name, param->unit.dim, "what is given", got);
}

/* A resolver for the inside of something that is called with arguments (a function, a connector), its parameters bound. */
bool nl_call_enter(nl_resolver *rs, const nl_ast *call, const nl_ast *parameters, nl_resolver *inside)
{
    const int count = parameters != NULL ? parameters->kid_count : 0;
    const char **names = NL_NEW_ARRAY(rs->ck->arena, const char *, (size_t)count + 1);
    const nl_ast **args = NL_NEW_ARRAY(rs->ck->arena, const nl_ast *, (size_t)count + 1);
    int needed = 0;
    bool done = true;

    for (int k = 0; k < count; k++) {
        names[k] = parameters->kids[k]->name;
        if (nl_ast_kid(parameters->kids[k], 0) == NULL) needed = k + 1;
    }
    *inside = *rs;
    inside->scope = nl_scope_new(rs->ck->arena, rs->outer);
    if (++inside->depth > DEEPEST_CALL) {
        nl_diag_add(rs->ck->diags, NL_E_RECURSION, call->span, "`%s` calls itself", call_name(call));
        return false;
    }
    if (call->kind == NL_AST_CALL && !nl_bind_args(rs, call, names, count, 0, args)) return false;
    for (int k = 0; k < needed; k++)
        if (args[k] == NULL && nl_ast_kid(parameters->kids[k], 0) == NULL)
            return refuse_argument(rs, call->span, nl_arena_printf(rs->ck->arena, "`%s` needs `%s`", call_name(call), names[k]));
    for (int k = 0; k < count; k++) done = bind_parameter(rs, inside, parameters->kids[k], args[k]) && done;
    return done;
}

static nl_ref call_function(nl_resolver *rs, const nl_ast *call, const nl_symbol *symbol)
{
    const nl_ast *function = symbol->decl;
    nl_resolver inside;

    if (!nl_call_enter(rs, call, nl_ast_kid(function, 0), &inside)) return 0;
    inside.body = NULL;
    inside.env = NULL;
    const nl_ref ref = function_value(&inside, call, function);
    if (ref == 0 || !function->has_unit) return ref;
    return nl_body_dim_fits(rs->ck, call->span, function->name, function->unit.dim, "its value", nl_graph_node(nl_graph_of(rs), ref)->dim) ? ref : 0;
}

/* --- tables --- */

static uint32_t add_table(nl_resolver *rs, nl_value value)
{
    nl_model *model = rs->ck->model;
    const nl_table table = { .array = value, .dt = value.table_dt, .rows = value.shape[0], .columns = value.rank > 1 ? value.shape[1] : 1 };

    for (size_t k = 0; k < model->tables.count; k++)
        if (model->tables.items[k].array.data == value.data && model->tables.items[k].dt == value.table_dt) return (uint32_t)k;
    NL_PUSH(rs->ck->arena, &model->tables, table);
    return (uint32_t)(model->tables.count - 1);
}

/* stim(t), stim(t, i) */
static nl_ref call_table(nl_resolver *rs, const nl_ast *call, nl_value value)
{
    static const char *const names[] = { "t", "i" };
    const nl_ast *args[2];
    const size_t columns = value.rank > 1 ? value.shape[1] : 1;

    if (!nl_bind_args(rs, call, names, 2, 1, args)) return 0;
    if (value.rank > 2 || !nl_value_known(value)) {
        refuse_argument(rs, call->span, "a body can read tables with one or two axes");
        return 0;
    }
    if (args[1] == NULL && columns > 1) {
        nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, call->span, "this table has %zu columns; say which one", columns);
        nl_diag_help(rs->ck->diags, diag, "write %s(t, i)", call_name(call));
        return 0;
    }
    nl_ref refs[2] = { nl_resolve(rs, args[0]), args[1] != NULL ? nl_resolve(rs, args[1]) : nl_expr_const(nl_graph_of(rs), 0, nl_dim_none) };
    const nl_ast *const asts[] = { args[0], args[1] != NULL ? args[1] : args[0] };
    if (refs[0] == 0 || refs[1] == 0 || (refs[1] = nl_checked_index(rs, asts[1], refs[1], columns)) == 0 || !nl_unify(rs, asts, refs, 2)) return 0;
    const nl_dim time = nl_graph_node(nl_graph_of(rs), refs[0])->dim;
    if (!nl_dim_equal(time, nl_check_time_dim(rs->ck))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, args[0]->span, "a table is read at a time, not at %s", nl_dim_text(rs->ck->arena, time));
        return 0;
    }
    const uint32_t first = nl_graph_node(nl_graph_of(rs), refs[0])->space, second = nl_graph_node(nl_graph_of(rs), refs[1])->space;
    return nl_graph_add(nl_graph_of(rs), &(nl_node){ .kind = NL_X_TABLE, .id = add_table(rs, value), .arg_count = 2, .args = { refs[0], refs[1] },
                                                     .space = first != 0 ? first : second, .dim = value.dim });
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
    static const char *const words[] = { [NL_IN_LET] = "a `let`", [NL_IN_EQUATION] = "an equation", [NL_IN_FLOW] = "what synapses bring",
                                         [NL_IN_HISTORY] = "a history", [NL_IN_RULE] = "a connection rule", [NL_IN_BOUND] = "a bound",
                                         [NL_IN_PROBE] = "a record" };

    if ((size_t)rs->place >= NL_LEN(words) || words[rs->place] == NULL) return true;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DRAW, call->span, "`%s` cannot draw in %s", call_name(call), words[rs->place]);
    if (rs->place == NL_IN_RULE) nl_diag_help(rs->ck->diags, diag, "draw it in a `param` of the populations");
    else nl_diag_help(rs->ck->diags, diag, "use xi for noise in an equation, or a state that `next` or `every step` draws anew");
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
            nl_diag_add(rs->ck->diags, NL_E_DIMENSION, call->kids[k + 1]->span, "`%s` takes %s here, not %s", call_name(call),
                        nl_dim_text(rs->ck->arena, wanted), nl_dim_text(rs->ck->arena, dim));
            return false;
        }
        if (!pure && (dist != NL_DIST_GAMMA || k > 0)) *out = nl_dim_common(*out, dim);
    }
    if (out->any) *out = nl_dim_none;
    return true;
}

/* The names of arguments in a row's text: "mean, sd". */
static int split_names(nl_arena *arena, const char *text, const char **names, int room)
{
    int count = 0;

    while (*text != '\0' && count < room) {
        const size_t length = strcspn(text, ",= ");
        names[count++] = nl_arena_strndup(arena, text, length);
        text += length + strcspn(text + length, ",");
        text += strspn(text, ", ");
    }
    return count;
}

static bool check_no_size(nl_resolver *rs, const nl_ast *call)
{
    for (int k = 1; k < call->kid_count; k++)
        if (call->kids[k]->kind == NL_AST_ARG && strcmp(call->kids[k]->name, "size") == 0)
            return refuse_argument(rs, call->kids[k]->span, "in a body each element draws its own number; leave out `size`");
    return true;
}

static nl_ref call_draw(nl_resolver *rs, const nl_ast *call, nl_dist dist)
{
    const nl_dist_info *info = &nl_dists[dist];
    const char *names[NL_NODE_ARGS];
    const nl_ast *args[NL_NODE_ARGS];
    nl_ref refs[NL_NODE_ARGS] = { 0 };
    const int count = split_names(rs->ck->arena, info->args, names, NL_NODE_ARGS);
    nl_dim dim;

    if (!check_draw_place(rs, call) || !check_no_size(rs, call) || !nl_bind_args(rs, call, names, count, info->arg_count, args)) return 0;
    for (int k = 0; k < info->arg_count; k++)
        if ((refs[k] = nl_body_value(rs, args[k])) == 0) return 0;
    if (!draw_dim(rs, call, dist, refs, info->arg_count, &dim)) return 0;
    const nl_draw_def def = { .dist = dist, .stream = rs->stream, .use = stream_use(rs), .span = call->span };
    nl_node node = { .kind = NL_X_DRAW, .id = (uint32_t)rs->ck->model->draws.count, .arg_count = (uint8_t)info->arg_count, .space = rs->space, .dim = dim,
                     .is_bool = dist == NL_DIST_BERNOULLI };
    memcpy(node.args, refs, sizeof node.args);
    NL_PUSH(rs->ck->arena, &rs->ck->model->draws, def);
    return nl_graph_add(nl_graph_of(rs), &node);
}

static int dist_find(const char *name)
{
    for (int k = 0; k < NL_DIST_COUNT; k++)
        if (strcmp(nl_dists[k].name, name) == 0) return k;
    return -1;
}

/* --- reductions --- */

typedef nl_ref (*reduce_fn)(nl_graph *graph, nl_ref ref);

static nl_ref reduced(nl_graph *graph, nl_reduction_kind kind, nl_ref ref, nl_dim dim, bool is_condition)
{
    return nl_graph_add(graph, &(nl_node){ .kind = NL_X_REDUCE, .id = kind, .arg_count = 1, .args = { ref }, .dim = dim, .is_bool = is_condition });
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
    return reduce_mean(graph, nl_expr_op1(graph, NL_OP_SQUARE, nl_expr_op2(graph, NL_OP_SUB, x, reduce_mean(graph, x))));
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
    { "sum", reduce_sum, same, false, false }, { "mean", reduce_mean, same, false, false }, { "std", reduce_std, none, false, false },
    { "var", reduce_var, square_none, false, false }, { "min", reduce_min, same, false, false }, { "max", reduce_max, same, false, false },
    { "argmin", reduce_argmin, first, false, false }, { "argmax", reduce_argmax, first, false, false },
    { "prod", reduce_prod, same, false, true }, { "norm", reduce_norm, magnitude, false, false },
    { "any", reduce_any, same, true, false }, { "all", reduce_all, same, true, false },
};

static const struct reduction *reduction_find(const char *name, const nl_ast *call)
{
    if (call->kid_count != 2 || call->kids[1]->kind == NL_AST_ARG) return NULL;
    for (size_t k = 0; k < NL_LEN(reductions); k++)
        if (strcmp(reductions[k].name, name) == 0) return &reductions[k];
    return NULL;
}

/* What is reduced.  A state that a block made one number has still as many values as elements. */
static nl_ref reduced_value(nl_resolver *rs, const nl_ast *e, const struct reduction *row)
{
    nl_resolver all = *rs, before = *rs;

    all.guard = before.guard = 0;
    const nl_ref x = row->of_conditions ? nl_resolve_condition(&all, e, nl_arena_printf(rs->ck->arena, "`%s`", row->name)) : nl_resolve(&all, e);
    if (x == 0 || rs->env == NULL || nl_graph_node(nl_graph_of(rs), x)->space != 0) return x;
    before.env = NULL;
    return nl_spread(nl_graph_of(rs), x, nl_graph_node(nl_graph_of(rs), nl_resolve(&before, e))->space);
}

static nl_ref call_reduction(nl_resolver *rs, const nl_ast *call, const struct reduction *row)
{
    const nl_ref x = reduced_value(rs, call->kids[1], row);
    nl_graph *graph = nl_graph_of(rs);

    if (x == 0) return 0;
    if (row->pure && !nl_dim_is_pure(dim_at(graph, x))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, call->span, "`%s` takes pure numbers, not %s", row->name, nl_dim_text(rs->ck->arena, dim_at(graph, x)));
        return 0;
    }
    return nl_graph_node(graph, x)->space == 0 ? row->of_number(graph, x) : row->of_space(graph, x);
}

/* --- elementwise functions --- */

/* pulse(t, on, off) switches at whole steps, like every comparison of the clock. */
static nl_ref pulse(nl_resolver *rs, const nl_ref *args, int count)
{
    const nl_ref from = nl_compare(rs, ">=", args[0], args[1]);

    return count < 3 ? from : nl_expr_op2(nl_graph_of(rs), NL_OP_AND, from, nl_compare(rs, "<", args[0], args[2]));
}

static nl_ref call_op(nl_resolver *rs, const nl_ast *call, const char *name)
{
    nl_eval_context cx = nl_value_context(rs);
    const char *names[NL_OP_ARGS];
    const nl_ast *asts[NL_OP_ARGS];
    nl_ref refs[NL_OP_ARGS];
    nl_arg args[NL_OP_ARGS];
    const int count = call->kid_count - 1;
    nl_op op = nl_op_find(name, count);

    if (op == NL_OP_COUNT) op = nl_op_find(name, -1);
    const int arity = split_names(rs->ck->arena, nl_ops[op].args, names, NL_OP_ARGS);
    if (!nl_bind_args(rs, call, names, arity, arity, asts)) return 0;
    for (int k = 0; k < arity; k++) refs[k] = nl_resolve(rs, asts[k]);
    for (int k = 0; k < arity; k++) {
        if (refs[k] == 0) return 0;
        args[k] = (nl_arg){ .value = nl_stand_in(rs, refs[k]), .span = asts[k]->span };
    }
    const nl_value value = nl_func_call(&cx, call->span, name, args, (size_t)arity);
    if (value.kind == NL_KIND_NONE || !nl_unify(rs, asts, refs, arity)) return 0;
    if (op == NL_OP_PULSE || op == NL_OP_PULSE_OFF) return pulse(rs, refs, arity);
    return nl_op_node(rs, op, refs, arity, value.dim);
}

/* --- distance(pre, post) --- */

static nl_ref side_difference(nl_resolver *rs, const nl_ast *call, const char *member)
{
    nl_ast pre = { .kind = NL_AST_FIELD, .span = call->span, .name = member, .kid_count = 1, .kids = (nl_ast *[]){ call->kids[1] } };
    nl_ast post = { .kind = NL_AST_FIELD, .span = call->span, .name = member, .kid_count = 1, .kids = (nl_ast *[]){ call->kids[2] } };
    const nl_ref a = nl_resolve_field(rs, &pre), b = nl_resolve_field(rs, &post);

    return a != 0 && b != 0 ? nl_expr_op2(nl_graph_of(rs), NL_OP_SUB, a, b) : 0;
}

static int side_rank(const nl_resolver *rs, const nl_part *part)
{
    return rs->ck->model->populations.items[part->population].rank;
}

/* Between the places of two neurons: their numbers on a line, rows and columns on a grid. */
static nl_ref resolve_distance(nl_resolver *rs, const nl_ast *call)
{
    nl_graph *graph = nl_graph_of(rs);

    if (rs->body == NULL || !rs->body->is_projection || call->kid_count != 3) {
        nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, call->span, "distance(pre, post) stands in projections and connection rules");
        return 0;
    }
    const nl_projection *p = &rs->ck->model->projections.items[rs->body->number];
    const bool grid = side_rank(rs, &p->pre) == 2;
    if (grid != (side_rank(rs, &p->post) == 2)) {
        nl_diag_add(rs->ck->diags, NL_E_SHAPE, call->span, "there is no distance between a line and a grid");
        return 0;
    }
    if (!grid) {
        const nl_ref along = side_difference(rs, call, "i");
        return along != 0 ? nl_expr_op1(graph, NL_OP_ABS, along) : 0;
    }
    const nl_ref rows = side_difference(rs, call, "row"), columns = side_difference(rs, call, "col");
    return rows != 0 && columns != 0 ? nl_expr_op2(graph, NL_OP_HYPOT, rows, columns) : 0;
}

/* --- which call it is --- */

static const struct special {
    const char *name;
    nl_ref (*resolve)(nl_resolver *rs, const nl_ast *call);
} specials[] = {
    { "prev", nl_resolve_prev }, { "delay", nl_resolve_delay }, { "window_mean", nl_resolve_window }, { "distance", resolve_distance },
};

static const struct special *special_find(const char *name)
{
    for (size_t k = 0; k < NL_LEN(specials); k++)
        if (strcmp(specials[k].name, name) == 0) return &specials[k];
    return NULL;
}

bool nl_is_special_call(const char *name) { return special_find(name) != NULL; }

bool nl_call_exists(const char *name)
{
    return nl_is_special_call(name) || dist_find(name) >= 0 || nl_op_find(name, -1) != NL_OP_COUNT || nl_func_exists(name);
}

static nl_ref unknown_function(nl_resolver *rs, const nl_ast *call, const char *name)
{
    nl_diags *diags = rs->ck->diags;

    if (nl_func_exists(name)) {
        nl_diag_add(diags, NL_E_BODY_EXPRESSION, call->span, "`%s` cannot be computed from values that change in time", name);
        return 0;
    }
    nl_diag *diag = nl_diag_add(diags, NL_E_FUNCTION, call->kids[0]->span, "there is no function `%s`", name);
    const char *close = nl_scope_suggest(rs->ck, rs->scope, name);
    if (close == NULL) close = nl_func_suggest(name);
    if (close != NULL) nl_diag_help(diags, diag, "did you mean `%s`?", close);
    return 0;
}

static nl_ref call_provided(nl_resolver *rs, const nl_ast *call, const char *name)
{
    const struct special *special = special_find(name);
    const struct reduction *reduction = reduction_find(name, call);

    if (special != NULL) return special->resolve(rs, call);
    if (nl_is_draw(name, nl_call_count(call))) return call_draw(rs, call, (nl_dist)dist_find(name));
    if (reduction != NULL) return call_reduction(rs, call, reduction);
    if (nl_op_find(name, -1) != NL_OP_COUNT) return call_op(rs, call, name);
    return unknown_function(rs, call, name);
}

static nl_ref call_named(nl_resolver *rs, const nl_ast *call, const nl_ast *base)
{
    const nl_found found = nl_name_find(rs, base->name);

    if (found.how == NL_FOUND_NOTHING) return call_provided(rs, call, base->name);
    if (found.how == NL_FOUND_SYMBOL) {
        found.symbol->used = true;
        if (found.symbol->kind == NL_SYM_FUNCTION) return call_function(rs, call, found.symbol);
        if (found.symbol->kind == NL_SYM_VALUE && found.symbol->value.kind == NL_KIND_TABLE) return call_table(rs, call, found.symbol->value);
        if (found.symbol->kind == NL_SYM_VALUE && found.symbol->value.kind == NL_KIND_NONE) return 0;
    }
    if (found.how == NL_FOUND_ENTRY) {
        nl_entry_node(rs->body, found.entry, base->span);
        const nl_symbol *known = nl_scope_find_here(rs->body->scope, base->name);
        if (known != NULL && known->value.kind == NL_KIND_TABLE) return call_table(rs, call, known->value);
    }
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_FUNCTION, call->span, "`%s` is called like a function, but is none", base->name);
    nl_diag_help(rs->ck->diags, diag, "a product is written with `*`");
    return 0;
}

nl_ref nl_resolve_call(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *base = nl_ast_bare(e->kids[0]);

    if (base->kind != NL_AST_NAME) {
        nl_diag_add(rs->ck->diags, NL_E_FUNCTION, base->span, "only a name can be called");
        return 0;
    }
    if (nl_is_static(rs, e)) return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span);
    return call_named(rs, e, base);
}
