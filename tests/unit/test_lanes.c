/* Several simulations of one model side by side: each to the bit what it is alone. */
#include "support/checked.h"

#include "exec/sim.h"

#include <gsl/gsl_errno.h>
#include <math.h>

enum { LANES = 5, STEPS = 37 };

#define HEAD "simulation { dt = 0.1; method = heun; seed = 17 }\nparam k = 0.7, c = [0.3, 0.4, 0.1]\n"
#define TAIL "run 1\nset k = 0.5\nset c = [1, 2, 3]\n" /* what may be set are the model's slots and arrays */

static const char *const networks[] = {
    /* weights in common, one weight for all, weights that depend on what differs, a ring, a matrix, thin products */
    HEAD "population X[203] {\n  param a = normal(0.3, 0.1)\n  input s\n  state x = uniform(-1, 1), m = 0\n"
         "  x' = -x + s + a * tanh(k*x) + c[i mod 3] + 0.01 * mean(x) + 0.1*xi\n"
         "  next m = m + 0.1 * normal(0, 1) * x }\n"
         "population Y[31] { input s; state y = uniform(0, 1); every step { y = 0.5*y + s + 1e-3 * uniform(0, 1) } }\n"
         "projection W : X -> X via random(p = 0.1) { param w = normal(0, 0.1); post.s += w * tanh(pre.x) }\n"
         "projection X -> X via random(p = 0.07) { post.s += 0.02 * pre.x }\n"
         "projection X[3:90] -> X[7:] via random(p = 0.3) { param w = k * uniform(-0.1, 0.1); post.s += w * pre.x }\n"
         "projection X -> X via offsets([-1, 1, 7], boundary = \"wrap\") { post.s += 0.1 * pre.x }\n"
         "projection X -> Y via all_to_all { param w = normal(0, 0.02); post.s += w * pre.x }\n"
         "projection Y -> X via all_to_all { post.s += 0.003 * pre.y }\n"
         "projection Y -> Y via all_to_all no self { post.s += 0.003 * pre.y }\n"
         "projection V : Y -> X via random(p = 0.3) { param w = 0.1 * i / 1e3; pre.s += w * post.x }\n" TAIL,
    /* pasts */
    HEAD "population X[203] {\n  input s\n  state x = uniform(-1, 1)\n"
         "  x' = -x + s - k * delay(x, 0.7) - 0.1 * delay(x, 1.234) + c[i mod 3] }\n"
         "projection X -> X via random(p = 0.1) { param w = normal(0, 0.1); post.s += w * tanh(pre.x) }\n" TAIL,
    "simulation { dt = 0.1; method = dopri5; seed = 5 }\nparam k = 0.7, c = [1, 2, 3]\n"
    "population X[31] {\n  input s\n  state x = uniform(-1, 1)\n"
    "  x' = -k * x + s + c[i mod 3]; spike when x > 1.5 { x = 0 } }\n"
    "projection X -> X via random(p = 0.4) { param w = normal(0, 0.1); post.s += w * tanh(pre.x) }\n" TAIL,
    /* spikes on their way, plasticity, gates */
    "simulation { dt = 0.1; method = euler; seed = 23 }\nparam k = 0.7, c = [1, 2, 3]\n"
    "population X[103] {\n  param T = 0.1 * (i mod 9)\n  input s\n  state x = uniform(0, 1), w = 0, h = 0\n"
    "  state g = 0 decays 0.8\n  1.9 * x' = 1.7 + k - x + g - w + s + 0.01 * c[i mod 3] + 0.05*xi\n"
    "  3 * w' = 0.1*x - w; h' = x - h\n  spike when x > 1 { x = 0.2; w += 0.1*x + 0.01 * uniform(0, 1) }\n"
    "  refractory T holding x\n  event low when w crosses below 0.1 { w += 0.003 } }\n"
    "projection X -> X via random(p = 0.2) { delay uniform(0.1, 2); param w = normal(0.02, 0.01); on pre { post.g += k * w } }\n"
    "projection P : X -> X via random(p = 0.2) {\n  state a = 0.4 in [0, 1], x = 0, y = 0; x' = -x / 2; y' = -y / 3\n"
    "  delay 1.3; dendritic_delay 0.2\n  on pre { post.g += 0.01*a; x += 0.1; a -= 0.3*y }\n"
    "  on post { y += 0.1*pre.x; a += 0.2*x } }\n"
    "projection Q : X -> X via random(p = 0.2) no self {\n  state l = uniform(0, 1) in [0, 1], J = 0.01\n"
    "  l' = -0.1 * (l <= 0.4) + 0.05 * (l >= 0.4) + 40 * (post.h - 0.5) * pre.spiked\n"
    "  when l crosses above 0.4 { J = 0.3 } when l crosses below 0.4 { J = 0.01 }\n"
    "  post.s += J * pre.x * pre.spiked }\n" TAIL,
};

