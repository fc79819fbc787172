package words

// StatementColumn is a column of a statement: its name in the API, and its heading.
type StatementColumn struct {
	Code    string
	Heading Text
}

// StatementColumns are the columns of a statement as a file for people, in their order.
var StatementColumns = []StatementColumn{
	{"day", Text{"日期", "Day"}},
	{"platform", Text{"平台代码", "Platform code"}},
	{"platform_name", Text{"充电平台", "Platform"}},
	{"vendor", Text{"厂商编号", "Vendor id"}},
	{"vendor_name", Text{"厂商", "Vendor"}},
	{"lot", Text{"车场编号", "Lot id"}},
	{"lot_name", Text{"车场", "Lot"}},
	{"charges", Text{"充电订单", "Charges"}},
	{"granted_minutes", Text{"承诺减免（分钟）", "Granted (minutes)"}},
	{"granted_amount", Text{"承诺减免（元）", "Granted (yuan)"}},
	{"delivered", Text{"已下发", "Delivered"}},
	{"used_minutes", Text{"实际减免（分钟）", "Taken off (minutes)"}},
	{"used_amount", Text{"实际减免（元）", "Taken off (yuan)"}},
	{"used_by", Text{"金额来源", "Yuan come from"}},
	{"gaps", Text{"差异", "Gaps"}},
}

// UsedBy says where the yuan of a statement's row come from: "tariff", "lot" or "none".
func UsedBy(code string) Text {
	switch code {
	case "tariff":
		return Text{"本网关按车场计费规则计价", "our price by the lot's tariff"}
	case "lot":
		return Text{"车场上报", "reported by the lot"}
	}
	return Text{"车场只上报了分钟", "the lot reported minutes only"}
}

// The other words of a statement.
var (
	StatementTitle    = Text{"充电停车减免对账单", "Statement of parking reductions for charging"}
	StatementSheet    = Text{"对账单", "Statement"}
	StatementParts    = Text{"小计", "Subtotals"}
	StatementTotal    = Text{"合计", "Total"}
	StatementSubtotal = Text{"小计", "Subtotal"}
	StatementPeriod   = Text{"期间：%s 至 %s（含），北京时间", "Period: %s to %s (inclusive), China Standard Time"}
	StatementMade     = Text{"生成时间：%s", "Made at: %s"}
	StatementAll      = Text{"全部平台、全部厂商、全部车场", "all platforms, all vendors, all lots"}
	// StatementHow says how the figures were got.
	StatementHow = Text{"分钟与元是同一笔减免的两种表示，不可相加。4G 车场的元由本网关按车场计费规则计价，其他车场的元以车场上报为准；车场只上报分钟的，元为空。测试推送与认证用车不计入。",
		"Minutes and yuan are two views of the same reductions; do not add them. " +
			"In 4G lots the yuan are our own price by the lot's tariff, elsewhere what the lot reported; " +
			"they are empty where a lot reported minutes only. Test pushes and certification cars are left out."}
)
