/* Documentation of rules in files, for `doc`. */
#ifndef NL_CLI_DOC_RULE_H
#define NL_CLI_DOC_RULE_H

#include "cli.h"
#include "syntax/parse.h"

/* Whether a statement declares a rule: a neuron, synapse, connector, method, function or circuit. */
bool nl_doc_is_rule(const nl_ast *statement);

/* What stands in the file about it: its text, parameters, equations, and the example below the rules. */
void nl_doc_rule_print(FILE *out, nl_cli *cli, const nl_parsed *file, const nl_ast *rule);

#endif
