/* expect: a condition that has to hold.  One that fails is reported with the values that were compared, and the
 * protocol goes on. */
#include "run_impl.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

enum { SHOWN = 8 }; /* longer arrays are not written out */

static void say_value(nl_session *s, nl_text *text, const nl_ast *expr)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_ast *bare = nl_ast_bare(expr);

    if (bare->kind == NL_AST_NUMBER || bare->kind == NL_AST_STRING) return;
    const nl_value value = nl_eval(&ev, expr);
    if (value.kind == NL_KIND_NONE || !nl_value_known(value)) return;
    const char *name = nl_print_expression(s->scratch, expr);
    if (nl_value_count(value) <= SHOWN) nl_text_addf(text, "; %s = %s", name, nl_value_show(s->scratch, value, ".10g"));
    else nl_text_addf(text, "; %s is an array %s", name, nl_value_shape_text(s->scratch, value));
}

/* Element `flat` of a value that is broadcast to `shape`: the last axes count. */
static double element_of(nl_value value, nl_value shape, size_t flat)
{
    size_t at = 0, stride = 1;

    for (int i = 0; i < value.rank; i++) {
        const size_t extent = shape.shape[shape.rank - 1 - i], own = value.shape[value.rank - 1 - i];
        at += own == 1 ? 0 : (flat % extent) * stride;
        flat /= extent;
        stride *= own;
    }
    return value.data[at];
}

static const char *number_text(nl_session *s, double number, nl_dim dim)
{
    return nl_value_show(s->scratch, nl_value_number(s->scratch, number, dim), ".10g");
}

/* The element that is farthest out. */
static void say_within(nl_session *s, nl_text *text, const nl_ast *expr)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_eval_context cx = { .arena = s->scratch, .diags = s->diags, .folder = s->check.folder };
    const nl_value x = nl_eval(&ev, expr->kids[0]), tolerance = nl_eval(&ev, expr->kids[1]),
                   reference = nl_eval(&ev, expr->kids[2]);
    size_t worst = 0;
    const nl_value result = nl_value_within(&cx, expr->span, x, tolerance, nl_eval_is_relative(expr->kids[1]),
                                            reference, &worst);

    if (result.kind == NL_KIND_NONE) return;
    const double value = element_of(x, result, worst), wanted = element_of(reference, result, worst);
    nl_text_addf(text, "; %s", nl_print_expression(s->scratch, expr->kids[0]));
    if (result.rank > 0) nl_text_addf(text, "[%zu]", worst);
    nl_text_addf(text, " = %s, reference %s, difference %s", number_text(s, value, x.dim),
                 number_text(s, wanted, reference.dim), number_text(s, value - wanted, x.dim));
}

static bool holds(nl_session *s, const nl_ast *expr)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_value value = nl_eval(&ev, expr);
    const size_t count = value.kind == NL_KIND_BOOL ? nl_value_count(value) : 0;

    for (size_t i = 0; i < count; i++)
        if (value.data[i] == 0) return false;
    return true;
}

/* The part of the condition that fails, with its values. */
static void say_condition(nl_session *s, nl_text *text, const nl_ast *expr)
{
    expr = nl_ast_bare(expr);
    if (expr->kind == NL_AST_BINARY && strcmp(expr->name, "and") == 0) {
        say_condition(s, text, holds(s, expr->kids[0]) ? expr->kids[1] : expr->kids[0]);
        return;
    }
    if (expr->kind == NL_AST_WITHIN) say_within(s, text, expr);
    else if (expr->kind == NL_AST_COMPARE)
        for (int i = 0; i < expr->kid_count; i++) say_value(s, text, expr->kids[i]);
}

static void say_failure(nl_session *s, const nl_ast *stmt)
{
    const nl_pos at = nl_sources_locate(s->sources, stmt->span.begin);
    nl_text text = nl_text_new(s->scratch);

    nl_text_addf(&text, "%s:%zu: expectation failed: %s", at.source != NULL ? at.source->name : "", at.line,
                 nl_print_expression(s->scratch, stmt->kids[0]));
    say_condition(s, &text, stmt->kids[0]);
    if (nl_ast_kid(stmt, 1) != NULL) {
        nl_evaluator ev = nl_session_evaluator(s, NULL);
        const nl_value message = nl_eval(&ev, stmt->kids[1]);
        if (message.kind == NL_KIND_TEXT) nl_text_addf(&text, " (%s)", message.text);
    }
    nl_session_say(s, text.chars);
}

bool nl_session_expect(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_value value = nl_eval(&ev, stmt->kids[0]);

    if (value.kind == NL_KIND_NONE) return nl_session_failed(s, NL_RUN_FAILED);
    s->counts.expectations++;
    bool all = true;
    for (size_t i = 0; i < nl_value_count(value); i++) all = all && value.data[i] != 0;
    nl_page_expectation(s, stmt, all);
    if (all) return true;
    s->counts.failed++;
    if (s->status == NL_OK) s->status = NL_EXPECTATION_FAILED;
    say_failure(s, stmt);
    return true;
}
