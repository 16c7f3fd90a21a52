/* What can only be known after the last declaration: circles, what nothing feeds or changes, methods. */
#include "body.h"
#include "plan.h"
#include "use.h"

#include "lang/scheme.h"

#include <stdlib.h>
#include <string.h>

typedef struct finisher {
    nl_check *ck;
    nl_model *model;
    uint8_t *color;   /* by variable: 0 new, 1 on the path, 2 done */
    uint8_t *touched; /* by variable: something assigns or feeds it */
    NL_LIST(uint32_t) path;
    NL_LIST(nl_span) places; /* of the statement that led from each to the next */
} finisher;

/* --- circles --- */

static void visit(finisher *f, uint32_t var);

/* "X.rec -> Y.a -> X.rec" */
static void refuse_circle(finisher *f, uint32_t var)
{
    nl_text text = nl_text_new(f->ck->arena);
    size_t first = f->path.count;

    while (first > 0 && f->path.items[first - 1] != var) first--;
    for (size_t k = first - 1; k <= f->path.count; k++) {
        const nl_var *v = &f->model->vars.items[k < f->path.count ? f->path.items[k] : var];
        nl_text_addf(&text, "%s%s%s", k >= first ? " -> " : "", v->full_name, v->kind == NL_VAR_STATE ? "'" : "");
    }
    nl_diag *diag = nl_diag_add(f->ck->diags, NL_E_CIRCLE, f->places.items[first - 1],
                                "these depend on each other at the same moment: %s", text.chars);
    nl_diag_help(f->ck->diags, diag, "a past value breaks the circle: prev(..) or delay(.., d)");
}

typedef struct reader {
    finisher *f;
    uint8_t *seen;
} reader;

/* Follows the inputs and derivatives that an expression reads now; what it remembers of the past is no leaf of it. */
static void follow(reader *r, nl_ref ref)
{
    const nl_node *node = nl_graph_node(r->f->model->graph, ref);

    if (ref == 0 || r->seen[ref]) return;
    r->seen[ref] = 1;
    if (node->kind == NL_X_INPUT || node->kind == NL_X_DERIV) visit(r->f, node->id);
    for (int k = 0; k < node->arg_count; k++) follow(r, node->args[k]);
}

static void follow_from(finisher *f, nl_ref ref, nl_span span)
{
    reader r = { f, nl_calloc(nl_graph_size(f->model->graph), 1) };

    NL_PUSH(f->ck->arena, &f->places, span);
    follow(&r, ref);
    f->places.count--;
    free(r.seen);
}

static void visit(finisher *f, uint32_t var)
{
    const nl_var *v = &f->model->vars.items[var];

    if (f->color[var] == 1) refuse_circle(f, var);
    if (f->color[var] != 0) return;
    f->color[var] = 1;
    NL_PUSH(f->ck->arena, &f->path, var);
    if (v->kind == NL_VAR_STATE && v->deriv != 0) follow_from(f, v->deriv, v->deriv_span);
    for (size_t k = 0; v->kind == NL_VAR_INPUT && k < f->model->flows.count; k++)
        if (f->model->flows.items[k].input == var)
            follow_from(f, f->model->flows.items[k].value, f->model->flows.items[k].span);
    f->path.count--;
    f->color[var] = 2;
}

static void find_circles(finisher *f)
{
    for (uint32_t k = 0; k < f->model->vars.count; k++) visit(f, k);
}

/* --- derivatives of states without an equation --- */

typedef struct law_search {
    const nl_model *model;
    const nl_var *var; /* that has none */
} law_search;

static bool missing_law(void *user, const nl_node *node)
{
    law_search *search = user;

    if (node->kind != NL_X_DERIV || search->model->vars.items[node->id].deriv != 0) return false;
    search->var = &search->model->vars.items[node->id];
    return true;
}

static void check_derivatives(finisher *f, nl_ref ref, nl_span span)
{
    law_search search = { f->model, NULL };

    if (ref == 0 || !nl_expr_any(f->model->graph, ref, missing_law, &search)) return;
    nl_diag_add(f->ck->diags, NL_E_BODY_EQUATION, span, "`%s` has no equation, so there is no %s'",
                search.var->full_name, search.var->name);
}

static void check_lets(finisher *f, const nl_let *lets, size_t count)
{
    for (size_t k = 0; k < count; k++) check_derivatives(f, lets[k].node, lets[k].span);
}

static void check_assigns(finisher *f, const nl_assign *assigns, size_t count)
{
    for (size_t k = 0; k < count; k++) check_derivatives(f, assigns[k].value, assigns[k].span);
}

