package play

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// CertifyConfig says what is examined. Fields that are empty make the checks that need them skipped, and the
// sheet says so.
type CertifyConfig struct {
	// The gateway, when it is the one under test.
	HTTP       string
	Line       string
	Admin      string // with AdminToken: what became of each push is looked at, too
	AdminToken string

	Platform  string // whose pushes drive the checks of a lot; the target itself where that is a platform
	Keys      Keys
	PathToken string
	Charger   string // 奥特迅
	Lot       charge.LotID
	Kind      charge.LotKind // of Lot
	Ckey      string         // with it an SDK or 4G lot is played
	Ukey      string         // with it an API lot is played, or a partner's is called
	Listen    string         // where the played API lot hears 5.14, or where a partner logs in or calls

	// Theirs examines the partner: their callback (api), their software on a line of ours (sdk), their pushes
	// (a platform) or their gate, which call the gateway through us.
	Theirs  bool
	Against string       // the partner's callback address; the gateway's, where the partner calls it through us
	Plate   charge.Plate // a car that stands in the partner's lot
	Desk    CouponDesk   // with target coupon: calls the partner's parking system
	Cloud   *CouponLot   // that system, where it is played: it is made to misbehave, too

	Patience time.Duration // longest wait of one check; 0 is 45 s
	Progress func(Check)   // is called with each check as it ends; may be nil
}

// Verdict is what a check came to.
type Verdict string

// Verdicts.
const (
	Passed  Verdict = "pass"
	Failed  Verdict = "FAIL"
	Skipped Verdict = "skip"
)

// Check is one line of a pass sheet.
type Check struct {
	Name    string        `json:"name"`
	Verdict Verdict       `json:"verdict"`
	Detail  string        `json:"detail"` // what was seen, or why it was skipped
	Took    time.Duration `json:"took_ns"`
}

// Sheet is a pass sheet.
type Sheet struct {
	Target  string    `json:"target"`
	Against string    `json:"against"`
	At      time.Time `json:"at"`
	Checks  []Check   `json:"checks"`
}

// OK reports whether nothing failed and something passed.
func (s Sheet) OK() bool {
	passed := false
	for _, c := range s.Checks {
		if c.Verdict == Failed {
			return false
		}
		passed = passed || c.Verdict == Passed
	}
	return passed
}

// ErrWrongUse says that there is no such checklist, or that something is missing which it needs. Its own text is
// empty: the rest of the error says it.
var ErrWrongUse = errors.New("")

// Targets lists what can be examined besides the platforms.
var Targets = []string{"sdk", "api", "gate", "coupon"}

// Certify runs the checklist of a joint test: a platform id examines how the gateway takes that platform's
// pushes; sdk, api and gate how it serves a lot of the kind, or with Theirs how the partner's lot behaves.
func Certify(ctx context.Context, target string, cfg CertifyConfig) (Sheet, error) {
	if cfg.Patience == 0 {
		cfg.Patience = 45 * time.Second
	}
	if cfg.AdminToken == "" {
		cfg.Admin = ""
	}
	x := &exam{cfg: cfg, sheet: Sheet{Target: target, Against: cfg.HTTP, At: time.Now()}, rand: newRand()}
	run, err := x.script(target)
	if err != nil {
		return Sheet{}, fmt.Errorf("%w%w", ErrWrongUse, err)
	}
	if err := run(ctx); err != nil {
		return x.sheet, err
	}
	return x.sheet, context.Cause(ctx)
}

