/* Spikes of populations: refractoriness, thresholds, events and the order of a step, against loops in C and closed
 * solutions. */
#include "support/model.h"

#include "base/text.h"

/* --- a LIF neuron with a current and an adaptation, as a plain loop --- */

enum { UNITS = 7, SOURCES = 3, STEPS = 90, TYPES = 5, STATES = 3 };

typedef enum scheme { EULER, MAP, RK4, EXPONENTIAL, EXACT, SCHEMES } scheme;

static const char *const scheme_names[] = { "euler", "euler", "rk4", "exponential_euler", "exact" };

static const char *const rests[TYPES] = {
    "refractory T holding v", "refractory T", "refractory T holding w, v", "refractory while w > 0.31",
    "refractory while w > 0.31 holding v",
};
static const bool holds[TYPES][STATES] = { { 1, 0, 0 }, { 0 }, { 1, 0, 1 }, { 0 }, { 1, 0, 0 } };

typedef struct trial {
    scheme scheme;
    int type, delay, arrivals;
    bool strict, one;                  /* `one`: a population without [..] */
    double dt, a[UNITS], T[UNITS];
    int arrival_step[20], arrival_id[20];
} trial;

typedef struct loop {
    double x[UNITS][STATES];           /* v, g, w */
    int until[UNITS];
    bool rests[UNITS], fired[UNITS], blocked[UNITS];
} loop;

static uint64_t seed = 1;

static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.;
}

static int draw_int(int n) { return (int)(draw() * n); }

/* The rows of the linear system x' = A x + b; those of what is held are empty. */
static void system_of(const bool held[STATES], double a, double A[STATES][STATES], double b[STATES])
{
    const double full[STATES][STATES] = { { -1 / 1.3, 1, -0.5 }, { 0, -1 / 0.7, 0 }, { 0.15, 0, -0.5 } };

    for (int r = 0; r < STATES; r++) {
        b[r] = r == 0 && !held[0] ? a / 1.3 : 0;
        for (int c = 0; c < STATES; c++) A[r][c] = held[r] ? 0 : full[r][c];
    }
}

static void rates(double A[STATES][STATES], const double b[STATES], const double *x, double *out)
{
    for (int r = 0; r < STATES; r++) {
        out[r] = b[r];
        for (int c = 0; c < STATES; c++) out[r] += A[r][c] * x[c];
    }
}

static void runge_kutta_step(double A[STATES][STATES], const double b[STATES], double dt, double *x)
{
    static const double nodes[4] = { 0, 0.5, 0.5, 1 }, weights[4] = { 1. / 6, 1. / 3, 1. / 3, 1. / 6 };
    double k[STATES] = { 0 }, sum[STATES] = { 0 }, at[STATES];

    for (int stage = 0; stage < 4; stage++) {
        for (int r = 0; r < STATES; r++) at[r] = x[r] + nodes[stage] * dt * k[r];
        rates(A, b, at, k);
        for (int r = 0; r < STATES; r++) sum[r] += weights[stage] * k[r];
    }
    for (int r = 0; r < STATES; r++) x[r] += dt * sum[r];
}

/* The Taylor series of the solution. */
static void exact_step(double A[STATES][STATES], const double b[STATES], double dt, double *x)
{
    const double none[STATES] = { 0 };
    double term[STATES], next[STATES];

    rates(A, b, x, term);
    for (int n = 1; n < 40; n++) {
        for (int r = 0; r < STATES; r++) x[r] += term[r] *= dt / n;
        rates(A, none, term, next);
        memcpy(term, next, sizeof term);
    }
}

static void exponential_step(double A[STATES][STATES], const double b[STATES], double dt, double *x)
{
    double rate[STATES];

    rates(A, b, x, rate);
    for (int r = 0; r < STATES; r++)
        if (A[r][r] != 0) x[r] += rate[r] * expm1(A[r][r] * dt) / A[r][r];
}

