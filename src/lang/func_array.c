/* Functions that make arrays and rearrange them. */
#include "func_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- new arrays --- */

static nl_value filled(const nl_call *call, nl_value value, double with)
{
    if (nl_value_count(value) == NL_UNKNOWN_SIZE) return value;
    double *data = nl_call_room(call, &value);
    if (data == NULL) return nl_value_none();
    for (size_t i = 0; with != 0 && i < nl_value_count(value); i++) data[i] = with;
    return value;
}

/* A zero fits every dimension. */
nl_value nl_func_zeros(const nl_call *call)
{
    nl_value out = { .kind = NL_KIND_NUMBER, .dim = nl_dim_any };

    return nl_call_shape(call, 0, &out.rank, out.shape) ? filled(call, out, 0) : nl_value_none();
}

nl_value nl_func_ones(const nl_call *call)
{
    nl_value out = { .kind = NL_KIND_NUMBER };

    return nl_call_shape(call, 0, &out.rank, out.shape) ? filled(call, out, 1) : nl_value_none();
}

nl_value nl_func_full(const nl_call *call)
{
    nl_value out = { .kind = NL_KIND_NUMBER }, value;

    if (!nl_call_shape(call, 0, &out.rank, out.shape) || !nl_call_array(call, 1, &value)) return nl_value_none();
    if (value.rank != 0) return nl_call_refuse(call, 1, NL_E_SHAPE, "`value` is a single number, not an array");
    out.kind = value.kind;
    out.dim = value.dim;
    return value.data != NULL ? filled(call, out, value.data[0]) : out;
}

nl_value nl_func_eye(const nl_call *call)
{
    long rows = 0, columns;
    bool known = true;

    if (!nl_call_whole(call, 0, 0, 1 << 30, &rows, &known)) return nl_value_none();
    columns = rows;
    if (!nl_call_whole(call, 1, 0, 1 << 30, &columns, &known)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ (size_t)rows, (size_t)columns });
    if (!known) out.shape[0] = out.shape[1] = NL_UNKNOWN_SIZE;
    double *data = known ? nl_call_room(call, &out) : NULL;
    for (long i = 0; data != NULL && i < rows && i < columns; i++) data[i * columns + i] = 1;
    return known && data == NULL ? nl_value_none() : out;
}

/* The matrix with this diagonal. */
static nl_value diagonal_matrix(const nl_call *call, nl_value x, long k)
{
    const size_t away = (size_t)labs(k), count = x.shape[0], size = count == NL_UNKNOWN_SIZE ? count : count + away;
    nl_value out = nl_value_unknown(x.kind, x.dim, 2, (size_t[]){ size, size });

    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < count; i++)
        data[(i + (k < 0 ? away : 0)) * size + i + (k > 0 ? away : 0)] = x.data[i];
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_diag(const nl_call *call)
{
    nl_value x;
    long k = 0;

    if (!nl_call_array(call, 0, &x) || !nl_call_whole(call, 1, -(1 << 30), 1 << 30, &k, NULL)) return nl_value_none();
    if (x.rank == 1) return diagonal_matrix(call, x, k);
    if (x.rank != 2)
        return nl_call_refuse(call, 0, NL_E_SHAPE, "`diag` needs a vector or a matrix, not %s",
                              nl_value_words(call->cx->arena, x));
    const size_t row = k < 0 ? (size_t)-k : 0, column = k > 0 ? (size_t)k : 0;
    const size_t rows = x.shape[0] > row ? x.shape[0] - row : 0,
                 columns = x.shape[1] > column ? x.shape[1] - column : 0;
    size_t count = rows < columns ? rows : columns;
    if (x.shape[0] == NL_UNKNOWN_SIZE || x.shape[1] == NL_UNKNOWN_SIZE) count = NL_UNKNOWN_SIZE;
    nl_value out = nl_value_unknown(x.kind, x.dim, 1, &count);
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < count; i++) data[i] = x.data[(row + i) * x.shape[1] + column + i];
    return data != NULL ? out : nl_value_none();
}

