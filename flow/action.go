package flow

import "github.com/chargestamp/chargestamp/charge"

// Action is what support wants done to a charge, and on whose word.
type Action struct {
	Actor  string // user or token
	Reason string // why, for the audit log and the timeline
	DryRun bool   // say the effect only
}

// Effect is what an action does, told before it is done and again when it has been.
type Effect struct {
	Effect  string         `json:"effect"`  // one sentence: what the lot, the ledger and the driver will see
	Allowed bool           `json:"allowed"` // false: nothing can be done, Effect says why
	Done    bool           `json:"done"`
	Charge  *charge.Charge `json:"-"`
}
