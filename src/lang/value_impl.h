/* What the files of values and functions share; nobody outside of lang/ includes it. */
#ifndef NL_LANG_VALUE_IMPL_H
#define NL_LANG_VALUE_IMPL_H

#include "op.h"
#include "value.h"

#include <math.h>

static inline bool nl_value_is_none(nl_value value) { return value.kind == NL_KIND_NONE; }
static inline bool nl_value_is_array(nl_value value)
{
    return value.kind == NL_KIND_NUMBER || value.kind == NL_KIND_BOOL;
}

/* At or after `from`, where a time may be a rounded multiple of the step. */
static inline bool nl_time_reached(double t, double from)
{
    return t >= from - 1e-9 * fmax(fabs(t), fabs(from));
}

/* Room for the elements of a value whose kind and shape are set; NULL with a diagnostic where it would be too large. */
double *nl_value_room(nl_eval_context *cx, nl_span span, nl_value *value);

/* "a number in mV", "a text", "an array [3, 4] of conditions": for messages. */
const char *nl_value_words(nl_arena *arena, nl_value value);

/* The common shape of `count` arrays after NumPy's rules; false when there is none. */
bool nl_shape_broadcast(const nl_value *values, int count, int *rank, size_t *shape);

/* How far the elements of `value` lie apart along each axis of a shape it was broadcast to (0: repeated). */
void nl_shape_strides(nl_value value, int rank, size_t *strides);

/* Whether two extents may be equal. */
static inline bool nl_extent_fits(size_t a, size_t b) { return a == b || a == NL_UNKNOWN_SIZE || b == NL_UNKNOWN_SIZE; }

/* An elementwise operator or function on its arguments; `name` as the user wrote it. */
nl_value nl_value_map(nl_eval_context *cx, nl_span span, nl_op op, const nl_arg *args, int count);

nl_value nl_value_matmul(nl_eval_context *cx, nl_span span, nl_value a, nl_value b);

#endif
