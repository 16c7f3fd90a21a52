/* HDF5: a data set for each result under exactly its name, with the attributes `units` and `doc`; the times of a series
 * in NAME.t, elements in NAME.id; older segments in NAME@0, NAME@1 ..; what the file says of itself as attributes of
 * the root.  Trains are in the layout of SONATA: /spikes/E/timestamps and /spikes/E/node_ids, of named events
 * /events/E.burst/..; a result that has the name of these groups is spikes_ or events_. */
#include "format.h"

#include "base/text.h"

#ifdef NL_HAVE_HDF5

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_LIMIT = 1 << 17 }; /* numbers in a chunk at most: 1 MiB */

typedef struct h5 {
    hid_t file, text_type;
    H5E_auto2_t report; /* the process's error reporting, put back at the end */
    void *report_data;
} h5;

typedef struct h5_series {
    hid_t values, times, ids; /* -1: none */
} h5_series;

/* HDF5 closes what has a negative id with an error; nothing was opened then. */
static void close_id(hid_t id, herr_t (*close)(hid_t))
{
    if (id >= 0) close(id);
}

static herr_t innermost(unsigned depth, const H5E_error2_t *e, void *reason)
{
    (void)depth;
    if (*(const char **)reason == NULL && e->desc != NULL) *(const char **)reason = e->desc;
    return 0;
}

/* Says why the last call failed, before another one clears the reason; of a failed system call only the system's
 * words. */
static bool fail(nl_sink *sink)
{
    static const char mark[] = "error message = '";
    const char *reason = NULL;

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &reason);
    if (reason == NULL) return nl_sink_fail(sink, "HDF5 failed");
    const char *system = strstr(reason, mark);
    if (system == NULL) return nl_sink_fail(sink, "%s", reason);
    system += strlen(mark);
    return nl_sink_fail(sink, "%.*s", (int)strcspn(system, "'"), system);
}

static bool put_attribute(nl_sink *sink, hid_t object, const char *name, hid_t type, const void *data)
{
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool done = (attribute >= 0 && H5Awrite(attribute, type, data) >= 0) || fail(sink);

    close_id(attribute, H5Aclose);
    close_id(space, H5Sclose);
    return done;
}

static bool put_text_attribute(nl_sink *sink, hid_t object, const char *name, const char *text)
{
    const h5 *h = sink->own;

    return text == NULL || put_attribute(sink, object, name, h->text_type, &text);
}

static bool put_header(nl_sink *sink)
{
    const nl_sink_header *header = sink->header;
    const hid_t file = ((h5 *)sink->own)->file;

    return put_text_attribute(sink, file, "version", header->version) &&
           put_text_attribute(sink, file, "model", header->model_name) &&
           put_text_attribute(sink, file, "source", header->source) &&
           put_text_attribute(sink, file, "parameters", header->parameters) &&
           put_attribute(sink, file, "seed", H5T_NATIVE_UINT64, &header->seed) &&
           put_attribute(sink, file, "dt", H5T_NATIVE_DOUBLE, &header->dt) &&
           put_text_attribute(sink, file, "time_unit", header->time_unit);
}

/* Version 1.8 of the format allows attributes (the source text) of any length and many links in a group. */
static hid_t create_file(nl_sink *sink)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_LATEST);
    const hid_t file = H5Fcreate(sink->part, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (file < 0) fail(sink);
    close_id(access, H5Pclose);
    return file;
}

static bool hdf5_open(nl_sink *sink)
{
    h5 *h = NL_NEW(sink->arena, h5);

    sink->own = h;
    H5dont_atexit(); /* all is closed in hdf5_release; the library's own handler crashes after a full disk (1.10) */
    H5Eget_auto2(H5E_DEFAULT, &h->report, &h->report_data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    h->text_type = H5Tcopy(H5T_C_S1);
    H5Tset_size(h->text_type, H5T_VARIABLE);
    H5Tset_cset(h->text_type, H5T_CSET_UTF8);
    h->file = create_file(sink);
    return h->file >= 0 && put_header(sink);
}

/* The name of a data set that is no group's. */
static const char *unlike_groups(nl_sink *sink, const char *name)
{
    const bool is_group = strcmp(name, "spikes") == 0 || strcmp(name, "events") == 0;

    return is_group ? nl_arena_printf(sink->arena, "%s_", name) : name;
}

/* Negative when that fails. */
static hid_t create_set(nl_sink *sink, const char *name, hid_t type, hid_t space, hid_t layout)
{
    const h5 *h = sink->own;
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);

    H5Pset_char_encoding(links, H5T_CSET_UTF8);
    const hid_t set = H5Dcreate2(h->file, unlike_groups(sink, name), type, space, links, layout, H5P_DEFAULT);
    if (set < 0) fail(sink);
    close_id(links, H5Pclose);
    return set;
}

