/* Registers: the chunk registers of a loop, written once each, share a few. */
#include "plan.h"

typedef struct allocator {
    nl_plan *plan;
    const nl_segment *segment;
    size_t *last;      /* by virtual register: 1 + the instruction that reads it last */
    uint32_t *given;
    NL_LIST(uint32_t) free;
    uint32_t count;
} allocator;

static size_t virtual_count(const nl_segment *segment)
{
    size_t count = 0;

    for (size_t k = 0; k < segment->instrs.count; k++) {
        const nl_operand dst = segment->instrs.items[k].dst;
        if (dst.kind == NL_AT_REGISTER && dst.index >= count) count = (size_t)dst.index + 1;
    }
    return count;
}

static void find_last_reads(allocator *a)
{
    for (size_t k = 0; k < a->segment->instrs.count; k++) {
        const nl_instr *instr = &a->segment->instrs.items[k];
        for (int j = 0; j < instr->arg_count; j++)
            if (instr->args[j].kind == NL_AT_REGISTER) a->last[instr->args[j].index] = k + 1;
    }
}

static uint32_t take(allocator *a)
{
    return a->free.count > 0 ? a->free.items[--a->free.count] : a->count++;
}

static void release_args(allocator *a, const nl_instr *instr, size_t k)
{
    for (int j = 0; j < instr->arg_count; j++) {
        if (instr->args[j].kind != NL_AT_REGISTER || a->last[instr->args[j].index] != k + 1) continue;
        a->last[instr->args[j].index] = 0; /* once, though it may be read twice */
        NL_PUSH(a->plan->scratch, &a->free, a->given[instr->args[j].index]);
    }
}

static void allocate(allocator *a, nl_instr *instr, size_t k)
{
    const nl_instr old = *instr;

    if (nl_instr_is_elementwise(&old)) release_args(a, &old, k);
    if (old.dst.kind == NL_AT_REGISTER) {
        a->given[old.dst.index] = take(a);
        instr->dst.index = a->given[old.dst.index];
    }
    if (!nl_instr_is_elementwise(&old)) release_args(a, &old, k);
    if (old.dst.kind == NL_AT_REGISTER && a->last[old.dst.index] == 0)
        NL_PUSH(a->plan->scratch, &a->free, instr->dst.index);
    for (int j = 0; j < old.arg_count; j++)
        if (old.args[j].kind == NL_AT_REGISTER) instr->args[j].index = a->given[old.args[j].index];
}

static void allocate_segment(nl_plan *plan, nl_segment *segment)
{
    const size_t count = virtual_count(segment);
    allocator a = { .plan = plan, .segment = segment, .last = NL_NEW_ARRAY(plan->scratch, size_t, count),
                    .given = NL_NEW_ARRAY(plan->scratch, uint32_t, count) };

    find_last_reads(&a);
    for (size_t k = 0; k < segment->instrs.count; k++) allocate(&a, &segment->instrs.items[k], k);
    if (a.count > plan->program->register_count) plan->program->register_count = a.count;
}

void nl_pass_registers(nl_plan *plan, nl_stage *stage)
{
    for (size_t s = 0; s < stage->segments.count; s++)
        if (stage->segments.items[s].kind != NL_C_SCALAR) allocate_segment(plan, &stage->segments.items[s]);
}
