/* The values of a PLOT: unknown ones while it is checked, those of the run while it is drawn. */
#include "eval_impl.h"
#include "plan.h"

#include "base/text.h"
#include "syntax/print.h"

#include <string.h>

static bool refuse_kind(nl_evaluator *ev, const nl_ast *expr, const nl_ast *name)
{
    const char *names[NL_PLOT_KIND_COUNT];
    nl_text list = nl_text_new(ev->arena);
    nl_diag *diag =
        nl_diag_add(ev->ck->diags, NL_E_NAME, name != NULL ? name->span : expr->span, "this is no kind of plot");

    for (nl_plot_kind k = 0; k < NL_PLOT_KIND_COUNT; k++) {
        names[k] = nl_plot_rows[k].name;
        nl_text_addf(&list, "%s%s(...)", k == 0 ? "" : k + 1 < NL_PLOT_KIND_COUNT ? ", " : " and ", names[k]);
    }
    const char *meant = name != NULL ? nl_suggest(name->name, names, NL_PLOT_KIND_COUNT) : NULL;
    if (meant != NULL) nl_diag_help(ev->ck->diags, diag, "did you mean `%s`?", meant);
    else nl_diag_help(ev->ck->diags, diag, "plots are %s", list.chars);
    return false;
}

static bool find_kind(nl_evaluator *ev, const nl_ast *expr, nl_plot_kind *out)
{
    const nl_ast *base = expr->kind == NL_AST_CALL ? nl_ast_kid(expr, 0) : NULL;
    const nl_ast *name = base != NULL && base->kind == NL_AST_NAME ? base : NULL;

    *out = name != NULL ? nl_plot_kind_find(name->name) : NL_PLOT_KIND_COUNT;
    return *out != NL_PLOT_KIND_COUNT || refuse_kind(ev, expr, name);
}

static bool find_option(nl_evaluator *ev, const nl_plot *plot, const nl_ast *arg, nl_plot_option *out)
{
    const nl_plot_row *row = &nl_plot_rows[plot->kind];
    const nl_span span = arg->name_span.end != 0 ? arg->name_span : arg->span;

    *out = nl_plot_option_find(plot->kind, arg->name);
    if (*out != NL_PLOT_OPTION_COUNT) return true;
    const char *meant = nl_plot_option_suggest(plot->kind, arg->name);
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_ARGUMENT, span, "`%s` has no option `%s`", row->name, arg->name);
    if (meant != NULL) nl_diag_help(ev->ck->diags, diag, "did you mean `%s`?", meant);
    else nl_diag_help(ev->ck->diags, diag, "%s(%s)", row->name, row->signature);
    return false;
}

/* raster(E) is raster(E.spikes). */
static nl_value drawn_value(nl_evaluator *ev, nl_plot_kind kind, const nl_ast *expr)
{
    const size_t errors = nl_diags_error_count(ev->ck->diags);
    const nl_value train = kind == NL_PLOT_RASTER ? nl_eval_spikes(ev, expr) : nl_value_none();

    return train.kind != NL_KIND_NONE || nl_diags_error_count(ev->ck->diags) > errors ? train : nl_eval(ev, expr);
}

/* An argument goes behind the values before it, or to its option. */
static bool read_argument(nl_evaluator *ev, nl_plot *plot, nl_arg *series, const nl_ast *arg)
{
    const bool is_option = arg->kind == NL_AST_ARG;
    const nl_ast *expr = is_option ? nl_ast_kid(arg, 0) : arg;
    nl_plot_option option;
    nl_arg *place;

    if (is_option && !find_option(ev, plot, arg, &option)) return false;
    place = is_option ? &plot->options[option] : &series[plot->series_count++];
    *place = (nl_arg){ nl_print_expression(ev->arena, expr),
                       is_option ? nl_eval(ev, expr) : drawn_value(ev, plot->kind, expr), expr->span };
    return place->value.kind != NL_KIND_NONE;
}

bool nl_plot_read(nl_evaluator *ev, const nl_ast *stmt, nl_plot *out)
{
    const nl_ast *call = nl_ast_bare(nl_ast_kid(stmt, 0));
    nl_eval_context cx = nl_eval_context_of(ev);
    bool good = true;

    *out = (nl_plot){ .span = call != NULL ? call->span : stmt->span, .time_dim = cx.time_dim };
    if (call == NULL || !find_kind(ev, call, &out->kind)) return false;
    nl_arg *series = NL_NEW_ARRAY(ev->arena, nl_arg, (size_t)call->kid_count);
    out->series = series;
    for (int i = 1; i < call->kid_count; i++) good = read_argument(ev, out, series, call->kids[i]) && good;
    return good && nl_plot_check(&cx, out);
}
