/* Hoisting: what nothing that changes in time enters is computed once, by the prologue. */
#include "plan.h"

#include <assert.h>

/* Arrays up to this size stay in the cache, where reading them is cheaper than computing anything again. */
enum { CACHED = 4096, CHEAP = 2, GREAT_COST = 1000 };

/* --- where leaves are found --- */

static nl_operand memory_view(nl_plan *plan, uint32_t mem, uint32_t lag, bool end)
{
    const nl_mem *m = &plan->memory->mems.items[mem];
    const nl_view view = {
        .kind = NL_V_MEM, .id = mem, .lag = lag, .end = end, .count = nl_plan_count(plan, m->space)
    };

    return nl_at(NL_AT_VIEW, nl_plan_view(plan, view));
}

static nl_operand ring_view(nl_plan *plan, const nl_node *node)
{
    const uint32_t mem = node->args[0] != 0 ? plan->memory->mems.items[node->id].slope : node->id;

    assert(mem != UINT32_MAX && "a slope was asked of a ring without slopes");
    return memory_view(plan, mem, (uint32_t)node->number, node->end);
}

static nl_operand slot(nl_plan *plan, const nl_node *node)
{
    const nl_scalar_load load = { nl_plan_scalar(plan, 0), node->id };

    NL_PUSH(plan->arena, &plan->program->slots, load);
    return nl_at(NL_AT_SCALAR, load.scalar);
}

static nl_operand part_view(nl_plan *plan, const nl_node *node)
{
    const nl_operand source = plan->nodes[node->args[0]].home;

    if (source.kind != NL_AT_VIEW) return nl_at(NL_AT_NONE, 0);
    return nl_at(NL_AT_VIEW, nl_plan_part(plan, source.index, node->id, nl_plan_count(plan, node->space)));
}

static nl_operand leaf_home(nl_plan *plan, const nl_node *node)
{
    const nl_operand none = nl_at(NL_AT_NONE, 0);
    nl_view view = { .kind = NL_V_ARRAY, .id = node->id };

    if (node->kind == NL_X_CONST) return nl_at(NL_AT_SCALAR, nl_plan_scalar(plan, node->number));
    if (node->kind == NL_X_SLOT) return slot(plan, node);
    if (node->space == 0) return none; /* numbers in memory are copied by scalar code */
    /* widened where it is used */
    if (node->kind == NL_X_LOAD && plan->memory->mems.items[node->id].single) return none;
    switch ((nl_node_kind)node->kind) {
    case NL_X_ARRAY: view.count = nl_plan_count(plan, node->space); return nl_at(NL_AT_VIEW, nl_plan_view(plan, view));
    case NL_X_LOAD: return memory_view(plan, node->id, 0, false);
    case NL_X_RING: return ring_view(plan, node);
    case NL_X_PART: return part_view(plan, node);
    default: return none;
    }
}

/* --- what is fixed, what it costs --- */

static bool is_fixed(const nl_plan *plan, const nl_node *node)
{
    switch ((nl_node_kind)node->kind) {
    case NL_X_CONST:
    case NL_X_SLOT:
    case NL_X_ARRAY:
    case NL_X_INDEX: return true;
    case NL_X_LOAD: {
        const nl_mem *mem = &plan->memory->mems.items[node->id];
        return mem->fixed && !mem->single && !plan->written[node->id];
    }
    case NL_X_TIME:
    case NL_X_STEP:
    case NL_X_RING:
    case NL_X_SAMPLE:
    case NL_X_DRAW: return false;
    default: break;
    }
    for (int k = 0; k < node->arg_count; k++)
        if (node->args[k] != 0 && !plan->nodes[node->args[k]].fixed) return false;
    return true;
}

static uint32_t own_cost(const nl_node *node)
{
    switch ((nl_node_kind)node->kind) {
    case NL_X_OP: return (uint32_t)nl_ops[node->op].cost;
    case NL_X_INDEX:
    case NL_X_LOAD: return 1;
    case NL_X_PRE:
    case NL_X_POST: return CHEAP; /* storing them would take more memory than the connections */
    case NL_X_PART: return 0;
    case NL_X_TABLE: return CHEAP + 1;
    default: return GREAT_COST;
    }
}

static uint32_t cost_of(const nl_plan *plan, const nl_node *node)
{
    uint32_t cost = own_cost(node);

    for (int k = 0; k < node->arg_count; k++) {
        const nl_plan_node *arg = &plan->nodes[node->args[k]];
        if (node->args[k] != 0 && arg->space != 0 && !nl_has_home(arg)) cost += arg->cost;
    }
    return cost < GREAT_COST ? cost : GREAT_COST;
}

