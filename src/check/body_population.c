/* Populations, and the equations at top level: a population of one. */
#include "body.h"

#include <string.h>

/* --- the head: NAME, NAME[count], NAME[rows, columns] --- */

static bool extents(nl_evaluator *ev, const nl_ast *head, nl_population *p)
{
    p->rank = 1;
    p->shape[0] = p->count = 1;
    if (head->kind != NL_AST_INDEX) return true;
    if (head->kid_count > 3) {
        nl_diag_add(ev->ck->diags, NL_E_BODY_HEAD, head->span,
                    "a population is a line [count] or a grid [rows, columns]");
        return false;
    }
    size_t shape[2] = { 1, 1 };
    for (int k = 1; k < head->kid_count; k++) {
        if (!nl_eval_count(ev, head->kids[k], "the size of a population", &shape[k - 1])) return false;
        if (shape[k - 1] > 0) continue;
        nl_diag_add(ev->ck->diags, NL_E_BODY_HEAD, head->kids[k]->span, "a population needs at least one element");
        return false;
    }
    p->rank = head->kid_count - 1;
    memcpy(p->shape, shape, sizeof shape);
    if (__builtin_mul_overflow(shape[0], shape[1], &p->count) || p->count > UINT32_MAX) {
        p->count = p->shape[0] = p->shape[1] = 1;
        nl_diag_add(ev->ck->diags, NL_E_BODY_HEAD, head->span, "a population has at most %u elements", UINT32_MAX);
        return false;
    }
    return true;
}

static uint32_t add_space(nl_graph *graph, const nl_population *p, uint32_t number)
{
    nl_space space = {
        .kind = NL_SPACE_POPULATION, .name = p->name, .count = p->count, .rank = p->rank, .owner = number
    };

    if (p->count == 1) return 0;
    memcpy(space.shape, p->shape, sizeof p->shape);
    return nl_graph_add_space(graph, &space);
}

static nl_body *add_population(nl_check *ck, nl_population *p)
{
    const uint32_t number = (uint32_t)ck->model->populations.count;

    p->space = add_space(ck->model->graph, p, number);
    NL_PUSH(ck->arena, &ck->model->populations, *p);
    return nl_body_new(ck, false, number, p->name, p->space);
}

/* --- the body --- */

static void resolve_body(nl_body *body, const nl_ast *use, const nl_ast *block)
{
    nl_body_gather(body, use, block);
    nl_body_resolve_entries(body);
    nl_body_statements(body);
    nl_body_close(body);
}

bool nl_body_population(nl_check *ck, const nl_ast *decl)
{
    const size_t errors = nl_diags_error_count(ck->diags);
    nl_evaluator ev = { .ck = ck, .scope = ck->top, .arena = ck->arena };
    const nl_ast *head = decl->kids[0], *named = head->kind == NL_AST_INDEX ? head->kids[0] : head;
    nl_population p = { .name = nl_eval_family_name(&ev, named), .doc = decl->doc, .span = named->span };

    if (p.name == NULL) return false;
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_POPULATION, p.name, named->span, decl);
    if (symbol == NULL) return false;
    p.name = symbol->name;
    extents(&ev, head, &p);
    nl_body *body = add_population(ck, &p);
    symbol->id = body->number;
    symbol->part = (nl_part){ .population = body->number, .count = p.count, .whole = true };
    resolve_body(body, nl_ast_kid(decl, 1), nl_ast_kid(decl, 2));
    return nl_diags_error_count(ck->diags) == errors;
}

/* --- top level --- */

static nl_body *top_body(nl_check *ck)
{
    nl_scope *scope = nl_scope_of_text(ck->top);
    const nl_instance *instance = scope->instance;
    nl_population p = { .name = "", .count = 1, .rank = 1, .shape = { 1, 1 } };

    if (scope->equations != NULL) return scope->equations;
    if (instance != NULL) p.name = nl_arena_strndup(ck->arena, instance->prefix, instance->length - 1);
    scope->equations = add_population(ck, &p);
    scope->equations->is_top = true;
    return scope->equations;
}

/* A state of the file or instance is also one of its names. */
static void name_top(nl_check *ck, const nl_body *body, const nl_ast *item)
{
    const nl_entry *entry = nl_entry_find(body, item->name);
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_STATE, item->name,
                                     item->name_span.end != 0 ? item->name_span : item->span, item);

    if (entry == NULL || symbol == NULL) return;
    symbol->id = entry->var;
    symbol->node = entry->node;
}

static void declare_top(nl_body *body, const nl_ast *statement)
{
    nl_body_collect(body, statement);
    nl_body_resolve_entries(body);
    for (int k = 0; k < statement->kid_count; k++) name_top(body->ck, body, statement->kids[k]);
}

static void top_statement(nl_body *body, const nl_ast *statement)
{
    if (statement->kind == NL_AST_STATES || statement->kind == NL_AST_INPUTS) declare_top(body, statement);
    else nl_body_statement(body, statement);
}

uint32_t nl_body_number(const nl_body *body) { return body->number; }

bool nl_body_top(nl_check *ck, const nl_ast *stmt)
{
    const size_t errors = nl_diags_error_count(ck->diags);
    nl_body *body = top_body(ck);

    body->scope->parent = ck->top;
    if (stmt->kind != NL_AST_IF) top_statement(body, stmt);
    else
        nl_body_walk(body, nl_ast_new(ck->arena, NL_AST_BLOCK, stmt->span, NULL, (nl_ast *[]){ (nl_ast *)stmt }, 1),
                     top_statement);
    return nl_diags_error_count(ck->diags) == errors;
}