static void check_equations(finisher *f)
{
    const nl_model *model = f->model;

    for (size_t k = 0; k < model->vars.count; k++) {
        const nl_var *v = &model->vars.items[k];
        check_derivatives(f, v->deriv != 0 ? v->deriv : v->next, v->deriv_span);
    }
    for (size_t k = 0; k < model->flows.count; k++)
        check_derivatives(f, model->flows.items[k].value, model->flows.items[k].span);
    for (size_t k = 0; k < model->populations.count; k++)
        check_lets(f, model->populations.items[k].lets.items, model->populations.items[k].lets.count);
    for (size_t k = 0; k < model->projections.count; k++)
        check_lets(f, model->projections.items[k].lets.items, model->projections.items[k].lets.count);
}

static void check_actions(finisher *f)
{
    const nl_model *model = f->model;

    for (size_t k = 0; k < model->blocks.count; k++)
        check_assigns(f, model->blocks.items[k].assigns.items, model->blocks.items[k].assigns.count);
    for (size_t k = 0; k < model->events.count; k++) {
        const nl_event *event = &model->events.items[k];
        check_derivatives(f, event->condition, event->span);
        check_derivatives(f, event->select, event->span);
        check_assigns(f, event->assigns.items, event->assigns.count);
    }
    for (size_t k = 0; k < model->refractories.count; k++)
        check_derivatives(f, model->refractories.items[k].condition, model->refractories.items[k].span);
    for (size_t k = 0; k < model->pathways.count; k++)
        for (size_t j = 0; j < model->pathways.items[k].writes.count; j++)
            check_derivatives(f, model->pathways.items[k].writes.items[j].value,
                              model->pathways.items[k].writes.items[j].span);
}

/* --- what nothing changes or feeds --- */

static void touch_all(finisher *f, const nl_assign *assigns, size_t count)
{
    for (size_t k = 0; k < count; k++) f->touched[assigns[k].var] = 1;
}

/* Which states something assigns, and which inputs something feeds. */
static void find_touched(finisher *f)
{
    const nl_model *model = f->model;

    for (size_t k = 0; k < model->flows.count; k++) f->touched[model->flows.items[k].input] = 1;
    for (size_t k = 0; k < model->blocks.count; k++)
        touch_all(f, model->blocks.items[k].assigns.items, model->blocks.items[k].assigns.count);
    for (size_t k = 0; k < model->events.count; k++)
        touch_all(f, model->events.items[k].assigns.items, model->events.items[k].assigns.count);
    for (size_t k = 0; k < model->pathways.count; k++)
        for (size_t j = 0; j < model->pathways.items[k].writes.count; j++)
            f->touched[model->pathways.items[k].writes.items[j].var] = 1;
}

static bool is_set(const finisher *f, const nl_var *v)
{
    const char *owner = v->population != UINT32_MAX ? f->model->populations.items[v->population].name
                                                    : f->model->projections.items[v->projection].name;

    return nl_check_is_set(f->ck, owner, v->name);
}

/* A template or a circuit offers its inputs to all who use it. */
static bool is_offered(const finisher *f, const nl_var *v)
{
    const nl_body *body = nl_body_state_of(f->ck)->populations.items[v->population];
    const nl_entry *entry = body != NULL ? nl_entry_find(body, v->name) : NULL;

    return entry != NULL && (entry->origin.layer > 0 || body->layers.items[0]->home->instance != NULL);
}

static bool is_idle(const finisher *f, uint32_t var)
{
    const nl_var *v = &f->model->vars.items[var];

    if (f->touched[var]) return false;
    if (v->kind == NL_VAR_INPUT) return !is_offered(f, v);
    return v->kind == NL_VAR_STATE && v->deriv == 0 && v->next == 0 && !is_set(f, v);
}

/* One text may declare many variables, one for each member of a family: it is idle where all of them are, and the first
 * one speaks for them. */
static bool speaks_for_text(const finisher *f, uint32_t var)
{
    const nl_span span = f->model->vars.items[var].span;

    for (uint32_t k = 0; k < f->model->vars.count; k++) {
        const nl_span other = f->model->vars.items[k].span;
        if (other.begin == span.begin && other.end == span.end && (k < var || !is_idle(f, k))) return false;
    }
    return true;
}

static void warn_idle(finisher *f, uint32_t var)
{
    const nl_var *v = &f->model->vars.items[var];
    nl_diags *diags = f->ck->diags;
    nl_diag *diag;

    if (!is_idle(f, var) || !speaks_for_text(f, var)) return;
    if (v->kind == NL_VAR_INPUT) {
        diag = nl_diag_add(diags, NL_W_INPUT_UNUSED, v->span, "no projection adds to the input `%s`; it stays 0",
                           v->full_name);
        nl_diag_help(diags, diag, "a projection adds to it with: post.%s += ..", v->name);
    } else {
        diag = nl_diag_add(diags, NL_W_STATE_CONSTANT, v->span, "nothing changes the state `%s`", v->full_name);
        nl_diag_help(diags, diag, "give it an equation, %s' = .., or make it a `param`", v->name);
    }
}

