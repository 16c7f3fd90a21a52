/* netlang: models of neural networks from .net files, for programs that embed them.
 *
 *     netlang_session *session = netlang_new(&(netlang_options){ .out = "results.h5" });
 *     if (netlang_load(session, "model.net") == NETLANG_OK) netlang_run(session);
 *     netlang_message message;
 *     for (size_t i = 0; netlang_message_get(session, i, &message); i++) fputs(message.shown, stderr);
 *     netlang_free(session);
 *
 * A session owns everything it returns until netlang_free.  Sessions do not know of each other: several may
 * live in one process, each used by one thread at a time.  Nothing is printed and nothing ends the process,
 * except that memory is exhausted. */
#ifndef NETLANG_H
#define NETLANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Results of the functions below and exit statuses of the program. */
typedef enum netlang_status {
    NETLANG_OK = 0,
    NETLANG_EXPECTATION_FAILED = 1,
    NETLANG_MODEL_WRONG = 2,
    NETLANG_RUN_FAILED = 3,
    NETLANG_INTERRUPTED = 130
} netlang_status;

/* Progress of a run: `done` of `total` steps of the present `run` statement, and `whole_done` of `whole_total` steps of
 * all of them together.  A total of 0 is not known. */
typedef struct netlang_progress {
    uint64_t done, total, whole_done, whole_total;
    double time;           /* simulated, in time_unit */
    const char *time_unit; /* "ms", or "1" in a model without units */
} netlang_progress;

/* What a session is to do; every member may be zero. */
typedef struct netlang_options {
    const char *const *defines; /* "name=value", one for each parameter that is overridden; also dt and seed */
    size_t define_count;
    const char *const *include_dirs; /* where `use` looks beside the model's own folder */
    size_t include_dir_count;
    const char *stdlib_dir; /* where the shipped rules are; NULL: $NETLANG_STDLIB, else where they were installed */
    const char *out;        /* result file: .h5, .npz or .csv; NULL: none */
    const char *seed;       /* an integer; NULL: the model's own */
    const char *figures;    /* folder for the pictures of `plot` and `figure`; it is
                             * made if need be; NULL: none is drawn */
    const char *figure_format; /* "png", "svg" or "pdf"; NULL: png */
    const char *report;     /* a page about the run, .html; NULL: none */
    bool keep_plot_data;    /* gnuplot's script and the values stay beside each picture */
    const char *const *sweeps; /* "name=values": runs the whole protocol at each point of a sweep .. */
    size_t sweep_count;
    const char *trials;     /* .. so many times; NULL: once */
    int threads;            /* processes that run points of sweeps and trials; 0: one, this one */
    void (*print)(void *user, const char *line);                     /* of `print` and of expectations; NULL: nowhere */
    void (*progress)(void *user, const netlang_progress *progress); /* called a few times a second; NULL: never */
    void (*drawn)(void *user, const char *path);                      /* of each picture that was made; NULL: nowhere */
    void *user;               /* first argument of all three */
    const volatile int *stop; /* becomes non-zero: end cleanly at the next step; NULL: never */
} netlang_options;

/* An error or a warning. */
typedef struct netlang_message {
    bool is_error;
    const char *code;    /* "E0301" */
    const char *file;    /* NULL when the message has no place */
    size_t line, column; /* from 1; a column counts code points */
    const char *text;    /* the sentence */
    const char *help;    /* a remedy, or NULL */
    const char *shown;   /* all of it with the quoted line, as the program prints it */
} netlang_message;

typedef struct nl_session netlang_session;

/* The version of the library, "0.1.0". */
const char *netlang_version(void);

/* The strings that options points to must live as long as the session. */
netlang_session *netlang_new(const netlang_options *options);
void netlang_free(netlang_session *session);

/* Reads a model and checks its text completely: NETLANG_OK or NETLANG_MODEL_WRONG.  What a method of integration or a
 * rule of connection refuses is found when netlang_run builds it, before anything is written.  One model per
 * session. */
netlang_status netlang_load(netlang_session *session, const char *path);
netlang_status netlang_load_text(netlang_session *session, const char *name, const char *text, size_t length);

/* Runs the protocol of the loaded model. */
netlang_status netlang_run(netlang_session *session);

/* The message with this number, in order of discovery; false behind the last. */
bool netlang_message_get(netlang_session *session, size_t index, netlang_message *message);

/* How many expectations were tested, and how many of them failed. */
void netlang_expectations(const netlang_session *session, size_t *tested, size_t *failed);

/* A top-level value or a recorded series after a run, of a train the times "E.spikes.t" and the neurons "E.spikes.id":
 * row-major, in ms, mV, pA and what follows from them (nS, pF, GOhm, kHz ..).  False when there is none of this name or
 * it was not kept in memory. */
bool netlang_get(netlang_session *session, const char *name, int *rank, size_t shape[8], const double **data);

#ifdef __cplusplus
}
#endif

#endif
