#!/bin/bash
# Opens each hole of this folder again in a copy of the tree and runs the test that its patch names: it must turn red.
# Fails where one stays green. Names of holes as arguments: those alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${GO:=go}"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
[ $# -gt 0 ] || set -- $(cd tools/holes && ls ./*.patch | sed 's|^\./||; s|\.patch$||')
green=0
for name; do
	patch=$PWD/tools/holes/$name.patch
	read -r package test < <(sed -n 's/^test: //p' "$patch")
	(cd "$copy" && git apply "$patch")
	(cd "$copy" && $GO test -trimpath "$package" -count=1 -run "^$test\$") >"$copy/said" 2>&1 || true
	if grep -q "^--- FAIL: $test" "$copy/said"; then
		printf '%-14s red: %s %s: %s\n' "$name" "$package" "$test" "$(grep -m1 '_test.go:' "$copy/said" | cut -c1-120)"
	else
		printf '%-14s stays green: %s\n' "$name" "$(head -1 "$patch")"
		tail -3 "$copy/said"
		green=1
	fi
	(cd "$copy" && git apply -R "$patch")
done
exit $green
