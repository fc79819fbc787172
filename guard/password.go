package guard

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/chargestamp/chargestamp/charge"
)

// argon is OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane.
var argon = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	passwordMin = 10
	passwordMax = 200 // more is an attack on the hash, not a password
)

// passwordRules asks for length and against the few passwords that everybody tries first; signs of many kinds
// are not asked for (NIST SP 800-63B).
func passwordRules(name string, password charge.Secret) error {
	p := password.Reveal()
	n := utf8.RuneCountInString(p)
	switch {
	case !utf8.ValidString(p) || n > passwordMax:
		return bad("password", fmt.Sprintf("a password has at most %d characters", passwordMax),
			fmt.Sprintf("密码最多 %d 个字符", passwordMax))
	case n < passwordMin:
		return bad("password", fmt.Sprintf("a password has at least %d characters", passwordMin),
			fmt.Sprintf("密码至少 %d 个字符", passwordMin))
	}
	different := map[rune]bool{}
	for _, r := range p {
		different[r] = true
	}
	low := strings.ToLower(p)
	if len(different) < 5 || common(low) || name != "" &&
		strings.Trim(strings.Replace(low, name, "", 1), "0123456789!@#.-_") == "" {
		return bad("password", "this password is too easy to guess; take a longer phrase", "密码太容易被猜到，请换一个较长的短语")
	}
	return nil
}

// common knows passwords of ten characters and more that lists of leaked ones begin with, and the product's
// own name with digits.
func common(low string) bool {
	core := strings.Trim(low, "0123456789!@#.-_")
	switch core {
	case "", "password", "passw0rd", "qwerty", "qwertyuiop", "qwertyuio", "admin", "administrator", "chargestamp",
		"letmein", "welcome", "iloveyou",
		"woaini", "a", "aa", "abc", "abcd", "abcde", "qq", "changeme":
		return true
	}
	for _, row := range []string{"1234567890qwertyuiop", "qwertyuiopasdfghjkl", "asdfghjklzxcvbnm", "1qaz2wsx3edc4rfv",
		"abcdefghijklmnopqrstuvwxyz"} {
		if strings.Contains(row, low) {
			return true
		}
	}
	return false
}

func (u *Users) hash(password charge.Secret) string {
	u.hashing <- struct{}{}
	defer func() { <-u.hashing }()
	hash, err := argon2id.CreateHash(password.Reveal(), &u.cost)
	if err != nil {
		panic(err) // the system has no randomness: nothing can be done safely
	}
	return hash
}

func (u *Users) matches(password charge.Secret, hash string) bool {
	u.hashing <- struct{}{}
	defer func() { <-u.hashing }()
	ok, err := argon2id.ComparePasswordAndHash(password.Reveal(), hash)
	return ok && err == nil
}
