/* Expressions of bodies as nodes.  Kinds and dimensions are checked by the rules of values: each operand is stood in
 * for by a value that is not known yet. */
#include "body.h"

#include <string.h>

/* --- checks that are shared with values --- */

nl_eval_context nl_value_context(const nl_resolver *rs)
{
    return (nl_eval_context){ .arena = rs->ck->arena,
                              .diags = rs->ck->diags,
                              .folder = nl_scope_folder(rs->outer),
                              .seed = rs->ck->model->seed };
}

nl_value nl_stand_in(const nl_resolver *rs, nl_ref ref)
{
    const nl_node *node = nl_graph_node(nl_graph_of(rs), ref);

    if (node->kind == NL_X_CONST) {
        return node->is_bool ? nl_value_bool(rs->ck->arena, node->number != 0)
                             : nl_value_number(rs->ck->arena, node->number, node->dim);
    }
    return nl_value_unknown(node->is_bool ? NL_KIND_BOOL : NL_KIND_NUMBER, node->dim, 0, NULL);
}

static nl_dim dim_of(const nl_resolver *rs, nl_ref ref) { return nl_graph_node(nl_graph_of(rs), ref)->dim; }
static uint32_t space_of(const nl_resolver *rs, nl_ref ref) { return nl_graph_node(nl_graph_of(rs), ref)->space; }
static bool is_bool(const nl_resolver *rs, nl_ref ref) { return nl_graph_node(nl_graph_of(rs), ref)->is_bool; }

/* --- spaces --- */

static bool same_shape(const nl_space *a, const nl_space *b)
{
    if (a->kind == NL_SPACE_SYNAPSES || b->kind == NL_SPACE_SYNAPSES || a->rank != b->rank) return false;
    return memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

nl_ref nl_view_node(nl_graph *graph, nl_node_kind kind, uint32_t id, uint32_t space, nl_ref source, nl_ref index)
{
    nl_node node = { .kind = (uint8_t)kind, .id = id, .space = space, .arg_count = index != 0 ? 2 : 1 };
    const nl_node *of = nl_graph_node(graph, source);

    node.args[0] = source;
    node.args[1] = index;
    node.dim = of->dim;
    node.is_bool = of->is_bool;
    return nl_graph_add(graph, &node);
}

/* A value over an array as a value over another space of the same shape. */
nl_ref nl_recast(nl_graph *graph, nl_ref ref, uint32_t space)
{
    nl_node node = *nl_graph_node(graph, ref);

    if (node.space == 0 || node.space == space) return ref;
    if (node.kind == NL_X_ARRAY) {
        node.space = space;
        return nl_graph_add(graph, &node);
    }
    if (node.kind == NL_X_OP) {
        for (int k = 0; k < node.arg_count; k++) node.args[k] = nl_recast(graph, node.args[k], space);
        node.space = space;
        return nl_graph_add(graph, &node);
    }
    return nl_view_node(graph, NL_X_GATHER, 0, space, ref, nl_expr_leaf(graph, NL_X_INDEX, 0, space, nl_dim_none));
}

nl_ref nl_spread(nl_graph *graph, nl_ref ref, uint32_t space)
{
    const nl_node node = *nl_graph_node(graph, ref);

    if (space == 0 || node.space != 0) return ref;
    const nl_ref zero = nl_expr_const(graph, 0, nl_dim_none),
                 index = nl_expr_leaf(graph, NL_X_INDEX, 0, space, nl_dim_none);
    const nl_ref always = nl_expr_op2(graph, NL_OP_GE, index, zero);
    if (node.is_bool) return nl_expr_op2(graph, NL_OP_AND, always, ref);
    return nl_expr_op(graph, NL_OP_IF, (nl_ref[]){ always, ref, nl_expr_const(graph, __builtin_nan(""), nl_dim_any) },
                      3, node.dim);
}

/* Where an array may stand beside one value per element without an index. */
static bool arrays_fit(const nl_resolver *rs, uint32_t from, uint32_t to)
{
    const nl_graph *graph = nl_graph_of(rs);
    const nl_space *a = nl_graph_space(graph, from), *b = nl_graph_space(graph, to);

    if (!same_shape(a, b)) return false;
    if (rs->place == NL_IN_PROBE) return true;
    return a->kind == NL_SPACE_ARRAY
           && (rs->place == NL_IN_PARAM || rs->place == NL_IN_STATE || b->kind == NL_SPACE_ARRAY);
}

static const char *shape_words(const nl_resolver *rs, uint32_t space)
{
    const nl_space *s = nl_graph_space(nl_graph_of(rs), space);
    nl_arena *arena = rs->ck->arena;

    if (space == 0) return "one number";
    if (s->kind == NL_SPACE_SYNAPSES) return nl_arena_printf(arena, "one value per synapse of `%s`", s->name);
    if (s->kind == NL_SPACE_POPULATION)
        return nl_arena_printf(arena, "one value per element of `%s` (%zu)", s->name, s->count);
    return nl_arena_printf(
        arena, "an array %s",
        nl_value_shape_text(arena, nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, s->rank, s->shape)));
}

