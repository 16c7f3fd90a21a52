/* use "rules.net": files are looked for beside the one that uses them, then along the search path. */
#include "use.h"

#include "declare.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* --- finding --- */

static const char *find_path(nl_check *ck, const char *name)
{
    const char *path = nl_path_within(ck->arena, nl_scope_folder(ck->top), name);

    if (access(path, R_OK) == 0 || name[0] == '/') return path;
    for (size_t i = 0; i < ck->search_dir_count; i++) {
        const char *other = nl_path_within(ck->arena, ck->search_dirs[i], name);
        if (access(other, R_OK) == 0) return other;
    }
    return path;
}

static nl_used *cannot_read(nl_check *ck, const nl_ast *stmt, const char *name, int why)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_USE, nl_ast_kid(stmt, 0)->span, "cannot read `%s`: %s", name,
                                strerror(why));
    nl_text places = nl_text_new(ck->arena);

    if (why != ENOENT || name[0] == '/') return NULL;
    nl_text_addf(&places, "%s", nl_scope_folder(ck->top));
    for (size_t i = 0; i < ck->search_dir_count; i++) nl_text_addf(&places, ", %s", ck->search_dirs[i]);
    nl_diag_help(ck->diags, diag, "it was looked for in %s; -I DIR adds a folder", places.chars);
    return NULL;
}

static nl_used *known_file(const nl_check *ck, const char *real)
{
    for (size_t i = 0; i < ck->used_files.count; i++)
        if (strcmp(ck->used_files.items[i]->real, real) == 0) return ck->used_files.items[i];
    return NULL;
}

static nl_used *add_file(nl_check *ck, const nl_source *source, const char *real, nl_span use)
{
    nl_used *file = NL_NEW(ck->arena, nl_used);

    *file = (nl_used){
        .path = source->name, .real = real, .folder = nl_path_folder(ck->arena, source->name), .use = use
    };
    NL_PUSH(ck->arena, &ck->used_files, file);
    return file;
}

static nl_used *circle(nl_check *ck, const nl_ast *stmt, const nl_used *file)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_USE, stmt->span, "`%s` leads back to itself", file->path);

    if (file->use.begin != 0) nl_diag_also(ck->diags, diag, file->use, "it is used here");
    nl_diag_help(ck->diags, diag, "move what both need into a third file");
    return NULL;
}

nl_used *nl_use_file(nl_check *ck, const nl_ast *stmt)
{
    const char *name = nl_ast_kid(stmt, 0)->name, *path = find_path(ck, name), *real = nl_path_real(ck->arena, path);
    const size_t errors = nl_diags_error_count(ck->diags);
    nl_used *file = known_file(ck, real);

    if (file != NULL) return file->is_open ? circle(ck, stmt, file) : file;
    const nl_source *source = nl_sources_read_once(ck->sources, path);
    if (source == NULL) return cannot_read(ck, stmt, name, errno);
    file = add_file(ck, source, real, stmt->span);
    file->parsed = nl_parse_source(ck->arena, ck->diags, source);
    file->failed = nl_diags_error_count(ck->diags) > errors;
    return file;
}

void nl_use_begin(nl_check *ck, const nl_parsed *parsed)
{
    nl_used *file =
        add_file(ck, parsed->source, nl_path_real(ck->arena, parsed->source->name), (nl_span){ 0, 0 });

    file->parsed = *parsed;
    file->is_open = true;
}

/* --- its rules --- */

bool nl_use_rules(nl_check *ck, nl_used *file)
{
    const size_t errors = nl_diags_error_count(ck->diags), mark = nl_diags_mark(ck->diags);
    nl_scope *outer = ck->top;

    if (file->scope != NULL) return !file->failed;
    ck->top = file->scope = nl_scope_new(ck->arena, ck->prelude);
    file->scope->folder = file->folder;
    file->is_open = true;
    nl_check_declare_rules(ck, file->parsed.file);
    file->is_open = false;
    ck->top = outer;
    file->failed = file->failed || nl_diags_error_count(ck->diags) > errors;
    nl_diags_also_within(ck->diags, mark, file->parsed.file->span, file->use, "the file is used here");
    return !file->failed;
}

