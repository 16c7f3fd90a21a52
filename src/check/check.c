/* The driver: walks a file from top to bottom, turns declarations into symbols and bodies, and gathers the protocol. */
#include "batch.h"
#include "declare.h"

#include "plan.h"
#include "use.h"

#include "base/text.h"

#include <string.h>

/* --- what a statement is --- */

typedef enum statement_role {
    ROLE_NONE,        /* nothing at top level: the parser has said so */
    ROLE_DECLARATION, /* may stand anywhere */
    ROLE_NETWORK,     /* a declaration that stands before time moves */
    ROLE_VALUE,       /* before time moves a declaration, afterwards a statement of the protocol */
    ROLE_PROTOCOL,    /* looks on: record, print .. */
    ROLE_TIMED,       /* moves time or changes a value */
    ROLE_BLOCK        /* if and for: what is in them */
} statement_role;

static bool declare_simulation(nl_check *ck, const nl_ast *stmt);
static bool declare_rule(nl_check *ck, const nl_ast *stmt);
static bool declare_population(nl_check *ck, const nl_ast *stmt);
static bool declare_projection(nl_check *ck, const nl_ast *stmt);
static bool declare_top(nl_check *ck, const nl_ast *stmt);

static const struct statement_row {
    statement_role role;
    bool (*declare)(nl_check *ck, const nl_ast *stmt);
} rows[NL_AST_KIND_COUNT] = {
    [NL_AST_PARAMS] = { ROLE_NETWORK, nl_declare_params },
    [NL_AST_PARAM_COLUMNS] = { ROLE_NETWORK, nl_declare_columns },
    [NL_AST_LETS] = { ROLE_VALUE, nl_declare_lets },
    [NL_AST_LET_COLUMNS] = { ROLE_VALUE, nl_declare_columns },
    [NL_AST_SOLVE] = { ROLE_VALUE, nl_declare_solve },
    [NL_AST_FUNCTION] = { ROLE_DECLARATION, nl_declare_function },
    [NL_AST_CONNECTOR] = { ROLE_DECLARATION, declare_rule },
    [NL_AST_NEURON] = { ROLE_DECLARATION, declare_rule },
    [NL_AST_SYNAPSE] = { ROLE_DECLARATION, declare_rule },
    [NL_AST_METHOD] = { ROLE_DECLARATION, nl_method_declare },
    [NL_AST_CIRCUIT] = { ROLE_DECLARATION, declare_rule },
    [NL_AST_INSTANCE] = { ROLE_NETWORK, nl_circuit_make },
    [NL_AST_SIMULATION] = { ROLE_NETWORK, declare_simulation },
    [NL_AST_POPULATION] = { ROLE_NETWORK, declare_population },
    [NL_AST_PROJECTION] = { ROLE_NETWORK, declare_projection },
    [NL_AST_STATES] = { ROLE_NETWORK, declare_top },
    [NL_AST_INPUTS] = { ROLE_NETWORK, declare_top },
    [NL_AST_ASSIGN] = { ROLE_NETWORK, declare_top },
    [NL_AST_NEXT] = { ROLE_NETWORK, declare_top },
    [NL_AST_HISTORY] = { ROLE_NETWORK, declare_top },
    [NL_AST_EVERY_STEP] = { ROLE_NETWORK, declare_top },
    [NL_AST_EVERY] = { ROLE_NETWORK, declare_top },
    [NL_AST_AT] = { ROLE_NETWORK, declare_top },
    [NL_AST_SPIKE_WHEN] = { ROLE_NETWORK, declare_top },
    [NL_AST_SPIKE_AT] = { ROLE_NETWORK, declare_top },
    [NL_AST_EVENT] = { ROLE_NETWORK, declare_top },
    [NL_AST_WHEN] = { ROLE_NETWORK, declare_top },
    [NL_AST_REFRACTORY] = { ROLE_NETWORK, declare_top },
    [NL_AST_REFRACTORY_WHILE] = { ROLE_NETWORK, declare_top },
    [NL_AST_RECORD] = { ROLE_PROTOCOL, NULL },
    [NL_AST_PRINT] = { ROLE_PROTOCOL, NULL },
    [NL_AST_EXPECT] = { ROLE_PROTOCOL, NULL },
    [NL_AST_FIGURE] = { ROLE_PROTOCOL, NULL },
    [NL_AST_PLOT] = { ROLE_PROTOCOL, NULL },
    [NL_AST_KEEP] = { ROLE_PROTOCOL, NULL },
    [NL_AST_RUN] = { ROLE_TIMED, NULL },
    [NL_AST_RUN_UNTIL] = { ROLE_TIMED, NULL },
    [NL_AST_SET] = { ROLE_TIMED, NULL },
    [NL_AST_RESET] = { ROLE_TIMED, NULL },
    [NL_AST_SNAPSHOT] = { ROLE_TIMED, NULL },
    [NL_AST_RESTORE] = { ROLE_TIMED, NULL },
    [NL_AST_COLLECT] = { ROLE_TIMED, NULL },
    [NL_AST_IF] = { ROLE_BLOCK, NULL },
    [NL_AST_FOR] = { ROLE_BLOCK, NULL },
    [NL_AST_USE] = { ROLE_DECLARATION, nl_use_declare },
    [NL_AST_SWEEP] = { ROLE_TIMED, NULL },
    [NL_AST_SWEEP_ROWS] = { ROLE_TIMED, NULL },
    [NL_AST_TRIALS] = { ROLE_TIMED, NULL },
};

