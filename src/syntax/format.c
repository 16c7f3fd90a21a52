/* The canonical layout of a file.  It works on the tokens that the grammar sees, so that the tree cannot change.
 * Set anew are indentation, the space between tokens, blank lines, and which statements share a line.  Line breaks
 * inside a statement stay where the author made them, and what stands in columns stays in columns.
 *
 * Two steps: the tokens are arranged into lines of cells (arrange), then every cell gets its column (place). */
#include "parser.h"

#include "netlang_parse.h"
#include "print.h"

#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, TAB = 8, LOOK_UP = 24, NONE = -1 };

/* A token on its way to a line. */
typedef struct cell {
    const char *text;
    size_t width;      /* in code points, like all columns */
    size_t source_col; /* tabs expanded */
    size_t order;      /* of placement: rises within a line, equal in cells that are aligned */
    size_t line;
    size_t col;
    bool space, gap;   /* one space before it; at least two in the source */
    bool placed;
    int above, below;  /* cells that stand in the same column, or NONE */
    int follows;       /* the first of a continued line: the cell of a line above that it is placed below, or NONE */
} cell;

typedef struct line {
    size_t first, count; /* cells; none: a comment alone */
    size_t indent;
    size_t source_line;  /* of all its cells, or 0 when they come from several */
    size_t statement_col; /* in the source, of the first token of its statement */
    bool continues;      /* is not the first line of its statement */
    bool blank_before;
    const char *comment; /* or NULL */
    size_t comment_col;  /* in the source; later in the result */
} line;

typedef enum role { GROUP, CALL, INDEX, UNIT_BRACKET, ARRAY } role;

typedef struct writer {
    nl_arena *arena;
    const nl_source *source;
    NL_LIST(const nl_token *) tokens;
    size_t *partners; /* of a '{': the index of its '}' */
    const nl_comment *comments;
    size_t comment_count, next_comment;
    size_t comment_at, comment_line; /* how far lines were counted for comments */
    NL_LIST(cell) cells;
    NL_LIST(line) lines;
    NL_LIST(bool) blocks;   /* open ones: whether each stands on one line */
    NL_LIST(role) brackets; /* open ones */
    role closed;            /* of the last bracket that was closed */
    size_t indent, statement_col;
    size_t last_line;       /* source line of what was arranged last */
    bool at_statement, needs_line, block_begins;
    bool unary, tight;      /* the last token is a sign; an operator without spaces */
    bool behind_block;      /* the last token is a `}` .. */
    bool ended_one_line;    /* .. of a block of one line */
} writer;

/* ---- the source ---- */

static size_t count_points(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t k = 0; k < length; k++) count += ((unsigned char)text[k] & 0xC0) != 0x80;
    return count;
}

static const char *source_at(const writer *w, uint32_t place)
{
    return w->source->text + (place - w->source->base);
}

