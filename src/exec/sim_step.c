/* One step: of fixed length, of an adaptive method, or of the stiff integrator. */
#include "sim_impl.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- pieces --- */

static bool reads_like(void *user, const nl_node *node)
{
    const nl_node *fault = user;

    return node->kind == fault->kind && node->id == fault->id;
}

/* The first equation that reads what the node at fault reads; programs simplify, so that the node itself need not be in
 * it. */
static void find_equation(const nl_sim *sim, nl_node *fault, nl_sim_failure *failure)
{
    const nl_roots *const parts[] = { &sim->lowered->step, &sim->lowered->substep, &sim->lowered->begin };

    for (size_t p = 0; p < NL_LEN(parts); p++)
        for (size_t k = 0; k < parts[p]->count; k++) {
            const nl_root *root = &parts[p]->items[k];
            const uint32_t var = sim->lowered->memory.mems.items[root->mem].var;

            if (var == UINT32_MAX || root->span.end == 0
                || !nl_expr_any(sim->model->graph, root->node, reads_like, fault))
                continue;
            failure->var = var;
            failure->span = root->span;
            return;
        }
}

static nl_sim_status explain_fault(nl_sim *sim, const nl_machine_fault *fault, nl_sim_failure *failure)
{
    nl_node node = *nl_graph_node(sim->model->graph, fault->node);

    *failure = (nl_sim_failure){ .var = UINT32_MAX,
                                 .element = sim_element_number(sim, node.space, fault->element),
                                 .time = sim->store.time,
                                 .value = fault->value };
    find_equation(sim, &node, failure);
    return node.kind == NL_X_SAMPLE ? NL_SIM_BAD_DELAY : NL_SIM_BAD_INDEX;
}

nl_sim_status sim_run_machine(nl_sim *sim, nl_machine *machine, nl_sim_failure *failure)
{
    nl_machine_fault fault = { 0 };

    return nl_machine_run(machine, &fault) ? NL_SIM_OK : explain_fault(sim, &fault, failure);
}

nl_sim_status sim_run_selected(nl_sim *sim, nl_machine *machine, const nl_selection *selection, nl_sim_failure *failure)
{
    nl_machine_fault fault = { 0 };

    return nl_machine_run_selected(machine, selection, &fault) ? NL_SIM_OK : explain_fault(sim, &fault, failure);
}

/* The first state that is not finite.  Synapses are many, and what is wrong with one soon reaches a neuron. */
nl_sim_status sim_check_finite(nl_sim *sim, bool with_synapses, nl_sim_failure *failure)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        const nl_var *var = &sim->model->vars.items[v];
        const uint32_t m = sim->lowered->var_mem[v];
        size_t where;

        if (var->kind != NL_VAR_STATE || (var->projection != UINT32_MAX && !with_synapses)) continue;
        const double *values = nl_store_at(&sim->store, m, 0);
        if (sim->direct.kernels->finite(sim->lowered->memory.mems.items[m].count, values, &where)) continue;
        *failure = (nl_sim_failure){ .var = v,
                                     .element = sim_element_number(sim, var->space, where),
                                     .time = sim->store.time,
                                     .value = values[where],
                                     .span = var->deriv != 0 || var->next != 0 ? var->deriv_span : var->span };
        return NL_SIM_NOT_FINITE;
    }
    return NL_SIM_OK;
}

static void rotate_all(nl_sim *sim)
{
    for (size_t k = 0; k < sim->rotating_count; k++) nl_store_rotate(&sim->store, sim->rotating[k]);
}

void sim_set_number(nl_sim *sim, uint32_t mem, double value)
{
    if (mem != UINT32_MAX) *nl_store_at(&sim->store, mem, 0) = value;
}

/* --- adaptive --- */

static void copy_to_work(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        const uint32_t work = sim->lowered->work_mem[v];
        if (work == UINT32_MAX) continue;
        memcpy(nl_store_at(&sim->store, work, 0), nl_store_at(&sim->store, sim->lowered->var_mem[v], 0),
               sim->lowered->memory.mems.items[work].count * sizeof(double));
    }
}

