package bench

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof" // --pprof serves them
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/app"
)

// TestMain makes the test binary the program under test: rigs start it as serve and bench, as they start the
// real one.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "serve" && os.Args[1] != "bench" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := child(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(ctx context.Context, args []string) error {
	switch {
	case args[0] == "serve":
		return serve(ctx, args[1:])
	case args[1] == "forwarder":
		return RunForwarder(ctx, os.Stdin, os.Stdout)
	}
	return RunFar(ctx, os.Stdin, os.Stdout)
}

// forgets is a fault put in on purpose: with it a server that is started again has lost its data.
const forgets = "CHARGESTAMP_TEST_FORGETS"

func serve(ctx context.Context, args []string) error {
	cfg := app.Defaults()
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	for name, to := range map[string]*string{"data": &cfg.Data, "database": &cfg.Database.URL, "http": &cfg.HTTP.Addr,
		"admin": &cfg.Admin.Addr, "line": &cfg.Line.Addr} {
		flags.StringVar(to, name, "", "")
	}
	profiles := flags.String("pprof", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := cfg.ReadEnv(os.LookupEnv); err != nil {
		return err
	}
	if *profiles != "" {
		l, err := net.Listen("tcp", *profiles)
		if err != nil {
			return err
		}
		go http.Serve(l, nil) // ends with the program
	}
	if os.Getenv(forgets) != "" {
		for _, file := range []string{"chargestamp.db", "chargestamp.db-wal", "chargestamp.db-shm", "chargestamp.records"} {
			os.Remove(filepath.Join(cfg.Data, file))
		}
	}
	a, err := app.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Stop(10 * time.Second)
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]bool{"ready": true}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// newRig makes a rig of the test binary.
func newRig(t *testing.T) *Rig {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Rig{Exe: exe, Dir: t.TempDir(), Says: t.Output()}
}

func onSQLite(t *testing.T) *Engine {
	t.Helper()
	e, err := OpenEngine(SQLite, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}