static bool refuse_space(nl_resolver *rs, const nl_ast *e, uint32_t got, uint32_t wanted)
{
    nl_check *ck = rs->ck;
    const char *words = nl_ast_words(ck->arena, e);
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_SHAPE, e->span, "%s is %s where %s is needed", words,
                                shape_words(rs, got), wanted == 0 ? "a number" : shape_words(rs, wanted));

    if (nl_graph_space(nl_graph_of(rs), got)->kind != NL_SPACE_SYNAPSES) {
        const char *name = words[0] == '`' ? nl_arena_strndup(ck->arena, words + 1, strlen(words) - 2) : "NAME";
        nl_diag_help(ck->diags, diag, "read one element, `%s[i]`, or reduce it, for example `mean(%s)`", name, name);
    }
    return false;
}

nl_ref nl_conform(nl_resolver *rs, const nl_ast *e, nl_ref ref, uint32_t space)
{
    const uint32_t got = space_of(rs, ref);

    if (got == 0 || got == space) return ref;
    if (space != 0 && arrays_fit(rs, got, space)) return nl_recast(nl_graph_of(rs), ref, space);
    refuse_space(rs, e, got, space);
    return 0;
}

/* The space that the others have to join: the elements' own, else the first that is no array. */
static uint32_t common_space(const nl_resolver *rs, const nl_ref *refs, int count)
{
    const nl_graph *graph = nl_graph_of(rs);
    uint32_t common = 0;

    for (int k = 0; k < count; k++) {
        const uint32_t space = space_of(rs, refs[k]);
        if (space != 0 && space == rs->space) return space;
        if (space != 0 && (common == 0 || nl_graph_space(graph, common)->kind == NL_SPACE_ARRAY)) common = space;
    }
    return common;
}

bool nl_unify(nl_resolver *rs, const nl_ast *const *asts, nl_ref *refs, int count)
{
    const uint32_t space = common_space(rs, refs, count);

    for (int k = 0; k < count; k++) {
        refs[k] = nl_conform(rs, asts[k], refs[k], space);
        if (refs[k] == 0) return false;
    }
    return true;
}

/* --- operators --- */

nl_ref nl_op_node(nl_resolver *rs, nl_op op, const nl_ref *args, int count, nl_dim dim)
{
    return nl_expr_op(nl_graph_of(rs), op, args, count, dim);
}

/* A dimension to a power that is no constant has no dimension at all. */
static bool check_power(nl_resolver *rs, const nl_ast *e, nl_ref base, nl_ref exponent)
{
    if (nl_dim_is_pure(dim_of(rs, base)) || nl_expr_is_const(nl_graph_of(rs), exponent, NULL)) return true;
    nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "a quantity in %s needs a constant exponent",
                nl_dim_text(rs->ck->arena, dim_of(rs, base)));
    return false;
}

