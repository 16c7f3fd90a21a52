/* What the points of `sweep` and `trials` are. */
#include "batch.h"

#include "declare.h"

#include "base/text.h"
#include "syntax/print.h"

#include <math.h>
#include <string.h>

/* Always false. */
static bool refuse(nl_evaluator *ev, nl_span span, const char *what, const char *help)
{
    nl_diag *diag = nl_diag_add(ev->ck->diags, NL_E_BATCH, span, "%s", what);

    if (help != NULL) nl_diag_help(ev->ck->diags, diag, "%s", help);
    return false;
}

/* --- targets --- */

static nl_ast *as_set(nl_arena *arena, const nl_ast *path, const nl_ast *values)
{
    return nl_ast_new(arena, NL_AST_ASSIGN, nl_span_join(path->span, values->span), "=",
                      (nl_ast *[]){ (nl_ast *)path, (nl_ast *)values }, 2);
}

void nl_batch_targets(nl_check *ck, const nl_ast *node, void (*visit)(nl_check *ck, const nl_ast *set))
{
    const nl_ast *list = node != NULL ? nl_ast_kid(node, 0) : NULL, *rows = node != NULL ? nl_ast_kid(node, 1) : NULL;

    if (node == NULL) return;
    for (int i = 0; node->kind == NL_AST_SWEEP && list != NULL && i < list->kid_count; i++) visit(ck, list->kids[i]);
    for (int i = 0; node->kind == NL_AST_SWEEP_ROWS && list != NULL && rows != NULL && i < list->kid_count; i++)
        visit(ck, as_set(ck->arena, list->kids[i], rows));
    for (int i = 0; i < node->kid_count; i++) nl_batch_targets(ck, node->kids[i], visit);
}

static bool is_parameter(const nl_ast *node, const char *name)
{
    if (node == NULL || (node->kind != NL_AST_BLOCK && node->kind != NL_AST_IF && node->kind != NL_AST_PARAMS
                         && node->kind != NL_AST_PARAM_COLUMNS))
        return false;
    for (int i = 0; i < node->kid_count; i++)
        if (is_parameter(node->kids[i], name)
            || (node->kind != NL_AST_BLOCK && node->kids[i] != NULL && node->kids[i]->name != NULL
                && strcmp(node->kids[i]->name, name) == 0))
            return true;
    return false;
}

/* Whether the file makes a circuit of this name, which has so many characters. */
static bool is_instance(const nl_ast *node, const char *name, size_t length)
{
    const nl_ast *head = node != NULL && node->kind == NL_AST_INSTANCE ? nl_ast_kid(node, 0) : NULL;

    if (node == NULL) return false;
    while (head != NULL && head->kind != NL_AST_NAME) head = nl_ast_kid(head, 0);
    if (head != NULL) return strncmp(head->name, name, length) == 0 && head->name[length] == '\0';
    for (int i = 0; i < node->kid_count; i++)
        if (is_instance(node->kids[i], name, length)) return true;
    return false;
}

bool nl_batch_is_parameter(const nl_check *ck, const char *name)
{
    const size_t length = strcspn(name, ".(");

    return name[length] == '\0' ? is_parameter(ck->file, name) : is_instance(ck->file, name, length);
}

const char *nl_batch_name(nl_check *ck, const nl_ast *set) { return nl_print_expression(ck->arena, set->kids[0]); }

bool nl_batch_is_fixed(const nl_check *ck, const char *name)
{
    for (size_t i = 0; i < ck->fixed.count; i++)
        if (strcmp(ck->fixed.items[i], name) == 0) return true;
    return nl_setting_exists(name) && !is_parameter(ck->file, name);
}

/* --- values --- */

/* Whether a name among the values stands for itself: that of a method, and a choice on the command line. */
static bool are_words(nl_evaluator *ev, const nl_ast *set)
{
    const nl_ast *left = nl_ast_bare(set->kids[0]);
    const nl_symbol *symbol = left->kind == NL_AST_NAME ? nl_scope_find(ev->scope, left->name) : NULL;

    if (left->kind != NL_AST_NAME) return false;
    if (symbol == NULL) return strcmp(left->name, "method") == 0;
    return set->flag && symbol->kind == NL_SYM_VALUE && symbol->value.kind == NL_KIND_TEXT;
}

