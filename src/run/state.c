/* What the protocol acts on: the simulation, and values of symbols that change. */
#include "run_impl.h"

#include "net/conn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- failures --- */

bool nl_session_failed(nl_session *s, nl_status status)
{
    if (s->status == NL_OK || s->status == NL_EXPECTATION_FAILED) s->status = status;
    return false;
}

static const char *time_text(nl_session *s, double time)
{
    return nl_value_show(s->arena, nl_value_number(s->arena, time, nl_check_time_dim(&s->check)), NULL);
}

static const char *variable_text(nl_session *s, const nl_sim_failure *failure)
{
    if (failure->var == UINT32_MAX) return "a value";
    const nl_var *var = &s->check.model->vars.items[failure->var];
    return var->space == 0 ? nl_arena_printf(s->arena, "`%s`", var->full_name)
                           : nl_arena_printf(s->arena, "`%s[%zu]`", var->full_name, failure->element);
}

/* "`spikes` of `E[3]`", "`when`" at top level. */
static const char *event_text(nl_session *s, const nl_sim_failure *failure)
{
    const nl_model *model = s->check.model;
    const nl_event *event = &model->events.items[failure->event];
    const nl_population *p = &model->populations.items[event->population];
    const char *name = event->name != NULL ? event->name : "when";

    if (p->name[0] == '\0') return nl_arena_printf(s->arena, "`%s`", name);
    return p->space == 0 ? nl_arena_printf(s->arena, "`%s` of `%s`", name, p->name)
                         : nl_arena_printf(s->arena, "`%s` of `%s[%zu]`", name, p->name, failure->element);
}

bool nl_session_fail(nl_session *s, nl_sim_status status, const nl_sim_failure *failure)
{
    static const struct { nl_code code; const char *what; } rows[] = {
        [NL_SIM_NOT_FINITE] = { NL_R_NOT_FINITE, "is" },
        [NL_SIM_BAD_INDEX] = { NL_R_INDEX, "reads an element that does not exist:" },
        [NL_SIM_STEP_TOO_SMALL] = { NL_R_STEP, "asks for a step that is too small:" },
        [NL_SIM_BAD_DELAY] = { NL_R_DELAY, "has a delay that is negative or longer than its bound" },
        [NL_SIM_EVENTS] = { NL_R_EVENTS, NULL },
        [NL_SIM_STOPPED] = { NL_R_INTERRUPTED, NULL },
        [NL_SIM_SINK_FAILED] = { NL_R_SINK, NULL },
    };
    const double shown = isnan(failure->value) ? NAN : failure->value; /* a nan has no sign that could be meant */
    const char *value = status != NL_SIM_BAD_DELAY ? nl_arena_printf(s->arena, " %g", shown) : "";
    const char *more = failure->what != NULL ? nl_arena_printf(s->arena, " (%s)", failure->what) : "";

    if (status == NL_SIM_STOPPED) {
        nl_diag_add(s->diags, NL_R_INTERRUPTED, (nl_span){ 0, 0 }, "interrupted at t = %s",
                    time_text(s, nl_sim_time(s->lane->sim)));
        return nl_session_failed(s, NL_INTERRUPTED);
    }
    if (status == NL_SIM_EVENTS) {
        nl_diag_add(s->diags, NL_R_EVENTS, failure->span, "%s happens again and again without end at t = %s",
                    event_text(s, failure), time_text(s, failure->time));
        return nl_session_failed(s, NL_RUN_FAILED);
    }
    if (status == NL_SIM_SINK_FAILED)
        nl_diag_add(s->diags, NL_R_SINK, (nl_span){ 0, 0 }, "the results cannot be written: %s",
                    s->sink != NULL && nl_sink_error(s->sink) != NULL ? nl_sink_error(s->sink) : "an unknown error");
    else
        nl_diag_add(s->diags, rows[status].code, failure->span, "%s %s%s at t = %s%s", variable_text(s, failure),
                    rows[status].what, value, time_text(s, failure->time), more);
    return nl_session_failed(s, NL_RUN_FAILED);
}

/* --- the simulation --- */

static nl_sim *build(nl_session *s)
{
    const nl_plan *plan = s->check.plan;
    nl_probe *probes = NL_NEW_ARRAY(s->arena, nl_probe, plan->probes.count + 1);
    const nl_graph *graph = s->check.model->graph;

    for (size_t i = 0; i < plan->probes.count; i++) {
        const uint32_t space = nl_graph_node(graph, plan->probes.items[i])->space;
        probes[i].node = plan->probes.items[i];
        probes[i].count = space == 0 ? 1 : nl_graph_space((nl_graph *)graph, space)->count;
    }
    return nl_sim_new(s->check.model, probes, plan->probes.count, s->diags);
}

bool nl_session_need_sim(nl_session *s)
{
    if (s->lane->sim != NULL) return true;
    if (s->status != NL_OK && s->status != NL_EXPECTATION_FAILED) return false;
    s->lane->sim = build(s);
    return s->lane->sim != NULL || nl_session_failed(s, NL_MODEL_WRONG);
}

/* --- what expressions see --- */

