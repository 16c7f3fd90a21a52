/* Texts about diagnostics, for `explain` and `doc`. */
#ifndef NL_CLI_CODE_H
#define NL_CLI_CODE_H

#include "base/diag.h"

/* The row of diag.def in full: title, paragraph and examples. */
void nl_code_print(FILE *out, const nl_code_info *info);

#endif
