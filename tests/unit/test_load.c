#include "../support/values.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#if NL_HAVE_HDF5
#include <hdf5.h>
#endif

static char folder[] = "/tmp/netlang-load-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t length)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static nl_value load(bench *b, const char *name)
{
    b->cx.folder = folder;
    return nl_func_call(&b->cx, (nl_span){ 0, 0 }, "load", &(nl_arg){ .value = nl_value_text(b->cx.arena, name) }, 1);
}

/* A .npy file of a version with this dictionary and these elements. */
static void write_npy(const char *name, int version, const char *dictionary, const void *elements, size_t size)
{
    unsigned char bytes[1024] = "\x93NUMPY";
    const size_t length = strlen(dictionary), begin = version == 1 ? 10 : 12;

    bytes[6] = (unsigned char)version;
    bytes[8] = (unsigned char)length;
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + begin, dictionary, length);
    memcpy(bytes + begin + length, elements, size);
    write_file(name, bytes, begin + length + size);
}

#define NPY(type, order, shape) "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }\n"

static void npy_of_every_type(void **unused)
{
    const struct { const char *dictionary; const char *bytes; size_t size; const char *shown; } files[] = {
        { NPY("<f8", "False", "(2,)"), "\0\0\0\0\0\0\xF8\x3F\0\0\0\0\0\0\0\xC0", 16, "[1.5, -2]" },
        { NPY(">f8", "False", "(1,)"), "\x3F\xF8\0\0\0\0\0\0", 8, "[1.5]" },
        { NPY("<f4", "False", "()"), "\0\0\xC0\x3F", 4, "1.5" },
        { NPY("<f2", "False", "(4,)"), "\0\x3E\0\xFC\1\0\xFF\x7B", 8, "[1.5, -inf, 5.9604645e-08, 65504]" },
        { NPY("|i1", "False", "(2,)"), "\xFF\x7F", 2, "[-1, 127]" },
        { NPY("|u1", "False", "(2,)"), "\xFF\x7F", 2, "[255, 127]" },
        { NPY(">i2", "False", "(2,)"), "\xFF\xFE\1\0", 4, "[-2, 256]" },
        { NPY("<u2", "False", "(1,)"), "\xFE\xFF", 2, "[65534]" },
        { NPY("<i4", "False", "(1,)"), "\xFE\xFF\xFF\xFF", 4, "[-2]" },
        { NPY("<u4", "False", "(1,)"), "\xFE\xFF\xFF\xFF", 4, "[4294967294]" },
        { NPY("<i8", "False", "(1,)"), "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, "[-2]" },
        { NPY("<u8", "False", "(1,)"), "\0\0\0\0\0\1\0\0", 8, "[1099511627776]" },
        { NPY("|b1", "False", "(3,)"), "\1\0\1", 3, "[true, false, true]" },
        { NPY("|i1", "False", "(2, 3)"), "\1\2\3\4\5\6", 6, "[[1, 2, 3], [4, 5, 6]]" },
        { NPY("|i1", "True", "(2, 3)"), "\1\2\3\4\5\6", 6, "[[1, 3, 5], [2, 4, 6]]" },
        { NPY("|i1", "True", "(1, 2, 2)"), "\1\2\3\4", 4, "[[[1, 3], [2, 4]]]" },
        { NPY("<f8", "False", "(0, 3)"), "", 0, "[]" },
        { "{\"shape\":(2,),'fortran_order':False,'descr':\"|u1\"}", "\1\2", 2, "[1, 2]" },
    };
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(files); i++)
        for (int version = 1; version <= 3; version++) {
            write_npy("a.npy", version, files[i].dictionary, files[i].bytes, files[i].size);
            assert_shown(b, load(b, "a.npy"), files[i].shown);
        }
    bench_free(b);
}