static nl_ref binary(nl_resolver *rs, const nl_ast *e, const char *op, const nl_ast *left, const nl_ast *right,
                     nl_ref a, nl_ref b)
{
    const nl_ast *const asts[] = { left, right };
    nl_eval_context cx = nl_value_context(rs);
    nl_ref args[] = { a, b };

    if (a == 0 || b == 0) return 0;
    const nl_value value =
        nl_value_binary(&cx, e->span, op, nl_stand_in(rs, a), left->span, nl_stand_in(rs, b), right->span);
    if (value.kind == NL_KIND_NONE || (strcmp(op, "^") == 0 && !check_power(rs, e, a, b))
        || !nl_unify(rs, asts, args, 2))
        return 0;
    return nl_op_node(rs, nl_op_find(op, 2), args, 2, value.dim);
}

static nl_ref resolve_binary(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *left = e->kids[0], *right = e->kids[1];

    if (strcmp(e->name, "@") == 0) {
        if (nl_is_static(rs, e)) return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span);
        nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_BODY_EXPRESSION, e->span, "`@` cannot stand in a body");
        nl_diag_help(rs->ck->diags, diag, "connect with a projection: via weights(W) { post.x += w * pre.y }");
        return 0;
    }
    const nl_ref a = nl_resolve(rs, left), b = nl_resolve(rs, right);
    return binary(rs, e, e->name, left, right, a, b);
}

static nl_ref resolve_unary(nl_resolver *rs, const nl_ast *e)
{
    const char *op = e->kind == NL_AST_NOT ? "not" : "-";
    nl_eval_context cx = nl_value_context(rs);
    const nl_ref a = nl_resolve(rs, e->kids[0]);

    if (a == 0) return 0;
    const nl_value value = nl_value_unary(&cx, e->span, op, nl_stand_in(rs, a));
    return value.kind != NL_KIND_NONE ? nl_op_node(rs, nl_op_find(op, 1), &a, 1, value.dim) : 0;
}

/* --- comparisons --- */

/* True for t, t + c and c + t; *shift is what was added, 0 for none. */
static bool is_clock(nl_graph *graph, nl_ref ref, nl_ref *shift)
{
    const nl_node node = *nl_graph_node(graph, ref);

    *shift = 0;
    if (node.kind == NL_X_TIME) return true;
    if (node.kind != NL_X_OP || (node.op != NL_OP_ADD && node.op != NL_OP_SUB)) return false;
    const bool first = nl_graph_node(graph, node.args[0])->kind == NL_X_TIME;
    if (!first && (node.op == NL_OP_SUB || nl_graph_node(graph, node.args[1])->kind != NL_X_TIME)) return false;
    *shift = node.args[first ? 1 : 0];
    if (node.op == NL_OP_SUB) *shift = nl_expr_op1(graph, NL_OP_NEG, *shift);
    return true;
}

static nl_ref in_steps(const nl_resolver *rs, nl_ref time)
{
    nl_graph *graph = nl_graph_of(rs);
    const nl_dim dim = dim_of(rs, time);
    const nl_ref since = nl_expr_op2(graph, NL_OP_SUB, time, nl_expr_const(graph, rs->ck->model->start, dim));

    return nl_expr_op1(graph, NL_OP_ROUND,
                       nl_expr_op2(graph, NL_OP_DIV, since, nl_expr_const(graph, rs->ck->model->dt, dim)));
}

/* Comparisons of the clock are made in whole steps: step * dt is often one ulp beside the literal that it is compared
 * with. */
nl_ref nl_compare(nl_resolver *rs, const char *op, nl_ref a, nl_ref b)
{
    nl_graph *graph = nl_graph_of(rs);
    const nl_ref step = nl_expr_leaf(graph, NL_X_STEP, 0, 0, nl_dim_none);
    nl_ref shift, other;

    if (rs->ck->model->dt > 0 && is_clock(graph, a, &shift) && !is_clock(graph, b, &other)) {
        if (shift != 0) b = nl_expr_op2(graph, NL_OP_SUB, b, shift);
        a = step, b = in_steps(rs, b);
    } else if (rs->ck->model->dt > 0 && is_clock(graph, b, &shift) && !is_clock(graph, a, &other)) {
        if (shift != 0) a = nl_expr_op2(graph, NL_OP_SUB, a, shift);
        b = step, a = in_steps(rs, a);
    }
    return nl_expr_op(graph, nl_op_find(op, 2), (nl_ref[]){ a, b }, 2, nl_dim_none);
}

