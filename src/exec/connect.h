/* Connectivity from the rules of a checked model. */
#ifndef NL_EXEC_CONNECT_H
#define NL_EXEC_CONNECT_H

#include "direct.h"
#include "net/conn.h"

/* Builds projection `p`; direct->conns holds those before it.  NULL with diagnostics. */
nl_conn *nl_connect(const nl_direct *direct, uint32_t p, nl_arena *arena, nl_diags *diags);

/* Of its numbers, those that can be refused before anything is built. */
bool nl_connect_check(const nl_direct *direct, uint32_t p, nl_arena *arena, nl_diags *diags);

/* Values of a synaptic variable that its projection's rule gives (weights, kernel, low_rank, pairs), in the order of
 * places; false when it gives none. */
bool nl_connect_given(const nl_model *model, uint32_t var, const nl_conn *conn, double *out);

#endif
