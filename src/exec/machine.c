#include "machine.h"

#include "machine_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = NL_ALIGN / sizeof(double), REGISTER_STRIDE = (NL_CHUNK + LINE - 1) / LINE * LINE + LINE };

void machine_fail(nl_machine *machine, nl_ref node, size_t element, double value)
{
    if (machine->failed) return;
    machine->failed = true;
    machine->fault = (nl_machine_fault){ node, element, value };
}

/* --- where arrays are --- */

static double *memory_at(const nl_machine *machine, const nl_view *view)
{
    const nl_store *store = machine->store;
    const double *left = view->end && view->lag <= store->step ? nl_store_left(store, view->id, store->step - view->lag)
                                                               : NULL;

    if (left != NULL) return (double *)left + view->offset;
    return (view->next ? nl_store_next(store, view->id) : nl_store_at(store, view->id, view->lag)) + view->offset;
}

static double *view_at(const nl_machine *machine, uint32_t number)
{
    const nl_view *view = &machine->program->views.items[number];

    switch ((nl_view_kind)view->kind) {
    case NL_V_MEM: return memory_at(machine, view);
    case NL_V_ARRAY: return (double *)machine->store->array_data[view->id] + view->offset;
    case NL_V_OWN: return machine->own + view->place + view->offset;
    }
    return NULL;
}

/* Places of one view stand together. */
static void resolve(const nl_machine *machine, const places *list)
{
    double *at = NULL;

    for (size_t k = 0; k < list->count; k++) {
        const place *p = &list->items[k];
        if (k == 0 || p->view != p[-1].view) at = view_at(machine, p->view);
        if (p->read != NULL) *p->read = at;
        else *p->written = at;
    }
}

/* Places in memory that turns are found anew at each run, the others only once. */
static void resolve_all(nl_machine *machine)
{
    const nl_store *store = machine->store;

    machine->moving.count = 0;
    for (size_t k = 0; k < machine->all.count; k++) {
        const nl_view *view = &machine->program->views.items[machine->all.items[k].view];
        if (view->kind == NL_V_MEM && store->turns[view->id])
            machine->moving.items[machine->moving.count++] = machine->all.items[k];
    }
    resolve(machine, &machine->all);
    machine->generation = store->generation;
}

void machine_add_place(nl_machine *machine, uint32_t view, const double **read, double **written)
{
    const place p = { view, read, written };

    NL_PUSH(machine->arena, &machine->all, p);
}

static int by_view(const void *a, const void *b)
{
    const uint32_t x = ((const place *)a)->view, y = ((const place *)b)->view;

    return (x > y) - (x < y);
}

/* Memory that this program exchanges begins to turn, for all machines. */
static void note_exchanges(nl_machine *machine)
{
    nl_store *store = machine->store;

    for (size_t k = 0; k < machine->program->swaps.count; k++) {
        const uint32_t mem = machine->program->swaps.items[k];
        store->generation += !store->turns[mem];
        store->turns[mem] = true;
    }
}

static double *fixed_operand(const nl_machine *machine, nl_operand at)
{
    switch ((nl_operand_kind)at.kind) {
    case NL_AT_SCALAR: return machine->scalars + at.index;
    case NL_AT_REGISTER: return machine->registers + (size_t)at.index * REGISTER_STRIDE;
    default: return NULL;
    }
}

void machine_bind_read(nl_machine *machine, nl_operand at, const double **pointer)
{
    if (at.kind == NL_AT_VIEW) machine_add_place(machine, at.index, pointer, NULL);
    else *pointer = fixed_operand(machine, at);
}

void machine_bind_written(nl_machine *machine, nl_operand at, double **pointer)
{
    if (at.kind == NL_AT_VIEW) machine_add_place(machine, at.index, NULL, pointer);
    else *pointer = fixed_operand(machine, at);
}

double *machine_new_chunk(nl_machine *machine) { return NL_NEW_ARRAY(machine->arena, double, REGISTER_STRIDE); }

/* --- binding code --- */

static size_t advance(nl_operand at, bool whole)
{
    return at.kind == NL_AT_VIEW && !whole ? ~(size_t)0 : 0;
}

static bool sums_up(const nl_instr *instr) { return instr->kind == NL_I_REDUCE || instr->kind == NL_I_SUM; }

static bool is_whole(const nl_instr *instr, int k)
{
    return k == 0
           && (instr->kind == NL_I_GATHER || instr->kind == NL_I_WIDEN || instr->kind == NL_I_STENCIL
               || instr->kind == NL_I_PRE || instr->kind == NL_I_POST);
}

static size_t view_count(const nl_machine *machine, nl_operand at)
{
    return at.kind == NL_AT_VIEW ? machine->program->views.items[at.index].count : 1;
}