static void note_leaves_and_costs(nl_plan *plan)
{
    for (size_t ref = 1; ref < plan->node_count; ref++) {
        const nl_node *node = nl_plan_source(plan, (nl_ref)ref);
        nl_plan_node *n = &plan->nodes[ref];

        if (!n->needed) continue;
        assert(!(node->kind >= NL_X_STATE && node->kind <= NL_X_WINDOW) && "lowering replaces what only models have");
        n->fixed = is_fixed(plan, node);
        n->home = leaf_home(plan, node);
        n->cost = cost_of(plan, node);
    }
}

/* --- what the prologue makes --- */

static bool is_worth_storing(const nl_plan *plan, nl_ref ref)
{
    const nl_plan_node *n = &plan->nodes[ref];
    const nl_node *node = nl_plan_source(plan, ref);

    if (node->kind == NL_X_PART && n->space != 0 && plan->nodes[node->args[0]].space != 0)
        return false; /* it is in its source */
    return n->space == 0 || n->whole || n->cost > CHEAP || nl_plan_count(plan, n->space) <= CACHED;
}

static void hoist(nl_plan *plan, nl_stage *prologue, nl_ref ref)
{
    const uint32_t space = plan->nodes[ref].space;

    if (space == 0) {
        NL_PUSH(plan->scratch, &prologue->numbers, ref);
        return;
    }
    const nl_output output = { NL_OUT_ROOT, ref, space, 0, nl_plan_own(plan, nl_plan_count(plan, space), true), NULL };
    plan->nodes[ref].root = true;
    NL_PUSH(plan->scratch, &prologue->outputs, output);
}

static void note_readings(nl_plan *plan, const nl_node *node)
{
    for (int k = 0; k < node->arg_count; k++) {
        const nl_reading reading = nl_node_reads(plan, node, k);
        if (reading == NL_READS_NOTHING) continue;
        plan->nodes[node->args[k]].element = true;
        plan->nodes[node->args[k]].whole |= reading == NL_READS_WHOLE;
    }
}

/* From the roots down to the first fixed nodes. */
static void find_fixed(nl_plan *plan, nl_stage *prologue)
{
    for (size_t k = 0; k < plan->root_count; k++) plan->nodes[plan->roots[k].node].element = true;
    for (size_t ref = plan->node_count; ref-- > 1;) {
        const nl_plan_node *n = &plan->nodes[ref];
        if (!n->element || nl_has_home(n)) continue;
        if (n->fixed && is_worth_storing(plan, (nl_ref)ref)) hoist(plan, prologue, (nl_ref)ref);
        else note_readings(plan, nl_plan_source(plan, (nl_ref)ref));
    }
}

/* --- what the body makes --- */

static void add_effect(nl_plan *plan, nl_stage *body, const nl_root *root)
{
    nl_output output = { .kind = NL_OUT_EMIT, .node = root->node, .space = root->space, .of = root };

    if (root->kind != NL_ROOT_EMIT) {
        const nl_mem *mem = &plan->memory->mems.items[root->mem];
        const nl_view view = { .kind = NL_V_MEM, .id = root->mem, .target = true, .scattered = true,
                               .count = nl_plan_count(plan, mem->space) };
        output.kind = NL_OUT_SCATTER;
        output.view = nl_plan_target(plan, view);
    }
    NL_PUSH(plan->scratch, &body->outputs, output);
}

static void add_root(nl_plan *plan, nl_stage *body, const nl_root *root)
{
    if (root->kind != NL_ROOT_STORE) {
        add_effect(plan, body, root);
        return;
    }
    const nl_mem *mem = &plan->memory->mems.items[root->mem];
    const nl_view view = { .kind = NL_V_MEM, .id = root->mem, .next = root->next && mem->depth > 1, .target = true,
                           .count = nl_plan_count(plan, mem->space) };
    const uint32_t target = nl_plan_target(plan, view);

    if (mem->space == 0) {
        const nl_scalar_store store = { 0, target, root->node, root->span }; /* the number's place is not known yet */
        NL_PUSH(plan->scratch, &body->numbers, root->node);
        NL_PUSH(plan->arena, &plan->program->stores, store);
    } else {
        const nl_output output = { NL_OUT_ROOT, root->node, mem->space, 0, target, NULL };
        plan->nodes[root->node].root = true;
        NL_PUSH(plan->scratch, &body->outputs, output);
    }
}

void nl_pass_hoist(nl_plan *plan, nl_stage *prologue, nl_stage *body)
{
    nl_stage roots = { 0 };

    for (size_t k = 0; k < plan->root_count; k++) NL_PUSH(plan->scratch, &roots.numbers, plan->roots[k].node);
    nl_stage_mark(plan, &roots);
    note_leaves_and_costs(plan);
    find_fixed(plan, prologue);
    for (size_t k = 0; k < plan->root_count; k++) add_root(plan, body, &plan->roots[k]);
}
