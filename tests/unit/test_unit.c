#include "../support/close.h"

#include "lang/unit.h"

#include <math.h>
#include <string.h>

static nl_unit unit(const char *symbol)
{
    nl_unit found;

    assert_true(nl_unit_find(symbol, strlen(symbol), &found));
    return found;
}

static nl_unit over(const char *above, const char *below, double power)
{
    nl_unit divisor, out;

    assert_true(nl_unit_power(unit(below), -power, &divisor));
    assert_true(nl_unit_multiply(unit(above), divisor, &out));
    return out;
}

static double scaled(const char *digits, nl_unit in)
{
    return nl_unit_scale_literal(digits, strlen(digits), in);
}

static void literals_are_rounded_once(void **unused)
{
    const struct { const char *digits, *symbol; double want; } cases[] = {
        { "0.1", "ms", 0.1 },     { "0.1", "s", 100 },      { "2.385", "nS", 2.385 }, { "0.0003", "V", 0.3 },
        { "1.1e-3", "uA", 1.1e3 }, { "38", "Hz", 0.038 },   { "0.7", "%", 0.007 },    { "2.", "min", 120000 },
        { "1e2", "MOhm", 0.1 },   { "7e-400", "A", 0 },     { "1e400", "nV", INFINITY }, { "0.3", "uM", 0.0003 },
        { "1E+3", "us", 1 },      { "90", "deg", 1.5707963267948966 }, { "1.5", "h", 5.4e6 },
    };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++)
        assert_exact(scaled(cases[i].digits, unit(cases[i].symbol)), cases[i].want);
    assert_exact(scaled("1e99999999999999999999", unit("ms")), INFINITY);
    assert_exact(scaled("1e-99999999999999999999", unit("ms")), 0);
}

static void compound_units_follow_from_the_bases(void **unused)
{
    nl_unit out;

    (void)unused;
    assert_exact(scaled("120", over("mS", "cm", 2)), 1.2);
    assert_exact(scaled("1", over("uF", "cm", 2)), 0.01);
    assert_true(nl_dim_equal(over("A", "V", 1).dim, unit("S").dim));
    assert_int_equal(over("A", "V", 1).shift, unit("S").shift);
    assert_int_equal(over("mol", "L", 1).shift, unit("M").shift);
    assert_true(nl_dim_equal(over("mol", "L", 1).dim, unit("M").dim));
    assert_true(nl_unit_multiply(unit("F"), unit("V"), &out));
    assert_int_equal(out.shift, unit("C").shift);
    assert_true(nl_unit_multiply(unit("C"), unit("V"), &out));
    assert_int_equal(out.shift, unit("J").shift);
    assert_int_equal(over("J", "m", 1).shift, unit("N").shift);
    assert_int_equal(over("J", "s", 1).shift, unit("W").shift);
    assert_true(nl_unit_multiply(unit("J"), over("s", "m", 1), &out));
    assert_true(nl_unit_multiply(out, over("s", "m", 1), &out));
    assert_true(nl_dim_equal(out.dim, unit("kg").dim));
    assert_int_equal(out.shift, unit("kg").shift);
    assert_close(nl_unit_scale(1, over("mV", "s", 0.5)), 1 / sqrt(1000), 1e-15);
}

static void symbols_have_several_code_points(void **unused)
{
    nl_unit none;

    (void)unused;
    assert_int_equal(unit("\xC2\xB5s").shift, -3);
    assert_int_equal(unit("\xCE\xBCs").shift, -3);
    assert_int_equal(unit("M\xCE\xA9").shift, -3);
    assert_int_equal(unit("k\xE2\x84\xA6").shift, -6);
    assert_false(nl_unit_find("", 0, &none));
    assert_false(nl_unit_find("msx", 3, &none));
    assert_true(nl_unit_find("msx", 2, &none));
    assert_false(nl_unit_find("a_rather_long_word_for_a_unit", 29, &none));
}

/* Words of the language that may follow a number must never become units. */
static void words_of_the_language_are_no_units(void **unused)
{
    static const char *const words[] = { "a", "in", "at", "as", "of", "d", "via", "using", "no", "self", "excluding",
        "every", "from", "when", "select", "holding", "decays", "crosses", "above", "below", "within", "columns",
        "delay", "until", "while", "most", "and", "or", "not", "div", "mod", "if", "then", "else", "return" };
    nl_unit found;

    (void)unused;
    for (size_t i = 0; i < NL_LEN(words); i++) assert_false(nl_unit_find(words[i], strlen(words[i]), &found));
}

