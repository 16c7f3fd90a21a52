# Lexer and parser are generated in the build tree.
nodist_libnetlang_la_SOURCES += \
	grammar/netlang_parse.c grammar/netlang_parse.h \
	grammar/netlang_lex.c
BUILT_SOURCES += grammar/netlang_parse.h
CLEANFILES += grammar/netlang_parse.c grammar/netlang_parse.h grammar/netlang_lex.c
EXTRA_DIST += grammar/netlang.y grammar/netlang.l

grammar/netlang_parse.c: grammar/netlang.y
	@$(MKDIR_P) grammar
	$(AM_V_GEN)$(BISON) -Wall -Werror -o $@ --defines=grammar/netlang_parse.h $(srcdir)/grammar/netlang.y
grammar/netlang_parse.h: grammar/netlang_parse.c
	@test -f $@ || { rm -f grammar/netlang_parse.c; $(MAKE) grammar/netlang_parse.c; }
grammar/netlang_lex.c: grammar/netlang.l
	@$(MKDIR_P) grammar
	$(AM_V_GEN)$(FLEX) -o $@ $(srcdir)/grammar/netlang.l
