package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chargestamp/chargestamp/bounded"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/nodes"
)

func (a *App) loadEstate(ctx context.Context) error {
	a.book = estate.NewBook(catalogOf(a.dialects, a.targets), a.store, a.keyring)
	a.book.Audit = func(ctx context.Context, actor, file string, changes estate.Changes) error {
		a.hints.Send(nodes.TopicEstate, "")
		e := guard.Entry{Actor: actor, Action: "estate.apply", Object: file}
		return a.guard.Audit.Record(ctx, e.Saying(changes.Notes()...))
	}
	if err := a.book.Load(ctx); err != nil {
		return err
	}
	for _, account := range a.book.State().Accounts() {
		if _, known := a.byID[account.Platform]; !known && !account.Off {
			a.logger.Warn("the platform of an account has no profile any more, its pushes get no answer; "+
				"put its file back into platforms.dir, or write state: off at the account", "account", account.ID, "platform",
				account.Platform)
		}
	}
	a.reseal(ctx)
	a.warnOfWeakKeys()
	return nil
}

// warnOfWeakKeys logs how many keys a stranger may find by trying, and the first of them.
func (a *App) warnOfWeakKeys() {
	if weak := a.book.State().Weak(); len(weak) > 0 {
		a.logger.Warn("keys are short or can be guessed; the console lists them at /estate", "keys", len(weak), "first",
			weak[0].Error())
	}
}

// reseal seals stored secrets anew while the site's key is being changed for another: once every node has
// started with the new one in front, the former may go.
func (a *App) reseal(ctx context.Context) {
	if !a.keyring.Changing() {
		return
	}
	if err := errors.Join(a.guard.Reseal(ctx), a.book.Reseal(ctx)); err != nil {
		a.logger.Error("sealing with the new secrets key failed; keep the former key and start again", "error", err)
		return
	}
	a.logger.Warn("everything is sealed with the first secrets key; remove the former ones")
}

// WeakKey is a key of the estate that a stranger may find by trying; it prints as one line, without the key.
type WeakKey = estate.Weak

// EstateChange is one difference that an estate document makes; it prints as one line.
type EstateChange = estate.Change

// ApplyFile applies an estate file.
func (a *App) ApplyFile(ctx context.Context, file string) error {
	src, err := bounded.File(file, bounded.MostDocument)
	if err != nil {
		return fmt.Errorf("estate file: %w", err)
	}
	doc, err := estate.Parse(file, src, os.LookupEnv, besideFile(file))
	if err != nil {
		return err
	}
	changes, err := a.book.Apply(ctx, doc, "file "+filepath.Base(file), false)
	if len(changes) > 0 {
		a.warnOfWeakKeys()
	}
	return err
}

// ResolveEstate checks an estate file's form and puts in the secrets that it names by environment or file, so
// that it can be sent to a server elsewhere. Lines stay where they are.
func ResolveEstate(file string, src []byte) ([]byte, error) {
	doc, err := estate.Parse(file, src, os.LookupEnv, besideFile(file))
	if err != nil {
		return nil, err
	}
	return doc.Resolved(), nil
}

// besideFile reads secrets, regular files of at most 64 KiB, whose paths are relative to an estate file.
func besideFile(file string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		return bounded.File(name, bounded.MostSecret)
	}
}
