/* Values of a ring between its points: what delayed variables are at the stages of a method, and with delays that are
 * no whole number of steps. */
#include "machine_impl.h"

#include <math.h>

typedef struct sampler {
    const nl_store *store;
    const nl_mem *ring;
    uint32_t mem;
    size_t at;               /* first element */
    const double *slope_now; /* from there on, or NULL: it is in the ring of slopes */
    size_t slope_stride;
} sampler;

/* What a sample is made of: a weighted sum of arrays. */
typedef struct terms {
    int count;
    const double *from[4];
    double weight[4];
    size_t stride[4];
} terms;

static void add_term(terms *t, const double *from, size_t stride, double weight)
{
    t->from[t->count] = from;
    t->stride[t->count] = stride;
    t->weight[t->count++] = weight;
}

/* What a ring held just before it jumped at that time, or NULL. */
static const double *left_of(const sampler *s, uint32_t mem, size_t lag)
{
    return s->store->jumps[mem] != NULL && lag <= s->store->step ? nl_store_left(s->store, mem, s->store->step - lag)
                                                                 : NULL;
}

static const double *left_at(const sampler *s, size_t lag) { return left_of(s, s->mem, lag); }

static const double *value_at(const sampler *s, size_t lag) { return nl_store_at(s->store, s->mem, lag) + s->at; }

/* At the end of an interval a value that jumped there is what it was before. */
static const double *end_value(const sampler *s, size_t lag)
{
    const double *left = left_at(s, lag);

    return left != NULL ? left + s->at : value_at(s, lag);
}

static void add_slope(terms *t, const sampler *s, size_t lag, double weight)
{
    if (lag == 0 && s->slope_now != NULL) add_term(t, s->slope_now, s->slope_stride, weight);
    else add_term(t, nl_store_at(s->store, s->ring->slope, lag) + s->at, 1, weight);
}

/* At the end of an interval the slope is that from before a jump, too. */
static void add_end_slope(terms *t, const sampler *s, size_t lag, double weight)
{
    const double *left = left_of(s, s->ring->slope, lag);

    if (left != NULL) add_term(t, left + s->at, 1, weight);
    else add_slope(t, s, lag, weight);
}

/* Cubic through both values and slopes of the interval from lag + 1 to lag, those before a jump at its end; x in [0, 1]
 * from the older to the newer point. */
static void hermite(terms *t, const sampler *s, size_t lag, double x)
{
    const double h = s->store->h, rest = 1 - x;

    add_term(t, value_at(s, lag + 1), 1, rest * rest * (1 + 2 * x));
    add_term(t, end_value(s, lag), 1, x * x * (3 - 2 * x));
    add_slope(t, s, lag + 1, h * x * rest * rest);
    add_end_slope(t, s, lag, -h * x * x * rest);
}

/* The polynomial through up to four points around the interval, none beyond a jump. */
static void lagrange(terms *t, const sampler *s, size_t lag, double x)
{
    const size_t points = 4;
    size_t newest = lag, oldest = lag + 1;

    if (newest > 0 && left_at(s, newest) == NULL) newest--;
    while (oldest - newest + 1 < points && oldest + 1 < s->ring->depth && left_at(s, oldest) == NULL) oldest++;
    while (oldest - newest + 1 < points && newest > 0 && left_at(s, newest) == NULL) newest--;
    for (size_t k = newest; k <= oldest; k++) {
        double weight = 1;
        for (size_t j = newest; j <= oldest; j++)
            if (j != k) weight *= ((double)j - ((double)lag + 1 - x)) / ((double)j - (double)k);
        add_term(t, k == newest ? end_value(s, k) : value_at(s, k), 1, weight);
    }
}

static terms sample_terms(const sampler *s, double steps)
{
    const size_t lag = (size_t)steps;
    terms t = { .count = 0 };

    if (steps == (double)lag) add_term(&t, value_at(s, lag), 1, 1);
    else if (s->ring->slope != UINT32_MAX) hermite(&t, s, lag, (double)lag + 1 - steps);
    else lagrange(&t, s, lag, (double)lag + 1 - steps);
    return t;
}

static void sum_terms(const terms *t, size_t first, size_t n, double *dst)
{
    for (size_t i = first; i < first + n; i++) dst[i] = t->weight[0] * t->from[0][i * t->stride[0]];
    for (int k = 1; k < t->count; k++)
        for (size_t i = first; i < first + n; i++) dst[i] += t->weight[k] * t->from[k][i * t->stride[k]];
}

/* Elements in a row that look back equally far have the same weights: mostly all of them. */
static size_t equal_run(const double *time, size_t stride, size_t first, size_t n)
{
    size_t end = first + 1;

    while (end < n && time[end * stride] == time[first * stride]) end++;
    return stride == 0 ? n - first : end - first;
}

void machine_sample(nl_machine *machine, const step *st, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_mem *ring = &machine->store->memory->mems.items[st->instr->id];
    const size_t stride = st->instr->args[0].kind != NL_AT_SCALAR;
    const sampler s = { .store = machine->store,
                        .ring = ring,
                        .mem = st->instr->id,
                        .at = at,
                        .slope_now = st->arg_count > 1 ? args[1] : NULL,
                        .slope_stride = st->arg_count > 1 && st->instr->args[1].kind != NL_AT_SCALAR };
    const double oldest = (double)(ring->depth - 1);

    for (size_t i = 0, run; i < n; i += run) {
        const double back = -args[0][i * stride], steps = fmax(0, back);
        run = equal_run(args[0], stride, i, n);
        if (!(back <= oldest)) machine_fail(machine, st->instr->node, at + i, -back);
        const terms t = sample_terms(&s, fmin(steps, oldest));
        sum_terms(&t, i, run, dst);
    }
}
