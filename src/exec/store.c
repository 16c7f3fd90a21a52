#include "machine.h"

#include "net/conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Arrays whose bases differ by whole pages would fall into the same sets of the cache. */
enum { LINE = NL_ALIGN / sizeof(double), STAGGER = 3 * LINE };

static size_t slots_of(const nl_mem *mem)
{
    return mem->depth == 1 && mem->fixed ? 1 : mem->depth + 1;
}

size_t nl_store_doubles(const nl_mem *mem) { return mem->single ? (mem->count + 1) / 2 : mem->count; }

static size_t stride_of(const nl_mem *mem)
{
    return (nl_store_doubles(mem) + LINE - 1) / LINE * LINE + (mem->count > 1 ? STAGGER : 0);
}

double nl_store_room(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);

    return pages > 0 && size > 0 ? (double)pages * (double)size : (double)SIZE_MAX;
}

/* What is held in common with other simulations. */
static bool is_common(const nl_model *model, const nl_mem *mem)
{
    return mem->fixed && mem->depth == 1 && nl_graph_space(model->graph, mem->space)->kind == NL_SPACE_SYNAPSES;
}

static bool measure(const nl_store *store, const nl_store *like, size_t *total, const char **too_large)
{
    const nl_memory *memory = store->memory;
    double doubles = 0, largest = 0;

    *total = LINE;
    for (size_t k = 0; k < memory->mems.count; k++) {
        const nl_mem *mem = &memory->mems.items[k];
        const double size = ((double)nl_store_doubles(mem) + LINE + STAGGER) * (double)slots_of(mem);
        if (like != NULL && is_common(store->model, mem)) continue;
        if (size > largest) *too_large = mem->name;
        if (size > largest) largest = size;
        doubles += size;
    }
    if (doubles * sizeof(double) > nl_store_room()) return false;
    for (size_t k = 0; k < memory->mems.count; k++)
        if (!is_common(store->model, &memory->mems.items[k]))
            *total += stride_of(&memory->mems.items[k]) * slots_of(&memory->mems.items[k]);
    return true;
}

static void place(nl_store *store, double *at)
{
    at += (-(uintptr_t)at & (NL_ALIGN - 1)) / sizeof *at;
    for (size_t k = 0; k < store->memory->mems.count; k++) {
        const nl_mem *mem = &store->memory->mems.items[k];
        store->stride[k] = stride_of(mem);
        store->slots[k] = slots_of(mem);
        store->turns[k] = mem->depth > 1;
        if (is_common(store->model, mem)) continue;
        store->slot_base[k] = at;
        at += store->stride[k] * slots_of(mem);
    }
}

/* Zeroed pages, large ones where the system has them: a matrix of weights is read from end to end in every step, and
 * small pages would cost a table look-up every few cache lines. */
static double *zeroed_pages(size_t bytes)
{
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
    enum { WORTH_LARGE_PAGES = 4 << 20 };
    if (bytes >= WORTH_LARGE_PAGES) (void)madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}

/* --- values in common --- */

static nl_common_values *new_common(size_t doubles)
{
    nl_common_values *common = nl_calloc(1, sizeof *common);

    common->users = 1;
    common->bytes = (doubles + LINE) * sizeof(double);
    common->data = zeroed_pages(common->bytes);
    if (common->data != NULL) return common;
    free(common);
    return NULL;
}

static void leave_common(nl_common_values *common)
{
    if (common == NULL || --common->users > 0) return;
    munmap(common->data, common->bytes);
    free(common);
}

static void use_common(nl_store *store, size_t mem, nl_common_values *common)
{
    store->common[mem] = common;
    store->slot_base[mem] = common->data;
}

static bool share(nl_store *store, const nl_store *like)
{
    for (size_t k = 0; k < store->memory->mems.count; k++) {
        const nl_mem *mem = &store->memory->mems.items[k];
        if (!is_common(store->model, mem)) continue;
        nl_common_values *common = like != NULL ? like->common[k] : new_common(nl_store_doubles(mem));
        if (common == NULL) return false;
        common->users += like != NULL;
        use_common(store, k, common);
    }
    return true;
}

static void leave_and_copy(nl_store *store, uint32_t mem)
{
    nl_common_values *old = store->common[mem], *copy = new_common(nl_store_doubles(&store->memory->mems.items[mem]));

    if (copy == NULL) nl_out_of_memory(old->bytes);
    memcpy(copy->data, old->data, old->bytes);
    leave_common(old);
    use_common(store, mem, copy);
    store->generation++;
}

bool nl_store_is_declared(const nl_store *store, uint32_t mem)
{
    return store->common[mem] != NULL && store->common[mem]->as_declared;
}

