/* `spike at`: spikes at given times. */
#include "body.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct given_spike {
    double step; /* at the end of which it happens, counted from the start */
    uint32_t id;
} given_spike;

typedef struct trains {
    nl_check *ck;
    nl_span span;
    size_t count; /* of neurons */
    double *last; /* time of each neuron's latest spike */
    NL_LIST(given_spike) spikes;
    size_t early, rounded, merged;
} trains;

/* --- one spike --- */

static bool refuse(trains *t, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(t->ck->diags, NL_E_SPIKE_TIMES, t->span, "%s", sentence);

    if (help != NULL) nl_diag_help(t->ck->diags, diag, "%s", help);
    return false;
}

static bool is_in_order(trains *t, uint32_t id, double time, size_t index)
{
    nl_arena *arena = t->ck->arena;

    if (!isfinite(time))
        return refuse(t, nl_arena_printf(arena, "the spike time at index %zu is not finite", index), NULL);
    if (time >= t->last[id]) return true;
    return refuse(t,
                  nl_arena_printf(arena,
                                  "spike times out of order: the one at index %zu is before the one that precedes it",
                                  index),
                  "the times of a neuron ascend: sort(times)");
}

/* A spike happens where a step ends, the nearest one. */
static bool add(trains *t, size_t id, double time, size_t index)
{
    const nl_model *model = t->ck->model;

    if (!is_in_order(t, (uint32_t)id, time, index)) return false;
    t->last[id] = time;
    if (model->dt <= 0) return true;
    const double steps = (time - model->start) / model->dt, whole = round(steps);
    if (fabs(steps - whole) > 1e-6 * fmax(1, fabs(whole))) t->rounded++;
    const given_spike spike = { .step = whole, .id = (uint32_t)id };
    if (whole < 1) t->early++;
    else NL_PUSH(t->ck->arena, &t->spikes, spike);
    return true;
}

static bool add_train(trains *t, size_t id, const double *times, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (!add(t, id, times[k], k)) return false;
    return true;
}

/* --- the forms in which they are given --- */

static bool is_times(trains *t, nl_value value)
{
    nl_check *ck = t->ck;

    if (value.kind != NL_KIND_NUMBER || !nl_value_known(value))
        return refuse(t, "the spike times are not known before time starts", NULL);
    if (nl_value_count(value) == 0 || nl_dim_equal(value.dim, nl_check_time_dim(ck))) return true;
    nl_diag_add(ck->diags, NL_E_DIMENSION, t->span, "`spike at` takes times, not %s",
                nl_dim_text(ck->arena, value.dim));
    return false;
}

/* One for each neuron, or one train for all. */
static bool add_vector(trains *t, nl_value times)
{
    const size_t count = nl_value_count(times);

    if (count == t->count && t->count > 1) {
        for (size_t k = 0; k < count; k++)
            if (!add(t, k, times.data[k], k)) return false;
        return true;
    }
    for (size_t id = 0; id < t->count; id++)
        if (!add_train(t, id, times.data, count)) return false;
    return true;
}

static bool refuse_rows(trains *t, size_t rows)
{
    return refuse(t, nl_arena_printf(t->ck->arena, "there are %zu trains for %zu neurons", rows, t->count),
                  "one list of times for each neuron, or one for all");
}

static bool add_rows(trains *t, nl_value times)
{
    if (times.shape[0] != t->count) return refuse_rows(t, times.shape[0]);
    for (size_t id = 0; id < t->count; id++)
        if (!add_train(t, id, times.data + id * times.shape[1], times.shape[1])) return false;
    return true;
}

static bool add_lists(trains *t, nl_value lists)
{
    if (lists.shape[0] != t->count) return refuse_rows(t, lists.shape[0]);
    for (size_t id = 0; id < t->count; id++) {
        const nl_value train = lists.items[id];
        if (!is_times(t, train) || !add_train(t, id, train.data, nl_value_count(train))) return false;
    }
    return true;
}

static bool add_times(trains *t, nl_value times)
{
    if (times.kind == NL_KIND_LIST) return add_lists(t, times);
    if (!is_times(t, times)) return false;
    if (times.rank <= 1) return add_vector(t, times);
    return times.rank == 2 ? add_rows(t, times) : refuse(t, "spike times have one or two axes", NULL);
}

