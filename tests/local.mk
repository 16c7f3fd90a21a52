# Unit tests: add the name of the program; its source is the file of the same name with .c.
UNIT_TESTS = \
    tests/unit/test_base \
    tests/unit/test_body \
    tests/unit/test_conn \
    tests/unit/test_dim \
    tests/unit/test_embed \
    tests/unit/test_eval \
    tests/unit/test_event \
    tests/unit/test_func \
    tests/unit/test_kernels \
    tests/unit/test_lanes \
    tests/unit/test_load \
    tests/unit/test_machine \
    tests/unit/test_ops \
    tests/unit/test_parse \
    tests/unit/test_print \
    tests/unit/test_program \
    tests/unit/test_propagate \
    tests/unit/test_random \
    tests/unit/test_session \
    tests/unit/test_sink \
    tests/unit/test_syntax_files \
    tests/unit/test_train \
    tests/unit/test_unit \
    tests/unit/test_value

# Shell tests: of the source tree, and of the command.
SHELL_TESTS = \
    tests/layers.sh \
    tests/cli/codes.sh \
    tests/cli/doc.sh \
    tests/cli/explain.sh \
    tests/cli/figures.sh \
    tests/cli/fmt.sh \
    tests/cli/interrupt.sh \
    tests/cli/new.sh \
    tests/cli/options.sh \
    tests/cli/programs.sh \
    tests/cli/run.sh \
    tests/cli/use.sh

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

# Programs and expectations are data.  Files, not folders: `make dist` would take what is built in a folder along.
EXTRA_DIST += $(SHELL_TESTS) tests/cli/lib.sh \
    $(shell cd $(srcdir)/tests && find accept fuzz golden golden-data library limits reject support -type f \
        ! -name '*.log' ! -name '*.trs' ! -name '*.o' ! -name .dirstamp | sed 's|^|tests/|')

# Models: against closed solutions and the arrays of tests/golden-data.
RUN_TESTS = \
    tests/run/test_attractor \
    tests/run/test_autoencoder \
    tests/run/test_balanced \
    tests/run/test_by_pre \
    tests/run/test_cooperative \
    tests/run/test_delay \
    tests/run/test_delays_of_spikes \
    tests/run/test_dense \
    tests/run/test_derived \
    tests/run/test_gate \
    tests/run/test_location \
    tests/run/test_microcircuit \
    tests/run/test_noise tests/run/test_order \
    tests/run/test_pathways \
    tests/run/test_records \
    tests/run/test_same_bits \
    tests/run/test_single \
    tests/run/test_spikes \
    tests/run/test_trains
LONG_TESTS = tests/run/test_attractor_full tests/run/test_balanced_full tests/run/test_cooperative_full
RUN_SHELL_TESTS = \
    tests/doc/examples.sh \
    tests/doc/read_h5py.sh \
    tests/doc/read_numpy.sh \
    tests/doc/read_octave.sh \
    tests/doc/read_pandas.sh \
    tests/limits/limits.sh \
    tests/run/bad_input.sh \
    tests/run/circuits.sh \
    tests/run/events.sh \
    tests/run/library.sh \
    tests/run/snapshots.sh \
    tests/run/points.sh \
    tests/run/sweep.sh \
    tests/run/examples.sh \
    tests/run/not_finite.sh

if HAVE_CMOCKA
check_PROGRAMS += $(RUN_TESTS)
TESTS += $(RUN_TESTS)
EXTRA_PROGRAMS += $(LONG_TESTS)
endif
TESTS += $(RUN_SHELL_TESTS)
EXTRA_DIST += $(RUN_SHELL_TESTS) tests/doc/reading.sh

# Models of their published size: some minutes.
check-long: $(LONG_TESTS)
	$(AM_TESTS_ENVIRONMENT) set -e; for test in $(LONG_TESTS); do $$test; done
.PHONY: check-long

# The program in doc/embedding.md.
check_PROGRAMS += tests/doc/embedding
nodist_tests_doc_embedding_SOURCES = tests/doc/embedding.c
CLEANFILES += tests/doc/embedding.c
tests/doc/embedding.c: doc/embedding.md
	@$(MKDIR_P) tests/doc
	$(AM_V_GEN)$(AWK) '/^```c$$/ { inside = 1; next } /^```/ { inside = 0 } inside' $< >$@
