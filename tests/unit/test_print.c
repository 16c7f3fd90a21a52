#include "../support/syntax.h"

/* ---- files ---- */

static void check_layout(const char *text, const char *want)
{
    parse p = parse_good(text);
    const char *got = nl_print_file(p.arena, &p.parsed);
    parse again = parse_good(got);

    if (strcmp(got, want) != 0) fail_msg("from\n%s\ncame\n%s\nwanted\n%s", text, got, want);
    assert_true(nl_ast_same(p.parsed.file, again.parsed.file));
    assert_string_equal(nl_print_file(again.arena, &again.parsed), got);
    parse_done(&p);
    parse_done(&again);
}

static void layout_is_canonical(void **unused)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "" },
        { "\n\n", "" },
        { "# only\n", "# only\n" },
        { "let a=3;let b =4;\n", "let a = 3\nlet b = 4\n" },
        { "\n\nlet a = 3\n\n\n\nlet b = 4\n\n", "let a = 3\n\nlet b = 4\n" },
        { "let a=2*b+c/d^2", "let a = 2*b + c/d^2\n" },
        { "let a = 2 *b", "let a = 2 * b\n" },
        { "let a = f( x,y [ 1 ],-z )", "let a = f(x, y[1], -z)\n" },
        { "let a = f(k-1)*(k - 1)", "let a = f(k-1)*(k - 1)\n" },
        { "let a = x[ :,1 : 2 ]", "let a = x[:, 1:2]\n" },
        { "let a = 20ms+[1,2]Hz+120[mS / cm^2]", "let a = 20 ms + [1, 2] Hz + 120 [mS/cm^2]\n" },
        { "let a = not(b)and c<=d", "let a = not (b) and c <= d\n" },
        { "print \"{ a+b :.3f}, {{x}}\",3", "print \"{a + b:.3f}, {{x}}\", 3\n" },
        { "population E[ 3 ]{state v=0;v'=-v}", "population E[3] { state v = 0; v' = -v }\n" },
        { "population E {\nstate v = 0\n  v' = -v }", "population E {\n  state v = 0\n  v' = -v\n}\n" },
        { "population E\n{\n}", "population E { }\n" },
        { "population E { # the cells\n\n  state v = 0 # mV\n\n}\n",
          "population E {  # the cells\n  state v = 0  # mV\n}\n" },
        { "population E {\n# first\nstate v = 0\n   # last\n}",
          "population E {\n  # first\n  state v = 0\n  # last\n}\n" },
        { "if a {\nprint 1 }\nelse {\nprint 2\n}", "if a {\n  print 1\n} else {\n  print 2\n}\n" },
        { "if a { print 1 }\nelse   { print 2 }", "if a { print 1 }\nelse   { print 2 }\n" },
        { "if a { print 1 } # one\n# two\nelse { print 2 }", "if a { print 1 }  # one\n# two\nelse { print 2 }\n" },
        { "synapse s( target:name,g : nS=3nS ){delay(3 ms)}",
          "synapse s(target : name, g : nS = 3 nS) { delay (3 ms) }\n" },
        { "projection A->B via r no   self using s(x=1)", "projection A -> B via r no self using s(x = 1)\n" },
        { "solve x in(0,1):x=cos(x)", "solve x in (0, 1) : x = cos(x)\n" },
        { "let   ab = 1\nlet   c  = 2", "let ab = 1\nlet c  = 2\n" },
        { "let   x = 1\nparam y = 2", "let   x = 1\nparam y = 2\n" },
        { "let a   = 1\n\nlet bcd = 2", "let a = 1\n\nlet bcd = 2\n" },
        { "let a = 1    # x\nlet bc = 22  # y", "let a = 1    # x\nlet bc = 22  # y\n" },
        { "let a = 1 # x", "let a = 1  # x\n" },
        { "  let a = b\n          + c", "let a = b\n        + c\n" },
        { "let a=f(1,\n        2)", "let a = f(1,\n          2)\n" },
        { "let a = f(\n1,\n2\n)", "let a = f(\n  1,\n  2\n)\n" },
        { "let a = [1, # one\n         2]  # two", "let a = [1,  # one\n         2]  # two\n" },
        { "let a = 1 +\n\n    # why\n    2", "let a = 1 +\n  # why\n    2\n" },
        { "\tlet a = 1\r\n\tlet b = 2\r\n", "let a = 1\nlet b = 2\n" },
        { "let \xc2\xb5  = 1\nlet abc = 2", "let \xc2\xb5 = 1\nlet abc = 2\n" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) check_layout(cases[k].text, cases[k].want);
}

/* Every accepted text, and the texts with all statements: the same tree, the same comments, and no change the second
 * time. */
static void check_file(const char *path)
{
    nl_arena *arena = nl_arena_new();
    const nl_source *source = read_source(arena, path);
    parse p = parse_good(source->text);
    const char *once = nl_print_file(p.arena, &p.parsed);
    parse again = parse_good(once);

    if (!nl_ast_same(p.parsed.file, again.parsed.file)) fail_msg("%s: another tree:\n%s", path, once);
    assert_int_equal(p.parsed.comment_count, again.parsed.comment_count);
    assert_string_equal(nl_print_file(again.arena, &again.parsed), once);
    parse_done(&p);
    parse_done(&again);
    nl_arena_free(arena);
}

static void printing_keeps_the_tree(void **unused)
{
    static const char *const folders[] = { "tests/golden/ast", "tests/accept" };
    nl_arena *arena = nl_arena_new();

    (void)unused;
    for (size_t k = 0; k < NL_LEN(folders); k++) {
        const path_list files = net_files(arena, folders[k], k == 0 ? "" : "syntax_");
        for (size_t i = 0; i < files.count; i++) check_file(files.items[i]);
    }
    nl_arena_free(arena);
}

