/* Rules that draw, and rules that ask an expression for each pair. */
#include "conn_build.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* A whole number below n, each with exactly the same probability (Lemire 2019). */
static uint64_t draw_below(nl_stream stream, uint64_t element, uint64_t *step, uint64_t n)
{
    for (;;) {
        const unsigned __int128 product = (unsigned __int128)nl_draw_bits(stream, element, (*step)++) * n;

        if ((uint64_t)product >= n || (uint64_t)product >= -n % n) return (uint64_t)(product >> 64);
    }
}

static nl_conn *saturate(nl_conn_context *cx, nl_conn *conn, uint64_t saturated)
{
    if (conn == NULL || saturated == 0) return conn;
    conn->saturated = saturated;
    nl_diag_add(cx->diags, NL_W_CONN_SATURATED, cx->span,
                "the probability of connection is above 1 for %llu of %.15g pairs", (unsigned long long)saturated,
                nl_conn_pair_count(cx));
    return conn;
}

/* --- one probability --- */

enum { AHEAD = 16, GUIDES = 4096, UNSURE = UINT16_MAX };

/* The gaps between connected pairs are geometric, floor(log(u) / log(1 - p)) for a draw u: one draw per synapse, none
 * for the pairs between.  Most gaps are looked up: they are the same for all u in one of many small intervals. */
typedef struct gaps {
    double inverse_log;
    uint16_t guide[GUIDES];
} gaps;

static double gap_of(const gaps *g, double u)
{
    return floor(log(u) * g->inverse_log);
}

/* The gap for all u above at / GUIDES, up to the next one; UNSURE where rounding could matter. */
static uint16_t guide_at(const gaps *g, size_t at)
{
    const double longest = log((double)at / GUIDES) * g->inverse_log;
    const double shortest = log((double)(at + 1) / GUIDES) * g->inverse_log;
    const double room = 1e-9 * (1 + longest), low = floor(fmax(shortest - room, 0)), high = floor(longest + room);

    return low == high && low < UNSURE ? (uint16_t)low : UNSURE;
}

/* Without a guide where making it would take longer than what it saves. */
static gaps *gaps_new(double p, double expected)
{
    gaps *g = nl_calloc(1, sizeof *g);

    g->inverse_log = 1 / log1p(-p);
    for (size_t at = 0; at < GUIDES; at++) g->guide[at] = at > 0 && expected > 4 * GUIDES ? guide_at(g, at) : UNSURE;
    return g;
}

/* nl_draw_unit() for steps first .. first+AHEAD-1: Philox once more, in loops of which compilers make vectors. */
static void draw_ahead(nl_stream stream, uint64_t element, uint64_t first, double *units)
{
    uint32_t a[AHEAD], b[AHEAD], c[AHEAD], d[AHEAD], key[2] = { (uint32_t)stream.key, (uint32_t)(stream.key >> 32) };

    for (size_t i = 0; i < AHEAD; i++) {
        a[i] = (uint32_t)element;
        b[i] = (uint32_t)(element >> 32);
        c[i] = (uint32_t)(first + i);
        d[i] = (uint32_t)((first + i) >> 32);
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < AHEAD; i++) {
            const uint64_t x = (uint64_t)0xD2511F53u * a[i], y = (uint64_t)0xCD9E8D57u * c[i];

            a[i] = (uint32_t)(y >> 32) ^ b[i] ^ key[0];
            b[i] = (uint32_t)y;
            c[i] = (uint32_t)(x >> 32) ^ d[i] ^ key[1];
            d[i] = (uint32_t)x;
        }
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    for (size_t i = 0; i < AHEAD; i++) units[i] = ((double)((a[i] | (uint64_t)b[i] << 32) >> 12) + 0.5) * 0x1p-52;
}

static void skip_row(nl_rows *rows, size_t post, const nl_partners *partners, const gaps *g)
{
    double units[AHEAD];

    for (size_t k = 0, step = 0;; k++, step++) {
        if (step % AHEAD == 0) draw_ahead(rows->cx->stream, post, step, units);
        const double u = units[step % AHEAD];
        const uint16_t guide = g->guide[(size_t)(u * GUIDES)];
        const double skip = guide != UNSURE ? guide : gap_of(g, u);

        if (!(skip < (double)(partners->count - k))) return;
        k += (size_t)skip;
        nl_rows_add(rows, post, nl_partners_get(partners, k));
    }
}

