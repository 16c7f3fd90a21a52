/* Values that are fixed before time starts: param, let, solve, columns of tables, functions. */
#include "declare.h"

#include "lang/root.h"

#include <math.h>
#include <string.h>

nl_evaluator nl_declare_evaluator(nl_check *ck, const char *stream)
{
    return (nl_evaluator){ .ck = ck, .scope = ck->top, .arena = ck->arena, .stream = stream };
}

static nl_span name_span(const nl_ast *item) { return item->name_span.end != 0 ? item->name_span : item->span; }

/* --- units and ranges --- */

static bool fits_unit(nl_evaluator *ev, const nl_ast *decl, nl_value value, nl_span span)
{
    if (!decl->has_unit || nl_dim_equal(decl->unit.dim, value.dim)) return true;
    nl_diag_add(ev->ck->diags, NL_E_DIMENSION, span, "`%s` is declared in %s, but its value is in %s", decl->name,
                nl_dim_text(ev->arena, decl->unit.dim), nl_dim_text(ev->arena, value.dim));
    return false;
}

static bool is_choice(nl_value range, nl_value value)
{
    for (size_t i = 0; i < range.shape[0]; i++)
        if (range.items[i].kind == NL_KIND_TEXT && strcmp(range.items[i].text, value.text) == 0) return true;
    return false;
}

static bool out_of_range(nl_evaluator *ev, const nl_symbol *symbol, const char *shown, nl_value range, nl_span span)
{
    const nl_ast *in = nl_ast_kid(symbol->decl, 2);
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_RANGE, span, "`%s` is %s, which is not in %s", symbol->name, shown,
                                nl_value_show(ev->arena, range, NULL));

    if (span.begin != in->span.begin) nl_diag_also(ev->ck->diags, diag, in->span, "the range is given here");
    return false;
}

static bool in_numbers(nl_evaluator *ev, const nl_symbol *symbol, nl_value value, nl_value range, nl_span span)
{
    const size_t count = nl_value_count(value);

    for (size_t i = 0; i < count; i++) {
        if (value.data[i] >= range.data[0] && value.data[i] <= range.data[1]) continue;
        return out_of_range(ev, symbol,
                            nl_value_show(ev->arena, nl_value_number(ev->arena, value.data[i], value.dim), NULL), range,
                            span);
    }
    return true;
}

bool nl_declare_in_range(nl_evaluator *ev, const nl_symbol *symbol, nl_value value, nl_span span)
{
    const nl_ast *in = symbol->decl->kind == NL_AST_ITEM ? nl_ast_kid(symbol->decl, 2) : NULL;
    const nl_value range = in != NULL ? nl_eval(ev, in) : nl_value_none();

    if (in == NULL || !nl_value_known(value)) return true;
    if (range.kind == NL_KIND_NONE) return false;
    if (value.kind == NL_KIND_TEXT && range.kind == NL_KIND_LIST)
        return is_choice(range, value)
               || out_of_range(ev, symbol, nl_arena_printf(ev->arena, "\"%s\"", value.text), range, span);
    if (value.kind != NL_KIND_NUMBER || range.kind != NL_KIND_NUMBER || range.rank != 1 || range.shape[0] != 2
        || !nl_value_known(range)) {
        nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, in->span,
                    "a range is [low, high] for numbers and a list of texts for a text");
        return false;
    }
    if (nl_dim_equal(value.dim, range.dim)) return in_numbers(ev, symbol, value, range, span);
    nl_diag_add(ev->ck->diags, NL_E_DIMENSION, in->span, "the range of `%s` is in %s, its value in %s", symbol->name,
                nl_dim_text(ev->arena, range.dim), nl_dim_text(ev->arena, value.dim));
    return false;
}

/* --- solve --- */

typedef struct equation {
    nl_evaluator *ev;
    const nl_ast *stmt;
    nl_symbol *unknown;
} equation;

/* left - right of the equation with the unknown at its present value. */
static nl_value difference(equation *eq)
{
    const nl_ast *left = nl_ast_kid(eq->stmt, 2), *right = nl_ast_kid(eq->stmt, 3);
    const nl_value a = nl_eval(eq->ev, left), b = nl_eval(eq->ev, right);
    nl_eval_context cx = { .arena = eq->ev->arena, .diags = eq->ev->ck->diags, .folder = eq->ev->ck->folder };

    if (a.kind == NL_KIND_NONE || b.kind == NL_KIND_NONE) return nl_value_none();
    return nl_value_binary(&cx, nl_span_join(left->span, right->span), "-", a, left->span, b, right->span);
}

