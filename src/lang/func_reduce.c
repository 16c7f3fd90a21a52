/* Reductions of an array, or along one of its axes. */
#include "func_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* `line` is a copy of the numbers and may be changed; `extra` is the function's own argument (ddof, q). */
typedef double (*reduction)(double *line, size_t count, double extra);

static double reduce_sum(double *line, size_t count, double extra)
{
    (void)extra;
    return nl_sum(line, count);
}

static double reduce_prod(double *line, size_t count, double extra)
{
    double product = 1;

    (void)extra;
    for (size_t i = 0; i < count; i++) product *= line[i];
    return product;
}

static double reduce_mean(double *line, size_t count, double extra)
{
    (void)extra;
    return nl_sum(line, count) / (double)count;
}

static double reduce_var(double *line, size_t count, double ddof)
{
    const double mean = nl_sum(line, count) / (double)count;

    for (size_t i = 0; i < count; i++) line[i] = (line[i] - mean) * (line[i] - mean);
    return nl_sum(line, count) / fmax((double)count - ddof, 0);
}

static double reduce_std(double *line, size_t count, double ddof)
{
    return sqrt(reduce_var(line, count, ddof));
}

/* Position of the smallest element, or of the first nan. */
static double reduce_argmin(double *line, size_t count, double extra)
{
    size_t best = 0;

    (void)extra;
    for (size_t i = 0; i < count; i++) {
        if (isnan(line[i])) return (double)i;
        if (line[i] < line[best]) best = i;
    }
    return (double)best;
}

static double reduce_argmax(double *line, size_t count, double extra)
{
    for (size_t i = 0; i < count; i++) line[i] = -line[i];
    return reduce_argmin(line, count, extra);
}

static double reduce_min(double *line, size_t count, double extra)
{
    return line[(size_t)reduce_argmin(line, count, extra)];
}

static double reduce_max(double *line, size_t count, double extra)
{
    const size_t at = (size_t)reduce_argmax(line, count, extra);

    return -line[at];
}

static double reduce_any(double *line, size_t count, double extra)
{
    (void)extra;
    for (size_t i = 0; i < count; i++)
        if (line[i] != 0) return 1;
    return 0;
}

static double reduce_all(double *line, size_t count, double extra)
{
    (void)extra;
    for (size_t i = 0; i < count; i++)
        if (line[i] == 0) return 0;
    return 1;
}

/* Scaled by the largest element, so that squares neither overflow nor vanish. */
static double reduce_norm(double *line, size_t count, double extra)
{
    double largest = 0;

    (void)extra;
    for (size_t i = 0; i < count; i++) largest = isnan(line[i]) ? NAN : fmax(largest, fabs(line[i]));
    for (size_t i = 0; i < count; i++)
        if (isnan(line[i])) return NAN;
    if (largest == 0 || isinf(largest)) return largest;
    const double scale = largest > 1e100 || largest < 1e-100 ? largest : 1; /* else without this rounding */
    for (size_t i = 0; i < count; i++) line[i] = line[i] / scale * (line[i] / scale);
    return scale * sqrt(nl_sum(line, count));
}

/* Linear interpolation between the two neighbours in order; nan when an element is nan. */
static double reduce_quantile(double *line, size_t count, double q)
{
    if (count == 0) return NAN;
    nl_sort(line, count);
    if (isnan(line[count - 1])) return NAN;
    const double at = q * (double)(count - 1);
    const size_t below = (size_t)floor(at), above = below + 1 < count ? below + 1 : below;
    const double part = at - (double)below;
    return part == 0 ? line[below] : line[below] + part * (line[above] - line[below]);
}

typedef enum result_dim { OF_ELEMENTS, SQUARED, POWER_OF_COUNT, PURE_NUMBER } result_dim;

typedef struct reduction_row {
    const char *name;
    reduction reduce;
    result_dim dim;
    bool conditions;  /* takes and gives conditions */
    bool needs_some;  /* has no result for an empty array */
} reduction_row;

static const reduction_row reductions[] = {
    { "sum", reduce_sum, OF_ELEMENTS, false, false },
    { "prod", reduce_prod, POWER_OF_COUNT, false, false },
    { "mean", reduce_mean, OF_ELEMENTS, false, false },
    { "var", reduce_var, SQUARED, false, false },
    { "std", reduce_std, OF_ELEMENTS, false, false },
    { "min", reduce_min, OF_ELEMENTS, false, true },
    { "max", reduce_max, OF_ELEMENTS, false, true },
    { "argmin", reduce_argmin, PURE_NUMBER, false, true },
    { "argmax", reduce_argmax, PURE_NUMBER, false, true },
    { "any", reduce_any, PURE_NUMBER, true, false },
    { "all", reduce_all, PURE_NUMBER, true, false },
    { "norm", reduce_norm, OF_ELEMENTS, false, false },
    { "median", reduce_quantile, OF_ELEMENTS, false, false },
    { "quantile", reduce_quantile, OF_ELEMENTS, false, false },
};

