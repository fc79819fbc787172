package console

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

// auditList is a part of the log with what narrowed it.
type auditList struct {
	Query url.Values
	Wrong map[string]string
	Items []guard.Entry
	Pages listPages
}

func auditFilter(p *page, q url.Values, wrong map[string]string) guard.AuditFilter {
	f := guard.AuditFilter{Actor: strings.TrimSpace(q.Get("actor")), Action: strings.TrimSpace(q.Get("action"))}
	f.From, f.To = spanFields(p, q, wrong)
	return f
}

func (c *Console) audit(w http.ResponseWriter, r *http.Request, p *page) error {
	list := auditList{Query: r.URL.Query(), Wrong: map[string]string{}}
	f := auditFilter(p, list.Query, list.Wrong)
	if len(list.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, auditPage(p, list))
	}
	f.Beginning = auditRead
	page, err := c.desk.Audit(r.Context(), p.Who, f, list.Query.Get("cursor"), 100)
	if err != nil {
		return err
	}
	list.Items, list.Pages = page.Items, pagesOf(r.URL, page.Prev, page.Next)
	return render(w, r, http.StatusOK, auditPage(p, list))
}

// auditFile returns the log, narrowed as its page is, as a file.
func (c *Console) auditFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := auditFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return wrongFilter(text)
	}
	f.Beginning = auditRead
	next := func(cursor string) (charge.Page[guard.Entry], error) {
		return c.desk.Audit(r.Context(), p.Who, f, cursor, exportedAtOnce)
	}
	first, err := next("")
	if err != nil {
		return err
	}
	heads := []string{p.T("序号", "number"), p.T("时间（+08:00）", "when (+08:00)"), p.T("操作人", "who"), p.T("角色", "role"),
		p.T("动作", "what"), p.T("对象", "object"), p.T("说明", "detail"), p.T("指纹", "hash")}
	return listFile(w, p, "audit", first, next, heads, func(e guard.Entry) []string {
		return []string{strconv.FormatInt(e.Seq, 10), sheetTime(e.At), e.Actor, p.RoleName(e.Role),
			actionName(p, e.Action), e.Object, p.detailOf(e, auditRead), e.Hash}
	})
}

// objectLink leads to what an entry of the log is about; empty where there is no page of it.
func objectLink(e guard.Entry) string {
	area, _, _ := strings.Cut(e.Action, ".")
	if e.Object == "" {
		return ""
	}
	switch _, isID := strconv.ParseInt(e.Object, 10, 64); {
	case area == "charge" && isID == nil:
		return "/charges/" + e.Object
	case area == "push" && isID == nil:
		return "/pushes/" + e.Object
	case area == "lot":
		if id, err := charge.ParseLotID(e.Object); err == nil {
			return "/lots/" + id.String()
		}
	case area == "binding":
		account, lot, found := strings.Cut(e.Object, "@")
		if id, err := charge.ParseLotID(lot); found && err == nil {
			return "/bindings/" + url.PathEscape(account) + "/" + id.String()
		}
	case area == "incident":
		return "/incidents/" + e.Object
	case area == "user" || area == "token" || area == "session":
		return "/access"
	}
	return ""
}

