/* Resolved expressions: one graph of nodes, hash-consed (equal expressions are one node) and folded as they are
 * made.  The checked model is made of such nodes, and lowering turns them into other nodes of the same graph.
 *
 * Every node has a *space*: 0 for one number, else an index range (the neurons of a population, the synapses of a
 * projection, the elements of an array); its value is one number for each element of the space.  Elementwise
 * operators broadcast numbers (space 0) and demand otherwise equal spaces. */
#ifndef NL_LANG_EXPR_H
#define NL_LANG_EXPR_H

#include "base/source.h"
#include "op.h"

typedef uint32_t nl_ref; /* a node; 0: none */

typedef enum nl_node_kind {
    NL_X_NONE,
    /* leaves of a checked model */
    NL_X_CONST,  /* number */
    NL_X_SLOT,   /* id: a top-level number that `set` can change */
    NL_X_ARRAY,  /* id: a top-level array, elements in row-major order */
    NL_X_INDEX,  /* number of the element within the space: 0, 1, .. */
    NL_X_TIME,   /* clock, coherent units */
    NL_X_STEP,   /* clock, whole steps */
    NL_X_STATE,  /* id: variable */
    NL_X_PARAM,  /* id: variable with one value per element, fixed before time starts (but for `set`) */
    NL_X_INPUT,  /* id: variable: the sum of what projections bring */
    NL_X_DERIV,  /* id: variable: the right side of its equation */
    NL_X_PREV,   /* id: previous value */
    NL_X_DELAY,  /* id: delayed value */
    NL_X_WINDOW, /* id: windowed mean */
    NL_X_DRAW,   /* id: draw; args: of the distribution */
    NL_X_SPIKED, /* id: event: whether the element fired in the last step */
    NL_X_OLD,    /* value at the start of the step; only in conditions of events */
    /* structure */
    NL_X_OP,     /* op, args */
    NL_X_GATHER, /* source (any space but 0), index (whole numbers): source[index] */
    NL_X_PART,   /* source; id: first element: the elements id .. id + count of the space - 1 of it */
    NL_X_REDUCE, /* id: nl_reduction_kind; source: a number.  number: how many
                  * elements, where the source may have folded */
    NL_X_PRE,    /* value in the pre population's space, seen by each synapse of a projection */
    NL_X_POST,   /* .. in the post population's */
    NL_X_TABLE,  /* id: table; time, column index (0 where the table has one column) */
    /* made by lowering */
    NL_X_LOAD,      /* id: memory array */
    NL_X_RING,      /* id: ring; number: lag in whole steps (0: now); arg0 != 0: its slope; flag `end`: left limit
                     * where the value jumped */
    NL_X_SAMPLE,    /* id: ring; arg0: time in steps from the start of this step (negative: past), arg1: slope now (or
                     * none); number: 0, or what each synapse sees of its pre (1) or post (2) neuron, or the one neuron
                     * there is (3) */
    NL_X_PROPAGATE, /* id: projection; arg0: source over its pre (or post) population; arg1: weights (synapse space) or
                     * none; `end`: the rule's own weights; number: 1 when towards pre */
    NL_X_SYNAPSE_SUM, /* id: projection; arg0: value per synapse (synapse space); number: 1 when towards pre */
    NL_X_KIND_COUNT
} nl_node_kind;

/* A row of the reductions: what `sum(x)` etc. of a whole space mean (norm = sqrt(sum of squares), mean and std are
 * composed from these by the resolver). */
typedef enum nl_reduction_kind {
    NL_R_SUM, NL_R_MIN, NL_R_MAX, NL_R_SUMSQ, NL_R_PROD, NL_R_ANY, NL_R_ALL, NL_R_ARGMIN, NL_R_ARGMAX
} nl_reduction_kind;

enum { NL_NODE_ARGS = 4 };

typedef struct nl_node {
    uint8_t kind; /* nl_node_kind */
    uint8_t op;   /* nl_op of NL_X_OP */
    uint8_t arg_count;
    bool is_bool;
    bool end;     /* NL_X_RING, NL_X_PROPAGATE */
    uint32_t space;
    uint32_t id;
    nl_ref args[NL_NODE_ARGS];
    double number;
    nl_dim dim;
} nl_node;

