#include "../support/evaluate.h"

#include "lang/op.h"
#include "lang/root.h"

#include <gsl/gsl_errno.h>

static void assert_holds(bench *b, const char *name, const char *example)
{
    const nl_value value = evaluate(b, example);

    if (value.kind == NL_KIND_NONE) fail_msg("%s: `%s` is refused: %s", name, example, bench_said(b));
    if (value.kind != NL_KIND_BOOL || value.data[0] != 1) fail_msg("%s: `%s` does not hold", name, example);
}

static void every_example_holds(void **unused)
{
    bench *b = bench_new();
    const nl_func_row *row;

    (void)unused;
    for (size_t i = 0; (row = nl_func_get(i)) != NULL; i++)
        if (row->example != NULL) assert_holds(b, row->name, row->example);
    for (int op = 0; op < NL_OP_COUNT; op++)
        if (nl_ops[op].example != NULL) assert_holds(b, nl_ops[op].id, nl_ops[op].example);
    bench_free(b);
}

/* Expression and what `print` shows; odd shapes, units, axes. */
static const struct { const char *expression, *shown; } cases[] = {
    { "sum([])", "0" },
    { "sum([[1, 2, 3], [4, 5, 6]] mV, axis = -1)", "[6, 15] mV" },
    { "mean([[true, false], [true, true]], axis = 0)", "[1, 0.5]" },
    { "mean([])", "nan" },
    { "prod([2, 3] mV)", "6 [mV^2]" },
    { "var([1, 3, 5] ms, ddof = 1)", "4 [ms^2]" },
    { "std([[1, 3], [2, 8]] nS, axis = 1)", "[1, 3] nS" },
    { "min([3, nan, 1])", "nan" },
    { "max([[3, 9], [7, 1]], axis = 0)", "[7, 9]" },
    { "argmax([1, nan, 5])", "1" },
    { "any([[1, 2], [3, 4]] > 3, axis = 1)", "[false, true]" },
    { "norm([3e200, 4e200])", "5e+200" },
    { "median([1, 9] mV)", "5 mV" },
    { "quantile([0, 10], [0.1, 0.5, 1])", "[1, 5, 10]" },
    { "quantile([[0, 10], [20, 40]], 0.5, axis = 0)", "[10, 25]" },
    { "zeros(2) + 1 mV", "[1, 1] mV" },
    { "zeros([2, 0])", "[[], []]" },
    { "full([2, 2], 3 ms)", "[[3, 3], [3, 3]] ms" },
    { "eye(2, 3)", "[[1, 0, 0], [0, 1, 0]]" },
    { "diag([1, 2], k = -1)", "[[0, 0, 0], [1, 0, 0], [0, 2, 0]]" },
    { "diag([[1, 2, 3], [4, 5, 6]], k = 1)", "[2, 6]" },
    { "triu([[1, 2], [3, 4]], 1)", "[[0, 2], [0, 0]]" },
    { "arange(3)", "[0, 1, 2]" },
    { "arange(1, 2, 0.25)", "[1, 1.25, 1.5, 1.75]" },
    { "arange(3, 0, -1)", "[3, 2, 1]" },
    { "arange(0 ms, 0.3 ms, 0.1 ms)", "[0, 0.1, 0.2] ms" },
    { "linspace(0 mV, 1 mV, 3)", "[0, 0.5, 1] mV" },
    { "linspace(0, 1, 4, endpoint = false)", "[0, 0.25, 0.5, 0.75]" },
    { "linspace(2, 5, 1)", "[2]" },
    { "logspace(-1, 1, 3)", "[0.1, 1, 10]" },
    { "shape(zeros([4, 0, 2]))", "[4, 0, 2]" },
    { "shape(3)", "[]" },
    { "len([[1, 2], [3]])", "2" },
    { "reshape(arange(6), [3, -1])", "[[0, 1], [2, 3], [4, 5]]" },
    { "transpose([[1, 2, 3], [4, 5, 6]])", "[[1, 4], [2, 5], [3, 6]]" },
    { "transpose(reshape(arange(4), [1, 2, 2]), axes = [1, 2, 0])", "[[[0], [1]], [[2], [3]]]" },
    { "concat([1, 2] mV, 3 mV)", "[1, 2, 3] mV" },
    { "concat([[1, 2], [3, 4]])", "[1, 2, 3, 4]" },
    { "concat([[1], [2, 3]])", "[1, 2, 3]" },
    { "concat([[1, 2]], [[3, 4]], axis = 1)", "[[1, 2, 3, 4]]" },
    { "concat(zeros([0, 2]), [[3, 4]])", "[[3, 4]]" },
    { "stack([1, 2], [3, 4], axis = -1)", "[[1, 3], [2, 4]]" },
    { "flip([[1, 2], [3, 4]], axis = 1)", "[[2, 1], [4, 3]]" },
    { "flip([[1, 2], [3, 4]])", "[[4, 3], [2, 1]]" },
    { "roll(eye(3), 1, axis = 0)", "[[0, 0, 1], [1, 0, 0], [0, 1, 0]]" },
    { "roll([1, 2, 3], -4)", "[2, 3, 1]" },
    { "repeat([[1, 2]], 2, axis = 0)", "[[1, 2], [1, 2]]" },
    { "tile([1, 2], 0)", "[]" },
    { "repeat(7, 3)", "[7, 7, 7]" },
    { "sort([[2, nan, 1], [0, -inf, 5]])", "[[1, 2, nan], [-inf, 0, 5]]" },
    { "argsort([2, 1, 2, 1])", "[1, 3, 0, 2]" },
    { "unique([3, 1, 3] mV)", "[1, 3] mV" },
    { "nonzero([true, false, true])", "[0, 2]" },
    { "where([1, 2] > 1, 5 mV, 0)", "[0, 5] mV" },
    { "cumsum([[1, 2], [3, 4]], axis = 1)", "[[1, 3], [3, 7]]" },
    { "diff([[1, 4], [2, 8]], axis = 0)", "[[1, 4]]" },
    { "diff([5])", "[]" },
    { "outer([1, 2] mV, [3, 4] nS)", "[[3, 4], [6, 8]] pA" },
    { "kron([[1, 2]], [[1], [10]])", "[[1, 2], [10, 20]]" },
    { "det([[2, 1], [4, 5]] mV)", "6 [mV^2]" },
    { "det(zeros([0, 0]))", "1" },
    { "inv([[4, 0], [0, 2]] ms)", "[[250, 0], [0, 500]] Hz" },
    { "linsolve([[0, 2], [4, 0]] nS, [2, 4] pA)", "[1, 1] mV" },
    { "linsolve([[0, 2], [4, 0]], [[2, 4], [4, 8]])", "[[1, 2], [1, 2]]" },
    { "eigenvalues([[2, 0], [0, 1]] mV)", "[[1, 0], [2, 0]] mV" },
    { "round(eigenvalues([[0, -4], [1, 0]]) * 1e6) / 1e6", "[[0, -2], [0, 2]]" },
    { "histogram([0, 0.5, 1, 2], [0, 1, 2])", "[2, 2]" },
    { "histogram([1, 1, 1], 2)", "[0, 3]" },
    { "histogram([1, 2, 3, 9] ms, 2, range = [0, 4] ms)", "[1, 2]" },
    { "interp([0, 1.25, 9] ms, [1, 2] ms, [10, 20] mV)", "[10, 12.5, 20] mV" },
    { "convolve([1, 2, 3], [0, 1, 0.5], mode = \"same\")", "[1, 2.5, 4]" },
    { "convolve([1, 2, 3], [1, 1], mode = \"valid\")", "[3, 5]" },
    { "trapz([[1, 2], [3, 6]] mV, [0, 2] ms)", "[4, 8] [mV*ms]" },
    { "correlation_coefficient([[1, 2, 3], [3, 2, 1]])", "[[1, -1], [-1, 1]]" },
    { "order_parameter([[0, pi], [1, 1]])", "[6.123234e-17, 1]" },
    { "cos_sim([[1, 0], [0, 1]], [[1, 0], [0, 1]] mV)", "1" },
    { "clip([1, 5, 9], lo = 2, hi = 6)", "[2, 5, 6]" },
    { "max([1, 5, 9] ms, 4 ms)", "[4, 5, 9] ms" },
};

