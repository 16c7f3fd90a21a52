/* Storage: the program's own arrays are placed in one block; arrays that are not alive at the same time share their place. */
#include "plan.h"

#include <string.h>

/* Bases that differ by whole pages would fall into the same sets of the cache. */
enum { LINE = 8, STAGGER = 3 * LINE };

typedef struct life { size_t first, last; } life; /* segments, from 1; 0: never */

typedef struct hole { size_t place, size; } hole;

typedef struct storage {
    nl_plan *plan;
    life *lives; /* by view that stands for an array */
    NL_LIST(hole) holes;
    size_t top;
} storage;

static nl_view *view_at(storage *s, uint32_t index) { return &s->plan->program->views.items[index]; }

static void touch(storage *s, nl_operand at, size_t segment)
{
    if (at.kind != NL_AT_VIEW || view_at(s, at.index)->kind != NL_V_OWN) return;
    life *of = &s->lives[view_at(s, at.index)->id];
    if (of->first == 0) of->first = segment + 1;
    of->last = segment + 1;
}

static void find_lives(storage *s, const nl_stage *stage)
{
    memset(s->lives, 0, s->plan->program->views.count * sizeof *s->lives);
    for (size_t k = 0; k < stage->segments.count; k++) {
        const nl_segment *segment = &stage->segments.items[k];
        touch(s, segment->source, k);
        touch(s, segment->weights, k);
        touch(s, segment->target, k);
        for (size_t i = 0; i < segment->instrs.count; i++) {
            touch(s, segment->instrs.items[i].dst, k);
            for (int j = 0; j < segment->instrs.items[i].arg_count; j++) touch(s, segment->instrs.items[i].args[j], k);
        }
    }
}

static size_t place_new(storage *s, size_t size)
{
    const size_t place = s->top;

    s->top += size;
    if (s->top > s->plan->program->own_doubles) s->plan->program->own_doubles = s->top;
    return place;
}

static size_t size_of(const nl_view *view)
{
    return (view->count + LINE - 1) / LINE * LINE + STAGGER;
}

static size_t take(storage *s, size_t size)
{
    for (size_t k = 0; k < s->holes.count; k++) {
        if (s->holes.items[k].size != size) continue;
        const size_t place = s->holes.items[k].place;
        s->holes.items[k] = s->holes.items[--s->holes.count];
        return place;
    }
    return place_new(s, size);
}

static bool is_temporary(storage *s, uint32_t view)
{
    const nl_view *v = view_at(s, view);

    return v->kind == NL_V_OWN && v->id == view && !v->lasting;
}

/* One segment after the other: first what begins with it, then what ends with it. */
static void place_temporaries(storage *s, const nl_stage *stage)
{
    const uint32_t views = (uint32_t)s->plan->program->views.count;

    find_lives(s, stage);
    for (size_t segment = 1; segment <= stage->segments.count; segment++) {
        for (uint32_t k = 0; k < views; k++)
            if (s->lives[k].first == segment && is_temporary(s, k)) view_at(s, k)->place = take(s, size_of(view_at(s, k)));
        for (uint32_t k = 0; k < views; k++) {
            if (s->lives[k].last != segment || !is_temporary(s, k)) continue;
            const hole left = { view_at(s, k)->place, size_of(view_at(s, k)) };
            NL_PUSH(s->plan->scratch, &s->holes, left);
        }
    }
}

void nl_pass_storage(nl_plan *plan, nl_stage *prologue, nl_stage *body)
{
    const size_t views = plan->program->views.count;
    storage s = { .plan = plan, .lives = NL_NEW_ARRAY(plan->scratch, life, views) };

    for (uint32_t k = 0; k < views; k++) {
        nl_view *view = view_at(&s, k);
        if (view->kind == NL_V_OWN && view->id == k && view->lasting) view->place = place_new(&s, size_of(view));
    }
    const size_t lasting = s.top;
    place_temporaries(&s, prologue);
    s.top = lasting;
    s.holes.count = 0;
    place_temporaries(&s, body);
    for (size_t k = 0; k < views; k++)
        if (view_at(&s, (uint32_t)k)->kind == NL_V_OWN) view_at(&s, (uint32_t)k)->place = view_at(&s, view_at(&s, (uint32_t)k)->id)->place;
}
