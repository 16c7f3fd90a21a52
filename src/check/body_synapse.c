/* Synapses that spikes reach: on pre, on post, how long a spike takes, and what they change. */
#include "body.h"
#include "plan.h"

#include <math.h>
#include <string.h>

static const nl_projection *projection_of(const nl_body *body)
{
    return &body->ck->model->projections.items[body->number];
}

static uint32_t side_of(const nl_body *body, bool is_pre)
{
    return is_pre ? projection_of(body)->pre.population : projection_of(body)->post.population;
}

static nl_body *side_body(const nl_body *body, bool is_pre)
{
    const nl_body_state *state = nl_body_state_of(body->ck);
    const uint32_t number = side_of(body, is_pre);

    return number < state->populations.count ? state->populations.items[number] : NULL;
}

/* --- what a body changes of its neurons --- */

nl_entry *nl_side_entry(nl_body *body, const nl_ast *left, bool is_pre)
{
    nl_check *ck = body->ck;
    nl_body *side = side_body(body, is_pre);
    nl_entry *entry = side != NULL ? nl_entry_find(side, left->name) : NULL;

    if (entry == NULL && side != NULL) {
        const nl_symbol owner = { .kind = NL_SYM_POPULATION, .name = side->name, .id = side->number };
        nl_member_node(ck, &owner, left->name, left->span);
    }
    return entry;
}

static const nl_entry *refuse_target(nl_body *body, const nl_ast *left, const nl_entry *entry, bool is_pre)
{
    static const char *const words[] = {
        [NL_ENTRY_PARAM] = "a parameter", [NL_ENTRY_INPUT] = "an input", [NL_ENTRY_LET] = "a `let`"
    };
    nl_check *ck = body->ck;
    const char *owner = ck->model->populations.items[side_of(body, is_pre)].name;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_FLOW, left->span, "an event changes a state, but `%s` is %s",
                                entry->name, words[entry->kind]);

    nl_diag_also(ck->diags, diag, entry->span, "it is declared here");
    if (entry->kind == NL_ENTRY_INPUT)
        nl_diag_help(ck->diags, diag, "an input is summed anew all the time; declare `state %s = 0 decays T` in %s",
                     entry->name, owner);
    else nl_diag_help(ck->diags, diag, "declare a `state` in %s", owner);
    return NULL;
}

const nl_entry *nl_synapse_target(nl_body *body, const nl_ast *left, bool is_pre)
{
    const nl_entry *entry = nl_side_entry(body, left, is_pre);

    return entry == NULL || entry->kind == NL_ENTRY_STATE ? entry : refuse_target(body, left, entry, is_pre);
}

/* --- how long a spike takes --- */

static bool refuse_delay(nl_body *body, const nl_ast *expr, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_DELAY, expr->span, "%s", sentence);

    if (help != NULL) nl_diag_help(body->ck->diags, diag, "%s", help);
    return false;
}

static bool is_delay(nl_body *body, const nl_ast *expr, nl_ref delay)
{
    nl_check *ck = body->ck;
    const nl_dim dim = nl_graph_node(ck->model->graph, delay)->dim;
    double known;

    if (!nl_dim_equal(dim, nl_check_time_dim(ck))) {
        nl_diag_add(ck->diags, NL_E_DIMENSION, expr->span, "a delay is a time, not %s", nl_dim_text(ck->arena, dim));
        return false;
    }
    if (nl_changes_in_time(ck->model->graph, delay))
        return refuse_delay(body, expr, "the delay of spikes does not change in time",
                            "it is made of parameters of the synapse and of its neurons");
    if (!nl_expr_is_const(ck->model->graph, delay, &known)) return true;
    if (!(known >= 0 && isfinite(known))) return refuse_delay(body, expr, "a delay is finite and not negative", NULL);
    if (ck->model->dt > 0) nl_plan_steps(ck, ck->arena, expr->span, known, "a delay");
    return true;
}

/* What is drawn is drawn once for each synapse; 0: no delay, or a fault. */
static nl_ref delay_node(nl_body *body, const nl_ast *expr, const char *name)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_PARAM, name);
    const nl_graph *graph = body->ck->model->graph;
    const nl_ref delay = nl_body_value(&rs, expr);
    double known;

    if (delay == 0 || !is_delay(body, expr, delay)) return 0;
    if (nl_expr_is_const(graph, delay, &known) && known == 0) return 0;
    return nl_draws(graph, delay) ? nl_body_hidden_param(body, name, delay, expr->span) : delay;
}

static const char *const delay_names[] = { "delay", "dendritic_delay" };

void nl_body_collect_delay(nl_body *body, const nl_ast *statement)
{
    const int which = statement->kind == NL_AST_DENDRITIC_DELAY;

    if (body->delays[which] == NULL) {
        body->delays[which] = statement;
        body->delay_origins[which] = body->origin;
        return;
    }
    nl_diag *diag =
        nl_diag_add(body->ck->diags, NL_E_BODY_TWICE, statement->span, "a projection has one `%s`", delay_names[which]);
    nl_diag_also(body->ck->diags, diag, body->delays[which]->span, "the first is here");
    nl_diag_help(body->ck->diags, diag, "a second pathway has a delay of its own: on pre delay T { .. }");
}

