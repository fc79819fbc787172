#!/usr/bin/env bash
# Writes the pushes of the golden cases. Nothing in them is signed. Run it in any folder; what we make of a push is
# written by   go test ./platform/plain -update
set -euo pipefail
cd "$(dirname "$0")"

# raw CASE BODY [PATH] writes a push as it is.
raw() {
  mkdir -p "$id/$1"
  printf 'POST %s HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s' \
    "${3:-$path}" "$(printf %s "$2" | wc -c)" "$2" >"$id/$1/push.http"
  rm -f "$id/$1/case.json"
}

case_json() { printf '%s\n' "$2" >"$id/$1/case.json"; }

# json FIELD... prints name=text and name:=JSON fields.
json() {
  local f name sep=
  printf '{'
  for f in "$@"; do
    name=${f%%[:=]*}
    case $f in
      "$name:="*) printf '%s"%s":%s' "$sep" "$name" "${f#"$name:="}" ;;
      *) printf '%s"%s":"%s"' "$sep" "$name" "${f#"$name="}" ;;
    esac
    sep=,
  done
  printf '}'
}

# vary CHANGE... prints the base fields with some changed; -name takes one away.
vary() {
  local fields=("${base[@]}") change name i kept put
  for change in "$@"; do
    name=${change#-}; name=${name%%[:=]*}; kept=() put=
    for i in "${fields[@]}"; do
      if [ "${i%%[:=]*}" = "$name" ]; then
        [ "${change#-}" = "$change" ] && kept+=("$change") && put=1
      else kept+=("$i"); fi
    done
    [ "${change#-}" = "$change" ] && [ -z "$put" ] && kept+=("$change")
    fields=("${kept[@]}")
  done
  json "${fields[@]}"
}

push() { local name=$1; shift; raw "$name" "$(vary "$@")"; }

# Cases of both platforms. $1 is the field of the plate, $2 that of the lot, $3 between vendor and park.
common() {
  push finished
  push repeated
  push busy;      case_json busy '{"verdict": "busy"}'
  push not-bound; case_json not-bound '{"verdict": "not_bound"}'
  push wrong-account OperatorID=987654321
  push wrong-address; case_json wrong-address '{"remote": "198.51.100.7"}'
  push right-path-token "$2=200462${3}1"; case_json right-path-token '{"remote": "198.51.100.7", "path_token": "0123456789abcdef0123456789abcdef"}'
  push wrong-path-token "$2=200462${3}1"; case_json wrong-path-token '{"path_token": "0123456789abcdef0123456789abcdee"}'
  push bare-path "$2=200462${3}1"
  push unlocked "$2=200463${3}1"
  push missing-operator -OperatorID
  push missing-lot "-$2"
  push bad-lot "$2=200461"
  push unknown-lot "$2=200461${3}9999"
  push missing-plate "-$1"
  push bad-plate "$1=京A<12345>"
  push crossing-times 'EndTime=2024-01-01 09:00:00'
  push bad-time EndTime=1704079800
  push three-decimals TotalMoney:=15.005
  push negative TotalMoney:=-15
  push no-order -StartChargeSeq
  raw not-json '<xml/>'
  raw empty ''
}

accounts() {
  mkdir -p "$id"
  cat >"$id/account.json" <<J
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313", "200462/1", "200463/1"],
 "accounts": [{"account": "$id-address", "scope": "200461", "allow_from": ["192.0.2.0/24"], "keys": [{"operator_id": "$1"}]},
  {"account": "$id-token", "scope": "200462", "path_token": "0123456789abcdef0123456789abcdef", "keys": [{"operator_id": "$1"}]},
  {"account": "$id-unlocked", "scope": "200463", "keys": [{"operator_id": "$1"}]}]}
J
}

