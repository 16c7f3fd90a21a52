/* Elementwise operators on arrays, with the checks of kind, dimension and shape that go with them. */
#include "value_impl.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* --- faults --- */

/* "cannot add mV and ms", or "`max` needs operands alike, not mV and ms". */
static const char *dimension_fault(nl_arena *arena, nl_op op, const nl_arg *args, int count)
{
    static const struct { nl_op op; const char *verb; } verbs[] = {
        { NL_OP_ADD, "add" },    { NL_OP_SUB, "subtract" }, { NL_OP_EQ, "compare" }, { NL_OP_NE, "compare" },
        { NL_OP_LT, "compare" }, { NL_OP_LE, "compare" },   { NL_OP_GT, "compare" }, { NL_OP_GE, "compare" },
    };
    const char *first = nl_dim_text(arena, args[0].value.dim);
    const char *second = count > 1 ? nl_dim_text(arena, args[1].value.dim) : "";

    for (size_t i = 0; i < NL_LEN(verbs); i++)
        if (verbs[i].op == op) return nl_arena_printf(arena, "cannot %s %s and %s", verbs[i].verb, first, second);
    switch (nl_ops[op].dim) {
    case NL_DIM_PURE:
        for (int i = 0; i < count; i++)
            if (!nl_dim_is_pure(args[i].value.dim))
                return nl_arena_printf(arena, "`%s` takes a pure number, not %s", nl_ops[op].name,
                                       nl_dim_text(arena, args[i].value.dim));
        break;
    case NL_DIM_SAME:
    case NL_DIM_COMPARE:
    case NL_DIM_SELECT: {
        nl_text text = nl_text_new(arena);
        for (int i = nl_ops[op].dim == NL_DIM_SELECT; i < count; i++)
            nl_text_addf(&text, "%s%s", text.length == 0 ? "" : i + 1 < count ? ", " : " and ",
                         nl_dim_text(arena, args[i].value.dim));
        return nl_arena_printf(arena, "`%s` needs quantities of one dimension, not %s", nl_ops[op].name, text.chars);
    }
    case NL_DIM_POWER:
        if (!nl_dim_is_pure(args[1].value.dim))
            return nl_arena_printf(arena, "an exponent is a pure number, not %s", second);
        return nl_arena_printf(arena, "%s to this power has no dimension that could be written", first);
    default: break;
    }
    return nl_arena_printf(arena, "`%s` of %s has no dimension that could be written", nl_ops[op].name, first);
}

static nl_value refuse_dimensions(nl_eval_context *cx, nl_span span, nl_op op, const nl_arg *args, int count)
{
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_DIMENSION, span, "%s", dimension_fault(cx->arena, op, args, count));

    if (nl_ops[op].dim == NL_DIM_PURE && !nl_dim_is_pure(args[0].value.dim))
        nl_diag_help(cx->diags, diag, "divide it by a quantity in %s first", nl_dim_text(cx->arena, args[0].value.dim));
    return nl_value_none();
}

static nl_value refuse_shapes(nl_eval_context *cx, nl_span span, nl_op op, const nl_value *values, int count)
{
    nl_text text = nl_text_new(cx->arena);
    int shown = 0;

    for (int i = 0; i < count; i++)
        if (values[i].rank > 0)
            nl_text_addf(&text, "%s%s", shown++ > 0 ? " and " : "", nl_value_shape_text(cx->arena, values[i]));
    nl_diag_add(cx->diags, NL_E_SHAPE, span, "the shapes %s do not fit for `%s`", text.chars, nl_ops[op].name);
    return nl_value_none();
}

/* --- kinds --- */

static bool kind_fits(nl_op op, int index, nl_kind kind)
{
    const bool condition = nl_ops[op].type == NL_OP_LOGIC || (nl_ops[op].type == NL_OP_CHOOSE && index == 0);

    return kind == NL_KIND_BOOL || (kind == NL_KIND_NUMBER && !condition);
}

