/* How a model is stepped, in words: what `netlang explain FILE` prints. */
#include "run_impl.h"

#include "base/text.h"
#include "net/conn.h"

#include <string.h>

typedef struct explanation {
    nl_session *s;
    const nl_model *model;
    nl_text text;
} explanation;

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

/* --- places --- */

/* `line 12`, or `lif.net:12` where a body comes from another file. */
static const char *place_text(explanation *e, nl_span span)
{
    const nl_pos at = nl_sources_locate(e->s->sources, span.begin);

    if (at.source == NULL) return "no line";
    return at.source == e->s->parsed.source ? nl_arena_printf(e->s->arena, "line %zu", at.line)
                                            : nl_arena_printf(e->s->arena, "%s:%zu", at.source->name, at.line);
}

/* A statement as it is written, up to its block or the end of its line. */
static const char *statement_text(explanation *e, nl_span span)
{
    const nl_pos at = nl_sources_locate(e->s->sources, span.begin);
    size_t length = 0;

    if (at.source == NULL) return "";
    const char *begin = at.source->text + (span.begin - at.source->base);
    while (span.begin + length < span.end && strchr("{\n;#", begin[length]) == NULL) length++;
    while (length > 0 && begin[length - 1] == ' ') length--;
    return nl_arena_strndup(e->s->arena, begin, length);
}

static const char *owner_name(const explanation *e, uint32_t population, uint32_t projection)
{
    if (population == UINT32_MAX) return e->model->projections.items[projection].name;
    const char *name = e->model->populations.items[population].name;
    return name[0] != '\0' ? name : "(top level)";
}

static void add_statement(explanation *e, uint32_t population, uint32_t projection, nl_span span)
{
    nl_text_addf(&e->text, "       %s, %s: %s", owner_name(e, population, projection), place_text(e, span),
                 statement_text(e, span));
}

/* --- the order of a step --- */

static void add_inputs(explanation *e)
{
    nl_text_adds(&e->text, "  1. Inputs: continuous statements are summed from the state at t (delayed: at t - d), at "
                           "every stage of a method.\n");
    for (size_t k = 0; k < e->model->flows.count; k++) {
        const nl_flow *flow = &e->model->flows.items[k];
        nl_text_addf(&e->text, "       %s, %s: into %s\n", e->model->projections.items[flow->projection].name,
                     place_text(e, flow->span), e->model->vars.items[flow->input].full_name);
    }
}

static void add_blocks(explanation *e, nl_block_kind kind)
{
    for (size_t k = 0; k < e->model->blocks.count; k++) {
        const nl_block *block = &e->model->blocks.items[k];
        if (block->kind != kind) continue;
        add_statement(e, block->population, block->projection, block->span);
        nl_text_adds(&e->text, "\n");
    }
}

static void add_advance(explanation *e)
{
    nl_text_adds(&e->text, "  2. Advance: all x' and next x at once; then `every step` blocks; then `when` of "
                           "synapses.\n");
    add_blocks(e, NL_BLOCK_EVERY_STEP);
    for (size_t k = 0; k < e->model->events.count; k++) {
        const nl_event *event = &e->model->events.items[k];
        if (event->population != UINT32_MAX) continue;
        add_statement(e, event->population, event->projection, event->span);
        nl_text_adds(&e->text, "\n");
    }
}

static void add_refractory(explanation *e, uint32_t population)
{
    for (size_t k = 0; k < e->model->refractories.count; k++)
        if (e->model->refractories.items[k].population == population)
            nl_text_addf(&e->text, "; %s", statement_text(e, e->model->refractories.items[k].span));
}

static bool is_spike(const nl_event *event) { return event->name != NULL && strcmp(event->name, "spikes") == 0; }

static void add_detection(explanation *e)
{
    nl_text_adds(&e->text, "  3. Detect: all conditions, on the new state, before any of the following; the time of a "
                           "spike is t + dt.\n");
    for (size_t k = 0; k < e->model->events.count; k++) {
        const nl_event *event = &e->model->events.items[k];
        if (event->population == UINT32_MAX) continue;
        add_statement(e, event->population, event->projection, event->span);
        if (is_spike(event)) add_refractory(e, event->population);
        if (e->s->lane->sim != NULL && nl_sim_is_located(e->s->lane->sim, k))
            nl_text_adds(&e->text, "; located within the step");
        nl_text_adds(&e->text, "\n");
    }
}

static const char *delay_text(explanation *e, size_t pathway)
{
    uint32_t low = 0, high = 0;

    if (e->model->pathways.items[pathway].delay == 0) return "at once";
    if (e->s->lane->sim == NULL) return "delayed";
    nl_sim_path_steps(e->s->lane->sim, pathway, &low, &high);
    return low == high ? nl_arena_printf(e->s->arena, "after %u step%s", low, plural(low))
                       : nl_arena_printf(e->s->arena, "after %u to %u steps", low, high);
}

static void add_changed(explanation *e, bool is_first, uint32_t var)
{
    nl_text_addf(&e->text, "%s %s", is_first ? "; changes" : ",", e->model->vars.items[var].full_name);
}

