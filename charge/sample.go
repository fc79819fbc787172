package charge

import "time"

// Sample is how the site stood in one minute, or in the worst of several.
type Sample struct {
	At      time.Time // the beginning of its time
	Pending int64     // deliveries that waited, of all nodes

	// What 99 of 100 did not pass in that time; 0 where there were none.
	Answer time.Duration // from a push's first byte to its answer
	ToLot  time.Duration // from the receipt of a push to the lot's acknowledgement
}
