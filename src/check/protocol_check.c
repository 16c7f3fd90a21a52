/* Checks the statements of the protocol by going through them once with unknown results of runs: what passes here does
 * not fail later because of its text.  On the way it finds what the simulation will have to tell (see plan.h). */
#include "protocol_impl.h"

#include "declare.h"

#include <math.h>
#include <string.h>

/* --- the world while checking: every result has a shape and a dimension, and no value --- */

static nl_value read_unknown(void *user, nl_arena *arena, nl_ref node, nl_dim dim, uint32_t space, nl_span span)
{
    nl_check *ck = user;
    size_t shape[NL_RANK];
    int rank;

    (void)arena, (void)span;
    nl_plan_probe(ck, node);
    nl_plan_shape(ck, space, &rank, shape);
    return nl_value_unknown(nl_graph_node(ck->model->graph, node)->is_bool ? NL_KIND_BOOL : NL_KIND_NUMBER, dim, rank,
                            shape);
}

static double unknown_time(void *user)
{
    (void)user;
    return NAN;
}

nl_evaluator protocol_evaluator(checker *c, const char *stream)
{
    nl_check *ck = c->ck;

    return (nl_evaluator){ .ck = ck, .scope = c->scope, .arena = ck->arena, .world = &c->world, .stream = stream };
}

static nl_span name_span(const nl_ast *node) { return node->name_span.end != 0 ? node->name_span : node->span; }

nl_value protocol_forget(nl_value value)
{
    if (value.kind == NL_KIND_NONE || value.kind == NL_KIND_LIST || value.kind == NL_KIND_TABLE) return value;
    nl_value out = nl_value_unknown(value.kind, value.dim, value.rank, value.shape);
    out.is_signal = value.is_signal;
    return out;
}

static void check_statement(checker *c, const nl_ast *stmt);

/* --- times --- */

bool protocol_has_dt(checker *c, const nl_ast *stmt)
{
    if (c->ck->model->dt > 0) return true;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SETTING, stmt->span, "this needs a time step");
    nl_diag_help(c->ck->diags, diag, "add, for example: simulation { dt = %s; method = rk4 }",
                 c->ck->model->dimensional ? "0.1 ms" : "0.1");
    return false;
}

bool protocol_check_time(checker *c, const nl_ast *expr, const char *what, double least, double *out)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);

    if (!nl_eval_number(&ev, expr, nl_check_time_dim(c->ck), what, out)) return false;
    if (isnan(*out) || (*out >= least && *out <= NL_STEPS_MAX * c->ck->model->dt)) return true;
    nl_diag_add(c->ck->diags, NL_E_TIME, expr->span, "%s is %s", what,
                *out < 0            ? "negative"
                : !isfinite(*out)   ? "not finite"
                : *out < least      ? "shorter than one step"
                                    : "longer than 2^53 steps");
    return false;
}

static void add_steps(checker *c, double steps) { c->ck->plan->steps += steps; }

static void check_run(checker *c, const nl_ast *stmt)
{
    double time;

    if (!protocol_has_dt(c, stmt) || !protocol_check_time(c, nl_ast_kid(stmt, 0), "the duration", 0, &time)) return;
    add_steps(c, isnan(time) ? NAN : nl_plan_steps(c->ck, c->ck->arena, stmt->kids[0]->span, time, "a run"));
}

/* Variables of the loops around a statement as constants, or as values that change. */
static void set_loops_vary(checker *c, bool varies)
{
    for (nl_scope *scope = c->scope; scope != NULL && scope != c->ck->top; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++)
            if (scope->symbols.items[i]->decl->kind == NL_AST_FOR) scope->symbols.items[i]->varies = varies;
}

bool protocol_find_probe(checker *c, const nl_ast *expr, bool fixed, nl_ref *node, int *rank, size_t *shape,
                         nl_dim *dim)
{
    const size_t errors = nl_diags_error_count(c->ck->diags);

    if (fixed) set_loops_vary(c, false);
    *node = nl_body_probe(c->ck, c->scope, expr, rank, shape, dim);
    set_loops_vary(c, true);
    return *node != 0 || nl_diags_error_count(c->ck->diags) == errors;
}

