# What sshview's tests share; sourced. An OpenSSH sshd of our own on loopback, as the user that we are.
command -v sshd >/dev/null || PATH=$PATH:/usr/sbin:/sbin
command -v sshd >/dev/null && command -v ssh >/dev/null || {
	echo "OpenSSH is not installed"
	exit 77
}
sv=$BIN/sshview
pids=''
trap 'for p in $pids; do kill $p 2>/dev/null; done' EXIT
trap 'exit 130' INT TERM
unset SSH_AUTH_SOCK
# sshd looks for its empty folder when root starts it
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
bad=0
no() {
	echo "$*"
	bad=1
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { # PORT
	n=0
	while ! python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 50 ] || { echo "nothing listens on port $1"; cat "$TMP"/*.log; exit 1; }
		sleep 0.05
	done
}
keys() { # keys of the server and of the user, in $TMP
	for t in ed25519 ecdsa rsa; do
		for who in host user; do
			ssh-keygen -q -t $t $([ $t = rsa ] && echo -b 2048) -N '' -C "$who" -f "$TMP/${who}_$t"
		done
	done
	cat "$TMP"/user_*.pub >"$TMP/authorized"
}
start_sshd() { # NAME LINE...: its port in $port
	name=$1
	shift
	port=$(free_port)
	{
		printf '%s\n' "$@" "ListenAddress 127.0.0.1:$port" "AuthorizedKeysFile $TMP/authorized" 'UsePAM no' 'StrictModes no' \
			'PidFile none' 'PermitRootLogin yes' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' \
			'MaxStartups 100' 'LogLevel VERBOSE'
	} >"$TMP/$name.conf"
	"$(command -v sshd)" -D -e -f "$TMP/$name.conf" 2>"$TMP/$name.log" &
	pids="$pids $!"
	listening "$port"
}
