# Spikes, delays and states of synapses against figures of plain programs that follow each synapse in each step.
. "$NL_SRC/tests/cli/lib.sh"

holds() {
    "$NETLANG" test "$1.net" >output 2>&1 </dev/null || complain "$1"
}

# Delays that differ, both pathways, traces that live on neurons and states that do not.
cat >synapses.net <<'END'
simulation { dt = 0.1 ms; method = exact; seed = 3 }
population P[30] {
  param period = 7 ms + 0.3 ms * i
  state phase = 0 ms
  phase' = 1
  spike when phase >= period { phase = 0 ms }
}
population Q[20] {
  param period = 9 ms + 0.4 ms * i
  state phase = 0 ms
  state g = 0 decays 5 ms
  phase' = 1 + 0.001 * g
  spike when phase >= period { phase = 0 ms }
}
projection S : P -> Q via where((pre.i * 7 + post.i * 13) mod 5 < 2) {
  param d = 0.1 ms * ((pre.i * 3 + post.i * 5) mod 60)
  state w = 0.5 in [0, 1]
  state x = 0 decays 20 ms
  state y = 0 decays 30 ms
  state z = 0 decays 10 ms
  delay d
  dendritic_delay 0.7 ms
  on pre { post.g += w; w -= 0.01 * y; x += 1; z += w }
  on post { w += 0.012 * x - 0.001 * z; y += 1; z -= 0.1 }
}
run 100 ms
run 100.1 ms
expect size(S.w) == 240
expect sum(S.w) within 1e-10 of 106.093948121692 and sum(S.x) within 1e-10 of 437.346076832101
expect sum(S.y) within 1e-10 of 589.409203369063 and sum(S.z) within 1e-10 of 72.550965644538
expect sum(Q.g) within 1e-10 of 47.379405252277
expect S.w[[3, 100]] within 1e-11 of [0.403319295231, 0.438455922795] and S.z[50] within 1e-11 of 0.451633629655
END
holds synapses

# What is fixed for each synapse is computed before the first spike.
cat >fixed.net <<'END'
simulation { dt = 0.25 ms; method = exact }
let scale = [0.3, 0.55]
population A[50] { spike at 1 ms + 1 ms * (arange(50) div 10) }
population B[10] { state g = 0, h = 0 }
projection A -> B via all_to_all { on pre { post.g += 0.5 * scale[pre.i div 25]; post.h += pre.i * scale[post.i mod 2] } }
run 20 ms
expect B.g within 1e-12 of 0.5 * 25 * (0.3 + 0.55)
expect B.h within 1e-9 of sum(arange(50)) * scale[arange(10) mod 2]
END
holds fixed

# Each projection numbers neurons from the beginning of its own sides.
cat >sides.net <<'END'
simulation { dt = 0.1 ms; method = exact }
synapse stdp(target : name) {
  state w = 0.5
  state x = 0 decays 20 ms
  state y = 0 decays 20 ms
  on pre { post.target += w; w -= 0.01 * y; x += 1 }
  on post { w += 0.01 * x; y += 1 }
}
population A[4] { state phase = 0 ms; phase' = 1; spike when phase >= 11 ms + 1.3 ms * i { phase = 0 ms } }
population B[4] { state phase = 0 ms, g = 0; phase' = 1; spike when phase >= 12.1 ms + 1.7 ms * i { phase = 0 ms } }
projection S : A[0:2] -> B[2:4] via all_to_all using stdp(g)
projection T : A -> B via where(pre.i < 2 and post.i >= 2) using stdp(g)
projection U : A[2:4] -> B[0:2] via all_to_all using stdp(g)
projection V : A -> B via where(pre.i >= 2 and post.i < 2) using stdp(g)

population X[6] { input s; state x = 1 + i }
projection X[0:2] -> X[4:6] via all_to_all { post.s += pre.x * post.x }
projection X[2:5] -> X[1:3] via where(pre.i >= 0) { post.s += sin(pre.x * post.x) }
run 300 ms
expect S.w == T.w
expect S.x == T.x
expect S.y == T.y
expect U.w == V.w
expect U.x == V.x
expect U.y == V.y
expect min(S.x) > 0.5 and min(U.y) > 0.5
expect X.s within 1e-12 of [0, sum(sin([3, 4, 5] * 2)), sum(sin([3, 4, 5] * 3)), 0, 15, 18]
END
holds sides

# Spikes on their way are part of the state.
cat >underway.net <<'END'
simulation { dt = 0.1 ms; method = exact; seed = 1 }
population A[40] { state v = uniform(0 mV, 15 mV); 20 ms * v' = 20 mV - v; spike when v >= 15 mV { v = 0 mV } }
projection A -> A via random(0.2) { delay 0.1 ms * (10 + (7 * i) mod 290); on pre { post.v -= 0.5 mV } }
run 77.7 ms
snapshot a
run 100 ms
let x = A.v
restore a
run 40 ms
run 60 ms
expect A.v == x
reset
run 177.7 ms
expect A.v == x
END
holds underway

# What is set from outside holds from then on, also for states that rest between events and in what is computed beforehand.
cat >set.net <<'END'
param tau = 20 ms
simulation { dt = 0.1 ms; method = exact; seed = 2 }
population P[2] { spike at 5 ms + 10 ms * arange(0, 5) }
population Q[3] {  spike at 7 ms + 10 ms * arange(0, 5) }
projection S : P -> Q via all_to_all {
  param tau_y = 20 ms
  state w = 1, x = 0 decays tau, y = 0 decays tau_y, z = 0
  30 ms * z' = 1 - z
  on pre { x += 1; y += w; z -= 0.5 }
  on post { w = w + 0.01 * x + z }
}
run 48 ms
let x = S.x, y = S.y, z = S.z
set tau = 40 ms
expect S.x within 1e-12 of x
run 4 ms
expect S.x within 1e-12 of x * exp(-0.1)
set S.tau_y = 10 ms
run 4 ms
expect S.y within 1e-12 of y * exp(-0.2 - 0.4)
expect S.z within 1e-12 of 1 + (z - 1) * exp(-8/30)
set S.x = 3
set S.z = 0
run 4 ms
expect S.x within 1e-12 of 3 * exp(-0.1)
expect S.z within 1e-12 of 1 - exp(-4/30)
END
holds set
cat >parameters.net <<'END'
simulation { dt = 0.1 ms; method = euler }
population A[3] { param tau = 20 ms + 0 ms * i; state x = 1; x' = -x / sqrt(tau * tau) }
population B[3] { param tau = 20 ms; state x = 1; method = exact; x' = -x / tau }
run 1 ms
set A.tau = 5 ms
set B.tau = [5, 10, 5] ms
run 5 ms
expect A.x within 1e-12 of (1 - 0.1/20)^10 * (1 - 0.1/5)^50
expect B.x within 1e-12 of exp(-0.05) * exp(-[1, 0.5, 1])
END
holds parameters

# Conditions see the spikes of the detection before, and each of them is news.
cat >after.net <<'END'
simulation { dt = 0.1 ms; method = rk4 }
population B[2] {
  state v = 0, seen = 0
  10 ms * v' = 1.5 - v
  spike when v > 1 { v = 0 }
  event next when spiked
  when spiked { seen += 1 }
}
record B.spikes
record B.next
run 50 ms
expect count(B.spikes) == [4, 4]
expect times(B.next, 0) within 1e-9 ms of times(B, 0) + 0.1 ms
expect B.seen == [4, 4]
END
holds after

finish
