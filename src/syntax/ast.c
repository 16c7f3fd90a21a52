#include "ast.h"

#include <string.h>

const nl_ast_kind_info nl_ast_kinds[NL_AST_KIND_COUNT] = {
#define AST(kind, word, roles) [NL_AST_##kind] = { #kind, word },
#include "ast.def"
};

nl_ast *nl_ast_new(nl_arena *arena, nl_ast_kind kind, nl_span span, const char *name, nl_ast *const *kids,
                   int kid_count)
{
    nl_ast *node = NL_NEW(arena, nl_ast);

    node->kind = kind;
    node->span = span;
    node->name = name;
    node->kid_count = kid_count;
    node->kids = NL_NEW_ARRAY(arena, nl_ast *, (size_t)kid_count);
    for (int k = 0; k < kid_count; k++) {
        node->kids[k] = kids[k];
        if (kids[k] != NULL && kids[k]->depth > node->depth) node->depth = kids[k]->depth;
    }
    node->depth++;
    return node;
}

const nl_ast *nl_ast_bare(const nl_ast *node)
{
    while (node != NULL && node->kind == NL_AST_PAREN) node = nl_ast_kid(node, 0);
    return node;
}

bool nl_ast_is_name_param(const nl_ast *param)
{
    return param->unit_text != NULL && strcmp(param->unit_text, "name") == 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_unit(nl_unit a, nl_unit b)
{
    return a.shift == b.shift && a.factor == b.factor && memcmp(a.dim.half, b.dim.half, sizeof a.dim.half) == 0;
}

static bool same_operators(const nl_ast *a, const nl_ast *b)
{
    if (a->kind != NL_AST_COMPARE) return true;
    for (int k = 0; k + 1 < a->kid_count; k++)
        if (strcmp(a->ops[k], b->ops[k]) != 0) return false;
    return true;
}

bool nl_ast_same(const nl_ast *a, const nl_ast *b)
{
    if (a == NULL || b == NULL) return a == b;
    if (a->kind != b->kind || a->flag != b->flag || a->has_unit != b->has_unit || a->kid_count != b->kid_count)
        return false;
    if (!same_text(a->name, b->name) || !same_text(a->unit_text, b->unit_text)) return false;
    if (memcmp(&a->number, &b->number, sizeof a->number) != 0 || !same_unit(a->unit, b->unit)) return false;
    if (!same_operators(a, b)) return false;
    for (int k = 0; k < a->kid_count; k++)
        if (!nl_ast_same(a->kids[k], b->kids[k])) return false;
    return true;
}
