#include "program.h"

#include "plan.h"

#include <assert.h>
#include <string.h>

/* --- nodes --- */

size_t nl_plan_count(const nl_plan *plan, uint32_t space)
{
    return nl_graph_space(plan->graph, space)->count;
}

/* A stencil without weights of its own is a sum of shifted arrays: an instruction of the loop that uses it. */
bool nl_node_is_stencil(const nl_plan *plan, nl_ref ref)
{
    const nl_node *node = nl_plan_source(plan, ref);

    if (node->kind != NL_X_PROPAGATE || node->args[1] != 0 || node->number != 0) return false;
    if (node->space == 0 || plan->nodes[node->args[0]].space == 0) return false;
    const nl_projection *p = &plan->model->projections.items[node->id];
    return (p->rule.kind == NL_RULE_OFFSETS || p->rule.kind == NL_RULE_KERNEL) && !p->by_pre;
}

nl_reading nl_node_reads(const nl_plan *plan, const nl_node *node, int arg)
{
    const nl_ref ref = node->args[arg];

    if (arg >= node->arg_count || ref == 0) return NL_READS_NOTHING;
    switch ((nl_node_kind)node->kind) {
    case NL_X_RING: return NL_READS_NOTHING; /* its argument is a flag */
    case NL_X_PROPAGATE:
    case NL_X_PRE:
    case NL_X_POST: return NL_READS_WHOLE;
    case NL_X_PART:
        return plan->nodes[ref].space != 0 ? NL_READS_WHOLE : NL_READS_ELEMENT; /* of a number: it, repeated */
    case NL_X_GATHER: return arg == 0 ? NL_READS_WHOLE : NL_READS_ELEMENT;
    case NL_X_REDUCE:
    case NL_X_SYNAPSE_SUM: return NL_READS_ALL_IN_TURN;
    default: return NL_READS_ELEMENT;
    }
}

static uint32_t widest(const nl_plan *plan, const nl_node *node)
{
    uint32_t space = 0;

    for (int k = 0; k < node->arg_count; k++)
        if (node->args[k] != 0 && plan->nodes[node->args[k]].space != 0) space = plan->nodes[node->args[k]].space;
    return space;
}

/* The space that a value really varies over. */
static uint32_t space_of(const nl_plan *plan, const nl_node *node)
{
    switch ((nl_node_kind)node->kind) {
    case NL_X_OP:
    case NL_X_TABLE: return widest(plan, node);
    case NL_X_GATHER: return plan->nodes[node->args[1]].space;
    case NL_X_REDUCE: return 0;
    case NL_X_SAMPLE: return node->number != 0 ? node->space : plan->memory->mems.items[node->id].space;
    default: return node->space;
    }
}

void nl_plan_extend(nl_plan *plan)
{
    const size_t size = nl_graph_size(plan->graph);

    if (size > plan->node_room) {
        const size_t room = size + size / 2;
        nl_plan_node *nodes = NL_NEW_ARRAY(plan->scratch, nl_plan_node, room);
        if (plan->node_count > 0) memcpy(nodes, plan->nodes, plan->node_count * sizeof *nodes);
        plan->nodes = nodes;
        plan->node_room = room;
    }
    for (; plan->node_count < size; plan->node_count++)
        plan->nodes[plan->node_count].space = space_of(plan, nl_plan_source(plan, (nl_ref)plan->node_count));
}

/* --- what programs are made of --- */

static bool same_view(const nl_view *a, const nl_view *b)
{
    return a->kind == b->kind && a->id == b->id && a->lag == b->lag && a->end == b->end && a->offset == b->offset &&
           a->count == b->count;
}

uint32_t nl_plan_target(nl_plan *plan, nl_view view)
{
    NL_PUSH(plan->arena, &plan->program->views, view);
    return (uint32_t)(plan->program->views.count - 1);
}

uint32_t nl_plan_view(nl_plan *plan, nl_view view)
{
    const nl_view *views = plan->program->views.items;

    for (size_t k = 0; k < plan->program->views.count; k++)
        if (!views[k].target && same_view(&views[k], &view)) return (uint32_t)k;
    return nl_plan_target(plan, view);
}

uint32_t nl_plan_own(nl_plan *plan, size_t count, bool lasting)
{
    const nl_view view = {
        .kind = NL_V_OWN, .count = count, .lasting = lasting, .id = (uint32_t)plan->program->views.count
    };

    return nl_plan_target(plan, view);
}

uint32_t nl_plan_part(nl_plan *plan, uint32_t view, size_t offset, size_t count)
{
    nl_view part = plan->program->views.items[view];

    if (offset == 0 && count == part.count) return view;
    part.offset += offset;
    part.count = count;
    return part.target ? nl_plan_target(plan, part) : nl_plan_view(plan, part);
}

