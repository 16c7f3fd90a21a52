/* Expressions, declarations and the protocol's checks: texts and what they give. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "check/use.h"
#include "support/close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    nl_arena *arena;
    nl_sources *sources;
    nl_diags *diags;
    nl_check *check;
    bool good;
} outcome;

static outcome check_with(const char *text, const char *const *defines, size_t define_count)
{
    outcome o = { .arena = nl_arena_new() };

    o.sources = nl_sources_new(o.arena);
    o.diags = nl_diags_new(o.arena, o.sources);
    const nl_parsed parsed = nl_parse_source(o.arena, o.diags, nl_sources_add(o.sources, "t.net", text, strlen(text)));
    o.check = NL_NEW(o.arena, nl_check);
    *o.check = (nl_check){ .arena = o.arena, .diags = o.diags, .sources = o.sources, .folder = ".", .defines = defines,
                           .define_count = define_count, .stdlib_dir = NL_STDLIB_BUILD };
    o.good = nl_diags_error_count(o.diags) == 0 && nl_check_file(o.check, &parsed);
    return o;
}

static outcome check_text(const char *text) { return check_with(text, NULL, 0); }

/* Passes; complains with the messages otherwise. */
static void must_pass(const outcome *o, const char *text)
{
    if (o->good) return;
    nl_diags_print(stderr, o->diags, 0);
    fail_msg("refused: %s", text);
}

static nl_value value_of(const outcome *o, const char *name)
{
    const nl_symbol *symbol = nl_scope_find(o->check->top, name);

    if (symbol == NULL) fail_msg("no `%s`", name);
    return symbol->value;
}

/* --- values --- */

static const struct { const char *text; double wanted;
} numbers[] = {
    { "let y = 2.385 + 3*4^2", 50.385 },
    { "let y = -7 div 2", -4 },
    { "let y = -7 mod 3", 2 },
    { "let y = 2^3^2", 512 },
    { "let y = -2^2", -4 },
    { "let y = if 1 < 2 < 3 then 7 else missing_never_evaluated_is_an_error_0", 7 },
    { "let y = (3 > 2) + 1", 2 },
    { "let y = 20 ms / (5 ms)", 4 },
    { "let y = 3 s", 3000 },
    { "let y = 8 Hz", 0.008 },
    { "let y = 12 %", 0.12 },
    { "let y = sum(3 .. 6)", 12 },
    { "let v = [1, 2, 3, 4]\nlet y = sum(v[1:-1])", 5 },
    { "let v = [5, 6, 7]\nlet y = sum(v[v > 5])", 13 },
    { "let v = [[1, 2], [3, 4]]\nlet y = v[1, 0]", 3 },
    { "let v = [[1, 2], [3, 4]]\nlet y = sum(v[:, 1])", 6 },
    { "function f(x, k = 2) = k*x\nlet y = f(3) + f(1, k = 5)", 11 },
    { "function f(x) { let z = x + 1; if z > 3 { return z }; return -z }\nlet y = f(1) + 10*f(3)", 38 },
    { "function f(x) { if x > 0 { let a = 1 } else { let a = 2 }; return a }\nlet y = f(-1)", 2 },
    { "function g(x) = x^2\nfunction f(x) = g(x) + 1\nlet y = f(3)", 10 },
    { "let mean = 3\nlet y = mean", 3 },
    { "let s = table([10, 20, 30], dt = 2)\nlet y = s(3)", 20 },
    { "let s = table([[1, 2], [3, 4]], dt = 2)\nlet y = s(2.5, 1)", 4 },
    { "param (a, b) = [[1, 2 mV], [3, 4 mV]]\nlet y = sum(a) + b[1] / (1 mV)", 8 },
    { "let (a, b) = load_free([[1, 2], [3, 4]])\nfunction load_free(x) = x\nlet y = a[1]", NAN },
    { "solve y in (0, 10) : y^2 = 2", 1.4142135623730951 },
    { "solve y in (0 ms, inf) : exp(-y / (20 ms)) = 0.5", 13.862943611198906 },
    { "solve t_resp in (0, 100) : 1/t_resp = 1/100 + (1 - exp(-0.1/t_resp)) / 0.1\nlet y = t_resp",
      2.2194014981019734 },
    { "simulation { dt = 0.25 }\nlet y = 3*dt", 0.75 },
    { "let y = 3*dt\nsimulation { dt = 0.25 }", 0.75 },
    { "let y = pi", 3.14159265358979323846 },
    { "let a = 1\nlet y = if a == 1 and not (a > 2 or a < 0) then 1 else 0", 1 },
    { "let a = 0\nlet y = if a == 0 or [1, 2][7] == 3 then 1 else 0", NAN },
    { "let y = sum(if [1, 2, 3] > 1 then 10 else 1)", 21 },
    { "let k = 4\nlet s = \"{k:.2f}\"\nlet y = if s == \"4.00\" then 1 else 0", 1 },
};

