/* Points of a sweep over what a network is built of: each value has a session of its own, in which the text is checked
 * with it as if -D had given it. */
#include "batch_impl.h"

#include <string.h>

/* --- options of the point's session --- */

static bool is_swept(const nl_batch *batch, const char *name)
{
    for (size_t i = 0; i < batch->binding_count; i++)
        if (batch->bindings[i].fixed && strcmp(batch->bindings[i].name, name) == 0) return true;
    return false;
}

static nl_session_options options_of(nl_running *r, size_t number, nl_arena *arena)
{
    nl_session *s = r->s;
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    nl_session_options options = s->options;
    const char **defines = NL_NEW_ARRAY(arena, const char *, options.define_count + r->batch->binding_count + 1);

    for (size_t i = 0; i < options.define_count; i++) defines[i] = options.defines[i];
    for (size_t i = 0; i < r->batch->binding_count; i++) {
        const nl_binding *b = &r->batch->bindings[i];
        if (!b->fixed) continue;
        const nl_value value = nl_batch_value(&ev, b, nl_batch_place(r->batch, number, b->axis));
        defines[options.define_count++] = nl_batch_define(arena, b, value);
    }
    options.defines = defines;
    options.out = options.figures = options.report = NULL;
    options.print = NULL;
    options.progress = NULL;
    if (is_swept(r->batch, "seed")) options.seed = NULL;
    return options;
}

/* --- what the protocol has changed before --- */

/* The symbol of the other session with the same place in the text; NULL: it has none. */
static nl_symbol *counterpart(const nl_session *s, const nl_symbol *symbol, const nl_session *point)
{
    if (nl_scope_find_here(s->check.top, symbol->name) == symbol)
        return nl_scope_find_here(point->check.top, symbol->name);
    for (size_t i = 0; i < s->check.plan->scopes.count; i++) {
        const nl_block_scope *b = &s->check.plan->scopes.items[i];
        const nl_scope *scope = nl_plan_find_scope(&point->check, b->block);

        if (nl_scope_find_here(b->scope, symbol->name) == symbol && scope != NULL)
            return nl_scope_find_here(scope, symbol->name);
    }
    return NULL;
}

static void follow(void *user, nl_symbol *symbol)
{
    nl_session *point = user;
    nl_evaluator ev = nl_session_evaluator(point, symbol->name);

    ev.trial = 0;
    const nl_value value = nl_declare_value(&ev, symbol);
    if (value.kind != NL_KIND_NONE) nl_session_store(point, symbol, value);
}

/* A value that `set`, `let`, a loop or a sweep around gave; what follows from it follows again. */
static void carry(const nl_session *s, nl_session *point, const nl_symbol *symbol)
{
    nl_symbol *own = counterpart(s, symbol, point);

    if (own == NULL || !nl_value_known(symbol->value) || (symbol->follows && !symbol->pinned)) return;
    (void)nl_session_holder(point, own);
    own->pinned = symbol->pinned;
    nl_session_store(point, own, symbol->value);
    if (symbol->follows) nl_declare_dependents(&point->check, own, follow, point);
}

static void carry_all(nl_session *s, nl_session *point)
{
    (void)nl_session_evaluator(s, NULL); /* series and collections become values */
    for (const nl_lane *lane = s->lane; lane != NULL; lane = lane->outer) {
        for (size_t i = 0; i < lane->holders.count; i++) carry(s, point, lane->holders.items[i].symbol);
        for (size_t i = 0; i < lane->collections.count; i++) carry(s, point, lane->collections.items[i].symbol);
        for (size_t i = 0; i < lane->recording_count; i++)
            if (lane->recordings[i].series->symbol != NULL) carry(s, point, lane->recordings[i].series->symbol);
    }
}

/* --- the point --- */

static void fail_all(nl_running *r, nl_session *point, const nl_piece *piece, nl_outcome **outcomes)
{
    for (size_t k = 0; k < piece->count; k++) {
        outcomes[k] = nl_outcome_new(r->plan->columns.count);
        outcomes[k]->status = NL_MODEL_WRONG;
        nl_point_take_diags(r, point, piece->numbers[k], outcomes[k], 0);
    }
}

/* What it collected, in the places of the columns of the sweep. */
static void place_columns(const nl_running *r, const nl_running *own, nl_outcome *outcome)
{
    nl_column *columns = NL_NEW_ARRAY(outcome->arena, nl_column, r->plan->columns.count + 1);

    for (size_t k = 0; k < r->plan->columns.count; k++)
        for (size_t i = 0; i < own->plan->columns.count; i++)
            if (strcmp(own->plan->columns.items[i].inside->name, r->plan->columns.items[k].inside->name) == 0)
                columns[k] = outcome->columns[i];
    outcome->columns = columns;
}

static void run_in(nl_running *r, nl_session *point, const nl_piece *piece, nl_outcome **outcomes)
{
    nl_running own = { .s = point, .batch = r->batch, .arena = r->arena,
                       .plan = nl_plan_find_batch(&point->check, r->batch->stmt), .workers = r->workers };

    own.scope = own.plan->scope;
    point->lane->trial = r->s->lane->trial;
    carry_all(r->s, point);
    nl_recordings_carry(r->s, point);
    if (!nl_session_need_sim(point)) {
        fail_all(r, point, piece, outcomes);
        return;
    }
    const size_t most = nl_points_at_a_time(&own);
    for (size_t at = 0; at < piece->count; at += most) {
        const nl_piece part = { piece->numbers + at, piece->count - at < most ? piece->count - at : most };
        nl_points_run(&own, &part, outcomes + at);
    }
    for (size_t k = 0; k < piece->count; k++) place_columns(r, &own, outcomes[k]);
}

void nl_points_rebuilt(nl_running *r, const nl_piece *piece, nl_outcome **outcomes)
{
    nl_arena *arena = nl_arena_new();
    const nl_session_options options = options_of(r, piece->numbers[0], arena);
    nl_status status;
    nl_session *point = nl_session_renewed(r->s, &options, &status);

    if (status == NL_OK) run_in(r, point, piece, outcomes);
    else fail_all(r, point, piece, outcomes);
    r->s->steps_done += point->steps_done;
    nl_session_free(point);
    nl_arena_free(arena);
}