static nl_value words_of(nl_evaluator *ev, const nl_ast *list)
{
    nl_value *items = NL_NEW_ARRAY(ev->arena, nl_value, (size_t)list->kid_count + 1);

    for (int i = 0; i < list->kid_count; i++) {
        const nl_ast *item = nl_ast_bare(list->kids[i]);
        items[i] = item->kind == NL_AST_NAME ? nl_value_text(ev->arena, item->name) : nl_eval(ev, item);
        if (items[i].kind == NL_KIND_NONE) return items[i];
    }
    return (nl_value){ .kind = NL_KIND_LIST, .rank = 1, .shape = { (size_t)list->kid_count }, .items = items };
}

static bool check_values(nl_evaluator *ev, const nl_binding *binding)
{
    const nl_value *values = &binding->values;
    const nl_ast *written = binding->set->kids[1];

    if (values->kind == NL_KIND_NONE) return false;
    if ((values->kind != NL_KIND_NUMBER && values->kind != NL_KIND_BOOL && values->kind != NL_KIND_LIST)
        || values->rank == 0)
        return refuse(ev, written->span,
                      nl_arena_printf(ev->arena, "`%s` goes through a list of values", binding->name),
                      "for example [4, 5], arange(0, 10) or linspace(0, 1, 11)");
    return values->shape[0] != 0
        || refuse(ev, written->span, nl_arena_printf(ev->arena, "the list of values for `%s` is empty", binding->name),
                  NULL);
}

nl_value nl_batch_value(nl_evaluator *ev, const nl_binding *binding, size_t place)
{
    const nl_value *values = &binding->values;
    nl_eval_context cx = { .arena = ev->arena, .diags = ev->ck->diags, .folder = ev->ck->folder };
    const nl_index index = { .value = nl_value_number(ev->arena, (double)place, nl_dim_none),
                             .span = binding->set->kids[1]->span };

    if (values->kind == NL_KIND_LIST) return values->items[place];
    if (nl_value_known(*values)) return nl_value_index(&cx, index.span, *values, &index, 1);
    return nl_value_unknown(values->kind, values->dim, values->rank - 1, values->shape + 1);
}

/* --- axes --- */

static bool add_axis(nl_evaluator *ev, nl_batch *b, nl_span span, const char *name, size_t count)
{
    if (b->axis_count == NL_RANK) return refuse(ev, span, "this has too many axes", "sweep rows of a table instead");
    b->axes[b->axis_count++] = (nl_axis){ name, count };
    return true;
}

static bool add_binding(nl_evaluator *ev, nl_batch *b, const nl_ast *set, nl_value values, int axis)
{
    nl_binding *binding = &b->bindings[b->binding_count++];

    *binding = (nl_binding){ .set = set, .name = nl_batch_name(ev->ck, set), .values = values, .axis = axis };
    binding->fixed = nl_batch_is_fixed(ev->ck, binding->name);
    b->has_fixed = b->has_fixed || binding->fixed;
    for (const nl_binding *other = b->bindings; other < binding; other++)
        if (strcmp(other->name, binding->name) == 0)
            return refuse(ev, set->kids[0]->span, nl_arena_printf(ev->arena, "`%s` is swept twice", other->name), NULL);
    return check_values(ev, binding);
}

static bool read_grid(nl_evaluator *ev, nl_batch *b)
{
    const nl_ast *list = b->stmt->kids[0];

    b->bindings = NL_NEW_ARRAY(ev->arena, nl_binding, (size_t)list->kid_count);
    for (int i = 0; i < list->kid_count; i++) {
        const nl_ast *set = list->kids[i], *written = nl_ast_bare(set->kids[1]);
        const nl_value values = written->kind == NL_AST_ARRAY && are_words(ev, set) ? words_of(ev, written)
                                                                                    : nl_eval(ev, written);
        if (!add_binding(ev, b, set, values, i)) return false;
        if (!add_axis(ev, b, set->span, b->bindings[i].name, values.shape[0])) return false;
    }
    return true;
}

