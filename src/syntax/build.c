#include "build.h"

#include "print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists and nodes ---- */

nl_asts *nl_asts_new(nl_parser *p)
{
    return NL_NEW(p->arena, nl_asts);
}

nl_asts *nl_asts_add(nl_parser *p, nl_asts *list, nl_ast *item)
{
    NL_PUSH(p->arena, list, item);
    return list;
}

nl_asts *nl_asts_of(nl_parser *p, nl_ast *const *items, int count)
{
    nl_asts *list = nl_asts_new(p);

    for (int k = 0; k < count; k++) nl_asts_add(p, list, items[k]);
    return list;
}

nl_ast *nl_build_node(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *const *kids, int kid_count)
{
    nl_ast *node = nl_ast_new(p->arena, kind, span, NULL, kids, kid_count);

    if (node->depth <= NL_DEPTH_LIMIT) return node;
    nl_report_depth(p, span);
    return nl_ast_new(p->arena, NL_AST_NAME, span, "", NULL, 0);
}

nl_ast *nl_build_list(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_asts *kids)
{
    return nl_build_node(p, kind, span, kids->items, (int)kids->count);
}

nl_ast *nl_build_named(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_token *name, nl_ast *const *kids,
                       int kid_count)
{
    nl_ast *node = nl_build_node(p, kind, span, kids, kid_count);

    if (node->kind == kind) node->name = name->text;
    node->name_span = name->span;
    return node;
}

nl_ast *nl_build_with_base(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *base, const nl_asts *rest)
{
    nl_asts *kids = nl_asts_of(p, &base, 1);

    for (size_t k = 0; k < rest->count; k++) nl_asts_add(p, kids, rest->items[k]);
    return nl_build_node(p, kind, span, kids->items, (int)kids->count);
}

static nl_ast *leaf(nl_parser *p, nl_ast_kind kind, const nl_token *token)
{
    nl_ast *node = nl_ast_new(p->arena, kind, token->span, token->text, NULL, 0);

    node->name_span = token->span;
    return node;
}

nl_ast *nl_build_name(nl_parser *p, const nl_token *name)
{
    return leaf(p, NL_AST_NAME, name);
}

static bool is_name(const nl_ast *node, const char *name)
{
    return node != NULL && node->kind == NL_AST_NAME && strcmp(node->name, name) == 0;
}

static nl_diag *fail(nl_parser *p, nl_code code, nl_span span, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(p->diags, code, span, "%s", sentence);

    if (help != NULL) nl_diag_help(p->diags, diag, "%s", help);
    return diag;
}

/* ---- units ---- */

static const nl_unit one = { .factor = 1 };

static nl_unit_written unknown_unit(const char *text, nl_span span)
{
    nl_unit_written unit = { one, text, span };

    unit.unit.dim.unknown = true;
    return unit;
}

nl_unit_written nl_unit_none(void)
{
    return (nl_unit_written){ one, NULL, { 0, 0 } };
}

nl_unit_written nl_unit_of(const nl_token *quantity)
{
    return (nl_unit_written){ quantity->unit, quantity->unit_text, quantity->span };
}

nl_unit_written nl_build_unit_symbol(nl_parser *p, const nl_token *word)
{
    nl_unit_written unit = { one, word->text, word->span };
    const char *meant;

    if (nl_unit_find(word->text, strlen(word->text), &unit.unit)) return unit;
    meant = nl_unit_suggest(word->text, strlen(word->text));
    nl_diag *diag = nl_diag_add(p->diags, NL_E_UNIT, word->span,
                                meant != NULL ? "unknown unit `%s`; did you mean `%s`?" : "unknown unit `%s`",
                                word->text, meant);
    if (p->layout.unit_of_array)
        nl_diag_help(p->diags, diag, "an array in brackets is not indexed; name it with `let`, or write ([ ... ])[%s]",
                     word->text);
    return unknown_unit(word->text, word->span);
}

