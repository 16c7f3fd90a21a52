/* Events: when the elements of a population fire, or synapses do, and what happens then. */
#include "body.h"
#include "plan.h"

#include <math.h>
#include <string.h>

/* --- their numbers --- */

static const struct event_row {
    bool is_event;
    nl_event_kind kind;
    const char *words;
} rows[NL_AST_KIND_COUNT] = {
    [NL_AST_SPIKE_WHEN] = { true, NL_EVENT_LEVEL, "`spike when`" },
    [NL_AST_SPIKE_AT] = { true, NL_EVENT_TIMES, "`spike at`" },
    [NL_AST_EVENT] = { true, NL_EVENT_EDGE, "`event`" },
    [NL_AST_WHEN] = { true, NL_EVENT_EDGE, "`when`" },
};

static const char spikes[] = "spikes";

static const char *name_of(const nl_ast *statement)
{
    if (statement->kind == NL_AST_SPIKE_WHEN || statement->kind == NL_AST_SPIKE_AT) return spikes;
    return statement->kind == NL_AST_EVENT ? statement->name : NULL;
}

static nl_span name_span(const nl_ast *statement)
{
    return statement->name_span.end != 0 ? statement->name_span : statement->span;
}

static nl_event_entry *find_statement(const nl_body *body, const nl_ast *statement)
{
    for (size_t k = 0; k < body->events.count; k++)
        if (body->events.items[k].statement == statement) return &body->events.items[k];
    return NULL;
}

static const nl_event_entry *find_name(const nl_body *body, const char *name)
{
    for (size_t k = 0; k < body->events.count; k++)
        if (body->events.items[k].name != NULL && strcmp(body->events.items[k].name, name) == 0)
            return &body->events.items[k];
    return NULL;
}

static bool refuse_twice(nl_body *body, const nl_ast *statement, nl_span other)
{
    const char *name = name_of(statement);
    nl_diag *diag =
        name == spikes
            ? nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, statement->span, "a population has one `spike` statement")
            : nl_diag_add(body->ck->diags, NL_E_DUPLICATE, name_span(statement), "`%s` is declared twice", name);

    nl_diag_also(body->ck->diags, diag, other, name == spikes ? "the first is here" : "it is declared here");
    if (name == spikes)
        nl_diag_help(body->ck->diags, diag,
                     "join the conditions with `or`; other events have names: event NAME when ..");
    return false;
}

static bool is_free(nl_body *body, const nl_ast *statement)
{
    const char *name = name_of(statement);
    const nl_event_entry *other = name != NULL ? find_name(body, name) : NULL;
    const nl_entry *entry = name != NULL && name != spikes ? nl_entry_find(body, name) : NULL;

    if (name != NULL && name != spikes && strcmp(name, spikes) == 0) {
        nl_diag_add(body->ck->diags, NL_E_BODY_EVENT, name_span(statement),
                    "`spikes` are those of the `spike` statement; other events have other names");
        return false;
    }
    if (other != NULL) return refuse_twice(body, statement, other->statement->span);
    return entry == NULL || refuse_twice(body, statement, entry->span);
}

/* Numbers follow the order of the statements, which is that of their bodies. */
void nl_body_collect_event(nl_body *body, const nl_ast *statement)
{
    nl_model *model = body->ck->model;
    const nl_event_entry mine = { statement, name_of(statement), (uint32_t)model->events.count };
    const nl_event event = { .kind = rows[statement->kind].kind,
                             .name = mine.name,
                             .population = body->is_projection ? UINT32_MAX : body->number,
                             .projection = body->is_projection ? body->number : UINT32_MAX,
                             .span = statement->span };

    if (!rows[statement->kind].is_event || find_statement(body, statement) != NULL || !is_free(body, statement)) return;
    NL_PUSH(body->ck->arena, &body->events, mine);
    NL_PUSH(body->ck->arena, &model->events, event);
}

void nl_body_replace_event(nl_body *body, const nl_ast *old, const nl_ast *statement)
{
    nl_event_entry *entry = find_statement(body, old);

    if (entry == NULL) return;
    entry->statement = statement;
    body->ck->model->events.items[entry->number].kind = rows[statement->kind].kind;
    body->ck->model->events.items[entry->number].span = statement->span;
}

/* At top level an equation may stand above the statement that it speaks of. */
static void look_ahead(nl_body *body, const char *name)
{
    const nl_ast *text = nl_scope_of_text(body->scope->parent)->text;
    int last = 0;

    for (int k = 0; k < text->kid_count; k++) {
        const nl_ast *statement = text->kids[k];
        if (rows[statement->kind].is_event && name_of(statement) != NULL && strcmp(name_of(statement), name) == 0)
            last = k + 1;
    }
    for (int k = 0; k < last; k++) nl_body_collect_event(body, text->kids[k]);
}

uint32_t nl_body_event_number(const nl_body *body, const nl_ast *statement)
{
    const nl_event_entry *event = find_statement(body, statement);

    return event != NULL ? event->number : NL_NO_EVENT;
}

