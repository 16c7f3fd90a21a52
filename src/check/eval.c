/* Expressions outside of time.  One function for each kind of node, found in a table; names, members and calls have
 * files of their own.  The same code checks (results of runs are unknown values) and runs. */
#include "eval_impl.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

nl_eval_context nl_eval_context_of(nl_evaluator *ev)
{
    return (nl_eval_context){
        .arena = ev->arena,
        .diags = ev->ck->diags,
        .folder = nl_scope_folder(ev->scope),
        .time_dim = nl_check_time_dim(ev->ck),
        .dt = ev->ck->model->dt,
        .seed = ev->ck->model->seed,
        .stream = ev->stream,
        .trial = ev->trial,
        .draw_count = &ev->draw_count,
    };
}

static nl_value eval_number(nl_evaluator *ev, const nl_ast *expr)
{
    const bool fits_all = expr->unit_text == NULL && !expr->has_unit && expr->number == 0;

    return nl_value_number(ev->arena, expr->number, fits_all ? nl_dim_any : expr->unit.dim);
}

/* --- strings --- */

/* The text of an insert, or NULL when it is not known yet or failed (then *failed). */
static const char *insert_text(nl_evaluator *ev, const nl_ast *insert, bool *failed)
{
    const nl_value value = nl_eval(ev, nl_ast_kid(insert, 0));
    const bool known = nl_value_known(value);

    if (value.kind == NL_KIND_NONE) {
        *failed = true;
        return NULL;
    }
    const nl_value shown = known || value.kind == NL_KIND_TEXT ? value : nl_value_number(ev->arena, 1, nl_dim_none);
    const char *text = shown.kind == NL_KIND_TEXT && !known ? "" : nl_value_show(ev->arena, shown, insert->name);
    if (text == NULL) {
        *failed = true;
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, insert->span, "`%s` is not a format for this value",
                                    insert->name);
        nl_diag_help(ev->ck->diags, diag, "formats are those of Python, for instance .3f, 8.2e or .17g");
    }
    return known ? text : NULL;
}

static nl_value eval_string(nl_evaluator *ev, const nl_ast *expr)
{
    nl_text text = nl_text_new(ev->arena);
    bool known = true, failed = false;

    if (expr->kid_count == 0) return nl_value_text(ev->arena, expr->name);
    for (int i = 0; i < expr->kid_count; i++) {
        const nl_ast *piece = expr->kids[i];
        const char *chars = piece->kind == NL_AST_INSERT ? insert_text(ev, piece, &failed) : piece->name;

        if (chars != NULL) nl_text_adds(&text, chars);
        known = known && chars != NULL;
    }
    if (failed) return nl_value_none();
    return known ? nl_value_text(ev->arena, text.chars) : nl_value_unknown(NL_KIND_TEXT, nl_dim_none, 0, NULL);
}

/* --- arrays and indices --- */

static nl_value eval_array(nl_evaluator *ev, const nl_ast *expr)
{
    nl_arg *items = NL_NEW_ARRAY(ev->arena, nl_arg, (size_t)expr->kid_count + 1);
    nl_eval_context cx = nl_eval_context_of(ev);

    for (int i = 0; i < expr->kid_count; i++) {
        items[i] = (nl_arg){ .value = nl_eval(ev, expr->kids[i]), .span = expr->kids[i]->span };
        if (items[i].value.kind == NL_KIND_NONE) return nl_value_none();
    }
    return nl_value_stack(&cx, expr->span, items, (size_t)expr->kid_count);
}

static nl_value eval_scaled(nl_evaluator *ev, const nl_ast *expr)
{
    nl_eval_context cx = nl_eval_context_of(ev);
    const nl_value value = nl_eval(ev, nl_ast_kid(expr, 0));

    return value.kind == NL_KIND_NONE ? value : nl_value_scale(&cx, expr->span, value, expr->unit);
}

