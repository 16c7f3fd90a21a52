/* Tables of sweeps: as arrays and texts, in any format. */
#include "format.h"

#include "base/text.h"

static bool put_texts(nl_sink *sink, const char *name, const nl_sink_label *label)
{
    nl_text text = nl_text_new(sink->arena);

    for (size_t i = 0; i < label->shape[0]; i++) nl_text_addf(&text, "%s%s", i > 0 ? ", " : "", label->texts[i]);
    return nl_sink_text(sink, name, text.chars);
}

static bool put_labels(nl_sink *sink, const char *measure, const nl_sink_axis *axis)
{
    bool good = true;

    for (size_t i = 0; i < axis->label_count && good; i++) {
        const nl_sink_label *label = &axis->labels[i];
        const char *name = nl_arena_printf(sink->arena, "%s.%s", measure, label->name);

        good = label->data != NULL ? nl_sink_value(sink, name, label->unit, label->rank, label->shape, label->data)
                                   : put_texts(sink, name, label);
    }
    return good;
}

static bool put_measure(nl_sink *sink, const nl_sink_table *table, const nl_sink_measure *m)
{
    bool good = nl_sink_value(sink, m->name, m->unit, m->rank, m->shape, m->data)
                && nl_sink_text(sink, nl_arena_printf(sink->arena, "%s.axes", m->name), m->axes);

    for (size_t i = 0; i < table->axis_count && good; i++) good = put_labels(sink, m->name, &table->axes[i]);
    return good
           && nl_sink_value(sink, nl_arena_printf(sink->arena, "%s.status", m->name), "1", (int)table->axis_count,
                            m->shape, table->status);
}

bool nl_sink_put_table(nl_sink *sink, const nl_sink_table *table)
{
    bool good = sink->error == NULL;

    if (sink->format->table != NULL) return good && sink->format->table(sink, table);
    for (size_t i = 0; i < table->measure_count && good; i++) good = put_measure(sink, table, &table->measures[i]);
    return good;
}
