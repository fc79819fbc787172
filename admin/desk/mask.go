package desk

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Viewers see plates masked. What is known to be a plate is masked where it is shown, by ShowPlate and HidePlate; Veil
// goes over all that a viewer is answered and masks what looks like one, as in the words of a lot.

// ShowPlate is a plate as a person may see it: whole for support and admins, masked for viewers.
func ShowPlate(who guard.Identity, p charge.Plate) string {
	if Allows(who.Role, guard.RoleSupport) {
		return p.Full()
	}
	return p.String()
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

// plateForms are a plate in UTF-8, GBK, percent signs, JSON escapes and Base64, and without its first character, which
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
	return append(forms, base64.StdEncoding.EncodeToString([]byte(plate)))
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

// likePlates finds what looks like a mainland plate, however it is written: with dots, blanks or dashes in it, full
// width, in either case, and with escapes of JSON, HTML or URLs. A number has at least three digits. Plates without a
// letter behind their first character, of embassies, airports and the armed police, are its second half.
var likePlates = func() *regexp.Regexp {
	const (
		escape   = `\\+u[0-9A-Fa-f]{4}|&#[xX]?[0-9A-Fa-f]{2,6};|(?:%[89A-Fa-f][0-9A-Fa-f]){2,3}`
		ideogram = `\\+u[4-9][0-9A-Fa-f]{3}|&#x[4-9A-Fa-f][0-9A-Fa-f]{3};|&#[2-4][0-9]{4};|(?:%[89A-Fa-f][0-9A-Fa-f]){2,3}`
		province = `(?:[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领军空海北沈兰济南广成]|` + ideogram + `)`
		between  = `(?:[ \t.·•‧∙⋅●○◦・･。˙⚫_+/|~*\p{Pd}\p{Cf}\p{Zs}\p{Mn}\p{Me}]|%20|%[cC]2%[bB]7|&middot;|&nbsp;|` +
			escape + `){0,3}`
		full    = `\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}`
		sign    = `(?:[0-9A-Za-z` + full + `]|` + escape + `)`
		last    = `(?:[学警港澳挂使领试超]|` + sign + `)`
		tail    = between + sign + between + sign + between + last
		police  = `[Ww\x{ff37}\x{ff57}]` + between + `[Jj\x{ff2a}\x{ff4a}]` + between
		special = police + `(?:` + province + `|` + sign + between + sign + between + `\p{Han}?)|[使领]|民航`
	)
	return regexp.MustCompile(`(` + province + between + `(?:[A-Za-z` + full + `]|` + escape + `))(?:` + between +
		sign + `){2,3}` + tail + `|(` + special + `)(?:` + between + sign + `){1,3}` + tail)
}()

// leastDigits are the digits that a plate's number has at least.
const leastDigits = 3

// plateDigits are digits of a plate in any form.
var plateDigits = regexp.MustCompile(`[0-9\x{ff10}-\x{ff19}]`)

// HidePlates masks in a text what looks like a plate.
func HidePlates(text []byte) []byte {
	return likePlates.ReplaceAllFunc(text, func(found []byte) []byte {
		if len(plateDigits.FindAll(found, leastDigits)) < leastDigits {
			return found
		}
		parts := likePlates.FindSubmatch(found)
		return append(slices.Concat(parts[1], parts[2]), "***"...)
	})
}
