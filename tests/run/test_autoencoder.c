/* The spiking autoencoder against the arrays of tests/golden-data: every spike, and the states behind it. */
#include "support/model.h"

static const char readers[] = "let last = [v[-1, 0], r[-1, 0], f[-1, 0], phi_hat[-1, 0], n_above[-1]]\n"
                              "let spike_t = times(code.spikes), spike_i = ids(code.spikes)";
#define FINE "dt=0.1 T=8001 t_on=100 t_off=700 dphi_per_dt=true"

static array reference(const char *folder, const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return golden(path);
}

/* At most one spike in a step: both lists are in the order of time. */
static void check_spikes(model *m, const char *folder, double dt)
{
    array want = reference(folder, "spikes");
    const array t = model_get(m, "spike_t"), i = model_get(m, "spike_i");

    assert_int_equal(t.rows, want.rows);
    for (size_t k = 0; k < want.rows; k++) {
        assert_close(t.data[k], want.data[2 * k] * dt, 1e-15);
        assert_exact(i.data[k], want.data[2 * k + 1]);
    }
    free(want.data);
}

static void check_series(model *m, const char *series, const char *folder, const char *name, array steps, double room)
{
    array want = reference(folder, name), got = rows_at(model_get(m, series), steps, 0);
    const double far = distance(got, want);

    if (!(far <= room)) fail_msg("%s: %s is %.3g away, more than %.3g", folder, name, far, room);
    free(want.data);
    free(got.data);
}

/* Some neurons of a series. */
static void check_trace(model *m, const char *series, const char *folder, array steps, double room)
{
    char name[20];
    const array all = model_get(m, series);
    snprintf(name, sizeof name, "%s_trace", series);
    array want = reference(folder, name), ids = reference(folder, "trace_ids");

    assert_int_equal(want.columns, ids.rows);
    for (size_t k = 0; k < want.rows * want.columns; k++) {
        const size_t at = (size_t)steps.data[k / ids.rows] * all.columns + (size_t)ids.data[k % ids.rows];
        if (!(fabs(all.data[at] - want.data[k]) <= room))
            fail_msg("%s: %s is %.17g, wanted %.17g", folder, name, all.data[at], want.data[k]);
    }
    free(want.data);
    free(ids.data);
}

/* Where there is something to decode; an angle modulo pi. */
static void check_decoded(model *m, const char *folder, array steps)
{
    array want = reference(folder, "orientation"), phi = reference(folder, "phi_hat");
    const array got = model_get(m, "decoded");

    for (size_t k = 0; k < want.rows; k++) {
        const double far = fabs(got.data[(size_t)steps.data[k]] - want.data[k]);
        if (hypot(phi.data[2 * k], phi.data[2 * k + 1]) > 1e-3 && !(fmin(far, M_PI - far) <= 1e-10))
            fail_msg("%s: decoded orientation at sample %g is %.3g away", folder, steps.data[k], far);
    }
    free(want.data);
    free(phi.data);
}

static void check_above(model *m, const char *folder, size_t stride)
{
    array want = reference(folder, "n_above");
    const array got = model_get(m, "n_above");

    assert_int_equal(got.rows, (want.rows - 1) * stride + 1);
    for (size_t k = 0; k < want.rows; k++) assert_exact(got.data[k * stride], want.data[k]);
    free(want.data);
}

/* The reference has the number of neurons above their threshold for every `stride`-th sample. */
static void check_case(const char *folder, const char *defines, double dt, size_t stride)
{
    model *m = model_file_with("models/autoencoder.net", "let decoded", readers, defines);
    array steps = reference(folder, "trace_steps");

    check_spikes(m, folder, dt);
    check_trace(m, "v", folder, steps, 1e-10);
    check_trace(m, "r", folder, steps, 1e-11);
    check_trace(m, "f", folder, steps, 1e-10);
    check_series(m, "phi_hat", folder, "phi_hat", steps, 1e-10);
    check_series(m, "error_norm", folder, "error_norm", steps, 1e-10);
    check_decoded(m, folder, steps);
    check_above(m, folder, stride);
    if (strcmp(folder, "autoencoder_no_wrap") != 0) {
        array at = reference(folder, "snap_steps");
        check_series(m, "v", folder, "v_snap", at, 1e-10);
        check_series(m, "r", folder, "r_snap", at, 1e-11);
        check_series(m, "f", folder, "f_snap", at, 1e-10);
        free(at.data);
    }
    free(steps.data);
    model_free(m);
}

static void as_run(void **state)
{
    (void)state;
    check_case("autoencoder_as_run", "wrap=true", 1, 1);
}

static void at_rest(void **state)
{
    (void)state;
    check_case("autoencoder_no_wrap", "", 1, 1);
    check_case("autoencoder_text", "gain_num=1", 1, 1);
}

static void fine_steps(void **state)
{
    (void)state;
    check_case("autoencoder_fine_dt_code", FINE, 0.1, 4);
    check_case("autoencoder_fine_dt_text", FINE " gain_num=1", 0.1, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_run),
        cmocka_unit_test(at_rest),
        cmocka_unit_test(fine_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
