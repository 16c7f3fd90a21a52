#include "lower.h"

#include "lower_impl.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* --- nodes --- */

nl_ref number(lowering *lo, double value) { return nl_expr_const(lo->graph, value, nl_dim_none); }

/* Dimensions have done their work before lowering. */
nl_ref op1(lowering *lo, nl_op op, nl_ref a) { return nl_expr_op(lo->graph, op, (nl_ref[]){ a }, 1, nl_dim_none); }

nl_ref op2(lowering *lo, nl_op op, nl_ref a, nl_ref b)
{
    return nl_expr_op(lo->graph, op, (nl_ref[]){ a, b }, 2, nl_dim_none);
}

nl_ref op3(lowering *lo, nl_op op, nl_ref a, nl_ref b, nl_ref c)
{
    return nl_expr_op(lo->graph, op, (nl_ref[]){ a, b, c }, 3, nl_dim_none);
}

bool is_ode(const nl_var *var) { return var->kind == NL_VAR_STATE && var->deriv != 0; }

/* --- memory --- */

uint32_t memory_add(lowering *lo, const char *name, uint32_t space, size_t count, uint32_t var)
{
    const nl_mem mem = { .name = name, .space = space, .count = count, .depth = 1, .slope = UINT32_MAX, .var = var };

    NL_PUSH(lo->arena, &lo->out->memory.mems, mem);
    return (uint32_t)(lo->out->memory.mems.count - 1);
}

static nl_mem *memory_get(lowering *lo, uint32_t mem) { return &lo->out->memory.mems.items[mem]; }

void memory_want(lowering *lo, uint32_t mem, size_t lag)
{
    if (memory_get(lo, mem)->depth < lag + 1) memory_get(lo, mem)->depth = lag + 1;
}

uint32_t memory_slope(lowering *lo, uint32_t mem)
{
    if (memory_get(lo, mem)->slope == UINT32_MAX) {
        const nl_mem of = *memory_get(lo, mem);
        const uint32_t slope =
            memory_add(lo, nl_arena_printf(lo->arena, "%s slope", of.name), of.space, of.count, UINT32_MAX);
        memory_get(lo, mem)->slope = slope;
    }
    return memory_get(lo, mem)->slope;
}

nl_ref load(lowering *lo, uint32_t mem)
{
    return nl_expr_leaf(lo->graph, NL_X_LOAD, mem, memory_get(lo, mem)->space, nl_dim_none);
}

nl_ref ring(lowering *lo, uint32_t mem, size_t lag, bool end)
{
    const nl_node node = {
        .kind = NL_X_RING, .id = mem, .space = memory_get(lo, mem)->space, .number = (double)lag, .end = end
    };

    memory_want(lo, mem, lag > 0 ? lag : 1);
    return nl_graph_add(lo->graph, &node);
}

void root_add(lowering *lo, nl_roots *roots, nl_ref node, uint32_t mem, bool next, nl_span span)
{
    const nl_root root = { .node = node, .mem = mem, .next = next, .span = span };

    NL_PUSH(lo->arena, roots, root);
}

/* --- environments --- */

env *env_new(lowering *lo, nl_ref offset)
{
    const size_t vars = lo->model->vars.count;
    env *e = NL_NEW(lo->arena, env);

    e->lo = lo;
    e->offset = offset;
    if (!nl_expr_is_const(lo->graph, offset, &e->place)) e->place = NAN;
    e->state = NL_NEW_ARRAY(lo->arena, nl_ref, vars + 1);
    e->input = NL_NEW_ARRAY(lo->arena, nl_ref, vars + 1);
    e->deriv = NL_NEW_ARRAY(lo->arena, nl_ref, vars + 1);
    e->memo = nl_memo_new(lo->arena);
    e->start = e;
    return e;
}

/* The clock of the step, moved by the offset. */
static nl_ref env_time(env *e)
{
    lowering *lo = e->lo;
    const nl_ref t = nl_expr_leaf(lo->graph, NL_X_TIME, 0, 0, nl_dim_none);

    return op2(lo, NL_OP_ADD, t, op2(lo, NL_OP_MUL, e->offset, number(lo, lo->model->dt)));
}

nl_ref env_step(env *e)
{
    lowering *lo = e->lo;
    const nl_ref step = nl_expr_leaf(lo->graph, NL_X_STEP, 0, 0, nl_dim_none);

    if (e->is_end) return op2(lo, NL_OP_ADD, step, number(lo, 1));
    return e->is_shifted ? op2(lo, NL_OP_ADD, step, op1(lo, NL_OP_FLOOR, e->offset)) : step;
}

