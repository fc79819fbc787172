package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mistake is one thing that can be wrong in a file.
type mistake struct {
	dir, file string
	where     string // file:line:column
	what      string
	from, to  int  // bytes of the file that change
	outer     bool // stands around another mistake of the same bytes
	// with is what stands there instead: right or wrong, by the number of the mistake that is switched on. part is a
	// part of the file, with the mistakes that lie in it.
	with func(n int, part func(from, to int) string) string
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

// turned is what stands in the place of an operator. Sums are left alone: what is added may be words.
var turned = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ,
	token.GEQ: token.GTR, token.LAND: token.LOR, token.LOR: token.LAND,
}

func (w *writer) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl: // constants and imports are no logic
		return n.Tok == token.VAR
	case *ast.BinaryExpr:
		if t, ok := turned[n.Op]; ok {
			x, y := w.span(n.X), w.span(n.Y)
			w.add(n, n.Op.String()+" became "+t.String(), func(i int, part func(int, int) string) string {
				left, right := part(x[0], x[1]), part(y[0], y[1])
				return either(i, left+" "+t.String()+" "+right, left+" "+n.Op.String()+" "+right)
			})
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			x := w.span(n.X)
			w.add(n, "! left out", func(i int, part func(int, int) string) string {
				return either(i, part(x[0], x[1]), "!"+part(x[0], x[1]))
			})
		}
	case *ast.IfStmt:
		w.condition(n.Cond)
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			w.returned(r)
		}
	case *ast.BlockStmt:
		w.statements(n.List)
	case *ast.CaseClause:
		w.statements(n.Body)
	case *ast.CommClause:
		w.statements(n.Body)
	}
	return true
}

// statements leaves out what is called for its effect.
func (w *writer) statements(list []ast.Stmt) {
	for _, n := range list {
		call, is := n.(*ast.ExprStmt)
		if !is || strings.HasPrefix(w.of(n), "panic(") {
			continue
		}
		s := w.span(call)
		w.add(n, "left out: "+w.of(n), func(i int, part func(int, int) string) string {
			return fmt.Sprintf("if mutantOn != %d { %s }", i, part(s[0], s[1]))
		})
	}
}

// either is an expression that is wrong where a mistake is switched on.
func either(i int, wrong, right string) string {
	return fmt.Sprintf("(mutantOn == %d && (%s) || mutantOn != %d && (%s))", i, wrong, i, right)
}

func (w *writer) condition(cond ast.Expr) {
	s, of := w.span(cond), w.of(cond)
	w.add(cond, "never: if "+of, func(i int, part func(int, int) string) string {
		return fmt.Sprintf("(mutantOn != %d && (%s))", i, part(s[0], s[1]))
	})
	w.all[len(w.all)-1].outer = true
	w.add(cond, "always: if "+of, func(i int, part func(int, int) string) string {
		return fmt.Sprintf("(mutantOn == %d || (%s))", i, part(s[0], s[1]))
	})
	w.all[len(w.all)-1].outer = true
}

// returned turns what is returned.
func (w *writer) returned(r ast.Expr) {
	switch w.of(r) {
	case "true":
		w.add(r, "returns false, not true", func(i int, _ func(int, int) string) string {
			return fmt.Sprintf("mutantOn != %d", i)
		})
	case "false":
		w.add(r, "returns true, not false", func(i int, _ func(int, int) string) string {
			return fmt.Sprintf("mutantOn == %d", i)
		})
	case "err":
		w.add(r, "returns no error", func(i int, _ func(int, int) string) string {
			return fmt.Sprintf("mutantError(%d, err)", i)
		})
	}
}

func (w *writer) span(n ast.Node) [2]int {
	return [2]int{w.fset.Position(n.Pos()).Offset, w.fset.Position(n.End()).Offset}
}

func (w *writer) of(n ast.Node) string {
	s := w.span(n)
	return string(w.text[s[0]:s[1]])
}

func (w *writer) add(n ast.Node, what string, with func(int, func(int, int) string) string) {
	at, s := w.fset.Position(n.Pos()), w.span(n)
	what, _, _ = strings.Cut(what, "\n")
	w.all = append(w.all, mistake{dir: filepath.Dir(w.name), file: w.name, what: what, from: s[0], to: s[1], with: with,
		where: fmt.Sprintf("%s:%d:%d", w.name, at.Line, at.Column)})
}

// switched is a file in which each of some mistakes can be switched on by its number. Those are by the order of where
// they begin, with what holds others before them.
func switched(text []byte, some []numbered) string {
	slices.SortStableFunc(some, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(rank(a), rank(b)))
	})
	return part(text, 0, len(text), some)
}

// numbered is a mistake with its number.
type numbered struct {
	mistake
	n int
}

func rank(m numbered) int {
	if m.outer {
		return 0
	}
	return 1
}

func part(text []byte, from, to int, some []numbered) string {
	var b strings.Builder
	at := from
	for i := 0; i < len(some); {
		m, next := some[i], i+1
		for next < len(some) && some[next].from < m.to {
			next++
		}
		b.Write(text[at:m.from])
		inside := some[i+1 : next]
		b.WriteString(m.with(m.n, func(from, to int) string {
			first, _ := slices.BinarySearchFunc(inside, from, func(o numbered, at int) int { return cmp.Compare(o.from, at) })
			last := first
			for last < len(inside) && inside[last].to <= to {
				last++
			}
			return part(text, from, to, inside[first:last])
		}))
		at, i = m.to, next
	}
	b.Write(text[at:to])
	return b.String()
}
