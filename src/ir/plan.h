/* The compiler's notes on the nodes of one program, shared by its passes.
 *
 * A *level* orders the blocks: at each level first numbers are computed, then whole arrays are propagated, then loops
 * run.  What needs another value over its whole space stands at a later level than the loop that makes that value.
 * Nodes are numbered so that arguments come before what is made of them; ascending order is an order of evaluation. */
#ifndef NL_IR_PLAN_H
#define NL_IR_PLAN_H

#include "program.h"

#define NL_NO_LEVEL UINT32_MAX

/* How a node reads an argument. */
typedef enum nl_reading {
    NL_READS_NOTHING,
    NL_READS_ELEMENT, /* the same element, or a number */
    NL_READS_WHOLE,   /* any element: all must be there */
    NL_READS_ALL_IN_TURN /* as the end of a loop over the argument's space: reductions, sums by neuron */
} nl_reading;

typedef struct nl_plan_node {
    uint32_t space;   /* 0 for what is one number, whatever space it was written in */
    uint32_t cost;    /* of an element, with everything that is not stored */
    nl_operand home;  /* where its value is found: from the beginning, or once it was computed */
    uint32_t earliest, level; /* level: where it is computed and stored */
    uint32_t deadline; /* last level at whose end it must be whole in memory; NL_NO_LEVEL: need not */
    bool fixed;       /* depends on nothing that changes in time */
    bool needed;      /* by the stage being built */
    bool whole, element; /* how it is read */
    bool stored;      /* in an array, for other blocks */
    bool root;        /* some output wants it, in this stage or an earlier one */
    bool early;       /* stored as soon as possible: keeps fewer arrays alive */
    uint64_t *uses;   /* levels of loops that use its elements: a bit each */
} nl_plan_node;

/* What a loop (or the scalar code) is for. */
typedef enum nl_output_kind {
    NL_OUT_ROOT, NL_OUT_STORED, NL_OUT_REDUCE, NL_OUT_SUM, NL_OUT_EMIT, NL_OUT_SCATTER
} nl_output_kind;
typedef struct nl_output {
    nl_output_kind kind;
    nl_ref node;
    uint32_t space, level;
    uint32_t view; /* ROOT, SCATTER: where to */
    const nl_root *of; /* EMIT, SCATTER */
} nl_output;

/* Prologue and body are built alike: a stage makes segments from outputs. */
typedef struct nl_stage {
    NL_LIST(nl_output) outputs; /* ROOT and STORED as demanded; the levels pass adds those of its own */
    NL_LIST(nl_ref) numbers;    /* numbers demanded */
    nl_segments segments;
    uint32_t levels, words;     /* words of a set of levels */
    bool is_body;
} nl_stage;

typedef struct nl_plan {
    nl_arena *arena;     /* of the program */
    nl_arena *scratch;   /* of these notes */
    const nl_model *model;
    nl_graph *graph;
    const nl_memory *memory;
    nl_program *program;
    nl_plan_node *nodes; /* by reference */
    size_t node_count, node_room;
    nl_root *roots;      /* with simplified nodes */
    size_t root_count;
    const bool *written; /* by memory: some root writes it */
} nl_plan;

static inline const nl_node *nl_plan_source(const nl_plan *plan, nl_ref ref) { return nl_graph_node(plan->graph, ref); }

/* program.c */
void nl_plan_extend(nl_plan *plan); /* notes for the nodes that the graph has by now */
nl_reading nl_node_reads(const nl_plan *plan, const nl_node *node, int arg);
size_t nl_plan_count(const nl_plan *plan, uint32_t space);
bool nl_node_is_stencil(const nl_plan *plan, nl_ref ref);
uint32_t nl_plan_view(nl_plan *plan, nl_view view);  /* one for equal views that are only read */
uint32_t nl_plan_target(nl_plan *plan, nl_view view); /* always a new one */
uint32_t nl_plan_own(nl_plan *plan, size_t count, bool lasting);
uint32_t nl_plan_part(nl_plan *plan, uint32_t view, size_t offset, size_t count); /* some elements of a view */
uint32_t nl_plan_scalar(nl_plan *plan, double first);
void nl_stage_mark(nl_plan *plan, nl_stage *stage);  /* sets `needed` */

static inline bool nl_has_home(const nl_plan_node *n) { return n->home.kind != NL_AT_NONE; }
static inline nl_operand nl_at(nl_operand_kind kind, uint32_t index) { return (nl_operand){ (uint8_t)kind, index }; }

/* Whether element i of the result depends on elements i alone, so that the result may take the place of an operand. */
static inline bool nl_instr_is_elementwise(const nl_instr *instr)
{
    return instr->kind == NL_I_OP || instr->kind == NL_I_PAIR || instr->kind == NL_I_CHAIN
           || instr->kind == NL_I_CHOOSE;
}

/* What an instruction does with operand k of a loop: an array read whole does not advance. */
bool nl_instr_reads_whole(const nl_instr *instr, int arg);

/* The passes, in order. */
void nl_pass_simplify(nl_plan *plan);
void nl_pass_hoist(nl_plan *plan, nl_stage *prologue, nl_stage *body);
void nl_pass_levels(nl_plan *plan, nl_stage *stage);
void nl_pass_emit(nl_plan *plan, nl_stage *stage);
void nl_pass_pairs(nl_plan *plan, nl_stage *prologue, nl_stage *body);
void nl_pass_fuse(nl_plan *plan, nl_stage *stage);
void nl_pass_schedule(nl_plan *plan, nl_stage *stage);
void nl_pass_stores(nl_plan *plan, nl_stage *body);
void nl_pass_keep(nl_plan *plan, nl_stage *stage);
void nl_pass_registers(nl_plan *plan, nl_stage *stage);
void nl_pass_storage(nl_plan *plan, nl_stage *prologue, nl_stage *body);

#endif
