/* Indexing after NumPy: numbers, ranges, lists and masks. */
#include "value_impl.h"

#include <math.h>
#include <string.h>

/* What the indices select.  Each axis of the source is taken by a range or by one of the `picked` offsets, which all
 * lists, masks and numbers together make (NumPy's "advanced" part); axis `place` of the result is where those stand. */
typedef struct range {
    size_t begin, count;
    long step;
} range;

typedef struct selection {
    nl_value source;
    size_t strides[NL_RANK];
    range ranges[NL_RANK];  /* of the axes that ranges take, in order */
    size_t range_strides[NL_RANK];
    bool range_unknown[NL_RANK];
    int range_count;
    nl_value lists[NL_RANK]; /* indices along an axis: lists, unrolled masks, numbers */
    int list_axes[NL_RANK];
    int list_count;
    int place, last_list_at; /* in axes of the result; -1: none yet */
    bool split;              /* lists on both sides of a range: their axes come first */
    bool keeps_time;
    range time_range;
    nl_value time_list;
} selection;

static void refuse(nl_eval_context *cx, nl_span span, const char *text)
{
    nl_diag_add(cx->diags, NL_E_INDEX, span, "%s", text);
}

static long clamp(long x, long lo, long hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* Bounds as Python's slice.indices() resolves them. */
static range resolve_range(const nl_index *index, size_t extent)
{
    const long size = (long)extent, step = index->has_step ? index->step : 1;
    const long lo = step > 0 ? 0 : -1, hi = step > 0 ? size : size - 1;
    long begin = step > 0 ? lo : hi, end = step > 0 ? hi : lo;

    if (index->has_begin) begin = clamp(index->begin < 0 ? index->begin + size : index->begin, lo, hi);
    if (index->has_end) end = clamp(index->end < 0 ? index->end + size : index->end, lo, hi);
    const long span = step > 0 ? end - begin : begin - end, stride = step > 0 ? step : -step;
    return (range){ (size_t)begin, span > 0 ? (size_t)((span - 1) / stride + 1) : 0, step };
}

static bool add_range(nl_eval_context *cx, selection *s, const nl_index *index, int axis)
{
    const size_t extent = s->source.shape[axis];
    const bool everything = !index->has_begin && !index->has_end && !index->has_step && !index->unknown_bounds;
    const bool unknown = extent == NL_UNKNOWN_SIZE || index->unknown_bounds;

    if (index->has_step && index->step == 0)
        return refuse(cx, index->span, "a range with the step 0 has no end"), false;
    const range r = unknown ? (range){ 0, everything ? extent : NL_UNKNOWN_SIZE, 1 } : resolve_range(index, extent);
    if (axis == 0) s->keeps_time = s->source.is_signal, s->time_range = r;
    s->range_strides[s->range_count] = s->strides[axis];
    s->range_unknown[s->range_count] = unknown;
    s->ranges[s->range_count++] = r;
    return true;
}

static void add_list(selection *s, nl_value list, int axis)
{
    const int result_axis = s->range_count;

    if (s->place < 0) s->place = result_axis;
    else if (s->last_list_at != result_axis) s->split = true;
    s->last_list_at = result_axis;
    s->list_axes[s->list_count] = axis;
    s->lists[s->list_count++] = list;
}

/* Whole numbers within the axis; negative ones are counted from the end. */
static bool resolve_list(nl_eval_context *cx, nl_value *list, size_t extent, int axis, nl_span span)
{
    const size_t count = nl_value_count(*list);
    nl_value out = *list;

    if (list->data == NULL) return true;
    double *data = nl_value_room(cx, span, &out);
    for (size_t i = 0; i < count; i++) {
        const double at = list->data[i];

        if (at != rint(at) || !(fabs(at) < 1e15)) {
            nl_diag_add(cx->diags, NL_E_INDEX, span, "an index is a whole number, not %.10g", at);
            return false;
        }
        if (extent == NL_UNKNOWN_SIZE) continue;
        if (at >= (double)extent || at < -(double)extent) {
            if (extent == 0)
                nl_diag_add(cx->diags, NL_E_INDEX, span, "axis %d is empty: it has no element %.0f", axis, at);
            else
                nl_diag_add(cx->diags, NL_E_INDEX, span,
                            "index %.0f is outside of axis %d, which has the elements 0 to %zu", at, axis, extent - 1);
            return false;
        }
        data[i] = at < 0 ? at + (double)extent : at;
    }
    *list = out;
    return true;
}

/* A mask of k axes becomes k lists: where it holds. */
static bool add_mask(nl_eval_context *cx, selection *s, nl_value mask, int axis, nl_span span)
{
    size_t total = nl_value_count(mask), held = mask.data == NULL ? NL_UNKNOWN_SIZE : 0;

    for (int k = 0; k < mask.rank; k++)
        if (!nl_extent_fits(mask.shape[k], s->source.shape[axis + k])) {
            nl_diag_add(cx->diags, NL_E_INDEX, span, "a mask %s does not fit an array %s",
                        nl_value_shape_text(cx->arena, mask), nl_value_shape_text(cx->arena, s->source));
            return false;
        }
    for (size_t i = 0; mask.data != NULL && i < total; i++) held += mask.data[i] != 0;
    size_t inner = 1;
    for (int k = mask.rank - 1; k >= 0; k--) {
        nl_value list = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &held);
        double *data = mask.data != NULL ? nl_value_room(cx, span, &list) : NULL;

        for (size_t i = 0, at = 0; data != NULL && i < total; i++)
            if (mask.data[i] != 0) data[at++] = (double)(i / inner % mask.shape[k]);
        inner *= mask.shape[k];
        add_list(s, list, axis + k);
    }
    if (axis == 0 && mask.rank == 1 && s->source.is_signal)
        s->keeps_time = true, s->time_list = s->lists[s->list_count - 1];
    return true;
}

