/* What sweeps collected, in the result file: arrays of one batch make one table. */
#include "run_impl.h"

#include "base/text.h"

#include <string.h>

static const double *shown_numbers(nl_arena *arena, nl_value value, nl_unit unit)
{
    const size_t count = nl_value_count(value);
    double *data = NL_NEW_ARRAY(arena, double, count + 1);

    for (size_t i = 0; i < count; i++) data[i] = nl_unit_unscale(value.data[i], unit);
    return data;
}

static const char *const *texts_of(nl_arena *arena, nl_value list)
{
    const char **texts = NL_NEW_ARRAY(arena, const char *, list.shape[0] + 1);

    for (size_t i = 0; i < list.shape[0]; i++) texts[i] = nl_value_show(arena, list.items[i], NULL);
    return texts;
}

static const size_t *shape_copy(nl_arena *arena, nl_value value)
{
    size_t *shape = NL_NEW_ARRAY(arena, size_t, NL_RANK);

    memcpy(shape, value.shape, sizeof value.shape);
    return shape;
}

static nl_sink_label label_of(nl_arena *arena, const nl_axis_label *from)
{
    const nl_unit_shown shown = nl_unit_shown_for(arena, from->values.dim);
    nl_sink_label label = { .name = from->name, .unit = shown.plain, .rank = from->values.rank,
                            .shape = shape_copy(arena, from->values) };

    if (from->values.kind == NL_KIND_LIST) label.texts = texts_of(arena, from->values);
    else label.data = shown_numbers(arena, from->values, shown.unit);
    return label;
}

/* Places that have no other label are counted. */
static nl_sink_label count_label(nl_arena *arena, const char *name, size_t count)
{
    double *data = NL_NEW_ARRAY(arena, double, count + 1);
    size_t *shape = NL_NEW_ARRAY(arena, size_t, 1);

    shape[0] = count;
    for (size_t i = 0; i < count; i++) data[i] = (double)i;
    return (nl_sink_label){ .name = name, .unit = "1", .rank = 1, .shape = shape, .data = data };
}

static nl_sink_axis axis_of(nl_arena *arena, const nl_axis_info *info, size_t count)
{
    const size_t room = info->labels.count > 0 ? info->labels.count : 1;
    nl_sink_label *labels = NL_NEW_ARRAY(arena, nl_sink_label, room);

    for (size_t i = 0; i < info->labels.count; i++) labels[i] = label_of(arena, &info->labels.items[i]);
    if (info->labels.count == 0) labels[0] = count_label(arena, info->name, count);
    return (nl_sink_axis){ .name = info->name, .count = count, .labels = labels, .label_count = room };
}

static const char *axes_text(nl_arena *arena, const nl_axes *axes)
{
    nl_text text = nl_text_new(arena);

    for (size_t i = 0; i < axes->count; i++) nl_text_addf(&text, "%s%s", i > 0 ? ", " : "", axes->items[i].name);
    return text.chars;
}

static nl_sink_measure measure_of(nl_arena *arena, const nl_collection *c)
{
    const nl_value value = c->symbol->value;
    const nl_unit_shown shown = nl_unit_shown_for(arena, value.dim);

    return (nl_sink_measure){ .name = c->symbol->name, .unit = shown.plain, .axes = axes_text(arena, &c->axes),
                              .rank = value.rank, .shape = shape_copy(arena, value),
                              .data = shown_numbers(arena, value, shown.unit) };
}

static bool is_of_batch(const nl_collection *c, const nl_collection *first)
{
    return c->status.kind != NL_KIND_NONE && c->batch == first->batch;
}

static bool write_table(nl_session *s, size_t first)
{
    const nl_collection *head = &s->lane->collections.items[first];
    const size_t axis_count = (size_t)head->status.rank, room = s->lane->collections.count;
    nl_sink_axis *axes = NL_NEW_ARRAY(s->arena, nl_sink_axis, axis_count + 1);
    nl_sink_measure *measures = NL_NEW_ARRAY(s->arena, nl_sink_measure, room);
    nl_sink_table table = { .axes = axes, .axis_count = axis_count, .measures = measures, .status = head->status.data };

    for (size_t i = 0; i < axis_count; i++) axes[i] = axis_of(s->arena, &head->axes.items[i], head->status.shape[i]);
    for (size_t i = first; i < room; i++)
        if (is_of_batch(&s->lane->collections.items[i], head))
            measures[table.measure_count++] = measure_of(s->arena, &s->lane->collections.items[i]);
    return nl_sink_put_table(s->sink, &table);
}

bool nl_tables_have(const nl_session *s, const nl_symbol *symbol)
{
    const nl_collection *c = nl_session_collection(s, symbol);

    return c != NULL && c->status.kind != NL_KIND_NONE;
}

bool nl_tables_write(nl_session *s)
{
    const nl_collection *all = s->lane->collections.items;
    bool good = true;

    for (size_t i = 0; i < s->lane->collections.count && good; i++) {
        bool is_first = all[i].status.kind != NL_KIND_NONE;

        for (size_t k = 0; k < i; k++) is_first = is_first && !is_of_batch(&all[k], &all[i]);
        good = !is_first || write_table(s, i);
    }
    return good;
}
