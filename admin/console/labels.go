package console

import (
	"strings"

	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

// label names a field of the estate in a few words; its description in the estate says the rest.
func (p *page) label(path string, f estate.Field) string {
	at := strings.NewReplacer("[0]", "", "[1]", "").Replace(path)
	if i := strings.IndexByte(at, '['); i >= 0 {
		at = at[:i] + at[strings.IndexByte(at, ']')+1:]
	}
	if t, ok := fieldLabels[at]; ok {
		return p.Say(t)
	}
	if t, ok := fieldLabels[f.Name]; ok {
		return p.Say(t)
	}
	return p.T(f.Chinese, f.English)
}

// fieldLabels names fields by their path, or by their name where it means the same everywhere.
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
	"minutes":            {ZH: "固定分钟", EN: "Fixed minutes"},
	"amount":             {ZH: "固定金额（元）", EN: "Fixed amount (yuan)"},
	"free":               {ZH: "全免", EN: "Free"},
	"plus_minutes":       {ZH: "另加分钟", EN: "Minutes on top"},
	"min_charge_minutes": {ZH: "最短充电分钟", EN: "Shortest charge (minutes)"},
	"min_energy_kwh":     {ZH: "最少电量（kWh）", EN: "Least energy (kWh)"},
	"cap_minutes":        {ZH: "每次停车分钟上限", EN: "Cap of a stay (minutes)"},
	"cap_amount":         {ZH: "每次停车金额上限（元）", EN: "Cap of a stay (yuan)"},
	"combine":            {ZH: "多次充电", EN: "Several charges"},
	"hold":               {ZH: "等待入场时长", EN: "Wait for a stay"},
	"target":             {ZH: "减免对象", EN: "Target"},
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
	case "binding rule.plus_minutes":
		return "rule.grant=charge_time"
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
