/* The state of a simulation: initial values, histories, parameters, changes from outside. */
#include "sim_impl.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const nl_mem *mem_of(const nl_sim *sim, uint32_t mem) { return &sim->lowered->memory.mems.items[mem]; }

static const nl_var *var_of(const nl_sim *sim, uint32_t var) { return &sim->model->vars.items[var]; }

void sim_repoint(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->lowered->var_mem[v] != UINT32_MAX && !mem_of(sim, sim->lowered->var_mem[v])->single)
            sim->values[v] = nl_store_at(&sim->store, sim->lowered->var_mem[v], 0);
}

static nl_sim_status evaluate(nl_sim *sim, nl_ref node, uint32_t space, size_t first, size_t count, double *out,
                              nl_span span, nl_sim_failure *failure)
{
    nl_ref bad;

    if (nl_direct_eval(&sim->direct, node, space, first, count, out, &bad)) return NL_SIM_OK;
    *failure = (nl_sim_failure){
        .var = UINT32_MAX, .time = sim->direct.time, .span = span, .what = "an index is out of range"
    };
    return NL_SIM_BAD_INDEX;
}

/* What time begins with has draws of the trial; parameters and connections are the same in all trials. */
static nl_sim_status evaluate_start(nl_sim *sim, nl_ref node, uint32_t space, size_t count, double *out, nl_span span,
                                    nl_sim_failure *failure)
{
    sim->direct.trial = sim->store.trial;
    const nl_sim_status status = evaluate(sim, node, space, 0, count, out, span, failure);
    sim->direct.trial = 0;
    return status;
}

/* --- jumps --- */

static void add_jump(nl_sim *sim, uint32_t mem, const double *left)
{
    const size_t count = mem_of(sim, mem)->count;
    nl_jump **list = &sim->store.jumps[mem], **at = list;
    nl_jump *jump = NULL;

    /* one that no delay reaches any more is used again */
    for (; *at != NULL; at = &(*at)->older)
        if ((*at)->older == NULL && (*at)->step + mem_of(sim, mem)->depth + 1 < sim->store.step) {
            jump = *at;
            *at = NULL;
            break;
        }
    if (jump == NULL) {
        jump = nl_calloc(1, sizeof *jump);
        jump->value = nl_calloc(count, sizeof(double));
    }
    jump->step = sim->store.step;
    memcpy(jump->value, left, count * sizeof *left);
    jump->older = *list;
    *list = jump;
}

void sim_drop_jumps(nl_sim *sim)
{
    for (size_t m = 0; m < sim->lowered->memory.mems.count; m++)
        for (nl_jump *j = sim->store.jumps[m]; j != NULL; j = sim->store.jumps[m]) {
            sim->store.jumps[m] = j->older;
            free(j->value);
            free(j);
        }
}

bool sim_jumped_now(const nl_sim *sim)
{
    for (size_t m = 0; m < sim->lowered->memory.mems.count; m++)
        if (mem_of(sim, (uint32_t)m)->slope != UINT32_MAX && sim->store.jumps[m] != NULL
            && sim->store.jumps[m]->step == sim->store.step)
            return true;
    return false;
}

/* Before states are changed from outside: the values until now are the left limits.  The slope there follows from the
 * last stored interval, to second order. */
void sim_jump(nl_sim *sim)
{
    if (sim_jumped_now(sim)) return;
    for (uint32_t m = 0; m < sim->lowered->memory.mems.count; m++) {
        const nl_mem *mem = mem_of(sim, m);
        if (mem->slope == UINT32_MAX) continue;
        const double *now = nl_store_at(&sim->store, m, 0), *before = nl_store_at(&sim->store, m, 1);
        const double *slope_before = nl_store_at(&sim->store, mem->slope, 1);
        double *slope = nl_calloc(mem->count, sizeof *slope);
        for (size_t i = 0; i < mem->count; i++) slope[i] = 2 * (now[i] - before[i]) / sim->model->dt - slope_before[i];
        add_jump(sim, m, now);
        add_jump(sim, mem->slope, slope);
        free(slope);
    }
}

/* --- parameters --- */

static void narrow(const double *from, double *to, size_t count)
{
    for (size_t k = 0; k < count; k++) ((float *)to)[k] = (float)from[k];
}

