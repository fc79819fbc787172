package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Message is the body of a post: one change of a charge's state. Ids and money are strings, money in yuan with two
// decimals; times are RFC 3339 in UTC.
type Message struct {
	ID     string    `json:"id" doc:"of this change: the same in repeats, greater in later changes"`
	Type   string    `json:"type" enum:"charge.state"`
	At     time.Time `json:"at" doc:"when the state changed"`
	From   *string   `json:"from" doc:"the state before; null for a new charge"`
	Charge Charge    `json:"charge" doc:"as it was then"`
}

// Charge is a charge as it was when its state changed, in the words of the API.
type Charge struct {
	ID         string     `json:"id"`
	Platform   string     `json:"platform"`
	Account    string     `json:"account"`
	Order      *string    `json:"order" doc:"null where the platform gives none"`
	Plate      string     `json:"plate" doc:"masked, unless the setting is plates: full"`
	Lot        string     `json:"lot"`
	State      string     `json:"state"`
	Reason     string     `json:"reason"`
	StartedAt  *time.Time `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at"`
	ReceivedAt time.Time  `json:"received_at"`
	Reduction  *Reduction `json:"reduction" doc:"granted; null where nothing was given"`
	Usage      *Usage     `json:"usage" doc:"what the lot really took off; null before the exit"`
}

// Reduction is what was granted.
type Reduction struct {
	Method  string `json:"method" enum:"time,amount,free,lot_decides"`
	Minutes int64  `json:"minutes"`
	Amount  string `json:"amount"`
}

// Usage is what the lot took off at the exit.
type Usage struct {
	Minutes int64     `json:"minutes"`
	Amount  string    `json:"amount"`
	At      time.Time `json:"at"`
}

// Compose writes the message to a target, under an id, that a charge has come from a state ("" for a new charge) into
// the one that it has. A target that is not there hears what one with masked plates does.
func (h *Hooks) Compose(target string, id int64, c *charge.Charge, was charge.State) string {
	t, _ := h.target(target)
	m := Message{ID: strconv.FormatInt(id, 10), Type: "charge.state", At: c.UpdatedAt.UTC(), From: orNull(string(was)),
		Charge: Charge{
			ID: strconv.FormatInt(c.ID, 10), Platform: c.Platform, Account: c.Account, Order: orNull(c.Order),
			Plate: c.Plate.String(), Lot: c.Lot.String(), State: string(c.State), Reason: string(c.Reason),
			StartedAt: moment(c.StartedAt), EndedAt: moment(c.EndedAt), ReceivedAt: c.Received.UTC(),
		}}
	if t.WholePlates {
		m.Charge.Plate = c.Plate.Full()
	}
	if r := c.Reduction; r != nil {
		m.Charge.Reduction = &Reduction{string(r.Method), r.Minutes, r.Amount.String()}
	}
	if u := c.Usage; u != nil {
		m.Charge.Usage = &Usage{u.Minutes, u.Amount.String(), u.At.UTC()}
	}
	text, err := json.Marshal(m)
	if err != nil { // a message holds nothing that JSON cannot
		panic(err)
	}
	return string(text)
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// secretPrefix begins a secret that is written in Base64.
const secretPrefix = "whsec_"

// key is the bytes of a secret.
func key(secret string) ([]byte, error) {
	if text, is := strings.CutPrefix(secret, secretPrefix); is {
		return base64.StdEncoding.DecodeString(text)
	}
	return []byte(secret), nil
}

// sign signs a message by the recipe v1 of https://www.standardwebhooks.com : HMAC-SHA256 over id, time and body.
func sign(key []byte, id, seconds, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + seconds + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
