/* What the commands that read a model share. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* Whether this program still lies where it was built. */
static bool is_in_build_tree(void)
{
    char *built = realpath(NL_BUILD_DIR "/netlang", NULL), *self = realpath("/proc/self/exe", NULL);
    const bool same = built != NULL && self != NULL && strcmp(built, self) == 0;

    free(built);
    free(self);
    return same;
}

const char *nl_cli_stdlib(nl_arena *arena)
{
    const char *chosen = getenv("NETLANG_STDLIB");

    if (chosen == NULL || chosen[0] == '\0') chosen = is_in_build_tree() ? NL_STDLIB_BUILD : NL_STDLIB_DIR;
    return nl_arena_strdup(arena, chosen);
}

nl_session_options nl_cli_session_options(nl_cli *cli)
{
    return (nl_session_options){
        .defines = cli->defines.items,
        .define_count = cli->defines.count,
        .include_dirs = cli->include_dirs.items,
        .include_dir_count = cli->include_dirs.count,
        .stdlib_dir = nl_cli_stdlib(cli->arena),
        .out = cli->out,
        .seed = cli->seed,
        .figures = cli->figures,
        .report = cli->report,
        .figure_format = cli->figure_format,
        .keep_plot_data = cli->keep_plot_data,
    };
}

nl_session *nl_cli_load(nl_cli *cli, nl_status *status)
{
    const nl_session_options options = nl_cli_session_options(cli);
    nl_session *session = nl_session_new(&options);

    *status = nl_session_load(session, cli->files.items[0]);
    nl_diags_print(stderr, nl_session_diags(session), 0);
    return session;
}