# --- 星星 ---------------------------------------------------------------------------------------------------
id=xingxing path=/zld/xingxing/v1/notification_parking_charge_result
accounts 123456789
base=('OperatorID=123456789' 'ParkID=200461-1313' 'StartChargeSeq=1234567892024010100001' 'StartChargeSeqStat:=4' 'Plate=京A12345'
  'StartTime=2024-01-01 10:00:00' 'EndTime=2024-01-01 11:30:00' 'TotalPower:=12.50' 'TotalMoney:=15.00')
common Plate ParkID -
push text-numbers StartChargeSeqStat=4 TotalPower=12.50 TotalMoney=15.00
push comma 'ParkID=200461,1313'
raw old-path "$(vary 'ParkID=200461,1313')" /unionapi/newenergy/notification_parking_charge_result
push not-finished StartChargeSeqStat:=2 -EndTime
push missing-state -StartChargeSeqStat
push missing-end -EndTime
push no-order-again -StartChargeSeq
raw form 'OperatorID=123456789&ParkID=200461-1313&StartChargeSeq=1234567892024010100001&StartChargeSeqStat=4&Plate=%E4%BA%ACA12345&StartTime=2024-01-01+10%3A00%3A00&EndTime=2024-01-01+11%3A30%3A00&TotalPower=12.50&TotalMoney=15.00'
raw enveloped '{"OperatorID":"123456789","Data":"aW52ZW50ZWQ=","TimeStamp":"20240101120000","Seq":"0001","Sig":"00000000000000000000000000000000"}'

# --- 万城万充 ------------------------------------------------------------------------------------------------
id=wanchong path=/zld/api/wanchong/tcxt/notification_tc_info
accounts MA59J8YL8Q
base=('OperatorID=MA59J8YL8Q' 'ParkCode=200461&&1313' 'StartChargeSeq=1234567892024010100001' 'PlateNum=京A12345'
  'StartTime=2024-01-01 10:00:00' 'EndTime=2024-01-01 11:30:00' 'Power:=12.50' 'TotalMoney:=15.00' 'FreeParkingTimes:=30.00')
common PlateNum ParkCode '&&'
push nine-characters OperatorID=MA59J8YL8
push aliases -StartChargeSeq -PlateNum orderNo=O1 carNumber=京A12345
push by-end -StartChargeSeq -StartTime
push no-order-no-times -StartChargeSeq -StartTime -EndTime

# --- 向黔充: no operator, the lot by station ----------------------------------------------------------------
id=xiangqianchong path=/zld/xiangqianchong/charge
mkdir -p "$id"
cat >"$id/account.json" <<J
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313", "200462/1"],
 "accounts": [{"account": "$id-address", "scope": "200461", "allow_from": ["192.0.2.0/24"], "keys": [{}]},
  {"account": "$id-token", "scope": "200462", "path_token": "0123456789abcdef0123456789abcdef", "keys": [{}]}]}
J
base=('stationId=7001' 'plateNo=京A12345' 'startTime=2024-01-01 10:00:00' 'endTime=2024-01-01 11:30:00' 'totalMoney:=1500' 'power:=12.50')
push finished
push repeated
push busy;      case_json busy '{"verdict": "busy"}'
push not-bound; case_json not-bound '{"verdict": "not_bound"}'
push wrong-address; case_json wrong-address '{"remote": "198.51.100.7"}'
push right-path-token; case_json right-path-token '{"remote": "198.51.100.7", "path_token": "0123456789abcdef0123456789abcdef"}'
push wrong-path-token; case_json wrong-path-token '{"remote": "198.51.100.7", "path_token": "0123456789abcdef0123456789abcdee"}'
push missing-lot -stationId
push missing-plate -plateNo
push bad-plate 'plateNo=京A<12345>'
push missing-end -endTime
push crossing-times 'endTime=2024-01-01 09:00:00'
push text-numbers totalMoney=1500 power=12.5
push part-fen totalMoney:=1500.5
push negative totalMoney:=-1500
raw form 'stationId=7001&plateNo=%E4%BA%ACA12345&startTime=2024-01-01+10%3A00%3A00&endTime=2024-01-01+11%3A30%3A00&totalMoney=1500&power=12.50'
raw not-json '<xml/>'
raw empty ''
