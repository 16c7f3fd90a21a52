/* Any bytes: a tree and messages, no crash; and where there is no message, the canonical layout has the same tree and
 * stays as it is.  With libFuzzer, LLVMFuzzerTestOneInput is its entry; with NL_FUZZ_REPLAY the program replays files:
 *     clang -fsanitize=fuzzer,address,undefined ...     cc -DNL_FUZZ_REPLAY ... && ./fuzz_parse FILE... */
#include "syntax/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what, const char *text)
{
    if (holds) return;
    fprintf(stderr, "%s:\n%s\n", what, text);
    abort();
}

static void check_layout(nl_arena *arena, nl_sources *sources, nl_diags *diags, const nl_parsed *parsed)
{
    const char *once = nl_print_file(arena, parsed);
    const nl_parsed again = nl_parse_source(arena, diags, nl_sources_add(sources, "again", once, strlen(once)));

    demand(nl_diags_count(diags) == 0, "the layout has faults", once);
    demand(nl_ast_same(parsed->file, again.file), "the layout has another tree", once);
    demand(parsed->comment_count == again.comment_count, "the layout has other comments", once);
    demand(strcmp(nl_print_file(arena, &again), once) == 0, "the layout is not settled", once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nl_arena *arena = nl_arena_new();
    nl_sources *sources = nl_sources_new(arena);
    nl_diags *diags = nl_diags_new(arena, sources);
    const nl_parsed parsed = nl_parse_source(arena, diags, nl_sources_add(sources, "input", (const char *)data, size));

    for (size_t k = 0; k < nl_diags_count(diags); k++)
        demand(nl_sources_locate(sources, nl_diags_get(diags, k)->span.begin).source != NULL,
               "a message without a place", "");
    demand(nl_print_tree(arena, parsed.file) != NULL, "no tree", "");
    if (nl_diags_count(diags) == 0) check_layout(arena, sources, diags, &parsed);
    nl_arena_free(arena);
    return 0;
}

#ifdef NL_FUZZ_REPLAY
int main(int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        nl_arena *arena = nl_arena_new();
        const nl_source *source = nl_sources_read(nl_sources_new(arena), argv[k]);

        if (source == NULL) {
            perror(argv[k]);
            return 2;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)source->text, source->length);
        nl_arena_free(arena);
    }
    return 0;
}
#endif
