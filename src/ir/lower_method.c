/* Steps: explicit Runge-Kutta methods from their tableaux, exponential Euler, exact integration of linear systems, and
 * the pieces that adaptive and stiff integrators call. */
#include "lower_impl.h"

#include <math.h>
#include <string.h>

typedef struct method {
    nl_scheme scheme;
    const nl_tableau *tableau; /* of NL_RUNGE_KUTTA */
} method;

/* --- linear in one variable --- */

typedef struct leaf {
    nl_node_kind kind;
    uint32_t id;
} leaf;

static bool is_leaf(void *user, const nl_node *node)
{
    const leaf *wanted = user;

    return node->kind == wanted->kind && node->id == wanted->id;
}

static nl_ref added(lowering *lo, nl_op op, nl_ref a, nl_ref b)
{
    if (b == 0) return a;
    if (a == 0) return op == NL_OP_SUB ? op1(lo, NL_OP_NEG, b) : b;
    return op2(lo, op, a, b);
}

/* node = slope * leaf + rest; 0 stands for zero.  False when it is not of that form. */
bool split_linear(lowering *lo, nl_ref ref, nl_node_kind kind, uint32_t id, nl_ref *slope, nl_ref *rest)
{
    const nl_node node = *nl_graph_node(lo->graph, ref);
    leaf in = { kind, id };
    nl_ref sa, ra, sb, rb;

    *slope = 0;
    *rest = ref;
    if (!nl_expr_any(lo->graph, ref, is_leaf, &in)) return true;
    if (is_leaf(&in, &node)) {
        *slope = number(lo, 1);
        *rest = 0;
        return true;
    }
    if (node.kind != NL_X_OP) return false;
    const nl_ref a = node.args[0], b = node.args[1], c = node.args[2];
    switch ((nl_op)node.op) {
    case NL_OP_ADD:
    case NL_OP_SUB:
        if (!split_linear(lo, a, kind, id, &sa, &ra) || !split_linear(lo, b, kind, id, &sb, &rb)) return false;
        *slope = added(lo, (nl_op)node.op, sa, sb);
        *rest = added(lo, (nl_op)node.op, ra, rb);
        return true;
    case NL_OP_NEG:
        if (!split_linear(lo, a, kind, id, &sa, &ra)) return false;
        *slope = added(lo, NL_OP_SUB, 0, sa);
        *rest = added(lo, NL_OP_SUB, 0, ra);
        return true;
    case NL_OP_MUL:
    case NL_OP_DIV: {
        const bool swap = node.op == NL_OP_MUL && nl_expr_any(lo->graph, b, is_leaf, &in);
        const nl_ref with = swap ? b : a, without = swap ? a : b;
        if (nl_expr_any(lo->graph, without, is_leaf, &in) || !split_linear(lo, with, kind, id, &sa, &ra)) return false;
        *slope = sa != 0 ? op2(lo, (nl_op)node.op, sa, without) : 0;
        *rest = ra != 0 ? op2(lo, (nl_op)node.op, ra, without) : 0;
        return true;
    }
    case NL_OP_IF:
        if (nl_expr_any(lo->graph, a, is_leaf, &in) || !split_linear(lo, b, kind, id, &sa, &ra)
            || !split_linear(lo, c, kind, id, &sb, &rb))
            return false;
        *slope =
            sa == 0 && sb == 0 ? 0 : op3(lo, NL_OP_IF, a, sa != 0 ? sa : number(lo, 0), sb != 0 ? sb : number(lo, 0));
        *rest =
            ra == 0 && rb == 0 ? 0 : op3(lo, NL_OP_IF, a, ra != 0 ? ra : number(lo, 0), rb != 0 ? rb : number(lo, 0));
        return true;
    default: return false;
    }
}

/* --- methods of variables --- */

/* Solved where it is read: no step moves it. */
static bool rests(const lowering *lo, uint32_t var) { return lazy_of(lo, var) != NULL && lazy_of(lo, var)->rests[var]; }

static const char *method_name(const lowering *lo, const nl_var *var)
{
    return var->method != NULL ? var->method : lo->model->method;
}

static bool find_method(lowering *lo, const nl_var *var, method *out)
{
    const char *name = method_name(lo, var);
    const nl_span span = var->method != NULL ? var->method_span : lo->model->method_span;

    if (name == NULL) {
        nl_diag *d = nl_diag_add(lo->diags, NL_E_METHOD_UNKNOWN, var->deriv_span,
                                 "no method of integration is named for this equation");
        nl_diag_help(lo->diags, d, "write simulation { dt = ...; method = rk4 }");
        return false;
    }
    *out = (method){ nl_scheme_find(name), NULL };
    if (out->scheme != NL_RUNGE_KUTTA) return true;
    for (size_t k = 0; k < lo->model->tableaux.count; k++)
        if (strcmp(name, lo->model->tableaux.items[k].name) == 0) {
            out->tableau = &lo->model->tableaux.items[k];
            return true;
        }
    nl_diag *diag = nl_diag_add(lo->diags, NL_E_METHOD_UNKNOWN, span, "there is no method `%s`", name);
    nl_diag_help(lo->diags, diag,
                 "for example rk4, or with steps that follow a tolerance dopri5; `netlang doc` lists them");
    return false;
}

