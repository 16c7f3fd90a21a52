/* Points that walk through the block side by side: statement after statement, and what is run, in step with each other,
 * so that connections are read once for all of them.  Where they go different ways each goes alone as far as that. */
#include "batch_impl.h"

#include "exec/machine.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

/* --- one thing in all lanes --- */

typedef bool (*lane_step)(nl_running *r, nl_point *p, const nl_ast *stmt);

/* False: none of them is left. */
static bool do_all(nl_running *r, nl_point *points, size_t count, lane_step step, const nl_ast *stmt)
{
    bool any = false;

    for (size_t k = 0; k < count; k++)
        if (points[k].runs) any = nl_point_do(r, &points[k], step, stmt) || any;
    return any;
}

/* --- run --- */

static bool begin_run(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    return nl_protocol_steps(r->s, stmt, &p->steps) && nl_recording_begin_segment(r->s);
}

static bool plan_stretch(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    (void)stmt;
    p->run = nl_protocol_stretch(r->s, p->steps);
    p->run.progress = NULL;
    return true;
}

static bool end_stretch(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    (void)stmt;
    p->steps -= p->done;
    return nl_protocol_stretched(r->s, p->done, p->sim_status, &p->failure);
}

static bool end_run(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    (void)p, (void)stmt;
    return nl_protocol_check_states(r->s);
}

static void show_progress(void *user, uint64_t done, uint64_t total)
{
    nl_running *r = user;

    nl_session_progress(r->s, done * r->in_step, total * r->in_step);
}

/* Those that have steps to make. */
typedef struct stretch {
    nl_point *points[NL_LANES_MAX];
    nl_sim *sims[NL_LANES_MAX];
    nl_sim_run runs[NL_LANES_MAX];
    nl_sim_status statuses[NL_LANES_MAX];
    nl_sim_failure failures[NL_LANES_MAX];
    uint64_t done[NL_LANES_MAX];
} stretch;

static void begin_stretches(nl_running *r, nl_point *points, size_t count, stretch *all)
{
    r->in_step = 0;
    for (size_t k = 0; k < count; k++) {
        const size_t at = r->in_step;

        if (!points[k].runs || points[k].steps == 0) continue;
        all->points[at] = &points[k];
        all->sims[at] = points[k].lane->sim;
        all->runs[at] = points[k].run;
        all->failures[at] = (nl_sim_failure){ .var = UINT32_MAX };
        all->done[at] = 0;
        r->in_step++;
    }
}

static void end_stretches(nl_running *r, const stretch *all)
{
    for (size_t k = 0; k < r->in_step; k++) {
        nl_point *point = all->points[k];

        point->done = all->done[k];
        point->sim_status = all->statuses[k];
        point->failure = all->failures[k];
        nl_point_do(r, point, end_stretch, NULL);
    }
}

/* Lets those run that have steps to make; false: there is none. */
static bool advance_all(nl_running *r, nl_point *points, size_t count)
{
    stretch all;

    begin_stretches(r, points, count, &all);
    if (r->in_step == 0) return false;
    if (r->s->options.progress != NULL) all.runs[0].progress = show_progress;
    all.runs[0].user = r;
    const double begun = nl_seconds_now();
    nl_sim_advance_together(all.sims, r->in_step, all.runs, all.done, all.statuses, all.failures);
    r->s->seconds += nl_seconds_now() - begun;
    end_stretches(r, &all);
    return true;
}

static void run_all(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt)
{
    for (size_t k = 0; k < count; k++) points[k].steps = 0;
    if (!do_all(r, points, count, begin_run, stmt)) return;
    do do_all(r, points, count, plan_stretch, stmt);
    while (advance_all(r, points, count));
    do_all(r, points, count, end_run, stmt);
}

/* --- for and if --- */

static bool find_range(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(r->s, NULL);

    p->value = nl_eval(&ev, stmt->kids[0]);
    if (p->value.kind == NL_KIND_NONE) return nl_session_failed(r->s, NL_RUN_FAILED);
    p->value = nl_value_copy(p->lane->arena, p->value);
    return true;
}

static bool find_branch(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    nl_evaluator ev = nl_session_evaluator(r->s, NULL);

    if (!nl_eval_condition(&ev, stmt->kids[0], &p->value)) return nl_session_failed(r->s, NL_RUN_FAILED);
    p->value = nl_value_copy(p->lane->arena, p->value);
    return true;
}

static bool same_values(nl_value a, nl_value b)
{
    const size_t count = nl_value_count(a);

    return count == nl_value_count(b) && memcmp(a.data, b.data, count * sizeof *a.data) == 0;
}

