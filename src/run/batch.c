/* sweep and trials: each point walks through the block in a lane of its own, from the start of time; what it collects
 * becomes an element of arrays with an axis for each thing that is swept. */
#include "batch_impl.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* --- what a point is --- */

size_t nl_point_number(const nl_batch *batch, size_t point)
{
    return batch->trial_axis < 0 ? point : point / batch->axes[batch->trial_axis].count;
}

size_t nl_point_trial(const nl_batch *batch, size_t point)
{
    return batch->trial_axis < 0 ? 0 : nl_batch_place(batch, point, batch->trial_axis);
}

/* "J0 = 3, trial 2". */
static const char *point_text(nl_session *s, nl_arena *arena, const nl_batch *batch, size_t point)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_text text = nl_text_new(arena);

    for (size_t i = 0; i < batch->binding_count; i++) {
        const nl_binding *b = &batch->bindings[i];
        const nl_value value = nl_batch_value(&ev, b, nl_batch_place(batch, point, b->axis));
        nl_text_addf(&text, "%s%s = %s", i > 0 ? ", " : "", b->name, nl_value_show(arena, value, NULL));
    }
    if (batch->trial_axis >= 0)
        nl_text_addf(&text, "%strial %zu", batch->binding_count > 0 ? ", " : "", nl_point_trial(batch, point));
    return text.chars;
}

/* --- a point in its lane --- */

void nl_point_take_diags(nl_running *r, nl_session *from, size_t number, nl_outcome *outcome, size_t mark)
{
    nl_arena *arena = outcome->arena;

    for (size_t i = mark; i < nl_diags_count(from->diags); i++) {
        nl_diag diag = nl_diag_copy(arena, nl_diags_get(from->diags, i));

        diag.text = nl_arena_printf(arena, "%s (%s)", diag.text, point_text(r->s, arena, r->batch, number));
        NL_PUSH(arena, &outcome->diags, diag);
    }
}

bool nl_point_do(nl_running *r, nl_point *p, bool (*step)(nl_running *r, nl_point *p, const nl_ast *stmt),
                 const nl_ast *stmt)
{
    nl_session *s = r->s;
    nl_scope *scope = s->scope;
    nl_arena *scratch = s->scratch;
    const size_t mark = nl_diags_mark(s->diags);

    nl_lane_enter(s, p->lane);
    s->scope = r->scope;
    s->scratch = nl_arena_new();
    p->runs = step(r, p, stmt) && p->runs;
    nl_arena_free(s->scratch);
    s->scratch = scratch;
    s->scope = scope;
    nl_lane_leave(s);
    nl_point_take_diags(r, s, p->number, p->outcome, mark);
    nl_diags_undo(s->diags, mark);
    return p->runs;
}

static bool fault(nl_session *s) { return nl_session_failed(s, NL_RUN_FAILED); }

static void store_counter(nl_session *s, nl_running *r, const char *name, size_t count)
{
    nl_symbol *symbol = nl_scope_find_here(r->plan->scope, name);

    if (symbol != NULL) nl_session_store(s, symbol, nl_value_number(s->scratch, (double)count, nl_dim_none));
}

/* Gives what is swept its value: parameters of the file, then of populations, or states, when they are there. */
typedef enum bound_kind { OF_FILE, OF_POPULATION, STATE } bound_kind;

static bool bind(nl_running *r, const nl_point *p, bound_kind kind)
{
    nl_session *s = r->s;

    for (size_t i = 0; i < r->batch->binding_count; i++) {
        const nl_binding *b = &r->batch->bindings[i];
        nl_evaluator ev = nl_session_evaluator(s, NULL);
        nl_target target;

        if (b->fixed) continue;
        if (!nl_target_find(&ev, b->set->kids[0], &target)) return fault(s);
        const bool is_state = target.symbol == NULL
                              && s->check.model->vars.items[target.var].kind == NL_VAR_STATE;
        if (kind != (target.symbol != NULL ? OF_FILE : is_state ? STATE : OF_POPULATION)) continue;
        const nl_value value = nl_batch_value(&ev, b, nl_batch_place(r->batch, p->number, b->axis));
        if (!nl_session_assign(s, &ev, b->set, &target, value)) return false;
    }
    return true;
}