static nl_ref env_state(env *e, uint32_t var)
{
    if (e->state[var] != 0) return e->state[var];
    if (e->is_shifted) return env_sampled(e, var);
    if (lazy_of(e->lo, var) != NULL && !is_caught_up(e, var)) return lazy_value(e, var);
    return load(e->lo, e->lo->var_mem[var]);
}

/* A mean over the last samples, of which there are few at the beginning. */
static nl_ref env_window(env *e, uint32_t window)
{
    lowering *lo = e->lo;
    const nl_window_def *def = &lo->model->windows.items[window];
    const double samples = fmax(1, round(def->width / lo->model->dt));
    const nl_ref made = op2(lo, NL_OP_ADD, nl_expr_leaf(lo->graph, NL_X_STEP, 0, 0, nl_dim_none), number(lo, 1));

    return op2(lo, NL_OP_DIV, load(lo, lo->window_sum[window]), op2(lo, NL_OP_MIN, made, number(lo, samples)));
}

/* --- the clock in comparisons --- */

/* t is start + step * dt, which misses the decimal that a text compares it with by a rounding error in one of three
 * steps. So times are compared with a tolerance far below a step, and rounded up by it before mod and div. */
static double clock_tolerance(const lowering *lo) { return 1e-6 * lo->model->dt; }

/* The time plus or minus something, a few times: in a graph, a search without end could take one. */
static bool is_clock_within(const nl_graph *graph, nl_ref ref, int depth)
{
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind == NL_X_TIME) return true;
    if (node->kind != NL_X_OP || depth == 0) return false;
    if (node->op == NL_OP_MOD) return is_clock_within(graph, node->args[0], depth - 1);
    return (node->op == NL_OP_ADD || node->op == NL_OP_SUB)
           && is_clock_within(graph, node->args[0], depth - 1) != is_clock_within(graph, node->args[1], depth - 1);
}

static bool is_clock(const nl_graph *graph, nl_ref ref)
{
    enum { FEW = 6 };

    return is_clock_within(graph, ref, FEW);
}

/* a - b compared with zero, where a is later than b by less than the tolerance or the other way round: equal. */
static nl_ref compared(lowering *lo, nl_op op, nl_ref a, nl_ref b)
{
    const nl_ref room = number(lo, clock_tolerance(lo)), difference = op2(lo, NL_OP_SUB, a, b);

    switch (op) {
    case NL_OP_LT:
    case NL_OP_GE: return op2(lo, op, difference, op1(lo, NL_OP_NEG, room));
    case NL_OP_LE:
    case NL_OP_GT: return op2(lo, op, difference, room);
    default: return op2(lo, op == NL_OP_EQ ? NL_OP_LE : NL_OP_GT, op1(lo, NL_OP_ABS, difference), room);
    }
}

/* Stages see what holds during the step, up to its end: an edge that lies there belongs to the next step.  So what
 * jumps in time is read just before a stage's time. */
static nl_ref held_time(env *e, nl_ref time)
{
    if (e->is_shifted || e->is_end || !(e->place > 0)) return time;
    return op2(e->lo, NL_OP_SUB, time, number(e->lo, 2 * clock_tolerance(e->lo)));
}

static nl_ref env_table(env *e, const nl_node *node)
{
    nl_node made = *node;

    for (int k = 0; k < node->arg_count; k++) made.args[k] = env_eval(e, node->args[k]);
    if (is_clock(e->lo->graph, node->args[0])) made.args[0] = held_time(e, made.args[0]);
    return nl_graph_add(e->lo->graph, &made);
}

