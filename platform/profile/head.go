// Package profile is the kit that families are made of: strict TOML profiles, one reader of a push's fields, units,
// and answers by table. A family adds how its pushes are sealed.
package profile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Head is what the profiles of all families that read plain fields have in common.
type Head struct {
	Family    string     `toml:"family"`
	ID        string     `toml:"id"`
	About     About      `toml:"about"`
	Paths     Paths      `toml:"paths"`
	Lot       LotPart    `toml:"lot"`
	Grants    GrantsPart `toml:"grants"`
	Fields    Columns    `toml:"fields"`
	Reduction Asking     `toml:"reduction"`
	Repeat    [][]string `toml:"repeat"`
	Reply     []Shape    `toml:"reply"`
	Unread    []Unread   `toml:"unread"`
}

// About is for people.
type About struct {
	Title    string            `toml:"title"`
	English  string            `toml:"english"`
	Number   int               `toml:"number"` // row of docs/platforms/README.md; built-in profiles only
	Evidence platform.Evidence `toml:"evidence"`
	Spec     []string          `toml:"spec"`
	Notes    []string          `toml:"notes"`
}

// Paths are where pushes come in.
type Paths struct {
	Charge  []string `toml:"charge"`
	Inquiry []string `toml:"inquiry"` // is this plate in the lot
}

// LotPart is how a push names its lot, and what kinds of lot can take it.
type LotPart struct {
	Field      string           `toml:"field"`
	From       string           `toml:"from"` // station: the platform's own station id, which bindings list
	Separators []string         `toml:"separators"`
	Kinds      []charge.LotKind `toml:"kinds"`
	FormID     int              `toml:"form_id"` // 5.14 plat_form_id
	Older      charge.Message   `toml:"older_message"`
	Mark       string           `toml:"mark"`
}

// GrantsPart is what the platform's bindings may grant, and what one without a rule does.
type GrantsPart struct {
	Kinds   []platform.GrantKind `toml:"kinds"`
	Default string               `toml:"default"` // as_pushed, charge_time, lot_decides; none: a binding must say it
}

// Unread is a field that the platform sends and the gateway does not need; the docs name it.
type Unread struct {
	Name    string `toml:"name"`
	English string `toml:"english"`
	Chinese string `toml:"chinese"`
	Unit    string `toml:"unit"`
	Mark    string `toml:"mark"`
}

// FromStation is the lot.from of a platform that knows no lot key: the field holds its own station id.
const FromStation = "station"

// FormOther is the plat_form_id of a platform that has no number of its own.
const FormOther = 14

// formIDs are the published numbers (kancloud.cn/bolink/newapi/2479828).
var formIDs = []int{1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, FormOther, 16, 20}

