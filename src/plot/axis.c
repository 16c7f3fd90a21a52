/* Axes: units, ranges, labels and reference lines. */
#include "panel.h"

#include <string.h>

static const struct {
    nl_plot_option range, levels, label;
} options[] = {
    ['x'] = { NL_PLOT_XRANGE, NL_PLOT_VLINE, NL_PLOT_XLABEL },
    ['y'] = { NL_PLOT_YRANGE, NL_PLOT_HLINE, NL_PLOT_YLABEL },
    ['z'] = { NL_PLOT_RANGE, NL_PLOT_OPTION_COUNT, NL_PLOT_ZLABEL },
};

static const nl_value *option_of(const nl_panel *p, nl_plot_option option)
{
    return option != NL_PLOT_OPTION_COUNT ? nl_panel_option(p, option) : NULL;
}

/* As people write it: mV², not mV^2. */
static const char *pretty_unit(nl_arena *arena, const char *unit)
{
    static const struct {
        const char *plain, *pretty;
    } signs[] = { { "^2", "²" }, { "^3", "³" }, { "*", "·" } };
    nl_text out = nl_text_new(arena);

    nl_text_adds(&out, "");
    while (*unit != '\0') {
        size_t k = 0;

        while (k < NL_LEN(signs) && strncmp(unit, signs[k].plain, strlen(signs[k].plain)) != 0) k++;
        if (k < NL_LEN(signs)) nl_text_adds(&out, signs[k].pretty);
        else nl_text_add(&out, unit, 1);
        unit += k < NL_LEN(signs) ? strlen(signs[k].plain) : 1;
    }
    return out.chars;
}

/* --- what there is to show --- */

void nl_axis_include(nl_plot_axis *axis, double value)
{
    if (axis->is_given || !isfinite(value) || (axis->is_log && value <= 0)) return;
    if (!(axis->low <= value)) axis->low = value;
    if (!(axis->high >= value)) axis->high = value;
}

void nl_axis_include_all(nl_plot_axis *axis, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) nl_axis_include(axis, values[i]);
}

static nl_plot_axis open_axis(const nl_panel *p, char letter)
{
    const nl_dim dim = nl_plot_dim(p->plot, letter);
    const nl_unit_shown shown = nl_unit_shown_for(p->arena, dim);
    const char *log = nl_panel_text(p, NL_PLOT_LOG);
    const nl_value *range = option_of(p, options[(int)letter].range);
    nl_plot_axis axis = { .letter = letter,
                          .dim = dim,
                          .unit = shown.unit,
                          .unit_text = nl_dim_is_pure(dim) ? "" : pretty_unit(p->arena, shown.plain),
                          .is_log = log != NULL && strchr(log, letter) != NULL,
                          .low = NAN,
                          .high = NAN };

    if (range == NULL || (axis.is_log && range->data[0] <= 0)) return axis;
    axis.low = range->data[0];
    axis.high = range->data[1];
    axis.is_given = true;
    return axis;
}

static void include_levels(const nl_panel *p, nl_plot_axis *axis)
{
    const nl_value *levels = option_of(p, options[(int)axis->letter].levels);

    if (levels != NULL) nl_axis_include_all(axis, levels->data, nl_value_count(*levels));
}

void nl_axes_open(nl_panel *p)
{
    p->x = open_axis(p, 'x');
    p->y = open_axis(p, 'y');
    p->z = open_axis(p, 'z');
    include_levels(p, &p->x);
    include_levels(p, &p->y);
}

/* --- units --- */

double nl_axis_shown(const nl_plot_axis *axis, double value)
{
    if (!isfinite(value) || (axis->is_log && value <= 0)) return NAN;
    return nl_unit_unscale(value, axis->unit);
}

static bool has_bracket(const char *label) { return label != NULL && strchr(label, '(') != NULL; }

/* Long times in seconds, unless the label tells the unit. */
void nl_axis_choose_unit(nl_panel *p, nl_plot_axis *axis)
{
    static const double ten_seconds = 1e4; /* in ms */
    nl_unit second;

    if (axis->unit_text[0] == '\0' || !(fmax(fabs(axis->low), fabs(axis->high)) >= ten_seconds)) return;
    if (!nl_unit_find("s", 1, &second) || !nl_dim_equal(axis->dim, second.dim)) return;
    if (has_bracket(nl_panel_text(p, options[(int)axis->letter].label))) return;
    axis->unit = second;
    axis->unit_text = "s";
}

/* --- script --- */

