#include "unit.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum dimension {
#define DIMENSION(name, ...) DIMENSION_##name,
#include "units.def"
    DIMENSION_COUNT
} dimension;

/* A dimension with a name and how it is shown. */
typedef struct dimension_row {
    nl_dim dim;
    const char *shown;
    int shift;
} dimension_row;

static const dimension_row dimensions[DIMENSION_COUNT] = {
#define DIMENSION(name, t, v, i, l, n, k, shown, shift) \
    { { .half = { 2 * (t), 2 * (v), 2 * (i), 2 * (l), 2 * (n), 2 * (k) } }, shown, shift },
#include "units.def"
};

typedef struct unit_row {
    const char *symbol;
    dimension dim;
    int shift;
    double factor;
    const char *doc;
} unit_row;

static const unit_row units[] = {
#define UNIT(symbol, dim, shift, factor, doc) { symbol, DIMENSION_##dim, shift, factor, doc },
#include "units.def"
};

/* What people write for a unit elsewhere, besides slips of the keyboard. */
static const struct { const char *word, *symbol; } habits[] = {
    { "sec", "s" }, { "second", "s" }, { "seconds", "s" }, { "msec", "ms" }, { "usec", "us" }, { "minute", "min" },
    { "minutes", "min" }, { "hour", "h" }, { "hours", "h" }, { "hr", "h" }, { "hertz", "Hz" }, { "volt", "V" },
    { "amp", "A" }, { "ampere", "A" }, { "siemens", "S" }, { "farad", "F" }, { "coulomb", "C" }, { "molar", "M" },
    { "metre", "m" }, { "meter", "m" }, { "micron", "um" }, { "percent", "%" }, { "degree", "deg" },
    { "degrees", "deg" }, { "radian", "rad" }, { "radians", "rad" }, { "kelvin", "K" }, { "liter", "L" }, { "l", "L" },
};

enum { SYMBOL_MAX = 24 };

/* Other code points of a letter in a symbol, and how the table writes them. */
static const struct { const char *bytes, *plain; } letters[] = {
    { "\xC2\xB5", "u" },       /* micro sign */
    { "\xCE\xBC", "u" },       /* Greek mu */
    { "\xCE\xA9", "Ohm" },     /* Greek omega */
    { "\xE2\x84\xA6", "Ohm" }, /* ohm sign */
};

static bool write_plain(const char *symbol, size_t length, char out[SYMBOL_MAX + 4])
{
    size_t used = 0;

    if (length > SYMBOL_MAX / 2) return false;
    for (size_t at = 0; at < length;) {
        size_t step = 1;

        out[used] = symbol[at];
        out[used + 1] = '\0';
        for (size_t k = 0; k < NL_LEN(letters); k++) {
            const size_t bytes = strlen(letters[k].bytes);

            if (bytes > length - at || memcmp(symbol + at, letters[k].bytes, bytes) != 0) continue;
            strcpy(out + used, letters[k].plain);
            step = bytes;
        }
        used += strlen(out + used);
        at += step;
    }
    return used > 0;
}

static nl_unit unit_of_row(const unit_row *row)
{
    return (nl_unit){ dimensions[row->dim].dim, row->shift, row->factor };
}

bool nl_unit_find(const char *symbol, size_t length, nl_unit *out)
{
    char plain[SYMBOL_MAX + 4];

    if (!write_plain(symbol, length, plain)) return false;
    for (size_t i = 0; i < NL_LEN(units); i++) {
        if (strcmp(units[i].symbol, plain) != 0) continue;
        *out = unit_of_row(&units[i]);
        return true;
    }
    return false;
}

/* The first row whose symbol differs in capitals only, unless `mv` could be two units (`ms`, `mS`). */
static const char *suggest_capitals(const char *typed)
{
    const char *found = NULL;

    for (size_t i = 0; i < NL_LEN(units); i++) {
        if (strcasecmp(units[i].symbol, typed) != 0) continue;
        if (found != NULL) return NULL;
        found = units[i].symbol;
    }
    return found;
}

