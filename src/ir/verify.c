#include "program.h"

#include "plan.h"

#include <string.h>

/* What a program promises is checked segment by segment, with what has been written so far. */
typedef struct verifier {
    nl_arena *arena;
    const nl_program *program;
    const nl_memory *memory;
    bool *scalars, *own, *registers; /* written */
    size_t segment;
    const char *part;
    const char *fault;
} verifier;

static void fail(verifier *v, const char *what, nl_operand at)
{
    if (v->fault == NULL)
        v->fault = nl_arena_printf(v->arena, "%s, segment %zu: %s (%u)", v->part, v->segment, what, at.index);
}

/* --- operands --- */

static void check_memory_view(verifier *v, const nl_view *view, nl_operand at)
{
    if (view->id >= v->memory->mems.count)
        fail(v, "memory that does not exist", at);
    else if (!view->next && view->lag >= v->memory->mems.items[view->id].depth)
        fail(v, "memory does not reach back that far", at);
    else if (view->offset + view->count > v->memory->mems.items[view->id].count)
        fail(v, "view leaves its memory", at);
}

static void check_own_view(verifier *v, const nl_view *view, nl_operand at)
{
    const nl_view *array = &v->program->views.items[view->id];

    if (array->kind != NL_V_OWN || view->offset + view->count > array->count) fail(v, "view leaves its array", at);
    else if (view->place + array->count > v->program->own_doubles) fail(v, "array leaves the own storage", at);
}

static const nl_view *view_of(verifier *v, nl_operand at)
{
    if (at.index < v->program->views.count) return &v->program->views.items[at.index];
    fail(v, "view that does not exist", at);
    return NULL;
}

static void check_view(verifier *v, nl_operand at, size_t count)
{
    const nl_view *view = view_of(v, at);

    if (view == NULL) return;
    if (view->kind == NL_V_MEM) check_memory_view(v, view, at);
    if (view->kind == NL_V_OWN) check_own_view(v, view, at);
    if (view->count < count) fail(v, "view is shorter than the loop", at);
}

static void check_read(verifier *v, nl_operand at, size_t count)
{
    const nl_view *view;

    switch ((nl_operand_kind)at.kind) {
    case NL_AT_NONE: fail(v, "operand is missing", at); break;
    case NL_AT_SCALAR:
        if (at.index >= v->program->scalar_count || !v->scalars[at.index])
            fail(v, "number is read before it is written", at);
        break;
    case NL_AT_REGISTER:
        if (at.index >= v->program->register_count || !v->registers[at.index])
            fail(v, "register is read before it is written", at);
        break;
    case NL_AT_VIEW:
        check_view(v, at, count);
        view = view_of(v, at);
        if (view != NULL && view->kind == NL_V_OWN && !v->own[view->id])
            fail(v, "array is read before it is written", at);
        break;
    }
}

static void note_written(verifier *v, nl_operand at, size_t count)
{
    switch ((nl_operand_kind)at.kind) {
    case NL_AT_NONE: fail(v, "result has no place", at); break;
    case NL_AT_SCALAR:
        if (at.index >= v->program->scalar_count) fail(v, "number outside of the scalar file", at);
        else v->scalars[at.index] = true;
        break;
    case NL_AT_REGISTER:
        if (at.index >= v->program->register_count) fail(v, "register outside of the file", at);
        else v->registers[at.index] = true;
        break;
    case NL_AT_VIEW:
        check_view(v, at, count);
        if (view_of(v, at) != NULL && view_of(v, at)->kind == NL_V_OWN) v->own[view_of(v, at)->id] = true;
        break;
    }
}

/* --- segments --- */

/* Whether what it writes are not the elements of the loop. */
static bool scatters(const nl_instr *instr) { return instr->kind == NL_I_ADD || instr->kind == NL_I_SET; }

static bool sums_up(const nl_instr *instr) { return instr->kind == NL_I_REDUCE || instr->kind == NL_I_SUM; }

static bool is_elementwise(const nl_instr *instr)
{
    return nl_instr_is_elementwise(instr) || instr->kind == NL_I_COPY;
}