static bool read_rows(nl_evaluator *ev, nl_batch *b)
{
    const nl_ast *list = b->stmt->kids[0], *rows = b->stmt->kids[1];

    b->bindings = NL_NEW_ARRAY(ev->arena, nl_binding, (size_t)list->kid_count);
    for (int i = 0; i < list->kid_count; i++) {
        const nl_value column = nl_declare_column(ev, rows, i, list->kid_count);
        if (!add_binding(ev, b, as_set(ev->arena, list->kids[i], rows), column, 0)) return false;
    }
    return add_axis(ev, b, rows->span, "point", b->bindings[0].values.shape[0]);
}

static bool read_trials(nl_evaluator *ev, nl_batch *b, const nl_ast *count)
{
    double number;

    if (!nl_eval_number(ev, count, nl_dim_none, "the number of trials", &number)) return false;
    if (!isnan(number) && !(number >= 1 && number == floor(number) && number < 1e9))
        return refuse(ev, count->span, "the number of trials is a whole number, at least 1", NULL);
    b->trial_axis = b->axis_count;
    return add_axis(ev, b, count->span, "trial", isnan(number) ? NL_UNKNOWN_SIZE : (size_t)number);
}

static bool mentions_bindings(const nl_batch *b, const nl_ast *expr)
{
    bool any = nl_mentions(expr, "point");

    for (size_t i = 0; i < b->binding_count && !any; i++) any = nl_mentions(expr, b->bindings[i].name);
    return any;
}

/* Trials of which there are equally many at each point. */
static bool absorb_trials(nl_evaluator *ev, nl_batch *b)
{
    const nl_ast *inner = b->block->kid_count == 1 ? b->block->kids[0] : NULL;

    if (inner == NULL || inner->kind != NL_AST_TRIALS || mentions_bindings(b, inner->kids[0])) return true;
    b->block = inner->kids[1];
    return read_trials(ev, b, inner->kids[0]);
}

static bool read_axes(nl_evaluator *ev, nl_batch *b)
{
    if (b->stmt->kind == NL_AST_TRIALS) return read_trials(ev, b, b->stmt->kids[0]);
    return (b->stmt->kind == NL_AST_SWEEP ? read_grid(ev, b) : read_rows(ev, b)) && absorb_trials(ev, b);
}

bool nl_batch_read(nl_evaluator *ev, const nl_ast *stmt, nl_batch *out)
{
    *out = (nl_batch){ .stmt = stmt, .block = stmt->kids[stmt->kid_count - 1], .trial_axis = -1, .points = 1 };
    if (!read_axes(ev, out)) return false;
    for (int i = 0; i < out->axis_count; i++)
        if (out->axes[i].count == NL_UNKNOWN_SIZE) out->points = NL_UNKNOWN_SIZE;
        else if (out->points != NL_UNKNOWN_SIZE) out->points = nl_checked_mul(out->points, out->axes[i].count);
    return true;
}

size_t nl_batch_place(const nl_batch *batch, size_t point, int axis)
{
    for (int i = batch->axis_count - 1; i > axis; i--) point /= batch->axes[i].count;
    return point % batch->axes[axis].count;
}

/* --- as -D takes it --- */

static void add_value(nl_text *text, nl_value value, nl_unit_shown shown, int axis, const double **data)
{
    if (axis == value.rank) {
        nl_text_addf(text, "%.17g", nl_unit_unscale(*(*data)++, shown.unit));
        return;
    }
    nl_text_adds(text, "[");
    for (size_t i = 0; i < value.shape[axis]; i++) {
        if (i > 0) nl_text_adds(text, ", ");
        add_value(text, value, shown, axis + 1, data);
    }
    nl_text_adds(text, "]");
}

const char *nl_batch_define(nl_arena *arena, const nl_binding *binding, nl_value value)
{
    const nl_unit_shown shown = nl_unit_shown_for(arena, value.dim);
    const double *data = value.data;
    nl_text text = nl_text_new(arena);

    nl_text_addf(&text, "%s=", binding->name);
    if (value.kind == NL_KIND_TEXT) nl_text_adds(&text, value.text);
    else if (value.kind != NL_KIND_NUMBER) nl_text_adds(&text, nl_value_show(arena, value, NULL));
    else {
        add_value(&text, value, shown, 0, &data);
        if (!nl_dim_is_pure(value.dim)) nl_text_addf(&text, " %s", shown.text);
    }
    return text.chars;
}
