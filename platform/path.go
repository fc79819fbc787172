package platform

import (
	"fmt"
	"strings"
)

// CheckPath refuses a path that could not be matched byte for byte.
func CheckPath(path string) error {
	if len(path) < 2 || len(path) > 200 || path[0] != '/' || path[len(path)-1] == '/' {
		return fmt.Errorf("%q is not a path: it begins with a slash, ends without one and has at most 200 characters",
			Clip(path))
	}
	for _, c := range []byte(path) {
		if c <= ' ' || c > '~' || strings.IndexByte(`%?#"\`, c) >= 0 {
			return fmt.Errorf("the path %q holds a character that paths are not published with", Clip(path))
		}
	}
	return nil
}

// Spellings returns the forms a path is served by: as published, and with single slashes.
func Spellings(path string) []string {
	single := path
	for strings.Contains(single, "//") {
		single = strings.ReplaceAll(single, "//", "/")
	}
	if single == path {
		return []string{path}
	}
	return []string{path, single}
}

// ParentPath is a path without its last segment; empty for a path of one.
func ParentPath(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}
