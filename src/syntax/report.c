/* The sentence for a syntax error.  A table of special cases is tried from the top; each knows the statement's head,
 * the tokens before and at the error, and what could have stood there.  The list of expected tokens comes last. */
#include "parser.h"

#include "netlang_parse.h"

#include <string.h>

typedef struct offence {
    nl_parser *p;
    const nl_expected *expected;
    const nl_token *got, *before;
    int head; /* of the statement, or 0 */
} offence;

const char *nl_token_shown(nl_arena *arena, const nl_token *token)
{
    switch (token->kind) {
    case NL_T_TERM: return "end of the statement";
    case NL_T_END: return "end of the file";
    case NL_T_STRING: case NL_T_STR_HEAD: return "string";
    case NL_T_STR_MID: case NL_T_STR_TAIL: case NL_T_FMTSPEC: return "end of the inserted value";
    case NL_T_QUANTITY: return nl_arena_printf(arena, "`%s %s`", token->text, token->unit_text);
    default:
        return nl_arena_printf(arena, "`%s`", token->text[0] != '\0' ? token->text : (char[]){ (char)token->kind, 0 });
    }
}

static bool expects(const offence *o, int token)
{
    return nl_expects(o->expected, token);
}

static nl_diag *report(const offence *o, nl_code code, nl_span span, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(o->p->diags, code, span, "%s", sentence);

    if (help != NULL) nl_diag_help(o->p->diags, diag, "%s", help);
    return diag;
}

static nl_diag *report_unexpected(const offence *o, const char *reason, const char *help)
{
    nl_diag *diag = nl_diag_add(o->p->diags, NL_E_SYNTAX, o->got->span, "unexpected %s%s",
                                nl_token_shown(o->p->arena, o->got), reason);

    if (help != NULL) nl_diag_help(o->p->diags, diag, "%s", help);
    return diag;
}

static bool is_condition_head(int head)
{
    switch (head) {
    case NL_T_IF: case NL_T_EXPECT: case NL_T_SPIKE: case NL_T_EVENT: case NL_T_WHEN: case NL_T_REFRACTORY:
    case NL_T_RUN:
        return true;
    default:
        return false;
    }
}

static bool at_line_end(const offence *o)
{
    return o->got->kind == NL_T_TERM || o->got->kind == NL_T_END;
}

static bool touches(const offence *o)
{
    return nl_token_begins_operand(o->got->kind) && nl_token_ends_operand(o->before->kind);
}

static const nl_bracket *innermost(const offence *o)
{
    const nl_layout *l = &o->p->layout;
    const size_t opened = l->open.count > 0 && l->open.items[l->open.count - 1].token->span.begin == o->got->span.begin;

    return l->open.count > opened ? &l->open.items[l->open.count - 1 - opened] : NULL;
}

/* ---- the special cases: each reports and returns true, or returns false ---- */

static bool joined_line(const offence *o)
{
    const nl_token *sign = o->p->layout.joined;

    if (o->got->kind != '=' || sign == NULL) return false;
    report(o, NL_E_SYNTAX, sign->span, "this line continues the one above, because it starts with an operator",
           "write (-tau) * v' = ... for a coefficient with a sign");
    return true;
}

static bool assigned_condition(const offence *o)
{
    if (o->got->kind != '=' || !(is_condition_head(o->head) || expects(o, NL_T_THEN))) return false;
    report(o, NL_E_COMPARE, o->got->span, "`=` gives a value; it does not compare", "to compare, write `==`");
    return true;
}

static bool second_value(const offence *o)
{
    if (o->got->kind != '=' || !expects(o, NL_T_EQ)) return false;
    report_unexpected(o, "", "one `=` to a statement; to compare, write `==`");
    return true;
}

static bool compared_value(const offence *o)
{
    if (o->got->kind != NL_T_EQ || !expects(o, '=')) return false;
    report(o, NL_E_COMPARE, o->got->span, "`==` compares; a value is given with `=`", NULL);
    return true;
}

static bool rule_without_via(const offence *o)
{
    if (o->head != NL_T_PROJECTION || o->got->kind != NL_T_ID || !expects(o, NL_T_VIA)) return false;
    for (const nl_token *t = o->p->layout.first; t->span.begin < o->got->span.begin; t++)
        if (t->keyword == NL_KEYWORD_VIA) return false;
    nl_diag_help(o->p->diags, report_unexpected(o, "; a connection rule is named with `via`", NULL), "via %s",
                 o->got->text);
    return true;
}

