package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/admin/api"
)

// apiPages prints docs/openapi.json, as the admin listener serves it, and docs/api.md that points into it.
func apiPages(out files) error {
	mux := http.NewServeMux()
	api.New(mux, nil, "")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	if answer.Code != http.StatusOK {
		return fmt.Errorf("/openapi.json answers %d", answer.Code)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, answer.Body.Bytes(), "", " "); err != nil {
		return err
	}
	b.WriteByte('\n')
	out["openapi.json"] = b.Bytes()
	return apiPage(out, answer.Body.Bytes())
}

// operation is what the page says of one.
type operation struct {
	Summary     string `json:"summary"`
	Description string `json:"description"`
}

func apiPage(out files, spec []byte) error {
	var doc struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	if err := json.Unmarshal(spec, &doc); err != nil {
		return err
	}
	p := newPage("管理接口 · Admin API", "the API's own description")
	p.para("在管理地址上（默认 `http://127.0.0.1:8081`），JSON，`Authorization: Bearer 令牌`；令牌用 `chargestamp token create --role "+
		"viewer|support|admin` 创建。机器可读的描述：[openapi.json](openapi.json)，运行中的网关在 `/openapi.json`。",
		"On the admin address (default `http://127.0.0.1:8081`), JSON, `Authorization: Bearer TOKEN`; "+
			"make a token with `chargestamp token create --role viewer|support|admin`. "+
			"Machine-readable: [openapi.json](openapi.json), and `/openapi.json` of a running gateway.")
	p.list("编号和金额是字符串，金额为元、两位小数；时间为 RFC 3339 UTC。 Ids and money are strings, money in yuan with two decimals; "+
		"times are RFC 3339 in UTC.",
		"列表回答 "+
			"`{\"items\":[…],\"prev\":\"…\",\"next\":\"…\"}`，最新的在前；"+
			"用 `cursor=next` 取下一页（更旧），`cursor=prev` 取上一页（更新，包括其间新增的）。 "+
			"Lists answer that, newest first; pass `next` as `cursor` for the page of older rows, "+
			"`prev` for that of newer ones, those that have come meanwhile included.",
		"写操作可带 `Idempotency-Key`：24 小时内同一请求、同一键不会重复执行，回答与第一次相同，并带 `Idempotency-Replayed: true`。"+
			" A write may carry an `Idempotency-Key`: within 24 hours the same request with it is not done again and gets the "+
			"first answer, with `Idempotency-Replayed: true`.",
		"错误是 RFC 9457 问题文档。 Errors are RFC 9457 problem documents.",
		"不想轮询的，可以让网关通知每次状态变化：[变更通知](webhooks.md)。 "+
			"Instead of asking again and again, hear of each change: [webhooks](webhooks.md).",
		"代码的含义见[状态与原因](states.md)。 Codes are explained in [states and reasons](states.md).")
	var rows [][]string
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			op := doc.Paths[path][method]
			rows = append(rows, []string{mono("", strings.ToUpper(method)+" "+path), op.Summary, role(op.Description)})
		}
	}
	p.table([]string{"", "做什么 What it does", "角色 Role"}, rows)
	p.section("例 · Example")
	p.code("sh",
		"curl -s -H \"Authorization: Bearer $CHARGESTAMP_TOKEN\" 'http://127.0.0.1:8081/api/v1/charges?state=held&limit=10'")
	out["api.md"] = p.Bytes()
	return nil
}

// role is the role in a description that says "Role viewer or higher".
func role(description string) string {
	words := strings.Fields(description)
	if len(words) < 2 || words[0] != "Role" {
		return ""
	}
	return mono("", words[1])
}
