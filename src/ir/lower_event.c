/* Events: what a step detects at its end, what the elements that fired do, and what their synapses do.  Conditions are
 * part of the step, so that they find the new state in registers; bodies are programs of their own that run over the
 * elements that fired. */
#include "lower_impl.h"

#include <math.h>
#include <string.h>

/* --- refractoriness --- */

static const nl_refractory *refractory_of(const lowering *lo, uint32_t population, size_t *number_of)
{
    for (size_t k = 0; k < lo->model->refractories.count; k++)
        if (lo->model->refractories.items[k].population == population) {
            *number_of = k;
            return &lo->model->refractories.items[k];
        }
    return NULL;
}

bool is_held(const lowering *lo, uint32_t var)
{
    size_t k;
    const nl_refractory *r = refractory_of(lo, lo->model->vars.items[var].population, &k);

    for (size_t j = 0; r != NULL && j < r->held.count; j++)
        if (r->held.items[j] == var) return true;
    return false;
}

static nl_ref step_now(lowering *lo) { return nl_expr_leaf(lo->graph, NL_X_STEP, 0, 0, nl_dim_none); }

/* The place of now in steps since the start. */
nl_ref steps_now(lowering *lo)
{
    return lo->out->stepping == NL_STEP_ADAPTIVE ? op2(lo, NL_OP_ADD, step_now(lo), load(lo, lo->out->sigma))
                                                 : step_now(lo);
}

/* After a spike in step s for n steps: the states of s + 1 .. s + n.  Adaptive methods end their steps where the time
 * is over. */
static nl_ref held_in(lowering *lo, uint32_t population, nl_ref step)
{
    size_t k = 0;
    const nl_refractory *r = refractory_of(lo, population, &k);
    const nl_ref state = load(lo, lo->refractories[k].state);

    if (r->time == 0) return op2(lo, NL_OP_NE, state, number(lo, 0));
    if (lo->out->stepping == NL_STEP_ADAPTIVE)
        return op2(lo, NL_OP_GT, state, op2(lo, NL_OP_ADD, steps_now(lo), number(lo, 1e-9)));
    return op2(lo, NL_OP_GE, state, step);
}

nl_ref held(lowering *lo, uint32_t population)
{
    return held_in(lo, population, op2(lo, NL_OP_ADD, step_now(lo), number(lo, 1)));
}

nl_ref stays_if_held(lowering *lo, uint32_t var, nl_ref value, nl_ref step)
{
    if (!is_held(lo, var)) return value;
    return op3(lo, NL_OP_IF, held_in(lo, lo->model->vars.items[var].population, step), load(lo, lo->var_mem[var]),
               value);
}

/* --- memory --- */

static uint32_t space_of(const lowering *lo, uint32_t population)
{
    return lo->model->populations.items[population].space;
}

static uint32_t population_memory(lowering *lo, uint32_t population, const char *what)
{
    const nl_population *p = &lo->model->populations.items[population];

    return memory_add(lo, nl_arena_printf(lo->arena, "%s%s%s", p->name, p->name[0] != '\0' ? "." : "", what), p->space,
                      p->count, UINT32_MAX);
}

static bool is_detected(const nl_event *event)
{
    return event->population != UINT32_MAX && event->kind != NL_EVENT_TIMES;
}

void begin_events(lowering *lo)
{
    const nl_model *model = lo->model;

    for (size_t k = 0; k < model->events.count; k++) {
        const nl_event *event = &model->events.items[k];
        lo->events[k] = (nl_event_code){ .flag = UINT32_MAX,
                                         .spiked = UINT32_MAX,
                                         .mask = UINT32_MAX,
                                         .fires = UINT32_MAX,
                                         .holds = UINT32_MAX,
                                         .held_before = UINT32_MAX };
        if (is_detected(event) && space_of(lo, event->population) == 0)
            lo->events[k].flag = population_memory(lo, event->population, "fires");
    }
    for (size_t k = 0; k < model->refractories.count; k++)
        lo->refractories[k] = (nl_refractory_code){
            .list = UINT32_MAX, .state = population_memory(lo, model->refractories.items[k].population, "refractory")
        };
    lo->out->events = lo->events;
    lo->out->refractories = lo->refractories;
    lo->out->list_count = (uint32_t)(model->events.count + model->refractories.count);
}

