/* Figures while the protocol runs: what a plot shows is taken when its statement is executed, and a figure is drawn at
 * its end.  What cannot be drawn costs a warning and nothing else. */
#include "run_impl.h"

#include <errno.h>
#include <string.h>

static const char *format_of(const nl_session *s)
{
    return s->options.figure_format != NULL ? s->options.figure_format : "png";
}

bool nl_figures_open(nl_session *s)
{
    const char *folder = s->options.figures;

    if (folder == NULL) return true;
    if (!nl_figure_has_format(format_of(s))) {
        nl_diag_add(s->diags, NL_E_OUTPUT, (nl_span){ 0, 0 }, "pictures are made as %s, not as `%s`", nl_figure_formats,
                    format_of(s));
        return nl_session_failed(s, NL_MODEL_WRONG);
    }
    if (nl_figure_folder(folder)) return true;
    nl_diag_add(s->diags, NL_E_OUTPUT, (nl_span){ 0, 0 }, "cannot write figures into `%s`: %s", folder,
                strerror(errno));
    return nl_session_failed(s, NL_RUN_FAILED);
}

bool nl_figures_wanted(const nl_session *s) { return s->check.draws && s->lane->outcome == NULL; }

void nl_figures_warn(nl_session *s, nl_span span, const char *what, const char *why)
{
    nl_diag_add(s->diags, NL_W_NOT_DRAWN, span, "%s: %s", what, why);
}

/* --- names of files --- */

static bool is_taken(const nl_session *s, const char *name)
{
    for (size_t i = 0; i < s->figure_names.count; i++)
        if (strcmp(s->figure_names.items[i], name) == 0) return true;
    return false;
}

/* The model's name, what is drawn and, where that was drawn before, a number. */
static const char *file_name(nl_session *s, const char *what)
{
    const char *base = nl_path_file(s->parsed.source->name);
    const char *stem = nl_arena_strndup(s->arena, base, strcspn(base, "."));
    const char *name = nl_figure_file_name(s->arena, nl_arena_printf(s->arena, "%s-%s", stem, what)), *free_name = name;

    for (int number = 2; is_taken(s, free_name); number++) free_name = nl_arena_printf(s->arena, "%s-%d", name, number);
    NL_PUSH(s->arena, &s->figure_names, free_name);
    return free_name;
}

/* --- drawing --- */

static void draw_file(nl_session *s, nl_figure *figure, nl_span span, const char *what)
{
    const char *name = file_name(s, what), *why = NULL;
    const char *path = nl_figure_draw(figure, s->options.figures, name, format_of(s), s->options.keep_plot_data, &why);

    if (path == NULL) nl_figures_warn(s, span, "this figure is not drawn", why);
    else if (s->options.drawn != NULL) s->options.drawn(s->options.user, path);
}

static void draw(nl_session *s, nl_figure *figure, nl_span span, const char *what)
{
    if (s->cannot_draw) return;
    s->cannot_draw = !nl_gnuplot_exists();
    if (s->cannot_draw) {
        nl_diag *diag = nl_diag_add(s->diags, NL_W_NOT_DRAWN, span, "no figures are drawn: gnuplot is not installed");
        nl_diag_help(s->diags, diag, "install it (Debian: apt-get install gnuplot-nox)");
        return;
    }
    if (s->options.figures != NULL) draw_file(s, figure, span, what);
    if (s->page != NULL) nl_page_figure(s, figure, span);
}

/* A plot without a title is called by its kind and the first thing that it shows. */
static const char *name_of_plot(nl_session *s, const nl_plot *plot)
{
    const nl_value title = plot->options[NL_PLOT_TITLE].value;

    if (title.kind == NL_KIND_TEXT && title.text[0] != '\0') return title.text;
    return nl_arena_printf(s->scratch, "%s-%s", nl_plot_rows[plot->kind].name, plot->series[0].name);
}

static void add(nl_session *s, nl_figure *figure, const nl_plot *plot)
{
    const char *empty = nl_figure_add(figure, plot);

    if (empty != NULL) nl_figures_warn(s, plot->span, "this plot is empty", empty);
}

/* A fault of the values that only the run could tell costs the plot, too, and not the run. */
static bool read_plot(nl_session *s, const nl_ast *stmt, nl_plot *plot)
{
    const size_t mark = nl_diags_mark(s->diags);
    nl_evaluator ev = nl_session_evaluator(s, NULL);

    if (nl_plot_read(&ev, stmt, plot)) return true;
    const bool is_said = nl_diags_count(s->diags) > mark;
    const char *why = is_said ? nl_arena_strdup(s->arena, nl_diags_get(s->diags, mark)->text) : "its values are wrong";
    nl_diags_undo(s->diags, mark);
    nl_figures_warn(s, stmt->span, "this plot is not drawn", why);
    return false;
}

/* Outside of a figure a plot is a figure of its own. */
bool nl_session_plot(nl_session *s, const nl_ast *stmt)
{
    nl_plot plot;

    if (!nl_figures_wanted(s)) return true;
    if (!read_plot(s, stmt, &plot)) return s->status != NL_RUN_FAILED;
    if (s->figure != NULL) {
        add(s, s->figure, &plot);
        return true;
    }
    nl_figure *figure = nl_figure_new(s->scratch, NULL, 1);
    add(s, figure, &plot);
    draw(s, figure, plot.span, name_of_plot(s, &plot));
    return true;
}

bool nl_figures_begin(nl_session *s, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_value title = nl_eval(&ev, nl_ast_kid(stmt, 0));
    size_t columns = 1;

    if (title.kind == NL_KIND_NONE) return nl_session_failed(s, NL_RUN_FAILED);
    if (nl_ast_kid(stmt, 1) != NULL && !nl_eval_count(&ev, stmt->kids[1], "the number of columns", &columns))
        return nl_session_failed(s, NL_RUN_FAILED);
    s->figure = nl_figure_new(s->scratch, title.text, columns > 0 ? columns : 1);
    s->figure_title = title.text;
    s->figure_span = stmt->span;
    return true;
}

void nl_figures_end(nl_session *s, bool is_complete)
{
    if (is_complete && nl_figure_plot_count(s->figure) > 0) draw(s, s->figure, s->figure_span, s->figure_title);
    s->figure = NULL;
}
