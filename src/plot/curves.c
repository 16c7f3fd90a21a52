/* Curves and points.  A curve shows no more than its outline at the resolution of a picture: of the values that fall
 * into one column of it the first, the least, the greatest and the last. */
#include "panel.h"

#include <stdlib.h>

typedef struct curve {
    size_t argument; /* of the plot */
    size_t count;
    const double *x, *y, *band; /* x: NULL for the index; band: NULL for none */
    size_t x_step, y_step, band_step;
    uint32_t color;
} curve;

typedef struct curves {
    nl_panel *p;
    curve *items;
    size_t count;
    size_t columns;        /* of the picture, for one curve */
    nl_text lines, points; /* blocks of data */
    const char *marker;
} curves;

static const double EDGE = 0.5; /* by which the lowest of several lines is wider */

enum { COLUMNS = 1500, COLUMNS_LEAST = 100, COLUMNS_ALL = 150000, POINTS_MAX = 200000, CELLS = 4096 };

/* --- which curves there are --- */

static void set_x(const nl_panel *p, curve *c, const nl_value *series, size_t column)
{
    const nl_value *x = nl_panel_option(p, NL_PLOT_X);

    if (x == NULL) {
        c->x = series->is_signal ? series->times : NULL;
        c->x_step = 1;
        return;
    }
    c->x_step = nl_plot_extent_of(*x).curves;
    c->x = x->data + (x->rank > 1 ? column : 0);
}

static void set_band(const nl_panel *p, curve *c, size_t column)
{
    const nl_value *band = nl_panel_option(p, NL_PLOT_BAND);

    if (band == NULL) return;
    c->band_step = band->rank == 0 ? 0 : nl_plot_extent_of(*band).curves;
    c->band = band->data + (band->rank > 1 ? column : 0);
}

/* Several arguments have a colour each, the curves of a single one too. */
static void add_series(curves *all, size_t argument)
{
    const nl_panel *p = all->p;
    const nl_value *series = &p->plot->series[argument].value;
    const nl_plot_extent extent = nl_plot_extent_of(*series);

    for (size_t k = 0; k < extent.curves; k++) {
        curve *c = &all->items[all->count++];

        *c = (curve){ .argument = argument, .count = extent.points, .y = series->data + k, .y_step = extent.curves };
        c->color =
            p->plot->series_count > 1 ? nl_color_of(argument, p->plot->series_count) : nl_color_of(k, extent.curves);
        set_x(p, c, series, k);
        set_band(p, c, k);
    }
}

static curves find_curves(nl_panel *p)
{
    curves all = { .p = p, .lines = nl_text_new(p->arena), .points = nl_text_new(p->arena) };
    size_t count = 0;

    for (size_t i = 0; i < p->plot->series_count; i++) count += nl_plot_extent_of(p->plot->series[i].value).curves;
    all.items = NL_NEW_ARRAY(p->arena, curve, count + 1);
    for (size_t i = 0; i < p->plot->series_count; i++) add_series(&all, i);
    const size_t share = COLUMNS_ALL / (count + 1);
    all.columns = share > COLUMNS ? COLUMNS : share > COLUMNS_LEAST ? share : COLUMNS_LEAST;
    all.marker = nl_panel_text(p, NL_PLOT_MARKER);
    return all;
}

static double x_at(const curve *c, size_t i) { return c->x != NULL ? c->x[i * c->x_step] : (double)i; }
static double y_at(const curve *c, size_t i) { return c->y[i * c->y_step]; }

static void include(nl_panel *p, const curve *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const double x = x_at(c, i), y = y_at(c, i), half = c->band != NULL ? fabs(c->band[i * c->band_step]) : 0;

        if (isnan(nl_axis_shown(&p->x, x)) || isnan(nl_axis_shown(&p->y, y))) continue;
        p->is_empty = false;
        if (p->x.is_given && !(x >= p->x.low && x <= p->x.high)) continue; /* not in the picture */
        nl_axis_include(&p->x, x);
        nl_axis_include(&p->y, y);
        if (isfinite(half)) nl_axis_include(&p->y, y - half);
        if (isfinite(half)) nl_axis_include(&p->y, y + half);
    }
}