nl_ref env_spiked(env *e, uint32_t event)
{
    lowering *lo = e->lo;
    nl_event_code *code = &lo->events[event];

    if (code->spiked == UINT32_MAX)
        code->spiked = population_memory(lo, lo->model->events.items[event].population, "spiked");
    if (!e->is_shifted) return op2(lo, NL_OP_NE, load(lo, code->spiked), number(lo, 0));
    if (is_one_by_one(e) || isnan(e->place)) return not_one_by_one(e, "`spiked`");
    return op2(lo, NL_OP_NE, ring(lo, code->spiked, (size_t)fmax(0, -floor(e->place)), false), number(lo, 0));
}

/* --- detection --- */

static nl_ref both(lowering *lo, nl_ref a, nl_ref b) { return op2(lo, NL_OP_AND, a, b); }

/* At most one element: the first of those with the largest value. */
static nl_ref only_largest(env *end, const nl_event *event, nl_ref condition)
{
    lowering *lo = end->lo;
    const uint32_t space = space_of(lo, event->population);
    const nl_ref value = op3(lo, NL_OP_IF, condition, env_eval(end, event->select), number(lo, -INFINITY));
    const nl_node largest = { .kind = NL_X_REDUCE,
                              .id = NL_R_ARGMAX,
                              .arg_count = 1,
                              .args = { value },
                              .number = (double)nl_graph_space(lo->graph, space)->count };

    if (space == 0) return condition;
    return both(lo, condition,
                op2(lo, NL_OP_EQ, nl_expr_leaf(lo->graph, NL_X_INDEX, 0, space, nl_dim_none),
                    nl_graph_add(lo->graph, &largest)));
}

static bool may_jump(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_STATE || node->kind == NL_X_PARAM || node->kind == NL_X_INPUT
           || node->kind == NL_X_SPIKED;
}

/* Steps of all kinds share what they know of a condition. */
static uint32_t tested_memory(lowering *lo, nl_ref condition)
{
    for (size_t k = 0; k < lo->tests.count; k++)
        if (lo->tests.items[k].condition == condition) return lo->tests.items[k].mem;
    const uint32_t space = nl_graph_node(lo->graph, condition)->space;
    const uint32_t mem = memory_add(lo, "tested", space, nl_graph_space(lo->graph, space)->count, UINT32_MAX);
    NL_PUSH(lo->arena, &lo->tests, ((test){ condition, mem }));
    NL_PUSH(lo->arena, &lo->out->visits, mem);
    return mem;
}

static bool is_stored(const nl_roots *roots, uint32_t mem)
{
    for (size_t k = 0; k < roots->count; k++)
        if (roots->items[k].mem == mem && roots->items[k].kind == NL_ROOT_STORE) return true;
    return false;
}

/* Whether something held before: when this step began or when the last one was tested, for in between bodies, synapses
 * and `set` may have changed the state.  In the first step there is no last one. */
static nl_ref held_before(env *after, nl_ref condition)
{
    lowering *lo = after->lo;
    const nl_ref began = env_eval(after->start, condition);

    if (after->tested == NULL || !nl_expr_any(lo->graph, condition, may_jump, NULL)) return began;
    const uint32_t mem = tested_memory(lo, condition);
    if (!is_stored(after->tested, mem))
        root_add(lo, after->tested, env_eval(after, condition), mem, true, (nl_span){ 0 });
    return op2(lo, NL_OP_OR, began, op2(lo, NL_OP_NE, load(lo, mem), number(lo, 0)));
}

nl_ref env_crossing(env *e, const nl_node *node)
{
    nl_ref args[NL_NODE_ARGS];
    bool any = false;

    for (int k = 0; k < node->arg_count; k++) {
        const nl_node *arg = nl_graph_node(e->lo->graph, node->args[k]);
        args[k] = arg->kind == NL_X_OLD ? arg->args[0] : node->args[k];
        any |= arg->kind == NL_X_OLD;
    }
    return any ? held_before(e, nl_expr_op(e->lo->graph, (nl_op)node->op, args, node->arg_count, node->dim)) : 0;
}

static nl_ref became_true(env *after, const nl_event *event)
{
    lowering *lo = after->lo;
    const nl_ref now = env_eval(after, event->condition);

    if (event->kind != NL_EVENT_EDGE) return now;
    return both(lo, now, held_before(after, op1(lo, NL_OP_NOT, event->condition)));
}

