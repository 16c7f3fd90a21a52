/* The balanced network against the arrays of tests/golden-data; and its draws of connections against their rules. */
#include "support/model.h"

#define TIMES "steps=1020 steady=200 window=20 switch_step=300 stim_steps=[[300,500],[600,800]]"
#define SPARSE "data=../tests/golden-data/balanced_sparse NE=400 NI=100 K=50 gain=0.5 " TIMES
#define TUNED "NE=200 NI=50 K=25 " TIMES
#define DENSE "data=../tests/golden-data/balanced_all_to_all NE=120 NI=30 connectivity=all_to_all " TIMES

/* Every step; a record is kept where something reads it. */
#define RECORDS "record r_step = concat(E.r, I.r)\nrecord h_step = concat(E.h, I.h)"
#define READERS "let last = r_step[-1], h_last = h_step[-1]"

/* The model with statements in front of its first run, and after its last. */
static model *balanced(const char *defines, const char *first, const char *last)
{
    size_t length;
    char *text = text_with(read_text("models/balanced.net", &length), "run (steady", first);

    return model_file_as("models/balanced.net", text_with(text, "let late", last), defines);
}

static array named(const char *folder, const char *prefix, const char *name)
{
    char path[150];

    snprintf(path, sizeof path, "balanced_%s/%s%s", folder, prefix, name);
    return golden(path);
}

static double largest(array a)
{
    double most = 0;

    for (size_t k = 0; k < a.rows * a.columns; k++) most = fmax(most, fabs(a.data[k]));
    return most;
}

static array row_of(array a, size_t row, size_t columns) { return (array){ columns, 1, a.data + row * columns }; }

/* Rows first .. first+count-1. */
static array part(array a, size_t first, size_t count)
{
    assert_true(first + count <= a.rows);
    return (array){ count, a.columns, a.data + first * a.columns };
}

/* Every n-th column of a series; the reference keeps fifty units of each network. */
static void check_units(array got, array want, double room)
{
    const size_t every = got.columns / want.columns;
    double worst = 0;

    assert_int_equal(got.rows, want.rows);
    for (size_t row = 0; row < want.rows; row++)
        for (size_t k = 0; k < want.columns; k++)
            worst = fmax(worst, fabs(got.data[row * got.columns + k * every] - want.data[row * want.columns + k]));
    if (!(worst <= room * largest(want))) fail_msg("%.3g away, of %.3g", worst, largest(want));
}

static void check_series(array got, array want, double room) { assert_near(got, want, room * largest(want)); }

/* Rates of single units and their ring: mean, amplitude and angle, which tells something where there is an
 * amplitude. */
static void check_ring(model *m, const char *folder, const char *prefix, double room)
{
    const array got = model_get(m, "bump");
    array rates = named(folder, prefix, "_rates"), want = named(folder, prefix, "_bump");

    check_units(model_get(m, "rates"), rates, 1e-9);
    assert_int_equal(got.rows, want.rows);
    for (size_t k = 0; k < 3 * want.rows; k += 3) {
        assert_close(got.data[k], want.data[k], room);
        assert_close(got.data[k + 1], want.data[k + 1], room);
        if (want.data[k + 1] > 0.01 * want.data[k]) assert_close(got.data[k + 2], want.data[k + 2], room);
    }
    free(rates.data);
    free(want.data);
}

/* --- sparse: one start, all parts of the dynamics --- */

static void settles(void **state)
{
    model *m = balanced(SPARSE, RECORDS, READERS);
    const array steps = model_get(m, "r_step");
    array rates = golden("balanced_sparse/fixed_rates"), r = golden("balanced_sparse/fixed_steps");
    array h = golden("balanced_sparse/fixed_syn_steps"), last = golden("balanced_sparse/fixed_last");

    (void)state;
    check_units(model_get(m, "rates"), rates, 1e-9);
    check_units(part(steps, 1, 60), r, 1e-9);
    check_units(part(model_get(m, "h_step"), 1, 20), h, 1e-9);
    check_units(part(steps, steps.rows - 1, 1), (array){ 1, last.rows, last.data }, 1e-9);
    free(rates.data);
    free(r.data);
    free(h.data);
    free(last.data);
    model_free(m);
}

