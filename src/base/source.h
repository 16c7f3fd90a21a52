/* The texts of one compilation and places in them.  Every file has its own range of one common
 * numbering, so that a span of two numbers names a file and a place in it. */
#ifndef NL_BASE_SOURCE_H
#define NL_BASE_SOURCE_H

#include "arena.h"

typedef struct nl_span {
    uint32_t begin, end; /* bytes, half-open, in the common numbering; {0, 0}: no place */
} nl_span;

typedef struct nl_source {
    const char *name; /* as given, shown in messages */
    const char *text; /* `length` bytes and a terminator */
    size_t length;
    uint32_t base; /* number of its first byte; at least 1 */
} nl_source;

typedef struct nl_sources nl_sources;

typedef struct nl_pos {
    const nl_source *source; /* NULL when the span names no place */
    size_t line, col;        /* from 1; a column counts code points */
    const char *line_text;   /* without its end */
    size_t line_len;         /* bytes */
} nl_pos;

nl_sources *nl_sources_new(nl_arena *arena);

/* Adds a text that is in memory; it is copied. */
const nl_source *nl_sources_add(nl_sources *sources, const char *name, const char *text, size_t length);

/* Reads a file; NULL with errno set when that fails (EFBIG above 64 MiB). */
const nl_source *nl_sources_read(nl_sources *sources, const char *path);

/* .. or takes the text that was read there before. */
const nl_source *nl_sources_read_once(nl_sources *sources, const char *path);

/* Of all texts, continued from another hash. */
uint64_t nl_sources_hash(const nl_sources *sources, uint64_t hash);

/* A path without links; as it is where there is no such file. */
const char *nl_path_real(nl_arena *arena, const char *path);
const char *nl_path_folder(nl_arena *arena, const char *path); /* "." where none is named */
const char *nl_path_file(const char *path);                    /* without its folder */
/* A path that is meant from a folder; in the working directory it stays as it is. */
const char *nl_path_within(nl_arena *arena, const char *folder, const char *path);

nl_pos nl_sources_locate(const nl_sources *sources, uint32_t at);
nl_span nl_span_join(nl_span a, nl_span b);

#endif
