/* The protocol: its statements one after the other, on the simulation. */
#include "run_impl.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>
#include <time.h>

static bool run_block(nl_session *s, const nl_ast *block);
static bool run_statement(nl_session *s, const nl_ast *stmt);

/* A fault of evaluation while running has its diagnostic. */
static bool fault(nl_session *s) { return nl_session_failed(s, NL_RUN_FAILED); }

/* --- stepping --- */

static void report_progress(void *user, uint64_t done, uint64_t total)
{
    nl_session *s = user;
    const nl_unit_shown unit = nl_unit_shown_for(s->scratch, nl_check_time_dim(&s->check));
    const double whole = s->check.plan->steps;
    const nl_progress progress = { .done = done, .total = total, .whole_done = s->steps_done + done,
                                   .whole_total = isfinite(whole) ? (uint64_t)whole : 0,
                                   .time = nl_unit_unscale(nl_sim_time(s->sim), unit.unit), .time_unit = unit.plain };

    s->options.progress(s->options.user, &progress);
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What ends a run before its time. */
typedef struct stopping {
    long probe;            /* of the condition, or -1 */
    const nl_ast *expr;    /* evaluated by nl_eval after each step, or NULL */
} stopping;

/* One stretch that the simulation makes by itself. */
static bool advance_stretch(nl_session *s, uint64_t steps, long probe, uint64_t *done)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    nl_sim_run run = { .steps = steps,
                       .until = probe,
                       .progress = s->options.progress != NULL ? report_progress : NULL,
                       .user = s,
                       .stop = s->options.stop };
    nl_recording_samplers(s, &run);
    nl_recording_events(s, &run);
    const double begun = seconds_now();
    const nl_sim_status status = nl_sim_advance(s->sim, &run, done, &failure);

    s->seconds += seconds_now() - begun;
    s->steps_done += *done;
    return status == NL_SIM_OK || nl_session_fail(s, status, &failure);
}

/* Whether the condition holds now; *good is false when it cannot be told. */
static bool is_reached(nl_session *s, const stopping *stop, bool *good)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    double truth = 0;

    *good = true;
    if (stop->expr != NULL) {
        nl_evaluator ev = nl_session_evaluator(s, NULL);
        nl_value value;
        *good = nl_eval_condition(&ev, stop->expr, &value) || fault(s);
        return *good && value.data[0] != 0;
    }
    if (stop->probe < 0) return false;
    const nl_sim_status status = nl_sim_read(s->sim, (size_t)stop->probe, &truth, &failure);
    *good = status == NL_SIM_OK || nl_session_fail(s, status, &failure);
    return *good && truth != 0;
}

/* Steps until `steps` are made or the condition holds.  The simulation is left to itself as long as no sample is due
 * that it cannot take. */
static bool advance(nl_session *s, uint64_t steps, const stopping *stop)
{
    bool good = nl_session_need_sim(s) && nl_recording_begin_segment(s);

    while (good && steps > 0) {
        const uint64_t now = nl_sim_step(s->sim), next = nl_recording_next(s, now);
        uint64_t stretch = next - now < steps ? next - now : steps, done = 0;

        if (stop->expr != NULL) stretch = 1;
        good = advance_stretch(s, stretch, stop->probe, &done);
        steps -= done;
        good = good && nl_recording_sample_due(s);
        if (done < stretch || (good && (steps == 0 || stretch < steps) && is_reached(s, stop, &good))) break;
    }
    if (!good) return false;
    nl_sim_failure failure = { .var = UINT32_MAX };
    const nl_sim_status status = nl_sim_check_states(s->sim, &failure);
    return status == NL_SIM_OK || nl_session_fail(s, status, &failure);
}

static bool eval_time(nl_session *s, const nl_ast *expr, double *out)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);

    if (!nl_eval_number(&ev, expr, nl_check_time_dim(&s->check), "the duration", out)) return fault(s);
    if (*out >= 0 && s->elapsed + *out <= NL_STEPS_MAX * s->check.model->dt) return true;
    nl_diag_add(s->diags, NL_E_TIME, expr->span, "the duration is %s",
                *out < 0          ? "negative"
                : !isfinite(*out) ? "not finite"
                                  : "longer than 2^53 steps");
    return fault(s);
}

