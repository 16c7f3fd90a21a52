/* Warnings of values that nothing reads, found from names alone. */
#include "declare.h"

#include <stdlib.h>
#include <string.h>

typedef struct name_list {
    NL_LIST(const char *) names; /* sorted once all are there */
} name_list;

static void collect_names(nl_check *ck, const nl_ast *node, nl_ast_kind kind, name_list *list)
{
    if (node == NULL) return;
    if (node->kind == kind) NL_PUSH(ck->arena, &list->names, node->name);
    for (int i = 0; i < node->kid_count; i++) collect_names(ck, node->kids[i], kind, list);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static name_list names_of(nl_check *ck, nl_ast_kind kind)
{
    name_list list = { { 0 } };

    collect_names(ck, ck->file, kind, &list);
    if (list.names.count > 0) qsort(list.names.items, list.names.count, sizeof *list.names.items, compare_names);
    return list;
}

static bool is_read(const name_list *list, const char *name)
{
    return list->names.count > 0
           && bsearch(&name, list->names.items, list->names.count, sizeof name, compare_names) != NULL;
}

/* The names of columns stand in the tree like names that are read. */
static bool is_column_only(const nl_symbol *symbol)
{
    return symbol->decl->kind == NL_AST_PARAM_COLUMNS || symbol->decl->kind == NL_AST_LET_COLUMNS;
}

/* A parameter that is a name may stand behind a dot or be declared. */
static bool stands_in(const nl_ast *node, const char *name)
{
    if (node == NULL) return false;
    if ((node->kind == NL_AST_NAME || node->kind == NL_AST_FIELD || node->kind == NL_AST_ITEM)
        && strcmp(node->name, name) == 0)
        return true;
    for (int i = 0; i < node->kid_count; i++)
        if (stands_in(node->kids[i], name)) return true;
    return false;
}

static void warn_parameters(nl_check *ck, const nl_ast *rule, const name_list *fields)
{
    const nl_ast *params = nl_ast_kid(rule, 0);

    for (int k = 0; params != NULL && k < params->kid_count; k++) {
        const char *name = params->kids[k]->name;
        bool read = stands_in(nl_ast_kid(rule, 1), name) || stands_in(nl_ast_kid(rule, 2), name)
                    || (rule->kind == NL_AST_CIRCUIT && is_read(fields, name));

        for (int j = k + 1; j < params->kid_count && !read; j++) read = stands_in(params->kids[j], name);
        if (!read)
            nl_diag_add(ck->diags, NL_W_UNUSED, params->kids[k]->span, "nothing in `%s` reads `%s`", rule->name, name);
    }
}

/* Whether a rule has parameters that its text reads. */
static bool is_rule(nl_ast_kind kind)
{
    return kind == NL_AST_CONNECTOR || kind == NL_AST_NEURON || kind == NL_AST_SYNAPSE || kind == NL_AST_CIRCUIT;
}

/* Of the file, and not of one that it uses. */
static bool stands_in_file(const nl_check *ck, const nl_symbol *symbol)
{
    return ck->file->span.begin <= symbol->span.begin && symbol->span.end <= ck->file->span.end;
}

/* As it is read where it is declared, without the numbers of a member. */
static const char *own_name(nl_check *ck, const nl_symbol *symbol)
{
    const char *name = nl_scope_own_name(symbol->home, symbol);

    return nl_arena_strndup(ck->arena, name, strcspn(name, "("));
}

/* A `let` of a file that only computes is a result. */
static bool may_be_result(const nl_check *ck, const nl_symbol *symbol)
{
    return !symbol->is_param && (!ck->timed || strchr(symbol->name, '(') != NULL);
}

static void warn_value(nl_check *ck, const nl_symbol *symbol)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_W_UNUSED, symbol->span, "nothing reads `%s`", own_name(ck, symbol));

    if (!symbol->is_param) nl_diag_help(ck->diags, diag, "if it is a result, say so: keep %s", symbol->name);
}

void nl_check_warn_unused(nl_check *ck)
{
    const name_list names = names_of(ck, NL_AST_NAME), fields = names_of(ck, NL_AST_FIELD);

    for (int i = 0; i < ck->file->kid_count; i++)
        if (is_rule(ck->file->kids[i]->kind)) warn_parameters(ck, ck->file->kids[i], &fields);
    for (size_t i = 0; i < ck->whole->symbols.count; i++) {
        const nl_symbol *symbol = ck->whole->symbols.items[i];

        if (symbol->kind != NL_SYM_VALUE || !symbol->follows || is_column_only(symbol) || !stands_in_file(ck, symbol)
            || may_be_result(ck, symbol) || is_read(&names, own_name(ck, symbol)))
            continue;
        const bool is_of_instance = symbol->home->instance != NULL; /* it may be read from outside */
        if (!is_of_instance || !is_read(&fields, own_name(ck, symbol))) warn_value(ck, symbol);
    }
}
