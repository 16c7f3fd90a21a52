#include "run_impl.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

nl_session *nl_session_new(const nl_session_options *options)
{
    nl_session *s = nl_calloc(1, sizeof *s);

    (void)gsl_set_error_handler_off(); /* failures of GSL are values and statuses here, never an abort */
    if (options != NULL) s->options = *options;
    s->arena = nl_arena_new();
    s->sources = nl_sources_new(s->arena);
    s->diags = nl_diags_new(s->arena, s->sources);
    s->lane = nl_lane_new(s, NULL, NULL);
    return s;
}

void nl_session_free(nl_session *s)
{
    if (s == NULL) return;
    nl_journal_close(s, false);
    if (s->sink != NULL) nl_sink_discard(s->sink);
    nl_session_free_run(s);
    nl_arena_free(s->arena);
    free(s);
}

nl_diags *nl_session_diags(nl_session *s) { return s->diags; }
nl_session_counts nl_session_expectations(const nl_session *s) { return s->counts; }
nl_session_timing nl_session_time_spent(const nl_session *s)
{
    return (nl_session_timing){ s->seconds, s->steps_done };
}

/* --- loading --- */

/* From now on expressions have values. */
static void start(nl_session *s)
{
    s->has_run = true;
    s->check.running = true;
    s->scope = s->check.top;
    s->scratch = nl_arena_new();
    nl_session_world(s);
    nl_recordings_new(s, s->lane);
}

static const char *stdlib_dir(const nl_session *s)
{
    const char *given = getenv("NETLANG_STDLIB");

    if (s->options.stdlib_dir != NULL) return s->options.stdlib_dir;
    if (given != NULL && given[0] != '\0') return given;
    return access(NL_STDLIB_DIR "/methods", R_OK) == 0 ? NL_STDLIB_DIR : NL_STDLIB_BUILD;
}

static bool read_seed(nl_session *s)
{
    char *end = NULL;

    if (s->options.seed == NULL) return true;
    errno = 0;
    s->check.seed = strtoull(s->options.seed, &end, 10);
    s->check.has_seed = true;
    if (s->options.seed[0] >= '0' && s->options.seed[0] <= '9' && *end == '\0' && errno == 0) return true;
    nl_diag_add(s->diags, NL_E_DEFINE, (nl_span){ 0, 0 }, "the seed is a whole number, not `%s`", s->options.seed);
    return false;
}

typedef struct search_dirs {
    NL_LIST(const char *) list;
} search_dirs;

/* The folders of NETLANG_PATH; between two colons there may be none. */
static void add_search_path(nl_session *s, search_dirs *dirs)
{
    const char *at = getenv("NETLANG_PATH");

    for (; at != NULL && *at != '\0'; at += strspn(at, ":")) {
        const size_t length = strcspn(at, ":");
        if (length > 0) NL_PUSH(s->arena, &dirs->list, nl_arena_strndup(s->arena, at, length));
        at += length;
    }
}

static void prepare_check(nl_session *s, const char *path)
{
    search_dirs dirs = { { 0 } };

    for (size_t i = 0; i < s->options.include_dir_count; i++)
        NL_PUSH(s->arena, &dirs.list, s->options.include_dirs[i]);
    add_search_path(s, &dirs);
    NL_PUSH(s->arena, &dirs.list, stdlib_dir(s));
    s->check = (nl_check){ .arena = s->arena, .diags = s->diags, .sources = s->sources,
                           .folder = nl_path_folder(s->arena, path),
                           .defines = s->options.defines, .define_count = s->options.define_count,
                           .search_dirs = dirs.list.items, .search_dir_count = dirs.list.count,
                           .stdlib_dir = stdlib_dir(s) };
}

