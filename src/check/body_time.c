/* Past values: prev(), delay(), window_mean().  They are defined once in the model and read by number, so that an
 * expression may lead back to itself through one. */
#include "body.h"

#include <string.h>

struct nl_pending {
    nl_resolver rs;
    const nl_ast *expr;
    nl_span span;
    bool is_delay;
    uint32_t id;
    nl_dim dim; /* that was assumed */
};

/* --- what changes in time --- */

static bool moves(void *user, const nl_node *node)
{
    (void)user;
    switch ((nl_node_kind)node->kind) {
    case NL_X_TIME:
    case NL_X_STEP:
    case NL_X_STATE:
    case NL_X_INPUT:
    case NL_X_DERIV:
    case NL_X_PREV:
    case NL_X_DELAY:
    case NL_X_WINDOW:
    case NL_X_DRAW:
    case NL_X_SPIKED:
    case NL_X_TABLE: return true;
    default: return false;
    }
}

static bool moves_by_itself(void *user, const nl_node *node) { return node->kind != NL_X_DRAW && moves(user, node); }

bool nl_changes_in_time(const nl_graph *graph, nl_ref ref) { return nl_expr_any(graph, ref, moves_by_itself, NULL); }

bool nl_varies_in_time(const nl_graph *graph, nl_ref ref) { return nl_expr_any(graph, ref, moves, NULL); }

/* --- sides --- */

typedef nl_ref (*past_fn)(nl_resolver *rs, nl_ref ref, void *user);

typedef struct side_use {
    bool pre, post, own;
} side_use;

/* Which sides of a projection the moving parts of an expression belong to. */
static void find_sides(const nl_graph *graph, nl_ref ref, side_use *use)
{
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind == NL_X_PRE) use->pre = true;
    else if (node->kind == NL_X_POST) use->post = true;
    else if (moves(NULL, node)) use->own = true;
    else
        for (int k = 0; k < node->arg_count; k++) find_sides(graph, node->args[k], use);
}

typedef struct at_sides {
    nl_resolver *rs;
    past_fn past;
    void *user;
} at_sides;

static nl_ref past_of_side(void *user, nl_graph *graph, nl_ref ref)
{
    const at_sides *sides = user;
    nl_node node = *nl_graph_node(graph, ref);

    if (node.kind != NL_X_PRE && node.kind != NL_X_POST) return 0;
    if (!nl_varies_in_time(graph, node.args[0])) return ref;
    node.args[0] = sides->past(sides->rs, node.args[0], sides->user);
    return nl_graph_add(graph, &node);
}

/* The past of a value that synapses see is remembered by neurons, not by synapses: there are fewer of them. */
static nl_ref past_at_sides(nl_resolver *rs, nl_ref ref, past_fn past, void *user)
{
    at_sides sides = { rs, past, user };
    side_use use = { .own = false };

    find_sides(nl_graph_of(rs), ref, &use);
    if (use.own || (!use.pre && !use.post)) return past(rs, ref, user);
    return nl_expr_replace(nl_graph_of(rs), ref, past_of_side, &sides, nl_memo_new(rs->ck->arena));
}

/* --- resolving what may lead back --- */

/* The expression inside prev() or delay(): 0 with *later set where it leads back to a `let` that is not resolved
 * yet. */
static nl_ref shielded(nl_resolver *rs, const nl_ast *expr, bool *later)
{
    nl_resolver sub = *rs;
    const size_t mark = nl_diags_mark(rs->ck->diags);
    nl_body *body = rs->body;

    *later = false;
    sub.env = NULL;
    sub.guard = 0;
    if (body == NULL) return nl_resolve(&sub, expr);
    const bool outer = body->circular;
    body->circular = false;
    body->shielded++;
    const nl_ref ref = nl_resolve(&sub, expr);
    body->shielded--;
    if (ref == 0 && body->circular) {
        nl_diags_undo(rs->ck->diags, mark);
        *later = true;
    }
    body->circular = outer;
    return ref;
}

