libnetlang_la_SOURCES += \
	src/syntax/ast.c src/syntax/ast.h src/syntax/ast.def \
	src/syntax/build.c src/syntax/build.h \
	src/syntax/format.c \
	src/syntax/layout.c \
	src/syntax/lex.c \
	src/syntax/mark.c src/syntax/mark.h \
	src/syntax/letters.def src/syntax/nfc.c src/syntax/nfc.h \
	src/syntax/parse.c src/syntax/parse.h src/syntax/parser.h \
	src/syntax/place.c \
	src/syntax/print.c src/syntax/print.h \
	src/syntax/report.c \
	src/syntax/token.h
