#include "source.h"

#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 64 << 20 };

struct nl_sources {
    nl_arena *arena;
    NL_LIST(nl_source *) list;
    uint32_t next_base;
};

nl_sources *nl_sources_new(nl_arena *arena)
{
    nl_sources *sources = NL_NEW(arena, nl_sources);

    sources->arena = arena;
    sources->next_base = 1;
    return sources;
}

const nl_source *nl_sources_add(nl_sources *sources, const char *name, const char *text, size_t length)
{
    nl_source *source = NL_NEW(sources->arena, nl_source);

    source->name = nl_arena_strdup(sources->arena, name);
    source->text = nl_arena_strndup(sources->arena, text, length);
    source->length = length;
    source->base = sources->next_base;
    sources->next_base += (uint32_t)length + 2;
    NL_PUSH(sources->arena, &sources->list, source);
    return source;
}

static const nl_source *find(const nl_sources *sources, const char *path)
{
    for (size_t k = 0; k < sources->list.count; k++)
        if (strcmp(sources->list.items[k]->name, path) == 0) return sources->list.items[k];
    return NULL;
}

uint64_t nl_sources_hash(const nl_sources *sources, uint64_t hash)
{
    for (size_t k = 0; k < sources->list.count; k++)
        hash = nl_hash(hash, sources->list.items[k]->text, sources->list.items[k]->length + 1);
    return hash;
}

const nl_source *nl_sources_read(nl_sources *sources, const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");

    if (file == NULL) return NULL;
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return NULL;
    }
    char *text = NULL;
    size_t length = 0, room = 0;
    while (!feof(file) && !ferror(file) && length <= FILE_LIMIT) {
        if (room - length < 4096) text = nl_realloc(text, room = room > 0 ? 2 * room : 16384);
        length += fread(text + length, 1, room - length, file);
    }
    const int failed = ferror(file) ? EIO : length > FILE_LIMIT ? EFBIG : 0;
    const nl_source *source = failed ? NULL : nl_sources_add(sources, path, text != NULL ? text : "", length);
    free(text);
    fclose(file);
    if (failed) errno = failed;
    return source;
}

const nl_source *nl_sources_read_once(nl_sources *sources, const char *path)
{
    const nl_source *known = find(sources, path);

    return known != NULL ? known : nl_sources_read(sources, path);
}

nl_pos nl_sources_locate(const nl_sources *sources, uint32_t at)
{
    for (size_t k = 0; k < sources->list.count; k++) {
        const nl_source *s = sources->list.items[k];

        if (at < s->base || at > s->base + s->length) continue;
        const size_t offset = at - s->base;
        size_t begin = offset, end = offset, line = 1, col = 1;
        while (begin > 0 && s->text[begin - 1] != '\n') begin--;
        while (end < s->length && s->text[end] != '\n') end++;
        if (end > begin && s->text[end - 1] == '\r') end--;
        for (size_t i = 0; i < begin; i++) line += s->text[i] == '\n';
        for (size_t i = begin; i < offset; i++) col += ((unsigned char)s->text[i] & 0xC0) != 0x80;
        return (nl_pos){ s, line, col, s->text + begin, end - begin };
    }
    return (nl_pos){ 0 };
}

nl_span nl_span_join(nl_span a, nl_span b)
{
    if (a.begin == 0) return b;
    if (b.begin == 0) return a;
    return (nl_span){ a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end };
}

const char *nl_path_real(nl_arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    const char *kept = nl_arena_strdup(arena, real != NULL ? real : path);

    free(real);
    return kept;
}

const char *nl_path_folder(nl_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) return ".";
    return slash == path ? "/" : nl_arena_strndup(arena, path, (size_t)(slash - path));
}

const char *nl_path_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

const char *nl_path_within(nl_arena *arena, const char *folder, const char *path)
{
    if (path[0] == '/' || strcmp(folder, ".") == 0) return path;
    return nl_arena_printf(arena, "%s/%s", folder, path);
}
