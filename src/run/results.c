/* The result file: what it says of itself, and the named values at the end. */
#include "run_impl.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_LIMIT = 1 << 20 }; /* bytes of a value that is written without `keep` */

static const char *parameters_text(nl_session *s)
{
    nl_text text = nl_text_new(s->arena);

    nl_text_adds(&text, "");
    for (size_t i = 0; i < s->check.top->symbols.count; i++) {
        const nl_symbol *symbol = s->check.top->symbols.items[i];
        if (symbol->is_param && nl_value_known(symbol->value))
            nl_text_addf(&text, "%s = %s\n", symbol->name, nl_value_show(s->arena, symbol->value, NULL));
    }
    return text.chars;
}

nl_sink_header nl_results_header(nl_session *s)
{
    const nl_unit_shown time = nl_unit_shown_for(s->arena, nl_check_time_dim(&s->check));

    return (nl_sink_header){ .version = netlang_version(),
                             .model_name = s->parsed.source->name,
                             .source = s->parsed.source->text,
                             .parameters = parameters_text(s),
                             .seed = s->check.model->seed,
                             .dt = nl_unit_unscale(s->check.model->dt, time.unit),
                             .time_unit = time.plain };
}

bool nl_results_open(nl_session *s)
{
    const nl_sink_header header = nl_results_header(s);
    const char *why = NULL;

    if (s->options.out == NULL) return true;
    const bool is_known = nl_sink_accepts(s->arena, s->options.out, &why);
    if (is_known) s->sink = nl_sink_open(s->arena, s->options.out, &header, &why);
    s->lane->sink = s->sink;
    if (s->sink != NULL) return true;
    nl_diag_add(s->diags, NL_E_OUTPUT, (nl_span){ 0, 0 }, "cannot write `%s`: %s", s->options.out, why);
    return nl_session_failed(s, is_known ? NL_RUN_FAILED : NL_MODEL_WRONG);
}

static bool is_kept(const nl_session *s, const char *name)
{
    for (size_t i = 0; i < s->check.plan->kept.count; i++)
        if (strcmp(s->check.plan->kept.items[i], name) == 0) return true;
    return false;
}

/* Whether a value of so many numbers is written. */
static bool is_written(const nl_session *s, const char *name, size_t count)
{
    return count <= VALUE_LIMIT / sizeof(double) || is_kept(s, name);
}

static bool write_numbers(nl_session *s, const char *name, nl_value value)
{
    const nl_unit_shown shown = nl_unit_shown_for(s->arena, value.dim);
    const size_t count = nl_value_count(value);

    double *data = nl_calloc(count + 1, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = nl_unit_unscale(value.data[i], shown.unit);
    const bool good = nl_sink_value(s->sink, name, shown.plain, value.rank, value.shape, data);
    free(data);
    return good;
}

/* A train that was cut from a recorded one. */
static bool write_train(nl_session *s, const nl_symbol *symbol)
{
    const nl_train *train = symbol->value.train;
    nl_value times = nl_value_unknown(NL_KIND_NUMBER, symbol->value.dim, 1, &train->count);
    nl_value ids = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 1, &train->count);
    double *numbers = nl_calloc(train->count + 1, sizeof *numbers);

    for (size_t i = 0; i < train->count; i++) numbers[i] = train->ids[i];
    times.data = train->times;
    ids.data = numbers;
    const bool good = write_numbers(s, nl_arena_printf(s->arena, "%s.t", symbol->name), times)
                      && write_numbers(s, nl_arena_printf(s->arena, "%s.id", symbol->name), ids);
    free(numbers);
    return good;
}

static bool write_value(nl_session *s, const nl_symbol *symbol)
{
    const nl_value value = symbol->value;

    if (symbol->kind != NL_SYM_VALUE || !nl_value_known(value)) return true;
    switch (value.kind) {
    case NL_KIND_NUMBER:
    case NL_KIND_BOOL:
    case NL_KIND_TABLE:
        if (nl_tables_have(s, symbol)) return true;
        return !is_written(s, symbol->name, nl_value_count(value)) || write_numbers(s, symbol->name, value);
    case NL_KIND_TEXT: return nl_sink_text(s->sink, symbol->name, value.text);
    case NL_KIND_TRAIN: return !is_written(s, symbol->name, value.train->count) || write_train(s, symbol);
    case NL_KIND_LIST: return nl_sink_text(s->sink, symbol->name, nl_value_show(s->arena, value, NULL));
    default: return true;
    }
}

/* Writes the values and finishes the file; after a fault of the model (which leaves nothing) removes it. */
bool nl_results_close(nl_session *s)
{
    nl_sink *sink = s->sink;
    const char *why = NULL;
    bool good = true;

    if (sink == NULL) return true;
    if (s->status == NL_MODEL_WRONG) {
        s->sink = NULL;
        nl_sink_discard(sink);
        return true;
    }
    (void)nl_session_evaluator(s, NULL); /* what was collected becomes the value of its name */
    for (size_t i = 0; good && i < s->check.top->symbols.count; i++)
        good = write_value(s, s->check.top->symbols.items[i]);
    good = good && nl_tables_write(s);
    if (!good) why = nl_arena_strdup(s->arena, nl_sink_error(sink) != NULL ? nl_sink_error(sink) : "an unknown error");
    s->sink = NULL;
    const char *close_why = NULL;
    const bool closed = nl_sink_close(sink, &close_why);
    if (good && closed) return true;
    nl_diag_add(s->diags, NL_R_SINK, (nl_span){ 0, 0 }, "cannot write `%s`: %s", s->options.out,
                why != NULL ? why : close_why);
    return nl_session_failed(s, NL_RUN_FAILED);
}
