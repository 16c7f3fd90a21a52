/* Text to tree.  Every fault of the text is a diagnostic with its place; parsing goes on behind it, so that
 * one call finds several. */
#ifndef NL_SYNTAX_PARSE_H
#define NL_SYNTAX_PARSE_H

#include "ast.h"

/* A comment, with its place; `fmt` needs them all. */
typedef struct nl_comment {
    nl_span span; /* from '#' to the end of the line, without it */
    bool alone;   /* nothing but white space before it on its line */
} nl_comment;

typedef struct nl_parsed {
    nl_ast *file; /* a BLOCK; what could be understood where there were errors */
    const nl_comment *comments;
    size_t comment_count;
    const nl_source *source;
} nl_parsed;

nl_parsed nl_parse_source(nl_arena *arena, nl_diags *diags, const nl_source *source);

/* One expression, as given to -D; NULL with a diagnostic when it is none. */
nl_ast *nl_parse_expression(nl_arena *arena, nl_diags *diags, const nl_source *source);

#endif
