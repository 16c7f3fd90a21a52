#include "scheme.h"

#include <string.h>

const nl_scheme_info nl_schemes[NL_SCHEME_COUNT] = {
    { "", "" }, /* tableaux have their own */
#define SCHEME(id, name, doc) [NL_##id] = { name, doc },
#include "scheme.def"
};

nl_scheme nl_scheme_find(const char *name)
{
    for (int k = NL_RUNGE_KUTTA + 1; k < NL_SCHEME_COUNT; k++)
        if (strcmp(nl_schemes[k].name, name) == 0) return (nl_scheme)k;
    return NL_RUNGE_KUTTA;
}