static nl_value read_probe(nl_session *s, nl_arena *arena, size_t probe, nl_value shape)
{
    nl_sim_failure failure = { .var = UINT32_MAX };
    double *data = NL_NEW_ARRAY(arena, double, nl_value_count(shape) + 1);
    const nl_sim_status status = nl_sim_read(s->lane->sim, probe, data, &failure);

    if (status != NL_SIM_OK) {
        nl_session_fail(s, status, &failure);
        return nl_value_none();
    }
    return nl_value_array(arena, shape.kind, shape.dim, shape.rank, shape.shape, data);
}

static nl_value read_now(void *user, nl_arena *arena, nl_ref node, nl_dim dim, uint32_t space, nl_span span)
{
    nl_session *s = user;
    const long probe = nl_plan_find_probe(&s->check, node);
    nl_value shape = { .dim = dim };

    if (!nl_session_need_sim(s)) return nl_value_none();
    shape.kind = nl_graph_node(s->check.model->graph, node)->is_bool ? NL_KIND_BOOL : NL_KIND_NUMBER;
    nl_plan_shape(&s->check, space, &shape.rank, shape.shape);
    if (probe >= 0) return read_probe(s, arena, (size_t)probe, shape);
    nl_diag_add(s->diags, NL_E_NOT_YET, span, "this value is read here only in a turn of a loop that was not checked");
    nl_session_failed(s, NL_RUN_FAILED);
    return nl_value_none();
}

static double time_now(void *user)
{
    const nl_session *s = user;

    return s->lane->sim != NULL ? nl_sim_time(s->lane->sim) : s->check.model->start;
}

static const nl_conn *conn_now(void *user, uint32_t projection)
{
    nl_session *s = user;

    return nl_session_need_sim(s) ? nl_sim_conn(s->lane->sim, projection) : NULL;
}

void nl_session_world(nl_session *s)
{
    s->world = (nl_eval_world){ .user = s, .read = read_now, .time = time_now, .conn = conn_now };
}

static void publish_collections(nl_session *s)
{
    for (size_t i = 0; i < s->lane->collections.count; i++) {
        const nl_collection *c = &s->lane->collections.items[i];
        const nl_value rows = nl_rows_value(&c->rows, false);

        c->symbol->value = c->symbol->single ? nl_plan_last(rows) : rows;
    }
}

void nl_session_say(nl_session *s, const char *line)
{
    nl_outcome *outcome = s->lane->outcome;

    if (outcome != NULL) NL_PUSH(outcome->arena, &outcome->lines, nl_arena_strdup(outcome->arena, line));
    else {
        nl_page_line(s, line);
        if (s->options.print != NULL) s->options.print(s->options.user, line);
    }
}

nl_evaluator nl_session_evaluator(nl_session *s, const char *stream)
{
    nl_recording_publish(s);
    publish_collections(s);
    return (nl_evaluator){ .ck = &s->check, .scope = s->scope, .arena = s->scratch, .world = &s->world,
                           .stream = stream, .trial = s->lane->trial };
}

void nl_session_hold(nl_session *s, const nl_diag *diag)
{
    nl_outcome *outcome = s->lane->outcome;
    nl_arena *arena = outcome != NULL ? outcome->arena : s->arena;
    const nl_diag kept = nl_diag_copy(arena, diag);

    if (outcome != NULL) NL_PUSH(arena, &outcome->diags, kept);
    else NL_PUSH(arena, &s->held, kept);
}

/* --- values that change --- */

nl_holder *nl_session_holder(nl_session *s, nl_symbol *symbol)
{
    for (size_t i = 0; i < s->lane->holders.count; i++)
        if (s->lane->holders.items[i].symbol == symbol) return &s->lane->holders.items[i];
    NL_PUSH(s->lane->arena, &s->lane->holders,
            ((nl_holder){ .symbol = symbol, .other = symbol->value, .other_pinned = symbol->pinned }));
    return &s->lane->holders.items[s->lane->holders.count - 1];
}

void nl_session_tell(nl_session *s, const nl_symbol *symbol)
{
    nl_model *model = s->check.model;

    if (symbol->slot >= 0 && symbol->value.rank == 0) model->slots.items[symbol->slot].number = symbol->value.data[0];
    if (symbol->array >= 0) model->arrays.items[symbol->array].value = symbol->value;
}

void nl_session_store(nl_session *s, nl_symbol *symbol, nl_value value)
{
    nl_holder *holder = nl_session_holder(s, symbol);
    nl_arena *old = holder->arena;

    if (s->lane->sim != NULL && (symbol->slot >= 0 || symbol->array >= 0)) nl_sim_settle(s->lane->sim);
    holder->arena = nl_arena_new();
    symbol->value = nl_value_copy(holder->arena, value);
    nl_session_tell(s, symbol);
    if (old != NULL) nl_arena_free(old);
}

/* The simulation computes again what depends on values of the model. */
bool nl_session_refresh(nl_session *s)
{
    nl_sim_failure failure = { .var = UINT32_MAX };

    if (s->lane->sim == NULL) return true;
    const nl_sim_status status = nl_sim_refresh(s->lane->sim, &failure);
    return status == NL_SIM_OK || nl_session_fail(s, status, &failure);
}

void nl_session_free_run(nl_session *s)
{
    while (s->lane != NULL && s->lane->outer != NULL) {
        nl_lane *lane = s->lane;
        nl_lane_leave(s);
        nl_lane_free(lane);
    }
    nl_lane_free(s->lane);
    if (s->scratch != NULL) nl_arena_free(s->scratch);
}
