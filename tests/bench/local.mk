# The floors are plain C for the machine at hand, whatever netlang itself is built for.
EXTRA_PROGRAMS += tests/bench/run
CLEANFILES += tests/bench/run$(EXEEXT)
tests_bench_run_SOURCES = tests/bench/run.c tests/bench/floor.h tests/bench/floor_cooperative.c \
    tests/bench/floor_ode.c tests/bench/floor_rate.c tests/bench/floor_spiking.h tests/bench/floor_spiking.c \
    tests/bench/floor_lif.c tests/bench/floor_cobahh.c tests/bench/floor_stdp.c tests/bench/floor_attractor.h \
    tests/bench/floor_attractor.c tests/bench/floor_microcircuit.c
tests_bench_run_CFLAGS = -O3 -march=native
tests_bench_run_LDFLAGS =
tests_bench_run_LDADD = $(OPENBLAS_LIBS) $(NL_LIBS)
EXTRA_DIST += $(wildcard $(srcdir)/tests/bench/*.net $(srcdir)/tests/bench/*.ode $(srcdir)/tests/bench/*.py)

bench: all tests/bench/run$(EXEEXT)
	NETLANG='$(abs_top_builddir)/netlang' NETLANG_STDLIB='$(abs_top_srcdir)/stdlib' NL_SRC='$(abs_top_srcdir)' \
	    tests/bench/run$(EXEEXT) $(BENCH)