static bool is_spike(const nl_event *event) { return event->name != NULL && strcmp(event->name, "spikes") == 0; }

/* Some synapse adds to a variable that this population's neurons hold. */
static bool takes_held(const lowering *lo, uint32_t population)
{
    for (size_t k = 0; k < lo->model->pathways.count; k++) {
        const nl_pathway *path = &lo->model->pathways.items[k];
        for (size_t j = 0; j < path->writes.count; j++) {
            const nl_write *w = &path->writes.items[j];
            if (w->kind != NL_WRITE_OWN && lo->model->vars.items[w->var].population == population
                && is_held(lo, w->var))
                return true;
        }
    }
    return false;
}

static void emit_root(lowering *lo, nl_roots *roots, nl_ref node, uint32_t list, uint32_t space, nl_span span)
{
    const nl_root root = { .kind = NL_ROOT_EMIT, .node = node, .mem = list, .space = space, .span = span };

    NL_PUSH(lo->arena, roots, root);
}

/* Whether elements are still refractory; a spike that they must not have is left out. */
static nl_ref gated_by_refractory(env *end, nl_roots *roots, const nl_event *event, nl_ref condition)
{
    lowering *lo = end->lo;
    size_t k = 0;
    const nl_refractory *r = refractory_of(lo, event->population, &k);

    if (r == NULL) return condition;
    nl_ref blocked = held(lo, event->population);
    if (r->condition != 0) {
        blocked = both(lo, blocked, env_eval(end, r->condition));
        root_add(lo, roots, blocked, lo->refractories[k].state, true, r->span);
    }
    condition = both(lo, condition, op1(lo, NL_OP_NOT, blocked));
    if (takes_held(lo, event->population) && space_of(lo, event->population) != 0) {
        lo->refractories[k].list = (uint32_t)(lo->model->events.count + k);
        emit_root(lo, roots, op2(lo, NL_OP_OR, blocked, condition), lo->refractories[k].list,
                  space_of(lo, event->population), r->span);
    }
    return condition;
}

void lower_detection(env *end, nl_roots *roots)
{
    lowering *lo = end->lo;

    end->tested = roots;
    for (size_t k = 0; k < lo->model->events.count; k++) {
        const nl_event *event = &lo->model->events.items[k];
        if (!is_detected(event) || is_located(lo, k)) continue;
        nl_ref condition = became_true(end, event);
        if (is_spike(event)) condition = gated_by_refractory(end, roots, event, condition);
        if (event->select != 0) condition = only_largest(end, event, condition);
        if (space_of(lo, event->population) == 0)
            root_add(lo, roots, condition, lo->events[k].flag, true, event->span);
        else emit_root(lo, roots, condition, (uint32_t)k, space_of(lo, event->population), event->span);
    }
}

/* --- within the steps of adaptive methods --- */

static bool is_draw(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_DRAW;
}

static bool has_slopes(const lowering *lo)
{
    for (size_t k = 0; k < lo->out->memory.mems.count; k++)
        if (lo->out->memory.mems.items[k].slope != UINT32_MAX) return true;
    return false;
}

/* What is drawn is drawn once in a step; the past has values at whole steps, and so have jumps of what it is asked
 * for. */
bool is_located(const lowering *lo, size_t number_of)
{
    const nl_event *event = &lo->model->events.items[number_of];
    size_t k;
    const nl_refractory *r = refractory_of(lo, event->population, &k);

    return lo->out->stepping == NL_STEP_ADAPTIVE && is_detected(event) && (r == NULL || r->time != 0)
           && !nl_expr_any(lo->graph, event->condition, is_draw, NULL) && !has_slopes(lo);
}

void lower_location(env *within, nl_roots *roots)
{
    lowering *lo = within->lo;

    for (size_t k = 0; k < lo->model->events.count; k++) {
        const nl_event *event = &lo->model->events.items[k];
        nl_event_code *code = &lo->events[k];
        size_t r;
        if (!is_located(lo, k)) continue;
        code->fires = population_memory(lo, event->population, "fires");
        code->holds = population_memory(lo, event->population, "condition");
        code->held_before = population_memory(lo, event->population, "condition before");
        nl_ref condition = env_eval(within, event->condition);
        if (is_spike(event) && refractory_of(lo, event->population, &r) != NULL)
            condition = both(lo, condition, op1(lo, NL_OP_NOT, held(lo, event->population)));
        root_add(lo, roots, condition, code->holds, true, event->span);
        condition = both(lo, condition, op2(lo, NL_OP_EQ, load(lo, code->held_before), number(lo, 0)));
        if (event->select != 0) condition = only_largest(within, event, condition);
        root_add(lo, roots, condition, code->fires, true, event->span);
    }
}

