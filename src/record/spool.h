/* A nameless file that holds the samples of several series in the order in which they come, for formats that can only
 * be written when all is known.  It lies beside the target and is gone when the process ends, however it ends. */
#ifndef NL_RECORD_SPOOL_H
#define NL_RECORD_SPOOL_H

#include "format.h"

/* A block of samples in the file: `count` times, then `count` times `width` numbers, then `count` elements where the
 * series has them. */
typedef struct nl_extent {
    uint64_t at;
    size_t count;
} nl_extent;

/* The samples of one series in one segment. */
typedef struct nl_track {
    const nl_series *series;
    const char *name; /* the series' name, or NAME@0 .. of an older segment */
    size_t segment;   /* SIZE_MAX: the newest */
    uint64_t count;   /* samples */
    NL_LIST(nl_extent) extents;
} nl_track;

typedef struct nl_spool {
    nl_sink *sink;
    FILE *file;
    uint64_t end;
    NL_LIST(nl_track *) tracks; /* all of them; series->own is the newest of its series */
} nl_spool;

/* The functions of nl_format for such formats; sink->own begins with the spool, zeroed before it is opened. */
bool nl_spool_open(nl_sink *sink);
bool nl_spool_add(nl_sink *sink, nl_series *series);
bool nl_spool_write(nl_sink *sink, nl_series *series);
bool nl_spool_segment(nl_sink *sink, nl_series *series, size_t number);
void nl_spool_release(nl_sink *sink);

/* Read one extent into arrays with room for it (series->room samples suffice). */
bool nl_spool_read_times(nl_spool *spool, const nl_track *track, size_t extent, double *times);
bool nl_spool_read_values(nl_spool *spool, const nl_track *track, size_t extent, double *values);
bool nl_spool_read_ids(nl_spool *spool, const nl_track *track, size_t extent, double *ids);

#endif
