/* Evaluates expressions of a checked model once, without a program: initial values, parameters, rules of connection,
 * bounds of delays.  What only a step knows (inputs, derivatives) it does not; the resolver refuses those in such
 * places. */
#ifndef NL_EXEC_DIRECT_H
#define NL_EXEC_DIRECT_H

#include "check/model.h"
#include "kernels.h"

struct nl_conn;

typedef struct nl_direct {
    const nl_model *model;
    const nl_kernel_table *kernels;
    const double *const *values; /* by variable: what is known of states and parameters so far; NULL: not yet */
    const struct nl_conn *const *conns; /* by projection; may be NULL */
    double time;
    uint64_t trial;
} nl_direct;

/* The values of `node` for elements first .. first+count-1 of `space` (0: one number), in `out`.  A node that is one
 * number is repeated.  Synapses are those at these places; their indices and draws are those of their numbers.  False
 * with *bad set when an index is out of range. */
bool nl_direct_eval(const nl_direct *direct, nl_ref node, uint32_t space, size_t first, size_t count, double *out,
                    nl_ref *bad);

/* The row that a table holds at a time.  The clock is a product of whole steps that may lie a little before an edge. */
const double *nl_table_row_at(const nl_model *model, const nl_table *table, double time);

/* Its value in a column, NAN at NAN.  False when there is no such column. */
bool nl_table_read(const nl_model *model, const nl_table *table, double time, double column, double *out);

/* The same for given pairs of a projection's sides. */
typedef struct nl_direct_pairs nl_direct_pairs;
nl_direct_pairs *nl_direct_pairs_new(const nl_direct *direct, nl_ref node, uint32_t projection);
/* an nl_pair_fn */
void nl_direct_pairs_eval(void *pairs, size_t count, const uint32_t *pre, const uint32_t *post, double *out);
void nl_direct_pairs_free(nl_direct_pairs *pairs);

#endif
