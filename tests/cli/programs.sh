# The programs of tests/accept are taken; those of tests/reject are refused with the messages that their first lines
# tell, in this order: a later one may follow from an earlier one.  (tests/unit/test_syntax_files has those of the parser.)
. "$NL_SRC/tests/cli/lib.sh"

# The errors of the last output: CODE at LINE:COLUMN.
errors() {
    sed -n 's/^[^ ]*:\([0-9]*:[0-9]*\): error \([A-Z][0-9]*\): .*/\2 at \1/p' output
}

for file in "$NL_SRC"/tests/reject/*.net; do
    name=$(basename "$file")
    case $name in syntax_*) continue ;; esac
    [ -e "$NL_SRC/tests/accept/$name" ] || case $name in *_not_yet.net) ;; *) complain "$name has no partner" ;; esac
    try 2 check "$file"
    sed -n 's/^# expect //p' "$file" >wanted
    [ -s wanted ] || complain "$name does not say what is expected"
    errors | head -n "$(wc -l <wanted)" | cmp -s - wanted || complain "$name has other messages than $(cat wanted)"
done
for file in "$NL_SRC"/tests/accept/*.net; do
    case $(basename "$file") in syntax_*) ;; *) try 0 check "$file" ;; esac
done

finish
