# A run that cannot go on: status 3, the message names variable, element, time and equation, and what was recorded until
# then can be read.
. "$NL_SRC/tests/cli/lib.sh"

cat >explode.net <<'END'
simulation { dt = 0.1 ms; method = euler }
population A[5] {
  state x = if i == 3 then 2 else 0.1
  5 ms * x' = x^3
}
record x = A.x
run 100 ms
print "never reached"
END

for suffix in csv npz h5; do
    [ "$suffix" = h5 ] && ! "$NETLANG" version | grep -q '\.h5' && continue
    try 3 run explode.net -o "out.$suffix"
    says 'error R0001'
    says 'explode.net:4:'
    says "5 ms * x' = x^3"
    says 'A.x[3]'
    says ' ms'
    grep -q 'never reached' output && complain 'goes on behind the failure:'
    [ -s "out.$suffix" ] || complain "out.$suffix is not there"
done
rows=$(grep -vc '^#' out.csv)
[ "$rows" -gt 5 ] || complain "out.csv holds $rows lines"
grep -v '^#' out.csv | tail -n +2 | grep -qi -e nan -e inf && complain 'out.csv holds what is not finite'

# read back by the language itself
if [ -e out.h5 ]; then
    cat >read.net <<END
let x = load("out.h5:/x"), t = load("out.h5:/x.t")
expect len(x) == $((rows - 1)) and len(t) == len(x)
expect max(x[0]) within 1e-15 of 2
END
    try 0 run read.net
fi

cat >nan.net <<'END'
simulation { dt = 0.5; method = rk4 }
population B[4] {
  state y = 1.25 - i/2
  y' = -sqrt(y)
}
run 10
END
try 3 run nan.net
says 'B.y['
says 'nan.net:4:'

# a map, and a state set by a block
cat >map.net <<'END'
simulation { dt = 1 }
population M[2] {
  state m = 3, k = 0
  next m = m^2
}
run 100
END
try 3 run map.net
says 'M.m[0]'
says 'map.net:4:'

# an element that does not exist, and a delay above its bound
cat >index.net <<'END'
simulation { dt = 0.1; method = rk4 }
population A[3] { state x = i; x' = -x }
population B[2] {
  state y = 0
  y' = A.x[i + floor(t)] - y
}
run 5
END
try 3 run index.net
says 'index.net:5:3: error R0002: `B.y[1]` reads an element that does not exist: 3 at t = 1.9'

cat >delay.net <<'END'
simulation { dt = 0.1; method = rk4 }
state x = 1
x' = -delay(x, 1 + t, max = 1.75)
run 5
END
try 3 run delay.net
says 'delay.net:3:1: error R0004: `x` has a delay that is negative or longer than its bound at t = 0.7'

# Events that make each other true.
cat >chatter.net <<'END'
simulation { dt = 0.1; method = dopri5 }
state x = 0, s = 1
x' = s
event down when x > 0.5 { s = -1 }
event up when x < 0.5 { s = 1 }
run 2
END
try 3 run chatter.net
says 'error R0007'
says 'happens again and again without end'
says 't = 0.5'

finish
