/* Machines of the same program side by side: what is summed over a connection is summed for all of them at once. */
#include "machine_impl.h"

static const block *block_of(const nl_machine_turn *turn, size_t number) { return &turn->machine->body.blocks[number]; }

static bool is_sum(const block *b) { return b->segment->kind == NL_C_PROPAGATE; }

/* Those from `first` on that have its weights, and are not summed yet. */
static size_t collect(nl_machine_turn *turns, size_t count, size_t first, size_t number, const nl_machine_room *room)
{
    const double *weights = block_of(&turns[first], number)->weights;
    size_t found = 0;

    for (size_t k = first; k < count; k++) {
        const block *b = block_of(&turns[k], number);
        if (turns[k].summed || b->weights != weights) continue;
        turns[k].summed = true;
        room->sources[found] = b->source;
        room->targets[found++] = machine_target(turns[k].machine, b);
    }
    return found;
}

static void sum_together(nl_machine_turn *turns, size_t count, size_t number, const nl_machine_room *room)
{
    for (size_t k = 0; k < count; k++) turns[k].summed = !turns[k].good;
    for (size_t k = 0; k < count; k++) {
        if (turns[k].summed) continue;
        nl_machine *machine = turns[k].machine;
        const block *b = block_of(&turns[k], number);
        const size_t alike = collect(turns, count, k, number, room);
        nl_propagate_together(&machine->propagate, machine_conn(machine, b->segment->id),
                              (nl_weights){ b->weights, b->segment->rule }, b->segment->to_pre, alike, room->sources,
                              room->targets, room->scratch);
    }
}

nl_machine_room nl_machine_room_for(const nl_machine *machine, size_t count, nl_arena *arena)
{
    size_t most = 0;

    for (size_t k = 0; k < machine->body.count; k++) {
        const block *b = &machine->body.blocks[k];
        if (!is_sum(b)) continue;
        const size_t size = nl_propagate_together_scratch(machine_conn(machine, b->segment->id), count);
        if (size > most) most = size;
    }
    return (nl_machine_room){ NL_NEW_ARRAY(arena, double, most + 1), NL_NEW_ARRAY(arena, const double *, count + 1),
                              NL_NEW_ARRAY(arena, double *, count + 1) };
}

/* The blocks of each from one sum to the next, then that of all. */
void nl_machine_run_together(nl_machine_turn *turns, size_t count, const nl_machine_room *room)
{
    const size_t blocks = count > 0 ? turns[0].machine->body.count : 0;

    for (size_t k = 0; k < count; k++) turns[k].good = machine_begin(turns[k].machine);
    for (size_t from = 0, end; from < blocks; from = end + 1) {
        for (end = from; end < blocks && !is_sum(block_of(&turns[0], end));) end++;
        for (size_t k = 0; k < count; k++)
            if (turns[k].good) machine_run_blocks(turns[k].machine, &turns[k].machine->body, from, end);
        if (end < blocks) sum_together(turns, count, end, room);
    }
    for (size_t k = 0; k < count; k++) turns[k].good = machine_finish(turns[k].machine, &turns[k].fault);
}
