package words

// alertNotes are what package alert sends to webhooks: what is the matter, and what to do about it.
var alertNotes = map[string]Text{
	"alert.lot_off_line": {"车场 {name}（{lot}）已离线 {age}，{waiting} 笔减免等待下发。",
		"Lot {name} ({lot}) has been off line for {age}; {waiting} {waiting|delivery waits|deliveries wait} for it."},
	"alert.lot_off_line.next": {
		"请车场检查网络与程序；登录后立即补发。",
		"Have the lot check its network and program; what waits is sent as soon as it logs in.",
	},
	"alert.gave_up_rate": {"最近 {window} 有 {n} 笔减免放弃下发，共 {all} 笔有结果。",
		"Within the last {window}, {n} of {all} reductions were given up."},
	"alert.gave_up_rate.next": {
		"查看放弃的原因；车还在场的，处理后可重新下发。",
		"See why they were given up; where the car is still in, settle the cause and redeliver.",
	},
	"alert.oldest_pending":      {"最久的一笔减免已等待下发 {age}。", "The oldest delivery has waited for {age}."},
	"alert.oldest_pending.next": {"在车场列表中按等待时间查看是哪个车场。", "The list of lots says which lot it waits for."},
	"alert.bad_signatures": {"账号 {account} 最近 {window} 有 {n} 次签名或令牌错误。",
		"Account {account}: {n} {n|bad signature or token|bad signatures or tokens} within the last {window}."},
	"alert.bad_signatures.next": {
		"打开被拒的推送查看原因；可能换了密钥，或有人冒充。",
		"Open a refused push to see why; a key may have been changed, or the sender is not the platform.",
	},
	"alert.disk_low": {"数据盘只剩 {free} MiB。", "Only {free} MiB are free on the data disk."},
	"alert.disk_low_of": {
		"{machine} 的数据盘只剩 {free} MiB。",
		"Only {free} MiB are free on the data disk of {machine}.",
	},
	"alert.disk_low.next": {
		"腾出空间或缩短保留期限；写满后不再接收推送。",
		"Make room or shorten the retention; once it is full, no push is taken.",
	},
	"alert.lot_clock":      {"车场 {name}（{lot}）：{clock}。", "Lot {name} ({lot}): {clock}."},
	"alert.lot_clock.next": {"请校准收费机的时间。", "Set the time of its machine."},
	"alert.webhook_fails": {
		"变更通知 {webhook}：{waiting} 条待发，最早的已等待 {age}（{wrong}）。",
		"Webhook {webhook}: {waiting} {waiting|message waits|messages wait}, the oldest for {age} ({wrong}).",
	},
	"alert.webhook_fails.next": {
		"请接收方检查；恢复后自动补发，满 24 小时的在控制台“告警”页重发。",
		"Have the receiver checked. What waits is sent once it answers; " +
			"what is older than 24 hours is sent again on the console's page Alerts.",
	},
	"webhook.unknown": {"设置中没有这个名称的变更通知", "no setting names this webhook"},
	"webhook.status":  {"接收方应答 HTTP {status}", "it answered HTTP {status}"},
	"webhook.resting": {
		"连续 {n} 次失败（{why}），暂缓片刻再试",
		"its last {n} {n|try|tries} failed ({why}); it is left alone for a while",
	},
	"webhook.not_tried": {"还没有试发", "none was tried yet"},
	"alert.test":        {"告警通道工作正常。", "The alert channel works."},

	// why a webhook did not take a message
	"target.failed":      {"没有送到 {target}：{why}", "{target} was not reached: {why}"},
	"target.bad_address": {"地址无法使用", "its address cannot be used"},
	"target.not_reached": {"{cause}", "{cause}"},
	"target.cut_off":     {"应答中断", "its answer was cut off"},
	"target.http":        {"返回 HTTP {status}", "it answered HTTP {status}"},
	"target.no_json":     {"应答不是 JSON", "its answer is not JSON"},
	"target.refused":     {"拒绝，代码 {code}：“{said}”", "it refused with {code}: \"{said}\""},
	"target.no_result":   {"应答中没有结果代码", "its answer holds no result"},
	"target.no_format":   {"不认识的格式 {format}", "the format {format} is not known"},
}

// AlertKinds name the kinds of alert.
var AlertKinds = map[string]Text{
	"lot_off_line":   {"车场离线", "a lot is off line"},
	"gave_up_rate":   {"放弃下发比例", "too many given up"},
	"oldest_pending": {"待下发等待过久", "the oldest pending one waits too long"},
	"bad_signatures": {"账号签名连续失败", "an account's signatures fail"},
	"disk_low":       {"磁盘空间不足", "the disk fills up"},
	"lot_clock":      {"车场时钟不准", "a lot's clock is wrong"},
	"webhook_fails":  {"变更通知发不出去", "a webhook takes nothing"},
}

// The words around an alert's text.
var (
	AlertTitle = Text{"充电减免网关告警", "Chargestamp alert"}
	AlertTest  = Text{"充电减免网关测试消息", "Chargestamp test message"}
	AlertOver  = Text{"充电减免网关：已恢复", "Chargestamp: over"}
	AlertWas   = Text{"已恢复。此前：", "It is over. It was: "}
	AlertOpen  = Text{"查看", "Open"}
)