static nl_value triangle(const nl_call *call, bool upper)
{
    nl_value x;
    long k = 0;

    if (!nl_call_array(call, 0, &x) || !nl_call_whole(call, 1, -(1 << 30), 1 << 30, &k, NULL)) return nl_value_none();
    if (x.rank != 2)
        return nl_call_refuse(call, 0, NL_E_SHAPE, "`%s` needs a matrix, not %s", call->row->name,
                              nl_value_words(call->cx->arena, x));
    nl_value out = nl_value_unknown(x.kind, x.dim, 2, x.shape);
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(x); i++) {
        const long above = (long)(i % x.shape[1]) - (long)(i / x.shape[1]) - k;
        data[i] = (upper ? above >= 0 : above <= 0) ? x.data[i] : 0;
    }
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_triu(const nl_call *call) { return triangle(call, true); }
nl_value nl_func_tril(const nl_call *call) { return triangle(call, false); }

/* --- sequences --- */

/* The number of steps is rounded where it is a whole one but for rounding: arange(0, 1, 0.1) has 10 elements. */
static size_t step_count(double start, double stop, double step)
{
    const double steps = (stop - start) / step, whole = rint(steps);

    if (!(steps > 0)) return 0;
    return (size_t)(fabs(steps - whole) < 1e-9 * fmax(1, fabs(steps)) ? whole : ceil(steps));
}

nl_value nl_func_arange(const nl_call *call)
{
    double start = 0, stop = 0, step = 1;
    nl_dim dims[3] = { nl_dim_any, nl_dim_any, nl_dim_any }, dim;
    bool known = true;

    if (!nl_call_real(call, 0, &dims[0], &start, &known) || !nl_call_real(call, 1, &dims[1], &stop, &known)
        || !nl_call_real(call, 2, &dims[2], &step, &known)) return nl_value_none();
    if (call->slots[1] == NULL) {
        stop = start;
        start = 0;
    }
    if (!nl_call_alike(call, 1, dims[0], dims[1], &dim)) return nl_value_none();
    if (call->slots[2] == NULL && !nl_dim_is_pure(dim))
        return nl_call_refuse(call, -1, NL_E_ARGUMENT, "a range of quantities needs its `step`");
    if (call->slots[2] != NULL && !nl_call_alike(call, 2, dim, dims[2], &dim)) return nl_value_none();
    size_t count = NL_UNKNOWN_SIZE;
    if (known) {
        if (step == 0 || !isfinite(stop - start) || !isfinite(step) || fabs((stop - start) / step) > 1e15)
            return nl_call_refuse(call, -1, NL_E_ARGUMENT, "this range has no end");
        count = step_count(start, stop, step);
    }
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim.any ? nl_dim_none : dim, 1, &count);
    double *data = known ? nl_call_room(call, &out) : NULL;
    for (size_t i = 0; data != NULL && i < count; i++) data[i] = start + (double)i * step;
    return known && data == NULL ? nl_value_none() : out;
}

typedef enum spacing { EVEN, EXPONENTS, RATIOS } spacing;

static double spaced(spacing how, double start, double stop, double part)
{
    if (how == RATIOS) return part == 0 ? start : part == 1 ? stop : start * pow(stop / start, part);
    const double x = part == 1 ? stop : start + part * (stop - start);
    return how == EXPONENTS ? pow(10, x) : x;
}

static nl_value space(const nl_call *call, spacing how)
{
    double start = 0, stop = 0;
    long count = 0;
    nl_dim a = nl_dim_none, b = nl_dim_none, dim;
    bool known = true, count_known = true, endpoint = true;

    if (!nl_call_real(call, 0, how == EXPONENTS ? NULL : &a, &start, &known)
        || !nl_call_real(call, 1, how == EXPONENTS ? NULL : &b, &stop, &known)
        || !nl_call_whole(call, 2, 0, 1l << 40, &count, &count_known) || !nl_call_flag(call, 3, &endpoint)
        || !nl_call_alike(call, 1, a, b, &dim)) return nl_value_none();
    if (how == RATIOS && known && !(start * stop > 0))
        return nl_call_refuse(call, -1, NL_E_ARGUMENT, "both ends of `geomspace` have one sign, and neither is 0");
    const size_t extent = count_known ? (size_t)count : NL_UNKNOWN_SIZE;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, 1, &extent);
    if (!known || !count_known) return out;
    double *data = nl_call_room(call, &out);
    const double steps = fmax(1, (double)(count - endpoint));
    for (long i = 0; data != NULL && i < count; i++) data[i] = spaced(how, start, stop, (double)i / steps);
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_linspace(const nl_call *call) { return space(call, EVEN); }
nl_value nl_func_logspace(const nl_call *call) { return space(call, EXPONENTS); }
nl_value nl_func_geomspace(const nl_call *call) { return space(call, RATIOS); }