static double difference_at(double x, void *user)
{
    equation *eq = user;

    eq->unknown->value = nl_value_number(eq->ev->arena, x, eq->unknown->value.dim);
    const nl_value value = difference(eq);
    return value.kind == NL_KIND_NUMBER && value.rank == 0 && nl_value_known(value) ? value.data[0] : NAN;
}

static nl_value no_root(nl_evaluator *ev, const nl_ast *stmt, nl_dim dim, double low, double high)
{
    const char *from = nl_value_show(ev->arena, nl_value_number(ev->arena, low, dim), NULL);

    nl_diag_add(ev->ck->diags, NL_E_ROOT, stmt->span, "no `%s` between %s and %s solves this equation", stmt->name,
                from, nl_value_show(ev->arena, nl_value_number(ev->arena, high, dim), NULL));
    return nl_value_none();
}

/* Whether the equation holds nothing that only a run can tell. */
static bool is_computable(equation *eq, double x)
{
    eq->unknown->value = nl_value_number(eq->ev->arena, x, eq->unknown->value.dim);
    return nl_value_known(difference(eq));
}

/* The many trial values live in an arena of their own. */
static bool find_root(equation *eq, double low, double high, double *x)
{
    nl_arena *kept = eq->ev->arena;
    double residual;

    eq->ev->arena = nl_arena_new();
    const bool found = nl_root_find(difference_at, eq, low, high, true, true, x, &residual);
    nl_arena_free(eq->ev->arena);
    eq->ev->arena = kept;
    return found;
}

/* Both ends are numbers of one dimension; a run may have to tell them. */
static bool solve_bounds(nl_evaluator *ev, const nl_ast *stmt, nl_value *low, nl_value *high)
{
    *low = nl_eval(ev, stmt->kids[0]);
    *high = nl_eval(ev, stmt->kids[1]);
    if (low->kind == NL_KIND_NONE || high->kind == NL_KIND_NONE) return false;
    if (low->kind == NL_KIND_NUMBER && high->kind == NL_KIND_NUMBER && low->rank == 0 && high->rank == 0) {
        if (nl_dim_equal(low->dim, high->dim)) return true;
        nl_diag_add(ev->ck->diags, NL_E_DIMENSION, stmt->kids[1]->span, "one end is in %s, the other in %s",
                    nl_dim_text(ev->arena, low->dim), nl_dim_text(ev->arena, high->dim));
        return false;
    }
    nl_diag_add(ev->ck->diags, NL_E_VALUE_KIND, stmt->span, "the ends of the interval are numbers");
    return false;
}

static nl_value solve_value(nl_evaluator *ev, const nl_ast *stmt)
{
    nl_symbol unknown = { .kind = NL_SYM_VALUE, .name = stmt->name, .span = stmt->span, .slot = -1, .array = -1 };
    nl_symbol *symbols[1] = { &unknown };
    nl_scope inner = { .parent = ev->scope, .symbols = { symbols, 1, 1 } };
    equation eq = { ev, stmt, &unknown };
    nl_value low, high;

    if (!solve_bounds(ev, stmt, &low, &high)) return nl_value_none();
    const nl_dim dim = stmt->has_unit ? stmt->unit.dim : nl_dim_common(low.dim, high.dim);
    if (!fits_unit(ev, stmt, low, stmt->kids[0]->span)) return nl_value_none();
    unknown.value = nl_value_unknown(NL_KIND_NUMBER, dim, 0, NULL);
    nl_scope *outer = ev->scope;
    ev->scope = &inner;
    const nl_value sample = difference(&eq); /* finds all faults of the text at once */
    nl_value out = sample.kind == NL_KIND_NONE ? sample : unknown.value;
    if (sample.kind == NL_KIND_NUMBER && sample.rank != 0) {
        nl_diag_add(ev->ck->diags, NL_E_SHAPE, stmt->span, "the two sides of the equation are single numbers");
        out = nl_value_none();
    }
    if (out.kind != NL_KIND_NONE && nl_value_known(low) && nl_value_known(high) && is_computable(&eq, low.data[0])) {
        double x;
        out = find_root(&eq, low.data[0], high.data[0], &x) ? nl_value_number(ev->arena, x, dim)
                                                            : no_root(ev, stmt, dim, low.data[0], high.data[0]);
    }
    ev->scope = outer;
    return out;
}

