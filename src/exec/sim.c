#include "sim.h"

#include "base/text.h"
#include "sim_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- building --- */

/* Parameters of populations are known first: connections and the lengths of delays follow from them. */
static bool first_parameters(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        const nl_var *var = &sim->model->vars.items[v];
        const size_t count = nl_graph_space(sim->model->graph, var->space)->count;
        nl_ref bad;

        if (var->kind != NL_VAR_PARAM || var->projection != UINT32_MAX) continue;
        double *out = NL_NEW_ARRAY(sim->arena, double, count + 1);
        if (!nl_direct_eval(&sim->direct, var->init, var->space, 0, count, out, &bad)) {
            nl_diag_add(sim->diags, NL_E_INDEX, var->span, "an index in `%s` is out of range", var->full_name);
            return false;
        }
        sim->values[v] = out;
    }
    return true;
}

static bool connect_all(nl_sim *sim)
{
    bool ok = true;

    for (uint32_t p = 0; p < sim->model->projections.count; p++) {
        sim->conns[p] = nl_connect(&sim->direct, p, sim->arena, sim->diags);
        if (sim->conns[p] == NULL) ok = false;
        else
            nl_graph_space(sim->model->graph, sim->model->projections.items[p].space)->count =
                sim->conns[p]->synapse_count;
        if (!ok) break;
    }
    return ok;
}

/* Values that come with the pairs of a projection; delays may be among them. */
static void given_parameters(nl_sim *sim)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++) {
        const nl_var *var = &sim->model->vars.items[v];
        if (var->projection == UINT32_MAX || var->init != 0) continue;
        if (sim->model->projections.items[var->projection].rule.weight_var == v) continue;
        const nl_conn *conn = sim->conns[var->projection];
        double *out = NL_NEW_ARRAY(sim->arena, double, conn->synapse_count + 1);
        if (nl_connect_given(sim->model, v, conn, out)) sim->values[v] = out;
    }
}

static void widen(nl_delay_range *range, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        range->low = i == 0 ? values[i] : fmin(range->low, values[i]);
        range->high = i == 0 ? values[i] : fmax(range->high, values[i]);
    }
}

/* A delay that is fixed before time starts is evaluated; one that varies lies between zero and its bound. */
static nl_delay_range range_of(nl_sim *sim, const nl_delay_def *def)
{
    const nl_graph *graph = sim->model->graph;
    const nl_node *node = nl_graph_node(graph, def->delay);
    const nl_ref delay = node->kind == NL_X_PRE || node->kind == NL_X_POST ? node->args[0] : def->delay;
    const uint32_t space = nl_graph_node(graph, delay)->space;
    const size_t count = nl_graph_space(graph, space)->count;
    nl_delay_range range = { 0 };
    nl_ref bad;

    if (def->max != 0) {
        (void)nl_direct_eval(&sim->direct, def->max, 0, 0, 1, &range.high, &bad);
        return range;
    }
    double *values = nl_calloc(count, sizeof *values);
    if (nl_direct_eval(&sim->direct, delay, space, 0, count, values, &bad)) widen(&range, values, count);
    free(values);
    return range;
}

/* What the values of one neuron or synapse, or a draw, decide is not known before anything is built. */
static bool is_built(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_PARAM || node->kind == NL_X_DRAW || node->kind == NL_X_PRE || node->kind == NL_X_POST;
}

static nl_delay_range range_before_building(nl_sim *sim, const nl_delay_def *def)
{
    const nl_graph *graph = sim->model->graph;
    const nl_ref delay = def->max != 0 ? def->max : def->delay;

    if (nl_graph_node(graph, delay)->space == 0 && !nl_expr_any(graph, delay, is_built, NULL))
        return range_of(sim, def);
    return (nl_delay_range){ sim->model->dt, sim->model->dt };
}

static const nl_delay_range *delay_ranges(nl_sim *sim)
{
    nl_delay_range *ranges = NL_NEW_ARRAY(sim->arena, nl_delay_range, sim->model->delays.count + 1);

    for (size_t k = 0; k < sim->model->delays.count; k++)
        ranges[k] = (sim->is_built ? range_of : range_before_building)(sim, &sim->model->delays.items[k]);
    return ranges;
}

