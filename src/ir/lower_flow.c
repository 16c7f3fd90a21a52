/* Continuous statements of projections.  A sum over synapses of an expression in pre, post and the synapse's own values
 * is taken apart into terms uniform * post * sum(weight * pre), which cost one sparse or dense product, a stencil or a
 * single sum; what cannot be taken apart is evaluated synapse by synapse.  Terms over the same connection and weights
 * become one sum. */
#include "lower_impl.h"

#include <string.h>

enum { TERM_LIMIT = 8 };

/* --- what a value in the synapses' space depends on --- */

static bool is_fixed_leaf(const nl_node *node)
{
    switch ((nl_node_kind)node->kind) {
    case NL_X_CONST:
    case NL_X_SLOT:
    case NL_X_ARRAY:
    case NL_X_INDEX:
    case NL_X_PARAM: return true;
    default: return false;
    }
}

static bool is_dynamic_leaf(void *user, const nl_node *node)
{
    (void)user;
    switch ((nl_node_kind)node->kind) {
    case NL_X_OP:
    case NL_X_GATHER:
    case NL_X_PART:
    case NL_X_REDUCE:
    case NL_X_PRE:
    case NL_X_POST: return false;
    default: return !is_fixed_leaf(node);
    }
}

/* Differs between synapses only as far as its arguments do. */
static bool follows_arguments(const nl_node *node) { return node->kind == NL_X_OP || node->kind == NL_X_TABLE; }

/* What a past value depends on; one that leads back to itself is the synapse's own. */
static int past_dependence(lowering *lo, nl_ref ref, nl_ref expr)
{
    lo->known[ref] = (HAS_PRE | HAS_POST | HAS_OWN | IS_DYNAMIC) + 1;
    return dependence_of(lo, expr);
}

static int find_dependence(lowering *lo, nl_ref ref)
{
    const nl_graph *graph = lo->graph;
    const nl_node *node = nl_graph_node(graph, ref);
    const bool in_synapses = nl_graph_space(lo->graph, node->space)->kind == NL_SPACE_SYNAPSES;
    int flags = 0;

    switch ((nl_node_kind)node->kind) {
    case NL_X_GATHER: /* the source is read as a whole */
        return dependence_of(lo, node->args[1]) | (dependence_of(lo, node->args[0]) & IS_DYNAMIC);
    case NL_X_PRE: return HAS_PRE | (nl_expr_any(graph, node->args[0], is_dynamic_leaf, NULL) ? IS_DYNAMIC : 0);
    case NL_X_POST: return HAS_POST | (nl_expr_any(graph, node->args[0], is_dynamic_leaf, NULL) ? IS_DYNAMIC : 0);
    case NL_X_DELAY:
        return IS_DYNAMIC | (in_synapses ? past_dependence(lo, ref, lo->dels.items[node->id].expr) : 0)
               | dependence_of(lo, lo->dels.items[node->id].delay);
    case NL_X_PREV:
        return IS_DYNAMIC | (in_synapses ? past_dependence(lo, ref, lo->prevs.items[node->id].expr) : 0);
    default: break;
    }
    flags = in_synapses && !follows_arguments(node) ? HAS_OWN : 0;
    if (is_dynamic_leaf(NULL, node)) flags |= IS_DYNAMIC;
    for (int k = 0; k < node->arg_count; k++) flags |= dependence_of(lo, node->args[k]);
    return flags;
}

int dependence_of(lowering *lo, nl_ref ref)
{
    if (ref >= lo->known_room) {
        const size_t room = 2 * nl_graph_size(lo->graph);
        uint8_t *known = NL_NEW_ARRAY(lo->arena, uint8_t, room);
        if (lo->known_room > 0) memcpy(known, lo->known, lo->known_room);
        lo->known = known;
        lo->known_room = room;
    }
    if (lo->known[ref] == 0) {
        const uint8_t flags = (uint8_t)(find_dependence(lo, ref) + 1); /* may make room */
        lo->known[ref] = flags;
    }
    return lo->known[ref] - 1;
}

/* --- a value that depends on one side alone, as that side's neurons see it --- */

typedef struct stripping {
    lowering *lo;
    nl_memo *memo;
    uint32_t space; /* of the side's population */
} stripping;

static nl_ref strip(stripping *s, nl_ref ref);

