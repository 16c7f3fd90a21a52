/* Connection rules: the rows of rules.def and connectors made of them. */
#include "body.h"

#include "use.h"

#include <math.h>
#include <string.h>

typedef bool (*rule_fn)(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule);

enum { MAX_ARGS = 2 };

typedef struct rule_row {
    nl_rule_kind kind;
    const char *name;
    rule_fn resolve;
    int needed;
    const char *arguments;
} rule_row;

static nl_projection *projection_of(nl_resolver *rs) { return &rs->ck->model->projections.items[rs->body->number]; }

static bool refuse(nl_resolver *rs, nl_code code, nl_span span, const char *sentence)
{
    nl_diag_add(rs->ck->diags, code, span, "%s", sentence);
    return false;
}

/* --- values --- */

/* A value that is fixed before the network is built. */
static bool fixed_value(nl_resolver *rs, const nl_ast *e, nl_value *out)
{
    const size_t errors = nl_diags_error_count(rs->ck->diags);

    if (!nl_is_static(rs, e)) {
        nl_resolve(rs, e);
        if (nl_diags_error_count(rs->ck->diags) > errors) return false;
        return refuse(rs, NL_E_BODY_RULE, e->span,
                      "connections are made once, so this must be known before time starts and stay");
    }
    *out = nl_static_value(rs, e);
    return out->kind != NL_KIND_NONE;
}

static bool numbers(nl_resolver *rs, const nl_ast *e, int rank, const char *what, nl_value *out)
{
    if (!fixed_value(rs, e, out)) return false;
    if (out->kind == NL_KIND_NUMBER && out->rank == rank) return true;
    return refuse(rs, NL_E_CONN_VALUES, e->span,
                  nl_arena_printf(rs->ck->arena, "%s, not %s", what,
                                  out->kind == NL_KIND_NUMBER ? nl_value_shape_text(rs->ck->arena, *out) : "this"));
}

static bool whole_numbers(nl_resolver *rs, const nl_ast *e, int rank, const char *what, nl_value *out)
{
    if (!numbers(rs, e, rank, what, out)) return false;
    for (size_t k = 0; k < nl_value_count(*out); k++)
        if (out->data[k] != floor(out->data[k]))
            return refuse(rs, NL_E_CONN_VALUES, e->span, "these must be whole numbers");
    return true;
}

static bool flag(nl_resolver *rs, const nl_ast *e, bool *out)
{
    nl_value value;

    if (e == NULL) return true;
    if (!fixed_value(rs, e, &value)) return false;
    if (value.kind != NL_KIND_BOOL || value.rank != 0)
        return refuse(rs, NL_E_VALUE_KIND, e->span, "this is true or false");
    *out = value.data[0] != 0;
    return true;
}

static bool boundary(nl_resolver *rs, const nl_ast *e, int *out)
{
    static const char *const names[] = { "wrap", "zero", "reflect" };
    nl_value value;

    *out = 0;
    if (e == NULL) return true;
    if (!fixed_value(rs, e, &value)) return false;
    for (int k = 0; k < (int)NL_LEN(names) && value.kind == NL_KIND_TEXT; k++)
        if (strcmp(value.text, names[k]) == 0) {
            *out = k;
            return true;
        }
    return refuse(rs, NL_E_BODY_RULE, e->span, "a boundary is \"wrap\", \"zero\" or \"reflect\"");
}

/* The parameter that a rule gives its synapses; its values come from the rule. */
static bool give(nl_resolver *rs, const char *name, nl_span span, nl_dim dim, uint32_t *var)
{
    nl_entry *entry = nl_entry_add(rs->body, NL_ENTRY_PARAM, name, span, NULL);

    if (entry == NULL) return false;
    *var = entry->var = nl_var_add(rs->body, NL_VAR_PARAM, name, span, NULL);
    rs->ck->model->vars.items[*var].dim = dim.any ? nl_dim_none : dim;
    entry->node = nl_expr_leaf(nl_graph_of(rs), NL_X_PARAM, *var, rs->body->space, rs->ck->model->vars.items[*var].dim);
    entry->progress = NL_RESOLVED;
    return true;
}

/* --- the rules --- */

