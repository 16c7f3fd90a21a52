# Unit tests: add the name of the program; its source is the file of the same name with .c.
UNIT_TESTS = \
    tests/unit/test_base \
    tests/unit/test_conn \
    tests/unit/test_dim \
    tests/unit/test_kernels \
    tests/unit/test_ops \
    tests/unit/test_propagate \
    tests/unit/test_random \
    tests/unit/test_sink \
    tests/unit/test_unit \
    tests/unit/test_value

# Shell tests: of the source tree, and of the command.
SHELL_TESTS = \
    tests/layers.sh \
    tests/cli/doc.sh \
    tests/cli/fmt.sh \
    tests/cli/interrupt.sh \
    tests/cli/options.sh \
    tests/cli/run.sh

check_PROGRAMS += $(NL_UNIT_TESTS)
TESTS += $(NL_UNIT_TESTS) $(SHELL_TESTS)
if HAVE_CMOCKA
NL_UNIT_TESTS = $(UNIT_TESTS)
else
NL_UNIT_TESTS =
endif
LDADD = libnetlang_all.la $(NL_LIBS) $(CMOCKA_LIBS)

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
    NETLANG='$(abs_top_builddir)/netlang'; export NETLANG; \
    NETLANG_STDLIB='$(abs_top_srcdir)/stdlib'; export NETLANG_STDLIB; \
    NL_SRC='$(abs_top_srcdir)'; export NL_SRC;

# Programs and expectations are data: whole folders.
EXTRA_DIST += $(SHELL_TESTS) tests/cli/lib.sh \
    $(wildcard $(addprefix $(srcdir)/tests/,accept fuzz golden golden-data limits reject run support))
