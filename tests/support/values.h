/* Values for tests: an evaluation with its own arena, arrays from a few words, and what a diagnostic said. */
#ifndef TESTS_SUPPORT_VALUES_H
#define TESTS_SUPPORT_VALUES_H

#include "close.h"

#include "lang/value.h"

#include <string.h>

typedef struct bench {
    nl_eval_context cx;
    uint64_t draws;
} bench;

static inline nl_dim dim_of(const char *symbol)
{
    nl_unit unit = { .dim = nl_dim_none };

    if (symbol != NULL) assert_true(nl_unit_find(symbol, strlen(symbol), &unit));
    return unit.dim;
}

static inline bench *bench_new(void)
{
    nl_arena *arena = nl_arena_new();
    bench *b = NL_NEW(arena, bench);

    b->cx = (nl_eval_context){ .arena = arena,
                               .diags = nl_diags_new(arena, nl_sources_new(arena)),
                               .folder = ".",
                               .seed = 7,
                               .time_dim = dim_of("ms"),
                               .stream = "test",
                               .draw_count = &b->draws };
    return b;
}

static inline void bench_free(bench *b)
{
    nl_arena_free(b->cx.arena);
}

/* The text of the newest diagnostic; "" when there is none. */
static inline const char *bench_said(const bench *b)
{
    const size_t count = nl_diags_count(b->cx.diags);

    return count > 0 ? nl_diags_get(b->cx.diags, count - 1)->text : "";
}

static inline nl_value number(bench *b, double x, const char *unit)
{
    return nl_value_number(b->cx.arena, x, dim_of(unit));
}

/* Shapes and data as compound literals. */
#define ARRAY(b, unit, rank, extents, ...) \
    nl_value_array((b)->cx.arena, NL_KIND_NUMBER, dim_of(unit), rank, (size_t[]){ extents }, (double[]){ __VA_ARGS__ })
#define VECTOR(b, unit, count, ...) ARRAY(b, unit, 1, count, __VA_ARGS__)
#define MASK(b, count, ...) \
    nl_value_array((b)->cx.arena, NL_KIND_BOOL, nl_dim_none, 1, (size_t[]){ count }, (double[]){ __VA_ARGS__ })
#define TWO(a, b) a, b

static inline nl_value signal_of(bench *b, nl_value value, const double *times)
{
    nl_value axis = nl_value_array(b->cx.arena, NL_KIND_NUMBER, nl_dim_none, 1, value.shape, times);

    value.is_signal = true;
    value.times = axis.data;
    return value;
}

/* What `print` would show: compares kind, shape, unit and elements at once. */
static inline void assert_shown(bench *b, nl_value value, const char *want)
{
    if (value.kind == NL_KIND_NONE) fail_msg("no value (%s), wanted %s", bench_said(b), want);
    assert_string_equal(nl_value_show(b->cx.arena, value, NULL), want);
}

static inline void assert_refused(bench *b, nl_value value, const char *want)
{
    assert_int_equal(value.kind, NL_KIND_NONE);
    assert_string_equal(bench_said(b), want);
}

#endif