static void bind_special(nl_machine *machine, step *s)
{
    const nl_instr *instr = s->instr;

    s->source_count = view_count(machine, instr->args[0]);
    s->dst_count = view_count(machine, instr->dst);
    for (int k = 0; k < instr->test_count; k++) s->tests[k] = machine_test(machine->kernels, instr, k);
    if (instr->kind == NL_I_REDUCE) s->reduction = NL_NEW(machine->arena, nl_reduction);
    if (instr->kind == NL_I_DRAW || instr->kind == NL_I_HIT) s->rare = NL_NEW(machine->arena, nl_rare);
    if (instr->kind == NL_I_STENCIL && !nl_propagate_stencil_is_thin(machine_conn(machine, instr->id)))
        s->whole = NL_NEW_ARRAY(machine->arena, double, machine_conn(machine, instr->id)->post.count);
}

static void bind_step(nl_machine *machine, step *s, const nl_instr *instr)
{
    s->instr = instr;
    s->arg_count = instr->arg_count;
    s->kernel = machine_kernel(machine->kernels, instr);
    s->run = machine_step_fn((nl_instr_kind)instr->kind);
    assert(s->kernel != NULL || s->run != NULL);
    for (int k = 0; k < instr->arg_count; k++) {
        machine_bind_read(machine, instr->args[k], &s->args[k]);
        s->moves[k] = advance(instr->args[k], is_whole(instr, k));
        s->reads[k] = instr->args[k].kind == NL_AT_SCALAR ? STEP_NUMBER : STEP_ELEMENT;
    }
    machine_bind_written(machine, instr->dst, &s->dst);
    if (instr->dst.kind == NL_AT_NONE) s->dst = machine->registers; /* a list is filled; loops add moves to it, of 0 */
    s->dst_moves = advance(instr->dst, sums_up(instr) || machine_scatters(instr));
    bind_special(machine, s);
}

/* Registers, and arrays that are read. */
static size_t array_count(const nl_machine *machine, const nl_segment *segment)
{
    bool *seen = nl_calloc(machine->program->views.count + 1, sizeof *seen);
    size_t count = 0, registers = 0;

    for (size_t k = 0; k < segment->instrs.count; k++) {
        const nl_instr *instr = &segment->instrs.items[k];
        if (instr->dst.kind == NL_AT_REGISTER && instr->dst.index >= registers)
            registers = (size_t)instr->dst.index + 1;
        for (int j = 0; j < instr->arg_count; j++) {
            if (instr->args[j].kind != NL_AT_VIEW || seen[instr->args[j].index]) continue;
            seen[instr->args[j].index] = true;
            count++;
        }
    }
    free(seen);
    return count + registers;
}

/* The number under which a loop keeps all that it makes; NULL where there is none. */
static const double *common_condition(const block *b)
{
    const double *condition = NULL;

    for (const step *s = b->steps; s < b->steps + b->step_count; s++) {
        if (s->instr->dst.kind == NL_AT_REGISTER) continue;
        const bool is_kept = s->instr->kind == NL_I_KEEP && s->instr->args[0].kind == NL_AT_SCALAR;
        if (!is_kept || (condition != NULL && condition != s->args[0])) return NULL;
        condition = s->args[0];
    }
    return condition;
}

static void bind_loop(nl_machine *machine, block *b)
{
    enum { FEW_ARRAYS = 8 }; /* of a whole chunk: 32 KiB */
    const nl_segment *segment = b->segment;

    b->chunk = array_count(machine, segment) <= FEW_ARRAYS ? NL_CHUNK : NL_CHUNK / 2;
    b->step_count = segment->instrs.count;
    b->steps = NL_NEW_ARRAY(machine->arena, step, b->step_count);
    b->sums = NL_NEW_ARRAY(machine->arena, uint32_t, b->step_count);
    for (size_t k = 0; k < b->step_count; k++) {
        const nl_instr *instr = &segment->instrs.items[k];
        bind_step(machine, &b->steps[k], instr);
        b->steps[k].element_count = segment->count;
        if (instr->kind == NL_I_INDEX && segment->kind == NL_C_SYNAPSES)
            b->steps[k].numbers = nl_store_numbers(machine->store, segment->id);
        if (sums_up(instr)) b->sums[b->sum_count++] = (uint32_t)k;
        b->needs_pairs |= machine_sees_neurons(instr) || machine_needs_pairs(instr);
    }
    b->condition = common_condition(b);
}

