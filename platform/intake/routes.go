package intake

import (
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Served is one path of the public listener and whose it is.
type Served struct {
	Path     string
	Platform string
	Route    platform.Route
}

// routeTable finds the dialect of a path, byte for byte. It stands in front of any mux: http.ServeMux redirects
// the double slash that one platform publishes.
type routeTable map[string]routed

type routed struct {
	id      string
	dialect platform.Dialect
	route   platform.Route
}

// newRouteTable puts every published path in, and its form with single slashes. A path that two routes want is
// an error.
func newRouteTable(dialects []platform.Dialect) (routeTable, error) {
	table := routeTable{}
	ids := map[string]bool{}
	for _, d := range dialects {
		info := d.Info()
		if ids[info.ID] {
			return nil, fmt.Errorf("two platforms have the id %q", info.ID)
		}
		ids[info.ID] = true
		for _, r := range info.Routes {
			if err := platform.CheckPath(r.Path); err != nil {
				return nil, fmt.Errorf("platform %s: %w", info.ID, err)
			}
			for _, path := range platform.Spellings(r.Path) {
				if other, taken := table[path]; taken {
					return nil, fmt.Errorf("platforms %s and %s both want the path %s", other.id, info.ID, path)
				}
				table[path] = routed{info.ID, d, r}
			}
		}
	}
	// A path token is one more segment: a path below another one would be taken for it.
	for path, r := range table {
		if above, ok := table[platform.ParentPath(path)]; ok {
			return nil, fmt.Errorf("platform %s: the path %s lies where path tokens of %s stand", r.id, path, above.id)
		}
	}
	return table, nil
}

// find returns the route of a path, and what stands behind it as one more segment.
func (t routeTable) find(path string) (r routed, token charge.Secret, ok bool) {
	if r, ok = t[path]; ok {
		return r, "", true
	}
	above := platform.ParentPath(path)
	if len(above)+1 >= len(path) {
		return routed{}, "", false
	}
	r, ok = t[above]
	return r, charge.Secret(path[len(above)+1:]), ok
}
