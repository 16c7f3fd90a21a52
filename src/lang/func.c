/* The functions of the language: the table, how arguments find their places, and what functions share. */
#include "func_impl.h"

#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct { nl_func_row row; nl_func function; } functions[] = {
#define FUNC(name, signature, function, doc, example) { { name, signature, doc, example }, nl_func_##function },
#include "funcs.def"
};

static int find(const char *name)
{
    for (size_t i = 0; i < NL_LEN(functions); i++)
        if (strcmp(functions[i].row.name, name) == 0) return (int)i;
    return -1;
}

bool nl_func_exists(const char *name)
{
    return find(name) >= 0 || nl_op_find(name, -1) != NL_OP_COUNT;
}

/* Trains come first and are called so. */
bool nl_func_takes_train(const char *function, size_t place, const char *name)
{
    static const char train[] = "train";
    const int index = find(function);

    if (index < 0 || strncmp(functions[index].row.signature, train, strlen(train)) != 0) return false;
    return name != NULL ? strcmp(name, train) == 0 : place == 0;
}

const nl_func_row *nl_func_get(size_t index)
{
    return index < NL_LEN(functions) ? &functions[index].row : NULL;
}

const char *nl_func_suggest(const char *name)
{
    const char *names[NL_LEN(functions) + NL_OP_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < NL_LEN(functions); i++) names[count++] = functions[i].row.name;
    for (int op = 0; op < NL_OP_COUNT; op++)
        if (nl_ops[op].name != NULL) names[count++] = nl_ops[op].name;
    return nl_suggest(name, names, count);
}

/* --- arguments --- */

/* Reads the next parameter of a signature such as "x, axis = none"; false at its end. */
static bool next_parameter(nl_arena *arena, const char **at, const char **name, bool *optional)
{
    if (**at == '\0') return false;
    const size_t length = strcspn(*at, ",");
    const char *equals = memchr(*at, '=', length);

    *name = nl_arena_strndup(arena, *at, strcspn(*at, " ,=."));
    *optional = equals != NULL;
    *at += length;
    *at += strspn(*at, ", ");
    return true;
}

nl_value nl_call_refuse(const nl_call *call, int slot, nl_code code, const char *format, ...)
{
    const nl_span span = slot >= 0 && call->slots[slot] != NULL ? call->slots[slot]->span : call->span;
    nl_text text = nl_text_new(call->cx->arena);
    va_list args;

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    nl_diag_add(call->cx->diags, code, span, "%s", text.chars);
    return nl_value_none();
}

static bool refuse_argument(nl_eval_context *cx, nl_span span, const char *name, const char *signature,
                            const char *fault)
{
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_ARGUMENT, span, "%s", fault);

    nl_diag_help(cx->diags, diag, "%s(%s)", name, signature);
    return false;
}

static int slot_named(const nl_call *call, const char *name)
{
    for (int k = 0; k < call->slot_count; k++)
        if (strcmp(call->names[k], name) == 0) return k;
    return -1;
}

/* Puts the arguments into their slots. */
static bool bind(nl_call *call, const nl_arg *args, size_t count)
{
    nl_eval_context *cx = call->cx;
    const char *name = call->row->name, *signature = call->row->signature, *at = signature;
    const bool variadic = strstr(signature, "...") != NULL;
    bool optional[NL_FUNC_SLOTS];
    int place = 0;

    while (next_parameter(cx->arena, &at, &call->names[call->slot_count], &optional[call->slot_count]))
        call->slot_count++;
    call->parts = args;
    while (variadic && call->part_count < count && args[call->part_count].name == NULL) call->part_count++;
    for (size_t i = call->part_count; i < count; i++) {
        const int slot = args[i].name != NULL ? slot_named(call, args[i].name) : place++;

        if (slot < 0)
            return refuse_argument(cx, args[i].span, name, signature,
                                   nl_arena_printf(cx->arena, "`%s` has no argument `%s`", name, args[i].name));
        if (slot >= call->slot_count)
            return refuse_argument(cx, args[i].span, name, signature,
                                   nl_arena_printf(cx->arena, "`%s` takes no more than %d argument%s", name,
                                                   call->slot_count, call->slot_count == 1 ? "" : "s"));
        if (call->slots[slot] != NULL)
            return refuse_argument(cx, args[i].span, name, signature,
                                   nl_arena_printf(cx->arena, "the argument `%s` is given twice", call->names[slot]));
        call->slots[slot] = &args[i];
    }
    for (int k = variadic; k < call->slot_count; k++)
        if (call->slots[k] == NULL && !optional[k])
            return refuse_argument(cx, call->span, name, signature,
                                   nl_arena_printf(cx->arena, "`%s` needs the argument `%s`", name, call->names[k]));
    return true;
}

