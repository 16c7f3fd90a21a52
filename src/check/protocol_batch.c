/* Sweeps and trials: what their points bind, set and collect. */
#include "protocol_impl.h"

#include "batch.h"
#include "declare.h"

#include <math.h>
#include <string.h>

/* --- collect --- */

static bool same_extent(size_t a, size_t b) { return a == b || a == NL_UNKNOWN_SIZE || b == NL_UNKNOWN_SIZE; }

/* Whether a row is like those that were collected before. */
static bool is_like(nl_value rows, nl_value row)
{
    bool fits = rows.rank == row.rank + 1 && nl_dim_equal(rows.dim, row.dim);

    for (int i = 0; i < row.rank && fits; i++) fits = same_extent(rows.shape[i + 1], row.shape[i]);
    return fits;
}

static nl_value rows_of(nl_value row)
{
    size_t shape[NL_RANK] = { NL_UNKNOWN_SIZE };

    for (int i = 0; i < row.rank; i++) shape[i + 1] = row.shape[i];
    return nl_value_unknown(row.kind, row.dim, row.rank + 1, shape);
}

/* The symbol of what is collected as `name`: that of a COLLECT before, where both make rows, or a new one. */
static nl_symbol *collected(checker *c, const nl_ast *stmt, const char *name, bool single)
{
    nl_symbol *symbol = nl_scope_find_here(c->home, name);

    if (symbol != NULL && symbol->decl != NULL && symbol->decl->kind == NL_AST_COLLECT && !symbol->single && !single)
        return symbol;
    symbol = nl_plan_declare(c->ck, c->home, NL_SYM_VALUE, name, stmt->kids[0]->span, stmt);
    if (symbol != NULL) symbol->varies = true;
    if (symbol != NULL) symbol->single = single;
    return symbol;
}

static nl_symbol *collect_value(checker *c, const nl_ast *stmt, const char *name, nl_value value, bool single)
{
    nl_symbol *symbol = collected(c, stmt, name, single);

    if (symbol == NULL) return NULL;
    if (single ? value.rank <= NL_RANK : value.rank < NL_RANK) {
        if (single || symbol->value.kind == NL_KIND_NONE || is_like(symbol->value, value)) {
            symbol->value = single ? nl_value_unknown(value.kind, value.dim, value.rank, value.shape) : rows_of(value);
            return symbol;
        }
    }
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->span,
                                "this row does not fit those collected as `%s` before", name);
    nl_diag_also(c->ck->diags, diag, symbol->span, "they are collected here");
    return NULL;
}

/* How many statements of a block collect this. */
static int count_collects(const nl_ast *node, const nl_ast *left)
{
    int count = 0;

    if (node == NULL) return 0;
    if (node->kind == NL_AST_COLLECT) return nl_ast_same(node->kids[0], left);
    for (int i = 0; i < node->kid_count; i++) count += count_collects(node->kids[i], left);
    return count;
}

/* Each point has one value of what it collects once; else a row for each time. */
static bool is_collected_once(const checker *c, const nl_ast *stmt)
{
    return c->points != NULL && c->loops == 0 && count_collects(c->points, stmt->kids[0]) <= 1;
}

static void add_column(checker *c, const nl_ast *stmt, nl_symbol *symbol)
{
    if (c->batch == NULL || symbol == NULL) return;
    for (size_t i = 0; i < c->batch->columns.count; i++)
        if (c->batch->columns.items[i].inside == symbol) return;
    NL_PUSH(c->ck->arena, &c->batch->columns, ((nl_plan_column){ .stmt = stmt, .inside = symbol }));
}

void protocol_check_collect(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, "collect");
    const char *name = nl_ast_kid(stmt, 0) != NULL ? nl_eval_family_name(&ev, stmt->kids[0]) : NULL;
    const nl_value row = nl_eval(&ev, nl_ast_kid(stmt, 1));

    if (name == NULL || row.kind == NL_KIND_NONE) return;
    if (row.kind == NL_KIND_NUMBER || row.kind == NL_KIND_BOOL)
        add_column(c, stmt, collect_value(c, stmt, name, row, is_collected_once(c, stmt)));
    else nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->kids[1]->span, "only numbers are collected");
}

/* --- points --- */