void sim_accept_work(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->lowered->work_mem[v] != UINT32_MAX) nl_store_rotate(&sim->store, sim->lowered->work_mem[v]);
}

/* A jump of the state travels to the jump's time plus once, twice .. each delay, a degree smoother each time; a step
 * that ends there keeps its order.  Returns the first such place after `sigma` in this step, or 1. */
static double next_kink(const nl_sim *sim, const nl_jump *jumps, double sigma)
{
    enum { TRAVELS = 5 };
    const double least = 1e-9;
    double place = 1;

    for (size_t k = 0; k < sim->model->delays.count; k++) {
        const double steps = sim->delays[k].low / sim->model->dt;
        if (sim->delays[k].low != sim->delays[k].high) continue;
        for (const nl_jump *j = jumps; j != NULL; j = j->older)
            for (int m = 1; m <= TRAVELS; m++) {
                const double at = (double)j->step + m * steps - (double)sim->store.step;
                if (at > sigma + least && at < place - least) place = at;
            }
    }
    return place;
}

/* All rings with slopes jump together. */
static const nl_jump *present_jumps(const nl_sim *sim)
{
    for (size_t m = 0; m < sim->lowered->memory.mems.count; m++)
        if (sim->lowered->memory.mems.items[m].slope != UINT32_MAX) return sim->store.jumps[m];
    return NULL;
}

static double next_stop(nl_sim *sim, double sigma)
{
    return fmin(next_kink(sim, present_jumps(sim), sigma), sim_next_release(sim, sigma));
}

/* Steps within one grid step, from its start to its end; a step that was shortened to end there does not shorten the
 * next.  After an event the first steps are tiny: what has just been made false, and is true again soon, as when a ball
 * has bounced, is seen to have been false. */
static nl_sim_status substeps(nl_sim *sim, nl_sim_failure *failure)
{
    const double dt = sim->model->dt, exponent = -1.0 / sim->lowered->order, smallest = 1e-12, after_event = 1e-10;
    double sigma = 0, stop = next_stop(sim, 0);
    nl_sim_status status;

    while (sigma < 1) {
        if (sim->run != NULL && sim->run->stop != NULL && *sim->run->stop) return NL_SIM_STOPPED;
        const double left = (stop - sigma) * dt;
        const bool is_last = sim->h >= left * (1 - 1e-9);
        double h = is_last ? left : sim->h;

        sim_set_number(sim, sim->lowered->sigma, sigma);
        sim_set_number(sim, sim->lowered->h, h);
        if ((status = sim_run_machine(sim, sim->substep, failure)) != NL_SIM_OK) return status;
        const double error = *nl_store_at(&sim->store, sim->lowered->error, 0);
        const double wanted = isfinite(error) ? fmin(5, fmax(0.2, 0.9 * pow(fmax(error, 1e-10), exponent))) : 0.2;
        if (error <= 1) {
            const double tried = h;
            const size_t happened = sim->located_count;
            if ((status = sim_accept_located(sim, sigma, &h, failure)) != NL_SIM_OK) return status;
            sigma = is_last && h == tried ? stop : sigma + h / dt;
            stop = next_stop(sim, sigma);
            sim->h = is_last && wanted > 1 ? fmax(sim->h, tried * wanted) : tried * wanted;
            if (sim->located_count > happened) sim->h = fmin(sim->h, after_event * dt);
        } else {
            sim->h = h * fmin(wanted, 0.9);
        }
        if (sim->h > dt) sim->h = dt;
        if (sim->h < smallest * dt) {
            *failure = (nl_sim_failure){ .var = UINT32_MAX,
                                         .time = sim->store.time + sigma * dt,
                                         .what = "the error stays above its tolerance however small the step is" };
            return NL_SIM_STEP_TOO_SMALL;
        }
    }
    return NL_SIM_OK;
}

