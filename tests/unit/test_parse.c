#include "../support/syntax.h"

#include "syntax/token.h"

/* ---- trees ---- */

/* tests/golden/ast/x.net has its tree in x.expected; NL_BLESS=1 rewrites it. */
static void trees_are_as_expected(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/golden/ast", "");

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const size_t stem = strlen(files.items[k]) - strlen(".net");
        const char *expected = nl_arena_printf(arena, "%.*s.expected", (int)stem, files.items[k]);
        parse p = parse_good(read_source(arena, files.items[k])->text);
        const char *got = nl_print_tree(p.arena, p.parsed.file);

        if (getenv("NL_BLESS") != NULL) {
            FILE *out = fopen(expected, "w");
            assert_non_null(out);
            fputs(got, out);
            fclose(out);
        } else if (strcmp(got, read_source(arena, expected)->text) != 0) {
            fail_msg("%s: another tree\n%s", files.items[k], got);
        }
        parse_done(&p);
    }
    nl_arena_free(arena);
}

/* Two texts, one tree. */
static void spellings_that_mean_the_same(void **unused)
{
    static const char *const cases[][2] = {
        { "let a = 0..10", "let a = 0 .. 10" },
        { "let a = 2.*pi", "let a = 2.*  pi" },
        { "let x = 1; let y = 2;;", "let x = 1\n\n;\nlet y = 2" },
        { "let a = -2^2", "let a = - 2 ^ 2" },
        { "let a = not b == c", "let a = not\n  b\n  == c" },
        { "let a = [1, 2,]", "let a = [\n1,\n2\n]" },
        { "if a { print 1 } else { print 2 }", "if a\n{\n  print 1\n}\n\nelse\n{\n  print 2\n}" },
        { "population P { x' = -x\n+ 3 }", "population P { x' = -x + 3 }" },
        { "projection A -> B via r no self", "projection A\n-> B\nvia r\nno self" },
        { "let a = f(x\n)", "let a = f(x)\r\n" },
        { "let a = 1 # b\n  + 2", "let a = 1 + 2" },
        { "let \xc2\xb5 = 1", "let \xc2\xb5=1" },
        { "let a = \"x = {b:.3f}\"", "let a = \"x = { b:.3f}\"" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        parse a = parse_text(cases[k][0]), b = parse_text(cases[k][1]);
        assert_int_equal(nl_diags_count(a.diags) + nl_diags_count(b.diags), 0);
        if (!nl_ast_same(a.parsed.file, b.parsed.file)) fail_msg("%s", cases[k][0]);
        parse_done(&a);
        parse_done(&b);
    }
}

static void different_texts_are_different_trees(void **unused)
{
    static const char *const cases[][2] = {
        { "let a = 2", "let a = 2.0" },         { "let a = 2", "let b = 2" },      { "let a = 2 ms", "let a = 2 s" },
        { "let a = b - c", "let a = b + c" },   { "let a = b < c", "let a = b <= c" },
        { "let a = (b)", "let a = b" },         { "let a = b[1:]", "let a = b[:1]" },
        { "let a = [1] mV", "let a = [1 mV]" }, { "projection A -> B via r no self", "projection A -> B via r" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        parse a = parse_good(cases[k][0]), b = parse_good(cases[k][1]);
        assert_false(nl_ast_same(a.parsed.file, b.parsed.file));
        parse_done(&a);
        parse_done(&b);
    }
}

/* ---- numbers and units ---- */

static const nl_ast *value_of_let(const parse *p)
{
    return p->parsed.file->kids[0]->kids[0]->kids[1];
}

static void literals_have_their_values(void **unused)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        { "let a = 0.1 ms", 0.1 },     { "let a = 2 s", 2000 },       { "let a = 2.5 %", 0.025 },
        { "let a = 0.3 [1/ms]", 0.3 }, { "let a = .5", 0.5 },         { "let a = 2.", 2 },
        { "let a = 1.e3", 1000 },      { "let a = 1e-3", 1e-3 },      { "let a = 7 Hz", 0.007 },
        { "let a = 3 [ms^(1/2)]", 3 }, { "let a = 3 [mV*ms/mV]", 3 },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        parse p = parse_good(cases[k].text);
        const nl_ast *number = value_of_let(&p);

        assert_int_equal(number->kind, NL_AST_NUMBER);
        assert_exact(number->number, cases[k].value);
        parse_done(&p);
    }
}

