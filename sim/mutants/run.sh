#!/bin/bash
# Puts each fault of this folder into a copy of the tree, and counts the seeds until the simulator finds it. It fails
# where one is not found within SEEDS (200) histories of VISITS (100). Names of faults as arguments: those alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${GO:=go}" "${SEEDS:=200}" "${VISITS:=100}"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
[ $# -gt 0 ] || set -- $(cd sim/mutants && ls ./*.patch | sed 's|^\./||; s|\.patch$||')
missed=0
for name; do
	patch=$PWD/sim/mutants/$name.patch
	(cd "$copy" && git apply "$patch" && $GO build -o chargestamp.test ./cmd/chargestamp)
	if "$copy/chargestamp.test" sim --seed 1 --seeds "$SEEDS" --visits "$VISITS" --report "$copy/report" 2>"$copy/wrong" >/dev/null; then
		printf '%-14s missed in %d seeds: %s\n' "$name" "$SEEDS" "$(head -1 "$patch")"
		missed=1
	else
		printf '%-14s seed %3d: %s\n' "$name" "$(($(wc -l <"$copy/report") + 1))" "$(grep -A1 'breaks what must hold' "$copy/wrong" | tail -1 | cut -c1-150)"
	fi
	rm -f "$copy/report"
	(cd "$copy" && git apply -R "$patch")
done
exit $missed