uint32_t nl_plan_scalar(nl_plan *plan, double first)
{
    NL_PUSH(plan->arena, &plan->program->scalar_init, first);
    return (uint32_t)(plan->program->scalar_count++);
}

/* --- stages --- */

/* Marks what the stage's outputs are made of, as far as it has no home yet. */
void nl_stage_mark(nl_plan *plan, nl_stage *stage)
{
    for (size_t ref = 1; ref < plan->node_count; ref++) plan->nodes[ref].needed = false;
    for (size_t k = 0; k < stage->outputs.count; k++) plan->nodes[stage->outputs.items[k].node].needed = true;
    for (size_t k = 0; k < stage->numbers.count; k++) plan->nodes[stage->numbers.items[k]].needed = true;
    for (size_t ref = plan->node_count; ref-- > 1;) {
        const nl_node *node = nl_plan_source(plan, (nl_ref)ref);
        if (!plan->nodes[ref].needed || nl_has_home(&plan->nodes[ref])) continue;
        for (int k = 0; k < node->arg_count; k++)
            if (nl_node_reads(plan, node, k) != NL_READS_NOTHING) plan->nodes[node->args[k]].needed = true;
    }
}

static void build(nl_plan *plan, nl_stage *stage)
{
    nl_stage_mark(plan, stage);
    nl_pass_levels(plan, stage);
    nl_pass_emit(plan, stage);
}

/* What the prologue kept for itself is gone when the body runs. */
static void forget_own(nl_plan *plan)
{
    for (size_t ref = 1; ref < plan->node_count; ref++) {
        nl_plan_node *n = &plan->nodes[ref];
        if (n->home.kind != NL_AT_VIEW) continue;
        const nl_view *view = &plan->program->views.items[n->home.index];
        if (view->kind == NL_V_OWN && !view->lasting) n->home = nl_at(NL_AT_NONE, 0);
    }
}

static bool *find_written(const nl_plan *plan, const nl_root *roots, size_t count)
{
    bool *written = NL_NEW_ARRAY(plan->scratch, bool, plan->memory->mems.count + 1);

    for (size_t k = 0; k < count; k++)
        if (roots[k].kind != NL_ROOT_EMIT) written[roots[k].mem] = true;
    return written;
}

/* What keeps its value is not stored anew. */
static bool is_kept(const nl_plan *plan, const nl_root *root)
{
    const nl_node *node = nl_plan_source(plan, root->node);

    return root->kind == NL_ROOT_STORE && node->kind == NL_X_LOAD && node->id == root->mem
           && plan->memory->mems.items[root->mem].depth == 1;
}

static void take_roots(nl_plan *plan, const nl_root *roots, size_t count)
{
    plan->roots = NL_NEW_ARRAY(plan->arena, nl_root, count + 1);
    for (size_t k = 0; k < count; k++)
        if (!is_kept(plan, &roots[k])) plan->roots[plan->root_count++] = roots[k];
}

nl_program *nl_program_compile(nl_arena *arena, const nl_model *model, const nl_memory *memory, const char *name,
                               const nl_root *roots, size_t root_count, uint32_t selected)
{
    nl_plan plan = { .arena = arena, .scratch = nl_arena_new(), .model = model, .graph = model->graph, .memory = memory,
                     .program = NL_NEW(arena, nl_program) };
    nl_stage prologue = { 0 }, body = { .is_body = true };

    take_roots(&plan, roots, root_count);
    plan.written = find_written(&plan, roots, root_count);
    *plan.program = (nl_program){ .name = name, .graph = model->graph, .roots = plan.roots,
                                  .root_count = plan.root_count, .selected = selected };
    nl_plan_extend(&plan);

    nl_pass_simplify(&plan);
    nl_pass_hoist(&plan, &prologue, &body);
    build(&plan, &prologue);
    forget_own(&plan);
    build(&plan, &body);
    nl_pass_pairs(&plan, &prologue, &body);
    nl_pass_fuse(&plan, &prologue);
    nl_pass_fuse(&plan, &body);
    nl_pass_schedule(&plan, &prologue);
    nl_pass_schedule(&plan, &body);
    nl_pass_stores(&plan, &body);
    nl_pass_keep(&plan, &body);
    nl_pass_registers(&plan, &prologue);
    nl_pass_registers(&plan, &body);
    nl_pass_storage(&plan, &prologue, &body);
    plan.program->prologue = prologue.segments;
    plan.program->body = body.segments;
    nl_arena_free(plan.scratch);
    return plan.program;
}
