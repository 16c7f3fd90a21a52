/* Programs that run: against a plain evaluation of the graph, node by node and element by element. */
#include "../support/programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- Lorenz --- */

static void lorenz_rates(fixture *f, const nl_ref *x, nl_ref *k)
{
    k[0] = mul(f, num(f, 10), sub(f, x[1], x[0]));
    k[1] = sub(f, mul(f, x[0], sub(f, num(f, 28), x[2])), x[1]);
    k[2] = sub(f, mul(f, x[0], x[1]), mul(f, num(f, 8.0 / 3), x[2]));
}

static void lorenz_step(fixture *f, const uint32_t *mems, double h)
{
    static const double c[4] = { 0, 0.5, 0.5, 1 }, b[4] = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 };
    nl_ref k[4][3], x[3], sum[3];

    for (int s = 0; s < 4; s++) {
        for (int v = 0; v < 3; v++)
            x[v] = s == 0 ? load(f, mems[v]) : add(f, load(f, mems[v]), mul(f, num(f, h * c[s]), k[s - 1][v]));
        lorenz_rates(f, x, k[s]);
    }
    for (int v = 0; v < 3; v++) {
        sum[v] = mul(f, num(f, b[0]), k[0][v]);
        for (int s = 1; s < 4; s++) sum[v] = add(f, sum[v], mul(f, num(f, b[s]), k[s][v]));
        root(f, add(f, load(f, mems[v]), mul(f, num(f, h), sum[v])), mems[v], true);
    }
}

static void lorenz_timing(uint32_t space_count)
{
    fixture *f = fixture_new();
    const uint32_t space = space_count == 1 ? 0 : population(f, space_count);
    const uint32_t mems[3] = { mem(f, "x", space, 1), mem(f, "y", space, 1), mem(f, "z", space, 1) };
    const int steps = (int)(2000000 / space_count + 10);
    nl_machine_fault fault;

    fixture_start(f);
    lorenz_step(f, mems, 0.01);
    for (int v = 0; v < 3; v++)
        for (size_t i = 0; i < space_count; i++) nl_store_at(&f->store, mems[v], 0)[i] = 1 + 0.01 * (double)i;
    const nl_program *program = nl_program_compile(f->arena, &f->model, &f->memory, "step", f->roots.items,
                                                   f->roots.count, NL_SELECT_NONE);
    size_t instrs = 0;
    for (size_t k = 0; k < program->body.count; k++) instrs += program->body.items[k].instrs.count;
    nl_machine *machine = nl_machine_new(program, &f->store);
    nl_machine_prepare(machine);
    const double begin = now();
    for (int k = 0; k < steps; k++) assert_true(nl_machine_run(machine, &fault));
    const double seconds = now() - begin;
    print_message("Lorenz x %u: %zu instructions, %zu registers, %.1f ns a step, %.2f ns an instruction (x = %.17g)\n",
                  space_count, instrs, program->register_count, 1e9 * seconds / steps,
                  1e9 * seconds / steps / (double)instrs, nl_store_at(&f->store, mems[0], 0)[0]);
    nl_machine_free(machine);
    fixture_free(f);
}

static void lorenz_is_quick(void **unused)
{
    (void)unused;
    lorenz_timing(1);
    lorenz_timing(200);
    lorenz_timing(100000);
}

/* --- plain evaluation --- */

/* Every value as an array over its own space; numbers are arrays of one. */
typedef struct plain {
    fixture *f;
    double **values; /* by node */
} plain;

static const double *plain_value(plain *p, nl_ref ref);

static size_t count_of(const fixture *f, uint32_t space) { return nl_graph_space(f->graph, space)->count; }

static double element(plain *p, nl_ref ref, size_t i)
{
    const size_t count = count_of(p->f, nl_graph_node(p->f->graph, ref)->space);

    return plain_value(p, ref)[count > 1 ? i : 0];
}

static void plain_op(plain *p, const nl_node *n, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        double args[NL_OP_ARGS];
        for (int k = 0; k < n->arg_count; k++) args[k] = element(p, n->args[k], i);
        out[i] = nl_op_fold((nl_op)n->op, args);
    }
}

static void plain_reduce(plain *p, const nl_node *n, double *out)
{
    const size_t count = count_of(p->f, nl_graph_node(p->f->graph, n->args[0])->space);
    nl_reduction acc;

    nl_reduction_init(&acc, (nl_reduce_op)n->id);
    for (size_t i = 0; i < count; i++) {
        const double x = element(p, n->args[0], i);
        nl_kernels_choose()->reduce[n->id](&acc, i, 1, &x);
    }
    *out = nl_reduction_done(&acc, (nl_reduce_op)n->id);
}

static void plain_propagate(plain *p, const nl_node *n, double *out)
{
    const nl_projection *projection = &p->f->model.projections.items[n->id];
    const nl_conn *conn = p->f->conns.items[n->id];
    const nl_part *from = n->number != 0 ? &projection->post : &projection->pre,
                  *to = n->number != 0 ? &projection->pre : &projection->post;
    const nl_weights w = { n->args[1] != 0 ? plain_value(p, n->args[1]) : NULL, n->end };
    double *scratch = nl_calloc(nl_propagate_scratch(conn) + 1, sizeof(double)),
           *source = nl_calloc(from->count, sizeof(double));

    for (size_t i = 0; i < from->count; i++) source[i] = element(p, n->args[0], from->begin + i);
    (n->number != 0 ? nl_propagate_to_pre : nl_propagate_to_post)(&nl_propagate_portable, conn, w, source,
                                                                  out + to->begin, scratch);
    free(source);
    free(scratch);
}

