/* States of synapses that need no work in most steps.  Between two events a linear equation has a closed solution; so
 * has one whose right side is piecewise constant while the neuron in front of it is silent (its gate).  Such a state is
 * kept as it was when its synapse was last visited, with the number of that step, and whoever reads it computes what it
 * has become since. */
#include "lower_impl.h"

#include <math.h>
#include <string.h>

/* --- what depends on a state --- */

typedef struct wanted { uint32_t var; } wanted;

static bool is_state(void *user, const nl_node *node)
{
    return node->kind == NL_X_STATE && node->id == ((const wanted *)user)->var;
}

static bool reads(const lowering *lo, nl_ref ref, uint32_t var)
{
    return ref != 0 && nl_expr_any(lo->graph, ref, is_state, &(wanted){ var });
}

/* Values of the state are asked for in between: by sums, by equations, or at earlier times. */
static bool is_read_continuously(const lowering *lo, uint32_t var)
{
    const nl_model *m = lo->model;

    for (size_t k = 0; k < m->flows.count; k++)
        if (reads(lo, m->flows.items[k].value, var)) return true;
    for (size_t k = 0; k < m->delays.count; k++)
        if (reads(lo, m->delays.items[k].expr, var)) return true;
    for (size_t k = 0; k < m->prevs.count; k++)
        if (reads(lo, m->prevs.items[k].expr, var)) return true;
    for (size_t k = 0; k < m->windows.count; k++)
        if (reads(lo, m->windows.items[k].expr, var)) return true;
    for (uint32_t v = 0; v < m->vars.count; v++)
        if (v != var && (reads(lo, m->vars.items[v].deriv, var) || reads(lo, m->vars.items[v].next, var))) return true;
    return false;
}

static bool has_blocks(const lowering *lo, uint32_t projection)
{
    for (size_t k = 0; k < lo->model->blocks.count; k++)
        if (lo->model->blocks.items[k].projection == projection) return true;
    return false;
}

static bool is_event_of(const lowering *lo, size_t event, uint32_t projection)
{
    return lo->model->events.items[event].projection == projection;
}

static bool is_in_synapses(const lowering *lo, uint32_t var)
{
    const nl_var *v = &lo->model->vars.items[var];

    return v->kind == NL_VAR_STATE && v->projection != UINT32_MAX
           && v->space == lo->model->projections.items[v->projection].space;
}

/* --- linear equations --- */

/* x' = slope x + rest, both fixed in time. */
static bool is_linear(lowering *lo, uint32_t var, nl_ref *slope, nl_ref *rest)
{
    return split_linear(lo, lo->model->vars.items[var].deriv, NL_X_STATE, var, slope, rest)
           && (*slope == 0 || !(dependence_of(lo, *slope) & IS_DYNAMIC))
           && (*rest == 0 || !(dependence_of(lo, *rest) & IS_DYNAMIC));
}

bool is_solved_exactly(lowering *lo, uint32_t var)
{
    const nl_var *v = &lo->model->vars.items[var];
    nl_ref slope, rest;

    return v->projection != UINT32_MAX && v->method == NULL && is_ode(v) && is_linear(lo, var, &slope, &rest)
           && !is_read_continuously(lo, var);
}

static bool is_watched(const lowering *lo, uint32_t var)
{
    const nl_var *v = &lo->model->vars.items[var];

    for (size_t k = 0; k < lo->model->events.count; k++)
        if (is_event_of(lo, k, v->projection) && reads(lo, lo->model->events.items[k].condition, var)) return true;
    return false;
}

static bool rests_between_events(lowering *lo, uint32_t var)
{
    return is_in_synapses(lo, var) && is_solved_exactly(lo, var) && lo->model->vars.items[var].low == 0
           && !is_watched(lo, var) && !has_blocks(lo, lo->model->vars.items[var].projection);
}

