/* simulation { dt = 0.1 ms; method = rk4 }: one function for each setting, found in a table. */
#include "declare.h"
#include "use.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* Always false. */
static bool wrong(nl_check *ck, const nl_ast *expr, const char *what)
{
    nl_diag_add(ck->diags, NL_E_SETTING, expr->span, "%s", what);
    return false;
}

static bool number_of(nl_check *ck, const nl_ast *expr, const char *what, nl_value *value)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);

    *value = nl_eval(&ev, expr);
    if (value->kind == NL_KIND_NONE) return false;
    if (ev.varying != NULL) {
        nl_diag_add(ck->diags, NL_E_FIXED, expr->span,
                    "`%s` is a setting of the whole simulation, but `%s` changes in the protocol", what,
                    ev.varying->name);
        return false;
    }
    if (value->kind == NL_KIND_NUMBER && value->rank == 0) return true;
    return wrong(ck, expr, nl_arena_printf(ck->arena, "`%s` is a number", what));
}

static bool set_dt(nl_check *ck, const nl_ast *expr)
{
    static const nl_dim time = { .half = { [NL_TIME] = 2 } };
    nl_value value;

    if (!number_of(ck, expr, "dt", &value)) return false;
    if (!nl_dim_is_pure(value.dim) && !nl_dim_equal(value.dim, time)) {
        nl_diag_add(ck->diags, NL_E_DIMENSION, expr->span, "`dt` is a time, not in %s",
                    nl_dim_text(ck->arena, value.dim));
        return false;
    }
    if (!(value.data[0] > 0 && isfinite(value.data[0]))) return wrong(ck, expr, "`dt` is a positive time");
    ck->model->dt = value.data[0];
    ck->model->dimensional = !nl_dim_is_pure(value.dim);
    ck->dt_span = expr->span;
    return true;
}

static bool set_start(nl_check *ck, const nl_ast *expr)
{
    nl_value value;

    if (!number_of(ck, expr, "start", &value)) return false;
    if (ck->model->dt > 0 && !nl_dim_equal(value.dim, nl_check_time_dim(ck))) {
        nl_diag_add(ck->diags, NL_E_DIMENSION, expr->span, "`start` is in %s, like `dt`",
                    nl_dim_text(ck->arena, nl_check_time_dim(ck)));
        return false;
    }
    ck->model->start = value.data[0];
    return isfinite(value.data[0]) || wrong(ck, expr, "`start` is a finite time");
}

static bool set_seed(nl_check *ck, const nl_ast *expr)
{
    nl_value value;

    if (!number_of(ck, expr, "seed", &value)) return false;
    const double seed = value.data[0];
    if (!(seed >= 0 && seed == floor(seed) && seed <= 9007199254740992.0))
        return wrong(ck, expr, "`seed` is a whole number, not negative");
    if (!ck->has_seed) ck->model->seed = (uint64_t)seed;
    ck->seed_known = true;
    return true;
}

static bool set_tolerance(nl_check *ck, const nl_ast *expr, const char *what, double *out)
{
    nl_value value;

    if (!number_of(ck, expr, what, &value)) return false;
    if (!nl_dim_is_pure(value.dim) || !(value.data[0] > 0 && isfinite(value.data[0])))
        return wrong(ck, expr, "a tolerance is a positive number");
    *out = value.data[0];
    return true;
}

static bool set_rtol(nl_check *ck, const nl_ast *expr) { return set_tolerance(ck, expr, "rtol", &ck->model->rtol); }
static bool set_atol(nl_check *ck, const nl_ast *expr) { return set_tolerance(ck, expr, "atol", &ck->model->atol); }

/* A method is a declared name; it may be chosen by a condition. */
static bool set_method(nl_check *ck, const nl_ast *expr)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    nl_value condition;

    expr = nl_ast_bare(expr);
    if (expr->kind == NL_AST_IF_EXPR) {
        if (!nl_eval_condition(&ev, expr->kids[0], &condition)) return false;
        return set_method(ck, expr->kids[condition.data[0] != 0 ? 1 : 2]);
    }
    if (expr->kind != NL_AST_NAME) {
        nl_diag *diag = nl_diag_add(ck->diags, NL_E_SETTING, expr->span, "`method` is the name of a method");
        nl_diag_help(ck->diags, diag, "for example: method = rk4");
        return false;
    }
    nl_symbol *symbol = nl_scope_find(ck->top, expr->name);
    if (symbol != NULL) symbol->used = true;
    else (void)nl_library_find(ck, NL_SYM_METHOD, expr->name);
    ck->model->method = expr->name;
    ck->model->method_span = expr->span;
    return true;
}

