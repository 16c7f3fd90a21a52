/* Bodies of populations and projections: what a text becomes as nodes of the model, and what is refused where. */
#include "support/checked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nl_var *var_named(const nl_model *model, const char *name)
{
    for (size_t k = 0; k < model->vars.count; k++)
        if (strcmp(model->vars.items[k].full_name, name) == 0) return &model->vars.items[k];
    fail_msg("no variable %s", name);
    return NULL;
}

static nl_ref let_in(const nl_let *lets, size_t count, const char *name)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(lets[k].name, name) == 0) return lets[k].node;
    return 0;
}

static nl_ref ask_let(const nl_model *model, const char *name)
{
    nl_ref ref = 0;

    for (size_t p = 0; ref == 0 && p < model->populations.count; p++)
        ref = let_in(model->populations.items[p].lets.items, model->populations.items[p].lets.count, name);
    for (size_t p = 0; ref == 0 && p < model->projections.count; p++)
        ref = let_in(model->projections.items[p].lets.items, model->projections.items[p].lets.count, name);
    return ref;
}

static nl_ref ask_assigned(const nl_model *model, const char *name)
{
    const nl_block *block = &model->blocks.items[0];

    for (size_t k = 0; k < block->assigns.count; k++)
        if (strcmp(model->vars.items[block->assigns.items[k].var].full_name, name) == 0)
            return block->assigns.items[k].value;
    return 0;
}

static nl_ref ask_init(const nl_model *model, const char *name) { return var_named(model, name)->init; }
static nl_ref ask_deriv(const nl_model *model, const char *name) { return var_named(model, name)->deriv; }
static nl_ref ask_next(const nl_model *model, const char *name) { return var_named(model, name)->next; }
static nl_ref ask_low(const nl_model *model, const char *name) { return var_named(model, name)->low; }
static nl_ref ask_high(const nl_model *model, const char *name) { return var_named(model, name)->high; }
static nl_ref ask_history(const nl_model *model, const char *name) { return var_named(model, name)->history; }
static nl_ref ask_flow(const nl_model *model, const char *n) { return model->flows.items[atoi(n)].value; }
static nl_ref ask_prev(const nl_model *model, const char *n) { return model->prevs.items[atoi(n)].expr; }
static nl_ref ask_first(const nl_model *model, const char *n) { return model->prevs.items[atoi(n)].first; }
static nl_ref ask_delayed(const nl_model *model, const char *n) { return model->delays.items[atoi(n)].expr; }
static nl_ref ask_lag(const nl_model *model, const char *n) { return model->delays.items[atoi(n)].delay; }
static nl_ref ask_max(const nl_model *model, const char *n) { return model->delays.items[atoi(n)].max; }
static nl_ref ask_rule(const nl_model *model, const char *n) { return model->projections.items[atoi(n)].rule.expr; }

/* A question is a word and the name or the number of what it is about: "deriv X.v", "flow 0". */
static const struct {
    const char *word;
    nl_ref (*answer)(const nl_model *model, const char *about);
} questions[] = {
    { "init", ask_init }, { "deriv", ask_deriv },     { "next", ask_next },   { "low", ask_low },
    { "high", ask_high }, { "history", ask_history }, { "let", ask_let },     { "set", ask_assigned },
    { "flow", ask_flow }, { "prev", ask_prev },       { "first", ask_first }, { "delay", ask_delayed },
    { "lag", ask_lag },   { "max", ask_max },         { "rule", ask_rule },
};

static nl_ref asked(const nl_model *model, const char *question)
{
    const size_t length = strcspn(question, " ");

    for (size_t k = 0; k < NL_LEN(questions); k++)
        if (strlen(questions[k].word) == length && strncmp(questions[k].word, question, length) == 0)
            return questions[k].answer(model, question + length + 1);
    fail_msg("no such question: %s", question);
    return 0;
}

typedef struct node_case {
    const char *text, *question, *expected;
} node_case;

#define LEAKY "neuron leaky(tau) { state v = 1; tau * v' = -v }\n"
#define PAIR PLAIN PAIR_ONLY
#define PAIR_ONLY                                                                                                      \
    "population A[3] { input s; param g = uniform(0, 1); state v = 0; v' = s - v }\n"                            \
          "population B[4] { input s; param h = 2*i; state v = 0; v' = s - v }\n"

