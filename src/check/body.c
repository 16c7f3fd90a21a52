/* Bodies: what they declare and how their names are resolved on demand. */
#include "body.h"

#include "syntax/print.h"

#include <string.h>

nl_body_state *nl_body_state_of(nl_check *ck)
{
    if (ck->body == NULL) ck->body = NL_NEW(ck->arena, nl_body_state);
    return ck->body;
}

nl_graph *nl_graph_of(const nl_resolver *rs) { return rs->ck->model->graph; }

static void keep_body(nl_check *ck, nl_body *body)
{
    nl_body_state *state = nl_body_state_of(ck);

    if (body->is_projection) {
        while (state->projections.count < body->number) NL_PUSH(ck->arena, &state->projections, NULL);
        NL_PUSH(ck->arena, &state->projections, body);
    } else {
        while (state->populations.count < body->number) NL_PUSH(ck->arena, &state->populations, NULL);
        NL_PUSH(ck->arena, &state->populations, body);
    }
}

nl_body *nl_body_new(nl_check *ck, bool is_projection, uint32_t number, const char *name, uint32_t space)
{
    nl_body *body = NL_NEW(ck->arena, nl_body);

    body->ck = ck;
    body->is_projection = is_projection;
    body->number = number;
    body->name = name;
    body->prefix = name[0] != '\0' ? nl_arena_printf(ck->arena, "%s.", name) : "";
    body->space = space;
    body->first_flow = ck->model->flows.count;
    body->first_pathway = ck->model->pathways.count;
    nl_layer *layer = NL_NEW(ck->arena, nl_layer);
    body->scope = layer->scopes[NL_OF_BLOCK] = nl_scope_new(ck->arena, ck->top);
    layer->home = ck->top;
    NL_PUSH(ck->arena, &body->layers, layer);
    keep_body(ck, body);
    return body;
}

/* A resolver for an expression that belongs to `name` of a body: its draws have the stream "E.name". */
nl_resolver nl_resolver_of(nl_body *body, nl_place place, const char *name)
{
    static const char *const endings[] = { [NL_IN_NEXT] = " next",
                                           [NL_IN_BLOCK] = " every",
                                           [NL_IN_CONDITION] = " when",
                                           [NL_IN_EVENT] = " event",
                                           [NL_IN_PATHWAY] = " on" };
    const char *ending = (size_t)place < NL_LEN(endings) && endings[place] != NULL ? endings[place] : "";

    return (nl_resolver){ .ck = body->ck,
                          .body = body,
                          .scope = body->scope,
                          .outer = body->scope->parent,
                          .origin = body->origin,
                          .place = place,
                          .space = body->space,
                          .stream = nl_arena_printf(body->ck->arena, "%s%s%s", body->prefix, name, ending) };
}

nl_resolver nl_entry_resolver(nl_body *body, const nl_entry *entry, nl_place place)
{
    nl_resolver rs = nl_resolver_of(body, place, entry->name);

    rs.origin = entry->origin;
    rs.reach = entry->number;
    rs.scope = entry->scope;
    rs.outer = body->layers.items[entry->origin.layer]->scopes[entry->origin.kind]->parent;
    return rs;
}

void nl_body_read(nl_body *body, nl_origin origin)
{
    body->origin = origin;
    body->scope = body->layers.items[origin.layer]->scopes[origin.kind];
}

void nl_body_not_yet(nl_check *ck, nl_span span, const char *what)
{
    nl_diag_add(ck->diags, NL_E_NOT_YET, span, "%s not yet supported", what);
}

/* --- entries --- */

nl_entry *nl_entry_find(const nl_body *body, const char *name)
{
    for (size_t k = 0; k < body->entries.count; k++)
        if (strcmp(body->entries.items[k]->name, name) == 0) return body->entries.items[k];
    return NULL;
}

/* A block sees the parameters of its own layer and of those behind it. */
static bool is_seen(nl_origin from, size_t reach, const nl_entry *entry)
{
    const size_t layer = entry->origin.layer;

    if (entry->shown == NULL) return from.kind != NL_OF_DEFAULT;
    switch (from.kind) {
    case NL_OF_BLOCK: return layer >= from.layer;
    case NL_OF_ARGUMENT: return layer + 1 == from.layer;
    default: return layer == from.layer && entry->number < reach;
    }
}