bool is_euler(const lowering *lo, const nl_var *var)
{
    const char *name = method_name(lo, var);

    if (name == NULL || nl_scheme_find(name) != NL_RUNGE_KUTTA) return false;
    for (size_t k = 0; k < lo->model->tableaux.count; k++)
        if (strcmp(name, lo->model->tableaux.items[k].name) == 0)
            return lo->model->tableaux.items[k].stages == 1 && lo->model->tableaux.items[k].b_low == NULL;
    return false;
}

static bool is_adaptive(method m)
{
    return m.scheme == NL_BDF || (m.scheme == NL_RUNGE_KUTTA && m.tableau->b_low != NULL);
}

/* --- environments within a step --- */

struct stepper {
    lowering *lo;
    method *methods; /* by variable; meaningful for ODEs */
    env *start;
    nl_ref *value; /* by variable: at the end of the step; 0: unchanged */
    nl_ref *ahead_value, *ahead_slope;
};

static env *stage_env(stepper *s, nl_ref offset)
{
    env *e = env_new(s->lo, offset);

    e->start = s->start;
    e->is_step = true;
    e->ahead_value = s->ahead_value;
    e->ahead_slope = s->ahead_slope;
    return e;
}

static nl_ref state_before(stepper *s, uint32_t var)
{
    lowering *lo = s->lo;

    if (lazy_of(lo, var) != NULL && !is_caught_up(s->start, var)) return lazy_value(s->start, var);
    return load(lo, lo->adaptive ? lo->work_mem[var] : lo->var_mem[var]);
}

/* The length of a step and the place of a stage: numbers, or memory where the method chooses its steps. */
static nl_ref step_length(stepper *s)
{
    return s->lo->adaptive ? load(s->lo, s->lo->out->h) : number(s->lo, s->lo->model->dt);
}

static nl_ref stage_offset(stepper *s, double c)
{
    lowering *lo = s->lo;

    if (!lo->adaptive) return number(lo, c);
    return op2(lo, NL_OP_ADD, load(lo, lo->out->sigma),
               op2(lo, NL_OP_MUL, number(lo, c / lo->model->dt), load(lo, lo->out->h)));
}

static nl_ref combination(stepper *s, nl_ref base, const double *factors, nl_ref *const *k, int count, uint32_t var)
{
    lowering *lo = s->lo;

    for (int j = 0; j < count; j++) {
        if (factors[j] == 0) continue;
        const nl_ref part = op2(lo, NL_OP_MUL, op2(lo, NL_OP_MUL, step_length(s), number(lo, factors[j])), k[j][var]);
        base = base == 0 ? part : op2(lo, NL_OP_ADD, base, part);
    }
    return base;
}

static bool in_group(const stepper *s, uint32_t var, const nl_tableau *tableau)
{
    return is_ode(&s->lo->model->vars.items[var]) && s->methods[var].scheme == NL_RUNGE_KUTTA
           && s->methods[var].tableau == tableau;
}

static bool is_euler_stage(const nl_tableau *t, int j)
{
    return t->order == 2 && t->a[(size_t)j * (size_t)t->stages] == t->c[j];
}

/* The environment of stage j: the variables of the group moved, all others as at the start. */
static env *runge_kutta_stage(stepper *s, const nl_tableau *t, int j, nl_ref *const *k)
{
    const size_t vars = s->lo->model->vars.count;
    env *e;

    if (j == 0 && t->c[0] == 0 && !s->lo->adaptive) return s->start;
    e = stage_env(s, stage_offset(s, t->c[j]));
    for (uint32_t v = 0; v < vars; v++)
        if (in_group(s, v, t))
            e->state[v] = combination(s, state_before(s, v), &t->a[(size_t)j * (size_t)t->stages], k, j, v);
    e->is_euler = is_euler_stage(t, j);
    return e;
}

static nl_ref **runge_kutta_slopes(stepper *s, const nl_tableau *t)
{
    const size_t vars = s->lo->model->vars.count;
    nl_ref **k = NL_NEW_ARRAY(s->lo->arena, nl_ref *, (size_t)t->stages);

    for (int j = 0; j < t->stages; j++) {
        env *e = runge_kutta_stage(s, t, j, k);
        k[j] = NL_NEW_ARRAY(s->lo->arena, nl_ref, vars);
        for (uint32_t v = 0; v < vars; v++)
            if (in_group(s, v, t)) k[j][v] = env_deriv(e, v);
    }
    return k;
}

static void runge_kutta(stepper *s, const nl_tableau *t)
{
    nl_ref **k = runge_kutta_slopes(s, t);

    for (uint32_t v = 0; v < s->lo->model->vars.count; v++)
        if (in_group(s, v, t)) s->value[v] = combination(s, state_before(s, v), t->b, k, t->stages, v);
}

