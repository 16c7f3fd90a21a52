# A signal ends a run cleanly; what was recorded until then is kept.
. "$NL_SRC/tests/cli/lib.sh"

cat >long.net <<'END'
simulation { dt = 0.1; method = rk4 }
population A[3] {
  state x = 1
  x' = -x / 10
}
record x = A.x every 1
run 1e9
END

"$NETLANG" run long.net -o a.csv >output 2>&1 &
pid=$!
sleep 1
is_absent a.csv
kill -TERM "$pid"
wait "$pid"
got=$?
[ "$got" -eq 130 ] || complain "status $got, wanted 130"
says 'interrupted'
[ "$(grep -vc '^#' a.csv)" -gt 3 ] || complain 'a.csv does not hold what was recorded'

finish
