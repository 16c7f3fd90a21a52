/* What blocks and events do: assignments one after the other, made into one value for each variable. */
#include "body.h"

#include <string.h>

typedef struct writer {
    nl_body *body;
    nl_place place;
    nl_resolver rs;
    nl_env env;
} writer;

/* --- what is assigned so far --- */

static nl_assign *find_own(const nl_env *env, uint32_t var)
{
    for (size_t k = 0; k < env->assigns.count; k++)
        if (env->assigns.items[k].var == var) return &env->assigns.items[k];
    return NULL;
}

static nl_write *find_write(const nl_env *env, uint32_t var, bool to_pre)
{
    for (size_t k = 0; k < env->writes.count; k++)
        if (env->writes.items[k].var == var && env->writes.items[k].to_pre == to_pre) return &env->writes.items[k];
    return NULL;
}

static nl_env env_copy(nl_arena *arena, const nl_env *env)
{
    nl_env copy = { .assigns = { 0 } };

    for (size_t k = 0; k < env->assigns.count; k++) NL_PUSH(arena, &copy.assigns, env->assigns.items[k]);
    for (size_t k = 0; k < env->writes.count; k++) NL_PUSH(arena, &copy.writes, env->writes.items[k]);
    return copy;
}

static void set_own(writer *w, uint32_t var, nl_ref value, nl_span span)
{
    nl_assign *old = find_own(&w->env, var);
    const nl_assign assign = { .var = var, .value = value, .span = span };

    if (old != NULL) *old = assign;
    else NL_PUSH(w->body->ck->arena, &w->env.assigns, assign);
}

static void set_write(writer *w, const nl_write *write)
{
    nl_write *old = find_write(&w->env, write->var, write->to_pre);

    if (old != NULL) *old = *write;
    else NL_PUSH(w->body->ck->arena, &w->env.writes, *write);
}

/* --- reading what is assigned so far --- */

static nl_ref state_leaf(const nl_model *model, uint32_t var)
{
    const nl_var *v = &model->vars.items[var];

    return nl_expr_leaf(model->graph, NL_X_STATE, var, v->space, v->dim);
}

/* A value of a neuron as the synapses of `space` see it. */
static nl_ref at_side(nl_graph *graph, nl_ref ref, uint32_t space, bool is_pre)
{
    if (nl_graph_node(graph, ref)->space == 0) return ref;
    return nl_view_node(graph, is_pre ? NL_X_PRE : NL_X_POST, 0, space, ref, 0);
}

typedef struct substitution {
    const nl_model *model;
    const nl_env *env;
    nl_memo *memo;
    uint32_t space; /* of the synapses .. */
    bool is_pre;    /* .. and the side from which a neuron is seen */
} substitution;

/* The value of a neuron's state for this synapse. */
static nl_ref present(const substitution *s, const nl_write *write, uint32_t space)
{
    if (write->kind == NL_WRITE_SET) return write->value;
    const nl_ref before = at_side(s->model->graph, state_leaf(s->model, write->var), space, write->to_pre);
    return nl_expr_op2(s->model->graph, NL_OP_ADD, before, write->value);
}

static bool is_written_here(void *user, const nl_node *node)
{
    const substitution *s = user;

    return node->kind == NL_X_STATE && find_write(s->env, node->id, s->is_pre) != NULL;
}

/* An expression of neurons taken apart into what each synapse sees of it. */
static nl_ref seen_from_here(void *user, nl_graph *graph, nl_ref ref)
{
    const substitution *s = user;
    const nl_node *node = nl_graph_node(graph, ref);
    const nl_write *write = node->kind == NL_X_STATE ? find_write(s->env, node->id, s->is_pre) : NULL;

    if (write != NULL) return present(s, write, s->space);
    return node->kind == NL_X_OP && node->space != 0 ? 0 : at_side(graph, ref, s->space, s->is_pre);
}

static nl_ref substitute_side(const substitution *s, nl_graph *graph, nl_ref ref)
{
    const nl_node node = *nl_graph_node(graph, ref);
    substitution side = *s;

    side.space = node.space;
    side.is_pre = node.kind == NL_X_PRE;
    if (!nl_expr_any(graph, node.args[0], is_written_here, &side)) return ref;
    return nl_expr_replace(graph, node.args[0], seen_from_here, &side, nl_memo_new(s->model->arena));
}

static nl_ref substitute(void *user, nl_graph *graph, nl_ref ref);