uint32_t nl_body_event_find(nl_body *body, const char *name)
{
    if (find_name(body, name) == NULL && body->is_top) look_ahead(body, name);
    const nl_event_entry *event = find_name(body, name);
    return event != NULL ? event->number : NL_NO_EVENT;
}

uint32_t nl_body_spikes(nl_body *body) { return body->is_projection ? NL_NO_EVENT : nl_body_event_find(body, spikes); }

/* --- spiked --- */

nl_ref nl_spiked_node(nl_body *body, const char *owner, nl_span span)
{
    const uint32_t event = nl_body_spikes(body);
    nl_check *ck = body->ck;

    if (event != NL_NO_EVENT)
        return nl_graph_add(
            ck->model->graph,
            &(nl_node){ .kind = NL_X_SPIKED, .id = event, .space = body->space, .is_bool = true, .dim = nl_dim_none });
    if (body->is_opaque) return 0;
    nl_diag *diag = owner[0] != '\0' ? nl_diag_add(ck->diags, NL_E_BODY_EVENT, span, "`%s` has no spikes", owner)
                                     : nl_diag_add(ck->diags, NL_E_BODY_EVENT, span, "nothing spikes here");
    nl_diag_help(ck->diags, diag, "say when it spikes: spike when CONDITION");
    return 0;
}

bool nl_is_spiked(const char *name) { return strcmp(name, "spiked") == 0; }

nl_ref nl_resolve_spiked(nl_resolver *rs, const nl_ast *e)
{
    if (rs->body != NULL && !rs->body->is_projection) return nl_spiked_node(rs->body, rs->body->name, e->span);
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_BODY_EVENT, e->span, "`spiked` belongs to a population");
    nl_diag_help(rs->ck->diags, diag,
                 rs->body != NULL ? "name the side: pre.spiked or post.spiked" : "name the population: E.spiked");
    return 0;
}

/* --- crosses --- */

static nl_ref at_start(nl_graph *graph, nl_ref ref)
{
    const nl_node now = *nl_graph_node(graph, ref);
    nl_node old = { .kind = NL_X_OLD, .space = now.space, .dim = now.dim, .is_bool = now.is_bool, .arg_count = 1 };

    if (!nl_varies_in_time(graph, ref)) return ref;
    old.args[0] = ref;
    return nl_graph_add(graph, &old);
}

/* x crosses above y: x <= y when the step began, x > y now. */
nl_ref nl_resolve_crosses(nl_resolver *rs, const nl_ast *e)
{
    const bool above = strcmp(e->name, "above") == 0;
    nl_graph *graph = nl_graph_of(rs);
    nl_ref args[] = { nl_resolve(rs, e->kids[0]), nl_resolve(rs, e->kids[1]) };
    nl_eval_context cx = nl_value_context(rs);

    if (args[0] == 0 || args[1] == 0) return 0;
    const nl_value fits = nl_value_binary(&cx, e->span, above ? ">" : "<", nl_stand_in(rs, args[0]), e->kids[0]->span,
                                          nl_stand_in(rs, args[1]), e->kids[1]->span);
    if (fits.kind == NL_KIND_NONE || !nl_unify(rs, (const nl_ast *const *)e->kids, args, 2)) return 0;
    const nl_ref now = nl_compare(rs, above ? ">" : "<", args[0], args[1]);
    nl_node before = *nl_graph_node(graph, nl_compare(rs, above ? "<=" : ">=", args[0], args[1]));
    for (int k = 0; k < before.arg_count; k++) before.args[k] = at_start(graph, before.args[k]);
    return nl_expr_op2(graph, NL_OP_AND, nl_graph_add(graph, &before), now);
}

/* A crossing holds for one step: it need not have been false before. */
static bool is_momentary(const nl_ast *e)
{
    e = nl_ast_bare(e);
    if (e->kind == NL_AST_CROSSES) return true;
    if (e->kind != NL_AST_BINARY) return false;
    if (strcmp(e->name, "and") == 0) return is_momentary(e->kids[0]) || is_momentary(e->kids[1]);
    return strcmp(e->name, "or") == 0 && is_momentary(e->kids[0]) && is_momentary(e->kids[1]);
}

static bool is_draw(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_DRAW;
}

bool nl_draws(const nl_graph *graph, nl_ref ref) { return nl_expr_any(graph, ref, is_draw, NULL); }

/* --- conditions and bodies --- */

static nl_ref condition_of(nl_body *body, const nl_ast *expr, const char *name, const char *words)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_CONDITION, name);
    const nl_ref ref = nl_resolve_condition(&rs, expr, words);

    return ref != 0 ? nl_conform(&rs, expr, ref, body->space) : 0;
}

/* select max(x): the one for which x is largest. */
static nl_ref selection(nl_body *body, const nl_ast *expr)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_CONDITION, "select");
    const nl_ast *call = nl_ast_bare(expr);

    if (call->kind == NL_AST_CALL && strcmp(nl_call_name(call), "max") == 0 && call->kid_count == 2
        && call->kids[1]->kind != NL_AST_ARG)
        return nl_body_value(&rs, call->kids[1]);
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_EVENT, expr->span, "this selects no element");
    nl_diag_help(body->ck->diags, diag, "write select max(x): the one for which x is largest; of -x: smallest");
    return 0;
}