/* The dimension of what is not resolved yet: stated, or none where nothing has one. */
static bool later_dim(nl_resolver *rs, const nl_ast *expr, nl_span span, nl_dim *out)
{
    const nl_ast *bare = nl_ast_bare(expr), *item = rs->body->circle_unit;

    *out = nl_dim_none;
    if (!rs->ck->model->dimensional) return true;
    if (item != NULL && bare->kind == NL_AST_NAME && strcmp(bare->name, item->name) == 0) {
        *out = item->unit.dim;
        return true;
    }
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_CIRCLE, span,
                                "this leads back to its own `let`, so its dimension must be stated");
    nl_diag_help(rs->ck->diags, diag, "give the first value a unit, prev(.., 0 mV), or the `let`, let x : mV = ..");
    return false;
}

static void postpone(nl_resolver *rs, const nl_ast *expr, nl_span span, bool is_delay, uint32_t id, nl_dim dim)
{
    nl_pending *pending = NL_NEW(rs->ck->arena, nl_pending);

    *pending = (nl_pending){ .rs = *rs, .expr = expr, .span = span, .is_delay = is_delay, .id = id, .dim = dim };
    pending->rs.env = NULL;
    pending->rs.guard = 0;
    NL_PUSH(rs->ck->arena, &rs->body->pending, pending);
}

void nl_body_resolve_pending(nl_body *body)
{
    nl_model *model = body->ck->model;

    while (body->pending.count > 0) {
        nl_pending *p = body->pending.items[--body->pending.count];
        const nl_ref ref = nl_body_value(&p->rs, p->expr);
        if (ref == 0) continue;
        const nl_dim got = nl_graph_node(model->graph, ref)->dim;
        if (!nl_dim_equal(got, p->dim))
            nl_diag_add(body->ck->diags, NL_E_DIMENSION, p->span, "a past value of %s is taken for one of %s",
                        nl_dim_text(body->ck->arena, got), nl_dim_text(body->ck->arena, p->dim));
        if (p->is_delay) model->delays.items[p->id].expr = ref;
        else model->prevs.items[p->id].expr = ref;
    }
}

/* --- prev --- */

static nl_ref prev_leaf(nl_resolver *rs, uint32_t id, uint32_t space, nl_dim dim, bool is_condition)
{
    return nl_graph_add(nl_graph_of(rs),
                        &(nl_node){ .kind = NL_X_PREV, .id = id, .space = space, .dim = dim, .is_bool = is_condition });
}

static uint32_t add_prev(nl_resolver *rs, nl_ref expr, nl_ref first, uint32_t space, nl_span span)
{
    nl_model *model = rs->ck->model;
    const nl_prev_def def = { .expr = expr, .first = first, .space = space, .span = span };

    for (size_t k = 0; expr != 0 && k < model->prevs.count; k++)
        if (model->prevs.items[k].expr == expr && model->prevs.items[k].first == first) return (uint32_t)k;
    NL_PUSH(rs->ck->arena, &model->prevs, def);
    return (uint32_t)(model->prevs.count - 1);
}

typedef struct prev_call {
    nl_ref first;
    nl_span span;
} prev_call;

static nl_ref prev_of(nl_resolver *rs, nl_ref ref, void *user)
{
    const prev_call *call = user;
    const nl_node node = *nl_graph_node(nl_graph_of(rs), ref);
    const bool is_condition =
        node.is_bool && (call->first == 0 || nl_graph_node(nl_graph_of(rs), call->first)->is_bool);

    return prev_leaf(rs, add_prev(rs, ref, call->first, node.space, call->span), node.space, node.dim, is_condition);
}

/* A first value is given per synapse or as a number: only then can it move to the neurons. */
static nl_ref prev_value(nl_resolver *rs, const nl_ast *const *args, nl_ref ref, nl_ref first, nl_span span)
{
    nl_graph *graph = nl_graph_of(rs);
    prev_call call = { first, span };

    if (first == 0) return past_at_sides(rs, ref, prev_of, &call);
    nl_ref both[] = { ref, first };
    const nl_node value = *nl_graph_node(graph, ref), start = *nl_graph_node(graph, first);
    if (!nl_dim_equal(value.dim, start.dim)) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, span, "prev() of %s cannot start with %s",
                    nl_dim_text(rs->ck->arena, value.dim), nl_dim_text(rs->ck->arena, start.dim));
        return 0;
    }
    if (!nl_unify(rs, args, both, 2)) return 0;
    call.first = both[1];
    if ((value.kind == NL_X_PRE || value.kind == NL_X_POST) && (start.space == 0 || start.kind == value.kind)) {
        nl_node side = value;
        if (start.space != 0) call.first = start.args[0];
        side.args[0] = prev_of(rs, value.args[0], &call);
        return nl_graph_add(graph, &side);
    }
    const uint32_t space = value.space != 0 ? value.space : start.space;
    return prev_leaf(rs, add_prev(rs, both[0], call.first, space, span), space, value.dim,
                     value.is_bool && start.is_bool);
}

