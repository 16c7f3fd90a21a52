#include "cli.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct skeleton {
    const char *kind, *text;
} skeleton;

static const skeleton skeletons[] = {
#define SKELETON(kind, text) { kind, text },
#include "skeletons.def"
};

static const skeleton *find(const char *kind)
{
    const char *kinds[NL_LEN(skeletons)];

    for (size_t i = 0; i < NL_LEN(skeletons); i++) {
        if (strcmp(skeletons[i].kind, kind) == 0) return &skeletons[i];
        kinds[i] = skeletons[i].kind;
    }
    const char *closest = nl_suggest(kind, kinds, NL_LEN(skeletons));
    if (closest != NULL) nl_cli_complain("there is no kind `%s`; did you mean `%s`?", kind, closest);
    else nl_cli_complain("there is no kind `%s`; `netlang help new` lists them", kind);
    return NULL;
}

static bool is_name(const char *word)
{
    bool good = isalpha((unsigned char)word[0]) || word[0] == '_';

    for (const char *c = word; *c != '\0'; c++) good = good && (isalnum((unsigned char)*c) || *c == '_');
    if (!good) nl_cli_complain("`%s` cannot be a name: letters, digits and `_`, without a digit in front", word);
    return good;
}

static const char *filled_in(nl_arena *arena, const char *text, const char *name)
{
    nl_text out = nl_text_new(arena);

    for (; *text != '\0'; text++)
        if (*text == '@') nl_text_adds(&out, name);
        else nl_text_add(&out, text, 1);
    return out.chars;
}

/* A file that is there is never touched. */
static bool write_new(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool done = file != NULL && fputs(text, file) >= 0;

    done = file != NULL && fclose(file) == 0 && done;
    if (!done) nl_cli_complain("cannot write %s: %s", path, strerror(errno));
    return done;
}

nl_status nl_command_new(nl_cli *cli)
{
    const char *name = cli->files.items[1];
    const skeleton *found = find(cli->files.items[0]);
    const char *path = nl_arena_printf(cli->arena, "%s.net", name);

    if (found == NULL || !is_name(name)) return NL_USAGE_WRONG;
    if (!write_new(path, filled_in(cli->arena, found->text, name))) return NL_RUN_FAILED;
    printf("%s is written; try it with: netlang run %s\n", path, path);
    return NL_OK;
}
