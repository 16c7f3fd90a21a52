/* Connectivity: which pre neuron reaches which post neuron, stored as its structure allows: nothing per pair for
 * one-to-one, all-to-all, stencils and low rank; compressed rows otherwise, by post neuron, or by pre neuron where
 * spikes travel along them.  Immutable once built.
 *
 * Synapses have numbers 0 .. synapse_count-1, by post neuron, then by pre neuron; those of a stencil by post neuron,
 * then in the order in which the offsets were given.  They have places 0 .. synapse_count-1, too: the order in which
 * they are stored.  Both are the same, except for OUT. */
#ifndef NL_NET_CONN_H
#define NL_NET_CONN_H

#include "base/diag.h"
#include "lang/random.h"

typedef enum nl_conn_kind {
    NL_CONN_ALL,      /* every pair (minus autapses where no_self) */
    NL_CONN_ONE,      /* i to i */
    NL_CONN_STENCIL,  /* offsets on a line or grid */
    NL_CONN_SPARSE,   /* compressed rows */
    NL_CONN_LOW_RANK, /* every pair like ALL; weight = sum_k U[post, k] V[pre, k] */
    NL_CONN_OUT       /* compressed rows by pre neuron, for events: synapses are stored in this order */
} nl_conn_kind;

typedef enum nl_boundary { NL_WRAP, NL_ZERO, NL_REFLECT } nl_boundary;

/* A side of a projection: a range of a population's neurons, possibly on a grid. */
typedef struct nl_side {
    size_t count;
    int rank;           /* 1: a line, 2: a grid */
    size_t shape[2];    /* [rows, columns]; a line: [count, 1] */
} nl_side;

/* A synapse whose number differs from what the order of places would give it. */
typedef struct nl_conn_turned {
    uint64_t place;
    int64_t by;
} nl_conn_turned;

/* Post (r, c) receives from pre (r + dr, c + dc).  A line is a grid of one row. */
typedef struct nl_stencil {
    size_t rows, columns;
    size_t count;                /* of offsets */
    const int32_t (*offsets)[2]; /* (dr, dc), at most one extent long: farther ones are folded or dropped */
    const double *weights;       /* of kernel(), one for each offset; else NULL */
    nl_boundary boundary;
    /* Where no offset leaves the grid, as [begin, end); there pre index - post index is the same for all: shift. */
    size_t inner_rows[2], inner_columns[2];
    const ptrdiff_t *shift;
    ptrdiff_t shift_range[2];    /* least and greatest */
    /* Columns where offsets do leave it, and there, for each offset, the shift that inner rows have: [column, offset];
     * PTRDIFF_MAX for none. */
    size_t edge_count;
    const size_t *edge_columns;
    const ptrdiff_t *edge_shift;
    /* When little of the grid is inner: shifts in a copy of the grid with margins, else NULL. */
    size_t margin_rows, margin_columns;
    const ptrdiff_t *margin_shift;
} nl_stencil;

typedef struct nl_conn {
    nl_conn_kind kind;
    nl_side pre, post;
    size_t synapse_count;
    bool no_self;                /* ALL, LOW_RANK: pairs with pre == post + self_offset are left out */
    long self_offset;
    const double *weights;       /* that came with the rule, one per synapse (ALL, SPARSE, OUT), or NULL */
    const uint64_t *row_begin;   /* post.count + 1; SPARSE, and STENCIL with NL_ZERO.  OUT: pre.count + 1 */
    const uint32_t *pre_index;   /* SPARSE: synapse_count, ascending within a row .. */
    const uint16_t *narrow_index; /* .. and the same in two bytes, when asked for */
    const uint32_t *post_index;  /* OUT: synapse_count, ascending within a row, or within the run of a delay */
    /* OUT: the numbers of synapses that reach post neuron j are in_begin[j] .. in_begin[j + 1] - 1.  When asked for: by
     * number, the place of each synapse and its pre neuron (ascending for a post neuron) */
    const uint64_t *in_begin;
    const uint32_t *in_place, *in_pre;
    /* OUT, where delays differ between synapses: the runs of equal delay (in steps, ascending) of each row: those of
     * pre neuron i are run_begin[i] .. run_begin[i + 1] - 1, their synapses run_start[k] .. run_start[k + 1] - 1 */
    const uint64_t *run_begin, *run_start;
    const uint32_t *run_delay;
    const nl_conn_turned *turned; /* .. by place: of several synapses between two neurons, those out of order */
    size_t turned_count;
    const uint64_t *given_order; /* of pairs(): number of the given pair for each synapse; NULL: their numbers */
    const nl_stencil *stencil;
    /* LOW_RANK: row-major [count, rank] */
    size_t low_rank;
    const double *u, *v;
    uint64_t saturated;          /* pairs whose probability exceeded 1 */
    size_t bytes;                /* of memory for the structure and the rule's weights */
} nl_conn;

