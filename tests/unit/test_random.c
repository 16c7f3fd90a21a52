#include "../support/close.h"

#include "lang/random.h"

#include <string.h>

enum { COUNT = 100000 };

static void streams_differ_in_seed_name_and_trial(void **unused)
{
    const nl_stream streams[] = { nl_stream_of(1, "E.v", 0), nl_stream_of(2, "E.v", 0), nl_stream_of(1, "E.w", 0),
                                  nl_stream_of(1, "E.v", 1), nl_stream_of(1, "", 0), nl_stream_of(0, "E.v", 0) };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(streams); i++)
        for (size_t j = 0; j < i; j++) assert_true(streams[i].key != streams[j].key);
    assert_true(nl_stream_of(1, "E.v", 0).key == streams[0].key);
}

/* The published test vector of Philox4x32-10: counter and key all ones. */
static void words_are_philox(void **unused)
{
    const nl_stream ones = { UINT64_MAX };

    (void)unused;
    assert_true(nl_draw_bits(ones, UINT64_MAX, UINT64_MAX) == (0x408f276dull | 0x41c83b0eull << 32));
    assert_true(nl_draw_bits((nl_stream){ 0 }, 0, 0) == (0x6627e8d5ull | 0xe169c58dull << 32));
}

static void arrays_equal_single_draws_wherever_they_begin(void **unused)
{
    const double first[] = { 3.5, 40, 0.2 }, second[] = { 0.7 };
    const nl_stream stream = nl_stream_of(7, "EE.w", 3);

    (void)unused;
    for (int dist = 0; dist < NL_DIST_COUNT; dist++) {
        double whole[3][70], part[70];

        for (int a = 0; a < 3; a++) {
            const double *args[] = { dist == NL_DIST_BINOMIAL ? (const double[]){ 90 } : &first[a], second };
            nl_draw_array((nl_dist)dist, stream, 5, 9, 70, whole[a], args, (size_t[]){ 0, 0 });
            nl_draw_array((nl_dist)dist, stream, 8, 9, 67, part, args, (size_t[]){ 0, 0 });
            for (size_t i = 0; i < 70; i++)
                assert_exact(nl_draw((nl_dist)dist, stream, 5 + i, 9, (double[]){ args[0][0], second[0] }),
                             whole[a][i]);
            assert_memory_equal(part, whole[a] + 3, sizeof part - 3 * sizeof *part);
        }
    }
}

