package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
)

// What writes have put is kept by the log of records until SQLite's tables have it: one record holds the statements
// of one batch, in the order in which they were made. The file begins with the texts of all statements, so that a
// program can read what an older one has left. A record is numbered one higher than the last; log_mark in the
// database says up to which number the tables have everything, and which log they belong to. When the file is full
// and the tables have all of it on the disk it is written again from its beginning.
const (
	recordsFile  = "chargestamp.records"
	recordsMost  = 16 << 20 // bytes of the file
	recordsStep  = 1 << 20  // by which it grows; it is read whole when a store opens
	recordsBegin = 16 << 10 // of the first record, behind the texts
	recordsPiece = 4 << 10  // in which it is written for the first time

	headMagic, recordMagic = 0x4453_4331, 0x4453_5231
	headLen                = 24 // magic, length, number of the log, checksum
	recordHead             = 24 // magic, length, number, checksum
	recordTail             = 8  // the number again: the end was written too
	recordAlign            = 8
)

// recorded are the statements whose effect may stay pending. Each changes one row, which it names by its key, and
// comes to the same when it is run again on what those after it have left.
var recorded = []*statement{
	tablePush.insert, tableRepeat.insert, tableCharge.insert, updateCharge, updateOutcome, updateStanding,
	tableEvent.insert, tableLedger.insert, tableDecision.insert, tableStay.insert, updateStay,
	tableDelivery.insert, updateDelivery, updateProgress, tableAttempt.insert,
	tableJob.insert, updateJob, updateMessage, deleteJob, tablePlate.insert,
}

// recordNumber is where a statement stands among the recorded ones.
var recordNumber = func() map[*statement]int {
	m := make(map[*statement]int, len(recorded))
	for i, q := range recorded {
		m[q] = i
	}
	return m
}()

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// records is the open log. The committer says where each record goes, another goroutine writes it there.
type records struct {
	name   string
	number int64 // of the log
	file   *os.File
	most   int64 // bytes of the file
	room   int64 // bytes that it has on the disk
	next   int64 // where the next record goes
	last   int64 // the number of the last record
	have   int64 // up to which number the tables have everything

	buffers [2][]byte
	made    int // records in them so far
}

// fits makes sure that the file is there and has room for a record of so many bytes.
func (r *records) fits(n int) (bool, error) {
	end := r.next + int64(n)
	switch {
	case end > r.most:
		return false, nil
	case r.file == nil:
		return r.begin(end)
	}
	return r.grow(end)
}

// begin opens the file, or makes it.
func (r *records) begin(end int64) (bool, error) {
	f, err := os.OpenFile(r.name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	r.file, r.room = f, 0
	if _, err = f.WriteAt(recordsHead(r.number), 0); err == nil {
		_, err = r.grow(end)
	}
	if err == nil {
		err = syncFolderOf(r.name)
	}
	if err != nil {
		r.file = nil
		return false, errors.Join(err, f.Close())
	}
	return true, nil
}

// grow has the disk hold the file up to an offset, and for a while beyond. It is written there once: to force what
// overwrites it needs no entry in the file system's journal, and takes half the time. It is written in small pieces:
// the system caches a file in pieces as large as they were written or read, and to force a byte it goes over all of its
// piece (up to 2 MiB since Linux 6.16).
func (r *records) grow(end int64) (bool, error) {
	if end <= r.room {
		return true, nil
	}
	room := min((end+recordsStep-1)/recordsStep*recordsStep, r.most)
	err := reserve(r.file, room)
	zeros := make([]byte, recordsPiece)
	for at := max(r.room, recordsBegin); err == nil && at < room; at += recordsPiece {
		_, err = r.file.WriteAt(zeros[:min(recordsPiece, room-at)], at)
	}
	if err = errors.Join(err, r.file.Sync()); err != nil {
		return false, err
	}
	r.room = room
	return true, nil
}

// nearlyFull reports whether what is pending is better flushed before the file is full, when the committer would have
// to wait for it. from is how far records had come at the last flush.
func (r *records) nearlyFull(from int64) bool {
	return r.next > r.most-r.most/8 && r.next-from > r.most/32
}

// write puts a record into its place and forces it to disk.
func (r *records) write(record []byte, at int64) error {
	if _, err := r.file.WriteAt(record, at); err != nil {
		return err
	}
	return syncData(r.file)
}

func (r *records) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// recordsHead is the beginning of a log's file.
func recordsHead(number int64) []byte {
	b := make([]byte, headLen)
	b = binary.AppendUvarint(b, uint64(len(recorded)))
	for _, q := range recorded {
		b = appendBytes(b, q.text)
	}
	binary.LittleEndian.PutUint32(b, headMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-headLen))
	binary.LittleEndian.PutUint64(b[8:], uint64(number))
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[headLen:], castagnoli))
	return b
}

