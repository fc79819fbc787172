package pgtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Bouncer puts a PgBouncer with a pool_mode before the server: a socket in the returned folder, port 6432. stop ends
// it and removes the folder.
func (s *Server) Bouncer(mode string) (folder string, stop func(), err error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		return "", nil, errors.New("PgBouncer is not on this machine: apt-get install pgbouncer")
	}
	if folder, err = os.MkdirTemp("", "bouncer"); err != nil {
		return "", nil, err
	}
	config := filepath.Join(folder, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n* = host=%s user=%s\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n"+
		"unix_socket_dir = %s\nauth_type = any\npool_mode = %s\n", s.dir, user, folder, mode)
	err = errors.Join(os.WriteFile(config, []byte(text), 0o644), s.owner.give(folder))
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(folder))
	}
	cmd := s.owner.command(program, "-q", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(folder))
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		_ = os.RemoveAll(folder)
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		if c, err := net.Dial("unix", filepath.Join(folder, ".s.PGSQL.6432")); err == nil {
			c.Close()
			return folder, stop, nil
		}
		<-time.After(20 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("pgbouncer is not ready after 10 s")
}
