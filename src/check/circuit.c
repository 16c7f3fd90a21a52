/* Instances of circuits: `circuit T = NAME(..)` reads the text of the circuit once more, in a scope of its own that
 * lies within that of the circuit's declaration.  What it declares has the full name "T.P(0)".  Parameters are those of
 * the head and each `param` of the text; an argument is read where the instance stands, also when `set` changes what it
 * is made of. */
#include "declare.h"

#include "use.h"

#include "base/text.h"

#include <string.h>

/* --- which circuit it is --- */

static nl_symbol *refuse(nl_check *ck, const nl_ast *base, const nl_symbol *other)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_CIRCUIT, base->span,
                                other != NULL               ? "`%s` is no circuit"
                                : base->kind == NL_AST_NAME ? "there is no circuit `%s`"
                                                            : "this is no circuit",
                                other != NULL ? other->name : base->name);
    const char *close = other == NULL && base->kind == NL_AST_NAME
                            ? nl_scope_suggest_kind(ck, ck->top, NL_SYM_CIRCUIT, base->name)
                            : NULL;

    if (other != NULL && other->span.begin != 0) nl_diag_also(ck->diags, diag, other->span, "it is declared here");
    if (close != NULL) nl_diag_help(ck->diags, diag, "did you mean `%s`?", close);
    if (other != NULL && other->kind == NL_SYM_FILE)
        nl_diag_help(ck->diags, diag, "its file holds rules only; they are written %s.NAME", other->name);
    return NULL;
}

static nl_symbol *find_circuit(nl_check *ck, const nl_ast *use)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_ast *base = nl_ast_bare(use->kind == NL_AST_CALL ? use->kids[0] : use);
    nl_symbol *symbol = nl_eval_is_path(base) ? nl_eval_symbol(&ev, base) : NULL;

    if (symbol != NULL && symbol->kind == NL_SYM_CIRCUIT) return symbol;
    nl_symbol *shipped = nl_library_named(ck, NL_SYM_CIRCUIT, base);
    return shipped != NULL ? shipped : refuse(ck, base, symbol);
}

static bool is_within_itself(nl_check *ck, const nl_symbol *circuit, const nl_ast *use)
{
    for (const nl_scope *scope = ck->top; scope->instance != NULL; scope = scope->instance->caller) {
        if (nl_ast_kid(scope->instance->circuit->decl, 1) != nl_ast_kid(circuit->decl, 1)) continue;
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_RECURSION, use->span, "`%s` contains itself", circuit->decl->name);
        nl_diag_also(ck->diags, diag, circuit->span, "it is declared here");
        return true;
    }
    return false;
}

/* --- parameters --- */

typedef struct parameters {
    nl_arena *arena;
    NL_LIST(nl_ast *) list; /* PARAM */
} parameters;

static void add_parameter(parameters *p, const nl_ast *named, nl_ast *value)
{
    nl_ast *param = nl_ast_new(p->arena, NL_AST_PARAM, named->span, named->name, &value, 1);

    param->name_span = named->name_span;
    NL_PUSH(p->arena, &p->list, param);
}

/* Those of the text, also where an `if` may leave them out; members of families are not given. */
static void collect(parameters *p, const nl_ast *node)
{
    if (node == NULL) return;
    switch (node->kind) {
    case NL_AST_PARAMS:
        for (int k = 0; k < node->kid_count; k++)
            if (nl_ast_kid(node->kids[k], 0) == NULL) add_parameter(p, node->kids[k], nl_ast_kid(node->kids[k], 1));
        break;
    case NL_AST_PARAM_COLUMNS:
        for (int k = 0; k + 1 < node->kid_count; k++) add_parameter(p, node->kids[k], node->kids[node->kid_count - 1]);
        break;
    case NL_AST_BLOCK: case NL_AST_IF: case NL_AST_FOR:
        for (int k = 0; k < node->kid_count; k++) collect(p, node->kids[k]);
        break;
    default: break;
    }
}

/* The declaration of the circuit as arguments are sorted by it. */
static nl_ast *with_all_parameters(nl_check *ck, const nl_ast *decl)
{
    const nl_ast *head = nl_ast_kid(decl, 0);
    parameters p = { .arena = ck->arena };

    for (int k = 0; head != NULL && k < head->kid_count; k++) NL_PUSH(ck->arena, &p.list, head->kids[k]);
    collect(&p, nl_ast_kid(decl, 1));
    nl_ast *list = nl_ast_new(ck->arena, NL_AST_LIST, decl->span, NULL, p.list.items, (int)p.list.count);
    nl_ast *out = nl_ast_new(ck->arena, NL_AST_CIRCUIT, decl->span, decl->name, &list, 1);
    out->name_span = decl->name_span;
    return out;
}