/* Values of symbols, which a batch leaves as they were. */
typedef struct saved_value { nl_value value; bool pinned; } saved_value;

static saved_value *save_present(const nl_check *ck)
{
    saved_value *saved = NL_NEW_ARRAY(ck->arena, saved_value, ck->top->symbols.count + 1);

    for (size_t i = 0; i < ck->top->symbols.count; i++)
        saved[i] = (saved_value){ ck->top->symbols.items[i]->value, ck->top->symbols.items[i]->pinned };
    return saved;
}

static void restore_present(nl_check *ck, const saved_value *saved, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck->top->symbols.items[i]->value = saved[i].value;
        ck->top->symbols.items[i]->pinned = saved[i].pinned;
    }
}

static bool check_bound_value(checker *c, const nl_binding *binding, const nl_target *target, nl_value value)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const nl_value present = target->symbol != NULL
                                 ? target->symbol->value
                                 : nl_value_unknown(NL_KIND_NUMBER, target->dim, target->rank, target->shape);
    const nl_span span = binding->set->kids[1]->span;

    if (value.kind == NL_KIND_NONE || nl_target_assign(&ev, target, present, value, binding->set).kind == NL_KIND_NONE)
        return false;
    return target->symbol == NULL || nl_declare_in_range(&ev, target->symbol, value, span);
}

static bool check_setting_value(checker *c, const nl_binding *binding, nl_value value)
{
    const char *define = nl_batch_define(c->ck->arena, binding, value), *why;

    if (nl_setting_accepts(c->ck, binding->name, define + strlen(binding->name) + 1, &why)) return true;
    nl_diag_add(c->ck->diags, NL_E_BATCH, binding->set->kids[1]->span, "`%s` cannot be %s: %s", binding->name,
                nl_value_show(c->ck->arena, value, NULL), why);
    return false;
}

static bool is_setting(const checker *c, const nl_binding *binding)
{
    return binding->fixed && nl_setting_exists(binding->name) && nl_scope_find(c->scope, binding->name) == NULL;
}

static bool check_binding(checker *c, const nl_batch *batch, const nl_binding *binding)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const size_t count = batch->axes[binding->axis].count;
    nl_target target;
    const bool sets = is_setting(c, binding);
    bool good = sets || nl_target_find(&ev, binding->set->kids[0], &target);

    if (!good || (sets && !nl_value_known(binding->values))) return good;
    if (!nl_value_known(binding->values))
        return check_bound_value(c, binding, &target, nl_batch_value(&ev, binding, 0));
    for (size_t i = 0; i < count && good; i++) {
        const nl_value value = nl_batch_value(&ev, binding, i);
        good = sets ? check_setting_value(c, binding, value) : check_bound_value(c, binding, &target, value);
    }
    return good;
}

/* In the block the parameter has any of the values. */
static void forget_bound(checker *c, const nl_binding *binding)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_target target;

    if (is_setting(c, binding) || (binding->fixed && c->ck->fixed_given)) return;
    if (!nl_target_find(&ev, binding->set->kids[0], &target) || target.symbol == NULL) return;
    target.symbol->pinned = true;
    target.symbol->value = protocol_forget(target.symbol->value);
    nl_declare_dependents(c->ck, target.symbol, protocol_follow, c);
}

/* `trial` and `point`, where the file has no such name. */
static void add_counter(checker *c, const nl_batch *batch, const char *name)
{
    const nl_symbol *other = nl_scope_find(c->scope->parent, name);
    nl_symbol *own = nl_scope_find_here(c->scope, name);

    if (other != NULL && nl_plan_find_batch(c->ck, other->decl) == NULL) return;
    if (own == NULL) own = nl_scope_add(c->ck, c->scope, NL_SYM_VALUE, name, batch->stmt->span, batch->stmt);
    own->varies = true;
    own->value = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
}

static nl_plan_batch *plan_batch(checker *c, const nl_batch *batch)
{
    nl_plan_batch *plan = nl_plan_find_batch(c->ck, batch->stmt);

    if (plan != NULL) return plan;
    plan = NL_NEW(c->ck->arena, nl_plan_batch);
    *plan = (nl_plan_batch){ .stmt = batch->stmt, .scope = nl_plan_add_scope(c->ck, batch->block, c->scope) };
    NL_PUSH(c->ck->arena, &c->ck->plan->batches, plan);
    return plan;
}

