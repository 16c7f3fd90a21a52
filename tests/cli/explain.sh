# What explain tells of a model: the order of a step with the statements of the model in their places.
. "$NL_SRC/tests/cli/lib.sh"

# follows TEXT...: the last output has lines with these texts, in this order.
follows() {
    from=1
    for text in "$@"; do
        at=$(tail -n "+$from" output | grep -nF -e "$text" | head -n 1 | cut -d: -f1)
        [ -n "$at" ] || { complain "no \"$text\" from line $from on in:"; return; }
        from=$((from + at))
    done
}

cat >plastic.net <<'END'
simulation { dt = 0.25 ms; method = rk4; seed = 3 }
population In[20] { spike when bernoulli(20 Hz * dt) }
population Out[4] {
  input tonic
  state v = 0, seen = 0
  every 5 ms { seen = 0 }
  10 ms * v' = tonic - v
  every step { seen += 0.125 }
  spike when v > 1.25 { v = 0.3 }
  refractory 1.75 ms holding v
  event calm when v < 0.2 { seen += 1 }
}
projection S : In -> Out via all_to_all {
  state w = 0.4
  state x = 0 decays 20 ms
  state y = 0 decays 30 ms
  state eligible = 0 decays 200 ms
  on post { y += 1; w += 0.02 * x; eligible += x }
  delay uniform(1 ms, 2 ms)
  on pre delay 0.75 ms { x += 1; w -= 0.02 * y }
  on pre { post.v += w }
}
projection P : In -> Out via random(p = 0.5) { post.tonic += 0.7 * (if pre.spiked then 1 else 0) }
run 1 ms
END
try 0 explain plastic.net
follows '1. Inputs' 'P, line 23: into Out.tonic' \
    '2. Advance' 'Out, line 8: every step' \
    '3. Detect' 'In, line 2: spike when bernoulli(20 Hz * dt)' \
    'Out, line 9: spike when v > 1.25; refractory 1.75 ms holding v' 'Out, line 11: event calm when v < 0.2' \
    '4. Deliver' 'S, line 20: on pre delay 0.75 ms, after 3 steps; changes S.' \
    'S, line 21: on pre, after 4 to 8 steps; changes Out.v' \
    'S, line 18: on post, at once; changes' \
    '5. Reset' 'Out, line 9: spike when v > 1.25; changes Out.v' \
    'Out, line 11: event calm when v < 0.2; changes Out.seen' \
    'Out, line 6: every 5 ms' \
    '6. Record' \
    equations 'line 5: rk4' 'S.w              line 14: changed by events, blocks and `set` only' \
    projections 'S                80 synapses: compressed rows by pre neuron' \
    'continuous statements' 'only from sources that are not 0' \
    'states of synapses' 'S.x: on the pre neurons: the same for all their synapses' \
    'S.y: on the post neurons: the same for all their synapses' 'S.eligible: in closed form from event to event' \
    methods rk4
grep -q 'located' output && complain 'rk4 locates no events:'

# What is looked up by one side's values is a factor of that side, and no value of each synapse.
cat >factors.net <<'END'
simulation { dt = 0.1; method = euler }
let J = [[0.7, -0.3], [1.1, 0.45], [0.2, 0.35]]
let drive = table([[0.25, 0.5, 1.75], [2.5, 1.25, 0.125]], dt = 0.2)
population X[7] {
  let a = i mod 3
  input of_post, of_pre, of_both, in_time, on_ring
  state x = 0.1 * i, y = 0, z = 0, u = 0, v = 0
  x' = of_post
  y' = of_pre
  z' = of_both
  u' = in_time
  v' = on_ring
}
projection P : X -> X via all_to_all { post.of_post += J[post.a, 1] * pre.x }
projection Q : X -> X via all_to_all { post.of_pre += J[pre.a, 1] * pre.x }
projection R : X -> X via all_to_all { post.of_both += J[pre.a, post.i mod 2] * pre.x }
projection S : X -> X via all_to_all { post.in_time += drive(t, post.a) * drive(t, pre.a) * pre.x }
projection T : X -> X via all_to_all { post.on_ring += -(1 + 0.3 * cos(post.i - pre.i)) / sqrt(N_pre) * pre.x }
run 0.1
let x = 0.1 * arange(7), a = arange(7) mod 3, b = arange(7) mod 2, first = [0.25, 0.5, 1.75]
let two = [sum(J[a, 0] * x), sum(J[a, 1] * x)]
let ring = [sum(cos(arange(7)) * x), sum(sin(arange(7)) * x)]
expect X.x within 1e-14 of x + 0.1 * J[a, 1] * sum(x)
expect X.y within 1e-14 of 0.1 * sum(J[a, 1] * x)
expect X.z within 1e-14 of 0.1 * two[b]
expect X.u within 1e-14 of 0.1 * first[a] * sum(first[a] * x)
expect X.v within 1e-14 of -0.1 * (sum(x) + 0.3 * (cos(arange(7)) * ring[0] + sin(arange(7)) * ring[1])) / sqrt(7)
END
try 0 run factors.net
try 0 explain factors.net
follows 'P into X.of_post: one sum over all neurons, times a factor of the receiving neuron' \
    'Q into X.of_pre: one sum over all neurons' \
    'R into X.of_both: a sum weighted by the synapses' \
    'S into X.in_time: one sum over all neurons, times a factor of the receiving neuron' \
    'T into X.on_ring: one sum over all neurons'
grep -q 'T into X.on_ring:.*weighted' output && complain 'a cosine between all pairs needs a matrix:'

sed 's/rk4/dopri5/' plastic.net >located.net
try 0 explain located.net
follows '3. Detect' 'Out, line 9: spike when v > 1.25; refractory 1.75 ms holding v; located within the step' '4. Deliver'
grep -q 'bernoulli.*located' output && complain 'draws are located:'

# A model without events, and one that cannot be stepped.
printf 'state x = 1\nx'"'"' = -x\nsimulation { dt = 0.1; method = euler }\nrun 1\n' >plain.net
try 0 explain plain.net
follows '3. Detect' '4. Deliver' '5. Reset' '6. Record' 'x                line 1: euler' methods
echo 'let x = 1' >nothing.net
try 0 explain nothing.net

finish
