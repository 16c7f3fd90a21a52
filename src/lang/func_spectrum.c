/* Spectra of signals by Welch's method: Hann windows that overlap by half, means removed, averaged; one-sided
 * densities. */
#include "func_impl.h"

#include <gsl/gsl_fft_real.h>
#include <math.h>
#include <stdlib.h>

/* How a signal is cut: `length` samples, `step` apart in time. */
typedef struct cut {
    size_t length;
    double step;
} cut;

static bool even_signal(const nl_call *call, nl_value *out)
{
    if (!nl_call_array(call, 0, out)) return false;
    if (!out->is_signal || out->rank != 1) {
        nl_call_refuse(call, 0, NL_E_VALUE_KIND, "`%s` needs a signal of one value, not %s", call->row->name,
                       nl_value_words(call->cx->arena, *out));
        return false;
    }
    if (out->data == NULL || out->times == NULL) return true;
    const size_t count = out->shape[0];
    const double step = count > 1 ? (out->times[count - 1] - out->times[0]) / (double)(count - 1) : 0;
    bool even = step > 0;
    for (size_t i = 1; i < count && even; i++) even = fabs(out->times[i] - out->times[i - 1] - step) < 1e-3 * step;
    if (!even) nl_call_refuse(call, 0, NL_E_DOMAIN, "`%s` needs samples at even times", call->row->name);
    return even;
}

static bool frequency_argument(const nl_call *call, int slot, double *out, bool *known)
{
    nl_dim dim = nl_dim_none, own = nl_dim_any;

    (void)nl_dim_apply(NL_DIM_QUOTIENT, (nl_dim[]){ nl_dim_none, call->cx->time_dim }, 2, &dim);
    if (!nl_call_real(call, slot, &own, out, known)) return false;
    if (!nl_dim_equal(own, dim)) {
        nl_call_refuse(call, slot, NL_E_DIMENSION, "`%s` is a frequency, not %s", call->names[slot],
                       nl_dim_text(call->cx->arena, own));
        return false;
    }
    if (call->slots[slot] == NULL || !*known || *out > 0) return true;
    nl_call_refuse(call, slot, NL_E_ARGUMENT, "`%s` is more than 0", call->names[slot]);
    return false;
}

/* As Elephant cuts: into n_segments that overlap by half, or as long as the resolution asks for. */
static bool read_cut(const nl_call *call, nl_value x, cut *out, bool *known)
{
    long segments = 8;
    double resolution = 0;

    *known = true;
    if (!nl_call_whole(call, 1, 1, 1 << 20, &segments, known) || !frequency_argument(call, 2, &resolution, known))
        return false;
    *known = *known && x.data != NULL && x.times != NULL;
    if (!*known) return true;
    const size_t count = x.shape[0];
    const double step = (x.times[count - 1] - x.times[0]) / (double)(count - 1);
    const double length = resolution > 0 ? rint(1 / (resolution * step))
                                         : floor((double)count / ((double)segments - 0.5 * (double)(segments - 1)));
    *out = (cut){ (size_t)fmin(length, 1e15), step };
    if (length >= 4 && length <= (double)count) return true;
    nl_call_refuse(call, -1, NL_E_DOMAIN, "segments of %.0f samples cannot be cut from a signal of %zu", length, count);
    return false;
}

/* Adds the squared magnitudes of a windowed segment, one for each frequency, to `power`. */
static void add_segment(const double *x, const double *hann, size_t n, gsl_fft_real_wavetable *table,
                        gsl_fft_real_workspace *room, double *work, double *power)
{
    const double mean = nl_sum(x, n) / (double)n;

    for (size_t i = 0; i < n; i++) work[i] = (x[i] - mean) * hann[i];
    gsl_fft_real_transform(work, 1, n, table, room);
    power[0] += work[0] * work[0];
    for (size_t k = 1; 2 * k < n; k++) power[k] += work[2 * k - 1] * work[2 * k - 1] + work[2 * k] * work[2 * k];
    if (n % 2 == 0) power[n / 2] += work[n - 1] * work[n - 1];
}

static void welch(const double *x, size_t count, cut c, double *power)
{
    const size_t n = c.length, hop = n - n / 2;
    double *hann = nl_calloc(2 * n, sizeof *hann), *work = hann + n, squares = 0;
    gsl_fft_real_wavetable *table = gsl_fft_real_wavetable_alloc(n);
    gsl_fft_real_workspace *room = gsl_fft_real_workspace_alloc(n);
    size_t segments = 0;

    for (size_t i = 0; i < n; i++) {
        hann[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)n);
        squares += hann[i] * hann[i];
    }
    for (size_t at = 0; at + n <= count; at += hop, segments++) add_segment(x + at, hann, n, table, room, work, power);
    for (size_t k = 0; k <= n / 2; k++) {
        const bool is_single = k == 0 || 2 * k == n; /* the others stand for two, at plus and minus their frequency */
        power[k] *= (is_single ? 1 : 2) * c.step / squares / (double)segments;
    }
    gsl_fft_real_workspace_free(room);
    gsl_fft_real_wavetable_free(table);
    free(hann);
}

/* Frequencies and densities; false with a diagnostic, unknown where the signal is. */
static bool spectrum(const nl_call *call, nl_value *frequencies, nl_value *power)
{
    nl_value x;
    cut c = { 0 };
    bool known;
    size_t count = NL_UNKNOWN_SIZE;
    nl_dim frequency_dim = nl_dim_none, power_dim = nl_dim_unknown;

    if (!even_signal(call, &x) || !read_cut(call, x, &c, &known)) return false;
    (void)nl_dim_apply(NL_DIM_QUOTIENT, (nl_dim[]){ nl_dim_none, call->cx->time_dim }, 2, &frequency_dim);
    if (nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ x.dim, x.dim }, 2, &power_dim))
        (void)nl_dim_apply(NL_DIM_PRODUCT, (nl_dim[]){ power_dim, call->cx->time_dim }, 2, &power_dim);
    if (known) count = c.length / 2 + 1;
    *frequencies = nl_value_unknown(NL_KIND_NUMBER, frequency_dim, 1, &count);
    *power = nl_value_unknown(NL_KIND_NUMBER, power_dim, 1, &count);
    if (!known) return true;
    double *f = nl_call_room(call, frequencies), *p = nl_call_room(call, power);
    if (f == NULL || p == NULL) return false;
    for (size_t k = 0; k < count; k++) f[k] = (double)k / ((double)c.length * c.step);
    welch(x.data, x.shape[0], c, p);
    return true;
}

nl_value nl_func_welch_psd(const nl_call *call)
{
    nl_value *items = NL_NEW_ARRAY(call->cx->arena, nl_value, 2);
    nl_value list = nl_value_unknown(NL_KIND_LIST, nl_dim_none, 1, (size_t[]){ 2 });

    if (!spectrum(call, &items[0], &items[1])) return nl_value_none();
    list.items = items;
    return list;
}

/* The mean is no oscillation: frequency 0 does not count. */
nl_value nl_func_peak_frequency(const nl_call *call)
{
    nl_value frequencies, power;
    size_t best = 1;

    if (!spectrum(call, &frequencies, &power)) return nl_value_none();
    if (power.data == NULL) return nl_value_unknown(NL_KIND_NUMBER, frequencies.dim, 0, NULL);
    for (size_t k = 2; k < power.shape[0]; k++)
        if (power.data[k] > power.data[best]) best = k;
    return nl_value_number(call->cx->arena, frequencies.data[best], frequencies.dim);
}
