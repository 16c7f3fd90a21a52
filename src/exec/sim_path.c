/* Delays of pathways in steps, and synapses in the order of them. */
#include "sim_impl.h"

#include <math.h>
#include <stdlib.h>

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

static bool differs(const nl_sim *sim, size_t number)
{
    return sim->path_delays[number].low != sim->path_delays[number].high;
}

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

/* --- orders of synapses --- */

/* The first pathway that finds its synapses in the same way. */
static size_t first_alike(const nl_sim *sim, size_t number)
{
    const nl_pathway *paths = sim->model->pathways.items, *path = &paths[number];

    for (size_t k = 0; k < number; k++)
        if (paths[k].projection == path->projection && paths[k].delay == path->delay
            && paths[k].on_post == path->on_post && (differs(sim, k) || paths[k].in_turn == path->in_turn))
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
