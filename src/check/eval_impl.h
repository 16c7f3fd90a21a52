/* What the files of the evaluator share; nobody outside of eval*.c includes it. */
#ifndef NL_CHECK_EVAL_IMPL_H
#define NL_CHECK_EVAL_IMPL_H

#include "check.h"

nl_eval_context nl_eval_context_of(nl_evaluator *ev);

/* eval_name.c */
nl_value nl_eval_name(nl_evaluator *ev, const nl_ast *expr);
nl_value nl_eval_field(nl_evaluator *ev, const nl_ast *expr);
/* Reports a value that only a run can give; always NONE. */
nl_value nl_eval_too_early(nl_evaluator *ev, nl_span span, const char *name);
/* The spikes of a population where a function takes them; NONE without a diagnostic where `expr` names none. */
nl_value nl_eval_spikes(nl_evaluator *ev, const nl_ast *expr);
/* The value of a resolved node: constants at once, all else from the world. */
nl_value nl_eval_node(nl_evaluator *ev, nl_ref node, nl_span span);
/* a(0): the value of one of a family. */
nl_value nl_eval_family_member(nl_evaluator *ev, const nl_ast *call);
/* prev, matrix ..: functions that are no rows of the language's table. */
bool nl_eval_is_special(const char *name);

/* eval.c */
bool nl_eval_is_condition(nl_evaluator *ev, nl_value value, const nl_ast *expr);

/* eval_call.c */
nl_value nl_eval_call(nl_evaluator *ev, const nl_ast *expr);

/* A value that is one of two, while it is not known which: they have to be alike. */
nl_value nl_eval_merge(nl_evaluator *ev, nl_value a, nl_span a_span, nl_value b, nl_span b_span);

#endif
