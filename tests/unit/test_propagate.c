/* Sums over synapses against products with the dense matrix of weights. */
#include "support/close.h"

#include "net/propagate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- connections to test --- */

static nl_conn_context context_of(nl_side pre, nl_side post)
{
    nl_arena *arena = nl_arena_new();

    return (nl_conn_context){ .arena = arena,
                              .diags = nl_diags_new(arena, nl_sources_new(arena)),
                              .name = "AB",
                              .stream = nl_stream_of(3, "AB", 0),
                              .pre = pre,
                              .post = post,
                              .self_offset = LONG_MIN };
}

static nl_side line(size_t count)
{
    return (nl_side){ count, 1, { count, 1 } };
}

static nl_side grid(size_t rows, size_t columns)
{
    return (nl_side){ rows * columns, 2, { rows, columns } };
}

/* Awkward numbers, the same for the same key. */
static double *numbers(size_t count, uint64_t key)
{
    const nl_stream stream = nl_stream_of(key, "numbers", 0);
    double *out = calloc(count + 1, sizeof *out);

    for (size_t k = 0; k < count; k++) out[k] = 3 * nl_draw_unit(stream, k, 0) - 1;
    return out;
}

typedef enum rule { ALL, ONE, RANDOM, INDEGREE, WEIGHTS, DENSE_WEIGHTS, LOW_RANK, RULE_COUNT } rule;

static nl_conn *make(nl_conn_context *cx, rule r)
{
    double *w = numbers(cx->pre.count * cx->post.count, 11);
    double *u = numbers(3 * cx->post.count, 12), *v = numbers(3 * cx->pre.count, 13);
    nl_conn *conn = NULL;

    switch (r) {
    case ALL: conn = nl_conn_all_to_all(cx); break;
    case ONE: conn = cx->pre.count == cx->post.count ? nl_conn_one_to_one(cx) : NULL; break;
    case RANDOM: conn = nl_conn_random(cx, 0.2); break;
    case INDEGREE: conn = nl_conn_fixed_indegree(cx, 17, true); break;
    case WEIGHTS:
        for (size_t k = 0; k < cx->pre.count * cx->post.count; k += 3) w[k] = 0;
        conn = nl_conn_weights(cx, w, false);
        break;
    case DENSE_WEIGHTS: conn = nl_conn_weights(cx, w, true); break;
    case LOW_RANK: conn = nl_conn_low_rank(cx, 3, u, v); break;
    case RULE_COUNT: break;
    }
    free(w);
    free(u);
    free(v);
    return conn;
}

/* --- the reference --- */

/* The matrix [post, pre] of all weights, and of their sizes (for tolerances). */
static void matrix_of(const nl_conn *conn, nl_weights w, double *matrix, double *size)
{
    for (size_t s = 0; s < conn->synapse_count; s++) {
        uint32_t pre, post;
        double weight = 1;

        nl_conn_synapses(conn, s, 1, &pre, &post);
        if (w.values != NULL) weight = w.values[s];
        else if (w.rule) nl_conn_rule_weights(conn, s, 1, &weight);
        matrix[post * conn->pre.count + pre] += weight;
        size[post * conn->pre.count + pre] += fabs(weight);
    }
}

static void check_product(const nl_propagate_kernels *kernels, const nl_conn *conn, nl_weights w, bool to_pre)
{
    const size_t pre = conn->pre.count, post = conn->post.count, in = to_pre ? post : pre, out = to_pre ? pre : post;
    double *matrix = calloc(pre * post + 1, sizeof *matrix), *size = calloc(pre * post + 1, sizeof *size);
    double *x = numbers(in, 21), *got = numbers(out, 22);
    double *scratch = malloc((nl_propagate_scratch(conn) + 1) * sizeof *scratch);

    matrix_of(conn, w, matrix, size);
    (to_pre ? nl_propagate_to_pre : nl_propagate_to_post)(kernels, conn, w, x, got, scratch);
    for (size_t o = 0; o < out; o++) {
        double want = 0, room = 0;

        for (size_t i = 0; i < in; i++) {
            const size_t at = to_pre ? i * pre + o : o * pre + i;

            want += matrix[at] * x[i];
            room += (size[at] + 1) * fabs(x[i]); /* low rank takes its autapses off again */
        }
        if (!(fabs(got[o] - want) <= 1e-13 * room)) fail_msg("kind %d: %.17g, wanted %.17g", conn->kind, got[o], want);
    }
    free(matrix);
    free(size);
    free(x);
    free(got);
    free(scratch);
}