static void results_are_numpys(void **unused)
{
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const nl_value value = evaluate(b, cases[i].expression);
        const char *shown = value.kind == NL_KIND_NONE ? bench_said(b) : nl_value_show(b->cx.arena, value, NULL);

        if (strcmp(shown, cases[i].shown) != 0)
            fail_msg("%s gives %s, wanted %s", cases[i].expression, shown, cases[i].shown);
    }
    bench_free(b);
}

static const struct { const char *expression, *message; } faults[] = {
    { "sum([1, 2], axes = 0)", "`sum` has no argument `axes`" },
    { "sum()", "`sum` needs the argument `x`" },
    { "sum([1, 2], 0, 1)", "`sum` takes no more than 2 arguments" },
    { "sum([1, 2], x = [1])", "the argument `x` is given twice" },
    { "squareroot(2)", "there is no function `squareroot`" },
    { "exp(1, 2)", "`exp` does not take 2 arguments" },
    { "exp(20 mV)", "`exp` takes a pure number, not mV" },
    { "max([1, 2] mV, 3 ms)", "`max` needs quantities of one dimension, not mV and ms" },
    { "sum([1, 2], axis = 1)", "there is no axis 1: the array has 1" },
    { "sum([1, 2], axis = 0.5)", "`axis` is a whole number from -8 on, not 0.5" },
    { "sum(\"text\")", "`sum` does not take a text" },
    { "sum([[1], [2, 3]])", "`sum` does not take a list of 2" },
    { "all([1, 2])", "`all` needs conditions, not an array [2]; compare with something: x != 0" },
    { "min([])", "`min` of an empty array" },
    { "quantile([1, 2], 1.5)", "`q` is a number from 0 to 1, not 1.5" },
    { "zeros(-1)", "an extent is a whole number from 0 on, not -1" },
    { "zeros([100000, 100000, 100000])",
      "this array would have the shape [100000, 100000, 100000], which is too large" },
    { "arange(0 ms, 3 ms)", "a range of quantities needs its `step`" },
    { "arange(0, 1, 0)", "this range has no end" },
    { "arange(0, inf)", "this range has no end" },
    { "linspace(0 ms, 1 mV, 3)", "`linspace` needs quantities of one dimension, not ms and mV" },
    { "linspace(0, 1)", "`linspace` needs the argument `n`" },
    { "reshape(arange(6), [4, -1])", "an array [6] has 6 elements, which do not fill this shape" },
    { "transpose([[1]], axes = [0, 0])", "`axes` names each of the 2 axes once" },
    { "concat([1, 2] mV, 3 ms)", "this part is ms; those before it are mV" },
    { "concat([[1, 2]], [[1, 2, 3]])", "an array [1, 3] does not fit behind an array [1, 2] along axis 0" },
    { "inv([[1, 2], [2, 4]])", "this matrix is singular" },
    { "inv([[1, 2, 3], [4, 5, 6], [7, 8, 9]])", "this matrix is singular" },
    { "inv([[1, 2, 3], [4, 5, 6]])", "`inv` needs a square matrix, not an array [2, 3]" },
    { "linsolve(eye(2), [1, 2, 3])", "the right side [3] does not fit a matrix [2, 2]" },
    { "eigenvalues([[nan]])", "this matrix has elements that are not finite" },
    { "[1, 2, 3] @ [1, 2]", "the shapes [3] and [2] do not fit for `@`" },
    { "histogram([1, 2], [2, 1])", "`bins` is a number of bins or their edges in ascending order" },
    { "interp(1, [2, 1], [0, 0])", "the positions have to ascend" },
    { "convolve([1], [1], mode = \"half\")", "`mode` is \"full\", \"same\" or \"valid\"" },
    { "cos_sim([1, 2], [1, 2, 3])", "`cos_sim` needs two arrays of one shape, not [2] and [3]" },
    { "trapz([1, 2])", "`trapz` needs the positions `x`, since y is not a signal" },
    { "settle_time([1, 2], 1)", "`settle_time` needs a signal, such as a record, not an array [2]" },
    { "table([1, 2], 0 ms)", "`dt` is the time that each row holds: more than 0" },
    { "table([1, 2], 1 mV)", "`dt` is a time, not mV" },
    { "normal(1 mV, 1 ms)", "`normal` needs quantities of one dimension, not mV and ms" },
    { "normal(1, -1)", "`sd` of `normal` is finite and not negative, not -1" },
    { "binomial(2.5, 0.1)", "`n` of `binomial` is a whole number from 0 on, not 2.5" },
    { "bernoulli(1.1)", "`p` of `bernoulli` is a probability, not 1.1" },
    { "uniform([1, 2], [1, 2, 3])", "the shapes of the arguments of `uniform` do not fit" },
    { "uniform([1, 2], 3, size = 3)", "the shapes of the arguments of `uniform` do not fit" },
    { "multinormal([0, 0], [[1, 2], [2, 1]])",
      "this is no covariance matrix: it is not symmetric and positive semidefinite" },
    { "multinormal([0, 0] mV, eye(2))", "the covariances of mV are in mV^2, not a pure number" },
};