/* As nl_draw_array() of uniform numbers: what draws for many pairs at once, by the instructions of this machine. */
typedef void (*nl_uniform_fn)(nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                              const double *const *args, const size_t *strides);

/* Everything a rule may need.  Memory comes from the arena, except for large arrays, which nl_conn_free releases. */
typedef struct nl_conn_context {
    nl_arena *arena;
    nl_diags *diags;
    nl_span span;       /* of the rule, for messages */
    const char *name;   /* of the projection */
    nl_stream stream;   /* for its draws */
    nl_uniform_fn uniform; /* NULL: plain C */
    nl_side pre, post;
    bool same;          /* both sides are the same neurons in the same order: autapses exist */
    long self_offset;   /* autapse: pre i == post j + self_offset, for parts of one population; LONG_MIN: none */
    bool no_self;
    const nl_conn *const *excluding; /* projections whose pairs are left out; between the same two sides */
    size_t excluding_count;
} nl_conn_context;

/* Values of a per-pair expression: fills out[k] for pre neurons pre[k], post neurons post[k].  */
typedef void (*nl_pair_fn)(void *user, size_t count, const uint32_t *pre, const uint32_t *post, double *out);

/* Each builds one rule or returns NULL with a diagnostic; what it is given is copied.  Draws depend on the stream and
 * on the pair or the neuron only, never on the order of visits. */
nl_conn *nl_conn_all_to_all(nl_conn_context *cx);
nl_conn *nl_conn_one_to_one(nl_conn_context *cx);
/* What the rule itself would refuse, before it is built. */
bool nl_conn_check_probability(nl_conn_context *cx, double p);
bool nl_conn_check_degree(nl_conn_context *cx, bool by_pre, size_t k, bool multapses); /* without `excluding` */
nl_conn *nl_conn_random(nl_conn_context *cx, double p);                    /* one probability: geometric skips by row */
nl_conn *nl_conn_random_by(nl_conn_context *cx, nl_pair_fn p, void *user); /* probability of the pair */
nl_conn *nl_conn_where(nl_conn_context *cx, nl_pair_fn condition, void *user);
nl_conn *nl_conn_fixed_indegree(nl_conn_context *cx, size_t k, bool multapses);
nl_conn *nl_conn_fixed_outdegree(nl_conn_context *cx, size_t k, bool multapses);
nl_conn *nl_conn_fixed_total(nl_conn_context *cx, size_t n); /* with multapses, as usual */

/* Offsets are (rows, columns), on a line (index, 0). */
nl_conn *nl_conn_offsets(nl_conn_context *cx, size_t count, const int32_t (*offsets)[2], const double *weights,
                         nl_boundary boundary);

/* Odd extents, centred on the post neuron: correlation, as neural fields write it. */
nl_conn *nl_conn_kernel(nl_conn_context *cx, int rank, const size_t *shape, const double *kernel, nl_boundary boundary);
nl_conn *nl_conn_low_rank(nl_conn_context *cx, size_t rank, const double *u, const double *v);
nl_conn *nl_conn_pairs(nl_conn_context *cx, size_t count, const double *pre, const double *post);

