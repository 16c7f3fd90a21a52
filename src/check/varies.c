/* Which values change during the protocol: those that `set` changes and all that is made of them.  Bodies read such a
 * value through a slot; all others are constants to them.  Found from names alone, before anything is evaluated. */
#include "batch.h"
#include "declare.h"

#include <string.h>

bool nl_mentions(const nl_ast *expr, const char *name)
{
    if (expr == NULL) return false;
    if (expr->kind == NL_AST_NAME && strcmp(expr->name, name) == 0) return true;
    for (int i = 0; i < expr->kid_count; i++)
        if (nl_mentions(expr->kids[i], name)) return true;
    return false;
}

bool nl_varies_name(const nl_check *ck, const char *name)
{
    for (size_t i = 0; i < ck->varying.count; i++)
        if (strcmp(ck->varying.items[i], name) == 0) return true;
    return false;
}

static void add_name(nl_check *ck, const char *name)
{
    if (!nl_varies_name(ck, name)) NL_PUSH(ck->arena, &ck->varying, name);
}

/* The variable that the left side of a `set` changes. */
static const nl_ast *target_of(const nl_ast *set)
{
    const nl_ast *left = nl_ast_bare(nl_ast_kid(set, 0));

    return left != NULL && left->kind == NL_AST_INDEX ? nl_ast_bare(left->kids[0]) : left;
}

static void find_sets(nl_check *ck, const nl_ast *node)
{
    if (node == NULL) return;
    if (node->kind == NL_AST_SET) {
        const nl_ast *target = target_of(node);

        NL_PUSH(ck->arena, &ck->sets, node);
        if (target != NULL && target->kind == NL_AST_NAME) add_name(ck, target->name);
    }
    for (int i = 0; i < node->kid_count; i++) find_sets(ck, node->kids[i]);
}

/* What a sweep goes through is set at each point. */
static void add_swept(nl_check *ck, const nl_ast *set)
{
    const nl_ast *target = target_of(set);

    if (target != NULL && target->kind == NL_AST_NAME && nl_batch_is_fixed(ck, target->name)) return;
    NL_PUSH(ck->arena, &ck->sets, set);
    if (target != NULL && target->kind == NL_AST_NAME) add_name(ck, target->name);
}

static bool mentions_varying(const nl_check *ck, const nl_ast *expr)
{
    for (size_t i = 0; i < ck->varying.count; i++)
        if (nl_mentions(expr, ck->varying.items[i])) return true;
    return false;
}

static void spread_to(nl_check *ck, const nl_ast *decl, const char *name)
{
    if (nl_define_find(ck, name) == NULL && mentions_varying(ck, decl)) add_name(ck, name);
}

static void spread_columns(nl_check *ck, const nl_ast *stmt)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++) spread_to(ck, stmt->kids[stmt->kid_count - 1], stmt->kids[i]->name);
}

/* One pass over the declarations of values at top level. */
static void spread(nl_check *ck, const nl_ast *node)
{
    if (node == NULL) return;
    switch (node->kind) {
    case NL_AST_BLOCK: case NL_AST_IF: case NL_AST_FOR: case NL_AST_PARAMS: case NL_AST_LETS:
        for (int i = 0; i < node->kid_count; i++) spread(ck, node->kids[i]);
        break;
    case NL_AST_ITEM: case NL_AST_SOLVE: case NL_AST_FUNCTION: spread_to(ck, node, node->name); break;
    case NL_AST_PARAM_COLUMNS: case NL_AST_LET_COLUMNS: spread_columns(ck, node); break;
    default: break;
    }
}

void nl_varies_find(nl_check *ck)
{
    size_t before;

    find_sets(ck, ck->file);
    nl_batch_targets(ck, ck->file, add_swept);
    nl_batch_targets(ck, ck->batch, add_swept);
    do {
        before = ck->varying.count;
        spread(ck, ck->file);
    } while (ck->varying.count > before);
}

/* A part that is named further down may be one of this owner. */
static bool may_name(const nl_check *ck, const nl_ast *base, const char *owner)
{
    const size_t length = strcspn(owner, "(");

    while (base != NULL && base->kind != NL_AST_NAME) base = nl_ast_kid(base, base->kind == NL_AST_IF_EXPR ? 1 : 0);
    if (base == NULL || (strlen(base->name) == length && strncmp(base->name, owner, length) == 0)) return true;
    const nl_symbol *symbol = nl_scope_find(ck->top, base->name);
    return symbol == NULL || symbol->kind == NL_SYM_PART;
}

bool nl_check_is_set(const nl_check *ck, const char *owner, const char *member)
{
    for (size_t i = 0; i < ck->sets.count; i++) {
        const nl_ast *target = target_of(ck->sets.items[i]);
        if (target != NULL && target->kind == NL_AST_FIELD && strcmp(target->name, member) == 0
            && may_name(ck, target->kids[0], owner))
            return true;
    }
    return false;
}