void nl_body_delays(nl_body *body)
{
    for (int k = 0; k < 2; k++) {
        if (body->delays[k] == NULL) continue;
        nl_body_read(body, body->delay_origins[k]);
        body->delay_nodes[k] = delay_node(body, body->delays[k]->kids[0], delay_names[k]);
    }
    nl_body_read(body, nl_origin_body);
}

/* --- on pre, on post --- */

static uint32_t refuse_event(nl_body *body, const nl_ast *on, const nl_body *side)
{
    nl_check *ck = body->ck;
    const bool is_named = on->kind == NL_AST_FIELD;
    nl_diag *diag =
        is_named ? nl_diag_add(ck->diags, NL_E_BODY_EVENT, on->span, "`%s` has no event `%s`", side->name, on->name)
                 : nl_diag_add(ck->diags, NL_E_BODY_EVENT, on->span, "`%s` has no spikes", side->name);

    if (is_named) nl_diag_help(ck->diags, diag, "declare it in %s: event %s when CONDITION", side->name, on->name);
    else nl_diag_help(ck->diags, diag, "say in %s when it spikes: spike when CONDITION", side->name);
    return NL_NO_EVENT;
}

static uint32_t event_of(nl_body *body, const nl_ast *on, bool is_pre)
{
    nl_body *side = side_body(body, is_pre);

    if (side == NULL || side->is_opaque) return NL_NO_EVENT;
    const uint32_t event = on->kind == NL_AST_FIELD ? nl_body_event_find(side, on->name) : nl_body_spikes(side);
    return event != NL_NO_EVENT ? event : refuse_event(body, on, side);
}

static bool is_written(void *user, const nl_node *node)
{
    const nl_pathway *pathway = user;

    if (node->kind != NL_X_STATE) return false;
    for (size_t k = 0; k < pathway->writes.count; k++)
        if (pathway->writes.items[k].kind != NL_WRITE_OWN && pathway->writes.items[k].var == node->id) return true;
    return false;
}

/* Whether a synapse may see what another one has written in the same event. */
static bool is_in_turn(const nl_graph *graph, nl_pathway *pathway)
{
    for (size_t k = 0; k < pathway->writes.count; k++) {
        const nl_write *write = &pathway->writes.items[k];
        if (write->kind == NL_WRITE_SET || nl_expr_any(graph, write->value, is_written, pathway)) return true;
    }
    return false;
}

static void keep_writes(nl_body *body, nl_pathway *pathway, const nl_env *env)
{
    for (size_t k = 0; k < env->assigns.count; k++) {
        const nl_assign *a = &env->assigns.items[k];
        const nl_write own = { .kind = NL_WRITE_OWN, .var = a->var, .value = a->value, .span = a->span };
        NL_PUSH(body->ck->arena, &pathway->writes, own);
    }
    for (size_t k = 0; k < env->writes.count; k++) NL_PUSH(body->ck->arena, &pathway->writes, env->writes.items[k]);
}

/* A value that each synapse sets is that of the last one. */
static void warn_overwritten(nl_body *body, const nl_pathway *pathway)
{
    const nl_projection *p = projection_of(body);
    nl_diags *diags = body->ck->diags;

    for (size_t k = 0; k < pathway->writes.count && p->rule.kind != NL_RULE_ONE_TO_ONE; k++) {
        const nl_write *write = &pathway->writes.items[k];
        const nl_part *others = write->to_pre ? &p->post : &p->pre;
        if (write->kind != NL_WRITE_SET || others->count == 1) continue;
        const char *name = body->ck->model->vars.items[write->var].name, *side = write->to_pre ? "pre" : "post";
        nl_diag *diag = nl_diag_add(diags, NL_W_OVERWRITTEN, write->span,
                                    "several synapses write `%s.%s`, one after the other", side, name);
        nl_diag_help(diags, diag, "what they bring is added up with: %s.%s += ..", side, name);
    }
}

void nl_body_on(nl_body *body, const nl_ast *statement)
{
    const nl_ast *on = nl_ast_bare(statement->kids[0]), *delay = nl_ast_kid(statement, 1);
    const nl_ast *side = on->kind == NL_AST_FIELD ? nl_ast_bare(on->kids[0]) : on;
    const bool is_pre = strcmp(side->name, "pre") == 0;
    nl_model *model = body->ck->model;
    nl_pathway pathway = { .projection = body->number, .on_post = !is_pre, .span = statement->span };

    pathway.event = event_of(body, on, is_pre);
    pathway.delay = delay != NULL ? delay_node(body, delay, delay_names[!is_pre]) : body->delay_nodes[!is_pre];
    if (delay == NULL && body->delays[!is_pre] != NULL) delay = body->delays[!is_pre]->kids[0];
    pathway.delay_span = delay != NULL ? delay->span : statement->span;
    const nl_env env = nl_body_write(body, NL_IN_PATHWAY, nl_ast_kid(statement, 2));
    keep_writes(body, &pathway, &env);
    pathway.in_turn = is_in_turn(model->graph, &pathway);
    warn_overwritten(body, &pathway);
    NL_PUSH(body->ck->arena, &model->pathways, pathway);
    model->projections.items[body->number].by_pre = true;
    if (!is_pre) model->projections.items[body->number].by_post = true;
}

