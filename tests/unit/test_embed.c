/* The public header, as a program sees it that embeds the library. */
#include "netlang.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/close.h"

static const char decay[] = "param tau = 20 ms\n"
                            "simulation { dt = 0.1 ms; method = rk4 }\n"
                            "population A[3] { state x = 1 + i; tau * x' = -x }\n"
                            "record m = A.x every 1 ms\n"
                            "run 20 ms\n"
                            "let last = m[20]\n"
                            "print \"done\"\n"
                            "expect tau == 20 ms\n";

typedef struct seen {
    char lines[200];
    int progress_count;
} seen;

static void keep_line(void *user, const char *line)
{
    strncat(((seen *)user)->lines, line, 100);
}

static void count_progress(void *user, const netlang_progress *progress)
{
    ((seen *)user)->progress_count++;
    assert_true(progress->done <= progress->total);
}

static void a_model_runs(void **state)
{
    const char *const defines[] = { "tau=10 ms" };
    seen s = { "", 0 };
    netlang_session *session = netlang_new(&(netlang_options){
        .defines = defines, .define_count = 1, .print = keep_line, .progress = count_progress, .user = &s });
    int rank;
    size_t shape[8], tested, failed;
    const double *data;

    (void)state;
    assert_int_equal(netlang_load_text(session, "decay.net", decay, sizeof decay - 1), NETLANG_OK);
    assert_int_equal(netlang_run(session), NETLANG_EXPECTATION_FAILED);
    netlang_expectations(session, &tested, &failed);
    assert_int_equal(tested, 1);
    assert_int_equal(failed, 1);
    assert_memory_equal(s.lines, "done", 4);
    assert_true(netlang_get(session, "last", &rank, shape, &data));
    assert_int_equal(rank, 1);
    assert_int_equal(shape[0], 3);
    for (int i = 0; i < 3; i++) assert_close(data[i], (1 + i) * exp(-2.0), 1e-7);
    assert_true(netlang_get(session, "m", &rank, shape, &data));
    assert_int_equal(rank, 2);
    assert_int_equal(shape[0], 21);
    assert_close(data[2], 3.0, 0);
    assert_false(netlang_get(session, "nothing", &rank, shape, &data));
    netlang_free(session);
}

static void messages_have_places(void **state)
{
    static const char wrong[] = "param tau = 20 ms\nlet x = tua + 1 ms\n";
    netlang_session *session = netlang_new(&(netlang_options){ 0 });
    netlang_message message;

    (void)state;
    assert_int_equal(netlang_load_text(session, "wrong.net", wrong, sizeof wrong - 1), NETLANG_MODEL_WRONG);
    assert_true(netlang_message_get(session, 0, &message));
    assert_true(message.is_error);
    assert_string_equal(message.file, "wrong.net");
    assert_int_equal(message.line, 2);
    assert_int_equal(message.column, 9);
    assert_int_equal(message.code[0], 'E');
    assert_non_null(strstr(message.shown, "    2 | let x = tua + 1 ms\n"));
    assert_non_null(strstr(message.shown, "tau"));
    assert_false(netlang_message_get(session, 1, &message));
    netlang_free(session);
}

/* Two sessions step side by side, and one that is stopped does not disturb the other. */
static void sessions_are_apart(void **state)
{
    const volatile int stop = 1;
    netlang_session *a = netlang_new(&(netlang_options){ .stop = &stop });
    netlang_session *b = netlang_new(&(netlang_options){ 0 });
    int rank;
    size_t shape[8];
    const double *data;

    (void)state;
    assert_int_equal(netlang_load_text(a, "a.net", decay, sizeof decay - 1), NETLANG_OK);
    assert_int_equal(netlang_load_text(b, "b.net", decay, sizeof decay - 1), NETLANG_OK);
    assert_int_equal(netlang_run(a), NETLANG_INTERRUPTED);
    assert_int_equal(netlang_run(b), NETLANG_OK);
    netlang_free(a);
    assert_true(netlang_get(b, "last", &rank, shape, &data));
    assert_close(data[1], 2 * exp(-1.0), 1e-7);
    netlang_free(b);
}

static void the_version_is_told(void **state)
{
    (void)state;
    assert_string_equal(netlang_version(), PACKAGE_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_told),
        cmocka_unit_test(a_model_runs),
        cmocka_unit_test(messages_have_places),
        cmocka_unit_test(sessions_are_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
