libnetlang_la_SOURCES += src/exec/kernels.h src/exec/kernels_choose.c src/exec/reduce.def

# The kernels: the same sources, a convenience library per instruction set.  Their vectors are written out; what the
# compiler would vectorise besides are remainders of a few elements, which only made the objects twice as large.
KERNEL_SOURCES = src/exec/kernels.c src/exec/kernels_draw.c src/exec/kernels.h src/exec/kernel_vector.h
KERNEL_CFLAGS = $(NL_CFLAGS) $(NL_CFLAGS_KERNEL) -fno-tree-vectorize

noinst_LTLIBRARIES += libnl_kernels_baseline.la
libnetlang_la_LIBADD += libnl_kernels_baseline.la
libnl_kernels_baseline_la_SOURCES = $(KERNEL_SOURCES)
libnl_kernels_baseline_la_CPPFLAGS = $(AM_CPPFLAGS) -DNL_ISA=baseline
libnl_kernels_baseline_la_CFLAGS = $(KERNEL_CFLAGS)

if NL_X86
noinst_LTLIBRARIES += libnl_kernels_avx2.la libnl_kernels_avx512.la
libnetlang_la_LIBADD += libnl_kernels_avx2.la libnl_kernels_avx512.la
libnl_kernels_avx2_la_SOURCES = $(KERNEL_SOURCES)
libnl_kernels_avx2_la_CPPFLAGS = $(AM_CPPFLAGS) -DNL_ISA=avx2
libnl_kernels_avx2_la_CFLAGS = $(KERNEL_CFLAGS) $(NL_CFLAGS_AVX2)
libnl_kernels_avx512_la_SOURCES = $(KERNEL_SOURCES)
libnl_kernels_avx512_la_CPPFLAGS = $(AM_CPPFLAGS) -DNL_ISA=avx512
libnl_kernels_avx512_la_CFLAGS = $(KERNEL_CFLAGS) $(NL_CFLAGS_AVX512)
endif
libnetlang_la_SOURCES += \
    src/exec/connect.c src/exec/connect.h src/exec/direct.c src/exec/direct.h \
    src/exec/sim.c src/exec/sim.h src/exec/sim_impl.h \
    src/exec/sim_deliver.c src/exec/sim_event.c src/exec/sim_gate.c src/exec/sim_locate.c src/exec/sim_path.c \
    src/exec/sim_snapshot.c src/exec/sim_state.c src/exec/sim_step.c

libnetlang_la_SOURCES += \
    src/exec/machine.c src/exec/machine.h src/exec/machine_impl.h \
    src/exec/machine_dense.c src/exec/machine_loop.c src/exec/machine_sample.c src/exec/machine_scalar.c \
    src/exec/machine_select.c src/exec/machine_together.c src/exec/store.c