void nl_store_declared(nl_store *store, uint32_t mem, bool for_good)
{
    if (store->common[mem] != NULL) store->common[mem]->as_declared = for_good;
}

size_t nl_store_own_bytes(const nl_store *store)
{
    size_t bytes = store->block_bytes;

    for (size_t k = 0; k < store->memory->mems.count; k++)
        if (store->common[k] != NULL && !store->common[k]->as_declared) bytes += store->common[k]->bytes;
    return bytes;
}

void nl_store_put(nl_store *store, uint32_t mem, size_t first, size_t doubles, const double *values)
{
    nl_common_values *common = store->common[mem];

    if (common != NULL && common->users > 1) {
        if (memcmp(common->data + first, values, doubles * sizeof *values) == 0) return;
        leave_and_copy(store, mem);
    }
    if (store->common[mem] != NULL) store->common[mem]->as_declared = false;
    memcpy(store->slot_base[mem] + store->head[mem] * store->stride[mem] + first, values, doubles * sizeof *values);
}

/* --- the whole --- */

void nl_store_take(nl_store *store)
{
    const nl_model *model = store->model;

    for (size_t k = 0; k < model->slots.count; k++) store->slot_values[k] = model->slots.items[k].number;
    for (size_t k = 0; k < model->arrays.count; k++) store->array_data[k] = model->arrays.items[k].value.data;
}

bool nl_store_init(nl_store *store, const nl_model *model, const nl_memory *memory, const struct nl_conn *const *conns,
                   const nl_store *like, const char **too_large)
{
    size_t total = 0;

    *store = (nl_store){ .model = model, .memory = memory, .conns = conns, .h = model->dt };
    if (!measure(store, like, &total, too_large)) return false;
    store->block_bytes = total * sizeof(double);
    if ((store->block = zeroed_pages(store->block_bytes)) == NULL) return false;
    store->slot_base = nl_calloc(memory->mems.count, sizeof *store->slot_base);
    store->common = nl_calloc(memory->mems.count, sizeof *store->common);
    store->slot_values = nl_calloc(model->slots.count, sizeof *store->slot_values);
    store->array_data = nl_calloc(model->arrays.count, sizeof *store->array_data);
    store->stride = nl_calloc(memory->mems.count, sizeof *store->stride);
    store->head = nl_calloc(memory->mems.count, sizeof *store->head);
    store->slots = nl_calloc(memory->mems.count, sizeof *store->slots);
    store->turns = nl_calloc(memory->mems.count, sizeof *store->turns);
    store->jumps = nl_calloc(memory->mems.count, sizeof *store->jumps);
    store->projection_count = model->projections.count;
    store->numbers = nl_calloc(store->projection_count, sizeof *store->numbers);
    place(store, store->block);
    nl_store_take(store);
    if (share(store, like)) return true;
    nl_store_done(store);
    return false;
}

void nl_store_done(nl_store *store)
{
    for (size_t p = 0; p < store->projection_count; p++) free(store->numbers[p]);
    for (size_t k = 0; store->common != NULL && k < store->memory->mems.count; k++) leave_common(store->common[k]);
    free(store->common);
    free(store->slot_values);
    free(store->array_data);
    free(store->numbers);
    free(store->jumps);
    free(store->turns);
    free(store->slots);
    free(store->head);
    free(store->stride);
    free(store->slot_base);
    munmap(store->block, store->block_bytes);
    *store = (nl_store){ 0 };
}

static double *numbers_of(const nl_conn *conn)
{
    enum { CHUNK = 1024 };
    double *numbers = nl_realloc(NULL, nl_checked_mul(conn->synapse_count, sizeof *numbers));
    nl_numbering *numbering = nl_numbering_new(conn);
    uint64_t chunk[CHUNK];

    for (uint64_t at = 0; at < conn->synapse_count; at += CHUNK) {
        const size_t n = conn->synapse_count - at < CHUNK ? conn->synapse_count - at : CHUNK;

        nl_numbering_next(numbering, n, chunk);
        for (size_t k = 0; k < n; k++) numbers[at + k] = (double)chunk[k];
    }
    nl_numbering_free(numbering);
    return numbers;
}

const double *nl_store_numbers(nl_store *store, uint32_t projection)
{
    const nl_conn *conn = store->conns[projection];

    if (conn->kind != NL_CONN_OUT) return NULL;
    if (store->numbers[projection] == NULL) store->numbers[projection] = numbers_of(conn);
    return store->numbers[projection];
}

const double *nl_store_left(const nl_store *store, uint32_t mem, uint64_t step)
{
    for (const nl_jump *jump = store->jumps[mem]; jump != NULL; jump = jump->older)
        if (jump->step == step) return jump->value;
    return NULL;
}