/* w is [post, pre]; its non-zeros, or all pairs with `zeros`.  The weights are the `weights` of the result. */
nl_conn *nl_conn_weights(nl_conn_context *cx, const double *w, bool zeros);
void nl_conn_free(nl_conn *conn);

/* Makes narrow_index where there are few enough pre neurons: sums that read it more than once are quicker. */
void nl_conn_narrow(nl_conn *conn);

/* The same synapses (less what the context leaves out) as compressed rows, for per-synapse work on a stencil. */
nl_conn *nl_conn_to_rows(nl_conn_context *cx, const nl_conn *conn);

/* The same synapses by pre neuron (OUT); `conn` (which may be NULL) is freed, also on failure (NULL).  `incoming`: with
 * in_place and in_pre, for fewer than 2^32 synapses. */
nl_conn *nl_conn_by_pre(nl_conn_context *cx, nl_conn *conn, bool incoming);

/* Orders each row of an OUT connection by delay, then post neuron, and makes the runs; once.  `delay` (in steps) is
 * given and returned in the order of places.  False with a diagnostic when the runs do not fit. */
bool nl_conn_sort_by_delay(nl_conn_context *cx, nl_conn *conn, uint32_t *delay);

/* The synapses of an OUT connection by neuron, then by delay (in steps, ascending), then by number, beside the order in
 * which they are stored.  Neurons are pre neurons, or post neurons where `incoming`.  The runs of equal delay of neuron
 * i are run_begin[i] .. run_begin[i + 1] - 1; run k is index[run_start[k]] .. index[run_start[k + 1] - 1]: places
 * behind row_begin[i], or positions in in_place behind in_begin[i]. */
typedef struct nl_conn_order {
    uint64_t *run_begin, *run_start;
    uint32_t *run_delay, *index;
} nl_conn_order;

/* `delay` is in the order of places; `incoming` needs in_place.  NULL with a diagnostic when it does not fit. */
nl_conn_order *nl_conn_order_new(nl_conn_context *cx, const nl_conn *conn, const uint32_t *delay, bool incoming);
void nl_conn_order_free(nl_conn_order *order);

/* The numbers of synapses in the order of their places, a stretch after the other. */
typedef struct nl_numbering nl_numbering;
nl_numbering *nl_numbering_new(const nl_conn *conn);
void nl_numbering_next(nl_numbering *numbering, size_t count, uint64_t *numbers);
void nl_numbering_free(nl_numbering *numbering);

/* One value per synapse, from the order of places to that of numbers and back; the arrays do not overlap. */
void nl_conn_by_number(const nl_conn *conn, const double *stored, double *numbered);
void nl_conn_by_place(const nl_conn *conn, const double *numbered, double *stored);

/* The number of one synapse; walks through those stored before it. */
uint64_t nl_conn_number(const nl_conn *conn, uint64_t place);

/* Pairs that a rule chooses from: all, less the autapses where `no self`.  (Pairs of `excluding` are counted.) */
double nl_conn_pair_count(const nl_conn_context *cx);

/* Whether the synapses are the elements of a matrix, row by row, all rows of this length; where autapses are left out,
 * row j lacks pre neuron j + self_offset. */
bool nl_conn_is_matrix(const nl_conn *conn, size_t *columns);

/* pre and post index of the synapses at places first .. first+count-1, for any kind. */
void nl_conn_synapses(const nl_conn *conn, uint64_t first, size_t count, uint32_t *pre, uint32_t *post);

/* Weights that came with the rule (kernel, low_rank, weights; else 1), for places first .. first+count-1. */
void nl_conn_rule_weights(const nl_conn *conn, uint64_t first, size_t count, double *weights);

void nl_conn_degrees(const nl_conn *conn, double *indegree, double *outdegree); /* either may be NULL */

#endif
