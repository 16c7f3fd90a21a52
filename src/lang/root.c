#include "root.h"

#include "base/arena.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

/* Even points, and points that approach each end: first by halving their distance to it, then faster. */
enum { EVEN_POINTS = 128, HALVINGS = 64, APPROACHES = 128, POWERS = 1000, MESH_ROOM = EVEN_POINTS + 2 * POWERS + 4 };

typedef struct mesh {
    double points[MESH_ROOM];
    int count;
} mesh;

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* An end at 0 is approached to the smallest numbers, any other one to its neighbours. */
static void approach(mesh *m, double end, double width, double lo, double hi)
{
    double step = width;

    for (int k = 0; k < APPROACHES; k++) {
        const double x = end + (step /= k < HALVINGS ? 2 : 0x1p16);

        if (x == end || step == 0) break;
        if (x > lo && x < hi) m->points[m->count++] = x;
    }
}

static void mesh_finite(mesh *m, double lo, double hi)
{
    const double width = hi - lo;

    for (int k = 1; k < EVEN_POINTS; k++) {
        const double x = lo + width * k / EVEN_POINTS;
        if (x > lo && x < hi) m->points[m->count++] = x;
    }
    approach(m, lo, width, lo, hi);
    approach(m, hi, -width, lo, hi);
}

/* Powers of 2 on the sides that are open to infinity. */
static void mesh_infinite(mesh *m, double lo, double hi)
{
    const double from = isfinite(lo) ? lo : isfinite(hi) ? hi : 0;

    for (int k = -POWERS / 2; k < POWERS / 2; k++) {
        const double away = ldexp(1, k);
        if (!isfinite(hi)) m->points[m->count++] = from + away;
        if (!isfinite(lo)) m->points[m->count++] = from - away;
    }
    if (!isfinite(lo) && !isfinite(hi)) m->points[m->count++] = 0;
}

typedef struct problem {
    double (*f)(double x, void *user);
    void *user;
} problem;

static double evaluate(double x, void *params)
{
    const problem *p = params;

    return p->f(x, p->user);
}

typedef struct bracket {
    double a, b, fa, fb;
} bracket;

/* Halves the bracket until both values are finite, so that Brent's interpolation has numbers to work with. */
static bool make_finite(problem *p, bracket *at)
{
    for (int k = 0; k < 2000 && (isinf(at->fa) || isinf(at->fb)); k++) {
        const double x = at->a + (at->b - at->a) / 2, fx = evaluate(x, p);

        if (x == at->a || x == at->b || isnan(fx)) return false;
        if ((fx > 0) == (at->fa > 0) && fx != 0) at->a = x, at->fa = fx;
        else at->b = x, at->fb = fx;
    }
    return isfinite(at->fa) && isfinite(at->fb);
}

/* Brent's method until the bracket cannot become smaller; keeps the best point. */
static void refine(problem *p, bracket at, double *root, double *residual)
{
    enum { STEPS = 200 }; /* bisection alone would need 64 once signs and exponents agree */
    gsl_function function = { evaluate, p };
    int steps = 0;

    *root = fabs(at.fa) <= fabs(at.fb) ? at.a : at.b;
    *residual = fabs(at.fa) <= fabs(at.fb) ? at.fa : at.fb;
    if (*residual == 0) return;
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    int status = gsl_root_fsolver_set(solver, &function, at.a, at.b);
    while (status == GSL_SUCCESS && *residual != 0) {
        const double lower = gsl_root_fsolver_x_lower(solver), upper = gsl_root_fsolver_x_upper(solver);

        if (nextafter(lower, upper) >= upper || steps++ == STEPS) break;
        status = gsl_root_fsolver_iterate(solver);
        const double x = gsl_root_fsolver_root(solver), fx = evaluate(x, p);
        if (fabs(fx) < fabs(*residual)) *root = x, *residual = fx;
    }
    gsl_root_fsolver_free(solver);
}

/* Values grow without bound towards a pole, and shrink towards a root. */
static bool try_bracket(problem *p, bracket at, double *root, double *residual)
{
    if (!make_finite(p, &at)) return false;
    const double smaller = fmin(fabs(at.fa), fabs(at.fb));
    refine(p, at, root, residual);
    return fabs(*residual) < smaller || nextafter(at.a, at.b) >= at.b;
}

bool nl_root_find(double (*f)(double x, void *user), void *user, double lo, double hi, bool open_lo, bool open_hi,
                  double *root, double *residual)
{
    problem p = { f, user };
    mesh *m = nl_calloc(1, sizeof *m);
    double before = NAN, f_before = NAN;
    bool found = false;

    if (isfinite(lo) && isfinite(hi)) mesh_finite(m, lo, hi);
    else mesh_infinite(m, lo, hi);
    if (!open_lo && isfinite(lo)) m->points[m->count++] = lo;
    if (!open_hi && isfinite(hi)) m->points[m->count++] = hi;
    qsort(m->points, (size_t)m->count, sizeof m->points[0], compare);
    for (int k = 0; k < m->count && !found; k++) {
        const double x = m->points[k], fx = evaluate(x, &p);

        if (fx == 0) {
            *root = x;
            *residual = 0;
            found = true;
        } else if (!isnan(fx) && !isnan(f_before) && (f_before < 0) != (fx < 0)) {
            found = try_bracket(&p, (bracket){ before, x, f_before, fx }, root, residual);
        }
        if (!isnan(fx)) before = x, f_before = fx;
    }
    free(m);
    return found;
}
