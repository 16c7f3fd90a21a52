libnetlang_la_SOURCES += \
    src/ir/lower.c src/ir/lower.h src/ir/lower_impl.h \
    src/ir/lower_delay.c src/ir/lower_event.c src/ir/lower_flow.c src/ir/lower_lazy.c src/ir/lower_method.c \
    src/ir/lower_noise.c

libnetlang_la_SOURCES += \
    src/ir/program.c src/ir/program.h src/ir/plan.h \
    src/ir/pass_simplify.c src/ir/pass_hoist.c src/ir/pass_levels.c src/ir/pass_emit.c \
    src/ir/pass_pairs.c src/ir/pass_fuse.c src/ir/pass_schedule.c src/ir/pass_stores.c src/ir/pass_keep.c \
    src/ir/pass_registers.c src/ir/pass_storage.c \
    src/ir/verify.c src/ir/print.c
