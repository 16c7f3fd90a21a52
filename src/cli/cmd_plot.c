#include "cli.h"

#include "base/text.h"
#include "plot/figure.h"
#include "record/result.h"
#include "syntax/parse.h"

#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct drawing {
    nl_cli *cli;
    nl_arena *arena;
    const char *file;
    nl_result *result;
    nl_diags *diags;
    nl_eval_context cx;
} drawing;

/* --- the list --- */

static const char *shape_text(const drawing *d, const nl_result_entry *e)
{
    nl_text text = nl_text_new(d->arena);

    nl_text_adds(&text, "[");
    for (int k = 0; k < e->rank; k++) nl_text_addf(&text, "%s%zu", k > 0 ? ", " : "", e->shape[k]);
    nl_text_adds(&text, "]");
    return text.chars;
}

static const char *words(const drawing *d, const nl_result_entry *e)
{
    const char *unit = strcmp(e->unit, "1") == 0 ? "" : nl_arena_printf(d->arena, " in %s", e->unit);

    if (e->is_text) return "a text";
    if (e->is_train) return nl_arena_printf(d->arena, "%zu spikes of %zu neurons", e->shape[0], e->neurons);
    if (e->times != NULL) return nl_arena_printf(d->arena, "a series %s%s", shape_text(d, e), unit);
    return e->rank == 0 ? nl_arena_printf(d->arena, "a number%s", unit)
                        : nl_arena_printf(d->arena, "an array %s%s", shape_text(d, e), unit);
}

static nl_status print_list(const drawing *d)
{
    if (d->result->model != NULL) printf("%s, results of %s\n", d->file, d->result->model);
    for (size_t i = 0; i < d->result->entries.count; i++) {
        const nl_result_entry *e = &d->result->entries.items[i];
        const bool tells = e->doc != NULL && strcmp(e->doc, e->name) != 0;

        printf("  %-20s %s%s%s\n", e->name, words(d, e), tells ? ": " : "", tells ? e->doc : "");
    }
    return NL_OK;
}

static const nl_result_entry *find(const drawing *d, const char *name)
{
    const char **names = NL_NEW_ARRAY(d->arena, const char *, d->result->entries.count + 1);

    for (size_t i = 0; i < d->result->entries.count; i++) {
        names[i] = d->result->entries.items[i].name;
        if (strcmp(names[i], name) == 0) return &d->result->entries.items[i];
    }
    const char *closest = nl_suggest(name, names, d->result->entries.count);
    if (closest != NULL) nl_cli_complain("%s has no `%s`; did you mean `%s`?", d->file, name, closest);
    else nl_cli_complain("%s has no `%s`; netlang plot %s lists what there is", d->file, name, d->file);
    return NULL;
}

/* --- values --- */

/* A unit as files tell it, "mS/cm^2": the language's own notation without brackets. */
static nl_unit read_unit(const drawing *d, const char *text)
{
    const nl_unit none = { .factor = 1 };
    const char *line = nl_arena_printf(d->arena, "let x = 1 [%s]", text);
    nl_sources *sources = nl_sources_new(d->arena);
    nl_diags *diags = nl_diags_new(d->arena, sources);

    if (strcmp(text, "1") == 0) return none;
    const nl_parsed parsed = nl_parse_source(d->arena, diags, nl_sources_add(sources, "unit", line, strlen(line)));
    const nl_ast *item = nl_ast_kid(nl_ast_kid(parsed.file, 0), 0), *number = nl_ast_kid(item, 1);
    const bool good = nl_diags_error_count(diags) == 0 && number != NULL && number->kind == NL_AST_NUMBER;
    return good ? number->unit : none;
}

static nl_value load(drawing *d, const char *path)
{
    const nl_arg arg = { .value = nl_value_text(d->arena, nl_arena_printf(d->arena, "%s:%s", d->file, path)) };
    return nl_func_call(&d->cx, (nl_span){ 0, 0 }, "load", &arg, 1);
}

static nl_value load_in_unit(drawing *d, const char *path, const char *text)
{
    const nl_value value = load(d, path);

    return value.kind == NL_KIND_NONE ? value : nl_value_scale(&d->cx, (nl_span){ 0, 0 }, value, read_unit(d, text));
}

static const char *time_unit(const drawing *d) { return d->result->time_unit != NULL ? d->result->time_unit : "ms"; }

static nl_value load_train(drawing *d, const nl_result_entry *e)
{
    const nl_value times = load_in_unit(d, e->path, time_unit(d)), ids = load(d, e->ids);
    size_t neurons = e->neurons;

    if (times.kind == NL_KIND_NONE || ids.kind == NL_KIND_NONE) return nl_value_none();
    const size_t count = times.shape[0] < ids.shape[0] ? times.shape[0] : ids.shape[0];
    uint32_t *numbers = NL_NEW_ARRAY(d->arena, uint32_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        const bool is_known =
            e->neurons == 0 || (ids.data[i] >= (double)e->first && ids.data[i] < (double)(e->first + neurons));
        if (!is_known || !(ids.data[i] >= 0 && ids.data[i] < UINT32_MAX)) {
            nl_cli_complain("%s: `%s` has spikes of neurons that it does not have", d->file, e->name);
            return nl_value_none();
        }
        numbers[i] = (uint32_t)ids.data[i];
        if (e->neurons == 0 && numbers[i] + (size_t)1 > neurons) neurons = numbers[i] + (size_t)1;
    }
    return nl_value_train(d->arena, times.dim, 1, &neurons,
                          (nl_train){ count, times.data, numbers, e->first, NAN, NAN });
}

