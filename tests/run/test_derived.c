/* Values that are computed before and after a run: roots, eigenvalues, response times, against the arrays of
 * tests/golden-data. */
#include "support/model.h"

/* Response times of critically damped networks, and the weights that follow, for 54 sets of parameters. */
static void roots(void **state)
{
    static const char text[] =
        "param wsum = 0.5, tau = 1, tau_lag = 0.1\n"
        "solve t in (0, tau / (1 - wsum)) : 1/t = (1 - wsum)/tau + (1 - exp(-tau_lag/t)) / tau_lag\n"
        "let w_I = -exp(-tau_lag/t)\n"
        "let t_dec = tau / (1 + w_I)\n";
    array table = golden("tresp_root/table");

    (void)state;
    assert_int_equal(table.rows, 54);
    for (size_t k = 0; k < table.rows; k++) {
        const double *row = table.data + k * table.columns;
        char defines[200];

        snprintf(defines, sizeof defines, "wsum=%.17g tau=%.17g tau_lag=%.17g", row[0], row[1], row[2]);
        model *m = model_of(text, defines);
        assert_close(model_number(m, "t"), row[3], 1e-10);
        assert_close(model_number(m, "w_I"), row[4], 1e-10);
        assert_close(model_number(m, "t_dec"), row[5], 1e-9);
        model_free(m);
    }
    free(table.data);
}

/* The one-step matrix of the ring in blocks. */
static const char one_step[] = "param wE = 0.495, wI = 0, dt_tau = 0.01\n"
                               "let n = 20\n"
                               "let A = roll(eye(n), 1, axis = 0) + roll(eye(n), -1, axis = 0)\n"
                               "let upper = concat((1 - dt_tau) * eye(n) + dt_tau * wE * A, -wI * A, axis = 1)\n"
                               "let lower = concat(-dt_tau * eye(n) + dt_tau * wE * A, -wI * A, axis = 1)\n"
                               "let W = concat(upper, lower, axis = 0)\n"
                               "let ev = eigenvalues(W)\n";

static int by_parts(const void *a, const void *b)
{
    const double *x = a, *y = b;

    if (fabs(x[0] - y[0]) > 1e-10) return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

static void assert_spectrum(const char *name, const char *defines)
{
    char path[100];
    model *m = model_of(one_step, defines);

    snprintf(path, sizeof path, "w_tot_eigen/w_tot_%s", name);
    array matrix = golden(path);
    assert_near(model_get(m, "W"), matrix, 1e-15);
    snprintf(path, sizeof path, "w_tot_eigen/eig_%s", name);
    array want = golden(path), got = model_get(m, "ev");
    assert_int_equal(got.rows, want.rows);
    got.data = memcpy(malloc(got.rows * 2 * sizeof(double)), got.data, got.rows * 2 * sizeof(double));
    qsort(got.data, got.rows, 2 * sizeof(double), by_parts);
    qsort(want.data, want.rows, 2 * sizeof(double), by_parts);
    assert_near(got, want, 1e-10);
    free(got.data);
    free(want.data);
    free(matrix.data);
    model_free(m);
}

static void eigenvalues(void **state)
{
    (void)state;
    assert_spectrum("balanced", "wE=0.49500000000000011 wI=-0.47797140387047654 dt_tau=0.01");
    assert_spectrum("excitatory", "wE=0.49500000000000011 wI=0 dt_tau=0.1");
    assert_spectrum("strong", "wE=0.49500000000000011 wI=-0.6 dt_tau=0.01");
}

/* The reference writes "never" as 0; here it is nan. */
static void response_times(void **state)
{
    static const char text[] = "simulation { dt = 0.05 }\n"
                               "let curves = load(\"tests/golden-data/response_time_rule/curves.npy\")\n"
                               "let by_time = transpose(curves)\n"
                               "param k = 0\n"
                               "let curve = table(by_time[:, k], dt = 0.05)\n"
                               "record x = curve(t)\n"
                               "run 9.95\n"
                               "let times = settle_time(x, x[0] * exp(-[1, 2, 3]))\n";
    array want = golden("response_time_rule/response_times");
    char *name = source_path("test.net");

    (void)state;
    for (size_t k = 0; k < want.rows; k++) {
        char defines[40];

        snprintf(defines, sizeof defines, "k=%zu", k);
        model *m = model_run(model_load_named(name, text, sizeof text - 1, defines));
        const array got = model_get(m, "times");
        assert_int_equal(model_get(m, "x").rows, 200);
        for (size_t n = 0; n < 3; n++) {
            const double t = want.data[3 * k + n];
            if (t == 0) assert_true(isnan(got.data[n]));
            else assert_close(got.data[n], t, 1e-12);
        }
        model_free(m);
    }
    free(want.data);
    free(name);
}

/* A table holds the same row at a time, whether an initial value, a step or the file asks. */
static void rows_of_tables(void **state)
{
    static const char text[] = "param at = 0\n"
                               "let stim = table([1, 2, 3], dt = 10)\n"
                               "simulation { dt = 0.25; method = euler }\n"
                               "population X { state v = stim(t + at), s = 0; v' = 0; s' = stim(t + at) }\n"
                               "run 0.25\n"
                               "let known = stim(at), start = X.v, rate = 4 * X.s\n";
    static const struct { const char *at; double row; } cases[] = {
        { "at=-30", 1 }, { "at=0", 1 },  { "at=9.6", 1 }, { "at=9.9", 1 },
        { "at=10", 2 },  { "at=19", 2 }, { "at=20", 3 },  { "at=99", 3 },
    };

    (void)state;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        model *m = model_of(text, cases[k].at);

        assert_exact(model_number(m, "known"), cases[k].row);
        assert_exact(model_number(m, "start"), cases[k].row);
        assert_exact(model_number(m, "rate"), cases[k].row);
        model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(roots), cmocka_unit_test(eigenvalues),
                                        cmocka_unit_test(response_times), cmocka_unit_test(rows_of_tables) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
