/* Names and members: what the file declares, constants, the clock, populations and what belongs to them. */
#include "eval_impl.h"

#include "plan.h"
#include "use.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* --- what the language provides --- */

static const struct { const char *name; double number; bool is_bool, fits_all; } constants[] = {
    { "pi", 3.14159265358979323846, false, false }, { "e", 2.71828182845904523536, false, false },
    { "inf", INFINITY, false, true }, { "nan", NAN, false, true },
    { "true", 1, true, false }, { "false", 0, true, false },
};

static bool find_constant(nl_evaluator *ev, const char *name, nl_value *out)
{
    for (size_t i = 0; i < NL_LEN(constants); i++) {
        if (strcmp(constants[i].name, name) != 0) continue;
        *out = constants[i].is_bool
                   ? nl_value_bool(ev->arena, constants[i].number != 0)
                   : nl_value_number(ev->arena, constants[i].number, constants[i].fits_all ? nl_dim_any : nl_dim_none);
        return true;
    }
    return false;
}

nl_value nl_eval_too_early(nl_evaluator *ev, nl_span span, const char *name)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_TOO_EARLY, span,
                                "`%s` changes in time and has no value before the first `run`", name);

    nl_diag_help(ev->ck->diags, diag,
                 "write a `let` in the body of a population, or a function, or move this behind the run");
    return nl_value_none();
}

static nl_value clock_value(nl_evaluator *ev, nl_span span, const char *name)
{
    const nl_model *model = ev->ck->model;
    const bool is_time = strcmp(name, "t") == 0;

    if (ev->world == NULL) return nl_eval_too_early(ev, span, name);
    const nl_dim dim = is_time ? nl_check_time_dim(ev->ck) : nl_dim_none;
    const double time = ev->world->time(ev->world->user);
    if (isnan(time)) return nl_value_unknown(NL_KIND_NUMBER, dim, 0, NULL);
    return nl_value_number(ev->arena, is_time ? time : round((time - model->start) / model->dt), dim);
}

static nl_value step_value(nl_evaluator *ev, nl_span span)
{
    if (!nl_check_need_simulation(ev->ck)) return nl_value_none();
    if (ev->ck->model->dt > 0) return nl_value_number(ev->arena, ev->ck->model->dt, nl_check_time_dim(ev->ck));
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_SETTING, span, "`dt` is read here, but the file does not set it");
    nl_diag_help(ev->ck->diags, diag, "add, for example: simulation { dt = 0.1 ms }");
    return nl_value_none();
}

/* --- unknown names --- */

static const char SPIKES[] = "spikes";

static const char *suggest(nl_evaluator *ev, const char *name)
{
    static const char *const clock[] = { "t", "dt", "step" };
    const char *names[NL_LEN(constants) + NL_LEN(clock) + 2];
    size_t count = 0;

    for (size_t i = 0; i < NL_LEN(constants); i++) names[count++] = constants[i].name;
    for (size_t i = 0; i < NL_LEN(clock); i++) names[count++] = clock[i];
    const char *declared = nl_scope_suggest(ev->ck, ev->scope, name), *function = nl_func_suggest(name);
    if (declared != NULL) names[count++] = declared;
    if (function != NULL) names[count++] = function;
    const char *best = nl_suggest(name, names, count);
    return best != NULL ? best : declared != NULL ? declared : function;
}

nl_value nl_eval_name_error(nl_evaluator *ev, nl_span span, const char *name)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_NAME, span, "unknown name `%s`", name);
    const char *close = suggest(ev, name);

    if (strcmp(name, SPIKES) == 0)
        nl_diag_help(ev->ck->diags, diag, "nothing spikes at top level; those of a population: E.spikes");
    else if (!nl_name_remedy(ev->ck, diag, name, span) && close != NULL)
        nl_diag_help(ev->ck->diags, diag, "did you mean `%s`?", close);
    return nl_value_none();
}

/* --- paths: NAME, P(0), T.P, T(0).P(1) --- */

/* Where the last name of a path is looked for. */
typedef struct place {
    nl_scope *scope;
    bool here; /* and not in the scopes around it: a member of an instance or file */
    const char *name;
} place;

static nl_symbol *find_at(const place *at, const char *name)
{
    return at->here ? nl_scope_find_here(at->scope, name) : nl_scope_find(at->scope, name);
}