/* --- stiff --- */

enum { STIFF_LIMIT = 2000 };

struct stiff_solver {
    gsl_odeiv2_system system;
    gsl_odeiv2_driver *driver;
    double *y, *shifted, *rate;
    nl_sim_failure *failure;
    nl_sim *sim;
};

static size_t stiff_size(const nl_sim *sim)
{
    size_t size = 0;

    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->lowered->rate_mem[v] != UINT32_MAX)
            size += sim->lowered->memory.mems.items[sim->lowered->rate_mem[v]].count;
    return size;
}

bool sim_stiff_fits(nl_sim *sim) { return sim->lowered->stepping != NL_STEP_STIFF || stiff_size(sim) <= STIFF_LIMIT; }

/* Between the integrator's one vector and the variables' memory. */
static void move_vector(nl_sim *sim, const uint32_t *mems, const double *from, double *to)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        if (mems[v] == UINT32_MAX) continue;
        const size_t count = sim->lowered->memory.mems.items[mems[v]].count;
        double *memory = nl_store_at(&sim->store, mems[v], 0);

        if (from != NULL) {
            memcpy(memory, from, count * sizeof *memory);
            from += count;
        } else {
            memcpy(to, memory, count * sizeof *memory);
            to += count;
        }
    }
}

static int right_side(double t, const double *y, double *rate, void *user)
{
    stiff_solver *stiff = user;
    nl_sim *sim = stiff->sim;

    move_vector(sim, sim->lowered->work_mem, y, NULL);
    sim_set_number(sim, sim->lowered->sigma, (t - sim->store.time) / sim->model->dt);
    if (sim_run_machine(sim, sim->substep, stiff->failure) != NL_SIM_OK) return GSL_EBADFUNC;
    move_vector(sim, sim->lowered->rate_mem, NULL, rate);
    return GSL_SUCCESS;
}

/* The Jacobian by forward differences. */
static int jacobian(double t, const double *y, double *dfdy, double *dfdt, void *user)
{
    stiff_solver *stiff = user;
    const size_t n = stiff->system.dimension;
    double *base = dfdt;

    if (right_side(t, y, base, stiff) != GSL_SUCCESS) return GSL_EBADFUNC;
    memcpy(stiff->shifted, y, n * sizeof *y);
    for (size_t j = 0; j < n; j++) {
        const double step = sqrt(2.2e-16) * fmax(fabs(y[j]), 1e-5);
        stiff->shifted[j] = y[j] + step;
        if (right_side(t, stiff->shifted, stiff->rate, stiff) != GSL_SUCCESS) return GSL_EBADFUNC;
        for (size_t i = 0; i < n; i++) dfdy[i * n + j] = (stiff->rate[i] - base[i]) / (stiff->shifted[j] - y[j]);
        stiff->shifted[j] = y[j];
    }
    memset(dfdt, 0, n * sizeof *dfdt); /* msbdf does not use it */
    return GSL_SUCCESS;
}

static stiff_solver *stiff_new(nl_sim *sim)
{
    stiff_solver *stiff = nl_calloc(1, sizeof *stiff);
    const size_t n = stiff_size(sim);

    stiff->sim = sim;
    stiff->system = (gsl_odeiv2_system){ right_side, jacobian, n, stiff };
    stiff->y = nl_calloc(n, sizeof(double));
    stiff->shifted = nl_calloc(n, sizeof(double));
    stiff->rate = nl_calloc(n, sizeof(double));
    stiff->driver = gsl_odeiv2_driver_alloc_y_new(&stiff->system, gsl_odeiv2_step_msbdf, sim->model->dt / 100,
                                                  sim->model->atol, sim->model->rtol);
    return stiff;
}

void sim_stiff_free(nl_sim *sim)
{
    if (sim->stiff == NULL) return;
    gsl_odeiv2_driver_free(sim->stiff->driver);
    free(sim->stiff->y);
    free(sim->stiff->shifted);
    free(sim->stiff->rate);
    free(sim->stiff);
    sim->stiff = NULL;
}

