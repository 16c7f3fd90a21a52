# Points of sweeps and trials are, bit for bit, what each is alone: side by side, in several processes, interrupted and
# continued.
. "$NL_SRC/tests/cli/lib.sh"

cat >network.txt <<'END'
simulation { dt = 0.1; method = euler; seed = 11 }
param J = 0.31, gain = 0.61, N = 30
population S[20] { spike when bernoulli(0.03) }
population E[N] {
  param tau = uniform(8, 11)
  state v = uniform(0, 0.9), g = 0 decays 4.7
  v' = (gain*1.7 - v)/tau + g*0.21 + 0.05*xi
  spike when v > 1 { v = 0 }
  refractory 1.3 holding v
}
projection SE : S -> E via random(0.3) {
  param w = uniform(0.1, 0.4)
  state m = 1
  delay 1.7
  on pre { post.g += J*w*m }
  on post { m = clip(m + 0.01, 0, 2) }
}
projection EE : E -> E via fixed_indegree(4) { delay 0.1 * (1 + 3*pre.i + post.i mod 7); on pre { post.g += 0.07 } }
END
cat >measures.txt <<'END'
record E.spikes
record v = mean(E.v) every 2.3
run 31.7
let noise = normal(0, 1)
let count_e = sum(count(E))
let g = sum(E.g) + noise
let m = sum(SE.m)
END
cat network.txt measures.txt >alone.net
(cat network.txt; echo 'sweep J = linspace(0.1, 2.2, 7) { trials 3 {'; cat measures.txt
    echo 'collect c = count_e; collect g_sum = g; collect m_sum = m; collect last = v[-1]; collect trace = v }}'
    echo 'print m_sum[6, 2], J, t'; echo 'run 2'; echo 'print sum(E.v)') >batch.net
(cat network.txt; echo 'run 2'; echo 'print sum(E.v)') >plain.net

# rows FILE: the table of points without comments.
rows() {
    grep -v '^#' "$1"
}

# 7 points with 3 trials: together, in two processes
mkdir one two
(cd one && "$NETLANG" run ../batch.net -o t.csv >../one.out 2>&1) || complain "batch.net fails"
(cd two && "$NETLANG" run ../batch.net --threads 2 -o t.csv >../two.out 2>&1) || complain "batch.net in two processes fails"
cp one.out output
[ "$(rows one/t.csv | wc -l)" -eq 22 ] || complain "no 21 points"
cmp one/t.csv two/t.csv >output 2>&1 || complain "two processes make another table"
cmp one.out two.out >output 2>&1 || complain "two processes print something else"
"$NETLANG" run batch.net -o one.npz >output 2>&1
"$NETLANG" run batch.net --threads 3 -o three.npz >output 2>&1
cmp one.npz three.npz >output 2>&1 || complain "npz differ"
is_absent one/t.csv.journal

# a batch leaves the network as it was
"$NETLANG" run plain.net >output 2>&1
[ "$(tail -n 1 output)" = "$(tail -n 1 one.out)" ] || complain "the run behind the batch differs"

# each point alone, and the first trial without trials
(cd one && "$NETLANG" sweep ../alone.net J=0.1:2.2:7 --trials 3 -q -o s.csv) >output 2>&1 || complain "sweep fails"
rows one/s.csv | sed 1d >together
rm -f single
for J in $(rows one/s.csv | sed 1d | cut -d, -f1 | uniq); do
    "$NETLANG" sweep alone.net J=$J --trials 3 -q -o p.csv >output 2>&1 || complain "J = $J fails"
    rows p.csv | sed 1d >>single
    "$NETLANG" run alone.net -D J=$J -q -o q.csv >output 2>&1 || complain "J = $J fails"
    grep -q "^#   m = $(rows p.csv | sed -n 2p | cut -d, -f7)\$" q.csv || complain "J = $J: run has another m"
done
cmp together single >output 2>&1 || complain "points alone differ"

# sizes, settings and seeds: networks of their own
"$NETLANG" sweep alone.net N=20,30 J=0.1,2.2 seed=11,12 --trials 2 -q -o n.csv >output 2>&1 || complain "sweep of N fails"
"$NETLANG" sweep alone.net N=20,30 J=0.1,2.2 seed=11,12 --trials 2 -q --threads 2 -o n2.csv >output 2>&1
rows n.csv >n.rows
rows n2.csv | cmp - n.rows >output 2>&1 || complain "networks of their own differ in two processes"
[ "$(grep '^30,0.1,11,' n.rows | cut -d, -f4-)" = "$(rows one/s.csv | grep '^0.1,[01],' | cut -d, -f2-)" ] || complain "N = 30 is not what it is without a sweep of N"
"$NETLANG" run alone.net -D N=20 -D seed=12 -D J=2.2 -q -o q.csv >output 2>&1
grep -q "^#   m = $(grep '^20,2.2,12,0,' n.rows | cut -d, -f9)\$" q.csv || complain "N = 20 differs from a run"

# interrupted by a signal and by force, and continued
sed 's/run 31.7/run 2100/' alone.net >long.net
mkdir whole parts
(cd whole && "$NETLANG" sweep ../long.net N=10,12,14,16,18 J=0.1,1.9 --trials 2 -q -o t.csv) >output 2>&1 || complain "long.net fails"
for signal in TERM KILL; do
    (cd parts && exec "$NETLANG" sweep ../long.net N=10,12,14,16,18 J=0.1,1.9 --trials 2 -q -o t.csv) >output 2>&1 &
    pid=$!
    for k in $(seq 600); do # until a point is done
        [ "$(wc -c 2>/dev/null <parts/t.csv.journal || echo 0)" -gt 16 ] && break
        sleep 0.05
    done
    kill -$signal "$pid" 2>/dev/null
    wait "$pid"
    got=$?
    [ -e parts/t.csv.journal ] || complain "no journal after $signal"
    [ $signal = KILL ] || [ $got -eq 130 ] || complain "status $got after $signal"
    [ $signal = KILL ] || rows parts/t.csv | grep -q ',130$' || complain "points that are not done have no status"
done
before=$(wc -c <parts/t.csv.journal)
[ "$before" -gt 1000 ] || complain "nothing in the journal"
cp parts/t.csv.journal kept
(cd parts && "$NETLANG" sweep ../long.net N=10,12,14,16,18 J=0.1,1.9 --trials 2 -q --threads 2 -o t.csv) >output 2>&1 || complain "long.net does not go on"
cmp whole/t.csv parts/t.csv >output 2>&1 || complain "a sweep that was continued makes another table"
is_absent parts/t.csv.journal

# a journal that is cut, and one of something else
head -c $((before - 7)) kept >parts/t.csv.journal
(cd parts && "$NETLANG" sweep ../long.net N=10,12,14,16,18 J=0.1,1.9 --trials 2 -o t.csv) >output 2>&1 || complain "a cut journal"
cmp whole/t.csv parts/t.csv >/dev/null || complain "a cut journal makes another table"
grep -q W0605 output && complain "a cut journal is refused"
cp kept parts/t.csv.journal
(cd parts && "$NETLANG" sweep ../long.net N=10,12 J=0.1,1.9 -o t.csv) >output 2>&1 || complain "other options"
says 'W0605'

finish
