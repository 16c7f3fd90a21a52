/* Trains as values, and their functions. */
#include "../support/evaluate.h"

#include <math.h>

/* Seven spikes of neurons 20 .. 23 (the last one silent) in (0, 10] ms. */
static nl_value some_train(bench *b)
{
    static const double times[] = { 0.5, 1.5, 1.5, 3.5, 4.5, 8.5, 10 };
    static const uint32_t ids[] = { 21, 20, 22, 21, 21, 20, 21 };
    const nl_train train = { .count = 7, .times = times, .ids = ids, .first = 20, .begin = 0, .end = 10 };

    return nl_value_train(b->cx.arena, b->cx.time_dim, 1, (size_t[]){ 4 }, train);
}

static nl_value unknown_train(bench *b) { return nl_value_unknown(NL_KIND_TRAIN, b->cx.time_dim, 1, (size_t[]){ 4 }); }

static nl_value call(bench *b, const char *name, size_t count, const nl_arg *args)
{
    return nl_func_call(&b->cx, (nl_span){ 0, 0 }, name, args, count);
}

static nl_value of(bench *b, const char *name, nl_value train) { return call(b, name, 1, &(nl_arg){ .value = train }); }

static nl_value within(bench *b, const char *name, nl_value train, double t0, double t1)
{
    const nl_arg args[] = { { .value = train }, { .value = number(b, t0, "ms") }, { .value = number(b, t1, "ms") } };

    return call(b, name, 3, args);
}

static nl_value with_time(bench *b, const char *name, nl_value train, double time)
{
    const nl_arg args[] = { { .value = train }, { .value = number(b, time, "ms") } };

    return call(b, name, 2, args);
}

static nl_value element(bench *b, nl_value value, double at)
{
    const nl_index index = { .value = number(b, at, NULL) };

    return nl_value_index(&b->cx, (nl_span){ 0, 0 }, value, &index, 1);
}

static nl_value slice(bench *b, nl_value value, long begin, long end)
{
    const nl_index index = { .is_slice = true, .has_begin = true, .begin = begin, .has_end = true, .end = end };

    return nl_value_index(&b->cx, (nl_span){ 0, 0 }, value, &index, 1);
}

static void a_train_is_shown_copied_and_indexed(void **unused)
{
    bench *b = bench_new();
    nl_arena *own = nl_arena_new();
    nl_value train = nl_value_copy(own, some_train(b));

    (void)unused;
    assert_shown(b, train, "train of 7 spikes of 4 neurons");
    assert_true(nl_value_known(train) && !nl_value_known(unknown_train(b)));
    assert_string_equal(nl_value_shape_text(b->cx.arena, unknown_train(b)), "a train of spikes of 4 neurons");
    assert_shown(b, element(b, train, 1), "train of 4 spikes");
    assert_shown(b, of(b, "times", element(b, train, -2)), "[1.5] ms");
    assert_shown(b, of(b, "ids", slice(b, train, 0, 2)), "[21, 20, 21, 21, 20, 21]");
    assert_shown(b, of(b, "count", slice(b, train, -2, 9)), "[1, 0]");
    assert_shown(b, slice(b, slice(b, train, 1, 4), 1, 2), "train of 1 spike of 1 neuron");
    assert_refused(b, element(b, train, 4), "index 4 is outside of axis 0, which has the elements 0 to 3");
    assert_int_equal(slice(b, unknown_train(b), 1, 3).shape[0], 2);
    nl_arena_free(own);
    bench_free(b);
}

