# The recipes of reading.md, to be sourced: run_recipes LANGUAGE INTERPRETER... runs those of a language, one after the other,
# where its models have been run.  Exit status 77, a test that is skipped, where there is no interpreter.
. "$NL_SRC/tests/cli/lib.sh"

# Models and lines for the shell, then the recipes: files NUMBER.net, NUMBER.sh and NUMBER.recipe in their order.
part() {
    awk -v language="$1" '
        /^```net run /       { file = $3; printf "" > file; next }
        /^```sh run$/        { file = "lines.sh"; next }
        $0 == "```" language { file = sprintf("%02d.recipe", ++number); printf "" > file; next }
        /^```/               { file = ""; next }
        file != ""           { print > file }
    ' "$NL_SRC/doc/reading.md"
}

run_recipes() {
    part "$1"
    shift
    mkdir bin
    ln -s "$NETLANG" bin/netlang
    PATH=$folder/bin:$PATH sh -e lines.sh >output 2>&1 || complain "reading.md: the models do not run"
    recipes=0
    for recipe in *.recipe; do
        [ -e "$recipe" ] || break
        recipes=$((recipes + 1))
        "$@" "$recipe" >output 2>&1 </dev/null || complain "reading.md: $recipe fails"
    done
    [ "$recipes" -gt 0 ] || complain 'reading.md: no recipes'
    finish
}

skip() {
    echo "SKIP: $1"
    exit 77
}

# The first Python that has a module: PYTHON of the environment, then those of the system.
python_with() {
    for python in ${PYTHON-} python3 /usr/bin/python3; do
        if "$python" -c "import $1" >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
}

read_with_python() {
    python=$(python_with "$1")
    [ -n "$python" ] || skip "no Python with the module $1"
    run_recipes "py $1" "$python"
}
