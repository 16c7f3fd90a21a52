/* Between the lexer and the grammar: where statements end, which words are keywords, what is a unit; and repairs
 * where the intention is certain.  It keeps a stack of open brackets and gives one token at a time, so that after a
 * syntax error it can go to the end of the statement.
 *
 * The end of a line is judged before what follows it (line_end); no other rule looks past one, but for `else`. */
#include "parser.h"

#include "netlang_parse.h"

#include <string.h>

static const int keyword_tokens[NL_KEYWORD_COUNT] = {
#define KEYWORD(name, ...) [NL_KEYWORD_##name] = NL_T_##name,
#include "lang/keywords.def"
};

/* ---- kinds of tokens ---- */

bool nl_token_ends_operand(int kind)
{
    switch (kind) {
    case NL_T_ID: case NL_T_NUMBER: case NL_T_QUANTITY: case NL_T_UNIT: case NL_T_STRING: case NL_T_STR_TAIL:
    case NL_T_PRIME: case ')': case ']':
        return true;
    default:
        return false;
    }
}

bool nl_token_begins_operand(int kind)
{
    switch (kind) {
    case NL_T_ID: case NL_T_NUMBER: case NL_T_QUANTITY: case NL_T_STRING: case NL_T_STR_HEAD: case NL_T_NOT:
    case NL_T_IF: case '(': case '[':
        return true;
    default:
        return false;
    }
}

bool nl_token_is_binary(int kind)
{
    switch (kind) {
    case NL_T_AND: case NL_T_OR: case NL_T_DIV: case NL_T_MOD: case NL_T_EQ: case NL_T_NE: case NL_T_LE: case NL_T_GE:
    case NL_T_RANGE: case '<': case '>': case '+': case '-': case '*': case '/': case '^': case '@':
        return true;
    default:
        return false;
    }
}

/* Behind these a line's end is no end of a statement. */
static bool holds_line(int kind)
{
    switch (kind) {
    case ',': case '=': case ':': case NL_T_AUG: case NL_T_ARROW: case NL_T_NOT: case NL_T_IF: case NL_T_THEN:
    case NL_T_ELSE: case NL_T_VIA: case NL_T_USING:
        return true;
    default:
        return nl_token_is_binary(kind);
    }
}

static bool is_place(const nl_token *t, nl_keyword_place place)
{
    return t->kind == NL_T_ID && t->keyword < NL_KEYWORD_COUNT && (nl_keywords[t->keyword].place & place) != 0;
}

static bool is_word(const nl_token *t, nl_keyword keyword)
{
    return t->kind == NL_T_ID && t->keyword == keyword;
}

/* Heads whose items and bindings `name = value` are separated by commas. */
static bool is_list_head(int head)
{
    return head == NL_T_PARAM || head == NL_T_LET || head == NL_T_STATE || head == NL_T_INPUT || head == NL_T_SWEEP;
}

static nl_bracket *top(nl_layout *l)
{
    return l->open.count > 0 ? &l->open.items[l->open.count - 1] : NULL;
}

/* Inside ( ), [ ] or an inserted value. */
static bool is_inside(nl_layout *l)
{
    return l->open.count > 0 && top(l)->kind != '{';
}

static nl_bracket *innermost_block(nl_layout *l)
{
    for (size_t k = l->open.count; k > 0; k--)
        if (l->open.items[k - 1].kind == '{') return &l->open.items[k - 1];
    return NULL;
}

/* ---- giving tokens ---- */

static const nl_token *give(nl_layout *l, const nl_token *t)
{
    l->before = l->last;
    l->last = t;
    l->fresh = t->kind == NL_T_TERM || t->kind == '{' || t->kind == NL_T_START_FILE || t->kind == NL_T_OVERRIDE;
    l->array_ended = false;
    if (!l->fresh) return t;
    l->ended_head = l->head;
    l->head = 0;
    l->joined = NULL;
    return t;
}

static nl_token *copy_token(nl_parser *p, const nl_token *t, int kind)
{
    nl_token *copy = NL_NEW(p->arena, nl_token);

    *copy = *t;
    copy->kind = kind;
    return copy;
}

/* A token that is not in the text; it stands at the end of the last one. */
static const nl_token *give_made(nl_parser *p, int kind)
{
    nl_layout *l = &p->layout;
    nl_token *made = copy_token(p, l->last, kind);

    made->span.begin = made->span.end;
    made->text = "";
    return give(l, made);
}