/* --- columns of a table --- */

static int column_of(const nl_ast *stmt, const char *name)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++)
        if (strcmp(stmt->kids[i]->name, name) == 0) return i;
    return 0;
}

static nl_value wrong_columns(nl_evaluator *ev, const nl_ast *rows, int names, size_t got)
{
    nl_diag_add(ev->ck->diags, NL_E_COLUMNS, rows->span, "the rows have %zu columns, but %d names are given", got, names);
    return nl_value_none();
}

/* A table that is written out may have columns of different dimensions: its elements are taken one by one. */
static nl_value written_column(nl_evaluator *ev, const nl_ast *rows, int column, int names)
{
    nl_arg *items = NL_NEW_ARRAY(ev->arena, nl_arg, (size_t)rows->kid_count + 1);
    nl_eval_context cx = { .arena = ev->arena, .diags = ev->ck->diags, .folder = ev->ck->folder };

    for (int r = 0; r < rows->kid_count; r++) {
        const nl_ast *row = nl_ast_bare(rows->kids[r]);
        if (row->kid_count != names) return wrong_columns(ev, rows, names, (size_t)row->kid_count);
        items[r] = (nl_arg){ .value = nl_eval(ev, row->kids[column]), .span = row->kids[column]->span };
        if (items[r].value.kind == NL_KIND_NONE) return nl_value_none();
    }
    return nl_value_stack(&cx, rows->span, items, (size_t)rows->kid_count);
}

static bool is_written_table(const nl_ast *rows)
{
    for (int r = 0; r < rows->kid_count; r++)
        if (nl_ast_bare(rows->kids[r])->kind != NL_AST_ARRAY) return false;
    return rows->kind == NL_AST_ARRAY && rows->kid_count > 0;
}

nl_value nl_declare_column(nl_evaluator *ev, const nl_ast *written, int column, int names)
{
    const nl_ast *rows = nl_ast_bare(written);
    nl_eval_context cx = { .arena = ev->arena, .diags = ev->ck->diags, .folder = ev->ck->folder };

    if (is_written_table(rows)) return written_column(ev, rows, column, names);
    const nl_value table = nl_eval(ev, rows);
    if (table.kind == NL_KIND_NONE) return table;
    if (table.rank != 2 || table.shape[1] != (size_t)names)
        return wrong_columns(ev, rows, names, table.rank == 2 ? table.shape[1] : 0);
    const nl_index indices[2] = { { .is_slice = true, .span = rows->span },
                                  { .value = nl_value_number(ev->arena, column, nl_dim_none), .span = rows->span } };
    return nl_value_index(&cx, rows->span, table, indices, 2);
}

/* --- the value of a symbol --- */

nl_value nl_declare_value(nl_evaluator *ev, const nl_symbol *symbol)
{
    const nl_ast *decl = symbol->decl;

    if (decl->kind == NL_AST_SOLVE) return solve_value(ev, decl);
    if (decl->kind != NL_AST_ITEM)
        return nl_declare_column(ev, decl->kids[decl->kid_count - 1], column_of(decl, symbol->name), decl->kid_count - 1);
    const nl_value value = nl_eval(ev, nl_ast_kid(decl, 1));
    return value.kind == NL_KIND_NONE || fits_unit(ev, decl, value, decl->span) ? value : nl_value_none();
}

/* A symbol with the name of an ITEM, of a family too; its value is still to come. */
static nl_symbol *add_value(nl_check *ck, const nl_ast *item, const char *name, const nl_ast *decl)
{
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_VALUE, name, name_span(item), decl);

    if (symbol == NULL) return NULL;
    symbol->doc = item->doc;
    symbol->follows = true;
    symbol->varies = nl_varies_name(ck, name);
    if (strchr(name, '(') != NULL && nl_varies_name(ck, item->name))
        nl_diag_add(ck->diags, NL_E_NOT_YET, symbol->span,
                    "members of a family that change in the protocol are not yet supported");
    return symbol;
}

/* Bodies read tables as they are when the network is built. */
static void set_value(nl_check *ck, nl_symbol *symbol, nl_value value)
{
    if (symbol == NULL) return;
    symbol->value = value;
    if (value.kind == NL_KIND_TABLE && symbol->varies)
        nl_diag_add(ck->diags, NL_E_NOT_YET, symbol->span, "tables that change in the protocol are not yet supported");
}

