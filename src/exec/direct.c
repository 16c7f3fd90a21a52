#include "direct.h"

#include "net/conn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct nl_memo_values nl_memo_values;

enum { CHUNK = 4096 };

/* Elements first .. first+count-1 of a space; for synapses, the given pairs with these numbers. */
typedef struct frame {
    const nl_direct *direct;
    nl_arena *arena;
    uint32_t space;
    size_t first, count;
    const uint32_t *pre, *post;
    const uint64_t *numbers; /* NULL: first .. */
    uint32_t projection;
    nl_memo_values *memo;
    struct evaluation *all;
    nl_ref *bad;
} frame;

typedef struct vector {
    const double *data;
    bool is_number; /* one value for all elements */
} vector;

/* By node: its value in this frame. */
struct nl_memo_values {
    nl_ref node;
    vector value;
};

/* What the frames of all chunks share: values over whole spaces, by node; and room for those of a chunk, taken up again
 * by the next. */
typedef struct evaluation {
    nl_arena *arena;
    NL_LIST(nl_memo_values) wholes;
    NL_LIST(double *) rooms;
    size_t used;
} evaluation;

static vector eval(frame *f, nl_ref ref);
static void eval_synapses(const nl_direct *direct, nl_ref node, const nl_space *space, uint32_t number, size_t first,
                          size_t count, double *out, nl_ref *bad);

static double *vector_new(frame *f, size_t count)
{
    evaluation *all = f->all;

    if (count > CHUNK) return NL_NEW_ARRAY(f->arena, double, count);
    if (all->used == all->rooms.count) {
        double *room = NL_NEW_ARRAY(all->arena, double, CHUNK);
        NL_PUSH(all->arena, &all->rooms, room);
    }
    return all->rooms.items[all->used++];
}

static void copy_out(vector v, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) out[i] = v.data[v.is_number ? 0 : i];
}

static vector number_value(frame *f, double number)
{
    double *one = NL_NEW(f->arena, double);

    *one = number;
    return (vector){ one, true };
}

static void eval_whole(frame *f, nl_ref ref, uint32_t space, size_t count, double *out)
{
    frame inner = *f;

    inner.space = space;
    inner.first = 0;
    inner.count = count;
    inner.pre = inner.post = NULL;
    inner.numbers = NULL;
    inner.memo = NULL;
    copy_out(eval(&inner, ref), count, out);
}

/* A node's value over all elements of its space, as an array. */
static const double *whole(frame *f, nl_ref ref, size_t *count)
{
    const uint32_t number = nl_graph_node(f->direct->model->graph, ref)->space;
    const nl_space *space = nl_graph_space(f->direct->model->graph, number);

    *count = space->count;
    for (size_t k = 0; k < f->all->wholes.count; k++)
        if (f->all->wholes.items[k].node == ref) return f->all->wholes.items[k].value.data;
    double *data = NL_NEW_ARRAY(f->all->arena, double, *count + 1);
    if (space->kind == NL_SPACE_SYNAPSES) eval_synapses(f->direct, ref, space, number, 0, *count, data, f->bad);
    else eval_whole(f, ref, number, *count, data);
    const nl_memo_values entry = { ref, { data, false } };
    NL_PUSH(f->all->arena, &f->all->wholes, entry);
    return data;
}

/* Values of a variable, which may live in a space other than the frame's only when it is one number. */
static vector variable(frame *f, const nl_node *node)
{
    const double *data = f->direct->values[node->id];

    if (data == NULL) { /* a parameter of synapses that has no memory of its own yet */
        const nl_ref init = f->direct->model->vars.items[node->id].init;
        return init != 0 ? eval(f, init) : number_value(f, NAN);
    }
    return node->space == 0 ? (vector){ data, true } : (vector){ data + f->first, false };
}

