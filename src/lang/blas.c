#include "blas.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* About what loading takes. */
static const double worth_loading = 3e6;

/* A symbol as a function; ISO C has no conversion between the two kinds of pointers. */
static void find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof symbol);
}

nl_blas nl_blas_for(double multiplications)
{
    const nl_blas reference = { cblas_dgemv, cblas_dgemm };
#ifdef NL_HAVE_OPENBLAS
    void *library = multiplications >= worth_loading ? dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL) : NULL;
    void (*set_threads)(int) = NULL;
    nl_blas found = { NULL, NULL };

    if (library == NULL) return reference;
    find(library, "openblas_set_num_threads", &set_threads);
    find(library, "cblas_dgemv", &found.dgemv);
    find(library, "cblas_dgemm", &found.dgemm);
    if (set_threads != NULL) set_threads(1);
    return found.dgemv != NULL && found.dgemm != NULL ? found : reference;
#else
    (void)multiplications;
    return reference;
#endif
}