/* x + h f (exp(a h) - 1) / (a h), where f = a x + b. */
static void exponential_euler(stepper *s, uint32_t v)
{
    lowering *lo = s->lo;
    const nl_var *var = &lo->model->vars.items[v];
    const nl_ref dt = number(lo, lo->model->dt);
    nl_ref slope, rest;

    if (!split_linear(lo, var->deriv, NL_X_STATE, v, &slope, &rest)) {
        nl_diag *d = nl_diag_add(lo->diags, NL_E_METHOD_LINEAR, var->deriv_span,
                                 "exponential_euler: this equation is not linear in `%s`", var->name);
        nl_diag_help(lo->diags, d, "choose another method for this population, for example method = rk4");
        return;
    }
    nl_ref change = op2(lo, NL_OP_MUL, dt, env_eval(s->start, var->deriv)); /* what is held stays in the end */
    if (slope != 0)
        change = op2(lo, NL_OP_MUL, change, op1(lo, NL_OP_EXPREL, op2(lo, NL_OP_MUL, env_eval(s->start, slope), dt)));
    s->value[v] = op2(lo, NL_OP_ADD, state_before(s, v), change);
}

/* --- exact --- */

typedef struct linear_system {
    size_t size;
    uint32_t *vars;
    nl_ref *a, *b; /* a: size x size; 0: zero */
} linear_system;

typedef struct offender {
    const lowering *lo;
    const char *why;
} offender;

/* What may not stand in a system that is integrated in closed form. */
static bool changes_within_step(void *user, const nl_node *node)
{
    offender *o = user;
    const nl_model *model = o->lo->model;

    switch ((nl_node_kind)node->kind) {
    case NL_X_DRAW: o->why = "it has noise"; return true;
    case NL_X_TIME:
    case NL_X_TABLE: o->why = "it depends on time"; return true;
    case NL_X_INPUT: o->why = "it takes an input that changes within the step"; return true;
    case NL_X_DELAY: o->why = "it has a delay"; return true;
    case NL_X_STATE:
        if (model->vars.items[node->id].deriv == 0) return false;
        o->why = nl_arena_printf(o->lo->arena, "it is not linear in `%s`, or `%s` belongs to other equations",
                                 model->vars.items[node->id].full_name, model->vars.items[node->id].full_name);
        return true;
    default: return false;
    }
}

/* An input that no projection feeds, as those of templates may be, is 0. */
static nl_ref unfed_as_zero(void *user, nl_graph *graph, nl_ref ref)
{
    const nl_model *model = ((const lowering *)user)->model;
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind != NL_X_INPUT) return 0;
    for (size_t k = 0; k < model->flows.count; k++)
        if (model->flows.items[k].input == node->id) return 0;
    return nl_expr_const(graph, 0, node->dim);
}

static bool linear_row(lowering *lo, linear_system *sys, size_t row)
{
    const nl_var *var = &lo->model->vars.items[sys->vars[row]];
    offender o = { lo, "it is not linear in its variables" };
    nl_ref rest = nl_expr_replace(lo->graph, var->deriv, unfed_as_zero, lo, nl_memo_new(lo->arena));
    bool ok = true;

    for (size_t j = 0; j < sys->size && ok && rest != 0; j++) {
        nl_ref left;
        ok = split_linear(lo, rest, NL_X_STATE, sys->vars[j], &sys->a[row * sys->size + j], &left)
             && (sys->a[row * sys->size + j] == 0
                 || !nl_expr_any(lo->graph, sys->a[row * sys->size + j], changes_within_step, &o));
        rest = left;
    }
    sys->b[row] = rest;
    if (ok && (rest == 0 || !nl_expr_any(lo->graph, rest, changes_within_step, &o))) return true;
    nl_diag *d = nl_diag_add(lo->diags, NL_E_METHOD_LINEAR, var->deriv_span,
                             "exact: this equation has no closed solution: %s", o.why);
    nl_diag_help(lo->diags, d, "choose rk4, or exponential_euler if the equation is linear in its own variable");
    return false;
}

/* Which entries of exp(A h) are not zero: the paths along entries of A. */
static bool *reachable(lowering *lo, const linear_system *sys)
{
    const size_t n = sys->size;
    bool *r = NL_NEW_ARRAY(lo->arena, bool, n *n);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) r[i * n + j] = i == j || sys->a[i * n + j] != 0;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) r[i * n + j] |= r[i * n + k] && r[k * n + j];
    return r;
}

static uint32_t system_space(const lowering *lo, const linear_system *sys)
{
    for (size_t k = 0; k < sys->size * sys->size; k++)
        if (sys->a[k] != 0 && nl_graph_node(lo->graph, sys->a[k])->space != 0)
            return nl_graph_node(lo->graph, sys->a[k])->space;
    return 0;
}

static uint32_t *entries(lowering *lo, const linear_system *sys, const bool *used, uint32_t space, const char *name)
{
    const size_t n = sys->size;
    uint32_t *mems = NL_NEW_ARRAY(lo->arena, uint32_t, n * n);

    for (size_t k = 0; k < n * n; k++) {
        mems[k] = UINT32_MAX;
        if (!used[k]) continue;
        mems[k] =
            memory_add(lo, nl_arena_printf(lo->arena, "%s %s", lo->model->vars.items[sys->vars[k / n]].full_name, name),
                       space, nl_graph_space(lo->graph, space)->count, UINT32_MAX);
        lo->out->memory.mems.items[mems[k]].fixed = true;
    }
    return mems;
}

