/* The torus at its published size, 200 x 200: `make check-long`.  The excitatory variants take the published
 * scheme, the balanced ones the textbook midpoint step, whose distance from the published one is known from the
 * small networks. */
#include "support/model.h"

/* Places in scalars.npy, from the first one of a variant. */
enum { N_STEPS, W_IN, LOSS_SUM, LOSS_FIRST, LOSS_LAST, RESPONSE_TIME_1, FINAL_SUM = 8, PER_VARIANT = 13 };

typedef struct variant {
    const char *name, *defines;
    double state, relative, time; /* room: of states, relative of sums, of response times */
} variant;

static const variant variants[] = {
    { "exc_lin", "linear_mixed=true method=midpoint", 1e-12, 1e-9, 0.1 + 1e-9 },
    { "exc_nonlin", "linear_mixed=false method=midpoint", 1e-12, 1e-9, 0.1 + 1e-9 },
    { "bal_nonlin", "linear_mixed=false balanced=true method=midpoint", 1e-4, 1e-2, 0.04 },
    { "bal_lin", "linear_mixed=true balanced=true method=midpoint", 1e-4, 1e-2, 0.04 },
};

static void check_variant(size_t which)
{
    const variant *v = &variants[which];
    char path[100];
    array scalars = golden("2d_full_200/scalars");
    const double *want = scalars.data + which * PER_VARIANT;
    model *m = model_file("models/cooperative_2d.net", v->defines);
    const array loss = model_get(m, "loss"), final = model_get(m, "final");
    double loss_sum = 0, final_sum = 0;

    for (size_t k = 1; k < loss.rows; k++) loss_sum += loss.data[k];
    for (size_t k = 0; k < final.rows * final.columns; k++) final_sum += final.data[k];
    assert_int_equal(loss.rows, (size_t)want[N_STEPS] + 1);
    assert_close(model_number(m, "w_in"), want[W_IN], v->relative == 1e-9 ? 1e-11 : 1e-8);
    assert_close(loss_sum, want[LOSS_SUM], v->relative);
    assert_close(loss.data[1], want[LOSS_FIRST], v->relative);
    assert_close(final_sum, want[FINAL_SUM], v->relative);
    for (size_t n = 0; n < 3; n++) {
        const double time = model_get(m, "response_time").data[n];
        if (!(fabs(time - want[RESPONSE_TIME_1 + n]) <= v->time)) fail_msg("%s: response time %g", v->name, time);
    }
    snprintf(path, sizeof path, "2d_full_200/%s_row", v->name);
    array row = golden(path);
    const array middle = { 200, 1, final.data + (size_t)100 * 200 };
    assert_near(middle, row, v->state);
    free(row.data);
    free(scalars.data);
    model_free(m);
}

static void excitatory_linear(void **state)
{
    (void)state;
    check_variant(0);
}
static void excitatory_nonlinear(void **state)
{
    (void)state;
    check_variant(1);
}
static void balanced_nonlinear(void **state)
{
    (void)state;
    check_variant(2);
}
static void balanced_linear(void **state)
{
    (void)state;
    check_variant(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excitatory_linear),
        cmocka_unit_test(excitatory_nonlinear),
        cmocka_unit_test(balanced_nonlinear),
        cmocka_unit_test(balanced_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
