/* Tree to text. */
#ifndef NL_SYNTAX_PRINT_H
#define NL_SYNTAX_PRINT_H

#include "parse.h"

/* The canonical layout with all comments: formatting its result again changes nothing, and its tree is the
 * same tree.  Blank lines between statements are kept, at most one; columns aligned by hand in neighbouring lines
 * are kept aligned where that can be told (trailing comments are). */
const char *nl_print_file(nl_arena *arena, const nl_parsed *parsed);

/* An expression on one line, as messages and plots quote it. */
const char *nl_print_expression(nl_arena *arena, const nl_ast *expr);

/* The tree as an indented list, for `netlang ir --stage ast` and for tests. */
const char *nl_print_tree(nl_arena *arena, const nl_ast *node);

#endif
