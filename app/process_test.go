package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/play"
)

// testLease is as short as the time limit of a line (line.DefaultAckWait) allows.
const testLease = 8 * time.Second

// secretsKey makes up the key that the nodes of a site share.
func secretsKey() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// nodeSpecEnv holds the nodeSpec of a process that is to be a node.
const nodeSpecEnv = "CHARGESTAMP_TEST_NODE"

// nodeSpec is the set-up of a node of a test.
type nodeSpec struct {
	Data, Database, SecretsKey string
	HTTP, Admin, Line          string
	Skew                       time.Duration // of its clock
	Lease, Poll                time.Duration
	FileBytes                  uint64 // no file grows beyond; 0 is no bound
}

func (s nodeSpec) config() Config {
	cfg := Defaults()
	cfg.Data, cfg.Database.URL, cfg.SecretsKey, cfg.AdminToken = s.Data, s.Database, s.SecretsKey, adminToken
	cfg.HTTP.Addr, cfg.Admin.Addr, cfg.Line.Addr = s.HTTP, s.Admin, s.Line
	cfg.Limits = LimitConfig{AccountPerS: 100_000, AddressPerS: 100_000, LoginPerS: 1000}
	cfg.Lease, cfg.Poll, cfg.Log.Level = s.Lease, s.Poll, "info"
	cfg.Now = func() time.Time { return time.Now().Add(s.Skew) }
	return cfg
}

// beNode serves until SIGTERM, or until its parent is gone, and returns the exit code.
func beNode(text string) int {
	var spec nodeSpec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if spec.FileBytes > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE,
			&syscall.Rlimit{Cur: spec.FileBytes, Max: spec.FileBytes}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err := nodeLife(ctx, spec.config()); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}

func nodeLife(ctx context.Context, cfg Config) error {
	a, err := New(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Stop(15 * time.Second)
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(a.Addresses()); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.Fatal():
		return err
	}
}

// nodeProcess is a node in a process of its own.
type nodeProcess struct {
	spec   nodeSpec
	cmd    *exec.Cmd
	stdin  io.Closer
	exited chan struct{}
	err    error // of its end

	mu  sync.Mutex
	log bytes.Buffer
}

func (n *nodeProcess) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.Write(b)
}

func (n *nodeProcess) logged() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.log.String()
}

// spawn starts a node at free addresses, or at the ones it had, and waits until it is ready.
func spawn(t *testing.T, spec nodeSpec) *nodeProcess {
	t.Helper()
	if spec.Data == "" {
		spec.Data = filepath.Join(t.TempDir(), "data")
	}
	for _, addr := range []*string{&spec.HTTP, &spec.Admin, &spec.Line} {
		if *addr == "" {
			*addr = "127.0.0.1:0"
		}
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	n := &nodeProcess{spec: spec, exited: make(chan struct{})}
	n.cmd = exec.Command(os.Args[0])
	n.cmd.Env = append(os.Environ(), nodeSpecEnv+"="+string(text))
	n.cmd.Stderr = n
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, err := bufio.NewReader(out).ReadBytes('\n')
	go func() {
		n.err = n.cmd.Wait()
		close(n.exited)
	}()
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("the end of the log of node %s:\n%s", n.spec.HTTP, tailOf(n.logged()))
		}
	})
	var at Addresses
	if err == nil {
		err = json.Unmarshal(ready, &at)
	}
	if err != nil {
		n.kill()
		t.Fatalf("node did not start: %v\n%s", err, n.logged())
	}
	n.spec.HTTP, n.spec.Admin, n.spec.Line = at.HTTP, at.Admin, at.Line
	return n
}

// kill is kill -9.
func (n *nodeProcess) kill() {
	n.cmd.Process.Kill()
	<-n.exited
}

func (n *nodeProcess) office() office { return office{n.spec.Admin} }

// deliveries reads a lots' book by order: how many reductions with ids of their own each came to, and the first's row.
func deliveries(b *play.Book) map[string][]play.Applied {
	rows := map[string][]play.Applied{}
	for _, r := range b.Rows() {
		rows[r.Charge] = append(rows[r.Charge], r)
	}
	return rows
}