/* --- shapes --- */

nl_value nl_func_shape(const nl_call *call)
{
    const nl_value x = call->slots[0]->value;
    double extents[NL_RANK];
    bool known = true;

    if (x.kind == NL_KIND_TEXT || x.kind == NL_KIND_TABLE)
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "%s has no shape", nl_value_words(call->cx->arena, x));
    for (int k = 0; k < x.rank; k++) {
        extents[k] = (double)x.shape[k];
        known = known && x.shape[k] != NL_UNKNOWN_SIZE;
    }
    const size_t rank = (size_t)x.rank;
    if (!known) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &rank);
    return nl_value_array(call->cx->arena, NL_KIND_NUMBER, nl_dim_none, 1, &rank, extents);
}

static nl_value count_value(const nl_call *call, size_t count)
{
    if (count == NL_UNKNOWN_SIZE) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
    return nl_value_number(call->cx->arena, (double)count, nl_dim_none);
}

nl_value nl_func_size(const nl_call *call)
{
    const nl_value x = call->slots[0]->value;

    if (x.kind == NL_KIND_TEXT || x.kind == NL_KIND_TABLE || x.kind == NL_KIND_TRAIN)
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "%s has no size", nl_value_words(call->cx->arena, x));
    return count_value(call, nl_value_count(x));
}

nl_value nl_func_len(const nl_call *call)
{
    const nl_value x = call->slots[0]->value;

    if (x.kind == NL_KIND_TEXT || x.kind == NL_KIND_TABLE || x.kind == NL_KIND_TRAIN || x.rank == 0)
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "%s has no length", nl_value_words(call->cx->arena, x));
    return count_value(call, x.shape[0]);
}

static nl_value plain(nl_value x)
{
    x.is_signal = false;
    x.times = NULL;
    return x;
}

nl_value nl_func_ravel(const nl_call *call)
{
    nl_value x;

    if (!nl_call_array(call, 0, &x)) return nl_value_none();
    const size_t count = nl_value_count(x);
    nl_value out = nl_value_unknown(x.kind, x.dim, 1, &count);
    out.data = x.data;
    return out;
}

/* The one extent -1 follows from the others. */
static bool complete_shape(const nl_call *call, nl_value x, nl_value wanted, nl_value *out)
{
    const size_t count = nl_value_count(x);
    size_t rest = 1;
    int open = -1;

    out->rank = wanted.rank == 0 ? 1 : (int)wanted.shape[0];
    for (int k = 0; k < out->rank; k++) {
        const double extent = wanted.data[k];

        if (extent == -1 && open < 0) open = k;
        else if (extent < 0 || extent != rint(extent) || extent > 1e15)
            return nl_call_refuse(call, 1, NL_E_ARGUMENT, "an extent is a whole number; one of them may be -1"), false;
        else if (__builtin_mul_overflow(rest, out->shape[k] = (size_t)extent, &rest)) rest = NL_UNKNOWN_SIZE - 1;
    }
    if (count == NL_UNKNOWN_SIZE) {
        if (open >= 0) out->shape[open] = NL_UNKNOWN_SIZE;
        return true;
    }
    if (open >= 0 && rest > 0 && count % rest == 0) out->shape[open] = count / rest;
    else if (open >= 0 || rest != count)
        return nl_call_refuse(call, 1, NL_E_SHAPE, "an array %s has %zu elements, which do not fill this shape",
                              nl_value_shape_text(call->cx->arena, x), count), false;
    return true;
}

nl_value nl_func_reshape(const nl_call *call)
{
    nl_value x, wanted;

    if (!nl_call_array(call, 0, &x) || !nl_call_array(call, 1, &wanted)) return nl_value_none();
    if (wanted.rank > 1 || (wanted.rank == 1 && wanted.shape[0] > NL_RANK) || !nl_dim_is_pure(wanted.dim))
        return nl_call_refuse(call, 1, NL_E_ARGUMENT, "a shape is a whole number or a list of up to %d", NL_RANK);
    if (wanted.data == NULL) return nl_call_refuse(call, 1, NL_E_ARGUMENT, "the shape has to be known before the run");
    nl_value out = nl_value_unknown(x.kind, x.dim, 0, NULL);
    if (!complete_shape(call, x, wanted, &out)) return nl_value_none();
    out.data = x.data;
    return out;
}

static bool axis_order(const nl_call *call, int rank, int order[NL_RANK])
{
    bool used[NL_RANK] = { false };
    nl_value axes;

    for (int k = 0; k < rank; k++) order[k] = rank - 1 - k;
    if (call->slots[1] == NULL) return true;
    if (!nl_call_array(call, 1, &axes)) return false;
    bool fits = axes.rank == 1 && axes.shape[0] == (size_t)rank && axes.data != NULL;
    for (int k = 0; fits && k < rank; k++) {
        const double axis = axes.data[k] < 0 ? axes.data[k] + rank : axes.data[k];
        fits = axis >= 0 && axis < rank && axis == rint(axis) && !used[(int)axis];
        if (fits) used[order[k] = (int)axis] = true;
    }
    if (!fits) nl_call_refuse(call, 1, NL_E_ARGUMENT, "`axes` names each of the %d axes once", rank);
    return fits;
}

nl_value nl_func_transpose(const nl_call *call)
{
    int order[NL_RANK];
    size_t strides[NL_RANK], index[NL_RANK] = { 0 };
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !axis_order(call, x.rank, order)) return nl_value_none();
    nl_value out = nl_value_unknown(x.kind, x.dim, x.rank, x.shape);
    for (int k = 0; k < x.rank; k++) out.shape[k] = x.shape[order[k]];
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    nl_shape_strides(x, x.rank, strides);
    for (size_t i = 0; data != NULL && i < nl_value_count(x); i++) {
        size_t at = 0;
        for (int k = 0; k < x.rank; k++) at += index[k] * strides[order[k]];
        data[i] = x.data[at];
        for (int k = x.rank - 1; k >= 0 && ++index[k] == out.shape[k]; k--) index[k] = 0;
    }
    return data != NULL ? out : nl_value_none();
}

/* --- joining --- */

/* The arguments, or the items of a single one that is a list or has axes to spare. */
static const nl_arg *parts_of(const nl_call *call, size_t *count)
{
    const nl_arg *only = call->parts;
    const nl_value first = call->part_count > 0 ? only->value : nl_value_none();

    *count = call->part_count;
    if (*count != 1 || !(first.kind == NL_KIND_LIST || (nl_value_is_array(first) && first.rank > 1)))
        return call->parts;
    *count = nl_value_item_count(first);
    if (*count == NL_UNKNOWN_SIZE) {
        nl_call_refuse(call, -1, NL_E_ARGUMENT, "the number of parts has to be known before the run");
        return NULL;
    }
    nl_arg *items = NL_NEW_ARRAY(call->cx->arena, nl_arg, *count + 1);
    for (size_t i = 0; i < *count; i++) items[i] = (nl_arg){ .value = nl_value_item(first, i), .span = only->span };
    return items;
}

static bool join_fits(const nl_call *call, nl_value first, nl_value part, nl_span span, int axis)
{
    bool fits = nl_value_is_array(part) && part.rank == first.rank;

    for (int k = 0; fits && k < first.rank; k++) fits = k == axis || nl_extent_fits(part.shape[k], first.shape[k]);
    if (!fits)
        nl_diag_add(call->cx->diags, NL_E_SHAPE, span, "%s does not fit behind %s along axis %d",
                    nl_value_words(call->cx->arena, part), nl_value_words(call->cx->arena, first), axis);
    return fits;
}

