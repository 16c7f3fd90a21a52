/* Calls: functions of the file, tables and signals as functions of time, functions of the language, and the few
 * functions of projections that need their synapses. */
#include "eval_impl.h"

#include "net/conn.h"

#include <math.h>
#include <string.h>

/* --- functions of the file --- */

static void bind(nl_evaluator *ev, nl_scope *scope, const nl_ast *decl, const char *name, nl_value value)
{
    nl_symbol *symbol = NL_NEW(ev->arena, nl_symbol);

    *symbol = (nl_symbol){
        .kind = NL_SYM_VALUE, .name = name, .span = decl->span, .decl = decl, .value = value, .slot = -1, .array = -1
    };
    NL_PUSH(ev->arena, &scope->symbols, symbol);
}

/* The argument for parameter number `index`, or NULL. */
static const nl_ast *find_argument(const nl_ast *call, const nl_ast *params, int index)
{
    for (int i = 1; i < call->kid_count; i++) {
        const nl_ast *arg = call->kids[i];
        if (arg->kind == NL_AST_ARG ? strcmp(arg->name, params->kids[index]->name) == 0 : i - 1 == index) return arg;
    }
    return NULL;
}

static bool has_param(const nl_ast *params, const char *name)
{
    for (int i = 0; i < params->kid_count; i++)
        if (strcmp(params->kids[i]->name, name) == 0) return true;
    return false;
}

static bool check_arguments(nl_evaluator *ev, const nl_ast *call, const nl_ast *function, const nl_ast *params)
{
    for (int i = 1; i < call->kid_count; i++) {
        const nl_ast *arg = call->kids[i];
        nl_diag *diag = NULL;

        if (arg->kind == NL_AST_ARG && !has_param(params, arg->name))
            diag = nl_diag_add(ev->ck->diags, NL_E_CALL, arg->span, "`%s` has no argument `%s`", function->name,
                               arg->name);
        else if (arg->kind != NL_AST_ARG && i > params->kid_count)
            diag = nl_diag_add(ev->ck->diags, NL_E_CALL, arg->span, "`%s` takes %d argument%s, not %d", function->name,
                               params->kid_count, params->kid_count == 1 ? "" : "s", call->kid_count - 1);
        if (diag == NULL) continue;
        nl_diag_also(ev->ck->diags, diag, function->name_span.begin != 0 ? function->name_span : function->span,
                     "it is declared here");
        return false;
    }
    return true;
}

static bool fits_unit(nl_evaluator *ev, const nl_ast *decl, nl_value value, nl_span span, const char *what)
{
    if (!decl->has_unit || nl_dim_equal(value.dim, decl->unit.dim)) return true;
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_DIMENSION, span, "%s `%s` is in %s, not in %s", what, decl->name,
                                nl_dim_text(ev->arena, decl->unit.dim), nl_dim_text(ev->arena, value.dim));
    nl_diag_also(ev->ck->diags, diag, decl->span, "it is declared here");
    return false;
}

static bool bind_argument(nl_evaluator *ev, const nl_ast *call, const nl_ast *function, int index, nl_scope *inner)
{
    const nl_ast *params = function->kids[0], *param = params->kids[index], *arg = find_argument(call, params, index);
    const nl_ast *expr = arg == NULL ? nl_ast_kid(param, 0) : arg->kind == NL_AST_ARG ? arg->kids[0] : arg;
    nl_scope *outer = ev->scope;

    if (expr == NULL) {
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_CALL, call->span, "`%s` is called without its argument `%s`",
                                    function->name, param->name);
        nl_diag_also(ev->ck->diags, diag, param->span, "it is declared here");
        return false;
    }
    if (arg == NULL) ev->scope = inner; /* a default may use the arguments before it */
    const nl_value value = nl_eval(ev, expr);
    ev->scope = outer;
    if (value.kind == NL_KIND_NONE || !fits_unit(ev, param, value, expr->span, "argument")) return false;
    bind(ev, inner, param, param->name, value);
    return true;
}

/* The rest of a function after the block that is being evaluated. */
typedef struct rest {
    const nl_ast *block;
    int from;
    const struct rest *then;
} rest;

static nl_value run_block(nl_evaluator *ev, const nl_ast *block, int from, const rest *then);

static nl_value run_rest(nl_evaluator *ev, const rest *then)
{
    if (then != NULL) return run_block(ev, then->block, then->from, then->then);
    nl_diag_add(ev->ck->diags, NL_E_CALL, ev->frame->function->span, "`%s` ends without `return`",
                ev->frame->function->name);
    return nl_value_none();
}

