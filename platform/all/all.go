// Package all is the table of families and of the platforms that are built in: the only list of them there is. An
// operator adds platforms of a known family by a folder of profiles.
package all

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/cec"
	"github.com/chargestamp/chargestamp/platform/flat"
	"github.com/chargestamp/chargestamp/platform/open13"
	"github.com/chargestamp/chargestamp/platform/plain"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// family is one shape of pushes.
type family struct {
	builtin func() []platform.Dialect
	load    func(io.Reader, string) (platform.Dialect, error) // nil: a shape with one platform
}

func families() map[string]family {
	return map[string]family{
		"cec":    {cec.Builtin, cec.Load},
		"flat":   {flat.Builtin, flat.Load},
		"plain":  {plain.Builtin, plain.Load},
		"open13": {builtin: open13.Builtin},
	}
}

// carParks are the paths of the car parks' own interfaces. No platform comes in below them.
var carParks = []string{"/zld/openservice/", "/unionapi/neworder/", "/bpd/", "/gate/", "/coupon/"}

// Builtin returns the built-in platforms in the order of docs/platforms/README.md.
func Builtin() []platform.Dialect {
	var dialects []platform.Dialect
	for _, f := range families() {
		dialects = append(dialects, f.builtin()...)
	}
	slices.SortFunc(dialects, func(a, b platform.Dialect) int { return cmp.Compare(a.Info().Number, b.Info().Number) })
	return dialects
}

// Load reads an operator's own profile of whatever family it names. It may take neither the id nor a path of a
// built-in platform. Errors name file, line and key.
func Load(r io.Reader, name string) (platform.Dialect, error) {
	return newBook().add(r, name)
}

// WithFolder returns the built-in platforms and those of the profiles (*.toml) in a folder, in the order of their
// file names; without a folder the built-in ones alone. One bad profile, or two that clash, is an error: a
// server must not start with half of its platforms.
func WithFolder(dir string) ([]platform.Dialect, error) {
	b := newBook()
	if dir == "" {
		return b.dialects, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of profiles: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".toml" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if wrong := b.addFile(filepath.Join(dir, e.Name())); wrong != nil {
			err = errors.Join(err, wrong)
		}
	}
	if err != nil {
		return nil, err
	}
	return b.dialects, nil
}

// book collects platforms and knows what is taken.
type book struct {
	dialects []platform.Dialect
	ids      map[string]string // whose an id is, in words
	paths    map[string]string // whose a path is, by its form with single slashes
}

func newBook() *book {
	b := &book{dialects: Builtin(), ids: map[string]string{}, paths: map[string]string{}}
	for _, d := range b.dialects {
		owner := "the built-in platform " + d.Info().ID
		b.ids[d.Info().ID] = owner
		for _, r := range d.Info().Routes {
			b.paths[single(r.Path)] = owner
		}
	}
	return b
}

func (b *book) addFile(path string) error {
	text, err := profile.ReadFile(path)
	if err != nil {
		return err
	}
	if family, _ := profile.Family(text); family == profile.TargetFamily {
		return nil // a parking system's, which package lot/coupon reads
	}
	_, err = b.add(bytes.NewReader(text), path)
	return err
}

// add reads one profile and lets it in where it clashes with nothing.
func (b *book) add(r io.Reader, name string) (platform.Dialect, error) {
	text, err := io.ReadAll(io.LimitReader(r, profile.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := load(text, name)
	if err != nil {
		return nil, err
	}
	info, file := d.Info(), profile.Scan(text, name)
	if owner, taken := b.ids[info.ID]; taken {
		return nil, file.Errorf("id", "%q is %s already", info.ID, owner)
	}
	for _, route := range info.Routes {
		if err := b.free(route.Path); err != nil {
			return nil, file.Errorf("paths."+string(route.Kind), "%w", err)
		}
		b.paths[single(route.Path)] = name
	}
	b.ids[info.ID] = name
	b.dialects = append(b.dialects, d)
	return d, nil
}

// load picks the family.
func load(text []byte, name string) (platform.Dialect, error) {
	// What does not parse is left to a family to complain of: its errors know the line.
	family, fault := profile.Family(text)
	f, known := families()[family]
	switch {
	case fault != nil:
		f.load = flat.Load
	case !known:
		return nil, profile.Scan(text, name).Errorf("family", "%q is no family; there are %s", family, familyNames())
	case f.load == nil:
		return nil, profile.Scan(text, name).Errorf("family", "%s has one platform, which is built in", family)
	}
	return f.load(bytes.NewReader(text), name)
}

// free refuses a path that somebody has, or that lies where the path tokens of somebody's path stand.
func (b *book) free(path string) error {
	path = single(path)
	for taken, owner := range b.paths {
		switch {
		case path == taken:
			return fmt.Errorf("%s belongs to %s already", path, owner)
		case parent(path) == taken || parent(taken) == path:
			return fmt.Errorf("%s lies right below or above %s of %s, where path tokens stand", path, taken, owner)
		}
	}
	for _, below := range carParks {
		if strings.HasPrefix(path+"/", below) {
			return fmt.Errorf("%s is where car parks come in", path)
		}
	}
	return nil
}

// single writes a path with single slashes, which every path is served by as well.
func single(path string) string {
	return "/" + strings.Join(slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" }), "/")
}

func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}

func familyNames() string {
	return strings.Join(slices.Sorted(maps.Keys(families())), ", ")
}
