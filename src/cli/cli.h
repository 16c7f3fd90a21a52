/* The program `netlang`: its commands, their options and what they share.  Only this folder prints and sets exit
 * statuses; a command returns its status. */
#ifndef NL_CLI_CLI_H
#define NL_CLI_CLI_H

#include "run/session.h"

#define NL_USAGE_WRONG NL_MODEL_WRONG /* of the command line: status 2 as well */

/* The command line of one command, read. */
typedef struct nl_cli {
    nl_arena *arena;
    NL_LIST(const char *) files; /* what is no option */
    NL_LIST(const char *) defines, include_dirs;
    const char *out, *seed, *stage, *trials, *threads, *figures, *figure_format, *report;
    bool quiet, in_place, check_only, keep_plot_data, help;
} nl_cli;

typedef enum nl_option_set {
    NL_OPT_MODEL = 1,  /* -D, -I, --seed: of all commands that read a model */
    NL_OPT_OUT = 2,
    NL_OPT_QUIET = 4,
    NL_OPT_STAGE = 8,
    NL_OPT_FORMAT = 16,
    NL_OPT_INCLUDE = 32, /* -I */
    NL_OPT_HELP = 64,    /* of all */
    NL_OPT_THREADS = 128,
    NL_OPT_TRIALS = 256,
    NL_OPT_FIGURES = 512,
    NL_OPT_REPORT = 1024
} nl_option_set;

typedef struct nl_command {
    const char *name;
    nl_status (*run)(nl_cli *cli);
    const char *args; /* "FILE..." */
    size_t least, most; /* how many of them */
    unsigned options;   /* nl_option_set, beside NL_OPT_HELP */
    const char *help;   /* one line */
    const char *more;   /* a paragraph for `netlang help NAME`, or NULL */
} nl_command;

extern const nl_command nl_commands[]; /* up to a row without name */

nl_status nl_command_run(nl_cli *cli);
nl_status nl_command_sweep(nl_cli *cli);
nl_status nl_command_check(nl_cli *cli);
nl_status nl_command_explain(nl_cli *cli);
nl_status nl_command_fmt(nl_cli *cli);
nl_status nl_command_ir(nl_cli *cli);
nl_status nl_command_doc(nl_cli *cli);
nl_status nl_command_new(nl_cli *cli);
nl_status nl_command_plot(nl_cli *cli);
nl_status nl_command_test(nl_cli *cli);
nl_status nl_command_help(nl_cli *cli);
nl_status nl_command_version(nl_cli *cli);

/* The row of a command; NULL, after a message that names the closest one, when there is none. */
const nl_command *nl_command_find(const char *name);

/* Reads the words behind the command's name, up to a NULL; false after a message. */
bool nl_options_read(nl_cli *cli, const nl_command *command, char **words);

/* The options of a command, one per line. */
void nl_options_print(FILE *out, unsigned set);

/* What the command line means for a session; `print`, `progress` and `stop` are left to the command. */
nl_session_options nl_cli_session_options(nl_cli *cli);

/* Runs the first file with its messages, progress and signals; of a sweep, `sweeps` at each of its points. */
nl_status nl_cli_run(nl_cli *cli, const char *const *sweeps, size_t sweep_count);

/* A session with the first file loaded; messages are printed.  *status says how that went. */
nl_session *nl_cli_load(nl_cli *cli, nl_status *status);

/* The folder of the shipped rules: $NETLANG_STDLIB; of a program that was not installed, that of its source tree; else
 * where they were installed. */
const char *nl_cli_stdlib(nl_arena *arena);

/* Prints "netlang: ...", a line. */
void nl_cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
