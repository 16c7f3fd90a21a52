/* Events inside the steps of adaptive methods.  A step after which a condition has become true is made again, shorter
 * and shorter, until it ends where the condition becomes true; there the event happens, and the rest of the step begins
 * anew from what it left. */
#include "sim_impl.h"

#include <math.h>
#include <string.h>

static double *memory(nl_sim *sim, uint32_t mem) { return nl_store_at(&sim->store, mem, 0); }

static size_t count_of(const nl_sim *sim, uint32_t mem) { return sim->lowered->memory.mems.items[mem].count; }

/* --- the state within the step, and the one that everything else sees --- */

typedef void (*mover)(nl_sim *sim, uint32_t work, uint32_t var);

static void to_present(nl_sim *sim, uint32_t work, uint32_t present)
{
    memcpy(memory(sim, present), memory(sim, work), count_of(sim, work) * sizeof(double));
}

/* Also as what was before: an event is no change that a condition could cross in. */
static void from_present(nl_sim *sim, uint32_t work, uint32_t present)
{
    memcpy(memory(sim, work), memory(sim, present), count_of(sim, work) * sizeof(double));
    memcpy(nl_store_at(&sim->store, work, 1), memory(sim, present), count_of(sim, work) * sizeof(double));
}

static void move_all(nl_sim *sim, mover move)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->lowered->work_mem[v] != UINT32_MAX) move(sim, sim->lowered->work_mem[v], sim->lowered->var_mem[v]);
}

static void undo(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        const uint32_t work = sim->lowered->work_mem[v];
        if (work == UINT32_MAX) continue;
        sim->store.head[work] = sim->store.head[work] == 0 ? sim->store.slots[work] - 1 : sim->store.head[work] - 1;
    }
}

/* --- conditions --- */

static bool is_located(const nl_sim *sim, size_t event) { return sim->lowered->events[event].fires != UINT32_MAX; }

/* Conditions at a place; whether some event fires there. */
static nl_sim_status look(nl_sim *sim, double place, bool *fires, nl_sim_failure *failure)
{
    sim_set_number(sim, sim->lowered->sigma, place);
    const nl_sim_status status = sim_run_machine(sim, sim->detect, failure);

    *fires = false;
    for (size_t k = 0; k < sim->model->events.count && !*fires; k++) {
        if (!is_located(sim, k)) continue;
        const double *values = memory(sim, sim->lowered->events[k].fires);
        for (size_t i = 0; i < count_of(sim, sim->lowered->events[k].fires) && !*fires; i++) *fires = values[i] != 0;
    }
    return status;
}

/* What holds now is no news at the next place. */
static void remember(nl_sim *sim, bool only_while_it_held)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        if (!is_located(sim, k)) continue;
        const nl_event_code *code = &sim->lowered->events[k];
        double *before = memory(sim, code->held_before);
        const double *now = memory(sim, code->holds);
        for (size_t i = 0; i < count_of(sim, code->holds); i++)
            before[i] = only_while_it_held ? before[i] != 0 && now[i] != 0 : now[i];
    }
}

/* --- an event --- */

static void list_fired(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->events.count; k++) {
        nl_fired *list = &sim->store.lists[k];
        list->count = 0;
        if (!is_located(sim, k)) continue;
        const uint32_t mem = sim->lowered->events[k].fires;
        list->count = sim->direct.kernels->nonzero(count_of(sim, mem), memory(sim, mem), 0, list->ids);
    }
}

/* --- events without end --- */

static nl_sim_status explain_events(nl_sim *sim, size_t event, size_t element, double place, nl_sim_failure *failure)
{
    *failure = (nl_sim_failure){ .event = (uint32_t)event,
                                 .var = UINT32_MAX,
                                 .element = element,
                                 .time = sim->store.time + place * sim->model->dt,
                                 .span = sim->model->events.items[event].span };
    return NL_SIM_EVENTS;
}

/* Whether an element's events come closer and closer until time stands still, as bounces of a ball do. */
static bool is_without_end(event_run *run, uint32_t id, double place)
{
    enum { IN_A_ROW = 3 };
    const double at_once = 1e-7;

    run->at_once[id] = place - run->place[id] < at_once ? (uint8_t)(run->at_once[id] + 1) : 0;
    run->place[id] = place;
    return run->at_once[id] >= IN_A_ROW;
}

static nl_sim_status note_places(nl_sim *sim, double place, nl_sim_failure *failure)
{
    enum { MOST = 1000000 };
    size_t last = 0;

    for (size_t k = 0; k < sim->model->events.count; k++) {
        const nl_fired *list = &sim->store.lists[k];
        for (size_t i = 0; is_located(sim, k) && i < list->count; i++)
            if (is_without_end(&sim->events[k], list->ids[i], place))
                return explain_events(sim, k, list->ids[i], place, failure);
        if (list->count > 0) last = k;
    }
    return ++sim->located_count <= MOST ? NL_SIM_OK
                                        : explain_events(sim, last, sim->store.lists[last].ids[0], place, failure);
}

