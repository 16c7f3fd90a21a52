/* -D name=value of the command line. */
#include "declare.h"

#include "base/text.h"

#include <string.h>

static bool defines(const char *define, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(define, name, length) == 0 && define[length] == '=';
}

const char *nl_define_find(const nl_check *ck, const char *name)
{
    for (size_t i = ck->define_count; i-- > 0;) /* the last one counts */
        if (defines(ck->defines[i], name)) return ck->defines[i] + strlen(name) + 1;
    return NULL;
}

const char *nl_define_use(nl_check *ck, const char *name)
{
    for (size_t i = 0; i < ck->define_count; i++)
        if (defines(ck->defines[i], name)) ck->define_used[i] = true;
    return nl_define_find(ck, name);
}

static const nl_source *source_of(nl_check *ck, const char *name, const char *text)
{
    return nl_sources_add(ck->sources, nl_arena_printf(ck->arena, "-D %s", name), text, strlen(text));
}

nl_ast *nl_define_parse(nl_check *ck, const char *name, const char *text)
{
    return nl_parse_expression(ck->arena, ck->diags, source_of(ck, name, text));
}

static const char *kind_words(nl_value value)
{
    static const char *const words[] = { [NL_KIND_NUMBER] = "a number",
                                         [NL_KIND_BOOL] = "a condition: true or false",
                                         [NL_KIND_TEXT] = "a text",
                                         [NL_KIND_LIST] = "a list",
                                         [NL_KIND_TABLE] = "a table" };

    if (value.kind == NL_KIND_NUMBER && value.rank > 0) return "an array of numbers";
    return value.kind < NL_LEN(words) ? words[value.kind] : "a value";
}

/* A value for a parameter is like its own: only the extents of an array may differ. */
static bool suits(nl_check *ck, const nl_symbol *symbol, const nl_ast *expr, nl_value value, nl_value own)
{
    nl_diag *diag = NULL;

    if (own.kind == NL_KIND_NONE || value.kind == NL_KIND_NONE) return value.kind != NL_KIND_NONE;
    if (own.kind != value.kind || (own.rank == 0) != (value.rank == 0))
        diag = nl_diag_add(ck->diags, NL_E_DEFINE, expr->span, "`%s` is %s", symbol->name, kind_words(own));
    else if (!nl_dim_equal(own.dim, value.dim)) {
        diag = nl_diag_add(ck->diags, NL_E_DEFINE, expr->span, "`%s` is in %s, not in %s", symbol->name,
                           nl_dim_text(ck->arena, own.dim), nl_dim_text(ck->arena, value.dim));
        if (nl_dim_is_pure(value.dim))
            nl_diag_help(ck->diags, diag, "write a unit: -D '%s=20 %s'", symbol->name,
                         nl_unit_shown_for(ck->arena, own.dim).text);
    }
    if (diag == NULL) return true;
    nl_diag_also(ck->diags, diag, symbol->span, "the parameter is declared here");
    return false;
}

nl_value nl_define_value(nl_check *ck, const nl_symbol *symbol, const char *text, nl_value own)
{
    nl_evaluator ev = nl_declare_evaluator(ck, symbol->name);

    if (symbol->home->instance != NULL) ev.scope = ck->whole; /* the command line knows the file only */
    if (own.kind == NL_KIND_TEXT && text[0] != '"') return nl_value_text(ck->arena, text);
    const nl_ast *expr = nl_define_parse(ck, symbol->name, text);
    if (expr == NULL) return nl_value_none();
    const nl_value value = nl_eval(&ev, expr);
    return suits(ck, symbol, expr, value, own) ? value : nl_value_none();
}

static const char *suggest_parameter(nl_check *ck, const char *name)
{
    NL_LIST(const char *) names = { 0 };

    for (size_t i = 0; i < ck->top->symbols.count; i++)
        if (ck->top->symbols.items[i]->is_param) NL_PUSH(ck->arena, &names, ck->top->symbols.items[i]->name);
    NL_PUSH(ck->arena, &names, "dt");
    NL_PUSH(ck->arena, &names, "seed");
    NL_PUSH(ck->arena, &names, "method");
    return nl_suggest(name, names.items, names.count);
}

static void report_one(nl_check *ck, const char *define)
{
    const char *equals = strchr(define, '=');
    const char *name = equals != NULL ? nl_arena_strndup(ck->arena, define, (size_t)(equals - define)) : define;
    const nl_source *source = nl_sources_add(ck->sources, "-D", define, strlen(define));
    const nl_span span = { source->base, source->base + (uint32_t)strlen(name) };
    const nl_symbol *symbol = nl_scope_find_here(ck->top, name);

    if (equals == NULL) {
        nl_diag_add(ck->diags, NL_E_DEFINE, span, "-D is followed by name=value");
        return;
    }
    nl_diag *diag = symbol != NULL ? nl_diag_add(ck->diags, NL_E_DEFINE, span,
                                                 "`%s` is no parameter; only a `param` is overridden", name)
                                   : nl_diag_add(ck->diags, NL_E_DEFINE, span, "the file has no parameter `%s`", name);
    if (symbol != NULL && symbol->span.begin != 0)
        nl_diag_also(ck->diags, diag, symbol->span, "`%s` is declared here", name);
    const char *close = suggest_parameter(ck, name);
    if (close != NULL && symbol == NULL) nl_diag_help(ck->diags, diag, "did you mean `%s`?", close);
}

void nl_define_report(nl_check *ck)
{
    for (size_t i = 0; i < ck->define_count; i++)
        if (!ck->define_used[i]) report_one(ck, ck->defines[i]);
}
