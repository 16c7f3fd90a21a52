#include "expr.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct nl_graph {
    nl_arena *arena;
    NL_LIST(nl_node) nodes; /* node 0 is unused */
    NL_LIST(nl_space *) spaces;
    uint32_t *buckets; /* open addressing; 0: free */
    size_t bucket_count;
    bool folds_freely;
};

enum { FIRST_BUCKETS = 1024 };

nl_graph *nl_graph_new(nl_arena *arena)
{
    nl_graph *graph = NL_NEW(arena, nl_graph);
    const nl_node none = { 0 };
    nl_space *one = NL_NEW(arena, nl_space);

    graph->arena = arena;
    graph->bucket_count = FIRST_BUCKETS;
    graph->buckets = NL_NEW_ARRAY(arena, uint32_t, FIRST_BUCKETS);
    NL_PUSH(arena, &graph->nodes, none);
    one->name = "one";
    one->count = 1;
    NL_PUSH(arena, &graph->spaces, one);
    return graph;
}

void nl_graph_fold_freely(nl_graph *graph) { graph->folds_freely = true; }

size_t nl_graph_size(const nl_graph *graph) { return graph->nodes.count; }

const nl_node *nl_graph_node(const nl_graph *graph, nl_ref ref)
{
    assert(ref < graph->nodes.count);
    return &graph->nodes.items[ref];
}

/* --- spaces --- */

uint32_t nl_graph_add_space(nl_graph *graph, const nl_space *space)
{
    nl_space *copy = NL_NEW(graph->arena, nl_space);

    *copy = *space;
    NL_PUSH(graph->arena, &graph->spaces, copy);
    return (uint32_t)(graph->spaces.count - 1);
}

nl_space *nl_graph_space(const nl_graph *graph, uint32_t number)
{
    assert(number < graph->spaces.count);
    return graph->spaces.items[number];
}

uint32_t nl_graph_array_space(nl_graph *graph, int rank, const size_t *shape)
{
    nl_space space = { .kind = NL_SPACE_ARRAY, .name = "array", .count = 1, .rank = rank };

    for (int k = 0; k < rank; k++) {
        space.shape[k] = shape[k];
        space.count = nl_checked_mul(space.count, shape[k]);
    }
    for (size_t k = 1; k < graph->spaces.count; k++) {
        const nl_space *s = graph->spaces.items[k];
        if (s->kind == NL_SPACE_ARRAY && s->rank == rank && memcmp(s->shape, space.shape, sizeof s->shape) == 0)
            return (uint32_t)k;
    }
    return nl_graph_add_space(graph, &space);
}

