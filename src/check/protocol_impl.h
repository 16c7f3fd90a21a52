/* What the files of the check of the protocol share; nobody outside of protocol_*.c includes it. */
#ifndef NL_CHECK_PROTOCOL_IMPL_H
#define NL_CHECK_PROTOCOL_IMPL_H

#include "check.h"
#include "plan.h"

typedef struct checker {
    nl_check *ck;
    nl_scope *scope;
    nl_eval_world world;
    nl_scope *home;       /* of what is recorded and collected: the top level, or a point of the innermost batch */
    const nl_ast *points; /* the block of that batch, or NULL */
    nl_plan_batch *batch;
    int loops;            /* `for` around the statement, within that block */
} checker;

/* protocol_check.c */
nl_evaluator protocol_evaluator(checker *c, const char *stream);
/* A value of which only kind and shape are known. */
nl_value protocol_forget(nl_value value);
bool protocol_has_dt(checker *c, const nl_ast *stmt);
/* A time of the protocol; NAN while it is unknown. */
bool protocol_check_time(checker *c, const nl_ast *expr, const char *what, double least, double *out);
/* The node of an expression that is sampled while running: 0 where nl_eval has to do it; false after a diagnostic.
 * `fixed`: variables of loops keep the value that they have now. */
bool protocol_find_probe(checker *c, const nl_ast *expr, bool fixed, nl_ref *node, int *rank, size_t *shape,
                         nl_dim *dim);
/* Declares a value again that follows one that was set; `user` is the checker. */
void protocol_follow(void *user, nl_symbol *symbol);
void protocol_check_block(checker *c, const nl_ast *block);

/* protocol_record.c */
void protocol_check_record(checker *c, const nl_ast *stmt);

/* protocol_batch.c */
void protocol_check_collect(checker *c, const nl_ast *stmt);
void protocol_check_batch(checker *c, const nl_ast *stmt);

#endif
