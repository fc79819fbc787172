package words

// deliveryNotes are what a try to reach a lot came to.
var deliveryNotes = map[string]Text{
	"delivery.posted":       {"记入账本，出场时抵扣", "entered in our ledger; taken off at exit"},
	"delivery.no_line":      {"车场没有在线的长连接；下次登录时发送", "the lot has no line; it is sent at its next login"},
	"delivery.line_gone":    {"没有长连接", "there is no line"},
	"delivery.under_way":    {"同一报文正在发送中", "the same message is under way to the lot"},
	"delivery.line_full":    {"长连接已满或已关闭", "the line is full or closed"},
	"delivery.line_moved":   {"未发出：改由另一条长连接发送", "not sent: it looks for another line"},
	"delivery.unwanted":     {"未发出：等待期间停车已结束", "not sent: the stay ended while it waited for its turn"},
	"delivery.too_long":     {"报文超过 {most} 字节，车场读不了", "the message is longer than {most} bytes, more than the lot reads"},
	"delivery.line_closed":  {"应答之前长连接断开", "the line closed before the answer"},
	"delivery.no_answer":    {"规定时间内没有应答", "no answer in time"},
	"delivery.node_stopped": {"负责发送的节点在得到结果之前停止了", "the node that was sending it stopped before it had the result"},
	"delivery.in_total":     {"它的减免已包含在报文 {uuid} 的合计中", "its reduction was in the total of the message {uuid}"},
	"delivery.in_open_total": {
		"它的减免已包含在报文 {uuid} 的合计中，该报文没有应答",
		"its reduction is in the total of the message {uuid}, which has no answer",
	},
	"delivery.unsendable": {"无法生成报文 {message}：{cause}", "message {message} cannot be written: {cause}"},
	"delivery.no_place": {
		"车场未知、已停用，或没有回调地址：请在配置中写明",
		"the lot is unknown, off, or has no callback address: apply an estate that names one",
	},
	"delivery.no_ukey": {
		"车场 {lot} 未知或已停用，或其厂商没有用来签名的 ukey",
		"lot {lot} is unknown or off, or its vendor has no ukey to sign with",
	},
	"delivery.no_seq": {"没有 start_charge_seq", "there is no start_charge_seq"},
	"delivery.not_by": {"{message} 不经这个通道下发", "{message} does not go this way"},
	"delivery.no_method": {
		"{message} 不能表示减免方式“{method}”",
		"{message} has no words for a reduction of {method}",
	},
	"delivery.only_amounts": {"3.36 只能减金额，不能减{method}", "3.36 takes off amounts only, not {method}"},
	"delivery.not_sent":     {"未发出：{cause}", "not sent: {cause}"},
	"delivery.stopping":     {"网关正在停止", "the gateway is stopping"},
	"delivery.too_slow":     {"车场太慢，等待了 {waited} 仍未轮到", "the lot is too slow, the order waited {waited} for its turn"},
	"delivery.queue_full":   {"已有 {waiting} 笔在等待该车场", "{waiting} {waiting|order waits|orders wait} for this lot already"},
	"delivery.resting": {
		"该车场最近 {failed} 次都失败，暂停到 {until}",
		"the lot's last {failed} {failed|try|tries} failed; it is left alone until {until}",
	},

	"answer.state":    {"车场应答 state {state}", "the lot answered state {state}"},
	"answer.no_state": {"车场已应答，没有 state", "the lot answered without a state"},
	"answer.said":     {"车场应答 state {state}：“{said}”", "the lot answered state {state}: \"{said}\""},
	"answer.redirect": {
		"车场返回 HTTP {status}：不跟随重定向，回调地址必须是最终地址",
		"answered with HTTP {status}: redirects are not followed, the callback address must be the final one",
	},
	"answer.http": {"车场返回 HTTP {status}", "answered with HTTP {status}"},
	"answer.too_long": {
		"应答超过64KiB，未读取（{encoding}）：“{answer}”", `the answer is longer than 64 KiB and not read ({encoding}): "{answer}"`,
	},
	"answer.unread": {
		"应答不是 state 为 0 或 1 的 JSON（{encoding}）：“{answer}”",
		"the answer is no JSON with a state of 0 or 1 ({encoding}): \"{answer}\"",
	},
	"answer.empty":     {"应答是空的", "the answer is empty"},
	"encoding.unknown": {"编码不明", "unknown encoding"},

	"cause.other": {"{text}", "{text}"},
}

