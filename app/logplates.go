package app

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
)

// hidePlates masks the plates in a log line's texts, errors and names. Callers' words stand in some of them, and may
// hold a plate where none is expected: a car park that names one as its own number.
func hidePlates(_ []string, a slog.Attr) slog.Attr {
	var text string
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	case fmt.Stringer:
		text = v.String()
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r > '~' || strings.ContainsRune(`%\&`, r) }) {
		if hidden := string(desk.HidePlates([]byte(text))); hidden != text {
			a.Value = slog.StringValue(hidden)
		}
	}
	return a
}
