#!/usr/bin/env bash
# Writes the pushes of the golden cases, each signed by openssl: never by the code that is tested.
# Run it in any folder; it needs bash, sort and openssl. What we make of a push is written by
#   go test ./platform/flat -update
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C

md5() { local sum; sum=$(openssl dgst -md5); printf %s "${sum##* }"; }
upper() { tr a-f A-F; }

# A field is name=text, or name:=JSON for what is no text. vary BASE CHANGE... changes some; -name takes one away.
vary() {
  local -n from=$1; shift
  fields=("${from[@]}")
  local change name i kept
  for change in "$@"; do
    name=${change#-}; name=${name%%[:=]*}
    kept=()
    local put=
    for i in "${fields[@]}"; do
      if [ "${i%%[:=]*}" = "$name" ]; then
        [ "${change#-}" = "$change" ] && kept+=("$change") && put=1
      else kept+=("$i"); fi
    done
    [ "${change#-}" = "$change" ] && [ -z "$put" ] && kept+=("$change")
    fields=("${kept[@]}")
  done
}

# canonical joins the fields that recipe $1 signs, sorted by name.
canonical() {
  local f name value out=()
  for f in "${fields[@]}"; do
    name=${f%%[:=]*}; value=${f#"$name"}; value=${value#:}; value=${value#=}
    [ "$f" = "$name:=null" ] && value= && [ "$1" = R4 ] && continue
    case $1 in
      R1) [ -z "${value// /}" ] && continue ;;
      R5) case $name in deduct_content|resource_id|start_charge_seq|vehicle_plate_number) ;; *) continue ;; esac ;;
      R2) [ "$name" = appId ] && continue; [ -z "$value" ] && continue; case $value in '{'*|'['*) continue ;; esac ;;
    esac
    out+=("$name=$value")
  done
  printf '%s\n' "${out[@]}" | sort -t= -k1,1 -s | awk 'NR>1{printf "&"}{printf "%s",$0}'
}

sign() {
  case $recipe in
    R1) printf '%s&key=%s' "$(canonical R1)" "$(printf %s "$secret" | md5)" | md5 | upper ;;
    R2) printf '%s&%s' "$(canonical R2)" "$secret" | md5 | upper ;;
    R3|R5) printf '%s&key=%s' "$(canonical $recipe)" "$secret" | md5 | upper ;;
    R4) printf '%s' "$(canonical R4)" | openssl dgst -md5 -hmac "$secret" | awk '{print $NF}' ;;
  esac
}

json() {
  local f name sep= quoted
  printf '{'
  for f in "${fields[@]}"; do
    name=${f%%[:=]*}
    case $f in
      "$name:="*) printf '%s"%s":%s' "$sep" "$name" "${f#"$name:="}" ;;
      *) quoted=${f#"$name="}; printf '%s"%s":"%s"' "$sep" "$name" "${quoted//\"/\\\"}" ;;
    esac
    sep=,
  done
  printf '}'
}