// outboundNotes are why a request of ours did not get an answer.
var outboundNotes = map[string]Text{
	"outbound.too_long":  {"应答过长", "the answer is too long"},
	"outbound.broken":    {"应答之前连接断开", "the connection broke before the answer"},
	"outbound.no_answer": {"规定时间内没有应答", "no answer in time"},
	"outbound.not_http":  {"应答不是 HTTP", "the answer is not HTTP"},
	"outbound.refused": {
		"对方拒绝连接（程序没有运行，或端口不对）",
		"the connection was refused (the program is not running, or the port is another one)",
	},
	"outbound.no_name":       {"找不到主机 {host}", "the host {host} has no address"},
	"outbound.no_connection": {"规定时间内没有连上", "no connection in time"},
	"outbound.unreachable":   {"网络不通", "the address cannot be reached"},
	"outbound.given_up":      {"网关正在停止，或不再需要", "it was given up: the gateway stops, or needs no answer any more"},
	"outbound.system":        {"连接失败（系统错误 {number}）", "the connection failed (system error {number})"},
	"outbound.failed":        {"连接失败", "the connection failed"},
	"outbound.tls":           {"TLS 握手失败", "the TLS handshake failed"},
	"outbound.tls_authority": {
		"对方证书的签发机构不受信任（自签名，或缺少中间证书）",
		"the certificate was issued by an unknown authority (it is self-signed, or an intermediate one is missing)",
	},
	"outbound.tls_name":        {"对方的证书不是发给 {host} 的", "the certificate is not for {host}"},
	"outbound.tls_expired":     {"对方的证书已过期或尚未生效", "the certificate is over, or does not count yet"},
	"outbound.tls_certificate": {"对方的证书无效", "the certificate is not valid"},
	"outbound.tls_plain":       {"对方这个端口不是 TLS：请写 http://，或换端口", "the port speaks no TLS: write http://, or another port"},
	"outbound.tls_alert":       {"对方拒绝 TLS 握手（代码 {number}）", "the other side refused the TLS handshake (alert {number})"},
	"outbound.not_url":         {"地址不是 URL", "the address is not a URL"},
	"outbound.scheme": {
		"地址以“{scheme}”开头；请写 http:// 或 https://",
		"the address begins with \"{scheme}\"; write http:// or https://",
	},
	"outbound.no_host": {"地址没有主机名", "the address names no host"},
	"outbound.user_name": {
		"地址中有用户名；用户名和密码不能这样发送",
		"the address holds a user name; name and password are not sent this way",
	},
	"outbound.not_ascii": {
		"地址的主机名含非 ASCII 字符；请写 xn-- 形式",
		"the host of the address has letters beyond ASCII; write its xn-- form",
	},
	"outbound.control": {"请求头含有控制字符", "a header of the request holds a control character"},
	"outbound.not_dialled": {
		"{address} 是{kind}，不会去连接；确实需要时把 {prefix} 加入地址旁的 allow_to",
		"{address} is {kind} and is not dialled; if that is right, add {prefix} to the allow_to list beside the address",
	},

	"address.metadata":      {"云平台的元数据地址", "the address of a cloud's metadata service"},
	"address.loopback":      {"本机回环地址", "a loopback address"},
	"address.unspecified":   {"未指定地址", "an unspecified address"},
	"address.link_local":    {"链路本地地址", "a link-local address"},
	"address.private":       {"内网地址", "a private address"},
	"address.carrier":       {"运营商内网地址", "a carrier's private address"},
	"address.multicast":     {"组播地址", "a multicast address"},
	"address.reserved":      {"保留地址", "a reserved address"},
	"address.documentation": {"文档示例地址", "an address for documentation"},
	"address.benchmark":     {"测试用地址", "an address for benchmarks"},
	"address.ipv4_in_ipv6":  {"嵌在 IPv6 里的 IPv4 地址", "an IPv4 address in IPv6"},
	"address.none":          {"无效地址", "no address"},
}

// reportNotes are what a report to a platform came to.
var reportNotes = map[string]Text{
	"report.nothing": {
		"已没有可回传的内容，或账号没有回传地址",
		"there is nothing to report any more, or the account has no report address",
	},
	"report.not_taken":    {"该平台不接收回传", "the platform takes no reports"},
	"report.token_failed": {"获取平台令牌失败：{cause}", "asking the platform for a token failed: {cause}"},
	"report.failed":       {"回传失败：{cause}", "reporting failed: {cause}"},
	"report.answered":     {"平台应答：{cause}", "the platform answered: {cause}"},
	"report.http":         {"返回 HTTP {status}", "it answered HTTP {status}"},
	"report.bad_address":  {"回传地址无法使用", "the report address cannot be used"},
	"report.refused":      {"拒绝回传：Ret {ret}，“{said}”", "it refuses the report: Ret {ret}, \"{said}\""},
	"report.no_token":     {"不给令牌：Ret {ret}，“{said}”", "it returns no token: Ret {ret}, \"{said}\""},
	"report.no_token_stat": {
		"不给令牌：SuccStat“{stat}”，FailReason“{reason}”",
		"it returns no token: SuccStat \"{stat}\", FailReason \"{reason}\"",
	},
	"report.no_access_token": {"应答中没有 AccessToken", "its answer has no AccessToken"},
	"report.unread":          {"应答无法读取：{cause}", "its answer cannot be read: {cause}"},
	"report.no_ret":          {"应答中没有整数 Ret", "its answer has no Ret that is a whole number"},
	"report.other_key": {
		"应答不是用我们的密钥签名的：请核对 report 的 sig_secret",
		"its answer is signed with another key than ours: is the report's sig_secret right?",
	},
	"report.taken":         {"平台已接收回传", "the platform took the report"},
	"report.token_refused": {"平台拒绝它自己签发的令牌", "the platform refuses its own token"},
}
