/* Records of spikes and events, from the equations to the measures. */
#include "support/model.h"

#ifdef NL_HAVE_HDF5
#include <hdf5.h>
#endif
#include <unistd.h>

/* Neurons that spike at known steps: 3, 4, 5 and 6 steps of 0.1 ms apart. */
#define CLOCKS                                                                                                         \
    "simulation { dt = 0.1 ms; seed = 5 }\n"                                                                           \
    "population C[4] {\n"                                                                                              \
    "  state n = 0\n"                                                                                                  \
    "  next n = n + 1\n"                                                                                               \
    "  spike when n >= 3 + i { n = 0 }\n"                                                                              \
    "  event fifth when n == 5\n"                                                                                      \
    "}\n"                                                                                                              \
    "let Late = C[2:4]\n"

static void times_are_whole_steps(void **state)
{
    model *m = model_of(CLOCKS "record C.spikes\n"
                               "run 1000 ms\n"
                               "let t = times(C.spikes), first = times(C, 0), numbers = count(C)\n"
                               "expect round(t / dt) * dt within 0 ms of t\n"
                               "expect numbers within 0 of [3333, 2500, 2000, 1666]\n"
                               "expect size(t) == sum(numbers) and all(diff(t) >= 0 ms)\n"
                               "expect isi(C[1:2].spikes)[0] within 1e-9 ms of full(2499, 0.4 ms)\n"
                               "expect mean(cv(isi(C))) < 1e-9\n"
                               "expect rate(C) within 0 of numbers / 1000 ms\n"
                               "expect rate(C, 500 ms, 600 ms)[2] within 1e-9 % of 2000 Hz\n",
                        "");
    const array t = model_get(m, "t"), first = model_get(m, "first");

    (void)state;
    assert_int_equal(model_get(m, "C.spikes.t").rows, t.rows);
    assert_true(model_get(m, "C.spikes.t").data[t.rows - 1] == t.data[t.rows - 1]);
    assert_true(model_get(m, "C.spikes.id").data[0] == 0 && model_get(m, "C.spikes.id").data[1] == 1);
    for (size_t k = 0; k < first.rows; k++) assert_true(first.data[k] == (double)(3 * (k + 1)) * 0.1);
    assert_true(t.data[0] == 3 * 0.1 && t.data[t.rows - 1] == 10000 * 0.1);
    model_free(m);
}

/* A part is recorded by itself, or read from the record of all; it keeps the numbers of its neurons. */
static void parts_are_the_same_however_recorded(void **state)
{
    (void)state;
    model_free(model_of(CLOCKS "record C.spikes\nrecord Late.spikes\nrecord middle = C[1:3].spikes\n"
                               "run 20 ms\n"
                               "expect all(times(Late.spikes) == times(C[2:4].spikes))\n"
                               "expect count(Late.spikes) within 0 of count(C)[2:4]\n"
                               "expect count(middle) within 0 of count(C.spikes[1:3])\n"
                               "expect min(ids(Late)) == 2 and max(ids(middle)) == 2\n"
                               "expect times(Late, 1) within 0 ms of times(C, 3)\n"
                               "expect times(C.spikes[3]) within 0 ms of times(C, 3)\n",
                        ""));
    model_free(model_of(CLOCKS "record Late.spikes\nrun 20 ms\n"
                               "expect count(C[3:4].spikes) within 0 of [33]\n",
                        ""));
}

static void segments_begin_anew(void **state)
{
    (void)state;
    model_free(model_of(CLOCKS "run 1.5 ms\nrecord C.spikes\nrecord f = C.fifth\nrun 3 ms\n"
                               "expect count(C) within 0 of [10, 8, 6, 5]\n" /* of 45 steps those after the 15th */
                               "expect rate(C)[0] within 1e-9 % of 10 / 3 ms\n"
                               "expect count(f) within 0 of [0, 0, 6, 5]\n"
                               "snapshot here\nreset\nrun 1 ms\n"
                               "expect count(C) within 0 of [3, 2, 2, 1]\n"
                               "restore here\nrun 1 ms\n"
                               "expect min(times(C)) > 4.5 ms and count(C)[0] == 3\n"
                               "expect rate(C)[0] within 1e-9 % of 3 / 1 ms\n",
                        ""));
}

