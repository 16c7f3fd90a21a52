/* Emission: segments with instructions from nodes that have their levels.  Each chunk register is written once here. */
#include "plan.h"

#include <assert.h>

typedef struct emitter {
    nl_plan *plan;
    nl_stage *stage;
    nl_segment *segment;
    nl_operand *local;  /* by node: where the segment that is being made has its value .. */
    uint32_t *local_in; /* .. which it has when this is the segment's number */
    uint32_t number;
    uint32_t level;
    uint32_t registers;
    NL_LIST(nl_ref) stack;
} emitter;

static nl_operand nowhere(void) { return nl_at(NL_AT_NONE, 0); }
static bool is_nowhere(nl_operand at) { return at.kind == NL_AT_NONE; }

/* --- finding values --- */

static const nl_projection *projection_of(const emitter *e, const nl_node *node)
{
    return &e->plan->model->projections.items[node->id];
}

/* The projection whose synapses see a neuron's value. */
static const nl_projection *seen_by(const emitter *e, const nl_node *node)
{
    return &e->plan->model->projections.items[nl_graph_space(e->plan->graph, node->space)->owner];
}

/* Part of an array that has got a place of its own since. */
static void find_part(emitter *e, nl_ref ref)
{
    const nl_node *node = nl_plan_source(e->plan, ref);
    nl_plan_node *n = &e->plan->nodes[ref];

    if (node->kind != NL_X_PART || n->space == 0 || nl_has_home(n)) return;
    const nl_operand source = e->plan->nodes[node->args[0]].home;
    if (source.kind == NL_AT_VIEW)
        n->home = nl_at(NL_AT_VIEW, nl_plan_part(e->plan, source.index, node->id, nl_plan_count(e->plan, node->space)));
}

static nl_operand value_of(emitter *e, nl_ref ref)
{
    find_part(e, ref);
    if (nl_has_home(&e->plan->nodes[ref])) return e->plan->nodes[ref].home;
    return e->local_in[ref] == e->number ? e->local[ref] : nowhere();
}

static void set_local(emitter *e, nl_ref ref, nl_operand at)
{
    e->local[ref] = at;
    e->local_in[ref] = e->number;
}

/* --- one instruction --- */

static void push(emitter *e, const nl_instr *instr)
{
    NL_PUSH(e->plan->arena, &e->segment->instrs, *instr);
}

static void copy(emitter *e, nl_operand dst, nl_operand from, nl_ref node)
{
    const nl_instr instr = { .kind = NL_I_COPY, .arg_count = 1, .dst = dst, .args = { from }, .node = node };

    push(e, &instr);
}

static nl_instr_kind instr_kind(const emitter *e, const nl_node *node)
{
    switch ((nl_node_kind)node->kind) {
    case NL_X_OP: return NL_I_OP;
    case NL_X_INDEX: return NL_I_INDEX;
    case NL_X_TIME: return NL_I_TIME;
    case NL_X_STEP: return NL_I_STEP;
    case NL_X_DRAW: return NL_I_DRAW;
    case NL_X_GATHER: return NL_I_GATHER;
    case NL_X_TABLE: return NL_I_TABLE;
    case NL_X_SAMPLE: return NL_I_SAMPLE;
    case NL_X_PRE: return NL_I_PRE;
    case NL_X_POST: return NL_I_POST;
    case NL_X_PROPAGATE: return NL_I_STENCIL;
    default: break;
    }
    assert((node->kind == NL_X_PART || node->kind == NL_X_LOAD || node->kind == NL_X_RING) &&
           "no instruction makes such a node");
    (void)e;
    return NL_I_COPY;
}

/* A number in memory, for scalar code. */
static nl_operand number_in_memory(emitter *e, const nl_node *node)
{
    nl_view view = { .kind = NL_V_MEM, .id = node->id, .count = nl_plan_count(e->plan, node->space) };

    if (node->kind == NL_X_RING) {
        if (node->args[0] != 0) view.id = e->plan->memory->mems.items[node->id].slope;
        view.lag = (uint32_t)node->number;
        view.end = node->end;
    }
    return nl_at(NL_AT_VIEW, nl_plan_view(e->plan, view));
}

/* The neurons of a part: projections number them from its beginning. */
static nl_operand within_part(emitter *e, nl_operand at, const nl_part *part)
{
    if (at.kind == NL_AT_VIEW) at.index = nl_plan_part(e->plan, at.index, part->begin, part->count);
    return at;
}

