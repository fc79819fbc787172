package flow

import "github.com/chargestamp/chargestamp/outbox"

// MostTaking is how many pushes are stored at a time.
const MostTaking = mostTaking

// StartDeliveries starts the runner alone: the model says itself when holds expire.
func (f *Flow) StartDeliveries() { f.runner.Start() }

// TakeUp gives a claimed job to its handler, as the runner's sweep does.
func (f *Flow) TakeUp(j outbox.Job) { f.runner.Hand(j, nil) }
