/* A figure: its plots side by side, its files. */
#include "panel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct nl_figure {
    nl_arena *arena;
    const char *title;
    size_t columns;
    NL_LIST(const char *) panels; /* their scripts */
    nl_blocks blocks;
};

nl_figure *nl_figure_new(nl_arena *arena, const char *title, size_t columns)
{
    nl_figure *f = NL_NEW(arena, nl_figure);

    *f = (nl_figure){ .arena = arena,
                      .title = title != NULL ? title : "",
                      .columns = columns,
                      .blocks = { .text = nl_text_new(arena) } };
    return f;
}

size_t nl_figure_plot_count(const nl_figure *f) { return f->panels.count; }

/* --- a plot --- */

const char *nl_panel_text(const nl_panel *p, nl_plot_option option)
{
    const nl_value *value = nl_panel_option(p, option);
    return value != NULL ? value->text : NULL;
}

bool nl_panel_flag(const nl_panel *p, nl_plot_option option, bool otherwise)
{
    const nl_value *value = nl_panel_option(p, option);
    return value != NULL ? value->data[0] != 0 : otherwise;
}

const char *nl_panel_name(const nl_panel *p, const char *expression)
{
    enum { LENGTH_MAX = 36 };
    size_t length = LENGTH_MAX;

    if (expression == NULL || strlen(expression) <= LENGTH_MAX) return expression;
    while (((unsigned char)expression[length] & 0xC0) == 0x80) length--; /* not within a letter */
    return nl_arena_printf(p->arena, "%s ..", nl_arena_strndup(p->arena, expression, length));
}

enum { NUMBERED_MAX = 8 }; /* curves of one array that a legend counts */

const char *nl_panel_label(const nl_panel *p, size_t index, size_t count)
{
    const nl_value *labels = nl_panel_option(p, NL_PLOT_LABELS);

    if (labels != NULL) return labels->kind == NL_KIND_TEXT ? labels->text : labels->items[index].text;
    if (p->plot->series_count > 1) return nl_panel_name(p, p->plot->series[index].name);
    return count > 1 && count <= NUMBERED_MAX ? nl_arena_printf(p->arena, "[%zu]", index) : NULL;
}

const char *nl_quoted(nl_arena *arena, const char *text)
{
    nl_text out = nl_text_new(arena);

    nl_text_adds(&out, "'");
    for (; *text != '\0'; text++) {
        const char c = (unsigned char)*text < ' ' ? ' ' : *text;
        nl_text_add(&out, &c, 1);
        if (c == '\'') nl_text_add(&out, &c, 1);
    }
    nl_text_adds(&out, "'");
    return out.chars;
}

void nl_panel_item(nl_panel *p, const char *format, ...)
{
    va_list args;

    nl_text_adds(&p->items, p->items.length == 0 ? "plot " : ", \\\n     ");
    va_start(args, format);
    nl_text_vaddf(&p->items, format, args);
    va_end(args);
}

void nl_panel_key(nl_panel *p, const char *style, uint32_t color, const char *label)
{
    if (label == NULL) return;
    nl_panel_item(p, "keyentry with %s %s rgb '#%06X' title %s", style, strncmp(style, "boxes", 5) == 0 ? "fc" : "lc",
                  (unsigned)color, nl_quoted(p->arena, label));
    p->labels++;
    if (strlen(label) > p->longest_label) p->longest_label = strlen(label);
}

/* A block without a line would not be counted. */
static void end_block(nl_blocks *b)
{
    if (b->count > 0 && b->text.length == b->begin) nl_text_adds(&b->text, "NaN\n");
}

size_t nl_panel_block(nl_panel *p)
{
    nl_blocks *b = p->blocks;

    end_block(b);
    if (b->count > 0) nl_text_adds(&b->text, "\n\n");
    b->begin = b->text.length;
    return b->count++;
}

static void (*const kinds[NL_PLOT_KIND_COUNT])(nl_panel *p) = {
    [NL_PLOT_LINES] = nl_panel_curves,        [NL_PLOT_SCATTER] = nl_panel_curves, [NL_PLOT_BARS] = nl_panel_bars,
    [NL_PLOT_HISTOGRAM] = nl_panel_histogram, [NL_PLOT_RASTER] = nl_panel_raster,  [NL_PLOT_IMAGE] = nl_panel_image,
};

/* Its axes are drawn; a word stands where the values would. */
static void draw_nothing(nl_panel *p)
{
    nl_text_adds(&p->script, "set label 1 'nothing to show' at graph 0.5, 0.5 center textcolor rgb '#808080'\n");
    p->items = nl_text_new(p->arena);
    nl_panel_item(p, "NaN notitle");
}

