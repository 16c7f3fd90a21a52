/* Functions of trains.  Those of a population give one value for each neuron, in its shape; a vector of times, such as
 * crossings() gives, is the train of a single one, whose window is not known. */
#include "func_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool ascends(nl_value times)
{
    for (size_t i = 1; i < times.shape[0]; i++)
        if (!(times.data[i] >= times.data[i - 1])) return false;
    return true;
}

static nl_value train_of_times(const nl_call *call, nl_value times)
{
    if (times.data == NULL) return nl_value_unknown(NL_KIND_TRAIN, times.dim, 0, NULL);
    const size_t count = times.shape[0];
    const nl_train train = {
        .count = count,
        .times = times.data,
        .ids = NL_NEW_ARRAY(call->cx->arena, uint32_t, count + 1),
        .begin = NAN,
        .end = NAN,
    };
    return nl_value_train(call->cx->arena, times.dim, 0, NULL, train);
}

/* A train, or times that are one; false with a diagnostic. */
static bool train(const nl_call *call, int slot, nl_value *out)
{
    const nl_value x = call->slots[slot]->value;

    *out = x;
    if (x.kind == NL_KIND_TRAIN) return true;
    if (x.kind != NL_KIND_NUMBER || x.rank != 1 || x.is_signal || !nl_dim_equal(x.dim, call->cx->time_dim)) {
        nl_call_refuse(call, slot, NL_E_VALUE_KIND, "`%s` needs a train of spikes, such as E.spikes, not %s",
                       call->row->name, nl_value_words(call->cx->arena, x));
        return false;
    }
    if (x.data != NULL && !ascends(x)) {
        nl_call_refuse(call, slot, NL_E_DOMAIN, "the times of a train ascend");
        return false;
    }
    *out = train_of_times(call, x);
    return true;
}

static nl_value per_neuron(nl_value train, nl_dim dim)
{
    return nl_value_unknown(NL_KIND_NUMBER, dim, train.rank, train.shape);
}

static nl_dim rate_dim(const nl_call *call)
{
    nl_dim dim = nl_dim_none;

    (void)nl_dim_apply(NL_DIM_QUOTIENT, (nl_dim[]){ nl_dim_none, call->cx->time_dim }, 2, &dim);
    return dim;
}

static double *count_spikes(const nl_call *call, nl_value spikes, nl_value *out)
{
    double *data = nl_call_room(call, out);

    for (size_t i = 0; data != NULL && i < spikes.train->count; i++) data[spikes.train->ids[i] - spikes.train->first]++;
    return data;
}

nl_value nl_func_count(const nl_call *call)
{
    nl_value spikes;

    if (!train(call, 0, &spikes)) return nl_value_none();
    nl_value out = per_neuron(spikes, nl_dim_none);
    return spikes.train == NULL || count_spikes(call, spikes, &out) != NULL ? out : nl_value_none();
}

/* The train of one neuron where a number is given. */
static bool one_neuron(const nl_call *call, int slot, nl_value *spikes)
{
    if (call->slots[slot] == NULL) return true;
    const nl_index index = { .value = call->slots[slot]->value, .span = call->slots[slot]->span };

    *spikes = nl_value_index(call->cx, call->slots[slot]->span, *spikes, &index, 1);
    return !nl_value_is_none(*spikes);
}

nl_value nl_func_times(const nl_call *call)
{
    nl_value spikes;

    if (!train(call, 0, &spikes) || !one_neuron(call, 1, &spikes)) return nl_value_none();
    if (spikes.train == NULL) return nl_value_unknown(NL_KIND_NUMBER, spikes.dim, 1, (size_t[]){ NL_UNKNOWN_SIZE });
    return nl_value_array(call->cx->arena, NL_KIND_NUMBER, spikes.dim, 1, &spikes.train->count, spikes.train->times);
}

