/* What a result file (.h5) holds, by the names that the model gave. */
#ifndef NL_RECORD_RESULT_H
#define NL_RECORD_RESULT_H

#include "base/arena.h"

enum { NL_RESULT_RANK = 8 };

typedef struct nl_result_entry {
    const char *name;        /* "v", "E.spikes", "v@0" */
    const char *path;        /* of its numbers in the file; of a train, those are its times */
    const char *times, *ids; /* paths, or NULL: a series has times, a train ids, values at events both */
    const char *unit;        /* "mV"; "1" */
    const char *doc;         /* the expression that was recorded, or NULL */
    bool is_train, is_text;
    int rank;
    size_t shape[NL_RESULT_RANK];
    size_t first, neurons; /* of a train */
} nl_result_entry;

typedef struct nl_result {
    const char *model, *time_unit; /* NULL where the file does not tell */
    NL_LIST(nl_result_entry) entries;
} nl_result;

/* NULL with *why (in the arena) when it cannot be read. */
nl_result *nl_result_open(nl_arena *arena, const char *path, const char **why);

#endif
