/* Records of several values one behind the other, and of what lies a step back, against records of each. */
#include "support/model.h"

#define NETWORK                                                                                                        \
    "simulation { dt = 0.5 }\n"                                                                                        \
    "for k in 0 .. 3 {\n"                                                                                              \
    "  population P(k)[k + 1] { state x = i + k; let y = 2*x + k; let big = x > 2; next x = 1.1*x + 0.1 }\n"           \
    "}\n"                                                                                                              \
    "population Q[2] { state z = 3; next z = z - P(2).x[i] }\n"                                                        \
    "projection A : P(2) -> Q via all_to_all { state w = 0.1*i; next w = 0.5*w + pre.y }\n"                            \
    "record x0 = P(0).x\nrecord x1 = P(1).x\nrecord x2 = P(2).x\nrecord w = A.w\nrecord z = Q.z\n"                     \
    "record p1 = prev(P(1).y)\nrecord p2 = prev(P(2).y)\nrecord m = mean(P(2).x)\n"

/* In pieces, and once more from the start. */
#define TAIL "for part in 0 .. 3 { run 1.5 }\nreset\nrun 2\n"

static void rows_are_joined(void **state)
{
    static const char text[] = NETWORK
        "record all   = concat(P(0 .. 3).x, prev(P(1 .. 3).y), mean(P(2).x), A.w, 7)\n"
        "record early = prev(concat(P(1).y, P(2 .. 3).y), 0)\n"
        "record none  = concat(P(0 .. 0).x, P(1).x)\n" TAIL
        "expect shape(all) == [5, 19] and shape(none) == [5, 2]\n"
        "expect all[:, 0:1] == x0; expect all[:, 1:3] == x1; expect all[:, 3:6] == x2\n"
        "expect all[:, 6:8] == p1; expect all[:, 8:11] == p2; expect all[:, 11] == m\n"
        "expect all[:, 12:18] == w; expect all[:, 18] == 7; expect none == x1\n"
        "expect early[0] == 0; expect early[1:, 0:2] == p1[1:]; expect early[1:, 2:5] == p2[1:]\n";

    (void)state;
    model_free(model_of(text, ""));
}

/* What the simulation does not sample by itself is read for each sample. */
static void expressions_look_back(void **state)
{
    static const char text[] = NETWORK
        "record twice = 2 * concat(prev(P(2).y), P(1).x) + 1\n"
        "record mixed = concat(P(2).x, P(2).big)\n"
        "record flags = concat(P(1).big, prev(P(2).big, false))\n"
        "record b2    = prev(P(2).x, 0)\n"
        "record slow  = 2 * concat(prev(P(2).y), Q.z) every 1\n"
        "for k in 0 .. 3 { record y(k) = concat(P(k).x, prev(P(k).y)) }\n" TAIL
        "expect twice[:, 0:3] == 2 * p2 + 1; expect twice[:, 3:5] == 2 * x1 + 1\n"
        "expect mixed[:, 0:3] == x2; expect mixed[:, 3:6] == (x2 > 2)\n"
        "expect flags[:, 0:2] == (x1 > 2); expect flags[:, 2:5] == (b2 > 2)\n"
        "expect slow[:, 0:3] == 2 * p2[::2]; expect slow[:, 3:5] == 2 * z[::2]\n"
        "expect y(1)[:, 0:2] == x1; expect y(2)[:, 3:6] == p2\n";

    (void)state;
    model_free(model_of(text, ""));
}

/* A record that a loop comes to again begins anew: with a first sample then, of what the turn names, in a window of its
 * own; what it had, values keep. */
static void turns_begin_anew(void **state)
{
    static const char text[] =
        "simulation { dt = 0.5 }\n"
        "population M[3] { state x = 10.25*i; next x = x + 0.75; spike when x mod 1.5 == 0 }\n"
        "record whole = M.x\n"
        "for k in 0 .. 3 {\n"
        "  reset\n"
        "  run 1.5\n"
        "  record z = M.x[k]\n"
        "  record y = log(1 + M.x[k]) every 1\n"
        "  record s = M.spikes\n"
        "  run 2\n"
        "  collect last = z[-1]\n"
        "  expect z == 2.25 + 10.25*k + 0.75*arange(5) and z.t == 1.5 + 0.5*arange(5)\n"
        "  expect y within 1e-12 of log(1 + z[::2]) and y.t == [1.5, 2.5, 3.5]\n"
        "  expect len(whole) == 8 and times(s, 0) == [2, 3] and rate(s)[0] == 1\n"
        "}\n"
        "for k in 0 .. 3 { run 1; record z2 = M.x[k]; run 1; expect len(z2) == 3 and z2[0] > last[k] }\n"
        "for k in 0 .. 2 { record w(k) = 2 * M.x[k] }\n"
        "run 0.5\n"
        "expect w(1)[1] == 2 * M.x[1]\n";

    (void)state;
    model_free(model_of(text, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_joined),
        cmocka_unit_test(expressions_look_back),
        cmocka_unit_test(turns_begin_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
