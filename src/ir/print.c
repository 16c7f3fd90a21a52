#include "program.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

typedef struct printer {
    nl_text text;
    nl_arena *arena;
    const nl_program *program;
    const nl_model *model;
    const nl_memory *memory;
} printer;

/* --- names --- */

static const char *name_of(void *user, const nl_node *node)
{
    const printer *p = user;

    switch ((nl_node_kind)node->kind) {
    case NL_X_SLOT: return p->model->slots.items[node->id].name;
    case NL_X_ARRAY: return p->model->arrays.items[node->id].name;
    case NL_X_LOAD: return p->memory->mems.items[node->id].name;
    case NL_X_RING:
        if (node->args[0] != 0) return nl_arena_printf(p->arena, "slope of %s", p->memory->mems.items[node->id].name);
        return p->memory->mems.items[node->id].name;
    case NL_X_SAMPLE: return nl_arena_printf(p->arena, "past of %s", p->memory->mems.items[node->id].name);
    case NL_X_PROPAGATE:
        return nl_arena_printf(p->arena, "sum over %s of ", p->model->projections.items[node->id].name);
    case NL_X_SYNAPSE_SUM:
        return nl_arena_printf(p->arena, "sum over %s of ", p->model->projections.items[node->id].name);
    default: return NULL;
    }
}

static const char *expression(printer *p, nl_ref ref)
{
    return nl_expr_text(p->arena, p->program->graph, ref, name_of, p);
}

static const char *space_name(const nl_graph *graph, uint32_t space)
{
    const char *name = nl_graph_space(graph, space)->name;

    return name != NULL && name[0] != '\0' ? name : "top level";
}

static const char *lag_text(printer *p, const nl_view *view)
{
    if (view->next) return "[next]";
    if (view->lag == 0) return "";
    return nl_arena_printf(p->arena, "[-%" PRIu32 "%s]", view->lag, view->end ? " left" : "");
}

static const char *view_name(printer *p, uint32_t number)
{
    const nl_view *view = &p->program->views.items[number];
    const char *part = view->offset > 0
                           ? nl_arena_printf(p->arena, "[%zu:%zu]", view->offset, view->offset + view->count)
                           : "";

    switch ((nl_view_kind)view->kind) {
    case NL_V_MEM:
        return nl_arena_printf(p->arena, "%s%s%s", p->memory->mems.items[view->id].name, lag_text(p, view), part);
    case NL_V_ARRAY: return nl_arena_printf(p->arena, "%s%s", p->model->arrays.items[view->id].name, part);
    case NL_V_OWN: return nl_arena_printf(p->arena, "own%" PRIu32 "%s", view->id, part);
    }
    return "?";
}

/* Numbers that are constants are shown as such: nothing computes them. */
static bool is_computed(const nl_segments *segments, uint32_t scalar)
{
    for (size_t s = 0; s < segments->count; s++) {
        const nl_operand target = segments->items[s].target;
        if (target.kind == NL_AT_SCALAR && target.index == scalar) return true;
        for (size_t k = 0; k < segments->items[s].instrs.count; k++) {
            const nl_operand dst = segments->items[s].instrs.items[k].dst;
            if (dst.kind == NL_AT_SCALAR && dst.index == scalar) return true;
        }
    }
    return false;
}

static const char *scalar_name(printer *p, uint32_t scalar)
{
    for (size_t k = 0; k < p->program->slots.count; k++)
        if (p->program->slots.items[k].scalar == scalar)
            return p->model->slots.items[p->program->slots.items[k].slot].name;
    if (is_computed(&p->program->prologue, scalar) || is_computed(&p->program->body, scalar))
        return nl_arena_printf(p->arena, "s%" PRIu32, scalar);
    return nl_text_number(p->arena, p->program->scalar_init.items[scalar]);
}

static const char *operand(printer *p, nl_operand at)
{
    switch ((nl_operand_kind)at.kind) {
    case NL_AT_SCALAR: return scalar_name(p, at.index);
    case NL_AT_REGISTER: return nl_arena_printf(p->arena, "r%" PRIu32, at.index);
    case NL_AT_VIEW: return view_name(p, at.index);
    default: return "";
    }
}

/* --- code --- */