void run_synapse_event(env *after, size_t number_of, nl_ref *values)
{
    lowering *lo = after->lo;
    const nl_event *event = &lo->model->events.items[number_of];
    const nl_ref condition = became_true(after, event);
    nl_ref *made = NL_NEW_ARRAY(lo->arena, nl_ref, event->assigns.count + 1);

    for (size_t k = 0; k < event->assigns.count; k++) {
        const nl_assign *a = &event->assigns.items[k];
        const nl_ref now = values[a->var] != 0 ? values[a->var] : load(lo, lo->var_mem[a->var]);
        made[k] = op3(lo, NL_OP_IF, condition, bounded(after, a->var, env_eval(after, a->value)), now);
    }
    for (size_t k = 0; k < event->assigns.count; k++) values[event->assigns.items[k].var] = made[k];
}

/* --- bodies of populations --- */

/* What can be computed for a few elements alone. */
static bool needs_all(void *user, const nl_node *node)
{
    (void)user;
    switch ((nl_node_kind)node->kind) {
    case NL_X_PART:
    case NL_X_REDUCE:
    case NL_X_PROPAGATE:
    case NL_X_SYNAPSE_SUM:
    case NL_X_SAMPLE: return true;
    default: return false;
    }
}

static bool is_pointwise(const lowering *lo, const nl_roots *roots)
{
    for (size_t k = 0; k < roots->count; k++)
        if (nl_expr_any(lo->graph, roots->items[k].node, needs_all, NULL)) return false;
    return true;
}

/* For all elements, of which those that did not fire keep what they have. */
static void mask_body(lowering *lo, uint32_t population, nl_event_code *code)
{
    code->mask = population_memory(lo, population, "fired");
    for (size_t k = 0; k < code->body.count; k++) {
        nl_root *root = &code->body.items[k];
        root->node = op3(lo, NL_OP_IF, op2(lo, NL_OP_NE, load(lo, code->mask), number(lo, 0)), root->node,
                         load(lo, root->mem));
    }
}

/* Rounded to whole steps, but for methods that choose their own. */
static nl_ref refractory_steps(lowering *lo, nl_ref time)
{
    const nl_ref steps = op2(lo, NL_OP_DIV, time, number(lo, lo->model->dt));

    if (lo->out->stepping == NL_STEP_ADAPTIVE) return steps;
    return op1(lo, NL_OP_FLOOR, op2(lo, NL_OP_ADD, steps, number(lo, 0.5)));
}

static void begin_refractory(env *e, const nl_event *event, nl_roots *roots)
{
    lowering *lo = e->lo;
    size_t k = 0;
    const nl_refractory *r = is_spike(event) ? refractory_of(lo, event->population, &k) : NULL;

    if (r == NULL) return;
    const nl_ref state = r->time == 0 ? number(lo, 1)
                                      : op2(lo, NL_OP_ADD, steps_now(lo), refractory_steps(lo, env_eval(e, r->time)));
    root_add(lo, roots, state, lo->refractories[k].state, false, r->span);
}

static void lower_body(lowering *lo, size_t number_of)
{
    const nl_event *event = &lo->model->events.items[number_of];
    nl_event_code *code = &lo->events[number_of];
    env *e = env_new(lo, number(lo, 0));

    if (event->population == UINT32_MAX) return;
    for (size_t k = 0; k < event->assigns.count; k++) {
        const nl_assign *a = &event->assigns.items[k];
        const nl_ref value = bounded(e, a->var, env_eval(e, a->value));
        root_add(lo, &code->body, is_spike(event) ? value : stays_if_held(lo, a->var, value, step_now(lo)),
                 lo->var_mem[a->var], false, a->span);
    }
    begin_refractory(e, event, &code->body);
    if (space_of(lo, event->population) != 0 && !is_pointwise(lo, &code->body))
        mask_body(lo, event->population, code);
}

