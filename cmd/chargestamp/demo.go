package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/demo"
)

// demoCommand is the product in one command: a real server on free ports with a temporary data folder, all
// platforms and all kinds of lots played over real sockets.
type demoCommand struct {
	Once   bool   `help:"End after the tour; exit 0 only if every row was delivered and used."`
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Run starts the server, plays the tour, and goes on until Ctrl-C unless Once.
func (d *demoCommand) Run(c *console) error {
	dir, err := os.MkdirTemp("", "chargestamp-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	token := rand.Text()
	cfg := app.Defaults()
	cfg.Data, cfg.AdminToken, cfg.Log.Level = filepath.Join(dir, "data"), token, "error"
	cfg.HTTP.Addr, cfg.Admin.Addr, cfg.Line.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Stop(stopWithin)
	if err := a.Start(c.ctx); err != nil {
		return err
	}
	at := a.Addresses()
	if d.Output == "json" {
		fmt.Fprintln(c.err, "console: "+a.SetupLink())
	}
	rows, err := demo.Run(c.ctx, demo.Config{HTTP: at.HTTP, Admin: at.Admin, Line: at.Line, AdminToken: token,
		Out: c.out, Console: a.SetupLink(), Once: d.Once || d.Output == "json", JSON: d.Output == "json", Dir: dir})
	if err != nil {
		return err
	}
	if n := demo.Undelivered(rows); n > 0 {
		fmt.Fprintf(c.err, "%d of %d rows were not delivered and used\n", n, len(rows))
		return errFailed
	}
	return nil
}
