/* Connection rules against the plainest statement of each. */
#include "support/close.h"

#include "net/conn.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- a context and what became of it --- */

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

static nl_conn_context lines(size_t pre, size_t post)
{
    return context_of(line(pre), line(post));
}

static void done(nl_conn_context *cx, nl_conn *conn)
{
    nl_conn_free(conn);
    nl_arena_free(cx->arena);
}

static bool is_autapse(const nl_conn_context *cx, size_t post, size_t pre)
{
    if (cx->same) return pre == post;
    return cx->self_offset != LONG_MIN && (long)pre == (long)post + cx->self_offset;
}

/* Number of synapses of each pair, [post, pre], through chunks of one size. */
static unsigned *counts_by(const nl_conn *conn, size_t chunk)
{
    unsigned *counts = calloc(conn->pre.count * conn->post.count + 1, sizeof *counts);
    uint32_t *pre = calloc(chunk, sizeof *pre), *post = calloc(chunk, sizeof *post);

    for (size_t at = 0; at < conn->synapse_count; at += chunk) {
        const size_t n = conn->synapse_count - at < chunk ? conn->synapse_count - at : chunk;

        nl_conn_synapses(conn, at, n, pre, post);
        for (size_t k = 0; k < n; k++) {
            assert_true(pre[k] < conn->pre.count && post[k] < conn->post.count);
            counts[post[k] * conn->pre.count + pre[k]]++;
        }
    }
    free(pre);
    free(post);
    return counts;
}

/* Rows in order; partners ascending within a row, except for stencils and where delays come first. */
static void check_order(const nl_conn *conn)
{
    const bool is_out = conn->kind == NL_CONN_OUT, ascends = conn->kind != NL_CONN_STENCIL && conn->run_begin == NULL;
    uint32_t pre[2] = { 0 }, post[2] = { 0 };
    const uint32_t *row = is_out ? pre : post, *partner = is_out ? post : pre;

    for (size_t s = 0; s < conn->synapse_count; s++) {
        nl_conn_synapses(conn, s, 1, pre + 1, post + 1);
        assert_true(row[1] >= row[0]);
        if (ascends && row[1] == row[0] && s > 0) assert_true(partner[1] >= partner[0]);
        pre[0] = pre[1];
        post[0] = post[1];
    }
}

static void check_degrees(const nl_conn *conn, const unsigned *counts)
{
    double *in = calloc(conn->post.count + 1, sizeof *in), *out = calloc(conn->pre.count + 1, sizeof *out);

    nl_conn_degrees(conn, in, out);
    for (size_t j = 0; j < conn->post.count; j++)
        for (size_t i = 0; i < conn->pre.count; i++) {
            in[j] -= counts[j * conn->pre.count + i];
            out[i] -= counts[j * conn->pre.count + i];
        }
    for (size_t j = 0; j < conn->post.count; j++) assert_exact(in[j], 0);
    for (size_t i = 0; i < conn->pre.count; i++) assert_exact(out[i], 0);
    free(in);
    free(out);
}

/* The counts, after the different ways to ask for them agreed. */
static unsigned *counts_of(const nl_conn *conn)
{
    static const size_t chunks[] = { 1, 7, 256 };
    assert_non_null(conn);
    unsigned *counts = counts_by(conn, 1000000);

    for (size_t c = 0; c < NL_LEN(chunks); c++) {
        unsigned *again = counts_by(conn, chunks[c]);

        assert_memory_equal(counts, again, conn->pre.count * conn->post.count * sizeof *counts);
        free(again);
    }
    check_order(conn);
    check_degrees(conn, counts);
    return counts;
}

static const char *first_message(const nl_conn_context *cx)
{
    return nl_diags_count(cx->diags) > 0 ? nl_diags_get(cx->diags, 0)->text : "";
}

static void check_refused(nl_conn_context *cx, nl_conn *conn, nl_code code, const char *words)
{
    assert_null(conn);
    assert_int_equal(nl_diags_error_count(cx->diags), 1);
    assert_int_equal(nl_diags_get(cx->diags, 0)->code, code);
    if (strstr(first_message(cx), words) == NULL) fail_msg("'%s' is not in '%s'", words, first_message(cx));
    done(cx, NULL);
}

/* The same synapses in the same order. */
static void check_same(const nl_conn *a, const nl_conn *b)
{
    assert_int_equal(a->synapse_count, b->synapse_count);
    for (size_t s = 0; s < a->synapse_count; s++) {
        uint32_t pre[2], post[2];

        nl_conn_synapses(a, s, 1, pre, post);
        nl_conn_synapses(b, s, 1, pre + 1, post + 1);
        assert_true(pre[0] == pre[1] && post[0] == post[1]);
    }
}

/* --- every pair, one to one --- */

static const struct {
    size_t pre, post;
    long self_offset;
} parts[] = { { 1, 1, 0 },  { 7, 7, 0 },   { 5, 9, 2 },   { 9, 5, -2 }, { 9, 5, 3 },    { 5, 9, -6 },
              { 5, 5, 40 }, { 5, 5, -40 }, { 0, 3, 0 },   { 3, 0, 0 },  { 33, 65, -40 }, { 4, 4, LONG_MIN } };

static void all_to_all_is_every_pair(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < NL_LEN(parts); k++)
        for (int no_self = 0; no_self < 2; no_self++) {
            nl_conn_context cx = lines(parts[k].pre, parts[k].post);

            cx.self_offset = parts[k].self_offset;
            cx.no_self = no_self;
            nl_conn *conn = nl_conn_all_to_all(&cx);
            unsigned *counts = counts_of(conn);
            size_t total = 0;

            assert_int_equal(conn->kind, NL_CONN_ALL);
            for (size_t j = 0; j < cx.post.count; j++)
                for (size_t i = 0; i < cx.pre.count; i++) {
                    const unsigned want = !(no_self && is_autapse(&cx, j, i));

                    assert_int_equal(counts[j * cx.pre.count + i], want);
                    total += want;
                }
            assert_int_equal(conn->synapse_count, total);
            assert_exact(nl_conn_pair_count(&cx), (double)total);
            free(counts);
            done(&cx, conn);
        }
}

static void one_to_one_needs_equal_sizes(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines(9, 9);
    nl_conn *conn = nl_conn_one_to_one(&cx);
    unsigned *counts = counts_of(conn);

    for (size_t k = 0; k < 81; k++) assert_int_equal(counts[k], k / 9 == k % 9);
    free(counts);
    done(&cx, conn);
    cx = lines(9, 8);
    check_refused(&cx, nl_conn_one_to_one(&cx), NL_E_CONN_SIZES, "9 pre and 8 post");
}