static void a_text_with_faults_is_left_alone(void **unused)
{
    static const char *const texts[] = { "let   a = 3 mz\n", "let a = \"b\n", "let  a = (3\nlet b = 4\n", "}\n" };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(texts); k++) {
        parse p = parse_text(texts[k]);
        assert_string_equal(nl_print_file(p.arena, &p.parsed), texts[k]);
        parse_done(&p);
    }
}

/* ---- expressions ---- */

static nl_ast *expression(nl_arena *arena, const char *text)
{
    nl_sources *sources = nl_sources_new(arena);
    nl_ast *e = nl_parse_expression(arena, nl_diags_new(arena, sources),
                                    nl_sources_add(sources, "e", text, strlen(text)));

    if (e == NULL) fail_msg("%s", text);
    return e;
}

static void expressions_print_as_they_are_written(void **unused)
{
    static const char *const texts[] = {
        "a + b - c * d / e div f mod g @ h",
        "-a^2",
        "(-a)^2",
        "2^-x",
        "2^3^4",
        "a - (b - c)",
        "not a == b",
        "a == not b",
        "a and b or not c",
        "a < b <= c",
        "if a then b else if c then d else e + f",
        "(if a then b else c) + d",
        "0 .. L - 1",
        "[1, -2, [3]] Hz",
        "2.385 mV",
        "120 [mS/cm^2]",
        "x[1:2, :, ::3, i]",
        "f(x, b = 2)(3).c[4]",
        "v'",
        "[]",
        "f()",
        "\"a {b:.3f} {{c}} {d}\"",
        "x within 2 % of y",
        "--a",
        "-(-a)",
        "a + -b * c",
        "a * (b + c)",
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(texts); k++) {
        nl_arena *arena = nl_arena_new();
        assert_string_equal(nl_print_expression(arena, expression(arena, texts[k])), texts[k]);
        nl_arena_free(arena);
    }
}

static nl_ast *binary(nl_arena *arena, const char *op, nl_ast *left, nl_ast *right)
{
    return nl_ast_new(arena, NL_AST_BINARY, (nl_span){ 0, 0 }, op, (nl_ast *[]){ left, right }, 2);
}

static nl_ast *unary(nl_arena *arena, nl_ast_kind kind, nl_ast *inner)
{
    return nl_ast_new(arena, kind, (nl_span){ 0, 0 }, NULL, &inner, 1);
}

/* Trees that no text has: parentheses stand where they are needed, and only there. */
static void parentheses_are_added_where_needed(void **unused)
{
    nl_arena *arena = nl_arena_new();
    nl_ast *a = expression(arena, "a"), *sum = expression(arena, "b + c"), *product = expression(arena, "b * c");
    nl_ast *choice = expression(arena, "if p then q else r"), *less = expression(arena, "b < c");
    const struct {
        const nl_ast *e;
        const char *text;
    } cases[] = {
        { binary(arena, "*", sum, a), "(b + c) * a" },
        { binary(arena, "*", a, product), "a * (b * c)" },
        { binary(arena, "*", product, a), "b * c * a" },
        { binary(arena, "-", a, sum), "a - (b + c)" },
        { binary(arena, "^", a, binary(arena, "^", a, a)), "a^a^a" },
        { binary(arena, "^", binary(arena, "^", a, a), a), "(a^a)^a" },
        { binary(arena, "^", unary(arena, NL_AST_NEG, a), a), "(-a)^a" },
        { binary(arena, "^", a, unary(arena, NL_AST_NEG, a)), "a^-a" },
        { binary(arena, "+", choice, a), "(if p then q else r) + a" },
        { binary(arena, "+", a, choice), "a + if p then q else r" },
        { binary(arena, "*", binary(arena, "+", a, choice), a), "(a + if p then q else r) * a" },
        { binary(arena, "+", binary(arena, "+", a, choice), a), "a + (if p then q else r) + a" },
        { binary(arena, "+", binary(arena, "+", a, unary(arena, NL_AST_NOT, a)), a), "a + (not a) + a" },
        { unary(arena, NL_AST_NEG, sum), "-(b + c)" },
        { unary(arena, NL_AST_NEG, binary(arena, "^", a, a)), "-a^a" },
        { unary(arena, NL_AST_NOT, less), "not b < c" },
        { binary(arena, "+", less, a), "(b < c) + a" },
        { binary(arena, "and", less, less), "b < c and b < c" },
        { unary(arena, NL_AST_PRIME, sum), "(b + c)'" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++)
        assert_string_equal(nl_print_expression(arena, cases[k].e), cases[k].text);
    nl_arena_free(arena);
}

static void trees_print_as_lists(void **unused)
{
    parse p = parse_good("param a : mV = -2.5 V in [b, \"c\"]");

    (void)unused;
    assert_string_equal(nl_print_tree(p.arena, p.parsed.file),
                        "BLOCK\n"
                        "  PARAMS\n"
                        "    ITEM a : mV\n"
                        "      -\n"
                        "      NEG\n"
                        "        NUMBER 2.5 V (2500)\n"
                        "      ARRAY\n"
                        "        NAME b\n"
                        "        STRING \"c\"\n"
                        "      -\n");
    parse_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_canonical),
        cmocka_unit_test(printing_keeps_the_tree),
        cmocka_unit_test(a_text_with_faults_is_left_alone),
        cmocka_unit_test(expressions_print_as_they_are_written),
        cmocka_unit_test(parentheses_are_added_where_needed),
        cmocka_unit_test(trees_print_as_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
