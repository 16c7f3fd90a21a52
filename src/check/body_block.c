/* `every step`, `every T` and `at T`: assignments one after the other, made into one value per state. */
#include "body.h"
#include "plan.h"

#include <math.h>
#include <string.h>

typedef struct writer {
    nl_body *body;
    nl_resolver rs;
    nl_env env;
} writer;

/* --- the state of the block so far --- */

static nl_assign *env_find(const nl_env *env, uint32_t var)
{
    for (size_t k = 0; k < env->assigns.count; k++)
        if (env->assigns.items[k].var == var) return &env->assigns.items[k];
    return NULL;
}

typedef struct substitution {
    const nl_env *env;
    nl_memo *memo;
} substitution;

/* A state is worth what was assigned to it.  Where its elements are read one by one or together, a number stands for
 * all of them. */
static nl_ref substitute(void *user, nl_graph *graph, nl_ref ref)
{
    substitution *s = user;
    nl_node node = *nl_graph_node(graph, ref);
    const nl_assign *assign = node.kind == NL_X_STATE ? env_find(s->env, node.id) : NULL;

    if (assign != NULL) return assign->value;
    if (node.kind != NL_X_REDUCE && node.kind != NL_X_GATHER && node.kind != NL_X_PART) return 0;
    for (int k = 0; k < node.arg_count; k++) {
        const uint32_t space = nl_graph_node(graph, node.args[k])->space;
        node.args[k] = nl_spread(graph, nl_expr_replace(graph, node.args[k], substitute, s, s->memo), space);
    }
    return nl_graph_add(graph, &node);
}

nl_ref nl_env_apply(const nl_resolver *rs, nl_ref ref)
{
    if (rs->env == NULL || rs->env->assigns.count == 0 || ref == 0) return ref;
    substitution s = { rs->env, nl_memo_new(rs->ck->arena) };
    return nl_expr_replace(nl_graph_of(rs), ref, substitute, &s, s.memo);
}

static void env_set(writer *w, uint32_t var, nl_ref value, nl_span span)
{
    nl_assign *old = env_find(&w->env, var);
    const nl_assign assign = { .var = var, .value = value, .span = span };

    if (old != NULL) *old = assign;
    else NL_PUSH(w->body->ck->arena, &w->env.assigns, assign);
}

static nl_env env_copy(nl_arena *arena, const nl_env *env)
{
    nl_env copy = { .assigns = { 0 } };

    for (size_t k = 0; k < env->assigns.count; k++) NL_PUSH(arena, &copy.assigns, env->assigns.items[k]);
    return copy;
}

/* --- statements --- */

static void run(writer *w, const nl_ast *block);

/* The state on the left side, and what it is worth now. */
static nl_entry *target_of(writer *w, const nl_ast *left)
{
    nl_check *ck = w->body->ck;
    const nl_ast *bare = nl_ast_bare(left);
    nl_entry *entry = bare->kind == NL_AST_NAME ? nl_entry_find(w->body, bare->name) : NULL;

    if (entry != NULL && entry->kind == NL_ENTRY_STATE)
        return nl_entry_node(w->body, entry, left->span) != 0 ? entry : NULL;
    if (bare->kind == NL_AST_NAME && nl_name_find(&w->rs, bare->name).how == NL_FOUND_NOTHING) {
        nl_name_unknown(&w->rs, bare->name, bare->span);
        return NULL;
    }
    nl_diag *diag =
        nl_diag_add(ck->diags, NL_E_BODY_STATEMENT, left->span, "only a state of this population can be assigned");
    if (bare->kind == NL_AST_NAME)
        nl_diag_help(ck->diags, diag, "a name for an intermediate value is written: let %s = ..", bare->name);
    return NULL;
}

/* x += e as x = x + e */
static const nl_ast *whole_right(writer *w, const nl_ast *statement)
{
    if (strcmp(statement->name, "=") == 0) return statement->kids[1];
    const char *op = nl_arena_strndup(w->body->ck->arena, statement->name, strlen(statement->name) - 1);
    return nl_ast_new(w->body->ck->arena, NL_AST_BINARY, statement->span, op,
                      (nl_ast *[]){ statement->kids[0], statement->kids[1] }, 2);
}

static nl_ref clipped(nl_graph *graph, const nl_var *var, nl_ref value)
{
    if (var->low == 0) return value;
    return nl_expr_op(graph, NL_OP_CLIP, (nl_ref[]){ value, var->low, var->high }, 3, var->dim);
}

