/* Recorded series: when a sample is due, in memory for expressions and in the result file. */
#include "run_impl.h"

#include "syntax/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_LIMIT = 1 << 20 }; /* bytes of a series that no expression reads but an embedding program may ask for */

/* --- rows --- */

void nl_rows_append(nl_rows *rows, const double *values, double time)
{
    if (rows->count == rows->room) {
        rows->room = rows->room > 0 ? 2 * rows->room : 64;
        rows->values = nl_realloc(rows->values, nl_checked_mul(rows->room, rows->width * sizeof(double)) + 1);
        rows->times = nl_realloc(rows->times, rows->room * sizeof(double));
    }
    if (rows->width > 0) memcpy(rows->values + rows->count * rows->width, values, rows->width * sizeof(double));
    rows->times[rows->count++] = time;
}

nl_value nl_rows_value(const nl_rows *rows, bool is_signal)
{
    static const double nothing[1] = { 0 };
    nl_value value = { .kind = rows->kind, .dim = rows->dim, .rank = rows->rank + 1, .shape = { rows->count } };

    for (int i = 0; i < rows->rank; i++) value.shape[i + 1] = rows->shape[i];
    value.data = rows->values != NULL ? rows->values : nothing;
    value.times = !is_signal ? NULL : rows->times != NULL ? rows->times : nothing;
    value.is_signal = is_signal;
    return value;
}

void nl_rows_free(nl_rows *rows)
{
    free(rows->values);
    free(rows->times);
    free(rows->ids);
    rows->values = rows->times = NULL;
    rows->ids = NULL;
    rows->count = rows->room = 0;
}

/* --- samples --- */

static bool is_referenced(const nl_recording *r)
{
    return r->series->used || (r->series->symbol != NULL && r->series->symbol->used);
}

void nl_recording_thin(nl_recording *r)
{
    if (!r->in_memory || is_referenced(r) || r->rows.count * (r->rows.width + 1) * sizeof(double) <= MEMORY_LIMIT)
        return;
    nl_rows_free(&r->rows);
    r->in_memory = false;
}

/* Opens the series in the result file, where there is one. */
bool nl_recording_open(nl_recording *r, nl_sink_series *info)
{
    nl_session *s = r->session;

    if (r->lane->sink == NULL) return true;
    info->name = r->series->name;
    info->doc = nl_print_expression(s->arena, nl_ast_kid(r->series->stmt, 1));
    r->sink_id = nl_sink_add(r->lane->sink, info);
    return r->sink_id >= 0;
}

static bool open_series(nl_recording *r)
{
    const nl_unit_shown shown = nl_unit_shown_for(r->session->arena, r->series->dim);
    const nl_part *part = &r->series->train.part;
    nl_sink_series series = { .unit = shown.plain, .rank = r->rows.rank };

    series.has_ids = r->series->mode == NL_SERIES_AT_EVENTS && part->count > 1;
    r->unit = shown.unit;
    r->is_scaled = shown.unit.shift != 0 || shown.unit.factor != 1;
    if (r->is_scaled) r->shown = nl_calloc(r->rows.width + 1, sizeof(double));
    memcpy(series.shape, r->rows.shape, sizeof r->rows.shape);
    return nl_recording_open(r, &series);
}

/* The shape of the rows is that of the first sample. */
static bool take_shape(nl_recording *r, nl_kind kind, int rank, const size_t *shape)
{
    r->rows.kind = kind;
    r->rows.dim = r->series->dim;
    r->rows.rank = rank;
    r->rows.width = 1;
    for (int i = 0; i < rank; i++) {
        r->rows.shape[i] = shape[i];
        r->rows.width *= shape[i];
    }
    r->has_shape = r->in_memory = true;
    return open_series(r);
}