/* The neuron that synapse `i` has on one side. */
static size_t side_of(const fixture *f, uint32_t projection, size_t i, bool is_pre)
{
    const nl_projection *def = &f->model.projections.items[projection];
    uint32_t pre, post;

    nl_conn_synapses(f->conns.items[projection], i, 1, &pre, &post);
    return is_pre ? def->pre.begin + pre : def->post.begin + post;
}

static void plain_synapse_sum(plain *p, const nl_node *n, double *out)
{
    for (size_t i = 0; i < count_of(p->f, p->f->model.projections.items[n->id].space); i++)
        out[side_of(p->f, n->id, i, n->number != 0)] += element(p, n->args[0], i);
}

static void plain_draw(plain *p, const nl_node *n, size_t count, double *out)
{
    const nl_draw_def *def = &p->f->model.draws.items[n->id];

    for (size_t i = 0; i < count; i++) {
        const double args[2] = { element(p, n->args[0], i), n->arg_count > 1 ? element(p, n->args[1], i) : 0 };
        out[i] = nl_draw(def->dist, nl_stream_of(p->f->model.seed, def->stream, p->f->store.trial),
                         (uint64_t)def->use << 32 | i, p->f->store.step + 1, args);
    }
}

static double plain_table(plain *p, const nl_node *n, size_t i)
{
    const nl_table *table = &p->f->model.tables.items[n->id];
    const double row = floor((element(p, n->args[0], i) + 1e-6 * p->f->model.dt) / table->dt);
    const size_t last = table->rows - 1, at = !(row > 0) ? 0 : row > (double)last ? last : (size_t)row;

    if (isnan(row)) return NAN;
    return table->array.data[at * table->columns + (n->arg_count > 1 ? (size_t)element(p, n->args[1], i) : 0)];
}

static double plain_element(plain *p, const nl_node *n, size_t i)
{
    switch ((nl_node_kind)n->kind) {
    case NL_X_CONST: return n->number;
    case NL_X_SLOT: return p->f->model.slots.items[n->id].number;
    case NL_X_ARRAY: return p->f->model.arrays.items[n->id].value.data[i];
    case NL_X_INDEX: return (double)i;
    case NL_X_TIME: return p->f->store.time;
    case NL_X_STEP: return (double)p->f->store.step;
    case NL_X_GATHER: return element(p, n->args[0], (size_t)element(p, n->args[1], i));
    case NL_X_PART: return element(p, n->args[0], n->id + i);
    case NL_X_PRE:
    case NL_X_POST: {
        const uint32_t owner = nl_graph_space(p->f->graph, n->space)->owner;
        return element(p, n->args[0], side_of(p->f, owner, i, n->kind == NL_X_PRE));
    }
    case NL_X_TABLE: return plain_table(p, n, i);
    case NL_X_LOAD: return nl_store_at(&p->f->store, n->id, 0)[i];
    case NL_X_RING: return nl_store_at(&p->f->store, n->id, (size_t)n->number)[i];
    default: fail_msg("node kind %d", n->kind); return 0;
    }
}

static const double *plain_value(plain *p, nl_ref ref)
{
    const nl_node *n = nl_graph_node(p->f->graph, ref);
    const size_t count = count_of(p->f, n->space);

    if (p->values[ref] != NULL) return p->values[ref];
    double *out = nl_calloc(count, sizeof *out);
    if (n->kind == NL_X_OP) plain_op(p, n, count, out);
    else if (n->kind == NL_X_REDUCE) plain_reduce(p, n, out);
    else if (n->kind == NL_X_PROPAGATE) plain_propagate(p, n, out);
    else if (n->kind == NL_X_SYNAPSE_SUM) plain_synapse_sum(p, n, out);
    else if (n->kind == NL_X_DRAW) plain_draw(p, n, count, out);
    else
        for (size_t i = 0; i < count; i++) out[i] = plain_element(p, n, i);
    return p->values[ref] = out;
}

/* Runs one step and compares all that was stored. */
static void step_and_compare(fixture *f, const nl_program *program, nl_machine *machine)
{
    plain p = { f, nl_calloc(nl_graph_size(f->graph), sizeof(double *)) };
    nl_machine_fault fault;

    for (size_t k = 0; k < f->roots.count; k++) plain_value(&p, f->roots.items[k].node);
    assert_true(nl_machine_run(machine, &fault));
    for (size_t k = 0; k < f->roots.count; k++) {
        const nl_root *r = &f->roots.items[k];
        const nl_mem *m = &f->memory.mems.items[r->mem];
        const double *got = r->next && m->depth > 1 ? nl_store_next(&f->store, r->mem)
                                                    : nl_store_at(&f->store, r->mem, 0);
        for (size_t i = 0; i < m->count; i++) {
            const double want = element(&p, r->node, i);
            if (got[i] == want || (isnan(got[i]) && isnan(want))) continue;
            fputs(nl_program_text(f->arena, program, &f->model, &f->memory), stderr);
            fputs(nl_roots_text(f->arena, &f->model, &f->memory, "test", r, 1), stderr);
            fail_msg("%s[%zu] = %.17g, wanted %.17g", m->name, i, got[i], want);
        }
    }
    for (uint32_t k = 0; k < f->memory.mems.count; k++)
        if (f->memory.mems.items[k].depth > 1) nl_store_rotate(&f->store, k);
    for (size_t k = 1; k < nl_graph_size(f->graph); k++) free(p.values[k]);
    free(p.values);
    f->store.step++;
    f->store.time = (double)f->store.step * f->model.dt;
}