/* The names of the file are also those of what its instances hold: C(0).P is no member of C. */
static bool is_member_of(const char *name, const char *family)
{
    const size_t length = strlen(family);

    return strncmp(name, family, length) == 0 && name[length] == '(' && strchr(name, '.') == NULL;
}

static nl_symbol *member_in(const nl_scope *scope, const char *family)
{
    for (size_t i = 0; i < scope->symbols.count; i++)
        if (is_member_of(nl_scope_own_name(scope, scope->symbols.items[i]), family)) return scope->symbols.items[i];
    return NULL;
}

/* The scope that holds the family, or NULL. */
static const nl_scope *family_scope(const place *at)
{
    const nl_scope *scope = at->scope;

    while (scope != NULL && !nl_scope_has_family(scope, at->name)) scope = at->here ? NULL : scope->parent;
    return scope;
}

/* A declared member of the family, or NULL. */
static nl_symbol *member_at(const place *at)
{
    const nl_scope *scope = family_scope(at);

    return scope != NULL ? member_in(scope, at->name) : NULL;
}

bool nl_eval_is_family(const nl_evaluator *ev, const char *name)
{
    return member_at(&(place){ .scope = ev->scope, .name = name }) != NULL;
}

/* False where the expression is no path. */
static bool place_of(nl_evaluator *ev, const nl_ast *path, place *at)
{
    path = nl_ast_bare(path);
    if (path->kind == NL_AST_CALL) path = nl_ast_bare(path->kids[0]);
    nl_symbol *owner = path->kind == NL_AST_FIELD ? nl_eval_symbol(ev, path->kids[0]) : NULL;
    nl_scope *members = owner != NULL ? nl_use_members(ev->ck, owner) : NULL;
    if (path->kind == NL_AST_NAME) *at = (place){ .scope = ev->scope, .name = path->name };
    else if (members != NULL) *at = (place){ .scope = members, .here = true, .name = path->name };
    else return false;
    return true;
}

/* functions.NAME, stimuli.NAME, unless the file gives the first name a meaning of its own. */
static nl_symbol *shipped_function(const nl_evaluator *ev, const nl_ast *path)
{
    const nl_ast *base = path->kind == NL_AST_FIELD ? nl_ast_bare(path->kids[0]) : NULL;
    const bool is_free = base != NULL && base->kind == NL_AST_NAME && nl_scope_find(ev->scope, base->name) == NULL;

    return is_free ? nl_library_qualified(ev->ck, NL_SYM_FUNCTION, path) : NULL;
}

static bool is_range(const nl_ast *call)
{
    return call->kind == NL_AST_CALL && call->kid_count == 2 && nl_ast_bare(call->kids[1])->kind == NL_AST_RANGE;
}

static bool is_member_at(const place *at) { return find_at(at, at->name) == NULL && member_at(at) != NULL; }

bool nl_eval_is_member(nl_evaluator *ev, const nl_ast *call)
{
    place at;

    return call->kind == NL_AST_CALL && !is_range(call) && place_of(ev, call, &at) && is_member_at(&at);
}

/* "(0, 2)" behind the name of a family; false with a diagnostic. */
static bool add_numbers(nl_evaluator *ev, const nl_ast *call, nl_text *text)
{
    for (int i = 1; i < call->kid_count; i++) {
        size_t number;
        if (!nl_eval_count(ev, call->kids[i], "the number of a member", &number)) return false;
        nl_text_addf(text, "%s%zu", i > 1 ? ", " : "(", number);
    }
    nl_text_adds(text, ")");
    return true;
}

nl_symbol *nl_eval_symbol(nl_evaluator *ev, const nl_ast *path)
{
    nl_text text = nl_text_new(ev->arena);
    place at;

    path = path != NULL ? nl_ast_bare(path) : NULL;
    if (path == NULL) return NULL;
    if (!place_of(ev, path, &at)) return shipped_function(ev, path);
    if (path->kind != NL_AST_CALL) return find_at(&at, at.name);
    if (is_range(path) || !is_member_at(&at)) return NULL;
    nl_text_adds(&text, at.name);
    return add_numbers(ev, path, &text) ? find_at(&at, text.chars) : NULL;
}