static double mean_from(array a, size_t first)
{
    double sum = 0;

    for (size_t k = first; k < a.rows; k++) sum += a.data[k];
    return sum / (double)(a.rows - first);
}

/* Errors grow: single units agree at first, means later. */
static void check_means(array got, array want)
{
    for (size_t k = 0; k < want.rows; k++) assert_close(got.data[k], want.data[k], 0.05);
    assert_close(mean_from(got, want.rows - 20), mean_from(want, want.rows - 20), 0.01);
}

static void is_chaotic(void **state)
{
    model *m = balanced(SPARSE " gain=2", RECORDS, READERS);
    array rates = golden("balanced_sparse/chaotic_rates"), r = golden("balanced_sparse/chaotic_steps");
    array mean_e = golden("balanced_sparse/chaotic_meanE"), mean_i = golden("balanced_sparse/chaotic_meanI");

    (void)state;
    check_units(part(model_get(m, "r_step"), 1, 60), r, 1e-9);
    check_units(part(model_get(m, "rates"), 0, 1), part(rates, 0, 1), 1e-10);
    check_means(model_get(m, "mean_e"), mean_e);
    check_means(model_get(m, "mean_i"), mean_i);
    free(rates.data);
    free(r.data);
    free(mean_e.data);
    free(mean_i.data);
    model_free(m);
}

/* Without synaptic filter nothing damps this one: its first mean, and the last ten together. */
static void check_variant_means(model *m, const char *name, const char *reference, size_t row, bool chaotic)
{
    array all = golden(reference);
    const array got = model_get(m, name), want = row_of(all, row, all.columns);

    if (chaotic) {
        assert_close(got.data[0], want.data[0], 1e-5);
        assert_close(mean_from(got, want.rows - 10), mean_from(want, want.rows - 10), 0.03);
    } else check_series(got, want, 1e-9);
    free(all.data);
}

static const char without_nmda[] =
    "let h_0 = load(\"{data}/variants_rec0_without_nmda.npy\")\n"
    "if not nmda { set E.h = h_0[:NE]; set I.h = h_0[NE:]; set E.r = phi(E.ff + E.h); set I.r = phi(I.ff + I.h) }\n" RECORDS;

static void check_variant(size_t row, array parts, array last)
{
    static const char *const words[] = { "false", "true" };
    const double *on = parts.data + row * parts.columns;
    const bool chaotic = on[0] == 0 && on[1] == 1 && on[2] == 0;
    char defines[400];

    snprintf(defines, sizeof defines, "%s rate_dyn=%s syn_dyn=%s nmda=%s", SPARSE, words[on[0] != 0],
             words[on[1] != 0], words[on[2] != 0]);
    model *m = balanced(defines, without_nmda, READERS);
    const array steps = model_get(m, "r_step");
    check_variant_means(m, "mean_e", "balanced_sparse/variants_meanE", row, chaotic);
    check_variant_means(m, "mean_i", "balanced_sparse/variants_meanI", row, chaotic);
    if (chaotic) {
        array want = golden("balanced_sparse/variant010_steps");
        check_units(part(steps, 1, 60), want, 1e-9);
        free(want.data);
    } else check_units(part(steps, steps.rows - 1, 1), part(last, row, 1), 1e-9);
    model_free(m);
}

static void six_variants(void **state)
{
    array parts = golden("balanced_sparse/variants"), last = golden("balanced_sparse/variants_last");

    (void)state;
    assert_int_equal(parts.rows, 6);
    for (size_t row = 0; row < parts.rows; row++) check_variant(row, parts, last);
    free(parts.data);
    free(last.data);
}

/* --- sparse: ten starts, ten inputs --- */

enum { TEN = 10 };

#define TEN_SPARSE                                                                                                     \
    "data=../tests/golden-data/balanced_sparse B.NE=400 B.NI=100 B.steps=1020 B.steady=200 B.window=20 "               \
    "B.switch_step=300 "

static void check_result(model *m, const char *name, const char *reference, const char *suffix)
{
    array want = named("sparse", reference, suffix);

    check_series(model_get(m, name), want, 1e-9);
    free(want.data);
}

