/* What the files of run/ share; nobody else includes it. */
#ifndef NL_RUN_IMPL_H
#define NL_RUN_IMPL_H

#include "session.h"

#include "base/text.h"
#include "check/batch.h"
#include "check/declare.h"
#include "exec/sim.h"
#include "plot/figure.h"
#include "record/sink.h"

#include <stdio.h>

/* A growing series of equally shaped rows in memory: a recorded series, or what `collect` gathers. */
typedef struct nl_rows {
    double *values, *times; /* times: NULL for a collection */
    uint32_t *ids;          /* of a train: who fired at these times; NULL for all else */
    size_t width;           /* numbers of one row */
    size_t count, room;
    nl_kind kind;
    nl_dim dim;
    int rank;               /* of one row */
    size_t shape[NL_RANK];
} nl_rows;

typedef struct nl_lane nl_lane;

/* A record while the protocol runs. */
typedef struct nl_recording {
    nl_session *session;
    nl_lane *lane;
    nl_plan_series *series;
    nl_scope *scope;        /* of the statement */
    bool active, has_shape, in_memory;
    bool goes_on;           /* points of a sweep that read it record it themselves */
    uint64_t first, interval; /* in steps; samples at first, first + interval, .. */
    bool has_from;
    uint64_t *at;           /* sorted steps of `at`, or NULL */
    size_t at_count;
    int sink_id;
    nl_unit unit;           /* of the file */
    bool is_scaled;         /* the unit of the file is not the coherent one */
    double *shown;          /* a row in that unit */
    nl_rows rows;           /* of a train: times and ids */
    nl_train train;         /* of which `series->value` is a view */
    double begin;           /* of a train: of the present segment */
} nl_recording;

/* The memory behind the value of a symbol that a lane has changed. */
typedef struct nl_holder {
    nl_symbol *symbol;
    nl_arena *arena;
    uint64_t draws; /* made so far by its declaration */
    nl_value other; /* that of the lane around, while this one is entered; its own while it is not */
    bool other_pinned;
} nl_holder;

/* What the first axes of a collected array are: parameters that were swept, trials, turns of a `for`. */
typedef struct nl_axis_label {
    const char *name;
    nl_value values;
} nl_axis_label;

typedef struct nl_axis_info {
    const char *name;
    NL_LIST(nl_axis_label) labels; /* of its places */
} nl_axis_info;

typedef NL_LIST(nl_axis_info) nl_axes;

typedef struct nl_collection {
    nl_symbol *symbol;
    nl_rows rows;
    nl_axes axes;    /* of a row */
    const nl_ast *batch; /* a single row that comes from the points of this statement .. */
    nl_value status;     /* .. with their statuses; else NONE */
} nl_collection;

/* What a point of a batch collected under one name. */
typedef struct nl_column {
    nl_value value; /* NONE: nothing */
    nl_axes axes;
} nl_column;

/* All that is known of a point when it is done. */
typedef struct nl_outcome {
    nl_arena *arena; /* of all that is in it */
    nl_status status;
    uint64_t steps;
    nl_session_counts counts;
    NL_LIST(const char *) lines; /* that it printed */
    NL_LIST(nl_diag) diags;
    nl_column *columns;          /* as in the plan of its batch */
} nl_outcome;

typedef struct nl_kept_state {
    const char *name;
    nl_sim_snapshot *snapshot;
    double elapsed;
} nl_kept_state;

typedef struct nl_page nl_page;

/* What one walk through statements has for itself: the protocol as a whole, or a point of a sweep.  Symbols have the
 * values of the lane that is entered. */
struct nl_lane {
    nl_lane *outer;         /* NULL: the protocol */
    nl_arena *arena;        /* as long as the lane */
    nl_sim *sim;
    nl_recording *recordings; /* one for each series of the plan */
    size_t recording_count;
    nl_sampler *samplers; /* what a stretch of steps tells: made anew for each, in the same room */
    NL_LIST(nl_train_sampler) train_samplers;
    NL_LIST(nl_event_sampler) event_samplers;
    NL_LIST(nl_holder) holders;
    NL_LIST(nl_collection) collections;
    NL_LIST(nl_kept_state) snapshots;
    double elapsed;         /* time that was asked for since the start: its steps are the rounded one's */
    bool new_segment;       /* reset or restore happened: the next sample begins a segment */
    bool has_set_parameters; /* of populations and projections */
    uint64_t draws;         /* of `set` and `collect` */
    uint64_t trial;         /* part of the key of every draw */
    nl_sink *sink;          /* or NULL: nothing is written */
    nl_outcome *outcome;    /* of a point: what it says is kept there; NULL: it is said at once */
    nl_status status;       /* while it is not entered .. */
    nl_session_counts counts;
    bool has_failed_points; /* of a batch within */
};

