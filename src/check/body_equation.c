/* Statements of populations and projections that are no declarations. */
#include "body.h"

#include <string.h>

/* --- left sides: x' or coefficient * x' --- */

typedef struct left_side {
    const nl_ast *prime;
    const nl_ast *coefficient; /* or NULL */
} left_side;

static bool is_prime(const nl_ast *e) { return nl_ast_bare(e)->kind == NL_AST_PRIME; }

static bool left_side_of(const nl_ast *e, left_side *out)
{
    e = nl_ast_bare(e);
    const bool is_product = e->kind == NL_AST_BINARY && strcmp(e->name, "*") == 0 && is_prime(e->kids[1]);

    *out = (left_side){ .prime = nl_ast_bare(is_product ? e->kids[1] : e), .coefficient = is_product ? e->kids[0] : NULL };
    return out->prime->kind == NL_AST_PRIME;
}

/* --- the state that a statement is about --- */

static nl_entry *state_of(nl_body *body, const nl_ast *e, const char *needs)
{
    const nl_ast *bare = nl_ast_bare(e);
    nl_check *ck = body->ck;
    nl_resolver rs = nl_resolver_of(body, NL_IN_EQUATION, "");

    if (bare->kind != NL_AST_NAME) {
        nl_diag_add(ck->diags, NL_E_BODY_EQUATION, e->span, "%s the name of a state", needs);
        return NULL;
    }
    nl_entry *entry = nl_entry_find(body, bare->name);
    if (entry != NULL && entry->kind == NL_ENTRY_STATE) {
        nl_entry_node(body, entry, e->span);
        return entry->progress == NL_RESOLVED ? entry : NULL;
    }
    if (entry == NULL) {
        nl_name_unknown(&rs, bare->name, bare->span);
        return NULL;
    }
    static const char *const words[] = { [NL_ENTRY_PARAM] = "parameter", [NL_ENTRY_INPUT] = "input", [NL_ENTRY_LET] = "`let`" };
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_EQUATION, bare->span, "%s a state, but `%s` is %s %s", needs, bare->name,
                                entry->kind == NL_ENTRY_INPUT ? "an" : "a", words[entry->kind]);
    nl_diag_also(ck->diags, diag, entry->span, "it is declared here");
    return NULL;
}

/* A state has one law: an equation, or a map. */
static bool has_no_law(nl_body *body, const nl_entry *entry, nl_span span)
{
    const nl_var *var = &body->ck->model->vars.items[entry->var];

    if (var->deriv == 0 && var->next == 0) return true;
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, span, "`%s` has an equation already", entry->name);
    nl_diag_also(body->ck->diags, diag, var->deriv_span, "it stands here");
    return false;
}

/* --- equations --- */

static nl_dim dim_of(const nl_resolver *rs, nl_ref ref) { return ref != 0 ? nl_graph_node(nl_graph_of(rs), ref)->dim : nl_dim_none; }

static bool check_sides(nl_resolver *rs, const nl_ast *statement, const nl_entry *entry, nl_ref coefficient, nl_ref right)
{
    const nl_dim state = rs->ck->model->vars.items[entry->var].dim, rate[] = { state, nl_check_time_dim(rs->ck) };
    nl_arena *arena = rs->ck->arena;
    nl_dim wanted = nl_dim_unknown;

    if (nl_dim_apply(NL_DIM_QUOTIENT, rate, 2, &wanted) && nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ wanted, dim_of(rs, coefficient) }, 2, &wanted)
        && nl_dim_equal(wanted, dim_of(rs, right)))
        return true;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DIMENSION, statement->span, "the left side is %s, the right side %s", nl_dim_text(arena, wanted),
                                nl_dim_text(arena, dim_of(rs, right)));
    nl_diag_help(rs->ck->diags, diag, "`%s` is %s, so %s' is that per time", entry->name, nl_dim_text(arena, state), entry->name);
    return false;
}

static void equation(nl_body *body, const nl_ast *statement)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_EQUATION, "");
    left_side left;

    left_side_of(statement->kids[0], &left);
    nl_entry *entry = state_of(body, left.prime->kids[0], "a derivative needs");
    const nl_ref coefficient = left.coefficient != NULL ? nl_body_value(&rs, left.coefficient) : 0;
    const nl_ref right = nl_body_value(&rs, statement->kids[1]);
    if (entry == NULL || right == 0 || (left.coefficient != NULL && coefficient == 0)) return;
    if (!check_sides(&rs, statement, entry, coefficient, right) || !has_no_law(body, entry, statement->kids[0]->span)) return;
    nl_var *var = &body->ck->model->vars.items[entry->var];
    var->deriv = coefficient != 0 ? nl_expr_op2(nl_graph_of(&rs), NL_OP_DIV, right, coefficient) : right;
    var->deriv_span = statement->span;
}

