/* Storage: the program's own arrays are placed in one block; arrays that are not alive at the same time share their
 * place. */
#include "plan.h"

#include <string.h>

/* Bases that differ by whole pages would fall into the same sets of the cache. */
enum { LINE = 8, STAGGER = 3 * LINE };

/* Segments and instructions of the first writing and of the last reading. */
typedef struct life {
    size_t first, last; /* from 1; 0: never */
    size_t first_instr, last_instr;
    bool whole;         /* read whole by the last segment, not element by element */
    bool inherited;     /* its place goes to what the last reader writes */
} life;

typedef struct hole { size_t place, size; } hole;

typedef struct storage {
    nl_plan *plan;
    life *lives; /* by view that stands for an array */
    NL_LIST(hole) holes;
    size_t top;
} storage;

static nl_view *view_at(storage *s, uint32_t index) { return &s->plan->program->views.items[index]; }

static void touch(storage *s, nl_operand at, size_t segment, size_t instr, bool whole)
{
    if (at.kind != NL_AT_VIEW || view_at(s, at.index)->kind != NL_V_OWN) return;
    life *of = &s->lives[view_at(s, at.index)->id];
    if (of->first == 0) of->first = segment + 1, of->first_instr = instr;
    if (of->last != segment + 1) of->whole = false;
    of->whole |= whole || view_at(s, at.index)->offset != 0;
    of->last = segment + 1;
    of->last_instr = instr;
}

static void touch_operands(storage *s, const nl_instr *instr, size_t segment, size_t k)
{
    for (int j = 0; j < instr->arg_count; j++) touch(s, instr->args[j], segment, k, nl_instr_reads_whole(instr, j));
    touch(s, instr->dst, segment, k, instr->kind == NL_I_SUM);
}

static void find_lives(storage *s, const nl_stage *stage)
{
    memset(s->lives, 0, s->plan->program->views.count * sizeof *s->lives);
    for (size_t k = 0; k < stage->segments.count; k++) {
        const nl_segment *segment = &stage->segments.items[k];
        touch(s, segment->source, k, 0, true);
        touch(s, segment->weights, k, 0, true);
        touch(s, segment->target, k, 0, true);
        for (size_t i = 0; i < segment->instrs.count; i++) touch_operands(s, &segment->instrs.items[i], k, i);
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

/* Within a loop an array may be written over one whose elements were read for the last time. */
static bool may_inherit(storage *s, const nl_segment *segment, uint32_t heir, uint32_t from)
{
    const life *new = &s->lives[heir], *old = &s->lives[from];
    const bool at_once = nl_instr_is_elementwise(&segment->instrs.items[new->first_instr]);

    if (!is_temporary(s, from) || old->last != new->first || old->first == new->first || old->whole || new->whole ||
        old->inherited)
        return false;
    if (size_of(view_at(s, heir)) != size_of(view_at(s, from))) return false;
    return old->last_instr < new->first_instr || (at_once && old->last_instr == new->first_instr);
}

static bool inherit(storage *s, const nl_segment *segment, uint32_t heir)
{
    if (segment->kind == NL_C_PROPAGATE) return false;
    for (uint32_t from = 0; from < s->plan->program->views.count; from++) {
        if (!may_inherit(s, segment, heir, from)) continue;
        view_at(s, heir)->place = view_at(s, from)->place;
        s->lives[from].inherited = true;
        return true;
    }
    return false;
}

/* One segment after the other: first what begins with it, then what ends with it. */
static void place_temporaries(storage *s, const nl_stage *stage)
{
    const uint32_t views = (uint32_t)s->plan->program->views.count;

    find_lives(s, stage);
    for (size_t segment = 1; segment <= stage->segments.count; segment++) {
        for (uint32_t k = 0; k < views; k++) {
            if (s->lives[k].first != segment || !is_temporary(s, k)) continue;
            if (!inherit(s, &stage->segments.items[segment - 1], k))
                view_at(s, k)->place = take(s, size_of(view_at(s, k)));
        }
        for (uint32_t k = 0; k < views; k++) {
            if (s->lives[k].last != segment || s->lives[k].inherited || !is_temporary(s, k)) continue;
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
        if (view_at(&s, (uint32_t)k)->kind == NL_V_OWN)
            view_at(&s, (uint32_t)k)->place = view_at(&s, view_at(&s, (uint32_t)k)->id)->place;
}