static void exact_values(stepper *s, const linear_system *sys, nl_ref *values)
{
    lowering *lo = s->lo;
    const size_t n = sys->size;
    const bool *used = reachable(lo, sys);
    const uint32_t space = system_space(lo, sys);
    const nl_exact_def def = {
        n,    sys->vars, sys->a, entries(lo, sys, used, space, "propagator"), entries(lo, sys, used, space, "integral"),
        space
    };

    NL_PUSH(lo->arena, &lo->out->exacts, def);
    for (size_t i = 0; i < n; i++) {
        nl_ref sum = 0;
        for (size_t j = 0; j < n; j++) {
            if (!used[i * n + j]) continue;
            sum = added(lo, NL_OP_ADD, sum,
                        op2(lo, NL_OP_MUL, load(lo, def.e[i * n + j]), state_before(s, sys->vars[j])));
            if (sys->b[j] != 0)
                sum = added(lo, NL_OP_ADD, sum,
                            op2(lo, NL_OP_MUL, load(lo, def.f[i * n + j]), env_eval(s->start, sys->b[j])));
        }
        values[i] = sum;
    }
}

static bool is_read_by_others(const linear_system *sys, size_t j)
{
    for (size_t i = 0; i < sys->size; i++)
        if (i != j && sys->a[i * sys->size + j] != 0) return true;
    return false;
}

/* The system while what is held stands still; false where that makes no difference to the other variables. */
static bool while_held(stepper *s, const linear_system *sys, linear_system *out)
{
    const size_t n = sys->size;
    bool differs = false;

    *out = *sys;
    out->a = NL_NEW_ARRAY(s->lo->arena, nl_ref, n * n + 1);
    out->b = NL_NEW_ARRAY(s->lo->arena, nl_ref, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (is_held(s->lo, sys->vars[i])) {
            differs |= is_read_by_others(sys, i);
            continue;
        }
        memcpy(out->a + i * n, sys->a + i * n, n * sizeof *sys->a);
        out->b[i] = sys->b[i];
    }
    return differs;
}

static void exact_system(stepper *s, linear_system *sys)
{
    lowering *lo = s->lo;
    const size_t n = sys->size;
    nl_ref *free = NL_NEW_ARRAY(lo->arena, nl_ref, n + 1), *fixed = NL_NEW_ARRAY(lo->arena, nl_ref, n + 1);
    linear_system standing;
    bool ok = true;

    for (size_t i = 0; i < n; i++) ok &= linear_row(lo, sys, i);
    if (!ok) return;
    exact_values(s, sys, free);
    const bool differs = while_held(s, sys, &standing);
    if (differs) exact_values(s, &standing, fixed);
    for (size_t i = 0; i < n; i++) {
        const nl_var *var = &lo->model->vars.items[sys->vars[i]];
        s->value[sys->vars[i]] = differs ? op3(lo, NL_OP_IF, held(lo, var->population), fixed[i], free[i]) : free[i];
    }
}

/* The variables of one owner that live in one space. */
static void exact_variables(stepper *s, const uint32_t *vars, size_t count, uint32_t space)
{
    lowering *lo = s->lo;
    linear_system sys = { .vars = NL_NEW_ARRAY(lo->arena, uint32_t, count + 1) };

    for (size_t k = 0; k < count; k++) {
        const nl_var *var = &lo->model->vars.items[vars[k]];
        if (is_ode(var) && s->methods[vars[k]].scheme == NL_EXACT && var->space == space && !rests(lo, vars[k]))
            sys.vars[sys.size++] = vars[k];
    }
    sys.a = NL_NEW_ARRAY(lo->arena, nl_ref, sys.size * sys.size + 1);
    sys.b = NL_NEW_ARRAY(lo->arena, nl_ref, sys.size + 1);
    if (sys.size > 0) exact_system(s, &sys);
}

/* States of synapses live on the synapses or on the neurons of one side. */
static void exact_projection(stepper *s, const nl_projection *p)
{
    const nl_population *populations = s->lo->model->populations.items;
    const uint32_t spaces[] = { p->space, populations[p->pre.population].space, populations[p->post.population].space };

    for (size_t k = 0; k < NL_LEN(spaces); k++)
        if (k < 2 || spaces[2] != spaces[1]) exact_variables(s, p->vars.items, p->vars.count, spaces[k]);
}

/* --- advancing all differential equations once --- */

static void advance(stepper *s)
{
    lowering *lo = s->lo;

    for (size_t k = 0; k < lo->model->tableaux.count; k++) {
        const nl_tableau *t = &lo->model->tableaux.items[k];
        for (uint32_t v = 0; v < lo->model->vars.count; v++)
            if (in_group(s, v, t)) {
                runge_kutta(s, t);
                break;
            }
    }
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && s->methods[v].scheme == NL_EXPONENTIAL_EULER) exponential_euler(s, v);
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && s->methods[v].scheme == NL_MILSTEIN)
            s->value[v] = milstein(s->start, v, state_before(s, v));
    for (size_t k = 0; k < lo->model->populations.count; k++) {
        const nl_population *p = &lo->model->populations.items[k];
        exact_variables(s, p->vars.items, p->vars.count, p->space);
    }
    for (size_t k = 0; k < lo->model->projections.count; k++) exact_projection(s, &lo->model->projections.items[k]);
}