static void check_products(const nl_conn *conn)
{
    double *values = numbers(conn->synapse_count, 31);
    const nl_weights weights[] = { { NULL, false }, { NULL, true }, { values, false }, { values, true } };

    for (size_t k = 0; k < NL_LEN(weights); k++)
        for (int to_pre = 0; to_pre < 2; to_pre++) check_product(&nl_propagate_portable, conn, weights[k], to_pre);
    free(values);
}

static void every_kind_is_a_product(void **unused)
{
    static const struct {
        size_t pre, post;
        long self_offset;
    } sizes[] = { { 1, 1, LONG_MIN }, { 7, 8, LONG_MIN }, { 8, 7, 0 },    { 9, 9, 0 },    { 64, 64, 0 },
                  { 65, 65, 0 },      { 1, 1, 0 },        { 30, 70, -20 }, { 70, 30, 20 }, { 70, 30, 60 },
                  { 30, 70, 25 },     { 255, 3, -1 },     { 257, 255, 1 }, { 3, 257, -200 }, { 256, 256, LONG_MIN } };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(sizes); k++)
        for (int r = 0; r < RULE_COUNT; r++) {
            nl_conn_context cx = context_of(line(sizes[k].pre), line(sizes[k].post));

            cx.self_offset = sizes[k].self_offset;
            cx.no_self = sizes[k].self_offset != LONG_MIN && sizes[k].pre > 1;
            nl_conn *conn = make(&cx, (rule)r);
            if (conn != NULL) check_products(conn);
            nl_conn_free(conn);
            nl_arena_free(cx.arena);
        }
}

/* Sources of spikes are mostly 0: what is skipped makes no difference, and the rest is added by ascending pre
 * neuron. */
static void check_silent(const nl_conn *conn, const nl_conn *by_post)
{
    double *x = numbers(conn->pre.count, 71);
    double *got = numbers(conn->post.count, 72), *want = numbers(conn->post.count, 73);
    double *scratch = malloc((nl_propagate_scratch(conn) + 1) * sizeof *scratch);

    for (size_t i = 0; i < conn->pre.count; i++) x[i] = i % 7 == 3 ? x[i] : 0;
    nl_propagate_to_post(&nl_propagate_portable, conn, (nl_weights){ NULL, true }, x, got, scratch);
    memset(want, 0, conn->post.count * sizeof *want);
    for (size_t s = 0; s < by_post->synapse_count; s++) {
        uint32_t pre, post;
        double w;

        nl_conn_synapses(by_post, s, 1, &pre, &post);
        nl_conn_rule_weights(by_post, s, 1, &w);
        want[post] += w * x[pre];
    }
    for (size_t j = 0; j < conn->post.count; j++) assert_exact(got[j], want[j]);
    free(x);
    free(got);
    free(want);
    free(scratch);
}

static void rows_by_pre_are_products(void **unused)
{
    static const struct {
        size_t pre, post;
        long self_offset;
    } sizes[] = { { 1, 1, LONG_MIN }, { 9, 9, 0 }, { 30, 70, -20 }, { 255, 3, -1 }, { 700, 30, LONG_MIN } };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(sizes); k++)
        for (int r = 0; r < RULE_COUNT; r++) {
            nl_conn_context cx = context_of(line(sizes[k].pre), line(sizes[k].post));

            cx.self_offset = sizes[k].self_offset;
            cx.no_self = sizes[k].self_offset != LONG_MIN;
            nl_conn *by_post = make(&cx, (rule)r), *conn = nl_conn_by_pre(&cx, make(&cx, (rule)r), false);
            if (conn != NULL) {
                check_products(conn);
                check_silent(conn, by_post);
            }
            nl_conn_free(conn);
            nl_conn_free(by_post);
            nl_arena_free(cx.arena);
        }
}

static void leaving_oneself_out_does_not_cancel(void **unused)
{
    double x[] = { 1e200, 2.385, -1 }, out[3], scratch[4];

    (void)unused;
    nl_conn_context cx = context_of(line(3), line(3));
    cx.same = cx.no_self = true;
    nl_conn *conn = nl_conn_all_to_all(&cx);
    assert_int_equal(nl_propagate_scratch(conn), 4);
    nl_propagate_to_post(&nl_propagate_portable, conn, (nl_weights){ 0 }, x, out, scratch);
    assert_close(out[0], 1.385, 1e-15);
    nl_arena_free(cx.arena);
}

/* --- stencils --- */

static const int32_t offsets[][2] = { { -1, 0 }, { 1, 0 }, { 0, -1 }, { 0, 1 }, { 2, -3 }, { 0, 0 }, { -1, 0 } };
static const double offset_weights[] = { 0.25, -0.5, 2.385, 1e-3, 7, -1, 0.1 };
static const size_t forms[][2] = { { 1, 0 },  { 7, 0 },  { 8, 0 },   { 9, 0 },   { 255, 0 }, { 256, 0 }, { 257, 0 },
                                   { 1, 1 },  { 1, 9 },  { 9, 1 },   { 2, 3 },   { 7, 8 },   { 3, 256 }, { 40, 100 } };