static nl_entry *find_seen(const nl_body *body, nl_origin from, size_t reach, const char *name)
{
    for (size_t k = 0; k < body->entries.count; k++)
        if (strcmp(body->entries.items[k]->name, name) == 0 && is_seen(from, reach, body->entries.items[k]))
            return body->entries.items[k];
    return NULL;
}

nl_entry *nl_entry_seen(const nl_resolver *rs, const char *name)
{
    return rs->body != NULL ? find_seen(rs->body, rs->origin, rs->reach, name) : NULL;
}

static nl_entry *declared_twice(nl_body *body, const char *name, nl_span span, const nl_entry *other)
{
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_DUPLICATE, span, "`%s` is declared twice", name);

    nl_diag_also(body->ck->diags, diag, other->span,
                 other->item != NULL ? "it is declared here" : "this connection rule gives it");
    if (other->shown == NULL && other->origin.layer > body->origin.layer)
        nl_diag_help(body->ck->diags, diag, "to replace what the template declares, write `override` in front");
    return NULL;
}

/* A parameter hides those of the same name further behind. */
static const nl_entry *in_the_way(const nl_body *body, const char *name, nl_entry_kind kind)
{
    const nl_entry *other = nl_entry_find(body, name);
    const bool hides = other != NULL && other->shown != NULL && body->origin.kind != NL_OF_BLOCK
                       && other->origin.layer < body->origin.layer && kind != NL_ENTRY_PARAM;

    return hides ? NULL : other;
}

nl_entry *nl_entry_add(nl_body *body, nl_entry_kind kind, const char *name, nl_span span, const nl_ast *item)
{
    nl_check *ck = body->ck;
    const nl_entry *other = in_the_way(body, name, kind);

    if (other != NULL) return declared_twice(body, name, span, other);
    nl_entry *entry = NL_NEW(ck->arena, nl_entry);
    *entry = (nl_entry){ .kind = kind,
                         .name = name,
                         .span = span,
                         .item = item,
                         .var = NL_NO_VAR,
                         .origin = body->origin,
                         .scope = body->scope,
                         .number = body->entries.count };
    NL_PUSH(ck->arena, &body->entries, entry);
    return entry;
}

uint32_t nl_var_add(nl_body *body, nl_var_kind kind, const char *name, nl_span span, const char *doc)
{
    nl_check *ck = body->ck;
    nl_model *model = ck->model;
    const uint32_t id = (uint32_t)model->vars.count;
    nl_var var = { .kind = kind,
                   .name = name,
                   .full_name = nl_arena_printf(ck->arena, "%s%s", body->prefix, name),
                   .doc = doc,
                   .span = span,
                   .space = body->space,
                   .population = UINT32_MAX,
                   .projection = UINT32_MAX };

    if (body->is_projection) {
        var.projection = body->number;
        NL_PUSH(ck->arena, &model->projections.items[body->number].vars, id);
    } else {
        var.population = body->number;
        NL_PUSH(ck->arena, &model->populations.items[body->number].vars, id);
    }
    NL_PUSH(ck->arena, &model->vars, var);
    return id;
}

/* --- declarations --- */

static nl_span item_span(const nl_ast *item) { return item->name_span.end != 0 ? item->name_span : item->span; }

/* pairs(.., w = ..) gives the values that a `param w` of the body would have drawn. */
static bool is_listed(const nl_body *body)
{
    return body->is_projection && body->ck->model->projections.items[body->number].rule.kind == NL_RULE_PAIRS;
}

static nl_entry *declare(nl_body *body, nl_entry_kind kind, const nl_ast *item)
{
    static const nl_var_kind kinds[] = {
        [NL_ENTRY_STATE] = NL_VAR_STATE, [NL_ENTRY_PARAM] = NL_VAR_PARAM, [NL_ENTRY_INPUT] = NL_VAR_INPUT
    };
    nl_entry *given = nl_entry_find(body, item->name);

    if (given != NULL && given->item == NULL && kind == NL_ENTRY_PARAM && is_listed(body)) return NULL;
    nl_entry *entry = nl_entry_add(body, kind, item->name, item_span(item), item);
    if (entry == NULL || kind == NL_ENTRY_LET || body->is_projection) return entry;
    entry->var = nl_var_add(body, kinds[kind], item->name, entry->span, item->doc);
    return entry;
}