/* An elementwise function: its arguments by place or by the names in ops.def. */
static nl_value call_op(nl_eval_context *cx, nl_span span, nl_op op, const nl_arg *args, size_t count)
{
    const nl_func_row row = { nl_ops[op].name, nl_ops[op].args, nl_ops[op].doc, nl_ops[op].example };
    nl_call call = { .cx = cx, .span = span, .row = &row };
    nl_arg ordered[NL_OP_ARGS];

    if (!bind(&call, args, count)) return nl_value_none();
    for (int k = 0; k < nl_ops[op].arity; k++) ordered[k] = *call.slots[k];
    return nl_value_map(cx, span, op, ordered, nl_ops[op].arity);
}

static bool only_names_of(nl_op op, const nl_arg *args, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (args[i].name != NULL && strstr(nl_ops[op].args, args[i].name) == NULL) return false;
    return true;
}

static nl_value wrong_count(nl_eval_context *cx, nl_span span, nl_op op, size_t count)
{
    refuse_argument(
        cx, span, nl_ops[op].name, nl_ops[op].args,
        nl_arena_printf(cx->arena, "`%s` does not take %zu argument%s", nl_ops[op].name, count, count == 1 ? "" : "s"));
    return nl_value_none();
}

/* An elementwise function of as many arguments comes first: max(a, b) and max(x) are two functions. */
nl_value nl_func_call(nl_eval_context *cx, nl_span span, const char *name, const nl_arg *args, size_t count)
{
    const int index = find(name);
    const nl_op any = nl_op_find(name, -1), op = count <= NL_OP_ARGS ? nl_op_find(name, (int)count) : NL_OP_COUNT;

    for (size_t i = 0; i < count; i++)
        if (nl_value_is_none(args[i].value)) return nl_value_none();
    if (op != NL_OP_COUNT && only_names_of(op, args, count)) return call_op(cx, span, op, args, count);
    if (index >= 0) {
        nl_call call = { .cx = cx, .span = span, .row = &functions[index].row };
        return bind(&call, args, count) ? functions[index].function(&call) : nl_value_none();
    }
    if (any != NL_OP_COUNT)
        return op != NL_OP_COUNT ? call_op(cx, span, op, args, count) : wrong_count(cx, span, any, count);
    const char *meant = nl_func_suggest(name);
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_FUNCTION, span, "there is no function `%s`", name);
    if (meant != NULL) nl_diag_help(cx->diags, diag, "did you mean `%s`?", meant);
    return nl_value_none();
}

bool nl_call_array(const nl_call *call, int slot, nl_value *out)
{
    if (call->slots[slot] == NULL) return true;
    *out = call->slots[slot]->value;
    if (nl_value_is_array(*out)) return true;
    nl_call_refuse(call, slot, NL_E_VALUE_KIND, "`%s` does not take %s", call->row->name,
                   nl_value_words(call->cx->arena, *out));
    return false;
}

/* A scalar argument; *known false while it is not known. */
static bool scalar(const nl_call *call, int slot, nl_value *out, bool *known)
{
    if (!nl_call_array(call, slot, out)) return false;
    if (out->rank != 0) {
        nl_call_refuse(call, slot, NL_E_SHAPE, "`%s` is a single number, not %s", call->names[slot],
                       nl_value_words(call->cx->arena, *out));
        return false;
    }
    if (out->data != NULL) return true;
    if (known != NULL) *known = false;
    else nl_call_refuse(call, slot, NL_E_ARGUMENT, "`%s` has to be known before the run", call->names[slot]);
    return known != NULL;
}

bool nl_call_real(const nl_call *call, int slot, nl_dim *dim, double *out, bool *known)
{
    nl_value value;

    if (call->slots[slot] == NULL) return true;
    if (!scalar(call, slot, &value, known)) return false;
    if (dim != NULL) *dim = value.dim;
    else if (!nl_dim_is_pure(value.dim)) {
        nl_call_refuse(call, slot, NL_E_DIMENSION, "`%s` is a pure number, not %s", call->names[slot],
                       nl_dim_text(call->cx->arena, value.dim));
        return false;
    }
    if (value.data != NULL) *out = value.data[0];
    return true;
}

bool nl_call_whole(const nl_call *call, int slot, long lo, long hi, long *out, bool *known)
{
    bool here = true;
    double number = NAN;

    if (call->slots[slot] == NULL) return true;
    if (!nl_call_real(call, slot, NULL, &number, known != NULL ? &here : NULL)) return false;
    if (!here) return *known = false, true;
    if (number != rint(number) || number < (double)lo || number > (double)hi) {
        nl_call_refuse(call, slot, NL_E_ARGUMENT, "`%s` is a whole number from %ld on, not %.10g", call->names[slot],
                       lo, number);
        return false;
    }
    *out = (long)number;
    return true;
}

bool nl_call_flag(const nl_call *call, int slot, bool *out)
{
    nl_value value;

    if (call->slots[slot] == NULL) return true;
    if (!scalar(call, slot, &value, NULL)) return false;
    if (value.kind == NL_KIND_BOOL) return *out = value.data[0] != 0, true;
    nl_call_refuse(call, slot, NL_E_VALUE_KIND, "`%s` is true or false", call->names[slot]);
    return false;
}

