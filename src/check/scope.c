#include "check.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Open addressing: where a name's symbol stands in the list, plus 1; 0 is free. */
struct nl_scope_index {
    nl_arena *arena;
    size_t *buckets;
    size_t bucket_count, entered; /* a power of two; how many symbols have been entered */
};

nl_scope *nl_scope_new(nl_arena *arena, nl_scope *parent)
{
    nl_scope *scope = NL_NEW(arena, nl_scope);

    scope->parent = parent;
    scope->index = NL_NEW(arena, nl_scope_index);
    scope->index->arena = arena;
    return scope;
}

static size_t hash(const char *name)
{
    const uint64_t h = nl_hash(NL_HASH_BEGIN, name, strlen(name));

    return (size_t)(h ^ h >> 32);
}

static size_t *bucket_of(const nl_scope *scope, const char *name)
{
    const nl_scope_index *index = scope->index;
    size_t at = hash(name) & (index->bucket_count - 1);

    while (index->buckets[at] != 0 && strcmp(scope->symbols.items[index->buckets[at] - 1]->name, name) != 0)
        at = (at + 1) & (index->bucket_count - 1);
    return &index->buckets[at];
}

/* Symbols are entered when they are looked for: most scopes stay short. */
static void bring_up_to_date(const nl_scope *scope)
{
    nl_scope_index *index = scope->index;

    if (2 * scope->symbols.count > index->bucket_count) {
        index->bucket_count = 64;
        while (index->bucket_count < 4 * scope->symbols.count) index->bucket_count *= 2;
        index->buckets = NL_NEW_ARRAY(index->arena, size_t, index->bucket_count);
        index->entered = 0;
    }
    for (; index->entered < scope->symbols.count; index->entered++)
        *bucket_of(scope, scope->symbols.items[index->entered]->name) = index->entered + 1;
}

nl_symbol *nl_scope_find_here(const nl_scope *scope, const char *name)
{
    enum { LONG = 16 };

    if (scope->symbols.count > LONG && scope->index != NULL) {
        bring_up_to_date(scope);
        const size_t at = *bucket_of(scope, name);
        return at != 0 ? scope->symbols.items[at - 1] : NULL;
    }
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

nl_scope *nl_scope_with(nl_scope *scope, const char *name)
{
    while (scope != NULL && nl_scope_find_here(scope, name) == NULL) scope = scope->parent;
    return scope;
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