static void units_of_arrays_go_to_their_elements(void **unused)
{
    parse p = parse_good("let a = [25, -0.3, 2 * b, [4]] s");
    const nl_ast *array = value_of_let(&p);

    (void)unused;
    assert_string_equal(array->unit_text, "s");
    assert_exact(array->kids[0]->number, 25000);
    assert_null(array->kids[0]->unit_text);
    assert_exact(array->kids[1]->kids[0]->number, 300);
    assert_int_equal(array->kids[2]->kind, NL_AST_SCALED);
    assert_int_equal(array->kids[2]->unit.shift, 3);
    assert_exact(array->kids[3]->kids[0]->number, 4000);
    parse_done(&p);
}

static void stated_units_stand_at_their_names(void **unused)
{
    parse p = parse_good("neuron s(target : name, g : [mS/cm^2] = 3 [mS/cm^2], n) { input I : mV }");
    const nl_ast *params = p.parsed.file->kids[0]->kids[0], *input = p.parsed.file->kids[0]->kids[1]->kids[0]->kids[0];

    (void)unused;
    assert_string_equal(params->kids[0]->unit_text, "name");
    assert_false(params->kids[0]->has_unit);
    assert_true(params->kids[1]->has_unit);
    assert_string_equal(params->kids[1]->unit_text, "[mS/cm^2]");
    assert_null(params->kids[2]->unit_text);
    assert_true(input->has_unit);
    parse_done(&p);
}

/* ---- words ---- */

static const char *replace(nl_arena *arena, const char *text, const char *old, const char *with)
{
    nl_text out = nl_text_new(arena);

    for (const char *at; (at = strstr(text, old)) != NULL; text = at + strlen(old)) {
        nl_text_add(&out, text, (size_t)(at - text));
        nl_text_adds(&out, with);
    }
    nl_text_adds(&out, text);
    return out.chars;
}

/* Every statement with every soft word in the place of a name gives the tree of the plain name. */
static void soft_words_are_names_everywhere(void **unused)
{
    static const char *const texts[] = {
        "let qq = 3, b = qq + f(qq, qq = 2) * qq[qq]",
        "param qq = 1 in [qq, 2]",
        "param (qq, b) = qq",
        "state qq = 0\nqq' = -qq + qq.qq",
        "solve qq in (qq, 3) : qq = qq",
        "function qq(qq = 3) = qq",
        "function f(qq) { let qq = qq; if qq { return qq } else { return -qq } }",
        "population qq[qq] using qq(qq = qq) { state qq = 0; 3 * qq' = qq; next qq = qq; history qq = qq }",
        "population P { input qq; every step { qq = 3; qq += qq }; method = qq }",
        "population P { every qq from qq { qq = 3 }; at qq { qq[qq] = qq } }",
        "population P { spike when qq > qq select qq { qq = 3 }\nrefractory qq holding qq, b }",
        "population P { spike at qq\nspike at (qq, qq)\nevent qq when qq crosses above qq { qq = 2 } }",
        "projection qq : qq -> qq via qq no self excluding qq, b using qq { delay qq; on pre { qq += post.qq } }",
        "neuron qq(qq, b : mV) { state b = qq }",
        "connector qq(qq) = qq(qq)",
        "circuit qq(qq) { let b = qq }\ncircuit b = qq(qq = qq)",
        "for qq in qq { run qq }",
        "for k in qq .. qq { run k }",
        "record qq = qq\nrecord qq every qq from qq\nrecord qq at qq",
        "record qq.qq[qq]",
        "run qq\nrun until qq < qq, at most qq",
        "set qq = qq\nset qq.qq = 3\nreset qq\nsnapshot qq\nrestore qq",
        "sweep qq = qq, b = qq { run 1 }\nsweep (qq, b) in qq { run 1 }\ntrials qq { run 1 }",
        "collect qq = qq\nprint qq, \"{qq:.3f}\"\nexpect qq within qq of qq, \"late\"",
        "figure \"a\" columns qq { plot qq }\nplot qq(qq)\nkeep qq, qq.qq",
        "let b = if qq then qq else qq, c = [qq, qq] + (qq) @ qq or qq and not qq",
        "use \"a.net\" as qq",
        "let b = qq[:qq], c = qq[qq:qq:qq], d = qq(qq).qq",
    };

    (void)unused;
    for (int word = 0; word < NL_KEYWORD_COUNT; word++) {
        if (nl_keywords[word].place == NL_KEYWORD_IS_RESERVED) continue;
        for (size_t k = 0; k < NL_LEN(texts); k++) {
            parse plain = parse_good(texts[k]);
            parse soft = parse_good(replace(plain.arena, texts[k], "qq", nl_keywords[word].word));
            const char *want = replace(soft.arena, nl_print_tree(soft.arena, plain.parsed.file), "qq",
                                       nl_keywords[word].word);

            assert_string_equal(nl_print_tree(soft.arena, soft.parsed.file), want);
            parse_done(&plain);
            parse_done(&soft);
        }
    }
}

