/* Spikes on their way: who fired is kept for as long as the longest delay, and delivered along the pathways. */
#include "sim_impl.h"

#include <stdlib.h>
#include <string.h>

/* --- what is on its way --- */

/* Number `k` of the steps in which somebody fired. */
static uint64_t busy_step(const event_run *run, size_t k) { return run->busy[(run->busy_first + k) % run->depth]; }

static void note_busy(event_run *run, uint64_t step)
{
    while (run->busy_count > 0 && busy_step(run, 0) + run->depth <= step) {
        run->busy_first = (run->busy_first + 1) % run->depth;
        run->busy_count--;
    }
    if (run->log[step % run->depth].count == 0) return;
    run->busy[(run->busy_first + run->busy_count) % run->depth] = step;
    run->busy_count++;
}

/* From the log, as of now. */
void sim_find_busy(const nl_sim *sim, event_run *run)
{
    const uint64_t step = sim->store.step, oldest = step + 1 > run->depth ? step + 1 - run->depth : 0;

    run->busy_count = 0;
    for (uint64_t s = oldest; s <= step; s++) note_busy(run, s);
}

/* How many of these steps are at least `age` steps ago. */
static size_t busy_before(const event_run *run, uint64_t now, uint32_t age)
{
    size_t low = 0, high = age <= now ? run->busy_count : 0;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (busy_step(run, middle) <= now - age) low = middle + 1;
        else high = middle;
    }
    return low;
}

void sim_log_fired(nl_sim *sim, size_t number)
{
    event_run *run = &sim->events[number];
    const nl_fired *list = &sim->store.lists[number];
    nl_fired *now = &run->log[sim->store.step % run->depth];

    sim_list_set(now, list->ids, list->count);
    sim_list_add(now, &run->located);
    note_busy(run, sim->store.step);
}

bool sim_brings_something(const nl_sim *sim, size_t number)
{
    const event_run *event = &sim->events[sim->model->pathways.items[number].event];
    const pathway_run *run = &sim->pathways[number];
    const size_t count = busy_before(event, sim->store.step, run->low);

    return count > 0 && sim->store.step - busy_step(event, count - 1) <= run->high;
}

/* --- what travels --- */

/* The fired neurons of a part, numbered from its beginning. */
static const uint32_t *within_part(pathway_run *run, const nl_part *part, const nl_fired *list, size_t *first,
                                   size_t *count)
{
    size_t end = list->count;

    *first = 0;
    while (*first < end && list->ids[*first] < part->begin) ++*first;
    while (end > *first && list->ids[end - 1] >= part->begin + part->count) end--;
    *count = end - *first;
    if (part->begin == 0) return list->ids + *first;
    sim_list_reserve(&run->part, *count);
    for (size_t k = 0; k < *count; k++) run->part.ids[k] = list->ids[*first + k] - (uint32_t)part->begin;
    return run->part.ids;
}

static nl_sim_status travel(nl_sim *sim, size_t number, const nl_fired *list, uint32_t delay, nl_sim_failure *failure)
{
    const nl_pathway *model = &sim->model->pathways.items[number];
    const nl_projection *projection = &sim->model->projections.items[model->projection];
    const nl_part *part = model->on_post ? &projection->post : &projection->pre;
    pathway_run *run = &sim->pathways[number];
    size_t first, count;
    const uint32_t *ids = within_part(run, part, list, &first, &count);
    const nl_selection selection = { .kind = model->on_post ? NL_SELECT_INCOMING : NL_SELECT_OUTGOING,
                                     .ids = ids,
                                     .count = count,
                                     .one_delay = run->low != run->high || sim->path_orders[number] != NULL,
                                     .delay = delay,
                                     .order = sim->path_orders[number],
                                     .in_turn = model->in_turn };
    nl_sim_status status;

    if (count == 0) return NL_SIM_OK;
    status =
        sim_run_list(sim, run->neurons, sim_population_space(sim, part->population), list->ids + first, count, failure);
    if (status != NL_SIM_OK || run->synapses == NULL) return status;
    return sim_run_selected(sim, run->synapses, &selection, failure);
}

