package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profile takes a CPU profile of a server for a while and an account of its memory at the end. The function it
// returns waits for both.
func (s *Server) profile(ctx context.Context, name string, d time.Duration) (done func() error) {
	if s.pprof == "" {
		return func() error { return nil }
	}
	taken := make(chan error, 1)
	go func() {
		cpu := s.fetch(ctx, fmt.Sprintf("profile?seconds=%d", max(1, int(d.Seconds()))), name+".cpu.pprof")
		taken <- errors.Join(cpu, s.fetch(ctx, "allocs", name+".allocs.pprof"))
	}()
	return func() error { return <-taken }
}

func (s *Server) fetch(ctx context.Context, what, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.pprof+"/debug/pprof/"+what, nil)
	if err != nil {
		return err
	}
	resp, err := s.Client.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("profile: %s", resp.Status)
	}
	f, err := os.Create(filepath.Join(s.rig.Profiles, file))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}