static const node_case node_cases[] = {
    /* equations and their coefficients */
    { PLAIN "population X[3] { state v = 2.385; v' = -v }", "deriv X.v", "-(X.v)" },
    { PLAIN "population X[3] { param c = i; state v = 0; c * v' = 1 - v }", "deriv X.v", "((1 - X.v) / X.c)" },
    { PLAIN "population X[3] { param c = i; state v = 0; -c * v' = v }", "deriv X.v", "(X.v / -(X.c))" },
    { UNITS "population X[3] { state g = 0 nS decays 2.5 ms }", "deriv X.g", "(-(X.g) / 2.5)" },
    { PLAIN "state x = 0.7\nx' = -x", "deriv x", "-(x)" },
    { PLAIN "population X[3] { state v = 0, u = 1; v' = -v; next u = v' + u }", "next X.u", "(X.u + X.v')" },
    { PLAIN "population X[3] { state v = 0.5 in [-1.5, 2.5]; v' = -v }", "low X.v", "-1.5" },
    { PLAIN "population X[3] { state v = 0.5 in [-1.5, 2.5]; v' = -v }", "high X.v", "2.5" },
    /* names of the language */
    { PLAIN "population X[3] { state v = i/N; v' = t*dt + step }", "init X.v", "(i / 3)" },
    { PLAIN "population X[3] { state v = i/N; v' = t*dt + step }", "deriv X.v", "((t * 0.25) + step)" },
    { PLAIN "population X[3, 5] { state v = row; v' = col }", "init X.v", "(i div 5)" },
    { PLAIN "population X[3, 5] { state v = row; v' = col }", "deriv X.v", "(i mod 5)" },
    { PLAIN "population X { state v = i + N; v' = 1 }", "init X.v", "1" },
    /* lets in any order, values that are known, values that `set` changes */
    { PLAIN "population X[3] { let a = b + 1; let b = 2*v; state v = 0; v' = a }", "deriv X.v", "((2 * X.v) + 1)" },
    { PLAIN "param a = 2.5\nlet b = 2*a\npopulation X[3] { state v = 0; v' = b*v }", "deriv X.v", "(X.v * 5)" },
    { PLAIN "param a = 2.5\npopulation X[3] { state v = 0; v' = a*v }\nset a = 3\nrun 1", "deriv X.v", "(X.v * $a)" },
    { PLAIN "population X[3] { param k = 2.5; state v = 0; v' = k*v }", "deriv X.v", "(2.5 * X.v)" },
    { PLAIN "population X[3] { param k = 2.5; state v = 0; v' = k*v }\nset X.k = 3\nrun 1", "deriv X.v",
      "(X.k * X.v)" },
    { PLAIN
      "param mode = \"b\" in [\"a\", \"b\"]\npopulation X[3] { state v = 0; v' = if mode == \"a\" then 2 else 3 - v }",
      "deriv X.v", "(3 - X.v)" },
    { PLAIN "param b = 2\npopulation X[3] { if b == 1 { state v = 7 } else if b == 2 { state v = 8 } else { state v = "
            "9 } v' = 1 }",
      "init X.v", "8" },
    { PLAIN "population X[3] { let W = [2.5, 3.5, 4.5]; state v = 0; v' = W[i] * v }", "deriv X.v",
      "(X.v * gather(W, i))" },
    /* functions are inlined */
    { PLAIN "function f(x, a = 2) = a * x\npopulation X[3] { state v = 0; v' = f(v) + f(a = 3, x = v) }", "deriv X.v",
      "((X.v * 2) + (X.v * 3))" },
    { PLAIN
      "function f(x) { let y = x + 1; if y > 3 { return y }; return 2*y }\npopulation X[3] { state v = 0; v' = f(v) }",
      "deriv X.v", "if(((X.v + 1) > 3), (X.v + 1), ((X.v + 1) * 2))" },
    { PLAIN "function f(x, kind) { if kind == \"a\" { return x } else { return -x } }\npopulation X[3] { state v = 0; "
            "v' = f(v, \"b\") }",
      "deriv X.v", "-(X.v)" },
    /* elements and reductions */
    { PLAIN "population X[3] { state v = 0; v' = v[(i - 1) mod N] }", "deriv X.v", "gather(X.v, ((i - 1) mod 3))" },
    { PLAIN "population X[3] { state v = 0; v' = v[i] }", "deriv X.v", "X.v" },
    { PLAIN "population X[3, 5] { state v = 0; v' = v[row, (col + 1) mod 5] }", "deriv X.v",
      "gather(X.v, ((((i mod 5) + 1) mod 5) + (5 * (i div 5))))" },
    { PLAIN "let W = [[1, 2], [3, 4]]\npopulation X[2] { state v = 0; v' = W[i, v] }", "deriv X.v",
      "gather(W, if(((X.v >= 0) and (X.v < 2)), (X.v + (i * 2)), -1))" },
    { PLAIN "let W = [1.5, 2.5]\npopulation X[2] { state v = 0; v' = W[1] }", "deriv X.v", "2.5" },
    { PLAIN "population Y[3] { state v = 0; v' = 1 }\npopulation X[3] { state v = 0; v' = Y.v[i] }", "deriv X.v",
      "gather(Y.v, i)" },
    { PLAIN "population Y { state v = 0; v' = 1 }\npopulation X[3] { state v = 0; v' = Y.v }", "deriv X.v", "Y.v" },
    { PLAIN "population X[4] { state v = 0; v' = mean(abs(v - 0.5)) }", "deriv X.v", "(sum(abs((X.v - 0.5))) / 4)" },
    { PLAIN "population X[4] { state v = 0; v' = norm(v) }", "deriv X.v", "sqrt(sumsq(X.v))" },
    { PLAIN "population X[4] { state v = 0; v' = max(v) + max(v, 2) }", "deriv X.v", "(max(X.v) + max(X.v, 2))" },
    { PLAIN "population X { state v = 0; v' = mean(v) }", "deriv X.v", "X.v" },
    { PLAIN "population Y[4] { state v = 0; v' = 1 }\nlet P = Y[1:3]\npopulation X[3] { state v = 0; v' = sum(P.v) }",
      "deriv X.v", "sum(part(Y.v))" },
    { PLAIN "let W = [1, 2, 3]\npopulation X[3] { state v = W; v' = 1 }", "init X.v", "W" },
    /* the clock is compared in steps */
    { PLAIN "population X[3] { state v = 0; v' = t >= 2 }", "deriv X.v", "(step >= 8)" },
    { PLAIN "population X[3] { state v = 0; v' = t - 1 < 2 }", "deriv X.v", "(step < 12)" },
    { PLAIN "population X[3] { state v = 0; v' = 1 < t }", "deriv X.v", "(4 < step)" },
    { UNITS "population X[3] { state v = 0; 2.5 ms * v' = pulse(t, 3 ms, 4.5 ms) }", "deriv X.v",
      "(((step >= 6) and (step < 9)) / 2.5)" },
    /* past values */
    { PLAIN "population X[3] { state v = 0; v' = prev(v) + prev(v, 1) }", "deriv X.v", "(prev#0 + prev#1)" },
    { PLAIN "population X[3] { let a = prev(a, 0.5) + v; state v = 0; v' = a }", "prev 0", "(prev#0 + X.v)" },
    { PLAIN "population X[3] { let a = prev(b, 0) + 1; let b = 2*a*v; state v = 0; v' = b }", "prev 0",
      "(X.v * (2 * (prev#0 + 1)))" },
    { PLAIN "population X[3] { let a = delay(a, 1.5) + v; state v = 0; v' = a }", "delay 0", "(delay#0 + X.v)" },
    { PLAIN "population X[3] { param d = uniform(1, 2); state v = 0; v' = delay(v, d) }", "lag 0", "X.d" },
    { PLAIN "population X[3] { state v = 0; v' = delay(v, abs(v), max = 2.5) }", "max 0", "2.5" },
    { PLAIN "population X[3] { state v = 0; v' = delay(v, 0) }", "deriv X.v", "X.v" },
    { PLAIN "population X[3] { param a = i; state v = 0; history v = a + t; v' = delay(v, 1) }", "history X.v",
      "(X.a + t)" },
    /* blocks: each assignment sees the ones before */
    { PLAIN "population X[3] { state v = 0, u = 0; every step { v = v + 1; u = 2*v; v += u } }", "set X.u",
      "((X.v + 1) * 2)" },
    { PLAIN "population X[3] { state v = 0, u = 0; every step { v = v + 1; u = 2*v; v += u } }", "set X.v",
      "((X.v + 1) + ((X.v + 1) * 2))" },
    { PLAIN "population X[3] { let a = 3*v; state v = 0, u = 0; every step { v = 7*v; u = a } }", "set X.u",
      "(3 * (X.v * 7))" },
    { PLAIN "population X[3] { state v = 0; every step { let a = v; v = 2*v; v = v + a } }", "set X.v",
      "(X.v + (X.v * 2))" },
    { PLAIN "population X[3] { state v = 0, u = 1; every step { if v > 2 { v = 1; u = 3 } else if v > 1 { v = 2 } } }",
      "set X.v", "if((X.v > 2), 1, if((X.v > 1), 2, X.v))" },
    { PLAIN "population X[3] { state v = 0, u = 1; every step { if v > 2 { v = 1; u = 3 } else if v > 1 { v = 2 } } }",
      "set X.u", "if((X.v > 2), 3, X.u)" },
    { PLAIN "population X[3] { state v = 0, u = 1; every step { v = 5; u = sum(v) } }", "set X.u",
      "sum(if((i >= 0), 5, nan))" },
    { PLAIN "population X[3] { state v = 0 in [0, 1]; every step { v += 2.5 } }", "set X.v",
      "clip((X.v + 2.5), 0, 1)" },
    /* synapses */
    { PAIR "projection A -> B via all_to_all { post.s += 0.5*pre.v - post.v }", "flow 0",
      "((0.5 * pre(A.v)) - post(B.v))" },
    { PAIR "projection A -> B via all_to_all { pre.s -= post.v }", "flow 0", "-(post(B.v))" },
    { PAIR "projection A -> B via all_to_all { post.s += pre.i * N_pre + post.i * N_post }", "flow 0",
      "((pre(i) * 3) + (post(i) * 4))" },
    { PAIR "projection A[1:] -> B via all_to_all { post.s += pre.i }", "flow 0", "(pre(i) - 1)" },
    { PAIR "projection P : A -> B via all_to_all { param w = 2*pre.g; post.s += w }", "init P.w", "(2 * pre(A.g))" },
    { PAIR "projection P : A -> B via all_to_all { param w = 2.5; let u = w * pre.v; post.s += u }", "let u",
      "(2.5 * pre(A.v))" },
    { PAIR "projection P : A -> B via weights([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 1]]) { post.s += w * pre.v }",
      "flow 0", "(P.w * pre(A.v))" },
    { PAIR "projection A -> B via random(p = exp(-abs(pre.i - post.i) / 2.5)) { post.s += pre.v }", "rule 0",
      "exp((-(abs((pre(i) - post(i)))) / 2.5))" },
    { PAIR "connector near(k, s = 2) = where(abs(pre.i - post.i) <= k*s)\nprojection A -> B via near(1.5) { post.s += "
           "pre.v }",
      "rule 0", "(abs((pre(i) - post(i))) <= 3)" },
    { PAIR "projection A -> B via if dt > 1 then all_to_all else where(pre.g > post.h) { post.s += pre.v }", "rule 0",
      "(pre(A.g) > post(B.h))" },
    { PAIR "projection A -> B via where(distance(pre, post) < 2) { post.s += pre.v }", "rule 0",
      "(abs((pre(i) - post(i))) < 2)" },
    /* what is not taken cannot fail: its index becomes 0 */
    { PLAIN "let W = [1, 2, 3]\npopulation X[3] { state v = 0; v' = if i > 0 then W[i - 1] else 0 }", "deriv X.v",
      "if((i > 0), gather(W, if((i > 0), (i - 1), 0)), 0)" },
    { PLAIN "let s = table([[1, 2], [3, 4]], dt = 1)\npopulation X[2] { state v = 0; v' = s(t, i) }", "deriv X.v",
      "table(t, i)" },
    /* templates: a parameter is a value, a let, or drawn */
    { PLAIN LEAKY "population X[3] using leaky(2.5)", "deriv X.v", "(-(X.v) / 2.5)" },
    { PLAIN LEAKY "population X[3] using leaky(tau = i + 1)", "deriv X.v", "(-(X.v) / (i + 1))" },
    { PLAIN LEAKY "population X[3] using leaky(tau = normal(3, 0.5))", "deriv X.v", "(-(X.v) / X.tau)" },
    { PLAIN LEAKY "population X[3] using leaky(1 + v^2)", "deriv X.v", "(-(X.v) / (1 + (X.v ^ 2)))" },
    { PLAIN LEAKY "param k = 3\npopulation X[3] using leaky(k)\nset k = 4\nrun 1", "deriv X.v", "(-(X.v) / $k)" },
    { PLAIN "neuron n(a, b = 2*a, c = b + 1) { state v = c }\npopulation X[3] using n(5)", "init X.v", "11" },
    { PLAIN "neuron n(W) { state v = 0; v' = W[i] }\npopulation X[3] using n([1, 2, 3])", "deriv X.v",
      "gather(W, i)" },
    { PLAIN "function z(m) = normal(m, 1)\nneuron n(a) { state v = a }\npopulation X[3] using n(2*z(5))", "init X.v",
      "X.a" },
    { PLAIN "synapse s(k) { post.s += k * pre.v }\n" PAIR_ONLY
            "projection P : A -> B via all_to_all using s(k = gamma(2, 1.5)) { pre.s += k }",
      "init P.k", "draw(2, 1.5)" },
    /* .. whose text belongs to where it stands */
    { PLAIN "param tau = 7\n" LEAKY "population X[3] using leaky(tau = tau)", "deriv X.v", "(-(X.v) / 7)" },
    { PLAIN "param a = 1, b = 2\nneuron n(a, b) { state v = 10*a + b }\npopulation X[3] using n(a = b, b = a)",
      "init X.v", "21" },
    { PLAIN "param b = 7\nneuron n(a = b, b = 3) { state v = a + b }\npopulation X[3] using n", "init X.v", "10" },
    { PLAIN "param g = 3\nneuron n(a) { state v = a }\npopulation X[3] using n(g) { let g = 5*i }", "init X.v",
      "(5 * i)" },
    { PLAIN "neuron n(a) { state v = a }\nfor k in 2 .. 4 { population X(k)[3] using n(k + 0.5) }", "init X(3).v",
      "3.5" },
    /* .. and decides which declarations there are */
    { PLAIN "neuron n(kind) { if kind == \"a\" { state v = 1 } else { state v = 2 } }\npopulation X using n(\"b\")",
      "init X.v", "2" },
    { PAIR "synapse s(late = false) { if late { param d = 2 } else { param d = 0.5 }; post.s += delay(pre.v, d) }\n"
           "projection A -> B via all_to_all using s(late = true)",
      "lag 0", "2" },
    /* the body goes on where its template ends */
    { PLAIN LEAKY "population X[3] using leaky(2.5) { state w = v + 1; tau * w' = -w }", "deriv X.w",
      "(-(X.w) / 2.5)" },
    { PLAIN LEAKY "population X[3] using leaky(2.5) { state w = v + 1; tau * w' = -w }", "init X.w", "(1 + X.v)" },
    { PLAIN LEAKY "population X[3] using leaky(2.5) { every step { v = tau * v } }", "set X.v", "(2.5 * X.v)" },
    { PLAIN "neuron n { state v = 0, u = 0; every step { let y = v; u = 2*y } }\npopulation X[3] using n", "set X.u",
      "(X.v * 2)" },
    /* a parameter may be a name */
    { PAIR "synapse s(to : name, of : name = v) { post.to += pre.of }\nprojection A -> B via all_to_all using s(s)",
      "flow 0", "pre(A.v)" },
    { PLAIN "neuron n(x : name) { state x = 0.5; x' = -x; let twice = 2*x }\npopulation X[3] using n(rate)",
      "deriv X.rate", "-(X.rate)" },
    { PLAIN "neuron n(x : name) { state x = 0.5; x' = -x; let twice = 2*x }\npopulation X[3] using n(rate)",
      "let twice", "(X.rate * 2)" },
    { PAIR "synapse s(of : name, k = 2 * pre.of) { post.s += k }\n"
           "projection A -> B via all_to_all using s(v)", "flow 0",
      "(2 * pre(A.v))" },
    /* connectors in connectors; the branch that is not taken is not computed */
    { PAIR "connector near(k) = where(abs(pre.i - post.i) <= k)\nconnector some(d, k = 1) = if d == \"\" then "
           "near(k + 1) else weights(load(\"{d}/none.npy\"))\nprojection A -> B via some(\"\") { post.s += pre.v }",
      "rule 0", "(abs((pre(i) - post(i))) <= 2)" },
    { PAIR "connector alike(x : name) = where(pre.x > post.h)\nprojection A -> B via alike(g) { post.s += pre.v }",
      "rule 0", "(pre(A.g) > post(B.h))" },
    /* the past of a neuron is remembered by the neuron */
    { PAIR "projection A -> B via all_to_all { post.s += delay(pre.v, 1.5) }", "flow 0", "pre(delay#0)" },
    { PAIR "projection A -> B via all_to_all { post.s += delay(pre.v - post.v, 1.5) }", "flow 0",
      "(pre(delay#0) - post(delay#1))" },
    { PAIR "projection A -> B via all_to_all { post.s += delay(pre.v, pre.g) }", "flow 0", "pre(delay#0)" },
    { PAIR "projection P : A -> B via all_to_all { param d = uniform(1, 2); post.s += delay(pre.v, d) }", "delay 0",
      "pre(A.v)" },
    { PAIR "projection A -> B via all_to_all { post.s += prev(pre.v, 0) }", "prev 0", "A.v" },
};

