#include "token.h"

#include "netlang_parse.h"
#include "nfc.h"

#include <stdarg.h>
#include <string.h>

static nl_span span_of(const nl_lexer *lexer, uint32_t begin, uint32_t end)
{
    return (nl_span){ lexer->source->base + begin, lexer->source->base + end };
}

static nl_span here(const nl_lexer *lexer)
{
    return span_of(lexer, lexer->begin, lexer->end);
}

static const char *match(const nl_lexer *lexer)
{
    return lexer->source->text + lexer->begin;
}

static size_t match_length(const nl_lexer *lexer)
{
    return lexer->end - lexer->begin;
}

static nl_fault *fault(nl_lexer *lexer, nl_code code, nl_span span, const char *help, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static nl_fault *fault(nl_lexer *lexer, nl_code code, nl_span span, const char *help, const char *format, ...)
{
    nl_text text = nl_text_new(lexer->arena);
    va_list args;

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    NL_PUSH(lexer->arena, &lexer->faults, ((nl_fault){ code, span, text.chars, help }));
    return &lexer->faults.items[lexer->faults.count - 1];
}

static const nl_token *last_token(const nl_lexer *lexer)
{
    return lexer->tokens.count > 0 ? &lexer->tokens.items[lexer->tokens.count - 1] : NULL;
}

static nl_token *add_token(nl_lexer *lexer, int kind, uint32_t begin)
{
    const nl_token token = { .kind = kind,
                             .keyword = NL_KEYWORD_COUNT,
                             .span = span_of(lexer, begin, lexer->end),
                             .line = lexer->line,
                             .col = begin - lexer->line_begin + 1,
                             .text = "" };

    NL_PUSH(lexer->arena, &lexer->tokens, token);
    return &lexer->tokens.items[lexer->tokens.count - 1];
}

void nl_lex_advance(nl_lexer *lexer, size_t length)
{
    lexer->begin = lexer->end;
    lexer->end += (uint32_t)length;
}

/* A token for the present match; its text is the match. */
nl_token *nl_lex_token(nl_lexer *lexer, int kind)
{
    nl_token *token = add_token(lexer, kind, lexer->begin);

    token->text = nl_arena_strndup(lexer->arena, match(lexer), match_length(lexer));
    return token;
}

/* An operator of other languages: a fault, and the token that was meant, so that nothing follows from it. */
void nl_lex_repair(nl_lexer *lexer, const char *remedy, int kind)
{
    static const struct {
        int kind;
        const char *text;
    } texts[] = { { '^', "^" },         { NL_T_AND, "and" }, { NL_T_OR, "or" },  { NL_T_NOT, "not" }, { '=', "=" },
                  { NL_T_EQ, "==" },    { NL_T_NE, "!=" },   { NL_T_LE, "<=" },  { NL_T_GE, ">=" },   { '*', "*" },
                  { NL_T_DIV, "div" },  { '-', "-" },        { '/', "/" },       { NL_T_ARROW, "->" } };

    fault(lexer, NL_E_OPERATOR, here(lexer), NULL, "`%.*s` is not an operator; %s", (int)match_length(lexer),
          match(lexer), remedy);
    nl_token *token = nl_lex_token(lexer, kind);
    for (size_t k = 0; k < NL_LEN(texts); k++)
        if (texts[k].kind == kind) token->text = texts[k].text;
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80) text++;
    return *text == '\0';
}

/* The reserved words are keywords here already; for the others the layout decides. */
void nl_lex_word(nl_lexer *lexer)
{
    static const int reserved[NL_KEYWORD_COUNT] = {
        [NL_KEYWORD_AND] = NL_T_AND,   [NL_KEYWORD_OR] = NL_T_OR,     [NL_KEYWORD_NOT] = NL_T_NOT,
        [NL_KEYWORD_DIV] = NL_T_DIV,   [NL_KEYWORD_MOD] = NL_T_MOD,   [NL_KEYWORD_IF] = NL_T_IF,
        [NL_KEYWORD_THEN] = NL_T_THEN, [NL_KEYWORD_ELSE] = NL_T_ELSE, [NL_KEYWORD_IN] = NL_T_IN,
        [NL_KEYWORD_RETURN] = NL_T_RETURN,
    };
    const nl_keyword keyword = nl_keyword_find(match(lexer), match_length(lexer));
    const bool is_reserved = keyword < NL_KEYWORD_COUNT && reserved[keyword] != 0;
    nl_token *token = nl_lex_token(lexer, is_reserved ? reserved[keyword] : NL_T_ID);

    token->keyword = keyword;
    if (!is_ascii(token->text)) token->text = nl_nfc_compose(lexer->arena, token->text, match_length(lexer));
}