/* --- pathways --- */

typedef struct path {
    lowering *lo;
    const nl_pathway *model;
    nl_pathway_code *code;
    nl_node_kind side;  /* of the neurons that fire: PRE or POST */
    int flag;           /* HAS_PRE or HAS_POST */
    uint32_t space;     /* of these neurons */
    nl_memo *memo;
} path;

/* Values of neurons are looked up one by one: a synapse needs few of them. */
static nl_ref looked_up(void *user, nl_graph *graph, nl_ref ref)
{
    nl_node node = *nl_graph_node(graph, ref);
    nl_ref args[NL_NODE_ARGS];

    (void)user;
    if (node.kind != NL_X_PRE && node.kind != NL_X_POST) return 0;
    const nl_node inner = *nl_graph_node(graph, node.args[0]);
    if (inner.kind != NL_X_OP) return 0;
    for (int k = 0; k < inner.arg_count; k++) {
        args[k] = inner.args[k];
        if (nl_graph_node(graph, args[k])->space == 0) continue;
        node.args[0] = args[k];
        args[k] = nl_graph_add(graph, &node);
        const nl_ref further = looked_up(NULL, graph, args[k]);
        if (further != 0) args[k] = further;
    }
    return nl_expr_op(graph, (nl_op)inner.op, args, inner.arg_count, inner.dim);
}

static bool is_changed_here(const path *p, const nl_node *value)
{
    if (value->kind != NL_X_LOAD) return true;
    for (size_t k = 0; k < p->model->writes.count; k++) {
        const nl_write *w = &p->model->writes.items[k];
        if (w->kind == NL_WRITE_OWN && p->lo->var_mem[w->var] == value->id) return true;
    }
    return false;
}

/* Something that one synapse writes and the next one reads. */
static bool is_written_in_turn(void *user, const nl_node *node)
{
    const path *p = user;

    if (node->kind != NL_X_LOAD || !p->model->in_turn) return false;
    for (size_t k = 0; k < p->model->writes.count; k++) {
        const nl_write *w = &p->model->writes.items[k];
        if (w->kind != NL_WRITE_OWN && p->lo->var_mem[w->var] == node->id) return true;
    }
    return false;
}

/* What is the same for all synapses of a neuron is computed once for the neuron. */
static nl_ref once_for_neuron(void *user, nl_graph *graph, nl_ref ref)
{
    path *p = user;
    lowering *lo = p->lo;
    nl_node node = *nl_graph_node(graph, ref);

    if (nl_graph_space(graph, node.space)->kind != NL_SPACE_SYNAPSES) {
        if (node.kind != NL_X_LOAD || !is_changed_here(p, &node)) return p->space == 0 ? 0 : ref;
    } else {
        if ((dependence_of(lo, ref) & (HAS_PRE | HAS_POST | HAS_OWN)) != p->flag) return 0;
        if (node.kind == p->side && !is_changed_here(p, nl_graph_node(graph, node.args[0]))) return ref;
        if (nl_expr_any(graph, ref, is_written_in_turn, p)) return node.kind == p->side ? ref : 0;
    }
    const uint32_t mem = memory_add(lo, "of the neuron", p->space, nl_graph_space(graph, p->space)->count, UINT32_MAX);
    root_add(lo, &p->code->neurons, strip_to(lo, ref, p->space), mem, false, p->model->span);
    const nl_node seen_value = { .kind = (uint8_t)p->side,
                                 .space = node.space,
                                 .dim = node.dim,
                                 .is_bool = node.is_bool,
                                 .arg_count = 1,
                                 .args = { load(lo, mem) } };
    return p->space == 0 ? load(lo, mem) : nl_graph_add(graph, &seen_value);
}

static nl_ref at_synapses(path *p, nl_ref value)
{
    lowering *lo = p->lo;
    const nl_ref shared = nl_expr_replace(lo->graph, value, once_for_neuron, p, p->memo);

    return nl_expr_replace(lo->graph, shared, looked_up, NULL, nl_memo_new(lo->arena));
}

static bool is_of_synapses(const lowering *lo, const nl_pathway *model, uint32_t var)
{
    return lo->model->vars.items[var].space == lo->model->projections.items[model->projection].space;
}