static void gives_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < NL_LEN(numbers); i++) {
        outcome o = check_text(numbers[i].text);

        if (isnan(numbers[i].wanted) || strstr(numbers[i].text, "missing_never") != NULL) {
            assert_false(o.good);
        } else {
            must_pass(&o, numbers[i].text);
            assert_close(value_of(&o, "y").data[0], numbers[i].wanted, 1e-9);
        }
        nl_arena_free(o.arena);
    }
}

/* --- -D --- */

static void overrides_parameters(void **state)
{
    static const char text[] = "param tau = 20 ms in [1 ms, 100 ms]\nparam rule = \"late\" in [\"early\", "
                               "\"late\"]\nparam n = [1, 2]\n"
                               "param on = true\nlet y = tau / (1 ms) + sum(n) + (rule == \"early\") + "
                               "2*on\nsimulation { dt = 0.1 ms; seed = 3 }";
    static const struct { const char *defines[3]; double wanted;
    } cases[] = {
        { { "tau=20 ms" }, 25 },
        { { "tau=0.03 s", "rule=early" }, 36 },
        { { "n=[1,2,3]", "on=false" }, 26 },
        { { "rule=\"early\"" }, 26 },
        { { "tau=200 ms" }, NAN },
        { { "tau=3" }, NAN },
        { { "rule=never" }, NAN },
        { { "on=3" }, NAN },
        { { "tua=3 ms" }, NAN },
        { { "n=2" }, NAN },
        { { "y=2" }, NAN },
        { { "tau" }, NAN },
        { { "dt=1 mV" }, NAN },
        { { "dt=0.2 ms" }, 25 },
        { { "seed=-1" }, NAN },
        { { "tau=1 ms", "tau=2 ms" }, 7 },
    };

    (void)state;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        size_t count = 0;
        while (count < 3 && cases[i].defines[count] != NULL) count++;
        outcome o = check_with(text, cases[i].defines, count);

        if (isnan(cases[i].wanted) != !o.good) fail_msg("-D %s", cases[i].defines[0]);
        if (o.good) assert_close(value_of(&o, "y").data[0], cases[i].wanted, 1e-12);
        nl_arena_free(o.arena);
    }
}

static void draws_follow_the_seed(void **state)
{
    static const char text[] = "let w = uniform(0, 1, size = 5)\nlet v = uniform(0, 1, size = 5)\nsimulation { seed = "
                               "4 }";
    static const char *const seed[] = { "seed=5" };
    outcome a = check_text(text), b = check_text(text), c = check_with(text, seed, 1);

    (void)state;
    for (int k = 0; k < 5; k++) {
        assert_true(value_of(&a, "w").data[k] == value_of(&b, "w").data[k]);
        assert_true(value_of(&a, "w").data[k] != value_of(&a, "v").data[k]);
        assert_true(value_of(&a, "w").data[k] != value_of(&c, "w").data[k]);
    }
    nl_arena_free(a.arena);
    nl_arena_free(b.arena);
    nl_arena_free(c.arena);
}

/* --- what is refused --- */

