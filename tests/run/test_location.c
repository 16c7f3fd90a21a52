/* Events inside the steps of adaptive methods: where they happen, what they change there, against closed solutions. */
#include "support/model.h"

#include "base/text.h"

#include <signal.h>
#include <unistd.h>

#define HEAD "simulation { dt = 1; method = dopri5; rtol = 1e-10; atol = 1e-12 }\n"

/* --- a ball --- */

#define BALL                                                                                                           \
    "simulation { method = dopri5 }\nparam c = 0.85, h0 = 1.3\nstate x = h0, v = 0\nx' = v\nv' = -9.81\n"               \
    "event bounce when x crosses below 0 { v = -c * v }\nrecord bounce\nrun 4\nlet b = times(bounce)\n"                 \
    "let t0 = sqrt(2 * h0 / 9.81)\n"

static void bouncing_ball(void **state)
{
    static const char *const settings[] = {
        "dt=0.5", "dt=0.137 rtol=1e-9 atol=1e-9", "dt=2 rtol=1e-9 atol=1e-9", "dt=0.001", "dt=4 rtol=1e-4 atol=1e-4"
    };

    (void)state;
    for (size_t k = 0; k < NL_LEN(settings); k++) {
        model *m = model_of(BALL, settings[k]);
        const array b = model_get(m, "b");
        double at = model_number(m, "t0"), flight = 2 * 0.85 * at;

        assert_true(b.rows >= 5);
        for (size_t j = 0; j < b.rows; j++, at += flight, flight *= 0.85)
            if (!(fabs(b.data[j] - at) < 1e-10)) fail_msg("%s: bounce %zu is %.3g off", settings[k], j, b.data[j] - at);
        assert_true(at > 4);
        model_free(m);
    }
}

/* --- neurons that integrate and fire --- */

enum { UNITS = 5 };

static const double currents[UNITS] = { 1.05, 1.4, 2.7, 11.3, 0.99 };

static double threshold_time(int unit)
{
    return currents[unit] < 1 ? INFINITY : 7.3 * log(currents[unit] / (currents[unit] - 1));
}

/* `rest`: no spike for so long; `holds`: v waits as long. */
static double interval(int unit, double rest, bool holds)
{
    return holds ? threshold_time(unit) + rest : fmax(threshold_time(unit), rest);
}

static void compare_trains(model *m, double dt, double rest, bool holds, const char *what)
{
    const array t = model_get(m, "s.t"), id = model_get(m, "s.id");
    size_t counts[UNITS] = { 0 };

    for (size_t k = 0; k < t.rows; k++) {
        const int unit = (int)id.data[k];
        const double wanted = threshold_time(unit) + (double)counts[unit]++ * interval(unit, rest, holds);
        if (!(fabs(t.data[k] - wanted) < 1e-8 * fmax(10, dt)))
            fail_msg("%s: spike %zu of %d at %.12g, wanted %.12g", what, counts[unit], unit, t.data[k], wanted);
    }
    for (int unit = 0; unit < UNITS; unit++) {
        const double first = threshold_time(unit);
        const size_t wanted = first < 100 ? 1 + (size_t)((100 - first) / interval(unit, rest, holds)) : 0;
        if (counts[unit] != wanted) fail_msg("%s: %zu spikes of %d, wanted %zu", what, counts[unit], unit, wanted);
    }
}

/* v between spikes; while it waits it is exactly where the body left it. */
static void compare_samples(model *m, double dt, double rest)
{
    const array v = model_get(m, "v");

    for (size_t row = 0; row < v.rows; row++)
        for (int unit = 0; unit < UNITS; unit++) {
            const double t = (double)row * dt, first = threshold_time(unit), got = v.data[row * UNITS + (size_t)unit];
            double since = t < first ? t : fmod(t - first, interval(unit, rest, true)) - rest;
            if (since < 0 && got != 0) fail_msg("v[%d] = %g at %g", unit, got, t);
            if (fabs(since) < 1e-6) continue;
            const double wanted = since > 0 ? currents[unit] * (1 - exp(-since / 7.3)) : 0;
            if (!(fabs(got - wanted) < 1e-7)) fail_msg("v[%d] = %.12g at %g, wanted %.12g", unit, got, t, wanted);
        }
}

