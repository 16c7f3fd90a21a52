/* Loops and propagation: all the work on arrays; allocates nothing. */
#include "direct.h"
#include "machine_impl.h"

#include <math.h>
#include <string.h>

/* --- kernels --- */

static unsigned variant_of(const nl_instr *instr)
{
    unsigned variant = 0;

    for (int k = 0; k < instr->arg_count; k++)
        if (instr->args[k].kind == NL_AT_SCALAR) variant |= 1u << k;
    return variant;
}

/* Numbers are among every other operand only. */
static unsigned chain_variant(const nl_instr *instr)
{
    unsigned variant = instr->args[2].kind == NL_AT_SCALAR ? 2 : 0;

    if (instr->args[1].kind == NL_AT_SCALAR) variant |= 1;
    for (int k = 4; k < instr->arg_count; k += 2)
        if (instr->args[k].kind == NL_AT_SCALAR) variant |= 1u << k / 2;
    return variant;
}

static nl_compare compare_of(unsigned op)
{
    return op == NL_OP_LT ? NL_COMPARE_LT : op == NL_OP_LE ? NL_COMPARE_LE : NL_COMPARE_EQ;
}

nl_test_kernel machine_test(const nl_kernel_table *kernels, const nl_instr *instr, int test)
{
    const nl_operand *args = &instr->args[2 * test];
    const unsigned variant = (args[0].kind == NL_AT_SCALAR) + 2 * (args[1].kind == NL_AT_SCALAR);

    return kernels->test[compare_of(instr->tests[test].op)][variant];
}

nl_kernel machine_kernel(const nl_kernel_table *kernels, const nl_instr *instr)
{
    if (instr->kind == NL_I_OP) return kernels->op[instr->op][variant_of(instr)];
    if (instr->kind == NL_I_PAIR) return kernels->pair[instr->first][instr->second][instr->right][variant_of(instr)];
    if (instr->kind == NL_I_CHAIN) return kernels->chain[instr->arg_count / 2 - 2][chain_variant(instr)];
    if (instr->kind == NL_I_CHOOSE) return kernels->choose[compare_of(instr->op)][variant_of(instr)];
    return NULL;
}

/* --- instructions that are no kernels --- */

static void copy(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    (void)at;
    if (s->instr->args[0].kind == NL_AT_SCALAR) machine->kernels->fill(n, dst, args[0][0]);
    else machine->kernels->copy(n, dst, args[0]);
}

static void number_elements(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                            size_t n)
{
    (void)args;
    for (size_t i = 0; machine->elements != NULL && i < n; i++)
        dst[i] = s->numbers != NULL ? s->numbers[machine->elements[i]] : (double)machine->elements[i];
    if (machine->elements != NULL) return;
    if (s->numbers != NULL) machine->kernels->copy(n, dst, s->numbers + at);
    else machine->kernels->iota(n, dst, (double)at);
}

static void keep(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const size_t strides[] = { s->instr->args[0].kind != NL_AT_SCALAR, s->instr->args[1].kind != NL_AT_SCALAR };
    uint32_t chosen[NL_CHUNK];

    (void)at;
    if (strides[0] == 0) {
        if (args[0][0] == 0) return;
        if (strides[1] == 0) machine->kernels->fill(n, dst, args[1][0]);
        else machine->kernels->copy(n, dst, args[1]);
        return;
    }
    const size_t count = machine->kernels->nonzero(n, args[0], 0, chosen);
    for (size_t k = 0; k < count; k++) dst[chosen[k]] = args[1][chosen[k] * strides[1]];
}

static void widen(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const float *from = (const float *)args[0];

    (void)s;
    if (machine->elements == NULL)
        for (size_t i = 0; i < n; i++) dst[i] = (double)from[at + i];
    else
        for (size_t i = 0; i < n; i++) dst[i] = (double)from[machine->elements[i]];
}

static void gather(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    size_t bad = 0;

    machine->kernels->gather(n, dst, args[0], s->source_count, args[1], &bad);
    if (bad != 0) machine_fail(machine, s->instr->node, machine_element(machine, at, bad - 1), args[1][bad - 1]);
}

/* At one time, so of one row. */
static void read_row(nl_machine *machine, const step *s, double *dst, double time, const double *columns, size_t at,
                     size_t n)
{
    const nl_model *model = machine->store->model;
    const nl_table *table = &model->tables.items[s->instr->id];
    size_t bad = 0;

    if (isnan(time)) machine->kernels->fill(n, dst, NAN);
    else machine->kernels->gather(n, dst, nl_table_row_at(model, table, time), table->columns, columns, &bad);
    if (bad != 0) machine_fail(machine, s->instr->node, machine_element(machine, at, bad - 1), columns[bad - 1]);
}