static const nl_program *compiled(fixture *f)
{
    const nl_program *program = nl_program_compile(f->arena, &f->model, &f->memory, "test", f->roots.items,
                                                   f->roots.count, NL_SELECT_NONE);
    const char *wrong = nl_program_verify(f->arena, program, &f->memory);

    if (wrong != NULL) {
        fputs(nl_program_text(f->arena, program, &f->model, &f->memory), stderr); /* too long for cmocka */
        fail_msg("%s", wrong);
    }
    return program;
}

static void run_and_compare(fixture *f, int steps)
{
    const nl_program *program = compiled(f);
    nl_machine *machine = nl_machine_new(program, &f->store);

    nl_machine_prepare(machine);
    for (int k = 0; k < steps; k++) step_and_compare(f, program, machine);
    nl_machine_free(machine);
}

/* --- random programs --- */

static uint32_t die(uint64_t *state, uint32_t sides)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % sides);
}

enum { SPACE_ONE, SPACE_A, SPACE_B, SPACE_SYN, SPACE_COUNT };

typedef struct garden {
    fixture *f;
    uint64_t dice;
    uint32_t space[SPACE_COUNT];
    NL_LIST(nl_ref) pool[SPACE_COUNT];
} garden;

static nl_ref pick(garden *g, int space)
{
    const size_t count = g->pool[space].count, recent = count < 8 ? count : 8;

    return g->pool[space]
        .items[die(&g->dice, 2) ? die(&g->dice, (uint32_t)count) : count - 1 - die(&g->dice, (uint32_t)recent)];
}

static nl_ref pick_or_number(garden *g, int space) { return pick(g, die(&g->dice, 3) == 0 ? SPACE_ONE : space); }

static void grow(garden *g, int space, nl_ref ref)
{
    const uint32_t of = nl_graph_node(g->f->graph, ref)->space;

    if (of == 0) space = SPACE_ONE;
    NL_PUSH(g->f->arena, &g->pool[space], ref);
}

static void grow_op(garden *g, int space)
{
    static const nl_op ops[] = { NL_OP_ADD, NL_OP_ADD, NL_OP_SUB,  NL_OP_SUB,  NL_OP_MUL,
                                 NL_OP_MUL, NL_OP_DIV, NL_OP_MIN,  NL_OP_TANH, NL_OP_SIN,
                                 NL_OP_LT,  NL_OP_IF,  NL_OP_CLIP, NL_OP_ABS,  NL_OP_SQUARE,
                                 NL_OP_GE,  NL_OP_NE,  NL_OP_IF };
    const nl_op op = ops[die(&g->dice, NL_LEN(ops))];
    nl_ref args[3];

    for (int k = 0; k < nl_ops[op].arity; k++) args[k] = pick_or_number(g, space);
    grow(g, space, nl_expr_op(g->f->graph, op, args, nl_ops[op].arity, nl_dim_none));
}

/* A whole number within a space. */
static nl_ref index_of(garden *g, nl_ref from, int space)
{
    const nl_ref scaled = op1(g->f, NL_OP_FLOOR,
                              mul(g->f, op1(g->f, NL_OP_ABS, op1(g->f, NL_OP_SIN, from)), num(g->f, 97.5)));
    const nl_ref index = op2(g->f, NL_OP_MOD, scaled, num(g->f, (double)count_of(g->f, g->space[space])));

    return nl_expr_op(g->f->graph, NL_OP_IF, (nl_ref[]){ op1(g->f, NL_OP_ISNAN, index), num(g->f, 3), index }, 3,
                      nl_dim_none);
}

static void grow_gather(garden *g, int space)
{
    const int from = die(&g->dice, 2) ? SPACE_A : SPACE_B;
    const nl_ref index = index_of(g, pick_or_number(g, space), from);

    grow(g, space,
         nl_graph_add(g->f->graph, &(nl_node){ .kind = NL_X_GATHER,
                                               .space = nl_graph_node(g->f->graph, index)->space,
                                               .arg_count = 2,
                                               .args = { pick(g, from), index } }));
}

static void grow_reduce(garden *g, int space)
{
    static const nl_reduction_kind kinds[] = { NL_R_SUM, NL_R_MIN, NL_R_MAX, NL_R_SUMSQ, NL_R_ARGMAX, NL_R_ANY };

    grow(g, space,
         nl_graph_add(g->f->graph, &(nl_node){ .kind = NL_X_REDUCE,
                                               .id = kinds[die(&g->dice, NL_LEN(kinds))],
                                               .arg_count = 1,
                                               .args = { pick(g, space == SPACE_ONE ? SPACE_A : space) } }));
}

/* Projections: 0 A to B sparse, 1 A to A stencil, 2 part of A to part of B, one to one, 3 B to A all to all, 4 part of
 * B to part of A by a kernel, 5 the same with far offsets. */
static const int sides[][2] = { { SPACE_A, SPACE_B }, { SPACE_A, SPACE_A }, { SPACE_A, SPACE_B },
                                { SPACE_B, SPACE_A }, { SPACE_B, SPACE_A }, { SPACE_B, SPACE_A } };

