/* Where results go: one file of series (streamed, sample by sample) and named values.
 * The format follows the suffix: .h5/.hdf5, .npz, .csv.  A sink buffers a bounded number of samples and its memory does
 * not grow with the length of a run.  Everything goes to a temporary file beside the target, which takes
 * the target's name in nl_sink_close; so a failed start leaves nothing, and an interrupted run a readable file. */
#ifndef NL_RECORD_SINK_H
#define NL_RECORD_SINK_H

#include "base/arena.h"

#include <stdio.h>

typedef struct nl_sink nl_sink;

enum { NL_SINK_RANK = 8 };

/* What the file says of itself. */
typedef struct nl_sink_header {
    const char *version;     /* of netlang */
    const char *model_name;  /* file name as given */
    const char *source;      /* its text */
    const char *parameters;  /* "name = value" lines: parameters as used, overrides included */
    uint64_t seed;
    double dt;               /* in the shown unit */
    const char *time_unit;   /* "ms", "1" .. */
} nl_sink_header;

/* A series of equally shaped samples; or a train of spikes, which has no samples but the elements that fired. */
typedef struct nl_sink_series {
    const char *name;  /* the data set's exact name */
    const char *unit;  /* of the samples: "mV", "1" */
    const char *doc;   /* the expression as written, or NULL */
    int rank;          /* of one sample; 0: a number */
    size_t shape[NL_SINK_RANK];
    bool has_ids;      /* each sample comes from one element of a population, whose number is kept with it */
    const char *group; /* of a train (which has_ids): its group in HDF5, "spikes/E" or "events/E.burst"; else NULL */
    uint64_t first, count; /* of a train: its elements */
} nl_sink_series;

/* Whether this build has a format for such a name; if not, *why (in the arena) is the reason, to be read behind
 * "cannot write FILE: ". */
bool nl_sink_accepts(nl_arena *arena, const char *path, const char **why);

/* Opens a sink; NULL with *why as above when the name is not accepted or the file cannot be written. */
nl_sink *nl_sink_open(nl_arena *arena, const char *path, const nl_sink_header *header, const char **why);

/* Adds a series (samples and, beside it, their times under NAME.t, the elements under NAME.id); returns its number, or
 * -1 with *why. */
int nl_sink_add(nl_sink *sink, const nl_sink_series *series);

/* One sample: `values` has the series' shape.  Both in shown units.  False on failure: see nl_sink_error. */
bool nl_sink_append(nl_sink *sink, int series, double time, const double *values);

/* The same of a series that has_ids; a train has no values. */
bool nl_sink_append_of(nl_sink *sink, int series, double time, uint32_t element, const double *values);

/* Begins a new segment (reset, restore): from now on NAME holds the samples to come; those before move to
 * NAME@0, NAME@1 .. and their times to NAME@0.t ..  Only for the series that have samples. */
bool nl_sink_segment(nl_sink *sink);

/* The same for one series, which a record that is carried out again begins anew. */
bool nl_sink_segment_of(nl_sink *sink, int series);

/* A named value: an array of numbers, or a string. */
bool nl_sink_value(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape,
                   const double *data);
bool nl_sink_text(nl_sink *sink, const char *name, const char *text);

/* What the points of a sweep or trials collected.  All data in shown units, row-major. */
typedef struct nl_sink_label { /* values along an axis: of a parameter, or numbers of trials */
    const char *name, *unit;
    int rank;                  /* of all of them: 1, or more where a parameter is an array */
    const size_t *shape;
    const double *data;        /* NULL: */
    const char *const *texts;
} nl_sink_label;

typedef struct nl_sink_axis {
    const char *name;
    size_t count;
    const nl_sink_label *labels;
    size_t label_count;
} nl_sink_axis;

typedef struct nl_sink_measure {
    const char *name, *unit;
    const char *axes;          /* "J0, trial, row": names of its first axes */
    int rank;
    const size_t *shape;       /* those of the table first */
    const double *data;
} nl_sink_measure;

typedef struct nl_sink_table {
    const nl_sink_axis *axes;
    size_t axis_count;
    const nl_sink_measure *measures;
    size_t measure_count;
    const double *status;      /* one for each point: 0 where it is good */
} nl_sink_table;

/* A format that has tables writes one with a row for each point.  In the others a measure m is the array m; m.axes
 * tells the names of its axes, m.J0 the values along the axis J0, m.status those of the points. */
bool nl_sink_put_table(nl_sink *sink, const nl_sink_table *table);

const char *nl_sink_error(const nl_sink *sink);

/* Finishes the file and gives it its name; frees the sink in any case.  False with *why (in the arena) on failure. */
bool nl_sink_close(nl_sink *sink, const char **why);

/* Frees the sink and removes what was written. */
void nl_sink_discard(nl_sink *sink);

/* Creates an empty file beside `path` that nobody else has; NULL with errno set when that fails. */
FILE *nl_part_create(nl_arena *arena, const char *path, const char **part);

#endif
