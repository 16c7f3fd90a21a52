/* States of synapses that are the same for all synapses of a neuron (traces of its spikes, its resources) live on the
 * neurons of that side.  Such a state begins with, follows from and is changed by what that neuron alone decides. */
#include "body.h"

#include <string.h>

typedef struct side {
    nl_check *ck;
    nl_model *model;
    const nl_projection *projection;
    uint32_t number;          /* of the projection */
    nl_node_kind kind;        /* PRE or POST */
    uint32_t space;           /* of its neurons */
    bool *lives_there;        /* by variable */
    nl_ref *moved;            /* by variable: the state in the neurons' space, or 0 */
} side;

static bool is_synaptic(const side *s, const nl_node *node) { return node->space == s->projection->space; }

/* Whether a node depends on the synapse itself or on its other neuron. */
static bool is_foreign(void *user, const nl_node *node)
{
    const side *s = user;

    if (!is_synaptic(s, node)) return node->kind == NL_X_DRAW || node->kind == NL_X_INPUT;
    switch ((nl_node_kind)node->kind) {
    case NL_X_OP:
    case NL_X_OLD: return false;
    case NL_X_PRE:
    case NL_X_POST: return node->kind != s->kind;
    case NL_X_STATE: return !s->lives_there[node->id];
    default: return true;
    }
}

static bool depends_on_side(side *s, nl_ref ref)
{
    return ref == 0 || !nl_expr_any(s->model->graph, ref, is_foreign, s);
}

static bool is_of_neurons(void *user, const nl_node *node)
{
    const side *s = user;

    return node->kind == NL_X_STATE && s->model->vars.items[node->id].projection != s->number;
}

/* Everything that changes it happens to all synapses of the neuron at once. */
static bool is_changed_on_side(side *s, uint32_t var)
{
    const nl_model *model = s->model;

    for (size_t k = 0; k < model->pathways.count; k++) {
        const nl_pathway *path = &model->pathways.items[k];
        for (size_t j = 0; j < path->writes.count; j++) {
            const nl_write *w = &path->writes.items[j];
            if (w->kind != NL_WRITE_OWN || w->var != var) continue;
            if (path->on_post != (s->kind == NL_X_POST) || !depends_on_side(s, w->value)) return false;
            if (path->in_turn && nl_expr_any(model->graph, w->value, is_of_neurons, s)) return false;
            if (path->delay != 0 && nl_graph_node(model->graph, path->delay)->space != 0) return false;
        }
    }
    for (size_t k = 0; k < model->events.count; k++)
        for (size_t j = 0; j < model->events.items[k].assigns.count; j++)
            if (model->events.items[k].assigns.items[j].var == var) return false;
    for (size_t k = 0; k < model->blocks.count; k++)
        for (size_t j = 0; j < model->blocks.items[k].assigns.count; j++)
            if (model->blocks.items[k].assigns.items[j].var == var) return false;
    return true;
}

static bool stays_on_side(side *s, uint32_t var)
{
    const nl_var *v = &s->model->vars.items[var];

    return depends_on_side(s, v->init) && depends_on_side(s, v->deriv) && depends_on_side(s, v->next)
           && depends_on_side(s, v->low) && depends_on_side(s, v->high) && is_changed_on_side(s, var);
}

/* Something happens to it at all, and nobody sets it synapse by synapse. */
static bool is_candidate(const side *s, uint32_t var)
{
    const nl_var *v = &s->model->vars.items[var];

    if (v->kind != NL_VAR_STATE || v->projection != s->number || v->space != s->projection->space || v->init == 0
        || v->history != 0 || nl_check_is_set(s->ck, s->projection->name, v->name))
        return false;
    if (v->deriv != 0 || v->next != 0) return true;
    for (size_t k = 0; k < s->model->pathways.count; k++)
        for (size_t j = 0; j < s->model->pathways.items[k].writes.count; j++) {
            const nl_write *w = &s->model->pathways.items[k].writes.items[j];
            if (w->kind == NL_WRITE_OWN && w->var == var) return true;
        }
    return false;
}

/* The largest set of states that depend on nothing but the side and each other. */
static bool choose(side *s)
{
    const nl_projection *p = s->projection;
    bool any = false, changed = true;

    for (size_t k = 0; k < p->vars.count; k++) s->lives_there[p->vars.items[k]] = is_candidate(s, p->vars.items[k]);
    while (changed) {
        changed = any = false;
        for (size_t k = 0; k < p->vars.count; k++) {
            const uint32_t var = p->vars.items[k];
            if (s->lives_there[var] && !stays_on_side(s, var)) {
                s->lives_there[var] = false;
                changed = true;
            }
            any |= s->lives_there[var];
        }
    }
    return any;
}

/* --- moving --- */

/* As the neuron sees it. */
static nl_ref neuron_view(void *user, nl_graph *graph, nl_ref ref)
{
    const side *s = user;
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind == s->kind && is_synaptic(s, node)) return node->args[0];
    return node->kind == NL_X_STATE && is_synaptic(s, node) ? s->moved[node->id] : 0;
}

