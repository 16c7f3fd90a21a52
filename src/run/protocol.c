/* The protocol: its statements one after the other, on the simulation. */
#include "run_impl.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* A fault of evaluation while running has its diagnostic. */
static bool fault(nl_session *s) { return nl_session_failed(s, NL_RUN_FAILED); }

/* --- stepping --- */

void nl_session_progress(nl_session *s, uint64_t done, uint64_t total)
{
    const nl_unit_shown unit = nl_unit_shown_for(s->scratch, nl_check_time_dim(&s->check));
    const double whole = s->check.plan->steps;
    const nl_progress progress = {
        .done = done,
        .total = total,
        .whole_done = s->steps_done + done,
        .whole_total = isfinite(whole) ? (uint64_t)whole : 0,
        .time = nl_unit_unscale(s->lane->sim != NULL ? nl_sim_time(s->lane->sim) : s->check.model->start, unit.unit),
        .time_unit = unit.plain
    };

    s->options.progress(s->options.user, &progress);
}

static void report_progress(void *user, uint64_t done, uint64_t total) { nl_session_progress(user, done, total); }

double nl_seconds_now(void)
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

/* The simulation is left to itself as long as no sample is due that it cannot take. */
nl_sim_run nl_protocol_stretch(nl_session *s, uint64_t steps)
{
    const uint64_t now = nl_sim_step(s->lane->sim), next = nl_recording_next(s, now);
    nl_sim_run run = { .steps = next - now < steps ? next - now : steps,
                       .until = -1,
                       .progress = s->options.progress != NULL ? report_progress : NULL,
                       .user = s,
                       .stop = s->options.stop };

    nl_recording_samplers(s, &run);
    nl_recording_events(s, &run);
    return run;
}

bool nl_protocol_stretched(nl_session *s, uint64_t done, nl_sim_status status, const nl_sim_failure *failure)
{
    s->steps_done += done;
    if (s->lane->outcome != NULL) s->lane->outcome->steps += done;
    return (status == NL_SIM_OK || nl_session_fail(s, status, failure)) && nl_recording_sample_due(s);
}

bool nl_protocol_check_states(nl_session *s)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    const nl_sim_status status = nl_sim_check_states(s->lane->sim, &failure);

    return status == NL_SIM_OK || nl_session_fail(s, status, &failure);
}

static bool advance_stretch(nl_session *s, const nl_sim_run *run, uint64_t *done)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    const double begun = nl_seconds_now();
    const nl_sim_status status = nl_sim_advance(s->lane->sim, run, done, &failure);

    s->seconds += nl_seconds_now() - begun;
    return nl_protocol_stretched(s, *done, status, &failure);
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
    const nl_sim_status status = nl_sim_read(s->lane->sim, (size_t)stop->probe, &truth, &failure);
    *good = status == NL_SIM_OK || nl_session_fail(s, status, &failure);
    return *good && truth != 0;
}

/* Steps until `steps` are made or the condition holds. */
static bool advance(nl_session *s, uint64_t steps, const stopping *stop)
{
    bool good = nl_session_need_sim(s) && nl_recording_begin_segment(s);

    while (good && steps > 0) {
        nl_sim_run run = nl_protocol_stretch(s, steps);
        uint64_t done = 0;

        run.until = stop->probe;
        if (stop->expr != NULL) run.steps = 1;
        good = advance_stretch(s, &run, &done);
        steps -= done;
        if (done < run.steps || (good && (steps == 0 || run.steps < steps) && is_reached(s, stop, &good))) break;
    }
    return good && nl_protocol_check_states(s);
}

static bool eval_time(nl_session *s, const nl_ast *expr, double *out)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);

    if (!nl_eval_number(&ev, expr, nl_check_time_dim(&s->check), "the duration", out)) return fault(s);
    if (*out >= 0 && s->lane->elapsed + *out <= NL_STEPS_MAX * s->check.model->dt) return true;
    nl_diag_add(s->diags, NL_E_TIME, expr->span, "the duration is %s",
                *out < 0          ? "negative"
                : !isfinite(*out) ? "not finite"
                                  : "longer than 2^53 steps");
    return fault(s);
}

/* The end of a run is rounded, not its length: in a loop the error does not grow. */
static uint64_t steps_to(nl_session *s, nl_span span, double end)
{
    const double target = round(end / s->check.model->dt), now = (double)nl_sim_step(s->lane->sim);

    nl_plan_steps(&s->check, s->scratch, span, end, "a run");
    return target > now ? (uint64_t)(target - now) : 0;
}