static bool writes_own(const lowering *lo, const nl_pathway *path)
{
    for (size_t k = 0; k < path->writes.count; k++)
        if (path->writes.items[k].kind == NL_WRITE_OWN && is_in_synapses(lo, path->writes.items[k].var)) return true;
    return false;
}

/* All synapses of a pre neuron are visited together. */
static bool is_visited_by_row(const lowering *lo, uint32_t projection)
{
    for (size_t k = 0; k < lo->model->pathways.count; k++) {
        const nl_pathway *path = &lo->model->pathways.items[k];
        if (path->projection != projection || !writes_own(lo, path)) continue;
        if (path->on_post || (path->delay != 0 && nl_graph_node(lo->graph, path->delay)->space != 0)) return false;
    }
    return true;
}

/* --- gated equations that are piecewise constant --- */

typedef enum region { BELOW, AT, ABOVE, REGION_COUNT } region;

typedef struct pieces {
    lowering *lo;
    uint32_t var;
    region where;
    double border;      /* NAN: none found yet */
    bool failed;
} pieces;

/* The state itself, or what it was when the step began. */
static bool is_itself(const pieces *p, nl_ref ref)
{
    const nl_node *node = nl_graph_node(p->lo->graph, ref);

    if (node->kind == NL_X_OLD) node = nl_graph_node(p->lo->graph, node->args[0]);
    return node->kind == NL_X_STATE && node->id == p->var;
}

/* What x < border etc. is in each region. */
static bool compare_in(nl_op op, bool swapped, region where, bool *out)
{
    static const bool table[][REGION_COUNT] = {
        { true, false, false }, { true, true, false }, { false, false, true },
        { false, true, true },  { false, true, false }, { true, false, true },
    };
    static const nl_op ops[] = { NL_OP_LT, NL_OP_LE, NL_OP_GT, NL_OP_GE, NL_OP_EQ, NL_OP_NE };
    static const size_t mirror[] = { 2, 3, 0, 1, 4, 5 };

    for (size_t k = 0; k < NL_LEN(ops); k++)
        if (ops[k] == op) {
            *out = table[swapped ? mirror[k] : k][where];
            return true;
        }
    return false;
}

static nl_ref piece(void *user, nl_graph *graph, nl_ref ref)
{
    pieces *p = user;
    const nl_node node = *nl_graph_node(graph, ref);
    bool holds;
    double border;

    if (is_itself(p, ref)) p->failed = true;
    if (node.kind != NL_X_OP || node.arg_count != 2) return 0;
    const bool left = is_itself(p, node.args[0]), right = is_itself(p, node.args[1]);
    if (left == right || !compare_in((nl_op)node.op, right, p->where, &holds)) return 0;
    if (!nl_expr_is_const(graph, node.args[left ? 1 : 0], &border) || (!isnan(p->border) && border != p->border))
        return 0;
    p->border = border;
    return nl_expr_bool(graph, holds);
}

/* The right side in each region; false when it is not constant there. */
static bool find_pieces(pieces *p, nl_ref drift, double rates[REGION_COUNT])
{
    for (p->where = BELOW; p->where < REGION_COUNT; p->where++) {
        const nl_ref rate = nl_expr_replace(p->lo->graph, drift, piece, p, nl_memo_new(p->lo->arena));
        if (p->failed || !nl_expr_is_const(p->lo->graph, rate, &rates[p->where])) return false;
    }
    return true;
}

/* It never comes to the border by itself, so that nothing happens there. */
static bool leaves_border(const pieces *p, const double rates[REGION_COUNT])
{
    return isnan(p->border) || (rates[BELOW] <= 0 && rates[ABOVE] >= 0);
}

static bool watches_border(pieces *p, nl_ref condition)
{
    const int own = HAS_PRE | HAS_POST;

    for (p->where = BELOW; p->where < REGION_COUNT; p->where++) {
        const nl_ref rest = nl_expr_replace(p->lo->graph, condition, piece, p, nl_memo_new(p->lo->arena));
        if (p->failed || (dependence_of(p->lo, rest) & own)) return false;
    }
    return true;
}

