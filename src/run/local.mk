libnetlang_la_SOURCES += \
    src/run/batch.c src/run/batch_impl.h \
    src/run/expect.c \
    src/run/explain.c \
    src/run/figures.c \
    src/run/page.c \
    src/run/journal.c \
    src/run/lane.c \
    src/run/outcome.c \
    src/run/protocol.c \
    src/run/rebuild.c \
    src/run/report.c \
    src/run/results.c \
    src/run/run_impl.h \
    src/run/series.c \
    src/run/session.c src/run/session.h \
    src/run/snapshot.c \
    src/run/state.c \
    src/run/tables.c \
    src/run/together.c \
    src/run/trains.c \
    src/run/workers.c
