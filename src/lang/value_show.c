/* How values are printed. */
#include "value_impl.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A format as in Python: [[fill]align][sign][0][width][.precision][type]. */
typedef struct format {
    char fill, align, sign, type; /* 0: not given */
    bool zeros;
    int width, precision;         /* precision -1: not given */
} format;

enum { WIDTH_MAX = 200, PRECISION_MAX = 60 };

static bool read_number(const char **at, int limit, int *out)
{
    if (**at < '0' || **at > '9') return false;
    for (*out = 0; **at >= '0' && **at <= '9'; ++*at)
        if ((*out = 10 * *out + (**at - '0')) > limit) return false;
    return true;
}

static bool format_parse(const char *text, format *out)
{
    *out = (format){ .fill = ' ', .precision = -1 };
    if (text == NULL) return true;
    if (text[0] != '\0' && text[1] != '\0' && strchr("<>^", text[1]) != NULL) out->fill = *text++;
    if (*text != '\0' && strchr("<>^", *text) != NULL) out->align = *text++;
    if (*text != '\0' && strchr("+- ", *text) != NULL) out->sign = *text++;
    if (*text == '0') out->zeros = *text++;
    if (*text >= '0' && *text <= '9' && !read_number(&text, WIDTH_MAX, &out->width)) return false;
    if (*text == '.' && (++text, !read_number(&text, PRECISION_MAX, &out->precision))) return false;
    if (*text != '\0' && strchr("eEfFgGds%", *text) != NULL) out->type = *text++;
    return *text == '\0';
}

/* Without a format: eight digits as in NumPy's arrays, but whole numbers in full. */
static void add_plain(nl_text *text, double x)
{
    if (x == 0) x = 0; /* no -0 */
    if (isnan(x)) nl_text_adds(text, "nan");
    else if (x == rint(x) && fabs(x) < 1e15) nl_text_addf(text, "%.0f", x);
    else nl_text_addf(text, "%.8g", x);
}

static void add_padded(nl_text *text, const format *f, const char *body, bool is_number)
{
    const size_t length = strlen(body), room = (size_t)f->width > length ? (size_t)f->width - length : 0;
    const char align = f->align != 0 ? f->align : is_number ? '>' : '<';
    const size_t before = align == '<' ? 0 : align == '>' ? room : room / 2;

    for (size_t i = 0; i < before; i++) nl_text_add(text, &f->fill, 1);
    nl_text_adds(text, body);
    for (size_t i = before; i < room; i++) nl_text_add(text, &f->fill, 1);
}

static void add_number(nl_text *text, const format *f, double x)
{
    char pattern[16];
    const bool fixed = f->type == 'd' || f->type == '%', general = f->type == 0 || f->type == 's';
    const char conversion = fixed ? 'f' : general ? 'g' : f->type;
    const int precision = f->type == 'd' ? 0 : f->precision >= 0 ? f->precision : f->type == 0 ? 8 : 6;
    const bool zeros = f->zeros && f->align == 0 && isfinite(x);

    if (f->type == 0 && f->precision < 0 && f->sign == 0 && !zeros) {
        nl_text plain = nl_text_new(text->arena);
        add_plain(&plain, x);
        add_padded(text, f, plain.chars, true);
        return;
    }
    const char *sign = f->sign == '+' ? "+" : f->sign == ' ' ? " " : "";
    snprintf(pattern, sizeof pattern, "%%%s%s*.*%c", sign, zeros ? "0" : "", conversion);
    if (f->type == '%') x *= 100;
    if (isnan(x)) x = NAN; /* never "-nan" */
    const int width = zeros ? f->width - (f->type == '%') : 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const char *body = nl_arena_printf(text->arena, pattern, width, precision, x);
#pragma GCC diagnostic pop
    add_padded(text, f, f->type == '%' ? nl_arena_printf(text->arena, "%s%%", body) : body, true);
}

static void add_text(nl_text *text, const format *f, const char *chars)
{
    const size_t length = strlen(chars);
    const size_t kept = f->precision >= 0 && (size_t)f->precision < length ? (size_t)f->precision : length;

    add_padded(text, f, nl_arena_strndup(text->arena, chars, kept), false);
}

static void add_element(nl_text *text, const format *f, nl_value value, size_t index, nl_unit unit)
{
    if (value.kind == NL_KIND_BOOL) add_text(text, f, value.data[index] != 0 ? "true" : "false");
    else add_number(text, f, nl_unit_unscale(value.data[index], unit));
}

enum { SHOWN_IN_FULL = 1000, SHOWN_AT_ENDS = 3 };

/* One axis of an array and what is inside it; `at` counts elements. */
static void add_axis(nl_text *text, const format *f, nl_value value, int axis, size_t at, size_t stride, nl_unit unit)
{
    const size_t extent = value.shape[axis];
    const bool cut = nl_value_count(value) > SHOWN_IN_FULL && extent > 2 * SHOWN_AT_ENDS;

    stride /= extent > 0 ? extent : 1;
    nl_text_adds(text, "[");
    for (size_t i = 0; i < extent; i++) {
        if (i > 0) nl_text_adds(text, ", ");
        if (cut && i == SHOWN_AT_ENDS) {
            nl_text_adds(text, "..., ");
            i = extent - SHOWN_AT_ENDS;
        }
        if (axis + 1 == value.rank) add_element(text, f, value, at + i, unit);
        else add_axis(text, f, value, axis + 1, at + i * stride, stride, unit);
    }
    nl_text_adds(text, "]");
}

static void add_value(nl_text *text, const format *f, nl_value value);

static void add_array(nl_text *text, const format *f, nl_value value)
{
    const nl_unit_shown shown = nl_unit_shown_for(text->arena, value.dim);

    if (value.rank == 0) add_element(text, f, value, 0, shown.unit);
    else add_axis(text, f, value, 0, 0, nl_value_count(value), shown.unit);
    if (strcmp(shown.text, "1") != 0) nl_text_addf(text, " %s", shown.text);
}

static void add_list(nl_text *text, const format *f, nl_value value)
{
    nl_text_adds(text, "[");
    for (size_t i = 0; i < value.shape[0]; i++) {
        const bool quoted = value.items[i].kind == NL_KIND_TEXT;

        if (i > 0) nl_text_adds(text, ", ");
        if (quoted) nl_text_adds(text, "\"");
        add_value(text, f, value.items[i]);
        if (quoted) nl_text_adds(text, "\"");
    }
    nl_text_adds(text, "]");
}

static void add_value(nl_text *text, const format *f, nl_value value)
{
    if (!nl_value_known(value)) {
        nl_text_adds(text, "?");
        return;
    }
    switch (value.kind) {
    case NL_KIND_TEXT: add_text(text, f, value.text); break;
    case NL_KIND_LIST: add_list(text, f, value); break;
    case NL_KIND_TRAIN: nl_text_adds(text, nl_value_shape_text(text->arena, value) + strlen("a ")); break;
    case NL_KIND_TABLE: nl_text_addf(text, "a table of %zu rows", value.shape[0]); break;
    default: add_array(text, f, value); break;
    }
}

const char *nl_value_show(nl_arena *arena, nl_value value, const char *spec)
{
    nl_text text = nl_text_new(arena);
    format f;

    if (!format_parse(spec, &f)) return NULL;
    add_value(&text, &f, value);
    return text.chars;
}