/* A name is the same name however its accents were typed. */
static void names_are_compared_composed(void **unused)
{
    static const char *const cases[][2] = {
        { "e\xcc\x81", "\xc3\xa9" },                          /* e with acute */
        { "o\xcc\x9b\xcc\xa3", "\xe1\xbb\xa3" },              /* o with horn and dot below .. */
        { "o\xcc\xa3\xcc\x9b", "\xe1\xbb\xa3" },              /* .. in the other order */
        { "\xc3\xb4\xcc\xa3x", "\xe1\xbb\x99x" },             /* a mark that slips below another */
        { "\xe2\x84\xa6", "\xce\xa9" },                       /* ohm */
        { "R_\xe2\x84\xab", "R_\xc3\x85" },                   /* angstrom */
        { "\xce\xb1\xcc\x93\xcc\x81", "\xe1\xbc\x84" },      /* Greek alpha with psili and oxia */
        { "x\xcc\x81", "x\xcc\x81" },                         /* has no composed form */
        { "\xc2\xb5", "\xc2\xb5" },                           /* micro is not mu in form C */
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        nl_arena *arena = nl_arena_new();
        parse p = parse_good(nl_arena_printf(arena, "let %s = 1", cases[k][0]));

        assert_string_equal(p.parsed.file->kids[0]->kids[0]->name, cases[k][1]);
        parse_done(&p);
        nl_arena_free(arena);
    }
}

/* ---- documentation ---- */

static void documentation_belongs_to_declarations(void **unused)
{
    parse p = parse_good("## The file,\n## in two lines.\n"
                         "param a = 1, b = 2,  ## first\n"
                         "      c = 3          ## second\n"
                         "## A neuron.\n"
                         "neuron n(x = 1,      ## its x\n"
                         "         y = 2) {\n"
                         "  state v = 0        # plain\n"
                         "  state w = 0; state u = 1  ## only u\n"
                         "}\n\n"
                         "## apart\n\n"
                         "let d = 3\n");
    const nl_ast *file = p.parsed.file, *params = file->kids[0], *neuron = file->kids[1], *body = neuron->kids[1];

    (void)unused;
    assert_string_equal(file->doc, "The file,\nin two lines.");
    assert_string_equal(params->doc, "second");
    assert_string_equal(params->kids[0]->doc, "second");
    assert_string_equal(params->kids[1]->doc, "first");
    assert_string_equal(params->kids[2]->doc, "second");
    assert_string_equal(neuron->doc, "A neuron.");
    assert_string_equal(neuron->kids[0]->kids[0]->doc, "its x");
    assert_null(neuron->kids[0]->kids[1]->doc);
    assert_null(body->kids[0]->doc);
    assert_null(body->kids[1]->doc);
    assert_string_equal(body->kids[2]->doc, "only u");
    assert_null(file->kids[2]->doc);
    assert_int_equal(p.parsed.comment_count, 9);
    parse_done(&p);
}