static void grow_propagate(garden *g)
{
    const uint32_t id = die(&g->dice, NL_LEN(sides));
    const bool to_pre = die(&g->dice, 4) == 0;
    nl_node node = { .kind = NL_X_PROPAGATE,
                     .id = id,
                     .arg_count = 1,
                     .number = to_pre,
                     .end = id == 4,
                     .space = g->space[sides[id][!to_pre]],
                     .args = { pick(g, sides[id][to_pre]) } };

    if (id == 0 && die(&g->dice, 2)) node.args[1] = pick(g, SPACE_SYN), node.arg_count = 2;
    grow(g, sides[id][!to_pre], nl_graph_add(g->f->graph, &node));
}

static void grow_synapses(garden *g)
{
    nl_node node = {
        .kind = NL_X_SYNAPSE_SUM, .arg_count = 1, .number = die(&g->dice, 2), .args = { pick(g, SPACE_SYN) }
    };
    const int to = node.number != 0 ? SPACE_A : SPACE_B;

    if (die(&g->dice, 2)) {
        node.space = g->space[to];
        grow(g, to, nl_graph_add(g->f->graph, &node));
        return;
    }
    node = (nl_node){ .kind = die(&g->dice, 2) ? NL_X_PRE : NL_X_POST, .space = g->space[SPACE_SYN], .arg_count = 1 };
    node.args[0] = pick(g, node.kind == NL_X_PRE ? SPACE_A : SPACE_B);
    grow(g, SPACE_SYN, nl_graph_add(g->f->graph, &node));
}

static void grow_other(garden *g, int space)
{
    nl_node node = { .space = g->space[space] };

    switch (die(&g->dice, 4)) {
    case 0:
        if (space == SPACE_ONE) return;
        node.kind = NL_X_INDEX;
        break;
    case 1:
        node.kind = NL_X_DRAW;
        node.id = die(&g->dice, 2);
        node.arg_count = 2;
        node.args[0] = num(g->f, 0.3), node.args[1] = num(g->f, 1.7);
        break;
    case 2:
        node.kind = NL_X_TABLE;
        node.arg_count = 2;
        node.args[0] = pick_or_number(g, space);
        node.args[1] = num(g->f, die(&g->dice, 2));
        node.space = nl_graph_node(g->f->graph, node.args[0])->space;
        break;
    default:
        if (space != SPACE_B) return;
        node.kind = NL_X_PART;
        node.id = die(&g->dice, 700);
        node.arg_count = 1;
        node.args[0] = pick(g, SPACE_A);
    }
    grow(g, space, nl_graph_add(g->f->graph, &node));
}

static void grow_any(garden *g)
{
    const int space = (int)die(&g->dice, SPACE_COUNT);

    switch (die(&g->dice, 12)) {
    case 0: grow_gather(g, space); break;
    case 1: grow_reduce(g, space); break;
    case 2: grow_propagate(g); break;
    case 3: grow_synapses(g); break;
    case 4: grow_other(g, space); break;
    default: grow_op(g, space); break;
    }
}

static nl_conn *build_random(nl_conn_context *cx) { return nl_conn_random(cx, 0.02); }
static nl_conn *build_stencil(nl_conn_context *cx)
{
    static const int32_t offsets[][2] = { { -1, 0 }, { 2, 0 }, { 5, 0 } };

    return nl_conn_offsets(cx, NL_LEN(offsets), offsets, NULL, NL_WRAP);
}

static nl_conn *build_kernel(nl_conn_context *cx)
{
    static const double kernel[] = { 0.5, -1.25, 2.385, -0.75, 0.125 };

    return nl_conn_kernel(cx, 1, (size_t[]){ 5 }, kernel, NL_ZERO);
}

static nl_conn *build_far(nl_conn_context *cx)
{
    static const int32_t offsets[][2] = { { -150, 0 }, { 1, 0 }, { 170, 0 } };

    return nl_conn_offsets(cx, NL_LEN(offsets), offsets, NULL, NL_REFLECT);
}

static void add_projections(garden *g)
{
    fixture *f = g->f;

    projection(f, "first", part(0, 0, 1000, true), part(1, 0, 300, true), NL_RULE_RANDOM, build_random);
    projection(f, "second", part(0, 0, 1000, true), part(0, 0, 1000, true), NL_RULE_OFFSETS, build_stencil);
    projection(f, "third", part(0, 100, 200, false), part(1, 37, 200, false), NL_RULE_ONE_TO_ONE, nl_conn_one_to_one);
    projection(f, "fourth", part(1, 0, 300, true), part(0, 0, 1000, true), NL_RULE_ALL_TO_ALL, nl_conn_all_to_all);
    projection(f, "fifth", part(1, 37, 200, false), part(0, 300, 200, false), NL_RULE_KERNEL, build_kernel);
    projection(f, "sixth", part(1, 37, 200, false), part(0, 100, 200, false), NL_RULE_OFFSETS, build_far);
    g->space[SPACE_SYN] = f->model.projections.items[0].space;
}

static void add_tables(fixture *f)
{
    static const double rows[] = { 1.5, -2.25, 0.5, 3.75, -0.125, 7.0 };
    const nl_table table = { nl_value_array(f->arena, NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ 3, 2 }, rows), 0.25,
                             3, 2 };
    const nl_draw_def normal = { .dist = NL_DIST_NORMAL, .stream = "A.x", .use = 0 },
                      uniform = { .dist = NL_DIST_UNIFORM, .stream = "A.x", .use = 1 };
    const nl_slot slot = { "k", 1.375, nl_dim_none };

    NL_PUSH(f->arena, &f->model.tables, table);
    NL_PUSH(f->arena, &f->model.draws, normal);
    NL_PUSH(f->arena, &f->model.draws, uniform);
    NL_PUSH(f->arena, &f->model.slots, slot);
}