static nl_ref clock_operation(env *e, const nl_node *node)
{
    lowering *lo = e->lo;
    const nl_graph *graph = lo->graph;
    const bool has_clock = is_clock(graph, node->args[0]) || (node->arg_count > 1 && is_clock(graph, node->args[1]));
    nl_ref args[NL_NODE_ARGS] = { 0 };

    if (!has_clock) return 0;
    switch ((nl_op)node->op) {
    case NL_OP_LT:
    case NL_OP_LE:
    case NL_OP_GT:
    case NL_OP_GE:
    case NL_OP_EQ:
    case NL_OP_NE:
    case NL_OP_MOD:
    case NL_OP_FLOORDIV:
    case NL_OP_PULSE:
    case NL_OP_PULSE_OFF: break;
    default: return 0;
    }
    for (int k = 0; k < node->arg_count; k++) {
        args[k] = env_eval(e, node->args[k]);
        if (is_clock(graph, node->args[k])) args[k] = held_time(e, args[k]);
    }
    switch ((nl_op)node->op) {
    case NL_OP_MOD: {
        const nl_ref room = number(lo, clock_tolerance(lo));
        return op2(lo, NL_OP_SUB, op2(lo, NL_OP_MOD, op2(lo, NL_OP_ADD, args[0], room), args[1]), room);
    }
    case NL_OP_FLOORDIV:
        return op2(lo, NL_OP_FLOORDIV, op2(lo, NL_OP_ADD, args[0], number(lo, clock_tolerance(lo))), args[1]);
    case NL_OP_PULSE: return compared(lo, NL_OP_GE, args[0], args[1]);
    case NL_OP_PULSE_OFF:
        return op2(lo, NL_OP_AND, compared(lo, NL_OP_GE, args[0], args[1]), compared(lo, NL_OP_LT, args[0], args[2]));
    default: return compared(lo, (nl_op)node->op, args[0], args[1]);
    }
}

/* What is reduced may fold to one number on the way; its elements still count. */
static nl_ref env_reduction(env *e, const nl_node *node)
{
    nl_node made = *node;

    made.number = (double)nl_graph_space(e->lo->graph, nl_graph_node(e->lo->graph, node->args[0])->space)->count;
    made.args[0] = env_eval(e, node->args[0]);
    return nl_graph_add(e->lo->graph, &made);
}

static nl_ref replace_leaf(void *user, nl_graph *graph, nl_ref ref)
{
    env *e = user;
    const nl_node copy = *nl_graph_node(graph, ref), *node = &copy;

    switch ((nl_node_kind)node->kind) {
    case NL_X_OP: {
        const nl_ref crossing = env_crossing(e, node);
        return crossing != 0 ? crossing : clock_operation(e, node);
    }
    case NL_X_TABLE: return env_table(e, node);
    case NL_X_REDUCE: return is_one_by_one(e) ? not_one_by_one(e, "a reduction") : env_reduction(e, node);
    case NL_X_GATHER:
    case NL_X_PART: return is_one_by_one(e) ? not_one_by_one(e, "another element") : 0;
    case NL_X_STATE: return env_state(e, node->id);
    case NL_X_PARAM: return seen(e, load(e->lo, variable_memory(e->lo, node->id)));
    case NL_X_ARRAY:
    case NL_X_INDEX: return seen(e, ref);
    case NL_X_PRE:
    case NL_X_POST: return env_side(e, node);
    case NL_X_INPUT: return is_one_by_one(e) ? not_one_by_one(e, "an input") : env_input(e, node->id);
    case NL_X_DERIV: return env_deriv(e, node->id);
    case NL_X_TIME: return env_time(e);
    case NL_X_STEP: return env_step(e);
    case NL_X_DELAY: return env_delayed(e, node->id);
    case NL_X_PREV: return env_previous(e, node->id);
    case NL_X_WINDOW: return env_window(e, node->id);
    case NL_X_SPIKED: return env_spiked(e, node->id);
    case NL_X_OLD: return env_eval(e->start, node->args[0]);
    default: return 0;
    }
}

nl_ref env_eval(env *e, nl_ref model_node)
{
    return nl_expr_replace(e->lo->graph, model_node, replace_leaf, e, e->memo);
}

nl_ref env_deriv(env *e, uint32_t var)
{
    lowering *lo = e->lo;

    if (e->deriv[var] == 0) {
        e->deriv[var] = env_eval(e, lo->model->vars.items[var].deriv);
        if (is_held(lo, var) && !e->is_shifted)
            e->deriv[var] =
                op3(lo, NL_OP_IF, held(lo, lo->model->vars.items[var].population), number(lo, 0), e->deriv[var]);
    }
    return e->deriv[var];
}

/* --- the whole --- */

static void add_variables(lowering *lo)
{
    const nl_model *model = lo->model;

    for (uint32_t v = 0; v < model->vars.count; v++) {
        const nl_var *var = &model->vars.items[v];
        const size_t count = nl_graph_space(lo->graph, var->space)->count;

        lo->var_mem[v] = UINT32_MAX;
        if (var->kind == NL_VAR_INPUT || (var->projection != UINT32_MAX && var->kind == NL_VAR_PARAM)) continue;
        lo->var_mem[v] = memory_add(lo, var->full_name, var->space, count, v);
        memory_get(lo, lo->var_mem[v])->fixed = var->kind == NL_VAR_PARAM;
    }
}

