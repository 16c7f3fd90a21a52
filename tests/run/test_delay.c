/* Delay equations: orders on and off the grid, delays below the step, histories, delays per element and by the
 * state. */
#include "support/order.h"

/* y' = -y(t - 1) with y = 1 before 0: on each unit of time a polynomial, by the method of steps.  The derivative jumps
 * at 0, the second one at 1, and so on. */
static const char polynomials[] = "simulation { dt = 0.1; method = rk4; rtol = 1e-8; atol = 1e-8 }\n"
                                  "state y = 1\n"
                                  "y' = -delay(y, 1)\n"
                                  "let k = arange(10)\n"
                                  "run 8\n"
                                  "let error = y - sum((-1)^k * (9 - k)^k / gamma(k + 1))\n";

/* y' = -(pi/2) y(t - 1) with the history cos(pi t/2) is solved by it: no kink anywhere. */
static const char cosine[] = "simulation { dt = 0.1; method = rk4; rtol = 1e-8; atol = 1e-8 }\n"
                             "state y = 1\n"
                             "history y = cos(pi/2 * t)\n"
                             "y' = -pi/2 * delay(y, 1)\n"
                             "record ys = y\n"
                             "run 8\n"
                             "let error = max(abs(ys - cos(pi/2 * ys.t)))\n";

/* exp(-t) solves y' = -exp(-d) y(t - d), for every d; here one per element, some of them below the step. */
static const char exponentials[] = "simulation { dt = 0.1; method = rk4 }\n"
                                   "param d0 = 0.013, d1 = 0.7\n"
                                   "population X[6] {\n"
                                   "  param d = d0 + (d1 - d0) * i / 5\n"
                                   "  state y = 1\n"
                                   "  history y = exp(-t)\n"
                                   "  y' = -exp(-d) * delay(y, d)\n"
                                   "}\n"
                                   "run 3.2\n"
                                   "let error = max(abs(X.y - exp(-3.2)))\n";

/* A delay that follows the state, built so that 2 + sin(t) is the solution. */
static const char by_state[] = "simulation { dt = 0.1; method = rk4 }\n"
                               "state y = 2\n"
                               "history y = 2 + sin(t)\n"
                               "y' = cos(t) + delay(y, 0.45 + 0.1*y, max = 1) - 2 - sin(t - 0.45 - 0.1*(2 + sin(t)))\n"
                               "record ys = y\n"
                               "run 6.4\n"
                               "let error = max(abs(ys - 2 - sin(ys.t)))\n";

/* An expression is delayed, and in a projection the state of the neuron at the other side. */
static const char through_projection[] = "simulation { dt = 0.1; method = rk4 }\n"
                                         "population A[3] { state y = 1; history y = exp(-t); y' = -y }\n"
                                         "population B[3] { input s; state z = 0; z' = s }\n"
                                         "projection A -> B via one_to_one { post.s += delay(pre.y^2, 0.4) }\n"
                                         "run 3.2\n"
                                         "let error = max(abs(B.z - exp(0.8) * (1 - exp(-6.4)) / 2))\n";

/* Steps 2/(2n + 1) put the delay into the middle of a step. */
static double off_grid_order(const char *text, const char *defines, int n)
{
    double x[4], y[4], mx = 0, my = 0, above = 0, below = 0;

    for (int k = 0; k < 4; k++, n *= 2) {
        const double dt = 2.0 / (2 * n + 1);
        x[k] = log(dt);
        y[k] = log(error_with(text, defines, dt));
        mx += x[k] / 4, my += y[k] / 4;
    }
    for (int k = 0; k < 4; k++) above += (x[k] - mx) * (y[k] - my), below += (x[k] - mx) * (x[k] - mx);
    return above / below;
}