/* A chunk has as many samples as the buffer; of samples that are too large for one chunk, a part. */
static hid_t chunked(const nl_series *series, int rank, const hsize_t *shape)
{
    hsize_t chunk[NL_SINK_RANK + 1] = { series->room };
    hsize_t count = series->room;
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);

    for (int k = 1; k < rank; k++) count *= chunk[k] = shape[k] > 0 ? shape[k] : 1;
    for (int k = 1; k < rank && count > CHUNK_LIMIT; k++) {
        const hsize_t rest = count / chunk[k];
        const hsize_t fitting = rest < CHUNK_LIMIT ? CHUNK_LIMIT / rest : 1;

        if (fitting < chunk[k]) chunk[k] = fitting;
        count = rest * chunk[k];
    }
    H5Pset_chunk(layout, rank, chunk);
    return layout;
}

/* An empty data set that grows along its first axis. */
static hid_t create_growing(nl_sink *sink, const nl_series *series, const char *name, hid_t type, int rank,
                            const hsize_t *shape)
{
    hsize_t most[NL_SINK_RANK + 1] = { H5S_UNLIMITED };

    for (int k = 1; k < rank; k++) most[k] = shape[k] > 0 ? shape[k] : H5S_UNLIMITED; /* a chunk is not above it */
    const hid_t space = H5Screate_simple(rank, shape, most);
    const hid_t layout = chunked(series, rank, shape);
    const hid_t set = create_set(sink, name, type, space, layout);
    close_id(layout, H5Pclose);
    close_id(space, H5Sclose);
    return set;
}

static bool add_values(nl_sink *sink, nl_series *series)
{
    h5_series *own = series->own;
    hsize_t shape[NL_SINK_RANK + 1] = { 0 };

    for (int k = 0; k < series->info.rank; k++) shape[k + 1] = series->info.shape[k];
    own->values = create_growing(sink, series, series->info.name, H5T_NATIVE_DOUBLE, series->info.rank + 1, shape);
    return own->values >= 0 && put_text_attribute(sink, own->values, "units", series->info.unit) &&
           put_text_attribute(sink, own->values, "doc", series->info.doc);
}

static bool add_times(nl_sink *sink, nl_series *series, const char *name)
{
    h5_series *own = series->own;

    own->times = create_growing(sink, series, name, H5T_NATIVE_DOUBLE, 1, (hsize_t[]){ 0 });
    return own->times >= 0 && put_text_attribute(sink, own->times, "units", sink->header->time_unit);
}

static bool add_ids(nl_sink *sink, nl_series *series, const char *name)
{
    h5_series *own = series->own;

    own->ids = create_growing(sink, series, name, H5T_NATIVE_UINT64, 1, (hsize_t[]){ 0 });
    return own->ids >= 0;
}

/* SONATA's words for the order of spikes. */
static bool put_sorting(nl_sink *sink, hid_t group)
{
    static const char *const words[] = { "none", "by_id", "by_time" };
    const hid_t type = H5Tenum_create(H5T_NATIVE_UINT8);
    const uint8_t by_time = 2;

    for (uint8_t k = 0; k < NL_LEN(words); k++) H5Tenum_insert(type, words[k], &k);
    const bool done = put_attribute(sink, group, "sorting", type, &by_time);
    close_id(type, H5Tclose);
    return done;
}

static bool add_group(nl_sink *sink, const nl_sink_series *info)
{
    const h5 *h = sink->own;
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);

    H5Pset_create_intermediate_group(links, 1);
    H5Pset_char_encoding(links, H5T_CSET_UTF8);
    const hid_t group = H5Gcreate2(h->file, info->group, links, H5P_DEFAULT, H5P_DEFAULT);
    const bool done = (group >= 0 || fail(sink)) && put_sorting(sink, group) &&
                      put_attribute(sink, group, "first_node", H5T_NATIVE_UINT64, &info->first) &&
                      put_attribute(sink, group, "node_count", H5T_NATIVE_UINT64, &info->count) &&
                      put_text_attribute(sink, group, "doc", info->doc);
    close_id(group, H5Gclose);
    close_id(links, H5Pclose);
    return done;
}

static bool add_train(nl_sink *sink, nl_series *series)
{
    const char *group = series->info.group;

    return add_group(sink, &series->info) &&
           add_times(sink, series, nl_arena_printf(sink->arena, "%s/timestamps", group)) &&
           add_ids(sink, series, nl_arena_printf(sink->arena, "%s/node_ids", group));
}

static bool hdf5_add(nl_sink *sink, nl_series *series)
{
    h5_series *own = NL_NEW(sink->arena, h5_series);
    const nl_sink_series *info = &series->info;

    *own = (h5_series){ -1, -1, -1 };
    series->own = own;
    if (info->group != NULL) return add_train(sink, series);
    return add_values(sink, series) && add_times(sink, series, nl_arena_printf(sink->arena, "%s.t", info->name)) &&
           (!info->has_ids || add_ids(sink, series, nl_arena_printf(sink->arena, "%s.id", info->name)));
}

