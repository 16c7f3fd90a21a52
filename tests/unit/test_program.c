/* What programs are made of: loops, hoisting, stores in place, superinstructions; running them is tested in
 * test_machine.c. */
#include "../support/programs.h"

/* --- looking at programs --- */

static const nl_program *compile(fixture *f)
{
    const nl_program *program = nl_program_compile(f->arena, &f->model, &f->memory, "test", f->roots.items,
                                                   f->roots.count, NL_SELECT_NONE);
    const char *wrong = nl_program_verify(f->arena, program, &f->memory);

    if (wrong != NULL) fail_msg("%s", wrong);
    return program;
}

static size_t segments_of(const nl_segments *segments, nl_segment_kind kind)
{
    size_t count = 0;

    for (size_t k = 0; k < segments->count; k++) count += segments->items[k].kind == kind;
    return count;
}

static size_t instrs_of(const nl_segments *segments, nl_instr_kind kind)
{
    size_t count = 0;

    for (size_t s = 0; s < segments->count; s++)
        for (size_t k = 0; k < segments->items[s].instrs.count; k++)
            count += segments->items[s].instrs.items[k].kind == kind;
    return count;
}

static size_t ops_of(const nl_segments *segments, nl_op op)
{
    size_t count = 0;

    for (size_t s = 0; s < segments->count; s++)
        for (size_t k = 0; k < segments->items[s].instrs.count; k++)
            count += segments->items[s].instrs.items[k].kind == NL_I_OP && segments->items[s].instrs.items[k].op == op;
    return count;
}

static size_t all_instrs(const nl_segments *segments)
{
    size_t count = 0;

    for (size_t s = 0; s < segments->count; s++) count += segments->items[s].instrs.count;
    return count;
}

/* --- tests --- */

static void fixed_values_are_hoisted(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), x = mem(f, "x", a, 1), p = mem(f, "p", a, 1), q = mem(f, "q", 0, 1);

    f->memory.mems.items[p].fixed = f->memory.mems.items[q].fixed = true;
    root(f, add(f, load(f, x), mul(f, op1(f, NL_OP_EXP, load(f, p)), op1(f, NL_OP_SIN, load(f, q)))), x, true);
    const nl_program *program = compile(f);
    assert_int_equal(ops_of(&program->prologue, NL_OP_EXP), 1);
    assert_int_equal(ops_of(&program->prologue, NL_OP_SIN), 1);
    assert_int_equal(program->body.count, 1);
    assert_int_equal(all_instrs(&program->body), 1);
    assert_int_equal(ops_of(&program->body, NL_OP_ADD), 1);
    fixture_free(f);
}

/* Memory that the program writes itself is not fixed for it. */
static void written_parameters_are_not_hoisted(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), x = mem(f, "x", a, 1), p = mem(f, "p", a, 1);

    f->memory.mems.items[p].fixed = true;
    root(f, op1(f, NL_OP_EXP, load(f, p)), x, true);
    root(f, load(f, x), p, true);
    const nl_program *program = compile(f);
    assert_int_equal(program->prologue.count, 0);
    assert_int_equal(ops_of(&program->body, NL_OP_EXP), 1);
    fixture_free(f);
}

static void what_is_cheap_is_not_stored(void **unused)
{
    (void)unused;
    static const size_t counts[] = { 1000, 1000000 };

    for (size_t k = 0; k < NL_LEN(counts); k++) {
        fixture *f = fixture_new();
        const uint32_t a = population(f, counts[k]), x = mem(f, "x", a, 1);
        root(f, add(f, load(f, x), nl_expr_leaf(f->graph, NL_X_INDEX, 0, a, nl_dim_none)), x, true);
        const nl_program *program = compile(f);
        assert_int_equal(instrs_of(&program->body, NL_I_INDEX), k == 1);
        assert_int_equal(instrs_of(&program->prologue, NL_I_INDEX), k == 0);
        fixture_free(f);
    }
}

