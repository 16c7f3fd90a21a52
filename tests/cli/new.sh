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
