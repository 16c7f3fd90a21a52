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
try 2 check m.net --threads 3
says 'no option --threads; `netlang help check` lists them'
for count in 0 x 2x -1; do
    try 2 run m.net --threads $count
    says '--threads takes a number'
done
try 0 run m.net --threads 3
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

echo 'param a = 1.5, b = "x" in ["x", "y"]; simulation { dt = 0.1; method = euler }; state z = a; z'"'"' = -z; run 1; let y = z' >s.net
try 2 sweep s.net a=1,2
says 'a sweep writes a table'
try 2 sweep s.net -o out.csv
says 'say what is swept'
try 2 sweep s.net c=1,2 -o out.csv
says 'unknown name `c`'
try 2 sweep s.net a -o out.csv
says '`a` is not NAME=VALUES'
try 2 sweep s.net a=0:3 -o out.csv
says '`a=0:3` is not NAME=VALUES'
try 2 sweep s.net a=1,x -o out.csv
says 'unknown name `x`'
try 2 sweep s.net b=x,z -o out.csv
says 'not in ["x", "y"]'
try 2 sweep s.net a=1,2 --trials 0 -o out.csv
says 'at least 1'
is_absent out.csv out.csv.journal
try 0 sweep s.net a=1:2:3 b=x,y --trials 2 -o out.csv
[ "$(grep -vc '^#' out.csv)" -eq 13 ] || complain 'no table of 12 points'

try 2 explain E9999
says 'no message with the code E9999'
try 0 explain e0301
says 'wrong:'
try 2 ir m.net --stage nothing
says 'the stages are ast, model, ir and program'

finish
