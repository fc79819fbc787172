package main

import "strconv"

type staysCommand struct {
	List staysList `cmd:"" default:"withargs" help:"List stays of cars in lots, newest first."`
}

var (
	stayColumns = []column{field("ORDER_ID", "order_id"), field("LOT", "lot"), field("PLATE", "plate"),
		moment("ENTERED", "entered_at"),
		moment("LEFT", "left_at"), field("STATE", "state")}
	stayAll = []column{field("order_id", "order_id"), field("lot", "lot"), field("plate", "plate"),
		field("entered_at", "entered_at"),
		field("left_at", "left_at"), field("state", "state"), field("told_entered_at", "told_entered_at"),
		field("told_left_at", "told_left_at")}
)

type staysList struct {
	sorted
	Lot   string `help:"Lot, union_id/park_id."`
	Plate string `help:"Plate, or a part of three or more characters."`
	Open  bool   `help:"Cars inside only."`
}

// Run lists stays.
func (l *staysList) Run(c *console) error {
	q := filters(map[string]string{"lot": l.Lot, "plate": l.Plate})
	if l.Open {
		q.Set("open", strconv.FormatBool(true))
	}
	return l.list(c, "/api/v1/stays", q, stayColumns, stayAll)
}
