/* What the files of run/ share; nobody else includes it. */
#ifndef NL_RUN_IMPL_H
#define NL_RUN_IMPL_H

#include "session.h"

#include "check/declare.h"
#include "check/plan.h"
#include "exec/sim.h"
#include "plot/figure.h"
#include "record/sink.h"

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

/* A record while the protocol runs. */
typedef struct nl_recording {
    nl_session *session;
    nl_plan_series *series;
    nl_scope *scope;        /* of the statement: for expressions that nl_eval samples */
    bool active, has_shape, in_memory;
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

/* The memory behind the value of a symbol that the protocol has changed. */
typedef struct nl_holder {
    nl_symbol *symbol;
    nl_arena *arena;
    uint64_t draws; /* made so far by its declaration */
} nl_holder;

typedef struct nl_collection {
    nl_symbol *symbol;
    nl_rows rows;
} nl_collection;

typedef struct nl_kept_state {
    const char *name;
    nl_sim_snapshot *snapshot;
    double elapsed;
} nl_kept_state;

typedef struct nl_page nl_page;

struct nl_session {
    nl_session_options options;
    nl_arena *arena;
    nl_sources *sources;
    nl_diags *diags;
    nl_parsed parsed;
    nl_check check;
    const char *path;
    bool is_loaded, has_run;
    /* of the run */
    nl_status status;
    nl_arena *scratch;      /* values of one statement */
    nl_scope *scope;
    nl_eval_world world;
    nl_sim *sim;
    nl_sink *sink;
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
    uint64_t draws;         /* of `set` and `collect` */
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
/* Gives a symbol a value of its own and tells the model; nl_session_refresh must follow. */
void nl_session_store(nl_session *s, nl_symbol *symbol, nl_value value);
bool nl_session_refresh(nl_session *s);
/* Before something is changed in the simulation. */
/* Ends the run: a diagnostic and the status that belongs to it.  Always false. */
bool nl_session_fail(nl_session *s, nl_sim_status status, const nl_sim_failure *failure);
bool nl_session_failed(nl_session *s, nl_status status);
void nl_session_world(nl_session *s);
void nl_session_free_run(nl_session *s);

/* --- series.c --- */
void nl_rows_append(nl_rows *rows, const double *values, double time);
nl_value nl_rows_value(const nl_rows *rows, bool is_signal);
void nl_rows_free(nl_rows *rows);
bool nl_recording_start(nl_session *s, const nl_ast *stmt);
bool nl_recording_begin_segment(nl_session *s);
void nl_recording_publish(nl_session *s);
/* Samples that the simulation takes itself while stepping, and what it tells of events. */
void nl_recording_samplers(nl_session *s, nl_sim_run *run);
void nl_recording_events(nl_session *s, nl_sim_run *run);
/* The next step after `now` at which a sample is due that the simulation cannot take itself, or UINT64_MAX. */
uint64_t nl_recording_next(const nl_session *s, uint64_t now);
bool nl_recording_sample_due(nl_session *s);
void nl_recordings_new(nl_session *s);
void nl_recordings_free(nl_session *s);

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
void nl_session_print(nl_session *s, const char *line);
void nl_protocol_run(nl_session *s);

/* --- snapshot.c --- */
bool nl_session_snapshot(nl_session *s, const nl_ast *stmt);
bool nl_session_restore(nl_session *s, const nl_ast *stmt);

/* --- figures.c --- */
/* Makes the folder; false with a diagnostic and a status. */
bool nl_figures_open(nl_session *s);
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

/* --- results.c --- */
nl_sink_header nl_results_header(nl_session *s); /* what files say of themselves */
bool nl_results_open(nl_session *s);
bool nl_results_close(nl_session *s);

#endif
