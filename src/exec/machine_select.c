/* Loops over selected elements: neurons that fired, and the synapses of such neurons.  The elements are collected into
 * a chunk, the loop's instructions run over it, and results go back; a row of synapses that follow each other needs no
 * collecting. */
#include "machine_impl.h"

#include <string.h>

enum { LONG_ROW = 64 }; /* from here on a row is run where it is */

/* --- binding --- */

typedef struct chunks {
    nl_machine *machine;
    selected_loop *loop;
    double **of_view; /* by view */
} chunks;

static double *chunk_of(chunks *c, uint32_t view, bool *is_new)
{
    *is_new = c->of_view[view] == NULL;
    if (*is_new) c->of_view[view] = machine_new_chunk(c->machine);
    return c->of_view[view];
}

static const double *read_chunk(chunks *c, uint32_t view)
{
    bool is_new;
    double *chunk = chunk_of(c, view, &is_new);

    if (is_new) {
        collected *read = &c->loop->reads[c->loop->read_count++];
        read->chunk = chunk;
        machine_add_place(c->machine, view, &read->from, NULL);
    }
    return chunk;
}

/* Most of it stays as it is. */
static void keep_chunk(chunks *c, uint32_t view)
{
    const size_t before = c->loop->read_count;

    (void)read_chunk(c, view);
    if (c->loop->read_count > before) c->loop->reads[before].stays = true;
}

static double *written_chunk(chunks *c, uint32_t view)
{
    bool is_new;
    double *chunk = chunk_of(c, view, &is_new);
    collected *write = &c->loop->writes[c->loop->write_count++];

    write->chunk = chunk;
    machine_add_place(c->machine, view, NULL, &write->to);
    return chunk;
}

static void bind_selected_step(chunks *c, step *s, const step *plain)
{
    const nl_instr *instr = plain->instr;

    *s = *plain;
    for (int k = 0; k < instr->arg_count; k++) {
        if (plain->moves[k] != 0) s->args[k] = read_chunk(c, instr->args[k].index);
        else machine_bind_read(c->machine, instr->args[k], &s->args[k]);
        s->moves[k] = 0;
    }
    if (instr->kind == NL_I_KEEP) keep_chunk(c, instr->dst.index);
    if (plain->dst_moves != 0) s->dst = written_chunk(c, instr->dst.index);
    else machine_bind_written(c->machine, instr->dst, &s->dst);
    s->dst_moves = 0;
}

/* --- loops that only add --- */

static const step *maker_of(const block *b, size_t before, nl_operand at)
{
    for (size_t k = before; at.kind == NL_AT_REGISTER && k-- > 0;)
        if (b->steps[k].instr->dst.kind == NL_AT_REGISTER && b->steps[k].instr->dst.index == at.index)
            return &b->steps[k];
    return NULL;
}

/* A number, one number of each pre neuron, or a value of each synapse. */
static bool add_factor(const block *b, row_add *add, const step *s, uint8_t arg)
{
    const nl_operand at = s->instr->args[arg];
    const step *maker = maker_of(b, (size_t)(s - b->steps), at);
    const bool by_neuron = maker != NULL && maker->instr->kind == NL_I_PRE && maker->instr->args[0].kind == NL_AT_VIEW;

    if (maker != NULL && maker->instr->kind == NL_I_WIDEN && add->weights == NULL) {
        add->weights = maker;
        add->weights_arg = 0;
        add->floats = true;
        return true;
    }
    if (at.kind == NL_AT_VIEW && s->moves[arg] != 0 && add->weights == NULL) {
        add->weights = s;
        add->weights_arg = arg;
        return true;
    }
    if (add->number != NULL || (at.kind != NL_AT_SCALAR && !by_neuron)) return false;
    add->number = by_neuron ? maker : s;
    add->number_arg = by_neuron ? 0 : arg;
    add->by_neuron = by_neuron;
    return true;
}