typedef struct param_search { uint32_t var; } param_search;

static bool is_param(void *user, const nl_node *node)
{
    return node->kind == NL_X_PARAM && node->id == ((const param_search *)user)->var;
}

static bool reads_param(const lowering *lo, nl_ref ref, uint32_t var)
{
    return ref != 0 && nl_expr_any(lo->graph, ref, is_param, &(param_search){ var });
}

/* What only event code reads may be stored in single precision; sums over all synapses and what is computed before
 * programs run want doubles. */
static bool may_be_single(const lowering *lo, uint32_t v)
{
    const nl_model *m = lo->model;
    const nl_var *var = &m->vars.items[v];

    if (!m->single || var->projection == UINT32_MAX || !m->projections.items[var->projection].by_pre) return false;
    for (size_t k = 0; k < m->vars.count; k++) {
        const nl_var *other = &m->vars.items[k];
        const nl_ref parts[] = { other->init, other->low, other->high, other->history, other->deriv, other->next };
        for (size_t j = 0; j < NL_LEN(parts); j++)
            if (reads_param(lo, parts[j], v)) return false;
    }
    for (size_t k = 0; k < m->flows.count; k++)
        if (reads_param(lo, m->flows.items[k].value, v)) return false;
    for (size_t k = 0; k < m->delays.count; k++)
        if (reads_param(lo, m->delays.items[k].delay, v) || reads_param(lo, m->delays.items[k].expr, v)) return false;
    for (size_t k = 0; k < m->pathways.count; k++)
        if (reads_param(lo, m->pathways.items[k].delay, v)) return false;
    return true;
}

/* A parameter of synapses has memory only if something reads it: many are the connection's own weights. */
uint32_t variable_memory(lowering *lo, uint32_t v)
{
    const nl_var *var = &lo->model->vars.items[v];

    if (lo->var_mem[v] == UINT32_MAX) {
        lo->var_mem[v] = memory_add(lo, var->full_name, var->space, nl_graph_space(lo->graph, var->space)->count, v);
        memory_get(lo, lo->var_mem[v])->fixed = true;
        memory_get(lo, lo->var_mem[v])->single = may_be_single(lo, v);
    }
    return lo->var_mem[v];
}

/* The previous value of a state is kept in the state's own ring, unless its first value is another one. */
static uint32_t previous_memory(lowering *lo, const nl_prev_def *def, size_t number_of)
{
    const nl_node *node = nl_graph_node(lo->graph, def->expr);

    if (node->kind == NL_X_STATE && def->first == 0) {
        memory_want(lo, lo->var_mem[node->id], 1);
        return UINT32_MAX;
    }
    const uint32_t mem = memory_add(lo, nl_arena_printf(lo->arena, "prev#%zu", number_of), def->space,
                                    nl_graph_space(lo->graph, def->space)->count, UINT32_MAX);
    memory_want(lo, mem, 1);
    return mem;
}

static void add_histories(lowering *lo)
{
    const nl_model *model = lo->model;

    for (size_t k = 0; k < model->prevs.count; k++) {
        NL_PUSH(lo->arena, &lo->prevs, model->prevs.items[k]);
        NL_PUSH(lo->arena, &lo->prev_mems, previous_memory(lo, &model->prevs.items[k], k));
    }
    for (size_t k = 0; k < model->delays.count; k++) {
        NL_PUSH(lo->arena, &lo->dels, model->delays.items[k]);
        NL_PUSH(lo->arena, &lo->ranges, lo->delays[k]);
    }
    for (size_t k = 0; k < model->windows.count; k++) {
        const nl_window_def *def = &model->windows.items[k];
        const size_t count = nl_graph_space(lo->graph, def->space)->count;

        lo->window_mem[k] = memory_add(lo, "window", def->space, count, UINT32_MAX);
        memory_want(lo, lo->window_mem[k], (size_t)fmax(1, round(def->width / model->dt)));
        lo->window_sum[k] = memory_add(lo, "window sum", def->space, count, UINT32_MAX);
    }
}

nl_ref bounded(env *e, uint32_t v, nl_ref value)
{
    const nl_var *var = &e->lo->model->vars.items[v];

    if (var->low == 0) return value;
    return op3(e->lo, NL_OP_CLIP, value, env_eval(e, var->low), env_eval(e, var->high));
}

