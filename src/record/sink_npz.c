/* NumPy's .npz: a zip archive with one .npy file per result; of a train NAME.t, NAME.id and NAME.neurons, the first of
 * its elements and how many there are.  Beside the results stand @version, @model, @source,
 * @parameters, @seed, @dt, @time_unit, and @units and @docs with one line "name = unit" for each result; no name of a
 * model begins with @. */
#include "format.h"

#include "base/text.h"
#include "spool.h"
#include "zip.h"

#include <string.h>

enum { NPY_ALIGN = 64, NPY_FIXED = 10 }; /* the header's length is a multiple of the first; magic, version, length */

typedef struct npz {
    nl_spool spool; /* first: the functions of spool.h take sink->own for one */
    FILE *file;
    nl_zip *zip;
    nl_text units, docs;
} npz;

static char byte_order(void)
{
    const uint16_t one = 1;
    char first;

    memcpy(&first, &one, 1);
    return first == 1 ? '<' : '>';
}

static bool npz_open(nl_sink *sink)
{
    npz *z = NL_NEW(sink->arena, npz);

    sink->own = z;
    if (!nl_spool_open(sink)) return false;
    z->units = nl_text_new(sink->arena);
    z->docs = nl_text_new(sink->arena);
    z->file = fopen(sink->part, "r+b");
    if (z->file == NULL) return nl_sink_fail_errno(sink);
    z->zip = nl_zip_new(sink->arena, z->file);
    return true;
}

/* The .npy header: a Python literal, padded so that the data that follow are aligned. */
static nl_text npy_header(nl_arena *arena, const char *type, int rank, const uint64_t *shape)
{
    nl_text dict = nl_text_new(arena), header = nl_text_new(arena);

    nl_text_addf(&dict, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", byte_order(), type);
    for (int k = 0; k < rank; k++)
        nl_text_addf(&dict, "%llu%s", (unsigned long long)shape[k], rank == 1 ? "," : k + 1 < rank ? ", " : "");
    nl_text_adds(&dict, "), }");
    while ((NPY_FIXED + dict.length + 1) % NPY_ALIGN != 0) nl_text_adds(&dict, " ");
    nl_text_adds(&dict, "\n");
    nl_text_add(&header, "\x93NUMPY\x01\x00", 8);
    const unsigned char length[2] = { dict.length & 0xFF, dict.length >> 8 & 0xFF };
    nl_text_add(&header, (const char *)length, 2);
    nl_text_add(&header, dict.chars, dict.length);
    return header;
}

/* Begins the member NAME.npy, whose data of `bytes` bytes are to follow. */
static bool begin(nl_sink *sink, const char *name, const char *type, int rank, const uint64_t *shape, uint64_t bytes)
{
    npz *z = sink->own;
    const nl_text header = npy_header(sink->arena, type, rank, shape);
    const char *member = nl_arena_printf(sink->arena, "%s.npy", name);

    return (nl_zip_begin(z->zip, member, header.length + bytes) &&
            nl_zip_add(z->zip, header.chars, header.length)) || nl_sink_fail_errno(sink);
}

static bool add(nl_sink *sink, const void *data, size_t bytes)
{
    npz *z = sink->own;

    return nl_zip_add(z->zip, data, bytes) || nl_sink_fail_errno(sink);
}

static bool end(nl_sink *sink)
{
    npz *z = sink->own;

    return nl_zip_end(z->zip) || nl_sink_fail_errno(sink);
}

static bool put_array(nl_sink *sink, const char *name, const char *type, int rank, const size_t *shape,
                      const void *data, size_t item_size)
{
    const size_t bytes = nl_checked_mul(nl_shape_count(rank, shape), item_size);
    uint64_t wide[NL_SINK_RANK];

    for (int k = 0; k < rank; k++) wide[k] = shape[k];
    return begin(sink, name, type, rank, wide, bytes) && add(sink, data, bytes) && end(sink);
}

static bool npz_value(nl_sink *sink, const char *name, const char *unit, int rank, const size_t *shape,
                      const double *data)
{
    npz *z = sink->own;

    nl_text_addf(&z->units, "%s = %s\n", name, unit);
    return put_array(sink, name, "f8", rank, shape, data, sizeof *data);
}

/* The code point at *text, which is moved behind it; broken UTF-8 gives U+FFFD. */
static uint32_t next_code_point(const unsigned char **text)
{
    const unsigned char *p = *text;
    const int more = p[0] < 0x80 ? 0 : p[0] >= 0xF0 ? 3 : p[0] >= 0xE0 ? 2 : p[0] >= 0xC0 ? 1 : -1;
    uint32_t point = more <= 0 ? p[0] : p[0] & (0x3Fu >> more);

    *text = p + 1;
    if (more < 0) return 0xFFFD;
    for (int k = 1; k <= more; k++) {
        if ((p[k] & 0xC0) != 0x80) return 0xFFFD;
        point = point << 6 | (p[k] & 0x3Fu);
        *text = p + k + 1;
    }
    return point;
}

/* A text is an array of rank 0 of NumPy's type U: four bytes for each code point. */
static bool npz_text(nl_sink *sink, const char *name, const char *text)
{
    const size_t room = strlen(text) + 1;
    uint32_t *points = NL_NEW_ARRAY(sink->arena, uint32_t, room);
    size_t count = 0;

    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) points[count++] = next_code_point(&p);
    if (count == 0) count = 1; /* NumPy has no texts of length 0 */
    return put_array(sink, name, nl_arena_printf(sink->arena, "U%zu", count), 0, NULL, points, count * sizeof *points);
}