/* Mean and variance of many draws, each within four standard errors of the truth. */
static void moments_are_right(void **unused)
{
    const struct { nl_dist dist; double args[2], mean, variance, fourth; } cases[] = {
        { NL_DIST_UNIFORM, { -60, -50 }, -55, 100.0 / 12, 1.8 },
        { NL_DIST_NORMAL, { 20, 2.5 }, 20, 6.25, 3 },
        { NL_DIST_LOGNORMAL, { 0.3, 0.1 }, 0.3, 0.01, 5 },
        { NL_DIST_EXPONENTIAL, { 2.385 }, 2.385, 2.385 * 2.385, 9 },
        { NL_DIST_GAMMA, { 0.4, 3 }, 1.2, 3.6, 3 + 6 / 0.4 },
        { NL_DIST_GAMMA, { 7.3, 0.5 }, 3.65, 1.825, 3 + 6 / 7.3 },
        { NL_DIST_POISSON, { 0.03 }, 0.03, 0.03, 3 + 1 / 0.03 },
        { NL_DIST_POISSON, { 9.7 }, 9.7, 9.7, 3.2 },
        { NL_DIST_POISSON, { 10 }, 10, 10, 3.1 },
        { NL_DIST_POISSON, { 2345.6 }, 2345.6, 2345.6, 3 },
        { NL_DIST_BINOMIAL, { 12, 0.3 }, 3.6, 2.52, 3 },
        { NL_DIST_BINOMIAL, { 800, 0.02 }, 16, 15.68, 3.1 },
        { NL_DIST_BINOMIAL, { 1000, 0.7 }, 700, 210, 3 },
        { NL_DIST_BINOMIAL, { 5, 0.97 }, 4.85, 0.1455, 10 },
        { NL_DIST_BERNOULLI, { 0.31 }, 0.31, 0.31 * 0.69, 2 },
    };
    static double draws[COUNT];

    (void)unused;
    for (size_t c = 0; c < NL_LEN(cases); c++) {
        const double *args[] = { &cases[c].args[0], &cases[c].args[1] };
        double mean = 0, variance = 0;

        nl_draw_array(cases[c].dist, nl_stream_of(42, "moments", c), 0, 1, COUNT, draws, args, (size_t[]){ 0, 0 });
        for (size_t i = 0; i < COUNT; i++) mean += draws[i] / COUNT;
        for (size_t i = 0; i < COUNT; i++) variance += (draws[i] - cases[c].mean) * (draws[i] - cases[c].mean) / COUNT;
        const double mean_error = sqrt(cases[c].variance / COUNT);
        const double variance_error = cases[c].variance * sqrt((cases[c].fourth - 1) / COUNT);
        if (!(fabs(mean - cases[c].mean) < 4 * mean_error))
            fail_msg("%s %zu: mean %g, wanted %g", nl_dists[cases[c].dist].name, c, mean, cases[c].mean);
        if (!(fabs(variance - cases[c].variance) < 4 * variance_error))
            fail_msg("%s %zu: variance %g, wanted %g", nl_dists[cases[c].dist].name, c, variance, cases[c].variance);
    }
}

/* Kolmogorov and Smirnov's distance below its value at the level 1e-4 for samples of this size. */
static void assert_distribution(nl_dist dist, const double *args, double (*below)(double x, const double *args), int lo,
                                int hi)
{
    static size_t counts[512];
    double seen = 0;

    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < COUNT; i++) {
        const double x = nl_draw(dist, nl_stream_of(5, "shape", 0), i, 0, args);
        assert_true(x >= lo && x <= hi);
        counts[(int)floor(x) - lo]++;
    }
    for (int k = lo; k < hi; k++) {
        seen += (double)counts[k - lo] / COUNT;
        const double off = fabs(seen - below(k + 1, args));
        if (!(off < 2.23 / sqrt(COUNT))) fail_msg("%s: off by %g below %d", nl_dists[dist].name, off, k + 1);
    }
}

static double normal_below(double x, const double *args) { return 0.5 * erfc(-(x - args[0]) / args[1] / M_SQRT2); }
static double exponential_below(double x, const double *args) { return -expm1(-x / args[0]); }
static double poisson_below(double x, const double *args)
{
    double sum = 0;

    for (double k = 0; k < x; k++) sum += exp(k * log(args[0]) - args[0] - lgamma(k + 1));
    return sum;
}
static double binomial_below(double x, const double *args)
{
    double sum = 0;

    for (double k = 0; k < x && k <= args[0]; k++)
        sum += exp(lgamma(args[0] + 1) - lgamma(k + 1) - lgamma(args[0] - k + 1) + k * log(args[1])
                   + (args[0] - k) * log1p(-args[1]));
    return sum;
}
static double erlang_below(double x, const double *args) /* gamma of shape 3 */
{
    const double y = x / args[1];

    return 1 - exp(-y) * (1 + y + y * y / 2);
}