static void declare_columns(nl_body *body, nl_entry_kind kind, const nl_ast *statement)
{
    if (body->is_projection) {
        nl_body_not_yet(body->ck, statement->span, "columns of a table for synapses are");
        body->is_opaque = true;
    } else if (nl_columns_fit(body, statement)) {
        for (int k = 0; k + 1 < statement->kid_count; k++) {
            nl_entry *entry = declare(body, kind, nl_column_item(body, statement, k));
            if (entry != NULL) entry->is_column = true;
        }
    }
}

/* First pass: what a statement declares; anything else waits in `statements`. */
void nl_body_collect(nl_body *body, const nl_ast *statement)
{
    nl_entry_kind kind;

    switch (statement->kind) {
    case NL_AST_STATES: kind = NL_ENTRY_STATE; break;
    case NL_AST_PARAMS: kind = NL_ENTRY_PARAM; break;
    case NL_AST_INPUTS: kind = NL_ENTRY_INPUT; break;
    case NL_AST_LETS: kind = NL_ENTRY_LET; break;
    case NL_AST_PARAM_COLUMNS: declare_columns(body, NL_ENTRY_PARAM, statement); return;
    case NL_AST_LET_COLUMNS: declare_columns(body, NL_ENTRY_LET, statement); return;
    case NL_AST_DELAY:
    case NL_AST_DENDRITIC_DELAY: nl_body_collect_delay(body, statement); return;
    case NL_AST_OVERRIDE: nl_body_override(body, statement); return;
    default:
        nl_body_collect_event(body, statement);
        NL_PUSH(body->ck->arena, &body->statements, ((nl_statement){ statement, body->origin }));
        return;
    }
    for (int k = 0; k < statement->kid_count; k++) (void)declare(body, kind, statement->kids[k]);
}

/* A variable or `let` of the body that a condition reads: it has no value yet. */
static const nl_entry *entry_in(const nl_resolver *rs, const nl_ast *e)
{
    const nl_entry *entry = NULL;

    if (e == NULL) return NULL;
    if (e->kind == NL_AST_NAME && nl_scope_find(rs->scope, e->name) == NULL) entry = nl_entry_seen(rs, e->name);
    for (int k = 0; k < e->kid_count && entry == NULL; k++) entry = entry_in(rs, e->kids[k]);
    return entry;
}

static bool refuse_entry(nl_body *body, const nl_ast *condition, const nl_entry *entry)
{
    if (entry->progress == NL_FAILED) return false;
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_BODY_STATEMENT, condition->span,
                                "this condition reads `%s`, which is not known before time starts", entry->name);
    if (entry->origin.kind == NL_OF_ARGUMENT)
        nl_diag_also(body->ck->diags, diag, nl_ast_kid(entry->item, 1)->span, "this is given for it");
    else nl_diag_also(body->ck->diags, diag, entry->span, "it is declared here");
    nl_diag_help(body->ck->diags, diag, "for a choice at each moment write: x' = if %s then ... else ...",
                 nl_print_expression(body->ck->arena, condition));
    return false;
}

static bool condition_value(nl_body *body, const nl_ast *condition, nl_value *value)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_BOUND, "if");
    nl_evaluator ev = nl_evaluator_of(&rs);
    const nl_entry *entry = entry_in(&rs, condition);

    if (entry != NULL) return refuse_entry(body, condition, entry);
    if (!nl_eval_condition(&ev, condition, value)) return false;
    if (nl_value_known(*value) && nl_value_is_scalar(*value)) return true;
    nl_diag_add(body->ck->diags, NL_E_BODY_STATEMENT, condition->span,
                "this condition is not known before time starts");
    return false;
}

static void walk_if(nl_body *body, const nl_ast *statement, nl_statement_fn visit)
{
    const nl_ast *other = nl_ast_kid(statement, 2);
    nl_value value;

    if (!condition_value(body, nl_ast_kid(statement, 0), &value)) return;
    if (value.data[0] != 0) nl_body_walk(body, nl_ast_kid(statement, 1), visit);
    else if (other != NULL && other->kind == NL_AST_IF) walk_if(body, other, visit);
    else if (other != NULL) nl_body_walk(body, other, visit);
}

