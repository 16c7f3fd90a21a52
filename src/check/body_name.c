/* What a name in a body means: the innermost declaration, then what the language provides, then the file. */
#include "body.h"

#include "lang/unit.h"

#include <math.h>
#include <string.h>

/* --- names that the language provides --- */

enum { ANYWHERE = 1, IN_POPULATION = 2, ON_GRID = 4, IN_PROJECTION = 8 };

typedef nl_ref (*implicit_fn)(nl_resolver *rs);

static nl_ref index_node(nl_graph *graph, uint32_t space)
{
    return space == 0 ? nl_expr_const(graph, 0, nl_dim_none) : nl_expr_leaf(graph, NL_X_INDEX, 0, space, nl_dim_none);
}

static const nl_population *own_population(const nl_resolver *rs)
{
    return &rs->ck->model->populations.items[rs->body->number];
}
static const nl_projection *own_projection(const nl_resolver *rs)
{
    return &rs->ck->model->projections.items[rs->body->number];
}

static nl_ref count_node(nl_resolver *rs, size_t count)
{
    return nl_expr_const(nl_graph_of(rs), (double)count, nl_dim_none);
}
static nl_ref make_i(nl_resolver *rs) { return index_node(nl_graph_of(rs), rs->body->space); }
static nl_ref make_N(nl_resolver *rs) { return count_node(rs, own_population(rs)->count); }
static nl_ref make_N_pre(nl_resolver *rs) { return count_node(rs, own_projection(rs)->pre.count); }
static nl_ref make_N_post(nl_resolver *rs) { return count_node(rs, own_projection(rs)->post.count); }

static nl_ref grid_node(nl_resolver *rs, const nl_population *p, nl_op op)
{
    nl_graph *graph = nl_graph_of(rs);

    return nl_expr_op2(graph, op, index_node(graph, p->space), count_node(rs, p->shape[1]));
}

static nl_ref make_row(nl_resolver *rs) { return grid_node(rs, own_population(rs), NL_OP_FLOORDIV); }
static nl_ref make_col(nl_resolver *rs) { return grid_node(rs, own_population(rs), NL_OP_MOD); }
static nl_ref make_t(nl_resolver *rs)
{
    return nl_expr_leaf(nl_graph_of(rs), NL_X_TIME, 0, 0, nl_check_time_dim(rs->ck));
}
static nl_ref make_step(nl_resolver *rs) { return nl_expr_leaf(nl_graph_of(rs), NL_X_STEP, 0, 0, nl_dim_none); }

/* The evaluator knows dt, and says so where the file does not set it. */
static nl_ref make_dt(nl_resolver *rs)
{
    const nl_ast name = { .kind = NL_AST_NAME, .name = "dt" };

    return nl_value_node(rs, nl_static_value(rs, &name), NULL, name.span);
}

static const struct implicit {
    const char *name;
    int where;
    implicit_fn make;
    const char *what;
} implicits[] = {
    { "i", IN_POPULATION | IN_PROJECTION, make_i, "the number of the element" },
    { "N", IN_POPULATION, make_N, "the size of the population" },
    { "row", ON_GRID, make_row, "the row of the element" },
    { "col", ON_GRID, make_col, "the column of the element" },
    { "N_pre", IN_PROJECTION, make_N_pre, "the size of the pre side" },
    { "N_post", IN_PROJECTION, make_N_post, "the size of the post side" },
    { "t", ANYWHERE, make_t, "the time" },
    { "dt", ANYWHERE, make_dt, "the time step" },
    { "step", ANYWHERE, make_step, "the number of the step" },
};

static int surroundings(const nl_resolver *rs)
{
    if (rs->body == NULL || rs->body->is_top) return ANYWHERE;
    if (rs->body->is_projection) return ANYWHERE | IN_PROJECTION;
    return ANYWHERE | IN_POPULATION | (own_population(rs)->rank == 2 ? ON_GRID : 0);
}

