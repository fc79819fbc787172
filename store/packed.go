package store

import (
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// On SQLite some columns are kept packed: the bytes of hex and Base64 by themselves (see run), and the rest as a block
// of S2 with a dictionary of what requests, answers, messages and decisions look like. A packed value is a blob that
// begins with a mark of what follows. The first two are those of older versions. Values of versions before those, and
// those that would not get shorter, are kept as they are.
const (
	frameMark     = 1 // a zstd frame
	runsFrameMark = 2 // the number of runs, the runs, and a zstd frame without its first four bytes
	blockMark     = 3 // a block
	runBlockMark  = 4 // one run, and a block
	runsBlockMark = 5 // the number of runs, the runs, and a block
	hexMark       = 6 // what lower hex stands for
)

// frameMagic begins every zstd frame; a value with runsFrameMark leaves it out.
const frameMagic = "\x28\xb5\x2f\xfd"

// packWords is the dictionary. Stored values need it to be read: it never changes. A better one is another file with a
// mark of its own, beside this one.
//
//go:embed packed.txt
var packWords []byte

const packWordsID = 1 // in zstd frames

var (
	blocks   = blocksOf(packWords)
	unpacker = frameReader()
)

// blocksOf makes a dictionary of S2, which begins with the place where a block's first repetition is looked for.
func blocksOf(words []byte) *s2.Dict {
	d := s2.NewDict(append([]byte{0}, words...))
	if d == nil {
		panic("store: the dictionary of packed values is none") // it is constant
	}
	return d
}

func frameReader() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(packWordsID, packWords), zstd.WithDecoderMaxMemory(packMost),
		zstd.WithDecoderConcurrency(2))
	if err != nil {
		panic(err) // of options that are constant
	}
	return d
}

const (
	packLeast = 24       // bytes of a value that may get shorter, but for hex
	packMost  = 64 << 20 // bytes of a value; far above what is ever stored
	packRoom  = 1 << 20  // bytes that a packing keeps for the next statement
)

var errNotPacked = errors.New("store: a packed value cannot be read")

// packing packs the parameters of one statement after the other. What it returns holds until the next statement.
type packing struct {
	args   []any
	text   []byte // of the value that is being packed
	cut    cut
	values []byte
}

// of returns a statement's parameters as SQLite keeps them. The parameters themselves may be read elsewhere.
func (p *packing) of(s *statement, args []any) []any {
	if len(s.packs) == 0 {
		return args
	}
	if cap(p.values) > packRoom {
		*p = packing{}
	}
	p.args, p.values = append(p.args[:0], args...), p.values[:0]
	for _, i := range s.packs {
		switch v := args[i].(type) {
		case []byte:
			p.args[i] = p.pack(v)
		case string:
			p.text = append(p.text[:0], v...)
			if b := p.pack(p.text); isPacked(b) {
				p.args[i] = b
			}
		}
	}
	return p.args
}

// pack returns a value as SQLite keeps it.
func (p *packing) pack(b []byte) []byte {
	if len(b) < leastHex && !isPacked(b) {
		return b
	}
	c := &p.cut
	c.take(b)
	v, begin := p.values, len(p.values)
	switch {
	case c.isHex():
		v = append(append(v, hexMark), c.beside...)
	case len(b) < packLeast && !isPacked(b):
		return b
	case len(c.runs) == 0:
		v = p.block(append(v, blockMark))
	case len(c.runs) == 1:
		v = p.block(c.append(append(v, runBlockMark)))
	default:
		v = binary.AppendUvarint(append(v, runsBlockMark), uint64(len(c.runs)))
		v = p.block(c.append(v))
	}
	if len(v)-begin >= len(b) && !isPacked(b) {
		return b
	}
	p.values = v
	return v[begin:len(v):len(v)]
}

// block adds the rest as a block.
func (p *packing) block(v []byte) []byte {
	v = slices.Grow(v, s2.MaxEncodedLen(len(p.cut.rest)))
	return v[:len(v)+len(blocks.Encode(v[len(v):], p.cut.rest))] // in place: there is room for it
}

func isPacked(b []byte) bool { return len(b) > 0 && b[0] >= frameMark && b[0] <= hexMark }

// unpack returns a value from what SQLite keeps.
func unpack(b []byte) ([]byte, error) {
	if !isPacked(b) {
		return b, nil
	}
	mark, b := b[0], b[1:]
	switch mark {
	case frameMark:
		return unframe(b)
	case blockMark:
		return unblock(b)
	case hexMark:
		return hex.AppendEncode(nil, b), nil
	}
	c, behind, ok := readRuns(b, mark == runBlockMark)
	if !ok {
		return nil, errNotPacked
	}
	var err error
	if mark == runsFrameMark {
		c.rest, err = unframe(append([]byte(frameMagic), behind...))
	} else {
		c.rest, err = unblock(behind)
	}
	if err != nil {
		return nil, err
	}
	v, ok := c.join()
	if !ok {
		return nil, errNotPacked
	}
	return v, nil
}

func unblock(b []byte) ([]byte, error) {
	if n, err := s2.DecodedLen(b); err != nil || n > packMost {
		return nil, errors.Join(errNotPacked, err)
	}
	v, err := blocks.Decode(nil, b)
	if err != nil {
		return nil, errors.Join(errNotPacked, err)
	}
	return v, nil
}

func unframe(b []byte) ([]byte, error) {
	v, err := unpacker.DecodeAll(b, nil)
	if err != nil {
		return nil, errors.Join(errNotPacked, err)
	}
	return v, nil
}
