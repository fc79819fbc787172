#!/bin/bash
# Prints again whatever in the tree is printed: the console's templates, the golden pushes (by openssl), and the
# reference pages of docs/ (by tools/docgen). With --check it fails when that has changed a file.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in openssl git; do
	command -v "$program" >/dev/null || { echo "$program is missing: make deps installs it" >&2; exit 1; }
done
: "${GO:=go}" "${TEMPL_VERSION:?run it by make generate}"

# printed prints a sum of each file in the folders that are printed into.
printed() { git ls-files -z -co --exclude-standard -- admin docs lot platform | sort -zu | xargs -0 sha256sum 2>/dev/null || true; }

print() {
	(cd admin/console && $GO run "github.com/a-h/templ/cmd/templ@$TEMPL_VERSION" generate -log-level error)
	signed=()
	for script in platform/*/testdata/make.sh lot/callback/testdata/sign.sh; do
		bash "$script" & # thousands of openssl's, one after another
		signed+=($!)
	done
	binary=$(mktemp -d)
	trap 'rm -rf "$binary"' EXIT
	$GO build -o "$binary/chargestamp" ./cmd/chargestamp
	$GO run ./tools/docgen -binary "$binary/chargestamp"
	for script in "${signed[@]}"; do
		wait "$script"
	done
}

if [ "${1-}" != --check ]; then
	print
	exit
fi
before=$(printed)
print
if ! diff <(echo "$before") <(printed) >/dev/null; then
	echo "these files are not what make generate prints; commit what it printed:" >&2
	diff <(echo "$before") <(printed) | sed -n 's/^> [0-9a-f]*  /  /p' >&2 || true
	exit 1
fi