static void damaged_npy_is_refused(void **unused)
{
    const struct { const char *dictionary; size_t size; const char *fault; } files[] = {
        { NPY("<f8", "False", "(3,)"), 16,
          "it is damaged: its header promises the shape [3], which does not fill the 16 bytes that follow" },
        { NPY("<f8", "False", "(2,)"), 17,
          "it is damaged: its header promises the shape [2], which does not fill the 17 bytes that follow" },
        { NPY("<f8", "False", "(99999999999999999999,)"), 16, "it is damaged: its header cannot be read" },
        { NPY("<f8", "False", "(281474976710655, 281474976710655)"), 16,
          "it is damaged: its header promises the shape [281474976710655, 281474976710655], which does not fill the 16 "
          "bytes that follow" },
        { NPY("<f8", "False", "(-2,)"), 16, "it is damaged: its header cannot be read" },
        { NPY("<f8", "Maybe", "(2,)"), 16, "it is damaged: its header cannot be read" },
        { NPY("<f8", "False", "(2,"), 16, "it is damaged: its header cannot be read" },
        { "{'descr': '<f8', 'shape': (2,), }", 16, "it is damaged: its header cannot be read" },
        { "{'descr': '<f8', 'descr': '<f8', 'shape': (2,), 'fortran_order': False}", 16,
          "it is damaged: its header cannot be read" },
        { NPY("<f8", "False", "(2,)") "x", 16, "it is damaged: its header cannot be read" },
        { NPY("<f8", "False", "(1,1,1,1,1,1,1,1,2)"), 16, "it has more than 8 axes" },
        { NPY("<c16", "False", "(1,)"), 16, "it holds complex numbers; save real and imaginary part" },
        { NPY("|O", "False", "(1,)"), 16, "it holds Python objects" },
        { NPY("<U4", "False", "(1,)"), 16, "it holds texts" },
        { NPY("<f16", "False", "(1,)"), 16, "the type of its elements is none that load() reads" },
        { NPY("|V8", "False", "(2,)"), 16, "the type of its elements is none that load() reads" },
        { "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", 16,
          "it is a structured array; save its fields one by one" },
        { NPY("|b1", "False", "(17,)"), 17, "it is damaged: element 3 is neither true nor false" },
        { NPY("<u8", "False", "(1,)"), 8, "element 0 is a whole number too large for a double" },
    };
    static const char elements[17] = "\1\0\1\2\0\0\0\1";
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(files); i++) {
        write_npy("a.npy", 1, files[i].dictionary, elements, files[i].size);
        assert_refused(b, load(b, "a.npy"), nl_arena_printf(b->cx.arena, "cannot load `a.npy`: %s", files[i].fault));
    }
    /* cut off at every byte */
    write_npy("whole.npy", 1, NPY("<f8", "False", "(2,)"), elements, 16);
    FILE *file = fopen(path_of("whole.npy"), "rb");
    char bytes[256];
    const size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < length; cut++) {
        write_file("cut.npy", bytes, cut);
        assert_int_equal(load(b, "cut.npy").kind, NL_KIND_NONE);
    }
    bench_free(b);
}

static void texts_of_numbers(void **unused)
{
    const struct { const char *text, *shown; } files[] = {
        { "1,2\n3,4\n", "[[1, 2], [3, 4]]" },
        { "1;2\r\n3;4", "[[1, 2], [3, 4]]" },
        { "1\t2\n3\t-4e-1\n", "[[1, 2], [3, -0.4]]" },
        { "  1   2 \n\n# comment\n 3 \t 4 # 5\n", NULL },
        { "  1   2 \n\n# comment\n 3 \t 4 \n", "[[1, 2], [3, 4]]" },
        { "1\n2\n3\n", "[1, 2, 3]" },
        { "1,2\n", "[[1, 2]]" },
        { "x,y\n1,2\n", "[[1, 2]]" },
        { "\xEF\xBB\xBF" "t;v\n1;2\n", "[[1, 2]]" },
        { "\"rate, E\",\"rate, I\"\n1,\"2\"\n", "[[1, 2]]" },
        { "time\n1\n", "[1]" },
        { "nan, inf\n-inf, 1\n", "[[nan, inf], [-inf, 1]]" },
    };
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(files); i++) {
        write_file("a.csv", files[i].text, strlen(files[i].text));
        if (files[i].shown == NULL) assert_int_equal(load(b, "a.csv").kind, NL_KIND_NONE);
        else assert_shown(b, load(b, "a.csv"), files[i].shown);
    }
    bench_free(b);
}

