# Circuits: instances do what copies written by hand do, to the last bit; parameters of instances, random streams,
# families of instances and circuits in circuits; results in files; another model as a circuit.
. "$NL_SRC/tests/cli/lib.sh"

# run FILE ARGUMENT...: its output is in FILE.out.
run() {
    "$NETLANG" run "$@" >"$1.out" 2>output </dev/null || complain "$* fails"
}
same() {
    cmp -s "$1.out" "$2.out" || { cat "$1.out" "$2.out" >output; complain "$1 and $2 differ"; }
}
differ() {
    cmp -s "$1.out" "$2.out" && complain "$1 and $2 are the same"
}

# --- copies: @ stands before the names that belong to an instance ---

cat >body.txt <<'END'
  param @leak = 0.31, @w_max = @gain / 7
  let (@lo, @hi) = [[0.1, 0.2], [0.3, 0.45]]
  let @starts = linspace(@lo[0], @hi[1], @n), @half = @gain / 2
  solve @root in (0, 4) : @root^2 = @half
  function @curve(x) = bend(x * @half) + @leak
  state @clock = 0.13
  @tau * @clock' = -@clock + drive * scale
  every 1.3 { @clock = @clock * 0.97 }
  event @tick when @clock crosses above 0.8
  for k in 0 .. 2 {
    param @boost(k) = 0.2 + 0.1 * k * @leak
    let @other = 0.05 * (k + @boost(k))
    population @P(k)[@n + k] {
      input s
      state v = @starts[min(i, @n - 1)]
      let r = @curve(v) + @boost(k) + @other
      @tau * v' = -v * @leak + s + @clock
      spike when v > 1.1 + 0.01 * i { v = 0.02 * i }
    }
  }
  population @Q[@n] { state g = 0 decays 3.1 }
  projection @F : @P(0) -> @P(1) via all_to_all { post.s += @w_max / N_pre * pre.r }
  projection @Z : @P(0) -> @Q via offsets([-1, 1], boundary = "wrap") {
    state m = 1
    delay 0.7
    on pre { post.g += 0.21 * m; m = 0.9 * m }
  }
  if @deep {
    population @D { state y = 0.5; next y = 0.9 * y + 0.01 * @half * @root }
  }
  let @first = @P(0)[0:2]
END
cat >head.txt <<'END'
simulation { dt = 0.1; method = rk4 }
param drive = 1.37, scale = 0.9
function bend(x) = x / (1 + abs(x))
END
cat >rest.txt <<'END'
projection X : A.P(1)[0:4] -> B.P(0) via one_to_one { post.s += 0.11 * pre.v * A.leak }
record a = A.P(1).v
record b = B.P(0).v
record A.P(0).spikes
record B.first.v
record A.clock
record A.tick
record c = A.curve(B.P(1).v[2]) + A.P(0).r[0] + A.half
run 20
set A.leak = 0.27
set drive = 1.91
set B.P(1).v = i / N
set A.clock = 0.77
set B.boost(0) = 0.263
run until B.clock > 1.6, at most 30
reset A.P(0)
run 10
print "{sum(a):.17g} {sum(b):.17g} {sum(c):.17g} {sum(B.first.v):.17g} {A.clock:.17g} {B.clock:.17g} {t:.17g}"
print "{sum(A.Q.g):.17g} {sum(B.Q.g):.17g} {A.D.y:.17g} {sum(A.Z.m):.17g} {sum(B.Z.m):.17g} {len(times(A.tick))}"
print "{count(A.P(0).spikes)} {A.first.N} {A.hi} {B.w_max:.17g} {sum(A.P(0 .. 2).v):.17g} {A.boost(1)} {B.root:.17g}"
END
(cat head.txt
 echo 'circuit column(n, tau, gain = 2 * tau, deep = false) {'; sed 's/@//g' body.txt; echo '}'
 echo 'circuit A = column(3, tau = 7.3, deep = scale < 1)'
 echo 'circuit B = column(4, 5.1, gain = 1.9 * drive)'
 cat rest.txt) >circuit.net
(cat head.txt
 echo 'param A_n = 3, A_tau = 7.3, A_gain = 2 * A_tau, A_deep = scale < 1'; sed 's/@/A_/g' body.txt
 echo 'param B_n = 4, B_tau = 5.1, B_gain = 1.9 * drive, B_deep = false'; sed 's/@/B_/g' body.txt
 sed 's/\([AB]\)\./\1_/g' rest.txt) >copies.net
