#include "../support/close.h"

#include "exec/kernels.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 256, GUARD = 8, DRAWS = 523 };
#define CANARY 2.385

static const size_t sizes[] = { 0, 1, 2, 7, 31, 32, 33, 255, 256 };

/* Sixteen awkward numbers: 256 elements hold every pair of them. */
static const double awkward[16] = { 0.0,   -0.0,   1.0,  -1.0,               2.385, -0.3,     3.0,       1e-310,
                                    709.9, -745.2, 1e22, 9007199254740994.0, 1e308, INFINITY, -INFINITY, NAN };

static void fill_awkward(double x[3][SIZE])
{
    for (size_t i = 0; i < SIZE; i++) {
        x[0][i] = awkward[i % 16];
        x[1][i] = awkward[i / 16];
        x[2][i] = awkward[(i * 7 + i / 16) % 16];
    }
}

/* Numbers of a size that functions are used with. */
static void fill_common(double x[3][SIZE])
{
    const nl_stream stream = nl_stream_of(1, "kernels", 0);

    for (size_t i = 0; i < SIZE; i++)
        for (size_t k = 0; k < 3; k++) x[k][i] = (nl_draw_unit(stream, i, k) - 0.3) * (i % 3 == 0 ? 1 : 20);
}

static bool same(double x, double y)
{
    return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0;
}

typedef double reference(const void *what, const double *args);

/* One kernel at every length against a scalar meaning, to the bit and to the sign of zero. */
static void check_kernel(const char *isa, const char *name, nl_kernel kernel, unsigned variant, int arity,
                         double x[3][SIZE], reference *meaning, const void *what)
{
    const double *args[3] = { x[0], x[1], x[2] };

    for (size_t s = 0; s < NL_LEN(sizes); s++) {
        double out[SIZE + GUARD];
        for (size_t i = 0; i < SIZE + GUARD; i++) out[i] = CANARY;
        kernel(sizes[s], out, args);
        for (size_t i = 0; i < sizes[s]; i++) {
            double in[3];
            for (int k = 0; k < arity; k++) in[k] = x[k][variant >> k & 1 ? 0 : i];
            const double want = meaning(what, in);
            if (!same(out[i], want))
                fail_msg("%s %s variant %u length %zu [%zu] (%.17g, %.17g, %.17g): %.17g, wanted %.17g", isa, name,
                         variant, sizes[s], i, in[0], arity > 1 ? in[1] : 0, arity > 2 ? in[2] : 0, out[i], want);
        }
        for (size_t i = sizes[s]; i < SIZE + GUARD; i++) assert_exact(out[i], CANARY);
    }
}

static double fold(const void *what, const double *args) { return nl_op_fold(*(const nl_op *)what, args); }

static void kernels_agree_with_fold(void **unused)
{
    double x[3][SIZE];

    (void)unused;
    for (int values = 0; values < 2; values++) {
        if (values == 0) fill_awkward(x);
        else fill_common(x);
        for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
            for (nl_op op = 0; op < NL_OP_COUNT; op++)
                for (unsigned variant = 0; variant < 16; variant++) {
                    const nl_op_info *row = &nl_ops[op];
                    const nl_kernel kernel = (*table)->op[op][variant];
                    const bool wanted = variant < (1U << row->arity) - 1;
                    assert_int_equal(kernel != NULL, wanted);
                    if (wanted) check_kernel((*table)->isa, row->id, kernel, variant, row->arity, x, fold, &op);
                }
    }
}

typedef struct pair { nl_pair_op first, second; bool right; } pair;

/* The two operators one after the other, rounded in between. */
static double pair_of(const void *what, const double *args)
{
    static const nl_op ops[] = { NL_OP_ADD, NL_OP_SUB, NL_OP_MUL, NL_OP_DIV };
    const pair *p = what;
    const double inner = nl_op_fold(ops[p->first], args);

    return nl_op_fold(ops[p->second], p->right ? (double[]){ args[2], inner } : (double[]){ inner, args[2] });
}

static void check_pair(const nl_kernel_table *table, double x[3][SIZE], const pair *p)
{
    for (unsigned variant = 0; variant < 7; variant++)
        check_kernel(table->isa, p->right ? "pair, right" : "pair, left",
                     table->pair[p->first][p->second][p->right][variant], variant, 3, x, pair_of, p);
    assert_null(table->pair[p->first][p->second][p->right][7]);
}

