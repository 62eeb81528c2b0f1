# What the tests of certview share. To be sourced.
. "$SRC/tests/interop/tlsview.sh"

certview() {
	timeout 30 "$BIN/certview" "$@"
}
