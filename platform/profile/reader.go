package profile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// maxText bounds the texts that are handed on to car parks, whose longest field has 64 characters.
const maxText = 128

// reader reads one push by its columns. The first fault stays in err, and nothing is read after it.
type reader struct {
	columns Columns
	fields  []seal.Field
	err     error
}

// value is the text of a role, empty where there is none or a fault has been found.
func (r *reader) value(role Role) (text, name string) {
	if r.err != nil {
		return "", ""
	}
	text, name, _ = r.columns.Value(r.fields, role)
	return text, name
}

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = platform.BadField("%s: %v", name, err)
	}
}

func (r *reader) text(role Role) string {
	text, name := r.value(role)
	if len([]rune(text)) > maxText {
		r.fail(name, fmt.Errorf("longer than %d characters", maxText))
		return ""
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7F }) {
		r.fail(name, errors.New("holds a control character"))
		return ""
	}
	return text
}

// known reports whether there is a value whose unit is known.
func (r *reader) known(role Role) bool {
	text, _ := r.value(role)
	return text != "" && r.columns[role].Unit != UnitUnknown
}

func (r *reader) time(role Role) time.Time {
	text, name := r.value(role)
	if text == "" {
		return time.Time{}
	}
	at, err := ReadTime(text, r.columns[role].Unit)
	if err != nil {
		r.fail(name, err)
	}
	return at
}

func (r *reader) minutes(role Role) int64 {
	if !r.known(role) {
		return 0
	}
	text, name := r.value(role)
	n, err := ReadMinutes(text, r.columns[role].Unit)
	if err != nil {
		r.fail(name, err)
	}
	return n
}

func (r *reader) money(role Role) (amount charge.Fen, ok bool) {
	if !r.known(role) {
		return 0, false
	}
	text, name := r.value(role)
	amount, err := ReadMoney(text, r.columns[role].Unit)
	if err != nil {
		r.fail(name, err)
	}
	return amount, err == nil
}

// times reads start and end. One that is missing follows from the other and the length of the charge.
func (r *reader) times() (started, ended time.Time) {
	started, ended = r.time(RoleStart), r.time(RoleEnd)
	if took := time.Duration(r.minutes(RoleCharged)) * time.Minute; took > 0 {
		switch {
		case started.IsZero() && !ended.IsZero():
			started = ended.Add(-took)
		case ended.IsZero() && !started.IsZero():
			ended = started.Add(took)
		}
	}
	if !started.IsZero() && !ended.IsZero() && ended.Before(started) {
		_, name := r.value(RoleEnd)
		r.fail(name, fmt.Errorf("the charge ends at %s, before its start at %s", ended.Format(platform.TimeLayout), started.Format(platform.TimeLayout)))
	}
	return started, ended
}

// fees reads energy and money, for the rule and as texts for the lot.
func (r *reader) fees(c *platform.Charge) {
	if r.known(RoleEnergy) {
		text, name := r.value(RoleEnergy)
		energy, err := ReadEnergy(text, r.columns[RoleEnergy].Unit)
		if err != nil {
			r.fail(name, err)
			return
		}
		c.Energy, c.HasEnergy = energy, true
		c.Detail.Power = text
		if r.columns[RoleEnergy].Unit != UnitKWh {
			c.Detail.Power = energy.String()
		}
	}
	yuan := func(role Role, to *string) (amount charge.Fen, ok bool) {
		if amount, ok = r.money(role); ok {
			*to = amount.String()
		}
		return amount, ok
	}
	yuan(RoleElecMoney, &c.Detail.ElecMoney)
	yuan(RoleServiceMoney, &c.Detail.SeviceMoney)
	c.Total, c.HasTotal = yuan(RoleTotalMoney, &c.Detail.TotalMoney)
}

func (r *reader) place(d *charge.Detail) {
	d.StationID, d.StationName = r.text(RoleStationID), r.text(RoleStationName)
	d.ConnectorID, d.ConnectorName = r.text(RoleConnectorID), r.text(RoleConnectorName)
	d.ParkNo = r.text(RoleParkNo)
}

// ask reads the reduction that the push names. A push that should name one, names none and tells no times of
// the charge either says nothing that any rule could grant by: that is a fault.
func (r *reader) ask(a Asking, hasTimes bool) charge.Ask {
	kind, said := a.Otherwise, false
	if text, name := r.value(RoleMethod); text != "" && len(a.By) > 0 {
		if kind, said = a.By[text]; !said {
			r.fail(name, fmt.Errorf("%q is no kind of reduction that we know", platform.Clip(text)))
			return charge.Ask{}
		}
	}
	switch kind {
	case AskFree:
		return charge.Ask{Method: charge.MethodFree}
	case AskLotDecides:
		return charge.Ask{Method: charge.MethodLotDecides}
	case AskRule:
		return charge.Ask{}
	case AskNamed:
		kind = AskTime
		if r.minutes(RoleMinutes) == 0 {
			kind = AskAmount
		}
		return r.sized(kind)
	}
	role := RoleMinutes
	if kind == AskAmount {
		role = RoleAmount
	}
	if text, _ := r.value(role); text == "" && (said || !hasTimes) && r.err == nil {
		r.err = r.columns.missing(role)
		return charge.Ask{}
	}
	return r.sized(kind)
}

// sized is an ask for a time or an amount; nothing where it is zero or its unit is unknown.
func (r *reader) sized(kind AskKind) charge.Ask {
	if kind == AskAmount {
		if amount, ok := r.money(RoleAmount); ok && amount > 0 {
			return charge.Ask{Method: charge.MethodAmount, Amount: amount}
		}
		return charge.Ask{}
	}
	if minutes := r.minutes(RoleMinutes); minutes > 0 && r.err == nil {
		return charge.Ask{Method: charge.MethodTime, Minutes: minutes}
	}
	return charge.Ask{}
}