static void pairs_agree_with_two_operators(void **unused)
{
    double x[3][SIZE];

    (void)unused;
    for (int values = 0; values < 2; values++) {
        if (values == 0) fill_awkward(x);
        else fill_common(x);
        for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
            for (unsigned k = 0; k < 4 * 4 * 2; k++) check_pair(*table, x, &(pair){ k % 4, k / 4 % 4, k / 16 != 0 });
    }
}

/* --- chains, choices, tests --- */

enum { CHAIN_ARGS = 2 * NL_CHAIN_MOST + 1 };

static bool is_number(unsigned variant, int arg)
{
    if (arg == 1 || arg == 2) return variant >> (arg - 1) & 1;
    return arg % 2 == 0 && arg > 2 && (variant >> arg / 2 & 1);
}

/* Multiplications and additions one after the other, at lengths with and without a rest. */
static void check_chain(const nl_kernel_table *table, double x[3][SIZE], int terms, unsigned variant)
{
    const double *args[CHAIN_ARGS];
    double out[SIZE + GUARD];

    for (int k = 0; k < CHAIN_ARGS; k++) args[k] = x[k % 3] + (is_number(variant, k) ? 17 * k : 0);
    for (size_t s = 0; s < NL_LEN(sizes); s++) {
        out[sizes[s]] = CANARY;
        table->chain[terms - NL_CHAIN_LEAST][variant](sizes[s], out, args);
        assert_exact(out[sizes[s]], CANARY);
        for (size_t i = 0; i < sizes[s]; i++) {
            double v[CHAIN_ARGS];
            for (int k = 0; k < CHAIN_ARGS; k++) v[k] = args[k][is_number(variant, k) ? 0 : i];
            volatile double product = v[0] * v[1];
            double sum = product + v[2];
            for (int t = 1; t < terms; t++) product = v[2 * t + 1] * v[2 * t + 2], sum += product;
            if (!same(out[i], sum))
                fail_msg("%s chain of %d, variant %u, [%zu]: %.17g, wanted %.17g", table->isa, terms, variant, i,
                         out[i], sum);
        }
    }
}

static void chains_add_products_in_order(void **unused)
{
    double x[3][SIZE];

    (void)unused;
    for (int values = 0; values < 2; values++) {
        if (values == 0) fill_awkward(x);
        else fill_common(x);
        for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
            for (int terms = NL_CHAIN_LEAST; terms <= NL_CHAIN_MOST; terms++)
                for (unsigned variant = 0; variant < 2u << terms; variant++) check_chain(*table, x, terms, variant);
    }
}

static bool holds(nl_compare compare, double a, double b)
{
    return compare == NL_COMPARE_LT ? a < b : compare == NL_COMPARE_LE ? a <= b : a == b;
}

static void check_choice(const nl_kernel_table *table, double x[3][SIZE], nl_compare compare, unsigned variant,
                         size_t n)
{
    const double *const args[] = { x[0], x[1], x[2], x[1] + 3 };
    double out[SIZE + GUARD];

    out[n] = CANARY;
    table->choose[compare][variant](n, out, args);
    assert_exact(out[n], CANARY);
    for (size_t i = 0; i < n; i++) {
        double v[4];
        for (int k = 0; k < 4; k++) v[k] = args[k][variant >> k & 1 ? 0 : i];
        assert_true(same(out[i], holds(compare, v[0], v[1]) ? v[2] : v[3]));
    }
}

static void choices_are_by_comparison(void **unused)
{
    double x[3][SIZE];

    (void)unused;
    fill_awkward(x);
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (nl_compare compare = 0; compare < NL_COMPARE_COUNT; compare++)
            for (unsigned variant = 0; variant < 15; variant++)
                for (size_t s = 0; s < NL_LEN(sizes); s++)
                    if (sizes[s] + 3 < SIZE) check_choice(*table, x, compare, variant, sizes[s]);
}