/* Whether a statement of this role stands in a block, however deep. */
static bool contains(const nl_ast *node, statement_role role)
{
    if (node == NULL) return false;
    if (rows[node->kind].role == role) return true;
    if (node->kind != NL_AST_BLOCK && rows[node->kind].role != ROLE_BLOCK) return false;
    for (int i = 0; i < node->kid_count; i++)
        if (contains(node->kids[i], role)) return true;
    return false;
}

/* --- parts of a file --- */

/* Either what declares, or what looks on. */
typedef struct extract {
    nl_arena *arena;
    bool looks_on;
    bool timed; /* the protocol has begun: what follows computes results */
} extract;

static const nl_ast *extract_node(extract *x, const nl_ast *node);

static const nl_ast *extract_kids(extract *x, const nl_ast *node)
{
    nl_ast *copy = nl_ast_new(x->arena, node->kind, node->span, node->name, NULL, 0);

    copy->kids = NL_NEW_ARRAY(x->arena, nl_ast *, (size_t)node->kid_count + 1);
    copy->name_span = node->name_span;
    for (int i = 0; i < node->kid_count; i++) {
        const nl_ast *kid = node->kids[i] != NULL ? extract_node(x, node->kids[i]) : NULL;
        if (kid != NULL || node->kind != NL_AST_BLOCK) copy->kids[copy->kid_count++] = (nl_ast *)kid;
    }
    return copy;
}

static const nl_ast *extract_block(extract *x, const nl_ast *node)
{
    const bool declares = node->kind == NL_AST_IF || contains(node, ROLE_NETWORK);

    if (x->timed || !(x->looks_on ? contains(node, ROLE_PROTOCOL) : declares)) return NULL;
    return extract_kids(x, node);
}

/* NULL: it belongs to the other part.  Values belong to both until time moves. */
static const nl_ast *extract_node(extract *x, const nl_ast *node)
{
    const statement_role role = rows[node->kind].role;

    if (node->kind == NL_AST_BLOCK) return extract_kids(x, node);
    x->timed = x->timed || contains(node, ROLE_TIMED);
    switch (role) {
    case ROLE_PROTOCOL: return x->looks_on ? node : NULL;
    case ROLE_TIMED: return NULL;
    case ROLE_VALUE: return x->timed ? NULL : node;
    case ROLE_BLOCK: return extract_block(x, node);
    case ROLE_NONE: return node; /* what a block repeats over, or asks */
    default: return x->looks_on || node->kind == NL_AST_SIMULATION ? NULL : node;
    }
}

const nl_ast *nl_check_declarations(nl_check *ck, const nl_ast *file)
{
    extract x = { .arena = ck->arena };

    return extract_kids(&x, file);
}