static int implicit_find(const nl_resolver *rs, const char *name)
{
    const int here = surroundings(rs);

    for (int k = 0; k < (int)NL_LEN(implicits); k++)
        if ((implicits[k].where & here) != 0 && strcmp(implicits[k].name, name) == 0) return k;
    return -1;
}

static const struct constant {
    const char *name;
    double number;
    bool is_bool, fits_all;
} constants[] = {
    { "pi", M_PI, false, false }, { "e", M_E, false, false }, { "inf", INFINITY, false, true },
    { "nan", NAN, false, true },  { "true", 1, true, false }, { "false", 0, true, false },
};

static const struct constant *constant_find(const char *name)
{
    for (size_t k = 0; k < NL_LEN(constants); k++)
        if (strcmp(constants[k].name, name) == 0) return &constants[k];
    return NULL;
}

/* --- finding --- */

static nl_symbol *local_find(const nl_resolver *rs, const char *name)
{
    for (const nl_scope *scope = rs->scope; scope != NULL && scope != rs->outer; scope = scope->parent) {
        nl_symbol *symbol = nl_scope_find_here(scope, name);
        if (symbol != NULL) return symbol;
    }
    return NULL;
}

/* What the file itself declares, without the shipped rules. */
static nl_symbol *file_find(const nl_resolver *rs, const char *name)
{
    for (const nl_scope *scope = rs->outer; scope != NULL && scope != rs->ck->prelude; scope = scope->parent) {
        nl_symbol *symbol = nl_scope_find_here(scope, name);
        if (symbol != NULL) return symbol;
    }
    return NULL;
}

nl_found nl_name_find(const nl_resolver *rs, const char *name)
{
    nl_found found = { .symbol = local_find(rs, name), .implicit = -1 };

    if (found.symbol != NULL) {
        found.how = NL_FOUND_SYMBOL;
        return found;
    }
    found.entry = nl_entry_seen(rs, name);
    found.implicit = implicit_find(rs, name);
    found.symbol = nl_scope_find(rs->outer, name);
    if (found.entry != NULL) found.how = NL_FOUND_ENTRY;
    else if (found.implicit >= 0) found.how = NL_FOUND_IMPLICIT, found.symbol = file_find(rs, name);
    else if (found.symbol != NULL) found.how = NL_FOUND_SYMBOL;
    return found;
}

/* --- what is wrong with a name --- */

static const char *suggestion(nl_resolver *rs, const char *name)
{
    NL_LIST(const char *) names = { 0 };
    nl_arena *arena = rs->ck->arena;
    const int here = surroundings(rs);

    for (size_t k = 0; rs->body != NULL && k < rs->body->entries.count; k++)
        if (nl_entry_seen(rs, rs->body->entries.items[k]->name) != NULL)
            NL_PUSH(arena, &names, rs->body->entries.items[k]->name);
    for (size_t k = 0; k < NL_LEN(implicits); k++)
        if ((implicits[k].where & here) != 0) NL_PUSH(arena, &names, implicits[k].name);
    for (const nl_scope *scope = rs->scope; scope != NULL; scope = scope->parent)
        for (size_t k = 0; k < scope->symbols.count; k++)
            NL_PUSH(arena, &names, nl_scope_own_name(scope, scope->symbols.items[k]));
    return nl_suggest(name, names.items, names.count);
}

nl_diag *nl_name_unknown(nl_resolver *rs, const char *name, nl_span span)
{
    nl_diags *diags = rs->ck->diags;

    if (rs->body != NULL && rs->body->is_opaque) return NULL;
    nl_diag *diag = nl_diag_add(diags, NL_E_NAME, span, "unknown name `%s`", name);
    const char *close = suggestion(rs, name);
    if (!nl_name_remedy(rs->ck, diag, name, span) && close != NULL)
        nl_diag_help(diags, diag, "did you mean `%s`?", close);
    return diag;
}

