/* snapshot and restore: the whole state, in memory under a name or in a file. */
#include "run_impl.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- in memory --- */

static nl_kept_state *find_kept(nl_lane *lane, const char *name)
{
    for (size_t i = 0; i < lane->snapshots.count; i++)
        if (strcmp(lane->snapshots.items[i].name, name) == 0) return &lane->snapshots.items[i];
    return NULL;
}

static bool keep(nl_session *s, const char *name)
{
    nl_kept_state *kept = find_kept(s->lane, name);

    if (kept == NULL) {
        NL_PUSH(s->lane->arena, &s->lane->snapshots, ((nl_kept_state){ .name = name }));
        kept = &s->lane->snapshots.items[s->lane->snapshots.count - 1];
    }
    if (kept->snapshot != NULL) nl_sim_snapshot_free(kept->snapshot);
    kept->snapshot = nl_sim_save(s->lane->sim);
    kept->elapsed = s->lane->elapsed;
    return true;
}

static void bring_back(nl_session *s, const nl_sim_snapshot *snapshot, double elapsed)
{
    nl_sim_restore(s->lane->sim, snapshot);
    s->lane->elapsed = elapsed;
    s->lane->new_segment = true;
}

static bool bring_back_kept(nl_session *s, const nl_ast *name)
{
    const nl_kept_state *kept = NULL;

    for (nl_lane *lane = s->lane; kept == NULL && lane != NULL; lane = lane->outer) kept = find_kept(lane, name->name);
    if (kept != NULL) {
        bring_back(s, kept->snapshot, kept->elapsed);
        return true;
    }
    nl_diag_add(s->diags, NL_E_SNAPSHOT, name->span, "no snapshot `%s` was taken before", name->name);
    return nl_session_failed(s, NL_RUN_FAILED);
}

/* --- in files --- */

static bool refuse(nl_session *s, const nl_ast *what, const char *verb, const char *path, const char *why)
{
    nl_diag_add(s->diags, NL_R_SNAPSHOT, what->span, "cannot %s `%s`: %s", verb, path, why);
    return nl_session_failed(s, NL_RUN_FAILED);
}

/* The name of the file as written, from the folder of the model; NULL after a fault. */
static const char *path_of(nl_session *s, const nl_ast *what, const char **full)
{
    nl_evaluator ev = nl_session_evaluator(s, NULL);
    const nl_value value = nl_eval(&ev, what);

    if (!nl_plan_snapshot_file(&s->check, what, value)) {
        nl_session_failed(s, NL_RUN_FAILED);
        return NULL;
    }
    *full = nl_path_within(s->scratch, s->check.folder, value.text);
    return value.text;
}

static bool write_all(nl_sink *sink, const nl_sim_arrays *arrays)
{
    for (size_t i = 0; i < arrays->count; i++) {
        const nl_sim_array *array = &arrays->items[i];
        if (!nl_sink_value(sink, array->name, "coherent", 2, array->shape, array->values)) return false;
    }
    return true;
}

static bool write_file(nl_session *s, const nl_ast *what)
{
    const nl_sink_header header = nl_results_header(s);
    const char *why = NULL, *full = NULL, *path = path_of(s, what, &full);
    nl_sink *sink = path != NULL ? nl_sink_open(s->scratch, full, &header, &why) : NULL;
    nl_sim_arrays arrays = { 0 };

    if (path == NULL) return false;
    if (sink == NULL) return refuse(s, what, "write", path, why);
    nl_sim_snapshot *snapshot = nl_sim_save(s->lane->sim);
    nl_sim_snapshot_arrays(snapshot, s->scratch, &arrays);
    const bool written = write_all(sink, &arrays);
    nl_sim_snapshot_free(snapshot);
    if (!written) {
        why = nl_arena_strdup(s->scratch, nl_sink_error(sink));
        nl_sink_discard(sink);
    } else if (nl_sink_close(sink, &why)) return true;
    return refuse(s, what, "write", path, why);
}

/* A file that is being read. */
typedef struct reading {
    nl_session *s;
    const char *path;
    nl_span span;
    const char *why; /* the last array could not be read */
} reading;

static bool find_array(void *user, nl_sim_array *array)
{
    reading *r = user;
    nl_session *s = r->s;
    nl_eval_context cx = { .arena = s->scratch, .diags = s->diags, .folder = s->check.folder };
    const size_t mark = nl_diags_mark(s->diags), before = nl_diags_count(s->diags);
    const nl_arg name = { .value =
                              nl_value_text(s->scratch, nl_arena_printf(s->scratch, "%s:/%s", r->path, array->name)) };
    const nl_value value = nl_func_call(&cx, r->span, "load", &name, 1);

    if (value.kind == NL_KIND_NONE) {
        if (nl_diags_count(s->diags) > before)
            r->why = nl_arena_strdup(s->scratch, nl_diags_get(s->diags, before)->text);
        nl_diags_undo(s->diags, mark);
        return false;
    }
    if (value.rank != 2) return false;
    memcpy(array->shape, value.shape, sizeof array->shape);
    array->values = value.data;
    return true;
}

static bool read_file(nl_session *s, const nl_ast *what)
{
    const char *why = NULL, *full = NULL;
    reading r = { .s = s, .path = path_of(s, what, &full), .span = what->span };
    nl_sim_array clock = { .name = "clock" };

    if (r.path == NULL) return false;
    if (!find_array(&r, &clock)) return refuse(s, what, "restore", r.path, r.why != NULL ? r.why : "it is no snapshot");
    nl_sim_snapshot *snapshot = nl_sim_snapshot_from(s->lane->sim, s->scratch, find_array, &r, &why);
    if (snapshot == NULL) return refuse(s, what, "restore", r.path, why);
    bring_back(s, snapshot, nl_sim_snapshot_elapsed(snapshot));
    nl_sim_snapshot_free(snapshot);
    return true;
}

/* --- the statements --- */

bool nl_session_snapshot(nl_session *s, const nl_ast *stmt)
{
    const nl_ast *what = nl_ast_bare(stmt->kids[0]);

    if (!nl_session_need_sim(s)) return false;
    return what->kind == NL_AST_NAME ? keep(s, what->name) : write_file(s, what);
}

bool nl_session_restore(nl_session *s, const nl_ast *stmt)
{
    const nl_ast *what = nl_ast_bare(stmt->kids[0]);

    if (!nl_session_need_sim(s)) return false;
    return what->kind == NL_AST_NAME ? bring_back_kept(s, what) : read_file(s, what);
}