static int highest_order(const stepper *s)
{
    int order = 2;

    for (uint32_t v = 0; v < s->lo->model->vars.count; v++)
        if (is_ode(&s->lo->model->vars.items[v]) && s->methods[v].tableau != NULL
            && s->methods[v].tableau->order > order)
            order = s->methods[v].tableau->order;
    return order;
}

/* Estimates of the end of the step from the pass just made. */
static void look_ahead(stepper *s)
{
    const size_t vars = s->lo->model->vars.count;
    env *end = stage_env(s, number(s->lo, 1));
    nl_ref *slope = NL_NEW_ARRAY(s->lo->arena, nl_ref, vars + 1), *value = NL_NEW_ARRAY(s->lo->arena, nl_ref, vars + 1);

    memcpy(end->state, s->value, vars * sizeof *s->value);
    for (uint32_t v = 0; v < vars; v++)
        if (is_ode(&s->lo->model->vars.items[v]) && s->value[v] != 0) {
            value[v] = s->value[v];
            slope[v] = env_deriv(end, v);
        }
    s->ahead_value = value;
    s->ahead_slope = slope;
}

/* Delays below the step need the end of the step to compute it: each pass over it raises the order of the estimate by
 * one. */
static void advance_fixed(stepper *s)
{
    const int passes = s->lo->sweeps_needed ? highest_order(s) - 1 : 1;

    for (int pass = 0; pass < passes; pass++) {
        if (pass > 0) look_ahead(s);
        advance(s);
    }
}

/* --- maps, bounds, `every step` --- */

static env *after_env(stepper *s)
{
    lowering *lo = s->lo;
    env *e = stage_env(s, number(lo, 0));

    e->is_after = true;
    memcpy(e->state, s->value, lo->model->vars.count * sizeof *s->value);
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (lo->model->vars.items[v].kind == NL_VAR_INPUT) e->input[v] = env_input(s->start, v);
    return e;
}

/* The state that this step makes. */
static nl_ref made(stepper *s, uint32_t var, nl_ref value)
{
    return stays_if_held(s->lo, var, value, op2(s->lo, NL_OP_ADD, env_step(s->start), number(s->lo, 1)));
}

/* The slopes of a Runge-Kutta method are 0 while the state is held, so that it stays by itself. */
static nl_ref settled(stepper *s, uint32_t var, nl_ref value)
{
    const bool stays = is_ode(&s->lo->model->vars.items[var]) && s->methods[var].tableau != NULL;

    return stays ? value : made(s, var, value);
}

static void run_block(stepper *s, const nl_block *block)
{
    env *e = after_env(s);
    nl_ref *values = NL_NEW_ARRAY(s->lo->arena, nl_ref, block->assigns.count + 1);

    for (size_t k = 0; k < block->assigns.count; k++)
        values[k] = bounded(e, block->assigns.items[k].var, env_eval(e, block->assigns.items[k].value));
    for (size_t k = 0; k < block->assigns.count; k++) {
        const uint32_t var = block->assigns.items[k].var;
        s->value[var] = made(s, var, values[k]);
    }
}

static void finish_values(stepper *s)
{
    const nl_model *model = s->lo->model;

    for (uint32_t v = 0; v < model->vars.count; v++)
        if (model->vars.items[v].next != 0) s->value[v] = env_eval(s->start, model->vars.items[v].next);
    for (uint32_t v = 0; v < model->vars.count; v++)
        if (s->value[v] != 0) s->value[v] = settled(s, v, bounded(s->start, v, s->value[v]));
    for (size_t k = 0; k < model->blocks.count; k++)
        if (model->blocks.items[k].kind == NL_BLOCK_EVERY_STEP) run_block(s, &model->blocks.items[k]);
    for (size_t k = 0; k < model->events.count; k++)
        if (model->events.items[k].projection != UINT32_MAX) run_synapse_event(after_env(s), k, s->value);
}

/* --- adaptive and stiff --- */

static void add_work(lowering *lo, bool stiff)
{
    nl_lowered *out = lo->out;

    out->sigma = memory_add(lo, "sigma", 0, 1, UINT32_MAX);
    out->h = memory_add(lo, "h", 0, 1, UINT32_MAX);
    out->error = memory_add(lo, "error", 0, 1, UINT32_MAX);
    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        const nl_var *var = &lo->model->vars.items[v];
        const size_t count = nl_graph_space(lo->graph, var->space)->count;

        if (!is_ode(var) || rests(lo, v)) continue;
        lo->work_mem[v] = memory_add(lo, nl_arena_printf(lo->arena, "%s within", var->full_name), var->space, count, v);
        memory_want(lo, lo->work_mem[v], 1);
        if (stiff)
            lo->rate_mem[v] =
                memory_add(lo, nl_arena_printf(lo->arena, "%s rate", var->full_name), var->space, count, UINT32_MAX);
    }
}

