#include "check.h"

#include "base/text.h"

#include <string.h>

nl_scope *nl_scope_new(nl_arena *arena, nl_scope *parent)
{
    nl_scope *scope = NL_NEW(arena, nl_scope);

    scope->parent = parent;
    return scope;
}

nl_symbol *nl_scope_find_here(const nl_scope *scope, const char *name)
{
    for (size_t i = scope->symbols.count; i-- > 0;)
        if (strcmp(scope->symbols.items[i]->name, name) == 0) return scope->symbols.items[i];
    return NULL;
}

nl_symbol *nl_scope_find(const nl_scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->parent) {
        nl_symbol *symbol = nl_scope_find_here(scope, name);
        if (symbol != NULL) return symbol;
    }
    return NULL;
}

/* In a `for` over declarations only values that belong to no family are the loop's own. */
static nl_scope *home_of(nl_scope *scope, nl_symbol_kind kind, const char *name)
{
    const bool is_local = kind == NL_SYM_VALUE && strchr(name, '(') == NULL;

    while (!is_local && scope->is_loop && scope->parent != NULL) scope = scope->parent;
    return scope;
}

nl_symbol *nl_scope_add(nl_check *ck, nl_scope *scope, nl_symbol_kind kind, const char *name, nl_span span,
                        const nl_ast *decl)
{
    scope = home_of(scope, kind, name);
    const nl_symbol *other = nl_scope_find_here(scope, name);

    if (other != NULL) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, span, "`%s` is declared twice", name);
        if (other->span.begin != 0) nl_diag_also(ck->diags, diag, other->span, "it is declared here");
        return NULL;
    }
    nl_symbol *symbol = NL_NEW(ck->arena, nl_symbol);
    *symbol = (nl_symbol){ .kind = kind, .name = name, .span = span, .decl = decl, .slot = -1, .array = -1 };
    if (decl != NULL) symbol->doc = decl->doc;
    NL_PUSH(ck->arena, &scope->symbols, symbol);
    return symbol;
}

const char *nl_scope_suggest(nl_check *ck, const nl_scope *scope, const char *name)
{
    NL_LIST(const char *) names = { 0 };

    for (; scope != NULL; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++) NL_PUSH(ck->arena, &names, scope->symbols.items[i]->name);
    return nl_suggest(name, names.items, names.count);
}
