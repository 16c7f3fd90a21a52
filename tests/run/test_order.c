/* Orders of the methods of integration on equations with closed solutions. */
#include "support/order.h"

/* Two nonlinear equations, one of which sees the time, so that the times of stages matter; the third is coupled to
 * both. */
static const char smooth[] =
    "simulation { dt = 0.1; method = rk4; rtol = 1e-6; atol = 1e-6 }\n"
    "population X[3] {\n"
    "  state y = 1, u = 1, w = 1.7\n"
    "  y' = -y^3 / 2\n"
    "  u' = u * cos(t)\n"
    "  w' = w * y^2\n"
    "}\n"
    "run 2.4\n"
    "let T = 2.4\n"
    "let error = max(abs(concat(X.y - 1/sqrt(1 + T), X.u - exp(sin(T)), X.w - 1.7*(1 + T))))\n";

/* Linear in its own variable, with a coefficient that moves. */
static const char in_own_variable[] = "simulation { dt = 0.1; method = exponential_euler }\n"
                                      "state u = 1\n"
                                      "u' = u * cos(t) - 0.3 * (u - exp(sin(t)))\n"
                                      "run 2.4\n"
                                      "let error = u - exp(sin(2.4))\n";

static void runge_kutta(void **state)
{
    static const struct {
        const char *defines;
        double order, dt;
    } methods[] = {
        { "method=euler", 1, 0.05 },
        { "method=midpoint", 2, 0.05 },
        { "method=heun", 2, 0.05 },
        { "method=rk4", 4, 0.1 },
    };

    (void)state;
    for (size_t k = 0; k < 4; k++)
        assert_order(smooth, methods[k].defines, methods[k].dt, methods[k].order - 0.15, methods[k].order + 0.25);
}

/* A method of the file: Kutta's third order. */
static void a_method_of_the_file(void **state)
{
    char text[1000];

    (void)state;
    snprintf(text, sizeof text, "method kutta3 { c = [0, 1/2, 1]; a = [[], [1/2], [-1, 2]]; b = [1/6, 2/3, 1/6] }\n%s",
             smooth);
    assert_order(text, "method=kutta3", 0.1, 2.85, 3.25);
}

/* The error of an adaptive method follows its tolerance, whatever dt is. */
static void adaptive(void **state)
{
    double before = INFINITY;

    (void)state;
    for (int digits = 3; digits <= 11; digits += 2) {
        char defines[100];

        snprintf(defines, sizeof defines, "method=dopri5 rtol=1e-%d atol=1e-%d", digits, digits);
        const double error = error_with(smooth, defines, 0.1), coarse = error_with(smooth, defines, 0.8);
        if (!(fmax(error, coarse) < 30 * pow(10, -digits)))
            fail_msg("%s: errors %.3g and %.3g", defines, error, coarse);
        if (!(error <= before)) fail_msg("%s: error %.3g after %.3g", defines, error, before);
        before = error;
    }
}

static void exponential_euler(void **state)
{
    static const char linear[] = "simulation { dt = 0.37; method = exponential_euler }\n"
                                 "population X[5] { state x = 0.1*i; 2.385 * x' = 3 - x }\n"
                                 "run 3.7\n"
                                 "let error = max(abs(X.x - (3 + (0.1*arange(5) - 3) * exp(-3.7/2.385))))\n";

    (void)state;
    assert_order(in_own_variable, "method=exponential_euler", 0.05, 0.9, 1.1);
    assert_true(error_with(linear, "method=exponential_euler", 0.37) < 1e-14);
    assert_true(error_with(linear, "method=exact", 0.37) < 1e-14);
}

/* exact: to rounding for any step; a rotation with decay, driven by a constant, and a chain of three. */
static void exact(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = exact }\n"
                               "population X[4] {\n"
                               "  state p = 1, q = 0, a = 1, b = 0, c = 0\n"
                               "  p' = -0.2*p - 3*q\n"
                               "  q' = 3*p - 0.2*q\n"
                               "  a' = -a\n"
                               "  b' = a - b\n"
                               "  c' = b - c + 0.5\n"
                               "}\n"
                               "run 4\n"
                               "let D = exp(-0.2*4), E = exp(-4)\n"
                               "let error = max(abs(concat(X.p - D*cos(12), X.q - D*sin(12), X.a - E, X.b - 4*E, X.c - "
                               "(8*E + 0.5*(1 - E)))))\n";

    (void)state;
    assert_true(error_with(text, "method=exact", 0.1) < 2e-14);
    assert_true(error_with(text, "method=exact", 2) < 2e-14);
}

