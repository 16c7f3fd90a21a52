/* Synapses stored by pre neuron: the same model with the same numbers, draws and results as stored by post neuron. */
#include "support/model.h"

#include "run/run_impl.h"

#define HEAD                                                                                                           \
    "simulation { dt = 0.1; method = rk4; seed = 17 }\n"                                                               \
    "population X[61] { param a = normal(1, 0.1)\n input rec, back\n state x = uniform(-1, 1)\n"                       \
    "  x' = -a * x + rec + 0.1 * tanh(back) }\n"                                                                       \
    "population Y[23] { input rec\n state y = uniform(-1, 1)\n y' = -y + tanh(rec) }\n"                                \
    "projection XX : X -> X via offsets([-1, 1], boundary = \"zero\") { post.rec += 0.1 * pre.x }\n"
#define TAIL                                                                                                           \
    "record sum_x = sum(X.x)\nrun 3\n"                                                                                 \
    "let x = X.x, y = Y.y, w = P.w, m = matrix(P.w), ins = indegree(P), outs = outdegree(P)\n"

static model *run_stored(const char *text, bool by_pre, bool by_post)
{
    model *m = model_load_named("test.net", text, strlen(text), "");
    nl_model *checked = m->session->check.model;

    for (size_t p = 0; p < checked->projections.count; p++) {
        checked->projections.items[p].by_pre = by_pre;
        checked->projections.items[p].by_post = by_post;
    }
    return model_run(m);
}

/* What is told of synapses is the same to the bit; sums are added in another order. */
static void compare(model *a, model *b, const char *const *names, double room)
{
    for (; *names != NULL; names++) {
        const double far = distance(model_get(a, *names), model_get(b, *names));

        if (!(far <= room)) fail_msg("%s is %.3g apart", *names, far);
    }
}

static void check_stored(const char *text, const char *const *more)
{
    static const char *const exact[] = { "w", "m", "ins", "outs", NULL }, *const close[] = { "x", "y", "sum_x", NULL };
    model *by_post = run_stored(text, false, false);

    for (int incoming = 0; incoming < 2; incoming++) {
        model *by_pre = run_stored(text, true, incoming);

        compare(by_pre, by_post, exact, 0);
        compare(by_pre, by_post, close, 1e-12);
        compare(by_pre, by_post, more, 0);
        model_free(by_pre);
    }
    model_free(by_post);
}

static const char *const none[] = { NULL };

/* Rules of all kinds, drawn parameters, coupling in both directions. */
static void rules_give_the_same(void **unused)
{
    static const char *const rules[] = {
        "X -> Y via all_to_all", "X -> Y via random(p = 0.3)", "X -> Y via random(p = 0.01 * (post.i + 1))",
        "X -> Y via where((pre.i + post.i) mod 3 == 0)", "X -> Y via fixed_indegree(7)",
        "X -> Y via fixed_outdegree(5)", "X -> Y via fixed_indegree(40, multapses = true)",
        "X -> Y via fixed_total(400)", "X[3:26] -> Y via one_to_one", "X[7:50] -> Y[2:9] via random(p = 0.4)"
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(rules); k++) {
        char text[2000];

        snprintf(text, sizeof text, "%sprojection P : %s {\n param w = normal(0, 0.2)\n post.rec += w * pre.x\n"
                 "pre.back += w * post.y }\n%s", HEAD, rules[k], TAIL);
        check_stored(text, none);
    }
}

static void given_weights_go_along(void **unused)
{
    (void)unused;
    check_stored(HEAD "projection P : X -> Y via pairs(pre_ids = [4, 60, 3, 4, 0], post_ids = [1, 0, 1, 1, 22], "
                      "w = [1.5, -2.385, 0.25, 3, 4]) { post.rec += w * pre.x }\n" TAIL, none);
    check_stored(HEAD "projection P : X -> Y via pairs(pre_ids = [4, 60, 3, 4, 0], post_ids = [1, 1, 2, 3, 22], "
                      "w = [1.5, -2.385, 0.25, 3, 4]) { post.rec += w * pre.x }\n" TAIL, none);
    check_stored(HEAD "let W = normal(0, 0.3, size = [23, 61]) * bernoulli(0.4, size = [23, 61])\n"
                      "projection P : X -> Y via weights(W) { post.rec += w * pre.x; pre.back += w * post.y }\n" TAIL,
                 none);
    check_stored(HEAD "let W = normal(0, 0.3, size = [61, 61])\n"
                      "projection P : X -> X via weights(W) no self { post.rec += w * pre.x }\n" TAIL, none);
    check_stored(HEAD "let U = normal(0, 0.1, size = [23, 2]), V = normal(0, 1, size = [61, 2])\n"
                      "projection P : X -> Y via low_rank(U, V) "
                      "{ post.rec += w * pre.x; pre.back += w * post.y }\n" TAIL, none);
    check_stored(HEAD "projection P : X -> X via kernel([0.1, 0.5, 0.2], boundary = \"zero\") "
                      "{ post.rec += w * pre.x }\n" TAIL, none);
}

static void what_is_left_out_is_the_same(void **unused)
{
    (void)unused;
    check_stored(HEAD "projection Q : X -> X via random(p = 0.3) no self { post.rec += 0.1 * pre.x }\n"
                      "projection P : X -> X via all_to_all no self excluding Q\n"
                      "{ param w = uniform(0, 0.01); post.rec += w * pre.x }\n" TAIL, none);
}

/* Indices, draws, previous values; `set`, and series sampled inside and outside of steps. */
static void synapses_keep_their_numbers(void **unused)
{
    static const char *const names[] = { "c", "q", "series", "picked", "some", "times", "ends", NULL };

    (void)unused;
    check_stored(HEAD "projection P : X -> Y via random(p = 0.3) {\n"
                      "  param w = normal(0, 0.2), c = gamma(2 + i / 100, 0.5) + i\n let q = c * pre.a * (i mod 7)\n"
                      "  post.rec += w * tanh(pre.x * (1 + 0.01 * i)) + 1e-3 * q + 0.1 * prev(w) * pre.x\n}\n"
                      "record series = P.q * t every 0.5\nrecord some = P.q[5] every 0.3\n"
                      "record times = P.q at [0.2, 1]\n"
                      "set P.w[3] = 0.125\nset P.w[10:20] = 0.25\nlet ends = max(P.c * P.w)\n" TAIL
                      "let c = P.c, q = P.q, picked = P.w[17]\n", names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_give_the_same),
        cmocka_unit_test(given_weights_go_along),
        cmocka_unit_test(what_is_left_out_is_the_same),
        cmocka_unit_test(synapses_keep_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
