/* Events in a step: who fired, who is told of it, what the bodies do. */
#include "sim_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- lists --- */

void sim_list_reserve(nl_fired *list, size_t room)
{
    if (list->room >= room) return;
    list->room = room + room / 2;
    list->ids = nl_realloc(list->ids, list->room * sizeof *list->ids);
}

void sim_list_set(nl_fired *list, const uint32_t *ids, size_t count)
{
    sim_list_reserve(list, count);
    if (count > 0) memcpy(list->ids, ids, count * sizeof *ids);
    list->count = count;
}

void sim_list_push(nl_fired *list, uint32_t id)
{
    sim_list_reserve(list, list->count + 1);
    list->ids[list->count++] = id;
}

static void add_sorted(nl_fired *list, uint32_t id)
{
    size_t k = list->count;

    while (k > 0 && list->ids[k - 1] > id) k--;
    if (k > 0 && list->ids[k - 1] == id) return;
    memmove(list->ids + k + 1, list->ids + k, (list->count - k) * sizeof *list->ids);
    list->ids[k] = id;
    list->count++;
}

void sim_list_add(nl_fired *list, const nl_fired *more)
{
    sim_list_reserve(list, list->count + more->count);
    for (size_t k = 0; k < more->count; k++) add_sorted(list, more->ids[k]);
}

/* --- building --- */

/* A constant one has been checked; elements may have drawn theirs. */
bool sim_check_refractory(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->refractories.count; k++) {
        const nl_refractory *r = &sim->model->refractories.items[k];
        const size_t count = sim_population_count(sim, r->population);
        const uint32_t space = sim_population_space(sim, r->population);
        nl_ref bad;
        if (r->time == 0 || space == 0) continue;
        double *times = nl_calloc(count, sizeof *times), least = 0;
        if (nl_direct_eval(&sim->direct, r->time, space, 0, count, times, &bad))
            for (size_t i = 0; i < count; i++) least = fmin(least, times[i]);
        free(times);
        if (least >= 0) continue;
        nl_diag *d =
            nl_diag_add(sim->diags, NL_E_BODY_EVENT, r->span, "this refractory period is negative (%g)", least);
        nl_diag_help(sim->diags, d, "of a draw: clip(x, 0, inf)");
        return false;
    }
    return true;
}

/* Elements for which a list must have room: any of its population may fire at once. */
static size_t list_room(const nl_sim *sim, uint32_t list)
{
    const size_t events = sim->model->events.count;
    const uint32_t population =
        list < events ? sim_event_of(sim, list)->population : sim->model->refractories.items[list - events].population;

    return population == UINT32_MAX ? 0 : sim_population_count(sim, population);
}

void sim_make_lists(nl_sim *sim)
{
    nl_store *store = &sim->store;

    store->list_count = sim->lowered->list_count;
    store->lists = nl_calloc(store->list_count + 1, sizeof *store->lists);
    for (uint32_t k = 0; k < store->list_count; k++) sim_list_reserve(&store->lists[k], list_room(sim, k));
}

static nl_machine *compile_for(nl_sim *sim, const char *name, const nl_roots *roots, uint32_t space)
{
    return sim_compile(sim, name, roots->items, roots->count, space == 0 ? NL_SELECT_NONE : space);
}

static void make_pathway(nl_sim *sim, size_t number)
{
    const nl_pathway *model = &sim->model->pathways.items[number];
    const nl_pathway_code *code = &sim->lowered->pathways[number];
    const nl_projection *projection = &sim->model->projections.items[model->projection];
    const nl_part *part = model->on_post ? &projection->post : &projection->pre;
    pathway_run *run = &sim->pathways[number];
    event_run *event = &sim->events[model->event];

    run->neurons = compile_for(sim, "neurons", &code->neurons, sim_population_space(sim, part->population));
    run->synapses = sim_compile(sim, "synapses", code->synapses.items, code->synapses.count, projection->space);
    run->low = sim->path_delays[number].low;
    run->high = sim->path_delays[number].high;
    if (run->high + 1 > event->depth) event->depth = run->high + 1;
}

