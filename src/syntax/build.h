/* What the actions of the grammar call: nodes, and the checks that need no more than the node itself.  A check that
 * fails is a diagnostic; the node is made all the same, so that parsing goes on. */
#ifndef NL_SYNTAX_BUILD_H
#define NL_SYNTAX_BUILD_H

#include "parser.h"

nl_asts *nl_asts_new(nl_parser *p);
nl_asts *nl_asts_of(nl_parser *p, nl_ast *const *items, int count);
nl_asts *nl_asts_add(nl_parser *p, nl_asts *list, nl_ast *item);

nl_ast *nl_build_node(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *const *kids, int kid_count);
nl_ast *nl_build_list(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_asts *kids);
nl_ast *nl_build_named(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_token *name, nl_ast *const *kids,
                       int kid_count);
nl_ast *nl_build_with_base(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *base, const nl_asts *rest);
nl_ast *nl_build_name(nl_parser *p, const nl_token *name);

/* units */
nl_unit_written nl_unit_none(void);
nl_unit_written nl_unit_of(const nl_token *quantity);
nl_unit_written nl_build_stated_unit(nl_parser *p, const nl_token *word);
nl_unit_written nl_build_unit_symbol(nl_parser *p, const nl_token *word);
nl_unit_written nl_build_unit_number(nl_parser *p, const nl_token *number);
nl_unit_written nl_build_unit_group(nl_parser *p, nl_unit_written unit);
nl_unit_written nl_build_unit_brackets(nl_parser *p, nl_unit_written unit);
nl_unit_written nl_build_unit_product(nl_parser *p, nl_span span, nl_unit_written a, nl_unit_written b, bool divides);
nl_unit_written nl_build_unit_power(nl_parser *p, nl_span span, nl_unit_written a, double exponent, nl_span written);
double nl_build_exponent(const nl_token *above, const nl_token *below, double sign);
nl_ast *nl_build_unit(nl_ast *node, nl_unit_written unit); /* as its stated unit */

/* expressions */
nl_ast *nl_build_number(nl_parser *p, nl_span span, const nl_token *number, nl_unit_written unit);
nl_ast *nl_build_scaled_array(nl_parser *p, nl_span span, nl_ast *array, nl_unit_written unit);
nl_ast *nl_build_compare(nl_parser *p, nl_span span, nl_ast *left, const nl_token *op, nl_ast *right);
nl_ast *nl_build_crosses(nl_parser *p, nl_span span, nl_ast *value, const nl_token *direction, nl_ast *level);
nl_ast *nl_build_within(nl_parser *p, nl_span span, nl_ast *value, nl_ast *tolerance, nl_ast *reference);
nl_ast *nl_build_power(nl_parser *p, nl_span span, nl_ast *base, const nl_token *op, nl_ast *exponent);
nl_ast *nl_build_prime(nl_parser *p, nl_span span, nl_ast *base);
nl_ast *nl_build_call(nl_parser *p, nl_span span, nl_ast *base, const nl_asts *args);
nl_ast *nl_build_piece(nl_parser *p, const nl_token *piece);
nl_ast *nl_build_string(nl_parser *p, nl_span span, const nl_token *head, nl_asts *inserts, const nl_token *tail);
nl_ast *nl_build_plain_string(nl_parser *p, nl_ast *string);

/* statements */
nl_ast *nl_build_assignment(nl_parser *p, nl_span span, nl_ast *left, const nl_token *op, nl_ast *right);
nl_ast *nl_build_change(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *left, nl_ast *right);
nl_ast *nl_build_thrown_away(nl_parser *p, nl_ast *expr);
nl_ast *nl_build_every(nl_parser *p, nl_span span, nl_ast *interval, nl_ast *from, nl_ast *block);
nl_ast *nl_build_event_name(nl_parser *p, nl_ast *name);
nl_ast *nl_build_record(nl_parser *p, nl_span span, const nl_asts *series, const nl_asts *timing);
nl_asts *nl_build_tail(nl_parser *p, nl_asts *tails, int which, nl_ast *value, const nl_token *word);
nl_ast *nl_build_item(nl_parser *p, nl_span span, nl_ast *name, nl_ast *init, const nl_asts *tails);
nl_ast *nl_build_items(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_asts *items);
nl_ast *nl_build_params(nl_parser *p, nl_span span, const nl_asts *params);
nl_ast *nl_build_population_head(nl_parser *p, nl_ast *head);
nl_ast *nl_build_circuit(nl_parser *p, nl_span span, nl_ast *head, nl_ast *block);
nl_ast *nl_build_declared(nl_parser *p, nl_ast *name);
nl_ast *nl_build_template(nl_parser *p, nl_ast *template);
nl_mods *nl_build_mod(nl_parser *p, nl_mods *mods, nl_ast **slot, nl_ast *value, const nl_token *word);
nl_mods *nl_build_no_self(nl_parser *p, nl_mods *mods, const nl_token *word);
nl_ast *nl_build_projection(nl_parser *p, nl_span span, nl_ast *name, nl_ast *pre, nl_ast *post, nl_mods *mods,
                            nl_ast *block);
nl_ast *nl_build_use_name(nl_parser *p, nl_span span, const nl_token *name);
nl_asts *nl_build_file_statement(nl_parser *p, nl_asts *file, nl_ast *statement);

#endif
