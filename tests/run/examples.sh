# The examples meet their expectations, and are as short as they promise.
. "$NL_SRC/tests/cli/lib.sh"

for file in "$NL_SRC"/examples/*.net; do
    "$NETLANG" test "$file" >output 2>&1 </dev/null || complain "$(basename "$file")"
    grep -q ' 0 expectations' output && complain "$(basename "$file") expects nothing"
    "$NETLANG" fmt --check "$file" >output 2>&1 || complain "$(basename "$file") is not formatted"
done

# Lines of the model itself: without comments, blank lines and what must come out.
: >output
takes() {
    lines=$(grep -c -v -e '^ *#' -e '^ *$' -e '^expect' "$NL_SRC/examples/$1.net")
    [ "$lines" -le "$2" ] || complain "$1 takes $lines lines"
}
takes mackey_glass 6
takes library_cuba 12
takes library_stdp 9
takes library_ring 8

finish