static void forget_places(nl_sim *sim)
{
    if (sim->located_count == 0) return;
    sim->located_count = 0;
    for (size_t k = 0; k < sim->model->events.count; k++)
        for (size_t i = 0; is_located(sim, k) && i < count_of(sim, sim->lowered->events[k].fires); i++)
            sim->events[k].place[i] = -1;
}

/* Conditions are asked again afterwards: a body may have made one false, which is then news when it is true again, or
 * true, which is news at the next place. */
static nl_sim_status happen(nl_sim *sim, double place, nl_sim_failure *failure)
{
    const double grid = sim->store.time;
    bool fires;

    list_fired(sim);
    remember(sim, false);
    move_all(sim, to_present);
    nl_sim_status status = note_places(sim, place, failure);
    if (status != NL_SIM_OK) return status;
    sim->store.time = grid + place * sim->model->dt;
    status = sim_run_located(sim, failure);
    sim->store.time = grid;
    if (status != NL_SIM_OK) return status;
    move_all(sim, from_present);
    if ((status = look(sim, place, &fires, failure)) != NL_SIM_OK) return status;
    remember(sim, true);
    return NL_SIM_OK;
}

/* The piece from `place` of length h, accepted. */
static nl_sim_status make_piece(nl_sim *sim, double place, double h, bool *fires, nl_sim_failure *failure)
{
    sim_set_number(sim, sim->lowered->sigma, place);
    sim_set_number(sim, sim->lowered->h, h);
    const nl_sim_status status = sim_run_machine(sim, sim->substep, failure);
    if (status != NL_SIM_OK) return status;
    sim_accept_work(sim);
    return look(sim, place + h / sim->model->dt, fires, failure);
}

static nl_sim_status shorten(nl_sim *sim, double place, double *h, nl_sim_failure *failure)
{
    enum { HALVINGS = 50 };
    const double least = 1e-13 * sim->model->dt;
    double low = 0, high = *h;
    bool fires = true;
    nl_sim_status status = NL_SIM_OK;

    for (int k = 0; k < HALVINGS && high - low > least; k++) {
        const double middle = low + (high - low) / 2;
        undo(sim);
        if ((status = make_piece(sim, place, middle, &fires, failure)) != NL_SIM_OK) return status;
        if (fires) high = middle;
        else low = middle;
    }
    if (!fires) {
        undo(sim);
        status = make_piece(sim, place, high, &fires, failure);
    }
    *h = high;
    return status;
}

nl_sim_status sim_accept_located(nl_sim *sim, double place, double *h, nl_sim_failure *failure)
{
    bool fires;

    sim_accept_work(sim);
    if (sim->detect == NULL) return NL_SIM_OK;
    nl_sim_status status = look(sim, place + *h / sim->model->dt, &fires, failure);
    if (status != NL_SIM_OK) return status;
    if (!fires) {
        remember(sim, false);
        return NL_SIM_OK;
    }
    if ((status = shorten(sim, place, h, failure)) != NL_SIM_OK) return status;
    return happen(sim, place + *h / sim->model->dt, failure);
}

/* --- the grid --- */

/* States may have changed since the last step: what does not hold any more may become true again. */
nl_sim_status sim_begin_located(nl_sim *sim, nl_sim_failure *failure)
{
    bool fires;

    if (sim->detect == NULL) return NL_SIM_OK;
    forget_places(sim);
    move_all(sim, from_present);
    const nl_sim_status status = look(sim, 0, &fires, failure);
    remember(sim, true);
    return status;
}

/* Whatever holds at the start has not become true. */
nl_sim_status sim_start_located(nl_sim *sim, nl_sim_failure *failure)
{
    bool fires;

    if (sim->detect == NULL) return NL_SIM_OK;
    move_all(sim, from_present);
    const nl_sim_status status = look(sim, 0, &fires, failure);
    remember(sim, false);
    return status;
}

/* The next place after `place`, in this step, at which a refractory time is over; or 1. */
double sim_next_release(nl_sim *sim, double place)
{
    const double least = 1e-9;
    double next = 1;

    for (size_t k = 0; k < sim->model->refractories.count; k++) {
        if (sim->model->refractories.items[k].time == 0) continue;
        const uint32_t mem = sim->lowered->refractories[k].state;
        const double *until = memory(sim, mem);
        for (size_t i = 0; i < count_of(sim, mem); i++) {
            const double at = until[i] - (double)sim->store.step;
            if (at > place + least && at < next - least) next = at;
        }
    }
    return next;
}
