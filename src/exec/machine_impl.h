/* Shared by the files of the machine: programs with all operands resolved to pointers. */
#ifndef NL_EXEC_MACHINE_IMPL_H
#define NL_EXEC_MACHINE_IMPL_H

#include "machine.h"

typedef struct step step;

/* What is not a kernel: fills dst for elements at .. at+n-1; args point to their first element there. */
typedef void (*step_fn)(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                        size_t n);

/* How a step reads an operand: one number, the number of the row, or that of the element. */
enum { STEP_NUMBER = 0, STEP_ROW = 1, STEP_ELEMENT };

/* One instruction of a loop. */
struct step {
    nl_kernel kernel;           /* or NULL: `run` */
    double *dst;
    const double *args[NL_INSTR_ARGS];
    size_t dst_moves, moves[NL_INSTR_ARGS]; /* all ones where the operand advances with the chunk, else 0 */
    uint8_t arg_count;
    step_fn run;
    const nl_instr *instr;
    size_t source_count;        /* GATHER: elements of the source */
    nl_stream stream;           /* DRAW, HIT */
    nl_rare *rare;              /* .. of bernoulli: of the last probability */
    const double *numbers;      /* INDEX of synapses that have other numbers than places; else NULL */
    nl_reduction *reduction;    /* REDUCE */
    nl_test_kernel tests[NL_INSTR_TESTS]; /* EMIT */
    double *whole;              /* STENCIL that is better made at once: the array */
    size_t dst_count;           /* SUM: neurons */
    size_t element_count;       /* HIT: of the loop */
    size_t columns;             /* in a matrix: of a row */
    uint32_t seen_by;           /* .. PRE: the projection */
    nl_kernel row_kernel;       /* .. run row by row, or NULL */
    uint8_t reads[NL_INSTR_ARGS]; /* STEP_ELEMENT .. */
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

/* An array whose elements are collected before, or brought back after, a chunk of selected elements. */
typedef struct collected {
    const double *from;
    double *to;             /* one of both is the array .. */
    double *chunk;          /* .. and this its chunk */
    bool stays;             /* mostly: what is not chosen is not needed from memory */
} collected;

/* What a row of synapses adds to the post neurons: number, weight of each synapse, or both multiplied. */
typedef struct row_add {
    const step *add, *number, *weights;
    uint8_t number_arg, weights_arg;
    bool by_neuron;         /* the number is one of each pre neuron */
    bool floats;            /* the weights are */
} row_add;

/* A loop over selected elements. */
typedef struct selected_loop {
    step *steps;            /* with chunks in place of arrays */
    collected *reads, *writes;
    size_t read_count, write_count;
    row_add *adds;          /* all that the loop does, or NULL */
    size_t add_count;
} selected_loop;

typedef struct block {
    const nl_segment *segment;
    size_t count, chunk;        /* elements; as many as are run at once */
    scalar_instr *code;         /* SCALAR */
    const double **fetched;     /* .. its pointers into memory */
    step *steps;                /* LOOP, SYNAPSES; SCALAR: instructions of their own kind */
    size_t step_count;
    uint32_t *sums;             /* steps that reduce or sum by neuron */
    size_t sum_count;
    bool needs_pairs;           /* SYNAPSES: pre and post neurons of each synapse */
    const double *condition;    /* .. nothing is done while this is 0; or NULL */
    const double *source, *weights; /* PROPAGATE */
    double *target;
    selected_loop *selected;    /* NULL: never over a selection */
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
    const uint32_t *pre, *post; /* neurons of a chunk of synapses */
    uint32_t pre_room[NL_CHUNK], post_room[NL_CHUNK];
    bool is_row;                /* they have one pre neuron */
    const uint64_t *elements;   /* of a chunk of selected elements; NULL: they follow each other */
    uint64_t element_room[NL_CHUNK];
    const nl_selection *selection;
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

/* Number of element i of a chunk that begins at `at`. */
static inline uint64_t machine_element(const nl_machine *machine, size_t at, size_t i)
{
    return machine->elements != NULL ? machine->elements[i] : at + i;
}

static inline bool machine_scatters(const nl_instr *instr)
{
    return instr->kind == NL_I_ADD || instr->kind == NL_I_SET;
}

static inline bool machine_sees_neurons(const nl_instr *instr)
{
    return instr->kind == NL_I_PRE || instr->kind == NL_I_POST;
}

/* The numbers of a synapse's neurons, for something else than to read them. */
static inline bool machine_needs_pairs(const nl_instr *instr)
{
    return instr->kind == NL_I_SUM || machine_scatters(instr)
           || (instr->kind == NL_I_SAMPLE && (instr->right == 1 || instr->right == 2));
}

/* machine.c: operands, found anew when memory turns. */
void machine_bind_read(nl_machine *machine, nl_operand at, const double **pointer);
void machine_bind_written(nl_machine *machine, nl_operand at, double **pointer);
void machine_add_place(nl_machine *machine, uint32_t view, const double **read, double **written);
double *machine_new_chunk(nl_machine *machine);

/* machine_select.c */
void machine_bind_selected(nl_machine *machine, block *b);
const nl_selection *machine_selection(const nl_machine *machine, const block *b);
void machine_run_selected(nl_machine *machine, const block *b, const nl_selection *selection);
void machine_run_chunk(nl_machine *machine, const block *b, size_t at, size_t n);

/* machine.c: those blocks of the body, of a machine that has begun and finishes. */
bool machine_begin(nl_machine *machine);
void machine_run_blocks(nl_machine *machine, const code *c, size_t from, size_t end);
bool machine_finish(nl_machine *machine, nl_machine_fault *fault);

/* machine_dense.c */
void machine_bind_dense(nl_machine *machine, block *b); /* where b is the loop over a matrix */

/* machine_loop.c */
step_fn machine_step_fn(nl_instr_kind kind);
nl_test_kernel machine_test(const nl_kernel_table *kernels, const nl_instr *instr, int test);
nl_kernel machine_kernel(const nl_kernel_table *kernels, const nl_instr *instr);
void machine_run_loop(nl_machine *machine, const block *b);
void machine_propagate(nl_machine *machine, const block *b);
double *machine_target(nl_machine *machine, const block *b); /* of propagation; what is outside of the part is 0 */

/* machine_scalar.c */
void machine_run_scalars(nl_machine *machine, const block *b);

/* machine_sample.c */
void machine_sample(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n);

#endif
