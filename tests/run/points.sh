# What sweeps and trials mean: axes, what a point begins with and leaves, points that fail.
. "$NL_SRC/tests/cli/lib.sh"

cat >axes.net <<'END'
simulation { dt = 0.1; method = euler; seed = 3 }
param J = 1.3, g = [1, 2], h = 1, rule = "late" in ["early", "late"], n = 3
let twice = 2*J
let frozen = normal(J, 1)
population X[n] {
  param tau = 7.7
  state v = uniform(0, J)
  tau * v' = J - v
}
state z = J
z' = 0
set X.tau = 5.3
run 1.5
let before = X.v
let tau_before = mean(X.tau)
sweep J = [0.7, 1.9], h = [10, 20, 30] {
  trials 2 {
    expect t == 0 and tau_before within 1e-12 of 5.3 and mean(X.tau) == tau_before
    expect z == J and twice == 2*J
    collect id = 100*point + 10*trial + J
    collect sum_g = h + 2
    collect start = X.v
    run 0.4
    for k in 0 .. 3 { run 0.1; collect s = z*k }
  }
}
expect id[1, 2, 1] within 1e-12 of 511.9 and id[0, 1, 0] within 1e-12 of 100.7
expect sum_g[:, :, 0] == [[12, 22, 32], [12, 22, 32]]
expect s[1, 0, 0] within 1e-12 of [0, 1.9, 3.8]
expect start[0, 0, 0] == start[0, 2, 0] and start[0, 0, 1] == start[0, 2, 1]
expect start[0, 0, 0] != start[0, 0, 1]
expect start[1, 0, 0] within 1e-12 of start[0, 0, 0] / 0.7 * 1.9
expect J == 1.3 and sum(g) == 3 and X.v == before and t within 1e-12 of 1.5 and z == 1.3

sweep (J, z, X.tau) in [[0.5, 9, 2.5], [0.6, 8, 3.5], [0.7, 7, 4.5]] {
  collect zs = z
  collect taus = mean(X.tau)
  if point > 0 { collect later = point }
}
expect zs == [9, 8, 7] and taus == [2.5, 3.5, 4.5]
expect later[1:] == [1, 2] and not (later[0] == later[0])

sweep rule = ["early", "late"] { collect is_early = rule == "early" }
expect is_early[0] and not is_early[1]
sweep g = [[1, 2], [5, 6]] { collect last_g = g[1] }
expect last_g == [2, 6]

# loops around and within
for k in [4, 5] { trials 3 { set z = k + trial; run 0.1; collect zk = z } }
expect zk == [[4, 5, 6], [5, 6, 7]]
sweep J = [1, 2] { sweep g = [[1, 1], [2, 2], [3, 3]] { collect nested = J*10 + sum(g) + point/10 }; collect kept = nested[2] }
expect nested within 1e-12 of [[12, 14.1, 16.2], [22, 24.1, 26.2]]
expect kept within 1e-12 of [16.2, 26.2]
sweep J = [1, 2] { run until z >= J, at most 3; for m in 0 .. 2*J { collect ragged = m } }
expect ragged[0, 1] == 1 and ragged[1] == [0, 1, 2, 3] and not (ragged[0, 2] == 0)

# a network of its own for each value
sweep n = [2, 5], J = [0.7, 1.9] {
  collect size = X.N
  collect first = X.v[0]
  let mine = tau_before
  collect outer = mine
}
expect size == [[2, 2], [5, 5]] and outer == [[5.3, 5.3], [5.3, 5.3]]
expect first[0, 0] == start[0, 0, 0][0] and first[1, 1] == start[1, 0, 0][0]
sweep dt = [0.1, 0.05] { record zt = z; run 1; sweep n = [2, 4] { run 0.2; collect steps = step; collect cells = X.N } }
expect steps == [[2, 2], [4, 4]] and cells == [[2, 4], [2, 4]]
sweep method = [euler, rk4], seed = [3, 4] { run 3; collect m = mean(X.v); collect x0 = X.v[0] }
expect x0[0, 0] != x0[0, 1] and m[0, 0] != m[1, 0]

