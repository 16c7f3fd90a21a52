# Runs: exit statuses, overrides, result files.
. "$NL_SRC/tests/cli/lib.sh"

cat >decay.net <<'END'
param tau = 20 ms in [1 ms, 100 ms]
param goal = 0.36787944117144233
let tau2 = 2 * tau
simulation { dt = 0.1 ms; method = rk4 }
population A[3] {
  state x = 1
  tau * x' = -x
}
record x = A.x every 1 ms
record m = mean(A.x) every 1 ms
run 20 ms
let last = m[20]
print "last {last:.6f}, {tau2}"
expect last within 1e-6 of goal
END

try 0 check decay.net
try 0 run decay.net
says 'last 0.367879, 40 ms'
is_absent decay.h5 decay.npz decay.csv
try 0 run --quiet decay.net
[ -s output ] && complain 'a quiet run prints:'
try 1 run decay.net -D goal=0.5
says 'last 0.367879'
try 1 run decay.net -D 'tau=10 ms'
says 'last 0.135335, 20 ms'
try 0 run decay.net -D 'tau=10 ms' -D goal=0.1353352832366127

# wrong models and wrong overrides write nothing
try 2 run decay.net -D tua=3 -o a.npz
says 'tau'
try 2 run decay.net -D 'tau=200 ms' -o a.npz
try 2 run decay.net -o a.mat
says '.csv'
try 2 run nothing.net -o a.npz
says 'nothing.net'
echo 'let x = nope + 1' >wrong.net
try 2 run wrong.net -o a.npz
says 'wrong.net:1:9: error E'
printf 'let x = 1\0' >nul.net
try 2 run nul.net -o a.npz
is_absent a.npz a.mat
is_absent ./*.part-*

# result files
try 0 run decay.net -o a.npz
[ "$(head -c 2 a.npz)" = PK ] || complain 'a.npz is no archive'
try 0 run decay.net -o a.csv
grep -q '^t,x\[0\],x\[1\],x\[2\],m$' a.csv || complain 'a.csv has no such header'
[ "$(grep -vc '^#' a.csv)" -eq 22 ] || complain 'a.csv has another number of rows'
grep -q '^#   tau2 = 40 ms$' a.csv || complain 'a.csv does not name tau2'
if "$NETLANG" version | grep -q '\.h5'; then
    try 0 run decay.net -o a.h5
    [ "$(head -c 4 a.h5 | tail -c 3)" = HDF ] || complain 'a.h5 is no HDF5 file'
fi

# what went before a failure is kept
cat >explode.net <<'END'
simulation { dt = 0.1; method = euler }
population A[2] {
  state x = 2
  x' = x^3
}
record x = A.x
run 100
END
try 3 run explode.net -o e.csv
says 'x'
[ "$(grep -vc '^#' e.csv)" -gt 3 ] || complain 'e.csv does not hold what was recorded'

# several files
try 0 test decay.net decay.net
says '2 files, 0 failed; 2 expectations, 0 failed'
try 1 test decay.net -D goal=0.5
says 'FAIL decay.net  0 of 1 expectation'

finish