static void damaged_texts_are_refused(void **unused)
{
    const struct { const char *name, *text, *fault; } files[] = {
        { "a.csv", "1,2\n3\n", "line 2 has 1 number, the lines before it 2" },
        { "a.csv", "1,2\n\n3,x\n", "`x` in line 3 is no number" },
        { "a.csv", "1,2\n3,\n", "a number is missing in line 2" },
        { "a.csv", "a,1\n2,3\n", "`a` in line 1 is no number" },
        { "a.csv", "1,5;2\n", "`1,5` in line 1 is no number (decimals are written with a point)" },
        { "a.csv", "1\n0x10\n", "`0x10` in line 2 is no number" },
        { "a.csv", "# only this\n", "it holds no numbers" },
        { "a.csv", "", "it holds no numbers" },
        { "a.npy", "1,2\n", "it is damaged: it does not begin as .npy files do" },
        { "a.mtx", "1 2\n", "it is damaged: it does not begin with %%MatrixMarket" },
        { "a.h5", "1 2\n", "it is no HDF5 file, or damaged" },
        { "a.npz", "PK\3\4....", "it is an archive; save its arrays as .npy files, one each" },
    };
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(files); i++) {
        write_file(files[i].name, files[i].text, strlen(files[i].text));
        assert_refused(b, load(b, files[i].name),
                       nl_arena_printf(b->cx.arena, "cannot load `%s`: %s", files[i].name, files[i].fault));
    }
    assert_refused(b, load(b, "none.npy"), "cannot load `none.npy`: No such file or directory");
    assert_refused(b, load(b, "."), "cannot load `.`: it is not a file");
    bench_free(b);
}

static void matrix_market(void **unused)
{
    const struct { const char *text, *shown, *fault; } files[] = {
        { "%%MatrixMarket matrix coordinate real general\n% c\n2 3 2\n1 3 2.5\n2 1 -1\n", "[[0, 0, 2.5], [-1, 0, 0]]",
          NULL },
        { "%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 1\n2 1\n", "[[1, 1], [1, 0]]", NULL },
        { "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 3\n", "[[0, -3], [3, 0]]", NULL },
        { "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n", "[[1, 3], [2, 4]]", NULL },
        { "%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n", "[[1, 2], [2, 3]]", NULL },
        { "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", NULL, "it ends after 1 of 2 elements" },
        { "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\n2 2 2\n", NULL,
          "line 4 is more than its size promises" },
        { "%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n", NULL,
          "line 3 is about an element outside of the matrix" },
        { "%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n", NULL,
          "line 3 is about an element outside of the matrix" },
        { "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1\n", NULL, "line 3 is incomplete" },
        { "%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n", NULL,
          "line 3 is about an element that the symmetry gives" },
        { "%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n", NULL, "a symmetric matrix is square" },
        { "%%MatrixMarket matrix coordinate real general\n2 -2 1\n", NULL, "line 2 gives an impossible size" },
        { "%%MatrixMarket matrix coordinate complex general\n1 1 0\n", NULL, "it holds complex numbers" },
        { "%%MatrixMarket matrix\n", NULL, "its first line is incomplete" },
        { "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n", NULL, "it ends before its last element" },
        { "%%MatrixMarket matrix array real general\n", NULL, "it ends before the size of the matrix" },
    };
    bench *b = bench_new();

    (void)unused;
    for (size_t i = 0; i < NL_LEN(files); i++) {
        write_file("a.mtx", files[i].text, strlen(files[i].text));
        if (files[i].shown != NULL) assert_shown(b, load(b, "a.mtx"), files[i].shown);
        else
            assert_refused(b, load(b, "a.mtx"),
                           nl_arena_printf(b->cx.arena, "cannot load `a.mtx`: %s", files[i].fault));
    }
    assert_refused(b, nl_func_call(&b->cx, (nl_span){ 0, 0 }, "load", &(nl_arg){ .value = number(b, 1, NULL) }, 1),
                   "`path` is a text, not a number");
    bench_free(b);
}

