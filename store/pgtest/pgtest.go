// Package pgtest starts a private PostgreSQL from the programs of the machine, for tests and benchmarks. It
// keeps its settings for durability, listens on a socket in its own folder only, and is gone with its owner.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running PostgreSQL.
type Server struct {
	URL string // of a database that is there and empty; "postgres://…"

	bin, dir string
	kept     string // folder of a cluster that stays; empty: it lies in dir and goes with it
	owner    *owner
	cmd      *exec.Cmd
	log      bytes.Buffer
	exited   chan struct{}

	databases atomic.Int64
}

const user = "chargestamp"

// Start makes a database cluster in a new temporary folder and serves it until Stop.
func Start() (*Server, error) { return start("") }

// StartIn serves the cluster in a folder, which is made where there is none, and stays after Stop. Where the caller
// is root, the user that PostgreSQL runs as must be able to reach the folder.
func StartIn(dir string) (*Server, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return start(abs)
}

func start(kept string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, kept: kept}
	if s.owner, err = findOwner(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.owner.give(s.dir), s.cluster()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	s.URL = (&url.URL{Scheme: "postgres", User: url.User(user), Path: "/postgres", RawQuery: "host=" +
		url.QueryEscape(s.dir)}).String()
	if err := s.Up(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

// cluster makes the database cluster, unless it is there from before.
func (s *Server) cluster() error {
	if s.kept != "" {
		if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
			return nil
		}
		if err := os.MkdirAll(s.data(), 0o700); err != nil {
			return err
		}
		if err := s.owner.give(s.data()); err != nil {
			return err
		}
	}
	init := s.owner.command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", user, "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	init.Dir = s.dir
	out, err := init.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string {
	if s.kept != "" {
		return s.kept
	}
	return filepath.Join(s.dir, "data")
}

// Up serves again after Down or Kill.
func (s *Server) Up() error {
	s.log.Reset()
	s.cmd = s.owner.command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-c", "listen_addresses=", "-c",
		"unix_socket_directories="+s.dir,
		"-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "logging_collector=off")
	s.cmd.Dir = s.dir
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	started := make(chan error)
	s.exited = make(chan struct{})
	go func() {
		// The kernel ends a server whose owner is gone when the thread that started it is gone, so the thread
		// must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return s.ready()
}

// ready waits until the server takes connections.
func (s *Server) ready() error {
	const long = 30 * time.Second
	for start := time.Now(); time.Since(start) < long; {
		err := s.Do("SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended at its start:\n%s", s.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("postgres is not ready after %v:\n%s", long, s.log.String())
}

// Do runs one statement as the administrator, over a connection of its own.
func (s *Server) Do(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// Down stops the server as an administrator would; what is open is cut off.
func (s *Server) Down() error { return s.end(syscall.SIGINT) }

// Kill stops it as a crash would.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(how os.Signal) error {
	if err := s.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(2 * time.Minute): // its last checkpoint takes long on a busy machine
		_ = s.cmd.Process.Kill()
		<-s.exited
		return fmt.Errorf("postgres did not stop:\n%s", s.log.String())
	}
}

// NewDatabase makes an empty database and returns its URL.
func (s *Server) NewDatabase() (string, error) {
	return s.NewNamed(fmt.Sprintf("db%d", s.databases.Add(1)))
}

// NewNamed makes an empty database, in place of one of that name.
func (s *Server) NewNamed(name string) (string, error) {
	for _, do := range []string{"DROP DATABASE IF EXISTS ", "CREATE DATABASE "} {
		if err := s.Do(do + pgx.Identifier{name}.Sanitize()); err != nil {
			return "", fmt.Errorf("make database %s: %w", name, err)
		}
	}
	return s.Named(name), nil
}

// Named returns the URL of an existing database.
func (s *Server) Named(name string) string {
	return strings.Replace(s.URL, "/postgres?", "/"+name+"?", 1)
}

// Stop ends the server and removes its folder, but for a cluster that stays.
func (s *Server) Stop() error { return errors.Join(s.Down(), os.RemoveAll(s.dir)) }

// programs finds the folder of initdb and postgres, the newest where there are several.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real // where pg_basebackup is too
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(p), "postgres")); err == nil {
			return filepath.Dir(p), nil
		}
	}
	best, bestVersion := "", 0.0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, p := range found {
		dir := filepath.Dir(p)
		if v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64); err == nil && v > bestVersion {
			best, bestVersion = dir, v
		}
	}
	if best == "" {
		return "", errors.New("PostgreSQL's programs are not on this machine: apt-get install postgresql")
	}
	return best, nil
}