static bool lower_all(nl_sim *sim)
{
    nl_ref *nodes = NL_NEW_ARRAY(sim->arena, nl_ref, sim->probe_count + 1);
    size_t *counts = NL_NEW_ARRAY(sim->arena, size_t, sim->probe_count + 1);

    for (size_t k = 0; k < sim->probe_count; k++) {
        const nl_space *space =
            nl_graph_space(sim->model->graph, nl_graph_node(sim->model->graph, sim->probes[k].node)->space);
        if (space->kind == NL_SPACE_SYNAPSES)
            sim->probes[k].count = space->count; /* known since connections were built */
        nodes[k] = sim->probes[k].node;
        counts[k] = sim->probes[k].count;
    }
    sim->probe_roots = NL_NEW_ARRAY(sim->arena, nl_root, sim->probe_count + 1);
    sim->delays = delay_ranges(sim);
    sim->lowered =
        nl_lower(sim->arena, sim->model, sim->delays, nodes, counts, sim->probe_count, sim->probe_roots, sim->diags);
    return sim->lowered != NULL;
}

static bool allocate(nl_sim *sim, const nl_store *like)
{
    const char *too_large = NULL;

    sim->has_store = nl_store_init(&sim->store, sim->model, &sim->lowered->memory, (const nl_conn *const *)sim->conns,
                                   like, &too_large);
    if (!sim->has_store) {
        nl_diag *d = nl_diag_add(sim->diags, NL_E_MEMORY, (nl_span){ 0 },
                                 "the model does not fit into memory: `%s` is too large", too_large);
        nl_diag_help(sim->diags, d, "`netlang check` prints what each part needs");
    }
    sim->store.h = sim->model->dt;
    return sim->has_store;
}

static const nl_program *compile_program(nl_sim *sim, const char *name, const nl_root *roots, size_t count,
                                         uint32_t selected)
{
    nl_arena *arena = sim->common->arena;
    nl_root *kept = NL_NEW_ARRAY(arena, nl_root, count);

    memcpy(kept, roots, count * sizeof *kept);
    const nl_program *program =
        nl_program_compile(arena, sim->model, &sim->lowered->memory, name, kept, count, selected);
#ifdef NL_DEV
    const char *wrong = nl_program_verify(arena, program, &sim->lowered->memory);
    if (wrong != NULL) {
        nl_diag_add(sim->diags, NL_E_MEMORY, (nl_span){ 0 }, "internal error in program %s: %s", name, wrong);
        return NULL;
    }
#endif
    NL_PUSH(arena, &sim->common->programs, program);
    return program;
}

static bool same_root(const nl_root *a, const nl_root *b)
{
    return a->node == b->node && a->mem == b->mem && a->kind == b->kind && a->next == b->next && a->to_pre == b->to_pre
           && a->space == b->space;
}

static bool is_program(const nl_program *p, const char *name, const nl_root *roots, size_t count, uint32_t selected)
{
    if (p->root_count != count || p->selected != selected || strcmp(p->name, name) != 0) return false;
    for (size_t k = 0; k < count; k++)
        if (!same_root(&p->roots[k], &roots[k])) return false;
    return true;
}

/* A machine of its own for what may be a program of all lanes. */
nl_machine *sim_compile(nl_sim *sim, const char *name, const nl_root *roots, size_t count, uint32_t selected)
{
    const nl_program *program = NULL;

    if (count == 0) return NULL;
    for (size_t k = 0; program == NULL && k < sim->common->programs.count; k++)
        if (is_program(sim->common->programs.items[k], name, roots, count, selected))
            program = sim->common->programs.items[k];
    if (program == NULL) program = compile_program(sim, name, roots, count, selected);
    return program != NULL ? nl_machine_new(program, &sim->store) : NULL;
}

static nl_machine *compile(nl_sim *sim, const char *name, const nl_root *roots, size_t count)
{
    return sim_compile(sim, name, roots, count, NL_SELECT_NONE);
}