// auditDetail returns all that one entry says, as a text.
func (c *Console) auditDetail(w http.ResponseWriter, r *http.Request, p *page) error {
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 1 {
		return desk.Fail(desk.NotFound, "no such entry")
	}
	page, err := c.desk.Audit(r.Context(), p.Who, guard.AuditFilter{}, strconv.FormatInt(seq+1, 10), 1)
	if err != nil {
		return err
	}
	if len(page.Items) != 1 || page.Items[0].Seq != seq {
		return desk.Fail(desk.NotFound, "no such entry")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="audit-%d.txt"`, seq))
	_, err = io.WriteString(w, p.detailOf(page.Items[0], 0))
	return err
}

// What the log's page shows of a detail: the beginning, and some more on demand. Notes are longer as they are stored
// than as they are read.
const (
	auditFirst = 160
	auditMore  = 800
	auditRead  = 4 * auditMore
)

// detailOf is what an entry says, in the page's language where it is stored by code. Of a long one no more than most
// characters may have been read, and a few more; 0 is all.
func (p *page) detailOf(e guard.Entry, most int) string {
	notes := e.Notes()
	if notes == nil {
		return e.Detail
	}
	lines := make([]string, 0, len(notes))
	for _, n := range notes {
		if n = uncut(n); n.Code != "" {
			lines = append(lines, p.Note(p.estateNote(n)))
		}
	}
	if most > 0 && utf8.RuneCountInString(e.Detail) >= most {
		lines = append(lines, "…")
	}
	return strings.Join(lines, "\n")
}

// uncut reads a note that may have been cut off, as far as it goes; the zero Note where that is not far enough.
func uncut(n charge.Note) charge.Note {
	const longest = len("%E5%9C%BA") // one character, as it is stored
	garbled := func(a charge.Arg) bool { return !utf8.ValidString(a.Value) }
	text := n.String()
	for least := max(1, len(text)-longest); len(text) >= least; text = text[:len(text)-1] {
		if n = charge.ParseNote(text); n.Code != charge.NoteOld && !slices.ContainsFunc(n.Args, garbled) {
			return n
		}
	}
	return charge.Note{}
}

// pairInFile is a field and what it holds, where an estate file writes several on one line: a rule, a tariff, keys.
var pairInFile = regexp.MustCompile(`([{,] ?)([a-z_0-9]+) ([^,{}\[\]]*)`)

// estateNote puts the names of the forms into a note that has those of an estate file. What somebody typed stays.
func (p *page) estateNote(n charge.Note) charge.Note {
	if p.Lang == words.English {
		return n
	}
	kind, field := n.Arg("kind").Value, lastName(n.Arg("field").Value)
	name := p.fieldNames(kind)
	n.Args = slices.Clone(n.Args)
	for i := range n.Args {
		a := &n.Args[i]
		switch a.Name {
		case "kind":
			a.Value = cmp.Or(thingName(p, kind), kind)
		case "field":
			a.Value = estate.FieldName(a.Value, name)
		case "from", "to":
			a.Value = enumText(p, field, a.Value)
			if field != "name" && (strings.HasPrefix(a.Value, "{") || strings.HasPrefix(a.Value, "[{")) {
				a.Value = pairInFile.ReplaceAllStringFunc(a.Value, func(pair string) string {
					m := pairInFile.FindStringSubmatch(pair)
					return m[1] + name(m[2]) + " " + enumText(p, m[2], m[3])
				})
			}
		}
	}
	return n
}

// clipDetail returns a detail's beginning and, where that is not all, more of it.
func clipDetail(detail string) (first, more string) {
	text := []rune(detail)
	if len(text) <= auditFirst && !strings.Contains(detail, "\n") {
		return detail, ""
	}
	first, _, _ = strings.Cut(detail, "\n")
	if line := []rune(first); len(line) > auditFirst {
		first = string(line[:auditFirst])
	}
	first += " …"
	if len(text) > auditMore {
		return first, string(text[:auditMore]) + " …"
	}
	return first, detail
}

// actionName puts an audit action into words.
func actionName(p *page, action string) string {
	if name, ok := actionNames(p)[action]; ok {
		return name
	}
	return action
}

func actionChoices(p *page) []choice {
	names := actionNames(p)
	var list []choice
	for _, action := range slices.Sorted(maps.Keys(names)) {
		list = append(list, choice{action, names[action]})
	}
	return list
}

func actionNames(p *page) map[string]string {
	return map[string]string{
		"estate.apply": p.T("更改接入", "estate changed"), "charge.redeliver": p.T("重新下发", "redelivered"),
		"charge.void": p.T("作废", "voided"),
		"charge.bind": p.T("绑定", "bound"), "push.replay": p.T("回放", "replayed"), "lot.pause": p.T("暂停车场", "lot paused"),
		"lot.resume": p.T("恢复车场", "lot resumed"), "token.create": p.T("创建令牌", "token created"),
		"token.revoke": p.T("撤销令牌", "token revoked"),
		"user.create":  p.T("创建用户", "user created"), "user.revoke": p.T("停用用户", "user deactivated"),
		"user.role":    p.T("更改角色", "role changed"),
		"user.totp_on": p.T("开启双因素", "second factor on"), "user.totp_off": p.T("关闭双因素", "second factor off"),
		"user.password": p.T("更改密码", "password changed"), "user.password_reset": p.T("重置密码", "password reset"),
		"session.begin": p.T("登录", "signed in"), "session.end": p.T("退出", "signed out"),
		"session.refused": p.T("登录被拒绝", "sign-in refused"),
		"push.share":      p.T("生成推送链接", "link to a push created"), "push.unshare": p.T("撤销推送链接", "link to a push revoked"),
		"push.shared_view": p.T("链接被查看", "link viewed"), "binding.share": p.T("生成对接链接", "link to a binding created"),
		"binding.unshare":      p.T("撤销对接链接", "link to a binding revoked"),
		"binding.shared_view":  p.T("链接被查看", "link viewed"),
		"charge.compensate":    p.T("人工补偿", "compensated by hand"),
		"incident.acknowledge": p.T("认领事项", "incident acknowledged"),
		"incident.resolve":     p.T("事项已解决", "incident resolved"), "incident.snooze": p.T("事项暂缓", "incident snoozed"),
		"incident.reopen": p.T("事项重新打开", "incident reopened"), "incident.note": p.T("事项备注", "incident noted"),
		"charge.resolve": p.T("标明车场有没有", "lot's answer recorded"), "user.first_admin": p.T("创建首位管理员", "first admin created"),
		"session.revoke": p.T("结束会话", "session ended"), "alert.test": p.T("测试告警", "alert tested"),
		"binding.test": p.T("测试推送", "test push"), "doctor.check": p.T("推送诊断", "push examined"),
	}
}

// short is the beginning of a hash.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}
