/* What spikes do at synapses: delays, jumps, plasticity and its order, states that rest between events, against plain
 * loops in C and closed solutions. */
#include "support/model.h"

#include "base/text.h"

static uint64_t seed = 1;

static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.;
}

static int draw_int(int n) { return (int)(draw() * n); }

/* --- a network with given spikes: sources A, targets B, synapses of every pair of parts --- */

enum { SIDE = 9, PAIRS = 2500, FEW = 40, STEPS = 80, SYNAPTIC = 3 };

typedef enum delays { NO_DELAY, WHOLE, OFF_GRID, GIVEN, BY_NEURONS, DRAWN, LONG, DELAY_KINDS } delays;

typedef struct synapse {
    int pre, post;      /* in the whole populations */
    int delay, given;   /* `given`: its place in the lists of the text */
    double w, s[SYNAPTIC];
} synapse;

typedef struct net {
    int cells[2], first[2], size[2], count; /* `cells` 1: a population without [..] */
    bool fires[2][STEPS + 1][SIDE];
    synapse syn[PAIRS];
    double q[SIDE], g[SIDE], v[SIDE]; /* q of A; g, v of B */
    double dt;
    delays kind;
    int rule, second, dendritic; /* delays of the second pathway and of the dendrites */
    bool recorded;
} net;

/* Each rule: what the model says, and the same for one synapse. */
typedef struct rule {
    const char *text;
    double start[SYNAPTIC];
    void (*advance)(net *n, synapse *s);
    void (*on_pre)(net *n, synapse *s);
    void (*second)(net *n, synapse *s);
    void (*on_post)(net *n, synapse *s);
} rule;

static void stays(net *n, synapse *s) { (void)n, (void)s; }