/* Times are given; steps are counted from the start. */
static void make_times(nl_sim *sim, size_t number)
{
    const nl_event *model = sim_event_of(sim, number);
    event_run *run = &sim->events[number];

    run->steps = NL_NEW_ARRAY(sim->arena, uint64_t, model->time_count + 1);
    for (size_t k = 0; k < model->time_count; k++) {
        const double step = round((model->times[k] - sim->model->start) / sim->model->dt);
        run->steps[k] = step > 0 ? (uint64_t)step : 0;
    }
}

static void make_places(nl_sim *sim, size_t number)
{
    const size_t count = sim_population_count(sim, sim_event_of(sim, number)->population);
    event_run *run = &sim->events[number];

    run->place = NL_NEW_ARRAY(sim->arena, double, count);
    run->at_once = NL_NEW_ARRAY(sim->arena, uint8_t, count);
    for (size_t i = 0; i < count; i++) run->place[i] = -1;
}

static bool has_slopes(const nl_sim *sim)
{
    for (size_t m = 0; m < sim->lowered->memory.mems.count; m++)
        if (sim->lowered->memory.mems.items[m].slope != UINT32_MAX) return true;
    return false;
}

static size_t largest_population(const nl_model *model)
{
    size_t most = 1;

    for (size_t k = 0; k < model->populations.count; k++)
        if (model->populations.items[k].count > most) most = model->populations.items[k].count;
    return most;
}

static void make_event(nl_sim *sim, size_t number)
{
    const nl_event *event = sim_event_of(sim, number);
    const nl_event_code *code = &sim->lowered->events[number];

    sim->events[number].depth = 1;
    if (event->population == UINT32_MAX) return;
    if (code->fires != UINT32_MAX) make_places(sim, number);
    sim->has_events = true;
    sim->events[number].body = compile_for(sim, "body", &code->body,
                                           code->mask != UINT32_MAX ? 0 : sim_population_space(sim, event->population));
    if (event->kind == NL_EVENT_TIMES) make_times(sim, number);
}

/* When it is known how far pathways reach back. */
static void make_log(event_run *run)
{
    if (run->depth == 1) return;
    run->log = nl_calloc(run->depth, sizeof *run->log);
    run->busy = nl_calloc(run->depth, sizeof *run->busy);
}

void sim_make_events(nl_sim *sim)
{
    const nl_model *model = sim->model;

    sim->events = NL_NEW_ARRAY(sim->arena, event_run, model->events.count + 1);
    sim->pathways = NL_NEW_ARRAY(sim->arena, pathway_run, model->pathways.count + 1);
    sim->held_values = NL_NEW_ARRAY(sim->arena, double *, model->refractories.count + 1);
    sim->at_event_values = NL_NEW_ARRAY(sim->arena, double, largest_population(model));
    sim->has_slopes = has_slopes(sim);
    for (size_t k = 0; k < model->events.count; k++) make_event(sim, k);
    sim_make_catch_up(sim);
    for (size_t k = 0; k < model->pathways.count; k++) make_pathway(sim, k);
    for (size_t k = 0; k < model->events.count; k++) make_log(&sim->events[k]);
    for (size_t k = 0; k < model->refractories.count; k++) {
        const nl_refractory *r = &model->refractories.items[k];
        sim->held_values[k] =
            NL_NEW_ARRAY(sim->arena, double, sim_population_count(sim, r->population) * r->held.count + 1);
    }
}

