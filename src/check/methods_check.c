/* method NAME { c = ..; a = ..; b = .. }: explicit Runge-Kutta methods and their order.
 *
 * The order is found by the conditions of Butcher: one for each rooted tree t with up to 5 vertices, sum_i b_i Phi_i(t)
 * = 1/gamma(t). Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, section II.2. */
#include "declare.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum { ORDER_MAX = 5, TREE_MAX = ORDER_MAX, STAGES_MAX = 64 };

/* A rooted tree as the parents of its vertices 1, 2, ..: vertex 0 is the root, and a parent comes before its
 * children. */
typedef struct tree {
    int order;
    int parents[TREE_MAX];
} tree;

static const tree trees[] = {
    { 1, { -1 } },
    { 2, { -1, 0 } },
    { 3, { -1, 0, 0 } }, { 3, { -1, 0, 1 } },
    { 4, { -1, 0, 0, 0 } }, { 4, { -1, 0, 0, 1 } }, { 4, { -1, 0, 1, 1 } }, { 4, { -1, 0, 1, 2 } },
    { 5, { -1, 0, 0, 0, 0 } }, { 5, { -1, 0, 0, 0, 1 } }, { 5, { -1, 0, 0, 1, 1 } }, { 5, { -1, 0, 0, 1, 2 } },
    { 5, { -1, 0, 0, 1, 3 } }, { 5, { -1, 0, 1, 1, 1 } }, { 5, { -1, 0, 1, 1, 2 } }, { 5, { -1, 0, 1, 2, 2 } },
    { 5, { -1, 0, 1, 2, 3 } },
};

/* The product over all vertices of the number of vertices that hang below and at them. */
static double density(const tree *t)
{
    int size[TREE_MAX];
    double product = 1;

    for (int v = 0; v < t->order; v++) size[v] = 1;
    for (int v = t->order - 1; v >= 0; v--) {
        product *= size[v];
        if (v > 0) size[t->parents[v]] += size[v];
    }
    return product;
}

/* sum_i weights_i Phi_i(t): every vertex but the root hands sum_j a_ij g_j to its parent, which multiplies what it is
 * handed. */
static double elementary_weight(const nl_tableau *m, const double *weights, const tree *t)
{
    double g[TREE_MAX][STAGES_MAX], sum = 0;

    for (int v = 0; v < t->order; v++)
        for (int i = 0; i < m->stages; i++) g[v][i] = 1;
    for (int v = t->order - 1; v > 0; v--)
        for (int i = 0; i < m->stages; i++) {
            double handed = 0;
            for (int j = 0; j < i; j++) handed += m->a[i * m->stages + j] * g[v][j];
            g[t->parents[v]][i] *= handed;
        }
    for (int i = 0; i < m->stages; i++) sum += weights[i] * g[0][i];
    return sum;
}

#define ROUNDING 1e-13 /* coefficients such as 1/3 are rounded */

static int order_of(const nl_tableau *m, const double *weights)
{
    int order = ORDER_MAX;

    for (size_t k = 0; k < NL_LEN(trees); k++) {
        const double wanted = 1 / density(&trees[k]);
        if (!(fabs(elementary_weight(m, weights, &trees[k]) - wanted) <= ROUNDING) && trees[k].order <= order)
            order = trees[k].order - 1;
    }
    return order;
}

/* --- stability --- */

/* The factor by which a step multiplies the solution of x' = lambda x, with z = h lambda. */
static double growth(const nl_tableau *m, double z)
{
    double slopes[STAGES_MAX], result = 1;

    for (int i = 0; i < m->stages; i++) {
        slopes[i] = 1;
        for (int j = 0; j < i; j++) slopes[i] += z * m->a[i * m->stages + j] * slopes[j];
        result += z * m->b[i] * slopes[i];
    }
    return result;
}

static bool is_stable(const nl_tableau *m, double x) { return fabs(growth(m, -x)) <= 1 + 1e-12; }