enum { LINE_LENGTH = 60, KEY_LENGTH = 6 }; /* letters beside each other above a plot; that the sign of a label takes */

/* How many labels stand in a line of the legend. */
static size_t labels_in_line(const nl_panel *p)
{
    const size_t count = LINE_LENGTH / (p->longest_label + KEY_LENGTH);
    return count > 0 ? count : 1;
}

/* The title stands above the legend. */
static void write_head(nl_panel *p)
{
    const char *title = nl_panel_text(p, NL_PLOT_TITLE);
    const size_t columns = labels_in_line(p), lines = (p->labels + columns - 1) / columns;

    if (lines > 0) nl_text_addf(&p->script, "set key maxcols %zu\n", columns);
    if (title == NULL) return;
    nl_text_addf(&p->script, "set title %s noenhanced", nl_quoted(p->arena, title));
    if (lines > 0)
        nl_text_addf(&p->script, " offset 0,%zu\nset tmargin %zu\nset key at graph 0,1.01 left bottom", lines,
                     lines + 3);
    nl_text_adds(&p->script, "\n");
}

const char *nl_figure_add(nl_figure *f, const nl_plot *plot)
{
    nl_panel p = { .arena = f->arena,
                   .plot = plot,
                   .script = nl_text_new(f->arena),
                   .items = nl_text_new(f->arena),
                   .blocks = &f->blocks,
                   .data = &f->blocks.text,
                   .is_empty = true };

    nl_style_begin(&p.script);
    nl_axes_open(&p);
    kinds[plot->kind](&p);
    end_block(&f->blocks);
    if (p.is_empty) draw_nothing(&p);
    write_head(&p);
    NL_PUSH(f->arena, &f->panels, nl_arena_printf(f->arena, "%s%s\n", p.script.chars, p.items.chars));
    return p.is_empty ? "it has no values to show" : NULL;
}

/* --- files --- */

enum { PANEL_WIDTH = 480, PANEL_HEIGHT = 330, TITLE_HEIGHT = 30 }; /* in points of a screen */

/* How gnuplot is told of a kind of picture, with the width and height of a figure. */
typedef struct picture {
    const char *format, *terminal;
    double unit; /* points in one of the terminal's */
} picture;

static const picture pictures[] = {
    { "png",
      "pngcairo size %.0f,%.0f enhanced background rgb 'white' font 'sans,10' fontscale 2 linewidth 2 pointscale 2",
      0.5 },
    { "svg", "svg size %.0f,%.0f enhanced background rgb 'white' font 'sans-serif,12'", 1 },
    { "pdf", "pdfcairo size %.4f,%.4f enhanced background rgb 'white' font 'sans,11' fontscale 0.75 linewidth 1", 96 },
};
const char *const nl_figure_formats = "png, svg and pdf";

static const picture *picture_of(const char *format)
{
    for (size_t i = 0; i < NL_LEN(pictures); i++)
        if (strcmp(pictures[i].format, format) == 0) return &pictures[i];
    return NULL;
}

bool nl_figure_has_format(const char *format) { return picture_of(format) != NULL; }

const char *nl_figure_file_name(nl_arena *arena, const char *text)
{
    char *out = nl_arena_strdup(arena, text), *end = out;

    for (; *text != '\0'; text++) {
        const bool is_word = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z')
                             || (*text >= '0' && *text <= '9') || *text == '_' || *text == '.';
        if (is_word) *end++ = *text;
        else if (end > out && end[-1] != '-') *end++ = '-';
    }
    while (end > out && end[-1] == '-') end--;
    *end = '\0';
    return out[0] != '\0' ? out : "figure";
}

bool nl_figure_folder(const char *folder)
{
    return (mkdir(folder, 0777) == 0 || errno == EEXIST) && access(folder, W_OK | X_OK) == 0;
}

