/* Random draws at top level and in declarations: one for each element, each call with numbers of its own. */
#include "func_impl.h"

#include "random.h"

#include <math.h>
#include <string.h>

static nl_dist dist_of(const nl_call *call)
{
    int dist = 0;

    while (strcmp(nl_dists[dist].name, call->row->name) != 0) dist++; /* every row that comes here is there */
    return (nl_dist)dist;
}

/* The stream of the declaration and the number of this draw in it; false where draws are refused. */
static bool open_stream(const nl_call *call, nl_stream *stream, uint64_t *draw)
{
    const nl_eval_context *cx = call->cx;

    if (cx->stream == NULL) {
        nl_diag *diag = nl_diag_add(cx->diags, NL_E_DRAW, call->span,
                                    "`%s` draws at random, which is not possible here", call->row->name);
        nl_diag_help(cx->diags, diag,
                     "give the drawn value a name with `let` or `param`, or use xi for noise in an equation");
        return false;
    }
    *stream = nl_stream_of(cx->seed, cx->stream, cx->trial);
    *draw = cx->draw_count != NULL ? (*cx->draw_count)++ : 0;
    return true;
}

/* Location and spread are quantities of one dimension; shapes, counts and probabilities are pure. */
static bool dimension_of(const nl_call *call, nl_dist dist, const nl_value args[2], nl_dim *out)
{
    static const struct { int pure, quantities; } leading[NL_DIST_COUNT] = { /* numbers of arguments */
        [NL_DIST_UNIFORM] = { 0, 2 },     [NL_DIST_NORMAL] = { 0, 2 },  [NL_DIST_LOGNORMAL] = { 0, 2 },
        [NL_DIST_EXPONENTIAL] = { 0, 1 }, [NL_DIST_GAMMA] = { 1, 1 },   [NL_DIST_POISSON] = { 1, 0 },
        [NL_DIST_BINOMIAL] = { 2, 0 },    [NL_DIST_BERNOULLI] = { 1, 0 },
    };
    const int pure = leading[dist].pure, count = nl_dists[dist].arg_count;

    *out = pure < count ? args[pure].dim : nl_dim_none;
    for (int k = 0; k < pure; k++)
        if (!nl_dim_is_pure(args[k].dim))
            return nl_call_refuse(call, k, NL_E_DIMENSION, "`%s` is a pure number, not %s", call->names[k],
                                  nl_dim_text(call->cx->arena, args[k].dim)), false;
    return leading[dist].quantities < 2 || nl_call_alike(call, 1, args[0].dim, args[1].dim, out);
}

static bool check_range(const nl_call *call, nl_dist dist, int slot, nl_value x)
{
    const bool probability = dist == NL_DIST_BERNOULLI || (dist == NL_DIST_BINOMIAL && slot == 1);
    const bool any = dist == NL_DIST_UNIFORM || (dist == NL_DIST_NORMAL && slot == 0);
    const bool whole = dist == NL_DIST_BINOMIAL && slot == 0, positive = dist == NL_DIST_LOGNORMAL && slot == 0;

    for (size_t i = 0; x.data != NULL && i < nl_value_count(x); i++) {
        const double at = x.data[i];
        if (isfinite(at) && (any || at >= 0) && !(probability && at > 1) && !(whole && at != rint(at))
            && !(positive && at == 0))
            continue;
        nl_call_refuse(call, slot, NL_E_DOMAIN, "`%s` of `%s` is %s, not %.10g", call->names[slot], call->row->name,
                       probability ? "a probability" : any ? "finite" : whole ? "a whole number from 0 on"
                       : positive ? "positive" : "finite and not negative", at);
        return false;
    }
    return true;
}

/* The shape of the result: `size`, or that of the arguments together. */
static bool shape_of(const nl_call *call, const nl_value *args, int count, nl_value *out)
{
    nl_value all[3];
    const bool sized = call->slots[count] != NULL;

    memcpy(all, args, (size_t)count * sizeof *all);
    if (sized) {
        if (!nl_call_shape(call, count, &out->rank, out->shape)) return false;
        all[count] = *out;
    }
    const nl_value wanted = *out;
    bool fits = nl_shape_broadcast(all, count + sized, &out->rank, out->shape);
    for (int k = 0; fits && sized && k < out->rank; k++)
        fits = out->rank == wanted.rank && nl_extent_fits(out->shape[k], wanted.shape[k]);
    if (!fits) nl_call_refuse(call, -1, NL_E_SHAPE, "the shapes of the arguments of `%s` do not fit", call->row->name);
    return fits;
}

/* An argument with one element for each of the result, or a single one. */
static nl_value spread(const nl_call *call, nl_value x, nl_value shape)
{
    size_t strides[NL_RANK];
    nl_value out = shape;

    if (nl_value_count(x) == 1) return x;
    double *data = nl_call_room(call, &out);
    nl_shape_strides(x, shape.rank, strides);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) {
        size_t rest = i, at = 0;
        for (int k = out.rank - 1; k >= 0; k--) {
            at += rest % out.shape[k] * strides[k];
            rest /= out.shape[k];
        }
        data[i] = x.data[at];
    }
    return out;
}