bool nl_eval_is_lost(nl_evaluator *ev, const nl_ast *path)
{
    const nl_ast *base = path != NULL ? nl_ast_bare(path) : NULL;
    const nl_symbol *symbol = base != NULL && nl_eval_is_path(base) ? nl_eval_symbol(ev, base) : NULL;

    if (symbol != NULL && symbol->members != NULL) return symbol->members->is_opaque;
    return base != NULL && (base->kind == NL_AST_FIELD || base->kind == NL_AST_CALL || base->kind == NL_AST_INDEX)
           && nl_eval_is_lost(ev, base->kids[0]);
}

bool nl_eval_is_path(const nl_ast *expr)
{
    expr = nl_ast_bare(expr);
    if (expr->kind != NL_AST_CALL && expr->kind != NL_AST_FIELD) return expr->kind == NL_AST_NAME;
    return !is_range(expr) && nl_eval_is_path(expr->kids[0]);
}

static bool add_path(nl_evaluator *ev, const nl_ast *path, nl_text *text)
{
    path = nl_ast_bare(path);
    if (path->kind == NL_AST_CALL) return add_path(ev, path->kids[0], text) && add_numbers(ev, path, text);
    if (path->kind == NL_AST_FIELD && !add_path(ev, path->kids[0], text)) return false;
    nl_text_addf(text, "%s%s", path->kind == NL_AST_FIELD ? "." : "", path->name);
    return true;
}

const char *nl_eval_family_name(nl_evaluator *ev, const nl_ast *name)
{
    nl_text text = nl_text_new(ev->arena);

    name = nl_ast_bare(name);
    if (name->kind == NL_AST_NAME) return name->name;
    return add_path(ev, name, &text) ? text.chars : NULL;
}

static bool is_number(nl_evaluator *ev, const place *at, const nl_scope *scope, const nl_symbol *member, size_t number)
{
    return strcmp(nl_scope_own_name(scope, member), nl_arena_printf(ev->arena, "%s(%zu)", at->name, number)) == 0;
}

/* P(0) .. P(2), or one by one where some are missing. */
static const char *members_text(nl_evaluator *ev, const place *at)
{
    const nl_scope *scope = family_scope(at);
    const nl_symbol *first = member_in(scope, at->name), *last = first;
    nl_text text = nl_text_new(ev->ck->arena);
    size_t count = 0;

    for (size_t i = 0; i < scope->symbols.count; i++) {
        const nl_symbol *symbol = scope->symbols.items[i];
        if (!is_member_of(nl_scope_own_name(scope, symbol), at->name)) continue;
        nl_text_addf(&text, "%s%s", count++ > 0 ? ", " : "", symbol->name);
        last = symbol;
    }
    const bool is_row = count > 2 && is_number(ev, at, scope, first, 0) && is_number(ev, at, scope, last, count - 1);
    return is_row ? nl_arena_printf(ev->ck->arena, "%s .. %s", first->name, last->name) : text.chars;
}

static nl_value refuse_range(nl_evaluator *ev, const nl_ast *call, const place *at)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, call->span, "a range of instances has no members");

    nl_diag_help(ev->ck->diags, diag, "name them one by one: %s.NAME", member_at(at)->name);
    return nl_value_none();
}

/* A member of a family that there is not; always NONE. */
static nl_value member_error(nl_evaluator *ev, nl_span span, const place *at, const char *name)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_NAME, span, "there is no `%s`", name);
    const nl_symbol *member = member_at(at);

    if (member == NULL) return nl_value_none();
    nl_diag_also(ev->ck->diags, diag, member->span, "the family is declared here");
    nl_diag_help(ev->ck->diags, diag, "its members are %s", members_text(ev, at));
    return nl_value_none();
}

static bool is_clock(const char *name)
{
    return strcmp(name, "t") == 0 || strcmp(name, "step") == 0 || strcmp(name, "dt") == 0;
}

static bool is_known_name(nl_evaluator *ev, const char *name)
{
    nl_value ignored;

    return nl_scope_find(ev->scope, name) != NULL || is_clock(name) || find_constant(ev, name, &ignored)
           || nl_func_exists(name) || nl_eval_is_special(name) || nl_eval_is_family(ev, name);
}

void nl_eval_check_names(nl_evaluator *ev, const nl_ast *expr)
{
    if (expr == NULL || ev->ck->running || shipped_function(ev, expr) != NULL) return;
    if (expr->kind == NL_AST_NAME && !is_known_name(ev, expr->name)) nl_eval_name_error(ev, expr->span, expr->name);
    for (int i = 0; i < expr->kid_count; i++) nl_eval_check_names(ev, expr->kids[i]);
}