/* Where elements are read one by one or together, a number stands for all of them. */
static nl_ref substitute_spread(substitution *s, nl_graph *graph, nl_node node)
{
    for (int k = 0; k < node.arg_count; k++) {
        const uint32_t space = nl_graph_node(graph, node.args[k])->space;
        node.args[k] = nl_spread(graph, nl_expr_replace(graph, node.args[k], substitute, s, s->memo), space);
    }
    return nl_graph_add(graph, &node);
}

/* A state is worth what was assigned to it. */
static nl_ref substitute_state(const substitution *s, const nl_node *node)
{
    const nl_assign *own = find_own(s->env, node->id);
    const nl_write *write = NULL;

    if (own != NULL) return own->value;
    for (int side = 0; side < 2 && write == NULL && node->space == 0; side++)
        write = find_write(s->env, node->id, side != 0);
    return write != NULL ? present(s, write, 0) : 0;
}

static nl_ref substitute(void *user, nl_graph *graph, nl_ref ref)
{
    substitution *s = user;
    const nl_node node = *nl_graph_node(graph, ref);

    switch ((nl_node_kind)node.kind) {
    case NL_X_STATE: return substitute_state(s, &node);
    case NL_X_PRE:
    case NL_X_POST: return substitute_side(s, graph, ref);
    case NL_X_REDUCE:
    case NL_X_GATHER:
    case NL_X_PART: return substitute_spread(s, graph, node);
    default: return 0;
    }
}

nl_ref nl_env_apply(const nl_resolver *rs, nl_ref ref)
{
    if (rs->env == NULL || ref == 0 || rs->env->assigns.count + rs->env->writes.count == 0) return ref;
    substitution s = { .model = rs->ck->model, .env = rs->env, .memo = nl_memo_new(rs->ck->arena) };
    return nl_expr_replace(nl_graph_of(rs), ref, substitute, &s, s.memo);
}

/* --- assignments to states of the owner --- */

static const char *owner_word(const nl_body *body) { return body->is_projection ? "projection" : "population"; }

static bool is_field_of_side(const nl_ast *left)
{
    const nl_ast *base = left->kind == NL_AST_FIELD ? nl_ast_bare(left->kids[0]) : NULL;

    return base != NULL && base->kind == NL_AST_NAME
           && (strcmp(base->name, "pre") == 0 || strcmp(base->name, "post") == 0);
}

static void help_target(writer *w, nl_diag *diag, const nl_ast *left, const nl_entry *entry)
{
    nl_diags *diags = w->body->ck->diags;

    if (entry != NULL && entry->item == NULL)
        nl_diag_help(diags, diag, "start a state with the value that the connection rule gives: state NAME = %s",
                     left->name);
    else if (entry != NULL && entry->kind == NL_ENTRY_PARAM)
        nl_diag_help(diags, diag, "what changes is a state: state %s = ..", left->name);
    else if (entry != NULL && entry->kind == NL_ENTRY_INPUT)
        nl_diag_help(diags, diag, "an input is summed anew all the time; declare `state %s = 0 decays T`", left->name);
    else if (left->kind == NL_AST_NAME)
        nl_diag_help(diags, diag, "a name for an intermediate value is written: let %s = ..", left->name);
    else if (w->body->is_projection && is_field_of_side(left))
        nl_diag_help(diags, diag, "synapses change their neurons in `on pre { }` and `on post { }`");
    else if (left->kind == NL_AST_FIELD)
        nl_diag_help(diags, diag, "others are changed by a projection: on pre { post.%s += .. }", left->name);
}

