/* Statements of populations and projections that are no declarations. */
#include "body.h"

#include <string.h>

/* The parser lets only these left sides through: x', coefficient * x', method, pre.x and post.x. */

/* --- the state that a statement is about --- */

static nl_entry *refuse_kind(nl_body *body, const nl_ast *name, const char *needs, const nl_entry *entry)
{
    static const char *const words[] = {
        [NL_ENTRY_PARAM] = "a parameter", [NL_ENTRY_INPUT] = "an input", [NL_ENTRY_LET] = "a `let`"
    };
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_EQUATION, name->span, "%s a state, but `%s` is %s", needs,
                                name->name, words[entry->kind]);

    nl_diag_also(body->ck->diags, diag, entry->span, "it is declared here");
    return NULL;
}

nl_entry *nl_state_named(nl_body *body, const nl_ast *name, const char *needs)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_EQUATION, "");
    nl_entry *entry = nl_entry_find(body, name->name);

    if (entry == NULL) {
        nl_diag *diag = nl_name_unknown(&rs, name->name, name->span);
        if (diag != NULL && diag->help == NULL)
            nl_diag_help(body->ck->diags, diag, "declare it with its initial value: state %s = ...", name->name);
        return NULL;
    }
    if (entry->kind != NL_ENTRY_STATE) return refuse_kind(body, name, needs, entry);
    nl_entry_node(body, entry, name->span);
    return entry->progress == NL_RESOLVED ? entry : NULL;
}

/* A state has one law: an equation, or a map. */
static bool has_no_law(nl_body *body, const nl_entry *entry, nl_span span)
{
    const nl_var *var = &body->ck->model->vars.items[entry->var];

    if (var->deriv == 0 && var->next == 0) return true;
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, span, "`%s` has an equation already", entry->name);
    nl_diag_also(body->ck->diags, diag, var->deriv_span, "it stands here");
    if (entry->origin.layer > body->origin.layer)
        nl_diag_help(body->ck->diags, diag, "to replace the template's, write `override` in front of this one");
    return false;
}

/* --- equations --- */

static nl_dim dim_of(const nl_resolver *rs, nl_ref ref)
{
    return ref != 0 ? nl_graph_node(nl_graph_of(rs), ref)->dim : nl_dim_none;
}

static bool check_sides(nl_resolver *rs, const nl_ast *statement, const nl_entry *entry, nl_ref coefficient,
                        nl_ref right)
{
    const nl_dim state = rs->ck->model->vars.items[entry->var].dim, rate[] = { state, nl_check_time_dim(rs->ck) };
    nl_arena *arena = rs->ck->arena;
    nl_dim wanted = nl_dim_unknown;

    if (nl_dim_apply(NL_DIM_QUOTIENT, rate, 2, &wanted)
        && nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ wanted, dim_of(rs, coefficient) }, 2, &wanted)
        && nl_dim_equal(wanted, dim_of(rs, right)))
        return true;
    nl_diag *diag =
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, statement->span, "the left side is %s, the right side %s",
                    nl_dim_text(arena, wanted), nl_dim_text(arena, dim_of(rs, right)));
    nl_diag_help(rs->ck->diags, diag, "`%s` is %s, so %s' is that per time", entry->name, nl_dim_text(arena, state),
                 entry->name);
    return false;
}

static void equation(nl_body *body, const nl_ast *statement)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_EQUATION, "");
    const nl_ast *left = statement->kids[0];
    const bool has_coefficient = left->kind == NL_AST_BINARY;
    const nl_ast *prime = has_coefficient ? left->kids[1] : left;

    nl_entry *entry = nl_state_named(body, prime->kids[0], "a derivative needs");
    const nl_ref coefficient = has_coefficient ? nl_body_value(&rs, left->kids[0]) : 0;
    const nl_ref right = nl_body_value(&rs, statement->kids[1]);
    if (entry == NULL || right == 0 || (has_coefficient && coefficient == 0)) return;
    if (!check_sides(&rs, statement, entry, coefficient, right) || !has_no_law(body, entry, left->span)) return;
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

static bool is_method(const nl_ast *statement)
{
    const nl_ast *left = nl_ast_bare(statement->kids[0]);

    return strcmp(statement->name, "=") == 0 && left->kind == NL_AST_NAME && strcmp(left->name, "method") == 0;
}

static void own_assign(nl_body *body, const nl_ast *statement)
{
    if (is_method(statement)) method(body, statement);
    else equation(body, statement);
}

/* --- maps and histories --- */

static nl_ref state_value(nl_resolver *rs, const nl_ast *expr, const nl_entry *entry, const char *what)
{
    const nl_ref ref = nl_body_value(rs, expr);

    if (ref == 0) return 0;
    const nl_dim got = nl_graph_node(nl_graph_of(rs), ref)->dim;
    return nl_body_dim_fits(rs->ck, expr->span, entry->name, rs->ck->model->vars.items[entry->var].dim, what, got) ? ref
                                                                                                                   : 0;
}

static void next(nl_body *body, const nl_ast *statement)
{
    nl_entry *entry = nl_state_named(body, statement->kids[0], "`next` needs");

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
    case NL_X_SPIKED:
    case NL_X_DRAW: return true;
    default: return false;
    }
}

static void history(nl_body *body, const nl_ast *statement)
{
    nl_entry *entry = nl_state_named(body, statement->kids[0], "`history` needs");

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
        nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_DELAY, statement->kids[1]->span,
                                    "a history can depend on `t` and parameters only");
        nl_diag_help(body->ck->diags, diag,
                     "draw a random start in a `param` and use that for the state and its history");
        return;
    }
    var->history = ref;
}