void sim_states_changed(nl_sim *sim)
{
    if (sim->stiff != NULL) gsl_odeiv2_driver_reset_hstart(sim->stiff->driver, sim->model->dt / 100);
}

static nl_sim_status stiff_step(nl_sim *sim, nl_sim_failure *failure)
{
    if (sim->stiff == NULL) sim->stiff = stiff_new(sim);
    stiff_solver *stiff = sim->stiff;
    double t = sim->store.time;

    stiff->failure = failure;
    *failure = (nl_sim_failure){ .var = UINT32_MAX,
                                 .time = t,
                                 .what = "the stiff integrator found no step that is small enough" };
    move_vector(sim, sim->lowered->work_mem, NULL, stiff->y);
    if (gsl_odeiv2_driver_apply(stiff->driver, &t, sim->store.time + sim->model->dt, stiff->y) != GSL_SUCCESS)
        return NL_SIM_STEP_TOO_SMALL;
    move_vector(sim, sim->lowered->work_mem, stiff->y, NULL);
    return NL_SIM_OK;
}

/* --- blocks that are due --- */

static bool is_due(const nl_model *model, const nl_block *block, uint64_t step)
{
    const double now = (double)step;

    if (block->kind == NL_BLOCK_EVERY) {
        const double period = fmax(1, round(block->period / model->dt)),
                     from = round((block->from - model->start) / model->dt);
        return now >= from && fmod(now - from, period) == 0;
    }
    for (size_t k = 0; k < block->times.count; k++)
        if (round((block->times.items[k] - model->start) / model->dt) == now) return true;
    return false;
}

/* `every T` before `at T`, each in file order. */
static nl_sim_status run_blocks(nl_sim *sim, nl_block_kind kind, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->model->blocks.count && status == NL_SIM_OK; k++) {
        const nl_block *block = &sim->model->blocks.items[k];
        if (block->kind != kind || !is_due(sim->model, block, sim->store.step)) continue;
        sim_jump(sim);
        sim_states_changed(sim);
        status = sim_run_machine(sim, sim->blocks[k], failure);
    }
    return status;
}

/* --- a step --- */

/* A step of a fixed method in pieces: each ends where a kink of the past arrives, the last at the step's end. */
static nl_sim_status pieces(nl_sim *sim, nl_sim_failure *failure)
{
    const nl_jump *jumps = present_jumps(sim);
    nl_sim_status status = NL_SIM_OK;

    for (double sigma = 0, end; sigma < 1 && status == NL_SIM_OK; sigma = end) {
        end = next_kink(sim, jumps, sigma);
        sim_set_number(sim, sim->lowered->sigma, sigma);
        sim_set_number(sim, sim->lowered->h, (end - sigma) * sim->model->dt);
        status = sim_run_machine(sim, sim->split_substep, failure);
        sim_accept_work(sim);
    }
    return status;
}

static bool is_split(const nl_sim *sim) { return sim->lowered->splits && next_kink(sim, present_jumps(sim), 0) < 1; }

/* Everything before the states of the coming step are known but for maps and blocks. */
static nl_sim_status advance_equations(nl_sim *sim, bool split, nl_sim_failure *failure)
{
    nl_machine *begin = split ? sim->split_begin : sim->begin;
    nl_sim_status status = NL_SIM_OK;

    if (sim->lowered->stepping == NL_STEP_FIXED && !split) return NL_SIM_OK;
    if (begin != NULL) status = sim_run_machine(sim, begin, failure);
    if (status != NL_SIM_OK) return status;
    copy_to_work(sim);
    if ((status = sim_begin_located(sim, failure)) != NL_SIM_OK) return status;
    if (split) return pieces(sim, failure);
    return sim->lowered->stepping == NL_STEP_ADAPTIVE ? substeps(sim, failure) : stiff_step(sim, failure);
}