static void method(nl_body *body, const nl_ast *statement)
{
    const nl_ast *name = nl_ast_bare(statement->kids[1]);

    if (name->kind != NL_AST_NAME) {
        nl_diag_add(body->ck->diags, NL_E_BODY_STATEMENT, name->span, "a method of integration is given by its name");
        return;
    }
    body->method = name->name;
    body->method_span = name->span;
}

static void refuse_assignment(nl_body *body, const nl_ast *statement)
{
    const nl_ast *left = nl_ast_bare(statement->kids[0]);
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_EQUATION, statement->span, "a plain assignment is no equation");

    if (left->kind == NL_AST_NAME)
        nl_diag_help(body->ck->diags, diag, "did you mean %s' = .., or next %s = ..? An assignment stands in `every step { }`", left->name, left->name);
}

static bool is_method(const nl_ast *statement)
{
    const nl_ast *left = nl_ast_bare(statement->kids[0]);

    return strcmp(statement->name, "=") == 0 && left->kind == NL_AST_NAME && strcmp(left->name, "method") == 0;
}

static void population_assign(nl_body *body, const nl_ast *statement)
{
    left_side left;

    if (is_method(statement)) method(body, statement);
    else if (strcmp(statement->name, "=") == 0 && left_side_of(statement->kids[0], &left)) equation(body, statement);
    else refuse_assignment(body, statement);
}

/* --- maps and histories --- */

static nl_ref state_value(nl_resolver *rs, const nl_ast *expr, const nl_entry *entry, const char *what)
{
    const nl_ref ref = nl_body_value(rs, expr);

    if (ref == 0) return 0;
    const nl_dim got = nl_graph_node(nl_graph_of(rs), ref)->dim;
    return nl_body_dim_fits(rs->ck, expr->span, entry->name, rs->ck->model->vars.items[entry->var].dim, what, got) ? ref : 0;
}

static void next(nl_body *body, const nl_ast *statement)
{
    nl_entry *entry = state_of(body, statement->kids[0], "`next` needs");

    if (entry == NULL) return;
    nl_resolver rs = nl_resolver_of(body, NL_IN_NEXT, entry->name);
    const nl_ref ref = state_value(&rs, statement->kids[1], entry, "its next value");
    if (ref == 0 || !has_no_law(body, entry, statement->kids[0]->span)) return;
    nl_var *var = &body->ck->model->vars.items[entry->var];
    var->next = ref;
    var->deriv_span = statement->span;
}

/* What is true before time starts depends on the time and on parameters alone. */
static bool changes(void *user, const nl_node *node)
{
    (void)user;
    switch ((nl_node_kind)node->kind) {
    case NL_X_STATE:
    case NL_X_INPUT:
    case NL_X_DERIV:
    case NL_X_PREV:
    case NL_X_DELAY:
    case NL_X_DRAW: return true;
    default: return false;
    }
}

static void history(nl_body *body, const nl_ast *statement)
{
    nl_entry *entry = state_of(body, statement->kids[0], "`history` needs");

    if (entry == NULL) return;
    nl_resolver rs = nl_resolver_of(body, NL_IN_HISTORY, entry->name);
    const nl_ref ref = state_value(&rs, statement->kids[1], entry, "its history");
    nl_var *var = &body->ck->model->vars.items[entry->var];
    if (ref == 0) return;
    if (var->history != 0) {
        nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, statement->span, "`%s` has a history already", entry->name);
        return;
    }
    if (nl_expr_any(nl_graph_of(&rs), ref, changes, NULL)) {
        nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_DELAY, statement->kids[1]->span, "a history can depend on `t` and parameters only");
        nl_diag_help(body->ck->diags, diag, "draw a random start in a `param` and use that for the state and its history");
        return;
    }
    var->history = ref;
}

/* --- flows of projections --- */

/* The input that post.x or pre.x names; NULL after a diagnostic. */
static const nl_entry *flow_target(nl_body *body, const nl_ast *left, bool *to_pre)
{
    nl_check *ck = body->ck;
    const nl_ast *base = left->kind == NL_AST_FIELD ? nl_ast_bare(left->kids[0]) : NULL;
    const nl_projection *projection = &ck->model->projections.items[body->number];

    if (base == NULL || base->kind != NL_AST_NAME || (strcmp(base->name, "pre") != 0 && strcmp(base->name, "post") != 0)) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_FLOW, left->span, "synapses bring values to their neurons");
        nl_diag_help(ck->diags, diag, "write post.NAME += .. or pre.NAME += ..");
        return NULL;
    }
    *to_pre = strcmp(base->name, "pre") == 0;
    const uint32_t population = *to_pre ? projection->pre.population : projection->post.population;
    nl_body *target = nl_body_state_of(ck)->populations.items[population];
    nl_entry *entry = nl_entry_find(target, left->name);
    const char *owner = ck->model->populations.items[population].name;
    if (entry == NULL) {
        const nl_symbol symbol = { .kind = NL_SYM_POPULATION, .name = owner, .id = population };
        nl_member_node(ck, &symbol, left->name, left->span);
        return NULL;
    }
    if (entry->kind == NL_ENTRY_INPUT) return entry;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_FLOW, left->span, "a continuous sum goes into an input, but `%s` is none", left->name);
    nl_diag_also(ck->diags, diag, entry->span, "it is declared here");
    nl_diag_help(ck->diags, diag, entry->kind == NL_ENTRY_STATE ? "declare an `input` in %s and use it in the equation of `%s`" : "declare an `input` in %s%.0s",
                 owner, left->name);
    return NULL;
}

