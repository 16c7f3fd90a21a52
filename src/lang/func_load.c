/* load(): which reader a file is for; exists(). */
#include "load_impl.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

nl_value nl_load_refuse(const nl_load *load, const char *format, ...)
{
    nl_text text = nl_text_new(load->call->cx->arena);
    va_list args;

    va_start(args, format);
    nl_text_vaddf(&text, format, args);
    va_end(args);
    return nl_call_refuse(load->call, 0, NL_E_LOAD, "cannot load `%s`: %s", load->path, text.chars);
}

double *nl_load_room(const nl_load *load, nl_value *value)
{
    return nl_call_room(load->call, value);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    const size_t size = strlen(end);

    return length >= size && memcmp(text + length - size, end, size) == 0;
}

/* The colon of "file.h5:/path/in/it", or NULL. */
static const char *dataset_colon(const char *path)
{
    for (const char *at = strchr(path, ':'); at != NULL; at = strchr(at + 1, ':')) {
        const size_t length = (size_t)(at - path);
        if (at[1] == '/' && (ends_with(path, length, ".h5") || ends_with(path, length, ".hdf5"))) return at;
    }
    return NULL;
}

/* The whole file, to be freed; NULL with a diagnostic. */
static char *read_file(const nl_load *load, const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    struct stat info;

    if (file == NULL || fstat(fileno(file), &info) != 0) {
        nl_load_refuse(load, "%s", strerror(errno));
        if (file != NULL) fclose(file);
        return NULL;
    }
    if (!S_ISREG(info.st_mode)) {
        nl_load_refuse(load, "it is not a file");
        fclose(file);
        return NULL;
    }
    char *bytes = nl_calloc((size_t)info.st_size + 1, 1);
    *length = fread(bytes, 1, (size_t)info.st_size, file);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (!failed) return bytes;
    nl_load_refuse(load, "it cannot be read to its end");
    free(bytes);
    return NULL;
}

static bool begins(const nl_load *load, const char *magic, size_t length)
{
    return load->length >= length && memcmp(load->bytes, magic, length) == 0;
}

/* Formats are recognised by their first bytes; a name that promises another is a damaged file. */
static nl_value read_by_content(const nl_load *load)
{
    const size_t length = strlen(load->path);

    if (begins(load, "\x93NUMPY", 6)) return nl_load_npy(load);
    if (begins(load, "%%MatrixMarket", 14)) return nl_load_mtx(load);
    if (begins(load, "\x89HDF\r\n\x1a\n", 8))
        return nl_load_refuse(load, "of an HDF5 file, name a data set: load(\"%s:/path\")", load->path);
    if (begins(load, "PK\x03\x04", 4))
        return nl_load_refuse(load, "it is an archive; save its arrays as .npy files, one each");
    if (ends_with(load->path, length, ".npy"))
        return nl_load_refuse(load, "it is damaged: it does not begin as .npy files do");
    if (ends_with(load->path, length, ".mtx"))
        return nl_load_refuse(load, "it is damaged: it does not begin with %%%%MatrixMarket");
    if (ends_with(load->path, length, ".h5") || ends_with(load->path, length, ".hdf5"))
        return nl_load_refuse(load, "it is no HDF5 file, or damaged");
    return nl_load_text(load);
}

nl_value nl_func_load(const nl_call *call)
{
    nl_load load = { .call = call };

    if (!nl_call_text(call, 0, &load.path)) return nl_value_none();
    if (load.path == NULL)
        return nl_call_refuse(call, 0, NL_E_ARGUMENT, "the name of the file has to be known before the run");
    const char *colon = dataset_colon(load.path), *path = nl_path_within(call->cx->arena, call->cx->folder, load.path);
    if (colon != NULL) {
        const size_t inside = strlen(colon);
        return nl_load_hdf5(&load, nl_arena_strndup(call->cx->arena, path, strlen(path) - inside), colon + 1);
    }
    char *bytes = read_file(&load, path, &load.length);
    if (bytes == NULL) return nl_value_none();
    load.bytes = bytes;
    const nl_value value = read_by_content(&load);
    free(bytes);
    return value;
}

nl_value nl_func_file_exists(const nl_call *call)
{
    const char *path = NULL;
    struct stat info;

    if (!nl_call_text(call, 0, &path)) return nl_value_none();
    if (path == NULL)
        return nl_call_refuse(call, 0, NL_E_ARGUMENT, "the name of the file has to be known before the run");
    return nl_value_bool(call->cx->arena, stat(nl_path_within(call->cx->arena, call->cx->folder, path), &info) == 0);
}
