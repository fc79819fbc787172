package console

import (
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

// label names a field of the estate in a few words; its description in the estate says the rest.
func (p *page) label(kind, path string, f estate.Field) string {
	at := path
	if i := strings.IndexByte(at, '['); i >= 0 {
		at = at[:i] + at[strings.IndexByte(at, ']')+1:]
	}
	for _, key := range []string{kind + " " + at, at, f.Name} {
		if t, ok := fieldLabels[key]; ok {
			return p.Say(t)
		}
	}
	return p.T(f.Chinese, f.English)
}

// bounds says what may be written into a field, behind its description; nothing where anything may.
func (p *page) bounds(f estate.Field) string {
	var text string
	switch f.Type {
	case estate.TypeCount:
		if f.Max > 0 {
			text = fmt.Sprintf(p.T("%d 到 %d 的整数", "a whole number from %d to %d"), f.Min, f.Max)
		}
	case estate.TypeDuration:
		text = p.T("如 30m、4h，最多 168h", "such as 30m or 4h, at most 168h")
	case estate.TypeYuan:
		text = p.T("如 10.00", "such as 10.00")
	case estate.TypeKWh:
		text = p.T("如 2.5", "such as 2.5")
	case estate.TypeClock:
		text = p.T("如 08:00", "such as 08:00")
	}
	if text == "" {
		return ""
	}
	return p.T("（"+text+"）", " ("+text+")")
}

// fieldLabels names fields by their kind of thing and path, by their path, or by their name where it means the same
// everywhere.
var fieldLabels = map[string]words.Text{
	"union_id":       {ZH: "厂商编号", EN: "Vendor's number"},
	"name":           {ZH: "名称", EN: "Name"},
	"ukey":           {ZH: "厂商密钥", EN: "Vendor key"},
	"old_ukey":       {ZH: "旧厂商密钥", EN: "Former vendor key"},
	"callback":       {ZH: "回调地址", EN: "Callback address"},
	"allow_to":       {ZH: "允许访问的内网地址段", EN: "Inner addresses allowed"},
	"open_interface": {ZH: "开放接口 13（令狐）", EN: "Open interface 13 (linghu)"},
	"state":          {ZH: "状态", EN: "State"},
	"key":            {ZH: "密钥", EN: "Key"},
	"until":          {ZH: "有效至", EN: "Valid until"},

	"lot":      {ZH: "车场", EN: "Lot"},
	"kind":     {ZH: "类型", EN: "Kind"},
	"ckey":     {ZH: "车场密钥", EN: "Lot key"},
	"old_ckey": {ZH: "旧车场密钥", EN: "Former lot key"},
	"message":  {ZH: "下发接口", EN: "Message"},
	"parent":   {ZH: "所属外场", EN: "Outer lot"},
	"repeats":  {ZH: "重复下发的效果", EN: "What a second message does"},
	"stays":    {ZH: "上报进出场", EN: "Tells entries and exits"},

	"tariff":        {ZH: "计费规则", EN: "Tariff"},
	"free_minutes":  {ZH: "免费分钟", EN: "Free minutes"},
	"unit_minutes":  {ZH: "计费单元（分钟）", EN: "Unit in minutes"},
	"unit_price":    {ZH: "单元价格（元）", EN: "Price of a unit (yuan)"},
	"daily_cap":     {ZH: "24 小时封顶（元）", EN: "Cap of 24 hours (yuan)"},
	"leave_minutes": {ZH: "缴费后离场分钟", EN: "Minutes to leave after paying"},
	"periods":       {ZH: "分时段计费", EN: "Parts of the day"},
	"from":          {ZH: "从", EN: "From"},
	"to":            {ZH: "到", EN: "To"},
	"cap":           {ZH: "时段封顶（元）", EN: "Cap (yuan)"},

	"account":    {ZH: "平台账号", EN: "Account"},
	"platform":   {ZH: "平台", EN: "Platform"},
	"scope":      {ZH: "适用范围", EN: "Scope"},
	"keys":       {ZH: "密钥", EN: "Keys"},
	"old_keys":   {ZH: "旧密钥", EN: "Former keys"},
	"clock":      {ZH: "时钟检查", EN: "Clock check"},
	"report":     {ZH: "结果回传", EN: "Report"},
	"url":        {ZH: "基础地址", EN: "Base address"},
	"allow_from": {ZH: "允许的来源地址段", EN: "Allowed source addresses"},
	"path_token": {ZH: "路径口令", EN: "Path token"},

	"mode":               {ZH: "模式", EN: "Mode"},
	"chargers":           {ZH: "充电桩编号", EN: "Chargers"},
	"stations":           {ZH: "站点编号", EN: "Stations"},
	"rule":               {ZH: "减免规则", EN: "Rule"},
	"rule version":       {ZH: "减免规则版本", EN: "Rule version"},
	"effective":          {ZH: "生效时间", EN: "Effective from"},
	"grant":              {ZH: "减免方式", EN: "Grant"},
	"minutes":            {ZH: "减免分钟", EN: "Minutes off"},
	"amount":             {ZH: "减免金额（元）", EN: "Yuan off"},
	"free":               {ZH: "全免", EN: "Free"},
	"plus_minutes":       {ZH: "另加分钟", EN: "Minutes on top"},
	"min_charge_minutes": {ZH: "最短充电分钟", EN: "Shortest charge (minutes)"},
	"min_energy_kwh":     {ZH: "最少电量（kWh）", EN: "Least energy (kWh)"},
	"cap_minutes":        {ZH: "每次停车分钟上限", EN: "Cap of a stay (minutes)"},
	"cap_amount":         {ZH: "每次停车金额上限（元）", EN: "Cap of a stay (yuan)"},
	"combine":            {ZH: "多次充电", EN: "Several charges"},
	"hold":               {ZH: "等待入场时长", EN: "Wait for a stay"},
	"target":             {ZH: "减免对象", EN: "Target"},
	"cap_charge_minutes": {ZH: "充电时长最多计（分钟）", EN: "Minutes charged that count"},
	"takes":              {ZH: "减去哪段时间", EN: "Which minutes come off"},
	"steps":              {ZH: "阶梯", EN: "Steps"},
	"from_minutes":       {ZH: "充电满（分钟）", EN: "From minutes charged"},
	"from_kwh":           {ZH: "充电满（kWh）", EN: "From energy (kWh)"},
	"from_fee":           {ZH: "充电费满（元）", EN: "From a fee (yuan)"},
	"min_fee":            {ZH: "最低充电费（元）", EN: "Least charging fee (yuan)"},
	"plates":             {ZH: "车牌", EN: "Plates"},
	"temporary":          {ZH: "临时车牌和无牌车", EN: "Temporary plates and cars without one"},
	"only_chargers":      {ZH: "只减这些充电桩", EN: "These charging points only"},
	"per_day":            {ZH: "每车每日上限", EN: "Cap of a plate and day"},
	"times":              {ZH: "次数", EN: "Times"},
	"per":                {ZH: "计算范围", EN: "Counted over"},
	"lock":               {ZH: "减免后的间隔", EN: "Pause after a grant"},
	"for":                {ZH: "间隔时长", EN: "For how long"},
	"leave_within":       {ZH: "充电后离场时限", EN: "Leave within"},

	"undated":     {ZH: "无订单无时间的推送", EN: "Pushes without order and times"},
	"formerly":    {ZH: "旧账号名", EN: "Earlier names"},
	"lot target":  {ZH: "停车系统", EN: "Parking system"},
	"lot address": {ZH: "停车系统地址", EN: "Address of the parking system"},
}

// when says for which choice in the same form a field counts; the page's script hides it otherwise. Without a
// script all fields are shown.
func when(kind, path string) string {
	if kind == "lot" {
		return kindsWith(path)
	}
	switch kind + " " + path {
	case "binding rule.minutes", "binding rule.amount", "binding rule.free":
		return "rule.grant=fixed"
	case "binding rule.plus_minutes", "binding rule.cap_charge_minutes", "binding rule.takes":
		return "rule.grant=charge_time"
	case "binding rule.steps":
		return "rule.grant=steps"
	}
	return ""
}

// kindsWith is when for a member of a lot: the kinds of lots that have it, nothing where all have.
func kindsWith(field string) string {
	var kinds []string
	for _, k := range lot.KindsWith(field) {
		kinds = append(kinds, string(k))
	}
	if len(kinds) == 0 {
		return ""
	}
	return "kind=" + strings.Join(kinds, "|")
}