/* The same past value, written twice. */
static const nl_pending *postponed_prev(const nl_resolver *rs, const nl_ast *expr, nl_ref first)
{
    for (size_t k = 0; k < rs->body->pending.count; k++) {
        const nl_pending *p = rs->body->pending.items[k];
        if (!p->is_delay && p->rs.scope == rs->scope && rs->ck->model->prevs.items[p->id].first == first
            && nl_ast_same(p->expr, expr))
            return p;
    }
    return NULL;
}

nl_ref nl_resolve_prev(nl_resolver *rs, const nl_ast *call)
{
    static const char *const names[] = { "expr", "first" };
    const nl_ast *args[2];
    nl_ref first = 0;
    bool later;

    if (!nl_bind_args(rs, call, names, 2, 1, args)) return 0;
    if (args[1] != NULL && (first = nl_resolve(rs, args[1])) == 0) return 0;
    const nl_ref ref = shielded(rs, args[0], &later);
    if (!later) return ref != 0 ? prev_value(rs, args, ref, first, call->span) : 0;
    if (first == 0) {
        nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_CIRCLE, call->span,
                                    "this leads back to the `let` that it belongs to, so it needs a first value");
        nl_diag_help(rs->ck->diags, diag, "write prev(.., first), for example prev(.., 0)");
        return 0;
    }
    nl_dim dim = nl_graph_node(nl_graph_of(rs), first)->dim;
    if (dim.any && !later_dim(rs, args[0], call->span, &dim)) return 0;
    const nl_pending *same = postponed_prev(rs, args[0], first);
    const uint32_t id = same != NULL ? same->id : add_prev(rs, 0, first, rs->space, call->span);
    if (same == NULL) postpone(rs, args[0], call->span, false, id, dim);
    return prev_leaf(rs, id, rs->space, dim, false);
}

/* --- delay --- */

static nl_ref delay_leaf(nl_resolver *rs, const nl_delay_def *def, nl_dim dim, bool is_condition)
{
    nl_model *model = rs->ck->model;
    size_t id = model->delays.count;

    for (size_t k = 0; def->expr != 0 && k < model->delays.count; k++) {
        const nl_delay_def *other = &model->delays.items[k];
        if (other->expr == def->expr && other->delay == def->delay && other->max == def->max) id = k;
    }
    if (id == model->delays.count) NL_PUSH(rs->ck->arena, &model->delays, *def);
    return nl_graph_add(
        model->graph,
        &(nl_node){ .kind = NL_X_DELAY, .id = (uint32_t)id, .space = def->space, .dim = dim, .is_bool = is_condition });
}

static nl_ref delay_of(nl_resolver *rs, nl_ref ref, void *user)
{
    nl_delay_def def = *(const nl_delay_def *)user;
    const nl_node node = *nl_graph_node(nl_graph_of(rs), ref);

    def.expr = ref;
    def.space = node.space != 0 ? node.space : nl_graph_node(nl_graph_of(rs), def.delay)->space;
    return delay_leaf(rs, &def, node.dim, node.is_bool);
}

/* A time: its dimension is checked. */
static nl_ref time_value(nl_resolver *rs, const nl_ast *e, const char *what)
{
    const nl_ref ref = nl_resolve(rs, e);

    if (ref == 0) return 0;
    const nl_dim dim = nl_graph_node(nl_graph_of(rs), ref)->dim;
    if (nl_dim_equal(dim, nl_check_time_dim(rs->ck))) return ref;
    nl_diag_add(rs->ck->diags, NL_E_DIMENSION, e->span, "%s is a time, not %s", what, nl_dim_text(rs->ck->arena, dim));
    return 0;
}