/* --- names --- */

nl_value nl_eval_node(nl_evaluator *ev, nl_ref ref, nl_span span)
{
    if (ref == 0) return nl_value_none();
    const nl_node *node = nl_graph_node(ev->ck->model->graph, ref);

    if (node->kind == NL_X_CONST)
        return node->is_bool ? nl_value_bool(ev->arena, node->number != 0)
                             : nl_value_number(ev->arena, node->number, node->dim);
    return ev->world->read(ev->world->user, ev->arena, ref, node->dim, node->space, span);
}

static const char *const symbol_words[] = {
    [NL_SYM_VALUE] = "a value", [NL_SYM_FUNCTION] = "a function", [NL_SYM_POPULATION] = "a population",
    [NL_SYM_PART] = "a part of a population", [NL_SYM_PROJECTION] = "a projection", [NL_SYM_STATE] = "a state",
    [NL_SYM_BODY_LET] = "a name of a body", [NL_SYM_RECORD] = "a series", [NL_SYM_METHOD] = "a method",
    [NL_SYM_CONNECTOR] = "a connector", [NL_SYM_NEURON] = "a neuron", [NL_SYM_SYNAPSE] = "a synapse",
    [NL_SYM_CIRCUIT] = "a circuit", [NL_SYM_SNAPSHOT] = "a snapshot", [NL_SYM_INSTANCE] = "a circuit's instance",
    [NL_SYM_FILE] = "a file of rules",
};

static nl_value no_value(nl_evaluator *ev, const nl_symbol *symbol, nl_span span)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, span, "`%s` is %s, not a value", symbol->name,
                                symbol_words[symbol->kind]);

    if (symbol->kind == NL_SYM_FUNCTION)
        nl_diag_help(ev->ck->diags, diag, "a function is called: %s(...)", symbol->name);
    if (symbol->kind == NL_SYM_INSTANCE)
        nl_diag_help(ev->ck->diags, diag, "what it holds is written %s.NAME", symbol->name);
    if (symbol->kind == NL_SYM_POPULATION || symbol->kind == NL_SYM_PART)
        nl_diag_help(ev->ck->diags, diag, "its variables are written %s.NAME, its size %s.N", symbol->name,
                     symbol->name);
    return nl_value_none();
}

/* A state of the population of one that the top level makes. */
static nl_value state_value(nl_evaluator *ev, const nl_symbol *symbol, nl_span span)
{
    const nl_var *var = &ev->ck->model->vars.items[symbol->id];
    const nl_node_kind kinds[] = {
        [NL_VAR_STATE] = NL_X_STATE, [NL_VAR_PARAM] = NL_X_PARAM, [NL_VAR_INPUT] = NL_X_INPUT
    };

    if (ev->world == NULL) return nl_eval_too_early(ev, span, symbol->name);
    return nl_eval_node(ev, nl_expr_leaf(ev->ck->model->graph, kinds[var->kind], symbol->id, var->space, var->dim),
                        span);
}

/* While running, a name whose statement stands in a branch or loop that was not taken. */
static nl_value never_given(nl_evaluator *ev, const nl_symbol *symbol, nl_span span)
{
    nl_value value = symbol->value;

    if (symbol->decl != NULL && symbol->decl->kind == NL_AST_COLLECT) {
        value.shape[0] = 0;
        if (nl_value_count(value) == 0)
            return nl_value_array(ev->arena, value.kind, value.dim, value.rank, value.shape, (double[]){ 0 });
    }
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_TOO_EARLY, span,
                                "`%s` has no value: its statement has not been executed", symbol->name);
    if (symbol->span.begin != 0) nl_diag_also(ev->ck->diags, diag, symbol->span, "it stands here");
    return nl_value_none();
}

static nl_value symbol_value(nl_evaluator *ev, nl_symbol *symbol, nl_span span)
{
    symbol->used = true;
    if (symbol->kind == NL_SYM_VALUE && symbol->varies) ev->varying = symbol;
    switch (symbol->kind) {
    case NL_SYM_VALUE:
    case NL_SYM_RECORD:
        if (ev->ck->running && symbol->decl != NULL && symbol->value.kind != NL_KIND_NONE
            && !nl_value_known(symbol->value))
            return never_given(ev, symbol, span);
        return symbol->value;
    case NL_SYM_STATE: return state_value(ev, symbol, span);
    case NL_SYM_BODY_LET:
        if (symbol->node == 0) return nl_value_none();
        return ev->world == NULL && nl_graph_node(ev->ck->model->graph, symbol->node)->kind != NL_X_CONST
                   ? nl_eval_too_early(ev, span, symbol->name)
                   : nl_eval_node(ev, symbol->node, span);
    default: return no_value(ev, symbol, span);
    }
}

