package words

// likelyNotes say what the doctor finds: why a step was not judged, and the usual mistake that explains a push.
var likelyNotes = map[string]Text{
	"doctor.not_reached": {"没有走到这一步", "not reached"},
	"doctor.offline": {
		"离线无法判断：由运行中的服务判断",
		"offline: a running server's POST /api/v1/check judges it",
	},
	"doctor.lock_unseen": {
		"来源地址和路径密钥只有在接收时才知道",
		"the address a push comes from and its path token are seen on the listener only",
	},
	"doctor.signs_nothing": {
		"该平台不签名：以来源地址锁或路径锁代替",
		"the platform signs nothing: a lock by address or by path is its seal",
	},
	"doctor.lock_instead": {
		"没有 {key}：这种情况必须有来源地址锁或路径锁",
		"there is no {key} in the keys: without it a lock by address or by path is required",
	},
	"doctor.bindings_unknown": {"此处不知道对接情况", "nobody here knows the bindings"},
	"doctor.token_unseen": {
		"访问令牌在请求头里，而这里只有报文体",
		"the access token stands in a header, and this is a body alone",
	},

	"capture.no_charges": {"{platform} 没有接收充电订单的路径", "{platform} has no path for charges"},
	"capture.path": {
		"{path} 不是 {platform} 的路径；它的路径是 {paths}",
		"{path} is no path of {platform}; its paths are {paths}",
	},
	"capture.headers": {"请求头无法读取：应为每行一个“名称: 值”", `the headers of the request cannot be read: each line is "name: value"`},
	"capture.chunks":  {"报文按 chunked 分块，但分块不完整", "the body is chunked, and its chunks cannot be read"},
	"capture.length": {
		"抓包中的报文有 {bytes} 字节，而 Content-Length 为“{length}”",
		`the capture has {bytes} bytes of body where Content-Length says "{length}"`,
	},

	"escaped.url":  {"被 URL 编码", "URL-encoded"},
	"escaped.html": {"按 HTML 写法转义了", "escaped as in HTML"},
	"escaped.json": {"按 JSON 写法转义了两次", "escaped twice as in JSON"},

	"likely.form": {
		"报文是表单；T/CEC 102 要求 JSON 对象",
		"the body is a form; T/CEC 102 wants a JSON object",
	},
	"likely.json_twice": {
		"报文是 JSON，但不是每个名称只出现一次的对象",
		"the body is JSON, but no object with each name once",
	},
	"likely.no_json":   {"报文不是 JSON", "the body is not JSON"},
	"likely.is_answer": {"这是应答，不是请求", "this is an answer, not a request"},
	"likely.bare_message": {
		"消息原样放在报文里：它应当加密后放进签名信封的 Data",
		"the message stands in the body as it is: it belongs encrypted into Data, inside the signed envelope",
	},
	"likely.other_key": {
		"签名时用的是账号的 {key}，而不是 {right}",
		"signed with the account's {key} in place of its {right}",
	},
	"likely.key_blanks": {
		"密钥首尾带有空格（使用时或账号中）",
		"the key was used with blanks around it, or the account holds blanks around it",
	},
	"likely.lot_key_blanks": {
		"密钥首尾带有空格（使用时或车场中）",
		"the key was used with blanks around it, or the lot holds blanks around it",
	},
	"likely.key_case": {"密钥的大小写不同", "the key was in the other case"},
	"likely.key_hex": {
		"密钥被当作十六进制解码；应当直接使用其字符",
		"the key was decoded from hex; its characters are the key",
	},
	"likely.sig_md5": {"Sig 是普通 MD5；要求 HMAC-MD5", "Sig is a plain MD5; HMAC-MD5 is wanted"},
	"likely.sig_length": {
		"Sig 有 {length} 个字符；HMAC-MD5 为 32 位十六进制",
		"Sig has {length} characters; an HMAC-MD5 has 32 hex digits",
	},
	"likely.field_left_out": {"签名时没有包含字段 {field}", "signed without the field {field}"},
	"likely.key_lengths": {
		"{key} 有 {key_length} 个字符，{iv} 有 {iv_length} 个；两者都应为 16 个字符",
		"{key} has {key_length} characters and {iv} {iv_length}; both are 16 raw characters",
	},
	"likely.data_cut": {
		"Data 为 {bytes} 字节，不是 AES 分组的整数倍：被截断，或不是 CBC 加密",
		"Data holds {bytes} bytes, which is no whole number of AES blocks: it was cut, or not encrypted " +
			"with CBC",
	},
	"likely.data_plain": {"Data 是明文，应当加密", "Data is plain text; it is to be encrypted"},
	"likely.data_hex":   {"Data 是十六进制；要求 base64", "Data is hex; base64 is wanted"},
	"likely.data_url_coded": {
		"Data 是 URL 编码后的 base64；要求 base64 本身",
		"Data is URL-encoded base64; the base64 itself is wanted",
	},
	"likely.data_url_alphabet": {
		"Data 用的是 URL 版 base64（- 和 _）；要求标准版（+ 和 /）",
		"Data is in the URL alphabet of base64 (- and _); the standard one (+ and /) is wanted",
	},
	"likely.data_no_base64": {
		"Data 不是 base64：途中 + 可能变成了空格，或末尾的 = 被截去",
		"Data is not base64: a + may have become a blank on the way, or the padding (=) was cut off",
	},
	"likely.padding_zeros": {
		"消息用零或空格填充；要求 PKCS#7 填充",
		"the message was padded with zeros or blanks; PKCS#7 padding is wanted",
	},
	"likely.padding_none": {
		"消息没有填充；要求 PKCS#7 填充，长度正好时也要补一整块",
		"the message was not padded; PKCS#7 padding is wanted, a whole block where the length fits",
	},
	"likely.ecb": {
		"消息用 ECB 加密；要求带 IV 的 CBC",
		"the message was encrypted with ECB; CBC with the IV is wanted",
	},
	"likely.iv_or_json": {
		"只有前 16 字节不对：IV 不同，或 JSON 本身有误",
		"the first 16 bytes alone are wrong: the IV is another one, or the JSON is not sound",
	},
	"likely.data_key": {
		"data_secret 不同，或 Data 在途中被改动",
		"data_secret is another one, or Data was changed on its way",
	},
	"likely.envelope_twice": {
		"Data 里又是一个完整的信封；应当只放消息",
		"Data holds a whole envelope again; it is to hold the message",
	},
	"likely.cec_envelope": {
		"推送用的是 T/CEC 102 的信封（Data、Sig），该平台未见使用",
		"the push comes in the envelope of T/CEC 102 (Data, Sig), which this platform was not known to use",
	},
	"likely.body_url_coded": {
		"报文被 URL 编码；要求 Base64 本身",
		"the body is URL-encoded; bare Base64 is wanted",
	},
	"likely.body_url_alphabet": {
		"报文用的是 URL 版 Base64；要求标准版（+ 和 /）",
		"the body is Base64 of the kind for URLs; the standard kind with + and / is wanted",
	},
	"likely.body_padding": {
		"报文的 Base64 缺少末尾的 =，或被截断",
		"the body is Base64 without its padding, or cut off",
	},
	"likely.body_blanks": {
		"报文含有空格：Base64 的 + 途中可能变成了空格",
		"the body holds blanks: a + of Base64 may have become one on its way, and the text is another",
	},
	"likely.no_mistake_lot": {
		"没有常见错误能解释这个签名：密钥不同（用了厂商 ukey 而不是车场 ckey？），或推送在途中被改动",
		"no usual mistake in the text explains the signature: the key is another one (the vendor's ukey " +
			"in place of the lot's ckey?), or the push was changed on its way",
	},
	"likely.sign_lower": {
		"sign 是小写十六进制；接口按大写比较",
		"the sign is in lower-case hex; the interface compares upper-case",
	},
	"likely.key_join": {
		"密钥拼接方式不同；应在密钥前加 “key=”，没有 &",
		`the secret was joined in another way; "key=" without & stands before it`,
	},
	"likely.members_sorted": {
		"签名时 data 的成员经过排序，发送时是另一种顺序",
		"the members of data were sorted for signing, and sent in another order",
	},
	"likely.members_blanks": {
		"签名时 data 带有空格，发送时没有",
		"data was signed with blanks that were not sent",
	},
	"likely.members_escaped": {
		`签名时 data 的字符经过转义（&& 写成 \u0026\u0026，或汉字），发送时没有`,
		`data was signed with characters escaped that were sent bare: && as \u0026\u0026, or Chinese characters`,
	},
	"likely.whole_envelope": {
		"签了整个信封；只应签 data 的文本",
		"the whole envelope was signed; only the text of data is",
	},
	"likely.members_url_coded": {"签名前 data 被 URL 编码", "data was URL-encoded before signing"},
	"likely.other_scheme": {
		"按 name=value 排序签名（{recipe}）；这里应签 data 的 JSON 文本",
		"signed by sorting name=value ({recipe}); here the JSON text of data is signed",
	},
	"likely.older_scheme": {
		"按旧接口的 name=value 排序签名；这里应签 data 的 JSON 文本",
		"signed by sorting name=value, the scheme of the older interfaces; here the JSON text of data is signed",
	},
	"likely.message_gbk": {
		"消息用 GBK 加密前编码；要求 UTF-8",
		"the message was encrypted in GBK; UTF-8 is wanted",
	},
	"likely.members_slashes": {
		`签名时 data 的斜杠转义为 \/，发送时没有`,
		`data was signed with its slashes escaped as \/, and sent with them bare`,
	},
	"likely.seconds_wanted": {
		"签名时与发送时的时间一个用秒、一个用毫秒；要求秒",
		"a time was signed in seconds and sent in milliseconds, or the other way round; seconds are wanted",
	},
	"likely.time_zone": {
		"签名时与发送时的时间用了不同的时区",
		"a time was signed in another time zone than it was sent in",
	},
	"likely.members_left_out": {
		"空成员没有参与签名，却发送了",
		"empty members were left out for signing, and sent",
	},
	"likely.members_numbers": {
		"签名时与发送时的数字写法不同（12.5 与 12.50）",
		"numbers were signed in another form than they were sent in (12.5 for 12.50)",
	},
	"likely.members_case": {"签名时 data 的文本改了大小写", "the text of data was signed in the other case"},
	"likely.members_base64": {
		"签的是 data 的 Base64；应签其 JSON 文本",
		"the Base64 of data was signed; its JSON text is",
	},
	"likely.no_mistake_sig": {
		"没有常见错误能解释这个签名：sig_secret 不同，或推送在途中被改动",
		"no usual mistake explains the signature: sig_secret is another one, or the push was changed on its way",
	},
	"likely.four_order": {
		"四个字段的拼接顺序不是 OperatorID、Data、TimeStamp、Seq",
		"the four fields were joined in another order than OperatorID, Data, TimeStamp, Seq",
	},
	"likely.four_left_out": {"四个字段没有全部参与签名", "not all four fields were signed"},
	"likely.four_joints": {
		"字段之间带有名称或分隔符；应只拼接值",
		"names or separators stand between the fields; the values alone are joined",
	},
	"likely.data_as_plain": {
		"签的是 Data 的明文；应签 base64 文本",
		"Data was signed as plain text; the base64 text is what is signed",
	},
	"likely.data_signed_url_coded": {
		"签名时 Data 经过 URL 编码，或途中丢了 +",
		"Data was signed URL-encoded, or lost its + on the way",
	},
	"likely.data_line_breaks": {
		"签名时与发送时 Data 的换行不同",
		"Data was signed with other line breaks than it was sent with",
	},
	"likely.data_slashes": {
		"签名时 Data 按 JSON 写法转义了斜杠",
		"Data was signed as JSON writes it, with its slashes escaped",
	},
	"likely.stamp_zone": {
		"签名时与发送时的 TimeStamp 用了不同的时区",
		"TimeStamp was signed in another time zone than it was sent in",
	},
	"likely.stamp_form": {
		"签名时与发送时的 TimeStamp 写法不同，例如秒与毫秒",
		"TimeStamp was signed in another form than it was sent in, such as seconds against milliseconds",
	},
	"likely.four_case": {
		"签名时文本改了大小写；应按发送的原样签名",
		"the text was signed in the other case: it is signed as it was sent",
	},
	"likely.seq_form": {
		"签名时与发送时的 Seq 写法不同，例如少了前面的零",
		"Seq was signed in another form than it was sent in, such as without its zeros",
	},
	"likely.key_iv_swapped": {"密钥与 IV 用反了", "key and IV were swapped"},
	"likely.key_as_iv":      {"密钥同时被当作 IV", "the key was used as the IV as well"},
	"likely.iv_as_key":      {"IV 同时被当作密钥", "the IV was used as the key as well"},
	"likely.operator_secret": {
		"加密 Data 用的是 operator_secret，而不是 data_secret",
		"Data was encrypted with operator_secret in place of data_secret",
	},
	"likely.iv_zero_bytes":  {"IV 是 16 个零字节", "the IV was 16 zero bytes"},
	"likely.iv_zero_digits": {"IV 是 16 个字符 0", "the IV was 16 characters '0'"},
	"likely.no_ckey":        {"车场没有 ckey", "the lot has no ckey"},
	"likely.no_mistake": {
		"文本中没有常见错误能解释这个签名：密钥不同，或推送在途中被改动",
		"no usual mistake in the text explains the signature: the key is another one, or the push was " +
			"changed on its way",
	},
	"likely.recipe": {"签名用的规则是 {recipe}", "signed with the recipe {recipe}"},
	"likely.secret_join": {
		"密钥拼接方式不同（key=、&key=、& 或前面没有任何字符）",
		"the secret was joined in another way (key=, &key=, & or nothing before it)",
	},
	"likely.fields_order": {
		"字段没有按名称排序，或排序时忽略了大小写",
		"the fields were not sorted by name, or sorted without regard to case",
	},
	"likely.fields_empty": {
		"空字段参与了签名；该规则不含空字段",
		"empty fields were signed, which the recipe leaves out",
	},
	"likely.fields_full": {
		"空字段没有参与签名；该规则包含空字段",
		"empty fields were left out, which the recipe signs",
	},
	"likely.values_url_coded": {"签名前值被 URL 编码", "the values were URL-encoded before signing"},
	"likely.seconds": {
		"签名时与发送时的时间一个用秒、一个用毫秒",
		"a time was signed in seconds and sent in milliseconds, or the other way round",
	},
	"likely.time_zone_shanghai": {
		"签名时与发送时的时间用了不同的时区；时间一律为北京时间",
		"a time was signed in another time zone than it was sent in; times are Asia/Shanghai",
	},
	"likely.names_case": {
		"签名时文本改了大小写；名称和值应按发送的原样签名",
		"the text was signed in the other case: names and values are signed as they were sent",
	},
	"likely.no_secret": {
		"没有拼接密钥：只对字段做了摘要",
		"the secret was left out: the fields alone were digested",
	},
	"likely.numbers": {
		"签名时与发送时的数字写法不同（12.5 与 12.50，120.0 与 120）",
		"numbers were signed in another form than they were sent in (12.5 for 12.50, 120.0 for 120)",
	},
	"likely.field_too_many": {
		"该规则不含的字段参与了签名，例如 appId",
		"a field was signed that the recipe leaves out, such as appId",
	},
	"likely.text_gbk": {"摘要用的是 GBK 文本；应为 UTF-8", "the text was digested in GBK and not in UTF-8"},
	"likely.values_json": {
		`签名时值按 JSON 写法转义：&& 写成 \u0026\u0026，或汉字写成 \u 转义`,
		`the values were signed as JSON writes them: && as \u0026\u0026, or Chinese characters as \u escapes`,
	},
	"likely.sign_base64": {"签名是 Base64；要求十六进制", "the signature is in Base64; hex is wanted"},
	"likely.sign_short": {
		"签名是 16 位短格式；要求完整的 32 位",
		"the signature is the short form of 16 digits; all 32 are wanted",
	},
	"likely.sha": {
		"摘要用的是 SHA-1 或 SHA-256；要求 MD5",
		"the text was digested with SHA-1 or SHA-256; MD5 is wanted",
	},
	"likely.plain_md5": {
		"摘要用的是普通 MD5；要求 HMAC-MD5",
		"the text was digested with plain MD5; HMAC-MD5 is wanted",
	},
	"likely.no_joints": {"名称和值之间缺少 = 或 &", "names and values were joined without = or without &"},
	"likely.names_lower": {
		"签名时名称用了小写；应按发送的原样签名",
		"the names were signed in lower case: they are signed as they were sent",
	},
	"likely.sign_no_text": {"{field} 中的签名不是文本", "the signature in {field} is no text"},
	"likely.sign_elsewhere": {
		"签名放在了 {found} 里：字段名应为 {field}",
		"the signature stands in {found}: the field is called {field}",
	},
	"likely.sig_base64": {"Sig 是 Base64；要求十六进制", "Sig is in Base64; hex is wanted"},
	"likely.sig_sha256": {
		"Sig 是 HMAC-SHA-256；要求 HMAC-MD5",
		"Sig is an HMAC-SHA-256; HMAC-MD5 is wanted",
	},
	"likely.data_unencrypted": {
		"Data 里直接放着未加密的消息对象；应当加密后以 base64 文本放进 Data",
		"Data holds the message unencrypted, as an object; it belongs encrypted into Data, as a base64 text",
	},
	"likely.lot_escaped": {"{field} 中的分隔符{how}", "the separator in {field} is {how}"},
	"likely.end_utc": {
		"{field} 早了八小时：看起来是 UTC，而这里应为北京时间",
		"{field} lies eight hours back: it looks like UTC where Asia/Shanghai is meant",
	},
	"likely.end_ahead": {
		"{field} 晚了 {ahead}：用了别的时区，或时钟不准；没有时区的时间一律为北京时间",
		"{field} lies {ahead} ahead: another time zone, or a clock that is off; times without a zone " +
			"are Asia/Shanghai",
	},
}