/* One bound of a slice: false when it failed. */
static bool slice_bound(nl_evaluator *ev, const nl_ast *expr, bool *has, long *out, bool *unknown)
{
    if (expr == NULL) return true;
    const nl_value value = nl_eval(ev, expr);

    if (value.kind == NL_KIND_NONE) return false;
    if (value.kind != NL_KIND_NUMBER || value.rank != 0 || !nl_dim_is_pure(value.dim)) {
        nl_diag_add(ev->ck->diags, NL_E_INDEX, expr->span, "the bound of a range is a whole number");
        return false;
    }
    *has = true;
    if (!nl_value_known(value)) return *unknown = true;
    if (value.data[0] != floor(value.data[0]) || fabs(value.data[0]) > 1e15) {
        nl_diag_add(ev->ck->diags, NL_E_INDEX, expr->span, "the bound of a range is a whole number, not %s",
                    nl_text_number(ev->arena, value.data[0]));
        return false;
    }
    *out = (long)value.data[0];
    return true;
}

static bool eval_one_index(nl_evaluator *ev, const nl_ast *expr, nl_index *out)
{
    *out = (nl_index){ .span = expr->span };
    if (expr->kind != NL_AST_SLICE) {
        out->value = nl_eval(ev, expr);
        return out->value.kind != NL_KIND_NONE;
    }
    out->is_slice = true;
    return slice_bound(ev, nl_ast_kid(expr, 0), &out->has_begin, &out->begin, &out->unknown_bounds)
        && slice_bound(ev, nl_ast_kid(expr, 1), &out->has_end, &out->end, &out->unknown_bounds)
        && slice_bound(ev, nl_ast_kid(expr, 2), &out->has_step, &out->step, &out->unknown_bounds);
}

nl_value nl_eval_index_value(nl_evaluator *ev, const nl_ast *expr, nl_value base)
{
    const size_t count = (size_t)expr->kid_count - 1;
    nl_index *indices = NL_NEW_ARRAY(ev->arena, nl_index, count + 1);
    nl_eval_context cx = nl_eval_context_of(ev);

    for (size_t i = 0; i < count; i++)
        if (!eval_one_index(ev, expr->kids[i + 1], &indices[i])) return nl_value_none();
    return nl_value_index(&cx, expr->span, base, indices, count);
}

static nl_value eval_index(nl_evaluator *ev, const nl_ast *expr)
{
    const nl_value base = nl_eval(ev, nl_ast_kid(expr, 0));

    return base.kind == NL_KIND_NONE ? base : nl_eval_index_value(ev, expr, base);
}

/* --- operators --- */

static nl_value eval_paren(nl_evaluator *ev, const nl_ast *expr) { return nl_eval(ev, nl_ast_kid(expr, 0)); }

static nl_value eval_unary(nl_evaluator *ev, const nl_ast *expr)
{
    nl_eval_context cx = nl_eval_context_of(ev);
    const nl_value value = nl_eval(ev, nl_ast_kid(expr, 0));

    return value.kind == NL_KIND_NONE ? value
                                      : nl_value_unary(&cx, expr->span, expr->kind == NL_AST_NEG ? "-" : "not", value);
}

/* `false and x`, `true or x`: x is not evaluated, like a branch that is not taken. */
static bool is_decided(const char *op, nl_value left)
{
    if (left.kind != NL_KIND_BOOL || left.rank != 0 || !nl_value_known(left)) return false;
    return (strcmp(op, "and") == 0 && left.data[0] == 0) || (strcmp(op, "or") == 0 && left.data[0] != 0);
}

static nl_value eval_binary(nl_evaluator *ev, const nl_ast *expr)
{
    const nl_ast *a = nl_ast_kid(expr, 0), *b = nl_ast_kid(expr, 1);
    nl_eval_context cx = nl_eval_context_of(ev);
    const nl_value left = nl_eval(ev, a);

    if (is_decided(expr->name, left)) {
        nl_eval_check_names(ev, b);
        return left;
    }
    const nl_value right = nl_eval(ev, b);
    if (left.kind == NL_KIND_NONE || right.kind == NL_KIND_NONE) return nl_value_none();
    return nl_value_binary(&cx, expr->span, expr->name, left, a->span, right, b->span);
}