/* The error estimate in units of its tolerance, squared and summed over one variable. */
static nl_ref scaled_error(stepper *s, uint32_t v, nl_ref error)
{
    lowering *lo = s->lo;
    const nl_model *model = lo->model;
    const nl_ref larger = op2(lo, NL_OP_MAX, op1(lo, NL_OP_ABS, state_before(s, v)), op1(lo, NL_OP_ABS, s->value[v]));
    const nl_ref room =
        op2(lo, NL_OP_ADD, number(lo, model->atol), op2(lo, NL_OP_MUL, number(lo, model->rtol), larger));
    const nl_ref scaled = op2(lo, NL_OP_DIV, error, room);

    if (model->vars.items[v].space == 0) return op2(lo, NL_OP_MUL, scaled, scaled);
    const nl_node node = { .kind = NL_X_REDUCE,
                           .id = NL_R_SUMSQ,
                           .arg_count = 1,
                           .args = { scaled },
                           .number = (double)nl_graph_space(lo->graph, model->vars.items[v].space)->count };
    return nl_graph_add(lo->graph, &node);
}

static void lower_adaptive(stepper *s, const nl_tableau *t)
{
    lowering *lo = s->lo;
    double *difference = NL_NEW_ARRAY(lo->arena, double, (size_t)t->stages), elements = 0;
    nl_ref sum = 0;

    lo->out->order = t->order;
    nl_ref **k = runge_kutta_slopes(s, t);
    for (int j = 0; j < t->stages; j++) difference[j] = t->b[j] - t->b_low[j];
    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        if (!in_group(s, v, t)) continue;
        s->value[v] = combination(s, state_before(s, v), t->b, k, t->stages, v);
        sum = added(lo, NL_OP_ADD, sum, scaled_error(s, v, combination(s, 0, difference, k, t->stages, v)));
        elements += (double)nl_graph_space(lo->graph, lo->model->vars.items[v].space)->count;
        root_add(lo, &lo->out->substep, s->value[v], lo->work_mem[v], true, lo->model->vars.items[v].deriv_span);
    }
    root_add(lo, &lo->out->substep, op1(lo, NL_OP_SQRT, op2(lo, NL_OP_DIV, sum, number(lo, elements))), lo->out->error,
             true, (nl_span){ 0 });
}

static void lower_stiff(stepper *s)
{
    lowering *lo = s->lo;
    env *e = stage_env(s, stage_offset(s, 0));

    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && !rests(lo, v)) e->state[v] = state_before(s, v);
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && !rests(lo, v))
            root_add(lo, &lo->out->substep, env_deriv(e, v), lo->rate_mem[v], true,
                     lo->model->vars.items[v].deriv_span);
}

/* Which equations choose their own steps, and whether all do in the same way. */
typedef struct choice {
    const nl_var *adaptive, *fixed, *other; /* one of each that there is; other: by a second adaptive method */
    method chosen;                          /* of `adaptive` */
} choice;

static void weigh(choice *c, const nl_var *var, method m)
{
    if (!is_adaptive(m)) c->fixed = var;
    else if (c->adaptive != NULL && (c->chosen.scheme != m.scheme || c->chosen.tableau != m.tableau)) c->other = var;
    else {
        c->adaptive = var;
        c->chosen = m;
    }
}

static bool choose_method(stepper *s, uint32_t v, choice *c)
{
    lowering *lo = s->lo;
    const nl_var *var = &lo->model->vars.items[v];
    method *m = &s->methods[v];

    if (!find_method(lo, var, m)) return false;
    if (rests(lo, v) || (is_solved_exactly(lo, v) && !is_adaptive(*m))) {
        *m = (method){ NL_EXACT, NULL };
        lo->solved[v] = true;
    }
    if (rests(lo, v)) return true;
    if (!check_noise_method(lo, var, m->scheme, m->tableau, method_name(lo, var))) return false;
    weigh(c, var, *m);
    return true;
}

static bool is_one_method(lowering *lo, const choice *c)
{
    const nl_var *odd = c->fixed != NULL ? c->fixed : c->other;

    if (odd == NULL) return true;
    nl_diag *d = nl_diag_add(lo->diags, NL_E_METHOD_MIXED, odd->method != NULL ? odd->method_span : odd->deriv_span,
                             "`%s` is integrated by %s, `%s` by %s, which chooses its own steps", odd->full_name,
                             method_name(lo, odd), c->adaptive->full_name, method_name(lo, c->adaptive));
    nl_diag_help(lo->diags, d, "use one method for all");
    return false;
}

/* Adaptive methods do not make a step several times. */
static bool has_long_delays(lowering *lo, const nl_var *adaptive)
{
    if (!lo->sweeps_needed) return true;
    for (size_t k = 0; k < lo->ranges.count; k++)
        if (lo->ranges.items[k].low < lo->model->dt)
            nl_diag_add(lo->diags, NL_E_METHOD_DELAY, lo->dels.items[k].span,
                        "with %s this delay must be at least dt", method_name(lo, adaptive));
    return false;
}

/* All differential equations by one adaptive method, or none. */
static bool choose_stepping(stepper *s)
{
    lowering *lo = s->lo;
    choice c = { 0 };

    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && !choose_method(s, v, &c)) return false;
    if (c.adaptive == NULL) return true;
    if (!is_one_method(lo, &c) || !has_long_delays(lo, c.adaptive)) return false;
    const bool stiff = c.chosen.scheme == NL_BDF;
    lo->adaptive = true;
    lo->out->stepping = stiff ? NL_STEP_STIFF : NL_STEP_ADAPTIVE;
    add_work(lo, stiff);
    if (stiff) lower_stiff(s);
    else lower_adaptive(s, c.chosen.tableau);
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (is_ode(&lo->model->vars.items[v]) && !rests(lo, v)) s->value[v] = load(lo, lo->work_mem[v]);
    return true;
}