static nl_ref stripped_delay(stripping *s, nl_node node)
{
    lowering *lo = s->lo;
    nl_delay_def def = lo->dels.items[node.id];
    const nl_delay_range range = lo->ranges.items[node.id];

    def.expr = strip(s, def.expr);
    def.delay = strip(s, def.delay);
    def.space = s->space;
    NL_PUSH(lo->arena, &lo->dels, def);
    NL_PUSH(lo->arena, &lo->ranges, range);
    node.id = (uint32_t)(lo->dels.count - 1);
    node.space = s->space;
    return nl_graph_add(lo->graph, &node);
}

static nl_ref stripped_previous(stripping *s, nl_node node)
{
    lowering *lo = s->lo;
    nl_prev_def def = lo->prevs.items[node.id];
    const nl_node *expr;
    uint32_t mem = UINT32_MAX;

    def.expr = strip(s, def.expr);
    if (def.first != 0) def.first = strip(s, def.first);
    def.space = s->space;
    expr = nl_graph_node(lo->graph, def.expr);
    if (expr->kind == NL_X_STATE && def.first == 0) {
        memory_want(lo, lo->var_mem[expr->id], 1);
    } else {
        mem = memory_add(lo, nl_arena_printf(lo->arena, "prev#%zu", lo->prevs.count), s->space,
                         nl_graph_space(lo->graph, s->space)->count, UINT32_MAX);
        memory_want(lo, mem, 1);
    }
    NL_PUSH(lo->arena, &lo->prevs, def);
    NL_PUSH(lo->arena, &lo->prev_mems, mem);
    node.id = (uint32_t)(lo->prevs.count - 1);
    node.space = s->space;
    return nl_graph_add(lo->graph, &node);
}

/* What is read at an index or a time: over the neurons, when index or time is. */
static nl_ref stripped_read(stripping *s, nl_node node)
{
    node.space = 0;
    for (int k = 0; k < node.arg_count; k++) {
        const bool is_source = node.kind == NL_X_GATHER && k == 0;
        if (is_source) continue;
        node.args[k] = strip(s, node.args[k]);
        if (nl_graph_node(s->lo->graph, node.args[k])->space != 0) node.space = s->space;
    }
    return nl_graph_add(s->lo->graph, &node);
}

static nl_ref strip_leaf(void *user, nl_graph *graph, nl_ref ref)
{
    stripping *s = user;
    const nl_node node = *nl_graph_node(graph, ref);
    const bool in_synapses = nl_graph_space(graph, node.space)->kind == NL_SPACE_SYNAPSES;

    switch ((nl_node_kind)node.kind) {
    case NL_X_PRE:
    case NL_X_POST: return node.args[0];
    case NL_X_GATHER:
    case NL_X_TABLE: return in_synapses ? stripped_read(s, node) : ref;
    case NL_X_DELAY: return in_synapses ? stripped_delay(s, node) : ref;
    case NL_X_PREV: return in_synapses ? stripped_previous(s, node) : ref;
    default: return 0;
    }
}

static nl_ref strip(stripping *s, nl_ref ref) { return nl_expr_replace(s->lo->graph, ref, strip_leaf, s, s->memo); }

nl_ref strip_to(lowering *lo, nl_ref ref, uint32_t space)
{
    stripping s = { lo, nl_memo_new(lo->arena), space };

    return strip(&s, ref);
}

/* --- taking apart --- */

typedef struct factoring {
    lowering *lo;
    const nl_projection *projection;
    bool failed; /* nothing can be taken out of the sum */
} factoring;

static nl_ref times(lowering *lo, nl_ref a, nl_ref b) { return a == 0 ? b : b == 0 ? a : op2(lo, NL_OP_MUL, a, b); }

static nl_ref over(lowering *lo, nl_ref a, nl_ref b) { return op2(lo, NL_OP_DIV, a != 0 ? a : number(lo, 1), b); }

/* Numbers in front of a value of one side stay outside of the sum, so that a stencil or a matrix can read the state
 * itself. */
