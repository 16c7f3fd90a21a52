/* Trains: who spiked when. */
#include "value_impl.h"

nl_value nl_value_train(nl_arena *arena, nl_dim time_dim, int rank, const size_t *shape, nl_train train)
{
    nl_value value = nl_value_unknown(NL_KIND_TRAIN, time_dim, rank, shape);
    nl_train *own = NL_NEW(arena, nl_train);

    *own = train;
    value.train = own;
    return value;
}

/* The first spike at or after t. */
static size_t spike_from(const nl_train *train, double t)
{
    size_t lo = 0, hi = train->count;

    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;

        if (nl_time_reached(train->times[middle], t)) hi = middle;
        else lo = middle + 1;
    }
    return lo;
}

nl_value nl_train_between(nl_arena *arena, nl_value value, double t0, double t1)
{
    nl_train part = *value.train;
    const size_t from = spike_from(&part, t0), to = spike_from(&part, t1);

    part.times += from;
    part.ids += from;
    part.count = to > from ? to - from : 0;
    part.begin = fmax(part.begin, t0);
    part.end = fmax(fmin(part.end, t1), part.begin);
    return nl_value_train(arena, value.dim, value.rank, value.shape, part);
}

nl_value nl_train_part(nl_arena *arena, nl_value value, size_t first, size_t count)
{
    const nl_train *whole = value.train;
    size_t kept = 0;

    for (size_t i = 0; i < whole->count; i++) kept += whole->ids[i] - first < count;
    double *times = NL_NEW_ARRAY(arena, double, kept + 1);
    uint32_t *ids = NL_NEW_ARRAY(arena, uint32_t, kept + 1);
    kept = 0;
    for (size_t i = 0; i < whole->count; i++) {
        if (whole->ids[i] - first >= count) continue;
        times[kept] = whole->times[i];
        ids[kept++] = whole->ids[i];
    }
    const nl_train part = { kept, times, ids, first, whole->begin, whole->end };
    return nl_value_train(arena, value.dim, 1, &count, part);
}
