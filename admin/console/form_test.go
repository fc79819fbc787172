package console

import (
	"slices"
	"testing"

	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/words"
)

// TestEveryFieldHasALabel wants each field of the estate, and each choice of one, in a few words of its own in both
// languages: a form shows no name of the file.
func TestEveryFieldHasALabel(t *testing.T) {
	pages := []*page{{Lang: words.Chinese}, {Lang: words.English}}
	var walk func(kind, path string, fields []estate.Field)
	walk = func(kind, path string, fields []estate.Field) {
		for _, f := range fields {
			at := f.Name
			if path != "" {
				at = path + "." + f.Name
			}
			for _, p := range pages {
				if !labelled(kind+" "+at, at, f.Name) && len(f.Fields) == 0 {
					t.Errorf("%s %s has no label of its own: %q", kind, at, p.label(kind, at, f))
				}
				for _, choice := range f.Enum {
					if f.Name != "message" && enumText(p, f.Name, choice) == choice && p.Lang == words.Chinese {
						t.Errorf("%s %s: the choice %q has no words", kind, at, choice)
					}
				}
			}
			walk(kind, at, f.Fields)
		}
	}
	for _, o := range estate.Objects() {
		walk(o.Name, "", o.Fields)
	}
}

func labelled(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, known := fieldLabels[key]; return known })
}