static uint32_t scalar_code(const nl_instr *instr)
{
    switch ((nl_instr_kind)instr->kind) {
    case NL_I_OP: return instr->op;
    case NL_I_PAIR: return SCALAR_PAIR + 8u * instr->first + 2u * instr->second + instr->right;
    case NL_I_TIME: return SCALAR_TIME;
    case NL_I_STEP: return SCALAR_STEP;
    case NL_I_COPY: return SCALAR_FETCH;
    default: return SCALAR_OTHER;
    }
}

static void bind_scalar(nl_machine *machine, block *b, scalar_instr *out, const nl_instr *instr, size_t number)
{
    *out = (scalar_instr){ scalar_code(instr), instr->dst.index, instr->args[0].index, instr->args[1].index,
                           instr->args[2].index };
    if (out->code == SCALAR_FETCH) {
        out->a = (uint32_t)number;
        machine_bind_read(machine, instr->args[0], &b->fetched[number]);
    } else if (out->code == SCALAR_OTHER) {
        out->a = (uint32_t)b->step_count;
        bind_step(machine, &b->steps[b->step_count++], instr);
    }
}

static void bind_scalars(nl_machine *machine, block *b)
{
    const size_t count = b->segment->instrs.count;

    b->code = NL_NEW_ARRAY(machine->arena, scalar_instr, count + 1);
    b->fetched = NL_NEW_ARRAY(machine->arena, const double *, count);
    b->steps = NL_NEW_ARRAY(machine->arena, step, count);
    for (size_t k = 0; k < count; k++) bind_scalar(machine, b, &b->code[k], &b->segment->instrs.items[k], k);
    b->code[count].code = SCALAR_END;
}

static void bind_propagate(nl_machine *machine, block *b)
{
    machine_bind_read(machine, b->segment->source, &b->source);
    machine_bind_read(machine, b->segment->weights, &b->weights);
    machine_bind_written(machine, b->segment->target, &b->target);
}

/* What is computed beforehand is computed for all elements, whatever the body is run over. */
static void bind_block(nl_machine *machine, block *b, const nl_segment *segment, bool is_body)
{
    b->segment = segment;
    b->count = segment->count;
    switch ((nl_segment_kind)segment->kind) {
    case NL_C_SCALAR: bind_scalars(machine, b); break;
    case NL_C_PROPAGATE: bind_propagate(machine, b); break;
    case NL_C_LOOP:
    case NL_C_SYNAPSES:
        bind_loop(machine, b);
        if (is_body) machine_bind_selected(machine, b);
        if (b->selected == NULL) machine_bind_dense(machine, b);
        break;
    }
}

static code bind_code(nl_machine *machine, const nl_segments *segments, bool is_body)
{
    code made = { NL_NEW_ARRAY(machine->arena, block, segments->count), segments->count };

    for (size_t k = 0; k < segments->count; k++) bind_block(machine, &made.blocks[k], &segments->items[k], is_body);
    return made;
}

static size_t scratch_size(const nl_machine *machine, const nl_segments *segments)
{
    size_t most = 0;

    for (size_t k = 0; k < segments->count; k++) {
        if (segments->items[k].kind == NL_C_SCALAR) continue;
        size_t size = segments->items[k].kind == NL_C_PROPAGATE
                          ? nl_propagate_scratch(machine_conn(machine, segments->items[k].id))
                          : 0;
        for (size_t i = 0; i < segments->items[k].instrs.count; i++) {
            const nl_instr *instr = &segments->items[k].instrs.items[i];
            const size_t stencil = instr->kind == NL_I_STENCIL ? nl_propagate_scratch(machine_conn(machine, instr->id))
                                                               : 0;
            if (stencil > size) size = stencil;
        }
        if (size > most) most = size;
    }
    return most;
}

/* Multiplications by matrices in a run of some length: decides which BLAS is worth its loading. */
static double matrix_work(const nl_machine *machine)
{
    enum { RUNS = 1000 };
    double work = 0;

    for (size_t k = 0; k < machine->program->body.count; k++) {
        const nl_segment *segment = &machine->program->body.items[k];
        if (segment->kind != NL_C_PROPAGATE) continue;
        const nl_conn *conn = machine_conn(machine, segment->id);
        const bool weighted = segment->weights.kind != NL_AT_NONE || segment->rule;
        if (conn->kind == NL_CONN_ALL && weighted) work += (double)conn->synapse_count;
        if (conn->kind == NL_CONN_LOW_RANK)
            work += (double)conn->low_rank * (double)(conn->pre.count + conn->post.count);
    }
    return RUNS * work;
}