static nl_ast *compare(checker *c, const nl_ast *at, nl_ast *a, const char *op, nl_ast *b)
{
    nl_ast *out = nl_ast_new(c->ck->arena, NL_AST_COMPARE, at->span, NULL, (nl_ast *[]){ a, b }, 2);
    const char **ops = NL_NEW_ARRAY(c->ck->arena, const char *, 1);

    ops[0] = op;
    out->ops = ops;
    return out;
}

/* `x crosses above y` written out: prev(x) <= y and y < x; `below` the other way round. */
static nl_ast *write_crossing(checker *c, const nl_ast *e)
{
    const bool above = strcmp(e->name, "above") == 0;
    nl_ast *name = nl_ast_new(c->ck->arena, NL_AST_NAME, e->span, "prev", NULL, 0);
    nl_ast *before = nl_ast_new(c->ck->arena, NL_AST_CALL, e->kids[0]->span, NULL, (nl_ast *[]){ name, e->kids[0] }, 2);
    nl_ast *sides[2] = { compare(c, e, before, above ? "<=" : ">=", e->kids[1]),
                         compare(c, e, e->kids[0], above ? ">" : "<", e->kids[1]) };

    return nl_ast_new(c->ck->arena, NL_AST_BINARY, e->span, "and", sides, 2);
}

/* A condition in which every crossing is written out. */
static nl_ast *write_crossings(checker *c, nl_ast *e)
{
    const bool may_hold = e->kind == NL_AST_PAREN || e->kind == NL_AST_NOT || e->kind == NL_AST_BINARY;

    if (e->kind == NL_AST_CROSSES) return write_crossing(c, e);
    if (!may_hold) return e;
    nl_ast *out = nl_ast_new(c->ck->arena, e->kind, e->span, e->name, e->kids, e->kid_count);
    for (int i = 0; i < e->kid_count; i++)
        if (out->kids[i] != NULL) out->kids[i] = write_crossings(c, out->kids[i]);
    return out;
}

static bool check_until_condition(checker *c, const nl_ast *stmt)
{
    const nl_ast *condition = nl_ast_kid(stmt, 0) != NULL ? write_crossings(c, stmt->kids[0]) : NULL;
    nl_evaluator ev = protocol_evaluator(c, NULL);
    size_t shape[NL_RANK];
    int rank;
    nl_ref node;
    nl_dim dim;
    nl_value value;

    const char *turn = nl_plan_turn(&ev, condition);
    if (!protocol_find_probe(c, condition, turn[0] != '\0', &node, &rank, shape, &dim)) return false;
    if (node == 0) return nl_eval_condition(&ev, condition, &value);
    if (rank != 0 || !nl_graph_node(c->ck->model->graph, node)->is_bool) {
        nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, condition->span,
                    rank != 0 ? "one condition is needed here, not one for each element"
                              : "a condition is needed here");
        return false;
    }
    const nl_until until = { stmt, turn, nl_plan_probe(c->ck, node) };
    if (nl_plan_find_until(c->ck, stmt, turn) == NULL) NL_PUSH(c->ck->arena, &c->ck->plan->untils, until);
    return true;
}

static void check_run_until(checker *c, const nl_ast *stmt)
{
    double time;

    if (!protocol_has_dt(c, stmt) || !check_until_condition(c, stmt)) return;
    if (nl_ast_kid(stmt, 1) != NULL) protocol_check_time(c, stmt->kids[1], "the duration", 0, &time);
    add_steps(c, NAN);
}

/* --- values --- */

void protocol_follow(void *user, nl_symbol *symbol)
{
    checker *c = user;
    nl_evaluator ev = protocol_evaluator(c, symbol->stream);

    ev.scope = c->ck->top;
    const nl_value value = nl_declare_value(&ev, symbol);
    symbol->value = c->ck->plan->uncertain > 0 ? protocol_forget(symbol->value) : value;
}