static nl_conn *random_rows(nl_conn_context *cx, double p)
{
    const double expected = p * nl_conn_pair_count(cx);
    nl_rows rows;
    bool fits = nl_rows_init(&rows, cx, expected + 6 * sqrt(expected) + (double)cx->pre.count);

    if (!fits) return nl_rows_drop(&rows);
    nl_partners partners = nl_partners_new(cx, false);
    gaps *g = gaps_new(p, expected);
    for (size_t post = 0; fits && post < cx->post.count; post++) {
        nl_partners_row(&partners, post);
        fits = nl_rows_reserve(&rows, partners.count);
        if (fits) skip_row(&rows, post, &partners, g);
    }
    free(g);
    nl_partners_free(&partners);
    return fits ? nl_rows_done(&rows) : nl_rows_drop(&rows);
}

bool nl_conn_check_probability(nl_conn_context *cx, double p)
{
    if (p >= 0) return true;
    nl_diag_add(cx->diags, NL_E_CONN_PROBABILITY, cx->span, "the probability of connection is %s",
                nl_text_number(cx->arena, p));
    return false;
}

/* Each pair with the same probability, independently.  A probability of 1 or more is every pair. */
nl_conn *nl_conn_random(nl_conn_context *cx, double p)
{
    if (!nl_conn_check_probability(cx, p)) return NULL;
    if (p < 1) return nl_conn_finish(cx, random_rows(cx, p));
    return saturate(cx, nl_conn_all_to_all(cx), p > 1 ? (uint64_t)nl_conn_pair_count(cx) : 0);
}

/* --- an expression for each pair --- */

enum { BLOCK = 4096 };

/* Pairs on their way through an expression; drawn: a number in (0, 1) of each, where the rule draws. */
typedef struct pair_block {
    size_t count;
    uint32_t pre[BLOCK], post[BLOCK];
    double value[BLOCK], drawn[BLOCK];
    uint64_t saturated;
} pair_block;

/* A visit of all pairs. */
typedef struct pair_visit {
    nl_rows *rows;
    nl_pair_fn fn;
    void *user;
    double *draws; /* of all pre neurons with one post neuron; NULL: the rule does not draw */
    pair_block block;
} pair_visit;

static void choose_true(nl_rows *rows, const pair_block *block)
{
    for (size_t k = 0; k < block->count; k++)
        if (block->value[k] != 0) nl_rows_add(rows, block->post[k], block->pre[k]);
}

/* Without branches: which pairs are connected cannot be guessed. */
static void choose_drawn(nl_rows *rows, const pair_block *block)
{
    for (size_t k = 0; k < block->count; k++) {
        const bool is_chosen = block->drawn[k] < block->value[k];

        rows->index[rows->count] = block->pre[k];
        rows->count += is_chosen;
        rows->begin[block->post[k] + 1] += is_chosen;
    }
}

/* False with a diagnostic at an impossible value. */
static bool are_probabilities(const nl_rows *rows, pair_block *block)
{
    const nl_conn_context *cx = rows->cx;
    size_t good = 0, above = 0;

    for (size_t k = 0; k < block->count; k++) {
        good += block->value[k] >= 0;
        above += block->value[k] > 1;
    }
    block->saturated += above;
    for (size_t k = 0; good < block->count && k < block->count; k++) {
        if (block->value[k] >= 0) continue;
        nl_diag_add(cx->diags, NL_E_CONN_PROBABILITY, cx->span,
                    "the probability of connection from pre neuron %u to post neuron %u is %s", block->pre[k],
                    block->post[k], nl_text_number(cx->arena, block->value[k]));
        return false;
    }
    return true;
}

/* Sends the block through the expression, and empties it. */
static bool flush(pair_visit *v)
{
    pair_block *block = &v->block;

    if (block->count == 0) return true;
    if (!nl_rows_reserve(v->rows, block->count)) return false;
    v->fn(v->user, block->count, block->pre, block->post, block->value);
    if (v->draws == NULL) choose_true(v->rows, block);
    else if (are_probabilities(v->rows, block)) choose_drawn(v->rows, block);
    else return false;
    block->count = 0;
    return true;
}

/* The draw belongs to the pair, whatever else is connected. */
static void draw_row(pair_visit *v, size_t post)
{
    static const double ends[] = { 0, 1 };
    const nl_conn_context *cx = v->rows->cx;
    const double *const args[] = { &ends[0], &ends[1] };
    const size_t strides[] = { 0, 0 };

    if (v->draws == NULL) return;
    if (cx->uniform != NULL) cx->uniform(cx->stream, 0, post, cx->pre.count, v->draws, args, strides);
    else nl_draw_array(NL_DIST_UNIFORM, cx->stream, 0, post, cx->pre.count, v->draws, args, strides);
}