static bool late_record_name(const offence *o)
{
    if (o->head != NL_T_RECORD || o->got->kind != NL_T_AS) return false;
    report_unexpected(o, "; the name stands in front", "record NAME = ...");
    return true;
}

static bool crossing_without_direction(const offence *o)
{
    if (o->before->kind != NL_T_CROSSES) return false;
    report(o, NL_E_COMPARE, o->before->span, "`crosses` needs a direction", "x crosses above y, x crosses below y");
    return true;
}

static bool direction_without_crossing(const offence *o)
{
    if ((o->got->kind != NL_T_ABOVE && o->got->kind != NL_T_BELOW) || !expects(o, NL_T_CROSSES)) return false;
    report(o, NL_E_COMPARE, o->got->span, "the word `crosses` is missing here", "x crosses above y, x crosses below y");
    return true;
}

static bool within_without_reference(const offence *o)
{
    if (!expects(o, NL_T_OF) || touches(o)) return false;
    report(o, NL_E_COMPARE, o->got->span, "`within` needs a reference", "expect X within 2 % of REFERENCE");
    return true;
}

static bool malformed_sweep(const offence *o)
{
    if (o->head != NL_T_SWEEP) return false;
    report_unexpected(o, "", "sweep a = VALUES, b = VALUES { ... }, or sweep (a, b) in ROWS { ... }");
    return true;
}

static bool colon_before_block(const offence *o)
{
    const nl_token *next = o->p->layout.at;

    if (o->got->kind != ':' || (next->kind != '\n' && next->kind != NL_T_END)) return false;
    report_unexpected(o, "; a block is written { ... }", NULL);
    return true;
}

static bool missing_operand(const offence *o)
{
    const int kind = o->before->kind;
    const bool ends = at_line_end(o) || o->got->kind == ')' || o->got->kind == ']' || o->got->kind == ','
                      || o->got->kind == '{';

    if (!ends || !(nl_token_is_binary(kind) || kind == '=' || kind == NL_T_AUG || kind == NL_T_NOT)) return false;
    if (kind == '=' || kind == NL_T_AUG) report(o, NL_E_SYNTAX, o->before->span, "the right side is missing", NULL);
    else report(o, NL_E_SYNTAX, o->before->span, "an operand is missing after this operator", NULL);
    return true;
}

static bool missing_block(const offence *o)
{
    if (!at_line_end(o) || !expects(o, '{')) return false;
    const bool is_clock = o->head == NL_T_EVERY || o->head == NL_T_AT;
    report(o, NL_E_SYNTAX, o->got->span, "a block is missing here: { ... }",
           is_clock ? "the `every` or `at` of a record stands on the line of the record" : NULL);
    return true;
}

static bool unfinished_choice(const offence *o)
{
    const bool ends = at_line_end(o) || o->got->kind == ')' || o->got->kind == ']' || o->got->kind == ',';
    const bool then = expects(o, NL_T_THEN) && !expects(o, '{');

    if (!ends || !(then || expects(o, NL_T_ELSE))) return false;
    report(o, NL_E_SYNTAX, o->got->span, then ? "a `then` is missing here" : "an `else` is missing here",
           "if CONDITION then VALUE else VALUE");
    return true;
}

static bool two_arrays(const offence *o)
{
    const nl_bracket *bracket = innermost(o);

    if (bracket == NULL || !bracket->is_unit || !o->p->layout.unit_of_array) return false;
    report(o, NL_E_SYNTAX, bracket->token->span, "unexpected `[` behind an array; between two arrays stands a comma",
           NULL);
    return true;
}

static bool malformed_unit(const offence *o)
{
    const nl_bracket *bracket = innermost(o);

    if (bracket == NULL || !bracket->is_unit) return false;
    report_unexpected(o, " in a unit", "a unit in brackets is made of symbols, `*`, `/` and powers: [mS/cm^2]");
    return true;
}