/* --- which of their points are seen --- */

typedef struct point {
    double x, y; /* as shown; nan: the curve is interrupted */
} point;

static point point_at(const nl_panel *p, const curve *c, size_t i)
{
    const point at = { nl_axis_shown(&p->x, x_at(c, i)), nl_axis_shown(&p->y, y_at(c, i)) };

    return isnan(at.x) || isnan(at.y) ? (point){ NAN, NAN } : at;
}

/* Where on an axis a shown number stands, in 0 .. 1. */
static double place(const nl_plot_axis *axis, double shown)
{
    const double low = nl_axis_shown(axis, axis->low), high = nl_axis_shown(axis, axis->high);

    if (!(high > low)) return 0;
    return axis->is_log ? log(shown / low) / log(high / low) : (shown - low) / (high - low);
}

static bool ascends(const nl_panel *p, const curve *c)
{
    for (size_t i = 1; i < c->count; i++)
        if (!(x_at(c, i) >= x_at(c, i - 1))) return false;
    return p->plot->kind == NL_PLOT_LINES;
}

static void add_point(nl_text *block, point at, uint32_t color)
{
    nl_text_addf(block, "%.8g %.8g %u\n", at.x, at.y, (unsigned)color);
}

/* A pen that draws the points of a curve one after the other. */
typedef struct pen {
    curves *all;
    uint32_t color;
    size_t drawn; /* since the last interruption */
    point last;
} pen;

static void draw(pen *d, point at)
{
    add_point(&d->all->lines, at, d->color);
    d->drawn++;
    d->last = at;
}

/* A point between two interruptions has no line: a dot shows it. */
static void lift(pen *d)
{
    if (d->drawn == 1) add_point(&d->all->points, d->last, d->color);
    if (d->drawn > 0) nl_text_adds(&d->all->lines, "\n");
    d->drawn = 0;
}

typedef struct column {
    size_t number, count, least, greatest, first, last; /* indices of points */
} column;

static void draw_column(pen *d, const nl_panel *p, const curve *c, const column *col)
{
    const size_t low = col->least < col->greatest ? col->least : col->greatest;
    const size_t high = col->least < col->greatest ? col->greatest : col->least;
    const size_t seen[] = { col->first, low, high, col->last };

    for (size_t k = 0; k < NL_LEN(seen) && col->count > 0; k++)
        if (k == 0 || seen[k] != seen[k - 1]) draw(d, point_at(p, c, seen[k]));
}

static void draw_outline(pen *d, const curve *c)
{
    const nl_panel *p = d->all->p;
    column col = { .count = 0 };

    for (size_t i = 0; i < c->count; i++) {
        const point at = point_at(p, c, i);
        const bool is_gap = isnan(at.x);
        const size_t number = is_gap ? 0 : (size_t)(fmax(place(&p->x, at.x), 0) * (double)d->all->columns);

        if (col.count > 0 && (is_gap || number != col.number)) {
            draw_column(d, p, c, &col);
            col.count = 0;
        }
        if (is_gap) lift(d);
        else if (col.count++ == 0) col = (column){ number, 1, i, i, i, i };
        else {
            if (y_at(c, i) < y_at(c, col.least)) col.least = i;
            if (y_at(c, i) > y_at(c, col.greatest)) col.greatest = i;
            col.last = i;
        }
    }
    draw_column(d, p, c, &col);
    lift(d);
}

/* Points that follow one another in one cell of a fine grid are one; of what then is too much, every n-th. */
static void draw_path(pen *d, const curve *c, size_t stride)
{
    const nl_panel *p = d->all->p;
    double cell_x = NAN, cell_y = NAN;

    for (size_t i = 0; i < c->count; i += stride) {
        const point at = point_at(p, c, i);

        if (isnan(at.x)) {
            lift(d);
            continue;
        }
        const double to_x = floor(CELLS * place(&p->x, at.x)), to_y = floor(CELLS * place(&p->y, at.y));
        if (to_x == cell_x && to_y == cell_y && d->drawn > 0) continue;
        draw(d, at);
        cell_x = to_x;
        cell_y = to_y;
    }
    lift(d);
}