static void read_table(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_model *model = machine->store->model;
    const nl_table *table = &model->tables.items[s->instr->id];
    const bool each_time = s->instr->args[0].kind != NL_AT_SCALAR, has_column = s->arg_count > 1;
    const bool each_column = has_column && s->instr->args[1].kind != NL_AT_SCALAR;

    if (!each_time && each_column) {
        read_row(machine, s, dst, args[0][0], args[1], at, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double column = has_column ? args[1][each_column ? i : 0] : 0;

        if (nl_table_read(model, table, args[0][each_time ? i : 0], column, dst + i)) continue;
        machine_fail(machine, s->instr->node, machine_element(machine, at, i), column);
        dst[i] = NAN;
    }
}

static nl_rare rare_of(const step *s, double p)
{
    if (s->rare->p != p || s->rare->scale == 0) *s->rare = nl_rare_of(p);
    return *s->rare;
}

/* The same for all elements and for selected ones. */
static void draw_rare(nl_machine *machine, const step *s, uint64_t use, uint64_t when, double *dst, double p, size_t at,
                      size_t n)
{
    const nl_rare rare = rare_of(s, p);

    if (machine->elements == NULL) nl_draw_rare(s->stream, use | at, when, n, rare, dst);
    else
        for (size_t i = 0; i < n; i++) nl_draw_rare(s->stream, use | machine->elements[i], when, 1, rare, dst + i);
}

/* What is below 0 or above 1 draws like 0 or 1; whoever steps says so. */
static void check_probabilities(nl_store *store, uint32_t number, const double *p, size_t n)
{
    size_t inside = 0;

    for (size_t i = 0; i < n; i++) inside += p[i] >= 0 && p[i] <= 1;
    if (inside == n || store->odd.found) return;
    while (*p >= 0 && *p <= 1) p++;
    store->odd = (nl_odd_draw){ .found = true, .draw = number, .value = *p, .time = store->time };
}

/* Step 0 is that of initial values. */
static void draw(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_draw_def *def = &machine->store->model->draws.items[s->instr->id];
    const uint64_t when = machine->store->starting ? 0 : machine->store->step + 1;
    size_t strides[NL_NODE_ARGS] = { 0 };

    for (int k = 0; k < s->arg_count; k++) strides[k] = s->instr->args[k].kind != NL_AT_SCALAR;
    if (def->dist == NL_DIST_BERNOULLI && strides[0] == 0 && args[0][0] >= 0 && args[0][0] <= NL_RARE) {
        draw_rare(machine, s, (uint64_t)def->use << 32, when, dst, args[0][0], at, n);
        return;
    }
    if (def->dist == NL_DIST_BERNOULLI)
        check_probabilities(machine->store, s->instr->id, args[0], strides[0] == 0 ? 1 : n);
    if (machine->elements == NULL) {
        nl_kernels_draw(machine->kernels, def->dist, s->stream, (uint64_t)def->use << 32 | at, when, n, dst, args,
                        strides);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double values[NL_NODE_ARGS];
        for (int k = 0; k < s->arg_count; k++) values[k] = args[k][i * strides[k]];
        dst[i] = nl_draw(def->dist, s->stream, (uint64_t)def->use << 32 | machine->elements[i], when, values);
    }
}

/* Post neurons outside of the projection's part get 0. */
static void stencil(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_part *post = &machine_projection(machine, s->instr->id)->post;
    const nl_conn *conn = machine_conn(machine, s->instr->id);
    const size_t begin = at > post->begin ? at : post->begin;
    const size_t end = at + n < post->begin + post->count ? at + n : post->begin + post->count;

    if (s->whole != NULL && at == 0)
        nl_propagate_to_post(&machine->propagate, conn, (nl_weights){ NULL, s->instr->right }, args[0], s->whole,
                             machine->scratch);
    if (begin >= end || begin > at || end < at + n) machine->kernels->fill(n, dst, 0);
    if (begin >= end) return;
    if (s->whole != NULL)
        memcpy(dst + (begin - at), s->whole + (begin - post->begin), (end - begin) * sizeof *dst);
    else
        nl_propagate_stencil_chunk(&machine->propagate, conn, s->instr->right, args[0], dst + (begin - at),
                                   begin - post->begin, end - begin);
}

static void reduce(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    (void)dst;
    machine->kernels->reduce[s->instr->op](s->reduction, at, n, args[0]);
}

/* In a row of synapses all have one pre neuron. */
static void see_pre(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    (void)s, (void)at;
    if (machine->is_row) machine->kernels->fill(n, dst, args[0][machine->pre[0]]);
    else machine->kernels->pick(n, dst, args[0], machine->pre);
}

static void see_post(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    (void)s, (void)at;
    machine->kernels->pick(n, dst, args[0], machine->post);
}

static const nl_part *target_part(const nl_machine *machine, const nl_instr *instr)
{
    const nl_projection *projection = machine_projection(machine, instr->id);

    return instr->right ? &projection->pre : &projection->post;
}

static void sum_by_neuron(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                          size_t n)
{
    (void)at;
    nl_propagate_accumulate(n, s->instr->right ? machine->pre : machine->post, args[0],
                            dst + target_part(machine, s->instr)->begin);
}

static bool holds(const step *s, const double *const *args, size_t n, int k, bool is_true, uint64_t *bits)
{
    return s->tests[k](n, args + 2 * k, s->instr->tests[k].fails == is_true ? ~(uint64_t)0 : 0, bits);
}

/* Test k or the next. */
static bool either_holds(const step *s, const double *const *args, size_t n, int k, uint64_t *bits)
{
    uint64_t neither[NL_CHUNK_WORDS], some = 0;

    memcpy(neither, bits, sizeof neither);
    if (!holds(s, args, n, k, false, neither) || !holds(s, args, n, k + 1, false, neither)) return true;
    for (size_t w = 0; 64 * w < n; w++) some |= bits[w] &= ~neither[w];
    return some != 0;
}

static bool all_hold(const step *s, const double *const *args, size_t n, uint64_t *bits)
{
    const nl_instr *instr = s->instr;

    for (int k = 0; k < instr->test_count; k++) {
        const bool either = instr->tests[k].either;
        if (!(either ? either_holds(s, args, n, k, bits) : holds(s, args, n, k, true, bits))) return false;
        k += either;
    }
    return true;
}

/* Mostly the first test says that there is nobody. */
static void emit_tested(nl_machine *machine, const step *s, const double *const *args, size_t at, size_t n)
{
    nl_fired *list = &machine->store->lists[s->instr->id];
    uint64_t bits[NL_CHUNK_WORDS];

    memset(bits, 0xFF, sizeof bits);
    if (!all_hold(s, args, n, bits)) return;
    for (size_t w = 0; 64 * w < n; w++)
        for (uint64_t left = bits[w]; left != 0; left &= left - 1)
            list->ids[list->count++] = (uint32_t)(at + 64 * w + (size_t)__builtin_ctzll(left));
}

static void emit(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    nl_fired *list = &machine->store->lists[s->instr->id];
    const bool is_number = s->instr->args[0].kind == NL_AT_SCALAR;

    (void)dst;
    if (s->instr->test_count > 0) emit_tested(machine, s, args, at, n);
    else if (!is_number) list->count += machine->kernels->nonzero(n, args[0], (uint32_t)at, list->ids + list->count);
    else if (args[0][0] != 0)
        for (size_t i = 0; i < n; i++) list->ids[list->count++] = (uint32_t)(at + i);
}

/* Hits that are rare are listed for all chunks at once. */
static void list_hits(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_draw_def *def = &machine->store->model->draws.items[s->instr->id];
    nl_fired *list = &machine->store->lists[s->instr->list];
    const double p = args[0][0];
    double is_hit[NL_CHUNK];

    (void)dst;
    if (!(p >= 0 && p <= NL_RARE)) {
        draw(machine, s, is_hit, args, at, n);
        list->count += machine->kernels->nonzero(n, is_hit, (uint32_t)at, list->ids + list->count);
    } else if (at == 0) {
        list->count += nl_list_rare(s->stream, (uint64_t)def->use << 32, machine->store->step + 1, s->element_count,
                                    rare_of(s, p), 0, list->ids + list->count);
    }
}

static void add_to_neurons(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                           size_t n)
{
    const uint32_t *neuron = s->instr->right ? machine->pre : machine->post;
    const size_t stride = s->instr->args[0].kind != NL_AT_SCALAR;

    (void)at;
    for (size_t i = 0; i < n; i++) dst[neuron[i]] += args[0][i * stride];
}

static void set_in_neurons(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                           size_t n)
{
    const uint32_t *neuron = s->instr->right ? machine->pre : machine->post;
    const size_t stride = s->instr->args[0].kind != NL_AT_SCALAR;

    (void)at;
    for (size_t i = 0; i < n; i++) dst[neuron[i]] = args[0][i * stride];
}

step_fn machine_step_fn(nl_instr_kind kind)
{
    static const step_fn fns[] = {
        [NL_I_COPY] = copy,          [NL_I_INDEX] = number_elements,
        [NL_I_GATHER] = gather,      [NL_I_TABLE] = read_table,
        [NL_I_DRAW] = draw,          [NL_I_SAMPLE] = machine_sample,
        [NL_I_STENCIL] = stencil,    [NL_I_REDUCE] = reduce,
        [NL_I_PRE] = see_pre,        [NL_I_POST] = see_post,
        [NL_I_SUM] = sum_by_neuron,  [NL_I_KEEP] = keep,
        [NL_I_WIDEN] = widen,        [NL_I_EMIT] = emit,
        [NL_I_ADD] = add_to_neurons, [NL_I_SET] = set_in_neurons,
        [NL_I_HIT] = list_hits,
    };

    return (size_t)kind < NL_LEN(fns) ? fns[kind] : NULL;
}

/* --- loops --- */

static void begin_sums(nl_machine *machine, const block *b)
{
    for (size_t k = 0; k < b->sum_count; k++) {
        const step *s = &b->steps[b->sums[k]];
        if (s->instr->kind == NL_I_REDUCE) nl_reduction_init(s->reduction, (nl_reduce_op)s->instr->op);
        else machine->kernels->fill(s->dst_count, s->dst, 0);
    }
}

static void end_sums(const block *b)
{
    for (size_t k = 0; k < b->sum_count; k++) {
        const step *s = &b->steps[b->sums[k]];
        if (s->instr->kind == NL_I_REDUCE) *s->dst = nl_reduction_done(s->reduction, (nl_reduce_op)s->instr->op);
    }
}

static void run_first(nl_machine *machine, const block *b, size_t n)
{
    for (const step *s = b->steps, *end = s + b->step_count; s < end; s++)
        if (s->kernel != NULL) s->kernel(n, s->dst, s->args);
        else s->run(machine, s, s->dst, s->args, 0, n);
}

void machine_run_chunk(nl_machine *machine, const block *b, size_t at, size_t n)
{
    for (const step *s = b->steps, *end = s + b->step_count; s < end; s++) {
        double *dst = s->dst_moves != 0 ? s->dst + at : s->dst; /* a list of the elements that fired is no array */
        const double *args[NL_INSTR_ARGS];
        for (int k = 0; k < s->arg_count; k++) args[k] = s->args[k] + (at & s->moves[k]);
        if (s->kernel != NULL) s->kernel(n, dst, args);
        else s->run(machine, s, dst, args, at, n);
    }
}

static size_t chunk_size(const block *b, size_t at)
{
    return b->count - at < b->chunk ? b->count - at : b->chunk;
}

static void find_neurons(nl_machine *machine, const block *b, size_t at, size_t n)
{
    nl_conn_synapses(machine_conn(machine, b->segment->id), at, n, machine->pre_room, machine->post_room);
    machine->pre = machine->pre_room;
    machine->post = machine->post_room;
}

void machine_run_loop(nl_machine *machine, const block *b)
{
    const nl_selection *selection = machine_selection(machine, b);

    if (b->condition != NULL && *b->condition == 0) return;
    if (b->sum_count > 0) begin_sums(machine, b);
    if (selection != NULL) {
        machine_run_selected(machine, b, selection);
        if (b->sum_count > 0) end_sums(b);
        return;
    }
    for (size_t at = 0; at < b->count; at += b->chunk) {
        const size_t n = chunk_size(b, at);
        if (b->needs_pairs) find_neurons(machine, b, at, n);
        if (at == 0) run_first(machine, b, n);
        else machine_run_chunk(machine, b, at, n);
    }
    if (b->sum_count > 0) end_sums(b);
}

/* --- propagation --- */

/* Neurons outside of the projection's part get 0. */
double *machine_target(nl_machine *machine, const block *b)
{
    const nl_projection *projection = machine_projection(machine, b->segment->id);
    const nl_part *part = b->segment->to_pre ? &projection->pre : &projection->post;

    if (part->count < b->count) machine->kernels->fill(b->count, b->target, 0);
    return b->target + part->begin;
}

void machine_propagate(nl_machine *machine, const block *b)
{
    const nl_weights weights = { b->weights, b->segment->rule };

    (b->segment->to_pre ? nl_propagate_to_pre
                        : nl_propagate_to_post)(&machine->propagate, machine_conn(machine, b->segment->id), weights,
                                                b->source, machine_target(machine, b), machine->scratch);
}