static bool is_row_add(const block *b, const step *s, row_add *add)
{
    const step *maker = maker_of(b, (size_t)(s - b->steps), s->instr->args[0]);

    *add = (row_add){ .add = s };
    if (s->instr->right) return false;
    if (maker != NULL && maker->instr->kind == NL_I_OP && maker->instr->op == NL_OP_MUL)
        return add_factor(b, add, maker, 0) && add_factor(b, add, maker, 1) && add->weights != NULL;
    return add_factor(b, add, s, 0);
}

static void find_adds(nl_machine *machine, block *b)
{
    row_add *adds = NL_NEW_ARRAY(machine->arena, row_add, b->step_count + 1);
    size_t count = 0;

    for (size_t k = 0; k < b->step_count; k++) {
        const nl_instr *instr = b->steps[k].instr;
        const bool is_factor = instr->dst.kind == NL_AT_REGISTER
                               && (instr->kind == NL_I_PRE || instr->kind == NL_I_WIDEN
                                   || (instr->kind == NL_I_OP && instr->op == NL_OP_MUL));
        if (instr->kind == NL_I_ADD && is_row_add(b, &b->steps[k], &adds[count])) count++;
        else if (!is_factor) return;
    }
    if (count == 0) return;
    b->selected->adds = adds;
    b->selected->add_count = count;
}

static bool may_be_selected(const nl_machine *machine, const nl_segment *segment)
{
    if (machine->program->selected != NL_SELECT_GATED) return segment->space == machine->program->selected;
    return segment->kind == NL_C_SYNAPSES && machine->store->active[segment->id] != NULL;
}

void machine_bind_selected(nl_machine *machine, block *b)
{
    if (!may_be_selected(machine, b->segment)) return;
    selected_loop *loop = NL_NEW(machine->arena, selected_loop);
    chunks c = { machine, loop, NL_NEW_ARRAY(machine->arena, double *, machine->program->views.count + 1) };

    b->selected = loop;
    loop->steps = NL_NEW_ARRAY(machine->arena, step, b->step_count + 1);
    loop->reads = NL_NEW_ARRAY(machine->arena, collected, (NL_INSTR_ARGS + 1) * b->step_count + 1);
    loop->writes = NL_NEW_ARRAY(machine->arena, collected, b->step_count + 1);
    for (size_t k = 0; k < b->step_count; k++) bind_selected_step(&c, &loop->steps[k], &b->steps[k]);
    find_adds(machine, b);
}

const nl_selection *machine_selection(const nl_machine *machine, const block *b)
{
    if (b->selected == NULL) return NULL;
    return machine->selection != NULL ? machine->selection : machine->store->active[b->segment->id];
}

/* --- running --- */

static void run_collected(nl_machine *machine, const selected_loop *loop, size_t step_count, size_t n)
{
    const uint64_t *element = machine->elements;

    for (size_t k = 0; k < loop->read_count; k++) {
        const collected *r = &loop->reads[k];
        for (size_t i = 0; i < n; i++) r->chunk[i] = r->from[element[i]];
    }
    for (const step *s = loop->steps, *end = s + step_count; s < end; s++)
        if (s->kernel != NULL) s->kernel(n, s->dst, s->args);
        else s->run(machine, s, s->dst, s->args, 0, n);
    for (size_t k = 0; k < loop->write_count; k++) {
        const collected *w = &loop->writes[k];
        for (size_t i = 0; i < n; i++) w->to[element[i]] = w->chunk[i];
    }
}

/* A chunk that fills up. */
typedef struct filling {
    nl_machine *machine;
    const block *b;
    size_t count, limit;
} filling;

/* One synapse after the other: numbers, too, are as the one before left them. */
static void compute_numbers(nl_machine *machine, const block *before)
{
    for (const block *b = machine->body.blocks; b < before; b++)
        if (b->segment->kind == NL_C_SCALAR) machine_run_scalars(machine, b);
}

static void flush(filling *f)
{
    nl_machine *machine = f->machine;

    if (f->count == 0) return;
    if (f->limit == 1) compute_numbers(machine, f->b);
    machine->elements = machine->element_room;
    machine->pre = machine->pre_room;
    machine->post = machine->post_room;
    run_collected(machine, f->b->selected, f->b->step_count, f->count);
    machine->elements = NULL;
    f->count = 0;
}

