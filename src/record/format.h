/* What a result format provides.  The front (sink.c) checks names, buffers samples and handles the temporary file; a
 * format writes blocks.  To add one: a file with such a record, and a row in sink.c. */
#ifndef NL_RECORD_FORMAT_H
#define NL_RECORD_FORMAT_H

#include "sink.h"

#include <stdio.h>

typedef struct nl_series {
    nl_sink_series info;
    size_t width;           /* numbers in one sample: none in a train */
    size_t room, count;     /* of the buffer, in samples */
    double *times, *values; /* the buffer .. */
    double *ids;            /* .. and elements; NULL where samples have none */
    uint64_t written;       /* samples of this segment that the format has */
    void *own;              /* the format's */
} nl_series;

typedef struct nl_format nl_format;

struct nl_sink {
    nl_arena *arena;
    const nl_format *format;
    const char *path, *part; /* the target and the temporary file beside it */
    const nl_sink_header *header;
    NL_LIST(nl_series *) series;
    NL_LIST(const char *) names; /* all that are taken */
    size_t segment_count;
    const char *error; /* of the first failure; nothing is written after it */
    void *own;         /* the format's */
};

/* Every function returns false after nl_sink_fail (or a like call) has said why. */
struct nl_format {
    const char *suffixes[3]; /* up to a NULL */
    const char *missing;     /* why this build lacks it, or NULL */
    bool (*open)(nl_sink *sink); /* sink->part exists and is empty */
    bool (*add)(nl_sink *sink, nl_series *series);
    bool (*write)(nl_sink *sink, nl_series *series); /* the `count` samples of the buffer */
    bool (*segment)(nl_sink *sink, nl_series *series, size_t number); /* what is there becomes segment `number` */
    bool (*value)(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape, const double *data);
    bool (*text)(nl_sink *sink, const char *name, const char *text);
    bool (*table)(nl_sink *sink, const nl_sink_table *table); /* or NULL: it is values and texts */
    bool (*finish)(nl_sink *sink);   /* completes the part file */
    void (*release)(nl_sink *sink);  /* closes and frees what open made; also after failures */
};

extern const nl_format nl_format_hdf5, nl_format_npz, nl_format_csv;

/* Records the first failure; returns false. */
bool nl_sink_fail(nl_sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with the text of errno. */
bool nl_sink_fail_errno(nl_sink *sink);

size_t nl_shape_count(int rank, const size_t *shape);

#endif
