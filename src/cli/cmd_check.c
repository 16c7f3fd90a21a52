#include "cli.h"

nl_status nl_command_check(nl_cli *cli)
{
    nl_status status;
    nl_session *session = nl_cli_load(cli, &status);

    if (status == NL_OK) {
        const size_t printed = nl_diags_count(nl_session_diags(session));
        status = nl_session_check(session);
        nl_diags_print(stderr, nl_session_diags(session), printed);
    }
    if (status == NL_OK) fputs(nl_session_summary(session), stdout);
    nl_session_free(session);
    return status;
}
