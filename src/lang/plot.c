/* What plots take, and whether values suit them. */
#include "plot.h"

#include "base/text.h"
#include "value_impl.h"

#include <string.h>

const nl_plot_row nl_plot_rows[NL_PLOT_KIND_COUNT] = {
#define PLOT(kind, name, signature, doc) [NL_PLOT_##kind] = { name, signature, doc },
#include "plots.def"
};

const nl_plot_row nl_plot_options[NL_PLOT_OPTION_COUNT] = {
#define OPTION(option, name, form, axis, doc) [NL_PLOT_##option] = { name, NULL, doc },
#include "plots.def"
};

/* --- names --- */

nl_plot_kind nl_plot_kind_find(const char *name)
{
    nl_plot_kind kind = 0;

    while (kind < NL_PLOT_KIND_COUNT && strcmp(nl_plot_rows[kind].name, name) != 0) kind++;
    return kind;
}

/* Whether a signature names the option behind its values. */
static bool takes(nl_plot_kind kind, nl_plot_option option)
{
    const char *at = strchr(nl_plot_rows[kind].signature, ',');
    const size_t length = strlen(nl_plot_options[option].name);

    while (at != NULL) {
        at += strspn(at, ", ");
        if (strcspn(at, ",") == length && strncmp(at, nl_plot_options[option].name, length) == 0) return true;
        at = strchr(at, ',');
    }
    return false;
}

nl_plot_option nl_plot_option_find(nl_plot_kind kind, const char *name)
{
    nl_plot_option option = 0;

    while (option < NL_PLOT_OPTION_COUNT && (strcmp(nl_plot_options[option].name, name) != 0 || !takes(kind, option)))
        option++;
    return option;
}

const char *nl_plot_option_suggest(nl_plot_kind kind, const char *name)
{
    const char *names[NL_PLOT_OPTION_COUNT];
    size_t count = 0;

    for (nl_plot_option option = 0; option < NL_PLOT_OPTION_COUNT; option++)
        if (takes(kind, option)) names[count++] = nl_plot_options[option].name;
    return nl_suggest(name, names, count);
}

/* --- one value --- */

typedef struct checker {
    nl_eval_context *cx;
    const nl_plot *plot;
    const nl_arg *arg;
    const char *name; /* of the option, or of the plot */
} checker;

static bool refuse(const checker *c, nl_code code, const char *wanted)
{
    nl_diag_add(c->cx->diags, code, c->arg->span, "`%s` takes %s, not %s", c->name, wanted,
                nl_value_words(c->cx->arena, c->arg->value));
    return false;
}

static bool check_numbers(const checker *c, int least, int most, const char *wanted)
{
    const nl_value value = c->arg->value;

    return (nl_value_is_array(value) && value.rank >= least && value.rank <= most)
           || refuse(c, NL_E_VALUE_KIND, wanted);
}

static bool check_VALUES(const checker *c) { return check_numbers(c, 0, 2, "numbers"); }
static bool check_LEVELS(const checker *c) { return check_numbers(c, 0, 1, "a number or a list of numbers"); }

static bool check_PAIR(const checker *c)
{
    const nl_value value = c->arg->value;

    if (!check_numbers(c, 1, 1, "[least, greatest]")) return false;
    if (!nl_extent_fits(value.shape[0], 2)) return refuse(c, NL_E_SHAPE, "[least, greatest]");
    if (!nl_value_known(value) || value.data[0] < value.data[1]) return true;
    nl_diag_add(c->cx->diags, NL_E_ARGUMENT, c->arg->span, "the first number of `%s` is the smaller one", c->name);
    return false;
}

static bool check_COUNT(const checker *c)
{
    const nl_value value = c->arg->value;

    if (!check_numbers(c, 0, 0, "a whole number")) return false;
    if (!nl_value_known(value)) return true;
    const double n = value.data[0];
    if (n == rint(n) && n >= 1 && n <= NL_PLOT_BINS_MAX) return true;
    nl_diag_add(c->cx->diags, NL_E_ARGUMENT, c->arg->span, "`%s` is a whole number from 1 to %d", c->name,
                NL_PLOT_BINS_MAX);
    return false;
}

static bool check_FLAG(const checker *c)
{
    const nl_value value = c->arg->value;

    return (value.kind == NL_KIND_BOOL && value.rank == 0) || refuse(c, NL_E_VALUE_KIND, "true or false");
}

