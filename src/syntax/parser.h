/* The state of one parse, shared by layout, grammar and tree builder.  Private to this folder and the grammar. */
#ifndef NL_SYNTAX_PARSER_H
#define NL_SYNTAX_PARSER_H

#include "token.h"

enum {
    NL_NESTING_LIMIT = 256, /* of brackets */
    NL_DEPTH_LIMIT = 2000   /* of the tree: what walks it is recursive */
};

typedef NL_LIST(nl_ast *) nl_asts;

/* A unit as the text has it; `text` is NULL where there is none, "name" for the parameter that is a name. */
typedef struct nl_unit_written {
    nl_unit unit;
    const char *text;
    nl_span span;
} nl_unit_written;

typedef struct nl_mods {
    nl_ast *via, *template, *excluding;
    bool no_self;
} nl_mods;

/* A bracket that is open, or a string with inserts; for a `{` also what is resumed behind its `}`. */
typedef struct nl_bracket {
    int kind;              /* '(', '[', '{' or STR_HEAD */
    const nl_token *token;
    bool is_array;         /* '[': not an index, not a unit */
    bool is_unit;          /* '[' of a unit */
    const nl_token *first; /* '{': of the statement that it belongs to */
    int head;
    const nl_token *body;  /* '{': the first token in it */
} nl_bracket;

/* Between lexer and grammar; see layout.c. */
typedef struct nl_layout {
    const nl_token *at; /* the next one of the lexer */
    NL_LIST(nl_bracket) open;
    int start;             /* START_FILE or START_EXPRESSION until it was given, then 0 */
    bool fresh;            /* at the start of a statement */
    bool block_ended;      /* behind a `}` */
    bool term_due;         /* behind a statement that was given up */
    bool array_ended;      /* the last token closed an array */
    bool unit_of_array;    /* the last unit in brackets stands behind an array */
    bool stopped;          /* nested too deeply: the rest is not read */
    int surplus;           /* `{` without a `}` in the whole text */
    const nl_token *last, *before; /* the last token that was given, and the one before it */
    const nl_token *first; /* of the present statement */
    int head, ended_head;  /* its keyword, or 0; of the statement that has just ended */
    const nl_token *joined; /* the operator in front of a line that continues the one above, or NULL */
    size_t errors_before, errors_at_first; /* that were reported before this text, and before this statement */
} nl_layout;

typedef struct nl_parser {
    nl_arena *arena;
    nl_diags *diags;
    nl_lexer lexer;
    nl_layout layout;
    size_t fault_count; /* reported so far */
    nl_ast *result;
} nl_parser;

/* The tokens that could stand at the place of a syntax error, as the grammar numbers its symbols. */
typedef struct nl_expected {
    const int *symbols;
    int count;
} nl_expected;

bool nl_expects(const nl_expected *expected, int token);
const char *nl_expected_name(const nl_expected *expected, int index);

/* Reads all tokens of the source; `start` says what is parsed: START_FILE or START_EXPRESSION. */
void nl_parser_begin(nl_parser *p, nl_arena *arena, nl_diags *diags, const nl_source *source, int start);

void nl_layout_begin(nl_parser *p, int start);
const nl_token *nl_layout_next(nl_parser *p);

/* After a syntax error at the last token: goes to the end of the statement, its blocks included. */
void nl_layout_recover(nl_parser *p);

/* The sentence for a syntax error at the last token. */
void nl_report_syntax(nl_parser *p, const nl_expected *expected);
void nl_report_depth(nl_parser *p, nl_span span);

/* Tokens by what they are for the reader. */
bool nl_token_ends_operand(int kind);
bool nl_token_begins_operand(int kind);
bool nl_token_is_binary(int kind);
const char *nl_token_shown(nl_arena *arena, const nl_token *token);

/* Which statements and expressions may stand where: the checks on a whole statement of the file. */
void nl_place_check(nl_parser *p, const nl_ast *statement);

#endif
