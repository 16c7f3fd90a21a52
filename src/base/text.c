#include "text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nl_text nl_text_new(nl_arena *arena)
{
    nl_text text = { .arena = arena, .room = 64 };

    text.chars = nl_arena_alloc(arena, text.room);
    return text;
}

static void reserve(nl_text *text, size_t more)
{
    if (text->length + more + 1 <= text->room) return;
    while (text->length + more + 1 > text->room) text->room *= 2;
    char *chars = nl_arena_alloc(text->arena, text->room);
    memcpy(chars, text->chars, text->length + 1);
    text->chars = chars;
}

void nl_text_add(nl_text *text, const char *chars, size_t length)
{
    reserve(text, length);
    memcpy(text->chars + text->length, chars, length);
    text->length += length;
    text->chars[text->length] = '\0';
}

void nl_text_adds(nl_text *text, const char *chars)
{
    nl_text_add(text, chars, strlen(chars));
}

void nl_text_vaddf(nl_text *text, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(length >= 0 && "format strings are our own");
    reserve(text, (size_t)length);
    vsnprintf(text->chars + text->length, (size_t)length + 1, format, args);
    text->length += (size_t)length;
}

void nl_text_addf(nl_text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    nl_text_vaddf(text, format, args);
    va_end(args);
}

const char *nl_text_number(nl_arena *arena, double number)
{
    if (isnan(number)) return "nan";
    if (isinf(number)) return number > 0 ? "inf" : "-inf";
    if (number == trunc(number) && fabs(number) < 1e15) return nl_arena_printf(arena, "%.0f", number);
    for (int digits = 1; digits < 17; digits++) {
        char *text = nl_arena_printf(arena, "%.*g", digits, number);
        if (strtod(text, NULL) == number) return text;
    }
    return nl_arena_printf(arena, "%.17g", number);
}

enum { NAME_MAX_LENGTH = 40 };

/* Optimal string alignment distance; a swap of neighbours costs one. */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    size_t row[3][NAME_MAX_LENGTH + 1];

    if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *before = row[(i + 2) % 3], *older = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < cost) cost = before[j] + 1;
            if (now[j - 1] + 1 < cost) cost = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < cost)
                cost = older[j - 2] + 1;
            now[j] = cost;
        }
    }
    return row[n % 3][m];
}

const char *nl_suggest(const char *typed, const char *const *names, size_t count)
{
    const size_t length = strlen(typed);
    const size_t limit = length < 2 ? 0 : length < 6 ? 1 : length / 3;
    const char *best = NULL;
    size_t best_cost = limit + 1;

    for (size_t i = 0; i < count; i++) {
        const size_t cost = edit_distance(typed, names[i]);

        if (cost < best_cost) {
            best = names[i];
            best_cost = cost;
        } else if (cost == best_cost && best != NULL && strcmp(best, names[i]) != 0) {
            best = NULL; /* a tie is a guess, and we do not guess */
        }
    }
    return best_cost <= limit ? best : NULL;
}

uint64_t nl_hash(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * 1099511628211u;
    return hash;
}