# form writes the fields URL-encoded.
form() {
  local f name value sep= i c code
  for f in "${fields[@]}"; do
    name=${f%%[:=]*}; value=${f#"$name"}; value=${value#:}; value=${value#=}
    printf '%s%s=' "$sep" "$name"
    for ((i = 0; i < ${#value}; i++)); do
      c=${value:i:1}
      case $c in [A-Za-z0-9._~-]) printf %s "$c" ;; *) printf -v code %d "'$c"; printf '%%%02X' $((code & 255)) ;; esac
    done
    sep='&'
  done
}

# raw CASE BODY [TYPE] writes a push as it is.
raw() {
  mkdir -p "$id/$1"
  printf 'POST %s HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s' \
    "$path" "${3:-application/json; charset=UTF-8}" "${#2}" "$2" >"$id/$1/push.http"
  rm -f "$id/$1/case.json"
}

# push CASE CHANGE... signs the varied fields and writes them.
push() {
  local name=$1; shift
  vary base "$@"
  fields+=("$signfield=$(sign)")
  raw "$name" "$(json)"
}

# after CASE FIELD... changes fields of the last push behind its signature.
after() {
  local name=$1; shift
  local last=("${fields[@]}")
  vary last "$@"
  raw "$name" "$(json)"
}

case_json() { printf '%s\n' "$2" >"$id/$1/case.json"; }

# What lies below open/ carries fields that a recipe leaves out of the signature: they may be anything, and are
# held by a test of their own instead of the forger.

# Cases that every platform has. $1 is the field of the plate, $2 that of the lot.
common() {
  sealed "$1" "$2"
  push unknown-lot "$2=200461&&9999"
  push other-vendor "$2=200999&&1313"
  push bad-lot "$2=200461"
}

# sealed writes the cases that do not depend on how a lot is named.
sealed() {
  push finished
  push repeated
  push busy;      case_json busy '{"verdict": "busy"}'
  push not-bound; case_json not-bound '{"verdict": "not_bound"}'
  push wrong-address; case_json wrong-address '{"remote": "198.51.100.7"}'
  push forged;    after forged "$1=京A54321"
  push unsealed;  after unsealed "-$signfield"
  push empty-sign; after empty-sign "$signfield="
  secret=another-invented-key push wrong-account
  push missing-lot "-$2"
  push missing-plate "-$1"
  push bad-plate "$1=京A<12345>"
  push long-plate "$1=京A1234567890123456789"
  push composite-plate "$1:=[\"京A12345\"]"
  push hidden-field "remark=x&$1=京A54321"
  push twice; raw twice "$(json | sed "s/^{/{\"$1\":\"京A54321\",/")"
  raw not-json 'charge=finished' ; raw not-json '<xml/>'
  raw empty ''
  raw cut-off "$(vary base; json | head -c 40)"
}

# --- 小桔: R1 ---------------------------------------------------------------------------------------------
id=xiaoju path=/zld/xiaoju/reduce recipe=R1 signfield=sign secret=xiaoju-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "xiaoju-main", "scope": "200461", "allow_from": ["192.0.2.0/24"],
   "keys": [{"sign_key": "xiaoju-invented-key"}, {"sign_key": "xiaoju-former-key"}]}]}
J
base=('plateNo=京A12345' 'merchId=200461&&1313' 'duration:=120' 'bizId=B20240101001'
  'startChargingTime=2024-01-01 10:00:00' 'stopChargingTime=2024-01-01 11:30:00')
common plateNo merchId
formA=(-bizId -startChargingTime -stopChargingTime)
push form-a "${formA[@]}"
push form-a-again "${formA[@]}"
push form-a-no-duration "${formA[@]}" -duration
push no-duration -duration
id=open/xiaoju; push blank-fields remark= 'blank= ' 'note:=null'; id=xiaoju
push text-number duration=120
push money durType:=0 duration:=1500
push minutes durType:=1
push unknown-type durType:=2
push former-key; secret=xiaoju-former-key push former-key
push crossing-times 'stopChargingTime=2024-01-01 09:00:00'
push bad-time 'stopChargingTime=2024-01-01T11:30:00Z'
push negative duration:=-5
push part-minute duration:=29.5
push endless duration:=99999999
push exponent duration:=1e2
push lower-sign; after lower-sign "sign=$(vary base; sign | tr A-F a-f)"
vary base; fields+=("sign=$(sign)"); raw form "$(form)" application/x-www-form-urlencoded
path=/zld/xiaoju/queryPlateNo
base=('merchId=200461&&1313' 'plateNo=京A12345')
push inquiry-inside; case_json inquiry-inside '{"in_park": true, "entered": "2024-01-01T09:30:00+08:00"}'
push inquiry-absent
push inquiry-forged; after inquiry-forged plateNo=京A54321
push inquiry-unsealed; after inquiry-unsealed -sign
push inquiry-bad-plate plateNo=x

# --- 小伟: R2, the vendor's ukey ---------------------------------------------------------------------------
id=xiaowei path=/zld/api/wec/SyncChargePilePay recipe=R2 signfield=key secret=vendor-invented-ukey
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313", "200461/1314"],
 "accounts": [{"account": "xiaowei-main", "scope": "200461", "allow_from": ["192.0.2.0/24"], "keys": [{"ukey": "vendor-invented-ukey"}]}]}
J
base=('appId=200461&&1313' 'parkId:=1313' 'serviceCode=syncChargePilePay' 'ts=1704081600000' 'reqId=r1' 'orderNo=O20240101001'
  'plateNo=京A12345' 'startTime=2024-01-01 10:00:00' 'endTime=2024-01-01 11:30:00' 'stationId=S1' 'stationName=一号站' 'deviceId=D1'
  'deviceName=一号桩' 'spaceNo=A1' 'power:=12.50' 'elecMoney:=1000' 'seviceMoney:=500' 'totalMoney:=1500' 'freeType:=0' 'freeMoney:=0'
  'freeTime:=7200')
