/* Texts for tests of the syntax: a parse with its own arena, and the files of a folder of the source tree. */
#ifndef TESTS_SUPPORT_SYNTAX_H
#define TESTS_SUPPORT_SYNTAX_H

#include "close.h"

#include "base/text.h"
#include "syntax/print.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct parse {
    nl_arena *arena;
    nl_sources *sources;
    nl_diags *diags;
    nl_parsed parsed;
} parse;

static inline parse parse_bytes(const char *text, size_t length)
{
    parse p = { .arena = nl_arena_new() };

    p.sources = nl_sources_new(p.arena);
    p.diags = nl_diags_new(p.arena, p.sources);
    p.parsed = nl_parse_source(p.arena, p.diags, nl_sources_add(p.sources, "test.net", text, length));
    return p;
}

static inline parse parse_text(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static inline void parse_done(parse *p)
{
    nl_arena_free(p->arena);
}

/* A parse that must have no message. */
static inline parse parse_good(const char *text)
{
    parse p = parse_text(text);

    if (nl_diags_count(p.diags) > 0) {
        nl_diags_print(stderr, p.diags, 0);
        fail_msg("%s", text);
    }
    return p;
}

/* A path below the source tree. */
static inline const char *tree_path(nl_arena *arena, const char *path)
{
    const char *root = getenv("NL_SRC");

    return nl_arena_printf(arena, "%s/%s", root != NULL ? root : ".", path);
}

static inline const nl_source *read_source(nl_arena *arena, const char *path)
{
    const nl_source *source = nl_sources_read(nl_sources_new(arena), path);

    if (source == NULL) fail_msg("%s cannot be read", path);
    return source;
}

typedef NL_LIST(const char *) path_list;

static inline int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The .net files of a folder of the tree whose names begin with `prefix`, in order. */
static inline path_list net_files(nl_arena *arena, const char *folder, const char *prefix)
{
    const char *path = tree_path(arena, folder);
    path_list list = { 0 };
    DIR *dir = opendir(path);

    if (dir == NULL) fail_msg("%s cannot be opened", path);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, ".net") == 0 && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            NL_PUSH(arena, &list, nl_arena_printf(arena, "%s/%s", path, entry->d_name));
    }
    closedir(dir);
    qsort(list.items, list.count, sizeof *list.items, compare_paths);
    assert_true(list.count > 0);
    return list;
}

#endif