nl_value nl_func_draw(const nl_call *call)
{
    const nl_dist dist = dist_of(call);
    const int count = nl_dists[dist].arg_count;
    nl_value args[2] = { { 0 } }, out = { .kind = dist == NL_DIST_BERNOULLI ? NL_KIND_BOOL : NL_KIND_NUMBER };
    nl_stream stream;
    uint64_t draw;
    bool known = true;

    for (int k = 0; k < count; k++) {
        if (!nl_call_array(call, k, &args[k]) || !check_range(call, dist, k, args[k])) return nl_value_none();
        known = known && args[k].data != NULL;
    }
    if (!dimension_of(call, dist, args, &out.dim) || !shape_of(call, args, count, &out)
        || !open_stream(call, &stream, &draw))
        return nl_value_none();
    if (!known || nl_value_count(out) == NL_UNKNOWN_SIZE) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    const double *numbers[2];
    size_t strides[2];
    for (int k = 0; k < count; k++) {
        args[k] = spread(call, args[k], out);
        numbers[k] = args[k].data;
        strides[k] = nl_value_count(args[k]) != 1;
    }
    nl_draw_array(dist, stream, 0, draw, nl_value_count(out), data, numbers, strides);
    return out;
}

/* Fisher and Yates; the number that each step needs is drawn without bias (Lemire 2019). */
nl_value nl_func_permutation(const nl_call *call)
{
    long n = 0;
    bool known = true;
    nl_stream stream;
    uint64_t draw;

    if (!nl_call_whole(call, 0, 0, 1l << 32, &n, &known) || !open_stream(call, &stream, &draw)) return nl_value_none();
    const size_t count = known ? (size_t)n : NL_UNKNOWN_SIZE;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &count);
    double *data = known ? nl_call_room(call, &out) : NULL;
    for (size_t i = 0; data != NULL && i < count; i++) data[i] = (double)i;
    uint64_t used = 0;
    for (size_t i = count; data != NULL && i > 1; i--) {
        const uint64_t range = i, refused = -range % range;
        unsigned __int128 product;

        do product = (unsigned __int128)nl_draw_bits(stream, used++, draw) * range;
        while ((uint64_t)product < refused);
        const size_t other = (size_t)(product >> 64);
        const double kept = data[i - 1];
        data[i - 1] = data[other];
        data[other] = kept;
    }
    return known && data == NULL ? nl_value_none() : out;
}

/* The lower triangle L with L L' = C; a semidefinite C gives columns of zeros.  False where C is no
 * covariance matrix. */
static bool cholesky(const double *c, size_t n, double *l)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++) largest = fmax(largest, c[i * n + i]);
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double rest = c[i * n + j];
            const double room = 1e-12 * largest * (double)n;

            if (!(fabs(c[i * n + j] - c[j * n + i]) <= room)) return false;
            for (size_t k = 0; k < j; k++) rest -= l[i * n + k] * l[j * n + k];
            if (i == j && !(rest >= -room)) return false;
            if (i == j) l[j * n + j] = rest > room ? sqrt(rest) : 0;
            else if (l[j * n + j] > 0) l[i * n + j] = rest / l[j * n + j];
            else if (fabs(rest) > sqrt(room * largest)) return false;
        }
    return true;
}

/* Draws stand along the last axis: of length n, or [size, n]. */
nl_value nl_func_multinormal(const nl_call *call)
{
    nl_value mean, c, out = { .kind = NL_KIND_NUMBER };
    nl_dim square;
    nl_stream stream;
    uint64_t draw;

    if (!nl_call_array(call, 0, &mean) || !nl_call_array(call, 1, &c)) return nl_value_none();
    if (mean.rank != 1 || c.rank != 2 || !nl_extent_fits(c.shape[0], mean.shape[0])
        || !nl_extent_fits(c.shape[1], mean.shape[0]))
        return nl_call_refuse(call, -1, NL_E_SHAPE, "`multinormal` needs a vector and a square matrix, not %s and %s",
                              nl_value_shape_text(call->cx->arena, mean), nl_value_shape_text(call->cx->arena, c));
    if (!nl_dim_power(mean.dim, 2, &square) || !nl_dim_equal(square, c.dim))
        return nl_call_refuse(call, 1, NL_E_DIMENSION, "the covariances of %s are in %s, not %s",
                              nl_dim_text(call->cx->arena, mean.dim), nl_dim_text(call->cx->arena, square),
                              nl_dim_text(call->cx->arena, c.dim));
    if (call->slots[2] != NULL && !nl_call_shape(call, 2, &out.rank, out.shape)) return nl_value_none();
    if (out.rank == NL_RANK) return nl_call_refuse(call, 2, NL_E_SHAPE, "the result has more than %d axes", NL_RANK);
    out.shape[out.rank++] = mean.shape[0];
    out.dim = nl_dim_power(c.dim, 0.5, &square) ? nl_dim_common(mean.dim, square) : mean.dim;
    if (!open_stream(call, &stream, &draw)) return nl_value_none();
    if (mean.data == NULL || c.data == NULL || nl_value_count(out) == NL_UNKNOWN_SIZE) return out;
    const size_t n = mean.shape[0];
    double *l = NL_NEW_ARRAY(call->cx->arena, double, n * n + 1), *z = NL_NEW_ARRAY(call->cx->arena, double, n + 1);
    if (!cholesky(c.data, n, l))
        return nl_call_refuse(call, 1, NL_E_DOMAIN,
                              "this is no covariance matrix: it is not symmetric and positive semidefinite");
    double *data = nl_call_room(call, &out);
    static const double standard[] = { 0, 1 };
    for (size_t row = 0; data != NULL && n > 0 && row < nl_value_count(out) / n; row++) {
        nl_draw_array(NL_DIST_NORMAL, stream, row * n, draw, n, z, (const double *[]){ &standard[0], &standard[1] },
                      (size_t[]){ 0, 0 });
        for (size_t i = 0; i < n; i++) {
            double x = mean.data[i];
            for (size_t k = 0; k <= i; k++) x += l[i * n + k] * z[k];
            data[row * n + i] = x;
        }
    }
    return data != NULL ? out : nl_value_none();
}
