#include "doc_rule.h"

#include "base/text.h"
#include "syntax/print.h"

#include <string.h>

bool nl_doc_is_rule(const nl_ast *statement)
{
    switch (statement->kind) {
    case NL_AST_NEURON:
    case NL_AST_SYNAPSE:
    case NL_AST_CONNECTOR:
    case NL_AST_METHOD:
    case NL_AST_FUNCTION:
    case NL_AST_CIRCUIT: return statement->name != NULL && statement->name[0] != '_';
    default: return false;
    }
}

/* --- texts --- */

static const char *text_at(const nl_parsed *file, uint32_t at)
{
    return file->source->text + (at - file->source->base);
}

/* The lines of a text, each with `indent` blanks in front; those of the text itself that all lines share are
 * dropped. */
static void print_lines(FILE *out, const char *text, size_t length, size_t shared, const char *indent)
{
    const char *end = text + length;

    while (text < end) {
        const size_t line = strcspn(text, "\n"), room = (size_t)(end - text), shown = line < room ? line : room;
        const size_t blanks = strspn(text, " "), drop = blanks < shared ? blanks : shared;

        if (drop < shown) fprintf(out, "%s%.*s\n", indent, (int)(shown - drop), text + drop);
        else fputc('\n', out);
        text += shown + 1;
    }
}

static void print_text(FILE *out, const char *text)
{
    if (text != NULL) print_lines(out, text, strlen(text), 0, "    ");
}

/* --- parameters --- */

static const char *param_text(nl_arena *arena, const nl_ast *param)
{
    const nl_ast *value = nl_ast_kid(param, 0);
    const char *unit = param->unit_text != NULL ? nl_arena_printf(arena, " : %s", param->unit_text) : "";

    return value != NULL ? nl_arena_printf(arena, "%s%s = %s", param->name, unit, nl_print_expression(arena, value))
                         : nl_arena_printf(arena, "%s%s", param->name, unit);
}

static void print_params(FILE *out, nl_arena *arena, const nl_ast *params)
{
    int width = 0;

    if (params == NULL || params->kind != NL_AST_LIST || params->kid_count == 0) return;
    for (int k = 0; k < params->kid_count; k++) {
        const int length = (int)strlen(param_text(arena, params->kids[k]));
        if (length > width) width = length;
    }
    fputs("\n    Parameters:\n", out);
    for (int k = 0; k < params->kid_count; k++) {
        const char *doc = params->kids[k]->doc;
        if (doc != NULL) fprintf(out, "      %-*s  %s\n", width, param_text(arena, params->kids[k]), doc);
        else fprintf(out, "      %s\n", param_text(arena, params->kids[k]));
    }
}

/* --- what it does --- */

static const char *behind_white(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || *text == '\n')) text++;
    return text;
}

/* What stands between the braces, or behind the `=`. */
static void print_body(FILE *out, const nl_parsed *file, const nl_ast *rule)
{
    const nl_ast *body = nl_ast_kid(rule, rule->kind == NL_AST_METHOD ? 0 : 1), *base = nl_ast_kid(rule, 2);
    const bool is_template = rule->kind == NL_AST_NEURON || rule->kind == NL_AST_SYNAPSE;

    if (is_template && base != NULL)
        fprintf(out, "\n    Built on: %.*s\n", (int)(base->span.end - base->span.begin),
                text_at(file, base->span.begin));
    if (body == NULL) return;
    const bool in_braces = body->kind == NL_AST_BLOCK;
    const char *begin = text_at(file, body->span.begin) + in_braces, *end = text_at(file, body->span.end) - in_braces;
    begin = behind_white(begin, end);
    while (end > begin && (end[-1] == ' ' || end[-1] == '\n')) end--;
    fprintf(out, "\n    %s:\n", is_template ? "Equations" : rule->kind == NL_AST_METHOD ? "Coefficients" : "Value");
    print_lines(out, begin, (size_t)(end - begin), 2, "      ");
}

static void print_order(FILE *out, nl_cli *cli, const nl_parsed *file, const nl_ast *rule)
{
    const nl_session_options options = nl_cli_session_options(cli);
    nl_session *session = nl_session_new(&options);

    if (nl_session_load(session, file->source->name) == NL_OK)
        fprintf(out, "\n    %s\n", nl_session_method(session, rule->name));
    else nl_diags_print(stderr, nl_session_diags(session), 0);
    nl_session_free(session);
}

/* --- the example --- */

static void print_example(FILE *out, const nl_parsed *file)
{
    const char *begin = file->source->text, *end = begin + file->source->length;

    for (int k = 0; k < file->file->kid_count; k++)
        if (nl_doc_is_rule(file->file->kids[k])) begin = text_at(file, file->file->kids[k]->span.end);
    begin = behind_white(begin, end);
    if (begin == end) return;
    fputs("\n    Example:\n", out);
    print_lines(out, begin, (size_t)(end - begin), 0, "      ");
}

const char *nl_doc_rule_text(const nl_parsed *file, const nl_ast *rule)
{
    return rule->doc != NULL ? rule->doc : file->file->doc;
}

void nl_doc_rule_print(FILE *out, nl_cli *cli, const nl_parsed *file, const nl_ast *rule)
{
    fprintf(out, "%s %s\n", nl_ast_kinds[rule->kind].word, rule->name);
    print_text(out, nl_doc_rule_text(file, rule));
    if (rule->kind != NL_AST_METHOD) print_params(out, cli->arena, nl_ast_kid(rule, 0));
    else print_order(out, cli, file, rule);
    print_body(out, file, rule);
    print_example(out, file);
}
