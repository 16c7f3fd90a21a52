#include "cli.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The list of commands, its help and its dispatch. */
const nl_command nl_commands[] = {
    { "run", nl_command_run, "FILE", 1, 1,
      NL_OPT_MODEL | NL_OPT_OUT | NL_OPT_THREADS | NL_OPT_FIGURES | NL_OPT_REPORT | NL_OPT_QUIET,
      "simulate a model and write its results",
      "Without -o nothing is written: what the model prints and whether its expectations hold is all that is told.\n"
      "Ctrl-C ends the run cleanly and keeps what was recorded; a second Ctrl-C ends it at once." },
    { "sweep", nl_command_sweep, "FILE NAME=VALUES...", 1, SIZE_MAX,
      NL_OPT_MODEL | NL_OPT_OUT | NL_OPT_TRIALS | NL_OPT_THREADS | NL_OPT_QUIET,
      "run a model for many values of its parameters and write a table",
      "VALUES are FROM:TO:COUNT, as 0:10:11 or 0:10:11 mV, or a list, as 4,5 or early,late.  Several names make a\n"
      "grid.  The protocol of the file is run once for each point; the columns of the table are what it collects, its\n"
      "named numbers (`let`), and the last samples of its named series.  A sweep that was interrupted goes on where\n"
      "it stopped when the same command is given again." },
    { "check", nl_command_check, "FILE", 1, 1, NL_OPT_MODEL,
      "report all errors, counts of neurons and synapses, memory",
      "Names, shapes and physical dimensions are checked completely; nothing is built or run." },
    { "explain", nl_command_explain, "FILE|CODE", 1, 1, NL_OPT_MODEL,
      "say how a model is stepped, or what a message means",
      "Of a file: the order of a step and the method of each equation.  Of a code such as E0301: a paragraph with a\n"
      "wrong and a right example." },
    { "fmt", nl_command_fmt, "FILE...", 1, SIZE_MAX, NL_OPT_FORMAT, "print a file in the canonical layout",
      "All comments are kept.  With --check nothing is printed but the names of files that would change, and the exit\n"
      "status is 1 if there are any." },
    { "ir", nl_command_ir, "FILE", 1, 1, NL_OPT_MODEL | NL_OPT_STAGE,
      "print what the stages of the compiler make of a file", NULL },
    { "doc", nl_command_doc, "[NAME...]", 0, SIZE_MAX, NL_OPT_INCLUDE,
      "describe functions, operators, units, methods, rules and codes",
      "Without a name: the list of all names.  A word that is no name lists what speaks of it; a .net file shows the\n"
      "rules that it declares." },
    { "new", nl_command_new, "KIND NAME", 2, 2, 0, "begin a file: a rule with a trial of it, or a model",
      "KIND is one of neuron, synapse, connector, method, function, model.  The file is NAME.net in the present\n"
      "folder; one that is there stays as it is." },
    { "plot", nl_command_plot, "RESULT.h5 [NAME...]", 1, SIZE_MAX, NL_OPT_FIGURES | NL_OPT_QUIET,
      "draw results of an earlier run",
      "Without names: what the file holds, with shapes and units.  Pictures go into the present folder, or that of\n"
      "--figures." },
    { "test", nl_command_test, "FILE...", 1, SIZE_MAX, NL_OPT_MODEL, "run files and count their expectations",
      "What the models print is shown for those only that fail." },
    { "help", nl_command_help, "[COMMAND]", 0, 1, 0, "describe a command", NULL },
    { "version", nl_command_version, "", 0, 0, 0, "print the version and what it was built with", NULL },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};

void nl_cli_complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("netlang: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static const nl_command *find_exact(const char *name)
{
    for (const nl_command *c = nl_commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

const nl_command *nl_command_find(const char *name)
{
    const char *names[32];
    size_t count = 0;
    const nl_command *command = find_exact(name);

    if (command != NULL) return command;
    while (nl_commands[count].name != NULL) {
        names[count] = nl_commands[count].name;
        count++;
    }
    const char *closest = nl_suggest(name, names, count);
    if (closest != NULL) nl_cli_complain("there is no command `%s`; did you mean `netlang %s`?", name, closest);
    else if (access(name, F_OK) == 0)
        nl_cli_complain("there is no command `%s`; to run a file: netlang run %s", name, name);
    else nl_cli_complain("there is no command `%s`; `netlang help` lists them", name);
    return NULL;
}

static void print_commands(FILE *out)
{
    fputs("netlang " PACKAGE_VERSION ": models of neural networks, from a text to its results\n\n"
          "usage: netlang COMMAND ...\n\n", out);
    for (const nl_command *c = nl_commands; c->name != NULL; c++)
        fprintf(out, "  %-8s %-19s %s\n", c->name, c->args, c->help);
    fputs("\n`netlang help COMMAND` describes its options; `netlang doc` the language's functions, units and rules.\n",
          out);
}

static void print_command(FILE *out, const nl_command *c)
{
    fprintf(out, "usage: netlang %s [OPTION...] %s\n\n%s\n", c->name, c->args, c->help);
    if (c->more != NULL) fprintf(out, "\n%s\n", c->more);
    fputc('\n', out);
    nl_options_print(out, c->options | NL_OPT_HELP);
    fputs("\nExit status: 0 done, 1 an expectation failed, 2 the model or the command line is wrong,\n"
          "3 the run failed, 130 interrupted.\n", out);
}

nl_status nl_command_help(nl_cli *cli)
{
    const nl_command *command = NULL;

    if (cli->files.count > 0) {
        command = nl_command_find(cli->files.items[0]);
        if (command == NULL) return NL_USAGE_WRONG;
        print_command(stdout, command);
    } else print_commands(stdout);
    return NL_OK;
}

nl_status nl_command_version(nl_cli *cli)
{
    (void)cli;
    printf("netlang %s\n", netlang_version());
#ifdef NL_HAVE_HDF5
    puts("results: .h5 .npz .csv");
#else
    puts("results: .npz .csv (built without HDF5)");
#endif
#ifdef NL_HAVE_SLEEF
    puts("vector mathematics: SLEEF");
#else
    puts("vector mathematics: libm (built without SLEEF)");
#endif
#ifdef NL_HAVE_OPENBLAS
    puts("dense matrices: OpenBLAS");
#else
    puts("dense matrices: GSL (built without OpenBLAS)");
#endif
    return NL_OK;
}

/* --help and --version stand for the commands of the same name. */
static const char *command_name(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return "help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) return "version";
    return word;
}

static nl_status run_command(nl_cli *cli, char **words)
{
    const nl_command *command = nl_command_find(command_name(words[0]));

    if (command == NULL || !nl_options_read(cli, command, words + 1)) return NL_USAGE_WRONG;
    if (!cli->help) return command->run(cli);
    print_command(stdout, command);
    return NL_OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return NL_USAGE_WRONG;
    }
    nl_cli cli = { .arena = nl_arena_new() };
    nl_status status = run_command(&cli, argv + 1);
    nl_arena_free(cli.arena);
    if (fflush(stdout) != 0 && status == NL_OK) {
        nl_cli_complain("cannot write to the standard output");
        status = NL_RUN_FAILED;
    }
    return (int)status;
}
