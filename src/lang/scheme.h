/* Ways of integrating differential equations: explicit Runge-Kutta methods are tableaux in .net files, the others are
 * the rows of scheme.def. */
#ifndef NL_LANG_SCHEME_H
#define NL_LANG_SCHEME_H

#include "base/arena.h"

typedef enum nl_scheme {
    NL_RUNGE_KUTTA,
#define SCHEME(id, ...) NL_##id,
#include "scheme.def"
    NL_SCHEME_COUNT
} nl_scheme;

typedef struct nl_scheme_info {
    const char *name, *doc;
} nl_scheme_info;

extern const nl_scheme_info nl_schemes[NL_SCHEME_COUNT];

/* The scheme with this name, or NL_RUNGE_KUTTA, whose methods have names of their own. */
nl_scheme nl_scheme_find(const char *name);

#endif