nl_value nl_eval_name(nl_evaluator *ev, const nl_ast *expr)
{
    nl_symbol *symbol = nl_scope_find(ev->scope, expr->name);
    nl_train_ref train;
    nl_value constant;

    if (symbol != NULL) return symbol_value(ev, symbol, expr->span);
    if (nl_train_find(ev->ck, NULL, expr->name, &train)) return nl_train_value(ev, &train, expr->span, expr->name);
    if (strcmp(expr->name, "dt") == 0) return step_value(ev, expr->span);
    if (is_clock(expr->name)) return clock_value(ev, expr->span, expr->name);
    if (find_constant(ev, expr->name, &constant)) return constant;
    if (!nl_func_exists(expr->name) && !nl_eval_is_family(ev, expr->name))
        return nl_eval_name_error(ev, expr->span, expr->name);
    nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span,
                nl_func_exists(expr->name) ? "`%s` is a function; it is called with arguments: %s(...)"
                                           : "`%s` is a family; one of its members is %s(0)",
                expr->name, expr->name);
    return nl_value_none();
}

/* --- populations, parts and projections --- */

static bool is_owner(const nl_symbol *symbol)
{
    return symbol != NULL
        && (symbol->kind == NL_SYM_POPULATION || symbol->kind == NL_SYM_PART || symbol->kind == NL_SYM_PROJECTION);
}

/* A path of P, P(0), P[0:3], (P), `if c then P else Q`. */
static const nl_ast *root_path(const nl_ast *expr)
{
    expr = nl_ast_bare(expr);
    while (expr->kind == NL_AST_INDEX || expr->kind == NL_AST_IF_EXPR)
        expr = nl_ast_bare(expr->kids[expr->kind == NL_AST_IF_EXPR ? 1 : 0]);
    return expr;
}

static bool names_owner(nl_evaluator *ev, const nl_ast *expr)
{
    place at;

    if (!place_of(ev, root_path(expr), &at)) return false;
    const nl_symbol *symbol = find_at(&at, at.name);
    return is_owner(symbol != NULL ? symbol : member_at(&at));
}

static nl_part part_of(const nl_evaluator *ev, const nl_symbol *symbol)
{
    if (symbol->kind == NL_SYM_PART) return symbol->part;
    return (nl_part){ .population = symbol->id,
                      .count = ev->ck->model->populations.items[symbol->id].count,
                      .whole = true };
}

/* A bound of P[a:b] as the number of an element; negative ones count from the end. */
static bool part_bound(nl_evaluator *ev, const nl_ast *expr, size_t count, size_t absent, size_t *out)
{
    double number;

    *out = absent;
    if (expr == NULL) return true;
    if (!nl_eval_number(ev, expr, nl_dim_none, "the bound of a part", &number)) return false;
    if (number < 0) number += (double)count;
    *out = number >= 0 && number <= (double)count ? (size_t)number : 0;
    if (number >= 0 && number <= (double)count && number == floor(number)) return true;
    nl_diag_add(ev->ck->diags, NL_E_INDEX, expr->span, "the bound of a part is a whole number from 0 to %zu", count);
    return false;
}

static const nl_symbol *sliced_part(nl_evaluator *ev, const nl_symbol *whole, const nl_ast *expr)
{
    const nl_ast *slice = nl_ast_kid(expr, 1);
    const nl_part base = part_of(ev, whole);
    size_t begin, end;

    if (whole->kind == NL_SYM_PROJECTION || expr->kid_count != 2 || slice->kind != NL_AST_SLICE
        || nl_ast_kid(slice, 2) != NULL || ev->ck->model->populations.items[base.population].rank != 1) {
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_INDEX, expr->span,
                                    "a part is a range of a line of neurons: %s[0:10]", whole->name);
        nl_diag_help(ev->ck->diags, diag, "single elements are those of a variable: %s.NAME[3]", whole->name);
        return NULL;
    }
    if (!part_bound(ev, nl_ast_kid(slice, 0), base.count, 0, &begin)
        || !part_bound(ev, nl_ast_kid(slice, 1), base.count, base.count, &end))
        return NULL;
    if (begin >= end) {
        nl_diag_add(ev->ck->diags, NL_E_INDEX, expr->span, "this part of `%s` has no neurons", whole->name);
        return NULL;
    }
    nl_symbol *part = NL_NEW(ev->arena, nl_symbol);
    *part = (nl_symbol){ .kind = NL_SYM_PART, .name = whole->name, .span = expr->span, .slot = -1, .array = -1 };
    part->part = (nl_part){ .population = base.population, .begin = base.begin + begin, .count = end - begin };
    part->part.whole = base.whole && end - begin == base.count;
    return part;
}

