/* Events in a step: who fired, what travels along the projections, what the bodies do. */
#include "sim_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- lists --- */

static void list_reserve(nl_fired *list, size_t room)
{
    if (list->room >= room) return;
    list->room = room + room / 2;
    list->ids = nl_realloc(list->ids, list->room * sizeof *list->ids);
}

static void list_set(nl_fired *list, const uint32_t *ids, size_t count)
{
    list_reserve(list, count);
    if (count > 0) memcpy(list->ids, ids, count * sizeof *ids);
    list->count = count;
}

void sim_list_push(nl_fired *list, uint32_t id)
{
    list_reserve(list, list->count + 1);
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

static void list_add(nl_fired *list, const nl_fired *more)
{
    list_reserve(list, list->count + more->count);
    for (size_t k = 0; k < more->count; k++) add_sorted(list, more->ids[k]);
}

static const nl_event *event_of(const nl_sim *sim, size_t event) { return &sim->model->events.items[event]; }

static bool is_spike(const nl_sim *sim, size_t event)
{
    const char *name = event_of(sim, event)->name;

    return name != NULL && strcmp(name, "spikes") == 0;
}

static size_t population_count(const nl_sim *sim, uint32_t population)
{
    return sim->model->populations.items[population].count;
}

static uint32_t population_space(const nl_sim *sim, uint32_t population)
{
    return sim->model->populations.items[population].space;
}

/* --- delays --- */

typedef struct delay_values {
    double *values;
    size_t count;
} delay_values;

static bool find_delay(nl_sim *sim, const nl_pathway *path, delay_values *out)
{
    const uint32_t space = nl_graph_node(sim->model->graph, path->delay)->space;
    nl_ref bad;

    out->count = space == 0 ? 1 : sim->conns[path->projection]->synapse_count;
    out->values = nl_calloc(out->count + 1, sizeof(double));
    if (nl_direct_eval(&sim->direct, path->delay, space, 0, out->count, out->values, &bad)) return true;
    nl_diag_add(sim->diags, NL_E_INDEX, path->delay_span, "an index in the delay is out of range");
    return false;
}

/* In whole steps; says what rounding changed. */
static bool round_delays(nl_sim *sim, const nl_pathway *path, delay_values *delays, step_range *range)
{
    double worst = 0;

    *range = (step_range){ UINT32_MAX, 0 };
    for (size_t k = 0; k < delays->count; k++) {
        const double steps = delays->values[k] / sim->model->dt, whole = round(steps);
        if (!(steps >= 0 && steps < UINT32_MAX / 2)) {
            nl_diag_add(sim->diags, NL_E_DELAY_NEGATIVE, path->delay_span, "this delay is %s (%g)",
                        steps < 0 ? "negative" : "no time that a run could reach", delays->values[k]);
            return false;
        }
        worst = fmax(worst, fabs(steps - whole));
        if (whole < range->low) range->low = (uint32_t)whole;
        if (whole > range->high) range->high = (uint32_t)whole;
    }
    if (delays->count == 0) *range = (step_range){ 0, 0 };
    if (worst > 1e-6 && delays->count > 1) /* the checker has spoken of a single one */
        nl_diag_add(sim->diags, NL_W_ROUNDED, path->delay_span,
                    "delays of spikes are whole steps: rounded by up to %.3g dt", worst);
    return true;
}

static uint32_t whole_steps(const nl_sim *sim, double delay) { return (uint32_t)round(delay / sim->model->dt); }

static nl_conn_context conn_context(nl_sim *sim, const nl_pathway *path)
{
    return (nl_conn_context){ .arena = sim->arena,
                              .diags = sim->diags,
                              .span = path->span,
                              .name = sim->model->projections.items[path->projection].name };
}

/* Synapses of one projection are stored by one of their delays: that of the first pathway from pre neurons for which
 * they differ. */
static bool sort_by_delay(nl_sim *sim, const nl_pathway *path, const delay_values *delays)
{
    nl_conn_context cx = conn_context(sim, path);
    uint32_t *steps = nl_calloc(delays->count + 1, sizeof *steps);

    for (size_t k = 0; k < delays->count; k++) steps[k] = whole_steps(sim, delays->values[k]);
    const bool good = nl_conn_sort_by_delay(&cx, sim->conns[path->projection], steps);

    free(steps);
    return good;
}

/* Who fired is kept for as long as the longest delay. */
static bool fits_in_memory(nl_sim *sim, const nl_pathway *path, step_range steps)
{
    const double bytes = (double)steps.high * (sizeof(nl_fired) + sizeof(uint64_t));

    if (bytes <= nl_store_room()) return true;
    nl_diag *d = nl_diag_add(sim->diags, NL_E_MEMORY, path->span,
                             "the model does not fit into memory: a delay of %u steps keeps who fired in each of them",
                             steps.high);
    nl_diag_help(sim->diags, d, "a larger dt, or a shorter delay");
    return false;
}

static bool differs(const nl_sim *sim, size_t number) { return sim->path_delays[number].low != sim->path_delays[number].high; }

bool sim_find_path_delays(nl_sim *sim)
{
    bool good = true;

    sim->path_delays = NL_NEW_ARRAY(sim->arena, step_range, sim->model->pathways.count + 1);
    sim->path_orders = NL_NEW_ARRAY(sim->arena, nl_conn_order *, sim->model->pathways.count + 1);
    for (size_t k = 0; k < sim->model->pathways.count && good; k++) {
        const nl_pathway *path = &sim->model->pathways.items[k];
        delay_values delays = { 0 };
        if (path->delay == 0) continue;
        good = find_delay(sim, path, &delays) && round_delays(sim, path, &delays, &sim->path_delays[k])
               && fits_in_memory(sim, path, sim->path_delays[k]);
        if (good && differs(sim, k) && !path->on_post && sim->conns[path->projection]->run_begin == NULL)
            good = sort_by_delay(sim, path, &delays);
        free(delays.values);
    }
    return good;
}

/* --- refractory times --- */

/* A constant one has been checked; elements may have drawn theirs. */
bool sim_check_refractory(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->refractories.count; k++) {
        const nl_refractory *r = &sim->model->refractories.items[k];
        const size_t count = population_count(sim, r->population);
        const uint32_t space = population_space(sim, r->population);
        nl_ref bad;
        if (r->time == 0 || space == 0) continue;
        double *times = nl_calloc(count, sizeof *times), least = 0;
        if (nl_direct_eval(&sim->direct, r->time, space, 0, count, times, &bad))
            for (size_t i = 0; i < count; i++) least = fmin(least, times[i]);
        free(times);
        if (least >= 0) continue;
        nl_diag *d = nl_diag_add(sim->diags, NL_E_BODY_EVENT, r->span, "this refractory period is negative (%g)", least);
        nl_diag_help(sim->diags, d, "of a draw: clip(x, 0, inf)");
        return false;
    }
    return true;
}

