/* Signals and tables as functions of time. */
#include "value_impl.h"

#include <math.h>
#include <string.h>

/* The last sample at or before t, by bisection; times ascend. */
static size_t sample_before(const double *times, size_t count, double t)
{
    size_t lo = 0, hi = count;

    while (hi - lo > 1) {
        const size_t middle = lo + (hi - lo) / 2;

        if (times[middle] <= t) lo = middle;
        else hi = middle;
    }
    return lo;
}

/* A time that is off the ends by rounding only is one of the ends. */
static bool clamp_to_ends(const double *times, size_t count, double *t)
{
    const double first = times[0], last = times[count - 1], room = 1e-9 * fmax(fabs(first), fabs(last));

    if (!(*t >= first - room && *t <= last + room)) return false;
    *t = fmin(fmax(*t, first), last);
    return true;
}

/* One row at time t: linear between samples; a condition keeps the value of the sample before. */
static bool signal_row(nl_value signal, double t, size_t width, double *out)
{
    const size_t count = signal.shape[0];

    if (count == 0 || !clamp_to_ends(signal.times, count, &t)) return false;
    const size_t at = sample_before(signal.times, count, t);
    const double *row = signal.data + at * width, *next = row + (at + 1 < count ? width : 0);
    const double gap = at + 1 < count ? signal.times[at + 1] - signal.times[at] : 0;
    const double part = gap > 0 && signal.kind == NL_KIND_NUMBER ? (t - signal.times[at]) / gap : 0;
    for (size_t k = 0; k < width; k++) out[k] = part == 0 ? row[k] : row[k] + part * (next[k] - row[k]);
    return true;
}

size_t nl_table_row(size_t rows, double dt, double t)
{
    const double row = floor(t / dt), last = (double)(rows - 1);

    return row > 0 ? (size_t)fmin(row, last) : 0;
}

static void table_row(nl_value table, double t, size_t width, double *out)
{
    const double late = t + 1e-9 * table.table_dt; /* t may be a rounded multiple */
    const size_t row = nl_table_row(table.shape[0], table.table_dt, late);

    memcpy(out, table.data + row * width, width * sizeof *out);
}

static bool check_call(nl_eval_context *cx, nl_span span, nl_value base, nl_value at)
{
    if (base.kind != NL_KIND_TABLE && !base.is_signal) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "%s is not a function of time", nl_value_words(cx->arena, base));
        return false;
    }
    if (at.kind != NL_KIND_NUMBER) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "%s is not a time", nl_value_words(cx->arena, at));
        return false;
    }
    if (nl_dim_equal(at.dim, cx->time_dim)) return true;
    nl_diag_add(cx->diags, NL_E_DIMENSION, span, "a time is needed here, not %s", nl_dim_text(cx->arena, at.dim));
    return false;
}

nl_value nl_value_at_time(nl_eval_context *cx, nl_span span, nl_value base, nl_value at)
{
    nl_value out = { .kind = base.kind == NL_KIND_BOOL ? NL_KIND_BOOL : NL_KIND_NUMBER,
                     .dim = base.dim,
                     .rank = at.rank };
    size_t width = 1;

    if (nl_value_is_none(base) || nl_value_is_none(at) || !check_call(cx, span, base, at)) return nl_value_none();
    if (at.rank + base.rank - 1 > NL_RANK) {
        nl_diag_add(cx->diags, NL_E_SHAPE, span, "the result has more than %d axes", NL_RANK);
        return nl_value_none();
    }
    memcpy(out.shape, at.shape, sizeof out.shape);
    for (int k = 1; k < base.rank; k++) {
        width *= base.shape[k];
        out.shape[out.rank++] = base.shape[k];
    }
    if (base.data == NULL || at.data == NULL || (base.is_signal && base.times == NULL)) return out;
    double *data = nl_value_room(cx, span, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(at); i++) {
        if (base.kind == NL_KIND_TABLE) table_row(base, at.data[i], width, data + i * width);
        else if (!signal_row(base, at.data[i], width, data + i * width)) {
            const size_t count = base.shape[0];
            nl_diag_add(cx->diags, NL_E_DOMAIN, span,
                        "the signal has no value at %.10g: it was sampled from %.10g to %.10g", at.data[i],
                        count > 0 ? base.times[0] : NAN, count > 0 ? base.times[count - 1] : NAN);
            return nl_value_none();
        }
    }
    return data != NULL ? out : nl_value_none();
}