static bool plain(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const nl_projection *p = projection_of(rs);

    (void)args;
    if (rule->kind != NL_RULE_ONE_TO_ONE || p->pre.count == p->post.count) return true;
    return refuse(rs, NL_E_CONN_SIZES, call->span,
                  nl_arena_printf(rs->ck->arena, "one_to_one needs two sides of one size, not %zu and %zu",
                                  p->pre.count, p->post.count));
}

/* A value per pair: of what pre and post are before time starts. */
static nl_ref pair_value(nl_resolver *rs, const nl_ast *e, const char *what, bool is_condition)
{
    nl_ref ref = is_condition ? nl_resolve_condition(rs, e, what) : nl_resolve(rs, e);

    if (ref == 0 || (ref = nl_conform(rs, e, ref, rs->body->space)) == 0) return 0;
    if (!nl_varies_in_time(nl_graph_of(rs), ref)) return ref;
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_BODY_RULE, e->span,
                                "connections are made once and cannot depend on what changes in time");
    nl_diag_help(rs->ck->diags, diag, "use parameters of the populations, pre.i and post.i");
    return 0;
}

static bool probability(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    (void)call;
    rule->expr = pair_value(rs, args[0], "a probability", false);
    if (rule->expr == 0) return false;
    const nl_dim dim = nl_graph_node(nl_graph_of(rs), rule->expr)->dim;
    return nl_dim_is_pure(dim)
           || refuse(rs, NL_E_DIMENSION, args[0]->span,
                     nl_arena_printf(rs->ck->arena, "a probability is a pure number, not %s",
                                     nl_dim_text(rs->ck->arena, dim)));
}

static bool condition(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    (void)call;
    rule->expr = pair_value(rs, args[0], "`where`", true);
    return rule->expr != 0;
}

static bool degree(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    (void)call;
    if (!whole_numbers(rs, args[0], 0, "a number of synapses is needed", &rule->values[0])
        || !flag(rs, args[1], &rule->multapses))
        return false;
    return rule->values[0].data[0] >= 0
           || refuse(rs, NL_E_CONN_VALUES, args[0]->span, "a number of synapses cannot be negative");
}

static int grid_rank(nl_resolver *rs, const nl_part *part)
{
    return rs->ck->model->populations.items[part->population].rank;
}

static bool same_sides(nl_resolver *rs, const nl_ast *call)
{
    const nl_projection *p = projection_of(rs);
    const nl_population *a = &rs->ck->model->populations.items[p->pre.population],
                        *b = &rs->ck->model->populations.items[p->post.population];

    if (a->rank == b->rank && p->pre.count == p->post.count
        && (a->rank == 1 || memcmp(a->shape, b->shape, sizeof a->shape) == 0))
        return true;
    return refuse(rs, NL_E_CONN_SIZES, call->span,
                  "this rule needs two sides of one form: the same line or the same grid");
}

static bool offsets(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const bool grid = grid_rank(rs, &projection_of(rs)->pre) == 2;

    if (!same_sides(rs, call) || !boundary(rs, args[1], &rule->boundary)
        || !whole_numbers(rs, args[0], grid ? 2 : 1,
                          grid ? "on a grid, offsets are a list of pairs" : "on a line, offsets are a list of numbers",
                          &rule->values[0]))
        return false;
    return !grid || rule->values[0].shape[1] == 2
           || refuse(rs, NL_E_CONN_STENCIL, args[0]->span, "on a grid, an offset is a pair (rows, columns)");
}

static bool kernel(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const int rank = grid_rank(rs, &projection_of(rs)->pre);

    if (!same_sides(rs, call) || !boundary(rs, args[1], &rule->boundary)
        || !numbers(rs, args[0], rank, rank == 2 ? "on a grid, a kernel is a matrix" : "on a line, a kernel is a list",
                    &rule->values[0]))
        return false;
    for (int k = 0; k < rank; k++)
        if (rule->values[0].shape[k] % 2 == 0)
            return refuse(rs, NL_E_CONN_STENCIL, args[0]->span,
                          "a kernel has odd extents, so that its middle lies on the neuron");
    return give(rs, "w", args[0]->span, rule->values[0].dim, &rule->weight_var);
}

