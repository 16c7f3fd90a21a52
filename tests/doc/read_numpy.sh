# The recipes of reading.md for Python with numpy.
. "$NL_SRC/tests/doc/reading.sh"
read_with_python numpy