static const nl_token *take(nl_layout *l)
{
    return give(l, l->at++);
}

static const nl_token *take_as(nl_parser *p, int kind)
{
    return give(&p->layout, copy_token(p, p->layout.at++, kind));
}

static const nl_token *push(nl_parser *p, const nl_token *t, bool is_array, bool is_unit)
{
    nl_layout *l = &p->layout;
    const nl_bracket bracket = { .kind = t->kind, .token = t, .is_array = is_array, .is_unit = is_unit,
                                 .first = l->first, .head = l->head };

    if (l->open.count == NL_NESTING_LIMIT) {
        nl_diag_add(p->diags, NL_E_NESTING, t->span, "brackets are nested more than %d deep", NL_NESTING_LIMIT);
        l->stopped = true;
        while (l->at->kind != NL_T_END) l->at++;
        return NULL;
    }
    NL_PUSH(p->arena, &l->open, bracket);
    return take(l);
}

/* ---- looking ahead ---- */

/* The token behind the bracket that begins at `t`, or an END. */
static const nl_token *behind_bracket(const nl_token *t)
{
    int depth = 0;

    for (; t->kind != NL_T_END; t++) {
        if (t->kind == '(' || t->kind == '[') depth++;
        else if (t->kind == ')' || t->kind == ']') depth--;
        else if (t->kind == '{' || t->kind == '}' || t->kind == ';') return t;
        if (depth == 0) return t + 1;
    }
    return t;
}

/* A word before one of these is a name, although it is the first of a statement. */
static bool makes_name(int kind)
{
    switch (kind) {
    case '=': case '.': case ':': case ',': case ')': case NL_T_AUG: case NL_T_PRIME:
        return true;
    case '+': case '-':
        return false;
    default:
        return nl_token_is_binary(kind);
    }
}

static bool is_name_first(const nl_token *t)
{
    const nl_token *next = t + 1;

    if (next->kind != '[') return makes_name(next->kind);
    const int kind = behind_bracket(next)->kind;
    return kind == '=' || kind == NL_T_AUG || kind == '.' || kind == NL_T_PRIME;
}

/* Two operands never touch, so that a keyword before one of these cannot be a name. */
static bool touches_operand(const nl_token *next)
{
    switch (next->kind) {
    case NL_T_ID:
        return next->keyword != NL_KEYWORD_CROSSES && next->keyword != NL_KEYWORD_WITHIN
               && next->keyword != NL_KEYWORD_OF;
    case NL_T_NUMBER: case NL_T_STRING: case NL_T_STR_HEAD: case '{':
        return true;
    default:
        return false;
    }
}

/* `name =` at the start of a line can be one more item of a list, or one more argument. */
static bool may_be_item(nl_layout *l, const nl_token *next)
{
    const bool separates = l->last->kind == ',' || l->last->kind == '(';

    if (is_inside(l)) return top(l)->kind == '(' && (separates || next->col > l->first->col);
    return separates && is_list_head(l->head);
}

/* Whether a line that begins at `t` can only be a new statement; `name =` may also be one more item or argument. */
static bool can_only_begin_statement(const nl_token *t, bool may_be_item)
{
    if (t->kind == NL_T_END || t->kind == '}' || t->kind == NL_T_RETURN) return true;
    if (t->kind != NL_T_ID) return false;
    if (is_place(t, NL_KEYWORD_IS_FIRST) && touches_operand(t + 1)) return true;
    if (t[1].kind == NL_T_PRIME) return t[2].kind == '=';
    if (t[1].kind == '=') return !may_be_item;
    if (t[1].kind == '.' && t[2].kind == NL_T_ID) return t[3].kind == NL_T_AUG;
    return t[1].kind == NL_T_AUG;
}

/* An operand behind an operand, no further right than the statement began: a bracket was forgotten before it. */
static bool is_left_behind(const nl_layout *l, const nl_token *last, const nl_token *next)
{
    return nl_token_ends_operand(last->kind) && nl_token_begins_operand(next->kind) && l->first != NULL
        && next->col <= l->first->col;
}