static bool node_is_right(const node_case *n)
{
    checked c = check_text(n->text);
    const char *got = "refused";

    if (c.model == NULL) nl_diags_print(stderr, c.diags, 0);
    if (c.model != NULL) {
        const nl_ref ref = asked(c.model, n->question);
        got = text_of(&c, ref);
    }
    const bool is_right = strcmp(got, n->expected) == 0;
    if (!is_right) print_error("%s\n%s is %s, wanted %s\n", n->text, n->question, got, n->expected);
    nl_arena_free(c.arena);
    return is_right;
}

static void nodes_are_as_expected(void **unused)
{
    int wrong = 0;

    (void)unused;
    for (size_t k = 0; k < NL_LEN(node_cases); k++) wrong += !node_is_right(&node_cases[k]);
    assert_int_equal(wrong, 0);
}

/* --- what is refused --- */

static const fault_case fault_cases[] = {
    { PLAIN "population X[3] { state volts = 0; volts' = -vlots }", NL_E_NAME, 2, 46, "unknown name `vlots`" },
    { UNITS "population X[3] { param tau = 3 ms; state v = 1 mV\n tau * v' = v + tau }", NL_E_DIMENSION, 3, 13,
      "cannot add mV and ms" },
    { UNITS "population X[3] { state v = 1 mV\n v' = -v }", NL_E_DIMENSION, 3, 2,
      "the left side is mV/ms, the right side mV" },
    { UNITS "population X[3] { state v = 1 mV\n next v = 2 ms }", NL_E_DIMENSION, 3, 11,
      "`v` is mV, but its next value is ms" },
    { UNITS "population X[3] { state v = 1 mV in [0 mV, 3 ms] }", NL_E_DIMENSION, 2, 44,
      "`v` is mV, but its bound is ms" },
    { UNITS "population X[3] { state v : mV = 2 ms }", NL_E_DIMENSION, 2, 34,
      "`v` is mV, but its initial value is ms" },
    { UNITS "population X[3] { state v = 0 mV\n let a = if v > 1 mV then v else 2 ms }", NL_E_DIMENSION, 3, 10,
      "the branches of `if` are mV and ms" },
    { UNITS "population X[3] { state v = 0 mV\n let a = exp(v) }", NL_E_DIMENSION, 3, 10,
      "`exp` takes a pure number, not mV" },
    { UNITS "population X[3] { state v = 0 mV\n let a = delay(v, v) }", NL_E_DIMENSION, 3, 19,
      "a delay is a time, not mV" },
    { UNITS "population X[3] { state v = normal(1 mV, 2 ms) }", NL_E_DIMENSION, 2, 42,
      "`normal` takes mV here, not ms" },
    { UNITS "population X[3] { let a = prev(a, 0) + v; state v = 0 mV }", NL_E_CIRCLE, 2, 27, NULL },
    { PLAIN "population X[3] { state v = 0; v' = if v then 1 else 2 }", NL_E_VALUE_KIND, 2, 40,
      "`if` needs a condition, not a number" },
    { PLAIN "population X[3] { let a = b\n let b = 2*c\n let c = a*i }", NL_E_CIRCLE, 4, 10,
      "`a` depends on itself: X.a -> X.b -> X.c -> X.a" },
    { PLAIN "population X[3] { let a = prev(a) + i }", NL_E_CIRCLE, 2, 27, NULL },
    { PLAIN
      "population A[3] { input a; let c = 2*a }\npopulation B[3] { input d; let e = d + 1 }\n"
      "projection A -> B via one_to_one { post.d += pre.c }\nprojection B -> A via one_to_one { post.a += pre.e }",
      NL_E_CIRCLE, 5, 36, "these depend on each other at the same moment: A.a -> B.d -> A.a" },
    { PLAIN "population A[3] { input a }\nprojection A -> A via all_to_all { post.a += pre.a }", NL_E_CIRCLE, 3, 36,
      "these depend on each other at the same moment: A.a -> A.a" },
    { PLAIN "population X[3] { state v = 0, u = 1; v' = u'; u' = v' }", NL_E_CIRCLE, 2, 39, NULL },
    { PLAIN "population X[3] { state v = 0, u = 1; v' = u' }", NL_E_BODY_EQUATION, 2, 39,
      "`X.u` has no equation, so there is no u'" },
    { PLAIN "population X[3] { state v = 2*u; state u = 3*i }", NL_E_INIT, 2, 29, NULL },
    { PLAIN "population X[3] { input s; state v = 2*s }", NL_E_INIT, 2, 38,
      "the initial value of `v` depends on an input, which has no value yet" },
    { PLAIN "population X[3] { state v = 0\n state v = 1 }", NL_E_DUPLICATE, 3, 8, "`v` is declared twice" },
    { PLAIN "population X[3] { state v = 0; v' = -v\n next v = 2 }", NL_E_BODY_TWICE, 3, 7, NULL },
    { PLAIN "population X[3] { param v = i; v' = -v }", NL_E_BODY_EQUATION, 2, 32,
      "a derivative needs a state, but `v` is a parameter" },
    { PLAIN "population X[3] { state v = 0; v' = normal(0, 1) }", NL_E_DRAW, 2, 37,
      "`normal` cannot draw in an equation" },
    { PLAIN "population X[3] { state v = 0; v' = spiked }", NL_E_BODY_EVENT, 2, 37, "`X` has no spikes" },
    { PLAIN "population X[3] { state v = xi; v' = -v }", NL_E_DRAW, 2, 29, "`xi` is noise of an equation x' = .." },
    { PLAIN "let W = [1, 2, 3]\npopulation X[3] { state v = W; v' = v + W }", NL_E_SHAPE, 3, 41, NULL },
    { PLAIN "let W = [1, 2, 3, 4]\npopulation X[3] { state v = W; v' = v }", NL_E_SHAPE, 3, 29, NULL },
    { PLAIN "population Y[3] { state r = 0; r' = 1 }\npopulation X[3] { state v = 0; v' = Y.r }", NL_E_SHAPE, 3, 37,
      NULL },
    { PLAIN "let W = [1, 2]\npopulation X[3] { state v = 0; v' = W[i] }", NL_E_INDEX, 3, 39,
      "this index runs to 2, but there are only 2 elements" },
    { PLAIN "let W = [1, 2]\npopulation X[3] { state v = 0; v' = W[-1] }", NL_E_INDEX, 3, 39, NULL },
    { PLAIN "population X[3, 2] { state v = 0; v' = v[i] }", NL_E_INDEX, 2, 40,
      "`v` has 2 axes, but the index names 1" },
    { PLAIN "population X[3] { state v = 0; v' = delay(v, v) }", NL_E_BODY_DELAY, 2, 46,
      "this delay changes in time, so it needs a bound" },
    { PLAIN "population X[3] { state v = 0; v' = delay(v, -1) }", NL_E_BODY_DELAY, 2, 46,
      "a delay cannot be negative" },
    { PLAIN "population X[3] { state v = 0; v' = delay(v, 1, mx = 2) }", NL_E_ARGUMENT, 2, 49,
      "`delay` has no argument `mx`" },
    { PLAIN "function f(x) = f(x)\npopulation X[3] { state v = 0; v' = f(v) }", NL_E_RECURSION, 2, 17,
      "`f` calls itself" },
    { PLAIN "param N = 3\npopulation X[5] { state v = 0; v' = N*v }", NL_E_HIDDEN_NAME, 3, 37, NULL },
    { PLAIN "population X[0] { state v = 0 }", NL_E_BODY_HEAD, 2, 14, "a population needs at least one element" },
    { PLAIN "population X[3] { method = eulr; state v = 0; v' = 1 }", NL_E_NAME, 2, 28, "there is no method `eulr`" },
    { PLAIN "population X[3] { state v = 3 in [0, 1]; v' = 1 }", NL_E_BODY_BOUNDS, 2, 29,
      "`v` starts outside of its bounds" },
    { PLAIN "population X[3] { state v = 0; every step { k = 2 } param k = i }", NL_E_BODY_STATEMENT, 2, 45, NULL },
    { PLAIN "population X[3] { state v = 0; v' = 1; history v = v }", NL_E_BODY_DELAY, 2, 52, NULL },
    { PAIR "projection A -> B via all_to_all { post.v += pre.v }", NL_E_BODY_FLOW, 4, 36,
      "a continuous sum goes into an input, but `v` is none" },
    { PAIR "projection A -> B via all_to_all { post.q += pre.v }", NL_E_NAME, 4, 36, "`B` has no `q`" },
    { PAIR "projection A -> C via all_to_all { post.s += pre.v }", NL_E_NAME, 4, 17, "unknown population `C`" },
    { PAIR "projection A -> B via al_to_all { post.s += pre.v }", NL_E_BODY_RULE, 4, 23,
      "there is no connection rule `al_to_all`" },
    { PAIR "projection A -> B via random(p = pre.v) { post.s += pre.v }", NL_E_BODY_RULE, 4, 34, NULL },
    { PAIR "projection A -> B via one_to_one { post.s += pre.v }", NL_E_CONN_SIZES, 4, 23,
      "one_to_one needs two sides of one size, not 3 and 4" },
    { PAIR "projection A -> B via weights([[1, 2], [3, 4]]) { post.s += w * pre.v }", NL_E_CONN_SIZES, 4, 31,
      "the weights are [2, 2], but [post, pre] is [4, 3]" },
    { PAIR "projection A -> B via pairs([0, 3], [1, 2]) { post.s += pre.v }", NL_E_CONN_VALUES, 4, 29,
      "neuron 3 is outside of 0 .. 2" },
    { PAIR "projection A -> B via kernel([1, 2]) { post.s += w * pre.v }", NL_E_CONN_SIZES, 4, 23, NULL },
    { PAIR "projection A -> A via kernel([1, 2]) { post.s += w * pre.v }", NL_E_CONN_STENCIL, 4, 30, NULL },
    /* templates */
    { PLAIN "population X[3] using leaky(2)", NL_E_TEMPLATE, 2, 23, "there is no neuron `leaky`" },
    { PLAIN LEAKY "population X[3] using leaky", NL_E_ARGUMENT, 3, 23, "`leaky` needs `tau`" },
    { PLAIN LEAKY "population X[3] using leaky(2, 3)", NL_E_ARGUMENT, 3, 32, "`leaky` takes at most 1 argument" },
    { PLAIN LEAKY "population X[3] using leaky(tua = 3)", NL_E_ARGUMENT, 3, 29, "`leaky` has no argument `tua`" },
    { PLAIN LEAKY "population X[3] using leaky(2, tau = 3)", NL_E_ARGUMENT, 3, 32, "`tau` is given twice" },
    { PLAIN LEAKY "population X[3] using leaky(tau = tau)", NL_E_NAME, 3, 35, "unknown name `tau`" },
    { PLAIN LEAKY "population X[3] using leaky(2) { state v = 3 }", NL_E_DUPLICATE, 3, 40, "`v` is declared twice" },
    { PLAIN LEAKY "population X[3] using leaky(2) { param tau = 3 }", NL_E_DUPLICATE, 3, 40,
      "`tau` is declared twice" },
    { PLAIN LEAKY "population X[3] using leaky(2) { v' = -v }", NL_E_BODY_TWICE, 3, 34, "`v` has an equation already" },
    { PLAIN LEAKY "param v = 3\npopulation X[3] using leaky(v)", NL_E_HIDDEN_NAME, 4, 29,
      "`v` could be that of `leaky` or that of the file" },
    { PLAIN "synapse s { }\npopulation X[3] using s", NL_E_TEMPLATE, 3, 23,
      "a population uses a `neuron`, and `s` is none" },
    { PLAIN "neuron n { state v = 0; v' = q }\npopulation X[3] using n", NL_E_NAME, 2, 30, "unknown name `q`" },
    { PLAIN "neuron n(a, a) { }", NL_E_DUPLICATE, 2, 13, "`a` is declared twice" },
    { PLAIN "neuron n(a = b, b = 3) { state v = a }\npopulation X[3] using n", NL_E_NAME, 2, 14, "unknown name `b`" },
    { PLAIN "neuron n(a) { state v = 0\n if a > 2 { v' = 1 } }\npopulation X[3] using n(v)", NL_E_BODY_STATEMENT, 3, 5,
      "this condition reads `a`, which is not known before time starts" },
    { UNITS "neuron n(tau : ms) { state v = 0 decays tau }\npopulation X[3] using n(2 mV)", NL_E_DIMENSION, 3, 25,
      "`tau` is ms, but its value is mV" },
    { PLAIN "function f(x : name) = 2", NL_E_TEMPLATE, 2, 12, NULL },
    { PAIR "synapse s(to : name) { post.to += 1 }\nprojection A -> B via all_to_all using s(2)", NL_E_TEMPLATE, 5, 42,
      "`to` takes the name of a variable" },
    { PAIR "synapse s(to : name) { post.to += 1 }\nprojection A -> B via all_to_all using s(q)", NL_E_NAME, 4, 24,
      "`B` has no `q`" },
    { PAIR "connector c(k) = c(k)\nprojection A -> B via c(1) { post.s += pre.v }", NL_E_RECURSION, 4, 18,
      "`c` calls itself" },
    { PLAIN "function f(n) = f(n - 1) + f(n - 2)\npopulation X[3] { state v = 0; v' = f(v) }", NL_E_RECURSION, 2, 17,
      "`f` calls itself" },
    { PLAIN "function f(n) = f(n - 1) + f(n - 2)\nneuron n(a) { state v = a }\npopulation X[3] using n(f(3))",
      NL_E_RECURSION, 2, 17, NULL },
    { PLAIN "neuron n { state v = 0 }\npopulation X[3] using n(3)", NL_E_ARGUMENT, 3, 25, "`n` takes no arguments" },
    { PAIR "projection A -> B via if dt > 1 then al_to_all else all_to_all { post.s += 1 }", NL_E_BODY_RULE, 4, 38,
      "there is no connection rule `al_to_all`" },
};