nl_unit_written nl_build_stated_unit(nl_parser *p, const nl_token *word)
{
    if (strcmp(word->text, "name") == 0) return (nl_unit_written){ one, "name", word->span };
    return nl_build_unit_symbol(p, word);
}

nl_unit_written nl_build_unit_number(nl_parser *p, const nl_token *number)
{
    if (strcmp(number->text, "1") == 0) return (nl_unit_written){ one, number->text, number->span };
    if (p->layout.unit_of_array)
        fail(p, NL_E_SYNTAX, number->span, "unexpected `[` behind an array; between two arrays stands a comma", NULL);
    else
        fail(p, NL_E_UNIT, number->span, "the only number in a unit is 1, as in [1/ms]", NULL);
    return unknown_unit(number->text, number->span);
}

nl_unit_written nl_build_unit_group(nl_parser *p, nl_unit_written unit)
{
    unit.text = nl_arena_printf(p->arena, "(%s)", unit.text);
    return unit;
}

nl_unit_written nl_build_unit_brackets(nl_parser *p, nl_unit_written unit)
{
    unit.text = nl_arena_printf(p->arena, "[%s]", unit.text);
    return unit;
}

nl_unit_written nl_build_unit_product(nl_parser *p, nl_span span, nl_unit_written a, nl_unit_written b, bool divides)
{
    nl_unit_written product = { one, nl_arena_printf(p->arena, "%s%c%s", a.text, divides ? '/' : '*', b.text), span };
    nl_unit factor = b.unit;

    if (a.unit.dim.unknown || b.unit.dim.unknown) return unknown_unit(product.text, span);
    if ((!divides || nl_unit_power(b.unit, -1, &factor)) && nl_unit_multiply(a.unit, factor, &product.unit))
        return product;
    fail(p, NL_E_UNIT, span, "the exponents of this unit are too large", NULL);
    return unknown_unit(product.text, span);
}

nl_unit_written nl_build_unit_power(nl_parser *p, nl_span span, nl_unit_written a, double exponent, nl_span written)
{
    const size_t length = written.end - written.begin;
    const char *digits = p->lexer.source->text + (written.begin - p->lexer.source->base);
    nl_text text = nl_text_new(p->arena);
    nl_unit_written power = { one, NULL, span };

    nl_text_addf(&text, "%s^", a.text);
    for (size_t k = 0; k < length; k++)
        if (strchr(" \t\r\n", digits[k]) == NULL) nl_text_add(&text, &digits[k], 1);
    power.text = text.chars;
    if (a.unit.dim.unknown) return unknown_unit(power.text, span);
    if (nl_unit_power(a.unit, exponent, &power.unit)) return power;
    fail(p, NL_E_UNIT, span, "this power of a unit cannot be expressed; exponents are whole or half numbers", NULL);
    return unknown_unit(power.text, span);
}

double nl_build_exponent(const nl_token *above, const nl_token *below, double sign)
{
    return sign * strtod(above->text, NULL) / (below != NULL ? strtod(below->text, NULL) : 1);
}

nl_ast *nl_build_unit(nl_ast *node, nl_unit_written unit)
{
    if (unit.text == NULL) return node;
    node->unit_text = unit.text;
    node->has_unit = strcmp(unit.text, "name") != 0;
    if (node->has_unit) node->unit = unit.unit;
    return node;
}

/* ---- expressions ---- */

static bool is_zero_literal(const char *digits)
{
    for (; *digits != '\0' && *digits != 'e' && *digits != 'E'; digits++)
        if (*digits >= '1' && *digits <= '9') return false;
    return true;
}

static void scale_number(nl_parser *p, nl_ast *number, nl_unit unit)
{
    number->unit = unit;
    number->number = nl_unit_scale_literal(number->name, strlen(number->name), unit);
    if (isinf(number->number))
        fail(p, NL_E_NUMBER, number->span, "this number is too large", "infinity is written inf");
    if (number->number == 0 && !is_zero_literal(number->name))
        fail(p, NL_E_NUMBER, number->span, "this number is too small: it would be 0", NULL);
}