void nl_body_walk(nl_body *body, const nl_ast *block, nl_statement_fn visit)
{
    for (int k = 0; block != NULL && k < block->kid_count; k++) {
        const nl_ast *statement = block->kids[k];

        if (statement == NULL) continue;
        if (statement->kind == NL_AST_IF) walk_if(body, statement, visit);
        else visit(body, statement);
    }
}

void nl_body_gather(nl_body *body, const nl_ast *use, const nl_ast *block)
{
    body->is_gathering = true;
    body->layers.items[0]->block = block;
    if (use != NULL) nl_template_enter(body, use);
    for (size_t k = body->layers.count; k-- > 0;) {
        if (k > 0 && body->is_opaque) continue;
        nl_body_read(body, (nl_origin){ NL_OF_BLOCK, k });
        nl_body_walk(body, body->layers.items[k]->block, nl_body_collect);
    }
    body->is_gathering = false;
}

void nl_body_statements(nl_body *body)
{
    for (size_t k = 0; k < body->statements.count; k++) {
        nl_body_read(body, body->statements.items[k].origin);
        nl_body_statement(body, body->statements.items[k].node);
    }
    nl_body_read(body, nl_origin_body);
    nl_template_leave(body);
}

/* --- values --- */

nl_ref nl_body_value(nl_resolver *rs, const nl_ast *expr)
{
    nl_ref ref = nl_resolve(rs, expr);

    return ref != 0 ? nl_conform(rs, expr, ref, rs->space) : 0;
}

bool nl_body_dim_fits(nl_check *ck, nl_span span, const char *subject, nl_dim wanted, const char *what, nl_dim got)
{
    if (nl_dim_equal(wanted, got)) return true;
    nl_diag_add(ck->diags, NL_E_DIMENSION, span, "`%s` is %s, but %s is %s", subject, nl_dim_text(ck->arena, wanted),
                what, nl_dim_text(ck->arena, got));
    return false;
}

/* What is given for a parameter of a template stands elsewhere than its declaration. */
static bool item_fits(nl_check *ck, const nl_ast *item, const char *what, nl_dim got)
{
    const nl_span span = nl_ast_kid(item, 1)->span;

    if (!item->has_unit || nl_dim_equal(item->unit.dim, got)) return true;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_DIMENSION, span, "`%s` is %s, but %s is %s", item->name,
                                nl_dim_text(ck->arena, item->unit.dim), what, nl_dim_text(ck->arena, got));
    if (span.begin < item->span.begin || span.end > item->span.end)
        nl_diag_also(ck->diags, diag, item->span, "it is declared here");
    return false;
}

/* The dimension that an item states, or the one of its value; a bare 0 without a unit is a pure number. */
static bool item_dim(nl_body *body, const nl_ast *item, nl_ref value, const char *what, nl_dim *out)
{
    const nl_dim got = value != 0 ? nl_graph_node(body->ck->model->graph, value)->dim : nl_dim_unknown;

    *out = item->has_unit ? item->unit.dim : got.any ? nl_dim_none : got;
    return item_fits(body->ck, item, what, got);
}

typedef struct init_check {
    const nl_model *model;
    uint32_t var;
    const char *fault; /* what it reads and must not */
    const char *name;
} init_check;

static const char a_state[] = "a state";

/* Initial values are computed in written order, before anything else exists; parameters before all states. */
static bool unready(void *user, const nl_node *node)
{
    init_check *check = user;
    const nl_var *own = &check->model->vars.items[check->var];

    if (node->kind == NL_X_INPUT) check->fault = "an input";
    else if (node->kind == NL_X_DERIV) check->fault = "a derivative";
    else if (node->kind == NL_X_SPIKED) check->fault = "spikes";
    else if (node->kind == NL_X_PREV || node->kind == NL_X_DELAY || node->kind == NL_X_WINDOW)
        check->fault = "a past value";
    else if (node->kind == NL_X_STATE && own->kind == NL_VAR_PARAM) check->fault = a_state;
    else if (node->kind == NL_X_STATE || node->kind == NL_X_PARAM) {
        const nl_var *read = &check->model->vars.items[node->id];
        if (node->id < check->var || read->population != own->population || read->projection != own->projection)
            return false;
        check->name = read->name;
    } else return false;
    return true;
}