/* --- a simulation with the parameters and the trial of a lane --- */

static nl_slot *slot_named(nl_model *model, const char *name)
{
    for (size_t k = 0; k < model->slots.count; k++)
        if (strcmp(model->slots.items[k].name, name) == 0) return &model->slots.items[k];
    fail_msg("no slot `%s`", name);
    return NULL;
}

static double arrays[LANES][3];

static void give_array(nl_model *model, const char *name, const double *data)
{
    for (size_t k = 0; k < model->arrays.count; k++)
        if (model->arrays.items[k].name != NULL && strcmp(model->arrays.items[k].name, name) == 0)
            model->arrays.items[k].value.data = (double *)data;
}

/* Lanes 3 and 4 differ by their trial alone. */
static void set_lane(nl_model *model, nl_sim *sim, size_t lane)
{
    const size_t point = lane < 3 ? lane : 3;
    nl_sim_failure failure;

    for (size_t k = 0; k < 3; k++) arrays[point][k] = 0.3 + 0.017 * (double)(point * k);
    slot_named(model, "k")->number = 0.7 + 0.137 * (double)point;
    give_array(model, "c", arrays[point]);
    nl_sim_set_trial(sim, lane);
    assert_int_equal(nl_sim_reset(sim, &failure), NL_SIM_OK);
}

static nl_sim *new_sim(const checked *c)
{
    nl_sim *sim = nl_sim_new(c->model, NULL, 0, c->diags);

    if (sim == NULL) nl_diags_print(stderr, c->diags, 0);
    assert_non_null(sim);
    return sim;
}

static nl_sim_run steps_of(uint64_t steps) { return (nl_sim_run){ .steps = steps, .until = -1 }; }

static uint32_t var_named(const nl_model *model, const char *name)
{
    for (uint32_t v = 0; v < model->vars.count; v++)
        if (strcmp(model->vars.items[v].full_name, name) == 0) return v;
    fail_msg("no variable `%s`", name);
    return 0;
}

static void scale_values(nl_sim *sim, uint32_t var, double factor)
{
    size_t count;
    const double *values = nl_sim_values(sim, var, &count);
    double *scaled = calloc(count + 1, sizeof *scaled);

    for (size_t i = 0; i < count; i++) scaled[i] = factor * values[i];
    nl_sim_set_values(sim, var, scaled);
    free(scaled);
}

/* Something is done to a simulation before it runs. */
typedef void change(const nl_model *model, nl_sim *sim, size_t lane);

static void no_change(const nl_model *model, nl_sim *sim, size_t lane) { (void)model, (void)sim, (void)lane; }

static void advance_alone(nl_sim *sim, uint64_t steps)
{
    const nl_sim_run run = steps_of(steps);
    nl_sim_failure failure;
    uint64_t done;

    assert_int_equal(nl_sim_advance(sim, &run, &done, &failure), NL_SIM_OK);
    assert_int_equal(done, steps);
}

static void assert_same_state(const nl_model *model, nl_sim *a, nl_sim *b, size_t lane)
{
    for (uint32_t v = 0; v < model->vars.count; v++) {
        size_t count, other;
        const double *x = nl_sim_values(a, v, &count), *y = nl_sim_values(b, v, &other);
        assert_int_equal(count, other);
        if (count > 0 && memcmp(x, y, count * sizeof *x) != 0)
            fail_msg("lane %zu: %s differs, %.17g and %.17g", lane, model->vars.items[v].full_name, x[0], y[0]);
    }
}

static void assert_other_state(const nl_model *model, nl_sim *a, nl_sim *b)
{
    bool differ = false;

    for (uint32_t v = 0; v < model->vars.count && !differ; v++) {
        size_t count;
        const double *x = nl_sim_values(a, v, &count), *y = nl_sim_values(b, v, &count);
        differ = model->vars.items[v].kind == NL_VAR_STATE && count > 0 && memcmp(x, y, count * sizeof *x) != 0;
    }
    assert_true(differ);
}

