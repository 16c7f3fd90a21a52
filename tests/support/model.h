/* Models for tests: a file or a text is run with overrides, and its results are compared with arrays. */
#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

#include "npy.h"

#include "base/text.h"
#include "run/session.h"

enum { DEFINES_MAX = 24 };

/* Everything that the session said, for messages of failed tests. */
static inline void show_messages(nl_session *session)
{
    netlang_message message;

    for (size_t i = 0; netlang_message_get(session, i, &message); i++) fputs(message.shown, stderr);
}

/* A loaded text.  `defines` is a list such as "N=40 dt=0.1", parted by blanks; it must outlive the session, as must
 * `options`. */
typedef struct model {
    nl_session *session;
    char words[500];
    const char *defines[DEFINES_MAX];
    nl_session_options options;
} model;

static inline void split_defines(model *m, const char *defines)
{
    snprintf(m->words, sizeof m->words, "%s", defines);
    for (char *word = strtok(m->words, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(m->options.define_count < DEFINES_MAX);
        m->defines[m->options.define_count++] = word;
    }
    m->options.defines = m->defines;
}

static inline model *model_load_named(const char *name, const char *text, size_t length, const char *defines)
{
    model *m = calloc(1, sizeof *m);

    split_defines(m, defines);
    m->session = nl_session_new(&m->options);
    if (nl_session_load_text(m->session, name, text, length) != NL_OK) {
        show_messages(m->session);
        fail_msg("%s is refused", name);
    }
    return m;
}

static inline model *model_run(model *m)
{
    const nl_status status = nl_session_run(m->session);

    if (status != NL_OK) {
        show_messages(m->session);
        fail_msg("the run ends with status %d", status);
    }
    return m;
}

/* A text, run to its end, with all its expectations met. */
static inline model *model_of(const char *text, const char *defines)
{
    return model_run(model_load_named("test.net", text, strlen(text), defines));
}

/* `text`, which is freed, with `more` in front of its first line that begins with `before`. */
static inline char *text_with(char *text, const char *before, const char *more)
{
    const char *const at = strstr(text, before);
    const size_t room = strlen(text) + strlen(more) + sizeof "\n";
    char *whole = malloc(room);

    if (at == NULL || (at > text && at[-1] != '\n')) fail_msg("no line begins with %s", before);
    snprintf(whole, room, "%.*s%s\n%s", (int)(at - text), text, more, at);
    free(text);
    return whole;
}

/* A file of the source tree, whose text is `text`, freed, or what became of it. */
static inline model *model_file_as(const char *name, char *text, const char *defines)
{
    char *path = source_path(name);
    model *m = model_run(model_load_named(path, text, strlen(text), defines));

    free(text);
    free(path);
    return m;
}

static inline model *model_file(const char *name, const char *defines)
{
    size_t length;

    return model_file_as(name, read_text(name, &length), defines);
}

/* The same with `more` inserted in front of the first line that begins with `before`. */
static inline model *model_file_with(const char *name, const char *before, const char *more, const char *defines)
{
    size_t length;

    return model_file_as(name, text_with(read_text(name, &length), before, more), defines);
}

static inline void model_free(model *m)
{
    nl_session_free(m->session);
    free(m);
}

/* A value or series; more than two axes are folded into columns.  Belongs to the session. */
static inline array model_get(model *m, const char *name)
{
    int rank;
    size_t shape[8];
    const double *data;

    if (!nl_session_get(m->session, name, &rank, shape, &data)) fail_msg("there is no result `%s`", name);
    array a = { rank > 0 ? shape[0] : 1, 1, (double *)data };
    for (int k = 1; k < rank; k++) a.columns *= shape[k];
    return a;
}

static inline double model_number(model *m, const char *name)
{
    const array a = model_get(m, name);

    assert_int_equal(a.rows * a.columns, 1);
    return a.data[0];
}

/* Largest difference of equally large arrays; nan counts as infinite. */
static inline double distance(array a, array b)
{
    double worst = 0;

    if (a.rows * a.columns != b.rows * b.columns)
        fail_msg("%zu x %zu numbers against %zu x %zu", a.rows, a.columns, b.rows, b.columns);
    for (size_t k = 0; k < a.rows * a.columns; k++) {
        const double d = fabs(a.data[k] - b.data[k]);
        worst = d <= worst ? worst : isnan(d) ? INFINITY : d;
    }
    return worst;
}

#define assert_near(a, b, room)                                                                                        \
    do {                                                                                                               \
        const double far_ = distance((a), (b)), room_ = (room);                                                        \
        if (!(far_ <= room_)) fail_msg("%s is %.3g away from %s, more than %.3g", #a, far_, #b, room_);                \
    } while (0)

/* Two texts must give the same bits under these names; returns the sum of what is called `counted`. */
static inline double assert_same_results(const char *one, const char *other, const char *const *names, size_t count,
                                         const char *counted, const char *what)
{
    model *m[2] = { model_of(one, ""), model_of(other, "") };
    const array numbers = model_get(m[0], counted);
    double sum = 0;

    for (size_t k = 0; k < count; k++) {
        const array a = model_get(m[0], names[k]), b = model_get(m[1], names[k]);
        if (a.rows != b.rows || memcmp(a.data, b.data, a.rows * sizeof(double)) != 0)
            fail_msg("%s: %s differs by %.3g", what, names[k], distance(a, b));
    }
    for (size_t k = 0; k < numbers.rows; k++) sum += numbers.data[k];
    model_free(m[0]);
    model_free(m[1]);
    return sum;
}

/* Runs texts whose expectations must hold; all that do not are shown. */
static inline void all_hold(const char *const *texts, size_t count)
{
    size_t wrong = 0;

    for (size_t k = 0; k < count; k++) {
        model *m = model_load_named("test.net", texts[k], strlen(texts[k]), "");
        if (nl_session_run(m->session) != NL_OK) {
            show_messages(m->session);
            print_error("%s\n", texts[k]);
            wrong++;
        }
        model_free(m);
    }
    assert_int_equal(wrong, 0);
}

/* --- models that are written --- */

/* Number k of a list. */
static inline void add_number(nl_text *text, size_t k, double value)
{
    nl_text_addf(text, "%s%.17g", k > 0 ? ", " : "[", value);
}

/* The times and the elements of those of [step, cell] that fire. */
static inline void add_spikes_at(nl_text *text, size_t steps, size_t cells, const bool *fires, double dt)
{
    for (int pass = 0; pass < 2; pass++) {
        size_t k = 0;
        nl_text_adds(text, pass == 0 ? "  spike at (" : ", ");
        for (size_t step = 1; step <= steps; step++)
            for (size_t i = 0; i < cells; i++)
                if (fires[step * cells + i]) add_number(text, k++, pass == 0 ? (double)step * dt : (double)i);
        nl_text_adds(text, "]");
    }
    nl_text_adds(text, ")\n");
}

/* Rows of `a` by number: the samples of a series that a reference has. */
static inline array rows_at(array a, array index, size_t first)
{
    array out = { index.rows, a.columns, malloc(index.rows * a.columns * sizeof(double)) };

    for (size_t k = 0; k < index.rows; k++) {
        const size_t row = (size_t)index.data[k] + first;
        if (row >= a.rows) fail_msg("row %zu of %zu", row, a.rows);
        memcpy(out.data + k * a.columns, a.data + row * a.columns, a.columns * sizeof(double));
    }
    return out;
}

#endif