static nl_ref compare_pair(nl_resolver *rs, const nl_ast *e, int k, const nl_ref *operands)
{
    const nl_ast *const asts[] = { e->kids[k], e->kids[k + 1] };
    nl_ref args[] = { operands[k], operands[k + 1] };
    nl_eval_context cx = nl_value_context(rs);
    const nl_span span = nl_span_join(asts[0]->span, asts[1]->span);

    if (args[0] == 0 || args[1] == 0) return 0;
    const nl_value value = nl_value_binary(&cx, span, e->ops[k], nl_stand_in(rs, args[0]), asts[0]->span,
                                           nl_stand_in(rs, args[1]), asts[1]->span);
    if (value.kind == NL_KIND_NONE || !nl_unify(rs, asts, args, 2)) return 0;
    return nl_compare(rs, e->ops[k], args[0], args[1]);
}

static nl_ref resolve_compare(nl_resolver *rs, const nl_ast *e)
{
    nl_ref *operands = NL_NEW_ARRAY(rs->ck->arena, nl_ref, (size_t)e->kid_count), all = 0;

    if (nl_is_static(rs, e)) return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span); /* texts, too */
    for (int k = 0; k < e->kid_count; k++) operands[k] = nl_resolve(rs, e->kids[k]);
    for (int k = 0; k + 1 < e->kid_count; k++) {
        const nl_ref pair = compare_pair(rs, e, k, operands);
        if (pair == 0) return 0;
        all = all == 0 ? pair : binary(rs, e, "and", e->kids[0], e->kids[k + 1], all, pair);
        if (all == 0) return 0;
    }
    return all;
}

/* --- if --- */

nl_ref nl_resolve_condition(nl_resolver *rs, const nl_ast *e, const char *what)
{
    const nl_ref ref = nl_resolve(rs, e);

    if (ref == 0 || is_bool(rs, ref)) return ref;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_VALUE_KIND, e->span, "%s needs a condition, not a number", what);
    nl_diag_help(rs->ck->diags, diag, "a number is never a condition; compare it: x != 0");
    return 0;
}

/* Where the condition is known, only the names of the other branch are looked at: it may load a file that is not
 * there. */
static bool choose_branch(nl_resolver *rs, const nl_ast *e, const nl_ast **branch)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    nl_value value;

    *branch = NULL;
    if (!nl_is_static(rs, e->kids[0])) return true;
    if (!nl_eval_condition(&ev, e->kids[0], &value)) return false;
    if (!nl_value_is_scalar(value)) return true;
    *branch = value.data[0] != 0 ? e->kids[1] : e->kids[2];
    nl_check_names(rs, value.data[0] != 0 ? e->kids[2] : e->kids[1]);
    return true;
}

nl_resolver nl_resolver_under(const nl_resolver *rs, nl_ref condition, bool holds)
{
    nl_graph *graph = nl_graph_of(rs);
    nl_resolver under = *rs;

    if (condition == 0) return under;
    if (!holds) condition = nl_expr_op1(graph, NL_OP_NOT, condition);
    const uint32_t outer = rs->guard != 0 ? space_of(rs, rs->guard) : 0, inner = space_of(rs, condition);
    const bool fits = outer == 0 || inner == 0 || outer == inner;
    under.guard = rs->guard != 0 && fits ? nl_expr_op2(graph, NL_OP_AND, rs->guard, condition) : condition;
    return under;
}