/* --- declarations --- */

static bool declare_simulation(nl_check *ck, const nl_ast *stmt)
{
    if (stmt == ck->simulation) return nl_check_need_simulation(ck);
    if (ck->simulation == NULL) {
        nl_diag *inside = nl_diag_add(ck->diags, NL_E_ORDER, stmt->span, "`simulation` stands at top level");
        nl_diag_help(ck->diags, inside, "an `if` may stand inside of it: simulation { if c { dt = 0.1 } }");
        return false;
    }
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, stmt->span, "a file has one `simulation`");
    nl_diag_also(ck->diags, diag, ck->simulation->span, "the first is here");
    return false;
}

/* A rule is read where it is used. */
static bool declare_rule(nl_check *ck, const nl_ast *stmt)
{
    static const nl_symbol_kind kinds[NL_AST_KIND_COUNT] = {
        [NL_AST_CONNECTOR] = NL_SYM_CONNECTOR, [NL_AST_NEURON] = NL_SYM_NEURON, [NL_AST_SYNAPSE] = NL_SYM_SYNAPSE,
        [NL_AST_CIRCUIT] = NL_SYM_CIRCUIT
    };
    const nl_ast *params = nl_ast_kid(stmt, 0);

    const bool takes_values = stmt->kind == NL_AST_CIRCUIT && params != NULL;

    if (takes_values && !nl_declare_takes_values(ck, params, "a circuit")) return false;
    for (int k = 0; params != NULL && k < params->kid_count; k++)
        for (int j = 0; j < k; j++)
            if (strcmp(params->kids[j]->name, params->kids[k]->name) == 0) {
                nl_diag *diag = nl_diag_add(ck->diags, NL_E_DUPLICATE, params->kids[k]->span, "`%s` is declared twice",
                                            params->kids[k]->name);
                nl_diag_also(ck->diags, diag, params->kids[j]->span, "it is declared here");
                return false;
            }
    return nl_scope_add(ck, ck->top, kinds[stmt->kind], stmt->name,
                        stmt->name_span.end != 0 ? stmt->name_span : stmt->span, stmt)
           != NULL;
}

static bool declare_population(nl_check *ck, const nl_ast *stmt)
{
    return nl_check_need_simulation(ck) && nl_body_population(ck, stmt);
}
static bool declare_projection(nl_check *ck, const nl_ast *stmt)
{
    return nl_check_need_simulation(ck) && nl_body_projection(ck, stmt);
}
static bool declare_top(nl_check *ck, const nl_ast *stmt)
{
    return nl_check_need_simulation(ck) && nl_body_top(ck, stmt);
}

/* --- blocks before time moves --- */

static void walk(nl_check *ck, const nl_ast *stmt);

void nl_check_walk_block(nl_check *ck, const nl_ast *block)
{
    if (block != NULL && block->kind == NL_AST_IF) walk(ck, block);
    else
        for (int i = 0; block != NULL && i < block->kid_count; i++) walk(ck, block->kids[i]);
}

static void walk_if(nl_check *ck, const nl_ast *stmt)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    nl_value condition;

    if (!nl_eval_condition(&ev, stmt->kids[0], &condition)) return;
    if (ev.varying != NULL && contains(stmt, ROLE_NETWORK))
        nl_diag_add(ck->diags, NL_E_FIXED, stmt->kids[0]->span,
                    "declarations cannot depend on `%s`, which changes in the protocol", ev.varying->name);
    nl_check_walk_block(ck, nl_ast_kid(stmt, condition.data[0] != 0 ? 1 : 2));
}

/* One turn of a `for` over declarations. */
static void walk_turn(nl_check *ck, const nl_ast *stmt, double number, nl_dim dim)
{
    nl_scope *outer = ck->top;

    ck->top = nl_scope_new(ck->arena, outer);
    ck->top->is_loop = true;
    ck->top->turn =
        nl_arena_printf(ck->arena, "%s %s=%.17g", outer->turn != NULL ? outer->turn : "", stmt->name, number);
    ck->top->instance = outer->instance;
    nl_symbol *variable = nl_scope_add(ck, ck->top, NL_SYM_VALUE, stmt->name, stmt->name_span, stmt);
    variable->value = nl_value_number(ck->arena, number, dim);
    nl_check_walk_block(ck, nl_ast_kid(stmt, 1));
    ck->top = outer;
}

