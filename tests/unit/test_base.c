/* Arena, texts, places in sources, diagnostics. */
#include "base/arena.h"
#include "base/diag.h"
#include "base/text.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = nl_arena_new();
    return 0;
}

static int tear_down(void **state)
{
    nl_arena_free(*state);
    return 0;
}

/* ---- arena ---- */

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 1023, 1024, 1025, 65535, 65536, 300001 };
    unsigned char *pieces[3 * NL_LEN(sizes)];
    size_t count = 0;

    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < NL_LEN(sizes); i++) {
            unsigned char *p = nl_arena_alloc(*state, sizes[i]);

            assert_int_equal((uintptr_t)p % (sizes[i] >= 1024 ? 64 : 16), 0);
            for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(p[k], 0);
            memset(p, (int)(count + 1), sizes[i]);
            pieces[count++] = p;
        }
    for (size_t n = 0; n < count; n++)
        for (size_t k = 0; k < sizes[n % NL_LEN(sizes)]; k++) assert_int_equal(pieces[n][k], n + 1);
}

static void lists_keep_their_items(void **state)
{
    NL_LIST(int) list = { 0 };

    for (int i = 0; i < 1001; i++) NL_PUSH(*state, &list, 7 * i);
    assert_int_equal(list.count, 1001);
    for (int i = 0; i < 1001; i++) assert_int_equal(list.items[i], 7 * i);
}

static void strings_are_copied(void **state)
{
    assert_string_equal(nl_arena_strndup(*state, "membrane", 3), "mem");
    assert_string_equal(nl_arena_strdup(*state, ""), "");
    assert_string_equal(nl_arena_printf(*state, "%s[%d] = %.3f", "v", 12, 2.3854), "v[12] = 2.385");
    assert_int_equal(strlen(nl_arena_printf(*state, "%70001d", 5)), 70001);
}

/* ---- text ---- */

static void text_grows(void **state)
{
    nl_text text = nl_text_new(*state);

    for (int i = 0; i < 2000; i++) nl_text_addf(&text, "%d,", i % 10);
    nl_text_add(&text, "end\0of", 6);
    assert_int_equal(text.length, 4006);
    assert_memory_equal(text.chars + 3998, "9,end\0of", 7);
    assert_int_equal(text.chars[text.length], '\0');
}

static void numbers_are_shortest_and_read_back(void **state)
{
    static const struct { double number; const char *text; } cases[] = {
        { 0, "0" }, { -0.0, "-0" }, { 0.1, "0.1" }, { 2.385, "2.385" }, { 1e-05, "1e-05" }, { 1e22, "1e+22" },
        { 0.1 + 0.2, "0.30000000000000004" }, { 1.0 / 3, "0.3333333333333333" }, { INFINITY, "inf" },
        { -INFINITY, "-inf" }, { NAN, "nan" }, { 123456789, "123456789" }, { DBL_MAX, "1.7976931348623157e+308" },
        { 5e-324, "5e-324" }, { 9007199254740993.0, "9007199254740992" },
    };

    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const char *text = nl_text_number(*state, cases[i].number);

        assert_string_equal(text, cases[i].text);
        if (!isnan(cases[i].number)) assert_true(strtod(text, NULL) == cases[i].number);
    }
}

static void only_clear_suggestions_are_made(void **state)
{
    static const char *const names[] = { "population", "projection", "tau", "tau_m", "v", "w_in", "w_im", "threshold" };
    static const struct { const char *typed, *want; } cases[] = {
        { "populaton", "population" }, { "poplatoin", "population" }, { "thershold", "threshold" }, { "tua", "tau" },
        { "tau_n", "tau_m" }, { "w_ix", NULL } /* a tie */, { "x", NULL }, { "completely", NULL }, { "", NULL },
        { "a_name_that_is_much_longer_than_any_table_of_the_distance", NULL },
    };

    (void)state;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const char *got = nl_suggest(cases[i].typed, names, NL_LEN(names));

        if (cases[i].want == NULL && got != NULL) fail_msg("`%s` gave `%s`", cases[i].typed, got);
        if (cases[i].want != NULL && (got == NULL || strcmp(got, cases[i].want) != 0))
            fail_msg("`%s` gave `%s`", cases[i].typed, got != NULL ? got : "nothing");
    }
}

/* ---- sources ---- */

static void places_count_code_points(void **state)
{
    nl_sources *sources = nl_sources_new(*state);
    const char text[] = "tau = 1\r\n\xc2\xb5 = \xf0\x9d\x84\x9e + x\n\nlast";
    const nl_source *first = nl_sources_add(sources, "a.net", "x\n", 2);
    const nl_source *second = nl_sources_add(sources, "b.net", text, sizeof text - 1);
    const struct { size_t offset, line, col, length; } cases[] = {
        { 0, 1, 1, 7 }, { 6, 1, 7, 7 }, { 9, 2, 1, 13 }, { 12, 2, 3, 13 }, { 18, 2, 6, 13 }, { 21, 2, 9, 13 },
        { 23, 3, 1, 0 }, { 24, 4, 1, 4 }, { 28, 4, 5, 4 },
    };

    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const nl_pos at = nl_sources_locate(sources, second->base + (uint32_t)cases[i].offset);

        assert_ptr_equal(at.source, second);
        assert_int_equal(at.line, cases[i].line);
        assert_int_equal(at.col, cases[i].col);
        assert_int_equal(at.line_len, cases[i].length);
    }
    assert_ptr_equal(nl_sources_locate(sources, first->base + 2).source, first);
    assert_null(nl_sources_locate(sources, 0).source);
}

