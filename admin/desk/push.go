package desk

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Push is one request as staff may see it.
type Push struct {
	charge.Push
	Raw    string // the request, credentials masked; for viewers without plates
	Hidden bool   // the body is left out: a viewer looks, and nobody knows which plate is in it
	Read   flow.Replayed
	// Finding is what the doctor says of a push that is refused still, for those who may ask the doctor.
	Finding *Finding
}

// Push finds one request, and reads it again with today's keys, changing nothing.
func (d *Desk) Push(ctx context.Context, who guard.Identity, id int64) (*Push, error) {
	stored, err := d.cfg.Reads.Push(ctx, id)
	if err != nil {
		return nil, Wrap(err)
	}
	if stored == nil {
		return nil, Fail(NotFound, "there is no such push")
	}
	p := &Push{Push: *stored}
	if p.Read, err = d.cfg.Story.Replay(ctx, id, flow.Action{Actor: who.ID(), DryRun: true}); err != nil {
		d.Failed(ctx, err)
		p.Read = flow.Replayed{Outcome: stored.Outcome} // it cannot be read any more; what was stored still can
	}
	if Allows(who.Role, guard.RoleSupport) && p.Read.Plate != "" {
		for i, line := range p.Read.Read {
			p.Read.Read[i] = strings.Replace(line, p.Read.Plate.String(), p.Read.Plate.Full(), 1)
		}
	}
	locked := p.Read.Outcome == charge.OutcomeWrongLock // which the doctor does not judge
	if Allows(who.Role, guard.RoleSupport) && stored.Charge == 0 && len(p.Read.Read) == 0 && !locked {
		found, err := d.examine(ctx, who, Question{Platform: stored.Platform, Push: stored.Request, At: stored.Received},
			strconv.FormatInt(id, 10), stored.Platform)
		if err != nil {
			d.Failed(ctx, err)
		} else {
			p.Finding = &found
		}
	}
	raw := d.maskCredentials(stored)
	switch {
	case Allows(who.Role, guard.RoleSupport):
	case stored.Charge == 0:
		raw, p.Hidden = headOnly(raw), true
	default:
		story, err := d.Story(ctx, stored.Charge)
		if err != nil {
			return nil, err
		}
		raw = HidePlate(who, raw, story.Charge.Plate)
	}
	p.Raw = raw
	return p, nil
}

func headOnly(raw string) string {
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	return head
}

// credentials are header lines that let their holder in.
var credentials = regexp.MustCompile(`(?im)^((?:authorization|cookie|proxy-authorization):[ \t]*(?:bearer[ \t]+)?)[^\r\n]+`)

// secretFields are members of bodies that hold what a platform signs in with.
var secretFields = regexp.MustCompile(`(?i)("(?:operator_?secret|access_?token|app_?secret|secret_?key)"\s*:\s*")[^"]*`)

// maskCredentials gives a stored request without what would let its reader push.
func (d *Desk) maskCredentials(p *charge.Push) string {
	const mask = "${1}••••"
	raw := credentials.ReplaceAllString(string(p.Request), mask)
	raw = secretFields.ReplaceAllString(raw, mask)
	for _, a := range d.Estate().Accounts() {
		if token := a.PathToken.Reveal(); token != "" {
			raw = strings.ReplaceAll(raw, token, "••••")
		}
	}
	return raw
}

// HidePlate takes a plate out of a text for viewers, in every form that wires write it in.
func HidePlate(who guard.Identity, text string, plate charge.Plate) string {
	if Allows(who.Role, guard.RoleSupport) || plate == "" {
		return text
	}
	out := []byte(text)
	for _, form := range plateForms(plate.Full()) {
		out = replaceFold(out, []byte(form), []byte(plate.String()))
	}
	return string(out)
}

// plateForms are a plate in UTF-8, GBK, percent signs and JSON escapes, and without its first character, which
// some platforms send apart.
func plateForms(plate string) []string {
	forms := []string{plate, url.QueryEscape(plate)}
	if gbk, err := simplifiedchinese.GBK.NewEncoder().String(plate); err == nil && gbk != plate {
		forms = append(forms, gbk, url.QueryEscape(gbk))
	}
	var escaped strings.Builder
	for _, r := range plate {
		if r < 0x80 {
			escaped.WriteRune(r)
		} else {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	forms = append(forms, escaped.String())
	if r := []rune(plate); len(r) > 4 {
		forms = append(forms, string(r[1:]))
	}
	return forms
}

// replaceFold replaces without regard to ASCII case: plates are stored upper case and sent in any.
func replaceFold(text, old, repl []byte) []byte {
	low, want := bytes.ToLower(text), bytes.ToLower(old)
	if len(low) != len(text) || len(want) == 0 {
		return bytes.ReplaceAll(text, old, repl)
	}
	var out []byte
	for {
		i := bytes.Index(low, want)
		if i < 0 {
			return append(out, text...)
		}
		out = append(append(out, text[:i]...), repl...)
		text, low = text[i+len(want):], low[i+len(want):]
	}
}
