/* Linear algebra. */
#include "func_impl.h"

#include <float.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

nl_value nl_func_dot(const nl_call *call)
{
    return nl_value_matmul(call->cx, call->span, call->slots[0]->value, call->slots[1]->value);
}

static bool matrix(const nl_call *call, int slot, bool square, nl_value *out)
{
    if (!nl_call_array(call, slot, out)) return false;
    if (out->rank == 2 && (!square || nl_extent_fits(out->shape[0], out->shape[1]))) return true;
    nl_call_refuse(call, slot, NL_E_SHAPE, "`%s` needs a %smatrix, not %s", call->row->name, square ? "square " : "",
                   nl_value_words(call->cx->arena, *out));
    return false;
}

nl_value nl_func_trace(const nl_call *call)
{
    nl_value x;
    double sum = 0;

    if (!matrix(call, 0, true, &x)) return nl_value_none();
    if (x.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, x.dim, 0, NULL);
    for (size_t i = 0; i < x.shape[0]; i++) sum += x.data[i * x.shape[0] + i];
    return nl_value_number(call->cx->arena, sum, x.dim);
}

/* All products of an element of a with one of b, as a[:, None] * b[None, :] or in blocks. */
static nl_value products(const nl_call *call, bool blocks)
{
    nl_value a, b, out = { .kind = NL_KIND_NUMBER };
    const int rank = blocks ? 2 : 1;

    if (!nl_call_array(call, 0, &a) || !nl_call_array(call, 1, &b)) return nl_value_none();
    for (int slot = 0; slot < 2; slot++)
        if (call->slots[slot]->value.rank != rank)
            return nl_call_refuse(call, slot, NL_E_SHAPE, "`%s` needs %s, not %s", call->row->name,
                                  blocks ? "matrices" : "vectors",
                                  nl_value_words(call->cx->arena, call->slots[slot]->value));
    if (!nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ a.dim, b.dim }, 2, &out.dim)) out.dim = nl_dim_unknown;
    out.rank = 2;
    if (!blocks) out.shape[0] = a.shape[0], out.shape[1] = b.shape[0];
    for (int k = 0; blocks && k < 2; k++)
        out.shape[k] =
            a.shape[k] == NL_UNKNOWN_SIZE || b.shape[k] == NL_UNKNOWN_SIZE ? NL_UNKNOWN_SIZE : a.shape[k] * b.shape[k];
    if (a.data == NULL || b.data == NULL) return out;
    const size_t b_rows = blocks ? b.shape[0] : 1, b_columns = blocks ? b.shape[1] : b.shape[0],
                 a_columns = blocks ? a.shape[1] : 1;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) {
        const size_t row = i / out.shape[1], column = i % out.shape[1];
        data[i] = a.data[row / b_rows * a_columns + column / b_columns]
            * b.data[row % b_rows * b_columns + column % b_columns];
    }
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_outer(const nl_call *call) { return products(call, false); }
nl_value nl_func_kron(const nl_call *call) { return products(call, true); }

/* --- by LU decomposition --- */

typedef struct lu {
    gsl_matrix *factors;
    gsl_permutation *order;
    int sign;
    bool singular; /* to working precision */
} lu;

static gsl_matrix *copy_matrix(nl_value x)
{
    gsl_matrix *out = gsl_matrix_alloc(x.shape[0], x.shape[1]);

    for (size_t i = 0; i < x.shape[0] * x.shape[1]; i++)
        out->data[i / x.shape[1] * out->tda + i % x.shape[1]] = x.data[i];
    return out;
}

static lu decompose(nl_value x)
{
    const size_t n = x.shape[0];
    lu out = { copy_matrix(x), gsl_permutation_alloc(n), 1, false };
    double largest = 0;

    gsl_linalg_LU_decomp(out.factors, out.order, &out.sign);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(gsl_matrix_get(out.factors, i, i)));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(gsl_matrix_get(out.factors, i, i)) > (double)n * DBL_EPSILON * largest)) out.singular = true;
    return out;
}