static nl_value run_branch(nl_evaluator *ev, const nl_ast *branch, const rest *then)
{
    if (branch == NULL) return run_rest(ev, then);
    if (branch->kind == NL_AST_BLOCK) return run_block(ev, branch, 0, then);
    const nl_ast *chain[1] = { branch };
    const nl_ast block = { .kind = NL_AST_BLOCK, .kid_count = 1, .kids = (nl_ast **)chain }; /* else if */
    return run_block(ev, &block, 0, then);
}

static nl_value run_if(nl_evaluator *ev, const nl_ast *stmt, const rest *then)
{
    const nl_ast *yes = nl_ast_kid(stmt, 1), *no = nl_ast_kid(stmt, 2);
    nl_scope *outer = ev->scope;
    nl_value condition;

    if (!nl_eval_condition(ev, stmt->kids[0], &condition)) return nl_value_none();
    if (nl_value_known(condition)) return run_branch(ev, condition.data[0] != 0 ? yes : no, then);
    ev->scope = nl_scope_new(ev->arena, outer);
    const nl_value a = run_branch(ev, yes, then);
    ev->scope = nl_scope_new(ev->arena, outer);
    const nl_value b = run_branch(ev, no, then);
    ev->scope = outer;
    return nl_eval_merge(ev, a, yes->span, b, no != NULL ? no->span : stmt->span);
}

static bool run_lets(nl_evaluator *ev, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        const nl_ast *item = stmt->kids[i];
        const nl_value value = nl_eval(ev, nl_ast_kid(item, 1));

        if (value.kind == NL_KIND_NONE || !fits_unit(ev, item, value, item->span, "value")) return false;
        bind(ev, ev->scope, item, item->name, value);
    }
    return true;
}

static nl_value run_block(nl_evaluator *ev, const nl_ast *block, int from, const rest *then)
{
    for (int i = from; i < block->kid_count; i++) {
        const nl_ast *stmt = block->kids[i];
        const rest here = { block, i + 1, then };

        switch (stmt->kind) {
        case NL_AST_RETURN: return nl_eval(ev, nl_ast_kid(stmt, 0));
        case NL_AST_IF: return run_if(ev, stmt, &here);
        case NL_AST_LETS:
            if (!run_lets(ev, stmt)) return nl_value_none();
            break;
        default:
            nl_diag_add(ev->ck->diags, NL_E_ORDER, stmt->span, "a function holds `let`, `if` and `return` only");
            return nl_value_none();
        }
    }
    return run_rest(ev, then);
}

static bool is_recursive(nl_evaluator *ev, const nl_ast *function, nl_span span)
{
    for (const nl_eval_frame *frame = ev->frame; frame != NULL; frame = frame->up) {
        if (frame->function != function) continue;
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_RECURSION, span, "`%s` leads back to itself", function->name);
        nl_diag_also(ev->ck->diags, diag, function->span, "it is declared here");
        return true;
    }
    return false;
}

static nl_value call_user(nl_evaluator *ev, const nl_ast *call, const nl_symbol *symbol)
{
    const nl_ast *function = symbol->decl, *params = nl_ast_kid(function, 0), *body = nl_ast_kid(function, 1);
    const nl_eval_frame frame = { function, ev->frame };
    nl_scope *inner = nl_scope_new(ev->arena, symbol->home), *outer = ev->scope;

    if (is_recursive(ev, function, call->span) || !check_arguments(ev, call, function, params)) return nl_value_none();
    for (int i = 0; i < params->kid_count; i++)
        if (!bind_argument(ev, call, function, i, inner)) return nl_value_none();
    ev->scope = inner;
    ev->frame = &frame;
    const nl_value value = body->kind == NL_AST_BLOCK ? run_block(ev, body, 0, NULL) : nl_eval(ev, body);
    ev->frame = frame.up;
    ev->scope = outer;
    if (value.kind == NL_KIND_NONE || !fits_unit(ev, function, value, call->span, "the result of"))
        return nl_value_none();
    return value;
}

/* --- functions of time --- */

