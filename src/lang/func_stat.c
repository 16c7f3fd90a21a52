/* Measures of data, and integrals and interpolation of sampled functions. */
#include "func_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- vectors --- */

static bool vector(const nl_call *call, int slot, nl_value *out)
{
    if (!nl_call_array(call, slot, out)) return false;
    if (out->rank == 1) return true;
    nl_call_refuse(call, slot, NL_E_SHAPE, "`%s` needs a vector, not %s", call->row->name,
                   nl_value_words(call->cx->arena, *out));
    return false;
}

/* Counts per bin; each bin holds its lower edge, the last its upper one as well. */
static void count_bins(nl_value x, nl_value edges, double *counts)
{
    const size_t bins = edges.shape[0] - 1;

    for (size_t i = 0; i < nl_value_count(x); i++) {
        size_t lo = 0, hi = bins;

        if (!(x.data[i] >= edges.data[0] && x.data[i] <= edges.data[bins])) continue;
        while (hi - lo > 1) {
            const size_t middle = (lo + hi) / 2;

            if (x.data[i] >= edges.data[middle]) lo = middle;
            else hi = middle;
        }
        counts[lo]++;
    }
}

/* `bins` even ones over the range of the data (or the one given). */
static nl_value even_edges(const nl_call *call, nl_value x, long bins, nl_value range)
{
    const size_t count = (size_t)bins + 1;
    double lo = INFINITY, hi = -INFINITY, *data;
    nl_value edges = nl_value_unknown(NL_KIND_NUMBER, x.dim, 1, &count);

    for (size_t i = 0; i < nl_value_count(x); i++) lo = fmin(lo, x.data[i]), hi = fmax(hi, x.data[i]);
    if (call->slots[2] != NULL) lo = range.data[0], hi = range.data[1];
    if (!(lo <= hi)) lo = 0, hi = 1;
    if (lo == hi) lo -= 0.5, hi += 0.5;
    if ((data = nl_call_room(call, &edges)) == NULL) return nl_value_none();
    for (long k = 0; k <= bins; k++) data[k] = k == bins ? hi : lo + (hi - lo) * (double)k / (double)bins;
    return edges;
}

static bool ascends(nl_value x)
{
    for (size_t i = 1; i < x.shape[0]; i++)
        if (!(x.data[i] > x.data[i - 1])) return false;
    return true;
}

nl_value nl_func_histogram(const nl_call *call)
{
    nl_value x, edges, range = { 0 };
    nl_dim dim;
    long bins = 0;

    if (!nl_call_array(call, 0, &x) || !nl_call_array(call, 1, &edges) || !nl_call_array(call, 2, &range))
        return nl_value_none();
    if (call->slots[2] != NULL && (range.rank != 1 || range.shape[0] != 2 || range.data == NULL))
        return nl_call_refuse(call, 2, NL_E_ARGUMENT, "`range` is [lowest, highest]");
    if (call->slots[2] != NULL && !nl_call_alike(call, 2, x.dim, range.dim, &dim)) return nl_value_none();
    if (edges.rank == 0 && !nl_call_whole(call, 1, 1, 1 << 28, &bins, NULL)) return nl_value_none();
    if (edges.rank == 1 && !nl_call_alike(call, 1, x.dim, edges.dim, &dim)) return nl_value_none();
    if (edges.rank > 1 || (edges.rank == 1 && (edges.data == NULL || edges.shape[0] < 2 || !ascends(edges))))
        return nl_call_refuse(call, 1, NL_E_ARGUMENT, "`bins` is a number of bins or their edges in ascending order");
    if (edges.rank == 0 && x.data != NULL) edges = even_edges(call, x, bins, range);
    if (nl_value_is_none(edges)) return edges;
    const size_t count = edges.rank == 1 ? edges.shape[0] - 1 : (size_t)bins;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &count);
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    count_bins(x, edges, data);
    return out;
}

/* Linear between the points, and the value of the end point beyond them. */
static double interpolate(double x, const double *xs, const double *ys, size_t count)
{
    size_t lo = 0, hi = count - 1;

    if (isnan(x)) return x;
    if (x <= xs[0]) return ys[0];
    if (x >= xs[hi]) return ys[hi];
    while (hi - lo > 1) {
        const size_t middle = (lo + hi) / 2;

        if (xs[middle] <= x) lo = middle;
        else hi = middle;
    }
    return ys[lo] + (x - xs[lo]) / (xs[hi] - xs[lo]) * (ys[hi] - ys[lo]);
}