static void faults_are_named(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < NL_LEN(faults); i++) {
        bench *b = bench_new();
        const nl_value value = evaluate(b, faults[i].expression);

        if (value.kind != NL_KIND_NONE) fail_msg("%s is not refused", faults[i].expression);
        if (strcmp(bench_said(b), faults[i].message) != 0)
            fail_msg("%s says: %s, wanted: %s", faults[i].expression, bench_said(b), faults[i].message);
        assert_int_equal(nl_diags_count(b->cx.diags), 1);
        bench_free(b);
    }
}

/* Every function takes unknown values, or says that it cannot, and its result fits the one of the same known values. */
static void unknown_arguments_give_the_same_kind_and_shape(void **unused)
{
    static const char *const names[] = { "sum", "prod", "mean", "std", "var", "max", "argmin", "norm", "median", "diag",
        "triu", "shape", "size", "len", "ravel", "transpose", "flip", "sort", "argsort", "cumsum", "diff", "trace", "det",
        "inv", "eigenvalues", "singular_values", "correlation_coefficient", "exp", "sqrt" };
    bench *b = bench_new();
    nl_value matrix = evaluate(b, "[[2, 1], [0, 3]]");

    (void)unused;
    for (size_t i = 0; i < NL_LEN(names); i++) {
        nl_value hidden = nl_value_unknown(matrix.kind, matrix.dim, matrix.rank, matrix.shape);
        const nl_value known = nl_func_call(&b->cx, (nl_span){ 0, 0 }, names[i], &(nl_arg){ .value = matrix }, 1);
        const nl_value unknown = nl_func_call(&b->cx, (nl_span){ 0, 0 }, names[i], &(nl_arg){ .value = hidden }, 1);

        assert_string_equal(nl_value_shape_text(b->cx.arena, unknown), nl_value_shape_text(b->cx.arena, known));
        assert_int_equal(unknown.kind, known.kind);
        hidden.shape[0] = NL_UNKNOWN_SIZE;
        const nl_value open = nl_func_call(&b->cx, (nl_span){ 0, 0 }, names[i], &(nl_arg){ .value = hidden }, 1);
        assert_int_equal(open.kind, known.kind);
        assert_int_equal(open.rank, known.rank);
    }
    bench_free(b);
}

