package cec

import (
	"encoding/json"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// A refusal behind the seal is signed, so that the platform knows it from a stranger's; what is not proven is not,
// so that no answer helps to guess a key.
func TestRefusalsAreSignedWhereTheSenderIsProven(t *testing.T) {
	d := Builtin()[0]
	keys := platform.Keys{keySig: "SigSecret-of-teld-0000000000001", keyData: "teld-data-secret",
		keyIV: "teld-secret-iv-1"}
	account := &platform.Account{ID: "a", Keys: []platform.Keys{keys}}
	unsigned := map[charge.Outcome]bool{charge.OutcomeBadSignature: true, charge.OutcomeBadBody: true,
		charge.OutcomeTooLarge:       true,
		charge.OutcomeUnknownAccount: true, charge.OutcomeWrongLock: true}
	for _, o := range charge.Outcomes {
		if o == charge.OutcomeQuestion {
			continue
		}
		reply := d.Reply(platform.Push{}, account, platform.Verdict{Outcome: o, Message: &platform.Message{Order: "1"}})
		var said struct {
			Ret            json.Number
			Msg, Data, Sig string
		}
		if err := json.Unmarshal(reply.Body, &said); err != nil {
			t.Fatal(err)
		}
		want := seal.HMACMD5Upper(keys[keySig], said.Ret.String()+said.Msg+said.Data)
		if unsigned[o] {
			want = ""
		}
		if said.Sig != want {
			t.Errorf("%s: Sig %q, want %q", o, said.Sig, want)
		}
	}
}
