/* Runs programs on the memory of one simulation. */
#ifndef NL_EXEC_MACHINE_H
#define NL_EXEC_MACHINE_H

#include "ir/program.h"
#include "kernels.h"
#include "net/propagate.h"

/* Elements of a population that fired, ascending. */
typedef struct nl_fired {
    uint32_t *ids;
    size_t count, room;
} nl_fired;

typedef enum nl_select_kind {
    NL_SELECT_ELEMENTS, /* these elements of the space */
    NL_SELECT_OUTGOING, /* the synapses of these pre neurons */
    NL_SELECT_INCOMING  /* the synapses that reach these post neurons */
} nl_select_kind;

/* What a program whose space is selected runs over; neurons of a projection are numbered within its part. */
typedef struct nl_selection {
    nl_select_kind kind;
    const uint32_t *ids;
    size_t count;
    bool one_delay;     /* OUTGOING, INCOMING: only the synapses with this delay, in steps .. */
    uint32_t delay;
    const struct nl_conn_order *order; /* .. which are found here; NULL: OUTGOING, by the connection itself */
    bool in_turn;       /* one element after the other: it may read what the one before wrote */
} nl_selection;

/* The first draw whose argument is no probability. */
typedef struct nl_odd_draw {
    bool found;
    uint32_t draw;      /* of the model */
    double value, time; /* the argument; the clock of that step */
} nl_odd_draw;

/* One value for each synapse that no program writes: simulations of one model hold it in common, until one of them puts
 * other values there. */
typedef struct nl_common_values {
    size_t users;
    double *data;
    size_t bytes;
    bool as_declared; /* by a declaration that reads nothing which may change: there is no need to compute it again */
} nl_common_values;

/* The memory of a simulation, allocated once: each mem is (depth + 1) slots of its count, staggered by cache lines; one
 * slot where the memory is fixed and has no past. */
typedef struct nl_store {
    const nl_memory *memory;
    const nl_model *model;         /* tables, draws */
    double *slot_values;           /* [slot of the model], [array]: as nl_store_take() found them; .. */
    const double **array_data;     /* .. since then the model may have been given those of another simulation */
    double *block;                 /* one allocation, 64-byte aligned */
    size_t block_bytes;
    double **slot_base;            /* [mem]: first slot */
    nl_common_values **common;     /* [mem]: what it shares with other stores; NULL: it is in the block */
    size_t *stride;                /* [mem]: doubles between slots */
    size_t *head;                  /* [mem]: slot of lag 0 */
    size_t *slots;                 /* [mem]: how many there are */
    bool *turns;                   /* [mem]: its present slot changes from step to step */
    /* Where a ring's value jumped (start, set): the left limits, newest first. */
    struct nl_jump **jumps;        /* [mem] */
    const struct nl_conn *const *conns; /* [projection] */
    nl_fired *lists;               /* filled by programs that detect events */
    size_t list_count;
    nl_selection *const *active;   /* [projection]: its synapses that a step moves; NULL: all */
    double **numbers;              /* [projection]: numbers of synapses by place, where a
                                    * program reads them and they differ */
    size_t projection_count;
    double time;                   /* clock: t of the step that is being made */
    double h;                      /* its length, for SAMPLE */
    uint64_t step;
    bool starting;                 /* initial values are being computed: draws are those of no step */
    nl_odd_draw odd;
    uint64_t trial;
    uint64_t generation;           /* changed whenever memory that stood still begins to turn */
} nl_store;

/* Left limits of a ring at one step. */
typedef struct nl_jump {
    struct nl_jump *older;
    uint64_t step;      /* absolute step number at which the value jumped */
    double *value;      /* count values */
} nl_jump;

/* Allocates zeroed memory.  `like` (or NULL) is a store of the same memory and connections, with which values that
 * never change are held in common.  False, with the name of the largest part, when there is not enough. */
bool nl_store_init(nl_store *store, const nl_model *model, const nl_memory *memory, const struct nl_conn *const *conns,
                   const nl_store *like, const char **too_large);
