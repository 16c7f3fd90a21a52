#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };
static const double least_interval_s = 0.1;

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

nl_bar nl_bar_new(void)
{
    const char *terminal = getenv("TERM");
    const bool can_erase = terminal != NULL && strcmp(terminal, "dumb") != 0;

    return (nl_bar){ .enabled = can_erase && isatty(STDERR_FILENO), .begun = now_s() };
}

/* "4 s", "3 min 20 s", "2 h 5 min". */
static void put_duration(char *text, size_t room, double seconds)
{
    const long s = (long)(seconds + 0.5);

    if (s < 60) snprintf(text, room, "%ld s", s);
    else if (s < 3600) snprintf(text, room, "%ld min %ld s", s / 60, s % 60);
    else snprintf(text, room, "%ld h %ld min", s / 3600, s / 60 % 60);
}

static void draw(const nl_progress *p, double elapsed_s)
{
    const bool whole = p->whole_total > 0;
    const double total = (double)(whole ? p->whole_total : p->total);
    const double share = total > 0 ? (double)(whole ? p->whole_done : p->done) / total : 0;
    const int filled = (int)(BAR_WIDTH * (share < 1 ? share : 1));
    const char *unit = strcmp(p->time_unit, "1") == 0 ? "" : p->time_unit;
    char bar[BAR_WIDTH + 1], left[40] = "";

    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    if (total == 0) {
        fprintf(stderr, "\r\033[Kt = %.6g %s", p->time, unit);
        return;
    }
    if (share > 0) put_duration(left, sizeof left, elapsed_s * (1 - share) / share);
    fprintf(stderr, "\r\033[K[%s] %3.0f %%  t = %.6g %s  %s%s", bar, 100 * share, p->time, unit, left,
            left[0] != '\0' ? " left" : "");
}

void nl_bar_show(nl_bar *bar, const nl_progress *progress)
{
    const double now = now_s();

    if (!bar->enabled || now - bar->drawn < least_interval_s) return;
    bar->drawn = now;
    bar->shown = true;
    draw(progress, now - bar->begun);
    fflush(stderr);
}

void nl_bar_erase(nl_bar *bar)
{
    if (bar->shown) fputs("\r\033[K", stderr);
    bar->shown = false;
}
