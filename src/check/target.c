/* Targets of `set`: parameters of the file, and variables of populations and projections, whole or by elements. */
#include "plan.h"

#include "declare.h"

#include <string.h>

static bool refuse(nl_evaluator *ev, nl_span span, const char *name, const char *what, const char *help)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_SET, span, "`%s` is %s and cannot be set", name, what);

    if (help != NULL) nl_diag_help(ev->ck->diags, diag, "%s", help);
    return false;
}

static void target_variable(nl_evaluator *ev, nl_target *out, uint32_t var, size_t begin)
{
    const nl_var *v = &ev->ck->model->vars.items[var];

    out->var = var;
    out->begin = begin;
    out->dim = v->dim;
    nl_plan_shape(ev->ck, v->space, &out->rank, out->shape);
    out->count = out->rank == 0 ? 1 : out->shape[0];
    for (int i = 1; i < out->rank; i++) out->count *= out->shape[i];
}

static bool target_symbol(nl_evaluator *ev, nl_symbol *symbol, nl_span span, nl_target *out)
{
    symbol->used = true;
    if (symbol->kind == NL_SYM_STATE) {
        target_variable(ev, out, symbol->id, 0);
        return ev->ck->model->vars.items[symbol->id].kind != NL_VAR_INPUT
            || refuse(ev, span, symbol->name, "an input", "an input is the sum of what projections bring");
    }
    if (symbol->kind != NL_SYM_VALUE) return refuse(ev, span, symbol->name, "no parameter", NULL);
    if (!symbol->is_param)
        return refuse(ev, span, symbol->name, "a `let`", "set what it is made of, or make it a `param`");
    if (symbol->value.kind == NL_KIND_NONE) return false;
    out->symbol = symbol;
    out->dim = symbol->value.dim;
    out->rank = symbol->value.rank;
    memcpy(out->shape, symbol->value.shape, sizeof out->shape);
    return true;
}

/* What has no value says so. */
static bool no_target(nl_evaluator *ev, const nl_ast *left)
{
    if (nl_eval_is_path(left) && nl_eval(ev, left).kind == NL_KIND_NONE) return false;
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_SET, left->span, "this cannot be set");
    nl_diag_help(ev->ck->diags, diag, "`set` takes a parameter, or a variable of a population: set X.x = ...");
    return false;
}

static bool find_member(nl_evaluator *ev, const nl_ast *field, nl_target *out)
{
    const nl_graph *graph = ev->ck->model->graph;
    const nl_symbol *owner = nl_eval_owner(ev, field->kids[0]);

    if (owner == NULL) return no_target(ev, field);
    const nl_ref ref = nl_body_member(ev->ck, owner, field->name, field->span);
    if (ref == 0) return false;
    const nl_node *node = nl_graph_node(graph, ref);
    const bool is_part = node->kind == NL_X_PART;
    const nl_node *base = is_part ? nl_graph_node(graph, node->args[0]) : node;
    if (base->kind != NL_X_STATE && base->kind != NL_X_PARAM)
        return refuse(ev, field->span, field->name, base->kind == NL_X_INPUT ? "an input" : "no state and no parameter",
                      NULL);
    target_variable(ev, out, base->id, is_part ? node->id : 0);
    if (is_part) {
        nl_plan_shape(ev->ck, node->space, &out->rank, out->shape);
        out->count = out->rank == 0 ? 1 : out->shape[0];
    }
    out->owner = owner;
    return true;
}

bool nl_target_find(nl_evaluator *ev, const nl_ast *left, nl_target *out)
{
    *out = (nl_target){ .var = UINT32_MAX };
    left = nl_ast_bare(left);
    if (left == NULL) return false;
    if (left->kind == NL_AST_INDEX) {
        out->index = left;
        left = nl_ast_bare(left->kids[0]);
    }
    nl_symbol *symbol = nl_eval_is_path(left) ? nl_eval_symbol(ev, left) : NULL;
    if (symbol != NULL) return target_symbol(ev, symbol, left->span, out);
    if (left->kind == NL_AST_FIELD) return find_member(ev, left, out);
    return no_target(ev, left);
}

/* --- the right side --- */

static bool bind_implicit(nl_evaluator *ev, nl_scope *scope, const nl_symbol *owner, const nl_ast *right,
                          const char *name)
{
    const nl_symbol *other = nl_scope_find(ev->scope, name);
    const nl_value value = nl_eval_implicit_member(ev, owner, name);

    if (!nl_mentions(right, name) || value.kind == NL_KIND_NONE) return true;
    if (other != NULL) {
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_DUPLICATE, right->span,
                                    "`%s` could be that of `%s` or a name of the file", name, owner->name);
        nl_diag_also(ev->ck->diags, diag, other->span, "it is declared here");
        nl_diag_help(ev->ck->diags, diag, "write %s.%s, or rename the one of the file", owner->name, name);
        return false;
    }
    nl_symbol *symbol = NL_NEW(ev->arena, nl_symbol);
    *symbol = (nl_symbol){
        .kind = NL_SYM_VALUE, .name = name, .span = right->span, .value = value, .slot = -1, .array = -1
    };
    NL_PUSH(ev->arena, &scope->symbols, symbol);
    return true;
}