nl_value nl_func_ids(const nl_call *call)
{
    nl_value spikes;

    if (!train(call, 0, &spikes)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, (size_t[]){ NL_UNKNOWN_SIZE });
    if (spikes.train == NULL) return out;
    out.shape[0] = spikes.train->count;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < spikes.train->count; i++) data[i] = spikes.train->ids[i];
    return data != NULL ? out : nl_value_none();
}

/* --- windows --- */

/* Whether [t0, t1) was recorded: a rate over more would be too low. */
static bool is_recorded(const nl_call *call, const nl_train *spikes, double t0, double t1)
{
    nl_eval_context *cx = call->cx;

    if (!(t0 < t1)) {
        nl_call_refuse(call, -1, NL_E_DOMAIN, "`%s` needs a window that has a length", call->row->name);
        return false;
    }
    if (isnan(spikes->begin) || (nl_time_reached(t0, spikes->begin) && nl_time_reached(spikes->end, t1))) return true;
    nl_call_refuse(call, -1, NL_E_DOMAIN, "the train was recorded from %s to %s only",
                   nl_value_show(cx->arena, nl_value_number(cx->arena, spikes->begin, cx->time_dim), NULL),
                   nl_value_show(cx->arena, nl_value_number(cx->arena, spikes->end, cx->time_dim), NULL));
    return false;
}

/* The part of a train between two arguments, or all of it; its window has a length.  *known false: nothing is told. */
static bool window(const nl_call *call, int slot, nl_value *spikes, bool *known)
{
    double t0 = NAN, t1 = NAN;

    *known = spikes->train != NULL;
    if (!nl_call_time(call, slot, &t0, known) || !nl_call_time(call, slot + 1, &t1, known)) return false;
    if (!*known) return true;
    if (isnan(spikes->train->begin) && (isnan(t0) || isnan(t1))) {
        nl_call_refuse(call, -1, NL_E_ARGUMENT, "the window of these times is not known: `%s` needs t0 and t1",
                       call->row->name);
        return false;
    }
    const bool all = isnan(t0) && isnan(t1);
    if (isnan(t0)) t0 = spikes->train->begin;
    if (isnan(t1)) t1 = spikes->train->end;
    if (!is_recorded(call, spikes->train, t0, t1)) return false;
    if (all) return true;
    *spikes = nl_train_between(call->cx->arena, *spikes, t0, t1);
    nl_train part = *spikes->train;
    part.begin = t0; /* not off by rounding, and known */
    part.end = t1;
    *spikes = nl_value_train(call->cx->arena, spikes->dim, spikes->rank, spikes->shape, part);
    return true;
}

nl_value nl_func_rate(const nl_call *call)
{
    nl_value spikes;
    bool known;

    if (!train(call, 0, &spikes) || !window(call, 1, &spikes, &known)) return nl_value_none();
    nl_value out = per_neuron(spikes, rate_dim(call));
    if (!known) return out;
    double *data = count_spikes(call, spikes, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) data[i] /= spikes.train->end - spikes.train->begin;
    return data != NULL ? out : nl_value_none();
}

nl_value nl_train_time_slice(const nl_call *call, nl_value spikes)
{
    double t0 = 0, t1 = 0;
    bool known = spikes.train != NULL;

    if (!nl_call_time(call, 1, &t0, &known) || !nl_call_time(call, 2, &t1, &known)) return nl_value_none();
    if (known) return nl_train_between(call->cx->arena, spikes, t0, t1);
    spikes.train = NULL;
    return spikes;
}

/* Variance of the counts over their mean, across neurons. */
nl_value nl_func_fanofactor(const nl_call *call)
{
    nl_value spikes;
    double squares = 0;

    if (!train(call, 0, &spikes)) return nl_value_none();
    if (spikes.train == NULL) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
    nl_value counts = per_neuron(spikes, nl_dim_none);
    const double *data = count_spikes(call, spikes, &counts);
    if (data == NULL) return nl_value_none();
    const size_t n = nl_value_count(counts);
    const double mean = nl_sum(data, n) / (double)n;
    for (size_t i = 0; i < n; i++) squares += (data[i] - mean) * (data[i] - mean);
    return nl_value_number(call->cx->arena, squares / (double)n / mean, nl_dim_none);
}

