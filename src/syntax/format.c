/* The canonical layout of a file.  It works on the tokens that the grammar sees, so that the tree cannot change:
 * what is set anew is indentation, the space between tokens, blank lines, and which statements share a line.  Line
 * breaks inside a statement stay where the author made them; what he aligned with spaces stays aligned. */
#include "parser.h"

#include "netlang_parse.h"
#include "print.h"

#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, NO_CELL = -1 };

/* A token, or the comment behind the code, of a line that is being laid out. */
typedef struct cell {
    const char *text;
    size_t width;      /* code points */
    size_t source_col; /* from 1, tabs expanded; code points */
    bool gap;          /* at least two spaces before it in the source */
    bool space;        /* a space stands before it */
    int above;         /* the cell in the line above that it is aligned with, or NO_CELL */
    bool follows;      /* the first of a continued line: placed below `above`, which does not move for it */
    size_t key;        /* order of placement: ascends within a line */
    size_t line;
    size_t col;        /* its place in the result, from 0 */
} cell;

typedef struct line {
    size_t first, count;    /* cells */
    int indent;             /* of its statement */
    bool continues;         /* is not the first of its statement */
    bool blank_before;
    bool is_comment;        /* nothing but a comment */
    size_t source_line;     /* all cells come from this one, or 0 */
    const char *comment;    /* behind the code, or NULL */
    size_t comment_col, comment_width; /* in the source; width unused for places */
    size_t statement_col;   /* source column of the statement's first token */
} line;

typedef struct block {
    bool one_line;
} block;

typedef struct writer {
    nl_arena *arena;
    const nl_source *source;
    NL_LIST(const nl_token *) tokens; /* as the grammar sees them */
    size_t *partner;                  /* of each '{': its '}' */
    const nl_comment *comments;
    size_t comment_count, next_comment;
    NL_LIST(cell) cells;
    NL_LIST(line) lines;
    NL_LIST(block) blocks;
    NL_LIST(int) brackets; /* open ( and [: what stands there, see bracket_role */
    int indent;
    bool at_statement;     /* the next token begins one */
    bool new_line;         /* the next token stands on a line of its own */
    size_t last_line;      /* source line of what was written last */
    size_t statement_col;
} writer;

/* ---- places in the source ---- */

static size_t source_line_of(const writer *w, uint32_t at, uint32_t *begin)
{
    const char *text = w->source->text;
    uint32_t k = at - w->source->base;

    while (k > 0 && text[k - 1] != '\n') k--;
    *begin = k;
    return 0;
}

static size_t count_points(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t k = 0; k < length; k++) count += ((unsigned char)text[k] & 0xC0) != 0x80;
    return count;
}
