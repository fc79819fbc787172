package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/chargestamp/chargestamp/bounded"
)

// MaxBytes bounds a profile file, in bytes.
const MaxBytes = bounded.MostProfile

// ReadFile reads the file of a profile: a regular one, of at most MaxBytes.
func ReadFile(name string) ([]byte, error) {
	text, err := bounded.File(name, MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return text, nil
}

// Family returns the family that a profile names; the error says why it cannot be read.
func Family(text []byte) (string, error) {
	var head struct {
		Family string `toml:"family"`
	}
	err := bounded.TOML(text)
	if err == nil {
		err = toml.Unmarshal(text, &head)
	}
	return head.Family, err
}

// File remembers where the keys of a profile stand, so that every complaint names file and line.
type File struct {
	name  string
	lines map[string]int // by dotted key
}

// Read decodes a TOML profile strictly into a struct: a key that the struct does not have is an
// error, as is a value of another type. Errors name file, line and key.
func Read(r io.Reader, name string, into any) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := bounded.TOML(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := Scan(text, name)
	err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into)
	if unknown := (*toml.StrictMissingError)(nil); errors.As(err, &unknown) {
		first := unknown.Errors[0]
		row, _ := first.Position()
		return nil, f.at(row, fmt.Errorf("%s is not a key of a profile", strings.Join(first.Key(), ".")))
	}
	if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
		row, _ := wrong.Position()
		reason := strings.TrimPrefix(wrong.Error(), "toml: ")
		if key := strings.Join(wrong.Key(), "."); key != "" {
			reason = key + ": " + reason
		}
		return nil, f.at(row, errors.New(reason))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Scan finds the keys of a profile without reading it.
func Scan(text []byte, name string) *File {
	return &File{name: name, lines: keyLines(text)}
}

// Errorf is an error about a dotted key ("seal.recipe"): it names the file, the line of the key, or of what
// is nearest above it where the key is missing, and the key.
func (f *File) Errorf(key, format string, args ...any) error {
	line := 1
	for k := key; k != ""; k = parentKey(k) {
		if l, ok := f.lines[k]; ok {
			line = l
			break
		}
	}
	return f.at(line, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
}

func (f *File) at(line int, err error) error {
	return fmt.Errorf("%s:%d: %w", f.name, line, err)
}

func parentKey(key string) string {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i]
	}
	return ""
}

// keyLines finds the line of every key. A text that does not parse yields what stands before the fault: the
// decoder is the one to complain.
func keyLines(text []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(text)
	table := ""
	for p.NextExpression() {
		node := p.Expression()
		key, at := dotted(node.Key())
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = key
			lines[key] = lineAt(text, at)
		case unstable.KeyValue:
			noteValue(text, node, joinKey(table, key), lines)
		}
	}
	return lines
}

// noteValue notes a key and what an inline table in its value holds.
func noteValue(text []byte, node *unstable.Node, key string, lines map[string]int) {
	_, at := dotted(node.Key())
	lines[key] = lineAt(text, at)
	if node.Value().Kind != unstable.InlineTable {
		return
	}
	members := node.Value().Children()
	for members.Next() {
		if m := members.Node(); m.Kind == unstable.KeyValue {
			inner, _ := dotted(m.Key())
			noteValue(text, m, joinKey(key, inner), lines)
		}
	}
}

func joinKey(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

// dotted joins the parts of a key and returns the offset of the first.
func dotted(parts unstable.Iterator) (key string, at uint32) {
	for parts.Next() {
		n := parts.Node()
		if key == "" {
			at = n.Raw.Offset
		}
		key = joinKey(key, string(n.Data))
	}
	return key, at
}

func lineAt(text []byte, offset uint32) int {
	return bytes.Count(text[:min(int(offset), len(text))], []byte("\n")) + 1
}
