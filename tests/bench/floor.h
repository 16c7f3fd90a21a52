/* Hand-written C for the models that are timed: what an expert would write for this one model, with the same scheme.
 * Each floor makes its steps, measures the time of stepping alone and returns a number to compare. */
#ifndef TESTS_BENCH_FLOOR_H
#define TESTS_BENCH_FLOOR_H

#include <stddef.h>

typedef struct floor_run {
    double seconds;
    size_t steps;
    double result;
    size_t spikes; /* of all neurons */
} floor_run;

/* `size` is what a row of the table says, `steps` how many (0: as many as the model's protocol makes). */
typedef floor_run floor_function(size_t size, size_t steps);

floor_function floor_cooperative_2d, floor_cooperative_1d, floor_cooperative_sfa;
floor_function floor_lorenz, floor_hodgkin_huxley;
floor_function floor_dense, floor_sparse, floor_balanced;
floor_function floor_microcircuit;
floor_function floor_cuba, floor_coba, floor_brunel, floor_cobahh, floor_stdp, floor_attractor; /* result: a rate */

double floor_now(void); /* seconds on a clock that only goes forward */

extern const char *floor_folder; /* files that a floor shares with the model */

/* Zeroed doubles on a cache line; ends the program when there is no memory. */
double *floor_array(size_t count);

#endif