func appendBytes[T string | []byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// Kinds of values in a record.
const (
	valueNull byte = iota
	valueInt
	valueText
	valueBytes
)

// record writes what a batch has put, under a number, into a buffer that is used again for the record after the next:
// only one record is being forced to disk while another is made.
func (r *records) record(n int64, ops []op) []byte {
	r.made++
	b := append(r.buffers[r.made%2][:0], make([]byte, recordHead)...)
	for _, o := range ops {
		b = append(b, byte(recordNumber[o.q]), byte(len(o.args)))
		for _, a := range o.args {
			switch v := a.(type) {
			case int64:
				b = binary.AppendVarint(append(b, valueInt), v)
			case string:
				b = appendBytes(append(b, valueText), v)
			case []byte:
				b = appendBytes(append(b, valueBytes), v)
			default:
				b = append(b, valueNull)
			}
		}
	}
	body := b[recordHead:]
	binary.LittleEndian.PutUint32(b, recordMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	binary.LittleEndian.PutUint64(b[8:], uint64(n))
	binary.LittleEndian.PutUint32(b[16:], r.sum(b[:16], body))
	for (len(b)+recordTail)%recordAlign != 0 {
		b = append(b, 0)
	}
	b = binary.LittleEndian.AppendUint64(b, ^uint64(n))
	r.buffers[r.made%2] = b
	return b
}

// sum is the checksum of a record of this log.
func (r *records) sum(head, body []byte) uint32 {
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, uint64(r.number)), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, head), castagnoli, body)
}

// found is a record in a file.
type found struct {
	number int64
	body   []byte
	whole  bool // the checksum is right
	ended  bool // its end is there, so all of it was written once
	size   int
}

// at reads the record at an offset; ok says that one begins there.
func (r *records) at(file []byte, offset int) (rec found, ok bool) {
	if offset+recordHead+recordTail > len(file) {
		return rec, false
	}
	b := file[offset:]
	length := binary.LittleEndian.Uint32(b[4:])
	if binary.LittleEndian.Uint32(b) != recordMagic || length > recordsMost {
		return rec, false
	}
	rec.size = (recordHead + int(length) + recordTail + recordAlign - 1) / recordAlign * recordAlign
	if rec.size > len(b) {
		return rec, false
	}
	rec.number = int64(binary.LittleEndian.Uint64(b[8:]))
	rec.body = b[recordHead : recordHead+int(length)]
	rec.whole = binary.LittleEndian.Uint32(b[16:]) == r.sum(b[:16], rec.body)
	rec.ended = binary.LittleEndian.Uint64(b[rec.size-recordTail:]) == ^uint64(rec.number)
	return rec, true
}

// ErrRecords says that the log of records holds something that does not read.
var ErrRecords = errors.New("the log of records cannot be read")