static void check_instr(verifier *v, const nl_segment *segment, const nl_instr *instr)
{
    const bool is_scalar = segment->kind == NL_C_SCALAR;

    for (int k = 0; k < instr->arg_count; k++) {
        check_read(v, instr->args[k], nl_instr_reads_whole(instr, k) ? 0 : segment->count);
        if (is_scalar && instr->args[k].kind == NL_AT_REGISTER) fail(v, "scalar code reads a register", instr->args[k]);
        if (!is_scalar && !is_elementwise(instr) && instr->args[k].kind == instr->dst.kind &&
            instr->args[k].index == instr->dst.index)
            fail(v, "an instruction that may not overwrites its operand", instr->dst);
    }
    if (is_scalar && instr->dst.kind != NL_AT_SCALAR) fail(v, "scalar code writes an array", instr->dst);
    if (!is_scalar && !sums_up(instr) && instr->kind != NL_I_EMIT && instr->kind != NL_I_HIT)
        note_written(v, instr->dst, scatters(instr) ? 0 : segment->count);
}

/* Sums are there only when the loop is done. */
static void note_sums(verifier *v, const nl_segment *segment)
{
    for (size_t k = 0; k < segment->instrs.count; k++)
        if (sums_up(&segment->instrs.items[k])) note_written(v, segment->instrs.items[k].dst, 0);
}

static void check_segment(verifier *v, const nl_segment *segment)
{
    memset(v->registers, 0, v->program->register_count * sizeof *v->registers);
    for (size_t k = 0; k < segment->instrs.count; k++) {
        check_instr(v, segment, &segment->instrs.items[k]);
        if (segment->kind == NL_C_SCALAR) note_written(v, segment->instrs.items[k].dst, 0);
    }
    note_sums(v, segment);
    if (segment->kind != NL_C_PROPAGATE) return;
    check_read(v, segment->source, 0);
    if (segment->weights.kind != NL_AT_NONE) check_read(v, segment->weights, 0);
    note_written(v, segment->target, segment->count);
}

static void check_segments(verifier *v, const char *part, const nl_segments *segments)
{
    v->part = part;
    for (v->segment = 0; v->segment < segments->count; v->segment++) check_segment(v, &segments->items[v->segment]);
}

/* Constants and slots are there from the beginning: whatever no instruction computes. */
static void note_given(verifier *v)
{
    const nl_segments *parts[] = { &v->program->prologue, &v->program->body };

    memset(v->scalars, 1, v->program->scalar_count);
    for (size_t part = 0; part < 2; part++)
        for (size_t s = 0; s < parts[part]->count; s++) {
            const nl_segment *segment = &parts[part]->items[s];
            if (segment->target.kind == NL_AT_SCALAR) v->scalars[segment->target.index] = false;
            for (size_t k = 0; k < segment->instrs.count; k++)
                if (segment->instrs.items[k].dst.kind == NL_AT_SCALAR)
                    v->scalars[segment->instrs.items[k].dst.index] = false;
        }
}

/* Each root's memory is written, by a loop or as a number. */
static bool is_stored(const nl_program *program, uint32_t mem)
{
    for (size_t k = 0; k < program->stores.count; k++)
        if (program->views.items[program->stores.items[k].view].id == mem) return true;
    for (size_t s = 0; s < program->body.count; s++)
        for (size_t k = 0; k < program->body.items[s].instrs.count; k++) {
            const nl_operand dst = program->body.items[s].instrs.items[k].dst;
            const nl_view *view = dst.kind == NL_AT_VIEW ? &program->views.items[dst.index] : NULL;
            if (view != NULL && view->kind == NL_V_MEM && view->target && view->id == mem) return true;
        }
    return false;
}

const char *nl_program_verify(nl_arena *arena, const nl_program *program, const nl_memory *memory)
{
    verifier v = { .arena = arena, .program = program, .memory = memory };

    v.scalars = NL_NEW_ARRAY(arena, bool, program->scalar_count);
    v.own = NL_NEW_ARRAY(arena, bool, program->views.count);
    v.registers = NL_NEW_ARRAY(arena, bool, program->register_count);
    note_given(&v);
    check_segments(&v, "prologue", &program->prologue);
    check_segments(&v, "body", &program->body);
    for (size_t k = 0; k < program->root_count; k++)
        if (program->roots[k].kind != NL_ROOT_EMIT && !is_stored(program, program->roots[k].mem))
            fail(&v, "a root is not stored", nl_at(NL_AT_VIEW, program->roots[k].mem));
    return v.fault;
}
