package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/chargestamp/chargestamp/store"
)

// disk is where the store lies: files of SQLite that a crash leaves as a disk may leave them, or a database of
// PostgreSQL.
type disk struct {
	root  string
	url   string
	clock func() time.Time
	store *store.Store
	care  *sqlite.Conn // moves SQLite's log into the database file; nil on PostgreSQL
	dir   string
	made  int
}

const (
	databaseFile = "chargestamp.db"
	logFile      = "chargestamp.db-wal"
	recordsFile  = "chargestamp.records"
)

// memory is a folder in memory, where the machine has such: most of what is simulated is not the disk.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

func openDisk(url string, clock func() time.Time) (*disk, error) {
	root, err := os.MkdirTemp(memory(), "chargestamp-sim")
	if err != nil {
		return nil, err
	}
	d := &disk{root: root, url: url, clock: clock}
	empty, err := emptySchema()
	if err == nil {
		err = d.openOn(map[string][]byte{databaseFile: empty})
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	return d, nil
}

// emptySchema is a new database's file, made once: bringing the schema up to date takes longer than many a history.
var emptySchema = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp(memory(), "chargestamp-sim")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(context.Background(), store.Config{DataDir: dir})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, databaseFile))
})

// openOn opens the store on files.
func (d *disk) openOn(files map[string][]byte) (err error) {
	d.made++
	d.dir = filepath.Join(d.root, fmt.Sprint(d.made))
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return err
	}
	if d.url == "" {
		for name, content := range files {
			if content == nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o600); err != nil {
				return err
			}
		}
	}
	d.store, err = store.Open(context.Background(), store.Config{DataDir: d.dir, URL: d.url, Node: "sim", Clock: d.clock})
	if err != nil || d.url != "" {
		return err
	}
	d.care, err = sqlite.OpenConn(filepath.Join(d.dir, databaseFile), sqlite.OpenReadWrite)
	return err
}

// tidy moves SQLite's log into the database file, as the store does once there are tens of megabytes of it: a crash
// copies the log again and again.
func (d *disk) tidy() error {
	if d.care == nil {
		return nil
	}
	return sqlitex.ExecuteTransient(d.care, "PRAGMA wal_checkpoint(PASSIVE)", nil)
}

// leave closes the store.
func (d *disk) leave() error {
	err := d.store.Close()
	if d.care != nil {
		err = errors.Join(err, d.care.Close())
	}
	return err
}

// tears reports whether a crash can leave half of what was written: PostgreSQL's files are its own affair.
func (d *disk) tears() bool { return d.url == "" }

// image reads the files as they are at one moment. The store moves its log into the database file, and begins it anew,
// when it likes: two looks in a row must see the same.
func (d *disk) image() (map[string][]byte, error) {
	last, err := d.files()
	for err == nil {
		var again map[string][]byte
		if again, err = d.files(); maps.EqualFunc(last, again, bytes.Equal) {
			break
		}
		last = again
	}
	return last, err
}

func (d *disk) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	if d.url != "" {
		return files, nil
	}
	for name, read := range map[string]func(string) ([]byte, error){
		databaseFile: os.ReadFile, logFile: os.ReadFile, recordsFile: readWritten,
	} {
		content, err := read(filepath.Join(d.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	return files, nil
}

// restart drops the store where it stands and opens it on an image.
func (d *disk) restart(files map[string][]byte) error {
	old := *d
	if err := d.openOn(files); err != nil {
		return fmt.Errorf("the store does not open after a crash: %w", err)
	}
	return errors.Join(old.leave(), os.RemoveAll(old.dir)) // what it writes at its end is in files that are read no more
}

// readWritten reads a file up to where nothing was ever written: the log of records is reserved at once, and most of it
// is zeros.
func readWritten(name string) (content []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const part = 64 << 10
	for {
		b := make([]byte, part)
		n, err := io.ReadFull(f, b)
		if errors.Is(err, io.EOF) || err == nil && len(bytes.Trim(b, "\x00")) == 0 {
			return content, nil
		}
		content = append(content, b[:n]...)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
	}
}

// tear is how a crash leaves what was being written: a first part of it, from 0 to 1, and perhaps rubbish behind it.
type tear struct {
	part    float64
	rubbish bool
}

// lost is what a crash leaves of a write that was under way between two images, and that is not to be there: of both
// logs' new bytes a first part.
func (t tear) lost(before, after map[string][]byte) map[string][]byte {
	wal, ok := t.wal(before, after)
	if !ok {
		return before
	}
	return map[string][]byte{databaseFile: before[databaseFile], logFile: wal,
		recordsFile: t.record(before[recordsFile], after[recordsFile])}
}

// kept is what a crash leaves of a write that is in the log of records: SQLite's log need not have been forced to disk.
func (t tear) kept(before, after map[string][]byte) map[string][]byte {
	wal, ok := t.wal(before, after)
	if !ok || bytes.Equal(before[recordsFile], after[recordsFile]) {
		return after
	}
	return map[string][]byte{databaseFile: before[databaseFile], logFile: wal, recordsFile: after[recordsFile]}
}

// wal tears SQLite's log, so that no whole page of what is new stays. It is not ok where the log was moved into the
// database file meanwhile, or begun anew.
func (t tear) wal(before, after map[string][]byte) (left []byte, ok bool) {
	was, is := before[logFile], after[logFile]
	from := 0
	for from < min(len(was), len(is)) && was[from] == is[from] {
		from++
	}
	if from < walHeader || !bytes.Equal(before[databaseFile], after[databaseFile]) {
		return nil, false
	}
	left = bytes.Clone(is[:min(len(is), from+int(t.part*walPage))])
	if len(was) > len(left) {
		left = append(left, was[len(left):]...)
	}
	if t.rubbish {
		left = append(left, bytes.Repeat([]byte{0xA5}, walPage/2)...)
	}
	return left, true
}

// record tears the last record of the log of records. Its end is never there.
func (t tear) record(was, is []byte) []byte {
	if len(was) == 0 {
		return nil
	}
	left := append(bytes.Clone(was), make([]byte, max(0, len(is)-len(was)))...)
	from, to := 0, len(is)
	for from < to && left[from] == is[from] {
		from++
	}
	for from < to && left[to-1] == is[to-1] {
		to--
	}
	upTo := from + int(t.part*float64(to-from))
	copy(left[from:upTo], is[from:])
	if t.rubbish {
		for i := range (to - upTo) / 2 {
			left[upTo+i] = 0xA5
		}
	}
	return left
}

// Sizes of SQLite's log, https://sqlite.org/fileformat2.html#walformat
const (
	walHeader = 32
	walPage   = 4096
)

func (d *disk) close() error { return errors.Join(d.leave(), os.RemoveAll(d.root)) }
