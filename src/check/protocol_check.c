/* Checks the statements of the protocol by going through them once with unknown results of runs: what passes here does
 * not fail later because of its text.  On the way it finds what the simulation will have to tell (see plan.h). */
#include "batch.h"

#include "declare.h"

#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* --- the world while checking: every result has a shape and a dimension, and no value --- */

static nl_value read_unknown(void *user, nl_arena *arena, nl_ref node, nl_dim dim, uint32_t space, nl_span span)
{
    nl_check *ck = user;
    size_t shape[NL_RANK];
    int rank;

    (void)arena, (void)span;
    nl_plan_probe(ck, node);
    nl_plan_shape(ck, space, &rank, shape);
    return nl_value_unknown(nl_graph_node(ck->model->graph, node)->is_bool ? NL_KIND_BOOL : NL_KIND_NUMBER, dim, rank,
                            shape);
}

static double unknown_time(void *user)
{
    (void)user;
    return NAN;
}

typedef struct checker {
    nl_check *ck;
    nl_scope *scope;
    nl_eval_world world;
    nl_scope *home;       /* of what is recorded and collected: the top level, or a point of the innermost batch */
    const nl_ast *points; /* the block of that batch, or NULL */
    nl_plan_batch *batch;
    int loops;            /* `for` around the statement, within that block */
} checker;

static nl_evaluator evaluator_of(checker *c, const char *stream)
{
    return (
        nl_evaluator){ .ck = c->ck, .scope = c->scope, .arena = c->ck->arena, .world = &c->world, .stream = stream };
}

static nl_span name_span(const nl_ast *node) { return node->name_span.end != 0 ? node->name_span : node->span; }

static nl_value forget(nl_value value)
{
    if (value.kind == NL_KIND_NONE || value.kind == NL_KIND_LIST || value.kind == NL_KIND_TABLE) return value;
    nl_value out = nl_value_unknown(value.kind, value.dim, value.rank, value.shape);
    out.is_signal = value.is_signal;
    return out;
}

static void check_block(checker *c, const nl_ast *block);
static void check_statement(checker *c, const nl_ast *stmt);

/* --- times --- */

static bool has_dt(checker *c, const nl_ast *stmt)
{
    if (c->ck->model->dt > 0) return true;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SETTING, stmt->span, "this needs a time step");
    nl_diag_help(c->ck->diags, diag, "add, for example: simulation { dt = %s; method = rk4 }",
                 c->ck->model->dimensional ? "0.1 ms" : "0.1");
    return false;
}

/* A time of the protocol; NAN while it is unknown. */
static bool check_time(checker *c, const nl_ast *expr, const char *what, double least, double *out)
{
    nl_evaluator ev = evaluator_of(c, NULL);

    if (!nl_eval_number(&ev, expr, nl_check_time_dim(c->ck), what, out)) return false;
    if (isnan(*out) || (*out >= least && *out <= NL_STEPS_MAX * c->ck->model->dt)) return true;
    nl_diag_add(c->ck->diags, NL_E_TIME, expr->span, "%s is %s", what,
                *out < 0            ? "negative"
                : !isfinite(*out)   ? "not finite"
                : *out < least      ? "shorter than one step"
                                    : "longer than 2^53 steps");
    return false;
}

static void add_steps(checker *c, double steps) { c->ck->plan->steps += steps; }

static void check_run(checker *c, const nl_ast *stmt)
{
    double time;

    if (!has_dt(c, stmt) || !check_time(c, nl_ast_kid(stmt, 0), "the duration", 0, &time)) return;
    add_steps(c, isnan(time) ? NAN : nl_plan_steps(c->ck, c->ck->arena, stmt->kids[0]->span, time, "a run"));
}

/* Variables of the loops around a statement as constants, or as values that change. */
static void set_loops_vary(checker *c, bool varies)
{
    for (nl_scope *scope = c->scope; scope != NULL && scope != c->ck->top; scope = scope->parent)
        for (size_t i = 0; i < scope->symbols.count; i++)
            if (scope->symbols.items[i]->decl->kind == NL_AST_FOR) scope->symbols.items[i]->varies = varies;
}

/* The node of an expression that is sampled while running: 0 where nl_eval has to do it; false after a diagnostic.
 * `fixed`: variables of loops keep the value that they have now. */
static bool find_probe(checker *c, const nl_ast *expr, bool fixed, nl_ref *node, int *rank, size_t *shape, nl_dim *dim)
{
    const size_t errors = nl_diags_error_count(c->ck->diags);

    if (fixed) set_loops_vary(c, false);
    *node = nl_body_probe(c->ck, c->scope, expr, rank, shape, dim);
    set_loops_vary(c, true);
    return *node != 0 || nl_diags_error_count(c->ck->diags) == errors;
}