typedef void (*stencil_check)(const nl_conn *conn);

static void each_stencil(stencil_check check)
{
    for (size_t f = 0; f < NL_LEN(forms); f++)
        for (int boundary = NL_WRAP; boundary <= NL_REFLECT; boundary++)
            for (size_t first = 0; first < 2; first++) {
                const nl_side side = forms[f][1] == 0 ? line(forms[f][0]) : grid(forms[f][0], forms[f][1]);
                const size_t count = first == 0 ? 4 : NL_LEN(offsets);
                nl_conn_context cx = context_of(side, side);
                nl_conn *conn = nl_conn_offsets(&cx, count, offsets, offset_weights, (nl_boundary)boundary);

                check(conn);
                nl_conn_free(conn);
                nl_arena_free(cx.arena);
            }
}

static void check_small(const nl_conn *conn)
{
    if (conn->post.count <= 1000) check_products(conn);
}

static void stencils_are_products(void **unused)
{
    (void)unused;
    each_stencil(check_small);
}

static void wide_kernels_are_products(void **unused)
{
    (void)unused;
    for (int boundary = NL_WRAP; boundary <= NL_REFLECT; boundary++)
        for (size_t n = 1; n <= 65; n += 8) {
            nl_conn_context cx = context_of(line(40), line(40));
            double *kernel = numbers(n, 41);
            nl_conn *conn = nl_conn_kernel(&cx, 1, &n, kernel, (nl_boundary)boundary);

            check_products(conn);
            free(kernel);
            nl_conn_free(conn);
            nl_arena_free(cx.arena);
        }
}

static void check_chunks(const nl_conn *conn)
{
    static const size_t chunks[] = { 1, 7, 256 };
    const size_t n = conn->post.count;
    double *x = numbers(n, 51), *whole = numbers(n, 52), *parts = numbers(n, 53);
    double *scratch = malloc((nl_propagate_scratch(conn) + 1) * sizeof *scratch);

    for (int own = 0; own < 2; own++) {
        nl_propagate_to_post(&nl_propagate_portable, conn, (nl_weights){ NULL, own }, x, whole, scratch);
        for (size_t c = 0; c < NL_LEN(chunks); c++) {
            for (size_t at = 0; at < n; at += chunks[c])
                nl_propagate_stencil_chunk(&nl_propagate_portable, conn, own, x, parts + at, at,
                                           n - at < chunks[c] ? n - at : chunks[c]);
            for (size_t k = 0; k < n; k++) assert_exact(parts[k], whole[k]);
        }
    }
    free(x);
    free(whole);
    free(parts);
    free(scratch);
}

static void chunks_of_stencils_are_the_same_bits(void **unused)
{
    (void)unused;
    each_stencil(check_chunks);
}

static void thin_stencils_are_told_from_wide_ones(void **unused)
{
    static const struct {
        size_t rows, columns;
        bool is_thin;
    } cases[] = { { 200, 200, true }, { 1, 200, true }, { 200, 4, false }, { 2, 2, false } };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        const nl_side side = grid(cases[k].rows, cases[k].columns);
        nl_conn_context cx = context_of(side, side);
        nl_conn *conn = nl_conn_offsets(&cx, 4, offsets, NULL, NL_WRAP);

        assert_int_equal(nl_propagate_stencil_is_thin(conn), cases[k].is_thin);
        nl_arena_free(cx.arena);
    }
}

/* --- several sources --- */

static void check_together(const nl_conn *conn, nl_weights w, bool to_pre, size_t count)
{
    const size_t in = to_pre ? conn->post.count : conn->pre.count, out = to_pre ? conn->pre.count : conn->post.count;
    double *sources[20], *outs[20], *alone = numbers(out, 5);
    double *scratch = malloc((nl_propagate_together_scratch(conn, count) + 1) * sizeof *scratch);

    for (size_t k = 0; k < count; k++) sources[k] = numbers(in, 31 + k), outs[k] = numbers(out, 7);
    nl_propagate_together(&nl_propagate_portable, conn, w, to_pre, count, (const double *const *)sources, outs,
                          scratch);
    for (size_t k = 0; k < count; k++) {
        (to_pre ? nl_propagate_to_pre : nl_propagate_to_post)(&nl_propagate_portable, conn, w, sources[k], alone,
                                                              scratch);
        if (memcmp(outs[k], alone, out * sizeof *alone) != 0)
            fail_msg("kind %d, source %zu of %zu", conn->kind, k, count);
        free(sources[k]);
        free(outs[k]);
    }
    free(alone);
    free(scratch);
}

