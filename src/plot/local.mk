libnetlang_la_SOURCES += \
    src/plot/figure.c src/plot/figure.h \
    src/plot/panel.h \
    src/plot/axis.c src/plot/style.c \
    src/plot/curves.c src/plot/histogram.c src/plot/image.c src/plot/raster.c \
    src/plot/gnuplot.c