static void shapes_are_right(void **unused)
{
    (void)unused;
    assert_distribution(NL_DIST_NORMAL, (double[]){ 0.3, 11.7 }, normal_below, -80, 80);
    assert_distribution(NL_DIST_EXPONENTIAL, (double[]){ 9.1 }, exponential_below, 0, 250);
    assert_distribution(NL_DIST_GAMMA, (double[]){ 3, 4.2 }, erlang_below, 0, 250);
    assert_distribution(NL_DIST_POISSON, (double[]){ 4.4 }, poisson_below, 0, 100);
    assert_distribution(NL_DIST_POISSON, (double[]){ 23.8 }, poisson_below, 0, 100);
    assert_distribution(NL_DIST_BINOMIAL, (double[]){ 20, 0.23 }, binomial_below, 0, 20);
    assert_distribution(NL_DIST_BINOMIAL, (double[]){ 97, 0.23 }, binomial_below, 0, 97);
    assert_distribution(NL_DIST_BINOMIAL, (double[]){ 97, 0.83 }, binomial_below, 0, 97);
}

static void draws_of_one_stream_are_uncorrelated(void **unused)
{
    const nl_stream stream = nl_stream_of(3, "pairs", 0);
    double neighbours = 0, steps = 0;

    (void)unused;
    for (size_t i = 0; i < COUNT; i++) {
        const double x = nl_draw(NL_DIST_NORMAL, stream, i, 0, (double[]){ 0, 1 });
        neighbours += x * nl_draw(NL_DIST_NORMAL, stream, i + 1, 0, (double[]){ 0, 1 }) / COUNT;
        steps += x * nl_draw(NL_DIST_NORMAL, stream, i, 1, (double[]){ 0, 1 }) / COUNT;
    }
    assert_true(fabs(neighbours) < 4 / sqrt(COUNT));
    assert_true(fabs(steps) < 4 / sqrt(COUNT));
}

/* Both numbers of a pair are of one block: neither size nor sign of one tells the other. */
static void pairs_are_independent(void **unused)
{
    const nl_stream stream = nl_stream_of(8, "pairs", 1);
    double sizes = 0, signs = 0, larger = 0;

    (void)unused;
    for (size_t i = 0; i < 2 * COUNT; i += 2) {
        const double x = nl_draw(NL_DIST_NORMAL, stream, i, 4, (double[]){ 0, 1 });
        const double y = nl_draw(NL_DIST_NORMAL, stream, i + 1, 4, (double[]){ 0, 1 });
        sizes += (x * x - 1) * (y * y - 1) / 2 / COUNT;
        signs += copysign(1, x) * copysign(1, y) / COUNT;
        larger += copysign(1, fabs(x) - fabs(y)) / COUNT;
    }
    assert_true(fabs(sizes) < 4 / sqrt(COUNT));
    assert_true(fabs(signs) < 4 / sqrt(COUNT));
    assert_true(fabs(larger) < 4 / sqrt(COUNT));
}

/* Against the library: the logarithm of an exponential draw, the length of a pair of normal ones and its direction
 * within an eighth of a turn. */
static void elementary_functions_are_accurate(void **unused)
{
    const nl_stream stream = nl_stream_of(8, "functions", 0);

    (void)unused;
    for (size_t i = 0; i < COUNT; i += 2) {
        const double u = nl_draw(NL_DIST_UNIFORM, stream, i, 2, (double[]){ 0, 1 });
        const double v = nl_draw(NL_DIST_UNIFORM, stream, i + 1, 2, (double[]){ 0, 1 });
        const double x = nl_draw(NL_DIST_NORMAL, stream, i, 2, (double[]){ 0, 1 });
        const double y = nl_draw(NL_DIST_NORMAL, stream, i + 1, 2, (double[]){ 0, 1 });
        const double less = fmin(fabs(x), fabs(y)), more = fmax(fabs(x), fabs(y));
        assert_close(nl_draw(NL_DIST_EXPONENTIAL, stream, i, 2, (double[]){ 1 }), -log(u), 4e-16);
        assert_close(x * x + y * y, -2 * log(u), 2e-15);
        assert_close(less / more, tan(fabs(v - 0.5) * M_PI / 2), 1e-15);
    }
}