/* The end of a run is rounded, not its length: in a loop the error does not grow. */
static uint64_t steps_to(nl_session *s, nl_span span, double end)
{
    const double target = round(end / s->check.model->dt), now = (double)nl_sim_step(s->sim);

    nl_plan_steps(&s->check, s->scratch, span, end, "a run");
    return target > now ? (uint64_t)(target - now) : 0;
}

static bool run_run(nl_session *s, const nl_ast *stmt)
{
    double time;

    if (!nl_session_need_sim(s) || !eval_time(s, stmt->kids[0], &time)) return false;
    const uint64_t steps = steps_to(s, stmt->kids[0]->span, s->elapsed + time);
    s->elapsed += time;
    return advance(s, steps, &(stopping){ .probe = -1 });
}

static bool run_run_until(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_until *until = nl_plan_find_until(&s->check, stmt, nl_plan_turn(&ev, stmt->kids[0]));
    const stopping stop = { .probe = until != NULL ? (long)until->probe : -1,
                            .expr = until != NULL ? NULL : stmt->kids[0] };
    uint64_t steps = UINT64_MAX;
    double time;

    if (!nl_session_need_sim(s)) return false;
    if (nl_ast_kid(stmt, 1) != NULL) {
        if (!eval_time(s, stmt->kids[1], &time)) return false;
        steps = steps_to(s, stmt->kids[1]->span, s->elapsed + time);
    }
    const bool good = advance(s, steps, &stop);
    s->elapsed = (double)nl_sim_step(s->sim) * s->check.model->dt;
    return good;
}

/* --- values --- */

static bool run_record(nl_session *s, const nl_ast *stmt) { return nl_recording_start(s, stmt); }

/* Draws of a statement that is executed again are new ones. */
static nl_value draw_value(nl_session *s, const nl_symbol *symbol, nl_holder *holder)
{
    nl_evaluator ev = nl_session_evaluator(s, symbol->name);

    ev.draw_count = holder->draws;
    const nl_value value = nl_declare_value(&ev, symbol);
    holder->draws = ev.draw_count;
    return value;
}

static bool assign_value(nl_session *s, const char *name)
{
    nl_symbol *symbol = nl_scope_find(s->scope, name);
    const nl_value value = draw_value(s, symbol, nl_session_holder(s, symbol));

    if (value.kind == NL_KIND_NONE) return fault(s);
    nl_session_store(s, symbol, value);
    return (symbol->slot < 0 && symbol->array < 0) || nl_session_refresh(s);
}

static bool run_lets(nl_session *s, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++)
        if (!assign_value(s, stmt->kids[i]->name)) return false;
    return true;
}

static bool run_columns(nl_session *s, const nl_ast *stmt)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++)
        if (!assign_value(s, stmt->kids[i]->name)) return false;
    return true;
}

static bool run_solve(nl_session *s, const nl_ast *stmt) { return assign_value(s, stmt->name); }

static void follow(void *user, nl_symbol *symbol)
{
    nl_session *s = user;
    nl_evaluator ev = nl_session_evaluator(s, symbol->name);

    ev.scope = s->check.top;
    const nl_value value = nl_declare_value(&ev, symbol); /* its draws are the same again */
    if (value.kind == NL_KIND_NONE || (symbol->is_param && !nl_declare_in_range(&ev, symbol, value, symbol->span)))
        fault(s);
    else nl_session_store(s, symbol, value);
}

static bool set_symbol(nl_session *s, nl_evaluator *ev, const nl_ast *stmt, const nl_target *target, nl_value right)
{
    const nl_value value = nl_target_assign(ev, target, target->symbol->value, right, stmt);

    if (value.kind == NL_KIND_NONE || !nl_declare_in_range(ev, target->symbol, value, stmt->kids[1]->span))
        return fault(s);
    target->symbol->pinned = true;
    nl_session_store(s, target->symbol, value);
    nl_declare_dependents(&s->check, target->symbol, follow, s);
    if (s->status == NL_RUN_FAILED) return false;
    return nl_session_refresh(s);
}

