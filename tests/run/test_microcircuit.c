/* The dendritic microcircuit against the arrays of tests/golden-data: states, weights and cosines. */
#include "support/model.h"

#define NOTEBOOK "layers=[1,1,1] phase_steps=10000 noise_scale=5e-7 alpha=1e-3 eta_bw=200 eta_IP=40 eta_PI=50 "
#define BASE "data=../tests/golden-data/microcircuit_base layers=[1,1,1] rule=none dt=0.01 eta_IP=40 eta_PI=50 "
#define GIVEN "data=../tests/golden-data/microcircuit_notebook "

/* Rows of the reference against rows of the result, evenly spaced; of each column 1e-8 of its largest value. */
static void assert_rows(const char *name, array got, size_t first, array want)
{
    const size_t stride = (got.rows - first) / want.rows;

    assert_int_equal(got.columns, want.columns);
    for (size_t c = 0; c < want.columns; c++) {
        double largest = 0;
        for (size_t k = 0; k < want.rows; k++) largest = fmax(largest, fabs(want.data[k * want.columns + c]));
        for (size_t k = 0; k < want.rows; k++) {
            const size_t row = first + (k + 1) * stride - 1;
            const double a = got.data[row * got.columns + c], b = want.data[k * want.columns + c];
            if (!(fabs(a - b) <= 1e-8 * largest))
                fail_msg("%s[%zu, %zu] is %.17g, wanted %.17g", name, row, c, a, b);
        }
    }
}

/* The result `name` against a file of the folder; `first`: rows before the first step. */
static void check_result(model *m, const char *name, size_t first, const char *file)
{
    array want = golden(file);

    assert_rows(file, model_get(m, name), first, want);
    free(want.data);
}

static void check_run(const char *prefix, const char *defines)
{
    model *m = model_file("models/microcircuit.net", defines);
    char file[100];

    snprintf(file, sizeof file, "%sper_presentation", prefix);
    check_result(m, "per_presentation", 0, file);
    snprintf(file, sizeof file, "%sseries", prefix);
    check_result(m, "series", 1, file);
    model_free(m);
}

/* The first 60 steps, one by one. */
static void check_steps(const char *prefix, const char *defines)
{
    model *m = model_file("models/microcircuit.net", defines);
    char file[100];

    snprintf(file, sizeof file, "%ssteps", prefix);
    check_result(m, "series", 1, file);
    model_free(m);
}

static void early(void **state)
{
    (void)state;
    check_run("microcircuit_notebook/early_",
              GIVEN NOTEBOOK "rule=early presentations=10 steps_per_presentation=10000 series_steps=100");
    check_steps("microcircuit_notebook/early_",
                GIVEN NOTEBOOK "rule=early presentations=1 steps_per_presentation=60 series_steps=1");
}

static void late(void **state)
{
    (void)state;
    check_run("microcircuit_notebook/late_",
              GIVEN NOTEBOOK "presentations=10 steps_per_presentation=10000 series_steps=100");
    check_steps("microcircuit_notebook/late_",
                GIVEN NOTEBOOK "presentations=1 steps_per_presentation=60 series_steps=1");
}

static void self_predicting(void **state)
{
    (void)state;
    check_run("microcircuit_base/", BASE "presentations=100 steps_per_presentation=100 series_steps=20");
    check_steps("microcircuit_base/", BASE "presentations=1 steps_per_presentation=60 series_steps=1");
}

/* Layers of several neurons; two hidden ones take turns. */
static void phases(void **state)
{
    (void)state;
    check_run("microcircuit_phases/",
              "data=../tests/golden-data/microcircuit_phases layers=[3,4,4,2] presentations=5 "
              "steps_per_presentation=1250 phase_steps=625 eta_PI=1000");
}

static void align(void **state)
{
    (void)state;
    check_run("microcircuit_align/",
              "data=../tests/golden-data/microcircuit_align presentations=20 series_steps=200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early),  cmocka_unit_test(late),  cmocka_unit_test(self_predicting),
        cmocka_unit_test(phases), cmocka_unit_test(align),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