static const char *item_name(nl_check *ck, const nl_ast *item)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_ast *list = nl_ast_kid(item, 0);

    if (list == NULL) return item->name;
    nl_ast *kids[9] = { nl_ast_new(ck->arena, NL_AST_NAME, item->span, item->name, NULL, 0) };
    const int count = list->kid_count < 8 ? list->kid_count : 8;
    for (int i = 0; i < count; i++) kids[i + 1] = list->kids[i];
    return nl_eval_family_name(&ev, nl_ast_new(ck->arena, NL_AST_CALL, item->span, NULL, kids, count + 1));
}

static void declare_param(nl_check *ck, const nl_ast *item, const char *name, const nl_ast *decl)
{
    nl_symbol *symbol = name != NULL ? add_value(ck, item, name, decl) : NULL;
    const char *given = name != NULL ? nl_define_use(ck, name) : NULL;
    nl_evaluator ev = nl_declare_evaluator(ck, name);

    if (symbol == NULL) return;
    symbol->is_param = true;
    const size_t mark = nl_diags_mark(ck->diags);
    nl_value value = nl_declare_value(&ev, symbol);
    if (given != NULL) {
        nl_diags_undo(ck->diags, mark); /* a value that is not used may be impossible */
        symbol->pinned = true;
        value = nl_define_value(ck, symbol, given, value);
    }
    ev.scope = ck->top;
    if (value.kind != NL_KIND_NONE && !nl_declare_in_range(&ev, symbol, value, item->span)) value = nl_value_none();
    set_value(ck, symbol, value);
}

bool nl_declare_params(nl_check *ck, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++)
        declare_param(ck, stmt->kids[i], item_name(ck, stmt->kids[i]), stmt->kids[i]);
    return true;
}

/* let E = P[0:100]: a part with a name. */
static bool declare_part(nl_check *ck, const nl_ast *item, const char *name)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const size_t errors = nl_diags_error_count(ck->diags);
    const nl_symbol *owner = nl_ast_kid(item, 1) != NULL ? nl_eval_owner(&ev, item->kids[1]) : NULL;

    if (owner == NULL) return nl_diags_error_count(ck->diags) > errors;
    nl_symbol *symbol = nl_scope_add(ck, ck->top, owner->kind, name, name_span(item), item);
    if (symbol == NULL) return true;
    symbol->id = owner->id;
    symbol->part = owner->part;
    return true;
}

static void declare_let(nl_check *ck, const nl_ast *item)
{
    const char *name = item_name(ck, item);
    nl_evaluator ev = nl_declare_evaluator(ck, name);

    if (name == NULL || declare_part(ck, item, name)) return;
    const nl_value value = nl_declare_value(&ev,
                                            &(nl_symbol){ .name = name, .decl = item }); /* does not see its own name */
    set_value(ck, add_value(ck, item, name, item), value);
}

bool nl_declare_lets(nl_check *ck, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) declare_let(ck, stmt->kids[i]);
    return true;
}

bool nl_declare_columns(nl_check *ck, const nl_ast *stmt)
{
    for (int i = 0; i + 1 < stmt->kid_count; i++) {
        const nl_ast *name = stmt->kids[i];

        if (stmt->kind == NL_AST_PARAM_COLUMNS) {
            declare_param(ck, name, name->name, stmt);
            continue;
        }
        nl_evaluator ev = nl_declare_evaluator(ck, name->name);
        const nl_value value = nl_declare_value(&ev, &(nl_symbol){ .name = name->name, .decl = stmt });
        set_value(ck, add_value(ck, name, name->name, stmt), value);
    }
    return true;
}

bool nl_declare_solve(nl_check *ck, const nl_ast *stmt)
{
    nl_evaluator ev = nl_declare_evaluator(ck, stmt->name);
    const nl_value value = nl_declare_value(&ev, &(nl_symbol){ .name = stmt->name, .decl = stmt });

    set_value(ck, add_value(ck, stmt, stmt->name, stmt), value);
    return true;
}

/* --- functions --- */

static void check_function_names(nl_check *ck, nl_scope *scope, const nl_ast *node);

/* Arguments and lets of a function stand for numbers of any dimension while its names are looked up. */
static void add_local(nl_check *ck, nl_scope *scope, const nl_ast *decl)
{
    nl_scope_add(ck, scope, NL_SYM_VALUE, decl->name, decl->span, decl);
}

