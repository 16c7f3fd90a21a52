/* Templates: what `using NAME(..)` brings into a body, layer behind layer.
 *
 * A parameter becomes an entry of the body: a value where its argument is known before time starts, a `param` where it
 * draws, else a `let`.  Its text keeps to where it stands: an argument sees the body and the file that use the
 * template, a default the parameters before it and the file of the template.  A parameter that is a name is replaced
 * in the tree, so that what reads the tree knows nothing of it. */
#include "body.h"

#include "declare.h"
#include "use.h"

#include <string.h>

/* --- parameters that are names --- */

typedef struct renaming {
    const char *from, *to;
} renaming;

typedef struct renamer {
    nl_arena *arena;
    NL_LIST(renaming) list;
} renamer;

static const char *new_name(const renamer *r, const nl_ast *node)
{
    const bool is_renamed = node->kind == NL_AST_NAME || node->kind == NL_AST_FIELD || node->kind == NL_AST_ITEM;

    for (size_t k = 0; is_renamed && k < r->list.count; k++)
        if (strcmp(r->list.items[k].from, node->name) == 0) return r->list.items[k].to;
    return node->name;
}

static nl_ast *renamed(const renamer *r, const nl_ast *node)
{
    if (node == NULL) return NULL;
    nl_ast *copy = NL_NEW(r->arena, nl_ast);

    *copy = *node;
    copy->name = new_name(r, node);
    copy->kids = NL_NEW_ARRAY(r->arena, nl_ast *, (size_t)node->kid_count + 1);
    for (int k = 0; k < node->kid_count; k++) copy->kids[k] = renamed(r, node->kids[k]);
    return copy;
}

const nl_ast *nl_with_names(nl_check *ck, const nl_ast *params, const nl_ast *const *args, const nl_ast *tree)
{
    renamer r = { .arena = ck->arena, .list = { 0 } };

    for (int k = 0; params != NULL && k < params->kid_count; k++) {
        const nl_ast *param = params->kids[k], *name = nl_ast_bare(args[k] != NULL ? args[k] : nl_ast_kid(param, 0));
        if (!nl_ast_is_name_param(param)) continue;
        if (name->kind != NL_AST_NAME) {
            nl_diag *diag =
                nl_diag_add(ck->diags, NL_E_TEMPLATE, name->span, "`%s` takes the name of a variable", param->name);
            nl_diag_also(ck->diags, diag, param->span, "it is declared here");
            return NULL;
        }
        NL_PUSH(ck->arena, &r.list, ((renaming){ param->name, name->name }));
    }
    return r.list.count > 0 ? renamed(&r, tree) : tree;
}

/* --- which template it is --- */

typedef struct template_kind {
    nl_symbol_kind symbol;
    const char *word, *user;
} template_kind;

static const template_kind *kind_for(const nl_body *body)
{
    static const template_kind neuron = { NL_SYM_NEURON, "neuron", "population" },
                               synapse = { NL_SYM_SYNAPSE, "synapse", "projection" };

    return body->is_projection ? &synapse : &neuron;
}

static void refuse_template(nl_body *body, const nl_ast *base, const nl_symbol *other)
{
    const template_kind *kind = kind_for(body);
    nl_diags *diags = body->ck->diags;

    if (other != NULL) {
        nl_diag *diag = nl_diag_add(diags, NL_E_TEMPLATE, base->span, "a %s uses a `%s`, and `%s` is none", kind->user,
                                    kind->word, base->name);
        if (other->span.begin != 0) nl_diag_also(diags, diag, other->span, "it is declared here");
        return;
    }
    nl_diag *diag = nl_diag_add(diags, NL_E_TEMPLATE, base->span, "there is no %s `%s`", kind->word, base->name);
    const char *close = nl_scope_suggest_kind(body->ck, body->ck->top, kind->symbol, base->name);
    if (close != NULL) nl_diag_help(diags, diag, "did you mean `%s`?", close);
    else if (nl_library_is_missing(body->ck))
        nl_diag_help(diags, diag, "the shipped rules are not found in %s: NETLANG_STDLIB may say where they are",
                     body->ck->stdlib_dir);
}

/* NAME or path, of the file before the shipped one. */
static nl_symbol *find_template(nl_body *body, nl_scope *scope, const nl_ast *use)
{
    const nl_ast *base = nl_ast_bare(use->kind == NL_AST_CALL ? use->kids[0] : use);
    const nl_symbol_kind kind = kind_for(body)->symbol;
    nl_evaluator ev = { .ck = body->ck, .scope = scope, .arena = body->ck->arena };
    nl_symbol *own = nl_eval_symbol(&ev, base);

    if (own != NULL && own->kind == kind) return own;
    nl_symbol *shipped = nl_library_named(body->ck, kind, base);
    if (shipped == NULL && !nl_eval_is_lost(&ev, base)) refuse_template(body, base, own);
    return shipped;
}

/* --- one behind another --- */