static const char *const pair_words[] = { "add", "sub", "mul", "div" };
static const char *const reduction_words[] = { "sum", "min", "max", "sumsq", "prod", "any", "all", "argmin", "argmax" };
static const char *const instr_words[] = {
    [NL_I_COPY] = "copy", [NL_I_INDEX] = "index",       [NL_I_GATHER] = "gather",   [NL_I_TABLE] = "table",
    [NL_I_DRAW] = "draw", [NL_I_SAMPLE] = "sample",     [NL_I_STENCIL] = "stencil", [NL_I_PRE] = "pre",
    [NL_I_POST] = "post", [NL_I_SUM] = "sum by neuron", [NL_I_TIME] = "time",       [NL_I_STEP] = "step",
    [NL_I_WIDEN] = "widen",         [NL_I_KEEP] = "keep, but for",
    [NL_I_EMIT] = "emit", [NL_I_CHAIN] = "chain",      [NL_I_ADD] = "add to",        [NL_I_SET] = "set",
    [NL_I_HIT] = "emit hits of draw",
};

static const char *instr_word(printer *p, const nl_instr *instr)
{
    switch ((nl_instr_kind)instr->kind) {
    case NL_I_OP: return nl_ops[instr->op].id;
    case NL_I_PAIR:
        return nl_arena_printf(p->arena, "%s-%s%s", pair_words[instr->first], pair_words[instr->second],
                               instr->right ? "-right" : "");
    case NL_I_REDUCE: return reduction_words[instr->op];
    case NL_I_CHOOSE: return nl_arena_printf(p->arena, "IF-%s", nl_ops[instr->op].id);
    default: return instr_words[instr->kind];
    }
}

/* Operands, and between those of a test what is tested. */
static const char *separator(printer *p, const nl_instr *instr, int k)
{
    if (k == 0) return instr->test_count > 0 && instr->tests[0].fails ? " not" : "";
    if (instr->test_count == 0) return ",";
    if (k % 2 == 1) return nl_arena_printf(p->arena, " %s", nl_ops[instr->tests[k / 2].op].name);
    const bool fails = instr->tests[k / 2].fails;
    if (instr->tests[k / 2].either) return fails ? " and either not" : " and either";
    if (instr->tests[k / 2 - 1].either) return fails ? " or not" : " or";
    return fails ? " and not" : " and";
}

/* The beginning of what may be a long expression. */
static const char *shortened(printer *p, nl_ref ref)
{
    enum { LONG = 60 };
    const char *text = expression(p, ref);

    return strlen(text) <= LONG ? text : nl_arena_printf(p->arena, "%.*s ..", LONG, text);
}

static void print_instr(printer *p, const nl_instr *instr)
{
    nl_text line = nl_text_new(p->arena);

    if (instr->kind == NL_I_EMIT) nl_text_addf(&line, "    list %u, %s", instr->id, instr_word(p, instr));
    else if (instr->kind == NL_I_HIT) nl_text_addf(&line, "    list %u, %s", instr->list, instr_word(p, instr));
    else nl_text_addf(&line, "    %s = %s", operand(p, instr->dst), instr_word(p, instr));
    for (int k = 0; k < instr->arg_count; k++)
        nl_text_addf(&line, "%s %s", separator(p, instr, k), operand(p, instr->args[k]));
    nl_text_addf(&p->text, "%-60s ; %s\n", line.chars, shortened(p, instr->node));
}

static void print_propagate(printer *p, const nl_segment *segment)
{
    const bool has_weights = segment->weights.kind != NL_AT_NONE;

    nl_text_addf(&p->text, "  propagate %s%s: %s = sum of %s%s%s\n", p->model->projections.items[segment->id].name,
                 segment->to_pre ? " backwards" : "", operand(p, segment->target),
                 has_weights     ? operand(p, segment->weights)
                 : segment->rule ? "weights of the rule"
                                 : "",
                 has_weights || segment->rule ? " * " : "", operand(p, segment->source));
}

static void print_segment(printer *p, const nl_segment *segment)
{
    switch ((nl_segment_kind)segment->kind) {
    case NL_C_SCALAR: nl_text_adds(&p->text, "  numbers\n"); break;
    case NL_C_LOOP:
        nl_text_addf(&p->text, "  loop over %s (%zu)\n", space_name(p->program->graph, segment->space), segment->count);
        break;
    case NL_C_SYNAPSES:
        nl_text_addf(&p->text, "  loop over synapses of %s (%zu)\n", p->model->projections.items[segment->id].name,
                     segment->count);
        break;
    case NL_C_PROPAGATE: print_propagate(p, segment); break;
    }
    for (size_t k = 0; k < segment->instrs.count; k++) print_instr(p, &segment->instrs.items[k]);
}

