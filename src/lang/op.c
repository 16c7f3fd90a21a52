#include "op.h"

#include "op_words.h"

#include <string.h>

/* NaN compares unequal to itself on purpose; unused operands belong to rows of fewer. */
#define NL_READING nl_real_
#define OP(ID, name, arity, dim, type, cost, meaning, ...)                                   \
    static double fold_##ID(const double *args)                                              \
    {                                                                                        \
        const double a = args[0], b = (arity) > 1 ? args[1] : 0, c = (arity) > 2 ? args[2] : 0; \
        (void)a, (void)b, (void)c;                                                           \
        return meaning;                                                                      \
    }
#include "ops.def"

const nl_op_info nl_ops[NL_OP_COUNT] = {
#define OP(ID, name, arity, dim, type, cost, meaning, args, example, doc) \
    [NL_OP_##ID] = { #ID, name, arity, NL_DIM_##dim, NL_OP_##type, cost, args, example, doc, fold_##ID },
#include "ops.def"
};

nl_op nl_op_find(const char *name, int arity)
{
    for (int op = 0; op < NL_OP_COUNT; op++)
        if (nl_ops[op].name != NULL && strcmp(nl_ops[op].name, name) == 0 && (arity < 0 || arity == nl_ops[op].arity))
            return (nl_op)op;
    return NL_OP_COUNT;
}
