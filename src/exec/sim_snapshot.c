/* The state of a simulation as a whole: kept in memory, and as named arrays for files. */
#include "sim_impl.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct nl_sim_snapshot {
    double **values; /* by memory: all slots from lag 0 on */
    nl_jump **jumps;
    size_t mem_count;
    const nl_sim *sim;
    event_snapshot *events;
    bool *overridden;
    uint64_t step;
    double h;
};

static const nl_mem *mem_of(const nl_sim *sim, size_t mem) { return &sim->lowered->memory.mems.items[mem]; }

/* --- in memory --- */

static nl_jump *new_jump(uint64_t step, const double *value, size_t count)
{
    nl_jump *jump = nl_calloc(1, sizeof *jump);

    jump->step = step;
    jump->value = nl_calloc(count, sizeof(double));
    memcpy(jump->value, value, count * sizeof(double));
    return jump;
}

static nl_jump *copied_jumps(const nl_jump *list, size_t count)
{
    nl_jump *first = NULL, **at = &first;

    for (; list != NULL; list = list->older, at = &(*at)->older) *at = new_jump(list->step, list->value, count);
    return first;
}

static void free_jumps(nl_jump *list)
{
    while (list != NULL) {
        nl_jump *older = list->older;
        free(list->value);
        free(list);
        list = older;
    }
}

nl_sim_snapshot *nl_sim_save(const nl_sim *sim)
{
    nl_sim_snapshot *s = nl_calloc(1, sizeof *s);
    const size_t n = sim->lowered->memory.mems.count, vars = sim->model->vars.count;

    s->mem_count = n;
    s->values = nl_calloc(n, sizeof *s->values);
    s->jumps = nl_calloc(n, sizeof *s->jumps);
    s->overridden = nl_calloc(vars, sizeof *s->overridden);
    memcpy(s->overridden, sim->overridden, vars * sizeof *s->overridden);
    s->step = sim->store.step;
    s->sim = sim;
    s->events = sim_save_events(sim);
    s->h = sim->h;
    for (uint32_t m = 0; m < n; m++) {
        const nl_mem *mem = mem_of(sim, m);
        const size_t doubles = nl_store_doubles(mem);
        s->values[m] = nl_calloc(nl_checked_mul(doubles, mem->depth), sizeof(double));
        for (size_t lag = 0; lag < mem->depth; lag++)
            memcpy(s->values[m] + lag * doubles, nl_store_at(&sim->store, m, lag), doubles * sizeof(double));
        s->jumps[m] = copied_jumps(sim->store.jumps[m], mem->count);
    }
    return s;
}

void nl_sim_restore(nl_sim *sim, const nl_sim_snapshot *s)
{
    sim_drop_jumps(sim);
    sim_states_changed(sim);
    for (uint32_t m = 0; m < s->mem_count; m++) {
        const nl_mem *mem = mem_of(sim, m);
        const size_t doubles = nl_store_doubles(mem);
        if (mem->depth == 1) nl_store_put(&sim->store, m, 0, doubles, s->values[m]);
        else
            for (size_t lag = 0; lag < mem->depth; lag++)
                memcpy(nl_store_at(&sim->store, m, lag), s->values[m] + lag * doubles, doubles * sizeof(double));
        sim->store.jumps[m] = copied_jumps(s->jumps[m], mem->count);
    }
    sim_repoint(sim);
    memcpy(sim->overridden, s->overridden, sim->model->vars.count * sizeof *s->overridden);
    sim->store.step = s->step;
    sim->store.time = sim->model->start + (double)s->step * sim->model->dt;
    sim->h = s->h;
    sim_restore_events(sim, s->events);
}

void nl_sim_snapshot_free(nl_sim_snapshot *s)
{
    if (s == NULL) return;
    sim_free_event_snapshot(s->sim, s->events);
    for (size_t m = 0; m < s->mem_count; m++) {
        free(s->values[m]);
        free_jumps(s->jumps[m]);
    }
    free(s->values);
    free(s->jumps);
    free(s->overridden);
    free(s);
}

double nl_sim_snapshot_elapsed(const nl_sim_snapshot *s) { return (double)s->step * s->sim->model->dt; }

/* --- as arrays --- */

/* One walk through all arrays of a snapshot serves both directions. */
typedef struct walk {
    nl_sim_snapshot *s;
    nl_arena *arena;
    nl_sim_arrays *out;                               /* writing, or NULL */
    bool (*find)(void *user, nl_sim_array *array);    /* reading */
    void *user;
    const char *why;                                  /* reading: what does not fit, or NULL */
} walk;

static void refuse(walk *w, const char *name, const char *what)
{
    if (w->why == NULL) w->why = nl_arena_printf(w->arena, "`%s` %s", name, what);
}

static void put(walk *w, const char *name, size_t rows, size_t columns, const double *values)
{
    NL_PUSH(w->arena, w->out, ((nl_sim_array){ name, { rows, columns }, values }));
}

