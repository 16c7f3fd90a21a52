/* Events, refractoriness and pathways of synapses: what a text becomes in the model, and what is refused where. */
#include "support/checked.h"

#include "base/text.h"

/* --- parts of a model as text --- */

static void add_assigns(checked *c, nl_text *text, const nl_assign *assigns, size_t count)
{
    nl_text_adds(text, " {");
    for (size_t k = 0; k < count; k++)
        nl_text_addf(text, "%s %s = %s", k > 0 ? ";" : "", c->model->vars.items[assigns[k].var].full_name,
                     text_of(c, assigns[k].value));
    nl_text_adds(text, " }");
}

static void add_event(checked *c, nl_text *text, size_t number)
{
    static const char *const kinds[] = { "level", "edge", "times" };
    const nl_event *event = &c->model->events.items[number];

    nl_text_addf(text, "%s %s", event->name != NULL ? event->name : "-", kinds[event->kind]);
    if (event->kind != NL_EVENT_TIMES) nl_text_addf(text, " %s", text_of(c, event->condition));
    for (size_t k = 0; k < event->time_count; k++) nl_text_addf(text, " %g:%u", event->times[k], event->ids[k]);
    if (event->select != 0) nl_text_addf(text, " select %s", text_of(c, event->select));
    add_assigns(c, text, event->assigns.items, event->assigns.count);
}

static void add_rest(checked *c, nl_text *text, size_t number)
{
    const nl_refractory *r = &c->model->refractories.items[number];

    if (r->time != 0) nl_text_addf(text, "for %s", text_of(c, r->time));
    if (r->condition != 0) nl_text_addf(text, "while %s", text_of(c, r->condition));
    for (size_t k = 0; k < r->held.count; k++)
        nl_text_addf(text, " %s", c->model->vars.items[r->held.items[k]].full_name);
}

static void add_write(checked *c, nl_text *text, const nl_write *write)
{
    const char *side = write->kind == NL_WRITE_OWN ? "" : write->to_pre ? "pre " : "post ";

    nl_text_addf(text, " %s%s %s %s", side, c->model->vars.items[write->var].full_name,
                 write->kind == NL_WRITE_ADD ? "+=" : "=", text_of(c, write->value));
    if (write->condition != 0) nl_text_addf(text, " where %s", text_of(c, write->condition));
}

static void add_pathway(checked *c, nl_text *text, size_t number)
{
    const nl_pathway *p = &c->model->pathways.items[number];

    nl_text_addf(text, "on %s %u", p->on_post ? "post" : "pre", p->event);
    if (p->delay != 0) nl_text_addf(text, " delay %s", text_of(c, p->delay));
    nl_text_adds(text, p->in_turn ? " in turn {" : " {");
    for (size_t k = 0; k < p->writes.count; k++) {
        if (k > 0) nl_text_adds(text, ";");
        add_write(c, text, &p->writes.items[k]);
    }
    nl_text_adds(text, " }");
}

static void add_order(checked *c, nl_text *text, size_t number)
{
    const nl_projection *p = &c->model->projections.items[number];

    nl_text_adds(text, p->by_pre && p->by_post ? "pre post" : p->by_pre ? "pre" : "none");
}

static void add_derivative(checked *c, nl_text *text, size_t number)
{
    nl_text_adds(text, text_of(c, c->model->vars.items[number].deriv));
}

static void add_init(checked *c, nl_text *text, size_t number)
{
    nl_text_addf(text, "%s = %s", c->model->vars.items[number].full_name,
                 text_of(c, c->model->vars.items[number].init));
}

static void add_block(checked *c, nl_text *text, size_t number)
{
    const nl_block *block = &c->model->blocks.items[number];

    nl_text_adds(text, block->population == UINT32_MAX ? "synapses" : "neurons");
    add_assigns(c, text, block->assigns.items, block->assigns.count);
}

static const struct {
    const char *word;
    void (*add)(checked *c, nl_text *text, size_t number);
} questions[] = {
    { "event", add_event },      { "rest", add_rest },   { "pathway", add_pathway }, { "order", add_order },
    { "deriv", add_derivative }, { "block", add_block }, { "init", add_init },
};

