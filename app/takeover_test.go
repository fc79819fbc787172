//go:build !race

package app

import "time"

// takeOver is how long after a dead node's leases have ended the other nodes have delivered what it held.
const takeOver = 2 * time.Second
