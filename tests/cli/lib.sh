# Helpers of the tests of the command; to be sourced.  $NETLANG is the program, $NL_SRC the source tree.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99

# May be called in a subshell: what counts is the file.
complain() {
    echo "FAIL: $1"
    sed 's/^/    /' output
    echo "$1" >>"$folder/failures"
}

# try STATUS ARGUMENT...: runs the command; its output, both kinds, is in the file output.
try() {
    wanted=$1
    shift
    "$NETLANG" "$@" >output 2>&1 </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || complain "netlang $*: status $got, wanted $wanted"
}

# says TEXT: the last output contains it.
says() {
    grep -qF -e "$1" output || complain "no \"$1\" in:"
}

# is_absent FILE...: nothing was written.
is_absent() {
    for file in "$@"; do
        [ ! -e "$file" ] || complain "$file is there"
    done
}

finish() {
    [ ! -e "$folder/failures" ]
    exit
}
