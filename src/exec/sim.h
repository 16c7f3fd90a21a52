/* A simulation: the state of a checked model and the programs that step it.  Built once per model; allocates nothing
 * while stepping.  Knows nothing of files and texts: failures are a status and a place.  Whoever starts has switched
 * GSL's error handler off. */
#ifndef NL_EXEC_SIM_H
#define NL_EXEC_SIM_H

#include "check/model.h"

typedef struct nl_sim nl_sim;

/* A value that is read while the simulation runs: a record, a condition of `run until`, X.x in the protocol. */
typedef struct nl_probe {
    nl_ref node;     /* over any space */
    size_t count;    /* elements of its value */
} nl_probe;

/* Builds connectivity, memory and programs.  `probes` are all that will ever be read from it.  NULL with
 * diagnostics. */
nl_sim *nl_sim_new(const nl_model *model, const nl_probe *probes, size_t probe_count, nl_diags *diags);
void nl_sim_free(nl_sim *sim);

/* Another simulation of the same model: a lane beside `sim`.  Connectivity, programs and those values of synapses that
 * no program changes are held in common with `sim`, until one of them is given others; state and parameters are its
 * own, and so are the model's slots and arrays as they are at its last reset or refresh (the data of an array must stay
 * until the next one).  It begins at its start, as after nl_sim_reset(), with the trial of `sim`.  Each may be freed
 * before the others; snapshots of one may be restored in another.  NULL with diagnostics: there is no memory for it, or
 * its initial state cannot be computed. */
nl_sim *nl_sim_lane(nl_sim *sim);

/* Draws of initial values and of noise are those of this trial (0 at first) from the next reset on.  Parameters and
 * connections are the same in all trials. */
void nl_sim_set_trial(nl_sim *sim, uint64_t trial);

/* Bytes that one more lane needs for itself, with all values of synapses that its parameters may make others. */
size_t nl_sim_lane_bytes(const nl_sim *sim);

/* What can be known of a model before anything is built: whether its methods suit its equations, and numbers of
 * connection rules.  False with diagnostics.  The model serves for nothing but texts afterwards. */
bool nl_sim_check(const nl_model *model, nl_diags *diags);

typedef enum nl_sim_status {
    NL_SIM_OK, NL_SIM_NOT_FINITE, NL_SIM_BAD_INDEX, NL_SIM_STEP_TOO_SMALL, NL_SIM_BAD_DELAY, NL_SIM_EVENTS,
    NL_SIM_STOPPED, NL_SIM_SINK_FAILED
} nl_sim_status;

/* Where and why a run ended early. */
typedef struct nl_sim_failure {
    uint32_t event;   /* EVENTS: that happens without end */
    uint32_t var;     /* variable that is not finite, or UINT32_MAX */
    size_t element;
    double time, value;
    nl_span span;     /* of its equation, or of the instruction */
    const char *what; /* more words, or NULL */
} nl_sim_failure;

/* Initial state at t = start: parameters and states are drawn and computed, histories filled.  `reset` is the same
 * call. */
nl_sim_status nl_sim_reset(nl_sim *sim, nl_sim_failure *failure);
nl_sim_status nl_sim_reset_population(nl_sim *sim, uint32_t population, nl_sim_failure *failure);

/* To be called before something that bodies read changes: what follows from its present value until now is computed. */
void nl_sim_settle(nl_sim *sim);

/* Something read by bodies changed in the model (slots, arrays): computes what depends on it again. */
nl_sim_status nl_sim_refresh(nl_sim *sim, nl_sim_failure *failure);

/* Present values of a state or parameter (coherent units), those of synapses in the order of their numbers; good until
 * the next call. */
const double *nl_sim_values(nl_sim *sim, uint32_t var, size_t *count);
void nl_sim_set_values(nl_sim *sim, uint32_t var, const double *values); /* count of them */

/* A probe's value now. */
nl_sim_status nl_sim_read(nl_sim *sim, size_t probe, double *out, nl_sim_failure *failure);

/* Probes sampled while running, their values one behind the other: after every `interval` steps counted from step
 * `first` (absolute step number). */
