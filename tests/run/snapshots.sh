# Snapshots in files: a network goes on where another run left it, bit for bit, and only into the same network.
. "$NL_SRC/tests/cli/lib.sh"

cat >network.txt <<'END'
simulation { dt = 0.1; method = euler; seed = 7 }
param gain = 0.61
population S[20] { spike when bernoulli(0.03) }
population E[30] {
  state v = uniform(0, 0.9), g = 0 decays 4.7
  v' = (gain*1.7 - v)/9.3 + g*0.21 + 0.05*xi
  spike when v > 1 { v = 0 }
  refractory 1.3 holding v
}
projection SE : S -> E via random(0.3) {
  param w = uniform(0.1, 0.4)
  state x = 0 decays 7.1, m = 1
  delay 1.7
  on pre { post.g += w*m; x += 0.2 }
  on post { m = clip(m + 0.01*x, 0, 2) }
}
projection EE : E -> E via fixed_indegree(4) { delay 0.1 * (1 + 3*pre.i + post.i mod 7); on pre { post.g += 0.07 } }
state z = 0.3
z' = -delay(z, 1.35)*0.4
END
cat >after.txt <<'END'
run 20
print sum(E.v), sum(SE.m), sum(SE.x), sum(E.g), sum(SE.w), z, t
END

(cat network.txt; echo 'run 31.7'; echo 'set E.g[3] = 0.25'; echo 'snapshot "state_{gain}.h5"'; cat after.txt) >first.net
(cat network.txt; echo 'restore "state_{gain}.h5"'; cat after.txt) >second.net
(cat network.txt; echo 'run 5'; echo 'restore "state_{gain}.h5"'; echo 'record E.spikes'; cat after.txt) >third.net
"$NETLANG" run first.net >first.out 2>/dev/null </dev/null || complain "first.net fails"
grep -q '51.7$' first.out || complain "first.net does not end at 51.7"
for file in second third; do
    "$NETLANG" run $file.net >$file.out 2>/dev/null </dev/null || complain "$file.net fails"
    grep '51.7$' $file.out >output
    grep -qxF -e "$(grep '51.7$' first.out)" output || complain "$file.net ends elsewhere"
done

# What is missing, of another size, or does not reach back far enough.
size() { printf 'simulation { dt = 0.1; method = euler }\npopulation X[%s] { state %s = i; %s'"'"' = -delay(%s, %s) }\n%s "x.h5"\nrun 1\n' "$@" >size.net; }
size 3 x x x 0.5 snapshot
try 0 run size.net
size 4 x x x 0.5 restore
try 3 run size.net
says 'cannot restore `x.h5`: `X.x` has 3 elements there, and 4 here'
size 3 y y y 0.5 restore
try 3 run size.net
says 'cannot restore `x.h5`: `X.y` is missing'
size 3 x x x 5 restore
try 3 run size.net
says 'cannot restore `x.h5`: `X.x` reaches back'
size 3 x x x 0.2 restore
try 0 run size.net

# refuse TEXT [SED]: second.net, changed so, is refused in this way.
refuse() {
    sed "$2" second.net >other.net
    try 3 run other.net
    says 'other.net:20:9: error R0008: cannot restore `state_0.61.h5`: '"$1"
}
refuse 'the network is wired otherwise' 's/seed = 7/seed = 8/'
cp state_0.61.h5 whole.h5
head -c 3000 whole.h5 >state_0.61.h5
refuse 'cannot load `state_0.61.h5:/clock`' ''
rm state_0.61.h5
refuse 'cannot load `state_0.61.h5:/clock`' ''
sed 's/restore .*/snapshot "nowhere\/state.h5"/' second.net >other.net
try 3 run other.net
says 'other.net:20:10: error R0008: cannot write `nowhere/state.h5`'

finish