common plateNo appId
push unknown-lot 'appId=200461&&9999' parkId:=9999
push other-vendor 'appId=200999&&1313'
push money freeTime:=0 freeMoney:=1000
push both freeMoney:=1000
push none freeTime:=0
push rule freeType:=1 freeTime:=0
push started-minute freeTime:=61
push no-type -freeType
push unknown-type freeType:=7
push milliseconds startTime:=1704074400000 endTime:=1704079800000
push seconds startTime:=1704074400 endTime:=1704079800
push by-times -orderNo
push no-order-no-times -orderNo -startTime
push park-as-lot 'parkId=200461&&1313'
push moved; after moved 'appId=200461&&1314'
push no-park -parkId
push other-park parkId:=1314
push crossing-times 'endTime=2024-01-01 09:00:00'
push part-fen totalMoney:=1500.5
push negative-fee elecMoney:=-1
push negative-energy power:=-12.5
id=open/xiaowei; push composite 'freeDetail:={"a":1}' 'list:=["plateNo"]' 'note:=null'; id=xiaowei

# --- 云快充: R3 --------------------------------------------------------------------------------------------
id=yunkuaichong path=/zld/chargePile/chargingRecord recipe=R3 signfield=sign secret=yunkuaichong-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "ykc-main", "scope": "platform", "allow_from": ["192.0.2.0/24"], "keys": [{"sign_key": "yunkuaichong-invented-key"}]}]}
J
base=('parkId=200461&&1313' 'orderNo=O20240101001' 'plateNo=京A12345' 'startTime=2024-01-01 10:00:00' 'endTime=2024-01-01 11:30:00'
  'stationId=S1' 'stationName=一号站' 'deviceId=D1' 'deviceName=一号桩' 'portName=A枪' 'spaceNo=A1' 'power=12.5' 'elecMoney=10.00'
  'seviceMoney=5.00' 'totalMoney=15.00' 'time=2024-01-01 11:31:00')
common plateNo parkId
push by-times -orderNo
push by-visit -orderNo -endTime
push least -orderNo -startTime -endTime -stationId -stationName -deviceId -deviceName -portName -spaceNo -power -elecMoney -seviceMoney -totalMoney -time
push empty-kept spaceNo=
push three-decimals totalMoney=15.005
push negative totalMoney=-15.00
push crossing-times 'endTime=2024-01-01 09:00:00'
vary base; fields+=("sign=$(sign)"); raw form "$(form)" application/x-www-form-urlencoded
push form-twice; raw form-twice "$(form)&plateNo=x" application/x-www-form-urlencoded

# --- 智充: R4 ----------------------------------------------------------------------------------------------
id=zhichong path=/zld/api/zhichong/noticeparkreduce recipe=R4 signfield=sign secret=zhichong-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313", "200461/1314"],
 "accounts": [{"account": "zhichong-main", "scope": "200461", "clock": "enforce", "allow_from": ["192.0.2.0/24"], "keys": [{"secret_key": "zhichong-invented-key"}]},
  {"account": "zhichong-lax", "scope": "200461/1314", "clock": "warn", "keys": [{"secret_key": "zhichong-invented-key"}]}]}
J
base=('tenantId=JNBJ' 'tradeNo=690893096315527168' 'parkId=200461&&1313' 'deviceId=D1' 'deviceType=fastCharger' 'carNo=京A12345'
  'powerCharged:=22.3' 'duration:=90' 'startTime:=1704074400000' 'endTime:=1704079800000' 'timestamp:=1704081600000' 'signType=MD5')
common carNo parkId
push stale timestamp:=1704080640000
push stale-utc timestamp:=1704110400000
push late-warned 'parkId=200461&&1314' timestamp:=1704080640000
push within timestamp:=1704080760000
push no-timestamp -timestamp
push timestamp-seconds timestamp:=1704081600
push no-start -startTime
push no-end -endTime
push outside-order -tradeNo outsideTradeNo=T1
push empty-kept mobile=
id=open/zhichong; push null openId:=null; id=zhichong
push other-digest signType=SHA256
push crossing-times endTime:=1704074300000