static bool check_kinds(nl_eval_context *cx, nl_op op, const nl_arg *args, int count)
{
    for (int i = 0; i < count; i++) {
        const nl_value value = args[i].value;

        if (kind_fits(op, i, value.kind)) continue;
        if (value.kind == NL_KIND_NUMBER) {
            nl_diag *diag = nl_diag_add(cx->diags, NL_E_VALUE_KIND, args[i].span, "`%s` needs a condition, not %s",
                                        nl_ops[op].name, nl_value_words(cx->arena, value));
            nl_diag_help(cx->diags, diag, "a number is never a condition; compare it: x != 0");
        } else {
            nl_diag *diag = nl_diag_add(cx->diags, NL_E_VALUE_KIND, args[i].span, "`%s` does not take %s",
                                        nl_ops[op].name, nl_value_words(cx->arena, value));
            if (value.kind == NL_KIND_TABLE)
                nl_diag_help(cx->diags, diag, "a table is a function of time: write stim(t)");
        }
        return false;
    }
    return true;
}

static nl_kind result_kind(nl_op op, const nl_arg *args)
{
    switch (nl_ops[op].type) {
    case NL_OP_NUM: return NL_KIND_NUMBER;
    case NL_OP_CHOOSE:
        return args[1].value.kind == NL_KIND_BOOL && args[2].value.kind == NL_KIND_BOOL ? NL_KIND_BOOL : NL_KIND_NUMBER;
    default: return NL_KIND_BOOL;
    }
}

/* --- dimensions --- */

/* A quantity to a power: every exponent has to be the same known number. */
static bool power_dimension(nl_value base, nl_value exponent, nl_dim *out)
{
    if (!nl_dim_is_pure(exponent.dim)) return false;
    if (nl_dim_is_pure(base.dim)) {
        *out = base.dim;
        return true;
    }
    if (exponent.data == NULL) {
        *out = nl_dim_unknown;
        return true;
    }
    const size_t count = nl_value_count(exponent);
    for (size_t i = 1; i < count; i++)
        if (exponent.data[i] != exponent.data[0]) return false;
    return count > 0 && nl_dim_power(base.dim, exponent.data[0], out);
}

static bool result_dimension(nl_op op, const nl_arg *args, int count, nl_dim *out)
{
    nl_dim dims[NL_OP_ARGS] = { { .any = false } };

    if (nl_ops[op].dim == NL_DIM_POWER) return power_dimension(args[0].value, args[1].value, out);
    for (int i = 0; i < count; i++) dims[i] = args[i].value.dim;
    return nl_dim_apply(nl_ops[op].dim, dims, count, out);
}

/* --- signals --- */

/* Time is the first axis of a signal: beside a signal of higher rank, one of lower rank gets axes behind its time. */
static void align_signals(nl_value *values, int count)
{
    int rank = 0;

    for (int i = 0; i < count; i++)
        if (values[i].is_signal && values[i].rank > rank) rank = values[i].rank;
    for (int i = 0; i < count; i++)
        while (values[i].is_signal && values[i].rank < rank) values[i].shape[values[i].rank++] = 1;
}

static bool same_times(nl_value a, nl_value b)
{
    if (a.times == NULL || b.times == NULL || a.times == b.times || a.shape[0] != b.shape[0]) return true;
    return memcmp(a.times, b.times, a.shape[0] * sizeof *a.times) == 0;
}

/* Makes `out` a signal when one of the operands brings its first axis; false where two were sampled at different
 * times. */
static bool take_times(nl_value *out, const nl_value *values, int count)
{
    const nl_value *first = NULL;

    for (int i = 0; i < count; i++) {
        if (!values[i].is_signal || values[i].rank != out->rank) continue;
        if (first != NULL && !same_times(*first, values[i])) return false;
        if (first == NULL) first = &values[i];
    }
    if (first == NULL || !nl_extent_fits(first->shape[0], out->shape[0])) return true;
    out->is_signal = true;
    out->times = first->times;
    return true;
}

/* --- the loop --- */

static void fold_rows(nl_op op, const nl_value *values, int count, nl_value shape, double *out)
{
    const int rank = shape.rank;
    const size_t inner = rank > 0 ? shape.shape[rank - 1] : 1, total = nl_value_count(shape);
    size_t strides[NL_OP_ARGS][NL_RANK], at[NL_OP_ARGS] = { 0 }, index[NL_RANK] = { 0 };

    for (int i = 0; i < count; i++) nl_shape_strides(values[i], rank, strides[i]);
    for (size_t done = 0; done < total;) {
        for (size_t k = 0; k < inner; k++) {
            double args[NL_OP_ARGS] = { 0 };
            for (int i = 0; i < count; i++) args[i] = values[i].data[at[i] + (rank > 0 ? k * strides[i][rank - 1] : 0)];
            out[done++] = nl_op_fold(op, args);
        }
        for (int axis = rank - 2; axis >= 0; axis--) {
            for (int i = 0; i < count; i++) at[i] += strides[i][axis];
            if (++index[axis] < shape.shape[axis]) break;
            index[axis] = 0;
            for (int i = 0; i < count; i++) at[i] -= strides[i][axis] * shape.shape[axis];
        }
    }
}