/* Adds the shape and type of one part to those of the result. */
static bool join_one(const nl_call *call, nl_value *out, nl_value part, nl_span span, int axis)
{
    if (!nl_dim_equal(out->dim, part.dim)) {
        nl_diag_add(call->cx->diags, NL_E_DIMENSION, span, "this part is %s; those before it are %s",
                    nl_dim_text(call->cx->arena, part.dim), nl_dim_text(call->cx->arena, out->dim));
        return false;
    }
    out->dim = nl_dim_common(out->dim, part.dim);
    if (part.kind == NL_KIND_NUMBER) out->kind = NL_KIND_NUMBER;
    if (out->shape[axis] == NL_UNKNOWN_SIZE || part.shape[axis] == NL_UNKNOWN_SIZE) out->shape[axis] = NL_UNKNOWN_SIZE;
    else out->shape[axis] += part.shape[axis];
    return true;
}

static nl_value join(const nl_call *call, nl_arg *parts, size_t count, int axis)
{
    nl_value out = plain(parts[0].value);
    bool known = true;
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        known = known && nl_value_known(parts[i].value);
        if (!join_fits(call, parts[0].value, parts[i].value, parts[i].span, axis)) return nl_value_none();
        if (i > 0 && !join_one(call, &out, parts[i].value, parts[i].span, axis)) return nl_value_none();
    }
    out.data = NULL;
    if (!known) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    const nl_lines whole = nl_lines_of(out, axis);
    for (size_t i = 0; i < count; i++) {
        const nl_lines lines = nl_lines_of(parts[i].value, axis);
        const size_t run = lines.extent * lines.inner;

        for (size_t o = 0; run > 0 && o < lines.outer; o++)
            memcpy(data + o * whole.extent * whole.inner + at, parts[i].value.data + o * run, run * sizeof *data);
        at += run;
    }
    return out;
}

nl_value nl_func_concat(const nl_call *call)
{
    size_t count;
    int axis = 0, rank = 1;
    const nl_arg *given = parts_of(call, &count);

    if (given == NULL) return nl_value_none();
    if (count == 0) return nl_call_refuse(call, -1, NL_E_ARGUMENT, "`concat` needs at least one array");
    nl_arg *parts = NL_NEW_ARRAY(call->cx->arena, nl_arg, count);
    for (size_t i = 0; i < count; i++) {
        parts[i] = given[i];
        if (nl_value_is_scalar(parts[i].value)) parts[i].value.rank = 1, parts[i].value.shape[0] = 1;
        if (nl_value_is_array(parts[i].value) && parts[i].value.rank > rank) rank = parts[i].value.rank;
    }
    return nl_call_axis(call, 1, rank, &axis) ? join(call, parts, count, axis) : nl_value_none();
}

/* Along a new axis. */
nl_value nl_func_stack(const nl_call *call)
{
    size_t count;
    int axis = 0;
    const nl_arg *given = parts_of(call, &count);

    if (given == NULL) return nl_value_none();
    if (count == 0 || !nl_value_is_array(given[0].value))
        return nl_call_refuse(call, -1, NL_E_ARGUMENT, "`stack` needs arrays of one shape");
    const int rank = given[0].value.rank;
    if (rank == NL_RANK) return nl_call_refuse(call, -1, NL_E_SHAPE, "the result has more than %d axes", NL_RANK);
    if (!nl_call_axis(call, 1, rank + 1, &axis)) return nl_value_none();
    nl_arg *parts = NL_NEW_ARRAY(call->cx->arena, nl_arg, count);
    memcpy(parts, given, count * sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        nl_value *value = &parts[i].value;

        if (value->rank != rank) return join_fits(call, given[0].value, *value, given[i].span, axis), nl_value_none();
        memmove(value->shape + axis + 1, value->shape + axis, (size_t)(rank - axis) * sizeof *value->shape);
        value->shape[axis] = 1;
        value->rank++;
    }
    return join(call, parts, count, axis);
}

/* --- along lines --- */

/* `line` in, `out` out, both of `count` numbers; `extra` is the function's own argument. */
typedef void (*line_function)(const double *line, double *out, size_t count, long extra);