# --- 永联: R3, assumed -------------------------------------------------------------------------------------
id=yonglian path=/zld/api/yonglian/notification_charge_order recipe=R3 signfield=sign secret=yonglian-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "yonglian-main", "scope": "200461/1313", "allow_from": ["192.0.2.0/24"], "keys": [{"sign_key": "yonglian-invented-key"}]}]}
J
base=('parkId=200461&&1313' 'orderNo=O20240101001' 'plateNo=京A12345' 'startTime=2024-01-01 10:00:00' 'endTime=2024-01-01 11:30:00'
  'power=12.5' 'totalMoney=15.00')
common plateNo parkId
push aliases -orderNo -plateNo -startTime -endTime StartChargeSeq=O20240101001 PlateNum=京A12345 'BeginTime=2024-01-01 10:00:00' 'EndTime=2024-01-01 11:30:00'
push by-visit -orderNo -startTime -endTime
push crossing-times 'endTime=2024-01-01 09:00:00'

# --- E充网: R2, one pair for the whole platform, assumed ----------------------------------------------------
id=echongwang path=/zld/groudLock/v1/SyncChargePilePay recipe=R2 signfield=key secret=echong-invented-secret
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "echong-main", "scope": "platform", "allow_from": ["192.0.2.0/24"],
   "keys": [{"app_id": "INVENTED9", "app_secret": "echong-invented-secret"}]}]}
J
base=('appId=INVENTED9' 'custId=200461&&1313' 'orderNo=O20240101001' 'plateNo=京A12345' 'startTime=2024-01-01 10:00:00'
  'endTime=2024-01-01 11:30:00' 'stationId=S1' 'power:=12.50' 'totalMoney:=1500' 'freeType:=0' 'freeMoney:=0' 'freeTime:=7200')
common plateNo custId
push wrong-app; after wrong-app appId=INVENTED8
push no-app; after no-app -appId
push by-times -orderNo
push crossing-times 'endTime=2024-01-01 09:00:00'

# --- 新电途: R3, money in fen ------------------------------------------------------------------------------
id=xindiantu path=/zld/xindiantu/chargePile/chargingRecord recipe=R3 signfield=sign secret=xindiantu-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "xindiantu-main", "scope": "platform", "allow_from": ["192.0.2.0/24"], "keys": [{"sign_key": "xindiantu-invented-key"}]}]}
J
base=('parkId=200461&&1313' 'orderNo=O20240101001' 'plateNo=京A12345' 'startTime=2024-01-01 10:00:00' 'endTime=2024-01-01 11:30:00'
  'stationId=S1' 'stationName=一号站' 'deviceId=D1' 'deviceName=一号桩' 'spaceNo=A1' 'power=12.5' 'totalMoney=1500')
common plateNo parkId
push least -orderNo -stationId -stationName -deviceId -deviceName -spaceNo -power
push no-times -orderNo -startTime -endTime
push empty-kept spaceNo=
push part-fen totalMoney=1500.5
push crossing-times 'endTime=2024-01-01 09:00:00'
vary base; fields+=("sign=$(sign)"); raw form "$(form)" application/x-www-form-urlencoded

# --- 静态交通: R1 -------------------------------------------------------------------------------------------
id=jingtai path=/zld/jingtai/derate recipe=R1 signfield=sign secret=jingtai-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "jingtai-main", "scope": "200461", "allow_from": ["192.0.2.0/24"], "keys": [{"sign_key": "jingtai-invented-key"}]}]}
J
base=('bizId=B20240101001' 'merchId=200461&&1313' 'plateNo=京A12345' 'startChargingTime=2024-01-01 10:00:00'
  'stopChargingTime=2024-01-01 11:30:00' 'duration:=120')
common plateNo merchId
push by-times -bizId
push no-duration -duration
push no-order-no-times -bizId -startChargingTime
push negative duration:=-5
push part-minute duration:=29.5
push crossing-times 'stopChargingTime=2024-01-01 09:00:00'

# --- 蔚来: R5, four fields signed, the lot by station -------------------------------------------------------
id=weilai path=/zld/weilai/deduct recipe=R5 signfield=sign secret=weilai-invented-key
mkdir -p $id; cat >$id/account.json <<'J'
{"at": "2024-01-01T12:00:00+08:00", "lots": ["200461/1313"],
 "accounts": [{"account": "weilai-main", "scope": "platform", "allow_from": ["192.0.2.0/24"], "keys": [{"sign_key": "weilai-invented-key"}]}]}
J
base=('resource_id=CS-NIO-00000001' 'start_charge_seq=N20240101001' 'vehicle_plate_number=京A12345'
  'deduct_content:={"type":"2","value":"30"}')