static vector operation(frame *f, const nl_node *node)
{
    const nl_kernel_table *table = f->direct->kernels;
    const double *args[NL_NODE_ARGS] = { 0 };
    unsigned variant = 0;

    for (int k = 0; k < node->arg_count; k++) {
        const vector v = eval(f, node->args[k]);
        args[k] = v.data;
        variant |= (unsigned)v.is_number << k;
    }
    if (variant + 1 == 1u << node->arg_count) {
        double values[NL_NODE_ARGS];
        for (int k = 0; k < node->arg_count; k++) values[k] = *args[k];
        return number_value(f, nl_op_fold((nl_op)node->op, values));
    }
    double *out = vector_new(f, f->count);
    table->op[node->op][variant](f->count, out, args);
    return (vector){ out, false };
}

/* Elements are named by their numbers, synapses by pre neuron are stored in another order. */
static const double *by_number(frame *f, nl_ref ref, size_t *count)
{
    const nl_graph *graph = f->direct->model->graph;
    const nl_space *space = nl_graph_space(graph, nl_graph_node(graph, ref)->space);
    const nl_conn *conn = space->kind == NL_SPACE_SYNAPSES ? f->direct->conns[space->owner] : NULL;
    const double *stored = whole(f, ref, count);

    if (conn == NULL || conn->kind != NL_CONN_OUT) return stored;
    double *numbered = NL_NEW_ARRAY(f->arena, double, *count + 1);
    nl_conn_by_number(conn, stored, numbered);
    return numbered;
}

static vector gathered(frame *f, nl_ref ref, const nl_node *node)
{
    size_t count, bad = 0;
    const double *source = by_number(f, node->args[0], &count);
    const vector index = eval(f, node->args[1]);
    const size_t n = index.is_number ? 1 : f->count;
    double *out = vector_new(f, n);

    f->direct->kernels->gather(n, out, source, count, index.data, &bad);
    if (bad != 0) *f->bad = ref;
    return (vector){ out, index.is_number };
}

static vector reduced(frame *f, const nl_node *node)
{
    static const nl_reduce_op ops[] = { NL_RED_SUM, NL_RED_MIN, NL_RED_MAX,    NL_RED_SUMSQ, NL_RED_PROD,
                                        NL_RED_ANY, NL_RED_ALL, NL_RED_ARGMIN, NL_RED_ARGMAX };
    const nl_reduce_op op = ops[node->id];
    size_t count;
    const double *data = whole(f, node->args[0], &count);
    nl_reduction acc;

    nl_reduction_init(&acc, op);
    f->direct->kernels->reduce[op](&acc, 0, count, data);
    return number_value(f, nl_reduction_done(&acc, op));
}

/* pre.x and post.x: the value over the whole population, read at the synapses' neurons. */
static vector side(frame *f, const nl_node *node)
{
    const nl_projection *p = &f->direct->model->projections.items[f->projection];
    const bool is_pre = node->kind == NL_X_PRE;
    const size_t begin = is_pre ? p->pre.begin : p->post.begin;
    const uint32_t *index = is_pre ? f->pre : f->post;
    size_t count;
    const double *source = whole(f, node->args[0], &count);
    double *out = vector_new(f, f->count);

    for (size_t i = 0; i < f->count; i++) out[i] = source[count == 1 ? 0 : begin + index[i]];
    return (vector){ out, false };
}

/* Draws of synapses that are stored in another order than that of their numbers. */
static void draw_numbered(const frame *f, const nl_draw_def *def, nl_stream stream, double *out,
                          const double *const *args, const size_t *strides, int arg_count)
{
    for (size_t i = 0; i < f->count; i++) {
        double values[NL_NODE_ARGS];

        for (int k = 0; k < arg_count; k++) values[k] = args[k][i * strides[k]];
        out[i] = nl_draw(def->dist, stream, f->numbers[i] + ((uint64_t)def->use << 32), 0, values);
    }
}