/* Whether a line that begins at `t` continues the statement above. */
static bool continues_statement(const nl_layout *l, const nl_token *t)
{
    const bool in_head = l->head == NL_T_PROJECTION || l->head == NL_T_POPULATION || l->head == NL_T_NEURON
                         || l->head == NL_T_SYNAPSE;

    if (nl_token_is_binary(t->kind)) return true;
    switch (t->kind) {
    case NL_T_ARROW: case NL_T_IN: case NL_T_THEN: case NL_T_ELSE: case '{':
        return true;
    case NL_T_ID:
        if (!in_head || makes_name(t[1].kind)) return false;
        return t->keyword == NL_KEYWORD_VIA || t->keyword == NL_KEYWORD_USING || t->keyword == NL_KEYWORD_EXCLUDING
            || (t->keyword == NL_KEYWORD_NO && is_word(t + 1, NL_KEYWORD_SELF));
    default:
        return false;
    }
}

static const nl_token *past_newlines(const nl_token *t)
{
    while (t->kind == '\n') t++;
    return t;
}

/* ---- statements that are given up ---- */

/* Whether a statement that is given up goes on behind the newline at `t`. */
static bool skips_newline(const nl_layout *l, const nl_token *t, int depth)
{
    const nl_token *next = past_newlines(t), *last = t - 1;

    if (can_only_begin_statement(next, last->kind == ',' || last->kind == '(')) return false;
    if (depth > 0) return !is_left_behind(l, last, next);
    if (is_place(next, NL_KEYWORD_IS_AFTER) && !is_place(next, NL_KEYWORD_IS_FIRST) && !makes_name(next[1].kind))
        return true;
    return continues_statement(l, next) || holds_line(last->kind);
}

/* From the present token to the end of its statement: a line's end outside brackets, a `;`, a `}` that closes none
 * of the statement's own blocks, or the end of the text. */
static void skip_statement(nl_layout *l, int depth)
{
    for (int blocks = 0; l->at->kind != NL_T_END; l->at++) {
        switch (l->at->kind) {
        case '(': case '[': depth++; break;
        case ')': case ']': depth -= depth > 0; break;
        case '{':
            blocks++;
            depth = 0;
            break;
        case '}':
            if (blocks == 0) return;
            depth = 0;
            if (--blocks == 0 && past_newlines(l->at + 1)->kind != NL_T_ELSE) {
                l->at++;
                return;
            }
            break;
        case ';':
            if (blocks == 0 && depth == 0) return;
            break;
        case '\n':
            if (blocks == 0 && !skips_newline(l, l->at, depth)) return;
            break;
        default: break;
        }
    }
}

/* Lines below a statement that was given up, further right than it. */
static void skip_indented_lines(nl_layout *l)
{
    const uint32_t col = l->first != NULL ? l->first->col : UINT32_MAX;

    while (l->at->kind == '\n' && past_newlines(l->at)->col > col && past_newlines(l->at)->kind != NL_T_END) {
        l->at = past_newlines(l->at);
        skip_statement(l, 0);
    }
}

void nl_layout_recover(nl_parser *p)
{
    nl_layout *l = &p->layout;
    int depth = 0;

    if (l->last->kind == NL_T_TERM || l->last->kind == NL_T_END) {
        skip_indented_lines(l);
        return;
    }
    if (l->last->kind == '{' && l->open.count > 0) {
        if (&l->at[-1] == l->last) l->at--; /* not a brace that was supplied */
        l->first = top(l)->first;
        l->open.count--;
    }
    for (; is_inside(l); l->open.count--) depth++;
    skip_statement(l, depth);
    l->term_due = true;
}

/* A statement whose first word is a fault; with the lines below it where blocks are made by indentation. */
static void skip_fresh_statement(nl_layout *l)
{
    skip_statement(l, 0);
    if (l->at[-1].kind == ':') skip_indented_lines(l);
}

/* ---- brackets ---- */

static const nl_token *close_bracket(nl_parser *p, const char *before)
{
    nl_layout *l = &p->layout;
    const nl_bracket open = *top(l);

    if (!l->stopped && open.kind != NL_T_STR_HEAD)
        nl_diag_add(p->diags, NL_E_BRACKET, open.token->span, "this `%c` is not closed%s", open.kind, before);
    l->open.count--;
    give_made(p, open.kind == '(' ? ')' : open.kind == '[' ? ']' : NL_T_STR_TAIL);
    l->array_ended = open.is_array;
    return l->last;
}

