package charge

import "strings"

// TrialMark begins the plates of invented cars that a certification run lets in: 测, "test", is no province. What such
// a car gets is marked by its plate: it reaches certification's own sessions only, counts in no statement and stands
// on no list unless it is asked for.
const TrialMark = "测"

// Trial reports whether the plate is of an invented car.
func (p Plate) Trial() bool { return strings.HasPrefix(string(p), TrialMark) }

// trialLine marks the line on which a certification run plays a lot.
const trialLine = "..certify"

// Trial is the line of a lot that a certification run plays: what is for the real lot does not go there, and what the
// run makes goes nowhere else.
func (l LotID) Trial() LotID { return LotID{Union: l.Union, Park: l.Park + trialLine} }

// IsTrial reports whether an id is a lot's line under certification.
func (l LotID) IsTrial() bool { return strings.HasSuffix(l.Park, trialLine) }

// TestOrder begins the order numbers of the console's test pushes.
const TestOrder = "CSTEST"

// Counts reports whether a charge counts in statements: test pushes and invented cars do not.
func (c *Charge) Counts() bool { return !c.Plate.Trial() && !strings.HasPrefix(c.Order, TestOrder) }