static const nl_symbol *named_owner(nl_evaluator *ev, const nl_ast *expr)
{
    const char *name = nl_eval_family_name(ev, expr);
    nl_symbol *symbol = name != NULL ? nl_eval_symbol(ev, expr) : NULL;
    place at;

    if (symbol != NULL) symbol->used = true;
    else if (name != NULL && place_of(ev, expr, &at)) member_error(ev, expr->span, &at, name);
    return symbol;
}

const nl_symbol *nl_eval_owner(nl_evaluator *ev, const nl_ast *expr)
{
    nl_value condition;

    expr = nl_ast_bare(expr);
    if (expr == NULL || is_range(expr) || !names_owner(ev, expr)) return NULL;
    switch (expr->kind) {
    case NL_AST_NAME:
    case NL_AST_FIELD:
    case NL_AST_CALL: return named_owner(ev, expr);
    case NL_AST_INDEX: {
        const nl_symbol *whole = nl_eval_owner(ev, expr->kids[0]);
        return whole != NULL ? sliced_part(ev, whole, expr) : NULL;
    }
    default:
        if (!nl_eval_condition(ev, expr->kids[0], &condition)) return NULL;
        if (!nl_value_known(condition)) {
            nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, expr->span,
                        "which population is meant here has to be known before the run");
            return NULL;
        }
        return nl_eval_owner(ev, expr->kids[condition.data[0] != 0 ? 1 : 2]);
    }
}

nl_value nl_eval_family_member(nl_evaluator *ev, const nl_ast *call)
{
    const char *name = nl_eval_family_name(ev, call);
    nl_symbol *symbol = name != NULL ? nl_eval_symbol(ev, call) : NULL;
    place at;

    if (symbol != NULL) return symbol_value(ev, symbol, call->span);
    return name != NULL && place_of(ev, call, &at) ? member_error(ev, call->span, &at, name) : nl_value_none();
}

/* --- members --- */

/* X.i, X.row, X.col: places of the neurons; `what` divides or takes the remainder of the index by the columns. */
static nl_value places(nl_evaluator *ev, const nl_population *population, nl_part part, const char *name)
{
    const size_t columns = population->rank == 2 ? population->shape[1] : 1;
    const bool flat = strcmp(name, "i") == 0;
    double *data = NL_NEW_ARRAY(ev->arena, double, part.count + 1);

    for (size_t k = 0; k < part.count; k++) {
        const size_t i = part.begin + k;
        data[k] = (double)(flat ? i : strcmp(name, "row") == 0 ? i / columns : i % columns);
    }
    return part.whole && population->rank == 2
               ? nl_value_array(ev->arena, NL_KIND_NUMBER, nl_dim_none, 2, population->shape, data)
               : nl_value_array(ev->arena, NL_KIND_NUMBER, nl_dim_none, 1, &part.count, data);
}

nl_value nl_eval_implicit_member(nl_evaluator *ev, const nl_symbol *owner, const char *name)
{
    if (owner->kind == NL_SYM_PROJECTION) return nl_value_none();
    const nl_part part = part_of(ev, owner);
    const nl_population *population = &ev->ck->model->populations.items[part.population];

    if (strcmp(name, "N") == 0) return nl_value_number(ev->arena, (double)part.count, nl_dim_none);
    if (strcmp(name, "i") == 0) return places(ev, population, part, name);
    if (population->rank == 2 && (strcmp(name, "row") == 0 || strcmp(name, "col") == 0))
        return places(ev, population, part, name);
    return nl_value_none();
}