static nl_layer *innermost(const nl_body *body) { return body->layers.items[body->layers.count - 1]; }

static bool leads_back(nl_body *body, const nl_ast *use, const nl_ast *template)
{
    for (size_t k = 1; k < body->layers.count; k++) {
        if (body->layers.items[k]->template != template) continue;
        nl_diag *diag =
            nl_diag_add(body->ck->diags, NL_E_RECURSION, use->span, "`%s` is built on itself", template->name);
        nl_diag_also(body->ck->diags, diag, template->name_span, "it is declared here");
        return true;
    }
    return false;
}

/* A rule of another file may have units where the model has none. */
static bool suits_file(nl_check *ck, const nl_ast *use, const nl_symbol *symbol)
{
    if (ck->model->dimensional || nl_settings_quantity(symbol->decl) == NULL) return true;
    nl_diag *diag =
        nl_diag_add(ck->diags, NL_E_MIXED, use->span, "`%s` has units, but `dt` is a bare number", symbol->name);
    if (ck->dt_span.begin != 0) nl_diag_also(ck->diags, diag, ck->dt_span, "`dt` is set here");
    nl_diag_help(ck->diags, diag, "give `dt` a unit, for example dt = 0.1 ms");
    return false;
}

static void make_scopes(nl_body *body, nl_layer *layer)
{
    nl_arena *arena = body->ck->arena;

    layer->scopes[NL_OF_BLOCK] = nl_scope_new(arena, layer->home);
    layer->scopes[NL_OF_ARGUMENT] = nl_scope_new(arena, innermost(body)->home);
    layer->scopes[NL_OF_DEFAULT] = nl_scope_new(arena, layer->home);
}

/* The layer of the template that `use` names, and in *base what that one is built on. */
static nl_layer *find_layer(nl_body *body, const nl_ast *use, const nl_ast **base)
{
    static const nl_ast nothing = { .kind = NL_AST_BLOCK };
    nl_check *ck = body->ck;
    nl_symbol *symbol = find_template(body, innermost(body)->home, use);
    const nl_ast *params = symbol != NULL ? nl_ast_kid(symbol->decl, 0) : NULL;
    const nl_ast **args = NL_NEW_ARRAY(ck->arena, const nl_ast *, params != NULL ? (size_t)params->kid_count + 1 : 1);
    nl_layer *layer = NL_NEW(ck->arena, nl_layer);

    if (symbol == NULL || leads_back(body, use, symbol->decl) || !suits_file(ck, use, symbol)) return NULL;
    symbol->used = true;
    if (!nl_bind_parameters(ck, use, symbol->decl, args)) return NULL;
    const nl_ast *block = nl_ast_kid(symbol->decl, 1), *built_on = nl_ast_kid(symbol->decl, 2);
    *layer = (nl_layer){ .template = symbol->decl, .use = use, .args = args, .home = symbol->home };
    layer->block = nl_with_names(ck, params, args, block != NULL ? block : &nothing);
    if (layer->block == NULL) return NULL;
    if (params != NULL) layer->params = nl_with_names(ck, params, args, params);
    *base = built_on != NULL ? nl_with_names(ck, params, args, built_on) : NULL;
    make_scopes(body, layer);
    return layer;
}

static bool find_layers(nl_body *body, const nl_ast *use)
{
    const size_t own = body->layers.count;

    while (use != NULL) {
        nl_layer *layer = find_layer(body, use, &use);
        if (layer == NULL) {
            body->layers.count = own;
            return false;
        }
        NL_PUSH(body->ck->arena, &body->layers, layer);
    }
    return true;
}

/* --- what an argument reads --- */

static bool declares(const nl_ast *e, const char *name)
{
    if (e == NULL) return false;
    if (e->kind == NL_AST_ITEM) return strcmp(e->name, name) == 0;
    switch (e->kind) {
    case NL_AST_BLOCK:
    case NL_AST_IF:
    case NL_AST_STATES:
    case NL_AST_PARAMS:
    case NL_AST_INPUTS:
    case NL_AST_LETS: break;
    default: return false;
    }
    for (int k = 0; k < e->kid_count; k++)
        if (declares(e->kids[k], name)) return true;
    return false;
}

/* Whether an argument reads what is still to be declared. */
static bool reads_block(const nl_ast *e, const nl_ast *block)
{
    if (e == NULL) return false;
    if (e->kind == NL_AST_NAME && declares(block, e->name)) return true;
    for (int k = 0; k < e->kid_count; k++)
        if (reads_block(e->kids[k], block)) return true;
    return false;
}

static bool reads_body(const nl_body *body, const nl_ast *e)
{
    for (size_t k = 0; k < body->layers.count; k++)
        if (reads_block(e, body->layers.items[k]->block)) return true;
    return false;
}

static const nl_symbol *of_file(const nl_check *ck, const nl_scope *scope, const char *name)
{
    const nl_symbol *symbol = NULL;

    for (; symbol == NULL && scope != NULL && scope != ck->prelude; scope = scope->parent)
        symbol = nl_scope_find_here(scope, name);
    return symbol;
}

