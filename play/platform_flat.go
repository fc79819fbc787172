package play

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// signed appends a signature unless a raw field has set one, broken where asked.
func signed(r record, name, sign string, b Break) record {
	if r.has(name) {
		return r
	}
	if b == BreakSig {
		sign = swapLast(sign)
	}
	r.put(name, sign)
	return r
}

// secret is the key to sign with, another one where asked.
func (j job) secret(name string) string {
	if j.opt.Break == BreakKey {
		return otherKey(j.keys[name])
	}
	return j.keys[name]
}

// buildXiaoju speaks 小桔: form A has four fields and no order number, form B (the usual one here) has six:
// docs/platforms/xiaoju.md.
func buildXiaoju(v voice, j job) (*Request, error) {
	p := j.push
	if p.Method != charge.MethodTime {
		return nil, fmt.Errorf("xiaoju can ask for minutes only, not for %q", p.Method)
	}
	var r record
	r.put("plateNo", p.Plate.Full())
	r.put("merchId", lotKey(p.Lot, "&&"))
	r.put("duration", whole(p.Minutes))
	switch p.Form {
	case "a":
	case "", "b":
		r.put("bizId", p.Order)
		r.put("startChargingTime", localTime(p.Start))
		r.put("stopChargingTime", localTime(p.End))
	default:
		return nil, fmt.Errorf("xiaoju has the forms a and b, not %q", p.Form)
	}
	return jsonRequest(v.path, signXiaoju(r.over(j.opt.Fields), j)), nil
}

// signXiaoju is recipe kv-md5-md5key: the key is hashed by itself first.
func signXiaoju(r record, j job) record {
	sign := md5Upper(r.kv(false, "sign") + "&key=" + md5Lower(j.secret("sign_key")))
	return signed(r, "sign", sign, j.opt.Break)
}

// buildXiaowei speaks 小伟, KeyTop's charge record: fees in fen, time off in seconds: docs/platforms/xiaowei.md.
func buildXiaowei(v voice, j job) (*Request, error) {
	r := record{{"appId", lotKey(j.push.Lot, "&&")}, {"parkId", j.push.Lot.Park}}
	return buildKeytop(v, j, r, "ukey")
}

// buildEchongwang speaks E充网: 小伟's shape with custId for the lot and one appId for all, which
// is our assumption: docs/platforms/echongwang.md. The push names no reduction: the rule decides.
func buildEchongwang(v voice, j job) (*Request, error) {
	r := record{{"appId", j.keys["app_id"]}, {"custId", lotKey(j.push.Lot, "&&")}}
	return buildKeytop(v, j, r, "app_secret")
}

func buildKeytop(v voice, j job, r record, key string) (*Request, error) {
	p := j.push
	r.put("serviceCode", "syncChargePilePay")
	r.put("ts", fmt.Sprint(j.at.UnixMilli()))
	r.put("reqId", fmt.Sprintf("%s-%d", p.Order, j.at.UnixMilli()))
	r.put("orderNo", p.Order)
	r.put("plateNo", p.Plate.Full())
	r.put("startTime", localTime(p.Start))
	r.put("endTime", localTime(p.End))
	r.put("stationId", p.StationID)
	r.put("stationName", p.StationName)
	r.put("deviceId", p.ConnectorID)
	r.put("deviceName", p.ConnectorName)
	r.put("spaceNo", p.Bay)
	r.put("power", kwh(p.Energy))
	r.put("elecMoney", whole(int64(p.Elec)))
	r.put("seviceMoney", whole(int64(p.Service)))
	r.put("totalMoney", whole(int64(p.Total)))
	var money, seconds, rule int64
	switch p.Method {
	case charge.MethodTime:
		seconds = p.Minutes * 60
	case charge.MethodAmount:
		money = int64(p.Amount)
	case charge.MethodLotDecides, "":
		rule = 1
	default:
		return nil, fmt.Errorf("%s can ask for minutes, an amount or the lot's rule, not for %q", v.id, p.Method)
	}
	r.put("freeType", whole(rule))
	r.put("freeMoney", whole(money))
	r.put("freeTime", whole(seconds))
	r = r.over(j.opt.Fields)
	// Recipe kv-md5-secret: no "key=" before the secret, appId outside the signature.
	sign := md5Upper(r.kv(false, "key", "appId") + "&" + j.secret(key))
	req := jsonRequest(v.path, signed(r, "key", sign, j.opt.Break))
	req.Header.Set("version", "1.0.0")
	return req, nil
}

// buildRecord speaks the chargingRecord of 云快充 and 永联, money in yuan: docs/platforms/yunkuaichong.md.
func buildRecord(v voice, j job) (*Request, error) {
	return chargingRecord(v, j, charge.Fen.String)
}

// buildXindiantu speaks 新电途, the same with money in fen: docs/platforms/xindiantu.md.
func buildXindiantu(v voice, j job) (*Request, error) {
	return chargingRecord(v, j, func(f charge.Fen) string { return fmt.Sprint(int64(f)) })
}