static void faults_are_found_where_they_are(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < NL_LEN(fault_cases); k++) check_fault(&fault_cases[k]);
}

/* One fault does not hide the next, and makes no others. */
static void several_faults_in_one_run(void **unused)
{
    checked c = check_text(
        PLAIN
        "population X[3] {\n  let a = q\n  let b = a + 1\n  state v = b\n  v' = a * v\n  let d = normal(0, 1)\n}\n"
        "population Y[2] using no_such_neuron(a = 3) { }\nprojection X -> Y via one_to_one { post.s += pre.d }\n");
    static const struct {
        nl_code code;
        size_t line;
    } wanted[] = { { NL_E_NAME, 3 }, { NL_E_DRAW, 7 }, { NL_E_TEMPLATE, 9 }, { NL_E_CONN_SIZES, 10 } };

    (void)unused;
    assert_int_equal(nl_diags_count(c.diags), NL_LEN(wanted));
    for (size_t k = 0; k < NL_LEN(wanted); k++) {
        const nl_diag *d = nl_diags_get(c.diags, k);
        assert_int_equal(d->code, wanted[k].code);
        assert_int_equal(nl_sources_locate(nl_diags_sources(c.diags), d->span.begin).line, wanted[k].line);
    }
    nl_arena_free(c.arena);
}

