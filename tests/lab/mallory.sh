# mallory attacks, and the laptop is at the airport; sourced, with $lab set.
glab() { "$BIN/glasslab" --lab "$lab" "$@"; }
trap 'glab down >/dev/null 2>&1 || true' EXIT
glab up || { glab doctor; exit 77; }

mallory= started=
attack() { # OPTIONS...
	started=$TMP/mallory.json
	"$BIN/glasslab" --lab "$lab" exec mallory -- mallory freewifi --json "$@" >"$started" </dev/null &
	mallory=$!
	i=0
	until grep -qs "\"ready\"" "$started"; do
		i=$((i + 1))
		[ $i -lt 100 ] || { echo "mallory did not start"; cat "$started"; exit 1; }
		sleep 0.05
	done
	glab move laptop airport >/dev/null
}
end() { # STATUS
	# what its victims have closed mallory may not have noticed yet
	for i in $(seq 20); do
		glab exec mallory -- ss -Htn state established state close-wait | grep -q . || break
		sleep 0.05
	done
	kill -TERM $mallory
	status=0
	wait $mallory || status=$?
	[ $status -eq "$1" ] || { echo "mallory's exit status is $status, not $1"; tail -n 3 "$started"; exit 1; }
}
check() { # PYTHON: r is the data of the RESULT, c its connections, form the victim's form
	glab exec laptop -- cat /run/glassnet/user/login.form >"$TMP/form"
	python3 - "$started" "$TMP/form" "$1" <<'P'
import json, sys, urllib.parse
events = [json.loads(line) for line in open(sys.argv[1])]
form = dict(urllib.parse.parse_qsl(open(sys.argv[2]).read()))
r = events[-1]["data"]
loot = {x["key"]: x["value"] for x in r["loot"]}
c = r["connections"]
assert eval(sys.argv[3]), (sys.argv[3], r)
P
}