/* Among equally close symbols the more common unit wins: it stands first in the table. */
const char *nl_unit_suggest(const char *symbol, size_t length)
{
    char typed[SYMBOL_MAX + 4];

    if (!write_plain(symbol, length, typed)) return NULL;
    for (size_t i = 0; i < NL_LEN(habits); i++)
        if (strcasecmp(habits[i].word, typed) == 0) return habits[i].symbol;
    const char *found = suggest_capitals(typed);
    for (size_t i = 0; found == NULL && i < NL_LEN(units); i++)
        found = nl_suggest(typed, &units[i].symbol, 1);
    return found;
}

bool nl_unit_multiply(nl_unit a, nl_unit b, nl_unit *out)
{
    const nl_dim dims[] = { a.dim, b.dim };

    *out = (nl_unit){ .shift = a.shift + b.shift, .factor = a.factor * b.factor };
    return nl_dim_apply(NL_DIM_PRODUCT, dims, 2, &out->dim);
}

bool nl_unit_power(nl_unit a, double exponent, nl_unit *out)
{
    const double shift = a.shift * exponent, whole = trunc(shift);

    if (!(fabs(shift) <= 300)) return false;
    *out = (nl_unit){ .shift = (int)whole, .factor = pow(a.factor, exponent) * pow(10, shift - whole) };
    return nl_dim_power(a.dim, exponent, &out->dim);
}

double nl_unit_scale_literal(const char *digits, size_t length, nl_unit unit)
{
    enum { EXPONENT_LIMIT = 100000000 }; /* far beyond the doubles, even with a digit string of the same size */
    char *text = nl_calloc(length + 16, 1);
    long exponent = unit.shift;
    size_t mantissa = 0;

    while (mantissa < length && digits[mantissa] != 'e' && digits[mantissa] != 'E') mantissa++;
    memcpy(text, digits, length);
    if (mantissa < length) {
        const long written = strtol(text + mantissa + 1, NULL, 10);
        exponent += written > EXPONENT_LIMIT ? EXPONENT_LIMIT : written < -EXPONENT_LIMIT ? -EXPONENT_LIMIT : written;
    }
    snprintf(text + mantissa, length + 16 - mantissa, "e%ld", exponent);
    const double value = strtod(text, NULL) * unit.factor;
    free(text);
    return value;
}

/* number * 10^shift in one rounding: powers up to 10^22 are exact doubles. */
static double shift_decimal(double number, int shift)
{
    return shift >= 0 ? number * pow(10, shift) : number / pow(10, -shift);
}

double nl_unit_scale(double number, nl_unit unit)
{
    return shift_decimal(number * unit.factor, unit.shift);
}

double nl_unit_unscale(double value, nl_unit unit)
{
    return shift_decimal(value, -unit.shift) / unit.factor;
}

/* --- how dimensions are shown --- */

/* A factor of a product of units; exponents are doubled as in nl_dim. */
typedef struct part {
    const char *symbol;
    int half;
} part;

static void add_power(nl_text *text, const char *symbol, int half)
{
    nl_text_adds(text, symbol);
    if (half % 2 != 0) nl_text_addf(text, "^(%d/2)", half);
    else if (half != 2) nl_text_addf(text, "^%d", half / 2);
}

/* "mV/ms", "1/(ms*mV)", "nS*mV^2". */
static const char *product_text(nl_arena *arena, const part *parts, int count)
{
    nl_text text = nl_text_new(arena);
    int below = 0;

    for (int i = 0; i < count; i++) {
        if (parts[i].half < 0) below++;
        if (parts[i].half <= 0) continue;
        if (text.length > 0) nl_text_adds(&text, "*");
        add_power(&text, parts[i].symbol, parts[i].half);
    }
    if (text.length == 0) nl_text_adds(&text, "1");
    if (below > 0) nl_text_adds(&text, below > 1 ? "/(" : "/");
    for (int i = 0, seen = 0; i < count; i++) {
        if (parts[i].half >= 0) continue;
        if (seen++ > 0) nl_text_adds(&text, "*");
        add_power(&text, parts[i].symbol, -parts[i].half);
    }
    if (below > 1) nl_text_adds(&text, ")");
    return text.chars;
}

