/* Spikes: a dot for each; where there are too many to be told apart, the shade of a cell says how many it has. */
#include "panel.h"

#include <string.h>

typedef struct raster {
    nl_panel *p;
    size_t rows; /* neurons of all trains */
    size_t spikes;
    double begin, end; /* of what is shown */
} raster;

typedef struct rows {
    size_t first; /* row of the first neuron */
    size_t count, first_neuron;
} rows;

enum { DOTS_MAX = 30000, MANY = 300000, CELLS_X = 400, CELLS_Y = 250 }; /* twice as fine for many */

static size_t spike_count(const nl_value *v) { return v->kind == NL_KIND_TRAIN ? v->train->count : v->shape[0]; }
static double time_of(const nl_value *v, size_t i)
{
    return v->kind == NL_KIND_TRAIN ? v->train->times[i] : v->data[i];
}

static rows rows_of(const nl_panel *p, size_t argument)
{
    rows out = { .first = 0 };

    for (size_t k = 0; k <= argument; k++) {
        const nl_value *v = &p->plot->series[k].value;
        out.first += out.count;
        out.count = v->kind == NL_KIND_TRAIN ? nl_value_count(
                        (nl_value){ .rank = v->rank, .kind = NL_KIND_NUMBER, .shape = { v->shape[0], v->shape[1] } })
                                             : 1;
        out.first_neuron = v->kind == NL_KIND_TRAIN ? v->train->first : 0;
    }
    if (p->plot->series_count == 1) out.first = out.first_neuron; /* alone: numbered as in the population */
    return out;
}

static size_t row_of(const nl_value *v, rows r, size_t i)
{
    return v->kind == NL_KIND_TRAIN ? r.first + v->train->ids[i] - r.first_neuron : r.first;
}

static void include(raster *r, const nl_value *v)
{
    nl_plot_axis *x = &r->p->x;

    if (v->kind == NL_KIND_TRAIN) { /* silence at the ends is shown */
        nl_axis_include(x, v->train->begin);
        nl_axis_include(x, v->train->end);
    }
    for (size_t i = 0; i < spike_count(v); i++) nl_axis_include(x, time_of(v, i));
}

static bool is_shown(const raster *r, double t) { return t >= r->begin && t <= r->end; }

/* --- a dot for each --- */

static void add_dots(raster *r, size_t argument)
{
    nl_panel *p = r->p;
    const nl_value *v = &p->plot->series[argument].value;
    const rows own = rows_of(p, argument);
    const size_t block = nl_panel_block(p);
    const double size = r->rows > 400 ? 0.09 : r->rows > 100 ? 0.18 : r->rows > 20 ? 0.3 : 0.5;

    for (size_t i = 0; i < spike_count(v); i++)
        if (is_shown(r, time_of(v, i)))
            nl_text_addf(p->data, "%.8g %zu\n", nl_axis_shown(&p->x, time_of(v, i)), row_of(v, own, i));
    nl_panel_item(p, "data index %zu using 1:2 with points pt 7 ps %g lc rgb '#%06X' notitle", block, size,
                  (unsigned)nl_color_of(argument, p->plot->series_count));
}

/* --- shades --- */

typedef struct grid {
    size_t columns, rows, first_row, row_count; /* of cells; neurons */
    uint32_t *counts, most;
    uint8_t *owner; /* of each row of cells, the train with the most spikes: its colour */
} grid;

static size_t cell_row(const grid *g, size_t row) { return (row - g->first_row) * g->rows / g->row_count; }

static void count_spikes(raster *r, grid *g, size_t argument)
{
    const nl_value *v = &r->p->plot->series[argument].value;
    const rows own = rows_of(r->p, argument);
    const double scale = (double)g->columns / (r->end - r->begin);

    for (size_t i = 0; i < spike_count(v); i++) {
        const double t = time_of(v, i);
        if (!is_shown(r, t)) continue;
        size_t column = (size_t)((t - r->begin) * scale), row = cell_row(g, row_of(v, own, i));
        if (column >= g->columns) column = g->columns - 1;
        const uint32_t now = ++g->counts[row * g->columns + column];
        if (now > g->most) g->most = now;
    }
    for (size_t k = 0; k < own.count; k++) g->owner[cell_row(g, own.first + k)] = (uint8_t)argument;
}

/* The shade of a cell with one spike: full where most are empty, so that it is a dot; pale where few are. */
static double palest(const grid *g)
{
    const size_t cells = g->columns * g->rows;
    size_t full = 0;

    for (size_t k = 0; k < cells; k++) full += g->counts[k] > 0;
    return 1 - 0.8 * (double)full / (double)cells;
}

static uint32_t shade(uint32_t count, uint32_t most, double least, uint32_t color)
{
    return count == 0 ? 0xFFFFFF : nl_color_mix(color, least + (1 - least) * (double)count / (double)most);
}

static void add_shades(raster *r)
{
    nl_panel *p = r->p;
    const size_t fineness = r->spikes > MANY ? 2 : 1, most = fineness * CELLS_Y;
    grid g = { .columns = fineness * CELLS_X, .rows = r->rows < most ? r->rows : most, .row_count = r->rows };

    g.first_row = rows_of(p, 0).first;
    g.counts = NL_NEW_ARRAY(p->arena, uint32_t, g.columns * g.rows);
    g.owner = NL_NEW_ARRAY(p->arena, uint8_t, g.rows);
    for (size_t k = 0; k < p->plot->series_count; k++) count_spikes(r, &g, k);
    const double least = palest(&g);
    nl_panel_item(p, "data index %zu using 1:2:3:4:5 with rgbimage notitle", nl_panel_block(p));
    for (size_t y = 0; y < g.rows; y++)
        for (size_t x = 0; x < g.columns; x++) {
            const double t = r->begin + (r->end - r->begin) * ((double)x + 0.5) / (double)g.columns;
            const double neuron = (double)g.first_row - 0.5 + (double)r->rows * ((double)y + 0.5) / (double)g.rows;
            const uint32_t c =
                shade(g.counts[y * g.columns + x], g.most, least, nl_color_of(g.owner[y], p->plot->series_count));
            nl_text_addf(p->data, "%.7g %.7g %u %u %u\n", nl_axis_shown(&p->x, t), neuron, c >> 16, c >> 8 & 255,
                         c & 255);
        }
}

static raster measure(nl_panel *p)
{
    raster r = { .p = p };

    for (size_t k = 0; k < p->plot->series_count; k++) {
        include(&r, &p->plot->series[k].value);
        r.rows += rows_of(p, k).count;
        r.spikes += spike_count(&p->plot->series[k].value);
    }
    r.begin = p->x.low;
    r.end = p->x.high;
    const double first = (double)rows_of(p, 0).first;
    nl_axis_include(&p->y, first - 0.5);
    nl_axis_include(&p->y, first + (double)r.rows - 0.5);
    return r;
}

void nl_panel_raster(nl_panel *p)
{
    const size_t trains = p->plot->series_count;
    raster r = measure(p);

    p->is_empty = r.spikes == 0;
    nl_axis_choose_unit(p, &p->x);
    if (r.spikes > DOTS_MAX && r.end > r.begin && trains <= UINT8_MAX) add_shades(&r);
    else
        for (size_t k = 0; k < trains; k++) add_dots(&r, k);
    for (size_t k = 0; k < trains; k++)
        nl_panel_key(p, "points pt 7 ps 0.7", nl_color_of(k, trains), nl_panel_label(p, k, trains));
    if (r.rows <= 12) nl_text_adds(&p->script, "set ytics 1\n");
    nl_axes_write(p, "time", "neuron", NULL);
}