static void check_kids(nl_check *ck, nl_scope *scope, const nl_ast *node)
{
    for (int i = 0; i < node->kid_count; i++)
        if (node->kids[i] != NULL) check_function_names(ck, scope, node->kids[i]);
}

/* What one branch declares may be used behind the `if`. */
static void check_branch_names(nl_check *ck, nl_scope *scope, const nl_ast *branch)
{
    nl_scope *inner = nl_scope_new(ck->arena, scope);

    check_function_names(ck, inner, branch);
    for (size_t i = 0; i < inner->symbols.count; i++)
        if (nl_scope_find_here(scope, inner->symbols.items[i]->name) == NULL)
            NL_PUSH(ck->arena, &scope->symbols, inner->symbols.items[i]);
}

static void check_function_names(nl_check *ck, nl_scope *scope, const nl_ast *node)
{
    if (node->kind == NL_AST_LETS) {
        for (int i = 0; i < node->kid_count; i++) {
            check_kids(ck, scope, node->kids[i]);
            add_local(ck, scope, node->kids[i]);
        }
    } else if (node->kind == NL_AST_IF) {
        check_function_names(ck, scope, node->kids[0]);
        for (int i = 1; i < node->kid_count; i++)
            if (node->kids[i] != NULL) check_branch_names(ck, scope, node->kids[i]);
    } else if (node->kind == NL_AST_NAME || node->kind == NL_AST_CALL) {
        nl_evaluator ev = nl_declare_evaluator(ck, NULL);
        ev.scope = scope;
        nl_eval_check_names(&ev, node);
    } else {
        check_kids(ck, scope, node);
    }
}

/* Names that have a meaning where the function may be called. */
static const char *const implicit[] = { "i", "N", "row", "col", "N_pre", "N_post", "pre", "post", "xi", "spiked" };

static nl_scope *function_scope(nl_check *ck, const nl_ast *params)
{
    nl_scope *outer = nl_scope_new(ck->arena, ck->top), *inner = nl_scope_new(ck->arena, outer);

    for (size_t i = 0; i < NL_LEN(implicit); i++)
        nl_scope_add(ck, outer, NL_SYM_VALUE, implicit[i], (nl_span){ 0, 0 }, NULL);
    for (int i = 0; i < params->kid_count; i++) add_local(ck, inner, params->kids[i]);
    return inner;
}

static bool takes_values(nl_check *ck, const nl_ast *params)
{
    for (int i = 0; i < params->kid_count; i++) {
        if (!nl_ast_is_name_param(params->kids[i])) continue;
        nl_diag_add(ck->diags, NL_E_TEMPLATE, params->kids[i]->span,
                    "a function takes values; names of variables are given to a neuron, synapse or connector");
        return false;
    }
    return true;
}

bool nl_declare_function(nl_check *ck, const nl_ast *stmt)
{
    const nl_ast *params = nl_ast_kid(stmt, 0), *body = nl_ast_kid(stmt, 1);
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_FUNCTION, stmt->name, name_span(stmt), stmt);

    if (symbol == NULL || params == NULL || body == NULL || !takes_values(ck, params)) return false;
    check_function_names(ck, function_scope(ck, params), body);
    return true;
}

/* --- what follows from what --- */

static bool is_made_of(const nl_symbol *symbol, const char *name)
{
    return nl_mentions(symbol->decl, name) && strcmp(symbol->name, name) != 0;
}

static void find_dependents(nl_check *ck, nl_symbol *changed)
{
    NL_LIST(nl_symbol *) found = { 0 };

    for (size_t i = 0; i < ck->top->symbols.count; i++) {
        nl_symbol *symbol = ck->top->symbols.items[i];
        if (symbol->decl == NULL || (symbol->kind != NL_SYM_FUNCTION && !symbol->follows)) continue;
        bool touched = is_made_of(symbol, changed->name);

        for (size_t k = 0; k < found.count && !touched; k++) touched = is_made_of(symbol, found.items[k]->name);
        if (touched) NL_PUSH(ck->arena, &found, symbol);
    }
    changed->dependents = found.items;
    changed->dependent_count = found.count;
    changed->has_dependents = true;
}

void nl_declare_dependents(nl_check *ck, nl_symbol *changed, void (*change)(void *user, nl_symbol *symbol), void *user)
{
    if (!changed->has_dependents) find_dependents(ck, changed);
    for (size_t i = 0; i < changed->dependent_count; i++)
        if (changed->dependents[i]->follows && !changed->dependents[i]->pinned) change(user, changed->dependents[i]);
}
