/* Statistics of the spiking network over random draws, at a fifth of its size and at its size: `make check-long`.
 * References are means over five draws of another program, and one draw of it. */
#include "support/model.h"

enum { RATE_E, RATE_I, LATE_E, LATE_I, SILENT_E, SILENT_I, X_E, X_I, POT_SLOW, POT_FAST, UP, DOWN, L_MEAN, L_SD,
       METRICS, CV_E = METRICS, CV_I, ALL };
static const char *const names[ALL] = { "rate_E", "rate_I", "late_E", "late_I", "silent_E", "silent_I", "x_E", "x_I",
                                        "pot_slow", "pot_fast", "up", "down", "l_mean", "l_sd", "cv_E", "cv_I" };

/* Late: after t_late. */
#define MEASURES                                                                                                       \
    "let n_end = sum(EE_slow.n) + sum(EE_fast.n), gain = pot_end * size_EE - n_pot_slow[0] - n_pot_fast[0]\n"          \
    "let cE = count(E.spikes), cI = count(I.spikes)\n"                                                                 \
    "let lE = time_slice(E.spikes, t_late, T), lI = time_slice(I.spikes, t_late, T)\n"                                 \
    "let metrics = [1000 * mean(cE) / T, 1000 * mean(cI) / T, 1000 * mean(count(lE)) / (T - t_late),\n"                \
    "  1000 * mean(count(lI)) / (T - t_late), mean(cE == 0), mean(cI == 0), mean(E.x), mean(I.x),\n"                   \
    "  mean(J_slow == J_scale * J_pot), mean(J_fast == J_scale * J_pot), (n_end + gain) / 2 / size_EE,\n"              \
    "  (n_end - gain) / 2 / size_EE, mean(concat(l_slow, l_fast)), std(concat(l_slow, l_fast))]\n"                     \
    "let E_t = times(E.spikes), E_i = ids(E.spikes), I_t = times(I.spikes), I_i = ids(I.spikes)"

/* Coefficient of variation of the intervals after `from`: mean over neurons with at least three. */
static double mean_cv(model *m, const char *times, const char *ids, size_t count, double from)
{
    const array t = model_get(m, times), i = model_get(m, ids);
    double *last = calloc(count, sizeof *last);
    double *sum = calloc(count, sizeof *sum), *square = calloc(count, sizeof *square);
    size_t *n = calloc(count, sizeof *n), counted = 0;
    double total = 0;

    for (size_t k = 0; k < t.rows; k++) {
        const size_t who = (size_t)i.data[k];
        if (t.data[k] < from) continue;
        const double interval = t.data[k] - last[who];
        if (last[who] > 0) sum[who] += interval, square[who] += interval * interval, n[who]++;
        last[who] = t.data[k];
    }
    for (size_t k = 0; k < count; k++)
        if (n[k] >= 3) {
            const double mean = sum[k] / (double)n[k];
            total += sqrt(fmax(0, square[k] / (double)n[k] - mean * mean)) / mean;
            counted++;
        }
    free(last);
    free(sum);
    free(square);
    free(n);
    return total / (double)counted;
}

static void measure(const char *defines, double late, double cv_from, size_t n_e, size_t n_i, double out[ALL])
{
    char text[2500];

    snprintf(text, sizeof text, "let t_late = %g\n%s", late, MEASURES);
    model *m = model_file_with("models/attractor.net", "let rate_E", text, defines);
    memcpy(out, model_get(m, "metrics").data, METRICS * sizeof *out);
    out[CV_E] = mean_cv(m, "E_t", "E_i", n_e, cv_from);
    out[CV_I] = mean_cv(m, "I_t", "I_i", n_i, cv_from);
    model_free(m);
}

/* --- five draws --- */

enum { DRAWS = 5 };

/* Across excitatory neurons rates spread by 75/s, so that the mean of 1600 has an SD of 1.9/s; that of the reference's
 * five draws is 0.6/s by chance. */
#define SD_RATE 1.9

static const struct reading {
    const char *name;
    double mean[ALL], sd[ALL];
} medium[] = {
    { "as_run",
      { 128.47, 72.419, 129.33, 72.424, 0.13037, 0.229, 0.16439, 0.2801, 0.20019, 0.20019, 0, 0, 0.20019, 0.40014,
        0.98525, 0.87455 },
      { SD_RATE, 2.2, SD_RATE, 2.3, 0.0067, 0.019, 0.0075, 0.014, 0.00081, 0.00074, 0, 0, 0.00064, 0.00048,
        0.0032, 0.01 } },
    { "l_persist",
      { 129.32, 72.406, 130.44, 72.414, 0.13312, 0.229, 0.168, 0.28029, 0.22943, 0.22997, 0.19878, 0.16929, -8.6736,
        14.538, 0.97674, 0.87463 },
      { SD_RATE, 2.2, SD_RATE, 2.3, 0.0076, 0.019, 0.0065, 0.014, 0.0056, 0.0058, 0.0059, 0.0016,
        0.18, 0.21, 0.0043, 0.01 } },
    { "intended",
      { 137.96, 72.503, 140.41, 72.502, 0.11463, 0.2285, 0.14096, 0.28029, 0.77392, 0.77374, 0.70173, 0.12808, 0.75612,
        0.40873, 0.94412, 0.87538 },
      { SD_RATE, 2.2, SD_RATE, 2.2, 0.0055, 0.019, 0.0045, 0.014, 0.0063, 0.0073, 0.0098, 0.0029, 0.0067, 0.0043,
        0.0025, 0.011 } },
};

