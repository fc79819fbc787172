package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// mistake is a file with one thing changed.
type mistake struct {
	dir, file string
	where     string // file:line:column
	what      string
	text      []byte // the file with it
}

// mistakesIn lists every mistake that can be made in the code of some packages, tests aside.
func mistakesIn(packages []string) (all []mistake, err error) {
	for _, dir := range packages {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			found, err := mistakesOf(name, text)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

func mistakesOf(name string, text []byte) ([]mistake, error) {
	w := &writer{name: name, text: text, fset: token.NewFileSet()}
	file, err := parser.ParseFile(w.fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, w.look)
	return w.all, nil
}

// writer writes down the mistakes of one file.
type writer struct {
	name string
	text []byte
	fset *token.FileSet
	all  []mistake
}

// turned is what stands in the place of an operator.
var turned = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ,
	token.GEQ: token.GTR, token.LAND: token.LOR, token.LOR: token.LAND, token.ADD: token.SUB, token.SUB: token.ADD,
	token.MUL: token.QUO, token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
}

func (w *writer) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl: // constants and imports are no logic
		return n.Tok == token.VAR
	case *ast.BinaryExpr:
		if t, ok := turned[n.Op]; ok {
			w.operator(n.OpPos, n.Op, t)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			w.change(n.OpPos, n.OpPos+1, "", "! left out")
		}
	case *ast.AssignStmt:
		if t, ok := turned[n.Tok]; ok {
			w.operator(n.TokPos, n.Tok, t)
		}
	case *ast.IfStmt:
		cond := w.of(n.Cond)
		w.change(n.Cond.Pos(), n.Cond.End(), "("+cond+") && false", "never: if "+cond)
		w.change(n.Cond.Pos(), n.Cond.End(), "("+cond+") || true", "always: if "+cond)
	case *ast.ReturnStmt:
		w.returns(n)
	case *ast.ExprStmt:
		w.change(n.Pos(), n.End(), "", "left out: "+w.of(n))
	case *ast.BranchStmt:
		if n.Tok == token.CONTINUE && n.Label == nil {
			w.change(n.Pos(), n.End(), "break", "break instead of continue")
		}
	}
	return true
}

// returns turns what is returned.
func (w *writer) returns(n *ast.ReturnStmt) {
	for _, r := range n.Results {
		switch w.of(r) {
		case "true":
			w.change(r.Pos(), r.End(), "false", "returns false, not true")
		case "false":
			w.change(r.Pos(), r.End(), "true", "returns true, not false")
		case "err":
			w.change(r.Pos(), r.End(), "nil", "returns no error")
		}
	}
}

func (w *writer) operator(at token.Pos, from, to token.Token) {
	w.change(at, at+token.Pos(len(from.String())), to.String(), from.String()+" became "+to.String())
}

func (w *writer) of(n ast.Node) string { return string(w.text[w.offset(n.Pos()):w.offset(n.End())]) }

func (w *writer) offset(p token.Pos) int { return w.fset.Position(p).Offset }

func (w *writer) change(from, to token.Pos, with, what string) {
	at := w.fset.Position(from)
	text := bytes.Join([][]byte{w.text[:at.Offset], w.text[w.offset(to):]}, []byte(with))
	what, _, _ = strings.Cut(what, "\n")
	w.all = append(w.all, mistake{dir: filepath.Dir(w.name), file: w.name, what: what, text: text,
		where: fmt.Sprintf("%s:%d:%d", w.name, at.Line, at.Column)})
}