static void assign(writer *w, const nl_ast *statement)
{
    nl_model *model = w->body->ck->model;
    const nl_entry *entry = target_of(w, statement->kids[0]);

    if (entry == NULL) {
        nl_resolve(&w->rs, statement->kids[1]);
        return;
    }
    nl_resolver rs = w->rs;
    rs.stream = nl_resolver_of(w->body, NL_IN_BLOCK, entry->name).stream;
    const nl_ref value = nl_body_value(&rs, whole_right(w, statement));
    const nl_var *var = &model->vars.items[entry->var];
    if (value == 0
        || !nl_body_dim_fits(w->body->ck, statement->kids[1]->span, entry->name, var->dim, "what is assigned",
                             nl_graph_node(model->graph, value)->dim))
        return;
    env_set(w, entry->var, clipped(model->graph, var, value), statement->span);
}

static void bind_lets(writer *w, const nl_ast *statement)
{
    nl_arena *arena = w->body->ck->arena;

    for (int k = 0; k < statement->kid_count; k++) {
        const nl_ast *item = statement->kids[k];
        nl_resolver rs = w->rs;
        rs.stream = nl_resolver_of(w->body, NL_IN_BLOCK, item->name).stream;
        const nl_ref node = nl_body_value(&rs, nl_ast_kid(item, 1));
        nl_symbol *symbol = NL_NEW(arena, nl_symbol);
        if (node != 0 && item->has_unit)
            nl_body_dim_fits(w->body->ck, nl_ast_kid(item, 1)->span, item->name, item->unit.dim, "its value",
                             nl_graph_node(nl_graph_of(&rs), node)->dim);
        *symbol = (nl_symbol){
            .kind = NL_SYM_BODY_LET, .name = item->name, .span = item->span, .node = node, .slot = -1, .array = -1
        };
        NL_PUSH(arena, &w->rs.scope->symbols, symbol);
    }
}

/* What a variable is worth after one side of an `if`. */
static nl_ref after(const writer *w, const nl_env *env, uint32_t var)
{
    const nl_assign *assign = env_find(env, var);
    const nl_var *v = &w->body->ck->model->vars.items[var];

    return assign != NULL ? assign->value : nl_expr_leaf(w->body->ck->model->graph, NL_X_STATE, var, v->space, v->dim);
}

static void merge(writer *w, nl_ref condition, const nl_env *yes, const nl_env *no)
{
    const nl_env *const sides[] = { yes, no };
    nl_graph *graph = w->body->ck->model->graph;

    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < sides[side]->assigns.count; k++) {
            const nl_assign *a = &sides[side]->assigns.items[k];
            const nl_ref values[] = { condition, after(w, yes, a->var), after(w, no, a->var) };
            env_set(w, a->var, nl_expr_op(graph, NL_OP_IF, values, 3, w->body->ck->model->vars.items[a->var].dim),
                    a->span);
        }
}

/* One side: with its own lets, starting from what holds now. */
static nl_env branch(writer *w, nl_ref condition, bool holds, const nl_ast *block)
{
    const nl_env before = env_copy(w->body->ck->arena, &w->env);
    const nl_resolver outer = w->rs;

    w->rs = nl_resolver_under(&outer, condition, holds);
    w->rs.scope = nl_scope_new(w->body->ck->arena, outer.scope);
    if (block != NULL) run(w, block);
    w->rs = outer;
    const nl_env after_it = env_copy(w->body->ck->arena, &w->env);
    w->env = before;
    return after_it;
}

static void conditional(writer *w, const nl_ast *statement)
{
    const nl_ref condition = nl_resolve_condition(&w->rs, statement->kids[0], "`if`");
    const nl_ast *other = nl_ast_kid(statement, 2);
    const nl_ref fits = condition != 0 ? nl_conform(&w->rs, statement->kids[0], condition, w->body->space) : 0;
    double known;

    if (fits == 0) return;
    if (other != NULL && other->kind == NL_AST_IF)
        other = nl_ast_new(w->body->ck->arena, NL_AST_BLOCK, other->span, NULL, (nl_ast *[]){ (nl_ast *)other }, 1);
    if (nl_expr_is_const(nl_graph_of(&w->rs), fits, &known)) {
        w->env = branch(w, 0, true, known != 0 ? statement->kids[1] : other);
        return;
    }
    const nl_env yes = branch(w, fits, true, statement->kids[1]), no = branch(w, fits, false, other);
    merge(w, fits, &yes, &no);
}

static void run(writer *w, const nl_ast *block)
{
    for (int k = 0; k < block->kid_count; k++) {
        const nl_ast *statement = block->kids[k];

        switch (statement->kind) {
        case NL_AST_ASSIGN: assign(w, statement); break;
        case NL_AST_LETS: bind_lets(w, statement); break;
        case NL_AST_IF: conditional(w, statement); break;
        default:
            nl_diag_add(w->body->ck->diags, NL_E_BODY_STATEMENT, statement->span,
                        "`%s` cannot stand in a block of assignments", nl_ast_kinds[statement->kind].word);
        }
    }
}

