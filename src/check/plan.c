#include "plan.h"

#include "declare.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* --- probes --- */

long nl_plan_find_probe(const nl_check *ck, nl_ref node)
{
    for (size_t i = 0; i < ck->plan->probes.count; i++)
        if (ck->plan->probes.items[i] == node) return (long)i;
    return -1;
}

size_t nl_plan_probe(nl_check *ck, nl_ref node)
{
    const long found = nl_plan_find_probe(ck, node);

    if (found >= 0) return (size_t)found;
    NL_PUSH(ck->arena, &ck->plan->probes, node);
    return ck->plan->probes.count - 1;
}

void nl_plan_shape(const nl_check *ck, uint32_t number, int *rank, size_t shape[NL_RANK])
{
    *rank = 0;
    if (number == 0) return;
    const nl_space *space = nl_graph_space(ck->model->graph, number);
    if (space->kind == NL_SPACE_SYNAPSES || space->rank == 0) {
        *rank = 1;
        shape[0] = space->kind == NL_SPACE_SYNAPSES && !ck->running ? NL_UNKNOWN_SIZE : space->count;
        return;
    }
    *rank = space->rank;
    for (int i = 0; i < space->rank; i++) shape[i] = space->shape[i];
}

/* --- finding what the checks have made --- */

nl_plan_series *nl_plan_find_series(nl_check *ck, const nl_ast *stmt, const char *name)
{
    for (size_t i = 0; i < ck->plan->series.count; i++) {
        nl_plan_series *series = &ck->plan->series.items[i];
        if (series->stmt == stmt && strcmp(series->name, name) == 0) return series;
    }
    return NULL;
}

nl_until *nl_plan_find_until(nl_check *ck, const nl_ast *stmt, const char *turn)
{
    for (size_t i = 0; i < ck->plan->untils.count; i++) {
        nl_until *until = &ck->plan->untils.items[i];
        if (until->stmt == stmt && strcmp(until->turn, turn) == 0) return until;
    }
    return NULL;
}

nl_plan_batch *nl_plan_find_batch(const nl_check *ck, const nl_ast *stmt)
{
    for (size_t i = 0; i < ck->plan->batches.count; i++)
        if (ck->plan->batches.items[i]->stmt == stmt) return ck->plan->batches.items[i];
    return NULL;
}

nl_scope *nl_plan_find_scope(const nl_check *ck, const nl_ast *block)
{
    for (size_t i = 0; i < ck->plan->scopes.count; i++)
        if (ck->plan->scopes.items[i].block == block) return ck->plan->scopes.items[i].scope;
    return NULL;
}

nl_scope *nl_plan_add_scope(nl_check *ck, const nl_ast *block, nl_scope *parent)
{
    nl_scope *found = nl_plan_find_scope(ck, block);

    if (found != NULL) return found;
    const nl_block_scope entry = { block, nl_scope_new(ck->arena, parent) };
    NL_PUSH(ck->arena, &ck->plan->scopes, entry);
    return entry.scope;
}

/* --- names --- */

static void add_members(nl_evaluator *ev, const nl_ast *node, nl_text *text)
{
    if (node == NULL) return;
    if (nl_eval_is_member(ev, node)) {
        const char *name = nl_eval_family_name(ev, node);
        if (name != NULL) nl_text_addf(text, "%s ", name);
        return;
    }
    for (int i = 0; i < node->kid_count; i++) add_members(ev, node->kids[i], text);
}

/* The values of the loop variables tell turns apart further. */
static void add_loops(nl_evaluator *ev, nl_text *text)
{
    for (const nl_scope *scope = ev->scope; scope != NULL && scope != ev->ck->top; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++) {
            const nl_symbol *symbol = scope->symbols.items[i];
            if (symbol->decl == NULL || symbol->decl->kind != NL_AST_FOR || !nl_value_known(symbol->value)) continue;
            nl_text_addf(text, "%s=%.17g ", symbol->name, symbol->value.data[0]);
        }
}

const char *nl_plan_members(nl_evaluator *ev, const nl_ast *expr)
{
    nl_text text = nl_text_new(ev->arena);

    add_members(ev, expr, &text);
    return text.length > 0 ? text.chars : "";
}

const char *nl_plan_turn(nl_evaluator *ev, const nl_ast *expr)
{
    nl_text text = nl_text_new(ev->arena);

    add_members(ev, expr, &text);
    if (text.length > 0) add_loops(ev, &text);
    return text.length > 0 ? text.chars : "";
}

nl_value nl_plan_last(nl_value rows)
{
    nl_value row = rows;

    row.rank--;
    memmove(row.shape, rows.shape + 1, (size_t)row.rank * sizeof *row.shape);
    row.times = NULL;
    row.is_signal = false;
    if (rows.data != NULL) row.data = rows.shape[0] > 0 ? rows.data + (rows.shape[0] - 1) * nl_value_count(row) : NULL;
    return row;
}

const char *nl_plan_series_name(nl_evaluator *ev, const nl_ast *stmt)
{
    const nl_ast *name = nl_ast_kid(stmt, 0), *value = nl_ast_bare(nl_ast_kid(stmt, 1));

    if (name != NULL) return nl_eval_family_name(ev, name);
    if (value->kind == NL_AST_NAME) return value->name;
    if (value->kind == NL_AST_FIELD) {
        const nl_ast *base = nl_ast_bare(value->kids[0]);
        const char *owner =
            nl_eval_is_path(base) ? nl_eval_family_name(ev, base) : nl_print_expression(ev->arena, base);
        return owner != NULL ? nl_arena_printf(ev->arena, "%s.%s", owner, value->name) : NULL;
    }
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_SERIES, value->span, "this record has no name");
    nl_diag_help(ev->ck->diags, diag, "write record NAME = %s", nl_print_expression(ev->ck->arena, value));
    return NULL;
}

nl_symbol *nl_plan_declare(nl_check *ck, nl_scope *scope, nl_symbol_kind kind, const char *name, nl_span span,
                           const nl_ast *decl)
{
    nl_symbol *own = nl_scope_find_here(scope, name);

    if (own != NULL && own->decl == decl && own->kind == kind) return own;
    for (const nl_scope *outer = scope->parent; own == NULL && outer != NULL && outer != ck->prelude;
         outer = outer->parent) {
        const nl_symbol *other = nl_scope_find_here(outer, name);
        if (other == NULL) continue;
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, span, "`%s` would hide a name of the file", name);
        if (other->span.begin != 0) nl_diag_also(ck->diags, diag, other->span, "it is declared here");
        return NULL;
    }
    return nl_scope_add(ck, scope, kind, nl_arena_strdup(ck->arena, name), span, decl);
}

/* --- times --- */

double nl_plan_steps(nl_check *ck, nl_arena *arena, nl_span span, double time, const char *what)
{
    const double steps = time / ck->model->dt, whole = round(steps);

    if (fabs(steps - whole) <= 1e-6 * fmax(1, fabs(whole))) return whole;
    const nl_dim dim = nl_check_time_dim(ck);
    nl_diag_add(ck->diags, NL_W_ROUNDED, span, "%s of %s is %s steps of %s; it is rounded to the nearest step", what,
                nl_value_show(arena, nl_value_number(arena, time, dim), NULL),
                nl_value_show(arena, nl_value_number(arena, steps, nl_dim_none), ".6g"),
                nl_value_show(arena, nl_value_number(arena, ck->model->dt, dim), NULL));
    return whole;
}
