libnetlang_la_SOURCES += \
	src/ir/lower.c src/ir/lower.h src/ir/lower_impl.h \
	src/ir/lower_delay.c src/ir/lower_flow.c src/ir/lower_method.c
