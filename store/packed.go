package store

import (
	_ "embed"
	"errors"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// On SQLite some columns are kept packed: zstd with a dictionary of what requests, answers, messages and decisions look
// like. A packed value is a blob that begins with packMark. Values that older versions wrote, and those that would
// not get shorter, are kept as they are.
const packMark = 1

// packWords is the dictionary. Stored values need it to be read: it never changes. A better one is another file with a
// number of its own, beside this one.
//
//go:embed packed.txt
var packWords []byte

const packWordsID = 1

var packer, unpacker = packers()

func packers() (*zstd.Encoder, *zstd.Decoder) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(packWordsID, packWords),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2)) // pages have no sums either, records do
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
	packLeast = 40       // bytes; what is shorter gains nothing
	packMost  = 64 << 20 // bytes of a value; far above what is ever stored
)

var errNotPacked = errors.New("store: a packed value does not read")

// pack returns a value as SQLite keeps it.
func pack(b []byte) []byte {
	if len(b) < packLeast && !isPacked(b) {
		return b
	}
	p := packer.EncodeAll(b, append(make([]byte, 0, len(b)/2+packLeast), packMark))
	if len(p) >= len(b) && !isPacked(b) {
		return b
	}
	return p
}

func isPacked(b []byte) bool { return len(b) > 0 && b[0] == packMark }

// unpack returns a value from what SQLite keeps.
func unpack(b []byte) ([]byte, error) {
	if !isPacked(b) {
		return b, nil
	}
	v, err := unpacker.DecodeAll(b[1:], nil)
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
