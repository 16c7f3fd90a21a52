/* The syntax tree: one kind of node for everything; ast.def says what `name` and the kids of each kind are.
 * Made by the parser in the compilation's arena, read-only afterwards. */
#ifndef NL_SYNTAX_AST_H
#define NL_SYNTAX_AST_H

#include "base/diag.h"
#include "lang/unit.h"

typedef enum nl_ast_kind {
#define AST(kind, ...) NL_AST_##kind,
#include "ast.def"
    NL_AST_KIND_COUNT
} nl_ast_kind;

typedef struct nl_ast nl_ast;
struct nl_ast {
    nl_ast_kind kind;
    nl_span span;      /* of the whole construct */
    nl_span name_span; /* of `name` alone, where it stands apart (items, fields, named arguments) */
    const char *name;
    const char *const *ops; /* COMPARE */
    double number;          /* NUMBER: its value in the coherent system */
    nl_unit unit;           /* NUMBER, SCALED, and where has_unit */
    bool has_unit;
    bool flag;
    const char *unit_text;
    const char *doc; /* of declarations, ITEM, PARAM, a file's BLOCK: the ## comment, lines joined by newlines */
    int depth;       /* of the tree below: 1 for a leaf; kept by nl_ast_new */
    int kid_count;
    nl_ast **kids;
};

typedef struct nl_ast_kind_info {
    const char *name; /* "NUMBER" */
    const char *word;
} nl_ast_kind_info;

extern const nl_ast_kind_info nl_ast_kinds[NL_AST_KIND_COUNT];

static inline nl_ast *nl_ast_kid(const nl_ast *node, int index)
{
    return node != NULL && index < node->kid_count ? node->kids[index] : NULL;
}

/* A node with copies of its kids' pointers. */
nl_ast *nl_ast_new(nl_arena *arena, nl_ast_kind kind, nl_span span, const char *name, nl_ast *const *kids,
                   int kid_count);

/* The expression inside any number of parentheses. */
const nl_ast *nl_ast_bare(const nl_ast *node);

/* Whether a PARAM stands for the name of a variable: `target : name`. */
bool nl_ast_is_name_param(const nl_ast *param);

/* Equal but for places and documentation. */
bool nl_ast_same(const nl_ast *a, const nl_ast *b);

#endif
