/* Values of a ring between its points: what delayed variables are at the stages of a method, and with delays that are no
 * whole number of steps. */
#include "machine_impl.h"

#include <math.h>

/* One interval of the past, from lag + 1 to lag steps ago. */
typedef struct sampler {
    const nl_store *store;
    uint32_t mem, slope;    /* slope: memory with slopes, or UINT32_MAX */
    size_t element, depth;
    const double *slope_now; /* at this element, or NULL */
} sampler;

static double value_at(const sampler *s, size_t lag) { return nl_store_at(s->store, s->mem, lag)[s->element]; }

static const double *left_at(const sampler *s, size_t lag)
{
    return s->store->jumps[s->mem] != NULL && lag <= s->store->step ? nl_store_left(s->store, s->mem, s->store->step - lag) : NULL;
}

/* At the end of an interval a value that jumped there is what it was before. */
static double end_value(const sampler *s, size_t lag)
{
    const double *left = left_at(s, lag);

    return left != NULL ? left[s->element] : value_at(s, lag);
}

static double slope_at(const sampler *s, size_t lag)
{
    if (lag == 0 && s->slope_now != NULL) return *s->slope_now;
    return nl_store_at(s->store, s->slope, lag)[s->element];
}

/* Cubic through both values and slopes; x in [0, 1] from the older to the newer point. */
static double hermite(const sampler *s, size_t lag, double x)
{
    const double h = s->store->h, y0 = value_at(s, lag + 1), y1 = end_value(s, lag);
    const double m0 = h * slope_at(s, lag + 1), m1 = h * slope_at(s, lag), rest = 1 - x;

    return y0 * rest * rest * (1 + 2 * x) + y1 * x * x * (3 - 2 * x) + m0 * x * rest * rest - m1 * x * x * rest;
}

/* The polynomial through up to four points around the interval, none beyond a jump. */
static double lagrange(const sampler *s, size_t lag, double x)
{
    enum { POINTS = 4 };
    size_t newest = lag, oldest = lag + 1;
    double sum = 0;

    if (newest > 0 && left_at(s, newest) == NULL) newest--;
    while (oldest - newest + 1 < POINTS && oldest + 1 < s->depth && left_at(s, oldest) == NULL) oldest++;
    while (oldest - newest + 1 < POINTS && newest > 0 && left_at(s, newest) == NULL) newest--;
    for (size_t k = newest; k <= oldest; k++) {
        double weight = 1;
        for (size_t j = newest; j <= oldest; j++)
            if (j != k) weight *= ((double)j - ((double)lag + 1 - x)) / ((double)j - (double)k);
        sum += weight * (k == newest ? end_value(s, k) : value_at(s, k));
    }
    return sum;
}

/* `steps` before the start of this step. */
static double sample(const sampler *s, double steps)
{
    const size_t lag = (size_t)steps;
    const double x = (double)lag + 1 - steps;

    if (steps == (double)lag) return value_at(s, lag);
    return s->slope != UINT32_MAX ? hermite(s, lag, x) : lagrange(s, lag, x);
}

void machine_sample(nl_machine *machine, const step *st, double *dst, const double *const *args, size_t at, size_t n)
{
    const nl_mem *mem = &machine->store->memory->mems.items[st->instr->id];
    sampler s = { .store = machine->store, .mem = st->instr->id, .slope = mem->slope, .depth = mem->depth };
    const bool each = st->instr->args[0].kind != NL_AT_SCALAR, has_slope = st->arg_count > 1;
    const bool each_slope = has_slope && st->instr->args[1].kind != NL_AT_SCALAR;

    for (size_t i = 0; i < n; i++) {
        const double steps = fmax(0, -args[0][each ? i : 0]), oldest = (double)(s.depth - 1);
        s.element = at + i;
        s.slope_now = has_slope ? &args[1][each_slope ? i : 0] : NULL;
        if (!(steps <= oldest)) machine_fail(machine, st->instr->node, at + i, -steps);
        dst[i] = sample(&s, fmin(steps, oldest));
    }
}
