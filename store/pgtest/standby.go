package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Standby makes a second server that follows this one. From then on this one answers a commit only when the other has
// it on its disk.
func (s *Server) Standby() (*Server, error) {
	next := &Server{bin: s.bin, owner: s.owner}
	var err error
	if next.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	next.URL = (&url.URL{Scheme: "postgres", User: url.User(user), Path: "/postgres", RawQuery: "host=" +
		url.QueryEscape(next.dir)}).String()
	if err := errors.Join(next.owner.give(next.dir), next.copyOf(s)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(next.dir))
	}
	if err := next.Up(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(next.dir))
	}
	if err := errors.Join(s.Do("ALTER SYSTEM SET synchronous_standby_names = '*'"),
		s.Do("SELECT pg_reload_conf()")); err != nil {
		return nil, errors.Join(err, next.Stop())
	}
	return next, nil
}

// copyOf makes the cluster a copy of another one's that follows it.
func (s *Server) copyOf(of *Server) error {
	cmd := s.owner.command(filepath.Join(s.bin, "pg_basebackup"), "-h", of.dir, "-U", user, "-D", s.data(), "-R",
		"-c", "fast", "--no-sync")
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return nil
}

// Promote has a standby follow no more, and take writes.
func (s *Server) Promote() error { return s.Do("SELECT pg_promote(true, 10)") }

// Socket is where the server listens.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }
