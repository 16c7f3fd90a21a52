# What `new` begins is checked, runs and meets its expectation; nothing is overwritten.
. "$NL_SRC/tests/cli/lib.sh"

for kind in neuron synapse connector method function model; do
    try 0 new "$kind" "my_$kind"
    try 0 check "my_$kind.net"
    grep -q warning output && complain "a warning about my_$kind.net"
    try 0 test "my_$kind.net"
    says '1 of 1 expectation'
    try 0 fmt --check "my_$kind.net"
    case $kind in model) ;; *)
        echo "use \"my_$kind.net\"" >"uses_$kind.net"
        try 0 check "uses_$kind.net"
        try 0 doc "my_$kind.net"
        says "$kind my_$kind"
    esac
done

# Rules with a trial below them stand behind the name that `use` gives the file.
cat >names.net <<'END'
use "my_neuron.net" as N
use "my_synapse.net" as S
use "my_connector.net" as C
use "my_function.net" as F
simulation { dt = 0.1 ms; method = rk4; seed = 1 }
population E[10] using N.my_neuron { state s = 0 decays 5 ms }
projection E -> E via C.my_connector using S.my_synapse(s)
circuit trial = N
run 1 ms
print F.my_function(1), trial.cells.v
END
try 0 run names.net

echo 'let mine = 1' >kept.net
try 3 new neuron kept
says 'kept.net'
grep -q mine kept.net || complain "kept.net is overwritten"
try 2 new neuron 3rd
says '`3rd` cannot be a name'
try 2 new neuron ../away
is_absent ../away.net
try 2 new neurone mine
says 'did you mean `neuron`?'
try 2 new neuron

finish