static const nl_token *open_bracket(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;
    const bool is_unit = t->kind == '[' && (l->last->kind == NL_T_NUMBER || l->array_ended);

    if (is_unit) l->unit_of_array = l->array_ended;
    return push(p, t, t->kind == '[' && !is_unit && !nl_token_ends_operand(l->last->kind), is_unit);
}

static bool is_open(const nl_layout *l, int kind)
{
    for (size_t k = l->open.count; k > 0 && l->open.items[k - 1].kind != '{'; k--)
        if (l->open.items[k - 1].kind == kind) return true;
    return false;
}

static const nl_token *end_bracket(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;
    const int opener = t->kind == ')' ? '(' : '[';

    if (!is_inside(l) || top(l)->kind == NL_T_STR_HEAD) {
        nl_diag_add(p->diags, NL_E_BRACKET, t->span, "this `%c` closes nothing", t->kind);
        l->at++;
        return NULL;
    }
    const nl_bracket open = *top(l);
    if (open.kind != opener && is_open(l, opener)) return close_bracket(p, "");
    if (open.kind != opener)
        nl_diag_add(p->diags, NL_E_BRACKET, t->span, "`%c` is closed with `%c`, not with `%c`", open.kind,
                    open.kind == '(' ? ')' : ']', t->kind);
    l->open.count--;
    take_as(p, open.kind == '(' ? ')' : ']');
    l->array_ended = open.is_array;
    return l->last;
}

static const nl_token *string_piece(nl_parser *p)
{
    nl_layout *l = &p->layout;

    if (l->at->kind == NL_T_STR_HEAD) return push(p, l->at, false, false);
    if (is_inside(l) && top(l)->kind != NL_T_STR_HEAD) return close_bracket(p, "");
    if (l->at->kind == NL_T_STR_TAIL && is_inside(l)) l->open.count--;
    return take(l);
}

/* ---- blocks ---- */

static const nl_token *open_block(nl_parser *p)
{
    return is_inside(&p->layout) ? close_bracket(p, "") : push(p, p->layout.at, false, false);
}

static const nl_token *leave_block(nl_parser *p, const nl_token *close)
{
    nl_layout *l = &p->layout;
    const nl_bracket open = *top(l);

    l->open.count--;
    if (close != NULL) l->at++, give(l, close);
    else give_made(p, '}');
    l->first = open.first;
    l->head = open.head;
    l->block_ended = true;
    return l->last;
}

static bool begins_line(const nl_layout *l)
{
    return l->at->line > l->last->line || l->last->kind == NL_T_START_FILE;
}

static void report_open_block(nl_parser *p, const char *before, const char *help)
{
    nl_layout *l = &p->layout;
    nl_diag *diag = nl_diag_add(p->diags, NL_E_BRACKET, top(l)->token->span, "this `{` is not closed%s", before);

    if (help != NULL) nl_diag_help(p->diags, diag, "%s", help);
    l->surplus--;
}

/* In a text with more `{` than `}`: a `}` further left than the statement that it would end belongs to another. */
static bool is_outer_end(nl_layout *l)
{
    const nl_bracket *block = top(l);

    return l->surplus > 0 && begins_line(l) && block->first->line < l->at->line && l->at->col < block->first->col;
}

static const nl_token *close_block(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;

    if (is_inside(l)) return close_bracket(p, "");
    if (!l->fresh) return give_made(p, NL_T_TERM);
    if (l->open.count == 0) {
        if (nl_diags_error_count(p->diags) == l->errors_before)
            nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_BRACKET, t->span, "this `}` closes nothing"),
                         "is a `{` missing above, or one `}` too many?");
        l->at++;
        return NULL;
    }
    if (!is_outer_end(l)) return leave_block(p, t);
    report_open_block(
        p, "",
        nl_arena_printf(p->arena, "the indentation says that the `}` on line %u belongs to another block", t->line));
    return leave_block(p, NULL);
}

/* Behind a `}` a statement ends, unless `else` follows. */
static const nl_token *after_block(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *next = past_newlines(l->at);

    l->block_ended = false;
    if (next->kind != NL_T_ELSE) return give_made(p, NL_T_TERM);
    l->at = next;
    return NULL;
}

