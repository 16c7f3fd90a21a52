libnetlang_la_SOURCES += \
	src/net/conn.c src/net/conn.h \
	src/net/conn_build.c src/net/conn_build.h \
	src/net/conn_given.c \
	src/net/conn_order.c \
	src/net/conn_out.c \
	src/net/conn_random.c \
	src/net/conn_stencil.c \
	src/net/propagate.c src/net/propagate.h \
	src/net/propagate_stencil.c src/net/propagate_stencil.h
