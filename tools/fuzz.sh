#!/bin/bash
# Runs every fuzz target of the module for a time each (60s by default), one after another.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file func; do
	echo "== $(dirname "$file") ${func#func }"
	"${GO:-go}" test "$(dirname "$file")" -run '^$' -fuzz "^${func#func }\$" -fuzztime "$time"
done