/* --- equal nodes are one node --- */

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static uint64_t number_bits(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static uint64_t node_hash(const nl_node *node)
{
    uint64_t hash = mixed(node->kind, node->op);

    hash = mixed(hash, (uint64_t)node->space << 32 | node->id);
    hash = mixed(hash, number_bits(node->number));
    for (int k = 0; k < node->arg_count; k++) hash = mixed(hash, node->args[k]);
    return hash;
}

/* A zero that fits every dimension differs from a zero in mV, so that messages stay true. */
static bool same_dim(nl_dim a, nl_dim b)
{
    return a.any == b.any && a.unknown == b.unknown && memcmp(a.half, b.half, sizeof a.half) == 0;
}

static bool same_node(const nl_node *a, const nl_node *b)
{
    return a->kind == b->kind && a->op == b->op && a->arg_count == b->arg_count && a->space == b->space
           && a->id == b->id && a->end == b->end && a->is_bool == b->is_bool
           && number_bits(a->number) == number_bits(b->number) && memcmp(a->args, b->args, sizeof a->args) == 0
           && same_dim(a->dim, b->dim);
}

static void insert(nl_graph *graph, nl_ref ref)
{
    size_t at = node_hash(&graph->nodes.items[ref]) & (graph->bucket_count - 1);

    while (graph->buckets[at] != 0) at = (at + 1) & (graph->bucket_count - 1);
    graph->buckets[at] = ref;
}

static void grow_buckets(nl_graph *graph)
{
    graph->bucket_count *= 2;
    graph->buckets = NL_NEW_ARRAY(graph->arena, uint32_t, graph->bucket_count);
    for (size_t k = 1; k < graph->nodes.count; k++) insert(graph, (nl_ref)k);
}

static nl_ref intern(nl_graph *graph, const nl_node *node)
{
    size_t at = node_hash(node) & (graph->bucket_count - 1);

    for (; graph->buckets[at] != 0; at = (at + 1) & (graph->bucket_count - 1))
        if (same_node(&graph->nodes.items[graph->buckets[at]], node)) return graph->buckets[at];
    if (2 * graph->nodes.count > graph->bucket_count) grow_buckets(graph);
    NL_PUSH(graph->arena, &graph->nodes, *node);
    insert(graph, (nl_ref)(graph->nodes.count - 1));
    return (nl_ref)(graph->nodes.count - 1);
}

/* --- folding --- */

bool nl_expr_is_const(const nl_graph *graph, nl_ref ref, double *number)
{
    const nl_node *node = nl_graph_node(graph, ref);

    if (node->kind != NL_X_CONST) return false;
    if (number != NULL) *number = node->number;
    return true;
}

static bool is_number(const nl_graph *graph, nl_ref ref, double wanted)
{
    double number = 0;

    return nl_expr_is_const(graph, ref, &number) && number == wanted;
}

static bool all_const(const nl_graph *graph, const nl_node *node, double *values)
{
    for (int k = 0; k < node->arg_count; k++)
        if (!nl_expr_is_const(graph, node->args[k], &values[k])) return false;
    return true;
}

/* A uniform value where an array was meant would lose the space: x * 0 over a population folds only when the
 * result may be a number, which it always may, since numbers broadcast. */
static nl_ref zero_like(nl_graph *graph, const nl_node *node) { return nl_expr_const(graph, 0, node->dim); }

/* The operand of a change of sign, or 0. */
static nl_ref negated(const nl_graph *graph, nl_ref ref)
{
    const nl_node *node = nl_graph_node(graph, ref);

    return node->kind == NL_X_OP && node->op == NL_OP_NEG ? node->args[0] : 0;
}

/* a + -b is a - b, to the last bit. */
static nl_ref without_sign(nl_graph *graph, const nl_node *n)
{
    const nl_ref a = n->args[0], b = n->args[1], inner_a = negated(graph, a), inner_b = negated(graph, b);

    if (inner_b != 0)
        return nl_expr_op(graph, n->op == NL_OP_ADD ? NL_OP_SUB : NL_OP_ADD, (nl_ref[]){ a, inner_b }, 2, n->dim);
    if (inner_a != 0 && n->op == NL_OP_ADD) return nl_expr_op(graph, NL_OP_SUB, (nl_ref[]){ b, inner_a }, 2, n->dim);
    return 0;
}

static nl_ref neutral(nl_graph *graph, const nl_node *n)
{
    const nl_ref a = n->args[0], b = n->args[1];
    double condition;

    switch ((nl_op)n->op) {
    case NL_OP_ADD: return is_number(graph, a, 0) ? b : is_number(graph, b, 0) ? a : without_sign(graph, n);
    case NL_OP_SUB: return is_number(graph, b, 0) ? a : without_sign(graph, n);
    case NL_OP_MUL:
        if (is_number(graph, a, 0) || is_number(graph, b, 0)) return zero_like(graph, n);
        return is_number(graph, a, 1) ? b : is_number(graph, b, 1) ? a : 0;
    case NL_OP_DIV:
        if (is_number(graph, b, 1)) return a;
        return is_number(graph, a, 0) && !is_number(graph, b, 0) ? zero_like(graph, n) : 0;
    case NL_OP_POW: return is_number(graph, b, 1) ? a : is_number(graph, b, 0) ? nl_expr_const(graph, 1, n->dim) : 0;
    case NL_OP_AND:
        return is_number(graph, a, 1)   ? b
               : is_number(graph, b, 1) ? a
               : is_number(graph, a, 0) ? a
               : is_number(graph, b, 0) ? b
                                        : 0;
    case NL_OP_OR:
        return is_number(graph, a, 0)   ? b
               : is_number(graph, b, 0) ? a
               : is_number(graph, a, 1) ? a
               : is_number(graph, b, 1) ? b
                                        : 0;
    case NL_OP_IF:
        if (nl_expr_is_const(graph, a, &condition)) return condition != 0 ? b : n->args[2];
        return b == n->args[2] ? b : 0;
    case NL_OP_NEG:
    case NL_OP_NOT: {
        const nl_node *inner = nl_graph_node(graph, a);
        return inner->kind == NL_X_OP && inner->op == n->op ? inner->args[0] : 0;
    }
    default: return 0;
    }
}

/* Neutral operations drop an operand; where a condition is dropped into a number's place
 * (true * 1), or the dimension would change (x * 1 mV), the node must stay. */
static nl_ref folded(nl_graph *graph, const nl_node *node)
{
    double values[NL_NODE_ARGS];

    if (all_const(graph, node, values)) {
        nl_node number = { .kind = NL_X_CONST,
                           .number = nl_op_fold((nl_op)node->op, values),
                           .dim = node->dim,
                           .is_bool = node->is_bool };
        return intern(graph, &number);
    }
    const nl_ref kept = neutral(graph, node);
    if (kept == 0) return 0;
    const nl_node *one = nl_graph_node(graph, kept);
    return one->is_bool == node->is_bool && same_dim(one->dim, node->dim) ? kept : 0;
}

static bool commutes(nl_op op)
{
    return op == NL_OP_ADD || op == NL_OP_MUL || op == NL_OP_EQ || op == NL_OP_NE || op == NL_OP_AND || op == NL_OP_OR;
}

static bool gives_condition(const nl_graph *graph, const nl_node *node)
{
    switch (nl_ops[node->op].type) {
    case NL_OP_COMPARE:
    case NL_OP_LOGIC: return true;
    case NL_OP_CHOOSE:
        return nl_graph_node(graph, node->args[1])->is_bool && nl_graph_node(graph, node->args[2])->is_bool;
    default: return false;
    }
}

static void complete_op(nl_graph *graph, nl_node *node)
{
    for (int k = 0; k < node->arg_count; k++) {
        const uint32_t space = nl_graph_node(graph, node->args[k])->space;
        assert((node->space == 0 || space == 0 || node->space == space) && "callers have checked spaces");
        if (space != 0) node->space = space;
    }
    node->is_bool = gives_condition(graph, node);
    if (commutes((nl_op)node->op) && node->args[0] > node->args[1]) {
        const nl_ref swap = node->args[0];
        node->args[0] = node->args[1];
        node->args[1] = swap;
    }
}

/* A reduction over as many copies of one number. */
static nl_ref folded_reduction(nl_graph *graph, const nl_node *node)
{
    const nl_ref value = node->args[0], count = nl_expr_const(graph, node->number, nl_dim_none);

    switch ((nl_reduction_kind)node->id) {
    case NL_R_SUM: return nl_expr_op(graph, NL_OP_MUL, (nl_ref[]){ value, count }, 2, node->dim);
    case NL_R_SUMSQ: return nl_expr_op2(graph, NL_OP_MUL, nl_expr_op2(graph, NL_OP_MUL, value, value), count);
    case NL_R_PROD: return nl_expr_op(graph, NL_OP_POW, (nl_ref[]){ value, count }, 2, node->dim);
    case NL_R_ARGMIN:
    case NL_R_ARGMAX: return nl_expr_const(graph, 0, nl_dim_none);
    default: return value;
    }
}

/* What looks at a whole space and finds one number there. */
static nl_ref folded_view(nl_graph *graph, const nl_node *node)
{
    if (node->arg_count == 0 || nl_graph_node(graph, node->args[0])->space != 0) return 0;
    switch ((nl_node_kind)node->kind) {
    case NL_X_REDUCE: return node->number > 0 ? folded_reduction(graph, node) : 0;
    case NL_X_GATHER:
    case NL_X_PART:
    case NL_X_PRE:
    case NL_X_POST: return node->args[0];
    default: return 0;
    }
}

nl_ref nl_graph_add(nl_graph *graph, const nl_node *node)
{
    nl_node made = *node;

    for (int k = made.arg_count; k < NL_NODE_ARGS; k++) made.args[k] = 0;
    if (made.kind != NL_X_OP) {
        const nl_ref simpler = graph->folds_freely ? folded_view(graph, &made) : 0;
        return simpler != 0 ? simpler : intern(graph, &made);
    }
    made.space = 0;
    complete_op(graph, &made);
    const nl_ref simpler = folded(graph, &made);
    const bool fits = simpler != 0 && (graph->folds_freely || nl_graph_node(graph, simpler)->space == made.space);
    return fits ? simpler : intern(graph, &made);
}

/* --- shorthands --- */

nl_ref nl_expr_const(nl_graph *graph, double number, nl_dim dim)
{
    return nl_graph_add(graph, &(nl_node){ .kind = NL_X_CONST, .number = number, .dim = dim });
}

nl_ref nl_expr_bool(nl_graph *graph, bool condition)
{
    return nl_graph_add(graph, &(nl_node){ .kind = NL_X_CONST, .number = condition, .is_bool = true });
}

nl_ref nl_expr_op(nl_graph *graph, nl_op op, const nl_ref *args, int count, nl_dim dim)
{
    nl_node node = { .kind = NL_X_OP, .op = (uint8_t)op, .arg_count = (uint8_t)count, .dim = dim };

    memcpy(node.args, args, (size_t)count * sizeof *args);
    return nl_graph_add(graph, &node);
}

/* The dimension by the op's rule; a power takes the number of its exponent. */
static nl_dim result_dim(const nl_graph *graph, nl_op op, const nl_ref *args, int count)
{
    nl_dim dims[NL_NODE_ARGS], out = nl_dim_none;
    double exponent;

    for (int k = 0; k < count; k++) dims[k] = nl_graph_node(graph, args[k])->dim;
    if (nl_ops[op].dim == NL_DIM_POWER) {
        if (!nl_expr_is_const(graph, args[1], &exponent) || !nl_dim_power(dims[0], exponent, &out)) return nl_dim_none;
        return out;
    }
    return nl_dim_apply(nl_ops[op].dim, dims, count, &out) ? out : nl_dim_unknown;
}

static nl_ref by_rule(nl_graph *graph, nl_op op, const nl_ref *args, int count)
{
    return nl_expr_op(graph, op, args, count, result_dim(graph, op, args, count));
}

nl_ref nl_expr_op1(nl_graph *graph, nl_op op, nl_ref a) { return by_rule(graph, op, (nl_ref[]){ a }, 1); }

nl_ref nl_expr_op2(nl_graph *graph, nl_op op, nl_ref a, nl_ref b) { return by_rule(graph, op, (nl_ref[]){ a, b }, 2); }

nl_ref nl_expr_op3(nl_graph *graph, nl_op op, nl_ref a, nl_ref b, nl_ref c)
{
    return by_rule(graph, op, (nl_ref[]){ a, b, c }, 3);
}

nl_ref nl_expr_leaf(nl_graph *graph, nl_node_kind kind, uint32_t id, uint32_t space, nl_dim dim)
{
    return nl_graph_add(graph, &(nl_node){ .kind = (uint8_t)kind, .id = id, .space = space, .dim = dim });
}

/* --- replacing --- */

struct nl_memo {
    nl_arena *arena;
    nl_ref *made; /* by old node; 0: not yet */
    size_t room;
};

nl_memo *nl_memo_new(nl_arena *arena)
{
    nl_memo *memo = NL_NEW(arena, nl_memo);

    memo->arena = arena;
    return memo;
}

static void memo_reserve(nl_memo *memo, size_t count)
{
    if (count <= memo->room) return;
    const size_t room = count + count / 2 + 64;
    nl_ref *made = NL_NEW_ARRAY(memo->arena, nl_ref, room);
    if (memo->room > 0) memcpy(made, memo->made, memo->room * sizeof *made);
    memo->made = made;
    memo->room = room;
}

nl_ref nl_expr_replace(nl_graph *graph, nl_ref ref, nl_replace_fn replace, void *user, nl_memo *memo)
{
    if (ref == 0) return 0;
    memo_reserve(memo, (size_t)ref + 1);
    if (memo->made[ref] != 0) return memo->made[ref];
    nl_ref made = replace(user, graph, ref);
    if (made == 0) {
        nl_node node = *nl_graph_node(graph, ref);
        bool changed = false;
        for (int k = 0; k < node.arg_count; k++) {
            const nl_ref arg = node.args[k];
            node.args[k] = nl_expr_replace(graph, arg, replace, user, memo);
            changed |= node.args[k] != arg;
        }
        made = changed ? nl_graph_add(graph, &node) : ref;
    }
    memo_reserve(memo, (size_t)ref + 1);
    memo->made[ref] = made;
    return made;
}

typedef struct search {
    const nl_graph *graph;
    bool (*test)(void *user, const nl_node *node);
    void *user;
    uint8_t *seen;
} search;

static bool found(search *s, nl_ref ref)
{
    const nl_node *node = nl_graph_node(s->graph, ref);

    if (ref == 0 || s->seen[ref]) return false;
    s->seen[ref] = 1;
    if (s->test(s->user, node)) return true;
    for (int k = 0; k < node->arg_count; k++)
        if (found(s, node->args[k])) return true;
    return false;
}

bool nl_expr_any(const nl_graph *graph, nl_ref ref, bool (*test)(void *user, const nl_node *node), void *user)
{
    search s = { graph, test, user, nl_calloc((size_t)ref + 1, 1) };
    const bool result = ref != 0 && found(&s, ref);

    free(s.seen);
    return result;
}

/* --- text --- */

typedef struct writer {
    nl_text text;
    const nl_graph *graph;
    nl_name_fn name;
    void *user;
    const uint32_t *numbers; /* by node; NULL: none has one */
} writer;

static const char *const kind_words[NL_X_KIND_COUNT] = {
    [NL_X_NONE] = "none",
    [NL_X_CONST] = "const",
    [NL_X_SLOT] = "slot",
    [NL_X_ARRAY] = "array",
    [NL_X_INDEX] = "i",
    [NL_X_TIME] = "t",
    [NL_X_STEP] = "step",
    [NL_X_STATE] = "state",
    [NL_X_PARAM] = "param",
    [NL_X_INPUT] = "input",
    [NL_X_DERIV] = "deriv",
    [NL_X_PREV] = "prev",
    [NL_X_DELAY] = "delay",
    [NL_X_WINDOW] = "window",
    [NL_X_DRAW] = "draw",
    [NL_X_SPIKED] = "spiked",
    [NL_X_OLD] = "old",
    [NL_X_OP] = "op",
    [NL_X_GATHER] = "gather",
    [NL_X_PART] = "part",
    [NL_X_REDUCE] = "reduce",
    [NL_X_PRE] = "pre",
    [NL_X_POST] = "post",
    [NL_X_TABLE] = "table",
    [NL_X_LOAD] = "load",
    [NL_X_RING] = "ring",
    [NL_X_SAMPLE] = "sample",
    [NL_X_PROPAGATE] = "propagate",
    [NL_X_SYNAPSE_SUM] = "synapse_sum",
};

static const char *const reduction_words[] = { "sum", "min", "max", "sumsq", "prod", "any", "all", "argmin", "argmax" };

static void write_node(writer *w, nl_ref ref, int depth);

static bool is_infix(const nl_op_info *op)
{
    return op->arity == 2 && op->name != NULL
           && (strchr("+-*/^<>=!", op->name[0]) != NULL || strcmp(op->name, "and") == 0 || strcmp(op->name, "or") == 0
               || strcmp(op->name, "mod") == 0 || strcmp(op->name, "div") == 0);
}

static void write_args(writer *w, const nl_node *node, const char *word, int depth)
{
    nl_text_addf(&w->text, "%s(", word);
    for (int k = 0; k < node->arg_count; k++) {
        if (k > 0) nl_text_adds(&w->text, ", ");
        write_node(w, node->args[k], depth);
    }
    nl_text_adds(&w->text, ")");
}

static void write_op(writer *w, const nl_node *node, int depth)
{
    const nl_op_info *op = &nl_ops[node->op];

    if (!is_infix(op)) {
        write_args(w, node, op->name != NULL ? op->name : op->id, depth);
        return;
    }
    nl_text_adds(&w->text, "(");
    write_node(w, node->args[0], depth);
    nl_text_addf(&w->text, " %s ", op->name);
    write_node(w, node->args[1], depth);
    nl_text_adds(&w->text, ")");
}

static const char *word_of(const nl_node *node)
{
    return node->kind == NL_X_REDUCE ? reduction_words[node->id] : kind_words[node->kind];
}

static void write_leaf(writer *w, const nl_node *node)
{
    const char *name = w->name != NULL ? w->name(w->user, node) : NULL;

    if (node->kind == NL_X_CONST) nl_text_adds(&w->text, nl_text_number(w->text.arena, node->number));
    else if (name != NULL) nl_text_adds(&w->text, name);
    else if (node->kind == NL_X_TIME || node->kind == NL_X_STEP || node->kind == NL_X_INDEX)
        nl_text_adds(&w->text, word_of(node));
    else nl_text_addf(&w->text, "%s#%u", word_of(node), node->id);
    if (node->kind == NL_X_RING) nl_text_addf(&w->text, "[-%g%s]", node->number, node->end ? " left" : "");
}

static void write_node(writer *w, nl_ref ref, int depth)
{
    enum {
        DEEP = 40,
        LONG = 400
    }; /* shared nodes are written wherever they are used: long texts could grow without end */
    const nl_node *node = nl_graph_node(w->graph, ref);

    if (depth > 0 && w->numbers != NULL && w->numbers[ref] != 0) nl_text_addf(&w->text, "%%%" PRIu32, w->numbers[ref]);
    else if (depth > DEEP || w->text.length > LONG) nl_text_adds(&w->text, "..");
    else if (node->kind == NL_X_OP) write_op(w, node, depth + 1);
    else if (node->arg_count == 0) write_leaf(w, node);
    else {
        const char *name = w->name != NULL ? w->name(w->user, node) : NULL;
        write_args(w, node, name != NULL ? name : word_of(node), depth + 1);
    }
}

const char *nl_expr_text(nl_arena *arena, const nl_graph *graph, nl_ref ref, nl_name_fn name, void *user)
{
    return nl_expr_text_numbered(arena, graph, ref, name, user, NULL);
}

const char *nl_expr_text_numbered(nl_arena *arena, const nl_graph *graph, nl_ref ref, nl_name_fn name, void *user,
                                  const uint32_t *numbers)
{
    writer w = { nl_text_new(arena), graph, name, user, numbers };

    write_node(&w, ref, 0);
    return w.text.chars;
}
