package desk

import "github.com/chargestamp/chargestamp/guard"

// Allows reports whether a role may do all that another role may.
func Allows(have, least guard.Role) bool { return rank(have) >= rank(least) && rank(have) > 0 }

func rank(r guard.Role) int {
	switch r {
	case guard.RoleViewer:
		return 1
	case guard.RoleSupport:
		return 2
	case guard.RoleAdmin:
		return 3
	}
	return 0
}

// allow returns Forbidden where a role is too small.
func allow(who guard.Identity, least guard.Role) error {
	if Allows(who.Role, least) {
		return nil
	}
	return Fail(Forbidden, "this needs the role "+string(least)+"; yours is "+string(who.Role))
}