static vector drawn(frame *f, const nl_node *node)
{
    const nl_draw_def *def = &f->direct->model->draws.items[node->id];
    const nl_stream stream = nl_stream_of(f->direct->model->seed, def->stream, f->direct->trial);
    const size_t n = node->space == 0 ? 1 : f->count;
    const double *args[NL_NODE_ARGS];
    size_t strides[NL_NODE_ARGS];
    double *out = vector_new(f, n);

    for (int k = 0; k < node->arg_count; k++) {
        const vector v = eval(f, node->args[k]);
        args[k] = v.data;
        strides[k] = !v.is_number;
    }
    if (f->numbers != NULL && node->space != 0)
        draw_numbered(f, def, stream, out, args, strides, node->arg_count);
    else
        nl_kernels_draw(f->direct->kernels, def->dist, stream, f->first + ((uint64_t)def->use << 32), 0, n, out, args,
                        strides);
    return (vector){ out, node->space == 0 };
}

const double *nl_table_row_at(const nl_model *model, const nl_table *table, double time)
{
    return table->array.data + nl_table_row(table->rows, table->dt, time + 1e-6 * model->dt) * table->columns;
}

bool nl_table_read(const nl_model *model, const nl_table *table, double time, double column, double *out)
{
    if (!(column >= 0 && column < (double)table->columns && column == floor(column))) return false;
    *out = isnan(time) ? NAN : nl_table_row_at(model, table, time)[(size_t)column];
    return true;
}

static vector tabled(frame *f, nl_ref ref, const nl_node *node)
{
    const nl_table *table = &f->direct->model->tables.items[node->id];
    const vector time = eval(f, node->args[0]),
                 column = node->arg_count > 1 ? eval(f, node->args[1]) : number_value(f, 0);
    const bool is_number = time.is_number && column.is_number;
    const size_t n = is_number ? 1 : f->count;
    double *out = vector_new(f, n);

    for (size_t i = 0; i < n; i++) {
        const double when = time.data[time.is_number ? 0 : i], where = column.data[column.is_number ? 0 : i];

        if (!nl_table_read(f->direct->model, table, when, where, out + i)) *f->bad = ref;
    }
    return (vector){ out, is_number };
}

static vector element_numbers(frame *f)
{
    double *out = vector_new(f, f->count);

    if (f->numbers == NULL) f->direct->kernels->iota(f->count, out, (double)f->first);
    for (size_t i = 0; f->numbers != NULL && i < f->count; i++) out[i] = (double)f->numbers[i];
    return (vector){ out, false };
}

static vector compute(frame *f, nl_ref ref, const nl_node *node)
{
    const nl_model *model = f->direct->model;
    size_t count;

    switch ((nl_node_kind)node->kind) {
    case NL_X_CONST: return number_value(f, node->number);
    case NL_X_SLOT: return number_value(f, model->slots.items[node->id].number);
    case NL_X_TIME: return number_value(f, f->direct->time);
    case NL_X_STEP: return number_value(f, 0);
    case NL_X_ARRAY: return (vector){ model->arrays.items[node->id].value.data + f->first, false };
    case NL_X_INDEX: return element_numbers(f);
    case NL_X_STATE:
    case NL_X_PARAM: return variable(f, node);
    case NL_X_OP: return operation(f, node);
    case NL_X_GATHER: return gathered(f, ref, node);
    case NL_X_PART: return (vector){ whole(f, node->args[0], &count) + node->id + f->first, false };
    case NL_X_REDUCE: return reduced(f, node);
    case NL_X_PRE:
    case NL_X_POST: return side(f, node);
    case NL_X_TABLE: return tabled(f, ref, node);
    case NL_X_DRAW: return drawn(f, node);
    case NL_X_PREV:
        return eval(f, model->prevs.items[node->id].first != 0 ? model->prevs.items[node->id].first
                                                               : model->prevs.items[node->id].expr);
    case NL_X_DELAY: return eval(f, model->delays.items[node->id].expr);
    default: return number_value(f, NAN);
    }
}

static vector eval(frame *f, nl_ref ref)
{
    enum { MEMO_SIZE = 256 };
    if (f->memo == NULL) f->memo = NL_NEW_ARRAY(f->arena, nl_memo_values, MEMO_SIZE);
    nl_memo_values *slot = &f->memo[ref % MEMO_SIZE];

    if (slot->node == ref) return slot->value;
    const nl_node node = *nl_graph_node(f->direct->model->graph, ref);
    const vector value = compute(f, ref, &node);
    *slot = (nl_memo_values){ ref, value };
    return value;
}