/* Some elements are out already; numbers are taken from another place than the first element's. */
static void check_test(const nl_kernel_table *table, double x[3][SIZE], nl_compare compare, unsigned variant,
                       bool fails, size_t n)
{
    const double *const args[] = { x[0] + (variant == 1 ? 4 : 0), x[1] + (variant == 2 ? 70 : 0) };
    uint64_t bits[SIZE / 64 + 1];
    bool some = false;

    for (size_t w = 0; w < NL_LEN(bits); w++) bits[w] = 0xFFFF7FFFFFEFFFFF;
    const bool told = table->test[compare][variant](n, args, fails ? ~(uint64_t)0 : 0, bits);
    for (size_t i = 0; i < (n + 63) / 64 * 64; i++) {
        const bool was = 0xFFFF7FFFFFEFFFFF >> i % 64 & 1, is = bits[i / 64] >> i % 64 & 1;
        const double a = args[0][variant == 1 ? 0 : i], b = args[1][variant == 2 ? 0 : i];
        assert_int_equal(is, was && i < n && holds(compare, a, b) != fails);
        some |= is;
    }
    assert_int_equal(told, some);
}

static void tests_leave_bits_that_pass(void **unused)
{
    double x[3][SIZE];

    (void)unused;
    fill_awkward(x);
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (nl_compare compare = 0; compare < NL_COMPARE_COUNT; compare++)
            for (unsigned variant = 0; variant < 3; variant++)
                for (size_t s = 0; s < NL_LEN(sizes); s++)
                    for (int fails = 0; fails < 2; fails++) check_test(*table, x, compare, variant, fails, sizes[s]);
}

/* --- exponentials --- */

/* In units of the last place of a double: exact ones are those of long double. */
static double ulps(double got, long double want)
{
    int exponent;

    frexpl(want, &exponent);
    return (double)fabsl((got - want) / ldexpl(1, exponent - 53 < -1074 ? -1074 : exponent - 53));
}

static void exponentials_are_precise(void **unused)
{
    static const double ranges[][2] = { { -745, 709.7 }, { -1.1, 1.1 }, { -40, 40 }, { -1e-3, 1e-3 } };
    const nl_stream stream = nl_stream_of(1, "exponentials", 0);

    (void)unused;
    if (LDBL_MANT_DIG < 64) skip();
    for (size_t r = 0; r < NL_LEN(ranges); r++)
        for (size_t i = 0; i < 100000; i++) {
            const double x = ranges[r][0] + (ranges[r][1] - ranges[r][0]) * nl_draw_unit(stream, i, r);
            assert_true(ulps(nl_op_fold(NL_OP_EXP, &x), expl(x)) <= 1);
            assert_true(ulps(nl_op_fold(NL_OP_EXPM1, &x), expm1l(x)) <= 1);
            assert_true(ulps(nl_op_fold(NL_OP_EXPREL, &x), expm1l(x) / x) <= 1.6);
        }
}

/* Infinite from the same argument on as the C library's, and as small at the other end. */
static void exponentials_at_the_ends(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < NL_LEN(awkward); k++) {
        const double x = awkward[k];
        const double want = exp(x), got = nl_op_fold(NL_OP_EXP, &x), less = nl_op_fold(NL_OP_EXPM1, &x);
        assert_true(same(got, want) || fabs(got - want) <= 2.3e-16 * want);
        assert_true(same(less, expm1(x)) || fabs(less - expm1(x)) <= 2.3e-16 * fabs(expm1(x)));
    }
    const double tiny = -745.1, end = 709.782712893384, beyond = 709.782712893385;
    assert_exact(nl_op_fold(NL_OP_EXP, &tiny), 0x1p-1074);
    assert_true(isfinite(nl_op_fold(NL_OP_EXP, &end)) && isfinite(nl_op_fold(NL_OP_EXPM1, &end)));
    assert_exact(nl_op_fold(NL_OP_EXP, &beyond), INFINITY);
    assert_exact(nl_op_fold(NL_OP_EXPM1, &beyond), INFINITY);
}

static void results_may_replace_an_operand(void **unused)
{
    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (int k = 0; k < 2; k++) {
            double x[3][SIZE], want[SIZE];
            fill_common(x);
            const double *args[] = { x[0], x[1] };
            (*table)->op[NL_OP_SUB][0](SIZE - 3, want, args);
            (*table)->op[NL_OP_SUB][0](SIZE - 3, x[k], args);
            assert_memory_equal(want, x[k], (SIZE - 3) * sizeof *want);
        }
}

