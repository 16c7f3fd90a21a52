/* A string that grows, in an arena. */
#ifndef NL_BASE_TEXT_H
#define NL_BASE_TEXT_H

#include "arena.h"

#include <stdarg.h>

typedef struct nl_text {
    nl_arena *arena;
    char *chars; /* always terminated */
    size_t length, room;
} nl_text;

nl_text nl_text_new(nl_arena *arena);
void nl_text_add(nl_text *text, const char *chars, size_t length);
void nl_text_adds(nl_text *text, const char *chars);
void nl_text_addf(nl_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void nl_text_vaddf(nl_text *text, const char *format, va_list args);

/* The shortest decimal that reads back as the same double ("0.1", "1e-05", "inf", "nan"). */
const char *nl_text_number(nl_arena *arena, double number);

/* FNV-1a of bytes, continued from another hash or from NL_HASH_BEGIN. */
#define NL_HASH_BEGIN 14695981039346656037u
uint64_t nl_hash(uint64_t hash, const void *bytes, size_t count);

/* The candidate closest to `typed` by edit distance with swaps, or NULL when none is clearly the closest. */
const char *nl_suggest(const char *typed, const char *const *names, size_t count);

#endif