nl_ast *nl_build_number(nl_parser *p, nl_span span, const nl_token *number, nl_unit_written unit)
{
    nl_ast *node = leaf(p, NL_AST_NUMBER, number);

    node->span = span;
    node->unit_text = unit.text;
    node->has_unit = unit.text != NULL;
    scale_number(p, node, unit.unit);
    return node;
}

/* The unit behind an array goes into its literal elements, so that each is rounded once. */
static nl_ast *scale_element(nl_parser *p, nl_ast *element, nl_unit_written unit)
{
    if (element->kind == NL_AST_ARRAY && element->unit_text == NULL) {
        for (int k = 0; k < element->kid_count; k++) element->kids[k] = scale_element(p, element->kids[k], unit);
    } else if (element->kind == NL_AST_NEG && element->kids[0]->kind == NL_AST_NUMBER) {
        element->kids[0] = scale_element(p, element->kids[0], unit);
    } else if ((element->kind == NL_AST_NUMBER || element->kind == NL_AST_ARRAY) && element->unit_text != NULL) {
        fail(p, NL_E_UNIT, element->span, "this element has a unit, and so has the array", "write one of the two");
    } else if (element->kind == NL_AST_NUMBER) {
        element->has_unit = true;
        scale_number(p, element, unit.unit);
    } else {
        element = nl_build_node(p, NL_AST_SCALED, element->span, &element, 1);
        element->unit = unit.unit;
        element->has_unit = true;
    }
    return element;
}

nl_ast *nl_build_scaled_array(nl_parser *p, nl_span span, nl_ast *array, nl_unit_written unit)
{
    scale_element(p, array, unit);
    array->unit_text = unit.text;
    array->span = span;
    return array;
}

static bool is_comparison(const nl_ast *node)
{
    return node->kind == NL_AST_COMPARE || node->kind == NL_AST_CROSSES || node->kind == NL_AST_WITHIN;
}

/* 1 for < and <=, -1 for > and >=, 0 for == */
static int direction(const char *op)
{
    return op[0] == '<' ? 1 : op[0] == '>' ? -1 : 0;
}

static void check_chain(nl_parser *p, const nl_ast *left, const nl_token *op)
{
    const int turn = direction(op->text);
    bool has_unequal = strcmp(op->text, "!=") == 0, turns = false;

    for (int k = 0; k + 1 < left->kid_count; k++) {
        has_unequal |= strcmp(left->ops[k], "!=") == 0;
        turns |= turn * direction(left->ops[k]) < 0;
    }
    if (has_unequal)
        fail(p, NL_E_COMPARE, op->span, "`!=` cannot stand in a chain of comparisons", "write a != b and b != c");
    else if (turns)
        fail(p, NL_E_COMPARE, op->span, "a chain of comparisons has one direction", "write a < b and b > c");
}

/* `a < b < c` arrives as (a < b) < c and becomes one chain. */
nl_ast *nl_build_compare(nl_parser *p, nl_span span, nl_ast *left, const nl_token *op, nl_ast *right)
{
    const bool is_chain = left->kind == NL_AST_COMPARE;
    nl_asts *kids = nl_asts_of(p, is_chain ? left->kids : &left, is_chain ? left->kid_count : 1);
    const char **ops = NL_NEW_ARRAY(p->arena, const char *, kids->count);

    if (left->kind == NL_AST_CROSSES || left->kind == NL_AST_WITHIN)
        fail(p, NL_E_COMPARE, op->span, "this cannot stand in a chain of comparisons", "write A and B");
    if (is_chain) {
        check_chain(p, left, op);
        memcpy(ops, left->ops, sizeof *ops * (kids->count - 1));
    }
    ops[kids->count - 1] = op->text;
    nl_asts_add(p, kids, right);
    nl_ast *node = nl_build_node(p, NL_AST_COMPARE, span, kids->items, (int)kids->count);
    node->ops = ops;
    node->name_span = op->span;
    return node;
}