static bool put_times(nl_sink *sink, nl_spool *spool, const nl_track *t)
{
    const char *name = nl_arena_printf(sink->arena, "%s.t", t->name);

    if (!begin(sink, name, "f8", 1, &t->count, t->count * sizeof(double))) return false;
    for (size_t e = 0; e < t->extents.count; e++) {
        if (!nl_spool_read_times(spool, t, e, t->series->times)) return false;
        if (!add(sink, t->series->times, t->extents.items[e].count * sizeof(double))) return false;
    }
    return end(sink);
}

static bool put_samples(nl_sink *sink, nl_spool *spool, const nl_track *t)
{
    const nl_series *s = t->series;
    uint64_t shape[NL_SINK_RANK + 1] = { t->count };

    for (int k = 0; k < s->info.rank; k++) shape[k + 1] = s->info.shape[k];
    if (!begin(sink, t->name, "f8", s->info.rank + 1, shape, t->count * s->width * sizeof(double))) return false;
    for (size_t e = 0; e < t->extents.count; e++) {
        if (!nl_spool_read_values(spool, t, e, s->values)) return false;
        if (!add(sink, s->values, t->extents.items[e].count * s->width * sizeof(double))) return false;
    }
    return end(sink);
}

static bool put_ids(nl_sink *sink, nl_spool *spool, const nl_track *t)
{
    uint64_t *ids = NL_NEW_ARRAY(sink->arena, uint64_t, t->series->room);

    if (!begin(sink, nl_arena_printf(sink->arena, "%s.id", t->name), "u8", 1, &t->count, t->count * sizeof *ids))
        return false;
    for (size_t e = 0; e < t->extents.count; e++) {
        const size_t count = t->extents.items[e].count;

        if (!nl_spool_read_ids(spool, t, e, t->series->ids)) return false;
        for (size_t i = 0; i < count; i++) ids[i] = (uint64_t)t->series->ids[i];
        if (!add(sink, ids, count * sizeof *ids)) return false;
    }
    return end(sink);
}

static bool put_neurons(nl_sink *sink, const nl_track *t)
{
    const uint64_t neurons[2] = { t->series->info.first, t->series->info.count };

    return put_array(sink, nl_arena_printf(sink->arena, "%s.neurons", t->name), "u8", 1, (size_t[]){ 2 }, neurons,
                     sizeof neurons[0]);
}

static bool put_track(nl_sink *sink, nl_spool *spool, const nl_track *t)
{
    const nl_sink_series *info = &t->series->info;

    return (info->group != NULL ? put_neurons(sink, t) : put_samples(sink, spool, t)) && put_times(sink, spool, t) &&
           (!info->has_ids || put_ids(sink, spool, t));
}

static void note_series(nl_sink *sink, const nl_track *t)
{
    npz *z = sink->own;

    if (t->series->info.group == NULL) nl_text_addf(&z->units, "%s = %s\n", t->name, t->series->info.unit);
    nl_text_addf(&z->units, "%s.t = %s\n", t->name, sink->header->time_unit);
    if (t->series->info.doc != NULL) nl_text_addf(&z->docs, "%s = %s\n", t->name, t->series->info.doc);
}

static bool put_header(nl_sink *sink)
{
    const nl_sink_header *h = sink->header;
    const npz *z = sink->own;

    return npz_text(sink, "@version", h->version) && npz_text(sink, "@model", h->model_name) &&
           npz_text(sink, "@source", h->source) && npz_text(sink, "@parameters", h->parameters) &&
           put_array(sink, "@seed", "u8", 0, NULL, &h->seed, sizeof h->seed) &&
           put_array(sink, "@dt", "f8", 0, NULL, &h->dt, sizeof h->dt) &&
           npz_text(sink, "@time_unit", h->time_unit) && npz_text(sink, "@units", z->units.chars) &&
           npz_text(sink, "@docs", z->docs.chars);
}

static bool npz_finish(nl_sink *sink)
{
    npz *z = sink->own;

    for (size_t i = 0; i < z->spool.tracks.count; i++) {
        const nl_track *t = z->spool.tracks.items[i];

        if (!put_track(sink, &z->spool, t)) return false;
        note_series(sink, t);
    }
    return put_header(sink) && (nl_zip_finish(z->zip) || nl_sink_fail_errno(sink));
}

static void npz_release(nl_sink *sink)
{
    npz *z = sink->own;

    nl_spool_release(sink);
    if (z == NULL) return;
    if (z->file != NULL && fclose(z->file) != 0) nl_sink_fail_errno(sink);
    z->file = NULL;
}

const nl_format nl_format_npz = {
    .suffixes = { ".npz" },
    .open = npz_open,
    .add = nl_spool_add,
    .write = nl_spool_write,
    .segment = nl_spool_segment,
    .value = npz_value,
    .text = npz_text,
    .finish = npz_finish,
    .release = npz_release,
};