/* The first of the points that are left, where all of them have its value; NULL: they go different ways. */
static nl_point *agreed(nl_point *points, size_t count)
{
    nl_point *first = NULL;

    for (size_t k = 0; k < count; k++) {
        if (!points[k].runs) continue;
        if (first == NULL) first = &points[k];
        else if (!same_values(first->value, points[k].value)) return NULL;
    }
    return first;
}

static void run_all_in(nl_running *r, nl_point *points, size_t count, const nl_ast *block, nl_scope *scope)
{
    nl_scope *outer = r->scope;

    if (scope != NULL) r->scope = scope;
    if (block->kind == NL_AST_IF) nl_points_do_statement(r, points, count, block);
    else nl_points_do_block(r, points, count, block);
    r->scope = outer;
}

static bool begin_turn(nl_running *r, nl_point *p, const nl_ast *stmt)
{
    return nl_protocol_turn(r->s, stmt, p->range, r->turn);
}

static void do_turns(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt, size_t turns)
{
    for (size_t i = 0; i < turns; i++) {
        for (size_t k = 0; k < count; k++) points[k].range = points[k].value; /* a `for` within has another */
        r->turn = i;
        if (!do_all(r, points, count, begin_turn, stmt)) return;
        run_all_in(r, points, count, stmt->kids[1], nl_plan_find_scope(&r->s->check, stmt->kids[1]));
        for (size_t k = 0; k < count; k++) points[k].value = points[k].range;
    }
}

static void for_all(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt)
{
    if (!do_all(r, points, count, find_range, stmt)) return;
    const nl_point *first = agreed(points, count);
    if (first != NULL) do_turns(r, points, count, stmt, first->value.shape[0]);
    else do_all(r, points, count, nl_point_run_statement, stmt);
}

static void if_all(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt)
{
    if (!do_all(r, points, count, find_branch, stmt)) return;
    const nl_point *first = agreed(points, count);
    if (first == NULL) {
        do_all(r, points, count, nl_point_run_statement, stmt);
        return;
    }
    const nl_ast *branch = nl_ast_kid(stmt, first->value.data[0] != 0 ? 1 : 2);
    if (branch != NULL) run_all_in(r, points, count, branch, nl_plan_find_scope(&r->s->check, branch));
}

/* --- the block --- */

static void do_alone(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt)
{
    do_all(r, points, count, nl_point_run_statement, stmt);
}

void nl_points_do_statement(nl_running *r, nl_point *points, size_t count, const nl_ast *stmt)
{
    static void (*const rules[NL_AST_KIND_COUNT])(nl_running *, nl_point *, size_t, const nl_ast *) = {
        [NL_AST_RUN] = run_all, [NL_AST_FOR] = for_all, [NL_AST_IF] = if_all
    };

    (rules[stmt->kind] != NULL ? rules[stmt->kind] : do_alone)(r, points, count, stmt);
}

void nl_points_do_block(nl_running *r, nl_point *points, size_t count, const nl_ast *block)
{
    for (int i = 0; i < block->kid_count; i++) nl_points_do_statement(r, points, count, block->kids[i]);
}

void nl_points_run(nl_running *r, const nl_piece *piece, nl_outcome **outcomes)
{
    nl_point points[NL_LANES_MAX];

    for (size_t k = 0; k < piece->count; k++) nl_point_begin(r, &points[k], piece->numbers[k]);
    nl_points_do_block(r, points, piece->count, r->batch->block);
    for (size_t k = 0; k < piece->count; k++) {
        nl_point_end(r, &points[k]);
        outcomes[k] = points[k].outcome;
    }
}

/* Half of the memory there is, for all who run at a time. */
static double room_for_lanes(const nl_running *r)
{
    struct rlimit limit;
    double room = nl_store_room();

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) room = fmin(room, (double)limit.rlim_cur);
    return room / 2 / (double)r->workers;
}

size_t nl_points_at_a_time(nl_running *r)
{
    nl_session *s = r->s;
    const size_t points = r->batch->points, most = points < NL_LANES_MAX ? points : NL_LANES_MAX;
    const double bytes = (double)nl_sim_lane_bytes(s->lane->sim), fitting = floor(room_for_lanes(r) / (bytes + 1));
    const size_t count = fitting < 1 ? 1 : fitting < (double)most ? (size_t)fitting : most;

    if (count == most) return count;
    nl_diag_add(s->diags, NL_W_BATCH, (nl_span){ r->batch->stmt->span.begin, r->batch->stmt->span.begin + 1 },
                "%zu points side by side would need %.3g GB; %zu run%s at a time", most, (double)most * bytes * 1e-9,
                count, count == 1 ? "s" : "");
    return count;
}