static void spans_join(void **state)
{
    const nl_span none = { 0, 0 }, a = { 5, 9 }, b = { 2, 6 };

    (void)state;
    assert_int_equal(nl_span_join(a, b).begin, 2);
    assert_int_equal(nl_span_join(a, b).end, 9);
    assert_int_equal(nl_span_join(none, a).begin, 5);
    assert_int_equal(nl_span_join(a, none).end, 9);
}

static void files_are_read_whole(void **state)
{
    nl_sources *sources = nl_sources_new(*state);
    char path[] = "/tmp/nl-base-XXXXXX";
    const int fd = mkstemp(path);
    FILE *file = fdopen(fd, "wb");

    for (int i = 0; i < 50001; i++) fputc(i % 251, file);
    fclose(file);
    const nl_source *source = nl_sources_read(sources, path);
    assert_non_null(source);
    assert_int_equal(source->length, 50001);
    for (int i = 0; i < 50001; i++) assert_int_equal((unsigned char)source->text[i], i % 251);
    assert_int_equal(source->text[source->length], '\0');
    unlink(path);
    assert_null(nl_sources_read(sources, path));
    assert_int_equal(errno, ENOENT);
    assert_null(nl_sources_read(sources, "/tmp"));
    assert_int_equal(errno, EISDIR);
}

/* ---- diagnostics ---- */

static nl_code first_of(nl_severity severity)
{
    for (int i = 0; i < NL_CODE_COUNT; i++)
        if (nl_codes[i].severity == severity) return (nl_code)i;
    fail_msg("no code has the severity %d", (int)severity);
    return NL_CODE_COUNT;
}

static nl_diags *diags_of(nl_arena *arena, const char *text, uint32_t *base)
{
    nl_sources *sources = nl_sources_new(arena);

    *base = nl_sources_add(sources, "m.net", text, strlen(text))->base;
    return nl_diags_new(arena, sources);
}

static void codes_are_well_formed(void **state)
{
    (void)state;
    for (int i = 0; i < NL_CODE_COUNT; i++) {
        const nl_code_info *c = &nl_codes[i];

        if (strlen(c->code) != 5 || strspn(c->code + 1, "0123456789") != 4 || strchr("ERW", c->code[0]) == NULL)
            fail_msg("%s is no code", c->code);
        if ((c->code[0] == 'W') != (c->severity == NL_WARNING)) fail_msg("%s has the wrong severity", c->code);
        if (c->title[0] == '\0' || c->paragraph[0] == '\0') fail_msg("%s is not explained", c->code);
        for (int k = 0; k < i; k++)
            if (strcmp(nl_codes[k].code, c->code) == 0) fail_msg("%s stands twice", c->code);
        assert_ptr_equal(nl_code_find(c->code), c);
    }
    assert_null(nl_code_find("E9999"));
}

static void messages_point_at_their_place(void **state)
{
    uint32_t base;
    char *shown = NULL;
    size_t length;
    nl_diags *diags = diags_of(*state, "param N = 3\n\t\xc2\xb5 = tau + 1\n", &base);
    FILE *out = open_memstream(&shown, &length);
    const nl_code code = first_of(NL_ERROR);
    nl_diag *diag = nl_diag_add(diags, code, (nl_span){ base + 18, base + 21 }, "there is no `%s`", "tau");

    nl_diag_help(diags, diag, "did you mean `%s`?", "N");
    nl_diag_also(diags, diag, (nl_span){ base + 6, base + 7 }, "`N` is declared here");
    nl_diags_print(out, diags, 0);
    fclose(out);
    const char *want = nl_arena_printf(*state,
        "m.net:2:6: error %s: there is no `tau`\n    2 | \t\xc2\xb5 = tau + 1\n      | \t    ^~~\n"
        "m.net:1:7: note: `N` is declared here\n    1 | param N = 3\n      |       ^\n"
        "      = help: did you mean `N`?\n", nl_codes[code].code);
    assert_string_equal(shown, want);
    free(shown);
}

static void one_error_per_line_and_twenty_at_most(void **state)
{
    uint32_t base;
    nl_text text = nl_text_new(*state);
    const nl_code error = first_of(NL_ERROR), warning = first_of(NL_WARNING);

    for (int i = 0; i < 40; i++) nl_text_adds(&text, "ab\n");
    nl_diags *diags = diags_of(*state, text.chars, &base);
    assert_non_null(nl_diag_add(diags, error, (nl_span){ base, base + 1 }, "first"));
    assert_non_null(nl_diag_add(diags, error, (nl_span){ base + 1, base + 2 }, "second on the line"));
    nl_diag_add(diags, warning, (nl_span){ base + 1, base + 2 }, "a warning is no error");
    assert_int_equal(nl_diags_count(diags), 2);
    const size_t mark = nl_diags_mark(diags);
    for (uint32_t i = 1; i < 40; i++)
        nl_diag_add(diags, error, (nl_span){ base + 3 * i, base + 3 * i + 1 }, "line %u", i);
    assert_true(nl_diags_count(diags) <= NL_ERROR_LIMIT + 1);
    assert_true(nl_diags_count(diags) >= NL_ERROR_LIMIT - 1);
    nl_diags_undo(diags, mark);
    assert_int_equal(nl_diags_count(diags), 2);
    assert_int_equal(nl_diags_error_count(diags), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_zeroed_aligned_and_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_keep_their_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_are_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_grows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_shortest_and_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_clear_suggestions_are_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_count_code_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(spans_join, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_read_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(codes_are_well_formed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_point_at_their_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_error_per_line_and_twenty_at_most, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