static const char *answer(checked *c, const char *question)
{
    const size_t length = strcspn(question, " ");
    nl_text text = nl_text_new(c->arena);

    for (size_t k = 0; k < NL_LEN(questions); k++)
        if (strlen(questions[k].word) == length && strncmp(questions[k].word, question, length) == 0)
            questions[k].add(c, &text, strtoul(question + length + 1, NULL, 10));
    return text.chars;
}

/* --- what a text becomes --- */

#define NEURONS                                                                                                        \
    PLAIN                                                                                                              \
        "population A[3] { state v = 0; v' = 2 - v; spike when v > 1 { v = 0 } event up when v crosses above 0.3 }\n"  \
        "population B[4] { input s; param g = 2*i; state v = 0, u = 0 in [0, 7]; v' = s - v; u' = -u; "                \
        "spike when v > 1 { v = 0 } }\n"

static const struct {
    const char *text, *question, *expected;
} cases[] = {
    /* kinds */
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; spike when v > 1 { v = 0.5 } }", "event 0",
      "spikes level (X.v > 1) { X.v = 0.5 }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event up when v > 1 }", "event 0", "up edge (X.v > 1) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; when v > 1 { v = 0 } }", "event 0",
      "- edge (X.v > 1) { X.v = 0 }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; when v crosses above 1 { v = 0 } }", "event 0",
      "- level ((X.v > 1) and (old(X.v) <= 1)) { X.v = 0 }" },
    { PLAIN "population X[3] { param a = i; state v = 0; v' = 2 - v; event e when a crosses below v }", "event 0",
      "e level ((X.a < X.v) and (X.a >= old(X.v))) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event e when (v crosses above 1) and v < 3 }", "event 0",
      "e level (((X.v > 1) and (old(X.v) <= 1)) and (X.v < 3)) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event e when v crosses above 1 or v < 3 }", "event 0",
      "e edge (((X.v > 1) and (old(X.v) <= 1)) or (X.v < 3)) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event e when not v crosses above 1 }", "event 0",
      "e edge not(((X.v > 1) and (old(X.v) <= 1))) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event e when t crosses above 5 }", "event 0",
      "e level ((step > 20) and (old(step) <= 20)) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; event e when bernoulli(0.3) }", "event 0",
      "e level draw(0.3) { }" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; spike when v >= 1 select max(v - 1) { v = 0 } }", "event 0",
      "spikes level (X.v >= 1) select (X.v - 1) { X.v = 0 }" },
    { PLAIN "state v = 0\nv' = 2 - v\nspike when v > 1 { v = 0 }", "event 0", "spikes level (v > 1) { v = 0 }" },
    { PLAIN "population X[3] { state v = 0, u = 1; v' = 2 - v; spike when v > 1 { let d = 2*v; v -= d; if u > 3 { u += "
            "v } } }",
      "event 0",
      "spikes level (X.v > 1) { X.v = (X.v - (X.v * 2)); X.u = if((X.u > 3), (X.u + (X.v - (X.v * 2))), X.u) }" },
    /* given times: by time, then by neuron */
    { PLAIN "population X[3] { spike at [5, 2, 3] }", "event 0", "spikes times 2:1 3:2 5:0 { }" },
    { PLAIN "population X[3] { spike at [2, 5] }", "event 0", "spikes times 2:0 2:1 2:2 5:0 5:1 5:2 { }" },
    { PLAIN "population X[2] { spike at 2 }", "event 0", "spikes times 2:0 2:1 { }" },
    { PLAIN "population X { spike at [2] }", "event 0", "spikes times 2:0 { }" },
    { PLAIN "population X[3] { spike at [[2, 5], [], [3]] }", "event 0", "spikes times 2:0 3:2 5:0 { }" },
    { PLAIN "population X[2] { spike at [[2, 5], [3, 4]] }", "event 0", "spikes times 2:0 3:1 4:1 5:0 { }" },
    { PLAIN "population X[3] { spike at ([2, 3, 5], [1, 0, 1]) }", "event 0", "spikes times 2:1 3:0 5:1 { }" },
    { PLAIN "population X[2] { spike at [0.3, 0.2, 2] }\n", "event 0", "" },
    { PLAIN "population X[2] { spike at [0, 0.3, 0.31, 2.1] }\n", "event 0", "spikes times 0.25:0 0.25:1 2:0 2:1 { }" },
    { UNITS "population X { spike at 10 ms + 5 ms * arange(0, 3) }", "event 0", "spikes times 10:0 15:0 20:0 { }" },
    /* rest */
    { PLAIN "population X[3] { state v = 0, u = 1; v' = 2 - v; u' = v; refractory 2.5 holding v, u, v\nspike when v > "
            "1 { v = 0 } }",
      "rest 0", "for 2.5 X.v X.u" },
    { PLAIN "population X[3] { param r = uniform(1, 2); state v = 0; v' = 2 - v; spike when v > 1; refractory r }",
      "rest 0", "for X.r" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; spike when v > 1; refractory while v > 0.5 holding v }",
      "rest 0", "while (X.v > 0.5) X.v" },
    /* spiked */
    { PLAIN "population X[3] { state v = 0; v' = 2 - v - 3*spiked; spike when v > 1 { v = 0 } }", "deriv 0",
      "((2 - X.v) - (3 * spiked#0))" },
    { PLAIN "state v = 0\nv' = -v - spiked\nwhen v > 2 { v = 1 }\nspike when v > 1 { v = 0 }", "deriv 0",
      "(-(v) - spiked#1)" },
    { NEURONS "population C[3] { state w = 0; w' = A.spiked[i] }", "deriv 5", "gather(spiked#0, i)" },
    /* pathways */
    { NEURONS "projection A -> B via all_to_all { on pre { post.v += 1.5 } }", "pathway 0",
      "on pre 0 { post B.v += 1.5 }" },
    { NEURONS "projection A -> B via all_to_all { on pre.up { post.v -= 1.5 } }", "pathway 0",
      "on pre 1 { post B.v += -1.5 }" },
    { NEURONS
      "projection P : A -> B via all_to_all { state w = uniform(0, 1); on post { w += 1; pre.v += w; w = 2*w } }",
      "pathway 0", "on post 2 { P.w = (2 * (1 + P.w)); pre A.v += (1 + P.w) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.v += 1; post.v += 2*pre.v } }", "pathway 0",
      "on pre 0 { post B.v += (1 + (2 * pre(A.v))) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.v += 1; post.u += post.v } }", "pathway 0",
      "on pre 0 in turn { post B.v += 1; post B.u += (1 + post(B.v)) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.u *= 3 } }", "pathway 0",
      "on pre 0 in turn { post B.u = clip((post(B.u) * 3), 0, 7) }" },
    { NEURONS "projection P : A -> B via all_to_all { state w = uniform(0, 1) in [0, 1]; on pre { if pre.v > 3 { "
              "post.v += w } else "
              "{ w += 2 } } }",
      "pathway 0",
      "on pre 0 { P.w = if((pre(A.v) > 3), P.w, clip((2 + P.w), 0, 1)); post B.v += if((pre(A.v) > 3), P.w, 0) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.v += 1; if pre.v > 3 { post.v = 5 } } }",
      "pathway 0", "on pre 0 in turn { post B.v = if((pre(A.v) > 3), 5, (1 + post(B.v))) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { if pre.v > 3 { post.v = 5 } } }", "pathway 0",
      "on pre 0 in turn { post B.v = if((pre(A.v) > 3), 5, post(B.v)) where (pre(A.v) > 3) }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { if pre.v > 3 { post.v = 5 } else { post.v = 6 } } }",
      "pathway 0", "on pre 0 in turn { post B.v = if((pre(A.v) > 3), 5, 6) }" },
    { NEURONS "projection P : A -> B[1:3] via all_to_all { on pre { post.v += post.g } }", "pathway 0",
      "on pre 0 { post B.v += post(B.g) }" },
    /* how long a spike takes */
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.v += 1 } on post { pre.v += 2 } delay 1.5 }",
      "pathway 0", "on pre 0 delay 1.5 { post B.v += 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { on pre { post.v += 1 } on post { pre.v += 2 } delay 1.5 }",
      "pathway 1", "on post 2 { pre A.v += 2 }" },
    { NEURONS "projection P : A -> B via all_to_all { dendritic_delay 0.5; on pre delay 2 { post.v += 1 } on post { "
              "pre.v += 2 } }",
      "pathway 1", "on post 2 delay 0.5 { pre A.v += 2 }" },
    { NEURONS "projection P : A -> B via all_to_all { dendritic_delay 0.5; on pre delay 2 { post.v += 1 } on post { "
              "pre.v += 2 } }",
      "pathway 0", "on pre 0 delay 2 { post B.v += 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { delay 0; on pre { post.v += 1 } }", "pathway 0",
      "on pre 0 { post B.v += 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { delay 2 + 0.5*post.i; on pre { post.v += 1 } }", "pathway 0",
      "on pre 0 delay (2 + (0.5 * post(i))) { post B.v += 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { delay uniform(1, 2); on pre { post.v += 1 } }", "pathway 0",
      "on pre 0 delay P.delay { post B.v += 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { delay uniform(1, 2); on pre { post.v += 1 } }", "init 5",
      "P.delay = draw(1, 2)" },
    { NEURONS
      "projection P : A -> B via all_to_all { delay uniform(1, 2); on pre { post.v += 1 } on pre delay uniform(2, 3) { "
      "post.v += 1 } }",
      "init 6", "P.delay 2 = draw(2, 3)" },
    { NEURONS "projection P : A -> B via pairs([0, 1], [2, 3], d = [1, 2]) { delay d; on pre { post.v += 1 } }",
      "pathway 0", "on pre 0 delay P.d { post B.v += 1 }" },
    /* states of synapses */
    { NEURONS "projection P : A -> B via all_to_all { state w = 0.3; 2 * w' = pre.v - w; post.s += w }", "deriv 5",
      "((pre(A.v) - P.w) / 2)" },
    { NEURONS
      "projection P : A -> B via all_to_all { param q = normal(0, 1); state w = q decays 4; on pre { post.v += w } }",
      "init 6", "P.w = P.q" },
    { NEURONS
      "projection P : A -> B via all_to_all { state w = 0.3; every step { w += pre.v } on pre { post.v += w } }",
      "block 0", "synapses { P.w = (P.w + pre(A.v)) }" },
    { NEURONS "projection P : A -> B via all_to_all { state w = 0.3, l = uniform(0, 1); l' = pre.v; when l crosses "
              "above 0.4 { w = 1 } "
              "on pre { post.v += w } }",
      "event 3", "- level ((P.l > 0.4) and (old(P.l) <= 0.4)) { P.w = 1 }" },
    { NEURONS "projection P : A -> B via all_to_all { state w = 0.3; w' = -w + xi; on pre { post.v += w } }", "deriv 5",
      "((2 * draw(0, 1)) - P.w)" },
    /* how synapses are stored */
    { NEURONS "projection A -> B via all_to_all { on pre { post.v += 1.5 } }", "order 0", "pre" },
    { NEURONS "projection A -> B via all_to_all { on post { pre.v += 1.5 } }", "order 0", "pre post" },
    { NEURONS "projection A -> B via all_to_all { post.s += pre.v }", "order 0", "none" },
    { NEURONS "projection A -> B via all_to_all { post.s += 3 * pre.spiked / dt }", "order 0", "pre" },
    { NEURONS "projection A -> B via all_to_all { post.s += post.g * pre.v * (pre.v > 2) }", "order 0", "pre" },
    { NEURONS "projection A -> B via all_to_all { post.s += if pre.v > 2 then post.v else 0 }", "order 0", "pre" },
    { NEURONS "projection A -> B via all_to_all { post.s += if post.v > 2 then pre.v else 0 }", "order 0", "none" },
    { NEURONS "projection A -> B via all_to_all { post.s += delay(pre.spiked, 2) }", "order 0", "pre" },
};

