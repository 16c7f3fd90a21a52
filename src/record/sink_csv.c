/* Comma-separated text, for spreadsheets and pandas.read_csv(.., comment="#").  Series of numbers and
 * vectors that share their times make one table in FILE.csv: t,loss,x[0],x[1]..  Otherwise each has its own table in
 * FILE.NAME.csv, a sample per row; so have trains, t,id, and values at events, t,id,value.  Values, parameters, units
 * and the source text stand in lines that begin with #; larger arrays in files FILE.NAME.csv.  What a sweep collected
 * is a table with a row for each point.  Older segments are FILE@0.csv .. or FILE.NAME@0.csv .. */
#include "format.h"

#include "base/source.h"
#include "base/text.h"
#include "spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_ARRAY = 16 }; /* numbers that still fit in a line of comment */

typedef struct extra {
    const char *path, *part; /* part: NULL once the file has its name */
} extra;

typedef struct csv {
    nl_spool spool;          /* first: the functions of spool.h take sink->own for one */
    nl_text values;          /* lines of comment */
    NL_LIST(const nl_sink_table *) tables; /* of sweeps */
    NL_LIST(extra) extras;   /* files beside the main one */
} csv;

/* A place in a track: its present extent is in the buffer of its series. */
typedef struct cursor {
    const nl_track *track;
    size_t extent, row;
} cursor;

typedef struct group {
    size_t segment;
    NL_LIST(cursor) cursors;
} group;

static bool csv_open(nl_sink *sink)
{
    csv *c = NL_NEW(sink->arena, csv);

    sink->own = c;
    c->values = nl_text_new(sink->arena);
    return nl_spool_open(sink);
}

/* ---- pieces of text ---- */

/* The shortest of 15, 16 or 17 digits that reads back as the same number. */
static void format_number(char text[32], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, number);
        if (strtod(text, NULL) == number) return;
    }
    if (number != number) strcpy(text, "nan"); /* without its sign */
}

static void put_number(FILE *out, double number)
{
    char text[32];

    format_number(text, number);
    fputs(text, out);
}

/* Lines of comment from a text of lines, each after `indent`. */
static void put_lines(FILE *out, const char *indent, const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "\r\n");

        if (length > 0) fprintf(out, "#%s%.*s\n", indent, (int)length, text);
        else fputs("#\n", out);
        text += length;
        text += text[0] == '\r' && text[1] == '\n' ? 2 : *text != '\0';
    }
}

static void add_nested(nl_text *text, int rank, const size_t *shape, const double **data)
{
    if (rank == 0) {
        char number[32];
        format_number(number, *(*data)++);
        nl_text_adds(text, number);
        return;
    }
    nl_text_adds(text, "[");
    for (size_t i = 0; i < shape[0]; i++) {
        if (i > 0) nl_text_adds(text, ", ");
        add_nested(text, rank - 1, shape + 1, data);
    }
    nl_text_adds(text, "]");
}

/* "x", "x[3]", "x[3][1]": the name of one column. */
static void put_column(FILE *out, const nl_series *series, size_t column)
{
    size_t rest = series->width;

    fputs(series->info.name, out);
    for (int k = 0; k < series->info.rank; k++) {
        rest /= series->info.shape[k];
        fprintf(out, "[%zu]", column / rest % series->info.shape[k]);
    }
}

/* ---- files beside the main one ---- */

/* "results" of "results.csv". */
static const char *stem(nl_sink *sink)
{
    return nl_arena_strndup(sink->arena, sink->path, strlen(sink->path) - strlen(nl_format_csv.suffixes[0]));
}

static FILE *extra_open(nl_sink *sink, const char *path)
{
    csv *c = sink->own;
    extra e = { .path = path };
    FILE *file = nl_part_create(sink->arena, path, &e.part);

    if (file == NULL) nl_sink_fail_errno(sink);
    else NL_PUSH(sink->arena, &c->extras, e);
    return file;
}

static bool finish_file(nl_sink *sink, FILE *file)
{
    const bool failed = ferror(file) != 0;

    return (fclose(file) == 0 && !failed) || nl_sink_fail_errno(sink);
}

static bool name_extras(nl_sink *sink)
{
    csv *c = sink->own;

    for (size_t i = 0; i < c->extras.count; i++) {
        extra *e = &c->extras.items[i];

        if (rename(e->part, e->path) != 0) return nl_sink_fail_errno(sink);
        e->part = NULL;
    }
    return true;
}

/* ---- values ---- */