static void add_leaves(garden *g)
{
    fixture *f = g->f;

    for (int space = 0; space < SPACE_COUNT; space++) {
        static const char *const names[SPACE_COUNT][5] = { { "s0", "s1", "s2", "s3", "s4" },
                                                           { "a0", "a1", "a2", "a3", "a4" },
                                                           { "b0", "b1", "b2", "b3", "b4" },
                                                           { "w0", "w1", "w2", "w3", "w4" } };
        static const size_t depths[5] = { 1, 1, 1, 4, 1 };
        for (int k = 0; k < 5; k++) {
            const uint32_t m = mem(f, names[space][k], g->space[space], depths[k]);
            f->memory.mems.items[m].fixed = k == 4;
            grow(g, space, load(f, m));
            if (depths[k] == 1) continue;
            const nl_node past = { .kind = NL_X_RING, .id = m, .space = g->space[space], .number = 2 };
            grow(g, space, nl_graph_add(f->graph, &past));
        }
    }
    grow(g, SPACE_ONE, num(f, 0.25));
    grow(g, SPACE_ONE, num(f, -3));
    grow(g, SPACE_ONE, nl_expr_leaf(f->graph, NL_X_TIME, 0, 0, nl_dim_none));
    grow(g, SPACE_ONE, nl_expr_leaf(f->graph, NL_X_STEP, 0, 0, nl_dim_none));
    grow(g, SPACE_ONE, nl_expr_leaf(f->graph, NL_X_SLOT, 0, 0, nl_dim_none));
}

static void fill_memory(garden *g)
{
    for (uint32_t m = 0; m < g->f->memory.mems.count; m++)
        for (size_t lag = 0; lag < g->f->memory.mems.items[m].depth; lag++)
            for (size_t i = 0; i < g->f->memory.mems.items[m].count; i++)
                nl_store_at(&g->f->store, m, lag)[i] = (double)die(&g->dice, 4096) / 1024 - 2;
}

static void random_program(uint64_t seed, int growth)
{
    fixture *f = fixture_new();
    garden g = { .f = f, .dice = seed };

    g.space[SPACE_A] = population(f, 1000);
    g.space[SPACE_B] = population(f, 300);
    add_projections(&g);
    add_tables(f);
    add_leaves(&g);
    for (int k = 0; k < growth; k++) grow_any(&g);
    for (uint32_t m = 0; m < f->memory.mems.count; m++)
        if (!f->memory.mems.items[m].fixed && die(&g.dice, 5) != 0)
            root(f, pick_or_number(&g, (int)m / 5), m, die(&g.dice, 3) != 0);
    fixture_start(f);
    fill_memory(&g);
    run_and_compare(f, 3);
    fixture_free(f);
}

static void random_programs_agree(void **unused)
{
    const char *count = getenv("NL_RANDOM_PROGRAMS");
    const uint64_t programs = count != NULL ? (uint64_t)atol(count) : 60;

    (void)unused;
    for (uint64_t k = 0; k < programs; k++) random_program(2385 + k, 10 + 10 * (int)(k % 8));
}

/* --- lists --- */

/* A condition of comparisons, some of which are made of the same numbers. */
static nl_ref random_condition(garden *g, const nl_ref *of, int depth)
{
    static const nl_op compare[] = { NL_OP_LT, NL_OP_LE, NL_OP_GT, NL_OP_GE, NL_OP_EQ, NL_OP_NE };
    const uint32_t kind = depth == 0 ? 3 : die(&g->dice, 4);

    if (kind == 0) return op1(g->f, NL_OP_NOT, random_condition(g, of, depth - 1));
    if (kind < 3)
        return op2(g->f, kind == 1 ? NL_OP_AND : NL_OP_OR, random_condition(g, of, depth - 1),
                   random_condition(g, of, depth - 1));
    return op2(g->f, compare[die(&g->dice, NL_LEN(compare))], of[die(&g->dice, 3)], of[die(&g->dice, 5)]);
}

static size_t listed_by_tests(const nl_program *program)
{
    const nl_segment *segment = &program->body.items[program->body.count - 1];
    size_t count = 0;

    for (size_t k = 0; k < segment->instrs.count; k++) count += segment->instrs.items[k].test_count > 0;
    return count;
}

