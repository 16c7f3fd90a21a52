/* Shared by the files of the machine: programs with all operands resolved to pointers. */
#ifndef NL_EXEC_MACHINE_IMPL_H
#define NL_EXEC_MACHINE_IMPL_H

#include "machine.h"

typedef struct step step;

/* What is not a kernel: fills dst for elements at .. at+n-1; args point to their first element there. */
typedef void (*step_fn)(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                        size_t n);

/* One instruction of a loop. */
struct step {
    nl_kernel kernel;           /* or NULL: `run` */
    double *dst;
    const double *args[NL_NODE_ARGS];
    size_t dst_moves, moves[NL_NODE_ARGS]; /* all ones where the operand advances with the chunk, else 0 */
    uint8_t arg_count;
    step_fn run;
    const nl_instr *instr;
    size_t source_count;        /* GATHER: elements of the source */
    nl_stream stream;           /* DRAW */
    const double *numbers;      /* INDEX of synapses that have other numbers than places; else NULL */
    nl_reduction *reduction;    /* REDUCE */
    double *whole;              /* STENCIL that is better made at once: the array */
    size_t dst_count;           /* SUM: neurons */
};

/* One instruction of scalar code.  Codes: the operators, then the pairs, then these. */
enum {
    SCALAR_PAIR = NL_OP_COUNT,
    SCALAR_FETCH = SCALAR_PAIR + 4 * 4 * 2,
    SCALAR_TIME,
    SCALAR_STEP,
    SCALAR_OTHER,
    SCALAR_END,
    SCALAR_CODE_COUNT
};

typedef struct scalar_instr {
    uint32_t code, dst, a, b, c; /* numbers of the scalar file; FETCH: a: pointer; OTHER: a: step */
} scalar_instr;

typedef struct block {
    const nl_segment *segment;
    size_t count;
    scalar_instr *code;         /* SCALAR */
    const double **fetched;     /* .. its pointers into memory */
    step *steps;                /* LOOP, SYNAPSES; SCALAR: instructions of their own kind */
    size_t step_count;
    uint32_t *sums;             /* steps that reduce or sum by neuron */
    size_t sum_count;
    bool needs_pairs;           /* SYNAPSES: pre and post neurons of each synapse */
    const double *source, *weights; /* PROPAGATE */
    double *target;
} block;

typedef struct code {
    block *blocks;
    size_t count;
} code;

/* A pointer that a view determines. */
typedef struct place {
    uint32_t view;
    const double **read;
    double **written; /* one of both */
} place;
typedef NL_LIST(place) places;

struct nl_machine {
    const nl_program *program;
    nl_store *store;
    const nl_kernel_table *kernels;
    nl_propagate_kernels propagate;
    nl_arena *arena;
    double *scalars, *registers, *own;
    code prologue, body;
    places all, moving; /* moving: to be found anew at each run, for the memory turns */
    double **stores;    /* where numbers go at the end */
    uint64_t generation;
    uint32_t pre[NL_CHUNK], post[NL_CHUNK]; /* neurons of a chunk of synapses */
    double *scratch;    /* of propagation */
    nl_machine_fault fault;
    bool failed, prologue_failed;
};

/* The first fault is kept. */
void machine_fail(nl_machine *machine, nl_ref node, size_t element, double value);

static inline const nl_conn *machine_conn(const nl_machine *machine, uint32_t projection)
{
    return machine->store->conns[projection];
}

static inline const nl_projection *machine_projection(const nl_machine *machine, uint32_t projection)
{
    return &machine->store->model->projections.items[projection];
}

/* machine_loop.c */
step_fn machine_step_fn(nl_instr_kind kind);
nl_kernel machine_kernel(const nl_kernel_table *kernels, const nl_instr *instr);
void machine_run_loop(nl_machine *machine, const block *b);
void machine_propagate(nl_machine *machine, const block *b);

/* machine_scalar.c */
void machine_run_scalars(nl_machine *machine, const block *b);

/* machine_sample.c */
void machine_sample(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n);

#endif