static bool reset(nl_session *s)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    const nl_sim_status status = nl_sim_reset(s->lane->sim, &failure);

    return status == NL_SIM_OK || nl_session_fail(s, status, &failure);
}

/* From the start of time, with what the parameters of the network were before. */
static bool begin_point(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    nl_session *s = r->s;
    nl_lane *lane = s->lane;

    (void)stmt;
    lane->trial = r->batch->trial_axis < 0 ? lane->outer->trial
                                           : lane->outer->trial * r->batch->axes[r->batch->trial_axis].count
                                                 + nl_point_trial(r->batch, p->number);
    store_counter(s, r, "point", nl_point_number(r->batch, p->number));
    store_counter(s, r, "trial", nl_point_trial(r->batch, p->number));
    if (!bind(r, p, OF_FILE)) return false;
    lane->sim = nl_sim_lane(lane->outer->sim);
    if (lane->sim == NULL) return fault(s);
    nl_sim_set_trial(lane->sim, lane->trial);
    if (r->around != NULL) nl_sim_restore(lane->sim, r->around);
    return bind(r, p, OF_POPULATION) && reset(s) && bind(r, p, STATE);
}

bool nl_point_run_statement(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    (void)p;
    return nl_protocol_run_statement(r->s, stmt);
}

/* The rows that a `for` made are an axis more. */
static nl_axes axes_of(const nl_collection *c, nl_arena *arena)
{
    nl_axes axes = { 0 };
    const nl_axes own = nl_axes_copy(arena, &c->axes);

    if (!c->symbol->single) NL_PUSH(arena, &axes, ((nl_axis_info){ .name = "row" }));
    for (size_t i = 0; i < own.count; i++) NL_PUSH(arena, &axes, own.items[i]);
    return axes;
}

static bool take_columns(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    nl_session *s = r->s;
    nl_arena *arena = p->outcome->arena;

    (void)stmt;
    (void)nl_session_evaluator(s, NULL); /* what was collected becomes the value of its name */
    for (size_t k = 0; k < r->plan->columns.count; k++) {
        const nl_plan_column *column = &r->plan->columns.items[k];
        const nl_collection *collection = nl_session_collection(s, column->inside);
        const nl_value value = column->is_last ? nl_plan_last(column->inside->value) : column->inside->value;

        if (!nl_value_known(value)) continue;
        p->outcome->columns[k].value = nl_value_copy(arena, value);
        if (collection != NULL) p->outcome->columns[k].axes = axes_of(collection, arena);
    }
    return true;
}

void nl_point_begin(nl_running *r, nl_point *p, size_t number)
{
    nl_outcome *outcome = nl_outcome_new(r->plan->columns.count);

    *p = (nl_point){ .number = number, .outcome = outcome, .runs = true };
    p->lane = nl_lane_new(r->s, r->s->lane, outcome);
    nl_point_do(r, p, begin_point, NULL);
}

void nl_point_end(nl_running *r, nl_point *p)
{
    if (p->runs) nl_point_do(r, p, take_columns, NULL);
    p->outcome->status = p->lane->status;
    p->outcome->counts = p->lane->counts;
    if (p->lane->has_failed_points && p->outcome->status <= NL_EXPECTATION_FAILED) p->outcome->status = NL_RUN_FAILED;
    nl_lane_free(p->lane);
    p->lane = NULL;
}

/* --- what comes of the points --- */

static void note_status(nl_running *r, const nl_outcome *outcome, size_t number)
{
    nl_session *s = r->s;

    if (outcome->status == NL_EXPECTATION_FAILED && s->status == NL_OK) s->status = NL_EXPECTATION_FAILED;
    if (outcome->status <= NL_EXPECTATION_FAILED) return;
    s->lane->has_failed_points = true;
    r->failed_count++;
    if (r->failed_count <= NL_FAILED_SHOWN)
        nl_text_addf(&r->failed, "%s%s", r->failed_count > 1 ? "; " : "", point_text(s, r->arena, r->batch, number));
}

