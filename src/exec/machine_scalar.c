/* Scalar code: numbers are computed one after the other by a loop that jumps from instruction to instruction. */
#include "machine_impl.h"

#define NL_READING nl_real_
#include "lang/op_words.h"

#ifdef __GNUC__
#define BEGIN goto *labels[in->code];
#define CASE(number, name) at_##name:
#define NEXT in++; goto *labels[in->code]
#define LABEL(number, name) [number] = &&at_##name,
#else
#define BEGIN for (;; in++) switch (in->code) {
#define CASE(number, name) case number:
#define NEXT continue
#endif

#define PAIRS_WITH(PAIR, n, first, op)                                                                                 \
    PAIR(n, first, op, 0, ADD, +)                                                                                      \
    PAIR(n, first, op, 1, SUB, -) PAIR(n, first, op, 2, MUL, *) PAIR(n, first, op, 3, DIV, /)
#define PAIRS(PAIR)                                                                          \
    PAIRS_WITH(PAIR, 0, ADD, +) PAIRS_WITH(PAIR, 1, SUB, -) PAIRS_WITH(PAIR, 2, MUL, *) PAIRS_WITH(PAIR, 3, DIV, /)
#define PAIR_NUMBER(n, m, right) (SCALAR_PAIR + 8 * (n) + 2 * (m) + (right))

static void run_other(nl_machine *machine, const step *s)
{
    s->run(machine, s, s->dst, s->args, 0, 1);
}

void machine_run_scalars(nl_machine *machine, const block *of)
{
    double *const s = machine->scalars;
    const scalar_instr *in = of->code;

#ifdef __GNUC__
    static const void *const labels[SCALAR_CODE_COUNT] = {
#define OP(ID, ...) LABEL(NL_OP_##ID, ID)
#include "lang/ops.def"
#define PAIR(n, first, op, m, second, then) \
        LABEL(PAIR_NUMBER(n, m, 0), first##_##second##_LEFT) LABEL(PAIR_NUMBER(n, m, 1), first##_##second##_RIGHT)
        PAIRS(PAIR)
#undef PAIR
        LABEL(SCALAR_FETCH, fetch) LABEL(SCALAR_TIME, time) LABEL(SCALAR_STEP, step)
        LABEL(SCALAR_OTHER, other) LABEL(SCALAR_END, end)
    };
#endif

    BEGIN
#define OP(ID, name, arity, dim, type, cost, meaning, ...)                                   \
    CASE(NL_OP_##ID, ID) {                                                                   \
        const double a = s[in->a], b = (arity) > 1 ? s[in->b] : 0, c = (arity) > 2 ? s[in->c] : 0; \
        (void)b, (void)c;                                                                    \
        s[in->dst] = meaning;                                                                \
        NEXT;                                                                                \
    }
#include "lang/ops.def"
#define PAIR(n, first, op, m, second, then)                                                  \
    CASE(PAIR_NUMBER(n, m, 0), first##_##second##_LEFT) s[in->dst] = (s[in->a] op s[in->b]) then s[in->c]; NEXT; \
    CASE(PAIR_NUMBER(n, m, 1), first##_##second##_RIGHT) s[in->dst] = s[in->c] then (s[in->a] op s[in->b]); NEXT;
    PAIRS(PAIR)
#undef PAIR
    CASE(SCALAR_FETCH, fetch) s[in->dst] = *of->fetched[in->a]; NEXT;
    CASE(SCALAR_TIME, time) s[in->dst] = machine->store->time; NEXT;
    CASE(SCALAR_STEP, step) s[in->dst] = (double)machine->store->step; NEXT;
    CASE(SCALAR_OTHER, other) run_other(machine, &of->steps[in->a]); NEXT;
    CASE(SCALAR_END, end) return;
#ifndef __GNUC__
    }
#endif
}
