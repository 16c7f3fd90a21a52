# Figures: what is written, and what is said when they cannot be drawn.  The program gnuplot is stood in for where the
# test is about what it is given or how it fails.
. "$NL_SRC/tests/cli/lib.sh"

cat >model.net <<'END'
simulation { dt = 0.1 ms; method = exact; seed = 3 }
population E[7] {
  state v = uniform(0 mV, 20 mV)
  20 ms * v' = 25 mV - v
  spike when v > 20 mV { v = 0 mV }
}
record E.spikes
record v = E.v every 1 ms
run 100 ms
let m = mean(v, axis = 1), s = std(v, axis = 1)
figure "it's a figure" columns 2 {
  plot raster(E)
  plot lines(m, band = s, hline = 20 mV, labels = "mean_of v")
  for k in 0 .. 2 { plot lines(v[:, k], title = "neuron {k}") }
  plot histogram(isi(E), bins = 11)
  plot image(v, ylabel = "neuron")
}
plot scatter(v[:, 1], x = v[:, 0], marker = "x")
plot scatter(v[:, 1], x = v[:, 0])
plot bars([1.5, nan, 3], log = "y")
END

mkdir bin
PATH_BEFORE=$PATH
# fake BODY: a gnuplot of this body
fake() {
    printf '#!/bin/sh\n%s\n' "$1" >bin/gnuplot
    chmod +x bin/gnuplot
    PATH=$folder/bin:$PATH_BEFORE
}

# what is written, with and without the script
fake 'for last; do :; done; sed -n "s/^set output .\(.*\).$/\1/p" "$last" | while read -r f; do echo picture >"$f"; done'
try 0 run model.net --figures out
for name in model-it-s-a-figure model-scatter-v-1 model-scatter-v-1-2 model-bars-1.5-nan-3; do
    says "drawn: out/$name.png"
    [ -s "out/$name.png" ] || complain "no $name.png"