static const char *script_name(const nl_plot_axis *axis)
{
    return axis->letter == 'z' ? "cb" : axis->letter == 'x' ? "x" : "y";
}

static const char *label_of(const nl_panel *p, const nl_plot_axis *axis, const char *name)
{
    const char *given = nl_panel_text(p, options[(int)axis->letter].label),
               *text = given != NULL ? given : nl_panel_name(p, name);

    if (axis->unit_text[0] == '\0' || has_bracket(given)) return text != NULL ? text : "";
    return text != NULL && text[0] != '\0' ? nl_arena_printf(p->arena, "%s (%s)", text, axis->unit_text)
                                           : axis->unit_text;
}

bool nl_axis_is_point(double low, double high) { return !(high - low > 1e-9 * fmax(fabs(low), fabs(high))); }

/* Room around what is shown, so that no curve runs along the frame. */
static void pad(double *low, double *high, bool is_log, bool is_padded)
{
    const bool is_point = nl_axis_is_point(*low, *high);

    if (is_log) {
        const double ratio = !is_point ? pow(*high / *low, is_padded ? 0.05 : 0) : 2;
        *low /= ratio;
        *high *= ratio;
        return;
    }
    const double room = !is_point ? (is_padded ? 0.05 * (*high - *low) : 0) : *low != 0 ? 0.1 * fabs(*low) : 1;
    *low -= room;
    *high += room;
}

/* Numbers of many digits stand farther apart: a step of 1, 2 or 5 that leaves four of them. */
static void write_wide_tics(nl_panel *p, double low, double high)
{
    const double wanted = (high - low) / 4, power = pow(10, floor(log10(wanted))), ratio = wanted / power;

    nl_text_addf(&p->script, "set xtics %.9g\n", power * (ratio > 5 ? 10 : ratio > 2 ? 5 : ratio > 1 ? 2 : 1));
}

static void write_range(nl_panel *p, const nl_plot_axis *axis)
{
    const char *name = script_name(axis);
    double low = nl_axis_shown(axis, axis->low), high = nl_axis_shown(axis, axis->high);

    if (isnan(low) || isnan(high)) low = axis->is_log ? 0.1 : 0, high = 1;
    else if (!axis->is_given) pad(&low, &high, axis->is_log, axis->is_padded);
    nl_text_addf(&p->script, "set %srange [%.9g:%.9g]\n", name, low, high);
    if (axis->letter == 'x' && !axis->is_log && fmax(fabs(low), fabs(high)) >= 1e5) write_wide_tics(p, low, high);
    if (!axis->is_log) return;
    nl_text_addf(&p->script, "set logscale %s\n", name);
    if (high / low > 30) nl_text_addf(&p->script, "set format %s '10^{%%T}'\n", name);
}

static void write_label(nl_panel *p, const nl_plot_axis *axis, const char *name)
{
    const char *label = label_of(p, axis, name);

    if (label[0] == '\0') return;
    nl_text_addf(&p->script, "set %slabel %s noenhanced%s\n", script_name(axis), nl_quoted(p->arena, label),
                 axis->letter == 'z' ? " offset 1.3,0" : ""); /* gnuplot puts it onto long numbers */
}

static void write_levels(nl_panel *p, const nl_plot_axis *axis)
{
    const nl_value *levels = option_of(p, options[(int)axis->letter].levels);

    for (size_t i = 0; levels != NULL && i < nl_value_count(*levels); i++) {
        const double at = nl_axis_shown(axis, levels->data[i]);

        if (isnan(at)) continue;
        nl_text_addf(&p->script,
                     axis->letter == 'x' ? "set arrow from first %.9g, graph 0 to first %.9g, graph 1"
                                         : "set arrow from graph 0, first %.9g to graph 1, first %.9g",
                     at, at);
        nl_text_addf(&p->script, " nohead lc rgb '#%06X' lw 1 dt 2%s\n", NL_COLOR_GREY,
                     p->plot->kind == NL_PLOT_IMAGE ? " front" : "");
    }
}

void nl_axes_write(nl_panel *p, const char *x_name, const char *y_name, const char *z_name)
{
    write_range(p, &p->x);
    write_range(p, &p->y);
    write_label(p, &p->x, x_name);
    write_label(p, &p->y, y_name);
    if (p->plot->kind == NL_PLOT_IMAGE) {
        write_range(p, &p->z);
        write_label(p, &p->z, z_name);
    }
    write_levels(p, &p->x);
    write_levels(p, &p->y);
}