/* The stiff equation of Prothero and Robinson, where an explicit method would need steps of 1e-5; and Robertson's
 * reactions, whose state at t = 40 is known (Hairer and Wanner, Solving Ordinary Differential Equations II). */
static void stiff(void **state)
{
    static const char prothero[] = "simulation { dt = 0.1; method = bdf; rtol = 1e-7; atol = 1e-9 }\n"
                                   "state y = 1\n"
                                   "y' = -1e5 * (y - cos(t)) - sin(t)\n"
                                   "run 5\n"
                                   "let error = y - cos(5)\n";
    static const char robertson[] =
        "simulation { dt = 0.4; method = bdf; rtol = 1e-8; atol = 1e-12 }\n"
        "state a = 1, b = 0, c = 0\n"
        "a' = -0.04*a + 1e4*b*c\n"
        "b' =  0.04*a - 1e4*b*c - 3e7*b^2\n"
        "c' = 3e7*b^2\n"
        "run 40\n"
        "let error = max(abs([a/0.7158270688 - 1, b/0.9185534765e-5 - 1, c/0.2841637457 - 1]))\n";

    (void)state;
    assert_true(error_with(prothero, "method=bdf", 0.1) < 1e-6);
    assert_true(error_with(robertson, "method=bdf", 0.4) < 1e-5);
    assert_true(error_with(smooth, "method=bdf rtol=1e-8 atol=1e-10", 0.1) < 1e-5);
}

/* Couplings are evaluated in every stage: a ring of units keeps the order of its method.  Its slowest mode decays like
 * exp(-0.1 t), and the pattern is an eigenvector, so the solution is closed. */
static void coupled(void **state)
{
    static const char text[] =
        "simulation { dt = 0.1; method = rk4 }\n"
        "population X[12] {\n"
        "  input rec\n"
        "  state x = sin(2*pi*i/N)\n"
        "  x' = -x + rec\n"
        "}\n"
        "let rate = 2 * 0.45 * cos(2*pi/12) - 1\n"
        "projection X -> X via offsets([-1, 1], boundary = \"wrap\") { post.rec += 0.45 * pre.x }\n"
        "run 8\n"
        "let error = max(abs(X.x - exp(8*rate) * sin(2*pi*arange(12)/12)))\n";

    (void)state;
    assert_order(text, "method=midpoint", 0.5, 1.85, 2.25);
    assert_order(text, "method=heun", 0.5, 1.85, 2.25);
    assert_order(text, "method=rk4", 0.5, 3.85, 4.25);
}

/* Edges of tables and pulses on the grid belong to the step that begins there, whatever the stages. */
static void edges_in_time(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = rk4 }\n"
                               "let stim = table([0, 1, 0, 3], dt = 0.5)\n"
                               "population P[2] {\n"
                               "  param on = [0.5, 0.5]\n"
                               "  state x = 0, y = 0, z = 0\n"
                               "  x' = -x + stim(t)\n"
                               "  y' = -y + pulse(t, on, 1) + 3 * pulse(t, 1.5)\n"
                               "  z' = -z + (0.5 <= t < 1) + 3 * (t >= 1.5)\n"
                               "}\n"
                               "run 2\n"
                               "let x = (1 - exp(-0.5)) * exp(-1) + 3 * (1 - exp(-0.5))\n"
                               "let error = max(abs(P.x - x)) + max(abs(P.y - x)) + max(abs(P.z - x))\n";

    (void)state;
    assert_order(text, "method=rk4", 0.25, 3.8, 4.3);
    assert_order(text, "method=midpoint", 0.25, 1.85, 2.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runge_kutta), cmocka_unit_test(a_method_of_the_file),
        cmocka_unit_test(adaptive),    cmocka_unit_test(exponential_euler),
        cmocka_unit_test(exact),       cmocka_unit_test(stiff),
        cmocka_unit_test(coupled),     cmocka_unit_test(edges_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
