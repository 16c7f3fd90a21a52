/* Larger superinstructions, made of operators and pairs of one loop: chains of multiply-adds, choices by a comparison,
 * conditions of `emit`, draws that only say who is put into a list.  All round like their parts.  Registers are still
 * written once each, so that an operand may be read at any later place. */
#include "plan.h"

#include <string.h>

typedef struct fuser {
    nl_plan *plan;
    nl_segment *segment;
    uint32_t *uses;  /* by register */
    nl_instr **maker; /* by register */
} fuser;

static const nl_instr *maker_of(const fuser *f, nl_operand at)
{
    return at.kind == NL_AT_REGISTER ? f->maker[at.index] : NULL;
}

static bool is_op(const nl_instr *instr, nl_op op)
{
    return instr != NULL && instr->kind == NL_I_OP && instr->op == op;
}

/* --- chains --- */

static bool is_mul_add(const nl_instr *instr)
{
    return instr->kind == NL_I_PAIR && instr->first == 2 && instr->second == 0;
}

/* Numbers come second in products. */
static void order_product(nl_operand *x, nl_operand *y)
{
    const nl_operand old = *x;

    if (x->kind != NL_AT_SCALAR) return;
    *x = *y;
    *y = old;
}

/* c + x y with a c that is such a sum itself, and that nothing else needs: its terms come first. */
static void try_chain(fuser *f, nl_instr *instr)
{
    const nl_instr *first = maker_of(f, instr->args[2]);

    if (!is_mul_add(instr) || first == NULL || f->uses[instr->args[2].index] != 1) return;
    if (!(is_mul_add(first) || first->kind == NL_I_CHAIN) || first->arg_count + 2 > NL_INSTR_ARGS) return;
    const nl_operand x = instr->args[0], y = instr->args[1];
    f->uses[instr->args[2].index] = 0;
    instr->kind = NL_I_CHAIN;
    instr->arg_count = first->arg_count;
    for (int k = 0; k < first->arg_count; k++) instr->args[k] = first->args[k];
    order_product(&instr->args[0], &instr->args[1]);
    instr->args[instr->arg_count++] = x;
    instr->args[instr->arg_count++] = y;
    order_product(&instr->args[instr->arg_count - 2], &instr->args[instr->arg_count - 1]);
    for (int k = 0; k < first->arg_count; k++)
        if (first->args[k].kind == NL_AT_REGISTER) f->uses[first->args[k].index]++;
}

/* --- comparisons --- */

/* A comparison as LT, LE or EQ of operands that may have changed places; or its contrary. */
typedef struct comparison {
    nl_op op;
    nl_operand a, b;
    bool fails;
} comparison;

static bool find_comparison(const nl_instr *instr, comparison *out)
{
    if (instr == NULL || instr->kind != NL_I_OP) return false;
    const nl_operand a = instr->args[0], b = instr->args[1];
    switch ((nl_op)instr->op) {
    case NL_OP_LT:
    case NL_OP_LE:
    case NL_OP_EQ: *out = (comparison){ (nl_op)instr->op, a, b, false }; return true;
    case NL_OP_GT: *out = (comparison){ NL_OP_LT, b, a, false }; return true;
    case NL_OP_GE: *out = (comparison){ NL_OP_LE, b, a, false }; return true;
    case NL_OP_NE: *out = (comparison){ NL_OP_EQ, a, b, true }; return true;
    default: return false;
    }
}

static void try_choice(fuser *f, nl_instr *instr)
{
    comparison c;

    if (!is_op(instr, NL_OP_IF) || !find_comparison(maker_of(f, instr->args[0]), &c)) return;
    const nl_operand yes = instr->args[c.fails ? 2 : 1], no = instr->args[c.fails ? 1 : 2];
    instr->kind = NL_I_CHOOSE;
    instr->op = (uint8_t)c.op;
    instr->arg_count = 4;
    instr->args[0] = c.a, instr->args[1] = c.b, instr->args[2] = yes, instr->args[3] = no;
}

/* --- conditions --- */

static bool add_test(nl_instr *emit, comparison c)
{
    if (emit->test_count == NL_INSTR_TESTS) return false;
    emit->tests[emit->test_count++] = (nl_test){ (uint8_t)c.op, c.fails, false };
    emit->args[emit->arg_count++] = c.a;
    emit->args[emit->arg_count++] = c.b;
    return true;
}

/* One of two must hold. */
static bool add_either(fuser *f, nl_instr *emit, const nl_instr *maker, bool is_zero)
{
    comparison c[2];

    for (int k = 0; k < 2; k++) {
        if (!find_comparison(maker_of(f, maker->args[k]), &c[k])) return false;
        c[k].fails ^= is_zero;
    }
    if (!add_test(emit, c[0]) || !add_test(emit, c[1])) return false;
    emit->tests[emit->test_count - 2].either = true;
    return true;
}

/* Adds to `emit` what must hold so that `at` is 0 (or is not): a few tests, or false where it takes more or others. */
static bool add_tests(fuser *f, nl_instr *emit, nl_operand at, bool is_zero)
{
    const nl_instr *maker = maker_of(f, at);
    comparison c;

    if (is_op(maker, NL_OP_NOT)) return add_tests(f, emit, maker->args[0], !is_zero);
    if (is_op(maker, is_zero ? NL_OP_OR : NL_OP_AND))
        return add_tests(f, emit, maker->args[0], is_zero) && add_tests(f, emit, maker->args[1], is_zero);
    if (is_op(maker, is_zero ? NL_OP_AND : NL_OP_OR)) return add_either(f, emit, maker, is_zero);
    if (!find_comparison(maker, &c)) return false;
    c.fails ^= is_zero;
    return add_test(emit, c);
}