/* In a text with more `{` than `}`: a line no further right than the statement of the block stands behind it. */
static bool is_block_missed(nl_layout *l)
{
    const nl_bracket *block = top(l);
    const int kind = l->at->kind;

    if (!l->fresh || l->surplus <= 0 || block == NULL || block->body == NULL || block->first == NULL) return false;
    if (kind == '\n' || kind == ';' || kind == '}' || kind == NL_T_END || !begins_line(l)) return false;
    const bool indents = block->body->line == block->token->line || block->body->col > block->first->col;
    const uint32_t room = kind == NL_T_ELSE ? sizeof "} " - 1 : 0;
    return indents && l->at->line > block->body->line && l->at->col <= block->first->col + room;
}

static const nl_token *missing_block_end(nl_parser *p)
{
    const nl_token *t = p->layout.at;

    report_open_block(p, nl_arena_printf(p->arena, " before %s on line %u", nl_token_shown(p->arena, t), t->line),
                      NULL);
    return leave_block(p, NULL);
}

/* Statements that have a block, or may have one. */
static bool takes_block(int head)
{
    switch (head) {
    case NL_T_IF: case NL_T_FOR: case NL_T_EVERY: case NL_T_AT: case NL_T_SPIKE: case NL_T_EVENT: case NL_T_WHEN:
    case NL_T_ON: case NL_T_SIMULATION: case NL_T_SWEEP: case NL_T_TRIALS: case NL_T_FIGURE: case NL_T_FUNCTION:
    case NL_T_POPULATION: case NL_T_PROJECTION: case NL_T_NEURON: case NL_T_SYNAPSE: case NL_T_METHOD:
    case NL_T_CIRCUIT:
        return true;
    default:
        return false;
    }
}

/* In a text with more `}` than `{`: the block of this statement begins without its `{`. */
static const nl_token *missing_block_begin(nl_parser *p, const nl_token *next)
{
    nl_layout *l = &p->layout;
    nl_token *brace = copy_token(p, l->last, '{');
    nl_bracket block = { .kind = '{', .token = brace, .first = l->first, .head = l->head };

    brace->span.begin = brace->span.end;
    nl_diag_add(p->diags, NL_E_BRACKET, brace->span, "a `{` is missing here, before `%s`", next->text);
    NL_PUSH(p->arena, &l->open, block);
    l->surplus++;
    return give(l, brace);
}

/* ---- the ends of lines ---- */

static bool can_hold(nl_layout *l, const nl_token *next)
{
    if (next->kind == NL_T_END || next->kind == '}') return false;
    return holds_line(l->last->kind) && !can_only_begin_statement(next, may_be_item(l, next));
}

/* In a text with more `{` than `}`: the `else` of an `if` whose block is still open. */
static bool is_else_of_block(nl_layout *l, const nl_token *next)
{
    return next->kind == NL_T_ELSE && l->surplus > 0 && top(l) != NULL && top(l)->head == NL_T_IF
        && next->col <= top(l)->first->col + sizeof "} " - 1;
}

static const nl_token *line_end(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *next = past_newlines(l->at);

    if (is_inside(l) && (can_only_begin_statement(next, may_be_item(l, next)) || is_left_behind(l, l->last, next)))
        return close_bracket(p, "");
    if (l->fresh || is_inside(l) || can_hold(l, next)) {
        l->at = next;
        return NULL;
    }
    if (continues_statement(l, next) && !is_else_of_block(l, next)) {
        if (next->kind == '-' || next->kind == '+') l->joined = next;
        l->at = next;
        return NULL;
    }
    if (l->surplus < 0 && takes_block(l->head) && next->col > l->first->col) return missing_block_begin(p, next);
    return give_made(p, NL_T_TERM);
}

static const nl_token *semicolon(nl_parser *p)
{
    nl_layout *l = &p->layout;

    if (is_inside(l)) return close_bracket(p, " before the `;`, which ends the statement");
    if (!l->fresh) return give_made(p, NL_T_TERM);
    l->at++;
    return NULL;
}

static const nl_token *text_end(nl_parser *p)
{
    nl_layout *l = &p->layout;

    if (is_inside(l)) return close_bracket(p, "");
    if (!l->fresh && l->last->kind != NL_T_END) return give_made(p, NL_T_TERM);
    if (l->open.count == 0) return give(l, l->at);
    if (!l->stopped) report_open_block(p, "", NULL);
    return leave_block(p, NULL);
}

/* ---- numbers and units ---- */