static bool store_sample(void *user, double time, const double *values, size_t count)
{
    nl_recording *r = user;
    const double *shown = values;

    if (count != r->rows.width) return false;
    if (r->in_memory) nl_rows_append(&r->rows, values, time);
    nl_recording_thin(r);
    if (r->lane->sink == NULL) return true;
    for (size_t i = 0; r->is_scaled && i < count; i++) r->shown[i] = nl_unit_unscale(values[i], r->unit);
    if (r->is_scaled) shown = r->shown;
    return nl_sink_append(r->lane->sink, r->sink_id, time, shown);
}

static bool keep_sample(nl_recording *r, const double *values, size_t count)
{
    nl_session *s = r->session;
    const nl_sim_failure failure = { .var = UINT32_MAX };

    return store_sample(r, nl_sim_time(r->lane->sim), values, count)
           || nl_session_fail(s, NL_SIM_SINK_FAILED, &failure);
}

static size_t probe_size(const nl_recording *r, size_t k)
{
    const nl_check *check = &r->session->check;
    const nl_ref node = check->plan->probes.items[r->series->probes.items[k]];
    nl_value value = { .rank = 0 };

    nl_plan_shape(check, nl_graph_node(check->model->graph, node)->space, &value.rank, value.shape);
    return nl_value_count(value);
}

static size_t sample_size(const nl_recording *r)
{
    size_t size = 0;

    for (size_t k = 0; k < r->series->probes.count; k++) size += probe_size(r, k);
    return size;
}

/* The shape of a probe's samples is known as soon as the simulation is built. */
static bool prepare_probe(nl_recording *r)
{
    nl_session *s = r->session;
    const nl_sim_failure failure = { .var = UINT32_MAX };
    int rank = r->series->rank;
    size_t shape[NL_RANK];

    if (r->has_shape) return true;
    memcpy(shape, r->series->shape, sizeof shape);
    for (int i = 0; i < rank; i++)
        if (shape[i] == NL_UNKNOWN_SIZE) shape[i] = sample_size(r);
    return take_shape(r, r->series->kind, rank, shape) || nl_session_fail(s, NL_SIM_SINK_FAILED, &failure);
}

static bool sample_probe(nl_recording *r)
{
    nl_session *s = r->session;
    nl_sim_failure failure = { .var = UINT32_MAX };
    double *values = NL_NEW_ARRAY(s->scratch, double, r->rows.width + 1), *at = values;

    for (size_t k = 0; k < r->series->probes.count; k++) {
        const nl_sim_status status = nl_sim_read(s->lane->sim, r->series->probes.items[k], at, &failure);
        if (status != NL_SIM_OK) return nl_session_fail(s, status, &failure);
        at += probe_size(r, k);
    }
    return keep_sample(r, values, r->rows.width);
}

static bool same_shape(const nl_rows *rows, nl_value value)
{
    return rows->rank == value.rank && memcmp(rows->shape, value.shape, (size_t)value.rank * sizeof(size_t)) == 0;
}

/* An expression that the simulation does not evaluate itself. */
static bool sample_expression(nl_recording *r)
{
    nl_session *s = r->session;
    nl_arena *outer_arena = s->scratch;
    nl_scope *outer = s->scope;
    const nl_sim_failure failure = { .var = UINT32_MAX };
    bool good;

    s->scratch = nl_arena_new();
    s->scope = r->scope;
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    ev.samples = true;
    const nl_value value = nl_eval(&ev, nl_ast_kid(r->series->stmt, 1));
    if (value.kind == NL_KIND_NONE) good = nl_session_failed(s, NL_RUN_FAILED);
    else if (!r->has_shape && !take_shape(r, value.kind, value.rank, value.shape))
        good = nl_session_fail(s, NL_SIM_SINK_FAILED, &failure);
    else if (same_shape(&r->rows, value)) good = keep_sample(r, value.data, r->rows.width);
    else {
        nl_diag_add(s->diags, NL_E_SERIES, r->series->stmt->span, "this sample is %s and does not fit the ones before",
                    nl_value_shape_text(s->arena, value));
        good = nl_session_failed(s, NL_RUN_FAILED);
    }
    s->scope = outer;
    nl_arena_free(s->scratch);
    s->scratch = outer_arena;
    return good;
}