/* A large array in a file of its own: a row for each step along its first axis. */
static bool put_matrix(nl_sink *sink, const char *name, int rank, const size_t *shape, const double *data)
{
    const size_t columns = nl_shape_count(rank - 1, shape + 1);
    FILE *file = extra_open(sink, nl_arena_printf(sink->arena, "%s.%s.csv", stem(sink), name));

    if (file == NULL) return false;
    for (size_t i = 0; i < shape[0]; i++)
        for (size_t k = 0; k < columns; k++) {
            put_number(file, data[i * columns + k]);
            fputc(k + 1 < columns ? ',' : '\n', file);
        }
    return finish_file(sink, file);
}

static const char *unit_suffix(nl_sink *sink, const char *unit)
{
    return strcmp(unit, "1") == 0 ? "" : nl_arena_printf(sink->arena, " %s", unit);
}

static bool csv_value(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape,
                      const double *data)
{
    csv *c = sink->own;

    nl_text_addf(&c->values, "%s = ", name);
    if (nl_shape_count(rank, shape) > SHORT_ARRAY) {
        nl_text_addf(&c->values, "(see %s.%s.csv)%s\n", nl_path_file(stem(sink)), name, unit_suffix(sink, unit));
        return put_matrix(sink, name, rank, shape, data);
    }
    add_nested(&c->values, rank, shape, &data);
    nl_text_addf(&c->values, "%s\n", unit_suffix(sink, unit));
    return true;
}

