# Every name that doc lists is described, and every code explained.
. "$NL_SRC/tests/cli/lib.sh"

try 0 doc
for title in operators functions units messages 'methods of integration' 'connection rules'; do says "$title"; done
names=$(sed -n 's/^    //p' output)
set -f
try 0 doc $names
try 0 doc exp
says 'exp(x)'
says 'Example: exp(0) == 1'
try 0 doc rk4
says 'method rk4'
try 0 doc mV
try 2 doc exq
says 'did you mean `exp`?'
for code in $(printf '%s\n' $names | grep '^[ERW][0-9][0-9][0-9][0-9]$'); do
    try 0 explain "$code"
    says "$code: "
done

finish