/* What is wrong in a rule says where it was used; arguments that do not suit show what they do not suit. */
static void faults_have_a_second_place(void **unused)
{
    static const struct {
        const char *text;
        size_t line, col; /* of the second place */
        const char *sentence;
    } cases[] = {
        { PLAIN "neuron n { state v = 0; v' = q }\npopulation X[3] using n", 3, 23, "`n` is used here" },
        { PAIR "connector c(k) = where(k * pre.q > 2)\nprojection A -> B via c(1) { post.s += 1 }", 5, 23,
          "`c` is used here" },
        { PLAIN LEAKY "population X[3] using leaky(tua = 3)", 2, 8, "`leaky` is declared here" },
        { PLAIN LEAKY "population X[3] using leaky", 2, 14, "it is declared here, without a value of its own" },
        { PLAIN LEAKY "population X[3] using leaky(2, tau = 3)", 3, 29, "it is given here" },
        { PLAIN LEAKY "population X[3] using leaky(2) { state v = 3 }", 2, 27, "it is declared here" },
        { PLAIN "neuron n(a) { if a > 2 { state v = 0 } }\npopulation X[3] using n(i)", 3, 25, "this is given for it" },
    };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        checked c = check_text(cases[k].text);
        const nl_diag *d = nl_diags_get(c.diags, 0);
        assert_non_null(d->also_text);
        const nl_pos at = nl_sources_locate(nl_diags_sources(c.diags), d->also.begin);
        if (at.line != cases[k].line || at.col != cases[k].col)
            fail_msg("%s\nthe second place is %zu:%zu", cases[k].text, at.line, at.col);
        assert_string_equal(d->also_text, cases[k].sentence);
        nl_arena_free(c.arena);
    }
}