/* A neuron with two kinds of input that is held while it is refractory: v is written once, by what chooses it. */
static void neurons_are_a_few_instructions(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), v = mem(f, "v", a, 1), ge = mem(f, "ge", a, 1), gi = mem(f, "gi", a, 1),
                   until = mem(f, "until", a, 1);
    const nl_ref held = op2(f, NL_OP_GE, load(f, until), nl_expr_leaf(f->graph, NL_X_STEP, 0, 0, nl_dim_none));
    const nl_ref one = add(f, mul(f, load(f, v), num(f, 0.9)), num(f, -3)), two = mul(f, load(f, ge), num(f, 0.2)),
                 sum = add(f, add(f, one, two), mul(f, num(f, 0.1), load(f, gi)));
    const nl_ref new = nl_expr_op(f->graph, NL_OP_IF, (nl_ref[]){ held, load(f, v), sum }, 3, nl_dim_none);
    const nl_root emit = { .kind = NL_ROOT_EMIT,
                           .space = a,
                           .node = op2(f, NL_OP_AND, op2(f, NL_OP_GT, new, num(f, -50)), op1(f, NL_OP_NOT, held)) };

    root(f, new, v, true);
    root(f, mul(f, load(f, ge), num(f, 0.8)), ge, true);
    root(f, mul(f, load(f, gi), num(f, 0.7)), gi, true);
    NL_PUSH(f->arena, &f->roots, emit);
    const nl_program *program = compile(f);
    const nl_segment *loop = &program->body.items[program->body.count - 1];
    assert_int_equal(loop->instrs.count, 5);
    assert_int_equal(instrs_of(&program->body, NL_I_CHAIN), 1);
    assert_int_equal(instrs_of(&program->body, NL_I_CHOOSE), 1);
    assert_int_equal(ops_of(&program->body, NL_OP_MUL), 2);
    assert_int_equal(loop->instrs.items[2].test_count, 2);
    assert_true(loop->instrs.items[2].tests[1].fails && !loop->instrs.items[2].tests[0].fails);
    fixture_free(f);
}

/* Five terms are a chain of four and a pair; a sum that is read twice is not taken apart. */
static void chains_end(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), x = mem(f, "x", a, 1), y = mem(f, "y", a, 1), z = mem(f, "z", a, 1);
    nl_ref sum = num(f, 1);

    for (int k = 0; k < 5; k++) sum = add(f, sum, mul(f, load(f, k % 2 ? x : y), num(f, 0.1 + k)));
    root(f, sum, z, true);
    const nl_program *program = compile(f);
    assert_int_equal(instrs_of(&program->body, NL_I_CHAIN), 1);
    assert_int_equal(instrs_of(&program->body, NL_I_PAIR), 1);
    const nl_ref two = add(f, mul(f, load(f, x), load(f, x)), load(f, y));
    f->roots.count = 0;
    root(f, two, x, true);
    root(f, add(f, two, mul(f, load(f, z), num(f, 3))), z, true);
    program = compile(f);
    assert_int_equal(instrs_of(&program->body, NL_I_CHAIN), 0);
    fixture_free(f);
}

/* The old value is read after the new one is there: a register keeps it until then. */
static void crossings_need_both_values(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), v = mem(f, "v", a, 1);
    const nl_ref new = add(f, mul(f, load(f, v), num(f, 0.9)), num(f, 1));
    const nl_root emit = { .kind = NL_ROOT_EMIT,
                           .space = a,
                           .node = op2(f, NL_OP_AND, op2(f, NL_OP_LE, load(f, v), num(f, -20)),
                                       op2(f, NL_OP_GT, new, num(f, -20))) };

    root(f, new, v, true);
    NL_PUSH(f->arena, &f->roots, emit);
    const nl_program *program = compile(f);
    assert_int_equal(all_instrs(&program->body), 3);
    assert_int_equal(instrs_of(&program->body, NL_I_COPY), 1);
    fixture_free(f);
}

/* Two coupled states: both old values are read before either is written. */
static void coupled_states_are_written_in_place(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), v = mem(f, "v", a, 1), w = mem(f, "w", a, 1);

    root(f, add(f, load(f, v), mul(f, num(f, 0.1), sub(f, op1(f, NL_OP_TANH, load(f, v)), load(f, w)))), v, true);
    root(f, add(f, load(f, w), mul(f, num(f, 0.3), sub(f, op1(f, NL_OP_SIN, load(f, v)), load(f, w)))), w, true);
    const nl_program *program = compile(f);
    assert_int_equal(program->body.count, 1);
    assert_int_equal(program->swaps.count, 0);
    assert_int_equal(program->own_doubles, 0);
    assert_int_equal(instrs_of(&program->body, NL_I_COPY), 0);
    assert_int_equal(instrs_of(&program->body, NL_I_PAIR), 4 - 2);
    fixture_free(f);
}

static nl_ref gather(fixture *f, nl_ref source, nl_ref index)
{
    return nl_graph_add(f->graph, &(nl_node){ .kind = NL_X_GATHER,
                                              .space = nl_graph_node(f->graph, index)->space,
                                              .arg_count = 2,
                                              .args = { source, index } });
}