static bool set_precision(nl_check *ck, const nl_ast *expr)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_value value = nl_eval(&ev, expr);

    if (value.kind == NL_KIND_NONE) return false;
    if (value.kind == NL_KIND_TEXT && strcmp(value.text, "double") == 0) return true;
    ck->model->single = value.kind == NL_KIND_TEXT && strcmp(value.text, "single") == 0;
    if (!ck->model->single) wrong(ck, expr, "`precision` is \"double\" or \"single\"");
    return ck->model->single;
}

static const struct setting {
    const char *name;
    bool (*set)(nl_check *ck, const nl_ast *expr);
} settings[] = {
    { "dt", set_dt }, { "method", set_method }, { "seed", set_seed }, { "start", set_start },
    { "rtol", set_rtol }, { "atol", set_atol }, { "precision", set_precision },
};

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < NL_LEN(settings); i++)
        if (strcmp(settings[i].name, name) == 0) return &settings[i];
    return NULL;
}

bool nl_setting_exists(const char *name) { return find_setting(name) != NULL; }

bool nl_setting_accepts(const nl_check *ck, const char *name, const char *text, const char **why)
{
    nl_model model = *ck->model;
    nl_check trial = *ck;
    const size_t mark = nl_diags_mark(ck->diags);

    trial.model = &model;
    const nl_ast *expr = nl_define_parse(&trial, name, text);
    const bool good = expr != NULL && find_setting(name)->set(&trial, expr);
    *why = nl_diags_count(ck->diags) > mark ? nl_diags_get(ck->diags, mark)->text : "";
    nl_diags_undo(ck->diags, mark);
    return good;
}

static bool unknown_setting(nl_check *ck, const nl_ast *left)
{
    const char *names[NL_LEN(settings)];
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_SETTING, left->span, "`%s` is no setting of a simulation", left->name);

    for (size_t i = 0; i < NL_LEN(settings); i++) names[i] = settings[i].name;
    const char *close = nl_suggest(left->name, names, NL_LEN(settings));
    if (close != NULL) nl_diag_help(ck->diags, diag, "did you mean `%s`?", close);
    return false;
}

static bool read_setting(nl_check *ck, const nl_ast *stmt)
{
    const nl_ast *left = nl_ast_bare(nl_ast_kid(stmt, 0));

    if (stmt->kind != NL_AST_ASSIGN || left == NULL || left->kind != NL_AST_NAME || strcmp(stmt->name, "=") != 0)
        return wrong(ck, stmt, "a setting is written name = value");
    const struct setting *setting = find_setting(left->name);
    if (setting == NULL) return unknown_setting(ck, left);
    if (nl_define_find(ck, left->name) != NULL && nl_scope_find_here(ck->whole, left->name) == NULL) return true;
    return nl_ast_kid(stmt, 1) != NULL && setting->set(ck, stmt->kids[1]);
}

static bool read_block(nl_check *ck, const nl_ast *block)
{
    bool good = true;

    for (int i = 0; block != NULL && i < block->kid_count; i++) {
        const nl_ast *stmt = block->kids[i];
        nl_evaluator ev = nl_declare_evaluator(ck, NULL);
        nl_value condition;

        if (stmt->kind != NL_AST_IF) good = read_setting(ck, stmt) && good;
        else if (!nl_eval_condition(&ev, stmt->kids[0], &condition)) good = false;
        else {
            const nl_ast *branch = nl_ast_kid(stmt, condition.data[0] != 0 ? 1 : 2);
            const nl_ast *chain[1] = { branch };
            const nl_ast single = { .kind = NL_AST_BLOCK, .kid_count = 1, .kids = (nl_ast **)chain };
            good = read_block(ck, branch != NULL && branch->kind == NL_AST_IF ? &single : branch) && good;
        }
    }
    return good;
}