static void one_to_one_without_self_is_empty(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines(9, 9);

    cx.same = cx.no_self = true;
    nl_conn *conn = nl_conn_one_to_one(&cx);
    assert_int_equal(conn->synapse_count, 0);
    assert_int_equal(nl_diags_get(cx.diags, 0)->code, NL_W_CONN_EMPTY);
    assert_string_equal(first_message(&cx), "this projection makes no synapse");
    done(&cx, conn);
    cx = lines(9, 9);
    cx.no_self = true;
    cx.self_offset = 1; /* shifted parts of one population: i to i is no autapse */
    conn = nl_conn_one_to_one(&cx);
    assert_int_equal(conn->synapse_count, 9);
    done(&cx, conn);
}

/* --- stencils --- */

/* One bounce or turn at a time, as the words say it. */
static long place_of(nl_boundary boundary, long place, long extent)
{
    while (place < 0 || place >= extent) {
        if (boundary == NL_ZERO) return -1;
        if (boundary == NL_WRAP) place += place < 0 ? extent : -extent;
        else place = place < 0 ? -1 - place : 2 * extent - 1 - place;
    }
    return place;
}

static const int32_t near[][2] = { { -1, 0 }, { 1, 0 } };
static const int32_t cross[][2] = { { -1, 0 }, { 1, 0 }, { 0, -1 }, { 0, 1 } };
static const int32_t odd[][2] = { { 2, -1 }, { 0, 0 }, { -3, 2 }, { 2, -1 }, { 7, 11 }, { -23, -5 }, { 4, 0 } };

static const struct {
    size_t count;
    const int32_t (*offsets)[2];
} stencils[] = { { NL_LEN(near), near }, { NL_LEN(cross), cross }, { NL_LEN(odd), odd } };

static const size_t forms[][2] = { { 1, 0 }, { 2, 0 }, { 5, 0 },  { 9, 0 },  { 64, 0 },  /* lines */
                                   { 1, 1 }, { 1, 5 }, { 3, 4 },  { 5, 2 },  { 9, 40 } };

/* Weight of each pair, [post, pre], and the number of synapses. */
static size_t expected_stencil(const nl_conn_context *cx, size_t count, const int32_t (*offsets)[2], const double *w,
                               nl_boundary boundary, double *matrix)
{
    const bool is_grid = cx->post.rank == 2;
    const long rows = (long)cx->post.shape[0], columns = (long)cx->post.shape[1];
    size_t total = 0;

    for (long j = 0; j < (long)cx->post.count; j++)
        for (size_t k = 0; k < count; k++) {
            const long r = place_of(boundary, j / columns + offsets[k][0], rows);
            const long c = is_grid ? place_of(boundary, j % columns + offsets[k][1], columns) : 0;

            if (r < 0 || c < 0 || (cx->no_self && is_autapse(cx, (size_t)j, (size_t)(r * columns + c)))) continue;
            matrix[j * (long)cx->pre.count + r * columns + c] += w != NULL ? w[k] : 1;
            total++;
        }
    return total;
}

static double *rule_matrix(const nl_conn *conn)
{
    double *matrix = calloc(conn->pre.count * conn->post.count + 1, sizeof *matrix);

    for (size_t s = 0; s < conn->synapse_count; s++) {
        uint32_t pre, post;
        double w;

        nl_conn_synapses(conn, s, 1, &pre, &post);
        nl_conn_rule_weights(conn, s, 1, &w);
        matrix[post * conn->pre.count + pre] += w;
    }
    return matrix;
}

static void check_stencil(nl_conn_context *cx, size_t count, const int32_t (*offsets)[2], const double *w,
                          nl_boundary boundary)
{
    double *want = calloc(cx->pre.count * cx->post.count, sizeof *want);
    nl_conn *conn = nl_conn_offsets(cx, count, offsets, w, boundary);
    const size_t total = expected_stencil(cx, count, offsets, w, boundary, want);
    double *got = rule_matrix(conn);

    assert_int_equal(conn->synapse_count, total);
    for (size_t k = 0; k < cx->pre.count * cx->post.count; k++) assert_close(got[k], want[k], 1e-14);
    free(counts_of(conn));
    free(got);
    free(want);
    nl_conn_free(conn);
}

static void stencils_follow_their_boundaries(void **unused)
{
    static const double w[] = { 2.385, -1, 0.25, 1e-3, 7, -3.5, 0.1, 0.7 };
    static const struct {
        bool same, no_self;
        long offset;
    } selves[] = { { true, false, LONG_MIN }, { true, true, LONG_MIN }, { false, true, 2 }, { false, true, LONG_MIN } };

    (void)unused;
    for (size_t f = 0; f < NL_LEN(forms); f++)
        for (size_t s = 0; s < NL_LEN(stencils); s++)
            for (int boundary = NL_WRAP; boundary <= NL_REFLECT; boundary++)
                for (size_t k = 0; k < NL_LEN(selves); k++) {
                    const nl_side side = forms[f][1] == 0 ? line(forms[f][0]) : grid(forms[f][0], forms[f][1]);
                    nl_conn_context cx = context_of(side, side);

                    cx.same = selves[k].same;
                    cx.no_self = selves[k].no_self;
                    cx.self_offset = selves[k].offset;
                    check_stencil(&cx, stencils[s].count, stencils[s].offsets, k % 2 ? w : NULL, (nl_boundary)boundary);
                    nl_arena_free(cx.arena);
                }
}

static void stencils_keep_the_order_of_offsets(void **unused)
{
    static const int32_t offsets[][2] = { { 1, 0 }, { -1, 0 } };
    static const uint32_t wrap[] = { 1, 4, 2, 0, 3, 1, 4, 2, 0, 3 }, open[] = { 1, 2, 0, 3, 1, 4, 2, 3 };
    uint32_t pre[10], post[10];

    (void)unused;
    nl_conn_context cx = lines(5, 5);
    nl_conn *conn = nl_conn_offsets(&cx, 2, offsets, NULL, NL_WRAP);
    assert_int_equal(conn->kind, NL_CONN_STENCIL);
    nl_conn_synapses(conn, 0, 10, pre, post);
    assert_memory_equal(pre, wrap, sizeof wrap);
    done(&cx, conn);
    cx = lines(5, 5);
    conn = nl_conn_offsets(&cx, 2, offsets, NULL, NL_ZERO);
    nl_conn_synapses(conn, 0, 8, pre, post);
    assert_memory_equal(pre, open, sizeof open);
    done(&cx, conn);
}

static void stencils_without_self_stay_stencils(void **unused)
{
    static const int32_t offsets[][2] = { { -1, 0 }, { 0, 0 }, { 1, 0 } };

    (void)unused;
    nl_conn_context cx = lines(50, 50);
    cx.same = cx.no_self = true;
    nl_conn *conn = nl_conn_offsets(&cx, 3, offsets, NULL, NL_WRAP);
    assert_int_equal(conn->kind, NL_CONN_STENCIL);
    assert_int_equal(conn->synapse_count, 100);
    done(&cx, conn);
}

