# Sourced by the benchmarks. ms COMMAND...: the wall time of one run in milliseconds (its output is thrown away);
# median N COMMAND...: the median of N runs; ratio A B: A/B with two decimals.
ms() {
	start=$(date +%s%N)
	"$@" >/dev/null 2>&1 || { echo "failed: $*" >&2; return 1; }
	echo $((($(date +%s%N) - start) / 10000)) | awk '{printf "%.2f\n", $1 / 100}'
}
median() {
	n=$1
	shift
	i=0
	while [ $i -lt "$n" ]; do
		ms "$@"
		i=$((i + 1))
	done | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f\n", a / b}'
}
