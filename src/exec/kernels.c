/* Compiled once per instruction set, under -DNL_ISA=baseline, avx2 or avx512 and the compiler's flags for it. */
#include "kernels.h"

#include "kernel_vector.h"

#include <string.h>

/* --- elementwise: the meanings of ops.def for one double and for a vector --- */

#define MEANING(type, prefix, ID, meaning)                           \
    ALWAYS_INLINE type prefix##ID(type a, type b, type c)            \
    {                                                                \
        (void)a, (void)b, (void)c;                                   \
        return meaning;                                              \
    }

#define NL_READING nl_real_
#define OP(ID, name, arity, dim, type, cost, meaning, ...) MEANING(double, real_, ID, meaning)
#include "lang/ops.def"
#undef NL_READING
#define NL_READING nl_vec_
#define OP(ID, name, arity, dim, type, cost, meaning, ...) MEANING(vec, vec_, ID, meaning)
#include "lang/ops.def"

typedef double real_meaning(double a, double b, double c);
typedef vec vec_meaning(vec a, vec b, vec c);

/* An operand: an array, or one number for all elements.  That number is read before anything is written. */
typedef struct operand {
    const double *array;
    double one;
    vec all;
    bool uniform;
} operand;

ALWAYS_INLINE operand operand_of(const double *const *args, int k, int arity, unsigned variant)
{
    operand x = { .uniform = k >= arity || (variant >> k & 1) != 0 };

    if (k >= arity) return x;
    x.array = args[k];
    if (x.uniform) x.one = *x.array, x.all = VEC_ALL(x.one);
    return x;
}

ALWAYS_INLINE vec operand_vec(const operand *x, size_t i) { return x->uniform ? x->all : vec_load(x->array + i); }
ALWAYS_INLINE double operand_real(const operand *x, size_t i) { return x->uniform ? x->one : x->array[i]; }

ALWAYS_INLINE vec operand_part(const operand *x, size_t i, size_t count)
{
    return x->uniform ? x->all : vec_load_part(x->array + i, count);
}

/* By the column `cost` of ops.def: cheap ones are instructions; of those that come as vector functions, a whole
 * vector costs little more than one element; the dearest are called element by element anyway. */
enum { VECTOR_FUNCTION_FROM = 8, VECTOR_FUNCTION_UNTIL = 100 };

/* A loop's own instructions would cost as much as one cheap operation. */
#define IN_FOURS(DO)                                                                         \
    for (; i + 4 * NL_WIDTH <= n; i += 4 * NL_WIDTH) {                                       \
        DO(i);                                                                               \
        DO(i + NL_WIDTH);                                                                    \
        DO(i + 2 * NL_WIDTH);                                                                \
        DO(i + 3 * NL_WIDTH);                                                                \
    }

ALWAYS_INLINE void map(size_t n, double *out, const double *const *args, int arity, unsigned variant, int cost,
                       real_meaning *real, vec_meaning *meaning)
{
    const operand a = operand_of(args, 0, arity, variant), b = operand_of(args, 1, arity, variant),
                  c = operand_of(args, 2, arity, variant);
    const size_t whole = n - n % NL_WIDTH, left = n % NL_WIDTH;
    size_t i = 0;

#define MAP_VECTOR(at) \
    vec_store(out + (at), meaning(operand_vec(&a, at), operand_vec(&b, at), operand_vec(&c, at)))
    if (cost < VECTOR_FUNCTION_FROM) IN_FOURS(MAP_VECTOR);
    for (; i < whole; i += NL_WIDTH) MAP_VECTOR(i);
#undef MAP_VECTOR
    if (cost >= VECTOR_FUNCTION_FROM && cost < VECTOR_FUNCTION_UNTIL && left > 1)
        vec_store_part(out + i,
                       meaning(operand_part(&a, i, left), operand_part(&b, i, left), operand_part(&c, i, left)), left);
    else
        for (; i < n; i++) out[i] = real(operand_real(&a, i), operand_real(&b, i), operand_real(&c, i));
}

