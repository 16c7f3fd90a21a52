/* Sessions: protocols from their text to values in memory and results in a file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "run/session.h"
#include "support/close.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct lines {
    char text[4096];
} lines;

static void add_line(void *user, const char *line)
{
    lines *out = user;

    strncat(out->text, line, sizeof out->text - strlen(out->text) - 2);
    strcat(out->text, "\n");
}

typedef struct outcome {
    nl_session *session;
    nl_status status;
    lines said;
} outcome;

static void run_with(outcome *o, const char *text, nl_session_options options)
{
    memset(o, 0, sizeof *o);
    options.print = add_line;
    options.user = &o->said;
    options.stdlib_dir = NL_STDLIB_BUILD;
    o->session = nl_session_new(&options);
    o->status = nl_session_load_text(o->session, "t.net", text, strlen(text));
    if (o->status == NL_OK) o->status = nl_session_run(o->session);
}

static void run_text(outcome *o, const char *text) { run_with(o, text, (nl_session_options){ 0 }); }

static void must_be(const outcome *o, nl_status status, const char *text)
{
    if (o->status == status) return;
    nl_diags_print(stderr, nl_session_diags(o->session), 0);
    fail_msg("status %d, wanted %d: %s%s", (int)o->status, (int)status, text, o->said.text);
}

static const double *data_of(const outcome *o, const char *name, size_t *count)
{
    size_t shape[8];
    const double *data;
    int rank;

    if (!nl_session_get(o->session, name, &rank, shape, &data)) fail_msg("no `%s`", name);
    *count = 1;
    for (int i = 0; i < rank; i++) *count *= shape[i];
    return data;
}

#define DECAY "simulation { dt = 0.1 ms; method = rk4; seed = 3 }\nparam tau = 20 ms\n" \
              "population X[3] {\n state v = 10 mV + i * 1 mV\n tau * v' = -v\n}\n"

/* Each text ends in expectations that hold. */
static const char *const holding[] = {
    "let y = 2.385\nexpect y == 2.385\nexpect [1, 2.0001] within 1 % of [1, 2], \"words\"",
    DECAY "run 20 ms\nexpect X.v within 1e-6 mV of [10, 11, 12] mV * exp(-1)\nexpect t == 20 ms and step == 200",
    /* what a neuron looks up leaves the sum over its synapses */
    "param J = [[0.7, -1.3], [0.2, 2.9]]\nsimulation { dt = 1; method = euler }\npopulation X[4] {\n  let a = i >= 2\n"
    "  input s, u\n  state x = 1.1 + i, y = 0, z = 0\n  every step { y = s; z = u } }\n"
    "projection X -> X via all_to_all { post.s += J[post.a, 0] * pre.x; post.u += J[post.a, pre.a] * pre.x }\nrun 1\n"
    "expect X.y within 1e-12 of [0.7, 0.7, 0.2, 0.2] * 10.4\n"
    "expect X.z within 1e-12 of [0.7*3.2 - 1.3*7.2, 0.7*3.2 - 1.3*7.2, 0.2*3.2 + 2.9*7.2, 0.2*3.2 + 2.9*7.2]",
    /* records: first sample at once, grids, times */
    DECAY "record v = X.v[0]\nrun 1 ms\nexpect size(v) == 11 and v.t[0] == 0 ms and v[0] == 10 mV",
    DECAY "run 1 ms\nrecord v = X.v every 0.5 ms\nrun 1 ms\nexpect v.t == [1, 1.5, 2] ms",
    DECAY "record v = X.v every 1 ms from 2 ms\nrun 5 ms\nexpect v.t == [2, 3, 4, 5] ms",
    DECAY "run 3.5 ms\nrecord v = X.v every 1 ms from 2 ms\nrun 2 ms\nexpect v.t == [4, 5] ms",
    DECAY "record v = max(X.v) at [0.3, 0.7, 50] ms\nrun 1 ms\nexpect size(v) == 2 and v.t[1] within 1e-9 ms of 0.7 ms",
    DECAY "record v = X.v\nrun 1 ms\nexpect v(0.25 ms)[2] within 1e-4 mV of 12 mV * exp(-0.25/20)",
    /* a recorded name is the series, X.v the present state */
    DECAY "record X.v\nrecord v = X.v\nrun 1 ms\nexpect v[-1] == X.v",
    /* set */
    DECAY "set X.v = i / N * 1 mV\nexpect X.v == [0, 1/3, 2/3] mV\nset X.v[1:] = 7 mV\nexpect X.v == [0, 7, 7] mV\nset "
          "X.v[0] = 1 mV\n"
          "expect X.v[0] == 1 mV",
    DECAY "run 20 ms\nset tau = 10 ms\nrun 10 ms\nexpect X.v[0] within 1e-5 mV of 10 mV * exp(-2)\nreset\nexpect tau "
          "== 10 ms and X.v[0] == 10 mV",
    DECAY "param a = 1, fixed = 1\nlet b = 2*a\nparam c = b + fixed\nset a = 3\nexpect b == 6 and c == 7\nset c = "
          "0\nset a = 5\n"
          "expect b == 10 and c == 0",
    DECAY "param w = [1, 2, 3]\nset w[1] = 5\nexpect sum(w) == 9",
    /* reset, snapshot, restore */
    DECAY "record v = X.v\nrun 1 ms\nreset\nexpect t == 0 ms and size(v[:, 0]) == 11\nrun 0.5 ms\nexpect size(v[:, 0]) "
          "== 6 and v.t[0] == 0 ms",
    DECAY "run 1 ms\nlet a = X.v\nsnapshot here\nrun 1 ms\nlet b = X.v\nrestore here\nexpect X.v == a and t == 1 "
          "ms\nrun 1 ms\nexpect X.v == b",
    DECAY "population Y[2] { state u = 1 }\nrun 1 ms\nset Y.u = 4\nreset X\nexpect X.v[0] == 10 mV and Y.u == 4 and t "
          "== 1 ms",
    /* run until */
    DECAY "run until X.v[0] < 9 mV\nexpect t == 2.2 ms and X.v[0] < 9 mV",
    DECAY "run until X.v[0] < 1 nV, at most 3 ms\nexpect t == 3 ms",
    DECAY "record v = X.v every 1 ms\nrun until X.v[0] < 9 mV\nexpect size(v[:, 0]) == 3",
    /* blocks */
    DECAY "for k in 0 .. 4 { run 1 ms; let m = max(X.v) * k; collect p = [m, k * 1 mV] }\nexpect size(p) == 8 and p[3, "
          "1] == 3 mV",
    DECAY "for k in [5, 7] { if k == 5 { set X.v = 1 mV } else { set X.v = X.v * 3 } }\nexpect X.v == 3 mV",
    DECAY "run 20 ms\nif max(X.v) > 1 V { expect false } else { let z = 2; expect z == 2 }",
    DECAY "for k in 0 .. 3 { for m in 0 .. 2 { collect q = 10*k + m } }\nexpect q == [0, 1, 10, 11, 20, 21]",
    /* rounding: in a loop the end is rounded, not the length */
    DECAY "for k in 0 .. 100 { run 0.25 ms }\nexpect step == 250",
    /* draws: each execution draws anew, and the same again from the start */
    DECAY "run 1 ms\nfor k in 0 .. 3 { let z = normal(0, 1); collect zs = z }\nexpect zs[0] != zs[1] and zs[1] != "
          "zs[2]",
    /* functions and solve with results */
    DECAY "function half(x : mV) : mV = x / 2\nrun 1 ms\nexpect half(X.v) == X.v / 2\nsolve r in (0, 10) : r^2 = "
          "X.v[0] / (1 mV)\n"
          "expect r^2 within 1e-9 of X.v[0] / (1 mV)",
    /* projections */
    "simulation { dt = 0.1; method = euler; seed = 2 }\npopulation X[4] { input s; state x = 1; x' = -x + s }\n"
    "projection W : X -> X via random(p = 0.6) no self { param w = uniform(1, 2); post.s += w * pre.x }\nrun 0.1\n"
    "expect sum(indegree(W)) == size(W.w) and sum(outdegree(W)) == size(W.w)\nexpect sum(matrix(W.w)) within 1e-12 of "
    "sum(W.w)\n"
    "expect all(matrix(W.w)[0, 0] == 0)\nset W.w = 3\nexpect W.w == 3\nreset\nexpect W.w == 3",
    /* families */
    "simulation { dt = 0.1; method = rk4 }\nfor k in 0 .. 3 { population P(k)[k + 1] { state u = 10*k + i } }\n"
    "expect P(2).u == [20, 21, 22] and size(P(0 .. 3).u) == 6\nfor k in 0 .. 3 { record u(k) = max(P(k).u) }\nrun "
    "0.1\nexpect u(1)[0] == 11",
    "simulation { dt = 0.1; method = rk4 }\nfor k in 0 .. 3 { population P(k)[k + 1] { state u = 10*k + i; u' = -u } "
    "}\n"
    "for k in 0 .. 3 { record u(k) = mean(P(k).u) every 0.5; record s(k) = sort(P(2).u)[k] every 0.5 }\nrun 1\n"
    "expect u(0)[-1] == 0 and u(1)[-1] within 1e-12 of mean(P(1).u) and u(2)[-1] within 1e-12 of mean(P(2).u)\n"
    "expect s(0)[-1] == P(2).u[0] and s(2)[-1] == P(2).u[2]\n"
    "for k in 1 .. 3 { run until P(k).u[0] < 0.3, at most 9; expect P(k).u[0] < 0.3 }",
    DECAY "run until X.v[0] crosses below 9 mV\nexpect t == 2.2 ms",
    DECAY "for k in 0 .. 2 { record v = max(X.v); run 1 ms }\nexpect size(v) == 11",
    /* an expression that only the protocol's evaluator knows */
    DECAY "record s = sort(X.v)[1] every 0.2 ms\nrun 1 ms\nexpect size(s) == 6 and s[0] == 11 mV",
};