static void print_segments(printer *p, const char *title, const nl_segments *segments)
{
    if (segments->count == 0) return;
    nl_text_addf(&p->text, " %s\n", title);
    for (size_t k = 0; k < segments->count; k++) print_segment(p, &segments->items[k]);
}

static void print_ends(printer *p)
{
    for (size_t k = 0; k < p->program->stores.count; k++) {
        const nl_scalar_store *store = &p->program->stores.items[k];
        nl_text_addf(&p->text, "  store %s = %s\n", view_name(p, store->view), scalar_name(p, store->scalar));
    }
    for (size_t k = 0; k < p->program->swaps.count; k++)
        nl_text_addf(&p->text, "  exchange %s and %s[next]\n", p->memory->mems.items[p->program->swaps.items[k]].name,
                     p->memory->mems.items[p->program->swaps.items[k]].name);
}

/* The listing of a program: one line for each instruction, with the expression that it computes. */
const char *nl_program_text(nl_arena *arena, const nl_program *program, const nl_model *model, const nl_memory *memory)
{
    printer p = { nl_text_new(arena), arena, program, model, memory };

    nl_text_addf(&p.text, "program %s: %zu numbers, %zu registers, %zu doubles of its own\n", program->name,
                 program->scalar_count, program->register_count, program->own_doubles);
    print_segments(&p, "prologue", &program->prologue);
    print_segments(&p, "body", &program->body);
    print_ends(&p);
    return p.text.chars;
}

/* --- roots --- */

/* Numbers for the nodes with arguments that several others read, 1 for the oldest; arguments are older than what reads
 * them.  By node; 0: none. */
static uint32_t *number_shared(nl_arena *arena, const nl_graph *graph, const nl_root *roots, size_t root_count,
                               nl_ref *end)
{
    *end = 0;
    for (size_t k = 0; k < root_count; k++)
        if (roots[k].node >= *end) *end = roots[k].node + 1;
    uint32_t *numbers = NL_NEW_ARRAY(arena, uint32_t, *end), count = 0; /* of readers, at first */
    for (size_t k = 0; k < root_count; k++) numbers[roots[k].node]++;
    for (nl_ref ref = *end; ref-- > 0;) {
        const nl_node *node = nl_graph_node(graph, ref);
        for (int k = 0; numbers[ref] > 0 && k < node->arg_count; k++) numbers[node->args[k]]++;
    }
    for (nl_ref ref = 0; ref < *end; ref++)
        numbers[ref] = numbers[ref] > 1 && nl_graph_node(graph, ref)->arg_count > 0 ? ++count : 0;
    return numbers;
}

/* The expressions that a program is compiled from, one line for each root, after those that several of them share. */
const char *nl_roots_text(nl_arena *arena, const nl_model *model, const nl_memory *memory, const char *name,
                          const nl_root *roots, size_t root_count)
{
    const nl_program program = { .graph = model->graph };
    printer p = { nl_text_new(arena), arena, &program, model, memory };
    nl_ref end;
    const uint32_t *numbers = number_shared(arena, model->graph, roots, root_count, &end);

    nl_text_addf(&p.text, "roots of %s\n", name);
    for (nl_ref ref = 0; ref < end; ref++)
        if (numbers[ref] != 0)
            nl_text_addf(&p.text, "  %%%" PRIu32 " = %s\n", numbers[ref],
                         nl_expr_text_numbered(arena, model->graph, ref, name_of, &p, numbers));
    for (size_t k = 0; k < root_count; k++) {
        const nl_ref node = roots[k].node;
        if (roots[k].kind == NL_ROOT_EMIT) {
            nl_text_addf(&p.text, "  list %u of %s = %s\n", roots[k].mem, space_name(model->graph, roots[k].space),
                         nl_expr_text_numbered(arena, model->graph, node, name_of, &p, numbers));
            continue;
        }
        const nl_mem *mem = &memory->mems.items[roots[k].mem];
        nl_text_addf(&p.text, "  %s%s over %s (%zu) %s= ", mem->name, roots[k].next ? "[next]" : "",
                     space_name(model->graph, mem->space), mem->count, roots[k].kind == NL_ROOT_ADD ? "+" : "");
        if (numbers[node] != 0) nl_text_addf(&p.text, "%%%" PRIu32 "\n", numbers[node]);
        else
            nl_text_addf(&p.text, "%s\n", nl_expr_text_numbered(arena, model->graph, node, name_of, &p, numbers));
    }
    return p.text.chars;
}