/* --- what a step leaves behind --- */

/* Values at the start of the step: previous values, and slopes for interpolation between stored steps. */
static void store_present(stepper *s, nl_roots *roots)
{
    lowering *lo = s->lo;

    for (size_t k = 0; k < lo->prevs.count; k++) {
        const nl_prev_def *def = &lo->prevs.items[k];
        if (lo->prev_mems.items[k] == UINT32_MAX) continue;
        const nl_ref value = env_eval(s->start, def->expr);
        root_add(lo, roots, value, lo->prev_mems.items[k], false, lo->prevs.items[k].span);
    }
    for (size_t k = 0; k < lo->out->memory.mems.count; k++) { /* the list may grow: a slope may ask for another */
        const nl_mem mem = lo->out->memory.mems.items[k];
        if (mem.slope == UINT32_MAX || mem.var == UINT32_MAX) continue;
        if (lo->out->memory.mems.items[mem.slope].depth < mem.depth)
            lo->out->memory.mems.items[mem.slope].depth = mem.depth;
        const nl_var *var = &lo->model->vars.items[mem.var];
        if (is_ode(var)) root_add(lo, roots, env_deriv(s->start, mem.var), mem.slope, false, var->deriv_span);
    }
}

/* The state after the step, with its clock. */
static env *end_env(stepper *s)
{
    env *end = stage_env(s, number(s->lo, 1));

    memcpy(end->state, s->value, s->lo->model->vars.count * sizeof *s->value);
    end->is_after = end->is_end = true;
    return end;
}

static void store_windows(stepper *s, nl_roots *roots)
{
    lowering *lo = s->lo;
    env *end = end_env(s);

    for (size_t k = 0; k < lo->model->windows.count; k++) {
        const nl_window_def *def = &lo->model->windows.items[k];
        const size_t samples = (size_t)fmax(1, round(def->width / lo->model->dt));
        const nl_ref value = env_eval(end, def->expr);
        const nl_ref oldest = ring(lo, lo->window_mem[k], samples - 1, false);
        const nl_ref sum = op2(lo, NL_OP_ADD, load(lo, lo->window_sum[k]), op2(lo, NL_OP_SUB, value, oldest));

        root_add(lo, roots, value, lo->window_mem[k], true, def->span);
        root_add(lo, roots, sum, lo->window_sum[k], true, def->span);
    }
}

/* At the start of time: previous values that nothing else gives, and windows with their first sample. */
static void store_first(stepper *s, nl_roots *roots)
{
    lowering *lo = s->lo;

    for (size_t k = 0; k < lo->model->windows.count; k++) {
        const nl_window_def *def = &lo->model->windows.items[k];
        const nl_ref now = env_eval(s->start, def->expr);

        root_add(lo, roots, now, lo->window_mem[k], false, def->span);
        root_add(lo, roots, now, lo->window_sum[k], false, def->span);
    }
    for (size_t k = 0; k < lo->prevs.count; k++) {
        const nl_prev_def def = lo->prevs.items[k];

        if (lo->prev_mems.items[k] == UINT32_MAX || def.first != 0) continue;
        root_add(lo, roots, env_eval(s->start, def.expr), lo->prev_mems.items[k], false, def.span);
    }
}

static void store_next(stepper *s, nl_roots *roots)
{
    lowering *lo = s->lo;

    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        const nl_var *var = &lo->model->vars.items[v];
        if (var->kind != NL_VAR_STATE) continue;
        const bool has_past = lo->out->memory.mems.items[lo->var_mem[v]].depth > 1;
        if (s->value[v] != 0 || has_past)
            root_add(lo, roots, s->value[v] != 0 ? s->value[v] : load(lo, lo->var_mem[v]), lo->var_mem[v], true,
                     var->deriv != 0 || var->next != 0 ? var->deriv_span : var->span);
    }
}

static void store_end_slopes(stepper *s, nl_roots *roots)
{
    lowering *lo = s->lo;
    bool any = false;

    for (uint32_t v = 0; v < lo->model->vars.count; v++) any |= lo->end_slope[v] != UINT32_MAX;
    if (!any) return;
    look_ahead(s);
    for (uint32_t v = 0; v < lo->model->vars.count; v++)
        if (lo->end_slope[v] != UINT32_MAX)
            root_add(lo, roots, s->ahead_slope[v], lo->end_slope[v], true, lo->model->vars.items[v].deriv_span);
}

static void note_method(lowering *lo, const char *name, const nl_tableau *tableau)
{
    if (tableau == NULL) {
        nl_text_addf(&lo->notes, "  %s: see `netlang doc %s`\n", name, name);
        return;
    }
    nl_text_addf(&lo->notes, "  %s: explicit Runge-Kutta of order %d in %d stage%s%s\n", name, tableau->order,
                 tableau->stages, tableau->stages == 1 ? "" : "s",
                 tableau->b_low != NULL ? ", adaptive: steps are chosen between multiples of dt" : "");
}

