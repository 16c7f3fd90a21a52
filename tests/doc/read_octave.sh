# The recipes of reading.md for Octave.
. "$NL_SRC/tests/doc/reading.sh"
command -v octave >/dev/null || skip 'no octave'
run_recipes octave octave --no-gui --quiet --norc
