package play

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Lot is any kind of played lot, as scripted scenes use them.
type Lot interface {
	Yard
	// Admit lets a car in without a word to the gateway; TellEntry reports it later.
	Admit(plate charge.Plate, at time.Time) Visit
	TellEntry(ctx context.Context, v Visit) error
	BookURL() string // where ReadBook reads the lot's own book
	Stop() error
}

// StayLength makes every reduction of a scene worth something at five yuan a started hour: 190 minutes
// are four hours, 30 fewer are three.
const StayLength = 190 * time.Minute
