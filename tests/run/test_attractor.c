/* The spiking network with bistable plasticity against the arrays of tests/golden-data: every spike, every switch. */
#include "support/model.h"

enum { STEPS = 3000, NEURONS = 200, EXCITATORY = 160 };

/* What the results only keep when an expression reads it. */
static const char readers[] =
    "let last = [V[-1, 0], Is[-1, 0], If[-1, 0], x[-1, 0], a[-1, 0], l_min[-1], l_max[-1]]\n"
    "let E_t = times(E.spikes), E_i = ids(E.spikes), I_t = times(I.spikes), I_i = ids(I.spikes)";

typedef struct trial {
    const char *folder, *reading;
    model *m;
} trial;

static array wanted(const trial *t, const char *name)
{
    char path[150];

    snprintf(path, sizeof path, "%s/%s_%s", t->folder, t->reading, name);
    return golden(path);
}

static array given(const trial *t, const char *name)
{
    char path[150];

    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    return golden(path);
}

static trial trial_run(const char *folder, const char *reading, const char *more)
{
    char defines[300];
    trial t = { folder, reading, NULL };

    snprintf(defines, sizeof defines, "data=../tests/golden-data/%s NE=160 NI=40 J_scale=40 sample=0.1 reading=%s %s",
             folder, reading, more);
    t.m = model_file_with("models/attractor.net", "let rate_E", readers, defines);
    return t;
}

/* --- spikes --- */

static void mark_spikes(model *m, const char *times, const char *ids, size_t first, unsigned char *fired)
{
    const array t = model_get(m, times), i = model_get(m, ids);

    for (size_t k = 0; k < t.rows; k++) {
        const size_t step = (size_t)lround(t.data[k] * 10);
        assert_close(t.data[k], (double)step * 0.1, 1e-15);
        fired[step * NEURONS + first + (size_t)i.data[k]]++;
    }
}

static void check_spikes(const trial *t)
{
    unsigned char *got = calloc(STEPS, NEURONS), *want = calloc(STEPS, NEURONS);
    array spikes = wanted(t, "spikes");

    for (size_t k = 0; k < spikes.rows; k++)
        want[(size_t)spikes.data[2 * k] * NEURONS + (size_t)spikes.data[2 * k + 1]]++;
    mark_spikes(t->m, "E_t", "E_i", 0, got);
    mark_spikes(t->m, "I_t", "I_i", EXCITATORY, got);
    for (size_t k = 0; k < STEPS * NEURONS; k++)
        if (got[k] != want[k])
            fail_msg("%s, %s: neuron %zu, step %zu: %d spikes, wanted %d", t->folder, t->reading, k % NEURONS,
                     k / NEURONS, got[k], want[k]);
    free(spikes.data);
    free(want);
    free(got);
}

/* --- states of neurons --- */

static const struct {
    const char *name;
    double room;
} traced[] = { { "V", 1e-9 }, { "Is", 1e-10 }, { "If", 1e-10 }, { "x", 1e-10 }, { "a", 1e-10 } };

/* A reference has one row for each variable: samples of neurons. */
static void check_traces(const trial *t, array want, array steps, array ids)
{
    assert_int_equal(want.columns, steps.rows * ids.rows);
    for (size_t v = 0; v < NL_LEN(traced); v++) {
        const array got = model_get(t->m, traced[v].name);
        double worst = 0;

        assert_int_equal(got.rows, STEPS);
        for (size_t k = 0; k < want.columns; k++) {
            const size_t at = (size_t)steps.data[k / ids.rows] * got.columns + (size_t)ids.data[k % ids.rows];
            worst = fmax(worst, fabs(got.data[at] - want.data[v * want.columns + k]));
        }
        if (!(worst <= traced[v].room))
            fail_msg("%s, %s: %s is %.3g away", t->folder, t->reading, traced[v].name, worst);
    }
}

