/* What is recorded: name, kind and shape of each series, and the probes that a run samples for it. */
#include "protocol_impl.h"

#include "syntax/print.h"

#include <math.h>
#include <string.h>

static void check_interval(checker *c, const nl_ast *every, const nl_ast *from)
{
    double time;

    if (every != NULL && protocol_check_time(c, every, "the interval", 0.5 * c->ck->model->dt, &time) && !isnan(time))
        nl_plan_steps(c->ck, c->ck->arena, every->span, time, "an interval");
    if (from != NULL && protocol_check_time(c, from, "the start", -INFINITY, &time) && !isnan(time))
        nl_plan_steps(c->ck, c->ck->arena, from->span, time - c->ck->model->start, "a time");
}

static void check_times(checker *c, const nl_ast *at)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    const nl_value times = at != NULL ? nl_eval(&ev, at) : nl_value_none();

    if (times.kind == NL_KIND_NONE) return;
    if (times.kind != NL_KIND_NUMBER || times.rank > 1)
        nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, at->span, "`at` takes a time or a list of times");
    else if (!nl_dim_equal(times.dim, nl_check_time_dim(c->ck)))
        nl_diag_add(c->ck->diags, NL_E_DIMENSION, at->span, "`at` takes times, not %s",
                    nl_dim_text(c->ck->arena, times.dim));
}

/* Whether each turn of a loop has a series of its own, so that the loop's variable does not change within one. */
static bool is_of_turn(const nl_plan_series *series)
{
    const nl_ast *named = nl_ast_kid(series->stmt, 0);

    return series->members[0] != '\0' || (named != NULL && named->kind == NL_AST_CALL);
}

/* The first or only value of a sample. */
static bool begin_sample(checker *c, const nl_ast *expr, nl_plan_series *out, nl_ref *node)
{
    if (!protocol_find_probe(c, expr, is_of_turn(out), node, &out->rank, out->shape, &out->dim)) return false;
    if (*node != 0) out->kind = nl_graph_node(c->ck->model->graph, *node)->is_bool ? NL_KIND_BOOL : NL_KIND_NUMBER;
    return true;
}

/* One more behind what is there; node 0 where they are not alike, or no lines of numbers. */
static bool extend_sample(checker *c, const nl_ast *expr, nl_plan_series *out, nl_ref *node)
{
    nl_plan_series more = { .stmt = out->stmt, .members = out->members };

    if (!begin_sample(c, expr, &more, node) || *node == 0) return *node == 0;
    if (out->rank > 1 || more.rank > 1 || more.kind != out->kind || !nl_dim_equal(more.dim, out->dim)) *node = 0;
    const size_t before = out->rank == 0 ? 1 : out->shape[0], after = more.rank == 0 ? 1 : more.shape[0];
    out->rank = 1;
    out->shape[0] = before == NL_UNKNOWN_SIZE || after == NL_UNKNOWN_SIZE ? NL_UNKNOWN_SIZE : before + after;
    return true;
}

/* What the simulation samples by itself: no probes where nl_eval has to do it; false after a diagnostic. */
static bool find_probes(checker *c, const nl_ast *expr, nl_plan_series *out)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    size_t count;
    const nl_ast *const *parts = nl_plan_joined(&ev, expr, &count);

    for (size_t k = 0; k < count; k++) {
        nl_ref node;
        const bool good = k == 0 ? begin_sample(c, parts[k], out, &node) : extend_sample(c, parts[k], out, &node);
        if (!good || node == 0) {
            out->probes.count = 0;
            return good;
        }
        NL_PUSH(c->ck->arena, &out->probes, nl_plan_probe(c->ck, node));
    }
    return true;
}

/* Kind, dimension and shape of a sample. */
static bool check_sample(checker *c, const nl_ast *expr, nl_plan_series *out)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);

    if (!find_probes(c, expr, out)) return false;
    if (out->probes.count > 0) return true;
    ev.samples = true;
    const nl_value value = nl_eval(&ev, expr);
    if (value.kind == NL_KIND_NONE) return false;
    if (value.is_signal) {
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, expr->span,
                                    "this is made of a recorded series, not of present values");
        nl_diag_help(c->ck->diags, diag, "write `let` behind the run");
        return false;
    }
    out->kind = value.kind;
    out->dim = value.dim;
    out->rank = value.rank;
    memcpy(out->shape, value.shape, sizeof out->shape);
    return true;
}

static bool is_recordable(checker *c, const nl_ast *expr, const nl_plan_series *series)
{
    const char *why = NULL;

    if (series->kind != NL_KIND_NUMBER && series->kind != NL_KIND_BOOL) why = "only numbers are recorded";
    else if (series->rank >= NL_RANK) why = "this has too many axes to be recorded";
    if (why != NULL) nl_diag_add(c->ck->diags, NL_E_SERIES, expr->span, "%s", why);
    return why == NULL;
}

/* The name of an unnamed record is that of a data set only; it may not meet another, but for those of other points. */
static bool is_free_name(checker *c, const nl_ast *stmt, const char *name)
{
    for (size_t i = 0; i < c->ck->plan->series.count; i++) {
        const nl_plan_series *other = &c->ck->plan->series.items[i];

        if (other->stmt == stmt || other->points != c->points || strcmp(other->name, name) != 0) continue;
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_DUPLICATE, stmt->span, "`%s` is recorded twice", name);
        nl_diag_also(c->ck->diags, diag, other->stmt->span, "the first record is here");
        return false;
    }
    return true;
}