static nl_ast *compare(checker *c, const nl_ast *at, nl_ast *a, const char *op, nl_ast *b)
{
    nl_ast *out = nl_ast_new(c->ck->arena, NL_AST_COMPARE, at->span, NULL, (nl_ast *[]){ a, b }, 2);
    const char **ops = NL_NEW_ARRAY(c->ck->arena, const char *, 1);

    ops[0] = op;
    out->ops = ops;
    return out;
}

/* `x crosses above y` written out: prev(x) <= y and y < x; `below` the other way round. */
static nl_ast *write_crossing(checker *c, const nl_ast *e)
{
    const bool above = strcmp(e->name, "above") == 0;
    nl_ast *name = nl_ast_new(c->ck->arena, NL_AST_NAME, e->span, "prev", NULL, 0);
    nl_ast *before = nl_ast_new(c->ck->arena, NL_AST_CALL, e->kids[0]->span, NULL, (nl_ast *[]){ name, e->kids[0] }, 2);
    nl_ast *sides[2] = { compare(c, e, before, above ? "<=" : ">=", e->kids[1]),
                         compare(c, e, e->kids[0], above ? ">" : "<", e->kids[1]) };

    return nl_ast_new(c->ck->arena, NL_AST_BINARY, e->span, "and", sides, 2);
}

/* A condition in which every crossing is written out. */
static nl_ast *write_crossings(checker *c, nl_ast *e)
{
    const bool may_hold = e->kind == NL_AST_PAREN || e->kind == NL_AST_NOT || e->kind == NL_AST_BINARY;

    if (e->kind == NL_AST_CROSSES) return write_crossing(c, e);
    if (!may_hold) return e;
    nl_ast *out = nl_ast_new(c->ck->arena, e->kind, e->span, e->name, e->kids, e->kid_count);
    for (int i = 0; i < e->kid_count; i++)
        if (out->kids[i] != NULL) out->kids[i] = write_crossings(c, out->kids[i]);
    return out;
}

static bool check_until_condition(checker *c, const nl_ast *stmt)
{
    const nl_ast *condition = nl_ast_kid(stmt, 0) != NULL ? write_crossings(c, stmt->kids[0]) : NULL;
    nl_evaluator ev = evaluator_of(c, NULL);
    size_t shape[NL_RANK];
    int rank;
    nl_ref node;
    nl_dim dim;
    nl_value value;

    const char *turn = nl_plan_turn(&ev, condition);
    if (!find_probe(c, condition, turn[0] != '\0', &node, &rank, shape, &dim)) return false;
    if (node == 0) return nl_eval_condition(&ev, condition, &value);
    if (rank != 0 || !nl_graph_node(c->ck->model->graph, node)->is_bool) {
        nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, condition->span,
                    rank != 0 ? "one condition is needed here, not one for each element"
                              : "a condition is needed here");
        return false;
    }
    const nl_until until = { stmt, turn, nl_plan_probe(c->ck, node) };
    if (nl_plan_find_until(c->ck, stmt, turn) == NULL) NL_PUSH(c->ck->arena, &c->ck->plan->untils, until);
    return true;
}

static void check_run_until(checker *c, const nl_ast *stmt)
{
    double time;

    if (!has_dt(c, stmt) || !check_until_condition(c, stmt)) return;
    if (nl_ast_kid(stmt, 1) != NULL) check_time(c, stmt->kids[1], "the duration", 0, &time);
    add_steps(c, NAN);
}

/* --- record --- */

static void check_interval(checker *c, const nl_ast *every, const nl_ast *from)
{
    double time;

    if (every != NULL && check_time(c, every, "the interval", 0.5 * c->ck->model->dt, &time) && !isnan(time))
        nl_plan_steps(c->ck, c->ck->arena, every->span, time, "an interval");
    if (from != NULL && check_time(c, from, "the start", -INFINITY, &time) && !isnan(time))
        nl_plan_steps(c->ck, c->ck->arena, from->span, time - c->ck->model->start, "a time");
}

static void check_times(checker *c, const nl_ast *at)
{
    nl_evaluator ev = evaluator_of(c, NULL);
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
    if (!find_probe(c, expr, is_of_turn(out), node, &out->rank, out->shape, &out->dim)) return false;
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
    nl_evaluator ev = evaluator_of(c, NULL);
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
    nl_evaluator ev = evaluator_of(c, NULL);

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
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_plan_series series = {
        .name = name, .stmt = stmt, .points = c->points, .members = nl_plan_members(&ev, expr), .mode = mode, .train = *train
    };
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
    nl_evaluator ev = evaluator_of(c, NULL);

    *mode = NL_SERIES_SAMPLED;
    if (nl_train_named(&ev, stmt->kids[1], train)) *mode = NL_SERIES_TRAIN;
    else if (nl_ast_kid(stmt, 4) != NULL && nl_train_named(&ev, stmt->kids[4], train)) *mode = NL_SERIES_AT_EVENTS;
    if (nl_diags_error_count(c->ck->diags) > errors) return false;
    if (*mode == NL_SERIES_TRAIN) check_train_alone(c, stmt);
    return true;
}

