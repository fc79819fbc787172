package words

// auditNotes are details of the audit log that are no reason somebody typed.
var auditNotes = map[string]Text{
	"signin.from":   {"来自 {remote}", "from {remote}"},
	"signin.wrong":  {"用户名、密码或验证码不对", "wrong name, password or code"},
	"signin.codes":  {"错误的验证码太多", "too many wrong codes"},
	"signin.issuer": {"单点登录未通过：{why}", "the sign-in by the issuer was refused: {why}"},
	"signin.more":   {"自上一条起另有 {n} 次被拒绝", "{n} more were refused since the last line"},
	"audit.seam": {
		"此前的记录（到 {hash} 为止）不带密钥相连，从这里起带密钥",
		"the entries up to {hash} are chained without a key, those from here on with one",
	},
	"doctor.platform": {"平台 {platform}", "platform {platform}"},
	"doctor.body":     {"{bytes} 字节，sha256 {digest}", "{bytes} bytes, sha256 {digest}"},
	"share.until":     {"有效期至 {at}", "until {at}"},
}
