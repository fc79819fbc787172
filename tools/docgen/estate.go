package main

import (
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/estate"
)

// fieldTypes says how a field is written.
var fieldTypes = map[estate.FieldType]string{
	estate.TypeID:       "编号 id",
	estate.TypeText:     "文字 text",
	estate.TypeSecret:   "密钥 secret",
	estate.TypeBool:     "`true` / `false`",
	estate.TypeEnum:     "",
	estate.TypeCount:    "整数 whole number",
	estate.TypeYuan:     "元 yuan `\"10.00\"`",
	estate.TypeKWh:      "度 kWh `\"2.5\"`",
	estate.TypeTime:     "时间 time `2026-01-01T00:00:00+08:00`",
	estate.TypeDuration: "时长 duration `2h` `90m` `0`",
	estate.TypeClock:    "时刻 time of day `08:00`",
	estate.TypeLot:      "车场 lot `U/P`",
	estate.TypeScope:    "`platform` / `U` / `U/P`",
	estate.TypeURL:      "地址 URL",
	estate.TypePrefixes: "地址段列表 list of prefixes `10.0.0.0/8`",
	estate.TypeTexts:    "文字列表 list of texts",
	estate.TypeKeys:     "密钥表 keys by name",
	estate.TypeObject:   "对象 object",
	estate.TypeObjects:  "对象列表 list of objects",
	estate.TypeVersions: "一个对象，或按时间排的列表 an object, or a list, oldest first",
}

// estatePage prints docs/estate.md from estate.Objects.
func estatePage(out files) error {
	p := newPage("配置文件 · The estate file", "estate.Objects")
	p.para("一个 YAML 文件描述厂商、车场、平台账号和对接。`chargestamp apply -f 文件` 发给运行中的网关；`chargestamp serve --estate 文件` 在启动时应用；"+
		"控制台的“接入”改的是同样的内容。",
		"One YAML file describes vendors, lots, platform accounts and bindings. "+
			"`chargestamp apply -f FILE` sends it to the running gateway, "+
			"`chargestamp serve --estate FILE` applies it at start, and the console's “Set up” changes the same things.")
	p.list(
		"先整体检查：任何错误（包括不认识的键）都给出文件、行号和原因，什么也不改。 The whole file is checked first: any error, unknown keys included, "+
			"names file, line and reason, and nothing changes.",
		"再应用一次不会有变化；`apply --dry-run` 只说会改什么。 Applying twice changes nothing; `apply --dry-run` says what would change.",
		"文件里没写的保持原样；`state: off` 停用；文件不会删除任何东西。 What a file leaves out stays as it was; `state: off` switches off; "+
			"a file never deletes.",
		"密钥写成文字、`{env: 变量名}` 或 `{file: 路径}`（相对于配置文件）；加密保存，不再显示。`export` 导出时每个密钥都写成 `{env: 变量名}`，设好这些变量才能再应用。"+
			" A secret is a text, `{env: NAME}` or `{file: PATH}` (relative to the file); stored encrypted and never shown "+
			"again. `export` prints `{env: NAME}` in place of each; set these to apply it again.",
		"每个平台的完整例子在 [docs/examples/platforms](examples/platforms)。 A complete example for each platform stands there.")
	for _, o := range estate.Objects() {
		p.section(fmt.Sprintf("`%s` · %s · %s", o.List, o.Chinese, o.English))
		var rows [][]string
		for _, f := range o.Fields {
			var err error
			if rows, err = fieldRows(rows, "", f); err != nil {
				return err
			}
		}
		p.table([]string{"字段 Field", "写法 Written", "必须 Required", "默认 Default", "含义 Meaning"}, rows)
	}
	p.section("例 · Example")
	p.code("yaml", exampleEstate)
	out["estate.md"] = p.Bytes()
	return nil
}

// fieldRows prints a field and what is in it, by dotted names.
func fieldRows(rows [][]string, prefix string, f estate.Field) ([][]string, error) {
	kind, known := fieldTypes[f.Type]
	if !known || f.English == "" || f.Chinese == "" {
		return nil, fmt.Errorf("estate field %s%s is not described", prefix, f.Name)
	}
	if len(f.Enum) > 0 {
		kind = strings.TrimSpace(kind + " " + mono(" / ", f.Enum...))
	}
	if f.Type == estate.TypeCount && f.Max != 0 {
		kind += fmt.Sprintf(" %d–%d", f.Min, f.Max)
	}
	rows = append(rows, []string{mono("", prefix+f.Name), kind, yes(f.Required), mono("", f.Default), f.Chinese + "<br>" +
		f.English})
	for _, sub := range f.Fields {
		var err error
		if rows, err = fieldRows(rows, prefix+f.Name+".", sub); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// exampleEstate shows every kind of lot and rule; TestExamples of the command line applies it.
const exampleEstate = `version: 1
vendors:
  - {union_id: "200461", name: 示例停车, ukey: {env: DEMO_UKEY}, open_interface: true}
lots:
  - {lot: "200461/1313", name: 一号场, kind: sdk, ckey: {env: DEMO_CKEY}}
  - {lot: "200461/1314", name: 二号场, kind: api, ckey: {env: DEMO_CKEY}, callback: "https://park.example/bolink"}
  - lot: "200461/1300"
    name: 外场
    kind: 4g
    ckey: {env: DEMO_CKEY}
    tariff: {free_minutes: 15, unit_minutes: 60, unit_price: "5.00", daily_cap: "40.00", leave_minutes: 15}
  - lot: "200461/1315"
    name: 充电区
    kind: 4g
    ckey: {env: DEMO_CKEY}
    parent: "200461/1300"
    tariff: {free_minutes: 0, unit_minutes: 30, unit_price: "3.00"}
accounts:
  - account: teld-main
    platform: telaidian
    scope: platform
    keys:
      operator_id: "MA0EXAMP1"
      operator_secret: {env: TELD_OPERATOR_SECRET}
      data_secret: {env: TELD_DATA_SECRET}
      data_secret_iv: {env: TELD_IV}
      sig_secret: {env: TELD_SIG_SECRET}
    clock: enforce
  - account: star-main
    platform: xingxing
    scope: "200461"
    keys: {operator_id: "123456789"}
    allow_from: ["192.0.2.0/24"]
bindings:
  - account: teld-main
    lot: "200461/1313"
    rule: {grant: as_pushed, cap_minutes: 120, hold: 2h}
  - account: teld-main
    lot: "200461/1315"
    rule: {grant: fixed, minutes: 60, min_charge_minutes: 20, combine: sum, cap_minutes: 180, target: at_charge}
  - account: star-main
    lot: "200461/1314"
    mode: shadow
    rule:
      - {grant: fixed, amount: "5.00"}
      - {grant: fixed, amount: "10.00", effective: "2026-07-01T00:00:00+08:00"}
`