static nl_status check(nl_session *s, const nl_session *around)
{
    prepare_check(s, s->parsed.source->name);
    if (around != NULL) {
        s->check.batch = around->check.batch;
        s->check.batch_block = around->check.batch_block;
    }
    s->check.draws = s->options.figures != NULL || s->options.report != NULL;
    s->check.fixed_given = s->is_point;
    s->check.sweeps = s->options.sweeps;
    s->check.sweep_count = s->options.sweep_count;
    s->check.trials = s->options.trials;
    if (!read_seed(s) || nl_diags_error_count(s->diags) > 0 || !nl_check_file(&s->check, &s->parsed))
        return NL_MODEL_WRONG;
    s->is_loaded = true;
    return NL_OK;
}

static nl_status load(nl_session *s, const nl_source *source)
{
    s->parsed = nl_parse_source(s->arena, s->diags, source);
    return check(s, NULL);
}

nl_session *nl_session_renewed(nl_session *s, const nl_session_options *options, nl_status *status)
{
    nl_session *point = nl_session_new(options);

    point->sources = s->sources;
    point->diags = nl_diags_new(point->arena, s->sources);
    point->parsed = s->parsed;
    point->is_point = true;
    *status = check(point, s);
    if (*status == NL_OK) start(point);
    return point;
}

nl_status nl_session_load(nl_session *s, const char *path)
{
    const nl_source *source = nl_sources_read(s->sources, path);

    if (source != NULL) return load(s, source);
    nl_diag_add(s->diags, NL_E_FILE, (nl_span){ 0, 0 }, "cannot read `%s`: %s", path, strerror(errno));
    return NL_MODEL_WRONG;
}

nl_status nl_session_load_text(nl_session *s, const char *name, const char *text, size_t length)
{
    return load(s, nl_sources_add(s->sources, name, text, length));
}

nl_status nl_session_check(nl_session *s)
{
    if (!s->is_loaded || s->has_run || s->check.model->dt <= 0) return s->is_loaded ? NL_OK : NL_MODEL_WRONG;
    s->has_run = true;
    return nl_sim_check(s->check.model, s->diags) ? NL_OK : NL_MODEL_WRONG;
}

/* --- running --- */

nl_status nl_session_run(nl_session *s)
{
    if (!s->is_loaded || s->has_run) return NL_MODEL_WRONG;
    start(s);
    if (nl_figures_open(s) && nl_page_open(s) && nl_results_open(s)) nl_protocol_run(s);
    const bool written = nl_results_close(s);
    nl_journal_close(s, written && s->status != NL_INTERRUPTED);
    nl_batch_report(s);
    nl_page_close(s);
    return s->status;
}

const char *nl_session_method(nl_session *s, const char *name)
{
    const nl_symbol *symbol = s->is_loaded ? nl_scope_find_here(s->check.top, name) : NULL;

    if (symbol == NULL || symbol->kind != NL_SYM_METHOD) return NULL;
    return nl_method_describe(s->arena, &s->check.model->tableaux.items[symbol->id]);
}

bool nl_session_get(nl_session *s, const char *name, int *rank, size_t shape[8], const double **data)
{
    const nl_symbol *symbol = s->has_run && s->is_loaded ? nl_scope_find_here(s->check.top, name) : NULL;

    *rank = 1;
    if (symbol == NULL && nl_train_column(s, name, &shape[0], data)) return true;
    if (symbol == NULL || (symbol->kind != NL_SYM_VALUE && symbol->kind != NL_SYM_RECORD)) return false;
    (void)nl_session_evaluator(s, NULL); /* series and collections become values */
    const nl_value value = symbol->value;
    if ((value.kind != NL_KIND_NUMBER && value.kind != NL_KIND_BOOL) || !nl_value_known(value)) return false;
    for (size_t i = 0; i < s->lane->recording_count; i++)
        if (s->lane->recordings[i].series->symbol == symbol && !s->lane->recordings[i].in_memory) return false;
    *rank = value.rank;
    memcpy(shape, value.shape, sizeof value.shape);
    *data = value.data;
    return true;
}
