# The programs of tests/accept are taken; those of tests/reject are refused with the messages that their first lines
# tell, in this order: a later one may follow from an earlier one.  Behind `# also` stand other places that are shown.
# Where they tell of a warning, the program is taken with it, and its partner without.  (tests/unit/test_syntax_files has
# those of the parser.)
. "$NL_SRC/tests/cli/lib.sh"

# The messages of this severity in the last output: CODE at LINE:COLUMN.
messages() {
    sed -n "s/^[^ ]*:\\([0-9]*:[0-9]*\\): $1 \\([A-Z][0-9]*\\): .*/\\2 at \\1/p" output
}

for file in "$NL_SRC"/tests/reject/*.net; do
    name=$(basename "$file")
    case $name in syntax_*) continue ;; esac
    [ -e "$NL_SRC/tests/accept/$name" ] || case $name in *_not_yet.net) ;; *) complain "$name has no partner" ;; esac
    sed -n 's/^# expect //p' "$file" >wanted
    [ -s wanted ] || complain "$name does not say what is expected"
    case $(cat wanted) in
        W*) severity=warning status=0 ;;
        *) severity=error status=2 ;;
    esac
    try $status check "$file"
    sed -n 's/^# also //p' "$file" | while read -r place; do
        grep -q ":$place: note: " output || complain "$name does not show $place"
    done
    messages $severity | head -n "$(wc -l <wanted)" | cmp -s - wanted || complain "$name has other messages than $(cat wanted)"
done
for file in "$NL_SRC"/tests/accept/*.net; do
    name=$(basename "$file")
    case $name in syntax_*) continue ;; esac
    try 0 check "$file"
    for code in $(cat "$NL_SRC/tests/reject/$name" 2>/dev/null | sed -n "s/^# expect \\(W[0-9]*\\) .*/\\1/p"); do
        grep -q " $code: " output && complain "$name has $code"
    done
done

finish