struct nl_session {
    nl_session_options options;
    nl_arena *arena;
    nl_sources *sources;
    nl_diags *diags;
    nl_parsed parsed;
    nl_check check;
    const char *path;
    bool is_loaded, has_run;
    bool is_point;          /* of a sweep in another session, with a network of its own */
    /* of the run */
    nl_status status;
    nl_arena *scratch;      /* values of one statement */
    nl_scope *scope;
    nl_eval_world world;
    nl_sink *sink;
    nl_lane *lane;          /* that is entered */
    FILE *journal;          /* of points that are done, or NULL */
    uint64_t batch_count;   /* batches of the protocol until now */
    NL_LIST(nl_diag) held;  /* messages of points: reported at the end, so that they stop nothing */
    uint64_t steps_done;
    double seconds;         /* spent stepping */
    nl_session_counts counts;
    nl_figure *figure;      /* whose block is being executed, or NULL; its title and place */
    const char *figure_title;
    nl_span figure_span;
    NL_LIST(const char *) figure_names; /* of files, without suffix: none is used twice */
    bool cannot_draw;       /* said already */
    nl_page *page;          /* NULL: none is asked for */
};

/* --- state.c: the simulation, values of symbols, what expressions see --- */

/* Builds the simulation where there is none yet; false with a diagnostic and a status. */
bool nl_session_need_sim(nl_session *s);
nl_evaluator nl_session_evaluator(nl_session *s, const char *stream);
nl_holder *nl_session_holder(nl_session *s, nl_symbol *symbol);
/* The model's slot or array has the symbol's value. */
void nl_session_tell(nl_session *s, const nl_symbol *symbol);
/* Gives a symbol a value of its own and tells the model; nl_session_refresh must follow. */
void nl_session_store(nl_session *s, nl_symbol *symbol, nl_value value);
bool nl_session_refresh(nl_session *s);
/* Before something is changed in the simulation. */
/* Ends the run: a diagnostic and the status that belongs to it.  Always false. */
bool nl_session_fail(nl_session *s, nl_sim_status status, const nl_sim_failure *failure);
bool nl_session_failed(nl_session *s, nl_status status);
void nl_session_world(nl_session *s);
void nl_session_free_run(nl_session *s);
/* A session with the same text and other options, ready to run a block; its messages are its own. */
nl_session *nl_session_renewed(nl_session *s, const nl_session_options *options, nl_status *status);
/* A line for the user. */
void nl_session_say(nl_session *s, const char *line);
/* A message of a point, for the end of the run. */
void nl_session_hold(nl_session *s, const nl_diag *diag);

/* --- lane.c --- */
nl_lane *nl_lane_new(nl_session *s, nl_lane *outer, nl_outcome *outcome);
void nl_lane_free(nl_lane *lane);
/* Values of symbols, counts and the status become those of the lane, or again those of the one around it. */
void nl_lane_enter(nl_session *s, nl_lane *lane);
void nl_lane_leave(nl_session *s);

/* --- outcome.c --- */
nl_outcome *nl_outcome_new(size_t columns);
void nl_outcome_free(nl_outcome *outcome);
/* As bytes; NULL where they are none that were written with so many columns. */
void nl_outcome_write(const nl_outcome *outcome, size_t columns, nl_text *out);
nl_outcome *nl_outcome_read(const char *bytes, size_t count, size_t columns);
nl_axes nl_axes_copy(nl_arena *arena, const nl_axes *axes);

/* --- batch.c --- */
bool nl_session_batch(nl_session *s, const nl_ast *stmt);
/* The results are written: a journal that is complete is no longer needed. */
void nl_journal_close(nl_session *s, bool is_complete);
bool nl_session_is_stopped(const nl_session *s);
/* At the end: messages of points. */
void nl_batch_report(nl_session *s);