static bool set_variable(nl_session *s, nl_evaluator *ev, const nl_ast *stmt, const nl_target *target, nl_value right)
{
    size_t count = 0;

    if (!nl_session_need_sim(s)) return false;
    nl_sim_settle(s->sim);
    const double *values = nl_sim_values(s->sim, target->var, &count);
    if (values == NULL) return true; /* a parameter of synapses that nothing reads has no place */
    nl_target now = *target;
    if (now.rank == 1 && now.owner != NULL && now.owner->kind == NL_SYM_PROJECTION) now.shape[0] = now.count = count;
    double *all = NL_NEW_ARRAY(s->scratch, double, count + 1);
    memcpy(all, values, count * sizeof *all);
    const nl_value present = nl_value_array(s->scratch, NL_KIND_NUMBER, now.dim, now.rank, now.shape, all + now.begin);
    const nl_value assigned = nl_target_assign(ev, &now, present, right, stmt);
    if (assigned.kind == NL_KIND_NONE) return fault(s);
    memcpy(all + now.begin, assigned.data, now.count * sizeof *all);
    nl_sim_set_values(s->sim, now.var, all);
    return s->check.model->vars.items[now.var].kind != NL_VAR_PARAM || nl_session_refresh(s);
}

static bool run_set(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, "set");
    nl_target target;

    ev.draw_count = s->draws;
    if (!nl_target_find(&ev, stmt->kids[0], &target)) return fault(s);
    const nl_value right = nl_target_right(&ev, &target, stmt->kids[1]);
    s->draws = ev.draw_count;
    if (right.kind == NL_KIND_NONE) return fault(s);
    return target.symbol != NULL ? set_symbol(s, &ev, stmt, &target, right)
                                 : set_variable(s, &ev, stmt, &target, right);
}

static nl_collection *find_collection(nl_session *s, nl_symbol *symbol, nl_value row)
{
    for (size_t i = 0; i < s->collections.count; i++)
        if (s->collections.items[i].symbol == symbol) return &s->collections.items[i];
    nl_collection fresh = {
        .symbol = symbol, .rows = { .width = nl_value_count(row), .kind = row.kind, .dim = row.dim, .rank = row.rank }
    };
    memcpy(fresh.rows.shape, row.shape, sizeof fresh.rows.shape);
    NL_PUSH(s->arena, &s->collections, fresh);
    return &s->collections.items[s->collections.count - 1];
}

static bool run_collect(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, "collect");
    const char *name = nl_eval_family_name(&ev, stmt->kids[0]);

    ev.draw_count = s->draws;
    const nl_value row = nl_eval(&ev, stmt->kids[1]);
    s->draws = ev.draw_count;
    nl_symbol *symbol = name != NULL ? nl_scope_find(s->scope, name) : NULL;
    if (row.kind == NL_KIND_NONE || symbol == NULL) return fault(s);
    nl_collection *collection = find_collection(s, symbol, row);
    if (collection->rows.rank == row.rank
        && memcmp(collection->rows.shape, row.shape, (size_t)row.rank * sizeof(size_t)) == 0) {
        collection->rows.dim = nl_dim_common(collection->rows.dim, row.dim);
        nl_rows_append(&collection->rows, row.data, 0);
        return true;
    }
    nl_diag_add(s->diags, NL_E_SERIES, stmt->span, "this row is %s and does not fit those collected before",
                nl_value_shape_text(s->arena, row));
    return fault(s);
}

/* --- blocks --- */

static bool run_in(nl_session *s, const nl_ast *block, nl_scope *scope)
{
    nl_scope *outer = s->scope;

    s->scope = scope != NULL ? scope : outer;
    const bool good = block->kind == NL_AST_IF ? run_statement(s, block) : run_block(s, block);
    s->scope = outer;
    return good;
}

static bool run_for(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_arena *kept = nl_arena_new();
    nl_value range = nl_eval(&ev, stmt->kids[0]);
    nl_scope *scope = nl_plan_find_scope(&s->check, stmt->kids[1]);
    nl_symbol *variable = nl_scope_find_here(scope, stmt->name);
    bool good = range.kind != NL_KIND_NONE || fault(s);

    if (good) range = nl_value_copy(kept, range);
    for (size_t i = 0; good && i < range.shape[0]; i++) {
        nl_session_store(s, variable, nl_value_number(s->scratch, range.data[i], range.dim));
        if (variable->slot >= 0 || variable->array >= 0) good = nl_session_refresh(s);
        good = good && run_in(s, stmt->kids[1], scope);
    }
    nl_arena_free(kept);
    return good;
}