static bool check_TEXT(const checker *c)
{
    return c->arg->value.kind == NL_KIND_TEXT || refuse(c, NL_E_VALUE_KIND, "a text");
}

static bool check_TEXTS(const checker *c)
{
    const nl_value value = c->arg->value;

    if (value.kind == NL_KIND_TEXT) return true;
    if (value.kind != NL_KIND_LIST) return refuse(c, NL_E_VALUE_KIND, "a text or a list of texts");
    for (size_t i = 0; value.items != NULL && i < value.shape[0]; i++)
        if (value.items[i].kind != NL_KIND_TEXT) return refuse(c, NL_E_VALUE_KIND, "a text or a list of texts");
    return true;
}

/* One of a few texts, up to a NULL. */
static bool check_choice(const checker *c, const char *const *choices)
{
    const char *text = c->arg->value.text;
    nl_text list = nl_text_new(c->cx->arena);
    size_t k = 0;

    if (!check_TEXT(c)) return false;
    for (; choices[k] != NULL; k++) {
        if (text == NULL || strcmp(choices[k], text) == 0) return true;
        nl_text_addf(&list, "%s\"%s\"", k == 0 ? "" : choices[k + 1] != NULL ? ", " : " or ", choices[k]);
    }
    nl_diag *diag = nl_diag_add(c->cx->diags, NL_E_ARGUMENT, c->arg->span, "`%s` is %s", c->name, list.chars);
    const char *meant = nl_suggest(text, choices, k);
    if (meant != NULL) nl_diag_help(c->cx->diags, diag, "did you mean \"%s\"?", meant);
    return false;
}

static bool check_LOG(const checker *c) { return check_choice(c, (const char *const[]){ "x", "y", "xy", NULL }); }

static bool check_MARKER(const checker *c)
{
    return check_choice(c, (const char *const[]){ "o", "x", "+", "s", "^", "none", NULL });
}

static bool check_PALETTE(const checker *c)
{
    return check_choice(c, (const char *const[]){ "sequential", "diverging", NULL });
}

enum { X = 'x', Y = 'y', Z = 'z', NONE = 0 };

static const struct {
    bool (*check)(const checker *c);
    char axis;
} forms[NL_PLOT_OPTION_COUNT] = {
#define OPTION(option, name, form, axis, doc) [NL_PLOT_##option] = { check_##form, axis },
#include "plots.def"
};

/* --- what is drawn --- */

static bool is_list_of_numbers(nl_value value)
{
    if (value.kind != NL_KIND_LIST) return false;
    for (size_t i = 0; value.items != NULL && i < value.shape[0]; i++)
        if (!nl_value_is_array(value.items[i])) return false;
    return true;
}

/* A vector of times is the train of one neuron. */
static bool is_times(const checker *c, nl_value value)
{
    return value.kind == NL_KIND_NUMBER && value.rank == 1 && !value.is_signal
           && nl_dim_equal(value.dim, c->plot->time_dim);
}

static bool suits(const checker *c)
{
    const nl_value value = c->arg->value;

    switch (c->plot->kind) {
    case NL_PLOT_RASTER:
        return value.kind == NL_KIND_TRAIN || is_times(c, value)
               || refuse(c, NL_E_VALUE_KIND, "spikes, such as E.spikes");
    case NL_PLOT_HISTOGRAM:
        return nl_value_is_array(value) || is_list_of_numbers(value) || refuse(c, NL_E_VALUE_KIND, "numbers");
    case NL_PLOT_IMAGE: return check_numbers(c, 2, 2, "a matrix, or a series of vectors");
    case NL_PLOT_BARS: return check_numbers(c, 1, 1, "vectors");
    default: return check_numbers(c, 1, 2, "vectors, or arrays with one curve in each column");
    }
}

static bool check_values(checker *c)
{
    const nl_plot *plot = c->plot;
    bool good = true;

    c->name = nl_plot_rows[plot->kind].name;
    for (size_t i = 0; i < plot->series_count; i++) {
        c->arg = &plot->series[i];
        good = suits(c) && good;
    }
    if (plot->series_count == 0 || (plot->kind == NL_PLOT_IMAGE && plot->series_count > 1)) {
        nl_diag_add(c->cx->diags, NL_E_ARGUMENT, plot->span,
                    plot->series_count == 0 ? "`%s` is given nothing to draw" : "`%s` draws one matrix", c->name);
        return false;
    }
    return good;
}