static void euler_step(double A[STATES][STATES], const double b[STATES], double dt, double *x)
{
    double rate[STATES];

    rates(A, b, x, rate);
    for (int r = 0; r < STATES; r++) x[r] += dt * rate[r];
}

static void advance(const trial *t, loop *l, int step, int i)
{
    static void (*const steps[])(double A[STATES][STATES], const double b[STATES], double dt, double *x) = {
        [EULER] = euler_step, [MAP] = euler_step, [RK4] = runge_kutta_step, [EXPONENTIAL] = exponential_step,
        [EXACT] = exact_step
    };
    const bool rest = t->type < 3 ? l->until[i] >= step : l->rests[i];
    bool held[STATES];
    double A[STATES][STATES], b[STATES], *x = l->x[i];

    for (int r = 0; r < STATES; r++) held[r] = rest && holds[t->type][r];
    system_of(held, t->a[i], A, b);
    steps[t->scheme](A, b, t->dt, x);
    if (!held[0]) x[0] += 0.02 * ((step - 1) % 3 == 0);
    if (!held[2]) x[2] += 0.001;
    l->blocked[i] = rest && (t->type < 3 || x[2] > 0.31);
    l->rests[i] = l->blocked[i];
    l->fired[i] = !l->blocked[i] && (t->strict ? x[0] > 1 : x[0] >= 1);
}

static void reach(const trial *t, loop *l, int source, int i)
{
    const bool closed = l->blocked[i] || l->fired[i];

    if (!(closed && holds[t->type][0])) l->x[i][0] += 0.11 * (1 + source) + 0.01 * i;
    l->x[i][1] += 0.07 * (1 + i);
    if (!(closed && holds[t->type][2])) l->x[i][2] += 0.013;
}

static void loop_step(const trial *t, loop *l, int step)
{
    for (int i = 0; i < UNITS; i++) advance(t, l, step, i);
    for (int k = 0; k < t->arrivals; k++)
        for (int i = 0; i < UNITS && t->arrival_step[k] + t->delay == step; i++) reach(t, l, t->arrival_id[k], i);
    for (int i = 0; i < UNITS; i++) {
        if (!l->fired[i]) continue;
        l->x[i][0] = 0.1 + 0.5 * l->x[i][0] - 0.5;
        l->x[i][2] += 0.3;
        l->until[i] = step + (int)floor(t->T[i] / t->dt + 0.5);
        l->rests[i] = true;
    }
}

/* --- the same as a model --- */

static void add_list(nl_text *text, const double *values, int n)
{
    for (int k = 0; k < n; k++) nl_text_addf(text, "%s%.17g", k > 0 ? ", " : "[", values[k]);
    nl_text_adds(text, "]");
}

static void add_equations(nl_text *text, const trial *t)
{
    static const char *const odes = "  1.3 * v' = a - v + 1.3 * (g - 0.5*w)\n  g' = -g / 0.7\n  2 * w' = 0.3*v - w\n";
    static const char *const maps = "  next v = v + dt * ((a - v) / 1.3 + g - 0.5*w)\n  next g = g - dt * g / 0.7\n"
                                    "  next w = w + dt * (0.3*v - w) / 2\n";

    nl_text_adds(text, t->scheme == MAP ? maps : odes);
}

static void add_parameters(nl_text *text, const trial *t)
{
    if (t->one) {
        nl_text_addf(text, "population X {\n  param a = %.17g, T = %.17g\n", t->a[0], t->T[0]);
        return;
    }
    nl_text_addf(text, "population X[%d] {\n  param a = ", UNITS);
    add_list(text, t->a, UNITS);
    nl_text_adds(text, "\n  param T = ");
    add_list(text, t->T, UNITS);
    nl_text_adds(text, "\n");
}

