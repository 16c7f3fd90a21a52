/* The balanced network of its published size, which is chaotic, so that only statistics agree: `make check-long`.
 * References are of five networks of another program. */
#include "support/model.h"

enum { NE = 8000, NI = 2000, WINDOWS = 101, PEAK = 11, LATE = 20 };

static const char measures[] =
    "let typical = mean(rates[21:], axis = 0), typical_e = typical[:NE], typical_i = typical[NE:]\n"
    "let active = [mean(E.r > 0.01), mean(I.r > 0.01)]\n"
    "let from_E = concat(indegree(EE), indegree(IE)), from_I = concat(indegree(EI), indegree(II))";

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Rates of single units have a broad distribution; its lower tail is not told by one network. */
static void check_percentiles(array rates, array wanted, size_t column)
{
    qsort(rates.data, rates.rows, sizeof *rates.data, ascending);
    for (size_t row = 0; row < wanted.rows; row++) {
        const double percent = wanted.data[3 * row], rate = rates.data[(size_t)(percent / 100 * (double)rates.rows)];
        if (percent >= 50) assert_close(rate, wanted.data[3 * row + column], 0.15);
    }
}

/* Of a binomial distribution: 500 of 8000 or of 2000. */
static void check_degrees(array degrees, double sd)
{
    double sum = 0, square = 0;

    for (size_t k = 0; k < degrees.rows; k++) {
        sum += degrees.data[k];
        square += degrees.data[k] * degrees.data[k];
    }
    const double mean = sum / (double)degrees.rows;
    if (!(fabs(mean - 500) < 1)) fail_msg("%g synapses of each unit", mean);
    assert_close(sqrt(square / (double)degrees.rows - mean * mean), sd, 0.05);
}

/* Weak input, a peak at the switch, then a level. */
static void check_course(array means, double before)
{
    assert_int_equal(means.rows, WINDOWS);
    for (size_t k = 0; k + 1 < PEAK; k++) assert_close(means.data[k], before, 0.15);
    for (size_t k = 0; k < WINDOWS; k++)
        if (k != PEAK) assert_true(means.data[k] < 0.8 * means.data[PEAK]);
}

/* The model itself expects the means. */
static void one_network(void **state)
{
    size_t length;
    char *text = text_with(read_text("models/balanced.net", &length), "let late", measures);
    model *m = model_file_as("models/balanced.net", text, "");
    array percentiles = golden("balanced_full/rate_percentiles");
    const array active = model_get(m, "active");

    (void)state;
    check_course(model_get(m, "mean_e"), 0.118);
    check_percentiles(model_get(m, "typical_e"), percentiles, 1);
    check_percentiles(model_get(m, "typical_i"), percentiles, 2);
    check_degrees(model_get(m, "from_E"), 21.8);
    check_degrees(model_get(m, "from_I"), 19.4);
    assert_close(active.data[0], 0.291, 0.07);
    assert_close(active.data[1], 0.336, 0.07);
    free(percentiles.data);
    model_free(m);
}

/* --- ten inputs --- */

enum { INPUTS = 10, NETWORKS = 5 };

/* Four standard deviations between networks, or 3 %. */
static void check_levels(array levels, const char *reference)
{
    array want = golden(reference);

    for (size_t k = 0; k < INPUTS; k++) {
        double sum = 0, square = 0;

        for (size_t n = 0; n < NETWORKS; n++) sum += want.data[n * INPUTS + k] / NETWORKS;
        for (size_t n = 0; n < NETWORKS; n++) square += pow(want.data[n * INPUTS + k] - sum, 2) / (NETWORKS - 1);
        const double room = fmax(4 * sqrt(square), 0.03 * sum);
        printf("input %zu: %.4f, reference %.4f: %+.4f of %.4f\n", k, levels.data[k], sum, levels.data[k] - sum, room);
        if (!(fabs(levels.data[k] - sum) <= room)) fail_msg("input %zu of %s", k, reference);
    }
    free(want.data);
}

/* The published figure averages over all windows. */
static void check_figure(array means)
{
    static const double wanted[] = { 2.43, 5.20, 8.02, 10.76, 13.64, 16.29, 19.02, 21.90 };

    for (size_t k = 0; k < NL_LEN(wanted); k++) assert_close(means.data[k + 2], wanted[k], 0.05);
}

static void easy_inputs(void **state)
{
    model *m = model_file("models/balanced_inputs.net", "");

    (void)state;
    check_levels(model_get(m, "level_e"), "balanced_full/easy_meanE");
    check_levels(model_get(m, "level_i"), "balanced_full/easy_meanI");
    check_figure(model_get(m, "figure_e"));
    model_free(m);
}

/* One network against one. */
static void hard_inputs(void **state)
{
    model *m = model_file("models/balanced_inputs.net", "way=hard B.steps=1640");
    array want = golden("balanced_full/hard_mean");

    (void)state;
    for (size_t k = 1; k < INPUTS; k++) {
        assert_close(model_get(m, "level_e").data[k], want.data[3 * k + 1], 0.07);
        assert_close(model_get(m, "level_i").data[k], want.data[3 * k + 2], 0.07);
    }
    free(want.data);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_network),
        cmocka_unit_test(easy_inputs),
        cmocka_unit_test(hard_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