var (
	idForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)
	pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]*)*/[A-Za-z0-9._~-]+$`)
)

// Separators that vendors' and parks' numbers never hold, but for '-', which is the last resort.
var separators = []string{"&&", ",", "-", "/", "|", "_"}

var (
	evidences = []platform.Evidence{platform.EvidenceDocumented, platform.EvidenceObserved, platform.EvidenceInferred,
		platform.EvidenceAssumed}
	lotKinds   = []charge.LotKind{charge.KindSDK, charge.KindAPI, charge.Kind4G}
	grantKinds = []platform.GrantKind{platform.GrantTime, platform.GrantAmount, platform.GrantFree,
		platform.GrantFixedTime, platform.GrantFixedAmount, platform.GrantFixedFree, platform.GrantLotDecides}
)

const (
	defaultNone = "none"
	marksText   = "D, C, I, U or OD"
)

var marks = []string{"D", "C", "I", "U", "OD"}

// Check refuses a head that says something impossible or leaves out what must be said. Errors name file, line
// and key.
func (h *Head) Check(f *File, family string, own bool) error {
	if h.Family != family {
		return f.Errorf("family", "must be %q here", family)
	}
	if err := h.checkAbout(f, own); err != nil {
		return err
	}
	if err := h.checkLot(f, own); err != nil {
		return err
	}
	for _, check := range []func(*File) error{h.checkPaths, h.checkGrants, h.checkFields, h.checkReduction, h.checkRepeat,
		h.checkReply} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

// CheckParts refuses an impossible head of a family that brings its own table of fields and its own answers:
// Fields holds the whole table, Reduction, Repeat and Reply are the family's affair. A head without lot.field and
// lot.separators is one whose lots are found otherwise.
func (h *Head) CheckParts(f *File, family string, own bool) error {
	if h.Family != family {
		return f.Errorf("family", "must be %q here", family)
	}
	if err := h.checkAbout(f, own); err != nil {
		return err
	}
	lot := *h
	if h.Lot.Field == "" && len(h.Lot.Separators) == 0 {
		lot.Lot.Field, lot.Lot.Separators = "-", separators[:1]
	}
	if err := lot.checkLot(f, own); err != nil {
		return err
	}
	h.Lot.FormID = lot.Lot.FormID
	for _, check := range []func(*File) error{h.checkPaths, h.checkGrants, h.checkFields} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

func (h *Head) checkAbout(f *File, own bool) error {
	switch {
	case !idForm.MatchString(h.ID):
		return f.Errorf("id", "%q: an id is 2 to 32 small letters, digits and '-', a letter first", h.ID)
	case strings.TrimSpace(h.About.Title) == "":
		return f.Errorf("about.title", "is missing")
	case own && h.About.Number != 0:
		return f.Errorf("about.number", "only built-in platforms have one")
	}
	if h.About.English == "" {
		h.About.English = h.About.Title
	}
	return OneOf(f, "about.evidence", h.About.Evidence, evidences)
}

func (h *Head) checkPaths(f *File) error {
	if len(h.Paths.Charge) == 0 {
		return f.Errorf("paths.charge", "names no path")
	}
	for _, p := range slices.Concat(h.Paths.Charge, h.Paths.Inquiry) {
		if !pathForm.MatchString(p) || len(p) > 200 {
			return f.Errorf("paths", "%q: a path starts with '/', ends without one, and has letters, digits and . _ ~ - between",
				platform.Clip(p))
		}
		if slices.ContainsFunc(strings.Split(p, "/"),
			func(segment string) bool { return segment == "." || segment == ".." }) {
			return f.Errorf("paths", "%q: clients resolve . and .. before they send, so nothing would ever come in there",
				platform.Clip(p))
		}
	}
	return nil
}

func (h *Head) checkLot(f *File, own bool) error {
	switch {
	case h.Lot.Field == "":
		return f.Errorf("lot.field", "is missing: which field names the lot?")
	case h.Lot.From != "" && h.Lot.From != FromStation:
		return f.Errorf("lot.from", "%q is not %q: leave it out where the field holds vendor and park", h.Lot.From,
			FromStation)
	case h.Lot.From == FromStation && len(h.Lot.Separators) > 0:
		return f.Errorf("lot.separators", "has no use with lot.from = %q", FromStation)
	case h.Lot.From == FromStation && len(h.Paths.Inquiry) > 0:
		return f.Errorf("lot.from", "%q cannot go with paths.inquiry: a question names no binding", FromStation)
	case len(h.Lot.Separators) == 0 && h.Lot.From == "":
		return f.Errorf("lot.separators", `is missing: what stands between vendor and park, such as ["&&"]?`)
	case len(h.Lot.Kinds) == 0:
		return f.Errorf("lot.kinds", "is missing: which of sdk, api, 4g?")
	}
	for _, s := range h.Lot.Separators {
		if err := OneOf(f, "lot.separators", s, separators); err != nil {
			return err
		}
	}
	for _, k := range h.Lot.Kinds {
		if err := OneOf(f, "lot.kinds", k, lotKinds); err != nil {
			return err
		}
	}
	hasAPI := slices.Contains(h.Lot.Kinds, charge.KindAPI)
	if own && hasAPI && h.Lot.FormID == 0 {
		h.Lot.FormID = FormOther
	}
	if h.Lot.Older != "" && h.Lot.Older != charge.Message336 {
		return f.Errorf("lot.older_message", "%q is none: only 3.36 is older than 3.25", h.Lot.Older)
	}
	if hasAPI || h.Lot.FormID != 0 {
		if err := OneOf(f, "lot.form_id", h.Lot.FormID, formIDs); err != nil {
			return err
		}
	}
	return oneMark(f, "lot.mark", h.Lot.Mark)
}

func (h *Head) checkGrants(f *File) error {
	kinds := h.Grants.Kinds
	if len(kinds) == 0 {
		return f.Errorf("grants.kinds", "is missing: which of %s?", list(grantKinds))
	}
	for _, k := range kinds {
		if err := OneOf(f, "grants.kinds", k, grantKinds); err != nil {
			return err
		}
	}
	if len(kinds) == 1 && kinds[0] == platform.GrantLotDecides && slices.Contains(h.Lot.Kinds, charge.Kind4G) {
		return f.Errorf("lot.kinds", "a 4g lot cannot decide, and this platform grants nothing else")
	}
	choices := []string{string(charge.GrantAsPushed), string(charge.GrantChargeTime), string(charge.GrantLotDecides),
		defaultNone}
	if err := OneOf(f, "grants.default", h.Grants.Default, choices); err != nil {
		return err
	}
	if h.Grants.Default == string(charge.GrantLotDecides) && !slices.Contains(kinds, platform.GrantLotDecides) ||
		h.Grants.Default == string(charge.GrantChargeTime) && !slices.Contains(kinds, platform.GrantTime) {
		return f.Errorf("grants.default", "%s is not among grants.kinds", h.Grants.Default)
	}
	return nil
}

func (h *Head) checkFields(f *File) error {
	for _, role := range slices.Sorted(maps.Keys(h.Fields)) {
		key, column := "fields."+string(role), h.Fields[role]
		i := slices.IndexFunc(roles[:], func(r roleInfo) bool { return r.role == role })
		if i < 0 {
			return f.Errorf(key, "is no field that we know; there are %s", roleNames())
		}
		if len(column.Names) == 0 || slices.ContainsFunc(column.Names,
			func(n string) bool { return strings.TrimSpace(n) != n || n == "" }) {
			return f.Errorf(key+".names", "is missing or holds an empty name")
		}
		if err := checkUnit(f, key+".unit", column.Unit, roles[i].units); err != nil {
			return err
		}
		if err := oneMark(f, key+".mark", column.Mark); err != nil {
			return err
		}
	}
	if _, ok := h.Fields[RolePlate]; !ok {
		return f.Errorf("fields.plate", "is missing")
	}
	plate := h.Fields[RolePlate]
	plate.Required = true
	h.Fields[RolePlate] = plate
	return nil
}

// checkUnit wants a unit where there is something to measure and none elsewhere.
func checkUnit(f *File, key string, unit Unit, fitting []Unit) error {
	switch {
	case len(fitting) == 0 && unit != "":
		return f.Errorf(key, "a text has no unit")
	case len(fitting) > 0 && unit == "":
		return f.Errorf(key, "is missing: say which of %s", list(fitting))
	case len(fitting) > 0:
		return OneOf(f, key, unit, fitting)
	}
	return nil
}

func (h *Head) checkReduction(f *File) error {
	a := h.Reduction
	if err := OneOf(f, "reduction.otherwise", a.Otherwise, askKinds); err != nil {
		return err
	}
	_, hasMethod := h.Fields[RoleMethod]
	if hasMethod != (len(a.By) > 0) {
		return f.Errorf("reduction.by", "and fields.method go together: one without the other says nothing")
	}
	kinds := []AskKind{a.Otherwise}
	for _, value := range slices.Sorted(maps.Keys(a.By)) {
		if err := OneOf(f, "reduction.by."+value, a.By[value], askKinds); err != nil {
			return err
		}
		kinds = append(kinds, a.By[value])
	}
	_, hasMinutes := h.Fields[RoleMinutes]
	_, hasAmount := h.Fields[RoleAmount]
	switch {
	case slices.Contains(kinds, AskTime) && !hasMinutes:
		return f.Errorf("fields.minutes", "is missing, and the reduction may be a time")
	case slices.Contains(kinds, AskAmount) && !hasAmount:
		return f.Errorf("fields.amount", "is missing, and the reduction may be an amount")
	case slices.Contains(kinds, AskNamed) && !hasMinutes && !hasAmount:
		return f.Errorf("fields", "has neither minutes nor amount, and the push names the reduction")
	}
	return nil
}

func (h *Head) checkRepeat(f *File) error {
	if len(h.Repeat) == 0 {
		return f.Errorf("repeat",
			`is missing: how is a repeated push known, such as [["order"], ["lot", "plate", "start", "end"]]?`)
	}
	for _, tuple := range h.Repeat {
		if len(tuple) == 0 {
			return f.Errorf("repeat", "holds an empty tuple")
		}
		if err := h.checkTuple(f, tuple); err != nil {
			return err
		}
	}
	return nil
}

func (h *Head) checkTuple(f *File, tuple []string) error {
	byField := []string{string(RoleOrder), string(RolePlate), string(RoleStart), string(RoleEnd)}
	pseudo := []string{memberLot, memberAsked, memberVisit}
	for _, member := range tuple {
		if err := OneOf(f, "repeat", member, append(pseudo, byField...)); err != nil {
			return err
		}
		if _, ok := h.Fields[Role(member)]; !ok && slices.Contains(byField, member) {
			return f.Errorf("repeat", "%q is not among fields", member)
		}
	}
	if !slices.Contains(tuple, string(RoleOrder)) &&
		!(slices.Contains(tuple, memberLot) && slices.Contains(tuple, string(RolePlate)) && len(tuple) > 2) {
		return f.Errorf("repeat", "%s does not tell two charges apart: take the order, or lot, plate and more",
			strings.Join(tuple, ", "))
	}
	return nil
}

func (h *Head) checkReply(f *File) error {
	if len(h.Reply) == 0 {
		return f.Errorf("reply", "is missing: what is answered?")
	}
	for i := range h.Reply {
		if err := h.Reply[i].check(f, len(h.Paths.Inquiry) > 0); err != nil {
			return err
		}
		if h.Reply[i].Plain && len(h.Reply) > 1 {
			return f.Errorf("reply.plain", "a text alone is the whole answer: take the other shapes away")
		}
	}
	return nil
}

// Info is the part of a dialect's description that the head holds.
func (h *Head) Info(own bool) platform.Info {
	info := platform.Info{ID: h.ID, Number: h.About.Number, Title: h.About.Title, English: h.About.English,
		Family:   h.Family,
		LotField: h.Lot.Field, ByStation: h.Lot.From == FromStation, Separators: h.Lot.Separators, Kinds: h.Lot.Kinds,
		Grants: h.Grants.Kinds, FormID: h.Lot.FormID, OlderMessage: h.Lot.Older,
		Default: h.defaultRule(), Issuer: platform.IssuerAccount, Evidence: h.About.Evidence, Spec: h.About.Spec,
		Notes: slices.Clone(h.About.Notes), OwnProfile: own}
	h.Reduction.Describe(h.Fields, &info)
	table := h.Table()
	info.Undated, info.UnitUnknown = table.Undated(), table.UnitUnknown()
	for _, p := range h.Paths.Charge {
		info.Routes = append(info.Routes, platform.Route{Path: p, Kind: platform.RouteCharge})
	}
	for _, p := range h.Paths.Inquiry {
		info.Routes = append(info.Routes, platform.Route{Path: p, Kind: platform.RouteInquiry})
	}
	info.Fields = append(info.Fields, h.Lot.FieldInfo())
	info.Fields = append(info.Fields, h.Fields.FieldInfos()...)
	for _, u := range h.Unread {
		info.Fields = append(info.Fields,
			platform.FieldInfo{Name: u.Name, Meaning: u.English + " (not used)", Chinese: u.Chinese + "（未使用）", Unit: u.Unit,
				Mark: u.Mark})
	}
	return info
}

// Table is the head's table of fields; extra are those that the family reads beside it.
func (h *Head) Table(extra ...string) Table {
	return NewTable(h.Fields, h.Reduction, h.Repeat, extra...)
}

func (h *Head) defaultRule() *charge.Rule {
	if h.Grants.Default == defaultNone {
		return nil
	}
	return DefaultRule(charge.Grant(h.Grants.Default))
}

// DefaultRule is what a binding without a rule takes: the grant, the best single charge of a stay, in the stay
// of the lot that the push names, waiting for it as long as lots usually need.
func DefaultRule(g charge.Grant) *charge.Rule {
	return &charge.Rule{Grant: g, Combine: charge.CombineBest, HoldSeconds: int64(charge.DefaultHold.Seconds()),
		Target: charge.TargetStay}
}

// Stations are the ids that find the lot of a push whose field holds a station.
func (h *Head) Stations(text string) []string {
	if h.Lot.From != FromStation {
		return nil
	}
	return []string{text}
}

// ReadLot reads a lot key; the error is a *Refusal. A station's is the zero lot.
func (h *Head) ReadLot(text string) (charge.LotID, error) {
	if text == "" {
		return charge.LotID{}, Missing(platform.StepLot, h.Lot.Field)
	}
	if h.Lot.From == FromStation {
		return charge.LotID{}, nil // a binding that lists the station finds it
	}
	lot, err := charge.SplitLot(text, h.Lot.Separators...)
	if err != nil {
		return charge.LotID{}, Unreadable(platform.StepLot, h.Lot.Field, err)
	}
	return lot, nil
}

// OneOf wants a value from a closed list; the error names them all.
func OneOf[T comparable](f *File, key string, value T, from []T) error {
	if slices.Contains(from, value) {
		return nil
	}
	var zero T
	if value == zero {
		return f.Errorf(key, "is missing: say which of %s", list(from))
	}
	return f.Errorf(key, "%v is none of %s", value, list(from))
}

func oneMark(f *File, key, mark string) error {
	if mark == "" || slices.Contains(marks, mark) {
		return nil
	}
	return f.Errorf(key, "%q is no mark; there are %s", mark, marksText)
}

func list[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func roleNames() string {
	names := make([]Role, len(roles))
	for i, r := range roles {
		names[i] = r.role
	}
	return list(names)
}
