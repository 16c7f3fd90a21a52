/* A progress bar on the standard error, where that is a terminal. */
#ifndef NL_CLI_PROGRESS_H
#define NL_CLI_PROGRESS_H

#include "run/session.h"

typedef struct nl_bar {
    bool enabled, shown;
    double begun, drawn; /* seconds of a steady clock */
} nl_bar;

/* Disabled when the standard error is no terminal that can erase a line. */
nl_bar nl_bar_new(void);

/* Draws it, ten times a second at most. */
void nl_bar_show(nl_bar *bar, const nl_progress *progress);

/* Before anything else is printed, and at the end. */
void nl_bar_erase(nl_bar *bar);

#endif
