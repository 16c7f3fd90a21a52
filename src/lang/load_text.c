/* Tables of numbers as text, and Matrix Market files. */
#include "load_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- lines and cells --- */

/* A piece of the text; `line` counts from 1. */
typedef struct piece {
    const char *at;
    size_t length, line;
} piece;

static void trim(piece *p)
{
    while (p->length > 0 && strchr(" \t\r", p->at[0]) != NULL) p->at++, p->length--;
    while (p->length > 0 && strchr(" \t\r", p->at[p->length - 1]) != NULL) p->length--;
}

/* The next line that is neither empty nor a comment; false at the end of the text. */
static bool next_line(const nl_load *load, piece *line, char comment)
{
    const char *end = load->bytes + load->length;
    const char *at = line->at == NULL ? load->bytes : line->at;

    if (line->at != NULL) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) return false;
        at = newline + 1;
    } else if (load->length >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3;
    for (; at < end; at++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t length = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);

        line->line++;
        *line = (piece){ at, length, line->line };
        trim(line);
        if (line->length > 0 && line->at[0] != comment) return true;
        at += length;
    }
    return false;
}

/* Takes the next cell off a line; `space` as the delimiter stands for any white space. */
static bool next_cell(piece *rest, char delimiter, piece *cell)
{
    size_t length = 0;
    bool quoted = false;

    if (rest->at == NULL) return false;
    while (length < rest->length
           && (quoted || !(rest->at[length] == delimiter || (delimiter == ' ' && rest->at[length] == '\t')))) {
        quoted ^= rest->at[length] == '"';
        length++;
    }
    *cell = (piece){ rest->at, length, rest->line };
    trim(cell);
    if (length == rest->length) rest->at = NULL;
    else rest->at += length + 1, rest->length -= length + 1;
    if (delimiter == ' ' && rest->at != NULL) trim(rest);
    return true;
}

static bool parse_number(piece cell, double *out)
{
    char text[64], *end;

    if (cell.length >= 2 && cell.at[0] == '"' && cell.at[cell.length - 1] == '"') cell.at++, cell.length -= 2;
    if (cell.length == 0 || cell.length >= sizeof text || memchr(cell.at, '\0', cell.length) != NULL) return false;
    memcpy(text, cell.at, cell.length);
    text[cell.length] = '\0';
    if (strpbrk(text, "xXpP(") != NULL) return false; /* hexadecimal, nan(...) */
    *out = strtod(text, &end);
    return *end == '\0' && text[0] != ' ';
}

static nl_value refuse_cell(const nl_load *load, piece cell)
{
    const char *help = memchr(cell.at, ',', cell.length) != NULL ? " (decimals are written with a point)" : "";

    if (cell.length == 0) return nl_load_refuse(load, "a number is missing in line %zu", cell.line);
    return nl_load_refuse(load, "`%.*s` in line %zu is no number%s", cell.length > 40 ? 40 : (int)cell.length, cell.at,
                          cell.line, help);
}

/* --- tables --- */

typedef struct table {
    NL_LIST(double) numbers;
    size_t rows, columns;
    char delimiter;
} table;

static char sniff_delimiter(piece line)
{
    static const char candidates[] = ";,\t";

    for (const char *c = candidates; *c != '\0'; c++)
        if (memchr(line.at, *c, line.length) != NULL) return *c;
    return ' ';
}

/* A first line without any number names the columns. */
static bool is_heading(piece line, char delimiter)
{
    piece cell;
    double number;

    while (next_cell(&line, delimiter, &cell))
        if (cell.length == 0 || parse_number(cell, &number)) return false;
    return true;
}

static bool read_row(const nl_load *load, table *out, piece line)
{
    piece cell, rest = line;
    size_t count = 0;
    double number;

    while (next_cell(&rest, out->delimiter, &cell)) {
        if (!parse_number(cell, &number)) return refuse_cell(load, cell), false;
        NL_PUSH(load->call->cx->arena, &out->numbers, number);
        count++;
    }
    if (out->rows == 0) out->columns = count;
    out->rows++;
    if (count == out->columns) return true;
    nl_load_refuse(load, "line %zu has %zu number%s, the lines before it %zu", line.line, count, count == 1 ? "" : "s",
                   out->columns);
    return false;
}

/* One column makes a vector, anything else a matrix. */
nl_value nl_load_text(const nl_load *load)
{
    table read = { .rows = 0 };
    piece line = { .at = NULL };
    bool first = true;

    for (; next_line(load, &line, '#'); first = false) {
        if (first) read.delimiter = sniff_delimiter(line);
        if (first && is_heading(line, read.delimiter)) continue;
        if (read.rows == 0) read.delimiter = sniff_delimiter(line);
        if (!read_row(load, &read, line)) return nl_value_none();
    }
    if (read.rows == 0) return nl_load_refuse(load, "it holds no numbers");
    nl_value out =
        nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, read.columns == 1 ? 1 : 2, (size_t[]){ read.rows, read.columns });
    out.data = read.numbers.items;
    return out;
}

/* --- Matrix Market --- */

typedef enum symmetry { GENERAL, SYMMETRIC, SKEW } symmetry;

typedef struct market {
    bool coordinates, pattern;
    symmetry symmetry;
    size_t rows, columns, entries;
} market;

static bool word_is(piece cell, const char *word)
{
    return cell.length == strlen(word) && strncasecmp(cell.at, word, cell.length) == 0;
}

