package flow

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
)

// MostTaking is how many pushes are stored at a time.
const MostTaking = mostTaking

// StartDeliveries starts the runner alone: a test says itself when holds expire.
func (f *Flow) StartDeliveries() { f.runner.Start() }

// TakeUp hands a claimed job to its handler, as the runner's sweep does.
func (f *Flow) TakeUp(j outbox.Job) {
	if place, ok := f.runner.Reserve(j.Kind); ok {
		place.Hand(j, nil)
	}
}

// Most is how many jobs of each lane are in flight at a time.
var Most = map[outbox.Kind]int{
	outbox.KindLine:     lot.KindBy(charge.ChannelLine).AtOnce,
	outbox.KindCallback: lot.KindBy(charge.ChannelCallback).AtOnce,
	outbox.KindReport:   mostReports,
}

// FillLane takes every place of a lane in which nothing is in flight. A claim that is under way has some for a moment.
func (f *Flow) FillLane(kind outbox.Kind) (places []outbox.Place) {
	for len(places) < Most[kind] {
		if place, ok := f.runner.Reserve(kind); ok {
			places = append(places, place)
		}
	}
	return places
}
