/* Observed order of convergence: a model with the result `error` is run with four steps, each half the one before. */
#ifndef TESTS_SUPPORT_ORDER_H
#define TESTS_SUPPORT_ORDER_H

#include "model.h"

static inline double error_with(const char *text, const char *defines, double dt)
{
    char all[250];

    snprintf(all, sizeof all, "%s dt=%.17g", defines, dt);
    model *m = model_of(text, all);
    const double error = fabs(model_number(m, "error"));
    model_free(m);
    return error;
}

/* Slope of log(error) over log(dt) by least squares. */
static inline double observed_order(const char *text, const char *defines, double dt)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (int k = 0; k < 4; k++) {
        const double x = log(ldexp(dt, -k)), y = log(error_with(text, defines, ldexp(dt, -k)));
        sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    return (4 * sxy - sx * sy) / (4 * sxx - sx * sx);
}

#define assert_order(text, defines, dt, low, high)                                                                     \
    do {                                                                                                               \
        const double order_ = observed_order((text), (defines), (dt));                                                 \
        if (!(order_ >= (low) && order_ <= (high)))                                                                    \
            fail_msg("%s: order %.3f, wanted %g .. %g", (defines), order_, (double)(low), (double)(high));             \
    } while (0)

#endif
