# Where files of rules are found: beside the model, in -I, in NETLANG_PATH, and shipped ones by name alone.
. "$NL_SRC/tests/cli/lib.sh"

mkdir -p model one two three
rule() { echo "function answer() = $1" >"$2/rules.net"; }
cat >model/m.net <<'END'
use "rules.net"
print "answer {answer()}"
END

try 2 run model/m.net
says 'E0317: cannot read `rules.net`'
says 'it was looked for in model'
rule 4 three
rule 3 two
NETLANG_PATH="$folder/one::$folder/two:$folder/three" try 0 run model/m.net
says 'answer 3'
rule 2 one
NETLANG_PATH="$folder/two" try 0 run -I one model/m.net
says 'answer 2'
try 0 run -I three -I one model/m.net
says 'answer 4'
rule 1 model
try 0 run -I three model/m.net
says 'answer 1'
cd model && try 0 run m.net && cd ..
says 'answer 1'
try 0 ir --stage model model/m.net
try 0 fmt --check model/m.net

# A file that is used loads its data from its own folder.
echo '1, 2.385' >two/data.csv
echo 'let values = load("data.csv")' >two/rules.net
printf 'use "rules.net"\nprint values[0, 1]\n' >one/m.net
rm one/rules.net
try 0 run -I two one/m.net
says '2.385'

# A rule is the same program in the model, in a file of one's own, and among the shipped ones.
cat >rule.net <<'END'
neuron relaxing(tau : ms = 20 ms, goal = 1) {
  state x = 0
  tau * x' = goal - x^3
}
END
cat >body.net <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population E[1000] using relaxing(goal = 1 + i/N)
run 10 ms
END
mkdir -p shipped/neurons && cp -r "$NL_SRC/stdlib/methods" shipped && cp rule.net shipped/neurons/relaxing.net
cat rule.net body.net >inline.net
{ echo 'use "rule.net"'; cat body.net; } >used.net
try 0 ir --stage program inline.net && mv output inline.ir
try 0 ir --stage program used.net && mv output used.ir
NETLANG_STDLIB="$folder/shipped" try 0 ir --stage program body.net && mv output shipped.ir
grep -q mul inline.ir || complain "no program"
cmp inline.ir used.ir || complain "a rule in a file is another program"
cmp inline.ir shipped.ir || complain "a shipped rule is another program"

# The user's own method hides the shipped one of the same name.
cat >own.net <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 1
x' = -x
method rk4 { c = [0]; a = [[]]; b = [1] }
run 0.1
expect x within 1e-12 of 0.9
END
try 0 run own.net

# An installation that was moved as a whole finds its rules; where there are none, that is said.
mkdir -p moved/bin moved/share/netlang && cp "$NETLANG" moved/bin/netlang && cp -r shipped moved/share/netlang/stdlib
(unset NETLANG_STDLIB && NETLANG="$folder/moved/bin/netlang" && try 0 check body.net)
NETLANG_STDLIB="$folder/nowhere" try 2 check body.net
says "not found in $folder/nowhere"

finish