/* `every T` and `at T` blocks run between steps: the clock is that of the state, inputs are summed afresh. */
static nl_roots lower_block(lowering *lo, const nl_block *block)
{
    nl_roots roots = { 0 };
    env *e = env_new(lo, number(lo, 0));

    for (size_t k = 0; k < block->assigns.count; k++) {
        const nl_assign *a = &block->assigns.items[k];
        const nl_ref value = bounded(e, a->var, env_eval(e, a->value));
        root_add(lo, &roots, stays_if_held(lo, a->var, value, env_step(e)), lo->var_mem[a->var], false, a->span);
    }
    return roots;
}

static void lower_blocks(lowering *lo)
{
    const nl_model *model = lo->model;
    nl_roots *blocks = NL_NEW_ARRAY(lo->arena, nl_roots, model->blocks.count + 1);

    for (size_t k = 0; k < model->blocks.count; k++)
        if (model->blocks.items[k].kind != NL_BLOCK_EVERY_STEP) blocks[k] = lower_block(lo, &model->blocks.items[k]);
    lo->out->blocks = blocks;
}

static void lower_probes(lowering *lo, const nl_ref *probes, const size_t *counts, size_t count, nl_root *roots)
{
    env *e = env_new(lo, number(lo, 0));

    for (size_t k = 0; k < count; k++) {
        const nl_ref node = env_eval(e, probes[k]);
        const uint32_t mem = memory_add(lo, "probe", nl_graph_node(lo->graph, node)->space, counts[k], UINT32_MAX);
        roots[k] = (nl_root){ .node = node, .mem = mem };
    }
}

nl_lowered *nl_lower(nl_arena *arena, const nl_model *model, const nl_delay_range *delays, const nl_ref *probes,
                     const size_t *probe_counts, size_t probe_count, nl_root *probe_roots, nl_diags *diags)
{
    lowering lo = { .arena = arena,
                    .diags = diags,
                    .model = model,
                    .graph = model->graph,
                    .delays = delays,
                    .notes = nl_text_new(arena) };
    const size_t errors = nl_diags_error_count(diags);

    nl_graph_fold_freely(model->graph);
    lo.out = NL_NEW(arena, nl_lowered);
    lo.out->jumped = lo.out->sigma = lo.out->h = lo.out->error = UINT32_MAX;
    lo.var_mem = NL_NEW_ARRAY(arena, uint32_t, model->vars.count + 1);
    lo.work_mem = NL_NEW_ARRAY(arena, uint32_t, model->vars.count + 1);
    lo.rate_mem = NL_NEW_ARRAY(arena, uint32_t, model->vars.count + 1);
    lo.end_slope = NL_NEW_ARRAY(arena, uint32_t, model->vars.count + 1);
    lo.window_mem = NL_NEW_ARRAY(arena, uint32_t, model->windows.count + 1);
    lo.window_sum = NL_NEW_ARRAY(arena, uint32_t, model->windows.count + 1);
    lo.solved = NL_NEW_ARRAY(arena, bool, model->vars.count + 1);
    lo.flow_terms = NL_NEW_ARRAY(arena, terms, model->flows.count + 1);
    lo.events = NL_NEW_ARRAY(arena, nl_event_code, model->events.count + 1);
    lo.refractories = NL_NEW_ARRAY(arena, nl_refractory_code, model->refractories.count + 1);
    add_variables(&lo);
    add_histories(&lo);
    begin_events(&lo);
    for (size_t k = 0; k < model->flows.count; k++) factor_flow(&lo, k);
    find_lazy(&lo);
    check_delays(&lo);
    if (nl_diags_error_count(diags) > errors || !lower_steps(&lo) || nl_diags_error_count(diags) > errors) return NULL;
    lower_blocks(&lo);
    lower_event_code(&lo);
    lower_gates(&lo);
    lower_settling(&lo);
    lower_probes(&lo, probes, probe_counts, probe_count, probe_roots);
    lower_stores(&lo);
    lo.out->var_mem = lo.var_mem;
    lo.out->work_mem = lo.work_mem;
    lo.out->rate_mem = lo.rate_mem;
    lo.out->prevs = lo.prevs.items;
    lo.out->prev_mem = lo.prev_mems.items;
    lo.out->prev_count = lo.prevs.count;
    lo.out->window_mem = lo.window_mem;
    lo.out->window_sum = lo.window_sum;
    lo.out->solved = lo.solved;
    lo.out->notes = lo.notes.chars;
    return nl_diags_error_count(diags) > errors ? NULL : lo.out;
}