void nl_lex_number(nl_lexer *lexer)
{
    (void)nl_lex_token(lexer, NL_T_NUMBER);
}

/* In `0..10` and `2.x` the dot is no part of the number. */
bool nl_lex_dot_is_separate(const nl_lexer *lexer)
{
    const unsigned char next = (unsigned char)lexer->source->text[lexer->end];

    return next == '.' || next == '_' || next >= 0x80 || (next >= '0' && next <= '9')
        || ((next | 0x20) >= 'a' && (next | 0x20) <= 'z');
}

void nl_lex_newline(nl_lexer *lexer)
{
    if (lexer->inserts.count > 0) nl_lex_string_unclosed(lexer);
    add_token(lexer, '\n', lexer->begin);
    lexer->line++;
    lexer->line_begin = lexer->end;
}

bool nl_lex_starts_line(const nl_lexer *lexer)
{
    const nl_token *last = last_token(lexer);

    return last == NULL || last->kind == '\n';
}

void nl_lex_comment(nl_lexer *lexer)
{
    uint32_t end = lexer->end;

    while (end > lexer->begin && strchr(" \t\r", lexer->source->text[end - 1]) != NULL) end--;
    NL_PUSH(lexer->arena, &lexer->comments,
            ((nl_comment){ span_of(lexer, lexer->begin, end), nl_lex_starts_line(lexer) }));
}

void nl_lex_slashes(nl_lexer *lexer, bool is_comment)
{
    if (!is_comment || match_length(lexer) == 2) {
        nl_lex_repair(lexer, "floor division is written `div`, a comment begins with `#`", NL_T_DIV);
        return;
    }
    fault(lexer, NL_E_OPERATOR, here(lexer), NULL, "a comment begins with `#`");
    for (uint32_t at = lexer->begin; at < lexer->end; at++)
        if (lexer->source->text[at] == '\n') {
            lexer->line++;
            lexer->line_begin = at + 1;
        }
}

void nl_lex_joined_line(nl_lexer *lexer)
{
    fault(lexer, NL_E_CHARACTER, span_of(lexer, lexer->begin, lexer->begin + 1), NULL,
          "`\\` does not join lines; a line continues inside brackets, behind an operator and in front of one");
    lexer->line++;
    lexer->line_begin = lexer->end;
}

void nl_lex_bracket(nl_lexer *lexer, int kind)
{
    nl_insert *insert = lexer->inserts.count > 0 ? &lexer->inserts.items[lexer->inserts.count - 1] : NULL;

    if (insert != NULL) {
        if (kind == '{' || kind == '}') insert->braces += kind == '{' ? 1 : -1;
        else insert->brackets += kind == '(' || kind == '[' ? 1 : -1;
    }
    (void)nl_lex_token(lexer, kind);
}

bool nl_lex_follows_name(const nl_lexer *lexer)
{
    const nl_token *last = last_token(lexer);

    return last != NULL && (last->kind == NL_T_ID || last->kind == NL_T_PRIME)
        && last->span.end == lexer->source->base + lexer->begin;
}

/* `'`, or a whole '...' that follows no name. */
void nl_lex_prime(nl_lexer *lexer)
{
    if (nl_lex_follows_name(lexer)) {
        (void)nl_lex_token(lexer, NL_T_PRIME);
    } else if (match_length(lexer) > 1) {
        nl_lex_quoted(lexer, 1, 1);
    } else {
        fault(lexer, NL_E_STRING, here(lexer), NULL, "`'` marks a derivative and directly follows a name");
    }
}

/* A string in quotes of another kind; it is taken as it is meant. */
void nl_lex_quoted(nl_lexer *lexer, uint32_t quote_before, uint32_t quote_behind)
{
    const bool is_single = match(lexer)[0] == '\'';

    fault(lexer, NL_E_STRING, here(lexer), is_single ? "`'` marks a derivative and directly follows a name" : NULL,
          "a string is written with plain double quotes: \"...\"");
    nl_token *token = nl_lex_token(lexer, NL_T_STRING);
    token->text = nl_arena_strndup(lexer->arena, match(lexer) + quote_before,
                                   match_length(lexer) - quote_before - quote_behind);
}

void nl_lex_string_begin(nl_lexer *lexer)
{
    lexer->string = nl_text_new(lexer->arena);
    lexer->string_begin = lexer->begin;
}

static nl_insert *insert_in_text(nl_lexer *lexer)
{
    nl_insert *top = lexer->inserts.count > 0 ? &lexer->inserts.items[lexer->inserts.count - 1] : NULL;

    return top != NULL && top->in_text ? top : NULL;
}