nl_value nl_func_interp(const nl_call *call)
{
    nl_value x, xs, ys;
    nl_dim dim;

    if (!nl_call_array(call, 0, &x) || !vector(call, 1, &xs) || !vector(call, 2, &ys)
        || !nl_call_alike(call, 0, x.dim, xs.dim, &dim))
        return nl_value_none();
    if (!nl_extent_fits(xs.shape[0], ys.shape[0]))
        return nl_call_refuse(call, 2, NL_E_SHAPE, "%zu positions and %zu values", xs.shape[0], ys.shape[0]);
    nl_value out = x;
    out.kind = NL_KIND_NUMBER;
    out.dim = ys.dim;
    out.data = NULL;
    if (xs.data != NULL && (xs.shape[0] == 0 || !ascends(xs)))
        return nl_call_refuse(call, 1, NL_E_DOMAIN, "the positions have to ascend");
    if (x.data == NULL || xs.data == NULL || ys.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(x); i++)
        data[i] = interpolate(x.data[i], xs.data, ys.data, xs.shape[0]);
    return data != NULL ? out : nl_value_none();
}

/* --- two arrays of one shape --- */

static bool same_shape(const nl_call *call, nl_value a, nl_value b)
{
    bool same = a.rank == b.rank;

    for (int k = 0; same && k < a.rank; k++) same = nl_extent_fits(a.shape[k], b.shape[k]);
    if (!same)
        nl_call_refuse(call, -1, NL_E_SHAPE, "`%s` needs two arrays of one shape, not %s and %s", call->row->name,
                       nl_value_shape_text(call->cx->arena, a), nl_value_shape_text(call->cx->arena, b));
    return same;
}

static double sum_of_products(const double *a, const double *b, size_t count, double a_mean, double b_mean)
{
    double *terms = nl_calloc(count + 1, sizeof *terms);

    for (size_t i = 0; i < count; i++) terms[i] = (a[i] - a_mean) * (b[i] - b_mean);
    const double sum = nl_sum(terms, count);
    free(terms);
    return sum;
}

static double cosine(const double *a, const double *b, size_t count, double a_mean, double b_mean)
{
    const double norms =
        sqrt(sum_of_products(a, a, count, a_mean, a_mean)) * sqrt(sum_of_products(b, b, count, b_mean, b_mean));

    return sum_of_products(a, b, count, a_mean, b_mean) / norms;
}

nl_value nl_func_cos_sim(const nl_call *call)
{
    nl_value a, b;

    if (!nl_call_array(call, 0, &a) || !nl_call_array(call, 1, &b) || !same_shape(call, a, b)) return nl_value_none();
    if (a.data == NULL || b.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
    return nl_value_number(call->cx->arena, cosine(a.data, b.data, nl_value_count(a), 0, 0), nl_dim_none);
}

/* The rows of a matrix with each other. */
static nl_value correlation_matrix(const nl_call *call, nl_value x)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ x.shape[0], x.shape[0] });

    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const size_t n = x.shape[0], count = x.shape[1];
    for (size_t i = 0; data != NULL && i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double *a = x.data + i * count, *b = x.data + j * count;
            const double r = cosine(a, b, count, nl_sum(a, count) / (double)count, nl_sum(b, count) / (double)count);
            data[i * n + j] = data[j * n + i] = r;
        }
    return data != NULL ? out : nl_value_none();
}

static nl_value correlations_of_trains(const nl_call *call, nl_value train)
{
    if (call->slots[1] != NULL || call->slots[2] == NULL)
        return nl_call_refuse(call, -1, NL_E_ARGUMENT, "of trains, `correlation_coefficient` needs the width of a bin: "
                                                       "correlation_coefficient(E.spikes, bin = 2 ms)");
    const nl_value counts = nl_train_binned(call, train, 2);
    return nl_value_is_none(counts) ? counts : correlation_matrix(call, counts);
}

nl_value nl_func_correlation_coefficient(const nl_call *call)
{
    nl_value a, b;

    if (call->slots[0]->value.kind == NL_KIND_TRAIN) return correlations_of_trains(call, call->slots[0]->value);
    if (!nl_call_array(call, 0, &a) || !nl_call_array(call, 1, &b)) return nl_value_none();
    if (call->slots[1] == NULL && a.rank == 2) return correlation_matrix(call, a);
    if (call->slots[1] == NULL)
        return nl_call_refuse(call, 0, NL_E_SHAPE,
                              "`correlation_coefficient` needs two arrays, or a matrix whose rows are compared");
    if (!same_shape(call, a, b)) return nl_value_none();
    if (a.data == NULL || b.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
    const size_t count = nl_value_count(a);
    const double r =
        cosine(a.data, b.data, count, nl_sum(a.data, count) / (double)count, nl_sum(b.data, count) / (double)count);
    return nl_value_number(call->cx->arena, r, nl_dim_none);
}

/* Kuramoto's order parameter along the last axis. */
nl_value nl_func_order_parameter(const nl_call *call)
{
    nl_value x;

    if (!nl_call_array(call, 0, &x)) return nl_value_none();
    if (!nl_dim_is_pure(x.dim))
        return nl_call_refuse(call, 0, NL_E_DIMENSION, "phases are pure numbers, not %s",
                              nl_dim_text(call->cx->arena, x.dim));
    if (x.rank == 0) return nl_call_refuse(call, 0, NL_E_SHAPE, "`order_parameter` needs several phases");
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, x.rank - 1, x.shape);
    if (x.is_signal && out.rank > 0) out.is_signal = true, out.times = x.times;
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const size_t count = x.shape[x.rank - 1];
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) {
        double re = 0, im = 0;
        for (size_t k = 0; k < count; k++) re += cos(x.data[i * count + k]), im += sin(x.data[i * count + k]);
        data[i] = hypot(re, im) / (double)count;
    }
    return data != NULL ? out : nl_value_none();
}