static void check_set_symbol(checker *c, const nl_ast *stmt, const nl_target *target, nl_value right)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_value value = nl_target_assign(&ev, target, target->symbol->value, right, stmt);

    if (value.kind == NL_KIND_NONE || !nl_declare_in_range(&ev, target->symbol, value, stmt->kids[1]->span)) return;
    target->symbol->pinned = true;
    target->symbol->value = c->ck->plan->uncertain > 0 ? protocol_forget(value) : value;
    nl_declare_dependents(c->ck, target->symbol, protocol_follow, c);
}

static void check_set(checker *c, const nl_ast *stmt)
{
    const nl_ast *left = nl_ast_kid(stmt, 0), *right = nl_ast_kid(stmt, 1);
    nl_evaluator ev = protocol_evaluator(c, "set");
    nl_target target;

    if (left == NULL || right == NULL) return;
    if (!nl_target_find(&ev, left, &target)) return;
    const nl_value value = nl_target_right(&ev, &target, right);
    if (value.kind == NL_KIND_NONE) return;
    if (target.symbol != NULL) {
        check_set_symbol(c, stmt, &target, value);
        return;
    }
    const nl_value present = nl_value_unknown(NL_KIND_NUMBER, target.dim, target.rank, target.shape);
    nl_target_assign(&ev, &target, present, value, stmt);
}

static void declare_value(checker *c, const nl_ast *item, const nl_ast *decl)
{
    nl_evaluator ev = protocol_evaluator(c, item->name);
    const nl_value value = nl_declare_value(&ev, &(nl_symbol){ .name = item->name, .decl = decl });
    nl_symbol *symbol = nl_plan_declare(c->ck, c->scope, NL_SYM_VALUE, item->name, name_span(item), decl);

    if (symbol == NULL) return;
    symbol->varies = true;
    symbol->doc = item->doc;
    symbol->value = value;
}

static void check_lets(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        const nl_ast *item = stmt->kids[i];

        if (nl_ast_kid(item, 0) != NULL)
            nl_diag_add(c->ck->diags, NL_E_NOT_YET, item->span,
                        "families of values in the protocol are not yet supported");
        else declare_value(c, item, item);
    }
}

static void check_columns(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++) declare_value(c, stmt->kids[i], stmt);
}

static void check_solve(checker *c, const nl_ast *stmt) { declare_value(c, stmt, stmt); }

/* --- blocks --- */

/* What is recorded may differ from turn to turn. */
static bool records(const nl_ast *block)
{
    if (block == NULL) return false;
    if (block->kind == NL_AST_RECORD) return true;
    for (int i = 0; i < block->kid_count; i++)
        if (records(block->kids[i])) return true;
    return false;
}

/* How many turns of a loop are gone through at either end; all, where something is recorded. */
enum { TURNS = 16, INNER_TURNS = 1 };

static void check_turns(checker *c, const nl_ast *stmt, nl_symbol *variable, nl_value range)
{
    const size_t count = range.shape[0];
    const size_t ends = records(nl_ast_kid(stmt, 1)) ? count : c->ck->plan->uncertain > 1 ? INNER_TURNS : TURNS;
    const double before = c->ck->plan->steps;
    size_t checked = 0;

    c->ck->plan->steps = 0;
    if (count == 0) { /* nothing will be done, but it has to be right */
        variable->value = nl_value_unknown(range.kind, range.dim, 0, NULL);
        protocol_check_block(c, nl_ast_kid(stmt, 1));
    }
    for (size_t i = 0; i < count; i++) {
        if (i == ends && count > 2 * ends) i = count - ends;
        variable->value = nl_value_number(c->ck->arena, range.data[i], range.dim);
        protocol_check_block(c, nl_ast_kid(stmt, 1));
        checked++;
    }
    c->ck->plan->steps = before + (checked > 0 ? c->ck->plan->steps * (double)count / (double)checked : 0);
}