static bool is_right(const char *text, const char *question, const char *expected)
{
    checked c = check_text(text);
    const char *got = c.model != NULL ? answer(&c, question) : "";
    const bool right = strcmp(got, expected) == 0;

    if (c.model == NULL && expected[0] != '\0') nl_diags_print(stderr, c.diags, 0);
    if (!right) print_error("%s\n%s is %s, wanted %s\n", text, question, got, expected);
    nl_arena_free(c.arena);
    return right;
}

static void models_are_as_expected(void **unused)
{
    int wrong = 0;

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) wrong += !is_right(cases[k].text, cases[k].question, cases[k].expected);
    assert_int_equal(wrong, 0);
}

/* --- what is refused or warned of --- */

static const fault_case fault_cases[] = {
    /* events */
    { PLAIN "population X[3] { state v = 0; v' = spiked }", NL_E_BODY_EVENT, 2, 37, "`X` has no spikes" },
    { PLAIN "state v = 0\nv' = spiked", NL_E_BODY_EVENT, 3, 6, "nothing spikes here" },
    { PLAIN "population X[3] { state v = spiked; v' = 1; spike when v > 1 { v = 0 } }", NL_E_INIT, 2, 29,
      "the initial value of `v` depends on spikes, which have no value yet" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 { v = 0 }\n spike when v > 2 }", NL_E_BODY_TWICE,
      3, 2, "a population has one `spike` statement" },
    { PLAIN "population X[3] { state v = 0; v' = 1; event e when v > 1\n event e when v > 2 }", NL_E_DUPLICATE, 3, 0,
      NULL },
    { PLAIN "population X[3] { state v = 0; v' = 1; event v when v > 1 }", NL_E_DUPLICATE, 2, 0,
      "`v` is declared twice" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v { v = 0 } }", NL_E_VALUE_KIND, 2, 51,
      "`spike when` needs a condition, not a number" },
    { UNITS "population X[3] { state v = 0 mV; 2 ms * v' = -v; spike when v crosses above 2 ms { v = 0 mV } }",
      NL_E_DIMENSION, 2, 0, NULL },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 select v { v = 0 } }", NL_E_BODY_EVENT, 2, 64,
      "this selects no element" },
    { PLAIN "population X[3] { param k = i; state v = 0; v' = 1; spike when v > 1 { k = 0 } }", NL_E_BODY_STATEMENT, 2,
      72, "only a state of this population can be assigned" },
    { PLAIN
      "population Y { state r = 0; r' = 1 }\npopulation X[3] { state v = 0; v' = 1; spike when v > 1 { Y.r = 0 } }",
      NL_E_BODY_STATEMENT, 3, 59, NULL },
    { PLAIN "population X[3] { spike when bernoulli(1.5) }", NL_E_DOMAIN, 2, 40,
      "`p` of `bernoulli` is a probability, not 1.5" },
    { PLAIN "population X[3] { state v = 0; v' = 2 - v; spike when v > 1 }", NL_W_SPIKE_ALWAYS, 2, 44,
      "this spikes in every step while the condition holds" },
    /* rest */
    { PLAIN "population X[3] { state v = 0; v' = 1; refractory 2 }", NL_E_BODY_EVENT, 2, 40,
      "nothing spikes here, so nothing is refractory" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike at [2, 3, 4]; refractory 2 }", NL_E_BODY_EVENT, 2, 60,
      "these spikes come at given times, refractory or not" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 { v = 0 } refractory -2 }", NL_E_BODY_EVENT, 2, 78,
      "a refractory period is finite and not negative" },
    { UNITS "population X[3] { state v = 0; v' = 1 [1/ms]; spike when v > 1 { v = 0 } refractory 2 }", NL_E_DIMENSION,
      2, 85, NULL },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 { v = 0 } refractory v }", NL_E_BODY_EVENT, 2, 78,
      "a refractory period does not change in time" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 { v = 0 } refractory normal(2, 1) }", NL_E_DRAW, 2,
      78, "`normal` cannot draw in a refractory period" },
    { PLAIN "population X[3] { param k = i; state v = 0; v' = k; spike when v > 1 { v = 0 } refractory 2 holding k }",
      NL_E_BODY_EQUATION, 2, 101, "`holding` needs a state, but `k` is a parameter" },
    { PLAIN "population X[3] { state v = 0; v' = 1; spike when v > 1 { v = 0 } refractory 2.1 }", NL_W_ROUNDED, 2, 78,
      NULL },
    /* given times */
    { PLAIN "population X[2] { spike at [[2, 5], [3, 2]] }", NL_E_SPIKE_TIMES, 2, 28,
      "spike times out of order: the one at index 1 is before the one that precedes it" },
    { PLAIN "population X[2] { spike at ([2, 5], [0, 2]) }", NL_E_SPIKE_TIMES, 2, 29,
      "the number 2 at index 1 is none of the neurons 0 .. 1" },
    { PLAIN "population X[2] { spike at [[2], [3], [4]] }", NL_E_SPIKE_TIMES, 2, 28,
      "there are 3 trains for 2 neurons" },
    { PLAIN "population X[2] { spike at [2, inf, 3] }", NL_E_SPIKE_TIMES, 2, 28,
      "the spike time at index 1 is not finite" },
    { UNITS "population X[2] { spike at [2, 3] mV }", NL_E_DIMENSION, 2, 28, "`spike at` takes times, not mV" },
    { PLAIN "population X[2] { spike at [0, 3] }", NL_W_SPIKE_TIMES, 2, 28, NULL },
    { PLAIN "population X { spike at [2, 2, 3] }", NL_W_SPIKE_TIMES, 2, 25, NULL },
    { PLAIN "population X { spike at [2.1, 2.4] }", NL_W_ROUNDED, 2, 25,
      "2 spikes between two steps; moved to the nearest step" },
    /* synapses */
    { PLAIN "population C[3] { state v = 0; v' = 1 }\nprojection C -> C via all_to_all { on pre { post.v += 1 } }",
      NL_E_BODY_EVENT, 3, 39, "`C` has no spikes" },
    { NEURONS "projection A -> B via all_to_all { on pre.down { post.v += 1 } }", NL_E_BODY_EVENT, 4, 39,
      "`A` has no event `down`" },
    { NEURONS "projection A -> B via all_to_all { on pre { post.s += 1 } }", NL_E_BODY_FLOW, 4, 45,
      "an event changes a state, but `s` is an input" },
    { NEURONS "projection A -> B via all_to_all { on pre { post.g += 1 } }", NL_E_BODY_FLOW, 4, 45, NULL },
    { NEURONS "projection A -> B via all_to_all { post.v += pre.v }", NL_E_BODY_FLOW, 4, 36,
      "a continuous sum goes into an input, but `v` is none" },
    { NEURONS "projection A -> B via all_to_all { param w = 2; on pre { w += 1 } }", NL_E_BODY_STATEMENT, 4, 58,
      "only a state of this projection can be assigned" },
    { NEURONS "projection A -> B via all_to_all { state w = 2; every step { post.v += w } }", NL_E_BODY_STATEMENT, 4,
      62, NULL },
    { NEURONS "projection A -> B via all_to_all { delay -1; on pre { post.v += 1 } }", NL_E_BODY_DELAY, 4, 42,
      "a delay is finite and not negative" },
    { NEURONS "projection A -> B via all_to_all { delay post.v; on pre { post.v += 1 } }", NL_E_BODY_DELAY, 4, 42,
      "the delay of spikes does not change in time" },
    { NEURONS "projection A -> B via all_to_all { delay 1; delay 2; on pre { post.v += 1 } }", NL_E_BODY_TWICE, 4, 45,
      NULL },
    { NEURONS "projection A -> B via all_to_all { on pre { post.v = spiked } }", NL_E_BODY_EVENT, 4, 54,
      "`spiked` belongs to a population" },
    { NEURONS "projection A -> B via all_to_all { on pre { post.v = 3 } }", NL_W_OVERWRITTEN, 4, 45,
      "several synapses write `post.v`, one after the other" },
    { NEURONS "projection A -> B via all_to_all { delay 2; post.s += pre.v }", NL_W_DELAY_UNUSED, 4, 36,
      "nothing is delayed: this projection has no `on pre`" },
    { NEURONS "projection A -> B via all_to_all", NL_W_PROJECTION_IDLE, 4, 12, "this projection does nothing" },
};

