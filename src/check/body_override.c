/* override STATEMENT: what a body, or a template that is built on another, puts in the place of what stands behind
 * it. */
#include "body.h"

#include <string.h>

/* --- what it says --- */

/* The words for what a statement gives: "the equation of `v`"; NULL where nothing can be overridden. */
static const char *words_of(nl_arena *arena, const nl_ast *s)
{
    const nl_ast *left = nl_ast_kid(s, 0);

    switch (s->kind) {
    case NL_AST_ASSIGN:
        while (left->kind == NL_AST_BINARY) left = left->kids[1];
        if (left->kind == NL_AST_NAME && strcmp(left->name, "method") == 0) return "`method`";
        return left->kind == NL_AST_PRIME ? nl_arena_printf(arena, "equation of `%s`", left->kids[0]->name) : NULL;
    case NL_AST_NEXT: return nl_arena_printf(arena, "equation of `%s`", left->name);
    case NL_AST_HISTORY: return nl_arena_printf(arena, "history of `%s`", left->name);
    case NL_AST_SPIKE_WHEN:
    case NL_AST_SPIKE_AT: return "`spike` statement";
    case NL_AST_EVENT: return nl_arena_printf(arena, "event `%s`", s->name);
    case NL_AST_REFRACTORY:
    case NL_AST_REFRACTORY_WHILE: return "`refractory`";
    case NL_AST_ON: {
        const char *side = left->kind == NL_AST_FIELD ? nl_arena_printf(arena, "%s.%s", left->kids[0]->name, left->name)
                                                      : left->name;
        const char *delayed = nl_ast_kid(s, 1) != NULL ? " with a delay" : "";
        return nl_arena_printf(arena, "`on %s`%s", side, delayed);
    }
    case NL_AST_DELAY: return "`delay`";
    case NL_AST_DENDRITIC_DELAY: return "`dendritic_delay`";
    default: return NULL;
    }
}

static void nothing(nl_body *body, const nl_ast *statement, const char *what)
{
    const size_t next = body->origin.layer + 1;
    nl_diags *diags = body->ck->diags;

    if (body->is_opaque) return;
    if (next >= body->layers.count) {
        nl_diag_add(diags, NL_E_OVERRIDE, statement->span, "there is no template whose %s could be overridden", what);
        return;
    }
    const nl_ast *template = body->layers.items[next]->template;
    nl_diag *diag = nl_diag_add(diags, NL_E_OVERRIDE, statement->span, "`%s` has no %s", template->name, what);
    nl_diag_also(diags, diag, template->name_span.end != 0 ? template->name_span : template->span,
                 "it is declared here");
}

/* --- declarations --- */

static void override_item(nl_body *body, nl_entry_kind kind, const nl_ast *item)
{
    static const char *const words[] = {
        [NL_ENTRY_STATE] = "state", [NL_ENTRY_PARAM] = "`param`", [NL_ENTRY_LET] = "`let`"
    };
    nl_entry *entry = nl_entry_find(body, item->name);

    if (entry == NULL || entry->kind != kind || entry->shown != NULL || entry->origin.layer <= body->origin.layer) {
        nothing(body, item, nl_arena_printf(body->ck->arena, "%s `%s`", words[kind], item->name));
        return;
    }
    entry->item = item;
    entry->span = item->name_span.end != 0 ? item->name_span : item->span;
    entry->origin = body->origin;
    entry->scope = body->scope;
    if (entry->var != NL_NO_VAR) body->ck->model->vars.items[entry->var].span = entry->span;
}

/* --- other statements --- */

static bool override_delay(nl_body *body, const nl_ast *statement)
{
    const int which = statement->kind == NL_AST_DENDRITIC_DELAY;

    if (body->delays[which] == NULL || body->delay_origins[which].layer <= body->origin.layer) return false;
    body->delays[which] = statement;
    body->delay_origins[which] = body->origin;
    return true;
}

static bool override_statement(nl_body *body, const nl_ast *statement, const char *what)
{
    for (size_t k = 0; k < body->statements.count; k++) {
        nl_statement *old = &body->statements.items[k];
        const char *words = words_of(body->ck->arena, old->node);

        if (old->origin.layer <= body->origin.layer || words == NULL || strcmp(words, what) != 0) continue;
        nl_body_replace_event(body, old->node, statement);
        *old = (nl_statement){ statement, body->origin };
        return true;
    }
    return false;
}

static void override_other(nl_body *body, const nl_ast *statement)
{
    const char *what = words_of(body->ck->arena, statement);
    const bool is_delay = statement->kind == NL_AST_DELAY || statement->kind == NL_AST_DENDRITIC_DELAY;

    if (what == NULL)
        nl_diag_add(body->ck->diags, NL_E_OVERRIDE, statement->span,
                    "nothing of a template stands for this statement, so that it can only be added");
    else if (!(is_delay ? override_delay(body, statement) : override_statement(body, statement, what)))
        nothing(body, statement, what);
}

void nl_body_override(nl_body *body, const nl_ast *override)
{
    const nl_ast *statement = override->kids[0];
    nl_entry_kind kind;

    switch (statement->kind) {
    case NL_AST_STATES: kind = NL_ENTRY_STATE; break;
    case NL_AST_PARAMS: kind = NL_ENTRY_PARAM; break;
    case NL_AST_LETS: kind = NL_ENTRY_LET; break;
    default: override_other(body, statement); return;
    }
    for (int k = 0; k < statement->kid_count; k++) override_item(body, kind, statement->kids[k]);
}
