/* Diagnostics: errors and warnings with their place, collected in order of discovery.
 * Codes, titles and explanations are the rows of diag.def and nowhere else. */
#ifndef NL_BASE_DIAG_H
#define NL_BASE_DIAG_H

#include "source.h"

#include <stdio.h>

typedef enum nl_code {
#define DIAG(name, ...) NL_##name,
#include "diag.def"
    NL_CODE_COUNT
} nl_code;

typedef enum nl_severity { NL_ERROR, NL_WARNING, NL_NOTE } nl_severity;

/* A row of diag.def. */
typedef struct nl_code_info {
    const char *code; /* "E0301" */
    nl_severity severity;
    const char *title;     /* one line */
    const char *paragraph; /* why it is refused and what to do */
    const char *wrong, *right; /* short .net texts, or NULL */
} nl_code_info;

extern const nl_code_info nl_codes[NL_CODE_COUNT];

typedef struct nl_diag {
    nl_code code;
    nl_span span;
    const char *text; /* the sentence: lower case, no full stop at its end */
    const char *help; /* a remedy, or NULL */
    nl_span also;     /* a second place that the message speaks of, or {0, 0} */
    const char *also_text;
} nl_diag;

typedef struct nl_diags nl_diags;

enum { NL_ERROR_LIMIT = 20 };

nl_diags *nl_diags_new(nl_arena *arena, nl_sources *sources);

/* Records a diagnostic.  An error on a line that already has one is dropped, and so is every error
 * after NL_ERROR_LIMIT; the result is never NULL, so that help can be added without a test. */
nl_diag *nl_diag_add(nl_diags *diags, nl_code code, nl_span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void nl_diag_help(nl_diags *diags, nl_diag *diag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void nl_diag_also(nl_diags *diags, nl_diag *diag, nl_span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* With texts of its own. */
nl_diag nl_diag_copy(nl_arena *arena, const nl_diag *diag);

/* Gives a second place to what was recorded since a mark about a part of `within` and has none. */
void nl_diags_also_within(nl_diags *diags, size_t mark, nl_span within, nl_span also, const char *text);

size_t nl_diags_error_count(const nl_diags *diags);
size_t nl_diags_count(const nl_diags *diags);
const nl_diag *nl_diags_get(const nl_diags *diags, size_t index);
nl_arena *nl_diags_arena(const nl_diags *diags);
nl_sources *nl_diags_sources(const nl_diags *diags);

/* Sets a mark; nl_diags_undo forgets what was recorded since (for attempts that may fail quietly). */
size_t nl_diags_mark(const nl_diags *diags);
void nl_diags_undo(nl_diags *diags, size_t mark);

void nl_diag_print(FILE *out, const nl_diags *diags, const nl_diag *diag);

/* Prints the diagnostics from index `from` on; returns their number. */
size_t nl_diags_print(FILE *out, const nl_diags *diags, size_t from);

/* The row with this code ("E0301", "e0301" or its name), or NULL. */
const nl_code_info *nl_code_find(const char *code);

#endif