/* --- spikes without end --- */

static bool follows_state(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_STATE || node->kind == NL_X_INPUT;
}

static bool is_brief(void *user, const nl_node *node)
{
    (void)user;
    return node->kind == NL_X_OLD || node->kind == NL_X_PREV || node->kind == NL_X_DRAW || node->kind == NL_X_SPIKED;
}

static bool is_refractory(const nl_model *model, uint32_t population)
{
    for (size_t k = 0; k < model->refractories.count; k++)
        if (model->refractories.items[k].population == population) return true;
    return false;
}

/* A threshold that nothing resets. */
static bool spikes_on(const nl_model *model, const nl_event *event)
{
    return event->name != NULL && strcmp(event->name, "spikes") == 0 && event->kind == NL_EVENT_LEVEL
           && event->select == 0 && event->assigns.count == 0 && !is_refractory(model, event->population)
           && nl_expr_any(model->graph, event->condition, follows_state, NULL)
           && !nl_expr_any(model->graph, event->condition, is_brief, NULL);
}

/* By event: whether anything reads `spiked`. */
static uint8_t *find_readers(const finisher *f)
{
    uint8_t *read = NL_NEW_ARRAY(f->ck->arena, uint8_t, f->model->events.count + 1);

    for (nl_ref ref = 1; ref < nl_graph_size(f->model->graph); ref++) {
        const nl_node *node = nl_graph_node(f->model->graph, ref);
        if (node->kind == NL_X_SPIKED) read[node->id] = 1;
    }
    return read;
}

static void warn_spikes(finisher *f)
{
    const uint8_t *read = find_readers(f);

    for (size_t k = 0; k < f->model->events.count; k++) {
        const nl_event *event = &f->model->events.items[k];
        if (read[k] || !spikes_on(f->model, event)) continue;
        nl_diag *diag = nl_diag_add(f->ck->diags, NL_W_SPIKE_ALWAYS, event->span,
                                    "this spikes in every step while the condition holds");
        nl_diag_help(f->ck->diags, diag,
                     "one spike at a threshold: spike when x crosses above y; a reset stands behind it: { x = .. }");
    }
}

/* --- histories --- */

typedef struct delayed {
    finisher *f;
    uint8_t *state;
    uint8_t *seen;
} delayed;

static void mark_delayed(delayed *d, nl_ref ref)
{
    const nl_model *model = d->f->model;
    const nl_node *node = nl_graph_node(model->graph, ref);

    if (ref == 0 || d->seen[ref]) return;
    d->seen[ref] = 1;
    if (node->kind == NL_X_STATE) d->state[node->id] = 1;
    if (node->kind == NL_X_INPUT)
        for (size_t k = 0; k < model->flows.count; k++)
            if (model->flows.items[k].input == node->id) mark_delayed(d, model->flows.items[k].value);
    for (int k = 0; k < node->arg_count; k++) mark_delayed(d, node->args[k]);
}

static void check_histories(finisher *f)
{
    delayed d = { f, nl_calloc(f->model->vars.count + 1, 1), nl_calloc(nl_graph_size(f->model->graph), 1) };

    for (size_t k = 0; k < f->model->delays.count; k++) mark_delayed(&d, f->model->delays.items[k].expr);
    for (size_t k = 0; k < f->model->vars.count; k++)
        if (f->model->vars.items[k].history != 0 && !d.state[k])
            nl_diag_add(f->ck->diags, NL_W_HISTORY_UNUSED, f->model->vars.items[k].span,
                        "the history of `%s` is never read: nothing delays it", f->model->vars.items[k].full_name);
    free(d.state);
    free(d.seen);
}

/* --- what is built once --- */

typedef struct fixing {
    const finisher *f;
    const char *name; /* of what changes */
} fixing;

static bool is_moving(void *user, const nl_node *node)
{
    fixing *x = user;
    const nl_model *model = x->f->model;

    if (node->kind != NL_X_SLOT && node->kind != NL_X_PARAM) return false;
    const nl_var *v = node->kind == NL_X_PARAM ? &model->vars.items[node->id] : NULL;
    if (v != NULL && !is_set(x->f, v)) return v->init != 0 && nl_expr_any(model->graph, v->init, is_moving, x);
    x->name = v != NULL ? v->full_name : model->slots.items[node->id].name;
    return true;
}