static void first_comment_also_belongs_to_a_rule(void **unused)
{
    parse p = parse_good("## A rule.\nfunction f(x) = x\n");

    (void)unused;
    assert_string_equal(p.parsed.file->doc, "A rule.");
    assert_string_equal(p.parsed.file->kids[0]->doc, "A rule.");
    parse_done(&p);
}

/* ---- faults ---- */

static void columns_count_code_points(void **unused)
{
    parse p = parse_text("let \xc2\xb5\xc2\xb5 = \"\xe2\x82\xac\" + 3 4");
    const nl_diag *diag = nl_diags_get(p.diags, 0);

    (void)unused;
    assert_int_equal(nl_diags_count(p.diags), 1);
    assert_int_equal(nl_sources_locate(p.sources, diag->span.begin).col, 18);
    parse_done(&p);
}

static void texts_that_are_no_text(void **unused)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *sentence, *help;
    } cases[] = {
        { "\xff\xfel\0e\0t\0", 8, "the byte 0xFF is not valid UTF-8", "the file is in UTF-16; save it as UTF-8" },
        { "let a\0 = 3", 10, "a NUL byte has no place in a text", "a .net file is UTF-8 text" },
        { "# \xe9t\xe9", 5, "the byte 0xE9 is not valid UTF-8", "save the file as UTF-8" },
        { "# \xed\xa0\x80", 5, "the byte 0xED is not valid UTF-8", "save the file as UTF-8" },
        { "# \xc0\xaf", 4, "the byte 0xC0 is not valid UTF-8", "save the file as UTF-8" },
        { "# \xf4\x90\x80\x80", 6, "the byte 0xF4 is not valid UTF-8", "save the file as UTF-8" },
        { "# \xe2\x82", 4, "the byte 0xE2 is not valid UTF-8", "save the file as UTF-8" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        parse p = parse_bytes(cases[k].bytes, cases[k].length);
        assert_int_equal(nl_diags_count(p.diags), 1);
        assert_int_equal(nl_diags_get(p.diags, 0)->code, NL_E_CHARACTER);
        assert_string_equal(nl_diags_get(p.diags, 0)->text, cases[k].sentence);
        assert_string_equal(nl_diags_get(p.diags, 0)->help, cases[k].help);
        parse_done(&p);
    }
}

/* Messages stand in the order of their lines, one to a line, and end at the limit. */
static void messages_are_in_order_and_few(void **unused)
{
    nl_arena *arena = nl_arena_new();
    nl_text text = nl_text_new(arena);
    size_t last = 0;

    (void)unused;
    for (int k = 0; k < 12; k++)
        nl_text_adds(&text, "let a = 3 mz 4 5\nlet b = 2**(3 - )\nx = = 4 }\nlet d = a b c d\n");
    parse p = parse_text(text.chars);
    assert_int_equal(nl_diags_count(p.diags), NL_ERROR_LIMIT);
    for (size_t k = 0; k < nl_diags_count(p.diags); k++) {
        const size_t line = nl_sources_locate(p.sources, nl_diags_get(p.diags, k)->span.begin).line;
        assert_true(line > last);
        last = line;
    }
    parse_done(&p);
    nl_arena_free(arena);
}