/* --- intervals --- */

/* Where the spikes of each neuron begin when they are sorted by neuron; starts[count] is the end. */
static size_t *starts_of(nl_arena *arena, const nl_train *spikes, size_t count)
{
    size_t *starts = NL_NEW_ARRAY(arena, size_t, count + 2);

    for (size_t i = 0; i < spikes->count; i++) starts[spikes->ids[i] - spikes->first + 1]++;
    for (size_t k = 0; k < count; k++) starts[k + 1] += starts[k];
    return starts;
}

static double *sorted_times(nl_arena *arena, const nl_train *spikes, const size_t *starts, size_t count)
{
    double *times = NL_NEW_ARRAY(arena, double, spikes->count + 1);
    size_t *next = NL_NEW_ARRAY(arena, size_t, count + 1);

    memcpy(next, starts, count * sizeof *next);
    for (size_t i = 0; i < spikes->count; i++) times[next[spikes->ids[i] - spikes->first]++] = spikes->times[i];
    return times;
}

static nl_value intervals(nl_arena *arena, nl_dim dim, const double *times, size_t count)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, 1, (size_t[]){ count > 1 ? count - 1 : 0 });
    double *data = NL_NEW_ARRAY(arena, double, count + 1);

    for (size_t i = 0; i + 1 < count; i++) data[i] = times[i + 1] - times[i];
    out.data = data;
    return out;
}

static nl_value unknown_intervals(nl_dim dim)
{
    return nl_value_unknown(NL_KIND_NUMBER, dim, 1, (size_t[]){ NL_UNKNOWN_SIZE });
}

/* A list with the intervals of each neuron. */
static nl_value list_of_intervals(const nl_call *call, nl_value spikes)
{
    nl_arena *arena = call->cx->arena;
    const size_t count = nl_value_count(spikes);
    nl_value *items = NL_NEW_ARRAY(arena, nl_value, count + 1);
    nl_value list = nl_value_unknown(NL_KIND_LIST, nl_dim_none, 1, &count);

    list.items = items;
    for (size_t k = 0; k < count; k++) items[k] = unknown_intervals(spikes.dim);
    if (spikes.train == NULL) return list;
    const size_t *starts = starts_of(arena, spikes.train, count);
    const double *times = sorted_times(arena, spikes.train, starts, count);
    for (size_t k = 0; k < count; k++)
        items[k] = intervals(arena, spikes.dim, times + starts[k], starts[k + 1] - starts[k]);
    return list;
}

nl_value nl_func_isi(const nl_call *call)
{
    nl_value spikes;

    if (!train(call, 0, &spikes)) return nl_value_none();
    if (nl_value_count(spikes) == NL_UNKNOWN_SIZE) return nl_value_unknown(NL_KIND_LIST, nl_dim_none, 1, spikes.shape);
    if (spikes.rank > 0) return list_of_intervals(call, spikes);
    if (spikes.train == NULL) return unknown_intervals(spikes.dim);
    return intervals(call->cx->arena, spikes.dim, spikes.train->times, spikes.train->count);
}

/* Standard deviation over mean; nan of fewer than two intervals, which do not vary. */
static double variation(const double *x, size_t count)
{
    const double mean = nl_sum(x, count) / (double)count;
    double squares = 0;

    if (count < 2) return NAN;
    for (size_t i = 0; i < count; i++) squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (double)count) / mean;
}

static bool is_intervals(nl_value x) { return nl_value_is_array(x) && x.rank == 1; }

static nl_value variations(const nl_call *call, nl_value list)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, (size_t[]){ NL_UNKNOWN_SIZE });

    for (size_t i = 0; list.items != NULL && i < list.shape[0]; i++)
        if (!is_intervals(list.items[i]))
            return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`cv` takes a list of vectors of intervals");
    if (!nl_value_known(list)) return out;
    out.shape[0] = 0;
    for (size_t i = 0; i < list.shape[0]; i++) out.shape[0] += list.items[i].shape[0] > 1;
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    for (size_t i = 0, k = 0; i < list.shape[0]; i++)
        if (list.items[i].shape[0] > 1) data[k++] = variation(list.items[i].data, list.items[i].shape[0]);
    return out;
}

