package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// source is one package of ours, not yet type-checked.
type source struct {
	name     string // its folder in the module
	path     string
	files    []string
	fset     *token.FileSet
	importer types.Importer
}

// listed is what go list prints of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
	Module                  *struct{ Path string }
}

// load finds the packages that patterns name. What they import is read from the compiler's export data.
func load(patterns []string) ([]source, error) {
	args := append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,DepOnly,Module"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	exports := map[string]string{}
	var ours []listed
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			ours = append(ours, p)
		}
	}
	fset := token.NewFileSet()
	read := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	packages := make([]source, 0, len(ours))
	for _, p := range ours {
		s := source{name: strings.TrimPrefix(p.ImportPath, p.Module.Path+"/"), path: p.ImportPath, fset: fset, importer: read}
		for _, f := range p.GoFiles {
			s.files = append(s.files, filepath.Join(p.Dir, f))
		}
		packages = append(packages, s)
	}
	return packages, nil
}

// uses returns, for each file, the other files of the package whose package-level definitions and methods it uses.
func (s source) uses() (map[string]map[string]bool, error) {
	var files []*ast.File
	for _, name := range s.files {
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: s.importer}
	pkg, err := config.Check(s.path, s.fset, files, info)
	if err != nil {
		return nil, err
	}
	uses := map[string]map[string]bool{}
	for _, name := range s.files {
		uses[filepath.Base(name)] = map[string]bool{}
	}
	for ident, used := range info.Uses {
		if used.Pkg() != pkg || !definition(used) {
			continue
		}
		from, to := s.file(ident.Pos()), s.file(used.Pos())
		if from != to {
			uses[from][to] = true
		}
	}
	return uses, nil
}

func (s source) file(at token.Pos) string { return filepath.Base(s.fset.Position(at).Filename) }

// definition reports whether an object is one of the package's own: of its scope, or a method.
func definition(o types.Object) bool {
	if o.Parent() == o.Pkg().Scope() {
		return true
	}
	f, is := o.(*types.Func)
	return is && f.Signature().Recv() != nil
}
