# fmt: idempotent, in place, and as a check.
. "$NL_SRC/tests/cli/lib.sh"

printf 'param   N=3   # how many\nlet x=2*N\n' >a.net
cp a.net original.net

try 1 fmt --check a.net
says 'a.net'
cmp -s a.net original.net || complain 'a check has changed the file'
try 0 fmt a.net
says '# how many'
cp output formatted.net
chmod 640 a.net
try 0 fmt -i a.net
cmp -s a.net formatted.net || complain 'in place is another text'
[ "$(stat -c %a a.net)" = 640 ] || complain 'the mode was not kept'
try 0 fmt --check a.net
try 0 fmt a.net
cmp -s output formatted.net || complain 'a second time changes the text'

echo 'let x = (' >wrong.net
try 2 fmt -i wrong.net
[ "$(cat wrong.net)" = 'let x = (' ] || complain 'a wrong file was rewritten'
try 2 fmt missing.net
says 'cannot read missing.net'

finish