static bool sample(nl_recording *r) { return r->series->probes.count > 0 ? sample_probe(r) : sample_expression(r); }

/* --- when --- */

static bool is_due(const nl_recording *r, uint64_t now)
{
    if (!r->active || r->series->mode != NL_SERIES_SAMPLED) return false;
    for (size_t i = 0; i < r->at_count; i++)
        if (r->at[i] == now) return true;
    return r->at == NULL && now >= r->first && (now - r->first) % r->interval == 0;
}

/* Whether the simulation samples it while stepping. */
static bool is_sampled_inside(const nl_recording *r)
{
    return r->active && r->series->mode == NL_SERIES_SAMPLED && r->series->probes.count > 0 && r->at == NULL;
}

void nl_recording_samplers(nl_session *s, nl_sim_run *run)
{
    for (size_t i = 0; i < s->lane->recording_count; i++) {
        nl_recording *r = &s->lane->recordings[i];
        if (!is_sampled_inside(r)) continue;
        s->lane->samplers[run->sampler_count++] = (nl_sampler){
            .probes = r->series->probes.items, .probe_count = r->series->probes.count, .interval = r->interval,
            .first = r->first, .sample = store_sample, .user = r
        };
    }
    run->samplers = s->lane->samplers;
}

static uint64_t next_of(const nl_recording *r, uint64_t now)
{
    if (!r->active || r->series->mode != NL_SERIES_SAMPLED || is_sampled_inside(r)) return UINT64_MAX;
    if (r->at == NULL) return now < r->first ? r->first : now + r->interval - (now - r->first) % r->interval;
    for (size_t i = 0; i < r->at_count; i++)
        if (r->at[i] > now) return r->at[i];
    return UINT64_MAX;
}

uint64_t nl_recording_next(const nl_session *s, uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < s->lane->recording_count; i++) {
        const uint64_t own = next_of(&s->lane->recordings[i], now);
        if (own < next) next = own;
    }
    return next;
}

bool nl_recording_sample_due(nl_session *s)
{
    const uint64_t now = nl_sim_step(s->lane->sim);

    for (size_t i = 0; i < s->lane->recording_count; i++) {
        nl_recording *r = &s->lane->recordings[i];
        if (!is_sampled_inside(r) && is_due(r, now) && !sample(r)) return false;
    }
    return true;
}

/* After reset or restore all series begin anew, with a first sample. */
bool nl_recording_begin_segment(nl_session *s)
{
    const nl_sim_failure failure = { .var = UINT32_MAX };

    if (!s->lane->new_segment) return true;
    s->lane->new_segment = false;
    if (s->lane->sink != NULL && !nl_sink_segment(s->lane->sink))
        return nl_session_fail(s, NL_SIM_SINK_FAILED, &failure);
    const uint64_t now = nl_sim_step(s->lane->sim);
    for (size_t i = 0; i < s->lane->recording_count; i++) {
        nl_recording *r = &s->lane->recordings[i];

        r->rows.count = 0;
        nl_train_begin_segment(r);
        if (!r->has_from) r->first = now;
        if (is_due(r, now) && !sample(r)) return false;
    }
    return true;
}

void nl_recording_publish(nl_session *s)
{
    for (size_t i = 0; i < s->lane->recording_count; i++) {
        nl_recording *r = &s->lane->recordings[i];
        if (r->series->mode == NL_SERIES_TRAIN) nl_train_publish(r);
        else if (r->series->symbol != NULL && r->has_shape) r->series->symbol->value = nl_rows_value(&r->rows, true);
    }
}

/* --- the statement --- */

static double step_of(nl_session *s, nl_span span, double time)
{
    return nl_plan_steps(&s->check, s->scratch, span, time - s->check.model->start, "a time");
}

