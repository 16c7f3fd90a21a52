#include "cli.h"
#include "progress.h"

#include "record/sink.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A signal handler can reach nothing else; written by it, read by the run. */
static volatile int stop_requested;

static void request_stop(int signal)
{
    (void)signal;
    stop_requested = 1;
}

/* The second signal of a kind ends the process as it would without us.  What a shell has set to be ignored stays so. */
static void catch_signal(int signal)
{
    struct sigaction action;

    sigaction(signal, NULL, &action);
    if (action.sa_handler == SIG_IGN) return;
    memset(&action, 0, sizeof action);
    action.sa_handler = request_stop;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

static void print_line(void *user, const char *line)
{
    nl_bar_erase(user);
    puts(line);
    fflush(stdout);
}

static void name_picture(void *user, const char *path)
{
    nl_bar_erase(user);
    fprintf(stderr, "drawn: %s\n", path);
}

static void show_progress(void *user, const nl_progress *progress)
{
    nl_bar_show(user, progress);
}

/* Prints the messages from `from` on; of a quiet run the errors only. */
static size_t report(const nl_cli *cli, nl_session *session, size_t from)
{
    const nl_diags *diags = nl_session_diags(session);

    for (; from < nl_diags_count(diags); from++) {
        const nl_diag *diag = nl_diags_get(diags, from);

        if (!cli->quiet || nl_codes[diag->code].severity == NL_ERROR) nl_diag_print(stderr, diags, diag);
    }
    return from;
}

/* A name that no format has is known before anything is read. */
static bool output_is_possible(nl_cli *cli)
{
    const char *why;

    if (cli->out == NULL || nl_sink_accepts(cli->arena, cli->out, &why)) return true;
    nl_cli_complain("cannot write %s: %s", cli->out, why);
    return false;
}

/* For benchmarks: what the steps alone took. */
static void print_timing(const nl_session *session)
{
    const char *wanted = getenv("NETLANG_TIMING");
    const nl_session_timing spent = nl_session_time_spent(session);

    if (wanted != NULL && strcmp(wanted, "1") == 0)
        fprintf(stderr, "stepping: %.6f s for %llu steps\n", spent.seconds, (unsigned long long)spent.steps);
}

/* How many processes; 0 after a message. */
static int thread_count(const nl_cli *cli)
{
    char *end = NULL;
    const long count = cli->threads != NULL ? strtol(cli->threads, &end, 10) : 1;

    if (cli->threads == NULL || (end != cli->threads && *end == '\0' && count >= 1 && count <= 1000)) return (int)count;
    nl_cli_complain("--threads takes a number from 1 to 1000, not %s", cli->threads);
    return 0;
}

static nl_status run_model(nl_cli *cli, const char *const *sweeps, size_t sweep_count, int threads)
{
    nl_bar bar = nl_bar_new();
    nl_session_options options = nl_cli_session_options(cli);

    options.sweeps = sweeps;
    options.sweep_count = sweep_count;
    options.trials = cli->trials;
    options.threads = threads;
    options.user = &bar;
    options.stop = &stop_requested;
    options.print = cli->quiet ? NULL : print_line;
    options.drawn = cli->quiet ? NULL : name_picture;
    options.progress = cli->quiet || !bar.enabled ? NULL : show_progress;
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    nl_session *session = nl_session_new(&options);
    nl_status status = nl_session_load(session, cli->files.items[0]);
    const size_t reported = report(cli, session, 0);
    if (status == NL_OK) {
        status = nl_session_run(session);
        nl_bar_erase(&bar);
        report(cli, session, reported);
        print_timing(session);
    }
    if (status == NL_INTERRUPTED)
        nl_cli_complain("interrupted%s", cli->out != NULL ? "; what was recorded is kept" : "");
    nl_session_free(session);
    return status;
}

nl_status nl_cli_run(nl_cli *cli, const char *const *sweeps, size_t sweep_count)
{
    const int threads = thread_count(cli);

    return output_is_possible(cli) && threads > 0 ? run_model(cli, sweeps, sweep_count, threads) : NL_USAGE_WRONG;
}

nl_status nl_command_run(nl_cli *cli) { return nl_cli_run(cli, NULL, 0); }
