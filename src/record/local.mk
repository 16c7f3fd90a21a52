libnetlang_la_SOURCES += \
    src/record/table.c src/record/sink.c src/record/sink.h src/record/format.h \
    src/record/sink_hdf5.c src/record/sink_npz.c src/record/sink_csv.c \
    src/record/spool.c src/record/spool.h \
    src/record/result.c src/record/result.h \
    src/record/zip.c src/record/zip.h
