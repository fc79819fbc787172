package console

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// input is one labelled line of a form.
type input struct {
	Name     string
	Label    string
	Type     string // of the input element; text where empty
	Help     string
	Hint     string // shown while nothing is typed
	Complete string // what browsers may fill in; nothing where empty
	Max      int    // characters; mostOf's where it is 0
	Required bool
	Mode     string // which keys a phone shows: "numeric", "decimal"; all where empty
	Optional bool   // say that it may stay empty
	Focus    bool
}

// fieldID makes an element's id of a field's name.
func fieldID(name string) string {
	return strings.NewReplacer(".", "-", "[", "-", "]", "", "/", "-").Replace(name)
}

func (in input) id() string  { return "f-" + fieldID(in.Name) }
func (in input) most() int   { return cmp.Or(in.Max, mostOf[in.Name]) }
func (in input) max() string { return strconv.Itoa(in.most()) }

func (in input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func (in input) complete() string {
	if in.Complete == "" {
		return "off"
	}
	return in.Complete
}

// value is what was typed; a password is never sent back.
func (in input) value(f form) string {
	if in.Type == "password" {
		return ""
	}
	return f.Get(in.Name)
}

func (in input) describes(f form) string { return describes(f, in.Name, in.Help) }

// describes names the elements that explain a field.
func describes(f form, name, help string) string {
	var ids []string
	if help != "" {
		ids = append(ids, "help-"+fieldID(name))
	}
	if f.Errors[name] != "" {
		ids = append(ids, "wrong-"+fieldID(name))
	}
	return strings.Join(ids, " ")
}

// accessError puts what guard does not take beside its field; anything else is given back.
func (c *Console) accessError(p *page, f form, err error) error {
	if errors.Is(err, guard.ErrInput) || errors.Is(err, guard.ErrTaken) {
		err = desk.Wrap(err)
	}
	return fieldErrors(p, f, err)
}

// fieldErrors puts a refusal's fields beside theirs; anything else is given back.
func fieldErrors(p *page, f form, err error) error {
	var known *desk.Error
	if !errors.As(err, &known) || known.Kind != desk.Invalid {
		return err
	}
	for _, field := range known.Fields {
		name := strings.TrimPrefix(strings.TrimPrefix(field.Where, "body."), "query.")
		text := field.Detail
		if field.Chinese != "" {
			text = p.T(field.Chinese, field.Detail)
		}
		f.bad(name, text)
	}
	if len(known.Fields) == 0 {
		f.bad("", known.Detail)
	}
	return nil
}

// timeLike is a moment in templates.
type timeLike = time.Time

var shanghai = charge.Shanghai

// in reports whether this page lies below a menu's entry.
func (p *page) in(path string) bool {
	return p.Path == path || path != "/" && strings.HasPrefix(p.Path, path+"/")
}

// RoleName returns a role in a word.
func (p *page) RoleName(r guard.Role) string {
	switch r {
	case guard.RoleViewer:
		return p.T("只读", "viewer")
	case guard.RoleSupport:
		return p.T("客服", "support")
	case guard.RoleAdmin:
		return p.T("管理员", "admin")
	}
	return string(r)
}
