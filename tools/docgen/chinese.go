package main

import (
	"fmt"

	"github.com/chargestamp/chargestamp/words"
)

func chineseNote(english string) (string, error) {
	if note := words.OfProfile(english); note.ZH != english {
		return note.ZH, nil
	}
	return "", fmt.Errorf("words/platform.go has no Chinese for the note %q", english)
}

// chineseFamilies says in Chinese what the package comments of the families say.
var chineseFamilies = map[string]string{
	"cec": "遵循 T/CEC 102.4-2016（中电联）或与之相近的平台：特来电、广州中电联、奥特迅、达克云、济南国家电网。请求是由 OperatorID、Data、TimeStamp、Seq、Sig 组成的信封：" +
		"Data 是业务 JSON 经 AES-128-CBC 加密后的 base64，Sig 是其余四项按收到的原文直接拼接后的 HMAC-MD5。平台先取令牌（query_token），之后每次推送都带上。" +
		"应答为 Ret、Msg、Data、Sig，用同一套密钥加密签名，HTTP 状态一律 200；Ret 和 ConfirmResult 都为 0 才算成功，重复推送也一样。" +
		"与标准不同但无害的写法都接受：字段名和 Sig 大小写不限，base64 可换行，TimeStamp 可为 unix 时间，Seq 可不补零，数字可写成文本。零填充、Data 之外的明文、同名字段出现两次则拒绝，诊断会指出。",
	"flat": "推送是一个平铺的 JSON 对象或表单：字段按名排序、拼成 name=value，再加密钥做摘要。小桔、小伟、云快充、智充、永联、E充网、新电途、静态交通、蔚来属于这一类。" +
		"数字按原文参与签名。先验签名，再核对运营商、时间，最后才读字段。签名算法不转义，若某个值里含有“&字段名=”而该字段会被读取，则拒绝。",
	"plain": "完全不签名的平台：星星、万城万充、向黔充。推送是 JSON 对象或表单，没有信封。推送本身没有锁，所以必须用来源地址或路径口令锁住；" +
		"平台带运营商标识时也核对，但只能防出错，防不了冒充。",
	"open13": "开放接口 13（令狐充电）：请求体是 {\"data\":{…},\"sign\":…} 的 Base64，签名是 data 原文加密钥的 MD5，应答也是 Base64，并重复请求的签名。",
}

// chineseMoves says in Chinese what flow.Transitions say. One that stands not here is an error.
var chineseMoves = map[string]string{
	"the lot has reported no stay that fits yet, and the rule waits for one": "车场还没有报合适的停车订单，规则要等",
	"the binding is a shadow: decided and shown, nothing is sent":            "对接在试运行：只计算、不下发",
	"decided: nothing, the reason says why":                                  "判定为不减免，见原因",
	"granted: ledger entry and delivery are stored with it":                  "同意减免，账目和下发任务同时入库",
	"its stay came, and the binding is a shadow by now":                      "入场到了，但对接已改为试运行",
	"its stay came and grants nothing, or the car has left":                  "入场到了但不减免，或车已离场",
	"its stay came and it was granted":                                       "入场到了，同意减免",
	"no stay came before the hold was over":                                  "等到期限没有入场",
	"support took it back":                                                   "人工收回",
	"the order came again with other content, which waits for a stay":        "同一订单以新内容再推，等待入场",
	"the order came again with other content, which gets nothing":            "同一订单以新内容再推，不减免",
	"the order came again with other content after the binding went live":    "对接转正后，同一订单以新内容再推",
	"the order came again with other content after its hold was over":        "过了等待期限，同一订单以新内容再推",
	"decided again by support; it waits for a stay":                          "人工重新判定，等待入场",
	"decided again by support; the binding is a shadow":                      "人工重新判定，对接在试运行",
	"decided again by support, or bound to a stay, and granted":              "人工重新判定或绑定停车订单，同意减免",
	"decided again by support; no stay has come":                             "人工重新判定，仍没有入场",
	"support closed it": "人工关闭",
	"decided again by support under a rule that waits longer":        "规则等待更久后人工重新判定",
	"bound to a stay, or decided again; the binding is a shadow":     "绑定停车订单或重新判定，对接在试运行",
	"bound to a stay, or decided again; it gets nothing":             "绑定停车订单或重新判定，不减免",
	"bound to a stay, or decided again, and granted":                 "绑定停车订单或重新判定，同意减免",
	"the lot acknowledged; a 4G lot has it as soon as it is granted": "车场已应答；4G 车场一经同意即已记账",
	"it was sent and no answer came: the lot may have it":            "已发出但没有应答，车场可能已收到",
	"the lot said no": "车场拒绝",
	"the car left or time ran out before anything was sent, or no message could be written": "发出之前车已离场或期限已过，或无法生成消息",
	"the exit reported what was taken off before the acknowledgement was in":                "应答之前，出场已告知实际减免",
	"the lot has said that it has nothing: it is sent once more":                            "车场说没有收到：再发一次",
	"the lot acknowledged a repeat, or late":                                                "车场应答了重发，或迟到的应答",
	"the lot said no to a repeat":                                                           "车场拒绝了重发",
	"the try that was under way at the exit turned out never to have left":                  "出场时正在进行的那次发送，查明没有发出",
	"the exit reported what was taken off":                                                  "出场告知实际减免",
	"the lot reported what it took off, or our own settlement did":                          "车场上报实际减免，或由我们结算",
	"decided again by support; it gets nothing":                                             "人工重新判定，不减免",
	"decided again by support, and granted as a new reduction":                              "人工重新判定，作为新的减免下发",
	"the lot acknowledged after all":                                                        "车场最终应答了",
	"a try that was under way turned out to have left: the lot may have it":                 "正在进行的那次发送查明已发出，车场可能已收到",
	"support took it back; counter-entries correct the statement":                           "人工收回，以冲销分录更正对账单",
}
