/* Reading arrays from files: one reader for each format, behind load().  Nothing that a header claims is believed
 * before it is compared with what the file holds. */
#ifndef NL_LANG_LOAD_IMPL_H
#define NL_LANG_LOAD_IMPL_H

#include "func_impl.h"

/* A file in memory; `bytes` has a terminator behind its `length` bytes. */
typedef struct nl_load {
    const nl_call *call;
    const char *path; /* as the user wrote it */
    const char *bytes;
    size_t length;
} nl_load;

/* A diagnostic about the file; NONE. */
nl_value nl_load_refuse(const nl_load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for the elements of *value, or NULL with a diagnostic. */
double *nl_load_room(const nl_load *load, nl_value *value);

nl_value nl_load_npy(const nl_load *load);
nl_value nl_load_text(const nl_load *load);
nl_value nl_load_mtx(const nl_load *load);

/* HDF5 opens its files itself: `file` is the full path, `dataset` the path inside. */
nl_value nl_load_hdf5(const nl_load *load, const char *file, const char *dataset);

#endif