/* --- series.c --- */
void nl_rows_append(nl_rows *rows, const double *values, double time);
nl_value nl_rows_value(const nl_rows *rows, bool is_signal);
void nl_rows_free(nl_rows *rows);
bool nl_recording_start(nl_session *s, const nl_ast *stmt);
/* Starts, in a point, what is recorded around the batch and read in its block .. */
bool nl_recordings_go_on(nl_session *s, const nl_ast *block);
/* .. which a session of the point's own has to be told. */
void nl_recordings_carry(const nl_session *from, nl_session *to);
bool nl_recording_begin_segment(nl_session *s);
void nl_recording_publish(nl_session *s);
/* Samples that the simulation takes itself while stepping, and what it tells of events. */
void nl_recording_samplers(nl_session *s, nl_sim_run *run);
void nl_recording_events(nl_session *s, nl_sim_run *run);
/* The next step after `now` at which a sample is due that the simulation cannot take itself, or UINT64_MAX. */
uint64_t nl_recording_next(const nl_session *s, uint64_t now);
bool nl_recording_sample_due(nl_session *s);
void nl_recordings_new(nl_session *s, nl_lane *lane);
/* Expressions no longer see what was recorded. */
void nl_recordings_withdraw(nl_lane *lane);
void nl_recordings_free(nl_lane *lane);

/* --- trains.c: records of who fires when, and of values then --- */
bool nl_train_start(nl_recording *r);
void nl_train_begin_segment(nl_recording *r);
void nl_train_publish(nl_recording *r);
/* NAME.t or NAME.id of a recorded train in memory; the numbers belong to the session. */
bool nl_train_column(nl_session *s, const char *name, size_t *count, const double **data);
/* Drops what is in memory where nothing reads it and it is no longer small. */
void nl_recording_thin(nl_recording *r);
bool nl_recording_open(nl_recording *r, nl_sink_series *info);

/* --- report.c --- */
const char *nl_report_count(nl_session *s, double count); /* 64 000 */

/* --- protocol.c --- */
void nl_protocol_run(nl_session *s);
bool nl_protocol_run_block(nl_session *s, const nl_ast *block);
bool nl_protocol_run_statement(nl_session *s, const nl_ast *stmt);
/* The pieces of a `run`: how many steps it is; a stretch of them; what the stretch has brought; the end. */
bool nl_protocol_steps(nl_session *s, const nl_ast *stmt, uint64_t *steps);
nl_sim_run nl_protocol_stretch(nl_session *s, uint64_t steps);
bool nl_protocol_stretched(nl_session *s, uint64_t done, nl_sim_status status, const nl_sim_failure *failure);
bool nl_protocol_check_states(nl_session *s);
double nl_seconds_now(void);
void nl_session_progress(nl_session *s, uint64_t done, uint64_t total);
/* The variable of a `for` has the value of a turn. */
bool nl_protocol_turn(nl_session *s, const nl_ast *stmt, nl_value range, size_t turn);
/* What `set` does to its left side with this value. */
bool nl_session_assign(nl_session *s, nl_evaluator *ev, const nl_ast *set, const nl_target *target, nl_value right);
/* A row more of what is collected; `axes` (or NULL) are its first ones. */
bool nl_session_collect(nl_session *s, const nl_ast *stmt, nl_symbol *symbol, nl_value row, const nl_axes *axes);
nl_collection *nl_session_collection(const nl_session *s, const nl_symbol *symbol); /* NULL: nothing was collected */

/* --- snapshot.c --- */
bool nl_session_snapshot(nl_session *s, const nl_ast *stmt);
bool nl_session_restore(nl_session *s, const nl_ast *stmt);

/* --- figures.c --- */
/* Makes the folder; false with a diagnostic and a status. */
bool nl_figures_open(nl_session *s);
bool nl_figures_wanted(const nl_session *s); /* here: points of a batch draw nothing */
void nl_figures_warn(nl_session *s, nl_span span, const char *what, const char *why);
bool nl_session_plot(nl_session *s, const nl_ast *stmt);
/* Begins the FIGURE; its block is executed; then it is drawn. */
bool nl_figures_begin(nl_session *s, const nl_ast *stmt);
void nl_figures_end(nl_session *s, bool is_complete);

/* --- page.c: the page of --report --- */
bool nl_page_open(nl_session *s); /* false with a diagnostic and a status */
void nl_page_line(nl_session *s, const char *line);
void nl_page_figure(nl_session *s, nl_figure *figure, nl_span span);
void nl_page_expectation(nl_session *s, const nl_ast *stmt, bool holds);
void nl_page_close(nl_session *s);

/* --- expect.c --- */
bool nl_session_expect(nl_session *s, const nl_ast *stmt);

/* --- tables.c --- */
bool nl_tables_have(const nl_session *s, const nl_symbol *symbol); /* whether it is in a table */
bool nl_tables_write(nl_session *s);

/* --- results.c --- */
nl_sink_header nl_results_header(nl_session *s); /* what files say of themselves */
bool nl_results_open(nl_session *s);
bool nl_results_close(nl_session *s);

#endif
