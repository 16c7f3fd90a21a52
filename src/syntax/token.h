/* Tokens and the lexer that makes them.  Private to this folder and the grammar. */
#ifndef NL_SYNTAX_TOKEN_H
#define NL_SYNTAX_TOKEN_H

#include "base/text.h"
#include "lang/keyword.h"
#include "parse.h"

/* The kinds are those of grammar/netlang.y, a character for itself; '\n' ends a line. */
typedef struct nl_token {
    int kind;
    nl_keyword keyword; /* of a name that is also a word of the language; else NL_KEYWORD_COUNT */
    nl_span span;
    uint32_t line, col; /* from 1; a column counts bytes here */
    const char *text;   /* a name, the digits of a number, the characters of a string, the sign of an operator */
    nl_unit unit;       /* QUANTITY, UNIT */
    const char *unit_text;
} nl_token;

/* A fault that the lexer found; it is reported when the parser comes to its line, so that messages stand in order. */
typedef struct nl_fault {
    nl_code code;
    nl_span span;
    const char *text, *help;
} nl_fault;

/* A string with inserted values that has begun. */
typedef struct nl_insert {
    size_t token;         /* its first */
    bool in_text;         /* between two inserted values, or behind the last */
    int brackets, braces; /* open inside the inserted value */
} nl_insert;

typedef struct nl_lexer {
    nl_arena *arena;
    const nl_source *source;
    NL_LIST(nl_token) tokens;
    NL_LIST(nl_comment) comments;
    NL_LIST(nl_fault) faults;
    NL_LIST(nl_insert) inserts;
    nl_text string;        /* the characters of the piece of a string so far */
    uint32_t string_begin; /* where that piece began */
    uint32_t begin, end;   /* of the present match, in the source's text */
    uint32_t line, line_begin;
} nl_lexer;

/* All tokens of a text, two of kind END behind them.  A text that is not UTF-8, or holds NUL bytes, has none. */
void nl_lex_source(nl_lexer *lexer, nl_arena *arena, const nl_source *source);

void nl_lex_run(nl_lexer *lexer); /* grammar/netlang.l */

/* What the rules of grammar/netlang.l do; each works on the present match. */
void nl_lex_advance(nl_lexer *lexer, size_t length);
nl_token *nl_lex_token(nl_lexer *lexer, int kind);
void nl_lex_repair(nl_lexer *lexer, const char *remedy, int kind);
void nl_lex_word(nl_lexer *lexer);
void nl_lex_number(nl_lexer *lexer);
bool nl_lex_dot_is_separate(const nl_lexer *lexer);
void nl_lex_newline(nl_lexer *lexer);
void nl_lex_comment(nl_lexer *lexer);
bool nl_lex_starts_line(const nl_lexer *lexer);
void nl_lex_slashes(nl_lexer *lexer, bool is_comment);
void nl_lex_joined_line(nl_lexer *lexer);
void nl_lex_bracket(nl_lexer *lexer, int kind);
bool nl_lex_follows_name(const nl_lexer *lexer);
void nl_lex_prime(nl_lexer *lexer);
void nl_lex_quoted(nl_lexer *lexer, uint32_t quote_before, uint32_t quote_behind);
void nl_lex_symbol(nl_lexer *lexer);
void nl_lex_string_begin(nl_lexer *lexer);
void nl_lex_string_end(nl_lexer *lexer);
void nl_lex_string_unclosed(nl_lexer *lexer);
void nl_lex_insert_begin(nl_lexer *lexer);
bool nl_lex_ends_insert(nl_lexer *lexer);
bool nl_lex_begins_format(const nl_lexer *lexer);
void nl_lex_format(nl_lexer *lexer);
void nl_lex_end(nl_lexer *lexer);

#endif