static double limited(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

static void jump_pre(net *n, synapse *s) { n->g[s->post] += 0.7 * s->w; }
static void jump_second(net *n, synapse *s) { n->v[s->post] += 0.3 * s->w; }
static void jump_post(net *n, synapse *s) { n->q[s->pre] += s->w * (s->post - n->first[1]); }

static void stdp_advance(net *n, synapse *s) { s->s[0] *= exp(-n->dt / 2.1), s->s[1] *= exp(-n->dt / 3.3); }
static void stdp_pre(net *n, synapse *s)
{
    n->g[s->post] += s->w;
    s->s[0] += 0.1;
    s->w = limited(s->w - 0.3 * s->s[1]);
}
static void stdp_post(net *n, synapse *s)
{
    (void)n;
    s->s[1] += 0.2;
    s->w = limited(s->w + 0.4 * s->s[0]);
}

static void tsodyks_advance(net *n, synapse *s)
{
    s->s[0] *= exp(-n->dt / 1.7);
    s->s[1] = 1 + (s->s[1] - 1) * exp(-n->dt / 2.9);
}
static void tsodyks_pre(net *n, synapse *s)
{
    s->s[0] += 0.3 * (1 - s->s[0]);
    n->g[s->post] += 2.5 * s->s[0] * s->s[1];
    s->s[1] -= s->s[0] * s->s[1];
}

static void calcium_advance(net *n, synapse *s)
{
    s->s[0] *= exp(-n->dt / 1.3);
    s->s[1] = 0.4 + (s->s[1] - 0.4) * exp(-n->dt / (1 + 0.1 * s->s[2]));
}
static void calcium_pre(net *n, synapse *s)
{
    (void)n;
    s->s[0] += 1;
    s->w += 0.01 * s->s[0];
}
static void calcium_second(net *n, synapse *s)
{
    s->s[1] += 0.1 * s->s[0];
    n->v[s->post] += s->s[1];
}
static void calcium_post(net *n, synapse *s)
{
    s->s[0] += 2;
    s->w += 0.02 * s->s[0];
    n->q[s->pre] -= 0.1 * s->s[1];
}

static void branch_pre(net *n, synapse *s)
{
    if (n->v[s->post] > 0.4) n->g[s->post] += s->w;
    else {
        s->w += 0.01;
        n->v[s->post] += 0.21 * n->q[s->pre];
    }
}
static void branch_second(net *n, synapse *s)
{
    n->v[s->post] = 0.9 * n->v[s->post] + 0.1;
    if (s->w > 0.5) n->g[s->post] = 0.5 * n->g[s->post];
}
static void branch_post(net *n, synapse *s)
{
    n->q[s->pre] *= 0.8;
    n->q[s->pre] += 0.1 * s->w;
}

static void latent_advance(net *n, synapse *s)
{
    const double old = s->s[0];

    s->s[0] = limited(s->s[0] + n->dt * (-0.2 * (s->s[0] <= 0.4) + 0.1 * (s->s[0] >= 0.4)));
    if (old <= 0.4 && s->s[0] > 0.4) s->w = 0.9;
    if (old >= 0.4 && s->s[0] < 0.4) s->w = 0.1;
}
static void latent_by(synapse *s, double by)
{
    const double old = s->s[0];

    s->s[0] = limited(s->s[0] + by);
    if (old <= 0.4 && s->s[0] > 0.4) s->w = 0.9;
    if (old >= 0.4 && s->s[0] < 0.4) s->w = 0.1;
}
static void latent_pre(net *n, synapse *s)
{
    n->g[s->post] += s->w;
    latent_by(s, 0.3);
}
static void latent_post(net *n, synapse *s)
{
    (void)n;
    latent_by(s, -0.25 + 0.1 * s->s[1]);
    s->s[1] = 1.5 - s->s[1];
}

static void nonlinear_advance(net *n, synapse *s)
{
    const double a = s->s[0];

    s->s[0] += n->dt * (-a * a + 0.3 * s->s[1]);
    s->s[1] += n->dt * (-s->s[1] + a * 0.2);
}
static void nonlinear_pre(net *n, synapse *s)
{
    s->s[0] += 0.5;
    n->g[s->post] += s->s[0] * s->w;
}
static void nonlinear_post(net *n, synapse *s)
{
    (void)n;
    s->s[1] += s->s[0];
}

static const rule rules[] = {
    { "on pre { post.g += 0.7 * w }\non pre%s { post.v += 0.3 * w }\non post { pre.q += w * post.i }\n", { 0 }, stays,
      jump_pre, jump_second, jump_post },
    { "state x = 0 decays 2.1, y = 0 decays 3.3\non pre { post.g += w; x += 0.1; w = clip(w - 0.3*y, 0, 1) }\n"
      "on pre%s { }\non post { y += 0.2; w = clip(w + 0.4*x, 0, 1) }\n",
      { 0 }, stdp_advance, stdp_pre, stays, stdp_post },
    { "state u = 0 decays 1.7\nstate r = 1\n2.9 * r' = 1 - r\n"
      "on pre { u += 0.3 * (1 - u); post.g += 2.5 * u * r; r -= u * r }\non pre%s { }\n",
      { 0, 1 }, tsodyks_advance, tsodyks_pre, stays, stays },
    { "param k = 2 + i mod 3\nstate c = 0 decays 1.3\nstate e = 0.2\n(1 + 0.1*k) * e' = 0.4 - e\n"
      "on pre { c += 1; w += 0.01*c }\non pre%s { e += 0.1*c; post.v += e }\n"
      "on post { c += 2; w += 0.02*c; pre.q -= 0.1*e }\n",
      { 0, 0.2 }, calcium_advance, calcium_pre, calcium_second, calcium_post },
    { "on pre { if post.v > 0.4 { post.g += w } else { w += 0.01; post.v += 0.21 * pre.q } }\n"
      "on pre%s { post.v = 0.9 * post.v + 0.1; if w > 0.5 { post.g = 0.5 * post.g } }\n"
      "on post { pre.q *= 0.8; pre.q += 0.1 * w }\n",
      { 0 }, stays, branch_pre, branch_second, branch_post },
    { "state l = 0.1 * (i mod 11) in [0, 1]\nstate m = 0.5\nl' = -0.2 * (l <= 0.4) + 0.1 * (l >= 0.4)\n"
      "when l crosses above 0.4 { w = 0.9 }\nwhen l crosses below 0.4 { w = 0.1 }\n"
      "on pre { post.g += w; l += 0.3 }\non pre%s { }\non post { l += -0.25 + 0.1*m; m = 1.5 - m }\n",
      { 0, 0.5 }, latent_advance, latent_pre, stays, latent_post },
    { "state a = 0.1, b = 0\na' = -a^2 + 0.3*b\nb' = -b + 0.2*a\non pre { a += 0.5; post.g += a*w }\non pre%s { }\n"
      "on post { b += a }\n",
      { 0.1, 0 }, nonlinear_advance, nonlinear_pre, stays, nonlinear_post },
};

/* --- as a loop --- */

typedef void (*code)(net *n, synapse *s);

static void visit(net *n, int step, bool post, int fixed, code run)
{
    int longest = fixed;

    for (int k = 0; k < n->count && fixed < 0; k++) longest = longest > n->syn[k].delay ? longest : n->syn[k].delay;
    for (int d = fixed < 0 ? 0 : fixed; d <= longest && d < step; d++)
        for (int id = 0; id < SIDE; id++)
            for (int k = 0; n->fires[post][step - d][id] && k < n->count; k++) {
                synapse *s = &n->syn[k];
                if ((post ? s->post : s->pre) == id && (fixed >= 0 || s->delay == d)) run(n, s);
            }
}

static void loop_step(net *n, int step)
{
    const rule *r = &rules[n->rule];

    for (int i = 0; i < SIDE; i++) n->g[i] -= n->dt * n->g[i] / 0.9, n->v[i] -= n->dt * n->v[i] / 1.4;
    for (int i = 0; i < SIDE; i++) n->q[i] -= n->dt * n->q[i] / 2.2;
    for (int k = 0; k < n->count; k++) r->advance(n, &n->syn[k]);
    visit(n, step, false, -1, r->on_pre);
    visit(n, step, false, n->second, r->second);
    visit(n, step, true, n->dendritic, r->on_post);
}

/* --- as a model --- */

static void add_trains(nl_text *text, const net *n, int side)
{
    add_spikes_at(text, STEPS, SIDE, n->fires[side][0], n->dt);
    nl_text_adds(text, "}\n");
}

static const synapse *given(const net *n, int place)
{
    int k = 0;

    while (n->syn[k].given != place) k++;
    return &n->syn[k];
}

static void add_pairs(nl_text *text, const net *n)
{
    static const char *const words[] = { "via pairs(", ", ", ", w0 = ", ", d0 = " };

    for (int pass = 0; pass < 4; pass++) {
        nl_text_adds(text, words[pass]);
        for (int k = 0; k < n->count; k++) {
            const synapse *s = given(n, k);
            const double all[] = { s->pre - n->first[0], s->post - n->first[1], s->w,
                                   (s->delay + (k % 3 - 1) * 0.3 * (s->delay > 0)) * n->dt };
            add_number(text, (size_t)k, all[pass]);
        }
        nl_text_adds(text, "]");
    }
    nl_text_adds(text, ")");
}

static void add_delay(nl_text *text, const net *n)
{
    const double first = n->syn[0].delay * n->dt;

    switch (n->kind) {
    case NO_DELAY: break;
    case WHOLE:
    case LONG: nl_text_addf(text, "  delay %.17g\n", first); break;
    case OFF_GRID: nl_text_addf(text, "  delay %.17g\n", first + 0.4 * n->dt); break;
    case GIVEN: nl_text_adds(text, "  delay d0\n"); break;
    case BY_NEURONS: nl_text_addf(text, "  delay %.17g * (pre.i + 2 * post.i)\n", n->dt); break;
    case DRAWN: nl_text_addf(text, "  param d1 = uniform(0, %.17g)\n  delay d1\n", 7 * n->dt); break;
    default: break;
    }
    if (n->dendritic > 0) nl_text_addf(text, "  dendritic_delay %.17g\n", n->dendritic * n->dt);
}

static void add_head(nl_text *text, const net *n, int side)
{
    nl_text_addf(text, n->cells[side] == 1 ? "population %c {\n" : "population %c[%d] {\n", "AB"[side], n->cells[side]);
}

static void add_part(nl_text *text, const net *n, int side)
{
    nl_text_addf(text, n->cells[side] == 1 ? "%c " : "%c[%d:%d] ", "AB"[side], n->first[side],
                 n->first[side] + n->size[side]);
}

static const char *model_text(nl_arena *arena, const net *n)
{
    nl_text text = nl_text_new(arena), body = nl_text_new(arena);
    char delay[60] = "";

    if (n->second >= 0) snprintf(delay, sizeof delay, " delay %.17g", n->second * n->dt);
    nl_text_addf(&text, "simulation { dt = %.17g; method = euler; seed = 3 }\n", n->dt);
    add_head(&text, n, 0);
    nl_text_adds(&text, "  state q = 0.3 + 0.1*i decays 2.2\n");
    add_trains(&text, n, 0);
    add_head(&text, n, 1);
    nl_text_adds(&text, "  state g = 0.1*i decays 0.9\n  state v = 0.2 decays 1.4\n");
    add_trains(&text, n, 1);
    nl_text_adds(&text, "projection Z : A -> A via all_to_all { state z = 0; z' = -z; on pre { z += pre.q } }\n"
                        "projection P : ");
    add_part(&text, n, 0);
    nl_text_adds(&text, " -> ");
    add_part(&text, n, 1);
    add_pairs(&text, n);
    nl_text_adds(&text, " {\n  state w = w0\n");
    add_delay(&text, n);
    nl_text_addf(&body, rules[n->rule].text, delay);
    nl_text_adds(&text, body.chars);
    nl_text_adds(&text, "}\n");
    if (n->recorded) nl_text_adds(&text, "record rw = P.w\nrecord rv = B.v every 0.3\n");
    nl_text_addf(&text, "record q = A.q\nrecord g = B.g\nrecord v = B.v\nrun %.17g\nlet w = P.w\n%s", STEPS * n->dt,
                 n->kind == DRAWN ? "let d1 = P.d1\n" : "");
    return text.chars;
}

static int by_post(const void *a, const void *b)
{
    const synapse *x = a, *y = b;

    return x->post != y->post ? x->post - y->post : x->pre != y->pre ? x->pre - y->pre : x->given - y->given;
}

static net new_net(int number)
{
    net n = { .dt = 0.1,
              .kind = (delays)(number % DELAY_KINDS),
              .rule = number / DELAY_KINDS % (int)NL_LEN(rules),
              .count = 2 + draw_int((number % 9 == 5 ? PAIRS : FEW) - 2),
              .dendritic = draw_int(3) == 0 ? draw_int(5) : 0,
              .second = draw_int(6),
              .recorded = draw_int(2) };
    const int one = n.kind == LONG ? 3 * STEPS : 1 + draw_int(9);

    for (int side = 0; side < 2; side++) {
        n.cells[side] = draw_int(4) == 0 ? 1 : SIDE;
        n.first[side] = n.cells[side] == 1 ? 0 : draw_int(4);
        n.size[side] = 1 + draw_int(n.cells[side] - n.first[side]);
        for (int step = 1; step <= STEPS; step++)
            for (int i = 0; i < n.cells[side]; i++) n.fires[side][step][i] = draw() < 0.07;
        n.fires[side][2][n.first[side]] = n.fires[side][5][n.first[side]] = true;
    }
    for (int k = 0; k < n.count; k++) {
        synapse *s = &n.syn[k];
        s->pre = n.first[0] + draw_int(n.size[0]);
        s->post = n.first[1] + draw_int(n.size[1]);
        s->w = draw();
        s->given = k;
        memcpy(s->s, rules[n.rule].start, sizeof s->s);
        s->delay = n.kind == NO_DELAY || n.kind == DRAWN ? 0 : n.kind == GIVEN ? draw_int(9) : one;
        if (n.kind == BY_NEURONS) s->delay = s->pre - n.first[0] + 2 * (s->post - n.first[1]);
    }
    qsort(n.syn, (size_t)n.count, sizeof *n.syn, by_post);
    for (int k = 0; k < n.count; k++) {
        if (n.rule == 3) n.syn[k].s[2] = 2 + k % 3;
        if (n.rule == 5) n.syn[k].s[0] = 0.1 * (k % 11);
    }
    for (int i = 0; i < SIDE; i++) n.q[i] = 0.3 + 0.1 * i, n.g[i] = 0.1 * i, n.v[i] = 0.2;
    return n;
}

static void compare_step(const net *n, const char *text, int step, const char *name, array got, const double *wanted)
{
    const int count = n->cells[name[0] != 'q'];

    for (int i = 0; i < count; i++)
        if (!(fabs(got.data[step * count + i] - wanted[i]) < 1e-12 * fmax(1, fabs(wanted[i])))) {
            fputs(text, stderr);
            fail_msg("rule %d, delay %d, step %d: %s[%d] = %.17g, wanted %.17g", n->rule, n->kind, step, name, i,
                     got.data[step * count + i], wanted[i]);
        }
}

static void compare_net(net *n, const char *text)
{
    model *m = model_of(text, "");
    const array w = model_get(m, "w");

    for (int k = 0; k < n->count && n->kind == DRAWN; k++)
        n->syn[k].delay = (int)round(model_get(m, "d1").data[k] / n->dt);
    for (int step = 0; step <= STEPS; step++) {
        if (step > 0) loop_step(n, step);
        compare_step(n, text, step, "q", model_get(m, "q"), n->q);
        compare_step(n, text, step, "g", model_get(m, "g"), n->g);
        compare_step(n, text, step, "v", model_get(m, "v"), n->v);
    }
    assert_int_equal(w.rows, n->count);
    for (int k = 0; k < n->count; k++)
        if (!(fabs(w.data[k] - n->syn[k].w) < 1e-12)) {
            fputs(text, stderr);
            fail_msg("rule %d, delay %d: w[%d] = %.17g, wanted %.17g", n->rule, n->kind, k, w.data[k], n->syn[k].w);
        }
    model_free(m);
}

static void rules_against_a_loop(void **state)
{
    (void)state;
    for (int k = 0; k < 400; k++) {
        nl_arena *arena = nl_arena_new();
        net n = new_net(k);

        compare_net(&n, model_text(arena, &n));
        nl_arena_free(arena);
    }
}

/* --- latent states that are stepped for active neurons only --- */

enum { CELLS = 11, LINKS = 70, HALF = 400 };

typedef struct link {
    int pre, post, given;
    double J, l, set_J, set_l;
} link_;

typedef struct cells {
    double A[CELLS], phase[CELLS], F[CELLS], V[CELLS], a[CELLS], Is[CELLS], If[CELLS], x[CELLS];
    double tau, tau_ref, v_reset, alpha, beta, theta, ltp, ltd, t_ltp, t_ltd, U, pot, dep;
    int below, above, form, links[2], first[2][2], size[2][2]; /* parts: by projection and side */
    bool sets, recorded;
    link_ link[2][LINKS];
} cells;

static const char *const below_ops[] = { "<=", "<" }, *const above_ops[] = { ">=", ">" };
static const char *const forms[] = { "post.hebb * pre.s", "pre.s * post.hebb", "(post.hebb * (pre.V >= 20))",
                                     "(if pre.s then post.hebb else 0)" };

static double by_hebb(const cells *c, int i)
{
    const double V = c->V[i];

    return c->ltp * (c->t_ltp <= V && V <= 20) - c->ltd * (V <= c->t_ltd && V >= c->v_reset);
}

static void step_link(const cells *c, link_ *k, double drive)
{
    const double old = k->l;
    const bool low = c->below == 0 ? old <= c->theta : old < c->theta;
    const bool high = c->above == 0 ? old >= c->theta : old > c->theta;

    k->l = limited(old + 0.1 * (-c->alpha * low + c->beta * high + drive));
    if (old <= c->theta && k->l > c->theta) k->J = c->pot;
    if (old >= c->theta && k->l < c->theta) k->J = c->dep;
}

static void cells_step(cells *c, int step)
{
    double sums[2][CELLS] = { { 0 } }, hebb[CELLS];
    bool s[CELLS];

    for (int i = 0; i < CELLS; i++) s[i] = c->V[i] >= 20, hebb[i] = by_hebb(c, i);
    for (int p = 0; p < 2; p++)
        for (int k = 0; k < c->links[p]; k++) {
            link_ *at = &c->link[p][k];
            sums[p][at->post] += at->J * c->x[at->pre] * s[at->pre];
            step_link(c, at, hebb[at->post] * s[at->pre]);
        }
    for (int i = 0; i < CELLS; i++) {
        const double I = c->Is[i] + c->If[i] + c->A[i] * sin((step - 1) * 0.1 / c->F[i] + c->phase[i]) + c->A[i];
        const double V = c->V[i];
        c->V[i] = c->a[i] >= 1 ? c->v_reset : V <= 20 ? V + 0.1 * (-V / c->tau + I) : V;
        c->a[i] = c->a[i] >= 1 ? 0 : c->a[i] + 0.1 / c->tau_ref * s[i];
        c->Is[i] += 0.1 * (-c->Is[i] + sums[0][i]) / 3.3;
        c->If[i] = sums[1][i];
        c->x[i] += 0.1 * (1 - c->x[i]) / 57 - c->U * c->x[i] * s[i];
    }
}

static void add_cell_list(nl_text *text, const char *word, const double *values)
{
    nl_text_adds(text, word);
    for (size_t i = 0; i < CELLS; i++) add_number(text, i, values[i]);
    nl_text_adds(text, "]\n");
}

static const link_ *given_link(const cells *c, int p, int place)
{
    int k = 0;

    while (c->link[p][k].given != place) k++;
    return &c->link[p][k];
}

static void add_link_list(nl_text *text, const cells *c, int p, const char *word, size_t field, bool is_id)
{
    nl_text_adds(text, word);
    for (int k = 0; k < c->links[p]; k++) {
        const char *at = (const char *)(given_link(c, p, k)) + field;
        const int first = c->first[p][field == offsetof(link_, post)];
        add_number(text, (size_t)k, is_id ? *(const int *)at - first : *(const double *)at);
    }
    nl_text_adds(text, "]");
}

static void add_links(nl_text *text, const cells *c, int p)
{
    nl_text_addf(text, "projection %c : E[%d:%d] -> E[%d:%d] via pairs(", "SF"[p], c->first[p][0],
                 c->first[p][0] + c->size[p][0], c->first[p][1], c->first[p][1] + c->size[p][1]);
    add_link_list(text, c, p, "", offsetof(link_, pre), true);
    add_link_list(text, c, p, ", ", offsetof(link_, post), true);
    add_link_list(text, c, p, ", l0 = ", offsetof(link_, l), false);
    add_link_list(text, c, p, ", J0 = ", offsetof(link_, J), false);
    nl_text_addf(text, ") {\n  state J = J0\n  state l = l0 in [0, 1]\n"
                       "  l' = -alpha * (l %s theta) + beta * (l %s theta) + %s\n",
                 below_ops[c->below], above_ops[c->above], forms[c->form]);
    nl_text_addf(text, "  when l crosses above theta { J = pot }\n  when l crosses below theta { J = dep }\n"
                       "  post.%s += J * pre.xs\n}\n", p == 0 ? "slow" : "fast");
}

/* `set` takes values in the order of the numbers. */
static void add_set(nl_text *text, const cells *c, int p)
{
    for (int field = 0; field < 2; field++) {
        nl_text_addf(text, "set %c.%s = ", "SF"[p], field == 0 ? "l" : "J");
        for (int k = 0; k < c->links[p]; k++)
            add_number(text, (size_t)k, field == 0 ? c->link[p][k].set_l : c->link[p][k].set_J);
        nl_text_adds(text, "]\n");
    }
}

static const char *cells_text(nl_arena *arena, const cells *c)
{
    nl_text text = nl_text_new(arena);

    nl_text_adds(&text, "simulation { dt = 0.1; method = euler }\n");
    nl_text_addf(&text, "param alpha = %.17g, beta = %.17g, theta = %.17g, pot = %.17g, dep = %.17g\n", c->alpha, c->beta,
                 c->theta, c->pot, c->dep);
    nl_text_addf(&text, "population E[%d] {\n", CELLS);
    add_cell_list(&text, "  param A = ", c->A);
    add_cell_list(&text, "  param phase = ", c->phase);
    add_cell_list(&text, "  param F = ", c->F);
    add_cell_list(&text, "  state V = ", c->V);
    nl_text_addf(&text, "  input slow, fast\n  state a = 0, Is = 0, If = 0, x = 1\n  let s = V >= 20\n"
                        "  let xs = x * s\n"
                        "  let I = Is + If + A*sin(t/F + phase) + A\n  let potentiates = %.17g <= V <= 20\n"
                        "  let depresses = V <= %.17g and V >= %.17g\n"
                        "  let hebb = %.17g*potentiates - %.17g*depresses\n",
                 c->t_ltp, c->t_ltd, c->v_reset, c->ltp, c->ltd);
    nl_text_addf(&text, "  next V = if a >= 1 then %.17g else if V <= 20 then V + dt * (-V/%.17g + I) else V\n"
                        "  next a = if a >= 1 then 0 else a + dt/%.17g * s\n  3.3 * Is' = -Is + slow\n"
                        "  next If = fast\n"
                        "  next x = x + dt * (1 - x) / 57 - %.17g * xs\n  spike when V crosses above 20\n}\n",
                 c->v_reset, c->tau, c->tau_ref, c->U);
    for (int p = 0; p < 2; p++) add_links(&text, c, p);
    nl_text_adds(&text, "record V = E.V\nrecord E.spikes\n");
    if (c->recorded) nl_text_adds(&text, "record rl = S.l every 0.7\nrecord rm = mean(F.l)\n");
    nl_text_addf(&text, "run %.17g\n", HALF * 0.1);
    if (c->recorded) nl_text_adds(&text, "let half = S.l\n");
    for (int p = 0; p < 2 && c->sets; p++) add_set(&text, c, p);
    nl_text_addf(&text, "run %.17g\nlet l0 = S.l, l1 = F.l, J0 = S.J, J1 = F.J, n = sum(count(E.spikes))\n", HALF * 0.1);
    return text.chars;
}

static double some_level(const cells *c)
{
    const double levels[] = { 0, 1, c->theta, draw() };

    return levels[draw_int(4)];
}

static int links_by_post(const void *a, const void *b)
{
    const link_ *x = a, *y = b;

    return x->post != y->post ? x->post - y->post : x->pre != y->pre ? x->pre - y->pre : x->given - y->given;
}

static void draw_links(cells *c, int p)
{
    c->links[p] = 10 + draw_int(LINKS - 10);
    for (int side = 0; side < 2; side++) {
        c->first[p][side] = draw_int(3);
        c->size[p][side] = CELLS - c->first[p][side] - draw_int(3);
    }
    for (int k = 0; k < c->links[p]; k++)
        c->link[p][k] = (link_){ c->first[p][0] + draw_int(c->size[p][0]), c->first[p][1] + draw_int(c->size[p][1]), k, draw() < 0.5 ? c->pot : c->dep, some_level(c),
                                 draw() < 0.5 ? c->pot : c->dep, some_level(c) };
    qsort(c->link[p], (size_t)c->links[p], sizeof(link_), links_by_post);
}

static cells new_cells(int number)
{
    cells c = { .tau = 10 + 10 * draw(), .tau_ref = 1 + 2 * draw(), .v_reset = 8 + 7 * draw(), .alpha = 0.03 * draw(),
                .beta = 0.02 * draw(), .theta = 0.2 + 0.6 * draw(), .ltp = 0.25 + 0.2 * draw(), .ltd = 0.2 + 0.2 * draw(),
                .U = 0.01 + 0.05 * draw(), .pot = 0.3 + draw(), .dep = 0.1 * draw(), .below = number % 2,
                .above = number / 2 % 2, .form = number / 4 % 4, .sets = draw_int(2), .recorded = draw_int(2) };

    c.t_ltd = c.v_reset + 3 * draw();
    c.t_ltp = 16 + 3 * draw();
    if (draw_int(6) == 0) c.alpha = -c.alpha;
    if (draw_int(6) == 0) c.beta = draw_int(2) ? 0 : -c.beta;
    if (draw_int(6) == 0) c.alpha = c.beta;
    for (int i = 0; i < CELLS; i++) {
        c.A[i] = 4 * draw(), c.phase[i] = 10 * draw(), c.F[i] = 5 + 5 * draw(), c.V[i] = 22 * draw();
        c.x[i] = 1;
    }
    for (int p = 0; p < 2; p++) draw_links(&c, p);
    return c;
}

static void set_links(cells *c)
{
    for (int p = 0; p < 2; p++)
        for (int k = 0; k < c->links[p]; k++)
            c->link[p][k].l = c->link[p][k].set_l, c->link[p][k].J = c->link[p][k].set_J;
}

static double compare_cells(cells *c, const char *text)
{
    model *m = model_of(text, "");
    const array V = model_get(m, "V");

    for (int step = 0; step <= 2 * HALF; step++) {
        if (step > 0) cells_step(c, step);
        for (int i = 0; i < CELLS; i++)
            if (!(fabs(V.data[step * CELLS + i] - c->V[i]) < 1e-9)) {
                fputs(text, stderr);
                fail_msg("step %d: V[%d] = %.17g, wanted %.17g", step, i, V.data[step * CELLS + i], c->V[i]);
            }
        if (step == HALF && c->sets) set_links(c);
    }
    for (int p = 0; p < 2; p++) {
        const array l = model_get(m, p == 0 ? "l0" : "l1"), J = model_get(m, p == 0 ? "J0" : "J1");
        for (int k = 0; k < c->links[p]; k++)
            if (!(fabs(l.data[k] - c->link[p][k].l) < 1e-10 && J.data[k] == c->link[p][k].J)) {
                fputs(text, stderr);
                fail_msg("projection %d, synapse %d: l = %.17g, wanted %.17g; J = %g, wanted %g", p, k, l.data[k],
                         c->link[p][k].l, J.data[k], c->link[p][k].J);
            }
    }
    const double spikes = model_number(m, "n");
    model_free(m);
    return spikes;
}

static void gated_against_a_loop(void **state)
{
    double spikes = 0;

    (void)state;
    for (int k = 0; k < 300; k++) {
        nl_arena *arena = nl_arena_new();
        cells c = new_cells(k);

        spikes += compare_cells(&c, cells_text(arena, &c));
        nl_arena_free(arena);
    }
    assert_true(spikes > 300 * CELLS);
}

/* --- small models that say with `expect` what must come out --- */

#define PLAIN "simulation { dt = 0.5; method = euler; seed = 2 }\n"
#define IN "population In[3] { spike at [1, 1.5, 2] }\n"

static void arrivals(void **state)
{
    static const char *const texts[] = {
        /* delay 0: at the end of the step of the spike; one step later; rounded to the nearest */
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection In -> X via one_to_one { on pre { post.v += 1 } }\n"
                 "record v = X.v\nrun 3\n"
                 "expect v[:, 0] == [0, 0, 1, 1, 1, 1, 1] and v[:, 2] == [0, 0, 0, 0, 1, 1, 1]\n",
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection In -> X via one_to_one { delay 0.5; on pre { post.v += 1 } }\n"
                 "record v = X.v\nrun 3\nexpect v[:, 0] == [0, 0, 0, 1, 1, 1, 1]\n",
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection In -> X via one_to_one { delay 0.8; on pre { post.v += 1 } }\n"
                 "record v = X.v\nrun 3\nexpect v[:, 0] == [0, 0, 0, 0, 1, 1, 1]\n",
        /* a delay that outlives the run, then the rest of it */
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection In -> X via one_to_one { delay 50; on pre { post.v += 1 } }\n"
                 "run 50.5\nexpect X.v == [0, 0, 0]\nrun 0.5\nexpect X.v == [1, 0, 0]\nrun 1\n"
                 "expect X.v == [1, 1, 1]\n",
        /* parts of populations, on both sides; what is outside gets nothing */
        PLAIN IN "population X[5] { state v = 0; v' = 0 }\nlet Part = X[1:4]\n"
                 "projection In[1:3] -> Part via all_to_all { on pre { post.v += 1 + pre.i + 10 * post.i + 100 * N_pre + 1000 * N_post } }\n"
                 "run 3\nexpect X.v == [0, 6403, 6423, 6443, 0]\n",
        /* several parts of one population, seen by synapses that hold states of their own */
        PLAIN "population E[6] { state v = i; v' = 0; let h = 10 * (v >= 3) + v }\n"
              "projection S : E[0:5] -> E[1:6] via one_to_one { state l = 0; next l = post.h + 100 * pre.v }\n"
              "projection P : E[2:4] -> E[3:5] via one_to_one { state l = 0; next l = post.h + 100 * pre.v }\n"
              "projection Q : E -> E via one_to_one { state l = 0; next l = post.h + 100 * pre.v }\n"
              "run 0.5\nexpect S.l == [1, 102, 213, 314, 415]\nexpect P.l == [213, 314] and Q.l[5] == 515\n",
        /* all pairs, one to one, with and without autapses, twice the same, those of another left out */
        PLAIN "population X[3] { state v = 0; v' = 0; spike at [1, 1.5, 2] }\n"
              "projection X -> X via all_to_all { on pre { post.v += 1 } }\n"
              "projection X -> X via all_to_all no self { on pre { post.v += 10 } }\n"
              "projection P : X -> X via pairs([0, 0, 1, 0], [2, 2, 0, 2]) { on pre { post.v += 100 } }\n"
              "projection X -> X via all_to_all excluding P { on pre { post.v += 1000 } }\n"
              "projection X -> X via one_to_one { on pre { post.v += 10000 } }\n"
              "run 3\nexpect X.v == [12123, 13023, 12323]\n",
        /* named events travel as spikes do */
        PLAIN "population X[3] { state u = 0; u' = 1 + i; event up when u crosses above 1.7; spike when u > 5 { u = 0 } }\n"
              "population Y { state v = 0; v' = 0 }\n"
              "projection X -> Y via all_to_all { on pre.up delay 1 { post.v += 10^pre.i } on pre { post.v += 1000 } }\n"
              "record v = Y.v\nrun 3\nexpect v == [0, 0, 0, 0, 1110, 1110, 2111]\n",
        /* the postsynaptic spike is seen later through the dendrite */
        PLAIN "population X[2] { state q = 0; q' = 0; spike at [1, 2.5] }\n"
              "projection X -> X via one_to_one { dendritic_delay 1; on post { pre.q += 1 } }\nrecord q = X.q\nrun 4\n"
              "expect q[:, 0] == [0, 0, 0, 0, 1, 1, 1, 1, 1] and q[:, 1] == [0, 0, 0, 0, 0, 0, 0, 1, 1]\n",
        /* to and from a population of one */
        PLAIN "population In { spike at [1] }\npopulation X { state v = 0; v' = 0; spike when v > 1 }\n"
              "projection P : In -> X via all_to_all { state w = 2, n = 0; on pre { post.v += w; w += 1 } on post { n += 1 } }\nrun 2\n"
              "expect X.v == 2 and P.w == 3 and P.n == 2\n",
        /* an input that only exists for continuous sums, from the spikes of the last step */
        PLAIN IN "population X[3] { input s; state v = 0; v' = s }\n"
                 "projection In -> X via pairs([0, 1, 2, 0], [1, 1, 0, 1], J = [1, 10, 100, 1000]) { post.s += J * pre.spiked / dt }\n"
                 "record v = X.v\nrun 3\n"
                 "expect v[:, 1] == [0, 0, 0, 1001, 1011, 1011, 1011] and v[:, 0] == [0, 0, 0, 0, 0, 100, 100]\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

static void order_of_code(void **state)
{
    static const char *const texts[] = {
        /* pre before post, in the order of the file */
        PLAIN "population X[1] { spike at [1] }\nprojection P : X -> X via one_to_one { state a = 0, b = 0\n"
              "  on post { a = 10*a + 1; b = a } on pre { a = 10*a + 2 } on pre { a = 10*a + 3 } on post { a = 10*a + 4 } }\n"
              "run 1\nexpect P.a == [2314] and P.b == [231]\n",
        PLAIN "population X[1] { spike at [1] }\nprojection P : X -> X via one_to_one { state a = 0\n"
              " on post { a = 10*a + 1 } }\n"
              "projection Q : X -> X via one_to_one { state c = 0; on pre { c = 1 } on post { c = 10 * c } }\nrun 1\n"
              "expect P.a == [1] and Q.c == [10]\n",
        /* from top to bottom, names in between */
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection P : In -> X via one_to_one { state w = 3; on pre { let d = 2 * w; post.v += d; w += 1; post.v += w; w = w * d } }\n"
                 "run 1\nexpect X.v[0] == 10 and P.w == [24, 3, 3]\n",
        /* a synapse reads what the one before it wrote: post = 2 post + 1, three times */
        PLAIN "population In[3] { spike at [1, 1, 1] }\npopulation X[2] { state v = 0; v' = 0 }\n"
              "projection In -> X via all_to_all { on pre { post.v = 2 * post.v + 1 + pre.i } }\nrun 1\n"
              "expect X.v == [11, 11]\n",
        PLAIN "population In[3] { spike at [1, 1, 1] }\npopulation X[2] { state v = 0, u = 0; v' = 0; u' = 0 }\n"
              "projection In -> X via all_to_all { on pre { post.v += 1; post.u += post.v } }\nrun 1\n"
              "expect X.u == [6, 6]\n",
        /* what is only added is added to what was there: order is of no matter, values are those of before */
        PLAIN "population In[3] { spike at [1, 1, 1] }\npopulation X[2] { state v = 1, u = 0; v' = 0; u' = 0 }\n"
              "projection In -> X via all_to_all { on pre { post.u += post.v } }\nrun 1\nexpect X.u == [3, 3]\n",
        /* both sides at once */
        PLAIN "population X[3] { state v = 1, q = 0; v' = 0; q' = 0; spike at [1, 1, 5] }\n"
              "projection X -> X via all_to_all no self { on pre { pre.q += post.v; post.v += 10 } }\nrun 1\n"
              "expect sum(X.q) == 14 and X.v == [11, 11, 21]\n",
        /* bounds act after every assignment */
        PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                 "projection P : In -> X via one_to_one { state w = 0.5 in [0, 1]; on pre { w += 3; w -= 0.25; post.v += w } }\n"
                 "run 1\nexpect P.w == [0.75, 0.5, 0.5] and X.v[0] == 0.75\n",
        /* delivered before the sender's own body */
        PLAIN "population X[2] { state v = 0, y = 0; v' = 1; y' = 0; spike when v >= 1 { y = v; v = 0 } }\n"
              "population Y[2] { state g = 0; g' = 0 }\n"
              "projection X -> Y via one_to_one { on pre { post.g += pre.v } }\nrun 1\n"
              "expect Y.g == [1, 1] and X.y == [1, 1]\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

/* What synapses do by themselves. */
static void synapses_alone(void **state)
{
    static const char *const texts[] = {
        /* crossings: old <= theta < new, old >= theta > new, after the bounds have acted */
        PLAIN "population X[2] { state v = 0; v' = 0 }\n"
              "projection P : X -> X via one_to_one { state l = 0, a = 0, b = 0\n"
              "  l' = 1 - 2 * (step >= 4)\n  when l crosses above 1 { a += 1 }\n  when l crosses below 1 { b += 1 } }\n"
              "record a = P.a\nrecord b = P.b\nrun 4\n"
              "expect a[:, 0] == [0, 0, 0, 1, 1, 1, 1, 1, 1] and b[:, 0] == [0, 0, 0, 0, 0, 0, 0, 1, 1]\n",
        PLAIN "population X[2] { state v = 0; v' = 0 }\n"
              "projection P : X -> X via one_to_one { state l = 0 in [0, 1], a = 0, b = 0\n"
              "  l' = 3\n  when l crosses above 1 { a += 1 }\n  when l >= 1 { b += 1 } }\nrun 4\n"
              "expect P.a == [0, 0] and P.b == [1, 1]\n",
        /* `every step`, `every T`, `at`, `next` of synapses */
        PLAIN "population X[2] { state v = 0; next v = v + 1 + i }\n"
              "projection P : X -> X via all_to_all { state a = 0, b = 0, c = 0, d = i\n"
              "  next b = b + pre.v\n  every step { a += post.v; c = a + b }\n"
              "  every 1 { d = 10 * d + 1 } at 1.5 { d += 5 } }\nrun 2\n"
              "expect P.a == [10, 10, 20, 20] and P.b == [6, 12, 6, 12] and P.c == P.a + P.b and P.d == [61, 161, 261, 361]\n",
        /* given and set by number, recorded by number */
        PLAIN "population In[4] { spike at [1, 1, 1, 1] }\npopulation X[3] { state v = 0; v' = 0 }\n"
              "projection P : In -> X via all_to_all { state w = i; on pre { post.v += w; w += 100 } }\n"
              "record w = P.w\n"
              "set P.w[5] = 50\nrun 1\nexpect X.v == [6, 67, 38]\n"
              "expect w[-1, :] == P.w and P.w[5] == 150 and P.w[11] == 111 "
              "and matrix(P.w)[1, 1] == 150\n",
        /* a resting state is set, decays from there, and is seen decayed */
        "simulation { dt = 0.1; method = euler }\npopulation In[2] { spike at [1, 5] }\n"
        "population X[3] { state v = 0; v' = 0; spike when v > 1 }\n"
        "projection P : In -> X via all_to_all { state c = i decays 2; state w = 0; on pre { c += 1; w = c } on post { w = 0 } }\n"
        "run 1\nexpect P.c within 1e-12 of arange(6) * exp(-0.5) + [1, 0, 1, 0, 1, 0]\n"
        "set P.c[2:4] = 7\nrun 1\nexpect P.c[2:4] within 1e-12 of 7 * exp(-0.5)\nrun 3\n"
        "expect P.w[3] within 1e-12 of 1 + 7 * exp(-2)\n",
        /* an average over all of them too */
        "simulation { dt = 0.1; method = euler }\npopulation In[2] { spike at [1, 5] }\n"
        "population X[3] { state v = 0; v' = 0; spike when v > 1 }\n"
        "projection P : In -> X via all_to_all { state c = i decays 2; on pre { c += 1 } on post { c += 0 } }\n"
        "record m = mean(P.c)\nrun 3\nexpect m[9] within 1e-12 of 2.5 * exp(-0.45)\n"
        "expect m[20] within 1e-12 of 2.5 * exp(-1) + 0.5 * exp(-0.5)\n",
    };

    (void)state;
    all_hold(texts, NL_LEN(texts));
}

/* A gated state between populations of one is what it would be with `every step`, which nothing closes. */
static void gated_singly(void **state)
{
    static const char *const sides[][2] = { { "A", "B" }, { "A", "B[2]" }, { "A[3]", "B" } };
    char text[1500];

    (void)state;
    for (size_t k = 0; k < NL_LEN(sides); k++) {
        snprintf(text, sizeof text,
                 "simulation { dt = 0.1; method = euler }\n"
                 "population %s { state v = 0; next v = (v + 0.07) mod 1; let s = v > 0.8 }\n"
                 "population %s { input f, h; state q = 0, r = 0; q' = f; r' = h; let b = sin(q + i) }\n"
                 "projection S : A -> B via all_to_all { state l = 0.2 + 0.1*i in [0, 1], J = 1; l' = -0.2 * (l <= 0.4) + 0.1 * (l >= 0.4) + post.b * pre.s\n"
                 "  when l crosses above 0.4 { J = 2 } when l crosses below 0.4 { J = 1 } post.f += J * pre.v * pre.s }\n"
                 "projection T : A -> B via all_to_all { state l = 0.2 + 0.1*i in [0, 1], J = 1, n = 0\n"
                 "  l' = -0.2 * (l <= 0.4) + 0.1 * (l >= 0.4) + post.b * pre.s; n' = l\n"
                 "  when l crosses above 0.4 { J = 2 } when l crosses below 0.4 { J = 1 } post.h += J * pre.v * pre.s }\n"
                 "run 20\nlet apart = max(abs(S.l - T.l)) + max(abs(S.J - T.J)) + max(abs(B.q - B.r)), moved = max(T.J) * max(B.q)\n",
                 sides[k][0], sides[k][1]);
        model *m = model_of(text, "");
        assert_true(model_number(m, "apart") < 1e-11);
        assert_true(model_number(m, "moved") > 1);
        model_free(m);
    }
}

/* What is rounded and what is overwritten is said once, at its place. */
static void warnings(void **state)
{
    static const struct {
        const char *text, *code;
        int count;
    } cases[] = {
        { PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                   "projection In -> X via all_to_all { delay 0.8; on pre { post.v += 1 } }\nrun 1\n",
          "W0601", 1 },
        { PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                   "projection In -> X via all_to_all { delay 0.4 * pre.i; on pre { post.v += 1 } }\nrun 1\n",
          "W0601", 1 },
        { PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                   "projection In -> X via all_to_all { delay 0.5 * pre.i; on pre { post.v += 1 } }\nrun 1\n",
          "W0601", 0 },
        { PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                   "projection In -> X via all_to_all { on pre { post.v = 1 } }\nrun 1\n",
          "W0406", 1 },
        { PLAIN IN "population X[3] { state v = 0; v' = 0 }\n"
                   "projection In -> X via all_to_all { on pre { post.v += 1 } }\nrun 1\n",
          "W0406", 0 },
    };

    (void)state;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        model *m = model_of(cases[k].text, "");
        netlang_message message;
        int count = 0;
        for (size_t i = 0; netlang_message_get(m->session, i, &message); i++)
            count += strstr(message.shown, cases[k].code) != NULL;
        if (count != cases[k].count) fail_msg("%s\n%s %d times", cases[k].text, cases[k].code, count);
        model_free(m);
    }
}

/* A pair of spikes changes the weight by A exp(-|lag| / tau), whatever the delays, in terms of when they meet. */
static void stdp_window(void **state)
{
    static const char text[] =
        "param axon = 0, dendrite = 0\nsimulation { dt = 0.1; method = euler }\nlet lags = (arange(81) - 40) * 0.3\n"
        "population A[81] { spike at 20 + 0 * arange(81) }\npopulation B[81] { spike at 20 + lags }\n"
        "projection S : A -> B via one_to_one {\n  state w = 0\n  state x = 0 decays 3.7, y = 0 decays 5.1\n"
        "  delay axon\n  dendritic_delay dendrite\n  on pre { x += 0.02; w -= y } on post { y += 0.03; w += x } }\n"
        "run 45\n"
        "let at = lags + dendrite - axon\n"
        "let wanted = (at > -1e-6) * 0.02 * exp(-abs(at) / 3.7) - (at < -1e-6) * 0.03 * exp(-abs(at) / 5.1)\n"
        "expect S.w within 1e-13 of wanted\n";
    static const char *const defines[] = { "", "axon=1.2", "dendrite=0.9", "axon=2.1 dendrite=1.5", "dt=0.3 axon=0.6" };

    (void)state;
    for (size_t k = 0; k < NL_LEN(defines); k++) model_free(model_of(text, defines[k]));
}

/* Traces that the synapses of a neuron share, and the same traces kept by each synapse. */
static void shared_traces(void **state)
{
    static const char text[] =
        "simulation { dt = 0.1; method = euler; seed = 5 }\npopulation A[23] { spike when bernoulli(0.05) }\n"
        "population B[17] { spike when bernoulli(0.08) }\n"
        "projection S : A -> B via random(p = 0.4) {\n  param z = uniform(0, 1e-300)\n"
        "  state w = 0.5, x = 0, y = 0; x' = -x / 3; y' = -y / 2\n"
        "  state w2 = 0.5, x2 = z, y2 = z; x2' = -x2 / 3; y2' = -y2 / 2\n  delay 0.4; dendritic_delay 0.3\n"
        "  on pre { x += 0.1; w = clip(w - y, 0, 1); x2 += 0.1; w2 = clip(w2 - y2, 0, 1) }\n"
        "  on post { y += 0.1; w = clip(w + x, 0, 1); y2 += 0.1; w2 = clip(w2 + x2, 0, 1) } }\n"
        "run 10\nexpect S.w2 within 1e-13 of S.w\nexpect S.x2 within 1e-13 of S.x\nrun 20\n"
        "expect S.w2 within 1e-13 of S.w\nexpect S.y2 within 1e-13 of S.y\nexpect max(S.w) - min(S.w) > 0.5\n";

    (void)state;
    model_free(model_of(text, ""));
}

/* A recorder that looks in every step, one that looks seldom, none: the same bits. */
static void looking_changes_nothing(void **state)
{
    static const char *const looks[] = { "", "record x = S.x\nrecord y = S.c\n", "record c = S.c every 0.7\n",
                                         "record m = mean(S.c * S.w)\n" };
    char text[1500];
    model *m[4];

    (void)state;
    for (int k = 0; k < 4; k++) {
        snprintf(text, sizeof text,
                 "simulation { dt = 0.1; method = euler; seed = 5 }\npopulation A[23] { spike when bernoulli(0.05) }\n"
                 "population B[17] { spike when bernoulli(0.08) }\nprojection S : A -> B via random(p = 0.4) {\n"
                 "  state w = 0.5, x = 0, c = 0; x' = -x / 3; c' = (0.1 - c) / 2; delay uniform(0, 2)\n"
                 "  on pre { x += 0.1; c += 0.3*w } on post { c += 0.2; w = clip(w + x*c - 0.03, 0, 1) } }\n"
                 "%srun 13.7\nrun 16.3\nlet w = S.w\n", looks[k]);
        m[k] = model_of(text, "");
        const array first = model_get(m[0], "w"), w = model_get(m[k], "w");
        assert_memory_equal(first.data, w.data, w.rows * sizeof(double));
    }
    for (int k = 0; k < 4; k++) model_free(m[k]);
}

/* Noise of each synapse: variance, independence of its neighbours. */
static void noise_of_synapses(void **state)
{
    static const char text[] =
        "simulation { dt = 0.05; method = euler; seed = 4 }\npopulation A[100] { state v = 0; v' = 0 }\n"
        "projection S : A -> A via all_to_all { state l = 0, m = 0, k = normal(0, 1) + 0*pre.v\n"
        "  l' = xi; m' = xi_b; k' = -k + sqrt(2) * xi_c }\nrun 2\n"
        "let variance = mean(S.l^2) / 2, across = mean(S.l * S.m) / 2, next = mean(S.l[1:] * S.l[0:9999]) / 2\n"
        "let far = mean(S.l[100:] * S.l[0:9900]) / 2, stationary = mean(S.k^2)\n";
    model *m = model_of(text, "");

    (void)state;
    assert_true(fabs(model_number(m, "variance") - 1) < 4 * sqrt(2. / 10000));
    assert_true(fabs(model_number(m, "across")) < 4 / sqrt(10000.));
    assert_true(fabs(model_number(m, "next")) < 4 / sqrt(10000.));
    assert_true(fabs(model_number(m, "far")) < 4 / sqrt(10000.));
    assert_true(fabs(model_number(m, "stationary") - 1) < 4 * sqrt(2. / 10000) + 0.026);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_against_a_loop),
        cmocka_unit_test(gated_against_a_loop),
        cmocka_unit_test(gated_singly),
        cmocka_unit_test(warnings),
        cmocka_unit_test(arrivals),
        cmocka_unit_test(order_of_code),
        cmocka_unit_test(synapses_alone),
        cmocka_unit_test(stdp_window),
        cmocka_unit_test(shared_traces),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(noise_of_synapses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