static bool read_interval(nl_session *s, nl_recording *r, const nl_ast *every, const nl_ast *from)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_dim dim = nl_check_time_dim(&s->check);
    double time = s->check.model->dt;

    if (every != NULL && !nl_eval_number(&ev, every, dim, "the interval", &time)) return false;
    const double steps = every != NULL ? nl_plan_steps(&s->check, s->scratch, every->span, time, "an interval") : 1;
    if (!(steps >= 1 && steps < 1e18)) {
        nl_diag_add(s->diags, NL_E_TIME, every->span, "the interval is at least one step");
        return false;
    }
    r->interval = (uint64_t)steps;
    r->first = nl_sim_step(s->lane->sim);
    r->has_from = from != NULL;
    if (from == NULL) return true;
    if (!nl_eval_number(&ev, from, dim, "the start", &time)) return false;
    const double first = step_of(s, from->span, time), now = (double)r->first;
    /* the grid goes through `from`, also where that is past */
    r->first = (uint64_t)(first >= now ? first
                          : first >= 0 ? first
                                       : fmod(first, steps) + (fmod(first, steps) < 0 ? steps : 0));
    return true;
}

static int compare_steps(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static bool read_times(nl_session *s, nl_recording *r, const nl_ast *at)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_value times = nl_eval(&ev, at);

    if (times.kind == NL_KIND_NONE) return false;
    const size_t count = nl_value_count(times);
    r->at = NL_NEW_ARRAY(s->lane->arena, uint64_t, count + 1);
    r->at_count = 0;
    for (size_t i = 0; i < count; i++) {
        const double step = step_of(s, at->span, times.data[i]);
        if (step >= 0 && step < 1e18) r->at[r->at_count++] = (uint64_t)step;
    }
    qsort(r->at, r->at_count, sizeof *r->at, compare_steps);
    return true;
}

static nl_recording *find_recording(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const char *name = nl_plan_series_name(&ev, stmt);
    const nl_plan_series *series = name != NULL ? nl_plan_find_series(&s->check, stmt, name) : NULL;

    if (series != NULL) return &s->lane->recordings[series - s->check.plan->series.items];
    if (name != NULL)
        nl_diag_add(s->diags, NL_E_NOT_YET, stmt->span,
                    "`%s` is recorded only in a turn of a loop that was not checked", name);
    return NULL;
}

/* The names around a record, up to the file's, with the values that they have now: loops go on, the record does not
 * follow them. */
static nl_scope *frozen_scope(nl_session *s, const nl_scope *scope, const nl_scope *top)
{
    if (scope == top) return s->check.top;
    nl_scope *copy = nl_scope_new(s->lane->arena, frozen_scope(s, scope->parent, top));
    for (size_t i = 0; i < scope->symbols.count; i++) {
        nl_symbol *symbol = NL_NEW(s->lane->arena, nl_symbol);

        *symbol = *scope->symbols.items[i];
        symbol->value = nl_value_copy(s->lane->arena, symbol->value);
        NL_PUSH(s->lane->arena, &copy->symbols, symbol);
    }
    return copy;
}

/* What was recorded until now is a segment of its own. */
static bool begin_anew(nl_recording *r)
{
    const nl_sim_failure failure = { .var = UINT32_MAX };
    nl_sink *sink = r->lane->sink;

    r->rows.count = 0;
    nl_train_begin_segment(r);
    return sink == NULL || r->sink_id < 0 || nl_sink_segment_of(sink, r->sink_id) ||
           nl_session_fail(r->session, NL_SIM_SINK_FAILED, &failure);
}