/* In the order of the points, whichever is done first. */
static void deliver(nl_running *r, size_t number)
{
    nl_session *s = r->s;
    const nl_outcome *outcome = r->outcomes[number];

    for (size_t i = 0; i < outcome->lines.count; i++) nl_session_say(s, outcome->lines.items[i]);
    for (size_t i = 0; i < outcome->diags.count; i++) nl_session_hold(s, &outcome->diags.items[i]);
    s->counts.expectations += outcome->counts.expectations;
    s->counts.failed += outcome->counts.failed;
    note_status(r, outcome, number);
}

void nl_running_accept(nl_running *r, size_t number, nl_outcome *outcome)
{
    if (outcome->status == NL_INTERRUPTED) {
        nl_outcome_free(outcome);
        return;
    }
    r->outcomes[number] = outcome;
    r->done++;
    while (r->delivered < r->batch->points && r->outcomes[r->delivered] != NULL) deliver(r, r->delivered++);
}

/* Without a place of its own: a line has one error, and this one may be that of a point. */
static void report_failed(nl_running *r)
{
    nl_session *s = r->s;
    const nl_pos at = nl_sources_locate(s->sources, r->batch->stmt->span.begin);
    const char *more = r->failed_count > NL_FAILED_SHOWN ? "; .." : "";

    if (r->failed_count == 0) return;
    const nl_diag diag = { .code = NL_R_POINTS,
                           .text = nl_arena_printf(r->arena, "%s:%zu: %zu of %zu points failed: %s%s",
                                                   at.source != NULL ? at.source->name : "", at.line, r->failed_count,
                                                   r->batch->points, r->failed.chars, more) };
    nl_session_hold(s, &diag);
}

/* --- arrays of what the points collected --- */

static void widen_shape(nl_value *shape, nl_value value)
{
    for (int i = 0; i < value.rank; i++)
        if (shape->shape[i] == NL_UNKNOWN_SIZE || value.shape[i] > shape->shape[i]) shape->shape[i] = value.shape[i];
}

/* Kind, dimension and shape of a point's value: the largest extents. */
static nl_value shape_of_column(const nl_running *r, size_t k)
{
    const nl_plan_column *column = &r->plan->columns.items[k];
    nl_value shape = column->is_last ? nl_plan_last(column->inside->value) : column->inside->value;
    bool found = false;

    for (size_t p = 0; p < r->batch->points; p++) {
        const nl_value *value = r->outcomes[p] != NULL ? &r->outcomes[p]->columns[k].value : NULL;

        if (value == NULL || value->kind == NL_KIND_NONE) {
            shape.kind = NL_KIND_NUMBER; /* there will be nan */
            continue;
        }
        if (!found) memcpy(shape.shape, value->shape, sizeof shape.shape);
        if (nl_dim_is_pure(shape.dim) || !found) shape.dim = value->dim;
        found = true;
        widen_shape(&shape, *value);
    }
    for (int i = 0; i < shape.rank; i++)
        if (shape.shape[i] == NL_UNKNOWN_SIZE) shape.shape[i] = 0;
    return shape;
}

/* Copies an array into one that is as large or larger. */
static void copy_into(double *to, const nl_value *shape, const nl_value *from, int axis, const double **data)
{
    size_t stride = 1;

    if (axis == from->rank) {
        *to = *(*data)++;
        return;
    }
    for (int i = axis + 1; i < shape->rank; i++) stride *= shape->shape[i];
    for (size_t i = 0; i < from->shape[axis]; i++) copy_into(to + i * stride, shape, from, axis + 1, data);
}

static nl_value column_value(nl_running *r, size_t k)
{
    const nl_value shape = shape_of_column(r, k);
    const size_t width = nl_value_count(shape);
    nl_value all = { .kind = shape.kind, .dim = shape.dim, .rank = r->batch->axis_count + shape.rank };
    double *data = NL_NEW_ARRAY(r->arena, double, nl_checked_mul(r->batch->points, width) + 1);

    for (int i = 0; i < r->batch->axis_count; i++) all.shape[i] = r->batch->axes[i].count;
    for (int i = 0; i < shape.rank; i++) all.shape[r->batch->axis_count + i] = shape.shape[i];
    for (size_t i = 0; i < r->batch->points * width; i++) data[i] = NAN;
    for (size_t p = 0; p < r->batch->points; p++) {
        const nl_value *value = r->outcomes[p] != NULL ? &r->outcomes[p]->columns[k].value : NULL;
        if (value == NULL || value->kind == NL_KIND_NONE) continue;
        const double *from = value->data;
        copy_into(data + p * width, &shape, value, 0, &from);
    }
    all.data = data;
    return all;
}

