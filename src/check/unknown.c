/* What is to be done about a name that is unknown where it stands: one that the file declares further down, a unit that
 * stands apart from its number, a word of another language. */
#include "check.h"

#include "lang/unit.h"

#include <string.h>

/* The name that a statement of the file declares first, or that one of its items has. */
static bool declares(const nl_ast *statement, const char *name)
{
    const nl_ast *head = statement->kind == NL_AST_POPULATION ? statement->kids[0] : NULL;

    if (head != NULL && head->kind == NL_AST_INDEX) head = head->kids[0];
    if (head != NULL) return head->kind == NL_AST_NAME && strcmp(head->name, name) == 0;
    if (statement->kind != NL_AST_PARAMS && statement->kind != NL_AST_LETS) return false;
    for (int k = 0; k < statement->kid_count; k++)
        if (statement->kids[k]->name != NULL && strcmp(statement->kids[k]->name, name) == 0) return true;
    return false;
}

static const nl_ast *declared_below(const nl_check *ck, const char *name, nl_span span)
{
    for (int k = 0; k < ck->file->kid_count; k++) {
        const nl_ast *statement = ck->file->kids[k];
        if (statement != NULL && statement->span.end > span.begin && declares(statement, name)) return statement;
    }
    return NULL;
}

static const char *said_otherwise(const char *name)
{
    static const struct { const char *name, *remedy; } words[] = {
        { "np", "functions stand without a module: exp(x)" },
        { "numpy", "functions stand without a module: exp(x)" },
        { "math", "functions stand without a module: exp(x)" },
        { "range", "whole numbers are written 0 .. 3, or arange(3)" },
        { "None", "for what is missing stands nan" },
    };

    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcmp(words[k].name, name) == 0) return words[k].remedy;
    return NULL;
}

bool nl_name_remedy(nl_check *ck, nl_diag *diag, const char *name, nl_span span)
{
    const nl_ast *below = declared_below(ck, name, span);
    const char *other = said_otherwise(name);
    nl_unit unit;

    if (below != NULL) {
        nl_diag_also(ck->diags, diag, below->span, "it is declared here, further down");
        nl_diag_help(ck->diags, diag, below->kind == NL_AST_POPULATION
                                          ? "move it up; where two populations read each other, projections join them"
                                          : "move it up: what is read stands above");
    } else if (other != NULL) nl_diag_help(ck->diags, diag, "%s", other);
    else if (nl_unit_find(name, strlen(name), &unit))
        nl_diag_help(ck->diags, diag,
                     "a unit stands directly behind its number, 5 %s; a compound one in brackets, 5 [mV/ms]", name);
    else return false;
    return true;
}
