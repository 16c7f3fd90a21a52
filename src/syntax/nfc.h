/* Names in Unicode's normalisation form C, so that a name is the same name however its accents were typed. */
#ifndef NL_SYNTAX_NFC_H
#define NL_SYNTAX_NFC_H

#include "base/arena.h"

/* The composed form of a valid UTF-8 text.  Covers the marks of Latin, Greek and Cyrillic letters (U+0300 .. U+036F);
 * what has no composed form stays as it is, its marks in canonical order. */
const char *nl_nfc_compose(nl_arena *arena, const char *text, size_t length);

/* The code point of the UTF-8 sequence at `text`, which is valid; its length goes to *length. */
uint32_t nl_nfc_code_point(const char *text, size_t *length);

#endif
