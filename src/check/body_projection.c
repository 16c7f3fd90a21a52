/* Projections: their sides, their rule, what their synapses bring. */
#include "body.h"

#include <string.h>

/* --- sides --- */

static bool side(nl_evaluator *ev, const nl_ast *e, nl_part *out)
{
    const size_t errors = nl_diags_error_count(ev->ck->diags);
    const nl_symbol *owner = nl_eval_owner(ev, e);
    nl_diags *diags = ev->ck->diags;

    if (owner != NULL && (owner->kind == NL_SYM_POPULATION || owner->kind == NL_SYM_PART)) {
        *out = owner->part;
        return true;
    }
    if (nl_diags_error_count(diags) > errors || nl_eval_is_lost(ev, e)) return false;
    const nl_ast *bare = nl_ast_bare(e);
    if (bare->kind == NL_AST_NAME && nl_scope_find(ev->scope, bare->name) == NULL) {
        nl_diag *diag = nl_diag_add(diags, NL_E_NAME, bare->span, "unknown population `%s`", bare->name);
        const char *close = nl_scope_suggest(ev->ck, ev->scope, bare->name);
        if (close != NULL) nl_diag_help(diags, diag, "did you mean `%s`?", close);
        return false;
    }
    nl_diag_add(diags, NL_E_BODY_HEAD, e->span, "a projection connects populations or parts of them");
    return false;
}

/* --- names --- */

static bool name_taken(const nl_model *model, const char *name)
{
    for (size_t k = 0; k < model->projections.count; k++)
        if (strcmp(model->projections.items[k].name, name) == 0) return true;
    return false;
}

static const char *part_name(nl_check *ck, const nl_part *part)
{
    const char *name = ck->model->populations.items[part->population].name;

    return part->whole ? name : nl_arena_printf(ck->arena, "%s[%zu:%zu]", name, part->begin, part->begin + part->count);
}

static const char *made_name(nl_check *ck, const nl_projection *p)
{
    const char *plain = nl_arena_printf(ck->arena, "%s -> %s", part_name(ck, &p->pre), part_name(ck, &p->post)),
               *name = plain;

    for (int k = 2; name_taken(ck->model, name); k++) name = nl_arena_printf(ck->arena, "%s (%d)", plain, k);
    return name;
}

/* --- excluding --- */

static bool declares(const nl_ast *e, const char *name)
{
    const nl_ast *named = e != NULL && e->kind == NL_AST_PROJECTION ? e->kids[0] : NULL;

    if (e == NULL) return false;
    if (named != NULL && named->kind == NL_AST_CALL) named = named->kids[0];
    if (named != NULL && strcmp(named->name, name) == 0) return true;
    for (int k = 0; k < e->kid_count; k++)
        if ((e->kind == NL_AST_BLOCK || e->kind == NL_AST_IF || e->kind == NL_AST_FOR) && declares(e->kids[k], name))
            return true;
    return false;
}

static bool may_be_dropped(const nl_evaluator *ev, const nl_ast *path)
{
    path = nl_ast_bare(path);
    if (path->kind == NL_AST_CALL) path = path->kids[0];
    return path->kind == NL_AST_NAME && declares(nl_scope_of_text(ev->scope)->text, path->name);
}

/* A projection that an `if` dropped leaves nothing out. */
static void exclude(nl_evaluator *ev, const nl_ast *names, nl_projection *p)
{
    nl_check *ck = ev->ck;

    for (int k = 0; names != NULL && k < names->kid_count; k++) {
        const char *name = nl_eval_family_name(ev, names->kids[k]);
        const nl_symbol *symbol = name != NULL ? nl_eval_symbol(ev, names->kids[k]) : NULL;
        if (symbol != NULL && symbol->kind == NL_SYM_PROJECTION) NL_PUSH(ck->arena, &p->excluding, symbol->id);
        else if (name != NULL && !may_be_dropped(ev, names->kids[k]))
            nl_diag_add(ck->diags, NL_E_NAME, names->kids[k]->span, "there is no projection `%s` above", name);
    }
}

/* --- the body --- */

static nl_body *add_projection(nl_check *ck, nl_projection *p)
{
    const uint32_t number = (uint32_t)ck->model->projections.count;
    const nl_space space = { .kind = NL_SPACE_SYNAPSES, .name = p->name, .rank = 1, .owner = number };

    p->space = nl_graph_add_space(ck->model->graph, &space);
    p->rule.weight_var = UINT32_MAX;
    NL_PUSH(ck->arena, &ck->model->projections, *p);
    return nl_body_new(ck, true, number, p->name, p->space);
}

bool nl_body_projection(nl_check *ck, const nl_ast *decl)
{
    const size_t errors = nl_diags_error_count(ck->diags);
    nl_evaluator ev = { .ck = ck, .scope = ck->top, .arena = ck->arena };
    const nl_ast *named = decl->kids[0];
    nl_projection p = { .doc = decl->doc,
                        .span = named != NULL ? named->span : nl_span_join(decl->kids[1]->span, decl->kids[2]->span),
                        .no_self = decl->flag };

    if (named != NULL && (p.name = nl_eval_family_name(&ev, named)) == NULL) return false;
    nl_symbol *symbol = named != NULL ? nl_scope_add(ck, ck->top, NL_SYM_PROJECTION, p.name, named->span, decl) : NULL;
    const bool pre = side(&ev, decl->kids[1], &p.pre), post = side(&ev, decl->kids[2], &p.post);
    if (symbol != NULL) p.name = symbol->name, symbol->id = UINT32_MAX;
    if (!pre || !post || (named != NULL && symbol == NULL)) return false;
    if (named == NULL) p.name = made_name(ck, &p);
    exclude(&ev, nl_ast_kid(decl, 5), &p);
    nl_body *body = add_projection(ck, &p);
    if (symbol != NULL) symbol->id = body->number;
    if (nl_ast_kid(decl, 3) != NULL) nl_rule_resolve(body, decl->kids[3]);
    nl_body_gather(body, nl_ast_kid(decl, 4), nl_ast_kid(decl, 6));
    nl_body_resolve_entries(body);
    nl_body_delays(body);
    nl_body_statements(body);
    nl_body_close(body);
    if (nl_diags_error_count(ck->diags) == errors) nl_body_close_synapses(body, decl);
    return nl_diags_error_count(ck->diags) == errors;
}