/* The first pathway that finds its synapses in the same way. */
static size_t first_alike(const nl_sim *sim, size_t number)
{
    const nl_pathway *paths = sim->model->pathways.items, *path = &paths[number];

    for (size_t k = 0; k < number; k++)
        if (paths[k].projection == path->projection && paths[k].delay == path->delay && paths[k].on_post == path->on_post
            && (differs(sim, k) || paths[k].in_turn == path->in_turn))
            return k;
    return number;
}

static bool is_first_from_pre(const nl_sim *sim, size_t number)
{
    for (size_t k = 0; k < number; k++) {
        const nl_pathway *other = &sim->model->pathways.items[k];
        if (other->projection == sim->model->pathways.items[number].projection && !other->on_post && differs(sim, k))
            return false;
    }
    return true;
}

/* Delays of its own, other than those that synapses are stored by; or synapses that see each other, which are visited
 * in the order of their numbers, whatever other pathways there are. */
static bool needs_order(const nl_sim *sim, size_t number)
{
    const nl_pathway *path = &sim->model->pathways.items[number];

    if (differs(sim, number)) return path->on_post || !is_first_from_pre(sim, number);
    return path->in_turn && !path->on_post && sim->conns[path->projection]->run_begin != NULL;
}

/* One value for each synapse. */
static bool find_delays(nl_sim *sim, const nl_pathway *path, uint32_t *steps)
{
    delay_values delays = { 0 };
    const bool good = path->delay == 0 || find_delay(sim, path, &delays);

    for (size_t k = 0; good && path->delay != 0 && k < sim->conns[path->projection]->synapse_count; k++)
        steps[k] = whole_steps(sim, delays.values[delays.count > 1 ? k : 0]);
    free(delays.values);
    return good;
}