static void report_unit(nl_parser *p, const nl_token *number, const nl_token *word)
{
    const char *meant = nl_unit_suggest(word->text, strlen(word->text));
    nl_diag *diag = nl_diag_add(p->diags, NL_E_UNIT, word->span, meant != NULL
                                ? "unknown unit `%s`; did you mean `%s`?" : "unknown unit `%s`", word->text, meant);

    if (number != NULL)
        nl_diag_help(p->diags, diag, "for a product write %s * %s", number->text, word->text);
    else
        nl_diag_help(p->diags, diag, "for a product write [...] * %s", word->text);
}

/* A unit that is not known fits every dimension, so that nothing follows from it. */
static nl_unit unknown_unit(void)
{
    nl_unit unit = { .factor = 1 };

    unit.dim.unknown = true;
    return unit;
}

/* Whether a word behind a number is neither keyword nor the start of another statement. */
static bool is_meant_as_unit(nl_layout *l, const nl_token *t)
{
    if (t->kind != NL_T_ID || is_place(t, NL_KEYWORD_IS_AFTER)) return false;
    if (is_place(t, NL_KEYWORD_IS_FIRST) && touches_operand(t + 1)) return false;
    if (t[1].kind == '=' || t[1].kind == NL_T_AUG || t[1].kind == NL_T_PRIME) return false;
    return !(is_inside(l) && top(l)->is_unit);
}

/* `%` is a remainder before an operand; else it is a unit. */
static bool is_percent(const nl_token *t)
{
    if (t->kind != '%') return false;
    if (t[1].kind == NL_T_ID) return is_place(t + 1, NL_KEYWORD_IS_AFTER);
    return t[1].kind != NL_T_NUMBER && t[1].kind != '(' && t[1].kind != '[' && t[1].kind != NL_T_STRING
        && t[1].kind != NL_T_STR_HEAD;
}

/* Reads the unit at `t`, if there is one; a word that is none but stands for one is reported. */
static bool read_unit(nl_parser *p, const nl_token *number, const nl_token *t, nl_unit *unit)
{
    if (t->kind == NL_T_ID && nl_unit_find(t->text, strlen(t->text), unit)) return true;
    if (is_percent(t)) return nl_unit_find("%", 1, unit);
    if (!is_meant_as_unit(&p->layout, t)) return false;
    if (nl_unit_suggest(t->text, strlen(t->text)) == NULL
        && nl_keyword_suggest(t->text, NL_KEYWORD_IS_AFTER) != NL_KEYWORD_COUNT && strlen(t->text) > 2)
        return false;
    report_unit(p, number, t);
    *unit = unknown_unit();
    return true;
}

static const nl_token *number(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at, *word = t + 1;
    nl_unit unit;

    if (!read_unit(p, t, word, &unit)) return take(l);
    nl_token *quantity = copy_token(p, t, NL_T_QUANTITY);
    quantity->span.end = word->span.end;
    quantity->unit = unit;
    quantity->unit_text = word->text;
    l->at += 2;
    return give(l, quantity);
}

static const nl_token *array_unit(nl_parser *p)
{
    nl_layout *l = &p->layout;
    nl_unit unit;

    if (!l->array_ended || !read_unit(p, NULL, l->at, &unit)) return NULL;
    nl_token *token = copy_token(p, l->at++, NL_T_UNIT);
    token->unit = unit;
    token->unit_text = token->text;
    return give(l, token);
}

static const nl_token *percent(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *unit = array_unit(p);

    if (unit != NULL) return unit;
    nl_diag_help(
        p->diags,
        nl_diag_add(p->diags, NL_E_OPERATOR, l->at->span, "`%%` is not an operator; a remainder is written `mod`"),
        "as a unit `%%` directly follows a number: 2 %% is 0.02");
    nl_token *mod = copy_token(p, l->at++, NL_T_MOD);
    mod->text = "mod";
    return give(l, mod);
}

/* ---- words ---- */

static const nl_token *take_keyword(nl_parser *p, nl_keyword keyword)
{
    return take_as(p, keyword_tokens[keyword]);
}

static const nl_token *take_first(nl_parser *p, nl_keyword keyword)
{
    nl_layout *l = &p->layout;

    take_keyword(p, keyword);
    l->head = l->last->kind;
    return l->last;
}