static nl_ref refuse_hidden(nl_resolver *rs, const nl_ast *e, const nl_found *found)
{
    const struct implicit *row = &implicits[found->implicit];
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_HIDDEN_NAME, e->span, "`%s` could be %s or the `%s` of the file",
                                e->name, row->what, e->name);

    if (found->symbol->span.begin != 0)
        nl_diag_also(rs->ck->diags, diag, found->symbol->span, "the file declares it here");
    nl_diag_help(rs->ck->diags, diag,
                 "give the one of the file another name, or use it through a `let` of another name");
    return 0;
}

static nl_ref refuse_kind(nl_resolver *rs, nl_span span, const char *sentence, const char *help)
{
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_VALUE_KIND, span, "%s", sentence);

    if (help != NULL) nl_diag_help(rs->ck->diags, diag, "%s", help);
    return 0;
}

/* --- values of the file --- */

static nl_ref slot_node(nl_resolver *rs, nl_value value, nl_symbol *symbol)
{
    nl_model *model = rs->ck->model;

    if (symbol->slot < 0) {
        const nl_slot slot = { .name = symbol->name,
                               .number = nl_value_known(value) ? value.data[0] : NAN,
                               .dim = value.dim };
        symbol->slot = (int)model->slots.count;
        NL_PUSH(rs->ck->arena, &model->slots, slot);
    }
    return nl_graph_add(model->graph, &(nl_node){ .kind = NL_X_SLOT,
                                                  .id = (uint32_t)symbol->slot,
                                                  .dim = value.dim,
                                                  .is_bool = value.kind == NL_KIND_BOOL });
}

static const char unnamed[] = "array";

static uint32_t add_array(nl_resolver *rs, nl_value value, const char *name)
{
    nl_model *model = rs->ck->model;
    const nl_array array = { .name = name,
                             .value = value,
                             .space = nl_graph_array_space(model->graph, value.rank, value.shape) };

    for (size_t k = 0; name == unnamed && k < model->arrays.count; k++)
        if (model->arrays.items[k].name == unnamed && model->arrays.items[k].value.data == value.data
            && model->arrays.items[k].space == array.space)
            return (uint32_t)k;
    NL_PUSH(rs->ck->arena, &model->arrays, array);
    return (uint32_t)(model->arrays.count - 1);
}

static nl_ref array_node(nl_resolver *rs, nl_value value, nl_symbol *symbol, nl_span span)
{
    nl_model *model = rs->ck->model;

    uint32_t id;

    if (nl_value_count(value) == NL_UNKNOWN_SIZE || (symbol == NULL && !nl_value_known(value)))
        return refuse_kind(rs, span, "this array is not known before a run", NULL);
    if (symbol == NULL) id = add_array(rs, value, unnamed);
    else {
        if (symbol->array < 0) symbol->array = (int)add_array(rs, value, symbol->name);
        id = (uint32_t)symbol->array;
    }
    return nl_graph_add(model->graph, &(nl_node){ .kind = NL_X_ARRAY,
                                                  .id = id,
                                                  .space = model->arrays.items[id].space,
                                                  .dim = value.dim,
                                                  .is_bool = value.kind == NL_KIND_BOOL });
}

/* A value as a node.  Numbers become constants, unless the protocol changes them. */
nl_ref nl_value_node(nl_resolver *rs, nl_value value, nl_symbol *symbol, nl_span span)
{
    nl_graph *graph = nl_graph_of(rs);

    switch (value.kind) {
    case NL_KIND_NONE: return 0;
    case NL_KIND_TEXT: return refuse_kind(rs, span, "a text stands where a number is needed", NULL);
    case NL_KIND_LIST: return refuse_kind(rs, span, "a list of unequal parts stands where numbers are needed", NULL);
    case NL_KIND_TABLE:
        return refuse_kind(rs, span, "a table is a function of time",
                           "write stim(t), or stim(t, i) for one column each");
    case NL_KIND_TRAIN:
        return refuse_kind(rs, span, "a train of spikes stands where a number is needed",
                           "write count(..), rate(..) or another function of trains");
    default: break;
    }
    if (value.rank > 0) return array_node(rs, value, symbol, span);
    if (symbol != NULL && (symbol->varies || !nl_value_known(value))) return slot_node(rs, value, symbol);
    if (!nl_value_known(value)) return refuse_kind(rs, span, "this value is not known before a run", NULL);
    return value.kind == NL_KIND_BOOL ? nl_expr_bool(graph, value.data[0] != 0)
                                      : nl_expr_const(graph, value.data[0], value.dim);
}