static void walk_for(nl_check *ck, const nl_ast *stmt)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_value range = nl_eval(&ev, stmt->kids[0]);

    if (range.kind == NL_KIND_NONE) return;
    if (range.kind != NL_KIND_NUMBER || range.rank != 1 || !nl_value_known(range) || ev.varying != NULL) {
        nl_diag_add(ck->diags, NL_E_FIXED, stmt->kids[0]->span,
                    "`for` over declarations needs a fixed list of numbers");
        return;
    }
    for (size_t i = 0; i < range.shape[0]; i++) walk_turn(ck, stmt, range.data[i], range.dim);
}

/* What declares is walked through now, what looks on is executed in its place. */
static void walk_for_parts(nl_check *ck, const nl_ast *stmt)
{
    extract declares = { .arena = ck->arena }, looks_on = { .arena = ck->arena, .looks_on = true };

    if (!contains(stmt, ROLE_PROTOCOL)) {
        walk_for(ck, stmt);
        return;
    }
    walk_for(ck, extract_kids(&declares, stmt));
    NL_PUSH(ck->arena, &ck->protocol, extract_kids(&looks_on, stmt));
}

static void walk_statement_block(nl_check *ck, const nl_ast *stmt)
{
    const bool is_timed = ck->timed || contains(stmt, ROLE_TIMED);

    if (is_timed || (stmt->kind == NL_AST_FOR && !contains(stmt, ROLE_NETWORK) && ck->top->instance == NULL)) {
        ck->timed = is_timed;
        NL_PUSH(ck->arena, &ck->protocol, stmt);
    } else if (stmt->kind == NL_AST_IF) walk_if(ck, stmt);
    else walk_for_parts(ck, stmt);
}

static void walk(nl_check *ck, const nl_ast *stmt)
{
    const struct statement_row *row = &rows[stmt->kind];

    nl_settings_seed(ck);
    switch (row->role) {
    case ROLE_NETWORK:
        if (ck->timed)
            nl_diag_add(ck->diags, NL_E_ORDER, stmt->span,
                        "declarations stand before the first statement that moves time or sets a value");
        else if (!row->declare(ck, stmt)) ck->network_failed = true;
        break;
    case ROLE_VALUE:
        if (ck->timed) NL_PUSH(ck->arena, &ck->protocol, stmt);
        else row->declare(ck, stmt);
        break;
    case ROLE_DECLARATION: row->declare(ck, stmt); break;
    case ROLE_TIMED: ck->timed = true; /* fall through */
    case ROLE_PROTOCOL: NL_PUSH(ck->arena, &ck->protocol, stmt); break;
    case ROLE_BLOCK: walk_statement_block(ck, stmt); break;
    default: break;
    }
}

/* --- files of rules --- */

void nl_check_declare_rules(nl_check *ck, const nl_ast *file)
{
    bool is_experiment = false;

    for (int i = 0; i < file->kid_count; i++) {
        const struct statement_row *row = &rows[file->kids[i]->kind];

        if (row->role != ROLE_DECLARATION && row->role != ROLE_VALUE) is_experiment = true;
        else if (row->role == ROLE_DECLARATION || !is_experiment) row->declare(ck, file->kids[i]);
    }
}

bool nl_check_holds_network(const nl_ast *file) { return contains(file, ROLE_NETWORK); }

static void make_scopes(nl_check *ck, const nl_parsed *parsed)
{
    ck->prelude = nl_scope_new(ck->arena, NULL);
    ck->prelude->shipped = ck;
    ck->top = ck->whole = nl_scope_new(ck->arena, ck->prelude);
    ck->whole->text = parsed->file;
    ck->whole->folder = ck->folder;
    nl_use_begin(ck, parsed);
}