/* As a synapse sees it. */
static nl_ref synapse_view(void *user, nl_graph *graph, nl_ref ref)
{
    const side *s = user;
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind != NL_X_STATE || !is_synaptic(s, node) || s->moved[node->id] == 0) return 0;
    if (s->space == 0) return s->moved[node->id];
    return nl_view_node(graph, s->kind, 0, s->projection->space, s->moved[node->id], 0);
}

static void move(side *s, nl_ref *ref, nl_replace_fn view)
{
    if (*ref != 0) *ref = nl_expr_replace(s->model->graph, *ref, view, s, nl_memo_new(s->ck->arena));
}

static void move_law(side *s, nl_var *v)
{
    nl_ref *const parts[] = { &v->init, &v->deriv, &v->next, &v->low, &v->high };

    for (size_t k = 0; k < NL_LEN(parts); k++) move(s, parts[k], neuron_view);
    v->space = s->space;
    v->on_pre = s->kind == NL_X_PRE;
    v->on_post = !v->on_pre;
}

static void move_bodies(side *s)
{
    nl_body_state *state = nl_body_state_of(s->ck);
    const size_t counts[] = { state->populations.count, state->projections.count };
    nl_body **const lists[] = { state->populations.items, state->projections.items };

    for (size_t l = 0; l < NL_LEN(lists); l++)
        for (size_t k = 0; k < counts[l]; k++)
            for (size_t j = 0; lists[l][k] != NULL && j < lists[l][k]->entries.count; j++)
                move(s, &lists[l][k]->entries.items[j]->node, synapse_view);
}

/* Whatever else reads the state. */
static void move_readers(side *s)
{
    nl_model *m = s->model;

    for (size_t k = 0; k < m->vars.count; k++) {
        nl_var *v = &m->vars.items[k];
        nl_ref *const parts[] = { &v->init, &v->deriv, &v->next, &v->low, &v->high };
        for (size_t j = 0; j < NL_LEN(parts); j++) move(s, parts[j], synapse_view);
    }
    for (size_t k = 0; k < m->flows.count; k++) move(s, &m->flows.items[k].value, synapse_view);
    for (size_t k = 0; k < m->prevs.count; k++) move(s, &m->prevs.items[k].expr, synapse_view);
    for (size_t k = 0; k < m->delays.count; k++) move(s, &m->delays.items[k].expr, synapse_view);
    for (size_t k = 0; k < m->windows.count; k++) move(s, &m->windows.items[k].expr, synapse_view);
    for (size_t k = 0; k < m->projections.count; k++)
        for (size_t j = 0; j < m->projections.items[k].lets.count; j++)
            move(s, &m->projections.items[k].lets.items[j].node, synapse_view);
    for (size_t k = 0; k < m->blocks.count; k++)
        for (size_t j = 0; j < m->blocks.items[k].assigns.count; j++)
            move(s, &m->blocks.items[k].assigns.items[j].value, synapse_view);
    for (size_t k = 0; k < m->events.count; k++) {
        move(s, &m->events.items[k].condition, synapse_view);
        for (size_t j = 0; j < m->events.items[k].assigns.count; j++)
            move(s, &m->events.items[k].assigns.items[j].value, synapse_view);
    }
    for (size_t k = 0; k < m->pathways.count; k++)
        for (size_t j = 0; j < m->pathways.items[k].writes.count; j++) {
            move(s, &m->pathways.items[k].writes.items[j].value, synapse_view);
            move(s, &m->pathways.items[k].writes.items[j].condition, synapse_view);
        }
    move_bodies(s);
}

static void settle(nl_check *ck, uint32_t projection, nl_node_kind kind)
{
    nl_model *m = ck->model;
    const nl_projection *p = &m->projections.items[projection];
    const nl_part *part = kind == NL_X_PRE ? &p->pre : &p->post;
    side s = { .ck = ck, .model = m, .projection = p, .number = projection, .kind = kind,
               .space = m->populations.items[part->population].space,
               .lives_there = NL_NEW_ARRAY(ck->arena, bool, m->vars.count + 1),
               .moved = NL_NEW_ARRAY(ck->arena, nl_ref, m->vars.count + 1) };

    if (!choose(&s)) return;
    for (uint32_t v = 0; v < m->vars.count; v++)
        if (s.lives_there[v]) s.moved[v] = nl_expr_leaf(m->graph, NL_X_STATE, v, s.space, m->vars.items[v].dim);
    for (uint32_t v = 0; v < m->vars.count; v++)
        if (s.lives_there[v]) move_law(&s, &m->vars.items[v]);
    move_readers(&s);
}

void nl_sides_settle(nl_check *ck)
{
    for (uint32_t k = 0; k < ck->model->projections.count; k++) {
        const size_t paths = ck->model->pathways.count;
        if (paths == 0) return;
        settle(ck, k, NL_X_PRE);
        settle(ck, k, NL_X_POST);
    }
}