nl_ast *nl_build_crosses(nl_parser *p, nl_span span, nl_ast *value, const nl_token *direction_word, nl_ast *level)
{
    if (is_comparison(value))
        fail(p, NL_E_COMPARE, span, "`crosses` cannot stand in a chain of comparisons", "write A and B");
    return nl_build_named(p, NL_AST_CROSSES, span, direction_word, (nl_ast *[]){ value, level }, 2);
}

nl_ast *nl_build_within(nl_parser *p, nl_span span, nl_ast *value, nl_ast *tolerance, nl_ast *reference)
{
    if (is_comparison(value))
        fail(p, NL_E_COMPARE, span, "`within` cannot stand in a chain of comparisons", "write A and B");
    return nl_build_node(p, NL_AST_WITHIN, span, (nl_ast *[]){ value, tolerance, reference }, 3);
}

nl_ast *nl_build_power(nl_parser *p, nl_span span, nl_ast *base, const nl_token *op, nl_ast *exponent)
{
    if (base->kind == NL_AST_NUMBER && base->unit_text != NULL && base->unit_text[0] != '[') {
        const char *power = nl_print_expression(p->arena, exponent);
        nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_UNIT, span, "a power after a unit is ambiguous"),
                     "write %s [%s^%s] for the unit, (%s %s)^%s for the quantity", base->name, base->unit_text, power,
                     base->name, base->unit_text, power);
    }
    return nl_build_named(p, NL_AST_BINARY, span, op, (nl_ast *[]){ base, exponent }, 2);
}

nl_ast *nl_build_prime(nl_parser *p, nl_span span, nl_ast *base)
{
    if (base->kind == NL_AST_PRIME)
        fail(p, NL_E_LEFT, span, "a second derivative is written with two equations", "x' = y and y' = ...");
    else if (base->kind != NL_AST_NAME)
        fail(p, NL_E_LEFT, span, "only a variable of the same body has a derivative", NULL);
    return nl_build_node(p, NL_AST_PRIME, span, &base, 1);
}

static void check_arguments(nl_parser *p, const nl_asts *args)
{
    for (size_t k = 0; k < args->count; k++) {
        const nl_ast *arg = args->items[k];

        if (arg->kind == NL_AST_PARAM) continue;
        if (arg->kind != NL_AST_ARG && k > 0 && args->items[k - 1]->kind == NL_AST_ARG)
            fail(p, NL_E_PART, arg->span, "an argument without a name stands before those with one", NULL);
        for (size_t j = 0; arg->kind == NL_AST_ARG && j < k; j++)
            if (args->items[j]->kind == NL_AST_ARG && strcmp(args->items[j]->name, arg->name) == 0)
                nl_diag_add(p->diags, NL_E_PART, arg->name_span, "`%s` is given twice", arg->name);
    }
}

nl_ast *nl_build_call(nl_parser *p, nl_span span, nl_ast *base, const nl_asts *args)
{
    if (base->kind == NL_AST_PAREN || base->kind == NL_AST_PRIME)
        fail(p, NL_E_SYNTAX, span, "a value is called like a function", "a product is written with `*`");
    check_arguments(p, args);
    return nl_build_with_base(p, NL_AST_CALL, span, base, args);
}

nl_ast *nl_build_piece(nl_parser *p, const nl_token *piece)
{
    return leaf(p, NL_AST_STRING, piece);
}