/* Adds one index; returns the number of axes it takes, 0 on failure. */
static int add_index(nl_eval_context *cx, selection *s, const nl_index *index, int axis)
{
    nl_value value = index->value;

    if (index->is_slice) return add_range(cx, s, index, axis);
    if (!nl_value_is_array(value)) {
        if (!nl_value_is_none(value))
            nl_diag_add(cx->diags, NL_E_INDEX, index->span, "%s is no index", nl_value_words(cx->arena, value));
        return 0;
    }
    if (!nl_dim_is_pure(value.dim)) {
        nl_diag_add(cx->diags, NL_E_INDEX, index->span, "an index is a pure number, not %s",
                    nl_dim_text(cx->arena, value.dim));
        return 0;
    }
    if (value.kind == NL_KIND_BOOL && value.rank == 0)
        return refuse(cx, index->span, "a single condition is no index"), 0;
    if (value.kind == NL_KIND_BOOL && axis + value.rank > s->source.rank) {
        nl_diag_add(cx->diags, NL_E_INDEX, index->span, "a mask %s does not fit an array %s",
                    nl_value_shape_text(cx->arena, value), nl_value_shape_text(cx->arena, s->source));
        return 0;
    }
    if (value.kind == NL_KIND_BOOL) return add_mask(cx, s, value, axis, index->span) ? value.rank : 0;
    if (!resolve_list(cx, &value, s->source.shape[axis], axis, index->span)) return 0;
    value.is_signal = false;
    add_list(s, value, axis);
    return 1;
}

/* The shape of the result; `picked` is the common shape of the lists. */
static nl_value result_shape(const selection *s, nl_value picked)
{
    nl_value out = nl_value_unknown(s->source.kind, s->source.dim, 0, NULL);
    const int place = s->split || s->place < 0 ? 0 : s->place;

    for (int k = 0; k <= s->range_count; k++) {
        if (k == place)
            for (int j = 0; j < picked.rank; j++) out.shape[out.rank++] = picked.shape[j];
        if (k < s->range_count) out.shape[out.rank++] = s->ranges[k].count;
    }
    return out;
}