static bool refuse_fault(nl_check *ck, nl_span span, const char *name, const char *fault)
{
    nl_diag *diag =
        nl_diag_add(ck->diags, NL_E_INIT, span, "the initial value of `%s` depends on %s, which %s no value yet", name,
                    fault, fault[0] == 'a' ? "has" : "have");

    if (fault == a_state)
        nl_diag_help(
            ck->diags, diag,
            "parameters are fixed before states begin: make `%s` a state, or what the state begins with a parameter",
            name);
    return false;
}

static bool check_ready(nl_body *body, const nl_entry *entry, nl_ref value)
{
    nl_check *ck = body->ck;
    init_check check = { .model = ck->model, .var = entry->var };
    const nl_span span = nl_ast_kid(entry->item, 1)->span;

    if (!nl_expr_any(ck->model->graph, value, unready, &check)) return true;
    if (check.name == NULL) return refuse_fault(ck, span, entry->name, check.fault);
    nl_diag *diag =
        nl_diag_add(ck->diags, NL_E_INIT, span, "the initial value of `%s` reads `%s`, which is declared below",
                    entry->name, check.name);
    nl_diag_help(ck->diags, diag, "initial values are computed in written order; move `%s` up", check.name);
    return false;
}

static nl_ref bound(nl_body *body, const nl_entry *entry, const nl_ast *expr, nl_dim dim)
{
    nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_BOUND);
    const nl_ref ref = nl_body_value(&rs, expr);

    if (ref == 0) return 0;
    return nl_body_dim_fits(body->ck, expr->span, entry->name, dim, "its bound",
                            nl_graph_node(body->ck->model->graph, ref)->dim)
               ? ref
               : 0;
}

static bool bounds_of(nl_body *body, const nl_entry *entry, nl_dim dim, nl_ref *low, nl_ref *high)
{
    const nl_ast *in = nl_ast_bare(nl_ast_kid(entry->item, 2));

    if (in == NULL) return true;
    if (in->kind != NL_AST_ARRAY || in->kid_count != 2) {
        nl_diag *diag =
            nl_diag_add(body->ck->diags, NL_E_BODY_BOUNDS, in->span, "the bounds of `%s` are two numbers", entry->name);
        nl_diag_help(body->ck->diags, diag, "write: in [lowest, highest]");
        return false;
    }
    *low = bound(body, entry, in->kids[0], dim);
    *high = bound(body, entry, in->kids[1], dim);
    return *low != 0 && *high != 0;
}

/* Faults that are certain before anything runs: bounds that exclude each other, a value outside of them. */
static bool check_bounds(nl_body *body, const nl_entry *entry, nl_ref value, nl_ref low, nl_ref high)
{
    const nl_graph *graph = body->ck->model->graph;
    double lo, hi, at;

    if (low == 0 || !nl_expr_is_const(graph, low, &lo) || !nl_expr_is_const(graph, high, &hi)) return true;
    if (lo > hi) {
        nl_diag_add(body->ck->diags, NL_E_BODY_BOUNDS, nl_ast_kid(entry->item, 2)->span,
                    "the lower bound of `%s` is above the upper one", entry->name);
        return false;
    }
    if (!nl_expr_is_const(graph, value, &at) || (lo <= at && at <= hi)) return true;
    nl_diag_add(body->ck->diags, NL_E_BODY_BOUNDS, nl_ast_kid(entry->item, 1)->span,
                "`%s` starts outside of its bounds", entry->name);
    return false;
}

/* 5 ms * x' = -x */
static void set_decay(nl_body *body, const nl_entry *entry, nl_dim dim)
{
    const nl_ast *tau = nl_ast_kid(entry->item, 3);
    nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_EQUATION);
    nl_graph *graph = body->ck->model->graph;

    if (tau == NULL) return;
    const nl_ref time = nl_body_value(&rs, tau);
    if (time == 0) return;
    const nl_dim got = nl_graph_node(graph, time)->dim;
    if (!nl_dim_equal(got, nl_check_time_dim(body->ck))) {
        nl_diag_add(body->ck->diags, NL_E_DIMENSION, tau->span, "`%s` decays with a time, not %s", entry->name,
                    nl_dim_text(body->ck->arena, got));
        return;
    }
    nl_var *var = &body->ck->model->vars.items[entry->var];
    const nl_ref x = nl_expr_leaf(graph, NL_X_STATE, entry->var, body->space, dim);
    var->deriv = nl_expr_op2(graph, NL_OP_DIV, nl_expr_op1(graph, NL_OP_NEG, x), time);
    var->deriv_span = tau->span;
}