static bool get(walk *w, const char *name, nl_sim_array *array)
{
    *array = (nl_sim_array){ .name = name };
    return w->find(w->user, array);
}

/* A table of so many columns; NULL where it is missing or has others. */
static const double *get_rows(walk *w, const char *name, size_t columns, size_t *rows)
{
    nl_sim_array array;

    if (!get(w, name, &array)) refuse(w, name, "is missing");
    else if (array.shape[1] != columns)
        refuse(w, name, nl_arena_printf(w->arena, "has %zu columns, not %zu", array.shape[1], columns));
    else {
        *rows = array.shape[0];
        return array.values;
    }
    return NULL;
}

/* Names of memory that does not belong to a variable may repeat. */
static const char *memory_name(walk *w, size_t m)
{
    const char *name = mem_of(w->s->sim, m)->name;
    size_t before = 0;

    for (size_t k = 0; k < m; k++) before += strcmp(mem_of(w->s->sim, k)->name, name) == 0;
    return before == 0 ? name : nl_arena_printf(w->arena, "%s (%zu)", name, before + 1);
}

static void put_memory(walk *w, size_t m, const char *name)
{
    const nl_mem *mem = mem_of(w->s->sim, m);
    double *wide = w->s->values[m];

    if (mem->single) {
        const float *stored = (const float *)w->s->values[m];
        wide = NL_NEW_ARRAY(w->arena, double, mem->count + 1);
        for (size_t i = 0; i < mem->count; i++) wide[i] = stored[i];
    }
    put(w, name, mem->depth, mem->count, wide);
}

static void take_memory(walk *w, size_t m, const double *values)
{
    const nl_mem *mem = mem_of(w->s->sim, m);

    if (!mem->single) memcpy(w->s->values[m], values, mem->depth * mem->count * sizeof *values);
    else
        for (size_t i = 0; i < mem->count; i++) ((float *)w->s->values[m])[i] = (float)values[i];
}

/* What only records of this file look at begins anew where the other file had no such records. */
static void get_memory(walk *w, size_t m, const char *name)
{
    const nl_mem *mem = mem_of(w->s->sim, m);
    nl_sim_array array;

    if (!get(w, name, &array)) {
        if (mem->var != UINT32_MAX) refuse(w, name, "is missing");
    } else if (array.shape[1] != mem->count)
        refuse(w, name, nl_arena_printf(w->arena, "has %zu elements there, and %zu here", array.shape[1], mem->count));
    else if (array.shape[0] < mem->depth)
        refuse(w, name,
               nl_arena_printf(w->arena, "reaches back %zu steps there, and %zu are needed", array.shape[0] - 1,
                               mem->depth - 1));
    else take_memory(w, m, array.values);
}

/* Rows of step and left limit, newest first. */
static void put_jumps(walk *w, size_t m, const char *name)
{
    const size_t columns = mem_of(w->s->sim, m)->count + 1;
    size_t rows = 0;

    for (const nl_jump *j = w->s->jumps[m]; j != NULL; j = j->older) rows++;
    double *table = NL_NEW_ARRAY(w->arena, double, rows * columns + 1), *row = table;
    for (const nl_jump *j = w->s->jumps[m]; j != NULL; j = j->older, row += columns) {
        row[0] = (double)j->step;
        memcpy(row + 1, j->value, (columns - 1) * sizeof *row);
    }
    if (rows > 0) put(w, name, rows, columns, table);
}

static void get_jumps(walk *w, size_t m, const char *name)
{
    const size_t count = mem_of(w->s->sim, m)->count;
    nl_jump **at = &w->s->jumps[m];
    nl_sim_array array;

    free_jumps(*at);
    *at = NULL;
    if (!get(w, name, &array)) return;
    if (array.shape[1] != count + 1) refuse(w, name, "is of another size");
    for (size_t k = 0; w->why == NULL && k < array.shape[0]; k++, at = &(*at)->older) {
        const double *row = array.values + k * (count + 1);
        *at = new_jump((uint64_t)row[0], row + 1, count);
    }
}

static void walk_memory(walk *w)
{
    for (size_t m = 0; m < w->s->mem_count; m++) {
        const char *name = memory_name(w, m), *jumps = nl_arena_printf(w->arena, "%s jumps", name);
        (w->out != NULL ? put_memory : get_memory)(w, m, name);
        (w->out != NULL ? put_jumps : get_jumps)(w, m, jumps);
    }
}

static const char *event_name(walk *w, size_t k)
{
    const nl_event *event = &w->s->sim->model->events.items[k];
    const char *owner =
        event->population != UINT32_MAX ? w->s->sim->model->populations.items[event->population].name : "";

    return nl_arena_printf(w->arena, "%s%s%s (event %zu)", owner, owner[0] != '\0' ? "." : "",
                           event->name != NULL ? event->name : "when", k + 1);
}