/* For each element of the common shape of the lists: how far into the source it points. */
static size_t *picked_offsets(nl_eval_context *cx, const selection *s, nl_value picked)
{
    const size_t count = nl_value_count(picked);
    size_t *offsets = NL_NEW_ARRAY(cx->arena, size_t, count > 0 ? count : 1);

    for (int l = 0; l < s->list_count; l++) {
        size_t strides[NL_RANK];

        nl_shape_strides(s->lists[l], picked.rank, strides);
        for (size_t i = 0; i < count; i++) {
            size_t rest = i, at = 0;
            for (int k = picked.rank - 1; k >= 0; k--) {
                at += rest % picked.shape[k] * strides[k];
                rest /= picked.shape[k];
            }
            offsets[i] += (size_t)s->lists[l].data[at] * s->strides[s->list_axes[l]];
        }
    }
    return offsets;
}

static void gather(const selection *s, nl_value picked, const size_t *offsets, nl_value out, double *data)
{
    const int place = s->split || s->place < 0 ? 0 : s->place;
    const size_t total = nl_value_count(out);
    size_t index[NL_RANK] = { 0 };

    for (size_t i = 0; i < total; i++) {
        size_t at = 0, pick = 0;

        for (int k = 0, axis = 0; k <= s->range_count; k++) {
            if (k == place)
                for (int j = 0; j < picked.rank; j++) pick = pick * picked.shape[j] + index[axis++];
            if (k < s->range_count) {
                const range *r = &s->ranges[k];
                at += (size_t)((long)r->begin + (long)index[axis++] * r->step) * s->range_strides[k];
            }
        }
        data[i] = s->source.data[at + offsets[pick]];
        for (int k = out.rank - 1; k >= 0 && ++index[k] == out.shape[k]; k--) index[k] = 0;
    }
}

static void keep_times(nl_eval_context *cx, const selection *s, nl_value *out)
{
    const size_t count = out->shape[0];

    out->is_signal = true;
    if (s->source.times == NULL || count == NL_UNKNOWN_SIZE) return;
    double *times = NL_NEW_ARRAY(cx->arena, double, count > 0 ? count : 1);
    for (size_t i = 0; i < count; i++) {
        const size_t at = s->time_list.data != NULL
            ? (size_t)s->time_list.data[i]
            : (size_t)((long)s->time_range.begin + (long)i * s->time_range.step);
        times[i] = s->source.times[at];
    }
    out->times = times;
}

static nl_value index_list(nl_eval_context *cx, nl_span span, nl_value base, const nl_index *indices, size_t count)
{
    const nl_index *first = &indices[0];

    if (base.items == NULL) return nl_value_none();
    if (first->is_slice && !first->unknown_bounds && count == 1 && !(first->has_step && first->step == 0)) {
        const range r = resolve_range(first, base.shape[0]);
        nl_value *items = NL_NEW_ARRAY(cx->arena, nl_value, r.count);
        for (size_t i = 0; i < r.count; i++) items[i] = base.items[(long)r.begin + (long)i * r.step];
        base.items = items;
        base.shape[0] = r.count;
        return base;
    }
    nl_value at = first->value;
    if (first->is_slice || !nl_value_is_scalar(at) || at.data == NULL || at.kind != NL_KIND_NUMBER)
        return refuse(cx, first->span, "a list is indexed by a number or a range"), nl_value_none();
    if (!resolve_list(cx, &at, base.shape[0], 0, first->span)) return nl_value_none();
    const nl_value item = base.items[(size_t)at.data[0]];
    return count == 1 ? item : nl_value_index(cx, span, item, indices + 1, count - 1);
}

