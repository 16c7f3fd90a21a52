/* E.spikes, G.burst: which event of the model is meant, and the recorded train that expressions read. */
#include "eval_impl.h"
#include "plan.h"

#include <math.h>
#include <string.h>

static const nl_population *population_at(const nl_check *ck, uint32_t id) { return &ck->model->populations.items[id]; }

long nl_train_event(const nl_check *ck, uint32_t population, const char *name)
{
    for (size_t i = 0; i < ck->model->events.count; i++) {
        const nl_event *event = &ck->model->events.items[i];

        if (event->population == population && event->name != NULL && strcmp(event->name, name) == 0) return (long)i;
    }
    return -1;
}

/* The population of one that the top level makes; UINT32_MAX: there is none. */
static uint32_t top_population(const nl_check *ck)
{
    return ck->whole->equations != NULL ? nl_body_number(ck->whole->equations) : UINT32_MAX;
}

bool nl_train_find(const nl_check *ck, const nl_symbol *owner, const char *name, nl_train_ref *out)
{
    if (ck->model->events.count == 0) return false;
    if (owner != NULL && owner->kind == NL_SYM_PART) out->part = owner->part;
    else out->part = (nl_part){ .population = owner != NULL ? owner->id : top_population(ck), .whole = true };
    if ((owner != NULL && owner->kind != NL_SYM_POPULATION && owner->kind != NL_SYM_PART && owner->kind != NL_SYM_INSTANCE)
        || out->part.population == UINT32_MAX)
        return false;
    if (out->part.whole) out->part.count = population_at(ck, out->part.population)->count;
    const long event = nl_train_event(ck, out->part.population, name);
    out->event = (uint32_t)event;
    return event >= 0;
}

bool nl_train_named(nl_evaluator *ev, const nl_ast *expr, nl_train_ref *out)
{
    const nl_ast *bare = nl_ast_bare(expr);

    if (bare != NULL && bare->kind == NL_AST_NAME)
        return nl_scope_find(ev->scope, bare->name) == NULL && nl_train_find(ev->ck, NULL, bare->name, out);
    if (bare == NULL || bare->kind != NL_AST_FIELD) return false;
    const nl_symbol *instance = nl_eval_is_path(bare->kids[0]) ? nl_eval_symbol(ev, bare->kids[0]) : NULL;
    const nl_symbol *owner = instance != NULL && instance->members != NULL ? instance : nl_eval_owner(ev, bare->kids[0]);
    return owner != NULL && nl_train_find(ev->ck, owner, bare->name, out);
}

/* --- values --- */

/* One value for each neuron: a grid where the whole population is one. */
static nl_value unknown_train(const nl_check *ck, nl_part part)
{
    const nl_population *population = population_at(ck, part.population);
    const bool is_grid = part.whole && population->rank == 2;
    const int rank = population->space == 0 ? 0 : is_grid ? 2 : 1;

    return nl_value_unknown(NL_KIND_TRAIN, nl_check_time_dim(ck), rank, is_grid ? population->shape : &part.count);
}

nl_value nl_train_unknown(const nl_check *ck, const nl_plan_series *series)
{
    return unknown_train(ck, series->train.part);
}

static bool covers(const nl_plan_series *series, const nl_train_ref *ref)
{
    const nl_part *part = &series->train.part;

    return series->mode == NL_SERIES_TRAIN && series->train.event == ref->event && part->begin <= ref->part.begin
           && ref->part.begin + ref->part.count <= part->begin + part->count;
}

/* The record that an expression reads: one that has begun, before others. */
static const nl_plan_series *record_of(nl_check *ck, const nl_train_ref *ref)
{
    const nl_plan_series *found = NULL;

    for (size_t i = 0; i < ck->plan->series.count; i++) {
        nl_plan_series *series = &ck->plan->series.items[i];

        if (!covers(series, ref)) continue;
        series->used = true;
        if (found == NULL || (!nl_value_known(found->value) && nl_value_known(series->value))) found = series;
    }
    return found;
}

static nl_value not_recorded(nl_evaluator *ev, nl_span span, const char *text)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_RECORDED, span, "`%s` is not recorded", text);

    nl_diag_help(ev->ck->diags, diag, "write before the run: record %s", text);
    return nl_value_none();
}

nl_value nl_train_value(nl_evaluator *ev, const nl_train_ref *ref, nl_span span, const char *text)
{
    if (ev->world == NULL) return nl_eval_too_early(ev, span, text);
    const nl_plan_series *series = record_of(ev->ck, ref);
    nl_value out = unknown_train(ev->ck, ref->part);
    if (series == NULL) return not_recorded(ev, span, text);
    if (!ev->ck->running) return out;
    if (!nl_value_known(series->value)) {
        nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_TOO_EARLY, span,
                                    "`%s` has no value: its record has not been executed", text);
        nl_diag_also(ev->ck->diags, diag, series->stmt->span, "it stands here");
        return nl_value_none();
    }
    const bool is_whole = series->train.part.begin == ref->part.begin && series->train.part.count == ref->part.count;
    out.train = is_whole ? series->value.train
                         : nl_train_part(ev->arena, series->value, ref->part.begin, ref->part.count).train;
    return out;
}