static bool check_delay(nl_resolver *rs, const nl_ast *const *args, nl_ref delay, nl_ref max)
{
    const nl_graph *graph = nl_graph_of(rs);
    double known, bound;

    if (nl_expr_is_const(graph, delay, &known) && !(known >= 0)) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_DELAY, args[1]->span, "a delay cannot be negative");
        return false;
    }
    if (max == 0 && nl_varies_in_time(graph, delay)) {
        nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_BODY_DELAY, args[1]->span,
                                    "this delay changes in time, so it needs a bound");
        nl_diag_help(rs->ck->diags, diag, "write delay(.., .., max = T): the longest delay that can occur");
        return false;
    }
    if (max != 0 && nl_varies_in_time(graph, max)) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_DELAY, args[2]->span, "the bound of a delay cannot change in time");
        return false;
    }
    if (max != 0 && nl_expr_is_const(graph, delay, &known) && nl_expr_is_const(graph, max, &bound) && known > bound) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_DELAY, args[1]->span, "this delay is longer than its bound");
        return false;
    }
    return true;
}

static nl_ref postponed_delay(nl_resolver *rs, const nl_ast *call, const nl_ast *expr, nl_delay_def *def)
{
    nl_dim dim;

    if (!later_dim(rs, expr, call->span, &dim)) return 0;
    def->space = rs->space;
    const nl_ref leaf = delay_leaf(rs, def, dim, false);
    postpone(rs, expr, call->span, true, (uint32_t)rs->ck->model->delays.count - 1, dim);
    return leaf;
}

nl_ref nl_resolve_delay(nl_resolver *rs, const nl_ast *call)
{
    static const char *const names[] = { "expr", "d", "max" };
    const nl_ast *args[3];
    nl_delay_def def = { .span = call->span };
    double known;
    bool later;

    if (!nl_bind_args(rs, call, names, 3, 2, args)) return 0;
    def.delay = time_value(rs, args[1], "a delay");
    def.max = args[2] != NULL ? time_value(rs, args[2], "the bound of a delay") : 0;
    if (def.delay == 0 || (args[2] != NULL && def.max == 0) || !check_delay(rs, args, def.delay, def.max)) return 0;
    const nl_ref ref = shielded(rs, args[0], &later);
    if (later) return postponed_delay(rs, call, args[0], &def);
    nl_ref both[] = { ref, def.delay };
    if (ref == 0 || !nl_unify(rs, args, both, 2)) return 0;
    if (nl_expr_is_const(nl_graph_of(rs), def.delay, &known) && known == 0) return ref;
    def.delay = both[1];
    const nl_node value = *nl_graph_node(nl_graph_of(rs), both[0]), time = *nl_graph_node(nl_graph_of(rs), def.delay);
    if (time.space == 0) return past_at_sides(rs, both[0], delay_of, &def);
    if ((time.kind != NL_X_PRE && time.kind != NL_X_POST) || value.kind != time.kind)
        return delay_of(rs, both[0], &def);
    nl_node side = value;
    def.delay = time.args[0];
    side.args[0] = delay_of(rs, value.args[0], &def);
    return nl_graph_add(nl_graph_of(rs), &side);
}

/* --- window_mean --- */

nl_ref nl_resolve_window(nl_resolver *rs, const nl_ast *call)
{
    static const char *const names[] = { "expr", "T" };
    nl_model *model = rs->ck->model;
    const nl_ast *args[2];
    double width;

    if (!nl_bind_args(rs, call, names, 2, 2, args)) return 0;
    if (rs->place != NL_IN_PROBE) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_EXPRESSION, call->span,
                    "`window_mean` stands in records and conditions, not in bodies");
        return 0;
    }
    const nl_ref ref = nl_resolve(rs, args[0]), time = time_value(rs, args[1], "the width of a window");
    if (ref == 0 || time == 0) return 0;
    if (!nl_expr_is_const(model->graph, time, &width) || !(width > 0)) {
        nl_diag_add(rs->ck->diags, NL_E_ARGUMENT, args[1]->span, "the width of a window is a known time above 0");
        return 0;
    }
    const nl_node node = *nl_graph_node(model->graph, ref);
    const nl_window_def def = { .expr = ref, .width = width, .space = node.space, .span = call->span };
    uint32_t id = 0;
    while (id < model->windows.count
           && (model->windows.items[id].expr != ref || model->windows.items[id].width != width))
        id++;
    if (id == model->windows.count) NL_PUSH(rs->ck->arena, &model->windows, def);
    return nl_expr_leaf(model->graph, NL_X_WINDOW, id, node.space, node.dim);
}