static nl_ref without_numbers(lowering *lo, nl_ref ref, nl_ref *numbers)
{
    const nl_node node = *nl_graph_node(lo->graph, ref);
    const nl_ref a = node.args[0], b = node.args[1];

    if (node.kind != NL_X_OP) return ref;
    if (node.op == NL_OP_NEG) {
        *numbers = *numbers != 0 ? op1(lo, NL_OP_NEG, *numbers) : number(lo, -1);
        return without_numbers(lo, a, numbers);
    }
    if (node.op == NL_OP_MUL && nl_graph_node(lo->graph, a)->space == 0) {
        *numbers = times(lo, *numbers, a);
        return without_numbers(lo, b, numbers);
    }
    if (node.op == NL_OP_MUL && nl_graph_node(lo->graph, b)->space == 0) {
        *numbers = times(lo, *numbers, b);
        return without_numbers(lo, a, numbers);
    }
    if (node.op == NL_OP_DIV && nl_graph_node(lo->graph, b)->space == 0) {
        *numbers = over(lo, *numbers, b);
        return without_numbers(lo, a, numbers);
    }
    return ref;
}

/* A factor (or, `inverse`, a divisor) that depends on one thing only goes to its place; false when it depends on
 * more. */
static bool absorb(factoring *f, term *t, nl_ref factor, bool inverse)
{
    lowering *lo = f->lo;
    nl_ref (*const combine)(lowering *, nl_ref, nl_ref) = inverse ? over : times;
    const nl_model *model = lo->model;
    const int flags = dependence_of(lo, factor), sides = flags & (HAS_PRE | HAS_POST | HAS_OWN);

    if (!inverse && (sides == HAS_PRE || sides == HAS_POST || (sides != 0 && !(flags & IS_DYNAMIC))))
        factor = without_numbers(lo, factor, &t->uniform);
    if (sides == 0) t->uniform = combine(lo, t->uniform, factor);
    else if (sides == HAS_PRE)
        t->pre =
            combine(lo, t->pre, strip_to(lo, factor, model->populations.items[f->projection->pre.population].space));
    else if (sides == HAS_POST)
        t->post =
            combine(lo, t->post, strip_to(lo, factor, model->populations.items[f->projection->post.population].space));
    else if (!(flags & IS_DYNAMIC)) t->weight = combine(lo, t->weight, factor);
    else if (!inverse && t->weight == 0 && nl_graph_node(lo->graph, factor)->kind == NL_X_STATE) t->weight = factor;
    else return false;
    return true;
}

static void expand(factoring *f, nl_ref ref, terms *out);

/* A weight that changes is an array of its own. */
static bool is_changing(lowering *lo, nl_ref weight) { return weight != 0 && (dependence_of(lo, weight) & IS_DYNAMIC); }

static term multiplied(lowering *lo, term a, term b)
{
    return (term){ times(lo, a.uniform, b.uniform), times(lo, a.post, b.post), times(lo, a.pre, b.pre),
                   times(lo, a.weight, b.weight), 0 };
}

static void expand_product(factoring *f, nl_ref a, nl_ref b, terms *out)
{
    terms left = { 0 }, right = { 0 };

    expand(f, a, &left);
    expand(f, b, &right);
    if (left.count * right.count > TERM_LIMIT) f->failed = true;
    for (size_t i = 0; i < left.count && !f->failed; i++)
        for (size_t j = 0; j < right.count; j++) {
            const nl_ref one = left.items[i].weight, other = right.items[j].weight;
            if (one != 0 && other != 0 && (is_changing(f->lo, one) || is_changing(f->lo, other))) f->failed = true;
            const term t = multiplied(f->lo, left.items[i], right.items[j]);
            NL_PUSH(f->lo->arena, out, t);
        }
}

static void expand_negated(factoring *f, nl_ref ref, terms *out)
{
    terms inner = { 0 };

    expand(f, ref, &inner);
    for (size_t k = 0; k < inner.count; k++) {
        term t = inner.items[k];
        t.uniform = t.uniform != 0 ? op1(f->lo, NL_OP_NEG, t.uniform) : number(f->lo, -1);
        NL_PUSH(f->lo->arena, out, t);
    }
}

static void expand_quotient(factoring *f, nl_ref a, nl_ref b, terms *out)
{
    terms upper = { 0 };

    expand(f, a, &upper);
    for (size_t k = 0; k < upper.count; k++) {
        term t = upper.items[k];
        if (!absorb(f, &t, b, true)) f->failed = true;
        NL_PUSH(f->lo->arena, out, t);
    }
}

/* sin(p + q) and cos(p + q), p of the pre and q of the post neuron: the sum over all pairs becomes two sums over
 * neurons. */
