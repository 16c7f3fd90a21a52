/* The public library: netlang.h in terms of sessions. */
#include "netlang.h"

#include "session.h"

#include <stdio.h>
#include <stdlib.h>

const char *netlang_version(void)
{
    return PACKAGE_VERSION;
}

netlang_session *netlang_new(const netlang_options *options)
{
    return nl_session_new(options);
}

void netlang_free(netlang_session *session)
{
    nl_session_free(session);
}

netlang_status netlang_load(netlang_session *session, const char *path)
{
    return nl_session_load(session, path);
}

netlang_status netlang_load_text(netlang_session *session, const char *name, const char *text, size_t length)
{
    return nl_session_load_text(session, name, text, length);
}

netlang_status netlang_run(netlang_session *session)
{
    return nl_session_run(session);
}

/* A diagnostic as the program prints it, in the arena of its list. */
static const char *shown(const nl_diags *diags, const nl_diag *diag)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);

    if (memory == NULL) return diag->text;
    nl_diag_print(memory, diags, diag);
    fclose(memory);
    const char *kept = nl_arena_strndup(nl_diags_arena(diags), text, length);
    free(text);
    return kept;
}

bool netlang_message_get(netlang_session *session, size_t index, netlang_message *message)
{
    const nl_diags *diags = nl_session_diags(session);
    const nl_diag *diag = nl_diags_get(diags, index);

    if (diag == NULL) return false;
    const nl_pos at = nl_sources_locate(nl_diags_sources(diags), diag->span.begin);
    *message = (netlang_message){
        .is_error = nl_codes[diag->code].severity == NL_ERROR,
        .code = nl_codes[diag->code].code,
        .file = at.source != NULL ? at.source->name : NULL,
        .line = at.line,
        .column = at.col,
        .text = diag->text,
        .help = diag->help,
        .shown = shown(diags, diag),
    };
    return true;
}

void netlang_expectations(const netlang_session *session, size_t *tested, size_t *failed)
{
    const nl_session_counts counts = nl_session_expectations(session);

    *tested = counts.expectations;
    *failed = counts.failed;
}

bool netlang_get(netlang_session *session, const char *name, int *rank, size_t shape[8], const double **data)
{
    return nl_session_get(session, name, rank, shape, data);
}
