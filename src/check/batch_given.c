/* A sweep of the command line, NAME=VALUES: the whole protocol is its block. */
#include "batch.h"

#include "declare.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- values as one types them: 0:10:11, 4,5 mV, early,late, or an expression --- */

/* The pieces between separators outside of brackets and quotes. */
typedef NL_LIST(const char *) pieces;

static pieces split(nl_arena *arena, const char *text, char separator)
{
    pieces all = { 0 };
    const char *begin = text;
    int depth = 0;
    bool quoted = false;

    for (const char *at = text;; at++) {
        if (*at == '"') quoted = !quoted;
        if (!quoted && (*at == '[' || *at == '(')) depth++;
        if (!quoted && (*at == ']' || *at == ')')) depth--;
        if (*at != '\0' && (*at != separator || quoted || depth > 0)) continue;
        NL_PUSH(arena, &all, nl_arena_strndup(arena, begin, (size_t)(at - begin)));
        if (*at == '\0') return all;
        begin = at + 1;
    }
}

/* What stands behind a number: its unit; NULL where the piece is no number. */
static const char *unit_of(const char *piece)
{
    char *end;

    (void)strtod(piece, &end);
    if (end == piece) return NULL;
    while (*end == ' ') end++;
    return end;
}

static bool is_plain_number(const char *piece)
{
    const char *unit = unit_of(piece);

    return unit != NULL && *unit == '\0';
}

/* FROM:TO:COUNT; a unit behind the last holds for all. */
static const char *range_text(nl_arena *arena, const pieces *p)
{
    const char *unit = unit_of(p->items[2]), *own = unit != NULL ? unit : "";
    const char *from = is_plain_number(p->items[0]) ? own : "", *to = is_plain_number(p->items[1]) ? own : "";

    return nl_arena_printf(arena, "linspace(%s %s, %s %s, %.*s)", p->items[0], from, p->items[1], to,
                           (int)(strlen(p->items[2]) - strlen(own)), p->items[2]);
}

/* A unit behind the last of plain numbers holds for all. */
static const char *list_text(nl_arena *arena, const pieces *p)
{
    const char *unit = unit_of(p->items[p->count - 1]);
    bool shared = p->count > 1 && unit != NULL && *unit != '\0';
    nl_text text = nl_text_new(arena);

    for (size_t i = 0; i + 1 < p->count; i++) shared = shared && is_plain_number(p->items[i]);
    nl_text_adds(&text, "[");
    for (size_t i = 0; i < p->count; i++)
        nl_text_addf(&text, "%s%s%s%s", i > 0 ? ", " : "", p->items[i], shared && i + 1 < p->count ? " " : "",
                     shared && i + 1 < p->count ? unit : "");
    nl_text_adds(&text, "]");
    return text.chars;
}

static bool is_expression(const char *text)
{
    const size_t length = strlen(text);

    return text[0] == '[' || (length > 0 && text[length - 1] == ')');
}

static const char *values_text(nl_arena *arena, const char *text)
{
    const pieces ranges = split(arena, text, ':'), items = split(arena, text, ',');

    if (ranges.count == 2) return NULL;
    if (ranges.count == 3) return range_text(arena, &ranges);
    return items.count == 1 && is_expression(text) ? text : list_text(arena, &items);
}

/* --- statements --- */

static nl_ast *parse(nl_check *ck, const char *label, const char *text)
{
    return nl_parse_expression(ck->arena, ck->diags, nl_sources_add(ck->sources, label, text, strlen(text)));
}

static nl_ast *binding_of(nl_check *ck, const char *given)
{
    const char *equals = strchr(given, '=');
    const char *values =
        equals != NULL && equals != given && equals[1] != '\0' ? values_text(ck->arena, equals + 1) : NULL;

    if (values == NULL) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_BATCH, (nl_span){ 0, 0 }, "`%s` is not NAME=VALUES", given);
        nl_diag_help(ck->diags, diag, "for example J0=0:10:11 (11 values from 0 to 10), or g=4,5");
        return NULL;
    }
    nl_ast *left = parse(ck, "sweep", nl_arena_strndup(ck->arena, given, (size_t)(equals - given)));
    nl_ast *right = left != NULL ? parse(ck, "sweep", values) : NULL;
    if (right == NULL) return NULL;
    nl_ast *set = nl_ast_new(ck->arena, NL_AST_ASSIGN, right->span, "=", (nl_ast *[]){ left, right }, 2);
    set->flag = true;
    return set;
}

/* BATCH { BLOCK }, or its block alone where there is nothing that it would do. */
static nl_ast *wrap(nl_check *ck, nl_ast_kind kind, nl_ast *what, nl_ast *block)
{
    nl_ast *batch = what != NULL ? nl_ast_new(ck->arena, kind, what->span, NULL, (nl_ast *[]){ what, block }, 2) : NULL;

    return batch == NULL ? block : nl_ast_new(ck->arena, NL_AST_BLOCK, what->span, NULL, &batch, 1);
}

bool nl_batch_given(nl_check *ck)
{
    NL_LIST(nl_ast *) sets = { 0 };

    if (ck->batch_block != NULL || (ck->sweep_count == 0 && ck->trials == NULL)) return true;
    for (size_t i = 0; i < ck->sweep_count; i++) {
        nl_ast *set = binding_of(ck, ck->sweeps[i]);
        if (set == NULL) return false;
        NL_PUSH(ck->arena, &sets, set);
    }
    nl_ast *count = ck->trials != NULL ? parse(ck, "trials", ck->trials) : NULL;
    if (ck->trials != NULL && count == NULL) return false;
    nl_ast *list = sets.count > 0 ? nl_ast_new(ck->arena, NL_AST_LIST, sets.items[0]->span, NULL, sets.items,
                                               (int)sets.count) : NULL;
    ck->batch_block = nl_ast_new(ck->arena, NL_AST_BLOCK, (list != NULL ? list : count)->span, NULL, NULL, 0);
    ck->batch = wrap(ck, NL_AST_SWEEP, list, wrap(ck, NL_AST_TRIALS, count, ck->batch_block))->kids[0];
    return true;
}

/* `keep` speaks of results that there are once. */
static void fill(nl_check *ck)
{
    ck->batch_block->kids = NL_NEW_ARRAY(ck->arena, nl_ast *, ck->protocol.count + 1);
    ck->batch_block->kid_count = 0;
    for (size_t i = 0; i < ck->protocol.count; i++)
        if (ck->protocol.items[i]->kind != NL_AST_KEEP)
            ck->batch_block->kids[ck->batch_block->kid_count++] = (nl_ast *)ck->protocol.items[i];
}

void nl_batch_take_protocol(nl_check *ck)
{
    if (ck->batch_block == NULL) return;
    if (!ck->fixed_given) fill(ck); /* a point has the tree in common with the session around */
    ck->protocol.count = 0;
    NL_PUSH(ck->arena, &ck->protocol, ck->batch);
}