static void check_record(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_train_ref train = { 0 };
    nl_series_mode mode;

    if (nl_ast_kid(stmt, 1) == NULL || !has_dt(c, stmt) || !record_mode(c, stmt, &mode, &train)) return;
    check_interval(c, nl_ast_kid(stmt, 2), nl_ast_kid(stmt, 3));
    if (mode == NL_SERIES_SAMPLED) check_times(c, nl_ast_kid(stmt, 4));
    const char *name = nl_plan_series_name(&ev, stmt);
    if (name != NULL) check_series(c, stmt, nl_arena_strdup(c->ck->arena, name), mode, &train);
}

/* --- values --- */

static void follow(void *user, nl_symbol *symbol)
{
    checker *c = user;
    nl_evaluator ev = evaluator_of(c, symbol->stream);

    ev.scope = c->ck->top;
    const nl_value value = nl_declare_value(&ev, symbol);
    symbol->value = c->ck->plan->uncertain > 0 ? forget(symbol->value) : value;
}

static void check_set_symbol(checker *c, const nl_ast *stmt, const nl_target *target, nl_value right)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_value value = nl_target_assign(&ev, target, target->symbol->value, right, stmt);

    if (value.kind == NL_KIND_NONE || !nl_declare_in_range(&ev, target->symbol, value, stmt->kids[1]->span)) return;
    target->symbol->pinned = true;
    target->symbol->value = c->ck->plan->uncertain > 0 ? forget(value) : value;
    nl_declare_dependents(c->ck, target->symbol, follow, c);
}

static void check_set(checker *c, const nl_ast *stmt)
{
    const nl_ast *left = nl_ast_kid(stmt, 0), *right = nl_ast_kid(stmt, 1);
    nl_evaluator ev = evaluator_of(c, "set");
    nl_target target;

    if (left == NULL || right == NULL) return;
    if (!nl_target_find(&ev, left, &target)) return;
    const nl_value value = nl_target_right(&ev, &target, right);
    if (value.kind == NL_KIND_NONE) return;
    if (target.symbol != NULL) {
        check_set_symbol(c, stmt, &target, value);
        return;
    }
    const nl_value present = nl_value_unknown(NL_KIND_NUMBER, target.dim, target.rank, target.shape);
    nl_target_assign(&ev, &target, present, value, stmt);
}

static void declare_value(checker *c, const nl_ast *item, const nl_ast *decl)
{
    nl_evaluator ev = evaluator_of(c, item->name);
    const nl_value value = nl_declare_value(&ev, &(nl_symbol){ .name = item->name, .decl = decl });
    nl_symbol *symbol = nl_plan_declare(c->ck, c->scope, NL_SYM_VALUE, item->name, name_span(item), decl);

    if (symbol == NULL) return;
    symbol->varies = true;
    symbol->doc = item->doc;
    symbol->value = value;
}

static void check_lets(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        const nl_ast *item = stmt->kids[i];

        if (nl_ast_kid(item, 0) != NULL)
            nl_diag_add(c->ck->diags, NL_E_NOT_YET, item->span,
                        "families of values in the protocol are not yet supported");
        else declare_value(c, item, item);
    }
}

static void check_columns(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++) declare_value(c, stmt->kids[i], stmt);
}

static void check_solve(checker *c, const nl_ast *stmt) { declare_value(c, stmt, stmt); }

/* --- collect --- */

static bool same_extent(size_t a, size_t b) { return a == b || a == NL_UNKNOWN_SIZE || b == NL_UNKNOWN_SIZE; }

/* Whether a row is like those that were collected before. */
static bool is_like(nl_value rows, nl_value row)
{
    bool fits = rows.rank == row.rank + 1 && nl_dim_equal(rows.dim, row.dim);

    for (int i = 0; i < row.rank && fits; i++) fits = same_extent(rows.shape[i + 1], row.shape[i]);
    return fits;
}

static nl_value rows_of(nl_value row)
{
    size_t shape[NL_RANK] = { NL_UNKNOWN_SIZE };

    for (int i = 0; i < row.rank; i++) shape[i + 1] = row.shape[i];
    return nl_value_unknown(row.kind, row.dim, row.rank + 1, shape);
}

/* The symbol of what is collected as `name`: that of a COLLECT before, where both make rows, or a new one. */
static nl_symbol *collected(checker *c, const nl_ast *stmt, const char *name, bool single)
{
    nl_symbol *symbol = nl_scope_find_here(c->home, name);

    if (symbol != NULL && symbol->decl != NULL && symbol->decl->kind == NL_AST_COLLECT && !symbol->single && !single)
        return symbol;
    symbol = nl_plan_declare(c->ck, c->home, NL_SYM_VALUE, name, stmt->kids[0]->span, stmt);
    if (symbol != NULL) symbol->varies = true;
    if (symbol != NULL) symbol->single = single;
    return symbol;
}