static const char *read_banner(piece line, market *out)
{
    piece words[5];

    for (int k = 0; k < 5; k++)
        if (!next_cell(&line, ' ', &words[k])) return "its first line is incomplete";
    if (!word_is(words[1], "matrix")) return "it holds no matrix";
    out->coordinates = word_is(words[2], "coordinate");
    if (!out->coordinates && !word_is(words[2], "array")) return "its format is neither coordinate nor array";
    out->pattern = word_is(words[3], "pattern");
    if (word_is(words[3], "complex")) return "it holds complex numbers";
    if (!out->pattern && !word_is(words[3], "real") && !word_is(words[3], "integer") && !word_is(words[3], "double"))
        return "the type of its elements is unknown";
    if (out->pattern && !out->coordinates) return "a pattern needs coordinates";
    out->symmetry = word_is(words[4], "symmetric") ? SYMMETRIC : word_is(words[4], "skew-symmetric") ? SKEW : GENERAL;
    if (out->symmetry == GENERAL && !word_is(words[4], "general")) return "its symmetry is unknown";
    return NULL;
}

/* Exactly `count` numbers on a line. */
static bool read_numbers(const nl_load *load, piece line, int count, double *out)
{
    piece cell, rest = line;

    for (int k = 0; k < count; k++) {
        if (!next_cell(&rest, ' ', &cell)) return nl_load_refuse(load, "line %zu is incomplete", line.line), false;
        if (!parse_number(cell, &out[k])) return refuse_cell(load, cell), false;
    }
    if (rest.at == NULL) return true;
    nl_load_refuse(load, "line %zu holds more than %d numbers", line.line, count);
    return false;
}

static bool whole_within(double x, double lo, double hi)
{
    return x >= lo && x <= hi && x == floor(x);
}

static bool read_sizes(const nl_load *load, piece *line, market *out)
{
    double sizes[3] = { 0 };

    if (!next_line(load, line, '%')) return nl_load_refuse(load, "it ends before the size of the matrix"), false;
    if (!read_numbers(load, *line, out->coordinates ? 3 : 2, sizes)) return false;
    for (int k = 0; k < 3; k++)
        if (!whole_within(sizes[k], 0, 0x1p40))
            return nl_load_refuse(load, "line %zu gives an impossible size", line->line), false;
    out->rows = (size_t)sizes[0];
    out->columns = (size_t)sizes[1];
    out->entries = (size_t)sizes[2];
    if (out->symmetry == GENERAL || out->rows == out->columns) return true;
    nl_load_refuse(load, "a symmetric matrix is square");
    return false;
}

/* Element (row, column) and, where the matrix is symmetric, its mirror image. */
static void put(const market *m, double *data, size_t row, size_t column, double x)
{
    data[row * m->columns + column] += x;
    if (m->symmetry != GENERAL && row != column) data[column * m->columns + row] += m->symmetry == SKEW ? -x : x;
}

static bool read_entry(const nl_load *load, const market *m, piece line, double *data)
{
    double numbers[3] = { 0, 0, 1 };

    if (!read_numbers(load, line, m->pattern ? 2 : 3, numbers)) return false;
    if (!whole_within(numbers[0], 1, (double)m->rows) || !whole_within(numbers[1], 1, (double)m->columns))
        return nl_load_refuse(load, "line %zu is about an element outside of the matrix", line.line), false;
    if (m->symmetry != GENERAL && numbers[1] + (m->symmetry == SKEW) > numbers[0])
        return nl_load_refuse(load, "line %zu is about an element that the symmetry gives", line.line), false;
    put(m, data, (size_t)numbers[0] - 1, (size_t)numbers[1] - 1, numbers[2]);
    return true;
}

static bool read_coordinates(const nl_load *load, const market *m, piece *line, double *data)
{
    for (size_t k = 0; k < m->entries; k++) {
        if (!next_line(load, line, '%'))
            return nl_load_refuse(load, "it ends after %zu of %zu elements", k, m->entries), false;
        if (!read_entry(load, m, *line, data)) return false;
    }
    return true;
}

/* Column by column; of a symmetric matrix what is on and below the diagonal. */
static bool read_columns(const nl_load *load, const market *m, piece *line, double *data)
{
    double x;

    for (size_t column = 0; column < m->columns; column++)
        for (size_t row = m->symmetry == GENERAL ? 0 : column + (m->symmetry == SKEW); row < m->rows; row++) {
            if (!next_line(load, line, '%')) return nl_load_refuse(load, "it ends before its last element"), false;
            if (!read_numbers(load, *line, 1, &x)) return false;
            put(m, data, row, column, x);
        }
    return true;
}

nl_value nl_load_mtx(const nl_load *load)
{
    market m = { .rows = 0 };
    piece line = { .at = NULL };

    next_line(load, &line, '\n');
    const char *fault = read_banner(line, &m);
    if (fault != NULL) return nl_load_refuse(load, "%s", fault);
    if (!read_sizes(load, &line, &m)) return nl_value_none();
    nl_value out = nl_value_unknown(NL_KIND_NUMBER, nl_dim_none, 2, (size_t[]){ m.rows, m.columns });
    double *data = nl_load_room(load, &out);
    if (data == NULL || !(m.coordinates ? read_coordinates : read_columns)(load, &m, &line, data))
        return nl_value_none();
    if (next_line(load, &line, '%')) return nl_load_refuse(load, "line %zu is more than its size promises", line.line);
    return out;
}
