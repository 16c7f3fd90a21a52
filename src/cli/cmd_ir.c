#include "cli.h"

static const char *const stages[] = { "ast", "model", "ir", "program" };

static nl_status print_stage(nl_session *session, const char *stage)
{
    const char *text = nl_session_stage(session, stage);

    if (text == NULL) {
        nl_cli_complain("there is no stage `%s`; the stages are ast, model, ir and program", stage);
        return NL_USAGE_WRONG;
    }
    fputs(text, stdout);
    return NL_OK;
}

static nl_status print_all(nl_session *session)
{
    for (size_t i = 0; i < NL_LEN(stages); i++) {
        printf("%s== %s ==\n", i > 0 ? "\n" : "", stages[i]);
        print_stage(session, stages[i]);
    }
    return NL_OK;
}

nl_status nl_command_ir(nl_cli *cli)
{
    nl_status status;
    nl_session *session = nl_cli_load(cli, &status);

    if (status == NL_OK) status = cli->stage != NULL ? print_stage(session, cli->stage) : print_all(session);
    nl_session_free(session);
    return status;
}
