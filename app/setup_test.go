package app

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Where several open the set-up link at once, one makes the first admin and the others get 403. The
// file with the link goes with it.
func TestSetupLinkIsUsedOnce(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	if err := s.OfferSetup(t.Context(), io.Discard, false); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(cfg.Data, "setup-link")
	link, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(strings.TrimSpace(string(link)))
	if err != nil {
		t.Fatal(err)
	}
	var people [4]*person
	for i := range people {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &person{t: t, base: "http://" + s.Addresses().Admin, web: &http.Client{Jar: jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		_, page := p.page(at.RequestURI())
		p.csrf = csrfOf(t, page)
		people[i] = p
	}
	var all sync.WaitGroup
	statuses := make(chan int, len(people))
	for i, p := range people { // each has the form before anybody sends it
		all.Go(func() {
			status, _ := p.post("/setup", url.Values{"token": {at.Query().Get("token")}, "name": {"li" + string(rune('a'+i))},
				"password": {"an invented phrase of the tests"}, "again": {"an invented phrase of the tests"}})
			statuses <- status
		})
	}
	all.Wait()
	close(statuses)
	got := map[int]int{}
	for status := range statuses {
		got[status]++
	}
	if got[http.StatusSeeOther] != 1 || got[http.StatusForbidden] != 3 {
		t.Errorf("four at once hear %v, want one 303 and three 403", got)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the link's file is still there: %v", err)
	}
}
