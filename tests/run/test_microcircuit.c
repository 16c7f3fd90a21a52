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

/* --- teacher and student --- */

typedef struct lesson {
    const char *folder, *student, *more;
} lesson;

static const lesson lessons[] = {
    { "microcircuit_teacher_fa", "FA", "layers=[1,1,1] eta_fw=[200,50] eta_PI=0" },
    { "microcircuit_teacher_bp_fa", "FA", "" },
    { "microcircuit_teacher_bp_fa", "BP", "" },
};

/* What nobody reads is not kept. */
static const char reader[] = "let last = series[-1], first = [cosine(0)[0], cosine(1)[0]]";

static model *lesson_run(const lesson *l, const char *more)
{
    char defines[300];

    snprintf(defines, sizeof defines, "data=../tests/golden-data/%s student=%s %s %s", l->folder, l->student, l->more,
             more);
    return model_file_with("models/microcircuit_teacher.net", "print", reader, defines);
}

static array lesson_golden(const lesson *l, const char *name)
{
    char path[150];

    snprintf(path, sizeof path, "%s/%s_%s", l->folder, l->student, name);
    return golden(path);
}

/* Column `column` of the reference against a result with one. */
static void check_column(const lesson *l, model *m, const char *result, const char *name, size_t column)
{
    array want = lesson_golden(l, name);

    assert_true(column < want.columns);
    for (size_t k = 0; k < want.rows; k++) want.data[k] = want.data[k * want.columns + column];
    want.columns = 1;
    assert_rows(result, model_get(m, result), 0, want);
    free(want.data);
}

static void check_states(const lesson *l, model *m, const char *name)
{
    array want = lesson_golden(l, name), got = model_get(m, "series");

    if (got.rows > want.rows && strcmp(name, "steps") == 0) got.rows = want.rows;
    assert_rows(name, got, 0, want);
    free(want.data);
}

static void check_target(const lesson *l, model *m)
{
    char path[150];

    snprintf(path, sizeof path, "%s/target", l->folder);
    check_result(m, "u_tgt", 0, path);
}

static void students_learn(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(lessons); k++) {
        const lesson *l = &lessons[k];
        model *m = lesson_run(l, k == 0 ? "epochs=50 series_from=1100" : "series_from=1100");

        check_target(l, m);
        check_states(l, m, "series");
        check_column(l, m, "cosine(0)", "cosines", 0);
        check_column(l, m, "cosine(1)", "cosines", 1);
        check_column(l, m, "mse", "mse", 0);
        check_column(l, m, "loss", "mse", 1);
        model_free(m);
    }
}

/* Without the target, then with it: as the student begins, one step after the other. */
static void students_begin(void **state)
{
    (void)state;
    for (size_t k = 0; k < NL_LEN(lessons); k++) {
        model *m = lesson_run(&lessons[k], "epochs=2 series_from=1 series_steps=1");

        check_states(&lessons[k], m, "steps");
        model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early),  cmocka_unit_test(late),  cmocka_unit_test(self_predicting),
        cmocka_unit_test(phases), cmocka_unit_test(align), cmocka_unit_test(students_learn),
        cmocka_unit_test(students_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
