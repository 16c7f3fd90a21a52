/* Results written in every format and read back. */
#include "record/sink.h"

#include "base/text.h"
#include "record/zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef NL_HAVE_HDF5
#include <hdf5.h>
#endif

enum { LONG_SERIES = 20011 }; /* more than one buffer, and not a multiple of it */

typedef struct place {
    nl_arena *arena;
    char folder[64];
} place;

static const nl_sink_header header = { "0.0.7", "some.net", "# the text\nparam N = 3\n", "N = 3\ntau = 2.385 ms\n",
                                       18446744073709551557u, 0.1, "ms" };

static int set_up(void **state)
{
    place *p = nl_calloc(1, sizeof *p);

    p->arena = nl_arena_new();
    strcpy(p->folder, "/tmp/nl-sink-XXXXXX");
    *state = p;
    return mkdtemp(p->folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    place *p = *state;
    const int status = system(nl_arena_printf(p->arena, "rm -r '%s'", p->folder));

    nl_arena_free(p->arena);
    free(p);
    return status;
}

static const char *path_in(place *p, const char *name)
{
    return nl_arena_printf(p->arena, "%s/%s", p->folder, name);
}

static char *read_all(place *p, const char *path, size_t *length)
{
    struct stat info;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &info) != 0) fail_msg("cannot read %s", path);
    char *text = nl_arena_alloc(p->arena, (size_t)info.st_size + 1);
    *length = fread(text, 1, (size_t)info.st_size, file);
    fclose(file);
    return text;
}

static size_t file_count(place *p)
{
    const char *list = nl_arena_printf(p->arena, "%s.list", p->folder);
    size_t length, count = 0;

    assert_int_equal(system(nl_arena_printf(p->arena, "ls '%s' > '%s'", p->folder, list)), 0);
    const char *text = read_all(p, list, &length);
    for (size_t i = 0; i < length; i++) count += text[i] == '\n';
    unlink(list);
    return count;
}

static nl_sink *open_or_fail(place *p, const char *name)
{
    const char *why = NULL;
    nl_sink *sink = nl_sink_open(p->arena, path_in(p, name), &header, &why);

    if (sink == NULL) fail_msg("%s", why);
    return sink;
}

static void close_or_fail(nl_sink *sink)
{
    const char *why = NULL;

    if (!nl_sink_close(sink, &why)) fail_msg("%s", why);
}

static double sample(int series, size_t n, size_t k)
{
    return 2.385 + 0.1 * (double)n + 17.0 * (double)k - 3.7 * series;
}

static double sample_time(size_t n)
{
    return 0.1 * (double)n;
}

static const size_t matrix_shape[] = { 2, 3 };
static const double matrix[] = { 1.5, -2.25, 1e300, 0.1, 1.0 / 3.0, -0.0 };
static const char *const words = "a \"word\" \xc2\xb5 \xf0\x9d\x84\x9e\nsecond line";

/* Three series (number, vector, matrix), three kinds of value, and one old segment of the first series. */
static void write_all(nl_sink *sink)
{
    const nl_sink_series infos[] = {
        { .name = "loss", .unit = "1", .doc = "mean(abs(X.x - target))", .rank = 0, .shape = { 0 } },
        { .name = "E.v", .unit = "mV", .doc = NULL, .rank = 1, .shape = { 3 } },
        { .name = "map", .unit = "Hz", .doc = "E.rate", .rank = 2, .shape = { 2, 3 } },
    };
    double values[6];

    for (int i = 0; i < 3; i++) assert_int_equal(nl_sink_add(sink, &infos[i]), i);
    for (size_t n = 0; n < 5; n++) {
        values[0] = -1.0 - (double)n;
        assert_true(nl_sink_append(sink, 0, sample_time(n), values));
    }
    assert_true(nl_sink_segment(sink));
    assert_true(nl_sink_segment(sink)); /* nothing has samples: no segment */
    for (size_t n = 0; n < LONG_SERIES; n++)
        for (int i = 0; i < 3; i++) {
            for (size_t k = 0; k < NL_LEN(values); k++) values[k] = sample(i, n, k);
            assert_true(nl_sink_append(sink, i, sample_time(n), values));
        }
    assert_true(nl_sink_value(sink, "t_resp", "ms", 0, NULL, &(double){ 4.7234567890123457 }));
    assert_true(nl_sink_value(sink, "W", "nS", 2, matrix_shape, matrix));
    assert_true(nl_sink_value(sink, "none", "1", 1, &(size_t){ 0 }, matrix));
    assert_true(nl_sink_text(sink, "rule", words));
    assert_true(nl_sink_text(sink, "empty", ""));
}

