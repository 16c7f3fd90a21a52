/* What the files of the checker share about declarations of values; run/ computes values again through it. */
#ifndef NL_CHECK_DECLARE_H
#define NL_CHECK_DECLARE_H

#include "check.h"

/* Symbols of one declaration: param, let, solve, columns.  Values are computed at once. */
bool nl_declare_params(nl_check *ck, const nl_ast *stmt);
void nl_declare_param(nl_check *ck, const nl_ast *item);
bool nl_declare_lets(nl_check *ck, const nl_ast *stmt);
bool nl_declare_columns(nl_check *ck, const nl_ast *stmt);
bool nl_declare_solve(nl_check *ck, const nl_ast *stmt);
bool nl_declare_function(nl_check *ck, const nl_ast *stmt);
/* False with a diagnostic where a parameter is a name: `target : name`. */
bool nl_declare_takes_values(nl_check *ck, const nl_ast *params, const char *what);

/* An evaluator for the declaration of a symbol before time starts. */
nl_evaluator nl_declare_evaluator(nl_check *ck, const char *stream);

/* The value that a symbol's own declaration gives it, in the evaluator's arena; NONE after a diagnostic. */
nl_value nl_declare_value(nl_evaluator *ev, const nl_symbol *symbol);

/* A column of a table that has one for each of so many names; NONE after a diagnostic. */
nl_value nl_declare_column(nl_evaluator *ev, const nl_ast *rows, int column, int names);

/* Whether a value lies in the range that the parameter was declared with. */
bool nl_declare_in_range(nl_evaluator *ev, const nl_symbol *symbol, nl_value value, nl_span span);

/* --- follow.c --- */

/* Calls `change` for every value that is made of `changed`, directly or through others, in the order of declaration. */
void nl_declare_dependents(nl_check *ck, nl_symbol *changed, void (*change)(void *user, nl_symbol *symbol), void *user);

/* --- varies.c --- */

/* Finds what the protocol sets, before anything is declared. */
void nl_varies_find(nl_check *ck);
/* Whether an expression mentions a name anywhere. */
bool nl_mentions(const nl_ast *expr, const char *name);

/* --- define.c --- */

/* The text given to NAME by -D, or NULL; `use` says that it has found its parameter. */
const char *nl_define_find(const nl_check *ck, const char *name);
const char *nl_define_use(nl_check *ck, const char *name);
/* Its value for a parameter whose own value would be `own` (NONE where that failed). */
nl_value nl_define_value(nl_check *ck, const nl_symbol *symbol, const char *text, nl_value own);
/* The text as an expression, with a place of its own; NULL with a diagnostic. */
nl_ast *nl_define_parse(nl_check *ck, const char *name, const char *text);
/* Reports every -D that nothing used. */
void nl_define_report(nl_check *ck);

/* --- settings.c: simulation { } --- */
void nl_settings_seed(nl_check *ck); /* quietly, as soon as it can be known: draws depend on it */
void nl_settings_guess_dimensional(nl_check *ck); /* until dt is known */
bool nl_setting_exists(const char *name);
/* Whether a setting may have this value; *why it may not. */
bool nl_setting_accepts(const nl_check *ck, const char *name, const char *text, const char **why);
/* Whether a text has units where dt has one; false with a diagnostic. */
bool nl_settings_suit(nl_check *ck, const nl_ast *text);
/* The first quantity with a dimension in a text, or NULL. */
const nl_ast *nl_settings_quantity(const nl_ast *node);

/* --- circuit.c --- */

/* circuit T = NAME(..). */
bool nl_circuit_make(nl_check *ck, const nl_ast *stmt);
/* What the instance that is being made is given for its parameter `name`. */
void nl_circuit_give(nl_check *ck, nl_symbol *symbol, const char *name);

/* --- methods_check.c --- */
bool nl_method_declare(nl_check *ck, const nl_ast *stmt);

/* --- unused.c --- */
void nl_check_warn_unused(nl_check *ck);

/* --- protocol_check.c --- */
bool nl_protocol_check(nl_check *ck);

#endif
