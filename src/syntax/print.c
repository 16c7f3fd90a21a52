#include "print.h"

#include "base/text.h"

#include <string.h>

/* ---- expressions ---- */

/* How tightly an operator binds; the weakest first, as in the grammar. */
enum { LEVEL_NONE, LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_RANGE, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_NEGATE,
       LEVEL_POWER, LEVEL_ATOM };

static int binary_level(const char *op)
{
    static const struct {
        const char *op;
        int level;
    } levels[] = {
        { "or", LEVEL_OR }, { "and", LEVEL_AND }, { "+", LEVEL_SUM }, { "-", LEVEL_SUM }, { "^", LEVEL_POWER }
    };

    for (size_t k = 0; k < NL_LEN(levels); k++)
        if (strcmp(levels[k].op, op) == 0) return levels[k].level;
    return LEVEL_PRODUCT;
}

static int level_of(const nl_ast *e)
{
    switch (e->kind) {
    case NL_AST_IF_EXPR: return LEVEL_NONE;
    case NL_AST_BINARY: return binary_level(e->name);
    case NL_AST_NOT: return LEVEL_NOT;
    case NL_AST_COMPARE: case NL_AST_CROSSES: case NL_AST_WITHIN: return LEVEL_COMPARE;
    case NL_AST_RANGE: return LEVEL_RANGE;
    case NL_AST_NEG: return LEVEL_NEGATE;
    default: return LEVEL_ATOM;
    }
}

static bool is_prefix(const nl_ast *e)
{
    return e->kind == NL_AST_NEG || e->kind == NL_AST_NOT || e->kind == NL_AST_IF_EXPR;
}

/* `left` and `right` are the levels that the neighbours on the two sides demand.  A prefix operator takes all that
 * follows, so that only its right neighbour matters. */
static void add(nl_text *out, const nl_ast *e, int left, int right);

static void add_list(nl_text *out, const nl_ast *e, int from)
{
    for (int k = from; k < e->kid_count; k++) {
        if (k > from) nl_text_adds(out, ", ");
        add(out, e->kids[k], LEVEL_NONE, LEVEL_NONE);
    }
}

static void add_binary(nl_text *out, const nl_ast *e, int left, int right)
{
    const int level = binary_level(e->name);
    const bool is_power = level == LEVEL_POWER;

    add(out, e->kids[0], left, is_power ? LEVEL_ATOM : level);
    nl_text_addf(out, is_power ? "%s" : " %s ", e->name);
    add(out, e->kids[1], is_power ? level : level + 1, right);
}

static void add_compare(nl_text *out, const nl_ast *e, int left, int right)
{
    for (int k = 0; k < e->kid_count; k++) {
        if (k > 0) nl_text_addf(out, " %s ", e->ops[k - 1]);
        add(out, e->kids[k], k == 0 ? left : LEVEL_RANGE, k + 1 == e->kid_count ? right : LEVEL_RANGE);
    }
}

/* The operands with words between and before them. */
static void add_words(nl_text *out, const nl_ast *e, const char *const *words, int level, int left, int right)
{
    for (int k = 0; k < e->kid_count; k++) {
        nl_text_adds(out, words[k]);
        add(out, e->kids[k], k == 0 ? left : level, k + 1 == e->kid_count ? right : level);
    }
}

static void add_number(nl_text *out, const nl_ast *e)
{
    nl_text_adds(out, e->name != NULL ? e->name : nl_text_number(out->arena, nl_unit_unscale(e->number, e->unit)));
    if (e->unit_text != NULL) nl_text_addf(out, " %s", e->unit_text);
}

static void add_string_text(nl_text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '{' || *text == '}') nl_text_add(out, text, 1);
        nl_text_add(out, text, 1);
    }
}

static void add_string(nl_text *out, const nl_ast *e)
{
    nl_text_adds(out, "\"");
    if (e->kid_count == 0) add_string_text(out, e->name);
    for (int k = 0; k < e->kid_count; k++)
        if (e->kids[k]->kind == NL_AST_STRING) add_string_text(out, e->kids[k]->name);
        else add(out, e->kids[k], LEVEL_NONE, LEVEL_NONE);
    nl_text_adds(out, "\"");
}

static void add_insert(nl_text *out, const nl_ast *e)
{
    nl_text_adds(out, "{");
    add(out, e->kids[0], LEVEL_NONE, LEVEL_NONE);
    nl_text_addf(out, e->name != NULL ? ":%s}" : "}", e->name);
}

static void add_slice(nl_text *out, const nl_ast *e)
{
    for (int k = 0; k < e->kid_count; k++) {
        if (k == 1 || (k == 2 && e->kids[k] != NULL)) nl_text_adds(out, ":");
        if (e->kids[k] != NULL) add(out, e->kids[k], LEVEL_NONE, LEVEL_NONE);
    }
}

static void add_parameter(nl_text *out, const nl_ast *e)
{
    nl_text_adds(out, e->name);
    if (e->unit_text != NULL) nl_text_addf(out, " : %s", e->unit_text);
    if (e->kids[0] == NULL) return;
    nl_text_adds(out, " = ");
    add(out, e->kids[0], LEVEL_NONE, LEVEL_NONE);
}

