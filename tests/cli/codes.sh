# The examples of `netlang explain CODE`: the wrong one has this message, found by `check` or at the latest by `run`; the
# right one has none and can be run.
. "$NL_SRC/tests/cli/lib.sh"

# What comes from the command line, the files or the moment has no text that provokes it; nor have nestings 256 deep, and
# what is not there yet has no remedy.
without_example='E0114 E0601 E0606 E0607 R0005 R0006 W0602 W0604 W0605'
without_remedy='E0206 E0312'

# example TITLE: the block of this title in the file explained.
example() {
    sed -n "/^$1:/,/^[a-z]*:/p" explained | sed -n 's/^    //p'
}

is_in() {
    case " $2 " in *" $1 "*) return 0 ;; esac
    return 1
}

provoke() {
    example wrong >wrong.net
    for command in check run; do
        "$NETLANG" "$command" wrong.net >output 2>&1 </dev/null
        grep -q " $1: " output && return
    done
    complain "the wrong example of $1 does not have it"
}

pass() {
    example right >right.net
    for command in check run; do
        try 0 "$command" right.net
        grep -q " $1: \| error " output && complain "the right example of $1 is wrong"
    done
}

"$NETLANG" doc >all
codes=$(sed -n 's/^    //p' all | tr -s ' ' '\n' | grep '^[ERW][0-9][0-9][0-9][0-9]$')
[ "$(echo "$codes" | wc -l)" -gt 50 ] || complain 'doc lists no codes'
for code in $codes; do
    "$NETLANG" explain "$code" >explained
    if is_in "$code" "$without_example"; then
        grep -q '^wrong:' explained && complain "$code has an example, but is listed as one without"
        continue
    fi
    provoke "$code"
    is_in "$code" "$without_remedy" || pass "$code"
done

finish