static void fill_block(pair_visit *v, size_t post, const nl_partners *partners, size_t first, size_t count)
{
    pair_block *block = &v->block;

    for (size_t k = 0; k < count; k++) {
        const size_t pre = nl_partners_get(partners, first + k), at = block->count + k;

        block->pre[at] = (uint32_t)pre;
        block->post[at] = (uint32_t)post;
        block->drawn[at] = v->draws != NULL ? v->draws[pre] : 0;
    }
    block->count += count;
}

/* All pairs that may be connected go through the expression, a block at a time; what is left out is not evaluated. */
static bool visit_pairs(pair_visit *v)
{
    nl_partners partners = nl_partners_new(v->rows->cx, false);
    bool is_good = true;

    for (size_t post = 0; is_good && post < v->rows->cx->post.count; post++) {
        nl_partners_row(&partners, post);
        draw_row(v, post);
        for (size_t k = 0; is_good && k < partners.count;) {
            const size_t room = BLOCK - v->block.count, n = partners.count - k < room ? partners.count - k : room;

            fill_block(v, post, &partners, k, n);
            k += n;
            if (v->block.count == BLOCK) is_good = flush(v);
        }
    }
    nl_partners_free(&partners);
    return is_good && flush(v);
}

static nl_conn *by_pair(nl_conn_context *cx, nl_pair_fn fn, void *user, bool draws)
{
    nl_rows rows;

    if (!nl_rows_init(&rows, cx, BLOCK)) return nl_rows_drop(&rows);
    pair_visit *v = nl_calloc(1, sizeof *v);
    v->rows = &rows;
    v->fn = fn;
    v->user = user;
    v->draws = draws ? nl_calloc(cx->pre.count, sizeof *v->draws) : NULL;
    const bool is_good = visit_pairs(v);
    const uint64_t saturated = v->block.saturated;

    free(v->draws);
    free(v);
    return saturate(cx, nl_conn_finish(cx, is_good ? nl_rows_done(&rows) : nl_rows_drop(&rows)), saturated);
}

/* Each pair with its own probability, independently. */
nl_conn *nl_conn_random_by(nl_conn_context *cx, nl_pair_fn p, void *user)
{
    return by_pair(cx, p, user, true);
}

/* Each pair for which the condition is true. */
nl_conn *nl_conn_where(nl_conn_context *cx, nl_pair_fn condition, void *user)
{
    return by_pair(cx, condition, user, false);
}

/* --- fixed degrees --- */

/* Chooses k numbers below n and gives them in ascending order.  Chosen numbers are bits; a second level tells which
 * words of the first are not empty, so that a small choice from many costs no scan.  All clear between two choices. */
typedef struct chooser {
    uint64_t *bits, *words;
    uint64_t *keys, *spare; /* for choices with repetition */
} chooser;

static chooser chooser_new(size_t n, size_t k, bool multapses)
{
    const size_t size = sizeof(uint64_t);

    if (multapses) return (chooser){ .keys = nl_calloc(k, size), .spare = nl_calloc(k, size) };
    return (chooser){ .bits = nl_calloc(n / 64 + 1, size), .words = nl_calloc(n / 4096 + 1, size) };
}

static void chooser_free(chooser *ch)
{
    free(ch->bits);
    free(ch->words);
    free(ch->keys);
    free(ch->spare);
}

static void mark_distinct(chooser *ch, nl_stream stream, uint64_t element, size_t n, size_t k)
{
    uint64_t step = 0;

    while (k > 0) {
        const uint64_t i = draw_below(stream, element, &step, n), bit = UINT64_C(1) << (i & 63);

        if (ch->bits[i >> 6] & bit) continue;
        ch->bits[i >> 6] |= bit;
        ch->words[i >> 12] |= UINT64_C(1) << (i >> 6 & 63);
        k--;
    }
}

static void take_marked(chooser *ch, size_t n, uint32_t *out)
{
    for (size_t top = 0; top <= n >> 12; top++) {
        for (uint64_t words = ch->words[top]; words != 0; words &= words - 1) {
            const size_t word = top << 6 | (size_t)__builtin_ctzll(words);

            for (uint64_t bits = ch->bits[word]; bits != 0; bits &= bits - 1)
                *out++ = (uint32_t)(word << 6 | (size_t)__builtin_ctzll(bits));
            ch->bits[word] = 0;
        }
        ch->words[top] = 0;
    }
}