static void check_for(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const nl_value range = nl_eval(&ev, nl_ast_kid(stmt, 0));
    nl_scope *outer = c->scope;

    if (range.kind == NL_KIND_NONE || nl_ast_kid(stmt, 1) == NULL) return;
    if ((range.kind != NL_KIND_NUMBER && range.kind != NL_KIND_BOOL) || range.rank != 1) {
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[0]->span,
                                    "`for` goes through a list of numbers");
        nl_diag_help(c->ck->diags, diag, "for example 0 .. 10, or [1, 2, 5]");
        return;
    }
    c->scope = nl_plan_add_scope(c->ck, stmt->kids[1], outer);
    nl_symbol *variable = nl_plan_declare(c->ck, c->scope, NL_SYM_VALUE, stmt->name, name_span(stmt), stmt);
    if (variable != NULL) {
        variable->varies = true;
        c->ck->plan->uncertain++;
        c->loops++;
        if (nl_value_known(range)) check_turns(c, stmt, variable, range);
        else {
            variable->value = nl_value_unknown(range.kind, range.dim, 0, NULL);
            protocol_check_block(c, stmt->kids[1]);
            add_steps(c, NAN);
        }
        c->loops--;
        c->ck->plan->uncertain--;
    }
    c->scope = outer;
}

static void check_branch(checker *c, const nl_ast *branch)
{
    nl_scope *outer = c->scope;

    if (branch == NULL) return;
    c->scope = nl_plan_add_scope(c->ck, branch, outer);
    if (branch->kind == NL_AST_IF) check_statement(c, branch);
    else protocol_check_block(c, branch);
    c->scope = outer;
}

static void check_if(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_value condition;

    if (!nl_eval_condition(&ev, nl_ast_kid(stmt, 0), &condition)) return;
    const nl_ast *then = nl_ast_kid(stmt, 1), *otherwise = nl_ast_kid(stmt, 2);
    if (nl_value_known(condition) && nl_plan_find_scope(c->ck, then) == NULL && c->ck->plan->uncertain == 0) {
        const nl_ast *branch = condition.data[0] != 0 ? then : otherwise;
        if (branch != NULL && branch->kind == NL_AST_IF) check_statement(c, branch);
        else if (branch != NULL) protocol_check_block(c, branch);
    } else if (nl_value_known(condition)) {
        check_branch(c, condition.data[0] != 0 ? then : otherwise);
    } else {
        c->ck->plan->uncertain++;
        check_branch(c, then);
        check_branch(c, otherwise);
        c->ck->plan->uncertain--;
        add_steps(c, NAN);
    }
}

/* --- state as a whole --- */

static void check_reset(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const nl_ast *what = nl_ast_kid(stmt, 0);
    const nl_symbol *owner = what != NULL ? nl_eval_owner(&ev, what) : NULL;

    if (!protocol_has_dt(c, stmt) || what == NULL || (owner != NULL && owner->kind == NL_SYM_POPULATION)) return;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SET, what->span, "only a whole population is reset");
    nl_diag_help(c->ck->diags, diag, "write reset X, or reset alone for everything");
}

bool nl_plan_snapshot_file(nl_check *ck, const nl_ast *what, nl_value name)
{
    if (name.kind == NL_KIND_NONE) return false;
    const size_t length = name.text != NULL ? strlen(name.text) : 0;
    if (name.text == NULL || (length > 3 && strcmp(name.text + length - 3, ".h5") == 0)) return true;
    nl_diag_add(ck->diags, NL_E_OUTPUT, what->span, "a snapshot is kept in a file that ends in .h5, not in `%s`",
                name.text);
    return false;
}

/* The name in memory; NULL for that of a file, or after a fault. */
static const nl_ast *snapshot_name(checker *c, const nl_ast *stmt)
{
    const nl_ast *what = nl_ast_bare(nl_ast_kid(stmt, 0));

    if (what == NULL || !protocol_has_dt(c, stmt)) return NULL;
    if (what->kind == NL_AST_NAME) return what;
    nl_evaluator ev = protocol_evaluator(c, NULL);
    (void)nl_plan_snapshot_file(c->ck, what, nl_eval(&ev, what));
    return NULL;
}

