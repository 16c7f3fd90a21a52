#include "cli.h"
#include "code.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

enum { LINE_WIDTH = 96 };

/* A paragraph in lines of at most LINE_WIDTH bytes; its own line ends stay. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        const size_t blanks = strspn(text, " "), word = strcspn(text + blanks, " \n");

        if (column > 0 && column + blanks + word > LINE_WIDTH) column = 0, fputc('\n', out);
        column += (size_t)fprintf(out, "%.*s%.*s", column > 0 ? (int)blanks : 0, text, (int)word, text + blanks);
        text += blanks + word;
        if (*text == '\n') column = 0, fputc(*text++, out);
    }
    fputc('\n', out);
}

static void print_example(FILE *out, const char *title, const char *text)
{
    if (text == NULL) return;
    fprintf(out, "\n%s:\n", title);
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");

        fprintf(out, "    %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

void nl_code_print(FILE *out, const nl_code_info *info)
{
    fprintf(out, "%s: %s\n\n", info->code, info->title);
    print_wrapped(out, info->paragraph);
    print_example(out, "wrong", info->wrong);
    print_example(out, "right", info->right);
}

/* A letter and four digits that name no file. */
static bool looks_like_code(const char *word)
{
    if (strlen(word) != 5 || !isalpha((unsigned char)word[0]) || access(word, F_OK) == 0) return false;
    return strspn(word + 1, "0123456789") == 4;
}

nl_status nl_command_explain(nl_cli *cli)
{
    const char *word = cli->files.items[0];
    const nl_code_info *info = nl_code_find(word);
    nl_status status;

    if (info != NULL) {
        nl_code_print(stdout, info);
        return NL_OK;
    }
    if (looks_like_code(word)) {
        nl_cli_complain("there is no message with the code %s; `netlang doc` lists them", word);
        return NL_USAGE_WRONG;
    }
    nl_session *session = nl_cli_load(cli, &status);
    if (status == NL_OK) fputs(nl_session_explain(session), stdout);
    nl_session_free(session);
    return status;
}