bool nl_call_time(const nl_call *call, int slot, double *out, bool *known)
{
    nl_dim dim = call->cx->time_dim;

    if (!nl_call_real(call, slot, &dim, out, known)) return false;
    if (nl_dim_equal(dim, call->cx->time_dim)) return true;
    nl_call_refuse(call, slot, NL_E_DIMENSION, "`%s` is a time, not %s", call->names[slot],
                   nl_dim_text(call->cx->arena, dim));
    return false;
}

bool nl_call_text(const nl_call *call, int slot, const char **out)
{
    if (call->slots[slot] == NULL) return true;
    *out = call->slots[slot]->value.text;
    if (call->slots[slot]->value.kind == NL_KIND_TEXT) return true;
    nl_call_refuse(call, slot, NL_E_VALUE_KIND, "`%s` is a text, not %s", call->names[slot],
                   nl_value_words(call->cx->arena, call->slots[slot]->value));
    return false;
}

bool nl_call_axis(const nl_call *call, int slot, int rank, int *out)
{
    long axis;

    if (call->slots[slot] == NULL) {
        if (*out < -1) *out += rank + 1; /* a default from the end: -2 is the last */
        return true;
    }
    if (!nl_call_whole(call, slot, -NL_RANK, NL_RANK, &axis, NULL)) return false;
    if (axis >= rank || axis < -rank) {
        nl_call_refuse(call, slot, NL_E_ARGUMENT, "there is no axis %ld: the array has %d", axis, rank);
        return false;
    }
    *out = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

static bool extent_of(const nl_call *call, int slot, double number, size_t *out)
{
    if (number >= 0 && number == rint(number) && number < 1e15) return *out = (size_t)number, true;
    nl_call_refuse(call, slot, NL_E_ARGUMENT, "an extent is a whole number from 0 on, not %.10g", number);
    return false;
}

bool nl_call_shape(const nl_call *call, int slot, int *rank, size_t *shape)
{
    nl_value value;

    if (!nl_call_array(call, slot, &value)) return false;
    if (!nl_dim_is_pure(value.dim) || value.rank > 1 || (value.rank == 1 && value.shape[0] > NL_RANK)) {
        nl_call_refuse(call, slot, NL_E_ARGUMENT, "a shape is a whole number or a list of up to %d, not %s", NL_RANK,
                       nl_value_words(call->cx->arena, value));
        return false;
    }
    *rank = value.rank == 0 ? 1 : (int)value.shape[0];
    for (int k = 0; k < *rank; k++) {
        shape[k] = NL_UNKNOWN_SIZE;
        if (value.data != NULL && !extent_of(call, slot, value.data[k], &shape[k])) return false;
    }
    return true;
}

bool nl_call_alike(const nl_call *call, int slot, nl_dim a, nl_dim b, nl_dim *out)
{
    *out = nl_dim_common(a, b);
    if (nl_dim_equal(a, b)) return true;
    nl_call_refuse(call, slot, NL_E_DIMENSION, "`%s` needs quantities of one dimension, not %s and %s", call->row->name,
                   nl_dim_text(call->cx->arena, a), nl_dim_text(call->cx->arena, b));
    return false;
}

double *nl_call_room(const nl_call *call, nl_value *value)
{
    return nl_value_room(call->cx, call->span, value);
}

/* --- what functions share --- */

nl_lines nl_lines_of(nl_value value, int axis)
{
    nl_lines lines = { 1, 1, 1 };

    if (axis < 0) {
        lines.extent = nl_value_count(value);
        return lines;
    }
    for (int k = 0; k < axis; k++) lines.outer *= value.shape[k];
    lines.extent = value.shape[axis];
    for (int k = axis + 1; k < value.rank; k++) lines.inner *= value.shape[k];
    return lines;
}

size_t nl_value_item_count(nl_value value)
{
    return value.rank > 0 ? value.shape[0] : 0;
}

nl_value nl_value_item(nl_value value, size_t index)
{
    if (value.kind == NL_KIND_LIST) return value.items[index];
    nl_value item = nl_value_unknown(value.kind, value.dim, value.rank - 1, value.shape + 1);
    if (value.data != NULL) item.data = value.data + index * nl_value_count(item);
    return item;
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

void nl_sort(double *numbers, size_t count)
{
    if (count > 1) qsort(numbers, count, sizeof *numbers, compare_numbers);
}

double nl_sum(const double *numbers, size_t count)
{
    enum { RUN = 64 };
    double sum = 0;

    if (count > RUN) return nl_sum(numbers, count / 2) + nl_sum(numbers + count / 2, count - count / 2);
    for (size_t i = 0; i < count; i++) sum += numbers[i];
    return sum;
}
