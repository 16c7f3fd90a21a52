# Macros of netlang's configure.ac.

# NL_NEED_PROG(VARIABLE, PROGRAM, LEAST VERSION): a program without which nothing can be built.
AC_DEFUN([NL_NEED_PROG],
[AC_PATH_PROG([$1], [$2], [no])
AS_IF([test "x$$1" = xno], [AC_MSG_ERROR([$2 is missing; it is needed to build netlang (Debian: apt-get install $2)])])
nl_version=`$$1 --version | $SED -n '1s/^[[^0-9]]*\([[0-9.]]*\).*/\1/p'`
AS_VERSION_COMPARE([$nl_version], [$3],
    [AC_MSG_ERROR([$2 $nl_version is too old; netlang needs $3 or newer])])])

# NL_CHECK_CFLAGS(VARIABLE, FLAGS): sets VARIABLE to those of FLAGS that the compiler takes; all or, failing that, one by one.
AC_DEFUN([NL_CHECK_CFLAGS],
[AC_MSG_CHECKING([which of "$2" $CC accepts])
nl_saved_CFLAGS=$CFLAGS
$1=""
for nl_flag in $2; do
    CFLAGS="$nl_saved_CFLAGS $$1 $nl_flag -Werror"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int nl_probe; ]])], [$1="$$1 $nl_flag"])
done
CFLAGS=$nl_saved_CFLAGS
AC_MSG_RESULT([$$1])])

# NL_LIB_FIND(NAME, PKG-CONFIG NAMES, LIBRARY, HEADERS, FUNCTION): sets nl_have_NAME, NAME_CFLAGS, NAME_LIBS.
AC_DEFUN([NL_LIB_FIND],
[AC_ARG_VAR([$1_CFLAGS], [compiler flags for $3])
AC_ARG_VAR([$1_LIBS], [linker flags for $3])
AC_MSG_CHECKING([for $3])
nl_have_$1=no
AS_IF([test -z "$$1_LIBS"],
    [for nl_name in $2; do
        AS_IF([test -n "$PKG_CONFIG" && $PKG_CONFIG --exists $nl_name 2>/dev/null],
            [$1_CFLAGS=`$PKG_CONFIG --cflags $nl_name`
             $1_LIBS=`$PKG_CONFIG --libs $nl_name`
             break])
    done])
AS_IF([test -z "$$1_LIBS"], [$1_LIBS="-l$3"])
nl_saved_CPPFLAGS=$CPPFLAGS
nl_saved_LIBS=$LIBS
CPPFLAGS="$CPPFLAGS $$1_CFLAGS"
LIBS="$$1_LIBS $LIBS -lm"
nl_headers=""
for nl_header in $4; do
    nl_headers="$nl_headers
@%:@include <$nl_header>"
done
AC_LINK_IFELSE([AC_LANG_SOURCE([$nl_headers
int main(void) { return (void *)&$5 == (void *)0; }])],
    [nl_have_$1=yes], [$1_CFLAGS=""; $1_LIBS=""])
CPPFLAGS=$nl_saved_CPPFLAGS
LIBS=$nl_saved_LIBS
AC_MSG_RESULT([$nl_have_$1])])

# NL_LIB_OPTIONAL(NAME, PKG-CONFIG NAMES, LIBRARY, HEADERS, FUNCTION): --without-LIBRARY leaves it out; defines NL_HAVE_NAME.
AC_DEFUN([NL_LIB_OPTIONAL],
[AC_ARG_WITH([$3], [AS_HELP_STRING([--without-$3], [build without $3 even if it is there])], [], [with_$3=yes])
AS_IF([test "x$with_$3" = xno], [nl_have_$1=no], [NL_LIB_FIND([$1], [$2], [$3], [$4], [$5])])
AS_IF([test "x$nl_have_$1" = xyes], [AC_DEFINE([NL_HAVE_$1], [1], [$3 is present.])])])

# NL_LIB_REQUIRED(NAME, PKG-CONFIG NAMES, LIBRARY, HEADERS, FUNCTION, DESCRIPTION)
AC_DEFUN([NL_LIB_REQUIRED],
[NL_LIB_FIND([$1], [$2], [$3], [$4], [$5])
AS_IF([test "x$nl_have_$1" = xno], [AC_MSG_ERROR([cannot find $6; netlang needs it])])])

# NL_HEADER_REQUIRED(HEADER, DESCRIPTION)
AC_DEFUN([NL_HEADER_REQUIRED],
[AC_CHECK_HEADER([$1], [], [AC_MSG_ERROR([cannot find $2; netlang needs them])])])

# NL_SUMMARY: what was found, and what each absence costs.
AC_DEFUN([NL_SUMMARY],
[nl_row() {
    AS_IF([test "x$[]2" = xyes], [printf '    %-10s yes\n' "$[]1"], [printf '    %-10s no: %s\n' "$[]1" "$[]3"])
}
AM_COND_IF([NL_X86], [nl_isa="baseline, AVX2, AVX-512 (chosen at start)"], [nl_isa="baseline"])
echo
echo "netlang $PACKAGE_VERSION is configured:"
echo "    compiler   $CC$NL_CFLAGS $CFLAGS"
echo "    kernels   $NL_CFLAGS_KERNEL; $nl_isa"
echo "    prefix     $prefix"
nl_row GSL yes
nl_row Random123 yes
nl_row HDF5 $nl_have_HDF5 "no .h5 results or inputs; .npz and .csv work"
nl_row SLEEF $nl_have_SLEEF "exp, tanh and others come from libm: slower, and results depend on its version"
nl_row OpenBLAS $nl_have_OPENBLAS "dense matrices use GSL's CBLAS: correct, but several times slower"
nl_row gnuplot $nl_have_gnuplot "figures are not drawn until it is installed (Debian: gnuplot-nox)"
nl_row cmocka $nl_have_CMOCKA "make check runs the tests of the command only, no unit tests"
AS_IF([test "x$enable_dev" = xyes], [echo "    developer's build: sanitizers, -Werror, chunks of 7; not for measuring speed"])
echo
echo "Now: make, make check, make install."])