void sim_prepare_events(nl_sim *sim)
{
    if (sim->gates != NULL) nl_machine_prepare(sim->gates);
    for (size_t k = 0; k < sim->lowered->gates.count; k++) nl_machine_prepare(sim->catch_up[k]);
    if (sim->detect != NULL) nl_machine_prepare(sim->detect);
    for (size_t k = 0; k < sim->model->projections.count; k++)
        if (sim->settlers[k] != NULL) nl_machine_prepare(sim->settlers[k]);
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim->events[k].body != NULL) nl_machine_prepare(sim->events[k].body);
    for (size_t k = 0; k < sim->model->pathways.count; k++) {
        if (sim->pathways[k].neurons != NULL) nl_machine_prepare(sim->pathways[k].neurons);
        if (sim->pathways[k].synapses != NULL) nl_machine_prepare(sim->pathways[k].synapses);
    }
}

void sim_free_events(nl_sim *sim)
{
    for (size_t k = 0; sim->events != NULL && k < sim->model->events.count; k++) {
        event_run *run = &sim->events[k];
        nl_machine_free(run->body);
        for (size_t j = 0; run->log != NULL && j < run->depth; j++) free(run->log[j].ids);
        free(run->log);
        free(run->busy);
        free(run->last.ids);
        free(run->located.ids);
    }
    for (size_t k = 0; sim->pathways != NULL && k < sim->model->pathways.count; k++) {
        nl_machine_free(sim->pathways[k].neurons);
        nl_machine_free(sim->pathways[k].synapses);
        free(sim->pathways[k].part.ids);
    }
    nl_machine_free(sim->gates);
    for (size_t k = 0; sim->catch_up != NULL && k < sim->lowered->gates.count; k++) nl_machine_free(sim->catch_up[k]);
    nl_machine_free(sim->detect);
    for (size_t k = 0; sim->settlers != NULL && k < sim->model->projections.count; k++)
        nl_machine_free(sim->settlers[k]);
    for (size_t k = 0; k < sim->store.list_count; k++) free(sim->store.lists[k].ids);
    free(sim->store.lists);
}

/* --- the start --- */

static void clear(nl_sim *sim, uint32_t mem)
{
    const nl_mem *m = &sim->lowered->memory.mems.items[mem];

    for (size_t lag = 0; lag < m->depth; lag++)
        memset(nl_store_at(&sim->store, mem, lag), 0, m->count * sizeof(double));
}

static void find_cursors(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        event_run *run = &sim->events[k];
        for (run->cursor = 0;
             run->cursor < sim_event_of(sim, k)->time_count && run->steps[run->cursor] <= sim->store.step;)
            run->cursor++;
    }
}

static void forget_spikes(nl_sim *sim, size_t event)
{
    sim->events[event].last.count = 0;
    if (sim->lowered->events[event].spiked != UINT32_MAX) clear(sim, sim->lowered->events[event].spiked);
}

/* Spikes on their way stay on it. */
void sim_reset_events_of(nl_sim *sim, uint32_t population)
{
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim_event_of(sim, k)->population == population) forget_spikes(sim, k);
    for (size_t k = 0; k < sim->model->refractories.count; k++)
        if (sim->model->refractories.items[k].population == population) clear(sim, sim->lowered->refractories[k].state);
}

void sim_reset_events(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        event_run *run = &sim->events[k];
        for (size_t j = 0; run->log != NULL && j < run->depth; j++) run->log[j].count = 0;
        forget_spikes(sim, k);
        run->busy_count = 0;
        if (sim->lowered->events[k].mask != UINT32_MAX) clear(sim, sim->lowered->events[k].mask);
    }
    for (size_t k = 0; k < sim->model->refractories.count; k++) clear(sim, sim->lowered->refractories[k].state);
    for (size_t k = 0; k < sim->lowered->visits.count; k++) clear(sim, sim->lowered->visits.items[k]);
    for (size_t k = 0; k < sim->lowered->gates.count; k++) sim_open_for_a_step(sim, sim->lowered->gates.items[k].open);
    find_cursors(sim);
}

void sim_begin_detection(nl_sim *sim)
{
    for (size_t k = 0; k < sim->store.list_count; k++) sim->store.lists[k].count = 0;
}

/* --- who fired --- */

