/* cmocka with its prelude, and comparisons of doubles, which cmocka 1.1.5 does not have. */
#ifndef TESTS_SUPPORT_CLOSE_H
#define TESTS_SUPPORT_CLOSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

/* Within a relative distance; false for nan. */
#define assert_close(got, want, rel)                                          \
    do {                                                                      \
        const double got_ = (got), want_ = (want);                            \
        const double room_ = (rel) * fmax(fabs(got_), fabs(want_));           \
        if (!(fabs(got_ - want_) <= room_))                                   \
            fail_msg("%s = %.17g, wanted %.17g", #got, got_, want_);          \
    } while (0)

/* The same double; nan equals nan. */
#define assert_exact(got, want)                                               \
    do {                                                                      \
        const double got_ = (got), want_ = (want);                            \
        if (got_ != want_ && !(isnan(got_) && isnan(want_)))                  \
            fail_msg("%s = %.17g, wanted %.17g", #got, got_, want_);          \
    } while (0)

#endif
