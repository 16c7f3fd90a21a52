/* Figures: plots with their values, drawn by the program gnuplot.
 * A figure takes of each plot what a picture can show (a curve of a million points has a few thousand visible ones) and
 * then no longer needs the values; its memory is bounded by the size of a picture.  The same values give the same
 * files, byte by byte. */
#ifndef NL_PLOT_FIGURE_H
#define NL_PLOT_FIGURE_H

#include "lang/plot.h"

typedef struct nl_figure nl_figure;

/* `title` stands above all plots; NULL or "": none. */
nl_figure *nl_figure_new(nl_arena *arena, const char *title, size_t columns);

/* Adds a plot that nl_plot_check has taken, with known values.  NULL, or why nothing of it is to be seen. */
const char *nl_figure_add(nl_figure *figure, const nl_plot *plot);
size_t nl_figure_plot_count(const nl_figure *figure);

/* Whether pictures of this kind are made: "png", "svg", "pdf". */
bool nl_figure_has_format(const char *format);
extern const char *const nl_figure_formats; /* "png, svg and pdf" */

/* Draws FOLDER/NAME.FORMAT; the script and the values go into NAME.gp and NAME.dat beside it, and stay there with
 * `keep`. The path of the picture; or NULL with *why (in the figure's arena), and then no picture is left. */
const char *nl_figure_draw(nl_figure *figure, const char *folder, const char *name, const char *format, bool keep,
                           const char **why);

/* The same as the text of an SVG picture; its names begin with `prefix`, so that several stand on one page.  NULL with
 * *why. */
const char *nl_figure_svg(nl_figure *figure, const char *prefix, const char **why);

/* Makes the folder where there is none; false with errno set when nothing can be written there. */
bool nl_figure_folder(const char *folder);

/* A text as part of a file's name: letters, digits, "-", "_" and "." only. */
const char *nl_figure_file_name(nl_arena *arena, const char *text);

/* --- gnuplot.c --- */

/* Whether gnuplot is found on the PATH. */
bool nl_gnuplot_exists(void);
/* Runs FOLDER/SCRIPT in its folder; NULL, or what went wrong as gnuplot said it (in the arena). */
const char *nl_gnuplot_run(nl_arena *arena, const char *folder, const char *script);

#endif