/* The state on the left side; NULL after a diagnostic. */
static nl_entry *own_target(writer *w, const nl_ast *left)
{
    nl_check *ck = w->body->ck;
    nl_entry *entry = left->kind == NL_AST_NAME ? nl_entry_find(w->body, left->name) : NULL;

    if (entry != NULL && entry->kind == NL_ENTRY_STATE)
        return nl_entry_node(w->body, entry, left->span) != 0 ? entry : NULL;
    if (left->kind == NL_AST_NAME && nl_name_find(&w->rs, left->name).how == NL_FOUND_NOTHING) {
        nl_name_unknown(&w->rs, left->name, left->span);
        return NULL;
    }
    help_target(w,
                nl_diag_add(ck->diags, NL_E_BODY_STATEMENT, left->span, "only a state of this %s can be assigned",
                            owner_word(w->body)),
                left, entry);
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

/* A value kept within the bounds of a state; of a neuron's as a synapse sees them. */
static nl_ref clipped(const writer *w, uint32_t var, nl_ref value, bool is_pre)
{
    nl_graph *graph = w->body->ck->model->graph;
    const nl_var *v = &w->body->ck->model->vars.items[var];
    nl_ref args[] = { value, v->low, v->high };

    if (v->low == 0) return value;
    for (int k = 1; k < 3; k++)
        if (nl_graph_node(graph, args[k])->space != w->body->space)
            args[k] = at_side(graph, args[k], w->body->space, is_pre);
    return nl_expr_op(graph, NL_OP_CLIP, args, 3, v->dim);
}

/* A right side, whose draws belong to what it is assigned to. */
static nl_ref right_side(writer *w, const nl_ast *expr, const char *name)
{
    nl_resolver rs = w->rs;

    rs.stream = nl_resolver_of(w->body, w->place, name).stream;
    return nl_body_value(&rs, expr);
}

static bool dim_fits(writer *w, const nl_ast *statement, uint32_t var, const char *what, nl_ref value)
{
    const nl_model *model = w->body->ck->model;

    return nl_body_dim_fits(w->body->ck, statement->kids[1]->span, model->vars.items[var].name,
                            model->vars.items[var].dim, what, nl_graph_node(model->graph, value)->dim);
}

static void assign_own(writer *w, const nl_ast *statement)
{
    const nl_entry *entry = own_target(w, nl_ast_bare(statement->kids[0]));

    if (entry == NULL) {
        nl_resolve(&w->rs, statement->kids[1]);
        return;
    }
    const nl_ref value = right_side(w, whole_right(w, statement), entry->name);
    if (value == 0 || !dim_fits(w, statement, entry->var, "what is assigned", value)) return;
    set_own(w, entry->var, clipped(w, entry->var, value, false), statement->span);
}

/* --- assignments to states of neurons --- */

/* What was written before is kept where the new write adds to it. */
static void add_write(writer *w, nl_write write)
{
    const nl_write *old = write.kind == NL_WRITE_ADD ? find_write(&w->env, write.var, write.to_pre) : NULL;

    if (old != NULL) {
        write.kind = old->kind;
        write.value = nl_expr_op2(w->body->ck->model->graph, NL_OP_ADD, old->value, write.value);
    }
    set_write(w, &write);
}

static void assign_neuron(writer *w, const nl_ast *statement, const nl_ast *left)
{
    const bool to_pre = strcmp(nl_ast_bare(left->kids[0])->name, "pre") == 0;
    const bool is_sum = strcmp(statement->name, "+=") == 0 || strcmp(statement->name, "-=") == 0;
    const nl_entry *entry = nl_synapse_target(w->body, left, to_pre);
    const char *name = nl_arena_printf(w->body->ck->arena, "%s.%s", to_pre ? "pre" : "post", left->name);
    nl_write write = { .kind = is_sum ? NL_WRITE_ADD : NL_WRITE_SET, .to_pre = to_pre, .span = statement->span };

    write.value = right_side(w, is_sum ? statement->kids[1] : whole_right(w, statement), name);
    if (entry == NULL || write.value == 0) return;
    write.var = entry->var;
    if (!dim_fits(w, statement, write.var, is_sum ? "what is added" : "what is assigned", write.value)) return;
    if (strcmp(statement->name, "-=") == 0)
        write.value = nl_expr_op1(w->body->ck->model->graph, NL_OP_NEG, write.value);
    if (!is_sum) write.value = clipped(w, write.var, write.value, to_pre);
    add_write(w, write);
}

static void assign(writer *w, const nl_ast *statement)
{
    const nl_ast *left = nl_ast_bare(statement->kids[0]);

    if (w->place == NL_IN_PATHWAY && is_field_of_side(left)) assign_neuron(w, statement, left);
    else assign_own(w, statement);
}

/* --- names --- */

static void bind_lets(writer *w, const nl_ast *statement)
{
    nl_arena *arena = w->body->ck->arena;

    for (int k = 0; k < statement->kid_count; k++) {
        const nl_ast *item = statement->kids[k];
        const nl_ref node = right_side(w, nl_ast_kid(item, 1), item->name);
        nl_symbol *symbol = NL_NEW(arena, nl_symbol);
        if (node != 0 && item->has_unit)
            nl_body_dim_fits(w->body->ck, nl_ast_kid(item, 1)->span, item->name, item->unit.dim, "its value",
                             nl_graph_node(nl_graph_of(&w->rs), node)->dim);
        *symbol = (nl_symbol){
            .kind = NL_SYM_BODY_LET, .name = item->name, .span = item->span, .node = node, .slot = -1, .array = -1
        };
        NL_PUSH(arena, &w->rs.scope->symbols, symbol);
    }
}

/* --- branches --- */

/* What a state is worth after one side of an `if`. */
static nl_ref own_after(const writer *w, const nl_env *env, uint32_t var)
{
    const nl_assign *assign = find_own(env, var);

    return assign != NULL ? assign->value : state_leaf(w->body->ck->model, var);
}

static nl_ref choose(const writer *w, nl_ref condition, nl_ref yes, nl_ref no, uint32_t var)
{
    const nl_model *model = w->body->ck->model;

    if (yes == no) return yes;
    return nl_expr_op(model->graph, NL_OP_IF, (nl_ref[]){ condition, yes, no }, 3, model->vars.items[var].dim);
}

static void merge_own(writer *w, nl_ref condition, const nl_env *const sides[2])
{
    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < sides[side]->assigns.count; k++) {
            const nl_assign *a = &sides[side]->assigns.items[k];
            const nl_ref yes = own_after(w, sides[0], a->var), no = own_after(w, sides[1], a->var);
            set_own(w, a->var, choose(w, condition, yes, no, a->var), a->span);
        }
}

