#include "value_impl.h"

#include "base/text.h"

#include <string.h>

nl_value nl_value_none(void)
{
    return (nl_value){ .kind = NL_KIND_NONE, .dim = nl_dim_unknown };
}

nl_value nl_value_number(nl_arena *arena, double number, nl_dim dim)
{
    return nl_value_array(arena, NL_KIND_NUMBER, dim, 0, NULL, &number);
}

nl_value nl_value_bool(nl_arena *arena, bool condition)
{
    const double number = condition;

    return nl_value_array(arena, NL_KIND_BOOL, nl_dim_none, 0, NULL, &number);
}

nl_value nl_value_text(nl_arena *arena, const char *text)
{
    return (nl_value){ .kind = NL_KIND_TEXT, .text = nl_arena_strdup(arena, text) };
}

nl_value nl_value_unknown(nl_kind kind, nl_dim dim, int rank, const size_t *shape)
{
    nl_value value = { .kind = kind, .dim = dim, .rank = rank };

    for (int k = 0; k < rank; k++) value.shape[k] = shape[k];
    return value;
}

static const double *copy_doubles(nl_arena *arena, const double *from, size_t count)
{
    double *to = NL_NEW_ARRAY(arena, double, count > 0 ? count : 1);

    if (count > 0) memcpy(to, from, count * sizeof *to);
    return to;
}

nl_value nl_value_array(nl_arena *arena, nl_kind kind, nl_dim dim, int rank, const size_t *shape, const double *data)
{
    nl_value value = nl_value_unknown(kind, dim, rank, shape);

    value.data = copy_doubles(arena, data, nl_value_count(value));
    return value;
}

static const nl_train *copy_train(nl_arena *arena, const nl_train *train)
{
    nl_train *out = NL_NEW(arena, nl_train);
    uint32_t *ids = NL_NEW_ARRAY(arena, uint32_t, train->count + 1);

    *out = *train;
    if (train->count > 0) memcpy(ids, train->ids, train->count * sizeof *ids);
    out->ids = ids;
    out->times = copy_doubles(arena, train->times, train->count);
    return out;
}

nl_value nl_value_copy(nl_arena *arena, nl_value value)
{
    if (value.data != NULL) value.data = copy_doubles(arena, value.data, nl_value_count(value));
    if (value.times != NULL) value.times = copy_doubles(arena, value.times, value.shape[0]);
    if (value.text != NULL) value.text = nl_arena_strdup(arena, value.text);
    if (value.train != NULL) value.train = copy_train(arena, value.train);
    if (value.items != NULL) {
        nl_value *items = NL_NEW_ARRAY(arena, nl_value, value.shape[0]);
        for (size_t i = 0; i < value.shape[0]; i++) items[i] = nl_value_copy(arena, value.items[i]);
        value.items = items;
    }
    return value;
}

bool nl_value_known(nl_value value)
{
    switch (value.kind) {
    case NL_KIND_NONE: return false;
    case NL_KIND_TEXT: return value.text != NULL;
    case NL_KIND_TRAIN: return value.train != NULL;
    case NL_KIND_LIST:
        for (size_t i = 0; value.items != NULL && i < value.shape[0]; i++)
            if (!nl_value_known(value.items[i])) return false;
        return value.items != NULL;
    default: return value.data != NULL;
    }
}

size_t nl_value_count(nl_value value)
{
    size_t count = 1;
    bool unknown = false;

    for (int k = 0; k < value.rank; k++) {
        if (value.shape[k] == 0) return 0;
        if (value.shape[k] == NL_UNKNOWN_SIZE) unknown = true;
        else if (__builtin_mul_overflow(count, value.shape[k], &count)) return NL_UNKNOWN_SIZE - 1;
    }
    return unknown ? NL_UNKNOWN_SIZE : count;
}

bool nl_value_is_scalar(nl_value value)
{
    return nl_value_is_array(value) && value.rank == 0;
}

double *nl_value_room(nl_eval_context *cx, nl_span span, nl_value *value)
{
    const size_t limit = (size_t)1 << 32; /* 32 GiB: what is larger is a mistake in a size */
    const size_t count = nl_value_count(*value);

    if (count > limit) {
        nl_diag_add(cx->diags, NL_E_DOMAIN, span, "this array would have the shape %s, which is too large",
                    nl_value_shape_text(cx->arena, *value));
        return NULL;
    }
    double *data = NL_NEW_ARRAY(cx->arena, double, count > 0 ? count : 1);
    value->data = data;
    return data;
}

static const char *extents_text(nl_arena *arena, nl_value value)
{
    nl_text text = nl_text_new(arena);

    nl_text_adds(&text, "[");
    for (int k = 0; k < value.rank; k++) {
        if (k > 0) nl_text_adds(&text, ", ");
        if (value.shape[k] == NL_UNKNOWN_SIZE) nl_text_adds(&text, "?");
        else nl_text_addf(&text, "%zu", value.shape[k]);
    }
    nl_text_adds(&text, "]");
    return text.chars;
}

/* "a train of 812 spikes of 100 neurons". */
static const char *train_text(nl_arena *arena, nl_value value)
{
    const size_t neurons = nl_value_count(value), count = value.train != NULL ? value.train->count : 0;
    const char *spikes =
        value.train != NULL ? nl_arena_printf(arena, "%zu spike%s", count, count == 1 ? "" : "s") : "spikes";

    if (value.rank == 0) return nl_arena_printf(arena, "a train of %s", spikes);
    return nl_arena_printf(arena, "a train of %s of %zu neuron%s", spikes, neurons, neurons == 1 ? "" : "s");
}

