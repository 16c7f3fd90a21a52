#include "../support/close.h"

#include "lang/op.h"

#include <gsl/gsl_errno.h>
#include <string.h>

/* Known values; where the bound is 0 the result must be that very double. */
static void meanings_are_right(void **unused)
{
    static const struct { nl_op op; double args[3], want, bound; } cases[] = {
        { NL_OP_DIV, { 7, -2 }, -3.5, 0 },
        { NL_OP_FLOORDIV, { 7, -2 }, -4, 0 },
        { NL_OP_FLOORDIV, { -7, 2 }, -4, 0 },
        { NL_OP_FLOORDIV, { 1, 0.1 }, 9, 0 },
        { NL_OP_MOD, { 7, -2 }, -1, 0 },
        { NL_OP_MOD, { -7, 2 }, 1, 0 },
        { NL_OP_MOD, { -1, 200 }, 199, 0 },
        { NL_OP_MOD, { 6, -3 }, -0.0, 0 },
        { NL_OP_MOD, { 1e300, 7 }, 1, 0 },
        { NL_OP_MOD, { 2.385, INFINITY }, 2.385, 0 },
        { NL_OP_POW, { 2.385, 0 }, 1, 0 },
        { NL_OP_POW, { -3, 5 }, -243, 0 },
        { NL_OP_POW, { 10, 15 }, 1e15, 0 },
        { NL_OP_POW, { -8, 1.0 / 3 }, NAN, 0 },
        { NL_OP_POW, { 0, -1 }, INFINITY, 0 },
        { NL_OP_POW, { 2.385, 1.7 }, 4.382584028955339, 1e-15 },
        { NL_OP_NE, { NAN, NAN }, 1, 0 },
        { NL_OP_LE, { NAN, 1 }, 0, 0 },
        { NL_OP_AND, { 1, 0 }, 0, 0 },
        { NL_OP_OR, { 1, 0 }, 1, 0 },
        { NL_OP_IF, { 0, NAN, 2.385 }, 2.385, 0 },
        { NL_OP_SIGN, { -INFINITY }, -1, 0 },
        { NL_OP_SIGN, { NAN }, NAN, 0 },
        { NL_OP_MIN, { NAN, 1 }, NAN, 0 },
        { NL_OP_MIN, { 1, NAN }, NAN, 0 },
        { NL_OP_MAX, { -INFINITY, -2.385 }, -2.385, 0 },
        { NL_OP_CLIP, { 5, 0, 2.385 }, 2.385, 0 },
        { NL_OP_CLIP, { -5, 0, 2.385 }, 0, 0 },
        { NL_OP_CLIP, { 1, 4, 3 }, 3, 0 },
        { NL_OP_CLIP, { NAN, 0, 1 }, NAN, 0 },
        { NL_OP_RELU, { -2.385 }, 0, 0 },
        { NL_OP_ROUND, { 2.5 }, 2, 0 },
        { NL_OP_ROUND, { -3.5 }, -4, 0 },
        { NL_OP_HEAVISIDE, { 0 }, 0, 0 },
        { NL_OP_HEAVISIDE_AT, { -0.0, 0.5 }, 0.5, 0 },
        { NL_OP_PULSE, { 3, 3 }, 1, 0 },
        { NL_OP_PULSE_OFF, { 5, 3, 5 }, 0, 0 },
        { NL_OP_CBRT, { -2.385 }, -1.3360707648940335, 1e-15 },
        { NL_OP_HYPOT, { 3e200, 4e200 }, 5e200, 1e-15 },
        { NL_OP_EXP, { 2.385 }, 10.859062664920515, 1e-15 },
        { NL_OP_EXP, { -1000 }, 0, 0 },
        { NL_OP_EXPREL, { 0 }, 1, 0 },
        { NL_OP_EXPREL, { 1e-9 }, 1.0000000005, 1e-15 },
        { NL_OP_EXPREL, { INFINITY }, INFINITY, 0 },
        { NL_OP_EXPREL, { -INFINITY }, 0, 0 },
        { NL_OP_LOG1P, { 1e-15 }, 9.999999999999995e-16, 1e-15 },
        { NL_OP_LOGISTIC, { -800 }, 0, 0 },
        { NL_OP_LOGISTIC, { 2.385 }, 0.9156763035785255, 1e-15 },
        { NL_OP_SOFTPLUS, { -40 }, 4.248354255291589e-18, 1e-15 },
        { NL_OP_SIN, { 2.385 }, 0.6864476833219535, 1e-15 },
        { NL_OP_TANH, { 0.5 }, 0.46211715726000979, 1e-15 },
        { NL_OP_ATAN2, { -1, -1 }, -2.356194490192345, 1e-15 },
        { NL_OP_ERF, { 0.5 }, 0.5204998778130465, 1e-15 },
        { NL_OP_ERFC, { 10 }, 2.088487583762545e-45, 1e-14 },
        { NL_OP_ERFCX, { 30 }, 0.018795888861416751, 1e-14 },
        { NL_OP_ERFCX, { -2 }, 108.94090438997797, 1e-14 },
        { NL_OP_ERFINV, { 1e-10 }, 8.8622692545275800e-11, 1e-15 },
        { NL_OP_ERFINV, { -1 }, -INFINITY, 0 },
        { NL_OP_ERFINV, { 1.5 }, NAN, 0 },
        { NL_OP_NORMCDF, { 1.96 }, 0.9750021048517795, 1e-15 },
        { NL_OP_NORMINV, { 0.975 }, 1.959963984540054, 1e-15 },
        { NL_OP_NORMINV, { 1.5 }, NAN, 0 },
        { NL_OP_GAMMA, { 0.5 }, 1.772453850905516, 1e-15 },
        { NL_OP_LGAMMA, { 100 }, 359.1342053695754, 1e-15 },
        { NL_OP_BETA, { 2.385, 0.5 }, 1.20902035891209, 2e-15 },
        { NL_OP_BESSEL_J0, { 2.404825557695773 }, 0, 1e-15 },
        { NL_OP_BESSEL_I0, { 1 }, 1.2660658777520084, 1e-15 },
        { NL_OP_BESSEL_K1, { 1 }, 0.6019072301972346, 1e-15 },
        { NL_OP_LAMBERTW, { 1 }, 0.5671432904097838, 1e-15 },
        { NL_OP_ZETA, { 2 }, 1.6449340668482264, 1e-15 },
        { NL_OP_LEGENDRE, { 2, 0.5 }, -0.125, 1e-15 },
        { NL_OP_LEGENDRE, { 1.5, 0.5 }, NAN, 0 },
        { NL_OP_ELLIPK, { 0.5 }, 1.8540746773013719, 1e-15 },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        const double got = nl_op_fold(cases[k].op, cases[k].args), want = cases[k].want;
        const double room = cases[k].bound * fmax(1, fabs(want));
        if (isnan(want) ? isnan(got) : got == want || fabs(got - want) <= room) continue;
        fail_msg("%s(%g, %g, %g) = %.17g, wanted %.17g", nl_ops[cases[k].op].id, cases[k].args[0], cases[k].args[1],
                 cases[k].args[2], got, want);
    }
}

