/* Synapses of every pair are run as a matrix; the same pairs, given one by one, have the same states bit for bit. */
#include "support/model.h"

static const char network[] =
    "param n = 5, m = 4\n"
    "simulation { dt = 0.1 }\n"
    "population A[n] { state x = sin(1.3*i + 0.2), a = 0.1; next x = 0.9*x + 0.1*cos(i + step); next a = 0.3*a + x }\n"
    "population B[m] { state y = cos(0.7*i); next y = 0.8*y + 0.05*sin(i) }\n"
    "synapse plastic {\n"
    "  state w = sin(i), v = pre.i - 2*post.i\n"
    "  next w = w + 0.1 * (post.y - 0.3*post.y^2) * pre.x - 0.01 * w * (pre.a + pre.x)\n"
    "  next v = 0.3 * v * post.y + prev(w) - exp(-abs(pre.x * post.y))\n"
    "}\n"
    "projection D : A[1:] -> B[:m-1] via all_to_all using plastic\n"
    "projection S : A[1:] -> B[:m-1] via where(pre.i >= 0) using plastic\n"
    "run 3\n"
    "let Dw = D.w, Dv = D.v, Sw = S.w, Sv = S.v\n";

/* Rows far shorter than a chunk of the machine, of its length, and longer. */
static void rows_of_any_length(void **state)
{
    static const char *const sizes[] = {
        "n=2 m=2",   "n=2 m=900", "n=4",          "n=51 m=201",   "n=257 m=7",
        "n=258 m=7", "n=513 m=6", "n=514 m=6", "n=1300 m=5",
    };

    (void)state;
    for (size_t k = 0; k < NL_LEN(sizes); k++) {
        model *m = model_of(network, sizes[k]);

        assert_near(model_get(m, "Dw"), model_get(m, "Sw"), 0);
        assert_near(model_get(m, "Dv"), model_get(m, "Sv"), 0);
        model_free(m);
    }
}

/* Weights that a step reads before and after it moves them. */
static void both_directions(void **state)
{
    static const char text[] =
        "simulation { dt = 0.1 }\n"
        "population A[3] { input back; state a = i - 0.7; next a = 0.9*a + 0.1*back }\n"
        "population B[2] { input drive; state b = 0.2; let r = tanh(b + drive); next b = 0.5*r }\n"
        "projection F : A -> B via all_to_all {\n"
        "  state w = 0.3*pre.i - 0.2*post.i\n"
        "  post.drive += w * pre.a\n"
        "  pre.back   += prev(w) * post.r\n"
        "  next w = w + 0.1 * post.r * pre.a\n"
        "}\n"
        "let W0 = [[0, 0.3, 0.6], [-0.2, 0.1, 0.4]], a0 = [-0.7, 0.3, 1.3]\n"
        "let r0 = tanh(0.2 + W0 @ a0), a1 = 0.9*a0 + 0.1*(transpose(W0) @ r0), b1 = 0.5*r0\n"
        "let W1 = W0 + 0.1 * reshape(r0, [2, 1]) * a0\n"
        "let r1 = tanh(b1 + W1 @ a1), a2 = 0.9*a1 + 0.1*(transpose(W0) @ r1)\n"
        "run 0.1\n"
        "expect matrix(F.w) within 1e-15 of W1 and A.a within 1e-15 of a1\n"
        "run 0.1\n"
        "expect A.a within 1e-15 of a2 and matrix(F.w) within 1e-15 of W1 + 0.1 * reshape(r1, [2, 1]) * a1\n";

    (void)state;
    model_free(model_of(text, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_any_length),
        cmocka_unit_test(both_directions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