static const char *text_of(nl_arena *arena, const trial *t)
{
    nl_text text = nl_text_new(arena);
    double times[20], ids[20];

    for (int k = 0; k < t->arrivals; k++) times[k] = t->arrival_step[k] * t->dt, ids[k] = t->arrival_id[k];
    nl_text_addf(&text, "simulation { dt = %.17g; method = %s }\n", t->dt, scheme_names[t->scheme]);
    nl_text_addf(&text, "population In[%d] { spike at (", SOURCES);
    add_list(&text, times, t->arrivals);
    nl_text_adds(&text, ", ");
    add_list(&text, ids, t->arrivals);
    nl_text_adds(&text, ") }\n");
    add_parameters(&text, t);
    nl_text_adds(&text, "  state v = 0, g = 0, w = 0\n");
    add_equations(&text, t);
    nl_text_addf(&text, "  every step { v += 0.02 * (step mod 3 == 0); w += 0.001 }\n  spike when v %s 1 { v = 0.1 + "
                        "0.5*v - 0.5; w += 0.3 }\n  %s\n}\n", t->strict ? ">" : ">=", rests[t->type]);
    nl_text_addf(&text, "projection In -> X via all_to_all { delay %.17g; on pre { post.v += 0.11 * (1 + pre.i) + "
                        "0.01 * post.i; post.g += 0.07 * (1 + post.i); post.w += 0.013 } }\n", t->delay * t->dt);
    nl_text_addf(&text, "record v = X.v\nrecord g = X.g\nrecord w = X.w\nrecord s = X.spiked\n"
                        "run %.17g\n", STEPS * t->dt);
    return text.chars;
}

static trial new_trial(int number)
{
    static const double dts[] = { 0.1, 0.25, 0.07, 0.05 };
    trial t = { .scheme = (scheme)(number % SCHEMES), .type = number / SCHEMES % TYPES, .delay = draw_int(4),
                .arrivals = 2 + draw_int(18), .strict = draw_int(2), .one = draw_int(5) == 0, .dt = dts[draw_int(4)] };

    for (int i = 0; i < UNITS; i++) {
        t.a[i] = 0.8 + 2 * draw();
        t.T[i] = draw_int(4) == 0 ? 0 : t.dt * (draw_int(12) + 0.8 * draw() - 0.4);
    }
    if (t.T[0] < 0) t.T[0] = 0;
    for (int k = 0, step = 1; k < t.arrivals; k++) {
        step += draw_int(10);
        t.arrival_step[k] = step;
        t.arrival_id[k] = draw_int(SOURCES);
        for (int j = 0; j < k; j++) /* one neuron spikes once in a step */
            if (t.arrival_step[j] == step && t.arrival_id[j] == t.arrival_id[k]) t.arrival_step[k] = ++step;
    }
    for (int i = 1; i < UNITS; i++) t.T[i] = fmax(0, t.T[i]);
    return t;
}

static void compare_trial(const trial *t, const char *text, model *m)
{
    static const char *const names[] = { "v", "g", "w" };
    const int units = t->one ? 1 : UNITS;
    loop l = { .until = { 0 } };
    array series[STATES], s = model_get(m, "s");

    for (int r = 0; r < STATES; r++) series[r] = model_get(m, names[r]);
    assert_int_equal(s.rows, STEPS + 1);
    for (int step = 1; step <= STEPS; step++) {
        loop_step(t, &l, step);
        for (int i = 0; i < units; i++) {
            if ((s.data[step * units + i] != 0) != l.fired[i])
                fail_msg("%s\nstep %d, neuron %d: spiked %g", text, step, i, s.data[step * units + i]);
            for (int r = 0; r < STATES; r++)
                if (!(fabs(series[r].data[step * units + i] - l.x[i][r]) < 1e-11))
                    fail_msg("%s\nstep %d, neuron %d: %s = %.17g, wanted %.17g", text, step, i, names[r],
                             series[r].data[step * units + i], l.x[i][r]);
        }
    }
}