static bool make_order(nl_sim *sim, size_t number)
{
    const nl_pathway *path = &sim->model->pathways.items[number];
    nl_conn_context cx = conn_context(sim, path);
    uint32_t *steps = nl_calloc(sim->conns[path->projection]->synapse_count + 1, sizeof *steps);

    if (find_delays(sim, path, steps))
        sim->path_orders[number] = nl_conn_order_new(&cx, sim->conns[path->projection], steps, path->on_post);
    free(steps);
    return sim->path_orders[number] != NULL;
}

bool sim_find_path_orders(nl_sim *sim)
{
    bool good = true;

    for (size_t k = 0; k < sim->model->pathways.count && good; k++) {
        const size_t alike = first_alike(sim, k);
        if (alike < k) sim->path_orders[k] = sim->path_orders[alike];
        else if (needs_order(sim, k)) good = make_order(sim, k);
    }
    return good;
}

void sim_free_path_orders(nl_sim *sim)
{
    for (size_t k = 0; sim->path_orders != NULL && k < sim->model->pathways.count; k++)
        if (first_alike(sim, k) == k) nl_conn_order_free(sim->path_orders[k]);
}

/* --- gates --- */

/* Room for all neurons of the part. */
void sim_make_gates(nl_sim *sim)
{
    const size_t count = sim->lowered->gates.count;

    sim->settlers = NL_NEW_ARRAY(sim->arena, nl_machine *, sim->model->projections.count + 1);
    if (count == 0) return;
    sim->active = NL_NEW_ARRAY(sim->arena, nl_selection *, sim->model->projections.count);
    sim->gate_selections = NL_NEW_ARRAY(sim->arena, nl_selection, count);
    for (size_t k = 0; k < count; k++) {
        const uint32_t p = sim->lowered->gates.items[k].projection;
        sim->gate_selections[k] = (nl_selection){
            .kind = NL_SELECT_OUTGOING, .ids = NL_NEW_ARRAY(sim->arena, uint32_t, sim->model->projections.items[p].pre.count)
        };
        sim->active[p] = &sim->gate_selections[k];
    }
    sim->store.active = sim->active;
}

static void make_catch_up(nl_sim *sim)
{
    const size_t count = sim->lowered->gates.count;
    size_t most = 0;

    sim->catch_up = NL_NEW_ARRAY(sim->arena, nl_machine *, count + 1);
    for (size_t k = 0; k < count; k++) {
        const nl_gate_code *gate = &sim->lowered->gates.items[k];
        const nl_projection *p = &sim->model->projections.items[gate->projection];
        sim->catch_up[k] = sim_compile(sim, "catch up", gate->catch_up.items, gate->catch_up.count, p->space);
        if (p->pre.count > most) most = p->pre.count;
    }
    sim->late = NL_NEW_ARRAY(sim->arena, uint32_t, most + 1);
}

static void open_for_a_step(nl_sim *sim, uint32_t mem)
{
    double *open = nl_store_at(&sim->store, mem, 0);

    for (size_t k = 0; k < sim->lowered->memory.mems.items[mem].count; k++) open[k] = 1;
}

void sim_open_for_variable(nl_sim *sim, uint32_t var)
{
    for (size_t k = 0; k < sim->lowered->gates.count; k++)
        if (sim->lowered->gates.items[k].projection == sim->model->vars.items[var].projection)
            open_for_a_step(sim, sim->lowered->gates.items[k].open);
}

/* Synapses that were left alone in the last step: their states are those of the last visit. */
static nl_sim_status catch_up(nl_sim *sim, size_t number, nl_sim_failure *failure)
{
    const nl_gate_code *gate = &sim->lowered->gates.items[number];
    const nl_selection *open = &sim->gate_selections[number];
    double *last = nl_store_at(&sim->store, gate->last, 0) + sim->model->projections.items[gate->projection].pre.begin;
    nl_selection late = { .kind = NL_SELECT_OUTGOING, .ids = sim->late };

    for (size_t k = 0; k < open->count; k++)
        if (last[open->ids[k]] != (double)sim->store.step) sim->late[late.count++] = open->ids[k];
    if (late.count == 0) return NL_SIM_OK;
    const nl_sim_status status = sim_run_selected(sim, sim->catch_up[number], &late, failure);
    for (size_t k = 0; k < late.count; k++) last[late.ids[k]] = (double)sim->store.step;
    return status;
}