static void check_all_together(nl_conn *conn)
{
    static const size_t counts[] = { 1, 2, 3, 5, 8, 9, 19 };
    double *values = numbers(conn->synapse_count, 41);

    for (int narrow = 0; narrow < 2; narrow++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (int way = 0; way < 6; way++) {
                const nl_weights w = { way % 3 == 2 ? values : NULL, way % 3 == 1 };
                check_together(conn, w, way / 3, counts[c]);
            }
        nl_conn_narrow(conn);
    }
    assert_int_equal(conn->narrow_index != NULL, conn->kind == NL_CONN_SPARSE);
    free(values);
    nl_conn_free(conn);
}

static void several_sources_give_what_each_does(void **unused)
{
    (void)unused;
    for (int r = 0; r < RULE_COUNT; r++) {
        nl_conn_context cx = context_of(line(53), line(37));
        nl_conn *conn = make(&cx, (rule)r);
        if (conn != NULL) check_all_together(conn);
        nl_arena_free(cx.arena);
    }
}

/* Matrices that are multiplied in stretches, with and without holes. */
static void large_matrices_are_multiplied_in_stretches(void **unused)
{
    (void)unused;
    for (int no_self = 0; no_self < 2; no_self++) {
        nl_conn_context cx = context_of(line(301), line(707));
        cx.self_offset = -100;
        cx.no_self = no_self;
        nl_conn *conn = nl_conn_all_to_all(&cx);
        double *values = numbers(conn->synapse_count, 43);
        for (int to_pre = 0; to_pre < 2; to_pre++) {
            check_product(&nl_propagate_portable, conn, (nl_weights){ values, false }, to_pre);
            check_together(conn, (nl_weights){ values, false }, to_pre, 3);
        }
        free(values);
        nl_conn_free(conn);
        nl_arena_free(cx.arena);
    }
}

static void indices_are_narrow_where_they_fit(void **unused)
{
    (void)unused;
    for (size_t count = 65536; count <= 65537; count++) {
        nl_conn_context cx = context_of(line(count), line(2));
        nl_conn *conn = nl_conn_fixed_indegree(&cx, 3, false);
        nl_conn_narrow(conn);
        assert_int_equal(conn->narrow_index != NULL, count == 65536);
        for (size_t k = 0; conn->narrow_index != NULL && k < 6; k++)
            assert_int_equal(conn->narrow_index[k], conn->pre_index[k]);
        nl_conn_free(conn);
        nl_arena_free(cx.arena);
    }
}

/* --- the order of additions --- */

static void rows_add_in_eight_lanes(void **unused)
{
    enum { N = 257 };
    uint32_t col[N];
    double *x = numbers(N, 61), *w = numbers(N, 62);

    (void)unused;
    for (uint32_t k = 0; k < N; k++) col[k] = (k * 100) % N;
    for (size_t n = 0; n <= N; n += n < 20 ? 1 : 79) {
        const uint64_t begin[] = { 0, n };
        double s[8] = { 0 }, got;

        for (size_t k = 0; k < n; k++) s[k % 8] += w[k] * x[col[k]];
        nl_propagate_portable.csr(1, begin, col, w, x, &got);
        assert_exact(got, ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
    }
    free(x);
    free(w);
}

static void values_are_added_where_they_belong(void **unused)
{
    static const uint32_t index[] = { 2, 0, 2, 2 };
    static const double values[] = { 1.5, 2.385, -4, 8 };
    double out[3] = { 0, 7, 0 };

    (void)unused;
    nl_propagate_accumulate(4, index, values, out);
    assert_exact(out[0], 2.385);
    assert_exact(out[1], 7);
    assert_exact(out[2], 5.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_a_product),
        cmocka_unit_test(rows_by_pre_are_products),
        cmocka_unit_test(leaving_oneself_out_does_not_cancel),
        cmocka_unit_test(stencils_are_products),
        cmocka_unit_test(wide_kernels_are_products),
        cmocka_unit_test(chunks_of_stencils_are_the_same_bits),
        cmocka_unit_test(thin_stencils_are_told_from_wide_ones),
        cmocka_unit_test(several_sources_give_what_each_does),
        cmocka_unit_test(large_matrices_are_multiplied_in_stretches),
        cmocka_unit_test(indices_are_narrow_where_they_fit),
        cmocka_unit_test(rows_add_in_eight_lanes),
        cmocka_unit_test(values_are_added_where_they_belong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