/* The latest spikes first. */
static nl_sim_status deliver_path(nl_sim *sim, size_t number, nl_sim_failure *failure)
{
    const nl_pathway *path = &sim->model->pathways.items[number];
    const event_run *event = &sim->events[path->event];
    const pathway_run *run = &sim->pathways[number];
    nl_sim_status status = NL_SIM_OK;

    if (run->low == 0) status = travel(sim, number, &sim->store.lists[path->event], 0, failure);
    if (event->log == NULL || sim->is_within) return status; /* what is on its way arrives at whole steps */
    for (size_t k = busy_before(event, sim->store.step, run->low > 0 ? run->low : 1); k-- > 0 && status == NL_SIM_OK;) {
        const uint64_t age = sim->store.step - busy_step(event, k);
        if (age > run->high) break;
        status = travel(sim, number, &event->log[busy_step(event, k) % event->depth], (uint32_t)age, failure);
    }
    return status;
}

static nl_sim_status deliver(nl_sim *sim, bool on_post, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->model->pathways.count && status == NL_SIM_OK; k++)
        if (sim->model->pathways.items[k].on_post == on_post) status = deliver_path(sim, k, failure);
    return status;
}

static bool is_spike(const nl_sim *sim, size_t event)
{
    const char *name = sim_event_of(sim, event)->name;

    return name != NULL && strcmp(name, "spikes") == 0;
}

/* Adaptive methods: at the place that has been reached. */
static void list_held_now(nl_sim *sim, size_t number)
{
    const nl_refractory *r = &sim->model->refractories.items[number];
    const double *until = nl_store_at(&sim->store, sim->lowered->refractories[number].state, 0);
    const double now = (double)sim->store.step + *nl_store_at(&sim->store, sim->lowered->sigma, 0), least = 1e-9;
    nl_fired *list = &sim->store.lists[sim->model->events.count + number];

    list->count = 0;
    for (size_t i = 0; i < sim_population_count(sim, r->population); i++)
        if (until[i] > now + least) list->ids[list->count++] = (uint32_t)i;
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim_event_of(sim, k)->population == r->population) sim_list_add(list, &sim->store.lists[k]);
}

/* What a refractory neuron holds takes no input. */
static void list_held(nl_sim *sim, size_t number)
{
    const nl_refractory *r = &sim->model->refractories.items[number];
    const nl_refractory_code *code = &sim->lowered->refractories[number];
    nl_fired *list = &sim->store.lists[sim->model->events.count + number];

    if (r->held.count == 0) return;
    if (r->time != 0 && sim->lowered->stepping == NL_STEP_ADAPTIVE) {
        list_held_now(sim, number);
        return;
    }
    if (sim_population_space(sim, r->population) != 0) return;
    const double state = *nl_store_at(&sim->store, code->state, 0);
    bool is_held = r->time != 0 ? state >= (double)sim->store.step : state != 0;
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim_event_of(sim, k)->population == r->population && is_spike(sim, k) && sim->store.lists[k].count > 0)
            is_held = true;
    list->count = is_held;
    list->ids[0] = 0;
}

static void move_held(nl_sim *sim, bool back)
{
    for (size_t k = 0; k < sim->model->refractories.count; k++) {
        const nl_refractory *r = &sim->model->refractories.items[k];
        const nl_fired *list = &sim->store.lists[sim->model->events.count + k];
        double *kept = sim->held_values[k];

        for (size_t j = 0; j < r->held.count; j++, kept += list->count) {
            double *values = nl_store_at(&sim->store, sim->lowered->var_mem[r->held.items[j]], 0);
            for (size_t i = 0; i < list->count; i++)
                if (back) values[list->ids[i]] = kept[i];
                else kept[i] = values[list->ids[i]];
        }
    }
}

nl_sim_status sim_deliver(nl_sim *sim, nl_sim_failure *failure)
{
    for (size_t k = 0; k < sim->model->refractories.count; k++) list_held(sim, k);
    move_held(sim, false);
    nl_sim_status status = deliver(sim, false, failure);
    if (status == NL_SIM_OK) status = deliver(sim, true, failure);
    move_held(sim, true);
    return status;
}