static void a_train_is_no_number(void **unused)
{
    bench *b = bench_new();
    const nl_span span = { 0, 0 };

    (void)unused;
    assert_refused(b, nl_value_binary(&b->cx, span, "+", some_train(b), span, number(b, 1, NULL), span),
                   "`+` does not take a train of 7 spikes of 4 neurons");
    assert_refused(b, of(b, "mean", some_train(b)), "`mean` does not take a train of 7 spikes of 4 neurons");
    assert_refused(b, of(b, "len", some_train(b)), "a train of 7 spikes of 4 neurons has no length");
    assert_refused(b, of(b, "exp", some_train(b)), "`exp` does not take a train of 7 spikes of 4 neurons");
    assert_refused(b, of(b, "count", VECTOR(b, NULL, 2, 1, 2)),
                   "`count` needs a train of spikes, such as E.spikes, not an array [2]");
    assert_refused(b, of(b, "count", VECTOR(b, "ms", 2, 2, 1)), "the times of a train ascend");
    assert_refused(b, of(b, "cv", some_train(b)),
                   "`cv` takes intervals, as in cv(isi(E.spikes)), not a train of 7 spikes of 4 neurons");
    bench_free(b);
}

static void counts_and_rates_are_per_neuron(void **unused)
{
    bench *b = bench_new();
    nl_value train = some_train(b);

    (void)unused;
    assert_shown(b, of(b, "count", train), "[2, 4, 1, 0]");
    assert_shown(b, of(b, "rate", train), "[200, 400, 100, 0] Hz");
    assert_shown(b, within(b, "rate", train, 1.5, 4.5), "[333.33333, 333.33333, 333.33333, 0] Hz");
    assert_shown(b, of(b, "times", train), "[0.5, 1.5, 1.5, 3.5, 4.5, 8.5, 10] ms");
    const nl_arg second[] = { { .value = train }, { .value = number(b, 1, NULL) } };
    assert_shown(b, call(b, "times", 2, second), "[0.5, 3.5, 4.5, 10] ms");
    assert_shown(b, of(b, "fanofactor", train), "1.25"); /* 2, 4, 1, 0: mean 1.75, variance 2.1875 */
    assert_shown(b, of(b, "count", within(b, "time_slice", train, 1.5, 8.5)), "[1, 2, 1, 0]");
    assert_shown(b, of(b, "rate", within(b, "time_slice", train, 5, 90)), "[200, 200, 0, 0] Hz");
    assert_refused(b, within(b, "rate", train, 5, 12), "the train was recorded from 0 ms to 10 ms only");
    assert_refused(b, within(b, "rate", train, 5, 5), "`rate` needs a window that has a length");
    assert_refused(b, of(b, "rate", VECTOR(b, "ms", 2, 1, 2)),
                   "the window of these times is not known: `rate` needs t0 and t1");
    bench_free(b);
}

static void intervals_are_lists(void **unused)
{
    bench *b = bench_new();
    nl_value train = some_train(b), all = of(b, "isi", train);

    (void)unused;
    assert_shown(b, all, "[[7] ms, [3, 1, 5.5] ms, [] ms, [] ms]");
    assert_shown(b, of(b, "isi", element(b, train, 1)), "[3, 1, 5.5] ms");
    assert_shown(b, of(b, "cv", all), "[0.58133479]"); /* only of the neuron with two intervals or more */
    assert_shown(b, of(b, "cv", of(b, "isi", element(b, train, 1))), "0.58133479");
    assert_shown(b, of(b, "cv", of(b, "isi", element(b, train, 0))), "nan");
    assert_shown(b, of(b, "mean", of(b, "cv", of(b, "isi", slice(b, train, 2, 4)))), "nan");
    assert_shown(b, of(b, "concat", all), "[7, 3, 1, 5.5] ms");
    bench_free(b);
}

static void what_is_unknown_keeps_its_shape(void **unused)
{
    bench *b = bench_new();
    nl_value train = unknown_train(b), list = of(b, "isi", train), part = within(b, "time_slice", train, 1, 2);

    (void)unused;
    assert_int_equal(of(b, "count", train).shape[0], 4);
    assert_int_equal(within(b, "rate", train, 1, 2).shape[0], 4);
    assert_true(part.kind == NL_KIND_TRAIN && !nl_value_known(part));
    assert_true(list.kind == NL_KIND_LIST && list.shape[0] == 4 && !nl_value_known(list));
    assert_int_equal(element(b, list, 3).rank, 1);
    assert_int_equal(of(b, "mean", of(b, "cv", list)).kind, NL_KIND_NUMBER);
    assert_true(with_time(b, "time_histogram", train, 1).is_signal);
    assert_int_equal(of(b, "fanofactor", train).rank, 0);
    bench_free(b);
}

