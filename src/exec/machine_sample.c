/* Values of a ring between its points: what delayed variables are at the stages of a method, and with delays that are
 * no whole number of steps. */
#include "machine_impl.h"

#include <math.h>

typedef struct sampler {
    const nl_store *store;
    const nl_mem *ring;
    uint32_t mem;
    size_t at;               /* first element */
    size_t stride;           /* 1, or 0 where all samples are of one element */
    const uint32_t *index;   /* from there on, where each sample is of another neuron; else NULL */
    const double *slope_now; /* from there on, or NULL: it is in the ring of slopes */
    size_t slope_stride;
} sampler;

/* What a sample is made of: a weighted sum of arrays. */
typedef struct terms {
    int count;
    const double *from[4];
    double weight[4];
    size_t stride[4];
    const uint32_t *index[4]; /* NULL: the elements themselves */
} terms;

static void add_term(terms *t, const double *from, size_t stride, double weight, const uint32_t *index)
{
    t->index[t->count] = index;
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
    if (lag == 0 && s->slope_now != NULL) add_term(t, s->slope_now, s->slope_stride, weight, NULL);
    else add_term(t, nl_store_at(s->store, s->ring->slope, lag) + s->at, s->stride, weight, s->index);
}

/* At the end of an interval the slope is that from before a jump, too. */
static void add_end_slope(terms *t, const sampler *s, size_t lag, double weight)
{
    const double *left = left_of(s, s->ring->slope, lag);

    if (left != NULL) add_term(t, left + s->at, s->stride, weight, s->index);
    else add_slope(t, s, lag, weight);
}

/* Cubic through both values and slopes of the interval from lag + 1 to lag, those before a jump at its end; x in [0, 1]
 * from the older to the newer point. */
static void hermite(terms *t, const sampler *s, size_t lag, double x)
{
    const double h = s->store->h, rest = 1 - x;

    add_term(t, value_at(s, lag + 1), s->stride, rest * rest * (1 + 2 * x), s->index);
    add_term(t, end_value(s, lag), s->stride, x * x * (3 - 2 * x), s->index);
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
        add_term(t, k == newest ? end_value(s, k) : value_at(s, k), s->stride, weight, s->index);
    }
}

static terms sample_terms(const sampler *s, double steps)
{
    const size_t lag = (size_t)steps;
    terms t = { .count = 0 };

    if (steps == (double)lag) add_term(&t, value_at(s, lag), s->stride, 1, s->index);
    else if (s->ring->slope != UINT32_MAX) hermite(&t, s, lag, (double)lag + 1 - steps);
    else lagrange(&t, s, lag, (double)lag + 1 - steps);
    return t;
}

static inline double term_at(const terms *t, int k, size_t i)
{
    return t->from[k][t->index[k] != NULL ? t->index[k][i] : i * t->stride[k]];
}

static void sum_terms(const terms *t, size_t first, size_t n, double *dst)
{
    for (size_t i = first; i < first + n; i++) dst[i] = t->weight[0] * term_at(t, 0, i);
    for (int k = 1; k < t->count; k++)
        for (size_t i = first; i < first + n; i++) dst[i] += t->weight[k] * term_at(t, k, i);
}

/* Elements in a row that look back equally far have the same weights: mostly all of them. */
static size_t equal_run(const double *time, size_t stride, size_t first, size_t n)
{
    size_t end = first + 1;

    while (end < n && time[end * stride] == time[first * stride]) end++;
    return stride == 0 ? n - first : end - first;
}

/* Samples of something else than the element itself: what each synapse sees of the neuron at one of its ends (1 pre, 2
 * post), or the one neuron of a population of one (3). */
static void look_elsewhere(const nl_machine *machine, const nl_instr *instr, sampler *s)
{
    s->at = 0;
    s->stride = 0;
    if (instr->right == 3) return;
    const nl_graph *graph = machine->store->model->graph;
    const uint32_t number = nl_graph_space(graph, nl_graph_node(graph, instr->node)->space)->owner;
    const nl_projection *projection = machine_projection(machine, number);

    s->at = instr->right == 1 ? projection->pre.begin : projection->post.begin;
    s->index = instr->right == 1 ? machine->pre : machine->post;
}

void machine_sample(nl_machine *machine, const step *st, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_mem *ring = &machine->store->memory->mems.items[st->instr->id];
    const size_t stride = st->instr->args[0].kind != NL_AT_SCALAR;
    sampler s = { .store = machine->store,
                  .ring = ring,
                  .mem = st->instr->id,
                  .at = at,
                  .stride = 1,
                  .slope_now = st->arg_count > 1 ? args[1] : NULL,
                  .slope_stride = st->arg_count > 1 && st->instr->args[1].kind != NL_AT_SCALAR };
    const double oldest = (double)(ring->depth - 1);

    if (st->instr->right != 0) look_elsewhere(machine, st->instr, &s);
    for (size_t i = 0, run; i < n; i += run) {
        const double back = -args[0][i * stride], steps = fmax(0, back);
        run = equal_run(args[0], stride, i, n);
        if (!(back <= oldest)) machine_fail(machine, st->instr->node, at + i, -back);
        const terms t = sample_terms(&s, fmin(steps, oldest));
        sum_terms(&t, i, run, dst);
    }
}