static nl_value eval_compare(nl_evaluator *ev, const nl_ast *expr)
{
    nl_eval_context cx = nl_eval_context_of(ev);
    nl_value left = nl_eval(ev, expr->kids[0]), all = nl_value_none();
    bool failed = left.kind == NL_KIND_NONE;

    for (int i = 1; i < expr->kid_count; i++) {
        const nl_value right = nl_eval(ev, expr->kids[i]);

        failed = failed || right.kind == NL_KIND_NONE;
        if (failed) continue;
        const nl_value one = nl_value_binary(&cx, expr->span, expr->ops[i - 1], left, expr->kids[i - 1]->span, right,
                                             expr->kids[i]->span);
        all = i == 1 ? one : nl_value_binary(&cx, expr->span, "and", all, expr->span, one, expr->span);
        failed = one.kind == NL_KIND_NONE || all.kind == NL_KIND_NONE;
        left = right;
    }
    return failed ? nl_value_none() : all;
}

static nl_value eval_range(nl_evaluator *ev, const nl_ast *expr)
{
    const nl_ast *from = nl_ast_kid(expr, 0), *to = nl_ast_kid(expr, 1);
    nl_eval_context cx = nl_eval_context_of(ev);
    const nl_arg args[2] = { { .value = nl_eval(ev, from), .span = from->span },
                             { .value = nl_eval(ev, to), .span = to->span } };

    if (args[0].value.kind == NL_KIND_NONE || args[1].value.kind == NL_KIND_NONE) return nl_value_none();
    return nl_func_call(&cx, expr->span, "arange", args, 2);
}

bool nl_eval_is_relative(const nl_ast *tolerance)
{
    const nl_ast *bare = nl_ast_bare(tolerance);

    return bare->kind == NL_AST_NUMBER && bare->unit_text != NULL && strcmp(bare->unit_text, "%") == 0;
}

static nl_value eval_within(nl_evaluator *ev, const nl_ast *expr)
{
    nl_eval_context cx = nl_eval_context_of(ev);
    const nl_value x = nl_eval(ev, nl_ast_kid(expr, 0)), tolerance = nl_eval(ev, nl_ast_kid(expr, 1));
    const nl_value reference = nl_eval(ev, nl_ast_kid(expr, 2));
    size_t worst;

    if (x.kind == NL_KIND_NONE || tolerance.kind == NL_KIND_NONE || reference.kind == NL_KIND_NONE)
        return nl_value_none();
    return nl_value_within(&cx, expr->span, x, tolerance, nl_eval_is_relative(nl_ast_kid(expr, 1)), reference, &worst);
}

/* --- if then else --- */

static bool merge_shapes(nl_value a, nl_value b, size_t *shape)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++) {
        if (a.shape[i] != b.shape[i] && a.shape[i] != NL_UNKNOWN_SIZE && b.shape[i] != NL_UNKNOWN_SIZE) return false;
        shape[i] = a.shape[i] == b.shape[i] ? a.shape[i] : NL_UNKNOWN_SIZE;
    }
    return true;
}

static bool is_numeric(nl_value value) { return value.kind == NL_KIND_NUMBER || value.kind == NL_KIND_BOOL; }