static model *spiking(const char *refractory, double dt)
{
    nl_arena *arena = nl_arena_new();
    nl_text text = nl_text_new(arena);

    nl_text_addf(&text, "simulation { dt = %.17g; method = dopri5; rtol = 1e-9; atol = 1e-11 }\n", dt);
    nl_text_adds(&text, "population E[5] {\n  param c = [");
    for (int k = 0; k < UNITS; k++) nl_text_addf(&text, "%s%.17g", k > 0 ? ", " : "", currents[k]);
    nl_text_addf(&text, "]\n  state v = 0\n  7.3 * v' = c - v\n  spike when v > 1 { v = 0 }\n%s}\n", refractory);
    nl_text_adds(&text, "record s = E.spikes\nrecord v = E.v\nrun 100\n");
    model *m = model_of(text.chars, "");
    nl_arena_free(arena);
    return m;
}

/* Neither times nor refractory periods are rounded to the grid. */
static void lif_times(void **state)
{
    static const double steps[] = { 0.1, 1, 4, 25 };
    static const struct { const char *text; double rest; bool holds; } rests[] = {
        { "", 0, true }, { "  refractory 2.3 holding v\n", 2.3, true }, { "  refractory 12.3\n", 12.3, false }
    };

    (void)state;
    for (size_t r = 0; r < NL_LEN(rests); r++)
        for (size_t k = 0; k < NL_LEN(steps); k++) {
            char what[80];

            snprintf(what, sizeof what, "dt = %g, %s", steps[k], rests[r].text);
            model *m = spiking(rests[r].text, steps[k]);
            compare_trains(m, steps[k], rests[r].rest, rests[r].holds, what);
            if (rests[r].holds) compare_samples(m, steps[k], rests[r].rest);
            model_free(m);
        }
}

static void nothing_is_rounded(void **state)
{
    static const char text[] = "population X[2] { state v = 0; v' = 1; spike when v > 1 { v = 0 }\nrefractory 2.3 }\n"
                               "run 1\n";
    static const struct { const char *method; int count; } rows[] = { { "dopri5", 0 }, { "rk4", 1 }, { "bdf", 1 } };

    (void)state;
    for (size_t k = 0; k < NL_LEN(rows); k++) {
        char whole[300];
        netlang_message message;
        int count = 0;

        snprintf(whole, sizeof whole, "simulation { dt = 1; method = %s }\n%s", rows[k].method, text);
        model *m = model_load_named("test.net", whole, strlen(whole), "");
        for (size_t i = 0; netlang_message_get(m->session, i, &message); i++)
            count += strstr(message.shown, "W0601") != NULL;
        assert_int_equal(count, rows[k].count);
        model_free(m);
    }
}

/* --- what happens there --- */