static void random_spikes_have_their_statistics(void **state)
{
    (void)state;
    model_free(model_of("simulation { dt = 0.1 ms; seed = 11 }\n"
                        "population S[200] { spike when bernoulli(50 Hz * dt) }\n"
                        "population G[5, 8] { spike when bernoulli(50 Hz * dt) }\n"
                        "record S.spikes\nrecord G.spikes\nrun 5 s\n"
                        "expect mean(rate(S)) within 2 % of 50 Hz\n"
                        "expect mean(cv(isi(S.spikes))) within 0.02 of sqrt(1 - 50 Hz * dt)\n"
                        "expect fanofactor(S) within 0.3 of 1\n"
                        "expect sum(time_histogram(S, 100 ms)) == sum(count(S))\n"
                        "expect mean(instantaneous_rate(S, 20 ms)[5000:45000]) within 3 % of 50 Hz\n"
                        "expect mean(shape(rate(G)) * [1, 10]) == 42.5\n"
                        "expect mean(correlation_coefficient(S[0:20].spikes, bin = 50 ms)) within 0.05 of 1 / 20\n",
                        ""));
}

/* The mass when a cell divides is that before the body halves it; the clock of the top level has no population. */
static void values_at_events_are_those_before(void **state)
{
    (void)state;
    model_free(model_of("simulation { dt = 0.25 }\n"
                        "state x = 0\nnext x = x + 1\nspike when x == 4 { x = 0 }\n"
                        "population D[3] { state m = 1 + i; next m = m + 1; event division when m > 4 { m = m / 2 } }\n"
                        "record spikes\nrecord top = x at spikes\n"
                        "record mass = D.m at D.division\nrecord last = 2 * D.m at D[2:3].division\n"
                        "record D.division\nrecord total = sum(D.m) at D.division\n"
                        "run 5\n"
                        "expect times(spikes) within 0 of [1, 2, 3, 4, 5]\n"
                        "expect cv(isi(spikes)) == 0 and rate(spikes) == 1\n"
                        "expect top within 0 of [4, 4, 4, 4, 4] and top.t[1] == 2\n"
                        "expect all(mass > 4) and size(mass) == sum(count(D.division))\n"
                        "expect mass[0] == 5 and mass.t[0] == 0.5 and 2 * mass[0] == 10\n"
                        "expect size(last) == count(D[2:3].division)[0]\n"
                        "expect all(mass.t == times(D.division)) and size(total) == size(mass)\n",
                        ""));
}

static void members_of_families_are_recorded(void **state)
{
    (void)state;
    model_free(model_of(
        "simulation { dt = 1 }\n"
        "for k in 0 .. 3 { population P(k)[k + 1] { state n = 0; next n = n + 1; spike when n mod (k + 2) == 0 } }\n"
        "for k in 0 .. 3 { record P(k).spikes }\n"
        "run 12\n"
        "expect count(P(0)) within 0 of [6] and count(P(2)) within 0 of [3, 3, 3]\n"
        "expect size(times(P(1).spikes)) == 8\n",
        ""));
}

