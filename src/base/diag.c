#include "diag.h"

#include "text.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

const nl_code_info nl_codes[NL_CODE_COUNT] = {
#define DIAG(name, code, severity, title, paragraph, wrong, right) \
    [NL_##name] = { code, NL_##severity, title, paragraph, wrong, right },
#include "diag.def"
};

struct nl_diags {
    nl_arena *arena;
    nl_sources *sources;
    NL_LIST(nl_diag *) list;
    size_t error_count;
    nl_diag dropped; /* what nl_diag_add returns for a diagnostic that is not kept */
};

nl_diags *nl_diags_new(nl_arena *arena, nl_sources *sources)
{
    nl_diags *diags = NL_NEW(arena, nl_diags);

    diags->arena = arena;
    diags->sources = sources;
    return diags;
}

static bool same_line(const nl_diags *diags, nl_span a, nl_span b)
{
    if (a.begin == 0 || b.begin == 0) return false;
    const nl_pos pa = nl_sources_locate(diags->sources, a.begin), pb = nl_sources_locate(diags->sources, b.begin);

    return pa.source == pb.source && pa.line == pb.line;
}

static bool is_kept(const nl_diags *diags, nl_code code, nl_span span)
{
    const bool is_error = nl_codes[code].severity == NL_ERROR;

    if (is_error && diags->error_count >= NL_ERROR_LIMIT) return false;
    for (size_t i = 0; i < diags->list.count; i++) {
        const nl_diag *d = diags->list.items[i];

        if (is_error && nl_codes[d->code].severity == NL_ERROR && same_line(diags, d->span, span)) return false;
        if (!is_error && d->code == code && d->span.begin == span.begin && span.begin != 0) return false;
    }
    return true;
}

nl_diag *nl_diag_add(nl_diags *diags, nl_code code, nl_span span, const char *format, ...)
{
    va_list args;
    nl_text text = nl_text_new(diags->arena);

    if (!is_kept(diags, code, span)) {
        if (nl_codes[code].severity == NL_ERROR) diags->error_count++;
        return &diags->dropped;
    }
    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    nl_diag *diag = NL_NEW(diags->arena, nl_diag);
    diag->code = code;
    diag->span = span;
    diag->text = text.chars;
    NL_PUSH(diags->arena, &diags->list, diag);
    diags->error_count += nl_codes[code].severity == NL_ERROR;
    return diag;
}

void nl_diag_help(nl_diags *diags, nl_diag *diag, const char *format, ...)
{
    va_list args;
    nl_text text = nl_text_new(diags->arena);

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    diag->help = text.chars;
}

void nl_diag_also(nl_diags *diags, nl_diag *diag, nl_span span, const char *format, ...)
{
    va_list args;
    nl_text text = nl_text_new(diags->arena);

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    diag->also = span;
    diag->also_text = text.chars;
}

static const char *kept_text(nl_arena *arena, const char *text)
{
    return text != NULL ? nl_arena_strdup(arena, text) : NULL;
}

nl_diag nl_diag_copy(nl_arena *arena, const nl_diag *diag)
{
    nl_diag copy = *diag;

    copy.text = kept_text(arena, diag->text);
    copy.help = kept_text(arena, diag->help);
    copy.also_text = kept_text(arena, diag->also_text);
    return copy;
}

void nl_diags_also_within(nl_diags *diags, size_t mark, nl_span within, nl_span also, const char *text)
{
    for (size_t i = mark; i < diags->list.count; i++) {
        nl_diag *d = diags->list.items[i];

        if (d->also_text == NULL && within.begin <= d->span.begin && d->span.end <= within.end)
            nl_diag_also(diags, d, also, "%s", text);
    }
}

size_t nl_diags_error_count(const nl_diags *diags) { return diags->error_count; }
size_t nl_diags_count(const nl_diags *diags) { return diags->list.count; }
nl_arena *nl_diags_arena(const nl_diags *diags) { return diags->arena; }
nl_sources *nl_diags_sources(const nl_diags *diags) { return diags->sources; }

const nl_diag *nl_diags_get(const nl_diags *diags, size_t index)
{
    return index < diags->list.count ? diags->list.items[index] : NULL;
}

size_t nl_diags_mark(const nl_diags *diags) { return diags->list.count; }

void nl_diags_undo(nl_diags *diags, size_t mark)
{
    diags->list.count = mark;
    diags->error_count = 0;
    for (size_t i = 0; i < mark; i++)
        diags->error_count += nl_codes[diags->list.items[i]->code].severity == NL_ERROR;
}

/* Code points in the first `bytes` bytes. */
static size_t code_points(const char *text, size_t bytes)
{
    size_t count = 0;

    for (size_t i = 0; i < bytes; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void print_quoted(FILE *out, const nl_pos *at, size_t byte_width)
{
    const char *line = at->line_text;
    size_t begin = 0;

    for (size_t col = 1; begin < at->line_len && col < at->col; begin++)
        if (begin + 1 == at->line_len || ((unsigned char)line[begin + 1] & 0xC0) != 0x80) col++;
    const size_t room = at->line_len - begin;
    const size_t bytes = byte_width < room ? byte_width : room;
    const size_t width = bytes > 0 ? code_points(line + begin, bytes) : 1;

    fprintf(out, "%5zu | %.*s\n      | ", at->line, (int)at->line_len, line);
    for (size_t i = 0; i < begin; i++)
        if (((unsigned char)line[i] & 0xC0) != 0x80) fputc(line[i] == '\t' ? '\t' : ' ', out);
    for (size_t i = 0; i < width; i++) fputc(i == 0 ? '^' : '~', out);
    fputc('\n', out);
}

static void print_place(FILE *out, const nl_pos *at)
{
    if (at->source != NULL) fprintf(out, "%s:%zu:%zu: ", at->source->name, at->line, at->col);
    else fputs("netlang: ", out);
}

void nl_diag_print(FILE *out, const nl_diags *diags, const nl_diag *diag)
{
    static const char *const words[] = { "error", "warning", "note" };
    const nl_code_info *info = &nl_codes[diag->code];
    const nl_pos at = nl_sources_locate(diags->sources, diag->span.begin);

    print_place(out, &at);
    fprintf(out, "%s %s: %s\n", words[info->severity], info->code, diag->text);
    if (at.source != NULL) print_quoted(out, &at, diag->span.end - diag->span.begin);
    if (diag->also_text != NULL) {
        const nl_pos other = nl_sources_locate(diags->sources, diag->also.begin);
        print_place(out, &other);
        fprintf(out, "note: %s\n", diag->also_text);
        if (other.source != NULL) print_quoted(out, &other, diag->also.end - diag->also.begin);
    }
    if (diag->help != NULL) fprintf(out, "      = help: %s\n", diag->help);
}

size_t nl_diags_print(FILE *out, const nl_diags *diags, size_t from)
{
    for (size_t i = from; i < diags->list.count; i++) nl_diag_print(out, diags, diags->list.items[i]);
    return diags->list.count > from ? diags->list.count - from : 0;
}

const nl_code_info *nl_code_find(const char *code)
{
    for (size_t i = 0; i < NL_CODE_COUNT; i++)
        if (strcasecmp(nl_codes[i].code, code) == 0) return &nl_codes[i];
    return NULL;
}