/* What happens to those that fire. */
void nl_body_event_block(nl_body *body, const nl_ast *block, nl_event *event)
{
    const nl_env env = nl_body_write(body, NL_IN_EVENT, block);

    for (size_t k = 0; k < env.assigns.count; k++) NL_PUSH(body->ck->arena, &event->assigns, env.assigns.items[k]);
}

void nl_body_event(nl_body *body, const nl_ast *statement)
{
    nl_body_collect_event(body, statement);
    const uint32_t number = nl_body_event_number(body, statement);
    const nl_ast *select = nl_ast_kid(statement, 1);
    nl_model *model = body->ck->model;

    if (number == NL_NO_EVENT) return;
    nl_event event = model->events.items[number];
    event.condition =
        condition_of(body, statement->kids[0], event.name != NULL ? event.name : "event", rows[statement->kind].words);
    if (select != NULL) event.select = selection(body, select);
    if (event.kind == NL_EVENT_EDGE && (is_momentary(statement->kids[0]) || nl_draws(model->graph, event.condition)))
        event.kind = NL_EVENT_LEVEL;
    nl_body_event_block(body, nl_ast_kid(statement, 2), &event);
    model->events.items[number] = event;
}

/* --- refractoriness --- */

static bool refuse_rest(nl_body *body, nl_span span, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_EVENT, span, "%s", sentence);

    if (help != NULL) nl_diag_help(body->ck->diags, diag, "%s", help);
    return false;
}

static bool is_rest(nl_body *body, const nl_ast *expr, nl_ref time)
{
    nl_check *ck = body->ck;
    const nl_dim dim = nl_graph_node(ck->model->graph, time)->dim;
    double known;

    if (!nl_dim_equal(dim, nl_check_time_dim(ck))) {
        nl_diag_add(ck->diags, NL_E_DIMENSION, expr->span, "a refractory period is a time, not %s",
                    nl_dim_text(ck->arena, dim));
        return false;
    }
    if (nl_varies_in_time(ck->model->graph, time))
        return refuse_rest(body, expr->span, "a refractory period does not change in time",
                           "write `refractory while CONDITION`");
    if (!nl_expr_is_const(ck->model->graph, time, &known)) return true;
    if (!(known >= 0 && isfinite(known)))
        return refuse_rest(body, expr->span, "a refractory period is finite and not negative", NULL);
    return true;
}

static bool is_held(const nl_refractory *refractory, uint32_t var)
{
    for (size_t k = 0; k < refractory->held.count; k++)
        if (refractory->held.items[k] == var) return true;
    return false;
}

static void hold(nl_body *body, const nl_ast *names, nl_refractory *refractory)
{
    for (int k = 0; names != NULL && k < names->kid_count; k++) {
        const nl_ast *name = nl_ast_bare(names->kids[k]);
        if (name->kind != NL_AST_NAME) {
            refuse_rest(body, name->span, "`holding` takes names of states of this population", NULL);
            continue;
        }
        const nl_entry *entry = nl_state_named(body, name, "`holding` needs");
        if (entry != NULL && !is_held(refractory, entry->var)) NL_PUSH(body->ck->arena, &refractory->held, entry->var);
    }
}

static bool may_rest(nl_body *body, const nl_ast *statement)
{
    if (body->refractory != NULL) {
        nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, statement->span,
                                    "a population has one `refractory` statement");
        nl_diag_also(body->ck->diags, diag, body->refractory->span, "the first is here");
        return false;
    }
    body->refractory = statement;
    const uint32_t spikes_here = nl_body_spikes(body);
    if (spikes_here != NL_NO_EVENT && body->ck->model->events.items[spikes_here].kind == NL_EVENT_TIMES)
        return refuse_rest(body, statement->span, "these spikes come at given times, refractory or not", NULL);
    return spikes_here != NL_NO_EVENT || body->is_opaque
           || refuse_rest(body, statement->span, "nothing spikes here, so nothing is refractory",
                          "say when it spikes: spike when CONDITION");
}

void nl_body_refractory(nl_body *body, const nl_ast *statement)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_REFRACTORY, "refractory");
    nl_refractory refractory = {
        .population = body->number, .span = statement->span, .time_span = statement->kids[0]->span
    };

    if (!may_rest(body, statement)) return;
    if (statement->kind == NL_AST_REFRACTORY_WHILE)
        refractory.condition = condition_of(body, statement->kids[0], "refractory", "`refractory while`");
    else {
        refractory.time = nl_body_value(&rs, statement->kids[0]);
        if (refractory.time != 0 && !is_rest(body, statement->kids[0], refractory.time)) return;
    }
    hold(body, nl_ast_kid(statement, 1), &refractory);
    NL_PUSH(body->ck->arena, &body->ck->model->refractories, refractory);
}
