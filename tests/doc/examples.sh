# Every example of the documentation does what the text around it says.  The first line of a block tells which that is:
#   ```net run             runs, with all expectations met; a following ```output block is what it prints
#   ```net check           is a correct model that is not run here
#   ```net error CODE      is refused with this code
#   ```net file NAME       is kept under this name for the examples below it
. "$NL_SRC/tests/cli/lib.sh"

# Parts a text into files NUMBER.net and NUMBER.wanted, and prints "NUMBER LINE KIND CODE" for each example.
part() {
    awk '
        function close_block() { close(file); file = "" }
        /^```net file / { file = $3; printf "" > file; next }
        /^```net( |$)/ { number++; file = number ".net"; printf "" > file; print number, NR + 1, $2, $3; next }
        /^```output$/  { file = number ".wanted"; printf "" > file; next }
        /^```/         { close_block(); skip = !skip && $0 != "```"; next }
        file != ""     { print > file }
    ' "$1"
}

for text in "$NL_SRC/README.md" "$NL_SRC"/doc/*.md; do
    name=$(basename "$text" .md)
    mkdir "$name"
    cd "$name" || exit 99
    part "$text" >list
    [ -s list ] || [ "$name" = embedding ] || complain "$text has no examples"
    while read -r number line kind code; do
        at="$name.md:$line"
        case $kind in
            run) status=0 command=run ;;
            check) status=0 command=check ;;
            error) status=2 command=check ;;
            *) complain "$at: an example is 'run', 'check' or 'error CODE', not '$kind'"; continue ;;
        esac
        "$NETLANG" "$command" "$number.net" >shown 2>messages </dev/null
        got=$?
        cat shown messages >output
        [ "$got" -eq "$status" ] || complain "$at: status $got, wanted $status"
        [ "$kind" != error ] || grep -q "error $code:" messages || complain "$at: no $code"
        [ ! -e "$number.wanted" ] || diff "$number.wanted" shown >output || complain "$at: prints something else"
    done <list
    cd ..
done

# the program of embedding.md, which the build has taken from there
program=$(dirname "$NETLANG")/tests/doc/embedding
"$program" "$NL_SRC/models/cooperative_1d.net" >output 2>&1 || complain "embedding.md: status $?"
says '2211 samples, the last one '
[ -e ring.npz ] || complain 'embedding.md: no ring.npz'

finish
