#include "spool.h"

#include <string.h>
#include <unistd.h>

bool nl_spool_open(nl_sink *sink)
{
    nl_spool *spool = sink->own;
    const char *name;

    spool->sink = sink;
    spool->file = nl_part_create(sink->arena, sink->path, &name);
    if (spool->file == NULL) return nl_sink_fail_errno(sink);
    unlink(name);
    setvbuf(spool->file, NULL, _IONBF, 0); /* blocks are large already */
    return true;
}

bool nl_spool_add(nl_sink *sink, nl_series *series)
{
    nl_spool *spool = sink->own;
    nl_track *track = NL_NEW(sink->arena, nl_track);

    track->series = series;
    track->name = series->info.name;
    track->segment = SIZE_MAX;
    series->own = track;
    NL_PUSH(sink->arena, &spool->tracks, track);
    return true;
}

static bool put(nl_spool *spool, const double *numbers, size_t count)
{
    if (fwrite(numbers, sizeof *numbers, count, spool->file) != count)
        return nl_sink_fail_errno(spool->sink);
    spool->end += count * sizeof *numbers;
    return true;
}

bool nl_spool_write(nl_sink *sink, nl_series *series)
{
    nl_spool *spool = sink->own;
    nl_track *track = series->own;
    const nl_extent extent = { spool->end, series->count };

    if (!put(spool, series->times, series->count)) return false;
    if (!put(spool, series->values, series->count * series->width)) return false;
    if (series->ids != NULL && !put(spool, series->ids, series->count)) return false;
    NL_PUSH(sink->arena, &track->extents, extent);
    track->count += series->count;
    return true;
}

bool nl_spool_segment(nl_sink *sink, nl_series *series, size_t number)
{
    nl_track *track = series->own;

    track->name = nl_arena_printf(sink->arena, "%s@%zu", series->info.name, number);
    track->segment = number;
    return nl_spool_add(sink, series);
}

void nl_spool_release(nl_sink *sink)
{
    nl_spool *spool = sink->own;

    if (spool == NULL || spool->file == NULL) return;
    fclose(spool->file);
    spool->file = NULL;
}

static bool get(nl_spool *spool, uint64_t at, double *numbers, size_t count)
{
    if (fseeko(spool->file, (off_t)at, SEEK_SET) == 0 &&
        fread(numbers, sizeof *numbers, count, spool->file) == count)
        return true;
    return nl_sink_fail_errno(spool->sink);
}

bool nl_spool_read_times(nl_spool *spool, const nl_track *track, size_t extent, double *times)
{
    const nl_extent *e = &track->extents.items[extent];

    return get(spool, e->at, times, e->count);
}

bool nl_spool_read_values(nl_spool *spool, const nl_track *track, size_t extent, double *values)
{
    const nl_extent *e = &track->extents.items[extent];

    return get(spool, e->at + e->count * sizeof(double), values, e->count * track->series->width);
}

bool nl_spool_read_ids(nl_spool *spool, const nl_track *track, size_t extent, double *ids)
{
    const nl_extent *e = &track->extents.items[extent];

    return get(spool, e->at + e->count * (1 + track->series->width) * sizeof(double), ids, e->count);
}
