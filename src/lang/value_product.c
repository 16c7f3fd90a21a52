/* The matrix product. */
#include "blas.h"
#include "value_impl.h"

#include <limits.h>

/* The operands as matrices [m, k] and [k, n]; a vector is a row on the left and a column on the right. */
typedef struct product {
    size_t m, k, n;
} product;

static bool ranks_fit(nl_value a, nl_value b)
{
    return a.rank >= 1 && a.rank <= 2 && b.rank >= 1 && b.rank <= 2 && nl_extent_fits(a.shape[a.rank - 1], b.shape[0]);
}

static nl_value result_of(nl_value a, nl_value b, nl_dim dim)
{
    nl_value out = { .kind = NL_KIND_NUMBER, .dim = dim };

    if (a.rank == 2) out.shape[out.rank++] = a.shape[0];
    if (b.rank == 2) out.shape[out.rank++] = b.shape[1];
    if (a.is_signal && a.rank == 2) out.is_signal = true, out.times = a.times;
    return out;
}

static void multiply(product p, const double *a, const double *b, double *out)
{
    const int m = (int)p.m, k = (int)p.k, n = (int)p.n;

    if (p.m * p.n == 0 || p.k == 0) return; /* `out` is zero already */
    const nl_blas blas = nl_blas_for((double)p.m * (double)p.k * (double)p.n);
    if (n == 1) blas.dgemv(CblasRowMajor, CblasNoTrans, m, k, 1, a, k, b, 1, 0, out, 1);
    else if (m == 1) blas.dgemv(CblasRowMajor, CblasTrans, k, n, 1, b, n, a, 1, 0, out, 1);
    else blas.dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, out, n);
}

/* a @ b for vectors and matrices; a signal on the left keeps its times. */
nl_value nl_value_matmul(nl_eval_context *cx, nl_span span, nl_value a, nl_value b)
{
    const nl_dim dims[] = { a.dim, b.dim };
    nl_dim dim;

    if (!nl_value_is_array(a) || !nl_value_is_array(b)) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "`@` does not take %s",
                    nl_value_words(cx->arena, nl_value_is_array(a) ? b : a));
        return nl_value_none();
    }
    if (!ranks_fit(a, b)) {
        nl_diag *diag = nl_diag_add(cx->diags, NL_E_SHAPE, span, "the shapes %s and %s do not fit for `@`",
                                    nl_value_shape_text(cx->arena, a), nl_value_shape_text(cx->arena, b));
        if (a.rank == 0 || b.rank == 0) nl_diag_help(cx->diags, diag, "a product with a number is written with *");
        else nl_diag_help(cx->diags, diag, "the last axis of the left side is summed over with the first of the right");
        return nl_value_none();
    }
    if (!nl_dim_apply(NL_DIM_PRODUCT, dims, 2, &dim)) {
        nl_diag_add(cx->diags, NL_E_DIMENSION, span, "the dimension of this product is out of range");
        return nl_value_none();
    }
    nl_value out = result_of(a, b, dim);
    if (a.data == NULL || b.data == NULL) return out;
    const product p = { a.rank == 2 ? a.shape[0] : 1, b.shape[0], b.rank == 2 ? b.shape[1] : 1 };
    if (p.m > INT_MAX || p.k > INT_MAX || p.n > INT_MAX) {
        nl_diag_add(cx->diags, NL_E_DOMAIN, span, "these matrices are too large for a product");
        return nl_value_none();
    }
    double *data = nl_value_room(cx, span, &out);
    if (data == NULL) return nl_value_none();
    multiply(p, a.data, b.data, data);
    return out;
}
