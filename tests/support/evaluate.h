/* A calculator for tests of the language's functions: expressions without names but for true, false, pi, inf and nan.
 */
#ifndef TESTS_SUPPORT_EVALUATE_H
#define TESTS_SUPPORT_EVALUATE_H

#include "values.h"

#include "syntax/parse.h"

static inline nl_value evaluate_tree(bench *b, const nl_ast *node);

static inline nl_value evaluate_name(bench *b, const char *name)
{
    static const struct {
        const char *name;
        double number;
    } numbers[] = { { "pi", M_PI }, { "inf", INFINITY }, { "nan", NAN } };

    for (size_t i = 0; i < NL_LEN(numbers); i++)
        if (strcmp(numbers[i].name, name) == 0)
            return nl_value_number(b->cx.arena, numbers[i].number,
                                   isfinite(numbers[i].number) ? nl_dim_none : nl_dim_any);
    assert_true(strcmp(name, "true") == 0 || strcmp(name, "false") == 0);
    return nl_value_bool(b->cx.arena, name[0] == 't');
}

/* The kids from `first` on, with their names. */
static inline nl_arg *evaluate_kids(bench *b, const nl_ast *node, int first)
{
    nl_arg *args = NL_NEW_ARRAY(b->cx.arena, nl_arg, (size_t)node->kid_count + 1);

    for (int i = first; i < node->kid_count; i++) {
        const nl_ast *kid = node->kids[i];
        const bool named = kid->kind == NL_AST_ARG;

        args[i - first] = (nl_arg){ named ? kid->name : NULL, evaluate_tree(b, named ? kid->kids[0] : kid), kid->span };
    }
    return args;
}

static inline nl_value evaluate_comparison(bench *b, const nl_ast *node)
{
    nl_value all = nl_value_bool(b->cx.arena, true);

    for (int i = 0; i + 1 < node->kid_count; i++) {
        const nl_value one =
            nl_value_binary(&b->cx, node->span, node->ops[i], evaluate_tree(b, node->kids[i]), node->kids[i]->span,
                            evaluate_tree(b, node->kids[i + 1]), node->kids[i + 1]->span);
        all = i == 0 ? one : nl_value_binary(&b->cx, node->span, "and", all, node->span, one, node->span);
    }
    return all;
}

static inline nl_value evaluate_index(bench *b, const nl_ast *node)
{
    nl_index indices[NL_RANK] = { { .is_slice = false } };

    for (int i = 1; i < node->kid_count; i++) {
        nl_index *index = &indices[i - 1];
        const nl_ast *kid = node->kids[i];

        if (kid->kind == NL_AST_SLICE) *index = (nl_index){ .is_slice = true, .span = kid->span };
        else *index = (nl_index){ .value = evaluate_tree(b, kid), .span = kid->span };
    }
    return nl_value_index(&b->cx, node->span, evaluate_tree(b, node->kids[0]), indices, (size_t)node->kid_count - 1);
}

static inline nl_value evaluate_tree(bench *b, const nl_ast *node)
{
    nl_eval_context *cx = &b->cx;

    switch (node->kind) {
    case NL_AST_NUMBER:
        return nl_value_number(cx->arena, node->number,
                               node->number == 0 && !node->has_unit ? nl_dim_any : node->unit.dim);
    case NL_AST_STRING: return nl_value_text(cx->arena, node->name);
    case NL_AST_NAME: return evaluate_name(b, node->name);
    case NL_AST_PAREN: return evaluate_tree(b, node->kids[0]);
    case NL_AST_NEG: return nl_value_unary(cx, node->span, "-", evaluate_tree(b, node->kids[0]));
    case NL_AST_NOT: return nl_value_unary(cx, node->span, "not", evaluate_tree(b, node->kids[0]));
    case NL_AST_BINARY:
        return nl_value_binary(cx, node->span, node->name, evaluate_tree(b, node->kids[0]), node->kids[0]->span,
                               evaluate_tree(b, node->kids[1]), node->kids[1]->span);
    case NL_AST_COMPARE: return evaluate_comparison(b, node);
    case NL_AST_IF_EXPR: return evaluate_tree(b, node->kids[evaluate_tree(b, node->kids[0]).data[0] != 0 ? 1 : 2]);
    case NL_AST_ARRAY: return nl_value_stack(cx, node->span, evaluate_kids(b, node, 0), (size_t)node->kid_count);
    case NL_AST_SCALED: return nl_value_scale(cx, node->span, evaluate_tree(b, node->kids[0]), node->unit);
    case NL_AST_INDEX: return evaluate_index(b, node);
    case NL_AST_CALL:
        return nl_func_call(cx, node->span, node->kids[0]->name, evaluate_kids(b, node, 1),
                            (size_t)node->kid_count - 1);
    default: fail_msg("the calculator does not know %s", nl_ast_kinds[node->kind].name); return nl_value_none();
    }
}

/* The value of an expression; NONE with a diagnostic where it is wrong. */
static inline nl_value evaluate(bench *b, const char *text)
{
    const nl_source *source = nl_sources_add(nl_diags_sources(b->cx.diags), "test", text, strlen(text));
    const nl_ast *tree = nl_parse_expression(b->cx.arena, b->cx.diags, source);

    return tree != NULL ? evaluate_tree(b, tree) : nl_value_none();
}

#endif