static nl_token *add_piece(nl_lexer *lexer, int kind)
{
    nl_token *token = add_token(lexer, kind, lexer->string_begin);

    token->text = lexer->string.chars;
    return token;
}

void nl_lex_insert_begin(nl_lexer *lexer)
{
    nl_insert *insert = insert_in_text(lexer);

    add_piece(lexer, insert != NULL ? NL_T_STR_MID : NL_T_STR_HEAD);
    if (insert != NULL) *insert = (nl_insert){ .token = insert->token };
    else NL_PUSH(lexer->arena, &lexer->inserts, ((nl_insert){ .token = lexer->tokens.count - 1 }));
}

void nl_lex_string_end(nl_lexer *lexer)
{
    const bool has_inserts = insert_in_text(lexer) != NULL;

    add_piece(lexer, has_inserts ? NL_T_STR_TAIL : NL_T_STRING);
    if (has_inserts) lexer->inserts.count--;
}

/* The outermost string that is open becomes one token, up to here. */
void nl_lex_string_unclosed(nl_lexer *lexer)
{
    const bool in_insert = lexer->inserts.count > 0;

    if (in_insert) {
        lexer->tokens.count = lexer->inserts.items[0].token;
        lexer->string_begin = lexer->tokens.items[lexer->tokens.count].span.begin - lexer->source->base;
        lexer->inserts.count = 0;
    }
    fault(lexer, NL_E_STRING, span_of(lexer, lexer->string_begin, lexer->begin),
          in_insert ? "a `{` in a string starts an inserted value; write {{ for a brace"
                    : "a string ends with `\"` on the line where it began",
          "this string is not closed");
    lexer->string = nl_text_new(lexer->arena);
    const uint32_t end = lexer->end;
    lexer->end = lexer->begin;
    add_piece(lexer, NL_T_STRING);
    lexer->end = end;
}

bool nl_lex_ends_insert(nl_lexer *lexer)
{
    nl_insert *insert = lexer->inserts.count > 0 ? &lexer->inserts.items[lexer->inserts.count - 1] : NULL;

    if (insert == NULL || insert->braces > 0) return false;
    insert->in_text = true;
    nl_lex_string_begin(lexer);
    return true;
}

/* A `:` outside the brackets of an inserted value. */
bool nl_lex_begins_format(const nl_lexer *lexer)
{
    const nl_insert *insert = lexer->inserts.count > 0 ? &lexer->inserts.items[lexer->inserts.count - 1] : NULL;

    return insert != NULL && insert->brackets <= 0 && insert->braces <= 0;
}

void nl_lex_format(nl_lexer *lexer)
{
    (void)nl_lex_token(lexer, NL_T_FMTSPEC);
}

void nl_lex_end(nl_lexer *lexer)
{
    if (lexer->inserts.count > 0) nl_lex_string_unclosed(lexer);
    lexer->begin = lexer->end;
    add_token(lexer, NL_T_END, lexer->end);
    add_token(lexer, NL_T_END, lexer->end);
}

/* ---- characters that are no letters ---- */

typedef struct lookalike {
    uint32_t first, last;
    int kind; /* of the token that is meant, or 0: none */
    const char *remedy;
} lookalike;

static const lookalike lookalikes[] = {
    { 0x2212, 0x2212, '-', "a minus is written `-`" },
    { 0x2010, 0x2015, '-', "a minus is written `-`" },
    { 0x00d7, 0x00d7, '*', "a product is written `*`" },
    { 0x00b7, 0x00b7, '*', "a product is written `*`" },
    { 0x2217, 0x2219, '*', "a product is written `*`" },
    { 0x22c5, 0x22c5, '*', "a product is written `*`" },
    { 0x00f7, 0x00f7, '/', "a quotient is written `/`" },
    { 0x2215, 0x2215, '/', "a quotient is written `/`" },
    { 0x2264, 0x2264, NL_T_LE, "write `<=`" },
    { 0x2265, 0x2265, NL_T_GE, "write `>=`" },
    { 0x2260, 0x2260, NL_T_NE, "write `!=`" },
    { 0x2192, 0x2192, NL_T_ARROW, "write `->`" },
    { 0x2018, 0x201b, NL_T_PRIME, "a derivative is written with the plain quote `'`" },
    { 0x2032, 0x2032, NL_T_PRIME, "a derivative is written with the plain quote `'`" },
    { 0x201c, 0x201f, 0, "a string is written with plain double quotes: \"...\"" },
    { 0x00ab, 0x00ab, 0, "a string is written with plain double quotes: \"...\"" },
    { 0x00bb, 0x00bb, 0, "a string is written with plain double quotes: \"...\"" },
    { 0x221e, 0x221e, 0, "infinity is written inf" },
    { 0x221a, 0x221a, 0, "a square root is written sqrt(x)" },
    { 0x00b2, 0x00b3, '^', "a power is written `^`: x^2" },
    { 0x00b9, 0x00b9, '^', "a power is written `^`: x^2" },
    { 0x2070, 0x207f, '^', "a power is written `^`: x^2" },
    { 0x00a0, 0x00a0, 0, "it looks like a space; write a plain space" },
    { 0x2000, 0x200f, 0, "it looks like a space, or like nothing; write a plain space" },
    { 0x2028, 0x202f, 0, "it looks like a space, or like nothing; write a plain space" },
    { 0x205f, 0x2060, 0, "it looks like a space, or like nothing; write a plain space" },
    { 0x3000, 0x3000, 0, "it looks like a space; write a plain space" },
    { 0xfeff, 0xfeff, 0, "it is a byte order mark, which looks like nothing" },
};