nl_sim_status sim_open_gates(nl_sim *sim, nl_sim_failure *failure)
{
    if (sim->gates == NULL) return NL_SIM_OK;
    nl_sim_status status = sim_run_machine(sim, sim->gates, failure);
    for (size_t k = 0; k < sim->lowered->gates.count && status == NL_SIM_OK; k++) {
        const nl_gate_code *gate = &sim->lowered->gates.items[k];
        const nl_part *pre = &sim->model->projections.items[gate->projection].pre;
        sim->gate_selections[k].count =
            sim->direct.kernels->nonzero(pre->count, nl_store_at(&sim->store, gate->gate, 0) + pre->begin, 0,
                                         (uint32_t *)sim->gate_selections[k].ids);
        status = catch_up(sim, k, failure);
    }
    return status;
}

/* The memory of a projection's states, as it would be if all of them were stepped. */
static void settle(nl_sim *sim, uint32_t projection)
{
    const nl_roots *roots = &sim->lowered->settle[projection];
    nl_sim_failure failure;

    if (roots->count == 0) return;
    if (sim->settlers[projection] == NULL) {
        sim->settlers[projection] = sim_compile(sim, "settle", roots->items, roots->count, NL_SELECT_NONE);
        nl_machine_prepare(sim->settlers[projection]);
    }
    (void)sim_run_machine(sim, sim->settlers[projection], &failure); /* closed solutions look nothing up */
}

void sim_settle_variable(nl_sim *sim, uint32_t var)
{
    if (sim->model->vars.items[var].projection != UINT32_MAX) settle(sim, sim->model->vars.items[var].projection);
}

void nl_sim_settle(nl_sim *sim)
{
    for (uint32_t k = 0; k < sim->model->projections.count; k++) settle(sim, k);
}

/* --- building --- */

/* Elements for which a list must have room: any of its population may fire at once. */
static size_t list_room(const nl_sim *sim, uint32_t list)
{
    const size_t events = sim->model->events.count;
    const uint32_t population =
        list < events ? event_of(sim, list)->population : sim->model->refractories.items[list - events].population;

    return population == UINT32_MAX ? 0 : population_count(sim, population);
}

void sim_make_lists(nl_sim *sim)
{
    nl_store *store = &sim->store;

    store->list_count = sim->lowered->list_count;
    store->lists = nl_calloc(store->list_count + 1, sizeof *store->lists);
    for (uint32_t k = 0; k < store->list_count; k++) list_reserve(&store->lists[k], list_room(sim, k));
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

    run->neurons = compile_for(sim, "neurons", &code->neurons, population_space(sim, part->population));
    run->synapses = sim_compile(sim, "synapses", code->synapses.items, code->synapses.count, projection->space);
    run->low = sim->path_delays[number].low;
    run->high = sim->path_delays[number].high;
    if (run->high + 1 > event->depth) event->depth = run->high + 1;
}

/* Times are given; steps are counted from the start. */
static void make_times(nl_sim *sim, size_t number)
{
    const nl_event *model = event_of(sim, number);
    event_run *run = &sim->events[number];

    run->steps = NL_NEW_ARRAY(sim->arena, uint64_t, model->time_count + 1);
    for (size_t k = 0; k < model->time_count; k++) {
        const double step = round((model->times[k] - sim->model->start) / sim->model->dt);
        run->steps[k] = step > 0 ? (uint64_t)step : 0;
    }
}

