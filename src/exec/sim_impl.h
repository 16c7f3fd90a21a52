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

struct nl_sim {
    const nl_model *model;
    nl_diags *diags;
    nl_arena *arena;
    nl_direct direct;
    const double **values;     /* by variable: for nl_direct */
    nl_conn **conns;           /* by projection */
    bool is_built;             /* connections and parameters are there */
    const nl_delay_range *delays; /* by delay of the model */
    nl_lowered *lowered;
    nl_store store;
    bool has_store;
    nl_machine *first, *begin, *substep, *step;
    nl_machine *split_begin, *split_substep, *split_step; /* NULL where steps are never split */
    nl_machine **blocks;       /* by block of the model; NULL: `every step` */
    nl_root *probe_roots;
    nl_probe *probes;
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
nl_sim_status sim_run_machine(nl_sim *sim, nl_machine *machine, nl_sim_failure *failure);
nl_sim_status sim_check_finite(nl_sim *sim, nl_sim_failure *failure);
void sim_states_changed(nl_sim *sim); /* a multi-step integrator starts anew */
bool sim_stiff_fits(nl_sim *sim);
void sim_stiff_free(nl_sim *sim);

#endif