/* --- gates --- */

typedef struct gate_search {
    lowering *lo;
    uint32_t space;  /* of the synapses */
    nl_ref found;    /* a value of the pre neuron that is 0 while it is silent */
    nl_ref condition; /* in the pre neurons' space */
} gate_search;

static nl_ref condition_in(const lowering *lo, nl_ref ref)
{
    const nl_node *node = nl_graph_node(lo->graph, ref);

    if (node->is_bool) return ref;
    if (node->kind != NL_X_OP || node->op != NL_OP_MUL) return 0;
    const nl_ref left = condition_in(lo, node->args[0]);
    return left != 0 ? left : condition_in(lo, node->args[1]);
}

static nl_ref find_gate(void *user, nl_graph *graph, nl_ref ref)
{
    gate_search *g = user;
    const nl_node node = *nl_graph_node(graph, ref);

    if (g->found != 0) return ref;
    if (node.kind != NL_X_PRE || node.space != g->space) return 0;
    const nl_ref condition = condition_in(g->lo, node.args[0]);
    if (condition != 0) {
        g->found = ref;
        g->condition = condition;
    }
    return ref;
}

static nl_ref without(void *user, nl_graph *graph, nl_ref ref)
{
    return ref == *(const nl_ref *)user ? nl_expr_const(graph, 0, nl_dim_none) : 0;
}

/* Its right side while the pre neuron is silent has a closed solution, and `when` asks for nothing on the way. */
static bool is_gated(lowering *lo, uint32_t var, nl_ref *condition, nl_ref *drift)
{
    const nl_var *v = &lo->model->vars.items[var];
    gate_search g = { .lo = lo, .space = v->space };
    pieces p = { .lo = lo, .var = var, .border = NAN };
    double rates[REGION_COUNT];

    (void)nl_expr_replace(lo->graph, v->deriv, find_gate, &g, nl_memo_new(lo->arena));
    if (g.found == 0 || is_noisy(lo, v) || is_read_continuously(lo, var)) return false;
    *condition = g.condition;
    *drift = nl_expr_replace(lo->graph, v->deriv, without, &g.found, nl_memo_new(lo->arena));
    if (!find_pieces(&p, *drift, rates) || !leaves_border(&p, rates)) return false;
    for (size_t k = 0; k < lo->model->events.count; k++)
        if (is_event_of(lo, k, v->projection) && !watches_border(&p, lo->model->events.items[k].condition))
            return false;
    return true;
}

/* Some sum visits all synapses in each step. */
static bool is_summed_singly(const lowering *lo, uint32_t projection)
{
    for (size_t k = 0; k < lo->model->flows.count; k++)
        for (size_t j = 0; lo->model->flows.items[k].projection == projection && j < lo->flow_terms[k].count; j++)
            if (lo->flow_terms[k].items[j].general != 0) return true;
    return false;
}

typedef struct summed {
    const nl_graph *graph;
    uint32_t space;
} summed;

static bool is_reduction(void *user, const nl_node *node)
{
    const summed *s = user;

    return node->kind == NL_X_REDUCE && nl_graph_node(s->graph, node->args[0])->space == s->space;
}

static bool reduces(const lowering *lo, nl_ref ref, uint32_t space)
{
    return ref != 0 && nl_expr_any(lo->graph, ref, is_reduction, &(summed){ lo->graph, space });
}

static bool block_reduces(const lowering *lo, uint32_t space)
{
    const nl_model *m = lo->model;

    for (size_t k = 0; k < m->blocks.count; k++)
        for (size_t j = 0; j < m->blocks.items[k].assigns.count; j++)
            if (reduces(lo, m->blocks.items[k].assigns.items[j].value, space)) return true;
    for (size_t k = 0; k < m->events.count; k++)
        if (reduces(lo, m->events.items[k].condition, space) || reduces(lo, m->events.items[k].select, space))
            return true;
    return false;
}

