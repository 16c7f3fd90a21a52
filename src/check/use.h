/* Other files: those that `use` names, and the shipped rules.
 *
 * A file of rules is read once.  What it declares stands in a scope of its own, whose parent is that of the shipped
 * rules: the text of a rule sees what its own file declares, never what the using file does.  `use` takes over the
 * symbols themselves, so that a rule is one thing however it is reached. */
#ifndef NL_CHECK_USE_H
#define NL_CHECK_USE_H

#include "check.h"

typedef struct nl_used {
    const char *path;   /* as it was found, shown in messages */
    const char *real;   /* without links: tells files apart */
    const char *folder;
    nl_span use;        /* what asked for it first */
    bool is_open;       /* its declarations are being made: who uses it now goes in a circle */
    nl_parsed parsed;
    nl_scope *scope;    /* its rules and values, once nl_use_rules has made them */
    const nl_ast *circuit; /* a BLOCK: what it declares, without its experiment; once nl_use_declare has asked for it */
    bool failed;
} nl_used;

/* The file that a USE names, found and parsed; NULL after a diagnostic.  What it declares is left to the caller. */
nl_used *nl_use_file(nl_check *ck, const nl_ast *stmt);

/* Declares its rules, and its values up to where an experiment begins, in its scope; false after a diagnostic. */
bool nl_use_rules(nl_check *ck, nl_used *file);

/* use "rules.net", and use "model.net" as NAME: a circuit, or where it holds only rules, their names behind a dot. */
bool nl_use_declare(nl_check *ck, const nl_ast *stmt);

/* The model itself is a file that cannot be used by those that it uses. */
void nl_use_begin(nl_check *ck, const nl_parsed *parsed);

/* --- library.c: the shipped rules --- */

/* A folder of the library: one rule in a file of its name. */
typedef struct nl_library_folder {
    const char *name;
    nl_ast_kind rule;
    nl_symbol_kind kind;
} nl_library_folder;

enum { NL_LIBRARY_FOLDERS = 8 };
extern const nl_library_folder nl_library_folders[NL_LIBRARY_FOLDERS];

/* A shipped rule of this kind, read when it is first asked for; NULL when there is none. */
nl_symbol *nl_library_find(nl_check *ck, nl_symbol_kind kind, const char *name);

/* The rule of this kind that `neurons.lif` names; NULL where the base names no folder that holds it. */
nl_symbol *nl_library_qualified(nl_check *ck, nl_symbol_kind kind, const nl_ast *field);

/* The one that NAME or neurons.NAME names. */
nl_symbol *nl_library_named(nl_check *ck, nl_symbol_kind kind, const nl_ast *path);
bool nl_library_is_missing(nl_check *ck); /* no rule is there */

/* The one with the closest name, or NULL. */
const char *nl_library_suggest(nl_check *ck, nl_symbol_kind kind, const char *name);

#endif
