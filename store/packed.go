package store

import (
	_ "embed"
	"errors"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// On SQLite some columns are kept packed: the bytes of hex and Base64 by themselves (see run), and the rest as zstd
// with a dictionary of what requests, answers, messages and decisions look like. A packed value is a blob that begins
// with packMark, or with frameMark where an older version wrote it as nothing but a zstd frame. Values of versions
// before that one, and those that would not get shorter, are kept as they are.
const (
	frameMark = 1
	packMark  = 2
)

// frameMagic begins every zstd frame; a packed value leaves it out.
const frameMagic = "\x28\xb5\x2f\xfd"

// packWords is the dictionary. Stored values need it to be read: it never changes. A better one is another file with a
// number of its own, beside this one.
//
//go:embed packed.txt
var packWords []byte

const packWordsID = 1

var packer, unpacker = packers()

func packers() (*zstd.Encoder, *zstd.Decoder) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(packWordsID, packWords),
		// pages have no sums either, records do
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2),
		// a third of the time for eight bytes a charge: what the dictionary leaves is mostly ciphertext
		zstd.WithNoEntropyCompression(true))
	if err != nil {
		panic(err) // of options that are constant
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(packWordsID, packWords), zstd.WithDecoderMaxMemory(packMost),
		zstd.WithDecoderConcurrency(2))
	if err != nil {
		panic(err)
	}
	return e, d
}

const (
	packLeast = 24       // bytes; what is shorter gains nothing
	packMost  = 64 << 20 // bytes of a value; far above what is ever stored
)

var errNotPacked = errors.New("store: a packed value cannot be read")

// pack returns a value as SQLite keeps it.
func pack(b []byte) []byte {
	if len(b) < packLeast && !isPacked(b) {
		return b
	}
	c := cutRuns(b)
	p := c.append(append(make([]byte, 0, len(b)/2+2*packLeast), packMark))
	begin := len(p)
	p = packer.EncodeAll(c.rest, p)
	p = append(p[:begin], p[begin+len(frameMagic):]...)
	if len(p) >= len(b) && !isPacked(b) {
		return b
	}
	return p
}

func isPacked(b []byte) bool { return len(b) > 0 && (b[0] == packMark || b[0] == frameMark) }

// unpack returns a value from what SQLite keeps.
func unpack(b []byte) ([]byte, error) {
	switch {
	case !isPacked(b):
		return b, nil
	case b[0] == frameMark:
		return unframe(b[1:])
	}
	c, frame, ok := readRuns(b[1:])
	if !ok {
		return nil, errNotPacked
	}
	rest, err := unframe(append([]byte(frameMagic), frame...))
	if err != nil || len(c.runs) == 0 {
		return rest, err
	}
	c.rest = rest
	v, ok := c.join()
	if !ok {
		return nil, errNotPacked
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

// packed returns a statement's parameters as SQLite keeps them. The parameters themselves may be read elsewhere.
func (s *statement) packed(args []any) []any {
	if len(s.packs) == 0 {
		return args
	}
	args = slices.Clone(args)
	for _, i := range s.packs {
		switch v := args[i].(type) {
		case []byte:
			args[i] = pack(v)
		case string:
			if p := pack([]byte(v)); isPacked(p) {
				args[i] = p
			}
		}
	}
	return args
}