/* --- signals --- */

static nl_value call_with(bench *b, const char *name, size_t count, nl_value first, nl_value second)
{
    const nl_arg args[] = { { .value = first }, { .value = second } };

    return nl_func_call(&b->cx, (nl_span){ 0, 0 }, name, args, count);
}

static void measures_of_signals(void **unused)
{
    bench *b = bench_new();
    const double times[] = { 0, 0.1, 0.2, 0.1 * 3, 0.4, 0.5 };
    nl_value x = signal_of(b, VECTOR(b, "mV", 6, 8, 3, 5, 2, 1, 0.5), times);
    nl_value level = number(b, 4, "mV"), levels = VECTOR(b, "mV", 3, 4, 0.7, 0.1);
    nl_value below = nl_value_binary(&b->cx, (nl_span){ 0, 0 }, "<", x, (nl_span){ 0, 0 }, level, (nl_span){ 0, 0 });

    (void)unused;
    assert_shown(b, call_with(b, "settle_time", 2, x, levels), "[0.3, 0.5, nan] ms");
    assert_shown(b, call_with(b, "settle_time", 2, x, number(b, 9, "mV")), "0 ms");
    assert_shown(b, call_with(b, "first_time", 1, below, below), "0.1 ms");
    assert_shown(b, call_with(b, "first_time", 2, below, number(b, 0.3, "ms")), "0.3 ms");
    assert_shown(b, call_with(b, "first_time", 2, below, number(b, 0.6, "ms")), "nan ms");
    assert_shown(b, call_with(b, "crossing_time", 2, x, level), "0.15 ms");
    assert_shown(b, call_with(b, "crossings", 2, x, level), "[0.15] ms");
    nl_arg down[] = { { .value = x },
                      { .value = level },
                      { .name = "direction", .value = nl_value_text(b->cx.arena, "both") } };
    assert_shown(b, nl_func_call(&b->cx, (nl_span){ 0, 0 }, "crossings", down, 3), "[0.08, 0.15, 0.23333333] ms");
    nl_arg part[] = { { .value = x }, { .value = number(b, 0.1, "ms") }, { .value = number(b, 0.3, "ms") } };
    nl_value slice = nl_func_call(&b->cx, (nl_span){ 0, 0 }, "time_slice", part, 3);
    assert_shown(b, slice, "[3, 5] mV");
    assert_true(slice.is_signal);
    assert_exact(slice.times[1], 0.2);
    assert_shown(b, call_with(b, "trapz", 1, slice, level), "0.4 [mV*ms]");
    assert_true(call_with(b, "cumsum", 1, x, level).is_signal);
    nl_value wide = signal_of(b, ARRAY(b, NULL, 2, TWO(3, 2), 9, 1, 1, 1, 0, 1), times);
    assert_true(call_with(b, "sum", 2, wide, number(b, 1, NULL)).kind == NL_KIND_NUMBER);
    assert_shown(b, call_with(b, "settle_time", 2, wide, number(b, 1, NULL)), "[0.2, nan] ms");
    nl_arg axis[] = { { .value = wide }, { .name = "axis", .value = number(b, 1, NULL) } };
    assert_true(nl_func_call(&b->cx, (nl_span){ 0, 0 }, "mean", axis, 2).is_signal);
    nl_value held = call_with(b, "table", 2, wide, number(b, 10, "ms"));
    assert_shown(b, nl_value_at_time(&b->cx, (nl_span){ 0, 0 }, held, number(b, 10, "ms")), "[1, 1]");
    bench_free(b);
}

