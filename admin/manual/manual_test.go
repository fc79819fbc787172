package manual

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp"
	"github.com/chargestamp/chargestamp/words"
)

// built is one manual for all tests: making its pages takes seconds under the race detector.
var built = sync.OnceValue(func() *Manual { return New(chargestamp.Pages) })

func get(t *testing.T, m *Manual, path string) (status int, body string, header http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(text), w.Header()
}

var (
	links  = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	naming = regexp.MustCompile(`id="([^"]*)"`)
)

// TestPagesLead crawls the manual from its first page in both languages: each link leads to a page that is there and to
// a heading that is on it, and each page of docs/ can be reached.
func TestPagesLead(t *testing.T) {
	m := built()
	books, err := m.books()
	if err != nil {
		t.Fatal(err)
	}
	for lang, b := range books {
		start := Prefix + "/" + string(lang) + "/"
		ids, queue := map[string]map[string]bool{}, []string{start}
		var wanted []string
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			if ids[at] != nil {
				continue
			}
			ids[at] = map[string]bool{"": true}
			status, body, header := get(t, m, at)
			if status != http.StatusOK {
				t.Errorf("%s: status %d", at, status)
			}
			if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
				continue
			}
			for _, id := range naming.FindAllStringSubmatch(body, -1) {
				ids[at][id[1]] = true
			}
			for _, link := range links.FindAllStringSubmatch(body, -1) {
				u, err := url.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
				if err != nil {
					t.Fatalf("%s links to %q: %v", at, link[1], err)
				}
				if u.IsAbs() || u.Path == "/" || strings.HasPrefix(u.Path, "/assets/") {
					continue
				}
				if u.Path == "" {
					u.Path = at
				}
				if u.Fragment != "" {
					wanted = append(wanted, at+" "+u.Path+"#"+u.Fragment)
				}
				if u.RawQuery == "" && !strings.HasPrefix(u.Path, Prefix+"/"+string(other(lang))) {
					queue = append(queue, u.Path)
				}
			}
		}
		for _, want := range wanted {
			from, to, _ := strings.Cut(want, " ")
			page, id, _ := strings.Cut(to, "#")
			if !ids[page][id] {
				t.Errorf("%s links to %s, and there is no such heading", from, to)
			}
		}
		for name, p := range b.pages {
			reading := strings.HasPrefix(name, "docs/") && !strings.HasPrefix(name, "docs/adr/") &&
				!strings.HasPrefix(name, "docs/dev/")
			if reading && ids[b.address(p)] == nil {
				t.Errorf("no link leads to %s", b.address(p))
			}
		}
	}
}

// TestLanguagesApart wants pages that say everything twice to say it once in each tree.
func TestLanguagesApart(t *testing.T) {
	for _, name := range []string{"first-lot", "operating", "support", "lots/sdk", "lots/gate", "lots/api", "estate"} {
		source, err := fs.ReadFile(chargestamp.Pages, "docs/"+name+".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range []words.Lang{words.Chinese, words.English} {
			said, foreign := 0, []string{}
			for _, b := range split(Only(lang, string(source))) {
				if b.kind != prose && b.kind != heading {
					continue
				}
				for _, p := range pieces(b.text) {
					switch p.tongue {
					case lang:
						said++
					case other(lang):
						foreign = append(foreign, p.text)
					}
				}
			}
			if len(foreign)*10 > said {
				t.Errorf("%s in %s: of %d sentences these are in the other language:\n%s", name, lang, said+len(foreign),
					strings.Join(foreign, "\n"))
			}
		}
	}
}

func TestOnly(t *testing.T) {
	for name, tc := range map[string]struct{ page, zh, en string }{
		"paragraphs": {"One.\nTwo.\n\n一。\n二。\n\nThree alone.\n",
			"\n一。\n二。\n\nThree alone.\n", "One.\nTwo.\n\n\nThree alone.\n"},
		"sentences": {"Names `a.b` stay (see 达克云's). 名称 `a.b` 不变（达克云）。\n", "名称 `a.b` 不变（达克云）。\n",
			"Names `a.b` stay (see 达克云's).\n"},
		"heading":      {"## 3. Fields · 字段\n", "## 3. 字段\n", "## 3. Fields\n"},
		"code heading": {"## `serve` · 运行网关\n", "## `serve` · 运行网关\n", "## `serve`\n"},
		"one language": {"# Alone\n\nOnly said here.\n", "# Alone\n\nOnly said here.\n", "# Alone\n\nOnly said here.\n"},
		"table": {"| kind 类型 | `x` |\n| --- | --- |\n| 数据目录<br>folder | price, now 现在应付 |\n",
			"| 类型 | `x` |\n| --- | --- |\n| 数据目录 | 现在应付 |\n", "| kind | `x` |\n| --- | --- |\n| folder | price, now |\n"},
		"list and text": {"- It is so.\n- And so.\n\n这样，那样。\n", "\n这样，那样。\n", "- It is so.\n- And so.\n\n"},
		"code":          {"```sh\na # one 一\n```\n", "```sh\na # one 一\n```\n", "```sh\na # one 一\n```\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Only(words.Chinese, tc.page); got != tc.zh {
				t.Errorf("in Chinese %q, want %q", got, tc.zh)
			}
			if got := Only(words.English, tc.page); got != tc.en {
				t.Errorf("in English %q, want %q", got, tc.en)
			}
		})
	}
}

// TestSearch finds a section by its words in either language, and shows nothing of the question as markup.
func TestSearch(t *testing.T) {
	m := built()
	for path, want := range map[string]string{
		"/docs/en/search?q=secrets+key": "<mark>",

		"/docs/zh/search?q=" + url.QueryEscape("减免"): "<mark>减免</mark>",
		"/docs/en/search?q=%3Cscript%3E":             "&lt;script&gt;",
		"/docs/en/search?q=zzzzqqq":                  "Nothing found",
	} {
		status, body, header := get(t, m, path)
		if status != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, "<script") {
			t.Errorf("%s: %d, no %q in\n%.600s", path, status, want, body)
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

func TestDoors(t *testing.T) {
	m := built()
	for path, want := range map[string]int{
		"/docs/fr/": 404, "/docs/en/nothing": 404, "/docs/files/docs/nothing.png": 404, "/docs/files/docs/api" + ".md": 404,
		"/docs/files/../go.mod": 404, "/docs/files/docs/openapi.json": 200, "/docs/en/docs/operating": 200,
	} {
		if status, _, _ := get(t, m, path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	for choice, want := range map[string]string{"": "/docs/zh/", "en-GB,en;q=0.8": "/docs/en/", "fr, zh-CN": "/docs/zh/"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/docs", nil)
		r.Header.Set("Accept-Language", choice)
		m.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%q: %d to %s, want %s", choice, w.Code, w.Header().Get("Location"), want)
		}
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/docs/en/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}
