#!/bin/bash
# Writes the requests of every target as they must go out, from bodies and signed texts that stand here as they were read in
# the targets' papers. Signatures are openssl's, not our own seal's.
set -euo pipefail
cd "$(dirname "$0")/requests"
plate=京AD06088 uuid=0193f5a0c0de4b6e8f00112233445566 unix=1767240031
park=1316 store=充电减免 source=89001 # what a lot's own keys change: see the requests called keys

md5() { printf %s "$1" | openssl md5 -r | cut -d' ' -f1; }
upper() { tr a-f A-F; }

# request NAME LINE HEADERS BODY
request() { printf '%s\n%s\n%s' "$2" "$3" "$4" >"$1.http"; }

# percent writes a text as forms do.
percent() {
	local LC_ALL=C i c
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		[A-Za-z0-9._~-]) printf %s "$c" ;;
		' ') printf + ;;
		*) printf '%%%02X' "'$c" | sed 's/%F*\([0-9A-F][0-9A-F]\)$/%\1/' ;;
		esac
	done
}

json='Content-Type: application/json;charset=utf-8'
form='Content-Type: application/x-www-form-urlencoded;charset=utf-8'
key="Idempotency-Key: $uuid"

# 4P云: a form; metadata as its JSON.
pyun() { # NAME SUBJECT METADATA
	local text="api_store_code=store-1&api_type=charge&app_id=op-test&event_id=$uuid" form_meta='' body
	[ -z "$3" ] || { text+="&metadata=$3"; form_meta="&metadata=$(percent "$3")"; }
	local sign
	sign=$(md5 "$text&plate=$plate&subject=$2&app_secret=secret-4p" | upper)
	body="app_id=op-test&api_store_code=store-1&api_type=charge&event_id=$uuid&plate=$(percent $plate)&subject=$(percent "$2")$form_meta&sign=$sign"
	request "4pyun-$1" "POST https://api.4pyun.com/gate/1.0/parking/mcoupon/event" "$form
$key
" "$body"
}
pyun lot_decides '充电订单 3000000001 按车场规则减免' ''
pyun time '充电订单 3000000001 减免120分钟' '{"charge_minutes":{"name":"减免分钟","value":120}}'
pyun amount '充电订单 3000000001 减免10.50元' '{"charge_fen":{"name":"减免金额（分）","value":1050}}'

# 七彩云: common fields, then those in data, each ended by a bar, then the secret.
qcyuns() { # NAME SERVICE DATA-JSON DATA-TEXT HEADERS
	local sign
	sign=$(md5 "msgId=req-0001|orgId=ORG01|service=$2|version=01|$4secret-qc")
	request "qcyuns-$1" "POST https://qcyuns.example/park-data-api/data/centre/api/v1" "$json$5
" '{"service":"'"$2"'","version":"01","msgId":"req-0001","orgId":"ORG01","data":'"$3"',"sign":"'"$sign"'"}'
}
car='{"parkId":1316,"plate":"'$plate'"}' carText="parkId=1316|plate=$plate|"
qcyuns lookup CarInfo "$car" "$carText" ''
qcyuns price CarInfo "$car" "$carText" ''
give() { # NAME TYPE VALUE REASON
	qcyuns "$1" DiscountCreate '{"parkId":'$park',"parkingSerial":"422571","plate":"'$plate'","grantSerial":"'$uuid'","type":'"$2"',"value":'"$3"',"reason":"'"$4"'","storeName":"'$store'"}' \
		"grantSerial=$uuid|parkId=$park|parkingSerial=422571|plate=$plate|reason=$4|storeName=$store|type=$2|value=$3|" "
$key"
}
give time 2 120 '充电订单 3000000001 减免120分钟'
give amount 1 1050 '充电订单 3000000001 减免10.50元'
give free 3 0 '充电订单 3000000001 全免'
park=20251 store=一号店 give keys 2 120 '充电订单 3000000001 减免120分钟'
trial() { # NAME TYPE VALUE
	qcyuns "trial-$1" CarInfoDiscountDestory '{"parkId":1316,"plate":"'$plate'","grantSerial":"'$uuid'","type":'"$2"',"value":'"$3"'}' \
		"grantSerial=$uuid|parkId=1316|plate=$plate|type=$2|value=$3|" ''
}
trial time 2 120
trial amount 1 1050
trial free 3 0
qcyuns revoke DiscountDestory '{"parkId":1316,"grantSerial":"'$uuid'"}' "grantSerial=$uuid|parkId=1316|" ''

