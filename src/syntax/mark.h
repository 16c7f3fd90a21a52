/* Which words of a text are keywords, numbers, strings, comments: for colours. */
#ifndef NL_SYNTAX_MARK_H
#define NL_SYNTAX_MARK_H

#include "parse.h"

typedef enum nl_mark_kind { NL_MARK_KEYWORD, NL_MARK_NUMBER, NL_MARK_STRING, NL_MARK_COMMENT } nl_mark_kind;

typedef struct nl_mark {
    nl_span span;
    nl_mark_kind kind;
} nl_mark;

/* In the order of the text; all else has no mark.  For texts that were parsed without errors. */
const nl_mark *nl_mark_source(nl_arena *arena, const nl_source *source, size_t *count);

#endif
