# Every shipped rule has a test that can fail, an example below it that runs, and names its source.
. "$NL_SRC/tests/cli/lib.sh"

for file in "$NL_SRC"/stdlib/*/*.net; do
    name=$(basename "$file" .net)
    test="$NL_SRC/tests/library/$name.net"
    [ -e "$test" ] || complain "$name has no test"
    "$NETLANG" test "$test" >output 2>&1 </dev/null || complain "the test of $name"
    grep -q ' 0 expectations' output && complain "the test of $name expects nothing"
    "$NETLANG" run -q "$file" >output 2>&1 </dev/null || complain "the example of $name"
    "$NETLANG" fmt --check "$file" "$test" >output 2>&1 || complain "$name is not formatted"
    grep -q '^## Source: ' "$file" || complain "$name does not name its source"
    "$NETLANG" doc "$name" 2>&1 | grep -q '^    Source: ' || complain "netlang doc does not describe $name"
    grep '^| ' "$NL_SRC/doc/library.md" | grep -qF "\`$name\`" || complain "doc/library.md does not list $name"
    case $file in */stimuli/* | */functions/*)
        NETLANG_STDLIB="$folder" "$NETLANG" doc "$name" 2>/dev/null | grep "^$name(" >output &&
            complain "$name is a function of the language"
    esac
done
for test in "$NL_SRC"/tests/library/*.net; do
    name=$(basename "$test")
    ls "$NL_SRC"/stdlib/*/"$name" >output 2>&1 || complain "$name tests nothing"
done
ls "$NL_SRC"/stdlib/*/ | sed -n 's/\.net$//p' | sort | uniq -d >output
[ ! -s output ] || complain "two rules of one name"

# The orders of a method and of the one embedded in it, which follow from all its coefficients.
while read -r name order low; do
    "$NETLANG" doc "$name" >output 2>&1
    grep -qE "Order $order( with an embedded method of order $low)?, [0-9]+ stages?;" output ||
        complain "$name is not of order $order $low"
done <<END
bs23      3 2
cash_karp 5 4
dopri5    5 4
euler     1
heun      2
heun3     3
kutta3    3
midpoint  2
ralston   2
rk38      4
rk4       4
rkf45     5 4
END

finish