/* Rows of an element that fired and the place of the log it is in; those that fired last are in place `depth`. */
static void put_event(walk *w, size_t k, const char *name)
{
    const event_snapshot *e = w->s->events;
    const size_t depth = e->logs[k] != NULL ? w->s->sim->events[k].depth : 0;
    size_t rows = e->last[k].count;

    for (size_t d = 0; d < depth; d++) rows += e->logs[k][d].count;
    double *table = NL_NEW_ARRAY(w->arena, double, 2 * rows + 1), *row = table;
    for (size_t d = 0; d <= depth; d++) {
        const nl_fired *fired = d == depth ? &e->last[k] : &e->logs[k][d];
        for (size_t i = 0; i < fired->count; i++, row += 2) {
            row[0] = (double)d;
            row[1] = fired->ids[i];
        }
    }
    put(w, name, rows, 2, table);
}

static void get_event(walk *w, size_t k, const char *name)
{
    event_snapshot *e = w->s->events;
    const nl_event *event = &w->s->sim->model->events.items[k];
    const size_t depth = e->logs[k] != NULL ? w->s->sim->events[k].depth : 0;
    const size_t count =
        event->population != UINT32_MAX ? w->s->sim->model->populations.items[event->population].count : 0;
    size_t rows = 0;
    const double *row = get_rows(w, name, 2, &rows);

    for (size_t d = 0; row != NULL && d <= depth; d++) (d == depth ? &e->last[k] : &e->logs[k][d])->count = 0;
    for (size_t i = 0; row != NULL && i < rows; i++, row += 2) {
        if (!(row[0] >= 0 && row[0] <= (double)depth && row[1] >= 0 && row[1] < (double)count)) {
            refuse(w, name, "has elements that do not exist here");
            return;
        }
        sim_list_push(row[0] == (double)depth ? &e->last[k] : &e->logs[k][(size_t)row[0]], (uint32_t)row[1]);
    }
}

/* How the network is wired, as a number of 52 bits: a state of synapses means nothing to other synapses. */
static double wiring(const nl_sim *sim)
{
    enum { STRETCH = 512 };
    uint32_t pre[STRETCH], post[STRETCH];
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t p = 0; p < sim->model->projections.count; p++) {
        const nl_conn *conn = sim->conns[p];
        hash = (hash ^ conn->synapse_count) * 0x100000001b3u;
        for (uint64_t at = 0; at < conn->synapse_count && conn->kind != NL_CONN_ALL && conn->kind != NL_CONN_LOW_RANK;
             at += STRETCH) {
            const size_t n = conn->synapse_count - at < STRETCH ? (size_t)(conn->synapse_count - at) : STRETCH;
            nl_conn_synapses(conn, at, n, pre, post);
            for (size_t i = 0; i < n; i++) hash = (hash ^ ((uint64_t)pre[i] << 32 | post[i])) * 0x100000001b3u;
        }
    }
    return (double)(hash >> 12);
}

static void put_rest(walk *w)
{
    double *clock = NL_NEW_ARRAY(w->arena, double, 3),
           *set = NL_NEW_ARRAY(w->arena, double, w->s->sim->model->vars.count + 1);

    clock[0] = (double)w->s->step;
    clock[1] = w->s->h;
    clock[2] = wiring(w->s->sim);
    put(w, "clock", 1, 3, clock);
    for (size_t v = 0; v < w->s->sim->model->vars.count; v++) set[v] = w->s->overridden[v];
    put(w, "parameters that were set", 1, w->s->sim->model->vars.count, set);
}

static void get_rest(walk *w)
{
    size_t rows = 0;
    const double *clock = get_rows(w, "clock", 3, &rows);
    const double *set =
        clock != NULL ? get_rows(w, "parameters that were set", w->s->sim->model->vars.count, &rows) : NULL;

    if (set == NULL) return;
    if (clock[2] != wiring(w->s->sim)) w->why = "the network is wired otherwise (another seed, or other rules)";
    w->s->step = (uint64_t)clock[0];
    w->s->h = clock[1];
    for (size_t v = 0; v < w->s->sim->model->vars.count; v++) w->s->overridden[v] = set[v] != 0;
}

static void walk_all(walk *w)
{
    (w->out != NULL ? put_rest : get_rest)(w);
    walk_memory(w);
    for (size_t k = 0; k < w->s->sim->model->events.count; k++)
        (w->out != NULL ? put_event : get_event)(w, k, event_name(w, k));
}

void nl_sim_snapshot_arrays(nl_sim_snapshot *s, nl_arena *arena, nl_sim_arrays *out)
{
    walk_all(&(walk){ .s = s, .arena = arena, .out = out });
}

nl_sim_snapshot *nl_sim_snapshot_from(const nl_sim *sim, nl_arena *arena, bool (*find)(void *user, nl_sim_array *array),
                                      void *user, const char **why)
{
    walk w = { .s = nl_sim_save(sim), .arena = arena, .find = find, .user = user };

    walk_all(&w);
    if (w.why == NULL) return w.s;
    nl_sim_snapshot_free(w.s);
    *why = w.why;
    return NULL;
}
