# Texts and models at and beyond the limits: a message or a result, never a crash, a hang or a large allocation.
. "$NL_SRC/tests/cli/lib.sh"

repeat() { # TEXT COUNT
    awk -v text="$1" -v count="$2" 'BEGIN { for (k = 0; k < count; k++) printf "%s", text }'
}

# told STATUS WORDS: the model on the standard input ends with this status and these words, quickly and in little
# memory.
told() {
    cat >model.net
    (ulimit -t 20; exec "$NETLANG" run model.net) >output 2>&1 </dev/null
    got=$?
    [ "$got" -eq "$1" ] || complain "status $got, wanted $1 ($2)"
    [ -z "$2" ] || says "$2"
}

# --- texts ---
: | told 0 ''
printf '\n\n  \n' | told 0 ''
printf '# only a comment' | told 0 ''
printf '\357\273\277let x = 1\nprint x\n' | told 0 1
printf 'let x = 1\r\nprint x\r\n' | told 0 1
printf 'let x = 1\0' | told 2 NUL
printf '\377\376let x = 1' | told 2 UTF-8
printf 'print "\355\240\200"' | told 2 UTF-8
printf 'let x = "abc' | told 2 string
printf 'let x = 1e400' | told 2 1e400
printf 'print 1e308' | told 0 1e+308
printf 'print %s' "$(repeat 9 400)" | told 2 E0107
printf 'print 0.%s1' "$(repeat 0 200)" | told 0 1e-201
printf 'let x = 4.9e-324\nprint x' | told 0 e-324
printf 'let %s = 1\nprint 7' "$(repeat x 5000)" | told 0 7
printf 'print "%s"' "$(repeat y 100000)" | told 0 yyyy

# --- nesting ---
{ printf 'print '; repeat '(' 200; printf 3; repeat ')' 200; } | told 0 3
{ printf 'print '; repeat '(' 300; printf 3; repeat ')' 300; } | told 2 E0114
{ printf 'print '; repeat '(' 100000; } | told 2 E0114
{ printf 'let x = '; repeat '[' 100000; } | told 2 E0114
{ printf 'print '; repeat '-' 100000; printf 1; } | told 2 E0114
{ printf 'print '; repeat 'not ' 100000; printf '1 < 2'; } | told 2 E0114
{ printf 'print 1'; repeat ' + 1' 1500; } | told 0 1501
{ printf 'print 1'; repeat ' + 1' 100000; } | told 2 E0114
{ printf 'print 2'; repeat '^1' 100000; } | told 2 E0114
{ printf 'print '; repeat 'if 1 < 2 then 1 else ' 100000; printf 2; } | told 2 E0114
{ repeat 'if 1 < 2 { ' 100000; } | told 2 E0114
{ repeat '}' 1000; } | told 2 E0104
{ repeat 'let = ' 5000; } | told 2 'error E'

# --- many things ---
awk 'BEGIN { print "let x0 = 1"; for (k = 1; k < 999; k++) print "let x" k " = x" k - 1 " + 1"; print "print x998" }' |
    told 0 999
awk 'BEGIN { for (k = 0; k < 1000; k++) printf "let x%d = nope%d\n", k, k }' | told 2 E0303
[ "$(grep -c 'error E' output)" -le 21 ] || complain 'more than 20 errors'
awk -v p="'" 'BEGIN { print "simulation { dt = 0.1; method = rk4 }"; for (k = 0; k < 300; k++) print "state x" k " = " k
    for (k = 0; k < 300; k++) print "x" k p " = -x" (k + 1) % 300; print "run 1\nprint \"done\"" }' | told 0 'done'

# --- sizes ---
net='simulation { dt = 0.1; method = rk4 }
population Big[SIZE] { input s; state x = 1; x'"'"' = -x + s }
PROJECTION
run 1'
sized() { printf '%s\n' "$net" | sed "s/SIZE/$1/; s/PROJECTION/$2/"; }
sized 0 '' | told 2 'Big'
sized -3 '' | told 2 'Big'
sized 2.5 '' | told 2 'Big'
sized 1e12 '' | told 2 'Big'
sized 1e18 '' | told 2 'Big'
sized 1e30 '' | told 2 'Big'
sized inf '' | told 2 'Big'
sized '1e6, 1e6' '' | told 2 'Big'
sized 4e6 'projection Big -> Big via random(p = 0.5) { post.s += pre.x }' | told 2 'Big'
sized 1 '' | told 0 ''
printf 'let x = zeros(1e12)' | told 2 zeros
printf 'let x = zeros([1e9, 1e9])' | told 2 zeros
printf 'let x = arange(1e15)' | told 2 arange
printf 'let x = eye(1e7)' | told 2 eye
printf 'let x = kron(ones([1000, 1000]), ones([1000, 1000]))' | told 2 kron
printf 'let x = outer(ones(1e6), ones(1e6))' | told 2 outer
printf 'for k in 0 .. 1e18 { print 1 }' | told 2 'error E'
printf 'function f(x) = f(x) + 1\nlet y = f(1)' | told 2 E0307

# --- times ---
timed='simulation { dt = 0.1; method = rk4 }
state x = 1
x'"'"' = -x
run '
printf '%sinf' "$timed" | told 2 'error E'
printf '%s-1' "$timed" | told 2 'error E'
printf '%s0' "$timed" | told 0 ''
printf 'simulation { dt = 0.1; method = rk4 }\nstate x = 1\nx'"'"' = -delay(x, 1e15)\nrun 1' | told 2 'error E'
printf 'simulation { dt = 0.1; method = rk4 }\nstate x = 1\nx'"'"' = -delay(x, -1)\nrun 1' | told 2 E0408

# --- files ---
mkdir folder
try 2 run folder
try 2 run /dev/null/model.net
printf 'use "model.net"\nprint 1' | told 2 'error E'
printf 'use "missing.net"' | told 2 missing.net
head -c 40 /dev/zero >short.npy
printf '\223NUMPY\001\000\166\000{' >cut.npy
for bad in short.npy cut.npy; do printf 'let x = load("%s")' "$bad" | told 2 "$bad"; done

finish