static bool low_rank(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const nl_projection *p = projection_of(rs);
    nl_arena *arena = rs->ck->arena;
    nl_dim dim;

    if (!numbers(rs, args[0], 2, "a matrix is needed", &rule->values[0])
        || !numbers(rs, args[1], 2, "a matrix is needed", &rule->values[1]))
        return false;
    const nl_value *u = &rule->values[0], *v = &rule->values[1];
    if (u->shape[0] != p->post.count || v->shape[0] != p->pre.count || u->shape[1] != v->shape[1])
        return refuse(rs, NL_E_CONN_SIZES, call->span,
                      nl_arena_printf(
                          arena, "U[post, k] and V[pre, k] are %s and %s, but there are %zu post and %zu pre neurons",
                          nl_value_shape_text(arena, *u), nl_value_shape_text(arena, *v), p->post.count, p->pre.count));
    if (!nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ u->dim, v->dim }, 2, &dim)) dim = nl_dim_unknown;
    return give(rs, "w", call->span, dim, &rule->weight_var);
}

static bool weights(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const nl_projection *p = projection_of(rs);
    nl_arena *arena = rs->ck->arena;
    const nl_value *w = &rule->values[0];

    (void)call;
    if (!numbers(rs, args[0], 2, "a matrix [post, pre] is needed", &rule->values[0])
        || !flag(rs, args[1], &rule->zeros))
        return false;
    if (w->shape[0] == p->post.count && w->shape[1] == p->pre.count)
        return give(rs, "w", args[0]->span, w->dim, &rule->weight_var);
    nl_diag *diag =
        nl_diag_add(rs->ck->diags, NL_E_CONN_SIZES, args[0]->span, "the weights are %s, but [post, pre] is [%zu, %zu]",
                    nl_value_shape_text(arena, *w), p->post.count, p->pre.count);
    if (w->shape[1] == p->post.count && w->shape[0] == p->pre.count)
        nl_diag_help(rs->ck->diags, diag, "rows are post neurons; use transpose(W)");
    return false;
}

/* Neurons by number, all of them there. */
static bool neuron_ids(nl_resolver *rs, const nl_ast *e, size_t count, nl_value *out)
{
    if (!whole_numbers(rs, e, 1, "a list of neurons is needed", out)) return false;
    for (size_t k = 0; k < out->shape[0]; k++)
        if (out->data[k] < 0 || out->data[k] >= (double)count)
            return refuse(
                rs, NL_E_CONN_VALUES, e->span,
                nl_arena_printf(rs->ck->arena, "neuron %.0f is outside of 0 .. %zu", out->data[k], count - 1));
    return true;
}

static bool given_value(nl_resolver *rs, const nl_ast *arg, size_t count, nl_rule *rule)
{
    nl_given given = { .var = UINT32_MAX };

    if (!numbers(rs, arg->kids[0], 1, "one value per synapse is needed", &given.value)) return false;
    if (given.value.shape[0] != count)
        return refuse(rs, NL_E_CONN_VALUES, arg->kids[0]->span,
                      nl_arena_printf(rs->ck->arena, "%zu values for %zu synapses", given.value.shape[0], count));
    if (!give(rs, arg->name, arg->span, given.value.dim, &given.var)) return false;
    NL_PUSH(rs->ck->arena, &rule->given, given);
    return true;
}

static bool is_id_list(const char *name) { return strcmp(name, "pre_ids") == 0 || strcmp(name, "post_ids") == 0; }

static bool pairs(nl_resolver *rs, const nl_ast *call, const nl_ast *const *args, nl_rule *rule)
{
    const nl_projection *p = projection_of(rs);

    if (!neuron_ids(rs, args[0], p->pre.count, &rule->values[0])
        || !neuron_ids(rs, args[1], p->post.count, &rule->values[1]))
        return false;
    const size_t count = rule->values[0].shape[0];
    if (rule->values[1].shape[0] != count)
        return refuse(
            rs, NL_E_CONN_VALUES, call->span,
            nl_arena_printf(rs->ck->arena, "%zu pre neurons, but %zu post neurons", count, rule->values[1].shape[0]));
    for (int k = 1; k < call->kid_count; k++)
        if (call->kids[k]->kind == NL_AST_ARG && !is_id_list(call->kids[k]->name)
            && !given_value(rs, call->kids[k], count, rule))
            return false;
    return true;
}

