/* Sums over the synapses of a stencil; for src/net only. */
#ifndef NL_NET_PROPAGATE_STENCIL_H
#define NL_NET_PROPAGATE_STENCIL_H

#include "propagate.h"

/* Doubles that nl_stencil_to_post needs in scratch. */
size_t nl_stencil_scratch(const nl_stencil *s);

/* weights: one for each offset, or NULL: 1. */
void nl_stencil_to_post(const nl_propagate_kernels *kernels, const nl_stencil *s, const double *weights,
                        const double *source, double *out, double *scratch);
void nl_stencil_to_pre(const nl_stencil *s, const double *weights, const double *source, double *out);

#endif
