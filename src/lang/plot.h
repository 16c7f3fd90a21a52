/* What `plot` takes (plots.def), and whether values suit it: once for values that are known and for those of which only
 * kind, dimension and shape are. */
#ifndef NL_LANG_PLOT_H
#define NL_LANG_PLOT_H

#include "value.h"

typedef enum nl_plot_kind {
#define PLOT(kind, ...) NL_PLOT_##kind,
#include "plots.def"
    NL_PLOT_KIND_COUNT /* also: none */
} nl_plot_kind;

typedef enum nl_plot_option {
#define OPTION(name, ...) NL_PLOT_##name,
#include "plots.def"
    NL_PLOT_OPTION_COUNT /* also: none */
} nl_plot_option;

typedef struct nl_plot_row {
    const char *name, *signature, *doc;
} nl_plot_row;

extern const nl_plot_row nl_plot_rows[NL_PLOT_KIND_COUNT];
extern const nl_plot_row nl_plot_options[NL_PLOT_OPTION_COUNT]; /* no signature */

/* A plot with its values: what is drawn, as written, and the options (of kind NONE where they are left out). */
typedef struct nl_plot {
    nl_plot_kind kind;
    nl_span span;
    nl_dim time_dim;      /* of times of signals */
    const nl_arg *series; /* `name` is the expression as text */
    size_t series_count;
    nl_arg options[NL_PLOT_OPTION_COUNT]; /* likewise */
} nl_plot;

nl_plot_kind nl_plot_kind_find(const char *name);
/* The option of this name that a kind of plot takes. */
nl_plot_option nl_plot_option_find(nl_plot_kind kind, const char *name);
const char *nl_plot_option_suggest(nl_plot_kind kind, const char *name); /* or NULL */

/* Whether the values fit the plot and each other; false with diagnostics. */
bool nl_plot_check(nl_eval_context *cx, const nl_plot *plot);

/* How many curves an argument of lines and scatter has, and how many values are in each: along its first axis. */
typedef struct nl_plot_extent {
    size_t points, curves;
} nl_plot_extent;
nl_plot_extent nl_plot_extent_of(nl_value value);

/* The dimension of an axis: the common one of all that stands on it. */
nl_dim nl_plot_dim(const nl_plot *plot, char axis);

enum { NL_PLOT_CURVES_MAX = 1000, NL_PLOT_BINS_MAX = 1000 };

#endif