nl_ast *nl_build_string(nl_parser *p, nl_span span, const nl_token *head, nl_asts *inserts, const nl_token *tail)
{
    nl_asts *kids = nl_asts_new(p);

    if (head->text[0] != '\0') nl_asts_add(p, kids, nl_build_piece(p, head));
    for (size_t k = 0; k < inserts->count; k++)
        if (inserts->items[k]->kind == NL_AST_INSERT || inserts->items[k]->name[0] != '\0')
            nl_asts_add(p, kids, inserts->items[k]);
    if (tail->text[0] != '\0') nl_asts_add(p, kids, nl_build_piece(p, tail));
    return nl_build_node(p, NL_AST_STRING, span, kids->items, (int)kids->count);
}

nl_ast *nl_build_plain_string(nl_parser *p, nl_ast *string)
{
    if (string->kid_count > 0)
        fail(p, NL_E_PART, string->span, "the name of this file cannot have inserted values",
             "a file is used before any value is known");
    return string;
}

/* ---- left sides ---- */

static bool is_variable(const nl_ast *node)
{
    switch (node->kind) {
    case NL_AST_NAME: return true;
    case NL_AST_FIELD: case NL_AST_INDEX: case NL_AST_CALL: return is_variable(node->kids[0]);
    default: return false;
    }
}

static bool is_product(const nl_ast *node)
{
    return node->kind == NL_AST_BINARY && strcmp(node->name, "*") == 0;
}

static bool is_left_side(const nl_ast *left)
{
    if (left->kind == NL_AST_PRIME) return true;
    if (is_product(left)) return left->kids[1]->kind == NL_AST_PRIME;
    return left->kind != NL_AST_CALL && is_variable(left);
}

/* The name behind the d of dv/dt or C * dv/dt, or NULL. */
static const char *differential(const nl_ast *left)
{
    const nl_ast *above = left->kids != NULL ? nl_ast_kid(left, 0) : NULL;

    if (left->kind != NL_AST_BINARY || strcmp(left->name, "/") != 0 || !is_name(left->kids[1], "dt")) return NULL;
    if (is_product(above)) above = above->kids[1];
    return above->kind == NL_AST_NAME && above->name[0] == 'd' && above->name[1] != '\0' ? above->name + 1 : NULL;
}

static void report_left_side(nl_parser *p, const nl_ast *left)
{
    const char *variable = differential(left);

    if (variable != NULL)
        nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_LEFT, left->span, "this is not an equation"),
                     "a derivative is written %s' = ..., or coefficient * %s' = ...", variable, variable);
    else if (left->kind == NL_AST_CALL && left->kids[0]->kind == NL_AST_NAME)
        nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_LEFT, left->span, "this cannot stand on the left of `=`"),
                     "a function is declared with: function %s(...) = ...; an element is %s[...]", left->kids[0]->name,
                     left->kids[0]->name);
    else
        fail(p, NL_E_LEFT, left->span, "this cannot stand on the left of `=`",
             "a left side is a name, name[...], post.name, name' or coefficient * name'");
}

nl_ast *nl_build_assignment(nl_parser *p, nl_span span, nl_ast *left, const nl_token *op, nl_ast *right)
{
    if (!is_left_side(left))
        report_left_side(p, left);
    else if (op->text[0] != '=' && !is_variable(left))
        nl_diag_add(p->diags, NL_E_LEFT, op->span, "a derivative is given with `=`, not with `%s`", op->text);
    return nl_build_named(p, NL_AST_ASSIGN, span, op, (nl_ast *[]){ left, right }, 2);
}

nl_ast *nl_build_change(nl_parser *p, nl_ast_kind kind, nl_span span, nl_ast *left, nl_ast *right)
{
    const bool fits = kind == NL_AST_SET ? is_variable(left) : left->kind == NL_AST_NAME;

    if (!fits)
        nl_diag_help(
            p->diags,
            nl_diag_add(p->diags, NL_E_LEFT, left->span, "this cannot stand behind `%s`", nl_ast_kinds[kind].word),
            kind == NL_AST_SET ? "set NAME = VALUE, set POPULATION.NAME = VALUE" : "%s NAME = VALUE",
            nl_ast_kinds[kind].word);
    return nl_build_node(p, kind, span, (nl_ast *[]){ left, right }, 2);
}

