netlang_SOURCES += \
    src/cli/main.c src/cli/cli.h src/cli/options.c src/cli/host.c \
    src/cli/progress.c src/cli/progress.h src/cli/code.h \
    src/cli/cmd_run.c src/cli/cmd_sweep.c src/cli/cmd_check.c src/cli/cmd_explain.c src/cli/cmd_fmt.c \
    src/cli/cmd_ir.c src/cli/cmd_doc.c src/cli/cmd_new.c src/cli/cmd_plot.c src/cli/cmd_test.c \
    src/cli/doc_rule.c src/cli/doc_rule.h src/cli/skeletons.def
netlang_CPPFLAGS = $(AM_CPPFLAGS) -DNL_BUILD_DIR='"$(abs_top_builddir)"'