static void keeps_its_expectations(void **state)
{
    (void)state;
    for (size_t i = 0; i < NL_LEN(holding); i++) {
        outcome o;

        run_text(&o, holding[i]);
        must_be(&o, NL_OK, holding[i]);
        assert_true(nl_session_expectations(o.session).expectations > 0);
        nl_session_free(o.session);
    }
}

static void counts_failed_expectations(void **state)
{
    outcome o;

    (void)state;
    run_text(&o, "let x = [1, 2, 3.5]\nexpect x within 0.1 of [1, 2, 3], \"third\"\nexpect 1 < 2\nexpect x[0] == 2 and "
                 "1 < 2\nprint \"on\"");
    must_be(&o, NL_EXPECTATION_FAILED, "");
    assert_int_equal(nl_session_expectations(o.session).expectations, 3);
    assert_int_equal(nl_session_expectations(o.session).failed, 2);
    static const char *const words[] = { "t.net:2",  "x[2] = 3.5, reference 3, difference 0.5",
                                         "third",    "t.net:4",
                                         "x[0] = 1", "on\n" };
    for (size_t i = 0; i < NL_LEN(words); i++)
        if (strstr(o.said.text, words[i]) == NULL) fail_msg("no \"%s\" in %s", words[i], o.said.text);
    nl_session_free(o.session);
}