#define assert_off_grid_order(text, defines, n, low, high)                                                             \
    do {                                                                                                               \
        const double order_ = off_grid_order((text), (defines), (n));                                                  \
        if (!(order_ >= (low) && order_ <= (high)))                                                                    \
            fail_msg("%s off the grid: order %.3f, wanted %g .. %g", (defines), order_, (double)(low),                 \
                     (double)(high));                                                                                  \
    } while (0)

static const struct {
    const char *defines;
    double order;
} methods[] = {
    { "method=euler", 1 },
    { "method=midpoint", 2 },
    { "method=heun", 2 },
    { "method=rk4", 4 },
};

static void on_the_grid(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        assert_order(polynomials, methods[k].defines, k == 0 ? 0.0625 : 0.25, methods[k].order - 0.2,
                     methods[k].order + 0.35);
        assert_order(cosine, methods[k].defines, k == 0 ? 0.03125 : 0.25, methods[k].order - 0.25,
                     methods[k].order + 0.35);
    }
}

/* The solution of y' = -y(t - 1) with a history that is a polynomial, by the method of steps: on each unit of time a
 * polynomial in the time since its beginning, the integral of the one before. */
static double by_steps(const double history[3], int units)
{
    double p[20] = { history[0], history[1], history[2] }, value = 1;

    for (int n = 0; n < units; n++) {
        double q[20] = { value };
        for (int k = 0; k < 19; k++) q[k + 1] = -p[k] / (k + 1);
        value = 0;
        for (int k = 19; k >= 0; k--) value += p[k] = q[k];
    }
    return value;
}

/* 1 - t - t^2 before 0 joins the solution with its slope: the second derivative is the first to jump. */
static void off_the_grid_with_joined_slope(void **state)
{
    const double history[] = { 1, -1 + 2, -1 }; /* in the time since -1 */
    char text[400];

    (void)state;
    snprintf(text, sizeof text,
             "simulation { dt = 0.1; method = rk4 }\n"
             "state y = 1\n"
             "history y = 1 - t - t^2\n"
             "y' = -delay(y, 1)\n"
             "run 8\n"
             "let error = y - (%.17g)\n",
             by_steps(history, 8));
    assert_order(text, "method=rk4", 0.25, 3.8, 4.4);
    assert_off_grid_order(text, "method=rk4", 4, 3.6, 4.4);
}

/* Off the grid, too, the order is that of the method, with kinks and without. */
static void off_the_grid(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        assert_off_grid_order(cosine, methods[k].defines, k == 0 ? 32 : 4, methods[k].order - 0.25,
                              methods[k].order + 0.4);
        assert_off_grid_order(polynomials, methods[k].defines, k == 0 ? 16 : 4, methods[k].order - 0.25,
                              methods[k].order + 0.5);
    }
}

static void per_element(void **state)
{
    (void)state;
    for (size_t k = 1; k < 4; k++)
        assert_order(exponentials, methods[k].defines, 0.2, methods[k].order - 0.25, methods[k].order + 0.4);
}

/* A delay for each synapse, and one for each neuron that looks at a population of one; the solutions are sums of
 * sines. */
static void per_synapse(void **state)
{
    static const char text[] =
        "simulation { dt = 0.1; method = rk4 }\n"
        "population A[3] { state x = cos(i); history x = cos(i + t); x' = -sin(i + t) }\n"
        "population O { state z = 1; history z = cos(t); z' = -sin(t) }\n"
        "population B[2] { param c = [0.5, 0.77]; input u; state y = 0, v = 0; y' = u; v' = delay(O.z, c) }\n"
        "projection A -> B via pairs([0, 2, 1, 0], [0, 0, 1, 1], d = [0.3, 0.777, 1.5, 0.61], g = [1, 2, 3, 4]) {\n"
        "  post.u += g * delay(pre.x, d)\n"
        "}\n"
        "run 4\n"
        "let first  = sin(3.7) - sin(-0.3) + 2 * (sin(2 + 3.223) - sin(2 - 0.777))\n"
        "let second = 3 * (sin(1 + 2.5) - sin(1 - 1.5)) + 4 * (sin(3.39) - sin(-0.61))\n"
        "let error  = max(abs(B.y - [first, second])) + max(abs(B.v - (sin(4 - [0.5, 0.77]) + sin([0.5, 0.77]))))\n";

    (void)state;
    assert_order(text, "method=rk4", 0.2, 3.7, 4.4);
    assert_order(text, "method=heun", 0.2, 1.8, 2.4);
}

