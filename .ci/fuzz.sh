#!/bin/sh
# Runs every fuzz target for the time given as the first argument; only those of the folders or names that follow, if
# any do: fuzz.sh 30s app/mail FuzzKey. All are run, and those that found something are named at the end.
set -u
cd "$(dirname "$0")/.."
time=${1:-20s}
[ $# -gt 0 ] && shift
only=" $* "
failed=
for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
	dir=$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
		case "$only" in
		"  " | *" $dir "* | *" $target "*) ;;
		*) continue ;;
		esac
		echo "$dir $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$dir" || failed="$failed $dir/$target"
	done
done
if [ -n "$failed" ]; then
	echo "found something:$failed" >&2
	exit 1
fi
