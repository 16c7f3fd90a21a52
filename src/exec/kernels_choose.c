#include "kernels.h"

#define NL_READING nl_real_
#include "lang/op_words.h"

#include <stdlib.h>
#include <string.h>

extern const nl_kernel_table nl_kernels_baseline;
#ifdef NL_X86
extern const nl_kernel_table nl_kernels_avx2, nl_kernels_avx512;
#endif

const nl_kernel_table *const *nl_kernels_all(void)
{
    static const nl_kernel_table *const tables[] = {
#ifdef NL_X86
        &nl_kernels_avx512, &nl_kernels_avx2,
#endif
        &nl_kernels_baseline, NULL
    };
#ifdef NL_X86
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
                        && __builtin_cpu_supports("avx512vl");
    return tables + (avx512 ? 0 : avx2 ? 1 : 2);
#else
    return tables;
#endif
}

const nl_kernel_table *nl_kernels_choose(void)
{
    const char *wanted = getenv("NETLANG_ISA");
    const nl_kernel_table *const *all = nl_kernels_all();

    for (size_t k = 0; wanted != NULL && all[k] != NULL; k++)
        if (strcmp(all[k]->isa, wanted) == 0) return all[k];
    return all[0];
}

void nl_kernels_draw(const nl_kernel_table *kernels, nl_dist dist, nl_stream stream, uint64_t first, uint64_t step,
                     size_t count, double *out, const double *const *args, const size_t *strides)
{
    if (kernels->draw[dist] != NULL) kernels->draw[dist](stream, first, step, count, out, args, strides);
    else nl_draw_array(dist, stream, first, step, count, out, args, strides);
}

static const double starts[NL_RED_COUNT] = {
#define RED(ID, start, take, join) [NL_RED_##ID] = start,
#include "reduce.def"
    [NL_RED_ARGMIN] = INFINITY,
    [NL_RED_ARGMAX] = -INFINITY,
};

void nl_reduction_init(nl_reduction *acc, nl_reduce_op op)
{
    for (size_t k = 0; k < NL_LEN(acc->lane); k++) acc->lane[k] = starts[op], acc->at[k] = INFINITY;
}

static double join(nl_reduce_op op, double l, double x)
{
    switch (op) {
#define RED(ID, start, take, join) case NL_RED_##ID: return join;
#include "reduce.def"
    default: return NAN;
    }
}

/* Where the best lane has its element: nan is best, the lowest index wins a tie; NaN when there was no element. */
static double place_of_best(const nl_reduction *acc, bool greatest)
{
    size_t best = 0;

    for (size_t k = 1; k < NL_LEN(acc->lane); k++) {
        const double x = greatest ? acc->lane[k] : -acc->lane[k], y = greatest ? acc->lane[best] : -acc->lane[best];
        const bool ties = x == y || (isnan(x) && isnan(y));
        if (isnan(x) > isnan(y) || x > y || (ties && acc->at[k] < acc->at[best])) best = k;
    }
    return isinf(acc->at[best]) ? NAN : acc->at[best];
}

double nl_reduction_done(const nl_reduction *acc, nl_reduce_op op)
{
    const double *l = acc->lane;

    if (op == NL_RED_ARGMIN || op == NL_RED_ARGMAX) return place_of_best(acc, op == NL_RED_ARGMAX);
    return join(op, join(op, join(op, l[0], l[4]), join(op, l[2], l[6])),
                join(op, join(op, l[1], l[5]), join(op, l[3], l[7])));
}