run circuit.net
run copies.net
same circuit.net copies.net
try 0 fmt --check circuit.net
sed 's/A = column(3,/A = column(5,/; s/gain = 1.9/leak = 0.35, gain = 1.9/' circuit.net >given.net
run given.net
cp circuit.net defined.net
run defined.net -D A.n=5 -D B.leak=0.35
same given.net defined.net
differ given.net circuit.net
try 0 run circuit.net -o out.h5
try 0 run circuit.net -o out.npz

# --- streams: each instance has its own, whatever else there is ---

cat >random.txt <<'END'
simulation { dt = 0.1; method = euler; seed = 5 }
circuit cell(tau) {
  param x0 = uniform(0, 1)
  state v = normal(0, 1)
  v' = -v / tau + 0.31 * xi
  population E[7] { state u = uniform(0, 1); next u = 0.9 * u + 0.1 * normal(0, 1) }
  projection W : E -> E via random(0.4) { param w = uniform(0, 1) }
}
circuit layer(count, base = 2.1) {
  for k in 0 .. count { circuit C(k) = cell(base + k) }
}
END
text='"{L(1).C(0).x0:.17g} {L(1).C(0).v:.17g} {sum(L(1).C(0).E.u):.17g} {sum(L(1).C(0).W.w):.17g}"'
(cat random.txt; echo 'for j in 0 .. 2 { circuit L(j) = layer(count = j + 1) }'; echo 'run 2.3'; echo "print $text") >many.net
(cat random.txt; echo 'for j in 1 .. 2 { circuit L(j) = layer(count = 1) }'; echo 'run 2.3'; echo "print $text") >one.net
run many.net
run one.net
same many.net one.net
sed 's/L(1).C(0)/L(1).C(1)/g' many.net >other.net
sed 's/L(1).C(0)/L(0).C(0)/g' many.net >third.net
run other.net
run third.net
differ many.net other.net
differ many.net third.net
try 0 run many.net -D 'L(1).C(0).x0=0.25'
says '0.25 '
try 2 run many.net -D 'L(1).C(0).x1=0.25'
says 'did you mean `L(1).C(0).x0`'

# --- values in loops follow `set`, and draw their own numbers ---

cat >loop.net <<'END'
simulation { dt = 1; method = euler }
param g = 2
for k in 0 .. 3 { let a = g * (k + 0.3), b = uniform(0, 1); population P(k) { param x0 = b; state x = 0; next x = a } }
run 1
print "before {P(0 .. 3).x}"
set g = 5
run 1
print "after {P(0 .. 3).x}"
print "different {P(0).x0 != P(1).x0 and P(1).x0 != P(2).x0}"
END
try 0 run loop.net
says 'before [0.6, 2.6, 4.6]'
says 'after [1.5, 6.5, 11.5]'
says 'different true'

# --- nothing declared, nothing joined ---

cat >empty.net <<'END'
simulation { dt = 0.1; method = euler }
param L = 0
for k in 0 .. L { population P(k)[2] { state v = k; v' = -v } }
population Q { state v = 1; v' = -v }
run 1
print "size {len(P(0 .. L).v)}"
END
try 0 run empty.net
says 'size 0'
try 0 run empty.net -D L=3
says 'size 6'

# --- another model as a circuit: its own experiment is left out, its data are beside it ---

mkdir -p models
echo '0.37, 0.21, 0.4' >models/start.csv
cat >models/ring.net <<'END'
param n = 3, gain = 0.61
simulation { dt = 0.2; method = rk4; seed = 3 }
let start = load("start.csv")
function bent(x) = x / (1 + x^2)
neuron unit(tau) { input s; state x = start[0, i mod 3]; tau * x' = -x + gain * bent(s) }
population R[n] using unit(tau = 1.9)
projection N : R -> R via offsets([-1, 1], boundary = "wrap") { post.s += 0.7 * pre.x }
record level = mean(R.x)
run 3
let last = level[-1]
print "ring alone {last:.17g}"
for k in 0 .. 2 { run 1; collect levels = mean(R.x) }
expect last > 100
END
cat >two.net <<'END'
use "ring.net" as ring
simulation { dt = 0.2; method = rk4; seed = 3 }
circuit A = ring
circuit B = ring(gain = 0.3)
record level = mean(A.R.x)
run 3
set B.gain = A.gain
set B.R.x = A.R.x
run 1
let last = level[15]
print "ring alone {last:.17g}"
expect B.R.x == A.R.x
END
run two.net -I models
try 1 run models/ring.net
grep '^ring alone' output >ring.out
same two.net ring
try 0 run two.net -I models -D A.n=5 -D B.n=5 -o two.npz
try 2 run two.net
says 'E0317: cannot read `ring.net`'

finish
