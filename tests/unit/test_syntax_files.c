/* Pairs of programs: each syntax_*.net in tests/reject says on its first lines what is found in it,
 *     # expect E0101 at 3:14
 * one line for each message, in order; the file of the same name in tests/accept is the text as it should be. */
#include "../support/syntax.h"

/* The expectations on the first lines, as "E0101 at 3:14\n" each. */
static const char *expectations(nl_arena *arena, const nl_source *source)
{
    static const char mark[] = "# expect ";
    nl_text out = nl_text_new(arena);
    const char *line = source->text;

    while (strncmp(line, mark, sizeof mark - 1) == 0) {
        const size_t length = strcspn(line, "\n");
        nl_text_add(&out, line + sizeof mark - 1, length - (sizeof mark - 1));
        nl_text_adds(&out, "\n");
        line += length + 1;
    }
    return out.chars;
}

static const char *findings(const parse *p)
{
    nl_text out = nl_text_new(p->arena);

    for (size_t k = 0; k < nl_diags_count(p->diags); k++) {
        const nl_diag *diag = nl_diags_get(p->diags, k);
        const nl_pos at = nl_sources_locate(p->sources, diag->span.begin);

        nl_text_addf(&out, "%s at %zu:%zu\n", nl_codes[diag->code].code, at.line, at.col);
    }
    return out.chars;
}

static void rejected_texts_have_their_messages(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/reject", "syntax_");

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const nl_source *source = read_source(arena, files.items[k]);
        parse p = parse_bytes(source->text, source->length);
        const char *want = expectations(arena, source);

        if (want[0] == '\0' || strcmp(findings(&p), want) != 0)
            fail_msg("%s: expected\n%sfound\n%s", files.items[k], want, findings(&p));
        parse_done(&p);
    }
    nl_arena_free(arena);
}

static void accepted_texts_have_none(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/accept", "syntax_");

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const nl_source *source = read_source(arena, files.items[k]);
        parse p = parse_bytes(source->text, source->length);

        if (nl_diags_count(p.diags) > 0) fail_msg("%s: found\n%s", files.items[k], findings(&p));
        parse_done(&p);
    }
    nl_arena_free(arena);
}

static void each_rejected_text_has_a_partner(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/reject", "syntax_");

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const char *name = strrchr(files.items[k], '/');
        read_source(arena, tree_path(arena, nl_arena_printf(arena, "tests/accept%s", name)));
    }
    nl_arena_free(arena);
}

/* The examples of `netlang explain`: the wrong one has this very code, the right one has no fault. */
static void examples_of_codes_hold(void **unused)
{
    (void)unused;
    for (int code = 0; code < NL_CODE_COUNT; code++) {
        const nl_code_info *info = &nl_codes[code];

        if (strncmp(info->code, "E01", 3) != 0 || info->wrong == NULL) continue;
        parse wrong = parse_text(info->wrong), right = parse_good(info->right);
        assert_int_equal(nl_diags_count(wrong.diags), 1);
        assert_int_equal(nl_diags_get(wrong.diags, 0)->code, code);
        parse_done(&wrong);
        parse_done(&right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_texts_have_their_messages),
        cmocka_unit_test(accepted_texts_have_none),
        cmocka_unit_test(each_rejected_text_has_a_partner),
        cmocka_unit_test(examples_of_codes_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