static void within_steps(void **state)
{
    static const char *const texts[] = {
        /* a spike changes the other population at that instant */
        HEAD "population A { state v = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
             "population B[2] { state v = 0; v' = 1; spike when v > 1 { v = -9 } }\n"
             "projection A -> B via all_to_all { on pre { post.v += 0.4 * (1 + post.i) } }\n"
             "record a = A.spikes\nrecord b = B.spikes\nrun 2\n"
             "expect times(a) within 1e-10 of [0.37]\nexpect times(b) within 1e-10 of [0.37, 0.6]\n"
             "expect times(b, 0) within 1e-10 of [0.6]\nexpect B.v within 1e-10 of [-7.6, -7.37]\n",
        /* and back, still in the same step */
        HEAD "population A { state v = 0, n = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
             "population B { state v = 0; v' = 1; spike when v > 1 { v = -9 } }\n"
             "projection A -> B via all_to_all { on pre { post.v += 0.4 } }\n"
             "projection B -> A via all_to_all { on pre { post.v += 10; post.n += post.v } }\n"
             "record a = A.spikes\nrun 1\nexpect times(a) within 1e-9 of [0.37, 0.6]\n"
             "expect A.n within 1e-9 of 1.23 and A.v within 1e-9 of -8.6\n",
        /* on post, and states of synapses at that instant: 0.25 after the spike of A */
        HEAD "population A { state v = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
             "population B { state v = 0; v' = 1; spike when v > 0.62 { v = -9 } }\n"
             "projection S : A -> B via all_to_all { state w = 0\nstate x = 0\nx' = -x\n"
             "on pre { x += 1 } on post { w += x } }\n"
             "run 3\nexpect S.w within 1e-8 of exp(-0.25) and S.x within 1e-8 of exp(-2.63)\n",
        /* a state that both sides change rests in between, over times that are not whole steps */
        HEAD "population A { state v = 0; 10 * v' = 2 - v; spike when v > 1 { v = 0 } }\n"
             "population B { state v = 0; 13 * v' = 2 - v; spike when v > 1 { v = 0 } }\n"
             "projection S : A -> B via all_to_all { state c = 0 decays 20\non pre { c += 1 } on post { c += 0.5 } }\n"
             "record a = A.spikes\nrecord b = B.spikes\nrun 50\n"
             "expect S.c[0] within 1e-9 of sum(exp(-(50 - times(a)) / 20)) + 0.5 * sum(exp(-(50 - times(b)) / 20))\n",
        /* with a delay it arrives at a whole step, and that where the step ends counts */
        "simulation { dt = 0.5; method = dopri5; rtol = 1e-10; atol = 1e-12 }\n"
        "population A { state v = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
        "population B { state v = 0, at = 0; v' = 1; event e when v > 5 { at = t } }\n"
        "projection A -> B via all_to_all { delay 1; on pre { post.v += 4 } }\n"
        "record a = A.spikes\nrecord v = B.v\nrecord e = B.e\nrun 2.5\n"
        "expect times(a) within 1e-10 of [0.37]\nexpect v within 1e-10 of [0, 0.5, 1, 5.5, 6, 6.5]\n"
        "expect times(e) within 1e-9 of [1.5]\n"
        "expect B.at within 1e-9 of 1.5\n",
        /* once each time it becomes true */
        HEAD "state x = 0, y = 1, n = 0, last = 0\nx' = y\ny' = -x\nevent e when x > 0.5 { n += 1; last = t }\n"
             "event up when x crosses above 0.5\nevent down when x crosses below 0.5\nrecord e\nrecord up\n"
             "record down\n"
             "run 20\nlet k = [0, 1, 2]\n"
             "expect n == 4 and last within 1e-8 of pi/6 + 6*pi\n"
             "expect times(e) within 1e-8 of pi/6 + 2*pi*[0, 1, 2, 3]\n"
             "expect times(up) within 1e-8 of pi/6 + 2*pi*[0, 1, 2, 3]\n"
             "expect times(down) within 1e-8 of 5*pi/6 + 2*pi*k\n",
        /* several in one step, of several neurons, in their order */
        "simulation { dt = 7; method = dopri5; rtol = 1e-10; atol = 1e-12 }\n"
        "population X[3] { param c = [0.9, 0.5, 0.7]; state v = 0, n = 0; v' = 1; spike when v > c { v = 0; n += 1 } }\n"
        "record s = X.spikes\nrun 7\nexpect X.n == [7, 13, 9]\n"
        "expect times(s, 0) within 1e-9 of 0.9 * (1 + [0, 1, 2, 3, 4, 5, 6])\n"
        "expect times(s) == sort(times(s))\n",
        /* some at the same time */
        HEAD "population X[4] { state v = 0, n = 0; v' = 1 + (i == 2); spike when v > 0.7 { v = 0; n += sum(v) } }\n"
             "record s = X.spikes\nrun 0.9 + 0.1\nexpect times(s) within 1e-9 of [0.35, 0.7, 0.7, 0.7, 0.7]\n"
             "expect times(s, 0) == times(s, 3)\n",
        HEAD "population X[4] { state v = 0; v' = 1; spike when v > 0.7 select max(-abs(i - 2)) { v = 0 } }\n"
             "record s = X.spikes\nrun 1\nexpect count(s)[2] == 1\n",
        /* bodies make other conditions true, in a chain */
        HEAD "population X[2] { state x = 0, y = 0, z = 0, at = 0; x' = 1; event a when x > 0.2 + 0.3*i { y = 1 }\n"
             "  event b when y > 0.5 { z = 1 }\n  event c when z > 0.5 { at = t } }\n"
             "record a = X.a\nrecord b = X.b\nrecord c = X.c\nrun 1\n"
             "expect times(a) within 1e-10 of [0.2, 0.5]\nexpect times(b) within 1e-10 of [0.2, 0.5]\n"
             "expect times(c) within 1e-10 of [0.2, 0.5]\nexpect X.at within 1e-10 of [0.2, 0.5]\n",
        /* what is true from the start is no news; nor is it after `set` and a block at whole steps: from there on it is */
        HEAD "population X[2] { state v = 2 - i, n = 0; v' = 1; event e when v > 1.5 { n += 1 } }\nrecord e = X.e\n"
             "run 3\n"
             "expect X.n == [0, 1]\nexpect times(e) within 1e-9 of [0.5]\nset X.v = 0\nrun 3\nexpect X.n == [1, 2]\n",
        /* values before the body */
        HEAD "population X[2] { state v = 0, w = 0; v' = 1; w' = 2; spike when v > 0.6 + 0.1*i { w = 0; v = 0 } }\n"
             "record w = X.w at X.spikes\nrun 1\nexpect w within 1e-9 of [1.2, 1.4]\n",
        /* refractory periods that differ, from instant to instant; other events do not wait */
        HEAD "population X[3] { param T = [0.3, 1.25, 2.6]; state v = 0, u = 0; v' = 1; u' = 1; spike when v > 0.45 { v = 0 }\n"
             "refractory T holding v\nevent e when u > 0.5 { u = 0 } }\nrecord s = X.spikes\nrecord e = X.e\nrun 4\n"
             "expect times(s, 0) within 1e-8 of 0.45 + 0.75 * [0, 1, 2, 3, 4]\n"
             "expect times(s, 1) within 1e-8 of [0.45, 2.15, 3.85]\n"
             "expect times(s, 2) within 1e-8 of [0.45, 3.5]\n"
             "expect times(e, 2) within 1e-8 of 0.5 * (1 + [0, 1, 2, 3, 4, 5, 6])\n",
        /* what is held takes nothing that arrives within a step */
        HEAD "population A { state v = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
             "population B[2] { state v = 0.9 * i; v' = 1; spike when v > 1 { v = 0 }\nrefractory 0.5 holding v }\n"
             "projection A -> B via all_to_all { on pre { post.v += 0.2 } }\nrun 1\n"
             "expect B.v within 1e-8 of [0, 0.4]\n",
        HEAD "population A { state v = 0; v' = 1; spike when v > 0.37 { v = -9 } }\n"
             "population B { state v = 0.9; v' = 1; spike when v > 1 { v = 0 }\nrefractory 0.5 holding v }\n"
             "projection A -> B via all_to_all { on pre { post.v += 0.2 } }\nrun 1\nexpect B.v within 1e-8 of 0.4\n",
        /* reset, snapshots */
        HEAD "population X[2] { state v = 0, n = 0; v' = 1 + 0.1*i; spike when v > 0.7 { v = 0; n += 1 }\n"
             "refractory 0.9 holding v }\n"
             "record s = X.spikes\nrun 5\nlet a = times(s)\nsnapshot here\nlet v = X.v\nrun 3\nlet w = X.v\n"
             "restore here\n"
             "expect X.v == v\nrun 3\nexpect X.v == w\nreset\nrun 5\nexpect times(s) == a\nexpect X.v == v\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

/* --- without end --- */

static void expect_end(const char *text, double from, double to)
{
    model *m = model_load_named("test.net", text, strlen(text), "");
    netlang_message message;
    double at = NAN;

    assert_int_equal(nl_session_run(m->session), NL_RUN_FAILED);
    for (size_t i = 0; netlang_message_get(m->session, i, &message); i++) {
        const char *where = strstr(message.shown, "end at t = ");
        if (strstr(message.shown, "R0007") != NULL && where != NULL) at = strtod(where + 11, NULL);
    }
    if (!(from <= at && at <= to)) {
        show_messages(m->session);
        fail_msg("%s\nends at %g, not within %g .. %g", text, at, from, to);
    }
    model_free(m);
}

/* A ball at rest, a body that undoes what another one does. */
static void without_end(void **state)
{
    static const double restitutions[] = { 0.1, 0.3, 0.5, 0.8, 0.95 };

    (void)state;
    for (size_t k = 0; k < NL_LEN(restitutions); k++)
        for (int method = 0; method < 2; method++) {
            char text[400];
            const double c = restitutions[k], fall = sqrt(2 / 9.81), end = fall + 2 * fall * c / (1 - c);
            snprintf(text, sizeof text,
                     "simulation { dt = 0.7; method = dopri5 }\npopulation P[3] { state x = 1, v = 0\nx' = v\n"
                     "v' = -9.81\n"
                     "event bounce when %s { v = -%g * v } }\n"
                     "run 50\n", method == 0 ? "x crosses below 0" : "x < 0", c);
            expect_end(text, end - 1e-4, end + 1e-4);
        }
    expect_end(HEAD "state x = 0, a = 0\nx' = 1\nevent p when x > 3.7 and a == 0 { a = 1 }\n"
                    "event q when a == 1 { a = 0 }\nrun 20\n",
               3.69999, 3.70001);
}

static volatile int stop;

static void ring_bell(int signal) { stop = signal; }

/* One step with more events than anybody waits for. */
static void interrupted_within_a_step(void **state)
{
    static const char text[] = "simulation { dt = 1e6; method = dopri5 }\npopulation P[2] { state v = 0; v' = 1\n"
                               "spike when v > 1 { v = 0 } }\nrecord s = P.spikes\nrun 1e7\n";
    model *m = calloc(1, sizeof *m);

    (void)state;
    m->options.stop = &stop;
    m->session = nl_session_new(&m->options);
    assert_int_equal(nl_session_load_text(m->session, "test.net", text, strlen(text)), NL_OK);
    signal(SIGALRM, ring_bell);
    alarm(1);
    assert_int_equal(nl_session_run(m->session), NL_INTERRUPTED);
    model_free(m);
}

/* --- the same bits --- */

#define LIVE                                                                                                           \
    "simulation { dt = 0.5; method = dopri5; seed = 5 }\n"                                                               \
    "population In[20] { spike when bernoulli(0.06) }\n"                                                               \
    "population X[23] {\n  param T = 0.13 * (i mod 9)\n  state v = uniform(0, 1), w = 0, n = 0\n  state g = 0 decays 0.8\n" \
    "  1.9 * v' = 1.2 - v + g - w\n  3 * w' = 0.1*v - w\n  next n = n + spiked\n"                                        \
    "  spike when v > 1 { v = 0.2; w += 0.1*v }\n  refractory T holding v\n  event low when w crosses below 0.1 { w += 0.003 } }\n" \
    "population Y[11] { state v = 0, w = 0; v' = 0.8 - v; w' = -w; spike when v > 0.5 select max(v + 0.01*i) { w += 1; v = 0 } }\n" \
    "projection In -> X via random(p = 0.3) { delay uniform(0.5, 2); on pre { post.g += 0.1 } }\n"                       \
    "projection P : X -> Y via random(p = 0.3) {\n  state a = 0.4 in [0, 1], x = 0, y = 0\n  x' = -x / 2; y' = -y / 3\n" \
    "  on pre { post.v += 0.1*a; x += 0.1; a -= 0.3*y }\n  on post { y += 0.1*pre.v; a += 0.2*x } }\n"                  \
    "projection X -> X via random(p = 0.05) { on pre.low { post.g -= 0.03 } on pre delay 4 { post.v += 0.01 } }\n"
#define END "let x1 = X.v, x2 = X.g, x3 = X.w, x4 = X.n, y1 = Y.v, y2 = Y.w, a = P.a, x = P.x, y = P.y\n"

static void assert_same_end(const char *text, const char *what)
{
    static const char *const names[] = { "x1", "x2", "x3", "x4", "y1", "y2", "a", "x", "y" };
    const double spikes =
        assert_same_results(LIVE "run 20\n" END, text, names, NL_LEN(names), "x4", what);

    assert_true(spikes > 50);
}

static void same_bits(void **state)
{
    (void)state;
    assert_same_end(LIVE "run 3.5\nrun 0\nrun 16.5\n" END, "in pieces");
    assert_same_end(LIVE "for k in 0 .. 40 { run 0.5 }\n" END, "step by step");
    assert_same_end(LIVE "record X.spikes\nrecord s = X.spiked every 1\nrecord v = X.v at X.low\n"
                         "record w = P.a every 1.5\n"
                         "record z = sum(P.x) + mean(X.v)\nrecord Y.spikes\nrun 20\n" END, "with recorders");
    assert_same_end(LIVE "run 11.5\nreset\nrun 20\n" END, "after a reset");
    assert_same_end(LIVE "run 5\nsnapshot here\nrun 2\nrestore here\nrun 15\n" END, "after a snapshot");
    assert_same_end(LIVE "run 5\nsnapshot here\nreset\nrun 2\nrestore here\n"
                         "run 15\n" END, "after a reset and a snapshot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bouncing_ball), cmocka_unit_test(lif_times),   cmocka_unit_test(nothing_is_rounded),
        cmocka_unit_test(within_steps),  cmocka_unit_test(without_end), cmocka_unit_test(interrupted_within_a_step),
        cmocka_unit_test(same_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
