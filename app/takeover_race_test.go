//go:build race

package app

import "time"

// takeOver is what it is without the race detector, several times: three nodes, PostgreSQL, the lots and the platform
// then share two cores with the suite of another package.
const takeOver = 8 * time.Second
