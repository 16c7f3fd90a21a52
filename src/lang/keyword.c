#include "keyword.h"

#include "base/text.h"

#include <string.h>

const nl_keyword_info nl_keywords[NL_KEYWORD_COUNT] = {
#define KEYWORD(name, word, place, form) \
    [NL_KEYWORD_##name] = { word, sizeof(word) - 1, NL_KEYWORD_IS_##place, form },
#include "keywords.def"
};

static const struct {
    const char *word, *remedy;
} foreign_words[] = {
#define FOREIGN(word, remedy) { word, remedy },
#include "keywords.def"
};

nl_keyword nl_keyword_find(const char *word, size_t length)
{
    for (int k = 0; k < NL_KEYWORD_COUNT; k++)
        if (nl_keywords[k].length == length && nl_keywords[k].word[0] == word[0]
            && memcmp(nl_keywords[k].word, word, length) == 0)
            return (nl_keyword)k;
    return NL_KEYWORD_COUNT;
}

nl_keyword nl_keyword_suggest(const char *word, nl_keyword_place place)
{
    const char *candidates[NL_KEYWORD_COUNT];
    size_t count = 0;

    for (int k = 0; k < NL_KEYWORD_COUNT; k++)
        if (nl_keywords[k].place & place) candidates[count++] = nl_keywords[k].word;
    const char *meant = nl_suggest(word, candidates, count);
    return meant != NULL ? nl_keyword_find(meant, strlen(meant)) : NL_KEYWORD_COUNT;
}

const char *nl_foreign_remedy(const char *word)
{
    for (size_t k = 0; k < NL_LEN(foreign_words); k++)
        if (strcmp(foreign_words[k].word, word) == 0) return foreign_words[k].remedy;
    return NULL;
}