static void set_args(emitter *e, nl_instr *instr, const nl_node *node)
{
    for (int k = 0; k < node->arg_count && node->args[k] != 0; k++)
        instr->args[instr->arg_count++] = value_of(e, node->args[k]);
    if (instr->kind == NL_I_STENCIL) instr->args[0] = within_part(e, instr->args[0], &projection_of(e, node)->pre);
    if (instr->kind == NL_I_PRE) instr->args[0] = within_part(e, instr->args[0], &seen_by(e, node)->pre);
    if (instr->kind == NL_I_POST) instr->args[0] = within_part(e, instr->args[0], &seen_by(e, node)->post);
}

static void make(emitter *e, nl_ref ref, nl_operand dst)
{
    const nl_node *node = nl_plan_source(e->plan, ref);
    nl_instr instr = { .kind = (uint8_t)instr_kind(e, node), .op = node->op, .id = node->id, .dst = dst, .node = ref };

    if (node->kind == NL_X_LOAD && node->space != 0) {
        instr.kind = NL_I_WIDEN;
        instr.args[instr.arg_count++] = number_in_memory(e, node);
        push(e, &instr);
    } else if (node->kind == NL_X_LOAD || node->kind == NL_X_RING) {
        copy(e, dst, number_in_memory(e, node), ref);
    } else if (node->kind == NL_X_PART && e->plan->nodes[node->args[0]].space != 0) {
        const nl_operand source = value_of(e, node->args[0]);
        copy(e, dst, nl_at(NL_AT_VIEW, nl_plan_part(e->plan, source.index, node->id, 1)), ref);
    } else {
        set_args(e, &instr, node);
        if (instr.kind == NL_I_STENCIL) instr.right = node->end;
        if (instr.kind == NL_I_SAMPLE) instr.right = (uint8_t)node->number;
        push(e, &instr);
    }
}

/* --- expressions --- */

/* Memory without past is written where it is read, so its roots end the loop. */
static bool is_in_place(const emitter *e, const nl_output *output)
{
    const nl_view *view = &e->plan->program->views.items[output->view];

    return view->kind == NL_V_MEM && !view->next && e->plan->memory->mems.items[view->id].depth == 1;
}

static bool is_of_segment(const emitter *e, const nl_output *o)
{
    return o->level == e->level && o->space == e->segment->space;
}

/* The array of a root that this loop fills as it goes. */
static nl_operand root_array(const emitter *e, nl_ref ref)
{
    for (size_t k = 0; k < e->stage->outputs.count; k++) {
        const nl_output *o = &e->stage->outputs.items[k];
        if (o->node == ref && o->kind == NL_OUT_ROOT && is_of_segment(e, o) && !is_in_place(e, o))
            return nl_at(NL_AT_VIEW, o->view);
    }
    return nowhere();
}

static nl_operand destination(emitter *e, nl_ref ref)
{
    nl_plan_node *n = &e->plan->nodes[ref];
    nl_operand dst = root_array(e, ref);

    if (is_nowhere(dst) && !n->stored) return nl_at(NL_AT_REGISTER, e->registers++);
    if (is_nowhere(dst)) dst = nl_at(NL_AT_VIEW, nl_plan_own(e->plan, nl_plan_count(e->plan, n->space), false));
    if (n->stored || e->plan->program->views.items[dst.index].lasting) n->home = dst;
    return dst;
}

/* The first argument that is still to be computed in this loop, or 0. */
static nl_ref missing_arg(emitter *e, nl_ref ref)
{
    const nl_node *node = nl_plan_source(e->plan, ref);
    nl_ref missing = 0;

    for (int k = 0; k < node->arg_count; k++) {
        if (nl_node_reads(e->plan, node, k) == NL_READS_NOTHING || !is_nowhere(value_of(e, node->args[k]))) continue;
        if (missing == 0 || e->plan->nodes[node->args[k]].cost > e->plan->nodes[missing].cost) missing = node->args[k];
    }
    return missing;
}

static void compute_pushed(emitter *e, size_t bottom)
{
    while (e->stack.count > bottom) {
        const nl_ref ref = e->stack.items[e->stack.count - 1];
        const nl_ref missing = is_nowhere(value_of(e, ref)) ? missing_arg(e, ref) : 0;
        if (missing != 0) {
            NL_PUSH(e->plan->scratch, &e->stack, missing);
            continue;
        }
        e->stack.count--;
        if (!is_nowhere(value_of(e, ref))) continue;
        const nl_operand dst = destination(e, ref);
        make(e, ref, dst);
        set_local(e, ref, dst);
    }
}

static void compute(emitter *e, nl_ref ref)
{
    NL_PUSH(e->plan->scratch, &e->stack, ref);
    compute_pushed(e, e->stack.count - 1);
}

