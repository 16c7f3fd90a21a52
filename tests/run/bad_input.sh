# What is wrong with a model or a command line is told with its place; nothing is run and nothing written.
. "$NL_SRC/tests/cli/lib.sh"

# The formats that are built in.
suffixes=$("$NETLANG" version | sed -n 's/^results: *//p' | sed 's/(.*//; s/\.//g')

# refuse PLACE WORDS [ARGUMENT...]: the model on the standard input is refused with a message at PLACE (line:column, or
# -) that contains WORDS.
refuse() {
    place=$1
    words=$2
    shift 2
    cat >model.net
    for suffix in $suffixes; do
        try 2 run model.net -o "out.$suffix" "$@"
        says "$words"
        [ "$place" = - ] || says "model.net:$place: error E"
        grep -q 'error E[0-9][0-9][0-9][0-9]: ' output || complain 'no code:'
        is_absent "out.$suffix" ./*.part-*
    done
}

refuse 2:11 'did you mean `tau_slow`?' <<'END'
param tau_slow = 20 ms
let k = 2*tau_slwo
END

refuse 4:16 'it is declared here, further down' <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population A[3] {
  state x = 1
  10 ms * x' = B.x[i] - x
}
population B[3] { state x = 2; 10 ms * x' = A.x[i] - x }
run 1 ms
END
sed "s/B\.x\[i\]/0/" model.net >read_above.net
sed "s/^  10 ms.*/  10 ms * x' = -x * tau/; /^run/d" model.net >below.net
echo 'param tau = 2' >>below.net
echo 'run 1 ms' >>below.net
refuse - 'help: move it up: what is read stands above' <below.net
try 0 run read_above.net

refuse 2:4 'help: declare it with its initial value: state y = ...' <<'END'
simulation { dt = 0.1; method = rk4 }
   y' = 3
run 1
END

refuse 1:11 'help: a unit stands directly behind its number, 5 mV;' <<'END'
let x = 3*mV
END

refuse 1:9 'help: functions stand without a module: exp(x)' <<'END'
let x = np.exp(2)
END

refuse 3:9 'help: functions stand without a module or object: tanh(x)' <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 1
   x' = math.tanh(x)
run 1
END

refuse 1:25 'help: settings are separated by `;`' <<'END'
simulation { dt = 0.1 ms, method = rk4 }
END

refuse 1:33 'help: for example rk4' <<'END'
simulation { dt = 0.1; method = rk45 }
state x = 1; x' = -x
run 1
END

refuse 4:11 'help: what a population of one has is a number, without an index' <<'END'
simulation { dt = 0.1; method = rk4 }
population X { state x = 1; x' = -x }
run 1
print X.x[0]
END

refuse 6:51 'help: input I : mV' <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population X[5] {
  input I
  state v = -65 mV
  20 ms * v' = -65 mV - v }
projection X -> X via random(p = 0.1) { post.I += 2 mV }
run 1 ms
END

refuse 2:37 'help: several spikes in a step are counted: every step' <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population X { spike when bernoulli(12.8 kHz * dt) }
run 1 ms
END

refuse 2:35 "help: for a choice at each moment write: x' = if x > 1 then ... else ..." <<'END'
simulation { dt = 0.1; method = rk4 }
population X[3] { state x = 0; if x > 1 { x' = -x } else { x' = 1 } }
run 1
END

refuse 4:15 'help: write the unit behind the number or list: 5 [ms]' <<'END'
simulation { dt = 0.1 ms; method = rk4 }
param tau = 10 ms
state x = 1; tau * x' = -x
  sweep tau = [1, 2] { run 1 ms }
END

cat >nan.net <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 0
x' = sqrt(-x - 1)
run 1
END
try 3 run nan.net
says '`x` is nan at t = 0.1'

refuse 3:9 'expected end of the statement, `'"'"'`' <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population v { state x = 1; 10 ms * x' = -x }
reset v = 0 mV
END

refuse 2:9 'cannot add mV and ms' <<'END'
param tau = 20 ms
let x = 10 mV + tau
END

refuse 3:3 'mV' <<'END'
population E[10] {
  state v = 0 mV
  v' = -v
}
simulation { dt = 0.1 ms; method = rk4 }
run 1 ms
END

refuse 1:9 '[3]' <<'END'
let x = [1, 2, 3] * [1, 2]
END

refuse 3:13 'one value per element' <<'END'
param w = [0.5, 1, 2]
population X[4] {
  param a = w
  state x = 0
  x' = a - x
}
simulation { dt = 0.1; method = rk4 }
run 1
END

refuse 2:9 'initial value' <<'END'
population E[10] {
  state v
  v' = -v
}
END

refuse 1:1 'x' <<'END'
solve x in (1, 2) : x^2 = 9
END

refuse 1:14 'not_there.npy' <<'END'
let W = load("not_there.npy")
END

printf '1,2,3\n4,5,6\n' >w.csv
refuse 6:31 '[2, 3]' <<'END'
simulation { dt = 0.1; method = rk4 }
population X[3] {
  input s
  state x = 0; x' = s - x
}
projection X -> X via weights(load("w.csv")) { post.s += w * pre.x }
run 1
END

refuse 2:5 'tau' <<'END'
param tau = 20 ms
let tau = 10 ms
END

refuse 2:9 'unknown name `b`' <<'END'
param p = 1
let a = b + p
let b = a
END

refuse - '->' <<'END'
simulation { dt = 0.1; method = rk4 }
population X[3] {
  input s
  state x = 1
  let f = 2*s + x
  x' = f
}
projection X -> X via offsets([1], boundary = "wrap") { post.s += pre.f }
run 1
END

refuse 3:15 'max =' <<'END'
simulation { dt = 0.1; method = rk4 }
state y = 1
y' = delay(y, 1 + y^2)
run 1
END

# What is drawn or reached while running.
refuse 4:42 'this delay is negative (-' <<'END'
simulation { dt = 0.25; method = euler; seed = 3 }
population A[30] { spike at 0.75 }
population B[2] { state v = 0.3; v' = -v }
projection A -> B via all_to_all { delay normal(0.5, 1); on pre { post.v += 0.4 } }
run 1
END

refuse 4:49 'does not fit into memory' <<'END'
simulation { dt = 0.1 ms; method = euler }
population A[3] { spike at 1 ms }
population B[3] { state v = 0.3; 10 ms * v' = -v }
projection A -> B via all_to_all { delay 2e5 s; on pre { post.v += 0.4 } }
run 1 ms
END

refuse 6:3 'refractory period is negative (-' <<'END'
simulation { dt = 0.25; method = euler; seed = 3 }
population A[20] {
  param T = normal(0.5, 1)
  state v = 0.7
  v' = 2.385 - v; spike when v > 1.5 { v = 0 }
  refractory T
}
run 1
END

# warn PLACE WORDS: the model is run, with a warning.
warn() {
    cat >model.net
    try 0 run model.net
    says "$2"
    says "model.net:$1: warning W"
}

warn 4:23 'makes no synapse' <<'END'
simulation { dt = 0.25; method = euler }
population A[3] { spike at [0.75, 1.5] }
population B[2] { state v = 0.3; v' = -v }
projection A -> B via where(pre.i > 5) { on pre { post.v += 0.4 } }
run 1
END

warn 3:30 'this probability became 1.25 in the step from t = 3 ms on, and counts as 1' <<'END'
param r = 5 Hz
simulation { dt = 0.25 ms; method = euler }
population A[2] { spike when bernoulli(r*dt) }
run 3 ms
set r = 5000 Hz
run 10 ms
END

warn 2:58 'this probability became -0.125 in the step from t = 0.25 on, and counts as 0' <<'END'
simulation { dt = 0.25; method = euler }
population A[7] { state v = 0.125; v' = -0.5; spike when bernoulli(v) }
run 1
END

correct='param tau = 20 ms in [1 ms, 100 ms]
param rule = "late" in ["early", "late"]
simulation { dt = 0.1 ms; method = rk4 }
state x = 1
tau * x'"'"' = -x
run 1 ms'
printf '%s\n' "$correct" >right.net
try 0 run right.net -D 'tau=30 ms' -D rule=early
for define in tua=1 'tau=200 ms' 'tau=3 mV' tau=3 tau= tau rule=never rule=3 dt=0 'dt=-1 ms' 'seed=-1' 'seed=x' \
    method=rk5; do
    try 2 run right.net -D "$define" -o out.npz
    grep -q 'error E[0-9]*: ' output || complain "-D $define: no message with a code:"
    is_absent out.npz
done
try 2 run right.net -D tua=1
says 'did you mean `tau`?'

printf 'let x = 1\nlet y\0 = 2\n' | refuse 2:6 'NUL'
printf 'let x = 1\nlet \377y = 2\n' | refuse 2:5 'UTF-8'
printf 'let x = 1 \342\202' | refuse 1:11 'UTF-8'

# several errors in one go, each line once
cat >model.net <<'END'
let a = nope + 1
let b = 1 mV + 1 ms
let c = squareroot(2)
let d = a + b + c
END
try 2 check model.net
[ "$(grep -c 'error E' output)" -eq 3 ] || complain 'not three errors:'

finish
