package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// process is a child that prints one JSON line when it is ready.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // of its end; read after exited
	tail   tail  // the last of its stderr
	in     io.WriteCloser
	out    *bufio.Reader
}

// readyWithin bounds a child's start.
const readyWithin = 60 * time.Second

// start runs the program until it is ready and decodes its first line into v.
func start(ctx context.Context, exe string, args, env []string, v any) (*process, error) {
	return startTold(ctx, exe, args, env, nil, v)
}

// startTold is start for a child that reads what it needs to know from its standard input.
func startTold(ctx context.Context, exe string, args, env []string, told, v any) (*process, error) {
	p := &process{cmd: exec.Command(exe, args...), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.tail
	dieWithUs(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.launch(); err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go func() {
		if told != nil {
			if err := p.tell(told); err != nil {
				first <- err
				return
			}
		}
		first <- p.next(v)
	}()
	select {
	case err = <-first:
	case <-time.After(readyWithin):
		err = fmt.Errorf("not ready after %s", readyWithin)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("%s: %w%s", args[0], err, p.tail.said())
	}
	return p, nil
}

// launch starts the child from a thread that stays: the kernel ends the child when that thread is gone.
func (p *process) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		// Not cmd.Wait: it would close the pipe under its reader.
		state, err := p.cmd.Process.Wait()
		if err == nil && !state.Success() {
			err = errors.New(state.String())
		}
		p.err = err
		close(p.exited)
	}()
	return <-started
}

// next decodes the next line that the child prints.
func (p *process) next(v any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("ended before it had said what was waited for: %w", err)
	}
	return json.Unmarshal(line, v)
}

// tell writes a line to the child.
func (p *process) tell(v any) error { return json.NewEncoder(p.in).Encode(v) }

// kill is kill -9; it returns once the child is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // already gone is as good
	<-p.exited
}

// stop asks the child to end and waits for it.
func (p *process) stop(within time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
	case <-time.After(within):
		p.kill()
		return fmt.Errorf("did not stop within %s%s", within, p.tail.said())
	}
	if p.err != nil {
		return fmt.Errorf("%w%s", p.err, p.tail.said())
	}
	return nil
}

// alive reports whether the child runs.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// tail keeps the end of what is written to it, and counts.
type tail struct {
	mu    sync.Mutex
	text  []byte
	count int64 // bytes in all
}

const tailBytes = 4 << 10

// Write keeps the end.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count += int64(len(b))
	t.text = append(t.text, b...)
	if len(t.text) > 2*tailBytes {
		t.text = append([]byte(nil), t.text[len(t.text)-tailBytes:]...)
	}
	return len(b), nil
}

// bytes is how much was written.
func (t *tail) bytes() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// said is the end as it is put behind an error.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(t.text); len(text) > 0 {
		return "\n" + string(text)
	}
	return ""
}
