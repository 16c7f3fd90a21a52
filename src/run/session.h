/* One model file from its text to its results: what every command of the program, the tests and embedders call.
 * A session owns everything it made; two sessions in one process do not know of each other. */
#ifndef NL_RUN_SESSION_H
#define NL_RUN_SESSION_H

#include "base/diag.h"
#include "netlang.h"

/* The statuses, the options and the progress are public: see netlang.h. */
typedef netlang_status nl_status;
typedef netlang_progress nl_progress;
typedef netlang_options nl_session_options;

#define NL_OK NETLANG_OK
#define NL_EXPECTATION_FAILED NETLANG_EXPECTATION_FAILED
#define NL_MODEL_WRONG NETLANG_MODEL_WRONG
#define NL_RUN_FAILED NETLANG_RUN_FAILED
#define NL_INTERRUPTED NETLANG_INTERRUPTED

typedef struct nl_session nl_session;

nl_session *nl_session_new(const nl_session_options *options);
void nl_session_free(nl_session *session);

/* Reads, parses and checks a file completely; NL_OK or NL_MODEL_WRONG (or NL_RUN_FAILED: the file cannot be read is
 * NL_MODEL_WRONG as well).  Messages are in nl_session_diags. */
nl_status nl_session_load(nl_session *session, const char *path);
nl_status nl_session_load_text(nl_session *session, const char *name, const char *text, size_t length);

/* Runs the protocol of a loaded file. */
nl_status nl_session_run(nl_session *session);

nl_diags *nl_session_diags(nl_session *session);

typedef struct nl_session_counts {
    size_t expectations, failed;
} nl_session_counts;
nl_session_counts nl_session_expectations(const nl_session *session);

/* Wall-clock time spent stepping and the steps made, over all `run` statements. */
typedef struct nl_session_timing {
    double seconds;
    uint64_t steps;
} nl_session_timing;
nl_session_timing nl_session_time_spent(const nl_session *session);

/* What loading leaves to the building of the network, as far as it can be told without it: methods that do not suit
 * their equations, impossible numbers of connection rules.  Instead of running. */
nl_status nl_session_check(nl_session *session);

/* Texts for the commands `check` (counts of neurons and synapses, memory), `explain FILE`, and `ir --stage
 * ast|model|ir|program`; NULL for an unknown stage. */
const char *nl_session_summary(nl_session *session);
const char *nl_session_explain(nl_session *session);
const char *nl_session_stage(nl_session *session, const char *stage);

/* The order, the stages and the stability of a method that the loaded file declares; NULL when it declares none of this
 * name. */
const char *nl_session_method(nl_session *session, const char *name);

/* A top-level value or recorded series after a run, or NAME.t and NAME.id of a recorded train, for embedders and tests:
 * data in coherent units, row-major, valid until the session is freed; false when there is no such name or it was not
 * kept in memory. */
bool nl_session_get(nl_session *session, const char *name, int *rank, size_t shape[8], const double **data);

#endif
