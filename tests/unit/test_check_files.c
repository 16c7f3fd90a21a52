/* Pairs of programs whose faults the checker finds: each body_*.net and check_*.net in tests/reject says on its first
 * lines what is found in it,
 *     # expect E0303 at 3:14
 * one line for each error, in order, and for each warning where one is expected; the file of the same name in
 * tests/accept has no error, and not that warning. */
#include "../support/syntax.h"

#include "check/check.h"

static const char *const prefixes[] = { "body_", "check_" };

/* The expectations on the first lines, as "E0303 at 3:14\n" each. */
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

static bool expects_warning(const char *expected) { return strchr(expected, 'W') != NULL; }

static const char *findings(const parse *p, bool with_warnings)
{
    nl_text out = nl_text_new(p->arena);

    for (size_t k = 0; k < nl_diags_count(p->diags); k++) {
        const nl_diag *diag = nl_diags_get(p->diags, k);
        const nl_pos at = nl_sources_locate(p->sources, diag->span.begin);

        if (!with_warnings && nl_codes[diag->code].severity == NL_WARNING) continue;
        nl_text_addf(&out, "%s at %zu:%zu\n", nl_codes[diag->code].code, at.line, at.col);
    }
    return out.chars;
}

static parse check_bytes(const nl_source *source)
{
    parse p = parse_bytes(source->text, source->length);
    const char *dirs[] = { tree_path(p.arena, "stdlib") };
    nl_check *ck = NL_NEW(p.arena, nl_check);

    *ck = (nl_check){ .arena = p.arena, .diags = p.diags, .sources = p.sources, .folder = ".", .search_dirs = dirs,
                      .search_dir_count = 1 };
    if (nl_diags_error_count(p.diags) == 0) nl_check_file(ck, &p.parsed);
    return p;
}

static void check_rejected(nl_arena *arena, const char *path)
{
    const nl_source *source = read_source(arena, path);
    parse p = check_bytes(source);
    const char *want = expectations(arena, source);

    const char *got = findings(&p, expects_warning(want));

    if (want[0] == '\0' || strcmp(got, want) != 0) fail_msg("%s: expected\n%sfound\n%s", path, want, got);
    parse_done(&p);
}

static void check_accepted(nl_arena *arena, const char *path)
{
    const char *name = strrchr(path, '/');
    const nl_source *source = read_source(arena, tree_path(arena, nl_arena_printf(arena, "tests/accept%s", name)));
    parse p = check_bytes(source);

    const char *got = findings(&p, expects_warning(expectations(arena, read_source(arena, path))));

    if (got[0] != '\0') fail_msg("tests/accept%s: found\n%s", name, got);
    parse_done(&p);
}

static void for_each_pair(void (*check)(nl_arena *arena, const char *path))
{
    for (size_t k = 0; k < NL_LEN(prefixes); k++) {
        nl_arena *arena = nl_arena_new();
        const path_list files = net_files(arena, "tests/reject", prefixes[k]);

        for (size_t i = 0; i < files.count; i++) check(arena, files.items[i]);
        nl_arena_free(arena);
    }
}

static void rejected_programs_have_their_messages(void **unused)
{
    (void)unused;
    for_each_pair(check_rejected);
}

static void accepted_programs_have_no_error(void **unused)
{
    (void)unused;
    for_each_pair(check_accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_programs_have_their_messages),
        cmocka_unit_test(accepted_programs_have_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