typedef enum nl_space_kind { NL_SPACE_ONE, NL_SPACE_POPULATION, NL_SPACE_SYNAPSES, NL_SPACE_ARRAY } nl_space_kind;

/* A population of one element lives in space 0, like every other number. */
typedef struct nl_space {
    nl_space_kind kind;
    const char *name;
    size_t count;      /* of elements; synapses: known only when the projection is built (then set) */
    int rank;          /* of its shape: grids, arrays */
    size_t shape[8];
    uint32_t owner;    /* population or projection */
} nl_space;

typedef struct nl_graph nl_graph;

nl_graph *nl_graph_new(nl_arena *arena);
size_t nl_graph_size(const nl_graph *graph);
const nl_node *nl_graph_node(const nl_graph *graph, nl_ref ref);

/* From now on a value over a space may fold to one number (0 * x is 0 whatever x is a population of).  Until then nodes
 * keep their space, which says how many elements an expression has. */
void nl_graph_fold_freely(nl_graph *graph);

uint32_t nl_graph_add_space(nl_graph *graph, const nl_space *space); /* its number, from 1 */
nl_space *nl_graph_space(const nl_graph *graph, uint32_t number);
/* The array space with this shape (one per shape), for gathered and top-level arrays. */
uint32_t nl_graph_array_space(nl_graph *graph, int rank, const size_t *shape);

/* The node equal to *node, made if it is new.  Folds constants and neutral operations (x + 0, x * 1, x * 0, a choice
 * with a constant condition ..) where that changes no finite result but for the sign of a zero.  The space of NL_X_OP
 * follows from the arguments. */
nl_ref nl_graph_add(nl_graph *graph, const nl_node *node);

/* Shorthands. */
nl_ref nl_expr_const(nl_graph *graph, double number, nl_dim dim);
nl_ref nl_expr_bool(nl_graph *graph, bool condition);
nl_ref nl_expr_op(nl_graph *graph, nl_op op, const nl_ref *args, int count, nl_dim dim);
nl_ref nl_expr_op1(nl_graph *graph, nl_op op, nl_ref a);
/* Dimension by the op's rule; callers have checked it. */
nl_ref nl_expr_op2(nl_graph *graph, nl_op op, nl_ref a, nl_ref b);
nl_ref nl_expr_op3(nl_graph *graph, nl_op op, nl_ref a, nl_ref b, nl_ref c);
nl_ref nl_expr_leaf(nl_graph *graph, nl_node_kind kind, uint32_t id, uint32_t space, nl_dim dim);
bool nl_expr_is_const(const nl_graph *graph, nl_ref ref, double *number);

/* A copy of `ref` in which leaves (and any other node) are replaced: `replace` returns the new node for a node of the
 * old expression, or 0 to rebuild it from its replaced arguments.  `memo` (zeroed, see nl_memo_new) makes shared nodes
 * shared and may be kept for further calls with the same `replace` and `user`. */
typedef struct nl_memo nl_memo;
nl_memo *nl_memo_new(nl_arena *arena);
typedef nl_ref (*nl_replace_fn)(void *user, nl_graph *graph, nl_ref ref);
nl_ref nl_expr_replace(nl_graph *graph, nl_ref ref, nl_replace_fn replace, void *user, nl_memo *memo);

/* True when `test` holds for some node that `ref` is made of (including itself). */
bool nl_expr_any(const nl_graph *graph, nl_ref ref, bool (*test)(void *user, const nl_node *node), void *user);

/* One node as text, for dumps and messages: "exp(X.v / 3)"; `name` gives the names of ids. */
typedef const char *(*nl_name_fn)(void *user, const nl_node *node);
const char *nl_expr_text(nl_arena *arena, const nl_graph *graph, nl_ref ref, nl_name_fn name, void *user);

/* The same with %7 for a node below it whose `numbers` is 7; 0: written out. */
const char *nl_expr_text_numbered(nl_arena *arena, const nl_graph *graph, nl_ref ref, nl_name_fn name, void *user,
                                  const uint32_t *numbers);

#endif