# 国安: bizContent is signed as its JSON.
tdznyun() { # NAME TYPE VALUE
	local biz sign
	biz='{"parkCode":"'$park'","plateNum":"'$plate'","ticketType":'"$2"',"ticketValue":'"$3"'}'
	sign=$(md5 "bizContent=$biz&pid=P100&serviceName=sendPlateTicket&timestamp=$unix&key=secret-td" | upper)
	request "tdznyun-$1" "POST https://tdznyun.example/server" "$json
$key
" '{"pid":"P100","serviceName":"sendPlateTicket","timestamp":"'$unix'","bizContent":'"$biz"',"sign":"'"$sign"'"}'
}
tdznyun time 2 120
tdznyun amount 1 10.5
tdznyun free 5 0
park=20251 tdznyun keys 2 120

# 停简单: the secret stands right behind the text; signType is not signed; detailList is JSON in a text.
tjd=http://api.tingjiandan.com/openapi/gateway
sign=$(md5 "carNum=$plate&charset=utf-8&freeMins=0&partner=PARTNER1&service=parkhub.order.infoForFreeMins&timestamp=2026-01-01 12:00:31&version=1.0secret-tjd" | upper)
for name in lookup price; do
	request "tingjiandan-$name" "POST $tjd" "$json
" '{"service":"parkhub.order.infoForFreeMins","version":"1.0","partner":"PARTNER1","charset":"utf-8","signType":"md5","timestamp":"2026-01-01 12:00:31","carNum":"'$plate'","freeMins":"0","sign":"'"$sign"'"}'
done
tingjiandan() { # NAME DETAIL
	local list="[$2]" sign
	sign=$(md5 "accountId=acc-9&charset=utf-8&detailList=$list&partner=PARTNER1&prePayType=20&service=parkhub.order.deductionForDetail&timestamp=2026-01-01 12:00:31&tradeId=trade-7&version=1.0secret-tjd" | upper)
	request "tingjiandan-$1" "POST $tjd" "$json
$key
" '{"service":"parkhub.order.deductionForDetail","version":"1.0","partner":"PARTNER1","charset":"utf-8","signType":"md5","timestamp":"2026-01-01 12:00:31","tradeId":"trade-7","accountId":"acc-9","prePayType":"20","detailList":"'"${list//\"/\\\"}"'","sign":"'"$sign"'"}'
}
tingjiandan time '{"channel":"2206","couponType":"1","minutes":"120","outTradeNo":"'$uuid'","type":"1"}'
tingjiandan amount '{"amount":"10.5","channel":"2206","couponType":"0","outTradeNo":"'$uuid'","type":"1"}'
tingjiandan keys '{"channel":"2202","couponType":"1","minutes":"120","outTradeNo":"'$uuid'","type":"1"}'
tingjiandan free '{"channel":"2206","couponType":"2","outTradeNo":"'$uuid'","type":"1"}'

# 科拓: appId is not signed, the signature stands in key.
keytop() { # NAME TYPE EXTRA-JSON EXTRA-TEXT
	local sign
	sign=$(md5 "deviceId=C01&deviceName=一号桩&elecMoney=1275&endTime=2026-01-01 12:00:00&$4freeType=$2&orderNo=$uuid&parkId=$park&plateNo=$plate&power=25.50&reqId=req-0001&serviceCode=syncChargePilePay&seviceMoney=510&spaceNo=-&startTime=2026-01-01 10:00:00&stationId=S1&stationName=东站&totalMoney=1785&ts=${unix}000&secret-kt" | upper)
	ketuo "$1" '"startTime":"2026-01-01 10:00:00","endTime":"2026-01-01 12:00:00","stationId":"S1","stationName":"东站","deviceId":"C01","deviceName":"一号桩","spaceNo":"-","power":25.50,"elecMoney":1275,"seviceMoney":510,"totalMoney":1785,"freeType":'"$2$3" "$sign"
}
ketuo() { # NAME MEMBERS SIGN
	request "keytop-$1" "POST http://kp-open.keytop.cn/unite-api/api/wec/SyncChargePilePay" "$json
$key
version: 1.0.0
" '{"appId":"11538","parkId":'$park',"serviceCode":"syncChargePilePay","ts":"'$unix'000","reqId":"req-0001","orderNo":"'$uuid'","plateNo":"'$plate'",'"$2"',"key":"'"$3"'"}'
}
keytop time 0 ',"freeTime":7200' 'freeTime=7200&'
park=20251 keytop keys 0 ',"freeTime":7200' 'freeTime=7200&'
keytop amount 0 ',"freeMoney":1050' 'freeMoney=1050&'
keytop lot_decides 1 '' ''
sign=$(md5 "deviceId=-&deviceName=-&elecMoney=0&freeTime=7200&freeType=0&orderNo=$uuid&parkId=1316&plateNo=$plate&power=0&reqId=req-0001&serviceCode=syncChargePilePay&seviceMoney=0&spaceNo=-&stationId=-&stationName=-&totalMoney=0&ts=${unix}000&secret-kt" | upper)
ketuo bare '"stationId":"-","stationName":"-","deviceId":"-","deviceName":"-","spaceNo":"-","power":0,"elecMoney":0,"seviceMoney":0,"totalMoney":0,"freeType":0,"freeTime":7200' "$sign"