/* ---- statements ---- */

/* The name that a statement without effect begins with, or NULL. */
static const nl_ast *first_name(const nl_ast *expr)
{
    while (expr->kid_count > 0 && expr->kids[0] != NULL && expr->kind != NL_AST_STRING) expr = expr->kids[0];
    return expr->kind == NL_AST_NAME ? expr : NULL;
}

nl_ast *nl_build_thrown_away(nl_parser *p, nl_ast *expr)
{
    const nl_ast *name = first_name(expr);
    const char *remedy = name != NULL ? nl_foreign_remedy(name->name) : NULL;
    const bool is_command = expr->kind == NL_AST_NAME || expr->kind == NL_AST_CALL;
    const nl_keyword meant = name != NULL && is_command ? nl_keyword_suggest(name->name, NL_KEYWORD_IS_FIRST)
                                                        : NL_KEYWORD_COUNT;

    if (remedy != NULL && is_command)
        nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_WORD, name->span, "`%s` is not netlang", name->name), "%s",
                     remedy);
    else if (meant < NL_KEYWORD_COUNT)
        nl_diag_add(p->diags, NL_E_WORD, name->span, "`%s` does not start a statement; did you mean `%s`?", name->name,
                    nl_keywords[meant].word);
    else
        fail(p, NL_E_UNUSED, expr->span, "this expression is computed and thrown away", "to assign, write `=`");
    return nl_build_node(p, NL_AST_EXPR, expr->span, &expr, 1);
}

nl_ast *nl_build_every(nl_parser *p, nl_span span, nl_ast *interval, nl_ast *from, nl_ast *block)
{
    if (!is_name(interval, "step"))
        return nl_build_node(p, NL_AST_EVERY, span, (nl_ast *[]){ interval, from, block }, 3);
    if (from != NULL)
        fail(p, NL_E_PART, from->span, "`every step` has no `from`", "write: every step { if t >= T { ... } }");
    return nl_build_node(p, NL_AST_EVERY_STEP, span, &block, 1);
}

nl_ast *nl_build_event_name(nl_parser *p, nl_ast *name)
{
    const nl_ast *side = name->kind == NL_AST_FIELD ? name->kids[0] : name;

    if (!is_name(side, "pre") && !is_name(side, "post"))
        fail(p, NL_E_PART, name->span, "behind `on` stands `pre`, `post` or an event of one of the two",
             "on pre { ... }, on post { ... }, on pre.EVENT { ... }");
    return name;
}

/* A name that is being declared: NAME, or NAME(k) of a family. */
nl_ast *nl_build_declared(nl_parser *p, nl_ast *name)
{
    const nl_ast *base = name->kind == NL_AST_CALL ? name->kids[0] : name;

    if (base->kind != NL_AST_NAME) fail(p, NL_E_LEFT, name->span, "a plain name is needed here", NULL);
    return name;
}

nl_ast *nl_build_record(nl_parser *p, nl_span span, const nl_asts *series, const nl_asts *timing)
{
    nl_ast *const kids[] = { series->items[0], series->items[1], timing->items[0], timing->items[1], timing->items[2] };

    return nl_build_node(p, NL_AST_RECORD, span, kids, 5);
}

nl_asts *nl_build_tail(nl_parser *p, nl_asts *tails, int which, nl_ast *value, const nl_token *word)
{
    if (tails->items[which] != NULL) nl_diag_add(p->diags, NL_E_PART, word->span, "`%s` stands here twice", word->text);
    tails->items[which] = value;
    return tails;
}