nl_ref nl_symbol_node(nl_resolver *rs, nl_symbol *symbol, const nl_ast *e)
{
    nl_arena *arena = rs->ck->arena;

    symbol->used = true;
    switch (symbol->kind) {
    case NL_SYM_VALUE: return nl_value_node(rs, symbol->value, symbol, e->span);
    case NL_SYM_BODY_LET: return symbol->node;
    case NL_SYM_STATE: return nl_env_apply(rs, symbol->node);
    case NL_SYM_POPULATION:
    case NL_SYM_PART:
    case NL_SYM_PROJECTION:
        return refuse_kind(rs, e->span, nl_arena_printf(arena, "`%s` is no number, but has variables", symbol->name),
                           nl_arena_printf(arena, "name one of them: %s.NAME", symbol->name));
    case NL_SYM_FUNCTION:
        return refuse_kind(rs, e->span, nl_arena_printf(arena, "`%s` is a function", symbol->name),
                           nl_arena_printf(arena, "give its arguments: %s(..)", symbol->name));
    case NL_SYM_RECORD:
        return refuse_kind(rs, e->span,
                           nl_arena_printf(arena, "`%s` is a record, which no equation can read", symbol->name), NULL);
    default: return refuse_kind(rs, e->span, nl_arena_printf(arena, "`%s` is no number", symbol->name), NULL);
    }
}

/* --- names --- */

nl_ref nl_resolve_name(nl_resolver *rs, const nl_ast *e)
{
    nl_found found = nl_name_find(rs, e->name);
    const struct constant *constant;

    switch (found.how) {
    case NL_FOUND_SYMBOL: return nl_symbol_node(rs, found.symbol, e);
    case NL_FOUND_ENTRY: {
        const nl_ref ref = nl_entry_node(rs->body, found.entry, e->span);
        if (ref != 0) return nl_env_apply(rs, ref);
        const nl_symbol *known = local_find(rs, e->name); /* a `let` that is an array, a text or a table */
        return known != NULL ? nl_value_node(rs, known->value, NULL, e->span) : 0;
    }
    case NL_FOUND_IMPLICIT:
        return found.symbol != NULL ? refuse_hidden(rs, e, &found) : implicits[found.implicit].make(rs);
    default: break;
    }
    constant = constant_find(e->name);
    if (constant == NULL && nl_is_noise(e->name)) return nl_resolve_noise(rs, e);
    if (constant == NULL && nl_is_spiked(e->name)) return nl_resolve_spiked(rs, e);
    if (constant == NULL) {
        nl_name_unknown(rs, e->name, e->span);
        return 0;
    }
    if (constant->is_bool) return nl_expr_bool(nl_graph_of(rs), constant->number != 0);
    return nl_expr_const(nl_graph_of(rs), constant->number, constant->fits_all ? nl_dim_any : nl_dim_none);
}

/* Reports unknown names in an expression that is not resolved. */
void nl_check_names(nl_resolver *rs, const nl_ast *e)
{
    if (e == NULL) return;
    const bool is_member = e->kind == NL_AST_FIELD && rs->body != NULL && rs->body->is_projection;
    if (e->kind == NL_AST_NAME && nl_name_find(rs, e->name).how == NL_FOUND_NOTHING && constant_find(e->name) == NULL
        && !nl_is_spiked(e->name) && !nl_is_noise(e->name) && !nl_call_exists(e->name)
        && !nl_eval_is_family(&(nl_evaluator){ .scope = rs->scope }, e->name))
        nl_name_unknown(rs, e->name, e->span);
    for (int k = 0; k < e->kid_count && !is_member; k++) nl_check_names(rs, e->kids[k]);
}

