/* Reference arrays for tests: .npy files of little-endian doubles or short integers in C order, below $NL_SRC. */
#ifndef TESTS_SUPPORT_NPY_H
#define TESTS_SUPPORT_NPY_H

#include "close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An array of at most two axes; a vector has one column.  The data are the holder's to free, or borrowed. */
typedef struct array {
    size_t rows, columns;
    double *data;
} array;

/* A path in the source tree, to be freed. */
static inline char *source_path(const char *name)
{
    const char *root = getenv("NL_SRC");
    char *path = NULL;

    if (asprintf(&path, "%s/%s", root != NULL ? root : ".", name) < 0) fail_msg("no memory");
    return path;
}

static inline char *read_text(const char *name, size_t *length)
{
    char *path = source_path(name);
    FILE *file = fopen(path, "rb");

    if (file == NULL) fail_msg("cannot read %s (is NL_SRC set?)", path);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (text == NULL || fread(text, 1, *length, file) != *length) fail_msg("cannot read %s", path);
    text[*length] = '\0';
    fclose(file);
    free(path);
    return text;
}

static inline double npy_element(const char *bytes, char kind, size_t size, size_t k)
{
    int16_t small;
    double number;

    if (size == 1) return (signed char)bytes[k];
    if (kind == 'i') memcpy(&small, bytes + k * size, size);
    else memcpy(&number, bytes + k * size, size);
    return kind == 'i' ? small : number;
}

/* tests/golden-data/NAME.npy; of more than two axes all but the first are folded into columns. */
static inline array golden(const char *name)
{
    char path[200], kind;
    size_t length, size = 0, extents[3] = { 1, 1, 1 };
    array a = { 1, 1, NULL };

    snprintf(path, sizeof path, "tests/golden-data/%s.npy", name);
    char *bytes = read_text(path, &length);
    const size_t header = 10 + (unsigned char)bytes[8] + 256u * (unsigned char)bytes[9];
    const char *shape = strstr(bytes + 10, "'shape': ("), *descr = strstr(bytes + 10, "'descr': '");
    if (memcmp(bytes, "\x93NUMPY\x01\x00", 8) != 0 || strstr(bytes + 10, "'fortran_order': False") == NULL
        || shape == NULL || descr == NULL || sscanf(descr, "'descr': '%*c%c%zu", &kind, &size) != 2
        || !((kind == 'f' && size == 8) || (kind == 'i' && size <= 2)))
        fail_msg("%s: neither doubles nor short integers in C order", path);
    if (sscanf(shape, "'shape': (%zu, %zu, %zu", &extents[0], &extents[1], &extents[2]) < 1)
        fail_msg("%s: no shape", path);
    a.rows = extents[0];
    a.columns = extents[1] * extents[2];
    assert_int_equal(length - header, a.rows * a.columns * size);
    a.data = malloc(a.rows * a.columns * sizeof(double));
    for (size_t k = 0; k < a.rows * a.columns; k++) a.data[k] = npy_element(bytes + header, kind, size, k);
    free(bytes);
    return a;
}

#endif