static void check_last(model *m, const char *reference)
{
    array last = named("sparse", reference, "_last");

    check_units(model_get(m, "last"), last, 1e-9);
    free(last.data);
}

static void ten_starts(void **state)
{
    model *m = model_file_with("models/balanced_trials.net", "    collect mean_e",
                               "    collect five = concat(B.E.total, B.I.total)[[0, 1, 399, 400, 499]] / B.window",
                               TEN_SPARSE "B.K=50 B.gain=0.5");

    (void)state;
    assert_int_equal(model_get(m, "mean_e").rows, TEN);
    check_result(m, "mean_e", "init", "_meanE");
    check_result(m, "mean_i", "init", "_meanI");
    check_result(m, "five", "init", "_neuron_rates");
    check_last(m, "init");
    model_free(m);
}

static void ten_inputs(void **state)
{
    static const struct {
        const char *defines, *reference;
    } ways[] = { { TEN_SPARSE "K=50 gain=0.5", "ff_easy" },
                 { TEN_SPARSE "K=50 gain=0.5 way=hard", "ff_hard" },
                 { TEN_SPARSE "K=50 gain=0.5 way=hard_scaled", "ff_hardscaled" } };

    (void)state;
    for (size_t k = 0; k < NL_LEN(ways); k++) {
        model *m = model_file("models/balanced_inputs.net", ways[k].defines);
        check_result(m, "mean_e", ways[k].reference, "_meanE");
        check_result(m, "mean_i", ways[k].reference, "_meanI");
        if (k == 0) check_last(m, ways[k].reference);
        model_free(m);
    }
}

/* Before the switch nothing has grown. */
static void check_chaotic_rows(model *m, const char *name, const char *suffix)
{
    enum { BEFORE = 5 };
    array all = named("sparse", "ffchaotic_easy", suffix);
    const array got = model_get(m, name);

    assert_int_equal(got.rows * got.columns, all.rows * all.columns);
    for (size_t k = 0; k < TEN; k++) {
        const array row = row_of(got, k, all.columns), want = row_of(all, k, all.columns);
        check_series(part(row, 0, BEFORE), part(want, 0, BEFORE), 1e-9);
        assert_close(mean_from(row, want.rows - 20), mean_from(want, want.rows - 20), 0.01);
    }
    free(all.data);
}

static void ten_chaotic_inputs(void **state)
{
    model *m = model_file("models/balanced_inputs.net", TEN_SPARSE "K=50");

    (void)state;
    check_chaotic_rows(m, "mean_e", "_meanE");
    check_chaotic_rows(m, "mean_i", "_meanI");
    model_free(m);
}

/* --- tuned: given connections --- */

#define COSINE "data=../tests/golden-data/balanced_cosine gain=0.5 I0=[0.5,0.5] " TUNED
#define LOWRANK "data=../tests/golden-data/balanced_lowrank gain=0.4 connectivity=lowrank " TUNED

static const struct {
    const char *prefix, *defines;
} rings[] = {
    { "strong", COSINE " connectivity=cosine kappa=0.5 phase=10 prefix=strong_" },
    { "spec", COSINE " connectivity=cos_spec kappa=4 prefix=spec_" },
}, vectors[] = {
    { "rank2", LOWRANK " kappa=1 prefix=rank2_" },
    { "pairs", LOWRANK " kappa=1.2 ksi_pairs=true prefix=pairs_" },
};

static void cosine(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(rings); k++) {
        model *m = balanced(rings[k].defines, "let row_0 = clip(K/NE * (1 + ring(-2*pi * arange(NE)/NE)), 0, 1)", "");
        array row = named("cosine", rings[k].prefix, "_probability_row0");
        check_ring(m, "cosine", rings[k].prefix, 1e-9);
        assert_near(model_get(m, "row_0"), row, 1e-12);
        free(row.data);
        model_free(m);
    }
}

