libnetlang_la_SOURCES += \
    src/base/arena.c src/base/arena.h \
    src/base/diag.c src/base/diag.h src/base/diag.def \
    src/base/diag_body.def src/base/diag_check.def src/base/diag_method.def src/base/diag_net.def \
    src/base/diag_run.def src/base/diag_syntax.def src/base/diag_value.def \
    src/base/source.c src/base/source.h \
    src/base/text.c src/base/text.h