const char *nl_ast_words(nl_arena *arena, const nl_ast *e)
{
    e = nl_ast_bare(e);
    if (e->kind == NL_AST_NAME) return nl_arena_printf(arena, "`%s`", e->name);
    const nl_ast *base = e->kind == NL_AST_FIELD ? nl_ast_bare(nl_ast_kid(e, 0)) : NULL;
    return base != NULL && base->kind == NL_AST_NAME ? nl_arena_printf(arena, "`%s.%s`", base->name, e->name) : "this";
}

/* --- members --- */

/* E.spikes are recorded of populations; a synapse has none, and its events are not kept. */
static bool is_event_of_synapses(const nl_body *body, const char *member)
{
    if (!body->is_projection) return false;
    for (size_t k = 0; k < body->events.count; k++)
        if (body->events.items[k].name != NULL && strcmp(body->events.items[k].name, member) == 0) return true;
    return strcmp(member, "spikes") == 0;
}

static void refuse_event_of_synapses(nl_check *ck, const char *owner, const char *member, nl_span span)
{
    const bool spikes = strcmp(member, "spikes") == 0;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_RECORDED, span, "`%s` is a projection: %s", owner,
                                spikes ? "synapses do not spike" : "events of synapses are not recorded");

    if (spikes) nl_diag_help(ck->diags, diag, "record those of its populations");
    else
        nl_diag_help(ck->diags, diag, "count them: state n = 0, and n += 1 in the body of `%s`; then record %s.n",
                     member, owner);
}

static void unknown_member(nl_check *ck, const nl_body *body, const char *owner, const char *member, nl_span span)
{
    if (is_event_of_synapses(body, member)) {
        refuse_event_of_synapses(ck, owner, member, span);
        return;
    }
    NL_LIST(const char *) names = { 0 };
    nl_text text = nl_text_new(ck->arena);

    for (size_t k = 0; k < body->entries.count; k++) {
        NL_PUSH(ck->arena, &names, body->entries.items[k]->name);
        nl_text_addf(&text, "%s%s", k > 0 ? ", " : "", body->entries.items[k]->name);
    }
    for (size_t k = 0; k < body->events.count; k++) {
        if (body->events.items[k].name == NULL) continue;
        nl_text_addf(&text, "%s%s", names.count > 0 ? ", " : "", body->events.items[k].name);
        NL_PUSH(ck->arena, &names, body->events.items[k].name);
    }
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_NAME, span, "`%s` has no `%s`", owner, member);
    const char *close = nl_suggest(member, names.items, names.count);
    if (close != NULL) nl_diag_help(ck->diags, diag, "did you mean `%s`?", close);
    else if (names.count > 0) nl_diag_help(ck->diags, diag, "it has: %s", text.chars);
}

static nl_ref entry_member(nl_check *ck, nl_body *body, const char *owner, const char *member, nl_span span)
{
    nl_entry *entry = nl_entry_find(body, member);

    if (entry == NULL) {
        if (!body->is_opaque) unknown_member(ck, body, owner, member, span);
        return 0;
    }
    const nl_ref ref = nl_entry_node(body, entry, span);
    if (ref == 0 && entry->progress == NL_RESOLVED)
        nl_diag_add(ck->diags, NL_E_VALUE_KIND, span, "`%s.%s` is no number", owner, member);
    return ref;
}

/* `i`, `row` and `col` seen from outside, where no variable has that name; 0: something else. */
static nl_ref place_member(nl_check *ck, const nl_body *body, const char *member)
{
    const nl_population *p = &ck->model->populations.items[body->number];
    nl_graph *graph = ck->model->graph;
    const nl_ref columns = nl_expr_const(graph, (double)p->shape[1], nl_dim_none);

    if (nl_entry_find(body, member) != NULL) return 0;
    if (strcmp(member, "i") == 0) return index_node(graph, p->space);
    if (strcmp(member, "row") == 0 && p->rank == 2)
        return nl_expr_op2(graph, NL_OP_FLOORDIV, index_node(graph, p->space), columns);
    if (strcmp(member, "col") == 0 && p->rank == 2)
        return nl_expr_op2(graph, NL_OP_MOD, index_node(graph, p->space), columns);
    return 0;
}