/* Numbers of synapses stored by pre neuron, from the first of a range on; else NULL. */
static nl_numbering *numbering_from(const nl_conn *conn, size_t first)
{
    uint64_t skipped[CHUNK];

    if (conn == NULL || conn->kind != NL_CONN_OUT) return NULL;
    nl_numbering *numbering = nl_numbering_new(conn);
    for (size_t at = 0; at < first; at += CHUNK)
        nl_numbering_next(numbering, first - at < CHUNK ? first - at : CHUNK, skipped);
    return numbering;
}

static void eval_chunk(frame *f, nl_ref node, double *out)
{
    f->arena = nl_arena_new();
    f->all->used = 0;
    copy_out(eval(f, node), f->count, out);
    nl_arena_free(f->arena);
}

/* Synapses are evaluated in chunks, so that an expression over millions of them needs no more memory than their
 * values. */
static void eval_synapses(const nl_direct *direct, nl_ref node, const nl_space *space, uint32_t number, size_t first,
                          size_t count, double *out, nl_ref *bad)
{
    const nl_conn *conn = direct->conns[space->owner];
    uint32_t pre[CHUNK], post[CHUNK];
    uint64_t numbers[CHUNK];
    nl_numbering *numbering = numbering_from(conn, first);
    evaluation all = { .arena = nl_arena_new() };

    for (size_t at = 0; at < count; at += CHUNK) {
        const size_t n = count - at < CHUNK ? count - at : CHUNK;
        frame f = { .direct = direct,
                    .space = number,
                    .first = first + at,
                    .count = n,
                    .pre = pre,
                    .post = post,
                    .numbers = numbering != NULL ? numbers : NULL,
                    .projection = space->owner,
                    .all = &all,
                    .bad = bad };

        nl_conn_synapses(conn, first + at, n, pre, post);
        if (numbering != NULL) nl_numbering_next(numbering, n, numbers);
        eval_chunk(&f, node, out + at);
    }
    nl_numbering_free(numbering);
    nl_arena_free(all.arena);
}

bool nl_direct_eval(const nl_direct *direct, nl_ref node, uint32_t space, size_t first, size_t count, double *out,
                    nl_ref *bad)
{
    const nl_space *s = nl_graph_space(direct->model->graph, space);

    *bad = 0;
    if (s->kind == NL_SPACE_SYNAPSES) {
        eval_synapses(direct, node, s, space, first, count, out, bad);
    } else {
        evaluation all = { .arena = nl_arena_new() };
        frame f = { .direct = direct, .space = space, .first = first, .count = count, .all = &all, .bad = bad };

        eval_chunk(&f, node, out);
        nl_arena_free(all.arena);
    }
    return *bad == 0;
}

/* --- pairs --- */

struct nl_direct_pairs {
    const nl_direct *direct;
    evaluation all;
    nl_ref node, bad;
    uint32_t projection;
};

nl_direct_pairs *nl_direct_pairs_new(const nl_direct *direct, nl_ref node, uint32_t projection)
{
    nl_direct_pairs *pairs = nl_calloc(1, sizeof *pairs);

    pairs->direct = direct;
    pairs->all.arena = nl_arena_new();
    pairs->node = node;
    pairs->projection = projection;
    return pairs;
}

void nl_direct_pairs_eval(void *user, size_t count, const uint32_t *pre, const uint32_t *post, double *out)
{
    nl_direct_pairs *pairs = user;
    frame f = { .direct = pairs->direct,
                .count = count,
                .pre = pre,
                .post = post,
                .projection = pairs->projection,
                .all = &pairs->all,
                .bad = &pairs->bad,
                .space = pairs->direct->model->projections.items[pairs->projection].space };

    eval_chunk(&f, pairs->node, out);
}

void nl_direct_pairs_free(nl_direct_pairs *pairs)
{
    if (pairs == NULL) return;
    nl_arena_free(pairs->all.arena);
    free(pairs);
}