/* Where one state is changed, all that rest are brought up to now. */
static void visit_synapses(path *p, env *now, nl_ref *values)
{
    lowering *lo = p->lo;
    const lazy *z = lo->lazies[p->model->projection];
    bool is_visit = false;

    for (uint32_t v = 0; v < lo->model->vars.count; v++) is_visit |= values[v] != 0 && is_of_synapses(lo, p->model, v);
    if (z == NULL || !is_visit) return;
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (values[v] == 0 && lazy_of(lo, v) == z) values[v] = lazy_value(now, v);
    root_add(lo, z->by_row ? &p->code->neurons : &p->code->synapses, steps_now(lo), z->last, false, p->model->span);
}

/* The state of each synapse after the body, and what `when` makes of it. */
static void write_own(path *p)
{
    lowering *lo = p->lo;
    const nl_model *model = lo->model;
    env *before = env_new(lo, number(lo, 0)), *after = env_new(lo, number(lo, 0));
    nl_ref *values = NL_NEW_ARRAY(lo->arena, nl_ref, model->vars.count + 1);

    after->start = before;
    for (size_t k = 0; k < p->model->writes.count; k++) {
        const nl_write *w = &p->model->writes.items[k];
        if (w->kind == NL_WRITE_OWN) values[w->var] = bounded(before, w->var, env_eval(before, w->value));
    }
    visit_synapses(p, before, values);
    memcpy(after->state, values, model->vars.count * sizeof *values);
    for (size_t k = 0; k < model->events.count; k++)
        if (model->events.items[k].projection == p->model->projection) run_synapse_event(after, k, values);
    for (uint32_t v = 0; v < model->vars.count; v++) {
        if (values[v] == 0) continue;
        const nl_span span = model->vars.items[v].span;
        if (is_of_synapses(lo, p->model, v))
            root_add(lo, &p->code->synapses, at_synapses(p, values[v]), lo->var_mem[v], false, span);
        else root_add(lo, &p->code->neurons, strip_to(lo, values[v], p->space), lo->var_mem[v], false, span);
    }
}

static void write_neurons(path *p)
{
    lowering *lo = p->lo;
    env *e = env_new(lo, number(lo, 0));

    for (size_t k = 0; k < p->model->writes.count; k++) {
        const nl_write *w = &p->model->writes.items[k];
        if (w->kind == NL_WRITE_OWN) continue;
        nl_root root = { .kind = w->kind == NL_WRITE_ADD ? NL_ROOT_ADD : NL_ROOT_SET,
                         .mem = lo->var_mem[w->var],
                         .to_pre = w->to_pre,
                         .space = lo->model->projections.items[p->model->projection].space,
                         .span = w->span };
        nl_ref value = env_eval(e, w->value);
        if (w->condition != 0) {
            const nl_node kept = { .kind = w->to_pre ? NL_X_PRE : NL_X_POST,
                                   .space = root.space,
                                   .arg_count = 1,
                                   .args = { load(lo, root.mem) } };
            value = op3(lo, NL_OP_IF, env_eval(e, w->condition), value,
                        lo->model->vars.items[w->var].space == 0 ? load(lo, root.mem) : nl_graph_add(lo->graph, &kept));
        }
        root.node = at_synapses(p, value);
        NL_PUSH(lo->arena, &p->code->synapses, root);
    }
}

static void lower_pathway(lowering *lo, const nl_pathway *model, nl_pathway_code *code)
{
    const nl_projection *projection = &lo->model->projections.items[model->projection];
    const nl_part *part = model->on_post ? &projection->post : &projection->pre;
    path p = { .lo = lo,
               .model = model,
               .code = code,
               .side = model->on_post ? NL_X_POST : NL_X_PRE,
               .flag = model->on_post ? HAS_POST : HAS_PRE,
               .space = space_of(lo, part->population),
               .memo = nl_memo_new(lo->arena) };

    write_neurons(&p);
    write_own(&p);
}

void lower_event_code(lowering *lo)
{
    nl_pathway_code *pathways = NL_NEW_ARRAY(lo->arena, nl_pathway_code, lo->model->pathways.count + 1);

    for (size_t k = 0; k < lo->model->events.count; k++) lower_body(lo, k);
    for (size_t k = 0; k < lo->model->pathways.count; k++)
        lower_pathway(lo, &lo->model->pathways.items[k], &pathways[k]);
    lo->out->pathways = pathways;
}
