/* What is known of a point of a batch when it is done. */
#include "run_impl.h"

#include <stdlib.h>

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
