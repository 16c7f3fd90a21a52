/* Times netlang against hand-written C, XPPAUT and Brian, built and run now and by turns, one thread each:
 *   NETLANG=path/to/netlang NL_SRC=source/tree tests/bench/run [WORD]...
 * With words, only the rows whose names contain one of them.  Exit status 1 when a result differs from the floor's. */
#include "floor.h"

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double BRIAN_BAR = 1.0 / 3;
enum { DEFINES = 8, ARGS = 24, REPEATS = 3, START_REPEATS = 10, START_MS = 10, BUILD_SECONDS = 1, BRIAN_STEPS = 20000 };

const char *floor_folder;

double floor_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

double *floor_array(size_t count)
{
    const size_t size = (count * sizeof(double) + 63) / 64 * 64;
    double *array = aligned_alloc(64, size + 64);

    if (array == NULL) fail("memory");
    return memset(array, 0, size + 64);
}

/* --- running programs --- */

typedef struct child {
    int status;     /* of exit, or -1 */
    double seconds; /* from start to end, with everything */
    long peak_kib;  /* of resident memory */
    char *output;   /* what it wrote, both streams; to be freed */
} child;

static char *read_all(int from)
{
    size_t length = 0, room = 4096;
    char *text = malloc(room);

    while (text != NULL) {
        const ssize_t got = read(from, text + length, room - length - 1);
        if (got <= 0) break;
        length += (size_t)got;
        if (room - length < 2) text = realloc(text, room *= 2);
    }
    if (text == NULL) fail("memory");
    text[length] = '\0';
    return text;
}

static child run_child(const char *folder, const char *const *argv)
{
    int ends[2], status;
    struct rusage usage;
    const double start = floor_now();

    if (pipe(ends) != 0) fail("pipe");
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        const int none = open("/dev/null", O_RDONLY);
        if (none < 0 || dup2(none, 0) < 0 || dup2(ends[1], 1) < 0 || dup2(ends[1], 2) < 0) _exit(127);
        if (chdir(folder) != 0) _exit(127);
        close(ends[0]), close(ends[1]);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    child run = { .output = read_all(ends[0]) };
    close(ends[0]);
    if (wait4(pid, &status, 0, &usage) < 0) fail("wait");
    run.seconds = floor_now() - start;
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    run.peak_kib = usage.ru_maxrss;
    return run;
}

/* The number after a word of the output, past blanks, ':' and '='; NAN when there is none. */
static double number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    char *end;

    if (at == NULL) return NAN;
    at += strlen(word);
    at += strspn(at, " \t:=");
    const double number = strtod(at, &end);
    return end == at ? NAN : number;
}

/* --- the table --- */

typedef struct row {
    const char *name;
    floor_function *floor;
    size_t size, steps;
    const char *model, *define[DEFINES]; /* -D arguments */
    const char *word;              /* before the result in the model's output */
    double near;                   /* relative distance allowed: of digits as printed, of rates as networks differ */
    double bar;                    /* times the floor; 0: none */
    double most;                   /* in place of it: microseconds a step */
    const char *ode;               /* the same for XPPAUT */
    double dt;
    const char *brian;             /* the same in brian.py */
    int has_data;                  /* the floor leaves files for the model's parameter `data` */
} row;