/* ---- a reader of stored zip archives ---- */

static uint64_t le(const char *p, int bytes)
{
    uint64_t number = 0;

    for (int i = bytes - 1; i >= 0; i--) number = number << 8 | (unsigned char)p[i];
    return number;
}

static uint32_t slow_crc(const char *p, size_t count)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < count; i++) {
        crc ^= (unsigned char)p[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* The bytes of a member; its entry and its local header must agree. */
static const char *zip_member(const char *zip, size_t length, const char *name, size_t *size)
{
    const char *end = zip + length - 22;
    const char *entry = zip + le(end + 16, 4);

    assert_int_equal(le(end, 4), 0x06054b50);
    for (uint64_t left = le(end + 10, 2); left > 0; left--) {
        const uint64_t name_length = le(entry + 28, 2);

        assert_int_equal(le(entry, 4), 0x02014b50);
        if (name_length == strlen(name) && memcmp(entry + 46, name, name_length) == 0) {
            const char *local = zip + le(entry + 42, 4);
            const char *data = local + 30 + le(local + 26, 2) + le(local + 28, 2);

            *size = le(entry + 24, 4);
            assert_int_equal(le(local, 4), 0x04034b50);
            assert_memory_equal(local + 14, entry + 16, 12); /* checksum and both sizes */
            assert_int_equal(le(entry + 16, 4), slow_crc(data, *size));
            return data;
        }
        entry += 46 + name_length + le(entry + 30, 2) + le(entry + 32, 2);
    }
    return NULL;
}

/* Data of NAME.npy after its header, which must contain `wanted`. */
static const char *npy(const char *zip, size_t length, const char *member, const char *wanted, size_t *bytes)
{
    size_t size;
    const char *data = zip_member(zip, length, member, &size);

    if (data == NULL) fail_msg("%s is not there", member);
    const size_t header_length = le(data + 8, 2);
    assert_memory_equal(data, "\x93NUMPY\x01\x00", 8);
    assert_int_equal((10 + header_length) % 64, 0);
    if (memmem(data + 10, header_length, wanted, strlen(wanted)) == NULL)
        fail_msg("%s: %.*s does not contain %s", member, (int)header_length, data + 10, wanted);
    *bytes = size - 10 - header_length;
    return data + 10 + header_length;
}

static void npz_reads_back(void **state)
{
    place *p = *state;
    size_t length, bytes;
    nl_sink *sink = open_or_fail(p, "out.npz");

    write_all(sink);
    close_or_fail(sink);
    assert_int_equal(file_count(p), 1);
    const char *zip = read_all(p, path_in(p, "out.npz"), &length);
    const char *data = npy(zip, length, "map.npy", "'<f8', 'fortran_order': False, 'shape': (20011, 2, 3), }", &bytes);
    assert_int_equal(bytes, LONG_SERIES * 6 * sizeof(double));
    for (size_t n = 0; n < LONG_SERIES; n++)
        for (size_t k = 0; k < 6; k++) {
            const double want = sample(2, n, k);
            assert_memory_equal(data + (6 * n + k) * sizeof(double), &want, sizeof want);
        }
    data = npy(zip, length, "E.v.t.npy", "'shape': (20011,), }", &bytes);
    const double last = sample_time(LONG_SERIES - 1);
    assert_memory_equal(data + (LONG_SERIES - 1) * sizeof(double), &last, sizeof last);
    data = npy(zip, length, "loss@0.npy", "'shape': (5,), }", &bytes);
    assert_memory_equal(data + 4 * sizeof(double), &(double){ -5.0 }, sizeof(double));
    data = npy(zip, length, "W.npy", "'shape': (2, 3), }", &bytes);
    assert_memory_equal(data, matrix, sizeof matrix);
    npy(zip, length, "none.npy", "'shape': (0,), }", &bytes);
    assert_int_equal(bytes, 0);
    data = npy(zip, length, "rule.npy", "'<U24', 'fortran_order': False, 'shape': (), }", &bytes);
    assert_int_equal(bytes, 24 * 4);
    assert_int_equal(le(data + 4 * 9, 4), 0xB5);
    assert_int_equal(le(data + 4 * 11, 4), 0x1D11E);
    data = npy(zip, length, "@seed.npy", "'<u8'", &bytes);
    assert_true(le(data, 8) == header.seed);
    npy(zip, length, "empty.npy", "'<U1'", &bytes);
    npy(zip, length, "@units.npy", "'shape': ()", &bytes);
    assert_null(zip_member(zip, length, "E.v@0.npy", &bytes));
}

/* Members behind 4 GiB, in a file with a hole before them: the directory must hold 64-bit offsets. */
static void zip_offsets_are_wide(void **state)
{
    place *p = *state;
    const off_t far = (off_t)5 << 30;
    char tail[256];
    FILE *file = fopen(path_in(p, "far.zip"), "w+b");

    assert_int_equal(fseeko(file, far, SEEK_SET), 0);
    nl_zip *zip = nl_zip_new(p->arena, file);
    assert_true(nl_zip_begin(zip, "a", 9) && nl_zip_add(zip, "123456789", 9) && nl_zip_end(zip));
    assert_true(nl_zip_finish(zip));
    assert_int_equal(fseeko(file, far, SEEK_SET), 0);
    const size_t length = fread(tail, 1, sizeof tail, file);
    fclose(file);
    assert_int_equal(le(tail + 14, 4), 0xCBF43926); /* the published check value of this checksum */
    const char *entry = tail + 30 + 1 + 9;
    assert_int_equal(le(entry, 4), 0x02014b50);
    assert_int_equal(le(entry + 42, 4), 0xFFFFFFFF);
    assert_int_equal(le(entry + 46 + 1, 2), 1);
    assert_int_equal(le(entry + 46 + 1 + 2, 2), 8);
    assert_true(le(entry + 46 + 1 + 4, 8) == (uint64_t)far);
    const char *end64 = entry + 46 + 1 + 12;
    assert_int_equal(le(end64, 4), 0x06064b50);
    assert_true(le(end64 + 48, 8) == (uint64_t)far + 40);
    assert_true(le(end64 + 56 + 8, 8) == (uint64_t)far + 40 + 59);
    assert_int_equal(le(end64 + 76, 4), 0x06054b50);
    assert_int_equal(length, 30 + 10 + 59 + 76 + 22);
}

/* ---- HDF5 ---- */

#ifdef NL_HAVE_HDF5
static void read_set(hid_t file, const char *name, int rank, const hsize_t *shape, double *data)
{
    hsize_t got[9];
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);

    if (set < 0) fail_msg("%s is not there", name);
    assert_int_equal(H5Sget_simple_extent_dims(space, got, NULL), rank);
    for (int k = 0; k < rank; k++) assert_int_equal(got[k], shape[k]);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(set);
}

static void check_text_attribute(hid_t object, const char *name, const char *want)
{
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    char *got = NULL;

    assert_true(H5Aread(attribute, type, &got) >= 0);
    assert_string_equal(got, want);
    H5free_memory(got);
    H5Tclose(type);
    H5Aclose(attribute);
}

static void check_text_set(hid_t file, const char *name, const char *want)
{
    const hid_t set = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(set);
    char *got = NULL;

    assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &got) >= 0);
    assert_string_equal(got, want);
    H5free_memory(got);
    H5Tclose(type);
    H5Dclose(set);
}