/* --- flows of projections --- */

static const nl_entry *refuse_target(nl_check *ck, const nl_ast *left, const char *owner, const nl_entry *entry)
{
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_FLOW, left->span,
                                "a continuous sum goes into an input, but `%s` is none", entry->name);

    nl_diag_also(ck->diags, diag, entry->span, "it is declared here");
    if (entry->kind == NL_ENTRY_STATE)
        nl_diag_help(ck->diags, diag,
                     "declare an `input` in %s and use it in the equation of `%s`; a jump at each spike: on pre { .. }",
                     owner, entry->name);
    else nl_diag_help(ck->diags, diag, "declare an `input` in %s", owner);
    return NULL;
}

/* The input that post.x or pre.x names; NULL after a diagnostic. */
static const nl_entry *flow_target(nl_body *body, const nl_ast *left, bool to_pre)
{
    nl_check *ck = body->ck;
    const nl_projection *projection = &ck->model->projections.items[body->number];
    const uint32_t population = to_pre ? projection->pre.population : projection->post.population;
    const nl_entry *entry = nl_side_entry(body, left, to_pre);

    return entry == NULL || entry->kind == NL_ENTRY_INPUT
               ? entry
               : refuse_target(ck, left, ck->model->populations.items[population].name, entry);
}

static bool flow_dim_fits(nl_body *body, const nl_ast *statement, const nl_entry *target, nl_ref value)
{
    const nl_dim wanted = body->ck->model->vars.items[target->var].dim,
                 got = nl_graph_node(body->ck->model->graph, value)->dim;
    nl_check *ck = body->ck;

    if (target->item == NULL || target->item->has_unit)
        return nl_body_dim_fits(ck, statement->kids[1]->span, target->name, wanted, "what is added", got);
    if (nl_dim_equal(wanted, got)) return true;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_DIMENSION, statement->kids[1]->span,
                                "`%s` is declared without a unit, but what is added is %s", target->name,
                                nl_dim_text(ck->arena, got));
    nl_diag_also(ck->diags, diag, target->span, "it is declared here");
    nl_diag_help(ck->diags, diag, "input %s : %s", target->name, nl_unit_shown_for(ck->arena, got).plain);
    return false;
}

/* post.x += e, pre.x -= e */
static void flow(nl_body *body, const nl_ast *statement)
{
    const nl_ast *left = nl_ast_bare(statement->kids[0]);
    const bool to_pre = strcmp(nl_ast_bare(left->kids[0])->name, "pre") == 0;
    nl_resolver rs = nl_resolver_of(body, NL_IN_FLOW, left->name);
    nl_model *model = body->ck->model;
    nl_flow made = { .projection = body->number, .to_pre = to_pre, .span = statement->span };

    const nl_entry *target = flow_target(body, left, to_pre);
    made.value = nl_body_value(&rs, statement->kids[1]);
    if (target == NULL || made.value == 0 || !flow_dim_fits(body, statement, target, made.value)) return;
    if (strcmp(statement->name, "-=") == 0) made.value = nl_expr_op1(model->graph, NL_OP_NEG, made.value);
    made.input = target->var;
    NL_PUSH(body->ck->arena, &model->flows, made);
}

static void projection_assign(nl_body *body, const nl_ast *statement)
{
    if (nl_ast_bare(statement->kids[0])->kind == NL_AST_FIELD) flow(body, statement);
    else own_assign(body, statement);
}

/* --- which statement it is --- */

typedef struct statement_row {
    nl_statement_fn population, projection;
    const char *not_yet; /* where there is no function */
} statement_row;

static const statement_row rows[NL_AST_KIND_COUNT] = {
    [NL_AST_ASSIGN] = { own_assign, projection_assign, NULL },
    [NL_AST_NEXT] = { next, next, NULL },
    [NL_AST_HISTORY] = { history, NULL, "histories of synapses are" },
    [NL_AST_EVERY_STEP] = { nl_body_block, nl_body_block, NULL },
    [NL_AST_EVERY] = { nl_body_block, nl_body_block, NULL },
    [NL_AST_AT] = { nl_body_block, nl_body_block, NULL },
    [NL_AST_SPIKE_WHEN] = { nl_body_event, NULL, NULL },
    [NL_AST_SPIKE_AT] = { nl_body_spike_at, NULL, NULL },
    [NL_AST_EVENT] = { nl_body_event, nl_body_event, NULL },
    [NL_AST_WHEN] = { nl_body_event, nl_body_event, NULL },
    [NL_AST_REFRACTORY] = { nl_body_refractory, NULL, NULL },
    [NL_AST_REFRACTORY_WHILE] = { nl_body_refractory, NULL, NULL },
    [NL_AST_ON] = { NULL, nl_body_on, NULL },
};

void nl_body_statement(nl_body *body, const nl_ast *statement)
{
    const statement_row *row = &rows[statement->kind];
    const nl_statement_fn act = body->is_projection ? row->projection : row->population;

    if (act != NULL) act(body, statement);
    else if (row->not_yet != NULL) nl_body_not_yet(body->ck, statement->span, row->not_yet);
    else
        nl_diag_add(body->ck->diags, NL_E_BODY_STATEMENT, statement->span, "`%s` cannot stand in this body",
                    nl_ast_kinds[statement->kind].word);
}
