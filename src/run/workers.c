/* Points in several processes.  Each takes the next piece of what is to be done, until there is none, and sends the
 * outcomes back through a pipe: they are the same whoever made them. */
#include "batch_impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 100 };

typedef struct message {
    uint64_t point, size; /* of the outcome behind it */
} message;

typedef struct worker {
    pid_t pid;
    int pipe; /* -1: it is done */
    char *bytes;
    size_t count, room;
} worker;

/* --- in the worker --- */

static bool write_all(int to, const void *bytes, size_t count)
{
    for (const char *at = bytes; count > 0;) {
        const ssize_t done = write(to, at, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        count -= (size_t)done;
    }
    return true;
}

static bool send(const nl_running *r, int to, size_t number, const nl_outcome *outcome)
{
    nl_arena *arena = nl_arena_new();
    nl_text bytes = nl_text_new(arena);

    nl_outcome_write(outcome, r->plan->columns.count, &bytes);
    const message m = { number, bytes.length };
    const bool good = write_all(to, &m, sizeof m) && write_all(to, bytes.chars, bytes.length);
    nl_arena_free(arena);
    return good;
}

/* False: the other process no longer listens. */
static bool run_piece(nl_running *r, int to, const nl_piece *piece)
{
    nl_outcome **outcomes = NL_NEW_ARRAY(r->arena, nl_outcome *, piece->count);
    bool good = true;

    nl_running_piece(r, piece, outcomes);
    for (size_t k = 0; k < piece->count; k++) {
        good = good && send(r, to, piece->numbers[k], outcomes[k]);
        nl_outcome_free(outcomes[k]);
    }
    return good;
}

static void work(nl_running *r, int to, atomic_size_t *next)
{
    bool good = true;
    size_t at;

    r->s->options.progress = NULL;
    while (good && !nl_session_is_stopped(r->s) && (at = atomic_fetch_add(next, 1)) < r->pieces.count)
        good = run_piece(r, to, &r->pieces.items[at]);
    _exit(good ? 0 : NL_RUN_FAILED);
}

/* --- in the process that asked --- */

static void take_messages(nl_running *r, worker *w)
{
    size_t at = 0;
    message m;

    while (w->count - at >= sizeof m) {
        memcpy(&m, w->bytes + at, sizeof m);
        if (w->count - at - sizeof m < m.size) break;
        nl_outcome *outcome = nl_outcome_read(w->bytes + at + sizeof m, m.size, r->plan->columns.count);
        at += sizeof m + m.size;
        if (outcome == NULL) continue;
        r->s->steps_done += outcome->steps;
        nl_journal_add(r, m.point, outcome);
        nl_running_accept(r, m.point, outcome);
    }
    if (at > 0) memmove(w->bytes, w->bytes + at, w->count - at);
    w->count -= at;
}

static void listen(nl_running *r, worker *w)
{
    enum { PIECE = 1 << 16 };

    if (w->room - w->count < PIECE) w->bytes = nl_realloc(w->bytes, w->room = 2 * w->room + PIECE);
    const ssize_t count = read(w->pipe, w->bytes + w->count, w->room - w->count);
    if (count < 0 && errno == EINTR) return;
    if (count > 0) {
        w->count += (size_t)count;
        take_messages(r, w);
        return;
    }
    close(w->pipe);
    w->pipe = -1;
}

static void stop_all(const worker *workers, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (workers[k].pipe >= 0) kill(workers[k].pid, SIGTERM);
}

/* Until all of them are done. */
static void listen_to_all(nl_running *r, worker *workers, size_t count)
{
    struct pollfd polls[NL_WORKERS_MAX];
    bool stopped = false, any = true;

    while (any) {
        any = false;
        for (size_t k = 0; k < count; k++) polls[k] = (struct pollfd){ .fd = workers[k].pipe, .events = POLLIN };
        if (poll(polls, count, WAIT_MS) < 0 && errno != EINTR) return;
        if (nl_session_is_stopped(r->s) && !stopped) stop_all(workers, count);
        stopped = nl_session_is_stopped(r->s);
        for (size_t k = 0; k < count; k++) {
            if (workers[k].pipe >= 0 && (polls[k].revents & (POLLIN | POLLHUP | POLLERR)) != 0) listen(r, &workers[k]);
            any = any || workers[k].pipe >= 0;
        }
        if (r->s->options.progress != NULL) nl_session_progress(r->s, 0, 0);
    }
}

static bool start(nl_running *r, worker *workers, size_t which, atomic_size_t *next)
{
    int ends[2];

    if (pipe(ends) != 0) return false;
    const pid_t pid = fork();
    if (pid == 0) {
        for (size_t k = 0; k < which; k++) close(workers[k].pipe);
        close(ends[0]);
        work(r, ends[1], next);
    }
    close(ends[1]);
    workers[which] = (worker){ .pid = pid, .pipe = ends[0] };
    if (pid < 0) close(ends[0]);
    return pid > 0;
}

/* What a process left undone that ended by itself. */
static void give_up(nl_running *r, const nl_piece *piece)
{
    for (size_t k = 0; k < piece->count; k++) {
        if (r->outcomes[piece->numbers[k]] != NULL) continue;
        nl_outcome *outcome = nl_outcome_new(r->plan->columns.count);
        const nl_diag diag = { .code = NL_R_POINTS, .text = "the process that ran this point has ended" };
        outcome->status = NL_RUN_FAILED;
        NL_PUSH(outcome->arena, &outcome->diags, nl_diag_copy(outcome->arena, &diag));
        nl_running_accept(r, piece->numbers[k], outcome);
    }
}

bool nl_workers_run(nl_running *r)
{
    atomic_size_t *next = mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    worker workers[NL_WORKERS_MAX];
    size_t started = 0;

    if (next == MAP_FAILED) return false;
    atomic_init(next, 0);
    while (started < r->workers && start(r, workers, started, next)) started++;
    listen_to_all(r, workers, started);
    for (size_t k = 0; k < started; k++) {
        waitpid(workers[k].pid, NULL, 0);
        free(workers[k].bytes);
    }
    munmap(next, sizeof *next);
    for (size_t i = 0; i < r->pieces.count && started > 0 && !nl_session_is_stopped(r->s); i++)
        give_up(r, &r->pieces.items[i]);
    return started > 0;
}
