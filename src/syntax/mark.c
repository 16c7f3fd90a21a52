#include "mark.h"

#include "parser.h"

#include "netlang_parse.h"

#include <stdlib.h>

typedef struct marks {
    nl_arena *arena;
    NL_LIST(nl_mark) list;
} marks;

static void add(marks *m, nl_span span, nl_mark_kind kind)
{
    if (span.end > span.begin) NL_PUSH(m->arena, &m->list, ((nl_mark){ span, kind }));
}

static void mark_token(marks *m, const nl_token *t)
{
    switch (t->kind) {
    case NL_T_ID: break;
    case NL_T_NUMBER:
    case NL_T_QUANTITY:
    case NL_T_UNIT: add(m, t->span, NL_MARK_NUMBER); break;
    case NL_T_STRING:
    case NL_T_STR_HEAD:
    case NL_T_STR_MID:
    case NL_T_STR_TAIL:
    case NL_T_FMTSPEC: add(m, t->span, NL_MARK_STRING); break;
    default:
        if (t->keyword != NL_KEYWORD_COUNT && t->text != NULL && t->kind > UINT8_MAX) add(m, t->span, NL_MARK_KEYWORD);
    }
}

static int by_place(const void *a, const void *b)
{
    const nl_mark *x = a, *y = b;

    return (x->span.begin > y->span.begin) - (x->span.begin < y->span.begin);
}

/* The layout decides which words are keywords; the grammar has nothing to add. */
const nl_mark *nl_mark_source(nl_arena *arena, const nl_source *source, size_t *count)
{
    marks m = { .arena = arena };
    nl_parser p;
    const nl_token *t;

    nl_parser_begin(&p, arena, nl_diags_new(arena, nl_sources_new(arena)), source, NL_T_START_FILE);
    while ((t = nl_layout_next(&p))->kind != NL_T_END) mark_token(&m, t);
    for (size_t i = 0; i < p.lexer.comments.count; i++) add(&m, p.lexer.comments.items[i].span, NL_MARK_COMMENT);
    if (m.list.count > 0) qsort(m.list.items, m.list.count, sizeof *m.list.items, by_place);
    *count = m.list.count;
    return m.list.items;
}