/* -D dt=..: before the block, whose other settings may read dt. */
static bool read_defines(nl_check *ck)
{
    bool good = true;

    for (size_t i = 0; i < NL_LEN(settings); i++) {
        /* unless the file has a parameter of this name */
        if (nl_scope_find_here(ck->whole, settings[i].name) != NULL) continue;
        const char *text = nl_define_use(ck, settings[i].name);
        const nl_ast *expr = text != NULL ? nl_define_parse(ck, settings[i].name, text) : NULL;
        if (text != NULL) good = expr != NULL && settings[i].set(ck, expr) && good;
    }
    return good;
}

const nl_ast *nl_settings_quantity(const nl_ast *node)
{
    if (node == NULL) return NULL;
    if ((node->kind == NL_AST_NUMBER || node->kind == NL_AST_SCALED || node->has_unit)
        && !nl_dim_is_pure(node->unit.dim))
        return node;
    for (int i = 0; i < node->kid_count; i++) {
        const nl_ast *found = nl_settings_quantity(node->kids[i]);
        if (found != NULL) return found;
    }
    return NULL;
}

bool nl_settings_suit(nl_check *ck, const nl_ast *text)
{
    const nl_ast *quantity = nl_settings_quantity(text);

    if (ck->model->dimensional || quantity == NULL) return true;
    nl_diag *diag = nl_diag_add(ck->diags, NL_E_MIXED, quantity->span, "this is in %s, but `dt` is a bare number",
                                nl_dim_text(ck->arena, quantity->unit.dim));
    nl_diag_also(ck->diags, diag, ck->dt_span, "`dt` is set here");
    nl_diag_help(ck->diags, diag, "give `dt` a unit, for example dt = 0.1 ms, or leave out all units");
    return false;
}

/* Whatever is being read: settings see the names of the file. */
bool nl_check_need_simulation(nl_check *ck)
{
    nl_scope *reading = ck->top;

    if (ck->simulation_stage > 0) return true;
    ck->simulation_stage = 1;
    ck->top = ck->whole;
    bool good = read_defines(ck);
    if (ck->simulation != NULL) good = read_block(ck, nl_ast_kid(ck->simulation, 0)) && good;
    ck->top = reading;
    ck->simulation_stage = 2;
    ck->seed_known = true;
    return nl_settings_suit(ck, ck->file) && good;
}

static const nl_ast *seed_expr(nl_check *ck)
{
    const nl_ast *block = ck->simulation != NULL ? nl_ast_kid(ck->simulation, 0) : NULL;

    for (int i = 0; block != NULL && i < block->kid_count; i++) {
        const nl_ast *stmt = block->kids[i], *left = nl_ast_kid(stmt, 0);
        if (stmt->kind == NL_AST_ASSIGN && left != NULL && left->name != NULL && strcmp(left->name, "seed") == 0)
            return nl_ast_kid(stmt, 1);
    }
    return NULL;
}

void nl_settings_seed(nl_check *ck)
{
    if (ck->seed_known) return;
    const size_t mark = nl_diags_mark(ck->diags);
    const char *text = nl_scope_find_here(ck->whole, "seed") == NULL ? nl_define_find(ck, "seed") : NULL;
    const nl_ast *expr = text != NULL ? nl_define_parse(ck, "seed", text) : seed_expr(ck);
    nl_scope *reading = ck->top;

    ck->top = ck->whole;
    if (expr == NULL || !set_seed(ck, expr)) nl_diags_undo(ck->diags, mark);
    ck->top = reading;
}

/* Declarations above `simulation` are checked before dt is known; a file with a quantity cannot go without
 * dimensions. */
void nl_settings_guess_dimensional(nl_check *ck)
{
    ck->model->dimensional = nl_settings_quantity(ck->file) != NULL;
}

nl_dim nl_check_time_dim(const nl_check *ck)
{
    return ck->model->dimensional ? (nl_dim){ .half = { [NL_TIME] = 2 } } : nl_dim_none;
}