static void compare_lane(const char *text, nl_sim *lane, size_t number, change *make)
{
    checked c = check_text(text);
    nl_sim *alone = new_sim(&c);

    set_lane(c.model, alone, number);
    make(c.model, alone, number);
    advance_alone(alone, STEPS);
    assert_same_state(c.model, lane, alone, number);
    nl_sim_free(alone);
    nl_arena_free(c.arena);
}

static void make_lanes(const checked *c, nl_sim **sims)
{
    sims[0] = new_sim(c);
    for (size_t k = 1; k < LANES; k++) {
        sims[k] = nl_sim_lane(sims[k == 4 ? 3 : 0]);
        assert_non_null(sims[k]);
    }
}

static void free_lanes(nl_sim **sims, checked *c)
{
    for (size_t k = 0; k < LANES; k++) nl_sim_free(sims[(k + 2) % LANES]);
    nl_arena_free(c->arena);
}

static void run_lanes(nl_sim **sims, size_t count, uint64_t steps, nl_sim_status *statuses, uint64_t *done)
{
    nl_sim_run runs[LANES];
    nl_sim_failure failures[LANES];

    for (size_t k = 0; k < count; k++) runs[k] = steps_of(steps);
    nl_sim_advance_together(sims, count, runs, done, statuses, failures);
}

static void run_lanes_well(nl_sim **sims, size_t count, uint64_t steps)
{
    nl_sim_status statuses[LANES];
    uint64_t done[LANES];

    run_lanes(sims, count, steps, statuses, done);
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(statuses[k], NL_SIM_OK);
        assert_int_equal(done[k], steps);
    }
}

static void assert_lanes_are_alone(const char *text, change *make)
{
    checked c = check_text(text);
    nl_sim *sims[LANES];

    if (c.model == NULL) nl_diags_print(stderr, c.diags, 0);
    assert_non_null(c.model);
    make_lanes(&c, sims);
    for (size_t k = 0; k < LANES; k++) {
        set_lane(c.model, sims[k], k);
        make(c.model, sims[k], k);
    }
    run_lanes_well(sims, LANES, 11);
    run_lanes_well(sims + 1, LANES - 1, STEPS - 11);
    advance_alone(sims[0], STEPS - 11);
    for (size_t k = 0; k + 1 < LANES; k++) assert_other_state(c.model, sims[k], sims[k + 1]);
    for (size_t k = 0; k < LANES; k++) compare_lane(text, sims[k], k, make);
    free_lanes(sims, &c);
}

static void lanes_are_what_each_is_alone(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof networks / sizeof *networks; k++) assert_lanes_are_alone(networks[k], no_change);
}

/* --- weights of their own --- */

static void scale_weights(const nl_model *model, nl_sim *sim, size_t lane)
{
    if (lane == 1 || lane == 4) scale_values(sim, var_named(model, "W.w"), 1.37);
    if (lane == 0) scale_values(sim, var_named(model, "V.w"), -0.71);
}

static void weights_are_set_in_one_lane_only(void **unused)
{
    (void)unused;
    assert_lanes_are_alone(networks[0], scale_weights);
}

static void values_that_do_not_change_are_shared(void **unused)
{
    (void)unused;
    checked c = check_text(HEAD "population X[1000] { input s; state x = 1; x' = -x + s }\n"
                                "projection W : X -> X via random(p = 0.5) { param w = normal(0, 1); post.s += w * pre.x }\n"
                                "projection X -> X via random(p = 0.5) { param w = k; post.s += w * pre.x }\n");
    nl_sim *sim = new_sim(&c), *lane = nl_sim_lane(sim);

    assert_true(nl_sim_lane_bytes(lane) < 500000);
    nl_sim_free(sim);
    advance_alone(lane, 3);
    nl_sim_free(lane);
    nl_arena_free(c.arena);
}

/* --- ends --- */

#define GROWTH "simulation { dt = 0.1; method = euler }\nparam k = 1\n" \
               "population X[3] { input s; state x = 1 + i; x' = k * x * s }\n" \
               "projection X -> X via all_to_all { post.s += pre.x }\nrun 1\nset k = 0.5\n"