/* x changes in place too, so that conditions see its old or its new value. */
static size_t random_lists(uint64_t seed, uint32_t size)
{
    enum { LISTS = 3 };
    fixture *f = fixture_new();
    garden g = { .f = f, .dice = seed };
    const uint32_t a = population(f, size), x = mem(f, "x", a, 1), y = mem(f, "y", a, 1);
    nl_fired lists[LISTS];
    nl_machine_fault fault;

    const nl_ref new = add(f, mul(f, load(f, x), num(f, 0.75)), mul(f, load(f, y), num(f, 0.5)));
    const nl_ref of[] = { load(f, x), load(f, y), new, num(f, 0.25), num(f, -1) };
    root(f, nl_expr_op(f->graph, NL_OP_IF, (nl_ref[]){ op2(f, NL_OP_GE, of[1], of[3]), of[0], new }, 3, nl_dim_none), x,
         true);
    for (uint32_t k = 0; k < LISTS; k++) {
        const nl_root emit = { .node = random_condition(&g, of, 2), .kind = NL_ROOT_EMIT, .mem = k, .space = a };
        NL_PUSH(f->arena, &f->roots, emit);
        lists[k] = (nl_fired){ .ids = NL_NEW_ARRAY(f->arena, uint32_t, size) };
    }
    fixture_start(f);
    fill_memory(&g);
    f->store.lists = lists;
    const nl_program *program = compiled(f);
    nl_machine *machine = nl_machine_new(program, &f->store);
    plain p = { f, nl_calloc(nl_graph_size(f->graph), sizeof(double *)) };
    for (size_t k = 0; k < f->roots.count; k++) plain_value(&p, f->roots.items[k].node);
    nl_machine_prepare(machine);
    assert_true(nl_machine_run(machine, &fault));
    for (size_t i = 0; i < size; i++)
        assert_exact(nl_store_at(&f->store, x, 0)[i], element(&p, f->roots.items[0].node, i));
    for (uint32_t k = 0; k < LISTS; k++) {
        size_t count = 0;
        for (size_t i = 0; i < size; i++)
            if (element(&p, f->roots.items[k + 1].node, i) != 0) assert_int_equal(lists[k].ids[count++], i);
        assert_int_equal(lists[k].count, count);
    }
    for (size_t k = 1; k < nl_graph_size(f->graph); k++) free(p.values[k]);
    free(p.values);
    nl_machine_free(machine);
    f->store.lists = NULL;
    const size_t tested = listed_by_tests(program);
    fixture_free(f);
    return tested;
}

static void lists_hold_what_meets_conditions(void **unused)
{
    static const uint32_t sizes[] = { 1000, 512, 256, 64, 63, 3 };
    size_t tested = 0;

    (void)unused;
    for (uint64_t k = 0; k < 60; k++) tested += random_lists(2385 + k, sizes[k % NL_LEN(sizes)]);
    assert_true(tested > 90);
}

/* --- the past --- */

static double cubic(double t) { return 2.385 + t * (-1.25 + t * (0.5 + t * 0.375)); }
static double cubic_slope(double t) { return -1.25 + t * (1 + t * 1.125); }

enum { PAST_COUNT = 300, PAST_DEPTH = 6 };

typedef struct past {
    fixture *f;
    uint32_t x, slope, out, time;
    nl_machine *machine;
} past;

/* out = sample of x at `time` steps, a number or one for each element. */
static past past_new(bool has_slopes, bool slope_given, bool each)
{
    past p = { .f = fixture_new() };
    const uint32_t a = population(p.f, PAST_COUNT);

    p.x = mem(p.f, "x", a, PAST_DEPTH);
    p.slope = mem(p.f, "x slope", a, PAST_DEPTH);
    p.out = mem(p.f, "out", a, 1);
    p.time = mem(p.f, "time", each ? a : 0, 1);
    const uint32_t now_slope = mem(p.f, "slope now", a, 1);
    if (has_slopes) p.f->memory.mems.items[p.x].slope = p.slope;
    nl_node node = { .kind = NL_X_SAMPLE,
                     .id = p.x,
                     .space = a,
                     .arg_count = (uint8_t)(1 + slope_given),
                     .args = { load(p.f, p.time) } };
    if (slope_given) node.args[1] = load(p.f, now_slope);
    root(p.f, nl_graph_add(p.f->graph, &node), p.out, true);
    fixture_start(p.f);
    p.f->store.step = 100;
    for (size_t i = 0; i < PAST_COUNT; i++) {
        for (size_t lag = 0; lag < PAST_DEPTH; lag++) {
            const double t = -(double)lag * p.f->model.dt;
            nl_store_at(&p.f->store, p.x, lag)[i] = (double)i + cubic(t);
            nl_store_at(&p.f->store, p.slope, lag)[i] = lag == 0 && slope_given ? NAN : cubic_slope(t);
        }
        nl_store_at(&p.f->store, now_slope, 0)[i] = cubic_slope(0);
    }
    p.machine = nl_machine_new(nl_program_compile(p.f->arena, &p.f->model, &p.f->memory, "past", p.f->roots.items,
                                                  p.f->roots.count, NL_SELECT_NONE),
                               &p.f->store);
    nl_machine_prepare(p.machine);
    return p;
}

static void past_free(past *p)
{
    nl_machine_free(p->machine);
    fixture_free(p->f);
}

static void past_at(past *p, double steps)
{
    nl_machine_fault fault;
    double *time = nl_store_at(&p->f->store, p->time, 0);

    for (size_t i = 0; i < p->f->memory.mems.items[p->time].count; i++) time[i] = steps;
    assert_true(nl_machine_run(p->machine, &fault));
}

/* Both ways to interpolate are exact for cubics. */
static void samples_follow_a_cubic(void **unused)
{
    static const double times[] = { 0, -1, -5, -0.25, -0.5, -1.75, -2.385, -4.01, -4.999 };

    (void)unused;
    for (int variant = 0; variant < 6; variant++) {
        past p = past_new(variant % 3 > 0, variant % 3 > 1, variant > 2);
        for (size_t k = 0; k < NL_LEN(times); k++) {
            past_at(&p, times[k]);
            for (size_t i = 0; i < PAST_COUNT; i++)
                assert_close(nl_store_at(&p.f->store, p.out, 0)[i], (double)i + cubic(times[k] * p.f->model.dt), 1e-13);
        }
        past_free(&p);
    }
}