nl_value nl_eval_merge(nl_evaluator *ev, nl_value a, nl_span a_span, nl_value b, nl_span b_span)
{
    nl_diags *diags = ev->ck->diags;
    nl_diag *diag = NULL;
    size_t shape[NL_RANK];

    if (a.kind == NL_KIND_NONE || b.kind == NL_KIND_NONE) return nl_value_none();
    if (a.kind != b.kind && !(is_numeric(a) && is_numeric(b)))
        diag = nl_diag_add(diags, NL_E_VALUE_KIND, b_span, "the two branches are values of different kinds");
    else if (!nl_dim_equal(a.dim, b.dim))
        diag = nl_diag_add(diags, NL_E_DIMENSION, b_span, "one branch is in %s, the other in %s",
                           nl_dim_text(ev->arena, a.dim), nl_dim_text(ev->arena, b.dim));
    else if (!merge_shapes(a, b, shape))
        diag = nl_diag_add(diags, NL_E_SHAPE, b_span, "one branch is %s, the other %s",
                           nl_value_shape_text(ev->arena, a), nl_value_shape_text(ev->arena, b));
    if (diag != NULL) {
        nl_diag_also(diags, diag, a_span, "the other branch is here");
        return nl_value_none();
    }
    nl_value out = nl_value_unknown(a.kind == b.kind ? a.kind : NL_KIND_NUMBER, nl_dim_common(a.dim, b.dim), a.rank,
                                    shape);
    out.is_signal = a.is_signal && b.is_signal;
    return out;
}

static nl_value choose_elements(nl_evaluator *ev, const nl_ast *expr, nl_value condition)
{
    nl_eval_context cx = nl_eval_context_of(ev);
    nl_arg args[3] = { { .value = condition, .span = expr->kids[0]->span } };

    for (int i = 1; i < 3; i++) {
        args[i] = (nl_arg){ .value = nl_eval(ev, expr->kids[i]), .span = expr->kids[i]->span };
        if (args[i].value.kind == NL_KIND_NONE) return nl_value_none();
    }
    return nl_func_call(&cx, expr->span, "where", args, 3);
}

static nl_value eval_if(nl_evaluator *ev, const nl_ast *expr)
{
    const nl_ast *condition_expr = nl_ast_kid(expr, 0), *then = nl_ast_kid(expr, 1), *otherwise = nl_ast_kid(expr, 2);
    nl_value condition = nl_eval(ev, condition_expr);

    if (condition.kind == NL_KIND_BOOL && condition.rank > 0) return choose_elements(ev, expr, condition);
    if (condition.kind == NL_KIND_NONE) {
        nl_eval_check_names(ev, then);
        nl_eval_check_names(ev, otherwise);
        return nl_value_none();
    }
    if (!nl_eval_is_condition(ev, condition, condition_expr)) return nl_value_none();
    if (!nl_value_known(condition)) {
        const nl_value a = nl_eval(ev, then), b = nl_eval(ev, otherwise);
        return nl_eval_merge(ev, a, then->span, b, otherwise->span);
    }
    nl_eval_check_names(ev, condition.data[0] != 0 ? otherwise : then);
    return nl_eval(ev, condition.data[0] != 0 ? then : otherwise);
}

/* --- what has no value outside of time --- */

static nl_value refuse(nl_evaluator *ev, const nl_ast *expr)
{
    static const char *const why[NL_AST_KIND_COUNT] = {
        [NL_AST_PRIME] = "a derivative has no value outside of equations",
        [NL_AST_SLICE] = "a range with `:` stands only in an index; numbers in a row are written a .. b",
        [NL_AST_CROSSES] = "`crosses` stands in conditions of events and of `run until`",
    };

    nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span, "%s",
                why[expr->kind] != NULL ? why[expr->kind] : "this is not a value");
    return nl_value_none();
}

static nl_value (*const rules[NL_AST_KIND_COUNT])(nl_evaluator *ev, const nl_ast *expr) = {
    [NL_AST_NUMBER] = eval_number,   [NL_AST_STRING] = eval_string, [NL_AST_NAME] = nl_eval_name,
    [NL_AST_FIELD] = nl_eval_field,  [NL_AST_INDEX] = eval_index,   [NL_AST_CALL] = nl_eval_call,
    [NL_AST_ARRAY] = eval_array,     [NL_AST_SCALED] = eval_scaled, [NL_AST_PAREN] = eval_paren,
    [NL_AST_NEG] = eval_unary,       [NL_AST_NOT] = eval_unary,     [NL_AST_BINARY] = eval_binary,
    [NL_AST_COMPARE] = eval_compare, [NL_AST_WITHIN] = eval_within, [NL_AST_RANGE] = eval_range,
    [NL_AST_IF_EXPR] = eval_if,
};