/* --- draws --- */

static void draws_depend_on_stream_and_order_only(void **unused)
{
    bench *b = bench_new();
    nl_value first = evaluate(b, "normal(0, 1, size = 5)"), second = evaluate(b, "normal(0, 1, size = 5)");

    (void)unused;
    assert_memory_not_equal(first.data, second.data, 5 * sizeof(double));
    b->draws = 0;
    nl_value again = evaluate(b, "normal(0, 1, size = [5])");
    assert_memory_equal(first.data, again.data, 5 * sizeof(double));
    b->draws = 0;
    b->cx.trial = 1;
    assert_memory_not_equal(first.data, evaluate(b, "normal(0, 1, size = 5)").data, 5 * sizeof(double));
    assert_shown(b, evaluate(b, "sum(shape(uniform([1, 2], [[3], [4]])))"), "4");
    assert_shown(b, evaluate(b, "sum(sort(permutation(100)) == arange(100))"), "100");
    b->cx.stream = NULL;
    assert_refused(b, evaluate(b, "uniform(0, 1)"), "`uniform` draws at random, which is not possible here");
    bench_free(b);
}

static void normal_vectors_have_their_covariance(void **unused)
{
    bench *b = bench_new();

    (void)unused;
    assert_shown(b, evaluate(b, "norm(multinormal([1, 2], zeros([2, 2])) - [1, 2])"), "0");
    assert_holds(b, "correlation",
                 "abs(correlation_coefficient(transpose(multinormal([0, 9], [[4, 3], [3, 9]], size = 40000)))[0, 1] - "
                 "0.5) < 0.02");
    assert_holds(
        b, "variance",
        "all(abs(var(multinormal([0, 9], [[4, 3], [3, 9]], size = 40000), axis = 0) - [4, 9]) < [0.12, 0.27])");
    bench_free(b);
}

