package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// recover brings what a crash has left in the log of records into the tables. It comes before migrations: the records
// are of the schema that the program had which wrote them.
func (e *sqliteEngine) recover(ctx context.Context) error {
	r := &e.records
	r.name, r.next, r.most = filepath.Join(filepath.Dir(e.file), recordsFile), recordsBegin, recordsMost
	file, err := r.readFile()
	if err != nil || file == nil {
		return wrapf(err, "the log of records")
	}
	c, err := dialSQLite(e.file, "", "busy_timeout = 5000", "synchronous = FULL", "temp_store = MEMORY")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.interruptedBy(ctx)
	made, err := c.value("SELECT count(*) FROM sqlite_master WHERE name = 'log_mark'")
	if err != nil {
		return wrapf(err, "read %s", e.file)
	}
	if made != int64(0) {
		if err := e.readMark(c); err != nil {
			return err
		}
	}
	if len(file) >= headLen && r.texts(file) != nil && int64(binary.LittleEndian.Uint64(file[8:])) != r.number {
		return fmt.Errorf("store: %s does not belong to %s: another database was put in its place. "+
			"Nothing was changed. Put the one back that it belongs to; if that is gone, move the log of records away", r.name,
			e.file)
	}
	lacking, err := r.read(file, r.last)
	if err != nil || len(lacking) == 0 {
		return err
	}
	if err := e.replay(c, file, lacking); err != nil {
		c.unwind()
		return err
	}
	e.store.log.Info("records of before a crash were added to the tables", "records", len(lacking))
	return nil
}

// replay runs the statements of records, all in one transaction.
func (e *sqliteEngine) replay(c *sqliteConn, file []byte, lacking []found) error {
	r := &e.records
	texts := r.texts(file)
	if texts == nil {
		return r.wrong(0, "the beginning does not read, and records behind it do")
	}
	known := make(map[string]*statement, len(texts))
	for _, text := range texts {
		known[text] = &statement{text: text}
	}
	if _, err := c.exec(beginImmediate, nil); err != nil {
		return wrapf(err, "bring records into the tables")
	}
	for _, rec := range lacking {
		err := statementsOf(rec.body, texts, func(text string, args []any) error {
			_, err := c.exec(known[text], args)
			return err
		})
		if err != nil {
			return wrapf(err, "%s: record %d", r.name, rec.number)
		}
	}
	last := lacking[len(lacking)-1].number
	if _, err := c.exec(setLogMark, []any{last}); err != nil {
		return wrapf(err, "bring records into the tables")
	}
	if _, err := c.exec(commitAll, nil); err != nil {
		return wrapf(err, "bring records into the tables")
	}
	r.last, r.have = last, last
	return nil
}

// readMark asks which log belongs to the tables, and what of it they have.
func (e *sqliteEngine) readMark(c *sqliteConn) error {
	return c.query(&statement{text: "SELECT log, record FROM log_mark", once: true}, nil, func(row *cells) error {
		e.records.number, e.records.last = row.int(), row.int()
		e.records.have = e.records.last
		return row.failed()
	})
}

// beginRecords makes the tables and the log of records belong together.
func (e *sqliteEngine) beginRecords() error {
	if err := e.readMark(e.write); err != nil {
		return wrapf(err, "read the mark of records")
	}
	if e.records.number == 0 {
		var b [8]byte
		rand.Read(b[:])
		e.records.number = int64(binary.LittleEndian.Uint64(b[:])>>1) | 1
		if _, err := e.write.run("UPDATE log_mark SET log = ?", []any{e.records.number}); err != nil {
			return wrapf(err, "write the mark of records")
		}
	}
	// Records are written from the beginning of the file: what was flushed from it must be on the disk.
	if err := e.sync(); err != nil {
		return wrapf(err, "sync")
	}
	var newest int64
	if err := e.write.query(newestIDs, nil, func(row *cells) error {
		id, _ := row.maybe()
		newest = max(newest, id)
		return row.failed()
	}); err != nil {
		return wrapf(err, "read the newest ids")
	}
	for i := range e.pending.newest {
		e.pending.newest[i] = newest
	}
	return nil
}

// DropTail leaves out the last record of the log in a data folder, which no server may hold, if it was written whole
// and does not read any more: what it alone held is lost. It reports whether there was such a record.
func DropTail(dir string) (dropped bool, err error) {
	lock, err := lockFile(filepath.Join(dir, "chargestamp.lock"))
	if err != nil {
		return false, err
	}
	defer lock.Close()
	r := records{name: filepath.Join(dir, recordsFile)}
	file, err := r.readFile()
	if err != nil || len(file) < recordsBegin {
		return false, wrapf(err, "the log of records")
	}
	r.number = int64(binary.LittleEndian.Uint64(file[8:]))
	first, ok := r.at(file, recordsBegin)
	if !ok {
		return false, nil
	}
	var wrong *recordsError
	if _, err = r.read(file, first.number-1); !errors.As(err, &wrong) || !wrong.last {
		return false, err
	}
	f, err := os.OpenFile(r.name, os.O_RDWR, 0)
	if err != nil {
		return false, wrapf(err, "the log of records")
	}
	_, err = f.WriteAt(make([]byte, recordHead), int64(wrong.offset))
	return err == nil, errors.Join(err, f.Sync(), f.Close())
}