static bool run_if(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_value condition;

    if (!nl_eval_condition(&ev, stmt->kids[0], &condition)) return fault(s);
    const nl_ast *branch = nl_ast_kid(stmt, condition.data[0] != 0 ? 1 : 2);
    return branch == NULL || run_in(s, branch, nl_plan_find_scope(&s->check, branch));
}

/* --- state as a whole --- */

static bool run_reset(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_sim_failure failure = { .var = UINT32_MAX };
    const nl_ast *what = nl_ast_kid(stmt, 0);
    const nl_symbol *owner = what != NULL ? nl_eval_owner(&ev, what) : NULL;

    if (!nl_session_need_sim(s) || (what != NULL && owner == NULL)) return fault(s);
    const nl_sim_status status = owner != NULL ? nl_sim_reset_population(s->sim, owner->id, &failure)
                                               : nl_sim_reset(s->sim, &failure);
    if (status != NL_SIM_OK) return nl_session_fail(s, status, &failure);
    if (owner != NULL) return true;
    s->elapsed = 0;
    s->new_segment = true;
    return true;
}

/* --- what is said --- */

void nl_session_print(nl_session *s, const char *line)
{
    nl_page_line(s, line);
    if (s->options.print != NULL) s->options.print(s->options.user, line);
}

static bool run_print(nl_session *s, const nl_ast *stmt)
{
    nl_text line = nl_text_new(s->scratch);

    for (int i = 0; i < stmt->kid_count; i++) {
        nl_evaluator ev = nl_session_evaluator(s, NULL);
        const nl_value value = nl_eval(&ev, stmt->kids[i]);

        if (value.kind == NL_KIND_NONE) return fault(s);
        nl_text_addf(&line, "%s%s", i > 0 ? " " : "", nl_value_show(s->scratch, value, NULL));
    }
    nl_session_print(s, line.chars);
    return true;
}

static bool run_figure(nl_session *s, const nl_ast *stmt)
{
    if (!s->check.draws) return true;
    const bool good = nl_figures_begin(s, stmt) && run_block(s, nl_ast_kid(stmt, 2));
    nl_figures_end(s, good);
    return good;
}

static bool run_nothing(nl_session *s, const nl_ast *stmt)
{
    (void)s, (void)stmt;
    return true;
}

/* --- the whole --- */

static bool (*const rules[NL_AST_KIND_COUNT])(nl_session *s, const nl_ast *stmt) = {
    [NL_AST_RECORD] = run_record,   [NL_AST_RUN] = run_run,         [NL_AST_RUN_UNTIL] = run_run_until,
    [NL_AST_SET] = run_set,         [NL_AST_LETS] = run_lets,       [NL_AST_LET_COLUMNS] = run_columns,
    [NL_AST_SOLVE] = run_solve,     [NL_AST_COLLECT] = run_collect, [NL_AST_FOR] = run_for,
    [NL_AST_IF] = run_if,           [NL_AST_RESET] = run_reset,     [NL_AST_SNAPSHOT] = nl_session_snapshot,
    [NL_AST_RESTORE] = nl_session_restore, [NL_AST_PRINT] = run_print,     [NL_AST_EXPECT] = nl_session_expect,
    [NL_AST_PLOT] = nl_session_plot, [NL_AST_FIGURE] = run_figure, [NL_AST_KEEP] = run_nothing,
};

static bool is_stopped(nl_session *s)
{
    if (s->options.stop == NULL || *s->options.stop == 0) return false;
    nl_diag_add(s->diags, NL_R_INTERRUPTED, (nl_span){ 0, 0 }, "interrupted");
    nl_session_failed(s, NL_INTERRUPTED);
    return true;
}

/* Values of a statement live until its end. */
static bool run_statement(nl_session *s, const nl_ast *stmt)
{
    nl_arena *outer = s->scratch;

    if (is_stopped(s)) return false;
    s->scratch = nl_arena_new();
    const bool good = rules[stmt->kind](s, stmt);
    nl_arena_free(s->scratch);
    s->scratch = outer;
    return good;
}

static bool run_block(nl_session *s, const nl_ast *block)
{
    for (int i = 0; i < block->kid_count; i++)
        if (!run_statement(s, block->kids[i])) return false;
    return true;
}

void nl_protocol_run(nl_session *s)
{
    for (size_t i = 0; i < s->check.protocol.count; i++)
        if (!run_statement(s, s->check.protocol.items[i])) return;
}
