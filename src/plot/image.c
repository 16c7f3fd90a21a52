/* Matrices in colours.  One that is finer than a picture is shown by the means of blocks. */
#include "panel.h"

enum { CELLS_MAX = 700, SHARP_MAX = 10000, TICS_MAX = 10 };

typedef struct image {
    nl_panel *p;
    const nl_value *z;
    bool in_time;               /* time to the right, which is the first axis */
    size_t columns, rows;       /* of the value, as shown */
    size_t by_columns, by_rows; /* of a block */
} image;

static double cell(const image *m, size_t row, size_t column)
{
    return m->z->data[m->in_time ? column * m->rows + row : row * m->columns + column];
}

/* The mean of what is a number; nan for none. */
static double block_mean(const image *m, size_t row, size_t column)
{
    double sum = 0;
    size_t count = 0;

    for (size_t r = row; r < row + m->by_rows && r < m->rows; r++)
        for (size_t c = column; c < column + m->by_columns && c < m->columns; c++) {
            const double z = cell(m, r, c);
            if (!isfinite(z)) continue;
            sum += z;
            count++;
        }
    return count > 0 ? sum / (double)count : NAN;
}

/* --- axes --- */

typedef struct scale {
    double first, step;  /* of the centres of cells, in coherent units */
    const double *names; /* values that stand at uneven distances: their positions are numbers, with names */
} scale;

static scale scale_of(const double *values, size_t count)
{
    scale s = { 0, 1, NULL };

    if (values == NULL || count == 0) return s;
    if (count > 1) s.step = (values[count - 1] - values[0]) / (double)(count - 1);
    for (size_t i = 1; i < count; i++)
        if (!(s.step != 0) || !(fabs(values[i] - values[0] - s.step * (double)i) < 1e-3 * fabs(s.step)))
            return (scale){ 0, 1, values };
    s.first = values[0];
    return s;
}

static void name_positions(nl_panel *p, const nl_plot_axis *axis, const scale *s, size_t count)
{
    const size_t stride = 1 + count / 10;

    nl_text_addf(&p->script, "set %ctics (", axis->letter);
    for (size_t i = 0; i < count; i += stride)
        nl_text_addf(&p->script, "%s'%.4g' %zu", i > 0 ? ", " : "", nl_unit_unscale(s->names[i], axis->unit), i);
    nl_text_adds(&p->script, ")\n");
}

/* The edges of the cells are the range; returns where cell `k` stands as shown. */
static scale lay_axis(nl_panel *p, nl_plot_axis *axis, const double *values, size_t count)
{
    const scale s = scale_of(values, count);
    const double edges[2] = { s.first - s.step / 2, s.first + s.step * ((double)count - 0.5) };

    if (s.names != NULL) name_positions(p, axis, &s, count);
    if (values == NULL && count <= TICS_MAX) nl_text_addf(&p->script, "set %ctics 1\n", axis->letter);
    if (s.names == NULL) {
        nl_axis_include_all(axis, edges, 2);
        nl_axis_choose_unit(p, axis);
        return (scale){ nl_unit_unscale(s.first, axis->unit), nl_unit_unscale(s.step, axis->unit), NULL };
    }
    axis->low = nl_unit_scale(edges[0], axis->unit);
    axis->high = nl_unit_scale(edges[1], axis->unit);
    return s;
}

static const double *coordinates(const nl_panel *p, nl_plot_option option)
{
    const nl_value *given = nl_panel_option(p, option);
    return given != NULL ? given->data : NULL;
}

/* --- colours --- */

static void include_values(nl_panel *p, const nl_value *z)
{
    for (size_t i = 0; i < nl_value_count(*z); i++) {
        nl_axis_include(&p->z, z->data[i]);
        if (isfinite(z->data[i])) p->is_empty = false;
    }
}

/* Colours on both sides of 0 reach equally far. */
static void choose_colors(nl_panel *p)
{
    const char *palette = nl_panel_text(p, NL_PLOT_PALETTE);
    const bool is_diverging = palette != NULL && palette[0] == 'd';

    if (is_diverging) {
        const double most = fmax(fabs(p->z.low), fabs(p->z.high));
        nl_axis_include(&p->z, most);
        nl_axis_include(&p->z, -most);
    }
    nl_style_palette(p, is_diverging);
    if (nl_panel_flag(p, NL_PLOT_COLORBAR, true)) nl_text_adds(&p->script, "set colorbox noborder\n");
    else nl_text_adds(&p->script, "unset colorbox\n");
}

static image image_of(nl_panel *p, const nl_value *z)
{
    image m = { .p = p, .z = z, .in_time = z->is_signal };

    m.columns = z->shape[m.in_time ? 0 : 1];
    m.rows = z->shape[m.in_time ? 1 : 0];
    m.by_columns = 1 + (m.columns > 0 ? m.columns - 1 : 0) / CELLS_MAX;
    m.by_rows = 1 + (m.rows > 0 ? m.rows - 1 : 0) / CELLS_MAX;
    return m;
}

/* Few blocks are rectangles, which stay sharp in every viewer; many are a picture.  Each stands at the middle of its
 * cells. */
static void add_blocks(const image *m, scale x, scale y)
{
    const bool is_sharp = (m->columns / m->by_columns) * (m->rows / m->by_rows) <= SHARP_MAX;
    const double width = fabs(x.step) * (double)m->by_columns, height = fabs(y.step) * (double)m->by_rows;
    const size_t block = nl_panel_block(m->p);

    for (size_t r = 0; r < m->rows; r += m->by_rows)
        for (size_t c = 0; c < m->columns; c += m->by_columns) {
            const double z = nl_axis_shown(&m->p->z, block_mean(m, r, c));
            const double at_x = x.first + x.step * ((double)c + 0.5 * (double)(m->by_columns - 1));
            const double at_y = y.first + y.step * ((double)r + 0.5 * (double)(m->by_rows - 1));

            if (!isnan(z)) nl_text_addf(m->p->data, "%.7g %.7g %.6g\n", at_x, at_y, z);
            else if (!is_sharp) nl_text_addf(m->p->data, "%.7g %.7g NaN\n", at_x, at_y);
        }
    if (is_sharp)
        nl_panel_item(
            m->p, "data index %zu using 1:2:(%.7g):(%.7g):3 with boxxyerror lc palette lw 0.2 fs solid border notitle",
            block, width / 2, height / 2);
    else nl_panel_item(m->p, "data index %zu using 1:2:3 with image notitle", block);
}

static const char *name_of(const nl_panel *p, nl_plot_option option)
{
    return nl_panel_option(p, option) != NULL ? p->plot->options[option].name : NULL;
}

void nl_panel_image(nl_panel *p)
{
    const image m = image_of(p, &p->plot->series[0].value);
    const double *across = m.in_time ? m.z->times : coordinates(p, NL_PLOT_X);

    include_values(p, m.z);
    if (m.columns == 0 || m.rows == 0) return;
    const scale x = lay_axis(p, &p->x, across, m.columns);
    const scale y = lay_axis(p, &p->y, coordinates(p, NL_PLOT_Y), m.rows);
    choose_colors(p);
    add_blocks(&m, x, y);
    if (across == NULL && m.columns == m.rows) nl_text_adds(&p->script, "set size ratio 1\n");
    nl_text_adds(&p->script, "set border 0\n");
    nl_axes_write(p, m.in_time ? "time" : name_of(p, NL_PLOT_X), name_of(p, NL_PLOT_Y), p->plot->series[0].name);
}
