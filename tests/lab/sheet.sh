# What the tests of worksheets share; sourced. Each student has a folder, a state and a lab drawn from the student's name; the lab
# is taken away at the end.
export GLASSNET_LAB=t-sheet-$$ PATH="$BIN:$PATH" LC_ALL=C.UTF-8
trap 'glasslab down >/dev/null 2>&1 || true' EXIT
trap 'exit 130' INT TERM
cd "$TMP"

# student NAME: goes into a folder of its own, with a state of its own
student() {
	mkdir -p "$TMP/$1"
	cd "$TMP/$1"
	export XDG_STATE_HOME="$TMP/$1/state"
}
# lab_of NAME: the lab that is drawn from NAME; where there can be no lab the test is skipped
lab_of() {
	glasslab up --seed "$1" >up.out 2>&1 || { cat up.out; glasslab doctor; exit 77; }
}

# steps N WANTED: the verdicts of check N in order, p (pass), f (wrong), s (not yet)
steps() {
	status=0
	glasslab check "$1" --json >check.json 2>check.err || status=$?
	got=$(sed -n 's/.*"kind":"check".*"verdict":"\(.\).*/\1/p' check.json | tr -d '\n')
	[ "$got" = "$2" ] || { echo "worksheet $1: $got, expected $2"; cat check.err check.json; exit 1; }
	case $2 in *[fs]*) want=1 ;; *) want=0 ;; esac
	[ $status -eq $want ] || { echo "exit status $status with $2"; exit 1; }
}
# said TEXT: the last check said so
said() {
	grep -q -e "$1" check.json || { echo "check does not say '$1'"; cat check.json; exit 1; }
}
# answer ID TEXT: writes it into the student's copy
answer() {
	text=$(printf '%s' "$2" | sed 's/[\\&|]/\\&/g') copy=$(printf %02d "${1%%.*}")
	grep -q "^Answer $1:" "$copy"-*.md || { echo "the worksheet has no line for answer $1"; exit 1; }
	sed -i "s|^Answer $1:.*|Answer $1: $text|" "$copy"-*.md
}
# on HOST COMMAND...
on() {
	host=$1
	shift
	timeout 30 glasslab exec "$host" -- "$@"
}
# part FILE K [BUT]: runs the commands of part "## K." of the worksheet as they stand there; but for those with BUT in them.
# A line that ends with a backslash goes on in the next one.
part() {
	awk -v part="## $2." 'index($0, "## ") == 1 {on = index($0, part) == 1} /^```/ {block = /^```console/; command = 0}
		on && block && (command || /^\$ /) {
			command || sub(/^\$ /, "")
			command = sub(/\\$/, "")
			printf "%s%s", $0, command ? "" : "\n"
		}' "$SRC/worksheets/$1" >all-commands
	grep -v -F -e "${3:-no such command}" all-commands >commands || { echo "$1 has no part $2"; exit 1; }
	while IFS= read -r command; do
		sh -c "$command" >out 2>&1 </dev/null || { echo "$1, part $2: '$command': $?"; cat out; exit 1; }
	done <commands
}

# sound N NAME: worksheet N, done by NAME, makes a bundle that grade believes; under another student's name grade does not believe it,
# though its digest is made anew
sound() {
	glasslab bundle >bundle.json
	python3 - "$1" "$2" <<'PY'
import hashlib, json, sys

def put(name, student, bundle):
    bundle = {k: v for k, v in bundle.items() if k != "digest"} | {"student": student}
    key = hashlib.blake2b(b"glassnet bundle 1: " + student.encode() + b"\0", digest_size=32).digest()
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    bundle["digest"] = hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()
    json.dump(bundle, open(name, "w", encoding="utf-8"), ensure_ascii=False)

bundle = json.load(open("bundle.json", encoding="utf-8"))
bundle["worksheets"] = [w for w in bundle["worksheets"] if w["worksheet"] == int(sys.argv[1])]
assert len(bundle["worksheets"]) == 1 and bundle["student"] == sys.argv[2]
for step in bundle["worksheets"][0]["steps"]:
    assert step["verdict"] != "passed" or step.get("answer") or step.get("said") or step["evidence"], step
put("own.json", sys.argv[2], bundle)
put("forged.json", "somebody-else", bundle)
PY
	glasslab grade own.json >table.csv || { echo "grade does not believe $2"; cat table.csv; exit 1; }
	status=0
	glasslab grade forged.json >table.csv || status=$?
	[ $status -eq 1 ] && grep -q 'of another seed' table.csv && ! grep -q 'changed after' table.csv ||
		{ echo "grade believes a bundle of worksheet $1 under another name"; cat table.csv; exit 1; }
}