nl_value nl_func_cv(const nl_call *call)
{
    const nl_value x = call->slots[0]->value;

    if (x.kind == NL_KIND_LIST) return variations(call, x);
    if (!is_intervals(x))
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`cv` takes intervals, as in cv(isi(E.spikes)), not %s",
                              nl_value_words(call->cx->arena, x));
    if (x.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 0, NULL);
    return nl_value_number(call->cx->arena, variation(x.data, x.shape[0]), nl_dim_none);
}

/* --- binned --- */

/* A positive time. */
static bool positive_time(const nl_call *call, int slot, double *out, bool *known)
{
    if (!nl_call_time(call, slot, out, known)) return false;
    if (call->slots[slot] == NULL || !*known || (*out > 0 && isfinite(*out))) return true;
    nl_call_refuse(call, slot, NL_E_ARGUMENT, "`%s` is a time of more than 0", call->names[slot]);
    return false;
}

/* Whole bins from the begin of the window on; the rest is left out. */
static size_t bin_count(const nl_train *spikes, double bin)
{
    return (size_t)floor((spikes->end - spikes->begin) / bin * (1 + 1e-9));
}

/* The bin of a spike.  Spikes are stamped at the end of their step, so a bin holds its end and not its begin. */
static size_t bin_of(const nl_train *spikes, double time, double bin)
{
    const double at = (time - spikes->begin) / bin, near = rint(at);
    const double end = fabs(at - near) < 1e-6 ? near : ceil(at);

    return end >= 1 ? (size_t)end - 1 : 0;
}

static bool has_window(const nl_call *call, nl_value spikes)
{
    if (spikes.train == NULL || !isnan(spikes.train->begin)) return true;
    nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`%s` needs a recorded train: the window of these times is not known",
                   call->row->name);
    return false;
}

/* An empty signal of `count` samples, `step` apart from the begin of the window on; NULL where it would be too
 * large. */
static double *new_signal(const nl_call *call, nl_value spikes, double step, size_t count, nl_value *out)
{
    out->shape[0] = count;
    double *data = nl_call_room(call, out);
    double *times = data != NULL ? NL_NEW_ARRAY(call->cx->arena, double, count + 1) : NULL;

    for (size_t k = 0; times != NULL && k < count; k++) times[k] = spikes.train->begin + (double)k * step;
    out->times = times;
    return data;
}

static nl_value unknown_signal(nl_dim dim)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, 1, (size_t[]){ NL_UNKNOWN_SIZE });

    out.is_signal = true;
    return out;
}

nl_value nl_func_time_histogram(const nl_call *call)
{
    nl_value spikes, out = unknown_signal(nl_dim_none);
    double bin = 0;
    bool known = true;

    if (!train(call, 0, &spikes) || !has_window(call, spikes) || !positive_time(call, 1, &bin, &known))
        return nl_value_none();
    if (!known || spikes.train == NULL) return out;
    const size_t bins = bin_count(spikes.train, bin);
    double *data = new_signal(call, spikes, bin, bins, &out);
    if (data == NULL) return nl_value_none();
    for (size_t i = 0; i < spikes.train->count; i++) {
        const size_t k = bin_of(spikes.train, spikes.train->times[i], bin);
        if (k < bins) data[k]++;
    }
    return out;
}

/* Counts per neuron and bin: [neurons, bins]. */
nl_value nl_train_binned(const nl_call *call, nl_value spikes, int slot)
{
    nl_value out =
        nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ nl_value_count(spikes), NL_UNKNOWN_SIZE });
    double bin = 0;
    bool known = true;

    if (!has_window(call, spikes) || !positive_time(call, slot, &bin, &known)) return nl_value_none();
    if (!known || spikes.train == NULL) return out;
    const size_t bins = out.shape[1] = bin_count(spikes.train, bin);
    double *data = nl_call_room(call, &out);
    if (data == NULL) return nl_value_none();
    for (size_t i = 0; i < spikes.train->count; i++) {
        const size_t k = bin_of(spikes.train, spikes.train->times[i], bin);
        if (k < bins) data[(spikes.train->ids[i] - spikes.train->first) * bins + k]++;
    }
    return out;
}

