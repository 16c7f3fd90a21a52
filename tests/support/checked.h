/* Checked texts for tests: the model, and its expressions with the names of variables. */
#ifndef TESTS_SUPPORT_CHECKED_H
#define TESTS_SUPPORT_CHECKED_H

#include "close.h"

#include "check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS "simulation { dt = 0.5 ms }\n"
#define PLAIN "simulation { dt = 0.25 }\n"

typedef struct checked {
    nl_arena *arena;
    nl_diags *diags;
    nl_model *model; /* NULL where the text has errors */
} checked;

static inline checked check_text(const char *text)
{
    checked c = { .arena = nl_arena_new() };
    nl_sources *sources = nl_sources_new(c.arena);

    c.diags = nl_diags_new(c.arena, sources);
    const nl_source *source = nl_sources_add(sources, "text.net", text, strlen(text));
    const nl_parsed parsed = nl_parse_source(c.arena, c.diags, source);
    nl_check *ck = NL_NEW(c.arena, nl_check);
    *ck = (nl_check){ .arena = c.arena, .diags = c.diags, .sources = sources, .folder = ".",
                     .stdlib_dir = NL_STDLIB_BUILD };
    if (nl_diags_error_count(c.diags) == 0 && nl_check_file(ck, &parsed)) c.model = ck->model;
    return c;
}

static inline const char *name_of(void *user, const nl_node *node)
{
    const checked *c = user;

    switch (node->kind) {
    case NL_X_STATE:
    case NL_X_PARAM:
    case NL_X_INPUT: return c->model->vars.items[node->id].full_name;
    case NL_X_DERIV: return nl_arena_printf(c->arena, "%s'", c->model->vars.items[node->id].full_name);
    case NL_X_SLOT: return nl_arena_printf(c->arena, "$%s", c->model->slots.items[node->id].name);
    case NL_X_ARRAY: {
        const char *name = c->model->arrays.items[node->id].name;
        return name != NULL ? name : "array";
    }
    default: return NULL;
    }
}

static inline const char *text_of(checked *c, nl_ref ref)
{
    return ref != 0 ? nl_expr_text(c->arena, c->model->graph, ref, name_of, c) : "nothing";
}

typedef struct fault_case {
    const char *text;
    nl_code code;
    size_t line, col;
    const char *sentence;
} fault_case;

/* The first message is this one. */
static inline void check_fault(const fault_case *f)
{
    checked c = check_text(f->text);
    const nl_diag *d = nl_diags_get(c.diags, 0);

    if (d == NULL || d->code != f->code) {
        nl_diags_print(stderr, c.diags, 0);
        fail_msg("%s\nwanted %s", f->text, nl_codes[f->code].code);
        return;
    }
    const nl_pos at = nl_sources_locate(nl_diags_sources(c.diags), d->span.begin);
    if ((f->line > 0 && at.line != f->line) || (f->col > 0 && at.col != f->col))
        fail_msg("%s\n%s at %zu:%zu, wanted %zu:%zu", f->text, d->text, at.line, at.col, f->line, f->col);
    if (f->sentence != NULL) assert_string_equal(d->text, f->sentence);
    nl_arena_free(c.arena);
}

#endif
