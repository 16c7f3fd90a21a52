# Every example of the documentation does what the text around it says.  The first line of a block tells which that is:
#   ```net run [NAME]      runs, with all expectations met; a following ```output block is what it prints.  It is kept
#                          under the name, if there is one
#   ```net check           is a correct model that is not run here
#   ```net error CODE      is refused with this code
#   ```net file NAME       is kept under this name for the examples below it
#   ```sh run              are lines for the shell, which find what has been kept; ```output as above
. "$NL_SRC/tests/cli/lib.sh"

# The lines for the shell say "netlang".
mkdir bin
ln -s "$NETLANG" bin/netlang
PATH=$folder/bin:$PATH

# Parts a text into files NUMBER.net and NUMBER.wanted, and prints "NUMBER LINE KIND WORD" for each example.
part() {
    awk '
        function close_block() { close(file); file = "" }
        /^```net file / { file = $3; printf "" > file; next }
        /^```net( |$)/ { number++; file = number ".net"; printf "" > file; print number, NR + 1, $2, $3; next }
        /^```sh run$/  { number++; file = number ".net"; printf "" > file; print number, NR + 1, "sh"; next }
        /^```output$/  { file = number ".wanted"; printf "" > file; next }
        /^```/         { close_block(); skip = !skip && $0 != "```"; next }
        file != ""     { print > file }
    ' "$1"
}

for text in README.md $(cd "$NL_SRC" && echo doc/*.md); do
    mkdir -p "in/$text"
    cd "in/$text" || exit 99
    part "$NL_SRC/$text" >list
    case $text in
        doc/README.md | doc/embedding.md | doc/gallery.md | doc/models.md) ;;
        *) [ -s list ] || complain "$text has no examples" ;;
    esac
    while read -r number line kind word; do
        at="$text:$line" status=0
        case $kind in
            run) command="netlang run" ;;
            check) command="netlang check" ;;
            error) command="netlang check" status=2 ;;
            sh) command="sh -e" ;;
            *) complain "$at: an example is 'run', 'check' or 'error CODE', not '$kind'"; continue ;;
        esac
        [ "$kind" != run ] || [ -z "$word" ] || cp "$number.net" "$word"
        $command "$number.net" >shown 2>messages </dev/null
        got=$?
        cat shown messages >output
        [ "$got" -eq "$status" ] || complain "$at: status $got, wanted $status"
        [ "$kind" != error ] || grep -q "error $word:" messages || complain "$at: no $word"
        [ ! -e "$number.wanted" ] || diff "$number.wanted" shown >output || complain "$at: prints something else"
    done <list
    cd "$folder" || exit 99
done

# every model and example stands in the list of them
for file in "$NL_SRC"/models/*.net "$NL_SRC"/examples/*.net; do
    grep -q "\`$(basename "$file")\`" "$NL_SRC/doc/models.md" || complain "models.md: no $(basename "$file")"
done

# the program of embedding.md, which the build has taken from there
program=$(dirname "$NETLANG")/tests/doc/embedding
"$program" "$NL_SRC/models/cooperative_1d.net" >output 2>&1 || complain "embedding.md: status $?"
says '2211 samples, the last one '
[ -e ring.npz ] || complain 'embedding.md: no ring.npz'

finish
