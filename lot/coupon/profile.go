package coupon

import (
	"cmp"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// Profile describes a target. Every choice in it comes from a closed list.
type Profile struct {
	Family  string                   `toml:"family"`
	ID      string                   `toml:"id"`
	About   About                    `toml:"about"`
	Address string                   `toml:"address"` // the published one; a lot may name another. Empty: a lot must
	Keys    []Key                    `toml:"keys"`
	Methods map[charge.Method]Method `toml:"methods"`
	Repeat  Repeat                   `toml:"repeat"`
	Token   *Token                   `toml:"token"`
	Lookup  *Call                    `toml:"lookup"`
	Give    Call                     `toml:"give"`
	Revoke  *Call                    `toml:"revoke"`
	Price   *Price                   `toml:"price"`
	Trial   *Price                   `toml:"trial"` // what a coupon that is not given would leave of the price
	Hears   *Hears                   `toml:"hears"`
}

// About is for people.
type About struct {
	Title    string   `toml:"title"`
	English  string   `toml:"english"`
	Evidence string   `toml:"evidence"` // documented, observed, inferred or assumed
	Spec     []string `toml:"spec"`
	Notes    []string `toml:"notes"`
	Chinese  []string `toml:"chinese"` // the notes in Chinese, one for one; an operator's own profile may leave them out
}

// Key is one key that a lot of the target holds.
type Key struct {
	Name     string `toml:"name"`
	English  string `toml:"english"`
	Chinese  string `toml:"chinese"`
	Public   bool   `toml:"public"`   // no secret: a number or name that may be shown
	Optional bool   `toml:"optional"` // a lot may be without it
	Default  string `toml:"default"`
}

// Method is one way to reduce that the target takes.
type Method struct {
	Type  string `toml:"type"`  // what the field of source "type" says
	Unit  Unit   `toml:"unit"`  // of the field of source "value"
	Value string `toml:"value"` // the same where it does not depend on the grant
	Needs string `toml:"needs"` // a key without which this method cannot be used
	Mark  string `toml:"mark"`
}

// Repeat says whether the same request may be sent again after a silence.
type Repeat struct {
	Safe bool   `toml:"safe"`
	By   string `toml:"by"` // the field of the give call by which the target knows a repeat
	Mark string `toml:"mark"`
}

// Token is how an access token is fetched and used.
type Token struct {
	Call
	Path    string `toml:"take"`    // where the token stands in the answer
	Minutes int64  `toml:"minutes"` // how long it is used before it is fetched anew
	Header  string `toml:"in_header"`
	// Refused are the codes of a give call's answer that say the token is no longer good; HTTP 401 always does.
	Refused []string `toml:"refused"`
}

// Call is one request and what its answers mean.
type Call struct {
	Path    string            `toml:"path"` // behind the address
	Form    Form              `toml:"form"`
	Headers map[string]string `toml:"headers"`
	Sign    *Sign             `toml:"sign"`
	Members map[string]Shape  `toml:"members"` // how a member that holds others is written; an object where not named
	Fields  []Row             `toml:"fields"`
	Answer  Answer            `toml:"answer"`
}

// Row is one field of a request.
type Row struct {
	Name     string          `toml:"name"` // "plate", "data.plate"; "$key" in it stands for a key's value
	From     Source          `toml:"from"`
	Text     string          `toml:"text"` // a constant, in place of From
	As       Unit            `toml:"as"`   // of a time or an amount of money
	Number   bool            `toml:"number"`
	Only     []charge.Method `toml:"only"`     // methods for which the field is sent; all where empty
	Unsigned bool            `toml:"unsigned"` // left out of the signature
	Optional bool            `toml:"optional"` // left out where there is nothing to say
	// Otherwise is sent where there is nothing to say, by targets that want the field filled.
	Otherwise string `toml:"otherwise"`
	English   string `toml:"english"`
	Chinese   string `toml:"chinese"`
	Mark      string `toml:"mark"`
}

// Sign is how a request is signed.
type Sign struct {
	Recipe Recipe `toml:"recipe"`
	Key    string `toml:"key"`   // the name of the key that signs
	Field  string `toml:"field"` // where the signature goes; "sign" where empty
}

// Answer says what the target's answers mean.
type Answer struct {
	Bare     bool              `toml:"bare"` // of a token: the answer has no code, and the token alone says yes
	Code     []string          `toml:"code"` // members whose values, joined with "/", are the code
	Text     string            `toml:"text"` // the target's own words
	Taken    []string          `toml:"taken"`
	Repeated []string          `toml:"repeated"`
	Later    []string          `toml:"later"`
	Again    []string          `toml:"again"` // neither yes nor no: the same is sent again, where a repeat is safe
	Refused  map[string]Why    `toml:"refused"`
	Echo     map[string]Source `toml:"echo"` // members that must say what we said, where they are there
	// of a lookup: names and where they stand, the first that is there of "a|b"
	Found   map[string]string `toml:"found"`
	Missing Why               `toml:"missing"` // of a lookup whose answer lacks one of Found

	ours map[string]Source // how the request names its coupon and its car
}

// Price is the call that asks what a stay costs now.
type Price struct {
	Call
	Total string `toml:"total"` // where the answer says it, in yuan
	Due   string `toml:"due"`
	Off   string `toml:"off"`
	Since string `toml:"since"` // when the car came in
}

// Hears is how the target reports entries and exits, a form that is built in.
type Hears struct {
	Form string `toml:"form"`
	Key  string `toml:"key"` // the name of the key that stands at the end of the address: nothing else proves the sender
	Mark string `toml:"mark"`
}

// Form is how the fields of a request are written.
type Form string

// Forms.
const (
	FormJSON  Form = "json"
	FormForm  Form = "form"
	FormQuery Form = "query"
)

// Shape is how a member that holds others is written.
type Shape string

// Shapes.
const (
	ShapeObject   Shape = "object"
	ShapeText     Shape = "text"      // the object's JSON as a text
	ShapeListText Shape = "list_text" // a list of the one object, its JSON as a text
)

// Why is the reason of a refusal.
type Why string

// Reasons of refusals.
const (
	WhyNotInside     Why = "not_inside"
	WhyLeft          Why = "left"
	WhyLimited       Why = "limited"
	WhyNotConfigured Why = "not_configured"
	WhyBadRequest    Why = "bad_request"
	WhyOther         Why = "other"
)

var (
	forms     = []Form{FormJSON, FormForm, FormQuery}
	shapes    = []Shape{ShapeObject, ShapeText, ShapeListText}
	whys      = []Why{WhyNotInside, WhyLeft, WhyLimited, WhyNotConfigured, WhyBadRequest, WhyOther}
	methods   = []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree, charge.MethodLotDecides}
	evidences = []string{"documented", "observed", "inferred", "assumed"}
	marks     = []string{"D", "C", "I", "U"}
	hearForms = []string{hearsQcyuns}
)

