/* Shared by the files of lowering. */
#ifndef NL_IR_LOWER_IMPL_H
#define NL_IR_LOWER_IMPL_H

#include "base/text.h"
#include "lang/scheme.h"
#include "lower.h"

typedef struct env env;
typedef struct stepper stepper;

/* A term of a continuous statement: uniform * post * sum over synapses of (weight * pre), or a sum of general. */
typedef struct term {
    nl_ref uniform, post, pre; /* in the model's words, without PRE and POST; 0: 1 */
    nl_ref weight;             /* synapses' space, constant in time; 0: 1 */
    nl_ref general;            /* synapses' space: nothing could be taken out of the sum; others 0 */
} term;

typedef NL_LIST(term) terms;

/* States of a projection that are left alone between visits. */
typedef struct lazy {
    bool *rests;        /* by variable: linear, changed by events alone */
    nl_ref *drift;      /* by variable: its right side while the gate is closed, or 0 */
    nl_ref gate;        /* in the pre neurons' space: where states of synapses are stepped; 0: none */
    bool by_row;        /* all synapses of a pre neuron are visited together */
    uint32_t last;      /* memory over pre neurons or synapses: the step of the last visit */
    uint32_t gate_mem, open_mem;
} lazy;

/* A condition that events compare with what it was, and where that is kept. */
typedef struct test {
    nl_ref condition;
    uint32_t mem;
} test;

typedef struct lowering {
    nl_arena *arena;
    nl_diags *diags;
    const nl_model *model;
    nl_graph *graph;
    const nl_delay_range *delays;
    nl_lowered *out;
    uint32_t *var_mem, *prev_mem, *window_mem, *window_sum, *work_mem, *rate_mem;
    terms *flow_terms;   /* by flow of the model */
    NL_LIST(nl_prev_def) prevs;   /* the model's, then those made for projections */
    NL_LIST(nl_delay_def) dels;
    NL_LIST(nl_delay_range) ranges;
    NL_LIST(uint32_t) prev_mems;
    bool adaptive;
    bool sweeps_needed;  /* some delay can be shorter than a step */
    lazy **lazies;       /* by projection, or NULL */
    nl_event_code *events;
    nl_refractory_code *refractories;
    NL_LIST(test) tests;
    uint32_t *end_slope; /* by variable: its slope at the end of the last step,
                          * where sweeps are needed; else UINT32_MAX */
    uint8_t *known;      /* by node: what it depends on, plus 1; 0: not found yet */
    size_t known_room;
    stepper *stepper, *splitter; /* the second for steps in pieces, or NULL */
    bool *solved;
    nl_text notes;
} lowering;

/* What the model's leaves mean at one place of a step. */
struct env {
    lowering *lo;
    nl_ref offset;        /* time since the start of the step, in steps: CONST, or a node (adaptive methods, delays) */
    double place;         /* its number where it is constant, else NAN */
    bool is_shifted;      /* a delayed time: states are sampled from the past */
    bool is_euler;        /* a stage that is an Euler step, of a method of order 2; shifted: the same stage of an
                           * earlier step */
    bool is_after;        /* after the equations: the value before this step is still in memory */
    bool is_step;         /* a place of the step itself, which moves synapses whose gate is open */
    bool is_end;          /* .. with the clock of the step's end */
    double reach;         /* shifted: how far back in steps, at most */
    double latest;        /* shifted: its place at most */
    nl_ref *state;        /* by variable: the present value; NULL entries: memory */
    nl_ref *input;        /* by variable: sums made so far, or taken over from another environment */
    nl_ref *deriv;
    nl_ref *ahead_value, *ahead_slope; /* by variable: estimates of the end of this step, or NULL */
    nl_memo *memo;
    nl_span delay_span;   /* shifted: of the delay */
    nl_node_kind side;    /* shifted, with a delay for each synapse: PRE or POST, whose neurons are looked at; else 0 */
    env *seen_from[2];    /* this environment from the PRE and POST side */
    env *start;           /* the start of this step: slopes there */
    nl_roots *tested;     /* in conditions of populations: what the next step must know of them; else NULL */
    env *shifted;         /* list of delayed environments made from this one */
    env *next_shifted;
};

