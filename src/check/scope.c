#include "use.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

nl_scope *nl_scope_of_text(nl_scope *scope)
{
    while (scope->is_loop && scope->parent != NULL) scope = scope->parent;
    return scope;
}

const char *nl_scope_folder(const nl_scope *scope)
{
    while (scope->folder == NULL && scope->parent != NULL) scope = scope->parent;
    return scope->folder;
}

const char *nl_scope_own_name(const nl_scope *scope, const nl_symbol *symbol)
{
    const nl_instance *instance = scope->instance;
    const bool is_full = instance != NULL && strncmp(symbol->name, instance->prefix, instance->length) == 0;

    return symbol->name + (is_full ? instance->length : 0);
}

const char *nl_scope_full_name(nl_check *ck, nl_scope *scope, const char *name)
{
    return scope->instance != NULL ? nl_arena_printf(ck->arena, "%s%s", scope->instance->prefix, name) : name;
}

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

    while (index->buckets[at] != 0
           && strcmp(nl_scope_own_name(scope, scope->symbols.items[index->buckets[at] - 1]), name) != 0)
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
        *bucket_of(scope, nl_scope_own_name(scope, scope->symbols.items[index->entered])) = index->entered + 1;
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
        if (strcmp(nl_scope_own_name(scope, scope->symbols.items[i]), name) == 0) return scope->symbols.items[i];
    return scope->shipped != NULL ? nl_library_find(scope->shipped, NL_SYM_FUNCTION, name) : NULL;
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

    return is_local ? scope : nl_scope_of_text(scope);
}

const char *nl_scope_stream(nl_check *ck, nl_scope *scope, const char *name)
{
    const char *turn = home_of(scope, NL_SYM_VALUE, name)->turn, *full = nl_scope_full_name(ck, scope, name);

    return turn != NULL ? nl_arena_printf(ck->arena, "%s%s", full, turn) : full;
}

bool nl_scope_has_family(const nl_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->families.count; i++)
        if (strcmp(scope->families.items[i], name) == 0) return true;
    return false;
}

void nl_scope_take(nl_check *ck, nl_scope *scope, nl_symbol *symbol)
{
    const char *name = nl_scope_own_name(scope, symbol);
    const size_t length = strcspn(name, "(");
    const char *family = name[length] != '\0' ? nl_arena_strndup(ck->arena, name, length) : NULL;

    NL_PUSH(ck->arena, &scope->symbols, symbol);
    if (family != NULL && !nl_scope_has_family(scope, family)) NL_PUSH(ck->arena, &scope->families, family);
}

nl_symbol *nl_scope_add(nl_check *ck, nl_scope *scope, nl_symbol_kind kind, const char *name, nl_span span,
                        const nl_ast *decl)
{
    nl_scope *home = scope;
    scope = home_of(scope, kind, name);
    const nl_symbol *other = nl_scope_find_here(scope, name);

    if (other != NULL) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, span, "`%s` is declared twice", name);
        if (other->span.begin != 0) nl_diag_also(ck->diags, diag, other->span, "it is declared here");
        return NULL;
    }
    nl_symbol *symbol = NL_NEW(ck->arena, nl_symbol);
    *symbol =
        (nl_symbol){ .kind = kind, .span = span, .decl = decl, .home = home, .slot = -1, .array = -1 };
    if (decl != NULL) symbol->doc = decl->doc;
    symbol->name = nl_scope_full_name(ck, scope, name);
    symbol->stream = nl_scope_stream(ck, scope, name);
    if (scope->instance != NULL && !scope->is_loop) NL_PUSH(ck->arena, &ck->whole->symbols, symbol);
    nl_scope_take(ck, scope, symbol);
    return symbol;
}

const char *nl_scope_suggest(nl_check *ck, const nl_scope *scope, const char *name)
{
    NL_LIST(const char *) names = { 0 };

    for (; scope != NULL; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++)
            NL_PUSH(ck->arena, &names, nl_scope_own_name(scope, scope->symbols.items[i]));
    const char *closest = nl_suggest(name, names.items, names.count);
    return closest != NULL ? closest : nl_library_suggest(ck, NL_SYM_FUNCTION, name);
}

const char *nl_scope_suggest_kind(nl_check *ck, const nl_scope *scope, nl_symbol_kind kind, const char *name)
{
    NL_LIST(const char *) names = { 0 };

    for (; scope != NULL; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++)
            if (scope->symbols.items[i]->kind == kind)
                NL_PUSH(ck->arena, &names, nl_scope_own_name(scope, scope->symbols.items[i]));
    const char *closest = nl_suggest(name, names.items, names.count);
    return closest != NULL ? closest : nl_library_suggest(ck, kind, name);
}
