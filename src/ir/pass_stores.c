/* Stores: roots read memory as it is when the program begins.  Memory without past is written in place where nobody
 * reads it afterwards; else after the last reader of the chunk, else into its other array, which is then exchanged for
 * the present one, else through an array of the program's own. */
#include "plan.h"

typedef struct storing {
    nl_plan *plan;
    nl_stage *body;
    uint32_t view;        /* of the root */
    uint32_t mem;
    size_t segment, instr; /* that writes it */
    bool late;            /* read by a later instruction of the loop, at the same element */
    bool conflict;        /* read otherwise after it was written */
} storing;

bool nl_instr_reads_whole(const nl_instr *instr, int arg)
{
    switch ((nl_instr_kind)instr->kind) {
    case NL_I_GATHER:
    case NL_I_STENCIL:
    case NL_I_PRE:
    case NL_I_POST: return arg == 0;
    default: return false;
    }
}

static bool find_writer(storing *s)
{
    for (s->segment = 0; s->segment < s->body->segments.count; s->segment++) {
        const nl_segment *segment = &s->body->segments.items[s->segment];
        for (s->instr = 0; s->instr < segment->instrs.count; s->instr++) {
            const nl_operand dst = segment->instrs.items[s->instr].dst;
            if (dst.kind == NL_AT_VIEW && dst.index == s->view) return true;
        }
    }
    return false;
}

static bool is_old_value(const storing *s, nl_operand at)
{
    const nl_view *view = &s->plan->program->views.items[at.index];

    return at.kind == NL_AT_VIEW && !view->target && view->kind == NL_V_MEM && view->id == s->mem && view->lag == 0;
}

/* Samples read the past of a ring, and its slopes up to now unless they were told the newest one. */
static bool samples_old_value(const storing *s, const nl_instr *instr)
{
    if (instr->kind != NL_I_SAMPLE) return false;
    return instr->id == s->mem || (s->plan->memory->mems.items[instr->id].slope == s->mem && instr->arg_count < 2);
}

static void note_reader(storing *s, size_t segment, size_t k)
{
    const nl_instr *instr = &s->body->segments.items[segment].instrs.items[k];

    if (samples_old_value(s, instr)) s->conflict = true;
    for (int j = 0; j < instr->arg_count; j++) {
        if (!is_old_value(s, instr->args[j])) continue;
        const bool elsewhere = s->plan->program->views.items[instr->args[j].index].offset != 0;
        if (segment > s->segment || nl_instr_reads_whole(instr, j) || elsewhere) s->conflict = true;
        else if (k > s->instr) s->late = true;
    }
}

static void find_readers(storing *s)
{
    for (size_t segment = s->segment; segment < s->body->segments.count; segment++) {
        const nl_segment *seg = &s->body->segments.items[segment];
        if (is_old_value(s, seg->source) || is_old_value(s, seg->weights)) s->conflict = true;
        for (size_t k = 0; k < seg->instrs.count; k++) note_reader(s, segment, k);
    }
}

static void replace(nl_operand *at, uint32_t view, nl_operand new)
{
    if (at->kind == NL_AT_VIEW && at->index == view) *at = new;
}

static void add_copy(storing *s, nl_segment *segment, uint32_t to, nl_operand from, nl_ref node)
{
    const nl_instr copy = {
        .kind = NL_I_COPY, .arg_count = 1, .dst = nl_at(NL_AT_VIEW, to), .args = { from }, .node = node
    };

    NL_PUSH(s->plan->arena, &segment->instrs, copy);
}

static uint32_t new_register(const nl_segment *segment)
{
    uint32_t next = 0;

    for (size_t k = 0; k < segment->instrs.count; k++) {
        const nl_operand dst = segment->instrs.items[k].dst;
        if (dst.kind == NL_AT_REGISTER && dst.index >= next) next = dst.index + 1;
    }
    return next;
}

static void store_after_readers(storing *s)
{
    nl_segment *segment = &s->body->segments.items[s->segment];
    const nl_operand at = nl_at(NL_AT_REGISTER, new_register(segment));

    for (size_t k = s->instr; k < segment->instrs.count; k++) {
        nl_instr *instr = &segment->instrs.items[k];
        replace(&instr->dst, s->view, at);
        for (int j = 0; j < instr->arg_count; j++) replace(&instr->args[j], s->view, at);
    }
    add_copy(s, segment, s->view, at, segment->instrs.items[s->instr].node);
}

/* The view of a root may have parts: all of them go along. */
static bool is_of_root(const storing *s, const nl_view *view)
{
    return view->target && view->kind == NL_V_MEM && view->id == s->mem;
}

