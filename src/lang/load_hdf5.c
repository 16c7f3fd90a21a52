/* Data sets of HDF5 files. */
#include "load_impl.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#if NL_HAVE_HDF5

#include <hdf5.h>
#include <math.h>

/* The shape of the data set in out->shape; false where it has none that arrays can have. */
static bool read_shape(hid_t set, nl_value *out)
{
    const hid_t space = H5Dget_space(set);
    hsize_t extents[H5S_MAX_RANK];
    const int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    const bool fits = rank >= 0 && rank <= NL_RANK && H5Sget_simple_extent_type(space) != H5S_NULL;

    if (fits && rank > 0) H5Sget_simple_extent_dims(space, extents, NULL);
    for (int k = 0; fits && k < rank; k++) out->shape[k] = (size_t)extents[k];
    if (fits) out->rank = rank;
    if (space >= 0) H5Sclose(space);
    return fits;
}

/* h5py writes conditions as an enumeration of one byte. */
static bool read_kind(hid_t set, nl_value *out, bool *wide)
{
    const hid_t type = H5Dget_type(set);
    const H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;

    *wide = class == H5T_INTEGER && H5Tget_size(type) > 4;
    out->kind = class == H5T_ENUM ? NL_KIND_BOOL : NL_KIND_NUMBER;
    const bool fits = class == H5T_INTEGER || class == H5T_FLOAT || (class == H5T_ENUM && H5Tget_size(type) == 1);
    if (type >= 0) H5Tclose(type);
    return fits;
}

static bool read_data(hid_t set, nl_value value, double *data)
{
    const size_t count = nl_value_count(value);

    if (count == 0) return true;
    if (value.kind == NL_KIND_NUMBER) return H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    signed char *bytes = (signed char *)data; /* the room is wider: spread from the end */
    const hid_t type = H5Dget_type(set);
    const bool read = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0;
    H5Tclose(type);
    for (size_t i = count; read && i-- > 0;) data[i] = bytes[i] != 0;
    return read;
}

static nl_value read_set(const nl_load *load, hid_t set, const char *name)
{
    nl_value out = { .kind = NL_KIND_NUMBER };
    bool wide;

    if (!read_shape(set, &out)) return nl_load_refuse(load, "the shape of `%s` is none that arrays have", name);
    if (!read_kind(set, &out, &wide)) return nl_load_refuse(load, "`%s` does not hold numbers", name);
    double *data = nl_load_room(load, &out);
    if (data == NULL) return nl_value_none();
    if (!read_data(set, out, data)) return nl_load_refuse(load, "`%s` is damaged", name);
    for (size_t i = 0; wide && i < nl_value_count(out); i++)
        if (fabs(data[i]) > 0x1p53)
            return nl_load_refuse(load, "element %zu is a whole number too large for a double", i);
    return out;
}

nl_value nl_load_hdf5(const nl_load *load, const char *path, const char *dataset)
{
    nl_value out = nl_value_none();
    H5E_auto2_t handler;
    void *user;

    H5Eget_auto2(H5E_DEFAULT, &handler, &user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* what fails is said here, not printed by the library */
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t set = file >= 0 ? H5Dopen2(file, dataset, H5P_DEFAULT) : -1;
    if (file < 0) nl_load_refuse(load, "there is no such HDF5 file, or it is damaged");
    else if (set < 0) nl_load_refuse(load, "the file has no data set `%s`", dataset);
    else out = read_set(load, set, dataset);
    if (set >= 0) H5Dclose(set);
    if (file >= 0) H5Fclose(file);
    H5Eset_auto2(H5E_DEFAULT, handler, user);
    return out;
}

#else

nl_value nl_load_hdf5(const nl_load *load, const char *path, const char *dataset)
{
    (void)path, (void)dataset;
    return nl_load_refuse(load, "this netlang was built without HDF5");
}

#endif
