# What the tests of tlsview share: certificates, servers on loopback, and judging what came out. To be sourced.

fails=0
pids=''
trap 'for p in $pids; do kill "$p" 2>/dev/null; done' EXIT

bad() {
	echo "FAILED: $*"
	fails=$((fails + 1))
}

# expect STATUS COMMAND...: runs it, with its output in $TMP/out and $TMP/err.
expect() {
	want=$1
	shift
	"$@" >"$TMP/out" 2>"$TMP/err"
	got=$?
	[ "$got" -eq "$want" ] && return 0
	bad "status $got instead of $want: $*"
	cat "$TMP/out" "$TMP/err"
	return 1
}

# has TEXT...: each stands in the output.
has() {
	for text; do
		grep -qF -- "$text" "$TMP/out" || {
			bad "not in the output: $text"
			cat "$TMP/out"
		}
	done
}

# make_pki: root.pem, mid.pem and, signed by it, NAME.pem (with the chain in NAME.chain) for each KIND (ec, rsa).
make_pki() {
	(
		cd "$TMP" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem \
			-subj '/O=Test/CN=Test Root' -days 30 -addext keyUsage=critical,keyCertSign
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid.key -out mid.csr -subj /CN=Test\ Mid
		printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n' >mid.ext
		openssl x509 -req -in mid.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile mid.ext -out mid.pem
		printf 'subjectAltName=DNS:bank.example,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >leaf.ext
		for kind in ec rsa; do
			case $kind in
			ec) how='-newkey ec -pkeyopt ec_paramgen_curve:P-256' ;;
			rsa) how='-newkey rsa:2048' ;;
			esac
			# shellcheck disable=SC2086
			openssl req $how -nodes -keyout $kind.key -out $kind.csr -subj /CN=bank.example
			openssl x509 -req -in $kind.csr -CA mid.pem -CAkey mid.key -CAcreateserial -days 10 -extfile leaf.ext \
				-out $kind.pem
			cat $kind.pem mid.pem >$kind.chain
		done
	) >"$TMP/pki.log" 2>&1 || {
		cat "$TMP/pki.log"
		exit 1
	}
}

# serve KIND [s_server options]: an OpenSSL server on a port of its choosing; $port.
serve() {
	kind=$1
	shift
	: >"$TMP/server.log"
	openssl s_server -accept 127.0.0.1:0 -naccept 1 -cert "$TMP/$kind.pem" -key "$TMP/$kind.key" -cert_chain "$TMP/mid.pem" \
		-www "$@" >"$TMP/server.log" 2>&1 &
	pids="$pids $!"
	port=''
	for _ in $(seq 100); do
		port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$TMP/server.log")
		[ -n "$port" ] && return 0
		sleep 0.05
	done
	bad "the server does not start"
	cat "$TMP/server.log"
	exit 1
}

# python_server CODE: runs CODE for one connection (c is its socket); $port.
python_server() {
	rm -f "$TMP/port"
	python3 -c "
import socket, sys, time
s = socket.create_server(('127.0.0.1', 0))
open('$TMP/port.new', 'w').write(str(s.getsockname()[1]))
import os; os.rename('$TMP/port.new', '$TMP/port')
c, _ = s.accept()
c.settimeout(10)
$1
" &
	pids="$pids $!"
	for _ in $(seq 100); do
		[ -s "$TMP/port" ] && break
		sleep 0.05
	done
	port=$(cat "$TMP/port")
}

tlsview() {
	timeout 30 "$BIN/tlsview" "$@"
}

done_testing() {
	[ "$fails" -eq 0 ] || exit 1
	exit 0
}

# hasnot TEXT...: none stands in the output.
hasnot() {
	for text; do
		if grep -qF -- "$text" "$TMP/out"; then bad "in the output: $text"; fi
	done
}

# computed: tlsview computed the keys by itself, and nothing that it computed differs from what OpenSSL and the peer have.
computed() {
	grep -q "is that what we compute, too? — .*Finished.*: the same" "$TMP/out" || bad "no Finished was computed"
	if grep -q "✗" "$TMP/out"; then
		bad "something failed"
		grep "✗" "$TMP/out"
	fi
}

# make_client_pki: client.pem and client.key, for alice, by the root.
make_client_pki() {
	(
		cd "$TMP" || exit 1
		printf 'extendedKeyUsage=clientAuth\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' >client.ext
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -out client.csr -subj /CN=alice
		openssl x509 -req -in client.csr -CA root.pem -CAkey root.key -CAcreateserial -days 10 -extfile client.ext -out client.pem
	) >"$TMP/pki.log" 2>&1 || {
		cat "$TMP/pki.log"
		exit 1
	}
}

# free_port: a port that nobody has now.
free_port() {
	python3 -c "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])"
}

# await_port PORT: until somebody listens there.
await_port() {
	for _ in $(seq 100); do
		python3 -c "import socket, sys; socket.create_connection(('127.0.0.1', $1), 0.2)" 2>/dev/null && return 0
		sleep 0.05
	done
	bad "nobody listens on port $1"
	cat "$TMP/server.log"
	exit 1
}
