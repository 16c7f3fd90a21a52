/* Programs: what a set of expressions becomes so that a machine can run it in chunks.
 *
 * Input: roots (nodes of a lowered graph) and the memory that each is stored to.  Output: a list of blocks in order.  A
 * scalar block is straight-line code on numbers (space 0); a loop is straight-line code over the elements of one space,
 * run chunk by chunk with temporaries in registers of one chunk; between them stands what needs whole arrays:
 * propagation, sums over synapses.  All roots read memory as it is when the program begins: storing is simultaneous.
 *
 * What depends on nothing that changes while time runs (constants, slots, top-level arrays, parameters, element
 * numbers) is hoisted into the prologue, a program of its own that is run after nl_sim_reset and nl_sim_refresh. */
#ifndef NL_IR_PROGRAM_H
#define NL_IR_PROGRAM_H

#include "check/model.h"

/* Memory of a simulation.  A ring keeps the values of past steps: lag 0 is the present one.  */
typedef struct nl_mem {
    const char *name;   /* "X.x", "X.x slope", "delay(..)" */
    uint32_t space;
    size_t count;       /* elements; synapse spaces: known when connections are built, before programs run */
    size_t depth;       /* 1: no past.  n: lags 0 .. n-1 */
    bool fixed;         /* never written by step programs: parameters, weights (may be hoisted from) */
    bool single;        /* stored as floats; fixed, of synapses */
    uint32_t slope;     /* memory with the slopes of a ring, or UINT32_MAX */
    uint32_t var;       /* variable it belongs to, or UINT32_MAX */
} nl_mem;

typedef struct nl_memory {
    NL_LIST(nl_mem) mems;
} nl_memory;

typedef enum nl_root_kind {
    NL_ROOT_STORE, /* `node` is stored to `mem`, element by element */
    NL_ROOT_EMIT,  /* elements of `space` for which it is not 0 are put into list `mem` */
    NL_ROOT_ADD,   /* values over synapses, each added to what its neuron has in `mem` */
    NL_ROOT_SET    /* .. put there */
} nl_root_kind;

/* A root: what is done with `node`.  STORE with `next`: into the value of the coming step (visible after the ring was
 * rotated, or at the end of the program for memory without past), else into the present one. */
typedef struct nl_root {
    nl_ref node;
    uint32_t mem;
    uint8_t kind;
    bool next;
    bool to_pre;    /* ADD, SET: the pre neuron's, else the post neuron's */
    uint32_t space; /* EMIT, ADD, SET */
    nl_span span;   /* of the equation, for messages about its values */
} nl_root;

/* --- code --- */

typedef enum nl_operand_kind {
    NL_AT_NONE,
    NL_AT_SCALAR,   /* number in the scalar file: index */
    NL_AT_REGISTER, /* chunk register: index */
    NL_AT_VIEW,     /* array: index of a view; advances with the chunk */
} nl_operand_kind;

typedef struct nl_operand {
    uint8_t kind;
    uint32_t index;
} nl_operand;

/* What an instruction of a loop or scalar block does. */
typedef enum nl_instr_kind {
    NL_I_OP,        /* dst = op(args) */
    NL_I_PAIR,      /* two arithmetic operators in one: first, second, right (see exec/kernels.h) */
    NL_I_CHAIN,     /* dst = ((x0 y0 + c) + x1 y1) + x2 y2 ..; args: x0, y0, c, x1, y1, x2, y2 .. */
    NL_I_CHOOSE,    /* dst = `op` of args 0 and 1 ? args 2 : args 3; LT, LE or EQ */
    NL_I_COPY,      /* dst = a */
    NL_I_INDEX,     /* dst = number of the element */
    NL_I_GATHER,    /* dst = view a [ b ] */
    NL_I_TABLE,     /* dst = table id at time a, column b */
    NL_I_DRAW,      /* dst = draw id (args) */
    NL_I_SAMPLE,    /* dst = memory id at a steps from now, slope now b */
    NL_I_STENCIL,   /* dst = stencil of projection id over view a */
    NL_I_REDUCE,    /* scalar dst = reduction `op` of a over the loop */
    NL_I_PRE,       /* dst = view a [ pre neuron of the synapse ] */
    NL_I_POST,      /* .. post neuron */
    NL_I_SUM,       /* dst, one number per neuron, = sum of a over its synapses */
    NL_I_KEEP,      /* view dst = b where a is not 0 */
    NL_I_WIDEN,     /* dst = view a of floats */
    NL_I_EMIT,      /* elements for which a is not 0, or for which all tests of pairs of args hold, go to list id */
    NL_I_HIT,       /* elements that draw id (a), of bernoulli with one number for all, hits go to list `list` */
    NL_I_ADD,       /* view dst [ neuron of the synapse ] += a */
    NL_I_SET,       /* view dst [ neuron of the synapse ] = a */
    NL_I_TIME, NL_I_STEP
} nl_instr_kind;