static void take_times(nl_sim *sim, size_t number)
{
    const nl_event *model = sim_event_of(sim, number);
    event_run *run = &sim->events[number];

    for (; run->cursor < model->time_count && run->steps[run->cursor] <= sim->store.step; run->cursor++)
        if (run->steps[run->cursor] == sim->store.step) add_sorted(&sim->store.lists[number], model->ids[run->cursor]);
}

static void take_flag(nl_sim *sim, size_t number)
{
    const uint32_t flag = sim->lowered->events[number].flag;

    if (*nl_store_at(&sim->store, flag, 0) == 0) return;
    sim->store.lists[number].ids[0] = 0;
    sim->store.lists[number].count = 1;
}

static void mark(nl_sim *sim, uint32_t mem, const nl_fired *list, double value)
{
    double *memory = nl_store_at(&sim->store, mem, 0);

    for (size_t k = 0; k < list->count; k++) memory[list->ids[k]] = value;
}

/* `spiked` is that of the last detection; in memory that turns, the slot is an old one. */
static void mark_spiked(nl_sim *sim, size_t number)
{
    const uint32_t mem = sim->lowered->events[number].spiked;
    const nl_mem *m = &sim->lowered->memory.mems.items[mem];
    event_run *run = &sim->events[number];

    if (m->depth > 1) memset(nl_store_at(&sim->store, mem, 0), 0, m->count * sizeof(double));
    else mark(sim, mem, &run->last, 0);
    sim_list_set(&run->last, sim->store.lists[number].ids, sim->store.lists[number].count);
    sim_list_add(&run->last, &run->located);
    mark(sim, mem, &run->last, 1);
}

static void find_fired(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        const nl_event *event = sim_event_of(sim, k);
        event_run *run = &sim->events[k];

        if (event->population == UINT32_MAX) continue;
        if (event->kind == NL_EVENT_TIMES) take_times(sim, k);
        else if (sim->lowered->events[k].flag != UINT32_MAX) take_flag(sim, k);
        if (run->log != NULL) sim_log_fired(sim, k);
        if (sim->lowered->events[k].spiked != UINT32_MAX) mark_spiked(sim, k);
        run->located.count = 0;
    }
}

/* --- observers --- */

static nl_sim_status tell_trains(nl_sim *sim)
{
    const nl_sim_run *run = sim->run;

    for (size_t k = 0; run != NULL && k < run->train_count; k++) {
        const nl_fired *list = &sim->store.lists[run->trains[k].event];
        if (list->count > 0 && !run->trains[k].fired(run->trains[k].user, sim->store.time, list->ids, list->count))
            return NL_SIM_SINK_FAILED;
    }
    return NL_SIM_OK;
}

static nl_sim_status sample_at_events(nl_sim *sim, nl_sim_failure *failure)
{
    const nl_sim_run *run = sim->run;

    for (size_t k = 0; run != NULL && k < run->at_event_count; k++) {
        const nl_event_sampler *s = &run->at_events[k];
        const nl_fired *list = &sim->store.lists[s->event];
        const double *values;
        if (list->count == 0) continue;
        const nl_sim_status status = sim_probe_value(sim, s->probe, &values, failure);
        if (status != NL_SIM_OK) return status;
        const bool is_number = sim->probes[s->probe].count == 1 || sim_probe_is_repeated(sim, s->probe);
        for (size_t i = 0; i < list->count; i++) sim->at_event_values[i] = values[is_number ? 0 : list->ids[i]];
        if (!s->sample(s->user, sim->store.time, list->ids, sim->at_event_values, list->count))
            return NL_SIM_SINK_FAILED;
    }
    return NL_SIM_OK;
}

/* --- bodies --- */

nl_sim_status sim_run_list(nl_sim *sim, nl_machine *machine, uint32_t space, const uint32_t *ids, size_t count,
                              nl_sim_failure *failure)
{
    const nl_selection selection = { .kind = NL_SELECT_ELEMENTS, .ids = ids, .count = count };

    if (machine == NULL) return NL_SIM_OK;
    return space == 0 ? sim_run_machine(sim, machine, failure)
                      : sim_run_selected(sim, machine, &selection, failure);
}