nl_ast *nl_build_item(nl_parser *p, nl_span span, nl_ast *name, nl_ast *init, const nl_asts *tails)
{
    const bool is_family = name->kind == NL_AST_CALL;
    nl_ast *family = is_family ? nl_build_node(p, NL_AST_LIST, name->span, name->kids + 1, name->kid_count - 1) : NULL;
    nl_ast *node = nl_build_node(p, NL_AST_ITEM, span, (nl_ast *[]){ family, init, tails->items[0], tails->items[1] },
                                 4);
    const nl_ast *base = is_family ? name->kids[0] : name;

    node->name = base->name;
    node->name_span = base->span;
    return node;
}

/* Which parts the items of a statement have: one sentence where a part must stand, one where it may not. */
typedef struct item_parts {
    nl_ast_kind kind;
    const char *no_value, *no_value_help;       /* or NULL: a value is not needed */
    const char *value, *value_help;             /* or NULL: a value may stand */
    const char *range;                          /* or NULL: `in` may stand */
    const char *decays, *decays_help;           /* or NULL: `decays` may stand */
} item_parts;

static const item_parts parts_of_items[] = {
    { NL_AST_PARAMS, "this parameter has no value", "param NAME = VALUE", NULL, NULL, NULL,
      "a parameter does not decay", "write `state`" },
    { NL_AST_STATES, "this state has no initial value", "state NAME = VALUE", NULL, NULL, NULL, NULL, NULL },
    { NL_AST_LETS, "this name has no value", "let NAME = VALUE", NULL, NULL, "only a `param` or a `state` has a range",
      "a named value does not decay", "write `state`" },
    { NL_AST_INPUTS, NULL, NULL, "an input has no value", "projections sum into it",
      "only a `param` or a `state` has a range", "an input does not decay", "write `state`" },
};

static void check_item(nl_parser *p, const item_parts *parts, const nl_ast *item)
{
    const nl_ast *value = nl_ast_kid(item, 1), *range = nl_ast_kid(item, 2), *decays = nl_ast_kid(item, 3);

    if (value == NULL && parts->no_value != NULL)
        fail(p, NL_E_PART, item->name_span, parts->no_value, parts->no_value_help);
    if (value != NULL && parts->value != NULL) fail(p, NL_E_PART, value->span, parts->value, parts->value_help);
    if (range != NULL && parts->range != NULL) fail(p, NL_E_PART, range->span, parts->range, NULL);
    if (decays != NULL && parts->decays != NULL) fail(p, NL_E_PART, decays->span, parts->decays, parts->decays_help);
    if (item->unit_text != NULL && !item->has_unit)
        fail(p, NL_E_PART, item->name_span, "only a parameter of a rule can be a name",
             "synapse NAME(target : name) { ... }");
}

nl_ast *nl_build_items(nl_parser *p, nl_ast_kind kind, nl_span span, const nl_asts *items)
{
    for (size_t row = 0; row < NL_LEN(parts_of_items); row++)
        for (size_t k = 0; parts_of_items[row].kind == kind && k < items->count; k++)
            check_item(p, &parts_of_items[row], items->items[k]);
    return nl_build_node(p, kind, span, items->items, (int)items->count);
}

/* NULL where there are no parentheses. */
nl_ast *nl_build_params(nl_parser *p, nl_span span, const nl_asts *params)
{
    return params != NULL ? nl_build_node(p, NL_AST_LIST, span, params->items, (int)params->count) : NULL;
}

nl_ast *nl_build_population_head(nl_parser *p, nl_ast *head)
{
    const nl_ast *name = head->kind == NL_AST_INDEX ? head->kids[0] : head;
    bool fits = name->kind == NL_AST_NAME || (name->kind == NL_AST_CALL && name->kids[0]->kind == NL_AST_NAME);

    for (int k = 1; head->kind == NL_AST_INDEX && k < head->kid_count; k++)
        fits = fits && head->kids[k]->kind != NL_AST_SLICE;
    if (!fits)
        fail(p, NL_E_PART, head->span, "this is not the head of a population",
             "population NAME, population NAME[SIZE], "
             "population NAME[ROWS, COLUMNS]");
    return head;
}