// read returns the records of a file that the tables, which have everything up to a number, lack. A record at the
// end that was not written whole was never answered, and is left out. One that was written whole and does not read
// any more, or that others follow, is an error: what it held is unknown.
func (r *records) read(file []byte, have int64) (lacking []found, err error) {
	offset := recordsBegin
	for last := int64(0); ; {
		rec, ok := r.at(file, offset)
		if !ok || !rec.whole || last != 0 && rec.number != last+1 {
			break
		}
		if rec.number > have {
			if want := have + 1 + int64(len(lacking)); rec.number != want {
				return nil, r.gap(offset, rec.number, want-1)
			}
			lacking = append(lacking, rec)
		}
		last, offset = rec.number, offset+rec.size
	}
	done := have + int64(len(lacking))
	var last *recordsError
	for at := offset; at < len(file); at += recordAlign {
		if at = nextMagic(file, at); at < 0 {
			break
		}
		rec, ok := r.at(file, at)
		switch {
		case !ok || rec.number <= done || rec.number > done+recordsMost:
		case rec.whole && at > offset:
			return nil, r.wrong(offset,
				fmt.Sprintf("what is there does not read, and record %d behind it does", rec.number))
		case rec.whole: // it begins a chain of its own
			return nil, r.gap(offset, rec.number, done)
		case at == offset && rec.ended:
			last = r.wrong(offset, fmt.Sprintf("record %d, the last, does not read", rec.number))
			last.last = true
		}
	}
	if last != nil {
		return nil, last
	}
	return lacking, nil
}

// nextMagic finds where a record may begin, from an offset on; -1 where none does.
func nextMagic(file []byte, from int) int {
	magic := binary.LittleEndian.AppendUint32(nil, recordMagic)
	for {
		n := bytes.Index(file[from:], magic)
		switch {
		case n < 0:
			return -1
		case (from+n)%recordAlign == 0:
			return from + n
		}
		from += n + 1
	}
}

func (r *records) gap(offset int, number, after int64) *recordsError {
	return r.wrong(offset, fmt.Sprintf("record %d follows on %d: those between are missing", number, after))
}

func (r *records) wrong(offset int, what string) *recordsError {
	return &recordsError{file: r.name, offset: offset, what: what}
}

// recordsError says where a log of records does not read, and what can be done.
type recordsError struct {
	file   string
	offset int
	last   bool // it is the last record, so the rest reads without it
	what   string
}

func (e *recordsError) Error() string {
	do := "Restore a backup into an empty folder"
	if e.last {
		do = "`chargestamp repair --drop-tail` leaves that record out, with the few charges that it alone holds; " +
			"or restore a backup into an empty folder"
	}
	return fmt.Sprintf("store: %s, offset %d: %v: %s. Nothing was changed. %s",
		e.file, e.offset, ErrRecords, e.what, do)
}

func (e *recordsError) Unwrap() error { return ErrRecords }

// texts reads the statements that a log's records name; nil where its beginning does not read.
func (r *records) texts(file []byte) []string {
	if len(file) < recordsBegin || binary.LittleEndian.Uint32(file) != headMagic {
		return nil
	}
	length := int(binary.LittleEndian.Uint32(file[4:]))
	if length > recordsBegin-headLen {
		return nil
	}
	body := file[headLen : headLen+length]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(file[16:]) {
		return nil
	}
	d := decoder{rest: body}
	texts := make([]string, min(d.uvarint(), math.MaxUint8))
	for i := range texts {
		texts[i] = string(d.bytes())
	}
	if d.failed {
		return nil
	}
	return texts
}

// statementsOf reads a record's body.
func statementsOf(body []byte, texts []string, each func(text string, args []any) error) error {
	d := decoder{rest: body}
	for len(d.rest) > 0 && !d.failed {
		which := int(d.byte())
		args := make([]any, d.byte())
		for i := range args {
			args[i] = d.value()
		}
		if d.failed || which >= len(texts) {
			break
		}
		if err := each(texts[which], args); err != nil {
			return err
		}
	}
	if d.failed || len(d.rest) > 0 {
		return errors.New("the statements cannot be read")
	}
	return nil
}

// value reads a value of a record.
func (d *decoder) value() any {
	switch d.byte() {
	case valueNull:
		return nil
	case valueInt:
		v, n := binary.Varint(d.rest)
		d.take(uint64(max(n, 0)))
		d.failed = d.failed || n <= 0
		return v
	case valueText:
		return string(d.bytes())
	case valueBytes:
		return append([]byte{}, d.bytes()...)
	}
	d.failed = true
	return nil
}

// readFile reads a log's file; nil where there is none.
func (r *records) readFile() ([]byte, error) {
	b, err := os.ReadFile(r.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}
