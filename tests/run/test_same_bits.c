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

/* Spikes with delays of each kind, refractoriness, plasticity that rests between events, gated latent states, noise. */
#define SPIKING_HEAD "simulation { dt = 0.1; method = euler; seed = 23 }\n"
#define SPIKING SPIKING_HEAD SPIKING_NETWORK
#define SPIKING_NETWORK                                                                                                \
    "population X[1003] {\n  param T = 0.1 * (i mod 9)\n  input s\n  state x = uniform(0, 1), w = 0, h = 0\n"           \
    "  state g = 0 decays 0.8\n  1.9 * x' = 1.7 - x + g - w + s - 0.1 * delay(x, 0.33) + 0.05*xi\n"                    \
    "  3 * w' = 0.1*x - w; h' = x - h\n  spike when x > 1 { x = 0.2; w += 0.1*x + 0.01 * uniform(0, 1) }\n"            \
    "  refractory T holding x\n  event low when w crosses below 0.1 { w += 0.003 } }\n"                                \
    "population Y[31] { state y = 0, w = 0; y' = 0.8 - y; w' = -w; refractory while w > 0.4 holding y\n"               \
    "  spike when y > 0.5 select max(y + 0.01*i) { w += 1; y = 0 } }\n"                                                \
    "projection X -> X via random(p = 0.02) { delay uniform(0.1, 2); param w = normal(0.02, 0.01); on pre { post.g += w } }\n" \
    "projection P : X -> Y via random(p = 0.2) {\n  state a = 0.4 in [0, 1], x = 0, y = 0; x' = -x / 2; y' = -y / 3\n" \
    "  delay 1.3; dendritic_delay 0.2\n  on pre { post.y += 0.01*a; x += 0.1; a -= 0.3*y }\n"                          \
    "  on post { y += 0.1*pre.x; a += 0.2*x } }\n"                                                                     \
    "projection Q : X -> X via random(p = 0.02) no self {\n  state l = uniform(0, 1) in [0, 1], J = 0.01\n"            \
    "  l' = -0.1 * (l <= 0.4) + 0.05 * (l >= 0.4) + 40 * (post.h - 0.5) * pre.spiked\n"                                 \
    "  when l crosses above 0.4 { J = 0.3 } when l crosses below 0.4 { J = 0.01 }\n  post.s += J * pre.x * pre.spiked }\n" \
    "projection Y -> X via all_to_all { state c = i / 1e7 decays 2; delay 0.1 * pre.i; on pre { c += 0.1*c; post.g -= c } }\n"
#define SPIKING_TAIL "let x = X.x, y = Y.y + mean(P.a) + mean(Q.J) + mean(Q.l) + mean(P.y)\n"

static const char spiking_run[] = SPIKING "run 9\n" SPIKING_TAIL;

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

static void assert_same_as(const char *base, const char *text, const char *what)
{
    result a = run(base, ""), b = run(text, "");

    assert_int_equal(a.x.rows, 1003);
    if (memcmp(a.x.data, b.x.data, 1003 * sizeof(double)) != 0)
        fail_msg("%s: X.x differs by %.3g", what, distance(a.x, b.x));
    if (memcmp(a.y.data, b.y.data, 31 * sizeof(double)) != 0)
        fail_msg("%s: Y.y differs by %.3g", what, distance(a.y, b.y));
    model_free(a.m);
    model_free(b.m);
}

static void assert_same(const char *text, const char *what) { assert_same_as(one_run, text, what); }

static void assert_same_spikes(const char *text, const char *what) { assert_same_as(spiking_run, text, what); }

static void spiking(void **state)
{
    (void)state;
    model_free(model_of(SPIKING "record X.spikes\nrun 9\n"
                                "expect 0.02 < mean(Q.J) < 0.29 and mean(count(X.spikes)) > 2\n", ""));
    assert_same_spikes(SPIKING "run 1.2\nrun 2.8\nrun 0\nrun 5\n" SPIKING_TAIL, "in pieces");
    assert_same_spikes(SPIKING "for k in 0 .. 90 { run 0.1 }\n" SPIKING_TAIL, "step by step");
    assert_same_spikes(SPIKING "run 3.3\nreset\nrun 9\n" SPIKING_TAIL, "after a reset");
    assert_same_spikes(SPIKING "run 4\nsnapshot here\nrun 1\nrestore here\nrun 5\n" SPIKING_TAIL, "after a snapshot");
    assert_same_spikes(SPIKING "record X.spikes\nrecord Y.spikes\nrecord v = X.x at X.low\nrecord a = P.a every 0.7\n"
                               "record l = Q.l[0:50]\nrecord m = mean(Q.J) + mean(P.x)\n"
                               "run 9\n" SPIKING_TAIL, "with recorders");
    assert_same_spikes(SPIKING "run 4.5\nlet here = Q.l\nlet there = P.y\nrun 4.5\n" SPIKING_TAIL, "looked at");
    assert_same_spikes(SPIKING "run 4.5\nset Q.l = Q.l\nset X.w = X.w\nrun 4.5\n" SPIKING_TAIL, "set to what it is");
    assert_same_spikes(SPIKING_HEAD "population Z[7] { state z = 0; z' = xi; spike when z > 1 { z = 0 } }\n"
                       "projection Z -> Z via all_to_all { state k = 0; k' = xi - k; on pre { post.z += 0.1*k } }\n"
                       SPIKING_NETWORK "run 9\n" SPIKING_TAIL, "beside another population");
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
static void assert_same_everywhere(const char *text)
{
    static const char *const sets[] = { "baseline", "avx2", "avx512" };
    result r[3];

    for (int k = 0; k < 3; k++) {
        setenv("NETLANG_ISA", sets[k], 1);
        r[k] = run(text, "");
    }
    unsetenv("NETLANG_ISA");
    for (int k = 1; k < 3; k++) {
        if (memcmp(r[0].x.data, r[k].x.data, 1003 * sizeof(double)) != 0)
            fail_msg("%s: X.x differs by %.3g", sets[k], distance(r[0].x, r[k].x));
        assert_memory_equal(r[0].y.data, r[k].y.data, 31 * sizeof(double));
    }
    for (int k = 0; k < 3; k++) model_free(r[k].m);
}

static void instruction_sets(void **state)
{
    (void)state;
    assert_same_everywhere(one_run);
    assert_same_everywhere(spiking_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_in_pieces),    cmocka_unit_test(with_recorders),   cmocka_unit_test(beside_others),
        cmocka_unit_test(from_templates), cmocka_unit_test(the_seed_matters), cmocka_unit_test(instruction_sets),
        cmocka_unit_test(spiking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