/* A step needs all synapses: for the sum, the mean .. of something over them, or to keep what they were. */
static bool needs_all(const lowering *lo, uint32_t space)
{
    const nl_model *m = lo->model;

    for (size_t k = 0; k < m->delays.count; k++)
        if (m->delays.items[k].space == space || reduces(lo, m->delays.items[k].expr, space)) return true;
    for (size_t k = 0; k < m->prevs.count; k++)
        if (m->prevs.items[k].space == space || reduces(lo, m->prevs.items[k].expr, space)) return true;
    for (size_t k = 0; k < m->windows.count; k++)
        if (m->windows.items[k].space == space || reduces(lo, m->windows.items[k].expr, space)) return true;
    for (size_t k = 0; k < m->flows.count; k++)
        if (reduces(lo, m->flows.items[k].value, space)) return true;
    for (size_t k = 0; k < m->vars.count; k++)
        if (reduces(lo, m->vars.items[k].deriv, space) || reduces(lo, m->vars.items[k].next, space)) return true;
    return block_reduces(lo, space);
}

/* Only equations of one gate, and nothing else that moves states of this projection. */
static bool gate_projection(lowering *lo, uint32_t projection, lazy *z)
{
    const nl_projection *p = &lo->model->projections.items[projection];
    nl_ref condition, drift;

    if (!p->by_pre || has_blocks(lo, projection) || is_summed_singly(lo, projection)
        || needs_all(lo, p->space))
        return false;
    for (size_t k = 0; k < lo->model->pathways.count; k++)
        if (lo->model->pathways.items[k].projection == projection) return false;
    for (size_t k = 0; k < p->vars.count; k++) {
        const uint32_t v = p->vars.items[k];
        const nl_var *var = &lo->model->vars.items[v];
        if (!is_in_synapses(lo, v) || (var->deriv == 0 && var->next == 0)) continue;
        if (var->next != 0 || !is_euler(lo, var) || !is_gated(lo, v, &condition, &drift)) return false;
        if (z->gate != 0 && z->gate != condition) return false;
        z->gate = condition;
        z->drift[v] = drift;
    }
    return z->gate != 0;
}

/* --- finding them --- */

static uint32_t pre_space(const lowering *lo, uint32_t projection)
{
    return lo->model->populations.items[lo->model->projections.items[projection].pre.population].space;
}

static uint32_t add_memory(lowering *lo, uint32_t projection, const char *what, uint32_t space)
{
    return memory_add(lo, nl_arena_printf(lo->arena, "%s %s", lo->model->projections.items[projection].name, what),
                      space, nl_graph_space(lo->graph, space)->count, UINT32_MAX);
}

static bool rest_projection(lowering *lo, uint32_t projection, lazy *z)
{
    const nl_projection *p = &lo->model->projections.items[projection];
    bool any = false;

    for (size_t k = 0; k < p->vars.count; k++) {
        z->rests[p->vars.items[k]] = rests_between_events(lo, p->vars.items[k]);
        any |= z->rests[p->vars.items[k]];
    }
    return any;
}

/* Where and when a state of a projection moves, for `explain`; NULL: in each step, for each synapse. */
static const char *place_of(const lowering *lo, uint32_t var)
{
    const nl_var *v = &lo->model->vars.items[var];
    const lazy *z = lo->lazies[v->projection];

    if (v->on_pre) return "on the pre neurons: the same for all their synapses";
    if (v->on_post) return "on the post neurons: the same for all their synapses";
    if (z != NULL && z->rests[var]) return "in closed form from event to event";
    if (z != NULL && z->drift[var] != 0) return "stepped for synapses whose pre neuron is active, else in closed form";
    return NULL;
}