bool nl_protocol_steps(nl_session *s, const nl_ast *stmt, uint64_t *steps)
{
    double time;

    if (!nl_session_need_sim(s) || !eval_time(s, stmt->kids[0], &time)) return false;
    *steps = steps_to(s, stmt->kids[0]->span, s->lane->elapsed + time);
    s->lane->elapsed += time;
    return true;
}

static bool run_run(nl_session *s, const nl_ast *stmt)
{
    uint64_t steps;

    return nl_protocol_steps(s, stmt, &steps) && advance(s, steps, &(stopping){ .probe = -1 });
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
        steps = steps_to(s, stmt->kids[1]->span, s->lane->elapsed + time);
    }
    const bool good = advance(s, steps, &stop);
    s->lane->elapsed = (double)nl_sim_step(s->lane->sim) * s->check.model->dt;
    return good;
}

/* --- values --- */

static bool run_record(nl_session *s, const nl_ast *stmt) { return nl_recording_start(s, stmt); }

/* Draws of a statement that is executed again are new ones. */
static nl_value draw_value(nl_session *s, const nl_symbol *symbol, nl_holder *holder)
{
    nl_evaluator ev = nl_session_evaluator(s, symbol->stream);

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
    nl_evaluator ev = nl_session_evaluator(s, symbol->stream);

    ev.scope = s->check.top;
    ev.trial = 0;
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
    (void)nl_session_holder(s, target->symbol);
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
    nl_sim_settle(s->lane->sim);
    const double *values = nl_sim_values(s->lane->sim, target->var, &count);
    if (values == NULL) return true; /* a parameter of synapses that nothing reads has no place */
    nl_target now = *target;
    if (now.rank == 1 && now.owner != NULL && now.owner->kind == NL_SYM_PROJECTION) now.shape[0] = now.count = count;
    double *all = NL_NEW_ARRAY(s->scratch, double, count + 1);
    memcpy(all, values, count * sizeof *all);
    const nl_value present = nl_value_array(s->scratch, NL_KIND_NUMBER, now.dim, now.rank, now.shape, all + now.begin);
    const nl_value assigned = nl_target_assign(ev, &now, present, right, stmt);
    if (assigned.kind == NL_KIND_NONE) return fault(s);
    memcpy(all + now.begin, assigned.data, now.count * sizeof *all);
    nl_sim_set_values(s->lane->sim, now.var, all);
    if (s->check.model->vars.items[now.var].kind != NL_VAR_PARAM) return true;
    s->lane->has_set_parameters = true;
    return nl_session_refresh(s);
}

bool nl_session_assign(nl_session *s, nl_evaluator *ev, const nl_ast *set, const nl_target *target, nl_value right)
{
    return target->symbol != NULL ? set_symbol(s, ev, set, target, right) : set_variable(s, ev, set, target, right);
}

static bool run_set(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, "set");
    nl_target target;

    ev.draw_count = s->lane->draws;
    if (!nl_target_find(&ev, stmt->kids[0], &target)) return fault(s);
    const nl_value right = nl_target_right(&ev, &target, stmt->kids[1]);
    s->lane->draws = ev.draw_count;
    if (right.kind == NL_KIND_NONE) return fault(s);
    return nl_session_assign(s, &ev, stmt, &target, right);
}

nl_collection *nl_session_collection(const nl_session *s, const nl_symbol *symbol)
{
    for (size_t i = 0; i < s->lane->collections.count; i++)
        if (s->lane->collections.items[i].symbol == symbol) return &s->lane->collections.items[i];
    return NULL;
}

static nl_collection *find_collection(nl_session *s, nl_symbol *symbol, nl_value row, const nl_axes *axes)
{
    nl_collection *found = nl_session_collection(s, symbol);

    if (found != NULL) return found;
    nl_collection fresh = {
        .symbol = symbol,
        .axes = axes != NULL ? nl_axes_copy(s->lane->arena, axes) : (nl_axes){ 0 },
        .rows = { .width = nl_value_count(row), .kind = row.kind, .dim = row.dim, .rank = row.rank }
    };
    memcpy(fresh.rows.shape, row.shape, sizeof fresh.rows.shape);
    NL_PUSH(s->lane->arena, &s->lane->collections, fresh);
    return &s->lane->collections.items[s->lane->collections.count - 1];
}