static nl_sim_status run_masked(nl_sim *sim, size_t event, nl_sim_failure *failure)
{
    const uint32_t mask = sim->lowered->events[event].mask;

    mark(sim, mask, &sim->store.lists[event], 1);
    const nl_sim_status status = sim_run_machine(sim, sim->events[event].body, failure);
    mark(sim, mask, &sim->store.lists[event], 0);
    return status;
}

static nl_sim_status run_bodies(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->model->events.count && status == NL_SIM_OK; k++) {
        const nl_fired *list = &sim->store.lists[k];

        if (sim->events[k].body == NULL || list->count == 0) continue;
        status =
            sim->lowered->events[k].mask != UINT32_MAX
                ? run_masked(sim, k, failure)
                : sim_run_list(sim, sim->events[k].body, sim_population_space(sim, sim_event_of(sim, k)->population),
                               list->ids, list->count, failure);
    }
    return status;
}

static bool is_quiet(const nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim->store.lists[k].count > 0) return false;
    for (size_t k = 0; k < sim->model->pathways.count; k++)
        if (sim_brings_something(sim, k)) return false;
    return true;
}

nl_sim_status sim_run_events(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status;

    find_fired(sim);
    if (is_quiet(sim)) return NL_SIM_OK;
    if ((status = tell_trains(sim)) != NL_SIM_OK || (status = sample_at_events(sim, failure)) != NL_SIM_OK)
        return status;
    if (sim->has_slopes) sim_jump(sim);
    sim_states_changed(sim);
    if ((status = sim_deliver(sim, failure)) != NL_SIM_OK) return status;
    return run_bodies(sim, failure);
}

nl_sim_status sim_run_located(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = tell_trains(sim);

    if (status == NL_SIM_OK) status = sample_at_events(sim, failure);
    for (size_t k = 0; k < sim->model->events.count; k++) sim_list_add(&sim->events[k].located, &sim->store.lists[k]);
    sim->is_within = true;
    if (status == NL_SIM_OK) status = sim_deliver(sim, failure);
    sim->is_within = false;
    if (status == NL_SIM_OK) status = run_bodies(sim, failure);
    sim_begin_detection(sim);
    return status;
}

/* --- snapshots --- */

event_snapshot *sim_save_events(const nl_sim *sim)
{
    event_snapshot *s = nl_calloc(1, sizeof *s);
    const size_t n = sim->model->events.count;

    s->logs = nl_calloc(n + 1, sizeof *s->logs);
    s->last = nl_calloc(n + 1, sizeof *s->last);
    for (size_t k = 0; k < n; k++) {
        const event_run *run = &sim->events[k];
        sim_list_set(&s->last[k], run->last.ids, run->last.count);
        if (run->log == NULL) continue;
        s->logs[k] = nl_calloc(run->depth, sizeof(nl_fired));
        for (size_t d = 0; d < run->depth; d++) sim_list_set(&s->logs[k][d], run->log[d].ids, run->log[d].count);
    }
    return s;
}

void sim_restore_events(nl_sim *sim, const event_snapshot *s)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        event_run *run = &sim->events[k];
        sim_list_set(&run->last, s->last[k].ids, s->last[k].count);
        for (size_t d = 0; run->log != NULL && d < run->depth; d++)
            sim_list_set(&run->log[d], s->logs[k][d].ids, s->logs[k][d].count);
        if (run->log != NULL) sim_find_busy(sim, run);
    }
    find_cursors(sim);
}

void sim_free_event_snapshot(const nl_sim *sim, event_snapshot *s)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        free(s->last[k].ids);
        for (size_t d = 0; s->logs[k] != NULL && d < sim->events[k].depth; d++) free(s->logs[k][d].ids);
        free(s->logs[k]);
    }
    free(s->logs);
    free(s->last);
    free(s);
}
