#!/usr/bin/env bash
# Writes the pushes of the golden cases, each signed by openssl: never by the code that is tested. Run it in any
# folder; what we make of a push is written by   go test ./platform/open13 -update
set -euo pipefail
cd "$(dirname "$0")"
id=linghu path=/zld/chargingPile/syncChargePilePay secret=lot-invented-ckey

md5() { openssl dgst -md5 | awk '{print toupper($NF)}'; }

raw() {
  mkdir -p "$id/$1"
  printf 'POST %s HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s' \
    "$path" "$(printf %s "$2" | wc -c)" "$2" >"$id/$1/push.http"
  rm -f "$id/$1/case.json"
}

case_json() { printf '%s\n' "$2" >"$id/$1/case.json"; }

sign() { printf '%skey=%s' "$1" "$secret" | md5; }

# wrap DATA SIGN prints the body.
wrap() { printf '{"data":%s,"sign":"%s"}' "$1" "$2" | openssl base64 -A; }

# push CASE DATA [SIGNED] signs data, or another text in its place, and writes both.
push() { raw "$1" "$(wrap "$2" "$(sign "${3:-$2}")")"; }

# data CHANGE... is the usual data by sed.
data() {
  local out=$usual change
  for change in "$@"; do out=$(printf %s "$out" | sed -e "$change"); done
  printf %s "$out"
}

mkdir -p $id
cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "linghu-main", "scope": "200461/1313", "allow_from": ["192.0.2.0/24"],
   "keys": [{"ckey": "lot-invented-ckey"}, {"ckey": "lot-former-ckey"}]}]}
J
usual='{"comid":"1313","union_id":"200461","start_charge_seq":"20240101001","start_charging_time":1704074400,"stop_charging_time":1704079800,"car_number":"京A12345","station_name":"一号站","connector_id":"10000a001","connector_name":"充电枪001a","power":12.50,"elec_money":10.00,"sevice_money":5.00,"total_money":15.00,"mitigate_type":1,"duration":120}'
tail_='"mitigate_type":1,"duration":120'

push finished "$usual"
push repeated "$usual"
push busy "$usual";          case_json busy '{"verdict": "busy"}'
push not-bound "$usual";     case_json not-bound '{"verdict": "not_bound"}'
push wrong-address "$usual"; case_json wrong-address '{"remote": "198.51.100.7"}'
raw forged "$(wrap "$(data 's/A12345/A54321/')" "$(sign "$usual")")"
raw unsealed "$(printf '{"data":%s}' "$usual" | openssl base64 -A)"
raw empty-sign "$(wrap "$usual" '')"
secret=vendor-invented-ukey push wrong-account "$usual"
secret=lot-former-ckey push former-key "$usual"
raw lower-sign "$(wrap "$usual" "$(sign "$usual" | tr A-F a-f)")"
push station "$(data 's/"comid":"1313","union_id":"200461"/"station_id":"200461\&\&1313"/')"
push both-lots "$(data 's/"union_id":"200461"/"union_id":"200461","station_id":"200461\&\&1313"/')"
push lots-differ "$(data 's/"union_id":"200461"/"union_id":"200461","station_id":"200461\&\&1314"/')"
push no-lot "$(data 's/"comid":"1313",//')"
push unknown-lot "$(data 's/1313/1399/')"
push free "$(data "s/$tail_/\"mitigate_type\":0/")"
push amount "$(data "s/$tail_/\"mitigate_type\":2,\"free_money\":12.00/")"
push lot-decides "$(data "s/$tail_/\"mitigate_type\":3/")"
push no-type "$(data "s/,$tail_//")"
push unknown-type "$(data 's/"mitigate_type":1/"mitigate_type":4/')"
push no-duration "$(data 's/,"duration":120//')"
push part-cent "$(data "s/$tail_/\"mitigate_type\":2,\"free_money\":12.005/")"
push negative "$(data 's/"duration":120/"duration":-120/')"
push milliseconds "$(data 's/1704074400/1704074400000/' 's/1704079800/1704079800000/')"
push crossing-times "$(data 's/1704079800/1704070000/')"
push missing-plate "$(data 's/"car_number":"京A12345",//')"
push bad-plate "$(data 's/京A12345/京A<12345>/')"
push small-plate "$(data 's/京A12345/京a12345/')"
push no-order "$(data 's/"start_charge_seq":"20240101001",//')"
push by-visit "$(data 's/"start_charge_seq":"20240101001","start_charging_time":1704074400,"stop_charging_time":1704079800,//')"
# Signed over the text without blanks, as the original server prints it again.
push spaced "$(data 's/,"/, "/g' 's/":/": /g')" "$usual"
# A blank where a line was wrapped.
raw wrapped-lines "$(wrap "$usual" "$(sign "$usual")" | fold -w 76)"
raw bare-json "$(printf '{"data":%s,"sign":"%s"}' "$usual" "$(sign "$usual")")"
raw no-padding "$(wrap "$usual" "$(sign "$usual")" | tr -d =)"
raw no-data "$(printf '{"sign":"%s"}' "$(sign "$usual")" | openssl base64 -A)"
raw data-text "$(wrap '"京A12345"' "$(sign '"京A12345"')")"
raw twice "$(printf '{"data":{},"data":%s,"sign":"%s"}' "$usual" "$(sign "$usual")" | openssl base64 -A)"
raw empty ''

# The case of the hex below is open and hidden by Base64: a test of its own holds it instead of the forger.
id=open
push escaped "$(data 's/京/\\u4eac/' 's/station_name":"一号站/station_name":"\\u4E00号站/')" "$usual"

# Usual mistakes, for the doctor: data signed wrong.
id=doctor
k="key=$secret"
digest() { printf %s "$1" | md5; }
mistaken() { raw "$1" "$(wrap "$usual" "$(digest "$2")")"; }
mistaken joint "$usual&$k"
mistaken sorted "$(printf '%s' '{"car_number":"京A12345","comid":"1313","connector_id":"10000a001","connector_name":"充电枪001a","duration":120,"elec_money":10.00,"mitigate_type":1,"power":12.50,"sevice_money":5.00,"start_charge_seq":"20240101001","start_charging_time":1704074400,"station_name":"一号站","stop_charging_time":1704079800,"total_money":15.00,"union_id":"200461"}')$k"
mistaken spaced "$(data 's/,"/, "/g' 's/":/": /g')$k"
mistaken envelope "{\"data\":$usual}$k"
mistaken pairs "car_number=京A12345&comid=1313&connector_id=10000a001&connector_name=充电枪001a&duration=120&elec_money=10.00&mitigate_type=1&power=12.50&sevice_money=5.00&start_charge_seq=20240101001&start_charging_time=1704074400&station_name=一号站&stop_charging_time=1704079800&total_money=15.00&union_id=200461&$k"
mistaken upper-key "${usual}key=$(printf %s "$secret" | tr a-z A-Z)"
raw key-with-line-end "$(wrap "$usual" "$(printf '%s%s\n' "$usual" "$k" | md5)")"
stationed=$(data 's/"comid":"1313","union_id":"200461"/"station_id":"200461\&\&1313"/')
raw ampersands "$(wrap "$stationed" "$(digest "$(printf %s "$stationed" | sed 's/&&/\\u0026\\u0026/')$k")")"
raw url-base64 "$(wrap "$usual" "$(sign "$usual")" | tr '+/' '-_')"
