package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/rules"
	"github.com/chargestamp/chargestamp/words"
)

// policyFile holds the published rules with their example stays, and what each must come to, worked out by hand.
const policyFile = "tools/docgen/policies.txt"

// policy is one published rule.
type policy struct {
	number  string
	place   string // and source
	says    [2]string
	yaml    string
	missing [2]string // empty where nothing is
	stays   []exampleStay
}

// exampleStay is a stay of one car in a 4G lot with its charges, and what must come of it.
type exampleStay struct {
	from, to time.Time
	charges  []*charge.Charge
	want     string
}

// policyTariff is what the example stays cost: 10.00 an hour by day, 2.00 at night.
var policyTariff = charge.Tariff{Periods: []charge.Period{
	{From: 8 * 60, To: 20 * 60, UnitMinutes: 60, UnitPrice: 1000},
	{From: 20 * 60, To: 8 * 60, UnitMinutes: 60, UnitPrice: 200}}}

// readPolicies reads policyFile: blocks of "key: value" lines, an empty line between them.
func readPolicies(file string) ([]policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []policy
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var p policy
		for line := range strings.SplitSeq(strings.TrimSpace(block), "\n") {
			key, value, found := strings.Cut(line, ": ")
			if strings.HasPrefix(line, "#") || line == "" {
				continue
			}
			if !found {
				return nil, fmt.Errorf("%s: %q is not a line of a policy", file, line)
			}
			if err := p.set(key, value); err != nil {
				return nil, fmt.Errorf("%s: policy %s: %w", file, p.number, err)
			}
		}
		if p.number != "" {
			all = append(all, p)
		}
	}
	return all, nil
}

func (p *policy) set(key, value string) (err error) {
	switch key {
	case "policy":
		p.number = value
	case "place":
		p.place = value
	case "zh":
		p.says[0] = value
	case "en":
		p.says[1] = value
	case "missing_zh":
		p.missing[0] = value
	case "missing_en":
		p.missing[1] = value
	case "rule":
		p.yaml = value
	case "stay":
		s := exampleStay{}
		times, rest, _ := strings.Cut(value, ";")
		if s.from, s.to, err = policySpan(times); err != nil {
			return err
		}
		charges, want, _ := strings.Cut(rest, "=>")
		s.want = strings.TrimSpace(want)
		for part := range strings.SplitSeq(charges, ";") {
			c, err := policyCharge(strings.Fields(part))
			if err != nil {
				return err
			}
			s.charges = append(s.charges, c)
		}
		p.stays = append(p.stays, s)
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

// policySpan reads "3 10:00-12:30": a day of March 2026 and two times; an end before its begin is the next day's.
func policySpan(text string) (from, to time.Time, err error) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return from, to, fmt.Errorf("%q is not a day with two times", text)
	}
	first, last, _ := strings.Cut(f[1], "-")
	if from, err = time.ParseInLocation("2006-01-2 15:04", "2026-03-"+f[0]+" "+first, charge.Shanghai); err != nil {
		return from, to, err
	}
	to, err = time.ParseInLocation("2006-01-2 15:04", "2026-03-"+f[0]+" "+last, charge.Shanghai)
	if to.Before(from) {
		to = to.AddDate(0, 0, 1)
	}
	return from, to, err
}

// policyCharge reads "3 10:00-12:00 kwh=20 fee=15.00 asks=60 at=B1 plate=京A1234临".
func policyCharge(f []string) (*charge.Charge, error) {
	if len(f) < 2 {
		return nil, fmt.Errorf("%q is not a charge", strings.Join(f, " "))
	}
	from, to, err := policySpan(f[0] + " " + f[1])
	c := &charge.Charge{Plate: "京AD06088", Lot: charge.LotID{Union: "200461", Park: "1315"}, StartedAt: from, EndedAt: to,
		Received: to}
	for _, word := range f[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "kwh":
			c.Energy, err = charge.ParseEnergy(value)
			c.HasEnergy = true
		case "fee":
			c.Total, err = charge.ParseFen(value)
			c.HasTotal = true
		case "asks":
			c.Ask.Method = charge.MethodTime
			_, err = fmt.Sscan(value, &c.Ask.Minutes)
		case "at":
			c.Detail.ConnectorID = value
		case "plate":
			c.Plate = charge.Plate(value)
		default:
			err = fmt.Errorf("unknown word %q", word)
		}
	}
	return c, err
}