/* Arguments in turn; where one number stands for all, it is the first. */
typedef struct draw_case { nl_dist dist; double args[2][4]; } draw_case;
static const draw_case draw_cases[] = {
    { NL_DIST_UNIFORM, { { -60.3, 1, 5, 2.5 }, { -50, 1.0000000000000002, 5, -3 } } },
    { NL_DIST_NORMAL, { { 0.3, -70, 1e10, 0 }, { 1.7, 0, 2e-3, INFINITY } } },
    { NL_DIST_LOGNORMAL, { { 0.34, 2, -1, 0 }, { 0.1, 0, 3, 1 } } },
    { NL_DIST_EXPONENTIAL, { { 2.385, 0, -1, NAN } } },
    { NL_DIST_GAMMA, { { 0.4, 7.3, 0, -1 }, { 3, 0.5, 1, 1 } } },
    { NL_DIST_POISSON, { { 2, 0.013, 9.99, 0 } } },
    { NL_DIST_POISSON, { { 23.4, 1.5, 10, -1 } } },
    { NL_DIST_POISSON, { { NAN, 9.99, 1e-300, 1e16 } } },
    { NL_DIST_BINOMIAL, { { 12, 800, 0, 3.5 }, { 0.3, 0.7, 1, 0 } } },
    { NL_DIST_BERNOULLI, { { 0.31, 0, 1, NAN } } },
};

/* Bit k of the variant: argument k is one number. */
static void check_draw(const nl_kernel_table *table, const draw_case *c, unsigned variant, uint64_t first, size_t n,
                       bool in_place)
{
    const nl_stream stream = nl_stream_of(7, "kernels", 3);
    const size_t strides[] = { variant % 2 == 0, variant / 2 == 0 };
    double x[2][DRAWS], out[DRAWS + GUARD];

    for (size_t i = 0; i < DRAWS + GUARD; i++) out[i] = CANARY;
    for (size_t i = 0; i < DRAWS; i++) x[0][i] = c->args[0][i * 7 / 5 % 4], x[1][i] = c->args[1][i * 7 / 5 % 4];
    if (in_place) memcpy(out, x[0], n * sizeof *out);
    nl_kernels_draw(table, c->dist, stream, first, 1ul << 33, n, out, (const double *[]){ in_place ? out : x[0], x[1] },
                    strides);
    for (size_t i = 0; i < n; i++) {
        const double args[] = { x[0][i * strides[0]], x[1][i * strides[1]] };
        const double want = nl_draw(c->dist, stream, first + i, 1ul << 33, args);
        if (!same(out[i], want))
            fail_msg("%s %s(%g, %g) variant %u from %llu length %zu [%zu]: %.17g, wanted %.17g", table->isa,
                     nl_dists[c->dist].name, args[0], args[1], variant, (unsigned long long)first, n, i, out[i], want);
    }
    for (size_t i = n; i < DRAWS + GUARD; i++) assert_exact(out[i], CANARY);
}

static void draws_agree_with_single_ones(void **unused)
{
    static const uint64_t firsts[] = { 0, 1, 7, 6ul << 32, (6ul << 32) + 253, (1ul << 33) - 9, UINT64_MAX - DRAWS };
    static const size_t lengths[] = { 0, 1, 2, 3, NL_CHUNK - 1, NL_CHUNK, 255, 256, 257, DRAWS };

    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t c = 0; c < NL_LEN(draw_cases); c++)
            for (unsigned k = 0; k < 4 * NL_LEN(firsts) * NL_LEN(lengths); k++) {
                const uint64_t first = firsts[k / 4 % NL_LEN(firsts)];
                const size_t n = lengths[k / 4 / NL_LEN(firsts)];
                check_draw(*table, &draw_cases[c], k % 4, first, n, false);
                if (k % 2 == 0) check_draw(*table, &draw_cases[c], k % 4, first, n, true);
            }
}