static const char *script_of(nl_figure *f, const char *name, const picture *kind)
{
    nl_text script = nl_text_new(f->arena);
    const size_t count = f->panels.count, columns = f->columns < count ? f->columns : count;
    const size_t rows = (count + columns - 1) / columns;
    const double width = PANEL_WIDTH * (double)columns;
    const double height = PANEL_HEIGHT * (double)rows + (f->title[0] != '\0' ? TITLE_HEIGHT : 0);

    nl_text_addf(&script, "# gnuplot %s.gp draws %s.%s\n", name, name, kind->format);
    nl_text_adds(&script, "set encoding utf8\nset terminal ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    nl_text_addf(&script, kind->terminal, width / kind->unit, height / kind->unit);
#pragma GCC diagnostic pop
    nl_text_addf(&script, "\nset output '%s.%s'\ndata = '%s.dat'\n", name, kind->format, name);
    nl_text_addf(&script, "set multiplot layout %zu,%zu", rows, columns);
    if (f->title[0] != '\0') nl_text_addf(&script, " title %s noenhanced", nl_quoted(f->arena, f->title));
    nl_text_adds(&script, "\n");
    for (size_t i = 0; i < count; i++) nl_text_addf(&script, "\n%s", f->panels.items[i]);
    nl_text_adds(&script, "\nunset multiplot\nset output\n");
    return script.chars;
}

static const char *in_folder(nl_figure *f, const char *folder, const char *name, const char *suffix)
{
    return nl_arena_printf(f->arena, "%s/%s.%s", folder, name, suffix);
}

static const char *write_file(nl_figure *f, const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fwrite(text, 1, length, file) == length;

    if (file != NULL) good = fclose(file) == 0 && good;
    return good ? NULL : nl_arena_printf(f->arena, "cannot write `%s`: %s", path, strerror(errno));
}

/* The time at which a PDF was made says nothing of the figure: the same figure is the same file. */
static void forget_date(const char *path)
{
    static const char key[] = "/CreationDate (D:", zeros[] = "20000101000000";
    char bytes[1 << 16];
    FILE *file = fopen(path, "r+b");

    if (file == NULL) return;
    if (fseek(file, -(long)sizeof bytes, SEEK_END) != 0) rewind(file); /* a short file as a whole */
    const long from = ftell(file);
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    const char *at = memmem(bytes, length, key, strlen(key));
    if (at != NULL && fseek(file, from + (at - bytes) + (long)strlen(key), SEEK_SET) == 0) fputs(zeros, file);
    fclose(file);
}

const char *nl_figure_draw(nl_figure *f, const char *folder, const char *name, const char *format, bool keep,
                           const char **why)
{
    const char *script = in_folder(f, folder, name, "gp"), *data = in_folder(f, folder, name, "dat");
    const char *path = in_folder(f, folder, name, format);
    const char *text = script_of(f, name, picture_of(format));

    *why = write_file(f, script, text, strlen(text));
    if (*why == NULL) *why = write_file(f, data, f->blocks.text.chars, f->blocks.text.length);
    if (*why == NULL) *why = nl_gnuplot_run(f->arena, folder, nl_arena_printf(f->arena, "%s.gp", name));
    if (*why == NULL && strcmp(format, "pdf") == 0) forget_date(path);
    if (*why != NULL) unlink(path);
    if (!keep) {
        unlink(script);
        unlink(data);
    }
    return *why == NULL ? path : NULL;
}

/* --- a picture as text --- */

static const char *read_file(nl_figure *f, const char *path)
{
    nl_text text = nl_text_new(f->arena);
    char block[1 << 14];
    FILE *file = fopen(path, "r");
    size_t got;

    if (file == NULL) return NULL;
    nl_text_adds(&text, "");
    while ((got = fread(block, 1, sizeof block, file)) > 0) nl_text_add(&text, block, got);
    fclose(file);
    return text.chars;
}

/* What gnuplot calls by name within a picture. */
static bool is_name(const char *at)
{
    static const char *const names[] = { "gpPt", "gpDot", "gnuplot_", "textbox", "greybox" };

    for (size_t k = 0; k < NL_LEN(names); k++)
        if (strncmp(at, names[k], strlen(names[k])) == 0) return true;
    return false;
}

/* The element <svg>, without gnuplot's own title. */
static const char *svg_element(nl_figure *f, const char *text, const char *prefix)
{
    nl_text out = nl_text_new(f->arena);
    const char *at = strstr(text, "<svg"), *title = strstr(text, "<title>"), *behind = strstr(text, "</desc>");

    nl_text_adds(&out, "");
    for (; at != NULL && *at != '\0'; at++) {
        if (at == title && behind != NULL) at = behind + strlen("</desc>");
        nl_text_add(&out, at, 1);
        if ((*at == '\'' || *at == '"' || *at == '#') && is_name(at + 1)) nl_text_adds(&out, prefix);
    }
    return out.chars;
}

const char *nl_figure_svg(nl_figure *f, const char *prefix, const char **why)
{
    const char *base = getenv("TMPDIR");
    char *folder = nl_arena_printf(f->arena, "%s/netlang-XXXXXX", base != NULL && base[0] != '\0' ? base : "/tmp");

    if (mkdtemp(folder) == NULL) {
        *why = nl_arena_printf(f->arena, "cannot write `%s`: %s", folder, strerror(errno));
        return NULL;
    }
    const char *path = nl_figure_draw(f, folder, "figure", "svg", false, why);
    const char *text = path != NULL ? read_file(f, path) : NULL;
    if (path != NULL) unlink(path);
    rmdir(folder);
    return text != NULL ? svg_element(f, text, prefix) : NULL;
}
