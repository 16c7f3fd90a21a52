/* Stores that mostly change nothing: where memory gets a choice between a new value and what it holds, only the
 * elements that are chosen are written, and memory of which none is chosen is not touched. */
#include "plan.h"

#include <string.h>

static bool is_choice(const nl_instr *instr) { return instr->kind == NL_I_OP && instr->op == NL_OP_IF; }

static bool is_present(const nl_plan *plan, nl_operand at, uint32_t mem)
{
    const nl_view *view = at.kind == NL_AT_VIEW ? &plan->program->views.items[at.index] : NULL;

    return view != NULL && !view->target && view->kind == NL_V_MEM && view->id == mem && view->lag == 0
           && view->offset == 0;
}

static size_t reads_of(const nl_segment *segment, nl_operand at)
{
    size_t reads = 0;

    for (size_t k = 0; k < segment->instrs.count; k++)
        for (int j = 0; j < segment->instrs.items[k].arg_count; j++)
            reads +=
                segment->instrs.items[k].args[j].kind == at.kind && segment->instrs.items[k].args[j].index == at.index;
    return reads;
}

/* The choice that makes what `at` holds, for nobody else; the segment's instruction count where there is none. */
static size_t inner_choice(const nl_segment *segment, size_t before, nl_operand at)
{
    if (at.kind != NL_AT_REGISTER || reads_of(segment, at) != 1) return segment->instrs.count;
    for (size_t k = before; k-- > 0;)
        if (segment->instrs.items[k].dst.kind == NL_AT_REGISTER && segment->instrs.items[k].dst.index == at.index)
            return is_choice(&segment->instrs.items[k]) ? k : segment->instrs.count;
    return segment->instrs.count;
}

static void keep(nl_instr *instr, nl_operand dst)
{
    instr->kind = NL_I_KEEP;
    instr->arg_count = 2;
    instr->dst = dst;
}

/* The innermost choice is made first; all of them stand where the store stood, behind whoever reads the memory. */
static void keep_chain(nl_plan *plan, nl_segment *segment, size_t store, const size_t *chain, size_t count)
{
    const nl_operand dst = segment->instrs.items[store].dst;
    nl_instr *ordered = NL_NEW_ARRAY(plan->scratch, nl_instr, store + 1);
    size_t made = 0;

    for (size_t k = 0; k < store; k++) {
        bool is_moved = false;
        for (size_t c = 0; c < count; c++) is_moved |= chain[c] == k;
        if (!is_moved) ordered[made++] = segment->instrs.items[k];
    }
    for (size_t c = count; c-- > 0;) {
        ordered[made] = segment->instrs.items[chain[c]];
        keep(&ordered[made++], dst);
    }
    ordered[made] = segment->instrs.items[store];
    keep(&ordered[made], dst);
    memcpy(segment->instrs.items, ordered, (store + 1) * sizeof *ordered);
}

static void try_keep(nl_plan *plan, nl_segment *segment, size_t store)
{
    enum { LONGEST = 8 };
    const nl_instr *instr = &segment->instrs.items[store];
    const nl_view *view = instr->dst.kind == NL_AT_VIEW ? &plan->program->views.items[instr->dst.index] : NULL;
    size_t chain[LONGEST], count = 0, at = store;

    if (view == NULL || view->kind != NL_V_MEM || !view->target || view->next || !is_choice(instr)) return;
    while (!is_present(plan, segment->instrs.items[at].args[2], view->id)) {
        at = inner_choice(segment, at, segment->instrs.items[at].args[2]);
        if (at == segment->instrs.count || count == LONGEST) return;
        chain[count++] = at;
    }
    if (reads_of(segment, instr->dst) > 0) return;
    keep_chain(plan, segment, store, chain, count);
}

void nl_pass_keep(nl_plan *plan, nl_stage *stage)
{
    for (size_t s = 0; s < stage->segments.count; s++) {
        nl_segment *segment = &stage->segments.items[s];
        if (segment->kind != NL_C_SYNAPSES) continue; /* those of neurons are in the cache anyway */
        for (size_t k = 0; k < segment->instrs.count; k++) try_keep(plan, segment, k);
    }
}
