/* The journal beside a result file: the points of a sweep that are done, so that the same command goes on after it was
 * interrupted.  A record that was not written to its end is left out. */
#include "batch_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = "netlang1";

typedef struct head {
    char magic[8];
    uint64_t key; /* of the model and the options */
} head;

typedef struct record {
    uint64_t batch, point; /* the key of the batch */
    uint64_t size, hash;   /* of the outcome behind it */
} record;

/* --- keys: what the outcome of a point depends on --- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return text != NULL ? nl_hash(hash, text, strlen(text) + 1) : nl_hash(hash, "", 1);
}

static uint64_t model_key(const nl_session *s)
{
    uint64_t hash = hash_text(NL_HASH_BEGIN, netlang_version());

    hash = nl_sources_hash(s->sources, hash);
    for (size_t i = 0; i < s->options.define_count; i++) hash = hash_text(hash, s->options.defines[i]);
    for (size_t i = 0; i < s->options.sweep_count; i++) hash = hash_text(hash, s->options.sweeps[i]);
    hash = hash_text(hash, s->options.trials);
    return hash_text(hash, s->options.seed);
}

static uint64_t hash_value(uint64_t hash, nl_value value)
{
    if (!nl_value_known(value)) return hash;
    hash = nl_hash(hash, &value.rank, sizeof value.rank);
    hash = nl_hash(hash, value.shape, (size_t)value.rank * sizeof *value.shape);
    hash = hash_text(hash, value.text);
    if (value.data != NULL) hash = nl_hash(hash, value.data, nl_value_count(value) * sizeof *value.data);
    return hash;
}

/* Values tell of data that were loaded, and of what went before. */
static uint64_t batch_key(const nl_running *r)
{
    const nl_session *s = r->s;
    uint64_t hash = nl_hash(NL_HASH_BEGIN, &s->batch_count, sizeof s->batch_count);

    hash = nl_hash(hash, &r->batch->points, sizeof r->batch->points);
    for (size_t i = 0; i < s->check.top->symbols.count; i++) {
        const nl_symbol *symbol = s->check.top->symbols.items[i];
        if (symbol->kind == NL_SYM_VALUE || symbol->kind == NL_SYM_RECORD) hash = hash_value(hash, symbol->value);
    }
    for (size_t i = 0; i < r->batch->binding_count; i++) hash = hash_value(hash, r->batch->bindings[i].values);
    return hash;
}

/* --- the file --- */

static const char *path_of(nl_session *s)
{
    return nl_arena_printf(s->arena, "%s.journal", s->options.out);
}

static bool begin_anew(nl_session *s, uint64_t key)
{
    head h = { .key = key };

    memcpy(h.magic, magic, sizeof magic);
    rewind(s->journal);
    return ftruncate(fileno(s->journal), 0) == 0 && fwrite(&h, sizeof h, 1, s->journal) == 1
           && fflush(s->journal) == 0;
}

static void say_afresh(nl_session *s)
{
    nl_diag_add(s->diags, NL_W_JOURNAL, (nl_span){ 0, 0 },
                "`%s` was left by another model or by other options; the sweep starts afresh", path_of(s));
}

/* Whether what is there was written for this model. */
static bool is_own(nl_session *s, uint64_t key)
{
    head h;
    const size_t count = fread(&h, 1, sizeof h, s->journal);

    if (count == sizeof h && memcmp(h.magic, magic, sizeof magic) == 0 && h.key == key) return true;
    if (count > 0) say_afresh(s);
    return false;
}

/* A sweep can do without: it only cannot be continued. */
void nl_journal_open(nl_session *s)
{
    const uint64_t key = model_key(s);

    if (s->journal != NULL || s->options.out == NULL) return;
    s->journal = fopen(path_of(s), "a+b");
    if (s->journal == NULL) return;
    rewind(s->journal);
    if (is_own(s, key) || begin_anew(s, key)) return;
    fclose(s->journal);
    s->journal = NULL;
}

void nl_journal_close(nl_session *s, bool is_complete)
{
    if (s->journal == NULL) return;
    fclose(s->journal);
    s->journal = NULL;
    if (is_complete) unlink(path_of(s));
}

/* --- records --- */

/* The next record with its outcome in *bytes; false at the end of what is whole. */
static bool read_record(FILE *file, record *rec, char **bytes)
{
    enum { MOST = 1 << 30 };

    if (fread(rec, sizeof *rec, 1, file) != 1 || rec->size > MOST) return false;
    *bytes = nl_realloc(*bytes, rec->size + 1);
    return fread(*bytes, 1, rec->size, file) == rec->size && nl_hash(NL_HASH_BEGIN, *bytes, rec->size) == rec->hash;
}

static void take(nl_running *r, const record *rec, const char *bytes)
{
    if (rec->point >= r->batch->points || r->outcomes[rec->point] != NULL) return;
    nl_outcome *outcome = nl_outcome_read(bytes, rec->size, r->plan->columns.count);
    if (outcome == NULL) return;
    r->s->steps_done += outcome->steps;
    nl_running_accept(r, rec->point, outcome);
}

void nl_journal_read(nl_running *r)
{
    FILE *file = r->s->journal;
    char *bytes = NULL;
    record rec;
    long end = (long)sizeof(head);

    if (file == NULL) return;
    r->journal_key = batch_key(r);
    fseek(file, end, SEEK_SET);
    while (read_record(file, &rec, &bytes)) {
        if (rec.batch == r->journal_key) take(r, &rec, bytes);
        end = ftell(file);
    }
    free(bytes);
    if (ftruncate(fileno(file), end) != 0) clearerr(file); /* then the next records are not found: they are run again */
    fseek(file, 0, SEEK_END);
}

void nl_journal_add(nl_running *r, size_t number, const nl_outcome *outcome)
{
    FILE *file = r->s->journal;
    nl_arena *arena = nl_arena_new();
    nl_text bytes = nl_text_new(arena);

    if (file != NULL && outcome->status != NL_INTERRUPTED) {
        nl_outcome_write(outcome, r->plan->columns.count, &bytes);
        const record rec = { r->journal_key, number, bytes.length, nl_hash(NL_HASH_BEGIN, bytes.chars, bytes.length) };
        (void)(fwrite(&rec, sizeof rec, 1, file) == 1 && fwrite(bytes.chars, 1, bytes.length, file) == bytes.length
               && fflush(file) == 0);
    }
    nl_arena_free(arena);
}