/* Each method once, however many equations have it. */
static void note_methods(const stepper *s)
{
    lowering *lo = s->lo;
    NL_LIST(const char *) noted = { 0 };

    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        const nl_var *var = &lo->model->vars.items[v];
        const char *name = is_ode(var) ? method_name(lo, var) : NULL,
                   *noise = noise_reading(lo, var, s->methods[v].tableau);
        bool is_noted = name == NULL;

        for (size_t k = 0; k < noted.count && !is_noted; k++) is_noted = strcmp(noted.items[k], name) == 0;
        if (!is_noted) {
            if (noted.count == 0) nl_text_addf(&lo->notes, "%smethods\n", lo->notes.length > 0 ? "\n" : "");
            NL_PUSH(lo->arena, &noted, name);
            note_method(lo, name, s->methods[v].tableau);
        }
        if (noise[0] != '\0') nl_text_addf(&lo->notes, "  %s': %s\n", var->full_name, noise);
    }
    if (lo->sweeps_needed)
        nl_text_addf(&lo->notes,
                     "  a delay can be shorter than dt: each step is made %d times, with a better estimate of its end "
                     "each time\n",
                     highest_order(s) - 1);
}

static stepper *stepper_new(lowering *lo)
{
    const size_t vars = lo->model->vars.count;
    stepper *s = NL_NEW(lo->arena, stepper);

    s->lo = lo;
    s->methods = NL_NEW_ARRAY(lo->arena, method, vars + 1);
    s->value = NL_NEW_ARRAY(lo->arena, nl_ref, vars + 1);
    s->start = env_new(lo, number(lo, 0));
    s->start->is_step = true;
    return s;
}

/* --- steps in pieces --- */

/* The one tableau of all equations, if its order is high enough to be lost where the past has a kink. */
static const nl_tableau *common_tableau(const stepper *s)
{
    const nl_tableau *common = NULL;

    for (uint32_t v = 0; v < s->lo->model->vars.count; v++) {
        if (!is_ode(&s->lo->model->vars.items[v])) continue;
        if (s->methods[v].tableau == NULL || (common != NULL && s->methods[v].tableau != common)) return NULL;
        common = s->methods[v].tableau;
    }
    return common != NULL && common->order > 2 ? common : NULL;
}

static bool has_delay_off_grid(const lowering *lo)
{
    for (size_t k = 0; k < lo->ranges.count; k++) {
        const double steps = lo->ranges.items[k].low / lo->model->dt;
        if (lo->ranges.items[k].low == lo->ranges.items[k].high && fabs(steps - rint(steps)) > 1e-9 * steps)
            return true;
    }
    return false;
}

/* The same method with its place and length in memory, as adaptive methods have them. */
static void split_steps(lowering *lo)
{
    const nl_tableau *t = common_tableau(lo->stepper);

    if (t == NULL || lo->sweeps_needed || lo->adaptive || !has_delay_off_grid(lo)) return;
    stepper *s = lo->splitter = stepper_new(lo);
    s->methods = lo->stepper->methods;
    lo->out->splits = lo->adaptive = true;
    add_work(lo, false);
    runge_kutta(s, t);
    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        const nl_var *var = &lo->model->vars.items[v];
        if (!is_ode(var)) continue;
        root_add(lo, &lo->out->split_substep, s->value[v], lo->work_mem[v], true, var->deriv_span);
        s->value[v] = load(lo, lo->work_mem[v]);
    }
    finish_values(s);
    lo->adaptive = false;
}

/* --- conditions within a step --- */

/* The state at a place of an adaptive step, and the one at the start of the piece that led there. */
static void lower_within(stepper *s)
{
    lowering *lo = s->lo;
    env *within = stage_env(s, stage_offset(s, 0)), *before = stage_env(s, stage_offset(s, 0));

    if (lo->out->stepping != NL_STEP_ADAPTIVE) return;
    within->start = before;
    for (uint32_t v = 0; v < lo->model->vars.count; v++) {
        if (lo->work_mem[v] == UINT32_MAX) continue;
        within->state[v] = load(lo, lo->work_mem[v]);
        before->state[v] = ring(lo, lo->work_mem[v], 1, false);
    }
    lower_location(within, &lo->out->detect);
}

bool lower_steps(lowering *lo)
{
    stepper *s = lo->stepper = stepper_new(lo);

    for (uint32_t v = 0; v < lo->model->vars.count; v++) lo->work_mem[v] = lo->rate_mem[v] = UINT32_MAX;
    if (!choose_stepping(s)) return false;
    if (!lo->adaptive) advance_fixed(s);
    finish_values(s);
    note_methods(s);
    split_steps(lo);
    return true;
}

static void store_step(stepper *s, nl_roots *begin, nl_roots *step)
{
    store_windows(s, step);
    store_visits(s->lo, step);
    lower_detection(end_env(s), step);
    store_end_slopes(s, step);
    store_present(s, begin);
    store_next(s, step);
}

void lower_stores(lowering *lo)
{
    nl_lowered *out = lo->out;

    store_step(lo->stepper, lo->adaptive ? &out->begin : &out->step, &out->step);
    if (lo->splitter != NULL) store_step(lo->splitter, &out->split_begin, &out->split_step);
    if (lo->adaptive) lower_within(lo->stepper);
    store_first(lo->stepper, &out->first);
}