/* A condition of EMIT: LT, LE or EQ of two operands; `either`: this one or the next, never the first of all. */
typedef struct nl_test { uint8_t op; bool fails, either; } nl_test;

enum { NL_CHAIN_TERMS = 4, NL_INSTR_ARGS = 2 * NL_CHAIN_TERMS + 1, NL_INSTR_TESTS = 3 };

typedef struct nl_instr {
    uint8_t kind, op;
    uint8_t first, second, right; /* PAIR; SUM, ADD, SET: right: to the pre population;
                                   * STENCIL: right: with the rule's weights */
    uint8_t arg_count;
    uint8_t test_count; /* EMIT */
    nl_test tests[NL_INSTR_TESTS];
    uint32_t id, list; /* list: HIT */
    nl_operand dst, args[NL_INSTR_ARGS];
    nl_ref node; /* what it computes: for dumps and messages */
} nl_instr;

typedef enum nl_segment_kind { NL_C_SCALAR, NL_C_LOOP, NL_C_PROPAGATE, NL_C_SYNAPSES } nl_segment_kind;

/* A block.  SYNAPSES is a loop over the synapses of projection `id`, where PRE and POST values are gathered by the
 * chunk's lists of neurons and results may be summed by neuron.  PROPAGATE reads `source` and `weights` (or none) and
 * fills `target`; a number of the scalar file serves as an array of one. */
typedef struct nl_segment {
    uint8_t kind;
    uint32_t space, level;
    size_t count;
    NL_LIST(nl_instr) instrs;
    uint32_t id;            /* PROPAGATE, SYNAPSES: projection */
    bool to_pre, rule;      /* rule: with the weights that came with the rule */
    nl_operand source, weights, target;
    nl_ref node;            /* PROPAGATE */
} nl_segment;

/* Where an array operand lives: memory of the simulation at a lag, a top-level array, or the program's own storage. */
typedef NL_LIST(nl_segment) nl_segments;

typedef enum nl_view_kind { NL_V_MEM, NL_V_ARRAY, NL_V_OWN } nl_view_kind;
typedef struct nl_view {
    uint8_t kind;
    uint32_t id;
    uint32_t lag;      /* MEM */
    bool end;          /* MEM: the left limit, where the value jumped at that time */
    bool next;         /* MEM: the value of the coming step */
    size_t offset;     /* first element (parts); OWN: of the array that view `id` stands for */
    size_t place;      /* OWN: where the array is in the own storage */
    size_t count;      /* elements */
    bool target;       /* MEM: a root is written here .. */
    bool scattered;    /* .. at the elements that instructions name */
    bool lasting;      /* OWN: made by the prologue, read by the body */
} nl_view;

typedef struct nl_scalar_load { uint32_t scalar, slot; } nl_scalar_load;
typedef struct nl_scalar_store { uint32_t scalar, view; nl_ref node; nl_span span; } nl_scalar_store;

typedef struct nl_program {
    const char *name;
    const nl_graph *graph;
    NL_LIST(nl_view) views;
    nl_segments prologue, body;
    NL_LIST(double) scalar_init; /* the scalar file's first contents: constants are preloaded */
    NL_LIST(nl_scalar_load) slots; /* scalars that hold slots: loaded by the prologue */
    NL_LIST(nl_scalar_store) stores; /* numbers stored at the end */
    NL_LIST(uint32_t) swaps;     /* memory without past whose present and coming values are exchanged at the end */
    size_t scalar_count, register_count;
    size_t own_doubles;          /* of all OWN views */
    const nl_root *roots;
    size_t root_count;
    uint32_t selected;           /* loops over this space run over the elements that the caller selects; or
                                  * NL_SELECT_NONE */
} nl_program;

#define NL_SELECT_NONE UINT32_MAX
#define NL_SELECT_GATED (UINT32_MAX - 1) /* the synapses that a step moves, of projections with a gate */

/* Compiles; everything is in the arena.  `selected`: see nl_program.  Passes in order: simplification, hoisting, levels
 * (what must be whole before what, and what crosses from one loop to another), emission (everything over one space and
 * level is one loop), superinstructions (pairs, then larger ones), order, stores in place, registers, storage. */
nl_program *nl_program_compile(nl_arena *arena, const nl_model *model, const nl_memory *memory, const char *name,
                               const nl_root *roots, size_t root_count, uint32_t selected);

/* Checks what every program promises (operands in range, read after written, no lost store); NULL or a sentence. */
const char *nl_program_verify(nl_arena *arena, const nl_program *program, const nl_memory *memory);

/* The listing, and the graph of the roots, for `netlang ir`. */
const char *nl_program_text(nl_arena *arena, const nl_program *program, const nl_model *model, const nl_memory *memory);
const char *nl_roots_text(nl_arena *arena, const nl_model *model, const nl_memory *memory, const char *name,
                          const nl_root *roots, size_t root_count);

#endif
