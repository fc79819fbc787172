// Package manual serves the pages of docs/ to people: a tree of pages in each language, by reader, with a search.
// Nothing is fetched from elsewhere and no script runs.
package manual

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/chargestamp/chargestamp/words"
)

// Prefix is the path that a Manual is served under.
const Prefix = "/docs"

// Manual serves pages. Safe for concurrent use. Pages are made when the first one is asked for.
type Manual struct {
	files fs.FS
	books func() (map[words.Lang]*book, error)
}

// New makes a Manual of the repository's pages, docs/ among them.
func New(files fs.FS) *Manual {
	return &Manual{files: files, books: sync.OnceValues(func() (map[words.Lang]*book, error) {
		books := map[words.Lang]*book{}
		for _, lang := range []words.Lang{words.Chinese, words.English} {
			b, err := bind(files, lang)
			if err != nil {
				return nil, err
			}
			books[lang] = b
		}
		return books, nil
	})}
}

// book is all pages in one language.
type book struct {
	lang    words.Lang
	pages   map[string]*page
	ordered []*page
}

// bind makes a book of all pages there are.
func bind(files fs.FS, lang words.Lang) (*book, error) {
	b := &book{lang: lang, pages: map[string]*page{}}
	err := fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		name, is := strings.CutSuffix(file, ".md")
		if err != nil || entry.IsDir() || !is {
			return err
		}
		source, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		p, err := render(files, name, lang, string(source))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		b.pages[name], b.ordered = p, append(b.ordered, p)
		return nil
	})
	return b, err
}

func (b *book) address(p *page) string { return Prefix + "/" + string(b.lang) + "/" + p.name }

// view is what the template shows.
type view struct {
	Lang         words.Lang
	Title, Other string // Other is the address of the same in the other language
	Body         template.HTML
	Readers      []shelf
	Here, Asked  string
	Searched     bool
	Found        []hit
	Home         string
}

//go:embed manual.html
var layout string

// template.Must: a layout that does not parse is a mistake of the build.
var frame = template.Must(template.New("manual").Funcs(template.FuncMap{"say": say}).Parse(layout))

// ServeHTTP answers what lies under Prefix.
func (m *Manual) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "+
		"base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "the manual is only read", http.StatusMethodNotAllowed)
		return
	}
	where := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	if file, is := strings.CutPrefix(where, "files/"); is {
		m.file(w, r, file)
		return
	}
	lang, name, _ := strings.Cut(where, "/")
	books, err := m.books()
	if err != nil {
		http.Error(w, "the manual cannot be read", http.StatusInternalServerError)
		return
	}
	b := books[words.Lang(lang)]
	switch {
	case where == "":
		http.Redirect(w, r, Prefix+"/"+string(preferred(r))+"/", http.StatusSeeOther)
	case b == nil:
		http.NotFound(w, r)
	case name == "search":
		asked := r.URL.Query().Get("q")
		b.show(w, http.StatusOK, view{Title: say(b.lang, "搜索", "Search"), Asked: asked, Searched: true, Found: b.find(asked),
			Other: "search"})
	case name == "":
		b.show(w, http.StatusOK, view{Title: say(b.lang, "文档", "Manual")})
	case b.pages[name] == nil:
		b.show(w, http.StatusNotFound, view{Title: say(b.lang, "没有这一页", "There is no such page")})
	default:
		p := b.pages[name]
		b.show(w, http.StatusOK, view{Title: p.title, Body: p.body, Here: name, Other: name})
	}
}

// preferred is the language of a browser's first choice that we speak; Chinese where it has none.
func preferred(r *http.Request) words.Lang {
	for choice := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		choice, _, _ = strings.Cut(strings.TrimSpace(strings.ToLower(choice)), ";")
		choice, _, _ = strings.Cut(choice, "-")
		if lang := words.Lang(choice); lang == words.Chinese || lang == words.English {
			return lang
		}
	}
	return words.Chinese
}

func (b *book) show(w http.ResponseWriter, status int, v view) {
	v.Lang, v.Readers = b.lang, b.shelves()
	v.Home = Prefix + "/" + string(b.lang) + "/"
	v.Other = Prefix + "/" + string(other(b.lang)) + "/" + v.Other
	var out bytes.Buffer
	if err := frame.Execute(&out, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// kinds are the files beside the pages that are served, and as what.
var kinds = map[string]string{".png": "image/png", ".svg": "image/svg+xml", ".json": "application/json",
	".yaml": "text/plain; charset=utf-8", ".toml": "text/plain; charset=utf-8", ".sh": "text/plain; charset=utf-8",
	".txt": "text/plain; charset=utf-8", ".http": "text/plain; charset=utf-8"}

//go:embed manual.css
var style []byte

func (m *Manual) file(w http.ResponseWriter, r *http.Request, name string) {
	if name == "manual.css" {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
		return
	}
	body, err := fs.ReadFile(m.files, name)
	kind := kinds[path.Ext(name)]
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body)
}

func say(lang words.Lang, chinese, english string) string {
	if lang == words.English {
		return english
	}
	return chinese
}