static void check_fixed(finisher *f, nl_ref ref, nl_span span, const char *what)
{
    fixing x = { .f = f };

    if (ref != 0 && nl_expr_any(f->model->graph, ref, is_moving, &x))
        nl_diag_add(f->ck->diags, NL_E_FIXED, span,
                    "%s fixed when the network is built, but `%s` changes in the protocol", what, x.name);
}

static void check_built(finisher *f)
{
    const nl_model *model = f->model;

    for (size_t k = 0; k < model->projections.count; k++)
        check_fixed(f, model->projections.items[k].rule.expr, model->projections.items[k].rule.span, "connections are");
    for (size_t k = 0; k < model->pathways.count; k++)
        check_fixed(f, model->pathways.items[k].delay, model->pathways.items[k].delay_span, "the delay of spikes is");
}

/* --- methods --- */

/* A shipped one becomes known when it is asked for. */
static bool method_exists(nl_check *ck, const char *name)
{
    for (size_t k = 0; k < ck->model->tableaux.count; k++)
        if (strcmp(ck->model->tableaux.items[k].name, name) == 0) return true;
    return nl_scheme_find(name) != NL_RUNGE_KUTTA || nl_library_find(ck, NL_SYM_METHOD, name) != NULL;
}

static const char *close_method(finisher *f, const char *name)
{
    NL_LIST(const char *) names = { 0 };

    for (size_t k = 0; k < f->model->tableaux.count; k++)
        NL_PUSH(f->ck->arena, &names, f->model->tableaux.items[k].name);
    for (int k = NL_RUNGE_KUTTA + 1; k < NL_SCHEME_COUNT; k++) NL_PUSH(f->ck->arena, &names, nl_schemes[k].name);
    const char *closest = nl_suggest(name, names.items, names.count);
    return closest != NULL ? closest : nl_library_suggest(f->ck, NL_SYM_METHOD, name);
}

static void check_method(finisher *f, const nl_body *body)
{
    if (body == NULL || body->method == NULL || method_exists(f->ck, body->method)) return;
    nl_diag *diag = nl_diag_add(f->ck->diags, NL_E_NAME, body->method_span, "there is no method `%s`", body->method);
    const char *close = close_method(f, body->method);
    if (close != NULL) nl_diag_help(f->ck->diags, diag, "did you mean `%s`?", close);
}

static void check_methods(finisher *f)
{
    const nl_body_state *state = nl_body_state_of(f->ck);

    for (size_t k = 0; k < state->populations.count; k++) check_method(f, state->populations.items[k]);
    for (size_t k = 0; k < state->projections.count; k++) check_method(f, state->projections.items[k]);
}

static bool is_adaptive(const nl_model *model, const char *name)
{
    for (size_t k = 0; k < model->tableaux.count; k++)
        if (strcmp(model->tableaux.items[k].name, name) == 0) return model->tableaux.items[k].b_low != NULL;
    return false;
}

/* Whether steps end where a refractory period does. */
static bool has_free_steps(const nl_model *model)
{
    for (size_t v = 0; v < model->vars.count; v++) {
        const nl_var *var = &model->vars.items[v];
        const char *method = var->method != NULL ? var->method : model->method;
        if (var->deriv != 0 && method != NULL && is_adaptive(model, method)) return true;
    }
    return false;
}

static void warn_rests(finisher *f)
{
    const nl_model *model = f->model;
    double time;

    if (model->dt <= 0 || has_free_steps(model)) return;
    for (size_t k = 0; k < model->refractories.count; k++) {
        const nl_refractory *r = &model->refractories.items[k];
        if (r->time != 0 && nl_expr_is_const(model->graph, r->time, &time))
            nl_plan_steps(f->ck, f->ck->arena, r->time_span, time, "a refractory period");
    }
}

bool nl_body_finish(nl_check *ck)
{
    const size_t errors = nl_diags_error_count(ck->diags);
    finisher f = { .ck = ck,
                   .model = ck->model,
                   .color = NL_NEW_ARRAY(ck->arena, uint8_t, ck->model->vars.count + 1),
                   .touched = NL_NEW_ARRAY(ck->arena, uint8_t, ck->model->vars.count + 1) };

    check_equations(&f);
    check_actions(&f);
    check_built(&f);
    find_circles(&f);
    check_methods(&f);
    if (nl_diags_error_count(ck->diags) > 0) return nl_diags_error_count(ck->diags) == errors;
    check_histories(&f);
    warn_spikes(&f);
    warn_rests(&f);
    find_touched(&f);
    for (uint32_t k = 0; k < ck->model->vars.count; k++) warn_idle(&f, k);
    nl_sides_settle(ck);
    return true;
}
