/* Delays of spikes that differ between synapses, in several pathways of one projection, against a plain loop. */
#include "support/model.h"

#include "base/text.h"

enum { SIDE = 11, MANY = 1500, FEW = 60, STEPS = 60, PATHS = 4, NETS = 240, LONGEST = 12 };

static uint64_t seed = 1;

static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.;
}

static int draw_int(int n) { return (int)(draw() * n); }

typedef enum way { NONE, SAME, GIVEN, AGAIN, BY_NEURONS, DRAWN, WAYS } way; /* AGAIN: the list of another pathway */

typedef struct synapse {
    int pre, post, given, delay[PATHS];
    double w, x;
} synapse;

/* Two pathways from pre neurons and two from post neurons, in any order in the text. */
typedef struct net {
    int count, path_count, body[PATHS], same[PATHS];
    way way[PATHS];
    bool on_post[PATHS], fires[2][STEPS + 1][SIDE];
    synapse syn[MANY];
    double q[SIDE], g[SIDE], v[SIDE];
    double dt;
    bool recorded;
} net;

typedef struct body {
    const char *text;
    void (*run)(net *n, synapse *s);
} body;

static double limited(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

static void adds(net *n, synapse *s) { n->g[s->post] += s->w; }
static void traces(net *n, synapse *s)
{
    n->g[s->post] += 0.3 * s->x;
    s->x += 0.25;
}
static void learns(net *n, synapse *s)
{
    (void)n;
    s->w = limited(s->w + 0.3 * s->x - 0.07);
}
static void back(net *n, synapse *s) { n->q[s->pre] += 0.2 * s->w * s->x; }

/* One synapse after the other: each sees what the one before left. */
static void in_turn(net *n, synapse *s)
{
    n->v[s->post] = 0.9 * n->v[s->post] + 0.1 * s->w;
    s->w = limited(s->w + 0.1 * n->v[s->post]);
}
static void in_turn_back(net *n, synapse *s)
{
    n->q[s->pre] = 0.8 * n->q[s->pre] + 0.2 * s->w;
    if (n->q[s->pre] > 0.4) s->x += 0.1 * n->v[s->post];
}

static const body bodies[] = {
    { "post.g += w", adds },
    { "post.g += 0.3 * x; x += 0.25", traces },
    { "w = clip(w + 0.3 * x - 0.07, 0, 1)", learns },
    { "pre.q += 0.2 * w * x", back },
    { "post.v = 0.9 * post.v + 0.1 * w; w = clip(w + 0.1 * post.v, 0, 1)", in_turn },
    { "pre.q = 0.8 * pre.q + 0.2 * w; if pre.q > 0.4 { x += 0.1 * post.v }", in_turn_back },
};

/* --- as a loop --- */

static void visit(net *n, int step, int path)
{
    for (int d = 0; d <= 3 * LONGEST && d < step; d++)
        for (int id = 0; id < SIDE; id++)
            for (int k = 0; n->fires[n->on_post[path]][step - d][id] && k < n->count; k++) {
                synapse *s = &n->syn[k];
                if ((n->on_post[path] ? s->post : s->pre) == id && s->delay[path] == d) bodies[n->body[path]].run(n, s);
            }
}

static void loop_step(net *n, int step)
{
    for (int i = 0; i < SIDE; i++) {
        n->g[i] -= n->dt * n->g[i] / 0.9;
        n->v[i] -= n->dt * n->v[i] / 1.4;
        n->q[i] -= n->dt * n->q[i] / 2.2;
    }
    for (int k = 0; k < n->count; k++) n->syn[k].x *= exp(-n->dt / 1.7);
    for (int post = 0; post < 2; post++)
        for (int path = 0; path < n->path_count; path++)
            if (n->on_post[path] == (post == 1)) visit(n, step, path);
}

/* --- as a model --- */

static void add_trains(nl_text *text, const net *n, int side)
{
    add_spikes_at(text, STEPS, SIDE, n->fires[side][0], n->dt);
    nl_text_adds(text, "}\n");
}

/* The lists of pairs(): pre, post, w0 and each pathway's delays, in the order of `given`. */
static double listed(const synapse *s, int list, double dt)
{
    return list == 0 ? s->pre : list == 1 ? s->post : list == 2 ? s->w : s->delay[list - 3] * dt;
}

static void add_pairs(nl_text *text, const net *n)
{
    nl_text_adds(text, "projection P : A -> B via pairs(");
    for (int list = 0; list < 3 + n->path_count; list++) {
        if (list >= 3 && n->way[list - 3] != GIVEN) continue;
        nl_text_adds(text, list == 0 ? "" : list == 1 ? ", " : list == 2 ? ", w0 = " : "");
        if (list >= 3) nl_text_addf(text, ", d%d = ", list - 3);
        for (int place = 0; place < n->count; place++) {
            int k = 0;
            while (n->syn[k].given != place) k++;
            add_number(text, (size_t)place, listed(&n->syn[k], list, n->dt));
        }
        nl_text_adds(text, "]");
    }
    nl_text_adds(text, ") {\n  state w = w0\n  state x = 0.1 decays 1.7\n");
}

static void add_path(nl_text *text, const net *n, int path)
{
    const char *side = n->on_post[path] ? "post" : "pre";

    if (n->way[path] == DRAWN) nl_text_addf(text, "  param e%d = uniform(0, %.17g)\n", path, 9 * n->dt);
    nl_text_addf(text, "  on %s", side);
    switch (n->way[path]) {
    case SAME: nl_text_addf(text, " delay %.17g", n->syn[0].delay[path] * n->dt); break;
    case GIVEN: nl_text_addf(text, " delay d%d", path); break;
    case AGAIN: nl_text_addf(text, " delay d%d", n->same[path]); break;
    case BY_NEURONS: nl_text_addf(text, " delay %.17g * (2 * pre.i + (post.i + %d) mod 4)", n->dt, path); break;
    case DRAWN: nl_text_addf(text, " delay e%d", path); break;
    default: break;
    }
    nl_text_addf(text, " { %s }\n", bodies[n->body[path]].text);
}

static const char *model_text(nl_arena *arena, const net *n)
{
    nl_text text = nl_text_new(arena);

    nl_text_addf(&text, "simulation { dt = %.17g; method = euler; seed = 3 }\n", n->dt);
    nl_text_adds(&text, "population A[11] {\n  state q = 0.3 + 0.1*i decays 2.2\n");
    add_trains(&text, n, 0);
    nl_text_adds(&text, "population B[11] {\n  state g = 0.1*i decays 0.9\n  state v = 0.2 decays 1.4\n");
    add_trains(&text, n, 1);
    add_pairs(&text, n);
    for (int path = 0; path < n->path_count; path++) add_path(&text, n, path);
    nl_text_adds(&text, "}\n");
    if (n->recorded) nl_text_adds(&text, "record rw = P.w\nrecord rx = P.x every 0.3\n");
    nl_text_addf(&text, "record q = A.q\nrecord g = B.g\nrecord v = B.v\nrun %.17g\n"
                        "let w = P.w, x = P.x\n", STEPS * n->dt);
    for (int path = 0; path < n->path_count; path++)
        if (n->way[path] == DRAWN) nl_text_addf(&text, "let f%d = P.e%d\n", path, path);
    return text.chars;
}

/* --- networks --- */

static int by_post(const void *a, const void *b)
{
    const synapse *x = a, *y = b;

    return x->post != y->post ? x->post - y->post : x->pre != y->pre ? x->pre - y->pre : x->given - y->given;
}

static void choose_path(net *n, int path)
{
    n->body[path] = draw_int((int)NL_LEN(bodies));
    n->on_post[path] = draw_int(2);
    n->way[path] = (way)draw_int(WAYS);
    n->same[path] = path;
    if (n->way[path] != AGAIN) return;
    for (int k = 0; k < path; k++)
        if (n->way[k] == GIVEN) n->same[path] = k;
    if (n->same[path] == path) n->way[path] = GIVEN;
}

static int delay_of(const net *n, const synapse *s, int path, int same)
{
    switch (n->way[path]) {
    case SAME: return same;
    case GIVEN: return draw_int(LONGEST);
    case AGAIN: return s->delay[n->same[path]];
    case BY_NEURONS: return 2 * s->pre + (s->post + path) % 4;
    default: return 0;
    }
}

static void make_net(net *n, int number)
{
    memset(n, 0, sizeof *n);
    n->dt = 0.1;
    n->count = 1 + draw_int(number % 8 == 5 ? MANY : FEW);
    n->path_count = 2 + draw_int(PATHS - 1);
    n->recorded = draw_int(2);
    for (int path = 0; path < n->path_count; path++) choose_path(n, path);
    for (int side = 0; side < 2; side++)
        for (int step = 1; step <= STEPS; step++)
            for (int i = 0; i < SIDE; i++) n->fires[side][step][i] = draw() < 0.07 || (step == 2 && i == 0);
    for (int k = 0; k < n->count; k++) {
        n->syn[k] = (synapse){ .pre = draw_int(SIDE), .post = draw_int(SIDE), .given = k, .w = draw(), .x = 0.1 };
        for (int path = 0; path < n->path_count; path++)
            n->syn[k].delay[path] = delay_of(n, &n->syn[k], path, 3 * path + number % 5);
    }
    qsort(n->syn, (size_t)n->count, sizeof *n->syn, by_post);
    for (int i = 0; i < SIDE; i++) n->q[i] = 0.3 + 0.1 * i, n->g[i] = 0.1 * i, n->v[i] = 0.2;
}

static void compare(const char *text, const char *name, array got, size_t first, const double *wanted, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (!(fabs(got.data[first + k] - wanted[k]) < 1e-11 * fmax(1, fabs(wanted[k])))) {
            fputs(text, stderr);
            fail_msg("%s[%zu], number %zu: %.17g, wanted %.17g", name, k, first, got.data[first + k], wanted[k]);
        }
}

static void compare_net(net *n, const char *text)
{
    model *m = model_of(text, "");

    for (int path = 0; path < n->path_count; path++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", path);
        for (int k = 0; k < n->count && n->way[path] == DRAWN; k++)
            n->syn[k].delay[path] = (int)round(model_get(m, name).data[k] / n->dt);
    }
    for (size_t step = 0; step <= STEPS; step++) {
        if (step > 0) loop_step(n, (int)step);
        compare(text, "q", model_get(m, "q"), step * SIDE, n->q, SIDE);
        compare(text, "g", model_get(m, "g"), step * SIDE, n->g, SIDE);
        compare(text, "v", model_get(m, "v"), step * SIDE, n->v, SIDE);
    }
    for (int k = 0; k < n->count; k++) {
        compare(text, "w", model_get(m, "w"), (size_t)k, &n->syn[k].w, 1);
        compare(text, "x", model_get(m, "x"), (size_t)k, &n->syn[k].x, 1);
    }
    model_free(m);
}

static void pathways_against_a_loop(void **state)
{
    net *n = malloc(sizeof *n);

    (void)state;
    for (int k = 0; k < NETS; k++) {
        nl_arena *arena = nl_arena_new();
        make_net(n, k);
        compare_net(n, model_text(arena, n));
        nl_arena_free(arena);
    }
    free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pathways_against_a_loop) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
