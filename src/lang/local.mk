libnetlang_la_SOURCES += \
    src/lang/dim.c src/lang/dim.h \
    src/lang/expr.c src/lang/expr.h \
    src/lang/func.c src/lang/func_impl.h src/lang/funcs.def \
    src/lang/func_array.c src/lang/func_draw.c src/lang/func_linear.c src/lang/func_load.c \
    src/lang/func_reduce.c src/lang/func_signal.c src/lang/func_stat.c src/lang/func_train.c src/lang/func_spectrum.c \
    src/lang/keyword.c src/lang/keyword.h src/lang/keywords.def \
    src/lang/load_hdf5.c src/lang/load_impl.h src/lang/load_npy.c src/lang/load_text.c \
    src/lang/op.c src/lang/op.h src/lang/op_words.h src/lang/ops.def \
    src/lang/exp.c src/lang/exp_words.h \
    src/lang/blas.c src/lang/blas.h \
    src/lang/scheme.c src/lang/scheme.h src/lang/scheme.def \
    src/lang/draw_words.h src/lang/random.c src/lang/random.h \
    src/lang/plot.c src/lang/plot.h src/lang/plots.def \
    src/lang/root.c src/lang/root.h \
    src/lang/unit.c src/lang/unit.h src/lang/units.def \
    src/lang/value.c src/lang/value.h src/lang/value_impl.h \
    src/lang/value_index.c src/lang/value_ops.c src/lang/value_product.c src/lang/value_show.c \
    src/lang/value_time.c src/lang/value_train.c