static void odd_arguments_give_nan_or_the_limit(void **unused)
{
    const nl_stream s = nl_stream_of(1, "odd", 0);

    (void)unused;
    assert_exact(nl_draw(NL_DIST_POISSON, s, 0, 0, (double[]){ 0 }), 0);
    assert_exact(nl_draw(NL_DIST_POISSON, s, 0, 0, (double[]){ -1 }), NAN);
    assert_exact(nl_draw(NL_DIST_BINOMIAL, s, 0, 0, (double[]){ 7, 1 }), 7);
    assert_exact(nl_draw(NL_DIST_BINOMIAL, s, 0, 0, (double[]){ 7.5, 0.5 }), NAN);
    assert_exact(nl_draw(NL_DIST_BINOMIAL, s, 0, 0, (double[]){ 7, NAN }), NAN);
    assert_exact(nl_draw(NL_DIST_GAMMA, s, 0, 0, (double[]){ 0, 1 }), 0);
    assert_exact(nl_draw(NL_DIST_GAMMA, s, 0, 0, (double[]){ -1, 1 }), NAN);
    assert_exact(nl_draw(NL_DIST_LOGNORMAL, s, 0, 0, (double[]){ -1, 1 }), NAN);
    assert_exact(nl_draw(NL_DIST_UNIFORM, s, 0, 0, (double[]){ 2, 2 }), 2);
    assert_exact(nl_draw(NL_DIST_BERNOULLI, s, 0, 0, (double[]){ 0 }), 0);
    assert_exact(nl_draw(NL_DIST_BERNOULLI, s, 0, 0, (double[]){ 1 }), 1);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(nl_draw(NL_DIST_UNIFORM, s, i, 0, (double[]){ 1, nextafter(1, 2) }) == 1);
    assert_true(nl_draw(NL_DIST_POISSON, s, 0, 0, (double[]){ 5e-324 }) == 0);
}

/* Wherever the elements are cut, and for chances at both ends. */
static void lists_of_rare_hits_are_those_of_arrays(void **unused)
{
    enum { ELEMENTS = 3000 };
    const double chances[] = { 0, 5e-324, 1e-4, 0.0015, 0.03, NL_RARE };
    const nl_stream s = nl_stream_of(1, "rare", 0);
    double whole[ELEMENTS], parts[ELEMENTS];
    uint32_t list[ELEMENTS];

    (void)unused;
    for (size_t k = 0; k < sizeof chances / sizeof *chances; k++) {
        const nl_rare rare = nl_rare_of(chances[k]);
        size_t hits = 0;
        nl_draw_rare(s, 0, k, ELEMENTS, rare, whole);
        for (size_t from = 0, n; from < ELEMENTS; from += n) {
            n = from % 2 == 0 && from + 701 <= ELEMENTS ? 701 : 1;
            nl_draw_rare(s, from, k, n, rare, parts + from);
            hits += nl_list_rare(s, from, k, n, rare, (uint32_t)from, list + hits);
        }
        assert_memory_equal(whole, parts, sizeof whole);
        memset(parts, 0, sizeof parts);
        for (size_t j = 0; j < hits; j++) parts[list[j]] += 1;
        assert_memory_equal(whole, parts, sizeof whole);
        assert_true(fabs((double)hits - ELEMENTS * chances[k]) <= 5 * sqrt(ELEMENTS * chances[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_differ_in_seed_name_and_trial),
        cmocka_unit_test(words_are_philox),
        cmocka_unit_test(arrays_equal_single_draws_wherever_they_begin),
        cmocka_unit_test(moments_are_right),
        cmocka_unit_test(shapes_are_right),
        cmocka_unit_test(draws_of_one_stream_are_uncorrelated),
        cmocka_unit_test(pairs_are_independent),
        cmocka_unit_test(elementary_functions_are_accurate),
        cmocka_unit_test(odd_arguments_give_nan_or_the_limit),
        cmocka_unit_test(lists_of_rare_hits_are_those_of_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