static void compile_all(nl_sim *sim)
{
    const nl_lowered *lo = sim->lowered;

    sim->first = compile(sim, "first", lo->first.items, lo->first.count);
    sim->begin = compile(sim, "begin", lo->begin.items, lo->begin.count);
    sim->substep = compile(sim, "substep", lo->substep.items, lo->substep.count);
    sim->step = sim_compile(sim, "step", lo->step.items, lo->step.count,
                            lo->gates.count > 0 ? NL_SELECT_GATED : NL_SELECT_NONE);
    sim->split_begin = compile(sim, "split begin", lo->split_begin.items, lo->split_begin.count);
    sim->split_substep = compile(sim, "split substep", lo->split_substep.items, lo->split_substep.count);
    sim->split_step = compile(sim, "split step", lo->split_step.items, lo->split_step.count);
    sim->blocks = NL_NEW_ARRAY(sim->arena, nl_machine *, sim->model->blocks.count + 1);
    for (size_t k = 0; k < sim->model->blocks.count; k++)
        sim->blocks[k] = compile(sim, "block", lo->blocks[k].items, lo->blocks[k].count);
    sim_make_events(sim);
    sim->detect = compile(sim, "detect", lo->detect.items, lo->detect.count);
    sim->gates = compile(sim, "gates", lo->gate_roots.items, lo->gate_roots.count);
}

static bool is_work(const nl_sim *sim, uint32_t mem)
{
    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->lowered->work_mem[v] == mem) return true;
    return false;
}

static void find_rotating(nl_sim *sim)
{
    const size_t n = sim->lowered->memory.mems.count;

    sim->rotating = NL_NEW_ARRAY(sim->arena, uint32_t, n + 1);
    for (uint32_t m = 0; m < n; m++)
        if (sim->lowered->memory.mems.items[m].depth > 1 && !is_work(sim, m)) sim->rotating[sim->rotating_count++] = m;
    for (uint32_t v = 0; v < sim->model->vars.count; v++)
        if (sim->model->vars.items[v].kind == NL_VAR_STATE && sim->model->vars.items[v].projection == UINT32_MAX)
            sim->state_elements += sim->lowered->memory.mems.items[sim->lowered->var_mem[v]].count;
}

static bool lower_fitting(nl_sim *sim)
{
    if (!lower_all(sim)) return false;
    if (sim_stiff_fits(sim)) return true;
    nl_diag_add(sim->diags, NL_E_METHOD_SIZE, sim->model->method_span, "bdf is for up to 2000 equations");
    return false;
}

static bool build(nl_sim *sim)
{
    if (!first_parameters(sim) || !connect_all(sim)) return false;
    given_parameters(sim);
    if (!sim_check_refractory(sim) || !sim_find_path_delays(sim)) return false;
    given_parameters(sim); /* the order may be another one now */
    if (!sim_find_path_orders(sim)) return false;
    sim->is_built = true;
    return lower_fitting(sim);
}

/* What each simulation of the model has for itself: memory, and machines that run the programs on it. */
static bool equip(nl_sim *sim, const nl_store *like)
{
    if (!allocate(sim, like)) return false;
    sim_make_lists(sim);
    sim_make_gates(sim);
    compile_all(sim);
    find_rotating(sim);
    sim_repoint(sim);
    return nl_diags_error_count(sim->diags) == 0;
}

static void begin_own(nl_sim *sim)
{
    const nl_model *model = sim->model;

    sim->values = NL_NEW_ARRAY(sim->arena, const double *, model->vars.count + 1);
    sim->overridden = NL_NEW_ARRAY(sim->arena, bool, model->vars.count + 1);
    sim->direct = (nl_direct){ .model = model,
                               .kernels = nl_kernels_choose(),
                               .values = sim->values,
                               .conns = (const nl_conn *const *)sim->conns,
                               .time = model->start };
}

static nl_sim *begin(const nl_model *model, const nl_probe *probes, size_t probe_count, nl_diags *diags)
{
    nl_sim *sim = nl_calloc(1, sizeof *sim);

    sim->model = model;
    sim->diags = diags;
    sim->arena = nl_arena_new();
    sim->common = NL_NEW(sim->arena, sim_common);
    *sim->common = (sim_common){ .users = 1, .arena = sim->arena };
    sim->probe_count = probe_count;
    nl_probe *copy = NL_NEW_ARRAY(sim->arena, nl_probe, probe_count + 1);
    if (probe_count > 0) memcpy(copy, probes, probe_count * sizeof *probes);
    sim->probes = copy;
    sim->conns = NL_NEW_ARRAY(sim->arena, nl_conn *, model->projections.count + 1);
    sim->odd_said = NL_NEW_ARRAY(sim->arena, bool, model->draws.count + 1);
    begin_own(sim);
    return sim;
}

