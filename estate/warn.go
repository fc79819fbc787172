package estate

import (
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// undatedFields are the fields of an account that decide whether an old push counts.
var undatedFields = []string{"undated", "allow_from", "path_token"}

// warned adds to the changes of an account that takes pushes without order and times what that means, and which lock
// it has.
func (m *merger) warned(changes Changes, of any) Changes {
	a, is := of.(*charge.Account)
	if !is || a.Off || a.Undated != charge.UndatedOnceAStay || !m.catalog.Platforms[a.Platform].Undated {
		return changes
	}
	touches := func(c Change) bool {
		return c.New || slices.ContainsFunc(undatedFields, func(f string) bool { return strings.HasPrefix(c.Field, f) })
	}
	if i := slices.IndexFunc(changes, touches); i >= 0 {
		lock := lockOf(a)
		changes[i].Warning = "with undated: once_a_stay a push without order and times counts once in every stay, whoever " +
			"sends it again; only the lock keeps an old one out: " + lock.english
		changes[i].WarningZH = "undated 为 once_a_stay：不含订单号和时间的推送，每次停车都会减免一次，谁重发都算；只有锁能挡住旧推送：" + lock.chinese
	}
	return changes
}

// lockOf names an account's locks; a path token is not shown.
func lockOf(a *charge.Account) message {
	var en, zh []string
	if len(a.AllowFrom) > 0 {
		prefixes := make([]string, len(a.AllowFrom))
		for i, p := range a.AllowFrom {
			prefixes[i] = p.String()
		}
		from := "allow_from " + strings.Join(prefixes, " ")
		en, zh = append(en, from), append(zh, from)
	}
	if a.PathToken != "" {
		en, zh = append(en, "path_token"), append(zh, "path_token")
	}
	if len(en) == 0 {
		return message{"none is set", "尚未加锁"}
	}
	return message{strings.Join(en, " and "), strings.Join(zh, "、")}
}
