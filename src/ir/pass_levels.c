/* Levels: which loop computes what.  Everything is computed as late as its readers allow, beside the roots of its space
 * where possible, so that few values cross from one loop to another; what crosses is stored, unless computing it again
 * is cheaper. */
#include "plan.h"

#include <assert.h>
#include <string.h>

enum { CHEAP = 2 };

typedef struct leveler {
    nl_plan *plan;
    nl_stage *stage;
    size_t root_count;    /* of the stage's outputs */
    uint32_t *root_level; /* by space: of the loop with its roots */
} leveler;

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

static bool is_open(const nl_plan_node *n) { return n->needed && !nl_has_home(n); }

/* --- the earliest level --- */

static uint32_t earliest_after(const nl_plan *plan, const nl_node *node, int k)
{
    const nl_plan_node *arg = &plan->nodes[node->args[k]];
    const uint32_t level = nl_has_home(arg) ? 0 : arg->earliest;

    switch (nl_node_reads(plan, node, k)) {
    case NL_READS_NOTHING: return 0;
    case NL_READS_ELEMENT: return level;
    case NL_READS_WHOLE: return level + (arg->space != 0 && !nl_has_home(arg));
    default: return level + 1;
    }
}

static uint32_t find_earliest(nl_plan *plan)
{
    uint32_t last = 0;

    for (size_t ref = 1; ref < plan->node_count; ref++) {
        const nl_node *node = nl_plan_source(plan, (nl_ref)ref);
        nl_plan_node *n = &plan->nodes[ref];

        if (!is_open(n)) continue;
        n->earliest = 0;
        for (int k = 0; k < node->arg_count; k++)
            if (node->args[k] != 0) n->earliest = most(n->earliest, earliest_after(plan, node, k));
        if (node->kind == NL_X_PROPAGATE && n->space == 0) n->earliest++; /* numbers come first in a level */
        last = most(last, n->earliest);
    }
    return last;
}

/* --- what a reader at a level demands --- */

static void demand_element(leveler *l, nl_ref ref, uint32_t level)
{
    nl_plan_node *n = &l->plan->nodes[ref];

    if (nl_has_home(n)) return;
    if (n->space == 0) n->level = least(n->level, level);
    else n->uses[level / 64] |= (uint64_t)1 << level % 64;
}

static void demand_whole(leveler *l, nl_ref ref, uint32_t level)
{
    nl_plan_node *n = &l->plan->nodes[ref];

    if (nl_has_home(n)) return;
    if (n->space == 0) {
        n->level = least(n->level, level);
        return;
    }
    assert(level > 0 && "an array that is read whole is made by an earlier level");
    n->deadline = least(n->deadline, level - 1);
}

static void demand_args(leveler *l, const nl_node *node, uint32_t level)
{
    for (int k = 0; k < node->arg_count; k++) {
        const nl_reading reading = nl_node_reads(l->plan, node, k);
        if (reading == NL_READS_ELEMENT) demand_element(l, node->args[k], level);
        if (reading == NL_READS_WHOLE) demand_whole(l, node->args[k], level);
    }
}

static bool uses_level(const nl_plan_node *n, uint32_t level) { return (n->uses[level / 64] >> level % 64 & 1) != 0; }

static uint32_t first_use(const leveler *l, const nl_plan_node *n)
{
    for (uint32_t w = 0; w < l->stage->words; w++)
        if (n->uses[w] != 0) return 64 * w + (uint32_t)__builtin_ctzll(n->uses[w]);
    return NL_NO_LEVEL;
}

static bool has_one_use(const leveler *l, const nl_plan_node *n)
{
    int uses = 0;

    for (uint32_t w = 0; w < l->stage->words; w++) uses += __builtin_popcountll(n->uses[w]);
    return uses == 1;
}

/* A level from `from` to `until`: that of the space's roots where it can be. */
static uint32_t beside_roots(const leveler *l, uint32_t space, uint32_t from, uint32_t until)
{
    assert(from <= until);
    return most(from, least(l->root_level[space], until));
}