// policyRule reads a rule as it stands in an estate file.
func policyRule(yaml string) (charge.Rule, error) {
	const lot = `{lot: "200461/1315", kind: 4g, ckey: "0123456789abcdef", tariff: {unit_minutes: 60, unit_price: "10.00"}}`
	doc, err := estate.Parse("rule", []byte("version: 1\nvendors: [{union_id: \"200461\"}]\nlots:\n  - "+lot+
		"\naccounts: [{account: a, platform: any}]\nbindings:\n  - account: a\n    lot: "+
		"\"200461/1315\"\n    rule: "+yaml+"\n"), nil, nil)
	if err != nil {
		return charge.Rule{}, err
	}
	can := estate.Platform{ID: "any", Kinds: []charge.LotKind{charge.Kind4G}, Grants: []string{"time", "amount", "free"},
		Issuer: "account"}
	s, _, err := (&estate.Catalog{Platforms: map[string]estate.Platform{"any": can}}).Merge(nil, doc)
	if err != nil {
		return charge.Rule{}, err
	}
	b, _ := s.Binding("a", charge.LotID{Union: "200461", Park: "1315"})
	return b.Rules[0], nil
}

// play decides the stays of a policy one after the other, and says what comes of each.
func (p *policy) play() ([]string, error) {
	rule, err := policyRule(p.yaml)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.number, err)
	}
	var out []string
	var past []charge.Past
	id := int64(0)
	for _, s := range p.stays {
		var granted []charge.Granted
		var said []string
		last := s.charges[len(s.charges)-1].At()
		for i := range past {
			past[i].Same = false
		}
		for _, c := range s.charges {
			id++
			c.ID = id
			d := rules.Decide(rules.Input{Charge: c, Rule: rule, Priced: true, Granted: granted, Past: slices.Clone(past),
				Stay: &charge.Stay{ID: 1}, Now: c.EndedAt})
			if d.State != charge.StateSending {
				said = append(said, string(d.Reason))
				continue
			}
			said = append(said, words.Grants(words.English, d.Reduction))
			g := charge.Granted{Charge: id, Reduction: d.Reduction, Combine: rule.Combine, At: c.EndedAt,
				LeaveBy: rule.LeaveBy(last)}
			if rule.Takes == charge.TakesCharge {
				g.ChargeFrom = c.StartedAt
			}
			granted = append(granted, g)
			past = append(past, charge.Past{Charge: id, Lot: c.Lot, Ended: c.At(), Same: true, Reduction: d.Reduction})
		}
		settled := ledger.Settle(&policyTariff, &charge.Stay{Entered: s.from}, granted, s.to)
		out = append(out, fmt.Sprintf("%s; %s of %s off", strings.Join(said, ", "), settled.DerateMoney, settled.Total))
	}
	return out, nil
}

// spanText prints a day of March with two times.
func spanText(from, to time.Time) string {
	return from.Format("2 15:04–") + to.Format("15:04")
}

// chargeText prints a charge with what its rule may look at.
func chargeText(c *charge.Charge) string {
	text := c.StartedAt.Format("15:04–") + c.EndedAt.Format("15:04")
	if c.HasEnergy {
		text += ", " + c.Energy.String() + " kWh"
	}
	if c.HasTotal {
		text += ", " + c.Total.String() + " 元"
	}
	if c.Ask.Minutes > 0 {
		text += fmt.Sprintf(", asks %d min", c.Ask.Minutes)
	}
	if c.Detail.ConnectorID != "" {
		text += ", " + c.Detail.ConnectorID
	}
	if c.Plate.Temporary() {
		text += ", 临 temporary plate"
	}
	return text
}