static void kernels_are_centred(void **unused)
{
    static const double w[] = { 1, 2, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const size_t shape[] = { 3, 5 };

    (void)unused;
    for (int boundary = NL_WRAP; boundary <= NL_REFLECT; boundary++) {
        nl_conn_context cx = context_of(grid(4, 6), grid(4, 6));
        nl_conn *conn = nl_conn_kernel(&cx, 2, shape, w, (nl_boundary)boundary);
        double *got = rule_matrix(conn), *want = calloc(24 * 24, sizeof *want);
        int32_t offsets[15][2];

        for (int k = 0; k < 15; k++) {
            offsets[k][0] = k / 5 - 1;
            offsets[k][1] = k % 5 - 2;
        }
        expected_stencil(&cx, 15, (const int32_t(*)[2])offsets, w, (nl_boundary)boundary, want);
        for (size_t k = 0; k < 24 * 24; k++) assert_close(got[k], want[k], 1e-15);
        if (boundary != NL_ZERO) assert_int_equal(conn->synapse_count, 24 * 14); /* the 0 makes none */
        free(got);
        free(want);
        done(&cx, conn);
    }
}

static void stencils_refuse(void **unused)
{
    const size_t even[] = { 4 }, odd_shape[] = { 3, 3 };
    const double w[9] = { 1, 1, 1, NAN, 1, 1, 1, 1, 1 };

    (void)unused;
    nl_conn_context cx = lines(8, 8);
    check_refused(&cx, nl_conn_kernel(&cx, 1, even, w, NL_WRAP), NL_E_CONN_STENCIL, "4 entries");
    cx = lines(9, 9);
    check_refused(&cx, nl_conn_kernel(&cx, 2, odd_shape, w, NL_WRAP), NL_E_CONN_STENCIL, "2 axes");
    cx = context_of(grid(3, 3), grid(3, 3));
    check_refused(&cx, nl_conn_kernel(&cx, 2, odd_shape, w, NL_WRAP), NL_E_CONN_VALUES, "entry 3");
    cx = lines(8, 9);
    check_refused(&cx, nl_conn_offsets(&cx, 2, near, NULL, NL_WRAP), NL_E_CONN_SIZES, "[8] and [9]");
    cx = context_of(grid(3, 4), grid(4, 3));
    check_refused(&cx, nl_conn_offsets(&cx, 2, near, NULL, NL_WRAP), NL_E_CONN_SIZES, "[3, 4] and [4, 3]");
}

/* --- what is left out --- */

/* A band of pairs, to be excluded. */
static void band(void *user, size_t count, const uint32_t *pre, const uint32_t *post, double *out)
{
    const long width = *(const long *)user;

    for (size_t k = 0; k < count; k++) out[k] = labs((long)pre[k] - (long)post[k]) <= width;
}

static void half(void *user, size_t count, const uint32_t *pre, const uint32_t *post, double *out)
{
    (void)user, (void)pre, (void)post;
    for (size_t k = 0; k < count; k++) out[k] = 0.5;
}

static nl_conn *by_rule(nl_conn_context *cx, int rule)
{
    static const double ones[40 * 40] = { [0 ... 1599] = 1.5 };
    static const int32_t offsets[][2] = { { -4, 0 }, { 0, 0 }, { 3, 0 }, { 9, 0 } };
    static const double pre[] = { 3, 20, 3, 39, 3, 0, 20 }, post[] = { 30, 22, 4, 0, 30, 0, 22 };

    switch (rule) {
    case 0: return nl_conn_all_to_all(cx);
    case 1: return nl_conn_random(cx, 0.4);
    case 2: return nl_conn_random_by(cx, half, NULL);
    case 3: return nl_conn_fixed_indegree(cx, 5, false);
    case 4: return nl_conn_fixed_outdegree(cx, 30, false);
    case 5: return nl_conn_fixed_total(cx, 3000);
    case 6: return nl_conn_offsets(cx, NL_LEN(offsets), offsets, NULL, NL_REFLECT);
    case 7: return nl_conn_pairs(cx, NL_LEN(pre), pre, post);
    case 8: return nl_conn_weights(cx, ones, false);
    case 9: return nl_conn_fixed_indegree(cx, 60, true);
    case 10: return nl_conn_one_to_one(cx);
    default: return NULL;
    }
}

static void excluded_pairs_and_autapses_are_left_out(void **unused)
{
    (void)unused;
    for (int rule = 0; rule <= 10; rule++) {
        nl_conn_context cx = lines(40, 40);
        long width = 2;
        nl_conn *other = nl_conn_where(&cx, band, &width);
        const nl_conn *excluding[] = { other, other };

        cx.self_offset = 7;
        cx.no_self = true;
        cx.excluding = excluding;
        cx.excluding_count = 2;
        nl_conn *conn = by_rule(&cx, rule);
        unsigned *counts = counts_of(conn);

        for (size_t j = 0; j < 40; j++)
            for (size_t i = 0; i < 40; i++) {
                const bool is_out = labs((long)i - (long)j) <= width || i == j + 7;

                if (is_out) assert_int_equal(counts[j * 40 + i], 0);
                else if (rule == 0 || rule == 8) assert_int_equal(counts[j * 40 + i], 1);
            }
        assert_int_equal(conn->synapse_count == 0, rule == 10);
        free(counts);
        nl_conn_free(other);
        done(&cx, conn);
    }
}

static void excluding_needs_the_same_sides(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines(40, 40);
    const nl_conn other = { .pre = line(40), .post = line(41) };
    const nl_conn *excluding[] = { &other };

    cx.excluding = excluding;
    cx.excluding_count = 1;
    check_refused(&cx, nl_conn_random(&cx, 0.5), NL_E_CONN_SIZES, "41 post");
}

/* --- draws --- */

static void draws_belong_to_the_stream(void **unused)
{
    (void)unused;
    for (int rule = 1; rule <= 5; rule++) {
        nl_conn_context a = lines(40, 40), b = lines(40, 40), c = lines(40, 40);

        c.stream = nl_stream_of(4, "AB", 0);
        nl_conn *x = by_rule(&a, rule), *y = by_rule(&b, rule), *z = by_rule(&c, rule);
        unsigned *p = counts_of(x), *q = counts_of(z);

        check_same(x, y);
        assert_memory_not_equal(p, q, 1600 * sizeof *p);
        free(p);
        free(q);
        done(&a, x);
        done(&b, y);
        done(&c, z);
    }
}

/* Rows do not know of one another: the first rows of a larger post side are the same. */
static void rows_do_not_depend_on_other_rows(void **unused)
{
    static const int rules[] = { 1, 2, 3, 9 };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(rules); k++) {
        nl_conn_context a = lines(40, 11), b = lines(40, 40);
        nl_conn *x = by_rule(&a, rules[k]), *y = by_rule(&b, rules[k]);
        unsigned *p = counts_of(x), *q = counts_of(y);

        assert_memory_equal(p, q, 11 * 40 * sizeof *p);
        free(p);
        free(q);
        done(&a, x);
        done(&b, y);
    }
}