static double *widened(const double *from, size_t count)
{
    double *wide = nl_calloc(count, sizeof *wide);

    for (size_t k = 0; k < count; k++) wide[k] = (double)((const float *)from)[k];
    return wide;
}

/* From the `first` on; what is single is narrowed in place. */
static void put(nl_sim *sim, uint32_t mem, size_t first, size_t count, double *values)
{
    const bool single = mem_of(sim, mem)->single;

    if (single) narrow(values, values, count);
    nl_store_put(&sim->store, mem, single ? first / 2 : first, single ? (count + 1) / 2 : count, values);
}

static bool may_change(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_SLOT || node->kind == NL_X_ARRAY || node->kind == NL_X_PARAM
           || node->kind == NL_X_STATE;
}

/* One value for each synapse, a stretch at a time: doubles for all of them would be twice what single precision stores,
 * and what is held in common with other simulations mostly stays as it is. */
static nl_sim_status init_synapses(nl_sim *sim, uint32_t mem, nl_ref init, nl_span span, nl_sim_failure *failure)
{
    enum { STRETCH = 1 << 20 };
    const size_t count = mem_of(sim, mem)->count, room = count < STRETCH ? count : STRETCH;
    double *values = nl_calloc(room + 1, sizeof *values);
    nl_sim_status status = NL_SIM_OK;

    for (size_t first = 0; first < count && status == NL_SIM_OK; first += STRETCH) {
        const size_t n = count - first < STRETCH ? count - first : STRETCH;
        status = evaluate(sim, init, mem_of(sim, mem)->space, first, n, values, span, failure);
        if (status == NL_SIM_OK) put(sim, mem, first, n, values);
    }
    free(values);
    if (status == NL_SIM_OK)
        nl_store_declared(&sim->store, mem, !nl_expr_any(sim->model->graph, init, may_change, NULL));
    return status;
}

/* Values that came with the rule. */
static bool init_given(nl_sim *sim, uint32_t v, uint32_t mem)
{
    const size_t count = mem_of(sim, mem)->count;
    double *values = nl_calloc(count + 1, sizeof *values);
    const bool given = nl_connect_given(sim->model, v, sim->conns[var_of(sim, v)->projection], values);

    if (given) put(sim, mem, 0, count, values);
    if (given) nl_store_declared(&sim->store, mem, true);
    free(values);
    return given;
}

static nl_sim_status init_param(nl_sim *sim, uint32_t v, uint32_t mem, nl_sim_failure *failure)
{
    const nl_var *var = var_of(sim, v);

    if (var->projection == UINT32_MAX)
        return evaluate(sim, var->init, var->space, 0, mem_of(sim, mem)->count, nl_store_at(&sim->store, mem, 0),
                        var->span, failure);
    if (nl_store_is_declared(&sim->store, mem) || init_given(sim, v, mem)) return NL_SIM_OK;
    return init_synapses(sim, mem, var->init, var->span, failure);
}

static nl_sim_status init_params(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (uint32_t v = 0; v < sim->model->vars.count && status == NL_SIM_OK; v++) {
        const uint32_t mem = sim->lowered->var_mem[v];

        if (var_of(sim, v)->kind != NL_VAR_PARAM || mem == UINT32_MAX || sim->overridden[v]) continue;
        status = init_param(sim, v, mem, failure);
        sim_repoint(sim); /* values in common may have become the simulation's own */
    }
    return status;
}

static void fill_ones(nl_sim *sim, uint32_t mem)
{
    const size_t count = mem_of(sim, mem)->count;
    double *ones = nl_calloc(count + 1, sizeof *ones);

    for (size_t i = 0; i < count; i++) ones[i] = 1;
    nl_store_put(&sim->store, mem, 0, count, ones);
    nl_store_declared(&sim->store, mem, true);
    free(ones);
}

static nl_sim_status init_weights(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->lowered->weights.count && status == NL_SIM_OK; k++) {
        const nl_weights_def *def = &sim->lowered->weights.items[k];
        if (nl_store_is_declared(&sim->store, def->mem)) continue;
        status = init_synapses(sim, def->mem, def->node, sim->model->projections.items[def->projection].span, failure);
    }
    for (size_t k = 0; k < sim->lowered->ones.count; k++)
        if (!nl_store_is_declared(&sim->store, sim->lowered->ones.items[k]))
            fill_ones(sim, sim->lowered->ones.items[k]);
    return status;
}