static nl_value along(const nl_call *call, nl_value x, int axis, line_function function, long extra, nl_dim dim)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, x.rank, x.shape);

    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    const nl_lines lines = nl_lines_of(x, axis);
    double *line = nl_calloc(2 * lines.extent + 1, sizeof *line), *result = line + lines.extent;
    for (size_t o = 0; o < lines.outer; o++)
        for (size_t i = 0; i < lines.inner; i++) {
            const size_t first = o * lines.extent * lines.inner + i;

            for (size_t k = 0; k < lines.extent; k++) line[k] = x.data[first + k * lines.inner];
            function(line, result, lines.extent, extra);
            for (size_t k = 0; k < lines.extent; k++) data[first + k * lines.inner] = result[k];
        }
    free(line);
    return out;
}

static void line_cumsum(const double *line, double *out, size_t count, long extra)
{
    double sum = 0;

    (void)extra;
    for (size_t i = 0; i < count; i++) out[i] = sum += line[i];
}

static void line_sort(const double *line, double *out, size_t count, long extra)
{
    (void)extra;
    memcpy(out, line, count * sizeof *out);
    nl_sort(out, count);
}

/* Ascending, nan last; equal elements in their order. */
static int compare_at(const void *a, const void *b, void *user)
{
    const double *line = user, i = *(const double *)a, j = *(const double *)b, x = line[(size_t)i], y = line[(size_t)j];

    if (isnan(x) != isnan(y)) return isnan(x) - isnan(y);
    if (x != y && !isnan(x)) return x < y ? -1 : 1;
    return i < j ? -1 : i > j;
}

static void line_argsort(const double *line, double *out, size_t count, long extra)
{
    (void)extra;
    for (size_t i = 0; i < count; i++) out[i] = (double)i;
    if (count > 1) qsort_r(out, count, sizeof *out, compare_at, (void *)(uintptr_t)line);
}

static void line_flip(const double *line, double *out, size_t count, long extra)
{
    (void)extra;
    for (size_t i = 0; i < count; i++) out[i] = line[count - 1 - i];
}

static void line_roll(const double *line, double *out, size_t count, long shift)
{
    const long size = (long)count;

    for (long i = 0; i < size; i++) out[((i + shift) % size + size) % size] = line[i];
}

nl_value nl_func_cumsum(const nl_call *call)
{
    int axis = 0;
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_axis(call, 1, x.rank, &axis)) return nl_value_none();
    if (x.rank == 0) axis = -1;
    nl_value out = along(call, x, axis, line_cumsum, 0, x.dim);
    out.is_signal = x.is_signal && !nl_value_is_none(out);
    out.times = out.is_signal ? x.times : NULL;
    return out;
}

static nl_value order(const nl_call *call, line_function function, bool pure)
{
    int axis = -2; /* the last */
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_axis(call, 1, x.rank, &axis)) return nl_value_none();
    return along(call, x, axis, function, 0, pure ? nl_dim_none : x.dim);
}

nl_value nl_func_sort(const nl_call *call) { return order(call, line_sort, false); }
nl_value nl_func_argsort(const nl_call *call) { return order(call, line_argsort, true); }

nl_value nl_func_flip(const nl_call *call)
{
    int axis = -1;
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_axis(call, 1, x.rank, &axis)) return nl_value_none();
    nl_value out = along(call, x, axis, line_flip, 0, x.dim);
    if (!nl_value_is_none(out)) out.kind = x.kind;
    return out;
}

nl_value nl_func_roll(const nl_call *call)
{
    int axis = -1;
    long shift = 0;
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_whole(call, 1, -(1l << 40), 1l << 40, &shift, NULL)
        || !nl_call_axis(call, 2, x.rank, &axis)) return nl_value_none();
    nl_value out = along(call, x, axis, line_roll, shift, x.dim);
    if (!nl_value_is_none(out)) out.kind = x.kind;
    return out;
}