/* --- smoothed --- */

static double gaussian(double x) { return exp(-x * x / 2); }
static double rectangular(double x) { return fabs(x) <= sqrt(3) * (1 + 1e-9) ? 1 : 0; }
static double exponential(double x) { return x >= 0 ? exp(-x) : 0; }

/* Kernels by Elephant's names, of standard deviation 1, and how far they reach. */
typedef struct kernel {
    const char *name;
    double (*value)(double x);
    double before, after;
} kernel;
static const kernel kernels[] = {
    { "gaussian", gaussian, 5, 5 },
    { "rectangular", rectangular, 1.75, 1.75 },
    { "exponential", exponential, 0, 30 },
};

static const kernel *kernel_argument(const nl_call *call, int slot)
{
    const char *name = kernels[0].name;

    if (!nl_call_text(call, slot, &name)) return NULL;
    if (name == NULL) return &kernels[0]; /* unknown, and so is the result */
    for (size_t i = 0; i < NL_LEN(kernels); i++)
        if (strcmp(kernels[i].name, name) == 0) return &kernels[i];
    nl_call_refuse(call, slot, NL_E_ARGUMENT, "`kernel` is \"gaussian\", \"rectangular\" or \"exponential\"");
    return NULL;
}

/* The kernel at multiples of the step; what a spike adds integrates to 1. */
static double *sampled_kernel(const kernel *k, double width, double step, long *before, long *after)
{
    *before = (long)ceil(k->before * width / step);
    *after = (long)ceil(k->after * width / step);
    const size_t count = (size_t)(*before + *after + 1);
    double *out = nl_calloc(count, sizeof *out);

    for (size_t i = 0; i < count; i++) out[i] = k->value(((double)i - (double)*before) * step / width);
    const double area = nl_sum(out, count) * step;
    for (size_t i = 0; i < count; i++) out[i] /= area;
    return out;
}

static void smooth(const nl_train *spikes, const kernel *k, double width, double step, double weight, double *data,
                   long count)
{
    double *counts = nl_calloc((size_t)count + 1, sizeof *counts);
    long before, after;
    double *shape = sampled_kernel(k, width, step, &before, &after);

    for (size_t i = 0; i < spikes->count; i++) {
        const long at = (long)rint((spikes->times[i] - spikes->begin) / step);
        if (at < count) counts[at]++;
    }
    for (long at = 0; at < count; at++) {
        if (counts[at] == 0) continue;
        const long from = at > before ? at - before : 0, to = at + after < count ? at + after + 1 : count;
        for (long i = from; i < to; i++) data[i] += weight * counts[at] * shape[i - at + before];
    }
    free(shape);
    free(counts);
}

/* The mean over the neurons. */
nl_value nl_func_instantaneous_rate(const nl_call *call)
{
    nl_value spikes, out = unknown_signal(rate_dim(call));
    double width = 0, step = call->cx->dt;
    bool known = true;
    const kernel *k = kernel_argument(call, 2);

    if (k == NULL || !train(call, 0, &spikes) || !has_window(call, spikes) || !positive_time(call, 1, &width, &known)
        || !positive_time(call, 3, &step, &known))
        return nl_value_none();
    if (!(step > 0)) return nl_call_refuse(call, -1, NL_E_ARGUMENT, "`sampling` is needed: this model has no step");
    if (!known || spikes.train == NULL) return out;
    const size_t count = bin_count(spikes.train, step) + 1;
    double *data = new_signal(call, spikes, step, count, &out);
    if (data == NULL) return nl_value_none();
    smooth(spikes.train, k, width, step, 1 / (double)nl_value_count(spikes), data, (long)count);
    return out;
}