static void add_writes(explanation *e, const nl_pathway *path)
{
    for (size_t k = 0; k < path->writes.count; k++) {
        bool is_named = false;
        for (size_t j = 0; j < k; j++) is_named |= path->writes.items[j].var == path->writes.items[k].var;
        if (!is_named) add_changed(e, k == 0, path->writes.items[k].var);
    }
}

static void add_paths(explanation *e, bool on_post)
{
    for (size_t k = 0; k < e->model->pathways.count; k++) {
        const nl_pathway *path = &e->model->pathways.items[k];
        if (path->on_post != on_post) continue;
        add_statement(e, UINT32_MAX, path->projection, path->span);
        nl_text_addf(&e->text, ", %s", delay_text(e, k));
        add_writes(e, path);
        nl_text_adds(&e->text, "\n");
    }
}

static void add_bodies(explanation *e)
{
    for (size_t k = 0; k < e->model->events.count; k++) {
        const nl_event *event = &e->model->events.items[k];
        if (event->population == UINT32_MAX || event->assigns.count == 0) continue;
        add_statement(e, event->population, event->projection, event->span);
        for (size_t j = 0; j < event->assigns.count; j++) add_changed(e, j == 0, event->assigns.items[j].var);
        nl_text_adds(&e->text, "\n");
    }
}

static void add_order(explanation *e)
{
    nl_text_adds(&e->text, "One step from t to t + dt.  In 1 and 2 the clock is t, from 3 on it is t + dt.\n");
    add_inputs(e);
    add_advance(e);
    add_detection(e);
    nl_text_adds(&e->text, "  4. Deliver: `on pre` for what arrives now, then `on post`, each in file order.\n");
    add_paths(e, false);
    add_paths(e, true);
    nl_text_adds(&e->text, "  5. Reset: bodies of spikes and events in file order; then blocks that are due, `every T` "
                           "before `at T`.\n");
    add_bodies(e);
    add_blocks(e, NL_BLOCK_EVERY);
    add_blocks(e, NL_BLOCK_AT);
    nl_text_adds(&e->text, "  6. Record at t + dt.  The state at the start is recorded before the first step.\n");
}

/* --- equations --- */

static const char *law_text(const explanation *e, uint32_t number)
{
    const nl_var *var = &e->model->vars.items[number];

    if (var->deriv == 0) return var->next != 0 ? "map (next)" : "changed by events, blocks and `set` only";
    if (e->s->lane->sim != NULL && nl_sim_is_solved(e->s->lane->sim, number))
        return "solved exactly: it is linear and read in events only";
    return var->method != NULL ? var->method : e->model->method != NULL ? e->model->method : "no method";
}

static void add_equations(explanation *e)
{
    bool any = false;

    for (uint32_t v = 0; v < e->model->vars.count; v++) {
        const nl_var *var = &e->model->vars.items[v];
        if (var->kind != NL_VAR_STATE) continue;
        if (!any) nl_text_adds(&e->text, "\nequations\n");
        nl_text_addf(&e->text, "  %-16s %s: %s\n", var->full_name, place_text(e, var->span), law_text(e, v));
        any = true;
    }
}

/* --- projections --- */

/* What is stored of the pairs of a projection. */
static const char *structure_text(explanation *e, const nl_conn *conn)
{
    switch (conn->kind) {
    case NL_CONN_ALL: return conn->weights != NULL ? "a dense matrix" : "all pairs, none is stored";
    case NL_CONN_ONE: return "equal numbers, no pair is stored";
    case NL_CONN_STENCIL:
        return nl_arena_printf(e->s->arena, "a stencil of %zu offset%s, no pair is stored", conn->stencil->count,
                               plural(conn->stencil->count));
    case NL_CONN_LOW_RANK: return nl_arena_printf(e->s->arena, "of rank %zu, no pair is stored", conn->low_rank);
    case NL_CONN_OUT: return "compressed rows by pre neuron";
    default: return "compressed rows";
    }
}

static void add_structures(explanation *e)
{
    if (e->model->projections.count > 0) nl_text_adds(&e->text, "\nprojections\n");
    for (uint32_t k = 0; k < e->model->projections.count; k++) {
        const nl_conn *conn = nl_sim_conn(e->s->lane->sim, k);
        nl_text_addf(&e->text, "  %-16s %s synapse%s: %s\n", e->model->projections.items[k].name,
                     nl_report_count(e->s, (double)conn->synapse_count), plural(conn->synapse_count),
                     structure_text(e, conn));
    }
}

const char *nl_session_explain(nl_session *s)
{
    explanation e = { .s = s, .model = s->check.model, .text = nl_text_new(s->arena) };

    nl_text_adds(&e.text, "");
    if (!s->is_loaded) return e.text.chars;
    const bool is_built = e.model->dt > 0 && nl_session_need_sim(s);
    add_order(&e);
    add_equations(&e);
    if (!is_built) return e.text.chars;
    add_structures(&e);
    const char *details = nl_sim_text(s->lane->sim, s->arena, "explain");
    if (details != NULL && details[0] != '\0') nl_text_addf(&e.text, "\n%s", details);
    return e.text.chars;
}
