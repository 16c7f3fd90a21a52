/* The program gnuplot, started without a shell. */
#include "figure.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, NOT_FOUND = 127 };

bool nl_gnuplot_exists(void)
{
    const char *at = getenv("PATH");
    char file[4096];

    while (at != NULL && *at != '\0') {
        const int length = (int)strcspn(at, ":");
        const int written = snprintf(file, sizeof file, "%.*s/gnuplot", length, at);

        if (written > 0 && (size_t)written < sizeof file && access(file, X_OK) == 0) return true;
        at += length + (at[length] == ':');
    }
    return false;
}

/* In the child: the script in its folder, messages into the pipe. */
static void become_gnuplot(const char *folder, const char *script, int messages)
{
    if (chdir(folder) == 0 && dup2(messages, STDERR_FILENO) >= 0 && dup2(messages, STDOUT_FILENO) >= 0)
        execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL);
    _exit(NOT_FOUND);
}

static size_t read_all(int from, char *out, size_t room)
{
    char rest[512];
    size_t length = 0;

    for (;;) {
        const bool is_full = length == room;
        const ssize_t got = read(from, is_full ? rest : out + length, is_full ? sizeof rest : room - length);

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return length;
        if (!is_full) length += (size_t)got;
    }
}

/* Of gnuplot's lines the last one tells what is wrong: "script.gp" line 7: undefined variable: x. */
static const char *last_line(nl_arena *arena, const char *messages)
{
    const char *line = "", *at = messages;

    while (*at != '\0') {
        const size_t length = strcspn(at, "\n");

        if (strspn(at, " \t") < length) line = nl_arena_strndup(arena, at, length);
        at += length + (at[length] == '\n');
    }
    return line;
}

const char *nl_gnuplot_run(nl_arena *arena, const char *folder, const char *script)
{
    char messages[MESSAGE_MAX + 1];
    int ends[2], status = 0;

    if (pipe(ends) != 0) return nl_arena_printf(arena, "gnuplot cannot be started: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        become_gnuplot(folder, script, ends[1]);
    }
    close(ends[1]);
    messages[child > 0 ? read_all(ends[0], messages, MESSAGE_MAX) : 0] = '\0';
    close(ends[0]);
    if (child < 0) return nl_arena_printf(arena, "gnuplot cannot be started: %s", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND) return "gnuplot is not installed";
    return messages[0] != '\0' ? nl_arena_printf(arena, "gnuplot says: %s", last_line(arena, messages))
                               : "gnuplot failed";
}
