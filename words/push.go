package words

// pushNotes say what became of a push, why one was refused, and what of one was left out.
var pushNotes = map[string]Text{
	// what became of it
	"push.repeat":        {"同一条推送再次到达", "the same push again"},
	"push.repeat_gone":   {"很久以前的订单再次推送；其充电订单已按保留期删除", "an order of long ago again; retention has taken its charge away"},
	"push.repeat_late":   {"同一订单以不同内容再次推送，已晚，不再采用", "the order again with other content, too late to count"},
	"push.repeat_counts": {"同一订单以不同内容再次推送，采用新内容", "the order again with other content, which counts"},
	"push.unfinished":    {"不是已结束的充电：不予处理", "not a finished charge: ignored"},
	"push.body_cut":      {"只保留了报文的开头，因此不能回放", "only the beginning of the body is kept, so that it cannot be replayed"},

	// whose it is, and where it belongs
	"push.no_account": {"没有平台账号的运营商编号为“{operator}”且覆盖车场“{lot}”",
		`no account has the operator "{operator}" and covers the lot "{lot}"`},
	"push.no_lot":  {"没有车场 {lot}", "there is no lot {lot}"},
	"push.lot_off": {"车场 {lot} 已停用", "the lot {lot} is switched off"},
	"push.out_of_scope": {
		"账号 {account} 的适用范围是 {scope}，不含车场 {lot}",
		"the account {account} is for {scope} and not for the lot {lot}",
	},
	"push.not_bound":   {"账号 {account} 没有对接车场 {lot}", "account {account} is not bound to lot {lot}"},
	"push.binding_off": {"对接已停用", "the binding is switched off"},
	"push.no_charger":  {"该账号的对接都没有登记充电桩 {chargers}", "no binding of this account lists the charger {chargers}"},
	"push.no_charger_of": {"账号 {account} 的对接都没有登记充电桩 {chargers}",
		"no binding of account {account} lists the charger {chargers}"},
	"push.undated": {
		"推送既没有订单号也没有充电时间，无法知道是何时产生的：账号 {account} 不接收这样的推送（undated: refuse）",
		"the push carries neither an order number nor its times, so nothing says when it was made: account {account} " +
			"takes no such push (undated: refuse)",
	},
	"push.operator_differs": {"{field} 为“{operator}”，不是账号的 {key}", `{field} "{operator}" is not the account's {key}`},

	// locks and rates
	"push.no_lock": {"账号既没有签名密钥也没有来源锁：请设置 allow_from 或 path_token",
		"the account has neither a key that signs nor a lock: give it allow_from or path_token"},
	"push.not_allowed_from": {"来源地址 {address} 不在账号的 allow_from 中", "{address} is not in the account's allow_from"},
	"push.bare_path": {"账号设有路径密钥（path_token），而推送走的是公开路径",
		"the account has a path token and the push came by the bare path"},
	"push.wrong_path_token":   {"路径末尾的密钥与账号的 path_token 不同", "the path ends in another token than the account's"},
	"push.many_from_address":  {"来自 {address} 的推送过多", "too many pushes from {address}"},
	"push.many_of_account":    {"该账号的推送过多", "too many pushes of the account"},
	"push.body_too_long":      {"报文超过 {bytes} 字节", "the body is longer than {bytes} bytes"},
	"push.body_broke_off":     {"报文在 {bytes} 字节处中断", "the body broke off after {bytes} bytes"},
	"push.unreadable":         {"无法读取这条推送", "the push could not be read"},
	"push.capture_unreadable": {"无法读取这份抓包：{cause}", "{cause}"},

	// signature, token, cipher
	"push.unsigned":    {"缺少 {field}：推送没有签名", "{field} is missing: the push is not signed"},
	"push.no_keys":     {"账号没有密钥", "the account has no keys"},
	"push.no_key":      {"账号没有 {key}", "the account has no {key}"},
	"push.seal_needed": {"缺少 {field}，而账号设有 {key}", "{field} is missing, and the account has a {key}"},
	"push.sig_differs": {"Sig 不是用账号的 {key} 对 OperatorID、Data、TimeStamp、Seq 计算的 HMAC-MD5",
		"Sig is not the HMAC-MD5 of OperatorID, Data, TimeStamp and Seq under the account's {key}"},
	"push.recipe_differs": {"{field} 与按规则 {recipe} 用账号有效的 {key} 算出的不同",
		"{field} is not what recipe {recipe} makes with any valid {key}"},
	"push.sign_differs": {"sign 不是 data 与 “key=” 加车场 ckey 的 MD5 大写值（原文与去空格后都不符）",
		`sign is not the MD5 of data, "key=" and the lot's ckey, in upper-case hex, neither as it stands nor without blanks`},
	"push.hides_field": {"{field} 含有“{hidden}”：在这种签名下它可能是另一条推送",
		`{field} holds "{hidden}": under this signature it could be another push`},
	"push.signed_empty":     {"签名包含了空值", "signed with empty values"},
	"push.signed_ampersand": {"签名末尾带有 &", "signed with '&' at the end"},
	"push.sign_type":        {"{field} 只支持 MD5（即 HMAC-MD5）", "{field}: only MD5 is known, which means HMAC-MD5"},
	"push.no_token": {"请求头 Authorization 缺失，或不是 “Bearer <token>” 的写法",
		`the header Authorization is missing or does not read "Bearer <token>"`},
	"push.token_differs": {"访问令牌不是我们发给该账号的，或已过期：请用 query_token 重新获取",
		"the access token is not one of ours for this account, or it is over: query_token gives a new one"},
	"push.no_token_key": {"本站没有用来签发访问令牌的密钥", "this site has no key to seal access tokens with"},
	"push.no_operator_secret": {"Data 中缺少 OperatorID 或 OperatorSecret",
		"OperatorID or OperatorSecret is missing in Data"},
	"push.data_differs": {"Data 不能用账号的 data_secret 和 data_secret_iv 解密",
		"Data does not decrypt under the account's data_secret and data_secret_iv"},
	"push.data_keys_bad": {"账号的 data_secret 和 data_secret_iv：AES-128 的密钥与 IV 都应为 16 字节",
		"the account's data_secret and data_secret_iv: an AES-128 key and its IV have 16 bytes each"},
	"push.data_no_object": {"Data 解密后不是 JSON 对象：{cause}", "Data decrypts to something else than a JSON object: {cause}"},

	// clock
	"push.clock_off": {"推送时间 {sent}，我方时间 {now}：相差 {off}，允许 {allowed}",
		"the push says {sent}, we have {now}: {off} apart, {allowed} are allowed"},
	"push.clock_zone": {"推送时间 {sent}，我方时间 {now}：相差 {off}，允许 {allowed}；看起来把 UTC 当成了北京时间，或相反",
		"the push says {sent}, we have {now}: {off} apart, {allowed} are allowed; it looks like UTC where Asia/Shanghai is " +
			"meant, or the other way round"},
	"push.clock_taken": {"{clock}；仍予接受，因为账号的 clock 为 warn", "{clock}; taken, because the account's clock is warn"},
	"push.time_stamp": {"TimeStamp“{value}”既不是 yyyyMMddHHmmss，也不是 unix 秒或毫秒",
		`TimeStamp "{value}" is neither yyyyMMddHHmmss nor unix seconds nor milliseconds`},

	// the body
	"body.empty": {"报文为空", "the body is empty"},
	"body.query": {
		"报文为空，参数写在了地址里：参数应放在报文中",
		"the body is empty and the parameters stand in the query: they belong into the body",
	},
	"body.compressed": {
		"报文被压缩（Content-Encoding {encoding}）：请不压缩发送",
		"the body is compressed (Content-Encoding {encoding}): send it plain",
	},
	"body.multipart": {
		"报文是 multipart/form-data：请发送 JSON 或 application/x-www-form-urlencoded",
		"the body is multipart/form-data: send JSON or application/x-www-form-urlencoded",
	},
	"body.utf16": {"报文是 UTF-16 编码：请用 UTF-8", "the body is UTF-16: send UTF-8"},
	"body.gbk": {
		"报文不是 UTF-8，多半是 GBK：请用 UTF-8，或在 Content-Type 中写明 charset=GBK（{cause}）",
		"the body is not UTF-8, most likely GBK: send UTF-8, or name charset=GBK in Content-Type ({cause})",
	},
	"body.neither":     {"报文既不是 JSON 对象，也不是表单", "the body is neither a JSON object nor a form"},
	"body.form_coding": {"表单不是 URL 编码的 UTF-8", "the form is not URL-encoded UTF-8"},
	"body.form_twice":  {"表单中有一个名称出现了两次", "the form holds a name for the second time"},
	"body.form_long":   {"表单的字段过多", "the form holds too many fields"},
	"body.json":        {"报文是 JSON；应为其 Base64", "the body is JSON; Base64 of it is wanted"},
	"body.array":       {"报文是 JSON 数组；请逐条发送，每条一个对象", "the body is a JSON array: send one push, as an object"},
	"body.string": {
		"报文是 JSON 文本，里面没有推送；请直接发送对象",
		"the body is a JSON string with no push in it: send the object itself",
	},
	"body.no_base64": {"报文不是 Base64", "the body is not Base64"},
	"body.inside":    {"{where} 有误：{cause}", "{where}: {cause}"},
	"body.twice":     {"{field} 出现了两次", "{field} stands there twice"},

	// fields
	"field.missing": {"{field} 缺失", "{field} is missing"},
	"field.none":    {"{fields} 都没有", "none of {fields} is there"},
	"field.no_lot":  {"{union} 与 {park}、{station} 都没有", "neither {union} with {park} nor {station} is there"},
	"field.lots_differ": {
		"{station} 指向车场 {whole}，{union} 与 {park} 指向车场 {pair}",
		"{station} names the lot {whole}, {union} with {park} the lot {pair}",
	},
	"field.no_pair": {"{union} 与 {park} 不是厂商和车场编号", "{union} and {park} are no vendor and park"},
	"field.no_chargers": {
		"{field}：缺失，其他充电桩编号（{fields}）也没有",
		"{field}: is missing, and so are the other charger ids ({fields})",
	},
	"field.confirm": {
		"{field} 为“{value}”，而不在签名范围内的 {lot} 指向车场“{park}”",
		`{field} is "{value}", but {lot}, which the signature leaves out, names park "{park}"`,
	},
	"field.wrong":     {"{field}：{cause}", "{field}: {cause}"},
	"field.left_out":  {"{field} 未采用：{cause}", "{field} was left out: {cause}"},
	"field.times_out": {"时间未采用：{cause}", "the times were left out: {cause}"},
	"field.fee_cut":   {"{field}：“{value}”已截取为 {fee}", `{field}: "{value}" was cut to {fee}`},
	"field.text_cut": {
		"{field} 已去掉控制字符并截取为 {most} 个字符",
		"{field} was cut to {most} characters without control characters",
	},
	"field.too_long":  {"{field}：超过 {most} 个字符", "{field}: longer than {most} characters"},
	"field.control":   {"{field}：含有控制字符", "{field}: holds a control character"},
	"field.no_repeat": {"无法识别这条推送是否重复：没有 {keys}", "a repeat of this push could not be told: it has neither {keys}"},
	"field.no_repeat_as": {
		"无法识别这条推送是否重复：没有 {keys}（{cause}）",
		"a repeat of this push could not be told: it has neither {keys} ({cause})",
	},
	"field.unplated": {"{field} 表示该车没有车牌", "{field} says that the car has no plate"},
	"field.lookalike": {"{field} 含有形似拉丁字母的希腊或西里尔字母：不是车牌",
		"{field} holds Greek or Cyrillic letters that look like Latin ones: no number plate"},
	"field.no_plate": {"{field} 不是车牌（{length} 个字符）", "{field} holds no number plate ({length} characters)"},

	// values
	"value.no_time_in":   {"“{value}”不是以 {unit} 表示的时间", `"{value}" is not a time in {unit}`},
	"value.no_time":      {"“{value}”不是 yyyy-MM-dd HH:mm:ss 格式的时间", `"{value}" is not a time written yyyy-MM-dd HH:mm:ss`},
	"value.time_range":   {"“{value}”超出了时间的范围", `"{value}" is out of range for a time`},
	"value.year":         {"“{value}”在 {year} 年", `"{value}" is in the year {year}`},
	"value.part_of_fen":  {"“{value}”不是整数分", `"{value}" is not a whole number of fen`},
	"value.no_amount":    {"“{value}”不是以元为单位、最多两位小数的金额", `"{value}" is not an amount in yuan with at most two decimals`},
	"value.no_energy":    {"“{value}”不是以 kWh 表示的电量", `"{value}" is not an energy in kWh`},
	"value.no_lot":       {"“{value}”不是按 {forms} 写的车场", `"{value}" is not a lot written {forms}`},
	"value.negative":     {"“{value}”是负数", `"{value}" is negative`},
	"value.no_number":    {"“{value}”不是以 {unit} 为单位的数值", `"{value}" is not a number of {unit}`},
	"value.over_a_year":  {"“{value}”{unit} 超过一年", `"{value}" {unit} is more than a year`},
	"value.no_reduction": {"“{value}”不是已知的减免方式", `"{value}" is no kind of reduction that we know`},
	"value.ends_before":  {"充电在 {end} 结束，早于开始时间 {start}", "the charge ends at {end}, before its start at {start}"},
	"value.in_future":    {"充电结束时间 {end} 在未来", "the charge ends at {end}, in the future"},
	"value.over_a_month": {"充电从 {start} 到 {end}，超过一个月", "the charge lasts from {start} to {end}, longer than a month"},

	// requests that nothing serves
	"stray.method": {"这里只接受 POST", "only POST is served here"},
	"stray.slash_end": {
		"末尾多了一个斜线：{path} 是 {platform} 的路径",
		"one slash too many at the end: {path} is a path of {platform}",
	},
	"stray.slash": {"多了一个斜线：{path} 是 {platform} 的路径", "one slash too many: {path} is a path of {platform}"},
	"stray.case":  {"大小写不对：{path} 是 {platform} 的路径", "upper and lower case count: {path} is a path of {platform}"},
}