static bool flow_dim_fits(nl_body *body, const nl_ast *statement, const nl_entry *target, nl_ref value)
{
    const nl_dim wanted = body->ck->model->vars.items[target->var].dim, got = nl_graph_node(body->ck->model->graph, value)->dim;

    return nl_body_dim_fits(body->ck, statement->kids[1]->span, target->name, wanted, "what is added", got);
}

static void flow(nl_body *body, const nl_ast *statement)
{
    const bool negative = strcmp(statement->name, "-=") == 0;
    const nl_ast *left = nl_ast_bare(statement->kids[0]);
    bool to_pre = false;
    nl_check *ck = body->ck;

    const nl_entry *target = flow_target(body, left, &to_pre);
    nl_resolver rs = nl_resolver_of(body, NL_IN_FLOW, left->name);
    nl_ref value = nl_body_value(&rs, statement->kids[1]);
    if (target == NULL || value == 0 || !flow_dim_fits(body, statement, target, value)) return;
    if (negative) value = nl_expr_op1(ck->model->graph, NL_OP_NEG, value);
    const nl_flow made = { .projection = body->number, .input = target->var, .to_pre = to_pre, .value = value, .span = statement->span };
    NL_PUSH(ck->arena, &ck->model->flows, made);
}

static void projection_assign(nl_body *body, const nl_ast *statement)
{
    left_side left;

    if (left_side_of(statement->kids[0], &left)) nl_body_not_yet(body->ck, statement->span, "equations of synapses are");
    else if (strcmp(statement->name, "+=") == 0 || strcmp(statement->name, "-=") == 0) flow(body, statement);
    else if (is_method(statement)) nl_body_not_yet(body->ck, statement->span, "methods of synapses are");
    else {
        nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_FLOW, statement->span, "what synapses bring is summed, not assigned");
        nl_diag_help(body->ck->diags, diag, "write += in place of %s", statement->name);
    }
}

/* --- which statement it is --- */

typedef struct statement_row {
    nl_statement_fn population, projection;
    const char *not_yet; /* where there is no function */
} statement_row;

static const statement_row rows[NL_AST_KIND_COUNT] = {
    [NL_AST_ASSIGN] = { population_assign, projection_assign, NULL },
    [NL_AST_NEXT] = { next, NULL, "`next` for synapses is" },
    [NL_AST_HISTORY] = { history, NULL, "histories of synapses are" },
    [NL_AST_EVERY_STEP] = { nl_body_block, NULL, "`every` for synapses is" },
    [NL_AST_EVERY] = { nl_body_block, NULL, "`every` for synapses is" },
    [NL_AST_AT] = { nl_body_block, NULL, "`at` for synapses is" },
    [NL_AST_SPIKE_WHEN] = { NULL, NULL, "spikes are" },
    [NL_AST_SPIKE_AT] = { NULL, NULL, "spikes are" },
    [NL_AST_EVENT] = { NULL, NULL, "events are" },
    [NL_AST_WHEN] = { NULL, NULL, "events are" },
    [NL_AST_REFRACTORY] = { NULL, NULL, "refractoriness is" },
    [NL_AST_REFRACTORY_WHILE] = { NULL, NULL, "refractoriness is" },
    [NL_AST_ON] = { NULL, NULL, "event code of synapses is" },
    [NL_AST_DELAY] = { NULL, NULL, "delays of spikes are" },
    [NL_AST_DENDRITIC_DELAY] = { NULL, NULL, "delays of spikes are" },
    [NL_AST_LET_COLUMNS] = { NULL, NULL, "columns of a table inside a body are" },
    [NL_AST_PARAM_COLUMNS] = { NULL, NULL, "columns of a table inside a body are" },
};

void nl_body_statement(nl_body *body, const nl_ast *statement)
{
    const statement_row *row = &rows[statement->kind];
    const nl_statement_fn act = body->is_projection ? row->projection : row->population;

    if (act != NULL) act(body, statement);
    else if (row->not_yet != NULL) nl_body_not_yet(body->ck, statement->span, row->not_yet);
    else nl_diag_add(body->ck->diags, NL_E_BODY_STATEMENT, statement->span, "`%s` cannot stand in this body", nl_ast_kinds[statement->kind].word);
}
