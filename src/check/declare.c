/* Values that are fixed before time starts: param, let, solve, columns of tables, functions. */
#include "declare.h"

#include "lang/root.h"

#include <math.h>
#include <string.h>

nl_evaluator nl_declare_evaluator(nl_check *ck, const char *stream)
{
    return (nl_evaluator){ .ck = ck, .scope = ck->top, .arena = ck->arena, .stream = stream };
}

static nl_eval_context context_of(const nl_evaluator *ev)
{
    return (nl_eval_context){ .arena = ev->arena, .diags = ev->ck->diags, .folder = nl_scope_folder(ev->scope) };
}

static nl_span name_span(const nl_ast *item) { return item->name_span.end != 0 ? item->name_span : item->span; }

/* --- units and ranges --- */

/* Of a value with a declaration of its own `unit` is the one that is stated; else also that of its default. */
static bool fits(nl_evaluator *ev, const nl_ast *decl, const nl_unit *unit, nl_value value, nl_span span)
{
    if (unit == NULL || nl_dim_equal(unit->dim, value.dim)) return true;
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_DIMENSION, span, "`%s` is declared in %s, but its value is in %s",
                                decl->name, nl_dim_text(ev->arena, unit->dim), nl_dim_text(ev->arena, value.dim));
    const bool is_apart = span.begin < decl->span.begin || span.end > decl->span.end;
    if (is_apart) nl_diag_also(ev->ck->diags, diag, name_span(decl), "it is declared here");
    return false;
}

static bool fits_unit(nl_evaluator *ev, const nl_ast *decl, nl_value value, nl_span span)
{
    return fits(ev, decl, decl->has_unit ? &decl->unit : NULL, value, span);
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
    nl_evaluator at_home = *ev;

    at_home.scope = symbol->home;
    const nl_value range = in != NULL ? nl_eval(&at_home, in) : nl_value_none();

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
    nl_eval_context cx = context_of(eq->ev);

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
    nl_diag_add(ev->ck->diags, NL_E_COLUMNS, rows->span, "the rows have %zu columns, but %d names are given", got,
                names);
    return nl_value_none();
}

/* A table that is written out may have columns of different dimensions: its elements are taken one by one. */
static nl_value written_column(nl_evaluator *ev, const nl_ast *rows, int column, int names)
{
    nl_arg *items = NL_NEW_ARRAY(ev->arena, nl_arg, (size_t)rows->kid_count + 1);
    nl_eval_context cx = context_of(ev);

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
    nl_eval_context cx = context_of(ev);

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

static nl_value own_value(nl_evaluator *ev, const nl_symbol *symbol)
{
    const nl_ast *decl = symbol->decl;

    if (decl->kind == NL_AST_SOLVE) return solve_value(ev, decl);
    if (decl->kind != NL_AST_ITEM)
        return nl_declare_column(ev, decl->kids[decl->kid_count - 1],
                                 column_of(decl, nl_scope_own_name(ev->scope, symbol)), decl->kid_count - 1);
    const nl_value value = nl_eval(ev, nl_ast_kid(decl, 1));
    return value.kind == NL_KIND_NONE || fits_unit(ev, decl, value, decl->span) ? value : nl_value_none();
}

static nl_value given_value(nl_evaluator *ev, const nl_symbol *symbol)
{
    nl_evaluator giver = *ev;

    giver.scope = symbol->giver;
    const nl_value value = nl_eval(&giver, symbol->given);
    if (giver.varying != NULL) ev->varying = giver.varying;
    const bool is_item = symbol->decl->kind == NL_AST_ITEM;
    const nl_unit *unit = is_item ? nl_param_unit(ev->ck, symbol->decl, nl_ast_kid(symbol->decl, 1)) : NULL;
    return value.kind == NL_KIND_NONE || fits(ev, symbol->decl, unit, value, symbol->given->span) ? value
                                                                                                  : nl_value_none();
}

nl_value nl_declare_value(nl_evaluator *ev, const nl_symbol *symbol)
{
    nl_evaluator at_home = *ev;

    if (symbol->home != NULL) at_home.scope = symbol->home;
    const nl_value value = (symbol->given != NULL ? given_value : own_value)(&at_home, symbol);
    ev->draw_count = at_home.draw_count;
    ev->varying = at_home.varying;
    return value;
}

/* A symbol with the name of an ITEM, of a family too; its value is still to come. */
static nl_symbol *add_value(nl_check *ck, const nl_ast *item, const char *name, const nl_ast *decl)
{
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_VALUE, name, name_span(item), decl);

    if (symbol == NULL) return NULL;
    symbol->doc = item->doc;
    symbol->follows = true;
    NL_PUSH(ck->arena, &ck->declared, symbol);
    return symbol;
}

