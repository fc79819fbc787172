#!/bin/bash
# Lists the modules that the binary is built of, with their licences. Fails where one has no licence file.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}"
missing=0
while read -r path version dir; do
	file=$(find "$dir" -maxdepth 1 -iname 'licen[sc]e*' -o -maxdepth 1 -iname 'copying*' 2>/dev/null | sort | head -n 1)
	if [ -z "$file" ]; then
		echo "$path $version: no licence file" >&2
		missing=1
		continue
	fi
	kind=$(grep -m1 -oiE 'apache license|mit license|mozilla public license|bsd|isc license|permission is hereby granted|redistribution and use' "$file" | head -n 1 || true)
	case "${kind,,}" in
	apache*) kind=Apache-2.0 ;;
	mit* | permission*) kind=MIT ;;
	mozilla*) kind=MPL-2.0 ;;
	bsd | redistribution*) kind=BSD ;;
	isc*) kind=ISC ;;
	*) kind="see $(basename "$file")" ;;
	esac
	echo "$path $version $kind"
done < <($GO list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/chargestamp | sort -u)
exit "$missing"
