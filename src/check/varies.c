/* What the protocol sets, found from names alone before anything is evaluated.  Bodies read a value that is set, or made
 * of one that is, through a slot; all others are constants to them. */
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

/* The variable that the left side of a `set` changes. */
static const nl_ast *target_of(const nl_ast *set)
{
    const nl_ast *left = nl_ast_bare(nl_ast_kid(set, 0));

    return left != NULL && left->kind == NL_AST_INDEX ? nl_ast_bare(left->kids[0]) : left;
}

static void find_sets(nl_check *ck, const nl_ast *node)
{
    if (node == NULL) return;
    if (node->kind == NL_AST_SET) NL_PUSH(ck->arena, &ck->sets, node);
    for (int i = 0; i < node->kid_count; i++) find_sets(ck, node->kids[i]);
}

/* What a sweep goes through is set at each point. */
static void add_swept(nl_check *ck, const nl_ast *set)
{
    if (!nl_batch_is_fixed(ck, nl_batch_name(ck, set))) NL_PUSH(ck->arena, &ck->sets, set);
}

void nl_varies_find(nl_check *ck)
{
    find_sets(ck, ck->file);
    nl_batch_targets(ck, ck->file, add_swept);
    nl_batch_targets(ck, ck->batch, add_swept);
}

/* --- paths and full names, where all members of a family are alike: the numbers may be known only later --- */

/* Whether the next part of a full name is this one; goes on behind it and its numbers. */
static bool takes_part(const char **name, const char *part)
{
    const size_t length = strlen(part);

    if (strncmp(*name, part, length) != 0) return false;
    *name += length;
    if (**name == '(') *name += strcspn(*name, ")") + 1;
    return **name == '.' || **name == '\0';
}

/* Whether the path T.P(k) is the beginning of this full name; goes on behind it. */
static bool begins_with(const char **name, const nl_ast *path)
{
    path = path != NULL ? nl_ast_bare(path) : NULL;
    if (path == NULL) return false;
    if (path->kind == NL_AST_CALL) return begins_with(name, path->kids[0]);
    if (path->kind == NL_AST_NAME) return takes_part(name, path->name);
    if (path->kind != NL_AST_FIELD || !begins_with(name, path->kids[0]) || **name != '.') return false;
    ++*name;
    return takes_part(name, path->name);
}

static bool is_named(const nl_ast *path, const char *name) { return begins_with(&name, path) && *name == '\0'; }

bool nl_check_sets_value(const nl_check *ck, const char *name)
{
    for (size_t i = 0; i < ck->sets.count; i++)
        if (is_named(target_of(ck->sets.items[i]), name)) return true;
    return false;
}

/* What is named further down may be a part of any population. */
static bool may_be_part(const nl_check *ck, const nl_ast *base)
{
    for (size_t i = 0; i < ck->whole->symbols.count; i++)
        if (is_named(base, ck->whole->symbols.items[i]->name)) return ck->whole->symbols.items[i]->kind == NL_SYM_PART;
    return true;
}

/* Whether the base of a target, T.P(k) or P[0:3] or `if c then P else Q`, may be this owner. */
static bool may_be(const nl_check *ck, const nl_ast *base, const char *owner)
{
    base = base != NULL ? nl_ast_bare(base) : NULL;
    if (base == NULL) return true;
    if (base->kind == NL_AST_IF_EXPR) return may_be(ck, base->kids[1], owner) || may_be(ck, base->kids[2], owner);
    if (base->kind == NL_AST_INDEX) return may_be(ck, base->kids[0], owner);
    return is_named(base, owner) || may_be_part(ck, base);
}

bool nl_check_is_set(const nl_check *ck, const char *owner, const char *member)
{
    for (size_t i = 0; i < ck->sets.count; i++) {
        const nl_ast *target = target_of(ck->sets.items[i]);

        if (target == NULL || target->name == NULL || strcmp(target->name, member) != 0) continue;
        if (target->kind == NL_AST_NAME ? owner[0] == '\0' : may_be(ck, nl_ast_kid(target, 0), owner)) return true;
    }
    return false;
}