// policyPage prints docs/policies.md.
func policyPage(out files) error {
	all, err := readPolicies(policyFile)
	if err != nil {
		return err
	}
	p := newPage("哪条政策写哪条规则 · Which rule for which policy", policyFile)
	p.para("各地公开的“充电减免停车费”规定，怎样写成对接的规则，以及在三次停车上会得到什么。例子都是 4G 车场，白天（08–20 点）每小时 10.00 元，夜间每小时 2.00 元；下面的结果由测试逐条算出。",
		"Published rules on charging and parking, how each is written as a binding's rule, "+
			"and what it does in three stays. The examples are 4G lots at 10.00 yuan an hour by day (08:00 to 20:00) and 2.00 "+
			"at night; a test works out every line below. Fields are explained in [the estate file](estate.md).")
	p.para("`takes: charge` 和 `leave_within` 只用于由网关计费的 4G 车场；在 SDK 和 API 车场，减去哪段时间由车场决定，把这两项去掉即可。",
		"`takes: charge` and `leave_within` are for 4G lots, which the gateway prices; "+
			"SDK and API lots choose themselves which minutes they take off: leave the two out there.")
	exact := 0
	for i := range all {
		if all[i].missing[0] == "" {
			exact++
		}
	}
	p.para(fmt.Sprintf("%d 条中 %d 条完全可写；其余写明缺什么。 Of %d rules %d can be written exactly; "+
		"of the others the page says what is missing.", len(all), exact, len(all), exact))
	for i := range all {
		if err := all[i].print(p); err != nil {
			return err
		}
	}
	p.section("车场自己的收费标准 · What stays the car park's own tariff")
	p.para("对所有新能源车、不论是否充电都适用的优惠，是车场的收费标准，不在网关之内：深圳路内停车的首 2 小时、三亚路内、滁州 2 小时以内免费和每次减 1 元、合肥每日两次、长沙按车型免 1 至 4 小时、"+
		"成都、重庆、常州、西安按日的首停优惠。4G 车场可以写在 `tariff` 里的，只有 `free_minutes` 和分时段价格。",
		"What holds for every new-energy car whether it charges or not is the car park's tariff and no rule of a binding: "+
			"Shenzhen's first two hours at the roadside, Sanya's roadside, "+
			"Chuzhou's free stays of up to two hours and its yuan off a visit, Hefei's two times a day, "+
			"Changsha's one to four hours, and the first stop of the day in Chengdu, Chongqing, Changzhou and Xi'an. "+
			"Of these a 4G lot's `tariff` knows `free_minutes` and prices by time of day.")
	out["policies.md"] = p.Bytes()
	return nil
}

// print prints one policy with its rule and stays.
func (p *policy) print(out *page) error {
	got, err := p.play()
	if err != nil {
		return err
	}
	out.section(p.number + ". " + p.place)
	out.para(p.says[0] + " " + p.says[1])
	out.code("yaml", "rule: "+p.yaml)
	rule, err := policyRule(p.yaml)
	if err != nil {
		return err
	}
	out.para(words.Rule(words.Chinese, &rule), words.Rule(words.English, &rule))
	if p.missing[0] != "" {
		out.quote("写不出的 · Missing: " + p.missing[0] + " " + p.missing[1])
	}
	var rows [][]string
	for i, s := range p.stays {
		var charges []string
		for _, c := range s.charges {
			charges = append(charges, chargeText(c))
		}
		rows = append(rows, []string{spanText(s.from, s.to), strings.Join(charges, "\n"), got[i]})
	}
	out.table([]string{"停车 Stay", "充电 Charges", "结果 What comes of it"}, rows)
	return nil
}