static void refractory_against_a_loop(void **state)
{
    (void)state;
    for (int k = 0; k < 250; k++) {
        nl_arena *arena = nl_arena_new();
        const trial t = new_trial(k);
        const char *text = text_of(arena, &t);
        model *m = model_of(text, "");

        compare_trial(&t, text, m);
        model_free(m);
        nl_arena_free(arena);
    }
}

/* --- closed solutions --- */

/* From its reset to its threshold a neuron takes k steps; with the refractory period it spikes every k + n. */
static void frequencies_against_currents(void **state)
{
    static const char text[] = "simulation { dt = 0.1; method = exact }\n"
                               "population X[8] {\n"
                               "  param I = 1.05 + 0.385 * i\n"
                               "  state v = 0\n"
                               "  9.7 * v' = I - v\n"
                               "  spike when v > 1 { v = 0 }\n"
                               "  refractory 2.01 holding v\n"
                               "}\n"
                               "record X.spikes\n"
                               "run 600\n"
                               "let n = count(X.spikes)\n";
    static const double dts[] = { 0.1, 0.3, 0.07, 1 };

    (void)state;
    for (int k = 0; k < 8; k++) {
        const double dt = dts[k / 2];
        const bool exact = k % 2 == 0;
        char defines[60];
        snprintf(defines, sizeof defines, "dt=%.17g method=%s", dt, exact ? "exact" : "euler");
        model *m = model_of(text, defines);
        const array n = model_get(m, "n");
        for (int i = 0; i < 8; i++) {
            const double I = 1.05 + 0.385 * i, per_step = exact ? -dt / 9.7 : log1p(-dt / 9.7);
            const double rise = floor(log1p(-1 / I) / per_step) + 1, steps = round(600 / dt);
            assert_exact(n.data[i], floor((steps - rise) / (rise + round(2.01 / dt))) + 1);
        }
        model_free(m);
    }
}

/* --- small models that say with `expect` what must come out --- */

#define PLAIN "simulation { dt = 0.5; method = euler }\n"