static const struct { const char *text, *code, *words; } refused[] = {
    { "param tau = 1\nlet y = tua", "E0303", "did you mean `tau`?" },
    { "let y = squareroot(2)", "E0303", "squareroot" },
    { "let y = maen([1, 2])", "E0303", "did you mean `mean`?" },
    { "function f(x) = x + k", "E0303", "k" },
    { "let a = 1\nlet a = 2", "E0304", "declared here" },
    { "param p = [0.5, 2] in [0, 1]", "E0305", "is 2," },
    { "param p = 3 mV in [0 ms, 1 ms]", "E0301", "range" },
    { "let y = t", "E0306", "run" },
    { "population X[3] { state x = 1 }\nlet y = X.x", "E0306", "X.x" },
    { "function f(x) = f(x)\nlet y = f(1)", "E0307", "f" },
    { "solve x in (1, 2) : x = 3", "E0308", "between 1 and 2" },
    { "solve x in (1 ms, 2 ms) : x = 3", "E0301", "" },
    { "function f(x) = x\nlet y = f()", "E0309", "without its argument `x`" },
    { "function f(x) = x\nlet y = f(z = 1)", "E0309", "no argument `z`" },
    { "function f(x : mV) = x\nlet y = f(3 ms)", "E0301", "argument `x`" },
    { "let a = 2\nlet y = a(3)", "E0309", "like a function" },
    { "simulation { dt = 0.1 }\nlet y = 3 ms", "E0310", "bare number" },
    { "simulation { dt = 0 }", "E0311", "positive" },
    { "simulation { dz = 0 }", "E0311", "did you mean `dt`?" },
    { "simulation { seed = 1.5 }", "E0311", "whole" },
    { "sweep a = [1, 2] { print 1 }", "E0311", "time step" },
    { "param a = 1\nsimulation { dt = 1 }\nset a = 2\nparam b = 2", "E0313", "" },
    { "param a = 1\nsimulation { dt = a }\nset a = 2", "E0314", "a" },
    { "method m { c = [0, 1]; a = [[], [1/2]]; b = [0, 1] }", "E0315", "node" },
    { "method m { c = [0]; a = [[1]]; b = [1] }", "E0315", "explicit" },
    { "method m { c = [0]; b = [1] }", "E0315", "no `a`" },
    { "let (a, b) = [[1, 2, 3]]", "E0316", "3 columns" },
    { "param a = 1\nset b = 2", "E0303", "b" },
    { "param a = 1 mV\nset a = 2 ms", "E0301", "" },
    { "param a = [1, 2]\nset a = [1, 2, 3]", "E0302", "" },
    { "param a = 1 in [0, 2]\nset a = 3", "E0305", "" },
    { "let y = [1, 2, 3]\nprint y[3]", "E0202", "" },
    { "print \"{1:q}\"", "E0201", "format" },
    { "expect 3", "E0201", "condition" },
    { "keep nothing", "E0303", "nothing" },
    { "for k in 3 { print k }", "E0201", "list" },
    { "run 1", "E0311", "time step" },
    { "let a = 2\nfor k in 0 .. 2 { let a = k }", "E0304", "hide" },
};

static const nl_diag *find_code(const outcome *o, const char *code)
{
    for (size_t i = 0; i < nl_diags_count(o->diags); i++)
        if (strcmp(nl_codes[nl_diags_get(o->diags, i)->code].code, code) == 0) return nl_diags_get(o->diags, i);
    return NULL;
}

static bool says(const nl_diag *diag, const char *words)
{
    return strstr(diag->text, words) != NULL || (diag->help != NULL && strstr(diag->help, words) != NULL)
        || (diag->also_text != NULL && strstr(diag->also_text, words) != NULL);
}

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < NL_LEN(refused); i++) {
        outcome o = check_text(refused[i].text);
        const nl_diag *diag = find_code(&o, refused[i].code);

        if (o.good || diag == NULL || !says(diag, refused[i].words)) {
            nl_diags_print(stderr, o.diags, 0);
            fail_msg("wanted %s (%s): %s", refused[i].code, refused[i].words, refused[i].text);
        }
        nl_arena_free(o.arena);
    }
}

/* --- the protocol with unknown results --- */

#define DECAY "simulation { dt = 0.1; method = rk4 }\npopulation X[3] {\n state x = 1\n x' = -x\n}\n"

