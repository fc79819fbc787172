package words

// OfProfile translates a note of a built-in profile into Chinese. Notes of an operator's own profile stay as they are.
func OfProfile(english string) Text {
	for _, t := range profileNotes {
		if t.EN == english {
			return t
		}
	}
	return Text{english, english}
}

// profileNotes say in Chinese what platform.Info.Notes and the built-in profiles' notes say in English. Printing the
// docs fails on one that stands not here: an author of one writes the other.
var profileNotes = []Text{
	// xiaoju
	{
		"形式 A（plateNo、merchId、duration、sign）没有订单号，也不能证明时间：账号设置 undated 决定是否减免，减免时一次停车只减一次。",
		"Form A (plateNo, merchId, duration, sign) has no order number and proves no time: the account setting " +
			"undated says whether it counts, then once a stay.",
	},
	{
		"形式 B 另有 bizId 和充电时间；小桔向车场推送哪一种没有公开，所以两种都接受。",
		"Form B adds bizId and the times of the charge; which form 小桔 sends to a car park is not published, so " +
			"both are taken.",
	},
	{
		"durType 是后来的变体：1 或没有时 duration 的单位是分钟，0 时是分（钱）。小桔只能减免时长，所以按金额的推送等于没有说减免。",
		"durType is a later variant of the same form: 1 or nothing makes duration minutes, 0 makes it fen. 小桔 " +
			"grants time alone, so a push in fen names nothing that can be granted.",
	},
	{
		"queryPlateNo 必须与推送一样签名；见过不校验的接收方。",
		"queryPlateNo must be signed like a push; receivers were seen that do not look.",
	},
	// xingxing
	{"既不签名也不加密：必须配置来源地址或路径口令。", "Nothing is signed and nothing encrypted: an address list or a path token is required."},
	{
		"按 T/CEC 102 应有信封；以信封形式来的推送会被拒绝，因为看不到 ParkID。",
		"T/CEC 102 would wrap this in an envelope; a push that comes so is refused, its ParkID being hidden.",
	},
	{
		"状态不是 4（已结束）的推送应答成功并忽略，以免反复重推。",
		"A state other than 4 (ended) is answered as success and otherwise ignored, so that it is not sent again.",
	},
	{
		"见过的两种应答同时给出：Ret 和 Msg，以及 result_code 和 message。",
		"Both answers that were seen are given at once: Ret with Msg, and result_code with message.",
	},
	{
		"早期 SDK 车场用第二个地址，ParkID 中为逗号；两个地址都接受两种分隔符。",
		"Older SDK lots have the second path and a comma in ParkID; either separator is taken on either path.",
	},
	// xiaowei
	{
		"路径与科拓的充电记录接口相同，字段表、签名和应答取自该接口；小伟发送同样内容是推断。",
		"The path is that of 科拓 KeyTop's charge record, whose table, signature and answer are taken; that 小伟 " +
			"sends the same is inferred.",
	},
	{
		"签名不含 appId，所以 parkId 必须重复车场编号（200461&&1313 对应 1313），否则推送可能被移到同一厂商的其他车场。",
		"The signature leaves appId out, so parkId must repeat the park (1313 for 200461&&1313), or anybody " +
			"could move a push to another lot of the vendor.",
	},
	{
		"freeType 为 0 且两个值都有：时长大于零按时长，否则按金额。freeType 为 1 时由对接的规则决定。",
		"freeType 0 with both values: the time counts if it is above zero, else the money. freeType 1 leaves it " +
			"to the binding's rule.",
	},
	{"freeTime 单位为秒，不足一分钟按一分钟。", "freeTime is in seconds; a started minute counts."},
	// telaidian
	{
		"字段名和应答来自四个互相独立的公开实现；平台自己的文档只有图片。",
		"Field names and answers are those of four independent public implementations; the platform's own paper " +
			"exists as a picture only.",
	},
	{
		"平台文档没有提到签名密钥。没有 sig_secret 的账号只校验令牌，必须配置 allow_from 或 path_token。",
		"The platform's paper names no signature key. An account without sig_secret checks the access token " +
			"alone and needs allow_from or path_token.",
	},
	{
		"没有 CalculationMethod 时：有 FreeParkingTimes 按时长，否则有 FreeParkingCost 按金额，都没有则由车场决定。",
		"Without CalculationMethod the push means time if FreeParkingTimes is there, else an amount if " +
			"FreeParkingCost is there, else that the lot decides.",
	},
	{
		"只知道 PlateAutResult 1（接受）；无法使用的车牌应答 2 和 PlateAutFailReason 6，与另一家接收方相同。",
		"Only PlateAutResult 1 (accepted) is known; a plate we cannot use is answered with 2 and " +
			"PlateAutFailReason 6, as one other receiver does.",
	},
	{
		"notification_park_order_consumed 只见过 CalculationMethod 3；其中 FreeParkingTimes 和 FreeParkingCost 的名称是推断。",
		"notification_park_order_consumed is seen with CalculationMethod 3 only; the names FreeParkingTimes and " +
			"FreeParkingCost in it are inferred.",
	},
	// wanchong
	{
		"已知的只有路径、ParkCode、OperatorID 和减免种类，其余均为假定。上线前请与万充的文档核对。",
		"Known are path, ParkCode, OperatorID and which reductions exist; all else is assumed. Compare with 万充's " +
			"paper before going live.",
	},
	{
		"没有任何地方提到密钥，因此按不签名处理：必须配置来源地址或路径口令。",
		"No key is named anywhere, so a push counts as unsigned: an address list or a path token is required.",
	},
	{"字段名依次按其他平台的写法尝试。", "Names of fields are tried in the forms that other platforms use."},
	{
		"推送中的减免只显示、不采用，因为单位未知：须由对接的规则给出（as_pushed 会报错），或用自己的配置写明单位。",
		"A reduction that a push names is shown and not applied, its unit being unknown: the binding's rule must " +
			"say it (as_pushed is an error), or an own profile state the unit.",
	},
	// linghu
	{"密钥是车场的 ckey，只传 station_id 时也一样。", "The key is the lot's ckey, also where station_id alone names the lot."},
	{"签名必须是大写十六进制，与原平台一致。", "The sign must be in upper-case hex, as with the original."},
	{"duration 的单位是分钟，尽管文档标注为小时。", "duration is in minutes, though its label says hours."},
	{"没有 mitigate_type 的推送由车场决定减免。", "A push without mitigate_type leaves it to the lot."},
	{"车场不存在时按签名错误应答，与原平台一致。", "An unknown lot is answered as a wrong sign, as the original does."},
	{"应答重复请求中的签名，自身不签名。", "The answer repeats the sign of the request and is not signed."},
	// zhongdianlian, aotexun, dakeyun
	{
		"路径、密钥和减免种类有文档；字段表没有，假定与特来电相同。",
		"Paths, keys and the kind of reduction are documented; the table of fields is not, and is assumed to be 特来电's.",
	},
	{
		"减免分钟取自 FreeParkingTimes；没有该字段时不减免，除非对接另有规则。",
		"Minutes are taken from FreeParkingTimes; a push without it grants nothing unless the binding has a rule " +
			"of its own.",
	},
	{"平台文档把签名密钥称为 SignSecret。", "The platform's paper calls the signature key SignSecret."},
	{
		"推送中没有车场。按充电桩编号在对接中查找车场：依次用 ConnectorID、EquipmentID、StationID，先查到的为准。",
		"The push names no car park. The lot is the one whose binding lists the charger's id: the first of " +
			"ConnectorID, EquipmentID and StationID that a binding knows.",
	},
	{
		"平台希望在哪里、如何接收实际减免没有公开；按特来电的方式回传。",
		"Where and how the platform wants to hear what was taken off is not published; it is sent in 特来电's way.",
	},
	{
		"路径、密钥、车场编号和减免种类有文档；字段表没有，假定与特来电相同。",
		"Paths, keys, lot key and grants are documented; the table of fields is not, and is assumed to be 特来电's.",
	},
	{
		"公布的地址里就有双斜线；单斜线的地址同样可用。",
		"The double slash stands in the published address. The address is served with a single one as well.",
	},
	{
		"不理会推送中的减免：由对接的规则给固定时长、固定金额或全免。",
		"What the push says about a reduction is not heeded: the binding's rule grants a fixed time, a fixed " +
			"amount or free parking.",
	},
	// yunkuaichong, yonglian
	{
		"有签名是有文档的，算法取自同一路径的兄弟平台。",
		"That a signature exists is documented, its recipe is that of a sibling platform on the same path.",
	},
	{
		"金额按元读取：有接收方直接与元比较，而兄弟平台发送的是分。",
		"Money is read as yuan: a receiver compares it with yuan undivided, where the sibling platform sends fen.",
	},
	{"减免由车场决定，推送中没有。", "The car park decides what to take off; the push names nothing."},
	{
		"已知的只有路径、parkId、存在 signkey、由车场决定减免；其余假定与云快充相同。",
		"Known are path, parkId, that a signkey exists and that the car park decides; all else is assumed to be " +
			"as with 云快充.",
	},
	{
		"字段名依次按其他平台的写法尝试。上线前请与永联的文档核对。",
		"Names of fields are tried in the forms that other platforms use. Compare with 永联's paper before going live.",
	},
	// zhichong
	{
		"字段取自智充自己公开的接收端；noticeparkreduce 的内容与之相同是推断。",
		"The fields are those that 智充's own open receiver reads; that noticeparkreduce carries the same body is inferred.",
	},
	{
		"duration 是充电分钟，不是减免分钟：没有其他规则时按充电时长减免。",
		"duration is minutes charged, not minutes free: without another rule the charging time is granted.",
	},
	{
		"必须有 timestamp。智充自己的接收端允许 30 秒偏差；这里由账号的 clock 决定，范围 15 分钟。",
		"timestamp must be there. 智充's own receiver allows 30 s; here the account's clock mode decides, within " +
			"15 minutes.",
	},
	{"没有 carNo 的推送只能用手机号认人，予以拒绝。", "A push without carNo names its user by telephone only and is refused."},
	{
		"智充以什么代码表示成功没有公开；ok 是它自己的连接器的应答，200 在那里是错误。",
		"Which code 智充 wants for success is not published; ok is what its own connectors answer. 200 is an error there.",
	},
	// xindiantu, jingtai, weilai, xiangqianchong
	{
		"公开的接收方代码读取 parkId、plateNo、起止时间和以分为单位的 totalMoney；其余与云快充相同。",
		"Public code of a receiver reads parkId, plateNo, both times and totalMoney in fen; the rest is as with 云快充.",
	},
	{"没有公布过本网关的地址：把上面的地址交给平台即可。", "No path of this gateway is published for it: give the platform the one above."},
	{"推送没有说减免，所以对接必须写明规则。", "The push names no reduction, so a binding must say its rule."},
	{
		"取自公开代码中一家充电运营商发给静态交通的内容；广汽使用同样的形式。",
		"What a charging operator in public code sends to 静态交通; 广汽 uses the same form.",
	},
	{
		"duration 是减免分钟。0 以外的代码表示拒绝，有哪些没有公开。",
		"duration is minutes to take off. A code other than 0 is a refusal; which ones there are is not public.",
	},
	{
		"按 resource_id 查找车场，即充电站（CS-…）或换电站（PS-…）：两种都写进 stations。",
		"The lot is found by resource_id, a charging station (CS-…) or a battery-swap station (PS-…): list both.",
	},
	{
		"时间不参与签名，所以不读取：按收到的时间查找停车订单。",
		"The times are not signed, so they are not read: the stay is found by the time of receipt.",
	},
	{
		"deduct_content 中 type 和 value 的含义没有公开，所以对接必须写明固定规则。",
		"What type and value of deduct_content mean is not public, so a binding must say its rule, and a fixed one.",
	},
	{
		"既不签名也没有运营商标识：必须配置来源地址或路径口令。",
		"Nothing is signed and no operator named: an address list or a path token is required.",
	},
	{
		"按 stationId（平台自己的站点编号）查找车场：写进 stations。",
		"The lot is found by stationId, the platform's own number: list it under stations.",
	},
	{
		"应答只有文字 OK。平台把什么当作拒绝没有公开，这里应答 FAIL。",
		"The answer is the text OK alone. What the platform takes for a refusal is not public; FAIL is answered.",
	},
	{"不知道有没有订单号：站点、车牌和时间都相同即为重复。", "No order number is known: a repeat is one of the same station, plate and times."},
	// guowang-jinan
	{
		"路径、加密方式、车场编号和规则有文档；信封和字段表没有。",
		"Path, cipher, lot key and rule are documented; envelope and table of fields are not.",
	},
	{
		"没有访问令牌。请求体可以是完整信封、只有 Data 的对象，或裸的 base64。",
		"There is no access token. A body may be the whole envelope, an object with Data alone, or the bare base64.",
	},
	{
		"加密不等于签名：没有 sig_secret 的账号必须配置 allow_from 或 path_token；有 sig_secret 时必须是完整信封且 Sig 正确。",
		"The cipher is no signature: an account without sig_secret needs allow_from or path_token. With " +
			"sig_secret the whole envelope and a right Sig are required.",
	},
	{
		"Data 的任何错误都是同一种应答，使人无法靠试探读出内容。",
		"Whatever is wrong with Data has one answer, so that asking reveals nothing.",
	},
	{
		"公开的密钥和 IV 属于平台且人尽皆知，这里从不作为默认值。",
		"The published key and IV belong to the platform and are known to everybody; they are never a default here.",
	},
	// echongwang
	{
		"已知的只有路径、custId、全平台一对 appId 和 appSecret、仅限 4G 车场；其余假定与方法名相同的小伟一样。",
		"Known are path, custId, one pair of appId and appSecret for the whole platform, and 4G lots only; all " +
			"else is assumed to be as with 小伟, whose method name it shares.",
	},
	{"公开印出的那一对密钥人尽皆知：请让 E充网另发一对。", "The pair printed in public is known to everybody: have E充网 issue another."},
	{
		"对接必须写明规则，并用 target 指明减哪个订单：外场订单，或充电时所在的订单。推送中的减免只显示、不采用，因为单位是猜测。",
		"A binding must say its rule, and with target which order is reduced: outer, or the one at charging. " +
			"What a push names is shown and not used, its units being guesses.",
	},
}
