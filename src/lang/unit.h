/* Units as tables (units.def) and their products. */
#ifndef NL_LANG_UNIT_H
#define NL_LANG_UNIT_H

#include "dim.h"

/* A unit in the coherent system: value = number * 10^shift * factor.  Only odd units (min, deg, cal ..) have a
 * factor other than 1; the shift is applied to the decimal text of a literal, so that it is rounded once. */
typedef struct nl_unit {
    nl_dim dim;
    int shift;
    double factor;
} nl_unit;

/* By its symbol ("ms", "Hz", "%", both code points of the micro sign); false when there is none. */
bool nl_unit_find(const char *symbol, size_t length, nl_unit *out);

/* The unit that is clearly meant by a misspelt symbol, or NULL. */
const char *nl_unit_suggest(const char *symbol, size_t length);

bool nl_unit_multiply(nl_unit a, nl_unit b, nl_unit *out);
bool nl_unit_power(nl_unit a, double exponent, nl_unit *out);

/* The value of a decimal literal (its characters) in a unit, rounded once. */
double nl_unit_scale_literal(const char *digits, size_t length, nl_unit unit);
double nl_unit_scale(double number, nl_unit unit); /* a computed number: one multiplication or division */

/* How a dimension is shown: the customary unit.  `text` is as a model file has it ("mV", "Hz", "[mS/cm^2]"), `plain`
 * the same without brackets, for labels and attributes of files; both are "1" for a pure number. */
typedef struct nl_unit_shown {
    const char *text, *plain;
    nl_unit unit;
} nl_unit_shown;
nl_unit_shown nl_unit_shown_for(nl_arena *arena, nl_dim dim);
double nl_unit_unscale(double value, nl_unit unit); /* coherent value -> number in that unit */

/* In words for messages: "mV", "mV/ms", "a pure number". */
const char *nl_dim_text(nl_arena *arena, nl_dim dim);

/* The rows of the table, for documentation: NULL after the last. */
const char *nl_unit_row(size_t index, const char **doc);

#endif
