/* Sums over synapses: out[post] = sum of w * source[pre], or the other way round.  Fixed order of additions: results do
 * not depend on threads or on the width of vectors. */
#ifndef NL_NET_PROPAGATE_H
#define NL_NET_PROPAGATE_H

#include "conn.h"
#include "lang/blas.h"

/* Some compressed rows. */
typedef struct nl_csr_rows {
    size_t from, end;
    const uint64_t *begin;
    const uint32_t *col;
    const uint16_t *narrow; /* col in two bytes, or NULL */
    const double *w;        /* NULL: 1 */
} nl_csr_rows;

/* The inner loops, so that the caller brings those of its instruction set and size.  Sums over rows have eight lanes s
 * by place in the row modulo 8, folded as ((s0+s4)+(s2+s6))+((s1+s5)+(s3+s7)). */
typedef struct nl_propagate_kernels {
    /* out[r] = sum of w[k] * x[col[k]], k in row r; w NULL: 1 */
    void (*csr)(size_t rows, const uint64_t *begin, const uint32_t *col, const double *w, const double *x, double *out);
    /* The same for `count` lanes: out[l][r] = sum of w[k] * x[width * col[k] + l]; width is 2, 4 or 8. */
    void (*csr_lanes)(const nl_csr_rows *rows, size_t width, const double *x, size_t count, double *const *out);
    /* out[i] = sum over offsets, in their order, of weight (NULL: 1) * x[i + shift[k]] */
    void (*shifted_sum)(size_t n, double *out, const double *x, size_t count, const ptrdiff_t *shift,
                        const double *weight);
    /* out[index[k]] += number or weights[k] * number, one after the other */
    void (*add_number)(size_t n, const uint32_t *index, double number, double *out);
    void (*add_scaled)(size_t n, const uint32_t *index, const double *weights, double number, double *out);
    nl_blas blas; /* for matrices */
} nl_propagate_kernels;

/* Plain C, for any machine. */
extern const nl_propagate_kernels nl_propagate_portable;

/* Weights of the synapses of a connection: one each in the order of their places; or, with values NULL, the rule's own
 * where `rule` is set (kernel, low_rank, weights), else all 1.  For ALL the values are the matrix [post, pre], with
 * rows shorter by one where the autapse is left out. */
typedef struct nl_weights {
    const double *values;
    bool rule;
} nl_weights;

/* The most temporary memory that a call needs, in doubles; the caller gives it as `scratch`. */
size_t nl_propagate_scratch(const nl_conn *conn);

/* out (post.count) is overwritten and is not source.  ALL without weights: one sum; with weights: gemv; STENCIL:
 * shifted additions in the order of the offsets; SPARSE: rows; LOW_RANK: two thin products; OUT: rows of those pre
 * neurons whose source is not 0, one after the other. */
void nl_propagate_to_post(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, const double *source,
                          double *out, double *scratch);

/* The transposed product: out (pre.count) = sum over synapses of w * source[post]. */
void nl_propagate_to_pre(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, const double *source,
                         double *out, double *scratch);

/* Either for several sources with the same weights, to the bit what each gives alone: connections in compressed rows
 * and matrices are read once for all of them.  The scratch is that of the second function. */
void nl_propagate_together(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, bool to_pre,
                           size_t count, const double *const *sources, double *const *outs, double *scratch);
size_t nl_propagate_together_scratch(const nl_conn *conn, size_t count); /* in doubles */

/* out[index[k]] += values[k]: for values computed synapse by synapse, with the post (or pre) index of each.  Called for
 * chunks of synapses in ascending order, onto zeros. */
void nl_propagate_accumulate(size_t count, const uint32_t *index, const double *values, double *out);

/* A stencil restricted to post neurons at .. at+n-1, as one step of a chunked loop: out[0] is that of neuron `at`,
 * source is whole.  The same values as those of nl_propagate_to_post, for any chunks. */
void nl_propagate_stencil_chunk(const nl_propagate_kernels *kernels, const nl_conn *conn, bool rule,
                                const double *source, double *out, size_t at, size_t n);

/* Whether chunks cost little more than their inner part; else nl_propagate_to_post is quicker. */
bool nl_propagate_stencil_is_thin(const nl_conn *conn);

#endif