static void check_snapshot(checker *c, const nl_ast *stmt)
{
    const nl_ast *name = snapshot_name(c, stmt);
    const nl_symbol *symbol = name != NULL ? nl_scope_find_here(c->ck->top, name->name) : NULL;

    if (name != NULL && (symbol == NULL || symbol->kind != NL_SYM_SNAPSHOT))
        nl_plan_declare(c->ck, c->ck->top, NL_SYM_SNAPSHOT, name->name, name->span, stmt);
}

static void check_restore(checker *c, const nl_ast *stmt)
{
    const nl_ast *name = snapshot_name(c, stmt);
    nl_symbol *symbol = name != NULL ? nl_scope_find(c->ck->top, name->name) : NULL;

    if (name == NULL) return;
    if (symbol != NULL && symbol->kind == NL_SYM_SNAPSHOT) symbol->used = true;
    else nl_diag_add(c->ck->diags, NL_E_SNAPSHOT, name->span, "no snapshot `%s` was taken before", name->name);
}

/* --- what is said and shown --- */

static void check_print(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        nl_evaluator ev = protocol_evaluator(c, NULL);
        (void)nl_eval(&ev, stmt->kids[i]);
    }
}

static void check_expect(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const nl_value value = nl_eval(&ev, nl_ast_kid(stmt, 0));

    if (value.kind != NL_KIND_NONE && value.kind != NL_KIND_BOOL) {
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[0]->span, "a condition is needed here");
        nl_diag_help(c->ck->diags, diag, "compare the value with something: expect x > 0, expect x within 2 %% of y");
    }
    if (nl_ast_kid(stmt, 1) != NULL) (void)nl_eval(&ev, stmt->kids[1]);
}

/* What would only be drawn, and is not, does not have to be kept in memory. */
static void check_plot_alone(checker *c, const nl_ast *stmt)
{
    nl_scope *top = c->ck->top;
    nl_plan *plan = c->ck->plan;
    bool *used = NL_NEW_ARRAY(c->ck->arena, bool, top->symbols.count + 1);
    bool *trains_used = NL_NEW_ARRAY(c->ck->arena, bool, plan->series.count + 1);
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_plot plot;

    for (size_t i = 0; i < top->symbols.count; i++) used[i] = top->symbols.items[i]->used;
    for (size_t i = 0; i < plan->series.count; i++) trains_used[i] = plan->series.items[i].used;
    nl_plot_read(&ev, stmt, &plot);
    for (size_t i = 0; i < top->symbols.count; i++)
        if (top->symbols.items[i]->kind == NL_SYM_RECORD) top->symbols.items[i]->used = used[i];
    for (size_t i = 0; i < plan->series.count; i++) plan->series.items[i].used = trains_used[i];
}

/* Points of a batch run beside each other, in any order. */
static bool is_of_point(checker *c, const nl_ast *stmt)
{
    if (c->points == NULL) return false;
    if (c->points == c->ck->batch_block) return true;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_W_NOT_DRAWN, stmt->span, "points of a sweep and trials draw nothing");
    nl_diag_help(c->ck->diags, diag, "`collect` what is to be seen, and draw it behind the block");
    return true;
}

static void check_plot(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_plot plot;

    if (!is_of_point(c, stmt) && c->ck->draws) nl_plot_read(&ev, stmt, &plot);
    else check_plot_alone(c, stmt);
}

static void check_figure(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    size_t columns;

    if (nl_ast_kid(stmt, 0) != NULL) (void)nl_eval(&ev, stmt->kids[0]);
    if (nl_ast_kid(stmt, 1) != NULL && nl_eval_count(&ev, stmt->kids[1], "the number of columns", &columns)
        && columns == 0)
        nl_diag_add(c->ck->diags, NL_E_ARGUMENT, stmt->kids[1]->span, "a figure has at least one column");
    if (nl_ast_kid(stmt, 2) != NULL) protocol_check_block(c, stmt->kids[2]);
}