static void draw_markers(curves *all, const curve *c, size_t stride)
{
    for (size_t i = 0; i < c->count; i += stride) {
        const point at = point_at(all->p, c, i);
        if (!isnan(at.x)) add_point(&all->points, at, c->color);
    }
}

static size_t stride_of(const curves *all, const curve *c) { return 1 + c->count / (POINTS_MAX / all->count + 1); }

static void draw_curve(curves *all, const curve *c)
{
    const bool is_marked = all->p->plot->kind == NL_PLOT_SCATTER || (all->marker != NULL && all->marker[0] != 'n');
    pen d = { .all = all, .color = c->color };

    if (is_marked) draw_markers(all, c, stride_of(all, c));
    if (all->p->plot->kind == NL_PLOT_SCATTER) return;
    if (ascends(all->p, c)) draw_outline(&d, c);
    else draw_path(&d, c, stride_of(all, c));
}

/* --- bands --- */

static void add_band(curves *all, const curve *c)
{
    nl_panel *p = all->p;
    const size_t stride = stride_of(all, c);
    const size_t block = nl_panel_block(p);
    bool was_gap = true;

    for (size_t i = 0; i < c->count; i += stride) {
        const double y = y_at(c, i), half = fabs(c->band[i * c->band_step]), x = nl_axis_shown(&p->x, x_at(c, i));
        const double low = nl_axis_shown(&p->y, p->y.is_log ? fmax(y - half, p->y.low) : y - half);
        const double high = nl_axis_shown(&p->y, y + half);

        const bool is_gap = isnan(x) || isnan(low) || isnan(high);

        if (!is_gap) nl_text_addf(p->data, "%.8g %.8g %.8g\n", x, low, high);
        else if (!was_gap) nl_text_adds(p->data, "\n");
        was_gap = is_gap;
    }
    nl_panel_item(
        p, "data index %zu using 1:2:3 with filledcurves fc rgb '#%06X' fs transparent solid 0.25 noborder notitle",
        block, (unsigned)c->color);
}

/* --- the whole --- */

enum { DOT = 7 }; /* gnuplot's number of the sign */

static int sign_of(const char *marker)
{
    static const struct {
        char letter;
        int sign;
    } signs[] = { { 'o', DOT }, { 'x', 2 }, { '+', 1 }, { 's', 5 }, { '^', 9 } };

    for (size_t i = 0; marker != NULL && i < NL_LEN(signs); i++)
        if (signs[i].letter == marker[0]) return signs[i].sign;
    return DOT;
}

static void add_legend(curves *all, const char *style)
{
    nl_panel *p = all->p;
    const size_t arguments = p->plot->series_count, count = arguments > 1 ? arguments : all->count;

    for (size_t k = 0; k < count; k++) nl_panel_key(p, style, nl_color_of(k, count), nl_panel_label(p, k, count));
}

static const char *y_name(const nl_panel *p) { return p->plot->series_count == 1 ? p->plot->series[0].name : NULL; }

static const char *x_name(const nl_panel *p)
{
    if (nl_panel_option(p, NL_PLOT_X) != NULL) return p->plot->options[NL_PLOT_X].name;
    return p->plot->series[0].value.is_signal ? "time" : NULL;
}

/* What was drawn of one argument.  One that lies under another is wider, so that both are seen where they agree. */
static void add_lines(curves *all, double width)
{
    nl_panel *p = all->p;

    if (all->lines.length == 0) return;
    nl_panel_item(p, "data index %zu using 1:2:3 with lines lw %g lc rgb variable notitle", nl_panel_block(p), width);
    nl_text_add(p->data, all->lines.chars, all->lines.length);
    all->lines = nl_text_new(p->arena);
}