static void report_no_start(nl_parser *p, const nl_token *t, const char *text, const char *remedy)
{
    nl_diag *diag = nl_diag_add(p->diags, NL_E_WORD, t->span, text, t->text);

    if (remedy != NULL) nl_diag_help(p->diags, diag, "%s", remedy);
}

static const nl_token *repair_first(nl_parser *p, nl_keyword meant)
{
    nl_layout *l = &p->layout;

    nl_diag_add(p->diags, NL_E_WORD, l->at->span, "`%s` does not start a statement; did you mean `%s`?", l->at->text,
                nl_keywords[meant].word);
    return take_first(p, meant);
}

/* A first word that is no keyword, before something that cannot follow a name. */
static const nl_token *strange_first(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;
    const char *remedy = nl_foreign_remedy(t->text);
    const nl_keyword meant = nl_keyword_suggest(t->text, NL_KEYWORD_IS_FIRST);

    if (remedy != NULL) {
        nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_WORD, t->span, "`%s` is not netlang", t->text), "%s", remedy);
    } else if (is_place(t, NL_KEYWORD_IS_AFTER)) {
        report_no_start(p, t, "`%s` does not start a statement; it belongs to the line above",
                        nl_keywords[t->keyword].form);
    } else if (meant < NL_KEYWORD_COUNT) {
        return repair_first(p, meant);
    } else if (is_place(t + 1, NL_KEYWORD_IS_AFTER)) {
        return take(l);
    } else {
        report_no_start(p, t, "`%s` does not start a statement", NULL);
    }
    skip_fresh_statement(l);
    return NULL;
}

/* The first word of a statement. */
static const nl_token *first_word(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at, *next = t + 1;

    if (is_name_first(t)) return take(l);
    if (is_place(t, NL_KEYWORD_IS_FIRST)) return take_first(p, t->keyword);
    if (next->kind == NL_T_ID || next->kind == NL_T_NUMBER || next->kind == NL_T_STRING || next->kind == NL_T_STR_HEAD
        || next->kind == '{' || (next->kind == '\n' && nl_foreign_remedy(t->text) != NULL)
        || (is_place(t, NL_KEYWORD_IS_AFTER) && next->kind != '('))
        return strange_first(p);
    return take(l);
}

/* `x = 1 y = 2`: another statement, or one more item. */
static const nl_token *missing_separator(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;

    if (l->surplus < 0 && takes_block(l->head)) return missing_block_begin(p, t);
    if (is_list_head(l->head) && t[1].kind == '=') {
        nl_diag_add(p->diags, NL_E_SYNTAX, t->span, "a comma is missing before `%s`", t->text);
        return give_made(p, ',');
    }
    nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_SYNTAX, t->span, "a new statement starts here"),
                 "one statement to a line, or put `;` between them");
    return give_made(p, NL_T_TERM);
}

static bool starts_next_statement(nl_layout *l, const nl_token *t)
{
    if (is_inside(l)) return false;
    if (is_place(t, NL_KEYWORD_IS_FIRST) && touches_operand(t + 1)) return true;
    return t[1].kind == '=' || t[1].kind == NL_T_AUG || t[1].kind == NL_T_PRIME;
}

/* A word directly behind an operand: two operands never touch, so that it can only be a keyword. */
static const nl_token *word_after(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at, *unit = array_unit(p);
    const nl_keyword meant = strlen(t->text) > 2 ? nl_keyword_suggest(t->text, NL_KEYWORD_IS_AFTER) : NL_KEYWORD_COUNT;

    if (unit != NULL) return unit;
    if (is_place(t, NL_KEYWORD_IS_AFTER)) return take_keyword(p, t->keyword);
    if (starts_next_statement(l, t)) return missing_separator(p);
    if (meant == NL_KEYWORD_COUNT) return take(l);
    nl_diag_add(p->diags, NL_E_WORD, t->span, "unexpected `%s`; did you mean `%s`?", t->text, nl_keywords[meant].word);
    return take_keyword(p, meant);
}

static bool ends_statement(const nl_token *t)
{
    return t->kind == '\n' || t->kind == ';' || t->kind == '}' || t->kind == NL_T_END;
}