sealed vehicle_plate_number resource_id
push swap resource_id=PS-NIO-00000002 start_charge_seq=N20240101002
push blanks; after blanks 'deduct_content:={ "value": "30", "type": "2" }'
push numbers; after numbers 'deduct_content:={"type":2,"value":30}'
push other-value; after other-value 'deduct_content:={"type":"2","value":"31"}'
push other-station; after other-station resource_id=CS-NIO-00000003
push other-order; after other-order start_charge_seq=N20240101009
push no-deduction; after no-deduction -deduct_content
push text-deduction; after text-deduction 'deduct_content=30'
push missing-order -start_charge_seq
id=open/weilai; push times charge_start_time:=1704074400000 charge_end_time:=1704079800000; id=weilai

# --- Usual mistakes, for the doctor ------------------------------------------------------------------------
# mistaken CASE TEXT writes the varied base with the digest of another text than the right one.
mistaken() { fields+=("$signfield=$(printf %s "$2" | md5 | upper)"); raw "$1" "$(json)"; }
id=doctor path=/zld/xiaoju/reduce recipe=R1 signfield=sign secret=xiaoju-invented-key
base=('plateNo=京A12345' 'merchId=200461&&1313' 'duration:=120' 'bizId=B20240101001'
  'startChargingTime=2024-01-01 10:00:00' 'stopChargingTime=2024-01-01 11:30:00')
tail_="&key=$(printf %s "$secret" | md5)"
vary base; usual=$(canonical R1)
mistaken xiaoju-as-sent "plateNo=京A12345&merchId=200461&&1313&duration=120&bizId=B20240101001&startChargingTime=2024-01-01 10:00:00&stopChargingTime=2024-01-01 11:30:00$tail_"
vary base; mistaken xiaoju-bare-key "$usual&key=$secret"
vary base; mistaken xiaoju-no-joint "$usual$secret"
vary base; mistaken xiaoju-encoded "bizId=B20240101001&duration=120&merchId=200461%26%261313&plateNo=%E4%BA%ACA12345&startChargingTime=2024-01-01+10%3A00%3A00&stopChargingTime=2024-01-01+11%3A30%3A00$tail_"
vary base; mistaken xiaoju-escaped "${usual//&&/\\u0026\\u0026}$tail_"
vary base remark=; mistaken xiaoju-empty-kept "bizId=B20240101001&duration=120&merchId=200461&&1313&plateNo=京A12345&remark=&startChargingTime=2024-01-01 10:00:00&stopChargingTime=2024-01-01 11:30:00$tail_"
vary base; mistaken xiaoju-left-out "${usual#*&}$tail_"
vary base; fields+=("sign=$(printf '%s%s' "$usual" "$tail_" | iconv -f UTF-8 -t GBK | md5 | upper)"); raw xiaoju-gbk "$(json)"
vary base; mistaken xiaoju-key-with-blank "$usual&key=$(printf '%s ' "$secret" | md5)"
vary base; mistaken xiaoju-upper-key "$usual&key=$(printf %s "$secret" | md5 | upper)"
secret=another-invented-key push xiaoju-other-key
push xiaoju-no-sign; after xiaoju-no-sign -sign
path=/zld/api/zhichong/noticeparkreduce recipe=R4 secret=zhichong-invented-key
base=('tradeNo=690893096315527168' 'parkId=200461&&1313' 'carNo=京A12345' 'powerCharged:=22.30' 'startTime:=1704074400000'
  'endTime:=1704079800000' 'timestamp:=1704081600000')
push zhichong-seconds startTime:=1704074400 endTime:=1704079800 timestamp:=1704081600
after zhichong-seconds startTime:=1704074400000 endTime:=1704079800000 timestamp:=1704081600000
push zhichong-numbers powerCharged:=22.3; after zhichong-numbers powerCharged:=22.30
vary base; fields+=("sign=$(printf '%s&key=%s' "$(canonical R4)" "$secret" | md5 | upper)"); raw zhichong-md5 "$(json)"
path=/zld/groudLock/v1/SyncChargePilePay recipe=R2 signfield=key secret=echong-invented-secret
base=('appId=INVENTED9' 'custId=200461&&1313' 'orderNo=O20240101001' 'plateNo=京A12345')
vary base; mistaken echongwang-app-signed "appId=INVENTED9&custId=200461&&1313&orderNo=O20240101001&plateNo=京A12345&$secret"
secret=INVENTED9 push echongwang-app-as-key