static size_t source_col(const writer *w, uint32_t place)
{
    const char *at = source_at(w, place), *begin = at;
    size_t col = 0;

    while (begin > w->source->text && begin[-1] != '\n') begin--;
    for (; begin < at; begin++) {
        if (*begin == '\t') col += TAB - col % TAB;
        else col += ((unsigned char)*begin & 0xC0) != 0x80;
    }
    return col;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool has_gap(const writer *w, const nl_token *t)
{
    const char *at = source_at(w, t->span.begin);

    return at >= w->source->text + 2 && is_space(at[-1]) && is_space(at[-2]);
}

/* ---- the space between two tokens ---- */

static role innermost(const writer *w)
{
    return w->brackets.count > 0 ? w->brackets.items[w->brackets.count - 1] : GROUP;
}

static bool is_sign(const nl_token *previous, const nl_token *t)
{
    return t->kind == '-' && (previous == NULL || !nl_token_ends_operand(previous->kind));
}

/* `2*x`, and inside brackets `k-1`, stay as they are written. */
static bool is_tight(const writer *w, const nl_token *t)
{
    const bool is_close = !is_space(source_at(w, t->span.begin)[-1]) && !is_space(*source_at(w, t->span.end));

    switch (t->kind) {
    case '^': return true;
    case '*': case '/': return is_close || innermost(w) == UNIT_BRACKET;
    case '+': case '-': return is_close && w->brackets.count > 0;
    default: return false;
    }
}

static role bracket_role(const writer *w, const nl_token *previous, const nl_token *t)
{
    const bool behind_operand = previous != NULL && nl_token_ends_operand(previous->kind);

    if (t->kind == '(') return behind_operand ? CALL : GROUP;
    if (!behind_operand) return ARRAY;
    return previous->kind == NL_T_NUMBER || (previous->kind == ']' && w->closed == ARRAY) ? UNIT_BRACKET : INDEX;
}

static bool has_space(const writer *w, const nl_token *previous, const nl_token *t)
{
    if (previous == NULL || w->unary || w->tight) return false;
    switch (previous->kind) {
    case '(': case '[': case '.': case NL_T_STR_HEAD: case NL_T_STR_MID: return false;
    case ':': if (innermost(w) == INDEX) return false; break;
    default: break;
    }
    switch (t->kind) {
    case ')': case ']': case ',': case '.': case NL_T_PRIME: case NL_T_STR_MID: case NL_T_STR_TAIL: case NL_T_FMTSPEC:
        return false;
    case '(': return bracket_role(w, previous, t) != CALL;
    case '[': return bracket_role(w, previous, t) != INDEX;
    case ':': return innermost(w) != INDEX || previous->kind == ',';
    default: return is_sign(previous, t) || !is_tight(w, t);
    }
}

static void note_token(writer *w, const nl_token *previous, const nl_token *t)
{
    const bool sign = is_sign(previous, t);

    w->tight = !sign && nl_token_is_binary(t->kind) && is_tight(w, t);
    w->unary = sign;
    if (t->kind == '(' || t->kind == '[') NL_PUSH(w->arena, &w->brackets, bracket_role(w, previous, t));
    if ((t->kind == ')' || t->kind == ']') && w->brackets.count > 0) w->closed = w->brackets.items[--w->brackets.count];
}

/* ---- arranging ---- */

static const char *token_text(const writer *w, const nl_token *t)
{
    const char *from = source_at(w, t->span.begin);

    if (t->kind == NL_T_QUANTITY) return nl_arena_printf(w->arena, "%s %s", t->text, t->unit_text);
    if (t->kind == NL_T_FMTSPEC) return nl_arena_printf(w->arena, ":%s", t->text);
    return nl_arena_strndup(w->arena, from, t->span.end - t->span.begin);
}

static line *last_line(writer *w)
{
    return w->lines.count > 0 ? &w->lines.items[w->lines.count - 1] : NULL;
}

static void add_line(writer *w, size_t source_line, bool continues)
{
    const bool blank = source_line > w->last_line + 1 && w->lines.count > 0 && !w->block_begins && !continues;

    NL_PUSH(w->arena, &w->lines, ((line){ .first = w->cells.count, .indent = w->indent, .continues = continues,
                                          .source_line = source_line, .statement_col = w->statement_col,
                                          .blank_before = blank }));
    w->block_begins = false;
    w->needs_line = false;
}

static void add_cell(writer *w, const nl_token *previous, const nl_token *t)
{
    line *l = last_line(w);
    const char *text = token_text(w, t);
    cell c = { .text = text, .width = count_points(text, strlen(text)), .source_col = source_col(w, t->span.begin),
               .line = w->lines.count - 1, .space = l->count > 0 && has_space(w, previous, t), .gap = has_gap(w, t),
               .above = NONE, .below = NONE, .follows = NONE };

    if (l->count > 0 && t->line != l->source_line) l->source_line = 0;
    c.order = c.source_col;
    if (l->count > 0 && w->cells.items[w->cells.count - 1].order >= c.order) {
        c.order = w->cells.items[w->cells.count - 1].order + 1;
        l->source_line = 0;
    }
    NL_PUSH(w->arena, &w->cells, c);
    l->count++;
    w->last_line = t->line;
}

static bool in_line_block(const writer *w)
{
    return w->blocks.count > 0 && w->blocks.items[w->blocks.count - 1];
}

/* A block stays on one line where it was on one; an empty one always is. */
static bool is_one_line(const writer *w, size_t open)
{
    const nl_token *begin = w->tokens.items[open], *end = w->tokens.items[w->partners[open]];
    const bool has_comment = w->next_comment < w->comment_count
        && w->comments[w->next_comment].span.begin < end->span.begin;

    return begin->line == end->line || (w->partners[open] == open + 1 && !has_comment);
}

static bool breaks_before(writer *w, size_t index, const nl_token *previous, const nl_token *t)
{
    const bool new_source_line = previous != NULL && t->line != previous->line;

    if (w->lines.count == 0 || w->needs_line || last_line(w)->comment != NULL) return true;
    if (w->at_statement && t->kind != '}') return !in_line_block(w);
    if (t->kind == '{') return new_source_line && w->tokens.items[w->partners[index]]->line == t->line;
    if (t->kind == '}') return !in_line_block(w);
    if (t->kind == NL_T_ELSE && previous->kind == '}') return new_source_line && w->ended_one_line;
    return new_source_line;
}

/* A comment behind code belongs to the last line, any other is a line. */
static void add_comment(writer *w, const nl_comment *comment)
{
    const uint32_t at = comment->span.begin - w->source->base;

    for (; w->comment_at < at; w->comment_at++) w->comment_line += w->source->text[w->comment_at] == '\n';
    if (comment->alone || w->lines.count == 0 || last_line(w)->comment != NULL) {
        const bool continues = !w->at_statement && !w->behind_block;
        add_line(w, w->comment_line, continues);
        if (continues) last_line(w)->indent += INDENT;
    }
    last_line(w)->comment = nl_arena_strndup(w->arena, source_at(w, comment->span.begin),
                                             comment->span.end - comment->span.begin);
    last_line(w)->comment_col = source_col(w, comment->span.begin);
    w->last_line = w->comment_line;
    w->needs_line = true;
}

static void add_comments_before(writer *w, uint32_t place)
{
    while (w->next_comment < w->comment_count && w->comments[w->next_comment].span.begin < place)
        add_comment(w, &w->comments[w->next_comment++]);
}

static void begin_block(writer *w, size_t index)
{
    const bool one_line = is_one_line(w, index);

    NL_PUSH(w->arena, &w->blocks, one_line);
    w->at_statement = true;
    if (one_line) return;
    w->indent += INDENT;
    w->needs_line = w->block_begins = true;
}

static void arrange_token(writer *w, size_t index, const nl_token *previous)
{
    const nl_token *t = w->tokens.items[index];
    const bool ends_block = t->kind == '}', many_lines = ends_block && !in_line_block(w);

    if (many_lines) {
        w->indent -= INDENT;
        w->block_begins = true; /* no blank line before it */
    }
    if (!many_lines && w->at_statement && !ends_block) w->statement_col = source_col(w, t->span.begin);
    if (breaks_before(w, index, previous, t)) {
        const bool is_start = w->at_statement || many_lines || (t->kind == NL_T_ELSE && previous->kind == '}');
        add_line(w, t->line, !is_start);
    } else if (w->at_statement && in_line_block(w) && previous->kind == NL_T_TERM && !ends_block) {
        cell *c = &w->cells.items[w->cells.count - 1];
        c->text = nl_arena_printf(w->arena, "%s;", c->text);
        c->width++;
    }
    add_cell(w, previous, t);
    note_token(w, previous, t);
    w->at_statement = false;
    w->behind_block = ends_block;
    if (t->kind == '{') begin_block(w, index);
    if (ends_block) w->ended_one_line = w->blocks.items[--w->blocks.count];
}

static void arrange(writer *w)
{
    const nl_token *previous = NULL;

    w->at_statement = true;
    w->comment_line = 1;
    for (size_t k = 0; k < w->tokens.count; k++) {
        const nl_token *t = w->tokens.items[k];

        add_comments_before(w, t->span.begin);
        if (t->kind == NL_T_TERM) w->at_statement = true;
        else arrange_token(w, k, previous);
        previous = t;
    }
    add_comments_before(w, UINT32_MAX);
}

/* ---- columns ---- */

static cell *cell_at(const writer *w, const line *l, size_t index)
{
    return &w->cells.items[l->first + index];
}

static bool is_below(const line *above, const line *l)
{
    return l->source_line > 0 && above->source_line > 0 && l->source_line == above->source_line + 1;
}

static cell *cell_in_column(const writer *w, const line *l, size_t col)
{
    for (size_t k = 1; k < l->count; k++)
        if (cell_at(w, l, k)->source_col == col) return cell_at(w, l, k);
    return NULL;
}

/* The nearest cell above in the same column of the source, among lines without a break between. */
static cell *cell_above(const writer *w, size_t index, size_t col)
{
    cell *found = NULL;

    for (int tries = 0; tries < LOOK_UP && found == NULL && index > 0; tries++, index--) {
        if (!is_below(&w->lines.items[index - 1], &w->lines.items[index])) return NULL;
        found = cell_in_column(w, &w->lines.items[index - 1], col);
    }
    return found;
}

/* Cells below each other are aligned where at least one was moved there with spaces. */
static void link_cells(writer *w, size_t index)
{
    const line *l = &w->lines.items[index];

    for (size_t k = 1; k < l->count; k++) {
        cell *b = cell_at(w, l, k), *a = b->space ? cell_above(w, index, b->source_col) : NULL;

        if (a == NULL || !a->space || !(a->gap || b->gap)) continue;
        a->below = (int)(b - w->cells.items);
        b->above = (int)(a - w->cells.items);
    }
}

/* A continued line that begins below a token of its statement stays below it. */
static void link_first(writer *w, size_t index)
{
    const line *l = &w->lines.items[index];
    cell *first = cell_at(w, l, 0);

    while (first->source_col > l->statement_col && index-- > 0 && first->follows == NONE) {
        const line *above = &w->lines.items[index];
        for (size_t k = 0; k < above->count && above->source_line > 0; k++)
            if (cell_at(w, above, k)->source_col == first->source_col) first->follows = (int)(above->first + k);
        if (!above->continues) return;
    }
}

static size_t natural_col(const writer *w, const cell *c)
{
    const line *l = &w->lines.items[c->line];
    const size_t index = (size_t)(c - w->cells.items) - l->first;

    if (index > 0) return c[-1].col + c[-1].width + c->space;
    if (!l->continues) return l->indent;
    if (c->follows != NONE) return w->cells.items[c->follows].col;
    if (c->source_col > l->statement_col + INDENT) return l->indent + c->source_col - l->statement_col;
    return l->indent + (c->text[0] == ')' || c->text[0] == ']' ? 0 : INDENT);
}

/* Gives a cell and all that are aligned with it the smallest column that has room in each line. */
static void place_column(writer *w, cell *c)
{
    size_t col = 0;

    while (c->above != NONE) c = &w->cells.items[c->above];
    for (cell *k = c; k != NULL; k = k->below != NONE ? &w->cells.items[k->below] : NULL)
        if (natural_col(w, k) > col) col = natural_col(w, k);
    for (cell *k = c; k != NULL; k = k->below != NONE ? &w->cells.items[k->below] : NULL) {
        k->col = col;
        k->placed = true;
    }
}

static int compare_order(const void *a, const void *b)
{
    const cell *x = *(cell *const *)a, *y = *(cell *const *)b;

    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* From left to right, so that what stands before a cell in any of the lines concerned has its place. */
static void place_cells(writer *w)
{
    cell **sorted = NL_NEW_ARRAY(w->arena, cell *, w->cells.count);

    for (size_t k = 0; k < w->cells.count; k++) sorted[k] = &w->cells.items[k];
    qsort(sorted, w->cells.count, sizeof *sorted, compare_order);
    for (size_t k = 0; k < w->cells.count; k++)
        if (!sorted[k]->placed) place_column(w, sorted[k]);
}

/* The place of the comment behind a line's code: where it was, moved with its line, and not too near. */
static size_t natural_comment_col(const writer *w, const line *l)
{
    const cell *first = cell_at(w, l, 0), *last = cell_at(w, l, l->count - 1);
    const size_t end = last->col + last->width + 2, moved = l->comment_col + first->col;

    return l->source_line == 0 || moved < first->source_col + end ? end : moved - first->source_col;
}

static bool has_comment_below(const line *above, const line *l)
{
    return l->comment != NULL && l->count > 0 && above->comment_col == l->comment_col && is_below(above, l);
}

static void place_comments(writer *w)
{
    for (size_t k = 0; k < w->lines.count; k++) {
        line *l = &w->lines.items[k];
        size_t end = k, col = 0;

        if (l->comment == NULL || l->count == 0) continue;
        do {
            const size_t natural = natural_comment_col(w, &w->lines.items[end]);
            if (natural > col) col = natural;
            end++;
        } while (end < w->lines.count && has_comment_below(&w->lines.items[end - 1], &w->lines.items[end]));
        for (size_t j = k; j < end; j++) w->lines.items[j].comment_col = col;
        k = end - 1;
    }
}

static void place(writer *w)
{
    for (size_t k = 0; k < w->lines.count; k++) {
        const line *l = &w->lines.items[k];

        if (l->source_line > 0) link_cells(w, k);
        if (l->continues && l->count > 0 && l->source_line > 0) link_first(w, k);
    }
    place_cells(w);
    place_comments(w);
}

/* ---- writing ---- */

static void add_padding(nl_text *out, size_t *col, size_t to)
{
    nl_text_addf(out, "%*s", (int)(to - *col), "");
    *col = to;
}

static void write_line(nl_text *out, const writer *w, const line *l)
{
    size_t col = 0;

    if (l->blank_before) nl_text_adds(out, "\n");
    for (size_t k = 0; k < l->count; k++) {
        const cell *c = cell_at(w, l, k);
        add_padding(out, &col, c->col);
        nl_text_adds(out, c->text);
        col += c->width;
    }
    if (l->comment != NULL) {
        add_padding(out, &col, l->count > 0 ? l->comment_col : l->indent);
        nl_text_adds(out, l->comment);
    }
    nl_text_adds(out, "\n");
}

static const char *write_lines(const writer *w)
{
    nl_text out = nl_text_new(w->arena);

    for (size_t k = 0; k < w->lines.count; k++) write_line(&out, w, &w->lines.items[k]);
    return out.chars;
}

/* ---- all together ---- */

static bool read_tokens(writer *w, nl_parser *p)
{
    for (const nl_token *t = nl_layout_next(p); t->kind != NL_T_END; t = nl_layout_next(p))
        if (t->kind != NL_T_START_FILE) NL_PUSH(w->arena, &w->tokens, t);
    return nl_diags_error_count(p->diags) == 0;
}

static void find_partners(writer *w)
{
    NL_LIST(size_t) open = { 0 };

    w->partners = NL_NEW_ARRAY(w->arena, size_t, w->tokens.count);
    for (size_t k = 0; k < w->tokens.count; k++) {
        if (w->tokens.items[k]->kind == '{') NL_PUSH(w->arena, &open, k);
        if (w->tokens.items[k]->kind == '}') w->partners[open.items[--open.count]] = k;
    }
}

/* A text with faults is returned as it is. */
const char *nl_print_file(nl_arena *arena, const nl_parsed *parsed)
{
    nl_parser p;
    writer w = { .arena = arena, .source = parsed->source, .comments = parsed->comments,
                 .comment_count = parsed->comment_count };

    nl_parser_begin(&p, arena, nl_diags_new(arena, nl_sources_new(arena)), parsed->source, NL_T_START_FILE);
    if (!read_tokens(&w, &p)) return parsed->source->text;
    find_partners(&w);
    arrange(&w);
    place(&w);
    return write_lines(&w);
}