/* It changes during the protocol where that sets it, or what it is made of.  Bodies read tables as they are when the
 * network is built. */
static void set_value(nl_check *ck, nl_symbol *symbol, nl_value value, bool is_made_of_varying)
{
    if (symbol == NULL) return;
    symbol->value = value;
    symbol->varies = is_made_of_varying || nl_check_sets_value(ck, symbol->name);
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

    if (symbol == NULL) return;
    const char *defined = nl_define_use(ck, symbol->name);
    nl_evaluator ev = nl_declare_evaluator(ck, symbol->stream);
    symbol->is_param = true;
    nl_circuit_give(ck, symbol, name);
    const size_t mark = nl_diags_mark(ck->diags);
    nl_value value = nl_declare_value(&ev, symbol);
    if (defined != NULL) {
        nl_diags_undo(ck->diags, mark); /* a value that is not used may be impossible */
        symbol->pinned = true;
        value = nl_define_value(ck, symbol, defined, value);
    }
    const bool is_made_of_varying = !symbol->pinned && ev.varying != NULL;
    const nl_span span = symbol->given != NULL ? symbol->given->span : item->span;
    if (value.kind != NL_KIND_NONE && !nl_declare_in_range(&ev, symbol, value, span)) value = nl_value_none();
    set_value(ck, symbol, value, is_made_of_varying);
}

void nl_declare_param(nl_check *ck, const nl_ast *item) { declare_param(ck, item, item_name(ck, item), item); }

bool nl_declare_params(nl_check *ck, const nl_ast *stmt)
{
    for (int i = 0; i < stmt->kid_count; i++) nl_declare_param(ck, stmt->kids[i]);
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

/* A value that is never given: its text does not see its own name. */
static void declare_computed(nl_check *ck, const nl_ast *item, const char *name, const nl_ast *decl)
{
    nl_evaluator ev = nl_declare_evaluator(ck, nl_scope_stream(ck, ck->top, name));
    const nl_value value =
        nl_declare_value(&ev, &(nl_symbol){ .name = nl_scope_full_name(ck, ck->top, name), .decl = decl });

    set_value(ck, add_value(ck, item, name, decl), value, ev.varying != NULL);
}

static void declare_let(nl_check *ck, const nl_ast *item)
{
    const char *name = item_name(ck, item);

    if (name != NULL && !declare_part(ck, item, name)) declare_computed(ck, item, name, item);
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

        (stmt->kind == NL_AST_PARAM_COLUMNS ? declare_param : declare_computed)(ck, name, name->name, stmt);
    }
    return true;
}

bool nl_declare_solve(nl_check *ck, const nl_ast *stmt)
{
    declare_computed(ck, stmt, stmt->name, stmt);
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

bool nl_declare_takes_values(nl_check *ck, const nl_ast *params, const char *what)
{
    for (int i = 0; i < params->kid_count; i++) {
        if (!nl_ast_is_name_param(params->kids[i])) continue;
        nl_diag_add(ck->diags, NL_E_TEMPLATE, params->kids[i]->span,
                    "%s takes values; names of variables are given to a neuron, synapse or connector", what);
        return false;
    }
    return true;
}

bool nl_declare_function(nl_check *ck, const nl_ast *stmt)
{
    const nl_ast *params = nl_ast_kid(stmt, 0), *body = nl_ast_kid(stmt, 1);
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_FUNCTION, stmt->name, name_span(stmt), stmt);

    if (symbol == NULL || params == NULL || body == NULL) return false;
    if (!nl_declare_takes_values(ck, params, "a function")) return false;
    NL_PUSH(ck->arena, &ck->declared, symbol);
    check_function_names(ck, function_scope(ck, params), body);
    return true;
}
