#include "cli.h"

#include "syntax/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes beside the file and renames, so that a full disk costs nothing. */
static bool replace(nl_arena *arena, const char *path, const char *text)
{
    struct stat info;
    char *real = realpath(path, NULL);
    char *part = nl_arena_printf(arena, "%s.XXXXXX", real != NULL ? real : path);
    const int fd = mkstemp(part);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool done =
        file != NULL && stat(path, &info) == 0 && fchmod(fd, info.st_mode & 07777) == 0 && fputs(text, file) >= 0;

    done = file != NULL && fclose(file) == 0 && done;
    done = done && rename(part, real != NULL ? real : path) == 0;
    if (!done) {
        nl_cli_complain("cannot write %s: %s", path, strerror(errno));
        if (fd >= 0) unlink(part);
    }
    free(real);
    return done;
}

static nl_status deliver(const nl_cli *cli, nl_arena *arena, const nl_source *source, const char *text)
{
    const bool changes = strlen(text) != source->length || memcmp(text, source->text, source->length) != 0;

    if (cli->check_only) {
        if (changes) printf("%s\n", source->name);
        return changes ? NL_EXPECTATION_FAILED : NL_OK;
    }
    if (cli->in_place) return !changes || replace(arena, source->name, text) ? NL_OK : NL_RUN_FAILED;
    fputs(text, stdout);
    return NL_OK;
}

static nl_status format_file(const nl_cli *cli, nl_arena *arena, const char *path)
{
    nl_sources *sources = nl_sources_new(arena);
    nl_diags *diags = nl_diags_new(arena, sources);
    const nl_source *source = nl_sources_read(sources, path);

    if (source == NULL) {
        nl_cli_complain("cannot read %s: %s", path, strerror(errno));
        return NL_MODEL_WRONG;
    }
    const nl_parsed parsed = nl_parse_source(arena, diags, source);
    nl_diags_print(stderr, diags, 0);
    if (nl_diags_error_count(diags) > 0) return NL_MODEL_WRONG;
    return deliver(cli, arena, source, nl_print_file(arena, &parsed));
}

nl_status nl_command_fmt(nl_cli *cli)
{
    nl_status worst = NL_OK;

    for (size_t i = 0; i < cli->files.count; i++) {
        nl_arena *arena = nl_arena_new();
        const nl_status status = format_file(cli, arena, cli->files.items[i]);

        nl_arena_free(arena);
        if (status > worst) worst = status;
    }
    return worst;
}
