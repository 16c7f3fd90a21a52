#include "../support/values.h"

#include "lang/value_impl.h"

static const nl_span here = { 0, 0 };

static nl_value binary(bench *b, const char *op, nl_value x, nl_value y)
{
    return nl_value_binary(&b->cx, here, op, x, here, y, here);
}

static nl_value stack(bench *b, size_t count, const nl_value *values)
{
    nl_arg items[8] = { { .name = NULL } };

    for (size_t i = 0; i < count; i++) items[i].value = values[i];
    return nl_value_stack(&b->cx, here, items, count);
}

static nl_value pick(bench *b, nl_value base, size_t count, const nl_index *indices)
{
    return nl_value_index(&b->cx, here, base, indices, count);
}

static nl_index at(nl_value value)
{
    return (nl_index){ .value = value };
}

static nl_index slice(long begin, long end)
{
    return (nl_index){ .is_slice = true, .has_begin = true, .begin = begin, .has_end = true, .end = end };
}

static nl_index every(long step)
{
    return (nl_index){ .is_slice = true, .has_step = true, .step = step };
}

static void operators_broadcast(void **unused)
{
    bench *b = bench_new();
    nl_value row = VECTOR(b, "mV", 3, 1.5, -2, 4), column = ARRAY(b, "mV", 2, TWO(2, 1), 10, 20);
    nl_value none = ARRAY(b, "mV", 2, TWO(0, 3), 0);

    (void)unused;
    assert_shown(b, binary(b, "+", row, column), "[[11.5, 8, 14], [21.5, 18, 24]] mV");
    assert_shown(b, binary(b, "*", row, number(b, 2, "nS")), "[3, -4, 8] pA");
    assert_shown(b, binary(b, "/", number(b, 1, NULL), number(b, 20, "ms")), "50 Hz");
    assert_shown(b, binary(b, "+", none, row), "[] mV");
    assert_shown(b, binary(b, "div", VECTOR(b, NULL, 3, -7, 7.5, 6), number(b, 3, NULL)), "[-3, 2, 2]");
    assert_shown(b, binary(b, "mod", VECTOR(b, "ms", 2, -7, 7), number(b, 3, "ms")), "[2, 1] ms");
    assert_shown(b, binary(b, "^", row, number(b, 2, NULL)), "[2.25, 4, 16] [mV^2]");
    assert_shown(b, binary(b, "<", row, number(b, 2, "mV")), "[true, true, false]");
    assert_shown(b, binary(b, "+", nl_value_bool(b->cx.arena, true), number(b, 2, NULL)), "3");
    assert_shown(b, binary(b, "+", nl_value_number(b->cx.arena, 0, nl_dim_any), row), "[1.5, -2, 4] mV");
    assert_shown(b, nl_value_unary(&b->cx, here, "-", row), "[-1.5, 2, -4] mV");
    assert_shown(b, nl_value_unary(&b->cx, here, "not", MASK(b, 2, 1, 0)), "[false, true]");
    assert_shown(b, binary(b, "==", nl_value_text(b->cx.arena, "late"), nl_value_text(b->cx.arena, "late")), "true");
    assert_shown(b, binary(b, "!=", nl_value_text(b->cx.arena, "late"), nl_value_text(b->cx.arena, "late")), "false");
    bench_free(b);
}

static void faults_name_both_sides(void **unused)
{
    bench *b = bench_new();
    nl_value three = VECTOR(b, "mV", 3, 1, 2, 3), two = VECTOR(b, "mV", 2, 1, 2);

    (void)unused;
    assert_refused(b, binary(b, "+", three, number(b, 5, "ms")), "cannot add mV and ms");
    assert_refused(b, binary(b, "-", number(b, 1, NULL), three), "cannot subtract a pure number and mV");
    assert_refused(b, binary(b, ">=", three, number(b, 5, "pA")), "cannot compare mV and pA");
    assert_refused(b, binary(b, "+", three, two), "the shapes [3] and [2] do not fit for `+`");
    assert_refused(b, binary(b, "and", MASK(b, 2, 1, 0), number(b, 1, NULL)), "`and` needs a condition, not a number");
    assert_refused(b, binary(b, "^", number(b, 2, NULL), three), "an exponent is a pure number, not mV");
    assert_refused(b, binary(b, "^", three, number(b, 0.3, NULL)),
                   "mV to this power has no dimension that could be written");
    assert_refused(b, binary(b, "^", number(b, 2, "mV"), VECTOR(b, NULL, 2, 1, 2)),
                   "mV to this power has no dimension that could be written");
    assert_refused(b, binary(b, "+", nl_value_text(b->cx.arena, "x"), three),
                   "`+` does not take a text and an array [3] in mV");
    assert_refused(b, binary(b, "@", three, two), "the shapes [3] and [2] do not fit for `@`");
    assert_int_equal(nl_diags_error_count(b->cx.diags), 10);
    assert_int_equal(binary(b, "+", nl_value_none(), two).kind, NL_KIND_NONE); /* no follow-up */
    assert_int_equal(nl_diags_error_count(b->cx.diags), 10);
    bench_free(b);
}

