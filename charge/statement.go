package charge

import "time"

// StatementRow is one platform, lot and day of a statement.
type StatementRow struct {
	Day            string
	Platform       string
	Lot            LotID
	Charges        int64
	GrantedMinutes int64
	GrantedAmount  Fen
	Delivered      int64
	Used           int64 // charges with a usage
	UsedMinutes    int64
	UsedAmount     Fen
	Gaps           int64 // charges where promised and used differ, or whose usage was never reported
}

// Add adds another row's sums to a row.
func (r *StatementRow) Add(o StatementRow) {
	r.Charges += o.Charges
	r.GrantedMinutes += o.GrantedMinutes
	r.GrantedAmount += o.GrantedAmount
	r.Delivered += o.Delivered
	r.Used += o.Used
	r.UsedMinutes += o.UsedMinutes
	r.UsedAmount += o.UsedAmount
	r.Gaps += o.Gaps
}

// Empty reports whether all sums of a row are nought.
func (r *StatementRow) Empty() bool {
	return *r == StatementRow{Day: r.Day, Platform: r.Platform, Lot: r.Lot}
}

// StatementView is as much of a statement as fits a page: its first rows, and the sums of all.
type StatementView struct {
	Rows []StatementRow
	More bool           // there are other rows
	Days []StatementRow // all rows added up by day, without platform and lot
	// Parts are all rows added up by platform and vendor, without day; a lot's own, where one is asked for.
	Parts []StatementRow
}

// StatementFilter narrows a statement; zero fields do not narrow.
type StatementFilter struct {
	Platform string
	Union    string // a vendor's lots
	Lot      LotID
	From, To string // days in Asia/Shanghai, "2026-01-31"; From inclusive, To exclusive
}

// Gap reports whether the lot took off something else than it was granted, or never reported what it took off, or
// its gate took another price than ours. A lot that decides by itself, and a free stay, promise no size that a
// usage could differ from; minutes reported in yuan, or yuan in minutes, cannot be compared and are no gap.
func (c *Charge) Gap() bool {
	u := c.Usage
	switch {
	case c.State == StateDelivered:
		return c.Reason == ReasonUsageNotTold
	case c.State != StateUsed || u == nil || c.Reduction == nil:
		return false
	case u.Gap != 0 || u.Source == UsageLedger:
		return u.Gap != 0 // what we priced ourselves agrees with what was granted, also where it comes to less
	case c.Reduction.Method == MethodTime:
		return u.Minutes != c.Reduction.Minutes && (u.Minutes != 0 || u.Amount == 0)
	case c.Reduction.Method == MethodAmount:
		return u.Amount != c.Reduction.Amount && (u.Amount != 0 || u.Minutes == 0)
	}
	return false
}

// Counts are the figures of the console's first page, over a span of time.
type Counts struct {
	Pushes   map[Outcome]int64
	States   map[State]int64
	Pending  int64
	Oldest   time.Time // since when the oldest pending delivery waits; zero for none
	OffLine  int64     // sdk lots with something pending and no line
	LatestAt time.Time
}
