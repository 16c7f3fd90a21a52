/* Shared by the files of the simulation. */
#ifndef NL_EXEC_SIM_IMPL_H
#define NL_EXEC_SIM_IMPL_H

#include "connect.h"
#include "direct.h"
#include "ir/lower.h"
#include "machine.h"
#include "sim.h"

/* Probes that are read together: one program. */
typedef struct probe_group {
    size_t *probes;
    size_t count;
    nl_machine *machine;
} probe_group;

typedef struct stiff_solver stiff_solver;

/* An event while stepping. */
typedef struct event_run {
    nl_machine *body;    /* or NULL */
    size_t depth;        /* of the log */
    nl_fired *log;       /* by step modulo depth: who fired; NULL where nothing travels with a delay */
    uint64_t *busy;      /* the steps of the log in which somebody fired, ascending: a ring of `depth` places .. */
    size_t busy_first, busy_count;
    nl_fired last;       /* where `spiked` is set */
    nl_fired located;    /* who fired within the step that is being made */
    double *place;       /* by element: where it fired last within this step; NULL where events are not located .. */
    uint8_t *at_once;    /* .. and how often in a row it did as good as at once */
    uint64_t *steps;     /* TIMES: at which they fire .. */
    size_t cursor;       /* .. and the first that is still to come */
} event_run;

/* A pathway while stepping. */
typedef struct pathway_run {
    nl_machine *neurons, *synapses; /* or NULL */
    uint32_t low, high;  /* delays in steps */
    nl_fired part;       /* numbers of neurons within the part */
} pathway_run;

typedef struct step_range { uint32_t low, high; } step_range;
/* Who is on the way, and who fired last: by event of the model. */
typedef struct event_snapshot { nl_fired **logs, *last; } event_snapshot;

/* What simulations of one model have in common: made by the first of them, freed with the last. */
typedef struct sim_common {
    size_t users;
    nl_arena *arena; /* of the first, too */
    NL_LIST(const nl_program *) programs;
} sim_common;

struct nl_sim {
    const nl_model *model;
    nl_diags *diags;
    nl_arena *arena;
    sim_common *common;        /* with its lanes; those marked * live there */
    nl_direct direct;
    const double **values;     /* by variable: for nl_direct */
    nl_conn **conns;           /* * by projection */
    bool is_built;             /* connections and parameters are there */
    const nl_delay_range *delays; /* * by delay of the model */
    nl_lowered *lowered;       /* * */
    nl_store store;
    bool has_store;
    nl_machine *first, *begin, *substep, *step;
    nl_machine *split_begin, *split_substep, *split_step; /* NULL where steps are never split */
    nl_machine **blocks;       /* by block of the model; NULL: `every step` */
    event_run *events;         /* by event of the model */
    pathway_run *pathways;     /* by pathway */
    step_range *path_delays;   /* * by pathway: in steps .. */
    nl_conn_order **path_orders; /* * .. and their synapses by delay; NULL: as they are stored, or all at once */
    nl_machine *detect;        /* of adaptive methods: conditions within a step, or NULL */
    nl_machine *gates;         /* before each step: which synapses move, or NULL */
    nl_machine **catch_up;     /* by gate */
    uint32_t *late;            /* pre neurons whose gate opens */
    nl_selection *gate_selections, **active; /* by gate; by projection, or NULL */
    nl_machine **settlers;     /* by projection: bring states up to now; NULL until needed */
    double **held_values;      /* by refractory: what is held while input is delivered */
    bool has_events, has_slopes, is_within; /* is_within: an event within an adaptive step is happening */
    size_t located_count;      /* of places in this step at which something happened */
    const nl_sim_run *run;     /* the observers while stepping, or NULL */
    double *at_event_values;
    bool *odd_said;            /* * by draw of the model: a probability that was none has been reported */
    nl_root *probe_roots;      /* * */
    nl_probe *probes;          /* * */
    size_t probe_count;
    NL_LIST(probe_group *) groups;
    double *numbered;          /* values of synapses in the order of their numbers, for nl_sim_values; or NULL */
    bool *overridden;          /* by variable: a parameter that was set by hand keeps its values */
    uint32_t *rotating;        /* memory with a past that each step adds to */
    size_t rotating_count;
    size_t state_elements;     /* of all states: decides how often they are searched for NaN */
    double h;                  /* the adaptive method's own step */
    stiff_solver *stiff;
};

/* A simulation that makes a step, alone or beside others. */
typedef struct sim_lane {
    nl_sim *sim;
    nl_sim_status status;
    nl_sim_failure *failure;
} sim_lane;

/* Room for steps of several lanes. */
typedef struct sim_together {
    nl_machine_turn *turns;
    sim_lane **turning;     /* whose they are */
    nl_machine_room room;
} sim_together;

static inline const nl_event *sim_event_of(const nl_sim *sim, size_t event)
{
    return &sim->model->events.items[event];
}

static inline size_t sim_population_count(const nl_sim *sim, uint32_t population)
{
    return sim->model->populations.items[population].count;
}

static inline uint32_t sim_population_space(const nl_sim *sim, uint32_t population)
{
    return sim->model->populations.items[population].space;
}