static void make_places(nl_sim *sim, size_t number)
{
    const size_t count = population_count(sim, event_of(sim, number)->population);
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

void sim_make_events(nl_sim *sim)
{
    const nl_model *model = sim->model;

    sim->events = NL_NEW_ARRAY(sim->arena, event_run, model->events.count + 1);
    sim->pathways = NL_NEW_ARRAY(sim->arena, pathway_run, model->pathways.count + 1);
    sim->held_values = NL_NEW_ARRAY(sim->arena, double *, model->refractories.count + 1);
    sim->has_slopes = has_slopes(sim);
    size_t most = 1;
    for (size_t k = 0; k < model->populations.count; k++)
        if (model->populations.items[k].count > most) most = model->populations.items[k].count;
    sim->at_event_values = NL_NEW_ARRAY(sim->arena, double, most);
    for (size_t k = 0; k < model->events.count; k++) {
        const nl_event *event = &model->events.items[k];
        const nl_event_code *code = &sim->lowered->events[k];
        sim->events[k].depth = 1;
        if (event->population == UINT32_MAX) continue;
        if (code->fires != UINT32_MAX) make_places(sim, k);
        sim->has_events = true;
        sim->events[k].body = compile_for(sim, "body", &code->body,
                                          code->mask != UINT32_MAX ? 0 : population_space(sim, event->population));
        if (event->kind == NL_EVENT_TIMES) make_times(sim, k);
    }
    make_catch_up(sim);
    for (size_t k = 0; k < model->pathways.count; k++) make_pathway(sim, k);
    for (size_t k = 0; k < model->events.count; k++) {
        event_run *run = &sim->events[k];
        if (run->depth == 1) continue;
        run->log = nl_calloc(run->depth, sizeof *run->log);
        run->busy = nl_calloc(run->depth, sizeof *run->busy);
    }
    for (size_t k = 0; k < model->refractories.count; k++) {
        const nl_refractory *r = &model->refractories.items[k];
        sim->held_values[k] = NL_NEW_ARRAY(sim->arena, double, population_count(sim, r->population) * r->held.count + 1);
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
    for (size_t k = 0; sim->settlers != NULL && k < sim->model->projections.count; k++) nl_machine_free(sim->settlers[k]);
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
        for (run->cursor = 0; run->cursor < event_of(sim, k)->time_count && run->steps[run->cursor] <= sim->store.step;)
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
        if (event_of(sim, k)->population == population) forget_spikes(sim, k);
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
    for (size_t k = 0; k < sim->lowered->gates.count; k++) open_for_a_step(sim, sim->lowered->gates.items[k].open);
    find_cursors(sim);
}

void sim_begin_detection(nl_sim *sim)
{
    for (size_t k = 0; k < sim->store.list_count; k++) sim->store.lists[k].count = 0;
}

/* --- who fired --- */

static void take_times(nl_sim *sim, size_t number)
{
    const nl_event *model = event_of(sim, number);
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
    list_set(&run->last, sim->store.lists[number].ids, sim->store.lists[number].count);
    list_add(&run->last, &run->located);
    mark(sim, mem, &run->last, 1);
}

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

static void log_fired(nl_sim *sim, size_t number)
{
    event_run *run = &sim->events[number];
    const nl_fired *list = &sim->store.lists[number];
    nl_fired *now = &run->log[sim->store.step % run->depth];

    list_set(now, list->ids, list->count);
    list_add(now, &run->located);
    note_busy(run, sim->store.step);
}

static void find_fired(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        const nl_event *event = event_of(sim, k);
        event_run *run = &sim->events[k];

        if (event->population == UINT32_MAX) continue;
        if (event->kind == NL_EVENT_TIMES) take_times(sim, k);
        else if (sim->lowered->events[k].flag != UINT32_MAX) take_flag(sim, k);
        if (run->log != NULL) log_fired(sim, k);
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
        if (!s->sample(s->user, sim->store.time, list->ids, sim->at_event_values, list->count)) return NL_SIM_SINK_FAILED;
    }
    return NL_SIM_OK;
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
    list_reserve(&run->part, *count);
    for (size_t k = 0; k < *count; k++) run->part.ids[k] = list->ids[*first + k] - (uint32_t)part->begin;
    return run->part.ids;
}

static nl_sim_status run_list(nl_sim *sim, nl_machine *machine, uint32_t space, const uint32_t *ids, size_t count,
                              nl_sim_failure *failure)
{
    const nl_selection selection = { .kind = NL_SELECT_ELEMENTS, .ids = ids, .count = count };

    if (machine == NULL) return NL_SIM_OK;
    return space == 0 ? sim_run_machine(sim, machine, failure)
                      : sim_run_selected(sim, machine, &selection, failure);
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
    status = run_list(sim, run->neurons, population_space(sim, part->population), list->ids + first, count, failure);
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

/* Adaptive methods: at the place that has been reached. */
static void list_held_now(nl_sim *sim, size_t number)
{
    const nl_refractory *r = &sim->model->refractories.items[number];
    const double *until = nl_store_at(&sim->store, sim->lowered->refractories[number].state, 0);
    const double now = (double)sim->store.step + *nl_store_at(&sim->store, sim->lowered->sigma, 0), least = 1e-9;
    nl_fired *list = &sim->store.lists[sim->model->events.count + number];

    list->count = 0;
    for (size_t i = 0; i < population_count(sim, r->population); i++)
        if (until[i] > now + least) list->ids[list->count++] = (uint32_t)i;
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (event_of(sim, k)->population == r->population) list_add(list, &sim->store.lists[k]);
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
    if (population_space(sim, r->population) != 0) return;
    const double state = *nl_store_at(&sim->store, code->state, 0);
    bool is_held = r->time != 0 ? state >= (double)sim->store.step : state != 0;
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (event_of(sim, k)->population == r->population && is_spike(sim, k) && sim->store.lists[k].count > 0) is_held = true;
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

static nl_sim_status deliver_all(nl_sim *sim, nl_sim_failure *failure)
{
    for (size_t k = 0; k < sim->model->refractories.count; k++) list_held(sim, k);
    move_held(sim, false);
    nl_sim_status status = deliver(sim, false, failure);
    if (status == NL_SIM_OK) status = deliver(sim, true, failure);
    move_held(sim, true);
    return status;
}

/* --- bodies --- */

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
        status = sim->lowered->events[k].mask != UINT32_MAX
                     ? run_masked(sim, k, failure)
                     : run_list(sim, sim->events[k].body, population_space(sim, event_of(sim, k)->population), list->ids,
                                list->count, failure);
    }
    return status;
}

static bool brings_something(const nl_sim *sim, size_t number)
{
    const event_run *event = &sim->events[sim->model->pathways.items[number].event];
    const pathway_run *run = &sim->pathways[number];
    const size_t count = busy_before(event, sim->store.step, run->low);

    return count > 0 && sim->store.step - busy_step(event, count - 1) <= run->high;
}

static bool is_quiet(const nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++)
        if (sim->store.lists[k].count > 0) return false;
    for (size_t k = 0; k < sim->model->pathways.count; k++)
        if (brings_something(sim, k)) return false;
    return true;
}

