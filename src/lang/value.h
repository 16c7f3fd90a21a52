/* Values outside of time: arrays of numbers or conditions with a physical dimension, texts, lists of arrays and tables.
 * Immutable; in the arena of whoever evaluates.  A value may be *unknown*: it has a kind, a dimension and a shape,
 * but no data yet.  Checking a file is evaluating it with the results of runs unknown, so the rules below exist
 * once for both. */
#ifndef NL_LANG_VALUE_H
#define NL_LANG_VALUE_H

#include "base/diag.h"
#include "dim.h"
#include "unit.h"

enum { NL_RANK = 8 };
#define NL_UNKNOWN_SIZE SIZE_MAX /* an extent that only a run will tell */

typedef enum nl_kind {
    NL_KIND_NONE,    /* failed: silences follow-ups */
    NL_KIND_NUMBER,
    NL_KIND_BOOL,    /* conditions; data holds 0 and 1 */
    NL_KIND_TEXT,
    NL_KIND_LIST,    /* of values of different shapes: what an array literal with ragged rows or texts makes */
    NL_KIND_TABLE,   /* table(array, dt =): a function of time */
    NL_KIND_TRAIN    /* when the neurons of a population spiked: E.spikes, or a named event */
} nl_kind;

/* The spikes of neurons first, first + 1 .., ascending in time and, at one time, in the neuron. */
typedef struct nl_train {
    size_t count;
    const double *times;
    const uint32_t *ids; /* numbers in the population: a slice keeps those of its parent */
    size_t first;        /* neuron; how many there are is the value's shape */
    double begin, end;   /* recorded is what happened after `begin`, until `end` included; NAN: not known */
} nl_train;

typedef struct nl_value nl_value;
struct nl_value {
    nl_kind kind;
    nl_dim dim;
    int rank;             /* 0: a number; of a train, rank and shape of one value per neuron (0: a single one) */
    size_t shape[NL_RANK];
    const double *data;   /* row-major; NULL while unknown */
    const char *text;     /* TEXT; NULL while unknown */
    const nl_train *train; /* TRAIN; NULL while unknown */
    const nl_value *items; /* LIST: shape[0] of them */
    double table_dt;      /* TABLE: each row of data holds for this long */
    const double *times;  /* of a signal: one for each of shape[0] rows; NULL for a plain array or while unknown */
    bool is_signal;
};

/* What functions need beside their arguments. */
typedef struct nl_eval_context {
    nl_arena *arena;
    nl_diags *diags;
    const char *folder;  /* of the model file: relative paths of load() start there; never NULL */
    nl_dim time_dim;     /* of times of signals: none in a model without dimensions */
    double dt;           /* of the simulation; 0: there is none */
    uint64_t seed;
    const char *stream;  /* name of the declaration that draws, or NULL where draws are refused */
    uint64_t trial;      /* number of the trial: part of every stream's key */
    uint64_t *draw_count; /* draws made so far by this declaration: several draws in one expression differ */
} nl_eval_context;

/* An argument of a call as written. */
typedef struct nl_arg {
    const char *name; /* of a named argument, or NULL */
    nl_value value;
    nl_span span;
} nl_arg;

/* --- making --- */
nl_value nl_value_none(void);
nl_value nl_value_number(nl_arena *arena, double number, nl_dim dim);
nl_value nl_value_bool(nl_arena *arena, bool condition);
nl_value nl_value_text(nl_arena *arena, const char *text);
/* Copies the elements. */
nl_value nl_value_array(nl_arena *arena, nl_kind kind, nl_dim dim, int rank, const size_t *shape, const double *data);
nl_value nl_value_unknown(nl_kind kind, nl_dim dim, int rank, const size_t *shape);
/* A train takes the arrays as they are. */
nl_value nl_value_train(nl_arena *arena, nl_dim time_dim, int rank, const size_t *shape, nl_train train);
/* The spikes with t0 <= t < t1 (where a time may be a rounded multiple of the step); those of `count` neurons from
 * number `first` of the population on, as a line of neurons. */
nl_value nl_train_between(nl_arena *arena, nl_value train, double t0, double t1);
nl_value nl_train_part(nl_arena *arena, nl_value train, size_t first, size_t count);
nl_value nl_value_copy(nl_arena *arena, nl_value value); /* deep */

/* --- asking --- */
bool nl_value_known(nl_value value);
size_t nl_value_count(nl_value value); /* of elements; NL_UNKNOWN_SIZE when an extent is unknown */
bool nl_value_is_scalar(nl_value value); /* a number or condition of rank 0 */
const char *nl_value_shape_text(nl_arena *arena, nl_value value); /* "[200, 3]", "a number" */
/* As `print` shows it, in the customary unit; the format is one of Python's (".3f", "8.2e", "" or NULL): NULL when it
 * is none. */
const char *nl_value_show(nl_arena *arena, nl_value value, const char *format);

/* --- operators: NumPy's broadcasting; a signal stays a signal; faults are diagnostics at `span` and give NONE --- */
nl_value nl_value_binary(nl_eval_context *cx, nl_span span, const char *op, nl_value a, nl_span a_span, nl_value b,
                         nl_span b_span);
nl_value nl_value_unary(nl_eval_context *cx, nl_span span, const char *op, nl_value a); /* "-" and "not" */
nl_value nl_value_stack(nl_eval_context *cx, nl_span span, const nl_arg *items, size_t count); /* an array literal */
nl_value nl_value_scale(nl_eval_context *cx, nl_span span, nl_value a, nl_unit unit);

/* One index: a number, an array of numbers, a mask, or a slice (bounds as NumPy; absent: has_x false). */
typedef struct nl_index {
    bool is_slice, has_begin, has_end, has_step;
    long begin, end, step;
    nl_value value;
    nl_span span;
    bool unknown_bounds; /* of a slice whose bounds are not known yet */
} nl_index;
nl_value nl_value_index(nl_eval_context *cx, nl_span span, nl_value base, const nl_index *indices, size_t count);

/* A signal or table called like a function of time: linear interpolation between samples for a signal (times
 * outside of it are refused), the held row for a table; `at` may be an array. */
nl_value nl_value_at_time(nl_eval_context *cx, nl_span span, nl_value base, nl_value at);
/* The row of a table that is held at t: row k on [k dt, (k + 1) dt), the first before that and at NAN,
 * the last after. */
size_t nl_table_row(size_t rows, double dt, double t);

/* --- functions: the rows of funcs.def and the elementwise operators of ops.def --- */
bool nl_func_exists(const char *name);
nl_value nl_func_call(nl_eval_context *cx, nl_span span, const char *name, const nl_arg *args, size_t count);
/* Whether the argument number `place`, or of this name, is a train: a population may stand there for its spikes. */
bool nl_func_takes_train(const char *function, size_t place, const char *name);
/* For documentation and suggestions: NULL after the last row. */
typedef struct nl_func_row {
    const char *name, *signature, *doc, *example;
} nl_func_row;
const nl_func_row *nl_func_get(size_t index);
const char *nl_func_suggest(const char *name);

/* x `within` tolerance of reference: elementwise; relative where the tolerance was written in %.  *worst is the flat
 * index of the element that is farthest out (in multiples of its tolerance). */
nl_value nl_value_within(nl_eval_context *cx, nl_span span, nl_value x, nl_value tolerance, bool relative,
                         nl_value reference, size_t *worst);

#endif
