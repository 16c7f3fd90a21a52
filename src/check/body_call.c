/* Calls in bodies: which one is meant, its arguments, elementwise functions. */
#include "body.h"

#include "syntax/print.h"

#include <string.h>

/* --- arguments --- */

static int name_index(const char *const *names, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (strcmp(names[k], name) == 0) return k;
    return -1;
}

const char *nl_call_name(const nl_ast *call)
{
    const nl_ast *base = call->kind == NL_AST_NAME ? call : nl_ast_bare(nl_ast_kid(call, 0));

    return base->kind == NL_AST_NAME ? base->name : "this";
}

bool nl_refuse_argument(nl_resolver *rs, nl_span span, const char *sentence)
{
    nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, span, "%s", sentence);
    return false;
}

static bool refuse_name(nl_resolver *rs, const nl_ast *call, const nl_ast *arg, const char *const *names, int count)
{
    const char *close = nl_suggest(arg->name, names, (size_t)count);
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, arg->span, "`%s` has no argument `%s`",
                                nl_call_name(call), arg->name);

    if (close != NULL) nl_diag_help(rs->ck->diags, diag, "did you mean `%s`?", close);
    return false;
}

static bool refuse_count(nl_resolver *rs, const nl_ast *call, const nl_ast *arg, int count)
{
    const char *format = count == 1 ? "`%s` takes at most %d argument" : "`%s` takes at most %d arguments";

    nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, arg->span, format, nl_call_name(call), count);
    return false;
}

/* Sorts the arguments of a call by the names of its parameters; the first `needed` must be there. */
bool nl_bind_args(nl_resolver *rs, const nl_ast *call, const char *const *names, int count, int needed,
                  const nl_ast **out)
{
    nl_arena *arena = rs->ck->arena;

    memset(out, 0, (size_t)count * sizeof *out);
    for (int k = 1, at = 0; k < call->kid_count; k++) {
        const nl_ast *arg = call->kids[k];
        const bool is_named = arg->kind == NL_AST_ARG;
        const int index = is_named ? name_index(names, count, arg->name) : at++;
        if (index < 0) return refuse_name(rs, call, arg, names, count);
        if (index >= count) return refuse_count(rs, call, arg, count);
        if (out[index] != NULL)
            return nl_refuse_argument(rs, arg->span, nl_arena_printf(arena, "`%s` is given twice", names[index]));
        out[index] = is_named ? arg->kids[0] : arg;
    }
    for (int k = 0; k < needed; k++)
        if (out[k] == NULL)
            return nl_refuse_argument(rs, call->span,
                                      nl_arena_printf(arena, "`%s` needs `%s`", nl_call_name(call), names[k]));
    return true;
}

static void also_declared(nl_check *ck, nl_diag *diag, const nl_ast *decl)
{
    nl_diag_also(ck->diags, diag, decl->name_span.end != 0 ? decl->name_span : decl->span, "`%s` is declared here",
                 decl->name);
}

static bool refuse_parameter(nl_check *ck, const nl_ast *decl, const nl_ast *arg)
{
    const nl_ast *params = nl_ast_kid(decl, 0);
    const int count = params != NULL ? params->kid_count : 0;
    const char **names = NL_NEW_ARRAY(ck->arena, const char *, (size_t)count + 1);
    const char *close = NULL;
    nl_diag *diag;

    for (int k = 0; k < count; k++) names[k] = params->kids[k]->name;
    if (arg->kind == NL_AST_ARG) {
        diag = nl_diag_add(ck->diags, NL_E_ARGUMENT, arg->span, "`%s` has no argument `%s`", decl->name, arg->name);
        close = nl_suggest(arg->name, names, (size_t)count);
    } else {
        const char *format = count == 0   ? "`%s` takes no arguments"
                             : count == 1 ? "`%s` takes at most %d argument"
                                          : "`%s` takes at most %d arguments";
        diag = nl_diag_add(ck->diags, NL_E_ARGUMENT, arg->span, format, decl->name, count);
    }
    also_declared(ck, diag, decl);
    if (close != NULL) nl_diag_help(ck->diags, diag, "did you mean `%s`?", close);
    return false;
}

static bool refuse_second(nl_check *ck, const nl_ast *arg, const char *name, const nl_ast *first)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_ARGUMENT, arg->span, "`%s` is given twice", name);

    nl_diag_also(ck->diags, diag, first->span, "it is given here");
    return false;
}

static bool refuse_missing(nl_check *ck, const nl_ast *use, const nl_ast *decl, const nl_ast *param)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_ARGUMENT, use->span, "`%s` needs `%s`", decl->name, param->name);

    nl_diag_also(ck->diags, diag, param->span, "it is declared here, without a value of its own");
    return false;
}

static int parameter_index(const nl_ast *params, const char *name)
{
    for (int k = 0; params != NULL && k < params->kid_count; k++)
        if (strcmp(params->kids[k]->name, name) == 0) return k;
    return -1;
}

