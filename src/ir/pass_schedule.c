/* Order of the loops of a level: those that read memory before those that write it in place.  Order within a loop:
 * whatever frees more registers than it takes is done as soon as it can be, so that sums are added up as their terms
 * appear and a chunk's values stay in the nearest cache.  Stores in place keep their place at the end. */
#include "plan.h"

#include <string.h>

typedef struct scheduler {
    nl_plan *plan;
    const nl_segment *segment;
    uint32_t *left;    /* by register: reads that are still to come */
    size_t *maker;     /* by register, and by view of what this loop writes: 1 + the instruction */
    size_t *view_maker;
    bool *done;
} scheduler;

/* Registers come and go; views written in place are read as they were before. */
static bool is_last(const nl_plan *plan, const nl_instr *instr)
{
    const nl_view *view = instr->dst.kind == NL_AT_VIEW ? &plan->program->views.items[instr->dst.index] : NULL;

    return view != NULL && view->kind == NL_V_MEM && view->target && !view->next;
}

static size_t maker_of(const scheduler *s, nl_operand at)
{
    if (at.kind == NL_AT_REGISTER) return s->maker[at.index];
    return at.kind == NL_AT_VIEW ? s->view_maker[at.index] : 0;
}

static bool is_ready(const scheduler *s, const nl_instr *instr)
{
    for (int k = 0; k < instr->arg_count; k++) {
        const size_t maker = maker_of(s, instr->args[k]);
        if (maker != 0 && !s->done[maker - 1]) return false;
    }
    return true;
}

static bool is_repeated(const nl_instr *instr, int k)
{
    for (int j = 0; j < k; j++)
        if (instr->args[j].kind == instr->args[k].kind && instr->args[j].index == instr->args[k].index) return true;
    return false;
}

static uint32_t reads_of(const nl_instr *instr, uint32_t reg)
{
    uint32_t reads = 0;

    for (int k = 0; k < instr->arg_count; k++)
        reads += instr->args[k].kind == NL_AT_REGISTER && instr->args[k].index == reg;
    return reads;
}

/* Registers freed, less the one taken. */
static int gain(const scheduler *s, const nl_instr *instr)
{
    int gain = -(instr->dst.kind == NL_AT_REGISTER);

    for (int k = 0; k < instr->arg_count; k++) {
        if (instr->args[k].kind != NL_AT_REGISTER || is_repeated(instr, k)) continue;
        gain += s->left[instr->args[k].index] == reads_of(instr, instr->args[k].index);
    }
    return gain;
}

static size_t best(const scheduler *s, size_t count)
{
    size_t chosen = count;
    int most = 0;

    for (size_t k = 0; k < count; k++) {
        const nl_instr *instr = &s->segment->instrs.items[k];
        if (s->done[k] || !is_ready(s, instr)) continue;
        const int g = gain(s, instr);
        if (chosen == count || g > most) chosen = k, most = g;
        if (most > 0) break;
    }
    return chosen;
}

static void note(scheduler *s, size_t count)
{
    for (size_t k = 0; k < s->segment->instrs.count; k++) {
        const nl_instr *instr = &s->segment->instrs.items[k];
        for (int j = 0; j < instr->arg_count; j++)
            if (instr->args[j].kind == NL_AT_REGISTER) s->left[instr->args[j].index]++;
        if (k >= count) continue;
        if (instr->dst.kind == NL_AT_REGISTER) s->maker[instr->dst.index] = k + 1;
        if (instr->dst.kind == NL_AT_VIEW) s->view_maker[instr->dst.index] = k + 1;
    }
}

static void order(scheduler *s, nl_segment *segment, size_t count)
{
    nl_instr *ordered = NL_NEW_ARRAY(s->plan->arena, nl_instr, segment->instrs.count);

    for (size_t k = 0; k < segment->instrs.count; k++) {
        const size_t next = k < count ? best(s, count) : k;
        ordered[k] = segment->instrs.items[next];
        s->done[next] = true;
        for (int j = 0; j < ordered[k].arg_count; j++)
            if (ordered[k].args[j].kind == NL_AT_REGISTER) s->left[ordered[k].args[j].index]--;
    }
    segment->instrs.items = ordered;
    segment->instrs.room = segment->instrs.count;
}

static void schedule(nl_plan *plan, nl_segment *segment)
{
    size_t count = segment->instrs.count, registers = 0;

    while (count > 0 && is_last(plan, &segment->instrs.items[count - 1])) count--;
    for (size_t k = 0; k < segment->instrs.count; k++)
        if (segment->instrs.items[k].dst.kind == NL_AT_REGISTER && segment->instrs.items[k].dst.index >= registers)
            registers = (size_t)segment->instrs.items[k].dst.index + 1;
    scheduler s = { .plan = plan, .segment = segment, .left = NL_NEW_ARRAY(plan->scratch, uint32_t, registers),
                    .maker = NL_NEW_ARRAY(plan->scratch, size_t, registers),
                    .view_maker = NL_NEW_ARRAY(plan->scratch, size_t, plan->program->views.count),
                    .done = NL_NEW_ARRAY(plan->scratch, bool, segment->instrs.count) };
    note(&s, count);
    order(&s, segment, count);
}

/* --- loops --- */

static bool is_loop(const nl_segment *segment) { return segment->kind == NL_C_LOOP || segment->kind == NL_C_SYNAPSES; }

static bool reads_memory(const nl_plan *plan, const nl_segment *segment, uint32_t mem)
{
    for (size_t k = 0; k < segment->instrs.count; k++) {
        const nl_instr *instr = &segment->instrs.items[k];
        for (int j = 0; j < instr->arg_count; j++) {
            if (instr->args[j].kind != NL_AT_VIEW) continue;
            const nl_view *view = &plan->program->views.items[instr->args[j].index];
            if (view->kind == NL_V_MEM && !view->target && view->id == mem && view->lag == 0) return true;
        }
    }
    return false;
}

static bool must_follow(const nl_plan *plan, const nl_segment *writer, const nl_segment *reader)
{
    for (size_t k = 0; k < writer->instrs.count; k++) {
        const nl_instr *instr = &writer->instrs.items[k];
        if (is_last(plan, instr) && reads_memory(plan, reader, plan->program->views.items[instr->dst.index].id))
            return true;
    }
    return false;
}

/* The first loop that no other one has to read memory before; where they read each other's, just the first. */
static size_t next_loop(const nl_plan *plan, const nl_segment *loops, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        bool waits = false;
        for (size_t j = 0; j < count && !waits; j++) waits = j != k && must_follow(plan, &loops[k], &loops[j]);
        if (!waits) return k;
    }
    return 0;
}

static void order_loops(nl_plan *plan, nl_segment *loops, size_t count)
{
    for (; count > 1; loops++, count--) {
        const size_t next = next_loop(plan, loops, count);
        const nl_segment first = loops[next];
        memmove(loops + 1, loops, next * sizeof *loops);
        loops[0] = first;
    }
}

void nl_pass_schedule(nl_plan *plan, nl_stage *stage)
{
    nl_segment *segments = stage->segments.items;

    for (size_t k = 0; k < stage->segments.count; k++)
        if (is_loop(&segments[k])) schedule(plan, &segments[k]);
    for (size_t begin = 0, end; begin < stage->segments.count; begin = end) {
        for (end = begin + 1;
             end < stage->segments.count && is_loop(&segments[end]) && segments[end].level == segments[begin].level;)
            end++;
        if (is_loop(&segments[begin]))
            order_loops(plan, segments + begin, end - begin);
        else
            end = begin + 1;
    }
}