/* exp([[A h, I h], [0, 0]]) holds exp(A h) and its integral side by side. */
static void exact_element(nl_sim *sim, const nl_exact_def *def, double *const *a, size_t element)
{
    const size_t n = def->size;
    gsl_matrix *m = gsl_matrix_calloc(2 * n, 2 * n), *e = gsl_matrix_calloc(2 * n, 2 * n);

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            if (a[i * n + j] != NULL) gsl_matrix_set(m, i, j, a[i * n + j][element] * sim->model->dt);
        gsl_matrix_set(m, i, n + i, sim->model->dt);
    }
    gsl_linalg_exponential_ss(m, e, GSL_PREC_DOUBLE);
    for (size_t k = 0; k < n * n; k++) {
        if (def->e[k] != UINT32_MAX) nl_store_at(&sim->store, def->e[k], 0)[element] = gsl_matrix_get(e, k / n, k % n);
        if (def->f[k] != UINT32_MAX)
            nl_store_at(&sim->store, def->f[k], 0)[element] = gsl_matrix_get(e, k / n, n + k % n);
    }
    gsl_matrix_free(m);
    gsl_matrix_free(e);
}

/* One equation alone has a closed form that is exact to the last bit. */
static void exact_single(nl_sim *sim, const nl_exact_def *def, double *const *a, size_t element)
{
    const double x = a[0] != NULL ? a[0][element] * sim->model->dt : 0;

    nl_store_at(&sim->store, def->e[0], 0)[element] = exp(x);
    nl_store_at(&sim->store, def->f[0], 0)[element] = sim->model->dt * (x == 0 ? 1 : expm1(x) / x);
}

static nl_sim_status init_exact(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->lowered->exacts.count && status == NL_SIM_OK; k++) {
        const nl_exact_def *def = &sim->lowered->exacts.items[k];
        const size_t n = def->size, count = nl_graph_space(sim->model->graph, def->space)->count;
        nl_arena *arena = nl_arena_new();
        double **a = NL_NEW_ARRAY(arena, double *, n *n);

        for (size_t j = 0; j < n * n && status == NL_SIM_OK; j++) {
            if (def->a[j] == 0) continue;
            a[j] = NL_NEW_ARRAY(arena, double, count);
            status = evaluate(sim, def->a[j], def->space, 0, count, a[j], var_of(sim, def->vars[j / n])->deriv_span,
                              failure);
        }
        for (size_t i = 0; i < count && status == NL_SIM_OK; i++)
            (n == 1 ? exact_single : exact_element)(sim, def, a, i);
        nl_arena_free(arena);
    }
    return status;
}

nl_sim_status sim_prepare(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status;

    nl_store_take(&sim->store);
    sim_repoint(sim);
    if ((status = init_params(sim, failure)) != NL_SIM_OK || (status = init_weights(sim, failure)) != NL_SIM_OK
        || (status = init_exact(sim, failure)) != NL_SIM_OK)
        return status;
    nl_machine *const whole[] = { sim->first,       sim->begin,         sim->substep,   sim->step,
                                  sim->split_begin, sim->split_substep, sim->split_step };
    for (size_t k = 0; k < NL_LEN(whole); k++)
        if (whole[k] != NULL) nl_machine_prepare(whole[k]);
    for (size_t k = 0; k < sim->model->blocks.count; k++)
        if (sim->blocks[k] != NULL) nl_machine_prepare(sim->blocks[k]);
    sim_prepare_events(sim);
    for (size_t k = 0; k < sim->groups.count; k++) nl_machine_prepare(sim->groups.items[k]->machine);
    return NL_SIM_OK;
}

nl_sim_status nl_sim_refresh(nl_sim *sim, nl_sim_failure *failure)
{
    sim_states_changed(sim);
    return sim_prepare(sim, failure);
}

/* --- initial values and histories --- */

/* The slope of a history by central differences of fourth order. */
static nl_sim_status history_slope(nl_sim *sim, const nl_var *var, double time, size_t count, double *out,
                                   nl_sim_failure *failure)
{
    const double h = sim->model->dt / 16;
    static const double at[] = { -2, -1, 1, 2 }, factor[] = { 1, -8, 8, -1 };
    double *value = nl_calloc(count, sizeof *value);
    nl_sim_status status = NL_SIM_OK;

    memset(out, 0, count * sizeof *out);
    for (size_t k = 0; k < NL_LEN(at) && status == NL_SIM_OK; k++) {
        sim->direct.time = time + at[k] * h;
        status = evaluate_start(sim, var->history, var->space, count, value, var->span, failure);
        for (size_t i = 0; i < count; i++) out[i] += factor[k] * value[i] / (12 * h);
    }
    free(value);
    return status;
}