// script chooses the checklist and says what it cannot do without.
func (x *exam) script(target string) (func(context.Context) error, error) {
	cfg := &x.cfg
	switch {
	case slices.Contains(Platforms(), target) && cfg.Theirs:
		cfg.Platform = target
		return x.theirPlatform, cfg.needs("an address to listen at", cfg.Listen, "the gateway's public address", cfg.Against)
	case target == "gate" && cfg.Theirs:
		return x.theirGate, cfg.needs("an address to listen at", cfg.Listen, "the gateway's public address", cfg.Against)
	case slices.Contains(Platforms(), target):
		cfg.Platform = target
		return x.platform, cfg.needs("a public address of the gateway", cfg.HTTP, "a lot", cfg.Lot.String())
	case !slices.Contains(Targets, target):
		return nil, fmt.Errorf("nothing to certify is called %q; there are %s and the platforms %s", target,
			strings.Join(Targets, ", "), strings.Join(Platforms(), ", "))
	case target == "api" && cfg.Theirs:
		x.sheet.Against = cfg.Against
		return x.theirCallback, cfg.needs("the partner's callback address", cfg.Against, "a lot", cfg.Lot.String(),
			"the vendor's key", cfg.Ukey, "the plate of a car inside", cfg.Plate.Full())
	case target == "coupon" && cfg.Desk != nil:
		x.sheet.Against = cfg.Against
		return x.theirCoupon, cfg.needs("the plate of a car inside", cfg.Plate.Full())
	case target == "coupon":
		return nil, errors.New("coupon examines a parking system: name it by --as, or its profile by --profile")
	case target == "sdk" && cfg.Theirs:
		x.sheet.Against = cfg.Listen
		return x.theirLine, cfg.needs("an address to listen at", cfg.Listen, "a lot", cfg.Lot.String(),
			"the lot's key", cfg.Ckey, "the plate of a car that will be let in", cfg.Plate.Full())
	}
	kinds := map[string]charge.LotKind{"sdk": charge.KindSDK, "api": charge.KindAPI, "gate": charge.Kind4G}
	cfg.Kind = kinds[target]
	key := cfg.Ckey
	if cfg.Kind == charge.KindAPI {
		key = cfg.Ukey
	}
	return x.lot, cfg.needs("a public address of the gateway", cfg.HTTP, "a lot", cfg.Lot.String(),
		"the lot's key (the vendor's for api)", key,
		"a platform whose pushes drive the checks", cfg.Platform)
}

// needs reports the first thing that is missing; pairs of what and value.
func (c CertifyConfig) needs(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("the checklist needs %s", pairs[i])
		}
	}
	return nil
}

// skip is why a check was not made.
type skip string

func (s skip) Error() string { return string(s) }

// check makes one check: its text is what was seen, its error what was wrong, or a skip.
func (x *exam) check(ctx context.Context, name string, do func(context.Context) (string, error)) bool {
	ctx, cancel := context.WithTimeout(ctx, x.cfg.Patience)
	defer cancel()
	start := time.Now()
	detail, err := do(ctx)
	c := Check{Name: name, Verdict: Passed, Detail: detail, Took: time.Since(start)}
	var why skip
	switch {
	case errors.As(err, &why):
		c.Verdict, c.Detail = Skipped, string(why)
	case err != nil:
		c.Verdict, c.Detail = Failed, err.Error()
	}
	x.sheet.Checks = append(x.sheet.Checks, c)
	if x.cfg.Progress != nil {
		x.cfg.Progress(c)
	}
	return c.Verdict == Passed
}

// Text writes the sheet for a terminal.
func (s Sheet) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Pass sheet: %s, against %s, %s\n\n", s.Target, s.Against,
		s.At.In(charge.Shanghai).Format(time.DateTime))
	count := map[Verdict]int{}
	width := 0
	for _, c := range s.Checks {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	for _, c := range s.Checks {
		count[c.Verdict]++
		fmt.Fprintf(&b, "%-4s  %-*s  %s\n", c.Verdict, width, c.Name, c.Detail)
	}
	fmt.Fprintf(&b, "\n%d passed, %d failed, %d skipped\n", count[Passed], count[Failed], count[Skipped])
	_, err := io.WriteString(w, b.String())
	return err
}

// HTML writes the sheet as one page that needs nothing else.
func (s Sheet) HTML(w io.Writer) error {
	page, err := template.New("sheet").Funcs(template.FuncMap{
		"local": func(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateTime) },
		"ms":    func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) },
	}).Parse(sheetPage)
	if err != nil {
		return err
	}
	return page.Execute(w, s)
}

const sheetPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pass sheet: {{.Target}}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
.pass{color:#0a6b2d}.FAIL{color:#a30d11;font-weight:600}.skip{color:#666}
td:last-child{white-space:nowrap;text-align:right}
</style>
<h1>{{.Target}}: {{if .OK}}passed{{else}}not passed{{end}}</h1>
<p>Against {{.Against}}, {{local .At}} (+08:00).</p>
<table><tr><th>Result</th><th>Check</th><th>Seen</th><th>Took</th></tr>
{{range .Checks}}<tr><td class="{{.Verdict}}">{{.Verdict}}</td><td>{{.Name}}</td><td>{{.Detail}}</td>
<td>{{ms .Took}}</td></tr>
{{end}}</table></html>
`
