/* From the checked model to what is computed: the variables' memory and, for each program, its roots.
 *
 * Everything is done by looking at the model through an *environment*: a rule for what a state, the clock, an input or
 * a derivative means at one place of a step.  The stages of a Runge-Kutta method, delayed times, the state after the
 * equations and the state at a sample are environments; the graph shares what they have in common. */
#ifndef NL_IR_LOWER_H
#define NL_IR_LOWER_H

#include "program.h"

/* Values that are computed once for each synapse: a factor of a continuous statement that does not change in time. */
typedef struct nl_weights_def {
    uint32_t projection;
    nl_ref node; /* in the synapses' space */
    uint32_t mem;
} nl_weights_def;

/* A system that is linear within one neuron: x' = A x + b.  After h: x = E x + F b with E = exp(A h), F = its
 * integral. */
typedef struct nl_exact_def {
    size_t size;
    const uint32_t *vars;
    const nl_ref *a;     /* size x size: coefficients, constant in time; 0: none */
    const uint32_t *e, *f; /* size x size: memory, UINT32_MAX where the entry is zero */
    uint32_t space;
} nl_exact_def;

typedef NL_LIST(nl_root) nl_roots;

/* What is done with an event.  Elements that fire are put into the list of its number by the step (TIMES: by whoever
 * steps); in a population of one `flag` is set instead. */
typedef struct nl_event_code {
    uint32_t flag;       /* or UINT32_MAX */
    uint32_t spiked;     /* memory that is 1 for the elements that fired last, UINT32_MAX where nothing reads it */
    uint32_t held_before; /* memory: whether the condition of an EDGE was true at the last detection; UINT32_MAX */
    uint32_t fires, holds; /* ADAPTIVE, located within the step: whether it fires at this place, and its condition
                            * there; else UINT32_MAX */
    uint32_t mask;       /* set for the elements while the body runs, where it cannot be run for them alone;
                          * else UINT32_MAX */
    nl_roots body;       /* for the elements that fired */
} nl_event_code;

/* What is done for the neurons that fired and for their synapses, one after the other. */
typedef struct nl_pathway_code {
    nl_roots neurons, synapses;
} nl_pathway_code;

typedef struct nl_refractory_code {
    uint32_t list;       /* of the elements that are refractory after the step, or UINT32_MAX */
    uint32_t state;      /* memory: the last step without spikes, or (`while`) whether there are none */
} nl_refractory_code;

/* Synapses whose states move only with those of their pre neurons for which `gate` is not 0. */
typedef struct nl_gate_code {
    uint32_t projection;
    nl_roots catch_up;   /* for synapses whose gate opens: brings their states up to now */
    uint32_t gate, last; /* memory over the pre neurons: whether it is open; the step up to which synapses are moved */
    uint32_t open;       /* .. whether it was open for its own sake in the last step; 1 where states were put in
                          * place */
} nl_gate_code;

/* How a step is made. */
typedef enum nl_stepping {
    NL_STEP_FIXED,    /* `step` is all */
    NL_STEP_ADAPTIVE, /* `begin`, then `substep` as often as needed, then `step` */
    NL_STEP_STIFF     /* `begin`, then an integrator that calls `substep` for right sides, then `step` */
} nl_stepping;

/* Bounds of a delay, found before lowering. */
typedef struct nl_delay_range { double low, high; } nl_delay_range;

typedef struct nl_lowered {
    nl_stepping stepping;
    nl_memory memory;
    const uint32_t *var_mem;     /* by variable; UINT32_MAX for inputs, and for synaptic parameters that nothing
                                  * reads */
    const uint32_t *work_mem;    /* ADAPTIVE, STIFF: by variable: the state within the step; UINT32_MAX: none */
    const uint32_t *rate_mem;    /* STIFF: by variable: its derivative */
    uint32_t sigma, h, error;    /* ADAPTIVE, STIFF: scalars: place in the step (in
                                  * steps), length (ADAPTIVE), scaled error */
    uint32_t jumped;             /* scalar: 1 while the present state is one that jumped, UINT32_MAX: never read */
    int order;                   /* of an adaptive method: of its lower formula, for the choice of h */
    nl_roots first;              /* previous values and windows at the start of time */
    nl_roots begin, substep, step;
    /* FIXED, with delays that are no multiple of dt: the same step in pieces that end where a jump of the past arrives,
     * so that it keeps its order there. */
    bool splits;
    nl_roots split_begin, split_substep, split_step;
    const nl_roots *blocks;      /* by block of the model; empty for `every step` */
    NL_LIST(nl_weights_def) weights;
    NL_LIST(nl_exact_def) exacts;
    NL_LIST(uint32_t) ones;      /* memory filled with 1 */
    const bool *solved;          /* by variable: its linear equation is solved exactly, whatever its method */
    const nl_event_code *events;             /* by event of the model */
    const nl_pathway_code *pathways;         /* by pathway */
    const nl_refractory_code *refractories;  /* by refractory */
    uint32_t list_count;         /* events, then refractories */
    NL_LIST(nl_gate_code) gates;
    nl_roots detect;             /* ADAPTIVE: conditions of events at a place within the step */
    nl_roots gate_roots;         /* computed before the step */
    NL_LIST(uint32_t) visits;    /* memory of last visits and crossings: 0 at the start */
    const nl_roots *settle;      /* by projection: brings the memory of its states up to now; empty: it is */
    const nl_prev_def *prevs;    /* the model's and those made for projections */
    const uint32_t *prev_mem;    /* by previous value; UINT32_MAX: kept in the variable's own ring */
    size_t prev_count;
    const uint32_t *window_mem, *window_sum; /* by windowed mean */
    const char *notes;           /* what was found about each continuous statement and equation, for `explain` */
} nl_lowered;

/* Lowers the steps and blocks of a model and its probes; NULL with diagnostics where a method does not suit.  probes[k]
 * becomes probe_roots[k], each stored to a memory of its own. */
nl_lowered *nl_lower(nl_arena *arena, const nl_model *model, const nl_delay_range *delays, const nl_ref *probes,
                     const size_t *probe_counts, size_t probe_count, nl_root *probe_roots, nl_diags *diags);

#endif
