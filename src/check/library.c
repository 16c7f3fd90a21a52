/* The shipped rules: a folder for each kind, a file for each rule, read when its name is first asked for.  What a file
 * of the user declares wins, since it is looked for first. */
#include "use.h"

#include "declare.h"

#include "base/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

const nl_library_folder nl_library_folders[NL_LIBRARY_FOLDERS] = {
    { "neurons", NL_AST_NEURON, NL_SYM_NEURON },          { "synapses", NL_AST_SYNAPSE, NL_SYM_SYNAPSE },
    { "plasticity", NL_AST_SYNAPSE, NL_SYM_SYNAPSE },     { "connectors", NL_AST_CONNECTOR, NL_SYM_CONNECTOR },
    { "stimuli", NL_AST_FUNCTION, NL_SYM_FUNCTION },      { "functions", NL_AST_FUNCTION, NL_SYM_FUNCTION },
    { "methods", NL_AST_METHOD, NL_SYM_METHOD },          { "circuits", NL_AST_CIRCUIT, NL_SYM_CIRCUIT },
};

/* A rule that is there. */
typedef struct item {
    const char *name;
    const nl_library_folder *folder;
    nl_scope *scope; /* of its file; NULL: not yet read */
} item;

struct nl_library {
    nl_check *ck;
    NL_LIST(item) items; /* by name */
};

/* --- what there is --- */

static void list_folder(nl_library *library, const nl_library_folder *folder)
{
    nl_arena *arena = library->ck->arena;
    DIR *dir = opendir(nl_arena_printf(arena, "%s/%s", library->ck->stdlib_dir, folder->name));
    const struct dirent *entry;

    if (dir == NULL) return;
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || dot == entry->d_name || strcmp(dot, ".net") != 0) continue;
        const item found = { nl_arena_strndup(arena, entry->d_name, (size_t)(dot - entry->d_name)), folder, NULL };
        NL_PUSH(arena, &library->items, found);
    }
    closedir(dir);
}

static int compare_items(const void *a, const void *b)
{
    return strcmp(((const item *)a)->name, ((const item *)b)->name);
}

static nl_library *library_of(nl_check *ck)
{
    if (ck->library != NULL) return ck->library;
    ck->library = NL_NEW(ck->arena, nl_library);
    ck->library->ck = ck;
    for (size_t k = 0; k < NL_LEN(nl_library_folders) && ck->stdlib_dir != NULL; k++)
        list_folder(ck->library, &nl_library_folders[k]);
    if (ck->library->items.count > 0)
        qsort(ck->library->items.items, ck->library->items.count, sizeof(item), compare_items);
    return ck->library;
}

bool nl_library_is_missing(nl_check *ck) { return library_of(ck)->items.count == 0; }

/* --- reading one --- */

static void read_item(nl_check *ck, item *it)
{
    const char *folder = nl_arena_printf(ck->arena, "%s/%s", ck->stdlib_dir, it->folder->name);
    const nl_source *source =
        nl_sources_read_once(ck->sources, nl_arena_printf(ck->arena, "%s/%s.net", folder, it->name));
    nl_scope *outer = ck->top;

    ck->top = it->scope = nl_scope_new(ck->arena, ck->prelude);
    it->scope->folder = folder;
    if (source != NULL) nl_check_declare_rules(ck, nl_parse_source(ck->arena, ck->diags, source).file);
    ck->top = outer;
}

static nl_symbol *symbol_of(nl_check *ck, item *it, nl_symbol_kind kind)
{
    if (it->scope == NULL) read_item(ck, it);
    nl_symbol *symbol = nl_scope_find_here(it->scope, it->name);
    return symbol != NULL && symbol->kind == kind ? symbol : NULL;
}

static item *first_of(const nl_library *library, const char *name)
{
    const item wanted = { name, NULL, NULL };
    item *it = library->items.count > 0
                   ? bsearch(&wanted, library->items.items, library->items.count, sizeof wanted, compare_items)
                   : NULL;

    while (it != NULL && it > library->items.items && strcmp(it[-1].name, name) == 0) it--;
    return it;
}

static nl_symbol *find(nl_check *ck, nl_symbol_kind kind, const char *folder, const char *name)
{
    nl_library *library = library_of(ck);
    item *it = first_of(library, name), *end = library->items.items + library->items.count;

    for (; it != NULL && it < end && strcmp(it->name, name) == 0; it++)
        if (it->folder->kind == kind && (folder == NULL || strcmp(it->folder->name, folder) == 0))
            return symbol_of(ck, it, kind);
    return NULL;
}

nl_symbol *nl_library_find(nl_check *ck, nl_symbol_kind kind, const char *name) { return find(ck, kind, NULL, name); }

nl_symbol *nl_library_qualified(nl_check *ck, nl_symbol_kind kind, const nl_ast *field)
{
    const nl_ast *base = nl_ast_bare(nl_ast_kid(field, 0));

    return base != NULL && base->kind == NL_AST_NAME ? find(ck, kind, base->name, field->name) : NULL;
}

nl_symbol *nl_library_named(nl_check *ck, nl_symbol_kind kind, const nl_ast *path)
{
    if (path->kind == NL_AST_NAME) return nl_library_find(ck, kind, path->name);
    return path->kind == NL_AST_FIELD ? nl_library_qualified(ck, kind, path) : NULL;
}

const char *nl_library_suggest(nl_check *ck, nl_symbol_kind kind, const char *name)
{
    NL_LIST(const char *) names = { 0 };
    nl_library *library = library_of(ck);

    for (size_t i = 0; i < library->items.count; i++)
        if (library->items.items[i].folder->kind == kind) NL_PUSH(ck->arena, &names, library->items.items[i].name);
    return nl_suggest(name, names.items, names.count);
}