/* --- roots --- */

static double parabola(double x, void *user) { return x * x - *(double *)user; }
static double reciprocal(double x, void *user) { return 1 / x - *(double *)user; }
static double logarithm(double x, void *user) { return log(x) - *(double *)user; }

/* 1/t = 1/net + (1 - exp(-lag/t)) / lag: badly conditioned for small lags. */
static double response(double t, void *user)
{
    const double *p = user, lag = p[0], net = p[1];

    return 1 / t - 1 / net + expm1(-lag / t) / lag;
}

static void roots_are_found_in_their_interval(void **unused)
{
    double two = 2, tiny = 690, root, residual;

    (void)unused;
    assert_true(nl_root_find(parabola, &two, 0, 2, true, true, &root, &residual));
    assert_close(root, sqrt(2), 4e-16);
    assert_true(nl_root_find(parabola, &two, -INFINITY, 0, true, true, &root, &residual));
    assert_close(root, -sqrt(2), 4e-16);
    assert_true(nl_root_find(reciprocal, &two, 0, INFINITY, true, true, &root, &residual));
    assert_exact(root, 0.5);
    assert_true(nl_root_find(reciprocal, &two, -1, 1, true, true, &root, &residual)); /* not the pole at 0 */
    assert_exact(root, 0.5);
    tiny = -690;
    assert_true(nl_root_find(logarithm, &tiny, 0, 1, true, false, &root, &residual));
    assert_close(root, exp(-690), 1e-13);
    assert_true(nl_root_find(parabola, (double[]){ 4 }, 2, 3, false, true, &root, &residual));
    assert_exact(root, 2);
    assert_false(nl_root_find(parabola, (double[]){ 4 }, 2, 3, true, true, &root, &residual));
    assert_false(nl_root_find(parabola, (double[]){ -1 }, -1, 1, true, true, &root, &residual));
    assert_true(nl_root_find(response, (double[]){ 0.1, 100 }, 0, 100, true, true, &root, &residual));
    assert_close(root, 2.2194014981019745, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_holds),
        cmocka_unit_test(results_are_numpys),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(unknown_arguments_give_the_same_kind_and_shape),
        cmocka_unit_test(measures_of_signals),
        cmocka_unit_test(draws_depend_on_stream_and_order_only),
        cmocka_unit_test(normal_vectors_have_their_covariance),
        cmocka_unit_test(roots_are_found_in_their_interval),
    };

    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