nl_value nl_func_diff(const nl_call *call)
{
    int axis = -2;
    nl_value x;

    if (!nl_call_array(call, 0, &x)) return nl_value_none();
    if (x.is_signal) axis = 0; /* successive samples */
    if (!nl_call_axis(call, 1, x.rank, &axis)) return nl_value_none();
    if (axis < 0) return nl_call_refuse(call, 0, NL_E_SHAPE, "`diff` needs an array, not a number");
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, x.dim, x.rank, x.shape);
    if (x.shape[axis] != NL_UNKNOWN_SIZE) out.shape[axis] = x.shape[axis] > 0 ? x.shape[axis] - 1 : 0;
    if (x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const nl_lines from = nl_lines_of(x, axis), to = nl_lines_of(out, axis);
    for (size_t o = 0; data != NULL && o < to.outer; o++)
        for (size_t k = 0; k < to.extent * to.inner; k++) {
            const double *at = x.data + o * from.extent * from.inner + k;
            data[o * to.extent * to.inner + k] = at[from.inner] - at[0];
        }
    return data != NULL ? out : nl_value_none();
}

/* --- choosing and repeating --- */

nl_value nl_func_unique(const nl_call *call)
{
    nl_value x;
    size_t kept = 0, unknown = NL_UNKNOWN_SIZE;

    if (!nl_call_array(call, 0, &x)) return nl_value_none();
    if (x.data == NULL) return nl_value_unknown(x.kind, x.dim, 1, &unknown);
    const size_t count = nl_value_count(x);
    nl_value out = nl_value_array(call->cx->arena, x.kind, x.dim, 1, &count, x.data);
    double *data = (double *)(uintptr_t)out.data; /* our own copy */
    nl_sort(data, count);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || data[i] != data[kept - 1]) data[kept++] = data[i];
    out.shape[0] = kept;
    return out;
}

nl_value nl_func_nonzero(const nl_call *call)
{
    nl_value x;
    size_t kept = NL_UNKNOWN_SIZE;

    if (!nl_call_array(call, 0, &x)) return nl_value_none();
    if (x.rank != 1)
        return nl_call_refuse(call, 0, NL_E_SHAPE, "`nonzero` needs a vector, not %s",
                              nl_value_words(call->cx->arena, x));
    if (x.data != NULL) kept = 0;
    for (size_t i = 0; x.data != NULL && i < x.shape[0]; i++) kept += x.data[i] != 0;
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &kept);
    double *data = x.data != NULL ? nl_call_room(call, &out) : NULL;
    for (size_t i = 0, at = 0; data != NULL && i < x.shape[0]; i++)
        if (x.data[i] != 0) data[at++] = (double)i;
    return out;
}

nl_value nl_func_where(const nl_call *call)
{
    const nl_arg args[] = { *call->slots[0], *call->slots[1], *call->slots[2] };

    return nl_value_map(call->cx, call->span, NL_OP_IF, args, 3);
}

/* Every element n times along an axis, or (tile) the whole n times. */
static nl_value repeat(const nl_call *call, bool whole)
{
    int axis = whole ? 0 : -1;
    long times = 0;
    bool known = true;
    nl_value x;

    if (!nl_call_array(call, 0, &x) || !nl_call_whole(call, 1, 0, 1l << 40, &times, &known)
        || !nl_call_axis(call, 2, x.rank, &axis)) return nl_value_none();
    nl_value out = nl_value_unknown(x.kind, x.dim, x.rank, x.shape);
    if (x.rank == 0) axis = -1;
    if (axis < 0) out.rank = 1, out.shape[0] = nl_value_count(x);
    size_t *extent = &out.shape[axis < 0 ? 0 : axis];
    if (!known || *extent == NL_UNKNOWN_SIZE) *extent = NL_UNKNOWN_SIZE;
    else if (__builtin_mul_overflow(*extent, (size_t)times, extent)) *extent = NL_UNKNOWN_SIZE - 1;
    if (!known || x.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    const nl_lines lines = nl_lines_of(x, axis);
    const size_t longer = lines.extent * (size_t)times;
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) {
        const size_t inner = i % lines.inner, k = i / lines.inner % longer, outer = i / lines.inner / longer;
        const size_t from = whole ? k % lines.extent : k / (size_t)times;
        data[i] = x.data[(outer * lines.extent + from) * lines.inner + inner];
    }
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_repeat(const nl_call *call) { return repeat(call, false); }
nl_value nl_func_tile(const nl_call *call) { return repeat(call, true); }