static void prints(void **state)
{
    outcome o;

    (void)state;
    run_text(&o, DECAY "run 1 ms\nprint \"v {X.v[0]:.3f} at {t}\", 3, [1, 2] ms");
    must_be(&o, NL_OK, "");
    assert_string_equal(o.said.text, "v 9.512 mV at 1 ms 3 [1, 2] ms\n");
    nl_session_free(o.session);
}

static void gives_values(void **state)
{
    size_t count;
    outcome o;

    (void)state;
    run_text(&o, DECAY "record v = X.v\nrun 1 ms\nlet m = 2*max(X.v)");
    must_be(&o, NL_OK, "");
    assert_close(data_of(&o, "v", &count)[0], 10, 0);
    assert_int_equal(count, 33);
    assert_close(data_of(&o, "m", &count)[0], 24 * exp(-1 / 20.0), 1e-8);
    int rank;
    size_t shape[8];
    const double *data;
    assert_false(nl_session_get(o.session, "nothing", &rank, shape, &data));
    nl_session_free(o.session);
}

/* --- runs that end early --- */

static const nl_diag *first_error(const outcome *o)
{
    for (size_t i = 0; i < nl_diags_count(nl_session_diags(o->session)); i++) {
        const nl_diag *diag = nl_diags_get(nl_session_diags(o->session), i);
        if (nl_codes[diag->code].severity == NL_ERROR) return diag;
    }
    return NULL;
}

static void names_what_is_not_finite(void **state)
{
    size_t count;
    outcome o;

    (void)state;
    run_text(&o, "simulation { dt = 0.1 ms; method = euler }\npopulation X[3] {\n  state v = i * 1 mV\n  10 ms * v' = "
                 "v * v / (1 mV)\n}\n"
                 "record v = X.v\nrun 100 ms\nprint \"never\"");
    must_be(&o, NL_RUN_FAILED, "");
    const nl_diag *diag = first_error(&o);
    assert_string_equal(nl_codes[diag->code].code, "R0001");
    assert_non_null(strstr(diag->text, "X.v[2]"));
    assert_non_null(strstr(diag->text, "t = "));
    assert_int_equal(nl_sources_locate(nl_diags_sources(nl_session_diags(o.session)), diag->span.begin).line, 4);
    assert_string_equal(o.said.text, "");
    (void)data_of(&o, "v", &count);
    assert_true(count > 30);
    nl_session_free(o.session);
}

