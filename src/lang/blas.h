/* Dense products.  OpenBLAS is several times faster than GSL's reference BLAS, but loading it takes longer than most
 * models run, since it starts threads of its own; so it is loaded when a product is large enough to be worth it. */
#ifndef NL_LANG_BLAS_H
#define NL_LANG_BLAS_H

#include <gsl/gsl_cblas.h>

/* As in any CBLAS. */
typedef struct nl_blas {
    void (*dgemv)(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE turned, int rows, int columns, double alpha,
                  const double *a, int stride, const double *x, int x_step, double beta, double *y, int y_step);
    void (*dgemm)(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE a_turned, enum CBLAS_TRANSPOSE b_turned, int rows,
                  int columns, int inner, double alpha, const double *a, int a_stride, const double *b, int b_stride,
                  double beta, double *c, int c_stride);
} nl_blas;

/* The BLAS for that many multiplications in all.  OpenBLAS runs on one thread, so that its sums do not depend on how
 * many there are; where it is missing, GSL's does everything. */
nl_blas nl_blas_for(double multiplications);

#endif