static nl_value never_spikes(nl_evaluator *ev, const nl_symbol *owner, nl_span span)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_NAME, span, "`%s` has no spikes", owner->name);

    nl_diag_help(ev->ck->diags, diag, "its body says when it spikes, for example: spike when v > V_th { v = V_reset }");
    return nl_value_none();
}

nl_value nl_eval_spikes(nl_evaluator *ev, const nl_ast *expr)
{
    const size_t errors = nl_diags_error_count(ev->ck->diags);
    const nl_symbol *owner = names_owner(ev, expr) ? nl_eval_owner(ev, expr) : NULL;
    nl_train_ref train;

    if (owner == NULL || owner->kind == NL_SYM_PROJECTION || nl_diags_error_count(ev->ck->diags) > errors)
        return nl_value_none();
    if (!nl_train_find(ev->ck, owner, SPIKES, &train)) return never_spikes(ev, owner, expr->span);
    return nl_train_value(ev, &train, expr->span,
                          nl_arena_printf(ev->ck->arena, "%s.%s", nl_print_expression(ev->ck->arena, expr), SPIKES));
}

static nl_value member_value(nl_evaluator *ev, const nl_symbol *owner, const nl_ast *expr)
{
    const nl_value implicit = nl_eval_implicit_member(ev, owner, expr->name);

    nl_train_ref train;

    if (implicit.kind != NL_KIND_NONE) return implicit;
    if (nl_train_find(ev->ck, owner, expr->name, &train))
        return nl_train_value(ev, &train, expr->span, nl_print_expression(ev->ck->arena, expr));
    if (strcmp(expr->name, SPIKES) == 0 && owner->kind != NL_SYM_PROJECTION) return never_spikes(ev, owner, expr->span);
    const nl_ref node = nl_body_member(ev->ck, owner, expr->name, expr->span);
    if (node == 0) return nl_value_none();
    if (ev->world == NULL && nl_graph_node(ev->ck->model->graph, node)->kind != NL_X_CONST)
        return nl_eval_too_early(ev, expr->span, nl_arena_printf(ev->ck->arena, "%s.%s", owner->name, expr->name));
    return nl_eval_node(ev, node, expr->span);
}

/* Neurons of several populations may have the same numbers. */
static nl_value refuse_trains(nl_evaluator *ev, nl_span span, const char *member, const char *event)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, span, "trains of several populations are not joined");

    nl_diag_help(ev->ck->diags, diag, "read those of each member: %s.%s", member, event);
    return nl_value_none();
}

/* P(0 .. L).u: the members of all, one behind the other; of none, nothing. */
static nl_value family_values(nl_evaluator *ev, const nl_ast *expr, const nl_ast *call, const place *at)
{
    const nl_value numbers = nl_eval(ev, call->kids[1]);
    nl_eval_context cx = nl_eval_context_of(ev);

    if (numbers.kind == NL_KIND_NONE) return numbers;
    if (!nl_value_known(numbers))
        return nl_value_unknown(NL_KIND_NUMBER, nl_dim_unknown, 1, (size_t[]){ NL_UNKNOWN_SIZE });
    const size_t count = nl_value_count(numbers);
    nl_arg *args = NL_NEW_ARRAY(ev->arena, nl_arg, count + 1);
    if (count == 0) return nl_value_array(ev->arena, NL_KIND_NUMBER, nl_dim_any, 1, (size_t[]){ 0 }, (double[]){ 0 });
    for (size_t i = 0; i < count; i++) {
        const char *name = nl_arena_printf(ev->arena, "%s(%.0f)", at->name, numbers.data[i]);
        nl_symbol *owner = find_at(at, name);

        if (owner == NULL) return member_error(ev, call->span, at, name);
        owner->used = true;
        args[i] = (nl_arg){ .value = member_value(ev, owner, expr), .span = expr->span };
        if (args[i].value.kind == NL_KIND_TRAIN) return refuse_trains(ev, expr->span, owner->name, expr->name);
        if (args[i].value.kind == NL_KIND_NONE) return nl_value_none();
    }
    return nl_func_call(&cx, expr->span, "concat", args, count);
}

