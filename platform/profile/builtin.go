package profile

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/chargestamp/chargestamp/platform"
)

// TargetFamily is the family of profiles that describe no platform but a parking system: package lot/coupon reads them.
const TargetFamily = "coupon"

// Builtin loads every profile of a family's embedded folder, in the order of docs/platforms/README.md. They are
// compiled in and tested, so a fault in one is a programming error and panics.
func Builtin(profiles fs.FS, load func(r io.Reader, name string, own bool) (platform.Dialect,
	error)) []platform.Dialect {
	names, err := fs.Glob(profiles, "profiles/*.toml")
	if err != nil {
		panic(err)
	}
	dialects := make([]platform.Dialect, len(names))
	for i, name := range names {
		if dialects[i], err = loadFrom(profiles, name, load); err != nil {
			panic(fmt.Sprintf("built-in profile: %v", err))
		}
	}
	slices.SortFunc(dialects, func(a, b platform.Dialect) int { return cmp.Compare(a.Info().Number, b.Info().Number) })
	return dialects
}

func loadFrom(profiles fs.FS, name string,
	load func(io.Reader, string, bool) (platform.Dialect, error)) (platform.Dialect, error) {
	f, err := profiles.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return load(f, path.Base(name), false)
}