#if NL_HAVE_HDF5
static void write_hdf5(void)
{
    const hid_t file = H5Fcreate(path_of("a.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t group = H5Gcreate2(file, "net", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t plane = H5Screate_simple(2, (hsize_t[]){ 2, 2 }, NULL), point = H5Screate(H5S_SCALAR);
    const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
    const hid_t word = H5Tcopy(H5T_C_S1);
    H5Tenum_insert(truth, "FALSE", (signed char[]){ 0 });
    H5Tenum_insert(truth, "TRUE", (signed char[]){ 1 });
    const struct { const char *name; hid_t type, space; const void *data; } sets[] = {
        { "net/w", H5T_NATIVE_FLOAT, plane, (float[]){ 1, 2.5, 3, 4 } },
        { "count", H5T_NATIVE_UINT16, point, (unsigned short[]){ 65535 } },
        { "mask", truth, plane, (signed char[]){ 1, 0, 0, 1 } },
        { "word", word, point, "x" },
        { "large", H5T_NATIVE_LLONG, point, (long long[]){ (1ll << 60) + 1 } },
    };

    for (size_t i = 0; i < NL_LEN(sets); i++) {
        const hid_t set =
            H5Dcreate2(file, sets[i].name, sets[i].type, sets[i].space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Dwrite(set, sets[i].type, H5S_ALL, H5S_ALL, H5P_DEFAULT, sets[i].data);
        H5Dclose(set);
    }
    H5Tclose(word);
    H5Tclose(truth);
    H5Sclose(point);
    H5Sclose(plane);
    H5Gclose(group);
    H5Fclose(file);
}

static void hdf5(void **unused)
{
    bench *b = bench_new();

    (void)unused;
    write_hdf5();
    assert_shown(b, load(b, "a.h5:/net/w"), "[[1, 2.5], [3, 4]]");
    assert_shown(b, load(b, "a.h5:/count"), "65535");
    assert_shown(b, load(b, "a.h5:/mask"), "[[true, false], [false, true]]");
    assert_refused(b, load(b, "a.h5:/word"), "cannot load `a.h5:/word`: `/word` does not hold numbers");
    assert_refused(b, load(b, "a.h5:/large"),
                   "cannot load `a.h5:/large`: element 0 is a whole number too large for a double");
    assert_refused(b, load(b, "a.h5:/net"), "cannot load `a.h5:/net`: the file has no data set `/net`");
    assert_refused(b, load(b, "a.h5"), "cannot load `a.h5`: of an HDF5 file, name a data set: load(\"a.h5:/path\")");
    assert_refused(b, load(b, "b.h5:/w"), "cannot load `b.h5:/w`: there is no such HDF5 file, or it is damaged");
    write_file("b.h5", "\x89HDF\r\n\x1a\n.....", 13);
    assert_refused(b, load(b, "b.h5:/w"), "cannot load `b.h5:/w`: there is no such HDF5 file, or it is damaged");
    bench_free(b);
}
#endif

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **unused)
{
    static const char *const names[] = { "a.npy", "whole.npy", "cut.npy", "a.csv", "a.mtx", "a.h5", "b.h5", "a.npz" };

    (void)unused;
    for (size_t i = 0; i < NL_LEN(names); i++) unlink(path_of(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_of_every_type),
        cmocka_unit_test(damaged_npy_is_refused),
        cmocka_unit_test(texts_of_numbers),
        cmocka_unit_test(damaged_texts_are_refused),
        cmocka_unit_test(matrix_market),
#if NL_HAVE_HDF5
        cmocka_unit_test(hdf5),
#endif
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