static void idle_parts_are_warned_of(void **unused)
{
    checked c = check_text(PLAIN "population X[3] {\n input s\n state v = 0, u = 1\n v' = -v\n history v = t\n}\n");
    static const nl_code wanted[] = { NL_W_HISTORY_UNUSED, NL_W_INPUT_UNUSED, NL_W_STATE_CONSTANT };

    (void)unused;
    assert_non_null(c.model);
    assert_int_equal(nl_diags_count(c.diags), NL_LEN(wanted));
    for (size_t k = 0; k < NL_LEN(wanted); k++) assert_int_equal(nl_diags_get(c.diags, k)->code, wanted[k]);
    nl_arena_free(c.arena);
}

/* A template's input is an offer; what nothing in it reads is a misspelt name. */
static void templates_are_warned_of(void **unused)
{
    checked c = check_text(PLAIN "neuron n(a, b, c = b, d : name) {\n input s\n state v = s2, d = 1\n let s2 = 3*c\n"
                                 " v' = s - v\n next d = d + 1\n}\npopulation X[3] using n(1, 2, d = u)\n");

    (void)unused;
    assert_non_null(c.model);
    assert_int_equal(nl_diags_count(c.diags), 1);
    assert_string_equal(nl_diags_get(c.diags, 0)->text, "nothing in `n` reads `a`");
    nl_arena_free(c.arena);
}