static bool csv_text(nl_sink *sink, const char *name, const char *text)
{
    csv *c = sink->own;

    nl_text_addf(&c->values, "%s = \"", name);
    for (; *text != '\0'; text++) {
        if (*text == '\n') nl_text_adds(&c->values, "\\n");
        else if (*text == '\r') nl_text_adds(&c->values, "\\r");
        else nl_text_addf(&c->values, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
    nl_text_adds(&c->values, "\"\n");
    return true;
}

/* ---- tables ---- */

static bool load(nl_sink *sink, const cursor *c)
{
    const nl_series *s = c->track->series;

    return c->extent >= c->track->extents.count ||
           (nl_spool_read_times(sink->own, c->track, c->extent, s->times) &&
            nl_spool_read_values(sink->own, c->track, c->extent, s->values) &&
            (s->ids == NULL || nl_spool_read_ids(sink->own, c->track, c->extent, s->ids)));
}

static bool rewind_all(nl_sink *sink, group *g)
{
    for (size_t i = 0; i < g->cursors.count; i++) {
        g->cursors.items[i].extent = g->cursors.items[i].row = 0;
        if (!load(sink, &g->cursors.items[i])) return false;
    }
    return true;
}

static bool advance_all(nl_sink *sink, group *g)
{
    for (size_t i = 0; i < g->cursors.count; i++) {
        cursor *c = &g->cursors.items[i];

        if (++c->row < c->track->extents.items[c->extent].count) continue;
        c->row = 0;
        c->extent++;
        if (!load(sink, c)) return false;
    }
    return true;
}

static double time_of(const cursor *c)
{
    return c->track->series->times[c->row];
}

static bool same_times(nl_sink *sink, group *g, bool *same)
{
    if (!rewind_all(sink, g)) return false;
    for (uint64_t n = 0; *same && n < g->cursors.items[0].track->count; n++) {
        for (size_t i = 1; i < g->cursors.count; i++)
            if (time_of(&g->cursors.items[i]) != time_of(&g->cursors.items[0])) *same = false;
        if (!advance_all(sink, g)) return false;
    }
    return true;
}

/* Whether the series fit into one table. */
static bool is_one_table(nl_sink *sink, group *g, bool *one)
{
    *one = true;
    for (size_t i = 0; i < g->cursors.count; i++) {
        const nl_track *track = g->cursors.items[i].track;

        if (track->series->info.rank > 1 || track->count != g->cursors.items[0].track->count) *one = false;
    }
    return !*one || g->cursors.count < 2 || same_times(sink, g, one);
}

static void put_row(FILE *out, const group *g)
{
    put_number(out, time_of(&g->cursors.items[0]));
    for (size_t i = 0; i < g->cursors.count; i++) {
        const cursor *c = &g->cursors.items[i];
        const nl_series *s = c->track->series;

        if (s->ids != NULL) {
            fputc(',', out);
            put_number(out, s->ids[c->row]);
        }
        for (size_t k = 0; k < s->width; k++) {
            fputc(',', out);
            put_number(out, s->values[c->row * s->width + k]);
        }
    }
    fputc('\n', out);
}

static void put_table_head(nl_sink *sink, FILE *out, const group *g)
{
    fprintf(out, "# series:\n#   t%s\n", unit_suffix(sink, sink->header->time_unit));
    for (size_t i = 0; i < g->cursors.count; i++) {
        const nl_sink_series *info = &g->cursors.items[i].track->series->info;

        fprintf(out, "#   %s%s", info->name, unit_suffix(sink, info->unit));
        if (info->doc != NULL) fprintf(out, " = %.*s", (int)strcspn(info->doc, "\r\n"), info->doc);
        if (info->group != NULL)
            fprintf(out, " (%llu neurons from %llu on)", (unsigned long long)info->count,
                    (unsigned long long)info->first);
        fputc('\n', out);
    }
    fputs(g->cursors.items[0].track->series->ids != NULL ? "t,id" : "t", out);
    for (size_t i = 0; i < g->cursors.count; i++)
        for (size_t k = 0; k < g->cursors.items[i].track->series->width; k++) {
            fputc(',', out);
            put_column(out, g->cursors.items[i].track->series, k);
        }
    fputc('\n', out);
}

static bool put_table(nl_sink *sink, FILE *out, group *g)
{
    put_table_head(sink, out, g);
    if (!rewind_all(sink, g)) return false;
    for (uint64_t n = 0; n < g->cursors.items[0].track->count; n++) {
        put_row(out, g);
        if (!advance_all(sink, g)) return false;
    }
    return true;
}

static bool put_table_file(nl_sink *sink, const char *path, group *g)
{
    FILE *file = extra_open(sink, path);

    if (file == NULL) return false;
    fprintf(file, "# netlang %s\n# model = %s\n", sink->header->version, sink->header->model_name);
    const bool done = put_table(sink, file, g);
    return finish_file(sink, file) && done;
}

static bool put_table_files(nl_sink *sink, FILE *main_file, const group *g)
{
    for (size_t i = 0; i < g->cursors.count; i++) {
        const char *path = nl_arena_printf(sink->arena, "%s.%s.csv", stem(sink), g->cursors.items[i].track->name);
        group one = { .segment = g->segment };

        fprintf(main_file, "# %s: see %s\n", g->cursors.items[i].track->name, nl_path_file(path));
        NL_PUSH(sink->arena, &one.cursors, g->cursors.items[i]);
        if (!put_table_file(sink, path, &one)) return false;
    }
    return true;
}

/* The tracks of a segment whose samples have, or have not, elements. */
static group group_of(nl_sink *sink, size_t segment, bool has_ids)
{
    const nl_spool *spool = sink->own;
    group g = { .segment = segment };

    for (size_t i = 0; i < spool->tracks.count; i++) {
        const cursor c = { .track = spool->tracks.items[i] };

        if (c.track->segment == segment && (c.track->series->ids != NULL) == has_ids)
            NL_PUSH(sink->arena, &g.cursors, c);
    }
    return g;
}

/* The series of a segment: a table in the main file or, for an older segment, beside it; or a file for each. */
static bool put_group(nl_sink *sink, FILE *main_file, size_t segment)
{
    const group trains = group_of(sink, segment, true);
    group g = group_of(sink, segment, false);
    bool one;

    if (!put_table_files(sink, main_file, &trains)) return false;
    if (g.cursors.count == 0) return true;
    if (!is_one_table(sink, &g, &one)) return false;
    if (!one) return put_table_files(sink, main_file, &g);
    if (segment == SIZE_MAX) return put_table(sink, main_file, &g);
    const char *path = nl_arena_printf(sink->arena, "%s@%zu.csv", stem(sink), segment);
    fprintf(main_file, "# segment %zu: see %s\n", segment, nl_path_file(path));
    return put_table_file(sink, path, &g);
}

/* ---- tables of sweeps: a row for each point ---- */

static bool csv_keep_table(nl_sink *sink, const nl_sink_table *table)
{
    csv *c = sink->own;
    nl_sink_table *kept = NL_NEW(sink->arena, nl_sink_table);

    *kept = *table;
    NL_PUSH(sink->arena, &c->tables, kept);
    return true;
}

static size_t point_count(const nl_sink_table *table)
{
    size_t count = 1;

    for (size_t i = 0; i < table->axis_count; i++) count *= table->axes[i].count;
    return count;
}

/* Numbers that a measure has for each point. */
static size_t measure_width(const nl_sink_table *table, const nl_sink_measure *m)
{
    return nl_shape_count(m->rank - (int)table->axis_count, m->shape + table->axis_count);
}

static void put_units(nl_sink *sink, FILE *out, const nl_sink_table *table)
{
    fputs("# table of points:\n", out);
    for (size_t i = 0; i < table->axis_count; i++)
        for (size_t k = 0; k < table->axes[i].label_count; k++)
            fprintf(out, "#   %s%s\n", table->axes[i].labels[k].name, unit_suffix(sink, table->axes[i].labels[k].unit));
    for (size_t i = 0; i < table->measure_count; i++)
        fprintf(out, "#   %s%s (%s)\n", table->measures[i].name, unit_suffix(sink, table->measures[i].unit),
                table->measures[i].axes);
}

static void put_measure_names(FILE *out, const nl_sink_table *table, const nl_sink_measure *m)
{
    const nl_series series = { .info = { .name = m->name, .rank = m->rank - (int)table->axis_count },
                               .width = measure_width(table, m) };
    nl_series named = series;

    for (int k = 0; k < series.info.rank; k++) named.info.shape[k] = m->shape[table->axis_count + (size_t)k];
    for (size_t k = 0; k < series.width; k++) {
        put_column(out, &named, k);
        fputc(',', out);
    }
}

static void put_names(FILE *out, const nl_sink_table *table)
{
    for (size_t i = 0; i < table->axis_count; i++)
        for (size_t k = 0; k < table->axes[i].label_count; k++) fprintf(out, "%s,", table->axes[i].labels[k].name);
    for (size_t i = 0; i < table->measure_count; i++) put_measure_names(out, table, &table->measures[i]);
    fputs("status\n", out);
}

/* An array is told by its number. */
static void put_label(FILE *out, const nl_sink_label *label, size_t place)
{
    if (label->data == NULL) fputs(label->texts[place], out);
    else put_number(out, label->rank == 1 ? label->data[place] : (double)place);
    fputc(',', out);
}

static void put_point(FILE *out, const nl_sink_table *table, size_t point)
{
    size_t stride = point_count(table);

    for (size_t i = 0; i < table->axis_count; i++) {
        stride /= table->axes[i].count;
        for (size_t k = 0; k < table->axes[i].label_count; k++)
            put_label(out, &table->axes[i].labels[k], point / stride % table->axes[i].count);
    }
    for (size_t i = 0; i < table->measure_count; i++) {
        const size_t width = measure_width(table, &table->measures[i]);
        for (size_t k = 0; k < width; k++) {
            put_number(out, table->measures[i].data[point * width + k]);
            fputc(',', out);
        }
    }
    put_number(out, table->status[point]);
    fputc('\n', out);
}

static void put_points(nl_sink *sink, FILE *out, const nl_sink_table *table)
{
    put_units(sink, out, table);
    put_names(out, table);
    for (size_t p = 0; p < point_count(table); p++) put_point(out, table, p);
}

/* One table is the main file's own where it has no other. */
static bool put_sweeps(nl_sink *sink, FILE *main_file)
{
    const csv *c = sink->own;

    if (c->tables.count == 1 && sink->series.count == 0) {
        put_points(sink, main_file, c->tables.items[0]);
        return true;
    }
    for (size_t i = 0; i < c->tables.count; i++) {
        const char *name = c->tables.items[i]->measures[0].name;
        const char *path = nl_arena_printf(sink->arena, "%s.%s.csv", stem(sink), name);
        FILE *file = extra_open(sink, path);

        fprintf(main_file, "# %s: see %s\n", name, nl_path_file(path));
        if (file == NULL) return false;
        fprintf(file, "# netlang %s\n# model = %s\n", sink->header->version, sink->header->model_name);
        put_points(sink, file, c->tables.items[i]);
        if (!finish_file(sink, file)) return false;
    }
    return true;
}

static void put_header(nl_sink *sink, FILE *out)
{
    const nl_sink_header *h = sink->header;
    const csv *c = sink->own;

    fprintf(out, "# netlang %s\n# model = %s\n# seed = %llu\n# dt = ", h->version, h->model_name,
            (unsigned long long)h->seed);
    put_number(out, h->dt);
    fprintf(out, "%s\n# parameters:\n", unit_suffix(sink, h->time_unit));
    put_lines(out, "   ", h->parameters);
    fputs("# source:\n", out);
    put_lines(out, "   ", h->source);
    fputs("# results:\n", out);
    put_lines(out, "   ", c->values.chars);
}

static bool put_groups(nl_sink *sink, FILE *out)
{
    for (size_t k = 0; k < sink->segment_count; k++)
        if (!put_group(sink, out, k)) return false;
    return put_group(sink, out, SIZE_MAX);
}

static bool csv_finish(nl_sink *sink)
{
    FILE *out = fopen(sink->part, "r+b");

    if (out == NULL) return nl_sink_fail_errno(sink);
    put_header(sink, out);
    const bool done = put_sweeps(sink, out) && put_groups(sink, out);
    return finish_file(sink, out) && done && name_extras(sink);
}

static void csv_release(nl_sink *sink)
{
    csv *c = sink->own;

    if (c == NULL) return;
    nl_spool_release(sink);
    for (size_t i = 0; i < c->extras.count; i++)
        if (c->extras.items[i].part != NULL) unlink(c->extras.items[i].part);
    c->extras.count = 0;
}

const nl_format nl_format_csv = {
    .suffixes = { ".csv" },
    .open = csv_open,
    .add = nl_spool_add,
    .write = nl_spool_write,
    .segment = nl_spool_segment,
    .value = csv_value,
    .text = csv_text,
    .table = csv_keep_table,
    .finish = csv_finish,
    .release = csv_release,
};