static nl_sim *begin_lane(const nl_sim *sim)
{
    nl_sim *lane = nl_calloc(1, sizeof *lane);

    for (size_t k = 0; k < sim->model->projections.count; k++) nl_conn_narrow(sim->conns[k]);
    *lane = (nl_sim){ .model = sim->model,
                      .diags = sim->diags,
                      .arena = nl_arena_new(),
                      .common = sim->common,
                      .conns = sim->conns,
                      .is_built = true,
                      .delays = sim->delays,
                      .lowered = sim->lowered,
                      .odd_said = sim->odd_said,
                      .path_delays = sim->path_delays,
                      .path_orders = sim->path_orders,
                      .probe_roots = sim->probe_roots,
                      .probes = sim->probes,
                      .probe_count = sim->probe_count };
    lane->common->users++;
    begin_own(lane);
    memcpy(lane->values, sim->values, sim->model->vars.count * sizeof *lane->values); /* those that no program reads */
    return lane;
}

/* Makes a simulation that has all its parts ready to step. */
static nl_sim *ready(nl_sim *sim, bool equipped)
{
    nl_sim_failure failure;

    if (equipped && nl_sim_reset(sim, &failure) == NL_SIM_OK) return sim;
    if (equipped)
        nl_diag_add(sim->diags, NL_E_INDEX, failure.span, "%s",
                    failure.what != NULL ? failure.what : "the initial state cannot be computed");
    nl_sim_free(sim);
    return NULL;
}

nl_sim *nl_sim_new(const nl_model *model, const nl_probe *probes, size_t probe_count, nl_diags *diags)
{
    nl_sim *sim = begin(model, probes, probe_count, diags);

    return ready(sim, build(sim) && equip(sim, NULL));
}

nl_sim *nl_sim_lane(nl_sim *sim)
{
    nl_sim *lane = begin_lane(sim);
    const bool equipped = equip(lane, &sim->store);

    lane->store.trial = sim->store.trial;
    return ready(lane, equipped);
}

size_t nl_sim_lane_bytes(const nl_sim *sim)
{
    size_t bytes = nl_store_own_bytes(&sim->store);

    for (size_t k = 0; k < sim->common->programs.count; k++)
        bytes += sim->common->programs.items[k]->own_doubles * sizeof(double);
    return bytes;
}

bool nl_sim_check(const nl_model *model, nl_diags *diags)
{
    nl_sim *sim = begin(model, NULL, 0, diags);
    bool ok = lower_fitting(sim);

    for (uint32_t p = 0; p < model->projections.count; p++) ok &= nl_connect_check(&sim->direct, p, sim->arena, diags);
    nl_sim_free(sim);
    return ok;
}

static void leave_common(nl_sim *sim)
{
    if (--sim->common->users > 0) return;
    sim_free_path_orders(sim);
    for (size_t k = 0; k < sim->model->projections.count; k++) nl_conn_free(sim->conns[k]);
    nl_arena_free(sim->common->arena);
}

void nl_sim_free(nl_sim *sim)
{
    if (sim == NULL) return;
    sim_stiff_free(sim);
    nl_machine *const machines[] = { sim->first,       sim->begin,         sim->substep,   sim->step,
                                     sim->split_begin, sim->split_substep, sim->split_step };
    for (size_t k = 0; k < NL_LEN(machines); k++) nl_machine_free(machines[k]);
    for (size_t k = 0; sim->blocks != NULL && k < sim->model->blocks.count; k++) nl_machine_free(sim->blocks[k]);
    for (size_t k = 0; k < sim->groups.count; k++) nl_machine_free(sim->groups.items[k]->machine);
    sim_free_events(sim);
    if (sim->has_store) {
        sim_drop_jumps(sim);
        nl_store_done(&sim->store);
    }
    free(sim->numbered);
    if (sim->arena != sim->common->arena) nl_arena_free(sim->arena);
    leave_common(sim);
    free(sim);
}

/* --- numbers of synapses --- */

