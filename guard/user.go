package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/chargestamp/chargestamp/charge"
)

// User is somebody who signs in to the console.
type User struct {
	Name    string
	Role    Role
	Created time.Time
	TOTP    bool // a second factor is asked for
	Revoked time.Time

	SignedIn time.Time // last, by name and password; zero for never, as far as is known
}

// user is a User as stored. Its password is hashed, its TOTP secret sealed.
type user struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Hash     string    `json:"hash"`
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"` // password, access or second factor: older sessions are over
	Revoked  time.Time `json:"revoked,omitzero"`
	TOTP     []byte    `json:"totp,omitempty"`     // sealed secret in force
	Pending  []byte    `json:"pending,omitempty"`  // sealed secret that was shown and not confirmed
	Step     int64     `json:"step,omitempty"`     // the last code's time step: a code works once
	Recovery []string  `json:"recovery,omitempty"` // hashes of the codes that are left
	SignedIn time.Time `json:"signed_in,omitzero"`
}

func (u user) shown() User {
	return User{Name: u.Name, Role: u.Role, Created: u.Created, TOTP: len(u.TOTP) > 0, Revoked: u.Revoked,
		SignedIn: u.SignedIn}
}

// Users are the people who sign in.
type Users struct {
	shelf    shelf[user]
	keys     *Keyring
	now      func() time.Time
	throttle *throttle
	codes    *codes
	cost     argon2id.Params
	hashing  chan struct{} // bounds the memory that password hashing takes
	nobody   string        // a hash to compare with where there is no such user
}

func newUsers(c Config) *Users {
	u := &Users{
		shelf:    shelf[user]{kind: "user", docs: c.Docs, now: c.Now},
		keys:     c.Keys,
		now:      c.Now,
		throttle: newThrottle(c.Now, c.Wait),
		codes:    &codes{now: c.Now, wrong: map[string]codeFails{}},
		cost:     argon,
		hashing:  make(chan struct{}, 4),
	}
	u.nobody = u.hash(charge.Secret(randomText(16)))
	return u
}

// List returns all users by name, those whose access has ended too.
func (u *Users) List() []User {
	var list []User
	for _, one := range u.shelf.all() {
		list = append(list, one.shown())
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Create makes a user. ErrInput says what is wrong with name, password or role, ErrTaken that the name is in use.
func (u *Users) Create(ctx context.Context, name string, password charge.Secret, role Role) (User, error) {
	return u.create(ctx, name, password, role, func(map[string]user) error { return nil })
}

// create makes a user where allowed has no objection to the users there are.
func (u *Users) create(ctx context.Context, name string, password charge.Secret, role Role,
	allowed func(map[string]user) error) (User, error) {
	if _, err := ParseRole(string(role)); err != nil {
		return User{}, err
	}
	name, err := userName(name)
	if err != nil {
		return User{}, err
	}
	if err := passwordRules(name, password); err != nil {
		return User{}, err
	}
	hash := u.hash(password)
	var made user
	err = u.shelf.change(ctx, func(items map[string]user) (map[string]*user, error) {
		if err := allowed(items); err != nil {
			return nil, err
		}
		if old, found := items[name]; found && old.Revoked.IsZero() {
			return nil, &InputError{Field: "name", English: "there is a user " + name + " already", Chinese: "用户名 " + name +
				" 已被使用", kind: ErrTaken}
		}
		at := u.now().UTC()
		made = user{Name: name, Role: role, Hash: hash, Created: at, Changed: at}
		return map[string]*user{name: &made}, nil
	})
	return made.shown(), err
}

// SetRole changes what a user may do; sessions go on with the new role.
func (u *Users) SetRole(ctx context.Context, name string, role Role) error {
	if _, err := ParseRole(string(role)); err != nil {
		return err
	}
	return u.change(ctx, name, func(one *user) error {
		one.Role = role
		return nil
	})
}

// SetPassword sets a user's password and ends the sessions of the old one.
func (u *Users) SetPassword(ctx context.Context, name string, password charge.Secret) error {
	if err := passwordRules(strings.ToLower(name), password); err != nil {
		return err
	}
	hash := u.hash(password)
	return u.change(ctx, name, func(one *user) error {
		one.Hash, one.Changed = hash, u.now().UTC()
		return nil
	})
}

// Revoke ends a user's access; the name stays, for the audit log.
func (u *Users) Revoke(ctx context.Context, name string) error {
	return u.change(ctx, name, func(one *user) error {
		one.Revoked, one.Changed = u.now().UTC(), u.now().UTC()
		return nil
	})
}

// change stores a changed user who has access.
func (u *Users) change(ctx context.Context, name string, fn func(one *user) error) error {
	name = strings.ToLower(name)
	return u.shelf.change(ctx, func(items map[string]user) (map[string]*user, error) {
		one, found := items[name]
		if !found || !one.Revoked.IsZero() {
			return nil, fmt.Errorf("user %s %w", clip(name), ErrNotFound)
		}
		before, _ := json.Marshal(one)
		if err := fn(&one); err != nil {
			return nil, err
		}
		if after, _ := json.Marshal(one); string(after) == string(before) {
			return nil, nil
		}
		return map[string]*user{name: &one}, nil
	})
}

// reseal seals TOTP secrets anew with the current site key.
func (u *Users) reseal(ctx context.Context) error {
	return u.shelf.change(ctx, func(items map[string]user) (map[string]*user, error) {
		changes := map[string]*user{}
		for name, one := range items {
			for _, sealed := range []*[]byte{&one.TOTP, &one.Pending} {
				if len(*sealed) == 0 {
					continue
				}
				plain, err := u.keys.Open(*sealed, totpPlace(name))
				if err != nil {
					return nil, err
				}
				if *sealed, err = u.keys.Seal(plain, totpPlace(name)); err != nil {
					return nil, err
				}
				changes[name] = &one
			}
		}
		return changes, nil
	})
}

// userName returns the form that a name is kept in; names differ by more than case.
func userName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@", r) {
			return "", bad("name", "a user name is made of letters, digits and . _ - @", "用户名只能用字母、数字和 . _ - @")
		}
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 {
		return "", bad("name", "a user name has 1 to 64 characters", "用户名为 1 到 64 个字符")
	}
	return name, nil
}