static bool any_none(const nl_arg *args, int count)
{
    for (int i = 0; i < count; i++)
        if (nl_value_is_none(args[i].value)) return true;
    return false;
}

/* Kinds, dimensions and shapes are checked in this order, so that the message speaks of the most basic fault. */
nl_value nl_value_map(nl_eval_context *cx, nl_span span, nl_op op, const nl_arg *args, int count)
{
    nl_value values[NL_OP_ARGS], out = { 0 };
    bool known = true;

    if (any_none(args, count) || !check_kinds(cx, op, args, count)) return nl_value_none();
    out.kind = result_kind(op, args);
    if (!result_dimension(op, args, count, &out.dim)) return refuse_dimensions(cx, span, op, args, count);
    for (int i = 0; i < count; i++) {
        values[i] = args[i].value;
        known = known && values[i].data != NULL;
    }
    align_signals(values, count);
    if (!nl_shape_broadcast(values, count, &out.rank, out.shape)) return refuse_shapes(cx, span, op, values, count);
    if (!take_times(&out, values, count)) {
        nl_diag *diag = nl_diag_add(cx->diags, NL_E_SHAPE, span, "these signals were sampled at different times");
        nl_diag_help(cx->diags, diag, "read one at the times of the other: b(a.t)");
        return nl_value_none();
    }
    if (!known) return out;
    double *data = nl_value_room(cx, span, &out);
    if (data == NULL) return nl_value_none();
    fold_rows(op, values, count, out, data);
    return out;
}

/* --- operators --- */

static nl_value compare_texts(nl_eval_context *cx, nl_span span, const char *op, nl_value a, nl_value b)
{
    const bool equal = strcmp(op, "==") == 0;

    if (a.kind != b.kind || (!equal && strcmp(op, "!=") != 0)) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "`%s` does not take %s and %s", op, nl_value_words(cx->arena, a),
                    nl_value_words(cx->arena, b));
        return nl_value_none();
    }
    if (a.text == NULL || b.text == NULL) return nl_value_unknown(NL_KIND_BOOL, nl_dim_none, 0, NULL);
    return nl_value_bool(cx->arena, (strcmp(a.text, b.text) == 0) == equal);
}

nl_value nl_value_binary(nl_eval_context *cx, nl_span span, const char *op, nl_value a, nl_span a_span, nl_value b,
                         nl_span b_span)
{
    const nl_arg args[] = { { .value = a, .span = a_span }, { .value = b, .span = b_span } };

    if (nl_value_is_none(a) || nl_value_is_none(b)) return nl_value_none();
    if (a.kind == NL_KIND_TEXT || b.kind == NL_KIND_TEXT) return compare_texts(cx, span, op, a, b);
    if (strcmp(op, "@") == 0) return nl_value_matmul(cx, span, a, b);
    return nl_value_map(cx, span, nl_op_find(op, 2), args, 2);
}

nl_value nl_value_unary(nl_eval_context *cx, nl_span span, const char *op, nl_value a)
{
    return nl_value_map(cx, span, nl_op_find(op, 1), &(nl_arg){ .value = a, .span = span }, 1);
}

/* --- units behind an array --- */

/* The elements are mostly literals: their decimals are shifted and rounded once, like those of a single literal. */
static double scale_element(nl_arena *arena, double number, nl_unit unit)
{
    if (!isfinite(number) || number == 0) return number;
    const char *digits = nl_text_number(arena, number);
    return nl_unit_scale_literal(digits, strlen(digits), unit);
}

static nl_value scale_list(nl_eval_context *cx, nl_span span, nl_value list, nl_unit unit)
{
    nl_value *items = NL_NEW_ARRAY(cx->arena, nl_value, list.shape[0]);

    for (size_t i = 0; i < list.shape[0]; i++) {
        items[i] = nl_value_scale(cx, span, list.items[i], unit);
        if (nl_value_is_none(items[i])) return nl_value_none();
    }
    list.items = items;
    return list;
}