static bool add_pairs(trains *t, nl_value times, nl_value ids)
{
    nl_arena *arena = t->ck->arena;

    if (!is_times(t, times)) return false;
    if (ids.kind != NL_KIND_NUMBER || !nl_value_known(ids) || times.rank != 1 || ids.rank != 1
        || nl_value_count(times) != nl_value_count(ids))
        return refuse(t, "`spike at (times, ids)` takes two lists of equal length", NULL);
    for (size_t k = 0; k < nl_value_count(ids); k++) {
        const double id = ids.data[k];
        if (!(id >= 0 && id < (double)t->count) || id != floor(id))
            return refuse(t,
                          nl_arena_printf(arena, "the number %g at index %zu is none of the neurons 0 .. %zu", id, k,
                                          t->count - 1),
                          NULL);
        if (!add(t, (size_t)id, times.data[k], k)) return false;
    }
    return true;
}

/* --- all of them --- */

static int compare(const void *a, const void *b)
{
    const given_spike *x = a, *y = b;

    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* In the order in which they happen. */
static void keep(trains *t, nl_event *event)
{
    const nl_model *model = t->ck->model;
    double *times = NL_NEW_ARRAY(t->ck->arena, double, t->spikes.count + 1);
    uint32_t *ids = NL_NEW_ARRAY(t->ck->arena, uint32_t, t->spikes.count + 1);

    if (t->spikes.count > 0) qsort(t->spikes.items, t->spikes.count, sizeof *t->spikes.items, compare);
    for (size_t k = 0; k < t->spikes.count; k++) {
        const given_spike *spike = &t->spikes.items[k];
        if (k > 0 && compare(spike - 1, spike) == 0) {
            t->merged++;
            continue;
        }
        times[event->time_count] = model->start + spike->step * model->dt;
        ids[event->time_count++] = spike->id;
    }
    event->times = times;
    event->ids = ids;
}

static const char *spikes_words(trains *t, size_t count)
{
    return nl_arena_printf(t->ck->arena, "%zu spike%s", count, count == 1 ? "" : "s");
}

static void warn(trains *t)
{
    nl_diags *diags = t->ck->diags;

    if (t->early > 0)
        nl_diag_add(diags, NL_W_SPIKE_TIMES, t->span,
                    "%s at the start or before never happen%s: the first step ends one dt after the start",
                    spikes_words(t, t->early), t->early == 1 ? "s" : "");
    if (t->merged > 0)
        nl_diag_add(diags, NL_W_SPIKE_TIMES, t->span, "%s fall%s into a step in which the neuron spikes already",
                    spikes_words(t, t->merged), t->merged == 1 ? "s" : "");
    if (t->rounded > 0)
        nl_diag_add(diags, NL_W_ROUNDED, t->span, "%s between two steps; moved to the nearest step",
                    spikes_words(t, t->rounded));
}

/* --- what the times are made of --- */

static bool bind_names(nl_resolver *rs, const nl_ast *e, nl_scope *scope);

static bool refuse_name(const nl_resolver *rs, nl_span span, const char *name, const char *why)
{
    nl_diag_add(rs->ck->diags, NL_E_FIXED, span, "spike times cannot depend on `%s`, which %s", name, why);
    return false;
}

static void bind(const nl_resolver *rs, nl_scope *scope, const char *name, nl_value value)
{
    nl_symbol *symbol = NL_NEW(rs->ck->arena, nl_symbol);

    if (value.rank == 2) { /* of a grid: neurons in their order */
        value.shape[0] = nl_value_count(value);
        value.rank = 1;
    }
    *symbol = (nl_symbol){ .kind = NL_SYM_VALUE, .name = name, .value = value, .slot = -1, .array = -1 };
    NL_PUSH(rs->ck->arena, &scope->symbols, symbol);
}

/* i, N, row, col: of all neurons at once. */
static bool bind_implicit(nl_resolver *rs, const nl_ast *name, const nl_found *found, nl_scope *scope)
{
    const nl_symbol owner = { .kind = NL_SYM_POPULATION, .name = rs->body->name, .id = rs->body->number };
    nl_evaluator ev = nl_evaluator_of(rs);
    const nl_value value = nl_eval_implicit_member(&ev, &owner, name->name);

    if (value.kind == NL_KIND_NONE) return true; /* the clock: the evaluator refuses it */
    if (found->symbol == NULL) {
        bind(rs, scope, name->name, rs->space == 0 ? nl_value_number(ev.arena, value.data[0], value.dim) : value);
        return true;
    }
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_DUPLICATE, name->span,
                                "`%s` could be that of the population or a name of the file", name->name);
    nl_diag_also(rs->ck->diags, diag, found->symbol->span, "it is declared here");
    nl_diag_help(rs->ck->diags, diag, "rename the one of the file");
    return false;
}