nl_value nl_target_right(nl_evaluator *ev, const nl_target *target, const nl_ast *right)
{
    static const char *const implicit[] = { "i", "N", "row", "col" };
    nl_scope *outer = ev->scope, *inner = nl_scope_new(ev->arena, outer);

    for (size_t k = 0; target->owner != NULL && k < NL_LEN(implicit); k++)
        if (!bind_implicit(ev, inner, target->owner, right, implicit[k])) return nl_value_none();
    ev->scope = inner;
    const nl_value value = nl_eval(ev, right);
    ev->scope = outer;
    return value;
}

/* --- assignment --- */

static bool broadcasts(nl_value from, nl_value to)
{
    if (from.rank > to.rank) return false;
    for (int i = 0; i < from.rank; i++) {
        const size_t a = from.shape[from.rank - 1 - i], b = to.shape[to.rank - 1 - i];
        if (a != b && a != 1 && a != NL_UNKNOWN_SIZE && b != NL_UNKNOWN_SIZE) return false;
    }
    return true;
}

/* The element of `from` that element `flat` of `to` takes. */
static size_t source_of(nl_value from, nl_value to, size_t flat)
{
    size_t at = 0, stride = 1;

    for (int i = 0; i < to.rank; i++) {
        const size_t extent = to.shape[to.rank - 1 - i], coordinate = flat % extent;

        flat /= extent;
        if (i >= from.rank) continue;
        const size_t own = from.shape[from.rank - 1 - i];
        at += own == 1 ? 0 : coordinate * stride;
        stride *= own;
    }
    return at;
}

/* The places of the elements that are assigned, as numbers within the target. */
static nl_value places_of(nl_evaluator *ev, const nl_target *target, nl_value present)
{
    const size_t count = nl_value_count(present);

    if (count == NL_UNKNOWN_SIZE) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, target->rank, target->shape);
    double *data = NL_NEW_ARRAY(ev->arena, double, count + 1);
    for (size_t k = 0; k < count; k++) data[k] = (double)k;
    const nl_value all = nl_value_array(ev->arena, NL_KIND_NUMBER, nl_dim_none, target->rank, target->shape, data);
    return target->index != NULL ? nl_eval_index_value(ev, target->index, all) : all;
}

static nl_value wrong_kind(nl_evaluator *ev, nl_value present, nl_value right, const nl_ast *set)
{
    const bool same = present.kind == right.kind || (present.kind == NL_KIND_NUMBER && right.kind == NL_KIND_BOOL);
    const nl_ast *expr = nl_ast_kid(set, 1);

    if (!same) {
        nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span, "this value is of another kind than what is set");
        return nl_value_none();
    }
    if (nl_dim_equal(present.dim, right.dim)) return right;
    const char *wanted = nl_dim_text(ev->arena, present.dim);
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_DIMENSION, expr->span, "what is set is in %s, this value in %s", wanted,
                                nl_dim_text(ev->arena, right.dim));
    if (nl_dim_is_pure(right.dim))
        nl_diag_help(ev->ck->diags, diag, "write the unit behind the number or list: 5 [%s]", wanted);
    return nl_value_none();
}

nl_value nl_target_assign(nl_evaluator *ev, const nl_target *target, nl_value present, nl_value right,
                          const nl_ast *set)
{
    if (right.kind == NL_KIND_NONE || wrong_kind(ev, present, right, set).kind == NL_KIND_NONE) return nl_value_none();
    if (present.kind != NL_KIND_NUMBER && present.kind != NL_KIND_BOOL) return right;
    const nl_value places = places_of(ev, target, present);
    if (places.kind == NL_KIND_NONE) return places;
    if (!broadcasts(right, places)) {
        nl_diag_add(ev->ck->diags, NL_E_SHAPE, nl_ast_kid(set, 1)->span, "this value is %s, what is set is %s",
                    nl_value_shape_text(ev->arena, right), nl_value_shape_text(ev->arena, places));
        return nl_value_none();
    }
    if (!nl_value_known(places) || !nl_value_known(present) || !nl_value_known(right))
        return nl_value_unknown(present.kind, present.dim, present.rank, present.shape);
    const size_t count = nl_value_count(present), assigned = nl_value_count(places);
    double *data = NL_NEW_ARRAY(ev->arena, double, count + 1);
    memcpy(data, present.data, count * sizeof *data);
    for (size_t k = 0; k < assigned; k++) data[(size_t)places.data[k]] = right.data[source_of(right, places, k)];
    return nl_value_array(ev->arena, present.kind, nl_dim_common(present.dim, right.dim), present.rank, present.shape,
                          data);
}