static void unknown_values_keep_dimension_and_shape(void **unused)
{
    bench *b = bench_new();
    const size_t some = NL_UNKNOWN_SIZE;
    nl_value v = nl_value_unknown(NL_KIND_NUMBER, dim_of("mV"), 1, (size_t[]){ 4 });
    nl_value w = nl_value_unknown(NL_KIND_NUMBER, dim_of("nS"), 2, (size_t[]){ some, 1 });
    nl_value product = binary(b, "*", v, w);

    (void)unused;
    assert_false(nl_value_known(product));
    assert_string_equal(nl_value_words(b->cx.arena, product), "an array [?, 4] in pA");
    assert_int_equal(nl_value_count(product), NL_UNKNOWN_SIZE);
    assert_shown(b, product, "?");
    assert_string_equal(
        nl_value_shape_text(b->cx.arena, pick(b, product, 1, &(nl_index){ .value = number(b, 9, NULL) })), "[4]");
    assert_string_equal(nl_value_shape_text(b->cx.arena, pick(b, v, 1, (nl_index[]){ slice(1, -1) })), "[2]");
    assert_string_equal(nl_value_shape_text(b->cx.arena, pick(b, w, 1, (nl_index[]){ slice(1, -1) })), "[?, 1]");
    nl_index mask = at(nl_value_unknown(NL_KIND_BOOL, nl_dim_none, 1, (size_t[]){ 4 }));
    assert_string_equal(nl_value_shape_text(b->cx.arena, pick(b, v, 1, &mask)), "[?]");
    assert_refused(b, pick(b, v, 1, (nl_index[]){ at(number(b, 4, NULL)) }),
                   "index 4 is outside of axis 0, which has the elements 0 to 3");
    assert_refused(b, binary(b, "+", v, VECTOR(b, "mV", 3, 1, 2, 3)), "the shapes [4] and [3] do not fit for `+`");
    assert_string_equal(nl_value_shape_text(b->cx.arena, stack(b, 2, (nl_value[]){ v, v })), "[2, 4]");
    nl_value power = binary(b, "^", v, nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL));
    assert_true(power.dim.unknown);
    bench_free(b);
}

static void array_literals_stack(void **unused)
{
    bench *b = bench_new();
    nl_value one = number(b, 1, "ms"), two = number(b, 2, "ms"), row = VECTOR(b, NULL, 2, 0.1, 2.385);
    nl_unit second, per_cent;

    (void)unused;
    assert_true(nl_unit_find("s", 1, &second));
    assert_true(nl_unit_find("%", 1, &per_cent));
    assert_shown(b, stack(b, 2, (nl_value[]){ one, two }), "[1, 2] ms");
    assert_shown(b, stack(b, 2, (nl_value[]){ row, row }), "[[0.1, 2.385], [0.1, 2.385]]");
    assert_shown(b, stack(b, 0, NULL), "[]");
    assert_true(stack(b, 0, NULL).dim.any);
    assert_shown(b, stack(b, 2, (nl_value[]){ row, number(b, 3, NULL) }), "[[0.1, 2.385], 3]");
    assert_shown(b, stack(b, 2, (nl_value[]){ nl_value_text(b->cx.arena, "a"), nl_value_text(b->cx.arena, "b") }),
                 "[\"a\", \"b\"]");
    assert_shown(b, stack(b, 2, (nl_value[]){ nl_value_bool(b->cx.arena, true), number(b, 0.5, NULL) }), "[1, 0.5]");
    assert_refused(b, stack(b, 2, (nl_value[]){ one, number(b, 1, NULL) }),
                   "this element is a pure number; those before it are ms");
    assert_shown(b, nl_value_scale(&b->cx, here, row, second), "[100, 2385] ms");
    assert_exact(nl_value_scale(&b->cx, here, VECTOR(b, NULL, 1, 1.1), second).data[0], 1100);
    assert_exact(nl_value_scale(&b->cx, here, VECTOR(b, NULL, 1, 7), per_cent).data[0], 0.07);
    assert_refused(b, nl_value_scale(&b->cx, here, one, second), "these elements are in ms already");
    bench_free(b);
}