const nl_conn *sim_conn_by_pre(const nl_sim *sim, uint32_t space)
{
    const nl_space *s = nl_graph_space(sim->model->graph, space);

    if (s->kind != NL_SPACE_SYNAPSES || sim->conns[s->owner]->kind != NL_CONN_OUT) return NULL;
    return sim->conns[s->owner];
}

size_t sim_element_number(const nl_sim *sim, uint32_t space, size_t place)
{
    const nl_conn *conn = sim_conn_by_pre(sim, space);

    return conn != NULL ? nl_conn_number(conn, place) : place;
}

/* --- probes --- */

static probe_group *group_of(nl_sim *sim, const size_t *probes, size_t count)
{
    for (size_t k = 0; k < sim->groups.count; k++) {
        probe_group *g = sim->groups.items[k];
        if (g->count == count && memcmp(g->probes, probes, count * sizeof *probes) == 0) return g;
    }
    probe_group *g = NL_NEW(sim->arena, probe_group);
    nl_root *roots = NL_NEW_ARRAY(sim->arena, nl_root, count);
    g->probes = NL_NEW_ARRAY(sim->arena, size_t, count);
    g->count = count;
    for (size_t k = 0; k < count; k++) {
        g->probes[k] = probes[k];
        roots[k] = sim->probe_roots[probes[k]];
    }
    g->machine = compile(sim, "probes", roots, count);
    if (g->machine != NULL) nl_machine_prepare(g->machine);
    NL_PUSH(sim->arena, &sim->groups, g);
    return g;
}

static const double *probe_value(const nl_sim *sim, size_t probe)
{
    return nl_store_at(&sim->store, sim->probe_roots[probe].mem, 0);
}

static uint32_t probe_space(const nl_sim *sim, size_t probe)
{
    return nl_graph_node(sim->model->graph, sim->probe_roots[probe].node)->space;
}

bool sim_probe_is_repeated(const nl_sim *sim, size_t probe)
{
    return probe_space(sim, probe) == 0 && sim->probes[probe].count > 1;
}

/* Whether what the program leaves is what was asked for, element by element. */
static bool is_as_computed(const nl_sim *sim, size_t probe)
{
    return !sim_probe_is_repeated(sim, probe) && sim_conn_by_pre(sim, probe_space(sim, probe)) == NULL;
}

static void present(const nl_sim *sim, size_t probe, const double *value, double *out)
{
    const nl_conn *conn = sim_conn_by_pre(sim, probe_space(sim, probe));

    if (conn != NULL) {
        nl_conn_by_number(conn, value, out);
        return;
    }
    for (size_t i = 0; i < sim->probes[probe].count; i++) out[i] = value[sim_probe_is_repeated(sim, probe) ? 0 : i];
}

nl_sim_status sim_probe_value(nl_sim *sim, size_t probe, const double **values, nl_sim_failure *failure)
{
    const nl_sim_status status = sim_run_machine(sim, group_of(sim, &probe, 1)->machine, failure);

    *values = probe_value(sim, probe);
    return status;
}

nl_sim_status nl_sim_read(nl_sim *sim, size_t probe, double *out, nl_sim_failure *failure)
{
    const double *value;
    const nl_sim_status status = sim_probe_value(sim, probe, &value, failure);

    if (status == NL_SIM_OK) present(sim, probe, value, out);
    return status;
}

/* --- running --- */

/* Samplers that are due in the same steps share a program. */
typedef struct rhythm {
    uint64_t interval, phase;
    probe_group *group;
    const nl_sampler **samplers;
    size_t count;
    double *presented; /* room for a sample that does not stand as such in the program's memory */
} rhythm;

typedef NL_LIST(size_t) size_list;

typedef struct rhythms {
    rhythm *items;
    size_t count;
} rhythms;

static rhythm *rhythm_of(rhythms *all, const nl_sampler *s, size_t room, nl_arena *arena)
{
    for (size_t k = 0; k < all->count; k++)
        if (all->items[k].interval == s->interval && all->items[k].phase == s->first) return &all->items[k];
    rhythm *r = &all->items[all->count++];
    r->interval = s->interval;
    r->phase = s->first;
    r->samplers = NL_NEW_ARRAY(arena, const nl_sampler *, room);
    return r;
}