static nl_symbol *collect_value(checker *c, const nl_ast *stmt, const char *name, nl_value value, bool single)
{
    nl_symbol *symbol = collected(c, stmt, name, single);

    if (symbol == NULL) return NULL;
    if (single ? value.rank <= NL_RANK : value.rank < NL_RANK) {
        if (single || symbol->value.kind == NL_KIND_NONE || is_like(symbol->value, value)) {
            symbol->value = single ? nl_value_unknown(value.kind, value.dim, value.rank, value.shape) : rows_of(value);
            return symbol;
        }
    }
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->span,
                                "this row does not fit those collected as `%s` before", name);
    nl_diag_also(c->ck->diags, diag, symbol->span, "they are collected here");
    return NULL;
}

/* How many statements of a block collect this. */
static int count_collects(const nl_ast *node, const nl_ast *left)
{
    int count = 0;

    if (node == NULL) return 0;
    if (node->kind == NL_AST_COLLECT) return nl_ast_same(node->kids[0], left);
    for (int i = 0; i < node->kid_count; i++) count += count_collects(node->kids[i], left);
    return count;
}

/* Each point has one value of what it collects once; else a row for each time. */
static bool is_collected_once(const checker *c, const nl_ast *stmt)
{
    return c->points != NULL && c->loops == 0 && count_collects(c->points, stmt->kids[0]) <= 1;
}

static void add_column(checker *c, const nl_ast *stmt, nl_symbol *symbol)
{
    if (c->batch == NULL || symbol == NULL) return;
    for (size_t i = 0; i < c->batch->columns.count; i++)
        if (c->batch->columns.items[i].inside == symbol) return;
    NL_PUSH(c->ck->arena, &c->batch->columns, ((nl_plan_column){ .stmt = stmt, .inside = symbol }));
}

static void check_collect(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, "collect");
    const char *name = nl_ast_kid(stmt, 0) != NULL ? nl_eval_family_name(&ev, stmt->kids[0]) : NULL;
    const nl_value row = nl_eval(&ev, nl_ast_kid(stmt, 1));

    if (name == NULL || row.kind == NL_KIND_NONE) return;
    if (row.kind == NL_KIND_NUMBER || row.kind == NL_KIND_BOOL)
        add_column(c, stmt, collect_value(c, stmt, name, row, is_collected_once(c, stmt)));
    else nl_diag_add(c->ck->diags, NL_E_SERIES, stmt->kids[1]->span, "only numbers are collected");
}

/* --- blocks --- */

/* What is recorded may differ from turn to turn. */
static bool records(const nl_ast *block)
{
    if (block == NULL) return false;
    if (block->kind == NL_AST_RECORD) return true;
    for (int i = 0; i < block->kid_count; i++)
        if (records(block->kids[i])) return true;
    return false;
}

/* How many turns of a loop are gone through at either end; all, where something is recorded. */
enum { TURNS = 16, INNER_TURNS = 1 };

static void check_turns(checker *c, const nl_ast *stmt, nl_symbol *variable, nl_value range)
{
    const size_t count = range.shape[0];
    const size_t ends = records(nl_ast_kid(stmt, 1)) ? count : c->ck->plan->uncertain > 1 ? INNER_TURNS : TURNS;
    const double before = c->ck->plan->steps;
    size_t checked = 0;

    c->ck->plan->steps = 0;
    if (count == 0) { /* nothing will be done, but it has to be right */
        variable->value = nl_value_unknown(range.kind, range.dim, 0, NULL);
        check_block(c, nl_ast_kid(stmt, 1));
    }
    for (size_t i = 0; i < count; i++) {
        if (i == ends && count > 2 * ends) i = count - ends;
        variable->value = nl_value_number(c->ck->arena, range.data[i], range.dim);
        check_block(c, nl_ast_kid(stmt, 1));
        checked++;
    }
    c->ck->plan->steps = before + (checked > 0 ? c->ck->plan->steps * (double)count / (double)checked : 0);
}

static void check_for(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const nl_value range = nl_eval(&ev, nl_ast_kid(stmt, 0));
    nl_scope *outer = c->scope;

    if (range.kind == NL_KIND_NONE || nl_ast_kid(stmt, 1) == NULL) return;
    if ((range.kind != NL_KIND_NUMBER && range.kind != NL_KIND_BOOL) || range.rank != 1) {
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[0]->span,
                                    "`for` goes through a list of numbers");
        nl_diag_help(c->ck->diags, diag, "for example 0 .. 10, or [1, 2, 5]");
        return;
    }
    c->scope = nl_plan_add_scope(c->ck, stmt->kids[1], outer);
    nl_symbol *variable = nl_plan_declare(c->ck, c->scope, NL_SYM_VALUE, stmt->name, name_span(stmt), stmt);
    if (variable != NULL) {
        variable->varies = true;
        c->ck->plan->uncertain++;
        c->loops++;
        if (nl_value_known(range)) check_turns(c, stmt, variable, range);
        else {
            variable->value = nl_value_unknown(range.kind, range.dim, 0, NULL);
            check_block(c, stmt->kids[1]);
            add_steps(c, NAN);
        }
        c->loops--;
        c->ck->plan->uncertain--;
    }
    c->scope = outer;
}

