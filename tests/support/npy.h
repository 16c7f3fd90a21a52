/* Reference arrays for tests: .npy files of little-endian doubles in C order, below $NL_SRC. */
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

/* tests/golden-data/NAME.npy */
static inline array golden(const char *name)
{
    char path[200];
    size_t length;
    array a = { 1, 1, NULL };

    snprintf(path, sizeof path, "tests/golden-data/%s.npy", name);
    char *bytes = read_text(path, &length);
    const size_t header = 10 + (unsigned char)bytes[8] + 256u * (unsigned char)bytes[9];
    const char *shape = strstr(bytes + 10, "'shape': (");
    if (memcmp(bytes, "\x93NUMPY\x01\x00", 8) != 0 || strstr(bytes + 10, "'<f8', 'fortran_order': False") == NULL
        || shape == NULL)
        fail_msg("%s: not an array of doubles in C order", path);
    if (sscanf(shape, "'shape': (%zu, %zu", &a.rows, &a.columns) < 1) fail_msg("%s: no shape", path);
    assert_int_equal(length - header, a.rows * a.columns * sizeof(double));
    a.data = malloc(length - header);
    memcpy(a.data, bytes + header, length - header);
    free(bytes);
    return a;
}

#endif