#ifdef NL_HAVE_HDF5
/* The groups have the names of populations and parts; a number of spikes may be called `spikes`. */
static void results_have_the_layout_of_sonata(void **state)
{
    static const char *const names[] = { "/spikes/C/timestamps",
                                         "/spikes/Late/node_ids",
                                         "/spikes/C[0:4 | 2]/node_ids",
                                         "/spikes/mine/node_ids",
                                         "/events/C.fifth/node_ids",
                                         "/spikes/C@0/timestamps",
                                         "/spikes_",
                                         "/n",
                                         "/n.t",
                                         "/n.id",
                                         "/n@0.id",
                                         "/part.t",
                                         "/part.id" };
    static const char text[] = CLOCKS "record C.spikes\nrecord Late.spikes\nrecord C[0:4 / 2].spikes\n"
                                      "record mine = C[1:2].spikes\nrecord C.fifth\nrecord n = C.n at C.spikes\n"
                                      "run 2 ms\nreset\nrun 1 ms\nlet spikes = sum(count(C))\n"
                                      "let part = time_slice(C.spikes, 0 ms, 0.5 ms)\n";
    char path[] = "/tmp/nl-trains-XXXXXX.h5";
    const int handle = mkstemps(path, 3);
    const nl_session_options options = { .out = path };
    nl_session *s = nl_session_new(&options);

    (void)state;
    assert_true(handle >= 0 && close(handle) == 0);
    assert_int_equal(nl_session_load_text(s, "test.net", text, strlen(text)), NL_OK);
    assert_int_equal(nl_session_run(s), NL_OK);
    nl_session_free(s);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    for (size_t i = 0; i < NL_LEN(names); i++) {
        const hid_t set = H5Dopen2(file, names[i], H5P_DEFAULT);
        if (set < 0) fail_msg("%s is not there", names[i]);
        H5Dclose(set);
    }
    H5Fclose(file);
    unlink(path);
}
#endif

static const struct {
    const char *text, *code;
} faults[] = {
    { "run 1 ms\nprint count(C)", "E0608" },
    { "record Late.spikes\nrun 1 ms\nprint count(C)", "E0608" },
    { "let n = count(C)\nrun 1 ms", "E0306" },
    { "record C.n.spikes\nrun 1 ms", "E0303" },
    { "record C.burst\nrun 1 ms", "E0303" },
    { "record C.spikes every 1 ms\nrun 1 ms", "E0603" },
    { "record C.spikes\nrecord C.spikes\nrun 1 ms", "E0304" },
    { "record C.spikes\nrun 1 ms\nprint C.spikes + 1", "E0201" },
    { "record C.spikes\nrun 1 ms\nprint mean(C.spikes)", "E0201" },
    { "record C.spikes\nrun 1 ms\nprint C.spikes[4]", "E0202" },
    { "record C.spikes\nrun 1 ms\nprint rate(C, 1, 2)", "E0301" },
    { "record C.spikes\nrun 1 ms\nprint cv(C.spikes)", "E0201" },
    { "record v = Late.n at C.spikes\nrun 1 ms", "E0603" },
    { "record C.spikes\nrun 1 ms\ncollect s = C.spikes", "E0603" },
    { "record C.spikes\nrun 1 ms\nlet s = C.spikes\nrecord y = C.n * s\nrun 1 ms", "E0201" },
    { "record C.spikes\nrun 1 ms\nprint C.spikes.t", "E0303" },
    { "record C.spikes\nrun 1 ms\nset C.n = C.spikes", "E0201" },
};

static void what_is_wrong_is_said_at_the_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < NL_LEN(faults); i++) {
        nl_session *s = nl_session_new(NULL);
        netlang_message message = { 0 };
        char text[1000];

        snprintf(text, sizeof text, CLOCKS "%s\n", faults[i].text);
        assert_int_equal(nl_session_load_text(s, "test.net", text, strlen(text)), NL_MODEL_WRONG);
        assert_true(netlang_message_get(s, 0, &message));
        if (strstr(message.shown, faults[i].code) == NULL) fail_msg("wanted %s: %s", faults[i].code, message.shown);
        nl_session_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_whole_steps),
        cmocka_unit_test(parts_are_the_same_however_recorded),
        cmocka_unit_test(segments_begin_anew),
        cmocka_unit_test(random_spikes_have_their_statistics),
        cmocka_unit_test(values_at_events_are_those_before),
        cmocka_unit_test(members_of_families_are_recorded),
#ifdef NL_HAVE_HDF5
        cmocka_unit_test(results_have_the_layout_of_sonata),
#endif
        cmocka_unit_test(what_is_wrong_is_said_at_the_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
