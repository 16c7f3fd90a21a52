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
    int first[2], size[2], count;
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
      "on pre { c += 1; w += 0.01*c }\non pre%s { e += 0.1*c; post.v += e }\non post { c += 2; w += 0.02*c; pre.q -= 0.1*e }\n",
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

static void add_number(nl_text *text, size_t k, double value)
{
    nl_text_addf(text, "%s%.17g", k > 0 ? ", " : "[", value);
}

static void add_trains(nl_text *text, const net *n, int side)
{
    for (int pass = 0; pass < 2; pass++) {
        size_t k = 0;
        nl_text_adds(text, pass == 0 ? "  spike at (" : ", ");
        for (int step = 1; step <= STEPS; step++)
            for (int i = 0; i < SIDE; i++)
                if (n->fires[side][step][i]) add_number(text, k++, pass == 0 ? step * n->dt : i);
        nl_text_adds(text, "]");
    }
    nl_text_adds(text, ")\n}\n");
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

static const char *model_text(nl_arena *arena, const net *n)
{
    nl_text text = nl_text_new(arena), body = nl_text_new(arena);
    char delay[60] = "";

    if (n->second >= 0) snprintf(delay, sizeof delay, " delay %.17g", n->second * n->dt);
    nl_text_addf(&text, "simulation { dt = %.17g; method = euler; seed = 3 }\npopulation A[%d] {\n  state q = 0.3 + 0.1*i decays 2.2\n",
                 n->dt, SIDE);
    add_trains(&text, n, 0);
    nl_text_addf(&text, "population B[%d] {\n  state g = 0.1*i decays 0.9\n  state v = 0.2 decays 1.4\n", SIDE);
    add_trains(&text, n, 1);
    nl_text_addf(&text, "projection P : A[%d:%d] -> B[%d:%d] ", n->first[0], n->first[0] + n->size[0], n->first[1],
                 n->first[1] + n->size[1]);
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
    net n = { .dt = 0.1, .kind = (delays)(number % DELAY_KINDS), .rule = number / DELAY_KINDS % (int)NL_LEN(rules),
              .count = 2 + draw_int((number % 9 == 5 ? PAIRS : FEW) - 2), .dendritic = draw_int(3) == 0 ? draw_int(5) : 0, .second = draw_int(6),
              .recorded = draw_int(2) };
    const int one = n.kind == LONG ? 3 * STEPS : 1 + draw_int(9);

    for (int side = 0; side < 2; side++) {
        n.first[side] = draw_int(4);
        n.size[side] = 1 + draw_int(SIDE - n.first[side]);
        for (int step = 1; step <= STEPS; step++)
            for (int i = 0; i < SIDE; i++) n.fires[side][step][i] = draw() < 0.07;
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
    for (int i = 0; i < SIDE; i++)
        if (!(fabs(got.data[step * SIDE + i] - wanted[i]) < 1e-12 * fmax(1, fabs(wanted[i])))) {
            fputs(text, stderr);
            fail_msg("rule %d, delay %d, step %d: %s[%d] = %.17g, wanted %.17g", n->rule, n->kind, step, name, i,
                     got.data[step * SIDE + i], wanted[i]);
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
    int below, above, form, links[2], steps;
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
        add_number(text, (size_t)k, is_id ? *(const int *)at : *(const double *)at);
    }
    nl_text_adds(text, "]");
}

static void add_links(nl_text *text, const cells *c, int p)
{
    nl_text_addf(text, "projection %c : E -> E via pairs(", "SF"[p]);
    add_link_list(text, c, p, "", offsetof(link_, pre), true);
    add_link_list(text, c, p, ", ", offsetof(link_, post), true);
    add_link_list(text, c, p, ", l0 = ", offsetof(link_, l), false);
    add_link_list(text, c, p, ", J0 = ", offsetof(link_, J), false);
    nl_text_addf(text, ") {\n  state J = J0\n  state l = l0 in [0, 1]\n  l' = -alpha * (l %s theta) + beta * (l %s theta) + %s\n",
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
    nl_text_addf(&text, "  input slow, fast\n  state a = 0, Is = 0, If = 0, x = 1\n  let s = V >= 20\n  let xs = x * s\n"
                        "  let I = Is + If + A*sin(t/F + phase) + A\n  let potentiates = %.17g <= V <= 20\n"
                        "  let depresses = V <= %.17g and V >= %.17g\n  let hebb = %.17g*potentiates - %.17g*depresses\n",
                 c->t_ltp, c->t_ltd, c->v_reset, c->ltp, c->ltd);
    nl_text_addf(&text, "  next V = if a >= 1 then %.17g else if V <= 20 then V + dt * (-V/%.17g + I) else V\n"
                        "  next a = if a >= 1 then 0 else a + dt/%.17g * s\n  3.3 * Is' = -Is + slow\n  next If = fast\n"
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
    for (int k = 0; k < c->links[p]; k++)
        c->link[p][k] = (link_){ draw_int(CELLS), draw_int(CELLS), k, draw() < 0.5 ? c->pot : c->dep, some_level(c),
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
        for (int k = 0; k < c->links[p]; k++) c->link[p][k].l = c->link[p][k].set_l, c->link[p][k].J = c->link[p][k].set_J;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_against_a_loop),
        cmocka_unit_test(gated_against_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