static void check_branch(checker *c, const nl_ast *branch)
{
    nl_scope *outer = c->scope;

    if (branch == NULL) return;
    c->scope = nl_plan_add_scope(c->ck, branch, outer);
    if (branch->kind == NL_AST_IF) check_statement(c, branch);
    else check_block(c, branch);
    c->scope = outer;
}

static void check_if(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_value condition;

    if (!nl_eval_condition(&ev, nl_ast_kid(stmt, 0), &condition)) return;
    const nl_ast *then = nl_ast_kid(stmt, 1), *otherwise = nl_ast_kid(stmt, 2);
    if (nl_value_known(condition) && nl_plan_find_scope(c->ck, then) == NULL && c->ck->plan->uncertain == 0) {
        const nl_ast *branch = condition.data[0] != 0 ? then : otherwise;
        if (branch != NULL && branch->kind == NL_AST_IF) check_statement(c, branch);
        else if (branch != NULL) check_block(c, branch);
    } else if (nl_value_known(condition)) {
        check_branch(c, condition.data[0] != 0 ? then : otherwise);
    } else {
        c->ck->plan->uncertain++;
        check_branch(c, then);
        check_branch(c, otherwise);
        c->ck->plan->uncertain--;
        add_steps(c, NAN);
    }
}

/* --- sweep and trials --- */

/* Values of symbols, which a batch leaves as they were. */
typedef struct saved_value { nl_value value; bool pinned; } saved_value;

static saved_value *save_present(const nl_check *ck)
{
    saved_value *saved = NL_NEW_ARRAY(ck->arena, saved_value, ck->top->symbols.count + 1);

    for (size_t i = 0; i < ck->top->symbols.count; i++)
        saved[i] = (saved_value){ ck->top->symbols.items[i]->value, ck->top->symbols.items[i]->pinned };
    return saved;
}

static void restore_present(nl_check *ck, const saved_value *saved, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck->top->symbols.items[i]->value = saved[i].value;
        ck->top->symbols.items[i]->pinned = saved[i].pinned;
    }
}

static bool check_bound_value(checker *c, const nl_binding *binding, const nl_target *target, nl_value value)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const nl_value present = target->symbol != NULL
                                 ? target->symbol->value
                                 : nl_value_unknown(NL_KIND_NUMBER, target->dim, target->rank, target->shape);
    const nl_span span = binding->set->kids[1]->span;

    if (value.kind == NL_KIND_NONE || nl_target_assign(&ev, target, present, value, binding->set).kind == NL_KIND_NONE)
        return false;
    return target->symbol == NULL || nl_declare_in_range(&ev, target->symbol, value, span);
}

static bool check_setting_value(checker *c, const nl_binding *binding, nl_value value)
{
    const char *define = nl_batch_define(c->ck->arena, binding, value), *why;

    if (nl_setting_accepts(c->ck, binding->name, define + strlen(binding->name) + 1, &why)) return true;
    nl_diag_add(c->ck->diags, NL_E_BATCH, binding->set->kids[1]->span, "`%s` cannot be %s: %s", binding->name,
                nl_value_show(c->ck->arena, value, NULL), why);
    return false;
}

static bool is_setting(const checker *c, const nl_binding *binding)
{
    return binding->fixed && nl_setting_exists(binding->name) && nl_scope_find(c->scope, binding->name) == NULL;
}

static bool check_binding(checker *c, const nl_batch *batch, const nl_binding *binding)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const size_t count = batch->axes[binding->axis].count;
    nl_target target;
    const bool sets = is_setting(c, binding);
    bool good = sets || nl_target_find(&ev, binding->set->kids[0], &target);

    if (!good || (sets && !nl_value_known(binding->values))) return good;
    if (!nl_value_known(binding->values)) return check_bound_value(c, binding, &target, nl_batch_value(&ev, binding, 0));
    for (size_t i = 0; i < count && good; i++) {
        const nl_value value = nl_batch_value(&ev, binding, i);
        good = sets ? check_setting_value(c, binding, value) : check_bound_value(c, binding, &target, value);
    }
    return good;
}

/* In the block the parameter has any of the values. */
static void forget_bound(checker *c, const nl_binding *binding)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_target target;

    if (is_setting(c, binding) || (binding->fixed && c->ck->fixed_given)) return;
    if (!nl_target_find(&ev, binding->set->kids[0], &target) || target.symbol == NULL) return;
    target.symbol->pinned = true;
    target.symbol->value = forget(target.symbol->value);
    nl_declare_dependents(c->ck, target.symbol, follow, c);
}

