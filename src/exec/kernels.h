/* Vector kernels: loops over one chunk, compiled once per instruction set and chosen at start.  The meaning of
 * each elementwise kernel is the row of ops.def; results are the same bits for every instruction set. */
#ifndef NL_EXEC_KERNELS_H
#define NL_EXEC_KERNELS_H

#include "lang/op.h"
#include "lang/random.h"
#include "net/propagate.h"

#ifdef NL_DEV
enum { NL_CHUNK = 7 };
#else
enum { NL_CHUNK = 512 }; /* at most: loops with many arrays take half, so that they stay in the first-level cache */
#endif

/* Elements of a chunk as bits. */
enum { NL_CHUNK_WORDS = (NL_CHUNK + 63) / 64 };

/* out[i] = op(a[i], b[i], c[i]) for i < n.  Which operands are one number for all i (read at index 0) is the
 * variant: bit k set for operand k.  out may be the same array as an operand, else they do not overlap. */
typedef void (*nl_kernel)(size_t n, double *out, const double *const *args);

/* Superinstructions: two arithmetic operators in one pass, rounded twice like the pair:
 *   left:  out = second(first(a, b), c)      right: out = second(c, first(a, b))
 * for first, second in + - * / . */
typedef enum nl_pair_op { NL_PAIR_ADD, NL_PAIR_SUB, NL_PAIR_MUL, NL_PAIR_DIV } nl_pair_op;

/* Chains of products, rounded like multiplications and additions one after the other:
 *   out = ((x0 y0 + c) + x1 y1) + x2 y2 ..      args: x0, y0, c, x1, y1, x2, y2 ..
 * Bits of the variant: 0: y0 is a number, 1: c, 2: y1, 3: y2 and so on.  The x are arrays. */
enum { NL_CHAIN_LEAST = 2, NL_CHAIN_MOST = 4 };

/* Choices: out = a < b ? c : d, and so on; variants as of operators.  Tests: of the bits of n elements, in words, those
 * stay set whose elements pass (`flip` 0) or fail (all ones), and those after the last element are cleared; false when
 * none stays. */
typedef enum nl_compare { NL_COMPARE_LT, NL_COMPARE_LE, NL_COMPARE_EQ, NL_COMPARE_COUNT } nl_compare;
typedef bool (*nl_test_kernel)(size_t n, const double *const *args, uint64_t flip, uint64_t *bits);

/* Reductions: eight lanes by index modulo 8, whatever the chunk; folded in a fixed order at the end. */
typedef enum nl_reduce_op {
    NL_RED_SUM, NL_RED_MIN, NL_RED_MAX, NL_RED_SUMSQ, NL_RED_PROD, NL_RED_ANY, NL_RED_ALL, NL_RED_ARGMIN, NL_RED_ARGMAX,
    NL_RED_COUNT
} nl_reduce_op;

typedef struct nl_reduction {
    double lane[8];
    double at[8]; /* index of the extreme value, for ARGMIN and ARGMAX */
} nl_reduction;

/* As nl_draw_array() of one distribution; out may be the same array as an argument, else they do not overlap. */
typedef void (*nl_draw_kernel)(nl_stream stream, uint64_t first, uint64_t step, size_t count, double *out,
                               const double *const *args, const size_t *strides);

typedef struct nl_kernel_table {
    const char *isa; /* "baseline", "avx2", "avx512" */
    nl_kernel op[NL_OP_COUNT][16]; /* [op][variant]; variants whose all operands are uniform are absent (NULL) */
    nl_kernel pair[4][4][2][8];    /* [first][second][0 left, 1 right][variant over a, b, c] */

    nl_kernel chain[NL_CHAIN_MOST - NL_CHAIN_LEAST + 1][2 << NL_CHAIN_MOST]; /* [terms - 2][variant] */
    nl_kernel choose[NL_COMPARE_COUNT][15]; /* [compare][variant over a, b, c, d] */
    nl_test_kernel test[NL_COMPARE_COUNT][3]; /* [compare][variant over a, b] */

    const nl_draw_kernel *draw;    /* [dist]; NULL for those that reject: nl_kernels_draw() serves all */

    /* out[i] = source[index[i]].  Where an index is no whole number below `count`, out is NaN and *bad becomes 1 + the
     * first such i; else *bad is left alone. */
    void (*gather)(size_t n, double *out, const double *source, size_t count, const double *index, size_t *bad);
    void (*pick)(size_t n, double *out, const double *source, const uint32_t *index); /* the same; all are below */
    void (*iota)(size_t n, double *out, double first);
    void (*copy)(size_t n, double *out, const double *a);
    void (*fill)(size_t n, double *out, double value);
    /* out[i] = values[(at + i) / columns] */
    void (*spread)(size_t n, double *out, const double *values, size_t columns, size_t at);

    /* `first` is the index of a[0] in the whole. */
    void (*reduce[NL_RED_COUNT])(nl_reduction *acc, size_t first, size_t n, const double *a);

    /* Puts first + i into ids for each i with a[i] != 0; returns how many.  ids has room for n. */
    size_t (*nonzero)(size_t n, const double *a, uint32_t first, uint32_t *ids);

    /* out[index[k]] += number, weights[k], or weights[k] * number, one after the other; weights of both precisions. */
    void (*add_number)(size_t n, const uint32_t *index, double number, double *out);
    void (*add_weights)(size_t n, const uint32_t *index, const double *weights, double *out);
    void (*add_scaled)(size_t n, const uint32_t *index, const double *weights, double number, double *out);
    void (*add_floats)(size_t n, const uint32_t *index, const float *weights, double *out);
    void (*add_scaled_floats)(size_t n, const uint32_t *index, const float *weights, double number, double *out);

    /* True when all are finite; else *where is the first that is not. */
    bool (*finite)(size_t n, const double *a, size_t *where);

    /* Sums over compressed rows: out[r] = sum of w[k] * x[col[k]] for the k of row r; w NULL: all 1. */
    void (*csr)(size_t rows, const uint64_t *begin, const uint32_t *col, const double *w, const double *x, double *out);

    /* Of several lanes, as in net/propagate.h. */
    void (*csr_lanes)(const nl_csr_rows *rows, size_t width, const double *x, size_t count, double *const *out);

    /* out[i] = sum over the offsets of weight[k] (NULL: 1) * x[i + shift[k]]: the interior of a stencil. */
    void (*shifted_sum)(size_t n, double *out, const double *x, size_t count, const ptrdiff_t *shift,
                        const double *weight);
} nl_kernel_table;

/* The widest table that this machine runs; NETLANG_ISA=baseline|avx2|avx512 chooses another (for tests). */
const nl_kernel_table *nl_kernels_choose(void);

/* All tables that run here, the widest first, NULL-terminated (for tests). */
const nl_kernel_table *const *nl_kernels_all(void);

/* nl_draw_array(), by the kernel of the distribution where there is one. */
void nl_kernels_draw(const nl_kernel_table *kernels, nl_dist dist, nl_stream stream, uint64_t first, uint64_t step,
                     size_t count, double *out, const double *const *args, const size_t *strides);

/* Before the first and after the last chunk.  Of no elements: 0, inf, -inf, 0, 1, 0 and 1; NaN for a place.  Where
 * there is a NaN, MIN and MAX are NaN and the place is that of the first one; of equal extremes the lowest index
 * counts. */
void nl_reduction_init(nl_reduction *acc, nl_reduce_op op);
double nl_reduction_done(const nl_reduction *acc, nl_reduce_op op);

#endif