/* Plain definitions in extended precision or by looking at every element. */
static double reduced_plainly(nl_reduce_op op, const double *a, size_t n)
{
    long double sum = 0, squares = 0, product = 1;
    size_t least = 0, greatest = 0;
    bool any = false, all = true;

    for (size_t i = 0; i < n; i++) {
        sum += a[i], squares += (long double)a[i] * a[i], product *= a[i];
        if (a[i] < a[least]) least = i;
        if (a[i] > a[greatest]) greatest = i;
        any = any || a[i] != 0, all = all && a[i] != 0;
    }
    const double results[NL_RED_COUNT] = {
        [NL_RED_SUM] = (double)sum,       [NL_RED_MIN] = a[least],           [NL_RED_MAX] = a[greatest],
        [NL_RED_SUMSQ] = (double)squares, [NL_RED_PROD] = (double)product,   [NL_RED_ANY] = any,
        [NL_RED_ALL] = all,               [NL_RED_ARGMIN] = (double)least,   [NL_RED_ARGMAX] = (double)greatest,
    };
    return results[op];
}

static double reduced(const nl_kernel_table *table, nl_reduce_op op, const double *a, size_t n, size_t chunk)
{
    nl_reduction acc;

    nl_reduction_init(&acc, op);
    for (size_t at = 0; at < n; at += chunk) table->reduce[op](&acc, at, n - at < chunk ? n - at : chunk, a + at);
    return nl_reduction_done(&acc, op);
}

static void reductions_do_not_depend_on_chunks(void **unused)
{
    enum { COUNT = 1003 };
    static const size_t chunks[] = { 1, 7, 8, 100, 256, COUNT };
    double x[3][SIZE], a[COUNT];

    (void)unused;
    fill_common(x);
    for (size_t i = 0; i < COUNT; i++) a[i] = x[0][i % SIZE] * 0.1 + (double)i * 1e-9 + 1;
    a[700] = a[300] = 5, a[17] = a[9] = -5;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (nl_reduce_op op = 0; op < NL_RED_COUNT; op++) {
            const double once = reduced(nl_kernels_all()[0], op, a, COUNT, COUNT);
            assert_close(once, reduced_plainly(op, a, COUNT), 1e-13);
            for (size_t c = 0; c < NL_LEN(chunks); c++)
                assert_true(same(reduced(*table, op, a, COUNT, chunks[c]), once));
        }
}

static void reductions_of_little_and_of_nan(void **unused)
{
    static const double none[NL_RED_COUNT] = { [NL_RED_MIN] = INFINITY, [NL_RED_MAX] = -INFINITY, [NL_RED_PROD] = 1,
                                               [NL_RED_ALL] = 1, [NL_RED_ARGMIN] = NAN, [NL_RED_ARGMAX] = NAN };
    static const double infinite[] = { INFINITY, INFINITY };
    static const double broken[] = { 1, 2, NAN, 0, 4, 5, 6, 7, 8, 9, NAN, -1 };

    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++) {
        for (nl_reduce_op op = 0; op < NL_RED_COUNT; op++) assert_true(same(reduced(*table, op, none, 0, 1), none[op]));
        assert_exact(reduced(*table, NL_RED_ARGMIN, infinite, 2, 2), 0);
        for (nl_reduce_op op = 0; op < NL_RED_ANY; op++) assert_exact(reduced(*table, op, broken, 12, 12), NAN);
        assert_exact(reduced(*table, NL_RED_ARGMIN, broken, 12, 12), 2);
        assert_exact(reduced(*table, NL_RED_ARGMAX, broken, 12, 5), 2);
    }
}

static void not_finite_is_found(void **unused)
{
    double a[SIZE];

    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++) {
        for (size_t i = 0; i < SIZE; i++) a[i] = 1e308;
        size_t where = SIZE;
        for (size_t n = 0; n <= SIZE; n += 85) assert_true((*table)->finite(n, a, &where));
        a[254] = NAN;
        assert_true((*table)->finite(254, a, &where));
        assert_false((*table)->finite(SIZE, a, &where));
        assert_int_equal(where, 254);
        a[9] = -INFINITY;
        assert_false((*table)->finite(SIZE, a, &where));
        assert_int_equal(where, 9);
    }
}

/* NaN is not 0, and -0 is. */
static void nonzero_elements_are_listed(void **unused)
{
    double x[3][SIZE];
    uint32_t ids[SIZE];

    (void)unused;
    fill_awkward(x);
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t s = 0; s < NL_LEN(sizes); s++) {
            const size_t found = (*table)->nonzero(sizes[s], x[0], 37, ids);
            size_t count = 0;
            for (size_t i = 0; i < sizes[s]; i++)
                if (x[0][i] != 0) assert_int_equal(ids[count++], 37 + i);
            assert_int_equal(found, count);
        }
}