nl_value nl_value_scale(nl_eval_context *cx, nl_span span, nl_value a, nl_unit unit)
{
    if (nl_value_is_none(a)) return a;
    if (a.kind == NL_KIND_LIST && a.items != NULL) return scale_list(cx, span, a, unit);
    if (a.kind != NL_KIND_NUMBER) {
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "%s cannot have a unit", nl_value_words(cx->arena, a));
        return nl_value_none();
    }
    if (!nl_dim_is_pure(a.dim)) {
        nl_diag_add(cx->diags, NL_E_DIMENSION, span, "these elements are in %s already", nl_dim_text(cx->arena, a.dim));
        return nl_value_none();
    }
    nl_value out = nl_value_unknown(a.kind, unit.dim, a.rank, a.shape);
    if (a.data == NULL) return out;
    double *data = nl_value_room(cx, span, &out);
    for (size_t i = 0; data != NULL && i < nl_value_count(out); i++)
        data[i] = scale_element(cx->arena, a.data[i], unit);
    return data != NULL ? out : nl_value_none();
}

/* --- within --- */

/* How far x is from the reference, in tolerances. */
static double distance(double x, double tolerance, double reference, bool relative)
{
    const double room = relative ? tolerance * fabs(reference) : tolerance;

    if (x == reference) return 0;
    if (!isfinite(x) || !isfinite(reference) || !(room > 0)) return INFINITY;
    return fabs(x - reference) / room;
}

static bool within_fits(nl_eval_context *cx, nl_span span, const nl_value *values, bool relative)
{
    nl_arena *arena = cx->arena;

    for (int i = 0; i < 3; i++) {
        if (nl_value_is_array(values[i])) continue;
        nl_diag_add(cx->diags, NL_E_VALUE_KIND, span, "`within` does not take %s", nl_value_words(arena, values[i]));
        return false;
    }
    if (!nl_dim_equal(values[0].dim, values[2].dim)) {
        nl_diag_add(cx->diags, NL_E_DIMENSION, span, "cannot compare %s and %s", nl_dim_text(arena, values[0].dim),
                    nl_dim_text(arena, values[2].dim));
        return false;
    }
    const nl_dim wanted = relative ? nl_dim_none : nl_dim_common(values[0].dim, values[2].dim);
    if (nl_dim_equal(values[1].dim, wanted)) return true;
    nl_diag_add(cx->diags, NL_E_DIMENSION, span, "the tolerance is %s, what is compared %s",
                nl_dim_text(arena, values[1].dim), nl_dim_text(arena, wanted));
    return false;
}

nl_value nl_value_within(nl_eval_context *cx, nl_span span, nl_value x, nl_value tolerance, bool relative,
                         nl_value reference, size_t *worst)
{
    nl_value values[] = { x, tolerance, reference }, out = { .kind = NL_KIND_BOOL, .dim = nl_dim_none };
    size_t strides[3][NL_RANK];
    double farthest = -1;

    if (nl_value_is_none(x) || nl_value_is_none(tolerance) || nl_value_is_none(reference)) return nl_value_none();
    if (!within_fits(cx, span, values, relative)) return nl_value_none();
    align_signals(values, 3);
    if (!nl_shape_broadcast(values, 3, &out.rank, out.shape)) {
        nl_diag_add(cx->diags, NL_E_SHAPE, span, "the shapes %s and %s do not fit", nl_value_shape_text(cx->arena, x),
                    nl_value_shape_text(cx->arena, reference));
        return nl_value_none();
    }
    if (x.data == NULL || tolerance.data == NULL || reference.data == NULL) return out;
    double *data = nl_value_room(cx, span, &out);
    if (data == NULL) return nl_value_none();
    for (int i = 0; i < 3; i++) nl_shape_strides(values[i], out.rank, strides[i]);
    for (size_t i = 0; i < nl_value_count(out); i++) {
        double at[3];
        for (int v = 0; v < 3; v++) {
            size_t rest = i, offset = 0;
            for (int k = out.rank - 1; k >= 0; k--) {
                offset += rest % out.shape[k] * strides[v][k];
                rest /= out.shape[k];
            }
            at[v] = values[v].data[offset];
        }
        const double far = distance(at[0], at[1], at[2], relative);
        data[i] = far <= 1;
        if (far > farthest) farthest = far, *worst = i;
    }
    return out;
}
