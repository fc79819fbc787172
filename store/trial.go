package store

import "github.com/chargestamp/chargestamp/charge"

// The plates of certification's invented cars begin with charge.TrialMark. They are found by plate or order, and stand
// on no list and in no sum.
const (
	trialPlate = "plate >= '" + charge.TrialMark + "' AND plate < '" + afterTrial + "'"
	realPlate  = "NOT (" + trialPlate + ")"
	afterTrial = "浌" // the character behind TrialMark

	// testCharges are those of the console's test pushes, which count in no statement.
	testCharges = "SELECT id FROM charge WHERE order_no >= '" + charge.TestOrder + "' AND order_no < '" +
		charge.TestOrder + "~' AND order_no <> ''"

	// realRoute leaves out the lines on which certification plays lots, see charge.LotID.Trial.
	realRoute = "route NOT LIKE '%..certify'"
)