/* Times that each pair, and each two of the first four pairs together, were connected in `runs` networks of 3 to 5. */
typedef struct tally {
    double pair[15], both[4][4];
} tally;

static void add_to_tally(tally *t, const unsigned *counts)
{
    for (size_t k = 0; k < 15; k++) t->pair[k] += counts[k];
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 4; b++) t->both[a][b] += counts[a] * counts[b];
}

static tally tally_of(int rule, size_t runs)
{
    tally t = { 0 };

    for (size_t run = 0; run < runs; run++) {
        nl_conn_context cx = lines(5, 3);

        cx.stream = nl_stream_of(run, "AB", 0);
        nl_conn *conn = rule == 0   ? nl_conn_random(&cx, 0.3)
                        : rule == 1 ? nl_conn_fixed_indegree(&cx, 2, false)
                        : rule == 2 ? nl_conn_fixed_indegree(&cx, 4, false)
                        : rule == 3 ? nl_conn_fixed_outdegree(&cx, 1, false)
                        : rule == 4 ? nl_conn_fixed_indegree(&cx, 2, true)
                                    : nl_conn_fixed_total(&cx, 6);
        unsigned *counts = counts_by(conn, 256);

        add_to_tally(&t, counts);
        free(counts);
        done(&cx, conn);
    }
    return t;
}

static void every_pair_is_equally_likely(void **unused)
{
    /* Mean and variance of the synapses of a pair, and their covariance for two pre neurons of one post neuron. */
    static const struct {
        double mean, variance, covariance;
    } rules[] = { { 0.3, 0.21, 0 },           { 0.4, 0.24, -0.06 },          { 0.8, 0.16, -0.04 },
                  { 1 / 3., 2 / 9., 0 },      { 0.4, 0.32, -0.08 },          { 0.4, 6 / 15. * 14 / 15., -6 / 225. } };
    enum { RUNS = 20000 };

    (void)unused;
    for (int rule = 0; rule < (int)NL_LEN(rules); rule++) {
        const tally t = tally_of(rule, RUNS);
        const double mean = rules[rule].mean;

        for (size_t k = 0; k < 15; k++)
            if (fabs(t.pair[k] / RUNS - mean) > 4.5 * sqrt(rules[rule].variance / RUNS))
                fail_msg("rule %d, pair %zu: %g, wanted %g", rule, k, t.pair[k] / RUNS, mean);
        for (size_t a = 0; a < 4; a++)
            for (size_t b = 0; b < a; b++)
                assert_true(fabs(t.both[a][b] / RUNS - mean * mean - rules[rule].covariance) < 5 * 0.5 / sqrt(RUNS));
    }
}

static void random_degrees_are_binomial(void **unused)
{
    enum { N = 2000, M = 500 };
    static double in[M];
    double mean = 0, variance = 0;

    (void)unused;
    nl_conn_context cx = lines(N, M);
    nl_conn *conn = nl_conn_random(&cx, 0.1);
    nl_conn_degrees(conn, in, NULL);
    for (size_t j = 0; j < M; j++) mean += in[j] / M;
    for (size_t j = 0; j < M; j++) variance += (in[j] - mean) * (in[j] - mean) / (M - 1);
    assert_true(fabs(mean - 200) < 4.5 * sqrt(180. / M));
    assert_true(fabs(variance - 180) < 4.5 * 180 * sqrt(2. / M));
    done(&cx, conn);
}

/* The network is what its definition draws, whatever is done to be quick. */
static void check_gaps(nl_conn_context *cx, double p)
{
    nl_conn *conn = nl_conn_random(cx, p);
    size_t s = 0;

    for (size_t post = 0; post < cx->post.count; post++) {
        uint64_t step = 0;

        for (size_t pre = 0;; pre++) {
            const double gap = floor(log(nl_draw_unit(cx->stream, post, step++)) * (1 / log1p(-p)));

            if (!(gap < (double)(cx->pre.count - pre))) break;
            pre += (size_t)gap;
            assert_int_equal(conn->pre_index[s++], pre);
        }
        assert_int_equal(conn->row_begin[post + 1], s);
    }
    nl_conn_free(conn);
}

static void gaps_are_geometric_draws(void **unused)
{
    static const double probabilities[] = { 0, 1e-300, 1e-6, 0.001, 0.02, 0.2, 0.5, 0.75, 0.999, 1 - 1e-16 };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(probabilities); k++) {
        nl_conn_context cx = lines(5003, 301);

        check_gaps(&cx, probabilities[k]);
        done(&cx, NULL);
        cx = lines(31, 17);
        check_gaps(&cx, probabilities[k]);
        done(&cx, NULL);
    }
}

static void random_takes_all_probabilities(void **unused)
{
    static const struct {
        double p;
        nl_conn_kind kind;
        size_t count;
        uint64_t saturated;
    } cases[] = { { 0, NL_CONN_SPARSE, 0, 0 },           { 1e-300, NL_CONN_SPARSE, 0, 0 },
                  { 1 - 1e-15, NL_CONN_SPARSE, 342, 0 }, { 1, NL_CONN_ALL, 342, 0 },
                  { 1.5, NL_CONN_ALL, 342, 342 },        { INFINITY, NL_CONN_ALL, 342, 342 } };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        nl_conn_context cx = lines(19, 19);

        cx.same = cx.no_self = true;
        nl_conn *conn = nl_conn_random(&cx, cases[k].p);
        assert_int_equal(conn->kind, cases[k].kind);
        assert_int_equal(conn->synapse_count, cases[k].count);
        assert_int_equal(conn->saturated, cases[k].saturated);
        assert_int_equal(nl_diags_count(cx.diags), cases[k].count == 0 || cases[k].saturated > 0);
        done(&cx, conn);
    }
}

static void slope(void *user, size_t count, const uint32_t *pre, const uint32_t *post, double *out)
{
    for (size_t k = 0; k < count; k++) out[k] = *(const double *)user * ((double)pre[k] - (double)post[k] / 4);
}

