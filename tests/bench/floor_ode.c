#include "floor.h"

#include <math.h>

/* The classical Runge-Kutta step for a handful of equations that live in registers. */
#define RK4_STEP(COUNT, slope, y, h)                                                                     \
    do {                                                                                                 \
        double k1[COUNT], k2[COUNT], k3[COUNT], k4[COUNT], at[COUNT];                                    \
        slope(y, k1);                                                                                    \
        for (int j = 0; j < COUNT; j++) at[j] = y[j] + 0.5 * h * k1[j];                                  \
        slope(at, k2);                                                                                   \
        for (int j = 0; j < COUNT; j++) at[j] = y[j] + 0.5 * h * k2[j];                                  \
        slope(at, k3);                                                                                   \
        for (int j = 0; j < COUNT; j++) at[j] = y[j] + h * k3[j];                                        \
        slope(at, k4);                                                                                   \
        for (int j = 0; j < COUNT; j++) y[j] += h / 6 * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]);         \
    } while (0)

static inline void lorenz_slope(const double *y, double *k)
{
    k[0] = 10 * (y[1] - y[0]);
    k[1] = y[0] * (28 - y[2]) - y[1];
    k[2] = y[0] * y[1] - 8.0 / 3 * y[2];
}

floor_run floor_lorenz(size_t size, size_t steps)
{
    double y[3] = { 1, 1, 20 };
    const double h = 0.001, start = floor_now();

    (void)size;
    for (size_t s = 0; s < steps; s++) RK4_STEP(3, lorenz_slope, y, h);
    return (floor_run){ floor_now() - start, steps, y[0] };
}

static inline void hodgkin_huxley_slope(const double *y, double *k)
{
    const double v = y[0], m = y[1], h = y[2], n = y[3];
    const double am = 0.1 * (v + 40) / (1 - exp(-0.1 * (v + 40))), bm = 4 * exp(-(v + 65) * (1.0 / 18));
    const double ah = 0.07 * exp(-(v + 65) * (1.0 / 20)), bh = 1 / (1 + exp(-0.1 * (v + 35)));
    const double an = 0.01 * (v + 55) / (1 - exp(-0.1 * (v + 55))), bn = 0.125 * exp(-(v + 65) * (1.0 / 80));
    const double n2 = n * n;

    k[0] = 10 - 120 * m * m * m * h * (v - 50) - 36 * n2 * n2 * (v + 77) - 0.3 * (v + 54.387);
    k[1] = am * (1 - m) - bm * m;
    k[2] = ah * (1 - h) - bh * h;
    k[3] = an * (1 - n) - bn * n;
}

floor_run floor_hodgkin_huxley(size_t size, size_t steps)
{
    double y[4] = { -65, 0.05, 0.6, 0.32 };
    const double h = 0.01, start = floor_now();

    (void)size;
    for (size_t s = 0; s < steps; s++) RK4_STEP(4, hodgkin_huxley_slope, y, h);
    return (floor_run){ floor_now() - start, steps, y[0] };
}