/* --- the whole --- */

static const nl_ast *find_simulation(const nl_ast *file)
{
    for (int i = 0; i < file->kid_count; i++)
        if (file->kids[i]->kind == NL_AST_SIMULATION) return file->kids[i];
    return NULL;
}

static bool begin(nl_check *ck, const nl_parsed *parsed)
{
    ck->model = NL_NEW(ck->arena, nl_model);
    ck->model->arena = ck->arena;
    ck->model->graph = nl_graph_new(ck->arena);
    ck->model->seed = ck->seed;
    ck->plan = NL_NEW(ck->arena, nl_plan);
    ck->model->rtol = 1e-6;
    ck->model->atol = 1e-6;
    ck->define_used = NL_NEW_ARRAY(ck->arena, bool, ck->define_count + 1);
    make_scopes(ck, parsed);
    ck->file = parsed->file;
    ck->simulation = find_simulation(parsed->file);
    nl_settings_guess_dimensional(ck);
    const bool good = nl_batch_given(ck);
    nl_varies_find(ck);
    return good;
}

static bool check_once(nl_check *ck, const nl_parsed *parsed)
{
    if (!begin(ck, parsed)) return false;
    nl_check_walk_block(ck, ck->file);
    nl_batch_take_protocol(ck);
    nl_check_need_simulation(ck);
    nl_define_report(ck);
    if (!ck->network_failed && nl_body_finish(ck))
        nl_protocol_check(ck); /* wrong values silence what follows from them */
    if (nl_diags_error_count(ck->diags) == 0) nl_check_warn_unused(ck);
    if (nl_diags_error_count(ck->diags) > 0) ck->model = NULL;
    return ck->model != NULL;
}

/* --- what is swept --- */

static void add_fixed(nl_check *ck, const nl_ast *set)
{
    const char *name = nl_batch_name(ck, set);

    if (nl_batch_is_parameter(ck, name) && !nl_batch_is_fixed(ck, name)) NL_PUSH(ck->arena, &ck->fixed, name);
}

/* Checks the file anew; messages of an attempt that failed are forgotten. */
static bool check_again(nl_check *ck, const nl_check *fresh, const nl_parsed *parsed, size_t mark,
                        const char *const *fixed, size_t fixed_count)
{
    nl_check next = *fresh;

    nl_diags_undo(ck->diags, mark);
    for (size_t i = 0; i < fixed_count; i++) NL_PUSH(ck->arena, &next.fixed, fixed[i]);
    *ck = next;
    return check_once(ck, parsed);
}

/* Which of the swept parameters stand where only fixed values may, one after the other: `fixed` are all of them. */
static bool find_fixed(nl_check *ck, const nl_check *fresh, const nl_parsed *parsed, size_t mark)
{
    const char **fixed = ck->fixed.items;
    size_t count = ck->fixed.count, kept = 0;

    while (count > 1 && kept < count) {
        const char *tried = fixed[kept];
        memmove(fixed + kept, fixed + kept + 1, (count - kept - 1) * sizeof *fixed);
        if (check_again(ck, fresh, parsed, mark, fixed, count - 1)) count--;
        else {
            memmove(fixed + kept + 1, fixed + kept, (count - kept - 1) * sizeof *fixed);
            fixed[kept++] = tried;
        }
    }
    return check_again(ck, fresh, parsed, mark, fixed, count);
}

/* A swept parameter is one that `set` could change; where the file does not allow that, its values have networks of
 * their own. */
bool nl_check_file(nl_check *ck, const nl_parsed *parsed)
{
    const nl_check fresh = *ck;
    const size_t mark = nl_diags_mark(ck->diags);

    if (check_once(ck, parsed)) return true;
    nl_check all = *ck;
    nl_batch_targets(&all, parsed->file, add_fixed);
    nl_batch_targets(&all, all.batch, add_fixed);
    if (all.fixed.count == fresh.fixed.count) return false;
    return check_again(ck, &fresh, parsed, mark, all.fixed.items, all.fixed.count)
        && find_fixed(ck, &fresh, parsed, mark);
}