# what is drawn in the block differs between trials, not between points; a snapshot serves all
set z = 4.25
snapshot with_z
sweep J = [1, 2] { trials 2 {
  let noise = normal(0, 1)
  set X.v = uniform(0, 1)
  collect drawn = noise + 10*mean(X.v)
  restore with_z
  collect restored = z
  collect fixed = frozen - J
} }
expect drawn[0] == drawn[1] and drawn[0, 0] != drawn[0, 1]
expect restored == 4.25 and fixed[0] within 1e-12 of fixed[1]
trials 3 { record v = X.v[0] every 0.5; run 2; collect trace = v }
expect max(abs(trace[:, 0] - trace[0, 0])) > 0
expect sum(0*trace[0]) == 0 and sum(trace[0] == trace[0]) == 5
END
try 0 run axes.net -o axes.npz
try 0 run axes.net --threads 2 -o axes2.npz
cmp axes.npz axes2.npz >output 2>&1 || complain "two processes make other results"
try 0 test axes.net

# parameters of circuits
cat >circuits.net <<'END'
circuit C(n = 3, tau = 5, K = 2) { population P[n] { state v = 0.25; tau * v' = K - v } }
circuit A = C(n = 4)
param J = 2
circuit B = C(K = J)
simulation { dt = 0.1; method = euler }
sweep A.n = [3, 6], A.tau = [3, 6] { run 1; collect m = A.P.v[0]; collect size = A.P.N }
expect size == [[3, 3], [6, 6]] and m[0] == m[1]
expect m[0] within 1e-12 of 2 - 1.75 * (1 - 0.1 / [3, 6])^10
sweep J = [3, 6] { run 1; collect b = B.P.v[1] }
expect b within 1e-12 of [3, 6] - ([3, 6] - 0.25) * (1 - 0.1 / 5)^10
END
try 0 run circuits.net
try 0 sweep circuits.net A.n=3,6 J=3,6 -o circuits.csv
[ "$(grep -vc '^#' circuits.csv)" -eq 5 ] || complain 'no table of 4 points'

# the table: axes with names, values and units
cat >table.net <<'END'
simulation { dt = 0.1 ms; method = euler }
param J = 1 mV, rule = "late" in ["early", "late"]
state v = J
10 ms * v' = -v
sweep J = [0.7, 1.9] mV, rule = ["early", "late"] { trials 3 { run 1 ms; for k in 0 .. 2 { collect r = v*k } } }
END
cat >read.net <<'END'
expect load("table.h5:/r.J") == [0.7, 1.9]
expect load("table.h5:/r.trial") == [0, 1, 2]
expect sum(load("table.h5:/r.status"), axis = 2) == [[0, 0], [0, 0]]
let r = load("table.h5:/r")
expect r[1, 0, 2] within 1e-12 of [0, 1.9 * 0.99^10]
END
if "$NETLANG" version | grep -q '^results: .h5'; then
    try 0 run table.net -o table.h5
    try 0 run read.net
fi
try 0 run table.net -o table.csv
grep -v '^#' table.csv >rows
[ "$(head -n 1 rows)" = 'J,rule,trial,r[0],r[1],status' ] || complain 'the table has other columns'
[ "$(sed -n '$p' rows | cut -d, -f1-4,6)" = '1.9,late,2,0,0' ] || complain 'the table has another last row'
grep -q '^#   J mV$' table.csv && grep -q '^#   r mV (J, rule, trial, row)$' table.csv || complain 'the table has no units'

cat >fails.net <<'END'
simulation { dt = 0.1; method = euler }
param a = 1, n = 3
population X[n] { state x = 1; x' = a * x^2 }
sweep a = [0.25, 1, 0.1, 1.5] { run 3; collect r = X.x[1]; print "done {a}"; expect r < 3, "too large" }
print r[2]
sweep n = [2, -1] { run 1; collect q = X.N }
print q
END
try 3 run fails.net -o fails.csv
says 'done 0.25'
says 'too large'
says 'done 0.1'
grep -q 'done 1$' output && complain 'a point that fails goes on'
says '(a = 1)'
says '2 of 4 points failed: a = 1; a = 1.5'
says '1 of 2 points failed: n = -1'
says '[2, nan]'
grep -q '^1,nan,3$' fails.r.csv || complain 'no row for a point that failed'
grep -q '^0.25,.*,1$' fails.r.csv || complain 'no status of an expectation that failed'
grep -q '^-1,nan,2$' fails.q.csv || complain 'no status of a wrong model'
cp output one
try 3 run fails.net --threads 2 -o fails.csv
cmp one output >/dev/null || complain 'two processes say something else'

# what is recorded around a sweep and read in its block is recorded in each point; a record of the block comes first
cat >network <<'END'
simulation { dt = 0.1 ms; method = euler; seed = 5 }
param I = 16 mV, N = 50
population E[N] {
  state v = uniform(0 mV, 20 mV)
  20 ms * v' = I - v + 1 mV * sqrt(20 ms) * xi
  spike when v > 20 mV { v = 0 mV }
}
END
cat network - >around.net <<'END'
record E.spikes
record m = mean(E.v) every 0.5 ms
for k in 0 .. 2 { record q(k) = E.v[k] every 1 ms }
run 30 ms
let before = sum(count(E))
sweep I = [18, 25] mV { trials 2 {
  run 200 ms; collect r = mean(rate(E)); collect mm = mean(m); collect c = sum(count(E)); collect q1 = q(1)[2]
} }
sweep N = [20, 50] { run 100 ms; collect rn = mean(rate(E)); collect k = shape(m)[0] }
expect k == 201
print r, mm, c, rn, q1
sweep I = [18, 25] mV {
  run 100 ms
  record E.spikes
  run 100 ms
  collect late = sum(count(E))
  trials 2 { run 50 ms; collect early = sum(count(E)) }
}
expect late[0] < c[0, 0] and late[1] < c[1, 0] and early[1, 0] < late[1]
expect sum(count(E)) == before and shape(m) == [61]
END
cat network - >inside.net <<'END'
run 30 ms
sweep I = [18, 25] mV { trials 2 {
  record E.spikes
  record m = mean(E.v) every 0.5 ms
  record q = E.v[1] every 1 ms
  run 200 ms; collect r = mean(rate(E)); collect mm = mean(m); collect c = sum(count(E)); collect q1 = q[2]
} }
sweep N = [20, 50] { record E.spikes; run 100 ms; collect rn = mean(rate(E)) }
print r, mm, c, rn, q1
END
try 0 run around.net
cp output around
try 0 run inside.net
cmp around output >/dev/null || complain 'points record something else than their block does'

# memory: a batch is cut, and its results are the same
cat >large.net <<'END'
simulation { dt = 0.1; method = euler }
param a = 1
population X[2000000] { state x = uniform(0, 1); x' = -a*x }
sweep a = linspace(0, 1, 12) { run 0.2; collect r = mean(X.x) }
print r
END
try 0 run large.net
grep -q W0604 output && complain 'a batch that fits is cut'
cp output whole
if (ulimit -v 1500000 && "$NETLANG" version) >/dev/null 2>&1; then # with sanitizers no program has so little
    (ulimit -v 1500000 && "$NETLANG" run large.net -q) >output 2>&1 || complain 'a batch does not fit'
    (ulimit -v 1500000 && "$NETLANG" run large.net) >output 2>&1
    says 'W0604'
    grep -vxF -f whole output | grep -q '^\[' && complain 'a batch that was cut has other results'
fi

finish
