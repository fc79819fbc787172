package words

// couponNotes are what parking systems answer to coupons, and why one was not given.
var couponNotes = map[string]Text{
	"coupon.taken":    {"已发券（应答码 {code}：“{said}”）", "the coupon was given (code {code}: \"{said}\")"},
	"coupon.repeated": {"此券先前已发（应答码 {code}：“{said}”）", "the coupon stands already (code {code}: \"{said}\")"},
	"coupon.later": {
		"未发券，稍后再试（应答码 {code}：“{said}”）",
		"no coupon was given, to be tried later (code {code}: \"{said}\")",
	},
	"coupon.not_inside": {
		"未发券：车辆不在场（应答码 {code}：“{said}”）",
		"no coupon: the car is not inside (code {code}: \"{said}\")",
	},
	"coupon.left": {"未发券：车辆已离场（应答码 {code}：“{said}”）", "no coupon: the car has left (code {code}: \"{said}\")"},
	"coupon.limited": {
		"未发券：超过对方的优惠限制（应答码 {code}：“{said}”）",
		"no coupon: a limit of the car park is reached (code {code}: \"{said}\")",
	},
	"coupon.not_configured": {
		"未发券：对方未配置或密钥不符，请核对密钥和开通情况（应答码 {code}：“{said}”）",
		"no coupon: it is not set up there, or the keys do not fit; compare both (code {code}: \"{said}\")",
	},
	"coupon.bad_request": {
		"未发券：对方认为报文有误（应答码 {code}：“{said}”）",
		"no coupon: the request is wrong in its eyes (code {code}: \"{said}\")",
	},
	"coupon.refused": {"未发券：对方拒绝（应答码 {code}：“{said}”）", "no coupon: refused (code {code}: \"{said}\")"},
	"coupon.again": {
		"不知是否已发券，同一张再发（应答码 {code}：“{said}”）",
		"the coupon may stand or not, the same is sent again (code {code}: \"{said}\")",
	},
	"coupon.unknown": {
		"应答码 {code} 未知（“{said}”），不能确定是否已发券",
		"code {code} is not known (\"{said}\"): the coupon may stand or not",
	},
	"coupon.other": {
		"应答说的是另一辆车或另一张券（应答码 {code}：“{said}”），不能确定是否已发券",
		"the answer is about another car or coupon (code {code}: \"{said}\"): ours may stand or not",
	},
	"coupon.unread": {
		"应答读不懂（{encoding}）：“{answer}”，不能确定是否已发券",
		"the answer cannot be read ({encoding}): \"{answer}\"; the coupon may stand or not",
	},
	"coupon.no_token": {"取不到令牌：{cause}", "no access token: {cause}"},
	"coupon.token_missing": {
		"应答的 {path} 里没有令牌，多半是密钥不对",
		"the answer holds no token in {path}; most likely a key is wrong",
	},
	"coupon.token_refused": {"刚取的令牌就被拒绝（“{said}”）", "a token that has just been fetched is refused (\"{said}\")"},
	"coupon.no_lookup":     {"查不到停车订单：{cause}", "the stay could not be looked up: {cause}"},
	"coupon.no_lot":        {"车场不存在或已停用", "the lot is unknown or off"},
	"coupon.no_target": {
		"停车系统 {target} 的配置文件已不存在：请放回 platforms.dir",
		"the parking system {target} has no profile any more: put its file back into platforms.dir",
	},
	"coupon.cannot":    {"{target} 的优惠券不能给{method}", "coupons of {target} cannot give {method}"},
	"coupon.needs_key": {"给{method}需要密钥 {key}：请填写", "giving {method} needs the key {key}: add it"},
	"coupon.no_key":    {"缺少签名密钥", "the key that signs is missing"},
	"coupon.bad_key": {
		"私钥不是 Base64 的 PKCS #8 RSA 私钥",
		"the private key is no RSA key in PKCS #8, written in Base64",
	},
	"coupon.no_price":  {"{target} 不能查询价格", "{target} cannot be asked for a price"},
	"coupon.no_due":    {"应答里没有应付金额", "the answer names no amount that is due"},
	"coupon.no_revoke": {"{target} 不能收回优惠券", "{target} takes no coupon back"},
}