static nl_axis_info axis_info(nl_running *r, int axis)
{
    nl_axis_info info = { .name = r->batch->axes[axis].name };

    for (size_t i = 0; i < r->batch->binding_count; i++)
        if (r->batch->bindings[i].axis == axis)
            NL_PUSH(r->arena, &info.labels,
                    ((nl_axis_label){ r->batch->bindings[i].name, r->batch->bindings[i].values }));
    return info;
}

/* Those of the batch, then those of the points' own arrays. */
static nl_axes column_axes(nl_running *r, size_t k)
{
    nl_axes axes = { 0 };

    for (int i = 0; i < r->batch->axis_count; i++) NL_PUSH(r->arena, &axes, axis_info(r, i));
    for (size_t p = 0; p < r->batch->points; p++) {
        const nl_column *column = r->outcomes[p] != NULL ? &r->outcomes[p]->columns[k] : NULL;

        if (column == NULL || column->value.kind == NL_KIND_NONE) continue;
        for (size_t i = 0; i < column->axes.count; i++) NL_PUSH(r->arena, &axes, column->axes.items[i]);
        break;
    }
    return axes;
}

/* For each point the exit status that it would have alone. */
static nl_value status_value(nl_running *r)
{
    double *data = NL_NEW_ARRAY(r->arena, double, r->batch->points + 1);
    size_t shape[NL_RANK];

    for (int i = 0; i < r->batch->axis_count; i++) shape[i] = r->batch->axes[i].count;
    for (size_t p = 0; p < r->batch->points; p++)
        data[p] = r->outcomes[p] != NULL ? (double)r->outcomes[p]->status : NL_INTERRUPTED;
    return nl_value_array(r->arena, NL_KIND_NUMBER, nl_dim_none, r->batch->axis_count, shape, data);
}

static bool collect_all(nl_running *r)
{
    const nl_value status = status_value(r);
    bool good = true;

    for (size_t k = 0; k < r->plan->columns.count && good; k++) {
        const nl_plan_column *column = &r->plan->columns.items[k];
        const nl_axes axes = column_axes(r, k);
        good = nl_session_collect(r->s, column->stmt, column->outside, column_value(r, k), &axes);
        nl_collection *collection = nl_session_collection(r->s, column->outside);
        if (!good || !column->outside->single) continue;
        collection->batch = r->batch->stmt;
        collection->status = nl_value_copy(r->s->lane->arena, status);
    }
    return good;
}

/* --- the statement --- */

bool nl_session_is_stopped(const nl_session *s) { return s->options.stop != NULL && *s->options.stop != 0; }

void nl_running_piece(nl_running *r, const nl_piece *piece, nl_outcome **outcomes)
{
    (r->batch->has_fixed ? nl_points_rebuilt : nl_points_run)(r, piece, outcomes);
}

static void run_here(nl_running *r)
{
    for (size_t i = 0; i < r->pieces.count && !nl_session_is_stopped(r->s); i++) {
        const nl_piece *piece = &r->pieces.items[i];
        nl_outcome **outcomes = NL_NEW_ARRAY(r->arena, nl_outcome *, piece->count);

        nl_running_piece(r, piece, outcomes);
        for (size_t k = 0; k < piece->count; k++) {
            nl_journal_add(r, piece->numbers[k], outcomes[k]);
            nl_running_accept(r, piece->numbers[k], outcomes[k]);
        }
    }
}

/* Whether two points have a network in common. */
static bool share_network(const nl_batch *batch, size_t a, size_t b)
{
    for (size_t i = 0; i < batch->binding_count; i++) {
        const nl_binding *binding = &batch->bindings[i];

        if (binding->fixed && nl_batch_place(batch, a, binding->axis) != nl_batch_place(batch, b, binding->axis))
            return false;
    }
    return true;
}