/* --- which rule it is --- */

static const rule_row rows[] = {
#define RULE(kind, name, resolve, needed, arguments, doc) { NL_RULE_##kind, name, resolve, needed, arguments },
#include "rules.def"
};

static bool resolve_via(nl_resolver *rs, const nl_ast *e, nl_rule *rule);

/* The call without the named values of pairs(). */
static const nl_ast *fixed_arguments(nl_resolver *rs, const nl_ast *call)
{
    nl_ast **kids = NL_NEW_ARRAY(rs->ck->arena, nl_ast *, (size_t)call->kid_count + 1);
    int count = 0;

    for (int k = 0; k < call->kid_count; k++)
        if (call->kids[k]->kind != NL_AST_ARG || is_id_list(call->kids[k]->name)) kids[count++] = call->kids[k];
    return nl_ast_new(rs->ck->arena, call->kind, call->span, call->name, kids, count);
}

static bool apply_row(nl_resolver *rs, const nl_ast *call, const rule_row *row, nl_rule *rule)
{
    const nl_ast *args[MAX_ARGS], *bound = row->kind == NL_RULE_PAIRS ? fixed_arguments(rs, call) : call;
    const char *names[MAX_ARGS];
    int count = 0;

    for (const char *at = row->arguments; *at != '\0'; at += strspn(at, ", ")) {
        const size_t length = strcspn(at, ",");
        names[count++] = nl_arena_strndup(rs->ck->arena, at, length);
        at += length;
    }
    memset(args, 0, sizeof args);
    rule->kind = row->kind;
    return nl_bind_args(rs, bound, names, count, row->needed, args) && row->resolve(rs, call, args, rule);
}

static bool unknown_rule(nl_resolver *rs, const nl_ast *e, const char *name)
{
    NL_LIST(const char *) names = { 0 };
    nl_diags *diags = rs->ck->diags;

    for (size_t k = 0; k < NL_LEN(rows); k++) NL_PUSH(rs->ck->arena, &names, rows[k].name);
    for (const nl_scope *scope = rs->scope; scope != NULL; scope = scope->parent)
        for (size_t k = 0; k < scope->symbols.count; k++)
            if (scope->symbols.items[k]->kind == NL_SYM_CONNECTOR)
                NL_PUSH(rs->ck->arena, &names, nl_scope_own_name(scope, scope->symbols.items[k]));
    nl_diag *diag = nl_diag_add(diags, NL_E_BODY_RULE, e->span, "there is no connection rule `%s`", name);
    const char *close = nl_suggest(name, names.items, names.count);
    if (close == NULL) close = nl_library_suggest(rs->ck, NL_SYM_CONNECTOR, name);
    if (close != NULL) nl_diag_help(diags, diag, "did you mean `%s`?", close);
    return false;
}

static bool connector(nl_resolver *rs, const nl_ast *e, nl_symbol *symbol, nl_rule *rule)
{
    const size_t mark = nl_diags_mark(rs->ck->diags);
    nl_resolver inside;

    symbol->used = true;
    const nl_ast *value = nl_call_enter(rs, e, symbol, &inside);
    const bool done = value != NULL && resolve_via(&inside, value, rule);
    nl_diags_also_within(rs->ck->diags, mark, symbol->decl->span, e->span,
                         nl_arena_printf(rs->ck->arena, "`%s` is used here", symbol->name));
    return done;
}

/* A connector of the file; else a shipped one, NAME or connectors.NAME. */
static nl_symbol *find_connector(const nl_resolver *rs, const nl_ast *path)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    nl_symbol *symbol = nl_eval_symbol(&ev, path);

    return symbol != NULL && symbol->kind == NL_SYM_CONNECTOR ? symbol
                                                              : nl_library_named(rs->ck, NL_SYM_CONNECTOR, path);
}

static const rule_row *find_row(const char *name)
{
    for (size_t k = 0; k < NL_LEN(rows); k++)
        if (strcmp(rows[k].name, name) == 0) return &rows[k];
    return NULL;
}