/* The largest x up to which decay with h lambda = -x stays decay. */
static double stable_up_to(const nl_tableau *m)
{
    const double step = 1e-3, far = 1e3;
    double low = 0;

    while (low < far && is_stable(m, low + step)) low += step;
    for (double width = step; width > 1e-9; width /= 2)
        if (is_stable(m, low + width / 2)) low += width / 2;
    return low;
}

const char *nl_method_describe(nl_arena *arena, const nl_tableau *m)
{
    nl_text text = nl_text_new(arena);

    nl_text_addf(&text, "Order %d", m->order);
    if (m->b_low != NULL) nl_text_addf(&text, " with an embedded method of order %d", order_of(m, m->b_low));
    nl_text_addf(&text, ", %d stage%s; x' = -x/T is stable for dt <= %.5g T.", m->stages, m->stages == 1 ? "" : "s",
                 stable_up_to(m));
    return text.chars;
}

/* --- reading the block --- */

static bool wrong(nl_check *ck, const nl_ast *stmt, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool wrong(nl_check *ck, const nl_ast *stmt, const char *format, ...)
{
    va_list args;
    nl_text text = nl_text_new(ck->arena);

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    nl_diag_add(ck->diags, NL_E_TABLEAU, stmt->span, "%s", text.chars);
    return false;
}

typedef struct method_text {
    const nl_ast *stmt;
    const nl_ast *settings[4]; /* assignments of the names below, or NULL */
} method_text;

static const char *const names[] = { "c", "a", "b", "b_low" };
enum { NODES, COEFFICIENTS, WEIGHTS, LOW_WEIGHTS };

static bool sort_settings(nl_check *ck, method_text *text)
{
    const nl_ast *block = nl_ast_kid(text->stmt, 0);

    for (int i = 0; block != NULL && i < block->kid_count; i++) {
        const nl_ast *stmt = block->kids[i], *left = nl_ast_kid(stmt, 0);
        size_t which = 0;

        while (which < NL_LEN(names) && (left == NULL || left->name == NULL || strcmp(left->name, names[which]) != 0))
            which++;
        if (stmt->kind != NL_AST_ASSIGN || which == NL_LEN(names))
            return wrong(ck, stmt, "a method holds c, a, b and, if it is adaptive, b_low");
        if (text->settings[which] != NULL) return wrong(ck, stmt, "`%s` is given twice", names[which]);
        text->settings[which] = stmt;
    }
    for (int k = NODES; k <= WEIGHTS; k++)
        if (text->settings[k] == NULL)
            return wrong(ck, text->stmt, "the method `%s` has no `%s`", text->stmt->name, names[k]);
    return true;
}

static bool is_row(nl_value value)
{
    return value.kind == NL_KIND_NUMBER && value.rank == 1 && nl_dim_is_pure(value.dim) && nl_value_known(value);
}

/* A list of `count` numbers. */
static bool read_row(nl_check *ck, const method_text *text, int which, int count, const double **out)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_value value = nl_eval(&ev, nl_ast_kid(text->settings[which], 1));

    if (value.kind == NL_KIND_NONE) return false;
    if (!is_row(value) || value.shape[0] != (size_t)count)
        return wrong(ck, text->settings[which], "`%s` is a list of %d numbers, one for each stage", names[which],
                     count);
    *out = value.data;
    return true;
}

/* Row i of `a`: its elements stand in a list of rows of different lengths, or in a rectangular array. */
static bool matrix_row(nl_value value, int i, const double **row, size_t *length)
{
    if (value.kind == NL_KIND_LIST && value.rank == 1 && is_row(value.items[i])) {
        *row = value.items[i].data;
        *length = value.items[i].shape[0];
        return true;
    }
    if (value.kind != NL_KIND_NUMBER || value.rank != 2) return false;
    *length = value.shape[1];
    *row = value.data + (size_t)i * *length;
    return true;
}

/* Room for rounding of a sum of coefficients, which may be as large as 100 and cancel. */
static bool is_close(double a, double b, double size) { return fabs(a - b) <= ROUNDING * fmax(1, size); }

