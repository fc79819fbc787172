package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// chineseCommands says in Chinese what each command is for. A command that stands not here is an error.
var chineseCommands = map[string]string{
	"sim":        "模拟完整历史，各种故障都会发生；同一种子重放出同一结果",
	"demo":       "一条命令看全部：真实的网关，十八家平台对各类车场",
	"serve":      "运行网关",
	"apply":      "把配置文件发给运行中的网关",
	"export":     "导出配置，密钥以占位符代替",
	"push":       "模拟平台：构造、签名、发送一条推送",
	"lot":        "模拟车场",
	"check":      "签名诊断：离线检查一条抓到的推送",
	"certify":    "联调检查清单，输出通过表",
	"charges":    "查看和处理充电订单",
	"lots":       "查看车场，暂停、恢复、查价",
	"accounts":   "列出平台账号、有哪些密钥、各套密钥最近何时用过",
	"bindings":   "列出对接",
	"statements": "对账单",
	"rules":      "用历史数据试算规则",
	"token":      "接口令牌",
	"user":       "控制台用户",
	"migrate":    "升级数据库结构",
	"backup":     "备份，运行中也可以",
	"restore":    "从备份恢复到空的位置",
	"repair":     "略去日志中无法读取的最后一条记录（serve 会说明何时需要）",
	"copy":       "在两种数据库之间搬迁",
	"verify":     "重新核算全部账目，指出不一致",
	"bench":      "性能测量",
	"soak":       "断电、故障和长时间运行测试",
	"pushes":     "查看平台推送（含被拒的），重放",
	"logs":       "实时跟踪平台推送",
	"stays":      "查看车辆停车记录",
	"webhooks":   "查看变更通知没有发出的消息，并重发",
	"stations":   "查看没有对接登记的站点和充电桩",
	"unserved":   "查看路径或方法不对、无人受理的请求",
	"validate":   "不用网关，离线检查设置文件、配置文件、平台配置",
	"config":     "显示网关将采用的设置",
	"help":       "显示命令的帮助",
	"completion": "输出命令行补全脚本",
	"man":        "输出手册页，供 man 使用",
	"version":    "版本",
}

// usageLine finds a command in the list that --help ends with. Another name of it stands in brackets.
var usageLine = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*(?: [a-z][a-z-]*)*)(?: \([a-z-]+\))?(?: [<\[-].*)?$`)

// sameForAll is the flag that every command has.
var sameForAll = regexp.MustCompile(`(?m)^  -h, --help .*\n\n?`)

// commandPage prints docs/commands.md: what the built binary says with --help, command by command.
func commandPage(out files, binary string) error {
	top, err := help(binary)
	if err != nil {
		return err
	}
	_, list, found := strings.Cut(top, "Commands:\n")
	if !found {
		return fmt.Errorf("%s --help lists no commands", binary)
	}
	p := newPage("命令 · Commands", "chargestamp --help")
	p.para("退出码：0 完成，1 失败，2 用法错误。结果在标准输出，给人看的话在标准错误。与网关通话的命令用 `CHARGESTAMP_TOKEN` 里的令牌。",
		"Exit codes: 0 done, 1 failed, 2 wrong use. Results go to standard output, words for people to standard error. "+
			"Commands that speak to a gateway take their token from `CHARGESTAMP_TOKEN`.")
	var seen []string
	for _, m := range usageLine.FindAllStringSubmatch(list, -1) {
		words := strings.Fields(m[1])
		if !slices.Contains(seen, words[0]) {
			zh := chineseCommands[words[0]]
			if zh == "" {
				return fmt.Errorf("tools/docgen/commands.go has no Chinese for the command %s", words[0])
			}
			p.section("`" + words[0] + "` · " + zh)
			seen = append(seen, words[0])
		}
		text, err := help(binary, words...)
		if err != nil {
			return err
		}
		if len(words) > 1 {
			p.line("\n### `%s`", m[1])
		}
		p.code("text", text)
	}
	out["commands.md"] = p.Bytes()
	return nil
}

// help is what a command says with --help, without what is the same for all.
func help(binary string, command ...string) (string, error) {
	cmd := exec.Command(binary, append(command, "--help")...)
	cmd.Env = append(os.Environ(), "COLUMNS=100")
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s --help: %w", binary, strings.Join(command, " "), err)
	}
	return sameForAll.ReplaceAllString(string(text), ""), nil
}
