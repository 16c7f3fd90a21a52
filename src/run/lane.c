/* Lanes: the protocol itself, and the points of a batch beside each other.  Symbols of the model have one value at a
 * time; a lane that is left keeps its own until it is entered again. */
#include "run_impl.h"

#include <stdlib.h>

nl_lane *nl_lane_new(nl_session *s, nl_lane *outer, nl_outcome *outcome)
{
    nl_lane *lane = nl_calloc(1, sizeof *lane);

    lane->arena = nl_arena_new();
    lane->outer = outer;
    lane->outcome = outcome;
    lane->has_set_parameters = outer != NULL && outer->has_set_parameters;
    if (outer != NULL) nl_recordings_new(s, lane);
    return lane;
}

void nl_lane_free(nl_lane *lane)
{
    if (lane == NULL) return;
    for (size_t i = 0; i < lane->snapshots.count; i++) nl_sim_snapshot_free(lane->snapshots.items[i].snapshot);
    for (size_t i = 0; i < lane->holders.count; i++)
        if (lane->holders.items[i].arena != NULL) nl_arena_free(lane->holders.items[i].arena);
    for (size_t i = 0; i < lane->collections.count; i++) nl_rows_free(&lane->collections.items[i].rows);
    nl_recordings_free(lane);
    nl_sim_free(lane->sim);
    nl_arena_free(lane->arena);
    free(lane);
}

/* Values of the lane against those of the one around it. */
static void exchange(nl_session *s, nl_lane *lane)
{
    for (size_t i = 0; i < lane->holders.count; i++) {
        nl_holder *h = &lane->holders.items[i];
        const nl_value value = h->symbol->value;
        const bool pinned = h->symbol->pinned;

        h->symbol->value = h->other;
        h->symbol->pinned = h->other_pinned;
        h->other = value;
        h->other_pinned = pinned;
        if (nl_value_known(h->symbol->value)) nl_session_tell(s, h->symbol);
    }
}

void nl_lane_enter(nl_session *s, nl_lane *lane)
{
    lane->outer->status = s->status;
    lane->outer->counts = s->counts;
    s->status = lane->status;
    s->counts = lane->counts;
    s->lane = lane;
    exchange(s, lane);
}

void nl_lane_leave(nl_session *s)
{
    nl_lane *lane = s->lane;

    exchange(s, lane);
    nl_recordings_withdraw(lane);
    for (size_t i = 0; i < lane->collections.count; i++) lane->collections.items[i].symbol->value.data = NULL;
    lane->status = s->status;
    lane->counts = s->counts;
    s->status = lane->outer->status;
    s->counts = lane->outer->counts;
    s->lane = lane->outer;
}