/* The second words of pairs, where the first is no operand. */
static bool is_second(const nl_layout *l, const nl_token *t)
{
    switch (l->last->kind) {
    case NL_T_SPIKE: return t->keyword == NL_KEYWORD_WHEN || t->keyword == NL_KEYWORD_AT;
    case NL_T_REFRACTORY:
        return t->keyword == NL_KEYWORD_WHILE && !ends_statement(t + 1)
            && !(is_word(t + 1, NL_KEYWORD_HOLDING) && t[2].kind == NL_T_ID);
    case NL_T_RUN: return t->keyword == NL_KEYWORD_UNTIL && !ends_statement(t + 1);
    case NL_T_CROSSES: return t->keyword == NL_KEYWORD_ABOVE || t->keyword == NL_KEYWORD_BELOW;
    case NL_T_NO: return t->keyword == NL_KEYWORD_SELF;
    case NL_T_AT: return t->keyword == NL_KEYWORD_MOST && l->before->kind == ',';
    case ',': return t->keyword == NL_KEYWORD_AT && is_word(t + 1, NL_KEYWORD_MOST);
    default: return false;
    }
}

static const nl_token *word(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = l->at;

    if (l->fresh) return first_word(p);
    if (is_second(l, t)) return take_keyword(p, t->keyword);
    return nl_token_ends_operand(l->last->kind) || l->last->kind == NL_T_SELF ? word_after(p) : take(l);
}

/* ---- all together ---- */

static void begin_statement(nl_parser *p)
{
    nl_layout *l = &p->layout;
    nl_bracket *block = innermost_block(l);

    l->first = l->at;
    l->errors_at_first = nl_diags_error_count(p->diags);
    if (block != NULL && block->body == NULL) block->body = l->at;
}

/* One step: a token, or NULL where something was passed over. */
static const nl_token *step(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const int kind = l->at->kind;

    if (l->block_ended) return after_block(p);
    if (is_block_missed(l)) return missing_block_end(p);
    if (l->fresh && kind != '\n' && kind != ';' && kind != '}') begin_statement(p);
    switch (kind) {
    case '\n': return line_end(p);
    case ';': return semicolon(p);
    case '{': return open_block(p);
    case '}': return close_block(p);
    case '(': case '[': return open_bracket(p);
    case ')': case ']': return end_bracket(p);
    case '%': return percent(p);
    case NL_T_STR_HEAD: case NL_T_STR_MID: case NL_T_STR_TAIL: return string_piece(p);
    case NL_T_FMTSPEC: return is_inside(l) && top(l)->kind != NL_T_STR_HEAD ? close_bracket(p, "") : take(l);
    case NL_T_NUMBER: return number(p);
    case NL_T_ID: return word(p);
    case NL_T_IF: case NL_T_RETURN: return l->fresh ? take_first(p, l->at->keyword) : take(l);
    case NL_T_END: return text_end(p);
    default: return take(l);
    }
}

/* Reports what the lexer found up to the end of the present line. */
static void report_faults(nl_parser *p)
{
    const nl_token *t = p->layout.at;

    if (p->fault_count == p->lexer.faults.count) return;
    while (t->kind != '\n' && t->kind != NL_T_END) t++;
    for (; p->fault_count < p->lexer.faults.count; p->fault_count++) {
        const nl_fault *fault = &p->lexer.faults.items[p->fault_count];

        if (fault->span.begin > t->span.end && t->kind != NL_T_END) return;
        nl_diag *diag = nl_diag_add(p->diags, fault->code, fault->span, "%s", fault->text);
        if (fault->help != NULL) nl_diag_help(p->diags, diag, "%s", fault->help);
    }
}

const nl_token *nl_layout_next(nl_parser *p)
{
    nl_layout *l = &p->layout;
    const nl_token *t = NULL;

    report_faults(p);
    if (l->start != 0) {
        const int start = l->start;
        l->start = 0;
        return give_made(p, start);
    }
    if (l->term_due) {
        l->term_due = false;
        return give_made(p, NL_T_TERM);
    }
    while (t == NULL) t = step(p);
    return t;
}

void nl_layout_begin(nl_parser *p, int start)
{
    nl_layout *l = &p->layout;

    *l = (nl_layout){ .at = p->lexer.tokens.items, .start = start, .errors_before = nl_diags_error_count(p->diags) };
    nl_token *begin = copy_token(p, l->at, start);
    begin->span.end = begin->span.begin;
    l->last = l->before = begin;
    for (const nl_token *t = l->at; t->kind != NL_T_END; t++) l->surplus += (t->kind == '{') - (t->kind == '}');
}