/* `trial` and `point`, where the file has no such name. */
static void add_counter(checker *c, const nl_batch *batch, const char *name)
{
    const nl_symbol *other = nl_scope_find(c->scope->parent, name);
    nl_symbol *own = nl_scope_find_here(c->scope, name);

    if (other != NULL && nl_plan_find_batch(c->ck, other->decl) == NULL) return;
    if (own == NULL) own = nl_scope_add(c->ck, c->scope, NL_SYM_VALUE, name, batch->stmt->span, batch->stmt);
    own->varies = true;
    own->value = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
}

static nl_plan_batch *plan_batch(checker *c, const nl_batch *batch)
{
    nl_plan_batch *plan = nl_plan_find_batch(c->ck, batch->stmt);

    if (plan != NULL) return plan;
    plan = NL_NEW(c->ck->arena, nl_plan_batch);
    *plan = (nl_plan_batch){ .stmt = batch->stmt, .scope = nl_plan_add_scope(c->ck, batch->block, c->scope) };
    NL_PUSH(c->ck->arena, &c->ck->plan->batches, plan);
    return plan;
}

/* What a point collects is an array with an axis more for each of the batch. */
static void check_column(checker *c, const nl_batch *batch, nl_plan_column *column)
{
    const nl_value row = column->is_last ? nl_plan_last(column->inside->value) : column->inside->value;
    nl_value all = { .kind = row.kind, .dim = row.dim, .rank = batch->axis_count + row.rank };

    if (all.rank > NL_RANK) {
        nl_diag_add(c->ck->diags, NL_E_SERIES, column->stmt->span, "`%s` has too many axes", column->inside->name);
        return;
    }
    for (int i = 0; i < batch->axis_count; i++) all.shape[i] = batch->axes[i].count;
    for (int i = 0; i < row.rank; i++) all.shape[batch->axis_count + i] = row.shape[i];
    column->outside = collect_value(c, column->stmt, column->inside->name, all,
                                    c->loops == 0 && (c->points == NULL || is_collected_once(c, column->stmt)));
    add_column(c, column->stmt, column->outside);
}

static void check_points(checker *c, const nl_batch *batch, nl_plan_batch *plan)
{
    const checker outer = *c;
    const double before = c->ck->plan->steps;

    c->scope = c->home = plan->scope;
    c->points = batch->block;
    c->batch = plan;
    c->loops = 0;
    if (batch->binding_count > 0) add_counter(c, batch, "point");
    if (batch->trial_axis >= 0) add_counter(c, batch, "trial");
    c->ck->plan->steps = 0;
    c->ck->plan->uncertain++;
    for (size_t i = 0; i < batch->binding_count; i++) forget_bound(c, &batch->bindings[i]);
    check_block(c, batch->block);
    c->ck->plan->uncertain--;
    c->ck->plan->steps = before
                         + c->ck->plan->steps * (batch->points == NL_UNKNOWN_SIZE ? NAN : (double)batch->points);
    *c = outer;
}

static bool is_column(const nl_plan_batch *plan, const char *name)
{
    for (size_t i = 0; i < plan->columns.count; i++)
        if (strcmp(plan->columns.items[i].inside->name, name) == 0) return true;
    return false;
}

/* Where the whole protocol is swept, its named numbers are results: each `let`, and what each series is at the end. */
static void add_results(checker *c, nl_plan_batch *plan)
{
    for (size_t i = 0; i < plan->scope->symbols.count; i++) {
        nl_symbol *symbol = plan->scope->symbols.items[i];
        const bool is_series = symbol->kind == NL_SYM_RECORD, is_let = symbol->decl->kind == NL_AST_ITEM;
        const bool is_number = symbol->value.kind == NL_KIND_NUMBER || symbol->value.kind == NL_KIND_BOOL;

        if (!is_number || symbol->value.rank != is_series || !(is_series || is_let) || is_column(plan, symbol->name))
            continue;
        nl_ast *name = nl_ast_new(c->ck->arena, NL_AST_NAME, symbol->span, symbol->name, NULL, 0);
        const nl_ast *stmt = nl_ast_new(c->ck->arena, NL_AST_COLLECT, symbol->span, NULL, (nl_ast *[]){ name, name }, 2);
        NL_PUSH(c->ck->arena, &plan->columns,
                ((nl_plan_column){ .stmt = stmt, .inside = symbol, .is_last = is_series }));
    }
}

static void check_batch(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const size_t count = c->ck->top->symbols.count;
    nl_batch batch;
    bool good = has_dt(c, stmt) && nl_batch_read(&ev, stmt, &batch);

    for (size_t i = 0; good && i < batch.binding_count; i++) good = check_binding(c, &batch, &batch.bindings[i]);
    if (!good) return;
    const saved_value *saved = save_present(c->ck);
    nl_plan_batch *plan = plan_batch(c, &batch);
    check_points(c, &batch, plan);
    restore_present(c->ck, saved, count);
    if (batch.block == c->ck->batch_block) add_results(c, plan);
    for (size_t i = 0; i < plan->columns.count; i++) check_column(c, &batch, &plan->columns.items[i]);
}