static void check_keep(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        const nl_ast *path = nl_ast_bare(stmt->kids[i]);
        nl_evaluator ev = protocol_evaluator(c, NULL);
        const bool is_path = path != NULL && nl_eval_is_path(path);
        const nl_symbol *symbol = is_path ? nl_eval_symbol(&ev, path) : NULL;

        if (symbol != NULL && (symbol->kind == NL_SYM_VALUE || symbol->kind == NL_SYM_RECORD)) {
            NL_PUSH(c->ck->arena, &c->ck->plan->kept, symbol->name);
            continue;
        }
        if (!is_path || symbol != NULL || nl_eval(&ev, path).kind != NL_KIND_NONE)
            nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[i]->span, "`keep` takes names of values");
    }
}

static void check_nested(checker *c, const nl_ast *stmt)
{
    nl_diag_add(c->ck->diags, NL_E_ORDER, stmt->span,
                "a declaration cannot stand in a block that runs or sets something");
}

static void (*const rules[NL_AST_KIND_COUNT])(checker *c, const nl_ast *stmt) = {
    [NL_AST_RECORD] = protocol_check_record,
    [NL_AST_RUN] = check_run,
    [NL_AST_RUN_UNTIL] = check_run_until,
    [NL_AST_SET] = check_set,
    [NL_AST_LETS] = check_lets,
    [NL_AST_LET_COLUMNS] = check_columns,
    [NL_AST_SOLVE] = check_solve,
    [NL_AST_COLLECT] = protocol_check_collect,
    [NL_AST_FOR] = check_for,
    [NL_AST_IF] = check_if,
    [NL_AST_RESET] = check_reset,
    [NL_AST_SNAPSHOT] = check_snapshot,
    [NL_AST_RESTORE] = check_restore,
    [NL_AST_PRINT] = check_print,
    [NL_AST_EXPECT] = check_expect,
    [NL_AST_PLOT] = check_plot,
    [NL_AST_FIGURE] = check_figure,
    [NL_AST_KEEP] = check_keep,
    [NL_AST_SWEEP] = protocol_check_batch,
    [NL_AST_SWEEP_ROWS] = protocol_check_batch,
    [NL_AST_TRIALS] = protocol_check_batch,
};

static void check_statement(checker *c, const nl_ast *stmt)
{
    (rules[stmt->kind] != NULL ? rules[stmt->kind] : check_nested)(c, stmt);
}

void protocol_check_block(checker *c, const nl_ast *block)
{
    for (int i = 0; i < block->kid_count; i++) check_statement(c, block->kids[i]);
}

/* --- the whole --- */

/* Values as they are when the protocol begins: a `set` on the way has changed them. */
static nl_value *save_values(nl_check *ck)
{
    nl_value *values = NL_NEW_ARRAY(ck->arena, nl_value, ck->declared.count + 1);

    for (size_t i = 0; i < ck->declared.count; i++) values[i] = ck->declared.items[i]->value;
    return values;
}

/* Back to the beginning; what bodies and probes read follows. */
static void restore_values(nl_check *ck, const nl_value *values)
{
    for (size_t i = 0; i < ck->declared.count; i++) {
        nl_symbol *symbol = ck->declared.items[i];

        symbol->value = values[i];
        symbol->pinned = symbol->is_param && nl_define_find(ck, symbol->name) != NULL;
        if (!nl_value_known(symbol->value)) continue;
        if (symbol->slot >= 0) ck->model->slots.items[symbol->slot].number = symbol->value.data[0];
        if (symbol->array >= 0) ck->model->arrays.items[symbol->array].value = symbol->value;
    }
}

bool nl_protocol_check(nl_check *ck)
{
    checker c = {
        .ck = ck, .scope = ck->top, .home = ck->top, .world = { .user = ck, .read = read_unknown, .time = unknown_time }
    };
    const size_t errors = nl_diags_error_count(ck->diags);
    const nl_value *values = save_values(ck);

    for (size_t i = 0; i < ck->protocol.count; i++) check_statement(&c, ck->protocol.items[i]);
    restore_values(ck, values);
    return nl_diags_error_count(ck->diags) == errors;
}
