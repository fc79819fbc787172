// Package bench measures a real server and breaks it on purpose. The server is always a process of its own, the
// one that the user runs; what pushes and what is pushed to are played by package play, over real sockets on
// the loopback. docs/performance.md says how to read what comes out.
package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Rig is where runs take place: the program under test, a folder for its data, and somebody to tell of progress.
type Rig struct {
	Exe  string    // the program; its commands serve and bench are used
	Dir  string    // a folder that may be filled and is emptied again run by run
	Says io.Writer // progress for people; nil: none

	// Profiles is a folder for CPU and memory profiles of servers under load; empty takes none.
	Profiles string
}

// NewRig makes a rig of this very program with a temporary folder, which Close removes. A big run needs a few
// gigabytes there.
func NewRig(says io.Writer) (*Rig, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "chargestamp-bench-")
	if err != nil {
		return nil, err
	}
	return &Rig{Exe: exe, Dir: dir, Says: says}, nil
}

// Close removes the rig's folder.
func (r *Rig) Close() error { return os.RemoveAll(r.Dir) }

func (r *Rig) say(format string, args ...any) {
	if r.Says != nil {
		fmt.Fprintf(r.Says, format+"\n", args...)
	}
}

// folder makes a new folder for one server's data.
func (r *Rig) folder(name string) (string, error) {
	return os.MkdirTemp(r.Dir, filepath.Base(name)+"-")
}
