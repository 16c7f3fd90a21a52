/* The cooperative networks against the arrays of tests/golden-data: see the README there for what they are. */
#include "support/model.h"

/* Places in scalars.npy. */
enum { W_IN = 8, LOSS_SUM = 9, RESPONSE_TIME_1 = 12, REF_W_IN = 19 };

/* Of the textbook midpoint step at dt = 0.01, measured on the converged solution. */
#define MIDPOINT_ERROR_1D 2.694e-5
#define MIDPOINT_ERROR_2D_LINEAR 2.675e-5
#define MIDPOINT_ERROR_2D_NONLINEAR 2.434e-5

/* The models record what their figures need; the references also have the state at a few units over time. */
static const char sites_1d[] = "record sites = X.x[[c, c + 1, c + 2, c + 5, c + 20, c - 1, 0]]";
static const char sites_2d[] =
    "record sites = [X.x[c, c], X.x[c, c + 1], X.x[c + 1, c], X.x[c + 1, c + 1], X.x[c, c + 5], "
    "X.x[c + 5, c + 5], X.x[c - 1, c], X.x[0, 0]]";

static array reference(const char *folder, const char *name)
{
    char path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return golden(path);
}

static double scalar(const char *folder, size_t which)
{
    array a = reference(folder, "scalars");

    assert_true(which < a.rows);
    const double value = a.data[which];
    free(a.data);
    return value;
}

/* A recorded series at the samples of a reference: sample k of the reference is the state after step k, ours begins at
 * t = 0. */
static void assert_series(model *m, const char *series, const char *folder, const char *name, double room)
{
    array index = reference(folder, "sample_index"), want = reference(folder, name);
    array got = rows_at(model_get(m, series), index, 1);
    const double far = distance(got, want);

    if (!(far <= room)) fail_msg("%s: %s is %.3g away, more than %.3g", folder, name, far, room);
    free(index.data);
    free(want.data);
    free(got.data);
}

static void assert_array(model *m, const char *value, const char *folder, const char *name, double room)
{
    array want = reference(folder, name);
    const double far = distance(model_get(m, value), want);

    if (!(far <= room)) fail_msg("%s: %s is %.3g away, more than %.3g", folder, name, far, room);
    free(want.data);
}

/* The target is the final state of the first phase, scaled to a peak of 1. */
static void assert_target(model *m, const char *folder, const char *name, double room)
{
    array want = reference(folder, name);
    double peak = 0;

    for (size_t k = 0; k < want.rows * want.columns; k++) peak = fmax(peak, want.data[k]);
    for (size_t k = 0; k < want.rows * want.columns; k++) want.data[k] /= peak;
    assert_near(model_get(m, "target"), want, room);
    free(want.data);
}

static double sum_from(array series, size_t first)
{
    double sum = 0;

    for (size_t k = first; k < series.rows; k++) sum += series.data[k];
    return sum;
}

/* What a run of the published scheme must give; `sites` is its series of single units. */
static void assert_published(model *m, const char *folder, const char *sites)
{
    assert_series(m, sites, folder, "trace_x", 1e-12);
    assert_series(m, "loss", folder, "loss", 1e-12);
    assert_series(m, "violation_x", folder, "violations_x", 1e-10);
    assert_series(m, "violation_dx", folder, "violations_dx", 1e-10);
    assert_series(m, "summed_activity", folder, "summed_activity", 1e-10);
    assert_target(m, folder, "final_phase1", 1e-12);
    assert_array(m, "final", folder, "final_phase2", 1e-12);
    assert_close(model_number(m, "w_in"), scalar(folder, W_IN), 1e-12);
    assert_close(sum_from(model_get(m, "loss"), 1), scalar(folder, LOSS_SUM), 1e-9);
}

static void literal(const char *folder, const char *defines)
{
    model *m = model_file("models/cooperative_1d_literal.net", defines);

    assert_published(m, folder, "x");
    assert_array(m, "x_two_thirds", folder, "x_two_thirds", 1e-12);
    assert_series(m, "summed_activity_diff", folder, "summed_activity_diff", 1e-10);
    for (size_t n = 0; n < 3; n++)
        assert_close(model_get(m, "response_time").data[n], scalar(folder, RESPONSE_TIME_1 + n), 1e-12);
    model_free(m);
}

static void literal_1d_balanced(void **state)
{
    (void)state;
    literal("1d_balanced", "");
}

