package store

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// gathered is a statement for many rows of parameters, each of which stands in its text. Rows that come as arrays, one
// for each column, cost PostgreSQL half as much again: it makes a set of tuples of each array.
type gathered struct {
	head, tail string // around the rows
	kinds      string // of a row's columns
	numbered   bool   // each row ends with its number, from 1
	texts      sync.Map
}

// mostRows are the rows of one statement: a connection keeps a plan for each number of them.
const mostRows = 64

// rowsAtOnce is how many of n rows go into the next statement.
func rowsAtOnce(n int) int {
	if n <= 4 {
		return n
	}
	return min(1<<(bits.Len(uint(n))-1), mostRows)
}

// shares calls do with each share of rows, from one up to another, and the statement and the parameters for it.
func (g *gathered) shares(rows [][]any, do func(text string, args []any, from, to int)) {
	for from := 0; from < len(rows); {
		n := rowsAtOnce(len(rows) - from)
		do(g.text(n), slices.Concat(rows[from:from+n]...), from, from+n)
		from += n
	}
}

// text is the statement for n rows.
func (g *gathered) text(n int) string {
	if text, known := g.texts.Load(n); known {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString(g.head)
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		cells := make([]string, len(g.kinds), len(g.kinds)+1)
		for i, kind := range []byte(g.kinds) {
			cells[i] = "$" + strconv.Itoa(row*len(g.kinds)+i+1) + "::" + sqlType(kind)
		}
		if g.numbered {
			cells = append(cells, strconv.Itoa(row+1)+"::bigint")
		}
		b.WriteString("(" + strings.Join(cells, ", ") + ")")
	}
	b.WriteString(g.tail)
	g.texts.Store(n, b.String())
	return b.String()
}

// gather makes a statement for many rows, which its tail names as a (p1, p2, …).
func gather(head, kinds, tail string) *gathered {
	return &gathered{head: head + "(VALUES ", kinds: kinds, tail: ") AS a (" + rowNames(kinds) + ")" + tail}
}

// gatherNumbered is gather with the number of each row as a.i.
func gatherNumbered(head, kinds, tail string) *gathered {
	return &gathered{head: head + "(VALUES ", kinds: kinds, numbered: true,
		tail: ") AS a (" + rowNames(kinds) + ", i)" + tail}
}

func rowNames(kinds string) string {
	names := make([]string, len(kinds))
	for i := range names {
		names[i] = "p" + strconv.Itoa(i+1)
	}
	return strings.Join(names, ", ")
}