static void what_is_nested_too_deeply_is_refused(void **unused)
{
    static const struct {
        const char *before, *piece, *behind;
        int fits, refused;
    } cases[] = {
        { "let x = ", "(", "1", 0, 257 },        { "let x = ", "[", "", 0, 300 },
        { "let x = 1", " + 1", "", 1900, 9000 }, { "let x = ", "-", "1", 1900, 50000 },
        { "let x = 1", "^2", "", 1900, 50000 },  { "let x = ", "not ", "y", 1900, 5000 },
        { "", "if 1 < 2 {", "", 0, 400 },        { "let x = ", "if a then b else ", "c", 1900, 5000 },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++)
        for (int refused = cases[k].fits == 0; refused < 2; refused++) {
            nl_arena *arena = nl_arena_new();
            nl_text text = nl_text_new(arena);

            nl_text_adds(&text, cases[k].before);
            for (int i = 0; i < (refused ? cases[k].refused : cases[k].fits); i++) nl_text_adds(&text, cases[k].piece);
            nl_text_adds(&text, cases[k].behind);
            parse p = parse_text(text.chars);
            assert_int_equal(nl_diags_error_count(p.diags) > 0, refused);
            if (refused) assert_int_equal(nl_diags_get(p.diags, 0)->code, NL_E_NESTING);
            parse_done(&p);
            nl_arena_free(arena);
        }
}

/* ---- damaged texts ---- */

typedef struct damage {
    size_t harmless, one_message, right_line, more;
} damage;

static void count_damage(damage *d, const parse *p, uint32_t line)
{
    const size_t count = nl_diags_count(p->diags);

    d->harmless += count == 0;
    d->more += count > 1;
    if (count != 1) return;
    d->one_message++;
    d->right_line += nl_sources_locate(p->sources, nl_diags_get(p->diags, 0)->span.begin).line == line;
}

/* The text of the source without the bytes begin .. end, with `instead` in their place. */
static parse parse_changed(nl_arena *arena, const nl_source *source, uint32_t begin, uint32_t end, const char *instead)
{
    nl_text text = nl_text_new(arena);

    nl_text_add(&text, source->text, begin - source->base);
    nl_text_adds(&text, instead);
    nl_text_adds(&text, source->text + (end - source->base));
    return parse_text(text.chars);
}

/* One token left out: mostly one message, and that on the right line. */
static void a_deleted_token_gives_one_message(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/golden/ast", "");
    damage d = { 0 };

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const nl_source *source = read_source(arena, files.items[k]);
        nl_lexer lexer;

        nl_lex_source(&lexer, arena, source);
        for (size_t t = 0; t + 2 < lexer.tokens.count; t++) {
            const nl_token *token = &lexer.tokens.items[t];
            parse p = parse_changed(arena, source, token->span.begin, token->span.end, " ");
            if (token->kind != '\n') count_damage(&d, &p, token->line);
            parse_done(&p);
        }
    }
    assert_true(d.one_message > 1000);
    assert_true(d.more * 50 < d.one_message);
    assert_true(d.right_line * 20 > d.one_message * 19);
    nl_arena_free(arena);
}