/* Every delay is shorter than every step. */
static void below_the_step(void **state)
{
    (void)state;
    for (size_t k = 1; k < 4; k++) {
        char defines[60];

        snprintf(defines, sizeof defines, "%s d0=0.003 d1=0.021", methods[k].defines);
        assert_order(exponentials, defines, 0.2, methods[k].order - 0.3, methods[k].order + 1);
    }
}

static void state_dependent(void **state)
{
    (void)state;
    for (size_t k = 1; k < 4; k++)
        assert_order(by_state, methods[k].defines, 0.2, methods[k].order - 0.3, methods[k].order + 0.4);
}

static void of_expressions(void **state)
{
    (void)state;
    for (size_t k = 1; k < 4; k++)
        assert_order(through_projection, methods[k].defines, 0.2, methods[k].order - 0.3, methods[k].order + 0.4);
}

/* Adaptive methods follow their tolerance. */
static void adaptive(void **state)
{
    (void)state;
    assert_true(error_with(cosine, "method=dopri5 rtol=1e-9 atol=1e-9", 0.05) < 1e-6);
    assert_true(error_with(polynomials, "method=dopri5 rtol=1e-9 atol=1e-9", 0.05) < 1e-6);
    assert_true(error_with(cosine, "method=bdf rtol=1e-8 atol=1e-9", 0.05) < 1e-4);
}

/* In maps a delay of whole steps gives the stored number, bit for bit; a delay of nothing the present one. */
static void maps_look_back_exactly(void **state)
{
    static const char text[] = "simulation { dt = 0.1 }\n"
                               "population X[5] {\n"
                               "  state x = 0.1 + 0.17*i, back = 0, here = 0\n"
                               "  next x = 3.99 * x * (1 - x)\n"
                               "  next back = delay(x, 0.7)\n"
                               "  next here = delay(x, 0)\n"
                               "}\n"
                               "record x = X.x\n"
                               "record back = X.back\n"
                               "record here = X.here\n"
                               "run 10\n";
    model *m = model_of(text, "");
    const array x = model_get(m, "x"), back = model_get(m, "back"), here = model_get(m, "here");

    (void)state;
    assert_int_equal(x.rows, 101);
    for (size_t n = 1; n <= 100; n++) {
        const size_t then = n - 1 > 7 ? n - 1 - 7 : 0;
        assert_memory_equal(back.data + 5 * n, x.data + 5 * then, 5 * sizeof(double));
        assert_memory_equal(here.data + 5 * n, x.data + 5 * (n - 1), 5 * sizeof(double));
    }
    model_free(m);
}

/* Without `history` the past is the initial value. */
static void the_past_is_constant(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = rk4 }\n"
                               "state y = 2.385, z = 0\n"
                               "y' = 1\n"
                               "z' = delay(y, 3.14)\n"
                               "run 3\n"
                               "let error = z - 3 * 2.385\n";

    (void)state;
    assert_true(error_with(text, "", 0.1) < 1e-13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_grid),
        cmocka_unit_test(off_the_grid),
        cmocka_unit_test(off_the_grid_with_joined_slope),
        cmocka_unit_test(per_element), cmocka_unit_test(per_synapse),
        cmocka_unit_test(below_the_step),
        cmocka_unit_test(state_dependent),
        cmocka_unit_test(of_expressions),
        cmocka_unit_test(adaptive),
        cmocka_unit_test(maps_look_back_exactly),
        cmocka_unit_test(the_past_is_constant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
