/* What is known of a point of a batch when it is done. */
#include "run_impl.h"

#include "base/text.h"

#include <string.h>

nl_outcome *nl_outcome_new(size_t columns)
{
    nl_arena *arena = nl_arena_new();
    nl_outcome *outcome = NL_NEW(arena, nl_outcome);

    outcome->arena = arena;
    outcome->columns = NL_NEW_ARRAY(arena, nl_column, columns + 1);
    for (size_t k = 0; k < columns; k++) outcome->columns[k].value = nl_value_none();
    return outcome;
}

void nl_outcome_free(nl_outcome *outcome)
{
    if (outcome != NULL) nl_arena_free(outcome->arena);
}

nl_axes nl_axes_copy(nl_arena *arena, const nl_axes *axes)
{
    nl_axes copy = { 0 };

    for (size_t i = 0; i < axes->count; i++) {
        nl_axis_info info = { .name = nl_arena_strdup(arena, axes->items[i].name) };

        for (size_t k = 0; k < axes->items[i].labels.count; k++) {
            const nl_axis_label *label = &axes->items[i].labels.items[k];
            NL_PUSH(arena, &info.labels, ((nl_axis_label){ nl_arena_strdup(arena, label->name),
                                                           nl_value_copy(arena, label->values) }));
        }
        NL_PUSH(arena, &copy, info);
    }
    return copy;
}

/* --- as bytes: from one process to another, and in a journal that the same program reads again --- */

static void put(nl_text *out, const void *bytes, size_t count) { nl_text_add(out, bytes, count); }
static void put_count(nl_text *out, uint64_t count) { put(out, &count, sizeof count); }

static void put_text(nl_text *out, const char *text)
{
    put_count(out, text != NULL ? strlen(text) + 1 : 0);
    if (text != NULL) put(out, text, strlen(text) + 1);
}

static void put_value(nl_text *out, const nl_value *value)
{
    const bool has_data = value->data != NULL;

    put(out, value, sizeof *value); /* its pointers are replaced by what follows */
    put_text(out, value->text);
    put_count(out, has_data);
    if (has_data) put(out, value->data, nl_value_count(*value) * sizeof *value->data);
    for (size_t i = 0; value->kind == NL_KIND_LIST && i < value->shape[0]; i++) put_value(out, &value->items[i]);
}

static void put_axes(nl_text *out, const nl_axes *axes)
{
    put_count(out, axes->count);
    for (size_t i = 0; i < axes->count; i++) {
        put_text(out, axes->items[i].name);
        put_count(out, axes->items[i].labels.count);
        for (size_t k = 0; k < axes->items[i].labels.count; k++) {
            put_text(out, axes->items[i].labels.items[k].name);
            put_value(out, &axes->items[i].labels.items[k].values);
        }
    }
}

static void put_diag(nl_text *out, const nl_diag *diag)
{
    put(out, diag, sizeof *diag);
    put_text(out, diag->text);
    put_text(out, diag->help);
    put_text(out, diag->also_text);
}

void nl_outcome_write(const nl_outcome *o, size_t columns, nl_text *out)
{
    put_count(out, (uint64_t)o->status);
    put_count(out, o->steps);
    put(out, &o->counts, sizeof o->counts);
    put_count(out, o->lines.count);
    for (size_t i = 0; i < o->lines.count; i++) put_text(out, o->lines.items[i]);
    put_count(out, o->diags.count);
    for (size_t i = 0; i < o->diags.count; i++) put_diag(out, &o->diags.items[i]);
    put_count(out, columns);
    for (size_t k = 0; k < columns; k++) {
        put_value(out, &o->columns[k].value);
        put_axes(out, &o->columns[k].axes);
    }
}

/* What is read; `good` becomes false where it ends too early. */
typedef struct reader {
    const char *at, *end;
    nl_arena *arena;
    bool good;
} reader;

static void get(reader *in, void *bytes, size_t count)
{
    in->good = in->good && (size_t)(in->end - in->at) >= count;
    if (in->good) memcpy(bytes, in->at, count);
    else memset(bytes, 0, count);
    if (in->good) in->at += count;
}

static uint64_t get_count(reader *in)
{
    uint64_t count;

    get(in, &count, sizeof count);
    in->good = in->good && count <= (uint64_t)(in->end - in->at) + 1;
    return in->good ? count : 0;
}

static uint64_t get_number(reader *in)
{
    uint64_t number;

    get(in, &number, sizeof number);
    return number;
}

static const char *get_text(reader *in)
{
    const uint64_t length = get_count(in);

    if (length == 0) return NULL;
    char *text = NL_NEW_ARRAY(in->arena, char, length);
    get(in, text, length);
    text[length - 1] = '\0';
    return text;
}

static nl_value get_value(reader *in)
{
    nl_value value;

    get(in, &value, sizeof value);
    value.data = value.times = NULL;
    value.train = NULL;
    value.items = NULL;
    value.text = get_text(in);
    const size_t count = in->good && get_count(in) > 0 ? nl_value_count(value) : 0;
    in->good = in->good && count <= (size_t)(in->end - in->at) / sizeof(double);
    if (!in->good) return nl_value_none();
    if (value.kind == NL_KIND_NUMBER || value.kind == NL_KIND_BOOL) {
        double *data = NL_NEW_ARRAY(in->arena, double, count + 1);
        get(in, data, count * sizeof *data);
        value.data = data;
    }
    if (value.kind != NL_KIND_LIST) return value;
    nl_value *items = NL_NEW_ARRAY(in->arena, nl_value, value.shape[0] + 1);
    for (size_t i = 0; i < value.shape[0] && in->good; i++) items[i] = get_value(in);
    value.items = items;
    return value;
}

static nl_axes get_axes(reader *in)
{
    nl_axes axes = { 0 };
    const uint64_t count = get_count(in);

    for (uint64_t i = 0; i < count && in->good; i++) {
        nl_axis_info info = { .name = get_text(in) };
        const uint64_t labels = get_count(in);

        for (uint64_t k = 0; k < labels && in->good; k++) {
            const char *name = get_text(in);
            NL_PUSH(in->arena, &info.labels, ((nl_axis_label){ name, get_value(in) }));
        }
        NL_PUSH(in->arena, &axes, info);
    }
    return axes;
}

static nl_diag get_diag(reader *in)
{
    nl_diag diag;

    get(in, &diag, sizeof diag);
    diag.text = get_text(in);
    diag.help = get_text(in);
    diag.also_text = get_text(in);
    return diag;
}

static void get_said(reader *in, nl_outcome *o)
{
    const uint64_t lines = get_count(in);

    for (uint64_t i = 0; i < lines && in->good; i++) NL_PUSH(o->arena, &o->lines, get_text(in));
    const uint64_t diags = get_count(in);
    for (uint64_t i = 0; i < diags && in->good; i++) NL_PUSH(o->arena, &o->diags, get_diag(in));
}

nl_outcome *nl_outcome_read(const char *bytes, size_t count, size_t columns)
{
    nl_outcome *o = nl_outcome_new(columns);
    reader in = { bytes, bytes + count, o->arena, true };

    o->status = (nl_status)get_number(&in);
    o->steps = get_number(&in);
    get(&in, &o->counts, sizeof o->counts);
    get_said(&in, o);
    in.good = in.good && get_number(&in) == columns;
    for (size_t k = 0; k < columns && in.good; k++) {
        o->columns[k].value = get_value(&in);
        o->columns[k].axes = get_axes(&in);
    }
    if (in.good && in.at == in.end) return o;
    nl_outcome_free(o);
    return NULL;
}