static const lookalike *find_lookalike(uint32_t point)
{
    for (size_t k = 0; k < NL_LEN(lookalikes); k++)
        if (point >= lookalikes[k].first && point <= lookalikes[k].last) return &lookalikes[k];
    return NULL;
}

/* Superscript digits: the power that is meant. */
static void add_power(nl_lexer *lexer, uint32_t point)
{
    const uint32_t digit = point == 0xb9 ? 1 : point < 0xc0 ? point - 0xb0 : point - 0x2070;
    nl_token *token = add_token(lexer, NL_T_NUMBER, lexer->begin);

    token->text = nl_arena_printf(lexer->arena, "%u", digit < 10 ? digit : 1);
}

void nl_lex_symbol(nl_lexer *lexer)
{
    size_t length;
    const uint32_t point = nl_nfc_code_point(match(lexer), &length);
    const lookalike *found = find_lookalike(point);

    if (point == 0xfeff && lexer->begin == 0) return;
    if (point < 0x20 || point == 0x7f)
        fault(lexer, NL_E_CHARACTER, here(lexer), NULL, "the control character U+%04X has no place here", point);
    else
        fault(lexer, NL_E_CHARACTER, here(lexer), found != NULL ? found->remedy : NULL,
              "the character `%.*s` (U+%04X) has no place here", (int)match_length(lexer), match(lexer), point);
    if (found == NULL || found->kind == 0) return;
    (void)nl_lex_token(lexer, found->kind);
    if (found->kind == '^') add_power(lexer, point);
}

/* ---- the whole text ---- */

/* The length of the UTF-8 sequence at `s`, or 0 where there is none (Unicode 15, table 3-7). */
static size_t sequence_length(const unsigned char *s, const unsigned char *end)
{
    const size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    const unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

    if (length == 0 || length > (size_t)(end - s)) return 0;
    if (length > 1 && (s[1] < low || s[1] > high)) return 0;
    for (size_t k = 2; k < length; k++)
        if ((s[k] & 0xc0) != 0x80) return 0;
    return length;
}

/* Faults for bytes that are no text; false when there is one. */
static bool check_encoding(nl_lexer *lexer)
{
    const unsigned char *text = (const unsigned char *)lexer->source->text, *end = text + lexer->source->length;
    const bool is_utf16 = lexer->source->length >= 2 && text[0] + text[1] == 0xff + 0xfe;

    for (const unsigned char *s = text; s < end;) {
        const size_t length = sequence_length(s, end);
        const uint32_t at = (uint32_t)(s - text);

        if (length > 0 && *s != '\0') {
            s += length;
            continue;
        }
        if (length > 0)
            fault(lexer, NL_E_CHARACTER, span_of(lexer, at, at + 1), "a .net file is UTF-8 text",
                  "a NUL byte has no place in a text");
        else
            fault(lexer, NL_E_CHARACTER, span_of(lexer, at, at + 1),
                  is_utf16 ? "the file is in UTF-16; save it as UTF-8" : "save the file as UTF-8",
                  "the byte 0x%02X is not valid UTF-8", *s);
        return false;
    }
    return true;
}

void nl_lex_source(nl_lexer *lexer, nl_arena *arena, const nl_source *source)
{
    *lexer = (nl_lexer){ .arena = arena, .source = source, .line = 1 };
    if (check_encoding(lexer)) nl_lex_run(lexer);
    else nl_lex_end(lexer);
}
