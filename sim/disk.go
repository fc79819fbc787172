package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/store"
)

// disk is where the store lies: files of SQLite that a crash leaves as a disk may leave them, or a database of
// PostgreSQL.
type disk struct {
	root  string
	url   string
	clock func() time.Time
	store *store.Store
	dir   string
	made  int
}

const (
	databaseFile = "chargestamp.db"
	logFile      = "chargestamp.db-wal"
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
			if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o600); err != nil {
				return err
			}
		}
	}
	d.store, err = store.Open(context.Background(), store.Config{DataDir: d.dir, URL: d.url, Node: "sim", Clock: d.clock})
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
	for _, name := range []string{databaseFile, logFile} {
		content, err := os.ReadFile(filepath.Join(d.dir, name))
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
	old, dir := d.store, d.dir
	if err := d.openOn(files); err != nil {
		return fmt.Errorf("the store does not open after a crash: %w", err)
	}
	return errors.Join(old.Close(), os.RemoveAll(dir)) // what it writes at its end is in files that are read no more
}

// torn is what a crash leaves of a write that was under way between two images: of the log's new bytes a first part,
// which holds no whole page, and perhaps rubbish behind it. part is from 0 to 1.
func torn(before, after map[string][]byte, part float64, rubbish bool) map[string][]byte {
	if !bytes.Equal(before[databaseFile], after[databaseFile]) {
		return before // moved into the database file meanwhile: what was there before it is left
	}
	was, is := before[logFile], after[logFile]
	from := 0
	for from < min(len(was), len(is)) && was[from] == is[from] {
		from++
	}
	if from < walHeader {
		return before // the log has begun anew
	}
	left := bytes.Clone(is[:min(len(is), from+int(part*walPage))])
	if len(was) > len(left) {
		left = append(left, was[len(left):]...)
	}
	if rubbish {
		left = append(left, bytes.Repeat([]byte{0xA5}, walPage/2)...)
	}
	return map[string][]byte{databaseFile: before[databaseFile], logFile: left}
}

// Sizes of SQLite's log, https://sqlite.org/fileformat2.html#walformat
const (
	walHeader = 32
	walPage   = 4096
)

func (d *disk) close() error { return errors.Join(d.store.Close(), os.RemoveAll(d.root)) }
