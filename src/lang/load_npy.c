/* NumPy's .npy, versions 1 to 3: a Python dictionary and the elements. */
#include "load_impl.h"

#include <math.h>
#include <string.h>

typedef struct npy {
    char kind;        /* f, i, u, b */
    size_t size;      /* bytes of an element */
    bool big_endian, fortran;
    nl_value value;   /* kind and shape of the result */
    bool has_descr, has_order, has_shape;
    const char *fault; /* or NULL */
} npy;

/* Reads the dictionary; moves over what it has understood. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) c->at++;
}

static bool take(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    const size_t length = strlen(word);

    skip_space(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
    c->at += length;
    return true;
}

/* A quoted string of up to 15 characters. */
static bool take_string(cursor *c, char out[16])
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    const char quote = *c->at++;
    size_t length = 0;
    while (c->at < c->end && *c->at != quote) {
        if (length == 15) return false;
        out[length++] = *c->at++;
    }
    out[length] = '\0';
    return take(c, quote);
}

static bool take_extent(cursor *c, size_t *out)
{
    skip_space(c);
    if (c->at == c->end || *c->at < '0' || *c->at > '9') return false;
    for (*out = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (size_t)(*c->at - '0'), out))
            return false;
    return *out < (size_t)1 << 48;
}

static bool read_shape(cursor *c, npy *out)
{
    if (!take(c, '(')) return false;
    while (!take(c, ')')) {
        size_t extent;

        if (!take_extent(c, &extent)) return false;
        if (out->value.rank == NL_RANK) return out->fault = "it has more than 8 axes", false;
        out->value.shape[out->value.rank++] = extent;
        if (!take(c, ',')) {
            if (!take(c, ')')) return false;
            break;
        }
    }
    return out->has_shape = true;
}

static bool read_type(cursor *c, npy *out)
{
    static const char *const known[] = { "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1" };
    char text[16], *type = text;

    skip_space(c);
    if (c->at < c->end && *c->at == '[')
        return out->fault = "it is a structured array; save its fields one by one", false;
    if (!take_string(c, text)) return false;
    if (*type != '\0' && strchr("<>|=", *type) != NULL) type++;
    out->big_endian = text[0] == '>';
    if (*type == 'O') return out->fault = "it holds Python objects", false;
    if (*type == 'c') return out->fault = "it holds complex numbers; save real and imaginary part", false;
    if (*type == 'U' || *type == 'S') return out->fault = "it holds texts", false;
    for (size_t i = 0; i < NL_LEN(known); i++) {
        if (strcmp(known[i], type) != 0) continue;
        out->kind = type[0];
        out->size = (size_t)(type[1] - '0');
        return out->has_descr = true;
    }
    out->fault = "the type of its elements is none that load() reads";
    return false;
}

static bool read_entry(cursor *c, npy *out)
{
    char key[16];

    if (!take_string(c, key) || !take(c, ':')) return false;
    if (strcmp(key, "descr") == 0) return !out->has_descr && read_type(c, out);
    if (strcmp(key, "shape") == 0) return !out->has_shape && read_shape(c, out);
    if (strcmp(key, "fortran_order") != 0 || out->has_order) return false;
    out->fortran = take_word(c, "True");
    return out->has_order = out->fortran || take_word(c, "False");
}

static bool read_dictionary(cursor c, npy *out)
{
    if (!take(&c, '{')) return false;
    while (!take(&c, '}')) {
        if (!read_entry(&c, out)) return false;
        if (take(&c, ',')) continue;
        if (!take(&c, '}')) return false;
        break;
    }
    skip_space(&c);
    return c.at == c.end && out->has_descr && out->has_order && out->has_shape;
}

/* Where the elements begin, or 0 when the header is damaged. */
static size_t read_header(const nl_load *load, npy *out)
{
    const unsigned char *bytes = (const unsigned char *)load->bytes;
    const size_t begin = load->length > 6 && bytes[6] == 1 ? 10 : 12;

    if (load->length < begin || bytes[6] < 1 || bytes[6] > 3) return 0;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (begin == 12) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > load->length - begin) return 0;
    const char *text = load->bytes + begin;
    return read_dictionary((cursor){ text, text + length }, out) ? begin + length : 0;
}

static uint64_t word_at(const unsigned char *bytes, size_t size, bool big_endian)
{
    uint64_t word = 0;

    for (size_t k = 0; k < size; k++) word = word << 8 | bytes[big_endian ? k : size - 1 - k];
    return word;
}

static double half_float(uint64_t word)
{
    const int exponent = (int)(word >> 10 & 31);
    const double fraction = (double)(word & 1023), sign = word >> 15 ? -1 : 1;

    if (exponent == 31) return fraction > 0 ? NAN : sign * INFINITY;
    return sign * (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
}

static double single_float(uint64_t word)
{
    const uint32_t bits = (uint32_t)word;
    float number;

    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

/* False where the element is a whole number that no double holds. */
static bool element(const npy *type, uint64_t word, double *out)
{
    const int unused_bits = (int)(64 - 8 * type->size);
    const int64_t whole = (int64_t)(word << unused_bits) >> unused_bits;

    switch (type->kind) {
    case 'f':
        if (type->size == 2) *out = half_float(word);
        else if (type->size == 4) *out = single_float(word);
        else memcpy(out, &word, sizeof *out);
        return true;
    case 'i': *out = (double)whole; return *out < 0x1p63 && (int64_t)*out == whole;
    case 'u': *out = (double)word; return *out < 0x1p64 && (uint64_t)*out == word;
    default: *out = word != 0; return word <= 1;
    }
}

/* Position in the file of element `index` of the result, which is row-major. */
static size_t fortran_position(nl_value value, size_t index)
{
    size_t at = 0, stride = nl_value_count(value);

    for (int k = value.rank - 1; k >= 0; k--) {
        stride /= value.shape[k];
        at += index % value.shape[k] * stride;
        index /= value.shape[k];
    }
    return at;
}

static nl_value read_elements(const nl_load *load, npy *type, size_t begin)
{
    const unsigned char *bytes = (const unsigned char *)load->bytes + begin;
    const size_t count = nl_value_count(type->value), held = load->length - begin;
    size_t wanted;

    if (__builtin_mul_overflow(count, type->size, &wanted) || wanted != held)
        return nl_load_refuse(
            load, "it is damaged: its header promises the shape %s, which does not fill the %zu bytes that follow",
            nl_value_shape_text(load->call->cx->arena, type->value), held);
    type->value.kind = type->kind == 'b' ? NL_KIND_BOOL : NL_KIND_NUMBER;
    double *data = nl_load_room(load, &type->value);
    if (data == NULL) return nl_value_none();
    for (size_t i = 0; i < count; i++) {
        const size_t at = type->fortran && type->value.rank > 1 ? fortran_position(type->value, i) : i;
        if (!element(type, word_at(bytes + at * type->size, type->size, type->big_endian), &data[i]))
            return nl_load_refuse(load, type->kind == 'b' ? "it is damaged: element %zu is neither true nor false"
                                                          : "element %zu is a whole number too large for a double", i);
    }
    return type->value;
}

nl_value nl_load_npy(const nl_load *load)
{
    npy header = { .value = { .kind = NL_KIND_NUMBER } };
    const size_t begin = read_header(load, &header);

    if (header.fault != NULL) return nl_load_refuse(load, "%s", header.fault);
    if (begin == 0) return nl_load_refuse(load, "it is damaged: its header cannot be read");
    return read_elements(load, &header, begin);
}