static void random_by_draws_for_the_pair(void **unused)
{
    enum { N = 101, M = 130 };
    double scale = 0.02;
    uint64_t saturated = 0;

    (void)unused;
    nl_conn_context cx = lines(N, M);
    long width = 400;
    nl_conn *all = nl_conn_where(&cx, band, &width); /* also: more pairs than one block */
    assert_int_equal(all->synapse_count, N * M);
    nl_conn_free(all);
    width = -1;
    all = nl_conn_where(&cx, band, &width);
    assert_int_equal(all->synapse_count, 0);
    nl_conn_free(all);
    cx.post = line(1); /* slope is nowhere negative there */
    nl_conn *conn = nl_conn_random_by(&cx, slope, &scale);
    unsigned *counts = counts_of(conn);
    for (size_t i = 0; i < N; i++) {
        const double p = 0.02 * (double)i;

        assert_int_equal(counts[i], nl_draw(NL_DIST_UNIFORM, cx.stream, i, 0, (const double[]){ 0, 1 }) < p);
        saturated += p > 1;
    }
    assert_int_equal(conn->saturated, saturated);
    assert_int_equal(nl_diags_get(cx.diags, nl_diags_count(cx.diags) - 1)->code, NL_W_CONN_SATURATED);
    cx.no_self = true; /* what is left out changes no other pair */
    cx.self_offset = 70;
    nl_conn *other = nl_conn_random_by(&cx, slope, &scale);
    unsigned *fewer = counts_of(other);
    assert_int_equal(counts[70], 1);
    for (size_t i = 0; i < N; i++) assert_int_equal(fewer[i], i != 70 && counts[i] != 0);
    free(fewer);
    nl_conn_free(other);
    free(counts);
    done(&cx, conn);
}

static void probabilities_are_checked(void **unused)
{
    double scale = 0.02, nothing = NAN;

    (void)unused;
    nl_conn_context cx = lines(8, 8);
    check_refused(&cx, nl_conn_random(&cx, -0.25), NL_E_CONN_PROBABILITY, "-0.25");
    cx = lines(8, 8);
    check_refused(&cx, nl_conn_random(&cx, NAN), NL_E_CONN_PROBABILITY, "nan");
    cx = lines(8, 8);
    check_refused(&cx, nl_conn_random_by(&cx, slope, &scale), NL_E_CONN_PROBABILITY,
                  "pre neuron 0 to post neuron 1 is -0.005");
    cx = lines(8, 8);
    check_refused(&cx, nl_conn_random_by(&cx, slope, &nothing), NL_E_CONN_PROBABILITY, "is nan");
}

/* --- fixed degrees --- */

static void check_fixed(size_t pre, size_t post, size_t k, bool by_pre, bool no_self, bool multapses)
{
    nl_conn_context cx = lines(pre, post);

    cx.self_offset = 1;
    cx.no_self = no_self;
    nl_conn *conn = (by_pre ? nl_conn_fixed_outdegree : nl_conn_fixed_indegree)(&cx, k, multapses);
    unsigned *counts = counts_of(conn);
    double *degrees = calloc(by_pre ? pre : post, sizeof *degrees);

    nl_conn_degrees(conn, by_pre ? NULL : degrees, by_pre ? degrees : NULL);
    for (size_t r = 0; r < (by_pre ? pre : post); r++) assert_exact(degrees[r], (double)k);
    for (size_t c = 0; c < pre * post; c++) {
        if (no_self && is_autapse(&cx, c / pre, c % pre)) assert_int_equal(counts[c], 0);
        if (!multapses) assert_true(counts[c] <= 1);
    }
    free(counts);
    free(degrees);
    done(&cx, conn);
}

static void fixed_degrees_are_fixed(void **unused)
{
    static const size_t sizes[] = { 1, 2, 5, 63, 64, 65, 130 };

    (void)unused;
    for (size_t s = 0; s < NL_LEN(sizes); s++)
        for (size_t k = 0; k <= sizes[s]; k += 1 + k / 4)
            for (int by_pre = 0; by_pre < 2; by_pre++) {
                check_fixed(by_pre ? 4 : sizes[s], by_pre ? sizes[s] : 4, k, by_pre, false, false);
                if (k < sizes[s]) check_fixed(by_pre ? 4 : sizes[s], by_pre ? sizes[s] : 4, k, by_pre, true, false);
                check_fixed(by_pre ? 4 : sizes[s], by_pre ? sizes[s] : 4, 3 * k, by_pre, false, true);
            }
    check_fixed(20000, 3, 4200, false, true, false); /* more than one word of words */
    check_fixed(20000, 3, 19999, false, true, false);
    check_fixed(20000, 3, 70000, false, true, true);
}

static void fixed_degrees_need_partners(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines(8, 5);
    check_refused(&cx, nl_conn_fixed_indegree(&cx, 9, false), NL_E_CONN_DEGREE,
                  "post neuron 0 of `AB` should have 9 different partners and can have 8");
    cx = lines(8, 8);
    cx.same = cx.no_self = true;
    check_refused(&cx, nl_conn_fixed_outdegree(&cx, 8, false), NL_E_CONN_DEGREE, "can have 7");
    cx = lines(0, 5);
    check_refused(&cx, nl_conn_fixed_indegree(&cx, 2, true), NL_E_CONN_DEGREE, "can have 0");
    cx = lines(1, 1);
    cx.same = cx.no_self = true;
    check_refused(&cx, nl_conn_fixed_total(&cx, 3), NL_E_CONN_DEGREE, "3 synapses");
}

static void fixed_total_is_total(void **unused)
{
    static const size_t totals[] = { 0, 1, 47, 5000 };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(totals); k++) {
        nl_conn_context cx = lines(33, 70);

        cx.self_offset = -20;
        cx.no_self = true;
        nl_conn *conn = nl_conn_fixed_total(&cx, totals[k]);
        unsigned *counts = counts_of(conn);

        assert_int_equal(conn->synapse_count, totals[k]);
        for (size_t c = 0; c < 33 * 70; c++)
            if (is_autapse(&cx, c / 33, c % 33)) assert_int_equal(counts[c], 0);
        free(counts);
        done(&cx, conn);
    }
}

/* --- given --- */

static void pairs_are_sorted_and_remember_their_order(void **unused)
{
    static const double pre[] = { 3, 0, 3, 2, 0, 3 }, post[] = { 1, 1, 0, 1, 4, 1 };
    static const uint32_t want_pre[] = { 3, 0, 2, 3, 3, 0 };
    static const uint64_t want_order[] = { 2, 1, 3, 0, 5, 4 };

    (void)unused;
    nl_conn_context cx = lines(4, 5);
    nl_conn *conn = nl_conn_pairs(&cx, 6, pre, post);
    unsigned *counts = counts_of(conn);
    assert_memory_equal(conn->pre_index, want_pre, sizeof want_pre);
    assert_memory_equal(conn->given_order, want_order, sizeof want_order);
    assert_int_equal(counts[1 * 4 + 3], 2);
    free(counts);
    done(&cx, conn);
    cx = lines(4, 5);
    conn = nl_conn_pairs(&cx, 2, pre + 1, (const double[]){ 0, 3 });
    assert_null(conn->given_order); /* sorted as given */
    done(&cx, conn);
}

static void long_rows_of_pairs_are_sorted(void **unused)
{
    enum { N = 70001, COUNT = 3000 };
    static double pre[COUNT], post[COUNT];

    (void)unused;
    nl_conn_context cx = lines(N, 2);
    for (size_t k = 0; k < COUNT; k++) {
        pre[k] = (double)(nl_draw_bits(cx.stream, k, 0) % N);
        post[k] = (double)(k % 2);
    }
    nl_conn *conn = nl_conn_pairs(&cx, COUNT, pre, post);
    check_order(conn);
    for (size_t s = 0; s < COUNT; s++) assert_exact((double)conn->pre_index[s], pre[conn->given_order[s]]);
    done(&cx, conn);
}