var (
	idForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,31}$`)
	keyForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	pathForm  = regexp.MustCompile(`^$|^(/[A-Za-z0-9._~-]+)+$`)
	fieldForm = regexp.MustCompile(`^(\$?[A-Za-z0-9_-]+)(\.\$?[A-Za-z0-9_-]+){0,3}$`)
)

func load(r io.Reader, name string) (*Target, error) {
	t := &Target{}
	f, err := profile.Read(r, name, &t.Profile)
	if err != nil {
		return nil, err
	}
	return t, t.check(f)
}

// check refuses a profile that says something impossible or leaves out what must be said.
func (p *Profile) check(f *profile.File) error {
	for _, check := range []func(*profile.File) error{p.checkAbout, p.checkKeys, p.checkMethods, p.checkCalls,
		p.checkRepeat} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *Profile) checkAbout(f *profile.File) error {
	switch {
	case p.Family != Family:
		return f.Errorf("family", "must be %q here", Family)
	case !idForm.MatchString(p.ID):
		return f.Errorf("id", "%q: an id is 2 to 32 small letters, digits and '-'", p.ID)
	case strings.TrimSpace(p.About.Title) == "":
		return f.Errorf("about.title", "is missing")
	case p.Address != "" && !strings.HasPrefix(p.Address, "https://") && !strings.HasPrefix(p.Address, "http://"):
		return f.Errorf("address", "begins with https:// or http://")
	case len(p.About.Chinese) > 0 && len(p.About.Chinese) != len(p.About.Notes):
		return f.Errorf("about.chinese", "has %d notes, and about.notes has %d", len(p.About.Chinese), len(p.About.Notes))
	case strings.HasSuffix(p.Address, "/"):
		return f.Errorf("address", "ends without '/'")
	}
	p.About.English = cmp.Or(p.About.English, p.About.Title)
	return profile.OneOf(f, "about.evidence", p.About.Evidence, evidences)
}

func (p *Profile) checkKeys(f *profile.File) error {
	had := map[string]bool{}
	for _, k := range p.Keys {
		switch {
		case !keyForm.MatchString(k.Name):
			return f.Errorf("keys", "%q: a key's name is small letters, digits and '_', a letter first", k.Name)
		case had[k.Name]:
			return f.Errorf("keys", "%q stands twice", k.Name)
		case k.English == "" || k.Chinese == "":
			return f.Errorf("keys", "%s: english and chinese say what it is", k.Name)
		case k.Default != "" && !k.Public:
			return f.Errorf("keys", "%s: a secret has no default", k.Name)
		}
		had[k.Name] = true
	}
	return nil
}

func (p *Profile) hasKey(name string) bool {
	return slices.ContainsFunc(p.Keys, func(k Key) bool { return k.Name == name })
}

func (p *Profile) checkMethods(f *profile.File) error {
	if len(p.Methods) == 0 {
		return f.Errorf("methods", "is missing: which of time, amount, free, lot_decides does it take?")
	}
	for _, m := range slices.Sorted(maps.Keys(p.Methods)) {
		at, method := "methods."+string(m), p.Methods[m]
		if err := profile.OneOf(f, "methods", m, methods); err != nil {
			return err
		}
		fitting := map[charge.Method][]Unit{charge.MethodTime: {UnitMinutes, UnitSeconds, UnitHours},
			charge.MethodAmount: {UnitFen, UnitYuan}}[m]
		switch {
		case len(fitting) > 0:
			if err := profile.OneOf(f, at+".unit", method.Unit, fitting); err != nil {
				return err
			}
		case method.Unit != "":
			return f.Errorf(at+".unit", "%s has no unit", m)
		}
		if method.Needs != "" && !p.hasKey(method.Needs) {
			return f.Errorf(at+".needs", "%q is no key of this target", method.Needs)
		}
		if err := oneMark(f, at+".mark", method.Mark); err != nil {
			return err
		}
	}
	return nil
}

func (p *Profile) checkCalls(f *profile.File) error {
	found := map[string]string{}
	if p.Lookup != nil {
		found = p.Lookup.Answer.Found
		if len(found) == 0 {
			return f.Errorf("lookup.answer.found", "is missing: what is looked up?")
		}
		if err := profile.OneOf(f, "lookup.answer.missing", p.Lookup.Answer.Missing, whys); err != nil {
			return err
		}
		if err := p.checkCall(f, "lookup", p.Lookup, nil); err != nil {
			return err
		}
	}
	if p.Token != nil {
		switch {
		case p.Token.Path == "":
			return f.Errorf("token.take", "is missing: where does the token stand in the answer?")
		case p.Token.Header == "":
			return f.Errorf("token.in_header", "is missing: which header takes the token?")
		case p.Token.Minutes < 1:
			return f.Errorf("token.minutes", "is missing: how long is a token used?")
		}
		if err := p.checkCall(f, "token", &p.Token.Call, nil); err != nil {
			return err
		}
	}
	if err := p.checkCall(f, "give", &p.Give, found); err != nil {
		return err
	}
	if p.Revoke != nil {
		if err := p.checkCall(f, "revoke", p.Revoke, nil); err != nil {
			return err
		}
	}
	for at, price := range map[string]*Price{"price": p.Price, "trial": p.Trial} {
		if price == nil {
			continue
		}
		if price.Due == "" {
			return f.Errorf(at+".due", "is missing: where does the answer say what is due?")
		}
		if err := p.checkCall(f, at, &price.Call, nil); err != nil {
			return err
		}
	}
	if p.Hears != nil {
		if !p.hasKey(p.Hears.Key) {
			return f.Errorf("hears.key", "%q is no key of this target", p.Hears.Key)
		}
		return profile.OneOf(f, "hears.form", p.Hears.Form, hearForms)
	}
	return nil
}

func (p *Profile) checkCall(f *profile.File, at string, c *Call, found map[string]string) error {
	if !pathForm.MatchString(c.Path) {
		return f.Errorf(at+".path", "%q: a path begins with '/' and ends without one", c.Path)
	}
	if err := profile.OneOf(f, at+".form", c.Form, forms); err != nil {
		return err
	}
	if len(c.Fields) == 0 {
		return f.Errorf(at+".fields", "is missing: what is sent?")
	}
	for name, shape := range c.Members {
		if err := profile.OneOf(f, at+".members."+name, shape, shapes); err != nil {
			return err
		}
	}
	for i := range c.Fields {
		if err := p.checkRow(f, at+".fields", &c.Fields[i], found); err != nil {
			return err
		}
	}
	c.Answer.ours = ours(c.Fields)
	if s := c.Sign; s != nil {
		if err := profile.OneOf(f, at+".sign.recipe", s.Recipe, recipes); err != nil {
			return err
		}
		if !p.hasKey(s.Key) {
			return f.Errorf(at+".sign.key", "%q is no key of this target", s.Key)
		}
		s.Field = cmp.Or(s.Field, "sign")
	}
	return p.checkAnswer(f, at+".answer", &c.Answer)
}

func (p *Profile) checkRow(f *profile.File, at string, r *Row, found map[string]string) error {
	if !fieldForm.MatchString(r.Name) {
		return f.Errorf(at, "%q: a field's name is letters, digits, '_' and '-', members behind a '.'", r.Name)
	}
	for part := range strings.SplitSeq(r.Name, ".") {
		if key, is := strings.CutPrefix(part, "$"); is && !p.hasKey(key) {
			return f.Errorf(at, "%s: %q is no key of this target", r.Name, key)
		}
	}
	if (r.From == "") == (r.Text == "") {
		return f.Errorf(at, "%s: say either from, where its value comes from, or text, a constant", r.Name)
	}
	for _, m := range r.Only {
		if _, has := p.Methods[m]; !has {
			return f.Errorf(at, "%s: only: %q is none of the methods", r.Name, m)
		}
	}
	if err := oneMark(f, at, r.Mark); err != nil {
		return err
	}
	if r.From == "" {
		return nil
	}
	if key, is := strings.CutPrefix(string(r.From), "key:"); is {
		if !p.hasKey(key) {
			return f.Errorf(at, "%s: %q is no key of this target", r.Name, key)
		}
		return nil
	}
	if name, is := strings.CutPrefix(string(r.From), "found:"); is {
		if found[name] == "" {
			return f.Errorf(at, "%s: %q is nothing that the lookup finds", r.Name, name)
		}
		return nil
	}
	info, known := sources[r.From]
	if !known {
		return f.Errorf(at, "%s: from: %q is none of %s", r.Name, r.From, strings.Join(sourceNames(), ", "))
	}
	if len(info.units) == 0 {
		if r.As != "" {
			return f.Errorf(at, "%s: as: a text has no unit", r.Name)
		}
		return nil
	}
	return profile.OneOf(f, at, r.As, info.units)
}

func (p *Profile) checkAnswer(f *profile.File, at string, a *Answer) error {
	switch {
	case a.Bare && at == "token.answer":
		return nil
	case a.Bare:
		return f.Errorf(at+".bare", "only a token may come without a code")
	case len(a.Code) == 0:
		return f.Errorf(at+".code", "is missing: which member says yes or no?")
	case len(a.Taken) == 0:
		return f.Errorf(at+".taken", "is missing: which code is a yes?")
	}
	had := map[string]bool{}
	for _, code := range slices.Concat(a.Taken, a.Repeated, a.Later, a.Again, slices.Collect(maps.Keys(a.Refused))) {
		if had[code] {
			return f.Errorf(at, "the code %q stands twice", code)
		}
		had[code] = true
	}
	for code, why := range a.Refused {
		if err := profile.OneOf(f, at+".refused."+code, why, whys); err != nil {
			return err
		}
	}
	for member, from := range a.Echo {
		if from != "plate" && from != "uuid" && from != "park" {
			return f.Errorf(at+".echo", "%s: plate, park and uuid can be compared, not %q", member, from)
		}
	}
	return nil
}

// checkRepeat wants a repeat that is called safe to be known by our own id, which no other reduction has.
func (p *Profile) checkRepeat(f *profile.File) error {
	if err := oneMark(f, "repeat.mark", p.Repeat.Mark); err != nil {
		return err
	}
	if !p.Repeat.Safe {
		if p.Repeat.By != "" || len(p.Give.Answer.Repeated) > 0 || len(p.Give.Answer.Again) > 0 {
			return f.Errorf("repeat.safe",
				"is false, and repeat.by, give.answer.repeated or give.answer.again counts on a repeat")
		}
		return nil
	}
	if !slices.ContainsFunc(p.Give.Fields, func(r Row) bool { return r.Name == p.Repeat.By && r.From == "uuid" }) {
		return f.Errorf("repeat.by", "%q is no field of give.fields that comes from uuid: a target knows a repeat by our id",
			p.Repeat.By)
	}
	return nil
}

func oneMark(f *profile.File, at, mark string) error {
	if mark == "" || slices.Contains(marks, mark) {
		return nil
	}
	return f.Errorf(at, "%q is no mark; there are %s", mark, strings.Join(marks, ", "))
}