static bool expand_phase(factoring *f, const nl_node *node, terms *out)
{
    lowering *lo = f->lo;
    terms phase = { 0 };
    nl_ref p = 0, q = 0;
    factoring inner = *f;

    expand(&inner, node->args[0], &phase);
    if (inner.failed) return false;
    for (size_t k = 0; k < phase.count; k++) {
        const term t = phase.items[k];
        if (t.weight != 0 || (t.pre != 0 && t.post != 0)) return false;
        const nl_ref part = times(lo, t.uniform, t.pre != 0 ? t.pre : t.post);
        nl_ref *const side = t.pre != 0 ? &p : &q;
        *side = *side == 0 ? part : op2(lo, NL_OP_ADD, *side, part);
    }
    if (p == 0 || q == 0) return false;
    const nl_op op = (nl_op)node->op, other = op == NL_OP_SIN ? NL_OP_COS : NL_OP_SIN;
    const term first = { .pre = op1(lo, op, p), .post = op1(lo, NL_OP_COS, q) };
    const term second = { .pre = op1(lo, other, p),
                          .post = op1(lo, NL_OP_SIN, q),
                          .uniform = op == NL_OP_COS ? number(lo, -1) : 0 };
    NL_PUSH(lo->arena, out, first);
    NL_PUSH(lo->arena, out, second);
    return true;
}

static void expand_mixed(factoring *f, const nl_node *node, terms *out)
{
    const nl_ref a = node->args[0], b = node->args[1];

    switch ((nl_op)node->op) {
    case NL_OP_ADD:
        expand(f, a, out);
        expand(f, b, out);
        break;
    case NL_OP_SUB:
        expand(f, a, out);
        expand_negated(f, b, out);
        break;
    case NL_OP_NEG: expand_negated(f, a, out); break;
    case NL_OP_MUL: expand_product(f, a, b, out); break;
    case NL_OP_DIV: expand_quotient(f, a, b, out); break;
    case NL_OP_SIN:
    case NL_OP_COS:
        if (!expand_phase(f, node, out)) f->failed = true;
        break;
    default: f->failed = true;
    }
}

/* Between all pairs a fixed weight that is the cosine of a difference needs no matrix. */
static bool prefers_phases(const factoring *f, const nl_node *node)
{
    if (f->projection->rule.kind != NL_RULE_ALL_TO_ALL || node->kind != NL_X_OP) return false;
    switch ((nl_op)node->op) {
    case NL_OP_SIN:
    case NL_OP_COS:
    case NL_OP_ADD:
    case NL_OP_SUB:
    case NL_OP_NEG:
    case NL_OP_MUL:
    case NL_OP_DIV: return true;
    default: return false;
    }
}

static void expand(factoring *f, nl_ref ref, terms *out)
{
    const nl_node node = *nl_graph_node(f->lo->graph, ref);
    const int flags = dependence_of(f->lo, ref);
    const bool is_fixed_pair = !(flags & (IS_DYNAMIC | HAS_OWN)) && (flags & HAS_PRE) && (flags & HAS_POST);
    term t = { 0 };

    if (f->failed) return;
    if (is_fixed_pair && prefers_phases(f, &node)) {
        factoring attempt = *f;
        terms phases = { 0 };
        expand_mixed(&attempt, &node, &phases);
        if (!attempt.failed) {
            for (size_t k = 0; k < phases.count; k++) NL_PUSH(f->lo->arena, out, phases.items[k]);
            return;
        }
    }
    if (absorb(f, &t, ref, false)) {
        NL_PUSH(f->lo->arena, out, t);
    } else if (node.kind == NL_X_OP) {
        expand_mixed(f, &node, out);
    } else {
        f->failed = true;
    }
}