static const reduction_row *row_of(const nl_call *call)
{
    size_t i = 0;

    while (strcmp(reductions[i].name, call->row->name) != 0) i++; /* every row that comes here is there */
    return &reductions[i];
}

static bool dimension_of(const nl_call *call, const reduction_row *row, nl_value x, size_t count, nl_dim *out)
{
    *out = x.dim;
    if (row->dim == PURE_NUMBER) *out = nl_dim_none;
    if (row->dim == SQUARED) return nl_dim_power(x.dim, 2, out);
    if (row->dim != POWER_OF_COUNT || nl_dim_is_pure(x.dim)) return true;
    if (count == NL_UNKNOWN_SIZE) return *out = nl_dim_unknown, true;
    if (nl_dim_power(x.dim, (double)count, out)) return true;
    nl_call_refuse(call, 0, NL_E_DIMENSION, "the dimension of a product of %zu quantities is out of range", count);
    return false;
}

static nl_value shape_without(nl_value x, int axis)
{
    nl_value out = { .kind = NL_KIND_NUMBER };

    for (int k = 0; axis >= 0 && k < x.rank; k++)
        if (k != axis) out.shape[out.rank++] = x.shape[k];
    if (axis > 0 && x.is_signal) out.is_signal = true, out.times = x.times;
    return out;
}

static void reduce_lines(nl_value x, nl_lines lines, reduction reduce, double extra, double *out)
{
    double *line = nl_calloc(lines.extent > 0 ? lines.extent : 1, sizeof *line);

    for (size_t o = 0; o < lines.outer; o++)
        for (size_t i = 0; i < lines.inner; i++) {
            for (size_t k = 0; k < lines.extent; k++) line[k] = x.data[(o * lines.extent + k) * lines.inner + i];
            out[o * lines.inner + i] = reduce(line, lines.extent, extra);
        }
    free(line);
}

static nl_value reduce_array(const nl_call *call, int axis_slot, double extra, bool known)
{
    const reduction_row *row = row_of(call);
    int axis = -1;
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_axis(call, axis_slot, x.rank, &axis)) return nl_value_none();
    if (row->conditions && x.kind != NL_KIND_BOOL)
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`%s` needs conditions, not %s; compare with something: x != 0",
                              row->name, nl_value_words(call->cx->arena, x));
    nl_value out = shape_without(x, axis);
    const size_t count = axis < 0 ? nl_value_count(x) : x.shape[axis];
    if (row->conditions) out.kind = NL_KIND_BOOL;
    if (!dimension_of(call, row, x, count, &out.dim)) return nl_value_none();
    if (count == 0 && row->needs_some && nl_value_count(out) > 0)
        return nl_call_refuse(call, 0, NL_E_DOMAIN, "`%s` of an empty array", row->name);
    if (x.data == NULL || !known) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    reduce_lines(x, nl_lines_of(x, axis), row->reduce, extra, data);
    return out;
}

nl_value nl_func_reduce(const nl_call *call)
{
    return reduce_array(call, 1, 0.5, true); /* 0.5 is read by median only */
}

nl_value nl_func_spread(const nl_call *call)
{
    double ddof = 0;
    bool known = true;

    return nl_call_real(call, 2, NULL, &ddof, &known) ? reduce_array(call, 1, ddof, known) : nl_value_none();
}

/* One quantile, or for a list of them a leading axis. */
nl_value nl_func_quantile(const nl_call *call)
{
    nl_value q, out = nl_value_none();
    nl_arg items[64];

    if (!nl_call_array(call, 1, &q)) return nl_value_none();
    if (!nl_dim_is_pure(q.dim) || q.rank > 1 || (q.rank == 1 && (q.shape[0] > NL_LEN(items) || q.data == NULL)))
        return nl_call_refuse(call, 1, NL_E_ARGUMENT, "`q` is a number from 0 to 1 or a list of up to %zu",
                              NL_LEN(items));
    const size_t count = nl_value_count(q);
    for (size_t i = 0; i < count; i++) {
        if (q.data != NULL && !(q.data[i] >= 0 && q.data[i] <= 1))
            return nl_call_refuse(call, 1, NL_E_ARGUMENT, "`q` is a number from 0 to 1, not %.10g", q.data[i]);
        out = reduce_array(call, 2, q.data != NULL ? q.data[i] : 0, q.data != NULL);
        if (nl_value_is_none(out)) return out;
        items[i] = (nl_arg){ .value = out };
    }
    return q.rank == 0 ? out : nl_value_stack(call->cx, call->span, items, count);
}