/* Appends `count` rows to a data set that has `before` of them. */
static bool extend(nl_sink *sink, hid_t set, hsize_t before, hsize_t count, const double *data)
{
    hsize_t shape[NL_SINK_RANK + 1], begin[NL_SINK_RANK + 1] = { before };
    hid_t space = H5Dget_space(set);
    const int rank = H5Sget_simple_extent_dims(space, shape, NULL);

    close_id(space, H5Sclose);
    shape[0] = before + count;
    if (rank < 1 || H5Dset_extent(set, shape) < 0) return fail(sink);
    shape[0] = count;
    space = H5Dget_space(set);
    const hid_t memory = H5Screate_simple(rank, shape, NULL);
    const bool done = (H5Sselect_hyperslab(space, H5S_SELECT_SET, begin, NULL, shape, NULL) >= 0 &&
                       H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, data) >= 0) || fail(sink);
    close_id(memory, H5Sclose);
    close_id(space, H5Sclose);
    return done;
}

static bool hdf5_write(nl_sink *sink, nl_series *series)
{
    const h5_series *own = series->own;

    return extend(sink, own->times, series->written, series->count, series->times) &&
           (own->values < 0 || extend(sink, own->values, series->written, series->count, series->values)) &&
           (own->ids < 0 || extend(sink, own->ids, series->written, series->count, series->ids));
}

static void close_series(nl_series *series)
{
    h5_series *own = series->own;

    if (own == NULL) return;
    close_id(own->values, H5Dclose);
    close_id(own->times, H5Dclose);
    close_id(own->ids, H5Dclose);
    *own = (h5_series){ -1, -1, -1 };
}

static bool rename_set(nl_sink *sink, const char *from, const char *to)
{
    const h5 *h = sink->own;

    return H5Lmove(h->file, unlike_groups(sink, from), h->file, to, H5P_DEFAULT, H5P_DEFAULT) >= 0 || fail(sink);
}

static bool rename_part(nl_sink *sink, const char *from, const char *to, const char *part)
{
    return rename_set(sink, nl_arena_printf(sink->arena, "%s.%s", from, part),
                      nl_arena_printf(sink->arena, "%s.%s", to, part));
}

static bool segment_of_train(nl_sink *sink, nl_series *series, size_t number)
{
    const char *group = series->info.group;

    close_series(series);
    return rename_set(sink, group, nl_arena_printf(sink->arena, "%s@%zu", group, number)) && hdf5_add(sink, series);
}

static bool hdf5_segment(nl_sink *sink, nl_series *series, size_t number)
{
    if (series->info.group != NULL) return segment_of_train(sink, series, number);
    const char *name = series->info.name;
    const char *old = nl_arena_printf(sink->arena, "%s@%zu", name, number);

    close_series(series);
    return rename_set(sink, name, old) && rename_part(sink, name, old, "t") &&
           (!series->info.has_ids || rename_part(sink, name, old, "id")) && hdf5_add(sink, series);
}

/* A data set that is written in one go. */
static bool put_set(nl_sink *sink, const char *name, const char *unit, hid_t type, hid_t space, const void *data)
{
    const hid_t set = create_set(sink, name, type, space, H5P_DEFAULT);
    const bool done = set >= 0 && put_text_attribute(sink, set, "units", unit) &&
                      (H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0 || fail(sink));

    close_id(set, H5Dclose);
    close_id(space, H5Sclose);
    return done;
}

static bool hdf5_value(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape,
                       const double *data)
{
    hsize_t wide[NL_SINK_RANK];

    for (int k = 0; k < rank; k++) wide[k] = shape[k];
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, wide, NULL);
    return put_set(sink, name, unit, H5T_NATIVE_DOUBLE, space, data);
}

static bool hdf5_text(nl_sink *sink, const char *name, const char *text)
{
    const h5 *h = sink->own;

    return put_set(sink, name, NULL, h->text_type, H5Screate(H5S_SCALAR), &text);
}

static bool hdf5_finish(nl_sink *sink)
{
    const h5 *h = sink->own;

    return H5Fflush(h->file, H5F_SCOPE_LOCAL) >= 0 || fail(sink);
}

static void hdf5_release(nl_sink *sink)
{
    h5 *h = sink->own;

    if (h == NULL) return;
    /* It will be removed; and with the room that this gives back, HDF5 can close it where the disk is full. */
    if (sink->error != NULL && truncate(sink->part, 0) != 0) nl_sink_fail_errno(sink);
    for (size_t i = 0; i < sink->series.count; i++) close_series(sink->series.items[i]);
    close_id(h->text_type, H5Tclose);
    if (h->file >= 0 && H5Fclose(h->file) < 0) fail(sink);
    H5Eset_auto2(H5E_DEFAULT, h->report, h->report_data);
    sink->own = NULL;
}

const nl_format nl_format_hdf5 = {
    .suffixes = { ".h5", ".hdf5" },
    .open = hdf5_open,
    .add = hdf5_add,
    .write = hdf5_write,
    .segment = hdf5_segment,
    .value = hdf5_value,
    .text = hdf5_text,
    .finish = hdf5_finish,
    .release = hdf5_release,
};

#else

static void release_nothing(nl_sink *sink)
{
    (void)sink;
}

const nl_format nl_format_hdf5 = {
    .suffixes = { ".h5", ".hdf5" },
    .missing = "this netlang was built without HDF5",
    .release = release_nothing,
};

#endif