/* What reading a state or a parameter gives; a parameter that is a condition stays one. */
static nl_ref variable_leaf(nl_graph *graph, const nl_entry *entry, const nl_var *var, nl_ref value)
{
    const bool is_state = entry->kind == NL_ENTRY_STATE;
    const nl_node leaf = { .kind = is_state ? NL_X_STATE : NL_X_PARAM,
                           .id = entry->var,
                           .space = var->space,
                           .dim = var->dim,
                           .is_bool = !is_state && nl_graph_node(graph, value)->is_bool };

    return nl_graph_add(graph, &leaf);
}

/* The value of a state or parameter with one value per element of a population. */
static bool resolve_variable(nl_body *body, nl_entry *entry)
{
    const bool is_state = entry->kind == NL_ENTRY_STATE;
    nl_check *ck = body->ck;
    nl_resolver rs = nl_entry_resolver(body, entry, is_state ? NL_IN_STATE : NL_IN_PARAM);
    const nl_ref value = nl_body_value(&rs, nl_ast_kid(entry->item, 1));
    nl_ref low = 0, high = 0;
    nl_dim dim = nl_dim_unknown;

    if (value == 0 || !item_dim(body, entry->item, value, is_state ? "its initial value" : "its value", &dim)
        || !bounds_of(body, entry, dim, &low, &high) || !check_bounds(body, entry, value, low, high)) {
        ck->model->vars.items[entry->var].dim = dim;
        return false;
    }
    nl_var *var = &ck->model->vars.items[entry->var];
    var->init = value;
    var->dim = dim;
    if (is_state) {
        var->low = low;
        var->high = high;
    } else if (!nl_check_is_set(ck, body->name, entry->name)) {
        var->space =
            nl_graph_node(ck->model->graph, value)->space; /* one number for all, unless `set` may give each its own */
    }
    const bool is_fixed =
        !is_state && nl_expr_is_const(ck->model->graph, value, NULL) && !nl_check_is_set(ck, body->name, entry->name);
    entry->node = is_fixed ? value : variable_leaf(ck->model->graph, entry, var, value);
    if (is_state) set_decay(body, entry, dim);
    return check_ready(body, entry, value);
}

static bool resolve_input(nl_body *body, nl_entry *entry)
{
    nl_var *var = &body->ck->model->vars.items[entry->var];

    var->dim = entry->item->has_unit ? entry->item->unit.dim : nl_dim_none;
    entry->node = nl_expr_leaf(body->ck->model->graph, NL_X_INPUT, entry->var, body->space, var->dim);
    return true;
}

/* Makes a value visible to the texts that see its entry. */
static void show_symbol(nl_body *body, const nl_entry *entry)
{
    nl_arena *arena = body->ck->arena;

    if (entry->shown != NULL) NL_PUSH(arena, &entry->shown->symbols, entry->symbol);
    for (size_t k = 0; k < body->layers.count; k++)
        for (nl_origin_kind kind = NL_OF_BLOCK; kind <= NL_OF_ARGUMENT; kind++) {
            nl_scope *scope = body->layers.items[k]->scopes[kind];
            if (scope != NULL && find_seen(body, (nl_origin){ kind, k }, 0, entry->name) == entry)
                NL_PUSH(arena, &scope->symbols, entry->symbol);
        }
}

/* A `let` whose value is known before time starts may be an array, a text or a table: it becomes a symbol. */
static bool resolve_static_let(nl_body *body, nl_entry *entry, nl_resolver *rs, const nl_ast *expr)
{
    const nl_value value = nl_static_value(rs, expr);
    nl_symbol *symbol = NL_NEW(body->ck->arena, nl_symbol);

    if (value.kind == NL_KIND_NONE) return false;
    *symbol = (nl_symbol){ .kind = NL_SYM_VALUE,
                           .name = entry->name,
                           .span = entry->span,
                           .decl = entry->item,
                           .value = value,
                           .slot = -1,
                           .array = -1 };
    if (!item_fits(body->ck, entry->item, "its value", value.dim)) return false;
    if (value.kind == NL_KIND_NUMBER || value.kind == NL_KIND_BOOL)
        entry->node = nl_value_node(rs, value, symbol, expr->span);
    entry->symbol = symbol;
    show_symbol(body, entry);
    return true;
}