static bool bind(nl_check *ck, nl_instance *instance, const nl_ast *use)
{
    const nl_ast *decl = with_all_parameters(ck, instance->circuit->decl);
    const size_t count = (size_t)decl->kids[0]->kid_count;

    instance->params = decl->kids[0];
    instance->args = NL_NEW_ARRAY(ck->arena, const nl_ast *, count + 1);
    instance->taken = NL_NEW_ARRAY(ck->arena, bool, count + 1);
    return nl_bind_parameters(ck, use, decl, instance->args);
}

void nl_circuit_give(nl_check *ck, nl_symbol *symbol, const char *name)
{
    const nl_instance *instance = ck->top->instance;

    for (int k = 0; instance != NULL && k < instance->params->kid_count; k++) {
        if (strcmp(instance->params->kids[k]->name, name) != 0) continue;
        instance->taken[k] = true;
        symbol->given = instance->args[k];
        symbol->giver = instance->caller;
        return;
    }
}

/* Arguments for a `param` that an `if` has left out. */
static void report_left_out(nl_check *ck, const nl_instance *instance)
{
    for (int k = 0; k < instance->params->kid_count; k++) {
        if (instance->args[k] == NULL || instance->taken[k]) continue;
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_ARGUMENT, instance->args[k]->span,
                                    "`%s` is left out here by an `if` of `%s`", instance->params->kids[k]->name,
                                    instance->circuit->name);
        nl_diag_also(ck->diags, diag, instance->params->kids[k]->span, "it is declared here");
    }
}

/* --- the instance --- */

static nl_scope *scope_of(nl_check *ck, const nl_symbol *symbol, const nl_symbol *circuit)
{
    nl_scope *scope = nl_scope_new(ck->arena, circuit->home);
    nl_instance *instance = NL_NEW(ck->arena, nl_instance);

    instance->prefix = nl_arena_printf(ck->arena, "%s.", symbol->name);
    instance->length = strlen(instance->prefix);
    instance->circuit = circuit;
    instance->caller = ck->top;
    scope->instance = instance;
    scope->text = nl_ast_kid(circuit->decl, 1);
    return scope;
}

static void declare_members(nl_check *ck, nl_scope *scope, const nl_ast *decl)
{
    const nl_ast *head = nl_ast_kid(decl, 0);

    ck->top = scope;
    for (int k = 0; head != NULL && k < head->kid_count; k++)
        nl_declare_param(ck, nl_param_item(ck, head->kids[k], nl_ast_kid(head->kids[k], 0)));
    nl_check_walk_block(ck, scope->text);
    ck->top = scope->instance->caller;
    report_left_out(ck, scope->instance);
}

static bool fill(nl_check *ck, nl_symbol *symbol, const nl_ast *use)
{
    nl_symbol *circuit = find_circuit(ck, use);
    const size_t mark = nl_diags_mark(ck->diags);

    symbol->members = nl_scope_new(ck->arena, NULL);
    symbol->members->is_opaque = true;
    if (circuit == NULL || is_within_itself(ck, circuit, use)) return false;
    nl_scope *scope = scope_of(ck, symbol, circuit);
    circuit->used = true;
    if (!nl_check_need_simulation(ck) || !nl_settings_suit(ck, scope->text) || !bind(ck, scope->instance, use))
        return false;
    symbol->members = scope;
    declare_members(ck, scope, circuit->decl);
    if (scope->equations != NULL) symbol->id = nl_body_number(scope->equations);
    nl_diags_also_within(ck->diags, mark, circuit->decl->span, use->span,
                         nl_arena_printf(ck->arena, "`%s` is made here", symbol->name));
    return true;
}

bool nl_circuit_make(nl_check *ck, const nl_ast *stmt)
{
    const size_t errors = nl_diags_error_count(ck->diags);
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_ast *head = nl_ast_kid(stmt, 0), *use = nl_ast_bare(nl_ast_kid(stmt, 1));
    const char *name = head != NULL && use != NULL ? nl_eval_family_name(&ev, head) : NULL;
    nl_symbol *symbol = name != NULL ? nl_scope_add(ck, ck->top, NL_SYM_INSTANCE, name, head->span, stmt) : NULL;

    if (symbol == NULL) return false;
    symbol->id = UINT32_MAX;
    return fill(ck, symbol, use) && nl_diags_error_count(ck->diags) == errors;
}
