/* The network of models/attractor.net with the reading `intended`; apart from its row so that a test can give it a
 * published network. */
#ifndef TESTS_BENCH_FLOOR_ATTRACTOR_H
#define TESTS_BENCH_FLOOR_ATTRACTOR_H

#include "floor_spiking.h"

/* Synapses from E to E: latent variables, and whether the efficacy is the potentiated one. */
typedef struct plastic {
    floor_out out;
    double *latent;
    uint8_t *high;
} plastic;

typedef struct attractor {
    size_t ne, n, padded; /* neurons: excitatory, all, in whole blocks */
    double scale;         /* of all efficacies */
    double *v, *plateau, *slow, *fast, *x; /* potential, counter, currents, resources */
    double *to_slow, *to_fast;             /* sums over the synapses */
    double *amplitude, *phase, *period;    /* of the external input */
    double *hebb;                          /* drift of the latent variable that the post neuron causes, over a step */
    size_t *touched;                       /* by E neuron: the step to which its latent variables have been moved */
    uint32_t *active;                      /* neurons in plateau */
    plastic ee_slow, ee_fast;
    floor_out ei_fast, ie_fast, ii_slow, ii_fast; /* to E and to I, counted from the first of them */
    floor_train spikes;                           /* starts of plateaus */
} attractor;

/* Without synapses and inputs, which the caller gives. */
attractor attractor_new(size_t ne, size_t ni, size_t steps, double scale);
plastic attractor_plastic(floor_out out, size_t pre); /* all depressed, with a latent variable of 0 */
void attractor_step(attractor *net, size_t step);
void attractor_free(attractor *net);

#endif