/* --- when it runs --- */

/* Without dt, which is an error of its own, times cannot be counted in steps. */
static bool whole_interval(nl_resolver *rs, const nl_ast *expr, const nl_block *block)
{
    nl_check *ck = rs->ck;

    if (ck->model->dt <= 0) return true;
    if (block->period < ck->model->dt / 2) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_BODY_STATEMENT, expr->span, "the interval is shorter than one step");
        nl_diag_help(ck->diags, diag, "`every step { }` runs in each step");
        return false;
    }
    nl_plan_steps(ck, ck->arena, expr->span, block->period, "an interval");
    return true;
}

static bool whole_time(nl_resolver *rs, const nl_ast *expr, double time, const char *what)
{
    const nl_model *model = rs->ck->model;

    if (!isfinite(time)) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_STATEMENT, expr->span, "%s must be a finite time", what);
        return false;
    }
    if (model->dt > 0) nl_plan_steps(rs->ck, rs->ck->arena, expr->span, time - model->start, "a time");
    return true;
}

/* Blocks run where a step ends. */
static bool moment(nl_resolver *rs, const nl_ast *expr, nl_dim dim, double time)
{
    nl_check *ck = rs->ck;

    if (!whole_time(rs, expr, time, "the argument of `at`")) return false;
    if (ck->model->dt > 0 && round((time - ck->model->start) / ck->model->dt) < 1)
        nl_diag_add(ck->diags, NL_W_BLOCK_NEVER, expr->span, "nothing happens at %s: the first step ends one dt after the start",
                    nl_value_show(ck->arena, nl_value_number(ck->arena, time, dim), NULL));
    return true;
}

static bool every(nl_resolver *rs, const nl_ast *statement, nl_block *block)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    const nl_dim time = nl_check_time_dim(rs->ck);
    const nl_ast *from = nl_ast_kid(statement, 1);

    block->kind = NL_BLOCK_EVERY;
    block->from = rs->ck->model->start;
    if (!nl_eval_number(&ev, statement->kids[0], time, "the interval of `every`", &block->period)) return false;
    if (from != NULL && !nl_eval_number(&ev, from, time, "the start of `every`", &block->from)) return false;
    if (!(block->period > 0 && isfinite(block->period))) {
        nl_diag_add(rs->ck->diags, NL_E_BODY_STATEMENT, statement->kids[0]->span,
                    "the interval of `every` must be above 0 and finite");
        return false;
    }
    return whole_interval(rs, statement->kids[0], block)
           && (from == NULL || whole_time(rs, from, block->from, "the start of `every`"));
}

static bool at(nl_resolver *rs, const nl_ast *statement, nl_block *block)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    const nl_value times = nl_eval(&ev, statement->kids[0]);

    block->kind = NL_BLOCK_AT;
    if (times.kind == NL_KIND_NONE) return false;
    if (times.kind != NL_KIND_NUMBER || times.rank > 1 || !nl_value_known(times)) {
        nl_diag_add(rs->ck->diags, NL_E_VALUE_KIND, statement->kids[0]->span, "`at` takes a time or a list of times");
        return false;
    }
    if (!nl_dim_equal(times.dim, nl_check_time_dim(rs->ck))) {
        nl_diag_add(rs->ck->diags, NL_E_DIMENSION, statement->kids[0]->span, "`at` takes a time, not %s",
                    nl_dim_text(rs->ck->arena, times.dim));
        return false;
    }
    for (size_t k = 0; k < nl_value_count(times); k++) {
        if (!moment(rs, statement->kids[0], times.dim, times.data[k])) return false;
        NL_PUSH(rs->ck->arena, &block->times, times.data[k]);
    }
    return true;
}

void nl_body_block(nl_body *body, const nl_ast *statement)
{
    writer w = { .body = body, .rs = nl_resolver_of(body, NL_IN_BLOCK, "") };
    nl_block block = { .kind = NL_BLOCK_EVERY_STEP, .population = body->number, .span = statement->span };
    nl_resolver rs = nl_resolver_of(body, NL_IN_BOUND, "every");

    if (statement->kind == NL_AST_EVERY && !every(&rs, statement, &block)) return;
    if (statement->kind == NL_AST_AT && !at(&rs, statement, &block)) return;
    w.rs.scope = nl_scope_new(body->ck->arena, w.rs.scope);
    w.rs.env = &w.env;
    run(&w, statement->kids[statement->kid_count - 1]);
    for (size_t k = 0; k < w.env.assigns.count; k++) NL_PUSH(body->ck->arena, &block.assigns, w.env.assigns.items[k]);
    NL_PUSH(body->ck->arena, &body->ck->model->blocks, block);
}
