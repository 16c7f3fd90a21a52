/* White noise: moments within four standard errors, readings, and orders of convergence. */
#include "../support/order.h"

/* Stationary variance 4 and autocorrelation exp(-lag/tau) of an Ornstein-Uhlenbeck population. */
static void ornstein_uhlenbeck(void **state)
{
    static const char text[] = "simulation { dt = 0.05 ms; method = euler; seed = 4 }\n"
                               "population N[40000] {\n"
                               "  state v = normal(0 mV, 2 mV)\n"
                               "  10 ms * v' = -v + 2 mV * sqrt(2 * 10 ms) * xi\n"
                               "}\n"
                               "run 40 ms\n"
                               "let v0 = N.v\n"
                               "run 5 ms\n"
                               "let variance = mean(N.v^2) / 4 [mV^2]\n"
                               "let correlation = mean(N.v * v0) / 4 [mV^2]\n"
                               "let average = mean(N.v) / 2 mV\n";
    model *m = model_of(text, "");

    (void)state;
    assert_true(fabs(model_number(m, "variance") - 1)
                < 4 * sqrt(2. / 40000) + 0.0025); /* and Euler's bias dt / 2 tau */
    assert_true(fabs(model_number(m, "correlation") - exp(-0.5)) < 4 * sqrt(1.4 / 40000) + 0.0025);
    assert_true(fabs(model_number(m, "average")) < 4 / sqrt(40000.));
    model_free(m);
}

/* One symbol is one number for an element and step, another symbol another. */
static void symbols(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = euler; seed = 7 }\n"
                               "population N[20000] {\n"
                               "  state a = 0, b = 0, c = 0\n"
                               "  a' = xi; b' = xi; c' = xi_c\n"
                               "}\n"
                               "run 1\n"
                               "let same = max(abs(N.a - N.b))\n"
                               "let apart = mean(N.a * N.c)\n"
                               "let variance = mean(N.c^2)\n";
    model *m = model_of(text, "");

    (void)state;
    assert_true(model_number(m, "same") == 0);
    assert_true(fabs(model_number(m, "apart")) < 4 / sqrt(20000.));
    assert_true(fabs(model_number(m, "variance") - 1) < 4 * sqrt(2. / 20000));
    model_free(m);
}

/* Redrawn every 0.5 and held in between: constant pieces, whose sum has the variance of as many independent numbers. */
static void held_for_intervals(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = euler; seed = 9 }\n"
                               "population N[20000] {\n"
                               "  state n = normal(0, 1.5), y = 0\n"
                               "  y' = n\n"
                               "  every 0.5 { n = normal(0, 1.5) }\n"
                               "}\n"
                               "record few = N.n[0:7]\n"
                               "run 4\n"
                               "let variance = mean(N.y^2) / (8 * 0.25 * 2.25)\n"
                               "let average = mean(N.y) / (1.5 * sqrt(2))\n";
    model *m = model_of(text, "");

    const array few = model_get(m, "few");

    (void)state;
    for (size_t k = 7; k < few.rows * 7; k++) /* a new one at 0.5, 1, .. */
        assert_true((few.data[k] != few.data[k - 7]) == (k / 7 % 5 == 0));
    assert_true(fabs(model_number(m, "variance") - 1) < 4 * sqrt(2. / 20000));
    assert_true(fabs(model_number(m, "average")) < 4 / sqrt(20000.));
    model_free(m);
}

static double covariance(array v, size_t lag)
{
    const size_t shift = lag * v.columns, count = v.rows * v.columns - shift;
    double sum = 0;

    for (size_t k = 0; k < count; k++) sum += v.data[k] * v.data[k + shift];
    return sum / (double)count;
}

/* The covariance of an Ornstein-Uhlenbeck process over several lags, from one long path of many. */
static void autocorrelation(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = euler; seed = 21 }\n"
                               "population N[2000] { state v = normal(0, 1); 4 * v' = -v + sqrt(8) * xi_a }\n"
                               "population M[2000] { state v = normal(0, 1); 4 * v' = -v + sqrt(8) * xi_b }\n"
                               "record v = N.v every 2\n"
                               "run 40\n"
                               "let apart = mean(N.v * M.v)\n";
    model *m = model_of(text, "");
    const double step = 1 - 0.1 / 4, bias = 1 / (1 - 0.1 / 8), independent = 2000 * 40 / 8.; /* Euler's own variance */

    (void)state;
    for (int lag = 0; lag < 4; lag++)
        assert_true(fabs(covariance(model_get(m, "v"), (size_t)lag) / bias - pow(step, 20 * lag))
                    < 4 * sqrt(2 / independent));
    assert_true(fabs(model_number(m, "apart")) < 4 * bias / sqrt(2000.));
    model_free(m);
}

/* Geometric Brownian motion has a solution for each path, w being the path: exp((0.5 - 0.32 ITO) t + 0.8 w). */
static void strong_order(void **state)
{
    static const char text[] = "param ito = 1\n"
                               "simulation { dt = 0.1; method = euler; seed = 3 }\n"
                               "population N[20000] {\n"
                               "  state x = 1, w = 0\n"
                               "  x' = 0.5*x + 0.8*x*xi\n"
                               "  w' = xi\n"
                               "}\n"
                               "run 1\n"
                               "let error = mean(abs(N.x - exp(0.5 - 0.32*ito + 0.8*N.w)))\n";

    (void)state;
    assert_order(text, "method=euler", 0.0625, 0.42, 0.6);
    assert_order(text, "method=milstein", 0.0625, 0.9, 1.1);
    assert_order(text, "method=heun ito=0", 0.0625, 0.9, 1.15);
}

/* The mean of the same, exp(0.5): its error without sampling error, from the discrete mean (1 + a dt)^n. */
static void weak_order(void **state)
{
    static const char text[] = "simulation { dt = 0.25; method = euler; seed = 3 }\n"
                               "population N[400000] { state x = 1; x' = 2*x + 0.1*x*xi }\n"
                               "run 1\n"
                               "let error = mean(N.x) - exp(2)\n";

    (void)state;
    assert_order(text, "method=euler", 0.25, 0.75, 1.1);
    assert_order(text, "method=milstein", 0.25, 0.75, 1.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ornstein_uhlenbeck), cmocka_unit_test(symbols), cmocka_unit_test(strong_order),
        cmocka_unit_test(weak_order), cmocka_unit_test(held_for_intervals), cmocka_unit_test(autocorrelation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
