/* What must not change a single bit: the instruction set, cutting a run into pieces, recorders, other populations. */
#include "support/model.h"

/* Functions of every kind, draws, a random network, delays on and off the grid, a reduction: on an awkward number of
 * units. */
#define HEAD "simulation { dt = 0.1; method = rk4; seed = 17 }\n"
#define NETWORK                                                                                                        \
    "population X[1003] {\n"                                                                                           \
    "  param a = normal(0.3, 0.1)\n"                                                                                   \
    "  input rec\n"                                                                                                    \
    "  state x = uniform(-1, 1), m = 0\n"                                                                              \
    "  let f = tanh(x) + 0.1*sin(3*x + t) + exp(-x^2) * logistic(x) + abs(x)^1.5 / (1 + log(2 + x^2))\n"               \
    "  x' = -x + rec + a * f - 0.2 * delay(x, 0.7) - 0.1 * delay(x, 1.234) + 0.01 * mean(x)\n"                         \
    "}\n"                                                                                                              \
    "projection X -> X via random(p = 0.02) { param w = normal(0, 0.1); post.rec += w * tanh(pre.x) }\n"               \
    "projection X -> X via offsets([-1, 1, 7], boundary = \"wrap\") { post.rec += 0.1 * pre.x }\n"                     \
    "population Y[31] { state y = uniform(0, 1); next y = 3.9*y*(1 - y) + 1e-3 * uniform(0, 1) }\n"
#define TAIL "let x = X.x, y = Y.y\n"

static const char one_run[] = HEAD NETWORK "run 4\n" TAIL;

typedef struct result {
    array x, y;
    model *m;
} result;

static result run(const char *text, const char *defines)
{
    result r = { .m = model_of(text, defines) };

    r.x = model_get(r.m, "x");
    r.y = model_get(r.m, "y");
    return r;
}

static void assert_same(const char *text, const char *what)
{
    result a = run(one_run, ""), b = run(text, "");

    assert_int_equal(a.x.rows, 1003);
    if (memcmp(a.x.data, b.x.data, 1003 * sizeof(double)) != 0)
        fail_msg("%s: X.x differs by %.3g", what, distance(a.x, b.x));
    if (memcmp(a.y.data, b.y.data, 31 * sizeof(double)) != 0)
        fail_msg("%s: Y.y differs by %.3g", what, distance(a.y, b.y));
    model_free(a.m);
    model_free(b.m);
}

static void cut_in_pieces(void **state)
{
    (void)state;
    assert_same(HEAD NETWORK "run 1\nrun 2.5\nrun 0\nrun 0.5\n" TAIL, "in pieces");
    assert_same(HEAD NETWORK "for k in 0 .. 40 { run 0.1 }\n" TAIL, "step by step");
    assert_same(HEAD NETWORK "run 3.3\nreset\nrun 4\n" TAIL, "after a reset");
    assert_same(HEAD NETWORK "run 2\nsnapshot here\nrun 1\nrestore here\nrun 2\n" TAIL, "after a snapshot");
}

static void with_recorders(void **state)
{
    (void)state;
    assert_same(HEAD NETWORK "record r = X.x every 0.3\nrecord s = sum(X.f) + prev(mean(Y.y))\nrun 4\n" TAIL,
                "with recorders");
    assert_same(HEAD NETWORK "run 1\nrecord r = X.x - X.rec\nrun 3\n" TAIL, "with a late recorder");
}

static void beside_others(void **state)
{
    (void)state;
    assert_same(HEAD
                "population Z[77] { param p = uniform(0, 1); input s; state z = normal(0, 1); z' = -p*z + s }\n" NETWORK
                "projection X -> Z via random(p = 0.1) { param w = uniform(0, 1); post.s += w * pre.x }\n"
                "param unused = normal(0, 1)\n"
                "run 4\n" TAIL,
                "beside another population");
}

/* The seed is what the draws depend on. */
/* The same network with its populations and synapses taken from templates, one drawn parameter given from outside. */
#define TEMPLATES                                                                                                      \
    "neuron unit(a, slow : name, late = 0.7) {\n"                                                                      \
    "  input rec\n"                                                                                                    \
    "  state x = uniform(-1, 1)\n"                                                                                     \
    "  let f = tanh(x) + 0.1*sin(3*x + t) + exp(-x^2) * logistic(x) + abs(x)^1.5 / (1 + log(2 + x^2))\n"               \
    "  x' = -x + rec + a * f - 0.2 * delay(x, late) - 0.1 * delay(x, slow) + 0.01 * mean(x)\n"                         \
    "}\n"                                                                                                              \
    "neuron chaos(r, noise) { state y = uniform(0, 1); next y = r*y*(1 - y) + noise * uniform(0, 1) }\n"               \
    "synapse link(to : name, w, of) { post.to += w * of }\n"                                                           \
    "connector net(p) = random(p = p)\n"                                                                               \
    "connector ring(where) = offsets(where, boundary = \"wrap\")\n"                                                    \
    "population X[1003] using unit(a = normal(0.3, 0.1), slow = long) { let long = 1.234 }\n"                          \
    "projection X -> X via net(0.02) using link(rec, normal(0, 0.1), of = tanh(pre.x))\n"                              \
    "projection X -> X via ring([-1, 1, 7]) using link(rec, w = 0.1, of = pre.x)\n"                                    \
    "population Y[31] using chaos(3.9, noise = 1e-3)\n"

static void from_templates(void **state)
{
    (void)state;
    assert_same(HEAD TEMPLATES "run 4\n" TAIL, "from templates");
}

static void the_seed_matters(void **state)
{
    result a = run(one_run, ""), b = run(one_run, "seed=18"), c = run(one_run, "seed=17");

    (void)state;
    assert_true(distance(a.x, b.x) > 0.1);
    assert_true(distance(a.y, b.y) > 0.01);
    assert_memory_equal(a.x.data, c.x.data, 1003 * sizeof(double));
    model_free(a.m);
    model_free(b.m);
    model_free(c.m);
}

/* What this processor lacks falls back to what it has, so that the test is weak there, not wrong. */
static void instruction_sets(void **state)
{
    static const char *const sets[] = { "baseline", "avx2", "avx512" };
    array x[3], y[3];

    (void)state;
    for (int k = 0; k < 3; k++) {
        setenv("NETLANG_ISA", sets[k], 1);
        const result r = run(one_run, "");
        x[k] = (array){ 1003, 1, memcpy(malloc(1003 * sizeof(double)), r.x.data, 1003 * sizeof(double)) };
        y[k] = (array){ 31, 1, memcpy(malloc(31 * sizeof(double)), r.y.data, 31 * sizeof(double)) };
        model_free(r.m);
    }
    unsetenv("NETLANG_ISA");
    for (int k = 1; k < 3; k++) {
        if (memcmp(x[0].data, x[k].data, 1003 * sizeof(double)) != 0)
            fail_msg("%s: X.x differs by %.3g", sets[k], distance(x[0], x[k]));
        assert_memory_equal(y[0].data, y[k].data, 31 * sizeof(double));
    }
    for (int k = 0; k < 3; k++) {
        free(x[k].data);
        free(y[k].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_in_pieces),    cmocka_unit_test(with_recorders),   cmocka_unit_test(beside_others),
        cmocka_unit_test(from_templates), cmocka_unit_test(the_seed_matters), cmocka_unit_test(instruction_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