static const row rows[] = {
    { .name = "2D 200 x 200, midpoint", .floor = floor_cooperative_2d, .size = 200, .steps = 30000,
      .model = "models/cooperative_2d.net", .word = "Loss for target", .near = 1e-9, .bar = 1.5 },
    { .name = "1D balanced, rk4", .floor = floor_cooperative_1d, .size = 200, .steps = 6630,
      .model = "models/cooperative_1d.net", .word = "w_in", .near = 1e-9, .bar = 2 },
    { .name = "adaptation, euler", .floor = floor_cooperative_sfa, .size = 200, .steps = 50000,
      .model = "models/cooperative_sfa.net", .word = "response time", .near = 1e-9, .bar = 3 },
    { .name = "Lorenz, rk4, before chaos", .floor = floor_lorenz, .steps = 2000, .model = "tests/bench/lorenz.net",
      .define = { "steps=2000" }, .word = "result", .near = 1e-9 },
    { .name = "Lorenz, rk4", .floor = floor_lorenz, .steps = 1000000, .model = "tests/bench/lorenz.net",
      .define = { "steps=1000000" }, .ode = "lorenz.ode", .dt = 0.001 },
    { .name = "Hodgkin-Huxley, rk4", .floor = floor_hodgkin_huxley, .steps = 1000000,
      .model = "tests/bench/hodgkin_huxley.net", .define = { "steps=1000000" }, .word = "result", .near = 1e-6,
      .ode = "hodgkin_huxley.ode", .dt = 0.01 },
    { .name = "dense tanh, N = 1000", .floor = floor_dense, .size = 1000, .steps = 2000,
      .model = "tests/bench/dense.net", .define = { "N=1000", "steps=2000" }, .word = "result",
      .near = 1e-9, .bar = 1.1 },
    { .name = "dense tanh, N = 4000", .floor = floor_dense, .size = 4000, .steps = 150,
      .model = "tests/bench/dense.net", .define = { "N=4000", "steps=150" }, .word = "result",
      .near = 1e-9, .bar = 1.1 },
    { .name = "microcircuit 1-1-1", .floor = floor_microcircuit, .size = 1, .steps = 300000,
      .model = "models/microcircuit.net",
      .define = { "layers=[1,1,1]", "presentations=300", "series_steps=1000", "eta_fw=0.1", "eta_bw=0.1", "eta_IP=1",
                  "eta_PI=1" },
      .word = "norm of B", .near = 1e-6, .most = 6, .has_data = 1 },
    { .name = "microcircuit 100-200-50", .floor = floor_microcircuit, .size = 200, .steps = 10000,
      .model = "models/microcircuit.net",
      .define = { "layers=[100,200,50]", "presentations=10", "series_steps=1000", "eta_fw=0.1", "eta_bw=0.1", "eta_IP=1",
                  "eta_PI=1" },
      .word = "norm of B", .near = 1e-6, .bar = 1.3, .has_data = 1 },
    { .name = "sparse 10 000 x 500", .floor = floor_sparse, .size = 10000, .steps = 300,
      .model = "tests/bench/sparse.net", .define = { "steps=300" }, .word = "result", .near = 1e-9, .bar = 1.2 },
    { .name = "balanced, 10 000 x 1000", .floor = floor_balanced, .size = 10000, .steps = 200,
      .model = "tests/bench/balanced.net", .define = { "rule=repeatable" }, .word = "result", .near = 1e-9, .bar = 1.3 },
    { .name = "CUBA, 4000 neurons", .floor = floor_cuba, .size = 4000, .steps = 10000, .model = "examples/cuba.net",
      .word = "rate", .near = 0.12, .bar = 1.3, .brian = "cuba" },
    { .name = "COBA, 4000 neurons", .floor = floor_coba, .size = 4000, .steps = 10000, .model = "examples/coba.net",
      .word = "rate", .near = 0.15, .brian = "coba" },
    { .name = "COBAHH, 4000 neurons", .floor = floor_cobahh, .size = 4000, .steps = 20000,
      .model = "examples/cobahh.net", .word = "rate", .near = 0.12, .bar = 1.4, .brian = "cobahh" },
    { .name = "Brunel, 12 500 neurons", .floor = floor_brunel, .size = 12500, .steps = 10000,
      .model = "examples/brunel.net", .word = "rate", .near = 0.03, .bar = 1.3, .brian = "brunel" },
    { .name = "STDP, 1000 inputs", .floor = floor_stdp, .size = 1000, .steps = 1000000,
      .model = "examples/stdp_song.net", .word = "rate", .near = 0.2, .bar = 1.5, .brian = "stdp" },
    { .name = "attractor, 8000 + 2000 neurons", .floor = floor_attractor, .size = 8000, .steps = 1000,
      .model = "models/attractor.net", .define = { "T=100.1" }, .word = "rate of E", .near = 0.02, .bar = 1.5 },
};