static nl_value load_entry(drawing *d, const nl_result_entry *e)
{
    if (e->is_train) return load_train(d, e);
    nl_value value = load_in_unit(d, e->path, e->unit);
    const nl_value times =
        e->times != NULL && value.kind != NL_KIND_NONE ? load_in_unit(d, e->times, time_unit(d)) : nl_value_none();
    if (times.kind == NL_KIND_NONE || times.shape[0] != value.shape[0]) return value;
    value.is_signal = true;
    value.times = times.data;
    return value;
}

/* --- pictures --- */

enum { CURVES_MAX = 12 }; /* what has more is shown as an image */

static nl_plot_kind kind_for(const nl_result_entry *e)
{
    if (e->is_train) return NL_PLOT_RASTER;
    if (e->times != NULL && e->ids != NULL) return NL_PLOT_SCATTER;
    if (e->rank == 1 || (e->rank == 2 && e->times != NULL && e->shape[1] <= CURVES_MAX)) return NL_PLOT_LINES;
    return e->rank == 2 ? NL_PLOT_IMAGE : NL_PLOT_KIND_COUNT;
}

static const char *stem(const drawing *d)
{
    const char *base = nl_path_file(d->file), *dot = strrchr(base, '.');
    return nl_arena_strndup(d->arena, base, dot != NULL ? (size_t)(dot - base) : strlen(base));
}

static bool draw(drawing *d, const nl_result_entry *e, const nl_arg *series)
{
    const nl_plot plot = {
        .kind = kind_for(e), .series = series, .series_count = 1, .time_dim = read_unit(d, time_unit(d)).dim
    };
    const char *folder = d->cli->figures != NULL ? d->cli->figures : ".", *why = NULL;
    const char *format = d->cli->figure_format != NULL ? d->cli->figure_format : "png";
    const char *name = nl_figure_file_name(d->arena, nl_arena_printf(d->arena, "%s-%s", stem(d), e->name));
    nl_figure *figure = nl_figure_new(d->arena, NULL, 1);

    if (!nl_plot_check(&d->cx, &plot)) return false;
    const char *empty = nl_figure_add(figure, &plot);
    if (empty != NULL) nl_cli_complain("the plot of `%s` is empty: %s", e->name, empty);
    const char *path = nl_figure_draw(figure, folder, name, format, d->cli->keep_plot_data, &why);
    if (path == NULL) nl_cli_complain("`%s` is not drawn: %s", e->name, why);
    else if (!d->cli->quiet) fprintf(stderr, "drawn: %s\n", path);
    return path != NULL;
}

static nl_status draw_entry(drawing *d, const nl_result_entry *e)
{
    const size_t before = nl_diags_count(d->diags);

    if (e->is_text || kind_for(e) == NL_PLOT_KIND_COUNT) {
        nl_cli_complain("`%s` is %s: no picture shows it", e->name, words(d, e));
        return NL_USAGE_WRONG;
    }
    const nl_arg series = { .name = e->name, .value = load_entry(d, e) };
    const bool good = series.value.kind != NL_KIND_NONE && draw(d, e, &series);
    nl_diags_print(stderr, d->diags, before);
    return good ? NL_OK : NL_RUN_FAILED;
}

static nl_status draw_names(drawing *d)
{
    nl_status worst = NL_OK;

    if (d->cli->figures != NULL && !nl_figure_folder(d->cli->figures)) {
        nl_cli_complain("cannot write figures into %s: %s", d->cli->figures, strerror(errno));
        return NL_RUN_FAILED;
    }
    for (size_t i = 1; i < d->cli->files.count; i++) {
        const nl_result_entry *e = find(d, d->cli->files.items[i]);
        const nl_status status = e != NULL ? draw_entry(d, e) : NL_USAGE_WRONG;
        if (status > worst) worst = status;
    }
    return worst;
}

nl_status nl_command_plot(nl_cli *cli)
{
    const char *why;
    drawing d = { .cli = cli, .arena = cli->arena, .file = cli->files.items[0] };

    d.diags = nl_diags_new(d.arena, nl_sources_new(d.arena));
    d.cx = (nl_eval_context){ .arena = d.arena, .diags = d.diags, .folder = "." };
    if (cli->figure_format != NULL && !nl_figure_has_format(cli->figure_format)) {
        nl_cli_complain("pictures are made as %s, not as %s", nl_figure_formats, cli->figure_format);
        return NL_USAGE_WRONG;
    }
    d.result = nl_result_open(d.arena, d.file, &why);
    if (d.result == NULL) {
        nl_cli_complain("cannot read %s: %s", d.file, why);
        return NL_USAGE_WRONG;
    }
    return cli->files.count == 1 ? print_list(&d) : draw_names(&d);
}