/* What belongs to one argument is one item, so that later ones lie on top. */
static void add_all_lines(curves *all, double width)
{
    const size_t arguments = all->p->plot->series_count;
    const double edge = arguments > 1 ? EDGE / (double)(arguments - 1) : 0;

    for (size_t k = 0; k < all->count; k++) {
        draw_curve(all, &all->items[k]);
        if (k + 1 == all->count || all->items[k + 1].argument != all->items[k].argument)
            add_lines(all, width + edge * (double)(arguments - 1 - all->items[k].argument));
    }
}

static void add_points(curves *all)
{
    nl_panel *p = all->p;
    const double size = all->count > 4 ? 0.4 : sign_of(all->marker) == DOT ? 0.5 : 0.8;

    if (all->points.length == 0) return;
    nl_panel_item(p, "data index %zu using 1:2:3 with points pt %d ps %g lc rgb variable notitle", nl_panel_block(p),
                  sign_of(all->marker), size);
    nl_text_add(p->data, all->points.chars, all->points.length);
}

void nl_panel_curves(nl_panel *p)
{
    curves all = find_curves(p);
    const bool is_lines = p->plot->kind == NL_PLOT_LINES;
    const double width = all.count > 20 ? 0.6 : all.count > 4 ? 1 : 1.5;

    p->y.is_padded = true;
    p->x.is_padded = !is_lines;
    for (size_t k = 0; k < all.count; k++) include(p, &all.items[k]);
    nl_axis_choose_unit(p, &p->x);
    nl_axis_choose_unit(p, &p->y);
    for (size_t k = 0; k < all.count; k++)
        if (all.items[k].band != NULL) add_band(&all, &all.items[k]);
    add_all_lines(&all, width);
    add_points(&all);
    add_legend(&all, is_lines ? nl_arena_printf(p->arena, "lines lw %g", fmax(width, 1.5))
                              : nl_arena_printf(p->arena, "points pt %d ps 0.7", sign_of(all.marker)));
    nl_axes_write(p, x_name(p), y_name(p), NULL);
}

/* --- bars --- */

/* The least distance of neighbours on the x axis. */
static double gap_of(const curve *c)
{
    double gap = INFINITY;

    for (size_t i = 1; i < c->count; i++) gap = fmin(gap, fabs(x_at(c, i) - x_at(c, i - 1)));
    return isfinite(gap) && gap > 0 ? gap : 1;
}

/* Bars of one vector, `shift` beside their places. */
static void add_bars(nl_panel *p, const curve *c, double shift, double width)
{
    nl_panel_item(p, "data index %zu using 1:2:3 with boxes fc rgb '#%06X' notitle", nl_panel_block(p),
                  (unsigned)c->color);
    for (size_t i = 0; i < c->count; i++) {
        const double x = nl_axis_shown(&p->x, x_at(c, i) + shift), y = nl_axis_shown(&p->y, y_at(c, i));

        if (!isnan(x) && !isnan(y)) nl_text_addf(p->data, "%.8g %.8g %.8g\n", x, y, nl_unit_unscale(width, p->x.unit));
    }
}

void nl_panel_bars(nl_panel *p)
{
    curves all = find_curves(p);
    const double gap = gap_of(&all.items[0]), width = 0.8 * gap / (double)all.count;

    p->y.is_padded = true;
    nl_axis_include(&p->y, 0);
    for (size_t k = 0; k < all.count; k++) include(p, &all.items[k]);
    nl_axis_include(&p->x, p->x.low - gap / 2);
    nl_axis_include(&p->x, p->x.high + gap / 2);
    nl_axis_choose_unit(p, &p->x);
    for (size_t k = 0; k < all.count; k++)
        add_bars(p, &all.items[k], width * ((double)k - 0.5 * (double)(all.count - 1)), width);
    add_legend(&all, "boxes");
    nl_axes_write(p, x_name(p), y_name(p), NULL);
}