static void indices_follow_numpy(void **unused)
{
    bench *b = bench_new();
    nl_value x = ARRAY(b, NULL, 2, TWO(3, 4), 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23);
    nl_value cube = nl_value_array(b->cx.arena, NL_KIND_NUMBER, nl_dim_none, 3, (size_t[]){ 2, 2, 2 },
                                   (double[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
    nl_value list = VECTOR(b, NULL, 2, -1, 0), column = ARRAY(b, NULL, 2, TWO(2, 1), 2, 0);
    nl_index all = { .is_slice = true };

    (void)unused;
    assert_shown(b, pick(b, x, 2, (nl_index[]){ at(number(b, -1, NULL)), at(number(b, 1, NULL)) }), "21");
    assert_shown(b, pick(b, x, 1, (nl_index[]){ at(number(b, 1, NULL)) }), "[10, 11, 12, 13]");
    assert_shown(b, pick(b, x, 2, (nl_index[]){ slice(0, 2), slice(-2, 9) }), "[[2, 3], [12, 13]]");
    assert_shown(b, pick(b, x, 2, (nl_index[]){ at(number(b, 0, NULL)), every(-2) }), "[3, 1]");
    assert_shown(b, pick(b, x, 1, (nl_index[]){ slice(3, 1) }), "[]");
    assert_shown(b, pick(b, x, 1, &(nl_index){ .value = list }), "[[20, 21, 22, 23], [0, 1, 2, 3]]");
    assert_shown(b, pick(b, x, 2, (nl_index[]){ at(list), at(list) }), "[23, 0]");
    assert_shown(b, pick(b, x, 2, (nl_index[]){ at(column), at(list) }), "[[23, 20], [3, 0]]");
    assert_shown(b, pick(b, x, 2, (nl_index[]){ all, at(list) }), "[[3, 0], [13, 10], [23, 20]]");
    assert_shown(b, pick(b, x, 1, (nl_index[]){ at(MASK(b, 3, 1, 0, 1)) }), "[[0, 1, 2, 3], [20, 21, 22, 23]]");
    assert_shown(b, pick(b, x, 1, (nl_index[]){ at(binary(b, ">", x, number(b, 20, NULL))) }), "[21, 22, 23]");
    assert_shown(b, pick(b, cube, 3, (nl_index[]){ at(list), all, at(list) }), "[[5, 7], [0, 2]]");
    assert_shown(b, pick(b, cube, 3, (nl_index[]){ all, at(list), at(number(b, 1, NULL)) }), "[[3, 1], [7, 5]]");
    assert_refused(b, pick(b, x, 2, (nl_index[]){ all, at(number(b, 4, NULL)) }),
                   "index 4 is outside of axis 1, which has the elements 0 to 3");
    assert_refused(b, pick(b, x, 1, (nl_index[]){ at(number(b, -4, NULL)) }),
                   "index -4 is outside of axis 0, which has the elements 0 to 2");
    assert_refused(b, pick(b, x, 1, (nl_index[]){ at(number(b, 0.5, NULL)) }), "an index is a whole number, not 0.5");
    assert_refused(b, pick(b, x, 1, (nl_index[]){ at(number(b, 1, "ms")) }), "an index is a pure number, not ms");
    assert_refused(b, pick(b, x, 1, (nl_index[]){ at(MASK(b, 2, 1, 0)) }), "a mask [2] does not fit an array [3, 4]");
    assert_refused(b, pick(b, x, 3, (nl_index[]){ all, all, all }), "an array [3, 4] has no axis 2");
    assert_refused(b, pick(b, x, 1, (nl_index[]){ every(0) }), "a range with the step 0 has no end");
    assert_refused(b, pick(b, number(b, 2, NULL), 1, (nl_index[]){ at(number(b, 0, NULL)) }), "a number has no axis 0");
    nl_value ragged = stack(b, 2, (nl_value[]){ list, number(b, 3, NULL) });
    assert_shown(b, pick(b, ragged, 2, (nl_index[]){ at(number(b, 0, NULL)), at(number(b, 1, NULL)) }), "0");
    assert_shown(b, pick(b, ragged, 1, (nl_index[]){ slice(1, 2) }), "[3]");
    bench_free(b);
}

static void signals_keep_their_times(void **unused)
{
    bench *b = bench_new();
    const double times[] = { 0, 0.5, 1, 2 }, others[] = { 0, 0.5, 1, 3 };
    nl_value x = signal_of(b, VECTOR(b, "mV", 4, 1, 2, 4, 8), times);
    nl_value wide = signal_of(b, ARRAY(b, "mV", 2, TWO(4, 2), 1, 2, 3, 4, 5, 6, 7, 8), times);
    nl_value sum = binary(b, "-", wide, x);

    (void)unused;
    assert_true(sum.is_signal && sum.times == wide.times);
    assert_shown(b, sum, "[[0, 1], [1, 2], [1, 2], [-1, 0]] mV");
    assert_true(binary(b, ">", x, number(b, 3, "mV")).is_signal);
    assert_true(binary(b, "*", wide, VECTOR(b, NULL, 2, 1, 2)).is_signal);
    assert_true(nl_value_matmul(&b->cx, here, wide, VECTOR(b, NULL, 2, 1, 2)).is_signal);
    assert_refused(b, binary(b, "+", x, signal_of(b, VECTOR(b, "mV", 4, 1, 2, 4, 8), others)),
                   "these signals were sampled at different times");
    nl_value part = pick(b, x, 1, (nl_index[]){ slice(1, 3) });
    assert_true(part.is_signal);
    assert_exact(part.times[0], 0.5);
    assert_exact(part.times[1], 1);
    nl_value masked = pick(b, x, 1, (nl_index[]){ at(MASK(b, 4, 1, 0, 0, 1)) });
    assert_exact(masked.times[1], 2);
    assert_false(pick(b, x, 1, (nl_index[]){ at(number(b, 1, NULL)) }).is_signal);
    assert_true(pick(b, wide, 2, (nl_index[]){ { .is_slice = true }, at(number(b, 1, NULL)) }).is_signal);
    bench_free(b);
}

static void signals_and_tables_are_functions_of_time(void **unused)
{
    bench *b = bench_new();
    const double times[] = { 0, 0.5, 1, 2 };
    nl_value x = signal_of(b, VECTOR(b, "mV", 4, 1, 2, 4, 8), times);
    nl_value table = ARRAY(b, "pA", 2, TWO(2, 2), 1, 2, 3, 4);

    (void)unused;
    assert_shown(b, nl_value_at_time(&b->cx, here, x, number(b, 1.5, "ms")), "6 mV");
    assert_shown(b, nl_value_at_time(&b->cx, here, x, VECTOR(b, "ms", 3, 0, 0.25, 2)), "[1, 1.5, 8] mV");
    assert_shown(b, nl_value_at_time(&b->cx, here, x, number(b, 2.0000000001, "ms")), "8 mV");
    assert_refused(b, nl_value_at_time(&b->cx, here, x, number(b, 2.1, "ms")),
                   "the signal has no value at 2.1: it was sampled from 0 to 2");
    assert_refused(b, nl_value_at_time(&b->cx, here, x, number(b, 2.1, "mV")), "a time is needed here, not mV");
    assert_refused(b, nl_value_at_time(&b->cx, here, table, number(b, 1, "ms")),
                   "an array [2, 2] in pA is not a function of time");
    table.kind = NL_KIND_TABLE;
    table.table_dt = 0.1;
    assert_shown(b, nl_value_at_time(&b->cx, here, table, number(b, 0.09, "ms")), "[1, 2] pA");
    assert_shown(b, nl_value_at_time(&b->cx, here, table, number(b, 0.1, "ms")), "[3, 4] pA");
    assert_shown(b, nl_value_at_time(&b->cx, here, table, VECTOR(b, "ms", 2, -1, 7)), "[[1, 2], [3, 4]] pA");
    bench_free(b);
}

static void products_of_matrices(void **unused)
{
    bench *b = bench_new();
    nl_value a = ARRAY(b, "mV", 2, TWO(2, 3), 1, 2, 3, 4, 5, 6), v = VECTOR(b, "nS", 3, 1, 0.5, -1);

    (void)unused;
    assert_shown(b, nl_value_matmul(&b->cx, here, a, v), "[-1, 0.5] pA");
    assert_shown(b, nl_value_matmul(&b->cx, here, v, v), "2.25 [nS^2]");
    assert_shown(b, nl_value_matmul(&b->cx, here, VECTOR(b, NULL, 2, 1, -1), a), "[-3, -3, -3] mV");
    assert_shown(b, nl_value_matmul(&b->cx, here, a, ARRAY(b, NULL, 2, TWO(3, 2), 1, 0, 0, 1, 2, 2)),
                 "[[7, 8], [16, 17]] mV");
    assert_shown(b, nl_value_matmul(&b->cx, here, ARRAY(b, NULL, 2, TWO(2, 0), 0), ARRAY(b, NULL, 2, TWO(0, 2), 0)),
                 "[[0, 0], [0, 0]]");
    bench_free(b);
}

static void within_measures_in_tolerances(void **unused)
{
    bench *b = bench_new();
    size_t worst = 99;
    nl_value x = VECTOR(b, "ms", 3, 1.01, 2.1, NAN), y = VECTOR(b, "ms", 3, 1, 2, 3);

    (void)unused;
    assert_shown(b, nl_value_within(&b->cx, here, x, number(b, 0.02, NULL), true, y, &worst), "[true, false, false]");
    assert_int_equal(worst, 2);
    assert_shown(b, nl_value_within(&b->cx, here, x, number(b, 0.2, "ms"), false, number(b, 2, "ms"), &worst),
                 "[false, true, false]");
    assert_shown(b,
                 nl_value_within(&b->cx, here, number(b, INFINITY, NULL), number(b, 0, NULL), false,
                                 number(b, INFINITY, NULL), &worst),
                 "true");
    assert_shown(
        b, nl_value_within(&b->cx, here, number(b, 1, NULL), number(b, 0, NULL), false, number(b, 1, NULL), &worst),
        "true");
    assert_refused(b, nl_value_within(&b->cx, here, x, number(b, 1, "mV"), false, y, &worst),
                   "the tolerance is mV, what is compared ms");
    assert_refused(b, nl_value_within(&b->cx, here, x, number(b, 1, "mV"), false, number(b, 1, "mV"), &worst),
                   "cannot compare ms and mV");
    bench_free(b);
}

static void values_are_shown_in_formats(void **unused)
{
    const struct { double x; const char *unit, *format, *want; } cases[] = {
        { 0.038, "Hz", NULL, "38 Hz" },
        { 12.3456, "ms", ".3f", "12.346 ms" },
        { 0.5, NULL, "%", "50.000000%" },
        { 0.1234, NULL, ".1%", "12.3%" },
        { 1e10, NULL, NULL, "10000000000" },
        { 0.1 + 0.2, NULL, NULL, "0.3" },
        { -0.0, NULL, NULL, "0" },
        { 2.5, NULL, "8.2f", "    2.50" },
        { 2.5, NULL, "<8.2f", "2.50    " },
        { -2.5, NULL, "08.2f", "-0002.50" },
        { 2.5, NULL, "*^9.1e", "*2.5e+00*" },
        { 3, NULL, "+d", "+3" },
        { -NAN, NULL, ".3f", "nan" },
        { 1e-7, NULL, NULL, "1e-07" },
        { 0.1, NULL, ".17g", "0.10000000000000001" },
    };
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++)
        assert_string_equal(nl_value_show(b->cx.arena, number(b, cases[i].x, cases[i].unit), cases[i].format),
                            cases[i].want);
    assert_null(nl_value_show(b->cx.arena, number(b, 1, NULL), "q"));
    assert_null(nl_value_show(b->cx.arena, number(b, 1, NULL), ".f"));
    assert_string_equal(nl_value_show(b->cx.arena, nl_value_text(b->cx.arena, "abc"), ">5.2"), "   ab");
    nl_value many =
        nl_value_array(b->cx.arena, NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ 600, 2 }, (double[1200]){ 1, 2 });
    assert_shown(b, many, "[[1, 2], [0, 0], [0, 0], ..., [0, 0], [0, 0], [0, 0]]");
    bench_free(b);
}

static void copies_are_independent(void **unused)
{
    bench *b = bench_new();
    nl_arena *other = nl_arena_new();
    nl_value list = stack(b, 2, (nl_value[]){ nl_value_text(b->cx.arena, "x"), VECTOR(b, "mV", 2, 1, 2) });
    nl_value copy = nl_value_copy(other, list);

    (void)unused;
    assert_true(nl_value_known(copy));
    bench_free(b);
    assert_string_equal(nl_value_show(other, copy, NULL), "[\"x\", [1, 2] mV]");
    nl_arena_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_broadcast),
        cmocka_unit_test(faults_name_both_sides),
        cmocka_unit_test(unknown_values_keep_dimension_and_shape),
        cmocka_unit_test(array_literals_stack),
        cmocka_unit_test(indices_follow_numpy),
        cmocka_unit_test(signals_keep_their_times),
        cmocka_unit_test(signals_and_tables_are_functions_of_time),
        cmocka_unit_test(products_of_matrices),
        cmocka_unit_test(within_measures_in_tolerances),
        cmocka_unit_test(values_are_shown_in_formats),
        cmocka_unit_test(copies_are_independent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