static void small_results_are_relative(void **unused)
{
    (void)unused;
    assert_close(nl_op_fold(NL_OP_ERFC, (double[]){ 10 }), 2.088487583762545e-45, 1e-14);
    assert_close(nl_op_fold(NL_OP_ERFINV, (double[]){ 1e-10 }), 8.86226925452758e-11, 1e-15);
    assert_close(nl_op_fold(NL_OP_SOFTPLUS, (double[]){ -40 }), 4.248354255291589e-18, 1e-15);
    assert_close(nl_op_fold(NL_OP_EXPM1, (double[]){ 1e-18 }), 1e-18, 0);
}

/* Powers that a double can hold come out as that double. */
static void whole_powers_are_exact(void **unused)
{
    (void)unused;
    for (int base = -300; base <= 300; base++) {
        double want = 1;
        for (int exponent = 0; exponent <= 6; exponent++, want *= base)
            assert_exact(nl_op_fold(NL_OP_POW, (double[]){ base, exponent }), want);
    }
}

static void div_and_mod_belong_together(void **unused)
{
    static const double values[] = { 1, -1, 0.1, 2.385, -2.385, 7, -7, 1e6, 0.3, 3e-5, 123456.789 };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(values); i++)
        for (size_t k = 0; k < NL_LEN(values); k++) {
            const double args[] = { values[i], values[k] };
            const double quotient = nl_op_fold(NL_OP_FLOORDIV, args), rest = nl_op_fold(NL_OP_MOD, args);
            assert_exact(quotient, floor(quotient));
            assert_true(rest == 0 || (rest < 0) == (args[1] < 0));
            assert_true(fabs(rest) <= fabs(args[1]));
            assert_true(fabs(args[1] * quotient + rest - args[0]) <= 1e-15 * fmax(fabs(args[0]), fabs(args[1])));
        }
}

static void rows_are_complete(void **unused)
{
    (void)unused;
    for (int op = 0; op < NL_OP_COUNT; op++) {
        const nl_op_info *row = &nl_ops[op];
        assert_true(row->arity >= 1 && row->arity <= NL_OP_ARGS && row->cost >= 1);
        if (row->name == NULL) continue;
        assert_int_equal(nl_op_find(row->name, row->arity), op);
        assert_true(row->args[0] != '\0' && row->example[0] != '\0');
        assert_int_equal(row->doc[strlen(row->doc) - 1], '.');
        assert_non_null(strstr(row->example, row->name));
    }
}

static void names_are_found(void **unused)
{
    (void)unused;
    assert_int_equal(nl_op_find("-", 1), NL_OP_NEG);
    assert_int_equal(nl_op_find("-", 2), NL_OP_SUB);
    assert_int_equal(nl_op_find("-", -1), NL_OP_SUB);
    assert_int_equal(nl_op_find("min", 2), NL_OP_MIN);
    assert_int_equal(nl_op_find("min", 1), NL_OP_COUNT);
    assert_int_equal(nl_op_find("tanhh", -1), NL_OP_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meanings_are_right),    cmocka_unit_test(small_results_are_relative),
        cmocka_unit_test(whole_powers_are_exact), cmocka_unit_test(div_and_mod_belong_together),
        cmocka_unit_test(rows_are_complete),     cmocka_unit_test(names_are_found),
    };

    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
