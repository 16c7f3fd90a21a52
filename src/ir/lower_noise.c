/* White noise.  xi is a normal number over the root of the step, one for each element, symbol and step, the same in
 * every stage; so the formulas of Euler and Heun are those of Euler and Maruyama (Ito) and of Heun (Stratonovich).
 * Milstein's method adds a term with the derivative of the noise's factor. */
#include "lower_impl.h"

static bool is_draw(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_DRAW;
}

bool is_noisy(const lowering *lo, const nl_var *var)
{
    return is_ode(var) && nl_expr_any(lo->graph, var->deriv, is_draw, NULL);
}

/* --- derivatives --- */

typedef struct derivation {
    lowering *lo;
    uint32_t var;
    const char *unknown; /* an operation whose derivative is not known, or NULL */
} derivation;

static nl_ref derive(derivation *d, nl_ref ref);

static nl_ref times(derivation *d, nl_ref a, nl_ref b) { return op2(d->lo, NL_OP_MUL, a, b); }
static nl_ref constant(derivation *d, double value) { return number(d->lo, value); }

/* d f(a) = f'(a) da, with f'(a) written by means of a and y = f(a). */
static nl_ref outer_derivative(derivation *d, const nl_node *node, nl_ref y)
{
    lowering *lo = d->lo;
    const nl_ref a = node->args[0], one = constant(d, 1);

    switch ((nl_op)node->op) {
    case NL_OP_SQRT: return op2(lo, NL_OP_DIV, constant(d, 0.5), y);
    case NL_OP_SQUARE: return times(d, constant(d, 2), a);
    case NL_OP_EXP: return y;
    case NL_OP_LOG: return op2(lo, NL_OP_DIV, one, a);
    case NL_OP_SIN: return op1(lo, NL_OP_COS, a);
    case NL_OP_COS: return op1(lo, NL_OP_NEG, op1(lo, NL_OP_SIN, a));
    case NL_OP_TANH: return op2(lo, NL_OP_SUB, one, times(d, y, y));
    case NL_OP_LOGISTIC: return times(d, y, op2(lo, NL_OP_SUB, one, y));
    case NL_OP_RELU: return op1(lo, NL_OP_HEAVISIDE, a);
    case NL_OP_ABS: return op1(lo, NL_OP_SIGN, a);
    default: d->unknown = nl_ops[node->op].name; return constant(d, 0);
    }
}

static nl_ref derive_quotient(derivation *d, nl_ref a, nl_ref b)
{
    lowering *lo = d->lo;
    const nl_ref upper = op2(lo, NL_OP_SUB, times(d, derive(d, a), b), times(d, a, derive(d, b)));

    return op2(lo, NL_OP_DIV, upper, times(d, b, b));
}

static nl_ref derive_power(derivation *d, nl_ref a, nl_ref b)
{
    lowering *lo = d->lo;
    double exponent;

    if (!nl_expr_is_const(lo->graph, b, &exponent)) d->unknown = "^";
    else return times(d, times(d, b, op2(lo, NL_OP_POW, a, constant(d, exponent - 1))), derive(d, a));
    return constant(d, 0);
}

static nl_ref derive_op(derivation *d, nl_ref ref, const nl_node *node)
{
    lowering *lo = d->lo;
    const nl_ref a = node->args[0], b = node->args[1];

    switch ((nl_op)node->op) {
    case NL_OP_ADD:
    case NL_OP_SUB: return op2(lo, (nl_op)node->op, derive(d, a), derive(d, b));
    case NL_OP_NEG: return op1(lo, NL_OP_NEG, derive(d, a));
    case NL_OP_MUL: return op2(lo, NL_OP_ADD, times(d, derive(d, a), b), times(d, a, derive(d, b)));
    case NL_OP_DIV: return derive_quotient(d, a, b);
    case NL_OP_POW: return derive_power(d, a, b);
    case NL_OP_IF: return op3(lo, NL_OP_IF, a, derive(d, b), derive(d, node->args[2]));
    default: return times(d, outer_derivative(d, node, ref), derive(d, a));
    }
}