/* --- state as a whole --- */

static void check_reset(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const nl_ast *what = nl_ast_kid(stmt, 0);
    const nl_symbol *owner = what != NULL ? nl_eval_owner(&ev, what) : NULL;

    if (!has_dt(c, stmt) || what == NULL || (owner != NULL && owner->kind == NL_SYM_POPULATION)) return;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_SET, what->span, "only a whole population is reset");
    nl_diag_help(c->ck->diags, diag, "write reset X, or reset alone for everything");
}

bool nl_plan_snapshot_file(nl_check *ck, const nl_ast *what, nl_value name)
{
    if (name.kind == NL_KIND_NONE) return false;
    const size_t length = name.text != NULL ? strlen(name.text) : 0;
    if (name.text == NULL || (length > 3 && strcmp(name.text + length - 3, ".h5") == 0)) return true;
    nl_diag_add(ck->diags, NL_E_OUTPUT, what->span, "a snapshot is kept in a file that ends in .h5, not in `%s`", name.text);
    return false;
}

/* The name in memory; NULL for that of a file, or after a fault. */
static const nl_ast *snapshot_name(checker *c, const nl_ast *stmt)
{
    const nl_ast *what = nl_ast_bare(nl_ast_kid(stmt, 0));

    if (what == NULL || !has_dt(c, stmt)) return NULL;
    if (what->kind == NL_AST_NAME) return what;
    nl_evaluator ev = evaluator_of(c, NULL);
    (void)nl_plan_snapshot_file(c->ck, what, nl_eval(&ev, what));
    return NULL;
}

static void check_snapshot(checker *c, const nl_ast *stmt)
{
    const nl_ast *name = snapshot_name(c, stmt);
    const nl_symbol *symbol = name != NULL ? nl_scope_find_here(c->ck->top, name->name) : NULL;

    if (name != NULL && (symbol == NULL || symbol->kind != NL_SYM_SNAPSHOT))
        nl_plan_declare(c->ck, c->ck->top, NL_SYM_SNAPSHOT, name->name, name->span, stmt);
}

static void check_restore(checker *c, const nl_ast *stmt)
{
    const nl_ast *name = snapshot_name(c, stmt);
    nl_symbol *symbol = name != NULL ? nl_scope_find(c->ck->top, name->name) : NULL;

    if (name == NULL) return;
    if (symbol != NULL && symbol->kind == NL_SYM_SNAPSHOT) symbol->used = true;
    else nl_diag_add(c->ck->diags, NL_E_SNAPSHOT, name->span, "no snapshot `%s` was taken before", name->name);
}

/* --- what is said and shown --- */

static void check_print(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        nl_evaluator ev = evaluator_of(c, NULL);
        (void)nl_eval(&ev, stmt->kids[i]);
    }
}

static void check_expect(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    const nl_value value = nl_eval(&ev, nl_ast_kid(stmt, 0));

    if (value.kind != NL_KIND_NONE && value.kind != NL_KIND_BOOL) {
        nl_diag *diag = nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[0]->span, "a condition is needed here");
        nl_diag_help(c->ck->diags, diag, "compare the value with something: expect x > 0, expect x within 2 %% of y");
    }
    if (nl_ast_kid(stmt, 1) != NULL) (void)nl_eval(&ev, stmt->kids[1]);
}

/* What would only be drawn, and is not, does not have to be kept in memory. */
static void check_plot_alone(checker *c, const nl_ast *stmt)
{
    nl_scope *top = c->ck->top;
    nl_plan *plan = c->ck->plan;
    bool *used = NL_NEW_ARRAY(c->ck->arena, bool, top->symbols.count + 1);
    bool *trains_used = NL_NEW_ARRAY(c->ck->arena, bool, plan->series.count + 1);
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_plot plot;

    for (size_t i = 0; i < top->symbols.count; i++) used[i] = top->symbols.items[i]->used;
    for (size_t i = 0; i < plan->series.count; i++) trains_used[i] = plan->series.items[i].used;
    nl_plot_read(&ev, stmt, &plot);
    for (size_t i = 0; i < top->symbols.count; i++)
        if (top->symbols.items[i]->kind == NL_SYM_RECORD) top->symbols.items[i]->used = used[i];
    for (size_t i = 0; i < plan->series.count; i++) plan->series.items[i].used = trains_used[i];
}

/* Points of a batch run beside each other, in any order. */
static bool is_of_point(checker *c, const nl_ast *stmt)
{
    if (c->points == NULL) return false;
    if (c->points == c->ck->batch_block) return true;
    nl_diag *diag = nl_diag_add(c->ck->diags, NL_W_NOT_DRAWN, stmt->span, "points of a sweep and trials draw nothing");
    nl_diag_help(c->ck->diags, diag, "`collect` what is to be seen, and draw it behind the block");
    return true;
}