// chargingRecord is all texts, with no words for a reduction: the rule or the lot decides.
func chargingRecord(v voice, j job, money func(charge.Fen) string) (*Request, error) {
	p := j.push
	var r record
	r.put("parkId", lotKey(p.Lot, "&&"))
	r.put("orderNo", p.Order)
	r.put("plateNo", p.Plate.Full())
	r.put("startTime", localTime(p.Start))
	r.put("endTime", localTime(p.End))
	r.put("stationId", p.StationID)
	r.put("stationName", p.StationName)
	r.put("deviceId", p.ConnectorID)
	r.put("deviceName", p.ConnectorName)
	r.put("spaceNo", p.Bay)
	r.put("power", p.Energy.String())
	r.put("elecMoney", money(p.Elec))
	r.put("seviceMoney", money(p.Service))
	r.put("totalMoney", money(p.Total))
	r.put("time", localTime(j.at))
	r = r.over(j.opt.Fields)
	// Recipe kv-md5-key.
	sign := md5Upper(r.kv(false, "sign") + "&key=" + j.secret("sign_key"))
	return jsonRequest(v.path, signed(r, "sign", sign, j.opt.Break)), nil
}

// buildJingtai speaks 静态交通: docs/platforms/jingtai.md.
func buildJingtai(v voice, j job) (*Request, error) {
	p := j.push
	if p.Method != charge.MethodTime {
		return nil, fmt.Errorf("jingtai can ask for minutes only, not for %q", p.Method)
	}
	var r record
	r.put("bizId", p.Order)
	r.put("merchId", lotKey(p.Lot, "&&"))
	r.put("plateNo", p.Plate.Full())
	r.put("startChargingTime", localTime(p.Start))
	r.put("stopChargingTime", localTime(p.End))
	r.put("duration", whole(p.Minutes))
	return jsonRequest(v.path, signXiaoju(r.over(j.opt.Fields), j)), nil
}

// buildWeilai speaks 蔚来: four fields are signed, in the order of their names; what type and value of the reduction
// mean is not public, so that they are 1 and the minutes here: docs/platforms/weilai.md.
func buildWeilai(v voice, j job) (*Request, error) {
	p := j.push
	deduction := fmt.Sprintf(`{"type":"1","value":"%d"}`, p.Minutes)
	var r record
	r.put("resource_id", p.Charger)
	r.put("start_charge_seq", p.Order)
	r.put("vehicle_plate_number", p.Plate.Full())
	r.put("deduct_content", json.RawMessage(deduction))
	r.put("charge_start_time", millis(p.Start))
	r.put("charge_end_time", millis(p.End))
	r = r.over(j.opt.Fields)
	text := "deduct_content=" + deduction + "&" + r.kv(true, "sign", "charge_start_time", "charge_end_time")
	return jsonRequest(v.path, signed(r, "sign", md5Upper(text+"&key="+j.secret("sign_key")), j.opt.Break)), nil
}

// buildXiangqianchong speaks 向黔充: nothing is signed, money in fen: docs/platforms/xiangqianchong.md.
func buildXiangqianchong(v voice, j job) (*Request, error) {
	p := j.push
	var r record
	r.put("stationId", p.Charger)
	r.put("plateNo", p.Plate.Full())
	r.put("startTime", localTime(p.Start))
	r.put("endTime", localTime(p.End))
	r.put("power", kwh(p.Energy))
	r.put("totalMoney", whole(int64(p.Total)))
	return jsonRequest(v.path, r.over(j.opt.Fields)), nil
}

// buildZhichong speaks 智充: times in milliseconds; duration is minutes charged, never minutes off:
// docs/platforms/zhichong.md.
func buildZhichong(v voice, j job) (*Request, error) {
	p := j.push
	var r record
	r.put("tradeNo", p.Order)
	r.put("parkId", lotKey(p.Lot, "&&"))
	r.put("deviceId", p.ConnectorID)
	r.put("carNo", p.Plate.Full())
	r.put("powerCharged", kwh(p.Energy))
	r.put("duration", whole(p.minutes()))
	r.put("startTime", millis(p.Start))
	r.put("endTime", millis(p.End))
	r.put("timestamp", millis(j.at))
	r.put("signType", "MD5")
	r = r.over(j.opt.Fields)
	// Recipe kv-hmac-md5: HMAC-MD5 whatever signType says; empty texts take part.
	mac := hmac.New(md5.New, []byte(j.secret("secret_key")))
	mac.Write([]byte(r.kv(true, "sign")))
	return jsonRequest(v.path, signed(r, "sign", hex.EncodeToString(mac.Sum(nil)), j.opt.Break)), nil
}

func millis(t time.Time) json.Number {
	if t.IsZero() {
		return ""
	}
	return whole(t.UnixMilli())
}