/* Starts a record with a first sample; one that is going on, in a later turn of a loop, begins anew. */
bool nl_recording_start(nl_session *s, const nl_ast *stmt)
{
    nl_recording *r = nl_session_need_sim(s) ? find_recording(s, stmt) : NULL;

    if (r == NULL) return nl_session_failed(s, NL_RUN_FAILED);
    r->active = false;
    if (!nl_recording_begin_segment(s) || !begin_anew(r)) return false;
    r->scope = frozen_scope(s, s->scope, s->check.top);
    if (!read_interval(s, r, nl_ast_kid(stmt, 2), nl_ast_kid(stmt, 3))) return nl_session_failed(s, NL_RUN_FAILED);
    const bool at_times = nl_ast_kid(stmt, 4) != NULL && r->series->mode == NL_SERIES_SAMPLED;
    if (at_times && !read_times(s, r, stmt->kids[4])) return nl_session_failed(s, NL_RUN_FAILED);
    if (r->series->probes.count > 0 && !prepare_probe(r)) return false;
    if (r->series->mode == NL_SERIES_TRAIN && !nl_train_start(r)) return false;
    r->active = r->goes_on = true;
    return !is_due(r, nl_sim_step(s->lane->sim)) || sample(r);
}

/* Whether a block may read a series.  A train is read under the name of its population, too. */
static bool is_read_in(nl_session *s, const nl_ast *block, const nl_plan_series *series)
{
    const char *end = series->mode == NL_SERIES_TRAIN ? ".(" : "(";
    const char *first = nl_arena_printf(s->scratch, "%.*s", (int)strcspn(series->name, end), series->name);

    return (series->symbol != NULL || series->mode == NL_SERIES_TRAIN) && nl_mentions(block, first);
}

static bool has_own(const nl_session *s, const nl_ast *block, const nl_recording *around)
{
    for (size_t i = 0; i < s->lane->recording_count; i++) {
        const nl_plan_series *series = s->lane->recordings[i].series;
        if (series->points == block && strcmp(series->name, around->series->name) == 0) return true;
    }
    return false;
}

bool nl_recordings_go_on(nl_session *s, const nl_ast *block)
{
    nl_scope *scope = s->scope;
    bool good = true;

    for (size_t i = 0; i < s->lane->outer->recording_count && good; i++) {
        const nl_recording *around = &s->lane->outer->recordings[i];
        if (!around->goes_on || !is_read_in(s, block, around->series) || has_own(s, block, around)) continue;
        s->scope = around->scope;
        good = nl_recording_start(s, around->series->stmt);
    }
    s->scope = scope;
    return good;
}

void nl_recordings_carry(const nl_session *from, nl_session *to)
{
    for (size_t i = 0; i < from->lane->recording_count; i++) {
        const nl_recording *r = &from->lane->recordings[i];
        for (size_t k = 0; r->goes_on && k < to->lane->recording_count; k++) {
            nl_recording *own = &to->lane->recordings[k];
            if (own->series->stmt != r->series->stmt || strcmp(own->series->name, r->series->name) != 0) continue;
            own->goes_on = true;
            own->scope = frozen_scope(to, r->scope, from->check.top);
        }
    }
}

void nl_recordings_new(nl_session *s, nl_lane *lane)
{
    const nl_plan *plan = s->check.plan;

    lane->recording_count = plan->series.count;
    lane->recordings = NL_NEW_ARRAY(lane->arena, nl_recording, lane->recording_count + 1);
    lane->samplers = NL_NEW_ARRAY(lane->arena, nl_sampler, lane->recording_count + 1);
    for (size_t i = 0; i < lane->recording_count; i++) {
        lane->recordings[i] = (nl_recording){
            .session = s, .lane = lane, .series = &plan->series.items[i], .sink_id = -1, .interval = 1
        };
    }
}

void nl_recordings_withdraw(nl_lane *lane)
{
    for (size_t i = 0; i < lane->recording_count; i++) {
        const nl_recording *r = &lane->recordings[i];

        if (!r->has_shape) continue;
        r->series->value.train = NULL;
        if (r->series->symbol == NULL) continue;
        r->series->symbol->value.data = r->series->symbol->value.times = NULL;
        r->series->symbol->value.train = NULL;
    }
}

void nl_recordings_free(nl_lane *lane)
{
    for (size_t i = 0; i < lane->recording_count; i++) {
        nl_rows_free(&lane->recordings[i].rows);
        free(lane->recordings[i].shown);
    }
    lane->recording_count = 0;
}