static nl_ref population_member(nl_check *ck, uint32_t population, const char *owner, const char *member, nl_span span)
{
    const nl_body_state *state = nl_body_state_of(ck);

    if (population >= state->populations.count || state->populations.items[population] == NULL) return 0;
    nl_body *body = state->populations.items[population];
    const nl_ref place = place_member(ck, body, member);
    if (nl_is_spiked(member) && nl_entry_find(body, member) == NULL) return nl_spiked_node(body, owner, span);
    return place != 0 ? place : entry_member(ck, body, owner, member, span);
}

/* The range begin .. begin + count - 1 of a population's values. */
static nl_ref part_node(nl_graph *graph, const nl_part *part, nl_ref whole)
{
    if (part->whole || nl_graph_node(graph, whole)->space == 0) return whole;
    return nl_view_node(graph, NL_X_PART, (uint32_t)part->begin, nl_graph_array_space(graph, 1, &part->count), whole,
                        0);
}

static uint32_t population_of(const nl_symbol *owner)
{
    return owner->kind == NL_SYM_PART ? owner->part.population : owner->id;
}

/* NAME.member as it is declared: a number where it is one for all elements. */
nl_ref nl_member_node(nl_check *ck, const nl_symbol *owner, const char *member, nl_span span)
{
    const nl_body_state *state = nl_body_state_of(ck);

    if (owner->kind == NL_SYM_PROJECTION)
        return owner->id < state->projections.count && state->projections.items[owner->id] != NULL
                   ? entry_member(ck, state->projections.items[owner->id], owner->name, member, span)
                   : 0;
    return population_member(ck, population_of(owner), owner->name, member, span);
}

static bool is_size(nl_check *ck, const nl_symbol *owner, const char *member)
{
    const nl_body *body = nl_body_state_of(ck)->populations.items[population_of(owner)];

    return strcmp(member, "N") == 0 && body != NULL && nl_entry_find(body, member) == NULL;
}

/* X.x from outside: one value per element, as the others see it. */
nl_ref nl_body_member(nl_check *ck, const nl_symbol *owner, const char *member, nl_span span)
{
    nl_graph *graph = ck->model->graph;

    if (owner->kind != NL_SYM_PROJECTION && is_size(ck, owner, member))
        return nl_expr_const(graph, (double)owner->part.count, nl_dim_none);
    nl_ref ref = nl_member_node(ck, owner, member, span);
    if (ref == 0 || owner->kind == NL_SYM_PROJECTION) return ref;
    ref = nl_spread(graph, ref, ck->model->populations.items[population_of(owner)].space);
    return owner->kind == NL_SYM_PART ? part_node(graph, &owner->part, ref) : ref;
}

/* The first name of a path, if it is one. */
static nl_found first_name(const nl_resolver *rs, const nl_ast *path)
{
    path = nl_ast_bare(path);
    while (path->kind == NL_AST_INDEX || path->kind == NL_AST_CALL || path->kind == NL_AST_FIELD)
        path = nl_ast_bare(path->kids[0]);
    return path->kind == NL_AST_NAME ? nl_name_find(rs, path->name) : (nl_found){ .implicit = -1 };
}

static bool begins_in_body(const nl_resolver *rs, const nl_ast *path)
{
    const nl_found_how how = first_name(rs, path).how;

    return how == NL_FOUND_ENTRY || how == NL_FOUND_IMPLICIT;
}

static bool begins_in_instance(const nl_resolver *rs, const nl_ast *path)
{
    const nl_found found = first_name(rs, path);

    return found.how == NL_FOUND_SYMBOL && found.symbol->members != NULL;
}

nl_symbol *nl_name_symbol(const nl_resolver *rs, const nl_ast *path)
{
    nl_evaluator ev = nl_evaluator_of(rs);

    return nl_eval_is_path(path) && !begins_in_body(rs, path) ? nl_eval_symbol(&ev, path) : NULL;
}

