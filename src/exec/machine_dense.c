/* Loops over the synapses of every pair, the elements of a matrix [post, pre]: in each row the pre neurons come in
 * their order and the post neuron is one, so that nothing is looked up by number. */
#include "machine_impl.h"

#include <string.h>

enum { LONG_ROW = 64 }; /* from here on a call for each row costs less than to write a number to all of its places */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* What pre neurons have, row after row. */
static void see_pre(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    size_t column = at % s->columns;

    (void)machine;
    for (size_t i = 0, part; i < n; i += part, column = 0) {
        part = least(s->columns - column, n - i);
        memcpy(dst + i, args[0] + column, part * sizeof *dst);
    }
}

/* Each row leaves out one of them, the hole. */
static void see_others(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    size_t column = at % s->columns, row = at / s->columns;

    for (size_t i = 0, part; i < n; i += part, column = 0, row++) {
        const size_t hole = row + (size_t)machine_conn(machine, s->seen_by)->self_offset;
        part = least(s->columns - column, n - i);
        const size_t before = column < hole ? least(hole - column, part) : 0;
        memcpy(dst + i, args[0] + column, before * sizeof *dst);
        memcpy(dst + i + before, args[0] + column + before + 1, (part - before) * sizeof *dst);
    }
}

/* Chunks of whole rows all see the same. */
static void see_pre_once(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                         size_t n)
{
    if (at == 0) see_pre(machine, s, dst, args, at, n);
}

static void see_post(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    machine->kernels->spread(n, dst, args[0], s->columns, at);
}

static void see_nothing(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at,
                        size_t n)
{
    (void)machine, (void)s, (void)dst, (void)args, (void)at, (void)n;
}

/* A kernel row by row: what the post neuron has is a number to it. */
static void run_rows(nl_machine *machine, const step *s, double *dst, const double *const *args, size_t at, size_t n)
{
    const double *in[NL_INSTR_ARGS];
    size_t part = s->columns - at % s->columns;

    (void)machine;
    for (int k = 0; k < s->arg_count; k++) in[k] = args[k] + (s->reads[k] == STEP_ROW ? at / s->columns : 0);
    for (size_t i = 0; i < n; i += part, part = s->columns) {
        part = least(part, n - i);
        s->row_kernel(part, dst + i, in);
        for (int k = 0; k < s->arg_count; k++) in[k] += s->reads[k] == STEP_ELEMENT ? part : s->reads[k];
    }
}

/* --- binding --- */

/* Steps that may read what s writes: up to the next one that writes there. */
static step *readers_end(const block *b, step *s)
{
    step *at = s + 1, *end = b->steps + b->step_count;

    while (at < end && at->dst != s->dst) at++;
    return at < end ? at + 1 : end;
}

/* A chunk of its own in place of a register that others use, too. */
static void keep_apart(nl_machine *machine, const block *b, step *s)
{
    const double *const shared = s->dst;
    const step *const end = readers_end(b, s);

    s->dst = machine_new_chunk(machine);
    for (step *reader = s + 1; reader < end; reader++)
        for (int k = 0; k < reader->arg_count; k++)
            if (reader->args[k] == shared) reader->args[k] = s->dst;
}

/* The kernel that takes this array, and what is taken row by row already, as numbers; NULL where there is none. */
static nl_kernel row_kernel(const nl_machine *machine, const step *s, const double *array)
{
    nl_instr instr = *s->instr;

    if (s->row_kernel == NULL && s->kernel == NULL) return NULL;
    if (instr.kind == NL_I_CHAIN) return NULL; /* has numbers in some places only */
    for (int k = 0; k < s->arg_count; k++)
        if (s->reads[k] == STEP_ROW || s->args[k] == array) instr.args[k].kind = NL_AT_SCALAR;
    return machine_kernel(machine->kernels, &instr);
}

static bool all_take_rows(const nl_machine *machine, const step *s, const step *end)
{
    for (const step *reader = s + 1; reader < end; reader++)
        for (int k = 0; k < reader->arg_count; k++)
            if (reader->args[k] == s->dst && row_kernel(machine, reader, s->dst) == NULL) return false;
    return true;
}

static void take_rows(nl_machine *machine, step *reader, const step *s)
{
    const nl_kernel kernel = row_kernel(machine, reader, s->dst);
    bool reads = false;

    for (int k = 0; k < reader->arg_count; k++) {
        if (reader->args[k] != s->dst) continue;
        reads = true;
        reader->reads[k] = STEP_ROW;
        machine_bind_read(machine, s->instr->args[0], &reader->args[k]);
    }
    if (!reads) return;
    reader->row_kernel = kernel;
    reader->kernel = NULL;
    reader->run = run_rows;
}

/* Who reads what the post neurons have takes it row by row. */
static bool bind_rows(nl_machine *machine, const block *b, step *s)
{
    step *const end = readers_end(b, s);

    if (s->columns < LONG_ROW || s->dst_moves != 0 || !all_take_rows(machine, s, end)) return false;
    for (step *reader = s + 1; reader < end; reader++) take_rows(machine, reader, s);
    return true;
}

static void bind_pre(nl_machine *machine, const block *b, step *s)
{
    const bool has_holes = machine_conn(machine, b->segment->id)->no_self;
    const bool is_once = !has_holes && s->columns <= b->chunk && s->dst_moves == 0;

    s->seen_by = b->segment->id;
    s->run = has_holes ? see_others : is_once ? see_pre_once : see_pre;
    if (is_once) keep_apart(machine, b, s);
}

void machine_bind_dense(nl_machine *machine, block *b)
{
    size_t columns;

    if (b->segment->kind != NL_C_SYNAPSES || !nl_conn_is_matrix(machine_conn(machine, b->segment->id), &columns))
        return;
    if (columns <= b->chunk) b->chunk -= b->chunk % columns;
    b->needs_pairs = false;
    for (step *s = b->steps; s < b->steps + b->step_count; s++) {
        s->columns = columns;
        if (s->instr->kind == NL_I_PRE) bind_pre(machine, b, s);
        if (s->instr->kind == NL_I_POST) s->run = bind_rows(machine, b, s) ? see_nothing : see_post;
        b->needs_pairs |= machine_needs_pairs(s->instr);
    }
}