static void thresholds(void **state)
{
    static const char *const texts[] = {
        /* 1 is reached exactly, in step 4 */
        PLAIN "population X { state v = 0; v' = 0.5; spike when v > 1 }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s) == 4 and s[4] == 0 and s[5] == 1\n",
        PLAIN "population X { state v = 0; v' = 0.5; spike when v >= 1 }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s) == 5 and s[4] == 1\n",
        /* from 1 on: old <= 1 < new */
        PLAIN "population X[2] { state v = 0; v' = 0.5; spike when v crosses above 1 }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s[:, 1]) == 1 and s[5, 1] == 1\n",
        /* old >= 1 > new */
        PLAIN "population X[2] { state v = 2; v' = -0.5; spike when v crosses below 1 }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s[:, 1]) == 1 and s[5, 1] == 1\n",
        /* it stays at 1: neither */
        PLAIN "population X[2] { state v = 0; v' = if v < 1 then 0.5 else 0; event up when v crosses above 1; event down "
              "when v crosses below 1 }\nrecord u = X.up\nrecord d = X.down\nrun 6\n"
              "expect sum(count(u)) == 0 and sum(count(d)) == 0\n",
        /* a moving border: v - b changes its sign between steps 4 and 5 */
        PLAIN "population X[2] { state v = 0, b = 3; v' = 0.5; b' = -1; event up when v crosses above b }\n"
              "record u = X.up\nrun 6\nexpect count(u) == [1, 1] and times(u)[0] == 2.5\n",
        /* two-sided */
        PLAIN "population X { state v = 0; next v = sin(t); event up when v crosses above 0.5 or v crosses below -0.5 }\n"
              "record u = X.up\nrun 12.5\nexpect sum(count(u)) == 4\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

static void events(void **state)
{
    static const char *const texts[] = {
        /* true from the start: nothing becomes true */
        PLAIN "population X[2] { state v = 2; v' = 0.5; event e when v > 1; spike when v > 1 }\nrecord e = X.e\n"
              "record s = X.spikes\nrun 3\nexpect sum(count(e)) == 0 and count(s) == [6, 6]\n",
        /* its own reset makes it false: it may fire in each step */
        PLAIN "population X[2] { state v = 0; next v = v + 3; event e when v > 1 { v = 0 } }\nrecord e = X.e\nrun 3\n"
              "expect count(e) == [6, 6]\n",
        /* without one it fires once */
        PLAIN "population X[2] { state v = 0; next v = v + 3; event e when v > 1 { v = v } }\nrecord e = X.e\nrun 3\n"
              "expect count(e) == [1, 1]\n",
        /* what a jump makes true is seen in the next step: of a synapse, of a body, of a block, of `set` */
        PLAIN "population In { spike at [1.5] }\npopulation X[2] { state v = 0; v' = 0; event e when v > 1 }\n"
              "projection In -> X via all_to_all { on pre { post.v += 2 } }\nrecord e = X.e\nrun 4\n"
              "expect count(e) == [1, 1] and times(e)[0] == 2\n",
        PLAIN "population In { spike at [1.5] }\n"
              "population X[2] { state v = 0; v' = 0; event e when v crosses above 1 }\n"
              "projection In -> X via all_to_all { on pre { post.v += 2 } }\nrecord e = X.e\nrun 4\n"
              "expect count(e) == [1, 1] and times(e)[0] == 2\n",
        PLAIN "population X[2] { state v = 0; v' = 0; at 1.5 { v = 2 } event e when v > 1 }\nrecord e = X.e\nrun 4\n"
              "expect count(e) == [1, 1] and times(e)[0] == 2\n",
        PLAIN "population X[2] { state v = 0; v' = 0; event e when v crosses above 1 }\nrecord e = X.e\nrun 1.5\n"
              "set X.v = 2\n"
              "run 3\nexpect count(e) == [1, 1] and times(e)[0] == 2\n",
        PLAIN "population X[2] { state v = 0, u = 0; u' = 1; v' = 0; event e when v > 1; when u >= 1.5 { v = 2 } }\n"
              "record e = X.e\nrun 4\nexpect count(e) == [1, 1] and times(e)[0] == 2\n",
        /* all conditions are tested before any body runs; bodies run in the order of the file and see each other */
        PLAIN "population X[2] { state v = 0, w = 0, u = 0; v' = 1\n"
              "  event a when v > 1.2 { v = 0; w = 1 + 10*w }\n  event b when v > 1.2 { w = 2 + 10*w; u = v } }\n"
              "record a = X.a\nrecord b = X.b\nrun 2\n"
              "expect X.w == [12, 12] and X.u == [0, 0] and count(b) == [1, 1]\n",
        /* the same in another order */
        PLAIN "population X[2] { state v = 0, w = 0, u = 0; v' = 1\n"
              "  event b when v > 1.2 { w = 2 + 10*w; u = v }\n  spike when v > 1.2 { v = 0; w = 1 + 10*w } }\n"
              "run 2\nexpect X.w == [21, 21] and X.u == [1.5, 1.5] and X.v == [0.5, 0.5]\n",
        /* inside a body from top to bottom */
        PLAIN "population X[2] { state v = 0, w = 0; v' = 1; spike when v > 1.2 { v = 3; w = v; v = w + 1 } }\n"
              "run 1.5\nexpect X.w == [3, 3] and X.v == [4, 4]\n",
        /* `select`: ties go to the lowest */
        PLAIN "population X[5] { state v = 0; param c = [1, 3, 2, 3, 3]; v' = c; spike when v > 1 select max(v) { v = 0 } }\n"
              "record s = X.spiked\nrun 1.5\nexpect s[1:4, :] == [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]\n",
        PLAIN "population X[4] { state v = 0; v' = 1; spike when v >= 1 and i > 0 select max(-i) { v = -9 } }\n"
              "record s = X.spiked\nrun 2\nexpect s[2:5, :] == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]\n",
        /* the refractory cannot be selected */
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 select max(2 - i) {}\nrefractory 1 }\n"
              "record s = X.spiked\nrun 3\nexpect s[2:7, :] == [[1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]\n",
        /* `spiked` in the equations is one step old */
        PLAIN "population X[3] { state v = 0, n = 0; v' = 1; next n = n + spiked; spike when v >= 1 { v = 0 } }\n"
              "record n = X.n\nrun 3.5\nexpect n[:, 1] == [0, 0, 0, 1, 1, 2, 2, 3]\n",
        PLAIN "state v = 0, n = 0\nv' = 1\nn' = spiked / dt\nspike when v >= 1 { v = 0 }\nrecord ns = n\n"
              "run 3.5\nexpect ns == [0, 0, 0, 1, 1, 2, 2, 3]\n",
        /* after the bodies: `every T` before `at T` */
        PLAIN "population X[2] { state v = 0, w = 0; v' = 1; spike when v >= 1 { v = 0; w = 1 }\n"
              "  at 1 { w = 10*w + 3 } every 1 { w = 10*w + 2 + v } }\nrun 1\nexpect X.w == [123, 123]\n",
        PLAIN "population X[2] { state w = 0; w' = 0; every 1 from 1.5 { w += 1 + t } }\nrecord w = X.w\nrun 4\n"
              "expect w[:, 0] == [0, 0, 0, 2.5, 2.5, 6, 6, 10.5, 10.5]\n",
        /* values at events are those before the bodies and before what arrives */
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 } }\n"
              "projection X -> X via one_to_one { on pre { post.v += 7 } }\nrecord v = X.v at X.spikes\nrun 3\n"
              "expect v == [1, 1, 1, 1, 1, 1]\n",
        /* other events are not held back by refractoriness */
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 }\nrefractory 2\n"
              "event e when v > 0.7 }\n"
              "record e = X.e\nrun 3\nexpect times(e)[0] == 1\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