static bool is_shown(const nl_used *file, const nl_symbol *symbol)
{
    return symbol->home == file->scope && symbol->name[0] != '_';
}

static bool take(nl_check *ck, const nl_ast *stmt, const nl_used *file, nl_symbol *symbol)
{
    const nl_symbol *other = nl_scope_find_here(ck->top, symbol->name);

    if (other == NULL) nl_scope_take(ck, ck->top, symbol);
    if (other == NULL || other == symbol) return true;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, stmt->span, "`%s` of %s is declared already", symbol->name,
                                file->path);
    nl_diag_also(ck->diags, diag, other->span, "it is declared here");
    return false;
}

/* What others see of it; NULL after a diagnostic. */
static nl_scope *shown_of(nl_check *ck, nl_used *file)
{
    if (!nl_use_rules(ck, file)) return NULL;
    if (file->shown != NULL) return file->shown;
    file->shown = nl_scope_new(ck->arena, NULL);
    for (size_t i = 0; i < file->scope->symbols.count; i++)
        if (is_shown(file, file->scope->symbols.items[i]))
            nl_scope_take(ck, file->shown, file->scope->symbols.items[i]);
    return file->shown;
}

/* What it shows becomes names of the scope that uses it. */
static bool take_rules(nl_check *ck, const nl_ast *stmt, nl_used *file)
{
    const nl_scope *shown = shown_of(ck, file);
    bool done = true;

    if (shown == NULL) return false;
    for (size_t i = 0; i < shown->symbols.count; i++) done = take(ck, stmt, file, shown->symbols.items[i]) && done;
    if (shown->symbols.count == 0)
        nl_diag_add(ck->diags, NL_E_USE, stmt->span, "there are no rules in %s", file->path);
    return done && shown->symbols.count > 0;
}

/* --- a name for it --- */

/* Of a file that is wrong nothing is known, and nothing more is said. */
static nl_scope *members_of(nl_check *ck, nl_used *file)
{
    nl_scope *shown = shown_of(ck, file);

    if (shown != NULL) return shown;
    shown = nl_scope_new(ck->arena, NULL);
    shown->is_opaque = true;
    return shown;
}

static bool name_rules(nl_check *ck, const nl_ast *stmt, nl_used *file)
{
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_FILE, stmt->name, stmt->name_span, stmt);

    if (symbol == NULL) return false;
    symbol->members = members_of(ck, file);
    return !symbol->members->is_opaque;
}

/* It sees the names of its own file only. */
static bool name_circuit(nl_check *ck, const nl_ast *stmt, nl_used *file)
{
    nl_ast *const kids[] = { NULL, (nl_ast *)file->circuit };
    nl_ast *decl = nl_ast_new(ck->arena, NL_AST_CIRCUIT, file->parsed.file->span, stmt->name, kids, 2);
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_CIRCUIT, stmt->name, stmt->name_span, decl);

    if (symbol == NULL || file->failed) return false;
    decl->name_span = stmt->name_span;
    symbol->home = nl_scope_new(ck->arena, ck->prelude);
    symbol->home->folder = file->folder;
    symbol->file = file;
    return true;
}

nl_scope *nl_use_members(nl_check *ck, nl_symbol *owner)
{
    if (owner->members == NULL && owner->file != NULL) owner->members = members_of(ck, owner->file);
    return owner->members;
}

bool nl_use_declare(nl_check *ck, const nl_ast *stmt)
{
    nl_used *file = nl_use_file(ck, stmt);

    if (file == NULL) return false;
    if (stmt->name == NULL) return take_rules(ck, stmt, file);
    if (file->circuit == NULL) file->circuit = nl_check_declarations(ck, file->parsed.file);
    return (nl_check_holds_network(file->circuit) ? name_circuit : name_rules)(ck, stmt, file);
}