static void pairs_name_the_first_bad_one(void **unused)
{
    static const struct {
        double pre[2], post[2];
        const char *words;
    } cases[] = { { { 0, 4 }, { 0, 0 }, "pre_ids[1] = 4 is out of range (the side has 4 neurons)" },
                  { { 0, 1 }, { -1, 7 }, "post_ids[0] = -1 is negative" },
                  { { 0, 1.5 }, { 0, 0 }, "pre_ids[1] = 1.5 is no whole number" },
                  { { 0, NAN }, { 0, 0 }, "pre_ids[1] = nan is no whole number" },
                  { { 0, 1 }, { INFINITY, 0 }, "post_ids[0] = inf is out of range" } };

    (void)unused;
    for (size_t k = 0; k < NL_LEN(cases); k++) {
        nl_conn_context cx = lines(4, 5);

        check_refused(&cx, nl_conn_pairs(&cx, 2, cases[k].pre, cases[k].post), NL_E_CONN_VALUES, cases[k].words);
    }
}

static void weights_are_kept_in_synapse_order(void **unused)
{
    static const double w[] = { 1.5, 0, -2, 0, 0.25, 3, 7, 8, 9 };

    (void)unused;
    for (int zeros = 0; zeros < 2; zeros++)
        for (int no_self = 0; no_self < 2; no_self++) {
            nl_conn_context cx = lines(3, 3);

            cx.same = true;
            cx.no_self = no_self;
            nl_conn *conn = nl_conn_weights(&cx, w, zeros);
            double *got = rule_matrix(conn);

            assert_int_equal(conn->kind, zeros ? NL_CONN_ALL : NL_CONN_SPARSE);
            assert_int_equal(conn->synapse_count, (zeros ? 9 : 7) - 3 * no_self);
            for (size_t k = 0; k < 9; k++) assert_exact(got[k], no_self && k % 4 == 0 ? 0 : w[k]);
            free(counts_of(conn));
            free(got);
            done(&cx, conn);
        }
}

static void weights_without_zeros_are_dense(void **unused)
{
    static const double w[] = { 0, 2, 3, 4, 0, 6, 7, 8, 0 };

    (void)unused;
    nl_conn_context cx = lines(3, 3);
    cx.same = cx.no_self = true;
    nl_conn *conn = nl_conn_weights(&cx, w, false);
    assert_int_equal(conn->kind, NL_CONN_ALL);
    assert_int_equal(conn->synapse_count, 6);
    assert_exact(conn->weights[2], 4);
    done(&cx, conn);
    cx = lines(3, 2);
    check_refused(&cx, nl_conn_weights(&cx, (const double[]){ 1, 2, 3, 4, NAN, 6 }, true), NL_E_CONN_VALUES,
                  "post neuron 1 for pre neuron 1");
}

static void low_rank_is_a_product(void **unused)
{
    static const double u[] = { 1, 2, 3, 4, 5, 6 }, v[] = { 0.5, -1, 2, 0.25 };

    (void)unused;
    nl_conn_context cx = lines(2, 3);
    nl_conn *conn = nl_conn_low_rank(&cx, 2, u, v);
    double *got = rule_matrix(conn);
    for (size_t j = 0; j < 3; j++)
        for (size_t i = 0; i < 2; i++)
            assert_close(got[j * 2 + i], u[2 * j] * v[2 * i] + u[2 * j + 1] * v[2 * i + 1], 1e-15);
    free(counts_of(conn));
    free(got);
    done(&cx, conn);
    cx = lines(2, 3);
    check_refused(&cx, nl_conn_low_rank(&cx, 1, u, (const double[]){ 1, NAN }), NL_E_CONN_VALUES, "V[1, 0]");
}

static void rows_hold_the_same_synapses(void **unused)
{
    static const double w[] = { 2.385, -1 };

    (void)unused;
    nl_conn_context cx = lines(90, 90);
    nl_conn *conn = nl_conn_offsets(&cx, 2, near, w, NL_REFLECT), *rows = nl_conn_to_rows(&cx, conn);
    unsigned *a = counts_of(conn), *b = counts_of(rows);
    double *x = rule_matrix(conn), *y = rule_matrix(rows);
    assert_int_equal(rows->kind, NL_CONN_SPARSE);
    assert_memory_equal(a, b, 8100 * sizeof *a);
    assert_memory_equal(x, y, 8100 * sizeof *x);
    free(a);
    free(b);
    free(x);
    free(y);
    nl_conn_free(rows);
    done(&cx, conn);
}

/* --- by pre neuron --- */

typedef enum rule {
    ALL, ONE, RANDOM, NOTHING, INDEGREE, MULTAPSES, OUTDEGREE, TOTAL, STENCIL, WEIGHTS, DENSE_WEIGHTS, LOW_RANK, PAIRS,
    RULE_COUNT
} rule;

static double number(size_t k) { return 3 * nl_draw_unit(nl_stream_of(7, "numbers", 0), k, 0) - 1; }

static nl_conn *pairs_of(nl_conn_context *cx)
{
    enum { COUNT = 500 };
    double pre[COUNT], post[COUNT];

    for (size_t k = 0; k < COUNT; k++) {
        pre[k] = (double)(nl_draw_bits(cx->stream, k, 0) % cx->pre.count);
        post[k] = (double)(nl_draw_bits(cx->stream, k, 1) % cx->post.count);
    }
    return nl_conn_pairs(cx, COUNT, pre, post);
}

static nl_conn *weights_of(nl_conn_context *cx, bool zeros)
{
    double *w = calloc(cx->pre.count * cx->post.count + 1, sizeof *w);

    for (size_t k = 0; k < cx->pre.count * cx->post.count; k++) w[k] = zeros || k % 3 > 0 ? number(k) : 0;
    nl_conn *conn = nl_conn_weights(cx, w, zeros);
    free(w);
    return conn;
}

static nl_conn *low_rank_of(nl_conn_context *cx)
{
    double *u = calloc(2 * (cx->pre.count + cx->post.count), sizeof *u), *v = u + 2 * cx->post.count;

    for (size_t k = 0; k < 2 * (cx->pre.count + cx->post.count); k++) u[k] = number(k);
    nl_conn *conn = nl_conn_low_rank(cx, 2, u, v);
    free(u);
    return conn;
}