static void other_elements_need_the_old_array(void **unused)
{
    (void)unused;
    static const struct { size_t depth; bool fixed, next; size_t swaps, loops; } cases[] = {
        { 1, false, true, 1, 1 }, /* exchanged */
        { 1, true, true, 0, 2 },  /* has one array only: copied */
        { 3, false, true, 0, 1 }, /* the coming slot is another array */
        { 3, false, false, 0, 2 }, /* the present slot of a ring cannot be exchanged */
    };

    for (size_t k = 0; k < NL_LEN(cases); k++) {
        fixture *f = fixture_new();
        const uint32_t a = population(f, 1000), x = mem(f, "x", a, cases[k].depth);
        f->memory.mems.items[x].fixed = cases[k].fixed;
        root(f, gather(f, load(f, x), sub(f, num(f, 999), nl_expr_leaf(f->graph, NL_X_INDEX, 0, a, nl_dim_none))), x,
             cases[k].next);
        const nl_program *program = compile(f);
        assert_int_equal(program->swaps.count, cases[k].swaps);
        assert_int_equal(segments_of(&program->body, NL_C_LOOP), cases[k].loops);
        fixture_free(f);
    }
}

/* Of two loops, the one that reads the other's memory comes first; then nothing need be exchanged. */
static void readers_come_before_writers(void **unused)
{
    (void)unused;
    for (int swapped = 0; swapped < 2; swapped++) {
        fixture *f = fixture_new();
        const uint32_t a = population(f, 1000), b = population(f, 300);
        const uint32_t x = mem(f, "x", a, 1), y = mem(f, "y", b, 1);
        const nl_ref index = nl_expr_leaf(f->graph, NL_X_INDEX, 0, b, nl_dim_none);
        const nl_ref step = mul(f, load(f, x), num(f, 0.5)), seen = gather(f, load(f, x), index);

        root(f, swapped ? seen : step, swapped ? y : x, true);
        root(f, swapped ? step : seen, swapped ? x : y, true);
        const nl_program *program = compile(f);
        assert_int_equal(program->body.count, 2);
        assert_int_equal(program->body.items[0].space, b);
        assert_int_equal(program->swaps.count, 0);
        fixture_free(f);
    }
}

static void cheaper_operators(void **unused)
{
    (void)unused;
    static const struct {
        nl_op op;
        double number;
        nl_op becomes;
        size_t times;
    } cases[] = {
        { NL_OP_POW, 2, NL_OP_MUL, 1 },    { NL_OP_POW, 3, NL_OP_POW, 0 },     { NL_OP_POW, 4, NL_OP_MUL, 2 },
        { NL_OP_POW, 0.5, NL_OP_SQRT, 1 }, { NL_OP_POW, 2.385, NL_OP_POW, 1 }, { NL_OP_DIV, 0.25, NL_OP_MUL, 1 },
        { NL_OP_DIV, 3, NL_OP_DIV, 1 },    { NL_OP_DIV, 0, NL_OP_DIV, 1 },     { NL_OP_DIV, 0x1p-1074, NL_OP_DIV, 1 },
    };

    for (size_t k = 0; k < NL_LEN(cases); k++) {
        fixture *f = fixture_new();
        const uint32_t a = population(f, 1000), x = mem(f, "x", a, 1);
        root(f, op2(f, cases[k].op, load(f, x), num(f, cases[k].number)), x, true);
        const nl_program *program = compile(f);
        assert_int_equal(ops_of(&program->body, cases[k].becomes), cases[k].times);
        fixture_free(f);
    }
}

static nl_conn *build_all(nl_conn_context *cx) { return nl_conn_all_to_all(cx); }

