/* Functions of signals: sampled functions of time. */
#include "func_impl.h"

#include <math.h>
#include <string.h>

/* A signal whose rows hold `width` numbers. */
static bool signal(const nl_call *call, int slot, nl_value *out, size_t *width)
{
    if (!nl_call_array(call, slot, out)) return false;
    if (!out->is_signal) {
        nl_call_refuse(call, slot, NL_E_VALUE_KIND, "`%s` needs a signal, such as a record, not %s", call->row->name,
                       nl_value_words(call->cx->arena, *out));
        return false;
    }
    *width = 1;
    for (int k = 1; k < out->rank; k++) *width *= out->shape[k];
    return true;
}

static bool known_signal(nl_value x)
{
    return x.data != NULL && x.times != NULL;
}

/* The result of a measure that is one number for each level and element of a row. */
static nl_value shape_of_measure(nl_value level, nl_value x, nl_dim dim)
{
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, dim, level.rank, level.shape);

    for (int k = 1; k < x.rank && out.rank < NL_RANK; k++) out.shape[out.rank++] = x.shape[k];
    return out;
}

static bool level_argument(const nl_call *call, nl_value x, nl_value *level)
{
    nl_dim dim;

    if (!nl_call_array(call, 1, level) || !nl_call_alike(call, 1, x.dim, level->dim, &dim)) return false;
    level->is_signal = false;
    if (level->rank + x.rank - 1 <= NL_RANK) return true;
    nl_call_refuse(call, 1, NL_E_SHAPE, "the result has more than %d axes", NL_RANK);
    return false;
}

/* The time of the sample from which on all are strictly below the level. */
static double settled(nl_value x, size_t width, size_t column, double level)
{
    size_t from = x.shape[0];

    while (from > 0 && x.data[(from - 1) * width + column] < level) from--;
    return from < x.shape[0] ? x.times[from] : NAN;
}

nl_value nl_func_settle_time(const nl_call *call)
{
    nl_value x, level;
    size_t width;

    if (!signal(call, 0, &x, &width) || !level_argument(call, x, &level)) return nl_value_none();
    nl_value out = shape_of_measure(level, x, call->cx->time_dim);
    if (!known_signal(x) || level.data == NULL) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++)
        data[i] = settled(x, width, i % width, level.data[i / width]);
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_first_time(const nl_call *call)
{
    nl_value x;
    size_t width;
    double after = -INFINITY;
    bool known = true;

    if (!signal(call, 0, &x, &width) || !nl_call_time(call, 1, &after, &known)) return nl_value_none();
    if (x.kind != NL_KIND_BOOL)
        return nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`first_time` needs a condition, such as first_time(v > 0 mV)");
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, call->cx->time_dim, x.rank - 1, x.shape + 1);
    if (!known_signal(x) || !known) return out;
    double *data = nl_call_room(call, &out);
    for (size_t k = 0; data != NULL && k < width; k++) {
        size_t at = 0;
        while (at < x.shape[0]
               && !(x.data[at * width + k] != 0 && (isinf(after) || nl_time_reached(x.times[at], after))))
            at++;
        data[k] = at < x.shape[0] ? x.times[at] : NAN;
    }
    return data != NULL ? out : nl_value_none();
}

/* --- crossings --- */

typedef struct direction {
    bool up, down;
} direction;

static bool direction_argument(const nl_call *call, int slot, direction *out)
{
    const char *word = "up";

    if (!nl_call_text(call, slot, &word)) return false;
    if (word == NULL) word = "up"; /* unknown, and so is the result */
    const bool both = strcmp(word, "both") == 0;
    *out = (direction){ both || strcmp(word, "up") == 0, both || strcmp(word, "down") == 0 };
    if (out->up || out->down) return true;
    nl_call_refuse(call, slot, NL_E_ARGUMENT, "`direction` is \"up\", \"down\" or \"both\"");
    return false;
}

/* Whether the level is crossed between samples at and at + 1 of a column, and when. */
static bool crosses(nl_value x, size_t width, size_t column, size_t at, double level, direction towards, double *time)
{
    const double before = x.data[at * width + column], after = x.data[(at + 1) * width + column];
    const bool up = before <= level && level < after, down = before >= level && level > after;

    if (!(up && towards.up) && !(down && towards.down)) return false;
    *time = x.times[at] + (level - before) / (after - before) * (x.times[at + 1] - x.times[at]);
    return true;
}

