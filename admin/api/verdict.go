package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

// verdict is what is true to say of a charge, and what can be done about it.
type verdict struct {
	Code    string          `json:"code" doc:"state and reason: no_grant.cap_reached"`
	Text    words.Text      `json:"text"`
	Tone    string          `json:"tone" enum:"good,wait,calm,warn,bad" doc:"good only where the money agrees"`
	Next    words.Text      `json:"next"`
	Actions []verdictChoice `json:"actions" nullable:"false" doc:"what can work now; empty for viewers"`
}

// verdictChoice is an action with what it would come to.
type verdictChoice struct {
	Verb   string      `json:"verb" enum:"redeliver,bind,void,lot_has,lot_has_not" doc:"lot_has, lot_has_not: for resolve"`
	Name   words.Text  `json:"name"`
	Effect *effectView `json:"effect" doc:"its dry run; null in lists, and for bind, which needs a stay first"`
}

// effectView is what an action does, or did.
type effectView struct {
	Effect   string  `json:"effect" doc:"what lot, ledger and driver will see, or why not; in English"`
	EffectZH string  `json:"effect_zh" doc:"the same in Chinese"`
	Allowed  bool    `json:"allowed"`
	Done     bool    `json:"done"`
	Before   *stance `json:"before" doc:"how the charge stood"`
	After    *stance `json:"after" doc:"how it stands then; a dry run foretells it"`
}

// stance is how a charge stands before or after an action.
type stance struct {
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	Reduction *reduction `json:"reduction"`
}

func viewVerdict(who guard.Identity, c *charge.Charge, v flow.Verdict) verdict {
	says := words.Both(v.Text) // a lot's own words among them
	says.ZH, says.EN = desk.HidePlate(who, says.ZH, c.Plate), desk.HidePlate(who, says.EN, c.Plate)
	return verdict{Code: v.Code, Text: says, Tone: string(v.Tone), Next: words.Both(v.Next),
		Actions: mapAll(v.Actions, func(c flow.Choice) verdictChoice {
			choice := verdictChoice{Verb: string(c.Verb), Name: words.Verb(string(c.Verb))}
			if c.Effect != nil {
				e := viewEffect(*c.Effect)
				choice.Effect = &e
			}
			return choice
		})}
}

func viewEffect(e flow.Effect) effectView {
	return effectView{Effect: words.Note(words.English, e.Note), EffectZH: words.Note(words.Chinese, e.Note),
		Allowed: e.Allowed, Done: e.Done,
		Before: viewStanding(e.Before), After: viewStanding(e.After)}
}

// viewStanding is null where an effect is about no charge.
func viewStanding(s flow.Standing) *stance {
	if s.State == "" {
		return nil
	}
	return &stance{string(s.State), string(s.Reason), viewReduction(s.Reduction)}
}

// shown is a note in a language, as who may see it; null where nothing is said.
func shown(who guard.Identity, s *flow.Story, l words.Lang, list ...charge.Note) *string {
	return text(desk.HidePlate(who, words.Notes(l, list), s.Charge.Plate))
}

func viewStep(who guard.Identity, s *flow.Story, at flow.Step) step {
	return step{At: moment(at.At), Step: at.Step, Result: at.Result, Reason: text(at.Reason), By: text(at.Actor),
		Detail: shown(who, s, words.English, at.Detail...), DetailZH: shown(who, s, words.Chinese, at.Detail...)}
}

type resolveInput struct {
	ByID
	DryRun bool `query:"dry_run" doc:"say the effect only"`
	Body   struct {
		LotHas bool   `json:"lot_has" doc:"what the car park says: it has the reduction, or it has it not"`
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"who said so; required but for a dry run"`
	}
}

// resolve is the way out of unknown.
func (a *api) resolve() {
	handle(a, route{method: http.MethodPost, path: "/charges/{id}/resolve", id: "resolve-charge", role: guard.RoleSupport,
		summary: "Say whether the lot has an unknown charge's reduction: it counts as delivered, or is sent once"},
		func(ctx context.Context, who guard.Identity, in *resolveInput) (*effectOutput, error) {
			id, err := parseID(in.ID)
			if err != nil {
				return nil, err
			}
			effect, err := a.desk.Resolve(ctx, who, id, in.Body.LotHas,
				flow.Action{Reason: strings.TrimSpace(in.Body.Reason), DryRun: in.DryRun})
			return &effectOutput{viewEffect(effect)}, err
		})
}

type effectOutput struct{ Body effectView }
