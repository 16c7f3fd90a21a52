#include "parser.h"

#include "netlang_parse.h"

#include <string.h>

void nl_parser_begin(nl_parser *p, nl_arena *arena, nl_diags *diags, const nl_source *source, int start)
{
    *p = (nl_parser){ .arena = arena, .diags = diags };
    nl_lex_source(&p->lexer, arena, source);
    nl_layout_begin(p, start);
}

/* ---- ## comments ---- */

typedef struct docs {
    nl_arena *arena;
    const nl_source *source;
    const nl_comment *comments;
    size_t count;
    uint32_t *lines;   /* of the comments, ascending: one comment to a line */
    uint32_t *begins;  /* of all lines */
    size_t line_count;
    size_t header_end; /* comments[0 .. header_end) describe the file */
} docs;

static void find_lines(docs *d)
{
    NL_LIST(uint32_t) begins = { 0 };

    NL_PUSH(d->arena, &begins, d->source->base);
    for (size_t k = 0; k < d->source->length; k++)
        if (d->source->text[k] == '\n') NL_PUSH(d->arena, &begins, d->source->base + (uint32_t)k + 1);
    d->begins = begins.items;
    d->line_count = begins.count;
}

/* The number of the line, from 0. */
static uint32_t line_of(const docs *d, uint32_t at)
{
    size_t low = 0, high = d->line_count;

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (d->begins[middle] <= at) low = middle;
        else high = middle;
    }
    return (uint32_t)low;
}

static const char *comment_text(const docs *d, const nl_comment *comment)
{
    return d->source->text + (comment->span.begin - d->source->base);
}

static bool is_doc(const docs *d, const nl_comment *comment)
{
    return comment->span.end - comment->span.begin >= 2 && comment_text(d, comment)[1] == '#';
}

/* The index of the comment on a line, or `count`. */
static size_t comment_on(const docs *d, uint32_t line)
{
    size_t low = 0, high = d->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (d->lines[middle] < line) low = middle + 1;
        else high = middle;
    }
    return low < d->count && d->lines[low] == line ? low : d->count;
}

static const char *join_comments(const docs *d, size_t begin, size_t end)
{
    nl_text text = nl_text_new(d->arena);

    for (size_t k = begin; k < end; k++) {
        const char *from = comment_text(d, &d->comments[k]),
                   *to = from + (d->comments[k].span.end - d->comments[k].span.begin);

        while (from < to && *from == '#') from++;
        if (from < to && *from == ' ') from++;
        nl_text_add(&text, k > begin ? "\n" : "", k > begin);
        nl_text_add(&text, from, (size_t)(to - from));
    }
    return text.chars;
}

/* A ## comment behind the node, with nothing but separators between, or NULL. */
static const char *doc_behind(const docs *d, const nl_ast *node)
{
    const size_t k = comment_on(d, line_of(d, node->span.end - 1));
    const char *at = d->source->text + (node->span.end - d->source->base);

    if (k == d->count || d->comments[k].span.begin < node->span.end || !is_doc(d, &d->comments[k])) return NULL;
    at += strspn(at, " \t,;");
    return at == comment_text(d, &d->comments[k]) ? join_comments(d, k, k + 1) : NULL;
}

/* The ## comments on the lines directly above, or NULL. */
static const char *doc_above(const docs *d, const nl_ast *node, bool is_value)
{
    uint32_t line = line_of(d, node->span.begin);
    size_t begin = d->count, end = 0;

    while (line > 0) {
        const size_t k = comment_on(d, --line);
        if (k == d->count || !d->comments[k].alone || !is_doc(d, &d->comments[k])) break;
        begin = k;
        if (end == 0) end = k + 1;
    }
    if (begin == d->count || (is_value && end <= d->header_end)) return NULL;
    return join_comments(d, begin, end);
}

static bool is_list_of_items(nl_ast_kind kind)
{
    return kind == NL_AST_PARAMS || kind == NL_AST_STATES || kind == NL_AST_LETS || kind == NL_AST_INPUTS;
}

static bool has_doc(nl_ast_kind kind)
{
    return kind >= NL_AST_PARAMS && kind <= NL_AST_USE;
}

static void attach_docs(const docs *d, nl_ast *node);

static void attach_to_kids(const docs *d, nl_ast *node)
{
    for (int k = 0; k < node->kid_count; k++) {
        nl_ast *kid = node->kids[k];

        if (kid == NULL) continue;
        if (kid->kind == NL_AST_ITEM || kid->kind == NL_AST_PARAM) kid->doc = doc_behind(d, kid);
        if (kid->kind == NL_AST_ITEM && kid->doc == NULL) kid->doc = node->doc;
        if (kid->kind != NL_AST_ITEM) attach_docs(d, kid);
    }
}

/* Statements and what holds statements or parameters; expressions have no documentation. */
static void attach_docs(const docs *d, nl_ast *node)
{
    const bool is_value = is_list_of_items(node->kind) || node->kind == NL_AST_PARAM_COLUMNS
                          || node->kind == NL_AST_LET_COLUMNS;

    if (node->kind < NL_AST_BLOCK) return;
    if (has_doc(node->kind)) {
        node->doc = doc_behind(d, node);
        if (node->doc == NULL) node->doc = doc_above(d, node, is_value);
    }
    attach_to_kids(d, node);
}

/* The ## comments at the top of the text describe the file; they also belong to a rule that follows, but not to a
 * mere value. */
static void attach_all_docs(nl_arena *arena, const nl_parsed *parsed)
{
    docs d = { .arena = arena, .source = parsed->source, .comments = parsed->comments, .count = parsed->comment_count };
    nl_ast *file = parsed->file;
    const uint32_t first = file->kid_count > 0 ? file->kids[0]->span.begin : UINT32_MAX;

    if (d.count == 0) return;
    find_lines(&d);
    d.lines = NL_NEW_ARRAY(arena, uint32_t, d.count);
    for (size_t k = 0; k < d.count; k++) d.lines[k] = line_of(&d, d.comments[k].span.begin);
    while (d.header_end < d.count && d.comments[d.header_end].span.begin < first
           && is_doc(&d, &d.comments[d.header_end]) && d.lines[d.header_end] == d.lines[0] + d.header_end)
        d.header_end++;
    if (d.header_end > 0) file->doc = join_comments(&d, 0, d.header_end);
    attach_docs(&d, file);
}

/* ---- entry points ---- */

nl_parsed nl_parse_source(nl_arena *arena, nl_diags *diags, const nl_source *source)
{
    nl_parser p;
    const nl_span whole = { source->base, source->base + (uint32_t)source->length };

    nl_parser_begin(&p, arena, diags, source, NL_T_START_FILE);
    nl_yyparse(&p);
    if (p.result == NULL) p.result = nl_ast_new(arena, NL_AST_BLOCK, whole, NULL, NULL, 0);
    p.result->span = whole;
    const nl_parsed parsed = { p.result, p.lexer.comments.items, p.lexer.comments.count, source };
    attach_all_docs(arena, &parsed);
    return parsed;
}

nl_ast *nl_parse_expression(nl_arena *arena, nl_diags *diags, const nl_source *source)
{
    const size_t errors = nl_diags_error_count(diags);
    nl_parser p;

    nl_parser_begin(&p, arena, diags, source, NL_T_START_EXPRESSION);
    const bool parsed = nl_yyparse(&p) == 0;

    return parsed && nl_diags_error_count(diags) == errors ? p.result : NULL;
}