static void lu_free(lu *factors)
{
    gsl_matrix_free(factors->factors);
    gsl_permutation_free(factors->order);
}

nl_value nl_func_det(const nl_call *call)
{
    nl_value x;
    nl_dim dim = nl_dim_unknown;
    double product = 1;

    if (!matrix(call, 0, true, &x)) return nl_value_none();
    if (x.shape[0] != NL_UNKNOWN_SIZE && !nl_dim_power(x.dim, (double)x.shape[0], &dim))
        return nl_call_refuse(call, 0, NL_E_DIMENSION, "the dimension of this determinant is out of range");
    if (x.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, dim, 0, NULL);
    if (x.shape[0] > 0) {
        lu factors = decompose(x);
        product = factors.sign;
        for (size_t i = 0; i < x.shape[0]; i++) product *= gsl_matrix_get(factors.factors, i, i);
        lu_free(&factors);
    }
    return nl_value_number(call->cx->arena, product, dim);
}

/* Columns of `right` (row-major, n x columns) are solved for in place; false where the matrix is singular. */
static bool solve_columns(nl_value x, double *right, size_t columns)
{
    lu factors = decompose(x);

    for (size_t c = 0; c < columns && !factors.singular; c++) {
        gsl_vector_view column = gsl_vector_view_array_with_stride(right + c, columns, x.shape[0]);
        gsl_linalg_LU_svx(factors.factors, factors.order, &column.vector);
    }
    lu_free(&factors);
    return !factors.singular;
}

nl_value nl_func_inv(const nl_call *call)
{
    nl_value x;

    if (!matrix(call, 0, true, &x)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, x.dim, 2, x.shape);
    if (!nl_dim_power(x.dim, -1, &out.dim)) out.dim = nl_dim_unknown;
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const size_t n = x.shape[0];
    for (size_t i = 0; data != NULL && i < n; i++) data[i * n + i] = 1;
    if (data != NULL && n > 0 && !solve_columns(x, data, n))
        return nl_call_refuse(call, 0, NL_E_DOMAIN, "this matrix is singular");
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_linsolve(const nl_call *call)
{
    nl_value x, b;

    if (!matrix(call, 0, true, &x) || !nl_call_array(call, 1, &b)) return nl_value_none();
    if (b.rank < 1 || b.rank > 2 || !nl_extent_fits(b.shape[0], x.shape[0]))
        return nl_call_refuse(call, 1, NL_E_SHAPE, "the right side %s does not fit a matrix %s",
                              nl_value_shape_text(call->cx->arena, b), nl_value_shape_text(call->cx->arena, x));
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, b.dim, b.rank, b.shape);
    if (!nl_dim_apply(NL_DIM_QUOTIENT, (nl_dim[]){ b.dim, x.dim }, 2, &out.dim)) out.dim = nl_dim_unknown;
    if (x.data == NULL || b.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    const size_t count = nl_value_count(b);
    if (count > 0) memcpy(data, b.data, count * sizeof *data);
    if (count > 0 && !solve_columns(x, data, b.rank == 2 ? b.shape[1] : 1))
        return nl_call_refuse(call, 0, NL_E_DOMAIN, "this matrix is singular");
    return out;
}

/* --- eigenvalues and singular values --- */

static bool is_symmetric(nl_value x)
{
    for (size_t i = 0; i < x.shape[0]; i++)
        for (size_t j = 0; j < i; j++)
            if (x.data[i * x.shape[0] + j] != x.data[j * x.shape[0] + i]) return false;
    return true;
}

static bool all_finite(nl_value x)
{
    for (size_t i = 0; i < nl_value_count(x); i++)
        if (!isfinite(x.data[i])) return false;
    return true;
}

static void symmetric_eigenvalues(gsl_matrix *a, double *out)
{
    gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(a->size1);
    gsl_vector *values = gsl_vector_alloc(a->size1);

    gsl_eigen_symm(a, values, work);
    for (size_t i = 0; i < a->size1; i++) out[2 * i] = gsl_vector_get(values, i);
    gsl_vector_free(values);
    gsl_eigen_symm_free(work);
}

static bool general_eigenvalues(gsl_matrix *a, double *out)
{
    gsl_eigen_nonsymm_workspace *work = gsl_eigen_nonsymm_alloc(a->size1);
    gsl_vector_complex *values = gsl_vector_complex_alloc(a->size1);

    gsl_eigen_nonsymm_params(0, 1, work);
    const int status = gsl_eigen_nonsymm(a, values, work);
    for (size_t i = 0; i < a->size1; i++) {
        out[2 * i] = GSL_REAL(gsl_vector_complex_get(values, i));
        out[2 * i + 1] = GSL_IMAG(gsl_vector_complex_get(values, i));
    }
    gsl_vector_complex_free(values);
    gsl_eigen_nonsymm_free(work);
    return status == 0;
}

static int compare_real(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int compare_imaginary(const void *a, const void *b)
{
    return compare_real((const double *)a + 1, (const double *)b + 1);
}

/* By real, then imaginary part; real parts that differ by rounding only count as equal, so that multiple pairs stand in
 * the same order however they were computed. */
static void sort_pairs(double *pairs, size_t count)
{
    double largest = 0;

    qsort(pairs, count, 2 * sizeof *pairs, compare_real);
    for (size_t i = 0; i < count; i++) largest = fmax(largest, hypot(pairs[2 * i], pairs[2 * i + 1]));
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && pairs[2 * end] - pairs[2 * end - 2] <= 1e-12 * largest;) end++;
        qsort(pairs + 2 * i, end - i, 2 * sizeof *pairs, compare_imaginary);
    }
}

