/* Synapses whose states move only while their pre neuron is active: what else a model asks of them changes nothing. */
#include "support/model.h"

#define NETWORK                                                                                                        \
    "simulation { dt = 0.1; method = euler; seed = 5 }\n"                                                              \
    "population E[37] { input r; let s = (step + 3*i) mod 19 < 4; let h = 2.1 * (i mod 3) - 1.3\n"                     \
    "  state v = 0; v' = r - v }\n"                                                                                    \
    "projection EE : E -> E via random(0.4) no self {\n"                                                               \
    "  state J = 1, l = bernoulli(0.3)\n"                                                                              \
    "  l' = -0.1 * (l <= 0.30371) + 0.1 * (l >= 0.30371) + post.h * pre.s\n"                                                   \
    "  when l crosses above 0.30371 { J = 2 }\n"                                                                           \
    "  when l crosses below 0.30371 { J = 1 }\n"                                                                           \
    "  post.r += J * pre.s\n"                                                                                          \
    "}\n"
#define TAIL "record total = sum(EE.J)\nrun 8.3\nlet J = EE.J, l = EE.l, v = E.v\n"

static const char plain[] = NETWORK TAIL;

static bool has_gate(model *m)
{
    return strstr(nl_session_explain(m->session), "EE.l: stepped for synapses whose pre neuron is active") != NULL;
}

static void compare(model *a, model *b)
{
    static const char *const exact[] = { "J", "total" }, *const close[] = { "l", "v" };

    for (size_t k = 0; k < 2; k++) {
        assert_near(model_get(b, exact[k]), model_get(a, exact[k]), 0);
        assert_near(model_get(b, close[k]), model_get(a, close[k]), 1e-12);
    }
}

static void looking_changes_nothing(void **state)
{
    static const char *const more[] = {
        "record up = sum(EE.J > prev(EE.J))",
        "record before = prev(sum(EE.J))", "record late = sum(delay(EE.J, 0.3))", "record w = window_mean(EE.J, 0.2)",
        "record w = window_mean(sum(EE.J), 0.2)", "record l_mean = mean(EE.l)",
        "population Q { state u = 0; next u = sum(EE.J) }", "population Q { state u = 0; u' = sum(EE.J * EE.l) }",
        "population Q { state u = 0; every step { u = mean(EE.J) } }",
        "population Q { state u = 0; every 0.7 { u = mean(EE.l) } }",
        "population Q { state u = 0; event e when sum(EE.J) > 700 { u += 1 } }",
    };
    model *m = model_of(plain, "");

    (void)state;
    assert_true(has_gate(m));
    for (size_t k = 0; k < NL_LEN(more); k++) {
        char text[2000];

        snprintf(text, sizeof text, "%s%s\n%s", NETWORK, more[k], TAIL);
        model *other = model_of(text, "");
        compare(m, other);
        model_free(other);
    }
    model_free(m);
}

/* Each population sees the sum over all synapses, as a recorder does. */
static void sums_are_over_all(void **state)
{
    static const char text[] =
        NETWORK "population Q { state u = 0, b = 0, w = 0; next u = sum(EE.J); every step { b = sum(EE.J) } }\n"
                "record u = Q.u\nrecord b = Q.b\nrecord before = prev(sum(EE.J))\n" TAIL
                "let u_end = u[-1], b_end = b[-1], p_end = before[-1], t_end = total[-2:]\n";
    model *m = model_of(text, "");
    const array total = model_get(m, "total"), u = model_get(m, "u"), b = model_get(m, "b");
    const array before = model_get(m, "before");

    (void)state;
    for (size_t k = 1; k < total.rows; k++) {
        assert_exact(u.data[k], total.data[k - 1]);
        assert_exact(before.data[k], total.data[k - 1]);
        assert_true(b.data[k] == total.data[k] || b.data[k] == total.data[k - 1]);
    }
    assert_true(total.data[0] != total.data[total.rows - 1]);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(sums_are_over_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
