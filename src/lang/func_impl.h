/* How a function of funcs.def gets at its arguments; nobody outside of lang/ includes it. */
#ifndef NL_LANG_FUNC_IMPL_H
#define NL_LANG_FUNC_IMPL_H

#include "value_impl.h"

enum { NL_FUNC_SLOTS = 6 };

/* A call whose arguments stand in the places of the signature: slots[k] is NULL where argument k was left out.  Of a
 * signature that begins with "parts..." slot 0 is empty and `parts` are the arguments without a name. */
typedef struct nl_call {
    nl_eval_context *cx;
    nl_span span;
    const nl_func_row *row;
    const char *names[NL_FUNC_SLOTS];
    const nl_arg *slots[NL_FUNC_SLOTS];
    int slot_count;
    const nl_arg *parts;
    size_t part_count;
} nl_call;

typedef nl_value (*nl_func)(const nl_call *call);

/* A diagnostic at argument `slot` (or, below 0, at the whole call); the result is NONE. */
nl_value nl_call_refuse(const nl_call *call, int slot, nl_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Arguments by kind; false with a diagnostic where one is of another kind.  An argument that was left out leaves *out
 * as it is.  The scalar ones also set *known to false while the value is unknown (where `known` is NULL that is
 * refused). */
bool nl_call_array(const nl_call *call, int slot, nl_value *out);
bool nl_call_real(const nl_call *call, int slot, nl_dim *dim, double *out, bool *known); /* dim NULL: a pure number */
bool nl_call_whole(const nl_call *call, int slot, long lo, long hi, long *out, bool *known);
bool nl_call_flag(const nl_call *call, int slot, bool *out);
bool nl_call_time(const nl_call *call, int slot, double *out, bool *known);
bool nl_call_text(const nl_call *call, int slot, const char **out); /* NULL while unknown */
/* An axis of an array of this rank, from 0 on; -1 for "none". */
bool nl_call_axis(const nl_call *call, int slot, int rank, int *out);
/* A shape: a whole number or a list of them; extents are unknown where the argument is. */
bool nl_call_shape(const nl_call *call, int slot, int *rank, size_t *shape);
/* Whether two arguments have one dimension; *out is the common one. */
bool nl_call_alike(const nl_call *call, int slot, nl_dim a, nl_dim b, nl_dim *out);

/* The result of a call, with the elements to fill in (NULL with a diagnostic where it would be too large). */
double *nl_call_room(const nl_call *call, nl_value *value);

/* What an axis splits an array into: element (o, k, i) stands at (o * extent + k) * inner + i. */
typedef struct nl_lines {
    size_t outer, extent, inner;
} nl_lines;
nl_lines nl_lines_of(nl_value value, int axis); /* axis -1: the flattened array */

/* Item k of an array (along its first axis) or of a list; and how many there are. */
nl_value nl_value_item(nl_value value, size_t index);
size_t nl_value_item_count(nl_value value);

/* What functions of signals do with trains: time_slice(train, t0, t1), and counts [neurons, bins] for the bin of an
 * argument. */
nl_value nl_train_time_slice(const nl_call *call, nl_value train);
nl_value nl_train_binned(const nl_call *call, nl_value train, int slot);

/* Numbers in ascending order with nan last, in place. */
void nl_sort(double *numbers, size_t count);
double nl_sum(const double *numbers, size_t count); /* pairwise: errors grow with the logarithm of the count */

#define FUNC(name, signature, function, ...) nl_value nl_func_##function(const nl_call *call);
#include "funcs.def"

#endif
