/* How often values lie in each of some intervals. */
#include "panel.h"

typedef struct bins {
    nl_panel *p;
    size_t count;
    double low, high; /* of all together, logarithms where the axis is logarithmic */
} bins;

enum { BINS = 30 };

/* Calls `each` with the arrays of a value: itself, or those of a list. */
static void visit(const nl_value *value, void (*each)(void *user, double x), void *user)
{
    if (value->kind == NL_KIND_LIST) {
        for (size_t i = 0; i < value->shape[0]; i++) visit(&value->items[i], each, user);
        return;
    }
    for (size_t i = 0; i < nl_value_count(*value); i++) each(user, value->data[i]);
}

static void include(void *user, double x)
{
    nl_panel *p = user;

    if (isnan(nl_axis_shown(&p->x, x))) return;
    nl_axis_include(&p->x, x);
    p->is_empty = false;
}

static double position(const bins *b, double x) { return b->p->x.is_log ? log(x) : x; }
static double value_at(const bins *b, double position) { return b->p->x.is_log ? exp(position) : position; }
static double edge(const bins *b, size_t k)
{
    return value_at(b, b->low + (b->high - b->low) * (double)k / (double)b->count);
}

typedef struct counter {
    const bins *bins;
    double *counts, total;
} counter;

/* The greatest value belongs to the last interval. */
static void count_one(void *user, double x)
{
    counter *c = user;
    const bins *b = c->bins;

    if (isnan(nl_axis_shown(&b->p->x, x))) return;
    const double at = (position(b, x) - b->low) / (b->high - b->low) * (double)b->count;
    if (!(at >= 0 && at <= (double)b->count)) return;
    const size_t k = (size_t)at;
    c->counts[k < b->count ? k : b->count - 1]++;
    c->total++;
}

static bins choose_bins(nl_panel *p)
{
    const nl_value *given = nl_panel_option(p, NL_PLOT_BINS);
    bins b = { .p = p, .count = given != NULL ? (size_t)given->data[0] : BINS };

    if (nl_axis_is_point(p->x.low, p->x.high)) { /* all alike: one bar in the middle */
        const double at = isnan(p->x.low) ? 1 : p->x.low;
        const double half = p->x.is_log ? 0.5 * at : at != 0 ? 0.05 * fabs(at) : 0.5;
        nl_axis_include(&p->x, at - half);
        nl_axis_include(&p->x, at + half);
    }
    b.low = position(&b, p->x.low);
    b.high = position(&b, p->x.high);
    return b;
}

static double *count_series(const bins *b, size_t index)
{
    counter c = { b, NL_NEW_ARRAY(b->p->arena, double, b->count), 0 };

    visit(&b->p->plot->series[index].value, count_one, &c);
    if (nl_panel_flag(b->p, NL_PLOT_DENSITY, false))
        for (size_t k = 0; k < b->count && c.total > 0; k++) {
            const double width =
                nl_unit_unscale(edge(b, k + 1), b->p->x.unit) - nl_unit_unscale(edge(b, k), b->p->x.unit);
            c.counts[k] /= c.total * width;
        }
    return c.counts;
}

static void add_series(const bins *b, size_t index, const double *counts)
{
    nl_panel *p = b->p;
    const size_t count = p->plot->series_count, block = nl_panel_block(p);
    const uint32_t color = nl_color_of(index, count);

    for (size_t k = 0; k < b->count; k++) {
        const double from = nl_axis_shown(&p->x, edge(b, k)), to = nl_axis_shown(&p->x, edge(b, k + 1));
        if (p->y.is_log && counts[k] <= 0) continue;
        nl_text_addf(p->data, "%.8g %.8g %.8g %.8g %.8g %.8g\n", (from + to) / 2, counts[k], from, to,
                     p->y.is_log ? 1e-3 * p->y.low : 0, counts[k]); /* cut off by the axis */
    }
    nl_panel_item(
        p,
        "data index %zu using 1:2:3:4:5:6 with boxxyerror fc rgb '#%06X' fs transparent solid %g border lc rgb "
        "'#%06X' lw 0.5 notitle",
        block, (unsigned)color, count > 1 ? 0.45 : 0.85, (unsigned)color);
    nl_panel_key(p, "boxes fs solid 0.6", color, nl_panel_label(p, index, count));
}

static const char *y_name(const nl_panel *p)
{
    if (!nl_panel_flag(p, NL_PLOT_DENSITY, false)) return "count";
    return p->x.unit_text[0] == '\0' ? "density" : nl_arena_printf(p->arena, "density (1/%s)", p->x.unit_text);
}

/* With room above and, on a logarithmic axis, below. */
static void include_height(nl_plot_axis *axis, double height)
{
    nl_axis_include(axis, axis->is_log ? 1.3 * height : 1.05 * height);
    if (axis->is_log) nl_axis_include(axis, 0.7 * height);
}

void nl_panel_histogram(nl_panel *p)
{
    const size_t count = p->plot->series_count;
    double **counts = NL_NEW_ARRAY(p->arena, double *, count);

    for (size_t i = 0; i < count; i++) visit(&p->plot->series[i].value, include, p);
    const bins b = choose_bins(p);
    nl_axis_choose_unit(p, &p->x);
    nl_axis_include(&p->y, 0);
    for (size_t i = 0; i < count; i++) {
        counts[i] = count_series(&b, i);
        for (size_t k = 0; k < b.count; k++) include_height(&p->y, counts[i][k]);
    }
    for (size_t i = 0; i < count; i++) add_series(&b, i, counts[i]);
    nl_axes_write(p, count == 1 ? p->plot->series[0].name : NULL, y_name(p), NULL);
}