static nl_value signal_of(const nl_plan_series *series)
{
    size_t shape[NL_RANK] = { NL_UNKNOWN_SIZE };

    for (int i = 0; i < series->rank; i++) shape[i + 1] = series->shape[i];
    nl_value value = nl_value_unknown(series->kind, series->dim, series->rank + 1, shape);
    value.is_signal = true;
    return value;
}

/* A value for each time that an element fires: of the elements themselves. */
static bool check_at_events(checker *c, const nl_ast *expr, nl_plan_series *out)
{
    const nl_model *model = c->ck->model;
    const nl_population *population = &model->populations.items[out->train.part.population];

    if (!check_sample(c, expr, out)) return false;
    const nl_ref node = out->probes.count == 1 ? c->ck->plan->probes.items[out->probes.items[0]] : 0;
    const uint32_t space = node != 0 ? nl_graph_node(model->graph, node)->space : UINT32_MAX;
    out->rank = 0;
    if (space == 0 || space == population->space) return true;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, expr->span,
                                "at events, a number is recorded or what the elements have that fire");
    nl_diag_help(c->ck->diags, diag, "for example: record m = %s.NAME at %s.%s", population->name, population->name,
                 model->events.items[out->train.event].name);
    return false;
}

static bool check_kept(checker *c, const nl_ast *expr, nl_plan_series *out)
{
    switch (out->mode) {
    case NL_SERIES_TRAIN: out->value = nl_train_unknown(c->ck, out); return true;
    case NL_SERIES_AT_EVENTS: return check_at_events(c, expr, out);
    default: return check_sample(c, expr, out) && is_recordable(c, expr, out);
    }
}

static void check_series(checker *c, const nl_ast *stmt, const char *name, nl_series_mode mode,
                         const nl_train_ref *train)
{
    const nl_ast *named = nl_ast_kid(stmt, 0), *expr = nl_ast_kid(stmt, 1);
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_plan_series series = { .name = name,
                              .stmt = stmt,
                              .points = c->points,
                              .members = nl_plan_members(&ev, expr),
                              .mode = mode,
                              .train = *train };
    const nl_plan_series *before = nl_plan_find_series(c->ck, stmt, name);

    if (before != NULL) {
        if (strcmp(before->members, series.members) == 0) return;
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->span,
                                    "`%s` would be recorded from several populations", name);
        nl_diag_help(c->ck->diags, diag, "give each its own name: record %s(k) = ...", name);
        return;
    }
    if (!is_free_name(c, stmt, name) || !check_kept(c, expr, &series)) return;
    if (named != NULL) series.symbol = nl_plan_declare(c->ck, c->home, NL_SYM_RECORD, name, named->span, stmt);
    if (named != NULL && series.symbol == NULL) return;
    if (series.symbol != NULL) series.symbol->value = mode == NL_SERIES_TRAIN ? series.value : signal_of(&series);
    NL_PUSH(c->ck->arena, &c->ck->plan->series, series);
}

/* A train has all its spikes: no interval and no times thin it out.  It counts as recorded all the same. */
static void check_train_alone(checker *c, const nl_ast *stmt)
{
    for (int i = 2; i < stmt->kid_count; i++) {
        if (stmt->kids[i] == NULL) continue;
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->kids[i]->span,
                                    "a train is recorded as it comes, not at certain times");
        nl_diag_help(c->ck->diags, diag, "write record %s; time_slice(..) takes a part of it afterwards",
                     nl_print_expression(c->ck->arena, stmt->kids[1]));
    }
}

/* What a RECORD keeps; false with a diagnostic. */
static bool record_mode(checker *c, const nl_ast *stmt, nl_series_mode *mode, nl_train_ref *train)
{
    const size_t errors = nl_diags_error_count(c->ck->diags);
    nl_evaluator ev = protocol_evaluator(c, NULL);

    *mode = NL_SERIES_SAMPLED;
    if (nl_train_named(&ev, stmt->kids[1], train)) *mode = NL_SERIES_TRAIN;
    else if (nl_ast_kid(stmt, 4) != NULL && nl_train_named(&ev, stmt->kids[4], train)) *mode = NL_SERIES_AT_EVENTS;
    if (nl_diags_error_count(c->ck->diags) > errors) return false;
    if (*mode == NL_SERIES_TRAIN) check_train_alone(c, stmt);
    return true;
}

void protocol_check_record(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = protocol_evaluator(c, NULL);
    nl_train_ref train = { 0 };
    nl_series_mode mode;

    if (nl_ast_kid(stmt, 1) == NULL || !protocol_has_dt(c, stmt) || !record_mode(c, stmt, &mode, &train)) return;
    check_interval(c, nl_ast_kid(stmt, 2), nl_ast_kid(stmt, 3));
    if (mode == NL_SERIES_SAMPLED) check_times(c, nl_ast_kid(stmt, 4));
    const char *name = nl_plan_series_name(&ev, stmt);
    if (name != NULL) check_series(c, stmt, nl_arena_strdup(c->ck->arena, name), mode, &train);
}