static void note_places(lowering *lo)
{
    bool any = false;

    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        const nl_var *var = &lo->model->vars.items[v];
        const char *place =
            var->kind == NL_VAR_STATE && var->projection != UINT32_MAX ? place_of(lo, v) : NULL;
        if (place == NULL) continue;
        if (!any) nl_text_addf(&lo->notes, "%sstates of synapses\n", lo->notes.length > 0 ? "\n" : "");
        nl_text_addf(&lo->notes, "  %s: %s\n", var->full_name, place);
        any = true;
    }
}

void find_lazy(lowering *lo)
{
    const nl_model *m = lo->model;

    lo->lazies = NL_NEW_ARRAY(lo->arena, lazy *, m->projections.count + 1);
    for (uint32_t k = 0; k < m->projections.count; k++) {
        lazy *z = NL_NEW(lo->arena, lazy);
        z->rests = NL_NEW_ARRAY(lo->arena, bool, m->vars.count + 1);
        z->drift = NL_NEW_ARRAY(lo->arena, nl_ref, m->vars.count + 1);
        if (gate_projection(lo, k, z)) {
            z->by_row = true;
            z->gate_mem = add_memory(lo, k, "gate", pre_space(lo, k));
            z->open_mem = add_memory(lo, k, "gate of the last step", pre_space(lo, k));
        } else {
            memset(z->drift, 0, m->vars.count * sizeof *z->drift);
            z->gate = 0;
            if (!rest_projection(lo, k, z)) continue;
            z->by_row = is_visited_by_row(lo, k);
        }
        z->last = add_memory(lo, k, "last visit", z->by_row ? pre_space(lo, k) : m->projections.items[k].space);
        lo->lazies[k] = z;
        NL_PUSH(lo->arena, &lo->out->visits, z->last);
    }
    note_places(lo);
}

lazy *lazy_of(const lowering *lo, uint32_t var)
{
    const uint32_t projection = lo->model->vars.items[var].projection;
    lazy *z = projection != UINT32_MAX ? lo->lazies[projection] : NULL;

    return z != NULL && (z->rests[var] || z->drift[var] != 0) ? z : NULL;
}

bool is_caught_up(const env *e, uint32_t var)
{
    const lazy *z = lazy_of(e->lo, var);

    return z != NULL && e->is_step && z->gate != 0;
}

/* --- what it has become since the last visit --- */

static nl_ref last_visit(const lowering *lo, uint32_t projection, const lazy *z)
{
    const nl_ref last = load((lowering *)lo, z->last);

    if (!z->by_row || nl_graph_node(lo->graph, last)->space == 0) return last;
    return nl_graph_add(lo->graph, &(nl_node){ .kind = NL_X_PRE,
                                               .space = lo->model->projections.items[projection].space,
                                               .arg_count = 1,
                                               .args = { last } });
}

/* Both times are in steps. */
static nl_ref visited_at(env *e) { return e->lo->out->stepping == NL_STEP_ADAPTIVE ? steps_now(e->lo) : env_step(e); }

static nl_ref elapsed(env *e, uint32_t projection, const lazy *z)
{
    lowering *lo = e->lo;

    return op2(lo, NL_OP_MUL, op2(lo, NL_OP_SUB, visited_at(e), last_visit(lo, projection, z)),
               number(lo, lo->model->dt));
}

/* (x + rest / slope) exp(slope t) - rest / slope */
static nl_ref linear_solution(env *e, uint32_t var, nl_ref then, nl_ref time)
{
    lowering *lo = e->lo;
    nl_ref slope, rest;

    (void)is_linear(lo, var, &slope, &rest);
    if (slope == 0) return rest == 0 ? then : op2(lo, NL_OP_ADD, then, op2(lo, NL_OP_MUL, env_eval(e, rest), time));
    slope = env_eval(e, slope);
    const nl_ref growth = op1(lo, NL_OP_EXP, op2(lo, NL_OP_MUL, slope, time));
    if (rest == 0) return op2(lo, NL_OP_MUL, then, growth);
    const nl_ref level = op2(lo, NL_OP_DIV, env_eval(e, rest), slope);
    return op2(lo, NL_OP_SUB, op2(lo, NL_OP_MUL, op2(lo, NL_OP_ADD, then, level), growth), level);
}