/* What a point collects is an array with an axis more for each of the batch. */
static void check_column(checker *c, const nl_batch *batch, nl_plan_column *column)
{
    const nl_value row = column->is_last ? nl_plan_last(column->inside->value) : column->inside->value;
    nl_value all = { .kind = row.kind, .dim = row.dim, .rank = batch->axis_count + row.rank };

    if (all.rank > NL_RANK) {
        nl_diag_add(c->ck->diags, NL_E_SERIES, column->stmt->span, "`%s` has too many axes", column->inside->name);
        return;
    }
    for (int i = 0; i < batch->axis_count; i++) all.shape[i] = batch->axes[i].count;
    for (int i = 0; i < row.rank; i++) all.shape[batch->axis_count + i] = row.shape[i];
    column->outside = collect_value(c, column->stmt, column->inside->name, all,
                                    c->loops == 0 && (c->points == NULL || is_collected_once(c, column->stmt)));
    add_column(c, column->stmt, column->outside);
}

static void check_points(checker *c, const nl_batch *batch, nl_plan_batch *plan)
{
    const checker outer = *c;
    const double before = c->ck->plan->steps;

    c->scope = c->home = plan->scope;
    c->points = batch->block;
    c->batch = plan;
    c->loops = 0;
    if (batch->binding_count > 0) add_counter(c, batch, "point");
    if (batch->trial_axis >= 0) add_counter(c, batch, "trial");
    c->ck->plan->steps = 0;
    c->ck->plan->uncertain++;
    for (size_t i = 0; i < batch->binding_count; i++) forget_bound(c, &batch->bindings[i]);
    protocol_check_block(c, batch->block);
    c->ck->plan->uncertain--;
    c->ck->plan->steps = before
                         + c->ck->plan->steps * (batch->points == NL_UNKNOWN_SIZE ? NAN : (double)batch->points);
    *c = outer;
}

static bool is_column(const nl_plan_batch *plan, const char *name)
{
    for (size_t i = 0; i < plan->columns.count; i++)
        if (strcmp(plan->columns.items[i].inside->name, name) == 0) return true;
    return false;
}

/* Where the whole protocol is swept, its named numbers are results: each `let`, and what each series is at the end. */
static void add_results(checker *c, nl_plan_batch *plan)
{
    for (size_t i = 0; i < plan->scope->symbols.count; i++) {
        nl_symbol *symbol = plan->scope->symbols.items[i];
        const bool is_series = symbol->kind == NL_SYM_RECORD, is_let = symbol->decl->kind == NL_AST_ITEM;
        const bool is_number = symbol->value.kind == NL_KIND_NUMBER || symbol->value.kind == NL_KIND_BOOL;

        if (!is_number || symbol->value.rank != is_series || !(is_series || is_let) || is_column(plan, symbol->name))
            continue;
        nl_ast *name = nl_ast_new(c->ck->arena, NL_AST_NAME, symbol->span, symbol->name, NULL, 0);
        const nl_ast *stmt =
            nl_ast_new(c->ck->arena, NL_AST_COLLECT, symbol->span, NULL, (nl_ast *[]){ name, name }, 2);
        NL_PUSH(c->ck->arena, &plan->columns,
                ((nl_plan_column){ .stmt = stmt, .inside = symbol, .is_last = is_series }));
    }
}

void protocol_check_batch(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const size_t count = c->ck->top->symbols.count;
    nl_batch batch;
    bool good = protocol_has_dt(c, stmt) && nl_batch_read(&ev, stmt, &batch);

    for (size_t i = 0; good && i < batch.binding_count; i++) good = check_binding(c, &batch, &batch.bindings[i]);
    if (!good) return;
    const saved_value *saved = save_present(c->ck);
    nl_plan_batch *plan = plan_batch(c, &batch);
    check_points(c, &batch, plan);
    restore_present(c->ck, saved, count);
    if (batch.block == c->ck->batch_block) add_results(c, plan);
    for (size_t i = 0; i < plan->columns.count; i++) check_column(c, &batch, &plan->columns.items[i]);
}