nl_value nl_eval(nl_evaluator *ev, const nl_ast *expr)
{
    if (expr == NULL) return nl_value_none(); /* the parser has reported it */
    return (rules[expr->kind] != NULL ? rules[expr->kind] : refuse)(ev, expr);
}

/* --- values of a certain kind --- */

bool nl_eval_is_condition(nl_evaluator *ev, nl_value value, const nl_ast *expr)
{
    if (value.kind == NL_KIND_NONE) return false;
    if (value.kind == NL_KIND_BOOL && value.rank == 0) return true;
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span,
                                value.kind == NL_KIND_BOOL ? "one condition is needed here, not an array of them"
                                                           : "a condition is needed here");
    if (value.kind == NL_KIND_BOOL)
        nl_diag_help(ev->ck->diags, diag, "all(...) holds when all do, any(...) when one does");
    else nl_diag_help(ev->ck->diags, diag, "compare the value with something, for instance with > 0");
    return false;
}

bool nl_eval_condition(nl_evaluator *ev, const nl_ast *expr, nl_value *out)
{
    *out = nl_eval(ev, expr);
    return nl_eval_is_condition(ev, *out, expr);
}

/* What is built once cannot follow a value that changes. */
static bool is_fixed(nl_evaluator *ev, const nl_ast *expr, const char *what)
{
    if (ev->world != NULL || ev->varying == NULL) return true;
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_FIXED, expr->span,
                                "%s is fixed when the network is built, but `%s` changes in the protocol", what,
                                ev->varying->name);
    if (ev->varying->span.begin != 0)
        nl_diag_also(ev->ck->diags, diag, ev->varying->span, "`%s` is declared here", ev->varying->name);
    return false;
}

static bool eval_scalar(nl_evaluator *ev, const nl_ast *expr, const char *what, nl_value *value)
{
    const nl_symbol *outer = ev->varying;

    ev->varying = NULL;
    *value = nl_eval(ev, expr);
    const bool fixed = value->kind != NL_KIND_NONE && is_fixed(ev, expr, what);
    if (ev->varying == NULL) ev->varying = outer;
    if (!fixed) return false;
    if (value->kind == NL_KIND_NUMBER && value->rank == 0) return true;
    nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span, "%s is a number, not %s", what,
                value->kind == NL_KIND_NUMBER ? nl_value_shape_text(ev->arena, *value) : "this");
    return false;
}

bool nl_eval_number(nl_evaluator *ev, const nl_ast *expr, nl_dim dim, const char *what, double *out)
{
    nl_value value;

    if (!eval_scalar(ev, expr, what, &value)) return false;
    if (!nl_dim_equal(value.dim, dim)) {
        nl_diag_add(ev->ck->diags, NL_E_DIMENSION, expr->span,
                    nl_dim_is_pure(dim)         ? "%s is %s, not in %s"
                    : nl_dim_is_pure(value.dim) ? "%s is in %s, not %s"
                                                : "%s is in %s, not in %s",
                    what, nl_dim_text(ev->arena, dim), nl_dim_text(ev->arena, value.dim));
        return false;
    }
    *out = nl_value_known(value) ? value.data[0] : NAN;
    return true;
}

bool nl_eval_count(nl_evaluator *ev, const nl_ast *expr, const char *what, size_t *out)
{
    nl_value value;

    if (!eval_scalar(ev, expr, what, &value)) return false;
    const double number = nl_value_known(value) ? value.data[0] : NAN;
    if (!nl_dim_is_pure(value.dim) || !(number >= 0 && number == floor(number) && number <= 1e15)) {
        nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span, "%s is a whole number, not %s", what,
                    nl_value_known(value) ? nl_value_show(ev->arena, value, NULL) : "a result of the run");
        return false;
    }
    *out = (size_t)number;
    return true;
}