/* `plain` in brackets where a model file needs them. */
static nl_unit_shown shown_as(nl_arena *arena, const char *plain, nl_unit unit)
{
    const bool simple = strpbrk(plain, "/*^") == NULL;

    return (nl_unit_shown){ simple ? plain : nl_arena_printf(arena, "[%s]", plain), plain, unit };
}

/* dim = a^(ha/2) * b^(hb/2), for two rows with simple units? */
static bool try_pair(nl_arena *arena, nl_dim dim, int a, int ha, int b, int hb, nl_unit_shown *out)
{
    const dimension_row *x = &dimensions[a], *y = &dimensions[b];
    nl_unit left, right, both;

    if (!nl_unit_power((nl_unit){ x->dim, x->shift, 1 }, ha / 2.0, &left)) return false;
    if (!nl_unit_power((nl_unit){ y->dim, y->shift, 1 }, hb / 2.0, &right)) return false;
    if (!nl_unit_multiply(left, right, &both) || !nl_dim_equal(both.dim, dim)) return false;
    *out = shown_as(arena, product_text(arena, (part[]){ { x->shown, ha }, { y->shown, hb } }, 2), both);
    return true;
}

/* Powers of one customary unit, then products and quotients of two, in the order in which people would say them. */
static bool find_pair(nl_arena *arena, nl_dim dim, nl_unit_shown *out)
{
    static const struct { int a, b; } exponents[] = { { 4, 0 }, { 6, 0 }, { -2, 0 }, { 1, 0 }, { -4, 0 }, { -1, 0 },
                                                      { 2, 2 }, { 2, -2 }, { 2, 1 }, { 2, -1 }, { 2, -4 } };

    for (size_t k = 0; k < NL_LEN(exponents); k++)
        for (int a = DIMENSION_TIME; a <= DIMENSION_CONCENTRATION; a++)
            for (int b = DIMENSION_TIME; b <= DIMENSION_CONCENTRATION; b++) {
                if (a == DIMENSION_RATE || b == DIMENSION_RATE) continue; /* said with ms instead */
                if (exponents[k].b > 0 && b > a) continue;                /* mV*ms, not ms*mV */
                if (try_pair(arena, dim, a, exponents[k].a, b, exponents[k].b, out)) return true;
            }
    return false;
}

static nl_unit_shown product_of_bases(nl_arena *arena, nl_dim dim)
{
    static const dimension bases[NL_DIM_BASES] = { DIMENSION_TIME, DIMENSION_VOLTAGE, DIMENSION_CURRENT,
                                                   DIMENSION_LENGTH, DIMENSION_AMOUNT, DIMENSION_TEMPERATURE };
    part parts[NL_DIM_BASES];

    for (int k = 0; k < NL_DIM_BASES; k++) parts[k] = (part){ dimensions[bases[k]].shown, dim.half[k] };
    return shown_as(arena, product_text(arena, parts, NL_DIM_BASES), (nl_unit){ dim, 0, 1 });
}

nl_unit_shown nl_unit_shown_for(nl_arena *arena, nl_dim dim)
{
    nl_unit_shown shown;

    for (int k = 0; k < DIMENSION_COUNT; k++)
        if (nl_dim_equal(dim, dimensions[k].dim)) /* the first row is the pure number: also of `any` and `unknown` */
            return shown_as(arena, dimensions[k].shown, (nl_unit){ dimensions[k].dim, dimensions[k].shift, 1 });
    return find_pair(arena, dim, &shown) ? shown : product_of_bases(arena, dim);
}

const char *nl_dim_text(nl_arena *arena, nl_dim dim)
{
    return nl_dim_is_pure(dim) ? "a pure number" : nl_unit_shown_for(arena, dim).plain;
}

const char *nl_unit_row(size_t index, const char **doc)
{
    if (index >= NL_LEN(units)) return NULL;
    *doc = units[index].doc;
    return units[index].symbol;
}