static bool check_options(checker *c)
{
    bool good = true;

    for (nl_plot_option k = 0; k < NL_PLOT_OPTION_COUNT; k++) {
        c->arg = &c->plot->options[k];
        c->name = nl_plot_options[k].name;
        if (!nl_value_is_none(c->arg->value)) good = forms[k].check(c) && good;
    }
    return good;
}

/* --- together --- */

static bool is_curves(nl_plot_kind kind)
{
    return kind == NL_PLOT_LINES || kind == NL_PLOT_SCATTER || kind == NL_PLOT_BARS;
}

/* The axis on which the values that are drawn stand. */
static char axis_of_values(nl_plot_kind kind) { return is_curves(kind) ? Y : kind == NL_PLOT_IMAGE ? Z : X; }

/* The dimension of what is drawn on its own axis. */
static nl_dim dim_of_values(nl_value value)
{
    if (value.kind != NL_KIND_LIST) return value.dim;
    return value.items != NULL && value.shape[0] > 0 ? value.items[0].dim : nl_dim_any;
}

typedef struct axis_check {
    const checker *c;
    char axis;
    nl_dim dim;        /* of all so far */
    const nl_arg *arg; /* the first one with this dimension, or NULL */
    bool good;
} axis_check;

static void join(axis_check *a, const nl_arg *arg, nl_dim dim)
{

    if (nl_dim_equal(a->dim, dim)) {
        if (a->dim.any && !dim.any) a->arg = arg;
        a->dim = nl_dim_common(a->dim, dim);
        return;
    }
    a->good = false;
    nl_eval_context *cx = a->c->cx;
    if (cx == NULL) return;
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_DIMENSION, arg->span, "the %s axis shows %s, this is %s",
                                a->axis == Z   ? "colour"
                                : a->axis == X ? "x"
                                               : "y",
                                nl_dim_text(cx->arena, a->dim), nl_dim_text(cx->arena, dim));
    if (a->arg != NULL) nl_diag_also(cx->diags, diag, a->arg->span, "as it does here");
}

static axis_check join_axis(const checker *c, char axis)
{
    const nl_plot *plot = c->plot;
    axis_check a = { .c = c, .axis = axis, .dim = nl_dim_any, .good = true };
    const bool has_x = !nl_value_is_none(plot->options[NL_PLOT_X].value);

    for (size_t i = 0; i < plot->series_count; i++) {
        const nl_arg *arg = &plot->series[i];

        if (axis == axis_of_values(plot->kind)) join(&a, arg, dim_of_values(arg->value));
        else if (axis == X && !has_x) join(&a, arg, arg->value.is_signal ? plot->time_dim : nl_dim_none);
    }
    for (nl_plot_option k = 0; k < NL_PLOT_OPTION_COUNT; k++)
        if (forms[k].axis == axis && !nl_value_is_none(plot->options[k].value))
            join(&a, &plot->options[k], plot->options[k].value.dim);
    return a;
}

nl_dim nl_plot_dim(const nl_plot *plot, char axis) { return join_axis(&(checker){ .plot = plot }, axis).dim; }

nl_plot_extent nl_plot_extent_of(nl_value value)
{
    return (nl_plot_extent){ .points = value.shape[0], .curves = value.rank > 1 ? value.shape[1] : 1 };
}

static bool misfit(const checker *c, const nl_arg *arg, const char *name, const nl_arg *series)
{
    nl_diag *diag = nl_diag_add(c->cx->diags, NL_E_SHAPE, arg->span, "`%s` is %s and does not fit %s", name,
                                nl_value_words(c->cx->arena, arg->value), nl_value_words(c->cx->arena, series->value));

    if (series->span.begin != arg->span.begin) nl_diag_also(c->cx->diags, diag, series->span, "which is drawn here");
    return false;
}

/* One number for each point, or for each point of each curve. */
static bool fits_curves(nl_value value, nl_value series, bool may_be_scalar)
{
    if (value.rank == 0) return may_be_scalar;
    return nl_extent_fits(value.shape[0], series.shape[0])
           && (value.rank == 1 || (series.rank == 2 && nl_extent_fits(value.shape[1], series.shape[1])));
}

