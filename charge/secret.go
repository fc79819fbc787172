package charge

import "log/slog"

// Secret is key material. It never shows itself: printing, logging and JSON give a mask.
type Secret string

const secretMask = "••••"

// Reveal is the secret itself, for signing and sealing only.
func (s Secret) Reveal() string { return string(s) }

// Bytes is Reveal as bytes.
func (s Secret) Bytes() []byte { return []byte(s) }

// String returns a mask, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return secretMask
}

// GoString is String: %#v shows nothing either.
func (s Secret) GoString() string { return s.String() }

// LogValue returns the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