/* What one side adds; nothing where it adds nothing. */
static nl_ref added(const writer *w, const nl_write *write, uint32_t var)
{
    const nl_model *model = w->body->ck->model;

    return write != NULL ? write->value : nl_expr_const(model->graph, 0, model->vars.items[var].dim);
}

/* The whole value after one side. */
static nl_ref value_after(const writer *w, const nl_write *write, const nl_write *any)
{
    const nl_model *model = w->body->ck->model;
    const substitution s = { .model = model };
    const nl_write unchanged = {
        .kind = NL_WRITE_ADD, .to_pre = any->to_pre, .var = any->var, .value = added(w, NULL, any->var)
    };

    return present(&s, write != NULL ? write : &unchanged, w->body->space);
}

/* The condition under which one side of an `if` is taken and has written. */
static nl_ref written_after(const writer *w, nl_ref condition, const nl_write *write)
{
    const bool always = write->kind == NL_WRITE_ADD || write->condition == 0;

    return always ? condition : nl_expr_op2(w->body->ck->model->graph, NL_OP_AND, condition, write->condition);
}

/* .. and the one under which either has; 0: always. */
static nl_ref written_after_both(const writer *w, nl_ref condition, const nl_write *yes, const nl_write *no)
{
    nl_graph *graph = w->body->ck->model->graph;
    const nl_ref otherwise = nl_expr_op1(graph, NL_OP_NOT, condition);

    if (no == NULL) return written_after(w, condition, yes);
    if (yes == NULL) return written_after(w, otherwise, no);
    const nl_ref first = written_after(w, condition, yes), second = written_after(w, otherwise, no);
    return first == condition && second == otherwise ? 0 : nl_expr_op2(graph, NL_OP_OR, first, second);
}

static nl_write merged_write(const writer *w, nl_ref condition, const nl_write *yes, const nl_write *no)
{
    nl_write merged = yes != NULL ? *yes : *no;
    const bool sets = (yes != NULL && yes->kind == NL_WRITE_SET) || (no != NULL && no->kind == NL_WRITE_SET);

    if (!sets) {
        merged.value = choose(w, condition, added(w, yes, merged.var), added(w, no, merged.var), merged.var);
        return merged;
    }
    merged.value = choose(w, condition, value_after(w, yes, &merged), value_after(w, no, &merged), merged.var);
    merged.kind = NL_WRITE_SET;
    merged.condition = written_after_both(w, condition, yes, no);
    return merged;
}

static void merge_writes(writer *w, nl_ref condition, const nl_env *const sides[2])
{
    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < sides[side]->writes.count; k++) {
            const nl_write *any = &sides[side]->writes.items[k];
            const nl_write merged = merged_write(w, condition, find_write(sides[0], any->var, any->to_pre),
                                                 find_write(sides[1], any->var, any->to_pre));
            set_write(w, &merged);
        }
}

static void run(writer *w, const nl_ast *block);

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
    const nl_env *const sides[] = { &yes, &no };
    merge_own(w, fits, sides);
    merge_writes(w, fits, sides);
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

nl_env nl_body_write(nl_body *body, nl_place place, const nl_ast *block)
{
    writer w = { .body = body, .place = place, .rs = nl_resolver_of(body, place, "") };

    w.rs.scope = nl_scope_new(body->ck->arena, body->scope);
    w.rs.env = &w.env;
    if (block != NULL) run(&w, block);
    return w.env;
}