/* What became of a continuous statement, for `explain`. */
static void note_flow(lowering *lo, const nl_flow *def, const terms *found)
{
    const nl_projection *p = &lo->model->projections.items[def->projection];

    if (lo->notes.length == 0) nl_text_adds(&lo->notes, "continuous statements\n");
    nl_text_addf(&lo->notes, "  %s into %s:", p->name, lo->model->vars.items[def->input].full_name);
    for (size_t k = 0; k < found->count; k++) {
        const term *t = &found->items[k];
        nl_text_adds(&lo->notes, k > 0 ? ";" : "");
        if (t->general != 0) nl_text_adds(&lo->notes, " evaluated synapse by synapse");
        else if (t->weight != 0) nl_text_adds(&lo->notes, " a sum weighted by the synapses");
        else if (p->rule.kind == NL_RULE_ALL_TO_ALL) nl_text_adds(&lo->notes, " one sum over all neurons");
        else nl_text_adds(&lo->notes, " a sum over each neuron's synapses, no weights");
        if (t->general == 0 && (def->to_pre ? t->pre : t->post) != 0)
            nl_text_adds(&lo->notes, ", times a factor of the receiving neuron");
        if (t->general == 0 && p->by_pre && !def->to_pre)
            nl_text_adds(&lo->notes, ", only from sources that are not 0");
    }
    nl_text_adds(&lo->notes, "\n");
}

void factor_flow(lowering *lo, size_t flow)
{
    const nl_flow *def = &lo->model->flows.items[flow];
    factoring f = { .lo = lo, .projection = &lo->model->projections.items[def->projection] };
    terms *out = &lo->flow_terms[flow];

    expand(&f, def->value, out);
    if (!f.failed) {
        note_flow(lo, def, out);
        return;
    }
    out->count = 0;
    const term whole = { .general = def->value };
    NL_PUSH(lo->arena, out, whole);
    note_flow(lo, def, out);
}

/* --- sums --- */

/* Values of a synapse that other values are computed from must be there. */
static bool give_memory(void *user, const nl_node *node)
{
    if (node->kind == NL_X_PARAM) variable_memory(user, node->id);
    return false;
}

static uint32_t weights_memory(lowering *lo, uint32_t projection, nl_ref node)
{
    const nl_node *n = nl_graph_node(lo->graph, node);
    const uint32_t space = lo->model->projections.items[projection].space;

    if (n->kind == NL_X_PARAM) return variable_memory(lo, n->id);
    for (size_t k = 0; k < lo->out->weights.count; k++)
        if (lo->out->weights.items[k].node == node && lo->out->weights.items[k].projection == projection)
            return lo->out->weights.items[k].mem;
    (void)nl_expr_any(lo->graph, node, give_memory, lo);
    const nl_weights_def def = {
        projection, node, memory_add(lo, "weights", space, nl_graph_space(lo->graph, space)->count, UINT32_MAX)
    };
    lo->out->memory.mems.items[def.mem].fixed = true;
    NL_PUSH(lo->arena, &lo->out->weights, def);
    return def.mem;
}

/* Rules whose connection carries its own weights need no value per synapse. */
static bool carries_weights(const lowering *lo, const nl_projection *p, nl_ref weight)
{
    const nl_node *n = nl_graph_node(lo->graph, weight);

    return (p->rule.kind == NL_RULE_LOW_RANK || p->rule.kind == NL_RULE_KERNEL || p->rule.kind == NL_RULE_WEIGHTS)
           && n->kind == NL_X_PARAM && n->id == p->rule.weight_var;
}

static nl_ref ones_over(lowering *lo, uint32_t space)
{
    for (size_t k = 0; k < lo->out->ones.count; k++)
        if (lo->out->memory.mems.items[lo->out->ones.items[k]].space == space) return load(lo, lo->out->ones.items[k]);
    const uint32_t mem = memory_add(lo, "ones", space, nl_graph_space(lo->graph, space)->count, UINT32_MAX);
    lo->out->memory.mems.items[mem].fixed = true;
    NL_PUSH(lo->arena, &lo->out->ones, mem);
    return load(lo, mem);
}

/* The sum over synapses of weight * source, for the neurons of the target side. */
static nl_ref propagated(env *e, const nl_flow *flow, nl_ref source, nl_ref weight)
{
    lowering *lo = e->lo;
    const nl_projection *p = &lo->model->projections.items[flow->projection];
    const uint32_t from = lo->model->populations.items[(flow->to_pre ? p->post : p->pre).population].space;
    const uint32_t to = lo->model->populations.items[(flow->to_pre ? p->pre : p->post).population].space;
    nl_node node = {
        .kind = NL_X_PROPAGATE, .id = flow->projection, .space = to, .arg_count = 1, .number = flow->to_pre
    };

    if (nl_graph_node(lo->graph, source)->space == 0 && from != 0)
        source = op2(lo, NL_OP_MUL, source, ones_over(lo, from));
    node.end = weight != 0 && carries_weights(lo, p, weight);
    if (weight != 0 && !node.end) {
        node.args[1] =
            is_changing(lo, weight) ? env_eval(e, weight) : load(lo, weights_memory(lo, flow->projection, weight));
        node.arg_count = 2;
    }
    node.args[0] = source;
    return nl_graph_add(lo->graph, &node);
}