static void histograms_have_whole_bins(void **unused)
{
    bench *b = bench_new();
    nl_value train = some_train(b), bins = with_time(b, "time_histogram", train, 1.5);
    const nl_arg pairs[] = { { .value = train }, { .name = "bin", .value = number(b, 5, "ms") } };

    (void)unused;
    assert_shown(b, bins, "[3, 0, 2, 0, 0, 1]"); /* the spike at 10 ms is behind the last whole bin, 7.5 .. 9 */
    assert_true(bins.is_signal);
    assert_exact(bins.times[5], 7.5);
    assert_shown(b, with_time(b, "time_histogram", train, 5), "[5, 2]"); /* .. and here at the end of the last */
    assert_shown(b, call(b, "correlation_coefficient", 2, pairs),
                 "[[nan, nan, nan, nan], [nan, 1, 1, nan], [nan, 1, 1, nan], [nan, nan, nan, nan]]");
    assert_refused(b, with_time(b, "time_histogram", train, 0), "`bin` is a time of more than 0");
    assert_refused(b, of(b, "correlation_coefficient", train),
                   "of trains, `correlation_coefficient` needs the width of a bin: "
                   "correlation_coefficient(E.spikes, bin = 2 ms)");
    bench_free(b);
}

static double area(nl_value signal, double step)
{
    double sum = 0;

    for (size_t i = 0; i < signal.shape[0]; i++) sum += signal.data[i] * step;
    return sum;
}

static nl_value smoothed(bench *b, nl_value train, double width, const char *kernel, double sampling)
{
    const nl_arg args[] = { { .value = train },
                            { .value = number(b, width, "ms") },
                            { .name = "kernel", .value = nl_value_text(b->cx.arena, kernel) },
                            { .name = "sampling", .value = number(b, sampling, "ms") } };

    return call(b, "instantaneous_rate", 4, args);
}

static void rates_are_smoothed(void **unused)
{
    bench *b = bench_new();
    const double at[] = { 250 };
    const uint32_t ids[] = { 1 };
    nl_value train = nl_value_train(b->cx.arena, b->cx.time_dim, 1, (size_t[]){ 2 },
                                    (nl_train){ .count = 1, .times = at, .ids = ids, .end = 500 });
    nl_value rate = smoothed(b, train, 20, "gaussian", 0.5);

    (void)unused;
    assert_int_equal(rate.shape[0], 1001);
    assert_close(rate.data[500], 0.5 / (20 * sqrt(2 * M_PI)), 1e-5); /* cut at 5 sd */
    assert_close(rate.data[540] / rate.data[500], exp(-0.5), 1e-12);
    assert_close(area(rate, 0.5), 0.5, 1e-12); /* one spike of two neurons */
    assert_exact(rate.data[700], rate.data[300]);
    assert_exact(rate.data[0], 0);
    rate = smoothed(b, train, 20, "rectangular", 0.5);
    assert_close(rate.data[565], 0.5 / (2 * sqrt(3) * 20), 0.01);
    assert_exact(rate.data[571], 0);
    rate = smoothed(b, train, 20, "exponential", 0.5);
    assert_exact(rate.data[499], 0);
    assert_close(rate.data[540] / rate.data[500], exp(-1), 1e-12);
    assert_refused(b, smoothed(b, train, 20, "boxcar", 0.5),
                   "`kernel` is \"gaussian\", \"rectangular\" or \"exponential\"");
    assert_refused(b, with_time(b, "instantaneous_rate", train, 20), "`sampling` is needed: this model has no step");
    b->cx.dt = 0.25;
    assert_int_equal(with_time(b, "instantaneous_rate", train, 20).shape[0], 2001);
    bench_free(b);
}

/* --- spectra --- */