nl_value nl_func_crossing_time(const nl_call *call)
{
    nl_value x, level;
    size_t width;
    double after = -INFINITY;
    direction towards;
    bool known = true;

    if (!signal(call, 0, &x, &width) || !level_argument(call, x, &level) || !direction_argument(call, 2, &towards)
        || !nl_call_time(call, 3, &after, &known)) return nl_value_none();
    nl_value out = shape_of_measure(level, x, call->cx->time_dim);
    if (!known_signal(x) || level.data == NULL || !known) return out;
    double *data = nl_call_room(call, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++) {
        data[i] = NAN;
        for (size_t at = 0; at + 1 < x.shape[0]; at++) {
            double t;
            if (!crosses(x, width, i % width, at, level.data[i / width], towards, &t) || t < after) continue;
            data[i] = t;
            break;
        }
    }
    return data != NULL ? out : nl_value_none();
}

nl_value nl_func_crossings(const nl_call *call)
{
    nl_value x, level;
    size_t width, count = NL_UNKNOWN_SIZE;
    direction towards;
    double t;

    if (!signal(call, 0, &x, &width) || !level_argument(call, x, &level) || !direction_argument(call, 2, &towards))
        return nl_value_none();
    if (x.rank != 1 || level.rank != 0)
        return nl_call_refuse(call, -1, NL_E_SHAPE, "`crossings` needs a signal of one value and one level");
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, call->cx->time_dim, 1, &count);
    if (!known_signal(x) || level.data == NULL) return out;
    out.shape[0] = 0;
    for (size_t at = 0; at + 1 < x.shape[0]; at++) out.shape[0] += crosses(x, 1, 0, at, level.data[0], towards, &t);
    double *data = nl_call_room(call, &out);
    for (size_t at = 0, k = 0; data != NULL && at + 1 < x.shape[0]; at++)
        if (crosses(x, 1, 0, at, level.data[0], towards, &t)) data[k++] = t;
    return data != NULL ? out : nl_value_none();
}

/* --- parts, and tables --- */

/* The samples with t0 <= t < t1. */
nl_value nl_func_time_slice(const nl_call *call)
{
    nl_value x;
    size_t width, first = 0, end = 0;
    double t0 = 0, t1 = 0;
    bool known = true;

    if (call->slots[0]->value.kind == NL_KIND_TRAIN) return nl_train_time_slice(call, call->slots[0]->value);
    if (!signal(call, 0, &x, &width) || !nl_call_time(call, 1, &t0, &known) || !nl_call_time(call, 2, &t1, &known))
        return nl_value_none();
    nl_value out = x;
    if (!known_signal(x) || !known) {
        out.shape[0] = NL_UNKNOWN_SIZE;
        out.data = out.times = NULL;
        return out;
    }
    while (first < x.shape[0] && !nl_time_reached(x.times[first], t0)) first++;
    for (end = first; end < x.shape[0] && !nl_time_reached(x.times[end], t1);) end++;
    out.shape[0] = end - first;
    out.data = x.data + first * width;
    out.times = x.times + first;
    return out;
}

nl_value nl_func_table(const nl_call *call)
{
    nl_value x;
    double dt = 1;
    bool known = true;

    if (!nl_call_array(call, 0, &x) || !nl_call_time(call, 1, &dt, &known)) return nl_value_none();
    if (x.rank == 0) return nl_call_refuse(call, 0, NL_E_SHAPE, "`table` needs an array whose first axis is time");
    if (known && !(dt > 0 && isfinite(dt)))
        return nl_call_refuse(call, 1, NL_E_ARGUMENT, "`dt` is the time that each row holds: more than 0");
    if (x.shape[0] == 0) return nl_call_refuse(call, 0, NL_E_DOMAIN, "a table needs at least one row");
    x.kind = NL_KIND_TABLE;
    x.table_dt = dt;
    x.is_signal = false;
    x.times = NULL;
    if (!known) x.data = NULL;
    return x;
}