static nl_ref general_sum(env *e, const nl_flow *flow, nl_ref value)
{
    lowering *lo = e->lo;
    const nl_projection *p = &lo->model->projections.items[flow->projection];
    nl_node node = { .kind = NL_X_SYNAPSE_SUM,
                     .id = flow->projection,
                     .arg_count = 1,
                     .number = flow->to_pre,
                     .space = lo->model->populations.items[(flow->to_pre ? p->pre : p->post).population].space };

    node.args[0] = env_eval(e, value);
    if (nl_graph_node(lo->graph, node.args[0])->space == 0) return propagated(e, flow, node.args[0], 0);
    return nl_graph_add(lo->graph, &node);
}

/* Terms of one input that differ in what they take from the source alone are summed before they are propagated. */
typedef struct group {
    const nl_flow *flow;
    nl_ref weight, post, uniform, source;
} group;

static bool joins(const group *g, const nl_flow *flow, const term *t)
{
    return g->flow->projection == flow->projection && g->flow->to_pre == flow->to_pre && g->weight == t->weight
           && g->post == (flow->to_pre ? t->pre : t->post);
}

static void add_term(env *e, const nl_flow *flow, const term *t, group *groups, size_t *count)
{
    lowering *lo = e->lo;
    nl_ref source = flow->to_pre ? t->post : t->pre;

    source = source != 0 ? env_eval(e, source) : number(lo, 1);
    for (size_t k = 0; k < *count; k++) {
        group *g = &groups[k];
        if (!joins(g, flow, t)) continue;
        if (g->uniform != 0) g->source = op2(lo, NL_OP_MUL, env_eval(e, g->uniform), g->source);
        if (t->uniform != 0) source = op2(lo, NL_OP_MUL, env_eval(e, t->uniform), source);
        g->uniform = 0;
        g->source = op2(lo, NL_OP_ADD, g->source, source);
        return;
    }
    groups[(*count)++] = (group){ flow, t->weight, flow->to_pre ? t->pre : t->post, t->uniform, source };
}

static nl_ref group_sum(env *e, const group *g)
{
    lowering *lo = e->lo;
    nl_ref value = propagated(e, g->flow, g->source, g->weight);

    if (g->uniform != 0) value = op2(lo, NL_OP_MUL, env_eval(e, g->uniform), value);
    if (g->post != 0) value = op2(lo, NL_OP_MUL, env_eval(e, g->post), value);
    return value;
}

static size_t count_terms(const lowering *lo, uint32_t input)
{
    size_t count = 0;

    for (size_t k = 0; k < lo->model->flows.count; k++)
        if (lo->model->flows.items[k].input == input) count += lo->flow_terms[k].count;
    return count;
}

static nl_ref plus(lowering *lo, nl_ref sum, nl_ref value) { return sum == 0 ? value : op2(lo, NL_OP_ADD, sum, value); }

nl_ref env_input(env *e, uint32_t input)
{
    lowering *lo = e->lo;
    const nl_model *model = lo->model;
    group *groups = NL_NEW_ARRAY(lo->arena, group, count_terms(lo, input) + 1);
    size_t count = 0;
    nl_ref sum = 0;

    if (e->input[input] != 0) return e->input[input];
    for (size_t k = 0; k < model->flows.count; k++) {
        const nl_flow *flow = &model->flows.items[k];
        if (flow->input != input) continue;
        for (size_t j = 0; j < lo->flow_terms[k].count; j++) {
            const term *t = &lo->flow_terms[k].items[j];
            if (t->general != 0) sum = plus(lo, sum, general_sum(e, flow, t->general));
            else add_term(e, flow, t, groups, &count);
        }
    }
    for (size_t k = 0; k < count; k++) sum = plus(lo, sum, group_sum(e, &groups[k]));
    e->input[input] = sum != 0 ? sum : number(lo, 0);
    return e->input[input];
}
