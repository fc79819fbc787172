#!/usr/bin/env bash
# Plays 绿电出行, a made-up platform: signs one finished charge with openssl as its paper says and sends it.
#   push.sh          sends it and prints the answer
#   push.sh print    prints the request instead
# URL, PLATE, LOT, MINUTES and AT (unix seconds) vary it.
set -euo pipefail

url=${URL:-http://127.0.0.1:8080/own/lvdian/charge}
key=8c1f6a0d4b7e9352
now=${AT:-$(date +%s)}
clock() { TZ=CST-8 date -d "@$1" '+%Y-%m-%d %H:%M:%S' 2>/dev/null || TZ=CST-8 date -r "$1" '+%Y-%m-%d %H:%M:%S'; }

plate=${PLATE:-京AD06088} lot=${LOT:-200461-1313} minutes=${MINUTES:-30}
begin=$(clock $((now - 3600))) end=$(clock $((now - 60)))
number=LD$now sent=${now}000

# Sorted by name, joined with &, and the key behind it.
text="beginAt=$begin&carPlate=$plate&chargeNo=$number&endAt=$end&freeMinutes=$minutes&kwh=18.20&parkCode=$lot&payAmount=2130&sendTime=$sent"
sign=$(printf '%s&key=%s' "$text" "$key" | openssl dgst -md5 | awk '{print toupper($NF)}')
body=$(printf '{"chargeNo":"%s","carPlate":"%s","parkCode":"%s","beginAt":"%s","endAt":"%s","kwh":18.20,"payAmount":2130,"freeMinutes":%s,"sendTime":%s,"sign":"%s"}' \
  "$number" "$plate" "$lot" "$begin" "$end" "$minutes" "$sent" "$sign")

if [ "${1:-}" = print ]; then
  printf 'POST /own/lvdian/charge HTTP/1.1\nHost: gateway.example\nContent-Type: application/json\nContent-Length: %d\n\n%s' \
    "$(printf %s "$body" | wc -c)" "$body"
else
  curl -sS -H 'Content-Type: application/json' --data-binary "$body" "$url"
  echo
fi
