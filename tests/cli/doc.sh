# Every name that doc lists is described, and every code explained.
. "$NL_SRC/tests/cli/lib.sh"

try 0 doc
for title in operators functions units messages 'methods of integration' 'connection rules'; do says "$title"; done
says '    lif                   Leaky integrate-and-fire neuron'
# Lines of names, and lines that begin with one.
names=$(sed -n -e '/^keywords\|^operators\|^units\|^messages/,/^$/ s/^    //p' -e '/^    [^ ]*   /s/^    \([^ ]*\) .*/\1/p' output)
set -f
try 0 doc $names
try 0 doc exp
says 'exp(x)'
says 'Example: exp(0) == 1'
try 0 doc rk4
says 'method rk4'
says "Order 4, 4 stages; x' = -x/T is stable for dt <= 2.7853 T."
try 0 doc dopri5
says 'Order 5 with an embedded method of order 4, 7 stages'
try 0 doc lif
says 'tau_m : ms = 10 ms  its time constant'
says '      C_m * v'
says '      population cells[5] using lif('
try 0 doc integrate-and-fire
says '    lif  '
cat >own.net <<'END'
function _hidden(x) = x
## Ralston's method.
method ralston { c = [0, 2/3]; a = [[], [2/3]]; b = [1/4, 3/4] }
## Twice.
function twice(x) = 2 * x
END
try 0 doc own.net
says 'Order 2, 2 stages'
says 'function twice'
grep -q _hidden output && complain 'what is hidden is shown'
try 2 doc nothere.net
echo 'let x = 1' >empty.net
try 2 doc empty.net
try 0 doc mV
try 2 doc exq
says 'did you mean `exp`?'
for code in $(printf '%s\n' $names | grep '^[ERW][0-9][0-9][0-9][0-9]$'); do
    try 0 explain "$code"
    says "$code: "
done

finish