static void store_by_exchange(storing *s)
{
    for (size_t k = 0; k < s->plan->program->views.count; k++)
        if (is_of_root(s, &s->plan->program->views.items[k])) s->plan->program->views.items[k].next = true;
    NL_PUSH(s->plan->arena, &s->plan->program->swaps, s->mem);
}

static void store_by_copy(storing *s)
{
    const nl_segment from = s->body->segments.items[s->segment];
    const nl_view root = s->plan->program->views.items[s->view];
    nl_segment last = { .kind = from.kind, .id = from.id, .space = from.space, .count = from.count };

    for (size_t k = 0; k < s->plan->program->views.count; k++) {
        nl_view *view = &s->plan->program->views.items[k];
        if (!is_of_root(s, view)) continue;
        view->kind = NL_V_OWN;
        view->id = s->view;
        view->target = false;
    }
    add_copy(s, &last, nl_plan_target(s->plan, root), nl_at(NL_AT_VIEW, s->view), from.instrs.items[s->instr].node);
    NL_PUSH(s->plan->arena, &s->body->segments, last);
}

static void settle(storing *s)
{
    const nl_mem *mem = &s->plan->memory->mems.items[s->mem];

    if (!find_writer(s)) return;
    find_readers(s);
    if (!s->conflict && s->late) store_after_readers(s);
    else if (s->conflict && mem->depth == 1 && !mem->fixed && s->plan->program->selected == NL_SELECT_NONE)
        store_by_exchange(s); /* of selected elements the others stay */
    else if (s->conflict) store_by_copy(s);
}

/* --- values that are only stored --- */

/* The elementwise instruction that makes what instruction `copy` puts into memory, or NULL. */
static nl_instr *maker_of(const nl_segment *segment, size_t copy, size_t *at)
{
    const nl_operand from = segment->instrs.items[copy].args[0];

    for (*at = copy; from.kind == NL_AT_REGISTER && (*at)-- > 0;) {
        nl_instr *instr = &segment->instrs.items[*at];
        if (instr->dst.kind == NL_AT_REGISTER && instr->dst.index == from.index)
            return nl_instr_is_elementwise(instr) ? instr : NULL;
    }
    return NULL;
}

/* The maker of what is copied to memory writes there itself, if the old value has been read by then; who reads the
 * register reads the memory.  Returns whether the copy is superfluous. */
static bool store_at_once(const storing *s, nl_segment *segment, size_t copy)
{
    const nl_operand to = segment->instrs.items[copy].dst;
    size_t at;
    nl_instr *maker = maker_of(segment, copy, &at);

    if (maker == NULL) return false;
    const nl_operand from = maker->dst;
    for (size_t k = at + 1; k < copy; k++)
        for (int j = 0; j < segment->instrs.items[k].arg_count; j++)
            if (is_old_value(s, segment->instrs.items[k].args[j])) return false;
    maker->dst = to;
    for (size_t k = at + 1; k < segment->instrs.count; k++)
        for (int j = 0; j < segment->instrs.items[k].arg_count; j++) {
            nl_operand *arg = &segment->instrs.items[k].args[j];
            if (arg->kind == from.kind && arg->index == from.index) *arg = to;
        }
    return true;
}

/* Reads of the old value that stand after the copy have been ruled out when its place was found. */
static void drop_copies(nl_plan *plan, nl_segment *segment)
{
    size_t kept = 0;

    for (size_t k = 0; k < segment->instrs.count; k++) {
        const nl_instr instr = segment->instrs.items[k];
        const nl_view *view = instr.dst.kind == NL_AT_VIEW ? &plan->program->views.items[instr.dst.index] : NULL;
        const bool is_store = instr.kind == NL_I_COPY && view != NULL && view->kind == NL_V_MEM && view->target;
        const storing s = { .plan = plan, .mem = is_store ? view->id : 0 };
        if (!is_store || !store_at_once(&s, segment, k)) segment->instrs.items[kept++] = instr;
    }
    segment->instrs.count = kept;
}

void nl_pass_stores(nl_plan *plan, nl_stage *body)
{
    const size_t count = plan->program->views.count;

    for (uint32_t k = 0; k < count; k++) {
        const nl_view view = plan->program->views.items[k];
        storing s = { .plan = plan, .body = body, .view = k, .mem = view.id };
        if (view.target && !view.scattered && view.kind == NL_V_MEM && !view.next) settle(&s);
    }
    for (size_t k = 0; k < body->segments.count; k++)
        if (body->segments.items[k].kind != NL_C_SCALAR) drop_copies(plan, &body->segments.items[k]);
}