/* Value and slope of the history at one lag, into rings or (lag 0) as left limits of the start. */
static nl_sim_status history_at(nl_sim *sim, uint32_t v, size_t lag, double *value, double *slope,
                                nl_sim_failure *failure)
{
    const nl_var *var = var_of(sim, v);
    const uint32_t mem = sim->lowered->var_mem[v];
    const size_t count = mem_of(sim, mem)->count;
    const double time = sim->model->start - (double)lag * sim->model->dt;
    nl_sim_status status;

    if (var->history == 0) {
        memcpy(value, nl_store_at(&sim->store, mem, 0), count * sizeof *value);
        if (slope != NULL) memset(slope, 0, count * sizeof *slope);
        return NL_SIM_OK;
    }
    sim->direct.time = time;
    status = evaluate_start(sim, var->history, var->space, count, value, var->span, failure);
    if (status == NL_SIM_OK && slope != NULL) status = history_slope(sim, var, time, count, slope, failure);
    sim->direct.time = sim->model->start;
    return status;
}

static nl_sim_status init_history(nl_sim *sim, uint32_t v, nl_sim_failure *failure)
{
    const uint32_t mem = sim->lowered->var_mem[v];
    const nl_mem *m = mem_of(sim, mem);
    const bool has_slope = m->slope != UINT32_MAX;
    nl_sim_status status = NL_SIM_OK;

    for (size_t lag = 1; lag < m->depth && status == NL_SIM_OK; lag++)
        status = history_at(sim, v, lag, nl_store_at(&sim->store, mem, lag),
                            has_slope ? nl_store_at(&sim->store, m->slope, lag) : NULL, failure);
    if (!has_slope || status != NL_SIM_OK) return status;
    double *value = nl_calloc(m->count, sizeof *value), *slope = nl_calloc(m->count, sizeof *slope);
    status = history_at(sim, v, 0, value, slope, failure);
    add_jump(sim, mem, value);
    add_jump(sim, m->slope, slope);
    free(value);
    free(slope);
    return status;
}

static nl_sim_status init_state(nl_sim *sim, uint32_t v, nl_sim_failure *failure)
{
    const nl_var *var = var_of(sim, v);
    const uint32_t mem = sim->lowered->var_mem[v];

    return evaluate_start(sim, var->init, var->space, mem_of(sim, mem)->count, nl_store_at(&sim->store, mem, 0),
                          var->span, failure);
}

static void fill_past(nl_sim *sim, uint32_t mem)
{
    const nl_mem *m = mem_of(sim, mem);

    for (size_t lag = 1; lag < m->depth; lag++)
        memcpy(nl_store_at(&sim->store, mem, lag), nl_store_at(&sim->store, mem, 0), m->count * sizeof(double));
}

static nl_sim_status init_previous(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    for (size_t k = 0; k < sim->lowered->prev_count && status == NL_SIM_OK; k++) {
        const uint32_t mem = sim->lowered->prev_mem[k];
        const nl_prev_def *def = &sim->lowered->prevs[k];

        if (mem == UINT32_MAX || def->first == 0) continue;
        status = evaluate_start(sim, def->first, def->space, mem_of(sim, mem)->count, nl_store_at(&sim->store, mem, 0),
                                def->span, failure);
        fill_past(sim, mem);
    }
    return status;
}

static bool is_window(const nl_sim *sim, uint32_t mem)
{
    for (size_t k = 0; k < sim->model->windows.count; k++)
        if (sim->lowered->window_mem[k] == mem) return true;
    return false;
}

/* Previous values without a first one begin with what they are at the start, windows with one sample: a program finds
 * them. */
static nl_sim_status first_previous(nl_sim *sim, nl_sim_failure *failure)
{
    sim->store.starting = true;
    const nl_sim_status status = sim->first != NULL ? sim_run_machine(sim, sim->first, failure) : NL_SIM_OK;
    sim->store.starting = false;

    for (size_t k = 0; k < sim->lowered->first.count; k++)
        if (!is_window(sim, sim->lowered->first.items[k].mem)) fill_past(sim, sim->lowered->first.items[k].mem);
    return status;
}