/* f(t) of a signal or table; table(t, k): its column k. */
static nl_value call_in_time(nl_evaluator *ev, const nl_ast *call, nl_value base)
{
    nl_eval_context cx = nl_eval_context_of(ev);

    if (call->kid_count < 2 || call->kid_count > 3 || call->kids[1]->kind == NL_AST_ARG) {
        nl_diag_add(ev->ck->diags, NL_E_CALL, call->span,
                    "a function of time is called with a time, and a table of several columns with a column too");
        return nl_value_none();
    }
    const nl_value at = nl_eval(ev, call->kids[1]);
    if (at.kind == NL_KIND_NONE) return at;
    const nl_value row = nl_value_at_time(&cx, call->span, base, at);
    if (row.kind == NL_KIND_NONE || call->kid_count == 2) return row;
    const nl_value column = nl_eval(ev, call->kids[2]);
    if (column.kind == NL_KIND_NONE) return column;
    nl_index indices[NL_RANK] = { { 0 } };
    for (int i = 0; i < at.rank; i++) indices[i] = (nl_index){ .is_slice = true, .span = call->span };
    indices[at.rank] = (nl_index){ .value = column, .span = call->kids[2]->span };
    return nl_value_index(&cx, call->span, row, indices, (size_t)at.rank + 1);
}

static bool is_function_of_time(nl_value value) { return value.kind == NL_KIND_TABLE || value.is_signal; }

static nl_value call_value(nl_evaluator *ev, const nl_ast *call, nl_value value)
{
    if (value.kind == NL_KIND_NONE) return value;
    if (is_function_of_time(value)) return call_in_time(ev, call, value);
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_CALL, call->span, "this value is called like a function");
    nl_diag_help(ev->ck->diags, diag, "a product is written with `*`, an element of an array as x[0]");
    return nl_value_none();
}

/* --- functions of projections --- */

static const nl_projection *projection_of(nl_evaluator *ev, const nl_ast *call, const nl_ast *expr, uint32_t *id)
{
    const nl_symbol *owner = expr != NULL ? nl_eval_owner(ev, expr) : NULL;

    if (owner != NULL && owner->kind == NL_SYM_PROJECTION) {
        *id = owner->id;
        return &ev->ck->model->projections.items[owner->id];
    }
    nl_diag_add(ev->ck->diags, NL_E_CALL, call->span, "`%s` takes %s of a projection", call->kids[0]->name,
                strcmp(call->kids[0]->name, "matrix") == 0 ? "a parameter" : "the name");
    return NULL;
}

/* The connection as it was built; NULL while nothing runs. */
static const nl_conn *connection(nl_evaluator *ev, uint32_t id)
{
    return ev->world != NULL && ev->world->conn != NULL ? ev->world->conn(ev->world->user, id) : NULL;
}

static void add_to_matrix(const nl_conn *conn, nl_value values, double *data)
{
    enum { CHUNK = 1024 };
    uint32_t pre[CHUNK], post[CHUNK];
    uint64_t number[CHUNK];
    nl_numbering *numbering = nl_numbering_new(conn);

    for (size_t at = 0; at < conn->synapse_count; at += CHUNK) {
        const size_t n = conn->synapse_count - at < CHUNK ? conn->synapse_count - at : CHUNK;

        nl_conn_synapses(conn, at, n, pre, post);
        nl_numbering_next(numbering, n, number);
        for (size_t k = 0; k < n; k++)
            data[post[k] * conn->pre.count + pre[k]] += values.data[values.rank == 0 ? 0 : number[k]];
    }
    nl_numbering_free(numbering);
}

/* matrix(EE.w): the values at their places in [post, pre]; those of several synapses between two neurons add up. */
static nl_value call_matrix(nl_evaluator *ev, const nl_ast *call)
{
    const nl_ast *member = call->kid_count == 2 ? nl_ast_bare(call->kids[1]) : NULL;
    uint32_t id;
    const nl_projection *projection =
        projection_of(ev, call, member != NULL && member->kind == NL_AST_FIELD ? member->kids[0] : NULL, &id);

    if (projection == NULL) return nl_value_none();
    const nl_value values = nl_eval(ev, member);
    const size_t shape[2] = { projection->post.count, projection->pre.count };
    if (values.kind == NL_KIND_NONE) return values;
    const nl_conn *conn = nl_value_known(values) ? connection(ev, id) : NULL;
    if (conn == NULL) return nl_value_unknown(NL_KIND_NUMBER, values.dim, 2, shape);
    double *data = NL_NEW_ARRAY(ev->arena, double, nl_checked_mul(shape[0], shape[1]) + 1);
    add_to_matrix(conn, values, data);
    return nl_value_array(ev->arena, NL_KIND_NUMBER, values.dim, 2, shape, data);
}

