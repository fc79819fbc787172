package manual

import (
	"bytes"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/chargestamp/chargestamp/words"
)

// page is one page in one language.
type page struct {
	name     string // its path in the repository, without ".md": "docs/lots/sdk"
	title    string
	body     template.HTML
	sections []section
}

// section is what stands under one heading, as the search reads it.
type section struct{ id, heading, text string }

// anchors hands out the names of a page's headings, in order: those of the page as it stands in the repository, so that
// a link to a heading leads there in either language.
type anchors struct {
	names []string
	next  int
}

func (a *anchors) Generate([]byte, ast.NodeKind) []byte {
	if a.next == len(a.names) {
		return []byte("heading")
	}
	a.next++
	return []byte(a.names[a.next-1])
}

func (a *anchors) Put([]byte) {}

// anchorsOf names headings as the places where code is read do: in lower case, without punctuation, blanks as hyphens.
func anchorsOf(page string) *anchors {
	a := new(anchors)
	seen := map[string]int{}
	for _, b := range split(page) {
		if b.kind != heading {
			continue
		}
		var name strings.Builder
		for _, r := range strings.ToLower(strings.TrimSpace(b.text)) {
			switch {
			case r == ' ':
				name.WriteByte('-')
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				name.WriteRune(r)
			}
		}
		id := name.String()
		if n := seen[id]; n > 0 {
			name.WriteString("-" + string(rune('0'+n)))
		}
		seen[id]++
		a.names = append(a.names, name.String())
	}
	return a
}

var markdown = goldmark.New(
	goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Linkify),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(html.WithUnsafe()), // the pages are ours; they have <br> in tables
)

// render makes a page of the text of a file.
func render(files fs.FS, name string, lang words.Lang, source string) (*page, error) {
	p := &page{name: name}
	own := []byte(Only(lang, source))
	naming := parser.NewContext(parser.WithIDs(anchorsOf(source)))
	tree := markdown.Parser().Parse(text.NewReader(own), parser.WithContext(naming))
	err := ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			id, _ := n.AttributeString("id")
			name, _ := id.([]byte)
			p.sections = append(p.sections, section{id: string(name), heading: plain(n, own)})
			if p.title == "" {
				p.title = p.sections[0].heading
			}
			return ast.WalkSkipChildren, nil
		case *ast.Link:
			n.Destination = []byte(target(files, p.name, lang, string(n.Destination)))
		case *ast.Image:
			n.Destination = []byte(target(files, p.name, lang, string(n.Destination)))
		case *ast.Text, *ast.String, *ast.CodeBlock, *ast.FencedCodeBlock:
			p.gather(plain(n, own))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, own, tree); err != nil {
		return nil, err
	}
	p.body = template.HTML(out.String())
	return p, nil
}

// gather adds a text to the section that it stands in.
func (p *page) gather(text string) {
	if len(p.sections) == 0 {
		p.sections = append(p.sections, section{})
	}
	s := &p.sections[len(p.sections)-1]
	s.text = strings.TrimSpace(s.text + " " + text)
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var out strings.Builder
	if n.Type() == ast.TypeBlock && n.Kind() != ast.KindHeading {
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			out.Write(line.Value(source))
		}
		return out.String()
	}
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, is := n.(*ast.Text); is && entering {
			out.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

// elsewhere is where the parts of the repository are that the binary does not carry.
const elsewhere = "https://github.com/chargestamp/chargestamp/blob/main/"

// target is the address here of what a page links to.
func target(files fs.FS, from string, lang words.Lang, link string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "#") || strings.HasPrefix(link, "mailto:") {
		return link
	}
	name, fragment, hasFragment := strings.Cut(link, "#")
	name = path.Join(path.Dir(from), name)
	if info, err := fs.Stat(files, name); err == nil && info.IsDir() {
		name += "/README.md"
	}
	if _, err := fs.Stat(files, name); err != nil {
		return elsewhere + strings.TrimSuffix(name, "/README.md")
	}
	address := "/docs/files/" + name
	if page, is := strings.CutSuffix(name, ".md"); is {
		address = address[:len("/docs/")] + string(lang) + "/" + page
	}
	if hasFragment {
		address += "#" + fragment
	}
	return address
}
