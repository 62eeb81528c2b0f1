# What the lab's own tests share; sourced. Makes no lab, but takes away the one called $lab at the end.
"$BIN/glasslab" doctor >"$TMP/doctor" 2>&1 || {
	cat "$TMP/doctor"
	exit 77
}
lab=t-$$
glab() { timeout 60 "$BIN/glasslab" --lab "$lab" "$@"; }
in_host() { host=$1 && shift && glab exec "$host" -- "$@"; }
trap 'glab down >/dev/null 2>&1' EXIT
trap 'exit 130' INT TERM

bad() {
	echo "$*"
	exit 1
}

# expect STATUS COMMAND...: its output is in $TMP/out, its diagnostics in $TMP/err
expect() {
	want=$1
	shift
	"$@" >"$TMP/out" 2>"$TMP/err"
	got=$?
	[ $got -eq "$want" ] || {
		cat "$TMP/out" "$TMP/err"
		bad "exit status $got, not $want: $*"
	}
}
says() { grep -qF -e "$1" "$TMP/out" || { cat "$TMP/out" && bad "not in the output: $1"; }; }
complains() { grep -qF -e "$1" "$TMP/err" || { cat "$TMP/err" && bad "not in the diagnostics: $1"; }; }

# fact PYTHON-EXPRESSION: of f, the facts
fact() { glab facts | python3 -c "import json,sys; f=json.load(sys.stdin); print($1)"; }

# Every process of the lab, as this machine numbers them: the holder and all that descends from it.
lab_pids() {
	level=$(fact 'f["holder"]')
	while [ -n "$level" ]; do
		echo "$level"
		level=$(for p in $level; do pgrep -P "$p"; done)
	done
}

# Does a process run? One that has ended may wait for its parent to notice: that is up to this machine's process 1.
runs() {
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -n "$state" ] && [ "$state" != Z ] && [ "$state" != X ]
}

# Nothing of a lab is there any more: $1, a file with its pids, and its name.
gone() {
	i=0
	while [ $i -lt 50 ]; do
		left=''
		for p in $(cat "$1"); do runs "$p" && left="$left $p"; done
		[ -z "$left" ] && break
		sleep 0.02
		i=$((i + 1))
	done
	[ -z "$left" ] || bad "processes are left:$left: $(ps -o pid,args -p "$(echo $left | tr ' ' ,)")"
	! grep -q "@glassnet-lab/$(id -u)/$lab\$" /proc/net/unix || bad "the lab's socket is left"
	! grep -q glassnet /proc/self/mounts || bad "a mount is left: $(grep glassnet /proc/self/mounts)"
}