static nl_ref resolve_if(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *branch, *const asts[] = { e->kids[0], e->kids[1], e->kids[2] };
    nl_ref args[3];
    nl_dim dim;

    if (!choose_branch(rs, e, &branch)) return 0;
    if (branch != NULL) return nl_resolve(rs, branch);
    args[0] = nl_resolve_condition(rs, e->kids[0], "`if`");
    nl_resolver yes = nl_resolver_under(rs, args[0], true), no = nl_resolver_under(rs, args[0], false);
    args[1] = nl_resolve(&yes, e->kids[1]);
    args[2] = nl_resolve(&no, e->kids[2]);
    if (args[0] == 0 || args[1] == 0 || args[2] == 0) return 0;
    const nl_dim dims[] = { nl_dim_none, dim_of(rs, args[1]), dim_of(rs, args[2]) };
    if (!nl_dim_apply(NL_DIM_SELECT, dims, 3, &dim)) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "the branches of `if` are %s and %s",
                    nl_dim_text(rs->ck->arena, dims[1]), nl_dim_text(rs->ck->arena, dims[2]));
        return 0;
    }
    return nl_unify(rs, asts, args, 3) ? nl_op_node(rs, NL_OP_IF, args, 3, dim) : 0;
}

/* --- the rest --- */

static nl_ref resolve_number(nl_resolver *rs, const nl_ast *e)
{
    const bool bare_zero = e->number == 0 && e->unit_text == NULL;

    return nl_expr_const(nl_graph_of(rs), e->number, bare_zero ? nl_dim_any : e->unit.dim);
}

static nl_ref resolve_paren(nl_resolver *rs, const nl_ast *e) { return nl_resolve(rs, e->kids[0]); }

/* Arrays, ranges and texts are values: in a body they cannot depend on what happens in time. */
static nl_ref resolve_value(nl_resolver *rs, const nl_ast *e)
{
    if (nl_is_static(rs, e)) return nl_value_node(rs, nl_static_value(rs, e), NULL, e->span);
    const size_t errors = nl_diags_error_count(rs->ck->diags);
    for (int k = 0; k < e->kid_count; k++) nl_resolve(rs, e->kids[k]);
    if (nl_diags_error_count(rs->ck->diags) == errors)
        nl_diag_add(rs->ck->diags, NL_E_BODY_EXPRESSION, e->span, "%s in a body cannot contain what changes in time",
                    e->kind == NL_AST_ARRAY ? "an array" : "this");
    return 0;
}

static nl_ref refuse(nl_resolver *rs, const nl_ast *e)
{
    nl_diag_add(rs->ck->diags, NL_E_BODY_EXPRESSION, e->span, "`%s` cannot stand in an expression of a body",
                nl_ast_kinds[e->kind].word);
    return 0;
}

typedef nl_ref (*resolve_fn)(nl_resolver *rs, const nl_ast *e);

static const resolve_fn resolvers[NL_AST_KIND_COUNT] = {
    [NL_AST_NUMBER] = resolve_number,  [NL_AST_NAME] = nl_resolve_name,    [NL_AST_FIELD] = nl_resolve_field,
    [NL_AST_PRIME] = nl_resolve_prime, [NL_AST_INDEX] = nl_resolve_index,  [NL_AST_CALL] = nl_resolve_call,
    [NL_AST_PAREN] = resolve_paren,    [NL_AST_NEG] = resolve_unary,       [NL_AST_NOT] = resolve_unary,
    [NL_AST_BINARY] = resolve_binary,  [NL_AST_COMPARE] = resolve_compare, [NL_AST_IF_EXPR] = resolve_if,
    [NL_AST_STRING] = resolve_value,   [NL_AST_ARRAY] = resolve_value,     [NL_AST_SCALED] = resolve_value,
    [NL_AST_RANGE] = resolve_value,    [NL_AST_CROSSES] = nl_resolve_crosses,
};

nl_ref nl_resolve(nl_resolver *rs, const nl_ast *e)
{
    if (e == NULL) return 0;
    return resolvers[e->kind] != NULL ? resolvers[e->kind](rs, e) : refuse(rs, e);
}