static void take_unmarked(chooser *ch, size_t n, uint32_t *out)
{
    for (size_t word = 0; word <= n >> 6; word++) {
        const uint64_t inside = word < n >> 6 ? ~UINT64_C(0) : (UINT64_C(1) << (n & 63)) - 1;

        for (uint64_t bits = ~ch->bits[word] & inside; bits != 0; bits &= bits - 1)
            *out++ = (uint32_t)(word << 6 | (size_t)__builtin_ctzll(bits));
        ch->bits[word] = 0;
        ch->words[word >> 6] = 0;
    }
}

static void choose_distinct(chooser *ch, nl_stream stream, uint64_t element, size_t n, size_t k, uint32_t *out)
{
    if (k <= n / 2) {
        mark_distinct(ch, stream, element, n, k);
        take_marked(ch, n, out);
    } else {
        mark_distinct(ch, stream, element, n, n - k);
        take_unmarked(ch, n, out);
    }
}

static void choose_repeated(chooser *ch, nl_stream stream, uint64_t element, size_t n, size_t k, uint32_t *out)
{
    uint64_t step = 0;

    for (size_t i = 0; i < k; i++) ch->keys[i] = draw_below(stream, element, &step, n) << 32;
    nl_sort_keys(ch->keys, ch->spare, k, (uint32_t)(n - 1));
    for (size_t i = 0; i < k; i++) out[i] = (uint32_t)(ch->keys[i] >> 32);
}

static bool has_enough(nl_conn_context *cx, const nl_partners *partners, size_t row, size_t k, bool multapses)
{
    if (k == 0 || (multapses ? partners->count > 0 : k <= partners->count)) return true;
    nl_diag *diag = nl_diag_add(cx->diags, NL_E_CONN_DEGREE, cx->span,
                                "%s neuron %zu of `%s` should have %zu different partners and can have %zu",
                                partners->by_pre ? "pre" : "post", row, cx->name, k, partners->count);
    if (partners->count > 0)
        nl_diag_help(cx->diags, diag, "multapses = true allows several synapses between the same two neurons");
    return false;
}

/* k partners for each of `rows` neurons, row after row in `out`. */
static bool choose_partners(nl_conn_context *cx, bool by_pre, size_t rows, size_t k, bool multapses, uint32_t *out)
{
    nl_partners partners = nl_partners_new(cx, by_pre);
    chooser ch = chooser_new(partners.all, k, multapses);
    bool is_enough = true;

    for (size_t row = 0; is_enough && row < rows; row++, out += k) {
        nl_partners_row(&partners, row);
        is_enough = has_enough(cx, &partners, row, k, multapses);
        if (!is_enough || k == 0) continue;
        (multapses ? choose_repeated : choose_distinct)(&ch, cx->stream, row, partners.count, k, out);
        for (size_t i = 0; i < k; i++) out[i] = (uint32_t)nl_partners_get(&partners, out[i]);
    }
    chooser_free(&ch);
    nl_partners_free(&partners);
    return is_enough;
}

/* The first row stands for all: without `excluding`, rows differ by an autapse at most. */
bool nl_conn_check_degree(nl_conn_context *cx, bool by_pre, size_t k, bool multapses)
{
    nl_partners partners = nl_partners_new(cx, by_pre);

    nl_partners_row(&partners, 0);
    const bool is_enough = (by_pre ? cx->pre : cx->post).count == 0 || has_enough(cx, &partners, 0, k, multapses);
    nl_partners_free(&partners);
    return is_enough;
}

/* Every post neuron receives k synapses, from different pre neurons unless `multapses`. */
nl_conn *nl_conn_fixed_indegree(nl_conn_context *cx, size_t k, bool multapses)
{
    nl_rows rows;

    if (!nl_rows_init(&rows, cx, (double)k * (double)cx->post.count) ||
        !choose_partners(cx, false, cx->post.count, k, multapses, rows.index))
        return nl_rows_drop(&rows);
    for (size_t post = 0; post < cx->post.count; post++) rows.begin[post + 1] = k;
    rows.count = k * cx->post.count;
    return nl_conn_finish(cx, nl_rows_done(&rows));
}

/* From targets by pre neuron to rows by post neuron; visiting pre neurons in order leaves each row ascending. */
static void turn_rows(nl_rows *rows, size_t pre_count, size_t k, const uint32_t *targets)
{
    const size_t post_count = rows->conn->post.count;
    uint64_t *next = nl_calloc(post_count + 1, sizeof *next);

    for (size_t i = 0; i < pre_count * k; i++) rows->begin[targets[i] + 1]++;
    for (size_t post = 0; post < post_count; post++) next[post + 1] = next[post] + rows->begin[post + 1];
    for (size_t i = 0; i < pre_count * k; i++) rows->index[next[targets[i]]++] = (uint32_t)(i / k);
    rows->count = pre_count * k;
    free(next);
}

