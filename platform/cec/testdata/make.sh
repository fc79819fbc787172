#!/usr/bin/env bash
# Makes push.http and reply.http of every case below this folder with openssl alone, so that the golden files are no
# echo of the code they test. charge.json and error.txt stand beside them by hand. All keys, plates and numbers are
# invented. Run by "make generate"; running it again changes nothing.
set -euo pipefail
cd "$(dirname "$0")"

# Every account is judged at 2024-01-01 12:00:05 +08:00; tokens were given out then or hold until then.
STAMP=20240101120000
NOW=1704081605
TYPE='application/json; charset=utf-8'

# hex prints the bytes of an ASCII text.
hex() { local i; for ((i = 0; i < ${#1}; i++)); do printf %02x "'${1:i:1}"; done; }
enc() { printf '%s' "$1" | openssl enc -aes-128-cbc -K "$(hex "$KEY")" -iv "$(hex "$IV")" -base64 -A; }
md5mac() { local mac; mac=$(printf '%s' "$1" | openssl dgst -md5 -hmac "$SIG"); mac=${mac##* }; printf %s "${mac^^}"; }

# token ACCOUNT EXPIRY: 8 bytes of expiry, then 24 bytes of HMAC-SHA256 over them and the account.
token() {
  local head mac
  head=$(printf '%016x' "$2")
  mac=$({ printf "$(printf '%s' "$head" | sed 's/../\\x&/g')"; printf '%s' "$1"; } | openssl dgst -sha256 -hmac "$TOKENKEY")
  mac=${mac##* }
  printf '%s%s' "$head" "${mac:0:48}"
}

# post CASE PATH BODY [TOKEN]: writes the request.
post() {
  mkdir -p "$DIR/$1"
  {
    printf 'POST %s HTTP/1.1\nHost: pay.example.com\nContent-Type: %s\n' "$2" "$TYPE"
    [ -z "${4-}" ] || printf 'Authorization: Bearer %s\n' "$4"
    printf '\n%s' "$3"
  } >"$DIR/$1/push.http"
}

# sealed PLAIN [STAMP [SEQ [OPERATOR]]]: the envelope of a message.
sealed() {
  local data
  data=$(enc "$1")
  enveloped "$data" "${2-$STAMP}" "${3-0001}" "${4-$OPERATOR}"
}

# enveloped DATA STAMP SEQ OPERATOR: the envelope of an encrypted message.
enveloped() {
  printf '{"OperatorID":"%s","Data":"%s","TimeStamp":"%s","Seq":"%s","Sig":"%s"}' "$4" "$1" "$2" "$3" "$(md5mac "$4$1$2$3")"
}

# answer CASE RET MSG PLAIN [unsigned]: writes the answer; an empty PLAIN is an empty Data.
answer() {
  local data='' sig=''
  [ -z "$4" ] || data=$(enc "$4")
  [ "${5-}" = unsigned ] || sig=$(md5mac "$2$3$data")
  printf 'HTTP/1.1 200\nContent-Type: %s\n\n{"Ret":%s,"Msg":"%s","Data":"%s","Sig":"%s"}' "$TYPE" "$2" "$3" "$data" "$sig" >"$DIR/$1/reply.http"
}

taken() { answer "$1" 0 成功 "{\"StartChargeSeq\":\"$2\",\"ConfirmResult\":0,\"PlateAutResult\":1,\"PlateAutFailReason\":0}" "${3-}"; }
declined() { answer "$1" 0 成功 "{\"StartChargeSeq\":\"$2\",\"ConfirmResult\":1,\"PlateAutResult\":2,\"PlateAutFailReason\":6}" "${3-}"; }
forged() { answer "$1" 4001 签名错误 '' unsigned; }
bad_token() { answer "$1" 4002 Token错误 ''; }
bad_envelope() { answer "$1" 4003 参数不合法 '' "${2-}"; }
bad_data() { answer "$1" 4004 业务参数不合法 '' "${2-}"; }
granted() {
  answer "$1" 0 成功 "{\"OperatorID\":\"$OPERATOR\",\"SuccStat\":0,\"AccessToken\":\"$(token "$ACCOUNT" $((NOW + 7200)))\",\"TokenAvailableTime\":7200,\"FailReason\":0}"
}
no_grant() {
  answer "$1" 0 成功 "{\"OperatorID\":\"$2\",\"SuccStat\":1,\"AccessToken\":\"\",\"TokenAvailableTime\":0,\"FailReason\":$3}"
}

# with_token PLATFORM: the cases that every platform with an access token has. PUSH is a finished charge, ORDER its
# number.
with_token() {
  local good other
  good=$(token "$ACCOUNT" $((NOW + 60)))
  post finished "$CHARGE" "$(sealed "$PUSH")" "$good";                             taken finished "$ORDER"
  post repeated "$CHARGE" "$(sealed "$PUSH" 20240101120001 0002)" "$good";         taken repeated "$ORDER"
  post forged "$CHARGE" "$(sealed "$PUSH" | sed 's/0"}$/1"}/;t;s/."}$/0"}/')" "$good"; forged forged
  post stale "$CHARGE" "$(sealed "$PUSH" 20240101114000)" "$good";                 bad_envelope stale
  post wrong-account "$CHARGE" "$(sealed "$PUSH" $STAMP 0001 NOBODY000)" "$good";  bad_data wrong-account unsigned
  post unsealed "$CHARGE" "$PUSH" "$good";                                         bad_envelope unsealed unsigned
  post no-token "$CHARGE" "$(sealed "$PUSH")";                                     bad_token no-token
  post token-over "$CHARGE" "$(sealed "$PUSH")" "$(token "$ACCOUNT" $NOW)";        bad_token token-over
  other=$(token somebody-else $((NOW + 60)))
  post token-of-another "$CHARGE" "$(sealed "$PUSH")" "$other";                    bad_token token-of-another
  post token "$TOKEN" "$(sealed "{\"OperatorID\":\"$OPERATOR\",\"OperatorSecret\":\"$SECRET\"}")"; granted token
  post token-wrong-secret "$TOKEN" "$(sealed "{\"OperatorID\":\"$OPERATOR\",\"OperatorSecret\":\"guessed\"}")"; no_grant token-wrong-secret "$OPERATOR" 2
}

# ---- telaidian ----------------------------------------------------------------------------------------------
DIR=telaidian ACCOUNT=teld-main OPERATOR=TELD00001 SECRET=OperatorSecret-of-teld-1
KEY=teld-data-secret IV=teld-secret-iv-1 SIG=SigSecret-of-teld-0000000000001
TOKENKEY=token-key-of-the-site-0123456789
TOKEN=/zld/telaidian/query_token CHARGE=/zld/telaidian/notification_charge_end_order_info
ORDER=TELD00001202401010001
HEAD="\"StartChargeSeq\":\"$ORDER\",\"StationID\":\"3702120244\",\"StationName\":\"崂山站\",\"ConnectorID\":\"1101020190301\",\"ConnectorName\":\"301号交流\",\"ParkID\":\"200461&&1313\",\"ParkNo\":\"017\""
TIMES='"StartTime":"2024-01-01 10:00:00","EndTime":"2024-01-01 11:30:00"'
FEES='"Power":25.50,"ElecMoney":12.35,"SeviceMoney":5.50,"TotalMoney":17.85'
PLATE='"PlateNum":"京AD06088"'
message() { printf '{%s,%s,%s,%s%s}' "$HEAD" "$PLATE" "$TIMES" "$FEES" "${1-}"; }
PUSH=$(message ',"CalculationMethod":1,"FreeParkingTimes":30.00')
with_token
GOOD=$(token $ACCOUNT $((NOW + 60)))

good() { post "$1" $CHARGE "$(sealed "$2")" "$GOOD"; }
good amount "$(message ',"CalculationMethod":2,"FreeParkingCost":"5.50"')";        taken amount $ORDER
good lot-decides "$(message ',"CalculationMethod":3')";                            taken lot-decides $ORDER
good method-absent-time "$(message ',"FreeParkingTimes":"29.01"')";                taken method-absent-time $ORDER
good method-absent-amount "$(message ',"FreeParkingCost":8')";                     taken method-absent-amount $ORDER
good method-absent "$(message)";                                                   taken method-absent $ORDER
good method-without-value "$(message ',"CalculationMethod":1')";                   taken method-without-value $ORDER
good method-unknown "$(message ',"CalculationMethod":7')";                         bad_data method-unknown
good not-finished "{$HEAD,$PLATE,\"StartChargeSeqStat\":2}";                       taken not-finished $ORDER
good plate-missing "{$HEAD,$TIMES}";                                               bad_data plate-missing
good plate-absurd "{$HEAD,\"PlateNum\":\"<script>\",$TIMES}";                      declined plate-absurd $ORDER
good order-missing "{\"ParkID\":\"200461&&1313\",$PLATE,$TIMES}";                  bad_data order-missing
good lot-missing "{\"StartChargeSeq\":\"$ORDER\",$PLATE,$TIMES}";                  bad_data lot-missing
good lot-unreadable "{\"StartChargeSeq\":\"$ORDER\",\"ParkID\":\"200461-1313\",$PLATE,$TIMES}"; bad_data lot-unreadable
good lot-unknown "{\"StartChargeSeq\":\"$ORDER\",\"ParkID\":\"200461&&9999\",$PLATE,$TIMES}";   declined lot-unknown $ORDER
good end-before-start "{$HEAD,$PLATE,\"StartTime\":\"2024-01-01 11:30:00\",\"EndTime\":\"2024-01-01 10:00:00\"}"; taken end-before-start $ORDER
good not-bound "$PUSH";                                                            declined not-bound $ORDER
good busy "$PUSH";                                                                 answer busy -1 系统繁忙，请稍后再试 ''
good data-is-no-json 'StartChargeSeq=1&PlateNum=2';                                bad_data data-is-no-json

# Spellings that real senders were seen to use: names in lower case, Sig in lower case, unix time, Seq without its zeros.
DATA=$(enc "$(message ',"CalculationMethod":1,"FreeParkingTimes":30' | sed 's/StartChargeSeq/startchargeseq/;s/PlateNum/platenum/;s/ParkID/parkId/;s/Sevice/Service/')")
post tolerances $CHARGE "{\"operatorid\":\"$OPERATOR\",\"data\":\"$DATA\",\"timestamp\":1704081600,\"seq\":853,\"sig\":\"$(md5mac "$OPERATOR${DATA}1704081600853" | tr A-F a-f)\"}" "$GOOD"
taken tolerances $ORDER
# base64 in lines of 64: the breaks are signed.
DATA=$(enc "$PUSH" | fold -w 64)
post base64-in-lines $CHARGE "$(enveloped "$DATA" $STAMP 0001 $OPERATOR | awk 'NR > 1 {printf "\\r\\n"} {printf "%s", $0}')" "$GOOD"
DATA=$(enc "$PUSH" | fold -w 64 | awk 'NR > 1 {printf "\r\n"} {printf "%s", $0}')
LINES_SIG=$(md5mac "$OPERATOR$DATA${STAMP}0001")
sed -i "s/\"Sig\":\"[0-9A-F]*\"/\"Sig\":\"$LINES_SIG\"/" telaidian/base64-in-lines/push.http
taken base64-in-lines $ORDER

# Sealed right, but Data is of another key, cut, or padded with zeros.
KEPT=$KEY; KEY=another-data-key; DATA=$(enc "$PUSH"); KEY=$KEPT
post wrong-key $CHARGE "$(enveloped "$DATA" $STAMP 0001 $OPERATOR)" "$GOOD";       bad_data wrong-key
DATA=$(enc "$PUSH" | cut -c1-100)
post data-cut $CHARGE "$(enveloped "$DATA" $STAMP 0001 $OPERATOR)" "$GOOD";        bad_data data-cut
DATA=$({ printf '%s' "$PUSH"; head -c $((16 - $(printf '%s' "$PUSH" | wc -c) % 16)) /dev/zero; } | openssl enc -aes-128-cbc -nopad -K "$(hex $KEY)" -iv "$(hex $IV)" -base64 -A)
post zero-padding $CHARGE "$(enveloped "$DATA" $STAMP 0001 $OPERATOR)" "$GOOD";    bad_data zero-padding
post field-missing $CHARGE "$(sealed "$PUSH" | sed 's/"Seq":"0001",//')" "$GOOD";  bad_envelope field-missing unsigned
post field-twice $CHARGE "$(sealed "$PUSH" | sed 's/"Seq":"0001",/"Seq":"0001","seq":"0001",/')" "$GOOD"; bad_envelope field-twice unsigned
post sig-missing $CHARGE "$(sealed "$PUSH" | sed 's/,"Sig":"[0-9A-F]*"//')" "$GOOD"; bad_envelope sig-missing unsigned
post not-json $CHARGE "OperatorID=$OPERATOR&Data=x" "$GOOD";                       bad_envelope not-json unsigned
post token-wrong-operator $TOKEN "$(sealed "{\"OperatorID\":\"NOBODY000\",\"OperatorSecret\":\"$SECRET\"}")"; no_grant token-wrong-operator NOBODY000 1
post token-forged $TOKEN "$(sealed "{\"OperatorID\":\"$OPERATOR\",\"OperatorSecret\":\"$SECRET\"}" | sed 's/"Seq":"0001"/"Seq":"0002"/')"; forged token-forged

# The old keys of a rotation, all of them and only the operator's secret.
NEWKEY=$KEY NEWIV=$IV NEWSIG=$SIG
KEY=teld-data-old-01 IV=teld-old-iv-0001 SIG=SigSecret-of-teld-old
good old-keys "$PUSH";                                                             taken old-keys $ORDER
good old-keys-plate-missing "{$HEAD,$TIMES}";                                      bad_data old-keys-plate-missing
post token-old-keys $TOKEN "$(sealed "{\"OperatorID\":\"$OPERATOR\",\"OperatorSecret\":\"OperatorSecret-of-teld-old\"}")"; granted token-old-keys
KEY=$NEWKEY IV=$NEWIV SIG=$NEWSIG

# An account without a signature key: whatever stands in Sig, the token counts, and the lock.
ACCOUNT=teld-unsigned OPERATOR=TELD00002 KEY=unsigned-data-01 IV=unsigned-iv-0001 SIG=whatever
GOOD=$(token $ACCOUNT $((NOW + 60)))
good locked "$PUSH";                                                               taken locked $ORDER unsigned
post locked-without-sig $CHARGE "$(sealed "$PUSH" | sed 's/,"Sig":"[0-9A-F]*"//')" "$GOOD"; taken locked-without-sig $ORDER unsigned
post locked-no-token $CHARGE "$(sealed "$PUSH")";                                  answer locked-no-token 4002 Token错误 '' unsigned
good wrong-address "$PUSH";                                                        bad_data wrong-address unsigned
good wrong-path-token "$PUSH";                                                     bad_data wrong-path-token unsigned
good bare-path "$PUSH";                                                            bad_data bare-path unsigned
# ... and one that was left without any lock opens for nobody.
ACCOUNT=teld-open OPERATOR=TELD00003
GOOD=$(token $ACCOUNT $((NOW + 60)))
good no-lock-at-all "$PUSH";                                                       bad_data no-lock-at-all unsigned

# ---- zhongdianlian ------------------------------------------------------------------------------------------
DIR=zhongdianlian ACCOUNT=zdl-main OPERATOR=ZDL000001 SECRET=0123456789ABCDEF0123456789ABCDEF
KEY=zdl-data-secret1 IV=zdl-data-iv-0001 SIG=SignSecret-of-zdl-1
TOKEN=/zld/api/zdl/query_token CHARGE=/zld/api/zdl/notification_end_charge_order_info ORDER=ZDL000001-77
PUSH="{\"StartChargeSeq\":\"$ORDER\",\"ParkID\":\"200461&&1314\",\"PlateNum\":\"粤BD12345\",\"StationID\":\"GZ01\",\"TotalPower\":\"31.2345\",\"TotalMoney\":\"40.129\",\"TotalSeviceMoney\":\"9.10\",$TIMES,\"FreeParkingTimes\":\"120\"}"
with_token
GOOD=$(token $ACCOUNT $((NOW + 60)))
good no-minutes "{\"StartChargeSeq\":\"$ORDER\",\"ParkID\":\"200461&&1314\",\"PlateNum\":\"粤BD12345\",$TIMES,\"CalculationMethod\":2,\"FreeParkingCost\":\"9.00\"}"; taken no-minutes $ORDER
good no-order "{\"ParkID\":\"200461&&1314\",\"PlateNum\":\"粤BD12345\",$TIMES,\"FreeParkingTimes\":60}"; taken no-order ''
good no-order-no-times "{\"ParkID\":\"200461&&1314\",\"PlateNum\":\"粤BD12345\",\"FreeParkingTimes\":60}"; bad_data no-order-no-times

# ---- aotexun ------------------------------------------------------------------------------------------------
DIR=aotexun ACCOUNT=atx-main OPERATOR=ATX000001 SECRET=OperatorSecret-of-atx
KEY=atx-data-secret1 IV=atx-data-iv-0001 SIG=SigSecret-of-atx-1
TOKEN=/zld/park/v1/query_token CHARGE=/zld/park/v1/notification_charge_detail ORDER=44020200300000092401011130000001
PUSH="{\"StartChargeSeq\":\"$ORDER\",\"ConnectorID\":\"4402020030000009001\",\"EquipmentID\":\"4402020030000009\",\"StationID\":\"440202003\",\"PlateNum\":\"粤B88888D\",$TIMES,\"TotalPower\":12.5,\"FreeParkingTimes\":60}"
with_token
GOOD=$(token $ACCOUNT $((NOW + 60)))
good equipment-only "{\"StartChargeSeq\":\"$ORDER\",\"EquipmentID\":\"4402020030000009\",\"PlateNum\":\"粤B88888D\",$TIMES,\"FreeParkingTimes\":60}"; taken equipment-only $ORDER
good no-order "{\"StationID\":\"440202003\",\"PlateNum\":\"粤B88888D\",$TIMES,\"FreeParkingTimes\":60}"; taken no-order ''
good no-charger "{\"StartChargeSeq\":\"$ORDER\",\"PlateNum\":\"粤B88888D\",$TIMES,\"FreeParkingTimes\":60}"; bad_data no-charger

# ---- dakeyun ------------------------------------------------------------------------------------------------
DIR=dakeyun ACCOUNT=dky-main OPERATOR=DKY000001 SECRET=OperatorSecret-of-dky
KEY=dky-data-secret1 IV=dky-data-iv-0001 SIG=SigSecret-of-dky-1
TOKEN=/zld//hlht/v1/query_token CHARGE=/zld//hlht/v1/notification_charge_detail ORDER=DKY2024010100001
PUSH="{\"OrderNo\":\"$ORDER\",\"parkId\":\"200461&&1315\",\"CarNumber\":\"苏E·D12345\",$TIMES,\"TotalPower\":12.5,\"CalculationMethod\":2,\"FreeParkingCost\":99.00}"
with_token
GOOD=$(token $ACCOUNT $((NOW + 60)))
post single-slash /zld/hlht/v1/notification_charge_detail "$(sealed "$PUSH")" "$GOOD"; taken single-slash $ORDER

# ---- guowang-jinan ------------------------------------------------------------------------------------------
DIR=guowang-jinan OPERATOR=GW0000001
KEY=gwjn-data-key-01 IV=gwjn-data-iv-001 SIG=SigSecret-of-gwjn-1
CHARGE=/zld/echargepile/v1/notification_charge_detail ORDER=GW2024010100001
PUSH="{\"StartChargeSeq\":\"$ORDER\",\"parkId\":\"200461&&1313\",\"PlateNo\":\"鲁AD54321\",$TIMES,\"Power\":\"18.000\"}"
post finished $CHARGE "$(sealed "$PUSH")";                                         taken finished $ORDER
post repeated $CHARGE "$(sealed "$PUSH" 20240101120003 0001)";                     taken repeated $ORDER
post forged $CHARGE "$(sealed "$PUSH" | sed 's/"Seq":"0001"/"Seq":"0002"/')";      forged forged
post stale $CHARGE "$(sealed "$PUSH" 20240101124000)";                             bad_envelope stale
post unsealed $CHARGE "{\"Data\":\"$(enc "$PUSH")\"}";                             bad_envelope unsealed unsigned
post unsealed-bare $CHARGE "$(enc "$PUSH")";                                       bad_envelope unsealed-bare unsigned
post unsealed-plain $CHARGE "$PUSH";                                               bad_envelope unsealed-plain unsigned
post end-missing $CHARGE "$(sealed "$(printf '%s' "$PUSH" | sed 's/,"EndTime":"[^"]*"//')")"; bad_data end-missing
KEPT=$SIG; SIG=a-key-of-somebody-else
post wrong-account $CHARGE "$(sealed "$PUSH")"; SIG=$KEPT;                         forged wrong-account

# The account without a signature key: locked by address, the cipher is all there is.
KEY=gwjn-locked-key1 IV=gwjn-locked-iv-1
post data-only $CHARGE "{\"Data\":\"$(enc "$PUSH")\"}";                            taken data-only $ORDER unsigned
post bare-base64 $CHARGE "$(enc "$PUSH" | fold -w 76)";                            taken bare-base64 $ORDER unsigned
post whole-envelope $CHARGE "$(sealed "$PUSH" 19700101000000)";                    taken whole-envelope $ORDER unsigned
post unsealed-outside $CHARGE "$(enc "$PUSH")";                                    bad_envelope unsealed-outside unsigned
for bad in no-decrypt:"$(enc "$PUSH" | cut -c1-64)" no-base64:'%%%%' no-json:"$(enc 'parkId=1')" no-plate:"$(enc '{"parkId":"200461&&1313"}')" no-times:"$(enc '{"parkId":"200461&&1313","PlateNo":"鲁AD54321"}')"; do
  post "${bad%%:*}" $CHARGE "{\"Data\":\"${bad#*:}\"}";                            bad_data "${bad%%:*}" unsigned
done

# ---- reports to 特来电 ---------------------------------------------------------------------------------------
# What we send after an exit, and what the platform says to it. No case folders: report_test.go reads them.
KEY=their-data-key01 IV=their-data-iv-01 SIG=SigSecret-of-theirs OPERATOR=OURS00001
REPORT_PLAIN='{"StartChargeSeq":"TELD00001202401010001","PlateNum":"京AD06088","LeavingTime":"2024-01-01 12:34:56"'
sealed "{\"OperatorID\":\"$OPERATOR\",\"OperatorSecret\":\"their-operator-secret\"}" 20240101123500 0007 >report/token-request.json
sealed "$REPORT_PLAIN,\"CalculationMethod\":1,\"FreeParkingTimes\":2.12}" 20240101123500 0008 >report/minutes.json
sealed "$REPORT_PLAIN,\"CalculationMethod\":2,\"FreeParkingCost\":1.25}" 20240101123500 0009 >report/yuan.json
sealed "$REPORT_PLAIN,\"CalculationMethod\":3}" 20240101123500 0010 >report/lot-decides.json

said() { # FILE RET MSG PLAIN
  local data=''
  [ -z "$4" ] || data=$(enc "$4")
  printf '{"Ret":%s,"Msg":"%s","Data":"%s","Sig":"%s"}' "$2" "$3" "$data" "$(md5mac "$2$3$data")" >"report/$1.json"
}
said says-token 0 '' "{\"OperatorID\":\"$OPERATOR\",\"SuccStat\":0,\"AccessToken\":\"their-token\",\"TokenAvailableTime\":3600,\"FailReason\":0}"
said says-token-epoch 0 '' "{\"OperatorID\":\"$OPERATOR\",\"SuccStat\":0,\"AccessToken\":\"their-token\",\"TokenAvailableTime\":1704081600000,\"FailReason\":0}"
said says-no-token 0 '' "{\"OperatorID\":\"$OPERATOR\",\"SuccStat\":1,\"AccessToken\":\"\",\"TokenAvailableTime\":0,\"FailReason\":2}"
said says-taken 0 ok ''
said says-token-over 4002 Token错误 ''
said says-busy -1 busy ''