/* NULL where the rule does not suit the sides. */
static nl_conn *make(nl_conn_context *cx, rule r)
{
    static const double w[] = { 2.385, -1 };
    const bool is_square = cx->pre.count == cx->post.count, is_wide = cx->pre.count > 3 && cx->post.count > 3;

    switch (r) {
    case ALL: return nl_conn_all_to_all(cx);
    case ONE: return is_square ? nl_conn_one_to_one(cx) : NULL;
    case RANDOM: return nl_conn_random(cx, 0.2);
    case NOTHING: return nl_conn_random(cx, 0);
    case INDEGREE: return is_wide ? nl_conn_fixed_indegree(cx, 2, false) : NULL;
    case MULTAPSES: return is_wide ? nl_conn_fixed_indegree(cx, 17, true) : NULL;
    case OUTDEGREE: return is_wide ? nl_conn_fixed_outdegree(cx, 2, false) : NULL;
    case TOTAL: return is_wide ? nl_conn_fixed_total(cx, 700) : NULL;
    case STENCIL: return is_square ? nl_conn_offsets(cx, 2, near, w, NL_REFLECT) : NULL;
    case WEIGHTS: return weights_of(cx, false);
    case DENSE_WEIGHTS: return weights_of(cx, true);
    case LOW_RANK: return cx->excluding_count == 0 ? low_rank_of(cx) : NULL;
    case PAIRS: return cx->pre.count * cx->post.count > 0 ? pairs_of(cx) : NULL;
    case RULE_COUNT: break;
    }
    return NULL;
}

/* The number of each place, by steps of one size. */
static uint64_t *numbers_by(const nl_conn *conn, size_t chunk)
{
    uint64_t *numbers = calloc(conn->synapse_count + 1, sizeof *numbers);
    nl_numbering *numbering = nl_numbering_new(conn);

    for (size_t at = 0; at < conn->synapse_count; at += chunk)
        nl_numbering_next(numbering, conn->synapse_count - at < chunk ? conn->synapse_count - at : chunk, numbers + at);
    nl_numbering_free(numbering);
    return numbers;
}

static uint64_t given_of(const nl_conn *conn, uint64_t place, uint64_t number)
{
    return conn->given_order != NULL ? conn->given_order[place] : number;
}

/* Each place holds the synapse that has its number in rows by post neuron. */
static void check_numbers(const nl_conn *conn, const nl_conn *rows, const uint64_t *numbers)
{
    for (uint64_t s = 0; s < conn->synapse_count; s++) {
        uint32_t pre[2], post[2];
        double w[2];

        nl_conn_synapses(conn, s, 1, pre, post);
        nl_conn_synapses(rows, numbers[s], 1, pre + 1, post + 1);
        nl_conn_rule_weights(conn, s, 1, w);
        nl_conn_rule_weights(rows, numbers[s], 1, w + 1);
        assert_true(pre[0] == pre[1] && post[0] == post[1]);
        assert_exact(w[0], w[1]);
        assert_int_equal(given_of(conn, s, numbers[s]), given_of(rows, numbers[s], numbers[s]));
        if (s % 37 == 0) assert_int_equal(nl_conn_number(conn, s), numbers[s]);
        if (conn->in_place == NULL) continue;
        assert_int_equal(conn->in_place[numbers[s]], s);
        assert_int_equal(conn->in_pre[numbers[s]], pre[0]);
    }
    assert_memory_equal(conn->in_begin, rows->row_begin, (conn->post.count + 1) * sizeof *conn->in_begin);
}

static void check_orders_of_values(const nl_conn *conn, const uint64_t *numbers)
{
    double *stored = calloc(conn->synapse_count + 1, sizeof *stored);
    double *numbered = calloc(conn->synapse_count + 1, sizeof *numbered);

    for (size_t s = 0; s < conn->synapse_count; s++) stored[s] = number(s);
    nl_conn_by_number(conn, stored, numbered);
    for (size_t s = 0; s < conn->synapse_count; s++) assert_exact(numbered[numbers[s]], stored[s]);
    memset(stored, 0, conn->synapse_count * sizeof *stored);
    nl_conn_by_place(conn, numbered, stored);
    for (size_t s = 0; s < conn->synapse_count; s++) assert_exact(stored[s], number(s));
    free(stored);
    free(numbered);
}

static void check_out(nl_conn_context *cx, const nl_conn *conn, const nl_conn *rows)
{
    static const size_t chunks[] = { 1, 7, 256 };
    uint64_t *numbers = numbers_by(conn, 1000000);
    unsigned *a = counts_of(conn), *b = counts_of(rows);

    assert_int_equal(conn->kind, NL_CONN_OUT);
    assert_int_equal(conn->synapse_count, rows->synapse_count);
    assert_memory_equal(a, b, conn->pre.count * conn->post.count * sizeof *a);
    for (size_t c = 0; c < NL_LEN(chunks); c++) {
        uint64_t *again = numbers_by(conn, chunks[c]);

        assert_memory_equal(again, numbers, conn->synapse_count * sizeof *again);
        free(again);
    }
    check_numbers(conn, rows, numbers);
    check_orders_of_values(conn, numbers);
    nl_conn *back = nl_conn_to_rows(cx, conn);
    check_same(back, rows);
    nl_conn_free(back);
    free(numbers);
    free(a);
    free(b);
}

/* Runs tile the rows, and each has one delay, above that of the run before. */
static void check_runs(const nl_conn *conn, const uint32_t *delay)
{
    for (size_t i = 0; i < conn->pre.count; i++) {
        uint64_t at = conn->row_begin[i];

        for (uint64_t r = conn->run_begin[i]; r < conn->run_begin[i + 1]; r++) {
            assert_int_equal(conn->run_start[r], at);
            assert_true(conn->run_start[r + 1] > at);
            if (r > conn->run_begin[i]) assert_true(conn->run_delay[r] > conn->run_delay[r - 1]);
            for (; at < conn->run_start[r + 1]; at++) {
                assert_int_equal(delay[at], conn->run_delay[r]);
                if (at > conn->run_start[r]) assert_true(conn->post_index[at] >= conn->post_index[at - 1]);
            }
        }
        assert_int_equal(at, conn->row_begin[i + 1]);
    }
}

/* Delays are a function of the number: that synapses keep theirs tells that numbers are kept. */
static void check_sorted(nl_conn_context *cx, nl_conn *conn, const nl_conn *rows)
{
    uint64_t *numbers = numbers_by(conn, 1000);
    uint32_t *delay = calloc(conn->synapse_count + 1, sizeof *delay);

    for (size_t s = 0; s < conn->synapse_count; s++) delay[s] = (uint32_t)(2654435761u * (numbers[s] + 1) >> 20) % 300;
    free(numbers);
    assert_true(nl_conn_sort_by_delay(cx, conn, delay));
    numbers = numbers_by(conn, 1000);
    for (size_t s = 0; s < conn->synapse_count; s++)
        assert_int_equal(delay[s], (uint32_t)(2654435761u * (numbers[s] + 1) >> 20) % 300);
    check_runs(conn, delay);
    check_out(cx, conn, rows);
    free(numbers);
    free(delay);
}