typedef struct renaming {
    uint32_t var;
    nl_ref value;
} renaming;

static nl_ref renamed(void *user, nl_graph *graph, nl_ref ref)
{
    const renaming *r = user;
    const nl_node *node = nl_graph_node(graph, ref);

    return node->kind == NL_X_STATE && node->id == r->var ? r->value : 0;
}

nl_ref lazy_value(env *e, uint32_t var)
{
    lowering *lo = e->lo;
    const nl_var *v = &lo->model->vars.items[var];
    const lazy *z = lazy_of(lo, var);
    const nl_ref then = load(lo, lo->var_mem[var]), time = elapsed(e, v->projection, z);

    if (z->rests[var]) return linear_solution(e, var, then, time);
    renaming r = { var, then };
    const nl_ref rate = nl_expr_replace(lo->graph, z->drift[var], renamed, &r, nl_memo_new(lo->arena));
    return bounded(e, var, op2(lo, NL_OP_ADD, then, op2(lo, NL_OP_MUL, time, rate)));
}

/* --- the steps --- */

static void store_states(lowering *lo, env *e, const lazy *z, nl_roots *roots)
{
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (lazy_of(lo, v) == z)
            root_add(lo, roots, lazy_value(e, v), lo->var_mem[v], false, lo->model->vars.items[v].span);
}

/* The gate is open for a step longer than its condition holds: in that step a state leaves the border.  So may one that
 * is put there, at the start or by `set`. */
static void lower_gate(lowering *lo, uint32_t projection, const lazy *z)
{
    env *e = env_new(lo, number(lo, 0));
    const nl_ref open = env_eval(e, z->gate);
    nl_gate_code code = { .projection = projection, .gate = z->gate_mem, .last = z->last, .open = z->open_mem };

    store_states(lo, e, z, &code.catch_up);

    root_add(lo, &lo->out->gate_roots, op2(lo, NL_OP_OR, open, op2(lo, NL_OP_NE, load(lo, z->open_mem), number(lo, 0))),
             z->gate_mem, true, (nl_span){ 0 });
    root_add(lo, &lo->out->gate_roots, open, z->open_mem, true, (nl_span){ 0 });
    NL_PUSH(lo->arena, &lo->out->gates, code);
}

void lower_gates(lowering *lo)
{
    for (uint32_t k = 0; k < lo->model->projections.count; k++)
        if (lo->lazies[k] != NULL && lo->lazies[k]->gate != 0) lower_gate(lo, k, lo->lazies[k]);
}

/* Synapses that the step moved are those of now. */
void store_visits(lowering *lo, nl_roots *roots)
{
    for (uint32_t k = 0; k < lo->model->projections.count; k++) {
        const lazy *z = lo->lazies[k];
        if (z == NULL || z->gate == 0) continue;
        const nl_ref next = op2(lo, NL_OP_ADD, nl_expr_leaf(lo->graph, NL_X_STEP, 0, 0, nl_dim_none), number(lo, 1));
        root_add(lo, roots,
                 op3(lo, NL_OP_IF, op2(lo, NL_OP_NE, load(lo, z->gate_mem), number(lo, 0)), next, load(lo, z->last)),
                 z->last, true, (nl_span){ 0 });
    }
}

/* For whoever looks at or changes the memory itself. */
void lower_settling(lowering *lo)
{
    nl_roots *settle = NL_NEW_ARRAY(lo->arena, nl_roots, lo->model->projections.count + 1);
    env *e = env_new(lo, number(lo, 0));

    for (uint32_t k = 0; k < lo->model->projections.count; k++) {
        const lazy *z = lo->lazies[k];
        if (z == NULL) continue;
        store_states(lo, e, z, &settle[k]);
        root_add(lo, &settle[k], visited_at(e), z->last, false, (nl_span){ 0 });
    }
    lo->out->settle = settle;
}