/* A neuron of a train by its place, or a range of them, which is a train of a part. */
static nl_value index_train(nl_eval_context *cx, nl_span span, nl_value base, const nl_index *indices, size_t count)
{
    const nl_index *index = &indices[0];
    nl_value at = index->value, out = base;

    if (base.rank != 1 || count != 1 || (index->is_slice && index->has_step && index->step != 1))
        return refuse(cx, span, "only trains of a line of neurons are indexed: by a number or a range"),
               nl_value_none();
    if (index->is_slice) {
        const range r = index->unknown_bounds ? (range){ 0, NL_UNKNOWN_SIZE, 1 } : resolve_range(index, base.shape[0]);
        out.shape[0] = r.count;
        if (base.train == NULL || index->unknown_bounds) return out.train = NULL, out;
        return nl_train_part(cx->arena, base, base.train->first + r.begin, r.count);
    }
    if (at.kind != NL_KIND_NUMBER || at.rank != 0)
        return refuse(cx, index->span, "a train is indexed by the number of a neuron or a range"), nl_value_none();
    if (!resolve_list(cx, &at, base.shape[0], 0, index->span)) return nl_value_none();
    if (base.train != NULL && at.data != NULL)
        out = nl_train_part(cx->arena, base, base.train->first + (size_t)at.data[0], 1);
    else out.train = NULL;
    out.rank = 0;
    return out;
}

static bool select_axes(nl_eval_context *cx, selection *s, const nl_index *indices, size_t count)
{
    static const nl_index all = { .is_slice = true };
    int axis = 0;

    s->place = s->last_list_at = -1;
    nl_shape_strides(s->source, s->source.rank, s->strides);
    for (size_t i = 0; i < count; i++) {
        if (axis >= s->source.rank) {
            nl_diag *diag = nl_diag_add(cx->diags, NL_E_INDEX, indices[i].span, "%s has no axis %d",
                                        nl_value_words(cx->arena, s->source), axis);
            if (axis == 0)
                nl_diag_help(cx->diags, diag, "what a population of one has is a number, without an index; its past is "
                                              "read from a record with a name of its own: record past = ...");
            return false;
        }
        const int taken = add_index(cx, s, &indices[i], axis);
        if (taken == 0) return false;
        axis += taken;
    }
    for (; axis < s->source.rank; axis++) add_range(cx, s, &all, axis);
    return true;
}

/* A range or mask over the first axis of a signal leaves a signal; a number takes a sample of it. */
nl_value nl_value_index(nl_eval_context *cx, nl_span span, nl_value base, const nl_index *indices, size_t count)
{
    selection s = { .source = base };
    nl_value picked = { .kind = NL_KIND_NUMBER };

    if (nl_value_is_none(base)) return base;
    if (base.kind == NL_KIND_LIST) return index_list(cx, span, base, indices, count);
    if (base.kind == NL_KIND_TRAIN) return index_train(cx, span, base, indices, count);
    if (!nl_value_is_array(base)) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "%s cannot be indexed", nl_value_words(cx->arena, base));
        return nl_value_none();
    }
    if (!select_axes(cx, &s, indices, count)) return nl_value_none();
    if (!nl_shape_broadcast(s.lists, s.list_count, &picked.rank, picked.shape)) {
        nl_diag_add(cx->diags, NL_E_SHAPE, span, "the shapes %s and %s of the indices do not fit",
                    nl_value_shape_text(cx->arena, s.lists[0]),
                    nl_value_shape_text(cx->arena, s.lists[s.list_count - 1]));
        return nl_value_none();
    }
    if (picked.rank + s.range_count > NL_RANK)
        return refuse(cx, span, "the result has more than 8 axes"), nl_value_none();
    nl_value out = result_shape(&s, picked);
    if (s.keeps_time && !s.split && out.rank > 0) keep_times(cx, &s, &out);
    bool known = base.data != NULL;
    for (int l = 0; l < s.list_count; l++) known = known && s.lists[l].data != NULL;
    for (int k = 0; k < s.range_count; k++) known = known && !s.range_unknown[k];
    if (!known) return out;
    double *data = nl_value_room(cx, span, &out);
    if (data == NULL) return nl_value_none();
    gather(&s, picked, picked_offsets(cx, &s, picked), out, data);
    return out;
}