/* Whether a declaration of the text, also one that an `if` has dropped, gives this family members. */
static bool declares_family(const nl_ast *node, const char *name)
{
    const nl_ast *head = node != NULL ? nl_ast_kid(node, 0) : NULL;

    if (head != NULL && head->kind == NL_AST_INDEX) head = head->kids[0];
    if (node == NULL) return false;
    if (node->kind == NL_AST_POPULATION || node->kind == NL_AST_PROJECTION)
        return head != NULL && head->kind == NL_AST_CALL && strcmp(head->kids[0]->name, name) == 0;
    for (int i = 0; i < node->kid_count; i++)
        if ((node->kind == NL_AST_BLOCK || node->kind == NL_AST_IF || node->kind == NL_AST_FOR)
            && declares_family(node->kids[i], name))
            return true;
    return false;
}

static bool may_be_empty(const place *at)
{
    for (const nl_scope *scope = at->scope; scope != NULL; scope = at->here ? NULL : scope->parent)
        if (declares_family(scope->text, at->name)) return find_at(at, at->name) == NULL;
    return false;
}

/* --- members of instances --- */

static nl_value no_member(nl_evaluator *ev, const nl_symbol *owner, const nl_ast *expr)
{
    if (owner->members->is_opaque) return nl_value_none();
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_NAME, expr->span, "`%s` has no `%s`", owner->name, expr->name);
    nl_scope alone = *owner->members;

    alone.parent = NULL;
    const place at = { .scope = owner->members, .here = true, .name = expr->name };
    const nl_symbol *member = member_at(&at);
    const char *close = nl_scope_suggest(ev->ck, &alone, expr->name);
    if (member != NULL) nl_diag_help(ev->ck->diags, diag, "it is a family; one of its members is %s", member->name);
    else if (close != NULL) nl_diag_help(ev->ck->diags, diag, "did you mean `%s`?", close);
    return nl_value_none();
}

/* T.tau; T.spikes where its top level spikes. */
static nl_value instance_value(nl_evaluator *ev, const nl_symbol *owner, const nl_ast *expr)
{
    nl_symbol *symbol = nl_scope_find_here(owner->members, expr->name);
    nl_train_ref train;

    if (symbol != NULL) return symbol_value(ev, symbol, expr->span);
    if (nl_train_find(ev->ck, owner, expr->name, &train))
        return nl_train_value(ev, &train, expr->span, nl_print_expression(ev->ck->arena, expr));
    return no_member(ev, owner, expr);
}

/* P(0 .. L), T.P(0 .. L): members of a family. */
static bool names_members(nl_evaluator *ev, const nl_ast *base, place *at)
{
    return is_range(base) && place_of(ev, base, at) && (names_owner(ev, base) || may_be_empty(at));
}

bool nl_eval_names_members(nl_evaluator *ev, const nl_ast *base)
{
    place at;

    return names_members(ev, base, &at);
}

/* The times of a series; other values have no members. */
static nl_value part_of_value(nl_evaluator *ev, const nl_ast *expr, nl_value value)
{
    if (value.kind == NL_KIND_NONE) return value;
    if (value.is_signal && strcmp(expr->name, "t") == 0) {
        const nl_dim dim = nl_check_time_dim(ev->ck);
        return value.times == NULL ? nl_value_unknown(NL_KIND_NUMBER, dim, 1, value.shape)
                                   : nl_value_array(ev->arena, NL_KIND_NUMBER, dim, 1, value.shape, value.times);
    }
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_NAME, expr->span, "a value has no member `%s`", expr->name);
    if (value.kind == NL_KIND_TRAIN)
        nl_diag_help(ev->ck->diags, diag, "the times of a train are times(..), its neurons ids(..)");
    if (value.is_signal) nl_diag_help(ev->ck->diags, diag, "the times of a series are its member t");
    return nl_value_none();
}

nl_value nl_eval_field(nl_evaluator *ev, const nl_ast *expr)
{
    const nl_ast *base = nl_ast_bare(nl_ast_kid(expr, 0));
    place at;

    if (base == NULL) return nl_value_none();
    if (names_members(ev, base, &at)) return family_values(ev, expr, base, &at);
    if (names_owner(ev, base)) {
        const nl_symbol *owner = nl_eval_owner(ev, base);
        return owner != NULL ? member_value(ev, owner, expr) : nl_value_none();
    }
    if (is_range(base) && place_of(ev, base, &at) && member_at(&at) != NULL) return refuse_range(ev, base, &at);
    const nl_symbol *instance = nl_eval_symbol(ev, base);
    if (instance != NULL && instance->members != NULL) return instance_value(ev, instance, expr);
    return part_of_value(ev, expr, nl_eval(ev, base));
}
