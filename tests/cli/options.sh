# Commands and options: what is refused, and with which words.
. "$NL_SRC/tests/cli/lib.sh"

echo 'let x = 2' >m.net

try 2
says 'usage: netlang COMMAND'
try 0 help
says 'simulate a model'
try 0 --help
says 'simulate a model'
try 0 --version
says 'netlang '
try 0 help run
says 'Without -o nothing is written'
try 0 run --help
says '--output FILE'
try 2 help rnu
says 'did you mean `netlang run`?'

try 2 rnu m.net
says 'there is no command `rnu`; did you mean `netlang run`?'
try 2 m.net
says 'to run a file: netlang run m.net'
try 2 simulate
says '`netlang help` lists them'

try 2 run
says 'usage: netlang run FILE'
try 2 run m.net m.net
says 'usage: netlang run FILE'
try 2 run m.net --quite
says 'no option --quite; did you mean --quiet?'
try 2 run m.net --threads 3
says 'no option --threads; `netlang help run` lists them'
try 2 run m.net -x
says 'no option -x'
try 2 check m.net -o out.h5
says '`netlang check` has no option -o'
try 2 run m.net -o
says '--output needs a value: --output FILE'
try 2 run m.net --quiet=yes
says '--quiet takes no value'
try 2 run -- --quiet
is_absent out.h5

try 2 explain E9999
says 'no message with the code E9999'
try 0 explain e0301
says 'wrong:'
try 2 ir m.net --stage nothing
says 'the stages are ast, model, ir and program'

finish