static volatile int stop_flag;

static void stop_soon(void *user, const nl_progress *progress)
{
    (void)user;
    if (progress->done > 0) stop_flag = 1;
}

static void stops_when_told(void **state)
{
    size_t count;
    outcome o;

    (void)state;
    stop_flag = 0;
    run_with(&o, DECAY "record v = max(X.v) every 1 ms\nrun 1e7 s\nprint \"never\"",
             (nl_session_options){ .progress = stop_soon, .stop = &stop_flag });
    must_be(&o, NL_INTERRUPTED, "");
    (void)data_of(&o, "v", &count);
    assert_true(count > 0);
    nl_session_free(o.session);
}

static void leaves_nothing_after_a_wrong_model(void **state)
{
    char out[] = "/tmp/nl_session_XXXXXX.csv";
    outcome o;

    (void)state;
    const int file = mkstemps(out, 4);
    assert_true(file >= 0);
    close(file);
    unlink(out);
    run_with(&o, DECAY "record v = X.w\nrun 1 ms", (nl_session_options){ .out = out });
    must_be(&o, NL_MODEL_WRONG, "");
    assert_int_not_equal(access(out, F_OK), 0);
    nl_session_free(o.session);

    run_with(&o, DECAY "record v = X.v\nrun 1 ms", (nl_session_options){ .out = out });
    must_be(&o, NL_OK, "");
    assert_int_equal(access(out, F_OK), 0);
    unlink(out);
    nl_session_free(o.session);

    run_with(&o, DECAY "run 1 ms", (nl_session_options){ .out = "x.unknown" });
    must_be(&o, NL_MODEL_WRONG, "");
    nl_session_free(o.session);
}

/* --- texts --- */

static void describes_the_model(void **state)
{
    const char text[] = "simulation { dt = 0.1; method = rk4 }\npopulation X[20, 10] { input s; state x = 1; x' = s - "
                        "x }\n"
                        "projection EE : X -> X via all_to_all { post.s += pre.x }\n"
                        "projection ER : X -> X via fixed_indegree(3) { param w = uniform(0, 1); post.s += w * pre.x "
                        "}\nrun 1";
    const nl_session_options options = { .stdlib_dir = NL_STDLIB_BUILD };
    nl_session *s = nl_session_new(&options);

    (void)state;
    assert_int_equal(nl_session_load_text(s, "t.net", text, strlen(text)), NL_OK);
    static const char *const words[] = { "20 x 10 = 200 neurons", "40 000 synapses", "600 synapses", "1 state",
                                         "1 input" };
    for (size_t i = 0; i < NL_LEN(words); i++)
        if (strstr(nl_session_summary(s), words[i]) == NULL)
            fail_msg("no \"%s\" in %s", words[i], nl_session_summary(s));
    assert_non_null(strstr(nl_session_explain(s), "rk4"));
    static const char *const stages[] = { "ast", "model", "ir", "program" };
    for (size_t i = 0; i < NL_LEN(stages); i++) assert_true(strlen(nl_session_stage(s, stages[i])) > 10);
    assert_null(nl_session_stage(s, "nothing"));
    nl_session_free(s);
}

static void refuses_bad_options(void **state)
{
    const nl_session_options options = { .stdlib_dir = NL_STDLIB_BUILD, .seed = "abc" };
    nl_session *s = nl_session_new(&options);

    (void)state;
    assert_int_equal(nl_session_load_text(s, "t.net", "let x = 1", 9), NL_MODEL_WRONG);
    nl_session_free(s);
    s = nl_session_new(NULL);
    assert_int_equal(nl_session_load(s, "/nowhere/at all.net"), NL_MODEL_WRONG);
    assert_int_equal(nl_session_run(s), NL_MODEL_WRONG);
    nl_session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_expectations),
        cmocka_unit_test(counts_failed_expectations),
        cmocka_unit_test(prints),
        cmocka_unit_test(gives_values),
        cmocka_unit_test(names_what_is_not_finite),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(leaves_nothing_after_a_wrong_model),
        cmocka_unit_test(describes_the_model),
        cmocka_unit_test(refuses_bad_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