/* --- sources that are silent most of the time --- */

static bool is_gated(const nl_model *model, nl_ref ref);

static bool is_zero(const nl_graph *graph, nl_ref ref)
{
    double number;

    return nl_expr_is_const(graph, ref, &number) && number == 0;
}

static bool is_gated_op(const nl_model *model, const nl_node *node)
{
    const nl_graph *graph = model->graph;

    switch (node->op) {
    case NL_OP_MUL: return is_gated(model, node->args[0]) || is_gated(model, node->args[1]);
    case NL_OP_DIV:
    case NL_OP_NEG: return is_gated(model, node->args[0]);
    case NL_OP_IF: return is_zero(graph, node->args[1]) || is_zero(graph, node->args[2]);
    default: return false;
    }
}

/* A value of neurons that is 0 where a condition does not hold. */
static bool is_gated(const nl_model *model, nl_ref ref)
{
    const nl_node *node = nl_graph_node(model->graph, ref);

    if (node->is_bool) return nl_varies_in_time(model->graph, ref);
    if (node->kind == NL_X_DELAY) return is_gated(model, model->delays.items[node->id].expr);
    return node->kind == NL_X_OP && is_gated_op(model, node);
}

static bool is_of_pre_alone(const nl_graph *graph, nl_ref ref)
{
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind == NL_X_PRE || !nl_varies_in_time(graph, ref)) return true;
    if (node->kind != NL_X_OP) return false;
    for (int k = 0; k < node->arg_count; k++)
        if (!is_of_pre_alone(graph, node->args[k])) return false;
    return true;
}

/* Whether some factor of what a synapse brings is silent on the side of its pre neuron. */
static bool has_gate(const nl_model *model, nl_ref ref)
{
    const nl_graph *graph = model->graph;
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind == NL_X_PRE) return is_gated(model, node->args[0]);
    if (node->is_bool) return nl_varies_in_time(graph, ref) && is_of_pre_alone(graph, ref);
    if (node->kind != NL_X_OP) return false;
    switch (node->op) {
    case NL_OP_MUL: return has_gate(model, node->args[0]) || has_gate(model, node->args[1]);
    case NL_OP_IF:
        return (is_zero(graph, node->args[1]) || is_zero(graph, node->args[2])) && has_gate(model, node->args[0]);
    case NL_OP_DIV:
    case NL_OP_NEG: return has_gate(model, node->args[0]);
    default: return false;
    }
}

static void find_gates(nl_body *body)
{
    nl_model *model = body->ck->model;

    for (size_t k = body->first_flow; k < model->flows.count; k++) {
        const nl_flow *flow = &model->flows.items[k];
        if (!flow->to_pre && has_gate(model, flow->value)) model->projections.items[body->number].by_pre = true;
    }
}

/* --- the whole body --- */

static bool has_pathway(const nl_body *body, bool on_post)
{
    const nl_model *model = body->ck->model;

    for (size_t k = body->first_pathway; k < model->pathways.count; k++)
        if (model->pathways.items[k].on_post == on_post) return true;
    return false;
}

static void warn_delay(nl_body *body, int which)
{
    if (body->delays[which] == NULL || has_pathway(body, which == 1)) return;
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_W_DELAY_UNUSED, body->delays[which]->span,
                                "nothing is delayed: this projection has no `on %s`", which == 1 ? "post" : "pre");
    nl_diag_help(body->ck->diags, diag,
                 !has_pathway(body, which == 0) ? "what flows continuously is delayed where it is read: delay(pre.x, d)"
                 : which == 1                   ? "from a pre neuron's spike to `on pre`: delay T"
                                                : "from a post neuron's spike to `on post`: dendritic_delay T");
}

/* What its synapses are for can be read of it when they have a name and something to read. */
static void warn_idle(nl_body *body, const nl_ast *decl)
{
    const nl_model *model = body->ck->model;
    const nl_projection *p = projection_of(body);

    if (model->flows.count > body->first_flow || model->pathways.count > body->first_pathway || body->events.count > 0)
        return;
    if (decl->kids[0] != NULL && (nl_ast_kid(decl, 6) == NULL || p->vars.count + p->lets.count > 0)) return;
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_W_PROJECTION_IDLE, p->span, "this projection does nothing");
    nl_diag_help(body->ck->diags, diag,
                 "its body says what synapses bring: { post.x += w * pre.y } or { on pre { post.x += w } }");
}

void nl_body_close_synapses(nl_body *body, const nl_ast *decl)
{
    find_gates(body);
    if (body->is_opaque) return;
    for (int k = 0; k < 2; k++) warn_delay(body, k);
    warn_idle(body, decl);
}