static void one_that_fails_leaves_the_others_running(void **unused)
{
    (void)unused;
    checked c = check_text(GROWTH);
    const uint32_t x = var_named(c.model, "X.x");
    nl_sim *sims[3] = { new_sim(&c) };
    nl_sim_status statuses[3];
    nl_sim_failure failure;
    uint64_t done[3];
    size_t count;

    for (size_t k = 0; k < 3; k++) {
        if (k > 0) sims[k] = nl_sim_lane(sims[0]);
        slot_named(c.model, "k")->number = k == 1 ? 5.5 : -0.2;
        assert_int_equal(nl_sim_reset(sims[k], &failure), NL_SIM_OK);
    }
    run_lanes(sims, 3, 300, statuses, done);
    assert_int_equal(statuses[0], NL_SIM_OK);
    assert_int_equal(statuses[1], NL_SIM_NOT_FINITE);
    assert_int_equal(statuses[2], NL_SIM_OK);
    assert_int_equal(done[0], 300);
    assert_true(done[1] < 30);
    assert_true(isfinite(nl_sim_values(sims[2], x, &count)[0]));
    assert_int_equal(memcmp(nl_sim_values(sims[0], x, &count), nl_sim_values(sims[2], x, &count), 3 * sizeof(double)),
                     0);
    for (size_t k = 0; k < 3; k++) nl_sim_free(sims[k]);
    nl_arena_free(c.arena);
}

static bool count_sample(void *user, double time, const double *values, size_t count)
{
    (void)time, (void)values, (void)count;
    return ++*(int *)user < 100;
}

/* Each has a run of its own: of other lengths, with other observers. */
static void runs_differ(void **unused)
{
    (void)unused;
    checked c = check_text(GROWTH);
    const nl_var *x = &c.model->vars.items[var_named(c.model, "X.x")];
    const nl_probe probe = { nl_expr_leaf(c.model->graph, NL_X_STATE, var_named(c.model, "X.x"), x->space, x->dim), 3 };
    nl_sim *first = nl_sim_new(c.model, &probe, 1, c.diags),
           *sims[3] = { first, nl_sim_lane(first), nl_sim_lane(first) };
    const size_t first_probe = 0;
    int seen[3] = { 0, 0, 95 };
    nl_sampler samplers[3];
    nl_sim_run runs[3];
    nl_sim_status statuses[3];
    nl_sim_failure failures[3];
    uint64_t done[3];

    for (size_t k = 0; k < 3; k++) {
        samplers[k] = (nl_sampler){
            .probes = &first_probe, .probe_count = 1, .interval = 1 + k % 2, .sample = count_sample, .user = &seen[k]
        };
        runs[k] = (nl_sim_run){ .steps = 4 + 2 * k, .until = -1, .samplers = &samplers[k], .sampler_count = 1 };
    }
    slot_named(c.model, "k")->number = -0.2;
    for (size_t k = 0; k < 3; k++) assert_int_equal(nl_sim_refresh(sims[k], &failures[k]), NL_SIM_OK);
    nl_sim_advance_together(sims, 3, runs, done, statuses, failures);
    assert_int_equal(seen[0], 4);
    assert_int_equal(seen[1], 3);
    assert_int_equal(seen[2], 100);
    assert_int_equal(statuses[2], NL_SIM_SINK_FAILED);
    assert_int_equal(done[0], 4);
    assert_int_equal(done[1], 6);
    assert_int_equal(nl_sim_step(sims[1]), 6);
    for (size_t k = 0; k < 3; k++) nl_sim_free(sims[k]);
    nl_arena_free(c.arena);
}

static void snapshots_move_between_lanes(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof networks / sizeof *networks; k++) {
        checked c = check_text(networks[k]);
        nl_sim *sims[LANES];
        make_lanes(&c, sims);
        set_lane(c.model, sims[0], 2);
        set_lane(c.model, sims[1], 2);
        advance_alone(sims[0], STEPS);
        nl_sim_snapshot *snapshot = nl_sim_save(sims[0]);
        nl_sim_restore(sims[1], snapshot);
        nl_sim_snapshot_free(snapshot);
        run_lanes_well(sims, 2, STEPS);
        assert_same_state(c.model, sims[0], sims[1], k);
        free_lanes(sims, &c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_what_each_is_alone),        cmocka_unit_test(weights_are_set_in_one_lane_only),
        cmocka_unit_test(values_that_do_not_change_are_shared), cmocka_unit_test(one_that_fails_leaves_the_others_running),
        cmocka_unit_test(runs_differ),                         cmocka_unit_test(snapshots_move_between_lanes),
    };

    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