static void gather_refuses_what_is_no_index(void **unused)
{
    static const double source[] = { 2.385, 3, 5, 7 }, good[] = { 3, 0, -0.0, 1, 2 };
    static const double bad[] = { -1, 4, 0.5, NAN, INFINITY, 1e19, -1e300 };

    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++) {
        double out[5];
        size_t where = 0;
        (*table)->gather(5, out, source, 4, good, &where);
        assert_int_equal(where, 0);
        for (size_t i = 0; i < 5; i++) assert_exact(out[i], source[(size_t)good[i]]);
        for (size_t k = 0; k < NL_LEN(bad); k++) {
            (*table)->gather(3, out, source, 4, (double[]){ 2, bad[k], bad[k] }, &where);
            assert_int_equal(where, 2);
            assert_exact(out[0], 5);
            assert_exact(out[1], NAN);
        }
    }
}

static void iota_copy_and_fill(void **unused)
{
    double x[3][SIZE], out[20];

    (void)unused;
    fill_common(x);
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t n = 0; n < 20; n++) {
            out[n] = CANARY;
            (*table)->iota(n, out, 4e15);
            for (size_t i = 0; i < n; i++) assert_exact(out[i], 4e15 + (double)i);
            (*table)->fill(n, out, -0.3);
            for (size_t i = 0; i < n; i++) assert_exact(out[i], -0.3);
            (*table)->copy(n, out, x[1]);
            assert_memory_equal(out, x[1], n * sizeof *out);
            assert_exact(out[n], CANARY);
        }
}

/* Rows of any length, begun anywhere. */
static void rows_repeat_a_number(void **unused)
{
    static const size_t lengths[] = { 1, 2, 7, 8, 9, 50, 255, 300 };
    double values[SIZE], out[SIZE];

    (void)unused;
    for (size_t i = 0; i < SIZE; i++) values[i] = 2.385 + (double)i;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t l = 0; l < NL_LEN(lengths); l++)
            for (size_t s = 0; s < NL_LEN(sizes); s++) {
                const size_t n = sizes[s] < SIZE ? sizes[s] : SIZE - 1, at = 3 * l;
                out[n] = CANARY;
                (*table)->spread(n, out, values, lengths[l], at);
                for (size_t i = 0; i < n; i++) assert_exact(out[i], values[(at + i) / lengths[l]]);
                assert_exact(out[n], CANARY);
            }
}

/* Rows of every length from 0 on: the order of additions is by position modulo 8, the same at every width. */
static void sparse_rows_are_summed_alike(void **unused)
{
    enum { ROWS = 41, SYNAPSES = ROWS * (ROWS - 1) / 2 };
    double x[3][SIZE], w[SYNAPSES], out[ROWS];
    uint64_t begin[ROWS + 1] = { 0 };
    uint32_t col[SYNAPSES];

    (void)unused;
    fill_common(x);
    for (size_t r = 0; r < ROWS; r++) begin[r + 1] = begin[r] + r;
    for (size_t k = 0; k < SYNAPSES; k++) col[k] = (uint32_t)(k * 37 % SIZE), w[k] = x[1][k * 11 % SIZE];
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (int weighted = 0; weighted < 2; weighted++) {
            (*table)->csr(ROWS, begin, col, weighted ? w : NULL, x[0], out);
            for (size_t r = 0; r < ROWS; r++) {
                double lane[8] = { 0 };
                for (size_t k = 0; k < r; k++)
                    lane[k % 8] += (weighted ? w[begin[r] + k] : 1) * x[0][col[begin[r] + k]];
                const double even = (lane[0] + lane[4]) + (lane[2] + lane[6]);
                const double odd = (lane[1] + lane[5]) + (lane[3] + lane[7]);
                assert_exact(out[r], even + odd);
            }
        }
}

