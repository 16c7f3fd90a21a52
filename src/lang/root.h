/* The root of a function in an interval, for `solve`. */
#ifndef NL_LANG_ROOT_H
#define NL_LANG_ROOT_H

#include <stdbool.h>

/* Finds x in the interval with f(x) = 0.  Open ends are approached but never evaluated; either end may be infinite if
 * it is open.  f may be nan or infinite in places; where it changes its sign through a pole there is no root.  Of
 * several roots the lowest that a mesh of a few hundred points tells apart is taken.  False when no sign change is
 * found. */
bool nl_root_find(double (*f)(double x, void *user), void *user, double lo, double hi, bool open_lo, bool open_hi,
                  double *root, double *residual);

#endif