static void check_states(const trial *t)
{
    double all[NEURONS];
    array trace = wanted(t, "trace"), steps = given(t, "trace_steps"), ids = given(t, "trace_ids");
    array state = wanted(t, "state"), at = given(t, "state_steps");

    for (size_t k = 0; k < NEURONS; k++) all[k] = (double)k;
    check_traces(t, trace, steps, ids);
    check_traces(t, state, at, (array){ NEURONS, 1, all });
    free(trace.data);
    free(steps.data);
    free(ids.data);
    free(state.data);
    free(at.data);
}

/* --- synapses --- */

/* Rows of the reference: step, then switches slow up, slow down, fast up, fast down in it. */
static void check_switches(const trial *t)
{
    static const char *const names[] = { "up_slow", "down_slow", "up_fast", "down_fast" };
    array want = wanted(t, "switches");

    for (size_t v = 0; v < NL_LEN(names); v++) {
        const array got = model_get(t->m, names[v]);
        double sum = 0;

        for (size_t step = 0, row = 0; step < STEPS; step++) {
            if (row < want.rows && want.data[row * 5] == (double)step) sum += want.data[row++ * 5 + 1 + v];
            if (got.data[step] != sum)
                fail_msg("%s, %s: %s is %g at step %zu, wanted %g", t->folder, t->reading, names[v], got.data[step],
                         step, sum);
        }
    }
    free(want.data);
}

static void check_latent(const trial *t)
{
    static const char *const names[] = { "l_mean", "l_sd", "l_min", "l_max", "l_above", "pot" };
    array want = wanted(t, "latent_stats");

    for (size_t v = 0; v < NL_LEN(names); v++) {
        const array got = model_get(t->m, names[v]);

        for (size_t row = 0; row < want.rows; row++) {
            const double *stats = want.data + row * want.columns, value = got.data[(size_t)stats[0]];
            if (!(fabs(value - stats[1 + v]) <= 1e-9))
                fail_msg("%s, %s: %s is %.17g at step %g, wanted %.17g", t->folder, t->reading, names[v], value,
                         stats[0], stats[1 + v]);
        }
    }
    free(want.data);
}

/* Efficacies at the end, one by one in the order of the files. */
static void check_efficacies(const trial *t, const char *values, const char *name)
{
    array got = model_get(t->m, values), want = wanted(t, name);

    assert_int_equal(got.rows, want.rows);
    for (size_t k = 0; k < want.rows; k++) assert_exact(got.data[k], 40 * (want.data[k] != 0 ? 0.21 : 0.03));
    free(want.data);
}

static void check_ends(const trial *t)
{
    array slow = wanted(t, "ee_slow_l_end"), fast = wanted(t, "ee_fast_l_end");

    assert_near(model_get(t->m, "l_slow"), slow, 1e-9);
    assert_near(model_get(t->m, "l_fast"), fast, 1e-9);
    free(slow.data);
    free(fast.data);
}

static void check_case(const char *folder, const char *reading, const char *more)
{
    trial t = trial_run(folder, reading, more);

    check_spikes(&t);
    check_states(&t);
    check_latent(&t);
    check_efficacies(&t, "J_slow", "ee_slow_pot_end");
    check_efficacies(&t, "J_fast", "ee_fast_pot_end");
    if (strcmp(reading, "as_run") != 0) check_switches(&t);
    if (strcmp(reading, "as_run") != 0 && strcmp(folder, "attractor_small") == 0) check_ends(&t);
    model_free(t.m);
}

static void as_run(void **state)
{
    (void)state;
    check_case("attractor_small", "as_run", "");
}

static void l_persist(void **state)
{
    (void)state;
    check_case("attractor_small", "l_persist", "");
    check_case("attractor_small_lowdrive", "l_persist", "theta=0.4004321789");
}

static void intended(void **state)
{
    (void)state;
    check_case("attractor_small", "intended", "");
    check_case("attractor_small_lowdrive", "intended", "theta=0.4004321789");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_run),
        cmocka_unit_test(l_persist),
        cmocka_unit_test(intended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