static void faults_are_found_where_they_are(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < NL_LEN(fault_cases); k++) check_fault(&fault_cases[k]);
}

/* Draws of events belong to streams of their own. */
static void streams_are_named_after_declarations(void **unused)
{
    checked c = check_text(
        PLAIN
        "population X[3] { state v = 0; v' = 1; spike when v > normal(1, 0.5) { v = normal(0, 1) } "
        "event e when bernoulli(0.25) { v += uniform(0, 1) } }\n"
        "projection P : X -> X via all_to_all { state w = 0; delay uniform(1, 2); on pre { w = normal(0, 1); post.v += "
        "normal(w, 1) } }");
    static const char *const wanted[] = { "X.spikes when", "X.v event", "X.e when",   "X.v event",
                                          "P.delay",       "P.w on",    "P.post.v on" };

    (void)unused;
    assert_non_null(c.model);
    assert_int_equal(c.model->draws.count, NL_LEN(wanted));
    for (size_t k = 0; k < NL_LEN(wanted); k++) assert_string_equal(c.model->draws.items[k].stream, wanted[k]);
    assert_int_equal(c.model->draws.items[3].use, 1);
    nl_arena_free(c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_as_expected),
        cmocka_unit_test(faults_are_found_where_they_are),
        cmocka_unit_test(streams_are_named_after_declarations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