/* The program must live as long as the machine. */
nl_machine *nl_machine_new(const nl_program *program, nl_store *store)
{
    nl_machine *machine = nl_calloc(1, sizeof *machine);

    machine->program = program;
    machine->store = store;
    machine->kernels = nl_kernels_choose();
    machine->propagate = (nl_propagate_kernels){ machine->kernels->csr,         machine->kernels->csr_lanes,
                                                 machine->kernels->shifted_sum, machine->kernels->add_number,
                                                 machine->kernels->add_scaled,  nl_blas_for(matrix_work(machine)) };
    machine->arena = nl_arena_new();
    machine->scratch = NL_NEW_ARRAY(machine->arena, double,
                                    scratch_size(machine, &program->prologue) + scratch_size(machine, &program->body));
    machine->scalars = NL_NEW_ARRAY(machine->arena, double, program->scalar_count + LINE);
    machine->registers = NL_NEW_ARRAY(machine->arena, double, program->register_count * REGISTER_STRIDE + LINE);
    machine->own = NL_NEW_ARRAY(machine->arena, double, program->own_doubles + LINE);
    if (program->scalar_count > 0)
        memcpy(machine->scalars, program->scalar_init.items, program->scalar_count * sizeof(double));
    machine->prologue = bind_code(machine, &program->prologue, false);
    machine->body = bind_code(machine, &program->body, true);
    machine->stores = NL_NEW_ARRAY(machine->arena, double *, program->stores.count);
    for (size_t k = 0; k < program->stores.count; k++)
        machine_add_place(machine, program->stores.items[k].view, NULL, &machine->stores[k]);
    if (machine->all.count > 0) qsort(machine->all.items, machine->all.count, sizeof(place), by_view);
    machine->moving.items = NL_NEW_ARRAY(machine->arena, place, machine->all.count + 1);
    note_exchanges(machine);
    return machine;
}

void nl_machine_free(nl_machine *machine)
{
    if (machine == NULL) return;
    nl_arena_free(machine->arena);
    free(machine);
}

/* --- running --- */

void machine_run_blocks(nl_machine *machine, const code *c, size_t from, size_t end)
{
    for (const block *b = c->blocks + from; b < c->blocks + end; b++)
        switch ((nl_segment_kind)b->segment->kind) {
        case NL_C_SCALAR: machine_run_scalars(machine, b); break;
        case NL_C_PROPAGATE: machine_propagate(machine, b); break;
        case NL_C_LOOP:
        case NL_C_SYNAPSES: machine_run_loop(machine, b); break;
        }
}

/* Streams are named by declaration, and keyed by what `seed` and `trials` may change between runs. */
static void key_draws(nl_machine *machine, const code *c)
{
    const nl_model *model = machine->store->model;

    for (size_t k = 0; k < c->count; k++)
        for (size_t i = 0; i < c->blocks[k].step_count; i++) {
            step *s = &c->blocks[k].steps[i];
            if (s->instr->kind == NL_I_DRAW || s->instr->kind == NL_I_HIT)
                s->stream = nl_stream_of(model->seed, model->draws.items[s->instr->id].stream, machine->store->trial);
        }
}

void nl_machine_prepare(nl_machine *machine)
{
    const nl_program *program = machine->program;

    for (size_t k = 0; k < program->slots.count; k++) {
        const nl_scalar_load *load = &program->slots.items[k];
        machine->scalars[load->scalar] = machine->store->slot_values[load->slot];
    }
    key_draws(machine, &machine->prologue);
    key_draws(machine, &machine->body);
    resolve_all(machine);
    machine->failed = false;
    machine_run_blocks(machine, &machine->prologue, 0, machine->prologue.count);
    machine->prologue_failed = machine->failed;
}

bool nl_machine_run_selected(nl_machine *machine, const nl_selection *selection, nl_machine_fault *fault)
{
    if (selection->count == 0) return true;
    machine->selection = selection;
    return nl_machine_run(machine, fault);
}

/* False when what is computed beforehand has failed. */
bool machine_begin(nl_machine *machine)
{
    if (machine->generation != machine->store->generation) resolve_all(machine);
    else resolve(machine, &machine->moving);
    machine->failed = machine->prologue_failed;
    return !machine->failed;
}

bool machine_finish(nl_machine *machine, nl_machine_fault *fault)
{
    const nl_program *program = machine->program;

    if (machine->failed) {
        *fault = machine->fault;
        return false;
    }
    for (size_t k = 0; k < program->stores.count; k++)
        *machine->stores[k] = machine->scalars[program->stores.items[k].scalar];
    for (size_t k = 0; k < program->swaps.count; k++) nl_store_rotate(machine->store, program->swaps.items[k]);
    return true;
}

bool nl_machine_run(nl_machine *machine, nl_machine_fault *fault)
{
    if (machine_begin(machine)) machine_run_blocks(machine, &machine->body, 0, machine->body.count);
    return machine_finish(machine, fault);
}
