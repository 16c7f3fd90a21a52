/* Memory of one compilation or one evaluation: allocated piece by piece, freed in one call.
 * The owner of the arena owns everything in it; nothing is freed singly.  Allocation never
 * fails for the caller: out of memory ends the program with a message. */
#ifndef NL_BASE_ARENA_H
#define NL_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define NL_ALIGN 64 /* of every block: a cache line, and the widest vector register */

typedef struct nl_arena nl_arena;

nl_arena *nl_arena_new(void);
void nl_arena_free(nl_arena *arena);

/* Zeroed; aligned to 16 bytes (64 for requests of at least 1 KiB). */
void *nl_arena_alloc(nl_arena *arena, size_t size);
char *nl_arena_strdup(nl_arena *arena, const char *text);
char *nl_arena_strndup(nl_arena *arena, const char *text, size_t length);
char *nl_arena_printf(nl_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define NL_NEW(arena, type) ((type *)nl_arena_alloc((arena), sizeof(type)))
#define NL_NEW_ARRAY(arena, type, count) \
    ((type *)nl_arena_alloc((arena), nl_checked_mul((count), sizeof(type))))

/* The product of two sizes; ends the program on overflow (callers pass checked counts). */
size_t nl_checked_mul(size_t count, size_t size);

/* Like calloc, malloc and realloc, but never return NULL: out of memory ends the program. */
void *nl_calloc(size_t count, size_t size);
void *nl_realloc(void *memory, size_t size);
void nl_out_of_memory(size_t size) __attribute__((noreturn)); /* what they do then */

/* A growing array in an arena: NL_PUSH(arena, list, item) appends to a struct that has the
 * members `items`, `count` and `room`. */
#define NL_LIST(type) struct { type *items; size_t count, room; }
#define NL_PUSH(arena, list, item)                                                          \
    do {                                                                                    \
        if ((list)->count == (list)->room)                                                  \
            (list)->items = nl_arena_grow((arena), (list)->items, &(list)->room,            \
                                          sizeof(*(list)->items));                          \
        (list)->items[(list)->count++] = (item);                                            \
    } while (0)
void *nl_arena_grow(nl_arena *arena, void *items, size_t *room, size_t size);

#endif
