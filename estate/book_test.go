package estate_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// docs is a store of documents in memory, shared by "nodes".
type docs struct {
	mu   sync.Mutex
	rev  int64
	kept map[string][]byte
	puts int
	fail error
	race func() // called before the next put, once
}

func (d *docs) Docs(context.Context, string) (map[string][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.kept), d.fail
}

func (d *docs) DocsRev(context.Context, string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rev, d.fail
}

func (d *docs) PutDocs(_ context.Context, _ string, expect int64, puts map[string][]byte) (int64, error) {
	if race := d.race; race != nil {
		d.race = nil
		race()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return 0, d.fail
	}
	if expect != d.rev {
		return 0, errors.New("changed in between")
	}
	if d.kept == nil {
		d.kept = map[string][]byte{}
	}
	maps.Copy(d.kept, puts)
	d.rev++
	d.puts += len(puts)
	return d.rev, nil
}

// sealer turns bytes around and checks the place: enough to see that nothing goes past it.
type sealer string

func (s sealer) Seal(plain []byte, ad string) ([]byte, error) {
	out := []byte(string(s) + ad + "\x00")
	for _, b := range plain {
		out = append(out, ^b)
	}
	return out, nil
}

func (s sealer) Open(sealed []byte, ad string) ([]byte, error) {
	rest, found := bytes.CutPrefix(sealed, []byte(string(s)+ad+"\x00"))
	if !found {
		return nil, errors.New("wrong key or place")
	}
	var plain []byte
	for _, b := range rest {
		plain = append(plain, ^b)
	}
	return plain, nil
}

func TestBookKeepsWhatItWasGiven(t *testing.T) {
	ctx, d := t.Context(), &docs{}
	b := estate.NewBook(catalog(), d, sealer("k"))
	var audited []string
	b.Audit = func(_ context.Context, actor, file string, changes estate.Changes) error {
		audited = append(audited, actor+" "+file+" "+changes[0].String())
		assertHush(t, "the audit log", changes.String())
		return nil
	}
	doc := load(t, "testdata/example.yaml")
	dry, err := b.Apply(ctx, doc, "li", true)
	if err != nil || len(dry) == 0 || d.puts != 0 || len(b.State().Lots()) != 0 {
		t.Fatalf("dry run: %v, %d changes, %d puts, %d lots", err, len(dry), d.puts, len(b.State().Lots()))
	}
	changes, err := b.Apply(ctx, doc, "li", false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dry.String(), changes.String()); diff != "" {
		t.Errorf("the dry run said something else: %s", diff)
	}
	puts := d.puts
	if again, err := b.Apply(ctx, doc, "li", false); err != nil || len(again) != 0 || d.puts != puts {
		t.Errorf("applied again: %v, changes %v, %d puts more", err, again, d.puts-puts)
	}
	if len(audited) != 1 || !strings.HasPrefix(audited[0], "li testdata/example.yaml vendor 200461: new: ") {
		t.Errorf("audited: %q", audited)
	}
	for key, doc := range d.kept {
		assertHush(t, "stored "+key, string(doc))
	}

	other := estate.NewBook(catalog(), d, sealer("k"))
	if err := other.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything(b.State()), everything(other.State()), prefixes); diff != "" {
		t.Errorf("loaded (-kept +loaded):\n%s", diff)
	}
	if err := estate.NewBook(catalog(), d, sealer("k")).Reseal(ctx); err != nil {
		t.Fatal(err)
	}
	if changed, err := other.Refresh(ctx); err != nil || !changed {
		t.Errorf("after sealing anew: %v, %v", changed, err)
	}
	if diff := cmp.Diff(everything(b.State()), everything(other.State()), prefixes); diff != "" {
		t.Errorf("sealed anew (-kept +loaded):\n%s", diff)
	}
	wrong := estate.NewBook(catalog(), d, sealer("other"))
	if err := wrong.Load(ctx); err == nil || !strings.Contains(err.Error(), "wrong key or place") {
		t.Errorf("loaded with another key: %v", err)
	}
}

func TestBookNodesTakeUpEachOthersChanges(t *testing.T) {
	ctx, d := t.Context(), &docs{}
	one, two := estate.NewBook(catalog(), d, sealer("k")), estate.NewBook(catalog(), d, sealer("k"))
	apply := func(b *estate.Book, text string) error {
		_, err := b.Apply(ctx, parse(t, text), "li", false)
		return err
	}
	if err := apply(one, `{"version":1,"vendors":[{"union_id":"1","ukey":"hush"}]}`); err != nil {
		t.Fatal(err)
	}
	// Node two has not heard of vendor 1, applies its own, and finds both.
	if err := apply(two, `{"version":1,"vendors":[{"union_id":"2"}]}`); err != nil {
		t.Fatal(err)
	}
	if _, found := two.State().Vendor("1"); !found {
		t.Error("node two lost the vendor of node one")
	}
	// Node one is quicker by a hair.
	d.race = func() {
		if err := apply(one, `{"version":1,"lots":[{"lot":"1/1","kind":"sdk"}]}`); err != nil {
			t.Fatal(err)
		}
	}
	if err := apply(two, `{"version":1,"vendors":[{"union_id":"1","name":"一"}]}`); err != nil {
		t.Fatal(err)
	}
	if v, _ := two.State().Vendor("1"); v.Name != "一" || !two.State().KnowsLot(charge.LotID{Union: "1", Park: "1"}) {
		t.Error("of two changes at once one was lost")
	}
	if changed, err := one.Refresh(ctx); err != nil || !changed {
		t.Fatalf("refresh: %v, %v", changed, err)
	}
	if _, found := one.State().Vendor("2"); !found {
		t.Error("node one did not take up the vendor of node two")
	}
	if changed, err := one.Refresh(ctx); err != nil || changed {
		t.Errorf("refreshed for nothing: %v, %v", changed, err)
	}
	d.fail = errors.New("disk is gone")
	if err := apply(one, `{"version":1,"vendors":[{"union_id":"3"}]}`); !errors.Is(err, d.fail) {
		t.Errorf("a failing store gives %v", err)
	}
	if _, found := one.State().Vendor("3"); found {
		t.Error("what could not be kept counts")
	}
}

func parse(t testing.TB, text string) *estate.Document {
	t.Helper()
	doc, err := estate.Parse("test", []byte(text), getenv, readFile)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

type all struct {
	Vendors  []*charge.Vendor
	Lots     []*charge.Lot
	Accounts []*charge.Account
	Bindings []*charge.Binding
}

func everything(s *estate.State) all {
	return all{s.Vendors(), s.Lots(), s.Accounts(), s.Bindings()}
}

var prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