/* Before a jump two steps ago the value tends to the left limit, at it and after it is the new one. */
static void samples_stop_at_jumps(void **unused)
{
    (void)unused;
    for (int has_slopes = 0; has_slopes < 2; has_slopes++) {
        past p = past_new(has_slopes, has_slopes, false);
        double left[PAST_COUNT], slope[PAST_COUNT];
        nl_jump value_jump = { .step = 98, .value = left }, slope_jump = { .step = 98, .value = slope };

        for (size_t i = 0; i < PAST_COUNT; i++)
            left[i] = nl_store_at(&p.f->store, p.x, 2)[i], slope[i] = cubic_slope(-0.25);
        p.f->store.jumps[p.x] = &value_jump;
        p.f->store.jumps[p.slope] = &slope_jump;
        for (size_t lag = 0; lag <= 2; lag++)
            for (size_t i = 0; i < PAST_COUNT; i++) {
                nl_store_at(&p.f->store, p.x, lag)[i] = 1000;
                nl_store_at(&p.f->store, p.slope, lag)[i] = 0;
            }
        past_at(&p, -2 - 1e-9);
        assert_close(nl_store_at(&p.f->store, p.out, 0)[7], 7 + cubic(-0.25), 1e-8);
        past_at(&p, -2.5);
        assert_close(nl_store_at(&p.f->store, p.out, 0)[7], 7 + cubic(-0.3125), 1e-13);
        past_at(&p, -2);
        assert_exact(nl_store_at(&p.f->store, p.out, 0)[7], 1000);
        past_at(&p, -1.3);
        assert_close(nl_store_at(&p.f->store, p.out, 0)[7], 1000, 1e-14);
        assert_null(nl_store_left(&p.f->store, p.x, 97));
        assert_ptr_equal(nl_store_left(&p.f->store, p.x, 98), left);
        past_free(&p);
    }
}

/* The loaded left limit is an array of its own. */
static void rings_show_left_limits(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "x", a, 3), y = mem(f, "y", a, 1);
    double left[300];
    nl_jump jump = { .step = 41, .value = left };
    nl_machine_fault fault;

    for (size_t i = 0; i < 300; i++) left[i] = -(double)i;
    root(f, nl_graph_add(f->graph, &(nl_node){ .kind = NL_X_RING, .id = x, .space = a, .number = 1, .end = true }), y,
         true);
    fixture_start(f);
    f->store.jumps[x] = &jump;
    nl_machine *machine = nl_machine_new(compiled(f), &f->store);
    nl_machine_prepare(machine);
    for (f->store.step = 41; f->store.step < 44; f->store.step++) {
        assert_true(nl_machine_run(machine, &fault));
        assert_exact(nl_store_at(&f->store, y, 0)[299], f->store.step == 42 ? -299 : 0);
    }
    nl_machine_free(machine);
    fixture_free(f);
}

static void samples_beyond_the_past_are_faults(void **unused)
{
    (void)unused;
    past p = past_new(true, true, true);
    nl_machine_fault fault;

    past_at(&p, -5);
    nl_store_at(&p.f->store, p.time, 0)[137] = -5.5;
    assert_false(nl_machine_run(p.machine, &fault));
    assert_int_equal(fault.element, 137);
    assert_exact(fault.value, -5.5);
    past_free(&p);
}

/* --- faults, streams, exchange --- */

static void bad_indices_are_faults(void **unused)
{
    static const double bad[] = { -1, 300, 2.5, NAN, 1e300 };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(bad); k++) {
        fixture *f = fixture_new();
        const uint32_t a = population(f, 300), x = mem(f, "x", a, 1), at = mem(f, "at", a, 1);
        nl_machine_fault fault;
        const nl_ref gather = nl_graph_add(f->graph, &(nl_node){ .kind = NL_X_GATHER,
                                                                 .space = a,
                                                                 .arg_count = 2,
                                                                 .args = { load(f, x), load(f, at) } });
        root(f, gather, x, true);
        fixture_start(f);
        nl_machine *machine = nl_machine_new(compiled(f), &f->store);
        nl_machine_prepare(machine);
        assert_true(nl_machine_run(machine, &fault));
        nl_store_at(&f->store, at, 0)[271] = bad[k];
        assert_false(nl_machine_run(machine, &fault));
        assert_int_equal(fault.node, gather);
        assert_int_equal(fault.element, 271);
        assert_exact(fault.value, bad[k]);
        nl_machine_free(machine);
        fixture_free(f);
    }
}

/* Initial values and steps draw different numbers; so do trials. */
static void draws_depend_on_step_and_trial(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "x", a, 1);
    const nl_draw_def def = { .dist = NL_DIST_NORMAL, .stream = "P.x" };
    nl_machine_fault fault;
    double first[4];

    NL_PUSH(f->arena, &f->model.draws, def);
    root(f,
         nl_graph_add(f->graph,
                      &(nl_node){ .kind = NL_X_DRAW, .space = a, .arg_count = 2, .args = { num(f, 0), num(f, 1) } }),
         x, true);
    fixture_start(f);
    nl_machine *machine = nl_machine_new(compiled(f), &f->store);
    for (int k = 0; k < 4; k++) {
        f->store.starting = k == 0;
        f->store.step = k == 2;
        f->store.trial = k == 3;
        nl_machine_prepare(machine);
        assert_true(nl_machine_run(machine, &fault));
        first[k] = nl_store_at(&f->store, x, 0)[0];
        for (int j = 0; j < k; j++) assert_true(first[j] != first[k]);
        assert_true(nl_store_at(&f->store, x, 0)[1] != first[k]);
    }
    nl_machine_free(machine);
    fixture_free(f);
}