static void low_rank(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(vectors); k++) {
        model *m = balanced(vectors[k].defines, "let rows = clip(K/NE * (1 + transpose(U[:, 0:5]) @ V), 0, 1)", "");
        array rates = named("lowrank", vectors[k].prefix, "_rates");
        array overlap = named("lowrank", vectors[k].prefix, "_overlap");
        array rows = named("lowrank", vectors[k].prefix, "_probability_rows0to4");
        check_units(model_get(m, "rates"), rates, 1e-9);
        check_series(model_get(m, "overlap"), overlap, 1e-9);
        assert_near(model_get(m, "rows"), rows, 1e-12);
        free(rates.data);
        free(overlap.data);
        free(rows.data);
        model_free(m);
    }
}

/* --- tuned: drawn connections --- */

enum { BINS = 20, UNITS = 200 };

static const char probe[] = "projection probe : E -> E via tuned { let from = pre.i, to = post.i }";
#define PROBED "let from = probe.from, to = probe.to\n"

/* Four standard errors. */
static void check_share(double connected, double pairs, double p)
{
    if (!(fabs(connected / pairs - p) <= 4 * sqrt(p * (1 - p) / pairs)))
        fail_msg("%g of %g pairs are connected, wanted a share of %g", connected, pairs, p);
}

static void draws_of_cosine(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(rings); k++) {
        char defines[400];
        double count[BINS] = { 0 };
        array p = named("cosine", rings[k].prefix, "_probability_measured");

        snprintf(defines, sizeof defines, "%s data=", rings[k].defines);
        model *m = balanced(defines, probe, PROBED);
        const array from = model_get(m, "from"), to = model_get(m, "to");
        for (size_t s = 0; s < from.rows; s++)
            count[((size_t)to.data[s] + UNITS - (size_t)from.data[s]) % UNITS * BINS / UNITS]++;
        for (size_t b = 0; b < BINS; b++) check_share(count[b], UNITS * UNITS / BINS, p.data[2 * b + 1]);
        free(p.data);
        model_free(m);
    }
}

/* Pairs of the drawn vectors, in bins of equal width of their probability. */
static void check_low_rank_draws(model *m)
{
    const array from = model_get(m, "from"), to = model_get(m, "to"), p = model_get(m, "p");
    const double width = largest(p) / BINS;
    double count[BINS + 1] = { 0 }, pairs[BINS + 1] = { 0 }, sum[BINS + 1] = { 0 };

    for (size_t k = 0; k < UNITS * UNITS; k++) {
        const size_t b = (size_t)(p.data[k] / width);
        pairs[b]++;
        sum[b] += p.data[k];
    }
    for (size_t s = 0; s < from.rows; s++) {
        const double of_pair = p.data[(size_t)to.data[s] * UNITS + (size_t)from.data[s]];
        assert_true(of_pair > 0);
        count[(size_t)(of_pair / width)]++;
    }
    for (size_t b = 0; b < BINS; b++)
        if (pairs[b] > 100) check_share(count[b], pairs[b], sum[b] / pairs[b]);
}

static void draws_of_low_rank(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(vectors); k++) {
        char defines[400];

        snprintf(defines, sizeof defines, "%s data= kappa=2", vectors[k].defines);
        model *m = balanced(defines, probe, PROBED "let p = K/NE * relu(1 + transpose(U) @ V)\nkeep p\n"
                                           "let C = ksi @ transpose(ksi) / NE");
        const array covariance = model_get(m, "C");
        check_low_rank_draws(m);
        if (!(fabs(covariance.data[1] - (k == 0 ? 0.5 : 0.9)) < 0.3)) fail_msg("covariance %g", covariance.data[1]);
        model_free(m);
    }
}

/* --- all to all, noise, transfer functions --- */

static const struct {
    const char *prefix, *defines;
} dense[] = {
    { "uniform", DENSE " I0=[0.5,0.5] prefix=uniform_ gain=0.5" },
    { "cosine", DENSE " I0=[0.5,0.5] prefix=cosine_ gain=0.5 kappa=0.25" },
    { "hetero", DENSE " I0=[0.5,0.5] prefix=hetero_ gain=0.5 kappa=0.25 sigma=0.3" },
    { "cosineN", DENSE " I0=[0.5,0.5] prefix=cosineN_ gain=0.8 kappa=1 weight_over=N" },
};