/* What precedes the program of the step. */
static nl_sim_status begin_step(nl_sim *sim, bool split, nl_sim_failure *failure)
{
    nl_sim_status status;

    if (sim->lowered->jumped != UINT32_MAX) sim_set_number(sim, sim->lowered->jumped, sim_jumped_now(sim));
    sim_begin_detection(sim);
    if ((status = sim_open_gates(sim, failure)) != NL_SIM_OK) return status;
    if ((status = advance_equations(sim, split, failure)) != NL_SIM_OK) return status;
    if (sim->lowered->stepping == NL_STEP_ADAPTIVE) sim_set_number(sim, sim->lowered->sigma, 1);
    return NL_SIM_OK;
}

static nl_sim_status begin_unsplit(nl_sim *sim, nl_sim_failure *failure) { return begin_step(sim, false, failure); }

/* The clock, events and blocks. */
static nl_sim_status end_step(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status;

    if (sim->lowered->stepping == NL_STEP_ADAPTIVE) sim_set_number(sim, sim->lowered->sigma, 0);
    rotate_all(sim);
    sim->store.step++;
    sim->store.time = sim->model->start + (double)sim->store.step * sim->model->dt;
    if (sim->has_events && (status = sim_run_events(sim, failure)) != NL_SIM_OK) return status;
    if (sim->model->blocks.count == 0) return NL_SIM_OK;
    status = run_blocks(sim, NL_BLOCK_EVERY, failure);
    return status == NL_SIM_OK ? run_blocks(sim, NL_BLOCK_AT, failure) : status;
}

nl_sim_status sim_make_step(nl_sim *sim, nl_sim_failure *failure)
{
    const bool split = is_split(sim);
    nl_machine *step = split ? sim->split_step : sim->step;
    nl_sim_status status = begin_step(sim, split, failure);

    if (status == NL_SIM_OK && step != NULL) status = sim_run_machine(sim, step, failure);
    return status == NL_SIM_OK ? end_step(sim, failure) : status;
}

/* --- several lanes --- */

/* Whether a step is one program, which lanes can run side by side. */
static bool is_one_program(const nl_sim *sim)
{
    return sim->lowered->stepping == NL_STEP_FIXED && !sim->lowered->splits && sim->step != NULL;
}

sim_together sim_room_together(nl_sim *const *sims, size_t count, nl_arena *arena)
{
    sim_together together = { .turns = NL_NEW_ARRAY(arena, nl_machine_turn, count + 1),
                              .turning = NL_NEW_ARRAY(arena, sim_lane *, count + 1) };

    if (count > 1 && is_one_program(sims[0])) together.room = nl_machine_room_for(sims[0]->step, count, arena);
    return together;
}

/* The programs of those lanes that are well after what precedes it. */
static void run_together(sim_lane *const *lanes, size_t count, sim_together *together)
{
    size_t turning = 0;

    for (size_t k = 0; k < count; k++) {
        if (lanes[k]->status != NL_SIM_OK) continue;
        together->turns[turning] = (nl_machine_turn){ .machine = lanes[k]->sim->step };
        together->turning[turning++] = lanes[k];
    }
    nl_machine_run_together(together->turns, turning, &together->room);
    for (size_t k = 0; k < turning; k++) {
        sim_lane *lane = together->turning[k];
        if (!together->turns[k].good) lane->status = explain_fault(lane->sim, &together->turns[k].fault, lane->failure);
    }
}

void sim_make_steps(sim_lane *const *lanes, size_t count, sim_together *together)
{
    const bool abreast = count > 1 && is_one_program(lanes[0]->sim);

    for (size_t k = 0; k < count; k++)
        lanes[k]->status = (abreast ? begin_unsplit : sim_make_step)(lanes[k]->sim, lanes[k]->failure);
    if (!abreast) return;
    run_together(lanes, count, together);
    for (size_t k = 0; k < count; k++)
        if (lanes[k]->status == NL_SIM_OK) lanes[k]->status = end_step(lanes[k]->sim, lanes[k]->failure);
}
