/* The table of contents of an HDF5 file, in the layout that sink_hdf5.c writes. */
#include "result.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#if NL_HAVE_HDF5

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    nl_arena *arena;
    hid_t file;
    nl_result *result;
} reader;

/* --- attributes --- */

static const char *text_attribute(const reader *r, hid_t object, const char *name)
{
    const hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    const hid_t type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    char *text = NULL;
    const char *out = NULL;

    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0
        && H5Aread(attribute, type, &text) >= 0 && text != NULL) {
        out = nl_arena_strdup(r->arena, text);
        H5free_memory(text);
    }
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return out;
}

static size_t count_attribute(hid_t object, const char *name)
{
    const hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    uint64_t count = 0;

    if (attribute < 0) return 0;
    if (H5Aread(attribute, H5T_NATIVE_UINT64, &count) < 0) count = 0;
    H5Aclose(attribute);
    return (size_t)count;
}

/* --- what there is --- */

static bool has_link(const reader *r, const char *path) { return H5Lexists(r->file, path, H5P_DEFAULT) > 0; }

static bool read_shape(hid_t set, nl_result_entry *out)
{
    const hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    hsize_t extents[H5S_MAX_RANK];
    const int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;

    if (rank > 0) H5Sget_simple_extent_dims(space, extents, NULL);
    for (int k = 0; k < rank && k < NL_RESULT_RANK; k++) out->shape[k] = (size_t)extents[k];
    out->rank = rank;
    out->is_text = type >= 0 && H5Tget_class(type) == H5T_STRING;
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return rank >= 0 && rank <= NL_RESULT_RANK;
}

static void add_entry(reader *r, nl_result_entry entry)
{
    const hid_t set = H5Dopen2(r->file, entry.path, H5P_DEFAULT);

    if (set < 0) return;
    if (read_shape(set, &entry)) {
        const char *unit = text_attribute(r, set, "units");
        entry.unit = unit != NULL ? unit : "1";
        if (entry.doc == NULL) entry.doc = text_attribute(r, set, "doc");
        NL_PUSH(r->arena, &r->result->entries, entry);
    }
    H5Dclose(set);
}

static const char *companion(const reader *r, const char *path, const char *suffix)
{
    const char *out = nl_arena_printf(r->arena, "%s.%s", path, suffix);
    return has_link(r, out) ? out : NULL;
}

/* NAME.t and NAME.id belong to NAME. */
static bool is_companion(const reader *r, const char *path)
{
    static const char *const suffixes[] = { ".t", ".id" };
    const size_t length = strlen(path);

    for (size_t k = 0; k < NL_LEN(suffixes); k++) {
        const size_t tail = strlen(suffixes[k]);
        if (length > tail && strcmp(path + length - tail, suffixes[k]) == 0
            && has_link(r, nl_arena_strndup(r->arena, path, length - tail)))
            return true;
    }
    return false;
}

static herr_t visit_set(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    reader *r = user;
    const char *path = nl_arena_printf(r->arena, "/%s", name);
    nl_result_entry entry = { .name = path + 1, .path = path };

    (void)group, (void)info;
    if (is_companion(r, path)) return 0;
    entry.times = companion(r, path, "t");
    entry.ids = companion(r, path, "id");
    add_entry(r, entry);
    return 0;
}

/* The spikes of E are kept as /spikes/E; other events, and records with a name of their own, under their names. */
static const char *name_of_train(const reader *r, const char *name, const char *doc)
{
    const char *spikes = nl_arena_printf(r->arena, "%s.spikes", name);
    return doc != NULL && strcmp(doc, spikes) != 0 ? name : spikes;
}

typedef struct trains {
    reader *r;
    const char *folder;
} trains;

static herr_t visit_train(hid_t parent, const char *name, const H5L_info_t *info, void *user)
{
    const trains *t = user;
    const char *path = nl_arena_printf(t->r->arena, "%s/%s", t->folder, name);
    const hid_t group = H5Gopen2(parent, name, H5P_DEFAULT);

    (void)info;
    if (group < 0) return 0;
    const char *doc = text_attribute(t->r, group, "doc");
    add_entry(t->r, (nl_result_entry){ .name = strcmp(t->folder, "/spikes") == 0 ? name_of_train(t->r, name, doc)
                                                                                 : nl_arena_strdup(t->r->arena, name),
                                       .path = nl_arena_printf(t->r->arena, "%s/timestamps", path),
                                       .ids = nl_arena_printf(t->r->arena, "%s/node_ids", path),
                                       .doc = doc,
                                       .is_train = true,
                                       .first = count_attribute(group, "first_node"),
                                       .neurons = count_attribute(group, "node_count") });
    H5Gclose(group);
    return 0;
}

static void list_trains(reader *r, const char *folder)
{
    trains t = { r, folder };
    const hid_t group = has_link(r, folder) ? H5Gopen2(r->file, folder, H5P_DEFAULT) : -1;

    if (group < 0) return;
    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_train, &t);
    H5Gclose(group);
}

nl_result *nl_result_open(nl_arena *arena, const char *path, const char **why)
{
    reader r = { .arena = arena, .result = NL_NEW(arena, nl_result) };
    H5E_auto2_t handler;
    void *user;

    H5Eget_auto2(H5E_DEFAULT, &handler, &user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* what fails is said by the caller */
    r.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (r.file >= 0) {
        r.result->model = text_attribute(&r, r.file, "model");
        r.result->time_unit = text_attribute(&r, r.file, "time_unit");
        H5Literate(r.file, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_set, &r);
        list_trains(&r, "/spikes");
        list_trains(&r, "/events");
        H5Fclose(r.file);
    }
    H5Eset_auto2(H5E_DEFAULT, handler, user);
    *why = r.file < 0 ? "there is no such HDF5 file, or it is damaged" : NULL;
    return r.file < 0 ? NULL : r.result;
}

#else

nl_result *nl_result_open(nl_arena *arena, const char *path, const char **why)
{
    (void)arena, (void)path;
    *why = "this netlang was built without HDF5";
    return NULL;
}

#endif