static bool named_rule(nl_resolver *rs, const nl_ast *e, const nl_ast *base, nl_rule *rule)
{
    nl_symbol *symbol = find_connector(rs, base);
    const rule_row *row = base->kind == NL_AST_NAME ? find_row(base->name) : NULL;

    if (symbol != NULL) return connector(rs, e, symbol, rule);
    return row != NULL ? apply_row(rs, e, row, rule) : unknown_rule(rs, base, base->name);
}

static bool is_rule(const nl_resolver *rs, const nl_ast *name)
{
    return find_row(name->name) != NULL || find_connector(rs, name) != NULL;
}

/* Of a branch that is not taken only the names are looked at: it may load a file that is not there. */
static void check_names(nl_resolver *rs, const nl_ast *e)
{
    const nl_ast *bare = nl_ast_bare(e), *base = bare->kind == NL_AST_CALL ? nl_ast_bare(bare->kids[0]) : bare;

    if (bare->kind == NL_AST_IF_EXPR) {
        nl_check_names(rs, bare->kids[0]);
        check_names(rs, bare->kids[1]);
        check_names(rs, bare->kids[2]);
    } else if (base->kind == NL_AST_NAME && !is_rule(rs, base)) {
        unknown_rule(rs, base, base->name);
    } else {
        for (int k = 1; bare->kind == NL_AST_CALL && k < bare->kid_count; k++) nl_check_names(rs, bare->kids[k]);
    }
}

static bool chosen_rule(nl_resolver *rs, const nl_ast *e, nl_rule *rule)
{
    nl_evaluator ev = nl_evaluator_of(rs);
    nl_value value;

    if (!nl_eval_condition(&ev, e->kids[0], &value)) return false;
    if (!nl_value_known(value) || value.rank != 0)
        return refuse(rs, NL_E_BODY_RULE, e->kids[0]->span, "this condition is not known before time starts");
    check_names(rs, e->kids[value.data[0] != 0 ? 2 : 1]);
    return resolve_via(rs, e->kids[value.data[0] != 0 ? 1 : 2], rule);
}

static bool resolve_via(nl_resolver *rs, const nl_ast *e, nl_rule *rule)
{
    const nl_ast *bare = nl_ast_bare(e), *base = bare->kind == NL_AST_CALL ? nl_ast_bare(bare->kids[0]) : bare;

    if (bare->kind == NL_AST_IF_EXPR) return chosen_rule(rs, bare, rule);
    if (base->kind == NL_AST_NAME || base->kind == NL_AST_FIELD) return named_rule(rs, bare, base, rule);
    nl_diag *diag = nl_diag_add(rs->ck->diags, NL_E_BODY_RULE, e->span, "this is no connection rule");
    nl_diag_help(rs->ck->diags, diag, "for example: via all_to_all, via one_to_one, via random(p = 0.1)");
    return false;
}

void nl_rule_sizes(const nl_resolver *rs, nl_scope *scope)
{
    static const char *const names[] = { "N_pre", "N_post" };
    const nl_projection *p = &rs->ck->model->projections.items[rs->body->number];
    const size_t counts[] = { p->pre.count, p->post.count };
    nl_arena *arena = rs->ck->arena;

    for (size_t k = 0; k < NL_LEN(names); k++) {
        nl_symbol *symbol = NL_NEW(arena, nl_symbol);
        *symbol = (nl_symbol){ .kind = NL_SYM_VALUE,
                               .name = names[k],
                               .value = nl_value_number(arena, (double)counts[k], nl_dim_none),
                               .slot = -1,
                               .array = -1 };
        NL_PUSH(arena, &scope->symbols, symbol);
    }
}

/* What stands behind `via`. */
bool nl_rule_resolve(nl_body *body, const nl_ast *via)
{
    nl_resolver rs = nl_resolver_of(body, NL_IN_RULE, "");
    nl_rule rule = { .weight_var = UINT32_MAX, .span = via->span };

    rs.stream = body->name;
    rs.scope = nl_scope_new(body->ck->arena, rs.scope);
    nl_rule_sizes(&rs, rs.scope);
    const bool done = resolve_via(&rs, via, &rule);
    body->ck->model->projections.items[body->number].rule = rule;
    return done;
}