typedef struct nl_sampler {
    const size_t *probes;
    size_t probe_count;
    uint64_t interval, first;
    bool (*sample)(void *user, double time, const double *values, size_t count); /* false: stop, the sink failed */
    void *user;
} nl_sampler;

/* Told whenever elements fired in a step: their numbers in the population, ascending. */
typedef struct nl_train_sampler {
    uint32_t event;
    bool (*fired)(void *user, double time, const uint32_t *ids, size_t count); /* false: stop, the sink failed */
    void *user;
} nl_train_sampler;

/* The same with the values that a probe over the population has for them, before bodies change anything. */
typedef struct nl_event_sampler {
    uint32_t event;
    size_t probe;
    bool (*sample)(void *user, double time, const uint32_t *ids, const double *values, size_t count);
    void *user;
} nl_event_sampler;

typedef struct nl_sim_run {
    uint64_t steps;             /* at most */
    long until;                 /* probe with a condition that ends the run after the step in which it is true, or -1 */
    const nl_sampler *samplers;
    size_t sampler_count;
    const nl_train_sampler *trains;
    size_t train_count;
    const nl_event_sampler *at_events;
    size_t at_event_count;
    void (*progress)(void *user, uint64_t done, uint64_t total); /* every few milliseconds, or NULL */
    void *user;
    const volatile int *stop;
} nl_sim_run;

/* Steps; `done` tells how many steps were made. */
nl_sim_status nl_sim_advance(nl_sim *sim, const nl_sim_run *run, uint64_t *done, nl_sim_failure *failure);

/* The same for several lanes of one model, in step with each other: to the bit what each does alone, but connections
 * are read once for all of them.  Each has a run of its own; one whose run ends, by its condition or a failure, leaves
 * the others running.  `sims`, `runs`, `done`, `statuses` and `failures` have `count` items. */
void nl_sim_advance_together(nl_sim *const *sims, size_t count, const nl_sim_run *runs, uint64_t *done,
                             nl_sim_status *statuses, nl_sim_failure *failures);

/* At the end of a run: whether all states are finite, also those of synapses, which stepping does not look at. */
nl_sim_status nl_sim_check_states(nl_sim *sim, nl_sim_failure *failure);

uint64_t nl_sim_step(const nl_sim *sim);
double nl_sim_time(const nl_sim *sim);

/* The whole state in memory: snapshot / restore. */
typedef struct nl_sim_snapshot nl_sim_snapshot;
nl_sim_snapshot *nl_sim_save(const nl_sim *sim);
void nl_sim_restore(nl_sim *sim, const nl_sim_snapshot *snapshot);
void nl_sim_snapshot_free(nl_sim_snapshot *snapshot);
double nl_sim_snapshot_elapsed(const nl_sim_snapshot *snapshot); /* time from the start to it */

/* A snapshot as named tables, for files: rows are lags, or what happened; in coherent units. */
typedef struct nl_sim_array { const char *name; size_t shape[2]; const double *values; } nl_sim_array;
typedef NL_LIST(nl_sim_array) nl_sim_arrays;
void nl_sim_snapshot_arrays(nl_sim_snapshot *snapshot, nl_arena *arena, nl_sim_arrays *out);

/* A snapshot made of such tables: `find` fills in shape and values of a name, false where there is none.  NULL with the
 * reason where they are not of this network. */
nl_sim_snapshot *nl_sim_snapshot_from(const nl_sim *sim, nl_arena *arena, bool (*find)(void *user, nl_sim_array *array),
                                      void *user, const char **why);

/* Connectivity as built: for matrix(EE.w), indegree(EE), counts. */
struct nl_conn;
const struct nl_conn *nl_sim_conn(const nl_sim *sim, uint32_t projection);

/* Facts for `explain`: the delays of a pathway in steps; whether an event is located within the steps; whether a linear
 * equation is solved exactly, whatever its method. */
void nl_sim_path_steps(const nl_sim *sim, size_t pathway, uint32_t *low, uint32_t *high);
bool nl_sim_is_located(const nl_sim *sim, size_t event);
bool nl_sim_is_solved(const nl_sim *sim, uint32_t var);

/* Texts for `ir --stage ir|program` and `explain`. */
const char *nl_sim_text(nl_sim *sim, nl_arena *arena, const char *what);

#endif