static size_t sample_size(const nl_sim *sim, const nl_sampler *s)
{
    size_t size = 0;

    for (size_t k = 0; k < s->probe_count; k++) size += sim->probes[s->probes[k]].count;
    return size;
}

static rhythms find_rhythms(nl_sim *sim, const nl_sim_run *run, nl_arena *arena)
{
    rhythms all = { NL_NEW_ARRAY(arena, rhythm, run->sampler_count + 1), 0 };

    for (size_t k = 0; k < run->sampler_count; k++) {
        rhythm *r = rhythm_of(&all, &run->samplers[k], run->sampler_count, arena);
        r->samplers[r->count++] = &run->samplers[k];
    }
    for (size_t k = 0; k < all.count; k++) {
        rhythm *r = &all.items[k];
        size_list probes = { 0 };
        size_t most = 1;
        for (size_t j = 0; j < r->count; j++) {
            const nl_sampler *s = r->samplers[j];
            if (sample_size(sim, s) > most) most = sample_size(sim, s);
            for (size_t i = 0; i < s->probe_count; i++) NL_PUSH(arena, &probes, s->probes[i]);
        }
        r->group = group_of(sim, probes.items, probes.count);
        r->presented = NL_NEW_ARRAY(arena, double, most);
    }
    return all;
}

static bool give_sample(nl_sim *sim, const rhythm *r, const nl_sampler *s)
{
    double *out = r->presented;

    if (s->probe_count == 1 && is_as_computed(sim, s->probes[0]))
        return s->sample(s->user, sim->store.time, probe_value(sim, s->probes[0]), sim->probes[s->probes[0]].count);
    for (size_t k = 0; k < s->probe_count; k++) {
        present(sim, s->probes[k], probe_value(sim, s->probes[k]), out);
        out += sim->probes[s->probes[k]].count;
    }
    return s->sample(s->user, sim->store.time, r->presented, (size_t)(out - r->presented));
}

static nl_sim_status sample_due(nl_sim *sim, const rhythms *all, nl_sim_failure *failure)
{
    const uint64_t step = sim->store.step;

    for (size_t k = 0; k < all->count; k++) {
        const rhythm *r = &all->items[k];
        if (step < r->phase || (r->interval != 1 && (step - r->phase) % r->interval != 0)) continue;
        const nl_sim_status status = sim_run_machine(sim, r->group->machine, failure);
        if (status != NL_SIM_OK) return status;
        for (size_t j = 0; j < r->count; j++)
            if (!give_sample(sim, r, r->samplers[j])) return NL_SIM_SINK_FAILED;
    }
    return NL_SIM_OK;
}