typedef struct bench {
    const char *netlang, *source;
    char folder[32]; /* for files that programs leave behind */
    int has_brian;
    int wrong;
} bench;

static child run_netlang(const bench *b, const char *verb, const row *r)
{
    const char *argv[ARGS] = { b->netlang, verb };
    char model[4096], data[64];
    int n = 2;

    snprintf(model, sizeof model, "%s/%s", b->source, r->model);
    snprintf(data, sizeof data, "data=%s", b->folder);
    argv[n++] = model;
    for (int k = 0; k < DEFINES && r->define[k] != NULL; k++) argv[n++] = "-D", argv[n++] = r->define[k];
    if (r->has_data) argv[n++] = "-D", argv[n++] = data;
    return run_child(b->folder, argv);
}

/* Seconds of stepping: as the program says (all runs of a protocol together), else its whole time but for checking. */
static double stepping_seconds(const bench *b, const row *r, const child *run)
{
    static const char word[] = "stepping:";
    double seconds = 0;

    if (strstr(run->output, word) == NULL) {
        const child check = run_netlang(b, "check", r);
        free(check.output);
        return run->seconds - check.seconds;
    }
    for (const char *at = run->output; (at = strstr(at, word)) != NULL; at += strlen(word))
        seconds += number_after(at, word);
    return seconds;
}

static void print_line(const char *name, double floor_us, double us, double bar, const char *remark)
{
    const double ratio = us / floor_us;

    printf("%-34s %12.4f %12.4f %8.3f ", name, floor_us, us, ratio);
    if (bar > 0) printf("%6.2f  %-4s %s\n", bar, ratio <= bar ? "" : "over", remark);
    else printf("%6s  %-4s %s\n", "-", "", remark);
    fflush(stdout);
}

/* XPPAUT reads its number of steps from the file: microseconds a step from a long run less a short one. */
static double xppaut_seconds(const bench *b, const row *r, size_t steps)
{
    char from[4096], to[64], line[256];

    snprintf(from, sizeof from, "%s/tests/bench/%s", b->source, r->ode);
    snprintf(to, sizeof to, "%s/model.ode", b->folder);
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    if (in == NULL || out == NULL) fail(from);
    while (fgets(line, sizeof line, in) != NULL) fputs(line, out);
    fprintf(out, "@ total=%.17g\ndone\n", (double)steps * r->dt);
    fclose(in), fclose(out);
    const child run = run_child(b->folder, (const char *[]){ "xppaut", "model.ode", "-silent", NULL });
    free(run.output);
    return run.status == 0 ? run.seconds : NAN;
}

static void bench_xppaut(const bench *b, const row *r, double us)
{
    char name[64];
    double best = INFINITY;

    for (int k = 0; k < REPEATS; k++) {
        const double seconds = xppaut_seconds(b, r, r->steps) - xppaut_seconds(b, r, r->steps / 1000);
        if (!(seconds >= best)) best = seconds;
    }
    snprintf(name, sizeof name, "  the same against XPPAUT");
    if (isfinite(best)) print_line(name, best / (double)r->steps * 1e6, us, 1, "");
    else printf("%-34s not installed\n", name);
}

/* Programs of Brian take minutes to build and long to run: one of each, and of long runs a part. */
static void bench_brian(const bench *b, const row *r, double us)
{
    static const char *const modes[] = { "runtime", "cpp_standalone" };
    char script[4096], steps[32], name[64];

    snprintf(script, sizeof script, "%s/tests/bench/brian.py", b->source);
    snprintf(steps, sizeof steps, "%zu", r->steps < BRIAN_STEPS ? r->steps : BRIAN_STEPS);
    for (size_t k = 0; b->has_brian && k < sizeof modes / sizeof *modes; k++) {
        const char *const argv[] = { "python3", "-W", "ignore", script, r->brian, modes[k], steps, NULL };
        const child run = run_child(b->folder, argv);
        const double seconds = run.status == 0 ? number_after(run.output, "loop") : NAN;
        snprintf(name, sizeof name, "  the same against Brian, %s", k == 0 ? "runtime" : "C++");
        if (isfinite(seconds)) print_line(name, seconds / strtod(steps, NULL) * 1e6, us, BRIAN_BAR, "");
        else printf("%-34s failed with status %d\n", name, run.status);
        free(run.output);
    }
}

