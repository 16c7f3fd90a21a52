/* Simplification: cheaper operators for the same numbers, and what is one number said to be one.  Nothing is
 * reassociated. */
#include "plan.h"

#include <math.h>

typedef struct simplifier {
    nl_plan *plan;
    nl_ref *made; /* by old node */
} simplifier;

static nl_ref op2(nl_plan *plan, nl_op op, nl_ref a, nl_ref b)
{
    return nl_expr_op(plan->graph, op, (nl_ref[]){ a, b }, 2, nl_dim_none);
}

static nl_ref simplified(nl_plan *plan, nl_node node);

static uint32_t space_of(nl_plan *plan, nl_ref ref)
{
    if (ref >= plan->node_count) nl_plan_extend(plan);
    return plan->nodes[ref].space;
}

/* A number as an array, where an array is read. */
static nl_ref repeated(nl_plan *plan, nl_ref ref, uint32_t space)
{
    if (ref == 0 || space == 0 || space_of(plan, ref) != 0) return ref;
    return nl_graph_add(plan->graph, &(nl_node){ .kind = NL_X_PART, .space = space, .arg_count = 1, .args = { ref } });
}

static nl_ref power(nl_plan *plan, const nl_node *node)
{
    const nl_ref x = node->args[0];
    double exponent;

    if (!nl_expr_is_const(plan->graph, node->args[1], &exponent)) return 0;
    if (exponent == 0.5) return nl_expr_op(plan->graph, NL_OP_SQRT, (nl_ref[]){ x }, 1, nl_dim_none);
    if (exponent != 2 && exponent != 3 && exponent != 4) return 0;
    const nl_ref square = op2(plan, NL_OP_MUL, x, x);
    return exponent == 2 ? square : op2(plan, NL_OP_MUL, square, exponent == 3 ? x : square);
}

/* Multiplying by the reciprocal rounds alike where that is exact. */
static nl_ref quotient(nl_plan *plan, const nl_node *node)
{
    double divisor;
    int exponent;

    if (!nl_expr_is_const(plan->graph, node->args[1], &divisor)) return 0;
    if (fabs(frexp(divisor, &exponent)) != 0.5 || !isnormal(divisor) || !isnormal(1 / divisor)) return 0;
    return op2(plan, NL_OP_MUL, node->args[0], nl_expr_const(plan->graph, 1 / divisor, nl_dim_none));
}

/* One time x is x; derivatives of linear terms are written so. */
static nl_ref product(nl_plan *plan, const nl_node *node)
{
    double factor;

    for (int k = 0; k < 2; k++)
        if (nl_expr_is_const(plan->graph, node->args[k], &factor) && factor == 1) return node->args[1 - k];
    return 0;
}

/* if not c then a else b: so that what mostly stays is the second choice (see pass_keep.c). */
static nl_ref turned_choice(nl_plan *plan, const nl_node *node)
{
    const nl_node *condition = nl_plan_source(plan, node->args[0]);

    if (condition->kind != NL_X_OP || condition->op != NL_OP_NOT) return 0;
    const nl_ref args[] = { condition->args[0], node->args[2], node->args[1] };
    return nl_expr_op(plan->graph, NL_OP_IF, args, 3, node->dim);
}

/* The side of a projection that all operands of synapses belong to; NL_X_NONE: none, or both. */
static nl_node_kind common_side(nl_plan *plan, const nl_node *node)
{
    nl_node_kind side = NL_X_NONE;

    for (int k = 0; k < node->arg_count; k++) {
        const nl_node_kind kind = (nl_node_kind)nl_plan_source(plan, node->args[k])->kind;
        if (space_of(plan, node->args[k]) == 0) continue;
        if ((kind != NL_X_PRE && kind != NL_X_POST) || (side != NL_X_NONE && side != kind)) return NL_X_NONE;
        side = kind;
    }
    return side;
}

/* What synapses make of one neuron's values alone, the neuron makes once: there are fewer of them.  Not where only some
 * synapses are looked at. */
static nl_ref by_neuron(nl_plan *plan, const nl_node *node)
{
    const nl_node_kind side = plan->program->selected == NL_SELECT_NONE ? common_side(plan, node) : NL_X_NONE;
    nl_node inner = *node;

    if (side == NL_X_NONE) return 0;
    for (int k = 0; k < node->arg_count; k++) {
        const nl_node *arg = nl_plan_source(plan, node->args[k]);
        if (arg->kind == side) inner.args[k] = arg->args[0], inner.space = space_of(plan, arg->args[0]);
    }
    if (nl_plan_count(plan, inner.space) > nl_plan_count(plan, node->space)) return 0;
    return nl_graph_add(plan->graph, &(nl_node){ .kind = (uint8_t)side,
                                                 .space = node->space,
                                                 .arg_count = 1,
                                                 .is_bool = node->is_bool,
                                                 .dim = node->dim,
                                                 .args = { simplified(plan, inner) } });
}