/* A parameter of the population that is the same in every run. */
static bool bind_entry(const nl_resolver *rs, const nl_ast *name, nl_entry *entry, nl_scope *scope)
{
    nl_resolver own = nl_entry_resolver(rs->body, entry, NL_IN_PARAM);
    const nl_ast *expr = nl_ast_kid(entry->item, 1);

    if (entry->progress == NL_FAILED) return false;
    if (entry->symbol != NULL) return true;
    if (entry->kind != NL_ENTRY_PARAM && entry->kind != NL_ENTRY_LET)
        return refuse_name(rs, name->span, entry->name, "changes in time");
    if (nl_check_is_set(rs->ck, rs->body->name, entry->name))
        return refuse_name(rs, name->span, entry->name, "changes in the protocol");
    if (nl_has_draw(&own, expr)) return refuse_name(rs, name->span, entry->name, "is drawn when the network is built");
    nl_scope *inner = nl_scope_new(rs->ck->arena, own.scope);
    if (!bind_names(&own, expr, inner)) return false;
    nl_evaluator ev = nl_evaluator_of(&own);
    ev.scope = inner;
    const nl_value value = nl_eval(&ev, expr);
    if (value.kind == NL_KIND_NONE) return false;
    if (ev.varying != NULL) return refuse_name(rs, name->span, ev.varying->name, "changes in the protocol");
    bind(rs, scope, entry->name, value);
    return true;
}

/* Names of the population in an expression become values of all its neurons. */
static bool bind_names(nl_resolver *rs, const nl_ast *e, nl_scope *scope)
{
    bool good = true;

    if (e == NULL) return true;
    if (e->kind == NL_AST_NAME && nl_scope_find(scope, e->name) == nl_scope_find(rs->scope, e->name)) {
        const nl_found found = nl_name_find(rs, e->name);
        if (found.how == NL_FOUND_ENTRY) good = bind_entry(rs, e, found.entry, scope);
        else if (found.how == NL_FOUND_IMPLICIT) good = bind_implicit(rs, e, &found, scope);
    }
    for (int k = 0; good && k < e->kid_count; k++) good = bind_names(rs, e->kids[k], scope);
    return good;
}

static bool evaluate(nl_body *body, const nl_ast *expr, nl_value *out)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_PARAM, "spikes");
    nl_evaluator ev = nl_evaluator_of(&rs);

    ev.scope = nl_scope_new(body->ck->arena, rs.scope);
    if (!bind_names(&rs, expr, ev.scope)) return false;
    *out = nl_eval(&ev, expr);
    if (out->kind == NL_KIND_NONE) return false;
    return ev.varying == NULL || refuse_name(&rs, expr->span, ev.varying->name, "changes in the protocol");
}

static void forget_times(trains *t)
{
    t->last = NL_NEW_ARRAY(t->ck->arena, double, t->count);
    for (size_t k = 0; k < t->count; k++) t->last[k] = -INFINITY;
}

void nl_body_spike_at(nl_body *body, const nl_ast *statement)
{
    nl_check *ck = body->ck;
    trains t = { .ck = ck,
                 .span = statement->kids[0]->span,
                 .count = ck->model->populations.items[body->number].count };
    nl_value times, ids;

    nl_body_collect_event(body, statement);
    const uint32_t number = nl_body_event_number(body, statement);
    if (number == NL_NO_EVENT || !evaluate(body, statement->kids[0], &times)) return;
    const nl_ast *which = nl_ast_kid(statement, 1);
    if (which != NULL && !evaluate(body, which, &ids)) return;
    nl_body_event_block(body, nl_ast_kid(statement, 2), &ck->model->events.items[number]);
    forget_times(&t);
    if (!(which != NULL ? add_pairs(&t, times, ids) : add_times(&t, times))) return;
    keep(&t, &ck->model->events.items[number]);
    warn(&t);
}