static void clear_windows(nl_sim *sim)
{
    for (size_t k = 0; k < sim->model->windows.count; k++) {
        const uint32_t ring = sim->lowered->window_mem[k], sum = sim->lowered->window_sum[k];
        for (size_t lag = 0; lag < mem_of(sim, ring)->depth; lag++)
            memset(nl_store_at(&sim->store, ring, lag), 0, mem_of(sim, ring)->count * sizeof(double));
        memset(nl_store_at(&sim->store, sum, 0), 0, mem_of(sim, sum)->count * sizeof(double));
    }
}

void nl_sim_set_trial(nl_sim *sim, uint64_t trial) { sim->store.trial = trial; }

nl_sim_status nl_sim_reset(nl_sim *sim, nl_sim_failure *failure)
{
    nl_sim_status status;

    sim->store.step = 0;
    sim->store.time = sim->direct.time = sim->model->start;
    sim->h = sim->model->dt;
    sim_drop_jumps(sim);
    sim_states_changed(sim);
    if ((status = sim_prepare(sim, failure)) != NL_SIM_OK) return status;
    for (uint32_t v = 0; v < sim->model->vars.count && status == NL_SIM_OK; v++)
        if (var_of(sim, v)->kind == NL_VAR_STATE) status = init_state(sim, v, failure);
    for (uint32_t v = 0; v < sim->model->vars.count && status == NL_SIM_OK; v++)
        if (var_of(sim, v)->kind == NL_VAR_STATE) status = init_history(sim, v, failure);
    clear_windows(sim);
    sim_reset_events(sim);
    if (status == NL_SIM_OK) status = init_previous(sim, failure);
    if (status == NL_SIM_OK) status = first_previous(sim, failure);
    return status == NL_SIM_OK ? sim_start_located(sim, failure) : status;
}

nl_sim_status nl_sim_reset_population(nl_sim *sim, uint32_t population, nl_sim_failure *failure)
{
    nl_sim_status status = NL_SIM_OK;

    sim_jump(sim);
    sim_states_changed(sim);
    sim_repoint(sim);
    sim->direct.time = sim->model->start;
    for (uint32_t v = 0; v < sim->model->vars.count && status == NL_SIM_OK; v++)
        if (var_of(sim, v)->kind == NL_VAR_STATE && var_of(sim, v)->population == population)
            status = init_state(sim, v, failure);
    sim_reset_events_of(sim, population);
    return status;
}

/* --- reading and changing --- */

const double *nl_sim_values(nl_sim *sim, uint32_t var, size_t *count)
{
    const uint32_t mem = sim->lowered->var_mem[var];

    *count = 0;
    if (mem == UINT32_MAX) return NULL;
    sim_settle_variable(sim, var);
    *count = mem_of(sim, mem)->count;
    const nl_conn *conn = sim_conn_by_pre(sim, var_of(sim, var)->space);
    if (conn == NULL) return nl_store_at(&sim->store, mem, 0);
    sim->numbered = nl_realloc(sim->numbered, nl_checked_mul(*count, sizeof *sim->numbered));
    const double *stored = nl_store_at(&sim->store, mem, 0);
    double *wide = mem_of(sim, mem)->single ? widened(stored, *count) : NULL;
    nl_conn_by_number(conn, wide != NULL ? wide : stored, sim->numbered);
    free(wide);
    return sim->numbered;
}

void nl_sim_set_values(nl_sim *sim, uint32_t var, const double *values)
{
    const uint32_t mem = sim->lowered->var_mem[var];

    if (mem == UINT32_MAX) return;
    sim_settle_variable(sim, var);
    if (var_of(sim, var)->kind == NL_VAR_STATE) sim_jump(sim);
    else sim->overridden[var] = true;
    sim_states_changed(sim);
    const nl_conn *conn = sim_conn_by_pre(sim, var_of(sim, var)->space);
    const size_t count = mem_of(sim, mem)->count;
    double *stored = nl_calloc(count + 1, sizeof *stored);
    if (conn != NULL) nl_conn_by_place(conn, values, stored);
    else memcpy(stored, values, count * sizeof *values);
    put(sim, mem, 0, count, stored);
    free(stored);
    sim_repoint(sim);
    sim_open_for_variable(sim, var);
}
