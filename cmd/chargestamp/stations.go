package main

type stationsCommand struct {
	List stationsList `cmd:"" default:"withargs" help:"List stations and charging points to bind."`
}

type stationsList struct{ wholeList }

var stationColumns = []column{field("IDS", "ids"), field("PLATFORM", "platform"), field("ACCOUNT", "account"),
	field("FIELD", "field"), field("COUNT", "count"), moment("LAST", "last_at"), field("LOTS", "lots")}

var stationAll = []column{field("ids", "ids"), field("platform", "platform"), field("account", "account"),
	field("field", "field"), field("count", "count"), field("first_at", "first_at"), field("last_at", "last_at"),
	field("push", "push"), field("lots", "lots")}

// Run lists stations.
func (l *stationsList) Run(c *console) error {
	return l.list(c, "/api/v1/stations", stationColumns, stationAll)
}

type unservedCommand struct {
	List unservedList `cmd:"" default:"withargs" help:"List requests by wrong paths or methods."`
}

type unservedList struct{ wholeList }

var unservedColumns = []column{field("METHOD", "method"), field("PATH", "path"), field("COUNT", "count"),
	moment("LAST", "last_at"), field("REMOTE", "remote"), field("HINT", "hint")}

var unservedAll = []column{field("method", "method"), field("path", "path"), field("count", "count"),
	field("first_at", "first_at"), field("last_at", "last_at"), field("remote", "remote"), field("class", "class"),
	field("hint", "hint")}

// Run lists requests that nothing serves.
func (l *unservedList) Run(c *console) error {
	return l.list(c, "/api/v1/unserved", unservedColumns, unservedAll)
}