static void literal_1d_excitatory(void **state)
{
    (void)state;
    literal("1d_excitatory", "balanced=false");
}

/* Another scheme against the converged solution. */
static void assert_converged(const char *file, const char *more, const char *folder, const char *defines, double room)
{
    model *m = model_file_with(file, "record loss", more, defines);

    assert_series(m, "sites", folder, "ref_trace_x", room);
    assert_series(m, "loss", folder, "ref_loss", room);
    assert_target(m, folder, "ref_final_phase1", room);
    assert_close(model_number(m, "w_in"), scalar(folder, REF_W_IN), room);
    model_free(m);
}

/* Without delay the published scheme is the explicit midpoint rule. */
static void assert_midpoint(const char *file, const char *more, const char *folder, const char *defines)
{
    model *m = model_file_with(file, "record loss", more, defines);

    assert_published(m, folder, "sites");
    model_free(m);
}

static void ring_balanced(void **state)
{
    (void)state;
    assert_converged("models/cooperative_1d.net", sites_1d, "1d_balanced", "method=midpoint", 3 * MIDPOINT_ERROR_1D);
    assert_converged("models/cooperative_1d.net", sites_1d, "1d_balanced", "method=rk4", 1e-6);
}

static void ring_excitatory(void **state)
{
    (void)state;
    assert_midpoint("models/cooperative_1d.net", sites_1d, "1d_excitatory", "balanced=false method=midpoint");
    assert_converged("models/cooperative_1d.net", sites_1d, "1d_excitatory", "balanced=false method=rk4", 1e-6);
}

static void torus_balanced(void **state)
{
    static const char file[] = "models/cooperative_2d.net";

    (void)state;
    assert_converged(file, sites_2d, "2d_balanced_linear", "N=40 balanced=true linear_mixed=true method=midpoint",
                     3 * MIDPOINT_ERROR_2D_LINEAR);
    assert_converged(file, sites_2d, "2d_balanced_linear", "N=40 balanced=true linear_mixed=true method=rk4", 1e-6);
    assert_converged(file, sites_2d, "2d_balanced_nonlinear", "N=40 balanced=true linear_mixed=false method=midpoint",
                     3 * MIDPOINT_ERROR_2D_NONLINEAR);
    assert_converged(file, sites_2d, "2d_balanced_nonlinear", "N=40 balanced=true linear_mixed=false method=rk4", 1e-6);
}

static void torus_excitatory(void **state)
{
    static const char file[] = "models/cooperative_2d.net";

    (void)state;
    assert_midpoint(file, sites_2d, "2d_excitatory_linear", "N=40 linear_mixed=true method=midpoint");
    assert_converged(file, sites_2d, "2d_excitatory_linear", "N=40 linear_mixed=true method=rk4", 1e-6);
    assert_midpoint(file, sites_2d, "2d_excitatory_nonlinear", "N=40 linear_mixed=false method=midpoint");
    assert_converged(file, sites_2d, "2d_excitatory_nonlinear", "N=40 linear_mixed=false method=rk4", 1e-6);
}

static void adaptation(void **state)
{
    static const char folder[] = "1d_sfa";
    /* long series stay in memory when an expression reads them */
    model *m =
        model_file_with("models/cooperative_sfa.net", "let t_resp ", "let last = concat(x_sites[-1], u_sites[-1])", "");

    (void)state;
    assert_series(m, "x_sites", folder, "trace_x", 1e-12);
    assert_series(m, "u_sites", folder, "trace_u", 1e-12);
    assert_series(m, "loss", folder, "loss", 1e-12);
    assert_series(m, "violation", folder, "violation", 1e-10);
    assert_array(m, "x_at_off", folder, "x_at_off", 1e-12);
    assert_array(m, "final", folder, "x_final", 1e-12);
    assert_array(m, "u_final", folder, "u_final", 1e-12);
    assert_array(m, "target", folder, "target", 1e-15);
    assert_close(model_number(m, "t_resp"), 18.35, 1e-12);
    assert_close(model_number(m, "t_resp_all"), 54.89, 1e-12);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literal_1d_balanced), cmocka_unit_test(literal_1d_excitatory),
        cmocka_unit_test(ring_balanced),       cmocka_unit_test(ring_excitatory),
        cmocka_unit_test(torus_balanced),      cmocka_unit_test(torus_excitatory),
        cmocka_unit_test(adaptation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
