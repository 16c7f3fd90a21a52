/* Which values are made of which: `set` of one computes the others again. */
#include "declare.h"

typedef struct follower {
    nl_check *ck;
    NL_LIST(nl_symbol *) found; /* what changes: first the one that is set */
} follower;

/* The symbol that a NAME or path reads; quietly. */
static const nl_symbol *symbol_read(const follower *f, nl_scope *scope, const nl_ast *path)
{
    nl_evaluator ev = { .ck = f->ck, .scope = scope, .arena = f->ck->arena };
    const size_t mark = nl_diags_mark(f->ck->diags);
    const nl_symbol *symbol = nl_eval_is_path(path) ? nl_eval_symbol(&ev, path) : NULL;

    nl_diags_undo(f->ck->diags, mark);
    return symbol;
}

static bool reads_changed(const follower *f, nl_scope *scope, const nl_ast *node)
{
    const nl_symbol *symbol = node != NULL ? symbol_read(f, scope, node) : NULL;

    for (size_t i = 0; symbol != NULL && i < f->found.count; i++)
        if (f->found.items[i] == symbol) return true;
    for (int i = 0; node != NULL && i < node->kid_count; i++)
        if (reads_changed(f, scope, node->kids[i])) return true;
    return false;
}

static void find_dependents(nl_check *ck, nl_symbol *changed)
{
    follower f = { .ck = ck };

    NL_PUSH(ck->arena, &f.found, changed);
    for (size_t i = 0; i < ck->declared.count; i++) {
        nl_symbol *symbol = ck->declared.items[i];
        const bool is_given = symbol->given != NULL;

        if (symbol != changed
            && reads_changed(&f, is_given ? symbol->giver : symbol->home, is_given ? symbol->given : symbol->decl))
            NL_PUSH(ck->arena, &f.found, symbol);
    }
    changed->dependents = f.found.items + 1;
    changed->dependent_count = f.found.count - 1;
    changed->has_dependents = true;
}

void nl_declare_dependents(nl_check *ck, nl_symbol *changed, void (*change)(void *user, nl_symbol *symbol), void *user)
{
    if (!changed->has_dependents) find_dependents(ck, changed);
    for (size_t i = 0; i < changed->dependent_count; i++)
        if (changed->dependents[i]->follows && !changed->dependents[i]->pinned) change(user, changed->dependents[i]);
}
