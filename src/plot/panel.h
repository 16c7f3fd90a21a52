/* What the files of plot/ share; nobody else includes it.
 * A panel is one plot on its way to gnuplot: commands in `script`, numbers in `data` as blocks that the commands call
 * by number. */
#ifndef NL_PLOT_PANEL_H
#define NL_PLOT_PANEL_H

#include "figure.h"

#include "base/text.h"

#include <math.h>

/* An axis: the unit in which it is shown, and what it has to show. */
typedef struct nl_plot_axis {
    char letter; /* x, y, z: the colours */
    nl_dim dim;
    nl_unit unit;
    const char *unit_text;            /* "" for pure numbers */
    bool is_log, is_padded, is_given; /* given: the range is the user's */
    double low, high;                 /* in coherent units; nan while there is nothing */
} nl_plot_axis;

/* The values of a figure: blocks of lines, called by their number. */
typedef struct nl_blocks {
    nl_text text;
    size_t count, begin; /* begin: of the last block */
} nl_blocks;

typedef struct nl_panel {
    nl_arena *arena;
    const nl_plot *plot;
    nl_plot_axis x, y, z;
    nl_text script, items; /* items: of the command `plot`, joined by commas */
    nl_blocks *blocks;     /* of the whole figure */
    nl_text *data;         /* their text */
    size_t labels, longest_label; /* of the legend; letters */
    bool is_empty;
} nl_panel;

/* --- options of a plot --- */
static inline const nl_value *nl_panel_option(const nl_panel *p, nl_plot_option option)
{
    const nl_value *value = &p->plot->options[option].value;
    return value->kind != NL_KIND_NONE ? value : NULL;
}
const char *nl_panel_text(const nl_panel *p, nl_plot_option option); /* or NULL */
bool nl_panel_flag(const nl_panel *p, nl_plot_option option, bool otherwise);
/* An expression as a label: a long one is cut; NULL for NULL. */
const char *nl_panel_name(const nl_panel *p, const char *expression);
/* What the legend calls curve `index`; NULL: no legend is needed. */
const char *nl_panel_label(const nl_panel *p, size_t index, size_t count);

/* --- script --- */
const char *nl_quoted(nl_arena *arena, const char *text); /* 'it''s' */
/* An item of `plot`: a printf format. */
void nl_panel_item(nl_panel *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nl_panel_key(nl_panel *p, const char *style, uint32_t color, const char *label);
/* Begins a block of data and returns its number; the one before it ends.  An empty line in it is an interruption. */
size_t nl_panel_block(nl_panel *p);
/* A number as the axis shows it; nan where it is not finite, or not above 0 on a logarithmic axis. */
double nl_axis_shown(const nl_plot_axis *axis, double value);

/* --- axis.c --- */
void nl_axes_open(nl_panel *p); /* dimensions, logarithms, given ranges and reference lines */
void nl_axis_include(nl_plot_axis *axis, double value);
void nl_axis_include_all(nl_plot_axis *axis, const double *values, size_t count);
/* Whether two ends are the same but for rounding (or nan). */
bool nl_axis_is_point(double low, double high);
void nl_axis_choose_unit(nl_panel *p, nl_plot_axis *axis); /* after everything is included */
void nl_axes_write(nl_panel *p, const char *x_name, const char *y_name, const char *z_name);

/* --- style.c --- */
enum { NL_COLOR_GREY = 0x808080 };
uint32_t nl_color_of(size_t index, size_t count);    /* of one curve among so many */
uint32_t nl_color_mix(uint32_t color, double share); /* with white: 1 is the colour itself */
void nl_style_begin(nl_text *script);                /* before each panel */
void nl_style_palette(nl_panel *p, bool is_diverging);

/* --- the kinds of plots: fill items and data; is_empty where there is nothing to see --- */
void nl_panel_curves(nl_panel *p); /* lines and scatter */
void nl_panel_bars(nl_panel *p);
void nl_panel_histogram(nl_panel *p);
void nl_panel_raster(nl_panel *p);
void nl_panel_image(nl_panel *p);

#endif