/* --- integrals --- */

/* Over a signal's own times where no positions are given. */
nl_value nl_func_trapz(const nl_call *call)
{
    nl_value y, x = { 0 };
    nl_dim dim = nl_dim_none;

    if (!nl_call_array(call, 0, &y) || (call->slots[1] != NULL && !vector(call, 1, &x))) return nl_value_none();
    if (y.rank == 0) return nl_call_refuse(call, 0, NL_E_SHAPE, "`trapz` needs an array, not a number");
    if (call->slots[1] == NULL) {
        if (!y.is_signal)
            return nl_call_refuse(call, -1, NL_E_ARGUMENT, "`trapz` needs the positions `x`, since y is not a signal");
        x = (nl_value){
            .kind = NL_KIND_NUMBER, .dim = call->cx->time_dim, .rank = 1, .shape = { y.shape[0] }, .data = y.times
        };
    }
    if (!nl_extent_fits(x.shape[0], y.shape[0]))
        return nl_call_refuse(call, 1, NL_E_SHAPE, "%zu positions and %zu values", x.shape[0], y.shape[0]);
    if (!nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ y.dim, x.dim }, 2, &dim)) dim = nl_dim_unknown;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, y.rank - 1, y.shape + 1);
    if (x.data == NULL || y.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const size_t width = nl_value_count(out);
    for (size_t i = 0; data != NULL && i + 1 < y.shape[0]; i++)
        for (size_t k = 0; k < width; k++)
            data[k] += (x.data[i + 1] - x.data[i]) * (y.data[i * width + k] + y.data[(i + 1) * width + k]) / 2;
    return data != NULL ? out : nl_value_none();
}

/* The part of the full convolution that a mode keeps. */
static bool kept_part(const nl_call *call, size_t n, size_t k, size_t *first, size_t *count)
{
    const char *mode = "full";
    const size_t longer = n > k ? n : k, shorter = n > k ? k : n;

    if (!nl_call_text(call, 2, &mode)) return false;
    *first = 0;
    *count = n + k - 1;
    if (mode == NULL || strcmp(mode, "full") == 0) return true;
    *first = strcmp(mode, "same") == 0 ? (shorter - 1) / 2 : shorter - 1;
    *count = strcmp(mode, "same") == 0 ? longer : longer - shorter + 1;
    if (strcmp(mode, "same") == 0 || strcmp(mode, "valid") == 0) return true;
    nl_call_refuse(call, 2, NL_E_ARGUMENT, "`mode` is \"full\", \"same\" or \"valid\"");
    return false;
}

nl_value nl_func_convolve(const nl_call *call)
{
    nl_value x, kernel;
    nl_dim dim;
    size_t first, count;

    if (!vector(call, 0, &x) || !vector(call, 1, &kernel)) return nl_value_none();
    if (!nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ x.dim, kernel.dim }, 2, &dim)) dim = nl_dim_unknown;
    const size_t n = x.shape[0], k = kernel.shape[0];
    if (n == 0 || k == 0) return nl_call_refuse(call, n == 0 ? 0 : 1, NL_E_DOMAIN, "`convolve` of an empty array");
    if (n == NL_UNKNOWN_SIZE || k == NL_UNKNOWN_SIZE)
        return nl_value_unknown(NL_KIND_NUMBER, dim, 1, (size_t[]){ NL_UNKNOWN_SIZE });
    if (!kept_part(call, n, k, &first, &count)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, 1, &count);
    if (x.is_signal && count == n) out.is_signal = true, out.times = x.times;
    if (x.data == NULL || kernel.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < count; i++) {
        const size_t at = i + first;
        for (size_t j = at >= n ? at - n + 1 : 0; j < k && j <= at; j++) data[i] += x.data[at - j] * kernel.data[j];
    }
    return data != NULL ? out : nl_value_none();
}
