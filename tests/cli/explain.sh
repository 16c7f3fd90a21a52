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
