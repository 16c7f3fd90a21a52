/* Superinstructions: an arithmetic operator whose only reader is another one becomes one instruction with it.  Both
 * still round. */
#include "plan.h"

static bool pair_op(uint8_t op, uint8_t *pair)
{
    switch ((nl_op)op) {
    case NL_OP_ADD: *pair = 0; return true;
    case NL_OP_SUB: *pair = 1; return true;
    case NL_OP_MUL: *pair = 2; return true;
    case NL_OP_DIV: *pair = 3; return true;
    default: return false;
    }
}

typedef struct pairer {
    nl_plan *plan;
    uint32_t *scalar_uses; /* by number of the whole program */
    nl_segment *segment;
    nl_operand_kind kind;  /* of intermediate results */
    uint32_t *uses;
    size_t *maker;         /* by result: 1 + its instruction within the segment */
} pairer;

static bool is_arithmetic(const nl_instr *instr)
{
    uint8_t pair;

    return instr->kind == NL_I_OP && pair_op(instr->op, &pair);
}

/* The instruction that makes operand k and that nothing else needs, or NULL. */
static nl_instr *private_maker(pairer *p, const nl_instr *instr, int k)
{
    const nl_operand at = instr->args[k];

    if (at.kind != p->kind || p->maker[at.index] == 0 || p->uses[at.index] != 1) return NULL;
    nl_instr *maker = &p->segment->instrs.items[p->maker[at.index] - 1];
    return is_arithmetic(maker) ? maker : NULL;
}

static void fuse(nl_instr *instr, int k, nl_instr *maker)
{
    const nl_operand other = instr->args[1 - k];

    pair_op(maker->op, &instr->first);
    pair_op(instr->op, &instr->second);
    instr->right = k == 1 && (instr->op == NL_OP_SUB || instr->op == NL_OP_DIV);
    instr->kind = NL_I_PAIR;
    instr->arg_count = 3;
    instr->args[0] = maker->args[0];
    instr->args[1] = maker->args[1];
    instr->args[2] = other;
    maker->arg_count = 0;
    maker->dst.kind = NL_AT_NONE; /* to be dropped */
}

static void try_fuse(pairer *p, nl_instr *instr)
{
    if (!is_arithmetic(instr)) return;
    for (int k = 0; k < 2; k++) {
        nl_instr *maker = private_maker(p, instr, k);
        if (maker == NULL) continue;
        fuse(instr, k, maker);
        return;
    }
}

static void drop_fused(nl_segment *segment)
{
    size_t kept = 0;

    for (size_t k = 0; k < segment->instrs.count; k++)
        if (segment->instrs.items[k].arg_count > 0 || segment->instrs.items[k].dst.kind != NL_AT_NONE)
            segment->instrs.items[kept++] = segment->instrs.items[k];
    segment->instrs.count = kept;
}

static void count_scalars(pairer *p, const nl_stage *stage)
{
    for (size_t s = 0; s < stage->segments.count; s++) {
        const nl_segment *segment = &stage->segments.items[s];
        for (size_t k = 0; k < segment->instrs.count; k++)
            for (int j = 0; j < segment->instrs.items[k].arg_count; j++)
                if (segment->instrs.items[k].args[j].kind == NL_AT_SCALAR)
                    p->scalar_uses[segment->instrs.items[k].args[j].index]++;
        if (segment->source.kind == NL_AT_SCALAR) p->scalar_uses[segment->source.index]++;
        if (segment->weights.kind == NL_AT_SCALAR) p->scalar_uses[segment->weights.index]++;
    }
}

static size_t result_count(const pairer *p, const nl_segment *segment)
{
    size_t count = 0;

    if (segment->kind == NL_C_SCALAR) return p->plan->program->scalar_count;
    for (size_t k = 0; k < segment->instrs.count; k++)
        if (segment->instrs.items[k].dst.kind == NL_AT_REGISTER) count++;
    return count;
}

static void prepare(pairer *p, nl_segment *segment)
{
    const size_t count = result_count(p, segment);

    p->segment = segment;
    p->kind = segment->kind == NL_C_SCALAR ? NL_AT_SCALAR : NL_AT_REGISTER;
    p->maker = NL_NEW_ARRAY(p->plan->scratch, size_t, count);
    p->uses = segment->kind == NL_C_SCALAR ? p->scalar_uses : NL_NEW_ARRAY(p->plan->scratch, uint32_t, count);
    if (segment->kind == NL_C_SCALAR) return;
    for (size_t k = 0; k < segment->instrs.count; k++)
        for (int j = 0; j < segment->instrs.items[k].arg_count; j++)
            if (segment->instrs.items[k].args[j].kind == NL_AT_REGISTER)
                p->uses[segment->instrs.items[k].args[j].index]++;
}

static void pair_segment(pairer *p, nl_segment *segment)
{
    prepare(p, segment);
    for (size_t k = 0; k < segment->instrs.count; k++) {
        nl_instr *instr = &segment->instrs.items[k];
        try_fuse(p, instr);
        if (instr->dst.kind == p->kind) p->maker[instr->dst.index] = k + 1;
    }
    drop_fused(segment);
}

void nl_pass_pairs(nl_plan *plan, nl_stage *prologue, nl_stage *body)
{
    pairer p = { .plan = plan, .scalar_uses = NL_NEW_ARRAY(plan->scratch, uint32_t, plan->program->scalar_count) };

    count_scalars(&p, prologue);
    count_scalars(&p, body);
    for (size_t k = 0; k < plan->program->stores.count; k++) p.scalar_uses[plan->program->stores.items[k].scalar]++;
    for (size_t s = 0; s < prologue->segments.count; s++) pair_segment(&p, &prologue->segments.items[s]);
    for (size_t s = 0; s < body->segments.count; s++) pair_segment(&p, &body->segments.items[s]);
}