static void compute_args(emitter *e, nl_ref ref)
{
    for (nl_ref missing = missing_arg(e, ref); missing != 0; missing = missing_arg(e, ref)) compute(e, missing);
}

/* --- loops --- */

static nl_operand sum_target(emitter *e, nl_ref ref)
{
    nl_plan_node *n = &e->plan->nodes[ref];

    if (n->space == 0) n->home = nl_at(NL_AT_SCALAR, nl_plan_scalar(e->plan, 0));
    else n->home = nl_at(NL_AT_VIEW, nl_plan_own(e->plan, nl_plan_count(e->plan, n->space), false));
    return n->home;
}

/* What is reduced or summed is an array, even if every element is the same number. */
static void end_with_sum(emitter *e, const nl_output *output)
{
    const nl_node *node = nl_plan_source(e->plan, output->node);
    nl_instr instr = { .kind = output->kind == NL_OUT_REDUCE ? NL_I_REDUCE : NL_I_SUM,
                       .id = node->id,
                       .arg_count = 1,
                       .node = output->node };

    compute(e, node->args[0]);
    if (output->kind == NL_OUT_REDUCE) instr.op = (uint8_t)node->id;
    else instr.right = node->number != 0;
    instr.args[0] = value_of(e, node->args[0]);
    instr.dst = sum_target(e, output->node);
    push(e, &instr);
}

static void copy_to_root(emitter *e, const nl_output *output)
{
    const nl_operand at = value_of(e, output->node);

    if (at.kind != NL_AT_VIEW || at.index != output->view) copy(e, nl_at(NL_AT_VIEW, output->view), at, output->node);
}

/* The last instruction writes to memory, unless the value is somewhere already. */
static void store_in_place(emitter *e, const nl_output *output)
{
    const nl_operand dst = nl_at(NL_AT_VIEW, output->view);
    nl_plan_node *n = &e->plan->nodes[output->node];

    if (!is_nowhere(value_of(e, output->node))) {
        copy_to_root(e, output);
        return;
    }
    make(e, output->node, dst);
    set_local(e, output->node, dst);
    if (n->stored) n->home = dst;
}

static void emit_elements(emitter *e, const nl_output *output)
{
    nl_instr instr = { .kind = NL_I_EMIT, .id = output->of->mem, .arg_count = 1, .node = output->node };

    compute(e, output->node);
    instr.args[0] = value_of(e, output->node);
    push(e, &instr);
}

/* The neurons of a part: synapses number them from its beginning. */
static void scatter(emitter *e, const nl_output *output)
{
    const nl_projection *projection = &e->plan->model->projections.items[e->segment->id];
    const bool to_pre = output->of->to_pre;
    nl_instr instr = { .kind = output->of->kind == NL_ROOT_ADD ? NL_I_ADD : NL_I_SET,
                       .id = e->segment->id,
                       .right = to_pre,
                       .arg_count = 1,
                       .node = output->node };

    instr.args[0] = value_of(e, output->node);
    instr.dst = within_part(e, nl_at(NL_AT_VIEW, output->view), to_pre ? &projection->pre : &projection->post);
    push(e, &instr);
}

static void do_output(emitter *e, const nl_output *output)
{
    switch (output->kind) {
    case NL_OUT_ROOT:
        if (!is_in_place(e, output)) compute(e, output->node), copy_to_root(e, output);
        else if (is_nowhere(value_of(e, output->node))) compute_args(e, output->node);
        break;
    case NL_OUT_STORED: compute(e, output->node); break;
    case NL_OUT_REDUCE:
    case NL_OUT_SUM: end_with_sum(e, output); break;
    case NL_OUT_EMIT: emit_elements(e, output); break;
    case NL_OUT_SCATTER: compute(e, output->node); break;
    }
}

static void begin_segment(emitter *e, nl_segment_kind kind, uint32_t space)
{
    const nl_segment segment = {
        .kind = (uint8_t)kind, .space = space, .level = e->level, .count = nl_plan_count(e->plan, space)
    };

    NL_PUSH(e->plan->arena, &e->stage->segments, segment);
    e->segment = &e->stage->segments.items[e->stage->segments.count - 1];
    e->registers = 0;
    e->number++;
}

