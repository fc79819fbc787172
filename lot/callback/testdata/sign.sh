#!/bin/sh
# Writes the signed bodies of testdata/5.14 from their hand-written data, with openssl and not with our own seal.
set -eu
cd "$(dirname "$0")/5.14"
key=cs-test-ukey-514
for f in *.data; do
	data=$(cat "$f")
	sign=$(printf '%skey=%s' "$data" "$key" | openssl md5 -r | cut -d' ' -f1 | tr a-f A-F)
	printf '{"data":%s,"sign":"%s"}' "$data" "$sign" >"${f%.data}.body"
done