/* Every pre neuron makes k synapses, onto different post neurons unless `multapses`. */
nl_conn *nl_conn_fixed_outdegree(nl_conn_context *cx, size_t k, bool multapses)
{
    const double count = (double)k * (double)cx->pre.count;
    nl_rows rows;

    if (!nl_rows_init(&rows, cx, count) || !nl_conn_fits(cx, count, 2 * sizeof(uint32_t))) return nl_rows_drop(&rows);
    uint32_t *targets = nl_realloc(NULL, nl_checked_mul(k * cx->pre.count, sizeof *targets));
    const bool is_enough = choose_partners(cx, true, cx->pre.count, k, multapses, targets);

    if (is_enough) turn_rows(&rows, cx->pre.count, k, targets);
    free(targets);
    return nl_conn_finish(cx, is_enough ? nl_rows_done(&rows) : nl_rows_drop(&rows));
}

/* --- fixed total --- */

/* first[post]: number of the row's first allowed pair, counting through all rows. */
static uint64_t *number_pairs(nl_conn_context *cx, nl_partners *partners)
{
    uint64_t *first = nl_calloc(cx->post.count + 1, sizeof *first);

    for (size_t post = 0; post < cx->post.count; post++) {
        nl_partners_row(partners, post);
        first[post + 1] = first[post] + partners->count;
    }
    return first;
}

/* The row of a pair: the last one that starts at or before it. */
static size_t find_row(const uint64_t *first, size_t rows, uint64_t pair)
{
    size_t low = 0, high = rows;

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        if (first[middle] <= pair) low = middle;
        else high = middle;
    }
    return low;
}

/* Keys with the row in the upper and the place in the row in the lower half, sorted by both. */
static void draw_pairs(nl_conn_context *cx, const uint64_t *first, uint64_t *keys, uint64_t *spare, size_t n)
{
    const size_t rows = cx->post.count;

    for (size_t k = 0; k < n; k++) {
        uint64_t step = 0;
        const uint64_t pair = draw_below(cx->stream, k, &step, first[rows]);
        const size_t row = find_row(first, rows, pair);

        keys[k] = (pair - first[row]) << 32 | row;
    }
    nl_sort_keys(keys, spare, n, (uint32_t)cx->pre.count);
    for (size_t k = 0; k < n; k++) keys[k] = keys[k] << 32 | keys[k] >> 32;
    nl_sort_keys(keys, spare, n, (uint32_t)rows);
}

static void add_pairs(nl_rows *rows, nl_partners *partners, const uint64_t *keys, size_t n)
{
    for (size_t k = 0, row = NL_NO_NEURON; k < n; k++) {
        if (keys[k] >> 32 != row) nl_partners_row(partners, row = keys[k] >> 32);
        nl_rows_add(rows, row, nl_partners_get(partners, (uint32_t)keys[k]));
    }
}

static bool total_rows(nl_rows *rows, nl_partners *partners, const uint64_t *first, size_t n)
{
    nl_conn_context *cx = rows->cx;

    if (n == 0) return true;
    if (first[cx->post.count] == 0) {
        nl_diag_add(cx->diags, NL_E_CONN_DEGREE, cx->span, "`%s` should have %zu synapses but no pair can be connected",
                    cx->name, n);
        return false;
    }
    uint64_t *keys = nl_calloc(2 * n, sizeof *keys);

    draw_pairs(cx, first, keys, keys + n, n);
    add_pairs(rows, partners, keys, n);
    free(keys);
    return true;
}

/* n synapses, each between a pair that is drawn from all allowed ones: a pair may be drawn several times. */
nl_conn *nl_conn_fixed_total(nl_conn_context *cx, size_t n)
{
    nl_rows rows;

    if (!nl_rows_init(&rows, cx, (double)n) || !nl_conn_fits(cx, (double)n, 2 * sizeof(uint64_t) + sizeof(uint32_t)))
        return nl_rows_drop(&rows);
    nl_partners partners = nl_partners_new(cx, false);
    uint64_t *first = number_pairs(cx, &partners);
    const bool is_good = total_rows(&rows, &partners, first, n);

    free(first);
    nl_partners_free(&partners);
    return nl_conn_finish(cx, is_good ? nl_rows_done(&rows) : nl_rows_drop(&rows));
}