/* sim.c */
const nl_conn *sim_conn_by_pre(const nl_sim *sim, uint32_t space); /* NULL: places are numbers */
size_t sim_element_number(const nl_sim *sim, uint32_t space, size_t place);

/* sim_state.c */
void sim_repoint(nl_sim *sim);      /* values[] to where the store has them now */
nl_sim_status sim_prepare(nl_sim *sim, nl_sim_failure *failure); /* all that is computed once per run of programs */
void sim_jump(nl_sim *sim);         /* the present states are about to be changed from outside */
bool sim_jumped_now(const nl_sim *sim);
void sim_drop_jumps(nl_sim *sim);

/* sim_step.c */
nl_sim_status sim_make_step(nl_sim *sim, nl_sim_failure *failure);
sim_together sim_room_together(nl_sim *const *sims, size_t count, nl_arena *arena);
/* One step each, of lanes that are well. */
void sim_make_steps(sim_lane *const *lanes, size_t count, sim_together *together);
nl_sim_status sim_run_machine(nl_sim *sim, nl_machine *machine, nl_sim_failure *failure);
nl_sim_status sim_check_finite(nl_sim *sim, bool with_synapses, nl_sim_failure *failure);
nl_sim_status sim_run_selected(nl_sim *sim, nl_machine *machine, const nl_selection *selection,
                               nl_sim_failure *failure);
void sim_states_changed(nl_sim *sim); /* a multi-step integrator starts anew */
bool sim_stiff_fits(nl_sim *sim);
void sim_stiff_free(nl_sim *sim);

void sim_set_number(nl_sim *sim, uint32_t mem, double value); /* UINT32_MAX: nothing */
void sim_accept_work(nl_sim *sim);

/* sim_locate.c */
nl_sim_status sim_start_located(nl_sim *sim, nl_sim_failure *failure); /* when time begins */
nl_sim_status sim_begin_located(nl_sim *sim, nl_sim_failure *failure); /* when a step of the grid begins */
/* Accepts a piece of length *h that begins at this place (in steps), or its part up to the first event, which
 * happens. */
nl_sim_status sim_accept_located(nl_sim *sim, double place, double *h, nl_sim_failure *failure);
double sim_next_release(nl_sim *sim, double place);

/* sim.c */
nl_machine *sim_compile(nl_sim *sim, const char *name, const nl_root *roots, size_t count, uint32_t selected);
nl_sim_status sim_probe_value(nl_sim *sim, size_t probe, const double **values, nl_sim_failure *failure);
bool sim_probe_is_repeated(const nl_sim *sim, size_t probe);

/* sim_event.c */
void sim_list_reserve(nl_fired *list, size_t room);
void sim_list_set(nl_fired *list, const uint32_t *ids, size_t count);
void sim_list_add(nl_fired *list, const nl_fired *more); /* keeps it ascending, each once */
void sim_list_push(nl_fired *list, uint32_t id);
void sim_make_lists(nl_sim *sim); /* before programs are compiled */
bool sim_check_refractory(nl_sim *sim);
void sim_make_events(nl_sim *sim);
void sim_prepare_events(nl_sim *sim);
void sim_reset_events(nl_sim *sim);
void sim_reset_events_of(nl_sim *sim, uint32_t population);
void sim_begin_detection(nl_sim *sim); /* before a step */
nl_sim_status sim_run_events(nl_sim *sim, nl_sim_failure *failure);
nl_sim_status sim_run_located(nl_sim *sim, nl_sim_failure *failure); /* what is in the lists happens now */
/* A program for these elements, or once where `space` is 0; `machine` may be NULL. */
nl_sim_status sim_run_list(nl_sim *sim, nl_machine *machine, uint32_t space, const uint32_t *ids, size_t count,
                           nl_sim_failure *failure);
void sim_free_events(nl_sim *sim);
event_snapshot *sim_save_events(const nl_sim *sim);
void sim_restore_events(nl_sim *sim, const event_snapshot *snapshot);
void sim_free_event_snapshot(const nl_sim *sim, event_snapshot *snapshot);

/* sim_path.c */
bool sim_find_path_delays(nl_sim *sim); /* when connections are built; orders synapses by delay where those differ */
bool sim_find_path_orders(nl_sim *sim); /* when they are in that order: where other delays differ, too */
void sim_free_path_orders(nl_sim *sim);

/* sim_deliver.c */
void sim_log_fired(nl_sim *sim, size_t event);
void sim_find_busy(const nl_sim *sim, event_run *run); /* from the log, as of now */
bool sim_brings_something(const nl_sim *sim, size_t pathway);
nl_sim_status sim_deliver(nl_sim *sim, nl_sim_failure *failure);

/* sim_gate.c */
void sim_make_gates(nl_sim *sim);    /* before programs are compiled */
void sim_make_catch_up(nl_sim *sim); /* when they are */
nl_sim_status sim_open_gates(nl_sim *sim, nl_sim_failure *failure);
void sim_open_for_a_step(nl_sim *sim, uint32_t mem);
void sim_open_for_variable(nl_sim *sim, uint32_t var); /* after its memory was changed from outside */
void sim_settle_variable(nl_sim *sim, uint32_t var);   /* before it is read or changed */

#endif