static void add_output(leveler *l, nl_output_kind kind, nl_ref ref, uint32_t space, uint32_t level)
{
    const nl_output output = { kind, ref, space, level, 0, NULL };

    NL_PUSH(l->plan->scratch, &l->stage->outputs, output);
}

/* --- placing nodes, readers before what they read --- */

/* A reduction or sum by neuron is the end of a loop that is done before level `until` + 1. */
static void place_sum(leveler *l, nl_ref ref, uint32_t until)
{
    const nl_node *node = nl_plan_source(l->plan, ref);
    const nl_plan_node *arg = &l->plan->nodes[node->args[0]];
    const uint32_t level = beside_roots(l, arg->space, nl_has_home(arg) ? 0 : arg->earliest, until);

    add_output(l, node->kind == NL_X_REDUCE ? NL_OUT_REDUCE : NL_OUT_SUM, ref, arg->space, level);
    demand_element(l, node->args[0], level);
}

static void place_number(leveler *l, nl_ref ref)
{
    const nl_node *node = nl_plan_source(l->plan, ref);
    const nl_plan_node *n = &l->plan->nodes[ref];

    if (node->kind == NL_X_REDUCE || node->kind == NL_X_SYNAPSE_SUM) place_sum(l, ref, n->level - 1);
    else demand_args(l, node, n->level - (node->kind == NL_X_PROPAGATE));
}

static void place_part(leveler *l, nl_ref ref)
{
    const nl_plan_node *n = &l->plan->nodes[ref];
    nl_plan_node *source = &l->plan->nodes[nl_plan_source(l->plan, ref)->args[0]];
    const uint32_t first = first_use(l, n);

    if (first != NL_NO_LEVEL) source->deadline = least(source->deadline, first - 1);
    source->deadline = least(source->deadline, n->deadline);
}

static bool is_root_at(const leveler *l, nl_ref ref, uint32_t level)
{
    for (size_t k = 0; l->plan->nodes[ref].root && k < l->stage->outputs.count; k++) {
        const nl_output *o = &l->stage->outputs.items[k];
        if (o->kind == NL_OUT_ROOT && o->node == ref && o->level == level) return true;
    }
    return false;
}

static void store_at(leveler *l, nl_ref ref, uint32_t level)
{
    nl_plan_node *n = &l->plan->nodes[ref];

    n->stored = true;
    n->level = level;
    if (!is_root_at(l, ref, level)) add_output(l, NL_OUT_STORED, ref, n->space, level);
    demand_args(l, nl_plan_source(l->plan, ref), level);
}

static bool is_cheap(const nl_plan *plan, nl_ref ref)
{
    const nl_node *node = nl_plan_source(plan, ref);

    if (node->kind == NL_X_INDEX) return true;
    if (node->kind != NL_X_OP || nl_ops[node->op].cost > CHEAP) return false;
    for (int k = 0; k < node->arg_count; k++)
        if (plan->nodes[node->args[k]].space != 0 && !nl_has_home(&plan->nodes[node->args[k]])) return false;
    return true;
}

static void place_element(leveler *l, nl_ref ref)
{
    nl_plan_node *n = &l->plan->nodes[ref];
    const uint32_t first = first_use(l, n);

    if (n->early && n->earliest < first && n->deadline == NL_NO_LEVEL) store_at(l, ref, n->earliest);
    else if (first != NL_NO_LEVEL && first <= n->deadline && n->deadline != NL_NO_LEVEL) store_at(l, ref, first);
    else if (n->deadline != NL_NO_LEVEL) store_at(l, ref, beside_roots(l, n->space, n->earliest, n->deadline));
    else if (!has_one_use(l, n) && !is_cheap(l->plan, ref)) store_at(l, ref, first);
    else
        for (uint32_t level = first; level < l->stage->levels; level++)
            if (uses_level(n, level)) demand_args(l, nl_plan_source(l->plan, ref), level);
}

