/* Several values one behind the other, as records hold them: concat(a, b), the members of a family P(0 .. L).x, and
 * prev(..) of either.  Taken apart, each is a value that the simulation samples by itself. */
#include "plan.h"

#include <string.h>

typedef NL_LIST(const nl_ast *) expressions;

static void take_apart(nl_evaluator *ev, const nl_ast *expr, expressions *out);

static bool is_call_of(const nl_evaluator *ev, const nl_ast *e, const char *function)
{
    return e->kind == NL_AST_CALL && e->kids[0]->kind == NL_AST_NAME && strcmp(e->kids[0]->name, function) == 0
           && nl_scope_find(ev->scope, function) == NULL;
}

static bool is_plain(const nl_ast *call)
{
    for (int k = 1; k < call->kid_count; k++)
        if (call->kids[k]->kind == NL_AST_ARG || call->kids[k]->kind == NL_AST_ARRAY) return false;
    return call->kid_count > 1;
}

/* The CALL of P(0 .. L).x, or NULL. */
static const nl_ast *family_of(nl_evaluator *ev, const nl_ast *e)
{
    const nl_ast *base = e->kind == NL_AST_FIELD ? nl_ast_bare(e->kids[0]) : NULL;

    return base != NULL && nl_eval_names_members(ev, base) ? base : NULL;
}

/* e with another kid `at`. */
static nl_ast *with_kid(nl_arena *arena, const nl_ast *e, int at, const nl_ast *kid)
{
    nl_ast *out = nl_ast_new(arena, e->kind, e->span, e->name, e->kids, e->kid_count);

    out->name_span = e->name_span;
    out->kids[at] = (nl_ast *)kid;
    return out;
}

static bool add_members(nl_evaluator *ev, const nl_ast *field, const nl_ast *call, expressions *out)
{
    nl_arena *arena = ev->ck->arena;
    const nl_value numbers = nl_eval(ev, call->kids[1]);

    if (numbers.kind != NL_KIND_NUMBER || !nl_value_known(numbers)) return false;
    for (size_t k = 0; k < nl_value_count(numbers); k++) {
        nl_ast *number = nl_ast_new(arena, NL_AST_NUMBER, call->kids[1]->span,
                                    nl_arena_printf(arena, "%.0f", numbers.data[k]), NULL, 0);
        number->number = numbers.data[k];
        const nl_ast *member = with_kid(arena, field, 0, with_kid(arena, call, 1, number));
        NL_PUSH(arena, out, member);
    }
    return true;
}

static void add_previous(nl_evaluator *ev, const nl_ast *prev, expressions *out)
{
    expressions inner = { 0 };

    take_apart(ev, prev->kids[1], &inner);
    for (size_t k = 0; k < inner.count; k++) {
        const nl_ast *one = with_kid(ev->ck->arena, prev, 1, inner.items[k]);
        NL_PUSH(ev->ck->arena, out, one);
    }
}

static void take_apart(nl_evaluator *ev, const nl_ast *expr, expressions *out)
{
    const nl_ast *bare = nl_ast_bare(expr), *family = family_of(ev, bare);

    if (family != NULL && add_members(ev, bare, family, out)) return;
    if (is_call_of(ev, bare, "prev") && is_plain(bare)) add_previous(ev, bare, out);
    else if (is_call_of(ev, bare, "concat") && is_plain(bare))
        for (int k = 1; k < bare->kid_count; k++) take_apart(ev, bare->kids[k], out);
    else NL_PUSH(ev->ck->arena, out, expr);
}

const nl_ast *const *nl_plan_joined(nl_evaluator *ev, const nl_ast *expr, size_t *count)
{
    expressions out = { 0 };
    const size_t mark = nl_diags_mark(ev->ck->diags);

    take_apart(ev, expr, &out);
    nl_diags_undo(ev->ck->diags, mark); /* what is wrong is found where it is sampled */
    *count = out.count;
    return out.items;
}