const char *nl_value_shape_text(nl_arena *arena, nl_value value)
{
    switch (value.kind) {
    case NL_KIND_NONE: return "nothing";
    case NL_KIND_TEXT: return "a text";
    case NL_KIND_LIST:
        if (value.shape[0] == NL_UNKNOWN_SIZE) return "a list";
        return nl_arena_printf(arena, "a list of %zu", value.shape[0]);
    case NL_KIND_TABLE: return "a table";
    case NL_KIND_TRAIN: return train_text(arena, value);
    default: break;
    }
    if (value.rank > 0) return extents_text(arena, value);
    return value.kind == NL_KIND_BOOL ? "a condition" : "a number";
}

const char *nl_value_words(nl_arena *arena, nl_value value)
{
    if (!nl_value_is_array(value)) return nl_value_shape_text(arena, value);
    if (value.kind == NL_KIND_BOOL)
        return value.rank == 0 ? "a condition"
                               : nl_arena_printf(arena, "an array %s of conditions", extents_text(arena, value));
    const char *what = value.is_signal ? "a signal" : "an array";
    const char *words =
        value.rank == 0 ? "a number" : nl_arena_printf(arena, "%s %s", what, extents_text(arena, value));
    if (nl_dim_is_pure(value.dim)) return words;
    return nl_arena_printf(arena, "%s in %s", words, nl_dim_text(arena, value.dim));
}

/* --- shapes --- */

bool nl_shape_broadcast(const nl_value *values, int count, int *rank, size_t *shape)
{
    *rank = 0;
    for (int i = 0; i < count; i++)
        if (values[i].rank > *rank) *rank = values[i].rank;
    for (int k = 0; k < *rank; k++) shape[k] = 1;
    for (int i = 0; i < count; i++) {
        const int shift = *rank - values[i].rank;

        for (int k = 0; k < values[i].rank; k++) {
            const size_t extent = values[i].shape[k];
            size_t *common = &shape[k + shift];

            if (!nl_extent_fits(*common, extent) && *common != 1 && extent != 1) return false;
            if (*common == 1 || (*common == NL_UNKNOWN_SIZE && extent != 1)) *common = extent;
        }
    }
    return true;
}

void nl_shape_strides(nl_value value, int rank, size_t *strides)
{
    const int shift = rank - value.rank;
    size_t stride = 1;

    for (int k = 0; k < shift; k++) strides[k] = 0;
    for (int k = value.rank - 1; k >= 0; k--) {
        strides[k + shift] = value.shape[k] == 1 ? 0 : stride;
        stride *= value.shape[k];
    }
}

/* --- array literals --- */

/* Items of one shape and of a kind that arrays hold make an array; anything else a list. */
static bool items_make_array(const nl_arg *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!nl_value_is_array(items[i].value) || items[i].value.rank != items[0].value.rank) return false;
        if (items[i].value.rank == NL_RANK) return false;
        for (int k = 0; k < items[i].value.rank; k++)
            if (!nl_extent_fits(items[i].value.shape[k], items[0].value.shape[k])) return false;
    }
    return true;
}

static nl_value list_of(nl_eval_context *cx, const nl_arg *items, size_t count)
{
    nl_value *values = NL_NEW_ARRAY(cx->arena, nl_value, count);

    for (size_t i = 0; i < count; i++) {
        values[i] = items[i].value;
        if (values[i].kind != NL_KIND_TABLE && values[i].kind != NL_KIND_TRAIN) continue;
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, items[i].span, "%s cannot be an element of a list",
                    nl_value_shape_text(cx->arena, values[i]));
        return nl_value_none();
    }
    return (nl_value){ .kind = NL_KIND_LIST, .rank = 1, .shape = { count }, .items = values };
}

/* Dimension and kind of an array made of `items`; false with a diagnostic where dimensions differ. */
static bool common_type(nl_eval_context *cx, const nl_arg *items, size_t count, nl_value *out)
{
    out->kind = count > 0 ? NL_KIND_BOOL : NL_KIND_NUMBER;
    out->dim = nl_dim_any;
    for (size_t i = 0; i < count; i++) {
        if (items[i].value.kind == NL_KIND_NUMBER) out->kind = NL_KIND_NUMBER;
        if (!nl_dim_equal(out->dim, items[i].value.dim)) {
            nl_diag_add(cx->diags, NL_E_DIMENSION, items[i].span, "this element is %s; those before it are %s",
                        nl_dim_text(cx->arena, items[i].value.dim), nl_dim_text(cx->arena, out->dim));
            return false;
        }
        out->dim = nl_dim_common(out->dim, items[i].value.dim);
    }
    return true;
}

nl_value nl_value_stack(nl_eval_context *cx, nl_span span, const nl_arg *items, size_t count)
{
    nl_value out = { .kind = NL_KIND_NUMBER, .dim = nl_dim_any, .rank = 1, .shape = { count } };
    bool known = true;

    for (size_t i = 0; i < count; i++) {
        if (nl_value_is_none(items[i].value)) return nl_value_none();
        known = known && nl_value_known(items[i].value);
    }
    if (!items_make_array(items, count)) return list_of(cx, items, count);
    if (!common_type(cx, items, count, &out)) return nl_value_none();
    for (size_t i = 0; i < count; i++) {
        out.rank = items[i].value.rank + 1;
        for (int k = 1; k < out.rank; k++)
            if (i == 0 || out.shape[k] == NL_UNKNOWN_SIZE) out.shape[k] = items[i].value.shape[k - 1];
    }
    double *data = known ? nl_value_room(cx, span, &out) : NULL;
    for (size_t i = 0; data != NULL && i < count; i++) {
        const size_t size = nl_value_count(items[i].value);
        if (size > 0) memcpy(data + i * size, items[i].value.data, size * sizeof *data);
    }
    return known && data == NULL ? nl_value_none() : out;
}