/* A machine that exchanges arrays tells the others where they are now. */
static void other_machines_follow_an_exchange(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "x", a, 1), seen = mem(f, "seen", a, 1);
    nl_machine_fault fault;
    const nl_ref index = nl_expr_leaf(f->graph, NL_X_INDEX, 0, a, nl_dim_none);

    root(f,
         nl_graph_add(f->graph, &(nl_node){ .kind = NL_X_GATHER,
                                            .space = a,
                                            .arg_count = 2,
                                            .args = { load(f, x), sub(f, num(f, 299), index) } }),
         x, true);
    fixture_start(f);
    nl_machine *turn = nl_machine_new(compiled(f), &f->store);
    f->roots.count = 0;
    root(f, load(f, x), seen, false);
    nl_machine *look = nl_machine_new(compiled(f), &f->store);
    nl_machine_prepare(turn);
    nl_machine_prepare(look);
    for (size_t i = 0; i < 300; i++) nl_store_at(&f->store, x, 0)[i] = (double)i;
    for (int k = 1; k < 6; k++) {
        assert_true(nl_machine_run(turn, &fault));
        if (k == 2) continue;
        assert_true(nl_machine_run(look, &fault));
        for (size_t i = 0; i < 300; i++)
            assert_exact(nl_store_at(&f->store, seen, 0)[i], k % 2 != 0 ? 299 - (double)i : (double)i);
    }
    nl_machine_free(turn);
    nl_machine_free(look);
    fixture_free(f);
}

/* Slots are read by the prologue, as they were when the store took them. */
static void slots_are_read_afresh(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "x", a, 1), s = mem(f, "s", 0, 1);
    const nl_slot slot = { "k", 1.375, nl_dim_none };
    nl_machine_fault fault;

    NL_PUSH(f->arena, &f->model.slots, slot);
    const nl_ref k = nl_expr_leaf(f->graph, NL_X_SLOT, 0, 0, nl_dim_none);
    root(f, add(f, load(f, x), op1(f, NL_OP_EXP, k)), x, true);
    root(f, k, s, true);
    fixture_start(f);
    nl_machine *machine = nl_machine_new(compiled(f), &f->store);
    nl_machine_prepare(machine);
    assert_true(nl_machine_run(machine, &fault));
    f->model.slots.items[0].number = -2.5;
    nl_machine_prepare(machine);
    assert_true(nl_machine_run(machine, &fault));
    assert_exact(nl_store_at(&f->store, s, 0)[0], 1.375);
    nl_store_take(&f->store);
    nl_machine_prepare(machine);
    assert_true(nl_machine_run(machine, &fault));
    assert_exact(nl_store_at(&f->store, s, 0)[0], -2.5);
    assert_close(nl_store_at(&f->store, x, 0)[299], 2 * exp(1.375) + exp(-2.5), 1e-15);
    nl_machine_free(machine);
    fixture_free(f);
}

static void rows_of_tables_hold(void **unused)
{
    static const double rows[] = { 1.5, -2.25, 0.5 };
    static const struct {
        double time, want;
    } cases[] = {
        { -3, 1.5 },  { 0, 1.5 },    { 0.2499, 1.5 }, { 0.25, -2.25 }, { 0.25 - 1e-12, -2.25 },
        { 0.5, 0.5 }, { 0.75, 0.5 }, { 1e9, 0.5 },
    };

    (void)unused;
    fixture *f = fixture_new();
    const uint32_t t = mem(f, "t", 0, 1), x = mem(f, "x", 0, 1);
    const nl_table table = { { .kind = NL_KIND_NUMBER, .data = rows }, 0.25, 3, 1 };
    nl_machine_fault fault;

    NL_PUSH(f->arena, &f->model.tables, table);
    root(f, nl_graph_add(f->graph, &(nl_node){ .kind = NL_X_TABLE, .arg_count = 1, .args = { load(f, t) } }), x, true);
    fixture_start(f);
    nl_machine *machine = nl_machine_new(compiled(f), &f->store);
    nl_machine_prepare(machine);
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        *nl_store_at(&f->store, t, 0) = cases[k].time;
        assert_true(nl_machine_run(machine, &fault));
        assert_exact(*nl_store_at(&f->store, x, 0), cases[k].want);
    }
    nl_machine_free(machine);
    fixture_free(f);
}

static void too_much_memory_is_refused(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t small = population(f, 10), large = population(f, (size_t)1 << 50);
    const char *too_large = NULL;

    mem(f, "small", small, 1000);
    mem(f, "large", large, 2);
    assert_false(nl_store_init(&f->store, &f->model, &f->memory, NULL, NULL, &too_large));
    assert_string_equal(too_large, "large");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_programs_agree),
        cmocka_unit_test(lists_hold_what_meets_conditions),
        cmocka_unit_test(samples_follow_a_cubic),
        cmocka_unit_test(samples_stop_at_jumps),
        cmocka_unit_test(rings_show_left_limits),
        cmocka_unit_test(samples_beyond_the_past_are_faults),
        cmocka_unit_test(bad_indices_are_faults),
        cmocka_unit_test(draws_depend_on_step_and_trial),
        cmocka_unit_test(other_machines_follow_an_exchange),
        cmocka_unit_test(slots_are_read_afresh),
        cmocka_unit_test(rows_of_tables_hold),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(lorenz_is_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