static void swap_tests(nl_instr *emit, int k)
{
    const nl_instr old = *emit;

    emit->tests[k] = old.tests[k + 1], emit->tests[k + 1] = old.tests[k];
    for (int j = 0; j < 2; j++)
        emit->args[2 * k + j] = old.args[2 * k + 2 + j], emit->args[2 * k + 2 + j] = old.args[2 * k + j];
}

/* Tests end with the first that no element passes: mostly one of what the loop has just made, while those of memory
 * alone, such as that a neuron is not held, pass often. */
static void order_single_tests(nl_instr *emit)
{
    for (int done = 1; done < emit->test_count; done++)
        for (int k = done; k-- > 0;) {
            const nl_operand *first = &emit->args[2 * k], *second = first + 2;
            const bool is_made = first[0].kind == NL_AT_REGISTER || first[1].kind == NL_AT_REGISTER;
            if (!is_made && (second[0].kind == NL_AT_REGISTER || second[1].kind == NL_AT_REGISTER)) swap_tests(emit, k);
        }
}

/* Two of which one must hold follow another test. */
static bool order_tests(nl_instr *emit)
{
    const bool leads = emit->tests[0].either, follows = emit->test_count > 1 && emit->tests[1].either;

    if (leads && emit->test_count < 3) return false;
    if (leads) swap_tests(emit, 1), swap_tests(emit, 0);
    else if (!follows) order_single_tests(emit);
    return true;
}

static void try_emit(fuser *f, nl_instr *instr)
{
    nl_instr made = *instr;

    if (instr->kind != NL_I_EMIT) return;
    made.arg_count = 0;
    if (!add_tests(f, &made, instr->args[0], false) || !order_tests(&made)) return;
    *instr = made;
}

/* Nothing but the list reads the draw: no array of it is made. */
static void try_hit(fuser *f, nl_instr *instr)
{
    const nl_instr *draw = maker_of(f, instr->args[0]);

    if (instr->kind != NL_I_EMIT || instr->test_count > 0 || draw == NULL || draw->kind != NL_I_DRAW) return;
    if (f->plan->model->draws.items[draw->id].dist != NL_DIST_BERNOULLI || draw->args[0].kind != NL_AT_SCALAR) return;
    if (f->uses[instr->args[0].index] != 1) return;
    instr->kind = NL_I_HIT;
    instr->list = instr->id;
    instr->id = draw->id;
    instr->args[0] = draw->args[0];
}

/* --- a loop --- */

static void count_uses(fuser *f)
{
    for (size_t k = 0; k < f->segment->instrs.count; k++) {
        nl_instr *instr = &f->segment->instrs.items[k];
        for (int j = 0; j < instr->arg_count; j++)
            if (instr->args[j].kind == NL_AT_REGISTER) f->uses[instr->args[j].index]++;
        if (instr->dst.kind == NL_AT_REGISTER) f->maker[instr->dst.index] = instr;
    }
}

/* Backwards, so that what only dropped instructions read is dropped too. */
static void drop_unused(fuser *f)
{
    nl_instr *items = f->segment->instrs.items;
    const size_t count = f->segment->instrs.count;
    size_t kept = count;

    for (size_t k = count; k-- > 0;) {
        const nl_instr instr = items[k];
        const bool is_unused = instr.dst.kind == NL_AT_REGISTER && f->uses[instr.dst.index] == 0;
        if (!is_unused || !(nl_instr_is_elementwise(&instr) || instr.kind == NL_I_DRAW)) {
            items[--kept] = instr;
            continue;
        }
        for (int j = 0; j < instr.arg_count; j++)
            if (instr.args[j].kind == NL_AT_REGISTER) f->uses[instr.args[j].index]--;
    }
    f->segment->instrs.count = count - kept;
    memmove(items, items + kept, (count - kept) * sizeof *items);
}

static void fuse(nl_plan *plan, nl_segment *segment)
{
    size_t registers = 0;

    for (size_t k = 0; k < segment->instrs.count; k++)
        if (segment->instrs.items[k].dst.kind == NL_AT_REGISTER && segment->instrs.items[k].dst.index >= registers)
            registers = (size_t)segment->instrs.items[k].dst.index + 1;
    fuser f = { plan, segment, NL_NEW_ARRAY(plan->scratch, uint32_t, registers),
                NL_NEW_ARRAY(plan->scratch, nl_instr *, registers) };
    count_uses(&f);
    for (size_t k = 0; k < segment->instrs.count; k++) {
        try_chain(&f, &segment->instrs.items[k]);
        try_choice(&f, &segment->instrs.items[k]);
        try_emit(&f, &segment->instrs.items[k]);
        try_hit(&f, &segment->instrs.items[k]);
    }
    memset(f.uses, 0, registers * sizeof *f.uses);
    count_uses(&f);
    drop_unused(&f);
}

void nl_pass_fuse(nl_plan *plan, nl_stage *stage)
{
    for (size_t s = 0; s < stage->segments.count; s++)
        if (stage->segments.items[s].kind != NL_C_SCALAR && stage->segments.items[s].kind != NL_C_PROPAGATE)
            fuse(plan, &stage->segments.items[s]);
}