/* --- details that are no expression --- */

static void streams_are_named_after_declarations(void **unused)
{
    checked c = check_text(
        PLAIN
        "population X[3] { param a = normal(0, 1) + normal(2, 3); state v = uniform(0, 1); next v = normal(v, 1) }\n"
        "projection P : X -> X via all_to_all { param w = gamma(2, 1.5) }");
    static const struct {
        const char *stream;
        uint32_t use;
        nl_dist dist;
    } wanted[] = { { "X.a", 0, NL_DIST_NORMAL },
                   { "X.a", 1, NL_DIST_NORMAL },
                   { "X.v", 0, NL_DIST_UNIFORM },
                   { "X.v next", 0, NL_DIST_NORMAL },
                   { "P.w", 0, NL_DIST_GAMMA } };

    (void)unused;
    assert_non_null(c.model);
    assert_int_equal(c.model->draws.count, NL_LEN(wanted));
    for (size_t k = 0; k < NL_LEN(wanted); k++) {
        assert_string_equal(c.model->draws.items[k].stream, wanted[k].stream);
        assert_int_equal(c.model->draws.items[k].use, wanted[k].use);
        assert_int_equal(c.model->draws.items[k].dist, wanted[k].dist);
    }
    nl_arena_free(c.arena);
}

static void blocks_know_when_they_run(void **unused)
{
    checked c = check_text(
        UNITS
        "population X[3] { state v = 0; every 5 ms from 2 ms { v = 1 } at [3, 7] ms { v = 2 } every step { v = 3 } }");
    const nl_model *m = c.model;

    (void)unused;
    assert_non_null(m);
    assert_int_equal(m->blocks.items[0].kind, NL_BLOCK_EVERY);
    assert_exact(m->blocks.items[0].period, 5.0);
    assert_exact(m->blocks.items[0].from, 2.0);
    assert_int_equal(m->blocks.items[1].kind, NL_BLOCK_AT);
    assert_int_equal(m->blocks.items[1].times.count, 2);
    assert_exact(m->blocks.items[1].times.items[1], 7.0);
    assert_int_equal(m->blocks.items[2].kind, NL_BLOCK_EVERY_STEP);
    nl_arena_free(c.arena);
}