/* The best of a few runs by turns, so that a disturbance of the machine does not hit one side alone. */
static void bench_row(bench *b, const row *r)
{
    floor_run floor = { .seconds = INFINITY };
    double seconds = INFINITY, result = NAN;
    const char *remark = "";

    for (int k = 0; k < REPEATS; k++) {
        const floor_run once = r->floor(r->size, r->steps);
        if (once.seconds < floor.seconds) floor = once;
        const child run = run_netlang(b, "run", r);
        if (run.status != 0) {
            printf("%-34s %12.4f failed with status %d: %.*s\n", r->name, floor.seconds / (double)floor.steps * 1e6,
                   run.status, (int)strcspn(run.output, "\n"), run.output);
            b->wrong = 1, free(run.output);
            return;
        }
        seconds = fmin(seconds, stepping_seconds(b, r, &run));
        if (r->word != NULL) result = number_after(run.output, r->word);
        free(run.output);
    }
    if (r->word != NULL && !(fabs(result - floor.result) <= r->near * fabs(floor.result)))
        remark = "DIFFERS", b->wrong = 1;
    const double floor_us = floor.seconds / (double)floor.steps * 1e6;
    print_line(r->name, floor_us, seconds / (double)floor.steps * 1e6, r->most > 0 ? r->most / floor_us : r->bar,
               remark);
    if (*remark != '\0') printf("%-34s %.17g, floor %.17g\n", "", result, floor.result);
    else if (floor.spikes > 0)
        printf("%-34s %12.3f %12.3f    floor %zu spikes\n", "  rate", floor.result, result, floor.spikes);
    if (r->ode != NULL) bench_xppaut(b, r, seconds / (double)r->steps * 1e6);
    if (r->brian != NULL) bench_brian(b, r, seconds / (double)r->steps * 1e6);
}

/* From the start of the process to its end, so with what the loader takes; `run` also writes its results. */
static void bench_start(bench *b, const row *r, const char *verb, const char *name)
{
    double best = INFINITY;

    for (int k = 0; k < START_REPEATS; k++) {
        const child run = run_netlang(b, verb, r);
        if (run.status != 0) b->wrong = 1;
        best = fmin(best, run.seconds - (strcmp(verb, "run") == 0 ? stepping_seconds(b, r, &run) : 0));
        free(run.output);
    }
    printf("%-34s %12s %9.2f ms %8s %3d ms  %s\n", name, "", best * 1e3, "", START_MS,
           best * 1e3 <= START_MS ? "" : "over");
}

/* Peak of resident memory with 400 more synapses for each of 10 000 units. */
static void bench_memory(bench *b, const char *name, const char *model, const char *kind, double bar)
{
    double kib[2];

    for (int k = 0; k < 2; k++) {
        const row r = { .model = model, .define = { k == 0 ? "k=100" : "k=500", kind } };
        const child run = run_netlang(b, "run", &r);
        if (run.status != 0) b->wrong = 1;
        kib[k] = run.status == 0 ? (double)run.peak_kib : NAN;
        free(run.output);
    }
    const double bytes = (kib[1] - kib[0]) * 1024 / (400 * 10000.0);
    printf("%-34s %12s %10.2f B %8s %4.0f B  %s\n", name, "", bytes, "", bar,
           isnan(bytes) ? "failed" : bytes <= 1.05 * bar ? "" : "over");
}

