/* Expressions in bodies that depend on nothing in time: they may use the whole language of values. */
#include "body.h"

#include <string.h>

enum { DEEPEST_CALL = 64 };

nl_evaluator nl_evaluator_of(const nl_resolver *rs)
{
    const bool draws = rs->place == NL_IN_PARAM || rs->place == NL_IN_STATE || rs->place == NL_IN_RULE;

    return (
        nl_evaluator){ .ck = rs->ck, .scope = rs->scope, .arena = rs->ck->arena, .stream = draws ? rs->stream : NULL };
}

nl_value nl_static_value(const nl_resolver *rs, const nl_ast *e)
{
    nl_evaluator ev = nl_evaluator_of(rs);

    return nl_eval(&ev, e);
}

/* Arguments of a call, without `size`. */
int nl_call_count(const nl_ast *call)
{
    int count = 0;

    for (int k = 1; k < call->kid_count; k++)
        count += call->kids[k]->kind != NL_AST_ARG || strcmp(call->kids[k]->name, "size") != 0;
    return count;
}

/* gamma(x) is a function, gamma(shape, scale) a draw: the number of arguments decides. */
bool nl_is_draw(const char *name, int arg_count)
{
    for (int k = 0; k < NL_DIST_COUNT; k++)
        if (strcmp(nl_dists[k].name, name) == 0)
            return nl_dists[k].arg_count == arg_count || nl_op_find(name, arg_count) == NL_OP_COUNT;
    return false;
}

static bool call_draws(const nl_resolver *rs, const nl_ast *call)
{
    const nl_ast *base = nl_ast_bare(nl_ast_kid(call, 0));
    const nl_symbol *symbol = nl_name_symbol(rs, base);
    nl_resolver sub = *rs;

    if (symbol == NULL)
        return base->kind == NL_AST_NAME && nl_name_find(rs, base->name).how == NL_FOUND_NOTHING
               && nl_is_draw(base->name, nl_call_count(call));
    if (symbol->kind != NL_SYM_FUNCTION) return false;
    if (++sub.depth > DEEPEST_CALL)
        return true; /* it calls itself, which is found later: here, all that counts is an end */
    sub.body = NULL;
    sub.scope = sub.outer = symbol->home;
    return nl_has_draw(&sub, nl_ast_kid(symbol->decl, 1));
}

bool nl_has_draw(const nl_resolver *rs, const nl_ast *e)
{
    if (e == NULL) return false;
    if (e->kind == NL_AST_CALL && call_draws(rs, e)) return true;
    for (int k = 0; k < e->kid_count; k++)
        if (nl_has_draw(rs, e->kids[k])) return true;
    return false;
}

static bool symbol_is_static(nl_symbol *symbol)
{
    symbol->used = true;
    return symbol->kind == NL_SYM_VALUE && !symbol->varies && nl_value_known(symbol->value);
}

/* a(0), T.tau */
static bool path_is_static(const nl_resolver *rs, const nl_ast *path)
{
    nl_symbol *symbol = nl_name_symbol(rs, path);

    return symbol != NULL && symbol_is_static(symbol);
}

static bool name_is_static(const nl_resolver *rs, const nl_ast *e)
{
    const nl_found found = nl_name_find(rs, e->name);

    switch (found.how) {
    case NL_FOUND_SYMBOL: return symbol_is_static(found.symbol);
    case NL_FOUND_ENTRY:
        if (found.entry->kind != NL_ENTRY_LET || found.entry->is_column || found.entry->progress == NL_RESOLVING)
            return false;
        if (found.entry->progress == NL_WAITING) {
            if (rs->body->is_gathering) return false; /* a name that it reads may be declared below */
            nl_resolver sub = nl_entry_resolver(rs->body, found.entry, NL_IN_LET);
            if (!nl_is_static(&sub, nl_ast_kid(found.entry->item, 1))) return false;
            nl_entry_node(rs->body, found.entry, e->span);
        }
        return found.entry->symbol != NULL;
    case NL_FOUND_IMPLICIT: return strcmp(e->name, "dt") == 0 && found.symbol == NULL;
    default:
        return strcmp(e->name, "pi") == 0 || strcmp(e->name, "e") == 0 || strcmp(e->name, "inf") == 0
               || strcmp(e->name, "nan") == 0 || strcmp(e->name, "true") == 0 || strcmp(e->name, "false") == 0;
    }
}

/* What a function declares, as values: all that is asked is whether the rest of its body is static. */
static void add_locals(nl_check *ck, nl_scope *scope, const nl_ast *e)
{
    if (e == NULL) return;
    if (e->kind == NL_AST_ITEM || e->kind == NL_AST_PARAM) {
        nl_symbol *symbol = NL_NEW(ck->arena, nl_symbol);
        *symbol = (nl_symbol){ .kind = NL_SYM_VALUE,
                               .name = e->name,
                               .value = nl_value_number(ck->arena, 0, nl_dim_none),
                               .slot = -1,
                               .array = -1 };
        NL_PUSH(ck->arena, &scope->symbols, symbol);
    }
    for (int k = 0; k < e->kid_count; k++) add_locals(ck, scope, e->kids[k]);
}

static bool function_is_static(const nl_resolver *rs, const nl_symbol *symbol)
{
    const nl_ast *function = symbol->decl;
    nl_resolver sub = *rs;

    if (++sub.depth > DEEPEST_CALL) return false;
    sub.body = NULL;
    sub.outer = symbol->home;
    sub.scope = nl_scope_new(rs->ck->arena, sub.outer);
    add_locals(rs->ck, sub.scope, function);
    return nl_is_static(&sub, nl_ast_kid(function, 1));
}

static bool arguments_are_static(const nl_resolver *rs, const nl_ast *call)
{
    for (int k = 1; k < call->kid_count; k++)
        if (!nl_is_static(rs, call->kids[k])) return false;
    return true;
}

static bool call_is_static(const nl_resolver *rs, const nl_ast *call)
{
    const nl_ast *base = nl_ast_bare(nl_ast_kid(call, 0));

    if (path_is_static(rs, call)) return true;
    if (!arguments_are_static(rs, call)) return false;
    nl_symbol *symbol = nl_name_symbol(rs, base);
    if (symbol != NULL && symbol->kind == NL_SYM_FUNCTION) return function_is_static(rs, symbol);
    if (symbol != NULL) return symbol_is_static(symbol);
    if (base->kind != NL_AST_NAME) return false;
    const nl_found found = nl_name_find(rs, base->name);
    return found.how == NL_FOUND_NOTHING && !nl_is_special_call(base->name)
           && !nl_is_draw(base->name, nl_call_count(call))
           && (nl_func_exists(base->name) || nl_op_find(base->name, -1) != NL_OP_COUNT);
}

bool nl_is_static(const nl_resolver *rs, const nl_ast *e)
{
    if (e == NULL) return true;
    switch (e->kind) {
    case NL_AST_NAME: return name_is_static(rs, e);
    case NL_AST_CALL: return call_is_static(rs, e);
    case NL_AST_FIELD: return path_is_static(rs, e);
    case NL_AST_PRIME:
    case NL_AST_CROSSES: return false;
    default: break;
    }
    for (int k = 0; k < e->kid_count; k++)
        if (!nl_is_static(rs, e->kids[k])) return false;
    return true;
}