bool nl_bind_parameters(nl_check *ck, const nl_ast *use, const nl_ast *decl, const nl_ast **out)
{
    const nl_ast *params = nl_ast_kid(decl, 0);
    const int count = params != NULL ? params->kid_count : 0, given = use->kind == NL_AST_CALL ? use->kid_count : 0;

    memset(out, 0, (size_t)count * sizeof *out);
    for (int k = 1, at = 0; k < given; k++) {
        const nl_ast *arg = use->kids[k];
        const bool is_named = arg->kind == NL_AST_ARG;
        const int index = is_named ? parameter_index(params, arg->name) : at++;
        if (index < 0 || index >= count) return refuse_parameter(ck, decl, arg);
        if (out[index] != NULL) return refuse_second(ck, arg, params->kids[index]->name, out[index]);
        out[index] = is_named ? arg->kids[0] : arg;
    }
    for (int k = 0; k < count; k++)
        if (out[k] == NULL && nl_ast_kid(params->kids[k], 0) == NULL)
            return refuse_missing(ck, use, decl, params->kids[k]);
    return true;
}

/* 0 without a unit says nothing. */
const nl_unit *nl_param_unit(const nl_check *ck, const nl_ast *named, const nl_ast *value)
{
    value = value != NULL ? nl_ast_bare(value) : NULL;
    if (named->has_unit || !ck->model->dimensional) return named->has_unit ? &named->unit : NULL;
    if (value != NULL && value->kind == NL_AST_NEG) value = nl_ast_bare(value->kids[0]);
    if (value == NULL || value->kind != NL_AST_NUMBER) return NULL;
    return value->number != 0 || value->unit_text != NULL ? &value->unit : NULL;
}

nl_ast *nl_param_item(const nl_check *ck, const nl_ast *param, const nl_ast *value)
{
    nl_ast *item =
        nl_ast_new(ck->arena, NL_AST_ITEM, param->span, param->name, (nl_ast *[]){ NULL, (nl_ast *)value }, 2);
    const nl_unit *unit = nl_param_unit(ck, param, nl_ast_kid(param, 0));

    item->name_span = param->name_span;
    item->has_unit = unit != NULL;
    if (unit != NULL) item->unit = *unit;
    item->doc = param->doc;
    return item;
}

/* The names of arguments in a row's text: "mean, sd". */
int nl_split_names(nl_arena *arena, const char *text, const char **names, int room)
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

/* --- elementwise functions --- */

/* pulse(t, on, off) switches at whole steps, like every comparison of the clock. */
static nl_ref pulse(nl_resolver *rs, const nl_ref *args, int count)
{
    const nl_ref from = nl_compare(rs, ">=", args[0], args[1]);

    return count < 3 ? from : nl_expr_op2(nl_graph_of(rs), NL_OP_AND, from, nl_compare(rs, "<", args[0], args[2]));
}

/* The dimension by the rules of values; false after a diagnostic. */
static bool check_op(nl_resolver *rs, const nl_ast *call, const char *name, const nl_ast *const *asts,
                     const nl_ref *refs, int count, nl_dim *dim)
{
    nl_eval_context cx = nl_value_context(rs);
    nl_arg args[NL_OP_ARGS];

    for (int k = 0; k < count; k++) {
        if (refs[k] == 0) return false;
        args[k] = (nl_arg){ .value = nl_stand_in(rs, refs[k]), .span = asts[k]->span };
    }
    const nl_value value = nl_func_call(&cx, call->span, name, args, (size_t)count);
    *dim = value.dim;
    return value.kind != NL_KIND_NONE;
}

static nl_ref call_op(nl_resolver *rs, const nl_ast *call, const char *name)
{
    const char *names[NL_OP_ARGS];
    const nl_ast *asts[NL_OP_ARGS];
    nl_ref refs[NL_OP_ARGS];
    nl_op op = nl_op_find(name, call->kid_count - 1);
    nl_dim dim;

    if (op == NL_OP_COUNT) op = nl_op_find(name, -1);
    const int count = nl_split_names(rs->ck->arena, nl_ops[op].args, names, NL_OP_ARGS);
    if (!nl_bind_args(rs, call, names, count, count, asts)) return 0;
    for (int k = 0; k < count; k++) refs[k] = nl_resolve(rs, asts[k]);
    if (!check_op(rs, call, name, asts, refs, count, &dim) || !nl_unify(rs, asts, refs, count)) return 0;
    if (op == NL_OP_PULSE || op == NL_OP_PULSE_OFF) return pulse(rs, refs, count);
    return nl_op_node(rs, op, refs, count, dim);
}

/* --- distance(pre, post) --- */

static nl_ref side_difference(nl_resolver *rs, const nl_ast *call, const char *member)
{
    nl_arena *arena = rs->ck->arena;
    const nl_ast *pre = nl_ast_new(arena, NL_AST_FIELD, call->span, member, &call->kids[1], 1);
    const nl_ast *post = nl_ast_new(arena, NL_AST_FIELD, call->span, member, &call->kids[2], 1);
    const nl_ref a = nl_resolve_field(rs, pre), b = nl_resolve_field(rs, post);

    return a != 0 && b != 0 ? nl_expr_op2(nl_graph_of(rs), NL_OP_SUB, a, b) : 0;
}

