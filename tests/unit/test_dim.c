#include "../support/close.h"

#include "lang/dim.h"

#include <math.h>

static const nl_dim ms = { .half = { 2 } }, mV = { .half = { 0, 2 } }, pA = { .half = { 0, 0, 2 } };

static void assert_dim(nl_dim got, nl_dim want)
{
    assert_true(nl_dim_equal(got, want));
    assert_int_equal(got.any, want.any);
    assert_int_equal(got.unknown, want.unknown);
}

static void rules_give_the_dimension_of_the_result(void **unused)
{
    const nl_dim none = nl_dim_none, any = nl_dim_any, unknown = nl_dim_unknown;
    const nl_dim volt_ms = { .half = { 2, 2 } }, rate = { .half = { -2 } }, root_ms = { .half = { 1 } };
    const nl_dim ms2 = { .half = { 4 } }, ms3 = { .half = { 6 } };
    const struct { nl_dim_rule rule; nl_dim args[3]; int count; bool fits; nl_dim want; } cases[] = {
        { NL_DIM_SAME, { mV, mV }, 2, true, mV },
        { NL_DIM_SAME, { mV, pA }, 2, false, none },
        { NL_DIM_SAME, { mV, none }, 2, false, none },
        { NL_DIM_SAME, { any, mV }, 2, true, mV },
        { NL_DIM_SAME, { any, any }, 2, true, any },
        { NL_DIM_SAME, { mV, unknown }, 2, true, unknown },
        { NL_DIM_SAME, { mV, any, mV }, 3, true, mV },
        { NL_DIM_SAME, { any, mV, pA }, 3, false, none },
        { NL_DIM_COMPARE, { mV, mV }, 2, true, none },
        { NL_DIM_COMPARE, { mV, ms }, 2, false, none },
        { NL_DIM_COMPARE, { mV, unknown }, 2, true, none },
        { NL_DIM_PURE, { none }, 1, true, none },
        { NL_DIM_PURE, { mV }, 1, false, none },
        { NL_DIM_KEEP, { mV, none }, 2, true, mV },
        { NL_DIM_FREE, { mV, pA }, 2, true, none },
        { NL_DIM_PRODUCT, { mV, ms }, 2, true, volt_ms },
        { NL_DIM_PRODUCT, { any, mV }, 2, true, mV },
        { NL_DIM_QUOTIENT, { none, ms }, 2, true, rate },
        { NL_DIM_QUOTIENT, { volt_ms, mV }, 2, true, ms },
        { NL_DIM_HALF, { ms }, 1, true, root_ms },
        { NL_DIM_HALF, { root_ms }, 1, false, none },
        { NL_DIM_THIRD, { ms3 }, 1, true, ms },
        { NL_DIM_THIRD, { ms2 }, 1, false, none },
        { NL_DIM_SQUARE, { root_ms }, 1, true, ms },
        { NL_DIM_POWER, { none, none }, 2, true, none },
        { NL_DIM_POWER, { mV, none }, 2, false, none },
        { NL_DIM_SELECT, { none, mV, any }, 3, true, mV },
        { NL_DIM_SELECT, { none, mV, pA }, 3, false, none },
    };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        nl_dim got = nl_dim_unknown;

        assert_int_equal(nl_dim_apply(cases[i].rule, cases[i].args, cases[i].count, &got), cases[i].fits);
        if (cases[i].fits) assert_dim(got, cases[i].want);
    }
}

static void powers_keep_to_half_exponents(void **unused)
{
    nl_dim out;

    (void)unused;
    assert_true(nl_dim_power(mV, 2.5, &out));
    assert_int_equal(out.half[NL_VOLTAGE], 5);
    assert_true(nl_dim_power(mV, -1, &out));
    assert_int_equal(out.half[NL_VOLTAGE], -2);
    assert_false(nl_dim_power(mV, 0.3, &out));
    assert_false(nl_dim_power(mV, 64, &out));
    assert_false(nl_dim_power(mV, NAN, &out));
    assert_true(nl_dim_power(nl_dim_none, 0.3, &out));
    assert_true(nl_dim_is_pure(out));
}

static void exponents_that_leave_the_range_are_refused(void **unused)
{
    nl_dim big = { .half = { 100 } }, out;

    (void)unused;
    assert_false(nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ big, big }, 2, &out));
    assert_true(nl_dim_apply(NL_DIM_QUOTIENT, (nl_dim[]){ big, big }, 2, &out));
    assert_true(nl_dim_is_pure(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_give_the_dimension_of_the_result),
        cmocka_unit_test(powers_keep_to_half_exponents),
        cmocka_unit_test(exponents_that_leave_the_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