/* What arrives in the step of a spike is overwritten by an assignment and survives a subtraction. */
static void delivery_comes_before_the_reset(void **state)
{
    static const char *const texts[] = {
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 } }\n"
              "projection X -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.v == [0, 0]\n",
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v -= 1 } }\n"
              "projection X -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.v == [0.75, 0.75]\n",
        /* the body sees what was delivered */
        PLAIN "population X[2] { state v = 0, u = 0; v' = 1; spike when v >= 1 { u = v; v = 0 } }\n"
              "projection X -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.u == [1.75, 1.75]\n",
        PLAIN "population X { state v = 0, u = 0; v' = 1; spike when v >= 1 { u = v; v = 0 } }\n"
              "projection X -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.u == 1.375\n",
        /* but what is held takes nothing in the step of the spike, whatever T */
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v -= 1 }\nrefractory 0 holding v }\n"
              "projection X -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.v == [0, 0]\n",
        /* nothing is held because another event happens */
        PLAIN "population X { state v = 0; v' = 1; spike when v >= 10 { v -= 1 }\nrefractory 1 holding v\n"
              "event e when v >= 1 }\n"
              "population In { spike at [1] }\n"
              "projection In -> X via all_to_all { on pre { post.v += 0.375 } }\nrun 1\nexpect X.v == 1.375\n",
        /* while it is held, only the bodies of spikes change it */
        PLAIN "population X[2] { state v = 0, u = 0; v' = 1; u' = 1; spike when v >= 1 { v = 0 }\n"
              "refractory 2 holding v\n"
              "event e when u >= 2 { v += 5; u += 100 } }\nrun 2.5\nexpect X.v == [0, 0] and X.u > 100\n",
        PLAIN "population X[2] { state v = 0, u = 0; v' = 1; u' = 0; spike when v >= 1 { v = 0 }\n"
              "refractory 2 holding v\n"
              "at 2 { v += 5; u += 100 } every 1 from 1.5 { v += 3 } }\nrun 2.5\n"
              "expect X.v == [0, 0] and X.u == [100, 100]\n",
        PLAIN "population X { state v = 0, u = 0; v' = 1; u' = 0; spike when v >= 1 { v = 0 }\nrefractory 2 holding v\n"
              "at 2 { v += 5; u += 100 } every 1 from 1.5 { v += 3 } }\nrun 2.5\nexpect X.v == 0 and X.u == 100\n",
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 }\nrefractory 2 holding v }\n"
              "run 1.5\nset X.v = 0.25\nrun 1\nexpect X.v == [0.25, 0.25]\nrun 1\nexpect X.v == [0.75, 0.75]\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