static void place(leveler *l, nl_ref ref)
{
    const nl_node *node = nl_plan_source(l->plan, ref);
    nl_plan_node *n = &l->plan->nodes[ref];
    const uint32_t first = first_use(l, n);

    if (n->space == 0) {
        place_number(l, ref);
    } else if (node->kind == NL_X_PART && l->plan->nodes[node->args[0]].space != 0) {
        place_part(l, ref);
    } else if (node->kind == NL_X_PROPAGATE && !nl_node_is_stencil(l->plan, ref)) {
        n->stored = true;
        n->level = least(first, n->deadline);
        demand_args(l, node, n->level);
    } else if (node->kind == NL_X_SYNAPSE_SUM) {
        n->stored = true;
        place_sum(l, ref, least(first == NL_NO_LEVEL ? first : first - 1, n->deadline));
    } else {
        place_element(l, ref);
    }
}

static void reset(leveler *l)
{
    for (size_t ref = 1; ref < l->plan->node_count; ref++) {
        nl_plan_node *n = &l->plan->nodes[ref];
        if (!is_open(n)) continue;
        n->level = n->deadline = NL_NO_LEVEL;
        n->stored = false;
        memset(n->uses, 0, l->stage->words * sizeof *n->uses);
    }
    l->stage->outputs.count = l->root_count;
}

static void place_all(leveler *l)
{
    const uint32_t end = l->stage->levels - 1;

    reset(l);
    for (size_t k = 0; k < l->stage->outputs.count; k++) {
        nl_output *o = &l->stage->outputs.items[k];
        o->level = l->root_level[o->space];
        demand_element(l, o->node, o->level);
    }
    for (size_t k = 0; k < l->stage->numbers.count; k++) demand_element(l, l->stage->numbers.items[k], end);
    for (size_t ref = l->plan->node_count; ref-- > 1;)
        if (is_open(&l->plan->nodes[ref])) place(l, (nl_ref)ref);
}

static uint32_t *find_root_levels(const nl_plan *plan, const nl_stage *stage)
{
    uint32_t spaces = 0;

    for (size_t ref = 1; ref < plan->node_count; ref++) spaces = most(spaces, plan->nodes[ref].space);
    for (size_t k = 0; k < stage->outputs.count; k++) spaces = most(spaces, stage->outputs.items[k].space);
    uint32_t *levels = NL_NEW_ARRAY(plan->scratch, uint32_t, spaces + 1);
    for (size_t k = 0; k < stage->outputs.count; k++) {
        const nl_output *o = &stage->outputs.items[k];
        const nl_plan_node *n = &plan->nodes[o->node];
        if (!nl_has_home(n)) levels[o->space] = most(levels[o->space], n->earliest);
    }
    return levels;
}

/* Weights are stored where they are when nobody reads them afterwards: not before the last product with them.  True
 * when that changes a level. */
static bool put_off_weights(leveler *l)
{
    bool changed = false;

    for (nl_ref ref = 1; ref < l->plan->node_count; ref++) {
        const nl_node *node = nl_plan_source(l->plan, ref);
        const nl_plan_node *n = &l->plan->nodes[ref];
        if (node->kind != NL_X_PROPAGATE || !is_open(n) || node->args[1] == 0) continue;
        const nl_node *weights = nl_plan_source(l->plan, node->args[1]);
        uint32_t *level = &l->root_level[l->plan->nodes[node->args[1]].space];
        if (weights->kind != NL_X_LOAD || !l->plan->written[weights->id] || *level >= n->level) continue;
        *level = n->level;
        changed = true;
    }
    return changed;
}

/* --- sums over several levels --- */

static uint32_t last_use(const leveler *l, const nl_plan_node *n)
{
    uint32_t last = n->deadline == NL_NO_LEVEL ? 0 : n->deadline + 1;

    for (uint32_t w = 0; w < l->stage->words; w++)
        if (n->uses[w] != 0) last = most(last, 64 * w + 63 - (uint32_t)__builtin_clzll(n->uses[w]));
    return last;
}

