/* Records of events: who fired when, and the values of elements when they fire.  The simulation tells of each step in
 * which something fired; nothing is sampled. */
#include "run_impl.h"

#include <string.h>

/* --- in the result file --- */

/* SONATA keeps spikes under the name of their population; a slash would make a group within it. */
static const char *group_of(nl_recording *r)
{
    static const char suffix[] = ".spikes";
    nl_session *s = r->session;
    const char *event = s->check.model->events.items[r->series->train.event].name;
    const bool is_spikes = strcmp(event, suffix + 1) == 0;
    char *name = nl_arena_strdup(s->arena, r->series->name);
    const size_t length = strlen(name), tail = strlen(suffix);

    if (is_spikes && length > tail && strcmp(name + length - tail, suffix) == 0) name[length - tail] = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (*c == '/') *c = '|';
    return nl_arena_printf(s->arena, "%s/%s", is_spikes ? "spikes" : "events", name);
}

static bool open_train(nl_recording *r)
{
    const nl_part *part = &r->series->train.part;
    const nl_sim_failure failure = { .var = UINT32_MAX };
    nl_sink_series info = { .has_ids = true, .group = group_of(r), .first = part->begin, .count = part->count };

    return nl_recording_open(r, &info) || nl_session_fail(r->session, NL_SIM_SINK_FAILED, &failure);
}

bool nl_train_start(nl_recording *r)
{
    if (r->has_shape) return true;
    r->has_shape = r->in_memory = true;
    r->begin = nl_sim_time(r->lane->sim);
    return open_train(r);
}

void nl_train_begin_segment(nl_recording *r)
{
    if (r->series->mode == NL_SERIES_TRAIN) r->begin = nl_sim_time(r->lane->sim);
}

/* --- while stepping --- */

static void remember(nl_recording *r, double time, uint32_t id)
{
    const size_t room = r->rows.room;

    nl_rows_append(&r->rows, NULL, time);
    if (r->rows.room != room) r->rows.ids = nl_realloc(r->rows.ids, nl_checked_mul(r->rows.room, sizeof *r->rows.ids));
    r->rows.ids[r->rows.count - 1] = id;
    nl_recording_thin(r);
}

static bool is_recorded(const nl_recording *r, uint32_t id)
{
    return id - r->series->train.part.begin < r->series->train.part.count;
}

static bool keep_spikes(void *user, double time, const uint32_t *ids, size_t count)
{
    nl_recording *r = user;
    nl_sink *sink = r->lane->sink;

    for (size_t i = 0; i < count; i++) {
        if (!is_recorded(r, ids[i])) continue;
        if (r->in_memory) remember(r, time, ids[i]);
        if (sink != NULL && !nl_sink_append_of(sink, r->sink_id, time, ids[i], NULL)) return false;
    }
    return true;
}

static bool keep_value(nl_recording *r, double time, uint32_t id, double value)
{
    nl_sink *sink = r->lane->sink;
    const double shown = r->is_scaled ? nl_unit_unscale(value, r->unit) : value;

    if (r->in_memory) nl_rows_append(&r->rows, &value, time);
    nl_recording_thin(r);
    if (sink == NULL) return true;
    return r->series->train.part.count > 1 ? nl_sink_append_of(sink, r->sink_id, time, id, &shown)
                                           : nl_sink_append(sink, r->sink_id, time, &shown);
}

static bool keep_values(void *user, double time, const uint32_t *ids, const double *values, size_t count)
{
    nl_recording *r = user;

    for (size_t i = 0; i < count; i++)
        if (is_recorded(r, ids[i]) && !keep_value(r, time, ids[i], values[i])) return false;
    return true;
}

static void add_sampler(nl_session *s, nl_recording *r)
{
    const uint32_t event = r->series->train.event;

    if (r->series->mode == NL_SERIES_TRAIN)
        NL_PUSH(s->lane->arena, &s->lane->train_samplers, ((nl_train_sampler){ event, keep_spikes, r }));
    else
        NL_PUSH(s->lane->arena, &s->lane->event_samplers,
                ((nl_event_sampler){ event, r->series->probes.items[0], keep_values, r }));
}

void nl_recording_events(nl_session *s, nl_sim_run *run)
{
    s->lane->train_samplers.count = s->lane->event_samplers.count = 0;
    for (size_t i = 0; i < s->lane->recording_count; i++)
        if (s->lane->recordings[i].active && s->lane->recordings[i].series->mode != NL_SERIES_SAMPLED)
            add_sampler(s, &s->lane->recordings[i]);
    run->trains = s->lane->train_samplers.items;
    run->train_count = s->lane->train_samplers.count;
    run->at_events = s->lane->event_samplers.items;
    run->at_event_count = s->lane->event_samplers.count;
}

/* --- what expressions see --- */

void nl_train_publish(nl_recording *r)
{
    static const double no_times[1] = { 0 };
    static const uint32_t no_ids[1] = { 0 };
    nl_plan_series *series = r->series;

    if (!r->has_shape || !r->in_memory) return;
    r->train = (nl_train){ .count = r->rows.count,
                           .times = r->rows.times != NULL ? r->rows.times : no_times,
                           .ids = r->rows.ids != NULL ? r->rows.ids : no_ids,
                           .first = series->train.part.begin,
                           .begin = r->begin,
                           .end = nl_sim_time(r->lane->sim) };
    series->value.train = &r->train;
    if (series->symbol != NULL) series->symbol->value = series->value;
}

static bool is_column(const nl_recording *r, const char *name, const char *column)
{
    const size_t length = strlen(r->series->name);

    return strncmp(name, r->series->name, length) == 0 && strcmp(name + length, column) == 0;
}

static const double *ids_as_numbers(nl_session *s, const nl_rows *rows)
{
    double *numbers = NL_NEW_ARRAY(s->arena, double, rows->count + 1);

    for (size_t i = 0; i < rows->count; i++) numbers[i] = rows->ids[i];
    return numbers;
}

bool nl_train_column(nl_session *s, const char *name, size_t *count, const double **data)
{
    for (size_t i = 0; i < s->lane->recording_count; i++) {
        const nl_recording *r = &s->lane->recordings[i];
        const bool is_times = is_column(r, name, ".t");

        if (r->series->mode != NL_SERIES_TRAIN || !r->has_shape || !r->in_memory) continue;
        if (!is_times && !is_column(r, name, ".id")) continue;
        *count = r->rows.count;
        *data = !is_times || r->rows.times == NULL ? ids_as_numbers(s, &r->rows) : r->rows.times;
        return true;
    }
    return false;
}