static void hdf5_reads_back(void **state)
{
    place *p = *state;
    double *data = nl_arena_alloc(p->arena, LONG_SERIES * 6 * sizeof(double));
    nl_sink *sink = open_or_fail(p, "out.h5");

    write_all(sink);
    close_or_fail(sink);
    assert_int_equal(file_count(p), 1);
    const hid_t file = H5Fopen(path_in(p, "out.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    read_set(file, "E.v", 2, (hsize_t[]){ LONG_SERIES, 3 }, data);
    for (size_t n = 0; n < LONG_SERIES; n++)
        for (size_t k = 0; k < 3; k++) assert_true(data[3 * n + k] == sample(1, n, k));
    read_set(file, "map", 3, (hsize_t[]){ LONG_SERIES, 2, 3 }, data);
    assert_true(data[6 * LONG_SERIES - 1] == sample(2, LONG_SERIES - 1, 5));
    read_set(file, "map.t", 1, (hsize_t[]){ LONG_SERIES }, data);
    assert_true(data[LONG_SERIES - 1] == sample_time(LONG_SERIES - 1));
    read_set(file, "loss@0", 1, (hsize_t[]){ 5 }, data);
    assert_true(data[4] == -5.0);
    read_set(file, "W", 2, (hsize_t[]){ 2, 3 }, data);
    assert_memory_equal(data, matrix, sizeof matrix);
    read_set(file, "none", 1, (hsize_t[]){ 0 }, data);
    check_text_set(file, "rule", words);
    check_text_set(file, "empty", "");
    check_text_attribute(file, "source", header.source);
    check_text_attribute(file, "time_unit", "ms");
    const hid_t set = H5Dopen2(file, "loss", H5P_DEFAULT);
    check_text_attribute(set, "doc", "mean(abs(X.x - target))");
    H5Dclose(set);
    assert_true(H5Lexists(file, "E.v@0", H5P_DEFAULT) <= 0);
    assert_int_equal(H5Fget_obj_count(file, H5F_OBJ_ALL), 1);
    H5Fclose(file);
}

/* A sample larger than a chunk may be, and a source text longer than HDF5's old limit for attributes. */
static void hdf5_takes_large_things(void **state)
{
    place *p = *state;
    const nl_sink_series info = { .name = "big", .unit = "1", .doc = NULL, .rank = 2, .shape = { 701, 409 } };
    const size_t count = 701 * 409;
    nl_sink_header long_header = header;
    char *source = nl_arena_alloc(p->arena, 300001);
    double *data = NL_NEW_ARRAY(p->arena, double, 2 * count);
    const char *why;

    memset(source, 'x', 300000);
    long_header.source = source;
    for (size_t i = 0; i < count; i++) data[i] = sample(0, i, 0);
    nl_sink *sink = nl_sink_open(p->arena, path_in(p, "big.hdf5"), &long_header, &why);
    assert_non_null(sink);
    assert_int_equal(nl_sink_add(sink, &info), 0);
    for (int n = 0; n < 2; n++) assert_true(nl_sink_append(sink, 0, n, data));
    close_or_fail(sink);
    const hid_t file = H5Fopen(path_in(p, "big.hdf5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    read_set(file, "big", 3, (hsize_t[]){ 2, 701, 409 }, data);
    assert_true(data[2 * count - 1] == sample(0, count - 1, 0));
    check_text_attribute(file, "source", source);
    H5Fclose(file);
}
#endif

/* ---- CSV ---- */

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%.2000s", part, text);
}

static void csv_of_many_shapes_is_many_files(void **state)
{
    place *p = *state;
    size_t length;
    nl_sink *sink = open_or_fail(p, "out.csv");

    write_all(sink);
    close_or_fail(sink);
    assert_int_equal(file_count(p), 5); /* out.csv, out@0.csv and one for each series */
    const char *text = read_all(p, path_in(p, "out.csv"), &length);
    assert_contains(text, "# dt = 0.1 ms\n# parameters:\n#   N = 3\n#   tau = 2.385 ms\n");
    assert_contains(text, "# source:\n#   # the text\n");
    assert_contains(text, "#   t_resp = 4.723456789012346 ms\n");
    assert_contains(text, "#   W = [[1.5, -2.25, 1e+300], [0.1, 0.3333333333333333, -0]] nS\n");
    assert_contains(text, "#   rule = \"a \\\"word\\\" \xc2\xb5 \xf0\x9d\x84\x9e\\nsecond line\"\n");
    assert_contains(text, "# map: see out.map.csv\n");
    text = read_all(p, path_in(p, "out.map.csv"), &length);
    assert_contains(text, "t,map[0][0],map[0][1],map[0][2],map[1][0],map[1][1],map[1][2]\n0,");
    text = read_all(p, path_in(p, "out@0.csv"), &length);
    assert_contains(text, "t,loss\n0,-1\n0.1,-2\n0.2,-3\n0.30000000000000004,-4\n0.4,-5\n");
}

static void csv_of_like_series_is_one_table(void **state)
{
    place *p = *state;
    const nl_sink_series infos[] = { { .name = "a", .unit = "mV", .doc = "E.v[0]", .rank = 0, .shape = { 0 } },
                                     { .name = "b", .unit = "1", .doc = NULL, .rank = 1, .shape = { 2 } } };
    size_t length, lines = 0;
    double large[17];
    nl_sink *sink = open_or_fail(p, "like.CSV");

    for (int i = 0; i < 2; i++) nl_sink_add(sink, &infos[i]);
    for (size_t n = 0; n < LONG_SERIES; n++) {
        nl_sink_append(sink, 0, sample_time(n), &(double){ 0.5 });
        nl_sink_append(sink, 1, sample_time(n), (double[]){ (double)n, 1.0 / 3.0 });
    }
    for (size_t k = 0; k < 17; k++) large[k] = (double)k / 7;
    nl_sink_value(sink, "large", "1", 1, &(size_t){ 17 }, large);
    close_or_fail(sink);
    assert_int_equal(file_count(p), 2);
    const char *text = read_all(p, path_in(p, "like.CSV"), &length);
    assert_contains(text, "#   large = (see like.large.csv)\n");
    assert_contains(text, "# series:\n#   t ms\n#   a mV = E.v[0]\n#   b\nt,a,b[0],b[1]\n"
                          "0,0.5,0,0.3333333333333333\n0.1,0.5,1,0.3333333333333333\n");
    for (const char *q = strstr(text, "\nt,a"); *q != '\0'; q++) lines += *q == '\n';
    assert_int_equal(lines, LONG_SERIES + 2);
    text = read_all(p, path_in(p, "like.large.csv"), &length);
    assert_memory_equal(text, "0\n0.14285714285714285\n", 22);
}

/* ---- all formats ---- */

static void refusals_say_why(void **state)
{
    place *p = *state;
    const struct { const char *path, *part; } cases[] = {
        { path_in(p, "out.mat"), "its name must end in" },
        { path_in(p, ".npz"), "a name like any other behind a folder" },
        { path_in(p, "out"), ".npz or .csv" },
        { path_in(p, "no/such/out.npz"), "No such file or directory" },
        { path_in(p, "dir.csv"), "it is a directory" },
        { path_in(p, "pipe.npz"), "it is not a regular file" },
    };
    const char *why = NULL;

    assert_int_equal(mkdir(path_in(p, "dir.csv"), 0777), 0);
    assert_int_equal(mkfifo(path_in(p, "pipe.npz"), 0666), 0);
    for (size_t i = 0; i < NL_LEN(cases); i++) {
        nl_sink *sink = nl_sink_open(p->arena, cases[i].path, &header, &why);

        if (sink != NULL) { /* ".npz" is a name like any other behind a folder */
            nl_sink_discard(sink);
            continue;
        }
        assert_contains(why, cases[i].part);
    }
    assert_int_equal(file_count(p), 2);
}

/* Samples without numbers (of an empty part of a population) still have their times. */
static void empty_samples_are_kept(void **state)
{
    static const char *const names[] = { "e.npz", "e.csv",
#ifdef NL_HAVE_HDF5
                                         "e.h5",
#endif
    };
    const nl_sink_series info = { .name = "none", .unit = "mV", .doc = NULL, .rank = 2, .shape = { 3, 0 } };

    for (size_t i = 0; i < NL_LEN(names); i++) {
        nl_sink *sink = open_or_fail(*state, names[i]);

        assert_int_equal(nl_sink_add(sink, &info), 0);
        for (size_t n = 0; n < LONG_SERIES; n++) assert_true(nl_sink_append(sink, 0, sample_time(n), NULL));
        close_or_fail(sink);
    }
    size_t length, bytes;
    const char *zip = read_all(*state, path_in(*state, "e.npz"), &length);
    npy(zip, length, "none.npy", "'shape': (20011, 3, 0), }", &bytes);
    assert_int_equal(bytes, 0);
    npy(zip, length, "none.t.npy", "'shape': (20011,), }", &bytes);
}

static void names_are_taken_once(void **state)
{
    place *p = *state;
    const nl_sink_series info = { .name = "x", .unit = "1", .doc = NULL, .rank = 0, .shape = { 0 } };
    const char *why = NULL;
    nl_sink *sink = open_or_fail(p, "twice.npz");

    assert_int_equal(nl_sink_add(sink, &info), 0);
    assert_false(nl_sink_value(sink, "x.t", "1", 0, NULL, &(double){ 1 }));
    assert_string_equal(nl_sink_error(sink), "two results have the name `x.t`");
    assert_false(nl_sink_close(sink, &why));
    assert_string_equal(why, "two results have the name `x.t`");
    assert_int_equal(file_count(p), 0);
}

static void what_was_there_stays_until_the_end(void **state)
{
    static const char *const names[] = { "old.npz", "old.csv",
#ifdef NL_HAVE_HDF5
                                         "old.h5",
#endif
    };
    place *p = *state;
    size_t length;

    for (size_t i = 0; i < NL_LEN(names); i++) {
        const char *path = path_in(p, names[i]), *link = nl_arena_printf(p->arena, "%s/link-%s", p->folder, names[i]);
        FILE *file = fopen(path, "w");

        fputs("old", file);
        fclose(file);
        assert_int_equal(symlink(path, link), 0);
        nl_sink *sink = open_or_fail(p, names[i]);
        write_all(sink);
        nl_sink_discard(sink);
        assert_string_equal(read_all(p, path, &length), "old");
        assert_int_equal(file_count(p), 2);
        sink = open_or_fail(p, nl_arena_printf(p->arena, "link-%s", names[i]));
        close_or_fail(sink);
        read_all(p, path, &length);
        assert_true(length > 3);
        assert_int_equal(file_count(p), 2);
        unlink(path);
        unlink(link);
    }
}

/* ---- trains, and values at events ---- */

static double spike_time(size_t n) { return 0.1 * (double)(n / 3); }
static uint32_t spike_id(size_t n) { return 100 + (uint32_t)(n % 3); }

/* Some spikes of a part, an old segment of them, values at events, and a value that has the name of a group. */
static void write_trains(nl_sink *sink)
{
    const nl_sink_series train = { .name = "E.spikes", .has_ids = true, .group = "spikes/E", .first = 100, .count = 7 };
    const nl_sink_series bursts = { .name = "G.burst", .has_ids = true, .group = "events/G.burst", .count = 1 };
    const nl_sink_series masses = { .name = "m", .unit = "pg", .doc = "C.mass", .has_ids = true };

    assert_int_equal(nl_sink_add(sink, &train), 0);
    assert_int_equal(nl_sink_add(sink, &bursts), 1);
    assert_int_equal(nl_sink_add(sink, &masses), 2);
    assert_true(nl_sink_append_of(sink, 0, 0.5, 103, NULL));
    assert_true(nl_sink_segment(sink));
    for (size_t n = 0; n < LONG_SERIES; n++) {
        const double mass = sample(0, n, 0);
        assert_true(nl_sink_append_of(sink, 0, spike_time(n), spike_id(n), NULL));
        assert_true(nl_sink_append_of(sink, 2, spike_time(n), spike_id(n), &mass));
    }
    assert_true(nl_sink_value(sink, "spikes", "1", 0, NULL, &(double){ LONG_SERIES }));
}

static void npz_has_trains(void **state)
{
    place *p = *state;
    size_t length, bytes;
    nl_sink *sink = open_or_fail(p, "out.npz");

    write_trains(sink);
    close_or_fail(sink);
    const char *zip = read_all(p, path_in(p, "out.npz"), &length);
    const char *times =
        npy(zip, length, "E.spikes.t.npy", "'<f8', 'fortran_order': False, 'shape': (20011,), }", &bytes);
    const char *ids =
        npy(zip, length, "E.spikes.id.npy", "'<u8', 'fortran_order': False, 'shape': (20011,), }", &bytes);
    const char *masses = npy(zip, length, "m.npy", "'shape': (20011,)", &bytes);
    const char *elements = npy(zip, length, "m.id.npy", "'<u8'", &bytes);
    for (size_t n = 0; n < LONG_SERIES; n++) {
        const double time = spike_time(n), mass = sample(0, n, 0);
        assert_memory_equal(times + n * sizeof time, &time, sizeof time);
        assert_memory_equal(masses + n * sizeof mass, &mass, sizeof mass);
        assert_int_equal(le(ids + 8 * n, 8), spike_id(n));
        assert_int_equal(le(elements + 8 * n, 8), spike_id(n));
    }
    const char *neurons = npy(zip, length, "E.spikes.neurons.npy", "'<u8'", &bytes);
    assert_true(le(neurons, 8) == 100 && le(neurons + 8, 8) == 7);
    assert_int_equal(le(npy(zip, length, "E.spikes@0.id.npy", "'shape': (1,)", &bytes), 8), 103);
    npy(zip, length, "G.burst.t.npy", "'shape': (0,)", &bytes);
    assert_null(zip_member(zip, length, "E.spikes.npy", &bytes));
}

static void csv_has_trains(void **state)
{
    place *p = *state;
    size_t length;
    nl_sink *sink = open_or_fail(p, "out.csv");

    write_trains(sink);
    close_or_fail(sink);
    assert_int_equal(file_count(p), 5);
    assert_non_null(strstr(read_all(p, path_in(p, "out.csv"), &length), "# E.spikes: see out.E.spikes.csv\n"));
    const char *text = read_all(p, path_in(p, "out.E.spikes.csv"), &length);
    assert_non_null(strstr(text, "#   E.spikes (7 neurons from 100 on)\nt,id\n0,100\n0,101\n0,102\n0.1,100\n"));
    assert_non_null(strstr(read_all(p, path_in(p, "out.E.spikes@0.csv"), &length), "\nt,id\n0.5,103\n"));
    assert_non_null(strstr(read_all(p, path_in(p, "out.m.csv"), &length), "\nt,id,m\n0,100,2.385\n0,101,2.485\n"));
    assert_non_null(strstr(read_all(p, path_in(p, "out.G.burst.csv"), &length), "\nt,id\n"));
}

#ifdef NL_HAVE_HDF5
static uint64_t whole_attribute(hid_t file, const char *group, const char *name)
{
    const hid_t attribute = H5Aopen_by_name(file, group, name, H5P_DEFAULT, H5P_DEFAULT);
    uint64_t number = 0;

    assert_true(H5Aread(attribute, H5T_NATIVE_UINT64, &number) >= 0);
    H5Aclose(attribute);
    return number;
}

/* The layout of SONATA: what its readers ask for. */
static void hdf5_has_trains(void **state)
{
    place *p = *state;
    double *times = nl_arena_alloc(p->arena, 2 * LONG_SERIES * sizeof(double)), *ids = times + LONG_SERIES;
    nl_sink *sink = open_or_fail(p, "out.h5");
    uint8_t sorting = 0;

    write_trains(sink);
    close_or_fail(sink);
    const hid_t file = H5Fopen(path_in(p, "out.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    read_set(file, "spikes/E/timestamps", 1, (hsize_t[]){ LONG_SERIES }, times);
    read_set(file, "spikes/E/node_ids", 1, (hsize_t[]){ LONG_SERIES }, ids);
    for (size_t n = 0; n < LONG_SERIES; n++) assert_true(times[n] == spike_time(n) && ids[n] == spike_id(n));
    const hid_t set = H5Dopen2(file, "spikes/E/node_ids", H5P_DEFAULT), type = H5Dget_type(set);
    assert_true(H5Tequal(type, H5T_NATIVE_UINT64) > 0);
    H5Tclose(type);
    H5Dclose(set);
    const hid_t stamps = H5Dopen2(file, "spikes/E/timestamps", H5P_DEFAULT);
    check_text_attribute(stamps, "units", "ms");
    H5Dclose(stamps);
    const hid_t order = H5Aopen_by_name(file, "spikes/E", "sorting", H5P_DEFAULT, H5P_DEFAULT);
    const hid_t names = H5Aget_type(order);
    assert_true(H5Aread(order, names, &sorting) >= 0);
    char word[16];
    assert_true(H5Tenum_nameof(names, &sorting, word, sizeof word) >= 0);
    assert_string_equal(word, "by_time");
    H5Tclose(names);
    H5Aclose(order);
    assert_int_equal(whole_attribute(file, "spikes/E", "first_node"), 100);
    assert_int_equal(whole_attribute(file, "spikes/E", "node_count"), 7);
    read_set(file, "spikes/E@0/node_ids", 1, (hsize_t[]){ 1 }, ids);
    assert_true(ids[0] == 103);
    read_set(file, "events/G.burst/timestamps", 1, (hsize_t[]){ 0 }, ids);
    read_set(file, "m", 1, (hsize_t[]){ LONG_SERIES }, times);
    read_set(file, "m.id", 1, (hsize_t[]){ LONG_SERIES }, ids);
    assert_true(times[4] == sample(0, 4, 0) && ids[4] == 101);
    read_set(file, "spikes_", 0, NULL, times);
    assert_true(times[0] == LONG_SERIES);
    H5Fclose(file);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(npz_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(npz_has_trains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_has_trains, set_up, tear_down),
#ifdef NL_HAVE_HDF5
        cmocka_unit_test_setup_teardown(hdf5_has_trains, set_up, tear_down),
#endif
        cmocka_unit_test_setup_teardown(zip_offsets_are_wide, set_up, tear_down),
#ifdef NL_HAVE_HDF5
        cmocka_unit_test_setup_teardown(hdf5_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hdf5_takes_large_things, set_up, tear_down),
#endif
        cmocka_unit_test_setup_teardown(csv_of_many_shapes_is_many_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_of_like_series_is_one_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_say_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_samples_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_taken_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_stays_until_the_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
