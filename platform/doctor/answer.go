package doctor

import (
	"regexp"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// answer is what a push would hear, made with keys that fit nothing and without an access token: it is to be read, and
// its reader is not the platform.
func answer(d platform.Dialect, p platform.Push, a platform.Admission, o charge.Outcome) string {
	account, message := a.Account, a.Message
	if account != nil {
		account = &platform.Account{ID: account.ID, Keys: []platform.Keys{dummies(account.Keys)}}
	}
	if message != nil && message.Question != nil && message.Question.Token != nil {
		token := *message.Question.Token
		token.Token = ""
		copied := *message
		copied.Question = &platform.Question{Token: &token}
		message = &copied
	}
	return MaskAnswer(string(d.Reply(p, account, platform.Verdict{Outcome: o, Message: message}).Body))
}

// dummies are keys by the names that an account has.
func dummies(sets []platform.Keys) platform.Keys {
	keys := platform.Keys{}
	for _, set := range sets {
		for name, key := range set {
			if key != "" {
				keys[name] = charge.Secret(strings.Repeat("0", 16))
			}
		}
	}
	return keys
}

// sealedMembers are members of answers that are made with a key.
var sealedMembers = regexp.MustCompile(`("(?:Sig|Data)"\s*:\s*")[^"]+`)

// MaskAnswer takes out of an answer what only the platform should get: its signature and ciphertext.
func MaskAnswer(body string) string { return sealedMembers.ReplaceAllString(body, "${1}••••") }
