# The examples meet their expectations, and are as short as they promise.
. "$NL_SRC/tests/cli/lib.sh"

for file in "$NL_SRC"/examples/*.net; do
    "$NETLANG" test "$file" >output 2>&1 </dev/null || complain "$(basename "$file")"
    grep -q ' 0 expectations' output && complain "$(basename "$file") expects nothing"
    "$NETLANG" fmt --check "$file" >output 2>&1 || complain "$(basename "$file") is not formatted"
done

# Lines of the model itself: without comments, blank lines and what must come out.
: >output
lines=$(grep -c -v -e '^ *#' -e '^ *$' -e '^expect' "$NL_SRC/examples/mackey_glass.net")
[ "$lines" -le 6 ] || complain "Mackey-Glass takes $lines lines"

finish
