# The recipes of reading.md for Python with pandas.
. "$NL_SRC/tests/doc/reading.sh"
read_with_python pandas