void nl_store_done(nl_store *store);

/* Bytes that another store of this memory would take for itself: values in common count where they need not be as
 * declared. */
size_t nl_store_own_bytes(const nl_store *store);

/* The model's slots and arrays as they are now become those that this store's programs read when they are prepared.
 * The data of an array must stay until the next call. */
void nl_store_take(nl_store *store);

/* Puts values (doubles as stored, floats where the memory is single) into a memory without past, from `first` on.  What
 * is held in common is copied first where they differ. */
void nl_store_put(nl_store *store, uint32_t mem, size_t first, size_t doubles, const double *values);

/* After all values of a memory were put: whether what is declared can never give others.  Then they need not be
 * computed again. */
void nl_store_declared(nl_store *store, uint32_t mem, bool for_good);
bool nl_store_is_declared(const nl_store *store, uint32_t mem);

/* The memory of this machine in bytes; more is refused before it is asked for. */
double nl_store_room(void);

/* The numbers of a projection's synapses by place, made when they are first asked for; NULL where both are the same. */
const double *nl_store_numbers(nl_store *store, uint32_t projection);

/* Room that the values of a memory take, in doubles. */
size_t nl_store_doubles(const nl_mem *mem);

/* Pointer to lag `lag` of a memory (lag 0: present; next: the coming one). */
static inline double *nl_store_at(const nl_store *store, uint32_t mem, size_t lag)
{
    const size_t head = store->head[mem];

    return store->slot_base[mem] + (head >= lag ? head - lag : head + store->slots[mem] - lag) * store->stride[mem];
}

/* The slot after the present one. */
static inline size_t nl_store_turn(const nl_store *store, uint32_t mem)
{
    return store->head[mem] + 1 == store->slots[mem] ? 0 : store->head[mem] + 1;
}

static inline double *nl_store_next(const nl_store *store, uint32_t mem)
{
    return store->slot_base[mem] + nl_store_turn(store, mem) * store->stride[mem];
}

/* Advances the ring: what was `next` becomes lag 0. */
static inline void nl_store_rotate(nl_store *store, uint32_t mem) { store->head[mem] = nl_store_turn(store, mem); }

/* The left limit of a ring at a step, or NULL where the value did not jump.  The lists of jumps are the caller's. */
const double *nl_store_left(const nl_store *store, uint32_t mem, uint64_t step);

/* A program bound to a store: views resolved, own storage and registers allocated. */
typedef struct nl_machine nl_machine;

nl_machine *nl_machine_new(const nl_program *program, nl_store *store);
void nl_machine_free(nl_machine *machine);

void nl_machine_prepare(nl_machine *machine); /* runs the prologue */

typedef struct nl_machine_fault {
    nl_ref node;        /* gather out of range, time before a ring's past: the node; NaN checks are the caller's */
    size_t element;
    double value;
} nl_machine_fault;

/* Runs the body once; false on a bad index (fault filled).  Allocates nothing.  Simultaneous stores to memory without
 * past that could not be made in place are swapped in at the end.  Rotating rings is the caller's. */
bool nl_machine_run(nl_machine *machine, nl_machine_fault *fault);

/* One of several machines of the same program that run side by side, and how it went. */
typedef struct nl_machine_turn {
    nl_machine *machine;
    bool good, summed;
    nl_machine_fault fault;
} nl_machine_turn;

typedef struct nl_machine_room {
    double *scratch;
    const double **sources;
    double **targets;
} nl_machine_room;

/* Runs each once, to the bit what it does alone; what is summed over connections with the same weights is summed for
 * all of them at once.  The room is for as many machines or more. */
void nl_machine_run_together(nl_machine_turn *turns, size_t count, const nl_machine_room *room);
nl_machine_room nl_machine_room_for(const nl_machine *machine, size_t count, nl_arena *arena);

/* The same for a program with a selected space. */
bool nl_machine_run_selected(nl_machine *machine, const nl_selection *selection, nl_machine_fault *fault);

#endif