#define KERNEL(variant, ID, arity, cost)                                                     \
    static void op_##ID##_##variant(size_t n, double *out, const double *const *args)        \
    {                                                                                        \
        map(n, out, args, arity, variant, cost, real_##ID, vec_##ID);                        \
    }

#define VARIANTS_1(WHAT, ...) WHAT(0, __VA_ARGS__)
#define VARIANTS_2(WHAT, ...) WHAT(0, __VA_ARGS__) WHAT(1, __VA_ARGS__) WHAT(2, __VA_ARGS__)
#define VARIANTS_3(WHAT, ...) \
    VARIANTS_2(WHAT, __VA_ARGS__) WHAT(3, __VA_ARGS__) WHAT(4, __VA_ARGS__) WHAT(5, __VA_ARGS__) WHAT(6, __VA_ARGS__)

#define OP(ID, name, arity, dim, type, cost, ...) VARIANTS_##arity(KERNEL, ID, arity, cost)
#include "lang/ops.def"

/* --- superinstructions --- */

#define PAIRS_WITH(PAIR, second, then) \
    PAIR(ADD, +, second, then) PAIR(SUB, -, second, then) PAIR(MUL, *, second, then) PAIR(DIV, /, second, then)
#define PAIRS(PAIR) PAIRS_WITH(PAIR, ADD, +) PAIRS_WITH(PAIR, SUB, -) PAIRS_WITH(PAIR, MUL, *) PAIRS_WITH(PAIR, DIV, /)

#define PAIR_KERNELS(first, op, second, then)                                                \
    MEANING(double, real_, first##_##second##_LEFT, (a op b) then c)                         \
    MEANING(vec, vec_, first##_##second##_LEFT, (a op b) then c)                             \
    MEANING(double, real_, first##_##second##_RIGHT, c then (a op b))                        \
    MEANING(vec, vec_, first##_##second##_RIGHT, c then (a op b))                            \
    VARIANTS_3(KERNEL, first##_##second##_LEFT, 3, 2)                                        \
    VARIANTS_3(KERNEL, first##_##second##_RIGHT, 3, 2)
PAIRS(PAIR_KERNELS)

/* --- chains --- */

/* Operand k, as a number where bit `bit` of the variant is set. */
ALWAYS_INLINE operand operand_by(const double *const *args, int k, unsigned variant, int bit)
{
    return operand_of(args + k, 0, 1, variant >> bit & 1);
}

ALWAYS_INLINE void chain(size_t n, double *out, const double *const *args, int terms, unsigned variant)
{
    const operand c = operand_by(args, 2, variant, 1);
    const size_t whole = n - n % NL_WIDTH;
    operand x[NL_CHAIN_MOST], y[NL_CHAIN_MOST];
    size_t i = 0;

    for (int t = 0; t < terms; t++) {
        x[t] = operand_by(args, t == 0 ? 0 : 2 * t + 1, 0, 0);
        y[t] = operand_by(args, t == 0 ? 1 : 2 * t + 2, variant, t == 0 ? 0 : t + 1);
    }
    for (; i < whole; i += NL_WIDTH) {
        vec sum = operand_vec(&x[0], i) * operand_vec(&y[0], i) + operand_vec(&c, i);
#pragma GCC unroll 3
        for (int t = 1; t < terms; t++) sum += operand_vec(&x[t], i) * operand_vec(&y[t], i);
        vec_store(out + i, sum);
    }
    for (; i < n; i++) {
        double sum = operand_real(&x[0], i) * operand_real(&y[0], i) + operand_real(&c, i);
        for (int t = 1; t < terms; t++) sum += operand_real(&x[t], i) * operand_real(&y[t], i);
        out[i] = sum;
    }
}

#define CHAIN(variant, terms)                                                                \
    static void chain_##terms##_##variant(size_t n, double *out, const double *const *args)  \
    {                                                                                        \
        chain(n, out, args, terms, variant);                                                 \
    }

#define VARIANTS_4(WHAT, ...)                                                                \
    VARIANTS_3(WHAT, __VA_ARGS__) WHAT(7, __VA_ARGS__) WHAT(8, __VA_ARGS__) WHAT(9, __VA_ARGS__)       \
    WHAT(10, __VA_ARGS__) WHAT(11, __VA_ARGS__) WHAT(12, __VA_ARGS__) WHAT(13, __VA_ARGS__)  \
    WHAT(14, __VA_ARGS__)
#define CHAINS_2(WHAT) VARIANTS_3(WHAT, 2) WHAT(7, 2)
#define CHAINS_3(WHAT) VARIANTS_4(WHAT, 3) WHAT(15, 3)
#define CHAINS_4(WHAT)                                                                       \
    VARIANTS_4(WHAT, 4) WHAT(15, 4) WHAT(16, 4) WHAT(17, 4) WHAT(18, 4) WHAT(19, 4) WHAT(20, 4) WHAT(21, 4) \
    WHAT(22, 4) WHAT(23, 4) WHAT(24, 4) WHAT(25, 4) WHAT(26, 4) WHAT(27, 4) WHAT(28, 4) WHAT(29, 4) WHAT(30, 4) \
    WHAT(31, 4)
CHAINS_2(CHAIN)
CHAINS_3(CHAIN)
CHAINS_4(CHAIN)

/* --- choices and tests --- */

#define COMPARISONS(WHAT) WHAT(LT, <) WHAT(LE, <=) WHAT(EQ, ==)

#define CHOOSE(ID, op, at) vec_store(out + (at), vec_blend(operand_vec(&a, at) op operand_vec(&b, at), \
                                                           operand_vec(&c, at), operand_vec(&d, at)))
#define CHOOSE_LT(at) CHOOSE(LT, <, at)
#define CHOOSE_LE(at) CHOOSE(LE, <=, at)
#define CHOOSE_EQ(at) CHOOSE(EQ, ==, at)
#define CHOICE(variant, ID, op)                                                              \
    static void choose_##ID##_##variant(size_t n, double *out, const double *const *args)    \
    {                                                                                        \
        const operand a = operand_by(args, 0, variant, 0), b = operand_by(args, 1, variant, 1); \
        const operand c = operand_by(args, 2, variant, 2), d = operand_by(args, 3, variant, 3); \
        const size_t whole = n - n % NL_WIDTH;                                               \
        size_t i = 0;                                                                        \
        IN_FOURS(CHOOSE_##ID)                                                                \
        for (; i < whole; i += NL_WIDTH) CHOOSE_##ID(i);                                     \
        for (; i < n; i++)                                                                   \
            out[i] = operand_real(&a, i) op operand_real(&b, i) ? operand_real(&c, i) : operand_real(&d, i); \
    }

/* Those of whole words, then those of the last one. */
#define TEST(variant, ID, op)                                                                \
    static bool test_##ID##_##variant(size_t n, const double *const *args, uint64_t flip, uint64_t *bits) \
    {                                                                                        \
        const operand a = operand_by(args, 0, variant, 0), b = operand_by(args, 1, variant, 1); \
        uint64_t some = 0;                                                                   \
        size_t i = 0;                                                                        \
        for (; i + 64 <= n; i += 64) {                                                       \
            uint64_t word = 0;                                                               \
            for (size_t k = 0; k < 64; k += NL_WIDTH)                                        \
                word |= vec_bits_##ID(operand_vec(&a, i + k), operand_vec(&b, i + k)) << k;  \
            some |= bits[i / 64] &= word ^ flip;                                             \
        }                                                                                    \
        if (i == n) return some != 0;                                                        \
        uint64_t word = 0;                                                                   \
        for (size_t k = 0; i + k < n; k++)                                                   \
            word |= (uint64_t)(operand_real(&a, i + k) op operand_real(&b, i + k)) << k;     \
        some |= bits[i / 64] &= (word ^ flip) & (((uint64_t)1 << (n - i)) - 1);              \
        return some != 0;                                                                    \
    }

#define COMPARISON(ID, op) VARIANTS_4(CHOICE, ID, op) VARIANTS_2(TEST, ID, op)
COMPARISONS(COMPARISON)

/* --- reductions: element k of the whole belongs to lane k modulo 8 --- */

enum { LANES = 8, PARTS = LANES / NL_WIDTH };

#define TAKING(type, prefix, ID, meaning) ALWAYS_INLINE type prefix##take_##ID(type l, type x) { return meaning; }
#define RED(ID, start, take, join) TAKING(vec, vec_, ID, take)
#include "reduce.def"
#undef NL_READING
#define NL_READING nl_real_
#define RED(ID, start, take, join) TAKING(double, real_, ID, take)
#include "reduce.def"

ALWAYS_INLINE void take_one(nl_reduction *acc, size_t index, double x, double (*take)(double, double))
{
    double *lane = &acc->lane[index % LANES];

    *lane = take(*lane, x);
}

ALWAYS_INLINE void reduce(nl_reduction *acc, size_t first, size_t n, const double *a, double (*take)(double, double),
                          vec (*take_vec)(vec, vec))
{
    size_t i = 0;
    vec lane[PARTS];

    for (; i < n && (first + i) % LANES != 0; i++) take_one(acc, first + i, a[i], take);
    for (int k = 0; k < PARTS; k++) lane[k] = vec_load(acc->lane + k * NL_WIDTH);
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < PARTS; k++) lane[k] = take_vec(lane[k], vec_load(a + i + k * NL_WIDTH));
    for (int k = 0; k < PARTS; k++) vec_store(acc->lane + k * NL_WIDTH, lane[k]);
    for (; i < n; i++) take_one(acc, first + i, a[i], take);
}

#define RED(ID, start, take, join)                                                           \
    static void reduce_##ID(nl_reduction *acc, size_t first, size_t n, const double *a)      \
    {                                                                                        \
        reduce(acc, first, n, a, real_take_##ID, vec_take_##ID);                             \
    }
#include "reduce.def"

/* The first element of a lane wins over nothing, a better one over a worse, and nan over numbers. */
ALWAYS_INLINE void reduce_arg(nl_reduction *acc, size_t first, size_t n, const double *a, bool greatest)
{
    for (size_t i = 0; i < n; i++) {
        double *best = &acc->lane[(first + i) % LANES], *at = &acc->at[(first + i) % LANES];
        const bool better = greatest ? a[i] > *best : a[i] < *best;

        if (better || isinf(*at) || (isnan(a[i]) && !isnan(*best))) *best = a[i], *at = (double)(first + i);
    }
}

static void reduce_ARGMIN(nl_reduction *acc, size_t first, size_t n, const double *a)
{
    reduce_arg(acc, first, n, a, false);
}

static void reduce_ARGMAX(nl_reduction *acc, size_t first, size_t n, const double *a)
{
    reduce_arg(acc, first, n, a, true);
}

/* --- the others --- */

/* A double as an index into `count` elements, or -1. */
ALWAYS_INLINE int64_t index_of(double at, size_t count)
{
    const int64_t k = at >= 0 && at < (double)count ? (int64_t)at : -1;

    return (double)k == at ? k : -1;
}

static void gather(size_t n, double *out, const double *source, size_t count, const double *index, size_t *bad)
{
    size_t first_bad = n;

    for (size_t i = 0; i < n; i++) {
        const int64_t k = index_of(index[i], count);
        if (k < 0 && first_bad == n) first_bad = i;
        out[i] = k < 0 ? NAN : source[k];
    }
    if (first_bad < n) *bad = first_bad + 1;
}

static void pick(size_t n, double *out, const double *source, const uint32_t *index)
{
    const size_t whole = n - n % NL_WIDTH;
    size_t i = 0;

    for (; i < whole; i += NL_WIDTH) vec_store(out + i, vec_gather(source, index + i));
    for (; i < n; i++) out[i] = source[index[i]];
}

static void iota(size_t n, double *out, double first)
{
    const size_t whole = n - n % NL_WIDTH;
    size_t i = 0;
    vec index;

    for (int k = 0; k < NL_WIDTH; k++) index[k] = k;
    for (; i < whole; i += NL_WIDTH, index += (double)NL_WIDTH) vec_store(out + i, first + index);
    for (; i < n; i++) out[i] = first + (double)i;
}

static void copy(size_t n, double *out, const double *a)
{
    if (n != 0) memmove(out, a, n * sizeof *out);
}

static void fill(size_t n, double *out, double value)
{
    const size_t whole = n - n % NL_WIDTH;
    size_t i = 0;

    for (; i < whole; i += NL_WIDTH) vec_store(out + i, VEC_ALL(value));
    for (; i < n; i++) out[i] = value;
}

/* Of each row but the last ones, a whole vector may reach into the next, which is filled afterwards. */
static void spread(size_t n, double *out, const double *values, size_t columns, size_t at)
{
    const double *value = values + at / columns;
    size_t i = 0;

    for (size_t end = columns - at % columns; i < n; end += columns, value++) {
        const size_t stop = end < n ? end : n;
        for (; i < stop && i + NL_WIDTH <= n; i += NL_WIDTH) vec_store(out + i, VEC_ALL(*value));
        for (; i < stop; i++) out[i] = *value;
        i = stop;
    }
}

/* x - x is 0 for numbers and nan for everything else. */
static bool finite_all(size_t n, const double *a, size_t *where)
{
    enum { SUMS = 4 }; /* additions wait for each other; four chains of them do not */
    const size_t whole = n - n % NL_WIDTH, most = n - n % (SUMS * NL_WIDTH);
    vec part[SUMS] = { { 0 } };
    size_t i = 0;

    for (; i < most; i += SUMS * NL_WIDTH)
        for (int p = 0; p < SUMS; p++) part[p] += vec_load(a + i + p * NL_WIDTH) - vec_load(a + i + p * NL_WIDTH);
    vec sum = (part[0] + part[1]) + (part[2] + part[3]);
    for (; i < whole; i += NL_WIDTH) sum += vec_load(a + i) - vec_load(a + i);
    double total = 0;
    for (int k = 0; k < NL_WIDTH; k++) total += sum[k];
    for (; i < n; i++) total += a[i] - a[i];
    if (total == 0) return true;
    for (i = 0; isfinite(a[i]); i++) continue;
    *where = i;
    return false;
}

/* Few elements fire in a step: mostly a word of bits has none. */
static size_t nonzero(size_t n, const double *a, uint32_t first, uint32_t *ids)
{
    size_t found = 0, i = 0;

    for (; i + 64 <= n; i += 64) {
        uint64_t zero = 0;
        for (size_t k = 0; k < 64; k += NL_WIDTH) zero |= vec_bits_EQ(vec_load(a + i + k), VEC_ALL(0.0)) << k;
        for (uint64_t left = ~zero; left != 0; left &= left - 1)
            ids[found++] = first + (uint32_t)(i + (size_t)__builtin_ctzll(left));
    }
    for (; i < n; i++)
        if (a[i] != 0) ids[found++] = first + (uint32_t)i;
    return found;
}

/* A neuron may stand in the list twice, so the additions stay in order. */
#define UNROLLED _Pragma("GCC unroll 8")

static void add_number(size_t n, const uint32_t *index, double number, double *out)
{
    UNROLLED
    for (size_t k = 0; k < n; k++) out[index[k]] += number;
}

static void add_weights(size_t n, const uint32_t *index, const double *weights, double *out)
{
    UNROLLED
    for (size_t k = 0; k < n; k++) out[index[k]] += weights[k];
}

static void add_scaled(size_t n, const uint32_t *index, const double *weights, double number, double *out)
{
    UNROLLED
    for (size_t k = 0; k < n; k++) out[index[k]] += weights[k] * number;
}

static void add_floats(size_t n, const uint32_t *index, const float *weights, double *out)
{
    UNROLLED
    for (size_t k = 0; k < n; k++) out[index[k]] += (double)weights[k];
}

static void add_scaled_floats(size_t n, const uint32_t *index, const float *weights, double number, double *out)
{
    UNROLLED
    for (size_t k = 0; k < n; k++) out[index[k]] += (double)weights[k] * number;
}

/* Synapse k of a row belongs to lane k modulo 8, so the order of additions is the same at every width. */
ALWAYS_INLINE double row_sum(size_t count, const uint32_t *col, const double *w, const double *x)
{
    vec part[PARTS] = { { 0 } };
    double lane[LANES];
    size_t k = 0;

    for (; k + LANES <= count; k += LANES)
        for (int p = 0; p < PARTS; p++) {
            const vec from = vec_gather(x, col + k + p * NL_WIDTH);
            part[p] += w != NULL ? vec_load(w + k + p * NL_WIDTH) * from : from;
        }
    for (int p = 0; p < PARTS; p++) vec_store(lane + p * NL_WIDTH, part[p]);
    for (int l = 0; k < count; k++, l++) lane[l] += w != NULL ? w[k] * x[col[k]] : x[col[k]];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static void csr(size_t rows, const uint64_t *begin, const uint32_t *col, const double *w, const double *x, double *out)
{
    if (w == NULL)
        for (size_t r = 0; r < rows; r++) out[r] = row_sum(begin[r + 1] - begin[r], col + begin[r], NULL, x);
    else
        for (size_t r = 0; r < rows; r++) out[r] = row_sum(begin[r + 1] - begin[r], col + begin[r], w + begin[r], x);
}

/* Of `width` lanes side by side, each in the order of row_sum(). */
#define LANE_SUMS(width)                                                                     \
    typedef double lanes_##width __attribute__((vector_size(8 * width), aligned(8), may_alias)); \
    ALWAYS_INLINE void add_lanes_##width(const nl_csr_rows *rows, bool narrow, bool weighted, uint64_t k,     \
                                         const double *x, lanes_##width *sum)                \
    {                                                                                        \
        const size_t at = narrow ? rows->narrow[k] : rows->col[k];                           \
        const lanes_##width from = *(const lanes_##width *)(x + width * at);                 \
        if (weighted) *sum += rows->w[k] * from;                                             \
        else *sum += from;                                                                   \
    }                                                                                        \
    ALWAYS_INLINE void rows_lanes_##width(const nl_csr_rows *all, bool narrow, bool weighted, const double *x, \
                                          size_t count, double *const *out)                  \
    {                                                                                        \
        const nl_csr_rows rows = *all;                                                           \
        for (size_t r = rows.from; r < rows.end; r++) {                                      \
            const uint64_t end = rows.begin[r + 1];                                          \
            lanes_##width part[LANES] = { { 0 } }, s[LANES];                                 \
            uint64_t k = rows.begin[r];                                                      \
            for (; k + LANES <= end; k += LANES)                                             \
                _Pragma("GCC unroll 8") for (unsigned l = 0; l < LANES; l++)                 \
                    add_lanes_##width(&rows, narrow, weighted, k + l, x, &part[l]);          \
            memcpy(s, part, sizeof s);                                                       \
            for (unsigned l = 0; k < end; k++, l++) add_lanes_##width(&rows, narrow, weighted, k, x, &s[l]); \
            s[0] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));        \
            for (size_t l = 0; l < count; l++) out[l][r] = s[0][l];                          \
        }                                                                                    \
    }                                                                                        \
    static void csr_lanes_##width(const nl_csr_rows *rows, const double *x, size_t count, double *const *out) \
    {                                                                                        \
        if (rows->narrow != NULL && rows->w == NULL) rows_lanes_##width(rows, true, false, x, count, out); \
        else if (rows->narrow != NULL) rows_lanes_##width(rows, true, true, x, count, out);  \
        else if (rows->w == NULL) rows_lanes_##width(rows, false, false, x, count, out);     \
        else rows_lanes_##width(rows, false, true, x, count, out);                           \
    }
LANE_SUMS(2)
LANE_SUMS(4)
LANE_SUMS(8)

static void csr_lanes(const nl_csr_rows *rows, size_t width, const double *x, size_t count, double *const *out)
{
    if (width == 2) csr_lanes_2(rows, x, count, out);
    else if (width == 4) csr_lanes_4(rows, x, count, out);
    else csr_lanes_8(rows, x, count, out);
}

/* Terms are added in the order of the offsets. */
ALWAYS_INLINE void stencil(size_t n, double *out, const double *x, size_t count, const ptrdiff_t *shift,
                           const double *weight)
{
    const size_t whole = n - n % NL_WIDTH;
    size_t i = 0;

    for (; i < whole; i += NL_WIDTH) {
        vec sum = vec_load(x + (ptrdiff_t)i + shift[0]);
        if (weight != NULL) sum *= weight[0];
        for (size_t k = 1; k < count; k++) {
            const vec term = vec_load(x + (ptrdiff_t)i + shift[k]);
            sum += weight != NULL ? term * weight[k] : term;
        }
        vec_store(out + i, sum);
    }
    for (; i < n; i++) {
        double sum = x[(ptrdiff_t)i + shift[0]];
        if (weight != NULL) sum *= weight[0];
        for (size_t k = 1; k < count; k++) {
            const double term = x[(ptrdiff_t)i + shift[k]];
            sum += weight != NULL ? term * weight[k] : term;
        }
        out[i] = sum;
    }
}

/* Local copies of a known number of offsets stay in registers. */
#define STENCIL_OF(count)                                                                    \
    ALWAYS_INLINE void stencil_##count(size_t n, double *out, const double *x,               \
                                       const ptrdiff_t *shift, const double *weight)         \
    {                                                                                        \
        ptrdiff_t s[count];                                                                  \
        double w[count] = { 0 };                                                             \
        memcpy(s, shift, sizeof s);                                                          \
        if (weight != NULL) memcpy(w, weight, sizeof w);                                     \
        stencil(n, out, x, count, s, weight != NULL ? w : NULL);                             \
    }
STENCIL_OF(2)
STENCIL_OF(4)

static void shifted_sum(size_t n, double *out, const double *x, size_t count, const ptrdiff_t *shift,
                        const double *weight)
{
    if (count == 0) fill(n, out, 0);
    else if (count == 2 && weight == NULL) stencil_2(n, out, x, shift, NULL);
    else if (count == 2) stencil_2(n, out, x, shift, weight);
    else if (count == 4 && weight == NULL) stencil_4(n, out, x, shift, NULL);
    else if (count == 4) stencil_4(n, out, x, shift, weight);
    else if (weight == NULL) stencil(n, out, x, count, shift, NULL);
    else stencil(n, out, x, count, shift, weight);
}

/* --- the table --- */

#define TABLE_OF(isa) TABLE_PASTE(isa)
#define TABLE_PASTE(isa) nl_kernels_##isa
#define DRAWS_OF(isa) DRAWS_PASTE(isa)
#define DRAWS_PASTE(isa) nl_draw_kernels_##isa
#define TEXT_OF(isa) TEXT_PASTE(isa)
#define TEXT_PASTE(isa) #isa

#define ENTRY(variant, ID) [variant] = op_##ID##_##variant,
#define PAIR_ENTRY(first, op, second, then)                                                  \
    [NL_PAIR_##first][NL_PAIR_##second] = { { VARIANTS_3(ENTRY, first##_##second##_LEFT) },  \
                                            { VARIANTS_3(ENTRY, first##_##second##_RIGHT) } },

#define CHAIN_ENTRY(variant, terms) [variant] = chain_##terms##_##variant,
#define CHOICE_OF(variant, ID) [variant] = choose_##ID##_##variant,
#define CHOICE_ENTRY(ID, op) [NL_COMPARE_##ID] = { VARIANTS_4(CHOICE_OF, ID) },
#define TEST_OF(variant, ID) [variant] = test_##ID##_##variant,
#define TEST_ENTRY(ID, op) [NL_COMPARE_##ID] = { VARIANTS_2(TEST_OF, ID) },

extern const nl_draw_kernel DRAWS_OF(NL_ISA)[NL_DIST_COUNT];
extern const nl_kernel_table TABLE_OF(NL_ISA);
const nl_kernel_table TABLE_OF(NL_ISA) = {
    .isa = TEXT_OF(NL_ISA),
    .op = {
#define OP(ID, name, arity, ...) [NL_OP_##ID] = { VARIANTS_##arity(ENTRY, ID) },
#include "lang/ops.def"
    },
    .pair = { PAIRS(PAIR_ENTRY) },
    .chain = { { CHAINS_2(CHAIN_ENTRY) }, { CHAINS_3(CHAIN_ENTRY) }, { CHAINS_4(CHAIN_ENTRY) } },
    .choose = { COMPARISONS(CHOICE_ENTRY) },
    .test = { COMPARISONS(TEST_ENTRY) },
    .draw = DRAWS_OF(NL_ISA),
    .gather = gather,
    .pick = pick,
    .iota = iota,
    .copy = copy,
    .fill = fill,
    .spread = spread,
    .reduce = {
#define RED(ID, ...) [NL_RED_##ID] = reduce_##ID,
#include "reduce.def"
        [NL_RED_ARGMIN] = reduce_ARGMIN,
        [NL_RED_ARGMAX] = reduce_ARGMAX,
    },
    .nonzero = nonzero,
    .add_number = add_number,
    .add_weights = add_weights,
    .add_scaled = add_scaled,
    .add_floats = add_floats,
    .add_scaled_floats = add_scaled_floats,
    .finite = finite_all,
    .csr = csr,
    .csr_lanes = csr_lanes,
    .shifted_sum = shifted_sum,
};