static void misspelt_symbols_are_recognised(void **unused)
{
    const struct { const char *typed, *want; } cases[] = {
        { "mz", "ms" }, { "Hzz", "Hz" }, { "msec", "ms" }, { "mv", "mV" }, { "hz", "Hz" }, { "cn", "cm" },
        { "tau", NULL }, { "b", NULL }, { "khz", "kHz" }, { "seconds", "s" }, { "ohm", "Ohm" },
    };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const char *got = nl_unit_suggest(cases[i].typed, strlen(cases[i].typed));

        if (cases[i].want == NULL) assert_null(got);
        else assert_string_equal(got, cases[i].want);
    }
}

static void dimensions_are_shown_in_customary_units(void **unused)
{
    const struct { int half[NL_DIM_BASES]; const char *text, *plain; double value, shown; } cases[] = {
        { { 0 }, "1", "1", 2.385, 2.385 },
        { { 2 }, "ms", "ms", 2.385, 2.385 },
        { { -2 }, "Hz", "Hz", 0.038, 38 },
        { { 0, 2, -2 }, "MOhm", "MOhm", 0.1, 100 },
        { { 0, -2, 2, -4 }, "[mS/cm^2]", "mS/cm^2", 1.2, 120 },
        { { -2, 2 }, "[mV/ms]", "mV/ms", 3, 3 },
        { { -1, 2 }, "[mV/ms^(1/2)]", "mV/ms^(1/2)", 3, 3 },
        { { -1 }, "[1/ms^(1/2)]", "1/ms^(1/2)", 3, 3 },
        { { 2, 2 }, "[mV*ms]", "mV*ms", 3, 3 },
        { { 0, 4 }, "[mV^2]", "mV^2", 3, 3 },
        { { 0, -2 }, "[1/mV]", "1/mV", 3, 3 },
        { { -2, 0, -2 }, "[Hz/pA]", "Hz/pA", 0.001, 1 },
        { { -2, -2, 2 }, "[nS/ms]", "nS/ms", 3, 3 },
        { { -2, 0, 0, 4 }, "[um^2/ms]", "um^2/ms", 3, 3 },
        { { -4, 6, 0, 1, -2, 2 }, "[mV^3*um^(1/2)*K/(ms^2*amol)]", "mV^3*um^(1/2)*K/(ms^2*amol)", 3, 3 },
    };
    nl_arena *arena = nl_arena_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        nl_dim dim = nl_dim_none;

        for (int k = 0; k < NL_DIM_BASES; k++) dim.half[k] = (int8_t)cases[i].half[k];
        const nl_unit_shown got = nl_unit_shown_for(arena, dim);
        assert_string_equal(got.text, cases[i].text);
        assert_string_equal(got.plain, cases[i].plain);
        assert_exact(nl_unit_unscale(cases[i].value, got.unit), cases[i].shown);
    }
    assert_string_equal(nl_unit_shown_for(arena, nl_dim_any).text, "1");
    assert_string_equal(nl_dim_text(arena, nl_dim_none), "a pure number");
    assert_string_equal(nl_dim_text(arena, unit("V").dim), "mV");
    nl_arena_free(arena);
}

static void every_row_is_found_and_shown_with_its_dimension(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const char *symbol, *doc;

    (void)unused;
    for (size_t i = 0; (symbol = nl_unit_row(i, &doc)) != NULL; i++) {
        const nl_unit found = unit(symbol);
        const nl_unit_shown shown = nl_unit_shown_for(arena, found.dim);

        assert_true(strlen(doc) > 0);
        assert_true(nl_dim_equal(shown.unit.dim, found.dim));
        assert_close(nl_unit_scale(nl_unit_unscale(2.385, found), found), 2.385, 1e-15);
    }
    nl_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_rounded_once),
        cmocka_unit_test(compound_units_follow_from_the_bases),
        cmocka_unit_test(symbols_have_several_code_points),
        cmocka_unit_test(words_of_the_language_are_no_units),
        cmocka_unit_test(misspelt_symbols_are_recognised),
        cmocka_unit_test(dimensions_are_shown_in_customary_units),
        cmocka_unit_test(every_row_is_found_and_shown_with_its_dimension),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