/* lower.c */
env *env_new(lowering *lo, nl_ref offset);
nl_ref env_eval(env *e, nl_ref model_node);
nl_ref env_deriv(env *e, uint32_t var);
uint32_t memory_add(lowering *lo, const char *name, uint32_t space, size_t count, uint32_t var);
void memory_want(lowering *lo, uint32_t mem, size_t lag); /* the ring must reach back that far */
uint32_t memory_slope(lowering *lo, uint32_t mem);        /* the ring of slopes beside a ring */
nl_ref load(lowering *lo, uint32_t mem);
nl_ref ring(lowering *lo, uint32_t mem, size_t lag, bool end);
nl_ref number(lowering *lo, double value);
nl_ref op1(lowering *lo, nl_op op, nl_ref a);
nl_ref op2(lowering *lo, nl_op op, nl_ref a, nl_ref b);
nl_ref op3(lowering *lo, nl_op op, nl_ref a, nl_ref b, nl_ref c);
void root_add(lowering *lo, nl_roots *roots, nl_ref node, uint32_t mem, bool next, nl_span span);
bool is_ode(const nl_var *var);
uint32_t variable_memory(lowering *lo, uint32_t var);
nl_ref bounded(env *e, uint32_t var, nl_ref value); /* clipped to the variable's bounds */

nl_ref env_step(env *e);                           /* the number of the step at this place */

/* lower_lazy.c */
void find_lazy(lowering *lo);
lazy *lazy_of(const lowering *lo, uint32_t var);     /* NULL: it is as it stands in memory */
bool is_caught_up(const env *e, uint32_t var);       /* the step visits it only where its memory is up to date */
nl_ref lazy_value(env *e, uint32_t var);
bool is_solved_exactly(lowering *lo, uint32_t var);  /* a linear equation of synapses that is read in events alone */
void lower_gates(lowering *lo);
void store_visits(lowering *lo, nl_roots *roots);
void lower_settling(lowering *lo);

/* lower_delay.c */
nl_ref env_delayed(env *e, uint32_t delay);           /* an NL_X_DELAY leaf */
nl_ref env_side(env *e, const nl_node *node);         /* PRE and POST in an environment with a delay for each synapse */
nl_ref seen(env *e, nl_ref node);                     /* a value of the neurons as the synapses of this side see it */
bool is_one_by_one(const env *e);                     /* a delay of its own for each element */
nl_ref not_one_by_one(env *e, const char *what);      /* reports what such a delay cannot reach */
nl_ref env_sampled(env *e, uint32_t var);             /* an NL_X_STATE leaf of a shifted environment */
nl_ref env_previous(env *e, uint32_t prev);           /* an NL_X_PREV leaf */
void check_delays(lowering *lo);

/* lower_flow.c */
enum { HAS_PRE = 1, HAS_POST = 2, HAS_OWN = 4, IS_DYNAMIC = 8 };
int dependence_of(lowering *lo, nl_ref ref);                     /* what a value in the synapses' space is made of */
nl_ref strip_to(lowering *lo, nl_ref ref, uint32_t space);       /* a value of one side alone, as its neurons see it */
void factor_flow(lowering *lo, size_t flow);
nl_ref env_input(env *e, uint32_t input);

/* lower_method.c */
bool lower_steps(lowering *lo);   /* what the states become */
void lower_stores(lowering *lo);  /* when all has been lowered that may ask for the past: the roots of a step */
bool is_euler(const lowering *lo, const nl_var *var); /* integrated by an explicit method of one stage */
bool split_linear(lowering *lo, nl_ref node, nl_node_kind kind, uint32_t id, nl_ref *slope, nl_ref *rest);

/* lower_event.c */
void lower_detection(env *end, nl_roots *roots);  /* what a step finds out at its end */
void lower_location(env *within, nl_roots *roots); /* what an adaptive step finds out within */
bool is_located(const lowering *lo, size_t event);
void run_synapse_event(env *after, size_t event, nl_ref *values); /* `when` of a projection: changes what it assigns */
nl_ref steps_now(lowering *lo);                    /* since the start; within a step of adaptive methods not whole */
void lower_event_code(lowering *lo);
void begin_events(lowering *lo);                   /* memory of what events leave behind */
nl_ref env_spiked(env *e, uint32_t event);
nl_ref held(lowering *lo, uint32_t population);    /* whether an element is refractory in the step being made */
nl_ref env_crossing(env *e, const nl_node *node);  /* a comparison of NL_X_OLD; 0: it is none */
nl_ref stays_if_held(lowering *lo, uint32_t var, nl_ref value, nl_ref step); /* .. in the step of this number */
bool is_held(const lowering *lo, uint32_t var);

/* lower_noise.c */
bool is_noisy(const lowering *lo, const nl_var *var);
nl_ref milstein(env *start, uint32_t var, nl_ref x);
bool check_noise_method(lowering *lo, const nl_var *var, nl_scheme scheme, const nl_tableau *tableau, const char *name);
const char *noise_reading(const lowering *lo, const nl_var *var, const nl_tableau *tableau);

#endif