static bool is_derived_by(void *user, const nl_node *node)
{
    return node->kind == NL_X_STATE && node->id == ((const derivation *)user)->var;
}

static nl_ref derive(derivation *d, nl_ref ref)
{
    const nl_node node = *nl_graph_node(d->lo->graph, ref);

    if (!nl_expr_any(d->lo->graph, ref, is_derived_by, d)) return constant(d, 0);
    if (node.kind == NL_X_STATE) return constant(d, 1);
    if (node.kind == NL_X_OP) return derive_op(d, ref, &node);
    d->unknown = "another element";
    return constant(d, 0);
}

/* --- Milstein --- */

static bool other_draw(void *user, const nl_node *node)
{
    return node->kind == NL_X_DRAW && node->id != *(const uint32_t *)user;
}

static bool first_draw(void *user, const nl_node *node)
{
    if (node->kind == NL_X_DRAW) *(nl_node *)user = *node;
    return node->kind == NL_X_DRAW;
}

/* With x' = f + a N, N the normal number: x + (f + a N) dt + a a' dt^2 (N^2 - 1) / 2.  0 with a diagnostic where the
 * equation is not of that form. */
nl_ref milstein(env *start, uint32_t v, nl_ref x)
{
    lowering *lo = start->lo;
    const nl_var *var = &lo->model->vars.items[v];
    derivation d = { lo, v, NULL };
    nl_node draw = { 0 };
    nl_ref factor, rest;
    const double dt = lo->model->dt;
    const nl_ref euler = op2(lo, NL_OP_ADD, x, op2(lo, NL_OP_MUL, number(lo, dt), env_deriv(start, v)));

    if (!nl_expr_any(lo->graph, var->deriv, first_draw, &draw)) return euler;
    if (nl_expr_any(lo->graph, var->deriv, other_draw, &draw.id)
        || !split_linear(lo, var->deriv, NL_X_DRAW, draw.id, &factor, &rest)) {
        nl_diag_add(lo->diags, NL_E_METHOD_NOISE, var->deriv_span,
                    "milstein: this equation is not of the form f + g * xi, with one symbol of noise");
        return 0;
    }
    const nl_ref slope = derive(&d, factor), normal = nl_graph_add(lo->graph, &draw);
    if (d.unknown != NULL) {
        nl_diag_add(lo->diags, NL_E_METHOD_NOISE, var->deriv_span, "milstein: the derivative of `%s` is not known",
                    d.unknown);
        return 0;
    }
    const nl_ref square = op2(lo, NL_OP_SUB, op2(lo, NL_OP_MUL, normal, normal), number(lo, 1));
    const nl_ref both = env_eval(start, op2(lo, NL_OP_MUL, factor, slope));
    return op2(lo, NL_OP_ADD, euler, op2(lo, NL_OP_MUL, op2(lo, NL_OP_MUL, number(lo, dt * dt / 2), both), square));
}

/* --- which methods --- */

bool check_noise_method(lowering *lo, const nl_var *var, nl_scheme scheme, const nl_tableau *tableau, const char *name)
{
    const bool fits = scheme == NL_MILSTEIN || scheme == NL_EXPONENTIAL_EULER
                      || (scheme == NL_RUNGE_KUTTA && tableau->b_low == NULL && tableau->order <= 2);

    if (fits || !is_noisy(lo, var)) return true;
    nl_diag *d = nl_diag_add(lo->diags, NL_E_METHOD_NOISE, var->deriv_span, "%s does not integrate white noise", name);
    nl_diag_help(lo->diags, d, "choose euler or milstein (Ito), or heun (Stratonovich)");
    return false;
}

const char *noise_reading(const lowering *lo, const nl_var *var, const nl_tableau *tableau)
{
    if (!is_noisy(lo, var)) return "";
    return tableau != NULL && tableau->stages > 1 ? "noise in Stratonovich's reading" : "noise in Ito's reading";
}
