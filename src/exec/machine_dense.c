/* Loops over the synapses of every pair, the elements of a matrix [post, pre]: in each row the pre neurons come in their
 * order and the post neuron is one, so that nothing is looked up by number. */
#include "machine_impl.h"

#include <string.h>

/* What pre neurons have, row after row. */
static void see_pre(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    (void)machine;
    for (size_t i = 0; i < n;) {
        const size_t column = (at + i) % s->columns, left = s->columns - column, part = left < n - i ? left : n - i;
        memcpy(dst + i, args[0] + column, part * sizeof *dst);
        i += part;
    }
}

/* Chunks of whole rows all see the same. */
static void see_pre_once(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    if (at == 0) see_pre(machine, s, dst, args, at, n);
}

static void see_post(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    machine->kernels->spread(n, dst, args[0], s->columns, at);
}

/* A chunk of its own in place of a register that others use, too. */
static void keep_apart(nl_machine *machine, block *b, step *s)
{
    const double *const shared = s->dst;

    s->dst = machine_new_chunk(machine);
    for (step *reader = s + 1; reader < b->steps + b->step_count; reader++) {
        for (int k = 0; k < reader->arg_count; k++)
            if (reader->args[k] == shared) reader->args[k] = s->dst;
        if (reader->dst == shared) break;
    }
}

static void bind_seen(nl_machine *machine, block *b, step *s, size_t columns)
{
    const bool is_pre = s->instr->kind == NL_I_PRE, is_once = is_pre && columns <= b->chunk && s->dst_moves == 0;

    s->columns = columns;
    s->run = !is_pre ? see_post : is_once ? see_pre_once : see_pre;
    if (is_once) keep_apart(machine, b, s);
}

void machine_bind_dense(nl_machine *machine, block *b)
{
    const nl_conn *conn = b->segment->kind == NL_C_SYNAPSES ? machine_conn(machine, b->segment->id) : NULL;

    if (conn == NULL || (conn->kind != NL_CONN_ALL && conn->kind != NL_CONN_LOW_RANK) || conn->no_self) return;
    if (conn->pre.count == 0) return;
    if (conn->pre.count <= b->chunk) b->chunk -= b->chunk % conn->pre.count;
    b->needs_pairs = false;
    for (step *s = b->steps; s < b->steps + b->step_count; s++) {
        if (machine_sees_neurons(s->instr)) bind_seen(machine, b, s, conn->pre.count);
        b->needs_pairs |= machine_needs_pairs(s->instr);
    }
}