nl_sim_status sim_run_events(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status;

    find_fired(sim);
    if (is_quiet(sim)) return NL_SIM_OK;
    if ((status = tell_trains(sim)) != NL_SIM_OK || (status = sample_at_events(sim, failure)) != NL_SIM_OK) return status;
    if (sim->has_slopes) sim_jump(sim);
    sim_states_changed(sim);
    if ((status = deliver_all(sim, failure)) != NL_SIM_OK) return status;
    return run_bodies(sim, failure);
}

nl_sim_status sim_run_located(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = tell_trains(sim);

    if (status == NL_SIM_OK) status = sample_at_events(sim, failure);
    for (size_t k = 0; k < sim->model->events.count; k++) list_add(&sim->events[k].located, &sim->store.lists[k]);
    sim->is_within = true;
    if (status == NL_SIM_OK) status = deliver_all(sim, failure);
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
        list_set(&s->last[k], run->last.ids, run->last.count);
        if (run->log == NULL) continue;
        s->logs[k] = nl_calloc(run->depth, sizeof(nl_fired));
        for (size_t d = 0; d < run->depth; d++) list_set(&s->logs[k][d], run->log[d].ids, run->log[d].count);
    }
    return s;
}

/* From the log, as of now. */
static void find_busy(const nl_sim *sim, event_run *run)
{
    const uint64_t step = sim->store.step, oldest = step + 1 > run->depth ? step + 1 - run->depth : 0;

    run->busy_count = 0;
    for (uint64_t s = oldest; s <= step; s++) note_busy(run, s);
}

void sim_restore_events(nl_sim *sim, const event_snapshot *s)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        event_run *run = &sim->events[k];
        list_set(&run->last, s->last[k].ids, s->last[k].count);
        for (size_t d = 0; run->log != NULL && d < run->depth; d++)
            list_set(&run->log[d], s->logs[k][d].ids, s->logs[k][d].count);
        if (run->log != NULL) find_busy(sim, run);
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
