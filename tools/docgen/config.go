package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/app"
)

// configPage prints docs/config.md from app.Config, its tags and its defaults.
func configPage(out files) error {
	r := &configReader{}
	r.read(reflect.ValueOf(app.Defaults()), "")
	for _, row := range r.rows {
		if row[4] == "" {
			return fmt.Errorf("tools/docgen/settings.go does not explain the setting %s", row[0])
		}
	}
	p := newPage("设置 · Configuration", "app.Config")
	p.para("命令行参数优先于环境变量，环境变量优先于文件（`chargestamp serve --config 文件`，YAML）。不认识的键会被指出所在行，退出码 2。列表在环境变量里用逗号分隔。",
		"A flag beats the environment, which beats the file (`chargestamp serve --config FILE`, YAML). "+
			"An unknown key is named with its line, exit code 2. Lists are comma-separated in the environment. "+
			"Lengths of time are written `90s`, `3m`, `2h` or `30d`.")
	p.table([]string{"文件 File", "环境变量 Environment", "参数 Flag", "默认 Default", "含义 Meaning"}, r.rows)
	p.section("只在环境变量或参数里 · Environment and flags only")
	p.table([]string{"", "含义 Meaning"}, [][]string{
		{"`CHARGESTAMP_SECRETS_KEY`",
			"主密钥，加密保存的其他密钥；没有时用 `--secrets-key` 文件，默认数据目录里的 `secrets.key`（首次启动生成，0600）。多个节点必须相同。" +
				" The key that seals stored secrets; else the file of `--secrets-key`, " +
				"by default `secrets.key` in the data folder (made at first start, 0600). Nodes of one site share it."},
		{"`CHARGESTAMP_ADMIN_TOKEN`", "设置后就是一个管理员的接口令牌，至少 16 个字符。 When set, an admin's API token; 16 characters or more."},
		{"`CHARGESTAMP_TOKEN`, `CHARGESTAMP_SERVER`",
			"命令行工具用的令牌和网关管理地址。 For the commands that speak to a running gateway: their token, and its admin address."},
	})
	if err := alertTable(p); err != nil {
		return err
	}
	p.section("例 · Example")
	p.code("yaml", exampleConfig)
	out["config.md"] = p.Bytes()
	return nil
}

// alertTable prints what alerts there are, and from where on.
func alertTable(p *page) error {
	l := alert.DefaultLimits()
	words := map[alert.Kind]string{
		alert.LotOffLine: fmt.Sprintf("SDK 车场 %s 没有心跳（从未上线的不算）。"+
			" An SDK lot without a heartbeat for %[1]s (one that never was on line is no alert).", duration(l.OffLine)),
		alert.GaveUpRate: fmt.Sprintf("%s 内放弃下发的占 %d%% 以上，且不少于 %d 笔。 %[2]d %% or more of the charges settled within %[1]s "+
			"were given up, %[3]d at least.", duration(l.Window), l.GaveUpPercent, l.GaveUpLeast),
		alert.OldestPending: fmt.Sprintf("最早的待发减免等了 %s 以上。 The oldest pending delivery is older than %[1]s.",
			duration(l.Pending)),
		alert.BadSignatures: fmt.Sprintf("一个账号 %s 内签名或令牌错误 %d 次以上。"+
			" An account whose signatures or tokens failed %[2]d times within %[1]s.", duration(l.Window), l.Signatures),
		alert.WebhookFails: fmt.Sprintf("变更通知最早的一条等待达到 %s。 "+
			"The oldest message to a webhook has waited for %[1]s.", duration(l.Webhook)),
		alert.LotClock: fmt.Sprintf("车场时钟与网关相差 %s 以上。 A lot's clock is off by %[1]s or more.", duration(l.Clock)),
		alert.DiskLow:  fmt.Sprintf("数据盘剩余不足 %d%%。 Less than %[1]d %% of the data disk is free.", l.DiskPercent),
	}
	p.section("告警 · Alerts")
	p.para("写在 `alerts` 里的每个地址都会收到；同一件事只说一次（不论几个节点、是否重启），持续则 4 小时后再说，结束时再说一次。怎么处理见[运维手册](operating.md)。",
		"Each address under `alerts` gets each alert once, however many nodes there are and over restarts, "+
			"again after 4 hours while it lasts, and once when it is over. What to do: [operating](operating.md).")
	var rows [][]string
	for _, k := range alert.Kinds {
		if words[k] == "" {
			return fmt.Errorf("tools/docgen/config.go does not explain the alert %s", k)
		}
		rows = append(rows, []string{mono("", string(k)), words[k]})
	}
	p.table([]string{"`on`", "何时 When"}, rows)
	return nil
}

// exampleConfig is a site behind a proxy; the command line's tests read it.
const exampleConfig = `data: /var/lib/chargestamp
http: {addr: "127.0.0.1:8080", url: "https://gateway.example.com"}
admin: {addr: "127.0.0.1:8081", url: "https://desk.example.com"}
line: {addr: ":6789", tls_addr: ":6790", offline_after: 3m}
tls: {cert: /etc/chargestamp/tls.crt, key: /etc/chargestamp/tls.key}
trusted_proxies: ["127.0.0.1/32"]
retention: {pushes: 180d, refused: 30d, charges: 0s}
alerts:
  - {name: 值班群, format: wecom, url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…", lang: zh}
  - {name: pager, format: generic, url: "https://alerts.example.com/hook", lang: en, on: [lot_off_line, disk_low]}
webhooks:
  - name: erp
    url: "https://erp.example.com/chargestamp"
    secret: whsec_Y2hhcmdlc3RhbXAtZXhhbXBsZS1zZWNyZXQtMzJieXRlcw==
    on: [delivered, used, gave_up]
log: {level: info}
`

// flags are the settings that serve has a flag for.
var flags = map[string]string{"data": "--data", "database.url": "--database", "http.addr": "--http",
	"admin.addr": "--admin", "line.addr": "--line"}

// configReader walks app.Config.
type configReader struct{ rows [][]string }

func (r *configReader) read(v reflect.Value, prefix string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "-" || key == "" {
			continue
		}
		name := prefix + key
		switch {
		case f.Type.Kind() == reflect.Struct:
			r.read(v.Field(i), name+".")
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			r.row(v, i, name)
			r.read(reflect.Zero(f.Type.Elem()), name+"[].")
		default:
			r.row(v, i, name)
		}
	}
}

func (r *configReader) row(v reflect.Value, i int, name string) {
	env := mono("", "CHARGESTAMP_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_")))
	if strings.Contains(name, "alerts") || strings.Contains(name, "webhooks") || v.Field(i).Kind() == reflect.Map {
		env = ""
	}
	meaning := ""
	if texts, known := settings[name]; known {
		meaning = texts[0] + "<br>" + texts[1]
	}
	r.rows = append(r.rows, []string{mono("", name), env, mono("", flags[name]), mono("", shown(v.Field(i))), meaning})
}

// shown prints a default as a file would say it; empty where there is none.
func shown(v reflect.Value) string {
	if d, ok := v.Interface().(app.Duration); ok {
		return duration(time.Duration(d))
	}
	if v.IsZero() {
		return ""
	}
	return fmt.Sprint(v.Interface())
}

func duration(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d == 0:
		return "0"
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}