/* The head was read like a call: NAME and NAME = VALUE in it are parameters too. */
static nl_ast *circuit_param(nl_parser *p, nl_ast *node)
{
    nl_ast *const value[] = { node->kind == NL_AST_ARG ? node->kids[0] : NULL };

    if (node->kind == NL_AST_PARAM) return node;
    if (node->kind != NL_AST_NAME && node->kind != NL_AST_ARG)
        fail(p, NL_E_PART, node->span, "this is not a parameter", "circuit NAME(A, B = VALUE, C : UNIT) { ... }");
    nl_ast *param = nl_build_node(p, NL_AST_PARAM, node->span, value, 1);
    param->name = node->name != NULL ? node->name : "";
    param->name_span = node->kind == NL_AST_ARG ? node->name_span : node->span;
    return param;
}

nl_ast *nl_build_circuit(nl_parser *p, nl_span span, nl_ast *head, nl_ast *block)
{
    const bool has_params = head->kind == NL_AST_CALL;
    const nl_ast *name = has_params ? head->kids[0] : head;
    nl_ast *kids[2] = { NULL, block };

    nl_build_declared(p, head);
    if (has_params) kids[0] = nl_build_node(p, NL_AST_LIST, head->span, head->kids + 1, head->kid_count - 1);
    for (int k = 0; has_params && k < kids[0]->kid_count; k++) kids[0]->kids[k] = circuit_param(p, kids[0]->kids[k]);
    nl_ast *node = nl_build_node(p, NL_AST_CIRCUIT, span, kids, 2);
    node->name = name->name;
    node->name_span = name->span;
    return node;
}

nl_ast *nl_build_template(nl_parser *p, nl_ast *template)
{
    const nl_ast *base = template->kind == NL_AST_CALL ? template->kids[0] : template;

    if (base->kind != NL_AST_NAME && base->kind != NL_AST_FIELD)
        fail(p, NL_E_PART, template->span, "behind `using` stands the name of a rule",
             "using NAME, or using NAME(PARAMETER = VALUE)");
    return template;
}

nl_mods *nl_build_mod(nl_parser *p, nl_mods *mods, nl_ast **slot, nl_ast *value, const nl_token *word)
{
    if (*slot != NULL) nl_diag_add(p->diags, NL_E_PART, word->span, "`%s` stands here twice", word->text);
    *slot = value;
    return mods;
}

nl_mods *nl_build_no_self(nl_parser *p, nl_mods *mods, const nl_token *word)
{
    if (mods->no_self) fail(p, NL_E_PART, word->span, "`no self` stands here twice", NULL);
    mods->no_self = true;
    return mods;
}

nl_ast *nl_build_projection(nl_parser *p, nl_span span, nl_ast *name, nl_ast *pre, nl_ast *post, nl_mods *mods,
                            nl_ast *block)
{
    nl_ast *const kids[] = { name, pre, post, mods->via, mods->template, mods->excluding, block };
    nl_ast *node = nl_build_node(p, NL_AST_PROJECTION, span, kids, 7);

    if (name != NULL) nl_build_declared(p, name);
    if (mods->via == NULL)
        fail(p, NL_E_PART, (nl_span){ span.begin, post->span.end }, "this projection has no connection rule",
             "add, for example: via all_to_all, via one_to_one, via random(p = 0.1)");
    node->flag = mods->no_self;
    return node;
}

nl_ast *nl_build_use_name(nl_parser *p, nl_span span, const nl_token *name)
{
    nl_ast *file = leaf(p, NL_AST_STRING, name);

    fail(p, NL_E_PART, name->span, "a file is named in quotes", "the shipped rules need no `use`");
    return nl_build_node(p, NL_AST_USE, span, &file, 1);
}

nl_asts *nl_build_file_statement(nl_parser *p, nl_asts *file, nl_ast *statement)
{
    nl_place_check(p, statement);
    return nl_asts_add(p, file, statement);
}