static nl_value sampled(bench *b, size_t count, const double *data, double step)
{
    double *times = NL_NEW_ARRAY(b->cx.arena, double, count);

    for (size_t i = 0; i < count; i++) times[i] = 3 + (double)i * step;
    return signal_of(b, nl_value_array(b->cx.arena, NL_KIND_NUMBER, dim_of("mV"), 1, &count, data), times);
}

static nl_value cut_by(bench *b, const char *name, nl_value x, const char *how, nl_value value)
{
    const nl_arg args[] = { { .value = x }, { .name = how, .value = value } };

    return call(b, name, 2, args);
}

/* Against the definition, summed term by term. */
static void densities_are_welchs(void **unused)
{
    static const double x[] = { 3.1, -1.2, 4.4, 0.7, 2.5, -3.3, 1.9, 0.2, -2.6, 1.1, 0.4, 5.2 };
    static const double eight[] = { 0.13964641050308266, 0.8408489963869508, 0.9270345126648697, 1.055056217150539,
                                    1.2050784570362045 };
    static const double five[] = { 0.08171293420722209, 0.5509513362072407, 1.8682625540167348 };
    bench *b = bench_new();
    nl_value signal = sampled(b, 12, x, 0.1);
    nl_value psd = cut_by(b, "welch_psd", signal, "n_segments", number(b, 2, NULL));

    (void)unused;
    assert_int_equal(psd.items[0].shape[0], 5);
    assert_close(psd.items[0].data[4], 5, 1e-12);
    for (int k = 0; k < 5; k++) assert_close(psd.items[1].data[k], eight[k], 1e-12);
    nl_unit frequency = { .dim = dim_of("Hz") };
    psd = cut_by(b, "welch_psd", signal, "frequency_resolution", nl_value_number(b->cx.arena, 2, frequency.dim));
    for (int k = 0; k < 3; k++) assert_close(psd.items[1].data[k], five[k], 1e-12);
    assert_string_equal(nl_dim_text(b->cx.arena, psd.items[1].dim), "ms*mV^2");
    bench_free(b);
}

/* A sine of amplitude A on a frequency of the segments: A^2 n dt / 3 there, a quarter of it beside it. */
static void a_sine_has_a_peak(void **unused)
{
    enum { COUNT = 1200, LENGTH = 200, CYCLES = 14 };
    bench *b = bench_new();
    double x[COUNT];

    (void)unused;
    for (int i = 0; i < COUNT; i++) x[i] = 9 + 2.5 * sin(2 * M_PI * CYCLES * i / LENGTH + 0.3);
    nl_value signal = sampled(b, COUNT, x, 0.5), resolution = nl_value_number(b->cx.arena, 0.01, dim_of("Hz"));
    nl_value psd = cut_by(b, "welch_psd", signal, "frequency_resolution", resolution);
    assert_close(psd.items[1].data[CYCLES], 2.5 * 2.5 * LENGTH * 0.5 / 3, 1e-10);
    assert_close(psd.items[1].data[CYCLES - 1], psd.items[1].data[CYCLES] / 4, 1e-10);
    assert_shown(b, cut_by(b, "peak_frequency", signal, "frequency_resolution", resolution), "140 Hz");
    assert_refused(b, of(b, "peak_frequency", VECTOR(b, NULL, 2, 1, 2)),
                   "`peak_frequency` needs a signal of one value, not an array [2]");
    assert_refused(b, of(b, "welch_psd", sampled(b, 9, x, 0.5)),
                   "segments of 2 samples cannot be cut from a signal of 9");
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_train_is_shown_copied_and_indexed),
        cmocka_unit_test(a_train_is_no_number),
        cmocka_unit_test(counts_and_rates_are_per_neuron),
        cmocka_unit_test(intervals_are_lists),
        cmocka_unit_test(what_is_unknown_keeps_its_shape),
        cmocka_unit_test(histograms_have_whole_bins),
        cmocka_unit_test(rates_are_smoothed),
        cmocka_unit_test(densities_are_welchs),
        cmocka_unit_test(a_sine_has_a_peak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
