#include "arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double up to the largest: many arenas hold one small evaluation, and a block is zeroed whole. */
enum { FIRST_BLOCK = 2 * 1024, LARGEST_BLOCK = 256 * 1024, SMALL_ALIGN = 16, WIDE = 1024 };

typedef struct block {
    struct block *prev;
    size_t cap, used;
    char *bytes;
} block;

struct nl_arena {
    block *block;
    size_t next_block;
};

void nl_out_of_memory(size_t size)
{
    fprintf(stderr, "netlang: out of memory (%zu bytes more were needed)\n", size);
    exit(3);
}

void *nl_calloc(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (p == NULL) nl_out_of_memory(nl_checked_mul(count, size));
    return p;
}

void *nl_realloc(void *memory, size_t size)
{
    void *p = realloc(memory, size > 0 ? size : 1);

    if (p == NULL) nl_out_of_memory(size);
    return p;
}

size_t nl_checked_mul(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) nl_out_of_memory(SIZE_MAX);
    return count * size;
}

nl_arena *nl_arena_new(void)
{
    nl_arena *arena = nl_calloc(1, sizeof *arena);

    arena->next_block = FIRST_BLOCK;
    return arena;
}

void nl_arena_free(nl_arena *arena)
{
    if (arena == NULL) return;
    for (block *b = arena->block; b != NULL;) {
        block *prev = b->prev;
        free(b);
        b = prev;
    }
    free(arena);
}

static size_t padding(const block *b, size_t align)
{
    const uintptr_t at = (uintptr_t)(b->bytes + b->used);

    return (size_t)(-at & (align - 1));
}

void *nl_arena_alloc(nl_arena *arena, size_t size)
{
    const size_t align = size >= WIDE ? NL_ALIGN : SMALL_ALIGN;
    block *b = arena->block;

    if (size > SIZE_MAX / 2) nl_out_of_memory(size);
    if (b == NULL || padding(b, align) + size > b->cap - b->used) {
        const size_t cap = size + NL_ALIGN > arena->next_block ? size + NL_ALIGN : arena->next_block;

        if (arena->next_block < LARGEST_BLOCK) arena->next_block *= 2;
        b = nl_calloc(1, sizeof *b + cap);
        b->cap = cap;
        b->bytes = (char *)(b + 1);
        b->prev = arena->block;
        arena->block = b;
    }
    b->used += padding(b, align);
    void *p = b->bytes + b->used;
    b->used += size;
    return p;
}

char *nl_arena_strndup(nl_arena *arena, const char *text, size_t length)
{
    char *copy = nl_arena_alloc(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *nl_arena_strdup(nl_arena *arena, const char *text)
{
    return nl_arena_strndup(arena, text, strlen(text));
}

char *nl_arena_printf(nl_arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    assert(length >= 0 && "format strings are our own");
    char *text = nl_arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(args);
    va_end(again);
    return text;
}

void *nl_arena_grow(nl_arena *arena, void *items, size_t *room, size_t size)
{
    const size_t wanted = *room > 0 ? 2 * *room : 8;
    void *grown = nl_arena_alloc(arena, nl_checked_mul(wanted, size));

    if (*room > 0) memcpy(grown, items, *room * size);
    *room = wanted;
    return grown;
}
