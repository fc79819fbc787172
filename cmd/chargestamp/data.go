package main

import (
	"fmt"
	"os"

	"github.com/chargestamp/chargestamp/app"
)

// dataFlags say where the data are, for commands that work on them with no server in between.
type dataFlags struct {
	Data     string `default:"./data" type:"path" help:"Data folder."`
	Database string `env:"CHARGESTAMP_DATABASE_URL" placeholder:"URL" help:"postgres://…; SQLite in --data by default."`
}

func (d dataFlags) place() app.Place { return app.Place{Data: d.Data, Database: d.Database} }

type migrateCommand struct{ dataFlags }

// Run brings the schema up to date.
func (m *migrateCommand) Run(c *console) error {
	if err := app.Migrate(c.ctx, m.place()); err != nil {
		return err
	}
	fmt.Fprintln(c.err, "the schema is up to date")
	return nil
}

type backupCommand struct {
	dataFlags
	File string `arg:"" type:"path" help:"File to write; it must not exist."`
}

// Run writes a backup. A running server goes on serving.
func (b *backupCommand) Run(c *console) error {
	if _, err := os.Stat(b.File); err == nil {
		return usage("%s exists; give a new file", b.File)
	}
	if err := app.Backup(c.ctx, b.place(), b.File); err != nil {
		return err
	}
	fmt.Fprintln(c.err, "backup written; keep the secrets key too, apart from it: without it no stored key can be read")
	return nil
}

type restoreCommand struct {
	dataFlags
	File string `arg:"" type:"path" help:"Backup to read."`
}

// Run fills an empty place.
func (r *restoreCommand) Run(c *console) error {
	if _, err := os.Stat(r.File); err != nil {
		return usage("there is no such backup: %w", err)
	}
	if err := app.Restore(c.ctx, r.place(), r.File); err != nil {
		return err
	}
	fmt.Fprintln(c.err, "restored; put the secrets key back and run `chargestamp verify`")
	return nil
}

type verifyCommand struct {
	dataFlags
	Output     string   `short:"o" enum:"text,json" default:"text" help:"text or json."`
	SecretsKey string   `type:"path" help:"Secrets key file; default secrets.key in the data folder."`
	AuditHead  []string `help:"ROWS:HASH of the audit log as noted in a log or backup; it must still be on the chain."`
}

// Run adds everything up again. It is exit 1 where something does not agree.
func (v *verifyCommand) Run(c *console) error {
	heads, err := app.AuditHeads(v.AuditHead)
	if err != nil {
		return usage("--audit-head: %v", err)
	}
	checks, err := app.Verify(c.ctx, v.place(), v.SecretsKey, heads...)
	if err != nil {
		return err
	}
	t := table{head: []string{"CHECK", "", "DETAIL"}}
	bad := false
	for _, k := range checks {
		mark := "ok"
		if !k.OK {
			mark, bad = "WRONG", true
		}
		t.rows = append(t.rows, []string{k.Name, mark, k.Detail})
	}
	out := output{Output: "table"}
	if v.Output == "json" {
		out.Output = "json"
	}
	if err := out.print(c, t, checks); err != nil {
		return err
	}
	if bad {
		return errFailed
	}
	return nil
}

type repairCommand struct {
	Data     string `default:"./data" type:"path" help:"Data folder; no server may hold it."`
	DropTail bool   `required:"" help:"Leave out the last record of the log, which cannot be read."`
}

// Run leaves out what keeps a server from starting.
func (r *repairCommand) Run(c *console) error {
	dropped, err := app.DropTail(r.Data)
	switch {
	case err != nil:
		return err
	case dropped:
		fmt.Fprintln(c.err, "the last record is left out; what it alone held is lost. "+
			"Start the server, then run `chargestamp verify`")
	default:
		fmt.Fprintln(c.err, "the log of records reads to its end: nothing was changed")
	}
	return nil
}

type copyCommand struct {
	From string `required:"" help:"sqlite:DIR or postgres://…"`
	To   string `required:"" help:"sqlite:DIR or postgres://…; must be empty."`
}

// Run moves a site: stop the server, copy, start it on the other engine.
func (m *copyCommand) Run(c *console) error {
	from, err := app.ParsePlace(m.From)
	if err != nil {
		return usageError{err}
	}
	to, err := app.ParsePlace(m.To)
	if err != nil {
		return usageError{err}
	}
	return app.Copy(c.ctx, from, to, c.err)
}