static bool resolve_let(nl_body *body, nl_entry *entry)
{
    const nl_ast *expr = nl_ast_kid(entry->item, 1);
    nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_LET);
    nl_dim dim;

    if (entry->is_column) rs.place = NL_IN_PARAM;
    else if (nl_is_static(&rs, expr)) return resolve_static_let(body, entry, &rs, expr);
    entry->node = nl_body_value(&rs, expr);
    return entry->node != 0 && item_dim(body, entry->item, entry->node, "its value", &dim);
}

static void keep_param(nl_body *body, nl_entry *entry, nl_ref value, nl_dim dim)
{
    entry->var = nl_var_add(body, NL_VAR_PARAM, entry->name, entry->span, entry->item->doc);
    nl_var *var = &body->ck->model->vars.items[entry->var];
    var->init = value;
    var->dim = dim;
    entry->node = variable_leaf(body->ck->model->graph, entry, var, value);
}

/* One value per synapse where synapses differ, else a number. */
static bool resolve_synapse_param(nl_body *body, nl_entry *entry)
{
    nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_PARAM);
    const nl_ref value = nl_body_value(&rs, nl_ast_kid(entry->item, 1));
    nl_ref low = 0, high = 0;
    nl_dim dim;

    if (value == 0 || !item_dim(body, entry->item, value, "its value", &dim)
        || !bounds_of(body, entry, dim, &low, &high) || !check_bounds(body, entry, value, low, high))
        return false;
    entry->node = value;
    if (nl_graph_node(body->ck->model->graph, value)->space == 0 && !nl_check_is_set(body->ck, body->name, entry->name))
        return true;
    keep_param(body, entry, value, dim);
    return check_ready(body, entry, value);
}

/* The variable gets its number when its value is known: after those that the value reads. */
static bool resolve_synapse_state(nl_body *body, nl_entry *entry)
{
    nl_check *ck = body->ck;
    nl_resolver rs = nl_resolver_of(body, NL_IN_STATE, entry->name);
    const nl_ref value = nl_body_value(&rs, nl_ast_kid(entry->item, 1));
    nl_ref low = 0, high = 0;
    nl_dim dim;

    if (value == 0 || !item_dim(body, entry->item, value, "its initial value", &dim)
        || !bounds_of(body, entry, dim, &low, &high) || !check_bounds(body, entry, value, low, high))
        return false;
    entry->var = nl_var_add(body, NL_VAR_STATE, entry->name, entry->span, entry->item->doc);
    nl_var *var = &ck->model->vars.items[entry->var];
    var->init = value;
    var->dim = dim;
    var->low = low;
    var->high = high;
    entry->node = variable_leaf(ck->model->graph, entry, var, value);
    set_decay(body, entry, dim);
    return check_ready(body, entry, value);
}

static bool has_var(const nl_body *body, const char *name)
{
    const nl_model *model = body->ck->model;
    const nl_projection *p = &model->projections.items[body->number];

    for (size_t k = 0; k < p->vars.count; k++)
        if (strcmp(model->vars.items[p->vars.items[k]].name, name) == 0) return true;
    return false;
}

nl_ref nl_body_hidden_param(nl_body *body, const char *name, nl_ref value, nl_span span)
{
    nl_graph *graph = body->ck->model->graph;
    const char *free = name;
    for (int k = 2; has_var(body, free); k++) free = nl_arena_printf(body->ck->arena, "%s %d", name, k);
    const uint32_t id = nl_var_add(body, NL_VAR_PARAM, free, span, NULL);
    nl_var *var = &body->ck->model->vars.items[id];

    var->init = value;
    var->dim = nl_graph_node(graph, value)->dim;
    return nl_expr_leaf(graph, NL_X_PARAM, id, var->space, var->dim);
}

typedef bool (*entry_fn)(nl_body *body, nl_entry *entry);