static void checks_the_protocol(void **state)
{
    static const struct { const char *text, *code;
    } cases[] = {
        { DECAY "record a = X.x\nrun 1\nlet y = a[-1] + a[0]\nprint \"{y} {a(0.5)} {a.t}\"", NULL },
        { DECAY "run 1\nif max(X.x) > 1 { let q = 1; print q } else { print 2 }", NULL },
        { DECAY "run 1\nlet z = if max(X.x) > 1 then [1, 2] else [1, 2, 3]", "E0302" },
        { DECAY "run 1\nlet z = if max(X.x) > 1 then 1 else nothing", "E0303" },
        { DECAY "run 1\nif max(X.x) > 1 { print nothing }", "E0303" },
        { DECAY "run 1\nprint X.x + [1, 2]", "E0302" },
        { DECAY "for k in 0 .. 9 { run 1; collect p = X.x }\nprint p[3, 2] + p[-1, 0]", NULL },
        { DECAY "for k in 0 .. 9 { run 1; collect p = X.x }\nprint p[3, 3]", "E0202" },
        { DECAY "run until max(X.x) < 0.5, at most 10", NULL },
        { DECAY "run until X.x < 0.5", "E0201" },
        { DECAY "run until max(X.x)", "E0201" },
        { DECAY "set X.x = i / N\nset X.x[1:] = 3\nset X.x = [1, 2, 3]\nrun 1", NULL },
        { DECAY "set X.x = [1, 2]\nrun 1", "E0302" },
        { DECAY "set X.x[3] = 1\nrun 1", "E0202" },
        { DECAY "run 1\nrestore nowhere", "E0604" },
        { DECAY "run 1 ms", "E0310" },
        { DECAY "run -1", "E0605" },
        { DECAY "record a = X.x\nrecord a = 2*X.x\nrun 1", "E0304" },
        { DECAY "record a = X.x\nrun 1\nrecord b = 2*a\nrun 1", "E0603" },
        { DECAY "record X.spikes\nrun 1", "E0303" },
        { DECAY "run 1\nplot lines(X.x)\nplot liens(X.x)", "E0303" },
        { DECAY "run 1\nplot lines(nothing)", "E0303" },
        { DECAY "run 1\nsolve r in (0, 10) : r^2 = max(X.x)\nprint r", NULL },
        { DECAY "run 1\nfor k in 0 .. 3 { if max(X.x) > k { set X.x = k } }\nrun 1", NULL },
    };

    (void)state;
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        outcome o = check_text(cases[i].text);

        if (cases[i].code == NULL) must_pass(&o, cases[i].text);
        else if (find_code(&o, cases[i].code) == NULL) {
            nl_diags_print(stderr, o.diags, 0);
            fail_msg("wanted %s: %s", cases[i].code, cases[i].text);
        }
        nl_arena_free(o.arena);
    }
}

/* --- methods --- */

static void finds_the_order_of_methods(void **state)
{
    static const struct { const char *name; int order, stages; bool adaptive;
    } cases[] = {
        { "euler", 1, 1, false }, { "midpoint", 2, 2, false }, { "heun", 2, 2, false },
        { "rk4", 4, 4, false },   { "dopri5", 5, 7, true },    { "kutta3", 3, 3, false },
    };
    const char text[] = "method kutta3 { c = [0, 1/2, 1]; a = [[], [1/2], [-1, 2]]; b = [1/6, 2/3, 1/6] }";
    outcome o = check_text(text);

    (void)state;
    must_pass(&o, text);
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        const nl_symbol *own = nl_scope_find(o.check->top, cases[i].name),
                        *symbol = own != NULL ? own : nl_library_find(o.check, NL_SYM_METHOD, cases[i].name);
        assert_non_null(symbol);
        const nl_tableau *m = &o.check->model->tableaux.items[symbol->id];
        assert_string_equal(m->name, cases[i].name);
        assert_int_equal(m->order, cases[i].order);
        assert_int_equal(m->stages, cases[i].stages);
        assert_int_equal(m->b_low != NULL, cases[i].adaptive);
    }
    nl_arena_free(o.arena);
}

static void marks_what_varies(void **state)
{
    const char text[] = DECAY "param a = 1, fixed = 2\nlet b = 3*a\nfunction f(x) = x*b\nlet c = f(1), d = fixed\nrun "
                              "1\nset a = 2\nrun 1\nprint c, d";
    outcome o = check_text(text);

    (void)state;
    must_pass(&o, text);
    static const struct {
        const char *name;
        bool varies;
    } cases[] = { { "a", true }, { "b", true }, { "c", true }, { "d", false }, { "fixed", false } };
    for (size_t i = 0; i < NL_LEN(cases); i++)
        assert_int_equal(nl_scope_find(o.check->top, cases[i].name)->varies, cases[i].varies);
    assert_close(value_of(&o, "a").data[0], 1, 0); /* as it is before the protocol */
    nl_arena_free(o.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_numbers),
        cmocka_unit_test(overrides_parameters),
        cmocka_unit_test(draws_follow_the_seed),
        cmocka_unit_test(refuses),
        cmocka_unit_test(checks_the_protocol),
        cmocka_unit_test(finds_the_order_of_methods),
        cmocka_unit_test(marks_what_varies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