static nl_value call_degree(nl_evaluator *ev, const nl_ast *call)
{
    uint32_t id;
    const nl_projection *projection = projection_of(ev, call, call->kid_count == 2 ? call->kids[1] : NULL, &id);

    if (projection == NULL) return nl_value_none();
    const bool incoming = strcmp(call->kids[0]->name, "indegree") == 0;
    const size_t count = incoming ? projection->post.count : projection->pre.count;
    const nl_conn *conn = connection(ev, id);
    if (conn == NULL) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &count);
    double *degrees = NL_NEW_ARRAY(ev->arena, double, count + 1);
    nl_conn_degrees(conn, incoming ? degrees : NULL, incoming ? NULL : degrees);
    return nl_value_array(ev->arena, NL_KIND_NUMBER, nl_dim_none, 1, &count, degrees);
}

/* What looks back in time has a value only where time is stepped.  Arguments of functions have no expression. */
static nl_value call_in_step(nl_evaluator *ev, const nl_ast *call)
{
    size_t shape[NL_RANK];
    int rank;
    nl_dim dim;
    const nl_ref node =
        ev->samples && ev->frame == NULL ? nl_body_probe(ev->ck, ev->scope, call, &rank, shape, &dim) : 0;

    if (node != 0) return nl_eval_node(ev, node, call->span);
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, call->span,
                                "`%s` looks back in time: it stands in bodies and in `record`", call->kids[0]->name);

    nl_diag_help(ev->ck->diags, diag, "record the expression under a name and use the series");
    return nl_value_none();
}

static const struct { const char *name; nl_value (*call)(nl_evaluator *ev, const nl_ast *call); } special[] = {
    { "matrix", call_matrix }, { "indegree", call_degree }, { "outdegree", call_degree },
    { "prev", call_in_step }, { "delay", call_in_step }, { "window_mean", call_in_step },
};

bool nl_eval_is_special(const char *name)
{
    for (size_t i = 0; i < NL_LEN(special); i++)
        if (strcmp(special[i].name, name) == 0) return true;
    return false;
}

/* --- functions of the language --- */

/* rate(E) is rate(E.spikes). */
static nl_value language_argument(nl_evaluator *ev, const nl_ast *expr, bool takes_train)
{
    const size_t errors = nl_diags_error_count(ev->ck->diags);

    if (takes_train) {
        const nl_value train = nl_eval_spikes(ev, expr);
        if (train.kind != NL_KIND_NONE || nl_diags_error_count(ev->ck->diags) > errors) return train;
    }
    return nl_eval(ev, expr);
}

static nl_value call_language(nl_evaluator *ev, const nl_ast *call)
{
    const size_t count = (size_t)call->kid_count - 1;
    nl_arg *args = NL_NEW_ARRAY(ev->arena, nl_arg, count + 1);
    nl_eval_context cx = nl_eval_context_of(ev);
    bool failed = false;

    for (size_t i = 0; i < count; i++) {
        const nl_ast *arg = call->kids[i + 1];
        const bool named = arg->kind == NL_AST_ARG;

        args[i].name = named ? arg->name : NULL;
        args[i] = (nl_arg){ .name = args[i].name,
                            .value = language_argument(ev, named ? arg->kids[0] : arg,
                                                       nl_func_takes_train(call->kids[0]->name, i, args[i].name)),
                            .span = arg->span };
        failed = failed || args[i].value.kind == NL_KIND_NONE;
    }
    return failed ? nl_value_none() : nl_func_call(&cx, call->span, call->kids[0]->name, args, count);
}

static nl_value call_symbol(nl_evaluator *ev, const nl_ast *call, nl_symbol *symbol)
{
    symbol->used = true;
    if (symbol->kind == NL_SYM_FUNCTION) return call_user(ev, call, symbol);
    return call_value(ev, call, nl_eval(ev, call->kids[0]));
}

nl_value nl_eval_call(nl_evaluator *ev, const nl_ast *call)
{
    const nl_ast *base = nl_ast_kid(call, 0);

    if (base == NULL) return nl_value_none();
    nl_symbol *symbol = nl_eval_symbol(ev, base);
    if (symbol != NULL) return call_symbol(ev, call, symbol);
    if (nl_eval_is_member(ev, call)) return nl_eval_family_member(ev, call);
    if (nl_ast_bare(base)->kind != NL_AST_NAME) return call_value(ev, call, nl_eval(ev, base));
    base = nl_ast_bare(base);
    for (size_t i = 0; i < NL_LEN(special); i++)
        if (strcmp(special[i].name, base->name) == 0) return special[i].call(ev, call);
    if (nl_func_exists(base->name)) return call_language(ev, call);
    return nl_eval_name_error(ev, base->span, base->name);
}