static bool column_is_known(nl_body *body, const nl_entry *entry)
{
    nl_resolver rs = nl_entry_resolver(body, entry, NL_IN_PARAM);

    return !entry->is_column || nl_column_is_known(&rs, entry->item);
}

static bool resolve_entry(nl_body *body, nl_entry *entry)
{
    static const struct {
        entry_fn of_population, of_projection;
    } rows[] = {
        [NL_ENTRY_STATE] = { resolve_variable, resolve_synapse_state },
        [NL_ENTRY_PARAM] = { resolve_variable, resolve_synapse_param },
        [NL_ENTRY_INPUT] = { resolve_input, NULL }, /* the parser refuses inputs of projections */
        [NL_ENTRY_LET] = { resolve_let, resolve_let },
    };

    return column_is_known(body, entry)
           && (body->is_projection ? rows[entry->kind].of_projection : rows[entry->kind].of_population)(body, entry);
}

/* "a -> b -> a" */
static const char *circle_text(nl_body *body, const nl_entry *entry)
{
    nl_text text = nl_text_new(body->ck->arena);
    size_t k = body->open.count;

    while (k > 0 && body->open.items[k - 1] != entry) k--;
    for (k = k > 0 ? k - 1 : 0; k < body->open.count; k++)
        nl_text_addf(&text, "%s%s -> ", body->prefix, body->open.items[k]->name);
    nl_text_addf(&text, "%s%s", body->prefix, entry->name);
    return text.chars;
}

static nl_ref refuse_circle(nl_body *body, nl_entry *entry, nl_span span)
{
    if (body->shielded > 0) {
        body->circular = true;
        body->circle_unit = entry->item->has_unit ? entry->item : NULL;
        return 0;
    }
    nl_diag *diag = nl_diag_add(body->ck->diags, NL_E_CIRCLE, span, "`%s` depends on itself: %s", entry->name,
                                circle_text(body, entry));
    if (entry->kind == NL_ENTRY_LET)
        nl_diag_help(body->ck->diags, diag, "a past value breaks the circle: prev(%s, first) or delay(%s, d)",
                     entry->name, entry->name);
    return 0;
}

nl_ref nl_entry_node(nl_body *body, nl_entry *entry, nl_span span)
{
    if (entry->progress == NL_RESOLVING) return refuse_circle(body, entry, span);
    if (entry->progress != NL_WAITING) return entry->node;
    const int shielded = body->shielded;
    entry->progress = NL_RESOLVING;
    NL_PUSH(body->ck->arena, &body->open, entry);
    const bool done = resolve_entry(body, entry);
    body->open.count--;
    body->shielded = shielded;
    entry->progress = done ? NL_RESOLVED : body->circular ? NL_WAITING : NL_FAILED;
    if (!done) entry->node = 0;
    if (body->open.count == 0) nl_body_resolve_pending(body);
    return entry->node;
}

void nl_body_resolve_entries(nl_body *body)
{
    for (size_t k = 0; k < body->entries.count; k++)
        nl_entry_node(body, body->entries.items[k], body->entries.items[k]->span);
}

/* --- what stays of a body --- */

static void keep_let(nl_body *body, const nl_entry *entry)
{
    nl_model *model = body->ck->model;
    const nl_let let = { .name = entry->name,
                         .span = entry->span,
                         .node = entry->node,
                         .dim = nl_graph_node(model->graph, entry->node)->dim };

    if (body->is_projection) NL_PUSH(body->ck->arena, &model->projections.items[body->number].lets, let);
    else NL_PUSH(body->ck->arena, &model->populations.items[body->number].lets, let);
}

static void set_method(nl_body *body, const uint32_t *vars, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        nl_var *var = &body->ck->model->vars.items[vars[k]];
        var->method = body->method;
        var->method_span = body->method_span;
    }
}

void nl_body_close(nl_body *body)
{
    for (size_t k = 0; k < body->entries.count; k++) {
        const nl_entry *entry = body->entries.items[k];
        if (entry->node != 0 && entry->var == NL_NO_VAR) keep_let(body, entry);
    }
    const nl_model *model = body->ck->model;
    if (body->is_projection) {
        const nl_projection *p = &model->projections.items[body->number];
        set_method(body, p->vars.items, p->vars.count);
    } else {
        const nl_population *p = &model->populations.items[body->number];
        set_method(body, p->vars.items, p->vars.count);
    }
}
