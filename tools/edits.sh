#!/bin/bash
# Holds how many edits by hand a new thing needs outside of what is its own: each patch of tools/edits is laid over the tree,
# its hunks in other files are counted against its bound, and the gateway is built with it.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}"
failed=0
for patch in tools/edits/*.patch; do
	name=$(basename "$patch" .patch)
	said() { sed -n "s/^# $1: //p" "$patch"; }
	own=$(said own) most=$(said most) work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	files=$(sed -n 's,^+++ b/,,p' "$patch")
	for f in $files; do
		mkdir -p "$work/$(dirname "$f")"
		if [ -f "$f" ]; then cp "$f" "$work/$f"; fi
	done
	patch --quiet --forward --strip 1 --directory "$work" <"$patch" >&2 || { echo "$name: the patch does not fit the tree any more" >&2; exit 1; }
	edits=$(awk -v own="$own" '/^\+\+\+ b\// {f = substr($2, 3)} /^@@/ && index(f, own) != 1 {n++} END {print n + 0}' "$patch")
	if [ "$edits" -gt "$most" ]; then echo "$name: $edits edits, $most are allowed" >&2; failed=1; fi
	{
		sep='{"Replace":{'
		for f in $files; do printf '%s"%s":"%s"' "$sep" "$PWD/$f" "$work/$f"; sep=,; done
		echo '}}'
	} >"$work/overlay.json"
	$GO build -overlay "$work/overlay.json" -o "$work/chargestamp" ./cmd/chargestamp
	# tests that the patch changes must compile; vet would look for the folder of a new package, which is only laid over
	$GO test -vet=off -run "^$" -overlay "$work/overlay.json" $(for f in $files; do case $f in *.go) [ ! -d "$(dirname "$f")" ] || echo "./$(dirname "$f")" ;; esac; done | sort -u) >/dev/null
	shows=$(said shows)
	if [ -n "$shows" ] && ! grep -q "$(said says)" <<<"$("$work/chargestamp" $shows 2>&1)"; then # it may refuse and exit 1
		echo "$name: chargestamp $shows does not know it" >&2
		failed=1
	fi
	echo "$name: $edits edits outside of $own"
	rm -rf "$work"
done
exit $failed
