#!/bin/sh
# Checks that a message comes from the gateway. Its secret stands in WEBHOOK_SECRET, its body comes on stdin:
#
#	WEBHOOK_SECRET=whsec_… sh webhook-verify.sh "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP" "$WEBHOOK_SIGNATURE" < body
#
# The three arguments are the headers Webhook-Id, Webhook-Timestamp and Webhook-Signature. Exit 0: it does.
set -eu
id=$1 timestamp=$2 signature=$3
now=$(date +%s)
if [ "$timestamp" -lt $((now - 300)) ] || [ "$timestamp" -gt $((now + 300)) ]; then
	echo "the timestamp is more than five minutes off: an old message, or a wrong clock" >&2
	exit 1
fi
case $WEBHOOK_SECRET in
whsec_*) key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n') ;;
*) key=$(printf %s "$WEBHOOK_SECRET" | od -An -v -tx1 | tr -d ' \n') ;;
esac
want=v1,$({ printf '%s.%s.' "$id" "$timestamp" && cat; } |
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
if [ "$signature" != "$want" ]; then
	echo "the signature is not of this secret, or the message was changed" >&2
	exit 1
fi