static void check_plot(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    nl_plot plot;

    if (!is_of_point(c, stmt) && c->ck->draws) nl_plot_read(&ev, stmt, &plot);
    else check_plot_alone(c, stmt);
}

static void check_figure(checker *c, const nl_ast *stmt)
{
    nl_evaluator ev = evaluator_of(c, NULL);
    size_t columns;

    if (nl_ast_kid(stmt, 0) != NULL) (void)nl_eval(&ev, stmt->kids[0]);
    if (nl_ast_kid(stmt, 1) != NULL && nl_eval_count(&ev, stmt->kids[1], "the number of columns", &columns) && columns == 0)
        nl_diag_add(c->ck->diags, NL_E_ARGUMENT, stmt->kids[1]->span, "a figure has at least one column");
    if (nl_ast_kid(stmt, 2) != NULL) check_block(c, stmt->kids[2]);
}

static void check_keep(checker *c, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) {
        const nl_ast *path = nl_ast_bare(stmt->kids[i]);
        nl_evaluator ev = evaluator_of(c, NULL);
        const bool is_path = path != NULL && nl_eval_is_path(path);
        const nl_symbol *symbol = is_path ? nl_eval_symbol(&ev, path) : NULL;

        if (symbol != NULL && (symbol->kind == NL_SYM_VALUE || symbol->kind == NL_SYM_RECORD)) {
            NL_PUSH(c->ck->arena, &c->ck->plan->kept, symbol->name);
            continue;
        }
        if (!is_path || symbol != NULL || nl_eval(&ev, path).kind != NL_KIND_NONE)
            nl_diag_add(c->ck->diags, NL_E_VALUE_KIND, stmt->kids[i]->span, "`keep` takes names of values");
    }
}

static void check_nested(checker *c, const nl_ast *stmt)
{
    nl_diag_add(c->ck->diags, NL_E_ORDER, stmt->span,
                "a declaration cannot stand in a block that runs or sets something");
}

static void (*const rules[NL_AST_KIND_COUNT])(checker *c, const nl_ast *stmt) = {
    [NL_AST_RECORD] = check_record,
    [NL_AST_RUN] = check_run,
    [NL_AST_RUN_UNTIL] = check_run_until,
    [NL_AST_SET] = check_set,
    [NL_AST_LETS] = check_lets,
    [NL_AST_LET_COLUMNS] = check_columns,
    [NL_AST_SOLVE] = check_solve,
    [NL_AST_COLLECT] = check_collect,
    [NL_AST_FOR] = check_for,
    [NL_AST_IF] = check_if,
    [NL_AST_RESET] = check_reset,
    [NL_AST_SNAPSHOT] = check_snapshot,
    [NL_AST_RESTORE] = check_restore,
    [NL_AST_PRINT] = check_print,
    [NL_AST_EXPECT] = check_expect,
    [NL_AST_PLOT] = check_plot,
    [NL_AST_FIGURE] = check_figure,
    [NL_AST_KEEP] = check_keep,
    [NL_AST_SWEEP] = check_batch,
    [NL_AST_SWEEP_ROWS] = check_batch,
    [NL_AST_TRIALS] = check_batch,
};

static void check_statement(checker *c, const nl_ast *stmt)
{
    (rules[stmt->kind] != NULL ? rules[stmt->kind] : check_nested)(c, stmt);
}

static void check_block(checker *c, const nl_ast *block)
{
    for (int i = 0; i < block->kid_count; i++) check_statement(c, block->kids[i]);
}

/* --- the whole --- */

/* Values as they are when the protocol begins: a `set` on the way has changed them. */
static nl_value *save_values(nl_check *ck)
{
    nl_value *values = NL_NEW_ARRAY(ck->arena, nl_value, ck->declared.count + 1);

    for (size_t i = 0; i < ck->declared.count; i++) values[i] = ck->declared.items[i]->value;
    return values;
}

/* Back to the beginning; what bodies and probes read follows. */
static void restore_values(nl_check *ck, const nl_value *values)
{
    for (size_t i = 0; i < ck->declared.count; i++) {
        nl_symbol *symbol = ck->declared.items[i];

        symbol->value = values[i];
        symbol->pinned = symbol->is_param && nl_define_find(ck, symbol->name) != NULL;
        if (!nl_value_known(symbol->value)) continue;
        if (symbol->slot >= 0) ck->model->slots.items[symbol->slot].number = symbol->value.data[0];
        if (symbol->array >= 0) ck->model->arrays.items[symbol->array].value = symbol->value;
    }
}

bool nl_protocol_check(nl_check *ck)
{
    checker c = { .ck = ck, .scope = ck->top, .home = ck->top, .world = { .user = ck, .read = read_unknown, .time = unknown_time } };
    const size_t errors = nl_diags_error_count(ck->diags);
    const nl_value *values = save_values(ck);

    for (size_t i = 0; i < ck->protocol.count; i++) check_statement(&c, ck->protocol.items[i]);
    restore_values(ck, values);
    return nl_diags_error_count(ck->diags) == errors;
}
