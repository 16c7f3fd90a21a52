libnetlang_la_SOURCES += \
    src/lang/dim.c src/lang/dim.h \
    src/lang/expr.c src/lang/expr.h \
    src/lang/keyword.c src/lang/keyword.h src/lang/keywords.def \
    src/lang/op.c src/lang/op.h src/lang/op_words.h src/lang/ops.def \
    src/lang/random.c src/lang/random.h \
    src/lang/unit.c src/lang/unit.h src/lang/units.def \
    src/lang/value.c src/lang/value.h src/lang/value_impl.h \
    src/lang/value_index.c src/lang/value_ops.c src/lang/value_product.c src/lang/value_show.c src/lang/value_time.c
