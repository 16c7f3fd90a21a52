/* param (a, b) = TABLE in a population: one item for each name, as if its column had been written for it. */
#include "body.h"

static const nl_ast *table_of(const nl_ast *statement)
{
    return nl_ast_bare(statement->kids[statement->kid_count - 1]);
}

static bool refuse(nl_body *body, const nl_ast *table, const char *sentence)
{
    nl_diag_add(body->ck->diags, NL_E_COLUMNS, table->span, "%s", sentence);
    body->is_opaque = true;
    return false;
}

static bool has_columns(nl_body *body, const nl_ast *table, size_t got, int wanted)
{
    return got == (size_t)wanted
           || refuse(
               body, table,
               nl_arena_printf(body->ck->arena, "the rows have %zu columns, but %d names are given", got, wanted));
}

static bool has_rows(nl_body *body, const nl_ast *table, size_t got)
{
    const size_t wanted = body->ck->model->populations.items[body->number].count;

    return got == wanted
           || refuse(
               body, table,
               nl_arena_printf(body->ck->arena, "the table has %zu rows, but there are %zu elements", got, wanted));
}

/* Its columns may have different dimensions: it is never a value as a whole. */
static bool is_written(const nl_ast *table)
{
    for (int r = 0; r < table->kid_count; r++)
        if (nl_ast_bare(table->kids[r])->kind != NL_AST_ARRAY) return false;
    return table->kind == NL_AST_ARRAY && table->kid_count > 0;
}

static bool written_fits(nl_body *body, const nl_ast *table, int names)
{
    for (int r = 0; r < table->kid_count; r++)
        if (!has_columns(body, table, (size_t)nl_ast_bare(table->kids[r])->kid_count, names)) return false;
    return has_rows(body, table, (size_t)table->kid_count);
}

static bool value_fits(nl_body *body, const nl_ast *table, int names)
{
    const nl_resolver rs = nl_resolver_of(body, NL_IN_PARAM, "columns");

    if (!nl_is_static(&rs, table)) return true; /* it may be made of what stands below; a column looks again */
    const nl_value value = nl_static_value(&rs, table);
    body->is_opaque |= value.kind == NL_KIND_NONE;
    if (value.kind == NL_KIND_NONE) return false;
    if (value.rank != 2) return refuse(body, table, "columns are those of a table: rows of numbers");
    return has_columns(body, table, value.shape[1], names) && has_rows(body, table, value.shape[0]);
}

bool nl_columns_fit(nl_body *body, const nl_ast *statement)
{
    const nl_ast *table = table_of(statement);
    const int names = statement->kid_count - 1;

    return is_written(table) ? written_fits(body, table, names) : value_fits(body, table, names);
}

bool nl_column_is_known(nl_resolver *rs, const nl_ast *item)
{
    const nl_ast *value = nl_ast_kid(item, 1);
    const size_t errors = nl_diags_error_count(rs->ck->diags);

    if (value->kind != NL_AST_INDEX || nl_is_static(rs, value->kids[0])) return true;
    nl_check_names(rs, value->kids[0]);
    if (nl_diags_error_count(rs->ck->diags) == errors)
        nl_diag_add(rs->ck->diags, NL_E_FIXED, value->span,
                    "a table of columns has values that are known before time starts");
    return false;
}

static nl_ast *written_column(nl_arena *arena, const nl_ast *table, int column, bool one)
{
    nl_ast **values = NL_NEW_ARRAY(arena, nl_ast *, (size_t)table->kid_count);

    for (int r = 0; r < table->kid_count; r++) values[r] = nl_ast_bare(table->kids[r])->kids[column];
    return one ? values[0] : nl_ast_new(arena, NL_AST_ARRAY, table->span, NULL, values, table->kid_count);
}

static nl_ast *number_node(nl_arena *arena, nl_span span, int number)
{
    nl_ast *node = nl_ast_new(arena, NL_AST_NUMBER, span, nl_arena_printf(arena, "%d", number), NULL, 0);

    node->number = number;
    return node;
}

/* TABLE[:, column]; of the one row: TABLE[0, column] */
static nl_ast *value_column(nl_arena *arena, const nl_ast *table, int column, bool one)
{
    nl_ast *const none[] = { NULL, NULL, NULL };
    nl_ast *rows =
        one ? number_node(arena, table->span, 0) : nl_ast_new(arena, NL_AST_SLICE, table->span, NULL, none, 3);
    nl_ast *const kids[] = { (nl_ast *)table, rows, number_node(arena, table->span, column) };

    return nl_ast_new(arena, NL_AST_INDEX, table->span, NULL, kids, 3);
}

const nl_ast *nl_column_item(nl_body *body, const nl_ast *statement, int column)
{
    const nl_ast *name = statement->kids[column], *table = table_of(statement);
    const bool one = body->space == 0;
    nl_arena *arena = body->ck->arena;
    nl_ast *value =
        is_written(table) ? written_column(arena, table, column, one) : value_column(arena, table, column, one);
    nl_ast *const kids[] = { NULL, value, NULL, NULL };
    nl_ast *item = nl_ast_new(arena, NL_AST_ITEM, name->span, name->name, kids, 4);

    item->name_span = name->span;
    item->doc = statement->doc;
    return item;
}