static bool missing_operator(const offence *o)
{
    const nl_bracket *bracket = innermost(o);

    if (!touches(o) || !expects(o, '*')) return false;
    if (bracket != NULL && bracket->is_array)
        report(o, NL_E_SYNTAX, o->got->span, "a comma or an operator is missing before this",
               "an array is written [1, 2]");
    else if (bracket != NULL && bracket->kind == '(')
        report(o, NL_E_SYNTAX, o->got->span, "an operator or a comma is missing before this",
               "a product is written with `*`");
    else
        report(o, NL_E_SYNTAX, o->got->span, "an operator is missing before this", "a product is written with `*`");
    return true;
}

static bool unfinished_insert(const offence *o)
{
    if (o->got->kind != NL_T_STR_MID && o->got->kind != NL_T_STR_TAIL && o->got->kind != NL_T_FMTSPEC) return false;
    report(o, NL_E_STRING, o->got->span, "a value is missing in this insert",
           "{ in a string starts an inserted value; write {{ for a brace");
    return true;
}

static bool comma_between_settings(const offence *o)
{
    const nl_layout *l = &o->p->layout;
    const int block = l->open.count > 0 ? l->open.items[l->open.count - 1].head : 0;

    if (o->got->kind != ',' || block != NL_T_SIMULATION) return false;
    report_unexpected(o, "", "settings are separated by `;`: simulation { dt = 0.1 ms; method = rk4 }");
    return true;
}

static bool lonely_else(const offence *o)
{
    if (o->got->kind != NL_T_ELSE || o->p->layout.first != o->got) return false;
    report_unexpected(o, "; there is no `if` block before it", NULL);
    return true;
}

static bool (*const cases[])(const offence *) = {
    joined_line, colon_before_block, assigned_condition, compared_value, second_value, rule_without_via,
    late_record_name, crossing_without_direction, direction_without_crossing, within_without_reference, two_arrays,
    malformed_unit, missing_operand, unfinished_choice, missing_block, missing_operator, unfinished_insert,
    lonely_else, malformed_sweep, comma_between_settings,
};

/* ---- the general case ---- */

static const char *statement_form(int head)
{
    static const struct {
        int kind;
        nl_keyword keyword;
    } heads[] = {
#define KEYWORD(name, ...) { NL_T_##name, NL_KEYWORD_##name },
#include "lang/keywords.def"
    };

    for (size_t k = 0; k < NL_LEN(heads); k++)
        if (heads[k].kind == head) return nl_keywords[heads[k].keyword].form;
    return NULL;
}

static void add_expected(nl_text *text, const nl_expected *expected)
{
    enum { SHOWN = 5 };

    if (expected->count == 0 || expected->count > SHOWN) return;
    for (int k = 0; k < expected->count; k++) {
        const char *name = nl_expected_name(expected, k);
        const bool is_kind = strchr(name, ' ') != NULL || strcmp(name, "name") == 0 || strcmp(name, "number") == 0
            || strcmp(name, "string") == 0 || strcmp(name, "quantity") == 0 || strcmp(name, "unit") == 0;
        const bool is_quoted = (name[0] == '\'' || name[0] == '"') && name[1] != '\0';
        const int length = (int)strlen(name) - (is_quoted ? 2 : 0);

        nl_text_adds(text, k == 0 ? "; expected " : k + 1 == expected->count ? " or " : ", ");
        nl_text_addf(text, is_kind ? "%.*s" : "`%.*s`", length, name + is_quoted);
    }
}

void nl_report_syntax(nl_parser *p, const nl_expected *expected)
{
    const nl_layout *l = &p->layout;
    const bool at_block = l->last->kind == '{' && l->open.count > 0;
    const int here = l->last->kind == NL_T_TERM ? l->ended_head : l->head;
    const int head = at_block ? l->open.items[l->open.count - 1].head : here;
    const offence o = { p, expected, l->last, l->before, head };
    nl_text reason = nl_text_new(p->arena);

    if (nl_diags_error_count(p->diags) > l->errors_at_first) return; /* one message for a statement */
    for (size_t k = 0; k < NL_LEN(cases); k++)
        if (cases[k](&o)) return;
    add_expected(&reason, expected);
    const char *form = o.got->kind == o.head ? NULL : statement_form(o.head);
    nl_diag *diag = report_unexpected(&o, reason.chars, NULL);
    if (form != NULL) nl_diag_help(p->diags, diag, "%s", form);
}

void nl_report_depth(nl_parser *p, nl_span span)
{
    nl_diag_help(p->diags, nl_diag_add(p->diags, NL_E_NESTING, span, "this is nested too deeply"),
                 "name parts of it with `let`");
}
