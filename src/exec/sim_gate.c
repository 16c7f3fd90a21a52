/* Gates: synapses that rest while their pre neuron is silent, and are brought up to now when they are seen again. */
#include "sim_impl.h"

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
        sim->gate_selections[k] =
            (nl_selection){ .kind = NL_SELECT_OUTGOING,
                            .ids = NL_NEW_ARRAY(sim->arena, uint32_t, sim->model->projections.items[p].pre.count) };
        sim->active[p] = &sim->gate_selections[k];
    }
    sim->store.active = sim->active;
}

void sim_make_catch_up(nl_sim *sim)
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

void sim_open_for_a_step(nl_sim *sim, uint32_t mem)
{
    double *open = nl_store_at(&sim->store, mem, 0);

    for (size_t k = 0; k < sim->lowered->memory.mems.items[mem].count; k++) open[k] = 1;
}

void sim_open_for_variable(nl_sim *sim, uint32_t var)
{
    for (size_t k = 0; k < sim->lowered->gates.count; k++)
        if (sim->lowered->gates.items[k].projection == sim->model->vars.items[var].projection)
            sim_open_for_a_step(sim, sim->lowered->gates.items[k].open);
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