static void rules_keep_their_values(void **unused)
{
    checked c = check_text(
        PLAIN "population X[3] { input s }\n"
              "projection A : X -> X via pairs([0, 2], [1, 1], w = [0.5, 2.385]) no self { post.s += w }\n"
              "projection B : X -> X via offsets([-1, 1], boundary = \"reflect\") excluding A { post.s += 1 }\n"
              "projection C : X -> X via fixed_indegree(2, multapses = true) { post.s += 1 }\n");
    const nl_model *m = c.model;

    (void)unused;
    assert_non_null(m);
    const nl_projection *p = m->projections.items;
    assert_true(p[0].no_self);
    assert_int_equal(p[0].rule.given.count, 1);
    assert_string_equal(m->vars.items[p[0].rule.given.items[0].var].full_name, "A.w");
    assert_exact(p[0].rule.given.items[0].value.data[1], 2.385);
    assert_int_equal(p[1].rule.kind, NL_RULE_OFFSETS);
    assert_int_equal(p[1].rule.boundary, 2);
    assert_int_equal(p[1].excluding.count, 1);
    assert_int_equal(p[1].excluding.items[0], 0);
    assert_true(p[2].rule.multapses);
    nl_arena_free(c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_as_expected),
        cmocka_unit_test(faults_are_found_where_they_are),
        cmocka_unit_test(several_faults_in_one_run),
        cmocka_unit_test(faults_have_a_second_place),
        cmocka_unit_test(idle_parts_are_warned_of),
        cmocka_unit_test(templates_are_warned_of),
        cmocka_unit_test(streams_are_named_after_declarations),
        cmocka_unit_test(blocks_know_when_they_run),
        cmocka_unit_test(rules_keep_their_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