/* How many arrays are kept, each for how many levels. */
static uint64_t upkeep(const leveler *l)
{
    uint64_t sum = 0;

    for (size_t ref = 1; ref < l->plan->node_count; ref++) {
        const nl_plan_node *n = &l->plan->nodes[ref];
        if (is_open(n) && n->stored && last_use(l, n) > n->level) sum += last_use(l, n) - n->level;
    }
    return sum;
}

/* A sum of values of several levels that is put off to the last one. */
static bool may_be_early(const leveler *l, nl_ref ref)
{
    const nl_node *node = nl_plan_source(l->plan, ref);
    const nl_plan_node *n = &l->plan->nodes[ref];

    if (!is_open(n) || n->space == 0 || n->stored || node->kind != NL_X_OP) return false;
    if ((node->op != NL_OP_ADD && node->op != NL_OP_SUB) || n->earliest >= first_use(l, n)) return false;
    return l->plan->nodes[node->args[0]].space != 0 && l->plan->nodes[node->args[1]].space != 0;
}

/* The terms of Runge-Kutta sums come level by level: adding them up as they come keeps one array instead of many. Tried
 * one by one, as the alternative may be better: terms that are kept for other sums anyway. */
static void add_up_early(leveler *l)
{
    enum { ATTEMPTS = 200 };
    uint64_t least_upkeep = upkeep(l);
    int attempts = 0;

    for (nl_ref ref = 1; ref < l->plan->node_count && attempts < ATTEMPTS; ref++) {
        if (!may_be_early(l, ref)) continue;
        attempts++;
        l->plan->nodes[ref].early = true;
        place_all(l);
        const uint64_t now = upkeep(l);
        l->plan->nodes[ref].early = now < least_upkeep;
        if (now < least_upkeep) least_upkeep = now;
        else place_all(l);
    }
}

static void make_room(leveler *l)
{
    for (size_t ref = 1; ref < l->plan->node_count; ref++)
        if (is_open(&l->plan->nodes[ref]))
            l->plan->nodes[ref].uses = NL_NEW_ARRAY(l->plan->scratch, uint64_t, l->stage->words);
}

/* --- roots that hold what later levels read --- */

/* Memory with a past is read at slots that this program does not write. */
static bool is_ring(const nl_plan *plan, const nl_output *output)
{
    const nl_view *view = &plan->program->views.items[output->view];

    return view->kind == NL_V_MEM && plan->memory->mems.items[view->id].depth > 1;
}

static void drop_stored(nl_stage *stage, nl_ref ref)
{
    size_t kept = 0;

    for (size_t k = 0; k < stage->outputs.count; k++)
        if (stage->outputs.items[k].kind != NL_OUT_STORED || stage->outputs.items[k].node != ref)
            stage->outputs.items[kept++] = stage->outputs.items[k];
    stage->outputs.count = kept;
}

/* A value that is stored for later levels, and at the end for a ring, is stored there at once. */
static void join_roots(leveler *l)
{
    for (size_t k = 0; k < l->root_count; k++) {
        nl_output *o = &l->stage->outputs.items[k];
        const nl_plan_node *n = &l->plan->nodes[o->node];

        if (o->kind != NL_OUT_ROOT || o->space == 0 || !is_open(n) || !n->stored || n->level >= o->level
            || !is_ring(l->plan, o))
            continue;
        o->level = n->level;
        drop_stored(l->stage, o->node);
    }
}

void nl_pass_levels(nl_plan *plan, nl_stage *stage)
{
    leveler l = { .plan = plan, .stage = stage, .root_count = stage->outputs.count };

    stage->levels = find_earliest(plan) + 2; /* numbers that are stored at the end have one for themselves */
    stage->words = (stage->levels + 63) / 64;
    make_room(&l);
    l.root_level = find_root_levels(plan, stage);
    place_all(&l);
    if (stage->is_body && put_off_weights(&l)) place_all(&l);
    if (stage->levels > 3) add_up_early(&l);
    if (stage->is_body) join_roots(&l);
}