static inline void collect(filling *f, uint64_t element, uint32_t pre, uint32_t post)
{
    f->machine->element_room[f->count] = element;
    f->machine->pre_room[f->count] = pre;
    f->machine->post_room[f->count] = post;
    if (++f->count == f->limit) flush(f);
}

static void run_elements(filling *f, const nl_selection *selection)
{
    for (size_t k = 0; k < selection->count; k++) collect(f, selection->ids[k], 0, 0);
}

/* Runs of equal delay, ascending. */
typedef struct runs {
    const uint64_t *begin, *start;
    const uint32_t *delay;
} runs;

/* From .. to-1: the run of a neuron that has this delay; empty where there is none. */
static void find_run(const runs *r, uint32_t neuron, uint32_t delay, uint64_t *from, uint64_t *to)
{
    uint64_t low = r->begin[neuron], high = r->begin[neuron + 1];
    const uint64_t last = high;

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (r->delay[middle] < delay) low = middle + 1;
        else high = middle;
    }
    const bool is_there = low < last && r->delay[low] == delay;
    *from = is_there ? r->start[low] : 0;
    *to = is_there ? r->start[low + 1] : 0;
}

/* Synapses begin .. end-1 of a pre neuron that are selected. */
static void find_row(const nl_conn *conn, const nl_selection *selection, uint32_t pre, uint64_t *begin, uint64_t *end)
{
    const runs r = { conn->run_begin, conn->run_start, conn->run_delay };

    *begin = conn->row_begin[pre];
    *end = conn->row_begin[pre + 1];
    if (selection->one_delay && conn->run_begin != NULL) find_run(&r, pre, selection->delay, begin, end);
}

/* A chunk of a row is on its way from memory while the one before is computed. */
static void fetch_chunk(const filling *f, const nl_conn *conn, uint64_t at, uint64_t end)
{
    enum { LINE = 64 };
    const selected_loop *loop = f->b->selected;
    const uint64_t last = end - at < f->b->chunk ? end : at + f->b->chunk;

    for (uint64_t j = at; j < last; j += LINE / sizeof *conn->post_index)
        __builtin_prefetch(conn->post_index + j, 0, 2);
    for (size_t k = 0; k < loop->read_count; k++)
        for (uint64_t j = at; !loop->reads[k].stays && j < last; j += LINE / sizeof(double))
            __builtin_prefetch(loop->reads[k].from + j, 0, 2);
}

static void fetch_next_row(const filling *f, const nl_conn *conn, const nl_selection *selection, size_t k)
{
    uint64_t begin, end;

    if (k == selection->count) return;
    find_row(conn, selection, selection->ids[k], &begin, &end);
    if (end - begin >= LONG_ROW) fetch_chunk(f, conn, begin, end);
}

static void run_row(filling *f, const nl_conn *conn, uint32_t pre, uint64_t begin, uint64_t end)
{
    nl_machine *machine = f->machine;

    if (end - begin < LONG_ROW || f->limit == 1) {
        for (uint64_t k = begin; k < end; k++) collect(f, k, pre, conn->post_index[k]);
        return;
    }
    flush(f);
    for (size_t k = 0; k < NL_CHUNK; k++) machine->pre_room[k] = pre;
    machine->pre = machine->pre_room;
    machine->is_row = true;
    for (uint64_t at = begin; at < end; at += f->b->chunk) {
        if (end - at > f->b->chunk) fetch_chunk(f, conn, at + f->b->chunk, end);
        machine->post = conn->post_index + at;
        machine_run_chunk(machine, f->b, at, end - at < f->b->chunk ? end - at : f->b->chunk);
    }
    machine->is_row = false;
}

static void add_row(nl_machine *machine, const row_add *add, const nl_conn *conn, uint32_t pre, uint64_t begin,
                    uint64_t end)
{
    const nl_kernel_table *kernels = machine->kernels;
    const uint32_t *post = conn->post_index + begin;
    const size_t n = end - begin;
    const double number = add->number != NULL ? add->number->args[add->number_arg][add->by_neuron ? pre : 0] : 1;
    const double *weights = add->weights != NULL ? add->weights->args[add->weights_arg] : NULL;
    const float *floats = (const float *)weights;
    double *out = add->add->dst;

    if (weights == NULL) kernels->add_number(n, post, number, out);
    else if (add->floats && add->number == NULL) kernels->add_floats(n, post, floats + begin, out);
    else if (add->floats) kernels->add_scaled_floats(n, post, floats + begin, number, out);
    else if (add->number == NULL) kernels->add_weights(n, post, weights + begin, out);
    else kernels->add_scaled(n, post, weights + begin, number, out);
}

