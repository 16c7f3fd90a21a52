/* The words of the language (keywords.def): where each is a keyword, and the form of its statement; and words of
 * other languages with what is written here instead. */
#ifndef NL_LANG_KEYWORD_H
#define NL_LANG_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>

typedef enum nl_keyword {
#define KEYWORD(name, ...) NL_KEYWORD_##name,
#include "keywords.def"
    NL_KEYWORD_COUNT /* also: no keyword */
} nl_keyword;

typedef enum nl_keyword_place {
    NL_KEYWORD_IS_FIRST = 1, /* a keyword as first word of a statement */
    NL_KEYWORD_IS_AFTER = 2, /* directly after an operand, or second of a pair */
    NL_KEYWORD_IS_BOTH = 3,
    NL_KEYWORD_IS_RESERVED = 4
} nl_keyword_place;

typedef struct nl_keyword_info {
    const char *word;
    size_t length;
    nl_keyword_place place;
    const char *form;
} nl_keyword_info;

extern const nl_keyword_info nl_keywords[NL_KEYWORD_COUNT];

/* NL_KEYWORD_COUNT when it is none. */
nl_keyword nl_keyword_find(const char *word, size_t length);

/* The keyword of that place which is clearly meant by a misspelt word, or NL_KEYWORD_COUNT. */
nl_keyword nl_keyword_suggest(const char *word, nl_keyword_place place);

/* What netlang writes instead of a statement's first word in another language, or NULL. */
const char *nl_foreign_remedy(const char *word);

#endif