/* Rows of any kind; those of a stencil in another order than its own. */
static nl_conn *rows_of(nl_conn_context *cx, rule r)
{
    nl_conn *conn = make(cx, r);

    if (conn == NULL || conn->kind == NL_CONN_SPARSE) return conn;
    nl_conn *rows = nl_conn_to_rows(cx, conn);
    nl_conn_free(conn);
    return rows;
}

static void check_by_pre(nl_conn_context *cx)
{
    for (int r = 0; r < RULE_COUNT; r++)
        for (int incoming = 0; incoming < 2; incoming++) {
            nl_conn *rows = rows_of(cx, (rule)r);

            if (rows == NULL) continue;
            nl_conn *conn = nl_conn_by_pre(cx, make(cx, (rule)r), incoming);
            assert_int_equal(conn->in_place != NULL, incoming);
            check_out(cx, conn, rows);
            check_sorted(cx, conn, rows);
            nl_conn_free(conn);
            nl_conn_free(rows);
        }
}

static void synapses_by_pre_keep_their_numbers(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < NL_LEN(parts); k++)
        for (int no_self = 0; no_self < 2; no_self++) {
            nl_conn_context cx = lines(parts[k].pre, parts[k].post);

            cx.self_offset = parts[k].self_offset;
            cx.no_self = no_self;
            check_by_pre(&cx);
            done(&cx, NULL);
        }
    nl_conn_context cx = lines(1300, 40); /* turned in several goes */
    check_by_pre(&cx);
    done(&cx, NULL);
}

static void synapses_by_pre_are_excluded(void **unused)
{
    (void)unused;
    for (int by_pre = 0; by_pre < 2; by_pre++) {
        nl_conn_context cx = lines(40, 40);
        nl_conn *other = nl_conn_random(&cx, 0.3);
        const nl_conn *excluding[1];

        if (by_pre) other = nl_conn_by_pre(&cx, other, false);
        excluding[0] = other;
        cx.excluding = excluding;
        cx.excluding_count = 1;
        check_by_pre(&cx);
        nl_conn *conn = nl_conn_all_to_all(&cx);
        assert_int_equal(conn->synapse_count, 1600 - other->synapse_count);
        nl_conn_free(conn);
        done(&cx, other);
    }
}

static void structures_by_pre_are_small(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines(1000, 1000);
    nl_conn *conn = nl_conn_by_pre(&cx, nl_conn_random(&cx, 0.2), false);
    assert_true((double)conn->bytes < 4.2 * (double)conn->synapse_count);
    done(&cx, conn);
    cx = lines(1000, 1000);
    conn = nl_conn_by_pre(&cx, nl_conn_random(&cx, 0.2), true);
    assert_true((double)conn->bytes < 12.2 * (double)conn->synapse_count);
    done(&cx, conn);
    cx = lines(1000, 1000);
    assert_null(nl_conn_by_pre(&cx, nl_conn_random(&cx, -1), true));
    done(&cx, NULL);
}

/* --- sizes --- */

static void sizes_are_checked_before_memory(void **unused)
{
    (void)unused;
    nl_conn_context cx = lines((size_t)UINT32_MAX + 1, 2);
    check_refused(&cx, nl_conn_all_to_all(&cx), NL_E_CONN_MEMORY, "pre side of `AB` has 4294967296 neurons");
    cx = lines(4000000, 4000000);
    check_refused(&cx, nl_conn_random(&cx, 0.5), NL_E_CONN_MEMORY, "8e+12 synapses of `AB` need 32 TB");
    cx = lines(4000000, 4000000);
    check_refused(&cx, nl_conn_fixed_indegree(&cx, 3000000, false), NL_E_CONN_MEMORY, "1.2e+13 synapses");
    const nl_conn other = { .pre = line(4000000), .post = line(4000000), .synapse_count = 16000000000000 };
    const nl_conn *excluding[] = { &other };
    cx = lines(4000000, 4000000);
    cx.excluding = excluding;
    cx.excluding_count = 1;
    check_refused(&cx, nl_conn_random(&cx, 1e-6), NL_E_CONN_MEMORY, "1.6e+13 excluded pairs of `AB` need 64 TB");
    cx = lines(UINT32_MAX, UINT32_MAX);
    nl_conn *conn = nl_conn_all_to_all(&cx); /* stores nothing, so nothing is too large */
    uint32_t pre, post;
    assert_int_equal(conn->synapse_count, (uint64_t)UINT32_MAX * UINT32_MAX);
    nl_conn_synapses(conn, conn->synapse_count - 1, 1, &pre, &post);
    assert_true(pre == UINT32_MAX - 1 && post == UINT32_MAX - 1);
    check_refused(&cx, nl_conn_by_pre(&cx, conn, false), NL_E_CONN_MEMORY, "1.84e+19 synapses of `AB`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_to_all_is_every_pair),
        cmocka_unit_test(one_to_one_needs_equal_sizes),
        cmocka_unit_test(one_to_one_without_self_is_empty),
        cmocka_unit_test(stencils_follow_their_boundaries),
        cmocka_unit_test(stencils_keep_the_order_of_offsets),
        cmocka_unit_test(stencils_without_self_stay_stencils),
        cmocka_unit_test(kernels_are_centred),
        cmocka_unit_test(stencils_refuse),
        cmocka_unit_test(excluded_pairs_and_autapses_are_left_out),
        cmocka_unit_test(excluding_needs_the_same_sides),
        cmocka_unit_test(draws_belong_to_the_stream),
        cmocka_unit_test(rows_do_not_depend_on_other_rows),
        cmocka_unit_test(every_pair_is_equally_likely),
        cmocka_unit_test(random_degrees_are_binomial),
        cmocka_unit_test(gaps_are_geometric_draws),
        cmocka_unit_test(random_takes_all_probabilities),
        cmocka_unit_test(random_by_draws_for_the_pair),
        cmocka_unit_test(probabilities_are_checked),
        cmocka_unit_test(fixed_degrees_are_fixed),
        cmocka_unit_test(fixed_degrees_need_partners),
        cmocka_unit_test(fixed_total_is_total),
        cmocka_unit_test(pairs_are_sorted_and_remember_their_order),
        cmocka_unit_test(long_rows_of_pairs_are_sorted),
        cmocka_unit_test(pairs_name_the_first_bad_one),
        cmocka_unit_test(weights_are_kept_in_synapse_order),
        cmocka_unit_test(weights_without_zeros_are_dense),
        cmocka_unit_test(low_rank_is_a_product),
        cmocka_unit_test(rows_hold_the_same_synapses),
        cmocka_unit_test(synapses_by_pre_keep_their_numbers),
        cmocka_unit_test(synapses_by_pre_are_excluded),
        cmocka_unit_test(structures_by_pre_are_small),
        cmocka_unit_test(sizes_are_checked_before_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