/* Rows (real, imaginary). */
nl_value nl_func_eigenvalues(const nl_call *call)
{
    nl_value x;
    bool found = true;

    if (!matrix(call, 0, true, &x)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, x.dim, 2, (size_t[]){ x.shape[0], 2 });
    if (x.data == NULL) return out;
    if (!all_finite(x)) return nl_call_refuse(call, 0, NL_E_DOMAIN, "this matrix has elements that are not finite");
    double *data = nl_call_room(call, &out);
    if (data == NULL || x.shape[0] == 0) return data != NULL ? out : nl_value_none();
    gsl_matrix *copy = copy_matrix(x);
    if (is_symmetric(x)) symmetric_eigenvalues(copy, data);
    else found = general_eigenvalues(copy, data);
    gsl_matrix_free(copy);
    if (!found) return nl_call_refuse(call, 0, NL_E_DOMAIN, "the eigenvalues of this matrix could not be found");
    sort_pairs(data, x.shape[0]);
    return out;
}

nl_value nl_func_singular_values(const nl_call *call)
{
    nl_value x;

    if (!matrix(call, 0, false, &x)) return nl_value_none();
    const size_t m = x.shape[0], n = x.shape[1], count = m < n ? m : n;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, x.dim, 1, &count);
    if (x.data == NULL) return out;
    if (!all_finite(x)) return nl_call_refuse(call, 0, NL_E_DOMAIN, "this matrix has elements that are not finite");
    double *data = nl_call_room(call, &out);
    if (data == NULL || count == 0) return data != NULL ? out : nl_value_none();
    gsl_matrix *a = gsl_matrix_alloc(m < n ? n : m, count), *v = gsl_matrix_alloc(count, count);
    gsl_vector *values = gsl_vector_alloc(count);
    for (size_t i = 0; i < m; i++) /* GSL wants at least as many rows as columns */
        for (size_t j = 0; j < n; j++) gsl_matrix_set(a, m < n ? j : i, m < n ? i : j, x.data[i * n + j]);
    gsl_linalg_SV_decomp_jacobi(a, v, values);
    for (size_t i = 0; i < count; i++) data[i] = gsl_vector_get(values, i);
    gsl_vector_free(values);
    gsl_matrix_free(v);
    gsl_matrix_free(a);
    return out;
}