static void all_to_all(void **state)
{
    static const char row_0[] = "let row_0 = concat((EE.w + zeros(NE * NE))[:NE], (EI.w + zeros(NE * NI))[:NI])";

    (void)state;
    for (size_t k = 0; k < NL_LEN(dense); k++) {
        model *m = balanced(dense[k].defines, "", row_0);
        array row = named("all_to_all", dense[k].prefix, "_weights_row0");
        check_ring(m, "all_to_all", dense[k].prefix, 1e-8);
        assert_near(model_get(m, "row_0"), row, 1e-12);
        free(row.data);
        model_free(m);
    }
}

static void noise(void **state)
{
    model *m = balanced("data=../tests/golden-data/balanced_noise NE=40 NI=10 K=10 gain=0.5 ff_noise=[0.5,0.2] "
                        "steps=380 steady=40 window=20 switch_step=120",
                        "record ff = concat(E.ff, I.ff) every 20 * dt\nrecord r = concat(E.r, I.r)",
                        "let inputs = ff, later = r[1 + 5 * arange(76)]");
    const array ff = model_get(m, "ff");
    array inputs = golden("balanced_noise/ff"), rates = golden("balanced_noise/rates");
    array steps = golden("balanced_noise/steps");

    (void)state;
    assert_near(part(ff, 0, inputs.rows), inputs, 1e-12);
    check_series(model_get(m, "rates"), rates, 1e-9);
    check_series(model_get(m, "later"), steps, 1e-9);
    free(inputs.data);
    free(rates.data);
    free(steps.data);
    model_free(m);
}

/* Drawn: a fresh number in each step, of the variance asked for. */
static void drawn_noise(void **state)
{
    model *m = balanced("NE=400 NI=100 K=50 gain=0 ff_noise=[0.5,0.2] steps=400 steady=40 window=20",
                        "record z = concat(E.ff - Ja0[0] * M0 * (if step < switch_step then 1 else sqrt(K)),\n"
                        "  I.ff - Ja0[1] * M0 * (if step < switch_step then 1 else sqrt(K)))", "let all = z[:]");
    const array z = model_get(m, "z");
    double square[2] = { 0 }, product = 0;

    (void)state;
    for (size_t row = 0; row + 1 < z.rows; row++)
        for (size_t k = 0; k < 500; k++) {
            const double now = z.data[row * 500 + k];
            square[k >= 400] += now * now / (double)(z.rows - 1) / (k >= 400 ? 100 : 400);
            product += now * z.data[row * 500 + 500 + k];
        }
    assert_close(square[0], 0.5 * 625 / 50, 0.02);
    assert_close(square[1], 0.2 * 625 / 50, 0.03);
    assert_true(fabs(product) < 0.02 * square[0] * 500 * (double)z.rows);
    model_free(m);
}

static void transfer_functions(void **state)
{
    static const char *const names[] = { "relu", "erf", "cumulative" };
    array table = golden("balanced_transfer/table");

    (void)state;
    for (size_t f = 0; f < NL_LEN(names); f++) {
        char defines[100];

        snprintf(defines, sizeof defines, "NE=40 NI=10 K=10 steps=80 steady=40 transfer=%s", names[f]);
        model *m = balanced(defines, "",
                            "let curve = phi(load(\"../tests/golden-data/balanced_transfer/table.npy\")[:, 0])");
        const array curve = model_get(m, "curve");
        for (size_t k = 0; k < table.rows; k++)
            if (!(fabs(curve.data[k] - table.data[4 * k + 1 + f]) <= 1e-14)) fail_msg("%s, row %zu", names[f], k);
        model_free(m);
    }
    free(table.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settles),
        cmocka_unit_test(is_chaotic),
        cmocka_unit_test(six_variants),
        cmocka_unit_test(ten_starts),
        cmocka_unit_test(ten_inputs),
        cmocka_unit_test(ten_chaotic_inputs),
        cmocka_unit_test(cosine),
        cmocka_unit_test(low_rank),
        cmocka_unit_test(draws_of_cosine),
        cmocka_unit_test(draws_of_low_rank),
        cmocka_unit_test(all_to_all),
        cmocka_unit_test(noise),
        cmocka_unit_test(drawn_noise),
        cmocka_unit_test(transfer_functions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
