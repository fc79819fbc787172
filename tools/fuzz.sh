#!/bin/bash
# Runs every fuzz target of the module for a time each (60s by default), one after another, and last the endpoints of a
# running server. A file as a second argument keeps the names of those that are done; they are left out the next time, so
# that all can be run in pieces.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
had=${2:-/dev/null}
grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file func; do
	target="$(dirname "$file") ${func#func }"
	if grep -qxF "$target" "$had" 2>/dev/null; then continue; fi
	echo "== $target"
	"${GO:-go}" test "$(dirname "$file")" -run '^$' -fuzz "^${func#func }\$" -fuzztime "$time"
	echo "$target" >>"$had"
done
endpoints="app TestSecurityFuzz"
if ! grep -qxF "$endpoints" "$had" 2>/dev/null; then
	echo "== $endpoints"
	CHARGESTAMP_FUZZ_FOR=$time "${GO:-go}" test ./app -count=1 -v -timeout 0 -run '^TestSecurityFuzz$' |
		grep -E 'security_fuzz|^(ok|FAIL|---)'
	echo "$endpoints" >>"$had"
fi