/* Without `x` all have times, or none. */
static bool share_times(const checker *c, const nl_arg *series)
{
    const nl_arg *first = &c->plot->series[0];

    if (!nl_value_is_none(c->plot->options[NL_PLOT_X].value) || series->value.is_signal == first->value.is_signal)
        return true;
    nl_diag *diag =
        nl_diag_add(c->cx->diags, NL_E_SHAPE, series->span, "one of these has times, the other one has not");
    nl_diag_also(c->cx->diags, diag, first->span, "the first is here");
    nl_diag_help(c->cx->diags, diag, "say over what they stand, for example x = %s.t",
                 series->value.is_signal ? series->name : first->name);
    return false;
}

static bool check_curves(const checker *c)
{
    const nl_arg *x = &c->plot->options[NL_PLOT_X], *band = &c->plot->options[NL_PLOT_BAND];
    bool good = true;

    for (size_t i = 0; i < c->plot->series_count && good; i++) {
        const nl_arg *series = &c->plot->series[i];
        const nl_plot_extent extent = nl_plot_extent_of(series->value);

        good = share_times(c, series);
        if (!nl_value_is_none(x->value) && !fits_curves(x->value, series->value, false))
            good = misfit(c, x, "x", series);
        if (!nl_value_is_none(band->value) && !fits_curves(band->value, series->value, true))
            good = misfit(c, band, "band", series);
        if (extent.curves == NL_UNKNOWN_SIZE || extent.curves <= NL_PLOT_CURVES_MAX) continue;
        nl_diag *diag = nl_diag_add(c->cx->diags, NL_E_SHAPE, series->span, "these are %zu curves; one plot takes %d",
                                    extent.curves, NL_PLOT_CURVES_MAX);
        nl_diag_help(c->cx->diags, diag, "take a part, such as v[:, 0:10], or draw image(..)");
        good = false;
    }
    return good;
}

static bool fits_axis(const nl_arg *arg, size_t extent)
{
    return nl_value_is_none(arg->value) || (arg->value.rank == 1 && nl_extent_fits(arg->value.shape[0], extent));
}

static bool check_image(const checker *c)
{
    const nl_arg *x = &c->plot->options[NL_PLOT_X], *y = &c->plot->options[NL_PLOT_Y], *z = &c->plot->series[0];
    const bool in_time = z->value.is_signal;

    if (in_time && !nl_value_is_none(x->value)) {
        nl_diag_add(c->cx->diags, NL_E_ARGUMENT, x->span, "a series stands over its times");
        return false;
    }
    if (!fits_axis(x, z->value.shape[1])) return misfit(c, x, "x", z);
    return fits_axis(y, z->value.shape[in_time ? 1 : 0]) || misfit(c, y, "y", z);
}

/* Names of the legend: one for each value that is drawn, or for each curve of a single one. */
static bool check_labels(const checker *c)
{
    const nl_arg *labels = &c->plot->options[NL_PLOT_LABELS];
    const size_t curves = is_curves(c->plot->kind) ? nl_plot_extent_of(c->plot->series[0].value).curves : 1;
    const size_t wanted = c->plot->series_count > 1 ? c->plot->series_count : curves;

    if (nl_value_is_none(labels->value)) return true;
    const size_t given = labels->value.kind == NL_KIND_LIST ? labels->value.shape[0] : 1;
    if (nl_extent_fits(given, wanted)) return true;
    nl_diag_add(c->cx->diags, NL_E_SHAPE, labels->span, "%zu label%s for %zu curve%s", given, given == 1 ? "" : "s",
                wanted, wanted == 1 ? "" : "s");
    return false;
}

bool nl_plot_check(nl_eval_context *cx, const nl_plot *plot)
{
    checker c = { .cx = cx, .plot = plot };
    const bool values = check_values(&c), options = check_options(&c);

    if (!values || !options) return false;
    if (!join_axis(&c, X).good || !join_axis(&c, Y).good || !join_axis(&c, Z).good) return false;
    if (is_curves(plot->kind) && !check_curves(&c)) return false;
    if (plot->kind == NL_PLOT_IMAGE && !check_image(&c)) return false;
    return plot->kind == NL_PLOT_IMAGE || check_labels(&c);
}