/* Within four standard errors of the difference of two means; the table has five digits at most. */
static void five_draws(const struct reading *r)
{
    double sum[ALL] = { 0 };
    bool good = true;

    for (int seed = 1; seed <= DRAWS; seed++) {
        char defines[200];
        double got[ALL];

        snprintf(defines, sizeof defines, "NE=1600 NI=400 J_scale=5 T=600 sample=600 counted=true seed=%d reading=%s", seed,
                 r->name);
        measure(defines, 200, 200, 1600, 400, got);
        for (size_t k = 0; k < ALL; k++) sum[k] += got[k] / DRAWS;
    }
    for (size_t k = 0; k < ALL; k++) {
        const double room = fmax(4 * r->sd[k] * sqrt(2.0 / DRAWS), 1e-3 * fabs(r->mean[k]));
        const double far = sum[k] - r->mean[k];
        printf("%-10s %-9s %10.5f, reference %10.5f: %+.5f of %.5f\n", r->name, names[k], sum[k], r->mean[k], far,
               room);
        if (!(fabs(far) <= room)) good = false;
    }
    if (!good) fail_msg("%s: see above", r->name);
}

static void medium_as_run(void **state)
{
    (void)state;
    five_draws(&medium[0]);
}
static void medium_l_persist(void **state)
{
    (void)state;
    five_draws(&medium[1]);
}
static void medium_intended(void **state)
{
    (void)state;
    five_draws(&medium[2]);
}

/* --- the published size: one draw against another --- */

static const struct full {
    const char *name;
    double rate_E, rate_I, cv_E, cv_I, silent_E, silent_I, x_E, x_I, pot_end, up, down;
} full[] = {
    { "as_run", 126.239, 74.31, 0.991611, 0.888257, 0.140125, 0.2175, 0.170941, 0.261664, 0.199789, 0, 0 },
    { "l_persist", 126.813, 74.3167, 0.989369, 0.888149, 0.142125, 0.2175, 0.173128, 0.26151, 0.222867,
      2123147.0 / 12157799, 1842581.0 / 12157799 },
    { "intended", 134.01, 74.42, 0.960566, 0.888808, 0.12225, 0.2165, 0.147474, 0.261313, 0.721565,
      7646848.0 / 12157799, 1303203.0 / 12157799 },
};

static void one_draw(const struct full *r)
{
    char defines[100];
    double got[ALL];
    bool good = true;

    snprintf(defines, sizeof defines, "sample=300 counted=true reading=%s", r->name);
    measure(defines, 100, 0, 8000, 2000, got);
    const struct {
        size_t which;
        double want, room;
    } checks[] = {
        { RATE_E, r->rate_E, 0.01 * r->rate_E }, { RATE_I, r->rate_I, 0.06 * r->rate_I },
        { CV_E, r->cv_E, 0.04 },                 { CV_I, r->cv_I, 0.04 },
        { SILENT_E, r->silent_E, 0.04 },         { SILENT_I, r->silent_I, 0.04 },
        { X_E, r->x_E, 0.04 },                   { X_I, r->x_I, 0.04 },
        { POT_SLOW, r->pot_end, 0.01 },          { POT_FAST, r->pot_end, 0.01 },
        { UP, r->up, 0.06 * r->up },             { DOWN, r->down, 0.06 * r->down },
    };
    for (size_t k = 0; k < NL_LEN(checks); k++) {
        const double far = got[checks[k].which] - checks[k].want;
        printf("%-10s %-9s %10.5f, reference %10.5f: %+.5f of %.5f\n", r->name, names[checks[k].which],
               got[checks[k].which], checks[k].want, far, checks[k].room);
        if (!(fabs(far) <= checks[k].room)) good = false;
    }
    if (!good) fail_msg("%s: see above", r->name);
}

static void full_as_run(void **state)
{
    (void)state;
    one_draw(&full[0]);
}
static void full_l_persist(void **state)
{
    (void)state;
    one_draw(&full[1]);
}
static void full_intended(void **state)
{
    (void)state;
    one_draw(&full[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medium_as_run), cmocka_unit_test(medium_l_persist), cmocka_unit_test(medium_intended),
        cmocka_unit_test(full_as_run),   cmocka_unit_test(full_l_persist),   cmocka_unit_test(full_intended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