const nl_symbol *nl_name_owner(nl_resolver *rs, const nl_ast *e)
{
    nl_evaluator ev = nl_evaluator_of(rs);

    if (begins_in_body(rs, e)) return NULL;
    const nl_symbol *owner = nl_eval_owner(&ev, e);
    return owner != NULL
                   && (owner->kind == NL_SYM_POPULATION || owner->kind == NL_SYM_PART
                       || owner->kind == NL_SYM_PROJECTION)
               ? owner
               : NULL;
}

/* pre.x and post.x: the value of the synapse's neuron; pre.i counts within the given part. */
static nl_ref side_field(nl_resolver *rs, const nl_ast *e, bool is_pre)
{
    const nl_projection *projection = own_projection(rs);
    const nl_part *part = is_pre ? &projection->pre : &projection->post;
    nl_graph *graph = nl_graph_of(rs);
    const nl_population *p = &rs->ck->model->populations.items[part->population];
    const nl_ref ref = population_member(rs->ck, part->population, p->name, e->name, e->span);

    if (ref == 0 || nl_graph_node(graph, ref)->space == 0) return ref;
    const nl_ref seen = nl_view_node(graph, is_pre ? NL_X_PRE : NL_X_POST, 0, rs->body->space, ref, 0);
    if (nl_graph_node(graph, ref)->kind != NL_X_INDEX) return seen;
    return nl_expr_op2(graph, NL_OP_SUB, seen, nl_expr_const(graph, (double)part->begin, nl_dim_none));
}

static bool is_side(const nl_resolver *rs, const nl_ast *base, const char *side)
{
    return rs->body != NULL && rs->body->is_projection && base->kind == NL_AST_NAME && strcmp(base->name, side) == 0;
}

nl_ref nl_resolve_field(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *base = nl_ast_bare(nl_ast_kid(e, 0));

    if (is_side(rs, base, "pre")) return nl_env_apply(rs, side_field(rs, e, true));
    if (is_side(rs, base, "post")) return nl_env_apply(rs, side_field(rs, e, false));
    const size_t errors = nl_diags_error_count(rs->ck->diags);
    nl_symbol *symbol = nl_name_symbol(rs, e);
    if (symbol != NULL) return nl_symbol_node(rs, symbol, e);
    const nl_symbol *owner = nl_name_owner(rs, base);
    if (owner != NULL) return nl_env_apply(rs, nl_body_member(rs->ck, owner, e->name, e->span));
    if (nl_diags_error_count(rs->ck->diags) > errors) return 0;
    if (base->kind == NL_AST_NAME && nl_name_find(rs, base->name).how == NL_FOUND_NOTHING) {
        nl_name_unknown(rs, base->name, base->span);
        return 0;
    }
    if (begins_in_instance(rs, base)) return (void)nl_static_value(rs, e), 0; /* says what is missing */
    nl_diag_add(rs->ck->diags, NL_E_VALUE_KIND, base->span,
                "only populations, their parts and projections have members");
    return 0;
}

/* --- x' on a right side --- */

static nl_ref derivative(nl_resolver *rs, nl_ref ref)
{
    nl_graph *graph = nl_graph_of(rs);
    nl_node node = *nl_graph_node(graph, ref);
    const nl_dim dims[] = { node.dim, nl_check_time_dim(rs->ck) };

    if (!nl_dim_apply(NL_DIM_QUOTIENT, dims, 2, &node.dim)) node.dim = nl_dim_unknown;
    return nl_expr_leaf(graph, NL_X_DERIV, node.id, node.space, node.dim);
}

nl_ref nl_resolve_prime(nl_resolver *rs, const nl_ast *e)
{
    const nl_env *env = rs->env;

    rs->env = NULL;
    const nl_ref of = nl_resolve(rs, nl_ast_kid(e, 0));
    rs->env = env;
    if (of == 0) return 0;
    if (nl_graph_node(nl_graph_of(rs), of)->kind == NL_X_STATE) return derivative(rs, of);
    nl_diag_add(rs->ck->diags, NL_E_BODY_EQUATION, e->span, "only a state has a derivative");
    return 0;
}
