/* What the commands that read a model share. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where this program lies in truth; the caller frees it. */
static char *own_path(void) { return realpath("/proc/self/exe", NULL); }

static bool is_in_build_tree(void)
{
    char *built = realpath(NL_BUILD_DIR "/netlang", NULL), *self = own_path();
    const bool same = built != NULL && self != NULL && strcmp(built, self) == 0;

    free(built);
    free(self);
    return same;
}

/* share/netlang/stdlib beside bin: an installation may be moved as a whole.  NULL: it is not there. */
static const char *moved_stdlib(nl_arena *arena)
{
    char *self = own_path(), *end = self != NULL ? strrchr(self, '/') : NULL;
    const char *path = NULL;

    if (end != NULL) path = nl_arena_printf(arena, "%.*s/../share/netlang/stdlib", (int)(end - self), self);
    free(self);
    return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

const char *nl_cli_stdlib(nl_arena *arena)
{
    const char *chosen = getenv("NETLANG_STDLIB");

    if (chosen != NULL && chosen[0] != '\0') return nl_arena_strdup(arena, chosen);
    if (is_in_build_tree()) return NL_STDLIB_BUILD;
    const char *moved = access(NL_STDLIB_DIR, R_OK) != 0 ? moved_stdlib(arena) : NULL;
    return moved != NULL ? moved : NL_STDLIB_DIR;
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
