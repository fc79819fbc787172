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
		changes[i].Warned = charge.Notes{charge.Say("estate.once_a_stay"), lockOf(a)}
	}
	return changes
}

// lockOf names an account's locks; a path token is not shown.
func lockOf(a *charge.Account) charge.Note {
	var locks []string
	if len(a.AllowFrom) > 0 {
		prefixes := make([]string, len(a.AllowFrom))
		for i, p := range a.AllowFrom {
			prefixes[i] = p.String()
		}
		locks = append(locks, "allow_from "+strings.Join(prefixes, " "))
	}
	if a.PathToken != "" {
		locks = append(locks, "path_token")
	}
	if len(locks) == 0 {
		return charge.Say("estate.no_lock")
	}
	return charge.Say("estate.lock", charge.Text("lock", strings.Join(locks, ", ")))
}
