/* The options of all commands, in one table. */
#include "cli.h"

#include "base/text.h"

#include <string.h>

typedef enum option_kind { FLAG, TEXT, LIST } option_kind;

typedef struct option {
    unsigned set;
    char letter; /* or 0 */
    const char *name, *value, *help;
    option_kind kind;
    size_t offset; /* in nl_cli */
} option;

static const option options[] = {
    { NL_OPT_MODEL, 'D', "--define", "NAME=VALUE", "override a parameter, or dt or seed; may be repeated",
      LIST, offsetof(nl_cli, defines) },
    { NL_OPT_MODEL | NL_OPT_INCLUDE, 'I', "--include", "DIR", "look there for files that are used; may be repeated",
      LIST, offsetof(nl_cli, include_dirs) },
    { NL_OPT_MODEL, 0, "--seed", "N", "seed of the random numbers", TEXT, offsetof(nl_cli, seed) },
    { NL_OPT_OUT, 'o', "--output", "FILE", "write the results there: .h5, .npz or .csv", TEXT, offsetof(nl_cli, out) },
    { NL_OPT_FIGURES, 0, "--figures", "DIR", "draw the figures into this folder", TEXT, offsetof(nl_cli, figures) },
    { NL_OPT_FIGURES, 0, "--figure-format", "FORMAT", "png (if left out), svg or pdf",
      TEXT, offsetof(nl_cli, figure_format) },
    { NL_OPT_FIGURES, 0, "--keep-plot-data", NULL, "leave gnuplot's script and the values beside each picture",
      FLAG, offsetof(nl_cli, keep_plot_data) },
    { NL_OPT_REPORT, 0, "--report", "FILE.html", "write a page about the run: model, figures, expectations",
      TEXT, offsetof(nl_cli, report) },
    { NL_OPT_TRIALS, 0, "--trials", "N", "run each point N times, with other initial values and noise",
      TEXT, offsetof(nl_cli, trials) },
    { NL_OPT_THREADS, 0, "--threads", "N", "run points of sweeps and trials in N processes",
      TEXT, offsetof(nl_cli, threads) },
    { NL_OPT_QUIET, 'q', "--quiet", NULL, "print errors only: no progress, no warnings, no `print`",
      FLAG, offsetof(nl_cli, quiet) },
    { NL_OPT_STAGE, 0, "--stage", "STAGE", "only this one: ast, model, ir or program", TEXT, offsetof(nl_cli, stage) },
    { NL_OPT_FORMAT, 'i', "--in-place", NULL, "rewrite the files", FLAG, offsetof(nl_cli, in_place) },
    { NL_OPT_FORMAT, 0, "--check", NULL, "only tell which files would change", FLAG, offsetof(nl_cli, check_only) },
    { NL_OPT_HELP, 'h', "--help", NULL, "describe this command", FLAG, offsetof(nl_cli, help) },
};

typedef NL_LIST(const char *) texts;

typedef struct reader {
    nl_cli *cli;
    const nl_command *command;
    unsigned set;
    char **word; /* the next one; NULL behind the last */
} reader;

void nl_options_print(FILE *out, unsigned set)
{
    for (size_t i = 0; i < NL_LEN(options); i++) {
        const option *o = &options[i];
        char left[40];

        if ((o->set & set) == 0) continue;
        snprintf(left, sizeof left, "%c%c%s %s%s%s", o->letter != 0 ? '-' : ' ', o->letter != 0 ? o->letter : ' ',
                 o->letter != 0 ? "," : " ", o->name, o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
        fprintf(out, "  %-27s %s\n", left, o->help);
    }
}

/* By letter or by the `length` first characters of its name. */
static const option *find(const reader *r, const char *word, size_t length)
{
    for (size_t i = 0; i < NL_LEN(options); i++) {
        const option *o = &options[i];

        if ((o->set & r->set) == 0) continue;
        if (word[1] != '-' ? word[1] == o->letter : strlen(o->name) == length && strncmp(o->name, word, length) == 0)
            return o;
    }
    return NULL;
}

static bool unknown_option(const reader *r, const char *word)
{
    const char *names[NL_LEN(options)];
    size_t count = 0;

    for (size_t i = 0; i < NL_LEN(options); i++)
        if ((options[i].set & r->set) != 0) names[count++] = options[i].name;
    const char *closest = nl_suggest(word, names, count);
    if (closest != NULL)
        nl_cli_complain("`netlang %s` has no option %s; did you mean %s?", r->command->name, word, closest);
    else
        nl_cli_complain("`netlang %s` has no option %s; `netlang help %s` lists them", r->command->name, word,
                        r->command->name);
    return false;
}

static void store(nl_cli *cli, const option *o, const char *value)
{
    void *place = (char *)cli + o->offset;

    if (o->kind == FLAG) *(bool *)place = true;
    else if (o->kind == TEXT) *(const char **)place = value;
    else NL_PUSH(cli->arena, (texts *)place, value);
}

/* An option with its value: -Dx=1, -D x=1, --define=x=1 or --define x=1. */
static bool read_option(reader *r)
{
    const char *word = *r->word++;
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word, "=") : 2;
    const char *rest = word[length] != '\0' ? word + length + (is_long ? 1 : 0) : NULL;
    const option *o = find(r, word, length);

    if (o == NULL) return unknown_option(r, nl_arena_strndup(r->cli->arena, word, is_long ? length : strlen(word)));
    if (o->kind == FLAG && rest != NULL) {
        nl_cli_complain("%s takes no value", o->name);
        return false;
    }
    if (o->kind != FLAG && rest == NULL && (rest = *r->word) != NULL) r->word++;
    if (o->kind != FLAG && rest == NULL) {
        nl_cli_complain("%s needs a value: %s %s", o->name, o->name, o->value);
        return false;
    }
    store(r->cli, o, rest);
    return true;
}

static bool count_fits(const nl_cli *cli, const nl_command *command)
{
    if (cli->help || (cli->files.count >= command->least && cli->files.count <= command->most)) return true;
    nl_cli_complain("usage: netlang %s %s", command->name, command->args);
    return false;
}

bool nl_options_read(nl_cli *cli, const nl_command *command, char **words)
{
    reader r = { cli, command, command->options | NL_OPT_HELP, words };
    bool only_files = false;

    while (*r.word != NULL) {
        if (!only_files && strcmp(*r.word, "--") == 0) {
            only_files = true;
            r.word++;
        } else if (!only_files && (*r.word)[0] == '-' && (*r.word)[1] != '\0') {
            if (!read_option(&r)) return false;
        } else NL_PUSH(cli->arena, &cli->files, *r.word++);
    }
    return count_fits(cli, command);
}