/* Four stages, each with a sum over all neurons: four loops, and at most four arrays of the program's own at a time. */
static void stages_take_a_loop_each(void **unused)
{
    (void)unused;
    static const double c[4] = { 0, 0.5, 0.5, 1 }, b[4] = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 };
    fixture *f = fixture_new();
    const uint32_t a = population(f, 1000), m = mem(f, "x", a, 1);
    nl_ref k = 0, sum = 0;

    projection(f, "all", part(0, 0, 1000, true), part(0, 0, 1000, true), NL_RULE_ALL_TO_ALL, build_all);
    for (int s = 0; s < 4; s++) {
        const nl_ref x = s == 0 ? load(f, m) : add(f, load(f, m), mul(f, num(f, c[s]), k));
        const nl_node input = { .kind = NL_X_PROPAGATE, .space = a, .arg_count = 1, .args = { op1(f, NL_OP_TANH, x) } };
        k = sub(f, nl_graph_add(f->graph, &input), x);
        sum = s == 0 ? mul(f, num(f, b[0]), k) : add(f, sum, mul(f, num(f, b[s]), k));
    }
    root(f, add(f, load(f, m), sum), m, true);
    const nl_program *program = compile(f);
    assert_int_equal(segments_of(&program->body, NL_C_PROPAGATE), 4);
    assert_int_equal(segments_of(&program->body, NL_C_LOOP), 5); /* the first one makes tanh(x) */
    assert_int_equal(program->swaps.count, 0);
    assert_true(program->own_doubles <= 4 * 1100);
    fixture_free(f);
}

static void listing_is_readable(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "P.x", a, 2), y = mem(f, "y", 0, 1);
    const nl_node past = { .kind = NL_X_RING, .id = x, .space = a, .number = 1 };
    const nl_node sum = { .kind = NL_X_REDUCE, .id = NL_R_SUM, .arg_count = 1, .args = { load(f, x) } };

    /* One after the other: commuting operands are ordered by age. */
    const nl_ref three = num(f, 3), quarters = num(f, 0.75), total = nl_graph_add(f->graph, &sum);
    const nl_ref scaled = mul(f, load(f, x), quarters), before = nl_graph_add(f->graph, &past);

    root(f, add(f, before, scaled), x, true);
    root(f, mul(f, total, three), y, true);
    assert_string_equal(nl_program_text(f->arena, compile(f), &f->model, &f->memory),
                        "program test: 4 numbers, 0 registers, 0 doubles of its own\n"
                        " body\n"
                        "  loop over P (300)\n"
                        "    P.x[next] = mul-add P.x, 0.75, P.x[-1]                   ; ((P.x * 0.75) + P.x[-1])\n"
                        "    s2 = sum P.x                                             ; sum(P.x)\n"
                        "  numbers\n"
                        "    s3 = MUL 3, s2                                           ; (3 * sum(P.x))\n"
                        "  store y = s3\n");
    assert_string_equal(nl_roots_text(f->arena, &f->model, &f->memory, "test", f->roots.items, f->roots.count),
                        "roots of test\n"
                        "  P.x[next] over P (300) = ((P.x * 0.75) + P.x[-1])\n"
                        "  y[next] over one (1) = (3 * sum(P.x))\n");
    fixture_free(f);
}

static void broken_programs_are_found(void **unused)
{
    (void)unused;
    fixture *f = fixture_new();
    const uint32_t a = population(f, 300), x = mem(f, "x", a, 1);

    root(f, op1(f, NL_OP_EXP, op1(f, NL_OP_SIN, load(f, x))), x, true);
    nl_program *program =
        nl_program_compile(f->arena, &f->model, &f->memory, "test", f->roots.items, f->roots.count, NL_SELECT_NONE);
    nl_segment *loop = &program->body.items[0];
    const nl_instr first = loop->instrs.items[0];
    assert_null(nl_program_verify(f->arena, program, &f->memory));
    loop->instrs.items[0].dst.index = 7;
    assert_string_equal(nl_program_verify(f->arena, program, &f->memory),
                        "body, segment 0: register outside of the file (7)");
    loop->instrs.items[0] = loop->instrs.items[1];
    assert_string_equal(nl_program_verify(f->arena, program, &f->memory),
                        "body, segment 0: register is read before it is written (0)");
    loop->instrs.items[0] = first;
    loop->instrs.count = 1;
    assert_string_equal(nl_program_verify(f->arena, program, &f->memory), "body, segment 1: a root is not stored (0)");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_values_are_hoisted),
        cmocka_unit_test(written_parameters_are_not_hoisted),
        cmocka_unit_test(what_is_cheap_is_not_stored),
        cmocka_unit_test(coupled_states_are_written_in_place),
        cmocka_unit_test(neurons_are_a_few_instructions),
        cmocka_unit_test(chains_end),
        cmocka_unit_test(crossings_need_both_values),
        cmocka_unit_test(other_elements_need_the_old_array),
        cmocka_unit_test(readers_come_before_writers),
        cmocka_unit_test(cheaper_operators),
        cmocka_unit_test(stages_take_a_loop_each),
        cmocka_unit_test(listing_is_readable),
        cmocka_unit_test(broken_programs_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
