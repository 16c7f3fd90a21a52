# The recipes of reading.md for Python with h5py.
. "$NL_SRC/tests/doc/reading.sh"
read_with_python h5py