/* Each lane of a row to the bit what the row gives alone, with indices of either size. */
static void lanes_are_summed_like_one(void **unused)
{
    enum { ROWS = 41, SYNAPSES = ROWS * (ROWS - 1) / 2, WIDEST = 8 };
    double x[3][SIZE], side[WIDEST * SIZE], w[SYNAPSES], want[ROWS], sums[WIDEST][ROWS], *out[WIDEST];
    uint64_t begin[ROWS + 1] = { 0 };
    uint32_t col[SYNAPSES];
    uint16_t narrow[SYNAPSES];

    (void)unused;
    fill_common(x);
    for (size_t r = 0; r < ROWS; r++) begin[r + 1] = begin[r] + r;
    for (size_t k = 0; k < SYNAPSES; k++)
        narrow[k] = (uint16_t)(col[k] = (uint32_t)(k * 37 % SIZE)), w[k] = x[1][k * 11 % SIZE];
    for (size_t l = 0; l < WIDEST; l++) out[l] = sums[l];
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t width = 2; width <= WIDEST; width *= 2)
            for (int way = 0; way < 4; way++) {
                const nl_csr_rows rows = { 3, ROWS, begin, col, way & 1 ? narrow : NULL, way & 2 ? w : NULL };
                for (size_t i = 0; i < SIZE; i++)
                    for (size_t l = 0; l < width; l++) side[width * i + l] = (1 + 0.37 * (double)l) * x[0][i];
                memset(sums, 0, sizeof sums);
                (*table)->csr_lanes(&rows, width, side, width - 1, out);
                for (size_t l = 0; l < width; l++) {
                    double alone[SIZE];
                    for (size_t i = 0; i < SIZE; i++) alone[i] = side[width * i + l];
                    (*table)->csr(ROWS, begin, col, rows.w, alone, want);
                    for (size_t r = 0; r < ROWS; r++) assert_exact(sums[l][r], r < 3 || l + 1 == width ? 0 : want[r]);
                }
            }
}

static void stencils_add_in_order(void **unused)
{
    static const ptrdiff_t shift[] = { -1, 1, -20, 20, 0, 7 };
    static const double weight[] = { 0.3, -2.385, 1e10, 0.1, -1e10, 3 };
    double x[3][SIZE], out[SIZE];

    (void)unused;
    fill_common(x);
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++)
        for (size_t count = 0; count <= NL_LEN(shift); count++)
            for (size_t n = 0; n < 40; n++)
                for (int weighted = 0; weighted < 2; weighted++) {
                    (*table)->shifted_sum(n, out, x[0] + 30, count, shift, weighted ? weight : NULL);
                    for (size_t i = 0; i < n; i++) {
                        double sum = 0;
                        for (size_t k = 0; k < count; k++)
                            sum += (weighted ? weight[k] : 1) * x[0][30 + (ptrdiff_t)i + shift[k]];
                        assert_exact(out[i], sum);
                    }
                }
}

static void tables_are_chosen_by_name(void **unused)
{
    (void)unused;
    for (const nl_kernel_table *const *table = nl_kernels_all(); *table != NULL; table++) {
        setenv("NETLANG_ISA", (*table)->isa, 1);
        assert_ptr_equal(nl_kernels_choose(), *table);
    }
    unsetenv("NETLANG_ISA");
    assert_ptr_equal(nl_kernels_choose(), nl_kernels_all()[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_fold),
        cmocka_unit_test(pairs_agree_with_two_operators),
        cmocka_unit_test(draws_agree_with_single_ones),
        cmocka_unit_test(chains_add_products_in_order),
        cmocka_unit_test(choices_are_by_comparison),
        cmocka_unit_test(tests_leave_bits_that_pass),
        cmocka_unit_test(exponentials_are_precise),
        cmocka_unit_test(exponentials_at_the_ends),
        cmocka_unit_test(results_may_replace_an_operand),
        cmocka_unit_test(reductions_do_not_depend_on_chunks),
        cmocka_unit_test(reductions_of_little_and_of_nan),
        cmocka_unit_test(not_finite_is_found),
        cmocka_unit_test(nonzero_elements_are_listed),
        cmocka_unit_test(gather_refuses_what_is_no_index),
        cmocka_unit_test(iota_copy_and_fill),
        cmocka_unit_test(rows_repeat_a_number),
        cmocka_unit_test(sparse_rows_are_summed_alike),
        cmocka_unit_test(lanes_are_summed_like_one),
        cmocka_unit_test(stencils_add_in_order),
        cmocka_unit_test(tables_are_chosen_by_name),
    };

    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