done
is_absent out/*.gp out/*.dat
try 0 run model.net --figures out --figure-format svg --keep-plot-data --quiet
[ -s output ] && complain 'a quiet run prints:'
for suffix in svg gp dat; do [ -s "out/model-it-s-a-figure.$suffix" ] || complain "no .$suffix"; done
cp out/model-it-s-a-figure.gp output
says "set multiplot layout 3,2 title 'it''s a figure' noenhanced"
says "set ylabel 'm (mV)' noenhanced"
says "set xlabel 'time (ms)' noenhanced"
says "title 'mean_of v'"
says "set title 'neuron 1' noenhanced"
says "set ylabel 'v[:, k] (mV)' noenhanced"
says 'graph 0, first 20 to graph 1, first 20 nohead'
cp -r out before
try 0 run model.net --figures out --figure-format svg --keep-plot-data
diff -r before out >output || complain 'the same figures are other files'
try 0 run model.net
is_absent model-*

# what cannot be drawn costs nothing else
fake 'echo "\"$2\" line 7: undefined variable: x" >&2; exit 1'
try 0 run model.net --figures failed -o r.npz
says 'warning W0602: this figure is not drawn: gnuplot says: '
says 'line 7: undefined variable: x'
[ -s r.npz ] || complain 'no results'
is_absent failed/*
PATH=$folder/nothing
try() { # without a PATH
    wanted=$1
    shift
    "$NETLANG" "$@" >"$folder/output" 2>&1 </dev/null
    got=$?
    PATH=$PATH_BEFORE
    [ "$got" -eq "$wanted" ] || complain "netlang $*: status $got, wanted $wanted"
}
try 0 run model.net --figures none
says 'no figures are drawn: gnuplot is not installed'
[ "$(grep -c W0602 output)" -eq 1 ] || complain 'the absence of gnuplot is said several times'

PATH=$PATH_BEFORE
try 2 run model.net --figures out --figure-format jpg
says 'png, svg and pdf'
: >file
try 3 run model.net --figures file/out
says 'cannot write figures into `file/out`'
cat >empty.net <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 1.5
x' = -x
record xs = x
run 1
plot lines(-xs, log = "y")
plot lines([nan, nan])
plot lines([2.5])
END
try 0 run empty.net --figures out
[ "$(grep -c 'W0602: this plot is empty' output)" -eq 2 ] || complain 'empty plots are announced otherwise'

# the page about a run
fake 'for last; do :; done; sed -n "s/^set output .\(.*\).$/\1/p" "$last" |
    while read -r f; do printf "<?xml?>\n<svg id=\"gnuplot_canvas\"><title>t</title><desc>d</desc><a href=\"#gpPt0\"/></svg>\n" >"$f"; done'
cat >page.net <<'END'
## What a <page> tells.
param k = 2.5 ms    ## a time
simulation { dt = 0.1 ms; method = rk4; seed = 4 }
population E[7] { state v = 3 mV; k * v' = -v }
projection E -> E via offsets([1], boundary = "wrap") {}
record v = E.v
run 5 ms
let last = v[-1, 0]
print "last {last:.4f}"
expect last < 1 mV
expect last < 0 mV
plot lines(v)
END
try 1 run page.net --report page.html
cp page.html output
for text in 'What a &lt;page&gt; tells.' '<svg id="f0-gnuplot_canvas"><a href="#f0-gpPt0"/></svg>' 'last 0.4060 mV' \
    '<td class="ok">met</td><td><code>last &lt; 1 mV</code>' '<td class="failed">failed</td><td><code>last &lt; 0 mV</code>' \
    '<td>k</td><td>2.5 ms</td><td>a time</td>' '<td>last</td>' '<td class="n">7</td>' '<span class="k">population</span> E[' \
    '<span class="u">3 mV</span>' 'seed 4' '50 steps' 'an expectation failed'; do
    says "$text"
done
is_absent ./*.part-* page-*
echo 'let x = nope' >wrong.net
try 2 run wrong.net --report wrong.html
try 3 run page.net --report nowhere/page.html
says 'cannot write `nowhere/page.html`'
fake 'exit 1'
try 1 run page.net --report none.html
says 'this figure is not on the page'
grep -q '<h2>Model' none.html || complain 'no page without figures'
is_absent wrong.html
PATH=$PATH_BEFORE

# from a file of results
if "$NETLANG" version | grep -q '\.h5'; then
    fake 'for last; do :; done; sed -n "s/^set output .\(.*\).$/\1/p" "$last" | while read -r f; do echo picture >"$f"; done'
    try 0 run model.net -o r.h5
    try 0 plot r.h5
    says 'r.h5, results of model.net'
    says 'v                    a series [101, 7] in mV: E.v'
    says 'm                    an array [101] in mV'
    says 'spikes of 7 neurons'
    try 0 plot r.h5 E.spikes v m --figures again --keep-plot-data
    for name in E.spikes v m; do [ -s "again/r-$name.png" ] || complain "no picture of $name"; done
    cp again/r-v.gp output
    says "set ylabel 'v (mV)' noenhanced"
    says "set xlabel 'time (ms)' noenhanced"
    try 0 run model.net --figures again --keep-plot-data
    cmp again/model-it-s-a-figure.dat out/model-it-s-a-figure.dat >output || complain 'other values'
    try 2 plot r.h5 E.spkes
    says 'did you mean `E.spikes`?'
    try 2 plot model.net
    try 2 plot r.h5 v --figure-format jpg
    PATH=$PATH_BEFORE
fi

# values that only the run can tell
cat >late.net <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 1.5
x' = -x
record xs = x
run 1
plot lines(xs, yrange = [xs[0], xs[-1]])
plot lines(xs[:3], x = xs[time_slice(xs, 0, 1) > 1])
plot lines(xs)
print "still here"
END
try 0 run late.net --figures late
says 'warning W0602: this plot is not drawn: the first number of `yrange` is the smaller one'
says 'still here'
[ "$(grep -c W0602 output)" -ge 2 ] || complain 'a plot of wrong shape is not announced'

# what is odd: silence, no rows, one row, one value, nan and inf, all alike, very large and very small
cat >hard.net <<'END'
simulation { dt = 0.1 ms; method = exact; seed = 1 }
population E[3] {
  state v = 1 mV
  20 ms * v' = -v
  spike when v > 20 mV { v = 0 mV }
}
population One { state w = 1 mV decays 5 ms; spike when w > 2 mV }
record E.spikes
record One.spikes
record v = E.v every 1 ms
record late = E.v every 1 ms from 50 ms
record b = E.v[0] > 0.5 mV
run 20 ms
let none = zeros(0)
figure "hard" columns 4 {
  plot raster(E, title = "silent")
  plot raster(One)
  plot lines(late)
  plot lines(v[0:1], title = "one row")
  plot lines(b * 1)
  plot lines(b)
  plot lines(none)
  plot image(v[0:1])
  plot image([[2.5]])
  plot image([[nan, 1], [inf, 3]])
  plot image([[nan, nan], [nan, nan]])
  plot histogram(none)
  plot histogram([2.5, 2.5])
  plot histogram([1, 10, 100, 1000, nan, -3], log = "xy", bins = 7)
  plot lines([1e300, 1e-300, -1e300])
  plot lines([1, inf, 3])
  plot lines([1, 10, 100], x = [1, 10, 100], log = "xy", hline = -1, vline = [20, nan])
  plot lines([1, 1, 1])
  plot lines([1e-320, 1])
  plot lines([1 MOhm, 2 MOhm], ylabel = "ä 'quoted' $x `ls` %d ^2")
  plot lines([1, 2], xrange = [5, 7])
  plot scatter([1, 2], labels = "x")
  plot raster([1, 2, 5] ms)
  plot bars([1, -2, 3], title = "t", labels = "l")
  plot lines([1, 2, 3], band = [0.5, nan, 1e9], yrange = [0, 5])
  plot image([[1, 2], [3, 4]], range = [0, 2], colorbar = false, hline = 0.5, vline = [0, 1])
  plot lines(v[:, 0], v[:, 1] / 2, v[:, 2] / 3, labels = ["a very long label for the first one", "b with more and more words", "and c as well is quite long"], title = "three")
}
END
fake 'exit 0'
try 0 run hard.net --figures hard --keep-plot-data
[ "$(grep -c 'this plot is empty' output)" -eq 6 ] || complain 'other plots are empty'
# every block that the script calls has lines
gaps=$(awk '/^$/ { empty++ } /./ { if (empty > 1) n++; empty = 0 } END { print n + 1 }' hard/hard-hard.dat)
called=$(grep -o 'index [0-9]*' hard/hard-hard.gp | sort -u | wc -l)
last=$(grep -o 'index [0-9]*' hard/hard-hard.gp | sed 's/index //' | sort -n | tail -n 1)
echo "$gaps blocks, $called called, the last one $last" >output
[ "$gaps" -eq "$((last + 1))" ] || complain 'blocks of values and their numbers differ'
PATH=$PATH_BEFORE

# with the program itself
if command -v gnuplot >/dev/null; then
    for format in png svg pdf; do
        try 0 run model.net --figures real --figure-format "$format"
        grep -q W0602 output && complain "$format"
        mkdir "$format"
        cp real/*."$format" "$format"
        try 0 run model.net --figures real --figure-format "$format"
        for file in "$format"/*; do cmp -s "$file" "real/${file##*/}" || complain "$file differs from run to run"; done
    done
    [ "$(ls png svg pdf | grep -c model)" -eq 12 ] || complain 'there are not twelve pictures'
    try 0 run empty.net --figures real
    try 0 run hard.net --figures real
    says 'drawn: real/hard-hard.png'
    for name in lorenz nmda ring_attractor tsodyks_markram; do
        try 0 run "$NL_SRC/examples/$name.net" --figures real
        says "drawn: real/$name-"
        grep -q W0602 output && complain "$name"
    done
fi

finish