# 红门
hongmen() { # NAME MEMBERS TEXT-BEFORE-orderNo TEXT-BEHIND-plateNo
	local sign
	sign=$(md5 "appId=HM1&$3orderNo=$uuid&parkId=$park&parkName=三号场&plateNo=$plate&$4&key=secret-hm" | upper)
	request "hongmen-$1" "POST https://hpkiot.hmzhtc.com/api/exemption/charging/public/v1/notify-charge-order" "$json
$key
version: 1.0.0
" '{"appId":"HM1","parkName":"三号场","parkId":"'$park'","orderNo":"'$uuid'","plateNo":"'$plate'",'"$2"',"sign":"'"$sign"'"}'
}
times='"startTime":"2026-01-01 10:00:00","endTime":"2026-01-01 12:00:00","totalMoney":1785'
hongmen lot_decides "$times" 'endTime=2026-01-01 12:00:00&' 'startTime=2026-01-01 10:00:00&totalMoney=1785'
park=20251 hongmen keys "$times" 'endTime=2026-01-01 12:00:00&' 'startTime=2026-01-01 10:00:00&totalMoney=1785'
hongmen bare '"totalMoney":0' '' 'totalMoney=0'

# 海康云: nothing is signed; a token is fetched first.
request hikparking-token "POST https://hik.example/artemis/oauth/token" "$form
" 'client_id=cl-1&client_secret=secret-hk'
hikparking() { # NAME TYPE VALUE
	request "hikparking-$1" "POST https://hik.example/artemis/api/v1/sendCoupon" "$json
$key
access_token: token-1
" '{"parkCodes":"'$park'","generateObj":1,"plateNo":"'$plate'","startTime":1767240030000,"endTime":1767326430000,"couponSource":"'$source'","couponType":'"$2"',"deductContent":'"$3"'}'
}
hikparking time 4 120
hikparking amount 1 1050
hikparking free 3 -1
park=20251 source=89002 hikparking keys 4 120

# 捷顺 3C: MD5withRSA over the sorted text, biz_content as its JSON.
base64 -d ../rsa.b64 >/tmp/cs-coupon-rsa.$$ && trap 'rm -f /tmp/cs-coupon-rsa.$$' EXIT
jieshun() { # NAME TYPE VALUE
	local biz sign
	biz='{"p":{"requestType":"DATA","serviceId":"3c.order.discount","attributes":{"parkCode":"'$park'","carNo":"京-AD06088","couponType":'"$2"',"couponValue":"'"$3"'","isRepeat":1}},"v":"2","cid":"M01"}'
	sign=$(printf %s "abilityCode=AB1&app_id=JS1&biz_content=$biz&charset=utf-8&format=form&method=3c.order.discount&projectCode=PR1&timestamp=${unix}000" |
		openssl dgst -md5 -sign /tmp/cs-coupon-rsa.$$ -keyform DER | openssl base64 -A)
	request "jieshun-$1" "POST https://jsopen.example/api" "$json
$key
" '{"app_id":"JS1","method":"3c.order.discount","timestamp":'$unix'000,"charset":"utf-8","format":"form","projectCode":"PR1","abilityCode":"AB1","biz_content":'"$biz"',"sign":"'"$sign"'"}'
}
jieshun time 1 2
jieshun amount 0 10.5
jieshun free 2 1
park=20251 jieshun keys 1 2
