#include "cli.h"

/* FILE NAME=VALUES...: nothing would be left of a sweep without its table. */
nl_status nl_command_sweep(nl_cli *cli)
{
    if (cli->out == NULL) {
        nl_cli_complain("a sweep writes a table: say where, -o table.h5 or -o table.csv");
        return NL_USAGE_WRONG;
    }
    if (cli->files.count == 1 && cli->trials == NULL) {
        nl_cli_complain("say what is swept: NAME=VALUES, as J0=0:10:11 or g=4,5, or --trials N");
        return NL_USAGE_WRONG;
    }
    return nl_cli_run(cli, cli->files.items + 1, cli->files.count - 1);
}