/* Whether a name is declared by the templates from this layer on only. */
static bool is_brought(const nl_body *body, size_t layer, const char *name)
{
    bool before = false, behind = false;

    for (size_t k = 0; k < body->layers.count; k++)
        *(k < layer ? &before : &behind) |= declares(body->layers.items[k]->block, name);
    return behind && !before;
}

/* Who uses a template need not know its names: where the file has the same one, it could be meant. */
static bool is_clear(nl_body *body, size_t layer, const nl_ast *e)
{
    nl_check *ck = body->ck;
    bool clear = true;

    if (e == NULL) return true;
    if (e->kind == NL_AST_NAME && is_brought(body, layer, e->name)) {
        const nl_symbol *other = of_file(ck, body->layers.items[layer - 1]->home, e->name);
        if (other == NULL) return true;
        nl_diag *diag =
            nl_diag_add(ck->diags, NL_E_HIDDEN_NAME, e->span, "`%s` could be that of `%s` or that of the file", e->name,
                        body->layers.items[layer]->template->name);
        nl_diag_also(ck->diags, diag, other->span, "the file declares it here");
        nl_diag_help(ck->diags, diag, "give the one of the file another name");
        return false;
    }
    for (int k = 0; k < e->kid_count; k++) clear = is_clear(body, layer, e->kids[k]) && clear;
    return clear;
}

/* --- parameters --- */

typedef struct binder {
    nl_body *body;
    size_t layer;
    nl_scope *defaults; /* of the next default */
} binder;

/* The text of a parameter's value: what follows sees it from this origin. */
static nl_entry *add_entry(binder *b, const nl_ast *param, const nl_ast *value, nl_origin_kind kind)
{
    nl_body *body = b->body;
    nl_arena *arena = body->ck->arena;

    nl_body_read(body, (nl_origin){ kind, b->layer });
    nl_resolver rs = nl_resolver_of(body, NL_IN_LET, param->name);
    if (kind == NL_OF_DEFAULT) rs.scope = body->scope = b->defaults;
    rs.reach = body->entries.count;
    const bool draws = nl_has_draw(&rs, value);
    nl_entry *entry = nl_entry_add(body, draws ? NL_ENTRY_PARAM : NL_ENTRY_LET, param->name, param->span,
                                   nl_param_item(body->ck, param, value));
    if (entry == NULL) return NULL;
    entry->shown = b->defaults = nl_scope_new(arena, b->defaults);
    if (draws && !body->is_projection)
        entry->var = nl_var_add(body, NL_VAR_PARAM, param->name, param->span, param->doc);
    return entry;
}

/* What is known now may decide an `if` around declarations. */
static void evaluate_early(nl_body *body, nl_entry *entry)
{
    const nl_ast *value = entry->item->kids[1];
    const nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_LET);

    if (entry->kind == NL_ENTRY_LET && nl_is_static(&rs, value)) nl_entry_node(body, entry, value->span);
}

static bool bind(binder *b, const nl_ast *param, const nl_ast *arg)
{
    const nl_ast *value = arg != NULL ? arg : nl_ast_kid(param, 0);

    if (nl_ast_is_name_param(param)) return true;
    if (arg != NULL && !is_clear(b->body, b->layer, arg)) return false;
    nl_entry *entry = add_entry(b, param, value, arg != NULL ? NL_OF_ARGUMENT : NL_OF_DEFAULT);
    if (entry == NULL) return false;
    if (arg == NULL || !reads_body(b->body, arg)) evaluate_early(b->body, entry);
    return true;
}

static bool bind_layer(nl_body *body, size_t number)
{
    const nl_layer *layer = body->layers.items[number];
    binder b = { .body = body, .layer = number, .defaults = layer->scopes[NL_OF_DEFAULT] };
    bool done = true;

    for (int k = 0; layer->params != NULL && k < layer->params->kid_count; k++)
        done = bind(&b, layer->params->kids[k], layer->args[k]) && done;
    return done;
}

void nl_template_enter(nl_body *body, const nl_ast *use)
{
    body->use_mark = nl_diags_mark(body->ck->diags);
    bool done = find_layers(body, use);

    for (size_t k = 1; k < body->layers.count; k++) done = bind_layer(body, k) && done;
    body->is_opaque = !done;
}

/* A message about a template further behind shows where the body names the first one. */
void nl_template_leave(nl_body *body)
{
    nl_check *ck = body->ck;

    for (size_t k = 1; k < body->layers.count; k++) {
        const nl_ast *first = body->layers.items[1]->template, *template = body->layers.items[k]->template;
        nl_diags_also_within(ck->diags, body->use_mark, template->span, body->layers.items[1]->use->span,
                             k == 1
                                 ? nl_arena_printf(ck->arena, "`%s` is used here", template->name)
                                 : nl_arena_printf(ck->arena, "`%s`, which is built on it, is used here", first->name));
    }
}