/* Puts those behind each other that share a network with the point at `first`; returns how many these are. */
static size_t gather(const nl_batch *batch, size_t *numbers, size_t first, size_t count)
{
    size_t end = first + 1;

    for (size_t i = first + 1; i < count; i++) {
        if (!share_network(batch, numbers[first], numbers[i])) continue;
        const size_t number = numbers[i];
        memmove(numbers + end + 1, numbers + end, (i - end) * sizeof *numbers);
        numbers[end++] = number;
    }
    return end - first;
}

/* As many points together as there is room for, but all processes get some. */
static void find_pieces(nl_running *r, size_t *numbers, size_t count)
{
    const size_t room = r->batch->has_fixed ? NL_LANES_MAX : nl_points_at_a_time(r);
    const size_t share = (count + r->workers - 1) / r->workers, most = share < room ? share : room;

    for (size_t at = 0; at < count;) {
        const size_t end = r->batch->has_fixed ? at + gather(r->batch, numbers, at, count) : count;
        while (at < end) {
            const size_t n = end - at < most ? end - at : most;
            NL_PUSH(r->arena, &r->pieces, ((nl_piece){ numbers + at, n }));
            at += n;
        }
    }
}

static void run_points(nl_running *r)
{
    size_t *numbers = NL_NEW_ARRAY(r->arena, size_t, r->batch->points + 1), count = 0;

    for (size_t p = 0; p < r->batch->points; p++)
        if (r->outcomes[p] == NULL) numbers[count++] = p;
    find_pieces(r, numbers, count);
    if (r->pieces.count < r->workers) r->workers = r->pieces.count;
    if (r->workers <= 1 || !nl_workers_run(r)) run_here(r);
}

/* A batch of the protocol itself may be continued, and may use several processes; one within a point is done there. */
static void run_outermost(nl_running *r)
{
    nl_session *s = r->s;

    s->batch_count++;
    if (s->options.threads > 1) r->workers = (size_t)s->options.threads;
    if (r->workers > NL_WORKERS_MAX) r->workers = NL_WORKERS_MAX;
    nl_journal_open(s);
    nl_journal_read(r);
    run_points(r);
}

static bool finish(nl_running *r)
{
    nl_session *s = r->s;

    report_failed(r);
    const bool good = collect_all(r);
    if (r->done == r->batch->points) return good;
    nl_diag_add(s->diags, NL_R_INTERRUPTED, (nl_span){ 0, 0 }, "interrupted: %zu of %zu points are done", r->done,
                r->batch->points);
    return nl_session_failed(s, NL_INTERRUPTED);
}

static bool run_batch(nl_running *r)
{
    nl_session *s = r->s;

    r->outcomes = NL_NEW_ARRAY(r->arena, nl_outcome *, r->batch->points);
    r->failed = nl_text_new(r->arena);
    r->around = s->lane->has_set_parameters ? nl_sim_save(s->lane->sim) : NULL;
    if (s->lane->outer == NULL && !s->is_point) run_outermost(r);
    else run_points(r);
    const bool good = finish(r);
    nl_sim_snapshot_free(r->around);
    for (size_t p = 0; p < r->batch->points; p++) nl_outcome_free(r->outcomes[p]);
    return good;
}

bool nl_session_batch(nl_session *s, const nl_ast *stmt)
{
    nl_arena *arena = nl_arena_new();
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_batch batch;
    nl_running r = { .s = s, .batch = &batch, .arena = arena, .workers = 1 };

    r.plan = nl_plan_find_batch(&s->check, stmt);
    r.scope = r.plan->scope;
    ev.arena = arena;
    const bool good = (nl_batch_read(&ev, stmt, &batch) || fault(s))
                      && (batch.has_fixed || nl_session_need_sim(s)) && run_batch(&r);
    nl_arena_free(arena);
    return good;
}

void nl_batch_report(nl_session *s)
{
    for (size_t i = 0; i < s->held.count; i++) {
        const nl_diag *held = &s->held.items[i];
        nl_diag *diag = nl_diag_add(s->diags, held->code, held->span, "%s", held->text);

        if (held->help != NULL) nl_diag_help(s->diags, diag, "%s", held->help);
        if (held->also_text != NULL) nl_diag_also(s->diags, diag, held->also, "%s", held->also_text);
    }
    if (s->lane->has_failed_points) nl_session_failed(s, NL_RUN_FAILED);
}