/* Searching large states for NaN in each step would cost more than the step of a simple model. */
static uint64_t check_interval(const nl_sim *sim)
{
    enum { SMALL = 256 };

    return sim->state_elements <= SMALL ? 1 : 16;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A simulation while it runs. */
typedef struct running {
    sim_lane lane;
    const nl_sim_run *run;
    rhythms rhythms;
    probe_group *until;
    bool met; /* what the run was to end with has happened */
    uint64_t check, *done;
    double shown;
} running;

static running begin_run(nl_sim *sim, const nl_sim_run *run, uint64_t *done, nl_sim_failure *failure, nl_arena *arena)
{
    const size_t condition = (size_t)run->until;

    *done = 0;
    sim->run = run;
    return (running){ .lane = { .sim = sim, .failure = failure },
                      .run = run,
                      .rhythms = find_rhythms(sim, run, arena),
                      .until = run->until >= 0 ? group_of(sim, &condition, 1) : NULL,
                      .check = check_interval(sim),
                      .done = done,
                      .shown = seconds() };
}

static bool goes_on(running *r)
{
    if (r->lane.status != NL_SIM_OK || r->met || *r->done >= r->run->steps) return false;
    if (r->run->stop != NULL && *r->run->stop) r->lane.status = NL_SIM_STOPPED;
    return r->lane.status == NL_SIM_OK;
}

static nl_sim_status look_for_end(running *r)
{
    if (r->until == NULL) return NL_SIM_OK;
    const nl_sim_status status = sim_run_machine(r->lane.sim, r->until->machine, r->lane.failure);
    r->met = *probe_value(r->lane.sim, (size_t)r->run->until) != 0;
    return status;
}

static void show_progress(running *r)
{
    enum { LOOK_AT_CLOCK = 64 };

    if (r->run->progress == NULL || *r->done % LOOK_AT_CLOCK != 0 || seconds() - r->shown <= 0.05) return;
    r->run->progress(r->run->user, *r->done, r->run->steps);
    r->shown = seconds();
}

/* What is looked at when a step is made. */
static void end_step(running *r)
{
    nl_sim *sim = r->lane.sim;
    nl_sim_status status = r->lane.status;

    if (status == NL_SIM_OK && sim->store.step % r->check == 0) status = sim_check_finite(sim, false, r->lane.failure);
    if (status == NL_SIM_OK) status = sample_due(sim, &r->rhythms, r->lane.failure);
    if (status == NL_SIM_OK) status = look_for_end(r);
    r->lane.status = status;
    if (status != NL_SIM_OK) return;
    ++*r->done;
    show_progress(r);
}

/* Once for each draw. */
static void report_odd_draw(nl_sim *sim)
{
    const nl_odd_draw odd = sim->store.odd;

    sim->store.odd.found = false;
    if (!odd.found || sim->odd_said[odd.draw]) return;
    sim->odd_said[odd.draw] = true;
    nl_diag *d = nl_diag_add(sim->diags, NL_W_PROBABILITY, sim->model->draws.items[odd.draw].span,
                             "this probability became %g in the step from t = %g%s on, and counts as %d", odd.value,
                             odd.time, sim->model->dimensional ? " ms" : "", odd.value > 1);
    nl_diag_help(sim->diags, d, "%s",
                 odd.value > 1 ? "a rate times dt is below 1 for a small dt; poisson(rate*dt) counts more than one"
                               : "relu(x) is never negative");
}

static nl_sim_status end_run(running *r)
{
    r->lane.sim->run = NULL;
    report_odd_draw(r->lane.sim);
    return r->lane.status == NL_SIM_OK ? sim_check_finite(r->lane.sim, false, r->lane.failure) : r->lane.status;
}

nl_sim_status nl_sim_advance(nl_sim *sim, const nl_sim_run *run, uint64_t *done, nl_sim_failure *failure)
{
    nl_arena *arena = nl_arena_new();
    running r = begin_run(sim, run, done, failure, arena);

    while (goes_on(&r)) {
        r.lane.status = sim_make_step(sim, failure);
        end_step(&r);
    }
    nl_arena_free(arena);
    return end_run(&r);
}

/* Those that go on are put first. */
static size_t find_active(running *all, size_t count, running **active, sim_lane **lanes)
{
    size_t found = 0;

    for (size_t k = 0; k < count; k++) {
        if (!goes_on(&all[k])) continue;
        active[found] = &all[k];
        lanes[found++] = &all[k].lane;
    }
    return found;
}

void nl_sim_advance_together(nl_sim *const *sims, size_t count, const nl_sim_run *runs, uint64_t *done,
                             nl_sim_status *statuses, nl_sim_failure *failures)
{
    nl_arena *arena = nl_arena_new();
    running *all = NL_NEW_ARRAY(arena, running, count + 1), **active = NL_NEW_ARRAY(arena, running *, count + 1);
    sim_lane **lanes = NL_NEW_ARRAY(arena, sim_lane *, count + 1);
    sim_together together = sim_room_together(sims, count, arena);
    size_t left;

    for (size_t k = 0; k < count; k++) all[k] = begin_run(sims[k], &runs[k], &done[k], &failures[k], arena);
    while ((left = find_active(all, count, active, lanes)) > 0) {
        sim_make_steps(lanes, left, &together);
        for (size_t k = 0; k < left; k++) end_step(active[k]);
    }
    for (size_t k = 0; k < count; k++) statuses[k] = end_run(&all[k]);
    nl_arena_free(arena);
}

nl_sim_status nl_sim_check_states(nl_sim *sim, nl_sim_failure *failure) { return sim_check_finite(sim, true, failure); }

uint64_t nl_sim_step(const nl_sim *sim) { return sim->store.step; }
double nl_sim_time(const nl_sim *sim) { return sim->store.time; }
const nl_conn *nl_sim_conn(const nl_sim *sim, uint32_t projection) { return sim->conns[projection]; }

/* --- texts --- */

typedef struct listing {
    const char *name;
    const nl_root *roots;
    size_t count;
    uint32_t selected;
} listing;

static void add_listing(nl_sim *sim, nl_text *text, const listing *l, bool programs)
{
    if (l->count == 0) return;
    if (!programs) {
        nl_text_adds(text, nl_roots_text(text->arena, sim->model, &sim->lowered->memory, l->name, l->roots, l->count));
        return;
    }
    const nl_program *p =
        nl_program_compile(text->arena, sim->model, &sim->lowered->memory, l->name, l->roots, l->count, l->selected);
    nl_text_adds(text, nl_program_text(text->arena, p, sim->model, &sim->lowered->memory));
}

static void add_event_listings(nl_sim *sim, nl_text *text, bool programs)
{
    const nl_model *model = sim->model;

    for (size_t k = 0; k < model->events.count; k++) {
        const nl_event_code *code = &sim->lowered->events[k];
        const uint32_t p = model->events.items[k].population;
        const uint32_t space = p != UINT32_MAX ? model->populations.items[p].space : 0;
        add_listing(sim, text,
                    &(listing){ "body", code->body.items, code->body.count,
                                space == 0 || code->mask != UINT32_MAX ? NL_SELECT_NONE : space },
                    programs);
    }
    for (size_t k = 0; k < model->pathways.count; k++) {
        const nl_pathway *path = &model->pathways.items[k];
        const nl_projection *p = &model->projections.items[path->projection];
        const nl_pathway_code *code = &sim->lowered->pathways[k];
        const uint32_t neurons = model->populations.items[(path->on_post ? p->post : p->pre).population].space;
        add_listing(
            sim, text,
            &(listing){ "neurons", code->neurons.items, code->neurons.count, neurons == 0 ? NL_SELECT_NONE : neurons },
            programs);
        add_listing(sim, text, &(listing){ "synapses", code->synapses.items, code->synapses.count, p->space },
                    programs);
    }
}

void nl_sim_path_steps(const nl_sim *sim, size_t pathway, uint32_t *low, uint32_t *high)
{
    *low = sim->pathways[pathway].low;
    *high = sim->pathways[pathway].high;
}

bool nl_sim_is_located(const nl_sim *sim, size_t event) { return sim->lowered->events[event].fires != UINT32_MAX; }

bool nl_sim_is_solved(const nl_sim *sim, uint32_t var) { return sim->lowered->solved[var]; }

const char *nl_sim_text(nl_sim *sim, nl_arena *arena, const char *what)
{
    const nl_lowered *lo = sim->lowered;
    const listing lists[] = {
        { "first", lo->first.items, lo->first.count, NL_SELECT_NONE },
        { "begin", lo->begin.items, lo->begin.count, NL_SELECT_NONE },
        { "substep", lo->substep.items, lo->substep.count, NL_SELECT_NONE },
        { "step", lo->step.items, lo->step.count, lo->gates.count > 0 ? NL_SELECT_GATED : NL_SELECT_NONE },
        { "gates", lo->gate_roots.items, lo->gate_roots.count, NL_SELECT_NONE },
        { "split begin", lo->split_begin.items, lo->split_begin.count, NL_SELECT_NONE },
        { "split substep", lo->split_substep.items, lo->split_substep.count, NL_SELECT_NONE },
        { "split step", lo->split_step.items, lo->split_step.count, NL_SELECT_NONE },
        { "probes", sim->probe_roots, sim->probe_count, NL_SELECT_NONE },
    };
    nl_text text = nl_text_new(arena);

    if (strcmp(what, "explain") == 0) return lo->notes;
    for (size_t k = 0; k < NL_LEN(lists); k++) add_listing(sim, &text, &lists[k], strcmp(what, "program") == 0);
    for (size_t k = 0; k < sim->model->blocks.count; k++)
        add_listing(sim, &text, &(listing){ "block", lo->blocks[k].items, lo->blocks[k].count, NL_SELECT_NONE },
                    strcmp(what, "program") == 0);
    add_event_listings(sim, &text, strcmp(what, "program") == 0);
    return text.chars;
}