static void add_bracketed(nl_text *out, const nl_ast *e, int from, const char *open, const char *close)
{
    if (from == 1) add(out, e->kids[0], LEVEL_ATOM, LEVEL_ATOM);
    nl_text_adds(out, open);
    add_list(out, e, from);
    nl_text_adds(out, close);
}

static void add_bare(nl_text *out, const nl_ast *e, int left, int right)
{
    static const char *const choice[] = { "if ", " then ", " else " }, *const range[] = { "", " .. " };
    static const char *const above[] = { "", " crosses above " }, *const below[] = { "", " crosses below " };
    static const char *const within[] = { "", " within ", " of " }, *const minus[] = { "-" }, *const not[] = { "not " };

    switch (e->kind) {
    case NL_AST_NUMBER: add_number(out, e); break;
    case NL_AST_STRING: add_string(out, e); break;
    case NL_AST_INSERT: add_insert(out, e); break;
    case NL_AST_NAME: nl_text_adds(out, e->name); break;
    case NL_AST_FIELD:
        add(out, e->kids[0], LEVEL_ATOM, LEVEL_ATOM);
        nl_text_addf(out, ".%s", e->name);
        break;
    case NL_AST_PRIME:
        add(out, e->kids[0], LEVEL_ATOM, LEVEL_ATOM);
        nl_text_adds(out, "'");
        break;
    case NL_AST_INDEX: add_bracketed(out, e, 1, "[", "]"); break;
    case NL_AST_CALL: add_bracketed(out, e, 1, "(", ")"); break;
    case NL_AST_PAREN: add_bracketed(out, e, 0, "(", ")"); break;
    case NL_AST_ARRAY:
        add_bracketed(out, e, 0, "[", "]");
        if (e->unit_text != NULL) nl_text_addf(out, " %s", e->unit_text);
        break;
    case NL_AST_SLICE: add_slice(out, e); break;
    case NL_AST_ARG:
        nl_text_addf(out, "%s = ", e->name);
        add(out, e->kids[0], LEVEL_NONE, LEVEL_NONE);
        break;
    case NL_AST_PARAM: add_parameter(out, e); break;
    case NL_AST_SCALED: add(out, e->kids[0], left, right); break;
    case NL_AST_NEG: add_words(out, e, minus, LEVEL_NEGATE, LEVEL_NEGATE, right); break;
    case NL_AST_NOT: add_words(out, e, not, LEVEL_NOT, LEVEL_NOT, right); break;
    case NL_AST_BINARY: add_binary(out, e, left, right); break;
    case NL_AST_COMPARE: add_compare(out, e, left, right); break;
    case NL_AST_CROSSES:
        add_words(out, e, strcmp(e->name, "above") == 0 ? above : below, LEVEL_RANGE, left, right);
        break;
    case NL_AST_WITHIN: add_words(out, e, within, LEVEL_RANGE, left, right); break;
    case NL_AST_RANGE: add_words(out, e, range, LEVEL_SUM, left, right); break;
    case NL_AST_IF_EXPR: add_words(out, e, choice, LEVEL_NONE, LEVEL_NONE, right); break;
    case NL_AST_LIST: add_list(out, e, 0); break;
    default: nl_text_adds(out, nl_ast_kinds[e->kind].word); break;
    }
}

static void add(nl_text *out, const nl_ast *e, int left, int right)
{
    const int level = level_of(e);
    const bool needs_parentheses = level < right || (level < left && !is_prefix(e));

    if (needs_parentheses) nl_text_adds(out, "(");
    add_bare(out, e, needs_parentheses ? LEVEL_NONE : left, needs_parentheses ? LEVEL_NONE : right);
    if (needs_parentheses) nl_text_adds(out, ")");
}

const char *nl_print_expression(nl_arena *arena, const nl_ast *expr)
{
    nl_text out = nl_text_new(arena);

    if (expr != NULL) add(&out, expr, LEVEL_NONE, LEVEL_NONE);
    return out.chars;
}

/* ---- the tree as a list ---- */

static void add_node_text(nl_text *out, const nl_ast *node)
{
    nl_text_adds(out, nl_ast_kinds[node->kind].name);
    if (node->name != NULL)
        nl_text_addf(out, node->kind == NL_AST_STRING || node->kind == NL_AST_INSERT ? " \"%s\"" : " %s", node->name);
    for (int k = 0; node->kind == NL_AST_COMPARE && k + 1 < node->kid_count; k++)
        nl_text_addf(out, " %s", node->ops[k]);
    if (node->unit_text != NULL) nl_text_addf(out, node->kind == NL_AST_NUMBER ? " %s" : " : %s", node->unit_text);
    if (node->kind == NL_AST_NUMBER && node->has_unit) nl_text_addf(out, " (%.15g)", node->number);
    if (node->flag) nl_text_adds(out, " no self");
}

static void add_tree(nl_text *out, const nl_ast *node, int depth)
{
    nl_text_addf(out, "%*s", 2 * depth, "");
    if (node == NULL) {
        nl_text_adds(out, "-\n");
        return;
    }
    add_node_text(out, node);
    nl_text_adds(out, "\n");
    for (int k = 0; k < node->kid_count; k++) add_tree(out, node->kids[k], depth + 1);
}

const char *nl_print_tree(nl_arena *arena, const nl_ast *node)
{
    nl_text out = nl_text_new(arena);

    add_tree(&out, node, 0);
    return out.chars;
}
