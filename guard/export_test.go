package guard

// CheapHashes makes password hashing quick: tests sign in often.
func CheapHashes(g *Guard) {
	g.Users.cost.Memory, g.Users.cost.Iterations = 64, 1
	g.Users.nobody = g.Users.hash("nobody's")
}

// ClaimAt is claimAt, for tests.
var ClaimAt = claimAt