bool nl_session_collect(nl_session *s, const nl_ast *stmt, nl_symbol *symbol, nl_value row, const nl_axes *axes)
{
    nl_collection *collection = find_collection(s, symbol, row, axes);

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

static bool run_collect(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, "collect");
    const char *name = nl_eval_family_name(&ev, stmt->kids[0]);

    ev.draw_count = s->lane->draws;
    const nl_value row = nl_eval(&ev, stmt->kids[1]);
    s->lane->draws = ev.draw_count;
    nl_symbol *symbol = name != NULL ? nl_scope_find(s->scope, name) : NULL;
    if (row.kind == NL_KIND_NONE || symbol == NULL) return fault(s);
    return nl_session_collect(s, stmt, symbol, row, NULL);
}

/* --- blocks --- */

static bool run_in(nl_session *s, const nl_ast *block, nl_scope *scope)
{
    nl_scope *outer = s->scope;

    s->scope = scope != NULL ? scope : outer;
    const bool good = block->kind == NL_AST_IF ? nl_protocol_run_statement(s, block) : nl_protocol_run_block(s, block);
    s->scope = outer;
    return good;
}

bool nl_protocol_turn(nl_session *s, const nl_ast *stmt, nl_value range, size_t turn)
{
    nl_symbol *variable = nl_scope_find_here(nl_plan_find_scope(&s->check, stmt->kids[1]), stmt->name);

    nl_session_store(s, variable, nl_value_number(s->scratch, range.data[turn], range.dim));
    return (variable->slot < 0 && variable->array < 0) || nl_session_refresh(s);
}

static bool run_for(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_arena *kept = nl_arena_new();
    nl_value range = nl_eval(&ev, stmt->kids[0]);
    nl_scope *scope = nl_plan_find_scope(&s->check, stmt->kids[1]);
    bool good = range.kind != NL_KIND_NONE || fault(s);

    if (good) range = nl_value_copy(kept, range);
    for (size_t i = 0; good && i < range.shape[0]; i++)
        good = nl_protocol_turn(s, stmt, range, i) && run_in(s, stmt->kids[1], scope);
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
    const nl_sim_status status = owner != NULL ? nl_sim_reset_population(s->lane->sim, owner->id, &failure)
                                               : nl_sim_reset(s->lane->sim, &failure);
    if (status != NL_SIM_OK) return nl_session_fail(s, status, &failure);
    if (owner != NULL) return true;
    s->lane->elapsed = 0;
    s->lane->new_segment = true;
    return true;
}

/* --- what is said --- */

static bool run_print(nl_session *s, const nl_ast *stmt)
{
    nl_text line = nl_text_new(s->scratch);

    for (int i = 0; i < stmt->kid_count; i++) {
        nl_evaluator ev = nl_session_evaluator(s, NULL);
        const nl_value value = nl_eval(&ev, stmt->kids[i]);

        if (value.kind == NL_KIND_NONE) return fault(s);
        nl_text_addf(&line, "%s%s", i > 0 ? " " : "", nl_value_show(s->scratch, value, NULL));
    }
    nl_session_say(s, line.chars);
    return true;
}

static bool run_figure(nl_session *s, const nl_ast *stmt)
{
    if (!nl_figures_wanted(s)) return true;
    const bool good = nl_figures_begin(s, stmt) && nl_protocol_run_block(s, nl_ast_kid(stmt, 2));
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
    [NL_AST_SWEEP] = nl_session_batch,     [NL_AST_SWEEP_ROWS] = nl_session_batch,
    [NL_AST_TRIALS] = nl_session_batch,
};

static bool is_stopped(nl_session *s)
{
    if (!nl_session_is_stopped(s)) return false;
    nl_diag_add(s->diags, NL_R_INTERRUPTED, (nl_span){ 0, 0 }, "interrupted");
    nl_session_failed(s, NL_INTERRUPTED);
    return true;
}

/* Values of a statement live until its end. */
bool nl_protocol_run_statement(nl_session *s, const nl_ast *stmt)
{
    nl_arena *outer = s->scratch;

    if (is_stopped(s)) return false;
    s->scratch = nl_arena_new();
    const bool good = rules[stmt->kind](s, stmt);
    nl_arena_free(s->scratch);
    s->scratch = outer;
    return good;
}

bool nl_protocol_run_block(nl_session *s, const nl_ast *block)
{
    for (int i = 0; i < block->kid_count; i++)
        if (!nl_protocol_run_statement(s, block->kids[i])) return false;
    return true;
}

void nl_protocol_run(nl_session *s)
{
    for (size_t i = 0; i < s->check.protocol.count; i++)
        if (!nl_protocol_run_statement(s, s->check.protocol.items[i])) return;
}