static void emit_loop(emitter *e, uint32_t space)
{
    const nl_space *s = nl_graph_space(e->plan->graph, space);

    begin_segment(e, s->kind == NL_SPACE_SYNAPSES ? NL_C_SYNAPSES : NL_C_LOOP, space);
    if (s->kind == NL_SPACE_SYNAPSES) e->segment->id = s->owner;
    for (size_t k = 0; k < e->stage->outputs.count; k++)
        if (is_of_segment(e, &e->stage->outputs.items[k])) do_output(e, &e->stage->outputs.items[k]);
    for (size_t k = 0; k < e->stage->outputs.count; k++) {
        const nl_output *o = &e->stage->outputs.items[k];
        if (is_of_segment(e, o) && o->kind == NL_OUT_ROOT && is_in_place(e, o)) store_in_place(e, o);
        if (is_of_segment(e, o) && o->kind == NL_OUT_SCATTER) scatter(e, o);
    }
}

/* --- numbers --- */

static bool is_due(const emitter *e, nl_ref ref, uint32_t level)
{
    const nl_plan_node *n = &e->plan->nodes[ref];

    return n->needed && !nl_has_home(n) && n->level == level;
}

static bool is_scalar_code(const nl_node *node)
{
    return node->kind != NL_X_REDUCE && node->kind != NL_X_SYNAPSE_SUM && node->kind != NL_X_PROPAGATE;
}

static void emit_numbers(emitter *e)
{
    bool begun = false;

    for (nl_ref ref = 1; ref < e->plan->node_count; ref++) {
        if (e->plan->nodes[ref].space != 0 || !is_due(e, ref, e->level) ||
            !is_scalar_code(nl_plan_source(e->plan, ref)))
            continue;
        if (!begun) begin_segment(e, NL_C_SCALAR, 0);
        begun = true;
        const nl_operand dst = nl_at(NL_AT_SCALAR, nl_plan_scalar(e->plan, 0));
        make(e, ref, dst);
        e->plan->nodes[ref].home = dst;
    }
}

/* --- propagation --- */

static void emit_propagate(emitter *e, nl_ref ref)
{
    const nl_node *node = nl_plan_source(e->plan, ref);
    const nl_projection *projection = projection_of(e, node);
    const bool to_pre = node->number != 0;

    begin_segment(e, NL_C_PROPAGATE, e->plan->nodes[ref].space);
    e->segment->id = node->id;
    e->segment->to_pre = to_pre;
    e->segment->rule = node->end;
    e->segment->source = within_part(e, value_of(e, node->args[0]), to_pre ? &projection->post : &projection->pre);
    if (node->args[1] != 0) e->segment->weights = value_of(e, node->args[1]);
    e->segment->target = sum_target(e, ref);
    e->segment->node = ref;
}

static bool is_propagated_now(const emitter *e, nl_ref ref)
{
    const nl_node *node = nl_plan_source(e->plan, ref);

    if (node->kind != NL_X_PROPAGATE || nl_node_is_stencil(e->plan, ref)) return false;
    return is_due(e, ref, e->level + (e->plan->nodes[ref].space == 0));
}

/* --- a level --- */

/* Synapses first: they read populations whose loops may write in place. */
static void emit_loops(emitter *e, bool synapses)
{
    const uint32_t begin = e->number;

    for (size_t k = 0; k < e->stage->outputs.count; k++) {
        const nl_output *o = &e->stage->outputs.items[k];
        bool done = (nl_graph_space(e->plan->graph, o->space)->kind == NL_SPACE_SYNAPSES) != synapses ||
                    o->level != e->level;
        for (size_t s = e->stage->segments.count - (e->number - begin); s < e->stage->segments.count && !done; s++)
            done = e->stage->segments.items[s].space == o->space;
        if (!done) emit_loop(e, o->space);
    }
}

static void emit_level(emitter *e)
{
    emit_numbers(e);
    for (nl_ref ref = 1; ref < e->plan->node_count; ref++)
        if (is_propagated_now(e, ref)) emit_propagate(e, ref);
    emit_loops(e, true);
    emit_loops(e, false);
}

/* Numbers that are stored at the end: their places are known now. */
static void resolve_stores(nl_plan *plan)
{
    for (size_t k = 0; k < plan->program->stores.count; k++) {
        nl_scalar_store *store = &plan->program->stores.items[k];
        const nl_operand at = plan->nodes[store->node].home;
        assert(at.kind == NL_AT_SCALAR);
        store->scalar = at.index;
    }
}

void nl_pass_emit(nl_plan *plan, nl_stage *stage)
{
    emitter e = { .plan = plan, .stage = stage };

    e.local = NL_NEW_ARRAY(plan->scratch, nl_operand, plan->node_count);
    e.local_in = NL_NEW_ARRAY(plan->scratch, uint32_t, plan->node_count);
    for (; e.level < stage->levels; e.level++) emit_level(&e);
    if (stage->is_body) resolve_stores(plan);
}