/* The next row is on its way from memory while this one is added. */
static void fetch_ahead(const nl_conn *conn, const nl_selection *selection, size_t k)
{
    enum { AHEAD = 2, LINES = 4, LINE = 16 };

    if (k + AHEAD >= selection->count) return;
    const uint32_t *post = conn->post_index + conn->row_begin[selection->ids[k + AHEAD]];
    for (int line = 0; line < LINES; line++) __builtin_prefetch(post + line * LINE);
}

static void run_ordered(filling *f, const nl_selection *selection)
{
    const nl_conn *conn = machine_conn(f->machine, f->b->segment->id);
    const nl_conn_order *order = selection->order;
    const runs r = { order->run_begin, order->run_start, order->run_delay };
    uint64_t from, to;

    for (size_t k = 0; k < selection->count; k++) {
        const uint32_t neuron = selection->ids[k];
        find_run(&r, neuron, selection->delay, &from, &to);
        for (uint64_t j = from; j < to; j++)
            if (selection->kind == NL_SELECT_OUTGOING) {
                const uint64_t at = conn->row_begin[neuron] + order->index[j];
                collect(f, at, neuron, conn->post_index[at]);
            } else {
                const uint64_t number = conn->in_begin[neuron] + order->index[j];
                collect(f, conn->in_place[number], conn->in_pre[number], neuron);
            }
    }
}

static void run_outgoing(filling *f, const nl_selection *selection)
{
    const nl_conn *conn = machine_conn(f->machine, f->b->segment->id);
    const selected_loop *loop = f->b->selected;
    const bool adds = loop->adds != NULL && !selection->in_turn;
    uint64_t begin, end;

    for (size_t k = 0; k < selection->count; k++) {
        const uint32_t pre = selection->ids[k];
        find_row(conn, selection, pre, &begin, &end);
        if (!adds) {
            fetch_next_row(f, conn, selection, k + 1);
            run_row(f, conn, pre, begin, end);
            continue;
        }
        fetch_ahead(conn, selection, k);
        for (size_t j = 0; j < loop->add_count; j++) add_row(f->machine, &loop->adds[j], conn, pre, begin, end);
    }
}

/* The synapses that reach a neuron lie far apart: they are on their way from memory before they are collected. */
static void fetch_incoming(const selected_loop *loop, uint64_t element)
{
    for (size_t k = 0; k < loop->read_count; k++) __builtin_prefetch(loop->reads[k].from + element);
}

static void run_incoming(filling *f, const nl_selection *selection)
{
    enum { AHEAD = 32 };
    const nl_conn *conn = machine_conn(f->machine, f->b->segment->id);

    for (size_t k = 0; k < selection->count; k++) {
        const uint32_t post = selection->ids[k];
        const uint64_t end = conn->in_begin[post + 1];
        for (uint64_t j = conn->in_begin[post]; j < end; j++) {
            if (j + AHEAD < end) fetch_incoming(f->b->selected, conn->in_place[j + AHEAD]);
            collect(f, conn->in_place[j], conn->in_pre[j], post);
        }
    }
}

void machine_run_selected(nl_machine *machine, const block *b, const nl_selection *selection)
{
    static void (*const ways[])(filling *f, const nl_selection *selection) = {
        [NL_SELECT_ELEMENTS] = run_elements, [NL_SELECT_OUTGOING] = run_outgoing, [NL_SELECT_INCOMING] = run_incoming
    };
    filling f = { .machine = machine, .b = b, .limit = selection->in_turn ? 1 : NL_CHUNK };

    if (selection->order != NULL) run_ordered(&f, selection);
    else ways[selection->kind](&f, selection);
    flush(&f);
}
