package estate

import (
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// lengthen writes a bare value of an object as the mapping that it stands for.
func (n *node) lengthen(f Field) {
	if f.Short == "" || n.kind == kindMap || n.kind == kindList {
		return
	}
	value := *n
	*n = node{kind: kindMap, line: n.line, pairs: []pair{{name: f.Short, line: n.line, value: &value}}}
}

// rule checks one version of a rule in itself.
func (p *reader) rule(path string, n *node, fields []Field) {
	p.part(path, n, fields)
	if n.kind != kindMap {
		return
	}
	grant := charge.Grant(n.textOf("grant"))
	for _, pr := range n.pairs {
		at := join(path, pr.name)
		if only, has := grantOf[pr.name]; has && grant != only &&
			!(pr.name == "takes" && pr.value.text == string(charge.TakesEnd)) {
			p.fail(pr.line, at, CodeOnlyGrant, fileWord(only))
		}
		switch pr.name {
		case "amount", "cap_amount":
			p.notZero(at, pr)
		case "per_day":
			p.perDay(at, pr, n)
		case "steps":
			p.steps(at, pr)
		}
	}
	if grant == charge.GrantFixed && n.sizes() != 1 {
		p.fail(n.line, join(path, "grant"), CodeFixedOne)
	}
	if steps := n.get("steps"); grant == charge.GrantSteps && (steps == nil || len(steps.items) == 0) {
		p.fail(n.line, join(path, "steps"), CodeStepsNone)
	}
}

// grantOf is the only grant that some fields go with.
var grantOf = map[string]charge.Grant{
	"minutes": charge.GrantFixed, "amount": charge.GrantFixed, "free": charge.GrantFixed,
	"plus_minutes": charge.GrantChargeTime, "cap_charge_minutes": charge.GrantChargeTime, "takes": charge.GrantChargeTime,
	"steps": charge.GrantSteps,
}

// textOf is the text of a member, empty where there is none.
func (n *node) textOf(name string) string {
	if v := n.get(name); v != nil {
		return v.text
	}
	return ""
}

// sizes counts the sizes of a reduction that a mapping names.
func (n *node) sizes() (count int) {
	for _, pr := range n.pairs {
		if pr.name == "minutes" || pr.name == "amount" || pr.name == "free" && pr.value.text != "false" {
			count++
		}
	}
	return count
}

// notZero refuses an amount of nothing.
func (p *reader) notZero(at string, pr pair) {
	if fen, err := charge.ParseFen(pr.value.text); err == nil && fen == 0 {
		p.fail(pr.line, at, CodeZeroCap)
	}
}

// perDay refuses a limit of nothing, and one that can never bind what the rule grants.
func (p *reader) perDay(at string, limit pair, rule *node) {
	if limit.value.kind != kindMap {
		return
	}
	limits := 0
	for _, pr := range limit.value.pairs {
		if pr.name != "per" {
			limits++
		}
		if pr.name == "amount" {
			p.notZero(join(at, pr.name), pr)
		}
		if unit := map[string]charge.Method{"minutes": charge.MethodTime,
			"amount": charge.MethodAmount}[pr.name]; unit != "" && !rule.mayGrant(unit) {
			p.fail(pr.line, join(at, pr.name), CodeDayUnit, fileWord(pr.name))
		}
	}
	if limits == 0 && len(limit.value.pairs) > 0 {
		p.fail(limit.line, at, CodeDayEmpty)
	}
}

// mayGrant reports whether a rule can grant something by a method; free parking under a limit becomes it.
func (n *node) mayGrant(m charge.Method) bool {
	has := func(of *node) bool {
		size := map[charge.Method]string{charge.MethodTime: "minutes", charge.MethodAmount: "amount"}[m]
		return of.get(size) != nil || of.textOf("free") == "true"
	}
	switch charge.Grant(n.textOf("grant")) {
	case charge.GrantFixed:
		return has(n)
	case charge.GrantChargeTime:
		return m == charge.MethodTime
	case charge.GrantLotDecides:
		return false
	case charge.GrantSteps:
		for _, step := range n.get("steps").list() {
			if has(step) {
				return true
			}
		}
		return n.get("steps") == nil
	}
	return true
}

// list returns the items of a list, none of anything else.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// steps checks that each step begins and grants in one way, and that they count one thing and climb.
func (p *reader) steps(at string, list pair) {
	var by string
	last := int64(-1)
	for i, step := range list.value.list() {
		here := at + "[" + strconv.Itoa(i) + "]"
		if step.kind != kindMap {
			continue
		}
		var froms []pair
		for _, pr := range step.pairs {
			if strings.HasPrefix(pr.name, "from_") {
				froms = append(froms, pr)
			}
			if pr.name == "amount" {
				p.notZero(join(here, pr.name), pr)
			}
		}
		switch {
		case len(froms) != 1:
			p.fail(step.line, here, CodeStepFrom)
			continue
		case step.sizes() != 1:
			p.fail(step.line, here, CodeStepOne)
		}
		from := froms[0]
		if by != "" && from.name != by {
			p.fail(from.line, join(here, from.name), CodeStepMixed, fileWord(by))
			continue
		}
		by = from.name
		var s charge.Step
		setAll(stepColumns, &s, &node{kind: kindMap, pairs: froms})
		if s.From <= last {
			p.fail(from.line, join(here, from.name), CodeStepOrder)
		}
		last = s.From
	}
}