static void bench_memories(bench *b)
{
    static const char continuous[] = "tests/bench/memory.net", spikes[] = "tests/bench/memory_spikes.net";

    bench_memory(b, "memory of a synapse, own weight", continuous, "common=false", 12);
    bench_memory(b, "memory of a synapse, common weight", continuous, "common=true", 4);
    bench_memory(b, "  for spikes, own weight", spikes, "common=false", 12);
    bench_memory(b, "  for spikes, own single weight", spikes, "digits=single", 8);
    bench_memory(b, "  for spikes, common weight", spikes, "common=true", 8); /* while it is built; 4 later */
}

/* Points of a batch against as many runs of one: time of stepping for each. */
static void bench_batch(bench *b, const char *name, const char *define, int points, double bar)
{
    const row one = { .model = "tests/bench/balanced.net" }, many = { .model = one.model, .define = { define } };
    const int steps = 200;
    double alone = INFINITY, together = INFINITY;

    for (int k = 0; k < REPEATS; k++) {
        const child single = run_netlang(b, "run", &one), batch = run_netlang(b, "run", &many);
        if (single.status != 0 || batch.status != 0) b->wrong = 1;
        alone = fmin(alone, stepping_seconds(b, &one, &single));
        together = fmin(together, stepping_seconds(b, &many, &batch));
        free(single.output), free(batch.output);
    }
    print_line(name, alone / steps * 1e6, together / points / steps * 1e6, bar, "");
}

static void bench_batches(bench *b)
{
    bench_batch(b, "  16 trials, each against one alone", "many=16", 16, 1.0 / 6);
    bench_batch(b, "  10 inputs, each against one alone", "inputs=10", 10, 1.0 / 5);
}

/* All that is neither checking nor stepping: drawing and storing the synapses. */
static void bench_build(bench *b, const char *name)
{
    const row build = { .model = "tests/bench/build.net" };
    double best = INFINITY;

    for (int k = 0; k < REPEATS; k++) {
        const child run = run_netlang(b, "run", &build);
        const child check = run_netlang(b, "check", &build);
        if (run.status == 0) best = fmin(best, run.seconds - check.seconds - stepping_seconds(b, &build, &run));
        else b->wrong = 1;
        free(run.output), free(check.output);
    }
    printf("%-34s %12s %10.3f s %8s %4d s  %s\n", name, "", best, "", BUILD_SECONDS,
           isinf(best) ? "failed" : best <= BUILD_SECONDS ? "" : "over");
}

static int find_brian(void)
{
    const child run = run_child("/tmp", (const char *[]){ "python3", "-c", "import brian2", NULL });

    free(run.output);
    if (run.status != 0) printf("%-34s not installed\n", "Brian");
    return run.status == 0;
}

static int wanted(const char *name, int argc, char **argv)
{
    for (int k = 1; k < argc; k++)
        if (strstr(name, argv[k]) != NULL) return 1;
    return argc < 2;
}

int main(int argc, char **argv)
{
    bench b = { .netlang = getenv("NETLANG"), .source = getenv("NL_SRC"), .folder = "/tmp/netlang-bench-XXXXXX" };

    if (b.netlang == NULL || b.source == NULL || mkdtemp(b.folder) == NULL) fail("NETLANG, NL_SRC or /tmp");
    floor_folder = b.folder;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("NETLANG_TIMING", "1", 1);
    printf("%-34s %12s %12s %8s %6s\n", "microseconds a step", "floor", "netlang", "ratio", "bar");
    b.has_brian = find_brian();
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (wanted(rows[k].name, argc, argv)) bench_row(&b, &rows[k]);
    if (wanted("balanced, batches", argc, argv)) bench_batches(&b);
    if (wanted("start", argc, argv)) {
        bench_start(&b, &rows[1], "check", "start of the 1D model: check");
        bench_start(&b, &rows[1], "run", "  run, but for stepping");
    }
    if (wanted("memory", argc, argv)) bench_memories(&b);
    if (wanted("build 20 million synapses", argc, argv)) bench_build(&b, "build 20 million synapses");
    const child gone = run_child("/tmp", (const char *[]){ "rm", "-r", b.folder, NULL });
    free(gone.output);
    return b.wrong;
}
