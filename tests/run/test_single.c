/* Single precision: what synapses keep is rounded once when it is stored, and everything is computed in doubles. */
#include "support/model.h"

#define NETWORK(precision, weight, length)                                                                             \
    "simulation { dt = 0.1; method = exact; seed = 7; precision = \"" precision "\" }\n"                               \
    "population A[61] { spike when bernoulli(0.05) }\n"                                                                \
    "population B[" length "] { state g = 0 decays 2; state n = 0 }\n"                                                 \
    "projection S : A -> B via random(0.7) {\n"                                                                        \
    "  param w = " weight ", z = 3*i\n"                                                                                \
    "  state u = 1 decays 3\n"                                                                                         \
    "  on pre { post.g += w * (1 + pre.i); post.n += u * z; u += 0.25 }\n"                                             \
    "}\n"                                                                                                              \
    "run 7\nlet w = S.w, z = S.z, g = B.g, n = B.n\n"                                                                  \
    "set S.w = 2 * S.w\nlet twice = S.w\nsnapshot here\nrun 1\nlet g1 = B.g\nrestore here\nrun 1\nlet g2 = B.g\n"

static void compare(const char *exact_text, const char *single_text, double room)
{
    model *wide = model_of(exact_text, ""), *narrow = model_of(single_text, "");
    const array w = model_get(wide, "w"), stored = model_get(narrow, "w"), twice = model_get(narrow, "twice");

    for (size_t k = 0; k < w.rows; k++) {
        assert_true(stored.data[k] == (double)(float)w.data[k]);
        assert_true(twice.data[k] == 2 * stored.data[k]);
    }
    assert_near(model_get(narrow, "z"), model_get(wide, "z"), 0);
    assert_near(model_get(narrow, "n"), model_get(wide, "n"), 0);
    assert_near(model_get(narrow, "g"), model_get(wide, "g"), room);
    assert_near(model_get(narrow, "g1"), model_get(narrow, "g2"), 0);
    model_free(wide);
    model_free(narrow);
}

static void weights_are_rounded_once(void **state)
{
    (void)state;
    compare(NETWORK("double", "uniform(0, 1)", "83"), NETWORK("single", "uniform(0, 1)", "83"), 1e-4);
    compare(NETWORK("double", "uniform(0, 1)", "7"), NETWORK("single", "uniform(0, 1)", "7"), 1e-4);
}

static void what_fits_is_exact(void **state)
{
    (void)state;
    compare(NETWORK("double", "0.125 * (i mod 17)", "300"), NETWORK("single", "0.125 * (i mod 17)", "300"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(weights_are_rounded_once),
                                        cmocka_unit_test(what_fits_is_exact) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
