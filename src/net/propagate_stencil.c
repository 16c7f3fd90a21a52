#include "propagate_stencil.h"

#include "conn_build.h"

#include <string.h>

/* One grid and the weights to use with it. */
typedef struct stencil_sum {
    const nl_propagate_kernels *kernels;
    const nl_stencil *s;
    const double *weights;
    const double *source;
} stencil_sum;

static inline double weight_of(const double *weights, size_t k)
{
    return weights != NULL ? weights[k] : 1;
}

/* A post neuron from which some offsets cross the boundary. */
static double edge_sum(const stencil_sum *in, size_t r, size_t c)
{
    const nl_stencil *s = in->s;
    double sum = 0;

    for (size_t k = 0; k < s->count; k++) {
        const ptrdiff_t row = nl_stencil_place(s->boundary, (ptrdiff_t)r + s->offsets[k][0], (ptrdiff_t)s->rows);
        const ptrdiff_t column = nl_stencil_place(s->boundary, (ptrdiff_t)c + s->offsets[k][1], (ptrdiff_t)s->columns);

        if (row < 0 || column < 0) continue;
        sum += weight_of(in->weights, k) * in->source[row * (ptrdiff_t)s->columns + column];
    }
    return sum;
}

static void edge_run(const stencil_sum *in, size_t r, size_t c, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) out[i] = edge_sum(in, r, c + i);
}

/* Inner columns of a row from which some offsets cross the boundary: each offset is one run of another row. */
static void edge_row(const stencil_sum *in, size_t r, size_t c, size_t n, double *out)
{
    const nl_stencil *s = in->s;

    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < s->count; k++) {
        const ptrdiff_t row = nl_stencil_place(s->boundary, (ptrdiff_t)r + s->offsets[k][0], (ptrdiff_t)s->rows);
        const double w = weight_of(in->weights, k);

        if (row < 0) continue;
        const double *x = in->source + row * (ptrdiff_t)s->columns + (ptrdiff_t)c + s->offsets[k][1];
        for (size_t i = 0; i < n; i++) out[i] += w * x[i];
    }
}

static void inner_run(const stencil_sum *in, size_t r, size_t c, size_t n, double *out)
{
    const nl_stencil *s = in->s;

    if (n == 0) return;
    if (r >= s->inner_rows[0] && r < s->inner_rows[1])
        in->kernels->shifted_sum(n, out, in->source + r * s->columns + c, s->count, s->shift, in->weights);
    else
        edge_row(in, r, c, n, out);
}