static nl_ref simpler_op(nl_plan *plan, const nl_node *node)
{
    const nl_ref of_neuron = by_neuron(plan, node);

    if (of_neuron != 0) return of_neuron;
    switch ((nl_op)node->op) {
    case NL_OP_POW: return power(plan, node);
    case NL_OP_SQUARE: return op2(plan, NL_OP_MUL, node->args[0], node->args[0]);
    case NL_OP_MUL: return product(plan, node);
    case NL_OP_DIV: return quotient(plan, node);
    case NL_OP_IF: return turned_choice(plan, node);
    default: return 0;
    }
}

/* A reduction of the only element of a population of one. */
static nl_ref reduced_number(nl_plan *plan, const nl_node *node)
{
    const nl_ref x = node->args[0], zero = nl_expr_const(plan->graph, 0, nl_dim_none);

    switch ((nl_reduction_kind)node->id) {
    case NL_R_SUMSQ: return op2(plan, NL_OP_MUL, x, x);
    case NL_R_ANY:
    case NL_R_ALL: return op2(plan, NL_OP_NE, x, zero);
    case NL_R_ARGMIN:
    case NL_R_ARGMAX: return zero;
    default: return x;
    }
}

static uint32_t population_space(const nl_plan *plan, const nl_part *part)
{
    return plan->model->populations.items[part->population].space;
}

static nl_ref propagated(nl_plan *plan, nl_node node)
{
    const nl_projection *projection = &plan->model->projections.items[node.id];

    node.args[0] = repeated(plan, node.args[0],
                            population_space(plan, node.number != 0 ? &projection->post : &projection->pre));
    node.args[1] = repeated(plan, node.args[1], projection->space);
    return nl_graph_add(plan->graph, &node);
}

/* X.x[i] of an array that has as many elements at least. */
static nl_ref leading_part(nl_plan *plan, const nl_node *node)
{
    const uint32_t source = space_of(plan, node->args[0]);
    nl_node part = *node;

    if (nl_plan_source(plan, node->args[1])->kind != NL_X_INDEX || node->space == 0) return 0;
    if (nl_graph_space(plan->graph, node->space)->kind == NL_SPACE_SYNAPSES) return 0; /* places are no numbers */
    if (nl_plan_count(plan, node->space) > nl_plan_count(plan, source)) return 0;
    part.kind = NL_X_PART;
    part.arg_count = 1;
    part.args[1] = 0;
    return nl_graph_add(plan->graph, &part);
}

/* The node with its arguments simplified already. */
static nl_ref simplified(nl_plan *plan, nl_node node)
{
    const bool of_number = node.arg_count > 0 && node.kind != NL_X_RING && space_of(plan, node.args[0]) == 0;
    nl_ref simpler = 0;

    switch ((nl_node_kind)node.kind) {
    case NL_X_OP: simpler = simpler_op(plan, &node); break;
    case NL_X_INDEX: simpler = node.space == 0 ? nl_expr_const(plan->graph, 0, nl_dim_none) : 0; break;
    case NL_X_GATHER: simpler = of_number ? node.args[0] : leading_part(plan, &node); break;
    case NL_X_PRE:
    case NL_X_POST:
    case NL_X_PART: simpler = of_number ? node.args[0] : 0; break;
    case NL_X_REDUCE: simpler = of_number ? reduced_number(plan, &node) : 0; break;
    case NL_X_PROPAGATE: return propagated(plan, node);
    case NL_X_SYNAPSE_SUM:
        node.args[0] = repeated(plan, node.args[0], plan->model->projections.items[node.id].space);
        break;
    default: break;
    }
    return simpler != 0 ? simpler : nl_graph_add(plan->graph, &node);
}

static nl_ref rebuilt(simplifier *s, nl_ref ref)
{
    nl_node node = *nl_plan_source(s->plan, ref);
    const nl_node old = node;

    for (int k = 0; k < node.arg_count; k++)
        if (nl_node_reads(s->plan, &old, k) != NL_READS_NOTHING) node.args[k] = s->made[old.args[k]];
    if (node.kind == NL_X_REDUCE)
        node.args[0] = repeated(s->plan, node.args[0], nl_plan_source(s->plan, old.args[0])->space);
    return simplified(s->plan, node);
}

void nl_pass_simplify(nl_plan *plan)
{
    const size_t old_count = plan->node_count;
    simplifier s = { plan, NL_NEW_ARRAY(plan->scratch, nl_ref, old_count) };
    nl_stage roots = { 0 };

    for (size_t k = 0; k < plan->root_count; k++) NL_PUSH(plan->scratch, &roots.numbers, plan->roots[k].node);
    nl_stage_mark(plan, &roots);
    for (size_t ref = 1; ref < old_count; ref++)
        if (plan->nodes[ref].needed) s.made[ref] = rebuilt(&s, (nl_ref)ref);
    for (size_t k = 0; k < plan->root_count; k++) plan->roots[k].node = s.made[plan->roots[k].node];
    nl_plan_extend(plan);
}
