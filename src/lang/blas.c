#include "blas.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const nl_blas reference = { cblas_dgemv, cblas_dgemm };

#ifdef NL_HAVE_OPENBLAS
/* About what loading takes. */
static const double worth_loading = 3e6;

/* A symbol as a function; ISO C has no conversion between the two kinds of pointers. */
static void find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof symbol);
}

/* OpenBLAS, with one thread: it would otherwise start as many as there are processors for every product. */
static nl_blas load(void)
{
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    void (*set_threads)(int) = NULL;
    nl_blas found = { NULL, NULL };

    if (library == NULL) return reference;
    find(library, "openblas_set_num_threads", &set_threads);
    find(library, "cblas_dgemv", &found.dgemv);
    find(library, "cblas_dgemm", &found.dgemm);
    if (set_threads != NULL) set_threads(1);
    return found.dgemv != NULL && found.dgemm != NULL ? found : reference;
}

nl_blas nl_blas_for(double multiplications)
{
    return multiplications >= worth_loading ? load() : reference;
}
#else
nl_blas nl_blas_for(double multiplications)
{
    (void)multiplications;
    return reference;
}
#endif