static inline size_t clamp(size_t x, size_t low, size_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* The edge columns of an inner row; out[0] is neuron `at`, n of them. */
static void inner_row_edges(const stencil_sum *in, size_t row, size_t at, size_t n, double *out)
{
    const nl_stencil *s = in->s;

    for (size_t e = 0; e < s->edge_count; e++) {
        const size_t place = row * s->columns + s->edge_columns[e];
        const ptrdiff_t *shift = s->edge_shift + e * s->count;
        double sum = 0;

        if (place < at || place >= at + n) continue;
        for (size_t k = 0; k < s->count; k++)
            if (shift[k] != PTRDIFF_MAX) sum += weight_of(in->weights, k) * in->source[(ptrdiff_t)place + shift[k]];
        out[place - at] = sum;
    }
}

/* Columns c .. end-1 of a row: left edge, inner part, right edge. */
static void row_run(const stencil_sum *in, size_t r, size_t c, size_t end, double *out)
{
    const nl_stencil *s = in->s;
    const size_t left = clamp(s->inner_columns[0], c, end), right = clamp(s->inner_columns[1], left, end);

    inner_run(in, r, left, right - left, out + (left - c));
    if (r >= s->inner_rows[0] && r < s->inner_rows[1]) {
        inner_row_edges(in, r, r * s->columns + c, end - c, out);
    } else {
        edge_run(in, r, c, left - c, out);
        edge_run(in, r, right, end - right, out + (right - c));
    }
}

/* --- many whole rows at once --- */

/* Neurons of inner rows whose shifted runs stay within the grid, across the ends of rows. */
static bool is_one_run(const nl_stencil *s, size_t at, size_t n)
{
    const ptrdiff_t first = (ptrdiff_t)at + s->shift_range[0], last = (ptrdiff_t)(at + n - 1) + s->shift_range[1];

    return first >= 0 && last < (ptrdiff_t)(s->rows * s->columns) && at / s->columns >= s->inner_rows[0]
           && (at + n - 1) / s->columns < s->inner_rows[1];
}

/* The sums of edge columns are made across the ends of rows at first, and then mended. */
static void one_run(const stencil_sum *in, double *out, size_t at, size_t n)
{
    const nl_stencil *s = in->s;

    in->kernels->shifted_sum(n, out, in->source + at, s->count, s->shift, in->weights);
    for (size_t row = at / s->columns; row * s->columns < at + n; row++) inner_row_edges(in, row, at, n, out);
}

static void range_sum(const stencil_sum *in, double *out, size_t at, size_t n)
{
    const size_t columns = in->s->columns;

    if (in->s->rows == 1) {
        row_run(in, 0, at, at + n, out);
        return;
    }
    if (n > 0 && is_one_run(in->s, at, n)) {
        one_run(in, out, at, n);
        return;
    }

    for (size_t r = at / columns, c = at % columns; n > 0; r++, c = 0) {
        const size_t run = columns - c < n ? columns - c : n;

        row_run(in, r, c, c + run, out);
        out += run;
        n -= run;
    }
}

bool nl_propagate_stencil_is_thin(const nl_conn *conn)
{
    return conn->stencil->margin_shift == NULL;
}

void nl_propagate_stencil_chunk(const nl_propagate_kernels *kernels, const nl_conn *conn, bool rule,
                                const double *source, double *out, size_t at, size_t n)
{
    const stencil_sum in = { kernels, conn->stencil, rule ? conn->stencil->weights : NULL, source };

    range_sum(&in, out, at, n);
}

/* --- wide stencils: a copy with margins, in which every neuron is an inner one --- */

static size_t margin_width(const nl_stencil *s)
{
    return s->columns + 2 * s->margin_columns;
}

size_t nl_stencil_scratch(const nl_stencil *s)
{
    return s->margin_shift != NULL ? (s->rows + 2 * s->margin_rows) * margin_width(s) : 0;
}

static inline double place_value(const nl_stencil *s, const double *x, ptrdiff_t column)
{
    const ptrdiff_t place = nl_stencil_place(s->boundary, column, (ptrdiff_t)s->columns);

    return place >= 0 ? x[place] : 0;
}

static void fill_margin_row(const nl_stencil *s, const double *x, double *row)
{
    const ptrdiff_t columns = (ptrdiff_t)s->columns, margin = (ptrdiff_t)s->margin_columns;

    memcpy(row + margin, x, s->columns * sizeof *row);
    for (ptrdiff_t m = 1; m <= margin; m++) {
        row[margin - m] = place_value(s, x, -m);
        row[margin + columns - 1 + m] = place_value(s, x, columns - 1 + m);
    }
}

static void fill_margins(const nl_stencil *s, const double *source, double *copy)
{
    const ptrdiff_t rows = (ptrdiff_t)s->rows, margin = (ptrdiff_t)s->margin_rows;

    for (ptrdiff_t r = -margin; r < rows + margin; r++, copy += margin_width(s)) {
        const ptrdiff_t place = nl_stencil_place(s->boundary, r, rows);

        if (place >= 0) fill_margin_row(s, source + place * (ptrdiff_t)s->columns, copy);
        else memset(copy, 0, margin_width(s) * sizeof *copy);
    }
}

static void margin_sum(const stencil_sum *in, double *out, double *copy)
{
    const nl_stencil *s = in->s;

    fill_margins(s, in->source, copy);
    for (size_t r = 0; r < s->rows; r++)
        in->kernels->shifted_sum(s->columns, out + r * s->columns,
                                 copy + (r + s->margin_rows) * margin_width(s) + s->margin_columns, s->count,
                                 s->margin_shift, in->weights);
}

/* All post neurons. */
void nl_stencil_to_post(const nl_propagate_kernels *kernels, const nl_stencil *s, const double *weights,
                        const double *source, double *out, double *scratch)
{
    const stencil_sum in = { kernels, s, weights, source };

    if (s->margin_shift != NULL) margin_sum(&in, out, scratch);
    else range_sum(&in, out, 0, s->rows * s->columns);
}

/* --- to pre neurons --- */

static void scatter_edge(const nl_stencil *s, size_t k, double w, const double *x, double *row, size_t begin,
                         size_t end)
{
    for (size_t c = begin; c < end; c++) {
        const ptrdiff_t column = nl_stencil_place(s->boundary, (ptrdiff_t)c + s->offsets[k][1], (ptrdiff_t)s->columns);

        if (column >= 0) row[column] += w * x[c];
    }
}

/* What offset k brings from one row of post neurons back to the row of pre neurons it comes from. */
static void scatter_row(const nl_stencil *s, size_t k, double w, const double *x, double *row)
{
    const size_t begin = s->inner_columns[0], end = s->inner_columns[1];
    const ptrdiff_t d = s->offsets[k][1];

    scatter_edge(s, k, w, x, row, 0, begin);
    for (size_t c = begin; c < end; c++) row[(ptrdiff_t)c + d] += w * x[c];
    scatter_edge(s, k, w, x, row, end, s->columns);
}

/* Offset by offset, and in each by ascending post neuron. */
void nl_stencil_to_pre(const nl_stencil *s, const double *weights, const double *source, double *out)
{
    memset(out, 0, s->rows * s->columns * sizeof *out);
    for (size_t k = 0; k < s->count; k++)
        for (size_t r = 0; r < s->rows; r++) {
            const ptrdiff_t row = nl_stencil_place(s->boundary, (ptrdiff_t)r + s->offsets[k][0], (ptrdiff_t)s->rows);

            if (row < 0) continue;
            scatter_row(s, k, weight_of(weights, k), source + r * s->columns, out + row * (ptrdiff_t)s->columns);
        }
}
