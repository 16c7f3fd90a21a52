#include "cli.h"

#include "base/text.h"

#include <time.h>

typedef struct outcome {
    nl_status status;
    nl_session_counts counts;
    double seconds;
} outcome;

static void keep_line(void *user, const char *line)
{
    nl_text_addf(user, "    %s\n", line);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_outcome(const char *path, const outcome *o, const char *lines, const nl_diags *diags)
{
    const size_t tested = o->counts.expectations;

    printf("%s %s  %zu of %zu expectation%s  %.2f s\n", o->status == NL_OK ? "ok  " : "FAIL", path,
           tested - o->counts.failed, tested, tested == 1 ? "" : "s", o->seconds);
    if (o->status == NL_OK) return;
    fputs(lines, stdout);
    fflush(stdout);
    nl_diags_print(stderr, diags, 0);
}

static outcome test_file(nl_cli *cli, const char *path)
{
    nl_text lines = nl_text_new(cli->arena);
    nl_session_options options = nl_cli_session_options(cli);
    const double begun = now_s();
    outcome o;

    options.print = keep_line;
    options.user = &lines;
    nl_session *session = nl_session_new(&options);
    o.status = nl_session_load(session, path);
    if (o.status == NL_OK) o.status = nl_session_run(session);
    o.counts = nl_session_expectations(session);
    o.seconds = now_s() - begun;
    print_outcome(path, &o, lines.chars, nl_session_diags(session));
    nl_session_free(session);
    return o;
}

nl_status nl_command_test(nl_cli *cli)
{
    nl_status worst = NL_OK;
    size_t tested = 0, failed = 0, bad_files = 0;

    for (size_t i = 0; i < cli->files.count; i++) {
        const outcome o = test_file(cli, cli->files.items[i]);

        tested += o.counts.expectations;
        failed += o.counts.failed;
        bad_files += o.status != NL_OK;
        if (o.status > worst) worst = o.status;
    }
    printf("%zu file%s, %zu failed; %zu expectation%s, %zu failed\n", cli->files.count,
           cli->files.count == 1 ? "" : "s", bad_files, tested, tested == 1 ? "" : "s", failed);
    return worst;
}
