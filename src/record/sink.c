#include "sink.h"

#include "base/source.h"
#include "base/text.h"
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, PART_TRIES = 1000 };

static const nl_format *const formats[] = { &nl_format_hdf5, &nl_format_npz, &nl_format_csv };

static bool ends_with(const char *path, const char *suffix)
{
    const size_t length = strlen(path), tail = strlen(suffix);

    return length > tail && strcasecmp(path + length - tail, suffix) == 0;
}

static bool format_has(const nl_format *format, const char *path)
{
    for (size_t k = 0; format->suffixes[k] != NULL; k++)
        if (ends_with(path, format->suffixes[k])) return true;
    return false;
}

static const nl_format *format_find(const char *path)
{
    for (size_t i = 0; i < NL_LEN(formats); i++)
        if (format_has(formats[i], path)) return formats[i];
    return NULL;
}

/* ".h5, .hdf5, .npz or .csv": the formats of this build. */
static const char *known_suffixes(nl_arena *arena)
{
    NL_LIST(const char *) known = { 0 };
    nl_text text = nl_text_new(arena);

    for (size_t i = 0; i < NL_LEN(formats); i++)
        for (size_t k = 0; formats[i]->missing == NULL && formats[i]->suffixes[k] != NULL; k++)
            NL_PUSH(arena, &known, formats[i]->suffixes[k]);
    for (size_t i = 0; i < known.count; i++)
        nl_text_addf(&text, "%s%s", i == 0 ? "" : i + 1 == known.count ? " or " : ", ", known.items[i]);
    return text.chars;
}

bool nl_sink_fail(nl_sink *sink, const char *format, ...)
{
    va_list args;
    nl_text text = nl_text_new(sink->arena);

    if (sink->error != NULL) return false;
    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    sink->error = text.chars;
    return false;
}

bool nl_sink_fail_errno(nl_sink *sink)
{
    return nl_sink_fail(sink, "%s", strerror(errno));
}

FILE *nl_part_create(nl_arena *arena, const char *path, const char **part)
{
    for (int n = 0; n < PART_TRIES; n++) {
        *part = nl_arena_printf(arena, "%s.part-%ld-%d", path, (long)getpid(), n);
        const int fd = open(*part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) return fdopen(fd, "w+b");
        if (errno != EEXIST) return NULL;
    }
    return NULL;
}

size_t nl_shape_count(int rank, const size_t *shape)
{
    size_t count = 1;

    for (int k = 0; k < rank; k++) count = nl_checked_mul(count, shape[k]);
    return count;
}

/* What would make the rename at the end fail is found before the run. */
static bool target_fits(nl_sink *sink)
{
    struct stat info;

    if (stat(sink->path, &info) != 0) return true;
    if (S_ISDIR(info.st_mode)) return nl_sink_fail(sink, "it is a directory");
    if (!S_ISREG(info.st_mode)) return nl_sink_fail(sink, "it is not a regular file");
    return access(sink->path, W_OK) == 0 || nl_sink_fail_errno(sink);
}

static bool create_part(nl_sink *sink)
{
    FILE *file = nl_part_create(sink->arena, sink->path, &sink->part);

    if (file == NULL) {
        sink->part = NULL;
        return nl_sink_fail_errno(sink);
    }
    fclose(file);
    return true;
}

bool nl_sink_accepts(nl_arena *arena, const char *path, const char **why)
{
    const nl_format *format = format_find(path);

    if (format == NULL)
        *why = nl_arena_printf(arena, "its name must end in %s, which tells the format", known_suffixes(arena));
    else if (format->missing != NULL)
        *why = nl_arena_printf(arena, "%s; it writes %s", format->missing, known_suffixes(arena));
    return format != NULL && format->missing == NULL;
}

nl_sink *nl_sink_open(nl_arena *arena, const char *path, const nl_sink_header *header, const char **why)
{
    if (!nl_sink_accepts(arena, path, why)) return NULL;
    nl_sink *sink = NL_NEW(arena, nl_sink);
    nl_sink_header *kept = NL_NEW(arena, nl_sink_header);
    *kept = *header;
    sink->arena = arena;
    sink->format = format_find(path);
    sink->header = kept;
    sink->path = nl_path_real(arena, path); /* so that the rename in nl_sink_close replaces the file and not a link */
    if (target_fits(sink) && create_part(sink) && sink->format->open(sink)) return sink;
    *why = sink->error;
    nl_sink_discard(sink);
    return NULL;
}

static bool take_name(nl_sink *sink, const char *name)
{
    for (size_t i = 0; i < sink->names.count; i++)
        if (strcmp(sink->names.items[i], name) == 0)
            return nl_sink_fail(sink, "two results have the name `%s`", name);
    NL_PUSH(sink->arena, &sink->names, nl_arena_strdup(sink->arena, name));
    return true;
}