static int side_rank(const nl_resolver *rs, const nl_part *part)
{
    return rs->ck->model->populations.items[part->population].rank;
}

/* Between the places of two neurons: their numbers on a line, rows and columns on a grid. */
static nl_ref distance(nl_resolver *rs, const nl_ast *call, bool is_grid)
{
    nl_graph *graph = nl_graph_of(rs);
    const nl_ref along = side_difference(rs, call, is_grid ? "row" : "i");
    const nl_ref across = is_grid ? side_difference(rs, call, "col") : 0;

    if (along == 0 || (is_grid && across == 0)) return 0;
    return is_grid ? nl_expr_op2(graph, NL_OP_HYPOT, along, across) : nl_expr_op1(graph, NL_OP_ABS, along);
}

static nl_ref resolve_distance(nl_resolver *rs, const nl_ast *call)
{
    if (rs->body == NULL || !rs->body->is_projection || call->kid_count != 3) {
        nl_refuse_argument(rs, call->span, "distance(pre, post) stands in projections and connection rules");
        return 0;
    }
    const nl_projection *p = &rs->ck->model->projections.items[rs->body->number];
    const bool is_grid = side_rank(rs, &p->pre) == 2;
    if (is_grid == (side_rank(rs, &p->post) == 2)) return distance(rs, call, is_grid);
    nl_diag_add(rs->ck->diags, NL_E_SHAPE, call->span, "there is no distance between a line and a grid");
    return 0;
}

/* --- which call it is --- */

static const struct special {
    const char *name;
    nl_ref (*resolve)(nl_resolver *rs, const nl_ast *call);
} specials[] = {
    { "prev", nl_resolve_prev },
    { "delay", nl_resolve_delay },
    { "window_mean", nl_resolve_window },
    { "distance", resolve_distance },
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
    return nl_is_special_call(name) || nl_dist_find(name) >= 0 || nl_op_find(name, -1) != NL_OP_COUNT
           || nl_func_exists(name);
}

static nl_ref unknown_function(nl_resolver *rs, const nl_ast *call, const char *name)
{
    nl_diags *diags = rs->ck->diags;

    if (nl_func_exists(name)) {
        nl_diag_add(diags, NL_E_BODY_EXPRESSION, call->span, "`%s` cannot be computed from values that change in time",
                    name);
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

    if (special != NULL) return special->resolve(rs, call);
    if (nl_is_draw(name, nl_call_count(call))) return nl_resolve_draw(rs, call, (nl_dist)nl_dist_find(name));
    if (nl_is_reduction(call, name)) return nl_resolve_reduction(rs, call, name);
    if (nl_op_find(name, -1) != NL_OP_COUNT) return call_op(rs, call, name);
    return unknown_function(rs, call, name);
}

static nl_ref refuse_call(nl_resolver *rs, const nl_ast *call, const nl_ast *base)
{
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_FUNCTION, call->span, "`%s` is called like a function, but is none",
                                nl_print_expression(rs->ck->arena, base));

    nl_diag_help(rs->ck->diags, diag, "a product is written with `*`");
    return 0;
}

static nl_ref call_symbol(nl_resolver *rs, const nl_ast *call, nl_symbol *symbol)
{
    const bool is_value = symbol->kind == NL_SYM_VALUE;

    symbol->used = true;
    if (symbol->kind == NL_SYM_FUNCTION) return nl_resolve_function(rs, call, symbol);
    if (is_value && symbol->value.kind == NL_KIND_TABLE) return nl_resolve_table(rs, call, symbol->value);
    return is_value && symbol->value.kind == NL_KIND_NONE ? 0 : refuse_call(rs, call, nl_ast_bare(call->kids[0]));
}

static nl_ref call_named(nl_resolver *rs, const nl_ast *call, const nl_ast *base)
{
    const nl_found found = nl_name_find(rs, base->name);

    if (found.how == NL_FOUND_NOTHING) return call_provided(rs, call, base->name);
    if (found.how == NL_FOUND_SYMBOL) return call_symbol(rs, call, found.symbol);
    if (found.how == NL_FOUND_ENTRY) {
        nl_entry_node(rs->body, found.entry, base->span);
        const nl_symbol *known = found.entry->symbol;
        if (known != NULL && known->value.kind == NL_KIND_TABLE) return nl_resolve_table(rs, call, known->value);
    }
    return refuse_call(rs, call, base);
}

nl_ref nl_resolve_call(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *base = nl_ast_bare(e->kids[0]);

    if (nl_is_static(rs, e)) return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span);
    nl_symbol *member = nl_name_symbol(rs, e), *symbol = nl_name_symbol(rs, base);
    if (member != NULL) return nl_symbol_node(rs, member, e);
    if (base->kind == NL_AST_NAME) return call_named(rs, e, base);
    if (symbol != NULL) return call_symbol(rs, e, symbol);
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_FUNCTION, base->span, "only a name can be called");
    if (base->kind == NL_AST_FIELD)
        nl_diag_help(rs->ck->diags, diag, "functions stand without a module or object: %s(x)", base->name);
    return 0;
}
