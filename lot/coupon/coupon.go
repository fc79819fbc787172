// Package coupon is the way into car parks of other systems: a reduction becomes a coupon in the cloud of the firm that
// runs the car park. What such a cloud (a target) wants to hear, how it is signed and what its answers mean is a strict
// TOML profile of values and choices from closed lists; the code here is the same for all of them.
package coupon

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// Family is what a profile of a target calls itself.
const Family = profile.TargetFamily

//go:embed profiles/*.toml
var profiles embed.FS

// Target is one system of car parks that receives reductions as coupons.
type Target struct {
	Profile
	Own bool // an operator's own profile
}

// Targets are the systems that a server knows, by id.
type Targets map[string]*Target

// Builtin loads the profiles that are compiled in. They are tested, so a fault in one is a programming error and
// panics.
func Builtin() Targets {
	all := Targets{}
	names, err := fs.Glob(profiles, "profiles/*.toml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		f, err := profiles.Open(name)
		if err != nil {
			panic(err)
		}
		t, err := load(f, path.Base(name))
		f.Close()
		if err != nil {
			panic(fmt.Sprintf("built-in profile: %v", err))
		}
		all[t.ID] = t
	}
	return all
}

// Load reads an operator's own profile. It may not take the id of a built-in target. Errors name file, line and key.
func Load(r io.Reader, name string) (*Target, error) { return Builtin().add(r, name) }

// WithFolder returns the built-in targets and those of the profiles (*.toml) of this family in a folder, which may hold
// platforms' profiles as well; without a folder the built-in ones alone. One bad profile is an error.
func WithFolder(dir string) (Targets, error) {
	all := Builtin()
	if dir == "" {
		return all, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("folder of profiles: %w", err)
	}
	slices.Sort(files)
	for _, file := range files {
		text, unread := profile.ReadFile(file)
		if unread != nil {
			err = errors.Join(err, unread)
			continue
		}
		if !IsProfile(text) || strings.HasPrefix(filepath.Base(file), ".") {
			continue
		}
		if _, wrong := all.add(strings.NewReader(string(text)), file); wrong != nil {
			err = errors.Join(err, wrong)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// IsProfile reports whether a TOML text calls itself the profile of a target.
func IsProfile(text []byte) bool {
	family, err := profile.Family(text)
	return err == nil && family == Family
}

func (all Targets) add(r io.Reader, name string) (*Target, error) {
	t, err := load(r, name)
	if err != nil {
		return nil, err
	}
	if was := all[t.ID]; was != nil {
		whose := "another profile of the folder"
		if !was.Own {
			whose = "the built-in target " + was.ID
		}
		return nil, fmt.Errorf("%s: id: %q is taken by %s", name, t.ID, whose)
	}
	t.Own = true
	all[t.ID] = t
	return t, nil
}

// List returns the targets by id.
func (all Targets) List() []*Target {
	list := make([]*Target, 0, len(all))
	for _, t := range all {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Target) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Takes says whether a lot's coupons may give what a method names. needs is the key that the lot lacks for it, where
// that is all that is missing.
func (t *Target) Takes(m charge.Method, keys map[string]charge.Secret) (can bool, needs string) {
	method, has := t.Methods[m]
	switch {
	case !has:
		return false, ""
	case method.Needs != "" && keys[method.Needs] == "":
		return false, method.Needs
	}
	return true, ""
}

// CanRevoke reports whether a coupon that is not used yet can be taken back.
func (t *Target) CanRevoke() bool { return t.Revoke != nil }

// StaysToken is the name of the key that locks the entries and exits that the target reports; empty where it reports
// none.
func (t *Target) StaysToken() string {
	if t.Hears == nil {
		return ""
	}
	return t.Hears.Key
}

// key returns a lot's key, else the profile's default.
func (t *Target) key(keys map[string]charge.Secret, name string) string {
	if k := keys[name]; k != "" {
		return k.Reveal()
	}
	for _, k := range t.Keys {
		if k.Name == name {
			return k.Default
		}
	}
	return ""
}
