/* Models by hand, for tests of programs and machines: spaces, memory, projections, roots and short words for nodes. */
#ifndef TESTS_SUPPORT_PROGRAMS_H
#define TESTS_SUPPORT_PROGRAMS_H

#include "close.h"

#include "exec/machine.h"
#include "lang/random.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    nl_arena *arena;
    nl_model model;
    nl_graph *graph;
    nl_memory memory;
    nl_store store;
    NL_LIST(nl_root) roots;
    NL_LIST(nl_conn *) conns;
} fixture;

static inline fixture *fixture_new(void)
{
    nl_arena *arena = nl_arena_new();
    fixture *f = NL_NEW(arena, fixture);

    f->arena = arena;
    f->graph = nl_graph_new(arena);
    f->model.arena = arena;
    f->model.graph = f->graph;
    f->model.dt = 0.125;
    f->model.seed = 2385;
    return f;
}

static inline void fixture_start(fixture *f)
{
    const char *too_large = NULL;

    assert_true(nl_store_init(&f->store, &f->model, &f->memory, (const nl_conn *const *)f->conns.items, NULL,
                              &too_large));
}

static inline void fixture_free(fixture *f)
{
    nl_store_done(&f->store);
    for (size_t k = 0; k < f->conns.count; k++) nl_conn_free(f->conns.items[k]);
    nl_arena_free(f->arena);
}

static inline uint32_t population(fixture *f, size_t count)
{
    const nl_space space = { .kind = NL_SPACE_POPULATION, .name = "P", .count = count, .rank = 1, .shape = { count } };
    const nl_population p = {
        .name = "P", .count = count, .rank = 1, .shape = { count }, .space = nl_graph_add_space(f->graph, &space)
    };

    NL_PUSH(f->arena, &f->model.populations, p);
    return p.space;
}

static inline uint32_t mem(fixture *f, const char *name, uint32_t space, size_t depth)
{
    const nl_mem m = { .name = name, .space = space, .count = nl_graph_space(f->graph, space)->count, .depth = depth,
                       .slope = UINT32_MAX, .var = UINT32_MAX };

    NL_PUSH(f->arena, &f->memory.mems, m);
    return (uint32_t)(f->memory.mems.count - 1);
}

static inline nl_ref num(fixture *f, double x) { return nl_expr_const(f->graph, x, nl_dim_none); }
static inline nl_ref load(fixture *f, uint32_t m)
{
    return nl_expr_leaf(f->graph, NL_X_LOAD, m, f->memory.mems.items[m].space, nl_dim_none);
}
static inline nl_ref op1(fixture *f, nl_op op, nl_ref a)
{
    return nl_expr_op(f->graph, op, (nl_ref[]){ a }, 1, nl_dim_none);
}
static inline nl_ref op2(fixture *f, nl_op op, nl_ref a, nl_ref b)
{
    return nl_expr_op(f->graph, op, (nl_ref[]){ a, b }, 2, nl_dim_none);
}
static inline nl_ref add(fixture *f, nl_ref a, nl_ref b) { return op2(f, NL_OP_ADD, a, b); }
static inline nl_ref sub(fixture *f, nl_ref a, nl_ref b) { return op2(f, NL_OP_SUB, a, b); }
static inline nl_ref mul(fixture *f, nl_ref a, nl_ref b) { return op2(f, NL_OP_MUL, a, b); }

static inline void root(fixture *f, nl_ref node, uint32_t m, bool next)
{
    const nl_root r = { .node = node, .mem = m, .next = next };

    NL_PUSH(f->arena, &f->roots, r);
}

static inline nl_part part(uint32_t population, size_t begin, size_t count, bool whole)
{
    return (nl_part){ population, begin, count, whole };
}

static inline void projection(fixture *f, const char *name, nl_part pre, nl_part post, nl_rule_kind rule,
                              nl_conn *(*build)(nl_conn_context *cx))
{
    nl_conn_context cx = { .arena = f->arena, .diags = nl_diags_new(f->arena, nl_sources_new(f->arena)), .name = name,
                           .stream = nl_stream_of(f->model.seed, name, 0), .self_offset = LONG_MIN,
                           .pre = { pre.count, 1, { pre.count, 1 } }, .post = { post.count, 1, { post.count, 1 } } };
    nl_conn *conn = build(&cx);
    assert_non_null(conn);
    const nl_space space = { .kind = NL_SPACE_SYNAPSES, .name = name, .count = conn->synapse_count, .rank = 1,
                             .owner = (uint32_t)f->model.projections.count };
    const nl_projection p = {
        .name = name, .pre = pre, .post = post, .rule.kind = rule, .space = nl_graph_add_space(f->graph, &space)
    };

    NL_PUSH(f->arena, &f->model.projections, p);
    NL_PUSH(f->arena, &f->conns, conn);
}

#endif