/* A line's end in another place: the same tree or a message, never another tree. */
static void a_newline_never_gives_another_tree(void **unused)
{
    nl_arena *arena = nl_arena_new();
    const path_list files = net_files(arena, "tests/golden/ast", "");

    (void)unused;
    for (size_t k = 0; k < files.count; k++) {
        const nl_source *source = read_source(arena, files.items[k]);
        parse whole = parse_good(source->text);
        nl_lexer lexer;

        nl_lex_source(&lexer, arena, source);
        for (size_t t = 0; t + 2 < lexer.tokens.count; t++) {
            const nl_token *token = &lexer.tokens.items[t];
            parse p = parse_changed(arena, source, token->span.begin, token->span.begin, "\n");
            if (nl_diags_count(p.diags) == 0 && !nl_ast_same(p.parsed.file, whole.parsed.file))
                fail_msg("%s: line %u: a newline before `%s` changes the tree", files.items[k], token->line,
                         token->text);
            parse_done(&p);
        }
        parse_done(&whole);
    }
    nl_arena_free(arena);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Pieces of the language in any order, and bytes: whatever comes, a tree and messages in their file. */
static void anything_can_be_parsed(void **unused)
{
    static const char *const pieces[] = {
        "population", "E",       "{",          "}",       "(",        ")",     "[",         "]",    "\n",     ";",
        ",",          ":",       "=",          "+",       "-",        "'",     "x'",        "3",    "ms",     "0.5 mV",
        "\"a",        "\"",      "{x:",        "if",      "then",     "else",  "every",     "step", "record", "at",
        "via",        "no self", "crosses",    "within",  "of",       "%",     "..",        "->",   "+=",     "for",
        "k",          "in",      "run",        "until",   "#",        "\\",    "\xc3\xa9",  "\xff", "'a'",    "//",
        "/*",         "*/",      "\t",         "def",     "function", "f",     "on",        "pre",  ".",      "delay",
        "==",         "<",       "spike when", "holding", "return",   "sweep", "[mS/cm^2]",
    };
    uint32_t state = 2385;

    (void)unused;
    for (int round = 0; round < 3000; round++) {
        nl_arena *arena = nl_arena_new();
        nl_text text = nl_text_new(arena);

        for (uint32_t k = next_random(&state) % 40; k > 0; k--)
            nl_text_addf(&text, "%s%s", pieces[next_random(&state) % NL_LEN(pieces)],
                         next_random(&state) % 3 ? " " : "");
        parse p = parse_text(text.chars);
        assert_non_null(p.parsed.file);
        for (size_t k = 0; k < nl_diags_count(p.diags); k++)
            assert_non_null(nl_sources_locate(p.sources, nl_diags_get(p.diags, k)->span.begin).source);
        parse_done(&p);
        nl_arena_free(arena);
    }
}

/* ---- expressions alone ---- */

static void expressions_are_parsed_alone(void **unused)
{
    static const struct {
        const char *text, *printed; /* NULL: none */
    } cases[] = {
        { "3 mV", "3 mV" },
        { "[3, 4, 4, 2]", "[3, 4, 4, 2]" },
        { "  run + at[1]\n", "run + at[1]" },
        { "\"a\"", "\"a\"" },
        { "", NULL },
        { "3 4", NULL },
        { "x = 3", NULL },
        { "3; 4", NULL },
        { "(3", NULL },
        { "3)", NULL },
        { "3 mz", NULL },
        { "let x = 3", NULL },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        nl_arena *arena = nl_arena_new();
        nl_sources *sources = nl_sources_new(arena);
        nl_diags *diags = nl_diags_new(arena, sources);
        const nl_ast *e = nl_parse_expression(arena, diags,
                                              nl_sources_add(sources, "-D", cases[k].text, strlen(cases[k].text)));

        if (cases[k].printed != NULL) assert_string_equal(nl_print_expression(arena, e), cases[k].printed);
        else assert_null(e);
        assert_int_equal(nl_diags_error_count(diags) > 0, cases[k].printed == NULL);
        nl_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_as_expected),
        cmocka_unit_test(spellings_that_mean_the_same),
        cmocka_unit_test(different_texts_are_different_trees),
        cmocka_unit_test(literals_have_their_values),
        cmocka_unit_test(units_of_arrays_go_to_their_elements),
        cmocka_unit_test(stated_units_stand_at_their_names),
        cmocka_unit_test(soft_words_are_names_everywhere),
        cmocka_unit_test(names_are_compared_composed),
        cmocka_unit_test(documentation_belongs_to_declarations),
        cmocka_unit_test(first_comment_also_belongs_to_a_rule),
        cmocka_unit_test(columns_count_code_points),
        cmocka_unit_test(texts_that_are_no_text),
        cmocka_unit_test(messages_are_in_order_and_few),
        cmocka_unit_test(what_is_nested_too_deeply_is_refused),
        cmocka_unit_test(a_deleted_token_gives_one_message),
        cmocka_unit_test(a_newline_never_gives_another_tree),
        cmocka_unit_test(anything_can_be_parsed),
        cmocka_unit_test(expressions_are_parsed_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