// buildLinghu speaks open interface 13: Base64 of data and sign, signed over the text of data, times in
// seconds: docs/platforms/linghu.md.
func buildLinghu(v voice, j job) (*Request, error) {
	p := j.push
	var r record
	switch p.Form {
	case "":
		r.put("comid", p.Lot.Park)
		r.put("union_id", p.Lot.Union)
	case "station":
		r.put("station_id", lotKey(p.Lot, "&&"))
	default:
		return nil, fmt.Errorf("linghu has the form station besides its usual one, not %q", p.Form)
	}
	r.put("start_charge_seq", p.Order)
	r.put("start_charging_time", seconds(p.Start))
	r.put("stop_charging_time", seconds(p.End))
	r.put("car_number", p.Plate.Full())
	r.put("station_name", p.StationName)
	r.put("connector_id", p.ConnectorID)
	r.put("connector_name", p.ConnectorName)
	r.put("power", kwh(p.Energy))
	r.put("elec_money", yuan(p.Elec))
	r.put("sevice_money", yuan(p.Service))
	r.put("total_money", yuan(p.Total))
	switch p.Method {
	case charge.MethodFree:
		r.put("mitigate_type", whole(0))
	case charge.MethodTime:
		r.put("mitigate_type", whole(1))
		r.put("duration", whole(p.Minutes))
	case charge.MethodAmount:
		r.put("mitigate_type", whole(2))
		r.put("free_money", json.Number(p.Amount.String()))
	case charge.MethodLotDecides:
		r.put("mitigate_type", whole(3))
	}
	data := r.over(j.opt.Fields).json()
	sign := md5Upper(string(data) + "key=" + j.secret("ckey"))
	if j.opt.Break == BreakSig {
		sign = swapLast(sign)
	}
	envelope := record{{"data", json.RawMessage(data)}, {"sign", sign}}.json()
	return &Request{
		Path:   v.path,
		Header: http.Header{"Content-Type": {"text/plain; charset=UTF-8"}},
		Body:   []byte(base64.StdEncoding.EncodeToString(envelope)),
		Plain:  data,
	}, nil
}

func seconds(t time.Time) json.Number {
	if t.IsZero() {
		return ""
	}
	return whole(t.Unix())
}

// readLinghu reads Base64 of {"sign":…,"data":{"state":…,"message":…}}. The sign is the request's own, sent
// back: see Exchange.
func readLinghu(_ voice, _ Keys, answer []byte) (Answer, error) {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(answer)))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: not Base64", ErrAnswer)
	}
	var said struct {
		Data struct {
			State   *int
			Message string
		}
	}
	if err := json.Unmarshal(plain, &said); err != nil || said.Data.State == nil {
		return Answer{}, fmt.Errorf("%w: no data.state in it", ErrAnswer)
	}
	return Answer{OK: *said.Data.State == 1, Code: fmt.Sprint(*said.Data.State), Text: said.Data.Message, Plain: plain},
		nil
}

// buildXingxing speaks 星星: plain JSON, nothing sealed, "U-P" for the lot, and "U,P" at the older SDK
// address: docs/platforms/xingxing.md. The push names no reduction: the rule decides.
func buildXingxing(v voice, j job) (*Request, error) {
	p := j.push
	separator := "-"
	switch p.Form {
	case "":
	case "old":
		v.path, separator = "/unionapi/newenergy/notification_parking_charge_result", ","
	default:
		return nil, fmt.Errorf("xingxing has the form old besides its usual one, not %q", p.Form)
	}
	var r record
	r.put("OperatorID", j.secret("operator_id"))
	r.put("ParkID", lotKey(p.Lot, separator))
	r.put("StartChargeSeq", p.Order)
	r.put("StartChargeSeqStat", whole(4))
	r.put("Plate", p.Plate.Full())
	r.put("StartTime", localTime(p.Start))
	r.put("EndTime", localTime(p.End))
	r.put("TotalPower", kwh(p.Energy))
	r.put("TotalMoney", yuan(p.Total))
	return jsonRequest(v.path, r.over(j.opt.Fields)), nil
}

// readXingxing wants both of the answer shapes that are about: Ret and result_code.
func readXingxing(v voice, k Keys, answer []byte) (Answer, error) {
	a, err := readCode("Ret", "Msg", "0")(v, k, answer)
	if err != nil {
		return a, err
	}
	other, err := readCode("result_code", "message", "success")(v, k, answer)
	a.OK = a.OK && other.OK
	return a, err
}

// buildWanchong speaks 万城万充, of which only OperatorID and ParkCode are known: plain JSON in T/CEC's
// names, which is our assumption: docs/platforms/wanchong.md.
func buildWanchong(v voice, j job) (*Request, error) {
	p := j.push
	var r record
	operator := cmp.Or(j.keys["operator_id"], "MA59J8YL8Q")
	if j.opt.Break == BreakKey {
		operator = otherKey(operator)
	}
	r.put("OperatorID", operator)
	r.put("ParkCode", lotKey(p.Lot, "&&"))
	return jsonRequest(v.path, cecFields(r, p).over(j.opt.Fields)), nil
}