static void given_times(void **state)
{
    static const char *const texts[] = {
        PLAIN "population X[3] { spike at [2, 1, 3] }\nrecord s = X.spikes\nrun 4\n"
              "expect times(s) == [1, 2, 3] and count(s) == [1, 1, 1] and times(s, 0) == [2]\n",
        PLAIN "population X[3] { spike at [1, 2.5] }\nrecord s = X.spikes\nrun 4\nexpect count(s) == [2, 2, 2]\n",
        PLAIN "population X[3] { spike at [[1, 2.5], [], [3]] }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s[:, 0]) == 2 and s[2, 0] == 1 and s[5, 0] == 1 and sum(s[:, 1]) == 0 and sum(s[:, 2]) == 1 "
              "and s[6, 2] == 1\n",
        PLAIN "population X[3] { spike at ([3, 1, 1, 2.5], [1, 2, 0, 0]) }\nrecord s = X.spiked\nrun 4\n"
              "expect s[2, :] == [1, 0, 1] and s[5, :] == [1, 0, 0] and s[6, :] == [0, 1, 0] and sum(s) == 4\n",
        /* of the neurons and their parameters */
        PLAIN "population X[3] { param d = [1, 2, 0.5]; spike at 1 + d + 0.5*i }\nrecord s = X.spiked\nrun 4\n"
              "expect sum(s) == 3 and s[4, 0] == 1 and s[7, 1] == 1 and s[5, 2] == 1\n",
        /* past the end of a run, and in pieces */
        PLAIN "population X[2] { spike at [1, 2.5, 8] }\nrecord s = X.spikes\nrun 1\nrun 0\nrun 1.5\nrun 0.5\n"
              "expect count(s) == [2, 2]\n",
        /* again after a reset, and after the snapshot is restored */
        PLAIN "population X[3] { state n = 0; next n = n + spiked; spike at [1, 2.5] }\nrun 3.5\nreset\nrun 2\n"
              "expect X.n == [1, 1, 1]\n"
              "snapshot here\nrun 2\nexpect X.n == [2, 2, 2]\nrestore here\nrun 2\nexpect X.n == [2, 2, 2]\n",
        /* from `start` on */
        ("simulation { dt = 0.5; method = euler; start = -2 }\npopulation X[3] { spike at [-1, 1] }\n"
         "record s = X.spikes\nrun 4\n"
         "expect times(s, 0) == [-1, 1]\n"),
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

/* --- a run cut in two --- */

#define LIVE                                                                                                           \
    "simulation { dt = 0.1; method = euler; seed = 5 }\n"                                                                \
    "population In[20] { spike when bernoulli(0.06) }\n"                                                               \
    "population X[53] {\n  param T = 0.1 * (i mod 9)\n  state v = uniform(0, 1), w = 0, n = 0\n  state g = 0 decays 0.8\n" \
    "  1.9 * v' = 1.2 - v + g - w - 0.1 * delay(v, 0.33) + 0.05*xi\n  3 * w' = 0.1*v - w\n"                             \
    "  next n = n + spiked\n  spike when v > 1 { v = 0.2; w += 0.1*v + 0.01 * uniform(0, 1) }\n"                        \
    "  refractory T holding v\n  event low when w crosses below 0.1 { w += 0.003 } }\n"                                 \
    "population Y[31] { state v = 0, w = 0; v' = 0.8 - v; w' = -w; spike when v > 0.5 select max(v + 0.01*i) { w += 1; v = 0 }\n" \
    "  refractory while w > 0.4 holding v }\n"                                                                         \
    "projection In -> X via random(p = 0.3) { delay uniform(0.1, 2); on pre { post.g += 0.1 } }\n"                     \
    "projection P : X -> Y via random(p = 0.3) no self {\n  state a = 0.4 in [0, 1], x = 0, y = 0\n  x' = -x / 2; y' = -y / 3\n" \
    "  delay 1.3; dendritic_delay 0.2\n"                                                                               \
    "  on pre { post.v += 0.1*a; x += 0.1; a -= 0.3*y }\n  on post { y += 0.1*pre.v; a += 0.2*x } }\n"                  \
    "projection X -> X via random(p = 0.05) { delay 0.1 + 0.02 * pre.i; on pre.low { post.g -= 0.03 } on pre delay 4 { post.v += 0.01 } }\n"
#define END "let x1 = X.v, x2 = X.g, x3 = X.w, x4 = X.n, x5 = X.spiked, y1 = Y.v, y2 = Y.w, y3 = Y.spiked, a = P.a, x = P.x, y = P.y\n"

static void assert_same_end(const char *text, const char *what)
{
    static const char *const names[] = { "x1", "x2", "x3", "x4", "x5", "y1", "y2", "y3", "a", "x", "y" };
    const double spikes =
        assert_same_results(LIVE "run 20\n" END, text, names, NL_LEN(names), "x4", what);

    assert_true(spikes > 100);
}

static void cut_in_two(void **state)
{
    (void)state;
    assert_same_end(LIVE "run 3.7\nrun 0\nrun 16.3\n" END, "in pieces");
    assert_same_end(LIVE "for k in 0 .. 200 { run 0.1 }\n" END, "step by step");
    assert_same_end(LIVE "record X.spikes\nrecord s = X.spiked every 0.3\nrecord v = X.v at X.low\n"
                         "record w = P.a every 0.7\n"
                         "record z = sum(P.x) + mean(X.v)\nrecord Y.spikes\nrun 20\n" END, "with recorders");
    assert_same_end(LIVE "record rx = P.x every 0.1\nrecord ry = P.y every 0.1\nrun 7\nlet q = P.a\nrun 13\n" END,
                    "with recorders of synapses");
    assert_same_end(LIVE "run 11.3\nreset\nrun 20\n" END, "after a reset");
    assert_same_end(LIVE "run 5.2\nsnapshot here\nrun 1.9\nrestore here\nrun 14.8\n" END, "after a snapshot");
    assert_same_end(LIVE "run 5.2\nsnapshot here\nreset\nrun 2\nrestore here\n"
                         "run 14.8\n" END, "after a reset and a snapshot");
}

/* One population begins anew; what is on its way to it stays on its way. */
static void reset_of_one(void **state)
{
    static const char *const texts[] = {
        PLAIN "population X[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 }\nrefractory 2 holding v }\n"
              "run 1.5\nreset X\nrun 1\nexpect X.v == [0, 0] and X.spiked\n",
        PLAIN "population A[2] { state v = 0; v' = 1; spike when v >= 1 { v = 0 } }\n"
              "population B[2] { state v = 0; v' = 0 }\n"
              "projection A -> B via one_to_one { delay 2; on pre { post.v += 1 } }\n"
              "run 2\nreset B\nrun 2\nexpect B.v == [2, 2]\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refractory_against_a_loop), cmocka_unit_test(frequencies_against_currents),
        cmocka_unit_test(thresholds),                cmocka_unit_test(events),
        cmocka_unit_test(delivery_comes_before_the_reset), cmocka_unit_test(given_times),
        cmocka_unit_test(cut_in_two),                cmocka_unit_test(reset_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