static nl_series *series_new(nl_sink *sink, const nl_sink_series *info)
{
    nl_series *s = NL_NEW(sink->arena, nl_series);

    s->info = *info;
    s->info.name = nl_arena_strdup(sink->arena, info->name);
    s->info.unit = nl_arena_strdup(sink->arena, info->unit != NULL ? info->unit : "1");
    s->info.doc = info->doc != NULL ? nl_arena_strdup(sink->arena, info->doc) : NULL;
    s->info.group = info->group != NULL ? nl_arena_strdup(sink->arena, info->group) : NULL;
    s->width = info->group != NULL ? 0 : nl_shape_count(info->rank, info->shape);
    s->room = BUFFER_BYTES / sizeof(double) / (s->width > 0 ? s->width : 1);
    if (s->room == 0) s->room = 1;
    s->times = nl_calloc(s->room, sizeof(double));
    s->values = nl_calloc(nl_checked_mul(s->room, s->width) + 1, sizeof(double));
    if (info->has_ids) s->ids = nl_calloc(s->room, sizeof(double));
    return s;
}

int nl_sink_add(nl_sink *sink, const nl_sink_series *info)
{
    if (sink->error != NULL || !take_name(sink, info->name)) return -1;
    if (!take_name(sink, nl_arena_printf(sink->arena, "%s.t", info->name))) return -1;
    if (info->has_ids && !take_name(sink, nl_arena_printf(sink->arena, "%s.id", info->name))) return -1;
    nl_series *series = series_new(sink, info);
    NL_PUSH(sink->arena, &sink->series, series);
    return sink->format->add(sink, series) ? (int)sink->series.count - 1 : -1;
}

static bool flush(nl_sink *sink, nl_series *series)
{
    const bool done = sink->error == NULL && (series->count == 0 || sink->format->write(sink, series));

    series->written += series->count;
    series->count = 0;
    return done;
}

bool nl_sink_append(nl_sink *sink, int id, double time, const double *values)
{
    nl_series *s = sink->series.items[id];

    s->times[s->count] = time;
    if (s->width == 1) s->values[s->count] = *values;
    else if (s->width > 0) memcpy(s->values + s->count * s->width, values, s->width * sizeof(double));
    return ++s->count < s->room ? sink->error == NULL : flush(sink, s);
}

bool nl_sink_append_of(nl_sink *sink, int id, double time, uint32_t element, const double *values)
{
    nl_series *s = sink->series.items[id];

    s->ids[s->count] = element;
    return nl_sink_append(sink, id, time, values);
}

/* What the series has becomes a segment; *any, if it has something. */
static bool cut(nl_sink *sink, nl_series *s, bool *any)
{
    if (!flush(sink, s)) return false;
    if (s->written == 0) return true;
    s->written = 0;
    *any = true;
    return sink->format->segment(sink, s, sink->segment_count);
}

bool nl_sink_segment(nl_sink *sink)
{
    bool any = false;

    for (size_t i = 0; i < sink->series.count; i++)
        if (!cut(sink, sink->series.items[i], &any)) return false;
    sink->segment_count += any;
    return true;
}

bool nl_sink_segment_of(nl_sink *sink, int id)
{
    bool any = false;

    if (!cut(sink, sink->series.items[id], &any)) return false;
    sink->segment_count += any;
    return true;
}

bool nl_sink_value(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape, const double *data)
{
    if (sink->error != NULL || !take_name(sink, name)) return false;
    return sink->format->value(sink, name, unit != NULL ? unit : "1", rank, shape, data);
}

bool nl_sink_text(nl_sink *sink, const char *name, const char *text)
{
    return sink->error == NULL && take_name(sink, name) && sink->format->text(sink, name, text);
}

const char *nl_sink_error(const nl_sink *sink)
{
    return sink->error;
}

static bool flush_all(nl_sink *sink)
{
    for (size_t i = 0; i < sink->series.count; i++)
        if (!flush(sink, sink->series.items[i])) return false;
    return sink->error == NULL;
}

static bool give_name(nl_sink *sink)
{
    if (rename(sink->part, sink->path) != 0) return nl_sink_fail_errno(sink);
    sink->part = NULL;
    return true;
}

bool nl_sink_close(nl_sink *sink, const char **why)
{
    const bool complete = flush_all(sink) && sink->format->finish(sink);

    sink->format->release(sink);
    const bool done = complete && sink->error == NULL && give_name(sink);
    if (!done) *why = sink->error;
    nl_sink_discard(sink);
    return done;
}

void nl_sink_discard(nl_sink *sink)
{
    sink->format->release(sink);
    if (sink->part != NULL) unlink(sink->part);
    sink->part = NULL;
    for (size_t i = 0; i < sink->series.count; i++) {
        free(sink->series.items[i]->times);
        free(sink->series.items[i]->values);
        free(sink->series.items[i]->ids);
    }
    sink->series.count = 0;
}