static bool read_coefficients(nl_check *ck, const method_text *text, nl_tableau *m)
{
    const nl_ast *stmt = text->settings[COEFFICIENTS];
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_value value = nl_eval(&ev, nl_ast_kid(stmt, 1));
    double *a = NL_NEW_ARRAY(ck->arena, double, (size_t)m->stages * (size_t)m->stages);

    if (value.kind == NL_KIND_NONE) return false;
    if (value.rank < 1 || value.shape[0] != (size_t)m->stages)
        return wrong(ck, stmt, "`a` has one row for each of the %d stages", m->stages);
    for (int i = 0; i < m->stages; i++) {
        const double *row;
        size_t length;
        double sum = 0, size = 0;

        if (!matrix_row(value, i, &row, &length)) return wrong(ck, stmt, "`a` is a list of lists of numbers");
        for (size_t j = 0; j < length; j++) {
            if (j >= (size_t)i && row[j] != 0)
                return wrong(ck, stmt,
                             "row %d of `a` has more than %d coefficients; only explicit methods are supported", i, i);
            if (j >= (size_t)i) continue;
            a[i * m->stages + (int)j] = row[j];
            sum += row[j];
            size += fabs(row[j]);
        }
        if (!is_close(sum, m->c[i], size))
            return wrong(ck, stmt, "row %d of `a` adds up to %.12g, but its node is %.12g", i, sum, m->c[i]);
    }
    m->a = a;
    return true;
}

static bool count_stages(nl_check *ck, const method_text *text, nl_tableau *m)
{
    nl_evaluator ev = nl_declare_evaluator(ck, NULL);
    const nl_value nodes = nl_eval(&ev, nl_ast_kid(text->settings[NODES], 1));

    if (nodes.kind == NL_KIND_NONE) return false;
    if (!is_row(nodes) || nodes.shape[0] == 0 || nodes.shape[0] > STAGES_MAX)
        return wrong(ck, text->settings[NODES], "`c` is a list of 1 to %d numbers, one for each stage", STAGES_MAX);
    m->stages = (int)nodes.shape[0];
    m->c = nodes.data;
    return m->c[0] == 0 || wrong(ck, text->settings[NODES], "the first node of an explicit method is 0");
}

static bool check_order(nl_check *ck, const method_text *text, nl_tableau *m)
{
    m->order = order_of(m, m->b);
    if (m->order < 1) return wrong(ck, text->settings[WEIGHTS], "the weights `b` do not add up to 1");
    if (m->b_low != NULL && order_of(m, m->b_low) < 1)
        return wrong(ck, text->settings[LOW_WEIGHTS], "the weights `b_low` do not add up to 1");
    return true;
}

/* A method of the file takes the place of a shipped one of the same name. */
static uint32_t place_for(nl_check *ck, const char *name)
{
    for (size_t i = 0; i < ck->model->tableaux.count; i++)
        if (strcmp(ck->model->tableaux.items[i].name, name) == 0) return (uint32_t)i;
    NL_PUSH(ck->arena, &ck->model->tableaux, (nl_tableau){ 0 });
    return (uint32_t)ck->model->tableaux.count - 1;
}

bool nl_method_declare(nl_check *ck, const nl_ast *stmt)
{
    nl_symbol *symbol = nl_scope_add(ck, ck->top, NL_SYM_METHOD, stmt->name,
                                     stmt->name_span.end != 0 ? stmt->name_span : stmt->span, stmt);
    nl_tableau m = { .name = stmt->name, .doc = stmt->doc, .span = stmt->span };
    method_text text = { .stmt = stmt };

    if (symbol == NULL || !sort_settings(ck, &text) || !count_stages(ck, &text, &m) || !read_coefficients(ck, &text, &m)
        || !read_row(ck, &text, WEIGHTS, m.stages, &m.b)) return false;
    if (text.settings[LOW_WEIGHTS] != NULL && !read_row(ck, &text, LOW_WEIGHTS, m.stages, &m.b_low)) return false;
    if (!check_order(ck, &text, &m)) return false;
    symbol->id = place_for(ck, m.name);
    ck->model->tableaux.items[symbol->id] = m;
    return true;
}
